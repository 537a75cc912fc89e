"""Calls for the rules of pullback.rulebook.numpy_padding: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pullback.rulebook.numpy_padding import sum_by_number

MODULE = "pullback.rulebook.numpy_padding"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(4)


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


A, B, T3 = arr(3, 4), arr(4), arr(2, 3, 4)
F32 = A.astype(np.float32)
Z = A + 1j * arr(3, 4)
WIDTHS: Any = ((1, 2), (0, 3))

CASES: list[Case] = [
    (np.pad, (A, WIDTHS), {}, (0,)),
    (np.pad, (A, 2), {"constant_values": 1.5}, (0, "constant_values")),
    (np.pad, (A, WIDTHS), {"constant_values": 1.5}, ("constant_values",)),
    (np.pad, (A, (1, 2)), {"constant_values": np.array([0.5])}, ("constant_values",)),
    (np.pad, (F32, [(1,), (2,)]), {}, (0,)),
    (np.pad, (B, (2, 0)), {}, (0,)),
    (np.pad, ([1.0, 2.0], 1), {}, (0,)),
    *[
        (np.pad, (A, WIDTHS, mode), {}, (0,))
        for mode in ("edge", "reflect", "symmetric", "wrap", "mean", "linear_ramp")
    ],
    *[(np.pad, (T3, 5), {"mode": mode}, (0,)) for mode in ("edge", "reflect", "symmetric", "wrap", "mean")],
    (np.pad, (A, WIDTHS, "linear_ramp"), {"end_values": 2.0}, (0,)),
    (np.pad, (A, WIDTHS, "mean"), {"stat_length": 2}, (0,)),
    (np.pad, (A, ((1, 1), (2, 2)), "mean"), {"stat_length": ((1, 2), (3, 2))}, (0,)),
    (np.pad, (A, ((2, 1), (5, 4)), "reflect"), {"reflect_type": "odd"}, (0,)),
    (np.pad, (A, ((2, 1), (5, 4)), "symmetric"), {"reflect_type": "odd"}, (0,)),
    (np.pad, (Z, WIDTHS, "mean"), {}, (0,)),
    (np.pad, (F32, WIDTHS, "mean"), {}, (0,)),
    (np.pad, (Z, WIDTHS, "wrap"), {}, (0,)),
    (np.pad, (A, {1: 2, -2: (1, 0)}), {}, (0,)),
    (np.resize, (A, (5, 6)), {}, (0,)),
    (np.resize, (A, 3), {}, (0,)),
    (np.resize, (2.0, (2, 2)), {}, (0,)),
    (np.insert, (B, 1, 2.0), {}, (0, 2)),
    (np.insert, (B, [0, 2], [2.0, 3.0]), {}, (0, 2)),
    (np.insert, (B, [0, 2], 3.0), {}, (0, 2)),
    (np.insert, (A, 1, B), {"axis": 0}, (0, 2)),
    (np.insert, (A, [0, 3], arr(3, 2), 1), {}, (0, 2)),
    (np.insert, (A, 1, arr(3), 1), {}, (0, 2)),
    (np.insert, (A, slice(0, 2), arr(2, 4), 0), {}, (0, 2)),
    (np.insert, (A, [2], arr(3, 1)), {"axis": -1}, (0, 2)),
    (np.insert, (A, 3, 1.5), {}, (0, 2)),
    (np.insert, (A, np.array([True, False, True]), 1.5, 0), {}, (0, 2)),
    (np.delete, (A, 1), {}, (0,)),
    (np.delete, (A, [0, 2], 1), {}, (0,)),
    (np.delete, (A, slice(0, 2)), {"axis": 0}, (0,)),
    (np.delete, (F32, np.array([True, False, True]), 0), {}, (0,)),
    (sliding_window_view, (B, 2), {}, (0,)),
    (sliding_window_view, (T3, (2, 3)), {"axis": (1, 2)}, (0,)),
    (sliding_window_view, (A, (2, 2)), {}, (0,)),
    (sum_by_number, (A, np.arange(-1, 11).reshape(3, 4) // 2, 5), {}, (0,)),
    (np.trim_zeros, (np.array([0.0, 1.5, 0.0, 2.5, 0.0]),), {}, ()),
    (np.trim_zeros, (np.array([1.5, 0.5, 2.5, 0.2]),), {}, (0,)),
]
