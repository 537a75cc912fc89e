"""Library functions that change what they are given, or hand out a part of it: value, gradient, forward mode and second
derivatives agree with differences of the program itself."""

from __future__ import annotations

import functools
import itertools
import operator
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import pullback as pb

Array = np.ndarray[Any, Any]
X = np.array([1.3, 0.72, -0.45])
PROGRAMS: list[Callable[[Array], Any]] = []
FIRST_ORDER: set[str] = set()


def program(f: Callable[[Array], Any]) -> Callable[[Array], Any]:
    PROGRAMS.append(f)
    return f


def first_order(f: Callable[[Array], Any]) -> Callable[[Array], Any]:
    """A program whose second derivatives are refused."""
    FIRST_ORDER.add(f.__name__)
    return program(f)


# --- the functions of `operator` that are statements --------------------------------------------------


@program
def setitem_of_a_list(a: Array) -> Any:
    held = [a[0], a[1]]
    same = held
    operator.setitem(held, 0, held[1] * 2)
    return same[0] * a[2]


@program
def setitem_of_an_array(a: Array) -> Any:
    v = a * 1.5
    operator.setitem(v, slice(0, 2), v[1:] * v[0])
    return float(v @ a)


@program
def setitem_of_a_dict(a: Array) -> Any:
    table = {"u": a[0]}
    operator.setitem(table, "v", table["u"] * a[1])
    operator.setitem(table, "u", table["v"] * a[2])
    return table["u"] * table["v"]


@program
def setitem_of_a_deque(a: Array) -> Any:
    q = deque([a[0], a[1]])
    operator.setitem(q, 0, q[1] * a[2])
    operator.delitem(q, 1)
    return q[0] * a[0]


class Grid:
    def __init__(self, cells: Any) -> None:
        self.cells = cells

    def __setitem__(self, i: int, v: Any) -> None:
        self.cells[i] = v * 2.0

    def __iadd__(self, v: Any) -> Grid:
        self.cells[0] += v
        return self


@program
def setitem_of_an_object(a: Array) -> Any:
    g = Grid([a[0], a[1]])
    operator.setitem(g, 1, a[2] * a[0])
    operator.iadd(g, a[1])
    return g.cells[0] * g.cells[1]


@program
def delitem_of_a_list_and_a_dict(a: Array) -> Any:
    held, table = [a[0], a[1]], {"u": a[0], "v": a[2]}
    operator.delitem(held, 0)
    operator.delitem(table, "u")
    return held[0] * table["v"] * len(table)


@program
def in_place_operators_of_an_array(a: Array) -> Any:
    v = a * 1.0
    operator.imul(v, a[0])
    operator.iadd(v, a)
    operator.isub(v, v[0] * a[1])
    operator.itruediv(v, a[0])
    return float(v @ a)


@program
def power_in_place(a: Array) -> Any:
    v = a * a + 1.0
    w = v
    operator.ipow(v, 3)
    return float(w @ a)


@program
def the_result_is_the_operand(a: Array) -> Any:
    v = a * 1.0
    w = operator.imul(v, a[0])
    w += a
    return float(v @ w)


@program
def lists_in_place(a: Array) -> Any:
    held = [a[0], a[1]]
    operator.iadd(held, [a[2] * held[0]])
    operator.iconcat(held, [a[0]])
    return held[2] * held[0] * held[3] * len(held)


@program
def numbers_are_new(a: Array) -> Any:
    x = a[0]
    y = operator.imul(x, a[1])
    return x * y


@program
def in_a_branch_and_a_loop(a: Array) -> Any:
    v = a * 2.0
    for i in range(3):
        if a[i] > 0:
            operator.setitem(v, i, v[i] * a[i])
        else:
            operator.imul(v, a[0])
    return float(v @ a)


@first_order
def in_a_try(a: Array) -> Any:
    held = [a[0], a[1]]
    try:
        operator.setitem(held, 0, held[1] * a[2])
        operator.setitem(held, 5, a[0])
    except IndexError:
        operator.setitem(held, 1, a[0] * held[0])
    return held[0] * held[1]


def applied(f: Callable[..., Any], x: Any, y: Any) -> Any:
    return f(x, y)


@program
def known_at_run_time_only(a: Array) -> Any:
    v, held = a * 1.0, [a[0], a[1]]
    applied(operator.imul, v, a[1])
    (lambda f, x, v: f(x, 0, v))(operator.setitem, held, v[0] * a[2])
    applied(operator.delitem, held, 1)
    return float(v @ a) * held[0]


@program
def chosen_from_a_table(a: Array) -> Any:
    v = a * 1.0
    for name in ("iadd", "imul"):
        getattr(operator, name)(v, a[0])
    return float(v @ v)


@program
def part_of_a_list(a: Array) -> Any:
    held = [a[0] * 1, a[1] * 2, a[2]]
    held[1:3] *= 1
    held *= 2
    held[4] *= held[1]
    return held[1] * held[2] * held[4] * len(held)


@program
def a_list_is_emptied(a: Array) -> Any:
    held = [a[0], a[1]]
    kept = list(held)
    held *= 0
    held.append(a[2])
    return held[0] * kept[1]


# --- getters that hand out a part ---------------------------------------------------------------------


@program
def getitem_is_the_item(a: Array) -> Any:
    rows = [[a[0]], [a[1]]]
    row = operator.getitem(rows, 1)
    row[0] *= a[2]
    return rows[1][0]


@program
def getitem_is_a_view(a: Array) -> Any:
    v = a * 1.0
    part = operator.getitem(v, slice(0, 2))
    part *= a[2]
    return float(v @ v)


