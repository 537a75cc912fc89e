"""Calls for the rules of scipy.ndimage: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

N = pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")

MODULES = ["pullback.rulebook.scipy_ndimage"]
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(26)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


MODES = ("reflect", "constant", "nearest", "mirror", "wrap")
IMAGE, LINE = arr(4, 5), arr(6)
INSIDE = np.array([[0.3, 1.7, 2.9], [0.4, 3.6, 1.2]])
OUTSIDE = np.array([[-0.6, 1.7, 3.4], [0.4, 4.3, 1.2]])

CASES: list[Case] = [
    *[(N.gaussian_filter, (IMAGE, 0.8), {"mode": m, "cval": 0.7}, (0,)) for m in MODES],
    (N.gaussian_filter, (IMAGE, (0.8, 0.0)), {"order": (1, 0), "mode": ["nearest", "wrap"]}, (0,)),
    (N.gaussian_filter, (arr(3, 4, 2), (0.8, 0.5)), {"axes": (0, 2)}, (0,)),
    (N.gaussian_filter, (IMAGE.astype(np.float32), 0.8), {"radius": 2}, (0,)),
    *[(N.gaussian_filter1d, (x, 0.8), {"axis": k, "order": o}, (0,)) for x, k, o in ((LINE, -1, 0), (IMAGE, 0, 1))],
    *[(N.uniform_filter, (IMAGE, 3), {"mode": m, "cval": 0.7}, (0,)) for m in MODES],
    (N.uniform_filter, (IMAGE, (2, 3)), {"origin": (0, -1)}, (0,)),
    *[(N.uniform_filter1d, (IMAGE, 3), {"axis": k}, (0,)) for k in (0, -1)],
    *[
        (f, (IMAGE, w), {"axis": k, "mode": m, "cval": 0.7}, (0, 1))
        for f in (N.correlate1d, N.convolve1d)
        for m in MODES
        for w, k in ((arr(3), 0), (arr(4), -1))
    ],
    *[
        (f, (IMAGE, w), {"mode": m, "cval": 0.7}, (0, 1))
        for f in (N.correlate, N.convolve)
        for m in MODES
        for w in (arr(3, 3), arr(2, 4))
    ],
    *[(f, (IMAGE, arr(3, 4)), {"origin": (1, -1)}, (0, 1)) for f in (N.correlate, N.convolve)],
    *[(f, (LINE, [0.2, 0.5, -0.3]), {}, (0, 1)) for f in (N.correlate, N.convolve, N.correlate1d)],
    *[(f, (IMAGE,), {"axis": k, "mode": m}, (0,)) for f in (N.sobel, N.prewitt) for k in (0, -1) for m in MODES],
    *[(N.laplace, (IMAGE,), {"mode": m, "cval": 0.7}, (0,)) for m in MODES],
    *[
        (N.shift, (IMAGE, s), {"order": o, "mode": m, "cval": 0.7}, (0,))
        for s in (0.3, (1.2, -0.7))
        for o in (0, 1, 3)
        for m in ("constant", "nearest", "mirror")
    ],
    *[
        (N.zoom, (IMAGE, z), {"order": o, "mode": m, "grid_mode": grid}, (0,))
        for z in (1.5, (2.0, 0.8))
        for o in (0, 1, 3)
        for m, grid in (("constant", False), ("nearest", True))
    ],
    (N.zoom, (LINE, 1.5), {}, (0,)),
    *[
        (N.map_coordinates, (IMAGE, c), {"order": o, "mode": m, "cval": 0.7}, (0, 1))
        for c in (INSIDE, OUTSIDE)
        for o in (0, 1)
        for m in ("constant", "nearest")
    ],
    (N.map_coordinates, (LINE, [[0.3, 2.6], [4.9, 1.1]][:1]), {"order": 1}, (0, 1)),
    (N.map_coordinates, (arr(3, 3, 3), R.uniform(0.1, 1.9, (3, 2, 2))), {"order": 1}, (0, 1)),
    (N.map_coordinates, (IMAGE.astype(np.float32), INSIDE), {"order": 1}, (0, 1)),
]
