"""Interpolation through the engine: objects made of differentiated values, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

I = pytest.importorskip("scipy.interpolate", reason="SciPy is not installed")

import pullback as pb  # noqa: E402
from pullback.errors import DifferentiabilityError  # noqa: E402

R = np.random.default_rng(5)
X = np.array([0.0, 0.7, 1.5, 2.1, 3.0, 4.2])
Y, Y2, Y3 = R.standard_normal(6), R.standard_normal((6, 2)), R.standard_normal((2, 6))
T = np.array([[0.3, 1.2], [2.6, 3.3]])


def check(f, *args):
    pb.check_derivative(f, *args)


@pytest.mark.parametrize("kind", ["linear", "nearest", "cubic", "quadratic", "previous"])
def test_interp1d(kind):
    order = np.array([2, 0, 1, 5, 4, 3])
    check(lambda y, t: np.sum(I.interp1d(X, y, kind)(t) ** 2), Y, T)
    check(lambda y: np.sum(I.interp1d(X[order], y, kind, axis=1)(T) ** 2), Y3)
    check(lambda y: I.interp1d(X, y, kind, bounds_error=False, fill_value=3.0)(np.array([-1.0, 1.2])).sum(), Y)


@pytest.mark.parametrize("bc", ["not-a-knot", "natural", "clamped"])
def test_cubic_splines(bc):
    check(lambda y, t: np.sum(I.CubicSpline(X, y, bc_type=bc)(t) ** 2), Y, T)
    check(lambda y, t: np.sum(I.CubicSpline(X, y, axis=1, bc_type=bc)(t, 1) ** 2), Y3, T)


def test_other_splines():
    check(lambda y, d, t: np.sum(I.CubicHermiteSpline(X, y, d)(t) ** 2), Y, Y[::-1].copy(), T)
    check(lambda y, t: np.sum(I.make_interp_spline(X, y)(t) ** 2), Y2, T)
    check(lambda y, t: np.sum(I.make_interp_spline(X, y, k=1)(t) ** 2), Y, T[0])
    check(lambda c, t: np.sum(I.PPoly(c, X)(t) ** 2), R.standard_normal((3, 5)), T)
    check(lambda c, t: np.sum(I.BSpline(np.arange(10.0), c, 3)(t + 3.0) ** 2), R.standard_normal((6, 2)), T)
    check(lambda c, t: np.sum(I.BSpline(np.arange(10.0), c, 3, axis=1)(t + 3.0) ** 2), R.standard_normal((2, 6)), T)
    check(lambda c, t: np.sum(I.PPoly(c, X, axis=1)(t) ** 2), R.standard_normal((2, 3, 5)), T)

    def used_twice(y):
        spline = I.CubicSpline(X, y)
        return spline(0.3) * spline(1.2, 1)

    check(used_twice, Y)


def test_grids():
    grid, at = (np.array([0.0, 1.0, 2.5]), np.array([0.0, 2.0])), np.array([[0.3, 0.4], [1.7, 1.1]])
    v = R.standard_normal((3, 2))
    check(lambda v, t: np.sum(I.RegularGridInterpolator(grid, v)(t) ** 2), v, at)
    check(lambda v: np.sum(I.RegularGridInterpolator(grid, values=v, method="nearest")(at) ** 2), v)
    for fill in (3.0, None):
        outside = {"bounds_error": False, "fill_value": fill}
        check(lambda v, more=outside: np.sum(I.RegularGridInterpolator(grid, v, **more)(at * 1.7) ** 2), v)


def test_a_table_that_is_a_constant():
    table = I.interp1d(X, Y)
    pb.check_derivative(lambda t: table(t) * t, 1.2)
    assert isinstance(pb.gradient(lambda t: table(t) * t)(1.2), float)


@pytest.mark.parametrize(
    "f",
    [
        lambda y: I.PchipInterpolator(X, y)(0.3),
        lambda y: I.Akima1DInterpolator(X, y)(0.3),
        lambda y: I.UnivariateSpline(X, y)(0.3),
        lambda y: I.interp1d(y, X)(y[0]),
        lambda y: I.CubicSpline(X, y, bc_type=((1, 0.0), (2, 0.0)))(0.3),
        lambda y: I.RegularGridInterpolator((X,), y, "cubic")(np.array([0.3]))[0],
        lambda y: I.RegularGridInterpolator((X[::-1],), y)(np.array([0.3]))[0],
        lambda y: I.splev(0.3, I.splrep(X, y)),
        lambda y: I.interpn((X,), y, np.array([0.3]), "cubic")[0],
        lambda y: I.griddata(np.stack([X, X**2], axis=1), y, np.array([[0.3, 0.1]]))[0],
        lambda y: I.griddata(X, y, 0.3),
        lambda y: np.sum(I.splev(np.array([0.3]), (y, X, 3))),
    ],
)
def test_refused(f):
    with pytest.raises(DifferentiabilityError):
        pb.gradient(f)(np.sort(Y))


@pytest.mark.parametrize(
    "kind",
    [
        I.CubicSpline, I.PchipInterpolator, I.make_interp_spline, I.KroghInterpolator, I.BarycentricInterpolator,
        I.UnivariateSpline, I.interp1d,
    ],
    ids=lambda c: c.__name__,
)  # fmt: skip
def test_an_interpolation_beside_differentiated_values(kind):
    curve = kind(np.arange(6.0), np.sin(np.arange(6.0)))

    def in_a_list(x):
        parts = [curve, x]
        return np.sum(parts[0](parts[1])) * x

    def in_an_object_that_changes(x):
        model = {"curve": curve, "x": x}
        model["x"] = model["curve"](model["x"]) * 2.0
        return np.sum(model["x"]) * x

    pb.check_derivative(in_a_list, 1.3, modes=("reverse", "forward"))
    pb.check_derivative(in_an_object_that_changes, 1.3, modes=("reverse", "forward"))
