"""Derivatives of scipy.linalg: matrices with a structure, and the equations of Sylvester and Lyapunov.

    linalg.toeplitz(c, r)              ->  each entry of c and r gets the sum of g along its diagonal
    x = linalg.solve_sylvester(a, b, q)  ->  s = solve_sylvester(aᵀ, bᵀ, g);  q: s,  a: -s xᵀ,  b: -xᵀ s
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from pullback.rulebook.array_likes import Array, form, refuse, restore
from pullback.rulebook.numpy_linalg import transposed
from pullback.rulebook.scipy_linalg import columns, flat
from pullback.rules import constant, rule
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form, restore, transposed)

# Matrices put together


def corner(arrs: Any, k: int) -> tuple[int, int]:
    """Where the k-th block of a block diagonal begins."""
    sizes = [np.shape(np.atleast_2d(x))[-2:] for x in arrs[:k]]
    return sum(s[0] for s in sizes), sum(s[1] for s in sizes)


def block_part(g: Array, arrs: Any, k: int) -> Tangent:
    """The cotangent of the k-th block."""
    row, column = corner(arrs, k)
    height, width = np.shape(np.atleast_2d(arrs[k]))[-2:]
    part = g[..., row : row + height, column : column + width]
    return restore(np.reshape(part, np.shape(arrs[k])) if np.ndim(arrs[k]) < 2 else part, form(arrs[k]))


def block_tangent(t: Any, arrs: Any, k: int) -> Array:
    """The block diagonal with the tangent of the k-th block in its place and zeros in the others'."""
    return np.asarray(linalg.block_diag(*(t if j == k else np.zeros_like(x) for j, x in enumerate(arrs))))


def vector_only(x: Any, name: str) -> int:
    """The length of a vector; an error for another shape."""
    if np.ndim(x) != 1:
        refuse(f"the derivative of scipy.linalg.{name} covers one-dimensional arguments, not shape {np.shape(x)}")
    return len(x)


def toeplitz_back(g: Array, c: Any, r: Any) -> tuple[Tangent, Tangent]:
    """The cotangents of the first column and the first row, whose first entry is not read."""
    rows = vector_only(c, "toeplitz")
    columns_ = rows if r is None else vector_only(r, "toeplitz")
    i, j = np.indices((rows, columns_))
    of_c, of_r = np.zeros(rows, g.dtype), np.zeros(columns_, g.dtype)
    np.add.at(of_c, (i - j)[i >= j], g[i >= j])
    np.add.at(of_r, (j - i)[i < j], g[i < j])
    if r is None:  # the row is the conjugate of the column
        return restore(of_c + np.conj(of_r), form(c)), ZERO
    return restore(of_c, form(c)), restore(of_r, form(r))


def toeplitz_tangent(c_dot: Any, r_dot: Any, c: Any, r: Any) -> Array:
    """The Toeplitz matrix of the tangents."""
    if r is None:
        return np.asarray(linalg.toeplitz(c_dot))
    column = np.zeros(len(c)) if c_dot is None else c_dot
    row = np.zeros(len(r)) if r_dot is None else np.concatenate((np.zeros(1), np.asarray(r_dot)[1:]))
    return np.asarray(linalg.toeplitz(column, row))


def hankel_back(g: Array, c: Any, r: Any) -> tuple[Tangent, Tangent]:
    """The cotangents of the first column and the last row, whose first entry is not read."""
    rows = vector_only(c, "hankel")
    columns_ = rows if r is None else vector_only(r, "hankel")
    i, j = np.indices((rows, columns_))
    of_c, of_r = np.zeros(rows, g.dtype), np.zeros(columns_, g.dtype)
    inside = i + j < rows
    np.add.at(of_c, (i + j)[inside], g[inside])
    np.add.at(of_r, (i + j - rows + 1)[~inside], g[~inside])
    return restore(of_c, form(c)), ZERO if r is None else restore(of_r, form(r))


def hankel_tangent(c_dot: Any, r_dot: Any, c: Any, r: Any) -> Array:
    """The Hankel matrix of the tangents."""
    column = np.zeros(len(c)) if c_dot is None else np.asarray(c_dot)
    row = np.zeros(len(c) if r is None else len(r)) if r_dot is None else np.array(r_dot)
    row[0] = column[-1]
    return np.asarray(linalg.hankel(column, row))


def circulant_back(g: Array, c: Any) -> Tangent:
    """The cotangent of the first column: sums along the wrapped diagonals."""
    n = vector_only(c, "circulant")
    i, j = np.indices((n, n))
    t = np.zeros(n, g.dtype)
    np.add.at(t, (i - j) % n, g)
    return restore(t, form(c))


