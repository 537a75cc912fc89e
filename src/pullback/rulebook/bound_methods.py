"""`types.MethodType(f, obj)`: a method, whose tangent is its object's."""

from __future__ import annotations

import types
from typing import Any

from pullback.applying import Residual
from pullback.dispatch import refuse_captures
from pullback.rules import Active, constant, forward_intrinsic, intrinsic
from pullback.tangents import ZERO, Tangent


@intrinsic(types.MethodType)
def _method(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    if 0 in active and isinstance(args[0], types.FunctionType):
        refuse_captures(args[0])
    return types.MethodType(*args, **kwargs), (_of_object, active)


def _of_object(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return tuple(g if a == 1 else ZERO for a in residual[1])


def refuse_bound(function: Any, t: Tangent) -> None:
    """Refuse a function that captures what has a tangent: a method's tangent is its object's alone."""
    if t is not ZERO and isinstance(function, types.FunctionType):
        refuse_captures(function)


@forward_intrinsic(types.MethodType)
def _method_along(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    refuse_bound(args[0], dots[0])
    return types.MethodType(*args), dots[1]


constant(refuse_bound)
