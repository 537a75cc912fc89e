"""Calls for the rules of pullback.rulebook.numpy_comparisons: (function, args, kwargs, differentiated operands).

The inputs keep their distance from kinks, where differences say nothing: those are in test_numpy_edges.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_comparisons"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(1)
ND, NG = np.ndarray, np.generic


def apart(*shape: int) -> Any:
    """Different numbers, 0.17 apart at least, none near 0."""
    n = int(np.prod(shape))
    return (R.permutation(n) * 0.17 - 0.17 * (n // 2) + 0.08).reshape(shape)


A = apart(3, 4)
B = A[0] + 0.05  # for every row: a kink is 0.03 away at least
F32 = A.astype(np.float32)
Z = A + 1j * apart(3, 4)[::-1]
MASK = A > 0.1
NAN, INF = np.nan, np.inf

CASES: list[Case] = []
for f in (np.maximum, np.minimum, np.fmax, np.fmin):
    CASES += [
        (f, (A, A[::-1] + 0.05), {}, (0, 1)),
        (f, (A, B), {}, (0, 1)),
        (f, (B, A), {}, (0, 1)),
        (f, (A, 0.0), {}, (0, 1)),
        (f, (0.0, A), {}, (0, 1)),
        (f, (A, 0), {}, (0,)),
        (f, (1.5, -0.5), {}, (0, 1)),
        (f, (np.float32(1.5), 0.5), {}, (0, 1)),
        (f, (F32, 0.0), {}, (0, 1)),
        (f, (F32, F32[0] + np.float32(0.05)), {}, (0, 1)),
        (f, (A[:0], B), {}, (0, 1)),
        (f, (np.array(1.5), np.array(2.5)), {}, (0, 1)),
        (f, (np.array([INF, 1.0]), np.array([1.0, -INF])), {}, (0, 1)),
        (f, (Z, Z[::-1] + 0.05), {}, (0, 1)),
    ]
CASES += [
    (np.fmax, (np.array([NAN, 1.0]), np.array([1.5, 0.5])), {}, (1,)),
    (np.fmin, (np.array([0.5, 1.0]), np.array([NAN, 0.5])), {}, (0,)),
    (np.where, (MASK, A, B), {}, (1, 2)),
    (np.where, (MASK, B, 1.5), {}, (1, 2)),
    (np.where, (MASK[0], A, Z), {}, (1, 2)),
    (np.where, (True, 2.5, A), {}, (1, 2)),
    (np.where, (False, 2.5, 1.5), {}, (1, 2)),
    (np.where, (MASK, F32, 1.5), {}, (1, 2)),
    (np.where, (MASK, F32, A), {}, (1, 2)),
    (np.where, (MASK, 0, A), {}, (2,)),
    (np.where, (A, A, B), {}, (0, 1, 2)),
    (np.where, (1.5, A, B), {}, (0,)),
    (np.clip, (A, -0.5, 0.6), {}, (0, 1, 2)),
    (np.clip, (A, B[:, None][:3] - 1.0, B + 0.5), {}, (0, 1, 2)),
    (np.clip, (A, None, 0.6), {}, (0, 2)),
    (np.clip, (A, -0.5, None), {}, (0, 1)),
    (np.clip, (A,), {"min": -0.5, "max": B}, (0, "min", "max")),
    (np.clip, (A,), {"max": 0.3}, (0, "max")),
    (np.clip, (A,), {"a_min": -0.5, "a_max": None}, (0, "a_min")),
    (np.clip, (A, 0.6, -0.5), {}, (0, 1, 2)),
    (np.clip, (1.5, 0.0, 1.0), {}, (0, 1, 2)),
    (np.clip, (F32, -0.5, 0.6), {}, (0, 1, 2)),
    (np.clip, (A[:0], -0.5, 0.6), {}, (0, 1, 2)),
    (np.clip, (A, 0, 1), {}, (0,)),
    (ND.clip, (A, -0.5, 0.6), {}, (0, 1, 2)),
    (ND.clip, (A,), {"min": -0.5}, (0, "min")),
    (ND.clip, (A,), {"max": B}, (0, "max")),
    (NG.clip, (np.float64(1.5), -0.5, 0.6), {}, (0, 1, 2)),
    (NG.clip, (np.float32(0.5), -0.5, 0.6), {}, (0, 1, 2)),
    (NG.clip, (np.float64(-1.5), -0.5, 0.6), {}, (0, 1, 2)),
]
for f in (np.absolute, np.fabs, np.sign):
    CASES += [(f, (x,), {}, (0,)) for x in (A, F32, 1.5, -1.5, np.float64(-2.0), np.array(-0.5), A[:0], A.T)]
CASES += [
    (f, (z,), {}, (0,)) for f in (np.absolute, np.sign) for z in (Z, Z.astype(np.complex64), 3 - 4j, np.array(1 + 2j))
]
CASES += [
    (np.copysign, (A, A[::-1]), {}, (0, 1)),
    (np.copysign, (A, -1.0), {}, (0, 1)),
    (np.copysign, (1.5, A), {}, (0, 1)),
    (np.copysign, (-1.5, -0.0), {}, (0,)),
    (np.copysign, (F32, -2.0), {}, (0, 1)),
    (np.heaviside, (A, 0.5), {}, (0, 1)),
    (np.heaviside, (np.array([0.0, 1.0, -1.0, 0.0]), 0.5), {}, (1,)),
    (np.heaviside, (0.0, 0.5), {}, (1,)),
    (np.nan_to_num, (A,), {}, (0,)),
    (np.nan_to_num, (1.5,), {}, (0,)),
    (np.nan_to_num, (F32,), {"nan": 2.0}, (0,)),
    (np.nan_to_num, (Z,), {}, (0,)),
    (np.nan_to_num, (np.array([1.0, NAN, INF, -INF]),), {"posinf": 9.0, "neginf": -9.0}, (0,)),
    (np.real_if_close, (A,), {}, (0,)),
    (np.real_if_close, (Z,), {}, (0,)),
    (np.angle, (Z,), {}, (0,)),
    (np.angle, (Z,), {"deg": True}, (0,)),
    (np.angle, (A,), {}, (0,)),
    (np.angle, (3 - 4j,), {}, (0,)),
    (np.angle, (Z[0].astype(np.complex64), True), {}, (0,)),
    (np.angle, (np.array([1e-3 + 2e-3j]),), {}, (0,)),
]
for f in (np.conjugate, np.real, np.imag):
    CASES += [(f, (x,), {}, (0,)) for x in (A, Z, F32, 1.5, 1.5 - 2j, np.float32(1.5), np.array(1j))]
    CASES += [(f, (Z.astype(np.complex64),), {}, (0,))]
CASES += [(f, (x,), {}, (0,)) for f in (ND.conj, ND.conjugate, ND.real, ND.imag) for x in (A, Z, F32, np.array(1j))]
CASES += [
    (f, (x,), {}, (0,))
    for f in (NG.conj, NG.conjugate, NG.real, NG.imag)
    for x in (np.float64(1.5), np.complex128(1 + 2j), np.complex64(1 + 2j), np.float32(1.5))
]
for kind in (np.float16, np.float32, np.float64, np.longdouble):
    CASES += [(kind, (x,), {}, (0,)) for x in (1.5, A, F32, np.float64(1.5), np.array(1.5))]
for kind in (np.complex64, np.complex128, np.clongdouble):
    CASES += [(kind, (x,), {}, (0,)) for x in (1.5, A, Z, 1 + 2j, F32, np.array(1.5 + 1j))]
CASES += [(np.complex128, (1.5, 2.5), {}, (0, 1))]
