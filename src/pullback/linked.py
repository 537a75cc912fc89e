"""Calls whose pullback is given, by a user's rule or a hook, when they are met in forward mode.

    @derivative(of=f)                           u, u_dot = the transpose of f's pullback, applied
    with_derivative(x, callback)                u, u_dot = x, x_dot

The rule need not be the true derivative (straight-through estimators, clipping). Reverse mode over
such a node must give the first-order cotangent as the rule computes it, and the derivative of that
computation. So the node is a *link* with a pullback of its own. With P(w, u_bar) the rule's pullback:

    level 0     u          pulled back by P
    level 1     u, u_dot   pulled back by P's differential at (w, u_dot_bar) along (w_dot, u_bar)
    level 2 ...            the same again
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback.applying import given_tangents, produced_by, returned_cotangent, rule_operands
from pullback.differential_calls import USER_RULES, call_differential
from pullback.dispatch import call
from pullback.effects import is_pure
from pullback.errors import DifferentiabilityError, RuleError
from pullback.pull_apply import present, pull_apply
from pullback.rules import Active, callable_name, constant, forward_intrinsic, intrinsic, lookup, rule
from pullback.spaces import is_differentiable, zero_tangent
from pullback.tangent_parts import is_zero, part, projected
from pullback.tangents import ZERO, Tangent, add, scale
from pullback.trees import as_reals, flatten, tangent_leaves
from pullback.vjp_rules import VjpRule


@dataclass(frozen=True)
class RuleLink:
    """A call through a user's derivative; what it is called with is (args, kwargs)."""

    rule: VjpRule
    nonlinear = False

    def value(self, given: Any) -> Any:
        """The value that the rule computes."""
        args, kwargs = given
        value, _ = produced_by(self.rule, self.rule.vjp(*args, **kwargs))
        return value

    def pull(self, given: Any, g: Any) -> Any:
        """The rule's pullback: cotangents of (args, kwargs)."""
        args, kwargs = given
        value, pullback = produced_by(self.rule, self.rule.vjp(*args, **kwargs))
        return given_tangents(pullback(projected(g, value)), self.rule, args, kwargs)

    def tangent(self, given: Any, along: Any) -> Any:
        """The value and the transpose of the pullback, applied to tangents of (args, kwargs)."""
        args, kwargs = given
        value, pullback = produced_by(self.rule, self.rule.vjp(*args, **kwargs))
        if is_scalar(value):
            bars = given_tangents(pullback(unit(value)), self.rule, args, kwargs)
            return value, assembled([pairing(bars, along, given)], value)
        if transposes(self, given, value):
            bars = pull_apply(rule_pull, (self, given, zero_cotangent(value)), {}, (2,), along)
            return value, bars[0]
        each = [given_tangents(pullback(e), self.rule, args, kwargs) for e in units(value)]
        return value, assembled([pairing(bars, along, given) for bars in each], value)


@dataclass(frozen=True)
class HookLink:
    """`with_derivative`, called with ((x, callback), {}): the cotangent is what the callback makes of it."""

    nonlinear = True

    def value(self, given: Any) -> Any:
        """`x` itself."""
        return given[0][0]

    def pull(self, given: Any, g: Any) -> Any:
        """The callback's cotangent."""
        x, callback = given[0]
        shown = projected(g, x)
        replaced = run_hook(callback, private(shown))
        return (shown if is_none(replaced) else projected(replaced, x), ZERO), {}

    def tangent(self, given: Any, along: Any) -> Any:
        """`x` and its tangent."""
        return given[0][0], along[0][0]


HOOK = HookLink()


def is_none(x: Any) -> bool:
    """Whether a callback returned nothing."""
    return x is None


def run_hook(callback: Any, g: Any) -> Any:
    """A callback on a cotangent."""
    return callback(g)


def only_looks(callback: Any, g: Any) -> bool:
    """Whether a callback with effects of its own, run on a cotangent, leaves it as it is."""
    return not is_pure(callback) and callback(g) is None


