"""Calls whose operands are lists, of single precision, or partly infinite: for rules that another file has cases of.

Each is here because an error injected into a rule was seen by no other call.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_shaping"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(17)
LIST = [[1.0, 2.5, -0.5], [0.75, -1.5, 3.0]]
SQUARE = [[2.0, 0.5], [-0.25, 1.5]]
A = np.array(LIST)
F32 = A.astype(np.float32)
S32 = np.array(SQUARE, np.float32)
L = np.linalg

CASES: list[Case] = [
    (np.rot90, (LIST,), {}, (0,)),
    (np.rot90, (F32,), {"k": 3}, (0,)),
    (np.ediff1d, (A[0],), {"to_begin": [[0.5], [1.5]], "to_end": [[0.5, 1.0]]}, (0, "to_begin", "to_end")),
    (np.diff, (A,), {"axis": 1, "prepend": A[:, :2], "append": A[:, :1] + 1.0}, (0, "prepend", "append")),
    (np.diff, (A,), {"axis": 0, "n": 2, "prepend": A[:1], "append": A}, (0, "prepend", "append")),
    (L.matrix_power, (SQUARE, 0), {}, (0,)),
    (L.matrix_power, (S32, 0), {}, (0,)),
    (L.matrix_power, (SQUARE, 2), {}, (0,)),
    (L.trace, (S32,), {}, (0,)),
    (np.trace, (S32,), {"dtype": np.float64}, (0,)),
    (np.einsum, ("ij,j->i", LIST, [1.0, 2.0, 3.0]), {}, (1, 2)),
    (np.einsum, ("ii->i", SQUARE), {}, (1,)),
    (np.einsum, ("ij,j", F32, F32[0]), {}, (1, 2)),
    (np.stack, ([F32[0], F32[1]],), {"dtype": np.float64}, (0,)),
    (np.stack, (F32,), {"axis": 1}, (0,)),
    (np.concatenate, (F32,), {}, (0,)),
    (np.roots, ([1.0, -3.0, 1.0],), {}, (0,)),
    (np.roots, (np.array([1.0, -3.0, 1.0], np.float32),), {}, (0,)),
    (L.lstsq, (F32.T, F32[:1].T.repeat(3, 0)[:3, 0]), {"rcond": None}, (0, 1)),
    (np.logspace, (np.float32(0.5), np.float32(1.5), 4), {"base": np.float32(2.0)}, (0, 1, "base")),
    (np.geomspace, (np.float32(0.5), np.float32(1.5), 4), {}, (0, 1)),
    (np.linspace, (np.float32(0.5), np.float32(1.5), 4), {"retstep": True}, (0, 1)),
    (np.clip, (A, None, None), {}, (0,)),
    (np.maximum, (np.float32(1.5), F32), {}, (0, 1)),
    (np.cumprod, (F32,), {"axis": 1, "dtype": np.float64}, (0,)),
    (np.nancumsum, (F32,), {"axis": 1, "dtype": np.float64}, (0,)),
    (np.max, (F32,), {"axis": 0, "initial": np.float32(-9.0)}, (0, "initial")),
    (np.max, (F32,), {"axis": 0, "initial": 2.75}, (0, "initial")),
    (np.angle, (np.array([1.0 + 2.0j, -0.5 + 1.0j], np.complex64),), {"deg": True}, (0,)),
    (np.divmod, (F32, np.float32(0.7)), {}, (0, 1)),
    (np.divmod, (F32, F32[0] * np.float32(0.31)), {}, (0, 1)),
    (np.modf, (F32 + np.float32(0.3),), {}, (0,)),
    (np.real, ([1.0 + 2.0j, 0.5],), {}, (0,)),
    (np.imag, ([1.0 + 2.0j, 0.5],), {}, (0,)),
    (np.imag, (LIST,), {}, (0,)),
    (np.real_if_close, (LIST,), {}, (0,)),
    (np.trim_zeros, ([1.5, 0.5, 2.5],), {}, (0,)),
    (np.array_split, (LIST, 2), {"axis": 1}, (0,)),  # NumPy splits the length of the list: two columns of the three
    (np.var, (A, 1), {"mean": [[0.5], [1.0]]}, (0, "mean")),
    (np.gradient, (F32, np.float64(0.5), 1.5), {}, (0, 1, 2)),
    (np.trapezoid, ([[1.0], [2.0]],), {"axis": 1}, (0,)),
    (np.dot, ([1.0, 2.5], 3.0), {}, (0, 1)),
    (np.dot, (F32, 3.0), {}, (0, 1)),
    (np.matmul, (A[0], A.T.tolist()), {}, (0, 1)),
    (np.matmul, (A[0], F32.T), {}, (0, 1)),
    (np.quantile, (A, np.array([[0.2, 0.45], [0.7, 0.3]])), {"axis": 1, "keepdims": True}, (0, 1)),
    (np.quantile, (A, 0.45), {"keepdims": True}, (0, 1)),
    (np.nanvar, (A, 1), {"ddof": 1}, (0,)),
    (np.nanvar, (A, 1), {"correction": 1}, (0,)),
    (np.var, (A, 1), {"mean": np.array([[0.5], [1.0]]), "ddof": 1}, (0, "mean")),
    (np.nanvar, (A, 1), {"mean": np.array([[0.5], [1.0]]), "ddof": 1}, (0, "mean")),
    (np.nanvar, (A, 1), {"mean": np.array([[0.5], [1.0]]), "correction": 1}, (0, "mean")),
    (np.nanstd, (A, 1), {"mean": np.array([[0.5], [1.0]]), "correction": 1}, (0, "mean")),
    (L.norm, (np.array([[1.0, 1.0], [2.0, 2.0]]), 1), {}, (0,)),
    (L.norm, (np.array([[1.0, 2.0], [1.0, 2.0]]), np.inf), {}, (0,)),
    (operator.pow, (-2.0, 0.5 + 0.5j), {}, (1,)),
    (operator.pow, (1.5 - 0.5j, 0.5 + 0.5j), {}, (0, 1)),
    (np.frexp, (F32 + np.float32(0.3),), {}, (0,)),
]
