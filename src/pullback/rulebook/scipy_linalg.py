"""Derivatives of scipy.linalg: linear systems, inverses, and the triangular factors that solve them.

    linalg.solve(a, b)  ->  b: s = solve(aᵀ, g);  a: -s xᵀ

A function that is told what kind of matrix it is given (symmetric, triangular, ...) reads a part of
it only: the cotangent is zero elsewhere. `overwrite_a=True` has no derivative, as it destroys what
the derivative needs, and is refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from pullback.rulebook.array_likes import Array, Form, form, gathered, refuse, restore, shape_of
from pullback.rulebook.numpy_decompositions import cholesky_pullback, lower_half
from pullback.rulebook.numpy_linalg import (
    adjoint,
    cofactors,
    lstsq_matrix,
    lstsq_pinv,
    lstsq_right,
    pinv_pullback,
    transposed,
)
from pullback.rules import rule
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form, cholesky_pullback, lstsq_matrix, lstsq_right)
_SYMMETRIC = ("symmetric", "sym")
_HERMITIAN = ("hermitian", "her", "positive definite", "pos")


def columns(x: Any, is_vector: bool) -> Array:
    """A vector as a matrix of one column."""
    return np.expand_dims(x, -1) if is_vector else np.asarray(x)


def flat(x: Array, is_vector: bool) -> Array:
    """The reverse of `columns`."""
    return x[..., 0] if is_vector else x


def is_vector(b: Any) -> bool:
    """Whether a right-hand side, or its form, is one vector; otherwise its last two axes are a matrix."""
    return len(shape_of(b)) == 1 if b.__class__ is tuple or not isinstance(b, np.ndarray) else b.ndim == 1


def matrix_read(a: Any, assume: Any, lower: Any, unit: Any = False) -> Array:
    """The matrix that a function solves with, as it reads it from `a`: linear in `a`, over the reals."""
    x = np.asarray(a)
    if assume in _SYMMETRIC or assume in _HERMITIAN:
        off = np.tril(x, -1) if lower else np.triu(x, 1)
        middle = x * np.eye(x.shape[-1])
        if assume in _SYMMETRIC:
            return off + transposed(off) + middle
        return off + adjoint(off) + np.real(middle)
    if assume in ("upper triangular", "lower triangular"):
        if unit:
            return np.triu(x, 1) if assume[0] == "u" else np.tril(x, -1)
        return np.triu(x) if assume[0] == "u" else np.tril(x)
    if assume == "diagonal":
        return x * np.eye(x.shape[-1])
    if assume == "tridiagonal":
        return np.triu(np.tril(x, 1), -1)
    return x


def read_back(t: Array, m: Form, assume: Any, lower: Any, unit: Any = False) -> Tangent:
    """The cotangent of `a` from that of the matrix read from it: the adjoint of `matrix_read`."""
    if assume in _SYMMETRIC or assume in _HERMITIAN:
        both = t + (transposed(t) if assume in _SYMMETRIC else adjoint(t))
        off = np.tril(both, -1) if lower else np.triu(both, 1)
        middle = t * np.eye(t.shape[-1])
        return restore(off + (middle if assume in _SYMMETRIC else np.real(middle)), m)
    return restore(matrix_read(t, assume, lower, unit), m)


def solve_right(g: Array, a: Any, m: Form, assume: Any, lower: Any, is_transposed: Any) -> Tangent:
    """The cotangent of the right-hand side of E x = b: the solution of Eᵀ s = g."""
    e = matrix_read(a, assume, lower)
    vector = is_vector(m)
    return restore(flat(np.linalg.solve(e if is_transposed else transposed(e), columns(g, vector)), vector), m)


def solve_left(g: Array, y: Array, a: Any, m: Form, assume: Any, lower: Any, is_transposed: Any) -> Tangent:
    """The cotangent of the matrix of E x = b: -s xᵀ."""
    e = matrix_read(a, assume, lower)
    vector = is_vector(m)
    s = np.linalg.solve(e if is_transposed else transposed(e), columns(g, vector))
    t = -(s @ transposed(columns(y, vector)))
    return read_back(transposed(t) if is_transposed else t, form(a), assume, lower)


def solve_tangent(a_dot: Any, y: Array, a: Any, b: Any, assume: Any, lower: Any, is_transposed: Any) -> Array:
    """The tangent of x in E x = b for that of a: -E⁻¹ Ė x."""
    e, e_dot = matrix_read(a, assume, lower), matrix_read(a_dot, assume, lower)
    if is_transposed:
        e, e_dot = transposed(e), transposed(e_dot)
    vector = np.ndim(b) == 1
    return flat(-np.linalg.solve(e, e_dot @ columns(y, vector)), vector)


def triangular_name(lower: Any) -> str:
    """What `matrix_read` calls a triangular matrix."""
    return "lower triangular" if lower else "upper triangular"


def code_of(trans: Any) -> int:
    """0, 1 or 2 for a matrix itself, transposed, or transposed and conjugated."""
    return {"N": 0, "T": 1, "C": 2}[trans] if isinstance(trans, str) else int(trans)


def triangular_right(g: Array, a: Any, trans: Any, lower: Any, unit: Any) -> Array:
    """The solution s of op(A)ᵀ s = g for a triangular A."""
    trans = code_of(trans)
    if trans == 2:
        s = linalg.solve_triangular(a, np.conj(g), trans=0, lower=lower, unit_diagonal=unit)
        return np.asarray(np.conj(s))
    return np.asarray(linalg.solve_triangular(a, g, trans=1 - trans, lower=lower, unit_diagonal=unit))


def outer_back(s: Array, x: Array, trans: int, vector: bool) -> Array:
    """The cotangent of A where op(A) x = b and s is the cotangent of b."""
    s, x = columns(s, vector), columns(x, vector)
    if trans == 0:
        return -(s @ transposed(x))
    t = -(x @ transposed(s))
    return t if trans == 1 else np.conj(t)


def triangular_left(g: Array, y: Array, a: Any, b: Any, trans: Any, lower: Any, unit: Any) -> Tangent:
    """The cotangent of a triangular matrix: the triangle of -s xᵀ, without a diagonal that is taken to be ones."""
    s = triangular_right(g, a, trans, lower, unit)
    t = outer_back(s, y, code_of(trans), np.ndim(b) == 1)
    return read_back(t, form(a), triangular_name(lower), lower, unit)


def operated(x: Array, trans: int) -> Array:
    """op(x): itself, transposed, or transposed and conjugated."""
    return x if trans == 0 else transposed(x) if trans == 1 else adjoint(x)


def triangular_tangent(a_dot: Any, y: Array, a: Any, b: Any, trans: Any, lower: Any, unit: Any) -> Array:
    """-op(A)⁻¹ op(Ȧ) x."""
    vector = np.ndim(b) == 1
    moved = operated(matrix_read(a_dot, triangular_name(lower), lower, unit), code_of(trans)) @ columns(y, vector)
    return np.asarray(-linalg.solve_triangular(a, flat(moved, vector), trans=trans, lower=lower, unit_diagonal=unit))


# Cholesky


def cholesky_tangent(a_dot: Any, y: Array, lower: Any) -> Array:
    """L Φ(L⁻¹ Ȧ L⁻ᴴ) of the factor L of A = L Lᴴ; its conjugate transpose for an upper one."""
    factor = y if lower else adjoint(y)
    moved = matrix_read(a_dot, "hermitian", lower)
    inner = np.linalg.solve(factor, adjoint(np.linalg.solve(factor, moved)))
    t = factor @ lower_half(adjoint(inner))
    return t if lower else adjoint(t)


def cho_factor_pullback(g: Any, y: Any, a: Any, lower: Any) -> Tangent:
    """The cotangent of cho_factor's matrix: through the factor, and the entries of `a` left in its other triangle."""
    if g[0] is ZERO:
        return ZERO
    c, half = y[0], np.tril if lower else np.triu
    t = cholesky_pullback(half(g[0]), half(c), form(np.asarray(c)), not lower)
    return restore(t + (np.triu(g[0], 1) if lower else np.tril(g[0], -1)), form(a))


