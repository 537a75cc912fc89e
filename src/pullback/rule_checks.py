"""What a rule must do at one call of its function, each thing by name; the numbers against finite differences.

    check_reverse(rule, point)   ->  None, or WrongRuleError:
    model.py:12: `wave_vjp`, the rule of wave, changes the cotangent that it is given

A point is a call of the plain function with its differences taken (`comparing.Problem`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from pullback.comparing import Options, Problem, compare, cotangents, paired
from pullback.differences import Slope, copied, same_bits, signs
from pullback.errors import CotangentError, PullbackError, RuleError, WrongRuleError
from pullback.rule_calls import Args, Kwargs, Map, RuleCall, operand_names, plain_function
from pullback.rules import callable_name
from pullback.spaces import describe, project
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector
from pullback.trees import Vector, as_reals, flatten, leaves, tangent_leaves


@dataclass(frozen=True, slots=True)
class Point:
    """A call of a function, its plain answer, and the operands that a rule covers."""

    problem: Problem
    args: Args
    kwargs: Kwargs
    shared: tuple[bool, ...]  # for each operand, whether the plain result shares memory with it

    @classmethod
    def of(cls, function: Any, rule: RuleCall, args: Args, kwargs: Kwargs, options: Options) -> Point:
        """The plain call, with differences along the operands of `rule`."""
        plain, count, keywords = plain_function(function), len(args), list(kwargs)

        def called(*operands: Any) -> Any:
            return plain(*operands[:count], **dict(zip(keywords, operands[count:], strict=True)))

        called.__qualname__ = callable_name(function)
        operands = (*args, *kwargs.values())
        positions = tuple(o if isinstance(o, int) else count + keywords.index(o) for o in rule.operands)
        labels = operand_names(function, rule, args, kwargs)
        problem = Problem.of(called, operands, positions, options, labels)
        own = copied(operands)
        return cls(problem, args, kwargs, sharing(called(*own), own))

    def fresh(self) -> tuple[Args, Kwargs]:
        """Copies of the arguments, which share with each other what the arguments share."""
        given: tuple[Args, Kwargs] = copied((self.args, self.kwargs))
        return given

    def tangents(self, v: Vector) -> tuple[Tangent, ...]:
        """A vector as tangents of the rule's operands."""
        rebuilt: tuple[Tangent, ...] = flatten(self.problem.chosen)[1](v)
        return rebuilt

    @property
    def labels(self) -> list[str]:
        """What the rule's operands are called."""
        return [self.problem.labels[p] for p in self.problem.positions]


def rounding(problem: Problem) -> float:
    """How far apart, relatively, two ways to compute the same may come out."""
    return float(16.0 * problem.precision.epsilon ** (2 / 3))


def fail(rule: RuleCall, what: str) -> NoReturn:
    """Say what a rule does wrong, and where it stands."""
    raise WrongRuleError(f"{rule} {what}")


def sharing(value: Any, operands: tuple[Any, ...]) -> tuple[bool, ...]:
    """For each operand, whether a result is it, or has an array with memory of it."""
    arrays = [a for a in leaves(value) if isinstance(a, np.ndarray)]
    return tuple(
        (value is x and isinstance(x, (np.ndarray, list, dict)))
        or any(np.may_share_memory(a, b) for a in arrays for b in leaves(x) if isinstance(b, np.ndarray))
        for x in operands
    )


def run(rule: RuleCall, point: Point, args: Args, kwargs: Kwargs) -> tuple[Any, Map]:
    """The rule's value and map, the value being the plain function's in every respect."""
    try:
        value, mapping = rule.call(args, kwargs)
    except Exception as error:
        raise WrongRuleError(f"{rule} raises {type(error).__name__}: {error}") from error
    problem = point.problem
    if not same_bits(value, problem.value):
        fail(rule, f"gives the value {value!r}; the function gives {problem.value!r}")
    operands = (*args, *kwargs.values())
    if not same_bits(operands, problem.after):
        fail(rule, f"leaves the arguments as {operands!r}; the function leaves them as {problem.after!r}")
    for name, ours, its in zip(problem.labels, sharing(value, operands), point.shared, strict=True):
        if ours != its:
            is_view, other = ("memory of its own", "shares") if its else (f"memory of `{name}`", "does not share")
            fail(rule, f"gives a value with {is_view}; the function's result {other} memory with `{name}`")
    return value, mapping


def check_reverse(rule: RuleCall, point: Point, numbers: bool = True) -> None:
    """Everything that a rule's pullback promises."""
    args, kwargs = point.fresh()
    _, pull = run(rule, point, args, kwargs)
    rebuild = flatten(point.problem.value)[1]
    rows = []
    for index, vector in cotangents(point.problem):
        rows.append((index, vector, _pulled(rule, point, pull, rebuild, vector)))
        if not same_bits((*args, *kwargs.values()), point.problem.after):
            fail(rule, "changes the arguments in its pullback")
    for _, vector, _ in (rows[0], rows[-1]):
        _check_memory(rule, point, pull, rebuild(vector), (*args, *kwargs.values()))
    _check_state(rule, point, pull, rebuild, rows[-1][1])
    _check_linear(rule, point, lambda v: _reals(rule, point, pull(rebuild(v))), rows[-1][1].size, "pullback", rows)
    if not numbers:
        return
    sign_in, sign_out = signs(point.problem.chosen), signs(point.problem.value)

    def analytic(row: int, slope: Slope) -> float:
        return paired(sign_in * rows[row][2], slope.along)

    _compare(rule, point.problem, "reverse", [(i, sign_out * c) for i, c, _ in rows], analytic)