# Systems with a structure


def parts_of(c_or_cr: Any) -> tuple[Any, Any]:
    """The first column and the first row of a Toeplitz matrix; None for a row that is the column's conjugate."""
    return c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)


def reflected(c_or_cr: Any) -> tuple[Any, Any]:
    """The column and row of the transposed matrix."""
    c, r = parts_of(c_or_cr)
    return (np.conj(c), c) if r is None else (np.concatenate((np.asarray(c)[:1], np.asarray(r)[1:])), c)


def toeplitz_system_left(g: Array, y: Array, c_or_cr: Any, b: Any) -> Tangent:
    """The cotangents of column and row: those of the matrix, -s xᵀ, along its diagonals."""
    vector = np.ndim(b) == 1
    s = columns(linalg.solve_toeplitz(reflected(c_or_cr), g), vector)
    parts = toeplitz_back(-(s @ columns(y, vector).T), *parts_of(c_or_cr))
    return parts if isinstance(c_or_cr, tuple) else parts[0]


def toeplitz_system_tangent(dots: Any, y: Array, c_or_cr: Any, b: Any) -> Array:
    """-T⁻¹ Ṫ x."""
    c_dot, r_dot = dots if isinstance(c_or_cr, tuple) else (dots, None)
    c_dot, r_dot = (None if t is ZERO else t for t in (c_dot, r_dot))
    vector = np.ndim(b) == 1
    moved = flat(toeplitz_tangent(c_dot, r_dot, *parts_of(c_or_cr)) @ columns(y, vector), vector)
    return np.asarray(-linalg.solve_toeplitz(c_or_cr, moved))


def bands_transposed(l_and_u: Any, ab: Array) -> Array:
    """The diagonals of the transposed matrix, in LAPACK's order."""
    below, above = l_and_u
    out = np.zeros_like(ab)
    n = ab.shape[-1]
    for d in range(-above, below + 1):  # the diagonal i - j = d
        size = n - abs(d)
        if size > 0:
            start = max(-d, 0)
            out[..., below - d, start + d : start + d + size] = ab[..., above + d, start : start + size]
    return out


def bands_back(t: Array, l_and_u: Any, ab: Any) -> Tangent:
    """The diagonals of a matrix's cotangent."""
    below, above = l_and_u
    out = np.zeros(np.shape(ab), t.dtype)
    n = t.shape[-1]
    for d in range(-above, below + 1):
        size = n - abs(d)
        if size > 0:
            start = max(-d, 0)
            out[..., above + d, start : start + size] = np.diagonal(t, -d, -2, -1)
    return restore(out, form(ab))


def banded_right(g: Array, l_and_u: Any, ab: Any) -> Array:
    """The solution s of Aᵀ s = g."""
    below, above = l_and_u
    return np.asarray(linalg.solve_banded((above, below), bands_transposed(l_and_u, np.asarray(ab)), g))


def banded_left(g: Array, y: Array, l_and_u: Any, ab: Any, b: Any) -> Tangent:
    """The diagonals of -s xᵀ."""
    vector = np.ndim(b) == 1
    s = columns(banded_right(g, l_and_u, ab), vector)
    return bands_back(-(s @ transposed(columns(y, vector))), l_and_u, ab)


def full_bands(l_and_u: Any, ab: Any) -> Array:
    """The matrix with the given diagonals."""
    below, above = l_and_u
    x = np.asarray(ab)
    n = x.shape[-1]
    out = np.zeros((*x.shape[:-2], n, n), x.dtype)
    for d in range(-above, below + 1):
        size = n - abs(d)
        if size > 0:
            start = max(-d, 0)
            k = np.arange(start, start + size)
            out[..., k + d, k] = x[..., above + d, start : start + size]
    return out


def banded_tangent(ab_dot: Any, y: Array, l_and_u: Any, ab: Any, b: Any) -> Array:
    """-A⁻¹ Ȧ x."""
    vector = np.ndim(b) == 1
    moved = flat(full_bands(l_and_u, ab_dot) @ columns(y, vector), vector)
    return np.asarray(-linalg.solve_banded(l_and_u, ab, moved))


# Sylvester and Lyapunov


def discrete_back(g: Array, y: Array, a: Any, s: Array) -> Tangent:
    """The cotangent of A in A X Aᴴ - X + Q = 0."""
    x = np.asarray(a)
    return restore(s @ np.conj(x) @ y.T + np.conj(s.T @ x @ y), form(a))


