"""Derivatives of Python's `statistics`: each has a slope for every number of the data.

    statistics.mean(xs)      1 / n
    statistics.stdev(xs)     (x - mean) / ((n - 1) stdev)
    statistics.median(xs)    1 for the one in the middle, or 1/2 for each of the two
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pullback.errors import DifferentiabilityError
from pullback.rules import rule
from pullback.tangents import NO_TANGENT, ZERO, Tangent

Slopes = Callable[[Any, float], list[float]]


def mean_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the arithmetic mean."""
    return [1.0 / len(data)] * len(data)


def geometric_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the geometric mean."""
    return [float(y / (len(data) * x)) for x in data]


def harmonic_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the harmonic mean."""
    return [float(y * y / (len(data) * x * x)) for x in data]


def squares_slopes(data: Sequence[float], freedom: int) -> list[float]:
    """Slopes of the sum of squares about the mean, divided by the degrees of freedom."""
    mean = statistics.fmean(data)
    return [2.0 * (x - mean) / freedom for x in data]


def variance_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the variance of a sample."""
    return squares_slopes(data, len(data) - 1)


def pvariance_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the variance of a population."""
    return squares_slopes(data, len(data))


def stdev_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the standard deviation of a sample; 0 where all are equal."""
    return [s / (2.0 * y) if y else 0.0 for s in variance_slopes(data, y)]


def pstdev_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the standard deviation of a population; 0 where all are equal."""
    return [s / (2.0 * y) if y else 0.0 for s in pvariance_slopes(data, y)]


def middle_slopes(data: Sequence[float], *places: int) -> list[float]:
    """Slopes of the mean of the numbers at these places of the sorted data."""
    order = sorted(range(len(data)), key=data.__getitem__)
    slopes = [0.0] * len(data)
    for place in places:
        slopes[order[place]] += 1.0 / len(places)
    return slopes


def median_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the median."""
    return middle_slopes(data, (len(data) - 1) // 2, len(data) // 2)


def low_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the lower of the two numbers in the middle."""
    return middle_slopes(data, (len(data) - 1) // 2)


def high_slopes(data: Sequence[float], y: float) -> list[float]:
    """Slopes of the higher of the two numbers in the middle."""
    return middle_slopes(data, len(data) // 2)


def spread(g: Any, slopes: Slopes, data: Any, y: float, option: Any) -> Tangent:
    """The cotangent of the data."""
    found = _slopes(slopes, data, y, option)
    return np.array([g * s for s in found]) if isinstance(data, np.ndarray) else [g * s for s in found]


def gathered(slopes: Slopes, data: Any, data_dot: Any, y: float, option: Any) -> Tangent:
    """The tangent of the statistic."""
    if data_dot is ZERO or data_dot is NO_TANGENT:
        return data_dot
    pairs = zip(_slopes(slopes, data, y, option), data_dot, strict=True)
    return sum((s * t for s, t in pairs if t is not ZERO and t is not NO_TANGENT), 0.0)


def _slopes(slopes: Slopes, data: Any, y: float, option: Any) -> list[float]:
    if option is not None:
        raise DifferentiabilityError("statistics with weights or a given mean are not differentiated; write the sum")
    if not isinstance(data, (list, tuple, np.ndarray)):
        raise DifferentiabilityError("the statistic of an iterator is not differentiated; give it a list")
    return slopes(data, y)


for _function, _slope, _option in (
    (statistics.mean, mean_slopes, None),
    (statistics.fmean, mean_slopes, "weights"),
    (statistics.geometric_mean, geometric_slopes, None),
    (statistics.harmonic_mean, harmonic_slopes, "weights"),
    (statistics.variance, variance_slopes, "xbar"),
    (statistics.pvariance, pvariance_slopes, "mu"),
    (statistics.stdev, stdev_slopes, "xbar"),
    (statistics.pstdev, pstdev_slopes, "mu"),
    (statistics.median, median_slopes, None),
    (statistics.median_low, low_slopes, None),
    (statistics.median_high, high_slopes, None),
):
    rule(
        _function,
        f"data, {_option}=None" if _option else "data",
        data=f"spread(g, {_slope.__name__}, data, y, {_option})",
        data_dot=f"gathered({_slope.__name__}, data, data_dot, y, {_option})",
        _returns="numeric",
    )
