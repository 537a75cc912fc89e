"""Context managers that change what is differentiated, in every mode: classes, and generators with `contextmanager`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([1.3, 0.7])
PROGRAMS: list[Callable[[Any], Any]] = []


def program(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS.append(f)
    return f


class Doubling:
    def __init__(self, x: Any) -> None:
        self.x = x

    def __enter__(self) -> Any:
        self.x = self.x * 2
        return self

    def __exit__(self, *error: Any) -> None:
        self.x = self.x * self.x


class Timer:
    def __enter__(self) -> Any:
        self.t = 1
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self.t = 2
        return False


@contextlib.contextmanager
def product(x: Any) -> Iterator[Any]:
    yield x[0] * x[1]


@program
def enters_and_leaves(x: Any) -> Any:
    c = Doubling(x[0])
    with c as d:
        d.x += x[1]
    return c.x


@program
def two_at_once(x: Any) -> Any:
    with Doubling(x[0]) as a, Doubling(x[1]) as b:
        a.x *= b.x
        y = a.x
    return a.x * b.x * y


@program
def of_a_generator(x: Any) -> Any:
    total = 0.0
    for i in range(2):
        with product(x) as v:
            total += v * x[i] * total + v
    return total


def left_by_an_exception(x: Any) -> Any:
    c = Doubling(x[0])
    try:
        with c:
            if c.x > 1:
                raise ValueError
    except ValueError:
        return c.x * x[1]
    return x[0]


@program
def that_only_counts(x: Any) -> Any:
    with Timer() as t:
        y = x[0] * x[1]
    return y * t.t


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_in_every_mode(f: Callable[[Any], Any], in_every_mode: Any) -> None:
    in_every_mode(f, X)


def test_a_context_that_an_exception_leaves() -> None:
    pb.check_derivative(left_by_an_exception, X)
    with pytest.raises(pb.DifferentiabilityError, match="__enter__ changes `self` in place"):
        pb.hvp(left_by_an_exception)(X, X)
