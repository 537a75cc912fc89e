"""Calls for the rules of pullback.rulebook.numpy_emath: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_emath"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
E = np.emath
INSIDE, MIXED, NEGATIVE = np.array([0.3, 0.7]), np.array([0.5, -1.5, 2.5]), np.array([-0.4, -3.0])

CASES: list[Case] = [
    (f, (x,), {}, (0,))
    for f in (E.sqrt, E.log, E.log2, E.log10, E.arccos, E.arcsin, E.arctanh)
    for x in (INSIDE, MIXED, NEGATIVE, -2.5, 0.5, INSIDE.astype(np.float32), MIXED + 0.5j)
]
CASES += [(E.logn, (n, x), {}, (0, 1)) for n in (2.5, 0.5) for x in (INSIDE, MIXED, -2.5)]
CASES += [(E.power, (x, p), {}, (0, 1)) for x in (INSIDE, 1.5) for p in (1.3, -0.7)]
CASES += [(E.power, (x, p), {}, (0, 1)) for x in (MIXED, -1.5) for p in (1.3, -0.7)]
