"""Tangents that change as their values do: containers of their own, built and shared as the values are.

    xs = [a, a];  xs_dot = mirror(xs)       xs_dot[0] is xs_dot[1], an array of zeros laid out as `a` is
    a[0] = v      xs_dot[0][0] = v_dot      beside it

In a function that changes values, each that may change has such a *mirror*. What shares memory in the
value shares it in the mirror, so a change through one name is seen through all of them.
"""

from __future__ import annotations

import copy
import types
from collections import deque
from typing import Any

import numpy as np

from pullback.drawing import Drawn
from pullback.errors import DifferentiabilityError
from pullback.fingerprints import derived
from pullback.shadow_totals import held_by_function
from pullback.structs import constant_fields, field_names, is_class, registration
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector, ZeroTangent, tangent_type
from pullback.views import Memory, root_of

Memo = dict[Any, Any]
GROUP = "group "  # before the names of functions that a closure calls and that are made after it, in its tangent
# (`ZERO` is a value to the tangents of tangents: an object without fields, which cannot change)
_SIMPLE = (int, float, complex, str, bytes, type(None), np.generic, type, types.ModuleType, range, slice, ZeroTangent)


def mirror(x: Any, t: Tangent = ZERO) -> Tangent:
    """A tangent of `x` that may be changed: a copy of `t`, its zeros written out in what is changeable."""
    return _mirrored(x, t, {})


def mirrors(xs: tuple[Any, ...], ts: tuple[Tangent, ...]) -> tuple[Tangent, ...]:
    """The same of several values, which share what these share; one that is given twice has its first tangent."""
    memo: Memo = {}
    return tuple([_mirrored(x, t, memo) for x, t in zip(xs, ts, strict=True)])


def _mirrored(x: Any, t: Tangent, memo: Memo) -> Tangent:
    if x.__class__ is float or isinstance(x, _SIMPLE):
        return ZERO if t is NO_TANGENT else t
    x = derived(x)
    known = memo.get(id(x))
    if known is not None:
        return known[1]
    if t is NO_TANGENT:
        t = ZERO
    if isinstance(x, np.ndarray):
        return _mirrored_array(x, t, memo)
    made: Any
    if isinstance(x, tuple):
        parts = [_mirrored(e, p, memo) for e, p in zip(x, t if t is not ZERO else [ZERO] * len(x), strict=True)]
        return x._make(parts) if hasattr(x, "_make") else tuple(parts)
    if isinstance(x, (list, deque)):
        made = [] if isinstance(x, list) else deque(maxlen=x.maxlen)
        memo[id(x)] = x, made
        made.extend([_mirrored(e, p, memo) for e, p in zip(x, t if t is not ZERO else [ZERO] * len(x), strict=True)])
        return made
    if isinstance(x, dict):
        made = {}
        memo[id(x)] = x, made
        made.update({k: _mirrored(v, ZERO if t is ZERO else t.get(k, ZERO), memo) for k, v in x.items()})
        return made
    if isinstance(x, (types.FunctionType, types.MethodType)):
        return _mirrored_callable(x, t, memo)
    if isinstance(x, Drawn):
        if t is ZERO:
            raise DifferentiabilityError(
                "an iterator over a value that changes in place is not differentiated in forward mode; "
                "loop over the value"
            )
        return t
    if has_fields(x) and (t is ZERO or isinstance(t, TangentVector)):
        made = tangent_type(type(x))()
        memo[id(x)] = x, made
        given = {} if t is ZERO else t.__dict__
        for name, value in fields_of(x).items():
            if name in given or not isinstance(value, _SIMPLE):
                part = _mirrored(value, given.get(name, ZERO), memo)
                if part is not ZERO:
                    made.__dict__[name] = part
        return made
    return t


def _mirrored_array(x: Any, t: Tangent, memo: Memo) -> Tangent:
    if x.dtype.kind not in "fc":
        return ZERO
    root = root_of(x)
    memory = memo.get(("memory", id(root)))
    if memory is None:
        memory = memo["memory", id(root)] = Memory(root)
    view = memory.view(x)
    memo[id(x)] = x, view
    if t is not ZERO:
        view += t
    return view


