"""Reverse functions that work on shadows, for callers that have none, and the other way round.

    alone       a table of its own, and the tangents of the arguments as they were given
    lent        a pullback that knows no shadows: its result's adjoint is taken out of them first
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.drawing import Drawn, recorded
from pullback.errors import DifferentiabilityError
from pullback.fingerprints import deep_fingerprint, fingerprint, is_changeable
from pullback.shadows import Shadows
from pullback.spaces import entering
from pullback.tangents import ZERO, Tangent


def alone(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The tangents that a reverse function on shadows gives, with shadows of its own."""
    return tuple(map(entering, totals_of(residual, g)))


def totals_of(residual: Residual, g: Tangent, outermost: bool = False) -> list[Tangent]:
    """The same as they are handed out: in the arguments' own spaces; `outermost` to a user, each by itself."""
    inner, captured, arguments = residual[1:]
    shadows = Shadows()
    tangents = inner[0](inner, g, shadows)
    if outermost and captured is None and len(arguments) > 1:
        return [shadows.apart(x, t) for x, t in zip(arguments, tangents, strict=True)]
    seen: set[int] = set()
    if captured is None:
        return [shadows.total(x, t, seen) for x, t in zip(arguments, tangents, strict=True)]
    first, *tangents = tangents
    totals = [shadows.total(x, t, seen) for x, t in zip(arguments, tangents, strict=True)]
    # (an array that is both captured and an argument is most often a constant there)
    return [{k: shadows.total(x, first.get(k, ZERO), seen) for k, x in captured.items()}, *totals]


def lent(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    """The tangents that a pullback gives which knows no shadows; its result was made by the call."""
    _, inner, value, count = residual
    g = shadows.take_all(value, g)
    if g is ZERO:
        return (ZERO,) * int(count)
    tangents: tuple[Tangent, ...] = inner[0](inner, g)
    return tangents


def drawn(made: tuple[Any, Residual], operands: tuple[Any, ...], count: int) -> tuple[Any, Residual]:
    """An iterator, for a caller that changes values in place: what it draws from must stay as it is.

    Items that it only hands on may change: they have shadows of their own.
    """
    value, inner = made
    if value.origin is not None and all(isinstance(x, (list, tuple, np.ndarray)) for x in operands):
        shown = tuple(list(x) if isinstance(x, list) else x for x in operands)
        known = tuple(x.copy() if isinstance(x, np.ndarray) and x.ndim == 1 else x for x in shown)
        watched = _Placed(value.origin, known, operands)
        # the tangents have the form that the operands have now
        inner = tuple(shown if _are(p, operands) else shown[0] if p is operands[0] else p for p in inner)
        return recorded(value, watched), (_drawn_back, inner, watched.look, True, operands, watched, count)
    look = _slots if value.passes else deep_fingerprint
    items: list[Any] = _Handed() if value.passes else _Marked()
    return recorded(value, items), (_drawn_back, inner, look, look(operands), operands, items, count)


def _slots(operands: tuple[Any, ...]) -> Any:
    """Which objects (and numbers) the containers among the operands hold."""
    found: list[Any] = []
    for x in operands:
        if isinstance(x, np.ndarray):
            found.append(fingerprint(x) if x.ndim < 2 else x.shape)
        elif isinstance(x, (list, tuple, dict, deque)):
            found.append([e if isinstance(e, (int, float, complex)) else id(e) for e in x])
    return found


class _Handed(list[Any]):
    """The items drawn; iterators among them hand out numbers alone."""

    def append(self, item: Any) -> None:
        numbers_only(item)
        super().append(item)


class _Placed(_Handed):
    """The same, where it is known where each comes from: that place must hold then what it held at first."""

    def __init__(self, origin: Any, known: tuple[Any, ...], operands: tuple[Any, ...]) -> None:
        super().__init__()
        self.origin = origin
        self.known = known
        self.operands = operands
        self.stale = False

    def append(self, item: Any) -> None:
        for operand, place in self.origin(len(self)):
            if operand < len(self.operands):
                x, before = self.operands[operand], self.known[operand]
                if not (len(before) > place >= 0 and len(x) > place and _is_same(x[place], before[place])):
                    self.stale = True
        super().append(item)

    def look(self, operands: tuple[Any, ...]) -> bool:
        """Whether each item came from where its tangent goes."""
        return not self.stale


def _are(part: Any, operands: tuple[Any, ...]) -> bool:
    if not isinstance(part, tuple) or len(part) != len(operands):
        return False
    return all(a is b for a, b in zip(part, operands, strict=True))


def _is_same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.base is not None  # rows of one array
    return bool(type(a) is type(b) and isinstance(a, (int, float, np.generic)) and (a == b or (a != a and b != b)))


class _Marked(_Handed):
    """The same, each with a mark of what it was then."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[Any] = []

    def append(self, item: Any) -> None:
        super().append(item)
        self.marks.append(fingerprint(item) if is_changeable(item) else None)


class _Numbers(list[Any]):
    """What is drawn from an iterator inside another value: nothing that could be changed in place."""

    def append(self, item: Any) -> None:
        if is_changeable(item):
            raise DifferentiabilityError(
                "iterators that share what they draw from hand out arrays or lists in a function that changes values "
                "in place; collect the items in lists first",
                id="mutation",
            )
        super().append(item)


def numbers_only(value: Any) -> None:
    """Make sure that the iterators in a tuple (`itertools.tee`, the groups of `groupby`) hand out numbers alone."""
    if isinstance(value, tuple):
        for part in value:
            if isinstance(part, Drawn):
                recorded(part, _Numbers())


def _drawn_back(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    _, inner, look, before, operands, items, count = residual
    marks = items.marks if isinstance(items, _Marked) else ()
    changed = any(mark is not None and fingerprint(item) != mark for item, mark in zip(items, marks, strict=False))
    if changed or look(operands) != before:
        raise DifferentiabilityError(
            "what an iterator draws from, or has handed out, was changed in place later; "
            "collect the items in a list first, or change copies",
            id="mutation",
        )
    parts = {} if g is ZERO else g
    if not isinstance(parts, dict):
        raise DifferentiabilityError("this call draws from an iterator in a way of its own; give it a list")
    taken = {i: shadows.take_all(item, parts.get(i, ZERO)) for i, item in enumerate(items)}
    taken = {i: t for i, t in taken.items() if t is not ZERO}
    if not taken:
        return (ZERO,) * int(count)
    tangents: tuple[Tangent, ...] = inner[0](inner, taken)
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
