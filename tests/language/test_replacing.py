"""`dataclasses.replace` where the constructor runs code, and calls with several `**`: in every mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([1.3, 0.7])
PROGRAMS: list[Callable[[Any], Any]] = []


def program(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS.append(f)
    return f


@dataclass
class Rectangle:
    a: Any
    b: Any = 0.0
    area: Any = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.b = self.b + self.a
        self.area = self.a * self.b


@dataclass(frozen=True)
class Scaled:
    a: Any
    v: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "v", self.v * self.a)


@dataclass(init=False)
class Written:
    a: Any
    b: Any

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a * a, b


@program
def one_field(x: Any) -> Any:
    d = replace(Rectangle(x[0]), a=x[0] * x[1])
    return d.a * d.b * d.area


@program
def changed_afterwards(x: Any) -> Any:
    d = replace(Rectangle(x[0], x[1] * x[0]), b=3 * x[1])
    d.a = d.a * d.area
    return d.a + d.b * d.area


@program
def the_old_one_stays(x: Any) -> Any:
    d = Rectangle(x[0])
    d.a = d.a * x[1]
    e = replace(d, b=x[0])
    e.a = e.a * 3
    return d.a * e.area * e.a


@program
def frozen(x: Any) -> Any:
    f = replace(Scaled(x[0], x), a=2.0 * x[1])
    return np.sum(f.v * f.a)


@program
def by_an_init_of_its_own(x: Any) -> Any:
    return replace(Written(x[0], 2 * x[1]), b=x[0] * x[1]).a * x[1]


@program
def in_a_loop(x: Any) -> Any:
    d = Rectangle(x[0], x[1])
    for _ in range(3):
        d = replace(d, a=d.a * 0.9 + d.area * 0.01)
    return d.b * d.a


def weighted(a: Any, b: Any, c: Any = 1.0) -> Any:
    return a * b * b * c


@program
def two_dicts_are_spread(x: Any) -> Any:
    g = {"a": x[0]}
    u = {"b": 2 * x[1], "c": x[0]}
    return weighted(**g, **u) + weighted(b=x[0] * x[1], **{"c": 2.0}, **g)


@program
def a_spread_dict_changes(x: Any) -> Any:
    g = {"a": 2.0}
    u = {"b": x[1], "c": x[0]}
    total = weighted(**u, **g)
    u["b"] = u["b"] * total
    return weighted(**u, **g)


def remade(d: Any, **changes: Any) -> Any:
    given = {name: getattr(d, name) for name in ("a",) if name not in changes}
    return type(d)(**given, **changes)


@program
def an_object_of_two_dicts(x: Any) -> Any:
    d = remade(Rectangle(x[0]), b=3 * x[1])
    d.a = d.a * d.area
    return d.a + d.b


TO_FIRST_ORDER = {changed_afterwards, the_old_one_stays, frozen}  # (objects that change: refused beyond that)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_in_every_mode(f: Callable[[Any], Any], in_every_mode: Any) -> None:
    if f in TO_FIRST_ORDER:
        pb.check_derivative(f, X)
    else:
        in_every_mode(f, X)


def test_a_field_that_the_constructor_does_not_take() -> None:
    with pytest.raises(ValueError, match="init=False"):
        replace(Rectangle(1.0), area=2.0)


    with pytest.raises(ValueError, match="init=False"):
        pb.gradient(lambda x: replace(Rectangle(x), area=2.0).a)(1.3)
