"""Random numbers as functions of their parameters: the derivative along the draw that was made.

    x = rng.normal(mu, sigma)     x = mu + sigma z with the z that was drawn: dx/dmu = 1, dx/dsigma = (x - mu) / sigma

So for the distributions of `random` and `numpy.random` that are drawn as a smooth function of numbers which do not
depend on the parameters. Those that count (Poisson, binomial) or reject by a parameter (the shape of a gamma) have
no such derivative, and are refused.
"""

from __future__ import annotations

import math
import random

import numpy as np

from pullback.rules import constant, elementwise

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
constant(random.Random.random, random.Random.randint, random.Random.randrange, random.Random.getrandbits)
