"""Derivatives of scipy.stats.multivariate_normal: its density and entropy, with parameters given or frozen.

    logpdf(x, mean, cov)  ->  with d = x - mean, v = cov⁻¹ d:   x: -v,  mean: v,  cov: (v vᵀ - cov⁻¹) / 2
    entropy(mean, cov)    ->  half the logarithm of det cov, and what does not change:   cov: cov⁻¹ / 2

SciPy reads the lower triangle of a covariance matrix: the cotangent is zero above it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from pullback.applying import Residual
from pullback.differential_calls import call_differential
from pullback.rulebook.array_likes import Array, form, refuse, reshaped, restore
from pullback.rulebook.scipy_callables import fields_of
from pullback.rulebook.scipy_linalg import matrix_read, read_back
from pullback.rules import Active, constant, forward_intrinsic, intrinsic, rule
from pullback.tangent_parts import gathered_vector, is_zero, part
from pullback.tangents import ZERO, Tangent, TangentVector, tangent_type
from pullback.trees import leaves

_GEN = type(stats.multivariate_normal)
_FROZEN = type(stats.multivariate_normal([0.0]))


def full(x: Any, mean: Any, cov: Any) -> tuple[Array, Array, Array]:
    """Deviations from the mean, of shape (..., n), the covariance as a matrix, and the whitened deviations."""
    c = covariance_matrix(mean, cov)
    n = c.shape[0]
    points = np.asarray(x, float)
    if points.ndim == 0 or (points.ndim == 1 and n == 1):
        points = points[..., None]
    d = points - np.reshape(0.0 if mean is None else np.asarray(mean, float), (-1,))
    return d, c, np.linalg.solve(c, d[..., None])[..., 0]


def covariance_matrix(mean: Any, cov: Any) -> Array:
    """The covariance as a matrix, in whichever of its forms it is given."""
    if isinstance(cov, stats.Covariance):
        cov = cov.covariance
    c = np.asarray(1.0 if cov is None else cov, float)
    n = np.size(mean) if mean is not None else 1 if c.ndim < 2 else c.shape[0]
    c = np.reshape(c, (1, 1)) if n == 1 else c * np.eye(n) if c.ndim == 0 else np.diag(c) if c.ndim == 1 else c
    c = matrix_read(c, "sym", True)
    if np.linalg.matrix_rank(c, hermitian=True) < n:
        refuse("scipy.stats.multivariate_normal has no derivative where the covariance is singular")
    return c


def weighted(g: Any, y: Any, d: Array, is_log: bool) -> Array:
    """The cotangent of the logarithm of the density at each point, with an axis for the components."""
    t = np.reshape(g if is_log else g * y, d.shape[:-1])
    return np.asarray(t)[..., None]


def point_back(g: Any, y: Any, x: Any, mean: Any, cov: Any, is_log: bool) -> Tangent:
    """The cotangent of the points."""
    d, _, v = full(x, mean, cov)
    return reshaped(_summed(-weighted(g, y, d, is_log) * v, np.shape(x)), form(x))


def _summed(t: Array, shape: tuple[int, ...]) -> Array:
    """Summed over the components where one number stood for all of them."""
    return t if t.size == int(np.prod(shape)) else np.sum(t, axis=-1)


def mean_back(g: Any, y: Any, x: Any, mean: Any, cov: Any, is_log: bool) -> Tangent:
    """The cotangent of the mean."""
    d, _, v = full(x, mean, cov)
    t = np.sum(np.reshape(weighted(g, y, d, is_log) * v, (-1, d.shape[-1])), axis=0)
    return reshaped(t, form(mean))


def covariance_full(g: Any, y: Any, x: Any, mean: Any, cov: Any, is_log: bool) -> Array:
    """The cotangent of the whole covariance matrix."""
    d, c, v = full(x, mean, cov)
    weights = np.reshape(weighted(g, y, d, is_log), (-1,))
    rows = np.reshape(v, (-1, d.shape[-1]))
    t: Array = 0.5 * ((rows * weights[:, None]).T @ rows - np.sum(weights) * np.linalg.inv(c))
    return t


def covariance_back(t: Array, cov: Any) -> Tangent:
    """The cotangent of a covariance that was given as a matrix, as variances, or as one variance for all."""
    if np.ndim(cov) == 0:
        return restore(np.trace(t), form(cov))
    if np.ndim(cov) == 1:
        return restore(np.diagonal(t).copy(), form(cov))
    return read_back(t, form(cov), "sym", True)


def refuse_covariance(t: Any) -> None:
    """A tangent of an object that holds a covariance, which may be a zero only."""
    if any(np.any(leaf) for leaf in tangent_leaves_of(t)):
        refuse("no derivative is known with respect to a scipy.stats.Covariance object; give the matrix")


def tangent_leaves_of(t: Any) -> list[Any]:
    """The numbers in the tangent of an object."""
    return [] if is_zero(t) else list(leaves(t.__dict__ if isinstance(t, TangentVector) else t))


def covariance_tangent(t: Any, n: int) -> Array:
    """The tangent of a covariance as that of the whole matrix that is read of it."""
    k = np.asarray(t)
    return matrix_read(k * np.eye(n) if k.ndim == 0 else np.diag(k) if k.ndim == 1 else k, "sym", True)


def entropy_full(g: Any, mean: Any, cov: Any) -> Array:
    """The cotangent of the whole covariance matrix, from that of the entropy."""
    t: Array = 0.5 * g * np.linalg.inv(covariance_matrix(mean, cov))
    return t


def entropy_tangent(t: Any, mean: Any, cov: Any) -> Any:
    """The tangent of the entropy for that of the covariance."""
    if is_zero(t):
        return ZERO
    if isinstance(cov, stats.Covariance):
        refuse_covariance(t)
        return ZERO
    c = covariance_matrix(mean, cov)
    return 0.5 * np.trace(np.linalg.solve(c, covariance_tangent(t, c.shape[0])))


def tangent(dots: tuple[Any, Any, Any], y: Any, x: Any, mean: Any, cov: Any, is_log: bool) -> Any:
    """The tangent of the density for those of the points, the mean and the covariance; None is a zero."""
    x_dot, mean_dot, cov_dot = dots
    d, c, v = full(x, mean, cov)
    moved = np.zeros_like(d)
    if x_dot is not None:
        moved = moved + np.reshape(np.asarray(x_dot), (*np.shape(x_dot), *([1] * (d.ndim - np.ndim(x_dot)))))
    if mean_dot is not None:
        moved = moved - np.reshape(np.asarray(mean_dot), (-1,))
    t = -np.sum(v * moved, axis=-1)
    if cov_dot is not None and isinstance(cov, stats.Covariance):
        refuse_covariance(cov_dot)
    elif cov_dot is not None:
        e = covariance_tangent(cov_dot, d.shape[-1])
        t = t + 0.5 * (np.einsum("...i,ij,...j", v, e, v) - np.trace(np.linalg.solve(c, e)))
    t = np.reshape(t, np.shape(y))[()]
    return t if is_log else t * y


for _method, _is_log in ((_GEN.logpdf, True), (_GEN.pdf, False)):
    rule(
        _method,
        "self, x, mean=None, cov=1, allow_singular=False",
        x=f"point_back(g, y, x, mean, cov, {_is_log})",
        mean=f"mean_back(g, y, x, mean, cov, {_is_log})",
        cov=f"covariance_back(covariance_full(g, y, x, mean, cov, {_is_log}), cov)",
        x_dot=f"tangent((x_dot, None, None), y, x, mean, cov, {_is_log})",
        mean_dot=f"tangent((None, mean_dot, None), y, x, mean, cov, {_is_log})",
        cov_dot=f"tangent((None, None, cov_dot), y, x, mean, cov, {_is_log})",
    )

rule(
    _GEN.entropy,
    "self, mean=None, cov=1",
    cov="covariance_back(entropy_full(g, mean, cov), cov)",
    cov_dot="entropy_tangent(cov_dot, mean, cov)",
    _inert="mean",
)


# A distribution with its parameters: their cotangents are fields of its own


@intrinsic(_GEN.__call__)
def _freeze(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    return args[0](*args[1:], **kwargs), (_unfreeze, args, kwargs, active)


def mean_field(t: Any) -> Any:
    """The tangent of a mean as that of the field `mean`, which has an axis."""
    return ZERO if is_zero(t) else np.reshape(t, (-1,))


def covariance_field(t: Any, n: int) -> Any:
    """The tangent of a covariance as that of the field `cov`, a matrix."""
    if is_zero(t):
        return ZERO
    if np.ndim(t) == 0:
        return t * np.eye(n)
    return np.diag(t) if np.ndim(t) == 1 else t


@forward_intrinsic(_GEN.__call__)
def _freeze_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    frozen = args[0](*args[1:], **kwargs)
    mean_dot = dots[1] if len(args) > 1 else part(kwdots, "mean")
    cov_dot = dots[2] if len(args) > 2 else part(kwdots, "cov")
    fields = (mean_field(mean_dot), covariance_field(cov_dot, dimension(frozen)))
    return frozen, gathered_vector(frozen, ("mean", "cov"), fields)


def dimension(frozen: Any) -> int:
    """How many components there are."""
    return int(frozen.dim)


def mean_of(frozen: Any) -> Any:
    """The mean of a frozen distribution."""
    return frozen.mean


def covariance_of(frozen: Any) -> Any:
    """Its covariance matrix."""
    return frozen.cov


def distribution_of(frozen: Any) -> Any:
    """What it was frozen from, with its method."""
    return frozen._dist


def method_of(distribution: Any, fn: Any) -> Any:
    """The method that a frozen distribution's stands for."""
    return getattr(type(distribution), fn.__name__)