def _mirrored_callable(x: Any, t: Tangent, memo: Memo) -> Tangent:
    """A closure's tangent is a dict, with a part for each variable that it captured; a bound method's its object's."""
    if isinstance(x, types.MethodType):
        return _mirrored(x.__self__, t, memo)
    if not held_by_function(x) and t is ZERO:
        return ZERO
    made: dict[str, Tangent] = {}
    memo[id(x)] = x, made
    given = {} if t is ZERO else t
    made.update(given)
    for name, value in _captured(x, given).items():
        part = _mirrored(value, given.get(name, ZERO), memo)
        if part is not ZERO:
            made[name] = part
    return made


def _captured(x: Any, given: dict[str, Tangent]) -> dict[str, Any]:
    """What a closure captured, and what the functions of its group did, whose tangents are its own."""
    found: dict[str, Any] = {}
    group, seen = [x], set[str]()
    for fn in group:
        for name, value in held_by_function(fn).items():
            if name.startswith("default "):
                if fn is x:
                    found.setdefault(name, value)
                continue
            if GROUP + name not in given:
                found.setdefault(name, value)
            elif name not in seen and isinstance(value, types.FunctionType):
                seen.add(name)
                group.append(value)
    return found


def has_fields(x: Any) -> bool:
    """Whether an object's tangent is a record of its fields."""
    known = registration(type(x))
    if (known is not None and known.zero_tangent is not None) or is_class(x):
        return False
    if x.__class__ is types.CellType:
        return True
    return hasattr(x, "__dict__") or (hasattr(type(x), "__slots__") and type(x).__module__ != "builtins")


def fields_of(x: Any) -> dict[str, Any]:
    """What an object's fields hold, those left out that are marked as constant."""
    if x.__class__ is types.CellType:
        return {n: getattr(x, n) for n in field_names(x)}
    fixed = constant_fields(type(x))
    found = {k: v for k, v in getattr(x, "__dict__", {}).items() if k not in fixed}
    for cls in type(x).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in fixed and name not in ("__dict__", "__weakref__") and hasattr(x, name):
                found[name] = getattr(x, name)
    return found


# --- what a call or an operation gave ---------------------------------------------------------------


def own(t: Tangent) -> Tangent:
    """The tangent of a new value, which shares nothing with those of the operands."""
    if isinstance(t, np.ndarray):
        return t.copy(order="K")
    if isinstance(t, (list, deque, dict)):
        return copy.copy(t)
    return t


def complete(t: Tangent, x: Any) -> Tangent:
    """The tangent `t` of a value that a call gave, as a mirror of it: what is missing is made, what is there stays."""
    if x.__class__ is float:
        return t
    if isinstance(x, np.ndarray):
        return _laid_out(t, x)
    if isinstance(x, _SIMPLE):
        return ZERO if t is NO_TANGENT else t
    return _completed(t, x, {})


def _laid_out(t: Tangent, x: Any) -> Tangent:
    """An array's tangent, laid out in memory as the array is: what is a view of one is a view of the other."""
    if x.dtype.kind not in "fc":
        return ZERO
    if t.__class__ is np.ndarray and t.shape == x.shape and t.dtype is x.dtype and _same_steps(t, x):
        return t
    made = Memory(root_of(x)).view(x)
    if t is not ZERO and t is not NO_TANGENT:
        made[...] = t
    return made


def _same_steps(t: Any, x: Any) -> bool:
    """Whether two arrays of one shape are laid out alike: the stride of an axis with one entry says nothing."""
    if t.strides == x.strides:
        return True
    return all(n < 2 or a == b for n, a, b in zip(x.shape, t.strides, x.strides, strict=True))


