"""A rule for operands in another form: a list in an array's place, single precision among double.

The cotangent of a list is a list, that of an array of single precision has single precision, and its numbers are
those that the array in the case has, which `differences.py` compares with differences.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from differences import assert_in_space, callable_rule, random_like

from forward import assert_tangent, differential, direction, plain, value_of
from pullback.applying import apply_rule, parameter_of
from pullback.errors import DifferentiabilityError, RuleError
from pullback.tangents import NO_TANGENT, ZERO
from pullback.trees import as_reals, flatten, tangent_leaves

Call = tuple[tuple[Any, ...], dict[str, Any]]
SINGLE = {np.dtype(np.float64): np.float32, np.dtype(np.complex128): np.complex64}


def variants(args: tuple[Any, ...], kwargs: dict[str, Any], wrt: tuple[Any, ...]) -> Iterator[tuple[str, Call]]:
    """The call with one operand, an array of double precision, in another form."""
    for operand in wrt:
        x = value_of(args, kwargs, operand)
        if type(x) is np.ndarray and x.dtype in SINGLE and x.size and not np.isnan(x).any():
            for kind, other in (("list", x.tolist()), ("single", x.astype(SINGLE[x.dtype]))):
                if isinstance(operand, str):
                    yield f"{kind} {operand}", (args, {**kwargs, operand: other})
                else:
                    yield f"{kind} {operand}", ((*args[:operand], other, *args[operand + 1 :]), kwargs)


def check_other_forms(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: tuple[Any, ...]) -> None:
    """The derivatives of a call's variants, backward and forward, in their operands' form, of the same numbers."""
    elementwise = callable_rule(function).elementwise  # (of those, lists are made arrays before the rule sees them)
    for title, (other_args, other_kwargs) in variants(args, kwargs, wrt):
        if elementwise and title.startswith("list"):
            continue
        try:
            check_variant(function, (args, kwargs), (other_args, other_kwargs), wrt)
        except AssertionError as error:
            raise AssertionError(f"{title}: {error}") from error


def selected(cases: Iterable[Any]) -> list[Any]:
    """The cases that are the first with one of their operands, of its kind of number, as an array."""
    found, seen = [], set()
    for case in cases:
        function, args, kwargs, wrt = case
        if str(getattr(function, "__module__", "")).startswith("pullback."):
            continue
        rule = callable_rule(function)
        shown = [(operand, value_of(args, kwargs, operand)) for operand in wrt]
        kinds = {(id(rule.templates), parameter_of(rule, o), x.dtype) for o, x in shown if type(x) is np.ndarray}
        if not kinds <= seen:
            seen |= kinds
            found.append(case)
    return found


def check_variant(function: Any, call: Call, other: Call, wrt: tuple[Any, ...]) -> None:
    """One variant of a call."""
    rule = callable_rule(function)
    usual = plain(function)(*call[0], **call[1])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            y = plain(function)(*other[0], **other[1])
            if y is NotImplemented or flatten(y)[0].size != flatten(usual)[0].size:
                return
        except Exception:  # the function does not take it
            return
        try:
            _, residual = apply_rule(rule, *call, wrt)
            value, other_residual = apply_rule(rule, *other, wrt)
        except (DifferentiabilityError, RuleError):  # refused, in words
            return
        g = random_like(value)
        try:
            tangents = other_residual[0](other_residual, g)
            expected = residual[0](residual, g)
        except (DifferentiabilityError, RuleError):
            return
    for operand, tangent, wanted in zip(wrt, tangents, expected, strict=True):
        x, plain_x = value_of(*other, operand), value_of(*call, operand)
        assert_in_space(tangent, x)
        assert_close(numbers(tangent, x), numbers(wanted, plain_x))
    dots = tuple(direction(value_of(*call, operand), k) for k, operand in enumerate(wrt))
    other_dots = tuple(direction(value_of(*other, operand), k) for k, operand in enumerate(wrt))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        y_dot = differential(rule, *call, wrt, dots)
        other_dot = differential(rule, *other, wrt, other_dots)
    if getattr(function, "__module__", "").startswith("numpy"):
        assert_tangent(other_dot, y)
    assert_close(numbers(other_dot, y), numbers(y_dot, usual))


def numbers(t: Any, x: Any) -> Any:
    """A tangent's numbers as one vector of doubles."""
    if t is ZERO or t is NO_TANGENT:
        return np.zeros(flatten(x)[0].size)
    return np.asarray(as_reals(tangent_leaves(t, x)), np.float64)


def assert_close(found: Any, wanted: Any) -> None:
    assert found.shape == wanted.shape, f"{found.shape} for {wanted.shape}"
    known = np.isfinite(wanted) & np.isfinite(found)
    scale = max(1.0, float(np.max(np.abs(wanted[known]), initial=0.0)))
    worst = float(np.max(np.abs(found - wanted)[known], initial=0.0))
    assert worst <= 2e-2 * scale, f"the numbers differ by {worst}"
