"""Derivatives of NumPy functions and methods that move entries without changing them.

Each is linear with a matrix of zeros and ones, so a cotangent is moved back the same way; where an
entry was repeated its cotangents add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, Shape, entry_order, form, gathered, reshaped, restore, shape_of
from pullback.rules import constant, rule
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form, gathered, entry_order, fit)


def inverse_axes(axes: Any) -> Any:
    """The permutation that undoes a transpose by `axes` (None: the reversal)."""
    if axes is None:
        return None
    normal = [k % len(axes) for k in axes]
    inverse = [0] * len(normal)
    for place, k in enumerate(normal):
        inverse[k] = place
    return inverse


def method_axes(axes: tuple[Any, ...]) -> Any:
    """What `a.transpose(*axes)` takes for its axes: none, one tuple, or one int each."""
    if len(axes) == 1 and not isinstance(axes[0], (int, np.integer)):
        return axes[0]
    return axes or None


def rolled_back(g: Array, axis: int, start: int) -> Array:
    """The inverse of `rollaxis(a, axis, start)`: the axis is at `start`, or just before it."""
    axis, start = axis % g.ndim, start + g.ndim * (start < 0)
    return np.moveaxis(g, start - (axis < start), axis)


def opposite(shift: Any) -> Any:
    """The shift, or shifts along several axes, that undoes a roll."""
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


def item_of(g: Any, count: int, i: int) -> Tangent:
    """The cotangent of result `i` of a function that returns one array for one, a tuple for several."""
    return g[i] if count > 1 else g


def only_item(t: Tangent, count: int, i: int) -> Tangent:
    """The reverse: the tangent of such a result through argument `i` alone."""
    return only_part(t, count, i) if count > 1 else t


def only_part(t: Tangent, count: int, i: int) -> Tangent:
    """A tuple of zeros but for one item."""
    return tuple(t if k == i else ZERO for k in range(count))


def tile_pullback(g: Array, m: Form, reps: Any) -> Tangent:
    """The cotangent of a tiled array: the sum over its copies."""
    counts = tuple(reps) if np.ndim(reps) else (int(reps),)
    shape = shape_of(m)
    counts = (1,) * (len(shape) - len(counts)) + counts
    shape = (1,) * (len(counts) - len(shape)) + shape
    pairs = [n for pair in zip(counts, shape, strict=True) for n in pair]
    return reshaped(np.reshape(g, pairs).sum(axis=tuple(range(0, len(pairs), 2))), m)


def repeat_pullback(g: Array, m: Form, repeats: Any, axis: int | None) -> Tangent:
    """The cotangent of an array whose entries were repeated: each entry's copies summed."""
    shape = shape_of(m)
    if axis is None:
        shape, axis = (int(np.prod(shape, dtype=int)),), 0
    axis %= len(shape)
    n = shape[axis]
    if np.size(repeats) == 1:
        count = int(np.reshape(repeats, ()))
        t = np.reshape(g, (*shape[:axis], n, count, *shape[axis + 1 :])).sum(axis=axis + 1)
    else:
        t = sum_runs(g, np.repeat(np.arange(n), repeats), n, axis)
    return reshaped(t, m)


def sum_runs(t: Array, owner: Array, count: int, axis: int) -> Array:
    """An array of `count` entries along `axis`: entry j is the sum of the entries k of `t` with owner[k] == j."""
    out = np.zeros((*t.shape[:axis], count, *t.shape[axis + 1 :]), t.dtype)
    index: Any = (slice(None),) * axis + (owner,)
    np.add.at(out, index, t)
    return out


def diagonal_pullback(t: Array, shape: Shape, offset: int, axis1: int, axis2: int) -> Array:
    """The array of zeros whose diagonal, as np.diagonal has it, is `t`."""
    out = np.zeros(shape, t.dtype)
    k = np.arange(t.shape[-1])
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., k + max(-offset, 0), k + max(offset, 0)] = t
    return out


def trace_pullback(g: Any, m: Form, offset: int, axis1: int, axis2: int) -> Tangent:
    """The cotangent of a trace: `g` all along the diagonal."""
    shape = shape_of(m)
    rows, columns = shape[axis1] + min(offset, 0), shape[axis2] - max(offset, 0)
    length = max(min(rows, columns), 0)
    t = np.broadcast_to(np.expand_dims(g, -1), (*np.shape(g), length))
    return restore(diagonal_pullback(t, shape, offset, axis1, axis2), m)


