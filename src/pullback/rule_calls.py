"""Rules as something to call: whoever registered them, as they are, with nothing of the library in between.

    rules_of(np.exp, (x,), {})  ->  [Calls("the rule of np.exp", reverse, operands (0,))]
    reverse.pull(c)             ->  what the rule itself returned, one tangent for each operand

`pullback.rule_checks` compares what is returned here with what it should be.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pullback.applying import apply_rule, parameter_of, produced_by, returned_tangents, rule_operands
from pullback.custom import DifferentiableFunction
from pullback.errors import ArgumentError
from pullback.linked import differential_operands
from pullback.rules import Entry, Rule, callable_name, canonical, lookup
from pullback.spaces import is_differentiable
from pullback.tangents import NO_TANGENT, Tangent
from pullback.vjp_rules import VjpRule

Args = tuple[Any, ...]
Kwargs = dict[str, Any]
Map = Callable[..., tuple[Tangent, ...]]


@dataclass(frozen=True, slots=True)
class RuleCall:
    """One rule of a function: where it stands, and how it is called."""

    name: str
    place: str  # file:line
    forward: bool
    operands: tuple[int | str, ...]  # the differentiable operands whose derivative it gives
    call: Callable[[Args, Kwargs], tuple[Any, Map]]  # the value; and cotangent -> tangents, or tangents -> (tangent,)
    rule: VjpRule | Rule

    def __str__(self) -> str:
        return f"{self.place}: {self.name}"


def plain_function(function: Any) -> Callable[..., Any]:
    """What the function computes without any rule: a property's getter, an attribute's."""
    if isinstance(function, property) and function.fget is not None:
        return function.fget
    if not callable(function) and hasattr(function, "__get__"):
        return function.__get__  # type: ignore[no-any-return]
    return function.__func__ if isinstance(function, (staticmethod, classmethod)) else function


def rules_of(function: Any, args: Args, kwargs: Kwargs) -> list[RuleCall]:
    """The rules for a call of `function`; ArgumentError where there is none."""
    if isinstance(function, DifferentiableFunction):
        return [rule_call(VjpRule(function, function.vjp, None), args, kwargs)]
    entry = lookup(canonical(function))
    found = _of_entry(entry, args, kwargs) if entry is not None else []
    if not found:
        raise ArgumentError(
            f"{callable_name(function)} has no registered derivative to check; register one with "
            f"@pb.derivative(of={callable_name(function)}), or check what is generated with pb.check_derivative"
        )
    return found


def _of_entry(entry: Entry, args: Args, kwargs: Kwargs) -> list[RuleCall]:
    if entry.vjps:
        return [rule_call(rule, args, kwargs) for rule in entry.vjps]
    return [_of_template(entry.rule, args, kwargs)] if entry.rule is not None else []


def rule_call(rule: VjpRule, args: Args, kwargs: Kwargs) -> RuleCall:
    """A user's rule as something to call."""
    code = getattr(rule.vjp, "__code__", None)
    place = f"{code.co_filename}:{code.co_firstlineno}" if code is not None else "<a callable object>"
    what = "the forward rule" if rule.forward else "the rule"
    if isinstance(rule.function, DifferentiableFunction):
        what = "the derivative"
    wrt = f" with respect to {', '.join(rule.wrt)}" if rule.wrt else ""
    name = f"`{callable_name(rule.vjp)}`, {what} of {callable_name(rule.function)}{wrt},"
    operands = tuple(o for o, x in rule_operands(rule, args, kwargs) if is_differentiable(x))
    return RuleCall(name, place, rule.forward, operands, _forward(rule) if rule.forward else _reverse(rule), rule)


def _reverse(rule: VjpRule) -> Callable[[Args, Kwargs], tuple[Any, Map]]:
    def call(args: Args, kwargs: Kwargs) -> tuple[Any, Map]:
        value, pull = produced_by(rule, rule.vjp(*args, **kwargs))
        operands = rule_operands(rule, args, kwargs)

        def pulled(cotangent: Tangent) -> tuple[Tangent, ...]:
            tangents = returned_tangents(pull(cotangent), rule, operands)
            return tuple(t for (_, x), t in zip(operands, tangents, strict=True) if is_differentiable(x))

        return value, pulled

    return call


def _forward(rule: VjpRule) -> Callable[[Args, Kwargs], tuple[Any, Map]]:
    def call(args: Args, kwargs: Kwargs) -> tuple[Any, Map]:
        value, differential = produced_by(rule, rule.vjp(*args, **kwargs))
        taken = differential_operands(rule, differential, args, kwargs)
        values: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}

        def pushed(*tangents: Tangent) -> tuple[Tangent, ...]:
            given = iter(tangents)
            return (differential(*[next(given) if is_differentiable(values[o]) else NO_TANGENT for o in taken]),)

        return value, pushed

    return call


def _of_template(rule: Rule, args: Args, kwargs: Kwargs) -> RuleCall:
    every: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
    operands = tuple(o for o, x in every if is_differentiable(x) and parameter_of(rule, o)[0] in rule.templates)

    def call(args: Args, kwargs: Kwargs) -> tuple[Any, Map]:
        value, residual = apply_rule(rule, args, kwargs, operands)
        return value, lambda g: residual[0](residual, g)

    name = f"the rule of {rule.name}({rule.signature_text})"
    return RuleCall(name, str(rule.namespace.get("__name__", "")), False, operands, call, rule)


def operand_names(function: Any, rule: RuleCall, args: Args, kwargs: Kwargs) -> tuple[str, ...]:
    """What the operands of a call are called: parameters, or positions where none are known."""
    if isinstance(rule.rule, Rule):
        return tuple(parameter_of(rule.rule, o)[0] for o in (*range(len(args)), *kwargs))
    names = _positional(plain_function(function)) or _positional(rule.rule.vjp)
    return (*(names[k] if k < len(names) else f"args[{k}]" for k in range(len(args))), *kwargs)


def _positional(function: Any) -> list[str]:
    """The names of a callable's positional parameters, as far as it tells."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
