"""Calls for the rules of scipy.linalg: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

L = pytest.importorskip("scipy.linalg", reason="SciPy is not installed")

MODULES = [
    "pullback.rulebook.scipy_linalg",
    "pullback.rulebook.scipy_linalg_functions",
    "pullback.rulebook.scipy_linalg_structured",
]
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(22)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


def single(*shape: int) -> Any:
    return arr(*shape).astype(np.float32)


S3 = arr(3, 3) + 3 * np.eye(3)
C3 = cplx(3, 3) + 3 * np.eye(3)
BATCH = arr(2, 3, 3) + 3 * np.eye(3)
F3 = S3.astype(np.float32)
POS = S3 @ S3.T
HER = C3 @ C3.conj().T
POS_BATCH = BATCH @ np.swapaxes(BATCH, -1, -2)
NESTED = [[4.0, 1.0], [1.0, 3.0]]
SINGULAR = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [4.0, 5.0, 7.0]])
PARTS = ["general", "symmetric", "sym", "pos", "her", "upper triangular", "lower triangular", "diagonal", "tridiagonal"]


def factored(a: Any, lower: bool) -> Any:
    return L.cho_factor(a, lower=lower)


CASES: list[Case] = [
    (L.solve, (S3, arr(3)), {}, (0, 1)),
    (L.solve, (S3, arr(3, 2)), {}, (0, 1)),
    (L.solve, (BATCH, arr(3)), {}, (0, 1)),
    (L.solve, (BATCH, arr(2, 3, 2)), {}, (0, 1)),
    (L.solve, (S3, arr(2, 3, 4)), {}, (0, 1)),
    (L.solve, (C3, cplx(3)), {}, (0, 1)),
    (L.solve, (S3, cplx(3, 2)), {}, (0, 1)),
    (L.solve, (F3, single(3)), {}, (0, 1)),
    (L.solve, (NESTED, [1.0, 2.0]), {}, (0, 1)),
    (L.solve, (S3, arr(3)), {"transposed": True}, (0, 1)),
    (L.solve, (BATCH, arr(2, 3, 2)), {"transposed": True}, (0, 1)),
    *[(L.solve, (POS, arr(3)), {"assume_a": part, "lower": low}, (0, 1)) for part in PARTS for low in (False, True)],
    *[(L.solve, (HER, cplx(3, 2)), {"assume_a": part, "lower": low}, (0, 1)) for part in PARTS for low in (0, 1)],
    *[
        (L.solve_triangular, (a, b), {"trans": trans, "lower": lower, "unit_diagonal": unit}, (0, 1))
        for a, b in ((S3, arr(3)), (C3, cplx(3, 2)), (F3, single(3)), (BATCH, arr(2, 3, 2)))
        for trans in ((0, "T", 2) if a is not F3 else (0,))
        for lower in (False, True)
        for unit in (False, True)
    ],
    (L.solve_triangular, (NESTED, [1.0, 2.0]), {}, (0, 1)),
    *[
        (f, (a,), {"lower": lower}, (0,))
        for f in (L.cholesky, L.cho_factor)
        for a in (POS, HER, POS.astype(np.float32), POS_BATCH, NESTED)
        for lower in (False, True)
    ],
    *[
        (L.cho_solve, (factored(a, lower), b), {}, (0, 1))
        for a, b in ((POS, arr(3)), (POS, arr(3, 2)), (HER, cplx(3)), (HER, cplx(3, 2)))
        for lower in (False, True)
    ],
    (L.cho_solve, ((factored(POS, True)[0].tolist(), True), [1.0, 2.0, 0.5]), {}, (0, 1)),
    *[(L.lu_factor, (a,), {}, (0,)) for a in (S3, arr(3, 3), C3, F3, BATCH, NESTED)],
    *[(L.lu, (a,), {"permute_l": p}, (0,)) for a in (S3, arr(3, 3), C3, F3, BATCH, NESTED) for p in (False, True)],
    (L.lu, (arr(4, 4),), {"p_indices": True}, (0,)),
    *[
        (L.lu_solve, (L.lu_factor(a), b), {"trans": trans}, (0, 1))
        for a, b in ((arr(3, 3), arr(3)), (arr(4, 4), arr(4, 2)), (cplx(3, 3), cplx(3, 2)))
        for trans in (0, 1, 2)
    ],
    *[(L.inv, (a,), {}, (0,)) for a in (S3, C3, BATCH, F3, NESTED)],
    *[(L.inv, (POS,), {"assume_a": part, "lower": low}, (0,)) for part in ("sym", "pos") for low in (False, True)],
    (L.inv, (S3,), {"assume_a": "upper triangular"}, (0,)),
    *[(L.det, (a,), {}, (0,)) for a in (S3, C3, BATCH, F3, NESTED, SINGULAR)],
    *[(L.pinv, (a,), {}, (0,)) for a in (S3, arr(4, 2), arr(2, 4), cplx(4, 2), arr(2, 3, 4), single(4, 2))],
    *[(L.pinvh, (a,), {"lower": low}, (0,)) for a in (POS, HER) for low in (False, True)],
    *[
        (L.lstsq, ab, {}, (0, 1))
        for ab in (
            *((arr(5, 3), arr(5)), (arr(5, 3), arr(5, 2)), (arr(3, 3), arr(3))),
            *((arr(2, 4), arr(2)), (cplx(5, 3), cplx(5, 2))),
        )
    ],
    # functions
    *[(L.norm, (a,), {"ord": o}, (0,)) for a in (arr(4), cplx(4)) for o in (None, 1, 2, 3.5, np.inf, -np.inf)],
    *[(L.norm, (a,), {"ord": o}, (0,)) for a in (S3, C3) for o in (None, "fro", "nuc", 1, -1, 2, -2, np.inf)],
    (L.norm, (BATCH,), {"axis": (1, 2), "keepdims": True}, (0,)),
    (L.norm, (F3,), {"axis": 1, "ord": 1}, (0,)),
    (L.norm, ([3.0, 4.0],), {}, (0,)),
    # (the default driver changes the signs of vectors from one matrix to the next: see test_linalg.py)
    *[
        (L.eigh, (a,), {"lower": low, "driver": "ev"}, (0,))
        for a in (POS, POS_BATCH, NESTED, POS.astype(np.float32))
        for low in (False, True)
    ],
    *[(L.eigh, (HER,), {"lower": low, "eigvals_only": True}, (0,)) for low in (False, True)],
    (L.eigh, (S3 + S3.T,), {"subset_by_index": [1, 2]}, (0,)),
    (L.eigh, (S3 + S3.T, POS), {"subset_by_value": [-np.inf, 1.5], "lower": False}, (0, 1)),
    (L.eigh, (HER,), {"subset_by_index": [0, 1], "eigvals_only": True}, (0,)),
    (L.eigvalsh, (S3 + S3.T, POS), {"subset_by_index": [0, 0]}, (0, 1)),
    *[(L.eigh, (S3 + S3.T, POS), {"lower": low, "driver": "gv"}, (0, 1)) for low in (False, True)],
    *[(L.eigh, (HER, C3.T @ C3.conj()), {"lower": low, "eigvals_only": True}, (0, 1)) for low in (False, True)],
    *[(L.eigvalsh, (a,), {"lower": low}, (0,)) for a in (POS, HER, POS_BATCH) for low in (False, True)],
    *[(L.eigvalsh, (S3 + S3.T, POS), {"lower": low}, (0, 1)) for low in (False, True)],
    *[(L.eigvals, (a,), {}, (0,)) for a in (S3, C3, BATCH, F3)],
    *[(L.eigh_tridiagonal, (arr(4), arr(3)), {"eigvals_only": only}, (0, 1)) for only in (False, True)],
    *[(L.svd, (a,), {"full_matrices": False}, (0,)) for a in (S3, arr(4, 2), arr(2, 4), arr(2, 4, 3), single(4, 2))],
    (L.svd, (S3,), {}, (0,)),
    (L.svd, (cplx(4, 2),), {"compute_uv": False}, (0,)),
    *[(L.svdvals, (a,), {}, (0,)) for a in (S3, arr(4, 2), cplx(2, 4), BATCH)],
    *[(L.qr, (a,), {"mode": "economic"}, (0,)) for a in (S3, arr(4, 2), arr(2, 4), C3, cplx(4, 2), cplx(2, 4), F3)],
    *[(L.qr, (a,), {}, (0,)) for a in (S3, arr(2, 4), BATCH, NESTED)],
    *[(L.qr, (a,), {"mode": "r"}, (0,)) for a in (S3, arr(4, 2), arr(2, 4))],
    *[(L.qr, (a,), {"mode": m, "pivoting": True}, (0,)) for a in (S3, arr(4, 2), arr(2, 4)) for m in ("economic", "r")],
    *[(L.expm, (a,), {}, (0,)) for a in (arr(3, 3), cplx(3, 3), arr(2, 3, 3), single(3, 3), 20 * arr(2, 2), NESTED)],
    (L.expm, (np.zeros((2, 2)),), {}, (0,)),
    *[(f, (a,), {}, (0,)) for f in (L.sinm, L.cosm, L.tanm, L.sinhm, L.coshm, L.tanhm) for a in (0.3 * S3, 0.2 * C3)],
    *[(L.logm, (a,), {}, (0,)) for a in (POS, HER, NESTED)],
    *[(L.sqrtm, (a,), {}, (0,)) for a in (POS, HER, POS_BATCH, NESTED, POS.astype(np.float32))],
    *[(L.fractional_matrix_power, (POS, t), {}, (0, 1)) for t in (0.5, -1.3)],
    (L.fractional_matrix_power, (POS, 2), {}, (0,)),
    # structure
    (L.block_diag, (arr(2, 2), arr(3), arr(1, 2), 2.0, [[1.0, 2.0]]), {}, (0, 1, 2, 3, 4)),
    (L.block_diag, (cplx(2, 2), arr(2, 3)), {}, (0, 1)),
    (L.toeplitz, (arr(3),), {}, (0,)),
    (L.toeplitz, (cplx(3),), {}, (0,)),
    (L.toeplitz, (arr(3), arr(4)), {}, (0, 1)),
    (L.toeplitz, ([1.0, 2.0], arr(4)), {}, (0, 1)),
    (L.hankel, (arr(3),), {}, (0,)),
    (L.hankel, (arr(3), arr(4)), {}, (0, 1)),
    (L.circulant, (arr(4),), {}, (0,)),
    (L.khatri_rao, (arr(2, 3), arr(4, 3)), {}, (0, 1)),
    (L.solve_toeplitz, (np.array([5.0, 1.0, 2.0]), arr(3)), {}, (0, 1)),
    (L.solve_toeplitz, (np.array([5.0, 1.0 + 1j, 2.0]), cplx(3)), {}, (0, 1)),
    (L.solve_toeplitz, ((np.array([5.0, 1.0, 2.0]), np.array([5.0, -1.0, 0.5])), arr(3, 2)), {}, (0, 1)),
    (L.solve_banded, ((1, 2), arr(4, 5) + np.array([[0], [0], [6], [0]]), arr(5)), {}, (1, 2)),
    (L.solve_banded, ((1, 1), cplx(3, 4) + np.array([[0], [6], [0]]), cplx(4, 2)), {}, (1, 2)),
    (L.solve_banded, ((0, 1), arr(2, 3) + np.array([[0], [6]]), arr(3)), {}, (1, 2)),
    (L.solve_sylvester, (S3, arr(2, 2) + 3 * np.eye(2), arr(3, 2)), {}, (0, 1, 2)),
    (L.solve_sylvester, (C3, arr(2, 2) + 3 * np.eye(2), cplx(3, 2)), {}, (0, 1, 2)),
    (L.solve_continuous_lyapunov, (S3, arr(3, 3)), {}, (0, 1)),
    (L.solve_continuous_lyapunov, (C3, cplx(3, 3)), {}, (0, 1)),
    *[(L.solve_discrete_lyapunov, (0.2 * S3, arr(3, 3)), {"method": m}, (0, 1)) for m in (None, "bilinear")],
    (L.solve_discrete_lyapunov, (0.1 * C3, cplx(3, 3)), {}, (0, 1)),
]
