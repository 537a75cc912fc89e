"""Derivatives of NumPy's averages, variances and order statistics.

    np.mean(a)    ->  g / n, at every entry
    np.var(a)     ->  g * 2 (a - mean) / (n - ddof)
    np.median(a)  ->  g at the middle entry, half of it at either of two; equal entries share equally

The standard deviation of equal entries has the derivative 0. Functions that ignore NaN give it none.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Form, form, restore, shape_of
from pullback.rulebook.numpy_reductions import (
    REAL_NUMBERS,
    axes_of,
    filled_with,
    lanes,
    onto,
    onto_form,
    reduced_count,
    restored,
    unlanes,
)
from pullback.rulebook.numpy_reductions import counted as counted  # the templates use it
from pullback.rules import rule
from pullback.tangents import ZERO


def mean_pullback(g: Any, m: Form, axis: Any, keepdims: Any, where: Any) -> Any:
    """The cotangent of a mean: g / n."""
    if axis is None and where is True and m.__class__ is tuple and g.__class__ in REAL_NUMBERS:
        return filled_with(g / max(math.prod(m[0]), 1), m)
    shape = shape_of(m)
    t = restored(g, len(shape), axis, keepdims)
    count = reduced_count(shape, axis, where)
    if where is True:
        return onto_form(t / max(count, 1), m)
    return onto_form(np.where(where, t / np.maximum(count, 1), 0.0), m)


def weights_along(weights: Any, a: Any, axis: Any) -> Any:
    """The weights of an average, with an axis for each axis of `a`: they may be given for the averaged ones alone."""
    w = np.asarray(weights)
    shape = np.shape(a)
    if w.shape == shape:
        return w
    axes = axes_of(axis, len(shape))
    full = tuple(n if k in axes else 1 for k, n in enumerate(shape))
    return np.reshape(np.transpose(w, np.argsort(axes)), full)


def weights_back(t: Any, weights: Any, axis: Any) -> Any:
    """The adjoint of `weights_along`, for a cotangent `t` of the shape of `a`."""
    if np.shape(weights) != t.shape:
        axes = axes_of(axis, t.ndim)
        order = np.argsort(axes)
        t = np.sum(t, axis=tuple(k for k in range(t.ndim) if k not in axes))
        t = np.transpose(t, np.argsort(order))
    return onto(t, weights)


def average_pullback(g: Any, a: Any, axis: Any, weights: Any, keepdims: Any) -> Any:
    """The cotangent of y = Σ w a / Σ w: g w / Σ w."""
    if weights is None:
        return mean_pullback(g, form(a), axis, keepdims, True)
    w = weights_along(weights, a, axis) + np.zeros(np.shape(a))
    return onto(restored(g, np.ndim(a), axis, keepdims) * w / np.sum(w, axis=axis, keepdims=True), a)


def average_weights(g: Any, y: Any, a: Any, axis: Any, weights: Any, keepdims: Any) -> Any:
    """The cotangent of the weights of y = Σ w a / Σ w: g (a - y) / Σ w."""
    w = weights_along(weights, a, axis) + np.zeros(np.shape(a))
    deviation = np.asarray(a) - restored(y, np.ndim(a), axis, keepdims)
    t = restored(g, np.ndim(a), axis, keepdims) * deviation / np.sum(w, axis=axis, keepdims=True)
    return weights_back(t, weights, axis)


def weights_tangent(w_dot: Any, y: Any, a: Any, axis: Any, weights: Any, keepdims: Any) -> Any:
    """The tangent of y = Σ w a / Σ w through its weights: Σ ẇ (a - y) / Σ w."""
    zeros = np.zeros(np.shape(a))
    w = weights_along(weights, a, axis) + zeros
    change = (weights_along(w_dot, a, axis) + zeros) * (np.asarray(a) - restored(y, np.ndim(a), axis, keepdims))
    return fit(np.sum(change, axis=axis, keepdims=keepdims) / np.sum(w, axis=axis, keepdims=keepdims), y)


def average_parts(g: Any, a: Any, y: Any, axis: Any, weights: Any, keepdims: Any) -> Any:
    """The cotangent of `a` where the sum of the weights is returned too, which does not depend on it."""
    return average_pullback(np.zeros(np.shape(y[0])) if g[0] is ZERO else g[0], a, axis, weights, keepdims)


def weight_parts(g: Any, y: Any, a: Any, axis: Any, weights: Any, keepdims: Any) -> Any:
    """The cotangent of the weights where their sum is returned too."""
    of_average, of_sum = (np.zeros(np.shape(v)) if t is ZERO else t for t, v in zip(g, y, strict=True))
    t = average_weights(of_average, y[0], a, axis, weights, keepdims)
    everywhere = restored(of_sum, np.ndim(a), axis, keepdims) + np.zeros(np.shape(a))
    return t + weights_back(everywhere, weights, axis)


def average_tangent(a_dot: Any, y: Any, axis: Any, weights: Any, keepdims: Any, returned: Any) -> Any:
    """The tangent of an average by its entries, in which it is linear."""
    t = np.average(a_dot, axis, weights, keepdims=keepdims)
    return (fit(t, y[0]), ZERO) if returned else fit(t, y)


def all_weights_tangent(w_dot: Any, y: Any, a: Any, axis: Any, weights: Any, keepdims: Any, returned: Any) -> Any:
    """The tangent of an average by its weights, and of their sum if that is returned."""
    if not returned:
        return weights_tangent(w_dot, y, a, axis, weights, keepdims)
    spread = weights_along(w_dot, a, axis) + np.zeros(np.shape(a))
    of_sum = np.sum(spread, axis=axis, keepdims=keepdims)
    return weights_tangent(w_dot, y[0], a, axis, weights, keepdims), fit(of_sum, y[1])


def var_slopes(a: Any, axis: Any, dtype: Any, ddof: Any, where: Any, mean: Any) -> Any:
    """How a variance changes with each entry, 2 conj(a - mean) / (n - ddof): the mean's own part adds up to 0."""
    x = np.asarray(a)
    deviation = x - (np.mean(x, axis=axis, dtype=dtype, keepdims=True, where=where) if mean is None else mean)
    if np.iscomplexobj(deviation):
        deviation = np.conj(deviation)
    freedom = reduced_count(x.shape, axis, where) - ddof
    if where is True:
        return (2.0 / float(freedom) if freedom > 0 else np.nan) * deviation
    return np.where(where, (2.0 / np.where(freedom > 0, freedom, np.nan)) * deviation, 0.0)


