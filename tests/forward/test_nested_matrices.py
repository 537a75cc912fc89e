"""`jacobian` and `hessian` inside differentiated code, against differences of what they compute."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback import pipeline

Array = np.ndarray[Any, Any]
X = np.array([0.3, -0.7, 1.1])


@dataclass
class Spring:
    stiffness: float
    rest: float

    def energy(self, x: Array) -> Any:
        return 0.5 * self.stiffness * np.sum((x - self.rest) ** 2) + np.sum(x**4)


def energy(x: Array) -> Any:
    return np.sum(np.exp(x) * x[::-1])


def rows(x: Array) -> Any:
    return np.sum(pb.jacobian(lambda t: np.sin(t) * t[0])(x) ** 2)


def one_column(x: Array) -> Any:
    return np.sum(pb.jacobian(lambda s: s * s * x)(x[0]) ** 2 * x)


def one_row(x: Array) -> Any:
    return np.sum(pb.jacobian(lambda t: np.sum(t**3 * x))(x * x) ** 2)


def newton_step(x: Array) -> Any:
    return np.sum(np.linalg.solve(pb.hessian(energy)(x) + 10 * np.eye(3), pb.gradient(energy)(x)))


def captured(x: Array) -> Any:
    return np.sum(pb.hessian(lambda t: np.sum(t**3 * x))(x))


def by_keys(x: Array) -> Any:
    found = pb.jacobian(lambda p: {"s": p["a"] * p["b"], "n": 3})({"a": x[0], "b": x * x})
    return np.sum(found["s"]["a"]) * x[1] + np.sum(found["s"]["b"] ** 2)


def two_arguments(x: Array) -> Any:
    (_, ab), (_, bb) = pb.hessian(lambda a, b: a * a * b * math.sin(b))(float(x[0]), float(x[1]))
    return ab * bb


def chosen_argument(x: Array) -> Any:
    return np.sum(pb.jacobian(lambda a, b: a * b * b * x, wrt="b")(x[0], b=x[1]))


def complex_derivative(x: Array) -> Any:
    return abs(pb.jacobian(lambda z: z * z * z)(x[0] + 1j * x[1]))


def of_a_method(x: Array) -> Any:
    return np.trace(pb.hessian(Spring(2.0 * float(x[0]), float(x[1])).energy)(x))


def of_a_hessian(x: Array) -> Any:
    return np.sum(pb.jacobian(pb.hessian(lambda t: np.sum(t**4 * t[0])))(x) ** 2)


PROGRAMS = [
    rows, one_column, one_row, newton_step, captured, by_keys, two_arguments, chosen_argument, complex_derivative,
    of_a_method, of_a_hessian,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_inside_differentiated_code(program: Callable[[Array], Any]) -> None:
    pb.check_derivative(program, X)


def test_floats_to_any_depth() -> None:
    assert pb.gradient(lambda x: pb.jacobian(math.sin)(x))(0.7) == pytest.approx(-math.sin(0.7))
    assert pb.hessian(pb.jacobian(math.sin))(0.7) == pytest.approx(-math.cos(0.7))
    assert pb.hessian(lambda x: pb.hessian(lambda t: t**5)(x))(0.7) == pytest.approx(120 * 0.7)


def test_a_gradient_by_a_tuple_to_the_fourth_order() -> None:
    def outer(x: float) -> Any:
        return np.sum(np.sin(np.array(pb.gradient(lambda y: y[0] * y[1])((x, x)))))  # 2 sin(x)

    f: Any = outer
    for expected in (2 * math.cos(0.7), -2 * math.sin(0.7), -2 * math.cos(0.7), 2 * math.sin(0.7)):
        assert pb.differential(f)(0.7)(1.0) == pytest.approx(expected)
        f = pb.gradient(f)
        assert f(0.7) == pytest.approx(expected)


def test_keywords_of_a_differential_inside() -> None:
    def f(x: float) -> Any:
        return pb.differential(lambda a, b: a * b**3 * x, wrt="b")(x, b=x)(1.0)  # 3 x**4

    assert pb.differential(f)(0.7)(1.0) == pytest.approx(12 * 0.7**3)
    assert pb.gradient(f)(0.7) == pytest.approx(12 * 0.7**3)


def test_captured_numbers_where_no_derivative_is_known() -> None:
    matrix = np.array([[0.3, -0.7], [1.1, 0.4]])

    def power_sum(order: float) -> Any:
        return lambda x: np.sum(np.linalg.norm(x, order, axis=1) ** 2)

    f = power_sum(3.0)
    product = pb.hvp(f)(matrix, matrix)
    step = 1e-5 * matrix
    expected = (pb.gradient(f)(matrix + step) - pb.gradient(f)(matrix - step)) / 2e-5
    np.testing.assert_allclose(product, expected, rtol=1e-6)
    np.testing.assert_allclose(np.tensordot(pb.hessian(f)(matrix), matrix), product, rtol=1e-10)
    pb.check_derivative(lambda x: pb.pullback(f)(x)(1.0), matrix)


def test_what_is_generated_is_generated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    outer = pb.gradient(captured)
    for _ in range(3):  # what is guessed of fields and closures settles
        outer(X)
    made: list[str] = []
    derive = pipeline.derive

    def counted(function: Any, *rest: Any) -> Any:
        made.append(function.__name__)
        return derive(function, *rest)

    monkeypatch.setattr(pipeline, "derive", counted)
    for _ in range(3):
        outer(X + 0.1)
    assert not made
