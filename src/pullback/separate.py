"""Tangents that share nothing with the values that they go with, nor with each other.

    hvp(f)(x, x)            the tangent of x is x itself
    hvp(g)(x, y, (v, v))    one array is the tangent of both

Where a function changes values in place its reverse sweep knows them by identity, and what is there twice would have
one adjoint for both.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from pullback.tangents import Tangent, TangentVector
from pullback.views import held_by, root_of


def separated(ts: Any, xs: Any) -> Any:
    """Tangents of which what is in `xs` too, or there twice, is copied."""
    held = held_by(xs)
    return _separated(ts, {*held, *(id(root_of(x)) for x in held.values() if isinstance(x, np.ndarray))})


def _separated(t: Tangent, seen: set[int]) -> Tangent:
    if isinstance(t, np.ndarray):
        root = id(root_of(t))
        if root in seen:
            return t.copy()
        seen.add(root)
        return t
    if isinstance(t, tuple):
        parts = [_separated(part, seen) for part in t]
        if all(new is old for new, old in zip(parts, t, strict=True)):
            return t
        return t._make(parts) if hasattr(t, "_make") else tuple(parts)
    if not isinstance(t, (list, dict, deque, TangentVector)):
        return t
    if isinstance(t, TangentVector):
        made: Tangent = type(t)(**{k: _separated(part, seen) for k, part in t.__dict__.items()})
    elif isinstance(t, dict):
        made = {k: _separated(part, seen) for k, part in t.items()}
    else:
        made = type(t)([_separated(part, seen) for part in t])
    again = id(t) in seen
    seen.add(id(t))
    return made if again or not _same_parts(made, t) else t


def _same_parts(made: Any, t: Any) -> bool:
    if isinstance(t, TangentVector):
        made, t = made.__dict__, t.__dict__
    if isinstance(t, dict):
        return all(made[k] is part for k, part in t.items())
    return all(new is old for new, old in zip(made, t, strict=True))
