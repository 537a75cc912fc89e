"""Derivatives of matrix decompositions: cholesky, qr, eigh, eigvals, svd; of one matrix or a stack.

The formulas are written for the pairing with conjugation, ⟨A, B⟩ = Re tr(Aᴴ B), in which they are
published; a cotangent is conjugated on its way in and out. A decomposition is a function of what
NumPy reads: of one triangle for cholesky and eigh, so the cotangent is zero in the other.

Where singular values or eigenvalues coincide, the vectors have no derivative: that is an error, and
so is a result that depends on the phase of a complex vector, which is arbitrary.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.array_likes import Array, Form, form, gathered, refuse, restore
from pullback.rulebook.numpy_linalg import adjoint, diagonal_part, read_triangle, transposed
from pullback.rules import rule
from pullback.tangents import ZERO, Tangent

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


def eigh_pullback(g: Any, y: Any, a: Any, uplo: str) -> Tangent:
    """The cotangent of A = V diag(w) Vᴴ: V (diag(w̄) + F ∘ Vᴴ V̄) Vᴴ, F = 1 / (wⱼ - wᵢ) (Giles 2008, 3.1)."""
    w, v = y
    s = np.zeros_like(v)
    if g[1] is not ZERO:
        k = adjoint(v) @ np.conj(g[1])
        no_phase(np.imag(np.diagonal(k, 0, -2, -1)), k)
        s = k * inverse_gaps(w, (k,), "eigh")
    if g[0] is not ZERO:
        s = s + np.expand_dims(g[0], -1) * np.eye(w.shape[-1])
    return read_triangle(v @ s @ adjoint(v), uplo, form(a))


def eigvalsh_pullback(g: Array, a: Any, uplo: str) -> Tangent:
    """The cotangent of a Hermitian matrix through its eigenvalues: V diag(w̄) Vᴴ."""
    _, v = np.linalg.eigh(a, "U" if uplo.upper() == "U" else "L")
    return read_triangle((v * np.expand_dims(g, -2)) @ adjoint(v), uplo, form(a))


def eigvals_pullback(g: Array, y: Array, a: Any) -> Tangent:
    """The cotangent of a square matrix through its eigenvalues: V⁻ᵀ diag(w̄) Vᵀ."""
    w, v = np.linalg.eig(a)
    if not np.allclose(w, y, rtol=1e-4):
        refuse("np.linalg.eigvals: the eigenvalues are so close together that their order is arbitrary")
    return restore(np.linalg.solve(transposed(v), np.expand_dims(g, -1) * transposed(v)), form(a))


def inverse_gaps(x: Array, needed: tuple[Array, ...], name: str) -> Array:
    """1 / (xⱼ - xᵢ), 0 on the diagonal; an error where values coincide and the cotangents `needed` are not 0."""
    gaps = np.expand_dims(x, -2) - np.expand_dims(x, -1)
    scale = np.max(np.abs(x), axis=-1, initial=0.0)
    limit = np.expand_dims(x.shape[-1] * np.finfo(x.dtype).eps * scale, (-1, -2))
    same = (np.abs(gaps) <= limit) & ~np.eye(x.shape[-1], dtype=bool)
    if np.any(same) and any(np.any(k[same] != 0) for k in needed):
        refuse(
            f"np.linalg.{name} has two equal {'singular values' if name == 'svd' else 'eigenvalues'}: "
            "its vectors have no derivative there"
        )
    none = same | np.eye(x.shape[-1], dtype=bool)
    return np.where(none, 0.0, 1.0 / np.where(none, 1.0, gaps))


def no_phase(turn: Array, k: Array) -> None:
    """An error if a cotangent of complex vectors has a component along a change of their phases."""
    size = np.max(np.abs(k), initial=0.0)
    if np.max(np.abs(turn), initial=0.0) > 1e3 * np.finfo(k.dtype).eps * k.shape[-1] * size:
        refuse("the result depends on the phase of complex eigenvectors or singular vectors, which is arbitrary")


def svd_pullback(g: Any, y: Any, a: Any, full_matrices: bool, compute_uv: bool, hermitian: bool) -> Tangent:
    """The cotangent of A = U diag(s) Vᴴ (Townsend 2016; for complex A, Wan and Zhang 2019)."""
    if hermitian:
        refuse("np.linalg.svd(..., hermitian=True) has no derivative; use np.linalg.eigh")
    if not compute_uv:
        return singular_values_pullback(g, a)
    k = min(np.shape(a)[-2:])
    s = y[1]
    u, vh = y[0][..., :k], y[2][..., :k, :]
    g_u = first_columns(np.conj(gathered(g[0], form(y[0]))), k)
    g_v = first_columns(adjoint(np.conj(gathered(g[2], form(y[2])))), k)
    return restore(np.conj(thin_svd(g_u, gathered(g[1], form(s)), g_v, u, s, adjoint(vh))), form(a))


def first_columns(g: Array, k: int) -> Array:
    """The cotangent of the first k vectors; the others span a null space and are arbitrary in it."""
    if np.any(g[..., k:] != 0):
        refuse("np.linalg.svd has no derivative of the vectors that full_matrices=True adds; pass full_matrices=False")
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


rule(np.linalg.cholesky, "a, *, upper=False", a="cholesky_pullback(g, y, form(a), upper)", _returns="array")
rule(np.linalg.qr, "a, mode='reduced'", a="qr_pullback(g, y, a, mode)", _returns="unknown")
rule(np.linalg.eigh, "a, UPLO='L'", a="eigh_pullback(g, y, a, UPLO)", _returns="tuple")
rule(np.linalg.eigvalsh, "a, UPLO='L'", a="eigvalsh_pullback(g, a, UPLO)", _returns="array")
rule(np.linalg.eigvals, "a", a="eigvals_pullback(g, y, a)", _returns="array")
rule(
    np.linalg.svd,
    "a, full_matrices=True, compute_uv=True, hermitian=False",
    a="svd_pullback(g, y, a, full_matrices, compute_uv, hermitian)",
    _returns="unknown",
)
rule(np.linalg.svdvals, "x", x="singular_values_pullback(g, x)", _returns="array")
