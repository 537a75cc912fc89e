"""Calls for the rules of pullback.rulebook.numpy_linalg: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_linalg"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(10)
L = np.linalg


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
SINGULAR = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [4.0, 5.0, 7.0]])
RANK_ONE = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 0.0]])

CASES: list[Case] = [
    *[(L.inv, (a,), {}, (0,)) for a in (S3, C3, BATCH, F3, [[1.0, 2.0], [3.0, 5.0]])],
    *[(L.det, (a,), {}, (0,)) for a in (S3, C3, BATCH, F3, [[1.0, 2.0], [3.0, 5.0]], SINGULAR, RANK_ONE)],
    (L.det, (SINGULAR * (1 + 2j),), {}, (0,)),
    (L.det, (np.stack([SINGULAR, S3]),), {}, (0,)),
    (L.det, (arr(1, 1),), {}, (0,)),
    *[(L.slogdet, (a,), {}, (0,)) for a in (S3, -S3, C3, BATCH, F3, [[1.0, 2.0], [3.0, 5.0]])],
    (L.slogdet, (cplx(2, 3, 3),), {}, (0,)),
    (L.solve, (S3, arr(3)), {}, (0, 1)),
    (L.solve, (S3, arr(3, 2)), {}, (0, 1)),
    (L.solve, (BATCH, arr(3)), {}, (0, 1)),
    (L.solve, (BATCH, arr(2, 3, 2)), {}, (0, 1)),
    (L.solve, (BATCH, arr(3, 2)), {}, (0, 1)),
    (L.solve, (S3, arr(2, 3, 4)), {}, (0, 1)),
    (L.solve, (BATCH, arr(5, 1, 3, 2)), {}, (0, 1)),
    (L.solve, (C3, arr(3)), {}, (0, 1)),
    (L.solve, (S3, cplx(3, 2)), {}, (0, 1)),
    (L.solve, (F3, single(3)), {}, (0, 1)),
    (L.solve, ([[1.0, 2.0], [3.0, 5.0]], [1.0, 2.0]), {}, (0, 1)),
    *[(L.matrix_power, (S3, n), {}, (0,)) for n in (-3, -1, 0, 1, 2, 3, 6)],
    (L.matrix_power, (BATCH, 3), {}, (0,)),
    (L.matrix_power, (C3, -2), {}, (0,)),
    (L.matrix_power, ([[1.0, 2.0], [3.0, 5.0]], 2), {}, (0,)),
    (L.multi_dot, ([arr(2, 3), arr(3, 4), arr(4, 5), arr(5, 2)],), {}, (0,)),
    (L.multi_dot, ((arr(3), arr(3, 4), arr(4)),), {}, (0,)),
    (L.multi_dot, ([arr(3), arr(3, 4)],), {}, (0,)),
    (L.multi_dot, ([arr(2, 3), single(3, 4), arr(4)],), {}, (0,)),
    (L.multi_dot, ([cplx(2, 3), arr(3, 4), cplx(4, 2)],), {}, (0,)),
    (L.multi_dot, (arr(3, 2, 2),), {}, (0,)),
    (L.pinv, (S3,), {}, (0,)),
    (L.pinv, (arr(4, 2),), {}, (0,)),
    (L.pinv, (arr(2, 4),), {}, (0,)),
    (L.pinv, (cplx(4, 2),), {}, (0,)),
    (L.pinv, (cplx(2, 4),), {}, (0,)),
    (L.pinv, (arr(2, 3, 4),), {}, (0,)),
    (L.pinv, (S3,), {"hermitian": True}, (0,)),
    (L.pinv, (C3,), {"hermitian": True}, (0,)),
    (L.lstsq, (arr(5, 3), arr(5)), {}, (0, 1)),
    (L.lstsq, (arr(5, 3), arr(5, 2)), {}, (0, 1)),
    (L.lstsq, (arr(3, 3), arr(3)), {}, (0, 1)),
    (L.lstsq, (arr(2, 4), arr(2)), {}, (0, 1)),
    (L.lstsq, (cplx(5, 3), cplx(5, 2)), {}, (0, 1)),
    (L.tensorsolve, (arr(2, 3, 6), arr(2, 3)), {}, (0, 1)),
    (L.tensorsolve, (arr(4, 2, 2), arr(4)), {}, (0, 1)),
    (L.tensorinv, (arr(2, 3, 3, 2),), {}, (0,)),
    (L.tensorinv, (arr(6, 3, 2),), {"ind": 1}, (0,)),
]
