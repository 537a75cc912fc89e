"""Calls for the rules of pullback.rulebook.numpy_polynomials: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_polynomials"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(9)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


X = arr(4)
SIZES = [(n, m) for n in (1, 2, 5, 6) for m in (1, 2, 3, 4, 8)]

CASES: list[Case] = [
    (np.vander, (X,), {}, (0,)),
    (np.vander, (X, 3), {"increasing": True}, (0,)),
    (np.vander, (X.astype(np.float32), 6), {}, (0,)),
    (np.vander, ([0.0, 1.0, 2.0],), {}, (0,)),
    (np.vander, (cplx(3),), {}, (0,)),
    (np.polyval, (arr(4), 1.5), {}, (0, 1)),
    (np.polyval, (arr(4), 0.0), {}, (0, 1)),
    (np.polyval, (arr(4), arr(2, 3)), {}, (0, 1)),
    (np.polyval, ([1.0, 2.0, 3], [0.5, 0.0]), {}, (0, 1)),
    (np.polyval, (arr(1), arr(3)), {}, (0, 1)),
    (np.polyval, (cplx(3), arr(3)), {}, (0, 1)),
    (np.polyval, (np.array([1, 2, 3]), arr(3)), {}, (1,)),
    *[(np.convolve, (arr(n), arr(m), mode), {}, (0, 1)) for n, m in SIZES for mode in ("full", "same", "valid")],
    *[(np.correlate, (arr(n), arr(m), mode), {}, (0, 1)) for n, m in SIZES for mode in ("full", "same", "valid")],
    (np.convolve, (cplx(4), arr(3)), {}, (0, 1)),
    (np.convolve, (arr(4).astype(np.float32), [1.0, 2.0]), {}, (0, 1)),
    (np.convolve, (1.5, arr(3)), {}, (0, 1)),
    *[(np.correlate, (cplx(n), cplx(m), mode), {}, (0, 1)) for n, m in ((5, 2), (2, 4)) for mode in ("same", "full")],
    (np.correlate, (arr(4), cplx(3)), {}, (0, 1)),
    (np.correlate, (cplx(4), arr(3)), {"mode": "full"}, (0, 1)),
]
