"""Derivatives of scipy.spatial.distance: distances between all pairs of points.

    cdist(a, b)  ->  a: Σ g (a - b) / y over the points of b; 0 where two points coincide
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import distance

from pullback.rulebook.array_likes import Array, form, refuse, restore
from pullback.rulebook.numpy_elementwise import unit
from pullback.rules import rule

IN_TEMPLATES = (form, restore)
_METRICS: dict[str, Any] = {
    "euclidean": lambda d, y: unit(d, y[..., None]),
    "sqeuclidean": lambda d, y: 2.0 * d,
    "cityblock": lambda d, y: np.sign(d),
    "chebyshev": lambda d, y: _largest(d),
}


def _largest(d: Array) -> Array:
    """The sign of the largest difference; equally large ones share it."""
    hit = np.abs(d) == np.max(np.abs(d), axis=-1, keepdims=True)
    return np.asarray(np.sign(d) * hit / np.maximum(np.sum(hit, axis=-1, keepdims=True), 1))


def slopes(y: Any, a: Any, b: Any, metric: Any) -> Array:
    """The derivative of each distance in the differences of coordinates."""
    rule_of = _METRICS.get(metric)
    if rule_of is None:
        refuse(f"the derivative of scipy.spatial.distance covers the metrics {', '.join(_METRICS)}, not {metric!r}")
    d = np.subtract(a, b)
    if np.iscomplexobj(d):
        refuse("the distances of scipy.spatial.distance have derivatives for real vectors")
    return np.asarray(rule_of(d, np.asarray(y)))


def pairs(x: Any) -> tuple[Array, Array]:
    """The points of each of pdist's distances, by their indices."""
    return np.triu_indices(np.shape(x)[0], 1)


def between(y: Any, one: Any, other: Any, metric: Any) -> Array:
    """The slopes of all distances between two sets of points, of shape (m, n, k)."""
    return slopes(y, np.asarray(one)[:, None, :], np.asarray(other)[None, :, :], metric)


def within_back(g: Array, y: Array, x: Any, metric: Any) -> Array:
    """The cotangent of the points, of which each is in many pairs."""
    i, j = pairs(x)
    points = np.asarray(x, float)
    t = g[:, None] * slopes(y, points[i], points[j], metric)
    out = np.zeros(points.shape)
    np.add.at(out, i, t)
    np.add.at(out, j, -t)
    return out


def within_tangent(x_dot: Any, y: Array, x: Any, metric: Any) -> Array:
    """The tangent of each distance."""
    i, j = pairs(x)
    points, moved = np.asarray(x, float), np.asarray(x_dot)
    return np.asarray(np.sum(slopes(y, points[i], points[j], metric) * (moved[i] - moved[j]), axis=-1))


rule(
    distance.cdist,
    "XA, XB, metric='euclidean'",
    XA="restore(np.sum(g[..., None] * between(y, XA, XB, metric), axis=1), form(XA))",
    XB="restore(-np.sum(g[..., None] * between(y, XA, XB, metric), axis=0), form(XB))",
    XA_dot="np.sum(between(y, XA, XB, metric) * np.asarray(XA_dot)[:, None, :], axis=-1)",
    XB_dot="-np.sum(between(y, XA, XB, metric) * np.asarray(XB_dot)[None, :, :], axis=-1)",
    _returns="array",
)
rule(
    distance.pdist,
    "X, metric='euclidean'",
    X="restore(within_back(g, y, X, metric), form(X))",
    X_dot="within_tangent(X_dot, y, X, metric)",
    _returns="array",
)
for _name in ("euclidean", "sqeuclidean", "cityblock", "chebyshev"):
    rule(
        getattr(distance, _name),
        "u, v",
        u=f"restore(g * slopes(y, u, v, '{_name}'), form(u))",
        v=f"restore(-g * slopes(y, u, v, '{_name}'), form(v))",
        u_dot=f"np.sum(slopes(y, u, v, '{_name}') * u_dot)",
        v_dot=f"-np.sum(slopes(y, u, v, '{_name}') * v_dot)",
    )
