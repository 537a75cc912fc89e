"""Methods of lists, as Python functions that are put in place where the list grows.

xs.insert(i, x)      inserted(xs, i, x)
xs + ys              joined(xs, ys)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.compiled.list_support import sorting_places


def extended(xs: Any, items: Any) -> None:
    """`xs.extend(items)`."""
    for x in items:
        xs.append(x)


def extended_by_itself(xs: Any) -> None:
    """`xs.extend(xs)`."""
    for i in range(len(xs)):
        xs.append(xs[i])


def inserted(xs: Any, i: int, x: Any) -> None:
    """`xs.insert(i, x)`."""
    n = len(xs)
    if i < 0:
        i = max(i + n, 0)
    i = min(i, n)
    xs.append(x)
    for k in range(n - i):
        xs[n - k] = xs[n - k - 1]
    xs[i] = x


def taken_out(xs: Any, i: int) -> Any:
    """`xs.pop(i)`."""
    x = xs[i]
    if i < 0:
        i = i + len(xs)
    for k in range(len(xs) - 1 - i):
        xs[i + k] = xs[i + k + 1]
    xs.pop()
    return x


def deleted(xs: Any, i: int) -> None:
    """`del xs[i]`."""
    xs.pop(i)


def place_of(xs: Any, x: Any) -> int:
    """`xs.index(x)`."""
    for i in range(len(xs)):
        if xs[i] == x:
            return i
    raise ValueError("the value is not in the list")


def removed(xs: Any, x: Any) -> None:
    """`xs.remove(x)`."""
    xs.pop(place_of(xs, x))


def counted(xs: Any, x: Any) -> int:
    """`xs.count(x)`."""
    n = 0
    for i in range(len(xs)):
        if xs[i] == x:
            n += 1
    return n


def holds(xs: Any, x: Any) -> bool:
    """`x in xs`."""
    found = False
    for i in range(len(xs)):
        found = found or xs[i] == x
    return found


def turned(xs: Any) -> None:
    """`xs.reverse()`."""
    n = len(xs)
    for i in range(n // 2):
        x = xs[i]
        xs[i] = xs[n - 1 - i]
        xs[n - 1 - i] = x


def copied(xs: Any) -> Any:
    """`xs.copy()`, `list(xs)`."""
    return [x for x in xs]  # noqa: C416 (this is what `list(xs)` becomes)


def joined(xs: Any, ys: Any) -> Any:
    """`xs + ys`."""
    made = [x for x in xs]  # noqa: C416
    for y in ys:
        made.append(y)  # noqa: PERF402
    return made


def repeated(xs: Any, n: int) -> Any:
    """`xs * n`."""
    made = []
    for _ in range(n):
        for x in xs:
            made.append(x)  # noqa: PERF402
    return made


def bound(i: int, n: int) -> int:
    """The place of the bound of a slice that goes forward."""
    if i < 0:
        i = i + n
    return min(max(i, 0), n)


def sliced(xs: Any, start: int, stop: int, step: int) -> Any:
    """`xs[start:stop:step]`, step > 0."""
    n = len(xs)
    return [xs[i] for i in range(bound(start, n), bound(stop, n), step)]


def reversed_copy(xs: Any) -> Any:
    """`xs[::-1]`."""
    n = len(xs)
    return [xs[n - 1 - i] for i in range(n)]


def total(xs: Any, start: Any) -> Any:
    """`sum(xs, start)` of tuples or arrays."""
    for x in xs:
        start = start + x
    return start


def largest(xs: Any) -> Any:
    """`max(xs)`."""
    if len(xs) == 0:
        raise ValueError("max() iterable argument is empty")
    best = xs[0]
    for i in range(1, len(xs)):
        x = xs[i]
        if x > best:
            best = x
    return best


def smallest(xs: Any) -> Any:
    """`min(xs)`."""
    if len(xs) == 0:
        raise ValueError("min() iterable argument is empty")
    best = xs[0]
    for i in range(1, len(xs)):
        x = xs[i]
        if x < best:
            best = x
    return best


def in_order(items: Any, key: Any = None, reverse: bool = False) -> Any:
    """`sorted(items, key=key, reverse=reverse)`."""
    xs = list(items)
    keys = np.array(xs) if key is None else np.array([key(x) for x in xs])
    order = sorting_places(keys, reverse)
    return [xs[order[i]] for i in range(len(xs))]


def put_in_order(xs: Any, key: Any = None, reverse: bool = False) -> None:
    """`xs.sort(key=key, reverse=reverse)`."""
    made = in_order(xs, key, reverse)
    for i in range(len(xs)):
        xs[i] = made[i]


def largest_by(items: Any, key: Any) -> Any:
    """`max(items, key=key)`."""
    xs = list(items)
    best = xs[0]
    most = key(best)
    for x in xs[1:]:
        found = key(x)
        if found > most:
            best, most = x, found
    return best


def smallest_by(items: Any, key: Any) -> Any:
    """`min(items, key=key)`."""
    xs = list(items)
    best = xs[0]
    least = key(best)
    for x in xs[1:]:
        found = key(x)
        if found < least:
            best, least = x, found
    return best


def some(xs: Any) -> bool:
    """`any(xs)`."""
    found = False
    for x in xs:
        if x:
            found = True
    return found


def every(xs: Any) -> bool:
    """`all(xs)`."""
    found = True
    for x in xs:
        if not x:
            found = False
    return found
