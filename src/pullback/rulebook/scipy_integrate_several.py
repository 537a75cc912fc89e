"""Derivatives of integrals over several variables, and of integrals of arrays, in scipy.integrate.

    integrate.dblquad(f, a, b, g, h)[0]     SciPy's value, with the derivative of quad(quad(f, g, h), a, b)
    integrate.quad_vec(f, a, b)[0]          a: -f(a),  b: f(b),  what f depends on: the integral of its derivative
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, refuse
from pullback.rulebook.exact_values import exactly, standing_for, without_slope
from pullback.rulebook.scipy_callables import Call, Kept, Traced, args_tangent, as_arguments, bound_call, only
from pullback.rules import Active, constant, intrinsic, stands_in
from pullback.spaces import is_differentiable
from pullback.tangents import ZERO, Tangent


def limit_at(end: Any, *outer: Any) -> Any:
    """The end of an inner integral: a number, or a function of the outer variables."""
    return end(*outer) if is_function(end) else end


def plain(epsabs: Any, epsrel: Any) -> Any:
    """The accuracy, which has no derivative."""
    return {"epsabs": epsabs, "epsrel": epsrel}


def is_function(end: Any) -> bool:
    """Whether an end depends on the outer variables."""
    return callable(end)


def dblquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (), epsabs: Any = 1.49e-8, epsrel: Any = 1.49e-8
) -> Any:
    """`integrate.dblquad`."""
    exact = exactly(integrate.dblquad, func, a, b, gfun, hfun, args, epsabs, epsrel)

    def inner(x: Any) -> Any:
        ends = limit_at(gfun, x), limit_at(hfun, x)
        return integrate.quad(func, *ends, args=(x, *args), **plain(epsabs, epsrel))[0]

    value = integrate.quad(inner, a, b, **plain(epsabs, epsrel))[0]
    return standing_for(exact[0], value), without_slope(exact[1], value, "the error estimate of an integral")


def tplquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any, args: Any = (), epsabs: Any = 1.49e-8,
    epsrel: Any = 1.49e-8,
) -> Any:  # fmt: skip
    """`integrate.tplquad`."""
    exact = exactly(integrate.tplquad, func, a, b, gfun, hfun, qfun, rfun, args, epsabs, epsrel)

    def innermost(y: Any, x: Any) -> Any:
        ends = limit_at(qfun, x, y), limit_at(rfun, x, y)
        return integrate.quad(func, *ends, args=(y, x, *args), **plain(epsabs, epsrel))[0]

    def inner(x: Any) -> Any:
        ends = limit_at(gfun, x), limit_at(hfun, x)
        return integrate.quad(innermost, *ends, args=(x,), **plain(epsabs, epsrel))[0]

    value = integrate.quad(inner, a, b, **plain(epsabs, epsrel))[0]
    return standing_for(exact[0], value), without_slope(exact[1], value, "the error estimate of an integral")


def nquad(func: Any, ranges: Any, args: Any = None, opts: Any = None, full_output: Any = False) -> Any:
    """`integrate.nquad`: the first variable is the innermost; each range may depend on those outside of it."""
    exact = exactly(integrate.nquad, func, ranges, args, opts, full_output)
    if opts is not None and not isinstance(opts, dict):
        refuse("scipy.integrate.nquad has a derivative with the same opts, a dict, for all variables")
    rest = () if args is None else as_tuple(args)
    options = {} if opts is None else opts
    value = integral_over(func, ranges, len(ranges) - 1, (), rest, options)
    error = without_slope(exact[1], value, "the error estimate of an integral")
    return (standing_for(exact[0], value), error, *exact[2:])


def integral_over(func: Any, ranges: Any, depth: int, outer: Any, rest: Any, options: Any) -> Any:
    """The integral over the variables up to number `depth`, for given ones outside."""
    found = ranges[depth]
    ends = found(*outer, *rest) if is_function(found) else found

    def inner(t: Any) -> Any:
        if depth == 0:
            return func(t, *outer, *rest)
        return integral_over(func, ranges, depth - 1, (t, *outer), rest, options)

    return integrate.quad(inner, ends[0], ends[1], **options)[0]


def as_tuple(args: Any) -> Any:
    """Further arguments, of which one may come by itself."""
    return args if isinstance(args, tuple) else (args,)


@intrinsic(integrate.quad_vec, returns="tuple")
def _quad_vec(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    given, places, names = bound_call(integrate.quad_vec, args, kwargs, active)
    only(names, ("f", "a", "b", "args"), integrate.quad_vec)
    return integrate.quad_vec(*args, **kwargs), (_reverse_quad_vec, Kept(given), places, names)


def _reverse_quad_vec(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, kept, places, names = residual
    given = kept.checked()
    if g[1] is not ZERO and np.any(g[1]):
        raise DifferentiabilityError("the error estimate of scipy.integrate.quad_vec has no derivative")
    if g[0] is ZERO:
        return tuple(ZERO for _ in places)
    rest = as_arguments(given["args"])
    traced = Traced(given["f"], rest, 1, names, "f")
    found: dict[str, Tangent] = {}
    for name, sign in (("a", -1.0), ("b", 1.0)):
        end = given[name]
        if name in names and is_differentiable(end):
            slope = 0.0 if np.isinf(end) else sign * np.sum(np.asarray(g[0]) * given["f"](float(end), *rest))
            found[name] = fit(slope, end)
    if traced.space.size:
        callee, parts = traced.operands(_integrated(traced, given, g[0]))
        found["f"], found["args"] = callee, args_tangent(parts, given["args"])
    return tuple(found.get(name, ZERO) for name in places.values())


def _integrated(traced: Traced, given: Call, g: Tangent) -> Array:
    """The integral of the integrand's cotangent in all that it depends on."""

    def slopes(t: float) -> Array:
        value, pull = traced.pulled((t,), ())
        return np.asarray(pull(fit(g, value))[1]) if is_differentiable(value) else np.zeros(traced.space.size)

    accuracy = {k: 0.01 * given[k] for k in ("epsabs", "epsrel")}
    value, error, info = integrate.quad_vec(
        slopes, given["a"], given["b"], **accuracy, points=given["points"], quadrature=given["quadrature"],
        limit=max(200, given["limit"]), full_output=True,
    )  # fmt: skip
    size = float(np.linalg.norm(value))
    if not np.all(np.isfinite(value)) or (not info.success and error > 10.0 * (1e-8 + given["epsrel"] * size)):
        refuse(
            "scipy.integrate.quad_vec: the integral of the integrand's derivative does not converge "
            f"({info.message}; the estimate of its error is {error:.1e})"
        )
    return np.asarray(value)


constant(is_function, plain)
stands_in(integrate.dblquad, dblquad, "tuple")
stands_in(integrate.tplquad, tplquad, "tuple")
stands_in(integrate.nquad, nquad, "tuple")
