"""Calls for the rules of pullback.rulebook.numpy_norms: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_norms"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(5)


def arr(*shape: int) -> Any:
    return R.uniform(0.3, 1.9, shape) * np.where(R.random(shape) < 0.5, -1, 1)


A, T3 = arr(3, 4), arr(2, 3, 4)
F32 = A.astype(np.float32)
Z = A + 1j * arr(3, 4)
VECTOR: list[Any] = [None, 2, 1, np.inf, -np.inf, 0, 3, 2.5, 0.5, -1, -2.0]
MATRIX: list[Any] = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]

CASES: list[Case] = [
    *[(np.linalg.norm, (x,), {}, (0,)) for x in (A, T3, A[0], F32, Z, A.T, A[:1, :1])],
    *[(np.linalg.norm, (x,), {}, (0,)) for x in ([1.0, -2.0], [[1.0, 2], [3, 4.5]])],
    *[(np.linalg.norm, (x,), {}, (0,)) for x in (1.5, -1.5, np.float32(2.0), np.array(-1.5), 3 - 4j)],
    *[(np.linalg.norm, (x, p), {}, (0,)) for p in VECTOR for x in (A[0], Z[1], F32[0])],
    *[(np.linalg.norm, (A, p), {"axis": axis}, (0,)) for p in VECTOR for axis in (0, 1, -1, (1,))],
    *[(np.linalg.norm, (Z, p, -1, True), {}, (0,)) for p in VECTOR],
    *[(np.linalg.norm, (np.array([0.0, 1.5, -2.0]), p), {}, (0,)) for p in (None, 2, 3, 2.5, np.inf)],
    *[(np.linalg.norm, (x, p), {}, (0,)) for p in MATRIX for x in (A, A.T, Z, F32, arr(1, 3))],
    *[(np.linalg.norm, (T3, p), {"axis": (0, 2)}, (0,)) for p in MATRIX],
    *[(np.linalg.norm, (T3, p), {"axis": (2, 1), "keepdims": True}, (0,)) for p in MATRIX],
    *[(np.linalg.norm, (T3, p), {"axis": (-3, -2), "keepdims": False}, (0,)) for p in MATRIX],
    (np.linalg.norm, (A,), {"keepdims": True}, (0,)),
    (np.linalg.norm, (A, 1), {"keepdims": True}, (0,)),
    (np.linalg.norm, (np.zeros((0, 3)),), {}, (0,)),
    (np.linalg.norm, (np.zeros((0, 3)),), {"axis": 1}, (0,)),
    *[(np.linalg.vector_norm, (A,), {"ord": p}, (0,)) for p in VECTOR[1:]],
    *[(np.linalg.vector_norm, (T3,), {"ord": p, "axis": (0, 2), "keepdims": True}, (0,)) for p in VECTOR[1:]],
    *[(np.linalg.vector_norm, (Z,), {"ord": p, "axis": -2}, (0,)) for p in VECTOR[1:]],
    (np.linalg.vector_norm, (A,), {}, (0,)),
    (np.linalg.vector_norm, ([1.0, -2.0],), {}, (0,)),
    *[(np.linalg.matrix_norm, (T3,), {"ord": p}, (0,)) for p in MATRIX[1:]],
    *[(np.linalg.matrix_norm, (A,), {"ord": p, "keepdims": True}, (0,)) for p in MATRIX[1:]],
    (np.linalg.matrix_norm, (A,), {}, (0,)),
]
CASES += [
    (np.linalg.cond, (x,), {"p": p}, (0,))
    for x in (arr(3, 3), arr(2, 3, 3), arr(3, 3) + 1j * arr(3, 3))
    for p in (None, 2, -2, 1, -1, np.inf, -np.inf, "fro")
]
CASES += [(np.linalg.cond, (A,), {}, (0,)), (np.linalg.cond, ([[1.0, 2.0], [3.0, 5.0]], 1), {}, (0,))]
