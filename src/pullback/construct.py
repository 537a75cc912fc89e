"""Calls of classes: dataclasses, named tuples, attrs classes and registered types, by their fields.

    p = Point(x, y)      ->      p_bar.x goes to x, p_bar.y to y
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.rules import Active, callable_name
from pullback.structs import fields_by_parameter
from pullback.tangents import ZERO, Tangent, TangentVector, converted

WITH_INIT: list[Callable[..., tuple[Any, Residual]]] = []  # classes with code of their own; by `shared_construct`


def construct(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """An instance, and the residual that sends each field's tangent to the argument it came from."""
    fields = fields_by_parameter(cls)
    if fields is None and WITH_INIT and cls.__new__ is object.__new__:
        return WITH_INIT[0](cls, args, kwargs, active)
    if fields is None:
        raise no_derivative_of_class(cls)
    value = cls(*args, **kwargs)
    bound = inspect.signature(cls).bind(*args, **kwargs).arguments
    names = list(bound)
    parameters = [names[o] if isinstance(o, int) else o for o in active]
    return value, (_reverse_construct, [fields[p] for p in parameters], cls)


def no_derivative_of_class(cls: type) -> DifferentiabilityError:
    """The error for a class whose constructor cannot be read."""
    return DifferentiabilityError(
        f"the constructor of {cls.__name__} runs code of its own and has no derivative yet; "
        f"make {cls.__name__} a dataclass, or register one with @pb.derivative(of={callable_name(cls)})"
    )


def _reverse_construct(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    fields = residual[1]
    if isinstance(g, TangentVector):
        return tuple(g.__dict__.get(name, ZERO) for name, _ in fields)
    if isinstance(g, (float, complex, np.ndarray, np.generic)):
        raise converted(residual[2])
    return tuple(g[position] for _, position in fields)  # a named tuple's
