"""Derivatives of the methods of NumPy's ufuncs: reduce, accumulate, outer.

    np.add.reduce(a)           ->  np.sum(a, axis=0)
    np.maximum.accumulate(a)   ->  g, to the entry that is the largest so far
    np.multiply.outer(a, b)    ->  the ufunc itself, of operands that broadcast

What is a function of NumPy already is differentiated as that function.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, form, refuse, restore
from pullback.rulebook.numpy_elementwise import unit
from pullback.rulebook.numpy_reductions import onto, restored
from pullback.rules import constant, rule, stands_in

IN_TEMPLATES = (form, restore)


def log_sum(ufunc: Any, array: Any, axis: Any, keepdims: bool) -> Any:
    """np.logaddexp.reduce, or logaddexp2: called by a name of its own, to have a rule of its own."""
    return ufunc.reduce(array, axis=axis, keepdims=keepdims)


def log_sum_slopes(ufunc: Any, y: Any, array: Any, axis: Any, keepdims: bool) -> Any:
    """The shares exp(a - y) of the terms, and their limits where y is infinite."""
    x = np.asarray(array)
    top = restored(y, x.ndim, axis, keepdims)
    exp = np.exp if ufunc is np.logaddexp else np.exp2
    if np.all(np.isfinite(top)):
        return exp(x - top)
    hit = x == top
    with np.errstate(invalid="ignore"):
        limit = hit / np.maximum(np.sum(hit, axis=axis, keepdims=True), 1)
        return np.where(np.isinf(top), limit, exp(x - top))


def length(array: Any, axis: Any, keepdims: bool) -> Any:
    """np.hypot.reduce, by a name of its own."""
    ufunc: Any = np.hypot
    return ufunc.reduce(array, axis=axis, keepdims=keepdims)


def directions(y: Any, array: Any, axis: Any, keepdims: bool) -> Any:
    """The entries over the length `y` of their lane, 0 where that is 0."""
    return unit(np.asarray(array), restored(y, np.ndim(array), axis, keepdims))


def spread_along(g: Any, slopes: Any, array: Any, axis: Any, keepdims: bool) -> Any:
    """The cotangent of entries with these slopes."""
    return onto(restored(g, np.ndim(array), axis, keepdims) * slopes, array)


def summed_along(array_dot: Any, slopes: Any, y: Any, axis: Any, keepdims: bool) -> Any:
    """The tangent of a result whose slopes by the entries these are."""
    return fit(np.sum(slopes * array_dot, axis=axis, keepdims=keepdims), y)


def running_extremum(ufunc: Any, array: Any, axis: int) -> Array:
    """np.maximum.accumulate, or minimum, by a name of its own."""
    out: Array = ufunc.accumulate(array, axis=axis)
    return out


def holder(array: Any, y: Array, axis: int) -> Array:
    """The place of the entry that is the extremum so far: the first that is as large."""
    x, top = np.moveaxis(np.asarray(array), axis, -1), np.moveaxis(y, axis, -1)
    risen = (x == top) | (np.isnan(x) & np.isnan(top))
    same = (top[..., 1:] == top[..., :-1]) | (np.isnan(top[..., 1:]) & np.isnan(top[..., :-1]))
    risen[..., 1:] &= ~same
    place = np.where(risen, np.arange(x.shape[-1]), 0)
    return np.moveaxis(np.maximum.accumulate(place, axis=-1), -1, axis)


def held_pullback(g: Array, place: Array, axis: int) -> Array:
    """Each entry's cotangent: the sum over the results that it holds."""
    t, index = np.moveaxis(g, axis, -1), np.moveaxis(place, axis, -1)
    out = np.zeros(t.shape, t.dtype)
    np.add.at(out, (*np.indices(t.shape, sparse=True)[:-1], index), t)
    return np.moveaxis(out, -1, axis)


REDUCTIONS: dict[Any, Any] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
RUNNING: dict[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}
LOG_SUMS = (np.logaddexp, np.logaddexp2)
EXTREMA = (np.maximum, np.minimum)


def reduce(ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False, **options: Any) -> Any:
    """`ufunc.reduce`."""
    if ufunc in REDUCTIONS:
        if dtype is not None:
            return REDUCTIONS[ufunc](array, axis=axis, dtype=dtype, keepdims=keepdims, **options)
        return REDUCTIONS[ufunc](array, axis=axis, keepdims=keepdims, **options)
    only_plain(ufunc, "reduce", dtype, options)
    if ufunc in LOG_SUMS:
        return log_sum(ufunc, array, axis, keepdims)
    return length(array, axis, keepdims)


