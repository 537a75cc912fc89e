"""Built-in functions that ask an object's own class: its method is differentiated.

    abs(v)           v.__abs__()
    divmod(v, 2.0)   v.__divmod__(2.0), or the other operand's __rdivmod__
    operator.mul(v, w)   as v * w
"""

from __future__ import annotations

import math
import operator
import types
from collections.abc import Callable
from typing import Any

from pullback.applying import Residual
from pullback.asking import asked
from pullback.dispatch import call, no_tangents
from pullback.errors import DifferentiabilityError
from pullback.operating import operate
from pullback.operations import BINARY_FUNCTIONS, UNARY_FUNCTIONS
from pullback.rules import Active, protocol
from pullback.spaces import describe, is_differentiable
from pullback.tangents import Tangent

Result = tuple[Any, Residual]

_UNARY: dict[Any, tuple[str, ...]] = {
    abs: ("__abs__",), float: ("__float__", "__index__"),
    round: ("__round__",), math.trunc: ("__trunc__",), math.floor: ("__floor__", "__float__"),
    math.ceil: ("__ceil__", "__float__"), int: ("__int__", "__index__", "__trunc__"),
}  # fmt: skip
_CONVERSIONS = (float, int)


def _method(x: Any, names: tuple[str, ...]) -> tuple[str, Any] | None:
    """The first of these methods that a class has, if it is written in Python."""
    for name in names:
        found = getattr(type(x), name, None)
        if found is not None:
            return (name, found) if isinstance(found, types.FunctionType) else None
    return None


@protocol(*_UNARY)
def _unary(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result | None:
    if not args:
        return None
    found = _method(args[0], _UNARY[function])
    if found is None:
        return None
    name, method = found
    value, residual = call(method, args, active, kwargs)
    if function in _CONVERSIONS and type(value) is not function:
        value = function(value)  # what Python does with it, an error included
    if function is int or (function in (math.floor, math.ceil) and name == "__float__"):
        return function(*args, **kwargs), (no_tangents, len(active))
    return value, residual


@protocol(divmod, pow)
def _binary(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result | None:
    if len(args) != 2:
        return None
    if function is pow:
        return operate("**", args, active)
    a, b = args
    attempts = [(a, b, f"__{function.__name__}__", active), (b, a, f"__r{function.__name__}__", _flipped(active))]
    if type(b) is not type(a) and isinstance(b, type(a)):
        attempts.reverse()
    for x, other, name, flags in attempts:
        method = getattr(type(x), name, None)
        if isinstance(method, types.FunctionType):
            value, residual = call(method, (x, other), flags)
            if value is not NotImplemented:
                return value, (_reversed, residual) if x is not a and len(active) == 2 else residual
    return None


def _flipped(active: Active) -> Active:
    return tuple(sorted(1 - a for a in active if isinstance(a, int)))


def _reversed(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    inner = residual[1]
    return tuple(reversed(inner[0](inner, g)))


_OPERATORS: dict[Any, str] = {f: op for op, f in [*BINARY_FUNCTIONS.items(), *UNARY_FUNCTIONS.items()]}


@protocol(*_OPERATORS)
def _operator(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return operate(_OPERATORS[function], args, active)


@protocol(operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge)
def _comparison(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    value = asked(function, *args)
    if is_differentiable(value):
        raise DifferentiabilityError(
            f"a comparison returned {describe(value)}, whose derivative would be lost; call the method by name"
        )
    return value, (no_tangents, len(active))
