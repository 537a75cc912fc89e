"""`statistics` over numbers, and the distributions of `random` whose parameters have a derivative.

    statistics.fmean(xs)        g / n to each
    rng.gauss(mu, sigma)        mu + z sigma, for the z that was drawn
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from typing import Any

from pullback.applying import Residual
from pullback.errors import DifferentiabilityError
from pullback.iterating import All
from pullback.rules import Active, callable_name, intrinsic
from pullback.tangents import ZERO, Tangent

Result = tuple[Any, Residual]
Weights = Callable[[list[Any], Any], list[float]]


def _of_data(function: Callable[..., Any], weights: Weights) -> None:
    """A statistic of one sample; `weights(xs, y)` are its partial derivatives."""

    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
        if len(args) != 1 or kwargs:
            name = callable_name(function)
            raise DifferentiabilityError(f"the derivative of statistics.{name} is known for one argument, the data")
        source = All(args[0])
        items = list(source.items)
        y = function(items)
        return y, (_reverse, source, weights, items, y)

    intrinsic(function)(vjp)


def _reverse(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, source, weights, items, y = residual
    return (source.tangent((i, g * w) for i, w in enumerate(weights(items, y))),)


def _mean(xs: list[Any], y: Any) -> list[float]:
    return [1.0 / len(xs)] * len(xs)


def _variance(spare: int) -> Weights:
    def weights(xs: list[Any], y: Any) -> list[float]:
        center = statistics.fmean(xs)
        return [2.0 * (x - center) / (len(xs) - spare) for x in xs]

    return weights


def _deviation(spare: int) -> Weights:
    def weights(xs: list[Any], y: Any) -> list[float]:
        center = statistics.fmean(xs)
        return [0.0 if y == 0 else (x - center) / (len(xs) - spare) / y for x in xs]

    return weights


def _middle(low: bool, high: bool) -> Weights:
    """The median: the middle item, or the mean of the middle two."""

    def weights(xs: list[Any], y: Any) -> list[float]:
        order = sorted(range(len(xs)), key=xs.__getitem__)
        half = len(xs) // 2
        chosen = [half] if len(xs) % 2 else [*([half - 1] if low else []), *([half] if high else [])]
        out = [0.0] * len(xs)
        for k in chosen:
            out[order[k]] = 1.0 / len(chosen)
        return out

    return weights


_of_data(statistics.mean, _mean)
_of_data(statistics.fmean, _mean)
_of_data(statistics.variance, _variance(1))
_of_data(statistics.pvariance, _variance(0))
_of_data(statistics.stdev, _deviation(1))
_of_data(statistics.pstdev, _deviation(0))
_of_data(statistics.median, _middle(True, True))
_of_data(statistics.median_low, _middle(True, False))
_of_data(statistics.median_high, _middle(False, True))
_of_data(statistics.geometric_mean, lambda xs, y: [y / x / len(xs) for x in xs])
_of_data(statistics.harmonic_mean, lambda xs, y: [y * y / (x * x) / len(xs) for x in xs])


def _scaled(function: Callable[..., Any]) -> None:
    """A distribution of location and scale: mu + z sigma."""

    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
        given = {"mu": 0.0, "sigma": 1.0, **dict(zip(("self", "mu", "sigma"), args, strict=False)), **kwargs}
        y = function(*args, **kwargs)
        if given["sigma"] == 0:
            raise DifferentiabilityError(f"the derivative of {callable_name(function)} at sigma = 0 is not known")
        return y, (_reverse_scaled, (y - given["mu"]) / given["sigma"], active)

    intrinsic(function)(vjp)


def _reverse_scaled(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, z, active = residual
    by_operand = {1: g, "mu": g, 2: g * z, "sigma": g * z}
    return tuple(by_operand.get(a, ZERO) for a in active)


_scaled(random.Random.gauss)
_scaled(random.Random.normalvariate)
