"""Derivatives of scipy.linalg: eigenvalues, singular values, QR, norms, and functions of a matrix.

    linalg.expm(a)  ->  the upper right block of expm([[aᵀ, g], [0, aᵀ]])

The derivative of a function of a matrix in a direction is a block of that function of a larger
matrix (Higham, Functions of Matrices, 2008, 3.16), and its adjoint is the same at the transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from pullback.rulebook.array_likes import Array, form, gathered, refuse, restore
from pullback.rulebook.exact_values import exactly, standing_for
from pullback.rulebook.numpy_decompositions import cholesky_tangent, qr_pullback, singular_values_pullback, svd_pullback
from pullback.rulebook.numpy_eigenvalues import (
    eigh_pullback,
    eigvals_pullback,
    eigvalsh_pullback,
    inverse_gaps,
    no_phase,
    turned,
)
from pullback.rulebook.numpy_linalg import adjoint, read_triangle, transposed
from pullback.rulebook.numpy_norms import norm_pullback
from pullback.rulebook.scipy_linalg import matrix_read
from pullback.rules import rule, stands_in
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (norm_pullback, eigvals_pullback, singular_values_pullback, svd_pullback)


def norm_tangent(x_dot: Any, y: Any, x: Any, order: Any, axis: Any, keepdims: Any) -> Any:
    """The tangent of a norm: its gradient times the operand's tangent, summed over the reduced axes."""
    slope = norm_pullback(np.ones_like(y), y, np.asarray(x), order, axis, keepdims, False)
    return np.sum(np.real(slope * x_dot), axis=axis, keepdims=keepdims)


# Eigenvalues and singular values


def triangle(lower: Any) -> str:
    """NumPy's name of the triangle that is read."""
    return "L" if lower else "U"


def standard(kind: int, b: Any) -> bool:
    """Whether there is no second matrix; an error for a form that has no derivative."""
    if b is not None and kind != 1:
        refuse(f"scipy.linalg.eigh has a derivative for type=1, A v = w B v, not for type={kind}")
    return b is None


def generalized(g: Any, y: Any) -> tuple[Array, Array, Array, Array]:
    """w, v, K = Vᴴ V̄ and M = diag(w̄) + F ∘ K of A v = w B v with Vᴴ B V = 1."""
    w, v = y
    k = np.zeros_like(v)
    m = np.expand_dims(gathered(g[0], form(w)), -1) * np.eye(w.shape[-1])
    if g[1] is not ZERO:
        k = adjoint(v) @ np.conj(g[1])
        no_phase(np.imag(np.diagonal(k, 0, -2, -1)), k)
        m = m + k * inverse_gaps(w, (k,), "eigh")
    return w, v, k, m


def with_vectors(g: Any, y: Any, a: Any, b: Any, lower: Any, eigvals_only: Any) -> tuple[Any, Any]:
    """Cotangent and result as those of a call that returns the vectors too."""
    return ((g, ZERO), linalg.eigh(a, b, lower=lower)) if eigvals_only else (g, y)


def eigh_left(g: Any, y: Any, a: Any, b: Any, lower: Any, eigvals_only: Any, kind: int) -> Tangent:
    """The cotangent of A: V M Vᴴ, in the triangle that is read."""
    if standard(kind, b):
        return eigvalsh_pullback(g, a, triangle(lower)) if eigvals_only else eigh_pullback(g, y, a, triangle(lower))
    _, v, _, m = generalized(*with_vectors(g, y, a, b, lower, eigvals_only))
    return read_triangle(v @ m @ adjoint(v), triangle(lower), form(a))


def eigh_right(g: Any, y: Any, a: Any, b: Any, lower: Any, eigvals_only: Any, kind: int) -> Tangent:
    """The cotangent of B: -V (M diag(w) + K's diagonal / 2) Vᴴ."""
    standard(kind, b)
    w, v, k, m = generalized(*with_vectors(g, y, a, b, lower, eigvals_only))
    s = m * np.expand_dims(w, -2) + 0.5 * np.real(k * np.eye(w.shape[-1]))
    return read_triangle(-(v @ s @ adjoint(v)), triangle(lower), form(b))


