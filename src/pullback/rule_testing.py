"""The test of a registered derivative that its author runs: `check_rule`.

    @pb.derivative(of=wave)
    def wave_vjp(x): return np.sin(x), lambda v: v * np.sin(x)

    check_rule(wave, np.ones(3))  ->  WrongRuleError:
    model.py:5: `wave_vjp`, the rule of wave, is wrong: d result[0] / d x[0]: analytic 0.84..., numeric 0.54...

After Mooncake's `test_rule` and autograd's `check_grads`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from pullback.comparing import Options, Problem, compare, paired
from pullback.differences import signs
from pullback.errors import ArgumentError, PullbackError, WrongRuleError
from pullback.operators import pullback, value_with_pullback
from pullback.rule_calls import Args, Kwargs, RuleCall, plain_function, rules_of
from pullback.rule_checks import Point, check_duality, check_forward, check_reverse, fail, rounding, run
from pullback.rule_variants import SORTS, variants
from pullback.rules import callable_name
from pullback.tangents import Tangent
from pullback.trees import as_reals, flatten, tangent_leaves
from pullback.vjp_rules import VjpRule

F = TypeVar("F", bound=Callable[..., Any])
_SURROGATE = "_pullback_surrogate"


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What `check_rule` looked at: the rules by name, what was checked, and what could not be."""

    function: str
    rules: tuple[str, ...]
    checked: tuple[str, ...]
    skipped: tuple[str, ...]


def surrogate(vjp: F) -> F:
    """Mark a rule as no derivative, on purpose (a straight-through estimator): its numbers are not compared.

    >>> import pullback as pb
    >>> @pb.testing.surrogate
    ... def rounded_vjp(x): return float(round(x)), lambda v: v
    """
    setattr(vjp, _SURROGATE, True)
    return vjp


def is_surrogate(rule: RuleCall) -> bool:
    """Whether a rule is marked as no derivative, on purpose."""
    return isinstance(rule.rule, VjpRule) and bool(getattr(rule.rule.vjp, _SURROGATE, False))


def check_rule(
    function: Any,
    *args: Any,
    kwargs: Mapping[str, Any] | None = None,
    order: int = 1,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    allow_kinks: bool = False,
    variations: Iterable[str] = SORTS,
) -> RuleReport:
    """Check every rule registered for `function` at a call of it; AssertionError names the rule's file and line.

    `function` is what `pb.derivative(of=...)` was given (a function, method, property, class, ufunc, C
    function), or what `pb.differentiable_function` made. Of each rule, whatever its `wrt`, in reverse
    and forward mode, is checked at `args` and `kwargs`: the value is the plain function's in every
    bit, and shares memory with the same arguments; the arguments end as the plain function leaves
    them; tangents have the structure, shape and dtype of their primals with nothing left to sum or
    convert; the cotangent is left alone; the same call gives the same answer, also after other calls
    of the rule and after its tangents were written to; it is linear, and zero for zero; it agrees with
    central differences at one of several step sizes, entry by entry and along random directions.
    Where a reverse and a forward rule exist, ⟨Jᵀw, v⟩ = ⟨w, Jv⟩. Through the library, where the function
    is called twice, the sum comes out. `order=2` checks the derivative of the derivative.

    The same follows for `variations` of the call that the plain function accepts: arrays that are not
    contiguous ("strided"), "float32", "empty" arrays, arrays of no dimension ("zero_dim"), operands of
    one shape "broadcast" against each other, one array passed twice ("aliased").

    A point where one-sided differences disagree is refused; with `allow_kinks` any slope between the
    two is right there.

    Not seen: errors below the tolerance (1e-5 in float64, 5e-3 in float32, 5e-2 in float16; `rtol`
    and `atol` replace it), and slopes below a billionth of the function's size; branches not taken at
    these arguments; numbers beyond the sample in large arrays, if they cancel along random
    directions; precision beyond float64; state outside the arguments that the function and the rule
    change alike; threads.

    >>> import math, pullback as pb
    >>> def cube(x): return x ** 3
    >>> @pb.derivative(of=cube)
    ... def cube_vjp(x): return cube(x), lambda v: v * 3.0 * x ** 2
    >>> pb.testing.check_rule(cube, 2.0).function
    'cube'
    """
    named = dict(kwargs or {})
    wanted = tuple(variations)
    wrong = [v for v in wanted if v not in SORTS]
    if wrong:
        raise ArgumentError(f"variations are {', '.join(SORTS)}, not {wrong[0]!r}")
    if order not in (1, 2):
        raise ArgumentError(f"check_rule checks order 1 and 2, not {order!r}")
    options = Options(rtol, atol, seed, allow_kinks)
    rules = [r for r in rules_of(function, args, named) if r.operands]
    if not rules:
        raise ArgumentError(f"no argument of {callable_name(function)} that a rule covers is differentiable here")
    found = _Found([], [])
    points = [check_call(function, rule, args, named, options) for rule in rules]
    found.checked.append("the call")
    for reverse, one in zip(rules, points, strict=True):
        for forward, two in zip(rules, points, strict=True):
            if not reverse.forward and forward.forward:
                check_duality(reverse, forward, one, two)
                found.checked.append("⟨Jᵀw, v⟩ = ⟨w, Jv⟩")
    for rule, point in zip(rules, points, strict=True):
        _check_library(function, rule, point, found)
    for rule in rules:
        _check_variants(function, rule, args, named, options, wanted, points[0].problem.labels, found)
    if order == 2:
        _check_second(function, rules, points, found)
    names = tuple(str(r).rstrip(",") for r in rules)
    return RuleReport(callable_name(function), names, tuple(dict.fromkeys(found.checked)), tuple(found.skipped))


