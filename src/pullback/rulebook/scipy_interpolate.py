"""Derivatives of scipy.interpolate: splines in their argument, and in the values that they go through.

    CubicSpline(x, v)(t)    t: the spline's derivative;  v: by the coefficients, which are linear in the values

A spline object that is made of differentiated values has a tangent of its own, with a field for its
coefficients `c` (for interp1d its values `y`, for a grid its `values`). Interpolations that are not linear in their
values (Pchip, Akima, smoothing splines) have a derivative in the argument only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import interpolate

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.rulebook.array_likes import Array, form, refuse, restore
from pullback.rulebook.scipy_callables import Call, bound_call, fields_of, only
from pullback.rules import Active, intrinsic, rule
from pullback.tangents import ZERO, Tangent, tangent_type

IN_TEMPLATES = (form, restore)
_INTERPOLATOR = interpolate.interp1d.__mro__[1]  # whose __call__ interp1d, Krogh's and the barycentric one share
# (others are not made of differentiated values)
_LINEAR = (interpolate.interp1d, interpolate.BSpline, interpolate.PPoly)
_POLYNOMIAL = interpolate.PPoly.__mro__[1]  # whose __call__ all piecewise polynomials share


def axis_of(obj: Any) -> int:
    """The axis of a result at which those of the argument stand."""
    return int(obj._y_axis if isinstance(obj, _INTERPOLATOR) else obj.axis)


def over_values(t: Array, obj: Any, x: Any) -> Array:
    """A cotangent of the argument: summed over the axes that the values have besides."""
    first, count = axis_of(obj), np.ndim(x)
    return np.asarray(np.sum(t, axis=tuple(k for k in range(np.ndim(t)) if not first <= k < first + count)))


def spread(x_dot: Any, obj: Any, y: Any) -> Array:
    """The argument's tangent in a shape that multiplies the result's."""
    first, count = axis_of(obj), np.ndim(x_dot)
    return np.reshape(x_dot, [1] * first + list(np.shape(x_dot)) + [1] * (np.ndim(y) - first - count))


def slope(obj: Any, x: Any) -> Array:
    """The derivative of an interpolation in its argument, in the shape of its value."""
    if not isinstance(obj, interpolate.interp1d):
        return np.asarray(obj.derivative(x))
    points = np.asarray(x, float)
    kind = obj._kind
    if kind in ("nearest", "nearest-up", "previous", "next", "zero"):
        return np.zeros(np.shape(obj(x)))
    if kind == "linear":
        k = np.clip(np.searchsorted(obj.x, points.ravel()), 1, len(obj.x) - 1)
        out = (obj._y[k] - obj._y[k - 1]) / (obj.x[k] - obj.x[k - 1])[:, None]
    else:
        out = obj._spline(points.ravel(), 1)
    if not obj._extrapolate:
        out = np.where(((points < obj.x[0]) | (points > obj.x[-1])).reshape(-1, 1), 0.0, out)
    return np.asarray(obj._finish_y(out, points.shape))


def flat_cotangent(g: Array, obj: Any, x: Any) -> Array:
    """The cotangent of a value with the argument's axes joined in front, and the others joined behind."""
    first, count = axis_of(obj), np.ndim(x)
    t = np.moveaxis(np.asarray(g), range(first, first + count), range(count))
    return np.reshape(t, (int(np.prod(np.shape(x))), -1))


def weights_of(obj: Any, x: Any, nu: int, extrapolate: Any) -> tuple[str, Array, tuple[int, ...]]:
    """The matrix from an object's coefficients to its values at x; the coefficients' name and shape."""
    points = np.ravel(np.asarray(x, float))
    if isinstance(obj, interpolate.interp1d):
        n = len(obj.x)
        more: Any = {"fill_value": "extrapolate"} if obj._extrapolate else {"fill_value": 0.0, "bounds_error": False}
        kind = obj._spline.k if obj._kind == "spline" else obj._kind
        same = interpolate.interp1d(obj.x, np.eye(n), kind, axis=0, **more)
        return "y", np.asarray(same(points)), (n, *obj._y_extra_shape)
    if extrapolate is None:
        extrapolate = obj.extrapolate
    if isinstance(obj, interpolate.BSpline):
        same = interpolate.BSpline(obj.t, np.eye(obj.c.shape[0]), obj.k, extrapolate)
        return "c", np.asarray(same(points, nu)), obj.c.shape
    if not isinstance(obj, interpolate.PPoly):
        refuse(f"the derivative of {type(obj).__name__} in its values is not known")
    size = obj.c.shape[0] * obj.c.shape[1]
    same = interpolate.PPoly(np.eye(size).reshape(*obj.c.shape[:2], size), obj.x, extrapolate)
    return "c", np.asarray(same(points, nu)), obj.c.shape


