"""The whole tangent of an argument, after a reverse sweep: what its shadow holds, and what those hold that it holds.

def f(world): ... world.bodies[0].mass        the shadow of the body has the adjoint: it is found from `world`
"""

from __future__ import annotations

import functools
import types
from typing import Any

import numpy as np

from pullback.along import Along
from pullback.drawing import Drawn
from pullback.errors import DifferentiabilityError
from pullback.spaces import describe, is_differentiable, project
from pullback.states import is_set, state_names
from pullback.structs import field_names, is_struct_class
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector, add, tangent_type
from pullback.views import root_of

MISSING = object()


def held_by_function(fn: types.FunctionType) -> dict[str, Any]:
    """What a function captured, and its defaults, by their names in its tangent."""
    held: dict[str, Any] = {}
    states = state_names(fn)
    helpers = getattr(fn, "_pullback_helpers", ())  # (of generated code)
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        if name in helpers:
            continue
        if name in states:
            held[name] = cell  # (see `cells`)
        elif is_set(cell):
            held[name] = cell.cell_contents
    given = fn.__code__.co_varnames[: fn.__code__.co_argcount]
    for parameter, value in zip(reversed(given), reversed(fn.__defaults__ or ()), strict=False):
        held[f"default {parameter}"] = value
    held.update({f"default {parameter}": value for parameter, value in (fn.__kwdefaults__ or {}).items()})
    return held


def held_by_partial(x: functools.partial[Any]) -> dict[Any, Any]:
    """What a partial holds, by its places in the tangent: 0 is its function."""
    return {**dict(enumerate((x.func, *x.args))), **x.keywords}