def var_pullback(g: Any, a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, where: Any, mean: Any) -> Any:
    """The cotangent of a variance."""
    return onto(restored(g, np.ndim(a), axis, keepdims) * var_slopes(a, axis, dtype, ddof, where, mean), a)


def var_mean(g: Any, a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, where: Any, mean: Any) -> Any:
    """The cotangent of the mean that a variance is taken about."""
    t = -restored(g, np.ndim(a), axis, keepdims) * var_slopes(a, axis, dtype, ddof, where, mean)
    return restore(t, form(mean))


def var_tangent(
    a_dot: Any, y: Any, a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, where: Any, mean: Any
) -> Any:
    """The tangent of a variance."""
    return fit(np.sum(var_slopes(a, axis, dtype, ddof, where, mean) * a_dot, axis=axis, keepdims=keepdims), y)


def half_over(g: Any, y: Any) -> Any:
    """g times the slope of the square root that is y, taken as 0 where y is 0."""
    flat = y == 0
    return np.where(flat, 0.0, 0.5 * g / np.where(flat, 1.0, y))


_ALPHA_BETA = {  # the continuous methods of Hyndman and Fan (1996), as np.quantile documents them
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}


def rank(count: Any, q: Any, method: str) -> tuple[Any, Any, Any]:
    """Where a quantile lies among `count` sorted entries: the index below, the fraction above it, d position/dq."""
    last = np.maximum(count - 1, 0)
    if method in _ALPHA_BETA:
        alpha, beta = _ALPHA_BETA[method]
        position = count * q + (alpha + q * (1.0 - alpha - beta)) - 1.0
        rate = np.where((position < 0) | (position > last), 0.0, count + (1.0 - alpha - beta))
        position = np.clip(position, 0, last)
        low = np.floor(position)
        return low.astype(np.intp), position - low, rate
    position = last * q
    if method == "midpoint":
        low = np.floor(position)
        return low.astype(np.intp), (np.ceil(position) - low) * 0.5, 0.0
    chosen = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[method]
    return chosen(position).astype(np.intp), 0.0, 0.0