@forward_intrinsic(run_hook)
def _run_hook_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A callback that looks at a cotangent needs no derivative, whatever it does with what it saw."""
    if only_looks(args[0], args[1]):
        return None, ZERO
    return call_differential(args[0], dots[0], (args[1],), (dots[1],))


def private(t: Tangent) -> Tangent:
    """A cotangent that may be changed in place."""
    return t.copy() if isinstance(t, np.ndarray) else t


def rule_pull(link: Any, given: Any, g: Any) -> Any:
    """The pullback of a link as a function."""
    return link.pull(given, g)


# --- levels -----------------------------------------------------------------------------------------


def link_value(level: int, link: Any, given: Any) -> Any:
    """The value of a link at a level: from level 1 on, operands and values come with their tangents."""
    if level == 0:
        return link.value(given)
    inner, along = given
    if level == 1:
        return link.tangent(inner, along)
    return call_differential(link_value, ZERO, (level - 1, link, inner), (ZERO, ZERO, along))


def link_pull(level: int, link: Any, given: Any, g: Any) -> Any:
    """The pullback of a link at a level, in the structure of its operands."""
    if level == 0:
        return link.pull(given, g)
    inner, along = given
    plain, moving = both(g)
    value, tangent = call_differential(
        link_pull, ZERO, (level - 1, link, inner, moving), (ZERO, ZERO, along, plain)
    )
    return tangent, value


def both(g: Any) -> Any:
    """A cotangent of a value and its tangent; ZERO is two of them."""
    return part(g, 0), part(g, 1)


def apply_link(level: int, link: Any, given: Any) -> Any:
    """A link's value: its derivatives are the link's own."""
    return link_value(level, link, given)


@intrinsic(apply_link)
def _apply_link_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
    level, link, given = args
    record = present()
    transposing = record.transposing and level == 1 and not link.nonlinear
    if not transposing:
        record.nonlinear = True
    return link_value(level, link, given), (_pull_link, level, link, given, transposing, active)


def _pull_link(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    _, level, link, given, transposing, active = residual
    if is_zero(g):
        bars: Any = ZERO
    elif level and is_zero(part(g, 1)) and not link.nonlinear and level == 1:
        bars = (link.pull(given[0], part(g, 0)), ZERO)
    elif not transposing:
        bars = link_pull(level, link, given, g)
    else:
        inner, along = given
        plain, moving = both(g)
        first, again = call(rule_pull, (link, inner, moving), (1,))
        second = again[0](again, along)[0]
        straight = ZERO if is_zero(plain) else link.pull(inner, plain)
        bars = (add(straight, second), first)
    return tuple(bars if a == 2 else ZERO for a in active)


@forward_intrinsic(apply_link)
def _apply_link_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    level, link, given = args
    return apply_link(level + 1, link, (given, dots[2]))


# --- users' rules in forward mode -------------------------------------------------------------------


def covered(chosen: VjpRule, args: Any, kwargs: Any) -> set[Any]:
    """The operands whose derivative a rule gives."""
    return {operand for operand, _ in rule_operands(chosen, args, kwargs)}


def rule_for(fn: Any, forward: bool, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> VjpRule:
    """The rule of a call, among those of one mode: it covers the operands that move."""
    entry = lookup(fn)
    assert entry is not None
    moved = [i for i, d in enumerate(dots) if not is_zero(d)] + [k for k, d in kwdots.items() if not is_zero(d)]
    values = {**dict(enumerate(args)), **kwargs}
    fitting = [r for r in entry.vjps if r.forward == forward]
    for found in fitting:
        known = covered(found, args, kwargs)
        if all(o in known or not is_differentiable(values[o]) for o in moved):
            return found
    return fitting[0]


def by_reverse_rule(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A function with a registered pullback only."""
    link = RuleLink(rule_for(fn, False, args, dots, kwargs, kwdots))
    return apply_link(1, link, ((args, kwargs), (dots, kwdots)))


