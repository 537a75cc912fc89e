"""Derivatives of the roots that scipy.optimize finds, by the implicit function theorem.

    x = optimize.root(f, x0, args=p).x      f(x, p) = 0, so that  p: -(∂f/∂p)ᵀ v  with  (∂f/∂x)ᵀ v = g

A root does not depend on where the search for it begins, so the starting point gets a zero. The
derivative is that of the root itself; a point that is not near one, or a root where the Jacobian
is singular, is an error.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from scipy import optimize

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.rulebook.array_likes import Array, form, restore
from pullback.rulebook.scipy_callables import Call, Kept, Traced, args_tangent, as_arguments, bound_call, only, parts_of
from pullback.rules import Active, constant, intrinsic
from pullback.spaces import is_differentiable
from pullback.tangents import ZERO, Tangent
from pullback.trees import Vector

NEAR = 1e-3  # how far from a root, by Newton's step and relative to its size, a point may be


def solved(matrix: Array, right: Array, name: str) -> Array:
    """The solution of a linear system; an error where the matrix is singular."""
    try:
        if np.all(np.isfinite(matrix)):
            x = np.linalg.solve(matrix, right)
            if np.all(np.isfinite(x)):
                return x
    except np.linalg.LinAlgError:
        pass
    raise DifferentiabilityError(
        f"the result of scipy.optimize.{name} has no derivative: the function's Jacobian there is singular, "
        "or not finite"
    )


def check_near(step: Array, x: Array, name: str) -> None:
    """An error where Newton's method would go far from the point."""
    if np.any(np.abs(step) > NEAR * np.maximum(1.0, np.abs(x))):
        raise DifferentiabilityError(
            f"the result of scipy.optimize.{name} has no derivative: it is not a solution "
            f"(Newton's method would go on by {float(np.max(np.abs(step))):.1e})"
        )


def jacobian(traced: Traced, x: Any) -> tuple[Array, Any, Any]:
    """The Jacobian of a function at x, a row for each entry of its value; the value, and how to pull back."""
    value, pull = traced.pulled((x,), (0,))
    size = np.size(value)
    if not is_differentiable(value):  # an int: a constant
        return np.zeros((size, np.size(x))), value, pull
    rows = []
    for k in range(size):
        (row,), _ = pull(restore(np.reshape(np.eye(size)[k], np.shape(value)), form(value)))
        rows.append(np.zeros(np.size(x)) if row is ZERO else np.ravel(row))
    return np.array(rows), value, pull


def implicit(traced: Traced, x: Any, g: Array, name: str, fixed_point: bool = False) -> Vector:
    """The cotangent of what the function depends on, from that of its root x."""
    if np.iscomplexobj(x):
        raise DifferentiabilityError(f"the derivative of scipy.optimize.{name} covers real roots only")
    matrix, value, pull = jacobian(traced, x)
    flat = np.ravel(np.asarray(value, float))
    if fixed_point:
        matrix, flat = matrix - np.eye(len(matrix)), flat - np.ravel(x)
    check_near(solved(matrix, flat, name), np.ravel(x), name)
    v = solved(matrix.T, -np.ravel(g), name)
    found: Vector = pull(restore(np.reshape(v, np.shape(value)), form(value)))[1]
    return found


def root_residual(function: Any, callee: str, allowed: tuple[str, ...]) -> Any:
    """The intrinsic derivative of a function that finds roots."""

    def vjp(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
        given, places, names = bound_call(function, args, kwargs, active)
        only(names, (callee, "args", *allowed), function)
        kept = Kept(given)
        value = function(*args, **kwargs)
        return value, (_reverse_root, function, callee, kept, places, names, copy.deepcopy(value))

    return vjp


def _reverse_root(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, function, callee, kept, places, names, value = residual
    given = kept.checked()
    name = function.__name__
    x, of_x, has_converged = _root_of(function, given, value, g)
    if not has_converged:
        raise DifferentiabilityError(f"scipy.optimize.{name} did not converge: its result has no derivative")
    if of_x is ZERO:
        return tuple(ZERO for _ in places)
    rest = as_arguments(given["args"])
    # with `jac=True` the function returns its value and its derivative
    both = any(given.get(k) is True for k in ("jac", "fprime", "fprime2"))
    traced = Traced(given[callee], rest, 1, names, callee, 0 if both else None)
    vector = implicit(traced, x, of_x, name, function is optimize.fixed_point)
    of_callee, parts = traced.operands(vector)
    found = {callee: of_callee, "args": args_tangent(parts, given["args"])}
    return tuple(found.get(p, ZERO) for p in places.values())


def _root_of(function: Any, given: Call, value: Any, g: Tangent) -> tuple[Any, Tangent, bool]:
    """The root, its cotangent, and whether the search for it ended well."""
    if isinstance(value, optimize.OptimizeResult):
        known = "root" if function is optimize.root_scalar else "x"
        of_x = parts_of(g, (known, *(("fun",) if known == "x" else ())), function)[0]  # `fun` stays 0
        return value[known], of_x, bool(value["converged" if known == "root" else "success"])
    if not given.get("full_output"):
        return value, g, True
    if function is optimize.fsolve:
        parts_of(g[1], (), function)
        return value[0], g[0], value[2] == 1
    if isinstance(value[1], optimize.OptimizeResult):
        of_root = parts_of(g[1], ("root",), function)[0]
        return value[0], of_root if g[0] is ZERO else g[0] + (0.0 if of_root is ZERO else of_root), value[1].converged
    return value[0], g[0], bool(np.all(value[1]))


_BRACKETED = ("a", "b")
for _function in (optimize.brentq, optimize.brenth, optimize.ridder, optimize.bisect, optimize.toms748):
    intrinsic(_function)(root_residual(_function, "f", _BRACKETED))
intrinsic(optimize.newton)(root_residual(optimize.newton, "func", ("x0", "x1", "fprime", "fprime2")))
intrinsic(optimize.root_scalar)(
    root_residual(optimize.root_scalar, "f", ("bracket", "x0", "x1", "fprime", "fprime2"))
)
intrinsic(optimize.root)(root_residual(optimize.root, "fun", ("x0", "jac")))
intrinsic(optimize.fsolve)(root_residual(optimize.fsolve, "func", ("x0", "fprime")))
intrinsic(optimize.fixed_point)(root_residual(optimize.fixed_point, "func", ("x0",)))
constant(optimize.linear_sum_assignment, returns="tuple")
