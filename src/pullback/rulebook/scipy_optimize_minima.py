"""Derivatives of the minima that scipy.optimize finds, by the implicit function theorem.

    x = optimize.minimize(f, x0, args=p).x      ∇f(x, p) = 0, so that  p: -(∂∇f/∂p)ᵀ v  with  H v = g

The second derivatives come from the gradient: the user's own `jac`, which is differentiated, or that of
`f`, whose derivative is taken by central differences of the fourth order (accurate to some ten digits
where f is smooth). A minimum that a search left early is first improved by one Newton step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.rulebook.array_likes import Array, form, restore
from pullback.rulebook.scipy_callables import Call, Kept, Traced, args_tangent, as_arguments, bound_call, only, parts_of
from pullback.rulebook.scipy_optimize import check_near, jacobian, solved
from pullback.rules import Active, intrinsic
from pullback.tangents import ZERO, Tangent, add
from pullback.trees import Vector

STEP = 7e-4  # the fifth root of the rounding error: what is best for differences of the fourth order
Gradient = Callable[[Array], tuple[Array, Vector]]  # at x: the gradient in x, and in all parameters


def _used(value: Any) -> Call:
    """What the derivative reads of a result, which its owner may change."""
    return {k: copy.copy(value[k]) for k in ("x", "fun", "cost", "success", "message") if k in value}


def slope_of(gradient: Gradient, x: Array, direction: Array) -> tuple[Array, Vector]:
    """The derivative of both gradients along a direction in x."""
    length = float(np.max(np.abs(direction), initial=0.0))
    h = STEP * max(1.0, float(np.max(np.abs(x)))) / length
    one, other, two, four = (gradient(x + k * h * direction) for k in (1.0, -1.0, 2.0, -2.0))
    of_x, of_parameters = (
        (8.0 * (a - b) - (c - d)) / (12.0 * h) for a, b, c, d in zip(one, other, two, four, strict=True)
    )
    return of_x, of_parameters


def hessian_by_differences(gradient: Gradient, x: Array, free: Array) -> Array:
    """The Hessian in the free coordinates."""
    columns = [slope_of(gradient, x, unit)[0][free] for unit in np.eye(x.size)[free]]
    h: Array = np.array(columns)
    return np.asarray(0.5 * (h + h.T))


def minimum_back(gradient: Gradient, x: Array, g: Array, free: Array, name: str) -> Vector:
    """The cotangent of the parameters from that of the minimiser x, whose coordinates that are not free stay."""
    if not np.any(free) or not np.any(g[free]):
        return 0.0 * gradient(x)[1]
    hessian = hessian_by_differences(gradient, x, free)
    step = np.zeros_like(x)
    step[free] = solved(hessian, gradient(x)[0][free], name)
    check_near(step, x, name)
    x = x - step
    if np.max(np.abs(step)) > 1e-7:
        hessian = hessian_by_differences(gradient, x, free)
    v = np.zeros_like(x)
    v[free] = solved(hessian, g[free], name)
    return -slope_of(gradient, x, v)[1]


def gradient_root_back(traced: Traced, x: Any, g: Array, free: Array, name: str) -> Vector:
    """The same from a gradient that the user wrote: its root, in the free coordinates."""
    matrix, value, pull = jacobian(traced, x)
    step = solved(matrix[np.ix_(free, free)], np.ravel(value)[free], name)
    check_near(step, np.ravel(x)[free], name)
    v = np.zeros(free.size)
    v[free] = solved(matrix[np.ix_(free, free)].T, -np.ravel(g)[free], name)
    found: Vector = pull(restore(np.reshape(v, np.shape(value)), form(value)))[1]
    return found


def objective_gradient(traced: Traced) -> Gradient:
    """The gradient of a function with one value, by the rules of this library."""

    def gradient(x: Array) -> tuple[Array, Vector]:
        value, pull = traced.pulled((x,), (0,))
        (of_x,), of_parameters = pull(restore(np.ones(np.shape(value)), form(value)))
        return np.zeros(x.shape) if of_x is ZERO else np.asarray(of_x, float), of_parameters

    return gradient


def free_coordinates(x: Array, slope: Array, low: Any, high: Any, name: str) -> Array:
    """Where the minimum is not held at a bound."""
    near = np.zeros(x.shape, bool)
    for bound in (low, high):
        edge = np.broadcast_to(np.asarray(bound, float), x.shape)
        with np.errstate(invalid="ignore"):
            near |= np.isfinite(edge) & (np.abs(x - edge) <= 1e-6 * np.maximum(1.0, np.abs(edge)))
    if np.any(near & (np.abs(slope) <= 1e-6 * max(1.0, float(np.max(np.abs(slope)))))):
        raise DifferentiabilityError(
            f"the result of scipy.optimize.{name} has no derivative: it is at a bound that does not hold it"
        )
    return ~near


def limits(bounds: Any, size: int) -> tuple[Any, Any]:
    """Lower and upper bounds, of either of SciPy's forms."""
    if bounds is None:
        return -np.inf, np.inf
    if isinstance(bounds, optimize.Bounds):
        return bounds.lb, bounds.ub
    low, high = zip(*bounds, strict=True)
    return np.array([-np.inf if b is None else b for b in low]), np.array([np.inf if b is None else b for b in high])