def by_forward_rule(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A function with a registered differential."""
    chosen = rule_for(fn, True, args, dots, kwargs, kwdots)
    value, differential = produced_by(chosen, chosen.vjp(*args, **kwargs))
    operands = differential_operands(chosen, differential, args, kwargs)
    tangents = [given_dot(o, args, dots, kwargs, kwdots) for o in operands]
    return value, checked_tangent(differential(*tangents), value, chosen)


def given_dot(operand: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """An operand's tangent in its own space."""
    if is_name(operand):
        return projected(part(kwdots, operand), kwargs[operand])
    return projected(dots[operand], args[operand])


def is_name(operand: Any) -> bool:
    """Whether an operand is a keyword argument."""
    return isinstance(operand, str)


def differential_operands(chosen: VjpRule, differential: Any, args: Any, kwargs: Any) -> list[Any]:
    """The operands whose tangents a user's differential takes: all, or those that have a tangent space."""
    every = rule_operands(chosen, args, kwargs)
    try:
        parameters = inspect.signature(differential).parameters.values()
    except (TypeError, ValueError):
        return [o for o, _ in every]
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    spaces = [o for o, x in every if is_differentiable(x)]
    takes_all = any(p.kind is p.VAR_POSITIONAL for p in parameters) or len(required) == len(every)
    if not takes_all and len(required) == len(spaces):
        return spaces
    if not takes_all:
        raise RuleError(
            f"the differential of {callable_name(chosen.vjp)} takes {len(required)} tangents; "
            f"{callable_name(chosen.function)} was called with {len(every)} arguments"
        )
    return [o for o, _ in every]


def checked_tangent(t: Tangent, value: Any, chosen: VjpRule) -> Tangent:
    """The tangent that a user's differential returned, in the result's space."""
    if t is None:
        raise DifferentiabilityError(
            f"the differential of {callable_name(chosen.vjp)} returned None; return a tangent (a zero is pb.ZERO)"
        )
    return projected(t, value)


def by_unit_cotangents(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A function whose derivative is code for reverse mode only: one pullback for each number of its result."""
    values = {**dict(enumerate(args)), **kwargs}
    along = {o: d for o, d in {**dict(enumerate(dots)), **kwdots}.items() if not is_zero(d)}
    held = [o for o in along if not is_differentiable(values[o])]
    if held or not is_zero(fn_dot):
        raise DifferentiabilityError(
            f"{callable_name(fn)} has a derivative in reverse mode only, and is given a function that captures "
            "differentiated values; pass them as arguments"
        )
    operands: Active = tuple(along)
    value, residual = call(fn, tuple(args), operands, kwargs or None)
    if not isinstance(value, (np.ndarray, np.generic, int, float, complex, list, tuple, dict)):
        raise DifferentiabilityError(  # (its cotangents are of its own fields, not of its numbers)
            f"{callable_name(fn)} makes a {type(value).__name__}, and has a derivative in reverse mode only; "
            "use pb.gradient or pb.value_with_pullback"
        )
    numbers = []
    for e in units(value):
        bars = residual[0](residual, e)
        numbers.append(sum(_leaf_pairing(b, along[o], values[o]) for o, b in zip(operands, bars, strict=True)))
    return value, assembled(numbers, value)


@intrinsic(by_unit_cotangents)
def _no_second_order(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
    name = callable_name(args[0])
    raise DifferentiabilityError(
        f"no second derivative is known for `{name}`, whose derivative is code for reverse mode; "
        f"register one with @pb.derivative(of={name})"
    )


@forward_intrinsic(by_unit_cotangents)
def _no_second_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    _no_second_order(args, {}, ())


USER_RULES.update(
    intrinsic=by_unit_cotangents,
    covered=covered, forward=lambda _: by_forward_rule, reverse=lambda _: by_reverse_rule
)


# --- what a pullback's transpose is made of ---------------------------------------------------------


def is_scalar(value: Any) -> bool:
    """Whether a result is one real number."""
    return isinstance(value, (float, np.floating)) or (
        isinstance(value, np.ndarray) and value.shape == () and value.dtype.kind == "f"
    )


def unit(value: Any) -> Any:
    """The cotangent 1 of a real scalar."""
    return np.ones((), value.dtype) if isinstance(value, np.ndarray) else type(value)(1.0)


def zero_cotangent(value: Any) -> Any:
    """Zeros in the space of a result."""
    return zero_tangent(value)


def units(value: Any) -> list[Any]:
    """The unit cotangents of a result, one for each real number in it."""
    vector, rebuild = flatten(value)
    if vector.size > 4096:
        raise DifferentiabilityError(
            f"forward mode through a registered pullback needs one call for each of the {vector.size} numbers in "
            "the result; register its differential with forward=True"
        )
    return [rebuild(e) for e in np.eye(vector.size)]


def pairing(t: Tangent, u: Tangent, like: Any) -> float:
    """Re(sum t u) over the leaves of a structure."""
    total = 0.0
    for x, a, b in zip(like[0], t[0], u[0], strict=True):
        total += _leaf_pairing(a, b, x)
    for k, x in like[1].items():
        total += _leaf_pairing(part(t[1], k), part(u[1], k), x)
    return total


def _leaf_pairing(a: Tangent, b: Tangent, x: Any) -> float:
    if is_zero(a) or is_zero(b) or not is_differentiable(x):
        return 0.0
    pairs = zip(tangent_leaves(a, x), tangent_leaves(b, x), strict=True)
    return sum(float(np.real(np.sum(np.asarray(p) * np.asarray(q)))) for p, q in pairs)


def scaled(t: Tangent, g: Any) -> Tangent:
    """A structure of tangents times a number."""
    return scale(t, g)


def assembled(numbers: Any, value: Any) -> Tangent:
    """A tangent of a result from its real numbers, each conjugated in the imaginary part."""
    rebuild = flatten(value)[1]
    parts = rebuild(np.array(numbers, dtype=float))
    made = _conjugated(parts)
    return projected(made, value)


def _conjugated(t: Tangent) -> Tangent:
    if isinstance(t, (tuple, list)):
        return type(t)([_conjugated(x) for x in t]) if not hasattr(t, "_make") else t._make(map(_conjugated, t))
    if isinstance(t, dict):
        return {k: _conjugated(x) for k, x in t.items()}
    return np.conj(t)[()] if np.iscomplexobj(t) else t


def numbers_of(g: Tangent, value: Any) -> list[float]:
    """The cotangent of `assembled`'s numbers."""
    return [float(v) for v in as_reals(tangent_leaves(g, value))]


_TRANSPOSES: dict[int, tuple[Any, bool]] = {}


def transposes(link: Any, given: Any, value: Any) -> bool:
    """Whether a rule's pullback can itself be differentiated, so that its transpose is known."""
    vjp = link.rule.vjp
    known = _TRANSPOSES.get(id(vjp))
    if known is None:
        try:
            call(rule_pull, (link, given, zero_tangent(value)), (2,))
            works = True
        except DifferentiabilityError:
            works = False
        known = _TRANSPOSES[id(vjp)] = (vjp, works)
    return known[1]


rule(
    produced_by, "rule, produced", produced="g", produced_dot="produced_dot", _returns="tuple", _alias=True
)
rule(
    given_tangents,
    "returned, rule, args, kwargs",
    returned="returned_cotangent(g, returned, rule, args, kwargs)",
    _linear="returned",
    _inert="args, kwargs",
    _returns="tuple",
)
rule(checked_tangent, "t, value, chosen", t="g", _linear="t", _inert="value", _returns="unknown")
constant(
    RuleLink, rule_for, only_looks, is_none, is_scalar, unit, zero_cotangent, units, transposes, is_name,
    differential_operands,
)  # fmt: skip
rule(pairing, "t, u, like", t="scaled(u, g)", u="scaled(t, g)", t_dot="pairing(t_dot, u, like)",
     u_dot="pairing(t, u_dot, like)", _inert="like", _returns="float")  # fmt: skip
rule(assembled, "numbers, value", numbers="numbers_of(g, value)", _linear="numbers", _inert="value", _returns="unknown")
rule(private, "t", t="g", _linear="t", _returns="unknown")

__all__ = ["USER_RULES", "returned_cotangent"]
