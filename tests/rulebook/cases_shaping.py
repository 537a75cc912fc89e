"""Calls for the rules of pullback.rulebook.numpy_shaping: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_shaping"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(0)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


A, B, T3 = arr(3, 4), arr(4), arr(2, 3, 4)
F32 = A.astype(np.float32)
SCALAR = np.float64(1.5)
ND, NG = np.ndarray, np.generic

CASES: list[Case] = [
    (np.reshape, (A, (2, 6)), {}, (0,)),
    (np.reshape, (A, -1), {}, (0,)),
    (np.reshape, (A.T, (2, 6)), {"order": "F"}, (0,)),
    (np.reshape, (F32, (2, 6)), {}, (0,)),
    (np.reshape, (cplx(3, 4), (2, 6)), {}, (0,)),
    (np.reshape, ([1.0, 2.0, 3, 4.0], (2, 2)), {}, (0,)),
    (np.reshape, ((1.0, [2.0][0]), (2, 1)), {}, (0,)),
    (np.reshape, (1.5, (1, 1)), {}, (0,)),
    (np.reshape, ([[1.0, 2], [3.0, 4.0]], 4), {}, (0,)),
    (np.ravel, (A,), {}, (0,)),
    (np.ravel, (A,), {"order": "F"}, (0,)),
    (np.ravel, (arr(0, 3),), {}, (0,)),
    (ND.reshape, (A, 2, 6), {}, (0,)),
    (ND.reshape, (A, (6, 2)), {}, (0,)),
    (ND.reshape, (A, 6, 2), {"order": "F"}, (0,)),
    (ND.ravel, (A,), {}, (0,)),
    (ND.flatten, (A,), {}, (0,)),
    (ND.flatten, (A, "F"), {}, (0,)),
    (ND.squeeze, (arr(1, 3, 1),), {}, (0,)),
    (ND.squeeze, (arr(1, 3, 1), 0), {}, (0,)),
    (NG.reshape, (SCALAR, 1), {}, (0,)),
    (NG.ravel, (SCALAR,), {}, (0,)),
    (NG.flatten, (SCALAR,), {}, (0,)),
    (NG.squeeze, (SCALAR,), {}, (0,)),
    (np.expand_dims, (A, 1), {}, (0,)),
    (np.expand_dims, (A, (0, -1)), {}, (0,)),
    (np.expand_dims, (2.5, 0), {}, (0,)),
    (np.squeeze, (arr(1, 3, 1),), {}, (0,)),
    (np.squeeze, (arr(1, 3, 1),), {"axis": 2}, (0,)),
    (np.squeeze, (2.5,), {}, (0,)),
    (np.atleast_1d, (2.0,), {}, (0,)),
    (np.atleast_1d, (2.0, A), {}, (0, 1)),
    (np.atleast_2d, (B,), {}, (0,)),
    (np.atleast_2d, (B, [1.0, 2.0], A), {}, (0, 1, 2)),
    (np.atleast_3d, (A,), {}, (0,)),
    (np.atleast_3d, (A, 1.0, B), {}, (0, 2)),
    (ND.item, (A, 5), {}, (0,)),
    (ND.item, (A, 1, -1), {}, (0,)),
    (ND.item, (A, (2, 0)), {}, (0,)),
    (ND.item, (A, -2), {}, (0,)),
    (ND.item, (np.array(2.5),), {}, (0,)),
    (ND.item, (arr(1, 1),), {}, (0,)),
    (ND.item, (cplx(3), 1), {}, (0,)),
    (ND.item, (F32, 1), {}, (0,)),
    (NG.item, (SCALAR,), {}, (0,)),
    (NG.item, (np.float32(1.5),), {}, (0,)),
    (ND.tolist, (A,), {}, (0,)),
    (ND.tolist, (F32,), {}, (0,)),
    (ND.tolist, (cplx(2),), {}, (0,)),
    (ND.tolist, (np.array(2.5),), {}, (0,)),
    (NG.tolist, (SCALAR,), {}, (0,)),
    (np.transpose, (A,), {}, (0,)),
    (np.transpose, (T3, (1, 2, 0)), {}, (0,)),
    (np.transpose, (T3, (-1, 0, 1)), {}, (0,)),
    (np.transpose, ([[1.0, 2.0], [3.0, 4.0]],), {}, (0,)),
    (np.swapaxes, (T3, 0, 2), {}, (0,)),
    (ND.transpose, (A,), {}, (0,)),
    (ND.transpose, (T3, 2, 0, 1), {}, (0,)),
    (ND.transpose, (T3, (2, 0, 1)), {}, (0,)),
    (ND.transpose, (T3, None), {}, (0,)),
    (ND.transpose, (B, 0), {}, (0,)),
    (ND.swapaxes, (T3, 0, -1), {}, (0,)),
    (ND.T, (A,), {}, (0,)),
    (NG.transpose, (SCALAR,), {}, (0,)),
    (NG.T, (SCALAR,), {}, (0,)),
    (ND.mT, (T3,), {}, (0,)),
    (np.matrix_transpose, (T3,), {}, (0,)),
    (np.linalg.matrix_transpose, (T3,), {}, (0,)),
    (np.moveaxis, (T3, 0, -1), {}, (0,)),
    (np.moveaxis, (T3, (0, 1), (2, 0)), {}, (0,)),
    (np.flip, (A,), {}, (0,)),
    (np.flip, (A, 1), {}, (0,)),
    (np.flip, (T3, (0, 2)), {}, (0,)),
    (np.fliplr, (A,), {}, (0,)),
    (np.flipud, (A,), {}, (0,)),
    (np.rot90, (A,), {}, (0,)),
    (np.rot90, (T3, 3, (0, 2)), {}, (0,)),
    (np.rot90, (T3, 2), {"axes": (1, 2)}, (0,)),
    (np.roll, (A, 5), {}, (0,)),
    (np.roll, (A, 1), {"axis": 0}, (0,)),
    (np.roll, (T3, (1, -2), (0, 2)), {}, (0,)),
    (np.roll, (T3, 2, (0, 2)), {}, (0,)),
    (np.broadcast_to, (B, (3, 4)), {}, (0,)),
    (np.broadcast_to, (arr(3, 1), (2, 3, 5)), {}, (0,)),
    (np.broadcast_to, (1.5, (2, 3)), {}, (0,)),
    (np.broadcast_to, (arr(1), (0,)), {}, (0,)),
    (np.broadcast_to, ([1.0, 2.0], (3, 2)), {}, (0,)),
    (np.broadcast_arrays, (A, B, 2.0, arr(3, 1)), {}, (0, 1, 2, 3)),
    (np.tile, (A, 2), {}, (0,)),
    (np.tile, (A, (2, 1, 3)), {}, (0,)),
    (np.tile, (T3, (2, 3)), {}, (0,)),
    (np.tile, (2.0, 3), {}, (0,)),
    (np.tile, (B, 0), {}, (0,)),
    (np.tile, ([1.0, 2.0], [2, 2]), {}, (0,)),
    (np.repeat, (A, 2), {}, (0,)),
    (np.repeat, (A, 2, 1), {}, (0,)),
    (np.repeat, (A, [1, 0, 3]), {"axis": 0}, (0,)),
    (np.repeat, (A, [2], -1), {}, (0,)),
    (np.repeat, (2.0, 3), {}, (0,)),
    (np.repeat, (B, [0, 2, 1, 1]), {}, (0,)),
    (ND.repeat, (A, 3, 0), {}, (0,)),
    (NG.repeat, (SCALAR, 3), {}, (0,)),
    (np.triu, (A,), {}, (0,)),
    (np.triu, (T3, 1), {}, (0,)),
    (np.tril, (A, -1), {}, (0,)),
    (np.tril, (B,), {}, (0,)),
    (np.triu, (B,), {}, (0,)),
    (np.diagonal, (A,), {}, (0,)),
    (np.diagonal, (A, 1), {}, (0,)),
    (np.diagonal, (A, -2), {}, (0,)),
    (np.diagonal, (A, 7), {}, (0,)),
    (np.diagonal, (T3, 1, 2, 0), {}, (0,)),
    (ND.diagonal, (T3, -1, 0, 2), {}, (0,)),
    (np.linalg.diagonal, (T3,), {"offset": 1}, (0,)),
    (np.trace, (A,), {}, (0,)),
    (np.trace, (A, 1), {}, (0,)),
    (np.trace, (A, -7), {}, (0,)),
    (np.trace, (T3, -1, 1, 2), {}, (0,)),
    (np.trace, (F32,), {}, (0,)),
    (np.trace, (cplx(3, 3),), {}, (0,)),
    (ND.trace, (T3,), {"axis2": 2}, (0,)),
    (np.linalg.trace, (T3,), {"offset": 1}, (0,)),
    (np.diag, (B,), {}, (0,)),
    (np.diag, (B, -2), {}, (0,)),
    (np.diag, (A, 1), {}, (0,)),
    (np.diag, ([1.0, 2.0],), {}, (0,)),
    (np.diagflat, (A, 1), {}, (0,)),
    (np.diagflat, (2.0,), {}, (0,)),
    *[(np.rollaxis, (T3, axis, start), {}, (0,)) for axis in (0, 1, 2, -1) for start in (0, 1, 2, 3, -1, -3)],
]

from pullback.rulebook.numpy_shaping import diagonal_pullback, one_entry, sum_runs  # noqa: E402

CASES += [
    (sum_runs, (A, np.array([0, 0, 2, 2]), 3, 1), {}, (0,)),
    (diagonal_pullback, (B, (4, 5), 1, 0, 1), {}, (0,)),
    (one_entry, (1.5, 4, 2), {}, (0,)),
]
