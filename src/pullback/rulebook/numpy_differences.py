"""Derivatives of NumPy's running sums and products, differences and integrals along an axis.

    np.cumsum(a)  ->  the running sum of g from the end
    np.diff(a)    ->  -diff of g between zeros

All but cumprod are linear; what is written here is their transpose.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Form, form, refuse, restore, shape_of, size_of, zeros_of
from pullback.rulebook.numpy_reductions import axes_of, onto
from pullback.rules import rule
from pullback.tangents import NO_TANGENT, ZERO


def reversed_cumsum(t: Any) -> Any:
    """The sum of each entry and all after it, along the last axis."""
    return np.cumsum(t[..., ::-1], axis=-1)[..., ::-1]


def last(t: Any, axis: Any) -> Any:
    """An array with `axis` moved to the end; flattened for an axis of None, as cumsum does."""
    return np.ravel(t) if axis is None or np.ndim(t) == 0 else np.moveaxis(t, axis, -1)


def unlast(t: Any, m: Form, axis: Any) -> Any:
    """The inverse of `last`, in the space of the operand with the form `m`."""
    shape = shape_of(m)
    return restore(np.reshape(t, shape) if axis is None or not shape else np.moveaxis(t, -1, axis), m)


def cumsum_pullback(g: Any, m: Form, axis: Any, first: int) -> Any:
    """The cotangent of running sums; `first` results do not depend on the operand."""
    return unlast(reversed_cumsum(last(g, axis)[..., first:]), m, axis)


def nancumsum_pullback(g: Any, a: Any, axis: Any) -> Any:
    """The same, without the NaN entries, which count as 0."""
    x = np.asarray(a)
    return onto(np.where(np.isnan(x), 0.0, cumsum_pullback(g, form(x), axis, 0)), a)


def cumprod_pullback(g: Any, y: Any, a: Any, axis: Any, skip_nan: bool, first: int) -> Any:
    """The cotangent of running products y: Σ_{k ≥ i} g_k y_k / x_i; by a recurrence where a product underflows.

    With zeros: x_i has the product of those before it, times s_i = g_i + x_{i+1} s_{i+1}.
    """
    x = last(np.where(np.isnan(a), 1.0, a) if skip_nan else np.asarray(a), axis)
    h, p = last(g, axis)[..., first:], last(y, axis)[..., first:]
    size = np.abs(p)
    if np.all((size >= np.finfo(p.dtype).tiny) & np.isfinite(size)):
        t = reversed_cumsum(h * p) / x
    else:
        before = np.concatenate((np.ones_like(p[..., :1]), p[..., :-1]), axis=-1)
        parts = [h[..., -1]]
        for k in range(x.shape[-1] - 2, -1, -1):
            parts.append(h[..., k] + x[..., k + 1] * parts[-1])
        t = before * np.stack(parts[::-1], axis=-1)
    t = unlast(t, form(np.asarray(a)), axis)
    return onto(np.where(np.isnan(a), 0.0, t) if skip_nan else t, a)


def cumprod_tangent(a_dot: Any, y: Any, a: Any, axis: Any, skip_nan: bool, first: int) -> Any:
    """The tangent of running products y: y_k Σ_{i ≤ k} ȧ_i / a_i; by a recurrence where a product underflows.

    With zeros: ẏ_k = ẏ_{k-1} a_k + y_{k-1} ȧ_k.
    """
    if skip_nan:
        a, a_dot = np.where(np.isnan(a), 1.0, a), np.where(np.isnan(a), 0.0, a_dot)
    x, change = last(np.asarray(a), axis), last(np.asarray(a_dot), axis)
    h = last(y, axis)
    p = h[..., first:]
    size = np.abs(p)
    if np.all((size >= np.finfo(p.dtype).tiny) & np.isfinite(size)):
        t = p * np.cumsum(change / x, axis=-1)
    else:
        before = np.concatenate((np.ones_like(p[..., :1]), p[..., :-1]), axis=-1)
        parts = [before[..., 0] * change[..., 0]]
        for k in range(1, x.shape[-1]):
            parts.append(parts[-1] * x[..., k] + before[..., k] * change[..., k])
        t = np.stack(parts, axis=-1)
    t = np.concatenate((np.zeros_like(h[..., :first]), t), axis=-1) if first else t
    return fit(np.reshape(t, np.shape(y)) if axis is None or not np.ndim(a) else np.moveaxis(t, -1, axis), y)


def between_zeros(t: Any, n: int, axis: int) -> Any:
    """An array with n zeros before and after it along an axis."""
    shape = list(t.shape)
    shape[axis] = n
    zeros = np.zeros(shape, t.dtype)
    return np.concatenate((zeros, t, zeros), axis=axis)


def diff_transpose(g: Any, length: int, n: int, axis: int) -> Any:
    """The transpose of the n-th difference of `length` entries."""
    if length <= n:
        shape = list(g.shape)
        shape[axis] = length
        return np.zeros(shape, g.dtype)
    t = np.diff(between_zeros(g, n, axis), n=n, axis=axis) if n else g
    return -t if n % 2 else t


def extent(m: Form, axis: int) -> int:
    """How many entries a part of a `diff` has along its axis: a scalar stands for one, None for none."""
    shape = shape_of(m)
    return 0 if m is None else shape[axis] if shape else 1


def diff_pullback(g: Any, forms: tuple[Form, Form, Form], which: int, n: int, axis: int) -> Any:
    """The cotangent of one of (prepend, a, append) of a difference of them joined (of `a` alone if n is 0)."""
    if n == 0:
        return restore(g if which == 1 else np.zeros(shape_of(forms[which])), forms[which])
    axis = axis % g.ndim
    start = sum(extent(m, axis) for m in forms[:which])
    length = extent(forms[0], axis) + extent(forms[1], axis) + extent(forms[2], axis)
    t = diff_transpose(g, length, n, axis)
    return restore(t[(slice(None),) * axis + (slice(start, start + extent(forms[which], axis)),)], forms[which])


def difference_of(a: Any, prepend: Any, append: Any, n: int, axis: int) -> Any:
    """np.diff, with None for what is not put before or after."""
    others = {"prepend": prepend, "append": append} if n else {}
    return np.diff(a, n, axis, **{k: v for k, v in others.items() if v is not None})


def ediff1d_pullback(g: Any, m: Form, start: int) -> Any:
    """The cotangent of the differences of a flattened array, which come after `start` other entries."""
    size = size_of(m)
    t = diff_transpose(g[start : start + max(size - 1, 0)], size, 1, 0)
    return restore(np.reshape(t, shape_of(m)), m)


def steps_of(x: Any, dx: Any, ndim: int, axis: int) -> Any:
    """The widths of a trapezoid rule's intervals, in a shape that multiplies the integrand."""
    if x is None:
        return dx
    if np.ndim(x) != 1:
        return np.diff(x, axis=axis)
    shape = [1] * ndim
    shape[axis] = -1
    return np.reshape(np.diff(x), shape)


