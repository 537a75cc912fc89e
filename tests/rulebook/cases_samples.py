"""Calls for the rules of pullback.rulebook.numpy_samples: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.numpy_samples import sums_in_bins

MODULE = "pullback.rulebook.numpy_samples"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(3)
X, W = R.uniform(-1.0, 4.0, (4, 5)), R.standard_normal((4, 5))
EDGES = np.array([0, 1, 2, 3])

CASES: list[Case] = [
    (sums_in_bins, (X, EDGES, None, W), {}, (3,)),
    (sums_in_bins, (X, 4, (0.0, 3.0), W), {}, (3,)),
    (sums_in_bins, (np.array([0.5, 3.0, 0.7, 9.0]), EDGES, None, [1.0, 2.0, 3.0, 4.0]), {}, (3,)),
]
