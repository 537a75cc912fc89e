"""Densities where they are nothing, the ends of the support included: nothing varies there, quietly, at any order."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("scipy", reason="SciPy is not installed")

from cases_stats import CONTINUOUS, DISCRETE, of, stats  # noqa: E402
from differences import callable_rule  # noqa: E402

from pullback.applying import apply_rule  # noqa: E402

CANDIDATES = np.array([-np.inf, -1.0, 0.0, 1.0, 7.0, np.inf])
DENSITIES = [
    *((d, (*shapes, 0.3, 1.5), 0.3 + 1.5 * CANDIDATES, m, (1, *range(2, 4 + len(shapes))))
      for d, _, shapes, _ in CONTINUOUS for m in ("logpdf", "pdf")),
    *((d, (*shapes, 0), np.array([-1, 11]), m, wrt) for d, _, shapes, wrt, _ in DISCRETE for m in ("logpmf", "pmf")
      if d in (stats.binom, stats.bernoulli) or m == "pmf"),
]  # fmt: skip




@pytest.mark.parametrize(("distribution", "rest", "points", "method", "wrt"), DENSITIES,
                         ids=[f"{c[0].name}-{c[3]}" for c in DENSITIES])  # fmt: skip
def test_nothing_varies_where_there_is_no_density(distribution, rest, points, method, wrt):
    function = of(distribution, method)
    rule = callable_rule(function)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = function(distribution, points, *rest)
    nothing = points[values == (-np.inf if "log" in method else 0.0)]
    if not nothing.size:
        pytest.skip("it has a density everywhere")
    for x in (nothing, *map(float, nothing)):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # (SciPy's own)
            _, residual = apply_rule(rule, (distribution, x, *rest), {}, wrt)
        for part in residual[0](residual, np.ones(np.shape(x))[()]):
            np.testing.assert_array_equal(part, np.zeros(np.shape(part)))
