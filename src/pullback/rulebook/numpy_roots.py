"""Derivatives of NumPy's algebra of polynomials, as vectors of coefficients, highest first.

    np.roots(p)    ->  -Σ g r^k / p'(r), for the coefficient of x^k
    np.poly(r)     a stand-in in Python: the product of (x - r)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, form, refuse, restore
from pullback.rules import constant, rule, stands_in
from pullback.tangents import Tangent

IN_TEMPLATES = (form, fit)


def root_slopes(y: Array, p: Any) -> Array:
    """How each root changes with each coefficient: -r^k / p'(r), roots along the first axis."""
    coefficients = np.atleast_1d(p)
    k = np.arange(coefficients.size)[::-1]
    steepness = np.polyval(coefficients[:-1] * k[:-1], y)
    if np.any(np.abs(steepness) <= 1e-12 * np.polyval(np.abs(coefficients[:-1] * k[:-1]), np.abs(y))):
        refuse("np.roots has no derivative where two roots coincide")
    slopes: Array = -np.power(y[:, None], k) / steepness[:, None]
    return slopes


def roots_pullback(g: Array, y: Array, p: Any, m: Form) -> Tangent:
    """The cotangent of the coefficients of a polynomial with the roots `y`."""
    return restore(np.reshape(g @ root_slopes(y, p), np.shape(p)), m)


def poly(seq_of_zeros: Any) -> Any:
    """`np.poly`."""
    zeros = np.atleast_1d(seq_of_zeros)
    if zeros.ndim == 2:
        zeros = np.linalg.eigvals(zeros)
    elif zeros.dtype.kind != "c":
        zeros = zeros.astype(float)
    if len(zeros) == 0:
        return 1.0
    a = np.ones((1,), dtype=zeros.dtype)
    for k in range(len(zeros)):
        a = np.convolve(a, np.array([1, -zeros[k]], dtype=zeros.dtype), mode="full")
    return a.real.copy() if in_conjugate_pairs(zeros) else a


def in_conjugate_pairs(zeros: Array) -> bool:
    """Whether a polynomial with these complex zeros is real."""
    return bool(np.iscomplexobj(zeros) and np.all(np.sort(zeros) == np.sort(zeros.conjugate())))


def longer(a: Any, b: Any) -> Any:
    """`a`, with zeros before it if it is shorter than `b`."""
    x = np.atleast_1d(a)
    missing = len(np.atleast_1d(b)) - len(x)
    return np.concatenate((np.zeros(missing, x.dtype), x)) if missing > 0 else x


def polyadd(a1: Any, a2: Any) -> Any:
    """`np.polyadd`."""
    return longer(a1, a2) + longer(a2, a1)


def polysub(a1: Any, a2: Any) -> Any:
    """`np.polysub`."""
    return longer(a1, a2) - longer(a2, a1)


def polymul(a1: Any, a2: Any) -> Any:
    """`np.polymul`: leading zeros are left out."""
    return np.convolve(np.atleast_1d(a1)[leading(a1) :], np.atleast_1d(a2)[leading(a2) :])


def leading(a: Any) -> int:
    """How many leading coefficients are zero, and not the only one."""
    x = np.atleast_1d(a)
    places = np.flatnonzero(x)
    return int(places[0]) if len(places) else len(x) - 1


def polyder(p: Any, m: int = 1) -> Any:
    """`np.polyder`."""
    out = np.asarray(p)
    for _ in range(int(m)):
        out = out[:-1] * np.arange(len(out) - 1, 0, -1)
    return out


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """`np.polyint`."""
    out = np.asarray(p)
    order = int(m)
    constants = np.zeros(order) if k is None else np.atleast_1d(k)
    if len(constants) == 1 and order > 1:
        constants = constants[0] * np.ones(order)
    for j in range(order):
        out = np.concatenate((out / np.arange(len(out), 0, -1), constants[j : j + 1]))
    return out


for _function, _python in (
    (np.poly, poly),
    (np.polyadd, polyadd),
    (np.polysub, polysub),
    (np.polymul, polymul),
    (np.polyder, polyder),
    (np.polyint, polyint),
):
    stands_in(_function, _python)
constant(in_conjugate_pairs, leading)
rule(
    np.roots,
    "p",
    p="roots_pullback(g, y, p, form(p))",
    p_dot="fit(root_slopes(y, p) @ np.ravel(p_dot), y)",
    _returns="array",
)
