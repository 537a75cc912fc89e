"""Whether a value is still what it was: a checksum of every array in it.

    before = fingerprint(x);  x[0] = 5.0;  fingerprint(x) != before
"""

from __future__ import annotations

import types
import zlib
from collections import deque
from typing import Any

import numpy as np

from pullback.errors import DifferentiabilityError
from pullback.structs import field_names, is_struct_class

# What generated code holds of this library: it leads to all that was ever generated, and to nothing of the user's.
MACHINERY = frozenset(f"pullback.{n}" for n in ("pipeline", "generated", "emit", "names", "rules", "layout", "source"))


def fingerprint(x: Any) -> Any:
    """A small value that changes, for all practical purposes, when anything differentiable in `x` does."""
    if isinstance(x, np.ndarray):
        return (x.shape, x.dtype.str, 0 if x.dtype == object else zlib.crc32(np.ascontiguousarray(x).tobytes()))
    if isinstance(x, (tuple, list)):
        return tuple(map(fingerprint, x))
    if isinstance(x, dict):
        return tuple((k, fingerprint(v)) for k, v in x.items())
    if isinstance(x, (int, float, complex, str, np.generic)):
        return repr(x) if x != x else x  # NaN equals nothing, itself included
    if is_struct_class(type(x)):
        return tuple(fingerprint(getattr(x, n, None)) for n in field_names(x))
    return None


def deep_fingerprint(
    x: Any, seen: set[int] | None = None, without: tuple[type, ...] = (), of_number: Any = fingerprint
) -> Any:
    """The same, of objects of any class and of what functions capture too; parts of classes `without` do not count."""
    seen = set() if seen is None else seen
    if isinstance(x, (float, complex, np.number)) or (isinstance(x, np.ndarray) and of_number is not fingerprint):
        return of_number(x)
    if isinstance(x, (tuple, list, dict, deque)):
        if id(x) in seen:
            return None
        seen.add(id(x))
        if isinstance(x, dict):
            counted = [(k, v) for k, v in x.items() if not isinstance(v, without)]
            return tuple((k, deep_fingerprint(v, seen, without, of_number)) for k, v in counted)
        return tuple(deep_fingerprint(part, seen, without, of_number) for part in x if not isinstance(part, without))
    if isinstance(x, types.MethodType):
        return deep_fingerprint(x.__self__, seen, without, of_number)
    fields: Any = None
    if isinstance(x, type) and of_number is not fingerprint:  # what the class itself holds
        fields = {n: v for base in x.__mro__ if base.__module__ != "builtins" for n, v in vars(base).items()
                  if n[:2] != "__" and not callable(v) and not hasattr(type(v), "__get__")}
    if type(x).__module__ in MACHINERY:
        return None
    x = derived(x)
    if isinstance(x, types.FunctionType):
        fields = dict(enumerate(contents(c) for c in x.__closure__ or ()))
    elif fields is None and not isinstance(x, (type, types.ModuleType, np.ndarray)) and not hasattr(x, "__next__"):
        fields = own_fields(x)
    if not fields:
        return fingerprint(x)
    if id(x) in seen:
        return None
    seen.add(id(x))
    counted = [(n, part) for n, part in fields.items() if not isinstance(part, without)]
    return tuple((name, deep_fingerprint(part, seen, without, of_number)) for name, part in counted)


def derived(fn: Any) -> Any:
    """The function that verbs were given: what they return has its tangent."""
    while isinstance(fn, types.FunctionType) and hasattr(fn, "_pullback_verb"):
        fn = fn._pullback_verb[1]
    return fn


def own_fields(x: Any) -> dict[str, Any]:
    """What an object holds, in slots too."""
    slots = [n for c in type(x).__mro__ for n in c.__dict__.get("__slots__", ()) if isinstance(n, str)]
    return {**getattr(x, "__dict__", {}), **{n: getattr(x, n, None) for n in slots}}


def contents(cell: types.CellType) -> Any:
    """What a captured variable holds; None before it is assigned."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def is_changeable(x: Any) -> bool:
    """Whether a value can change in place."""
    return isinstance(x, (np.ndarray, list, dict)) or is_struct_class(type(x)) or isinstance(x, tuple)


def held_now(values: tuple[Any, ...]) -> Any:
    """A fingerprint of all in some values that may be differentiated: counters and texts are not.

    A number that is stored where an equal one was is another object.
    """
    of_part = lambda x: (id(x), fingerprint(x)) if isinstance(x, np.ndarray) else id(x)  # noqa: E731
    return deep_fingerprint(values, None, _COUNTED_AS_NOTHING, of_part)


_COUNTED_AS_NOTHING = (int, str, bytes, type(None))


def unchanged(before: Any, values: tuple[Any, ...], name: str, stored: Any = None) -> None:
    """Raise an error if a call, or a store in the array `stored`, has stored something in a global variable."""
    arrays: list[Any] = []
    if isinstance(stored, np.ndarray):  # (an equal number changes nothing that could be seen)
        deep_fingerprint(values, None, _COUNTED_AS_NOTHING, arrays.append)
    into = any(isinstance(x, np.ndarray) and np.may_share_memory(x, stored) for x in arrays)
    if into or held_now(values) != before:
        raise DifferentiabilityError(
            f"a differentiated value is stored in `{name}`, which is not local to this function; return the value, or "
            "pass the container as an argument",
            id="outer-write",
        )