def pairs_of(f: Any, axis: int) -> Any:
    """The means of neighbours along an axis."""
    t = np.moveaxis(np.asarray(f), axis, -1)
    return np.moveaxis(0.5 * (t[..., 1:] + t[..., :-1]), -1, axis)


def trapezoid_pullback(g: Any, m: Form, x: Any, dx: Any, axis: int) -> Any:
    """The cotangent of the integrand: half the widths on either side of each ordinate."""
    shape = list(shape_of(m))
    shape[axis] = max(shape[axis] - 1, 0)
    t = np.expand_dims(g, axis) * steps_of(x, dx, len(shape), axis) + np.zeros(shape)
    if not shape_of(m)[axis]:
        return restore(np.zeros(shape), m)
    return restore(pairs_of(between_zeros(t, 1, axis), axis), m)


def trapezoid_abscissae(g: Any, f: Any, x: Any, axis: int) -> Any:
    """The cotangent of the abscissae: each is the end of one interval and the start of the next."""
    t = np.expand_dims(g, axis) * pairs_of(f, axis)
    if np.ndim(x) == 1:
        other = tuple(k for k in range(t.ndim) if k != axis % t.ndim)
        return onto(diff_transpose(np.sum(t, axis=other), np.shape(x)[0], 1, 0), x)
    return onto(fit(diff_transpose(t, np.shape(f)[axis], 1, axis), np.asarray(x)), x)