def cho_factor_tangent(a_dot: Any, y: Any, lower: Any) -> tuple[Any, Any]:
    """The tangent of (c, lower)."""
    a_dot = np.asarray(a_dot)
    rest = np.triu(a_dot, 1) if lower else np.tril(a_dot, -1)
    return cholesky_tangent(a_dot, np.tril(y[0]) if lower else np.triu(y[0]), lower) + rest, ZERO


def cho_solve_right(g: Array, c_and_lower: Any) -> Array:
    """The cotangent of the right-hand side: the solution with the conjugate matrix."""
    return np.asarray(np.conj(linalg.cho_solve(c_and_lower, np.conj(g))))


def cho_solve_left(g: Array, y: Array, c_and_lower: Any, b: Any) -> Tangent:
    """The cotangent of the factor: of A = L Lᴴ the triangle of (T + Tᴴ) conj L, with T = -s xᵀ."""
    c, lower = c_and_lower
    t = outer_back(cho_solve_right(g, c_and_lower), y, 0, np.ndim(b) == 1)
    both = t + adjoint(t)
    c_bar = np.tril(both @ np.conj(np.tril(c))) if lower else np.triu(np.conj(np.triu(c)) @ both)
    return type(c_and_lower)((restore(c_bar, form(c)), ZERO))


