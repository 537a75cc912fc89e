"""Objects that class methods, static methods and functions make, and their callers change; in every mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([1.3, 0.72, -0.45, 2.11])


class Plain:
    def __init__(self, k: Any) -> None:
        self.k = k

    @classmethod
    def made(cls, k: Any) -> Any:
        return cls(k * 2)

    @staticmethod
    def made_too(k: Any) -> Any:
        return Plain(k * 2)

    def grown(self) -> Any:
        self.k += 1
        return self


class Derived(Plain):
    def __init__(self, k: Any) -> None:
        super().__init__(k)
        self.j = k


@dataclass
class Data:
    w: Any
    b: Any

    @classmethod
    def made(cls, k: Any) -> Any:
        return cls(k, k * 2)

    @classmethod
    def start(cls) -> Any:
        return cls(0.0, 1.0)


def function(k: Any) -> Any:
    return Plain(k * 2)


def by_a_class_method(a: Any) -> Any:
    p = Plain.made(a[0])
    p.k *= 2
    return p.k * a[1]


def by_a_static_method(a: Any) -> Any:
    p = Plain.made_too(a[0])
    p.k *= a[2]
    return p.k * a[1]


def by_a_function(a: Any) -> Any:
    p = function(a[0])
    p.k *= a[2]
    return p.k * a[1]


def by_methods_that_change(a: Any) -> Any:
    p = Plain.made(a[0]).grown()
    q = Derived.made(a[1])
    q.grown()
    return p.k * q.k * q.j


def of_a_dataclass(a: Any) -> Any:
    d, e = Data.made(a[0]), Data.start()
    d.w += a[1]
    e.w += a[2]
    e.b *= d.w * e.w
    return d.w * d.b * e.b


PROGRAMS = [by_a_class_method, by_a_static_method, by_a_function, by_methods_that_change, of_a_dataclass]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f: Callable[[Any], Any], in_every_mode: Any) -> None:
    in_every_mode(f, X)


def test_a_class_method_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    gradient = pb.gradient(by_a_class_method)
    assert gradient(X)[0] == pytest.approx(4 * X[1])
    monkeypatch.setattr(Plain, "made", classmethod(lambda cls, k: cls(k * 3)))
    assert gradient(X)[0] == pytest.approx(6 * X[1])


class Keeper:
    kept: list[Any] = []  # noqa: RUF012

    @classmethod
    def keep(cls, v: Any) -> Any:
        cls.kept.append(v)
        return v


def test_what_a_class_holds_is_still_refused() -> None:
    def f(x: Any) -> Any:
        Keeper.keep(x * x)
        return Keeper.kept[-1] * x

    with pytest.raises(pb.DifferentiabilityError):
        pb.gradient(f)(1.3)
    with pytest.raises(pb.DifferentiabilityError):
        pb.differential(f)(1.3)(1.0)


class Bunch:
    def __init__(self, **fields: Any) -> None:
        self.__dict__ = fields


def test_what_becomes_the_fields_of_an_object_at_once_is_refused() -> None:
    def f(x: Any) -> Any:
        return Bunch(w=x).w * x

    with pytest.raises(pb.DifferentiabilityError, match=r"what an object holds through `__dict__`"):
        pb.gradient(f)(1.3)
