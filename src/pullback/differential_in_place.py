"""In-place operators in forward mode: of the value, and of its tangent alike.

    x, x_dot = operate_inplace_differential(x, x_dot, "+", y, y_dot)

As in `differential_objects`, what runs here is ordinary code in the language that is differentiated.
"""

from __future__ import annotations

import types
from collections import deque
from typing import Any

import numpy as np

from pullback.differential_changes import CONTAINERS, change_differential, items_of, refuse_loss
from pullback.differential_objects import is_answer, operate_differential
from pullback.fitting import fit
from pullback.operations import INPLACE_FUNCTIONS, METHODS, makes_new
from pullback.rules import constant
from pullback.tangent_parts import part
from pullback.tangents import ZERO, Tangent

ARRAY, REPEATED, METHOD, NOTHING, LIST, DICT, REBOUND, REFLECTED, LISTED = range(9)


def how_in_place(op: str, x: Any, x_dot: Tangent, y: Any, y_dot: Tangent) -> tuple[int, Any]:
    """What `x op= y` does: it changes an array, list or dict, calls a method, or makes a new value."""
    method = getattr(type(x), f"__i{METHODS[op]}__", None)
    if isinstance(method, types.FunctionType):
        return METHOD, method
    if x.__class__ in (list, deque) and op in ("+", "*"):  # Python asks the other operand first
        reflected = getattr(type(y), f"__r{METHODS[op]}__", None)
        if isinstance(reflected, types.FunctionType):
            return REFLECTED, reflected
        if makes_new(op, x, y):
            return LISTED, None
    return how_changed(op, x, x_dot, y, y_dot)


def how_changed(op: str, x: Any, x_dot: Tangent, y: Any, y_dot: Tangent) -> tuple[int, Any]:
    """The same where it is the object itself that is asked."""
    method = getattr(type(x), f"__i{METHODS[op]}__", None)
    if isinstance(x, np.ndarray):
        if x_dot is ZERO:
            refuse_loss(x, x, y_dot)
        return (ARRAY, None) if x_dot is not ZERO else (NOTHING, None)
    if method is None or not isinstance(x, CONTAINERS):
        return (REBOUND, None) if method is None else (NOTHING, None)
    if not isinstance(x_dot, CONTAINERS):
        refuse_loss(x, y, y_dot)
        return NOTHING, None
    if op == "+" and not isinstance(x, dict):
        return LIST, None
    if op == "|" and isinstance(x, dict):
        return DICT, None
    if op == "*":
        return REPEATED, None
    return NOTHING, None


def repeated_in_place(x: Any, x_dot: Any, y: Any) -> Any:
    """`x *= y` of a list or deque."""
    items = list(x) * y
    parts = list(x_dot) * y
    x.clear()
    x_dot.clear()
    x.extend(items)
    x_dot.extend(parts)
    return x, x_dot


def operate_inplace_differential(x: Any, x_dot: Any, op: str, y: Any, y_dot: Any) -> Any:
    """`x op= y`, and the same of the tangents."""
    operands = (x, y)
    dots = (x_dot, y_dot)
    way, method = how_in_place(op, x, x_dot, y, y_dot)
    if way == REBOUND:
        return operate_differential(op, operands, dots)
    if way == METHOD:
        value, value_dot = change_differential(method, ZERO, (x, y), (x_dot, y_dot))
        if is_answer(value):
            return value, value_dot
        return operate_differential(op, operands, dots)
    if way == REFLECTED:
        value, value_dot = change_differential(method, ZERO, (y, x), (y_dot, x_dot))
        if is_answer(value):
            return value, value_dot
        way, method = how_changed(op, x, x_dot, y, y_dot)
    if way == LISTED:
        return operate_differential(op, (list(x), y), (ZERO if x_dot is ZERO else list(x_dot), y_dot))
    if way == ARRAY:
        value, value_dot = operate_differential(op, operands, dots)
        np.copyto(x, value, casting="same_kind")
        x_dot[...] = 0.0 if value_dot is ZERO else fit(value_dot, x)
        return x, x_dot
    if way == LIST:
        items, parts = items_of(y, y_dot)
        x.extend(items)
        x_dot.extend(parts)
        return x, x_dot
    if way == DICT:
        if not isinstance(y, dict):  # pairs
            items, parts = items_of(y, y_dot)
            for k in range(len(items)):
                x[items[k][0]] = items[k][1]
                x_dot[items[k][0]] = part(parts[k], 1)
            return x, x_dot
        for key in list(y):
            x[key] = y[key]
            x_dot[key] = part(y_dot, key)
        return x, x_dot
    if way == REPEATED:
        return repeated_in_place(x, x_dot, y)
    return plainly(op, x, y), x_dot


def plainly(op: str, x: Any, y: Any) -> Any:
    """An in-place operator on what has no tangent: sets, arrays of integers."""
    return INPLACE_FUNCTIONS[op](x, y)


operate_inplace_differential.changed_operands = (0, 1)  # type: ignore[attr-defined]  # what it changes, and its tangent
constant(how_in_place, how_changed, plainly)
