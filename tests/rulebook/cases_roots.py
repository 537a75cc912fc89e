"""Calls for the rules of pullback.rulebook.numpy_roots: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_roots"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]

CASES: list[Case] = [
    (np.roots, (np.array([1.0, -3.5, 1.5, 0.7]),), {}, (0,)),
    (np.roots, (np.array([2.0, 0.5, 1.5]),), {}, (0,)),
    (np.roots, ([2.0, 0.5, 1.5, -4],), {}, (0,)),
    (np.roots, (np.array([2.0 + 1j, 0.5, 1.5 - 0.3j]),), {}, (0,)),
    (np.roots, (np.array([2.0, 0.5]),), {}, (0,)),
]
