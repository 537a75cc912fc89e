"""Derivatives of `np.r_[a, 0.0, b]` and `np.c_[a, b]`, which join what stands in the brackets.

They are linear in the arrays and numbers there; ranges such as 0:4 count as zeros. Where an entry
goes is found out by joining the entries' numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, form, shape_of, size_of, zeros_of
from pullback.rulebook.numpy_padding import sent_back
from pullback.rules import rule
from pullback.spaces import is_differentiable
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (fit,)


def blank(item: Any) -> Any:
    """Zeros in the place of an item; a string says how to join, and stays."""
    return np.zeros_like(np.r_[item]) if isinstance(item, slice) else zeros_of(item)


def brackets_pullback(g: Array, self: Any, key: Any) -> Tangent:
    """The cotangents of what stands in the brackets."""
    items = key if isinstance(key, tuple) else (key,)
    zeros = [blank(item) for item in items]
    out: list[Tangent] = []
    for k, item in enumerate(items):
        if not is_differentiable(item):
            out.append(ZERO)
            continue
        m = form(item)
        numbers: Any = np.reshape(np.arange(1.0, size_of(m) + 1.0), shape_of(m)) if shape_of(m) else 1.0
        origin = np.real(self[(*zeros[:k], numbers, *zeros[k + 1 :])]).astype(int) - 1
        out.append(sent_back(g, origin, m))
    return tuple(out) if isinstance(key, tuple) else out[0]


def brackets_tangent(key_dot: Any, self: Any, key: Any) -> Array:
    """The tangents joined in the same way."""
    items, tangents = (v if isinstance(key, tuple) else (v,) for v in (key, key_dot))
    joined: Array = self[tuple(t if is_differentiable(v) else blank(v) for v, t in zip(items, tangents, strict=True))]
    return joined


rule(
    type(np.r_).__getitem__,  # of the class that makes both
    "self, key",
    key="brackets_pullback(g, self, key)",
    key_dot="fit(brackets_tangent(key_dot, self, key), y)",
    _returns="array",
)