def cho_solve_tangent(c_dot: Any, y: Array, c_and_lower: Any, b: Any) -> Array:
    """-A⁻¹ Ȧ x, with Ȧ = L̇ Lᴴ + L L̇ᴴ."""
    c, lower = c_and_lower
    if c_dot[0] is ZERO:
        return np.zeros_like(y)
    half = np.tril if lower else np.triu
    f, f_dot = half(c), half(c_dot[0])
    moved = f_dot @ adjoint(f) + f @ adjoint(f_dot) if lower else adjoint(f_dot) @ f + adjoint(f) @ f_dot
    vector = np.ndim(b) == 1
    return np.asarray(-linalg.cho_solve(c_and_lower, flat(moved @ columns(y, vector), vector)))


# LU


def square_only(a: Any, name: str) -> None:
    """An error for a rectangular matrix."""
    if np.shape(a)[-1] != np.shape(a)[-2]:
        refuse(f"scipy.linalg.{name} has a derivative for square matrices only, not of shape {np.shape(a)}")


def factors(lu: Any) -> tuple[Array, Array]:
    """L, with ones in its diagonal, and U, from what lu_factor returns."""
    return np.tril(lu, -1) + np.eye(np.shape(lu)[-1]), np.triu(lu)


def order_of(piv: Any) -> Array:
    """The order of A's rows in L U, from LAPACK's sequence of swaps."""
    piv = np.asarray(piv)
    order = np.broadcast_to(np.arange(piv.shape[-1]), piv.shape).copy()
    for index in np.ndindex(piv.shape[:-1]):
        for k, other in enumerate(piv[index]):
            order[(*index, k)], order[(*index, other)] = order[(*index, other)], order[(*index, k)]
    return order


def rows(x: Array, order: Array) -> Array:
    """The rows of a matrix, or of each of a stack, in another order."""
    return np.take_along_axis(x, np.expand_dims(order, -1), axis=-2)


def lu_back(l_bar: Array, u_bar: Array, lower: Array, upper: Array) -> Array:
    """The cotangent of M = L U: L⁻ᵀ (tril(Lᵀ L̄, -1) + triu(Ū Uᵀ)) U⁻ᵀ."""
    middle = np.tril(transposed(lower) @ l_bar, -1) + np.triu(u_bar @ transposed(upper))
    left = np.linalg.solve(transposed(lower), middle)
    return transposed(np.linalg.solve(upper, transposed(left)))


