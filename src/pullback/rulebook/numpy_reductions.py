"""Derivatives of NumPy's sums, products and extrema over axes.

    np.sum(a, axis=1)  ->  g, repeated along axis 1
    np.max(a)          ->  g at the largest entry, shared equally among ties

Where a result of max, min or ptp is NaN, the NaN entries share the cotangent.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Form, Shape, form, restore, shape_of
from pullback.rules import constant, rule
from pullback.tangents import ZERO


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The reduced axes of an array, counted from 0. A scalar has none, although NumPy accepts its axes 0 and -1."""
    if ndim == 0:
        return ()
    if axis is None:
        return tuple(range(ndim))
    return tuple(int(k) % ndim for k in (axis if isinstance(axis, tuple) else (axis,)))


def restored(t: Any, ndim: int, axis: Any, keepdims: Any) -> Any:
    """A reduced array with its reduced axes put back, of length 1."""
    if axis is None or ndim == 0:
        return np.reshape(t, (1,) * ndim)
    return t if keepdims else np.expand_dims(t, axis)


def onto_form(t: Any, m: Form) -> Any:
    """A cotangent that broadcasts to the operand with the form `m`, in its space."""
    shape = shape_of(m)
    if np.shape(t) != shape:
        t = np.full(shape, t)  # a new array: a read-only view could not be accumulated into
    return restore(t, m)


def onto(t: Any, a: Any) -> Any:
    """A cotangent that broadcasts to the operand `a`, in the space of `a`: an array, a number or a nested list."""
    return onto_form(t, form(a))


def reduced_count(shape: Shape, axis: Any, where: Any) -> Any:
    """How many entries went into each reduced one: an int, or an array for a `where` mask."""
    if where is not True:
        return np.sum(np.broadcast_to(where, shape), axis=axis, keepdims=True)
    count = 1
    for k in axes_of(axis, len(shape)):
        count *= shape[k]
    return count


def lanes(x: Any, axis: Any) -> Any:
    """The array with its reduced axes moved to the end and joined there."""
    axes = axes_of(axis, x.ndim)
    kept = tuple(k for k in range(x.ndim) if k not in axes)
    return np.reshape(np.transpose(x, kept + axes), (*(x.shape[k] for k in kept), reduced_count(x.shape, axis, True)))


def unlanes(t: Any, shape: Shape, axis: Any) -> Any:
    """The inverse of `lanes`, for an array of the given shape."""
    axes = axes_of(axis, len(shape))
    order = tuple(k for k in range(len(shape)) if k not in axes) + axes
    back = tuple(order.index(k) for k in range(len(shape)))
    return np.transpose(np.reshape(t, tuple(shape[k] for k in order)), back)


REAL_NUMBERS = (float, np.float64, np.float32)


def filled_with(g: Any, m: Form) -> Any:
    """A real number for every entry of an array with the form `m`."""
    shape, dtype = m
    if dtype.kind not in "fc":
        return ZERO
    t = np.empty(shape, dtype)
    t.fill(g)
    return t


def sum_pullback(g: Any, m: Form, axis: Any, keepdims: Any, where: Any) -> Any:
    """The cotangent of a sum, repeated to every term."""
    if axis is None and where is True and m.__class__ is tuple and g.__class__ in REAL_NUMBERS:
        return filled_with(g, m)
    t = restored(g, len(shape_of(m)), axis, keepdims)
    return onto_form(t if where is True else np.where(where, t, 0.0), m)


def products_of_others(f: Any, dtype: Any) -> Any:
    """Along the last axis, each entry's product of all the others: a sweep from either end, no division."""
    one = np.ones_like(f[..., :1])
    before = np.cumprod(np.concatenate((one, f[..., :-1]), axis=-1), axis=-1, dtype=dtype)
    after = np.cumprod(np.concatenate((one, f[..., :0:-1]), axis=-1), axis=-1, dtype=dtype)
    return before * after[..., ::-1]


def prod_slopes(a: Any, axis: Any, dtype: Any, initial: Any, where: Any) -> Any:
    """The product of the other factors, for each entry: right with zeros among them."""
    x = np.asarray(a)
    f = x if where is True else np.where(where, x, 1.0)
    others = initial * unlanes(products_of_others(lanes(f, axis), dtype), x.shape, axis)
    return others if where is True else np.where(where, others, 0.0)


def prod_pullback(g: Any, a: Any, axis: Any, dtype: Any, keepdims: Any, initial: Any, where: Any) -> Any:
    """g times the product of the other factors."""
    return onto(restored(g, np.ndim(a), axis, keepdims) * prod_slopes(a, axis, dtype, initial, where), a)


def prod_tangent(a_dot: Any, y: Any, a: Any, axis: Any, dtype: Any, keepdims: Any, initial: Any, where: Any) -> Any:
    """The sum over the factors of ȧ times the product of the others."""
    return fit(np.sum(prod_slopes(a, axis, dtype, initial, where) * a_dot, axis=axis, keepdims=keepdims), y)


def attained(y: Any, a: Any, axis: Any, keepdims: Any, where: Any) -> Any:
    """Where the entries of `a` equal the extremum y of their lane."""
    x = np.asarray(a)
    top = restored(y, x.ndim, axis, keepdims)
    hit = x == top
    if np.any(np.isnan(top)):
        hit = hit | (np.isnan(x) & np.isnan(top))
    return hit if where is True else hit & where


def extremum_pullback(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, where: Any) -> Any:
    """g to the entries that equal the extremum, shared equally among them."""
    hit = attained(y, a, axis, keepdims, where)
    count = np.maximum(np.sum(hit, axis=axis, keepdims=True), 1)
    t = restored(g, np.ndim(a), axis, keepdims)
    return onto(np.where(hit, (t / count).astype(t.dtype), 0.0), a)


