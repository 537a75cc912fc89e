"""Derivatives of matrix decompositions: cholesky, qr, svd; of one matrix or a stack.

The formulas are written for the pairing with conjugation, ⟨A, B⟩ = Re tr(Aᴴ B), in which they are
published; a cotangent is conjugated on its way in and out. A decomposition is a function of what
NumPy reads: of one triangle for cholesky, so the cotangent is zero in the other.

Where singular values coincide, their vectors have no derivative: that is an error, and so is a
cotangent that depends on the phase of a complex vector, as with eigenvectors (`numpy_eigenvalues`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, form, gathered, refuse, restore
from pullback.rulebook.numpy_eigenvalues import inverse_gaps, no_phase, turned
from pullback.rulebook.numpy_linalg import adjoint, diagonal_part, hermitian_part, read_triangle, transposed
from pullback.rules import rule
from pullback.tangents import ZERO, Tangent, WithheldTangent

IN_TEMPLATES = (form,)


def lower_half(x: Array) -> Array:
    """The lower triangle, half of the diagonal."""
    return np.tril(x, -1) + 0.5 * diagonal_part(x)


def cholesky_pullback(g: Array, y: Array, m: Form, upper: bool) -> Tangent:
    """The cotangent of A = L Lᴴ: L⁻ᴴ Φ(Lᴴ L̄) L⁻¹, Φ the lower triangle with half the diagonal (Murray 2016)."""
    factor, g = (adjoint(y), transposed(g)) if upper else (y, np.conj(g))
    h = adjoint(factor)
    p = lower_half(h @ g)
    s = np.linalg.solve(h, adjoint(np.linalg.solve(h, adjoint(p))))
    return read_triangle(s, "U" if upper else "L", m)


def cholesky_tangent(a_dot: Any, y: Array, upper: bool) -> Array:
    """The tangent of A = L Lᴴ: L Φ(L⁻¹ Ȧ L⁻ᴴ)."""
    factor = adjoint(y) if upper else y
    inner = np.linalg.solve(factor, hermitian_part(a_dot, "U" if upper else "L"))
    t: Array = factor @ lower_half(adjoint(np.linalg.solve(factor, adjoint(inner))))
    return adjoint(t) if upper else t


def qr_pullback(g: Any, y: Any, a: Any, mode: str) -> Tangent:
    """The cotangent of A = Q R (Walter and Lehmann 2010; of a wide A as in Liao et al. 2019)."""
    rows, columns = np.shape(a)[-2:]
    if mode == "r":
        q, r = np.linalg.qr(a)
        g_q, g_r = np.zeros_like(q), np.conj(g)
    elif mode == "reduced" or (mode == "complete" and rows <= columns):
        q, r = y
        g_q, g_r = np.conj(gathered(g[0], form(q))), np.conj(gathered(g[1], form(r)))
    else:
        refuse(f"np.linalg.qr has no derivative for mode={mode!r} of a matrix with {rows} rows, {columns} columns")
    if columns <= rows:
        return restore(np.conj(tall_qr(g_q, g_r, q, r)), form(a))
    # the columns beyond the square part are R's, as Qᴴ of A's
    rest = np.asarray(a)[..., rows:]
    right = q @ g_r[..., rows:]
    left = tall_qr(g_q + rest @ adjoint(g_r[..., rows:]), g_r[..., :rows], q, r[..., :rows])
    return restore(np.conj(np.concatenate((left, right), axis=-1)), form(a))


def tall_qr(g_q: Array, g_r: Array, q: Array, r: Array) -> Array:
    """(Q̄ + Q (P + Pᴴ)) R⁻ᴴ, with P the upper triangle of R̄ Rᴴ - Qᴴ Q̄, half of its diagonal."""
    p = transposed(lower_half(transposed(g_r @ adjoint(r) - adjoint(q) @ g_q)))
    t = g_q + q @ (p + adjoint(p))
    return adjoint(np.linalg.solve(r, adjoint(t)))


def qr_tangent(a_dot: Any, y: Any, a: Any, mode: str) -> Tangent:
    """The tangents of A = Q R: with M = Qᴴ Ȧ R⁻¹ = Ω + Ṙ R⁻¹, Ω anti-Hermitian and Ṙ R⁻¹ triangular, real diagonal."""
    rows, columns = np.shape(a)[-2:]
    if mode not in ("r", "reduced") and not (mode == "complete" and rows <= columns):
        refuse(f"np.linalg.qr has no derivative for mode={mode!r} of a matrix with {rows} rows, {columns} columns")
    q, r = np.linalg.qr(a) if mode == "r" else y
    change, k = np.asarray(a_dot), min(rows, columns)
    t = adjoint(np.linalg.solve(adjoint(r[..., :k]), adjoint(change[..., :k])))  # Ȧ R⁻¹
    m = adjoint(q) @ t
    low = np.tril(m, -1)
    omega = low - adjoint(low)
    if np.iscomplexobj(m):
        omega = omega + 1j * np.imag(diagonal_part(m))
    of_r = (m - omega) @ r[..., :k]
    of_q = q @ omega + (t - q @ m)
    if columns > rows:  # the columns beyond the square part are R's, as Qᴴ of A's
        rest = adjoint(of_q) @ np.asarray(a)[..., rows:] + adjoint(q) @ change[..., rows:]
        of_r = np.concatenate((of_r, rest), axis=-1)
    of_r = fit(np.triu(of_r), r)
    return of_r if mode == "r" else (fit(of_q, q), of_r)


def svd_pullback(g: Any, y: Any, a: Any, full_matrices: bool, compute_uv: bool, hermitian: bool) -> Tangent:
    """The cotangent of A = U diag(s) Vᴴ (Townsend 2016; for complex A, Wan and Zhang 2019)."""
    if hermitian:  # of what is read, one triangle
        whole = hermitian_part(a, "L")
        return read_triangle(np.conj(svd_pullback(g, y, whole, full_matrices, compute_uv, False)), "L", form(a))
    if not compute_uv:
        return singular_values_pullback(g, a)
    k = min(np.shape(a)[-2:])
    s = y[1]
    u, vh = y[0][..., :k], y[2][..., :k, :]
    g_u = first_columns(np.conj(gathered(g[0], form(y[0]))), k)
    g_v = first_columns(adjoint(np.conj(gathered(g[2], form(y[2])))), k)
    return restore(np.conj(thin_svd(g_u, gathered(g[1], form(s)), g_v, u, s, adjoint(vh))), form(a))


NO_ADDED = "np.linalg.svd has no derivative of the vectors that full_matrices=True adds; pass full_matrices=False"


def first_columns(g: Array, k: int) -> Array:
    """The cotangent of the first k vectors; the others span a null space and are arbitrary in it."""
    if np.any(g[..., k:] != 0):
        refuse(NO_ADDED)
    return g[..., :k]


def thin_svd(g_u: Array, g_s: Array, g_v: Array, u: Array, s: Array, v: Array) -> Array:
    """U (diag(s̄) + (F ∘ (J - Jᴴ)) S + S (F ∘ (K - Kᴴ))) Vᴴ and the parts outside U and V; J = Uᴴ Ū, K = Vᴴ V̄."""
    eye = np.eye(s.shape[-1])
    middle = np.expand_dims(g_s, -1) * eye
    if not (np.any(g_u) or np.any(g_v)):
        only: Array = (u @ middle) @ adjoint(v)
        return only
    j, k = adjoint(u) @ g_u, adjoint(v) @ g_v
    turn = np.imag(np.diagonal(j, 0, -2, -1))
    no_phase(turn + np.imag(np.diagonal(k, 0, -2, -1)), np.abs(j) + np.abs(k))
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    f = inverse_gaps(s, (j, k), "svd")
    f = f / np.where(f == 0, 1.0, row + column)  # together 1 / (sⱼ² - sᵢ²)
    middle = middle + f * (j - adjoint(j)) * row + column * f * (k - adjoint(k))
    if np.iscomplexobj(u):
        middle = middle + 1j * np.expand_dims(turn / nonzero(s), -1) * eye
    t: Array = u @ middle @ adjoint(v)
    if u.shape[-2] > u.shape[-1]:
        outside = g_u / np.expand_dims(nonzero(s), -2)
        t = t + (outside - u @ (adjoint(u) @ outside)) @ adjoint(v)
    if v.shape[-2] > v.shape[-1]:
        outside = g_v / np.expand_dims(nonzero(s), -2)
        t = t + u @ adjoint(outside - v @ (adjoint(v) @ outside))
    return t


def nonzero(s: Array) -> Array:
    """The singular values; an error if one is zero, where its vectors have no derivative."""
    if np.any(s <= s.shape[-1] * np.finfo(s.dtype).eps * np.max(s, initial=0.0)):
        refuse("np.linalg.svd has a singular value of zero: its vectors have no derivative there")
    return s


def singular_values_pullback(g: Array, a: Any) -> Tangent:
    """The cotangent of a matrix through its singular values: U diag(s̄) Vᴴ."""
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return restore(np.conj((u * np.expand_dims(g, -2)) @ vh), form(a))


def svd_tangent(a_dot: Any, y: Any, a: Any, full_matrices: bool, compute_uv: bool, hermitian: bool) -> Tangent:
    """The tangents of A = U diag(s) Vᴴ: with P = Uᴴ Ȧ V, U (F ∘ (P S + S Pᴴ)), Re diag P, V (F ∘ (S P + Pᴴ S))."""
    if hermitian:
        whole_dot, whole = hermitian_part(a_dot, "L"), hermitian_part(a, "L")
        return svd_tangent(whole_dot, y, whole, full_matrices, compute_uv, False)
    if not compute_uv:
        return singular_values_tangent(a_dot, y, a)
    rows, columns = np.shape(a)[-2:]
    if full_matrices and rows != columns:
        k = min(rows, columns)
        thin = (y[0][..., :k], y[1], y[2][..., :k, :])
        of_u, of_s, of_vh = svd_tangent(a_dot, thin, a, False, True, False)
        unknown = WithheldTangent(NO_ADDED)
        return (unknown, of_s, of_vh) if rows > columns else (of_u, of_s, unknown)
    u, s, vh = y
    v, change = adjoint(vh), np.asarray(a_dot)
    p = adjoint(u) @ change @ v
    ph = adjoint(p)
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    left, right = p * row + column * ph, column * p + ph * row
    f = inverse_gaps(s, (left, right), "svd")
    f = f / np.where(f == 0, 1.0, row + column)
    of_u, of_v = u @ (f * left), v @ (f * right)
    if rows > columns:
        of_u = of_u + (change @ v - u @ p) / np.expand_dims(nonzero(s), -2)
    if columns > rows:
        of_v = of_v + (adjoint(change) @ u - v @ ph) / np.expand_dims(nonzero(s), -2)
    if np.iscomplexobj(u):
        of_u = of_u + 1j * u * np.expand_dims(np.imag(np.diagonal(p, 0, -2, -1)) / nonzero(s), -2)
        both = [of_u, u, of_v, v]
        choices = [turned(both, v, of_v, 0), turned(both, u, of_u, 0)]
        kept = choices[0] if choices[0] is not None else choices[1]
        if kept is None:
            refuse("np.linalg.svd: forward mode finds no component of the complex vectors that is always real")
        of_u, of_v = kept
    return fit(of_u, u), fit(np.real(np.diagonal(p, 0, -2, -1)), s), fit(adjoint(of_v), vh)


def singular_values_tangent(a_dot: Any, y: Array, a: Any) -> Tangent:
    """The tangents of the singular values: the real diagonal of Uᴴ Ȧ V."""
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return fit(np.real(np.sum(np.conj(u) * (np.asarray(a_dot) @ adjoint(vh)), axis=-2)), y)


rule(
    np.linalg.cholesky,
    "a, *, upper=False",
    a="cholesky_pullback(g, y, form(a), upper)",
    a_dot="cholesky_tangent(a_dot, y, upper)",
    _returns="array",
)
rule(
    np.linalg.qr,
    "a, mode='reduced'",
    a="qr_pullback(g, y, a, mode)",
    a_dot="qr_tangent(a_dot, y, a, mode)",
    _returns="unknown",
)
rule(
    np.linalg.svd,
    "a, full_matrices=True, compute_uv=True, hermitian=False",
    a="svd_pullback(g, y, a, full_matrices, compute_uv, hermitian)",
    a_dot="svd_tangent(a_dot, y, a, full_matrices, compute_uv, hermitian)",
    _returns="unknown",
)
rule(
    np.linalg.svdvals,
    "x",
    x="singular_values_pullback(g, x)",
    x_dot="singular_values_tangent(x_dot, y, x)",
    _returns="array",
)
