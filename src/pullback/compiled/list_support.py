"""What compiled code calls for lists that grow: their items stand in a buffer with more room than they take.

    buffer = roomy(buffer, n)       itself, where there is room for one more; else a longer one, with the same items
    buffer[n] = x

As in `support.py`. The adjoint of a buffer grows as it does, and goes back into that of the shorter one.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from pullback.compiled.support import VIEWS, generated

GROWN: dict[Any, Any] = {}  # what makes a longer buffer -> what its adjoint adds to that of the shorter one


def list_place(i: int, n: int) -> int:
    """The place of `xs[i]`."""
    place = i + n if i < 0 else i
    if place < 0 or place >= n:
        raise IndexError("list index out of range")
    return place


def must_be_as_many(n: int, wanted: int) -> int:
    """The length of what is unpacked into so many names."""
    if n < wanted:
        raise ValueError("not enough values to unpack")
    if n > wanted:
        raise ValueError("too many values to unpack")
    return n


def one_more(n: int) -> int:
    """The length after `append`."""
    return n + 1


def one_less(n: int) -> int:
    """The length after `pop`."""
    if n == 0:
        raise IndexError("pop from empty list")
    return n - 1


def sorting_places(keys: Any, reverse: bool) -> Any:
    """The places of keys in their order: stands for one of the two below."""
    return places_down(keys) if reverse else places_up(keys)


def places_up(keys: Any) -> Any:
    """The places of keys from the smallest to the largest; equal ones keep their order."""
    for x in keys:
        if x != x:
            raise ValueError("nan has no place in the order of a compiled list")
    return np.argsort(keys, kind="mergesort")


def places_down(keys: Any) -> Any:
    """The places of keys from the largest to the smallest; equal ones keep their order."""
    turned = keys[::-1].copy()
    for x in turned:
        if x != x:
            raise ValueError("nan has no place in the order of a compiled list")
    return (keys.shape[0] - 1 - np.argsort(turned, kind="mergesort"))[::-1].copy()


def roomy(a: Any, n: int) -> Any:
    """A buffer with room for one more than n numbers."""
    if n < a.shape[0]:
        return a
    longer = np.zeros(2 * n + 8, a.dtype)
    for i in range(n):
        longer[i] = a[i]
    return longer


def _regrown(d: Any, g: Any) -> None:
    if d.shape[0] != g.shape[0]:
        for i in range(d.shape[0]):
            d[i] += g[i]


VIEWS.add(roomy)
GROWN[roomy] = _regrown


@functools.cache
def roomy_like(ndim: int) -> Any:
    """A function that makes room for one more array of so many dimensions, as long as the others."""
    axes = range(ndim)
    same = " and ".join(f"a.shape[{k + 1}] == x.shape[{k}]" for k in axes)
    shape = ", ".join(f"x.shape[{k}]" for k in axes)
    text = f"""def roomy_{ndim}(a, n, x):
    if n > 0 and not ({same}):
        raise ValueError("a compiled list holds arrays of one shape")
    if n < a.shape[0] and {same}:
        return a
    longer = np.zeros((2 * n + 8, {shape}), a.dtype)
    for i in range(n):
        longer[i] = a[i]
    return longer
"""
    made = generated(text)
    whole = " and ".join(f"d.shape[{k + 1}] == g.shape[{k + 1}]" for k in axes)
    GROWN[made] = generated(
        f"def regrown_{ndim}(d, g):\n"
        f"    if d.shape[0] < g.shape[0] and {whole}:\n"
        "        for i in range(d.shape[0]):\n"
        "            d[i] += g[i]\n"
    )
    VIEWS.add(made)
    return made


def grown_by(callee: Any) -> Any:
    """What goes back to the adjoint of a buffer that a call made longer, or None."""
    try:
        return GROWN.get(callee)
    except TypeError:  # (a function of ctypes has no hash)
        return None
