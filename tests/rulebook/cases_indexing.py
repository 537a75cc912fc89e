"""Calls for the rules of pullback.rulebook.numpy_indexing: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.numpy_indexing import index_pullback

MODULE = "pullback.rulebook.numpy_indexing"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(3)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


A, B, T3 = arr(3, 4), arr(4), arr(2, 3, 4)
F32 = A.astype(np.float32)
F64, C128 = np.dtype(float), np.dtype(complex)
MASK = np.array([True, False, True])

# indices into an array of shape (3, 4), which the test of accumulate_at reads too
INDICES: list[Any] = [
    0,
    -1,
    np.int64(2),
    slice(None),
    slice(2, 0, -1),
    Ellipsis,
    None,
    (1, 2),
    (1, -1),
    (slice(None), 1),
    (Ellipsis, 0),
    (None, slice(1, 3), None, 2),
    (),
    [0, 0, 2],
    np.array([[0, 1], [1, 1]]),
    np.array(1),
    (np.array(1), 2),
    ([0, 0], [1, 1]),
    ([0, 2], slice(1, 3)),
    (slice(None), [3, 3, 0]),
    ([0, 0], None, [1, 1]),
    (Ellipsis, [1, 1]),
    (np.array([[0], [2]]), np.array([1, 1, 3])),
    np.ix_([0, 2], [1, 3]),
    MASK,
    A > 0,
    (MASK, [0, 0]),
    (MASK, slice(1, 3)),
    (slice(None), np.array([True, False, False, True])),
    [True, False, True],
    (1, [1, 1]),
    True,
    np.zeros((3, 4), bool),
    [],
    np.array([], int),
    (0, slice(3, 1)),
]

CASES: list[Case] = [
    (np.take, (A, 5), {}, (0,)),
    (np.take, (A, [1, 1, -1]), {}, (0,)),
    (np.take, (A, np.array([[0, 1], [1, 1]])), {"axis": 1}, (0,)),
    (np.take, (A, 2, -1), {}, (0,)),
    (np.take, (A, [5, -7, 2], 0), {"mode": "wrap"}, (0,)),
    (np.take, (F32, [5, -7, 2], 1), {"mode": "clip"}, (0,)),
    (np.take, ([1.0, 2.0, 3.0], [0, 0]), {}, (0,)),
    (np.take, (A, np.zeros(0, int)), {}, (0,)),
    (np.ndarray.take, (T3, [1, 1, 0], 1), {}, (0,)),
    (np.generic.take, (np.float64(2.0), [0, 0]), {}, (0,)),
    (np.take_along_axis, (A, np.array([[0, 0], [1, 3], [2, 2]])), {"axis": 1}, (0,)),
    (np.take_along_axis, (A, np.array([[0, 1, 2, 2], [0, 0, 0, 0]]), 0), {}, (0,)),
    (np.take_along_axis, (A, np.array([[0, 1]]), -1), {}, (0,)),
    (np.take_along_axis, (arr(1, 4), np.array([[0, 1], [3, 3]]), -1), {}, (0,)),
    (np.take_along_axis, (A, np.array([1, 1, 7]), None), {}, (0,)),
    (np.compress, ([True, False, True], A), {}, (1,)),
    (np.compress, ([True, False, True], A, 0), {}, (1,)),
    (np.compress, ([False, True], T3), {"axis": -1}, (1,)),
    (np.ndarray.compress, (A, [False, True, True], 1), {}, (0,)),
    (np.generic.compress, (np.float64(2.0), [True]), {}, (0,)),
    (np.extract, (A > 0, A), {}, (1,)),
    (np.extract, ([1, 0, 1], [1.0, 2.0, 3.0]), {}, (1,)),
    (np.bincount, ([0, 2, 2, 5], B), {}, (1,)),
    (np.bincount, (np.array([0, 2, 2, 1]), [1.0, 2.0, 3.0, 4.0], 7), {}, (1,)),
    *[(index_pullback, (np.asarray(A[k]), (3, 4), F64, k), {}, (0,)) for k in INDICES],
    (index_pullback, (1.5, (4,), F64, 2), {}, (0,)),
    (index_pullback, (F32[[0, 0]], (3, 4), np.dtype(np.float32), [0, 0]), {}, (0,)),
    (index_pullback, (A[1] * 1j, (3, 4), C128, 1), {}, (0,)),
    (index_pullback, (A[1] * 1j, (3, 4), F64, 1), {}, (0,)),
]