def shifted(t: Any, by: int) -> Any:
    """The entries moved along the last axis, with zeros moved in."""
    zeros = np.zeros((*t.shape[:-1], abs(by)), t.dtype)
    if by > 0:
        return np.concatenate((zeros, t[..., :-by]), axis=-1)
    return np.concatenate((t[..., -by:], zeros), axis=-1)


def stencil(n: int, step: Any, edge_order: Any) -> dict[int, Any]:
    """The coefficients of np.gradient: c[k][i] is that of f[i + k] in the slope at i.

    They are read off np.gradient itself, applied to three combs: no slope looks at more than three
    neighbours, of which each is on a comb of its own.
    """
    index = np.arange(n)
    first = np.clip(index - 1, 0, max(n - 3, 0))  # the first of the three, at the ends too
    coefficients: dict[int, Any] = {}
    for tooth in range(3):
        comb = (index % 3 == tooth).astype(np.float64)
        slope = np.gradient(comb, step, edge_order=edge_order)
        offset = first + (tooth - first) % 3 - index
        for k in range(-2, 3):
            part = np.where(offset == k, slope, 0.0)
            if np.any(part):
                coefficients[k] = coefficients.get(k, 0.0) + part
    return coefficients


def gradient_pullback(g: Any, m: Form, steps: tuple[Any, ...], axis: Any, edge_order: Any) -> Any:
    """The cotangent of the sampled function: the transposes of its slopes along each axis, added."""
    shape = shape_of(m)
    axes = axes_of(axis, len(shape))
    parts = g if isinstance(g, (tuple, list)) else (g,)
    t = np.zeros(shape)
    for k, along in enumerate(axes):
        if parts[k] is ZERO or parts[k] is NO_TANGENT:
            continue
        step = 1.0 if not steps else steps[0] if len(steps) == 1 else steps[k]
        h = np.moveaxis(parts[k], along, -1)
        for by, coefficient in stencil(shape[along], step, edge_order).items():
            t = t + np.moveaxis(shifted(h * coefficient, by) if by else h * coefficient, -1, along)
    return restore(t, m)


def step_slopes(y: Any, steps: tuple[Any, ...], i: int) -> list[Any]:
    """How the gradients, one an axis, change with the distance `i` of the samples: inversely to it."""
    h = steps[i]
    if np.ndim(h):
        refuse("np.gradient has no derivative with respect to an array of coordinates, only to a distance")
    parts = list(y) if isinstance(y, (tuple, list)) else [y]
    return [-part / h if len(steps) == 1 or k == i else None for k, part in enumerate(parts)]


def step_pullback(g: Any, y: Any, steps: tuple[Any, ...], i: int) -> Any:
    """The cotangent of the distance between samples."""
    parts = g if isinstance(g, (tuple, list)) else (g,)
    slopes = step_slopes(y, steps, i)
    total = np.float64(0.0)
    for t, s in zip(parts, slopes, strict=True):
        if s is not None and t is not ZERO and t is not NO_TANGENT:
            total = total + np.sum(t * s)
    return fit(total, steps[i])


def step_tangent(step_dot: Any, y: Any, steps: tuple[Any, ...], i: int) -> Any:
    """The tangents of the gradients through that distance."""
    values = y if isinstance(y, (tuple, list)) else (y,)
    slopes = zip(step_slopes(y, steps, i), values, strict=True)
    parts = tuple(ZERO if s is None else fit(s * step_dot, v) for s, v in slopes)
    return parts if isinstance(y, (tuple, list)) else parts[0]


for _cumsum in (np.cumsum, np.ndarray.cumsum, np.generic.cumsum):
    rule(
        _cumsum,
        "a, axis=None, dtype=None",
        a="cumsum_pullback(g, form(a), axis, 0)",
        a_dot="np.cumsum(a_dot, axis, dtype)",
        _returns="array",
    )
