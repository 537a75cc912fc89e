"""Cotangents brought to the shape, dtype and realness of their primal: broadcasting undone.

    fit(ones((4, 3)), x of shape (3,))     ->  [4, 4, 4]     summed over the broadcast axis
    fit(float64 cotangent, float32 x)      ->  float32

Generated code calls these where it does not know the kinds of its values; where it knows them to be
floats it calls nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.errors import DifferentiabilityError
from pullback.tangents import NO_TANGENT, ZERO, Tangent, WithheldTangent


def fit(g: Tangent, x: Any) -> Tangent:
    """The cotangent `g` of a broadcast operation, in the space of its operand `x`."""
    cls = x.__class__
    if cls is float:
        return g if g.__class__ is float else _to_float(g)
    if cls is np.ndarray:
        if g.__class__ is np.ndarray and g.shape == x.shape and g.dtype is x.dtype:
            return g
        return fit_to(g, x.shape, x.dtype)
    if g is ZERO or g is NO_TANGENT or g.__class__ is WithheldTangent:
        return g
    if isinstance(x, (np.inexact, complex, float)):
        return _to_scalar(g, x)
    if isinstance(x, np.ndarray):
        return fit_to(g, x.shape, x.dtype)
    if isinstance(x, (int, np.integer, np.bool_)):  # no tangent space: nothing to accumulate
        return ZERO
    return g


def meta(x: Any) -> Any:
    """What `fit_like` needs of an operand whose value is not kept: its shape and dtype."""
    return (x.shape, x.dtype) if x.__class__ is np.ndarray else _SPECIMENS.get(x.__class__, x)


_SPECIMENS: dict[type, Any] = {float: 0.0, complex: 0j, int: 0, bool: False}


def fit_like(g: Tangent, m: Any) -> Tangent:
    """`fit(g, x)` where `m` is `meta(x)`."""
    if m.__class__ is tuple:
        if g.__class__ is np.ndarray and g.shape == m[0] and g.dtype is m[1]:
            return g
        return fit_to(g, m[0], m[1])
    return fit(g, m)


def fit_to(g: Tangent, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tangent:
    """`g` summed to `shape`, in `dtype`; an integer `dtype` takes nothing."""
    if g is ZERO or g is NO_TANGENT or g.__class__ is WithheldTangent:
        return g
    if dtype.kind not in "fc":
        if dtype.kind == "O":
            raise DifferentiabilityError("an array of objects has no derivative; use a list, or an array of floats")
        return ZERO
    g = np.asarray(g)
    if g.shape != shape:
        extra = g.ndim - len(shape)
        if extra > 0:
            g = np.asarray(np.add.reduce(g, 0 if extra == 1 else tuple(range(extra))))
        if extra >= 0 and g.shape != shape:
            axes = tuple(i for i, n in enumerate(shape) if n == 1 != g.shape[i])
            g = np.add.reduce(g, axes, keepdims=True) if axes else g
        if g.shape != shape:  # a cotangent smaller than its primal: the result was broadcast from it
            g = np.broadcast_to(g, shape).copy()
    if g.dtype != dtype:
        g = (g.real if g.dtype.kind == "c" and dtype.kind == "f" else g).astype(dtype)
    return g


def _to_float(g: Tangent) -> Tangent:
    if g is ZERO or g is NO_TANGENT or g.__class__ is WithheldTangent:
        return g
    if isinstance(g, np.ndarray) and g.ndim:
        g = g.sum()
    return float(g.real if isinstance(g, (complex, np.complexfloating, np.ndarray)) else g)


def _to_scalar(g: Tangent, x: Any) -> Tangent:
    if isinstance(g, np.ndarray):
        g = g.sum() if g.ndim else g[()]
    if isinstance(g, (complex, np.complexfloating)) and not isinstance(x, (complex, np.complexfloating)):
        g = g.real
    return g if g.__class__ is x.__class__ else x.__class__(g)
