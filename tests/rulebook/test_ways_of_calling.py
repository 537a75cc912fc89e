"""Ways of calling functions that lead to code of their own in the rules: both modes, and second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

L = np.linalg
X = np.array([0.7, 1.3, -0.4, 0.9])
PATTERN = np.array([[1.0, 0.2], [0.3, -1.5], [0.7, 0.4]])


def grown(x: Any) -> Any:
    """A matrix of three rows and two columns."""
    return PATTERN * x[0] + np.outer(np.array([0.4, -0.2, 1.0]) * x[1], x[2:])


def turned(x: Any) -> Any:
    """A complex matrix."""
    return np.array([[1.0 + 2.0j, 0.3], [0.2j, -1.5]]) * x[0] + (1j * x[1] + x[2]) * np.array([[0.3, 1.0], [0.1, 0.4]])


CALLS: dict[str, Callable[[Any], Any]] = {
    "svd, full, tall": lambda x: L.svd(grown(x))[1] @ x[:2],
    "svd, full, wide": lambda x: L.svd(grown(x).T)[1] @ x[:2],
    "slogdet, complex": lambda x: L.slogdet(turned(x))[1] * x[0],
    "slogdet, complex, sign": lambda x: np.real(L.slogdet(turned(x))[0] * (1.0 + 2.0j)) * x[0],
    "reduce with a dtype": lambda x: np.add.reduce(x * x, dtype=float) * np.multiply.reduce(x, dtype=float),
    "reduce": lambda x: np.multiply.reduce(x) * np.maximum.reduce(x * x) * np.add.reduce(grown(x), axis=1)[1],
    "poly of a pair": lambda x: np.poly(np.array([x[0] + 1j * x[1], x[0] - 1j * x[1], x[2]])) @ x,
    "poly of numbers": lambda x: np.poly(x[:3]) @ x,
    "polymul, zeros ahead": lambda x: np.polymul([0.0, x[0], x[1]], [0.0, 0.0, x[2], x[3] * x[0]]) @ x[:3],
    "polymul, by zero": lambda x: np.sum(np.polymul([0.0, 0.0], x[:2])) + x[0] * x[1],
    "block, nested": lambda x: np.sum(
        np.block([[grown(x), grown(x * x)], [np.ones((2, 2)) * x[0], x[1] * np.ones((2, 2))]])
        * np.cos(np.arange(20.0)).reshape(5, 4)
    ),
    "block, of numbers and rows": lambda x: np.block([[x[:2], x[3]], [x[1:3], x[0]]])[1] @ x[:3] * x[1],
    "block, one above the other": lambda x: np.sum(
        np.block([[grown(x)], [grown(x * x)]]) * np.cos(np.arange(12.0)).reshape(6, 2)
    ),
    "einsum, axes by number": lambda x: np.einsum(grown(x), [0, 1], x[:2], [1], [0])[1] * np.einsum(x, [0], x * x, [0]),
}  # fmt: skip


@pytest.mark.parametrize("f", CALLS.values(), ids=CALLS)
def test_in_every_mode(f: Callable[[Any], Any], in_every_mode: Callable[[Any, Any], None]) -> None:
    in_every_mode(f, X)