def eigh_tangent(a_dot: Any, b_dot: Any, y: Any, a: Any, b: Any, lower: Any, eigvals_only: Any, kind: int) -> Any:
    """ẇ = diag C and V̇ = V (F ∘ C), with C = Vᴴ (Ȧ - Ḃ w) V, less Vᴴ Ḃ V's diagonal / 2."""
    standard(kind, b)
    w, v = linalg.eigh(a, b, lower=lower) if eigvals_only else y
    zero = np.zeros_like(v)
    d = zero if b_dot is None else adjoint(v) @ matrix_read(b_dot, "her", lower) @ v
    c = (zero if a_dot is None else adjoint(v) @ matrix_read(a_dot, "her", lower) @ v) - d * np.expand_dims(w, -2)
    w_dot = np.real(np.diagonal(c, 0, -2, -1))
    if eigvals_only:
        return w_dot
    change = v @ (c * inverse_gaps(w, (c,), "eigh") - 0.5 * d * np.eye(w.shape[-1]))
    if np.iscomplexobj(v):
        fixed = (v, change, -1)
        if lower and b is not None:  # the first row is real of Lᴴ V, with B = L Lᴴ
            factor = linalg.cholesky(b, lower=True)
            moved = adjoint(factor) @ change
            if b_dot is not None:
                moved = moved + adjoint(cholesky_tangent(matrix_read(b_dot, "her", lower), factor, False)) @ v
            fixed = (adjoint(factor) @ v, moved, 0)
        elif lower:
            fixed = (v, change, 0)
        change = with_phases([change, v], [fixed], "eigh")[0]
    return w_dot, change


def with_phases(tangents: list[Array], rows: list[tuple[Array, Array, int]], name: str) -> list[Array]:
    """Tangents of complex vectors turned by phases, so that what LAPACK makes real stays real: see `turned`."""
    found = (turned(tangents, v, change, row) for v, change, row in rows)
    kept = next((t for t in found if t is not None), None)
    if kept is None:
        refuse(f"scipy.linalg.{name}: forward mode finds no component of the complex vectors that is always real")
    return kept


def completed(y: Any, a: Any, b: Any, lower: Any, eigvals_only: Any) -> tuple[Array, Array, int, int]:
    """All eigenvalues and vectors, of which some were asked for; the place of the first of these, and the last's."""
    if np.ndim(a) > 2:
        refuse("scipy.linalg.eigh has a derivative for a subset of the eigenvalues of one matrix only")
    w, v = linalg.eigh(a, b, lower=lower)
    some = y if eigvals_only else y[0]
    first = int(np.argmin(np.abs(w - some[0]))) if len(some) else 0
    end = first + len(some)
    if not eigvals_only:
        v = np.concatenate((v[:, :first], y[1], v[:, end:]), axis=1)
    return w, v, first, end


def among_all(g: Any, y: Any, whole: Any, eigvals_only: Any) -> tuple[Any, Any]:
    """The cotangents of some eigenvalues and vectors as those of all."""
    w, _, first, end = whole
    around = (first, len(w) - end)
    if eigvals_only:
        return np.pad(g, around), ZERO
    of_w = ZERO if g[0] is ZERO else np.pad(g[0], around)
    return of_w, ZERO if g[1] is ZERO else np.pad(g[1], ((0, 0), around))


def subset_pullback(
    g: Any, y: Any, a: Any, b: Any, lower: Any, eigvals_only: Any, kind: int, subset: Any, of_left: bool
) -> Tangent:
    """The cotangent of A, or of B, through a subset of the eigenvalues."""
    back = eigh_left if of_left else eigh_right
    if subset is None:
        return back(g, y, a, b, lower, eigvals_only, kind)
    whole = completed(y, a, b, lower, eigvals_only)
    return back(among_all(g, y, whole, eigvals_only), whole[:2], a, b, lower, False, kind)


def subset_tangent(
    a_dot: Any, b_dot: Any, y: Any, a: Any, b: Any, lower: Any, eigvals_only: Any, kind: int, subset: Any
) -> Any:
    """The tangents of a subset of the eigenvalues."""
    if subset is None:
        return eigh_tangent(a_dot, b_dot, y, a, b, lower, eigvals_only, kind)
    w, v, first, end = completed(y, a, b, lower, eigvals_only)
    if eigvals_only:
        return eigh_tangent(a_dot, b_dot, y, a, b, lower, True, kind)[first:end]
    of_w, of_v = eigh_tangent(a_dot, b_dot, (w, v), a, b, lower, False, kind)
    return of_w[first:end], of_v[:, first:end]


