"""Derivatives of NumPy's products of vectors, matrices and stacks of matrices.

Each is bilinear: the cotangent of one operand is the product of `g` with the other, plainly
transposed. Cotangents pair without conjugation, so only a function that itself conjugates (vdot,
vecdot, vecmat) conjugates in its derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.array_likes import Array, Form, form, refuse, reshaped, restore, shape_of
from pullback.rules import constant, rule
from pullback.tangents import Tangent

IN_TEMPLATES = (form,)


def matmul_left(g: Any, b: Any, m: Form) -> Tangent:
    """The cotangent of `a`, with the form `m`, in a @ b."""
    shape = shape_of(m)
    b = np.asarray(b)
    if len(shape) == 2 and b.ndim == 2:
        return restore(g @ b.T, m)
    if b.ndim == 1:
        return restore(np.expand_dims(g, -1) * b, m)
    if len(shape) == 1:
        return restore((b @ np.expand_dims(g, -1))[..., 0], m)
    return restore(g @ np.swapaxes(b, -1, -2), m)


def matmul_right(g: Any, a: Any, m: Form) -> Tangent:
    """The cotangent of `b`, with the form `m`, in a @ b."""
    shape = shape_of(m)
    a = np.asarray(a)
    if len(shape) == 2 and a.ndim == 2:
        return restore(a.T @ g, m)
    if a.ndim == 1:
        if len(shape) == 1:
            return restore(g * a, m)
        return restore(np.expand_dims(a, -1) * np.expand_dims(g, -2), m)
    if len(shape) == 1:
        return restore((np.expand_dims(g, -2) @ a)[..., 0, :], m)
    return restore(np.swapaxes(a, -1, -2) @ g, m)


def dot_left(g: Any, b: Any, m: Form) -> Tangent:
    """The cotangent of `a` in np.dot(a, b), which sums over the last axis of `a`, the last but one of `b`."""
    ndim, b = len(shape_of(m)), np.asarray(b)
    if ndim == 2 and b.ndim == 2:
        return restore(g @ b.T, m)
    if ndim == 0 or b.ndim == 0:
        return restore(g * b, m) if ndim else restore(np.sum(g * b), m)
    if b.ndim == 1:
        return restore(np.expand_dims(g, -1) * b, m)
    own, others = tuple(range(ndim - 1, np.ndim(g))), (*range(b.ndim - 2), b.ndim - 1)
    return restore(np.tensordot(g, b, (own, others)), m)


def dot_right(g: Any, a: Any, m: Form) -> Tangent:
    """The cotangent of `b` in np.dot(a, b)."""
    ndim, a = len(shape_of(m)), np.asarray(a)
    if ndim == 2 and a.ndim == 2:
        return restore(a.T @ g, m)
    if ndim == 0 or a.ndim == 0:
        return restore(g * a, m) if ndim else restore(np.sum(g * a), m)
    leading = tuple(range(a.ndim - 1))
    t = np.tensordot(a, g, (leading, leading))
    return restore(np.moveaxis(t, 0, -2) if ndim > 1 else t, m)


def inner_pullback(g: Any, other: Any, m: Form, first: bool) -> Tangent:
    """The cotangent of either operand of np.inner, which sums over both last axes."""
    ndim, other = len(shape_of(m)), np.asarray(other)
    if ndim == 0 or other.ndim == 0:
        return restore(g * other, m) if ndim else restore(np.sum(g * other), m)
    free = other.ndim - 1
    across = tuple(range(np.ndim(g) - free, np.ndim(g))) if first else tuple(range(free))
    return restore(np.tensordot(g, other, (across, tuple(range(free)))), m)


def outer_pullback(g: Array, other: Any, m: Form, first: bool) -> Tangent:
    """The cotangent of either operand of np.outer, which flattens both."""
    flat = np.ravel(other)
    return reshaped(g @ flat if first else flat @ g, m)


def contracted(axes: Any, a_ndim: int, b_ndim: int) -> tuple[list[int], list[int]]:
    """The axes np.tensordot sums over, of each operand."""
    if isinstance(axes, (int, np.integer)):
        return list(range(a_ndim - int(axes), a_ndim)), list(range(int(axes)))
    of_a, of_b = (np.atleast_1d(k).tolist() for k in axes)
    return [k % a_ndim for k in of_a], [k % b_ndim for k in of_b]


def tensordot_left(g: Any, b: Any, m: Form, axes: Any) -> Tangent:
    """The cotangent of `a` in tensordot(a, b, axes): the free axes of `a` first, as `g` has them."""
    ndim, b = len(shape_of(m)), np.asarray(b)
    of_a, of_b = contracted(axes, ndim, b.ndim)
    free = [k for k in range(ndim) if k not in of_a]
    free_b = [k for k in range(b.ndim) if k not in of_b]
    t = np.tensordot(g, b, (list(range(len(free), np.ndim(g))), free_b))
    place = [*free, *(of_a[of_b.index(k)] for k in sorted(of_b))]
    return restore(np.transpose(t, np.argsort(place)), m)


def tensordot_right(g: Any, a: Any, m: Form, axes: Any) -> Tangent:
    """The cotangent of `b` in tensordot(a, b, axes): the free axes of `b` last."""
    ndim, a = len(shape_of(m)), np.asarray(a)
    of_a, of_b = contracted(axes, a.ndim, ndim)
    free = [k for k in range(ndim) if k not in of_b]
    free_a = [k for k in range(a.ndim) if k not in of_a]
    t = np.tensordot(a, g, (free_a, list(range(len(free_a)))))
    place = [*(of_b[of_a.index(k)] for k in sorted(of_a)), *free]
    return restore(np.transpose(t, np.argsort(place)), m)


def kron_pullback(g: Any, other: Any, m: Form, first: bool) -> Tangent:
    """The cotangent of either operand of np.kron: each axis of `g` is one of `a` times one of `b`."""
    other = np.asarray(other)
    ndim = max(len(shape_of(m)), other.ndim)
    own, others = ((1,) * (ndim - len(s)) + s for s in (shape_of(m), other.shape))
    pairs = zip(own, others, strict=True) if first else zip(others, own, strict=True)
    split = np.reshape(g, [n for pair in pairs for n in pair])
    across = list(range(1 if first else 0, 2 * ndim, 2))
    return reshaped(np.tensordot(split, np.reshape(other, others), (across, list(range(ndim)))), m)


def placed(t: Array, axis: int, m: Form) -> Array:
    """`t` with its last axis where an operand has it; the operand may lack leading axes of `t`."""
    return np.moveaxis(t, -1, axis if axis < 0 else axis + t.ndim - len(shape_of(m)))


def cross_product(p: Any, q: Any, axes: tuple[int, int, int], m: Form) -> Tangent:
    """The cotangent of an operand of a cross product: a cross product, of vectors of three entries."""
    if np.shape(p)[axes[0]] != 3 or np.shape(q)[axes[1]] != 3 or shape_of(m)[axes[2]] != 3:
        refuse("the derivative of np.cross is for vectors of three entries")
    return restore(placed(np.cross(p, q, axes[0], axes[1]), axes[2], m), m)


def vecdot_pullback(g: Any, other: Any, m: Form, axis: int, conjugated: bool) -> Tangent:
    """The cotangent of either operand of vecdot, the sum of conj(x1) x2 over `axis`; of x1 if `conjugated`."""
    t = np.expand_dims(g, -1) * np.moveaxis(np.asarray(other), axis, -1)
    return restore(placed(np.conj(t) if conjugated else t, axis, m), m)


def columns(x: Any) -> Array:
    """Vectors as matrices of one column."""
    return np.expand_dims(x, -1)


def rows(x: Any) -> Array:
    """Vectors as matrices of one row."""
    return np.expand_dims(x, -2)


for multiplying in (np.matmul, np.linalg.matmul):
    rule(
        multiplying,
        "x1, x2",
        x1="matmul_left(g, x2, form(x1))",
        x2="matmul_right(g, x1, form(x2))",
        _linear="x1, x2",
    )
for dotting in (np.dot, np.ndarray.dot):
    rule(dotting, "a, b", a="dot_left(g, b, form(a))", b="dot_right(g, a, form(b))", _linear="a, b")
rule(
    np.inner,
    "a, b",
    a="inner_pullback(g, b, form(a), True)",
    b="inner_pullback(g, a, form(b), False)",
    _linear="a, b",
)
rule(
    np.vdot,
    "a, b",
    a="reshaped(np.conj(g * np.ravel(b)), form(a))",
    b="reshaped(g * np.conj(np.ravel(a)), form(b))",
    _linear="a, b",
)
rule(
    np.outer,
    "a, b",
    a="outer_pullback(g, b, form(a), True)",
    b="outer_pullback(g, a, form(b), False)",
    _linear="a, b",
    _returns="array",
)
rule(
    np.linalg.outer,
    "x1, x2",
    x1="outer_pullback(g, x2, form(x1), True)",
    x2="outer_pullback(g, x1, form(x2), False)",
    _linear="x1, x2",
    _returns="array",
)
rule(
    np.tensordot,
    "a, b, axes=2",
    a="tensordot_left(g, b, form(a), axes)",
    b="tensordot_right(g, a, form(b), axes)",
    _linear="a, b",
)
rule(
    np.linalg.tensordot,
    "x1, x2, *, axes=2",
    x1="tensordot_left(g, x2, form(x1), axes)",
    x2="tensordot_right(g, x1, form(x2), axes)",
    _linear="x1, x2",
)
rule(
    np.kron,
    "a, b",
    a="kron_pullback(g, b, form(a), True)",
    b="kron_pullback(g, a, form(b), False)",
    _linear="a, b",
)
rule(
    np.cross,
    "a, b, axisa=-1, axisb=-1, axisc=-1, axis=None",
    a="cross_product(b, g, (axisb, axisc, axisa) if axis is None else (axis,) * 3, form(a))",
    b="cross_product(g, a, (axisc, axisa, axisb) if axis is None else (axis,) * 3, form(b))",
    _linear="a, b",
    _returns="array",
)
rule(
    np.linalg.cross,
    "x1, x2, *, axis=-1",
    x1="cross_product(x2, g, (axis,) * 3, form(x1))",
    x2="cross_product(g, x1, (axis,) * 3, form(x2))",
    _linear="x1, x2",
    _returns="array",
)
for vecdot in (np.vecdot, np.linalg.vecdot):
    rule(
        vecdot,
        "x1, x2, *, axis=-1",
        x1="vecdot_pullback(g, x2, form(x1), axis, True)",
        x2="vecdot_pullback(g, np.conj(x1), form(x2), axis, False)",
        _linear="x1, x2",
    )
if hasattr(np, "matvec"):  # NumPy 2.2
    rule(
        np.matvec,
        "x1, x2",
        x1="restore(columns(g) * rows(x2), form(x1))",
        x2="restore((rows(g) @ np.asarray(x1))[..., 0, :], form(x2))",
        _linear="x1, x2",
        _returns="array",
    )
    rule(
        np.vecmat,
        "x1, x2",
        x1="restore(np.conj((np.asarray(x2) @ columns(g))[..., 0]), form(x1))",
        x2="restore(columns(np.conj(x1)) * rows(g), form(x2))",
        _linear="x1, x2",
        _returns="array",
    )
constant(contracted)
