"""Where each item of a list or deque was before a change: told by places, since one object may stand in several.

    xs.reverse()          done to the list of places [0, 1, 2]: [2, 1, 0]
    heappush(xs, v)       done to items that know their places; v's is len(xs)
"""

from __future__ import annotations

import bisect
import heapq
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from pullback.asking import as_keys, asked
from pullback.dispatch import plainly


class _Placed:
    """An item that compares as it does, and knows its place."""

    __slots__ = ("item", "place")

    def __init__(self, item: Any, place: int) -> None:
        self.item = item
        self.place = place

    def __lt__(self, other: Any) -> Any:
        return self.item < other.item


_COMPARING = frozenset({
    heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace, heapq.heappushpop, bisect.insort_left,
    bisect.insort_right,
})  # fmt: skip
GIVEN_ONE = _COMPARING | {deque.append, deque.appendleft}
_GIVEN_ALL = (deque.extend, deque.extendleft)


def keyed(key: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """The keys of items."""
    return [key(x) for x in items]


def sorted_order(items: list[Any], *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> list[int]:
    """The indices of the elements in sorted order."""
    keys = items if key is None else asked(keyed, plainly(key), items)
    order: list[int] = asked(_ordered, keys, reverse)
    return order


def _ordered(keys: list[Any], reverse: bool) -> list[int]:
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)


def places_after(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], given: int = 0
) -> tuple[Any, list[int], int]:
    """What a function does to the list or deque `args[0]`: its value, and where each item was before.

    The places of the items that it is given are those from `len(args[0])` on. The last number is the place of the item
    that is the value, or -1. The list itself is left as it was.
    """
    xs, *others = args
    if function is list.sort:
        return None, sorted_order(list(xs), **kwargs), -1
    if function is list.remove or function is deque.remove:
        places = list(range(len(xs)))
        del places[place_of(xs, others[0])]
        return None, places, -1
    if function in _COMPARING:
        return _of_comparing(function, xs, others, kwargs)
    count = len(xs)
    held: Any = deque(range(count), xs.maxlen) if isinstance(xs, deque) else list(range(count))
    if function in _GIVEN_ALL:
        others = [range(count, count + given)]
    elif given:
        others = [count]
    value = function(held, *others, **kwargs)
    return None if value is held else value, list(held), -1


def place_of(xs: Any, item: Any) -> int:
    """The place of the item that `xs.remove(item)` takes out."""
    as_keys((*xs, item))
    for place, x in enumerate(xs):
        if x is item or x == item:
            return place
    raise ValueError("list.remove(x): x not in list" if isinstance(xs, list) else "deque.remove(x): x not in deque")


def _of_comparing(
    function: Any, xs: Any, others: list[Any], kwargs: dict[str, Any]
) -> tuple[Any, list[int], int]:
    as_keys((*xs, *others))
    placed = map(_Placed, xs, range(len(xs)))
    held: Any = deque(placed, xs.maxlen) if isinstance(xs, deque) else list(placed)
    if others:
        others = [_Placed(others[0], len(xs)), *others[1:]]
    key = kwargs.get("key")
    if key is not None:
        kwargs = {**kwargs, "key": lambda placed: asked(key, placed.item)}
    value = function(held, *others, **kwargs)
    order = [x.place for x in held]
    return (value.item, order, value.place) if value.__class__ is _Placed else (value, order, -1)


def put_in(xs: Any, items: list[Any]) -> None:
    """Make a list or deque hold these items."""
    if isinstance(xs, deque):
        deque.clear(xs)
        deque.extend(xs, items)
    else:
        list.__setitem__(xs, slice(None), items)
