"""A rule applied to a call at run time: what generated code does where nothing is known beforehand.

    apply_rule(rule of np.sin, (x,), {}, active=(0,))  ->  (np.sin(x), residual)
    residual[0](residual, g)                           ->  (g * np.cos(x),)

A residual is a tuple whose first item is the function that reads it: data, not a closure.
"""

from __future__ import annotations

import inspect
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pullback.errors import CotangentError, DifferentiabilityError, RuleError
from pullback.fitting import fit
from pullback.rules import Active, Rule, callable_name
from pullback.spaces import describe, entering, in_place, is_differentiable, project
from pullback.tangents import NO_TANGENT, ZERO, Tangent, WithheldTangent, converted
from pullback.vjp_rules import VjpRule

Residual = tuple[Any, ...]


def bind(
    rule: Rule, args: tuple[Any, ...], kwargs: dict[str, Any], apply_defaults: bool = True
) -> inspect.BoundArguments:
    """The call's arguments by parameter name, defaults filled in."""
    try:
        bound = rule.signature.bind(*args, **kwargs)
    except TypeError as error:
        if not kwargs and not hasattr(rule.function, "nin"):  # (a ufunc's further argument is `out`)
            rule.function(*args)  # a call that Python itself refuses raises Python's own error
        raise DifferentiabilityError(
            f"the derivative of {rule.name} covers the call {rule.name}({rule.signature_text}): {error}"
        ) from None
    if apply_defaults:
        bound.apply_defaults()
    return bound


OTHER_FORMS: list[Callable[[Any, Any], Callable[..., Any] | None]] = []  # put here by the rulebook


def other_form(rule: Rule, kwargs: Any) -> Callable[..., Any] | None:
    """Python code that stands in for calls of a function with keywords that its rule does not have, if there is any."""
    known = rule.signature.parameters
    further = {k: v for k, v in kwargs.items() if k not in known}
    if not further:
        return None
    return next((f for find in OTHER_FORMS if (f := find(rule.function, further)) is not None), None)


_LAYOUTS: dict[Any, Any] = {}


def _layout(rule: Rule, count: int, keywords: tuple[str, ...], active: Active) -> Any:
    """Where each parameter's value comes from in a call of this form, and the templates of the active operands.

    None where a variadic parameter makes it depend on more than the form.
    """
    key = (id(rule), count, keywords, active)
    known = _LAYOUTS.get(key)
    if known is not None:
        return known[1]
    parameters = rule.signature.parameters
    variadic = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values())
    layout = None
    try:
        rule.signature.bind(*range(count), **dict.fromkeys(keywords))
    except TypeError:
        return None  # the call itself says what is wrong
    if not variadic:
        by_name = dict(zip(keywords, keywords, strict=True))
        bound = bind(rule, tuple(range(count)), by_name, apply_defaults=False).arguments
        sources = tuple((p in bound, bound.get(p, parameters[p].default)) for p in parameters)
        places = [parameter_of(rule, operand) for operand in active]
        plan = [(name, index, rule.templates.get(name)) for name, index in places]
        if all(template is not None for _, _, template in plan):
            layout = (sources, plan, tuple(parameters))
    _LAYOUTS[key] = (rule, layout)  # the rule is held: its id stays its own
    return layout


def parameter_of(rule: Rule, operand: int | str) -> tuple[str, int | None]:
    """The parameter an operand binds to, and its index in a variadic one."""
    if isinstance(operand, str):
        return operand, None
    for position, parameter in enumerate(rule.signature.parameters.values()):
        if parameter.kind is parameter.VAR_POSITIONAL:
            return parameter.name, operand - position
        if position == operand:
            return parameter.name, None
    raise DifferentiabilityError(f"{rule.name} takes no argument number {operand + 1}")


