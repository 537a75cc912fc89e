"""Calls for the rules of pullback.rulebook.numpy_creating: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.numpy_creating import plain_view

MODULE = "pullback.rulebook.numpy_creating"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(5)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


A, B = arr(3, 4), arr(4)
F32 = A.astype(np.float32)
Z = A + 1j * arr(3, 4)
SCALAR = np.float64(1.5)

CASES: list[Case] = [
    (np.array, (A,), {}, (0,)),
    (np.array, (1.5,), {}, (0,)),
    (np.array, (np.float32(1.5),), {}, (0,)),
    (np.array, (1.5 + 2j,), {}, (0,)),
    (np.array, ([1.0, 2.0, 3.0],), {}, (0,)),
    (np.array, ((1.0, 2, 3.0),), {}, (0,)),
    (np.array, ([[1.0, 2], (3, 4.0)],), {}, (0,)),
    (np.array, ([[1.0, 2.0], B[:2], F32[0, :2]],), {}, (0,)),
    (np.array, ([1.0, np.float64(2.0), np.array(3.0), 4],), {}, (0,)),
    (np.array, ([1.0, 2j],), {}, (0,)),
    (np.array, ([],), {}, ()),
    (np.array, ([1.0, 2.0],), {"ndmin": 3}, (0,)),
    (np.array, (F32,), {"dtype": np.float64}, (0,)),
    (np.array, ([1.0, 2.0],), {"dtype": np.float32}, (0,)),
    (np.array, (A, complex), {}, (0,)),
    (np.asarray, (A,), {}, (0,)),
    (np.asarray, ([1.0, [2.0][0]], np.float32), {}, (0,)),
    (np.asarray, ((A, A),), {}, (0,)),
    (np.asarray, (A,), {"order": "F"}, (0,)),
    (np.asanyarray, (2.5,), {}, (0,)),
    (np.asarray_chkfinite, ([1.0, 2.0],), {}, (0,)),
    (np.require, (A, np.float32, "F"), {}, (0,)),
    (np.ascontiguousarray, (A.T,), {}, (0,)),
    (np.ascontiguousarray, (2.0,), {}, (0,)),
    (np.asfortranarray, (A,), {}, (0,)),
    (np.copy, (A,), {}, (0,)),
    (np.copy, ([1.0, 2.0],), {}, (0,)),
    (np.ndarray.copy, (A,), {}, (0,)),
    (np.ndarray.__copy__, (A,), {}, (0,)),
    (np.ndarray.__deepcopy__, (A, {}), {}, (0,)),
    (np.ndarray.astype, (A, np.float32), {}, (0,)),
    (np.ndarray.astype, (A, complex), {"copy": False}, (0,)),
    (np.ndarray.astype, (F32, "float64"), {}, (0,)),
    (np.generic.copy, (SCALAR,), {}, (0,)),
    (np.generic.__copy__, (SCALAR,), {}, (0,)),
    (np.generic.__deepcopy__, (SCALAR, {}), {}, (0,)),
    (np.generic.astype, (SCALAR, np.float32), {}, (0,)),
    (np.astype, (A, np.float32), {}, (0,)),
    (np.full, ((2, 3), 1.5), {}, (1,)),
    (np.full, ((2, 3), arr(3)), {}, (1,)),
    (np.full, (4, [1.0, 2.0, 3.0, 4.0]), {}, (1,)),
    (np.full, ((2,), 1.5), {"dtype": np.float32}, (1,)),
    (np.full_like, (A, 1.5), {}, (0, 1)),
    (np.full_like, (F32, B), {}, (0, 1)),
    (np.full_like, (F32, 2.0), {"shape": (2, 5), "dtype": float}, (0, 1)),
    (np.full_like, ([1.0, 2.0], 2.0), {}, (0, 1)),
    (np.linspace, (1.0, 2.5), {}, (0, 1)),
    (np.linspace, (1.0, 2.5, 7), {"endpoint": False}, (0, 1)),
    (np.linspace, (1.0, 2.5, 1), {}, (0, 1)),
    (np.linspace, (1.0, 2.5, 0), {}, (0, 1)),
    (np.linspace, (1, 2.5, 4), {}, (1,)),
    (np.linspace, (A, B, 5), {"axis": 1}, (0, 1)),
    (np.linspace, (A, 2.0, 5), {"axis": -1}, (0, 1)),
    (np.linspace, (F32, [1.0, 2.0, 3.0, 4.0], 5), {}, (0, 1)),
    (np.linspace, (1.0 + 2j, 3.0, 5), {}, (0, 1)),
    (np.logspace, (0.5, 1.5, 6), {}, (0, 1)),
    (np.logspace, (0.5, 1.5, 6, False, 2.5), {}, (0, 1, 4)),
    (np.logspace, (arr(3), 1.5, 6), {"base": 3.0, "axis": -1}, (0, 1, "base")),
    (np.geomspace, (0.5, 3.5, 6), {}, (0, 1)),
    (np.geomspace, (-0.5, -3.5, 6), {"endpoint": False}, (0, 1)),
    (np.geomspace, (np.exp(B), 3.5, 6), {"axis": 1}, (0, 1)),
    (np.geomspace, (1.0 + 0.5j, 2.0 - 1j, 6), {}, (0, 1)),
    (np.arange, (4.5,), {}, (0,)),
    (np.arange, (1.25, 4.5), {}, (0, 1)),
    (np.arange, (1.25, 4.5, 0.5), {}, (0, 1, 2)),
]
CASES += [
    (np.linspace, (1.0, 2.5, 4), {"retstep": True}, (0, 1)),
    (np.linspace, (1.0, 2.5, 4), {"retstep": True, "endpoint": False}, (0, 1)),
    (np.linspace, (A, B, 5, True, True), {}, (0, 1)),
    (plain_view, (A,), {}, (0,)),
    (plain_view, (np.float64(1.5),), {}, (0,)),
    (np.ndarray.to_device, (A, "cpu"), {}, (0,)),
    (np.generic.to_device, (np.float64(1.5), "cpu"), {}, (0,)),
]
