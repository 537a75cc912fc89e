"""Calls for the rules of pullback.rulebook.python_operators: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

MODULE = "pullback.rulebook.python_operators"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(3)


def arr(*shape: int) -> Any:
    return R.uniform(0.4, 1.9, shape)


A, B = arr(3, 4), arr(4)
F32 = A.astype(np.float32)
Z = A + 1j * arr(3, 4)
PAIRS: list[tuple[Any, Any]] = [(1.5, 2.25), (A, B), (A, 1.5), (1.5, A), (np.float64(1.5), A), (F32, 2.0), (F32, A)]
COMPLEX: list[tuple[Any, Any]] = [(Z, A), (A, Z), (1.5, Z), (1.5 - 2j, 0.5 + 1j), (Z, 2.0)]

CASES: list[Case] = []
for f in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
    CASES += [(f, pair, {}, (0, 1)) for pair in (*PAIRS, *COMPLEX)]
CASES += [(operator.mod, (x, y), {}, (0, 1)) for x, y in ((5.3, 2.1), (A, 0.37), (-A, arr(4) + 2.0), (F32, 0.37))]
CASES += [(f, (x,), {}, (0,)) for f in (operator.neg, operator.pos) for x in (1.5, A, Z, F32)]
CASES += [
    (operator.matmul, pair, {}, (0, 1))
    for pair in (
        (A, arr(4, 2)),
        (A, B),
        (arr(3), A),
        (B, arr(4)),
        (arr(2, 3, 4), arr(4, 2)),
        (arr(3, 4), arr(5, 4, 2)),
        (arr(2, 1, 3, 4), arr(5, 4, 2)),
        (arr(2, 3, 4), B),
        (arr(3), arr(2, 3, 4)),
        (F32, arr(4, 2)),
        (F32, B.astype(np.float32)),
        (Z, arr(4, 2)),
        (A, Z.T),
    )
]
