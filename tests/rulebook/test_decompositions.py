"""Decompositions whose vectors have an arbitrary phase, or no derivative at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback.rulebook.numpy_decompositions  # noqa: F401
from forward import check_forward
from pullback.applying import apply_rule
from pullback.errors import DifferentiabilityError
from pullback.rules import lookup
from pullback.tangents import ZERO

R = np.random.default_rng(12)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


def pulled(function: Any, a: Any, g: Any, **kwargs: Any) -> Any:
    entry = lookup(function)
    assert entry is not None and entry.rule is not None
    _, residual = apply_rule(entry.rule, (a,), kwargs, (0,))
    return residual[0](residual, g)[0]


def difference(f: Any, a: Any, along: Any, h: float = 1e-4) -> float:
    return (8 * (f(a + h * along) - f(a - h * along)) - (f(a + 2 * h * along) - f(a - 2 * h * along))) / (12 * h)


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_eigenvectors_of_a_hermitian_matrix(uplo: str) -> None:
    a, c, d = cplx(4, 4), cplx(4, 4), arr(4)

    def f(a: Any) -> float:
        _, v = np.linalg.eigh(a, uplo)
        return float(np.real(np.sum(c * ((v * d) @ v.conj().T))))

    _, v = np.linalg.eigh(a, uplo)
    t = pulled(np.linalg.eigh, a, (ZERO, d * (c @ v.conj() + np.conj(c.T @ v))), UPLO=uplo)
    for _ in range(3):
        along = cplx(4, 4)
        assert np.isclose(np.real(np.sum(t * along)), difference(f, a, along), rtol=1e-7)


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
@pytest.mark.parametrize("full", [False, True])
def test_singular_vectors_of_a_complex_matrix(shape: tuple[int, int], full: bool) -> None:
    a, c, k = cplx(*shape), cplx(*shape), min(shape)
    d, e = arr(k), arr(k)

    def f(a: Any) -> float:
        u, s, vh = np.linalg.svd(a, full_matrices=full)
        return float(np.real(np.sum(c * ((u[:, :k] * d) @ vh[:k])))) + float(np.sum(e * s**2))

    u, s, vh = np.linalg.svd(a, full_matrices=full)
    g_u, g_v = np.zeros_like(u), np.zeros_like(vh)
    g_u[:, :k] = (c @ vh[:k].T) * d
    g_v[:k] = d[:, None] * (u[:, :k].T @ c)
    t = pulled(np.linalg.svd, a, (g_u, 2 * e * s, g_v), full_matrices=full)
    for _ in range(3):
        along = cplx(*shape)
        assert np.isclose(np.real(np.sum(t * along)), difference(f, a, along), rtol=1e-7)


@pytest.mark.parametrize("uplo", ["L", "U"])
@pytest.mark.parametrize("shape", [(2, 2), (4, 4), (2, 3, 3), (40, 40)])
def test_tangents_of_complex_eigenvectors_have_the_phase_that_lapack_gives_them(shape: Any, uplo: str) -> None:
    check_forward(np.linalg.eigh, (cplx(*shape),), {"UPLO": uplo}, (0,))


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5), (7, 2), (2, 7), (2, 3, 3), (40, 3), (30, 30)])
def test_tangents_of_complex_singular_vectors_too(shape: Any) -> None:
    check_forward(np.linalg.svd, (cplx(*shape),), {"full_matrices": False}, (0,))


def test_a_phase_is_no_result() -> None:
    a = cplx(3, 3)
    with pytest.raises(DifferentiabilityError, match="phase"):
        pulled(np.linalg.eigh, a, (ZERO, cplx(3, 3)))
    with pytest.raises(DifferentiabilityError, match="phase"):
        pulled(np.linalg.svd, a, (cplx(3, 3), ZERO, ZERO))


def test_equal_eigenvalues_have_no_vectors() -> None:
    a = np.diag([1.0, 2.0, 2.0])
    assert np.allclose(pulled(np.linalg.eigh, a, (np.ones(3), ZERO)), np.eye(3))
    with pytest.raises(DifferentiabilityError, match="two equal eigenvalues"):
        pulled(np.linalg.eigh, a, (ZERO, arr(3, 3)))
    with pytest.raises(DifferentiabilityError, match="two equal singular values"):
        pulled(np.linalg.svd, a, (arr(3, 3), ZERO, ZERO))


def test_what_full_matrices_adds_is_arbitrary() -> None:
    with pytest.raises(DifferentiabilityError, match="full_matrices=False"):
        pulled(np.linalg.svd, arr(4, 2), (arr(4, 4), ZERO, ZERO))
    with pytest.raises(DifferentiabilityError, match="zero"):
        pulled(np.linalg.svd, np.outer(arr(4), [1.0, 0.0]), (arr(4, 2), ZERO, ZERO), full_matrices=False)
    with pytest.raises(DifferentiabilityError, match="mode='complete'"):
        pulled(np.linalg.qr, arr(4, 2), (arr(4, 4), ZERO), mode="complete")
