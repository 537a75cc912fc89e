"""Derivatives of scipy.stats.dirichlet: its density and entropy.

    logpdf(x, alpha)  =  lgamma(sum(alpha)) - sum(lgamma(alpha)) + sum((alpha - 1) * log(x))

`x` may leave out the last component, which is then 1 minus the others; where it is given, each component is
taken as a variable of its own, as the formula has it. These are steps of known functions, and written as such.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special, stats

from pullback.rulebook.array_likes import Array
from pullback.rules import constant, stands_in

_GEN = type(stats.dirichlet)


def check(self: Any, x: Any, alpha: Any) -> None:
    """Raise what SciPy does for points outside of the simplex, and for parameters that are none."""
    _GEN.logpdf(self, x, alpha)


def whole(x: Any, count: int) -> Array:
    """Points with all their components, along the first axis."""
    points = np.asarray(x, float)
    if points.shape[0] == count:
        return points
    return np.concatenate([points, 1.0 - np.sum(points, axis=0, keepdims=True)])


def logpdf(self: Any, x: Any, alpha: Any) -> Any:
    """`stats.dirichlet.logpdf`."""
    check(self, x, alpha)
    a = np.asarray(alpha, float)
    points = whole(x, len(a))
    powers = special.xlogy(np.reshape(a - 1.0, (-1, *[1] * (points.ndim - 1))), points)
    scale = special.gammaln(np.sum(a)) - np.sum(special.gammaln(a))
    return np.squeeze(scale + np.sum(powers, axis=0))[()]


def pdf(self: Any, x: Any, alpha: Any) -> Any:
    """`stats.dirichlet.pdf`."""
    return np.exp(logpdf(self, x, alpha))


def entropy(self: Any, alpha: Any) -> Any:
    """`stats.dirichlet.entropy`."""
    a = np.asarray(alpha, float)
    total = np.sum(a)
    scale = np.sum(special.gammaln(a)) - special.gammaln(total)
    return scale + (total - len(a)) * special.psi(total) - np.sum((a - 1.0) * special.psi(a))


constant(check)
stands_in(_GEN.logpdf, logpdf)
stands_in(_GEN.pdf, pdf)
stands_in(_GEN.entropy, entropy)
