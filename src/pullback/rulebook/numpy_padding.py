"""Derivatives of NumPy functions that make an array longer or shorter: pad, resize, insert, delete, windows.

What moves entries only is applied to the entries' numbers, which then say where a cotangent goes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pullback.rulebook.array_likes import (
    Array,
    Form,
    form,
    gathered,
    refuse,
    reshaped,
    restore,
    shape_of,
    size_of,
    zeros_of,
)
from pullback.rules import constant, rule
from pullback.tangents import Tangent

IN_TEMPLATES = (form, gathered)
COPYING = ("edge", "reflect", "symmetric", "wrap")
AVERAGING = ("mean", "linear_ramp", "reflect", "symmetric")
NO_MODE = (
    "np.pad has no derivative for mode={!r}; modes that have one: constant, edge, reflect, symmetric, wrap, "
    "mean, linear_ramp, empty"
)


def numbers(m: Form) -> Array:
    """The entries' flat numbers, in the operand's shape."""
    return np.arange(size_of(m)).reshape(shape_of(m))


def sum_by_number(t: Array, origin: Array, count: int) -> Array:
    """A vector whose entry k is the sum of the entries of `t` that came from entry k; -1: from elsewhere."""
    out = np.zeros(count + 1, t.dtype)
    np.add.at(out, origin, t)
    return out[:-1]


def sent_back(g: Array, origin: Array, m: Form) -> Tangent:
    """The cotangent of an operand whose entry `origin` each entry of the result is."""
    return reshaped(sum_by_number(g, origin, size_of(m)), m)


def pad_widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """The widths before and after, axis by axis, in any of the forms np.pad takes."""
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(k, pad_width.get(k - ndim, (0, 0))) for k in range(ndim)]
        pad_width = [w if isinstance(w, tuple) else (w, w) for w in pad_width]
    return [(int(before), int(after)) for before, after in np.broadcast_to(pad_width, (ndim, 2))]


def center(g: Array, m: Form, pad_width: Any) -> Array:
    """The part of a padded array's cotangent that lies over the array itself."""
    shape = shape_of(m)
    widths = pad_widths(pad_width, len(shape))
    return g[tuple(slice(before, before + n) for (before, _), n in zip(widths, shape, strict=True))]


def pad_pullback(g: Array, m: Form, pad_width: Any, mode: Any, stat_length: Any, reflect_type: str) -> Tangent:
    """The cotangent of a padded array; for the modes in which the border is linear in the entries."""
    if mode in ("constant", "empty"):
        return restore(center(g, m, pad_width), m)
    if mode in COPYING and reflect_type == "even":
        return sent_back(g, np.pad(numbers(m), pad_width, mode), m)
    if mode not in AVERAGING:
        refuse(NO_MODE.format(mode))
    # Padding goes axis by axis, and along each is a matrix: that of the unit vectors, padded.
    shape = shape_of(m)
    for axis, (before, after) in reversed(list(enumerate(pad_widths(pad_width, len(shape))))):
        options: dict[str, Any] = {}
        if mode == "mean" and stat_length is not None:
            options["stat_length"] = pad_widths(stat_length, len(shape))[axis]
        if mode in ("reflect", "symmetric"):
            options["reflect_type"] = reflect_type
        if before or after:
            padded = np.pad(np.eye(shape[axis]), ((before, after), (0, 0)), mode, **along_first(options))
            g = np.moveaxis(np.tensordot(padded, g, ((0,), (axis,))), 0, axis)
    return restore(g, m)


def pad_tangent(a_dot: Any, pad_width: Any, mode: Any, stat_length: Any, reflect_type: str) -> Array:
    """The tangent of a padded array: padded likewise, with zeros for what is not an entry."""
    if mode in ("constant", "empty"):
        return np.pad(a_dot, pad_width)
    if mode == "linear_ramp":
        return np.pad(a_dot, pad_width, mode)
    if mode in ("reflect", "symmetric"):
        return np.pad(a_dot, pad_width, mode, reflect_type=reflect_type)
    if mode not in (*COPYING, *AVERAGING):
        refuse(NO_MODE.format(mode))
    return np.pad(a_dot, pad_width, mode, **({"stat_length": stat_length} if mode == "mean" else {}))