class Totals:
    """Finds the totals, for the shadows of one sweep."""

    __slots__ = ()
    _arrays: dict[int, Any]
    _draws: dict[int, Any]
    _held: dict[int, Any]
    _seen: set[int]
    _given: list[Any]

    def of(self, x: Any) -> Any:
        """The shadow of an array."""
        raise NotImplementedError

    def apart(self, x: Any, t: Tangent) -> Tangent:
        """The total of one of several arguments, refused where its part cannot be told from another argument's.

        `f(a, a)` has two partial derivatives, but what flows back to `a` through lists or by changes meets in one
        shadow.
        """
        if any(_overlap(x, y) for y in self._given):
            raise DifferentiabilityError(
                f"{describe(x)} is given as two arguments of a function that changes values in place, so that their "
                "derivatives cannot be told apart; pass a copy as one of them",
                id="mutation",
            )
        if isinstance(x, np.ndarray):
            touched = id(root_of(x)) in self._arrays and x.dtype.kind in "fc" and bool(np.any(self.of(x)))
        else:
            touched = any(slot is not ZERO for slot in getattr(self._held.get(id(x)), "slots", ()))
        if touched:
            self._given.append(x)
        return self.total(x, t, self._seen)

    def total(self, x: Any, t: Tangent, seen: set[int] | None = None) -> Tangent:
        """The whole tangent of an argument as it was given: its shadow's part and `t`, in its own space.

        What two arguments share (one array in both, or views of one) is handed out once.
        """
        seen = set() if seen is None else seen
        if isinstance(x, np.ndarray):
            held = ZERO
            if id(root_of(x)) in self._arrays and x.dtype.kind in "fc":
                shadow = self.of(x)
                held = shadow.copy()
                shadow[...] = 0
            return project(held if t is ZERO else add(held, t), x, "internal")
        if isinstance(x, tuple):
            parts = [ZERO] * len(x) if t is ZERO else t
            made = [self.total(e, p, seen) for e, p in zip(x, parts, strict=True)]
            return x._make(made) if hasattr(x, "_make") else tuple(made)
        if isinstance(x, types.FunctionType):
            return self._total_of_captures(x, t, seen)
        if x.__class__ is Along:
            x = x.pairs
        if isinstance(x, Drawn):
            draw = self._draws.pop(id(x), None)  # (its items were drawn by a caller that has shadows of its own)
            given: Any = add({} if draw is None else draw.parts, {} if t is ZERO else t)
            if x.record is None:
                return given or ZERO
            # (a `None` was drawn by the caller, before there was a record)
            return {i: self.total(e, given.get(i, ZERO), seen) for i, e in enumerate(x.record) if e is not None}
        shadow = self._held.get(id(x))
        first = id(x) not in seen
        if isinstance(x, list):
            seen.add(id(x))
            items = shadow.items if shadow is not None else x
            own = shadow.slots if shadow is not None and first else [ZERO] * len(items)
            parts = [ZERO] * len(items) if t is ZERO else t
            return [self.total(e, add(s, p), seen) for e, s, p in zip(items, own, parts, strict=True)]
        if isinstance(x, dict):
            seen.add(id(x))
            table = shadow.items if shadow is not None else x
            slots = shadow.slots if shadow is not None and first else {}
            given = {} if t is ZERO else t
            return {k: self.total(v, add(slots.get(k, ZERO), given.get(k, ZERO)), seen) for k, v in table.items()}
        if shadow is None and t is ZERO and not is_differentiable(x):
            if not (self._held or self._arrays) or not _is_plain_object(x) or not first:
                return project(t, x, "internal")
            return self._total_of_fields(x, None, t, seen, True)  # what it holds may have been touched
        if hasattr(shadow, "field") or (isinstance(t, TangentVector) and is_differentiable(x)):
            return self._total_of_fields(x, shadow, t, seen, first)
        return self._total_untouched(x, t, seen)

    def _total_of_captures(self, fn: types.FunctionType, t: Tangent, seen: set[int]) -> Tangent:
        """A function's: a dict with the parts of its captured variables."""
        found = dict(t) if isinstance(t, dict) else {}
        if id(fn) in seen:
            return found or ZERO
        seen.add(id(fn))
        for name, value in held_by_function(fn).items():
            known: Any = self._arrays if isinstance(value, np.ndarray) else self._held
            has_shadow = id(root_of(value) if known is self._arrays else value) in known
            if has_shadow or isinstance(value, types.FunctionType):
                part = self.total(value, found.get(name, ZERO), seen)
                if part is not ZERO:
                    found[name] = part
        return found or ZERO

    def _total_of_fields(self, x: Any, shadow: Any, t: Tangent, seen: set[int], first: bool) -> Tangent:
        seen.add(id(x))
        given = t.__dict__ if isinstance(t, TangentVector) else {}
        slots = shadow.slots if shadow is not None and first else {}
        fields: dict[str, Tangent] = {}
        plain = not is_struct_class(type(x))
        for name in field_names(x):
            if plain and not first and name not in given:
                continue  # it was gone through before: objects may hold each other
            value = getattr(x, name, None) if shadow is None else shadow.field(name)
            part = add(slots.get(name, ZERO), given.get(name, ZERO))
            if value is MISSING:
                continue
            if is_differentiable(value) or part is not ZERO:
                fields[name] = self.total(value, part, seen)
            elif _is_plain_object(value) or isinstance(value, (list, tuple, dict)):
                found = self.total(value, part, seen)
                if _says_something(found):
                    fields[name] = found
        return tangent_type(type(x))(**fields)

    def _total_untouched(self, x: Any, t: Tangent, seen: set[int]) -> Tangent:
        """An object that nothing touched itself; what it holds may have been."""
        zero = project(t, x, "internal")
        if not isinstance(zero, TangentVector) or id(x) in seen:
            return zero
        return self._total_of_fields(x, None, t, seen, True)


def _overlap(x: Any, y: Any) -> bool:
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        return x is y
    try:
        return np.shares_memory(x, y, max_work=1000)  # type: ignore[arg-type]  # (a bound, as NumPy documents it)
    except np.exceptions.TooHardError:
        return True


def _is_plain_object(x: Any) -> bool:
    """Whether a value is an object of a class that has no tangent space of its own, but may hold what has."""
    if isinstance(x, (type, types.FunctionType, types.ModuleType, types.MethodType, Drawn)):
        return False
    return hasattr(x, "__dict__") or hasattr(type(x), "__slots__")


def _says_something(t: Tangent) -> bool:
    """Whether any part of a tangent is there."""
    if isinstance(t, TangentVector):
        return any(map(_says_something, t.__dict__.values()))
    if isinstance(t, (list, tuple)):
        return any(map(_says_something, t))
    if isinstance(t, dict):
        return any(map(_says_something, t.values()))
    return t is not ZERO and t is not NO_TANGENT