def lyapunov_back(s: Array, y: Array, a: Any) -> Tangent:
    """The cotangent of A in A X + X Aᴴ = Q."""
    return restore(-(s @ y.T) - np.conj(s.T @ y), form(a))


def discrete_tangent(a_dot: Any, y: Array, a: Any, method: Any) -> Array:
    """The solution for Q = Ȧ X Aᴴ + A X Ȧᴴ."""
    x, d = np.asarray(a), np.asarray(a_dot)
    moved = d @ y @ np.conj(x.T)
    back = x @ y @ np.conj(d.T)
    return np.asarray(linalg.solve_discrete_lyapunov(a, moved + back, method))


rule(
    linalg.block_diag,
    "*arrs",
    arrs="block_part(g, arrs, i)",
    arrs_dot="block_tangent(arrs_dot, arrs, i)",
    _returns="array",
)
rule(
    linalg.toeplitz,
    "c, r=None",
    c="toeplitz_back(g, c, r)[0]",
    r="toeplitz_back(g, c, r)[1]",
    c_dot="toeplitz_tangent(c_dot, None, c, r)",
    r_dot="toeplitz_tangent(None, r_dot, c, r)",
    _returns="array",
)
rule(
    linalg.hankel,
    "c, r=None",
    c="hankel_back(g, c, r)[0]",
    r="hankel_back(g, c, r)[1]",
    c_dot="hankel_tangent(c_dot, None, c, r)",
    r_dot="hankel_tangent(None, r_dot, c, r)",
    _returns="array",
)
rule(linalg.circulant, "c", c="circulant_back(g, c)", _linear="c", _returns="array")
rule(
    linalg.khatri_rao,
    "a, b",
    a="restore(np.einsum('ijk,jk->ik', np.reshape(g, (-1, *np.shape(b))), b), form(a))",
    b="restore(np.einsum('ijk,ik->jk', np.reshape(g, (-1, *np.shape(b))), a), form(b))",
    _linear="a, b",
    _returns="array",
)
rule(
    linalg.solve_toeplitz,
    "c_or_cr, b, check_finite=True",
    c_or_cr="toeplitz_system_left(g, y, c_or_cr, b)",
    b="restore(linalg.solve_toeplitz(reflected(c_or_cr), g), form(b))",
    c_or_cr_dot="toeplitz_system_tangent(c_or_cr_dot, y, c_or_cr, b)",
    _linear="b",
    _returns="array",
)
rule(
    linalg.solve_banded,
    "l_and_u, ab, b, *, check_finite=True",
    ab="banded_left(g, y, l_and_u, ab, b)",
    b="restore(banded_right(g, l_and_u, ab), form(b))",
    ab_dot="banded_tangent(ab_dot, y, l_and_u, ab, b)",
    _linear="b",
    _returns="array",
)
rule(
    linalg.solve_sylvester,
    "a, b, q",
    a="restore(-linalg.solve_sylvester(transposed(a), transposed(b), g) @ transposed(y), form(a))",
    b="restore(-transposed(y) @ linalg.solve_sylvester(transposed(a), transposed(b), g), form(b))",
    q="restore(linalg.solve_sylvester(transposed(a), transposed(b), g), form(q))",
    a_dot="linalg.solve_sylvester(a, b, -np.asarray(a_dot) @ y)",
    b_dot="linalg.solve_sylvester(a, b, -y @ np.asarray(b_dot))",
    _linear="q",
    _returns="array",
)
for _lyapunov in {linalg.solve_continuous_lyapunov, linalg.solve_lyapunov}:
    rule(
        _lyapunov,
        "a, q",
        a="lyapunov_back(linalg.solve_continuous_lyapunov(transposed(a), g), y, a)",
        q="restore(linalg.solve_continuous_lyapunov(transposed(a), g), form(q))",
        a_dot="linalg.solve_continuous_lyapunov(a, -(np.asarray(a_dot) @ y + y @ np.conj(transposed(a_dot))))",
        _linear="q",
        _returns="array",
    )
rule(
    linalg.solve_discrete_lyapunov,
    "a, q, method=None",
    a="discrete_back(g, y, a, linalg.solve_discrete_lyapunov(transposed(a), g, method))",
    q="restore(linalg.solve_discrete_lyapunov(transposed(a), g, method), form(q))",
    a_dot="discrete_tangent(a_dot, y, a, method)",
    _linear="q",
    _returns="array",
)

# What is asked of a matrix, and matrices that are made of a size
constant(linalg.issymmetric, linalg.ishermitian, linalg.bandwidth)
constant(linalg.hadamard, linalg.hilbert, linalg.invhilbert, linalg.pascal, linalg.invpascal, linalg.helmert)
