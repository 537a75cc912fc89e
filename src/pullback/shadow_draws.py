"""Iterators in a reverse sweep on shadows: the tangents of what was drawn, and changes of what it was drawn from.

    for i, v in enumerate(b):       the tangent of v belongs to the b[i] of that moment
        b[i + 1] += k * v           so before this is undone, the tangents of the items drawn after it go to b

They wait with the iterator until what it draws from is about to be undone, or until it is reached itself, where it
was made. The reverse sweep of a generator goes on in step, item by item (`yielded` in `shadow_code.py`). An iterator
that remembers items, such as `itertools.accumulate`, is refused at such a change.
"""

from __future__ import annotations

import functools
import types
from collections import deque
from typing import Any

import numpy as np

from pullback.drawing import Drawn
from pullback.errors import DifferentiabilityError
from pullback.fingerprints import MACHINERY, own_fields
from pullback.shadow_totals import Totals, held_by_function, held_by_partial
from pullback.spaces import describe
from pullback.tangents import ZERO, Tangent, add
from pullback.views import root_of

_HOLD_NOTHING: tuple[type, ...] = (
    float, int, complex, str, bytes, np.generic, type, types.ModuleType, types.CodeType, types.BuiltinFunctionType,
    type(None),
)  # fmt: skip


class Draw:
    """What has come back to an iterator so far."""

    __slots__ = (
        "disturbed", "fed", "found", "handed", "iterator", "left", "parts", "place", "running", "sweep", "watched",
    )  # fmt: skip

    def __init__(self, iterator: Drawn, watched: dict[int, Any]) -> None:
        self.iterator = iterator
        self.watched = watched  # what it draws from, at any depth, by identity
        self.parts: dict[int, Tangent] = {}  # by the item's number
        self.sweep: Any = None  # the reverse sweep of one that goes in step, where it waits for the item at `place`
        self.place = iterator.taken - 1
        self.running = False
        self.fed = False  # whether its sweep carries tangents of later items
        self.disturbed = False  # whether something was undone since, while it was not known which item came next
        self.handed: dict[int, int] | None = None  # the first item that reaches a value, by its identity
        self.found: Any = None  # what it has returned
        self.left: dict[int, list[tuple[int | None, Tangent]]] = {}  # what no shadow took, by operand and place


