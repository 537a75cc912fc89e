"""What a function builds of its arguments, and its caller changes, moves with them: in every mode."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([1.3, 0.72, -0.45])


class Holder:
    p: Any


def by_index(o: Any) -> Any:
    m = [None]
    m[0] = o
    return m


def by_slice(o: Any) -> Any:
    m: list[Any] = []
    m[0:0] = [o]
    return m


def by_insert(o: Any) -> Any:
    m: list[Any] = []
    m.insert(0, o)
    return m


def by_extend(o: Any) -> Any:
    m: list[Any] = []
    m.extend((o,))
    return m


def by_reverse(o: Any) -> Any:
    m = [2.0, o]
    m.reverse()
    return m


def by_key(o: Any) -> Any:
    d: dict[int, Any] = {}
    d[0] = o
    return d


def by_update(o: Any) -> Any:
    d: dict[int, Any] = {}
    d.update({0: o})
    return d


def by_default(o: Any) -> Any:
    d: dict[int, Any] = {}
    d.setdefault(0, o)
    return d


def in_a_deque(o: Any) -> Any:
    d: deque[Any] = deque()
    d.appendleft(o)
    return d


def in_two(o: Any) -> Any:
    a: list[Any] = []
    b: list[Any] = []
    a.insert(0, o)
    b.append(a)
    return b[0]


BUILDERS = [by_index, by_slice, by_insert, by_extend, by_reverse, by_key, by_update, by_default, in_a_deque, in_two]


def in_a_field(o: Any) -> Any:
    h = Holder()
    h.p = o
    return h


@pytest.mark.parametrize("build", BUILDERS, ids=lambda f: f.__name__)
def test_a_list_in_a_container(build: Callable[[Any], Any], in_every_mode: Any) -> None:
    def f(a: Any) -> Any:
        o = [a[0]]
        m = build(o)
        m[0][0] *= a[1]
        return o[0] ** 2 * a[2]

    in_every_mode(f, X)


@pytest.mark.parametrize("build", BUILDERS, ids=lambda f: f.__name__)
def test_an_array_in_a_container(build: Callable[[Any], Any], in_every_mode: Any) -> None:
    def f(a: Any) -> Any:
        r = a * a
        m = build(r)
        m[0][1] = a[0] * r[2]
        return np.sum(r**2)

    in_every_mode(f, X)


def test_a_list_in_a_field(in_every_mode: Any) -> None:
    def f(a: Any) -> Any:
        o = [a[0]]
        h = in_a_field(o)
        h.p[0] *= a[1]
        return o[0] ** 2

    in_every_mode(f, X)


def test_an_array_in_a_field(in_every_mode: Any) -> None:
    def f(a: Any) -> Any:
        r = a * 1.0
        h = in_a_field(r)
        h.p *= a[0]
        return r @ a

    in_every_mode(f, X)


def test_a_setdefault_in_a_loop(in_every_mode: Any) -> None:
    def f(a: Any) -> Any:
        d: dict[str, Any] = {}
        for k in "aba":
            d.setdefault(k, []).append(a[0] * a[1])
        return d["a"][0] * d["a"][1] * d["b"][0]

    in_every_mode(f, X)

    def along(x: Any) -> Any:
        return pb.differential(f)(x)(X)

    second = (along(X + 1e-5 * X) - along(X - 1e-5 * X)) / 2e-5
    assert pb.differential(along)(X)(X) == pytest.approx(second, rel=1e-6)


def kept(f: Any) -> Any:
    values: dict[Any, Any] = {}

    def cached(k: Any) -> Any:
        if k not in values:
            values[k] = f(k)
        return values[k]

    return cached


def what_a_closure_keeps(x: Any) -> Any:
    h = kept(lambda k: [x[0], k * x[1]])
    h(2)[0] = h(2)[1] * x[0]
    return h(2)[0] * x[2]


def test_what_a_closure_keeps_has_a_tangent_that_changes(in_every_mode: Any) -> None:
    in_every_mode(what_a_closure_keeps, X)


def applied(f: Any, xs: Any, k: Any) -> Any:
    return f(xs, k)


def handed_out_by_what_is_given(x: Any) -> Any:
    rows = [[x[0]], [x[1]]]
    row = applied(lambda xs, k: xs[k], rows, 1)
    row[0] *= x[0]
    other = applied(operator.getitem, rows, 0)
    other[0] = other[0] * x[2]
    return rows[1][0] * rows[0][0]


def test_what_a_given_function_hands_out_is_changed(in_every_mode: Any) -> None:
    in_every_mode(handed_out_by_what_is_given, X)
