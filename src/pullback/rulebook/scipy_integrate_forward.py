"""Forward mode of integrals: the integral of the integrand's tangent, and what comes in or goes at the ends.

    quad(f, a, b)      quad(f's tangent, a, b) + f(b) b_dot - f(a) a_dot

Written in the language that is differentiated: see `rules.forward_intrinsic`.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from scipy import integrate

from pullback.differential_calls import call_differential
from pullback.fitting import fit
from pullback.rulebook.array_likes import refuse
from pullback.rulebook.exact_values import withheld
from pullback.rulebook.scipy_callables import is_nothing
from pullback.rules import constant, forward_intrinsic
from pullback.tangent_parts import elements, filled, part
from pullback.tangents import NO_TANGENT, ZERO


@forward_intrinsic(integrate.quad)
@forward_intrinsic(integrate.quad_vec)
def _integral(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    names = names_of(fn)
    func, a, b, more = [argument(args, kwargs, k, names) for k in range(4)]
    func_dot, a_dot, b_dot, more_dot = [tangent(dots, kwdots, k, names) for k in range(4)]
    refuse_others(fn, dots, kwdots)
    result = fn(func, a, b, args=more, **others_of(fn, args, kwargs))
    further = more if is_tuple(more) else (more,)
    moved = list(elements(more_dot, further)) if is_tuple(more) else [more_dot]
    total = fn(lambda t: tangent_at(func, func_dot, further, moved, t), a, b, **options_of(fn, kwargs))[0]
    if moves(b, b_dot):
        total = total + func(b, *further) * b_dot
    if moves(a, a_dot):
        total = total - func(a, *further) * a_dot
    return result, (fit(total, result[0]), *without_tangents(result))


def tangent_at(func: Any, func_dot: Any, args: Any, dots: Any, t: Any) -> Any:
    """The tangent of the integrand at a point."""
    value, value_dot = call_differential(func, func_dot, (t, *args), (ZERO, *dots), {}, {})
    return filled(value_dot, value)


def names_of(fn: Any) -> tuple[str, ...]:
    """The names of the operands that may have tangents: the function, the ends, what it is given besides."""
    return ("func", "a", "b", "args") if fn is integrate.quad else ("f", "a", "b", "args")


def argument(args: Any, kwargs: Any, place: int, names: Any) -> Any:
    """One of the operands."""
    if len(args) > place and not (place == 3 and names[0] == "f"):
        return args[place]
    return kwargs.get(names[place], ())


def tangent(dots: Any, kwdots: Any, place: int, names: Any) -> Any:
    """Its tangent."""
    if len(dots) > place and not (place == 3 and names[0] == "f"):
        return dots[place]
    return part(kwdots, names[place])


def is_tuple(x: Any) -> bool:
    """Whether there are several further arguments."""
    return isinstance(x, tuple)


def moves(end: Any, end_dot: Any) -> bool:
    """Whether an end has a tangent; one at infinity stays there."""
    return end_dot is not ZERO and end_dot is not NO_TANGENT and not np.isinf(end)


def options_of(fn: Any, kwargs: Any) -> Any:
    """The options for the integral of the tangent: that of the function's, more closely."""
    if kwargs.get("weight") is not None or kwargs.get("complex_func"):
        refuse("the derivative of scipy.integrate.quad covers neither `weight` nor `complex_func`")
    kept = {k: kwargs[k] for k in ("points", "limit", "quadrature", "norm") if k in kwargs}
    standard = 1.49e-8 if fn is integrate.quad else 1e-8
    return {**kept, "epsabs": 0.01 * kwargs.get("epsabs", 1.49e-8), "epsrel": 0.01 * kwargs.get("epsrel", standard)}


def others_of(fn: Any, args: Any, kwargs: Any) -> Any:
    """All the other operands, by name."""
    bound = inspect.signature(fn).bind(*args, **kwargs).arguments
    return {k: v for k, v in bound.items() if k not in names_of(fn)}


def refuse_others(fn: Any, dots: Any, kwdots: Any) -> None:
    """An option has no tangent."""
    count = 4 if fn is integrate.quad else 3
    given = [*dots[count:], *(t for k, t in kwdots.items() if k not in names_of(fn))]
    if not all(map(is_nothing, given)):
        refuse(f"the derivative of scipy.integrate.{fn.__name__} with respect to its options is not known")


def without_tangents(result: Any) -> list[Any]:
    """The tangents of the estimate of the error, and of what comes after it."""
    return [withheld("the error estimate of an integral"), *[ZERO] * (len(result) - 2)]


constant(names_of, is_tuple, moves, options_of, others_of, refuse_others, without_tangents)
