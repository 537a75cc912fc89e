"""Calls for the rules of pullback.rulebook.numpy_brackets: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_brackets"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(3)
A, B = R.standard_normal((3, 4)), R.standard_normal(4)
JOIN = type(np.r_).__getitem__

CASES: list[Case] = [
    (JOIN, (np.r_, (B, 0.5, B[:2])), {}, (1,)),
    (JOIN, (np.r_, B), {}, (1,)),
    (JOIN, (np.r_, (slice(0, 3), B, 7)), {}, (1,)),
    (JOIN, (np.r_, ([1.0, 2.0], slice(0, 1, 5j), B)), {}, (1,)),
    (JOIN, (np.r_, ("1", A, A[:, :2])), {}, (1,)),
    (JOIN, (np.r_, ("0,2,0", B, slice(0, 4))), {}, (1,)),
    (JOIN, (np.r_, (A + 1j, A)), {}, (1,)),
    (JOIN, (np.r_, (A.astype(np.float32), A[:1].astype(np.float32))), {}, (1,)),
    (JOIN, (np.c_, (B, B, np.arange(4))), {}, (1,)),
    (JOIN, (np.c_, (slice(0, 4), B)), {}, (1,)),
    (JOIN, (np.c_, (A, B[:3], A[:, :1])), {}, (1,)),
]
