"""Second derivatives of functions that build objects and change them: against differences of first derivatives."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

import pullback as pb

Array = np.ndarray[Any, Any]
X = np.array([1.3, 0.7, -0.4])


@dataclass
class Cell:
    w: float
    a: Any

    def scale(self, by: Any) -> None:
        self.a[0] *= by
        self.w += by * self.a[1]

    def energy(self) -> Any:
        return self.w * self.a[0] ** 2 + self.a[1] ** 3


@dataclass
class Chain:
    cells: list[Cell] = field(default_factory=list)
    total: float = 0.0

    def add(self, cell: Cell) -> None:
        self.cells.append(cell)
        self.total += cell.w * cell.a[0]


class Counter:
    def __init__(self, start: Any) -> None:
        self.value = start
        self.seen = [start]

    def bump(self, x: Any) -> Any:
        self.value = self.value * x
        self.seen.append(self.value)
        return self


def cell(v: Array) -> Cell:
    return Cell(v[0], v[1:].copy())


def multiply(o: Cell) -> Any:
    o.a[0] *= o.w
    return o.a[0] ** 2 * o.w + o.a[1] * o.a[0]


def silent(o: Cell) -> None:
    o.a[0] *= o.w


def store_in_array(v: Array) -> Any:
    o = Cell(v[0], v[1:].copy())
    o.a[0] *= o.w
    return o.a[0] ** 2 * o.w + o.a[1] * o.a[0]


def store_in_field(v: Array) -> Any:
    o = Cell(v[0], v[1:].copy())
    o.w = o.w * o.a[0]
    return o.a[0] * o.w


def changed_by_a_function(v: Array) -> Any:
    return multiply(cell(v))


def changed_for_its_effect(v: Array) -> Any:
    o = cell(v)
    silent(o)
    silent(o)
    return o.a[0] * o.w * o.a[1]


def changed_through_an_alias(v: Array) -> Any:
    a = v[1:].copy()
    o = Cell(v[0], a)
    a[0] *= o.w
    o.a[1] += a[0] ** 2
    return np.sum(o.a**2) * o.w


def changed_by_methods(v: Array) -> Any:
    o = cell(v)
    for k in range(3):
        o.scale(0.5 + k * v[2])
    return o.energy()


def rebound_array(v: Array) -> Any:
    o = cell(v)
    o.a = o.a * o.w
    o.a[0] += o.a[1] ** 2
    return np.sum(o.a**3)


def in_a_list(v: Array) -> Any:
    chain = Chain()
    for k in range(3):
        chain.add(Cell(v[k], v[:2] * v[k]))
    chain.cells[1].scale(v[2])
    return chain.total * chain.cells[1].energy() + chain.cells[-1].w ** 3


def objects_in_objects(v: Array) -> Any:
    outer = Cell(v[0] * v[1], [cell(v), cell(v * v)])
    outer.a[0].a[0] *= outer.w
    outer.a[1].w = outer.a[0].a[0] * outer.w
    return outer.a[1].energy() + outer.a[0].energy()


def plain_class(v: Array) -> Any:
    c = Counter(v[0])
    c.bump(v[1]).bump(v[0] + v[2])
    return sum(c.seen) * c.value


def replaced(v: Array) -> Any:
    o = cell(v)
    p = replace(o, w=o.w * o.a[1])
    p.a[0] += p.w**2
    return o.a[0] * p.w + o.w


def copied_deep(v: Array) -> Any:
    o = cell(v)
    p = copy.deepcopy(o)
    p.a[0] *= v[1]
    p.w += o.a[0]
    return o.energy() * p.energy()


def conditional(v: Array) -> Any:
    o = cell(v)
    if o.w > 0.0:
        o.a[1] = o.w * o.a[0]
    else:
        o.w = o.a[0]
    return o.energy()


def dict_of_arrays(v: Array) -> Any:
    state = {"x": v[:2].copy(), "t": v[2]}
    for _ in range(2):
        state["x"][0] += state["t"] * state["x"][1] ** 2
        state["t"] *= state["x"][0]
    return np.sum(state["x"]) * state["t"]


PROGRAMS: list[Callable[[Array], Any]] = [
    store_in_array, store_in_field, changed_by_a_function, changed_for_its_effect, changed_through_an_alias,
    changed_by_methods, rebound_array, in_a_list, objects_in_objects, plain_class, replaced, copied_deep, conditional,
    dict_of_arrays,
]  # fmt: skip


def differences(f: Callable[[Array], Any], x: Array, h: float = 1e-5) -> Array:
    steps = h * np.eye(len(x))
    gradient = pb.gradient(f)
    return np.array([(gradient(x + e) - gradient(x - e)) / (2 * h) for e in steps])


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_hessians(program: Callable[[Array], Any]) -> None:
    pb.check_derivative(program, X)
    expected = differences(program, X)
    np.testing.assert_allclose(pb.hessian(program)(X), expected, rtol=1e-6, atol=1e-7)
    d = np.array([0.3, -1.0, 0.5])
    np.testing.assert_allclose(pb.hvp(program)(X, d), expected @ d, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(pb.pullback(pb.gradient(program))(X)(d), expected @ d, rtol=1e-6, atol=1e-7)
