"""Calls for the rules of pullback.rulebook.numpy_decompositions: (function, args, kwargs, operands).

Complex eigenvectors and singular vectors have an arbitrary phase: test_decompositions.py has those.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_decompositions"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(11)
L = np.linalg


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


def positive(x: Any) -> Any:
    return x @ np.conj(np.swapaxes(x, -1, -2)) + 3 * np.eye(x.shape[-1])


S4, S3, BATCH, C3 = positive(arr(4, 4)), positive(arr(3, 3)), positive(arr(2, 3, 3)), positive(cplx(3, 3))
F3 = S3.astype(np.float32)
UNEVEN = S3 + np.triu(arr(3, 3), 1)  # only one triangle is read

CASES: list[Case] = [
    *[
        (L.cholesky, (a,), {}, (0,))
        for a in (S4, BATCH, C3, F3, UNEVEN, [[4.0, 1.0], [1.0, 3.0]], positive(cplx(2, 2, 2)))
    ],
    *[(L.cholesky, (a,), {"upper": True}, (0,)) for a in (S4, BATCH, C3, UNEVEN)],
    *[(L.qr, (arr(*shape),), {}, (0,)) for shape in ((3, 3), (5, 3), (3, 5), (2, 4, 3), (2, 3, 4), (1, 4), (4, 1))],
    *[(L.qr, (cplx(*shape),), {}, (0,)) for shape in ((3, 3), (5, 3), (3, 5))],
    *[(L.qr, (arr(*shape),), {"mode": "r"}, (0,)) for shape in ((3, 3), (5, 3), (3, 5))],
    (L.qr, (arr(3, 5), "complete"), {}, (0,)),
    (L.qr, (F3,), {}, (0,)),
    (L.qr, ([[1.0, 2.0], [3.0, 5.0]],), {}, (0,)),
    *[(L.eigh, (a,), {}, (0,)) for a in (S4, BATCH, F3, UNEVEN, [[4.0, 1.0], [1.0, 3.0]])],
    *[(L.eigh, (a, "U"), {}, (0,)) for a in (S4, UNEVEN)],
    *[(L.eigvalsh, (a,), {}, (0,)) for a in (S4, BATCH, C3, F3, UNEVEN, [[4.0, 1.0], [1.0, 3.0]])],
    *[(L.eigvalsh, (a,), {"UPLO": "U"}, (0,)) for a in (S4, C3, UNEVEN)],
    *[(L.eigvals, (a,), {}, (0,)) for a in (UNEVEN, C3, cplx(4, 4), BATCH, [[0.0, 1.0], [-2.0, 0.5]])],
    *[
        (L.eig, (a,), {}, (0,))
        for a in (UNEVEN, C3, cplx(4, 4), BATCH, [[0.0, 1.0], [-2.0, 0.5]], arr(5, 5), cplx(2, 3, 3), F3)
    ],
    *[(L.svd, (arr(*shape), False), {}, (0,)) for shape in ((3, 3), (5, 3), (3, 5), (2, 4, 3), (2, 3, 4), (1, 3))],
    (L.svd, (arr(3, 3),), {}, (0,)),
    (L.svd, (F3,), {"full_matrices": False}, (0,)),
    (L.svd, ([[1.0, 2.0], [3.0, 5.0]],), {}, (0,)),
    *[(L.svd, (a,), {"compute_uv": False}, (0,)) for a in (arr(3, 5), cplx(4, 3), BATCH)],
    (L.svd, (arr(3, 3), True, True, True), {}, (0,)),
    *[(L.svd, (a,), {"compute_uv": False, "hermitian": True}, (0,)) for a in (cplx(3, 3), arr(2, 3, 3))],
    *[(L.svdvals, (a,), {}, (0,)) for a in (arr(3, 5), cplx(4, 3), BATCH)],
]
