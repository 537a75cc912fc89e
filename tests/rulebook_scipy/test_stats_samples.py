"""The statistics of samples in scipy.stats: SciPy's value in every bit, and its slopes in both modes."""

from __future__ import annotations

import numpy as np
import pytest

stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")

import pullback as pb  # noqa: E402

A = np.array([[0.7, 1.9], [2.3, 0.9], [1.4, 3.1]])
W = np.array([[1.0, 2.0], [0.3, 1.0], [1.0, 0.7]])
PROGRAMS = [
    lambda a: stats.zscore(a), lambda a: stats.zscore(a, axis=None, ddof=1), lambda a: stats.zmap(W, a, axis=1),
    lambda a: stats.skew(a), lambda a: stats.skew(a, axis=0, bias=False, keepdims=True),
    lambda a: stats.skew(a, axis=None), lambda a: stats.kurtosis(a, axis=None, bias=False),
    lambda a: stats.kurtosis(a, fisher=False, keepdims=True), lambda a: stats.moment(a, 3),
    lambda a: stats.moment(a, 2, axis=1, center=0.5), lambda a: stats.gmean(a, axis=1),
    lambda a: stats.gmean(W, axis=None, weights=a), lambda a: stats.hmean(a, axis=None, weights=W),
    lambda a: stats.hmean(a, keepdims=True), lambda a: stats.pmean(a, 2.5, weights=W), lambda a: stats.pmean(a, 0),
    lambda a: stats.sem(a), lambda a: stats.sem(a, axis=None, ddof=0), lambda a: stats.variation(a, axis=1, ddof=1),
    lambda a: stats.gstd(a), lambda a: stats.tmean(a, (0.5, 2.0)), lambda a: stats.tvar(a, (0.5, None), axis=1),
    lambda a: stats.tstd(a, keepdims=True), lambda a: stats.tsem(a, (None, 2.0), axis=None), lambda a: stats.iqr(a),
    lambda a: stats.iqr(a, axis=1, rng=(10, 80), scale="normal", keepdims=True),
    lambda a: stats.median_abs_deviation(a[:, 0], scale="normal"), lambda a: stats.trim_mean(a, 0.25, axis=None),
    lambda a: stats.entropy(a), lambda a: stats.entropy(a, W, base=2.0, axis=1),
    lambda a: stats.entropy(a, np.arange(1, 7).reshape(a.shape)),
    lambda a: stats.entropy(W, a, axis=None, keepdims=True), lambda a: stats.circmean(a, axis=0),
    lambda a: stats.circvar(a, high=4.0, axis=1), lambda a: stats.circvar(a), lambda a: stats.circstd(a),
    lambda a: stats.boxcox(a[0], 0.4),
    lambda a: stats.boxcox(W[:, 0], a[0, 0]), lambda a: stats.yeojohnson(a[0] - 1.0, a[1, 1]),
    lambda a: stats.boxcox_llf(a[0, 0], a[:, 1]),
    lambda a: stats.skew([a[0, 0], a[1, 1] ** 2, a[2, 1]]),
]  # fmt: skip

V = np.array([0.3, 1.6, 2.9, 0.1, 4.2])
DENSITY = stats.gaussian_kde(np.array([V, np.sin(V)]), weights=V)
OF_TWO = [
    lambda a: stats.pearsonr(a, V).statistic, lambda a: stats.pearsonr(V, a, alternative="less")[1],
    lambda a: stats.pearsonr(np.outer(a, a[:2]), np.outer(V, V[:2]), axis=None).statistic,
    lambda a: stats.linregress(V, a).slope, lambda a: sum(stats.linregress(a, V)),
    lambda a: sum(stats.linregress(a[:2], V[:2])), lambda a: sum(stats.ttest_1samp(a, a[0])),
    lambda a: stats.ttest_1samp(a, 0.5, alternative="greater").pvalue, lambda a: sum(stats.ttest_rel(V, a)),
    lambda a: sum(stats.ttest_ind(a, V[:3])), lambda a: stats.ttest_ind(V[1:], a, equal_var=False).statistic,
    lambda a: stats.wasserstein_distance(a, V), lambda a: stats.wasserstein_distance(V, a, V, np.sqrt(V)),
    lambda a: stats.energy_distance(a, V), lambda a: DENSITY(np.array([a[:2], a[2:4]])),
    lambda a: DENSITY.logpdf(a[:2]), lambda a: stats.gaussian_kde(V).pdf(a),
]  # fmt: skip


