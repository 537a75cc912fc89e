"""Calls for the rules of pullback.rulebook.numpy_linear: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_linear"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(7)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


def single(*shape: int) -> Any:
    return arr(*shape).astype(np.float32)


A, B = arr(3, 4), arr(4)
BOTH: Any = (0, 1)
MATMUL = [
    (arr(3, 4), arr(4, 5)),
    (arr(3, 4), arr(4)),
    (arr(4), arr(4, 5)),
    (arr(4), arr(4)),
    (arr(2, 3, 4), arr(2, 4, 5)),
    (arr(2, 3, 4), arr(4, 5)),
    (arr(3, 4), arr(2, 4, 5)),
    (arr(6, 1, 3, 4), arr(2, 4, 5)),
    (arr(2, 3, 4), arr(4)),
    (arr(4), arr(2, 4, 5)),
    (arr(1, 3, 4), arr(2, 4, 5)),
    (single(3, 4), arr(4, 5)),
    (single(3, 4), single(4, 5)),
    (cplx(3, 4), arr(4, 5)),
    (cplx(3, 4), cplx(4)),
    ([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0]),
    (arr(3, 0), arr(0, 2)),
    (arr(3, 4).T, arr(5, 3).T),
    (np.arange(6).reshape(2, 3), arr(3, 2)),
]
DOT = [
    *MATMUL[:4],
    (arr(2, 3, 4), arr(5, 4, 6)),
    (arr(2, 3, 4), arr(4)),
    (arr(4), arr(5, 4, 6)),
    (arr(3, 4), arr(5, 4, 6)),
    (2.0, arr(3)),
    (arr(3, 4), 1.5),
    (2.0, 1.5),
    (np.array(2.0), arr(2, 3)),
    (cplx(3, 4), arr(4, 5)),
    (single(4), single(4)),
    (single(3, 4), arr(4)),
    ([1.0, 2.0], [3.0, 4.0]),
]
INNER = [
    (arr(4), arr(4)),
    (arr(3, 4), arr(5, 4)),
    (arr(2, 3, 4), arr(5, 4)),
    (arr(4), arr(2, 3, 4)),
    (2.0, arr(3)),
    (arr(3), 2.0),
    (cplx(3, 4), arr(4)),
    (single(3, 4), arr(4)),
]
OUTER = [(arr(3), arr(4)), (arr(2, 3), arr(4)), (2.0, arr(3)), (cplx(2), single(3)), ([1.0, 2.0], arr(2, 2))]
TENSORDOT: list[tuple[Any, Any, Any]] = [
    (arr(2, 3, 4), arr(3, 4, 5), 2),
    (arr(2, 3), arr(3, 5), 1),
    (arr(2, 3), arr(4), 0),
    (arr(2, 3, 4), arr(4, 3, 5), ([1, 2], [1, 0])),
    (arr(2, 3, 4, 5), arr(5, 6, 3, 2), ((3, 0, 1), (0, 3, 2))),
    (arr(2, 3, 4), arr(5, 4), (-1, 1)),
    (arr(2, 3, 4), arr(4, 2), ([0, -1], [-1, 0])),
    (arr(3, 4), arr(4, 3), ((0, 1), (1, 0))),
    (cplx(3, 4), arr(4, 2), 1),
    (single(3, 4), arr(4, 2), 1),
    ([[1.0, 2.0]], [3.0, 4.0], 1),
]
KRON = [
    (arr(2, 3), arr(4, 2)),
    (arr(3), arr(4)),
    (arr(2), arr(3, 2)),
    (arr(2, 3, 2), arr(2)),
    (arr(2, 3), 1.5),
    (cplx(2, 2), single(2, 2)),
]
VECDOT: list[tuple[Any, Any, dict[str, Any]]] = [
    (arr(4), arr(4), {}),
    (arr(3, 4), arr(4), {}),
    (arr(3, 4), arr(2, 3, 4), {}),
    (cplx(3, 4), cplx(4), {}),
    (cplx(3, 4), arr(3, 4), {}),
    (arr(3, 4), arr(3, 4), {"axis": 0}),
    (arr(3), arr(3, 5), {"axis": 0}),
    (arr(2, 4, 5), arr(4, 5), {"axis": -2}),
    (cplx(4, 5), arr(4), {"axis": 0}),
]

CASES: list[Case] = [
    *[(np.matmul, pair, {}, (1,) if k == 18 else BOTH) for k, pair in enumerate(MATMUL)],
    *[(np.linalg.matmul, pair, {}, BOTH) for pair in MATMUL[:5]],
    *[(np.dot, pair, {}, BOTH) for pair in DOT],
    *[(np.ndarray.dot, pair, {}, BOTH) for pair in DOT[:5]],
    *[(np.inner, pair, {}, BOTH) for pair in INNER],
    (np.vdot, (arr(4), arr(4)), {}, BOTH),
    (np.vdot, (cplx(2, 3), cplx(2, 3)), {}, BOTH),
    (np.vdot, (cplx(4), arr(4)), {}, BOTH),
    (np.vdot, (arr(4), cplx(4)), {}, BOTH),
    (np.vdot, ([1.0, 2.0], single(2)), {}, BOTH),
    *[(np.outer, pair, {}, BOTH) for pair in OUTER],
    (np.linalg.outer, OUTER[0], {}, BOTH),
    *[(np.tensordot, case, {}, BOTH) for case in TENSORDOT],
    (np.linalg.tensordot, TENSORDOT[0][:2], {"axes": 2}, BOTH),
    *[(np.kron, pair, {}, BOTH) for pair in KRON],
    (np.cross, (arr(3), arr(3)), {}, BOTH),
    (np.cross, (arr(5, 3), arr(3)), {}, BOTH),
    (np.cross, (arr(3), arr(3, 3)), {}, BOTH),
    (np.cross, (arr(3), arr(3, 3), 0, -1), {}, BOTH),
    (np.cross, (arr(3, 5), arr(5, 3), 0, 1, 0), {}, BOTH),
    (np.cross, (arr(3, 5), arr(3, 5)), {"axis": 0}, BOTH),
    (np.cross, (cplx(2, 3), arr(2, 3)), {}, BOTH),
    (np.linalg.cross, (arr(2, 3, 4), arr(2, 3, 4)), {"axis": 1}, BOTH),
    (np.linalg.cross, (arr(3, 5), arr(2, 3, 5)), {"axis": -2}, BOTH),
    *[(np.vecdot, (a, b), kwargs, BOTH) for a, b, kwargs in VECDOT],
    *[(np.linalg.vecdot, (a, b), kwargs, BOTH) for a, b, kwargs in VECDOT[:4]],
    (np.matvec, (arr(3, 4), arr(4)), {}, BOTH),
    (np.matvec, (arr(2, 3, 4), arr(4)), {}, BOTH),
    (np.matvec, (cplx(3, 4), cplx(5, 4)), {}, BOTH),
    (np.vecmat, (arr(4), arr(4, 3)), {}, BOTH),
    (np.vecmat, (cplx(4), cplx(2, 4, 3)), {}, BOTH),
    (np.vecmat, (cplx(2, 4), arr(4, 3)), {}, BOTH),
    (np.vecmat, (arr(2, 4), cplx(4, 3)), {}, BOTH),
]
