"""Tangents and cotangents that compiled maps are given: they fit what they belong to, or are refused before it runs.

    ("tup", (("num",), ("arr", 2, float64)))     (1.0, [[...]])  ->  [1.0, array([[...]])]

The shape of a result is known in machine code only, which compares it (`same_shape`).
"""

from __future__ import annotations

import inspect
import types
from typing import Any

import numpy as np

from pullback.compiled.layout import plain
from pullback.compiled.support import same_shape
from pullback.compiled.values import FLOAT, Arr, Num, Obj, State, Tup, Value
from pullback.errors import ArgumentError, CotangentError
from pullback.rules import callable_name
from pullback.spaces import describe, project
from pullback.tangents import NO_TANGENT, ZERO

Form = tuple[Any, ...]
_NUMBER: Form = ("num",)
_NOTHING: Form = ("constant",)


def form_of(value: Value, state: State) -> Form:
    """The form that a cotangent of a result has."""
    value = plain(value, state)
    match value:
        case Num(type=type_):
            return _NUMBER if type_ == FLOAT else _NOTHING
        case Arr(type=type_, ndim=ndim, dtype=dtype):
            return ("arr", ndim, np.dtype(dtype)) if type_ == FLOAT else _NOTHING
        case Tup(items=items):
            return ("tup", tuple(form_of(i, state) for i in items))
        case Obj(id=identity, cls=cls):
            fields = tuple((k, form_of(v, state)) for k, v in state.heap[identity].items())
            return ("dict" if cls is dict else "obj", fields)
    return ("none",)


def fitted(t: Any, form: Form, what: str) -> list[Any]:
    """The numbers and arrays of a cotangent. Raises CotangentError where it has another form."""
    absent = t is ZERO or t is NO_TANGENT
    match form:
        case ("num",):
            return [float(project(t, 0.0, what))]
        case ("constant",):
            return [0.0]
        case ("arr", ndim, dtype):
            if absent or isinstance(t, (str, dict)):
                raise CotangentError(f"{what}: an array is needed, not {describe(t)}")
            found = np.asarray(t)
            if found.dtype.kind not in "iufc" or found.ndim != ndim:
                raise CotangentError(f"{what}: expected {ndim} dimensions, as its primal has, got shape {found.shape}")
            return [np.asarray(found.real, dtype)]
        case ("tup", items):
            if not absent and not (isinstance(t, (tuple, list)) and len(t) == len(items)):
                raise CotangentError(f"{what}: expected {len(items)} items, not {describe(t)}")
            parts = [ZERO] * len(items) if absent else t
            return [x for i, f in zip(parts, items, strict=True) for x in fitted(i, f, what)]
        case ("dict", fields):
            if not absent and not (isinstance(t, dict) and t.keys() == dict(fields).keys()):
                raise CotangentError(f"{what}: expected a dict of {', '.join(k for k, _ in fields)}")
            return [x for k, f in fields for x in fitted(ZERO if absent else t[k], f, what)]
        case ("obj", fields):
            return [x for k, f in fields for x in fitted(getattr(t, k, ZERO), f, what)]
    return []


def counted(name: str, given: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """The tangents that a differential is given, of which there must be so many."""
    if len(given) != count:
        raise ArgumentError(
            f"the differential of {name} takes {count} tangents, one for each differentiated argument; "
            f"it was given {len(given)}"
        )
    return given


def vectors(name: str, given: Any, count: int) -> Any:
    """The vector of an `hvp` by several arguments."""
    if not isinstance(given, (tuple, list)) or len(given) != count:
        raise ArgumentError(
            f"the vector of hvp({name}) is a tuple of {count} tangents, one for each differentiated argument; "
            f"it is {describe(given)}"
        )
    return given


def bind_as_python(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise the TypeError that a call of the function with these arguments would raise."""
    if isinstance(function, (types.FunctionType, types.MethodType)):
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{callable_name(function)}() {error}") from None


__all__ = ["bind_as_python", "counted", "fitted", "form_of", "project", "same_shape", "vectors"]
