"""Calls for the rules of pullback.rulebook.array_likes: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.array_likes import form, gathered, reshaped, restore

MODULE = "pullback.rulebook.array_likes"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(2)
A = R.standard_normal((3, 4))
Z = A + 1j * R.standard_normal((3, 4))

CASES: list[Case] = [
    (restore, (A, form(A)), {}, (0,)),
    (restore, (A, form(A[0])), {}, (0,)),
    (restore, (A, form(A.astype(np.float32)[:, :1])), {}, (0,)),
    (restore, (Z, form(A)), {}, (0,)),
    (restore, (A, form(1.5)), {}, (0,)),
    (restore, (A, form([1.0, 2.0, 3.0, 4.0])), {}, (0,)),
    (restore, (Z, form((1j, 2.0, np.float64(3.0), 4.0))), {}, (0,)),
    (restore, (A, form([list(row) for row in A])), {}, (0,)),
    (gathered, ([1.0, 2.0], form([1.0, 2.0])), {}, (0,)),
    (gathered, ([[1.0, 2.0], [3.0, 4.0]], form(np.ones((2, 2)).tolist())), {}, (0,)),
    (gathered, ([A, A], form([A, A])), {}, (0,)),
    (reshaped, (A, form(np.ones((2, 6)))), {}, (0,)),
    (reshaped, (A, form(np.ones((2, 6))), "F"), {}, (0,)),
    (reshaped, (A, form(np.ones(12).tolist())), {}, (0,)),
]
