"""Derivatives of what scipy.stats finds of two samples: correlations, fitted lines, t-tests, distances, densities.

    stats.linregress(x, y).slope      SciPy's value, with the derivative of  mean(dx dy) / mean(dx^2)

Stand-ins, as in `scipy_stats_samples`. Their results are named tuples with the fields of SciPy's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from pullback.rulebook.array_likes import refuse
from pullback.rulebook.exact_values import exactly, standing_for, withheld, without_slope
from pullback.rulebook.scipy_stats_samples import about_mean, count_of, given, sample
from pullback.rules import constant, rule, stands_in
from pullback.tangents import ZERO

IN_TEMPLATES = (ZERO, withheld)


class PearsonRResult(NamedTuple):
    """`statistic` and `pvalue`."""

    statistic: Any
    pvalue: Any


class TtestResult(NamedTuple):
    """`statistic` and `pvalue`."""

    statistic: Any
    pvalue: Any


class LinregressResult(NamedTuple):
    """The fields that can be unpacked."""

    slope: Any
    intercept: Any
    rvalue: Any
    pvalue: Any
    stderr: Any


class FOnewayResult(NamedTuple):
    """`statistic` and `pvalue`."""

    statistic: Any
    pvalue: Any


class PowerDivergenceResult(NamedTuple):
    """`statistic` and `pvalue`."""

    statistic: Any
    pvalue: Any


class DescribeResult(NamedTuple):
    """What `stats.describe` returns."""

    nobs: Any
    minmax: Any
    mean: Any
    variance: Any
    skewness: Any
    kurtosis: Any


def two_parts(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The fields of a result, as a tuple."""
    return tuple(function(*args, **kwargs))


def tail(t: Any, freedom: Any, alternative: Any) -> Any:
    """The p-value of a t statistic."""
    both = special.betainc(0.5 * freedom, 0.5, freedom / (freedom + t * t))
    if alternative == "two-sided":
        return both
    below = np.where(t < 0, 0.5 * both, 1.0 - 0.5 * both)
    return below if alternative == "less" else 1.0 - below


def pearsonr(x: Any, y: Any, *, alternative: Any = "two-sided", method: Any = None, axis: Any = 0) -> Any:
    """`stats.pearsonr`."""
    exact = exactly(two_parts, stats.pearsonr, x, y, alternative=alternative, method=method, axis=axis)
    if method is not None:
        refuse("scipy.stats.pearsonr has a derivative without method=")
    if axis is None:
        return pearsonr(np.ravel(x), np.ravel(y), alternative=alternative)
    dx, dy = about_mean(sample(x, None), axis), about_mean(sample(y, None), axis)
    products = np.sum(dx * dy, axis=axis)
    r = products / np.sqrt(np.sum(dx * dx, axis=axis) * np.sum(dy * dy, axis=axis))
    freedom = count_of(dx * dy, products) - 2
    if freedom < 1:
        return PearsonRResult(given(exact[0], r), exact[1])
    p = tail(r * np.sqrt(freedom / ((1.0 - r) * (1.0 + r))), freedom, alternative)
    return PearsonRResult(given(exact[0], r), given(exact[1], p))


