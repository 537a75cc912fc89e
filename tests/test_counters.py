"""Objects that count: what has no tangent, stored where none was, is no change; in every mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback import nn


class Solver:
    def __init__(self) -> None:
        self.calls, self.width, self.name, self.done, self.last = 0, 2.0, "a", False, None
        self.buffer = np.zeros(3)

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return np.tanh(x * self.width)

    def step(self, x: Any) -> Any:
        self.calls = self.calls + 1
        self.done = self.calls > 3
        return x * x * self.width

    def named(self, x: Any) -> Any:
        self.name = f"step {self.calls}"
        return x * 3.0

    def within(self, x: Any) -> Any:
        if self.calls > 1_000_000:
            self.calls = 0
        return self.step(x) * 0.5

    def text_where_nothing_was(self, x: Any) -> Any:
        self.last = f"{self.calls}"  # type: ignore[assignment]
        return x * 2.0

    def scaled(self, x: Any) -> Any:
        self.width = 3.0  # a float, which may have a tangent, where a float was
        return x * self.width

    def adds(self, x: Any) -> Any:
        self.calls += x  # no counter
        return self.calls * x

    def fills(self, x: Any) -> Any:
        self.buffer += x
        return self.buffer * x


SOLVER = Solver()
LAYERS = [nn.Dense(3, 4, activation=np.tanh), nn.Dense(4, 1)]
X = np.array([1.0, 0.7, -0.3])


def helper(x: Any) -> Any:
    return SOLVER.step(x)


def given(solver: Solver, x: Any) -> Any:
    return np.sum(solver.step(x) * solver.step(x))


def twice(x: Any) -> Any:
    return np.sum(SOLVER(x) * SOLVER.step(x))


def nested(x: Any) -> Any:
    return np.sum(SOLVER(SOLVER(x)))


def beside_a_store(x: Any) -> Any:
    y = x * 1.0
    y[0] = SOLVER.step(x[1])
    return np.sum(y * SOLVER(y))


def text(x: Any) -> Any:
    return np.sum(SOLVER.named(x) * SOLVER.named(x) * SOLVER.text_where_nothing_was(x))


def a_method_of_its_own(x: Any) -> Any:
    return np.sum(SOLVER.within(x) * SOLVER.within(x))


def in_a_sum(x: Any) -> Any:
    return sum(SOLVER.step(v) * SOLVER.within(v) for v in x)


def in_a_loop(x: Any) -> Any:
    total = 1.0
    for v in x:
        total = total + SOLVER.step(v) * SOLVER(total)
    return total


def in_functions(x: Any) -> Any:
    return np.sum(helper(x) * helper(x)) + given(SOLVER, x)


def of_an_own_object(x: Any) -> Any:
    own = Solver()
    return np.sum(own.step(x) * own.within(x)) + own.calls * x[0]


def as_a_value(x: Any) -> Any:
    step = SOLVER.step
    return np.sum(step(x) * step(step(x)))


PROGRAMS = [
    twice, nested, beside_a_store, text, a_method_of_its_own, in_a_sum, in_a_loop, in_functions, of_an_own_object,
    as_a_value,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f: Callable[[Any], Any], in_every_mode: Any) -> None:
    SOLVER.last = None
    in_every_mode(f, X)


def test_it_counts_as_often_as_the_plain_function() -> None:
    before = SOLVER.calls
    pb.gradient(twice)(X)
    assert SOLVER.calls == before + 2


def test_layers_of_a_module() -> None:
    def f(x: Any) -> Any:
        for layer in LAYERS:
            x = layer(x)
        return np.sum(x**2)

    d = np.array([0.3, -1.0, 0.5])
    x = X.astype(np.float64)
    expected = (pb.gradient(f)(x + 1e-2 * d) - pb.gradient(f)(x - 1e-2 * d)) / 2e-2
    np.testing.assert_allclose(pb.hvp(f)(x, d), expected, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("method", ["adds", "fills"])
def test_what_is_no_counter_is_not_taken_for_one(method: str) -> None:
    def f(x: Any) -> Any:
        own = Solver()
        y = getattr(own, method)(x) if method == "fills" else own.adds(x[0])
        return np.sum(y * own.calls) + np.sum(own.buffer**2)

    pb.check_derivative(f, X)


def test_a_float_that_is_stored_where_a_differentiated_one_was() -> None:
    def f(x: Any) -> Any:
        own = Solver()
        own.width = x[0]
        return np.sum(own.step(x)) + np.sum(own.scaled(x)) * own.width

    pb.check_derivative(f, X)


def test_an_int_where_a_differentiated_value_was() -> None:
    class Tank:
        def __init__(self, level: Any) -> None:
            self.level = level

        def empty(self) -> Any:
            before = self.level
            self.level = 0
            return before

    def f(x: Any) -> Any:
        tank = Tank(x[0] * x[1])
        return tank.empty() * x[2] + tank.level * x[0]

    pb.check_derivative(f, X)


def test_a_counter_that_becomes_an_array() -> None:
    """The same method of the same class, where the field holds what may change."""

    class Meter:
        def __init__(self, n: Any) -> None:
            self.n = n

        def read(self, x: Any) -> Any:
            self.n += x
            return self.n

    def f(x: Any, n: Any) -> Any:
        meter = Meter(n)
        return np.sum(meter.read(2) * x) + np.sum(meter.n * x)

    for n in (1, np.ones(3), 2.0, 1):
        pb.check_derivative(lambda x, n=n: f(x, n * 1), X)


def test_an_array_of_counts_beside_floats() -> None:
    class Means:
        def __init__(self) -> None:
            self.counts, self.values = np.zeros(4, int), np.zeros(4)

        def put(self, i: int, v: Any) -> None:
            self.counts[i] += 1
            self.values[i] += (v - self.values[i]) / self.counts[i]

    def f(x: Any) -> Any:
        means = Means()
        for i in range(6):
            means.put(i % 4, x[i % 3] * i)
        return np.sum(means.values**2)

    pb.check_derivative(f, X)
