"""Attributes that a class computes, holds for all its objects, or keeps once computed."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb
from pullback.testing import check_derivative


@dataclass
class Wave:
    a: float
    b: float = 2.0
    factor = 3.0

    @functools.cached_property
    def energy(self):
        return self.a * self.a * self.b

    @functools.cached_property
    def table(self):
        return np.arange(3) * self.a

    def __getattr__(self, name):
        if name.startswith("times"):
            return self.a * int(name[5:])
        raise AttributeError(name)


@pytest.mark.parametrize(
    "f",
    [
        lambda w: w.a * w.b * w.factor,
        lambda w: w.energy * w.energy * w.a,
        lambda w: w.table.sum() * w.energy + w.table[1],
        lambda w: w.times3 * w.times2 + w.b,
        lambda w: Wave(w.a, w.a).energy,
    ],
)
def test_computed_held_and_kept(f):
    check_derivative(f, Wave(0.7, 1.5), modes=("reverse",))


def test_a_cached_property_is_kept_and_a_stale_one_refused():
    wave = Wave(2.0, 1.0)
    assert pb.gradient(lambda w: w.energy)(wave).a == 4.0
    assert wave.__dict__["energy"] == 4.0
    wave.a = 3.0
    with pytest.raises(pb.DifferentiabilityError, match="holds a value from before"):
        pb.gradient(lambda w: w.energy)(wave)
