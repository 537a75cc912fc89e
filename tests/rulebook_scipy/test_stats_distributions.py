"""Densities, distribution functions and quantiles of scipy.stats, by all their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")

import pullback as pb  # noqa: E402

POSITIVE, REAL, NEGATIVE = np.array([0.3, 0.9, 1.7]), np.array([-1.2, 0.4, 1.3]), np.array([-1.6, -0.7, -0.2])

# distribution: points, shapes, and whether the distribution function is differentiated by the shapes too
CASES: dict[str, tuple[Any, tuple[float, ...], bool]] = {
    "maxwell": (POSITIVE, (), True),
    "levy": (POSITIVE, (), True),
    "halflogistic": (POSITIVE, (), True),
    "hypsecant": (REAL, (), True),
    "moyal": (REAL, (), True),
    "powerlaw": (POSITIVE / 2.0, (1.7,), True),
    "lomax": (POSITIVE, (1.7,), True),
    "fisk": (POSITIVE, (1.7,), True),
    "burr12": (POSITIVE, (1.7, 0.8), True),
    "weibull_max": (NEGATIVE, (1.7,), True),
    "invweibull": (POSITIVE, (1.7,), True),
    "genpareto": (POSITIVE, (0.3,), True),
    "genextreme": (REAL, (0.2,), True),
    "gompertz": (POSITIVE, (0.6,), True),
    "vonmises": (REAL, (1.4,), False),
    "invgauss": (POSITIVE, (0.7,), False),
    "nakagami": (POSITIVE, (1.3,), False),
    "chi": (POSITIVE, (2.3,), False),
    "loggamma": (REAL, (1.3,), False),
    "gennorm": (REAL, (1.6,), False),
    "johnsonsu": (REAL, (0.3, 1.4), True),
    "loguniform": (POSITIVE, (0.2, 2.5), True),
}
W = np.array([1.0, -0.5, 0.7])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", ["logpdf", "pdf", "cdf", "sf", "ppf"])
def test_methods(name: str, method: str) -> None:
    points, shapes, by_shapes = CASES[name]
    distribution = getattr(stats, name)
    function = getattr(distribution, method)
    x = distribution.cdf(points, *shapes) if method == "ppf" else points * 1.1 + 0.05

    def f(x: Any, loc: float, scale: float, *shapes: float) -> Any:
        return np.sum(W * function(x, *shapes, loc, scale))

    def at_known_shapes(x: Any, loc: float, scale: float) -> Any:
        return np.sum(W * function(x, *shapes, loc, scale))

    if method in ("logpdf", "pdf") or by_shapes:
        pb.check_derivative(f, x, 0.05, 1.1, *shapes)
    else:
        pb.check_derivative(at_known_shapes, x, 0.05, 1.1)
        if shapes:
            with pytest.raises(pb.DifferentiabilityError):
                pb.gradient(f)(x, 0.05, 1.1, *shapes)


@pytest.mark.parametrize("c", [0.0, 1e-3, 9.9e-3, 1.1e-2, -1e-2])
def test_extreme_values_near_the_limit(c: float) -> None:
    for distribution in (stats.genpareto, stats.genextreme):
        order = 2 if abs(c) < 5e-3 else 1  # (farther on, differences of slopes see rounding)
        pb.check_derivative(lambda c, d=distribution: np.sum(W * d.logpdf(POSITIVE, c)), c, order=order)
        pb.check_derivative(lambda c, d=distribution: np.sum(W * d.cdf(POSITIVE, c)), c)


def test_outside_of_the_support() -> None:
    assert pb.gradient(lambda c: np.sum(stats.weibull_max.pdf(np.array([-0.5, 0.5]), c)))(1.5) == pb.gradient(
        lambda c: stats.weibull_max.pdf(-0.5, c)
    )(1.5)