def coefficients_back(g: Array, obj: Any, x: Any, nu: int = 0, extrapolate: Any = None) -> Tangent:
    """The tangent vector of an interpolation object from the cotangent of its values at x."""
    if not isinstance(obj, _LINEAR):
        return ZERO
    name, matrix, shape = weights_of(obj, x, nu, extrapolate)
    t = np.where(np.isnan(matrix), 0.0, matrix).T @ flat_cotangent(g, obj, x)
    return tangent_type(type(obj))(**{name: np.reshape(t, shape)})


def coefficients_ahead(dot: Any, obj: Any, x: Any, y: Any, nu: int = 0, extrapolate: Any = None) -> Array:
    """The tangent of the values at x from that of the object."""
    if not isinstance(obj, _LINEAR):
        return np.zeros_like(y)
    name, matrix, shape = weights_of(obj, x, nu, extrapolate)
    fields = vars(dot)  # (an object that came with differentiated values may have fields of other names, which are 0)
    if name not in fields and f"_{name}" not in fields:
        return np.zeros_like(y)
    moved = matrix @ np.reshape(fields[name if name in fields else f"_{name}"], (matrix.shape[1], -1))
    first, count = axis_of(obj), np.ndim(x)
    t = np.reshape(moved, (*np.shape(x), *shape[len(shape) - (np.ndim(y) - count) :]))
    return np.asarray(np.moveaxis(t, range(count), range(first, first + count)))


rule(
    _INTERPOLATOR.__call__,
    "self, x",
    self="coefficients_back(g, self, x)",
    x="restore(over_values(g * slope(self, x), self, x), form(x))",
    self_dot="coefficients_ahead(self_dot, self, x, y)",
    x_dot="spread(x_dot, self, y) * slope(self, x)",
)
rule(
    interpolate.BarycentricInterpolator.__call__,
    "self, x",
    x="restore(over_values(g * slope(self, x), self, x), form(x))",
    x_dot="spread(x_dot, self, y) * slope(self, x)",
)
for _class in (_POLYNOMIAL, interpolate.BSpline):
    rule(
        _class.__call__,
        "self, x, nu=0, extrapolate=None",
        self="coefficients_back(g, self, x, nu, extrapolate)",
        x="restore(over_values(g * self(x, nu + 1, extrapolate), self, x), form(x))",
        self_dot="coefficients_ahead(self_dot, self, x, y, nu, extrapolate)",
        x_dot="spread(x_dot, self, y) * self(x, nu + 1, extrapolate)",
    )


# Objects made of differentiated values


