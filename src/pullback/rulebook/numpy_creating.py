"""Derivatives of NumPy functions that make an array of what is given: array, full, linspace, astype.

A conversion is linear: the cotangent goes back in the form the argument had, nested lists included,
in the argument's precision, and to a real argument as a real number.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, form, refuse, reshaped, restore, zeros_of
from pullback.rules import constant, rule, stands_in
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (reshaped, zeros_of)


def linspace_pullback(g: Any, m: Form, num: int, endpoint: bool, retstep: bool, axis: int, of_start: bool) -> Tangent:
    """The cotangent of either end: y[k] = (1 - w[k]) start + w[k] stop, with w from 0 to 1."""
    if not retstep:
        return restore(weighted(g, weights(num, endpoint, of_start), axis), m)
    t: Any = 0.0 if g[0] is ZERO else weighted(g[0], weights(num, endpoint, of_start), axis)
    if g[1] is not ZERO:
        t = t + g[1] * ((-1.0 if of_start else 1.0) / max(num - endpoint, 1))
    return restore(t, m)


def weights(num: int, endpoint: bool, of_start: bool) -> Array:
    """How much of one end is in each of the points."""
    w = np.linspace(0.0, 1.0, num, endpoint)
    return 1.0 - w if of_start else w


def weighted(g: Array, w: Array, axis: int) -> Array:
    """The sum along `axis` of `g` times the weights."""
    t: Array = np.tensordot(w, g, ((0,), (axis,)))
    return t


def logspace_pullback(
    g: Array, y: Array, m: Form, num: int, endpoint: bool, base: Any, axis: int, of_start: bool
) -> Tangent:
    """The cotangent of either end of y = base ** linspace(start, stop)."""
    if np.ndim(base):
        refuse("np.logspace has a derivative for a scalar base only")
    return restore(weighted(g * y, weights(num, endpoint, of_start), axis) * np.log(base), m)


def base_pullback(g: Array, y: Array, start: Any, stop: Any, num: int, endpoint: bool, base: Any, axis: int) -> Tangent:
    """The cotangent of the base: g y s / base, where s are the exponents."""
    if np.ndim(base):
        refuse("np.logspace has a derivative for a scalar base only")
    return restore(np.sum(g * y * np.linspace(start, stop, num, endpoint, axis=axis)) / base, form(base))


def geomspace_pullback(g: Array, y: Array, x: Any, num: int, endpoint: bool, axis: int, of_start: bool) -> Tangent:
    """The cotangent of either end `x`: y = start ** (1 - w) stop ** w."""
    return restore(weighted(g * y, weights(num, endpoint, of_start), axis) / np.asarray(x), form(x))


def arange_pullback(g: Array, bounds: tuple[Any, ...], i: int) -> Tangent:
    """The cotangent of a bound: y[k] = start + k step, and the stop changes no entry."""
    x = bounds[i]
    if len(bounds) == 1 or i == 1:
        return restore(np.zeros((), g.dtype), form(x))
    return restore(np.sum(g) if i == 0 else np.dot(g, np.arange(g.size)), form(x))


def linspace_tangent(
    start_dot: Any, stop_dot: Any, y: Any, num: int, endpoint: bool, retstep: bool, dtype: Any, axis: int
) -> Tangent:
    """The tangent of equally spaced points: points between the tangents of the ends."""
    if retstep:
        spaced: Any = np.linspace
        points, step = spaced(start_dot, stop_dot, num, endpoint, True, dtype, axis)
        return fit(points, y[0]), fit(step, y[1])
    return fit(np.linspace(start_dot, stop_dot, num, endpoint, dtype=dtype, axis=axis), y)


def arange_tangent(bound_dot: Any, y: Array, count: int, i: int) -> Tangent:
    """The tangent of y[k] = start + k step through one bound; the stop changes no entry."""
    if count == 1 or i == 1:
        return ZERO
    return fit(np.full(y.shape, bound_dot) if i == 0 else bound_dot * np.arange(y.size), y)


def converted(t: Tangent, y: Any) -> Tangent:
    """The tangent of a value in the dtype that it was converted to: an array of ints has none."""
    return ZERO if y.dtype.kind in "iub" else fit(t, y)


def view(a: Any, dtype: Any = None, type: Any = None) -> Any:
    """`a.view()`: of the same entries, not of their bytes as another dtype."""
    if type is not None or (dtype is not None and np.dtype(dtype) != a.dtype):
        refuse("a view of the same bytes as another dtype has no derivative; use .astype, .real or .imag")
    return plain_view(a)


def plain_view(a: Any) -> Any:
    """The view without options, by a name of its own."""
    return a.view()


constant(weights)
rule(plain_view, "a", a="restore(g, form(a))", a_dot="a_dot.view()", _alias=True)

# An array of a number, an array or nested lists
rule(
    np.array,
    "object, dtype=None, *, copy=True, order='K', subok=False, ndmin=0, ndmax=0, like=None",
    object="reshaped(g, form(object))",
    object_dot="converted(np.array(object_dot, dtype, copy=copy, ndmin=ndmin), y)",
    _returns="array",
    _alias=True,
)
for as_array in (np.asarray, np.asanyarray):
    rule(
        as_array,
        "a, dtype=None, order=None, *, device=None, copy=None, like=None",
        a="restore(g, form(a))",
        a_dot="converted(np.asarray(a_dot, dtype, copy=copy), y)",
        _returns="array",
        _alias=True,
    )
converting: Any
for converting, more in ((np.asarray_chkfinite, "order=None"), (np.require, "requirements=None, *, like=None")):
    rule(
        converting,
        f"a, dtype=None, {more}",
        a="restore(g, form(a))",
        a_dot="converted(np.asarray(a_dot, dtype), y)",
        _returns="array",
        _alias=True,
    )
for contiguous in (np.ascontiguousarray, np.asfortranarray):
    rule(
        contiguous,
        "a, dtype=None, *, like=None",
        a="reshaped(g, form(a))",
        a_dot="converted(np.asarray(a_dot, dtype).reshape(y.shape), y)",
        _returns="array",
        _alias=True,
    )


def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:  # NumPy's own names
    """`np.fromiter`: what is drawn, in an array."""
    items = list(iter) if count < 0 else list(itertools.islice(iter, count))
    check_count(len(items), count)
    return np.array(items, dtype)


def check_count(found: int, count: int) -> None:
    """Raise NumPy's own error where there was less to draw than was asked for."""
    if found < count:
        np.fromiter([0.0] * found, float, count)


