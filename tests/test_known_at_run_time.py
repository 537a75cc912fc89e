"""Functions of `operator` and containers that are known at run time only, or called in their rarer ways: every mode."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([0.7, 1.3, -0.4])


@dataclass
class Pair:
    u: Any
    v: Any


@dataclass
class Nested:
    pair: Any
    w: Any


def applied(f: Callable[..., Any], *operands: Any) -> Any:
    return f(*operands)


def in_place(x: Any) -> Any:
    v = x * 2.0
    for f, operand in ((operator.iadd, x[0]), (operator.isub, x * x), (operator.imul, x[1]), (operator.itruediv, x[1])):
        applied(f, v, operand)
    applied(operator.ipow, v, 2)
    return v @ x * applied(operator.getitem, v, 1)


def getters(x: Any) -> Any:
    held = Nested(Pair(x[0] * x[1], x[2]), x[1])
    u, w = applied(operator.attrgetter("pair.u", "w"), held)
    row = applied(operator.itemgetter(2, 0), [x[0], x[1], x[2] * x[0]])
    return u * w * row[0] + row[1] * applied(operator.methodcaller("sum"), x * x)


def defaults(x: Any) -> Any:
    return max([], default=x[0] * x[1]) * min((), default=x[2]) * x[0]


def joined_dicts(x: Any) -> Any:
    table = {"u": x[0]}
    same = table
    table |= {"v": x[1] * x[2], "u": x[1]}
    return same["u"] * table["v"] * x[0]


def backwards(x: Any) -> Any:
    total = 0.0
    for k, v in enumerate(reversed([x[0], x[1] * x[0], x[2]])):
        total = total * x[1] + (k + 1) * v
    return total


PROGRAMS = [in_place, getters, defaults, backwards]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_in_every_mode(f: Callable[[Any], Any], in_every_mode: Callable[[Any, Any], None]) -> None:
    in_every_mode(f, X)


def test_joined_dicts() -> None:
    pb.check_derivative(joined_dicts, X)
    expected = (pb.gradient(joined_dicts)(X + 1e-6 * X) - pb.gradient(joined_dicts)(X - 1e-6 * X)) / 2e-6
    np.testing.assert_allclose(pb.hvp(joined_dicts)(X, X.copy()), expected, rtol=1e-6)