def made_of(function: Any, allowed: tuple[str, ...], back: Callable[[Any, Call, str], Tangent]) -> None:
    """The derivative of a constructor: `back(g, given, name)` is the cotangent of one of its arguments."""

    def vjp(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
        given, places, names = bound_call(function, args, kwargs, active)
        only(names, allowed, function)
        return function(*args, **kwargs), (_reverse_made, given, places, back)

    intrinsic(function)(vjp)


def _reverse_made(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, given, places, back = residual
    (known,) = fields_of(g, (FIELDS.get(back, "c"),), "an interpolation")
    if known is ZERO:
        return tuple(ZERO for _ in places)
    return tuple(back(g, given, name) for name in places.values())


def values_of_interp1d(g: Any, given: Call, name: str) -> Tangent:
    """interp1d sorts its points: the cotangents of the values, in their own order."""
    x = np.asarray(given["x"])
    order = np.arange(x.size) if given["assume_sorted"] else np.argsort(x, kind="mergesort")
    t = np.empty(g.y.shape, g.y.dtype)
    t[order] = g.y
    return restore(np.moveaxis(t, 0, given["axis"]), form(given["y"]))


def by_unit_values(c: Array, unit: Array, given: Call, name: str) -> Tangent:
    """The cotangent of values of which the coefficients are linear functions: `unit` has them for unit values."""
    count = unit.ndim - 1
    t = np.tensordot(unit, c, (tuple(range(count)), tuple(range(count))))
    return restore(np.moveaxis(t, 0, given.get("axis", 0)), form(given[name]))


def values_of_cubic(g: Any, given: Call, name: str) -> Tangent:
    """The values of a CubicSpline."""
    if given["bc_type"] not in ("not-a-knot", "natural", "clamped"):
        raise DifferentiabilityError(
            "the derivative of CubicSpline in its values covers bc_type 'not-a-knot', 'natural' and 'clamped'"
        )
    unit = interpolate.CubicSpline(given["x"], np.eye(len(given["x"])), bc_type=given["bc_type"])
    return by_unit_values(g.c, unit.c, given, name)


def values_of_hermite(g: Any, given: Call, name: str) -> Tangent:
    """The values, or the slopes, of a CubicHermiteSpline."""
    eye = np.eye(len(given["x"]))
    both = (eye, 0.0 * eye) if name == "y" else (0.0 * eye, eye)
    return by_unit_values(g.c, interpolate.CubicHermiteSpline(given["x"], *both).c, given, name)


def values_of_bspline(g: Any, given: Call, name: str) -> Tangent:
    """The values that make_interp_spline goes through."""
    if given["bc_type"] not in (None, "not-a-knot", "natural", "clamped"):
        raise DifferentiabilityError("the derivative of make_interp_spline covers bc_type as a name only")
    more = {k: given[k] for k in ("k", "t", "bc_type")}
    unit = interpolate.make_interp_spline(given["x"], np.eye(len(given["x"])), **more)
    return by_unit_values(g.c, unit.c, given, name)


def own_coefficients(g: Any, given: Call, name: str) -> Tangent:
    """The coefficients of an object that is made of them."""
    axis, first = given["axis"], 2 if "x" in given else 1
    t = g.c if not axis else np.moveaxis(g.c, range(first), range(axis, axis + first))
    return restore(t, form(given[name]))


FIELDS: dict[Any, str] = {values_of_interp1d: "y"}  # of an object's tangent, where it is not `c`
made_of(interpolate.interp1d, ("y",), values_of_interp1d)
made_of(interpolate.CubicSpline, ("y",), values_of_cubic)
made_of(interpolate.CubicHermiteSpline, ("y", "dydx"), values_of_hermite)
made_of(interpolate.make_interp_spline, ("y",), values_of_bspline)
made_of(interpolate.PPoly, ("c",), own_coefficients)
made_of(interpolate.BSpline, ("c",), own_coefficients)


# FITPACK


def fitpack_slope(obj: Any, x: Any, nu: int, ext: Any) -> Array:
    """The derivative of a UnivariateSpline; where it is continued by a constant, 0."""
    ext = obj.ext if ext is None else ext
    if nu >= obj._data[5]:  # of a polynomial of that degree
        return np.zeros(np.shape(x))
    return np.asarray(obj(x, nu + 1, 1 if ext in (3, "const") else ext))


def splev_slope(x: Any, tck: Any, der: int, ext: int) -> Array:
    """The derivative of splev in its argument."""
    if not isinstance(tck, interpolate.BSpline):
        if np.ndim(tck[1]) != 1:
            refuse("the derivative of scipy.interpolate.splev covers splines with one coordinate")
        if der >= tck[2]:
            return np.zeros(np.shape(x))
    return np.asarray(interpolate.splev(x, tck, der + 1, 1 if ext == 3 else ext))


rule(
    interpolate.UnivariateSpline.__call__,
    "self, x, nu=0, ext=None",
    x="restore(g * fitpack_slope(self, x, nu, ext), form(x))",
    x_dot="x_dot * fitpack_slope(self, x, nu, ext)",
)
rule(
    interpolate.splev,
    "x, tck, der=0, ext=0",
    x="restore(g * splev_slope(x, tck, der, ext), form(x))",
    x_dot="x_dot * splev_slope(x, tck, der, ext)",
)


def surface_back(g: Array, obj: Any, xy: tuple[Any, Any], nu: tuple[int, int], grid: bool, first: bool) -> Tangent:
    """The cotangent of one coordinate of a RectBivariateSpline's argument."""
    t = g * surface_slope(obj, xy, nu, grid, first)
    x = xy[0 if first else 1]
    if grid:
        t = np.reshape(np.sum(t, axis=1 if first else 0), np.shape(x))
    return restore(t, form(x))


def surface_slope(obj: Any, xy: tuple[Any, Any], nu: tuple[int, int], grid: bool, first: bool) -> Array:
    """The derivative of the surface in one coordinate."""
    dx, dy = nu
    return np.asarray(obj(*xy, dx + 1, dy, grid) if first else obj(*xy, dx, dy + 1, grid))


_SURFACE = "self, (x, v), (dx, dy), grid"
rule(
    interpolate.RectBivariateSpline.__call__,
    "self, x, v, dx=0, dy=0, grid=True",
    x=f"surface_back(g, {_SURFACE}, True)",
    v=f"surface_back(g, {_SURFACE}, False)",
    x_dot=f"surface_slope({_SURFACE}, True) * (np.reshape(x_dot, (-1, 1)) if grid else x_dot)",
    v_dot=f"surface_slope({_SURFACE}, False) * (np.reshape(v_dot, (1, -1)) if grid else v_dot)",
)
rule(
    interpolate.RectBivariateSpline.ev,
    "self, x, v, dx=0, dy=0",
    x="surface_back(g, self, (x, v), (dx, dy), False, True)",
    v="surface_back(g, self, (x, v), (dx, dy), False, False)",
    x_dot="surface_slope(self, (x, v), (dx, dy), False, True) * x_dot",
    v_dot="surface_slope(self, (x, v), (dx, dy), False, False) * v_dot",
)
