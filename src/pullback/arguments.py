"""`wrt`: which arguments of a call are differentiated.

    gradient(f)(2.0, 3)              wrt = every positional argument whose value is differentiable: (0,)
    gradient(f, wrt="y")             by parameter name, by position, or a tuple of those
"""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any

from pullback.errors import ArgumentError
from pullback.rules import Active, callable_name, lookup
from pullback.spaces import describe, is_differentiable

Wrt = str | int | tuple[str | int, ...] | None


def parameter_list(f: Any) -> list[str] | None:
    """The positional parameter names of a callable, or None where it tells none."""
    verb = getattr(f, "_pullback_verb", None)
    if verb is not None:  # what `gradient(g)` and the like return has the parameters of `g`
        return parameter_list(verb[1])
    if isinstance(f, types.FunctionType) and not f.__code__.co_flags & 4:
        return list(f.__code__.co_varnames[: f.__code__.co_argcount])
    if isinstance(f, types.MethodType) and isinstance(f.__func__, types.FunctionType):
        return list(f.__func__.__code__.co_varnames[1 : f.__func__.__code__.co_argcount])
    entry = lookup(f)
    try:
        signature = entry.rule.signature if entry is not None and entry.rule is not None else inspect.signature(f)
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in signature.parameters.values() if p.kind in kinds]


def active_operands(f: Any, wrt: Wrt, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Active:
    """The operands that `wrt` names, in parameter order. Raises ArgumentError where there is none."""
    if wrt is None:
        chosen: Active = tuple(i for i, a in enumerate(args) if is_differentiable(a))
        if not chosen:
            raise ArgumentError(_nothing_to_differentiate(f, args), id="int-argument")
        return chosen
    names = parameter_list(f)
    wanted = wrt if isinstance(wrt, tuple) else (wrt,)
    if not wanted:
        raise ArgumentError("wrt is empty: name at least one parameter", id="wrt-type")
    found: list[int | str] = []
    for item in wanted:
        operand = _operand(f, item, names, args, kwargs)
        value = args[operand] if isinstance(operand, int) else kwargs[operand]
        if not is_differentiable(value):
            raise ArgumentError(
                f"{callable_name(f)} cannot be differentiated with respect to {item!r}: {_why_not(value)}",
                id="wrt-not-differentiable",
            )
        if operand in found:
            raise ArgumentError(f"wrt names the parameter {item!r} of {callable_name(f)} twice", id="wrt-duplicate")
        found.append(operand)
    named = {n: k for k, n in enumerate(names or [])}
    order = {o: named.get(o, len(named)) if isinstance(o, str) else o for o in found}
    return tuple(sorted(found, key=order.__getitem__))


def _operand(
    f: Any, item: str | int, names: list[str] | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> int | str:
    if isinstance(item, bool) or not isinstance(item, (str, int)):
        raise ArgumentError(f"wrt takes parameter names and positions, not {item!r}", id="wrt-type")
    if isinstance(item, int):
        position = item + len(args) if item < 0 else item
        if not 0 <= position < len(args):
            raise ArgumentError(
                f"wrt={item} but {callable_name(f)} was called with {len(args)} positional arguments", id="wrt-unknown"
            )
        return position
    if item in kwargs:
        return item
    if names is not None and item in names and names.index(item) < len(args):
        return names.index(item)
    known = ", ".join(names or []) or "unknown"
    if names is not None and item in names:
        raise ArgumentError(f"wrt={item!r}: pass that argument of {callable_name(f)} in the call", id="wrt-unknown")
    raise ArgumentError(
        f"wrt={item!r}: {callable_name(f)} has no parameter of that name; its parameters are {known}", id="wrt-unknown"
    )


def _why_not(value: Any) -> str:
    if isinstance(value, (bool, int)):
        return f"its value {value!r} is an int; pass a float ({float(value)!r})"
    if hasattr(value, "dtype"):
        return f"it is {describe(value)}; pass floats (.astype(float))"
    return f"{describe(value)} has no tangent space"


def _nothing_to_differentiate(f: Any, args: tuple[Any, ...]) -> str:
    name = callable_name(f)
    if not args:
        return f"{name} was called without positional arguments, so there is nothing to differentiate"
    ints = [a for a in args if isinstance(a, (bool, int)) or hasattr(a, "dtype")]
    reason = _why_not(ints[0]) if ints else f"{_why_not(args[0])}; pass floats, arrays or structures of them"
    return f"no argument of {name} is differentiable: {reason}"


def is_plain_function(f: Any) -> bool:
    """Whether a joint function can be generated for `f`: Python source, no rule of its own, no `*args`."""
    function = f.__func__ if isinstance(f, types.MethodType) else f
    return (
        isinstance(function, types.FunctionType)
        and lookup(function) is None
        and not function.__code__.co_flags & 0x2AC
        and not hasattr(function, "_pullback_verb")
    )


def describe_call(f: Any) -> str:
    """The name under which a transformed function is shown."""
    return callable_name(f.func if isinstance(f, functools.partial) else f)
