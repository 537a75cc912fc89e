"""What tests of several files use."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb


@pytest.fixture
def small_heap() -> Iterator[None]:
    """Garbage collections look at what is made from here on alone: what thousands of tests left costs seconds each."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def slopes() -> Callable[[Callable[..., Any], Any, float], tuple[Any, float]]:
    """The differences of a function of an array and a number, by each entry of the one and by the other."""

    def found(f: Callable[..., Any], a: Any, k: float) -> tuple[Any, float]:
        by_a = np.array([(f(a + e, k) - f(a - e, k)) / 2e-6 for e in 1e-6 * np.eye(len(a))])
        return by_a, float((f(a, k + 1e-6) - f(a, k - 1e-6)) / 2e-6)

    return found


@pytest.fixture
def in_every_mode() -> Callable[[Callable[[Any], Any], Any], None]:
    """A check that a function of an array agrees with differences: both modes, and both derivatives of its gradient."""

    def check(f: Callable[[Any], Any], x: Any) -> None:
        pb.check_derivative(f, x)
        steps = 1e-5 * np.eye(x.size)
        expected = np.array([(pb.gradient(f)(x + e) - pb.gradient(f)(x - e)) / 2e-5 for e in steps])
        d = np.array([0.3, -1.0, 0.5, 1.0])[: x.size]
        np.testing.assert_allclose(pb.hvp(f)(x, d), expected @ d, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(pb.pullback(pb.gradient(f))(x)(d), expected @ d, rtol=1e-6, atol=1e-7)

    return check
