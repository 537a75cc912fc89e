"""Derivatives checked against finite differences of the plain function: `check_derivative`; rules: `check_rule`.

check_derivative(f, 0.5, np.ones(3))   ->  None, or AssertionError:
    the derivative of f (reverse mode) is wrong: d result / d args[1][2]: analytic -1.0, numeric 1.0

check_rule(f, 0.5, np.ones(3))         ->  a RuleReport, or AssertionError:
    model.py:12: `f_vjp`, the rule of f, is wrong: d result / d x: analytic -1.0, numeric 1.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pullback.comparing import Options, Problem, Wrt, check_space, compare, cotangents, paired
from pullback.differences import Slope, copied, same_bits, signs
from pullback.errors import ArgumentError, DifferentiabilityError, PullbackError
from pullback.rule_testing import RuleReport, check_rule, surrogate
from pullback.spaces import zero_tangent
from pullback.tangents import Tangent
from pullback.trees import Vector, as_reals, flatten, tangent_leaves

__all__ = ["RuleReport", "check_derivative", "check_rule", "surrogate"]


def check_derivative(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
    modes: Iterable[str] = ("reverse", "forward"),
    wrt: Wrt = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    allow_kinks: bool = False,
) -> None:
    """Check the derivative of `f` at `args` against finite differences; AssertionError shows the worst entry.

    Checked, in each mode: the value is the plain function's in every bit; the arguments are left as
    the plain function leaves them; tangents have the structure, shapes and dtypes of their primals;
    the same call gives the same answer twice; the numbers agree with central differences at one of
    several step sizes, for every entry of small inputs (a sample of large ones) and along random
    directions. `order=2` checks also the derivative of the derivative.

    A point where one-sided differences disagree is refused; with `allow_kinks` any slope between
    the two is right there. `rtol` and `atol` replace what suits the precision of the arguments.

    Not seen: errors below the tolerance (1e-5 in float64, 5e-3 in float32, 5e-2 in float16), and
    slopes below a billionth of the function's size; branches not taken at these arguments; numbers
    beyond the sample in large arrays, if they cancel along random directions; what a pullback does to
    memory; derivatives of longdouble values beyond double precision; fields inside types that bring
    their own tangent space; functions that change state outside their arguments.

    >>> check_derivative(lambda x: x * x, 3.0)  # doctest: +SKIP
    """
    chosen_modes = tuple(modes)
    unknown = [m for m in chosen_modes if m not in ("reverse", "forward")]
    if unknown or not chosen_modes:
        raise ArgumentError(f"modes are 'reverse' and 'forward', not {unknown[0] if unknown else 'none'!r}")
    if order not in (1, 2):
        raise ArgumentError(f"check_derivative checks order 1 and 2, not {order!r}")
    problem = Problem.of(f, args, wrt, Options(rtol, atol, seed, allow_kinks))
    _check(problem, chosen_modes)
    if order == 2:
        _check_second(problem, chosen_modes)


def _check(problem: Problem, modes: tuple[str, ...]) -> None:
    if "reverse" in modes:
        _check_reverse(problem)
    if "forward" in modes:
        _check_forward(problem)


def _check_reverse(problem: Problem) -> None:
    from pullback.operators import value_with_pullback

    given = copied(problem.args)
    value, pull = value_with_pullback(problem.f, wrt=problem.wrt)(*given)
    _check_call(problem, value, given, "value_with_pullback")
    rebuild = flatten(problem.value)[1]
    rows = []
    for index, cotangent in cotangents(problem):
        first = pull(rebuild(cotangent))
        tangents = _each(problem, first, "the pullback")
        for position, t in zip(problem.positions, tangents, strict=True):
            check_space(t, zero_tangent(problem.args[position]), f"args[{position}]")
        if not same_bits(first, pull(rebuild(cotangent))):
            raise AssertionError(f"the pullback of {problem.name} gave another answer when called again")
        rows.append((index, cotangent, as_reals(tangent_leaves(tangents, problem.chosen))))
    if not same_bits(given, problem.after):
        raise AssertionError(f"the pullback of {problem.name} changed the arguments")
    sign_in, sign_out = signs(problem.chosen), signs(problem.value)

    def analytic(row: int, slope: Slope) -> float:
        return paired(sign_in * rows[row][2], slope.along)

    compare(problem, "reverse", [(i, sign_out * c) for i, c, _ in rows], analytic)


def _check_forward(problem: Problem) -> None:
    from pullback.forward_verbs import value_with_differential

    given = copied(problem.args)
    value, differential = value_with_differential(problem.f, wrt=problem.wrt)(*given)
    _check_call(problem, value, given, "value_with_differential")
    rebuild = flatten(problem.chosen)[1]
    known: dict[bytes, Vector] = {}

    def push(along: Vector) -> Vector:
        key = along.tobytes()
        if key not in known:
            t, again = differential(*rebuild(along)), differential(*rebuild(along))
            check_space(t, zero_tangent(problem.value), "result")
            if not same_bits(t, again):
                raise AssertionError(f"the differential of {problem.name} gave another answer when called again")
            known[key] = as_reals(tangent_leaves(t, problem.value))
        return known[key]

    sign_out = signs(problem.value)
    rows = [(i, sign_out * c) for i, c in cotangents(problem)]
    compare(problem, "forward", rows, lambda row, slope: float(np.sum(rows[row][1] * push(slope.along))))
    if not same_bits(given, problem.after):
        raise AssertionError(f"the differential of {problem.name} changed the arguments")


def _check_second(problem: Problem, modes: tuple[str, ...]) -> None:
    from pullback import operators

    f, wrt, value, options = problem.f, problem.wrt, problem.value, problem.options
    vector, rebuild = flatten(value)
    if isinstance(value, (float, np.floating, np.ndarray)) and np.ndim(value) == 0 and vector.size == 1:
        once = operators.gradient(f, wrt=wrt)
    else:
        cotangent = rebuild(np.random.default_rng(options.seed).standard_normal(vector.size))

        def once(*args: Any) -> Any:
            return operators.pullback(f, wrt=wrt)(*args)(cotangent)

    again = Problem.of(once, problem.args, problem.positions, options)
    try:
        _check(again, modes)
    except AssertionError as error:
        raise AssertionError(f"second order, the derivative of the derivative of {problem.name}: {error}") from error
    except PullbackError as error:
        raise DifferentiabilityError(
            f"the derivative of {problem.name} cannot itself be differentiated, so order=2 is not checked: {error}"
        ) from error


def _check_call(problem: Problem, value: Any, given: tuple[Any, ...], verb: str) -> None:
    from pullback.forward_verbs import same_but_for_rounding

    # (a derivative may be summed in another order where it is itself differentiated)
    derived = hasattr(problem.f, "_pullback_verb")
    if not same_bits(value, problem.value) and not (derived and same_but_for_rounding(value, problem.value)):
        raise AssertionError(
            f"{verb} of {problem.name} gave the value {value!r}; the plain function gives {problem.value!r}"
        )
    if not same_bits(given, problem.after):
        raise AssertionError(
            f"{verb} of {problem.name} left the arguments as {given!r}; the plain function as {problem.after!r}"
        )


def _each(problem: Problem, returned: Any, what: str) -> tuple[Tangent, ...]:
    if len(problem.positions) == 1:
        return (returned,)
    if not isinstance(returned, tuple) or len(returned) != len(problem.positions):
        raise AssertionError(
            f"{what} of {problem.name} must return {len(problem.positions)} tangents in a tuple, not {returned!r}"
        )
    return returned