def subset_of(by_index: Any, by_value: Any) -> Any:
    """Which eigenvalues are asked for, or None for all."""
    return by_value if by_index is None else by_index


def polar(a: Any, side: Any = "right") -> Any:
    """`linalg.polar`: A = U P with P = (Aᴴ A)^½, or A = P U with P = (A Aᴴ)^½."""
    exact = exactly(linalg.polar, a, side)
    x = np.asarray(a)
    rows, columns = np.shape(x)
    if (rows < columns) if side == "right" else (rows > columns):
        refuse(f"scipy.linalg.polar has no derivative for side={side!r} of a matrix of {rows} rows, {columns} columns")
    if side == "right":
        p = linalg.sqrtm(np.conj(x).T @ x)
        u = x @ np.linalg.inv(p)
    else:
        p = linalg.sqrtm(x @ np.conj(x).T)
        u = np.linalg.inv(p) @ x
    return standing_for(exact[0], u), standing_for(exact[1], p)


def eigvals_tangent(a_dot: Any, y: Array, a: Any) -> Array:
    """The diagonal of V⁻¹ Ȧ V."""
    w, v = np.linalg.eig(a)
    if not np.allclose(w, y, rtol=1e-4):
        refuse("scipy.linalg.eigvals: the eigenvalues are so close together that their order is arbitrary")
    return np.diagonal(np.linalg.solve(v, np.asarray(a_dot) @ v), 0, -2, -1)


def tridiagonal_pullback(g: Any, y: Any, d: Any, e: Any, eigvals_only: Any) -> tuple[Array, Array]:
    """The cotangents of both diagonals of a symmetric tridiagonal matrix, from that of the whole matrix."""
    w, v = linalg.eigh_tridiagonal(d, e) if eigvals_only else y
    g = (g, ZERO) if eigvals_only else g
    m = np.diag(gathered(g[0], form(w)))
    if g[1] is not ZERO:
        k = v.T @ g[1]
        m = m + k * inverse_gaps(w, (k,), "eigh")
    t = v @ m @ v.T
    return np.diagonal(t), np.diagonal(t, 1) + np.diagonal(t, -1)


def tridiagonal_tangent(moved: Array, y: Any, d: Any, e: Any, eigvals_only: Any) -> Any:
    """The tangent of eigh_tridiagonal for that of the whole matrix."""
    w, v = linalg.eigh_tridiagonal(d, e) if eigvals_only else y
    c = v.T @ moved @ v
    return np.diagonal(c) if eigvals_only else (np.diagonal(c), v @ (c * inverse_gaps(w, (c,), "eigh")))


def svd_tangent(a_dot: Any, y: Any, a: Any, full_matrices: Any, compute_uv: Any) -> Any:
    """The tangent of the singular values, and of the vectors where there are as many as values."""
    u, s, vh = y if compute_uv else linalg.svd(a, full_matrices=False)
    k = s.shape[-1]
    if u.shape[-1] > k or vh.shape[-2] > k:
        refuse("scipy.linalg.svd has no derivative of the vectors that full_matrices=True adds; pass False for it")
    d, v = np.asarray(a_dot), adjoint(vh)
    c = adjoint(u) @ d @ v
    s_dot = np.real(np.diagonal(c, 0, -2, -1))
    if not compute_uv:
        return s_dot
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    f = inverse_gaps(s, (c,), "svd")
    f = f / np.where(f == 0, 1.0, row + column)
    of_u = f * (c * row + column * adjoint(c))
    of_v = f * (column * c + adjoint(c) * row)
    u_dot, v_dot = u @ of_u, v @ of_v
    if np.iscomplexobj(u):  # half of the phase each
        turn = 0.5j * np.imag(np.diagonal(c, 0, -2, -1)) / s
        u_dot, v_dot = u_dot + u * np.expand_dims(turn, -2), v_dot - v * np.expand_dims(turn, -2)
    rest = d @ v / row
    u_dot = u_dot + (rest - u @ (adjoint(u) @ rest))
    rest = adjoint(d) @ u / row
    v_dot = v_dot + (rest - v @ (adjoint(v) @ rest))
    if np.iscomplexobj(u):
        u_dot, v_dot = with_phases([u_dot, u, v_dot, v], [(v, v_dot, 0), (u, u_dot, 0)], "svd")
    return u_dot, s_dot, adjoint(v_dot)


