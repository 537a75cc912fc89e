"""Calls for the rules of pullback.rulebook.numpy_selecting: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.numpy_selecting import spread

MODULE = "pullback.rulebook.numpy_selecting"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(6)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


A, B, T3 = arr(3, 4), arr(4), arr(2, 3, 4)
F32 = (10 * A).round().astype(np.float32) + np.arange(4, dtype=np.float32)
LONG = arr(40)
WHICH = np.array([[0, 1, 2, 1], [2, 2, 1, 0], [0, 0, 0, 2]])
X = np.array([0.3, 1.7, 2.2, 3.9, 1.1, 0.6])
XP = np.array([0.0, 1.0, 1.5, 3.0, 4.0])
FP = arr(5)
BEYOND = np.array([[-1.0, 0.5], [4.5, 3.3]])

CASES: list[Case] = [
    (np.sort, (A,), {}, (0,)),
    (np.sort, (A, 0), {}, (0,)),
    (np.sort, (A,), {"axis": None}, (0,)),
    (np.sort, (T3, 1), {"kind": "stable"}, (0,)),
    (np.sort, ([3.0, 1.0, 2.0],), {}, (0,)),
    (np.sort, (F32,), {}, (0,)),
    (np.sort, (A + 1j * arr(3, 4),), {}, (0,)),
    (np.sort_complex, (A,), {}, (0,)),
    (np.sort_complex, (A + 1j * arr(3, 4),), {}, (0,)),
    (np.partition, (LONG, 11), {}, (0,)),
    (np.partition, (A, 2), {"axis": 0}, (0,)),
    (np.partition, (T3, (3, 8), None), {}, (0,)),
    (np.select, ([A > 0.5, A > -0.5], [A, B], 2.5), {}, (1, 2)),
    (np.select, ([A > 0.5, A > -0.5], (1.5, A)), {"default": B}, (1, "default")),
    (np.select, ([A[0] > 0, A[0] > -0.5], A[:2]), {}, (1,)),
    (np.select, ([A[0] > 0], [A]), {}, (1,)),
    (np.choose, (WHICH, [A, B, 1.5]), {}, (1,)),
    (np.choose, (WHICH - 2, (A, B, 1.5)), {"mode": "wrap"}, (1,)),
    (np.choose, (WHICH * 2, arr(3, 4)), {"mode": "clip"}, (1,)),
    (np.ndarray.choose, (WHICH, [A, B, 1.5]), {}, (1,)),
    (np.interp, (X, XP, FP), {}, (0, 1, 2)),
    (np.interp, (1.7, XP, FP), {}, (0, 1, 2)),
    (np.interp, (1.7, XP.tolist(), FP.tolist()), {}, (0, 1, 2)),
    (np.interp, (BEYOND, XP, FP), {}, (0, 1, 2)),
    (np.interp, (BEYOND, XP, FP, 7.5, -2.5), {}, (0, 1, 2, 3, 4)),
    (np.interp, (BEYOND, XP, FP), {"left": 1.5}, (0, 1, 2, "left")),
    (np.interp, (X, XP, FP + 1j * arr(5)), {}, (0, 1, 2)),
    (np.interp, (X * 3 - 5, np.array([3.5, 0.25, 9.0, 1.5]), arr(4)), {"period": 4.0}, (0, 1, 2)),
    (np.interp, (np.array([0.5, 2.5]), np.array([1.0]), np.array([3.0])), {}, (0, 2)),
    (spread, (B, np.array([0, 2, 2, 0]), 3), {}, (0,)),
]
