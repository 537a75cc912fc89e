"""Derivatives of the distances of scipy.spatial.distance between two vectors that are more than a norm of a difference.

    cosine(u, v)      SciPy's value, with the derivative of  1 - u v / sqrt(u u v v)

Stand-ins, as in `scipy_stats_samples`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import distance

from pullback.rulebook.array_likes import form, refuse, restore
from pullback.rulebook.exact_values import exactly, standing_for
from pullback.rules import constant, rule, stands_in

IN_TEMPLATES = (form, restore)


def vector(u: Any) -> Any:
    """A vector of floats."""
    refuse_complex(u)
    return np.asarray(u) * 1.0


def refuse_complex(u: Any) -> None:
    """These distances are of real vectors."""
    if np.iscomplexobj(u):
        refuse("the distances of scipy.spatial.distance have derivatives for real vectors")


def weighted(x: Any, w: Any) -> Any:
    """Terms of a sum, that may have weights."""
    return x if w is None else np.asarray(w) * x


def minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    """`distance.minkowski`: a norm, whose derivative is 0 where both vectors meet."""
    exact = exactly(distance.minkowski, u, v, p, w)
    order = exactly(float, p)
    d = vector(u) - vector(v)
    if w is not None:
        d = d * (np.asarray(w) * 1.0) ** (0.0 if order == np.inf else 1.0 / order)
    return standing_for(exact, np.linalg.norm(d, order))


def correlation(u: Any, v: Any, w: Any = None, centered: Any = True) -> Any:
    """`distance.correlation`."""
    exact = exactly(distance.correlation, u, v, w, centered)
    x, y = vector(u), vector(v)
    shares = np.full(np.shape(x), 1.0 / np.size(x)) if w is None else np.asarray(w) / np.sum(np.asarray(w))
    if centered:
        x, y = x - np.sum(shares * x), y - np.sum(shares * y)
    return standing_for(exact, 1.0 - along(x, y, shares) / np.sqrt(along(x, x, shares) * along(y, y, shares)))


def along(x: Any, y: Any, shares: Any) -> Any:
    """A weighted mean of products."""
    return np.sum(shares * x * y)


def cosine(u: Any, v: Any, w: Any = None) -> Any:
    """`distance.cosine`."""
    return standing_for(exactly(distance.cosine, u, v, w), correlation(u, v, w, False))


def canberra(u: Any, v: Any, w: Any = None) -> Any:
    """`distance.canberra`: where both entries are 0, there is no term."""
    exact = exactly(distance.canberra, u, v, w)
    x, y = vector(u), vector(v)
    size = np.abs(x) + np.abs(y)
    return standing_for(exact, np.sum(weighted(np.abs(x - y) / np.where(size == 0, 1.0, size), w)))


def braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    """`distance.braycurtis`."""
    exact = exactly(distance.braycurtis, u, v, w)
    x, y = vector(u), vector(v)
    return standing_for(exact, np.sum(weighted(np.abs(x - y), w)) / np.sum(weighted(np.abs(x + y), w)))


def mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    """`distance.mahalanobis`."""
    exact = exactly(distance.mahalanobis, u, v, VI)
    d = vector(u) - vector(v)
    return standing_for(exact, np.sqrt(d @ np.asarray(VI) @ d))


def seuclidean(u: Any, v: Any, V: Any) -> Any:
    """`distance.seuclidean`."""
    exact = exactly(distance.seuclidean, u, v, V)
    d = vector(u) - vector(v)
    return standing_for(exact, np.linalg.norm(d / np.sqrt(np.asarray(V))))


def jensenshannon(p: Any, q: Any, base: Any = None, *, axis: Any = 0, keepdims: Any = False) -> Any:
    """`distance.jensenshannon`: the root of the mean of both divergences from the middle."""
    exact = exactly(distance.jensenshannon, p, q, base, axis=axis, keepdims=keepdims)
    x, y = vector(p), vector(q)
    x, y = x / np.sum(x, axis=axis, keepdims=True), y / np.sum(y, axis=axis, keepdims=True)
    m = (x + y) / 2.0
    both = np.sum(entropy_terms(x, m) + entropy_terms(y, m), axis=axis, keepdims=keepdims)
    if base is not None:
        both = both / np.log(base)
    return standing_for(exact, np.sqrt(both / 2.0))


def entropy_terms(x: Any, m: Any) -> Any:
    """x log(x / m), and 0 where x is."""
    none = x == 0
    return np.where(none, 0.0, x * np.log(np.where(none, 1.0, x / np.where(m == 0, 1.0, m))))


def squareform(X: Any, force: Any = "no", checks: Any = True) -> Any:
    """`distance.squareform`: the distances of a vector in a symmetric matrix, or the other way."""
    exact = exactly(distance.squareform, X, force, checks)
    x = np.asarray(X)
    if np.ndim(x) == 2:
        return standing_for(exact, x[upper(len(x))])
    return square(x)


def square(x: Any) -> Any:
    """The symmetric matrix of a vector, by a name of its own."""
    return distance.squareform(x, checks=False)


def upper(n: int) -> Any:
    """The places above the diagonal."""
    return np.triu_indices(n, 1)


for _python in (
    *(minkowski, correlation, cosine, canberra, braycurtis, mahalanobis, seuclidean, jensenshannon),
    squareform,
):
    stands_in(getattr(distance, _python.__name__), _python)
rule(square, "x", x="restore((g + g.T)[upper(len(g))], form(x))", _linear="x", _returns="array")
constant(upper, refuse_complex)
for _flat in ("hamming", "jaccard", "dice", "russellrao", "rogerstanimoto", "sokalsneath", "yule"):
    if hasattr(distance, _flat):
        constant(getattr(distance, _flat), returns="numeric")
constant(distance.num_obs_dm, distance.num_obs_y, distance.is_valid_dm, distance.is_valid_y)
