"""Users' own data descriptors, as the properties that they are in other words; `partialmethod` as a function.

    class Wrapped:
        x = Clamped()           type(obj).x.__get__(obj, type(obj))      what `obj.x` runs
                                type(obj).x.__set__(obj, value)          what `obj.x = value` runs
                                type(obj).x.__delete__(obj)              what `del obj.x` runs
"""

from __future__ import annotations

import functools
import types
from typing import Any

from pullback.errors import DifferentiabilityError
from pullback.rules import constant
from pullback.template_functions import made

_METHODS: dict[int, tuple[Any, Any]] = {}
_GETTERS: dict[int, tuple[Any, Any]] = {}
_MADE: dict[int, tuple[Any, property]] = {}  # by the descriptor's identity, which is held


def as_property(static: Any) -> Any:
    """What a class holds under a name; a data descriptor written in Python as a property that calls it."""
    cls = type(static)
    if cls in (functools.partialmethod, functools.singledispatchmethod):
        return _as_method(static)
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


def _as_method(static: Any) -> Any:
    """`functools.partialmethod` and `singledispatchmethod` as the functions that they are in other words."""
    known = _METHODS.get(id(static))
    if known is None:
        if isinstance(static, functools.partialmethod):
            text = "lambda obj, *args, **kwargs: function(obj, *held, *args, **{**keywords, **kwargs})"
            given = {"function": static.func, "held": static.args, "keywords": static.keywords}
        else:
            text = "lambda obj, first, *args, **kwargs: overload(dispatcher, first)(obj, first, *args, **kwargs)"
            given = {"overload": overload, "dispatcher": static.dispatcher}
        known = _METHODS[id(static)] = static, made(text, {**given, "__name__": static.__class__.__module__})
    return known[1]


def overload(dispatcher: Any, first: Any) -> Any:
    """The function that is registered for the class of a method's first argument."""
    found = dispatcher.dispatch(type(first))
    if not isinstance(found, types.FunctionType):
        raise DifferentiabilityError(
            f"a singledispatchmethod of a {type(found).__name__} is not differentiated; make it a plain method"
        )
    return found


constant(overload)


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
