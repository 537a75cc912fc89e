"""Calls for the rules of pullback.rulebook.numpy_reductions: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_reductions"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(2)
ND, NG = np.ndarray, np.generic


def apart(*shape: int) -> Any:
    """Different numbers, 0.17 apart at least."""
    n = int(np.prod(shape))
    return (R.permutation(n) * 0.17 - 0.17 * (n // 2) + 0.08).reshape(shape)


A, T3 = apart(3, 4), apart(2, 3, 4)
F32 = A.astype(np.float32)
Z = A + 1j * apart(3, 4)[::-1]
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
HOLES = np.where(MASK, A, np.nan)
ZEROS = np.array([[0.0, 1.5, 2.0, -1.0], [0.0, 0.0, 3.0, 1.0], [1.0, 2.0, -0.5, 0.7]])
AXES: list[dict[str, Any]] = [
    {},
    {"axis": None},
    {"axis": 0},
    {"axis": 1},
    {"axis": -1},
    {"axis": -2},
    {"axis": (0,)},
    {"axis": (0, 1)},
    {"axis": (-1, 0)},
    {"axis": ()},
    {"axis": np.int64(1)},
]
LISTS: list[Any] = [
    [1.0, 2.5, -0.5],
    (1.0, 2.5),
    [[1.0, 2.0], [3.0, 4.5]],
    [np.float64(1.0), 2, 3.5],
    [A[0], A[1]],
    (A, A + 0.01),
]


def calls(f: Any, x: Any) -> list[Case]:
    """A reduction of one array over every kind of axes."""
    return [
        (f, (x,), {**axis, **keep}, (0,)) for axis in AXES for keep in ({}, {"keepdims": True}, {"keepdims": False})
    ]


SUMS = [np.sum, np.prod, np.nansum, np.nanprod, ND.sum, ND.prod]
EXTREMA = [np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin, ND.max, ND.min]
CASES: list[Case] = []
for f in (*SUMS, *EXTREMA, np.ptp):
    CASES += calls(f, A)
    CASES += [(f, (T3,), {"axis": axis}, (0,)) for axis in ((0, 2), (2, 0), (-1, -3), 1)]
    CASES += [
        (f, (F32,), {"axis": 1}, (0,)),
        (f, (F32,), {}, (0,)),
        (f, (A.T,), {"axis": 1}, (0,)),
        (f, (np.array(1.5),), {}, (0,)),
        (f, (np.array(1.5),), {"axis": 0}, (0,)),
        (f, (np.array(1.5),), {"axis": -1, "keepdims": True}, (0,)),
        (f, (np.array(1.5),), {"axis": ()}, (0,)),
        (f, (np.zeros((0, 3)),), {"axis": 1}, (0,)),
        (f, (np.array([[2.0]]),), {"axis": 1}, (0,)),
    ]
    if f not in (ND.sum, ND.prod, ND.max, ND.min):
        CASES += [(f, (x,), {}, (0,)) for x in (1.5, np.float32(1.5), np.float64(1.5), *LISTS)]
        CASES += [(f, (x,), {"axis": 0}, (0,)) for x in LISTS]
for f in SUMS:
    CASES += [
        (f, (Z,), {"axis": 1}, (0,)),
        (f, (np.zeros((0, 3)),), {}, (0,)),
        (f, (np.zeros((0, 3)),), {"axis": 0}, (0,)),
        (f, (np.zeros((2, 0)),), {"axis": (0, 1), "keepdims": True}, (0,)),
        (f, (A, 0), {"dtype": np.float32}, (0,)),
        (f, (F32, 1, np.float64), {}, (0,)),
        (f, (A,), {"dtype": complex}, (0,)),
        (f, (A,), {"where": MASK}, (0,)),
        (f, (A, 1), {"where": MASK, "keepdims": True}, (0,)),
        (f, (A, 0), {"where": MASK[0]}, (0,)),
        (f, (A, 0), {"initial": 2.5}, (0, "initial")),
        (f, (A,), {"initial": 2.5, "where": MASK}, (0, "initial")),
    ]
for f in (np.nansum, np.nanprod, np.nanmax, np.nanmin):
    CASES += [(f, (HOLES,), {}, (0,)), (f, (HOLES, 1), {}, (0,)), (f, (HOLES, 0), {"keepdims": True}, (0,))]
CASES += [(f, (ZEROS,), {"axis": axis}, (0,)) for f in (np.prod, ND.prod, np.nanprod) for axis in (None, 0, 1, (1, 0))]
CASES += [
    (np.prod, (np.array([0.0, 2.0, 3.0]),), {}, (0,)),
    (np.prod, (np.array([1e-200, 1e-200, 1e300]),), {}, ()),
    (np.prod, (Z * (np.abs(A) > 0.2),), {"axis": 1}, (0,)),
]
for f in EXTREMA:
    CASES += [
        (f, (A,), {"axis": 1, "initial": 0.33}, (0, "initial")),
        (f, (A,), {"initial": 0.33}, (0, "initial")),
        (f, (A, 0), {"where": MASK, "initial": 0.33, "keepdims": True}, (0, "initial")),
        (f, (np.zeros((0, 3)), 0), {"initial": 0.33}, (0, "initial")),
        (f, (Z,), {"axis": 1}, (0,)),
    ]
for f in (NG.sum, NG.prod, NG.max, NG.min):
    CASES += [(f, (x,), {}, (0,)) for x in (np.float64(1.5), np.float32(1.5))]
    CASES += [(f, (np.float64(1.5),), {"axis": 0}, (0,)), (f, (np.float64(0.25),), {"initial": 1.25}, (0, "initial"))]
    CASES += [(f, (np.float64(2.5),), {"initial": 1.25}, (0, "initial"))]
CASES += [(np.max, (np.array([np.inf, 1.0]),), {}, ()), (np.sum, (np.array([[1.0, np.inf]]), 0), {}, (0,))]
