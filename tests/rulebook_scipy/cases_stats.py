"""Calls for the rules of scipy.stats: (function, args, kwargs, differentiated operands).

A distribution's method is tested as the function that its calls are handed to, whose first parameter
is the distribution; that they are is tested in test_stats.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")

import pullback.rulebook.scipy_stats_distributions  # noqa: E402, F401  (it adds targets)
from pullback.rulebook.scipy_stats import _TARGETS  # noqa: E402

MODULES = ["pullback.rulebook.scipy_stats", "pullback.rulebook.scipy_stats_multivariate"]
ELSEWHERE = {"frozen"}  # an object's parameters, read for its second derivatives: test_stats.py
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(23)

LINE, HALF, UNIT = np.array([-1.3, 0.4, 2.2]), np.array([0.3, 1.1, 2.5]), np.array([0.2, 0.5, 0.8])
# the distribution, standardised points, shapes, and whether its cdf has a derivative in the shapes
CONTINUOUS: list[tuple[Any, Any, tuple[Any, ...], bool]] = [
    (stats.norm, LINE, (), True),
    (stats.expon, HALF, (), True),
    (stats.uniform, UNIT, (), True),
    (stats.laplace, LINE, (), True),
    (stats.logistic, LINE, (), True),
    (stats.cauchy, LINE, (), True),
    (stats.halfcauchy, HALF, (), True),
    (stats.halfnorm, HALF, (), True),
    (stats.rayleigh, HALF, (), True),
    (stats.gumbel_r, LINE, (), True),
    (stats.gumbel_l, LINE, (), True),
    (stats.gamma, HALF, (1.7,), False),
    (stats.invgamma, HALF, (1.7,), False),
    (stats.chi2, HALF, (3.5,), False),
    (stats.beta, UNIT, (1.7, 0.6), False),
    (stats.t, LINE, (3.5,), False),
    (stats.f, HALF, (3.5, 5.5), False),
    (stats.lognorm, HALF, (0.8,), True),
    (stats.weibull_min, HALF, (1.7,), True),
    (stats.pareto, np.array([1.2, 2.0, 3.5]), (1.7,), True),
    (stats.skewnorm, LINE, (0.9,), True),
    (stats.truncnorm, LINE, (-1.5, 2.5), False),
    (stats.maxwell, HALF, (), True),
    (stats.levy, HALF, (), True),
    (stats.halflogistic, HALF, (), True),
    (stats.hypsecant, LINE, (), True),
    (stats.moyal, LINE, (), True),
    (stats.powerlaw, UNIT, (1.7,), True),
    (stats.lomax, HALF, (1.7,), True),
    (stats.fisk, HALF, (1.7,), True),
    (stats.burr12, HALF, (1.7, 0.8), True),
    (stats.weibull_max, -HALF, (1.7,), True),
    (stats.invweibull, HALF, (1.7,), True),
    (stats.genpareto, HALF, (0.3,), True),
    (stats.genextreme, LINE, (0.2,), True),
    (stats.gompertz, UNIT, (0.6,), True),
    (stats.vonmises, LINE, (1.4,), False),
    (stats.invgauss, HALF, (0.7,), False),
    (stats.nakagami, UNIT, (1.3,), False),
    (stats.chi, HALF, (2.3,), False),
    (stats.loggamma, LINE, (1.3,), False),
    (stats.gennorm, LINE, (1.6,), False),
    (stats.johnsonsu, LINE, (0.3, 1.4), True),
    (stats.loguniform, np.array([0.3, 1.1, 2.0]), (0.2, 2.5), True),
]
DISCRETE_ONES = (stats.poisson, stats.binom, stats.bernoulli, stats.geom, stats.nbinom)
for _distribution in (*(c[0] for c in CONTINUOUS), *DISCRETE_ONES, stats.multivariate_normal):
    _distribution.__deepcopy__ = lambda memo, self=_distribution: self  # it is compared with its copy, and has no `==`
LOC, SCALE = np.array([[0.3], [-0.2]]), 1.5


def of(distribution: Any, method: str) -> Any:
    return _TARGETS[type(distribution), method]


def continuous_cases() -> list[Case]:
    cases: list[Case] = []
    for distribution, z, shapes, in_shapes in CONTINUOUS:
        n = len(shapes)
        x = LOC + SCALE * z
        for method in ("logpdf", "pdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf"):
            if method in ("ppf", "isf"):
                first: Any = np.array([[0.2, 0.45, 0.7]])
            else:
                first = x
            chosen = tuple(range(2, 2 + n)) if in_shapes or "pdf" in method else ()
            f = of(distribution, method)
            arrays = tuple(np.full(3, s) for s in shapes)
            cases += [
                (f, (distribution, first, *arrays, LOC, SCALE), {}, (1, *chosen, 2 + n, 3 + n)),
                (f, (distribution, float(first[0, 1]), *shapes, 0.3, 1.5), {}, (1, *chosen, 2 + n, 3 + n)),
            ]
            if method == "logpdf":
                cases += [
                    (f, (distribution, z), dict(zip(distribution.shapes.split(", "), shapes, strict=True)), (1,))
                    if n
                    else (f, (distribution, z.astype(np.float32)), {"scale": np.float32(1.0)}, (1, "scale"))
                ]
    return cases


def cases_beyond() -> list[Case]:
    """Points outside of the support, or infinite, beside one inside."""
    cases: list[Case] = []
    for distribution, far in ((stats.gumbel_r, np.inf), (stats.gumbel_l, -np.inf)):
        # (at the other infinity what SciPy computes is not a number, as there and for others below)
        cases.append((of(distribution, "logpdf"), (distribution, np.array([0.4, far]), 0.3, 1.5), {}, (1, 2, 3)))
    for distribution, z, shapes, in_shapes in CONTINUOUS:
        not_numbers = (stats.gumbel_r, stats.gumbel_l, stats.skewnorm, stats.moyal, stats.vonmises, stats.loggamma)
        if distribution in not_numbers:  # (what SciPy computes of an infinite point)
            continue
        n = len(shapes)
        low, high = (-np.inf, np.inf) if z is LINE else (-0.7, 7.0)
        for method in ("logpdf", "pdf", "cdf", "logcdf", "sf", "logsf"):
            chosen = tuple(range(2, 2 + n)) if in_shapes or "pdf" in method else ()
            if z is not LINE or "pdf" in method or not n:
                x = np.array([low, z[1], high])
                wrt = (1, *chosen, 2 + n, 3 + n)
                cases.append((of(distribution, method), (distribution, x, *shapes, 0.3, 1.5), {}, wrt))
    return cases


K = np.array([0, 1, 3, 7])
DISCRETE: list[tuple[Any, Any, tuple[Any, ...], tuple[int, ...], bool]] = [
    (stats.poisson, K, (2.5,), (2,), True),
    (stats.binom, K, (7, 0.3), (3,), True),
    (stats.bernoulli, np.array([0, 1, 0]), (0.3,), (2,), True),
    (stats.geom, np.array([1, 2, 5]), (0.3,), (2,), True),
    (stats.nbinom, K, (2.5, 0.3), (2, 3), False),
]


def discrete_cases() -> list[Case]:
    cases: list[Case] = []
    for distribution, k, shapes, wrt, has_cdf in DISCRETE:
        for method in ("logpmf", "pmf", *(("cdf", "sf", "logcdf", "logsf") if has_cdf else ())):
            if method == "logsf" and distribution in (stats.binom, stats.bernoulli):
                k = k[:1]  # (beyond the last value the result is -inf)
            f = of(distribution, method)
            arrays = tuple(np.full((2, 1), s) if 2 + j in wrt else s for j, s in enumerate(shapes))
            cases += [
                (f, (distribution, k, *arrays), {}, wrt),
                (f, (distribution, int(k[0]), *shapes), {}, wrt),
                (f, (distribution, k + 2, *shapes), {"loc": 2}, wrt),
            ]
            if "cdf" in method or "sf" in method:
                cases.append((f, (distribution, k[:1] + 0.5, *shapes), {}, wrt))
    return cases


MVN, COV = stats.multivariate_normal, np.array([[1.5, 0.4], [0.4, 0.8]])
CASES: list[Case] = [
    *continuous_cases(),
    *discrete_cases(),
    *cases_beyond(),
    # outside of the support, and at special values
    *[
        (of(stats.expon, m), (stats.expon, np.array([-1.0, 1.0]), 0.5, 2.0), {}, (1, 2, 3))
        for m in ("logpdf", "pdf", "cdf")
    ],
    *[(of(stats.gamma, m), (stats.gamma, np.array([-1.0, 1.0]), 2.0), {}, (1, 2)) for m in ("logpdf", "pdf")],
    (of(stats.beta, "logpdf"), (stats.beta, np.array([-1.0, 0.5, 1.5]), 2.0, 3.0), {}, (1, 2, 3)),
    (of(stats.norm, "logcdf"), (stats.norm, np.array([-30.0, 0.0, 5.0])), {}, (1,)),
    (of(stats.poisson, "logpmf"), (stats.poisson, np.array([-1, 0, 2]), 0.5), {}, (2,)),
    (of(stats.poisson, "logcdf"), (stats.poisson, np.array([-1, 0, 2]), 0.5), {}, (2,)),
    (of(stats.poisson, "cdf"), (stats.poisson, np.array([-1.5, 0.5, 2.5]), 0.5), {}, (2,)),
    (of(stats.binom, "logpmf"), (stats.binom, np.array([-1, 0, 7, 8]), 7, 0.5), {}, (3,)),
    (of(stats.geom, "cdf"), (stats.geom, np.array([0, 1, 2]), 0.5), {}, (2,)),
    *[
        (getattr(type(MVN), m), (MVN, *operands), {}, tuple(range(1, 1 + len(operands))))
        for m in ("logpdf", "pdf")
        for operands in (
            (np.array([0.3, -0.2]),),
            (np.array([0.3, -0.2]), np.array([0.1, 0.2])),
            (np.array([0.3, -0.2]), np.array([0.1, 0.2]), COV),
            (np.array([[0.3, -0.2], [1.0, 0.5], [0.0, 0.1]]), np.array([0.1, 0.2]), COV),
            (np.array([[0.3, -0.2], [1.0, 0.5], [0.0, 0.1]]), [0.1, 0.2], 1.5),
            (np.array([0.3, -0.2]), np.array([0.1, 0.2]), np.array([0.5, 1.5])),
            (np.array([0.3, -0.2, 0.4]), 0.1, 1.5),
            (0.3, 0.1, 1.5),
            (np.array([[[0.3, -0.2]], [[1.0, 0.5]]]), np.array([0.1, 0.2]), COV),
        )
    ],
    *[
        (type(MVN).entropy, (MVN, *operands), {}, (len(operands),))
        for operands in ((None, COV), (None, 1.5), ([0.1, 0.2], 1.5), ([0.1, 0.2], [0.5, 1.5]), (0.3, COV[:1, :1]))
    ],
    (type(MVN).entropy, (MVN,), {"cov": COV}, ("cov",)),
]
