"""Calls for the rules of pullback.rulebook.numpy_samples: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_samples"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(3)
X, W = R.uniform(-1.0, 4.0, (4, 5)), R.standard_normal((4, 5))
EDGES = np.array([0, 1, 2, 3])

CASES: list[Case] = [
    (np.histogram, (X, EDGES), {"weights": W}, ("weights",)),
    (np.histogram, (X, 4), {"weights": W, "range": (0.0, 3.0)}, ("weights",)),
    (np.histogram, (np.array([0.5, 3.0, 0.7, 9.0]), EDGES), {"weights": [1.0, 2.0, 3.0, 4.0]}, ("weights",)),
    (np.histogram, (X, EDGES), {"weights": W}, (0,)),
]