constant(check_count)
stands_in(np.fromiter, fromiter, "array")

# A copy, perhaps of another precision
rule(np.copy, "a, order='K', subok=False", a="restore(g, form(a))", a_dot="np.copy(a_dot)", _returns="array")
kind: Any
for kind in (np.ndarray, np.generic):
    rule(kind.copy, "a, order='C'", a="restore(g, form(a))", a_dot="a_dot.copy()")
    rule(
        kind.astype,
        "a, dtype, order='K', casting='unsafe', subok=True, copy=True",
        a="restore(g, form(a))",
        a_dot="converted(a_dot.astype(dtype, copy=copy), y)",
        _alias=True,
    )
    rule(kind.__copy__, "a", a="restore(g, form(a))", a_dot="a_dot.copy()")
    rule(kind.__deepcopy__, "a, memo=None", a="restore(g, form(a))", a_dot="a_dot.copy()")
    stands_in(kind.view, view)
    rule(kind.to_device, "a, device, *, stream=None", a="restore(g, form(a))", a_dot="a_dot", _alias=True)
if hasattr(np, "astype"):  # NumPy 2.1
    rule(
        np.astype,
        "x, dtype, *, copy=True, device=None",
        x="restore(g, form(x))",
        x_dot="converted(x_dot.astype(dtype, copy=copy), y)",
        _alias=True,
    )

