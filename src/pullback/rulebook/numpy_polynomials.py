"""Derivatives of polynomials and discrete convolutions in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, form, refuse, reshaped, restore, shape_of, size_of
from pullback.rules import constant, rule
from pullback.tangents import Tangent

IN_TEMPLATES = (form,)


def vander_slopes(x: Any, count: int, increasing: bool) -> Array:
    """The derivatives k x ** (k - 1) of the columns x ** k, with k falling unless `increasing`."""
    k = np.arange(count) if increasing else np.arange(count)[::-1]
    slopes: Array = k * np.asarray(x)[:, None] ** np.maximum(k - 1, 0)
    return slopes


def vander_pullback(g: Array, x: Any, increasing: bool) -> Tangent:
    """The cotangent of the points of a Vandermonde matrix."""
    return restore(np.sum(g * vander_slopes(x, g.shape[-1], increasing), axis=-1), form(x))


def vander_tangent(x_dot: Any, y: Array, x: Any, increasing: bool) -> Tangent:
    """The tangent of a Vandermonde matrix `y`."""
    return fit(np.asarray(x_dot)[:, None] * vander_slopes(x, y.shape[-1], increasing), y)


def coefficients_pullback(g: Any, x: Any, m: Form) -> Tangent:
    """The cotangents of a polynomial's coefficients, highest first: sums of g times powers of x."""
    if len(shape_of(m)) != 1:
        refuse("np.polyval has a derivative for a vector of coefficients only")
    powers = np.arange(size_of(m))[::-1]
    return restore(np.sum(np.ravel(g) * np.ravel(x) ** powers[:, None], axis=-1), m)


def polyval_slope(p: Any, x: Any) -> Any:
    """The derivative of the polynomial `p` (coefficients, highest first) at x."""
    p = np.asarray(p)
    if p.ndim != 1:
        refuse("np.polyval has a derivative for a vector of coefficients only")
    return np.polyval(p[:-1] * np.arange(p.size - 1, 0, -1), x)


def full_cotangent(g: Array, skipped: int, length: int) -> Array:
    """The cotangent of a full convolution of which `g` is that of a part, `skipped` entries from the start."""
    return np.pad(g, (skipped, length - skipped - g.size))


def first_kept(mode: str, n: int, m: int) -> int:
    """Where np.convolve's result begins within the full convolution of n and m entries."""
    shorter = min(n, m)
    return {"full": 0, "same": (shorter - 1) // 2, "valid": shorter - 1}[mode]


def first_correlated(mode: str, n: int, m: int) -> int:
    """Where np.correlate's result begins; "same" leaves the odd entry off at the other end if n < m."""
    kept = first_kept(mode, n, m)
    return n - 1 - kept if mode == "same" and n < m else kept


def convolve_pullback(g: Array, other: Any, m: Form, mode: str) -> Tangent:
    """The cotangent of either operand of np.convolve: `g` correlated with the other."""
    other = np.atleast_1d(other)
    g = full_cotangent(g, first_kept(mode, size_of(m), other.size), size_of(m) + other.size - 1)
    return reshaped(np.convolve(g, other[::-1], "valid"), m)


def correlate_pullback(g: Array, other: Any, m: Form, mode: str, first: bool) -> Tangent:
    """The cotangent of an operand of np.correlate(a, v) = convolve(a, conj(v) reversed)."""
    other = np.atleast_1d(other)
    sizes = (size_of(m), other.size) if first else (other.size, size_of(m))
    g = full_cotangent(g, first_correlated(mode, *sizes), sum(sizes) - 1)
    if first:
        return reshaped(np.convolve(g, np.conj(other), "valid"), m)
    return reshaped(np.conj(np.convolve(g, other[::-1], "valid")[::-1]), m)


constant(first_kept, first_correlated)
rule(
    np.vander,
    "x, N=None, increasing=False",
    x="vander_pullback(g, x, increasing)",
    x_dot="vander_tangent(x_dot, y, x, increasing)",
    _returns="array",
)
rule(
    np.polyval,
    "p, x",
    p="coefficients_pullback(g, x, form(p))",
    x="restore(g * polyval_slope(p, x), form(x))",
    x_dot="fit(x_dot * polyval_slope(p, x), y)",
    _linear="p",
)
rule(
    np.convolve,
    "a, v, mode='full'",
    a="convolve_pullback(g, v, form(a), mode)",
    v="convolve_pullback(g, a, form(v), mode)",
    _linear="a, v",
    _returns="array",
)
rule(
    np.correlate,
    "a, v, mode='valid'",
    a="correlate_pullback(g, v, form(a), mode, True)",
    v="correlate_pullback(g, a, form(v), mode, False)",
    _linear="a, v",
    _returns="array",
)