@dataclass(slots=True)
class _Found:
    checked: list[str]
    skipped: list[str]


def check_call(function: Any, rule: RuleCall, args: Args, kwargs: Kwargs, options: Options) -> Point:
    """One rule at one call; the point, for more checks."""
    point = Point.of(function, rule, args, kwargs, options)
    (check_forward if rule.forward else check_reverse)(rule, point, not is_surrogate(rule))
    return point


def _check_variants(
    function: Any, rule: RuleCall, args: Args, kwargs: Kwargs, options: Options, wanted: tuple[str, ...],
    labels: tuple[str, ...], found: _Found,
) -> None:  # fmt: skip
    for _, words, changed, named in variants(args, kwargs, labels, wanted):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # (such as of the mean of nothing)
            try:
                point = Point.of(function, rule, changed, named, options)
            except Exception as error:
                found.skipped.append(f"{words}: {type(error).__name__} in the plain function")
                continue
        try:
            (check_forward if rule.forward else check_reverse)(rule, point, not is_surrogate(rule))
        except WrongRuleError as error:
            if isinstance(error.__cause__, (PullbackError, NotImplementedError)):
                found.skipped.append(f"{words}: refused by the rule")
                continue
            raise WrongRuleError(f"{error}\n  when called with {words}") from error
        except AssertionError as error:  # a kink
            found.skipped.append(f"{words}: {error}")
            continue
        found.checked.append(words)


def used_twice(function: Any, args: Args, kwargs: Kwargs) -> tuple[Any, Any]:
    """A program that calls a function twice."""
    return function(*args, **kwargs), function(*args, **kwargs)


def _check_library(function: Any, rule: RuleCall, point: Point, found: _Found) -> None:
    """What the library makes of the rule: found where the function is called, and summed over its calls."""
    if rule.forward or not callable(function) or not all(isinstance(o, int) for o in rule.operands):
        return
    problem, value = point.problem, point.problem.value
    random = np.random.default_rng(problem.options.seed + 4)
    size, rebuild = flatten(value)[0].size, flatten(value)[1]
    u, v = random.standard_normal(size), random.standard_normal(size)
    pull = run(rule, point, *point.fresh())[1]
    parts = [as_reals(tangent_leaves(pull(rebuild(w)), problem.chosen)) for w in (u, v)]
    wrt = rule.operands if len(rule.operands) > 1 else rule.operands[0]
    args, kwargs = point.fresh()
    try:
        tangents = value_with_pullback(function, wrt=wrt)(*args, **kwargs)[1](rebuild(u))
        once = as_reals(tangent_leaves(tangents if len(rule.operands) > 1 else (tangents,), problem.chosen))
        if not _near(once, parts[0], problem):
            fail(rule, "is not what the library finds for this call: another rule covers it, or none")
        args, kwargs = point.fresh()
        both = pullback(used_twice, wrt="args")(function, args, kwargs)((rebuild(u), rebuild(v)))
    except PullbackError as error:
        found.skipped.append(f"through the library: {str(error).strip().splitlines()[0]}")
        return
    twice = as_reals(tangent_leaves(tuple(both[p] for p in problem.positions), problem.chosen))
    if not _near(twice, parts[0] + parts[1], problem):
        fail(rule, "gives a wrong sum where its function is called twice: its calls share memory or state")
    found.checked.append("through the library")


def _near(a: Tangent, b: Tangent, problem: Problem) -> bool:
    scale = float(max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0)))
    return bool(np.all(np.abs(a - b) <= rounding(problem) * scale))


def _check_second(function: Any, rules: list[RuleCall], points: list[Point], found: _Found) -> None:
    plain = plain_function(function)
    for rule, point in zip(rules, points, strict=True):
        if rule.forward or is_surrogate(rule):
            continue
        problem = point.problem
        vector, rebuild = flatten(problem.value)
        cotangent = rebuild(np.random.default_rng(problem.options.seed).standard_normal(vector.size))
        wrt: Any = rule.operands if len(rule.operands) > 1 else rule.operands[0]

        def once(*operands: Any, wrt: Any = wrt, point: Point = point, cotangent: Any = cotangent) -> Any:
            named = dict(zip(point.kwargs, operands[len(point.args) :], strict=True))
            return pullback(plain, wrt=wrt)(*operands[: len(point.args)], **named)(cotangent)

        again = Problem.of(once, problem.args, problem.positions, problem.options, problem.labels)
        inner = flatten(again.value)
        try:
            back = value_with_pullback(once, wrt=again.wrt)(*again.args)[1]
            rows = []
            for vector_ in np.random.default_rng(1).standard_normal((3, inner[0].size)):
                tangents = back(inner[1](vector_))
                given = tangents if len(again.positions) > 1 else (tangents,)
                rows.append((vector_, as_reals(tangent_leaves(given, again.chosen))))
        except PullbackError as error:
            fail(rule, f"cannot itself be differentiated, so order=2 is not checked: {error}")
        _compare_second(rule, again, rows)
        found.checked.append("order 2")


def _compare_second(rule: RuleCall, again: Problem, rows: list[tuple[Any, Any]]) -> None:
    sign_in, sign_out = signs(again.chosen), signs(again.value)
    try:
        compare(
            again, "reverse", [(None, sign_out * w) for w, _ in rows],
            lambda row, slope: paired(sign_in * rows[row][1], slope.along),
        )  # fmt: skip
    except AssertionError as error:
        if "is wrong: " not in str(error):
            raise
        fail(rule, f"has a wrong second derivative: {str(error).partition('is wrong: ')[2]}")


__all__ = ["RuleReport", "check_call", "check_rule", "is_surrogate", "surrogate"]
