"""Copies of objects: field by field, or refused where a class makes them by code of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import pullback as pb

MODES: dict[str, Callable[[Any, float], Any]] = {
    "reverse": lambda f, x: pb.gradient(f)(x),
    "forward": lambda f, x: pb.differential(f)(x)(1.0),
    "reverse over reverse": lambda f, x: pb.gradient(pb.gradient(f))(x),
    "forward over reverse": lambda f, x: pb.hvp(f)(x, 1.0),
}


class Plain:
    def __init__(self, a: Any) -> None:
        self.a = a


@dataclass(frozen=True, slots=True)
class Frozen:
    a: Any


class Doubled(Plain):
    def __copy__(self) -> Doubled:
        return Doubled(self.a * 2.0)

    def __deepcopy__(self, memo: Any) -> Doubled:
        return Doubled(self.a * 3.0)


class Stated(Plain):
    def __getstate__(self) -> Any:
        return {"a": self.a * 2.0}


def shallow(x: Any) -> Any:
    return copy.copy(Plain(x)).a * x


def deep(x: Any) -> Any:
    p, s = copy.deepcopy([Plain(x), Frozen(x * x)])
    return p.a * s.a


def changed_after(x: Any) -> Any:
    p = Plain(x)
    p.a = p.a * x
    q, r = copy.copy(p), copy.deepcopy({"p": [p]})
    q.a += x
    r["p"][0].a *= x
    return q.a * p.a * r["p"][0].a


def by_name(x: Any) -> Any:
    return Doubled(x).__copy__().a * x


def own_copy(x: Any) -> Any:
    return copy.copy(Doubled(x)).a * x


def own_deep_copy(x: Any) -> Any:
    return copy.deepcopy({"d": [Doubled(x)]})["d"][0].a * x


def own_copy_changed(x: Any) -> Any:
    d = Doubled(x)
    d.a = d.a * x
    e = copy.copy(d)
    e.a += x
    return e.a


def own_state(x: Any) -> Any:
    return copy.copy(Stated(x)).a * x


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("f", [shallow, deep, changed_after, by_name], ids=lambda f: f.__name__)
def test_a_copy_has_the_derivative_of_its_fields(f: Callable[[Any], Any], mode: str) -> None:
    h, x = 1e-3, 1.3
    first = (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h)
    second = (-f(x - 2 * h) + 16 * f(x - h) - 30 * f(x) + 16 * f(x + h) - f(x + 2 * h)) / (12 * h * h)
    assert MODES[mode](f, x) == pytest.approx(second if "over" in mode else first, rel=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("f", [own_copy, own_deep_copy, own_copy_changed, own_state], ids=lambda f: f.__name__)
def test_a_copy_by_code_of_its_own_is_refused(f: Callable[[Any], Any], mode: str) -> None:
    with pytest.raises(pb.DifferentiabilityError, match=r"runs its own __(copy|deepcopy|getstate)__") as caught:
        MODES[mode](f, 1.3)
    assert "test_copies.py" in str(caught.value)
