"""Derivatives of scipy.signal: convolutions, and linear filters in the signal that they filter.

    signal.convolve(a, b)      a: convolve(g, b reversed, "valid"), with g in its place among all products
    signal.lfilter(b, a, x)    x: lfilter(b, a, g reversed in time), reversed

Filters that treat a signal's ends in ways of their own have the adjoint of their matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from pullback.rulebook.array_likes import Array, form, refuse, restore
from pullback.rulebook.scipy_linear import linear_back
from pullback.rules import constant, rule

IN_TEMPLATES = (form, linear_back)


def all_axes(x: Any, axes: Any) -> tuple[int, ...]:
    """The axes of a convolution, counted from 0."""
    n = np.ndim(x)
    if axes is None:
        return tuple(range(n))
    return tuple(int(k) % n for k in np.atleast_1d(axes))


def whole(g: Array, one: Any, other: Any, mode: str, axes: tuple[int, ...]) -> Array:
    """The cotangent of the full convolution: that of the part which `mode` selects, among zeros."""
    shape, place = list(np.shape(g)), [slice(None)] * np.ndim(g)
    for k in axes:
        n, m = np.shape(one)[k], np.shape(other)[k]
        start = {"full": 0, "same": (m - 1) // 2, "same, correlated": m // 2, "valid": min(n, m) - 1}[mode]
        shape[k], place[k] = n + m - 1, slice(start, start + np.shape(g)[k])
    out = np.zeros(shape, np.result_type(g))
    out[tuple(place)] = g
    return out


def reversed_in(x: Any, axes: tuple[int, ...]) -> Array:
    """The array with these axes reversed."""
    return np.flip(np.asarray(x), axes)


def convolution_back(g: Array, one: Any, other: Any, mode: str, axes: Any, first: bool) -> Array:
    """The cotangent of one factor of a convolution."""
    if np.ndim(one) == 0:
        return np.asarray(np.sum(g * (other if first else one)))
    chosen = all_axes(one, axes)
    t, kernel = whole(g, one, other, mode, chosen), reversed_in(other if first else one, chosen)
    if axes is None:
        return np.asarray(signal.convolve(t, kernel, "valid", "auto" if t.size > 10_000 else "direct"))
    return np.asarray(signal.fftconvolve(t, kernel, "valid", axes=axes))


def mirrored(x: Any) -> Array:
    """The kernel that a correlation convolves with."""
    return np.asarray(np.conj(np.flip(np.asarray(x))))


def plain_edges(boundary: Any, fillvalue: Any) -> None:
    """An error for a two-dimensional convolution that does not continue its operands by zeros."""
    if boundary not in ("fill", "pad") or fillvalue != 0:
        refuse("the derivative of scipy.signal.convolve2d and correlate2d covers boundary='fill' with zeros only")


def convolution2d_back(g: Array, one: Any, other: Any, mode: str, edges: tuple[Any, Any], first: bool) -> Array:
    """The same for convolve2d, with zeros around its operands."""
    plain_edges(*edges)
    return convolution_back(g, one, other, mode, None, first)


def correlation2d_back(g: Array, one: Any, other: Any, mode: str, edges: tuple[Any, Any], first: bool) -> Array:
    """The same for correlate2d, whose `same` has another centre than that of correlate for an even kernel."""
    shapes, is_complex = (np.shape(one), np.shape(other)), np.iscomplexobj(one) or np.iscomplexobj(other)
    if mode == "valid" and is_complex and shapes[0] != shapes[1] and np.all(np.less_equal(*shapes)):
        # (SciPy then conjugates the other operand)
        refuse("scipy.signal.correlate2d(..., mode='valid') has no derivative for a complex in1 within in2")
    mode = "same, correlated" if mode == "same" else mode
    t = convolution2d_back(g, one, mirrored(other), mode, edges, first)
    return t if first else mirrored(t)


def filter_signal(g: Array, b: Any, a: Any, axis: int) -> Array:
    """The cotangent of a filtered signal: filtered backwards in time."""
    return np.asarray(np.flip(signal.lfilter(b, a, np.flip(g, axis), axis), axis))


def filter_taps(g: Array, filtered: Array, count: int, axis: int) -> Array:
    """Σ g[n] w[n - k], the cotangent of each coefficient of a filter, with w the signal that they delay."""
    g, w = np.moveaxis(g, axis, -1), np.moveaxis(filtered, axis, -1)
    n = g.shape[-1]
    return np.array([np.sum(g[..., k:] * w[..., : max(n - k, 0)]) for k in range(count)])


_BOTH = "in1, in2, mode='full'"
for _name, _more, _axes in (
    *(("convolve", ", method='auto'", "None"), ("fftconvolve", ", axes=None", "axes")),
    ("oaconvolve", ", axes=None", "axes"),
):
    rule(
        getattr(signal, _name),
        _BOTH + _more,
        in1=f"restore(convolution_back(g, in1, in2, mode, {_axes}, True), form(in1))",
        in2=f"restore(convolution_back(g, in1, in2, mode, {_axes}, False), form(in2))",
        _linear="in1, in2",
        _returns="array",
    )
rule(
    signal.correlate,
    _BOTH + ", method='auto'",
    in1="restore(convolution_back(g, in1, mirrored(in2), mode, None, True), form(in1))",
    in2="restore(mirrored(convolution_back(g, in1, mirrored(in2), mode, None, False)), form(in2))",
    _linear="in1, in2",
    _returns="array",
)
_TWO = _BOTH + ", boundary='fill', fillvalue=0"
_EDGES = "mode, (boundary, fillvalue)"
rule(
    signal.convolve2d,
    _TWO,
    in1=f"restore(convolution2d_back(g, in1, in2, {_EDGES}, True), form(in1))",
    in2=f"restore(convolution2d_back(g, in1, in2, {_EDGES}, False), form(in2))",
    in1_dot="signal.convolve2d(in1_dot, in2, mode, boundary, 0)",
    in2_dot="signal.convolve2d(in1, in2_dot, mode, boundary, fillvalue)",
    _returns="array",
)
rule(
    signal.correlate2d,
    _TWO,
    in1=f"restore(correlation2d_back(g, in1, in2, {_EDGES}, True), form(in1))",
    in2=f"restore(correlation2d_back(g, in1, in2, {_EDGES}, False), form(in2))",
    in1_dot="signal.correlate2d(in1_dot, in2, mode, boundary, 0)",
    in2_dot="signal.correlate2d(in1, in2_dot, mode, boundary, fillvalue)",
    _returns="array",
)
rule(
    signal.lfilter,
    "b, a, x, axis=-1",
    b="restore(filter_taps(g, signal.lfilter([1.0], a, x, axis), len(np.atleast_1d(b)), axis), form(b))",
    a="restore(-filter_taps(g, signal.lfilter([1.0], a, y, axis), len(np.atleast_1d(a)), axis), form(a))",
    x="restore(filter_signal(g, b, a, axis), form(x))",
    a_dot="-signal.lfilter(a_dot, a, y, axis)",
    _linear="b, x",
    _returns="array",
)
rule(
    signal.sosfilt,
    "sos, x, axis=-1",
    x="restore(np.flip(signal.sosfilt(sos, np.flip(g, axis), axis), axis), form(x))",
    _linear="x",
    _returns="array",
)
rule(
    signal.filtfilt,
    "b, a, x, axis=-1, padtype='odd', padlen=None, method='pad', irlen=None",
    x="linear_back(g, form(x), 'scipy.signal.filtfilt',"
    " lambda e: signal.filtfilt(b, a, e, 0, padtype, padlen, method, irlen), axis)",
    _linear="x",
    _returns="array",
)
rule(
    signal.sosfiltfilt,
    "sos, x, axis=-1, padtype='odd', padlen=None",
    x="linear_back(g, form(x), 'scipy.signal.sosfiltfilt',"
    " lambda e: signal.sosfiltfilt(sos, e, 0, padtype, padlen), axis)",
    _linear="x",
    _returns="array",
)
rule(
    signal.savgol_filter,
    "x, window_length, polyorder, deriv=0, delta=1.0, axis=-1, mode='interp', cval=0.0",
    x="linear_back(g, form(x), 'scipy.signal.savgol_filter',"
    " lambda e: signal.savgol_filter(e, window_length, polyorder, deriv, delta, 0, mode), axis)",
    x_dot="signal.savgol_filter(x_dot, window_length, polyorder, deriv, delta, axis, mode)",
    _returns="array",
)
rule(
    signal.detrend,
    "data, axis=-1, type='linear', bp=0",
    data="linear_back(g, form(data), 'scipy.signal.detrend', lambda e: signal.detrend(e, 0, type, bp), axis)",
    _linear="data",
    _returns="array",
)
rule(
    signal.resample,
    "x, num, *, axis=0, window=None",
    x="linear_back(g, form(x), 'scipy.signal.resample', lambda e: signal.resample(e, num, None, 0, window), axis)",
    _linear="x",
    _returns="array",
)
rule(
    signal.hilbert,
    "x, N=None, axis=-1",
    x="linear_back(g, form(x), 'scipy.signal.hilbert', lambda e: signal.hilbert(e, N, 0), axis)",
    _linear="x",
    _returns="array",
)

# Places, windows of a size, and what is asked of them
constant(signal.find_peaks_cwt, signal.argrelextrema, signal.argrelmax, signal.argrelmin, signal.unit_impulse)
constant(signal.max_len_seq, signal.correlation_lags, signal.choose_conv_method, signal.check_COLA, signal.check_NOLA)
