"""Derivatives of scipy.interpolate on regular grids: interpn and RegularGridInterpolator.

    interpn((x, y), values, points)    points: the slopes of a cell;  values: the weights of its corners

Within a cell the interpolation is linear in each coordinate, so its slope in one is the difference of
its two ends, over the cell's width.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import interpolate

from pullback.rulebook.array_likes import Array, Form, form, refuse, restore, shape_of
from pullback.rulebook.scipy_callables import Call
from pullback.rulebook.scipy_interpolate import FIELDS, made_of
from pullback.rules import constant, rule
from pullback.tangents import Tangent, tangent_type

IN_TEMPLATES = (form, restore)


def as_points(xi: Any, ndim: int) -> Array:
    """The points as an array whose last axis has the coordinates."""
    if isinstance(xi, tuple):
        return np.stack(np.broadcast_arrays(*(np.asarray(x, float) for x in xi)), axis=-1)
    x = np.asarray(xi, float)
    return x[:, None] if x.ndim == 1 and ndim == 1 else x


def corners(grid: Any, points: Array, method: str, has_fill: bool) -> Iterator[tuple[Any, Array, Array]]:
    """For each corner of the cells: its indices, its weight, and the weight's slope in each coordinate."""
    if method not in ("linear", "nearest"):
        refuse(f"the derivative of scipy.interpolate.interpn covers the methods 'linear' and 'nearest', not {method!r}")
    low, fraction, rate = [], [], []
    inside = np.ones(points.shape[:-1], bool)
    for k, axis in enumerate(grid):
        nodes, x = np.asarray(axis, float), points[..., k]
        if nodes[0] > nodes[-1]:
            refuse("the derivative of scipy.interpolate.interpn covers ascending grids")
        cell = np.clip(np.searchsorted(nodes, x) - 1, 0, nodes.size - 2)
        width = nodes[cell + 1] - nodes[cell]
        part = (x - nodes[cell]) / width
        if has_fill:
            inside &= (x >= nodes[0]) & (x <= nodes[-1])
        if method == "nearest":
            part, width = np.where(part <= 0.5, 0.0, 1.0), np.full(width.shape, np.inf)
        low.append(cell)
        fraction.append(part)
        rate.append(1.0 / width)
    for corner in np.ndindex((2,) * len(grid)):
        factors = [f if c else 1.0 - f for f, c in zip(fraction, corner, strict=True)]
        slopes = []
        for k, c in enumerate(corner):
            others = [f for j, f in enumerate(factors) if j != k]
            slopes.append(np.where(inside, np.prod(others, axis=0) * rate[k] * (1.0 if c else -1.0), 0.0))
        where = tuple(i + c for i, c in zip(low, corner, strict=True))
        yield where, np.where(inside, np.prod(factors, axis=0), 0.0), np.stack(slopes, axis=-1)


def is_filled(bounds_error: Any, fill_value: Any) -> bool:
    """Whether points outside of the grid have a value that is given, and not continued."""
    return not bounds_error and fill_value is not None


def beside(weights: Array, values: Any, ndim: int) -> Array:
    """Weights with axes for those of the values that are not the grid's."""
    return np.reshape(weights, (*weights.shape, *([1] * (np.ndim(values) - ndim))))


def slopes(grid: Any, values: Any, xi: Any, method: str, has_fill: bool) -> Array:
    """The slope of each value in each coordinate: axes of the points, of the other values, and the coordinates."""
    v, points = np.asarray(values), as_points(xi, len(grid))
    total: Any = 0.0
    for where, _, s in corners(grid, points, method, has_fill):
        total = total + np.stack([v[where] * beside(s[..., k], v, len(grid)) for k in range(len(grid))], axis=-1)
    return np.asarray(total)


def points_back(g: Array, m: Array, xi: Any, grid: Any) -> Tangent:
    """The cotangent of the points, from the slopes `m`."""
    points = as_points(xi, len(grid))
    t = np.reshape(g, m.shape[:-1])[..., None] * m
    t = np.sum(t, axis=tuple(range(points.ndim - 1, t.ndim - 1)))
    if isinstance(xi, tuple):
        return tuple(restore(t[..., k], form(x)) for k, x in enumerate(xi))
    return restore(np.reshape(t, np.shape(xi)) if t.size == np.size(xi) else t, form(xi))


def points_ahead(xi_dot: Any, m: Array, y: Array, grid: Any) -> Array:
    """The tangent of the values for that of the points."""
    moved = as_points(xi_dot, len(grid))
    moved = np.reshape(moved, (*moved.shape[:-1], *([1] * (m.ndim - moved.ndim)), moved.shape[-1]))
    return np.reshape(np.sum(m * moved, axis=-1), np.shape(y))