def refuse_failed(value: Any, slope: Array, free: Array, name: str) -> None:
    """An error for a search that gave up far from a minimum."""
    if not value["success"] and np.any(np.abs(slope[free]) > 1e-3 * max(1.0, abs(float(np.ravel(value["fun"])[0])))):
        raise DifferentiabilityError(
            f"scipy.optimize.{name} did not find a minimum ({value.get('message')}): its result has no derivative"
        )


@intrinsic(optimize.minimize)
def _minimize(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    given, places, names = bound_call(optimize.minimize, args, kwargs, active)
    only(names, ("fun", "x0", "args", "jac", "hess", "hessp"), optimize.minimize)
    if given["constraints"] not in ((), [], None):
        raise DifferentiabilityError("the derivative of scipy.optimize.minimize does not cover constraints")
    kept = Kept(given)
    value = optimize.minimize(*args, **kwargs)
    return value, (_reverse_minimize, kept, places, names, _used(value))


def _reverse_minimize(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, kept, places, names, value = residual
    given = kept.checked()
    of_x, of_value = parts_of(g, ("x", "fun"), optimize.minimize)
    rest = as_arguments(given["args"])
    with_gradient = given["jac"] is True
    traced = Traced(given["fun"], rest, 1, names, "fun", 0 if with_gradient else None)
    gradient = objective_gradient(traced)
    x = np.atleast_1d(np.asarray(value["x"], float))
    slope, of_parameters = gradient(x)
    total = np.zeros(traced.space.size) if of_value is ZERO else float(np.ravel(of_value)[0]) * of_parameters
    found: dict[str, Tangent] = {}
    parts: tuple[Tangent, ...] = ()
    if of_x is not ZERO and np.any(of_x):
        free = free_coordinates(x, slope, *limits(given["bounds"], x.size), "minimize")
        refuse_failed(value, slope, free, "minimize")
        if with_gradient:
            own = Traced(given["fun"], rest, 1, names, "fun", 1)
            total = total + gradient_root_back(own, x, of_x, free, "minimize")
        elif callable(given["jac"]) and ("fun" not in names or "jac" in names):
            own = Traced(given["jac"], rest, 1, names, "jac")
            found["jac"], parts = own.operands(gradient_root_back(own, x, of_x, free, "minimize"))
        else:
            total = total + minimum_back(gradient, x, np.asarray(of_x, float), free, "minimize")
    found["fun"], more = traced.operands(total)
    found["args"] = args_tangent(_added(parts, more), given["args"])
    return tuple(found.get(p, ZERO) for p in places.values())


def _added(a: tuple[Tangent, ...], b: tuple[Tangent, ...]) -> tuple[Tangent, ...]:
    return b if not a else tuple(map(add, a, b))


@intrinsic(optimize.minimize_scalar)
def _minimize_scalar(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    given, places, names = bound_call(optimize.minimize_scalar, args, kwargs, active)
    only(names, ("fun", "bracket", "args"), optimize.minimize_scalar)
    kept = Kept(given)
    value = optimize.minimize_scalar(*args, **kwargs)
    return value, (_reverse_minimize_scalar, kept, places, names, _used(value))


def _reverse_minimize_scalar(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, kept, places, names, value = residual
    given = kept.checked()
    of_x, of_value = parts_of(g, ("x", "fun"), optimize.minimize_scalar)
    traced = Traced(given["fun"], as_arguments(given["args"]), 1, names, "fun")
    kind = type(value["x"])

    def gradient(x: Array) -> tuple[Array, Vector]:
        result, pull = traced.pulled((kind(np.ravel(x)[0]),), (0,))
        (slope,), of_parameters = pull(restore(np.ones(np.shape(result)), form(result)))
        return np.reshape(np.zeros(1) if slope is ZERO else np.asarray(slope, float), (1,)), of_parameters

    x = np.array([float(value["x"])])
    slope, of_parameters = gradient(x)
    total = np.zeros(traced.space.size) if of_value is ZERO else float(of_value) * of_parameters
    if of_x is not ZERO and np.any(of_x):
        bounds = given["bounds"]
        if bounds is not None and min(abs(x[0] - b) for b in bounds) <= 1e-4 * (bounds[1] - bounds[0]):
            raise DifferentiabilityError(
                "the result of scipy.optimize.minimize_scalar is at a bound: it has no derivative there"
            )
        refuse_failed(value, slope, np.array([True]), "minimize_scalar")
        total = total + minimum_back(gradient, x, np.array([float(of_x)]), np.array([True]), "minimize_scalar")
    callee, parts = traced.operands(total)
    found = {"fun": callee, "args": args_tangent(parts, given["args"])}
    return tuple(found.get(p, ZERO) for p in places.values())


# Least squares


@intrinsic(optimize.least_squares)
def _least_squares(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    given, places, names = bound_call(optimize.least_squares, args, kwargs, active)
    only(names, ("fun", "x0", "args", "jac"), optimize.least_squares)
    if given["loss"] != "linear" or given["kwargs"]:
        raise DifferentiabilityError(
            "the derivative of scipy.optimize.least_squares covers the linear loss only, and no `kwargs`"
        )
    kept = Kept(given)
    value = optimize.least_squares(*args, **kwargs)
    return value, (_reverse_least_squares, kept, places, names, _used(value))


def squares_gradient(traced: Traced) -> Gradient:
    """The gradient of half the sum of squares of a function's values."""

    def gradient(x: Array) -> tuple[Array, Vector]:
        value, pull = traced.pulled((x,), (0,))
        (of_x,), of_parameters = pull(value)
        return np.zeros(x.shape) if of_x is ZERO else np.asarray(of_x, float), of_parameters

    return gradient


def _reverse_least_squares(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, kept, places, names, value = residual
    given = kept.checked()
    of_x, of_cost, of_fun = parts_of(g, ("x", "cost", "fun"), optimize.least_squares)
    traced = Traced(given["fun"], as_arguments(given["args"]), 1, names, "fun")
    gradient = squares_gradient(traced)
    x = value["x"]
    slope, of_parameters = gradient(x)
    total = np.zeros(traced.space.size) if of_cost is ZERO else float(of_cost) * of_parameters
    of_x = np.zeros(x.shape) if of_x is ZERO else np.asarray(of_x, float)
    if of_fun is not ZERO:
        residuals, pull = traced.pulled((x,), (0,))
        (more,), direct = pull(restore(np.reshape(of_fun, np.shape(residuals)), form(residuals)))
        of_x, total = of_x + (0.0 if more is ZERO else more), total + direct
    if np.any(of_x):
        low, high = given["bounds"] if isinstance(given["bounds"], (tuple, list)) else limits(given["bounds"], x.size)
        free = free_coordinates(x, slope, low, high, "least_squares")
        refuse_failed({**value, "fun": value["cost"]}, slope, free, "least_squares")
        total = total + minimum_back(gradient, x, of_x, free, "least_squares")
    callee, parts = traced.operands(total)
    found = {"fun": callee, "args": args_tangent(parts, given["args"])}
    return tuple(found.get(p, ZERO) for p in places.values())


@intrinsic(optimize.curve_fit, returns="tuple")
def _curve_fit(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    given, places, names = bound_call(optimize.curve_fit, args, kwargs, active)
    only(names, ("f", "xdata", "ydata", "p0", "sigma", "jac"), optimize.curve_fit)
    if given["nan_policy"] is not None or np.ndim(given["sigma"]) > 1:
        raise DifferentiabilityError(
            "the derivative of scipy.optimize.curve_fit covers neither nan_policy nor a covariance matrix as sigma"
        )
    kept = Kept(given)
    value = optimize.curve_fit(*args, **kwargs)
    return value, (_reverse_curve_fit, kept, places, names, np.array(value[0]))


def _reverse_curve_fit(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, kept, places, names, x = residual
    given = kept.checked()
    parts_of(dict(enumerate(g[1:])), (), optimize.curve_fit)
    if g[0] is ZERO:
        return tuple(ZERO for _ in places)
    # the model is called with xdata and the parameters one by one: all of them are `args` here
    data = [k for k in ("ydata", "sigma") if k in names]
    ydata = np.asarray(given["ydata"], float)
    sigma = np.ones(ydata.shape) if given["sigma"] is None else np.asarray(given["sigma"], float)
    xdata = given["xdata"] if not isinstance(given["xdata"], (list, tuple)) else np.asarray(given["xdata"], float)

    def gradient(p: Array) -> tuple[Array, Vector]:
        traced = Traced(given["f"], tuple(p), 1, {n for n in names if n == "f"}, "f")
        of = (0, *range(1, 1 + p.size)) if "xdata" in names else tuple(range(1, 1 + p.size))
        traced.places = []
        value, pull = traced.pulled((xdata,), of)
        r = (np.asarray(value) - ydata) / sigma
        tangents, of_captured = pull(restore(r / sigma, form(value)))
        slopes = np.array([0.0 if t is ZERO else float(t) for t in tangents[-p.size :]])
        rest = [np.zeros(0), of_captured]
        if "xdata" in names:
            rest.append(np.zeros(np.size(xdata)) if tangents[0] is ZERO else np.ravel(tangents[0]))
        rest += [-r / sigma if k == "ydata" else -r * r / sigma for k in data]
        return slopes, np.concatenate(rest)

    slope, _ = gradient(x)
    low, high = given["bounds"] if isinstance(given["bounds"], (tuple, list)) else limits(given["bounds"], x.size)
    free = free_coordinates(x, slope, low, high, "curve_fit")
    total = minimum_back(gradient, x, np.asarray(g[0], float), free, "curve_fit")
    traced = Traced(given["f"], (), 1, {n for n in names if n == "f"}, "f")
    found: dict[str, Tangent] = {"f": traced.operands(total[: traced.space.size])[0]}
    at = traced.space.size
    for name, shape in (("xdata", np.shape(xdata)), *((k, ydata.shape) for k in data)):
        if name in names:
            size = int(np.prod(shape))
            found[name] = restore(np.reshape(total[at : at + size], shape), form(given[name]))
            at += size
    return tuple(found.get(p, ZERO) for p in places.values())

