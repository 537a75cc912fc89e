"""Parts of what functions of SciPy return, and functions that were made of differentiated values: both modes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="SciPy is not installed")

from scipy import interpolate, optimize, stats  # noqa: E402

import pullback as pb  # noqa: E402

W, KNOTS = np.array([0.7, -1.2]), np.array([0.0, 0.4, 1.1, 1.9, 2.5])
COV, VALUES = np.array([[1.5, 0.4], [0.4, 0.8]]), np.array([0.3, 1.4, -0.6, 0.9, 2.0])
TABLE = np.outer(VALUES, np.array([1.0, -0.5])) + KNOTS[:, None] ** 2 * np.array([0.2, 0.7])


def mean_and_density(m):
    frozen = stats.multivariate_normal(m, COV)
    return (frozen.mean @ W) * frozen.logpdf(np.array([0.3, -0.2]))


def test_the_mean_of_a_frozen_distribution():
    pb.check_derivative(mean_and_density, W)


@pytest.mark.parametrize("solve", [optimize.brentq, optimize.bisect, optimize.toms748], ids=lambda f: f.__name__)
def test_a_root_that_is_returned_twice(solve):
    def f(a):
        root, report = solve(lambda x: x**3 - a * a, 0.1, 3.0, full_output=True)
        return root * a + 3.0 * report.root

    pb.check_derivative(f, 1.3, modes=("reverse",))


MADE = {
    "cubic": lambda y, at: interpolate.CubicSpline(KNOTS, y)(at),
    "cubic, slope": lambda y, at: interpolate.CubicSpline(KNOTS, y)(at, 1),
    "bspline": lambda y, at: interpolate.make_interp_spline(KNOTS, y)(at),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("at", [1.3, KNOTS[1:3] + 0.2, KNOTS[None, :3] + 0.1], ids=["number", "vector", "matrix"])
@pytest.mark.parametrize("values", [VALUES, TABLE], ids=["numbers", "rows"])
def test_splines_of_values(name, at, values):
    def f(y, at):
        made = MADE[name](y, at)
        return np.sum(made * np.cos(np.arange(float(np.size(made)))).reshape(np.shape(made)))

    pb.check_derivative(f, values, at)

