"""Derivatives of scipy.ndimage: filters and transforms of images, in the image and in the filter's weights.

    ndimage.gaussian_filter(x, 2.0)  ->  each axis by the transpose of its matrix, which is read off the filter

How a border is continued (`mode`) is part of that matrix. `output` is refused, as it is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import ndimage

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, form, refuse, restore, shape_of
from pullback.rulebook.scipy_linear import linear_back
from pullback.rules import constant, rule
from pullback.tangents import Tangent

IN_TEMPLATES = (fit, restore)


def each(value: Any, count: int) -> list[Any]:
    """A parameter for each axis: one for all, or a sequence of them."""
    return list(value) if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) else [value] * count


def chosen(axes: Any, ndim: int) -> list[int]:
    """The filtered axes."""
    return list(range(ndim)) if axes is None else [int(k) % ndim for k in np.atleast_1d(axes)]


def along(g: Array, m: Form, name: str, filters: list[tuple[int, Callable[[Array], Any]]]) -> Tangent:
    """The cotangent of an image that was filtered along one axis after the other."""
    t: Any = g
    for axis, f in filters:
        shape = np.shape(t)
        of_axis = (*shape[:axis], shape_of(m)[axis], *shape[axis + 1 :])
        t = linear_back(t, (of_axis, t.dtype), f"scipy.ndimage.{name}", f, axis)
    return restore(t, m)


def gaussian_back(g: Array, m: Form, settings: tuple[Any, ...], axes: Any) -> Tangent:
    """The cotangent of gaussian_filter's image."""
    sigma, order, mode, truncate, radius = settings
    axes_ = chosen(axes, len(shape_of(m)))
    n = len(axes_)
    rows = zip(axes_, each(sigma, n), each(order, n), each(mode, n), each(radius, n), strict=True)

    def one(s: Any, o: Any, how: Any, r: Any) -> Callable[[Array], Any]:
        return lambda e: ndimage.gaussian_filter1d(e, s, 0, o, None, how, 0.0, truncate, radius=r)

    return along(g, m, "gaussian_filter", [(k, one(s, o, how, r)) for k, s, o, how, r in rows if s > 1e-15])


def uniform_back(g: Array, m: Form, settings: tuple[Any, ...], axes: Any) -> Tangent:
    """The cotangent of uniform_filter's image."""
    size, mode, origin = settings
    axes_ = chosen(axes, len(shape_of(m)))
    n = len(axes_)
    rows = zip(axes_, each(size, n), each(mode, n), each(origin, n), strict=True)

    def one(s: Any, how: Any, o: Any) -> Callable[[Array], Any]:
        return lambda e: ndimage.uniform_filter1d(e, s, 0, None, how, 0.0, o)

    return along(g, m, "uniform_filter", [(k, one(s, how, o)) for k, s, how, o in rows if s > 1])


def edge_back(g: Array, m: Form, name: str, axis: int, mode: Any) -> Tangent:
    """The cotangent of the image of sobel and prewitt: a difference along one axis, sums along the others."""
    ndim = len(shape_of(m))
    modes = each(mode, ndim)
    smooth = [1.0, 2.0, 1.0] if name == "sobel" else [1.0, 1.0, 1.0]

    def one(weights: list[float], how: Any) -> Callable[[Array], Any]:
        return lambda e: ndimage.correlate1d(e, weights, 0, None, how)

    rows = [(k, one([-1.0, 0.0, 1.0] if k == axis % ndim else smooth, modes[k])) for k in range(ndim)]
    return along(g, m, name, rows)


def laplace_back(g: Array, m: Form, mode: Any) -> Tangent:
    """The cotangent of the image of a sum of second differences."""
    ndim = len(shape_of(m))

    def one(how: Any) -> Callable[[Array], Any]:
        return lambda e: ndimage.correlate1d(e, [1, -2, 1], 0, None, how)

    parts = [along(g, m, "laplace", [(k, one(how))]) for k, how in enumerate(each(mode, ndim))]
    return restore(np.sum(parts, axis=0), m)


# Weights of any form


def taps(function: str, shape: tuple[int, ...], weights: Any, mode: Any, origin: Any) -> Iterator[Any]:
    """For each weight: its index, and which entry each result reads for it (by axes), and whether there is one."""
    w = np.asarray(weights)
    one = ndimage.correlate1d if function == "correlate" else ndimage.convolve1d
    modes, origins = each(mode, w.ndim), each(origin, w.ndim)
    table = []
    for axis, n in enumerate(shape):
        row = []
        for unit in np.eye(w.shape[axis]):
            matrix = one(np.eye(n), unit, 0, None, modes[axis], 0.0, origins[axis])
            row.append((np.argmax(matrix, axis=1), np.any(matrix, axis=1)))
        table.append(row)
    for index in np.ndindex(w.shape):
        parts = [table[axis][k] for axis, k in enumerate(index)]
        inside = np.ones((), bool)
        for axis, (_, there) in enumerate(parts):
            inside = inside & np.reshape(there, [-1 if k == axis else 1 for k in range(len(shape))])
        yield index, np.ix_(*(where for where, _ in parts)), inside


