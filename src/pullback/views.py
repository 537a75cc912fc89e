"""Views of NumPy memory: who owns it, and the same view of another memory of the same layout.

    v = a[1:, ::-2]                     root_of(v) is a
    m = Memory(a); m.view(v)            the entries of m at the places that v has in a
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from pullback.errors import DifferentiabilityError


def root_of(x: Any) -> Any:
    """The array that owns the memory of `x`."""
    base = x.base
    while base is not None:
        if isinstance(base, np.ndarray):
            x = base
        elif type(base).__name__ != "DummyArray":  # which as_strided puts between a view and its array
            break
        base = base.base
    return x


def overlap(changed: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Whether an array that may be changed shares memory with another."""
    for i, x in enumerate(changed):
        if isinstance(x, np.ndarray):
            root = root_of(x)
            for y in (*others, *changed[i + 1 :]):
                if y is x or (isinstance(y, np.ndarray) and root_of(y) is root and np.may_share_memory(x, y)):
                    return True
    return False


def entangled(changed: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Whether a value that may be changed holds an array, container or object that another value holds as well."""
    held = [_held(x, {}) for x in (*changed, *others)]
    for i, these in enumerate(held[: len(changed)]):
        arrays = tuple(x for x in these.values() if isinstance(x, np.ndarray))
        for those in held[i + 1 :]:
            if not these.keys().isdisjoint(those) or overlap(arrays, tuple(those.values())):
                return True
    return False


def held_by(x: Any) -> dict[int, Any]:
    """Everything changeable in a value, by identity."""
    return _held(x, {})


def _held(x: Any, found: dict[int, Any]) -> dict[int, Any]:
    if isinstance(x, tuple):
        for part in x:
            _held(part, found)
        return found
    plain = isinstance(x, (np.ndarray, list, dict, deque))
    if id(x) in found or not (plain or _has_fields(x)):
        return found
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, (list, deque)) else fields_of(x)
    found[id(x)] = x
    for part in parts:
        if part.__class__ is not float:
            _held(part, found)
    return found


def _has_fields(x: Any) -> bool:
    if isinstance(x, (type, types.ModuleType, types.FunctionType)):
        return False
    return hasattr(x, "__dict__") or any(True for base in type(x).__mro__ for _ in _slots(base))


def fields_of(x: Any) -> list[Any]:
    """What an object holds."""
    slots = [s for base in type(x).__mro__ for s in _slots(base)]
    return [*getattr(x, "__dict__", {}).values(), *(getattr(x, s) for s in slots if hasattr(x, s))]


def _slots(cls: type) -> Iterable[str]:
    slots = vars(cls).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else [s for s in slots if s not in ("__dict__", "__weakref__")]


class Memory:
    """Zeros laid out as the memory of an array that owns it."""

    __slots__ = ("flat", "root", "start", "whole", "withheld")

    def __init__(self, root: Any) -> None:
        self.root = root
        self.withheld: Any = None  # a tangent that is not known and was added to these
        reach = [(n - 1) * s // root.itemsize for n, s in zip(root.shape, root.strides, strict=True) if n > 1]
        self.start = -sum(r for r in reach if r < 0)
        size = self.start + sum(r for r in reach if r > 0) + 1 if root.size else 0
        self.flat = np.zeros(size, root.dtype)
        self.whole = self._at(root, self.flat)

    def view(self, x: Any) -> Any:
        """The view of this memory that `x` is of its root's."""
        return self.whole if x is self.root else self._at(x, self.flat)

    def add_at(self, x: Any, index: Any, g: Any) -> None:
        """Add to the entries of `x[index]`, to one that is named twice twice."""
        view, imaginary = self.view(x), is_imaginary(x, self.root)
        if imaginary:  # the adjoint of x + iy is that of x, less i times that of y
            g = -g
        if has_overlap(view):
            np.add.at(self.flat, self.places(x)[index], 1j * g if imaginary else g)
        elif index.__class__ is int or index.__class__ is slice or not names_twice(index):
            view[index] += g
        else:
            np.add.at(view, index, g)

    def take(self, x: Any) -> Any:
        """What there is for `x`, which is cleared."""
        view = self.view(x)
        found = -view if is_imaginary(x, self.root) else view.copy()
        if has_overlap(view):  # entries that share a place: the adjoint of that place belongs to one of them
            found[~stays(self, x)] = 0
        view[...] = 0
        return found

    def places(self, x: Any) -> Any:
        """The place in the flat memory of each entry of `x`."""
        return self.in_memory(x, np.arange(self.flat.size, dtype=np.int64))

    def in_memory(self, x: Any, flat: Any) -> Any:
        """The view of other numbers, of eight bytes each, in the places of this memory, that `x` is of its root's."""
        return self._at(x, flat, 8)

    def _at(self, x: Any, flat: Any, itemsize: int | None = None) -> Any:
        root = self.root
        part = is_part(x, root)
        if x.dtype != root.dtype and not part:
            raise DifferentiabilityError(
                f"a view of dtype {x.dtype} of memory of dtype {root.dtype} cannot be differentiated where that "
                "memory is changed in place; make a copy of it first",
                id="mutation",
            )
        own = root.itemsize
        itemsize = own if itemsize is None else itemsize
        offset = 0
        if x is not root and x.size:
            offset = (x.__array_interface__["data"][0] - root.__array_interface__["data"][0]) // own
        if not x.size:
            return np.zeros(x.shape, flat.dtype)
        if part and itemsize == own:  # numbers of half the size, as far apart
            half = own // 2 if is_imaginary(x, root) else 0
            return np.ndarray(x.shape, x.dtype, flat, (self.start + offset) * own + half, x.strides)
        strides = tuple(s // own * itemsize for s in x.strides)
        return np.ndarray(x.shape, flat.dtype, flat, (self.start + offset) * itemsize, strides)


def is_part(x: Any, root: Any) -> bool:
    """Whether an array is a view of the real or the imaginary parts of another."""
    return bool(root.dtype.kind == "c" and x.dtype.kind == "f" and 2 * x.itemsize == root.itemsize)


def is_imaginary(x: Any, root: Any) -> bool:
    """Whether it is one of the imaginary parts."""
    apart = x.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    return is_part(x, root) and bool(x.size and apart % root.itemsize)


def has_overlap(x: Any) -> bool:
    """Whether two entries of a view may share memory (never False where they do)."""
    if x.flags.forc:
        return False
    reach = x.itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(x.strides, x.shape, strict=True) if n > 1):
        if stride < reach:
            return True
        reach = stride * (n - 1) + reach
    return False


def names_twice(index: Any) -> bool:
    """Whether an index of an array may name an entry twice: only an array of integers can."""
    if index.__class__ is tuple:
        others = [part for part in index if part.__class__ is not slice and part.__class__ is not int]
        return bool(others) and any(map(names_twice, others))
    if isinstance(index, tuple):
        return any(map(names_twice, index))
    return isinstance(index, list) or (isinstance(index, np.ndarray) and index.dtype != np.bool_)


def stays(memory: Memory, x: Any, index: Any = ...) -> Any:
    """Which of the values that `x[index] = ...` stored are still there: of those in one place, the one NumPy left."""
    places = memory.in_memory(x, np.zeros(memory.flat.size, dtype=np.int64))
    order = np.arange(places[index].size).reshape(np.shape(places[index]))
    places[index] = order
    return places[index] == order