# One value in every entry
rule(
    np.full,
    "shape, fill_value, dtype=None, order='C', *, device=None, like=None",
    fill_value="restore(g, form(fill_value))",
    fill_value_dot="fit(np.full(shape, fill_value_dot, dtype), y)",
    _returns="array",
)
rule(
    np.full_like,
    "a, fill_value, dtype=None, order='K', subok=True, shape=None, *, device=None",
    a="restore(np.zeros(np.shape(a)), form(a))",
    fill_value="restore(g, form(fill_value))",
    a_dot="ZERO",
    fill_value_dot="fit(np.full(y.shape, fill_value_dot), y)",
    _returns="array",
)

# Points from one value to another
LINEAR = "linspace_pullback(g, form({0}), num, endpoint, retstep, axis, {1})"
rule(
    np.linspace,
    "start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None",
    start=LINEAR.format("start", True),
    stop=LINEAR.format("stop", False),
    start_dot="linspace_tangent(start_dot, zeros_of(stop), y, num, endpoint, retstep, dtype, axis)",
    stop_dot="linspace_tangent(zeros_of(start), stop_dot, y, num, endpoint, retstep, dtype, axis)",
    _returns="unknown",
)
LOGARITHMIC = "logspace_pullback(g, y, form({0}), num, endpoint, base, axis, {1})"
rule(
    np.logspace,
    "start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0",
    start=LOGARITHMIC.format("start", True),
    stop=LOGARITHMIC.format("stop", False),
    base="base_pullback(g, y, start, stop, num, endpoint, base, axis)",
    start_dot="fit(y * np.log(base) * np.linspace(start_dot, zeros_of(stop), num, endpoint, axis=axis), y)",
    stop_dot="fit(y * np.log(base) * np.linspace(zeros_of(start), stop_dot, num, endpoint, axis=axis), y)",
    base_dot="fit(y * np.linspace(start, stop, num, endpoint, axis=axis) * (base_dot / base), y)",
    _returns="array",
)
GEOMETRIC = "geomspace_pullback(g, y, {0}, num, endpoint, axis, {1})"
rule(
    np.geomspace,
    "start, stop, num=50, endpoint=True, dtype=None, axis=0",
    start=GEOMETRIC.format("start", True),
    stop=GEOMETRIC.format("stop", False),
    start_dot="fit(y * np.linspace(np.divide(start_dot, start), zeros_of(stop), num, endpoint, axis=axis), y)",
    stop_dot="fit(y * np.linspace(zeros_of(start), np.divide(stop_dot, stop), num, endpoint, axis=axis), y)",
    _returns="array",
)
rule(
    np.arange,
    "*bounds, dtype=None, device=None, like=None",
    bounds="arange_pullback(g, bounds, i)",
    bounds_dot="arange_tangent(bounds_dot, y, len(bounds), i)",
    _returns="array",
)

# What depends on shapes alone
constant(np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity, np.tri)

# What is printed, saved or asked of types
constant(np.array2string, np.array_repr, np.array_str, np.format_float_positional, np.format_float_scientific)
constant(np.save, np.savetxt, np.savez, np.savez_compressed, np.isfortran, np.iterable, np.issubdtype)
constant(np.promote_types, np.typename, np.get_printoptions, np.set_printoptions, np.geterr, np.seterr)
constant(np.bartlett, np.blackman, np.hamming, np.hanning, np.einsum_path, np.linalg.matrix_rank)
for kind in (np.ndarray, np.generic):
    constant(kind.dump, kind.dumps, kind.tofile, kind.device)
constant(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.bitwise_count, np.left_shift, np.right_shift)
constant(np.gcd, np.lcm, np.isnat, np.packbits, np.unpackbits, np.longlong, np.ulonglong, np.str_, np.bytes_)
constant(np.base_repr, np.binary_repr, np.datetime64, np.timedelta64, np.datetime_as_string, np.datetime_data)
constant(np.busday_count, np.busday_offset, np.busdaycalendar, np.is_busday, np.get_include, np.info)
constant(np.fromfile, np.fromregex, np.fromstring, np.genfromtxt, np.load, np.loadtxt, np.show_config, np.show_runtime)
constant(np.getbufsize, np.setbufsize, np.geterrcall, np.seterrcall, np.float64.as_integer_ratio, np.float64.fromhex)
constant(np.finfo, np.iinfo, np.dtype, np.errstate, np.printoptions, np.isdtype, np.mintypecode)
