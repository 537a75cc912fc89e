"""Derivatives of scipy.integrate: quadrature of functions and of samples.

    integrate.quad(f, a, b)    a: -f(a),  b: f(b),  what f depends on: the integral of its derivative

The derivative of the integrand in its parameters is integrated over the same interval, all parameters
at once, and an integral that does not converge is an error. An integrand may branch; where it jumps
must not depend on what is differentiated, as the integral of the derivative does not see the jump.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate
from scipy.special import roots_legendre

from pullback.applying import Residual
from pullback.dispatch import call
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, form, refuse, restore, shape_of
from pullback.rulebook.numpy_differences import pairs_of
from pullback.rulebook.scipy_callables import Call, Kept, Traced, args_tangent, as_arguments, bound_call, only
from pullback.rulebook.scipy_linear import linear_back
from pullback.rules import Active, intrinsic, rule
from pullback.runtime import seed
from pullback.spaces import is_differentiable
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form, linear_back)


@intrinsic(integrate.quad, returns="tuple")
def _quad(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    given, places, names = bound_call(integrate.quad, args, kwargs, active)
    only(names, ("func", "a", "b", "args"), integrate.quad)
    if given["weight"] is not None or given["complex_func"]:
        raise DifferentiabilityError(
            "the derivative of scipy.integrate.quad covers neither `weight` nor `complex_func`; "
            "write the weight into the integrand, or integrate real and imaginary part"
        )
    return integrate.quad(*args, **kwargs), (_reverse_quad, Kept(given), places, names)


def _reverse_quad(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, kept, places, names = residual
    given = kept.checked()
    if g[1] is not ZERO and np.any(g[1]):
        raise DifferentiabilityError("the error estimate of scipy.integrate.quad has no derivative")
    if g[0] is ZERO:
        return tuple(ZERO for _ in places)
    v = float(g[0])
    rest = as_arguments(given["args"])
    traced = Traced(given["func"], rest, 1, names, "func")
    found: dict[str, Tangent] = {}
    for name, sign in (("a", -v), ("b", v)):
        end = given[name]
        if name in names and is_differentiable(end):
            found[name] = fit(0.0 if np.isinf(end) else sign * float(given["func"](float(end), *rest)), end)
    if traced.space.size:
        callee, parts = traced.operands(v * integrated(traced, given))
        found["func"], found["args"] = callee, args_tangent(parts, given["args"])
    return tuple(found.get(name, ZERO) for name in places.values())


def integrated(traced: Traced, given: Call) -> Array:
    """The integral of the integrand's derivative in all that it depends on."""

    def slopes(t: float) -> Array:
        value, pull = traced.pulled((t,), ())
        if not is_differentiable(value):  # an int: a constant
            return np.zeros(traced.space.size)
        return np.asarray(pull(seed(value))[1])

    a, b = float(given["a"]), float(given["b"])
    low, high, sign = (a, b, 1.0) if a <= b else (b, a, -1.0)
    value, error, info = integrate.quad_vec(
        slopes,
        low,
        high,
        epsabs=0.01 * given["epsabs"],
        epsrel=0.01 * given["epsrel"],
        points=given["points"],
        limit=max(200, given["limit"]),
        full_output=True,
    )
    enough = 10.0 * (given["epsabs"] + given["epsrel"] * float(np.linalg.norm(value)))
    if not np.all(np.isfinite(value)) or (not info.success and not error <= enough):
        raise DifferentiabilityError(
            "scipy.integrate.quad: the integral of the integrand's derivative does not converge "
            f"({info.message}; the estimate of its error is {error:.1e})"
        )
    return np.asarray(sign * value)


def fixed_quad(func: Any, a: Any, b: Any, args: Any = (), n: Any = 5) -> Any:
    """`scipy.integrate.fixed_quad`, operation for operation: it is differentiated as it is written."""
    x, w = roots_legendre(n)
    x = np.real(x)
    if np.isinf(a) or np.isinf(b):
        raise ValueError("Gaussian quadrature is only available for finite limits.")
    y = (b - a) * (x + 1) / 2.0 + a
    return (b - a) / 2.0 * np.sum(w * func(y, *args), axis=-1), None