def extremum_tangent(a_dot: Any, y: Any, a: Any, axis: Any, keepdims: Any, where: Any) -> Any:
    """The mean tangent of the entries that equal the extremum; 0 where the initial value is it."""
    hit = attained(y, a, axis, keepdims, where)
    count = np.maximum(np.sum(hit, axis=axis, keepdims=keepdims), 1)
    return fit(np.sum(np.where(hit, a_dot, 0.0), axis=axis, keepdims=keepdims) / count, y)


def initial_tangent(initial_dot: Any, y: Any, a: Any, axis: Any, keepdims: Any, where: Any) -> Any:
    """The tangent of the initial value where no entry of `a` reaches as far."""
    hit = np.any(attained(y, a, axis, keepdims, where), axis=axis, keepdims=keepdims)
    return fit(np.where(hit, 0.0, initial_dot), y)


def extremum_initial(g: Any, y: Any, a: Any, axis: Any, keepdims: Any, where: Any, initial: Any) -> Any:
    """g to the initial value where no entry of `a` reaches as far."""
    hit = np.any(attained(y, a, axis, keepdims, where), axis=axis, keepdims=True)
    return fit(np.where(hit, 0.0, restored(g, np.ndim(a), axis, keepdims)), initial)


def ptp_pullback(g: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    """g to the largest entries and -g to the smallest."""
    t = restored(g, np.ndim(a), axis, keepdims)
    top = np.max(a, axis=axis, keepdims=True)
    bottom = np.min(a, axis=axis, keepdims=True)
    up = extremum_pullback(t, top, np.asarray(a), axis, True, True)
    return onto(up - extremum_pullback(t, bottom, np.asarray(a), axis, True, True), a)


def ptp_tangent(a_dot: Any, y: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    """The mean tangent of the largest entries less that of the smallest."""
    top, bottom = np.max(a, axis=axis, keepdims=keepdims), np.min(a, axis=axis, keepdims=keepdims)
    up = extremum_tangent(a_dot, top, a, axis, keepdims, True)
    return fit(up - extremum_tangent(a_dot, bottom, a, axis, keepdims, True), y)


def counted(a: Any, where: Any) -> Any:
    """The entries that a reduction ignoring NaN looks at."""
    return ~np.isnan(a) if where is True else ~np.isnan(a) & where


_SUM = "sum_pullback(g, form(a), axis, keepdims, {where})"
_SUM_DOT = "fit(np.sum(a_dot, axis, dtype, keepdims=keepdims, where={where}), y)"
_PROD = "prod_pullback(g, a, axis, dtype, keepdims, initial, {where})"
_PROD_DOT = "prod_tangent(a_dot, y, a, axis, dtype, keepdims, initial, {where})"
_OTHERS = "np.{name}(a, axis=axis, dtype=dtype, keepdims=keepdims, where=where)"

for _sum, _where in (
    *((f, "where") for f in (np.sum, np.ndarray.sum, np.generic.sum)),
    (np.nansum, "counted(a, where)"),
):
    rule(
        _sum,
        "a, axis=None, dtype=None, *, keepdims=False, initial=0, where=True",
        a=_SUM.format(where=_where),
        a_dot=_SUM_DOT.format(where=_where),
        initial="fit(g, initial)",
        initial_dot="fit(initial_dot, y)",
    )
for _prod, _where in (
    *((f, "where") for f in (np.prod, np.ndarray.prod, np.generic.prod)),
    (np.nanprod, "counted(a, where)"),
):
    _others = _OTHERS.format(name="prod" if _where == "where" else "nanprod")
    rule(
        _prod,
        "a, axis=None, dtype=None, *, keepdims=False, initial=1, where=True",
        a=_PROD.format(where=_where),
        a_dot=_PROD_DOT.format(where=_where),
        initial=f"fit(g * {_others}, initial)",
        initial_dot=f"fit(initial_dot * {_others}, y)",
    )
for _extremum in (
    *(np.max, np.amax, np.ndarray.max, np.generic.max, np.nanmax),
    *(np.min, np.amin, np.ndarray.min, np.generic.min, np.nanmin),
):
    rule(
        _extremum,
        "a, axis=None, *, keepdims=False, initial=None, where=True",
        a="extremum_pullback(g, y, a, axis, keepdims, where)",
        a_dot="extremum_tangent(a_dot, y, a, axis, keepdims, where)",
        initial="extremum_initial(g, y, a, axis, keepdims, where, initial)",
        initial_dot="initial_tangent(initial_dot, y, a, axis, keepdims, where)",
    )
rule(
    np.ptp,
    "a, axis=None, *, keepdims=False",
    a="ptp_pullback(g, a, axis, keepdims)",
    a_dot="ptp_tangent(a_dot, y, a, axis, keepdims)",
)

# Positions, counts and flags
constant(np.argmax, np.argmin, np.argsort, np.argpartition, np.nanargmax, np.nanargmin, np.lexsort, returns="numeric")
constant(np.searchsorted, np.digitize, np.count_nonzero, np.argwhere, np.flatnonzero, returns="numeric")
constant(np.any, np.all, returns="numeric")
constant(np.nonzero, returns="tuple")
for _kind in (np.ndarray, np.generic):
    constant(_kind.argmax, _kind.argmin, _kind.argsort, _kind.searchsorted, _kind.any, _kind.all, returns="numeric")
    constant(_kind.nonzero, returns="tuple")
constant(np.ndarray.argpartition, returns="numeric")
