"""Calls for the rules of pullback.rulebook.builtin_functions: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.builtin_functions"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(3)
A = R.uniform(0.4, 1.9, (3, 4)) * np.where(R.random((3, 4)) < 0.5, -1, 1)
Z = A + 1j * A[::-1]

CASES: list[Case] = [
    *[(abs, (x,), {}, (0,)) for x in (1.5, -1.5, np.float32(-1.5), 3 - 4j, np.complex64(3 - 4j), A, Z, Z[:0])],
    *[(float, (x,), {}, (0,)) for x in (1.5, np.float64(-1.5), np.float32(1.5), np.array(1.5))],
    *[(complex, (x,), {}, (0,)) for x in (1.5, 3 - 4j, np.float32(1.5), np.complex64(1 + 2j))],
    (complex, (1.5, 2.5), {}, (0, 1)),
    (divmod, (np.float32(5.3), np.float64(2.1)), {}, (0, 1)),
    *[(divmod, pair, {}, (0, 1)) for pair in ((5.3, 2.1), (-5.3, 2.1), (A, 0.37), (np.float32(5.3), 2.0))],
    *[(pow, pair, {}, (0, 1)) for pair in ((1.5, 2.5), (2.5, -1.5), (np.abs(A), A))],
]