def border_tangent(value_dot: Any, array: Any, pad_width: Any, mode: Any) -> Array:
    """The tangent of a padded array through the constants with which it is padded."""
    if mode != "constant":
        refuse("np.pad has a derivative for constant_values in mode='constant' only")
    return np.pad(zeros_of(array), pad_width, constant_values=value_dot)


def along_first(options: dict[str, Any]) -> dict[str, Any]:
    """The options of np.pad for a matrix of unit vectors, padded along its first axis only."""
    if "stat_length" in options:
        return {"stat_length": (options["stat_length"], (1, 1))}
    return options


def border_pullback(g: Array, m: Form, array: Form, pad_width: Any, mode: Any) -> Tangent:
    """The cotangent of the one constant with which an array is padded: the sum over the border."""
    if mode != "constant" or size_of(m) != 1:
        refuse("np.pad has a derivative for a single constant_values in mode='constant' only")
    return reshaped(np.sum(g) - np.sum(center(g, array, pad_width)), m)


def kept(filt: Any, trim: str, axis: Any) -> Any:
    """The slice that np.trim_zeros leaves of a vector."""
    if np.ndim(filt) != 1 or axis is not None:
        refuse("np.trim_zeros has a derivative for vectors only")
    places = np.flatnonzero(filt)
    if not len(places):
        return slice(0, 0)
    first = int(places[0]) if "f" in trim.lower() else 0
    return slice(first, int(places[-1]) + 1 if "b" in trim.lower() else None)


def insert_numbers(arr: Form, obj: Any, values: Form, axis: int | None, of_values: bool) -> Array:
    """np.insert applied to entries' numbers: those of `values` or of `arr`; the other's are -1."""
    if of_values:
        return np.insert(np.full(shape_of(arr), -1), obj, numbers(values), axis)
    return np.insert(numbers(arr), obj, -1 if axis is None else np.full(shape_of(values), -1), axis)


rule(sum_by_number, "t, origin, count", t="np.append(g, g.dtype.type(0))[origin]", _linear="t", _returns="array")
constant(numbers, insert_numbers, kept)

rule(
    np.pad,
    "array, pad_width, mode='constant', *, constant_values=0, end_values=0, stat_length=None, reflect_type='even'",
    array="pad_pullback(g, form(array), pad_width, mode, stat_length, reflect_type)",
    constant_values="border_pullback(g, form(constant_values), form(array), pad_width, mode)",
    array_dot="pad_tangent(array_dot, pad_width, mode, stat_length, reflect_type)",
    constant_values_dot="border_tangent(constant_values_dot, array, pad_width, mode)",
    _returns="array",
)
rule(
    np.resize,
    "a, new_shape",
    a="sent_back(g, np.resize(numbers(form(a)), new_shape), form(a))",
    _linear="a",
    _returns="array",
)
rule(
    np.trim_zeros,
    "filt, trim='fb', axis=None",
    filt="sent_back(gathered(g, form(y)), numbers(form(filt))[kept(filt, trim, axis)], form(filt))",
    filt_dot="filt_dot[kept(filt, trim, axis)]",
    _returns="unknown",
    _alias=True,
)
rule(
    np.insert,
    "arr, obj, values, axis=None",
    arr="sent_back(g, insert_numbers(form(arr), obj, form(values), axis, False), form(arr))",
    values="sent_back(g, insert_numbers(form(arr), obj, form(values), axis, True), form(values))",
    arr_dot="np.insert(arr_dot, obj, zeros_of(values), axis)",
    values_dot="np.insert(zeros_of(arr), obj, values_dot, axis)",
    _returns="array",
)
rule(
    np.delete,
    "arr, obj, axis=None",
    arr="sent_back(g, np.delete(numbers(form(arr)), obj, axis), form(arr))",
    _linear="arr",
    _returns="array",
)
rule(
    sliding_window_view,
    "x, window_shape, axis=None, *, subok=False, writeable=False",
    x="sent_back(g, sliding_window_view(numbers(form(x)), window_shape, axis), form(x))",
    _linear="x",
    _returns="array",
    _alias=True,
)