class Draws(Totals):
    """The iterators of one sweep."""

    __slots__ = ()
    _draws: dict[int, Draw]

    def accumulate(self, x: Any, g: Tangent) -> Tangent:
        """Add to a shadow."""
        raise NotImplementedError

    def add_item(self, x: Any, index: Any, g: Tangent) -> Tangent:
        """Add to an item's shadow."""
        raise NotImplementedError

    def take_all(self, x: Any, g: Tangent, seen: set[int] | None = None) -> Tangent:
        """Take what is in the shadows of a value, at any depth."""
        raise NotImplementedError

    def draw_of(self, iterator: Drawn) -> Draw:
        """What is known of an iterator, from the first time that it is met on."""
        known = self._draws.get(id(iterator))
        if known is None:
            watched: dict[int, Any] = {}
            self._watch(iterator, watched)
            if iterator.in_step:  # (it may go on with what it has handed out)
                for item in iterator.record or ():
                    self._watch(item, watched)
            known = self._draws[id(iterator)] = Draw(iterator, watched)
        return known

    def add_drawn(self, iterator: Drawn, g: dict[int, Tangent]) -> None:
        """Keep the tangents of items drawn."""
        parts = self.draw_of(iterator).parts
        for k, part in g.items():
            if part is not ZERO or iterator.in_order:
                parts[k] = add(parts[k], part) if k in parts else part

    def taken_back(self, iterator: Drawn) -> Draw | None:
        """What has come back, as the iterator itself is reached."""
        return self._draws.pop(id(iterator), None)

    def take_drawn(self, x: Drawn, g: Tangent, seen: set[int]) -> Tangent:
        """All of the adjoint of an iterator that a function has made: that of the items which were drawn from it."""
        if x.operands is not None:  # it keeps them to where it was made
            self.add_drawn(x, {} if g is ZERO else g)
            return ZERO
        given = {} if g is ZERO else dict(g)
        items = enumerate(x.record or ())
        taken = {i: self.take_all(e, given.pop(i, ZERO), seen) for i, e in items if e is not None}
        return {**given, **{i: t for i, t in taken.items() if t is not ZERO}} or ZERO

    def undoing(self, x: Any) -> None:
        """Called before a change of `x` is undone: what was drawn after it belongs to what `x` holds now."""
        waiting = True
        while waiting:  # (one iterator may draw from another)
            waiting = False
            for draw in list(self._draws.values()):
                if draw.running:
                    self._refuse_handed(draw, x)
                elif self._draws_from(draw, x) and (draw.parts or not _gives_back(draw.iterator)):
                    self.give_back(draw)
                    waiting = True
                elif draw.iterator.in_step and not draw.disturbed and self._draws_from(draw, x):
                    draw.disturbed = True

    def _refuse_handed(self, draw: Draw, x: Any) -> None:
        """Refuse a generator that changes what it has handed out: whoever drew it does not know of that."""
        if draw.handed is None:
            draw.handed = {}
            for place, item in enumerate(draw.iterator.record or ()):
                reached: dict[int, Any] = {}
                self._watch(item, reached)
                for key in reached:
                    draw.handed.setdefault(key, place)
        first = draw.handed.get(id(root_of(x) if isinstance(x, np.ndarray) else x))
        if first is not None and first <= draw.place:
            raise DifferentiabilityError(
                "a generator changes what it has handed out before; yield a copy",
                id="mutation",
            )

    def _draws_from(self, draw: Draw, x: Any) -> bool:
        if not isinstance(x, np.ndarray):
            return id(x) in draw.watched
        views = draw.watched.get(id(root_of(x)), ())
        return any(np.may_share_memory(x, view) for view in views)

    def give_back(self, draw: Draw) -> None:
        """Hand the tangents that have come back to what the items were drawn from."""
        iterator = draw.iterator
        if iterator.in_step:
            self._step(draw, min(draw.parts))
            return
        if iterator.back is None or not _gives_back(iterator):
            raise DifferentiabilityError(
                "what an iterator draws from is changed in place before it has ended; "
                "collect the items in a list first, or change copies",
                id="mutation",
            )
        parts, draw.parts = draw.parts, {}
        operands = iterator.operands or ()
        for k in sorted(parts, reverse=True):
            for operand, place, part in iterator.back(k, parts[k]):
                left = ZERO if part is ZERO and not iterator.in_order else self._give(operands[operand], place, part)
                if left is not ZERO:
                    draw.left.setdefault(operand, []).append((place, left))
                if isinstance(operands[operand], Drawn) and k:  # (what was drawn for this item and left out, too)
                    last = next((p for o, p, _ in iterator.back(k - 1, ZERO) if o == operand), place)
                    self.add_drawn(operands[operand], dict.fromkeys(range((last or 0) + 1, place or 0), ZERO))

    def _step(self, draw: Draw, last: int) -> None:
        """Reverse a generator to where it had handed out the item `last`, and on to where it began to make that."""
        draw.running = True
        try:
            if draw.sweep is None:
                draw.sweep = draw.iterator.sweep(self)
                next(draw.sweep)
            while draw.place >= last:
                part = draw.parts.pop(draw.place, None)
                if part is None:
                    self._make_sure(draw)
                    part = ZERO
                draw.place -= 1
                draw.fed = draw.fed or part is not ZERO
                draw.sweep.send(part)
        except StopIteration as end:
            draw.found = self._returned(draw.iterator, end.value)
            assert draw.place == -1, "a generator and its reverse sweep differ in the number of items"
        finally:
            draw.running = False
        draw.disturbed = False

    def _make_sure(self, draw: Draw) -> None:
        """Refuse an item of which nothing came back, where it is not known what was undone before it was drawn."""
        if draw.disturbed and draw.fed:
            raise DifferentiabilityError(
                "what a generator reads is changed in place around an item of it that is not used; "
                "use all of its items, or collect them in a list first",
                id="mutation",
            )

    def _returned(self, iterator: Drawn, found: Any) -> tuple[Tangent, ...]:
        """The tangents of a generator's operands: what they are changed to before its first item comes later."""
        tangents = iterator.tangents(found)
        return tuple([self.accumulate(x, t) for x, t in zip(iterator.given, tangents, strict=True)])

    def stepped_back(self, iterator: Drawn) -> Any:
        """What the reverse sweep of a generator returns, as the call of it is reached."""
        draw = self.draw_of(iterator)
        self._step(draw, 0)
        del self._draws[id(iterator)]
        return draw.found

    def _give(self, x: Any, place: int | None, part: Tangent) -> Tangent:
        """Hand the part of an item to the operand that it was drawn from; returns what belongs to no mutable value."""
        if place is None:
            return self.accumulate(x, part)
        if isinstance(x, tuple):
            return self.accumulate(x[place], part)
        return self.add_item(x, place, part) if isinstance(x, (list, np.ndarray, deque, Drawn)) else ZERO

    def _watch(self, x: Any, found: dict[int, Any]) -> None:
        """Everything changeable in a value, as it was at the point being reversed; views of arrays by their root."""
        if isinstance(x, np.ndarray):
            found.setdefault(id(root_of(x)), []).append(x)
            return
        if isinstance(x, _HOLD_NOTHING) or type(x).__module__ in MACHINERY:
            return
        if isinstance(x, Drawn) and x.passes:  # (what it only hands on may change)
            if not x.at_first:
                self._watch_places(x, found)
            return
        if isinstance(x, Drawn):
            parts: Any = x.operands or ()
        elif isinstance(x, tuple):
            parts = x
        elif isinstance(x, types.MethodType):
            parts = (x.__self__, x.__func__)
        else:
            if id(x) in found:
                return
            found[id(x)] = ()
            parts = self._parts(x)
        for part in parts:
            if part.__class__ is not float:
                self._watch(part, found)

    def _watch_places(self, iterator: Drawn, found: dict[int, Any]) -> None:
        """What an iterator finds its items in, and nothing of what these are."""
        for x in iterator.operands or ():
            if isinstance(x, (list, dict, deque)):
                found.setdefault(id(x), ())
            elif not isinstance(x, tuple) and not (isinstance(x, np.ndarray) and x.ndim > 1):
                self._watch(x, found)

    def _parts(self, x: Any) -> Any:
        shadow: Any = self._held.get(id(x))
        if isinstance(x, (list, deque)):
            return x if shadow is None else shadow.items
        if isinstance(x, dict):
            return (x if shadow is None else shadow.items).values()
        if isinstance(x, types.FunctionType):
            return held_by_function(x).values()
        if isinstance(x, functools.partial):
            return held_by_partial(x).values()
        fields = own_fields(x)
        return ({**fields, **shadow.earlier} if hasattr(shadow, "earlier") else fields).values()


def undifferentiated(x: Any) -> DifferentiabilityError:
    """The error for an iterator that was made where nothing was known of the tangents of its items."""
    return DifferentiabilityError(
        f"{describe(x)} was made before what it draws from was changed to a differentiated value; "
        "make it where it is used, or collect the items in a list first",
        id="mutation",
    )


def _gives_back(iterator: Drawn) -> bool:
    """Whether an iterator, and those that it draws from, can give tangents back item by item."""
    inner = (x for x in iterator.operands or () if isinstance(x, Drawn))
    return iterator.in_step or (iterator.back is not None and all(map(_gives_back, inner)))
