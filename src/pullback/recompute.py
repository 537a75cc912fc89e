"""Recomputation: a pullback that keeps only the arguments, and runs the function again.

    y = recomputed(f)(x)                            f's activations are not kept
    y = with_recomputation_in_pullbacks(x, f)       the same, as a function of x

After Griewank and Walther, "Algorithm 799: revolve" (2000): the simplest of their schedules. Random
numbers are replayed; a value that comes out different the second time is an error.
"""

from __future__ import annotations

import functools
import random
import types
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

from pullback.analysing import function_changes
from pullback.applying import Residual
from pullback.calls import bind_parameters
from pullback.differential_calls import call_differential
from pullback.dispatch import call
from pullback.effects import is_pure
from pullback.errors import ChangedValueError, DifferentiabilityError
from pullback.fingerprints import fingerprint, held_now
from pullback.kinds import kind_of
from pullback.lending import lent, settled
from pullback.mirrors import snapshot
from pullback.rules import Active, callable_name, forward_intrinsic, intrinsic, rule
from pullback.shared_calls import LENT
from pullback.tangent_parts import part
from pullback.tangents import Tangent


class Recomputed:
    """A function whose pullback runs it again."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        if hasattr(function, "__name__"):
            functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's own result."""
        return self.function(*args, **kwargs)

    def __get__(self, obj: Any, cls: Any = None) -> Any:
        """As a method, it is given its object."""
        return self if obj is None else types.MethodType(self, obj)

    def __repr__(self) -> str:
        return f"<recomputed {callable_name(self.function)}>"


def recomputed(f: Callable[..., Any]) -> Recomputed:
    """The same function, whose pullback keeps only its arguments and runs it again. Also a decorator.

    >>> import pullback as pb
    >>> pb.gradient(lambda x: pb.recomputed(lambda t: t * t)(x) * 3.0)(2.0)
    12.0
    """
    return Recomputed(f)


def with_recomputation_in_pullbacks(x: Any, f: Callable[..., Any]) -> Any:
    """`f(x)`, recomputed in the pullback.

    >>> import pullback as pb
    >>> pb.gradient(lambda x: pb.with_recomputation_in_pullbacks(x, lambda t: t * t))(3.0)
    6.0
    """
    return recomputed(f)(x)


@intrinsic(recomputed)
def _recomputed_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """A function that captures active values has their tangent, recomputed or not."""
    return Recomputed(*args, **kwargs), (_same_tangent,)


def _same_tangent(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return (g,)


@forward_intrinsic(recomputed)
def _recomputed_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return recomputed(*args, **kwargs), dots[0] if len(args) > 0 else part(kwdots, "f")


@forward_intrinsic(Recomputed.__call__)
def _run_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """Forward mode keeps nothing: there is nothing to recompute."""
    return call_differential(function_of(args[0]), dots[0], args[1:], dots[1:], kwargs, kwdots)


def function_of(wrapped: Recomputed) -> Any:
    """The function inside."""
    return wrapped.function


rule(function_of, "wrapped", wrapped="g", wrapped_dot="wrapped_dot", _returns="unknown")


@intrinsic(Recomputed.__call__)
def _run_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    function, rest = args[0].function, args[1:]
    inner: Active = tuple(a - 1 if isinstance(a, int) else a for a in active)
    generators = generators_of(function, rest, kwargs)
    states = states_of(generators)
    before = _held(function, rest, kwargs)
    value = function(*rest, **kwargs)
    if before is not None and before != _held(function, rest, kwargs):
        raise DifferentiabilityError(
            f"{callable_name(function)} changes in place what it is given or captures, and so cannot be run again; let "
            "it return the new value, or do not recompute it",
            id="mutation",
        )
    return value, (_run_again, function, rest, kwargs, inner, generators, states, fingerprint(value))


def _run_lent(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """The same in functions that change values: it is run again on copies of what it was given."""
    rest, named = snapshot((args[1:], kwargs))
    value, (run, function, _, _, *others) = _run_vjp(args, kwargs, active)
    return value, (lent, settled((run, function, rest, named, *others)), value, len(active))


LENT[_run_vjp] = _run_lent


def _held(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A fingerprint of what a call may change; None where it changes nothing."""
    values = (*args, *kwargs.values())
    bound = None
    if isinstance(function, types.FunctionType):
        bound = bind_parameters(function.__code__, len(args), tuple(kwargs))
    if bound is not None:
        if not function_changes(function, {p: kind_of(x) for p, x in zip(bound, values, strict=True)}):
            return None
    elif is_pure(function):
        return None
    return held_now((function, *values))


def _run_again(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, function, args, kwargs, active, generators, states, before = residual
    with replayed(generators, states):
        value, inner = call(function, args, active, kwargs or None)
    if fingerprint(value) != before:
        raise ChangedValueError(
            f"{callable_name(function)} gave another value when it was run again in the pullback; something it reads "
            "has changed since the forward sweep; pass it as an argument, or do not recompute this function"
        )
    return inner[0](inner, g)  # type: ignore[no-any-return]


def generators_of(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The random generators that a call may draw from, besides the global ones."""
    found: list[Any] = []
    code = getattr(function, "__code__", None)
    reachable = [*args, *kwargs.values(), getattr(function, "__self__", None), function]
    if code is not None:
        reachable += [function.__globals__.get(n) for n in code.co_names]
    seen: set[int] = set()
    for x in reachable:  # grows while it is walked
        if id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, (tuple, list)):
            reachable += x
        elif isinstance(x, dict):
            reachable += x.values()
        elif isinstance(x, types.FunctionType):
            reachable += _captured(x)
        elif not isinstance(x, (type, types.ModuleType)) and len(seen) < 10_000:
            reachable += getattr(x, "__dict__", {}).values()
    for x in reachable:
        generator = isinstance(x, (np.random.Generator, np.random.RandomState, random.Random))
        if generator and not any(x is y for y in found):
            found.append(x)
    return found


def _captured(function: types.FunctionType) -> list[Any]:
    """What a function's closure holds."""
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            continue
    return found


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)


def states_of(generators: list[Any]) -> list[Any]:
    """The states of the global random generators, and of these."""
    return [random.getstate(), np.random.get_state(), *map(_state, generators)]


@contextmanager
def replayed(generators: list[Any], states: list[Any]) -> Any:
    """The random numbers of the first run again; afterwards all generators stand where they stood."""
    present = states_of(generators)
    _restore(generators, states)
    try:
        yield
    finally:
        _restore(generators, present)


def _restore(generators: list[Any], states: list[Any]) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])
    for generator, state in zip(generators, states[2:], strict=True):
        _set_state(generator, state)