# These jump from entry to entry as the level grows: which it was is seen from the result.
_JUMPING = ("inverted_cdf", "averaged_inverted_cdf", "closest_observation")


def jumped_to(entries: Any, value: Any, y: Any) -> Any:
    """The weights of the entries that a quantile is one of, or the mean of two neighbours of."""
    below = np.max(np.where(entries < value, entries, -np.inf), axis=-1, keepdims=True)
    above = np.min(np.where(entries > value, entries, np.inf), axis=-1, keepdims=True)
    halves = 0.5 * (share(entries, below, y) + share(entries, above, y))
    hit = np.any(entries == value, axis=-1, keepdims=True) | np.isnan(y)
    return np.where(hit, share(entries, value, y), halves)


def entries_at(ordered: Any, index: Any) -> Any:
    """One entry of each lane, each at its own index."""
    where = np.broadcast_to(index, ordered.shape[:-1])
    return np.take_along_axis(ordered, np.expand_dims(where, -1), axis=-1)


def share(entries: Any, value: Any, y: Any) -> Any:
    """Equal shares for the entries that equal the value; for the NaN ones where NaN made the result NaN."""
    hit = (entries == value) & ~np.isnan(y) | (np.isnan(entries) & np.isnan(y))
    return hit / np.maximum(np.sum(hit, axis=-1, keepdims=True), 1)


def quantile_shares(y: Any, a: Any, q: Any, axis: Any, method: str, skip_nan: bool) -> list[Any]:
    """For each q, the weights of the entries in that quantile: of the two that it lies between, in all lanes."""
    entries = lanes(np.asarray(a), axis)
    if entries.size == 0:
        return [np.zeros(entries.shape) for _ in np.ravel(q)]
    ordered = np.sort(entries, axis=-1)
    count = np.sum(~np.isnan(entries), axis=-1) if skip_nan else entries.shape[-1]
    shares = []
    for level, value in zip(np.ravel(q), np.reshape(y, (np.size(q), *entries.shape[:-1], 1)), strict=True):
        if method in _JUMPING:
            shares.append(jumped_to(entries, value, value))
            continue
        low, fraction, _ = rank(count, level, method)
        above = np.expand_dims(fraction, -1)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        part = above * share(entries, entries_at(ordered, high), value)
        shares.append((1.0 - above) * share(entries, entries_at(ordered, low), value) + part)
    return shares


def quantile_pullback(g: Any, y: Any, a: Any, q: Any, axis: Any, method: str, skip_nan: bool) -> Any:
    """g to the two entries that a quantile lies between, by their weights."""
    shape = np.shape(a)
    t = np.zeros(np.shape(lanes(np.asarray(a), axis)))
    cotangents = np.reshape(g, (np.size(q), *t.shape[:-1], 1))
    for each, part in zip(cotangents, quantile_shares(y, a, q, axis, method, skip_nan), strict=True):
        t = t + np.where(part == 0, 0.0, each * part)
    return onto(unlanes(t, shape, axis), a)


def quantile_tangent(a_dot: Any, y: Any, a: Any, q: Any, axis: Any, method: str, skip_nan: bool) -> Any:
    """The mean tangent of the two entries that a quantile lies between, by their weights."""
    change = lanes(np.asarray(a_dot), axis)
    parts = [np.sum(s * change, axis=-1) for s in quantile_shares(y, a, q, axis, method, skip_nan)]
    return fit(np.reshape(np.stack(parts), np.shape(y)), y)


def level_slopes(a: Any, q: Any, axis: Any, method: str, skip_nan: bool) -> Any:
    """The slopes of quantiles by their levels: the step between the two neighbours, times d position/dq."""
    if method in _JUMPING:
        return np.zeros((*np.shape(q), *np.shape(lanes(np.asarray(a), axis))[:-1]))
    entries = lanes(np.asarray(a), axis)
    ordered = np.sort(entries, axis=-1)
    count = np.sum(~np.isnan(entries), axis=-1) if skip_nan else entries.shape[-1]
    slopes = []
    for each in np.ravel(q):
        low, _, rate = rank(count, each, method)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        slopes.append((entries_at(ordered, high) - entries_at(ordered, low))[..., 0] * rate)
    return np.reshape(np.stack(slopes), (*np.shape(q), *entries.shape[:-1]))


