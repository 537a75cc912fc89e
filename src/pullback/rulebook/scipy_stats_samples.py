"""Derivatives of the statistics of samples in scipy.stats: moments, means, spreads, entropies.

    stats.skew(a)      SciPy's value, with the derivative of  mean((a - m)^3) / mean((a - m)^2)^1.5

Each is a stand-in: a formula in functions that have derivatives. The value is what SciPy computes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special, stats

from pullback.rulebook.array_likes import refuse
from pullback.rulebook.exact_values import exactly, standing_for
from pullback.rules import constant, stands_in


def given(exact: Any, formula: Any) -> Any:
    """SciPy's value, with the derivative of a formula whose axes of length 1 it may lack."""
    return standing_for(exact, np.reshape(formula, np.shape(exact)))


def sample(a: Any, nan_policy: Any) -> Any:
    """A sample as an array of floats."""
    refuse_holes(a, nan_policy)
    x = np.asarray(a)
    return x if is_inexact(x) else x + 0.0


def is_inexact(x: Any) -> bool:
    """Whether an array's entries are floats or complex."""
    return x.dtype.kind in "fc"


def refuse_holes(a: Any, nan_policy: Any) -> None:
    """What leaves out NaN has no derivative here where there is one."""
    if nan_policy == "omit" and np.any(np.isnan(np.asarray(a, float))):
        refuse("the functions of scipy.stats have derivatives without nan_policy='omit'; select the entries before")


def count_of(x: Any, reduced: Any) -> int:
    """How many entries each entry of a reduced array is of."""
    return np.size(x) // max(np.size(reduced), 1)


def powered(d: Any, order: Any, axis: Any) -> Any:
    """The mean of a power of deviations."""
    return np.mean(d**order, axis=axis, keepdims=True)


def about_mean(x: Any, axis: Any) -> Any:
    """The deviations from the mean."""
    return x - np.mean(x, axis=axis, keepdims=True)


def zscore(a: Any, axis: Any = 0, ddof: Any = 0, nan_policy: Any = "propagate") -> Any:
    """`stats.zscore`."""
    exact = exactly(stats.zscore, a, axis, ddof, nan_policy)
    x = sample(a, nan_policy)
    return given(exact, about_mean(x, axis) / np.std(x, axis=axis, ddof=ddof, keepdims=True))


def zmap(scores: Any, compare: Any, axis: Any = 0, ddof: Any = 0, nan_policy: Any = "propagate") -> Any:
    """`stats.zmap`."""
    exact = exactly(stats.zmap, scores, compare, axis, ddof, nan_policy)
    c = sample(compare, nan_policy)
    mean = np.mean(c, axis=axis, keepdims=True)
    return given(exact, (np.asarray(scores) - mean) / np.std(c, axis=axis, ddof=ddof, keepdims=True))


def skew(a: Any, axis: Any = 0, bias: Any = True, nan_policy: Any = "propagate", *, keepdims: Any = False) -> Any:
    """`stats.skew`."""
    exact = exactly(stats.skew, a, axis, bias, nan_policy, keepdims=keepdims)
    d = about_mean(sample(a, nan_policy), axis)
    formula = powered(d, 3, axis) / powered(d, 2, axis) ** 1.5
    n = count_of(d, formula)
    if not bias and n > 2:
        formula = formula * (np.sqrt(n * (n - 1.0)) / (n - 2.0))
    return given(exact, formula)


def kurtosis(
    a: Any, axis: Any = 0, fisher: Any = True, bias: Any = True, nan_policy: Any = "propagate", *, keepdims: Any = False
) -> Any:
    """`stats.kurtosis`."""
    exact = exactly(stats.kurtosis, a, axis, fisher, bias, nan_policy, keepdims=keepdims)
    d = about_mean(sample(a, nan_policy), axis)
    formula = powered(d, 4, axis) / powered(d, 2, axis) ** 2
    n = count_of(d, formula)
    if not bias and n > 3:
        formula = formula * ((n * n - 1.0) / ((n - 2.0) * (n - 3.0)))
    return given(exact, formula)  # (a constant apart)


def moment(
    a: Any, order: Any = 1, axis: Any = 0, nan_policy: Any = "propagate", *, center: Any = None, keepdims: Any = False
) -> Any:
    """`stats.moment`."""
    exact = exactly(stats.moment, a, order, axis, nan_policy, center=center, keepdims=keepdims)
    if np.ndim(order) > 0:
        refuse("scipy.stats.moment has a derivative for one order")
    x = sample(a, nan_policy)
    return given(exact, powered(about_mean(x, axis) if center is None else x - center, order, axis))