@intrinsic(integrate.fixed_quad, returns="tuple")
def _fixed_quad(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    return call(fixed_quad, args, active, kwargs)


# Samples: an interval has the mean of its two samples, times its width


def widths(x: Any, dx: Any, ndim: int, axis: int) -> Any:
    """The widths of the intervals, in a shape that multiplies their means."""
    if x is None:
        return dx
    if np.ndim(x) != 1:
        return np.diff(x, axis=axis)
    shape = [1] * ndim
    shape[axis] = -1
    return np.reshape(np.diff(x), shape)


def intervals(g: Array, m: Form, axis: int) -> Array:
    """The cotangents of the intervals of a sum over all of them."""
    shape = list(shape_of(m))
    shape[axis] -= 1
    return np.broadcast_to(np.expand_dims(g, axis), shape)


def running_intervals(g: Array, axis: int, initial: Any) -> Array:
    """The cotangents of the intervals of running sums: the sum of all that come after."""
    t = np.moveaxis(np.asarray(g), axis, 0)
    t = t[1:] if initial is not None else t
    return np.moveaxis(np.cumsum(t[::-1], axis=0)[::-1], 0, axis)


def ends(t: Array, axis: int, before: float) -> Array:
    """The adjoint of taking the entries after and (times `before`) before each gap along an axis."""
    t = np.moveaxis(t, axis, -1)
    zero = np.zeros((*t.shape[:-1], 1))
    return np.moveaxis(np.concatenate((zero, t), axis=-1) + before * np.concatenate((t, zero), axis=-1), -1, axis)


def sample_back(t: Array, m: Form, x: Any, dx: Any, axis: int) -> Tangent:
    """The cotangent of the samples."""
    return restore(ends(0.5 * t * widths(x, dx, len(shape_of(m)), axis), axis, 1.0), m)


def place_back(t: Array, f: Any, x: Any, axis: int) -> Tangent:
    """The cotangent of the abscissae: each is the end of one interval and the start of the next."""
    moved = ends(t * pairs_of(f, axis), axis, -1.0)
    if np.ndim(x) == 1:
        moved = np.sum(moved, axis=tuple(k for k in range(moved.ndim) if k != axis % moved.ndim))
    return restore(moved, form(x))


def step_back(t: Array, f: Any, x: Any, dx: Any, axis: int) -> Tangent:
    """The cotangent of the common step, which is not read where abscissae are given."""
    return fit(0.0 if x is not None else np.sum(t * pairs_of(f, axis)), dx)


def running(t: Array, axis: int, initial: Any) -> Array:
    """Running sums of intervals, after a zero where there is an initial value."""
    total = np.cumsum(t, axis=axis)
    return total if initial is None else np.concatenate((np.zeros_like(np.take(total, [0], axis)), total), axis=axis)


def column(x: Any, name: str) -> Any:
    """Abscissae that are the same for all lanes."""
    if x is not None and np.ndim(x) != 1:
        refuse(f"the derivative of scipy.integrate.{name} covers abscissae of one dimension only")
    return x


_TRAPEZOID = "intervals(g, form(f), axis)"
_RUNNING = "running_intervals(g, axis, initial)"
# SciPy calls the samples `y`, which is the result here: they go by position only
rule(
    integrate.trapezoid,
    "f, x=None, dx=1.0, axis=-1",
    f=f"sample_back({_TRAPEZOID}, form(f), x, dx, axis)",
    x=f"place_back({_TRAPEZOID}, f, x, axis)",
    dx=f"step_back({_TRAPEZOID}, f, x, dx, axis)",
    x_dot="np.sum(widths(x_dot, dx, np.ndim(f), axis) * pairs_of(f, axis), axis=axis)",
    dx_dot="(dx_dot if x is None else 0.0) * np.sum(pairs_of(f, axis), axis=axis)",
    _linear="f",
)
rule(
    integrate.cumulative_trapezoid,
    "f, x=None, dx=1.0, axis=-1, initial=None",
    f=f"sample_back({_RUNNING}, form(f), x, dx, axis)",
    x=f"place_back({_RUNNING}, f, x, axis)",
    dx=f"step_back({_RUNNING}, f, x, dx, axis)",
    x_dot="running(widths(x_dot, dx, np.ndim(f), axis) * pairs_of(f, axis), axis, initial)",
    dx_dot="running((dx_dot if x is None else 0.0) * pairs_of(f, axis), axis, initial)",
    _linear="f",
)
rule(
    integrate.simpson,
    "f, x=None, *, dx=1.0, axis=-1",
    f="linear_back(np.expand_dims(g, axis), form(f), 'simpson',"
    " lambda e: integrate.simpson(e, x=column(x, 'simpson'), dx=dx, axis=0)[None], axis)",
    _linear="f",
)
rule(
    integrate.romb,
    "f, dx=1.0, axis=-1",
    f="linear_back(np.expand_dims(g, axis), form(f), 'romb', lambda e: integrate.romb(e, dx, 0)[None], axis)",
    dx="fit(np.sum(g * y) / dx, dx)",
    dx_dot="dx_dot * y / dx",
    _linear="f",
)
rule(
    integrate.cumulative_simpson,
    "f, *, x=None, dx=1.0, axis=-1",
    f="linear_back(g, form(f), 'cumulative_simpson',"
    " lambda e: integrate.cumulative_simpson(e, x=column(x, 'cumulative_simpson'), dx=dx, axis=0), axis)",
    _linear="f",
)