# QR


def permuted(a: Any, y: Any, pivoting: Any) -> Array:
    """The columns of A in the order in which they were decomposed."""
    x = np.asarray(a)
    return np.take_along_axis(x, np.expand_dims(y[-1], -2), axis=-1) if pivoting else x


def qr_back(g: Any, y: Any, a: Any, mode: str, pivoting: Any) -> Tangent:
    """The cotangent of A, whose columns were permuted where `pivoting` says so."""
    x = permuted(a, y, pivoting)
    k = min(x.shape[-2:])
    if mode == "r":
        t = qr_pullback(g[0][..., :k, :], None, x, "r") if g[0] is not ZERO else ZERO
    else:
        g_q = gathered(g[0], form(y[0]))
        if np.any(g_q[..., k:] != 0):
            refuse("scipy.linalg.qr has no derivative of the columns that mode='full' adds; pass mode='economic'")
        g_r = gathered(g[1], form(y[1]))[..., :k, :]
        t = qr_pullback((g_q[..., :k], g_r), (y[0][..., :k], y[1][..., :k, :]), x, "reduced")
    if pivoting and t is not ZERO:
        t = np.take_along_axis(t, np.expand_dims(np.argsort(y[-1], axis=-1), -2), axis=-1)
    return restore(t, form(a))


def qr_tangent(a_dot: Any, y: Any, a: Any, mode: str, pivoting: Any) -> tuple[Any, ...]:
    """Ṙ = Qᴴ Ȧ - Ω R and Q̇ = (Ȧ - Q Ṙ) R⁻¹, with Ω the skew part that the lower triangle of Qᴴ Ȧ R⁻¹ fixes."""
    x, d = permuted(a, y, pivoting), permuted(a_dot, y, pivoting)
    k = min(x.shape[-2:])
    if mode == "full" and x.shape[-2] > k:
        refuse("scipy.linalg.qr has no derivative of the columns that mode='full' adds; pass mode='economic'")
    q, r = linalg.qr(x, mode="economic") if mode == "r" else y[:2]
    square, inner = r[..., :k], adjoint(q) @ d
    c = transposed(np.linalg.solve(transposed(square), transposed(inner[..., :k])))
    below = np.tril(c, -1)
    turn = below - adjoint(below) + 1j * np.imag(c * np.eye(k)) if np.iscomplexobj(c) else below - transposed(below)
    r_dot = inner - turn @ r
    rest = (d - q @ r_dot)[..., :k]
    q_dot = transposed(np.linalg.solve(transposed(square), transposed(rest)))
    last = (ZERO,) if pivoting else ()
    if mode == "r":
        rows = y[0].shape[-2] - k
        return (np.concatenate((r_dot, np.zeros((*r_dot.shape[:-2], rows, r_dot.shape[-1]))), axis=-2), *last)
    return (q_dot, r_dot, *last)


# Functions of a matrix


def in_direction(f: Callable[[Array], Array], a: Any, direction: Any) -> Array:
    """The derivative of f at A in a direction: the upper right block of f([[A, D], [0, A]])."""
    x, d = np.asarray(a), np.asarray(direction)
    size = np.max(np.abs(d), initial=0.0)
    if size == 0:
        return np.zeros_like(d)
    scale = max(1.0, float(np.max(np.abs(x), initial=0.0))) / size  # so that D does not rule the accuracy
    n = x.shape[-1]
    block = np.zeros((*x.shape[:-2], 2 * n, 2 * n), np.result_type(x, d))
    block[..., :n, :n] = block[..., n:, n:] = x
    block[..., :n, n:] = d * scale
    moved: Array = np.asarray(f(block))[..., :n, n:] / scale
    return moved


def function_pullback(f: Callable[[Array], Array], g: Array, a: Any) -> Tangent:
    """The cotangent of A in f(A): the derivative of f at Aᵀ in the direction g."""
    return restore(in_direction(f, transposed(np.asarray(a)), g), form(a))