def weighted(x: Any, weights: Any, axis: Any) -> Any:
    """A mean, of entries that may have weights."""
    if weights is None:
        return np.mean(x, axis=axis, keepdims=True)
    w = np.asarray(weights)
    if np.shape(w) != np.shape(x):
        refuse("the means of scipy.stats have derivatives for weights of the same shape as the sample")
    return np.sum(w * x, axis=axis, keepdims=True) / np.sum(w, axis=axis, keepdims=True)


def gmean(
    a: Any, axis: Any = 0, dtype: Any = None, weights: Any = None, *, nan_policy: Any = "propagate",
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.gmean`."""
    exact = exactly(stats.gmean, a, axis, dtype, weights, nan_policy=nan_policy, keepdims=keepdims)
    return given(exact, np.exp(weighted(np.log(sample(a, nan_policy)), weights, axis)))


def hmean(
    a: Any, axis: Any = 0, dtype: Any = None, *, weights: Any = None, nan_policy: Any = "propagate",
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.hmean`."""
    exact = exactly(stats.hmean, a, axis, dtype, weights=weights, nan_policy=nan_policy, keepdims=keepdims)
    return given(exact, 1.0 / weighted(1.0 / sample(a, nan_policy), weights, axis))


def pmean(
    a: Any, p: Any, *, axis: Any = 0, dtype: Any = None, weights: Any = None, nan_policy: Any = "propagate",
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.pmean`."""
    options = {"axis": axis, "dtype": dtype, "weights": weights, "nan_policy": nan_policy, "keepdims": keepdims}
    exact = exactly(stats.pmean, a, p, **options)
    x = sample(a, nan_policy)
    if p == 0:
        return given(exact, np.exp(weighted(np.log(x), weights, axis)))
    return given(exact, weighted(x**p, weights, axis) ** (1.0 / p))


def sem(a: Any, axis: Any = 0, ddof: Any = 1, nan_policy: Any = "propagate", *, keepdims: Any = False) -> Any:
    """`stats.sem`."""
    exact = exactly(stats.sem, a, axis, ddof, nan_policy, keepdims=keepdims)
    x = sample(a, nan_policy)
    spread = np.std(x, axis=axis, ddof=ddof, keepdims=True)
    return given(exact, spread / np.sqrt(count_of(x, spread)))


def variation(a: Any, axis: Any = 0, nan_policy: Any = "propagate", ddof: Any = 0, *, keepdims: Any = False) -> Any:
    """`stats.variation`."""
    exact = exactly(stats.variation, a, axis, nan_policy, ddof, keepdims=keepdims)
    x = sample(a, nan_policy)
    return given(exact, np.std(x, axis=axis, ddof=ddof, keepdims=True) / np.mean(x, axis=axis, keepdims=True))


def gstd(a: Any, axis: Any = 0, ddof: Any = 1, *, keepdims: Any = False, nan_policy: Any = "propagate") -> Any:
    """`stats.gstd`."""
    exact = exactly(stats.gstd, a, axis, ddof, keepdims=keepdims, nan_policy=nan_policy)
    return given(exact, np.exp(np.std(np.log(sample(a, nan_policy)), axis=axis, ddof=ddof, keepdims=True)))


def within(x: Any, limits: Any, inclusive: Any) -> Any:
    """Which entries lie inside of the limits."""
    inside = np.ones(np.shape(x), bool)
    if limits is not None:
        low, high = limits
        if low is not None:
            inside &= (x >= low) if inclusive[0] else (x > low)
        if high is not None:
            inside &= (x <= high) if inclusive[1] else (x < high)
    return inside


def tmean(
    a: Any, limits: Any = None, inclusive: Any = (True, True), axis: Any = None, *, nan_policy: Any = "propagate",
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.tmean`."""
    exact = exactly(stats.tmean, a, limits, inclusive, axis, nan_policy=nan_policy, keepdims=keepdims)
    x = sample(a, nan_policy)
    return given(exact, np.mean(x, axis=axis, keepdims=True, where=within(x, limits, inclusive)))


def tvar(
    a: Any, limits: Any = None, inclusive: Any = (True, True), axis: Any = 0, ddof: Any = 1, *,
    nan_policy: Any = "propagate", keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.tvar`."""
    exact = exactly(stats.tvar, a, limits, inclusive, axis, ddof, nan_policy=nan_policy, keepdims=keepdims)
    x = sample(a, nan_policy)
    return given(exact, np.var(x, axis=axis, ddof=ddof, keepdims=True, where=within(x, limits, inclusive)))


def tstd(
    a: Any, limits: Any = None, inclusive: Any = (True, True), axis: Any = 0, ddof: Any = 1, *,
    nan_policy: Any = "propagate", keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.tstd`."""
    exact = exactly(stats.tstd, a, limits, inclusive, axis, ddof, nan_policy=nan_policy, keepdims=keepdims)
    x = sample(a, nan_policy)
    return given(exact, np.std(x, axis=axis, ddof=ddof, keepdims=True, where=within(x, limits, inclusive)))


def tsem(
    a: Any, limits: Any = None, inclusive: Any = (True, True), axis: Any = 0, ddof: Any = 1, *,
    nan_policy: Any = "propagate", keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.tsem`."""
    exact = exactly(stats.tsem, a, limits, inclusive, axis, ddof, nan_policy=nan_policy, keepdims=keepdims)
    x = sample(a, nan_policy)
    inside = within(x, limits, inclusive)
    spread = np.std(x, axis=axis, ddof=ddof, keepdims=True, where=inside)
    return given(exact, spread / np.sqrt(np.sum(inside, axis=axis, keepdims=True)))


_NORMAL_IQR, _NORMAL_MAD = 2.0 * np.sqrt(2.0) * special.erfinv(0.5), special.ndtri(0.75)


def scaling(scale: Any, normal: Any) -> Any:
    """What a spread is divided by."""
    if not is_text(scale):
        return scale
    if scale.lower() != "normal":
        refuse(f"a spread with scale={scale!r} has no derivative")
    return normal


def is_text(x: Any) -> bool:
    """Whether a scale is given by its name."""
    return isinstance(x, str)


def iqr(
    x: Any, axis: Any = None, rng: Any = (25, 75), scale: Any = 1.0, nan_policy: Any = "propagate",
    interpolation: Any = "linear", keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.iqr`."""
    exact = exactly(stats.iqr, x, axis, rng, scale, nan_policy, interpolation, keepdims)
    low, high = sorted(rng)
    a = sample(x, nan_policy)
    above = np.percentile(a, high, axis=axis, method=interpolation, keepdims=True)
    below = np.percentile(a, low, axis=axis, method=interpolation, keepdims=True)
    return given(exact, (above - below) / scaling(scale, _NORMAL_IQR))


def median_abs_deviation(
    x: Any, axis: Any = 0, center: Any = None, scale: Any = 1.0, nan_policy: Any = "propagate", *,
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.median_abs_deviation`."""
    exact = exactly(stats.median_abs_deviation, x, axis, center, scale, nan_policy, keepdims=keepdims)
    if center is not None and center is not np.median:
        refuse("scipy.stats.median_abs_deviation has a derivative about the median")
    a = sample(x, nan_policy)
    away = np.abs(a - np.median(a, axis=axis, keepdims=True))
    return given(exact, np.median(away, axis=axis, keepdims=True) / scaling(scale, _NORMAL_MAD))


def trim_mean(
    a: Any, proportiontocut: Any, axis: Any = 0, *, nan_policy: Any = "propagate", keepdims: Any = False
) -> Any:
    """`stats.trim_mean`."""
    exact = exactly(stats.trim_mean, a, proportiontocut, axis, nan_policy=nan_policy, keepdims=keepdims)
    x = sample(a, nan_policy)
    along = axis
    if axis is None:
        x = np.ravel(x)
        along = 0
    if np.ndim(along) > 0:
        refuse("scipy.stats.trim_mean has a derivative along one axis")
    n = np.shape(x)[along]
    cut = int(proportiontocut * n)
    return given(exact, np.mean(np.take(np.sort(x, axis=along), np.arange(cut, n - cut), along), axis=along))


def entropy(
    pk: Any, qk: Any = None, base: Any = None, axis: Any = 0, *, nan_policy: Any = "propagate", keepdims: Any = False
) -> Any:
    """`stats.entropy`."""
    exact = exactly(stats.entropy, pk, qk, base, axis, nan_policy=nan_policy, keepdims=keepdims)
    p = sample(pk, nan_policy)
    p = p / np.sum(p, axis=axis, keepdims=True)
    if qk is None:
        total = np.sum(special.entr(p), axis=axis, keepdims=True)
    else:
        q = sample(qk, nan_policy)
        if np.ndim(p) != np.ndim(q):
            refuse("scipy.stats.entropy has a derivative for pk and qk of the same number of axes")
        total = np.sum(special.rel_entr(p, q / np.sum(q, axis=axis, keepdims=True)), axis=axis, keepdims=True)
    return given(exact, total if base is None else total / np.log(base))


def turned(samples: Any, high: Any, low: Any, axis: Any) -> Any:
    """The mean direction of angles, as a complex number's two parts."""
    angle = (samples - low) * (2.0 * np.pi) / (high - low)
    return np.mean(np.sin(angle), axis=axis, keepdims=True), np.mean(np.cos(angle), axis=axis, keepdims=True)


def circmean(
    samples: Any, high: Any = 2 * np.pi, low: Any = 0, axis: Any = None, nan_policy: Any = "propagate", *,
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.circmean`."""
    exact = exactly(stats.circmean, samples, high, low, axis, nan_policy, keepdims=keepdims)
    sine, cosine = turned(sample(samples, nan_policy), high, low, axis)
    turn = np.arctan2(sine, cosine) / (2.0 * np.pi)
    return given(exact, (turn % 1.0) * (high - low) + low)


def circvar(
    samples: Any, high: Any = 2 * np.pi, low: Any = 0, axis: Any = None, nan_policy: Any = "propagate", *,
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.circvar`."""
    exact = exactly(stats.circvar, samples, high, low, axis, nan_policy, keepdims=keepdims)
    sine, cosine = turned(sample(samples, nan_policy), high, low, axis)
    return given(exact, 1.0 - np.hypot(sine, cosine))


def circstd(
    samples: Any, high: Any = 2 * np.pi, low: Any = 0, axis: Any = None, nan_policy: Any = "propagate", *,
    normalize: Any = False, keepdims: Any = False,
) -> Any:  # fmt: skip
    """`stats.circstd`."""
    exact = exactly(stats.circstd, samples, high, low, axis, nan_policy, normalize=normalize, keepdims=keepdims)
    sine, cosine = turned(sample(samples, nan_policy), high, low, axis)
    spread = np.sqrt(-2.0 * np.log(np.hypot(sine, cosine)))
    return given(exact, spread if normalize else spread * (high - low) / (2.0 * np.pi))


def boxcox(x: Any, lmbda: Any = None, alpha: Any = None, optimizer: Any = None) -> Any:
    """`stats.boxcox`, with a given exponent."""
    exact = exactly(stats.boxcox, x, lmbda, alpha, optimizer)
    if lmbda is None:
        refuse("scipy.stats.boxcox has a derivative where lmbda is given")
    return given(exact, special.boxcox(np.asarray(x), lmbda))


def yeojohnson(x: Any, lmbda: Any = None) -> Any:
    """`stats.yeojohnson`, with a given exponent."""
    exact = exactly(stats.yeojohnson, x, lmbda)
    if lmbda is None:
        refuse("scipy.stats.yeojohnson has a derivative where lmbda is given")
    a = np.asarray(x) + 0.0
    above, below = special.boxcox1p(np.maximum(a, 0.0), lmbda), special.boxcox1p(np.maximum(-a, 0.0), 2.0 - lmbda)
    return given(exact, np.where(a >= 0.0, above, -below))


def boxcox_llf(
    lmb: Any, data: Any, *, axis: Any = 0, keepdims: Any = False, nan_policy: Any = "propagate"
) -> Any:
    """`stats.boxcox_llf`."""
    exact = exactly(stats.boxcox_llf, lmb, data, axis=axis, keepdims=keepdims, nan_policy=nan_policy)
    x = sample(data, nan_policy)
    spread = np.var(special.boxcox(x, lmb), axis=axis, keepdims=True)
    logs = np.sum(np.log(x), axis=axis, keepdims=True)
    return given(exact, (lmb - 1.0) * logs - 0.5 * count_of(x, spread) * np.log(spread))


for _python in (
    zscore, zmap, skew, kurtosis, moment, gmean, hmean, pmean, sem, variation, gstd, tmean, tvar, tstd, tsem, iqr,
    median_abs_deviation, trim_mean, entropy, circmean, circvar, circstd, boxcox, yeojohnson, boxcox_llf,
):  # fmt: skip
    stands_in(getattr(stats, _python.__name__), _python, "numeric")
constant(refuse_holes, count_of, within, is_text, is_inexact)
# what ranks alone decide
constant(
    stats.rankdata, stats.spearmanr, stats.kendalltau, stats.mannwhitneyu, stats.kruskal, stats.friedmanchisquare,
    stats.ks_2samp, stats.percentileofscore, stats.wilcoxon,
)  # fmt: skip
