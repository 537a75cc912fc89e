"""Operators on operands whose types are found at run time.

    operate("*", (a, b), active=(0, 1))     numbers and arrays by their rule, containers by what `+` and `*`
                                            mean for them, a class by its own method, which is differentiated
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.applying import Residual, apply_rule
from pullback.dispatch import ASKED, call, no_tangents
from pullback.fitting import fit
from pullback.operations import BINARY_FUNCTIONS, INPLACE_FUNCTIONS, METHODS, UNARY_FUNCTIONS
from pullback.rules import EPOCH, Active, lookup
from pullback.runtime import rebind
from pullback.tangents import ZERO, Tangent, add
from pullback.template_functions import caller_of

NUMBERS: frozenset[type] = frozenset(
    {float, int, bool, complex, np.ndarray, np.float64, np.float32, np.float16, np.longdouble, np.complex128,
     np.complex64, np.int64, np.int32, np.intp, np.bool_}
)  # fmt: skip


def operate(op: str, operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """An operator on operands of any type: numbers and arrays, containers, or a class's own method."""
    if len(operands) == 1:
        x = operands[0]
        function = UNARY_FUNCTIONS[op]
        if x.__class__ in NUMBERS:
            return _rule_of(function, operands, active)
        method = getattr(type(x), f"__{op}__", None)
        if isinstance(method, types.FunctionType):
            return call(method, operands, active)
        return _rule_of(function, operands, active)
    a, b = operands
    function = BINARY_FUNCTIONS[op]
    if a.__class__ is float is b.__class__ and op in _OF_FLOATS and not EPOCH.scopes:
        y = function(a, b)
        return y, (of_floats, op, active, a, b, y)
    if a.__class__ in NUMBERS and b.__class__ in NUMBERS:
        if op in _ARITHMETIC and not EPOCH.scopes:
            y = function(a, b)
            return y, (_arithmetic, templates_of(function), active, a, b, y if op in "/**" else None)
        return _rule_of(function, operands, active)
    if isinstance(a, (list, tuple, deque)) and not hasattr(type(a), "_fields"):
        if op == "+" and type(a) is type(b):
            return function(a, b), (_concatenated, len(a), len(b), active)
        if op == "*" and isinstance(b, int):
            return a * b, (_repeated, len(a), b, active)
    if isinstance(a, int) and isinstance(b, (list, tuple, deque)) and op == "*":
        return a * b, (_repeated, len(b), a, active)
    if isinstance(a, dict) and isinstance(b, dict) and op == "|":
        return a | b, (_united, set(a), set(b), active)
    if isinstance(a, str):
        return ASKED[0](function, a, b), (no_tangents, len(active))
    return _class_operator(op, a, b, active)


_ARITHMETIC = frozenset({"+", "-", "*", "/", "**", "@"})
_TEMPLATES: dict[Any, Any] = {}


# the cotangents of both operands of an operator on floats, by their rules; what `y` is not needed for leaves it out
_OF_FLOATS: dict[str, Callable[[Any, float, float, float], tuple[Any, Any]]] = {
    "+": lambda g, a, b, y: (g, g),
    "-": lambda g, a, b, y: (g, -g),
    "*": lambda g, a, b, y: (g * b, g * a),
    "/": lambda g, a, b, y: (g / b, -g * y / b),
}


def of_floats(residual: Residual, g: Tangent, shadows: Any = None) -> tuple[Tangent, ...]:
    """The cotangents of an operator's active operands, which are floats."""
    _, op, active, a, b, y = residual
    if g is ZERO:
        return (ZERO,) * len(active)
    both = _OF_FLOATS[op](g, a, b, y)
    if g.__class__ is not float:
        both = fit(both[0], a), fit(both[1], b)
    return both if len(active) == 2 else (both[active[0]],)


def is_number(x: Any) -> bool:
    """Whether a value is a number or an array, so that operators are those of Python and NumPy."""
    return x.__class__ in NUMBERS


def templates_of(function: Any) -> Any:
    """The compiled cotangents of an operator's operands, and whether broadcasting must be undone."""
    found = _TEMPLATES.get(function)
    if found is None:
        entry = lookup(function)
        assert entry is not None and entry.rule is not None
        parameters = tuple(entry.rule.signature.parameters)
        compiled = tuple(entry.rule.templates[p].compiled(parameters) for p in parameters)
        found = _TEMPLATES[function] = (compiled, entry.rule.elementwise)
    return found


def _arithmetic(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, (templates, is_elementwise), active, a, b, y = residual
    out = []
    for i in active:
        t = templates[i](g, y, None, a, b)
        out.append(fit(t, b if i else a) if is_elementwise else t)
    return tuple(out)


def _class_operator(op: str, a: Any, b: Any, active: Active) -> tuple[Any, Residual]:
    """Python's protocol: a.__op__(b), then b.__rop__(a); the method that answers is differentiated."""
    attempts = [(a, b, f"__{METHODS[op]}__", active), (b, a, f"__r{METHODS[op]}__", flipped(active))]
    if type(b) is not type(a) and isinstance(b, type(a)):
        attempts.reverse()
    for x, other, name, flags in attempts:
        method = getattr(type(x), name, None)
        if isinstance(method, types.FunctionType):
            value, residual = call(method, (x, other), flags)
            if value is not NotImplemented:
                swapped = x is b and a is not b
                return value, (_reversed, residual) if swapped and len(active) == 2 else residual
    return _rule_of(BINARY_FUNCTIONS[op], (a, b), active)


def flipped(active: Active) -> Active:
    """The active operands of two that have changed places."""
    return tuple(sorted(1 - a for a in active if isinstance(a, int)))


def _reversed(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    inner = residual[1]
    return tuple(reversed(inner[0](inner, g)))


def _rule_of(function: Callable[..., Any], operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    entry = lookup(function)
    if entry is None or entry.constant or entry.rule is None:
        return function(*operands), (no_tangents, len(active))
    if entry.rule.elementwise and any(isinstance(x, (list, tuple)) for x in operands):  # beside an array: one too
        function(*operands)  # raises Python's own error where it is none
        return call(caller_of(function, operands, {}, True), operands, active)
    return apply_rule(entry.rule, operands, {}, active)


def _concatenated(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, size, other, active = residual
    g = _of_all(g, size + other)
    parts = (g[:size], g[size:])
    return tuple(parts[i] for i in active)


def _repeated(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, size, count, active = residual
    total: list[Tangent] = [ZERO] * size
    for i, part in enumerate(_of_all(g, max(count, 0) * size)):
        total[i % size] = add(total[i % size], part)
    return (total,) * len(active)


def _of_all(g: Any, size: int) -> Any:
    """The cotangents of the items that were joined: a deque of limited length has dropped the first."""
    return g if len(g) == size else [ZERO] * (size - len(g)) + list(g)


def _united(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, left, right, active = residual
    parts = ({k: v for k, v in g.items() if k in left and k not in right}, {k: v for k, v in g.items() if k in right})
    return tuple(parts[i] for i in active)


def operate_inplace(op: str, operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """`x op= y` where `x` may be shared: refused at run time if it changes an object in place."""
    x, y = operands
    if isinstance(x, (np.ndarray, list, dict, set)) or hasattr(type(x), f"__{INPLACE_FUNCTIONS[op].__name__}__"):
        rebind(op, x, y)  # raises
    return operate(op, operands, active)
