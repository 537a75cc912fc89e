"""Calls for the rules of scipy.signal and of distances: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

S = pytest.importorskip("scipy.signal", reason="SciPy is not installed")
D = pytest.importorskip("scipy.spatial.distance", reason="SciPy is not installed")

MODULES = ["pullback.rulebook.scipy_signal", "pullback.rulebook.scipy_spatial"]
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(25)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


METRICS = ("euclidean", "sqeuclidean", "cityblock", "chebyshev")
MODES = ("full", "same", "valid")
B, A = [0.4, 0.2, 0.1], [1.0, -0.5, 0.2]
SOS = S.butter(4, 0.3, output="sos")
LONG = arr(40)
POINTS, OTHERS = arr(4, 3), arr(2, 3)

CASES: list[Case] = [
    *[
        (f, ab, {"mode": mode}, (0, 1))
        for f in (S.convolve, S.fftconvolve, S.oaconvolve, S.correlate)
        for mode in MODES
        for ab in ((arr(6), arr(3)), (arr(3), arr(6)), (arr(4, 5), arr(2, 3)), (cplx(6), arr(3)), (cplx(5), cplx(4)))
    ],
    *[(f, ([1.0, 2.0, 4.0], arr(2)), {}, (0, 1)) for f in (S.convolve, S.correlate)],
    *[(f, (np.array(2.0), np.array(3.0)), {}, (0, 1)) for f in (S.convolve, S.fftconvolve)],
    (S.convolve, (arr(6).astype(np.float32), arr(3).astype(np.float32)), {"method": "direct"}, (0, 1)),
    *[(S.fftconvolve, (arr(2, 6), arr(2, 3)), {"axes": 1, "mode": m}, (0, 1)) for m in MODES],
    *[(S.fftconvolve, (arr(2, 6), arr(1, 3)), {"axes": [-1], "mode": m}, (0, 1)) for m in MODES],
    *[(f, (arr(4, 5), arr(2, 3)), {"mode": m}, (0, 1)) for f in (S.convolve2d, S.correlate2d) for m in MODES],
    *[(f, (arr(2, 3), arr(4, 5)), {"mode": m}, (0, 1)) for f in (S.convolve2d, S.correlate2d) for m in MODES],
    *[(f, (cplx(4, 5), cplx(2, 4)), {"mode": m}, (0, 1)) for f in (S.convolve2d, S.correlate2d) for m in MODES],
    *[(f, (cplx(2, 3), cplx(4, 4)), {"mode": m}, (0, 1)) for f in (S.convolve, S.correlate) for m in MODES],
    (S.convolve2d, (cplx(4, 5), cplx(2, 3)), {}, (0, 1)),
    (S.correlate2d, (cplx(4, 5), cplx(2, 3)), {}, (0, 1)),
    *[
        (S.lfilter, (B, np.array(A), x), {"axis": k}, (0, 1, 2))
        for x, k in ((arr(7), -1), (arr(7, 2), 0), (cplx(7), 0))
    ],
    (S.lfilter, (np.array(B), np.array([2.0, 0.3]), arr(2)), {}, (0, 1, 2)),
    (S.lfilter, (np.array(B), [1.0], arr(5)), {}, (0, 2)),
    *[(S.sosfilt, (SOS, x), {"axis": k}, (1,)) for x, k in ((arr(7), -1), (arr(7, 2), 0))],
    *[(S.filtfilt, (B, A, x), {"axis": k}, (2,)) for x, k in ((LONG, -1), (arr(40, 2), 0))],
    (S.filtfilt, (B, A, LONG), {"padtype": "constant"}, (2,)),
    (S.filtfilt, (B, A, LONG), {"method": "gust"}, (2,)),
    (S.sosfiltfilt, (SOS, LONG), {}, (1,)),
    *[(S.savgol_filter, (arr(9), 5, 2), {"mode": m, "cval": 0.7}, (0,)) for m in ("interp", "constant", "wrap")],
    (S.savgol_filter, (arr(9, 2).astype(np.float32), 5, 2), {"deriv": 1, "axis": 0}, (0,)),
    *[(S.detrend, (arr(3, 7),), {"axis": k, "type": t}, (0,)) for k in (0, -1) for t in ("linear", "constant")],
    (S.detrend, (arr(7),), {"bp": [3]}, (0,)),
    *[(S.resample, (x, n), {"axis": k}, (0,)) for x, n, k in ((arr(7), 10, 0), (arr(2, 8), 5, 1), (cplx(6), 9, 0))],
    *[(S.hilbert, (x,), {"axis": k}, (0,)) for x, k in ((arr(7), -1), (arr(6, 2), 0))],
    # distances
    *[(D.cdist, (POINTS, OTHERS), {"metric": m}, (0, 1)) for m in METRICS],
    (D.cdist, (POINTS.tolist(), OTHERS), {}, (0, 1)),
    *[(D.pdist, (POINTS,), {"metric": m}, (0,)) for m in METRICS],
    *[(f, (arr(3), arr(3)), {}, (0, 1)) for f in (D.euclidean, D.sqeuclidean, D.cityblock, D.chebyshev)],
    (D.euclidean, ([1.0, 2.0], [0.5, 0.0]), {}, (0, 1)),
]
