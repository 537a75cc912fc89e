"""Calls for the rules of scipy.integrate over samples: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

I = pytest.importorskip("scipy.integrate", reason="SciPy is not installed")

MODULES = ["pullback.rulebook.scipy_integrate"]
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(24)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


X = np.cumsum(R.uniform(0.5, 1.5, 5))
Y = arr(3, 5)

CASES: list[Case] = [
    *[
        case
        for f, more in ((I.trapezoid, {}), (I.cumulative_trapezoid, {}), (I.cumulative_trapezoid, {"initial": 0}))
        for case in (
            (f, (Y,), more, (0,)),
            (f, (Y, X), more, (0, 1)),
            (f, (Y.T, X), {"axis": 0, **more}, (0, 1)),
            (f, (Y, X + arr(3, 5) * 0.01), more, (0, 1)),
            (f, (Y,), {"dx": 0.3, **more}, (0, "dx")),
            (f, (arr(5), X), {"dx": 0.3, **more}, (0, 1, "dx")),
            (f, (arr(5).astype(np.float32),), more, (0,)),
            (f, ([1.0, 2.0, 4.0],), {"x": [0.0, 0.5, 2.0], **more}, (0, "x")),
            (f, (arr(2, 3, 4) + 1j * arr(2, 3, 4),), {"axis": 1, **more}, (0,)),
        )
    ],
    *[
        case
        for f in (I.simpson, I.cumulative_simpson)
        for case in (
            (f, (Y,), {}, (0,)),
            (f, (arr(3, 6),), {"dx": 0.3}, (0,)),
            (f, (Y.T,), {"x": X, "axis": 0}, (0,)),
            (f, (arr(6),), {"x": np.append(X, 9.0)}, (0,)),
            (f, ([1.0, 2.0, 4.0, 3.0],), {}, (0,)),
        )
    ],
    (I.romb, (arr(5),), {"dx": 0.3}, (0, "dx")),
    (I.romb, (arr(9, 2),), {"axis": 0}, (0,)),
]