def check(f, a):
    """The value in every bit, and its slope along one direction: by differences, and in both modes."""
    plain = np.asarray(f(a))
    value, pull = pb.value_with_pullback(f)(a)
    again, push = pb.value_with_differential(f)(a)
    assert np.asarray(value).tobytes() == np.asarray(again).tobytes() == plain.tobytes()
    assert np.asarray(value).dtype == plain.dtype
    rng = np.random.default_rng(0)
    v, w = rng.uniform(-1.0, 1.0, np.shape(a)), rng.uniform(0.5, 1.5, plain.shape)

    def along(h):
        return np.sum(w * (np.asarray(f(a + h * v)) - np.asarray(f(a - h * v))))

    slope = (8.0 * along(1e-3) - along(2e-3)) / 12e-3
    np.testing.assert_allclose(np.sum(w * push(v)), slope, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(np.sum(pull(w if plain.shape else float(w)) * v), slope, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("k", range(len(PROGRAMS)))
def test_statistics(k):
    check(PROGRAMS[k], A)


@pytest.mark.parametrize("k", range(len(OF_TWO)))
def test_statistics_of_two_samples(k):
    check(OF_TWO[k], np.array([0.7, 2.1, 1.2, 3.4, 0.2]))


@pytest.mark.parametrize("mode", [lambda f: pb.gradient(f)(V), lambda f: pb.differential(f)(V)(V)])
@pytest.mark.parametrize(
    "f",
    [
        lambda a: stats.ttest_ind(a, V[1:], equal_var=False).pvalue,
        lambda a: stats.wasserstein_distance(V, V + 1.0, u_weights=a),
        lambda a: stats.gaussian_kde(a)(0.3)[0],
    ],
)
def test_what_is_not_known_is_refused(f, mode):
    with pytest.raises(pb.DifferentiabilityError):
        mode(f)


def test_single_precision_stays():
    a = A.astype(np.float32)
    assert pb.gradient(lambda a: stats.skew(a, axis=None))(a).dtype == np.float32
    assert pb.differential(lambda a: stats.sem(a))(a)(a).dtype == np.float32


def test_second_derivatives_of_statistics():
    a, v = A[:, 0], np.array([0.3, -1.0, 0.5])
    slopes = [pb.gradient(stats.skew)(a + s * v) for s in (1e-5, -1e-5)]
    found = pb.hvp(lambda a: stats.skew(a))(a, v)
    np.testing.assert_allclose(found, (slopes[0] - slopes[1]) / 2e-5, rtol=1e-6, atol=1e-7)


def test_what_leaves_out_nan_is_refused_where_there_is_one():
    with pytest.raises(pb.DifferentiabilityError, match="nan_policy"):
        pb.gradient(lambda a: stats.skew(a, nan_policy="omit"))(np.array([1.0, np.nan, 2.0, 4.0]))
    assert pb.gradient(lambda a: stats.sem(a, nan_policy="omit"))(A[:, 0]).shape == (3,)


def test_ranks_have_no_slope():
    assert np.array_equal(pb.gradient(lambda a: stats.rankdata(a) @ a)(A[:, 0]), stats.rankdata(A[:, 0]))


ROWS = np.array([[0.3, 0.7], [1.2, 2.0], [0.9, 1.4], [2.2, 0.1]])
TESTS = {
    "f_oneway": lambda x: sum(stats.f_oneway(x[:, 0], x[:, 1] * 2.0, x[1:, 0] ** 2)),
    "f_oneway, along rows": lambda x: np.sum(stats.f_oneway(x, x**2 + 1.0, axis=1)[0] ** 2),
    "chisquare": lambda x: sum(stats.chisquare(x[:, 0])) + np.sum(stats.chisquare(x, ddof=1, axis=None)[0]),
    "chisquare, expected": lambda x: sum(stats.chisquare(x[:, 0], x[::-1, 0] * 1.0)),
    "describe": lambda x: np.sum(stats.describe(x).variance * stats.describe(x).skewness + stats.describe(x).minmax[1]),
    "describe, all": lambda x: stats.describe(x, axis=None).mean * stats.describe(x, None, bias=False).kurtosis,
}


@pytest.mark.parametrize("program", TESTS.values(), ids=TESTS)
def test_tests_and_summaries(program):
    assert np.isclose(pb.value_with_gradient(program)(ROWS)[0], program(ROWS), rtol=1e-14, atol=0.0)
    pb.check_derivative(program, ROWS, order=2)