def _compare(rule: RuleCall, problem: Problem, mode: str, rows: Any, analytic: Callable[..., float]) -> None:
    try:
        compare(problem, mode, rows, analytic)
    except AssertionError as error:
        if "is wrong: " not in str(error):  # a kink: not the rule's fault
            raise
        fail(rule, f"is wrong: {str(error).partition('is wrong: ')[2]}")


def _pulled(rule: RuleCall, point: Point, pull: Map, rebuild: Callable[[Vector], Any], vector: Vector) -> Vector:
    """The tangents for a cotangent: in their spaces, the same twice, the cotangent left alone."""
    cotangent = rebuild(vector)
    before = copied(cotangent)
    first = _called(rule, pull, cotangent)
    if not same_bits(cotangent, before):
        fail(rule, f"changes the cotangent that its pullback is given, from {before!r} to {cotangent!r}")
    for name, t, x in zip(point.labels, first, point.problem.chosen, strict=True):
        check_tangent(rule, t, x, name)
    kept = copied(first)
    if not same_bits(_called(rule, pull, rebuild(vector)), kept):
        fail(rule, "gives another answer when its pullback is called again with the same cotangent")
    _called(rule, pull, rebuild(2.0 * vector + 0.5))
    if not same_bits(first, kept):
        fail(rule, "returns tangents in memory that the next call of its pullback writes to: return new arrays")
    return _reals(rule, point, first)


def _called(rule: RuleCall, mapping: Map, *given: Any) -> tuple[Tangent, ...]:
    what = "differential" if rule.forward else "pullback"
    try:
        return mapping(*given)
    except (CotangentError, RuleError) as error:
        fail(rule, f"has a {what} of the wrong form: {error}")
    except Exception as error:
        raise WrongRuleError(f"{rule} raises {type(error).__name__} in its {what}: {error}") from error


def _reals(rule: RuleCall, point: Point, tangents: tuple[Tangent, ...]) -> Vector:
    return as_reals(tangent_leaves(tangents, point.problem.chosen))


def check_tangent(rule: RuleCall, t: Tangent, x: Any, name: str) -> None:
    """Whether a tangent is in the space of its primal by itself, with nothing to be summed or converted."""
    if t is ZERO or t is NO_TANGENT:
        return
    if t is None:
        fail(rule, f"returns None for the tangent of `{name}`; return a tangent (a zero is pb.ZERO)")
    try:
        project(t, x, f"the tangent of `{name}`")
    except PullbackError as error:
        fail(rule, f"returns a tangent that is not in its space: {error}")
    if isinstance(x, np.ndarray) and not (np.shape(t) == x.shape and getattr(t, "dtype", None) == x.dtype):
        fail(rule, f"returns {describe(t)} for `{name}`, which is {describe(x)}")
    if isinstance(x, (float, np.floating)) and np.any(np.imag(t)):
        fail(rule, f"returns the complex tangent {t!r} for `{name}`, which is real: return its real part")
    if isinstance(x, (tuple, list)) and isinstance(t, (tuple, list)):
        for k, (part, value) in enumerate(zip(t, x, strict=True)):
            if leaves(value):
                check_tangent(rule, part, value, f"{name}[{k}]")
    elif isinstance(x, dict):
        for key, part in t.items():
            check_tangent(rule, part, x[key], f"{name}[{key!r}]") if leaves(x[key]) else None
    elif isinstance(t, TangentVector):
        for field, part in vars(t).items():
            if leaves(getattr(x, field, None)):
                check_tangent(rule, part, getattr(x, field), f"{name}.{field}")


def _check_memory(rule: RuleCall, point: Point, pull: Map, cotangent: Any, operands: tuple[Any, ...]) -> None:
    """Whoever owns the tangents may write to them: neither the arguments nor the next answer may change."""
    expected = copied(_called(rule, pull, copied(cotangent)))
    returned = _called(rule, pull, copied(cotangent))
    for t, x in zip(returned, point.problem.chosen, strict=True):
        for array in leaves(t) if not isinstance(t, TangentVector) else tangent_leaves(t, x):
            if isinstance(array, np.ndarray) and array.flags.writeable:
                array.fill(7.25)
    if not same_bits(operands, point.problem.after):
        fail(rule, "returns tangents that share memory with the arguments: who changes the tangent changes those")
    if not same_bits(_called(rule, pull, copied(cotangent)), expected):
        fail(rule, "returns tangents that share memory with what its pullback keeps: a later answer would be another")


