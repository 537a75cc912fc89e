"""Derivatives of scipy.integrate.solve_ivp and odeint: the adjoint differential equation.

    y' = f(t, y, p)    λ' = -(∂f/∂y)ᵀ λ backwards from the last time, λ += g at each;  p: ∫ (∂f/∂p)ᵀ λ dt

The adjoint is solved along a trajectory that is solved once more, a hundred times as accurately, and
kept as a function of time. So the result is the derivative of the differential equation's own solution,
not of the steps that a method happened to take, and its error is well below that of the solution.
Steps that a solver chose itself (no `t_eval`) are taken as given times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import integrate

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.rulebook.array_likes import Array, form, restore
from pullback.rulebook.scipy_callables import Call, Kept, Traced, args_tangent, as_arguments, bound_call, only, parts_of
from pullback.rules import Active, intrinsic
from pullback.tangents import ZERO, Tangent

MORE = 0.01  # how much smaller the tolerances of the trajectory and its adjoint are
_PASSED_ON = ("max_step", "jac", "jac_sparsity", "lband", "uband", "min_step")


@dataclass
class Problem:
    """A differential equation with what its right-hand side depends on."""

    traced: Traced
    time_first: bool
    method: Any
    rtol: float
    atol: Any
    options: Call

    def leading(self, t: float, y: Array) -> tuple[Any, ...]:
        """The first two arguments of the right-hand side."""
        return (t, y) if self.time_first else (y, t)

    def slope(self, t: float, y: Array) -> Array:
        """The right-hand side's value."""
        return np.asarray(self.traced.fn(*self.leading(t, y), *self.traced.args), float)

    def back(self, t: float, y: Array, of_slope: Array) -> tuple[Array, Array]:
        """What a cotangent of the slope pulls back to: the state's part and the parameters'."""
        value, pull = self.traced.pulled(self.leading(t, y), (1 if self.time_first else 0,))
        (of_state,), of_parameters = pull(restore(of_slope, form(value)))
        return np.zeros_like(y) if of_state is ZERO else np.asarray(of_state), of_parameters


def adjoint(problem: Problem, times: Array, y0: Array, g: Array) -> tuple[Array, Array]:
    """The cotangents of the state at times[0] and of the parameters, from rows `g` of those of the states at `times`.

    What belongs to times[0] itself is not in it.
    """
    n = y0.size
    z = np.zeros(n + problem.traced.space.size)
    used = [int(k) for k in np.flatnonzero(np.any(g != 0, axis=1)) if times[k] != times[0]]
    if not used:
        return z[:n], z[n:]
    start, end = times[0], times[used[-1]]
    path = solved(problem, problem.slope, start, end, y0, finer(problem), True).sol
    tolerance = finer(problem)["rtol"]
    tolerances = {"rtol": tolerance, "atol": tolerance * float(np.max(np.abs(g))) * 1e-2}

    def backwards(t: float, z: Array) -> Array:
        of_state, of_parameters = problem.back(t, path(t), z[:n])
        return np.concatenate((-of_state, -of_parameters))

    for k in reversed(used):
        if times[k] != end:
            z = solved(problem, backwards, end, times[k], z, tolerances, False).y[:, -1]
            end = times[k]
        z[:n] += g[k]
    z = solved(problem, backwards, end, start, z, tolerances, False).y[:, -1]
    return z[:n], z[n:]


def finer(problem: Problem) -> Call:
    """The tolerances of the trajectory."""
    rtol = max(float(np.min(problem.rtol)) * MORE, 1e-12)
    return {"rtol": rtol, "atol": np.maximum(np.asarray(problem.atol) * MORE, 1e-14)}


def solved(problem: Problem, f: Any, start: float, end: float, y: Array, tolerances: Call, dense: bool) -> Any:
    """The solution by a method of the same kind: an explicit one of high order, or the implicit one asked for."""
    method = problem.method
    options = {k: v for k, v in problem.options.items() if k in _PASSED_ON and dense}
    if method in ("RK23", "RK45", "DOP853"):
        method, options = "DOP853", {k: v for k, v in options.items() if k == "max_step"}
    elif not dense:
        method = "LSODA" if method == "LSODA" else "Radau"
    made = integrate.solve_ivp(f, (float(start), float(end)), y, method, dense_output=dense, **options, **tolerances)
    if made.status != 0 or not np.all(np.isfinite(made.y)):
        raise DifferentiabilityError(
            f"the differential equation of a derivative could not be solved from {start} to {end}: {made.message}"
        )
    return made


