"""Derivatives of NumPy functions that join arrays into one and split one into several.

Joining is linear: each part's cotangent is its own slice of the result's. The parts may come as a
list, a tuple, or an array of which they are the rows; the cotangent comes back in the same form.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import (
    Array,
    Form,
    Nested,
    Shape,
    form,
    gathered,
    reshaped,
    restore,
    shape_of,
    size_of,
    zeros_of,
)
from pullback.rules import constant, rule
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form, zeros_of, fit)


def parts_of(m: Form) -> list[Form]:
    """The forms of the arrays that are joined: items of a list, or rows of an array."""
    if isinstance(m, Nested):
        return m.parts
    shape, dtype = m
    return [(shape[1:], dtype)] * int(shape[0])


def joined_again(items: list[Tangent], m: Form) -> Tangent:
    """The parts' cotangents in the form in which the parts came."""
    if isinstance(m, Nested):
        return m.rebuilt(items)
    return restore(np.stack(items) if items else np.zeros(m[0]), m)


def at_least_1d(shape: Shape) -> Shape:
    """The shape np.atleast_1d gives."""
    return shape or (1,)


def at_least_2d(shape: Shape) -> Shape:
    """The shape np.atleast_2d gives."""
    return shape if len(shape) > 1 else (1, *at_least_1d(shape))


def at_least_3d(shape: Shape) -> Shape:
    """The shape np.atleast_3d gives."""
    return shape if len(shape) > 2 else (*at_least_2d(shape), 1)


def as_column(shape: Shape) -> Shape:
    """The shape with which np.column_stack joins."""
    return shape if len(shape) > 1 else (*at_least_1d(shape), 1)


def consecutive(lengths: list[int], axis: int) -> list[tuple[slice, ...]]:
    """The indices of consecutive slices of these lengths along an axis."""
    ends = list(accumulate(lengths))
    return [(*(slice(None),) * axis, slice(end - length, end)) for length, end in zip(lengths, ends, strict=True)]


def concatenate_pullback(g: Array, m: Form, axis: int | None) -> Tangent:
    """The cotangents of concatenated arrays: slices along `axis`, or (None) of the flat result."""
    parts = parts_of(m)
    lengths = [size_of(part) if axis is None else shape_of(part)[axis] for part in parts]
    places = consecutive(lengths, 0 if axis is None else axis % g.ndim)
    return joined_again([reshaped(g[place], part) for place, part in zip(places, parts, strict=True)], m)


def raised_pullback(g: Array, m: Form, raised: Any, axis: int) -> Tangent:
    """The same where each part was reshaped, to `raised` of its shape, before it was joined."""
    parts = parts_of(m)
    places = consecutive([raised(shape_of(part))[axis] for part in parts], axis)
    return joined_again([reshaped(g[place], part) for place, part in zip(places, parts, strict=True)], m)


def hstack_axis(m: Form) -> int:
    """The axis np.hstack joins along: the second, of vectors the first."""
    parts = parts_of(m)
    return 0 if not parts or len(shape_of(parts[0])) < 2 else 1


def stack_pullback(g: Array, m: Form, axis: int) -> Tangent:
    """The cotangents of stacked arrays: the slices across `axis`."""
    moved = np.moveaxis(g, axis, 0)
    return joined_again([restore(moved[k], part) for k, part in enumerate(parts_of(m))], m)


def append_pullback(g: Array, m: Form, axis: int | None, first: bool) -> Tangent:
    """The cotangent of either operand of np.append: the first or the last entries along `axis`."""
    length = size_of(m) if axis is None else shape_of(m)[axis]
    before = (slice(None),) * (0 if axis is None else axis % g.ndim)
    total = g.shape[0 if axis is None else axis]
    return reshaped(g[(*before, slice(0, length) if first else slice(total - length, total))], m)


def block_length(m: Form, axis: int) -> int:
    """How long a part of np.block is in the result, along the axis that its own list is joined on (from the last)."""
    while isinstance(m, Nested) and m.kind is list:  # (what it holds is joined along later axes)
        m = m.parts[0]
    shape = shape_of(m)
    return shape[axis] if len(shape) >= -axis else 1


def list_depth(m: Form) -> int:
    """How many lists are nested in the argument of np.block."""
    return 1 + list_depth(m.parts[0]) if isinstance(m, Nested) and m.kind is list else 0


def block_pullback(g: Array, m: Form) -> Tangent:
    """The cotangents of nested lists of blocks: the innermost list lies along the last axis."""
    if not (isinstance(m, Nested) and m.kind is list):
        return reshaped(g, m)
    depth = list_depth(m)
    places = consecutive([block_length(part, -depth) for part in m.parts], g.ndim - depth)
    return m.rebuilt([block_pullback(g[place], part) for place, part in zip(places, m.parts, strict=True)])


