"""Derivative surgery: stop a derivative, or operate on a cotangent in flight.

    y = without_derivative(g(x))                  y is g(x); nothing flows back through it
    y = with_derivative(x, lambda d: 0.5 * d)     y is x; its cotangent is halved on the way back
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from pullback.applying import Residual
from pullback.dispatch import no_tangents
from pullback.linked import HOOK, apply_link
from pullback.rules import Active, constant, forward_intrinsic, intrinsic
from pullback.spaces import entering, project
from pullback.tangent_parts import part
from pullback.tangents import ZERO, Tangent

T = TypeVar("T")


def without_derivative(x: T) -> T:
    """`x` itself, but no derivative flows through it; it also says that a zero derivative is meant.

    >>> import pullback as pb
    >>> pb.gradient(lambda x: x * pb.without_derivative(x))(3.0)
    3.0
    """
    return x


def with_derivative(x: T, callback: Callable[[Any], Any]) -> T:
    """`x` itself; in the pullback, `callback(cotangent)` runs on the real value.

    Returning None leaves the cotangent as it is (so `print` works), returning a value replaces it.
    The callback runs once for each evaluated call whose result is active, on its summed cotangent, in
    reverse program order.

    >>> import pullback as pb
    >>> pb.gradient(lambda x: pb.with_derivative(x, lambda d: 10.0 * d) ** 2)(3.0)
    60.0
    """
    return x


constant(without_derivative, returns="first")


@intrinsic(with_derivative, returns="first")
def _with_derivative_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    x, callback = _parameters(*args, **kwargs)
    operand = 0 if args else "x"
    if operand not in active:
        return x, (no_tangents, len(active))
    return x, (_run_callback, x, callback, tuple(a == operand for a in active))


@forward_intrinsic(with_derivative)
def _with_derivative_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """The value goes through; a pullback of what is made of it runs the callback, once."""
    x = args[0] if len(args) > 0 else kwargs["x"]
    x_dot = dots[0] if len(args) > 0 else part(kwdots, "x")
    callback = args[1] if len(args) > 1 else kwargs["callback"]
    callback_dot = dots[1] if len(args) > 1 else part(kwdots, "callback")
    return apply_link(1, HOOK, (((x, callback), {}), ((x_dot, callback_dot), {})))


def _parameters(x: Any, callback: Any) -> tuple[Any, Any]:
    return x, callback


def _run_callback(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, x, callback, is_operand = residual
    g = project(g, x)
    # the callback gets its own copy: changing it in place must not change the cotangent
    shown = g.copy() if isinstance(g, np.ndarray) else copy.deepcopy(g)
    replaced = callback(shown)
    if replaced is not None:
        g = project(replaced, x, "the value that the with_derivative callback returned")
    return tuple(entering(g) if own else ZERO for own in is_operand)