def _frozen_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    frozen = args[0]
    x, x_dot = (args[1], dots[1]) if len(args) > 1 else (kwargs["x"], part(kwdots, "x"))
    distribution = distribution_of(frozen)
    operands = (distribution, x, mean_of(frozen), covariance_of(frozen))
    along = (ZERO, x_dot, part(dots[0], "mean"), part(dots[0], "cov"))
    return call_differential(method_of(distribution, fn), ZERO, operands, along)


def _unfreeze(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, args, kwargs, active = residual
    fields_of(g, ("mean", "cov"), "a frozen distribution")
    out: list[Tangent] = []
    for a in active:
        name = a if isinstance(a, str) else ("self", "mean", "cov")[a]
        value = kwargs[a] if isinstance(a, str) else args[a]
        t = g.__dict__.get(name, ZERO)
        if t is ZERO or name not in ("mean", "cov"):
            out.append(ZERO)
        else:
            out.append(reshaped(t, form(value)) if name == "mean" else covariance_back(t, value))
    return tuple(out)


def _of_frozen(method: Any, is_log: bool) -> None:
    forward_intrinsic(method)(_frozen_differential)

    @intrinsic(method)
    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
        frozen, x = args[0], args[1] if len(args) > 1 else kwargs["x"]
        y = method(frozen, x)
        return y, (_thaw, y, frozen, x, is_log, active)


def _thaw(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, y, frozen, x, is_log, active = residual
    operands = (x, frozen.mean, frozen.cov, is_log)
    out: list[Tangent] = []
    for a in active:
        if a == 0:
            fields = {"mean": mean_back(g, y, *operands), "cov": covariance_full(g, y, *operands)}
            out.append(tangent_type(_FROZEN)(**fields))
        else:
            out.append(point_back(g, y, *operands))
    return tuple(out)


constant(dimension, distribution_of, method_of, refuse_covariance)
rule(mean_of, "frozen", frozen="tangent_type(type(frozen))(mean=g)", frozen_dot="part(frozen_dot, 'mean')")
rule(covariance_of, "frozen", frozen="tangent_type(type(frozen))(cov=g)", frozen_dot="part(frozen_dot, 'cov')")
rule(
    _FROZEN.entropy,
    "frozen",
    frozen="tangent_type(type(frozen))(cov=entropy_full(g, mean_of(frozen), covariance_of(frozen)))",
    frozen_dot="entropy_tangent(part(frozen_dot, 'cov'), mean_of(frozen), covariance_of(frozen))",
)
_of_frozen(_FROZEN.logpdf, True)
_of_frozen(_FROZEN.pdf, False)