def image_back(g: Array, m: Form, function: str, weights: Any, mode: Any, origin: Any) -> Tangent:
    """The cotangent of the image of a filter with any weights."""
    w = np.asarray(weights)
    t = np.zeros(shape_of(m), np.result_type(g, w))
    for index, where, inside in taps(function, t.shape, w, mode, origin):
        np.add.at(t, where, np.where(inside, g * w[index], 0.0))
    return restore(t, m)


def weights_back(
    g: Array, image: Any, function: str, weights: Any, mode: Any, cval: Any, origin: Any
) -> Tangent:
    """The cotangent of the weights."""
    x = np.asarray(image)
    t = np.zeros(np.shape(weights), np.result_type(g, x))
    for index, where, inside in taps(function, x.shape, weights, mode, origin):
        t[index] = np.sum(g * np.where(inside, x[where], cval))
    return restore(t, form(weights))


def weights1d_back(g: Array, f: Callable[[Array], Array], weights: Any) -> Tangent:
    """The cotangent of the weights of a filter along one axis."""
    return restore(np.array([np.sum(g * f(unit)) for unit in np.eye(len(weights))]), form(weights))


# Geometry


def stretched_back(g: Array, m: Form, name: str, amounts: Any, order: Any, mode: Any, grid_mode: Any) -> Tangent:
    """The cotangent of an image that was shifted or zoomed: both do so along each axis by itself."""
    ndim = len(shape_of(m))

    def one(amount: float) -> Callable[[Array], Any]:
        if name == "shift":
            return lambda e: ndimage.shift(e, (amount, 0.0), None, order, mode)
        return lambda e: ndimage.zoom(e, (amount, 1.0), None, order, mode, grid_mode=grid_mode)

    return along(g, m, name, [(k, one(float(a))) for k, a in enumerate(each(amounts, ndim))])


def corners(shape: tuple[int, ...], coordinates: Any, order: int, mode: str) -> Iterator[Any]:
    """For each of a cell's corners: its indices, weight, and the weight's derivative in each coordinate."""
    if order not in (0, 1) or mode not in ("constant", "nearest"):
        refuse(
            "the derivative of scipy.ndimage.map_coordinates covers order 0 and 1, and the modes 'constant' and "
            f"'nearest', not order={order}, mode={mode!r}"
        )
    low, fraction, rate = [], [], []
    inside: Any = True
    for n, x in zip(shape, np.asarray(coordinates, float), strict=True):
        within = (x >= 0) & (x <= n - 1)
        if mode == "constant":
            inside = inside & within
        x = np.clip(x, 0, n - 1)
        cell = np.floor(x + 0.5) if order == 0 else np.minimum(np.floor(x), max(n - 2, 0))
        low.append(cell.astype(np.intp))
        fraction.append(np.zeros_like(x) if order == 0 else x - cell)
        rate.append(np.where(within, 0.0 if order == 0 else 1.0, 0.0))
    for corner in np.ndindex((1 if order == 0 else 2,) * len(shape)):
        factors = [f if c else 1.0 - f for f, c in zip(fraction, corner, strict=True)]
        where = tuple(np.minimum(i + c, n - 1) for i, c, n in zip(low, corner, shape, strict=True))
        slopes = []
        for axis, c in enumerate(corner):
            others = np.prod([f for k, f in enumerate(factors) if k != axis], axis=0) if len(shape) > 1 else 1.0
            slopes.append(inside * others * rate[axis] * (1.0 if c else -1.0))
        yield where, inside * np.prod(factors, axis=0), np.array(slopes)


def sampled_back(g: Array, m: Form, coordinates: Any, order: int, mode: str) -> Tangent:
    """The cotangent of an image that was read at coordinates."""
    t = np.zeros(shape_of(m), g.dtype)
    for where, weight, _ in corners(t.shape, coordinates, order, mode):
        np.add.at(t, where, g * weight)
    return restore(t, m)


def coordinate_slopes(image: Any, coordinates: Any, order: int, mode: str) -> Array:
    """The derivative of each value in each of its coordinates."""
    x = np.asarray(image)
    return np.asarray(sum(x[where] * s for where, _, s in corners(x.shape, coordinates, order, mode)))


