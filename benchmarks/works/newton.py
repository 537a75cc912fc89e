"""A loop whose end depends on the data: Newton's method for Kepler's equation E - e sin E = M."""

from __future__ import annotations

import math

from case import Case


def eccentric_anomaly(mean, eccentricity):
    e = mean
    while True:
        step = (e - eccentricity * math.sin(e) - mean) / (1.0 - eccentricity * math.cos(e))
        e = e - step
        if abs(step) < 1e-12:
            return e


def by_hand(mean, eccentricity):
    """By the implicit function theorem: no loop is reversed."""
    e = eccentric_anomaly(mean, eccentricity)
    slope = 1.0 / (1.0 - eccentricity * math.cos(e))
    return slope, math.sin(e) * slope


def cases(quick=False):
    args = (2.0, 0.6)
    return [Case("Kepler's equation", eccentric_anomaly, args, auto="torch autograd", by_hand=lambda: by_hand(*args))]
