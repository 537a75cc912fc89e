"""Iterators over differentiated values: each item has a place, the number of items drawn before it.

    it = Drawn(items)      next(it) is item 0, a loop over `it` goes on with item 1
    {0: g0, 1: g1}         the tangent of an iterator: those of its items, by place

What made the iterator holds how each item came about, and so turns such a dict into the tangents of
what it drew from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Back = Callable[[int, Any], Iterable[tuple[int, int | None, Any]]]


class Drawn:
    """An iterator that counts what was drawn from it."""

    loops_over: Any = None  # another iterator, whose items these are
    given: tuple[Any, ...] = ()  # the operands that have tangents, of one that goes in step
    in_step = False  # whether its reverse sweep waits for each item's tangent, the last first

    @property
    def in_order(self) -> bool:
        """Whether it matters which items were drawn of which no tangent came back."""
        return self.in_step or any(isinstance(x, Drawn) for x in self.operands or ())

    def sweep(self, shadows: Any) -> Any:
        """The reverse sweep of one that goes in step."""
        raise NotImplementedError

    def tangents(self, found: Any) -> Any:
        """What its reverse sweep has returned, by operand."""
        raise NotImplementedError

    __slots__ = ("at_first", "back", "items", "operands", "passes", "record", "steps", "taken")

    def __init__(
        self,
        items: Iterator[Any],
        passes: bool = False,
        back: Back | None = None,
        steps: list[Any] | None = None,
        at_first: bool = False,
    ) -> None:
        self.items = items
        self.at_first = at_first  # whether all was drawn when it was made: later changes do not reach it
        self.passes = passes  # whether it hands on items of what it draws from, and computes nothing
        self.back = back  # where the tangent of item k goes: parts of it, each of an operand and a place in that
        self.steps = steps  # residuals of what was called for each item
        self.operands: tuple[Any, ...] | None = None  # what it draws from, where that may change
        self.taken = 0
        self.record: list[Any] | None = None  # what was drawn, where it matters which objects these are

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        item = next(self.items)
        self.taken += 1
        if self.record is not None:
            self.record.append(item)
        return item

    def rest(self) -> list[Any]:
        """All items that are left."""
        return list(self)

    def place(self, index: int) -> int:
        """The place of item `index` in the iterator that this loops over."""
        return index

    def close(self) -> None:
        """Nothing more is drawn."""
        self.items = iter(())


class Lazy(Drawn):
    """An iterator over what a generator of this library draws: emptied at that generator's own speed."""

    __slots__ = ()

    def rest(self) -> list[Any]:
        """All items that are left."""
        if self.record is not None:
            return list(self)
        items = list(self.items)
        self.taken += len(items)
        return items


def recorded(drawn: Drawn, items: list[Any]) -> Drawn:
    """The same iterator, which puts into `items` what is drawn from it."""
    drawn.record = items
    return drawn


def taken(drawn: Drawn) -> int:
    """How many items were drawn so far: the place of the next."""
    return drawn.taken
