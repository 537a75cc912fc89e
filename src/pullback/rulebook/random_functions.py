"""Random numbers as functions of their parameters: the derivative along the draw that was made.

    x = rng.normal(mu, sigma)     x = mu + sigma z with the z that was drawn: dx/dmu = 1, dx/dsigma = (x - mu) / sigma

So for the distributions of `random` and `numpy.random` that are drawn as a smooth function of numbers which do not
depend on the parameters. Those that count (Poisson, binomial) or reject by a parameter (the shape of a gamma) have
no such derivative, and are refused. What is drawn from differentiated values is drawn by its place among them.
"""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np

from pullback.rules import constant, elementwise, stands_in

NUMPY: dict[str, tuple[str, dict[str, str]]] = {
    "uniform": (
        "low=0.0, high=1.0",
        {"low": "g * ((high - y) / (high - low))", "high": "g * ((y - low) / (high - low))"},
    ),
    "exponential": ("scale=1.0", {"scale": "g * (y / scale)"}),
    "rayleigh": ("scale=1.0", {"scale": "g * (y / scale)"}),
    "gamma": ("shape, scale=1.0", {"scale": "g * (y / scale)"}),
    "lognormal": ("mean=0.0, sigma=1.0", {"mean": "g * y", "sigma": "g * (y * (np.log(y) - mean) / sigma)"}),
    "weibull": ("a", {"a": "-g * (y * np.log(y) / a)"}),
    "power": ("a", {"a": "-g * (y * np.log(y) / a)"}),
    "pareto": ("a", {"a": "-g * ((1.0 + y) * np.log1p(y) / a)"}),
}
for _name in ("normal", "laplace", "logistic", "gumbel"):
    NUMPY[_name] = ("loc=0.0, scale=1.0", {"loc": "g", "scale": "g * ((y - loc) / scale)"})

for _name, (_signature, _templates) in NUMPY.items():
    for _generator in (np.random.Generator, np.random.RandomState):
        elementwise(getattr(_generator, _name), f"rng, {_signature}, size=None", **_templates, _returns="numeric")

PYTHON: dict[str, tuple[str, dict[str, str]]] = {
    "uniform": ("a, b", {"a": "g * ((b - y) / (b - a))", "b": "g * ((y - a) / (b - a))"}),
    "gauss": ("mu=0.0, sigma=1.0", {"mu": "g", "sigma": "g * ((y - mu) / sigma)"}),
    "normalvariate": ("mu=0.0, sigma=1.0", {"mu": "g", "sigma": "g * ((y - mu) / sigma)"}),
    "lognormvariate": ("mu=0.0, sigma=1.0", {"mu": "g * y", "sigma": "g * (y * (math.log(y) - mu) / sigma)"}),
    "expovariate": ("lambd=1.0", {"lambd": "-g * (y / lambd)"}),
    "weibullvariate": ("alpha, beta", {"alpha": "g * (y / alpha)", "beta": "-g * (y * math.log(y / alpha) / beta)"}),
    "paretovariate": ("alpha", {"alpha": "-g * (y * math.log(y) / alpha)"}),
}
for _name, (_signature, _templates) in PYTHON.items():
    elementwise(getattr(random.Random, _name), f"rng, {_signature}", **_templates, _returns="float")

for _generator in (np.random.Generator, np.random.RandomState):
    for _name in ("random", "random_sample", "integers", "randint", "rand", "randn", "standard_normal", "bytes"):
        if hasattr(_generator, _name):
            constant(getattr(_generator, _name))
constant(np.random.default_rng, np.random.seed)
constant(random.Random.random, random.Random.randint, random.Random.randrange, random.Random.getrandbits)


# Draws from a collection: the same draw from the places of its entries, which takes the same random numbers


def drawn(rng: Any, x: Any, axis: int, options: dict[str, Any]) -> Any:
    """Which entries along an axis `rng.choice(x, ...)` draws."""
    return rng.choice(np.shape(x)[axis], **options)


def choice(
    rng: Any, a: Any, size: Any = None, replace: bool = True, p: Any = None, axis: int = 0, shuffle: bool = True
) -> Any:
    """`Generator.choice`."""
    return np.take(a, drawn(rng, a, axis, {"size": size, "replace": replace, "p": p, "shuffle": shuffle}), axis)


def legacy_choice(rng: Any, a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
    """`RandomState.choice`."""
    return np.take(a, drawn(rng, a, 0, {"size": size, "replace": replace, "p": p}), 0)


def order_drawn(rng: Any, x: Any, axis: int) -> Any:
    """The order in which `rng.permutation(x)` puts the entries along an axis."""
    return rng.permutation(np.arange(np.shape(x)[axis]))


def permutation(rng: Any, x: Any, axis: int = 0) -> Any:
    """`Generator.permutation` and that of `RandomState`."""
    return np.take(x, order_drawn(rng, x, axis), axis)


def orders_drawn(rng: Any, x: Any, axis: int | None) -> Any:
    """The place that each entry of `rng.permuted(x)` comes from."""
    return rng.permuted(np.arange(np.size(x)).reshape(np.shape(x)), axis=axis)


def permuted(rng: Any, x: Any, *, axis: int | None = None) -> Any:
    """`Generator.permuted`."""
    return np.take(x, orders_drawn(rng, x, axis))


constant(drawn, order_drawn, orders_drawn)
stands_in(np.random.Generator.choice, choice)
stands_in(np.random.RandomState.choice, legacy_choice)
stands_in(np.random.Generator.permuted, permuted)
for _generator in (np.random.Generator, np.random.RandomState):
    stands_in(_generator.permutation, permutation)