def power_exponent(g: Array, y: Array, a: Any) -> Any:
    """The cotangent of the exponent t of Aᵗ: g · (log(A) Aᵗ)."""
    return float(np.real(np.sum(g * (linalg.logm(np.asarray(a)) @ y))))


_ONLY = "a, *, check_finite=True"
rule(
    linalg.norm,
    "a, ord=None, axis=None, keepdims=False, *, check_finite=True",
    a="norm_pullback(g, y, a, ord, axis, keepdims, False)",
    a_dot="norm_tangent(a_dot, y, a, ord, axis, keepdims)",
)
for _eigh, _option, _only_values, _returned in (
    (linalg.eigh, "eigvals_only=False, ", "eigvals_only", "unknown"),
    (linalg.eigvalsh, "", "True", "array"),
):
    _rest = f"y, a, b, lower, {_only_values}, type, subset_of(subset_by_index, subset_by_value)"
    rule(
        _eigh,
        f"a, b=None, *, lower=True, {_option}type=1, check_finite=True, subset_by_index=None, subset_by_value=None,"
        " driver=None",
        a=f"subset_pullback(g, {_rest}, True)",
        b=f"subset_pullback(g, {_rest}, False)",
        a_dot=f"subset_tangent(a_dot, None, {_rest})",
        b_dot=f"subset_tangent(None, b_dot, {_rest})",
        _returns=_returned,
    )
stands_in(linalg.polar, polar, "tuple")
rule(linalg.eigvals, _ONLY, a="eigvals_pullback(g, y, a)", a_dot="eigvals_tangent(a_dot, y, a)", _returns="array")
rule(
    linalg.eigh_tridiagonal,
    "d, e, eigvals_only=False, *, check_finite=True, tol=0.0, lapack_driver='auto'",
    d="restore(tridiagonal_pullback(g, y, d, e, eigvals_only)[0], form(d))",
    e="restore(tridiagonal_pullback(g, y, d, e, eigvals_only)[1], form(e))",
    d_dot="tridiagonal_tangent(np.diag(d_dot), y, d, e, eigvals_only)",
    e_dot="tridiagonal_tangent(np.diag(e_dot, 1) + np.diag(e_dot, -1), y, d, e, eigvals_only)",
    _returns="unknown",
)
rule(
    linalg.svd,
    "a, full_matrices=True, compute_uv=True, *, check_finite=True, lapack_driver='gesdd'",
    a="svd_pullback(g, y, a, full_matrices, compute_uv, False)",
    a_dot="svd_tangent(a_dot, y, a, full_matrices, compute_uv)",
    _returns="unknown",
)
rule(
    linalg.svdvals,
    _ONLY,
    a="singular_values_pullback(g, a)",
    a_dot="svd_tangent(a_dot, y, a, False, False)",
    _returns="array",
)
rule(
    linalg.qr,
    "a, *, mode='full', pivoting=False, check_finite=True",
    a="qr_back(g, y, a, mode, pivoting)",
    a_dot="qr_tangent(a_dot, y, a, mode, pivoting)",
    _returns="tuple",
)
for _name in ("expm", "logm", "sinm", "cosm", "tanm", "sinhm", "coshm", "tanhm"):
    rule(
        getattr(linalg, _name),
        "A",
        A=f"function_pullback(linalg.{_name}, g, A)",
        A_dot=f"in_direction(linalg.{_name}, A, A_dot)",
        _returns="array",
    )
rule(
    linalg.sqrtm,
    "A",
    A="restore(linalg.solve_sylvester(transposed(y), transposed(y), g), form(A))",
    A_dot="linalg.solve_sylvester(y, y, np.asarray(A_dot))",
    _returns="array",
)
rule(
    linalg.fractional_matrix_power,
    "A, t",
    A="function_pullback(lambda x: linalg.fractional_matrix_power(x, t), g, A)",
    t="power_exponent(g, y, A)",
    A_dot="in_direction(lambda x: linalg.fractional_matrix_power(x, t), A, A_dot)",
    t_dot="t_dot * (linalg.logm(np.asarray(A)) @ y)",
    _returns="array",
    _alias=True,
)