def level_pullback(g: Any, a: Any, q: Any, axis: Any, method: str, skip_nan: bool) -> Any:
    """The cotangent of q."""
    slopes = level_slopes(a, q, axis, method, skip_nan)
    return np.sum(np.reshape(g, slopes.shape) * slopes, axis=tuple(range(np.ndim(q), slopes.ndim)))


def level_tangent(q_dot: Any, y: Any, a: Any, q: Any, axis: Any, method: str, skip_nan: bool) -> Any:
    """The tangent of quantiles through their levels."""
    slopes = level_slopes(a, q, axis, method, skip_nan)
    change = np.reshape(q_dot, (*np.shape(q), *(1,) * (slopes.ndim - np.ndim(q))))
    return fit(np.reshape(change * slopes, np.shape(y)), y)


for _mean in (np.mean, np.ndarray.mean, np.generic.mean):
    rule(
        _mean,
        "a, axis=None, dtype=None, *, keepdims=False, where=True",
        a="mean_pullback(g, form(a), axis, keepdims, where)",
        a_dot="np.mean(a_dot, axis, dtype, keepdims=keepdims, where=where)",
    )
rule(
    np.nanmean,
    "a, axis=None, dtype=None, *, keepdims=False, where=True",
    a="mean_pullback(g, form(a), axis, keepdims, counted(a, where))",
    a_dot="np.mean(a_dot, axis, dtype, keepdims=keepdims, where=counted(a, where))",
)
rule(
    np.average,
    "a, axis=None, weights=None, returned=False, *, keepdims=False",
    a="average_parts(g, a, y, axis, weights, keepdims) if returned"
    " else average_pullback(g, a, axis, weights, keepdims)",
    weights="weight_parts(g, y, a, axis, weights, keepdims) if returned"
    " else average_weights(g, y, a, axis, weights, keepdims)",
    a_dot="average_tangent(a_dot, y, axis, weights, keepdims, returned)",
    weights_dot="all_weights_tangent(weights_dot, y, a, axis, weights, keepdims, returned)",
    _returns="unknown",
)
# `correction` is the array API's name of ddof; NumPy lets one of the two be other than 0
_SPREAD = "a, axis=None, dtype=None, *, ddof=0, keepdims=False, where=True, mean=None, correction=0"
for _spread, _root, _where in (
    *((f, False, "where") for f in (np.var, np.ndarray.var, np.generic.var)),
    *((f, True, "where") for f in (np.std, np.ndarray.std, np.generic.std)),
    (np.nanvar, False, "counted(a, where)"),
    (np.nanstd, True, "counted(a, where)"),
):
    _rest = f"a, axis, dtype, ddof + correction, keepdims, {_where}, mean)"
    _g = "half_over(g, y)" if _root else "g"
    _along = f"var_tangent({{}}, y, {_rest}"
    if _root:
        _along = f"fit(half_over({_along}, y), y)"
    rule(
        _spread,
        _SPREAD,
        a=f"var_pullback({_g}, {_rest}",
        mean=f"var_mean({_g}, {_rest}",
        a_dot=_along.format("a_dot"),
        mean_dot=_along.format("np.multiply(-1.0, mean_dot)"),
    )
for _median, _skips in ((np.median, False), (np.nanmedian, True)):
    rule(
        _median,
        "a, axis=None, *, keepdims=False",
        a=f"quantile_pullback(g, y, a, 0.5, axis, 'linear', {_skips})",
        a_dot=f"quantile_tangent(a_dot, y, a, 0.5, axis, 'linear', {_skips})",
    )
for _quantile, _scale, _skips in (
    (np.quantile, 1, False),
    (np.nanquantile, 1, True),
    (np.percentile, 100, False),
    (np.nanpercentile, 100, True),
):
    _level = "q" if _scale == 1 else "np.true_divide(q, 100)"
    _rest = f"{_level}, axis, method, {_skips})"
    rule(
        _quantile,
        "a, q, axis=None, *, method='linear', keepdims=False, weights=None",
        a=f"quantile_pullback(g, y, a, {_rest}",
        a_dot=f"quantile_tangent(a_dot, y, a, {_rest}",
        q=f"onto(level_pullback(g, a, {_rest}" + (", q)" if _scale == 1 else " / 100, q)"),
        q_dot=f"level_tangent({'q_dot' if _scale == 1 else 'np.true_divide(q_dot, 100)'}, y, a, {_rest}",
    )
