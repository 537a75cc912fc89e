"""Calls for the rules of pullback.rulebook.numpy_differences: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_differences"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(4)
ND, NG = np.ndarray, np.generic


def arr(*shape: int) -> Any:
    return R.uniform(0.4, 1.9, shape) * np.where(R.random(shape) < 0.5, -1, 1)


A, T3 = arr(3, 4), arr(2, 3, 4)
F32 = A.astype(np.float32)
Z = A + 1j * arr(3, 4)
HOLES = np.where(A > 0.9, np.nan, A)
ZEROS = np.array([[0.0, 1.5, 2.0, -1.0], [0.0, 0.0, 3.0, 1.0], [1.0, 2.0, 0.0, 0.7]])

CASES: list[Case] = []
for f in (np.cumsum, np.cumprod, ND.cumsum, ND.cumprod, np.nancumsum, np.nancumprod):
    CASES += [(f, (A,), {"axis": axis}, (0,)) for axis in (None, 0, 1, -1, -2)]
    CASES += [(f, (T3, axis), {}, (0,)) for axis in (1, -3)]
    CASES += [
        (f, (A,), {}, (0,)),
        (f, (A.T, 0), {}, (0,)),
        (f, (F32, 1), {}, (0,)),
        (f, (F32, 1, np.float64), {}, (0,)),
        (f, (A,), {"dtype": np.float32}, (0,)),
        (f, (Z, 0), {}, (0,)),
        (f, (np.zeros((0, 3)), 0), {}, (0,)),
        (f, (np.zeros((0, 3)), 1), {}, (0,)),
        (f, (arr(3, 1), 1), {}, (0,)),
        (f, (np.array(1.5),), {}, (0,)),
    ]
    if f not in (ND.cumsum, ND.cumprod):
        CASES += [(f, (x,), {}, (0,)) for x in (1.5, [1.0, 2.5], (1.0, 2), [[1.0, 2.0], [3.0, 4.0]], [A[0], A[1]])]
CASES += [(f, (ZEROS,), {"axis": axis}, (0,)) for f in (np.cumprod, ND.cumprod, np.nancumprod) for axis in (None, 0, 1)]
CASES += [(f, (HOLES,), {"axis": axis}, (0,)) for f in (np.nancumsum, np.nancumprod) for axis in (None, 0, 1)]
CASES += [(f, (x,), {}, (0,)) for f in (NG.cumsum, NG.cumprod) for x in (np.float64(1.5), np.float32(1.5))]
CASES += [(np.cumprod, (Z * (np.abs(A) > 0.9), 1), {}, (0,)), (np.cumprod, ([0.0, 0.0, 2.0],), {}, (0,))]
if hasattr(np, "cumulative_sum"):
    for f in (np.cumulative_sum, np.cumulative_prod):
        CASES += [
            (f, (A[0],), {}, (0,)),
            (f, (A[0],), {"include_initial": True}, (0,)),
            (f, (A,), {"axis": 0, "include_initial": True}, (0,)),
            (f, (ZEROS,), {"axis": -1, "include_initial": True}, (0,)),
            (f, (F32,), {"axis": 1, "dtype": np.float64}, (0,)),
            (f, (np.zeros((3, 0)),), {"axis": 1, "include_initial": True}, (0,)),
        ]
CASES += [
    *[(np.diff, (A,), {"n": n, "axis": axis}, (0,)) for n in range(6) for axis in (0, 1, -1, -2)],
    (np.diff, (A,), {}, (0,)),
    (np.diff, (F32, 2), {}, (0,)),
    (np.diff, (Z, 1, 0), {}, (0,)),
    (np.diff, ([1.0, 2.0, 4.0],), {}, (0,)),
    (np.diff, (np.zeros((0, 3)),), {"axis": 0}, (0,)),
    (np.diff, (A[0],), {"prepend": 0.5}, (0, "prepend")),
    (np.diff, (A[0],), {"append": np.float64(0.5), "n": 2}, (0, "append")),
    (np.diff, (A,), {"prepend": 0.5, "append": 1.5, "axis": 0}, (0, "prepend", "append")),
    (np.diff, (A,), {"prepend": arr(3, 2), "append": arr(3, 1), "n": 2}, (0, "prepend", "append")),
    (np.diff, (A, 3, 0, arr(1, 4), np.array(0.5)), {}, (0, 3, 4)),
    (np.diff, (A[0],), {"prepend": 0, "append": [1.0, 2.0]}, (0, "append")),
    (np.diff, (A[0],), {"prepend": 0.5, "append": [1.0, 2.0], "n": 0}, (0, "prepend", "append")),
    (np.ediff1d, (A,), {}, (0,)),
    (np.ediff1d, (A[0], 0.5, 1.5), {}, (0, 1, 2)),
    (np.ediff1d, (A,), {"to_begin": arr(2), "to_end": arr(2, 2)}, (0, "to_begin", "to_end")),
    (np.ediff1d, ([1.0, 2.0, 4.0],), {"to_begin": [1.0, 2.0]}, (0, "to_begin")),
    (np.ediff1d, (A[0, :1], 0.5), {}, (0, 1)),
    (np.ediff1d, (np.zeros(0),), {}, (0,)),
    (np.ediff1d, (1.5,), {"to_end": np.array([0.5, 0.75])}, (0, "to_end")),
    (np.ediff1d, (F32,), {}, (0,)),
]
X4, X3 = np.array([0.0, 0.7, 1.0, 2.5]), np.array([1.0, 0.5, -0.7])
for order in (1, 2):
    CASES += [
        (np.gradient, (arr(n), *step), {"edge_order": order}, (0,))
        for n in range(order + 1, 9)
        for step in ((), (0.5,), (np.cumsum(np.abs(arr(n))),))
    ]
    CASES += [
        (np.gradient, (A,), {"axis": axis, "edge_order": order}, (0,))
        for axis in (None, 0, 1, -1, (0,), (1, 0), (-2, -1))
    ]
    CASES += [
        (np.gradient, (A, X3, X4), {"edge_order": order}, (0,)),
        (np.gradient, (A, X4, 0.5), {"axis": (1, 0), "edge_order": order}, (0,)),
        (np.gradient, (arr(3, 4, 3), 0.5), {"edge_order": order}, (0,)),
        (np.gradient, (F32, 0.5), {"axis": 0, "edge_order": order}, (0,)),
        (np.gradient, (Z, X4), {"axis": 1, "edge_order": order}, (0,)),
        (np.gradient, ([1.0, 2.0, 4.0],), {"edge_order": order}, (0,)),
    ]
CASES += [
    (np.trapezoid, (A,), {}, (0,)),
    (np.trapezoid, (A,), {"dx": 0.5}, (0, "dx")),
    (np.trapezoid, (A, None, 0.5, 0), {}, (0, 2)),
    (np.trapezoid, (A, X4), {}, (0, 1)),
    (np.trapezoid, (A, X4, 0.5), {}, (0, 1, 2)),
    (np.trapezoid, (A, X3), {"axis": 0}, (0, 1)),
    (np.trapezoid, (A, X3), {"axis": -2}, (0, 1)),
    (np.trapezoid, (A, arr(3, 4)), {"axis": 0}, (0, 1)),
    (np.trapezoid, (T3, arr(2, 3, 4)), {"axis": 1}, (0, 1)),
    (np.trapezoid, (T3, arr(3, 4)), {"axis": -1}, (0, 1)),
    (np.trapezoid, (A[0], X4.tolist()), {}, (0, 1)),
    (np.trapezoid, ([1.0, 2.0, 4.0],), {"dx": 2.0}, (0, "dx")),
    (np.trapezoid, (F32, X4.astype(np.float32)), {}, (0, 1)),
    (np.trapezoid, (Z, X4), {}, (0, 1)),
    (np.trapezoid, (A[:, :1],), {}, (0,)),
    (np.trapezoid, (A[:, :0],), {}, (0,)),
    (np.trapezoid, (A[:0],), {}, (0,)),
]
CASES += [
    (np.unwrap, (np.array([0.5, 3.0, -3.0, -1.0, 2.9, -2.9]),), {}, (0,)),
    (np.unwrap, (np.array([[0.5, 3.0, 9.3], [1.0, -4.3, 0.2]]),), {"axis": 0, "period": 2.0}, (0,)),
    (np.unwrap, (F32,), {}, (0,)),
    (np.unwrap, ([0.5, 3.0, -3.0],), {}, (0,)),
]
CASES += [
    (np.gradient, (A[0], 0.5), {}, (0, 1)),
    (np.gradient, (A, 0.5), {}, (0, 1)),
    (np.gradient, (A, 0.5, np.float64(1.5)), {}, (0, 1, 2)),
    (np.gradient, (A, 0.5, 1.5), {"axis": (1, 0)}, (0, 1, 2)),
    (np.gradient, (A, X3, 1.5), {}, (0, 2)),
]
