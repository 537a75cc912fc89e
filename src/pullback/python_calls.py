"""Calls of Python functions found at run time, through their own generated pairs.

    call_function(f, (x, 3), active=(0,), ...)   ->   f(x, 3) and what f's reverse function needs

Operands are matched to parameters, those that `*args` and `**kwargs` collect included, and a closure's
captured variables return their tangents in a dict.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.calls import bind_parameters
from pullback.errors import DifferentiabilityError
from pullback.generated import Request
from pullback.kinds import kind_of
from pullback.pipeline import pair_for
from pullback.rules import Active, callable_name
from pullback.tangents import NO_TANGENT, ZERO, Tangent

# for a call site: the function (held), its forward sweep, the operands' places, the code that this was made for
Plan = tuple[Any, Any, Any, types.CodeType]
_CONSTANT_TYPES = (
    int, str, bytes, type(None), np.integer, np.bool_, types.ModuleType, range, slice, type(ZERO), type(NO_TANGENT),
)  # fmt: skip


def has_tangent(x: Any) -> bool:
    """Whether a value may carry a tangent at run time (containers and objects are not looked into)."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "fcO"
    if isinstance(x, types.FunctionType):
        return not (x.__closure__ is None and x.__defaults__ is None and x.__kwdefaults__ is None)
    return not isinstance(x, _CONSTANT_TYPES)


def call_function(
    fn: types.FunctionType, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any], keep: Callable[[Plan], None]
) -> tuple[Any, Residual]:
    """A call through the function's own generated pair; `keep` is given the plan for the next such call."""
    code = fn.__code__
    if code.co_flags & 0x2A0:
        raise DifferentiabilityError(
            f"{callable_name(fn)} is a generator or coroutine function, which is not differentiated yet; "
            "collect its values in a list"
        )
    captures = _active_captures(fn) if -1 in active else frozenset()
    defaults: list[str] = []
    operands = [a for a in active if a != -1]
    bound = bind_parameters(code, len(args), tuple(kwargs))
    if bound is not None:
        values: dict[str, Any] = dict(zip(bound, (*args, *kwargs.values()), strict=True))
        named = [bound[a] if isinstance(a, int) else a for a in operands]
        if -1 in active:
            defaults = [p for p, v in with_defaults(fn, {}).items() if p not in values and has_tangent(v)]
        order = [p for p in code.co_varnames if p in named or p in defaults]
        pick: Any = None if order == named else [order.index(p) for p in named]
    else:
        values, named, pick = _variadic(fn, args, kwargs, operands)
        order = [p for p in signature_order(code) if p in named]
        pick = [(order.index(p), part) for p, part in pick]
    kinds = tuple(sorted((p, kind_of(v).key) for p, v in with_defaults(fn, values).items()))
    request = Request(frozenset(order), captures, kinds)
    forward = pair_for(fn, request, values)
    given = [(p, order.index(p)) for p in defaults]
    places = None if pick is None and -1 not in active else (pick, -1 in active, bool(captures), given)
    if fn.__closure__ is None:
        keep((fn, forward, places, code))
    value, inner = forward(*args, **kwargs)
    return value, inner if places is None else (picked, inner, *places)


def picked(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The tangents of a pair's parameters, as those of the call's operands."""
    _, inner, pick, has_callee, has_captures, defaults = residual
    tangents = inner[0](inner, g)
    captured: tuple[Tangent, ...] = ()
    if has_captures:
        captured, tangents = tangents[:1], tangents[1:]
    elif has_callee:
        captured = (ZERO,)
    if defaults:
        made = {f"default {p}": tangents[position] for p, position in defaults}
        captured = (made if captured[0] is ZERO else {**captured[0], **made},)
    if pick is None:
        return (*captured, *tangents)
    out: list[Tangent] = []
    for choice in pick:
        if isinstance(choice, int):
            out.append(tangents[choice])
            continue
        position, part = choice
        t = tangents[position]
        if part is not None and t is not ZERO:
            t = t.get(part, ZERO) if isinstance(t, dict) else t[part]
        out.append(t)
    return (*captured, *out)


def with_defaults(fn: types.FunctionType, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a function's parameters, defaults included."""
    code = fn.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(reversed(positional), reversed(fn.__defaults__ or ()), strict=False))
    return {**defaults, **(fn.__kwdefaults__ or {}), **values}


def signature_order(code: types.CodeType) -> list[str]:
    """Parameter names as the generated reverse function returns them."""
    positional = code.co_varnames[: code.co_argcount]
    rest = list(code.co_varnames[code.co_argcount :])
    keyword_only, rest = rest[: code.co_kwonlyargcount], rest[code.co_kwonlyargcount :]
    star = [rest.pop(0)] if code.co_flags & 4 else []
    double = [rest.pop(0)] if code.co_flags & 8 else []
    return [*positional, *star, *keyword_only, *double]


def _variadic(
    fn: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any], operands: list[Any]
) -> tuple[dict[str, Any], list[str], Any]:
    """Operands that `*args` and `**kwargs` parameters collect: the parameter and the part of it."""
    values, where = bound_variadic(fn, args, kwargs)
    chosen = [where[o] for o in operands]
    return values, [p for p, _ in chosen], chosen


def bound_variadic(
    fn: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[dict[str, Any], dict[Any, tuple[str, Any]]]:
    """The values of all parameters of a call, and for each operand its parameter and the part of it."""
    signature = inspect.signature(fn, follow_wrapped=False)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        fn(*args, **kwargs)  # raises Python's own error for such a call
        raise
    parameters = signature.parameters
    where: dict[Any, tuple[str, Any]] = {}
    position = 0
    for parameter, value in bound.arguments.items():
        kind = parameters[parameter].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            for part in range(len(value)):
                where[position] = (parameter, part)
                position += 1
        elif kind is inspect.Parameter.VAR_KEYWORD:
            for key in value:
                where[key] = (parameter, key)
        elif parameter in kwargs:
            where[parameter] = (parameter, None)
        else:
            where[position] = (parameter, None)
            position += 1
    return dict(bound.arguments), where


def _active_captures(fn: types.FunctionType) -> frozenset[str]:
    """The captured variables of a closure that may carry tangents."""
    found = []
    helpers = getattr(fn, "_pullback_helpers", ())
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        if name in helpers:
            continue
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if not isinstance(value, type) and has_tangent(value):
            found.append(name)
    return frozenset(found)
