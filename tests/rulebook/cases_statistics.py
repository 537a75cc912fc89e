"""Calls for the rules of pullback.rulebook.numpy_statistics: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_statistics"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(3)
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
AXES: list[dict[str, Any]] = [
    {},
    {"axis": None, "keepdims": True},
    {"axis": 0},
    {"axis": 1, "keepdims": True},
    {"axis": -1},
    {"axis": (0,), "keepdims": True},
    {"axis": (0, 1)},
    {"axis": (-1, 0), "keepdims": True},
]
MOMENTS = [np.mean, np.nanmean, ND.mean, np.var, np.nanvar, ND.var, np.std, np.nanstd, ND.std]
ORDERS = [np.median, np.nanmedian]

CASES: list[Case] = []
for f in (*MOMENTS, *ORDERS):
    CASES += [(f, (A,), kwargs, (0,)) for kwargs in AXES]
    CASES += [(f, (T3,), {"axis": axis}, (0,)) for axis in ((0, 2), (2, 0), (-1, -3), 1)]
    CASES += [(f, (F32,), {"axis": 1}, (0,)), (f, (F32,), {}, (0,)), (f, (A.T, 0), {}, (0,))]
    if f not in (ND.mean, ND.var, ND.std):
        CASES += [(f, (x,), {}, (0,)) for x in ([1.0, 2.5, -0.5], (1.0, 2), [[1.0, 2.0], [3.0, 4.5]], [A[0], A[1]])]
        CASES += [(f, ([A[0], A[1], A[2]],), {"axis": 0}, (0,))]
for f in MOMENTS:
    CASES += [
        (f, (Z,), {"axis": 1}, (0,)),
        (f, (Z.astype(np.complex64),), {}, (0,)),
        (f, (A, 0, np.float32), {}, (0,)),
        (f, (F32, 1, np.float64), {}, (0,)),
        (f, (A,), {"where": MASK}, (0,)),
        (f, (A, 1), {"where": MASK, "keepdims": True}, (0,)),
        (f, (A, 0), {"where": MASK[:, :1]}, (0,)),
        (f, (np.zeros((0, 3)),), {"axis": 1}, (0,)),
        (f, (F32, 1), {"where": MASK}, (0,)),
    ]
for f in (np.var, np.nanvar, ND.var, np.std, np.nanstd, ND.std):
    CASES += [
        (f, (A,), {"ddof": 1}, (0,)),
        (f, (A, 0), {"ddof": 1.5, "keepdims": True}, (0,)),
        (f, (A, 0), {"ddof": np.int64(1), "where": MASK}, (0,)),
        (f, (Z, 1), {"ddof": 1}, (0,)),
    ]
CASES += [
    (np.var, (A, 1), {"correction": 1}, (0,)),
    (np.std, (A, 1), {"correction": 1}, (0,)),
    (np.mean, (1.5,), {}, (0,)),
    (np.mean, (np.array(1.5),), {"axis": ()}, (0,)),
    (np.mean, (np.array(1.5),), {"keepdims": True}, (0,)),
    (np.var, (np.array([2.0, 2.0, 2.0]),), {}, (0,)),
    (np.var, (1.5,), {}, (0,)),
    (np.average, (A,), {}, (0,)),
    (np.average, (A,), {"axis": 1, "keepdims": True}, (0,)),
    (np.average, (A,), {"weights": np.abs(A) + 0.3}, (0, "weights")),
    (np.average, (A, 1, np.array([1.0, 2.0, 0.5, 3.0])), {}, (0, 2)),
    (np.average, (A, -2, np.array([1.0, 2.0, 0.5])), {"keepdims": True}, (0, 2)),
    (np.average, (A, 0, np.abs(A) + 0.3), {}, (0, 2)),
    (np.average, (T3, (0, 2), np.abs(T3[:, 0, :]) + 0.3), {}, (0, 2)),
    (np.average, (A, 1), {"returned": True}, (0,)),
    (np.average, (A, 1, np.array([1.0, 2.0, 0.5, 3.0]), True), {}, (0, 2)),
    (np.average, (A,), {"weights": np.abs(A) + 0.3, "returned": True, "keepdims": True}, (0, "weights")),
    (np.average, (T3, (2, 0), np.abs(T3[:, 1, :].T) + 0.3), {}, (0, 2)),
    (np.average, (T3, (1, -1, 0), np.abs(np.moveaxis(T3, 0, -1)) + 0.3), {}, (0, 2)),
    (np.average, (A, 1, [1, 2, 0, 3]), {}, (0,)),
    (np.average, (A, 1, [1.0, 2.0, 0.5, 3.0]), {}, (0, 2)),
    (np.average, ([1.0, 2.0], 0, (0.5, 0.75)), {}, (0, 2)),
    (np.average, (Z, 1, np.array([1.0, 2.0, 0.5, 3.0])), {}, (0, 2)),
    (np.average, (F32, 1, np.array([1.0, 2.0, 0.5, 3.0], np.float32)), {}, (0, 2)),
]
CASES += [(f, (x,), {}, (0,)) for f in (NG.mean, NG.var, NG.std) for x in (np.float64(1.5), np.float32(1.5))]
for f in (np.nanmean, np.nanvar, np.nanstd, np.nanmedian):
    CASES += [(f, (HOLES,), {}, (0,)), (f, (HOLES, 1), {}, (0,)), (f, (HOLES, 0), {"keepdims": True}, (0,))]
ABOUT = np.array([[0.3, -0.2, 0.1, 0.4]])
for f in (np.var, np.std, ND.var, ND.std):
    CASES += [
        (f, (A, 0), {"mean": ABOUT}, (0, "mean")),
        (f, (A, 1), {"mean": np.array([[0.1], [0.2], [-0.3]]), "ddof": 1, "keepdims": True}, (0, "mean")),
        (f, (F32, 0), {"mean": ABOUT.astype(np.float32)}, (0, "mean")),
    ]
CASES += [(f, (np.float64(1.5),), {"mean": 0.7}, (0, "mean")) for f in (NG.var, NG.std)]
CASES += [(np.var, (Z, 0), {"mean": ABOUT * (1.0 + 0.5j)}, (0, "mean"))]
CASES += [(f, (HOLES, 0), {"mean": np.array([[0.3, -0.2, 0.1, 0.4]])}, (0, "mean")) for f in (np.nanvar, np.nanstd)]
METHODS = ["linear", "hazen", "weibull", "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf"]
STEPS = ["lower", "higher", "midpoint", "nearest"]
STEPS += ["inverted_cdf", "averaged_inverted_cdf", "closest_observation"]
for quantile, scale in ((np.quantile, 1.0), (np.percentile, 100.0), (np.nanquantile, 1.0), (np.nanpercentile, 100.0)):
    q = np.array([0.0, 0.21, 0.5, 0.83, 1.0]) * scale
    CASES += [
        (quantile, (A, 0.3 * scale), {}, (0, 1)),
        (quantile, (A, 0.3 * scale, 1), {}, (0, 1)),
        (quantile, (A, 0.3 * scale), {"axis": (1, 0), "keepdims": True}, (0, 1)),
        (quantile, (T3, q[1:3], (0, -1)), {"keepdims": True}, (0,)),
        (quantile, (T3, np.array([[0.3, 0.71]]) * scale, 1), {}, (0, 1)),
        (quantile, (A, q, 0), {}, (0,)),
        (quantile, (A[0], (q[1:4] + 0.013 * scale).tolist()), {}, (0, 1)),
        (quantile, (F32, 0.3 * scale, 1), {}, (0,)),
        (quantile, ([1.0, 2.5, 4.0], 0.3 * scale), {}, (0, 1)),
        (quantile, (A, 0, 1), {}, (0,)),
        *[(quantile, (A, 0.37 * scale, 1), {"method": method}, (0, 1)) for method in METHODS + STEPS],
        *[(quantile, (A, np.array([0.02, 0.98]) * scale, 0), {"method": method}, (0, 1)) for method in METHODS],
        *[(quantile, (A[0, :3], 0.5 * scale), {"method": method}, (0,)) for method in METHODS + STEPS],
    ]
for quantile, scale in ((np.nanquantile, 1.0), (np.nanpercentile, 100.0)):
    CASES += [
        (quantile, (HOLES, 0.37 * scale), {}, (0, 1)),
        (quantile, (HOLES, 0.37 * scale, 0), {"keepdims": True}, (0, 1)),
        (quantile, (HOLES, np.array([0.37, 0.81]) * scale, 1), {}, (0, 1)),
        *[(quantile, (HOLES, 0.37 * scale, 1), {"method": method}, (0, 1)) for method in METHODS + STEPS],
    ]
