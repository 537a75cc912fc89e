"""Derivatives of NumPy functions that make an array of what is given: array, full, linspace, astype.

A conversion is linear: the cotangent goes back in the form the argument had, nested lists included,
in the argument's precision, and to a real argument as a real number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.array_likes import Array, Form, form, refuse, reshaped, restore
from pullback.rules import constant, rule
from pullback.tangents import Tangent

IN_TEMPLATES = (reshaped,)


def linspace_pullback(g: Any, m: Form, num: int, endpoint: bool, retstep: bool, axis: int, of_start: bool) -> Tangent:
    """The cotangent of either end: y[k] = (1 - w[k]) start + w[k] stop, with w from 0 to 1."""
    if retstep:
        refuse("np.linspace(..., retstep=True) has no derivative; compute the step from start, stop and num")
    return restore(weighted(g, weights(num, endpoint, of_start), axis), m)


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


constant(weights)

# An array of a number, an array or nested lists
rule(
    np.array,
    "object, dtype=None, *, copy=True, order='K', subok=False, ndmin=0, ndmax=0, like=None",
    object="reshaped(g, form(object))",
    _returns="array",
    _alias=True,
)
for converting in (np.asarray, np.asanyarray):
    rule(
        converting,
        "a, dtype=None, order=None, *, device=None, copy=None, like=None",
        a="restore(g, form(a))",
        _returns="array",
        _alias=True,
    )
rule(np.asarray_chkfinite, "a, dtype=None, order=None", a="restore(g, form(a))", _returns="array", _alias=True)
rule(
    np.require, "a, dtype=None, requirements=None, *, like=None", a="restore(g, form(a))", _returns="array", _alias=True
)
for contiguous in (np.ascontiguousarray, np.asfortranarray):
    rule(contiguous, "a, dtype=None, *, like=None", a="reshaped(g, form(a))", _returns="array", _alias=True)

# A copy, perhaps of another precision
rule(np.copy, "a, order='K', subok=False", a="restore(g, form(a))", _returns="array")
kind: Any
for kind in (np.ndarray, np.generic):
    rule(kind.copy, "a, order='C'", a="restore(g, form(a))")
    rule(
        kind.astype,
        "a, dtype, order='K', casting='unsafe', subok=True, copy=True",
        a="restore(g, form(a))",
        _alias=True,
    )
    rule(kind.__copy__, "a", a="restore(g, form(a))")
    rule(kind.__deepcopy__, "a, memo=None", a="restore(g, form(a))")
if hasattr(np, "astype"):  # NumPy 2.1
    rule(np.astype, "x, dtype, *, copy=True, device=None", x="restore(g, form(x))", _alias=True)

# One value in every entry
rule(
    np.full,
    "shape, fill_value, dtype=None, order='C', *, device=None, like=None",
    fill_value="restore(g, form(fill_value))",
    _returns="array",
)
rule(
    np.full_like,
    "a, fill_value, dtype=None, order='K', subok=True, shape=None, *, device=None",
    a="restore(np.zeros(np.shape(a)), form(a))",
    fill_value="restore(g, form(fill_value))",
    _returns="array",
)

# Points from one value to another
LINEAR = "linspace_pullback(g, form({0}), num, endpoint, retstep, axis, {1})"
rule(
    np.linspace,
    "start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None",
    start=LINEAR.format("start", True),
    stop=LINEAR.format("stop", False),
    _returns="unknown",
)
LOGARITHMIC = "logspace_pullback(g, y, form({0}), num, endpoint, base, axis, {1})"
rule(
    np.logspace,
    "start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0",
    start=LOGARITHMIC.format("start", True),
    stop=LOGARITHMIC.format("stop", False),
    base="base_pullback(g, y, start, stop, num, endpoint, base, axis)",
    _returns="array",
)
GEOMETRIC = "geomspace_pullback(g, y, {0}, num, endpoint, axis, {1})"
rule(
    np.geomspace,
    "start, stop, num=50, endpoint=True, dtype=None, axis=0",
    start=GEOMETRIC.format("start", True),
    stop=GEOMETRIC.format("stop", False),
    _returns="array",
)
rule(np.arange, "*bounds, dtype=None, device=None, like=None", bounds="arange_pullback(g, bounds, i)", _returns="array")

# What depends on shapes alone
constant(np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity, np.tri)

# What is printed, saved or asked of types
constant(np.array2string, np.array_repr, np.array_str, np.format_float_positional, np.format_float_scientific)
constant(np.save, np.savetxt, np.savez, np.savez_compressed, np.isfortran, np.iterable, np.issubdtype)
constant(np.promote_types, np.typename, np.get_printoptions, np.set_printoptions, np.geterr, np.seterr)
constant(np.bartlett, np.blackman, np.hamming, np.hanning, np.einsum_path, np.linalg.matrix_rank)
