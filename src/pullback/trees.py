"""Values as flat vectors of real numbers: what finite differences and inner products need.

    flatten((1.0, np.array([2.0, 3.0]), "n"))  ->  [1.0, 2.0, 3.0], and a function that rebuilds it

A complex leaf counts as two reals. Tangents flatten in the order of their primal.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.spaces import is_differentiable, project
from pullback.structs import field_names
from pullback.tangents import Tangent

Vector = np.ndarray[Any, np.dtype[np.float64]]


def leaves(x: Any) -> list[Any]:
    """The differentiable leaves of a value, in a fixed order."""
    if isinstance(x, (float, complex, np.inexact, np.ndarray)):
        return [x] if is_differentiable(x) else []
    if isinstance(x, dict):
        return [leaf for v in x.values() for leaf in leaves(v)]
    if isinstance(x, (tuple, list)):
        return [leaf for v in x for leaf in leaves(v)]
    if is_differentiable(x):
        return [leaf for name in field_names(x) for leaf in leaves(getattr(x, name, None))]
    return []


def tangent_leaves(t: Tangent, x: Any) -> list[Any]:
    """The leaves of a tangent of `x`, in the order of `leaves(x)`."""
    return _tangent_leaves(project(t, x), x)


def _tangent_leaves(t: Tangent, x: Any) -> list[Any]:
    if isinstance(x, (float, complex, np.inexact, np.ndarray)):
        return [t] if is_differentiable(x) else []
    if isinstance(x, dict):
        return [leaf for k, v in x.items() for leaf in _tangent_leaves(t[k], v)]
    if isinstance(x, (tuple, list)):
        return [leaf for u, v in zip(t, x, strict=True) for leaf in _tangent_leaves(u, v)]
    if is_differentiable(x):
        pairs = [(n, getattr(x, n, None)) for n in field_names(x)]
        return [leaf for n, v in pairs if is_differentiable(v) for leaf in _tangent_leaves(getattr(t, n), v)]
    return []


def as_reals(parts: list[Any]) -> Vector:
    """Leaves as one vector of float64 (longdouble leaves are rounded); complex ones as re, im."""
    flat: list[Vector] = []
    for part in parts:
        array = np.asarray(part).ravel()
        if array.dtype.kind == "c":
            array = np.stack([array.real, array.imag], axis=-1).ravel()
        flat.append(array.astype(np.float64))
    return np.concatenate(flat) if flat else np.zeros(0)


def flatten(x: Any) -> tuple[Vector, Callable[[Vector], Any]]:
    """The leaves of `x` as one real vector, and the function that puts such a vector back.

    >>> vector, rebuild = flatten((1.0, "n", [2.0]))
    >>> rebuild(vector * 2)
    (2.0, 'n', [4.0])
    """
    vector = as_reals(leaves(x))

    def rebuild(v: Vector) -> Any:
        value, rest = _rebuild(x, v)
        if rest.size:
            raise ValueError(f"expected {vector.size} numbers, got {v.size}")
        return value

    return vector, rebuild


def _rebuild(x: Any, v: Vector) -> tuple[Any, Vector]:
    if isinstance(x, (float, complex, np.inexact, np.ndarray)):
        return _rebuild_leaf(x, v)
    if isinstance(x, (dict, tuple, list)):
        items: list[Any] = []
        for item in x.values() if isinstance(x, dict) else x:
            item, v = _rebuild(item, v)
            items.append(item)
        if isinstance(x, dict):
            return dict(zip(x, items, strict=True)), v
        return (x._make(items) if hasattr(x, "_make") else type(x)(items)), v
    if is_differentiable(x):
        made = copy.copy(x)
        for name in field_names(x):
            value, v = _rebuild(getattr(x, name, None), v)
            object.__setattr__(made, name, value)
        return made, v
    return x, v


def _rebuild_leaf(x: Any, v: Vector) -> tuple[Any, Vector]:
    if not is_differentiable(x):
        return x, v
    like = np.asarray(x)
    count = like.size * (2 if like.dtype.kind == "c" else 1)
    part, rest = v[:count], v[count:]
    if like.dtype.kind == "c":
        part = part[0::2] + 1j * part[1::2]
    array = part.astype(like.dtype).reshape(like.shape)
    if isinstance(x, np.ndarray):
        return array, rest
    is_python_number = isinstance(x, (float, complex)) and not isinstance(x, np.generic)
    return (type(x)(array[()]) if is_python_number else array[()]), rest


def inner(t: Tangent, u: Tangent, x: Any) -> float:
    """The pairing Re(sum t * u) of a cotangent and a tangent of `x`."""
    total = 0.0
    for a, b in zip(tangent_leaves(t, x), tangent_leaves(u, x), strict=True):
        total += float(np.real(np.sum(np.asarray(a) * np.asarray(b))))
    return total
