"""Reverse functions that work on shadows, for callers that have none, and the other way round.

    alone       a table of its own, and the tangents of the arguments as they were given
    lent        a pullback that knows no shadows: its result's adjoint is taken out of them first
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.shadows import Shadows
from pullback.spaces import entering
from pullback.tangents import ZERO, Tangent


def alone(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The tangents that a reverse function on shadows gives, with shadows of its own."""
    return tuple(map(entering, totals_of(residual, g)))


def totals_of(residual: Residual, g: Tangent) -> list[Tangent]:
    """The same as they are handed out: in the arguments' own spaces."""
    inner, captured, arguments = residual[1:]
    shadows = Shadows()
    tangents = inner[0](inner, g, shadows)
    seen: set[int] = set()
    totals: list[Tangent] = []
    if captured is not None:
        first, *tangents = tangents
        totals.append({k: shadows.total(x, first.get(k, ZERO), seen) for k, x in captured.items()})
    return totals + [shadows.total(x, t, seen) for x, t in zip(arguments, tangents, strict=True)]


def lent(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    """The tangents that a pullback gives which knows no shadows; its result was made by the call."""
    _, inner, value, count = residual
    g = shadows.take_all(value, g)
    if g is ZERO:
        return (ZERO,) * int(count)
    tangents: tuple[Tangent, ...] = inner[0](inner, g)
    return tangents


def settled(x: Any, made: dict[int, Any] | None = None) -> Any:
    """A residual whose arrays, lists and dicts are copies: what is changed later does not reach it."""
    made = {} if made is None else made
    cls = x.__class__
    if cls in _AS_THEY_ARE:
        return x
    if isinstance(x, tuple):
        parts = [settled(p, made) for p in x]
        if all(a is b for a, b in zip(x, parts, strict=True)):
            return x
        return x._make(parts) if hasattr(x, "_make") else tuple(parts)
    known = made.get(id(x))
    if known is not None:
        return known[1]
    copy = x
    if isinstance(x, np.ndarray):
        copy = x.copy(order="K")  # (sums over it are to be the same, bit for bit)
    elif isinstance(x, list):
        copy = [settled(p, made) for p in x]
    elif isinstance(x, deque):
        copy = deque([settled(p, made) for p in x], x.maxlen)
    elif isinstance(x, dict):
        copy = {k: settled(v, made) for k, v in x.items()}
    elif isinstance(x, set):
        copy = set(x)
    made[id(x)] = (x, copy)
    return copy


_AS_THEY_ARE = frozenset({float, int, str, bool, type(None), complex, type})