def diag_pullback(g: Array, m: Form, k: int) -> Tangent:
    """The cotangent of np.diag, which makes a matrix of a vector and takes the diagonal of a matrix."""
    shape = shape_of(m)
    return restore(np.diagonal(g, k).copy() if len(shape) == 1 else diagonal_pullback(g, shape, k, 0, 1), m)


def item_pullback(g: Any, m: Form, index: tuple[Any, ...]) -> Tangent:
    """The cotangent of `a.item(*index)`: zeros but for the one entry."""
    shape = shape_of(m)
    if len(index) == 1 and isinstance(index[0], tuple):
        index = index[0]
    flat = np.ravel_multi_index(index, shape, mode="wrap") if len(index) == len(shape) > 1 else (index or (0,))[0]
    return reshaped(one_entry(g, int(np.prod(shape, dtype=int)), int(flat)), m)


def one_entry(t: Any, size: int, at: int) -> Array:
    """A vector of zeros but for the entry `t` at `at`."""
    out = np.zeros(size, np.result_type(t))
    out[at] = t
    return out


# A derivative's own derivative meets the helpers that write into an array of zeros.
rule(sum_runs, "t, owner, count, axis", t="np.take(g, owner, axis)", _linear="t", _returns="array")
rule(
    diagonal_pullback,
    "t, shape, offset, axis1, axis2",
    t="np.diagonal(g, offset, axis1, axis2).copy()",
    _linear="t",
    _returns="array",
)
rule(one_entry, "t, size, at", t="restore(g[at], form(t))", _linear="t", _returns="array")

# The same entries in the same order: a reshape back. A method and its function share a template.
KINDS: Sequence[Any] = (np.ndarray, np.generic)
name: str
function: Any
for function, signature in (
    (np.reshape, "a, shape, order='C', *, copy=None"),
    (np.ndarray.reshape, "a, *shape, order='C', copy=None"),
    (np.generic.reshape, "a, *shape, order='C', copy=None"),
    (np.ravel, "a, order='C'"),
    (np.ndarray.ravel, "a, order='C'"),
    (np.generic.ravel, "a, order='C'"),
):
    rule(
        function,
        signature,
        a="reshaped(g, form(a), order)",
        a_dot="np.reshape(a_dot, np.shape(y), entry_order(order))",
        _returns="view" if function in (np.reshape, np.generic.reshape) else "array",
        _alias=True,
    )
for kind in KINDS:
    rule(
        kind.flatten,
        "a, order='C'",
        a="reshaped(g, form(a), order)",
        a_dot="a_dot.flatten(entry_order(order))",
        _returns="array",
    )
    rule(kind.squeeze, "a, axis=None", a="reshaped(g, form(a))", _linear="a", _alias=True)
rule(np.expand_dims, "a, axis", a="reshaped(g, form(a))", _linear="a", _returns="array", _alias=True)
rule(np.squeeze, "a, axis=None", a="reshaped(g, form(a))", _linear="a", _returns="view", _alias=True)
for at_least in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    rule(
        at_least,
        "*arys",
        arys="reshaped(item_of(g, len(arys), i), form(arys[i]))",
        arys_dot="only_item(np.reshape(arys_dot, np.shape(item_of(y, len(arys), i))), len(arys), i)",
        _returns="unknown",
        _alias=True,
    )
for kind in KINDS:
    rule(kind.item, "a, *index", a="item_pullback(g, form(a), index)", _linear="a", _returns="unknown")
    rule(kind.tolist, "a", a="restore(gathered(g, form(a.tolist())), form(a))", _linear="a", _returns="unknown")

# The same entries with their axes exchanged
rule(
    np.transpose,
    "a, axes=None",
    a="restore(np.transpose(g, inverse_axes(axes)), form(a))",
    _linear="a",
    _returns="view",
    _alias=True,
)
for function in (np.swapaxes, np.ndarray.swapaxes):
    rule(
        function,
        "a, axis1, axis2",
        a="restore(np.swapaxes(g, axis1, axis2), form(a))",
        _linear="a",
        _returns="array",
        _alias=True,
    )
for kind in KINDS:
    rule(
        kind.transpose,
        "a, *axes",
        a="restore(np.transpose(g, inverse_axes(method_axes(axes))), form(a))",
        _linear="a",
        _alias=True,
    )
    rule(kind.T, "a", a="restore(np.transpose(g), form(a))", a_dot="a_dot.T", _alias=True)
