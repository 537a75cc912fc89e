"""Calls for the rules of scipy.interpolate: (function, args, kwargs, differentiated operands).

Objects that are differentiated themselves are tested in test_interpolate.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

I = pytest.importorskip("scipy.interpolate", reason="SciPy is not installed")

MODULES = ["pullback.rulebook.scipy_interpolate", "pullback.rulebook.scipy_interpolate_grids"]
ELSEWHERE = {"self"}
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(27)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def fixed(obj: Any) -> Any:
    """The object; a copy of it is itself, as it is compared with its copy and has no `==`."""
    try:
        obj.__deepcopy__ = lambda memo: obj
    except AttributeError:  # a class with slots
        kind = type(obj)
        kind.__deepcopy__ = lambda self, memo: self
    return obj


X = np.array([0.0, 0.7, 1.5, 2.1, 3.0, 4.2])
Y, Y2, Y3 = arr(6), arr(6, 2), arr(2, 6)
T = np.array([[0.3, 1.2], [2.6, 3.3]])
BEYOND = np.array([-0.5, 0.3, 5.0])
GRID = (np.array([0.0, 1.0, 2.5]), np.array([0.0, 0.5, 2.0, 3.0]))
V, V2 = arr(3, 4), arr(3, 4, 2)
SURFACE = fixed(I.RectBivariateSpline(np.arange(5.0), np.arange(6.0), arr(5, 6)))
TCK = I.splrep(X, Y)

CASES: list[Case] = [
    *[
        (type(f).__call__, (f, t), {}, (1,))
        for f in (
            *(fixed(I.interp1d(X, Y, k)) for k in ("linear", "nearest", "previous", "quadratic", "cubic")),
            fixed(I.interp1d(X, Y3)),
            fixed(I.interp1d(X, Y2, "cubic", axis=0)),
            fixed(I.CubicSpline(X, Y)),
            fixed(I.CubicSpline(X, Y3, axis=1)),
            fixed(I.PchipInterpolator(X, Y)),
            fixed(I.Akima1DInterpolator(X, Y)),
            fixed(I.make_interp_spline(X, Y2)),
            fixed(I.KroghInterpolator(X, Y)),
            fixed(I.BarycentricInterpolator(X, Y)),
            fixed(I.UnivariateSpline(X, Y, s=0.1)),
            fixed(I.InterpolatedUnivariateSpline(X, Y)),
        )
        for t in (T, 1.2, np.array(2.6), np.float32(1.2), [0.3, 1.2])
        if not (np.ndim(t) == 2 and isinstance(f, I.UnivariateSpline))
    ],
    (I.interp1d.__call__, (fixed(I.interp1d(X, Y, bounds_error=False, fill_value=7.0)), BEYOND), {}, (1,)),
    (I.interp1d.__call__, (fixed(I.interp1d(X, Y, fill_value="extrapolate")), BEYOND), {}, (1,)),
    *[(I.CubicSpline.__call__, (fixed(I.CubicSpline(X, Y)), BEYOND, nu), {}, (1,)) for nu in (0, 1, 3)],
    *[(I.UnivariateSpline.__call__, (fixed(I.UnivariateSpline(X, Y)), BEYOND, 0, ext), {}, (1,)) for ext in (0, 1, 3)],
    (I.UnivariateSpline.__call__, (fixed(I.UnivariateSpline(X, Y)), T[0], 3), {}, (1,)),
    *[(I.splev, (x, TCK), {"der": der}, (0,)) for x in (T[0], 1.2) for der in (0, 1)],
    *[(I.splev, (BEYOND, TCK), {"ext": ext}, (0,)) for ext in (0, 1, 3)],
    (I.splev, (T[0], TCK), {"der": 3}, (0,)),
    (type(SURFACE).__call__, (SURFACE, np.array([0.3, 1.7]), np.array([0.2, 1.9, 3.3])), {}, (1, 2)),
    (type(SURFACE).__call__, (SURFACE, np.array([0.3, 1.7]), np.array([0.2, 1.9])), {"grid": False}, (1, 2)),
    (type(SURFACE).__call__, (SURFACE, 0.3, 1.9), {"grid": False}, (1, 2)),
    (type(SURFACE).ev, (SURFACE, np.array([0.3, 1.7]), np.array([0.2, 1.9])), {}, (1, 2)),
    # grids
    *[
        (I.interpn, (GRID, v, xi), {"method": m}, (1, 2))
        for v in (V, V2, V.astype(np.float32))
        for xi in (np.array([[0.3, 0.7], [1.7, 2.2], [2.4, 0.2]]), np.array([0.4, 1.4]))
        for m in ("linear", "nearest")
    ],
    (I.interpn, (GRID, V, (np.array([0.3, 1.7]), np.array([0.4, 2.2]))), {}, (1, 2)),
    *[
        (I.interpn, (GRID, V, np.array([[0.3, 3.7], [-0.7, 2.2], [2.4, 0.2]])), {"bounds_error": False, **m}, (1, 2))
        for m in ({"fill_value": None}, {"fill_value": 0.5})
    ],
    (I.interpn, ((X,), Y, np.array([0.3, 2.6])), {}, (1, 2)),
    *[
        (type(f).__call__, (f, xi), {}, (1,))
        for f in (
            fixed(I.RegularGridInterpolator(GRID, V)),
            fixed(I.RegularGridInterpolator(GRID, V2)),
            fixed(I.RegularGridInterpolator((np.arange(5.0), np.arange(6.0)), arr(5, 6), "cubic")),
            fixed(I.RegularGridInterpolator((np.arange(5.0), np.arange(6.0)), arr(5, 6), "slinear")),
        )
        for xi in (np.array([[0.3, 0.7], [1.7, 2.2]]), np.array([0.4, 1.4]), (np.array([0.3]), np.array([0.8])))
    ],
]