def values_back(g: Array, grid: Any, m: Form, xi: Any, method: str, has_fill: bool) -> Tangent:
    """The cotangent of the values on the grid."""
    t = np.zeros(shape_of(m), np.result_type(g))
    points = as_points(xi, len(grid))
    g = np.reshape(g, (*points.shape[:-1], *t.shape[len(grid) :]))
    for where, weight, _ in corners(grid, points, method, has_fill):
        np.add.at(t, where, g * beside(weight, t, len(grid)))
    return restore(t, m)


def grid_slopes(obj: Any, xi: Any, method: Any) -> Array:
    """The slopes of a RegularGridInterpolator; of a spline, its own derivatives."""
    method = obj.method if method is None else method
    has_fill = is_filled(obj.bounds_error, obj.fill_value)
    if method in ("linear", "nearest"):
        return slopes(obj.grid, obj.values, xi, method, has_fill)
    try:
        units = np.eye(len(obj.grid), dtype=int)
        found = [np.asarray(obj(xi, method, nu=tuple(int(n) for n in unit))) for unit in units]
    except ValueError as error:
        refuse(f"the derivative of RegularGridInterpolator with method={method!r} is not known: {error}")
    if has_fill:
        points = as_points(xi, len(obj.grid))
        if any(np.any((points[..., k] < n[0]) | (points[..., k] > n[-1])) for k, n in enumerate(obj.grid)):
            refuse("the derivative of RegularGridInterpolator outside of its grid is known for method='linear' only")
    return np.stack(found, axis=-1)


_METHOD = "method='linear', bounds_error=True, fill_value=np.nan"
_FILLED = "is_filled(bounds_error, fill_value)"
_SLOPES = f"slopes(points, values, xi, method, {_FILLED})"
rule(
    interpolate.interpn,
    f"points, values, xi, {_METHOD}",
    values=f"values_back(g, points, form(values), xi, method, {_FILLED})",
    xi=f"points_back(g, {_SLOPES}, xi, points)",
    values_dot="interpolate.interpn(points, np.asarray(values_dot), xi, method, bounds_error,"
    f" 0.0 if {_FILLED} else None)",
    xi_dot=f"points_ahead(xi_dot, {_SLOPES}, y, points)",
    _returns="array",
)


def grid_of(obj: Any) -> Any:
    """The grid of a RegularGridInterpolator."""
    return obj.grid


def linear_in_values(obj: Any, method: Any) -> tuple[str, bool]:
    """How a RegularGridInterpolator, or a call of it, interpolates, and whether points outside have a fixed value."""
    chosen = obj.method if method is None else method
    if chosen not in ("linear", "nearest"):
        refuse(f"the derivative of RegularGridInterpolator in its values with method={chosen!r} is not known")
    return chosen, is_filled(obj.bounds_error, obj.fill_value)


def grid_values_back(g: Array, obj: Any, xi: Any, method: Any) -> Tangent:
    """The tangent vector of a RegularGridInterpolator from the cotangent of its values at the points."""
    t = values_back(g, grid_of(obj), form(obj.values), xi, *linear_in_values(obj, method))
    return tangent_type(type(obj))(values=t)


def grid_values_ahead(dot: Any, obj: Any, xi: Any, method: Any) -> Array:
    """The tangent of the values at the points from that of the object."""
    chosen, has_fill = linear_in_values(obj, method)
    return np.asarray(interpolate.interpn(grid_of(obj), dot.values, xi, chosen, False, 0.0 if has_fill else None))


rule(
    interpolate.RegularGridInterpolator.__call__,
    "self, xi, method=None",
    self="grid_values_back(g, self, xi, method)",
    xi="points_back(g, grid_slopes(self, xi, method), xi, grid_of(self))",
    self_dot="grid_values_ahead(self_dot, self, xi, method)",
    xi_dot="points_ahead(xi_dot, grid_slopes(self, xi, method), y, grid_of(self))",
    _returns="array",
)


def values_of_grid(g: Any, given: Call, name: str) -> Tangent:
    """The values of a RegularGridInterpolator."""
    if any(nodes[0] > nodes[-1] for nodes in map(np.asarray, given["points"])):
        refuse("the derivative of RegularGridInterpolator in its values covers ascending grids")
    return restore(g.values, form(given[name]))


FIELDS[values_of_grid] = "values"
made_of(interpolate.RegularGridInterpolator, ("values",), values_of_grid)
constant(grid_of, linear_in_values)