@intrinsic(integrate.solve_ivp)
def _solve_ivp(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    given, places, names = bound_call(integrate.solve_ivp, args, kwargs, active)
    only(names, ("fun", "t_span", "y0", "t_eval", "args"), integrate.solve_ivp)
    if given["events"] is not None or given["vectorized"] or not isinstance(given["method"], str):
        raise DifferentiabilityError(
            "the derivative of scipy.integrate.solve_ivp covers neither events, nor vectorized=True, nor a method "
            "that is a class; solve up to a given time, with a right-hand side for one state"
        )
    kept = Kept(given)
    value = integrate.solve_ivp(*args, **kwargs)
    if np.iscomplexobj(value.y):
        raise DifferentiabilityError("the derivative of scipy.integrate.solve_ivp covers real states only")
    return value, (
        *(_reverse_solve_ivp, kept, places, names),
        *(value.t.copy(), value.y.copy(), value.status),
    )


def _reverse_solve_ivp(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, kept, places, names, t, y, status = residual
    given = kept.checked()
    of_y, of_t = parts_of(g, ("y", "t"), integrate.solve_ivp)
    if status != 0:
        raise DifferentiabilityError("scipy.integrate.solve_ivp did not reach the end: there is no derivative")
    traced = Traced(given["fun"], tuple(given["args"] or ()), 2, names, "fun")
    problem = Problem(traced, True, given["method"], given.get("rtol", 1e-3), given.get("atol", 1e-6), given)
    span = [float(s) for s in given["t_span"]]
    y0 = np.asarray(given["y0"], float)
    rows = np.zeros(y.T.shape) if of_y is ZERO else np.asarray(of_y, float).T
    times = np.concatenate((span[:1], t))
    at_start, of_parameters = adjoint(problem, times, y0, np.concatenate((0.0 * rows[:1], rows)))
    of_y0 = at_start + np.sum(rows[t == span[0]], axis=0)
    found: dict[str, Tangent] = {"y0": restore(of_y0, form(given["y0"]))}
    if names & {"t_span", "t_eval"}:
        moved = np.zeros(t.size) if of_t is ZERO else np.array(of_t, float)
        moved += [row @ problem.slope(time, state) for row, time, state in zip(rows, t, y.T, strict=True)]
        at_ends = np.array([-at_start @ problem.slope(span[0], y0), 0.0])
        if given["t_eval"] is None:
            at_ends += ends_only(moved, rows[0] @ problem.slope(span[0], y0))
        found["t_eval"] = ZERO if given["t_eval"] is None else restore(moved, form(given["t_eval"]))
        found["t_span"] = restore(at_ends, form(given["t_span"]))
    callee, parts = traced.operands(of_parameters)
    found["fun"], found["args"] = callee, args_tangent(parts, given["args"])
    return tuple(found.get(name, ZERO) for name in places.values())


def ends_only(moved: Array, of_first_state: float) -> Array:
    """The cotangents of the first and the last time, of those that the solver chose."""
    if np.any(moved[1:-1]):
        raise DifferentiabilityError(
            "scipy.integrate.solve_ivp chose the times of its result itself: their derivative with respect to `t_span` "
            "is not known; pass `t_eval`, or use the last state only"
        )
    return np.array([moved[0] - of_first_state, moved[-1]])  # (the first state is y0, whenever that is)


@intrinsic(integrate.odeint)
def _odeint(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    given, places, names = bound_call(integrate.odeint, args, kwargs, active)
    only(names, ("func", "y0", "t", "args"), integrate.odeint)
    kept = Kept(given)
    value = integrate.odeint(*args, **kwargs)
    return value, (_reverse_odeint, kept, places, names, np.array(value[0] if given["full_output"] else value))


def _reverse_odeint(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, kept, places, names, y = residual
    given = kept.checked()
    if given["full_output"]:
        g = g[0]
    if g is ZERO:
        return tuple(ZERO for _ in places)
    rest = as_arguments(given["args"])
    traced = Traced(given["func"], rest, 2, names, "func")
    default = 1.49012e-8
    rtol, atol = (default if given[k] is None else given[k] for k in ("rtol", "atol"))
    problem = Problem(traced, bool(given["tfirst"]), "LSODA", rtol, atol, {})
    y0, times = np.atleast_1d(np.asarray(given["y0"], float)), np.asarray(given["t"], float)
    at_start, of_parameters = adjoint(problem, times, y0, g)
    first = times == times[0]
    of_y0 = at_start + np.sum(g[first], axis=0)
    found: dict[str, Tangent] = {"y0": restore(np.reshape(of_y0, np.shape(given["y0"])), form(given["y0"]))}
    if "t" in names:
        of_t = np.array([row @ problem.slope(time, state) for row, time, state in zip(g, times, y, strict=True)])
        of_t[0] = -(at_start + np.sum(g[1:][first[1:]], axis=0)) @ problem.slope(times[0], y0)
        found["t"] = restore(of_t, form(given["t"]))
    callee, parts = traced.operands(of_parameters)
    found["func"], found["args"] = callee, args_tangent(parts, given["args"])
    return tuple(found.get(name, ZERO) for name in places.values())