def linregress(
    x: Any, y: Any, alternative: Any = "two-sided", *, axis: Any = 0, nan_policy: Any = "propagate",
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.linregress`."""
    options = {"axis": axis, "nan_policy": nan_policy, "keepdims": keepdims}
    exact = exactly(two_parts, stats.linregress, x, y, alternative, **options)
    a, b = sample(x, nan_policy), sample(y, nan_policy)
    if np.ndim(a) != 1 or np.ndim(b) != 1:
        refuse("scipy.stats.linregress has a derivative for samples of one dimension")
    dx, dy = about_mean(a, 0), about_mean(b, 0)
    sxx, sxy, syy = np.mean(dx * dx), np.mean(dx * dy), np.mean(dy * dy)
    slope = sxy / sxx
    intercept = np.mean(b) - slope * np.mean(a)
    r = sxy / np.sqrt(sxx * syy)
    freedom = np.size(a) - 2
    if freedom < 1:
        return LinregressResult(given(exact[0], slope), given(exact[1], intercept), given(exact[2], r), *exact[3:])
    rest = (1.0 - r) * (1.0 + r)
    p = tail(r * np.sqrt(freedom / rest), freedom, alternative)
    error = np.sqrt(rest * syy / sxx / freedom)
    line = given(exact[0], slope), given(exact[1], intercept)
    return LinregressResult(*line, given(exact[2], r), given(exact[3], p), given(exact[4], error))


def f_oneway(
    *samples: Any, axis: Any = 0, equal_var: Any = True, nan_policy: Any = "propagate", keepdims: Any = False
) -> Any:
    """`stats.f_oneway`: the variance between the samples over that within them."""
    options = {"axis": axis, "equal_var": equal_var, "nan_policy": nan_policy, "keepdims": keepdims}
    exact = exactly(two_parts, stats.f_oneway, *samples, **options)
    if not equal_var:
        refuse("scipy.stats.f_oneway has a derivative with equal_var=True")
    xs = [sample(x, nan_policy) for x in samples]
    total = np.mean(np.concatenate(xs, axis=axis), axis=axis, keepdims=True)
    means = [np.mean(x, axis=axis, keepdims=True) for x in xs]
    counts = [count_of(x, total) for x in xs]
    between = sum([n * (m - total) ** 2 for n, m in zip(counts, means)])  # noqa: B905
    within = sum([np.sum((x - m) ** 2, axis=axis, keepdims=True) for x, m in zip(xs, means)])  # noqa: B905
    first, second = len(xs) - 1, sum(counts) - len(xs)
    f = (between / first) / (within / second)
    p = special.betainc(0.5 * second, 0.5 * first, second / (second + first * f))
    return FOnewayResult(given(exact[0], f), given(exact[1], p))


def chisquare(f_obs: Any, f_exp: Any = None, ddof: Any = 0, axis: Any = 0, *, sum_check: Any = True) -> Any:
    """`stats.chisquare`."""
    exact = exactly(two_parts, stats.chisquare, f_obs, f_exp, ddof, axis, sum_check=sum_check)
    x = sample(f_obs, None)
    expected = np.mean(x, axis=axis, keepdims=True) if f_exp is None else sample(f_exp, None)
    statistic = np.sum((x - expected) ** 2 / expected, axis=axis)
    p = special.gammaincc(0.5 * (count_of(x, statistic) - 1 - ddof), 0.5 * statistic)
    return PowerDivergenceResult(given(exact[0], statistic), given(exact[1], p))


def describe(a: Any, axis: Any = 0, ddof: Any = 1, bias: Any = True, nan_policy: Any = "propagate") -> Any:
    """`stats.describe`."""
    exact = exactly(two_parts, stats.describe, a, axis, ddof, bias, nan_policy)
    x = np.ravel(sample(a, nan_policy)) if axis is None else sample(a, nan_policy)
    along = 0 if axis is None else axis
    ends = given(exact[1][0], np.min(x, axis=along)), given(exact[1][1], np.max(x, axis=along))
    mean, variance = np.mean(x, axis=along), np.var(x, axis=along, ddof=ddof)
    shapes = stats.skew(x, along, bias), stats.kurtosis(x, along, bias=bias)
    return DescribeResult(exact[0], ends, given(exact[2], mean), given(exact[3], variance), *shapes)


def spread_of(x: Any, axis: Any) -> tuple[Any, Any]:
    """The mean of a sample, and its variance."""
    return np.mean(x, axis=axis, keepdims=True), np.var(x, axis=axis, ddof=1, keepdims=True)


def ttest_1samp(
    a: Any, popmean: Any, axis: Any = 0, nan_policy: Any = "propagate", alternative: Any = "two-sided", *,
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.ttest_1samp`."""
    exact = exactly(two_parts, stats.ttest_1samp, a, popmean, axis, nan_policy, alternative, keepdims=keepdims)
    if np.ndim(popmean) > 0:
        refuse("scipy.stats.ttest_1samp has a derivative for one popmean")
    x = sample(a, nan_policy)
    mean, variance = spread_of(x, axis)
    n = count_of(x, mean)
    t = (mean - popmean) / np.sqrt(variance / n)
    return TtestResult(given(exact[0], t), given(exact[1], tail(t, n - 1, alternative)))


def ttest_rel(
    a: Any, b: Any, axis: Any = 0, nan_policy: Any = "propagate", alternative: Any = "two-sided", *,
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.ttest_rel`."""
    exact = exactly(two_parts, stats.ttest_rel, a, b, axis, nan_policy, alternative, keepdims=keepdims)
    d = sample(a, nan_policy) - sample(b, nan_policy)
    mean, variance = spread_of(d, axis)
    n = count_of(d, mean)
    t = mean / np.sqrt(variance / n)
    return TtestResult(given(exact[0], t), given(exact[1], tail(t, n - 1, alternative)))


def ttest_ind(
    a: Any, b: Any, *, axis: Any = 0, equal_var: Any = True, nan_policy: Any = "propagate",
    alternative: Any = "two-sided", trim: Any = 0, method: Any = None, keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.ttest_ind`."""
    options = {"axis": axis, "equal_var": equal_var, "nan_policy": nan_policy, "alternative": alternative}
    exact = exactly(two_parts, stats.ttest_ind, a, b, **options, trim=trim, method=method, keepdims=keepdims)
    if trim or method is not None:
        refuse("scipy.stats.ttest_ind has a derivative without trim= and method=")
    x, z = sample(a, nan_policy), sample(b, nan_policy)
    mean, variance = spread_of(x, axis)
    other_mean, other_variance = spread_of(z, axis)
    n, m = count_of(x, mean), count_of(z, other_mean)
    if equal_var:
        pooled = ((n - 1) * variance + (m - 1) * other_variance) / (n + m - 2)
        t = (mean - other_mean) / np.sqrt(pooled * (1.0 / n + 1.0 / m))
        return TtestResult(given(exact[0], t), given(exact[1], tail(t, n + m - 2, alternative)))
    t = (mean - other_mean) / np.sqrt(variance / n + other_variance / m)
    p = without_slope(exact[1], t, "the p-value of scipy.stats.ttest_ind(equal_var=False)")
    return TtestResult(given(exact[0], t), p)


def order_of(u: Any, v: Any) -> Any:
    """The order of the values of both samples."""
    return np.argsort(np.concatenate((np.asarray(u, float), np.asarray(v, float))), kind="stable")


def gap_between(u: Any, v: Any, u_weights: Any, v_weights: Any) -> Any:
    """How far the distribution functions of two samples are apart, between each of their values and the next."""
    every = np.sort(np.concatenate((np.asarray(u, float), np.asarray(v, float))))
    parts = []
    for values, weights in ((u, u_weights), (v, v_weights)):
        x = np.asarray(values, float)
        w = np.ones(len(x)) if weights is None else np.asarray(weights, float)
        total = np.concatenate(([0.0], np.cumsum(w[np.argsort(x)])))
        parts.append(total[np.searchsorted(np.sort(x), every[:-1], "right")] / total[-1])
    return parts[0] - parts[1]


def in_order(u_values: Any, v_values: Any, order: Any) -> Any:
    """The values of both samples in order."""
    return np.take(np.concatenate((np.asarray(u_values), np.asarray(v_values))), order)


def wasserstein_distance(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    """`stats.wasserstein_distance`, in the values."""
    exact = exactly(stats.wasserstein_distance, u_values, v_values, u_weights, v_weights)
    order = order_of(u_values, v_values)
    gap = gap_between(u_values, v_values, u_weights, v_weights)
    every = in_order(u_values, v_values, order)
    return standing_for(exact, np.sum(np.abs(gap) * (every[1:] - every[:-1])))


def energy_distance(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    """`stats.energy_distance`, in the values."""
    exact = exactly(stats.energy_distance, u_values, v_values, u_weights, v_weights)
    order = order_of(u_values, v_values)
    gap = gap_between(u_values, v_values, u_weights, v_weights)
    every = in_order(u_values, v_values, order)
    return standing_for(exact, np.sqrt(2.0 * np.sum(gap * gap * (every[1:] - every[:-1]))))


def log_parts(kde: Any, points: Any) -> Any:
    """The logarithms of what each entry of the data set adds to a density, at each point."""
    dataset, precision, logs = fixed_parts(kde)
    x = np.asarray(points)
    if np.ndim(x) < 2:
        x = np.reshape(x, (len(dataset), -1) if len(dataset) > 1 else (1, -1))
    away = x[:, None, :] - dataset[:, :, None]
    return -0.5 * np.sum(away * np.tensordot(precision, away, 1), axis=0) + logs[:, None]


def fixed_parts(kde: Any) -> Any:
    """The data set of a density, the inverse of its covariance, and the logarithms of its weights over its norm."""
    with np.errstate(divide="ignore"):
        logs = np.log(kde.weights) - 0.5 * np.linalg.slogdet(2.0 * np.pi * kde.covariance)[1]
    return kde.dataset, kde.inv_cov, logs


def evaluate(self: Any, points: Any) -> Any:
    """`gaussian_kde.evaluate`, in the points."""
    return standing_for(exactly(type(self).evaluate, self, points), np.sum(np.exp(log_parts(self, points)), axis=0))


def logpdf(self: Any, x: Any) -> Any:
    """`gaussian_kde.logpdf`, in the points."""
    return standing_for(exactly(type(self).logpdf, self, x), special.logsumexp(log_parts(self, x), axis=0))


for _python in (
    pearsonr, linregress, ttest_1samp, ttest_rel, ttest_ind, wasserstein_distance, energy_distance, f_oneway, chisquare,
    describe,
):  # fmt: skip
    stands_in(getattr(stats, _python.__name__), _python)
stands_in(stats.gaussian_kde.evaluate, evaluate)
stands_in(stats.gaussian_kde.pdf, evaluate)
stands_in(stats.gaussian_kde.logpdf, logpdf)
constant(two_parts, order_of, fixed_parts)
_WEIGHTS = "withheld('a distance of two samples by their weights')"
rule(
    gap_between,
    "u, v, u_weights, v_weights",
    u="ZERO",
    v="ZERO",
    u_weights=_WEIGHTS,
    v_weights=_WEIGHTS,
    u_dot="np.zeros_like(y)",
    v_dot="np.zeros_like(y)",
    u_weights_dot=_WEIGHTS,
    v_weights_dot=_WEIGHTS,
    _returns="array",
)