def _check_state(rule: RuleCall, point: Point, pull: Map, rebuild: Callable[[Vector], Any], vector: Vector) -> None:
    """A pullback belongs to its own call: another call of the rule does not change its answer."""
    expected = copied(_called(rule, pull, rebuild(vector)))
    at, moved = flatten(point.problem.chosen)
    args, kwargs = point.fresh()
    values: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
    values.update(zip(rule.operands, moved(at * 0.875 + 0.0625), strict=True))
    try:
        with np.errstate(all="ignore"):
            rule.call(tuple(values[k] for k in range(len(args))), {k: values[k] for k in kwargs})
    except Exception:  # outside the domain: nothing is learnt
        return
    if not same_bits(_called(rule, pull, rebuild(vector)), expected):
        fail(rule, "has a pullback that depends on state: after another call of the rule it answers differently")
    again = run(rule, point, *point.fresh())[1]
    if not same_bits(_called(rule, again, rebuild(vector)), expected):
        fail(rule, "depends on state: called again with the same arguments, its pullback answers differently")


def _check_linear(
    rule: RuleCall, point: Point, mapping: Callable[[Vector], Vector], size: int, what: str, rows: Any = ()
) -> None:
    """f(0) = 0 and f(a u + b v) = a f(u) + b f(v)."""
    zero = mapping(np.zeros(size))
    if np.any(zero):
        fail(rule, f"has a {what} that does not give zero for zero, but {float(zero[np.argmax(np.abs(zero))])!r}")
    random = np.random.default_rng(point.problem.options.seed + 2)
    u, v = random.standard_normal(size), random.standard_normal(size)
    parts = 0.75 * mapping(u), -1.25 * mapping(v)
    off = np.abs(mapping(0.75 * u - 1.25 * v) - (parts[0] + parts[1]))
    scale = float(max(np.max(np.abs(p), initial=0.0) for p in parts))
    if np.any(off > rounding(point.problem) * scale):
        fail(rule, f"has a {what} that is not linear: for a sum it gives {float(np.max(off))!r} more or less than for "
             "the terms")  # fmt: skip


def check_forward(rule: RuleCall, point: Point, numbers: bool = True) -> None:
    """Everything that a rule's differential promises."""
    problem = point.problem
    args, kwargs = point.fresh()
    _, push = run(rule, point, args, kwargs)
    known: dict[bytes, Vector] = {}

    def pushed(along: Vector) -> Vector:
        key = along.tobytes()
        if key not in known:
            given = point.tangents(along)
            before = copied(given)
            (t,) = _called(rule, push, *given)
            if not same_bits(given, before):
                fail(rule, "changes the tangents that its differential is given")
            check_tangent(rule, t, problem.value, "the result")
            kept = copied(t)
            if not same_bits(_called(rule, push, *point.tangents(along))[0], kept):
                fail(rule, "gives another answer when its differential is called again with the same tangents")
            known[key] = as_reals(tangent_leaves(t, problem.value))
        return known[key]

    _check_linear(rule, point, pushed, flatten(problem.chosen)[0].size, "differential")
    if not same_bits((*args, *kwargs.values()), problem.after):
        fail(rule, "changes the arguments in its differential")
    if numbers:
        sign_out = signs(problem.value)
        rows = [(i, sign_out * c) for i, c in cotangents(problem)]
        _compare(rule, problem, "forward", rows, lambda row, s: float(np.sum(rows[row][1] * pushed(s.along))))


def check_duality(reverse: RuleCall, forward: RuleCall, point: Point, other: Point) -> None:
    """⟨Jᵀw, v⟩ = ⟨w, Jv⟩, for the operands that both rules cover."""
    random = np.random.default_rng(point.problem.options.seed + 3)
    pull = run(reverse, point, *point.fresh())[1]
    push = run(forward, other, *other.fresh())[1]
    value = point.problem.value
    out, rebuild = flatten(value)
    w = random.standard_normal(out.size)
    backward = dict(zip(reverse.operands, _called(reverse, pull, rebuild(w)), strict=True))
    along = dict(zip(forward.operands, other.tangents(random.standard_normal(flatten(other.problem.chosen)[0].size)),
                     strict=True))  # fmt: skip
    common = [o for o in forward.operands if o in backward]
    given = [t if o in common else project(ZERO, x) for (o, t), x in zip(along.items(), other.problem.chosen,
                                                                         strict=True)]  # fmt: skip
    pushed = as_reals(tangent_leaves(_called(forward, push, *given)[0], value))
    values = dict(zip(reverse.operands, point.problem.chosen, strict=True))
    one, scale = 0.0, 1e-300
    for o in common:
        x = values[o]
        terms = signs(x) * as_reals(tangent_leaves(backward[o], x)) * as_reals(tangent_leaves(along[o], x))
        one, scale = one + float(np.sum(terms)), scale + float(np.sum(np.abs(terms)))
    terms = signs(value) * w * pushed
    two, scale = float(np.sum(terms)), scale + float(np.sum(np.abs(terms)))
    if not abs(one - two) <= rounding(point.problem) * scale:
        fail(reverse, f"and {forward} are not transposes of each other: ⟨Jᵀw, v⟩ = {one!r}, ⟨w, Jv⟩ = {two!r}")
