"""Iteration over operands of any type, and the place that each item's tangent goes to.

    for v in obj          obj.__iter__() is differentiated: a generator, or an iterator over a field
    it = iter(xs); next(it)
    for v in it           goes on where `next` left off

`iterated` runs before a loop over what may be more than a container; `Source` is what functions such as
`zip` and `map` draw from.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterable, Iterator, KeysView
from typing import Any

import numpy as np

from pullback.along import Along
from pullback.applying import Residual
from pullback.dispatch import call
from pullback.drawing import Drawn, recorded, taken
from pullback.errors import DifferentiabilityError
from pullback.names import INTERNAL
from pullback.python_calls import has_tangent
from pullback.rules import Active, intrinsic
from pullback.runtime import OwnedList, add_at, buffer
from pullback.spaces import describe
from pullback.tangents import ZERO, Tangent

CONTAINERS = (list, tuple, np.ndarray, dict, deque)
_PLAIN_MODULES = frozenset({"builtins", "itertools", "collections", "_collections"})


def started(xs: Any) -> tuple[Any, Residual | None]:
    """What to iterate over for `xs`: a container or a `Drawn`; with the residual of its `__iter__`, if one ran."""
    if isinstance(xs, Drawn) or (isinstance(xs, CONTAINERS) and not _own_iteration(xs)):
        return xs, None
    method = getattr(type(xs), "__iter__", None)
    if method is None and not hasattr(type(xs), "__getitem__"):
        iter(xs)  # raises Python's own error
    if isinstance(method, types.FunctionType):
        it, residual = call(method, (xs,), (0,))
        if isinstance(it, CONTAINERS):
            raise TypeError(f"iter() returned non-iterator of type '{type(it).__name__}'")
        if not isinstance(it, Drawn):
            raise DifferentiabilityError(
                f"a loop over {describe(xs)} runs its own `__next__`, which is not differentiated yet; "
                "make `__iter__` a generator, or collect the values in a list first"
            )
        return it, residual
    if type(xs).__module__ in _PLAIN_MODULES and not _holds_tangents(xs):
        return xs, None
    raise DifferentiabilityError(
        f"a loop over {describe(xs)} that holds differentiated values is not differentiated yet; "
        "collect its elements in a list first"
    )


def _own_iteration(xs: Any) -> bool:
    return type(xs) not in CONTAINERS and isinstance(getattr(type(xs), "__iter__", None), types.FunctionType)


def _holds_tangents(xs: Any) -> bool:
    """Whether a built-in iterable that is no container could hold differentiated values."""
    return not isinstance(xs, (range, str, bytes, set, frozenset, KeysView, Iterator)) and has_tangent(xs)


def tangent_of(
    like: Any, residual: Residual | None, parts: Iterable[tuple[int, Tangent]], size: int | None = None
) -> Tangent:
    """The tangent of what was iterated over, from those of its items by place; a list had `size` items then."""
    if isinstance(like, dict) or not isinstance(like, (*CONTAINERS, Drawn)):
        return ZERO  # the keys of a dict, the numbers of a range
    changeable = isinstance(like, (list, deque)) and size is not None
    d = OwnedList([ZERO] * size) if changeable else buffer(ZERO, like)  # type: ignore[operator]
    for place, part in parts:
        add_at(d, place, part)
    return d if residual is None else residual[0](residual, d)[0]


class Source:
    """An operand that is drawn from item by item; `place` is that of the item drawn last."""

    __slots__ = ("_items", "drawn", "like", "place", "residual", "size")

    def __init__(self, xs: Any, active: bool = True) -> None:
        self.like, self.residual = started(xs) if active else (xs, None)
        self.drawn = self.like if isinstance(self.like, Drawn) else None
        self._items = iter(self.like)
        self.size = len(self.like) if isinstance(self.like, (list, deque)) else 0
        self.place = -1

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self.drawn is None:
            self.place += 1
        else:
            self.place = taken(self.drawn)
        return next(self._items)

    def tangent(self, parts: Iterable[tuple[int, Tangent]]) -> Tangent:
        """The operand's tangent, from those of the items drawn."""
        return tangent_of(self.like, self.residual, parts, self.size)


class All:
    """An operand that is drawn from until it ends."""

    __slots__ = ("first", "items", "like", "residual", "size")

    def __init__(self, xs: Any, active: bool = True) -> None:
        self.like, self.residual = started(xs) if active else (xs, None)
        self.first = taken(self.like) if isinstance(self.like, Drawn) else 0
        self.items: Any
        if isinstance(self.like, Drawn):
            self.items = self.like.rest()
        else:
            self.items = self.like if isinstance(self.like, (list, tuple)) else list(self.like)
        self.size = len(self.items)

    def tangent(self, parts: Iterable[tuple[int, Tangent]]) -> Tangent:
        """The operand's tangent, from those of the items, by their index here."""
        if self.first:
            parts = ((self.first + i, part) for i, part in parts)
        return tangent_of(self.like, self.residual, parts, self.size)


def iterated(xs: Any) -> tuple[Any, Residual]:
    """What a loop over `xs` runs over, with places that start at 0, and the residual that leads back to `xs`."""
    if xs.__class__ in CONTAINERS:
        return xs, _SAME
    like, residual = started(xs)
    if like is xs and isinstance(like, Drawn):  # others may draw from it: before the loop, or in its body
        loop = Shared(like)
        return loop, (_placed, loop)
    return like, _SAME if residual is None else residual


def kept_track_of(xs: Any) -> Any:
    """The operand of a function that changes values: of an iterator, made by a caller that does not, it is recorded
    which objects it hands on, as these have their adjoints by identity."""
    if isinstance(xs, Along):
        kept_track_of(xs.pairs)
    if isinstance(xs, Drawn) and xs.record is None and not getattr(xs, "makes_items", False):
        recorded(xs, [None] * taken(xs))
    return xs


def _same(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return (g,)


_SAME = (_same,)


class Shared(Drawn):
    """What a loop draws from an iterator that others draw from as well: it knows each item's place there."""

    __slots__ = ("_first", "_places", "loops_over")

    def __init__(self, drawn: Drawn) -> None:
        super().__init__(drawn)
        self.loops_over = drawn
        self._first = taken(drawn)
        self._places: list[int] | None = None  # once they do not follow each other

    def __next__(self) -> Any:
        place = taken(self.loops_over)
        item = super().__next__()
        if self._places is not None:
            self._places.append(place)
        elif place != self._first + self.taken - 1:
            self._places = [*range(self._first, self._first + self.taken - 1), place]
        return item

    def place(self, index: int) -> int:
        """The place of the loop's item `index`."""
        return self._first + index if self._places is None else self._places[index]


def _placed(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    loop = residual[1]
    if g is ZERO:
        return (ZERO,)
    return ({loop.place(index): t for index, t in g.items()},)


def iterated_plainly(xs: Any) -> Any:
    """`iterated` in what carries no derivative."""
    return xs


@intrinsic(iterated_plainly, returns="first")
def _iterated(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    return iterated(args[0])


def unpacked_plainly(xs: Any) -> Any:
    """The same before `a, b = xs`, in forward mode."""
    return xs


INTERNAL["<unpacked>"] = unpacked_plainly
INTERNAL["<iterated>"] = iterated_plainly
