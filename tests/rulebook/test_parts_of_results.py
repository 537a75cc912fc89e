"""Functions with several results of which a program uses one: the cotangents of the others are symbolic zeros."""

from __future__ import annotations

import cmath
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

L = np.linalg
G = np.array([[2.0, 0.3, -0.4], [0.5, -1.0, 0.2], [0.1, 0.6, 0.9]])
S = G + G.T
TALL = np.array([[1.0, 0.2], [0.3, -1.5], [0.7, 0.4]])
W = np.cos(np.arange(9.0)).reshape(3, 3)


def weighed(x: Any) -> Any:
    """A number made of a result, whatever its shape."""
    w = np.cos(np.arange(1.0, np.size(x) + 1.0)).reshape(np.shape(x))
    return np.sum(w * x)


CALLS: dict[str, tuple[Callable[[Any], Any], Any, int]] = {
    "eig": (L.eig, G, 2),
    "eigh": (L.eigh, S, 2),
    "svd": (lambda a: L.svd(a, full_matrices=False), TALL, 3),
    "qr": (L.qr, TALL, 2),
    "qr of a square": (L.qr, G, 2),
    "slogdet": (lambda a: L.slogdet(a)[1:], G, 1),
    "lstsq": (lambda a: L.lstsq(a, TALL[:, 0] + 1.0, rcond=None)[:2], TALL, 2),
    "divmod": (lambda a: np.divmod(a, 0.7), G, 2),
    "modf": (np.modf, G + 0.37, 2),
    "frexp": (lambda a: np.frexp(a)[:1], G + 0.37, 1),
    "meshgrid": (lambda a: np.meshgrid(a[0], a[1], a[2]), G, 3),
    "gradient": (np.gradient, G, 2),
    "split": (lambda a: np.split(a, 3, axis=1), G, 3),
    "broadcast_arrays": (lambda a: np.broadcast_arrays(a[0], a), G, 2),
    "polar": (lambda a: cmath.polar(complex(a[0, 0], a[1, 2])), G, 2),
    "unstack": (lambda a: np.unstack(a), G, 3),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_result_by_itself(name: str) -> None:
    f, a, count = CALLS[name]
    for k in range(count):
        if name in ("divmod", "modf") and k == (0 if name == "divmod" else 1):
            continue  # an integer part: flat
        pb.check_derivative(lambda a, k=k: weighed(f(a)[k]), a)


@pytest.mark.parametrize("name", CALLS)
def test_the_results_together(name: str) -> None:
    f, a, count = CALLS[name]
    pb.check_derivative(lambda a: sum([weighed(f(a)[k]) * (k + 0.5) for k in range(count)]), a)