def accumulate(ufunc: Any, array: Any, axis: int = 0, dtype: Any = None) -> Any:
    """`ufunc.accumulate`."""
    if ufunc in RUNNING:
        return RUNNING[ufunc](array, axis=axis, dtype=dtype)
    only_plain(ufunc, "accumulate", dtype, {})
    return running_extremum(ufunc, array, axis)


def sums_between(array: Any, indices: Any, axis: int, dtype: Any) -> Array:
    """np.add.reduceat, by a name of its own."""
    return np.add.reduceat(array, indices, axis, dtype)


def between(indices: Any, count: int) -> Array:
    """Which of `count` entries each result of reduceat sums, as a matrix of ones."""
    starts = np.asarray(indices)
    ends = np.append(starts[1:], count)
    ends = np.where(ends <= starts, starts + 1, ends)
    place = np.arange(count)
    inside = (place >= starts[:, None]) & (place < ends[:, None])
    return inside.astype(float)


def between_pullback(g: Any, array: Any, indices: Any, axis: int) -> Any:
    """Each entry's cotangent: the sum over the results that it is part of."""
    parts = between(indices, np.shape(array)[axis])
    return onto(np.moveaxis(np.tensordot(parts, np.asarray(g), ((0,), (axis,))), 0, axis), array)


def reduceat(ufunc: Any, array: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """`ufunc.reduceat`: for all but sums, each slice is reduced by itself."""
    if ufunc is np.add:
        return sums_between(array, indices, axis, dtype)
    rows = np.moveaxis(np.asarray(array), axis, 0)
    parts = [ufunc.reduce(rows[start:end], axis=0, dtype=dtype) for start, end in slices(indices, len(rows))]
    return np.moveaxis(np.stack(parts), 0, axis)


def slices(indices: Any, count: int) -> list[tuple[int, int]]:
    """The slices that reduceat reduces; one that would not end after its start is a single entry."""
    np.add.reduceat(np.zeros(count), indices)  # raises NumPy's own errors
    starts = [int(i) for i in np.asarray(indices)]
    return [(s, e if e > s else s + 1) for s, e in zip(starts, [*starts[1:], count], strict=True)]


def outer(ufunc: Any, a: Any, b: Any, **options: Any) -> Any:
    """`ufunc.outer`: every entry of one with every entry of the other."""
    if options:
        refuse(f"np.{ufunc.__name__}.outer has a derivative without options such as `out` only; assign its result")
    x, y = np.asarray(a), np.asarray(b)
    return ufunc(np.reshape(x, x.shape + (1,) * y.ndim), y)


def only_plain(ufunc: Any, method: str, dtype: Any, options: dict[str, Any]) -> None:
    """Refuse the ufuncs and options that have no derivative here."""
    known = (*LOG_SUMS, np.hypot) if method == "reduce" else EXTREMA
    if ufunc not in known:
        refuse(f"np.{ufunc.__name__}.{method} has no derivative; write it as a loop or with other functions")
    if dtype is not None or options:
        refuse(f"np.{ufunc.__name__}.{method} has a derivative with axis= and keepdims= only")


stands_in(np.ufunc.reduce, reduce)
stands_in(np.ufunc.accumulate, accumulate)
stands_in(np.ufunc.outer, outer)
stands_in(np.ufunc.reduceat, reduceat)
constant(only_plain, slices, holder)
rule(
    sums_between,
    "array, indices, axis, dtype",
    array="between_pullback(g, array, indices, axis)",
    _linear="array",
    _returns="array",
)
rule(
    log_sum,
    "ufunc, array, axis, keepdims",
    array="spread_along(g, log_sum_slopes(ufunc, y, array, axis, keepdims), array, axis, keepdims)",
    array_dot="summed_along(array_dot, log_sum_slopes(ufunc, y, array, axis, keepdims), y, axis, keepdims)",
)
rule(
    length,
    "array, axis, keepdims",
    array="spread_along(g, directions(y, array, axis, keepdims), array, axis, keepdims)",
    array_dot="summed_along(array_dot, directions(y, array, axis, keepdims), y, axis, keepdims)",
)
rule(
    running_extremum,
    "ufunc, array, axis",
    array="restore(held_pullback(g, holder(array, y, axis), axis), form(array))",
    array_dot="np.take_along_axis(np.asarray(array_dot), holder(array, y, axis), axis)",
    _returns="array",
)
rule(
    held_pullback,
    "g_, place, axis",
    g_="np.take_along_axis(g, place, axis)",
    _linear="g_",
    _returns="array",
)

