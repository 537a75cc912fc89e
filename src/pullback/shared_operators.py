"""Operators in functions that change values in place.

    y, r = operate_shared("*", (a, b), active)          what the pullback needs is kept as it is now
    x, r = operate_inplace_shared("*", (x, y), active)  `x *= y` on the object itself
"""

from __future__ import annotations

import types
from collections import deque
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.lending import lent
from pullback.operating import flipped, is_number, of_floats, operate, templates_of
from pullback.operations import BINARY_FUNCTIONS, INPLACE_FUNCTIONS, METHODS, makes_new
from pullback.rules import Active
from pullback.runtime import keep
from pullback.shadows import Shadows
from pullback.shared_calls import call_shared, refuse_change
from pullback.spaces import describe
from pullback.starred import call_starred
from pullback.tangents import ZERO, Tangent

Pulled = tuple[Tangent, ...]


def operate_shared(op: str, operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """An operator on operands of any type."""
    count = len(active)
    if len(operands) == 1:
        method = getattr(type(operands[0]), f"__{op}__", None)
        if isinstance(method, types.FunctionType):
            return call_shared(method, operands, active)
        value, inner = operate(op, (keep(operands[0]),), active)
        return value, (lent, inner, value, count)
    a, b = operands
    if a.__class__ in _SCALARS and b.__class__ in _SCALARS:  # nothing here can change
        value, inner = operate(op, operands, active)
        if inner[0] is of_floats:
            return value, inner
        return value, (_of_numbers, inner, count)
    if op not in ("+", "-") and (is_number(a) or is_number(b)):
        a, b = keep(a) if is_number(a) else a, keep(b) if is_number(b) else b
    if isinstance(a, (list, deque)) and isinstance(b, (np.ndarray, np.generic)):  # (an array of its items as they are)
        a = list(a)
    elif isinstance(b, (list, deque)) and isinstance(a, (np.ndarray, np.generic)):
        b = list(b)
    own = _own_method(a, b, op)
    if own is None:
        value, inner = operate(op, (a, b), active)
        if op == "/" or op == "**":
            inner = (*inner[:-1], keep(inner[-1]))  # the result, which may be changed later
        return value, (lent, inner, value, count)
    for x, other, name, swapped in own:
        method = getattr(type(x), name, None)
        if isinstance(method, types.FunctionType):
            flags = flipped(active) if swapped else active
            value, inner = call_shared(method, (x, other), flags)
            if value is not NotImplemented:
                return value, (_reversed, inner) if swapped and count == 2 else inner
    value, inner = operate(op, (a, b), active)
    return value, (lent, inner, value, count)


_SCALARS = frozenset({float, int, bool, complex, np.float64})


def _of_numbers(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, count = residual
    return (ZERO,) * int(count) if g is ZERO else tuple(inner[0](inner, g))


def _own_method(a: Any, b: Any, op: str) -> list[tuple[Any, Any, str, bool]] | None:
    """Python's protocol, where a class's own method may answer."""
    attempts = [(a, b, f"__{METHODS[op]}__", False), (b, a, f"__r{METHODS[op]}__", True)]
    if type(b) is not type(a) and isinstance(b, type(a)):
        attempts.reverse()
    if any(isinstance(getattr(type(x), name, None), types.FunctionType) for x, _, name, _ in attempts):
        return attempts
    return None


def _reversed(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    inner = residual[1]
    return tuple(reversed(inner[0](inner, g, shadows)))


def operate_inplace_shared(op: str, operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """`x op= y`: a change of the object where its type has one, a new value otherwise."""
    x, y = operands
    if x.__class__ is float:
        return operate_shared(op, operands, active)
    if x.__class__ in (list, deque) and op in ("+", "*"):
        made = _made_by_other(op, x, y, active)
        if made is not None:
            return made
    if isinstance(x, (np.ndarray, list, deque, dict)):
        refuse_change(INPLACE_FUNCTIONS[op], x)
    if isinstance(x, np.ndarray):
        return _change_array(op, x, y, active)
    method = getattr(type(x), f"__{INPLACE_FUNCTIONS[op].__name__.strip('_')}__", None)
    if isinstance(method, types.FunctionType):
        return call_shared(method, operands, active)
    if isinstance(x, (list, deque, dict)) and method is not None:
        return call_shared(method, operands, active)
    if method is not None and not isinstance(x, set):
        raise DifferentiabilityError(
            f"`{op}=` changes {describe(x)} in place, which is not differentiated; write `x = x {op} ...`",
            id="mutation",
        )
    if isinstance(x, set):
        return INPLACE_FUNCTIONS[op](x, y), (_nothing, len(active))
    return operate_shared(op, operands, active)


def _made_by_other(op: str, x: Any, y: Any, active: Active) -> tuple[Any, Residual] | None:
    """What the other operand makes of `x op= y`, where it does: Python asks that before a list is changed."""
    method = getattr(type(y), f"__r{METHODS[op]}__", None)
    if isinstance(method, types.FunctionType):
        value, inner = call_shared(method, (y, x), flipped(active))
        if value is NotImplemented:
            return None
        return value, (_reversed, inner) if len(active) == 2 else inner
    if not makes_new(op, x, y):
        return None
    return operate_shared(op, (list(x), y), active)


def _nothing(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    return (ZERO,) * int(residual[1])


def _change_array(op: str, x: Any, y: Any, active: Active) -> tuple[Any, Residual]:
    if op not in ("+", "-", "*", "/", "**", "@"):
        if x.dtype.kind in "fc":
            raise DifferentiabilityError(
                f"`{op}=` on a differentiated array is not differentiated; write it out", id="mutation"
            )
        return INPLACE_FUNCTIONS[op](x, y), (_nothing, len(active))
    if x.dtype.kind not in "fc":
        value = INPLACE_FUNCTIONS[op](x, y)  # NumPy refuses to put floats into ints
        return value, (_nothing, len(active))
    before = x if op in ("+", "-") else x.copy()
    other = y if op in ("+", "-") else keep(y)
    INPLACE_FUNCTIONS[op](x, y)
    after = x.copy() if op in ("/", "**") else x
    return x, (_changed_array, templates_of(BINARY_FUNCTIONS[op]), active, x, before, other, after)


def _changed_array(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, (templates, _), active, x, before, other, after = residual
    g = shadows.take_changed(x, g)
    if g is ZERO:
        return (ZERO,) * len(active)
    return tuple(fit(templates[i](g, after, None, before, other), other if i else x) for i in active)


def call_starred_shared(
    callee: Any, method: str | None, args: tuple[Any, ...], keywords: tuple[tuple[str | None, Any], ...],
    stars: tuple[int, ...], active: Active,
) -> tuple[Any, Residual]:  # fmt: skip
    """A call with `*args` or `**kwargs`."""
    return call_starred(callee, method, args, keywords, stars, active, shared=True)
