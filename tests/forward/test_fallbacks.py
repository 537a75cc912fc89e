"""Functions with a rule for reverse mode only: forward mode transposes it, or takes one pullback for each number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.rules import rule


def spectrum(a: Any, p: float) -> Any:
    return np.cumsum(a * a) * p


def spread_back(g: Any) -> Any:
    return np.flip(np.cumsum(np.flip(g)))


rule(spectrum, "a, p", a="spread_back(g) * 2.0 * a * p", p="np.sum(g * y) / p")
A, V = np.array([0.5, -1.5, 2.0]), np.array([1.0, 0.3, -0.2])


def test_a_rule_with_a_pullback_only_is_transposed() -> None:
    df = pb.differential(lambda a, p: spectrum(a, p) * 2.0)(A, 0.7)
    expected = (spectrum(A + 1e-6 * V, 0.7 + 2e-6) - spectrum(A - 1e-6 * V, 0.7 - 2e-6)) / 1e-6
    np.testing.assert_allclose(df(V, 2.0), expected, rtol=1e-8)


def test_its_second_derivative() -> None:
    f = lambda a, p: np.sum(np.sin(spectrum(a, p)))
    first = pb.gradient(f)
    (plus, plus_p), (minus, minus_p) = first(A + 1e-5 * V, 0.7 + 2e-5), first(A - 1e-5 * V, 0.7 - 2e-5)
    a_dot, p_dot = pb.hvp(f)(A, 0.7, (V, 2.0))
    np.testing.assert_allclose(a_dot, (plus - minus) / 2e-5, rtol=1e-6)
    assert p_dot == pytest.approx((plus_p - minus_p) / 2e-5, rel=1e-6)
    a_bar, p_bar = pb.pullback(first)(A, 0.7)((V, 2.0))
    np.testing.assert_allclose(a_bar, a_dot, rtol=1e-10)
    assert p_bar == pytest.approx(p_dot)


def test_a_derivative_that_is_code_for_reverse_mode() -> None:
    square = np.vectorize(lambda t: math.sin(t) * t)
    df = pb.differential(lambda a: square(a) * 2.0)(A)
    np.testing.assert_allclose(df(V), 2.0 * (np.cos(A) * A + np.sin(A)) * V)
    curvature = pb.gradient(lambda a: np.sum(pb.gradient(lambda b: np.sum(square(b)))(a)))(A)
    np.testing.assert_allclose(curvature, 2.0 * np.cos(A) - A * np.sin(A))


def test_a_function_that_captures_is_not_lost_there() -> None:
    def f(x: float) -> Any:
        return np.sum(np.piecewise(A, [A < 0], [lambda t: t * x, lambda t: t]))

    try:
        got = pb.differential(f)(0.5)(1.0)
    except pb.DifferentiabilityError:
        return
    assert got == pytest.approx(-1.5)