for _cumprod, _skips in (
    *((f, False) for f in (np.cumprod, np.ndarray.cumprod, np.generic.cumprod)),
    (np.nancumprod, True),
):
    rule(
        _cumprod,
        "a, axis=None, dtype=None",
        a=f"cumprod_pullback(g, y, a, axis, {_skips}, 0)",
        a_dot=f"cumprod_tangent(a_dot, y, a, axis, {_skips}, 0)",
        _returns="array",
    )
rule(
    np.nancumsum,
    "a, axis=None, dtype=None",
    a="nancumsum_pullback(g, a, axis)",
    a_dot="np.cumsum(np.where(np.isnan(a), 0.0, a_dot), axis, dtype)",
    _returns="array",
)
if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    _CUMULATIVE = "x, /, *, axis=None, dtype=None, include_initial=False"
    rule(
        np.cumulative_sum,
        _CUMULATIVE,
        x="cumsum_pullback(g, form(x), axis, +include_initial)",
        x_dot="fit(np.cumulative_sum(x_dot, axis=axis, dtype=dtype, include_initial=include_initial), y)",
        _returns="array",
    )
    rule(
        np.cumulative_prod,
        _CUMULATIVE,
        x="cumprod_pullback(g, y, x, axis, False, +include_initial)",
        x_dot="cumprod_tangent(x_dot, y, x, axis, False, +include_initial)",
        _returns="array",
    )
rule(
    np.diff,
    "a, n=1, axis=-1, prepend=None, append=None",
    a="diff_pullback(g, (form(prepend), form(a), form(append)), 1, n, axis)",
    prepend="diff_pullback(g, (form(prepend), form(a), form(append)), 0, n, axis)",
    append="diff_pullback(g, (form(prepend), form(a), form(append)), 2, n, axis)",
    a_dot="difference_of(a_dot, zeros_of(prepend), zeros_of(append), n, axis)",
    prepend_dot="difference_of(zeros_of(a), prepend_dot, zeros_of(append), n, axis)",
    append_dot="difference_of(zeros_of(a), zeros_of(prepend), append_dot, n, axis)",
    _alias=True,  # (of order 0 it is the operand)
    _returns="array",
)
rule(
    np.ediff1d,
    "ary, to_end=None, to_begin=None",
    ary="ediff1d_pullback(g, form(ary), 0 if to_begin is None else np.size(to_begin))",
    to_end="restore(np.reshape(g[np.size(g) - np.size(to_end) :], np.shape(to_end)), form(to_end))",
    to_begin="restore(np.reshape(g[: np.size(to_begin)], np.shape(to_begin)), form(to_begin))",
    ary_dot="np.ediff1d(ary_dot, zeros_of(to_end), zeros_of(to_begin))",
    to_end_dot="np.ediff1d(zeros_of(ary), to_end_dot, zeros_of(to_begin))",
    to_begin_dot="np.ediff1d(zeros_of(ary), zeros_of(to_end), to_begin_dot)",
    _returns="array",
)
rule(  # what it adds is a multiple of the period
    np.unwrap,
    "p, discont=None, axis=-1, *, period=6.283185307179586",
    p="restore(g, form(p))",
    p_dot="fit(np.array(p_dot), y)",
    _returns="array",
)
rule(
    np.gradient,
    "f, *steps, axis=None, edge_order=1",
    f="gradient_pullback(g, form(f), steps, axis, edge_order)",
    steps="step_pullback(g, y, steps, i)",
    steps_dot="step_tangent(steps_dot, y, steps, i)",
    _linear="f",
    _returns="unknown",
)
rule(
    np.trapezoid,
    "f, x=None, dx=1.0, axis=-1",  # NumPy calls f `y`, which is the result here: by position only
    f="trapezoid_pullback(g, form(f), x, dx, axis)",
    x="trapezoid_abscissae(g, f, x, axis)",
    dx="fit(g * np.sum(pairs_of(f, axis), axis=axis), dx) if x is None else zeros_of(dx)",  # then dx is not read
    dx_dot="fit(np.trapezoid(f, None, dx_dot, axis), y) if x is None else ZERO",
    _linear="f, x",
)
