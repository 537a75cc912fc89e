"""A tangent or cotangent that is the argument itself, or that of two arguments, is as good as a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

X, Y = np.array([1.2, 0.7, 0.4]), np.array([0.4, 0.9, 1.1])


def extends(x: Any, y: Any) -> Any:
    xs = [x[0] * y[2]]
    xs.extend([x[0] * x[1] * y[1]])
    return xs[0] * xs[1] * y[0] + np.sum(x * y)


def stores(x: Any, y: Any) -> Any:
    b = x * y
    b[0] = b[1] * x[2]
    b[1:] *= y[:2]
    return np.sum(b * b)


def changes_its_arguments(x: Any, y: Any) -> Any:
    x[0] = x[1] * y[0]
    y[1:] = x[:2] * y[1:]
    return np.sum(x * y * y)


def changes_nothing(x: Any, y: Any) -> Any:
    return np.sum(np.sin(x) * y * y) * x[0]


FUNCTIONS = [extends, stores, changes_its_arguments, changes_nothing]


def given(*arrays: Any) -> tuple[Any, ...]:
    """Fresh copies, of which those are one array that were one."""
    made = {id(a): a.copy() for a in arrays}
    return tuple(made[id(a)] for a in arrays)


def hessian_times(f: Callable[..., Any], u: Any, v: Any) -> tuple[Any, Any]:
    """The Hessian times (u, v), by differences of gradients."""

    def gradient(t: float) -> Any:
        return pb.gradient(f)(X + t * u, Y + t * v)

    return tuple((a - b) / 2e-5 for a, b in zip(gradient(1e-5), gradient(-1e-5), strict=True))  # type: ignore[return-value]


@pytest.mark.parametrize("places", [(0, 1, 0, 1), (0, 1, 1, 0), (0, 1, 0, 0), (0, 1, 2, 2)])
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_directions_that_are_arguments(f: Callable[..., Any], places: tuple[int, ...]) -> None:
    of = (X, Y, np.array([0.3, -1.0, 0.5]))
    expected = hessian_times(f, *(of[k] for k in places[2:]))
    x, y, u, v = given(*(of[k] for k in places))
    np.testing.assert_allclose(pb.hvp(f, wrt=(0, 1))(x, y, (u, v)), expected, rtol=1e-6, atol=1e-8)
    if f is changes_its_arguments:
        return  # (between the two calls the caller sees the change)
    x, y, u, v = given(*(of[k] for k in places))
    np.testing.assert_allclose(pb.differential(pb.gradient(f))(x, y)(u, v), expected, rtol=1e-6, atol=1e-8)
    x, y, u, v = given(*(of[k] for k in places))
    np.testing.assert_allclose(pb.pullback(pb.gradient(f))(x, y)((u, v)), expected, rtol=1e-6, atol=1e-8)
    x, y, u, v = given(*(of[k] for k in places))
    slope = sum(float(g @ t) for g, t in zip(pb.gradient(f)(x.copy(), y.copy()), (u, v), strict=True))
    np.testing.assert_allclose(pb.differential(f)(x, y)(u, v), slope, rtol=1e-12)


def scaled(x: Any) -> Any:
    b = x * x
    b[0] = b[1] * x[2]
    return b


def test_a_cotangent_that_is_the_argument() -> None:
    expected = pb.pullback(scaled)(X)(X.copy())
    np.testing.assert_array_equal(pb.pullback(scaled)(X)(X), expected)
    np.testing.assert_allclose(expected @ Y, pb.differential(scaled)(X)(Y) @ X, rtol=1e-12)


def along_itself(x: Any) -> Any:
    return pb.differential(scaled)(x)(x) @ Y


def along_a_constant(x: Any) -> Any:
    return pb.differential(scaled)(x)(X) @ Y


def at_a_constant(x: Any) -> Any:
    return pb.differential(scaled)(X)(x) @ Y


@pytest.mark.parametrize("f", [along_itself, along_a_constant, at_a_constant])
def test_a_differential_along_its_argument_is_differentiated(f: Callable[[Any], Any]) -> None:
    expected = np.array([(f(X + e) - f(X - e)) / 2e-5 for e in 1e-5 * np.eye(3)])
    np.testing.assert_allclose(pb.gradient(f)(X), expected, rtol=1e-6, atol=1e-8)