def apply_rule(rule: Rule, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """The value of a call and the residual of its rule, for the active operands."""
    layout = _layout(rule, len(args), tuple(kwargs), active)
    if layout is not None:
        sources, known, parameters = layout
        given = tuple(
            (args[where] if isinstance(where, int) else kwargs[where]) if is_given else where
            for is_given, where in sources
        )
        function = rule.function if callable(rule.function) else rule.function.__get__
        y = function(*args, **kwargs)
        for operand in active:
            refuse_converted(rule, args[operand] if isinstance(operand, int) else kwargs[operand])
        return y, (reverse_rule, rule.elementwise, known, y, given, parameters)
    bound = bind(rule, args, kwargs).arguments
    parameters = tuple(rule.signature.parameters)
    plan: list[Any] = []
    for operand in active:
        name, index = parameter_of(rule, operand)
        template: Any = rule.templates.get(name)
        if template is None:
            template = _withheld(rule, name, bound[name] if index is None else bound[name][index])
        plan.append((name, index, template))
    function = rule.function if callable(rule.function) else rule.function.__get__  # a descriptor, such as ndarray.T
    y = function(*args, **kwargs)
    for operand in active:
        refuse_converted(rule, args[operand] if isinstance(operand, int) else kwargs[operand])
    return y, (reverse_rule, rule.elementwise, plan, y, tuple(bound.values()), parameters)


_PLAIN = frozenset({float, int, bool, complex, str, list, tuple, dict, np.ndarray, np.float64, type(None)})
_CONVERSIONS = ("__float__", "__complex__", "__index__", "__array__", "__array_ufunc__", "__array_function__")


def of_numbers(function: Any) -> bool:
    """Whether a function is one of numbers and arrays, which makes these of what else it is given."""
    root = (getattr(function, "__module__", None) or "").partition(".")[0]
    return isinstance(function, np.ufunc) or root in ("math", "cmath", "_operator", "numpy", "scipy")


def refuse_converted(rule: Rule, x: Any) -> None:
    """Refuse an object of a user's class of which a function of numbers and arrays makes one."""
    cls = x.__class__
    if cls in _PLAIN or isinstance(x, (float, np.ndarray, np.generic)):
        return
    if of_numbers(rule.function) and converts(cls):
        raise converted(cls)


def converts(cls: Any) -> bool:
    """Whether a class has a method of its own that makes a number or array of its objects."""
    return any(isinstance(getattr(cls, name, None), types.FunctionType) for name in _CONVERSIONS)


def refuse_unknown(rule: Rule, name: str, value: Any) -> None:
    """Refuse the derivative by an argument for which a rule has no template, if its value has a tangent."""
    if is_differentiable(value) and name not in rule.inert:
        raise DifferentiabilityError(_unknown(rule, name))


def _unknown(rule: Rule, name: str) -> str:
    return (
        f"the derivative of {rule.name} with respect to its argument `{name}` is not known; "
        f"register one with @pb.derivative(of={rule.name}), or wrap it in pb.without_derivative"
    )


class _Asked(threading.local):
    withholding = False


_ASKED = _Asked()


@contextmanager
def withholding() -> Iterator[None]:
    """A sweep that is asked for more cotangents than are wanted: one that is not known is refused where it is used.

    The operands of a call whose callee is known at run time only are in a tuple, which varies as a whole.
    """
    before, _ASKED.withholding = _ASKED.withholding, True
    try:
        yield
    finally:
        _ASKED.withholding = before


def _withheld(rule: Rule, name: str, value: Any) -> WithheldTangent | None:
    if _ASKED.withholding and is_differentiable(value) and name not in rule.inert:
        return WithheldTangent(_unknown(rule, name))
    refuse_unknown(rule, name, value)
    return None


def reverse_rule(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The cotangents of a rule's active operands."""
    _, is_elementwise, plan, y, values, parameters = residual
    out = []
    for name, index, template in plan:
        if template is None or template.__class__ is WithheldTangent:
            out.append(ZERO if template is None else template)
            continue
        t = template.compiled(parameters)(g, y, index, *values)
        if is_elementwise:
            x = values[parameters.index(name)]
            t = fit(t, x if index is None else x[index])
        out.append(t)
    return tuple(out)


def apply_vjp(rule: VjpRule, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """The value of a call through a user's derivative, which is checked for its form."""
    value, pull = produced_by(rule, rule.vjp(*args, **kwargs))
    operands = rule_operands(rule, args, kwargs)
    return value, (reverse_vjp, rule, pull, value, operands, active)


def produced_by(rule: VjpRule, produced: Any) -> tuple[Any, Any]:
    """What a user's derivative returned: the value and the pullback (or differential)."""
    if not isinstance(produced, tuple) or len(produced) != 2 or not callable(produced[1]):
        what = "differential" if rule.forward else "pullback"
        raise RuleError(
            f"{callable_name(rule.vjp)}, the derivative of {callable_name(rule.function)}, must return "
            f"(value, {what}), with a callable {what}; it returned {describe(produced)}"
        )
    return produced


def rule_operands(rule: VjpRule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[int | str, Any]]:
    """The operands whose tangents the rule's pullback returns, in its order, with their values."""
    return rule.operands(args, kwargs)


def reverse_vjp(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The cotangents that a user's pullback returns, of the active operands."""
    _, rule, pull, value, operands, active = residual
    returned = pull(project(g, value))
    if len(operands) == len(active) == 1 and in_place(returned, operands[0][1]):
        return (returned,)
    by_operand = {}
    for (operand, x), t in zip(operands, returned_tangents(returned, rule, operands), strict=True):
        if operand in active:
            by_operand[operand] = entering(checked_return(t, x, rule, operand))
    return tuple(by_operand.get(operand, ZERO) for operand in active)


def returned_tangents(returned: Any, rule: VjpRule, operands: list[tuple[int | str, Any]]) -> tuple[Tangent, ...]:
    """What a user's pullback returned, one tangent for each operand."""
    if len(operands) == 1:
        tangents = returned if _is_singleton(returned, operands[0][1]) else (returned,)
    else:
        tangents = returned if isinstance(returned, tuple) else (returned,)
        differentiable = [k for k, (_, v) in enumerate(operands) if is_differentiable(v)]
        if len(tangents) != len(operands) and len(tangents) == len(differentiable):
            # a rule may leave out operands that have no tangent space, such as an int
            spread: list[Tangent] = [NO_TANGENT] * len(operands)
            for k, t in zip(differentiable, tangents, strict=True):
                spread[k] = t
            tangents = tuple(spread)
    whole = len(operands) == 1 and isinstance(operands[0][1], tuple)
    if isinstance(returned, tuple) and len(returned) > len(operands) and not whole:
        places = rule.places([operand for operand, _ in operands], len(returned))
        if places is not None:
            tangents = tuple(returned[k] for k in places)
    if len(tangents) != len(operands):
        raise CotangentError(
            f"the pullback of {callable_name(rule.vjp)} must return {len(operands)} tangents, one for each argument "
            f"of {callable_name(rule.function)}; it returned {describe(returned)}"
        )
    return tuple(tangents)


def checked_return(t: Tangent, x: Any, rule: VjpRule, operand: int | str) -> Tangent:
    """A tangent that a user's pullback returned, in its operand's space."""
    name = callable_name(rule.vjp)
    if t is None:
        raise CotangentError(f"the pullback of {name} returned None; return a tangent (a zero is pb.ZERO)")
    return project(t, x, f"the tangent that the pullback of {name} returned for {_called(operand)}")


def given_tangents(
    returned: Any, rule: VjpRule, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Tangent, ...], dict[str, Tangent]]:
    """What a user's pullback returned, as cotangents of (args, kwargs)."""
    operands = rule_operands(rule, args, kwargs)
    found = {
        o: entering(checked_return(t, x, rule, o))
        for (o, x), t in zip(operands, returned_tangents(returned, rule, operands), strict=True)
        if is_differentiable(x)
    }
    return tuple(found.get(i, ZERO) for i in range(len(args))), {k: found.get(k, ZERO) for k in kwargs}


def returned_cotangent(
    g: Any, returned: Any, rule: VjpRule, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Tangent:
    """The cotangent of what a user's pullback returned, from that of `given_tangents`."""
    if g is ZERO:
        return ZERO
    operands = rule_operands(rule, args, kwargs)
    parts = [(g[0][o] if g[0] is not ZERO else ZERO) if isinstance(o, int) else _entry_of(g[1], o) for o, _ in operands]
    if len(operands) == 1 and not _is_singleton(returned, operands[0][1]):
        return parts[0]
    if not isinstance(returned, tuple):
        parts = [p for p, (_, x) in zip(parts, operands, strict=True) if is_differentiable(x)]
        return parts[0]
    if len(returned) != len(operands):
        parts = [p for p, (_, x) in zip(parts, operands, strict=True) if is_differentiable(x)]
    return tuple(parts)


def _entry_of(t: Tangent, key: str) -> Tangent:
    return ZERO if t is ZERO else t.get(key, ZERO)


def _is_singleton(returned: Any, x: Any) -> bool:
    """Whether a pullback of one argument returned its tangent inside a 1-tuple, as many rules do."""
    return isinstance(returned, tuple) and len(returned) == 1 and not (isinstance(x, tuple) and len(x) == 1)


def _called(operand: int | str) -> str:
    return f"argument {operand + 1}" if isinstance(operand, int) else f"argument `{operand}`"