def split_pullback(g: Any, parts: Form, m: Form, axis: int) -> Tangent:
    """The cotangent of an array that was split: its parts' cotangents, concatenated."""
    joined = np.concatenate([gathered(t, p) for t, p in zip(g, parts.parts, strict=True)], axis)
    rest = list(shape_of(m))
    rest[axis] -= joined.shape[axis]
    if rest[axis]:  # np.array_split takes the length of a list for that of any of its axes
        joined = np.concatenate([joined, np.zeros(rest, joined.dtype)], axis)
    return restore(joined, m)


def unstack_pullback(g: Any, parts: Form, m: Form, axis: int) -> Tangent:
    """The cotangent of an array that was unstacked: its slices' cotangents, stacked."""
    if not parts.parts:
        return restore(np.zeros(shape_of(m)), m)
    return restore(np.stack([gathered(t, p) for t, p in zip(g, parts.parts, strict=True)], axis), m)


def meshgrid_pullback(g: Any, m: Form, i: int, count: int, indexing: str) -> Tangent:
    """The cotangent of coordinate vector `i`: the sum over all axes but its own."""
    own = 1 - i if indexing == "xy" and count > 1 and i < 2 else i
    if not isinstance(g[i], np.ndarray):
        return g[i]  # ZERO
    return reshaped(g[i].sum(axis=tuple(k for k in range(count) if k != own)), m)


def meshgrid_tangent(xi_dot: Any, y: Any, i: int, indexing: str) -> Tangent:
    """The tangents of the coordinate arrays, through coordinate vector `i`: its own array's alone."""
    own = 1 - i if indexing == "xy" and len(y) > 1 and i < 2 else i
    along = np.reshape(xi_dot, [-1 if k == own else 1 for k in range(len(y))])
    return tuple(np.broadcast_to(along, v.shape).copy() if k == i else ZERO for k, v in enumerate(y))


constant(parts_of, consecutive, hstack_axis, block_length, list_depth)
constant(at_least_1d, at_least_2d, at_least_3d, as_column)

rule(
    np.concatenate,
    "arrays, axis=0, *, dtype=None, casting='same_kind'",
    arrays="concatenate_pullback(g, form(arrays), axis)",
    arrays_dot="fit(np.concatenate(arrays_dot, axis, dtype=dtype, casting=casting), y)",
    _returns="array",
)
rule(
    np.stack,
    "arrays, axis=0, *, dtype=None, casting='same_kind'",
    arrays="stack_pullback(g, form(arrays), axis)",
    arrays_dot="fit(np.stack(arrays_dot, axis, dtype=dtype, casting=casting), y)",
    _returns="array",
)
rule(
    np.vstack,
    "tup, *, dtype=None, casting='same_kind'",
    tup="raised_pullback(g, form(tup), at_least_2d, 0)",
    tup_dot="fit(np.vstack(tup_dot, dtype=dtype, casting=casting), y)",
    _returns="array",
)
rule(
    np.hstack,
    "tup, *, dtype=None, casting='same_kind'",
    tup="raised_pullback(g, form(tup), at_least_1d, hstack_axis(form(tup)))",
    tup_dot="fit(np.hstack(tup_dot, dtype=dtype, casting=casting), y)",
    _returns="array",
)
rule(np.dstack, "tup", tup="raised_pullback(g, form(tup), at_least_3d, 2)", _linear="tup", _returns="array")
rule(np.column_stack, "tup", tup="raised_pullback(g, form(tup), as_column, 1)", _linear="tup", _returns="array")
rule(
    np.append,
    "arr, values, axis=None",
    arr="append_pullback(g, form(arr), axis, True)",
    values="append_pullback(g, form(values), axis, False)",
    arr_dot="np.append(arr_dot, zeros_of(values), axis)",
    values_dot="np.append(zeros_of(arr), values_dot, axis)",
    _returns="array",
)
rule(np.block, "arrays", arrays="block_pullback(g, form(arrays))", _linear="arrays", _returns="array")

splitting: Any
for splitting in (np.split, np.array_split):
    rule(
        splitting,
        "ary, indices_or_sections, axis=0",
        ary="split_pullback(g, form(y), form(ary), axis)",
        _linear="ary",
        _returns="list",
        _alias=True,
    )
for splitting, axis in ((np.vsplit, "0"), (np.hsplit, "min(np.ndim(ary), 2) - 1"), (np.dsplit, "2")):
    rule(
        splitting,
        "ary, indices_or_sections",
        ary=f"split_pullback(g, form(y), form(ary), {axis})",
        _linear="ary",
        _returns="list",
        _alias=True,
    )
if hasattr(np, "unstack"):  # NumPy 2.1
    rule(
        np.unstack,
        "x, *, axis=0",
        x="unstack_pullback(g, form(y), form(x), axis)",
        _linear="x",
        _returns="tuple",
        _alias=True,
    )
rule(
    np.meshgrid,
    "*xi, copy=True, sparse=False, indexing='xy'",
    xi="meshgrid_pullback(g, form(xi[i]), i, len(xi), indexing)",
    xi_dot="meshgrid_tangent(xi_dot, y, i, indexing)",
    _returns="tuple",
    _alias=True,
)
