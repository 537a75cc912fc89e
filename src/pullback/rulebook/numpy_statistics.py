"""Derivatives of NumPy's averages, variances and order statistics.

    np.mean(a)    ->  g / n, at every entry
    np.var(a)     ->  g * 2 (a - mean) / (n - ddof)
    np.median(a)  ->  g at the middle entry, half of it at either of two; equal entries share equally

The standard deviation of equal entries has the derivative 0. Functions that ignore NaN give it none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.errors import DifferentiabilityError
from pullback.rulebook.array_likes import Form, form, shape_of
from pullback.rulebook.numpy_reductions import axes_of, lanes, onto, onto_form, reduced_count, restored, unlanes
from pullback.rulebook.numpy_reductions import counted as counted  # the templates use it
from pullback.rules import rule


def mean_pullback(g: Any, m: Form, axis: Any, keepdims: Any, where: Any) -> Any:
    """The cotangent of a mean: g / n."""
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


def var_pullback(g: Any, a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, where: Any) -> Any:
    """The cotangent of a variance, g 2 conj(a - mean) / (n - ddof): the mean's own part adds up to 0."""
    x = np.asarray(a)
    deviation = x - np.mean(x, axis=axis, dtype=dtype, keepdims=True, where=where)
    if np.iscomplexobj(deviation):
        deviation = np.conj(deviation)
    freedom = reduced_count(x.shape, axis, where) - ddof
    t = restored(g, x.ndim, axis, keepdims)
    if where is True:
        return onto(t * (2.0 / float(freedom) if freedom > 0 else np.nan) * deviation, a)
    return onto(np.where(where, t * (2.0 / np.where(freedom > 0, freedom, np.nan)) * deviation, 0.0), a)


def std_pullback(g: Any, y: Any, a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, where: Any) -> Any:
    """The cotangent of y = sqrt(var a), taken as 0 where y is 0."""
    flat = y == 0
    half = np.where(flat, 0.0, 0.5 * g / np.where(flat, 1.0, y))
    return var_pullback(half, a, axis, dtype, ddof, keepdims, where)


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
    chosen = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}.get(method)
    if chosen is None:
        raise DifferentiabilityError(f"the derivative of np.quantile does not cover method={method!r}")
    return chosen(position).astype(np.intp), 0.0, 0.0


def entries_at(ordered: Any, index: Any) -> Any:
    """One entry of each lane, each at its own index."""
    where = np.broadcast_to(index, ordered.shape[:-1])
    return np.take_along_axis(ordered, np.expand_dims(where, -1), axis=-1)


def shared(g: Any, entries: Any, value: Any, y: Any) -> Any:
    """g to the entries that equal the value, equally; to the NaN ones where NaN made the result NaN."""
    hit = (entries == value) & ~np.isnan(y) | (np.isnan(entries) & np.isnan(y))
    return np.where(hit, g / np.maximum(np.sum(hit, axis=-1, keepdims=True), 1), 0.0)


def quantile_pullback(g: Any, y: Any, a: Any, q: Any, axis: Any, method: str, skip_nan: bool) -> Any:
    """g to the two entries that a quantile lies between, by their weights."""
    x = np.asarray(a)
    entries = lanes(x, axis)
    if entries.size == 0:
        return onto(np.zeros(x.shape), a)
    ordered = np.sort(entries, axis=-1)
    count = np.sum(~np.isnan(entries), axis=-1) if skip_nan else entries.shape[-1]
    each = np.ravel(q)
    cotangents = np.reshape(g, (each.size, *entries.shape[:-1], 1))
    values = np.reshape(y, cotangents.shape)
    t = np.zeros(entries.shape)
    for k in range(each.size):
        low, fraction, _ = rank(count, each[k], method)
        above = np.expand_dims(fraction, -1)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        t = t + shared(cotangents[k] * (1.0 - above), entries, entries_at(ordered, low), values[k])
        t = t + shared(cotangents[k] * above, entries, entries_at(ordered, high), values[k])
    return onto(unlanes(t, x.shape, axis), a)


def quantile_level(g: Any, a: Any, q: Any, axis: Any, method: str, skip_nan: bool) -> Any:
    """The cotangent of q: the step between the two neighbouring entries, times d position/dq."""
    entries = lanes(np.asarray(a), axis)
    ordered = np.sort(entries, axis=-1)
    count = np.sum(~np.isnan(entries), axis=-1) if skip_nan else entries.shape[-1]
    each = np.ravel(q)
    cotangents = np.reshape(g, (each.size, *entries.shape[:-1]))
    parts = []
    for k in range(each.size):
        low, _, rate = rank(count, each[k], method)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        step = (entries_at(ordered, high) - entries_at(ordered, low))[..., 0]
        parts.append(np.sum(cotangents[k] * step * rate))
    return np.reshape(np.stack(parts), np.shape(q))


for _mean in (np.mean, np.ndarray.mean, np.generic.mean):
    rule(
        _mean,
        "a, axis=None, dtype=None, *, keepdims=False, where=True",
        a="mean_pullback(g, form(a), axis, keepdims, where)",
    )
rule(
    np.nanmean,
    "a, axis=None, dtype=None, *, keepdims=False, where=True",
    a="mean_pullback(g, form(a), axis, keepdims, counted(a, where))",
)
rule(
    np.average,
    "a, axis=None, weights=None, *, keepdims=False",
    a="average_pullback(g, a, axis, weights, keepdims)",
    weights="average_weights(g, y, a, axis, weights, keepdims)",
)
# `correction` is the array API's name of ddof; NumPy lets one of the two be other than 0
_SPREAD = "a, axis=None, dtype=None, *, ddof=0, keepdims=False, where=True, correction=0"
for _var in (np.var, np.ndarray.var, np.generic.var):
    rule(_var, _SPREAD, a="var_pullback(g, a, axis, dtype, ddof + correction, keepdims, where)")
for _std in (np.std, np.ndarray.std, np.generic.std):
    rule(_std, _SPREAD, a="std_pullback(g, y, a, axis, dtype, ddof + correction, keepdims, where)")
rule(np.nanvar, _SPREAD, a="var_pullback(g, a, axis, dtype, ddof + correction, keepdims, counted(a, where))")
rule(np.nanstd, _SPREAD, a="std_pullback(g, y, a, axis, dtype, ddof + correction, keepdims, counted(a, where))")
for _median, _skips in ((np.median, False), (np.nanmedian, True)):
    rule(_median, "a, axis=None, *, keepdims=False", a=f"quantile_pullback(g, y, a, 0.5, axis, 'linear', {_skips})")
for _quantile, _skips in ((np.quantile, False), (np.nanquantile, True)):
    rule(
        _quantile,
        "a, q, axis=None, *, method='linear', keepdims=False",
        a=f"quantile_pullback(g, y, a, q, axis, method, {_skips})",
        q=f"onto(quantile_level(g, a, q, axis, method, {_skips}), q)",
    )
for _percentile, _skips in ((np.percentile, False), (np.nanpercentile, True)):
    rule(
        _percentile,
        "a, q, axis=None, *, method='linear', keepdims=False",
        a=f"quantile_pullback(g, y, a, np.true_divide(q, 100), axis, method, {_skips})",
        q=f"onto(quantile_level(g, a, np.true_divide(q, 100), axis, method, {_skips}) / 100, q)",
    )