def lu_ahead(moved: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """The tangents of L and U for that of M = L U."""
    f = transposed(np.linalg.solve(transposed(upper), transposed(np.linalg.solve(lower, moved))))
    return lower @ np.tril(f, -1), np.triu(f) @ upper


def lu_factor_pullback(g: Any, y: Any, a: Any) -> Tangent:
    """The cotangent of lu_factor's matrix, while its pivots stay."""
    if g[0] is ZERO:
        return ZERO
    square_only(a, "lu_factor")
    t = lu_back(np.tril(g[0], -1), np.triu(g[0]), *factors(y[0]))
    return restore(rows(t, np.argsort(order_of(y[1]))), form(a))


def lu_factor_tangent(a_dot: Any, y: Any) -> tuple[Any, Any]:
    """The tangent of (lu, piv)."""
    square_only(a_dot, "lu_factor")
    l_dot, u_dot = lu_ahead(rows(np.asarray(a_dot), order_of(y[1])), *factors(y[0]))
    return l_dot + u_dot, ZERO


def lu_pullback(g: Any, a: Any, permute_l: Any) -> Tangent:
    """The cotangent of A = P L U, while its pivots stay."""
    square_only(a, "lu")
    order, lower, upper = linalg.lu(a, p_indices=True)  # A is the rows of L U in this order
    g_l, g_u = g[-2:]
    l_bar = gathered(g_l, form(lower))
    l_bar = rows(l_bar, np.argsort(order)) if permute_l else l_bar
    return restore(rows(lu_back(np.tril(l_bar, -1), np.triu(gathered(g_u, form(upper))), lower, upper), order), form(a))


def lu_tangent(a_dot: Any, a: Any, permute_l: Any) -> tuple[Any, ...]:
    """The tangent of (p, l, u), or of (p l, u)."""
    square_only(a, "lu")
    order, lower, upper = linalg.lu(a, p_indices=True)
    l_dot, u_dot = lu_ahead(rows(np.asarray(a_dot), np.argsort(order)), lower, upper)
    return (rows(l_dot, order), u_dot) if permute_l else (ZERO, l_dot, u_dot)


def lu_solve_right(g: Array, lu_and_piv: Any, trans: Any) -> Array:
    """The solution s of op(A)ᵀ s = g."""
    if trans == 2:
        return np.asarray(np.conj(linalg.lu_solve(lu_and_piv, np.conj(g), trans=0)))
    return np.asarray(linalg.lu_solve(lu_and_piv, g, trans=1 - trans))


def lu_solve_left(g: Array, y: Array, lu_and_piv: Any, b: Any, trans: Any) -> Tangent:
    """The cotangent of the factors: L̄ = M̄ Uᵀ, Ū = Lᵀ M̄ for M = L U, with the rows of A in its order."""
    lu, piv = lu_and_piv
    t = rows(outer_back(lu_solve_right(g, lu_and_piv, trans), y, trans, np.ndim(b) == 1), order_of(piv))
    lower, upper = factors(lu)
    both = np.tril(t @ transposed(upper), -1) + np.triu(transposed(lower) @ t)
    return type(lu_and_piv)((restore(both, form(lu)), ZERO))


def lu_solve_tangent(lu_dot: Any, y: Array, lu_and_piv: Any, b: Any, trans: Any) -> Array:
    """-op(A)⁻¹ op(Ȧ) x."""
    lu, piv = lu_and_piv
    if lu_dot[0] is ZERO:
        return np.zeros_like(y)
    lower, upper = factors(lu)
    moved = np.tril(lu_dot[0], -1) @ upper + lower @ np.triu(lu_dot[0])
    moved = operated(rows(moved, np.argsort(order_of(piv))), trans)
    vector = np.ndim(b) == 1
    return np.asarray(-linalg.lu_solve(lu_and_piv, flat(moved @ columns(y, vector), vector), trans=trans))


# Inverses, determinants, least squares


def inv_back(g: Array, y: Array, a: Any, assume: Any, lower: Any) -> Tangent:
    """-yᵀ g yᵀ, in the part of the matrix that is read."""
    t = transposed(y)
    return read_back(-(t @ g @ t), form(a), assume, lower)


def det_back(g: Any, a: Any) -> Tangent:
    """g times the cofactors, of a singular matrix too."""
    return restore(np.expand_dims(g, (-1, -2)) * cofactors(np.asarray(a)), form(a))


def pinv_tangent(a_dot: Any, p: Array, a: Any) -> Array:
    """The tangent of a pseudo-inverse, while the rank stays (Golub and Pereyra 1973, 4.12)."""
    x, d = np.asarray(a), np.asarray(a_dot)
    dh, ph = adjoint(d), adjoint(p)
    t = p @ ph @ dh
    u = dh @ ph @ p
    moved: Array = -(p @ d @ p) + t - (t @ x) @ p + u - p @ (x @ u)
    return moved


def lstsq_tangent(a_dot: Any, b_dot: Any, y: Any, a: Any, b: Any) -> tuple[Any, ...]:
    """The tangents of the solution, the squared residuals and the singular values."""
    x, p = np.asarray(a), lstsq_pinv(y, a)
    vector = np.ndim(b) == 1
    solution, right = columns(y[0], vector), columns(b, vector)
    moved = np.zeros_like(right) if b_dot is None else columns(b_dot, vector)
    d = np.zeros_like(x) if a_dot is None else np.asarray(a_dot)
    misfit, change = right - x @ solution, moved - d @ solution
    of_x = p @ change + p @ (adjoint(p) @ (adjoint(d) @ misfit)) + adjoint(d) @ (adjoint(p) @ solution)
    of_x = of_x - p @ (x @ (adjoint(d) @ (adjoint(p) @ solution)))
    of_residuals: Any = ZERO
    if np.size(y[1]):
        of_residuals = np.reshape(2.0 * np.real(np.sum(np.conj(misfit) * change, axis=0)), np.shape(y[1]))
    of_singular: Any = ZERO
    if y[3] is not None:
        u, _, vh = np.linalg.svd(x, full_matrices=False)
        of_singular = np.real(np.einsum("ik,ij,kj->k", np.conj(u), d, np.conj(vh)))
    return flat(of_x, vector), of_residuals, ZERO, of_singular


_READ = "assume_a, lower, transposed"
rule(
    linalg.solve,
    "a, b, *, lower=False, check_finite=True, assume_a=None, transposed=False",
    a=f"solve_left(g, y, a, form(b), {_READ})",
    b=f"solve_right(g, a, form(b), {_READ})",
    a_dot=f"solve_tangent(a_dot, y, a, b, {_READ})",
    _linear="b",
    _returns="array",
)
rule(
    linalg.solve_triangular,
    "a, b, trans=0, lower=False, unit_diagonal=False, *, check_finite=True",
    a="triangular_left(g, y, a, b, trans, lower, unit_diagonal)",
    b="restore(triangular_right(g, a, trans, lower, unit_diagonal), form(b))",
    a_dot="triangular_tangent(a_dot, y, a, b, trans, lower, unit_diagonal)",
    _linear="b",
    _returns="array",
)
rule(
    linalg.cholesky,
    "a, lower=False, *, check_finite=True",
    a="cholesky_pullback(g, y, form(a), not lower)",
    a_dot="cholesky_tangent(a_dot, y, lower)",
    _returns="array",
)
rule(
    linalg.cho_factor,
    "a, lower=False, *, check_finite=True",
    a="cho_factor_pullback(g, y, a, lower)",
    a_dot="cho_factor_tangent(a_dot, y, lower)",
    _returns="tuple",
)
rule(
    linalg.cho_solve,
    "c_and_lower, b, *, check_finite=True",
    c_and_lower="cho_solve_left(g, y, c_and_lower, b)",
    b="restore(cho_solve_right(g, c_and_lower), form(b))",
    c_and_lower_dot="cho_solve_tangent(c_and_lower_dot, y, c_and_lower, b)",
    _linear="b",
    _returns="array",
)
rule(
    linalg.lu_factor,
    "a, *, check_finite=True",
    a="lu_factor_pullback(g, y, a)",
    a_dot="lu_factor_tangent(a_dot, y)",
    _returns="tuple",
)
rule(
    linalg.lu,
    "a, permute_l=False, *, check_finite=True, p_indices=False",
    a="lu_pullback(g, a, permute_l)",
    a_dot="lu_tangent(a_dot, a, permute_l)",
    _returns="tuple",
)
rule(
    linalg.lu_solve,
    "lu_and_piv, b, trans=0, *, check_finite=True",
    lu_and_piv="lu_solve_left(g, y, lu_and_piv, b, trans)",
    b="restore(lu_solve_right(g, lu_and_piv, trans), form(b))",
    lu_and_piv_dot="lu_solve_tangent(lu_and_piv_dot, y, lu_and_piv, b, trans)",
    _linear="b",
    _returns="array",
)
rule(
    linalg.inv,
    "a, *, check_finite=True, assume_a=None, lower=False",
    a="inv_back(g, y, a, assume_a, lower)",
    a_dot="-(y @ matrix_read(a_dot, assume_a, lower) @ y)",
    _returns="array",
)
rule(
    linalg.det,
    "a, *, check_finite=True",
    a="det_back(g, a)",
    a_dot="np.sum(cofactors(np.asarray(a)) * a_dot, axis=(-1, -2))",
)
rule(
    linalg.pinv,
    "a, *, atol=None, rtol=None, check_finite=True",
    a="pinv_pullback(g, y, a)",
    a_dot="pinv_tangent(a_dot, y, a)",
    _returns="array",
)
rule(
    linalg.pinvh,
    "a, atol=None, rtol=None, lower=True, *, check_finite=True",
    a="read_back(pinv_pullback(g, y, matrix_read(a, 'her', lower)), form(a), 'her', lower)",
    a_dot="pinv_tangent(matrix_read(a_dot, 'her', lower), y, matrix_read(a, 'her', lower))",
    _returns="array",
)
rule(
    linalg.lstsq,
    "a, b, cond=None, *, check_finite=True, lapack_driver=None",
    a="lstsq_matrix(g, y, a, b)",
    b="lstsq_right(g, y, a, b)",
    a_dot="lstsq_tangent(a_dot, None, y, a, b)",
    b_dot="lstsq_tangent(None, b_dot, y, a, b)",
    _returns="tuple",
)
