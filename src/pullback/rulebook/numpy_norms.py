"""Derivatives of the norms of `numpy.linalg`.

    np.linalg.norm(x)  ->  g * conj(x) / y, and 0 at x = 0

Equal largest entries, row sums or singular values share the cotangent equally.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.numpy_elementwise import unit
from pullback.rulebook.numpy_reductions import axes_of, onto, restored
from pullback.rules import rule


def direction(x: Any) -> Any:
    """The slope of |x|: sign x, conjugated where x is complex; 0 at 0."""
    s = np.sign(x)
    return np.conj(s) if np.iscomplexobj(x) else s


def vector_norm_pullback(g: Any, y: Any, x: Any, order: Any, axes: tuple[int, ...]) -> Any:
    """The cotangent of y = (Σ |x|ᵖ)^(1/p), with g and y in the shape of x: g sign(x) (|x| / y)^(p - 1)."""
    if order is None or order == 2:
        return g * unit(np.conj(x) if np.iscomplexobj(x) else x, y)
    if order == 0:  # how many entries differ from 0
        return np.zeros(x.shape)
    if order == 1:
        return g * direction(x)
    size = np.abs(x)
    if np.isinf(order):
        hit = size == y
        return g * direction(x) * hit / np.maximum(np.sum(hit, axis=axes, keepdims=True), 1)
    ratio = np.where(size == 0, 1.0, unit(size, y))  # where x is 0 its direction is, whatever the power
    return g * direction(x) * np.where(y == 0, 0.0, np.where(y == 0, 1.0, ratio) ** (order - 1.0))


def singular_share(s: Any, order: Any) -> Any:
    """How much of the cotangent each singular value has, in the norms that are functions of them."""
    if order == "nuc":
        scale = np.max(s, axis=-1, keepdims=True)
        return s > scale * (np.finfo(s.dtype).eps * s.shape[-1])
    extreme = s[..., :1] if order == 2 else s[..., -1:]
    hit = (s == extreme) & (s > 0)
    return hit / np.maximum(np.sum(hit, axis=-1, keepdims=True), 1)


def matrix_norm_pullback(g: Any, m: Any, order: Any) -> Any:
    """The cotangent of a norm of the matrices in the last two axes of m; g has these of length 1."""
    if order in ("nuc", 2, -2):
        u, s, vh = np.linalg.svd(m, full_matrices=False)
        t = np.matmul(u * np.expand_dims(singular_share(s, order), -2), vh)
        return g * (np.conj(t) if np.iscomplexobj(t) else t)
    lines = np.sum(np.abs(m), axis=-2 if abs(order) == 1 else -1, keepdims=True)
    across = -1 if abs(order) == 1 else -2
    extreme = np.max(lines, axis=across, keepdims=True) if order > 0 else np.min(lines, axis=across, keepdims=True)
    hit = lines == extreme
    return g * direction(m) * (hit / np.maximum(np.sum(hit, axis=across, keepdims=True), 1))


def norm_pullback(g: Any, y: Any, x: Any, order: Any, axis: Any, keepdims: Any, as_vector: bool) -> Any:
    """The cotangent of a norm over one axis, two, or (without an order, or as a vector) any number."""
    a = np.asarray(x)
    axes = axes_of(axis, a.ndim)
    h = restored(g, a.ndim, axis, keepdims)
    if as_vector or len(axes) == 1 or order is None or order == "fro":
        length = restored(y, a.ndim, axis, keepdims)
        return onto(vector_norm_pullback(h, length, a, None if order == "fro" else order, axes), x)
    t = matrix_norm_pullback(np.moveaxis(h, axes, (-2, -1)), np.moveaxis(a, axes, (-2, -1)), order)
    return onto(np.moveaxis(t, (-2, -1), axes), x)


def norm_tangent(x_dot: Any, y: Any, x: Any, order: Any, axis: Any, keepdims: Any, as_vector: bool) -> Any:
    """The tangent of a norm: the sum over its axes of each entry's slope times its tangent."""
    slopes = norm_pullback(np.ones_like(y), y, np.asarray(x), order, axis, keepdims, as_vector)
    return np.sum(np.real(slopes * x_dot), axis=axis, keepdims=keepdims)


rule(
    np.linalg.norm,
    "x, ord=None, axis=None, keepdims=False",
    x="norm_pullback(g, y, x, ord, axis, keepdims, False)",
    x_dot="norm_tangent(x_dot, y, x, ord, axis, keepdims, False)",
)
def cond_slopes(x: Any, order: Any) -> Any:
    """How a condition number changes with each entry: as the product of the norms of a matrix and its inverse."""
    a = np.asarray(x)
    if order in (None, 2, -2):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        big, small = (0, -1) if order != -2 else (-1, 0)
        ratio = np.expand_dims(s[..., big] / s[..., small], -1)
        units = np.eye(s.shape[-1])
        share = np.expand_dims(1.0 / s[..., small], -1) * (units[big] - ratio * units[small])
        return np.conj(np.matmul(u * np.expand_dims(share, -2), vh))
    inverse = np.linalg.inv(a)
    sizes = [np.linalg.norm(m, order, axis=(-2, -1), keepdims=True) for m in (a, inverse)]
    own = norm_pullback(np.ones_like(sizes[0]), sizes[0], a, order, (-2, -1), True, False)
    others = norm_pullback(np.ones_like(sizes[1]), sizes[1], inverse, order, (-2, -1), True, False)
    turned = np.swapaxes(inverse, -1, -2)
    return own * sizes[1] - sizes[0] * (turned @ others @ turned)


rule(
    np.linalg.cond,
    "x, p=None",
    x="onto(np.expand_dims(g, (-2, -1)) * cond_slopes(x, p), x)",
    x_dot="fit(np.sum(np.real(cond_slopes(x, p) * x_dot), axis=(-2, -1)), y)",
)
rule(
    np.linalg.vector_norm,
    "x, /, *, axis=None, keepdims=False, ord=2",
    x="norm_pullback(g, y, x, ord, axis, keepdims, True)",
    x_dot="norm_tangent(x_dot, y, x, ord, axis, keepdims, True)",
)
rule(
    np.linalg.matrix_norm,
    "x, /, *, keepdims=False, ord='fro'",
    x="norm_pullback(g, y, x, ord, (-2, -1), keepdims, False)",
    x_dot="norm_tangent(x_dot, y, x, ord, (-2, -1), keepdims, False)",
)