def _completed(t: Tangent, x: Any, memo: Memo) -> Tangent:
    if isinstance(x, _SIMPLE):
        return ZERO if t is NO_TANGENT else t
    if isinstance(x, np.ndarray) and t.__class__ is np.ndarray:
        return t
    x = derived(x)
    known = memo.get(id(x))
    if known is not None:
        return known[1]
    if t is ZERO or t is NO_TANGENT:
        return _mirrored(x, ZERO, memo)
    if isinstance(x, tuple):
        parts = [_completed(p, e, memo) for p, e in zip(t, x, strict=True)]
        if all(a is b for a, b in zip(parts, t, strict=True)):
            return t
        return x._make(parts) if hasattr(x, "_make") else tuple(parts)
    if isinstance(x, (list, deque)) and isinstance(t, (list, deque)):
        memo[id(x)] = x, t
        for k, (p, e) in enumerate(zip(t, x, strict=True)):
            if not isinstance(e, _SIMPLE):
                t[k] = _completed(p, e, memo)
    elif isinstance(x, dict) and isinstance(t, dict):
        memo[id(x)] = x, t
        for k, e in x.items():
            if not isinstance(e, _SIMPLE):
                t[k] = _completed(t.get(k, ZERO), e, memo)
    elif isinstance(x, types.MethodType):
        return _completed(t, x.__self__, memo)
    elif isinstance(x, types.FunctionType) and isinstance(t, dict):  # what it captured has its parts
        memo[id(x)] = x, t
        for name, value in _captured(x, t).items():
            if not isinstance(value, _SIMPLE):
                part = _completed(t.get(name, ZERO), value, memo)
                if part is not ZERO:
                    t[name] = part
    elif isinstance(t, TangentVector) and has_fields(x):
        memo[id(x)] = x, t
        for name, value in fields_of(x).items():
            if not isinstance(value, _SIMPLE):
                part = _completed(t.__dict__.get(name, ZERO), value, memo)
                if part is not ZERO:
                    t.__dict__[name] = part
    return t


def aliased(t: Tangent, y: Any, x_dot: Tangent, x: Any) -> Tangent:
    """The tangent of `y`, which may be a view of `x`: then, and only then, its tangent is one of x's."""
    if not all(isinstance(v, np.ndarray) for v in (y, x, t, x_dot)):
        return t
    shared = np.may_share_memory(y, x)
    if shared and not np.may_share_memory(t, x_dot):
        raise DifferentiabilityError(
            "this result is a view of an array that is changed in place, and its tangent could not be made a view of "
            "that array's; write it with plain indexing"
        )
    return t if shared or not np.may_share_memory(t, x_dot) else own(t)


# --- the arguments as they were ---------------------------------------------------------------------


def snapshot(x: Any, memo: Memo | None = None) -> Any:
    """A copy of everything changeable in a value; what shares memory in it shares memory in the copy."""
    memo = {} if memo is None else memo
    if isinstance(x, _SIMPLE):
        return x
    known = memo.get(id(x))
    if known is not None:
        return known[1]
    if isinstance(x, np.ndarray):
        return _copied_array(x, memo)
    if isinstance(x, tuple):
        parts = [snapshot(e, memo) for e in x]
        if all(a is b for a, b in zip(parts, x, strict=True)):
            return x
        return x._make(parts) if hasattr(x, "_make") else tuple(parts)
    if isinstance(x, (list, deque, dict, set)):
        made: Any = copy.copy(x)
        memo[id(x)] = x, made
        if isinstance(x, dict):
            for k, v in x.items():
                made[k] = snapshot(v, memo)
        elif not isinstance(x, set):
            for k, v in enumerate(x):
                made[k] = snapshot(v, memo)
        return made
    if isinstance(x, types.MethodType):
        return types.MethodType(x.__func__, snapshot(x.__self__, memo))
    if isinstance(x, types.FunctionType) or not has_fields(x) or type(x).__module__ == "builtins":
        return x
    made = copy.copy(x)
    memo[id(x)] = x, made
    for name, value in fields_of(x).items():
        inner = snapshot(value, memo)
        if inner is not value:
            object.__setattr__(made, name, inner)
    return made


def _copied_array(x: Any, memo: Memo) -> Any:
    root = root_of(x)
    copied = memo.get(("memory", id(root)))
    if copied is None:
        copied = memo["memory", id(root)] = root, root.copy(order="K")
    if x is root:
        made = copied[1]
    elif root.strides == copied[1].strides and root.dtype == x.dtype:
        memory = copied[1]
        offset = x.__array_interface__["data"][0] - root.__array_interface__["data"][0]
        made = np.ndarray(x.shape, x.dtype, memory, offset, x.strides) if x.size and offset >= 0 else x.copy(order="K")
    else:
        made = x.copy(order="K")
    memo[id(x)] = x, made
    return made


# What the results are, or are parts of, among the operands: a mirror shares nothing with its value.
mirror.part_of = mirrors.part_of = ()  # type: ignore[attr-defined]
complete.same_as = aliased.same_as = 0  # type: ignore[attr-defined]