for name, function in (
    ("a", np.ndarray.mT),
    ("x", np.matrix_transpose),
    ("x", np.linalg.matrix_transpose),
):
    template: dict[str, Any] = {
        name: f"restore(np.swapaxes(g, -1, -2), form({name}))",
        f"{name}_dot": f"np.swapaxes({name}_dot, -1, -2)",
    }
    rule(function, name, _returns="array", _alias=True, **template)
rule(
    np.moveaxis,
    "a, source, destination",
    a="restore(np.moveaxis(g, destination, source), form(a))",
    _linear="a",
    _returns="view",
    _alias=True,
)
rule(
    np.rollaxis,
    "a, axis, start=0",
    a="restore(rolled_back(g, axis, start), form(a))",
    _linear="a",
    _returns="array",
    _alias=True,
)

# The entries in another place
rule(np.flip, "m, axis=None", m="restore(np.flip(g, axis), form(m))", _linear="m", _returns="view", _alias=True)
rule(np.fliplr, "m", m="restore(np.fliplr(g), form(m))", _linear="m", _returns="array", _alias=True)
rule(np.flipud, "m", m="restore(np.flipud(g), form(m))", _linear="m", _returns="array", _alias=True)
rule(
    np.rot90,
    "m, k=1, axes=(0, 1)",
    m="restore(np.rot90(g, -k, axes), form(m))",
    _linear="m",
    _returns="array",
    _alias=True,
)
rule(
    np.roll,
    "a, shift, axis=None",
    a="restore(np.roll(g, opposite(shift), axis), form(a))",
    _linear="a",
    _returns="array",
)

# The entries several times
rule(
    np.broadcast_to,
    "array, shape, subok=False",
    array="restore(g, form(array))",
    _linear="array",
    _returns="array",
    _alias=True,
)
rule(
    np.broadcast_arrays,
    "*args",
    args="restore(g[i], form(args[i]))",
    args_dot="only_part(np.broadcast_arrays(args_dot, y[i])[0], len(y), i)",
    _returns="tuple",
    _alias=True,
)
rule(np.tile, "A, reps", A="tile_pullback(g, form(A), reps)", _linear="A", _returns="array")
for function in (np.repeat, np.ndarray.repeat, np.generic.repeat):
    rule(
        function,
        "a, repeats, axis=None",
        a="repeat_pullback(g, form(a), repeats, axis)",
        _linear="a",
        _returns="array",
    )

# Some of the entries
for function in (np.triu, np.tril):
    rule(function, "m, k=0", m=f"restore(np.{function.__name__}(g, k), form(m))", _linear="m", _returns="array")
for function in (np.diagonal, np.ndarray.diagonal):
    rule(
        function,
        "a, offset=0, axis1=0, axis2=1",
        a="restore(diagonal_pullback(g, np.shape(a), offset, axis1, axis2), form(a))",
        _linear="a",
        _returns="array",
        _alias=True,
    )
rule(
    np.linalg.diagonal,
    "x, *, offset=0",
    x="restore(diagonal_pullback(g, np.shape(x), offset, -2, -1), form(x))",
    _linear="x",
    _returns="array",
    _alias=True,
)
for function in (np.trace, np.ndarray.trace):
    rule(
        function,
        "a, offset=0, axis1=0, axis2=1, dtype=None",
        a="trace_pullback(g, form(a), offset, axis1, axis2)",
        a_dot="fit(np.trace(a_dot, offset, axis1, axis2, dtype), y)",
    )
rule(
    np.linalg.trace,
    "x, *, offset=0, dtype=None",
    x="trace_pullback(g, form(x), offset, -2, -1)",
    x_dot="fit(np.linalg.trace(x_dot, offset=offset, dtype=dtype), y)",
)
rule(np.diag, "v, k=0", v="diag_pullback(g, form(v), k)", _linear="v", _returns="array", _alias=True)
rule(np.diagflat, "v, k=0", v="reshaped(np.diagonal(g, k).copy(), form(v))", _linear="v", _returns="array")

# What is asked of an array without reading its entries
constant(np.shape, np.ndim, np.size, np.broadcast_shapes, np.result_type, np.iscomplexobj, np.isrealobj)
constant(np.may_share_memory, np.shares_memory, np.can_cast, np.min_scalar_type, np.common_type)
for kind in KINDS:
    constant(kind.shape, kind.ndim, kind.size, kind.dtype, kind.nbytes, kind.itemsize, kind.strides, kind.flags)
    constant(kind.tobytes)
