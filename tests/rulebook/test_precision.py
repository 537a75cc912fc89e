"""Slopes that are series or sums, to the last digits: against integrals, exact values and recurrences."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest
from differences import callable_rule

import pullback.rulebook.math_functions
import pullback.rulebook.numpy_elementwise  # noqa: F401
from pullback.applying import apply_rule

EULER = 0.57721566490153286061
NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


def slope(f: Any, *args: Any, wrt: int = 0) -> Any:
    """The derivative of a scalar function by its rule."""
    _, residual = apply_rule(callable_rule(f), args, {}, (wrt,))
    return residual[0](residual, 1.0)[0]


def harmonic(n: int, half: bool) -> float:
    """The digamma function at n or n + 1/2, as an exact sum."""
    if half:
        return math.fsum([-EULER, -2.0 * math.log(2.0), *(2.0 / (2 * k - 1) for k in range(1, n + 1))])
    return math.fsum([-EULER, *(1.0 / k for k in range(1, n))])


@pytest.mark.parametrize("n", [1, 2, 5, 9, 10, 11, 12, 15, 40])
def test_the_slope_of_the_logarithm_of_gamma(n: int) -> None:
    assert slope(math.lgamma, float(n)) == pytest.approx(harmonic(n, False), rel=4e-15, abs=0.0)
    # (at 1.5 the function is near its zero at 1.46, where no more than its terms' last digits can be asked for)
    assert slope(math.lgamma, n + 0.5) == pytest.approx(harmonic(n, True), rel=4e-15, abs=1e-15 if n == 1 else 0.0)
    # the reflection: at -n - 1/2 the same as at n + 3/2
    assert slope(math.lgamma, -n - 0.5) == pytest.approx(harmonic(n + 1, True), rel=3e-14, abs=2e-15)


@pytest.mark.parametrize("x", [1e-4, 0.01, 0.03, 0.05, 0.0636, 0.0637, 0.1, 0.7, 3.3])
def test_the_slope_of_sinc(x: float) -> None:
    t = 0.5 * (NODES + 1.0)
    u = np.pi * x
    expected = -np.pi * float(np.sum(0.5 * WEIGHTS * t * np.sin(u * t)))  # sinc(u) is the mean of cos(u t)
    for sign in (1.0, -1.0):
        assert slope(np.sinc, sign * x) == pytest.approx(sign * expected, rel=1e-13, abs=0.0)


@pytest.mark.parametrize("x", [0.3, 5.0, 19.0, 20.5, 25.0, 60.0, 300.0])
def test_the_slope_of_i0(x: float) -> None:
    theta = (np.arange(4000) + 0.5) * np.pi / 4000
    expected = float(np.mean(np.exp(x * (np.cos(theta) - 1.0)) * np.cos(theta)))
    for sign in (1.0, -1.0):
        assert slope(np.i0, sign * x) * math.exp(-x) == pytest.approx(sign * expected, rel=2e-13, abs=0.0)


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [
        (0.0, 0.0, (0.0, -math.inf)),
        (0.0, 1.0, (1.0, 0.0)),
        (0.0, 2.5, (0.0, 0.0)),
        (0.0, 0.5, (math.inf, 0.0)),
        (-2.0, 3.0, (12.0, math.nan)),
        (2.0, 0.0, (0.0, math.log(2.0))),
    ],
)
def test_powers_of_zero_and_of_negative_numbers(base: float, exponent: float, expected: Any) -> None:
    for g in (1.0, -2.5):
        _, residual = apply_rule(callable_rule(math.pow), (base, exponent), {}, (0, 1))
        found = residual[0](residual, g)
        np.testing.assert_array_equal(np.array(found) / g, np.array(expected) * (1.0 + 0.0 * g))


@pytest.mark.parametrize("power", [math.pow, pow, operator.pow, np.power, np.float_power], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [(0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (0.0, 2.5, 0.0), (0.0, 0.5, math.inf), (-2.0, 3.0, 12.0), (2.0, 0.0, 0.0)],
)
def test_the_slope_of_every_power_at_zero(power: Any, base: float, exponent: float, expected: float) -> None:
    for g in (1.0, -2.5):
        _, residual = apply_rule(callable_rule(power), (base, exponent), {}, (0,))
        with np.errstate(divide="ignore"):
            assert residual[0](residual, g)[0] == g * expected
        if base == 0.0 and exponent > 0.0:  # (no power of 0 changes with its exponent)
            _, residual = apply_rule(callable_rule(power), (base, exponent), {}, (1,))
            assert residual[0](residual, g)[0] == 0.0


def test_a_large_cotangent_is_cut_off_where_a_bound_holds() -> None:
    x = np.linspace(-1.0, 2.0, 5000)  # (as many numbers as are multiplied by a mask instead of chosen)
    g = np.cos(np.arange(5000.0))
    _, residual = apply_rule(callable_rule(np.clip), (x, 0.0, 1.0), {}, (0, 1, 2))
    inside, low, high = residual[0](residual, g)
    np.testing.assert_array_equal(inside, np.where((x >= 0.0) & (x <= 1.0), g, 0.0))
    assert low == pytest.approx(g[x < 0.0].sum()) and high == pytest.approx(g[x > 1.0].sum())
