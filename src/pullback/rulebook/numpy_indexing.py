"""Derivatives of indexing: the cotangent of `a[index]` goes back to where its entries came from.

    index_pullback(g, a.shape, a.dtype, index)     an array of zeros with g added at index
    accumulate_at(buffer, index, g)                the same into a buffer that is there already

An entry that is read several times, as in a[[0, 0]], receives the sum of its cotangents.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.array_likes import Array, Form, Shape, form, refuse, reshaped, restore, shape_of, size_of
from pullback.rules import constant, rule
from pullback.tangents import NO_TANGENT, ZERO, Tangent

IN_TEMPLATES = (form, restore)
_BASIC = (int, slice, np.integer, type(None), type(Ellipsis))


def is_basic(index: Any) -> bool:
    """Whether `a[index]` reads every entry once, without a list of positions: ints, slices, None, Ellipsis."""
    cls = index.__class__
    if cls is int or cls is slice:
        return True
    if cls is tuple:
        return all(isinstance(k, _BASIC) and k.__class__ is not bool for k in index)
    return isinstance(index, _BASIC) and cls is not bool


def index_pullback(t: Tangent, shape: Shape, dtype: Any, index: Any) -> Tangent:
    """The cotangent of an array of this shape and dtype that was read at `index`."""
    if t is ZERO or t is NO_TANGENT or dtype.kind not in "fc":
        return ZERO
    out = np.zeros(shape, dtype)
    if is_basic(index):
        out[index] = t if dtype.kind == "c" else np.real(t)
    else:
        accumulate_at(out, index, t)
    return out


def accumulate_at(buffer: Array, index: Any, t: Tangent) -> None:
    """Add `t` to `buffer[index]` in place; a single entry or a slice costs its own size, not the buffer's."""
    if t is ZERO or t is NO_TANGENT:
        return
    if t.__class__ is not float and buffer.dtype.kind == "f" and np.iscomplexobj(t):
        t = np.real(t)
    if is_basic(index):
        part = buffer[index]
        if isinstance(part, np.ndarray):
            part += t
        else:
            buffer[index] = part + t
    elif index.__class__ is np.ndarray and index.dtype == bool and index.ndim:
        buffer[index] += t
    else:
        positions = index if index.__class__ is tuple or index.__class__ is np.ndarray else np.asarray(index)
        if positions.__class__ is np.ndarray and positions.dtype.kind in "SUV":
            refuse(f"a field of a structured array, a[{index!r}], has no derivative")
        if positions.__class__ is np.ndarray and positions.size == 0:
            positions = positions.astype(np.intp)
        np.add.at(buffer, positions, t)


def take_index(ndim: int, axis: int, indices: Any) -> tuple[Any, ...]:
    """The index that reads `indices` along one axis."""
    return (*(slice(None),) * (axis % ndim), np.asarray(indices, np.intp))


def in_range(indices: Any, length: int, mode: str) -> Array:
    """The positions that np.take reads, by its `mode`."""
    if mode == "wrap":
        return np.asarray(indices) % length
    return np.clip(indices, 0, length - 1) if mode == "clip" else np.asarray(indices)


def take_pullback(g: Any, m: Form, indices: Any, axis: int | None, mode: str) -> Tangent:
    """The cotangent of np.take: of the flat array, or along one axis."""
    shape = (size_of(m),) if axis is None else shape_of(m) or (1,)  # an array without axes is taken from as a vector
    axis = axis or 0
    index = take_index(len(shape), axis, in_range(indices, shape[axis], mode))
    return reshaped(index_pullback(g, shape, np.result_type(g), index), m)


def along_axis_index(shape: Shape, indices: Array, axis: int) -> tuple[Any, ...]:
    """The index np.take_along_axis reads: `indices` along the axis, all positions along the others."""
    axis %= len(shape)
    ones = (1,) * len(shape)
    return tuple(
        indices if k == axis else np.arange(n).reshape((*ones[:k], n, *ones[k + 1 :])) for k, n in enumerate(shape)
    )


def take_along_axis_pullback(g: Array, m: Form, indices: Any, axis: int | None) -> Tangent:
    """The cotangent of np.take_along_axis."""
    if axis is None:
        return take_pullback(g, m, indices, None, "raise")
    shape = shape_of(m)
    index = along_axis_index(shape, np.asarray(indices), axis)
    return restore(index_pullback(g, shape, np.result_type(g), index), m)


# linear in its cotangent: a derivative's own derivative reads where this adds
rule(
    index_pullback,
    "t, shape, dtype, index",
    t="restore(np.asarray(g)[index], form(t))",
    _linear="t",
    _returns="array",
)

for taking in (np.take, np.ndarray.take, np.generic.take):
    rule(
        taking,
        "a, indices, axis=None, *, mode='raise'",
        a="take_pullback(g, form(a), indices, axis, mode)",
        _linear="a",
    )
rule(
    np.take_along_axis,
    "arr, indices, axis=-1",
    arr="take_along_axis_pullback(g, form(arr), indices, axis)",
    _linear="arr",
    _returns="array",
)
rule(
    np.compress,
    "condition, a, axis=None",
    a="take_pullback(g, form(a), np.flatnonzero(condition), axis, 'raise')",
    _linear="a",
    _returns="array",
)
for compressing in (np.ndarray.compress, np.generic.compress):
    rule(
        compressing,
        "a, condition, axis=None",
        a="take_pullback(g, form(a), np.flatnonzero(condition), axis, 'raise')",
        _linear="a",
        _returns="array",
    )
rule(
    np.extract,
    "condition, arr",
    arr="take_pullback(g, form(arr), np.flatnonzero(condition), None, 'raise')",
    _linear="arr",
    _returns="array",
)

rule(
    np.bincount,
    "x, weights=None, minlength=0",
    weights="restore(g[np.asarray(x)], form(weights))",
    _linear="weights",
    _returns="array",
)

# Positions: integers, which have no derivative
constant(np.ix_, np.indices, np.unravel_index, np.ravel_multi_index, np.mask_indices, np.diag_indices)
constant(np.diag_indices_from, np.tril_indices, np.tril_indices_from, np.triu_indices, np.triu_indices_from)
constant(np.searchsorted, np.digitize, np.ndarray.searchsorted, is_basic, along_axis_index, take_index, in_range)
