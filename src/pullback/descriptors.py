"""Users' own data descriptors, as the properties that they are in other words.

    class Wrapped:
        x = Clamped()           type(obj).x.__get__(obj, type(obj))      what `obj.x` runs
                                type(obj).x.__set__(obj, value)          what `obj.x = value` runs
                                type(obj).x.__delete__(obj)              what `del obj.x` runs
"""

from __future__ import annotations

import types
from typing import Any

from pullback.template_functions import made

_GETTERS: dict[int, tuple[Any, Any]] = {}
_MADE: dict[int, tuple[Any, property]] = {}  # by the descriptor's identity, which is held


def as_property(static: Any) -> Any:
    """What a class holds under a name; a data descriptor written in Python as a property that calls it."""
    cls = type(static)
    if cls.__module__ == "builtins" or isinstance(static, (property, type, types.FunctionType)):
        return static
    getter, setter = getattr(cls, "__get__", None), getattr(cls, "__set__", None)
    if not (isinstance(getter, types.FunctionType) and isinstance(setter, types.FunctionType)):
        return static
    known = _MADE.get(id(static))
    if known is None:
        given = {"descriptor": static, "__name__": cls.__module__}  # (it may change what it is given)
        read = made("lambda obj: descriptor.__get__(obj, obj.__class__)", given)
        write = made("lambda obj, value: descriptor.__set__(obj, value)", given)
        delete = made("lambda obj: descriptor.__delete__(obj)", given) if hasattr(cls, "__delete__") else None
        known = _MADE[id(static)] = static, property(read, write, delete)
    return known[1]


def as_getter(static: Any) -> Any:
    """The function that a descriptor without `__set__`, written in Python, runs where an object stores nothing."""
    cls = type(static)
    if cls.__module__ in ("builtins", "functools") or isinstance(static, (type, types.FunctionType)):
        return None
    if hasattr(cls, "__set__") or not isinstance(getattr(cls, "__get__", None), types.FunctionType):
        return None
    known = _GETTERS.get(id(static))
    if known is None:
        given = {"descriptor": static, "__name__": cls.__module__}
        known = _GETTERS[id(static)] = static, made("lambda obj: descriptor.__get__(obj, obj.__class__)", given)
    return known[1]
