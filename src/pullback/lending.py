"""Reverse functions that work on shadows, for callers that have none, and the other way round.

    alone       a table of its own, and the tangents of the arguments as they were given
    lent        a pullback that knows no shadows: its result's adjoint is taken out of them first
"""

from __future__ import annotations

import types
from collections import deque
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.drawing import Drawn, recorded
from pullback.errors import DifferentiabilityError
from pullback.fingerprints import deep_fingerprint, fingerprint, is_changeable
from pullback.rules import Active
from pullback.runtime import bare_view
from pullback.shadows import Shadows
from pullback.spaces import entering
from pullback.tangents import ZERO, Tangent, add


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


def drawn(made: tuple[Any, Residual], operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """An iterator, for a caller that changes values in place.

    One that hands on items as it draws them gives their tangents back item by item, before a change of what they were
    drawn from, and a generator is reversed in step. For any other, what it draws from must stay as it is.
    """
    value, inner = made
    value.operands = operands
    if not all(_is_plain(operands[a]) for a in active if isinstance(a, int)):
        value.back = None
    if value.in_step:
        return recorded(value, _Handed()), (_stepped_back, value, len(active))
    shown = tuple(list(x) if isinstance(x, list) else x for x in operands)
    if value.passes:  # the tangents have the form that the operands have now
        inner = tuple(shown if _are(p, operands) else shown[0] if p is operands[0] else p for p in inner)
    look = _slots if value.passes else deep_fingerprint
    before = None if value.at_first or (value.passes and value.back is not None) else look(operands)
    items: list[Any] = _Handed() if value.passes else _Marked(value)
    return recorded(value, items), (_drawn_back, inner, look, before, value, items, active)


def _is_plain(x: Any) -> bool:
    """Whether an operand is drawn from by place, or not at all."""
    if isinstance(x, Drawn):
        return x.operands is not None
    cls = type(x)
    return cls in _CONTAINERS or not (hasattr(cls, "__iter__") or hasattr(cls, "__getitem__"))


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


def _are(part: Any, operands: tuple[Any, ...]) -> bool:
    if not isinstance(part, tuple) or len(part) != len(operands):
        return False
    return all(a is b for a, b in zip(part, operands, strict=True))


class _Marked(_Handed):
    """The same, each with a mark of what it was then; only numbers made of numbers are given back one by one."""

    def __init__(self, iterator: Drawn) -> None:
        super().__init__()
        self.iterator = iterator
        self.marks: list[Any] = []

    def append(self, item: Any) -> None:
        super().append(item)
        self.marks.append(fingerprint(item) if is_changeable(item) else None)
        iterator = self.iterator
        if iterator.back is not None and (is_changeable(item) or not _holds_numbers((iterator.steps or [None])[-1])):
            iterator.back = None


def _holds_numbers(residual: Any) -> bool:
    """Whether nothing in a residual could be changed in place later."""
    if isinstance(residual, tuple):
        return all(map(_holds_numbers, residual))
    return isinstance(residual, (float, int, complex, str, np.generic, type(None), *_CODE))


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
    _, inner, look, before, value, items, active = residual
    if g is not ZERO and not isinstance(g, dict):
        raise DifferentiabilityError("this call draws from an iterator in a way of its own; give it a list")
    shadows.accumulate(value, g)
    draw = shadows.taken_back(value)
    if value.back is not None and not value.passes and draw is not None:
        shadows.give_back(draw)
    elif before is not None:
        _make_sure(items, look(value.operands) == before)
    taken = draw.parts if draw is not None else {}
    if before is not None or not value.passes:  # (what is only handed on keeps its adjoint where it has been)
        taken = {i: shadows.take_all(item, taken.get(i, ZERO)) for i, item in enumerate(items)}
        taken = {i: t for i, t in taken.items() if t is not ZERO}
    tangents: tuple[Tangent, ...] = inner[0](inner, taken) if taken else (ZERO,) * len(active)
    if draw is None or not draw.left:
        return tangents
    left = {a: _left_of(value.operands[a], parts) for a, parts in draw.left.items()}
    return tuple(add(t, left.get(a, ZERO)) for a, t in zip(active, tangents, strict=True))


def _stepped_back(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    _, value, count = residual
    if not value.taken:
        return (ZERO,) * int(count)
    shadows.accumulate(value, g)
    found: tuple[Tangent, ...] = shadows.stepped_back(value)
    return found


def _make_sure(items: list[Any], same: bool) -> None:
    marks = items.marks if isinstance(items, _Marked) else ()
    changed = any(mark is not None and fingerprint(item) != mark for item, mark in zip(items, marks, strict=False))
    if changed or not same:
        raise DifferentiabilityError(
            "what an iterator draws from, or has handed out, was changed in place later; "
            "collect the items in a list first, or change copies",
            id="mutation",
        )


def _left_of(operand: Any, parts: list[tuple[int | None, Tangent]]) -> Tangent:
    """The tangent of a tuple, or of a function, from those of its parts."""
    total: Tangent = ZERO
    found: list[Tangent] = [ZERO] * (len(operand) if isinstance(operand, tuple) else 0)
    for place, part in parts:
        if place is None:
            total = add(total, part)
        else:
            found[place] = add(found[place], part)
    return total if total is not ZERO or not found else tuple(found)


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
    elif isinstance(x, (np.flatiter, memoryview)):
        raise bare_view(x)
    made[id(x)] = (x, copy)
    return copy


_CONTAINERS = frozenset({list, tuple, np.ndarray, dict, deque, range, str})
_CODE = (types.FunctionType, types.BuiltinFunctionType, type, np.ufunc)
_AS_THEY_ARE = frozenset({float, int, str, bool, type(None), complex, type})