_MORE = "mode='reflect', cval=0.0"
rule(
    ndimage.gaussian_filter1d,
    f"input, sigma, axis=-1, order=0, *, {_MORE}, truncate=4.0, radius=None",
    input="linear_back(g, form(input), 'scipy.ndimage.gaussian_filter1d', lambda e:"
    " ndimage.gaussian_filter1d(e, sigma, 0, order, mode=mode, truncate=truncate, radius=radius), axis)",
    input_dot="ndimage.gaussian_filter1d(input_dot, sigma, axis, order, mode=mode, truncate=truncate, radius=radius)",
    _returns="array",
)
rule(
    ndimage.gaussian_filter,
    f"input, sigma, order=0, *, {_MORE}, truncate=4.0, radius=None, axes=None",
    input="gaussian_back(g, form(input), (sigma, order, mode, truncate, radius), axes)",
    input_dot="ndimage.gaussian_filter(input_dot, sigma, order,"
    " mode=mode, truncate=truncate, radius=radius, axes=axes)",
    _returns="array",
)
rule(
    ndimage.uniform_filter1d,
    f"input, size, axis=-1, *, {_MORE}, origin=0",
    input="linear_back(g, form(input), 'scipy.ndimage.uniform_filter1d',"
    " lambda e: ndimage.uniform_filter1d(e, size, 0, mode=mode, origin=origin), axis)",
    input_dot="ndimage.uniform_filter1d(input_dot, size, axis, mode=mode, origin=origin)",
    _returns="array",
)
rule(
    ndimage.uniform_filter,
    f"input, size=3, *, {_MORE}, origin=0, axes=None",
    input="uniform_back(g, form(input), (size, mode, origin), axes)",
    input_dot="ndimage.uniform_filter(input_dot, size, mode=mode, origin=origin, axes=axes)",
    _returns="array",
)
for _name in ("correlate1d", "convolve1d"):
    rule(
        getattr(ndimage, _name),
        f"input, weights, axis=-1, *, {_MORE}, origin=0",
        input=f"linear_back(g, form(input), 'scipy.ndimage.{_name}',"
        f" lambda e: ndimage.{_name}(e, weights, 0, mode=mode, origin=origin), axis)",
        weights=f"weights1d_back(g, lambda w: ndimage.{_name}(input, w, axis,"
        " mode=mode, cval=cval, origin=origin), weights)",
        input_dot=f"ndimage.{_name}(input_dot, weights, axis, mode=mode, origin=origin)",
        weights_dot=f"ndimage.{_name}(input, weights_dot, axis, mode=mode, cval=cval, origin=origin)",
        _returns="array",
    )
for _name in ("correlate", "convolve"):
    rule(
        getattr(ndimage, _name),
        f"input, weights, *, {_MORE}, origin=0",
        input=f"image_back(g, form(input), '{_name}', weights, mode, origin)",
        weights=f"weights_back(g, input, '{_name}', weights, mode, cval, origin)",
        input_dot=f"ndimage.{_name}(input_dot, weights, mode=mode, origin=origin)",
        weights_dot=f"ndimage.{_name}(input, weights_dot, mode=mode, cval=cval, origin=origin)",
        _returns="array",
    )
for _name in ("sobel", "prewitt"):
    rule(
        getattr(ndimage, _name),
        f"input, axis=-1, *, {_MORE}",
        input=f"edge_back(g, form(input), '{_name}', axis, mode)",
        input_dot=f"ndimage.{_name}(input_dot, axis, mode=mode)",
        _returns="array",
    )
rule(
    ndimage.laplace,
    f"input, *, {_MORE}",
    input="laplace_back(g, form(input), mode)",
    input_dot="ndimage.laplace(input_dot, mode=mode)",
    _returns="array",
)
_SPLINE = "order=3, mode='constant', cval=0.0, prefilter=True"
rule(
    ndimage.shift,
    f"input, shift, *, {_SPLINE}",
    input="stretched_back(g, form(input), 'shift', shift, order, mode, False)",
    input_dot="ndimage.shift(input_dot, shift, order=order, mode=mode)",
    _returns="array",
)
rule(
    ndimage.zoom,
    f"input, zoom, *, {_SPLINE}, grid_mode=False",
    input="stretched_back(g, form(input), 'zoom', zoom, order, mode, grid_mode)",
    input_dot="ndimage.zoom(input_dot, zoom, order=order, mode=mode, grid_mode=grid_mode)",
    _returns="array",
)
rule(
    ndimage.map_coordinates,
    f"input, coordinates, *, {_SPLINE}",
    input="sampled_back(g, form(input), coordinates, order, mode)",
    coordinates="restore(g * coordinate_slopes(input, coordinates, order, mode), form(coordinates))",
    input_dot="ndimage.map_coordinates(np.asarray(input_dot), coordinates, order=order, mode=mode)",
    coordinates_dot="np.sum(coordinate_slopes(input, coordinates, order, mode) * coordinates_dot, axis=0)",
    _returns="array",
)

# Places, labels and masks
for _flat in (
    *("label", "find_objects", "maximum_position", "minimum_position", "generate_binary_structure"),
    *("iterate_structure", "binary_closing", "binary_dilation", "binary_erosion", "binary_fill_holes"),
    *("binary_hit_or_miss", "binary_opening", "binary_propagation"),
):
    constant(getattr(ndimage, _flat))