@program
def getitem_known_at_run_time_only(a: Array) -> Any:
    rows = [[a[0]], [a[1]]]
    row = applied(operator.getitem, rows, 1)
    row[0] *= a[0]
    tree = {"u": {"v": rows}}
    return row[0] * a[2] * functools.reduce(operator.getitem, ["u", "v", 1, 0], tree)


# --- masks, and views whose entries share memory ------------------------------------------------------


@program
def a_bool_is_a_mask(a: Array) -> Any:
    b = a * 1.5
    v = b[:]
    v[True] *= 2
    return float(b @ b * b[1])


@program
def windows_are_scaled(a: Array) -> Any:
    b = a * 1.5
    v = sliding_window_view(b, 2, writeable=True)
    v *= a[1]
    return float(b @ a) + float((v * v).sum())


@program
def windows_are_stored_in(a: Array) -> Any:
    b = a * 1.5
    v = sliding_window_view(b, 2, writeable=True)
    v[...] = 2.0 * a[1] * v * np.array([[1.0, 2.0], [3.0, 4.0]])
    return float(b @ a) + float((v * v).sum())


@program
def windows_are_added_to(a: Array) -> Any:
    b = a * 1.5
    v = sliding_window_view(b[::-1], 2, writeable=True)
    v += np.array([[1.0, 2.0], [3.0, 4.0]]) * a[0]
    v *= np.array([[1.0, 2.0], [3.0, 4.0]])
    return float(b @ a) + float((v * v).sum())


# --- arrays that results are written into -------------------------------------------------------------


@program
def out_is_read_where_it_is_written(a: Array) -> Any:
    v = a * 1.5
    np.concatenate([v[:1], v[1:]], out=v)
    np.take(v, [2, 0, 1], out=v)
    np.cumsum(v, out=v)
    np.add(v[1:], v[:-1], out=v[1:])
    return float(v @ a)


def joined_in_itself(a: Array) -> Any:
    v = a * 1.5
    np.concatenate([v[1:], v[:1]], out=v)
    return float(v @ np.arange(3.0))


def stacked_in_itself(a: Array) -> Any:
    v = np.outer(a, a)
    np.stack([v[1], v[0], v[2]], out=v)
    return float((v * a).sum())


@pytest.mark.parametrize("f", [joined_in_itself, stacked_in_itself], ids=lambda f: f.__name__)
@pytest.mark.parametrize("derivative", [pb.gradient, lambda f: lambda x: pb.differential(f)(x)(x)])
def test_what_is_read_after_it_was_overwritten_is_refused(f: Any, derivative: Any) -> None:
    with pytest.raises(pb.DifferentiabilityError, match="still reads"):
        derivative(f)(X)


# --- crashes ------------------------------------------------------------------------------------------


@program
def covariance_of_lists(a: Array) -> Any:
    return np.cov(list(a), [1.0, 2.0, 4.0])[0, 1] * np.corrcoef(list(a), [1.0, 2.0, 4.0])[0, 1]


class Sum:
    def __init__(self, x: Any) -> None:
        self.x = x

    def __add__(self, other: Any) -> Any:
        return Sum(self.x + other.x * self.x)


@program
def objects_are_added_by_reduce(a: Array) -> Any:
    return functools.reduce(operator.add, [Sum(t) for t in a]).x


@program
def the_longest(a: Array) -> Any:
    return sum(x * (y or 1.0) * x for x, y in itertools.zip_longest(a, a[:2]))


@program
def twice(a: Array) -> Any:
    p, q = itertools.tee(a)
    return sum(x * y for x, y in zip(p, q, strict=True))


# ------------------------------------------------------------------------------------------------------


def differences(f: Callable[[Array], Any], x: Array, h: float = 1e-6) -> Array:
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(x.size)])


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f: Callable[[Array], Any]) -> None:
    expected = differences(f, X)
    value, gradient = pb.value_with_gradient(f)(X.copy())
    assert value == f(X.copy())
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-8)
    d = np.array([0.3, -1.0, 0.5])
    value, differential = pb.value_with_differential(f)(X.copy())
    assert value == f(X.copy())
    np.testing.assert_allclose(differential(d), expected @ d, rtol=1e-7, atol=1e-8)
    if f.__name__ in FIRST_ORDER:
        with pytest.raises(pb.DifferentiabilityError):
            pb.hvp(f)(X, d)
        return
    second = differences(pb.gradient(f), X, 1e-5)
    np.testing.assert_allclose(pb.hvp(f)(X, d), second @ d, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(pb.pullback(pb.gradient(f))(X)(d), second @ d, rtol=1e-6, atol=1e-6)


def folds(a: Array) -> Any:
    return functools.reduce(operator.iadd, [a[:1], a[1:2]], a * 2.0).sum()


def maps(a: Array) -> Any:
    held = [a[0], a[1]]
    list(map(operator.setitem, [held, held], [0, 1], [a[1], a[2]]))
    return held[0] * held[1]


@pytest.mark.parametrize("f", [folds, maps], ids=lambda f: f.__name__)
def test_library_functions_that_call_them_are_right_or_refused(f: Callable[[Array], Any]) -> None:
    for derivative in (lambda: pb.gradient(f)(X), lambda: pb.differential(f)(X)(np.ones(3)) * np.ones(1)):
        try:
            found = derivative()
        except (pb.DifferentiabilityError, pb.ChangedValueError):
            continue
        expected = differences(f, X)
        np.testing.assert_allclose(found, expected if found.size == 3 else expected.sum(), rtol=1e-6)
