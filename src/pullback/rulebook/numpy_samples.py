"""NumPy's covariances, correlations, fits and histograms of samples.

    np.cov(m)              as the products that it consists of
    np.polyfit(x, y, 2)    as the least-squares problem that it solves
    np.histogram           of its weights: to which bin a sample belongs does not change with it

The first are stand-ins in Python (see `numpy_calling`): NumPy's own steps in its own order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.array_likes import Array, Form, form, refuse, restore, shape_of
from pullback.rulebook.exact_values import exactly, standing_for
from pullback.rules import constant, rule, stands_in
from pullback.tangents import NO_TANGENT, ZERO, Tangent

IN_TEMPLATES = (form,)


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """`np.cov`."""
    kind = sample_type(m, y) if dtype is None else dtype
    x = np.array(m, ndmin=2, dtype=kind)
    if not rowvar and np.ndim(m) != 1:
        x = x.T
    if y is not None:
        second = np.array(y, ndmin=2, dtype=kind)
        if not rowvar and second.shape[0] != 1:
            second = second.T
        x = np.concatenate((x, second), axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    w = None
    if fweights is not None:
        w = np.asarray(fweights, dtype=float)
    if aweights is not None:
        w = np.asarray(aweights, dtype=float) if w is None else w * np.asarray(aweights, dtype=float)
    if w is None:
        share = x.shape[1] - ddof
    elif ddof == 0:
        share = np.sum(w)
    elif aweights is None:
        share = np.sum(w) - ddof
    else:
        share = np.sum(w) - ddof * np.sum(w * np.asarray(aweights, dtype=float)) / np.sum(w)
    means = np.average(x, axis=1, weights=w)
    deviations = x - means[:, None]
    if w is None:
        c = np.dot(deviations, deviations.T.conj())
    else:
        c = np.dot(deviations, (deviations * w).T.conj())
    return (c * np.true_divide(1, share)).squeeze()


def sample_type(m: Any, y: Any) -> Any:
    """The dtype in which a covariance is computed."""
    given = [np.asarray(x) for x in (m, y) if x is not None]
    return np.result_type(*given, np.float64)


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """`np.corrcoef`."""
    c = cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    if np.iscomplexobj(c):
        refuse("np.corrcoef has a derivative for real samples only")
    deviation = np.sqrt(np.diag(c))
    scaled = c / deviation[:, None]
    return np.clip(scaled / deviation[None, :], -1.0, 1.0)


def polyfit(
    x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """`np.polyfit`."""
    if full or cov:
        refuse("np.polyfit has a derivative without full= and cov=")
    places, rhs = np.asarray(x) + 0.0, np.asarray(y) + 0.0
    if rcond is None:
        rcond = len(places) * np.finfo(places.dtype).eps
    powers = np.vander(places, int(deg) + 1)
    if w is not None:
        weights = np.asarray(w) + 0.0
        powers = powers * weights[:, np.newaxis]
        rhs = rhs * (weights[:, np.newaxis] if rhs.ndim == 2 else weights)
    scale = np.sqrt((powers * powers).sum(axis=0))
    c = np.linalg.lstsq(powers / scale, rhs, rcond)[0]
    return (c.T / scale).T


def bins_of(a: Any, bins: Any, span: Any) -> Array:
    """The number of the bin of each sample; for those outside, one more than the last."""
    edges: Array = np.histogram_bin_edges(a, bins, span)
    x = np.ravel(a)
    place = np.searchsorted(edges, x, "right") - 1
    place = np.where(x == edges[-1], edges.size - 2, place)
    return np.where((place < 0) | (place > edges.size - 2), edges.size - 1, place)


def sums_in_bins(a: Any, bins: Any, span: Any, weights: Any) -> Any:
    """The weights in each bin, by a name of its own: to which bin a sample belongs does not change with it."""
    return np.histogram(a, bins, span, weights=weights)[0]


def sums_pullback(g: Any, a: Any, bins: Any, span: Any, m: Form) -> Tangent:
    """The cotangent of the weights: each sample has that of its bin."""
    return restore(np.reshape(np.append(g, 0.0)[bins_of(a, bins, span)], shape_of(m)), m)


def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """`np.histogram`: edges that are given are the very array of the result."""
    edges = histogram_bin_edges(a, bins, range, weights)
    if not density:
        if weights is None:
            return exactly(counts_in_bins, a, bins, range), edges
        return sums_in_bins(a, bins, range, weights), edges
    exact = exactly(density_in_bins, a, bins, range, weights)
    sums = exactly(counts_in_bins, a, bins, range) if weights is None else sums_in_bins(a, bins, range, weights)
    return standing_for(exact, sums / np.diff(edges) / np.sum(sums)), edges


def counts_in_bins(a: Any, bins: Any, span: Any) -> Any:
    """How many samples are in each bin."""
    return np.histogram(a, bins, span)[0]


def density_in_bins(a: Any, bins: Any, span: Any, weights: Any) -> Any:
    """The share of each bin, for each unit of its width."""
    return np.histogram(a, bins, span, True, weights)[0]


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """`np.histogram_bin_edges`: the given ones, or equal steps from the smallest sample to the largest."""
    if np.ndim(bins) == 1:
        check_edges(a, bins, range, weights)
        return np.asarray(bins)
    exact = exactly(np.histogram_bin_edges, a, bins, range, weights)
    if range is not None:
        low, high = range
    elif np.size(a) == 0:
        return exact
    else:
        low, high = np.min(a), np.max(a)
    return standing_for(exact, np.linspace(low, high, len(exact)))  # (if they are equal, NumPy adds what has no slope)


def check_edges(a: Any, bins: Any, span: Any, weights: Any) -> None:
    """Raise NumPy's own errors for edges that are given."""
    np.histogram_bin_edges(a, bins, span, weights)


stands_in(np.cov, cov)
stands_in(np.corrcoef, corrcoef)
stands_in(np.polyfit, polyfit)
constant(bins_of, sample_type, check_edges)
stands_in(np.histogram, histogram, changes=True)  # (it hands out the edges that it is given)
stands_in(np.histogram_bin_edges, histogram_bin_edges, changes=True)
rule(
    sums_in_bins,
    "a, bins, span, weights",
    weights="sums_pullback(g, a, bins, span, form(weights))",
    _linear="weights",
    _inert="a, bins, span",
    _returns="array",
)
