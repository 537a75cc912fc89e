"""Calls for the rules of pullback.rulebook.numpy_ufuncs: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.numpy_calling import put_where
from pullback.rulebook.numpy_ufuncs import held_pullback, length, log_sum, running_extremum, sums_between

MODULE = "pullback.rulebook.numpy_ufuncs"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(3)
A = R.permutation(12).reshape(3, 4) * 0.17 + 0.1
F32 = A.astype(np.float32)
PLACE = np.array([[0, 0, 2, 2], [0, 1, 1, 1], [0, 0, 0, 3]])

CASES: list[Case] = [
    (put_where, (A, A > 1.0, 2.5), {}, (0, 2)),
    (put_where, (A, A > 1.0, A[A > 1.0] + 1.0), {}, (0, 2)),
    (put_where, (F32, A > 1.0, 2.5), {}, (0, 2)),
    *[
        (log_sum, (f, A, axis, keep), {}, (1,))
        for f in (np.logaddexp, np.logaddexp2)
        for axis in (0, 1)
        for keep in (False, True)
    ],
    (log_sum, (np.logaddexp, F32, 1, False), {}, (1,)),
    *[
        (log_sum, (f, np.array([[np.inf, 1.0, np.inf], [0.5, 0.2, -0.3], [-np.inf] * 3]), 1, keepdims), {}, (1,))
        for f in (np.logaddexp, np.logaddexp2)
        for keepdims in (True, False)
    ],
    (log_sum, (np.logaddexp, [1.0, 2.5], 0, False), {}, (1,)),
    *[(length, (A, axis, keep), {}, (0,)) for axis in (0, 1) for keep in (False, True)],
    (length, (F32, 0, False), {}, (0,)),
    *[(running_extremum, (f, A, axis), {}, (1,)) for f in (np.maximum, np.minimum) for axis in (0, 1, -1)],
    (running_extremum, (np.maximum, F32, 0), {}, (1,)),
    (running_extremum, (np.maximum, [1.0, 3.0, 2.0], 0), {}, (1,)),
    (held_pullback, (A, PLACE, 1), {}, (0,)),
    *[(sums_between, (A, [0, 2, 1, 1], axis, None), {}, (0,)) for axis in (0, 1, -1)],
    (sums_between, (F32, [1, 0], 1, np.float64), {}, (0,)),
    (sums_between, ([1.0, 3.0, 2.0], [0, 2], 0, None), {}, (0,)),
]
