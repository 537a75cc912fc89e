"""Calls for the rules of pullback.rulebook.numpy_joining: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_joining"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(1)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


A, B, T3 = arr(3, 4), arr(4), arr(2, 3, 4)
F32 = A.astype(np.float32)
INTS = np.arange(12).reshape(3, 4)
Z = arr(3, 4) + 1j * arr(3, 4)

CASES: list[Case] = [
    (np.concatenate, ([A, arr(2, 4)],), {}, (0,)),
    (np.concatenate, ((A, arr(3, 2), F32), 1), {}, (0,)),
    (np.concatenate, ([A, arr(3, 2)],), {"axis": -1}, (0,)),
    (np.concatenate, ([A, B],), {"axis": None}, (0,)),
    (np.concatenate, ([A, INTS],), {}, (0,)),
    (np.concatenate, ([A, Z],), {}, (0,)),
    (np.concatenate, ([[1.0, 2.0], B, [3, 4.0]],), {}, (0,)),
    (np.concatenate, (T3,), {"axis": 1}, (0,)),
    (np.concatenate, (T3,), {"axis": None}, (0,)),
    (np.concatenate, ([F32, F32],), {"dtype": np.float64}, (0,)),
    (np.stack, ([A, F32],), {}, (0,)),
    (np.stack, ((B, B, B), 1), {}, (0,)),
    (np.stack, ([A, A],), {"axis": -1}, (0,)),
    (np.stack, ([1.0, 2.0, np.float32(3)],), {}, (0,)),
    (np.stack, (T3, 2), {}, (0,)),
    (np.stack, ([[1.0, 2.0], [3.0, 4]],), {}, (0,)),
    (np.vstack, ([A, B, [1.0, 2.0, 3.0, 4.0]],), {}, (0,)),
    (np.vstack, ((1.0, 2.0),), {}, (0,)),
    (np.vstack, (T3,), {}, (0,)),
    (np.vstack, (A,), {}, (0,)),
    (np.hstack, ([A, arr(3, 2)],), {}, (0,)),
    (np.hstack, ((B, 2.0, arr(3)),), {}, (0,)),
    (np.hstack, (T3,), {}, (0,)),
    (np.hstack, (B,), {}, (0,)),
    (np.dstack, ([A, A, F32],), {}, (0,)),
    (np.dstack, ([B, B],), {}, (0,)),
    (np.dstack, ([1.0, np.array([2.0])],), {}, (0,)),
    (np.dstack, ((T3, arr(2, 3, 1)),), {}, (0,)),
    (np.column_stack, ([arr(3), A, arr(3)],), {}, (0,)),
    (np.column_stack, ((1.0, [2.0]),), {}, (0,)),
    (np.append, (A, B), {}, (0, 1)),
    (np.append, (A, arr(2, 4), 0), {}, (0, 1)),
    (np.append, (A, [[1.0], [2.0], [3.0]]), {"axis": -1}, (0, 1)),
    (np.append, ([1.0, 2.0], 3.0), {}, (0, 1)),
    (np.append, (F32, arr(0)), {}, (0, 1)),
    (np.block, ([[A, arr(3, 2)], [arr(1, 4), arr(1, 2)]],), {}, (0,)),
    (np.block, ([1.0, B, arr(2)],), {}, (0,)),
    (np.block, ([[B], [A]],), {}, (0,)),
    (np.block, (A,), {}, (0,)),
    (np.block, ([[T3, arr(2, 3, 1)]],), {}, (0,)),
    (np.block, ([[1.0, 2.0], [3.0, 4.0]],), {}, (0,)),
    (np.block, ([[[T3]], [[T3]]],), {}, (0,)),
    (np.split, (A, 2, 1), {}, (0,)),
    (np.split, (A, [1]), {}, (0,)),
    (np.split, (F32, [1, 3]), {"axis": -1}, (0,)),
    (np.split, (A, [0, 2, 9]), {"axis": 1}, (0,)),
    (np.array_split, (A, 3, 1), {}, (0,)),
    (np.array_split, (B, 3), {}, (0,)),
    (np.vsplit, (A, 3), {}, (0,)),
    (np.hsplit, (A, [1]), {}, (0,)),
    (np.hsplit, (B, 2), {}, (0,)),
    (np.hsplit, (T3, 3), {}, (0,)),
    (np.dsplit, (T3, 2), {}, (0,)),
    (np.unstack, (T3,), {}, (0,)),
    (np.unstack, (T3,), {"axis": -1}, (0,)),
    (np.meshgrid, (B, arr(3)), {}, (0, 1)),
    (np.meshgrid, (B, arr(3), arr(2)), {}, (0, 1, 2)),
    (np.meshgrid, (B, arr(3), [1.0, 2.0]), {"indexing": "ij"}, (0, 1, 2)),
    (np.meshgrid, (B, arr(3), 2.0), {"sparse": True}, (0, 1, 2)),
    (np.meshgrid, (B,), {}, (0,)),
]
