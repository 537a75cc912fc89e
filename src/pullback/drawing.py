"""Iterators over differentiated values: each item has a place, the number of items drawn before it.

    it = Drawn(items)      next(it) is item 0, a loop over `it` goes on with item 1
    {0: g0, 1: g1}         the tangent of an iterator: those of its items, by place

What made the iterator holds how each item came about, and so turns such a dict into the tangents of
what it drew from.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import length_hint
from typing import Any


class Drawn:
    """An iterator that counts what was drawn from it."""

    __slots__ = ("items", "taken")

    def __init__(self, items: Iterator[Any]) -> None:
        self.items = items
        self.taken = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        item = next(self.items)
        self.taken += 1
        return item

    def rest(self) -> list[Any]:
        """All items that are left."""
        return list(self)

    def close(self) -> None:
        """Nothing more is drawn."""
        self.items = iter(())


class Lazy(Drawn):
    """An iterator over what a generator of this library draws: emptied at that generator's own speed."""

    __slots__ = ()

    def rest(self) -> list[Any]:
        """All items that are left."""
        items = list(self.items)
        self.taken += len(items)
        return items


class Listed(Drawn):
    """An iterator over items that exist already: loops over it run at the speed of a list."""

    __slots__ = ("size",)

    def __init__(self, items: list[Any]) -> None:
        self.items = iter(items)
        self.size = len(items)

    def __iter__(self) -> Iterator[Any]:
        return self.items

    def __next__(self) -> Any:
        return next(self.items)


def taken(drawn: Drawn) -> int:
    """How many items were drawn so far: the place of the next."""
    return drawn.size - length_hint(drawn.items) if isinstance(drawn, Listed) else drawn.taken
