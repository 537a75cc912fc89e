"""Derivatives of eigenvalues and eigenvectors: eigh, eigvalsh, eig, eigvals; of one matrix or a stack.

The formulas of eigh are written for the pairing with conjugation, ⟨A, B⟩ = Re tr(Aᴴ B), in which
they are published; a cotangent is conjugated on its way in and out. A decomposition is a function of
what NumPy reads: of one triangle for eigh, so the cotangent is zero in the other.

Where eigenvalues coincide, their vectors have no derivative: that is an error. The phase of a complex
vector is arbitrary: a cotangent that depends on it is an error too, and a tangent keeps real what
LAPACK makes real (a component of each vector), so that it is the derivative of what NumPy returns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, form, gathered, refuse, restore
from pullback.rulebook.numpy_linalg import adjoint, hermitian_part, read_triangle, transposed
from pullback.rules import rule
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form, fit)


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


def turned(tangents: list[Array], v: Array, change: Array, row: int) -> list[Array] | None:
    """Tangents of vectors turned by a phase so that row `row` of `v` stays real; None if it is not real."""
    fixed = v[..., row, :]
    if np.any((np.abs(np.imag(fixed)) > 64 * np.finfo(v.dtype).eps * np.abs(fixed)) | (fixed == 0)):
        return None
    turn = np.imag(change[..., row, :]) / np.real(fixed)
    return [t - 1j * w * np.expand_dims(turn, -2) for t, w in zip(tangents[::2], tangents[1::2], strict=True)]


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


def eigh_tangent(a_dot: Any, y: Any, uplo: str) -> Tangent:
    """The tangents of A = V diag(w) Vᴴ: with M = Vᴴ Ȧ V, its diagonal and V (F ∘ M)."""
    w, v = y
    m = adjoint(v) @ hermitian_part(a_dot, uplo) @ v
    change = v @ (m * inverse_gaps(w, (m,), "eigh"))
    if np.iscomplexobj(v):
        rows = (0, -1) if uplo.upper() == "L" else (-1, 0)
        choices = [turned([change, v], v, change, row) for row in rows]
        change = next((t[0] for t in choices if t is not None), None)
        if change is None:
            refuse("np.linalg.eigh: forward mode finds no component of the complex vectors that is always real")
    return fit(np.real(np.diagonal(m, 0, -2, -1)), w), fit(change, v)


def eigvalsh_pullback(g: Array, a: Any, uplo: str) -> Tangent:
    """The cotangent of a Hermitian matrix through its eigenvalues: V diag(w̄) Vᴴ."""
    _, v = np.linalg.eigh(a, "U" if uplo.upper() == "U" else "L")
    return read_triangle((v * np.expand_dims(g, -2)) @ adjoint(v), uplo, form(a))


def eigvalsh_tangent(a_dot: Any, y: Array, a: Any, uplo: str) -> Tangent:
    """The tangents of the eigenvalues of a Hermitian matrix: the diagonal of Vᴴ Ȧ V."""
    _, v = np.linalg.eigh(a, "U" if uplo.upper() == "U" else "L")
    return fit(np.real(np.sum(np.conj(v) * (hermitian_part(a_dot, uplo) @ v), axis=-2)), y)


def eigvals_pullback(g: Array, y: Array, a: Any) -> Tangent:
    """The cotangent of a square matrix through its eigenvalues: V⁻ᵀ diag(w̄) Vᵀ."""
    v = eigenvectors(y, a)
    return restore(np.linalg.solve(transposed(v), np.expand_dims(g, -1) * transposed(v)), form(a))


def eigenvectors(y: Array, a: Any) -> Array:
    """The eigenvectors that belong to the eigenvalues `y`, in their order."""
    w, v = np.linalg.eig(a)
    if not np.allclose(w, y, rtol=1e-4):
        refuse("np.linalg.eigvals: the eigenvalues are so close together that their order is arbitrary")
    return v


def eigvals_tangent(a_dot: Any, y: Array, a: Any) -> Tangent:
    """The tangents of the eigenvalues of a square matrix: the diagonal of V⁻¹ Ȧ V."""
    v = eigenvectors(y, a)
    return fit(np.diagonal(np.linalg.solve(v, np.asarray(a_dot) @ v), 0, -2, -1).copy(), y)


def largest(v: Array) -> Array:
    """A one at the largest component of each eigenvector, which LAPACK makes real; zeros elsewhere."""
    ones = np.zeros(v.shape, np.abs(v[:0]).dtype)
    np.put_along_axis(ones, np.argmax(np.abs(v), axis=-2, keepdims=True), 1.0, -2)
    return ones


def eig_pullback(g: Any, y: Any, a: Any) -> Tangent:
    """The cotangent of A V = V diag(w), V's columns of length 1: the transpose of `eig_tangent`."""
    w, v = y
    middle = np.zeros_like(v)
    if g[1] is not ZERO:
        along = np.sum(g[1] * v, axis=-2, keepdims=True)
        of_v = g[1] - np.conj(v) * np.real(along)
        if np.iscomplexobj(v):
            at = largest(v)
            of_v = of_v - 1j * at * np.imag(along) / np.sum(at * v, axis=-2, keepdims=True)
        k = transposed(v) @ of_v
        middle = k * inverse_gaps(w, (k,), "eig")
    if g[0] is not ZERO:
        middle = middle + np.expand_dims(g[0], -2) * np.eye(w.shape[-1])
    return restore(np.linalg.solve(transposed(v), middle @ transposed(v)), form(a))


def eig_tangent(a_dot: Any, y: Any) -> Tangent:
    """The tangents of A V = V diag(w): with M = V⁻¹ Ȧ V, its diagonal, and V (F ∘ M) kept of length 1."""
    w, v = y
    m = np.linalg.solve(v, np.asarray(a_dot) @ v)
    change = v @ (m * inverse_gaps(w, (m,), "eig"))
    along = np.real(np.sum(np.conj(v) * change, axis=-2, keepdims=True))
    if np.iscomplexobj(v):
        at = largest(v)
        turn = np.imag(np.sum(at * change, axis=-2, keepdims=True)) / np.sum(at * v, axis=-2, keepdims=True)
        along = along + 1j * turn
    return fit(np.diagonal(m, 0, -2, -1).copy(), w), fit(change - v * along, v)


rule(
    np.linalg.eigh,
    "a, UPLO='L'",
    a="eigh_pullback(g, y, a, UPLO)",
    a_dot="eigh_tangent(a_dot, y, UPLO)",
    _returns="tuple",
)
rule(
    np.linalg.eigvalsh,
    "a, UPLO='L'",
    a="eigvalsh_pullback(g, a, UPLO)",
    a_dot="eigvalsh_tangent(a_dot, y, a, UPLO)",
    _returns="array",
)
rule(np.linalg.eig, "a", a="eig_pullback(g, y, a)", a_dot="eig_tangent(a_dot, y)", _returns="tuple")
rule(
    np.linalg.eigvals,
    "a",
    a="eigvals_pullback(g, y, a)",
    a_dot="eigvals_tangent(a_dot, y, a)",
    _returns="array",
)
