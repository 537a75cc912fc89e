"""Shadows: the adjoints of values that change in place, kept by identity while a reverse sweep runs.

    b = a; v = a[1:]; v[0] = x          a, b and v share one shadow: what flows back through any of
                                        them meets at the store, which hands its part to x and clears it

An array's shadow is a buffer laid out as its memory is, and a view's shadow is the same view of that
buffer. A list's, dict's or object's shadow holds the adjoints of its immutable items; the mutable
ones have shadows of their own. Since the reverse sweep undoes changes last to first, a shadow also
replays the history of its value backwards: which items it held at the point being reversed.
(After the shadow memory of Enzyme, Moses & Churavy 2020.)
"""

from __future__ import annotations

import functools
import numbers
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from pullback.along import Along
from pullback.drawing import Drawn
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.shadow_draws import Draw, Draws, undifferentiated
from pullback.shadow_totals import MISSING, held_by_function, held_by_partial
from pullback.spaces import is_differentiable
from pullback.structs import constant_fields, field_names, is_class, registration
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector, WithheldTangent, add, converted, tangent_type
from pullback.views import Memory, has_overlap, is_imaginary, names_twice, root_of, stays


class _ListShadow:
    """The items of a list at the point being reversed, and the adjoints of the immutable ones."""

    __slots__ = ("items", "slots", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.items: list[Any] = list(value)
        self.slots: list[Tangent] = [ZERO] * len(self.items)


class _DictShadow:
    """The same of a dict."""

    __slots__ = ("items", "slots", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.items: dict[Any, Any] = dict(value)
        self.slots: dict[Any, Tangent] = {}


class _ObjectShadow:
    """The same of an object's fields: those that were changed later, as they were."""

    __slots__ = ("earlier", "open", "slots", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.earlier: dict[str, Any] = {}
        self.slots: dict[str, Tangent] = {}
        self.open: set[str] = set()  # fields that are no constants

    def field(self, name: str) -> Any:
        """What the field held at the point being reversed."""
        return self.earlier[name] if name in self.earlier else getattr(self.value, name, MISSING)


def _is_object(x: Any) -> bool:
    """Whether a value is an object of a user's class, whose tangent is no number or array."""
    cls = x.__class__
    if x is ZERO or x is NO_TANGENT or cls is WithheldTangent:  # (where derivatives are differentiated)
        return False
    if isinstance(x, (numbers.Number, np.generic)) or hasattr(cls, "dtype") or registration(cls) is not None:
        return False
    return hasattr(x, "__dict__") or hasattr(cls, "__slots__")


class Shadows(Draws):
    """The shadows of one reverse sweep."""

    __slots__ = ("_arrays", "_draws", "_given", "_held", "_seen")

    def __init__(self) -> None:
        self._draws: dict[int, Draw] = {}
        self._arrays: dict[int, Memory] = {}
        self._held: dict[int, Any] = {}
        self._seen: set[int] = set()  # what was handed out at the end, and the arguments among it
        self._given: list[Any] = []

    # --- the shadow of one value ------------------------------------------------------------------

    def of(self, x: Any) -> Any:
        """The shadow of an array: a buffer, or the view of one that `x` is of its own memory."""
        memory = self._memory(x)
        if memory.withheld is not None:
            memory.withheld.refuse()
        if is_imaginary(x, memory.root):
            raise DifferentiabilityError(
                "the imaginary parts of an array are changed by themselves; change the array, as in `z += 1j * v`",
                id="mutation",
            )
        return memory.view(x)

    def _memory(self, x: Any) -> Memory:
        root = root_of(x)
        known = self._arrays.get(id(root))
        if known is None:
            known = self._arrays[id(root)] = Memory(root)
        return known

    def _add_at(self, x: Any, index: Any, g: Any) -> None:
        """`shadow[index] += g`, an entry that is named twice added to twice."""
        memory = self._memory(x)
        if g.__class__ is WithheldTangent:
            memory.withheld = g
        if memory.withheld is not None:  # nor is a sum with it known
            return
        memory.add_at(x, index, g)

    def list_of(self, x: Any) -> _ListShadow:
        """The shadow of a list or deque."""
        known = self._held.get(id(x))
        if known is None:
            known = self._held[id(x)] = _ListShadow(x)
        return known

    def dict_of(self, x: Any) -> _DictShadow:
        """The shadow of a dict."""
        known = self._held.get(id(x))
        if known is None:
            known = self._held[id(x)] = _DictShadow(x)
        return known

    def object_of(self, x: Any) -> _ObjectShadow:
        """The shadow of an object with fields."""
        known = self._held.get(id(x))
        if known is None:
            known = self._held[id(x)] = _ObjectShadow(x)
        return known

    # --- adding -----------------------------------------------------------------------------------

    def accumulate(self, x: Any, g: Tangent) -> Tangent:
        """Add `g` to the shadow of `x`; returns the part that belongs to no mutable value."""
        if g is ZERO or g is NO_TANGENT:
            return ZERO
        cls = x.__class__
        if cls is float:
            return g
        if cls is Along:
            return self.accumulate(x.pairs, g)
        if cls is np.ndarray or isinstance(x, np.ndarray):
            if x.dtype.kind in "fc":
                self._add_at(x, ..., fit(g, x))
            return ZERO
        if cls is tuple or isinstance(x, tuple):
            rest = [self.accumulate(e, part) for e, part in zip(x, g, strict=True)]
            return ZERO if all(r is ZERO for r in rest) else tuple(rest)
        if isinstance(x, (list, deque)):
            shadow = self.list_of(x)
            parts = g if isinstance(g, (list, tuple)) else list(g)
            for i, part in enumerate(parts):
                if part is not ZERO:
                    shadow.slots[i] = add(shadow.slots[i], self.accumulate(shadow.items[i], part))
            return ZERO
        if isinstance(x, dict):
            table = self.dict_of(x)
            for key, part in g.items():
                if part is not ZERO:
                    rest_of = self.accumulate(table.items[key], part)
                    table.slots[key] = add(table.slots.get(key, ZERO), rest_of)
            return ZERO
        if getattr(cls, "whole_tangent", False):
            return g  # a pullback or differential: what it holds does not change
        if isinstance(g, TangentVector):
            fields = self.object_of(x)
            for name, part in g.__dict__.items():
                if part is not ZERO and part is not NO_TANGENT:
                    rest_of = self.accumulate(fields.field(name), part)
                    fields.slots[name] = add(fields.slots.get(name, ZERO), rest_of)
            return ZERO
        if isinstance(x, Drawn) and x.operands is not None:
            self.add_drawn(x, g)
            return ZERO
        if isinstance(x, Drawn) and x.record is not None:
            left = {i: self.accumulate(x.record[i], part) for i, part in g.items()}
            return {i: part for i, part in left.items() if part is not ZERO} or ZERO
        if isinstance(x, types.FunctionType) and isinstance(g, dict):
            return self._accumulate_captures(x, g)
        if isinstance(x, types.MethodType):
            return self.accumulate(x.__self__, g)
        if isinstance(x, functools.partial) and isinstance(g, dict):
            parts_of = held_by_partial(x)
            kept = {k: self.accumulate(parts_of[k], part) for k, part in g.items()}
            return {k: part for k, part in kept.items() if part is not ZERO} or ZERO
        if hasattr(cls, "__next__") and not isinstance(x, Drawn):
            raise undifferentiated(x)
        if isinstance(g, (float, complex, np.ndarray)) and _is_object(x) and not cls.__module__.startswith("pullback."):
            raise converted(cls)
        return g

    def _accumulate_captures(self, fn: types.FunctionType, g: dict[str, Tangent]) -> Tangent:
        held = held_by_function(fn)
        rest: dict[str, Tangent] = {}
        for name, part in g.items():
            if part is ZERO:
                continue
            left = self.accumulate(held[name], part) if name in held else part
            if left is not ZERO:
                rest[name] = left
        return rest or ZERO

    def add_item(self, x: Any, index: Any, g: Tangent, item: Any = MISSING) -> Tangent:
        """The adjoint of `x[index]`, added; `item` is the value read, where it may be a new object."""
        if isinstance(x, np.ndarray):
            if item is not MISSING and isinstance(item, np.ndarray) and root_of(item) is not root_of(x):
                g = self.take(item, g)  # an array of indices or a mask: a copy, which may have been changed
            if g is not ZERO and g is not NO_TANGENT and x.dtype.kind in "fc":
                self._add_at(x, index, g)
            return ZERO
        if isinstance(x, np.inexact):  # `x[None]` is a new array
            return fit(g if item is MISSING else self.take(item, g), x)
        if isinstance(x, (list, deque)):
            if isinstance(index, slice):
                if item is not MISSING:
                    g = self.take(item, g)
                if g is not ZERO:
                    for i, part in zip(range(*index.indices(len(self.list_of(x).items))), g, strict=True):
                        self._add_to_list(x, i, part)
            else:
                self._add_to_list(x, index, g)
            return ZERO
        if isinstance(x, Drawn) and x.loops_over is not None and x.loops_over.operands is not None:
            return self.add_item(x.loops_over, x.place(index), g, item)  # the same item of that
        if item is not MISSING and not isinstance(x, (dict, tuple, str, bytes, range)):
            if getattr(x, "makes_items", False) and getattr(x, "record", None) is None:
                self._refuse_made(item)
            g = self.accumulate(item, g)  # what an iterator hands on is known by itself
        if isinstance(x, Drawn) and x.operands is not None:
            self.add_drawn(x, {index: ZERO if g is NO_TANGENT else g})
            return ZERO
        if g is ZERO or g is NO_TANGENT:
            return ZERO
        if isinstance(x, Drawn):
            item = x.record[index] if x.record is not None else None
            return {index: self.accumulate(item, g)}  # taken again where the iterator was made
        if isinstance(x, dict):
            table = self.dict_of(x)
            rest = self.accumulate(table.items[index], g)
            if rest is not ZERO:
                table.slots[index] = add(table.slots.get(index, ZERO), rest)
            return ZERO
        if isinstance(x, tuple):
            parts: list[Tangent] = [ZERO] * len(x)
            if isinstance(index, slice):
                for i, part in zip(range(*index.indices(len(x))), g, strict=True):
                    parts[i] = self.accumulate(x[i], part)
            else:
                parts[index] = self.accumulate(x[index], g)
            return ZERO if all(p is ZERO for p in parts) else parts
        if isinstance(x, Iterator):
            raise undifferentiated(x)
        return ZERO

    def _refuse_made(self, item: Any) -> None:
        """A generator may have made what it yields: then what is changed in it has no way back."""
        arrays = isinstance(item, np.ndarray) and id(root_of(item)) in self._arrays
        if arrays or id(item) in self._held:
            raise DifferentiabilityError(
                "what a generator yields is changed in place by the loop over it, which is not differentiated; "
                "collect the values in a list first",
                id="mutation",
            )

    def _add_to_list(self, x: Any, index: int, g: Tangent) -> None:
        if g is ZERO or g is NO_TANGENT:
            return
        shadow = self.list_of(x)
        rest = self.accumulate(shadow.items[index], g)
        if rest is not ZERO:
            shadow.slots[index] = add(shadow.slots[index], rest)

    def add_field(self, x: Any, name: str, g: Tangent) -> Tangent:
        """The adjoint of `x.name`, added."""
        if g is ZERO or g is NO_TANGENT:
            return ZERO
        shadow = self._held.get(id(x))
        if shadow is None or name not in shadow.open:
            cls = x.__class__
            if isinstance(x, tuple):  # a named tuple
                return self.add_item(x, cls._fields.index(name), g)
            known = registration(cls)
            if name in constant_fields(cls):
                return ZERO
            if known is not None and known.fields is not None and name not in known.fields(x):
                return ZERO
            shadow = self.object_of(x)
            shadow.open.add(name)
        value = shadow.field(name)
        rest = g if value.__class__ is float else self.accumulate(value, g)
        shadow.slots[name] = add(shadow.slots.get(name, ZERO), rest)  # (also where its value has a shadow of its own)
        return ZERO

    # --- taking -----------------------------------------------------------------------------------

    def take(self, x: Any, g: Tangent = ZERO) -> Tangent:
        """All of the adjoint of a value that was just made, `g` included; its shadow is cleared."""
        if isinstance(x, np.ndarray):
            memory = self._arrays.get(id(root_of(x)))
            if memory is None or x.dtype.kind not in "fc":
                return g
            if memory.withheld is not None:
                return memory.withheld
            found = memory.take(x)
            return found if g is ZERO or g is NO_TANGENT else found + fit(g, x)
        shadow = self._held.get(id(x))
        if shadow is None:
            return g
        slots = shadow.slots  # (what it held at each point stays: it may be older than it seems)
        if isinstance(shadow, _ListShadow):
            if all(s is ZERO for s in slots):
                return g
            shadow.slots = [ZERO] * len(slots)
            return slots if g is ZERO else [add(a, b) for a, b in zip(slots, g, strict=True)]
        shadow.slots = {}
        if isinstance(shadow, _DictShadow):
            return add(slots, g) if slots else g
        found = tangent_type(type(x))(**{n: t for n, t in slots.items() if t is not ZERO})
        return add(found, g) if found.__dict__ else g

    def take_all(self, x: Any, g: Tangent = ZERO, seen: set[int] | None = None) -> Tangent:
        """The same for everything in a value that a library function has made."""
        seen = set() if seen is None else seen
        if not self._arrays and not self._held:
            return g
        if isinstance(x, np.ndarray):
            return self.take(x, g)
        if isinstance(x, (list, tuple)):
            items: Any = x
            if isinstance(x, list):
                held = self._held.get(id(x))
                items = held.items if held is not None else x
                g = self.take(x, g)
            parts = [ZERO] * len(items) if g is ZERO else list(g)
            taken = [self.take_all(e, p, seen) for e, p in zip(items, parts, strict=True)]
            if all(t is ZERO for t in taken):
                return ZERO
            return taken if isinstance(x, list) or hasattr(x, "_make") else tuple(taken)
        if isinstance(x, dict):
            held = self._held.get(id(x))
            g = self.take(x, g)
            parts_of = {} if g is ZERO else g
            table = held.items if held is not None else x
            found = {k: self.take_all(v, parts_of.get(k, ZERO), seen) for k, v in table.items()}
            found = {k: t for k, t in found.items() if t is not ZERO}
            return found or ZERO
        if isinstance(x, Along):
            return self.take_all(x.pairs, g, seen)
        if isinstance(x, Drawn):
            return self.take_drawn(x, g, seen)
        return self._take_fields(x, g, seen)

    def _take_fields(self, x: Any, g: Tangent, seen: set[int]) -> Tangent:
        """All of the adjoint of an object: also what is in the shadows of what its fields hold, at any depth."""
        held = self._held.get(id(x))
        if id(x) in seen or is_class(x) or isinstance(x, (types.ModuleType, types.FunctionType)):
            return self.take(x, g)
        seen.add(id(x))
        known = getattr(x, "__dict__", None)
        names = list(known) if known is not None else list(field_names(x)) if is_differentiable(x) else []
        table = {n: v for n in names if _holds_more(v := getattr(x, n, None))}
        named = dict.fromkeys([*(held.slots if isinstance(held, _ObjectShadow) else ()), *table])
        g = self.take(x, g)
        given = g.__dict__ if isinstance(g, TangentVector) else {}
        if not named or (g is not ZERO and not isinstance(g, TangentVector)):
            return g
        found = dict(given)
        for name in named:
            value = held.field(name) if isinstance(held, _ObjectShadow) else table[name]
            found[name] = self.take_all(value, given.get(name, ZERO), seen)
        found = {n: t for n, t in found.items() if t is not ZERO}
        return tangent_type(type(x))(**found) if found else ZERO

    # --- undoing ----------------------------------------------------------------------------------

    def changed(self, x: Any) -> Any:
        """The shadow of an array whose change is about to be undone."""
        if self._draws:
            self.undoing(x)
        return self.of(x)

    def take_changed(self, x: Any, g: Tangent = ZERO) -> Tangent:
        """All of the adjoint of a value that was changed as a whole."""
        if self._draws:
            self.undoing(x)
        return self.take(x, g)

    def take_at(self, x: Any, index: Any) -> Tangent:
        """The adjoint of what was stored in an array at `index`; cleared, as what was there before is gone."""
        if self._draws:
            self.undoing(x)
        if id(root_of(x)) not in self._arrays:
            return ZERO
        shadow = self.of(x)
        found = shadow[index]
        if isinstance(found, np.ndarray):
            twice = names_twice(index) or has_overlap(x)
            found = np.where(stays(self._arrays[id(root_of(x))], x, index), found, 0) if twice else found.copy()
        shadow[index] = 0
        return found

    def restore_item(self, x: Any, index: Any, before: Any) -> Tangent:
        """Undo `x[index] = ...` on a list or dict: the adjoint of what was stored."""
        if self._draws:
            self.undoing(x)
        if isinstance(x, dict):
            table = self.dict_of(x)
            found = table.slots.pop(index, ZERO)
            if before is MISSING:
                del table.items[index]
            else:
                table.items[index] = before
            return found
        shadow = self.list_of(x)
        found = shadow.slots[index]
        shadow.slots[index] = ZERO
        shadow.items[index] = before
        return found

    def restore_field(self, x: Any, name: str, before: Any) -> Tangent:
        """Undo `x.name = ...`: the adjoint of what was stored."""
        if self._draws:
            self.undoing(x)
        shadow = self.object_of(x)
        shadow.earlier[name] = before
        return shadow.slots.pop(name, ZERO)

    def remove_item(self, x: Any, index: int) -> Tangent:
        """Undo an insertion into a list."""
        if self._draws:
            self.undoing(x)
        shadow = self.list_of(x)
        shadow.items.pop(index)
        return shadow.slots.pop(index)

    def remove_last(self, x: Any) -> Tangent:
        """Undo `x.append(...)`."""
        return self.remove_item(x, -1)

    def put_back(self, x: Any, index: int, item: Any, g: Tangent) -> None:
        """Undo the removal of a list's item, whose adjoint is `g`."""
        if self._draws:
            self.undoing(x)
        shadow = self.list_of(x)
        shadow.items.insert(index, item)
        shadow.slots.insert(index, self.accumulate(item, g))

    def put_back_key(self, x: Any, key: Any, item: Any, g: Tangent) -> None:
        """Undo the removal of a dict's item."""
        if self._draws:
            self.undoing(x)
        table = self.dict_of(x)
        table.items[key] = item
        rest = self.accumulate(item, g)
        if rest is not ZERO:
            table.slots[key] = rest

    def rearrange(self, x: Any, before: list[Any], sources: list[int], given: int) -> list[Tangent]:
        """Undo any change of a list: `sources` says where each item was before, or which of the `given` it is.

        Returns the adjoints of those, whose places are the ones after the last.
        """
        if self._draws:
            self.undoing(x)
        shadow = self.list_of(x)
        slots: list[Tangent] = [ZERO] * (len(before) + given)
        for source, g in zip(sources, shadow.slots, strict=True):
            slots[source] = add(slots[source], g)
        shadow.items, shadow.slots = list(before), slots[: len(before)]
        return slots[len(before) :]


def _holds_more(x: Any) -> bool:
    """Whether a value in a field may have a shadow, or hold what has one."""
    if isinstance(x, (float, complex, np.generic)):
        return False
    return isinstance(x, (np.ndarray, list, tuple, dict)) or hasattr(x, "__dict__") or is_differentiable(x)
