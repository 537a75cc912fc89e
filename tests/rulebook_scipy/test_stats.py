"""scipy.stats through the engine: shared methods, frozen distributions, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")

import pullback as pb  # noqa: E402
from pullback.errors import DifferentiabilityError  # noqa: E402

X = np.array([0.3, 1.1, 2.5])
COV = np.array([[1.5, 0.4], [0.4, 0.8]])


def check(f, *args):
    pb.check_derivative(f, *args)


def test_a_likelihood():
    def f(mu, sigma, x):
        return np.sum(stats.norm.logpdf(x, mu, sigma)) + np.sum(stats.gamma.logpdf(x, a=sigma, scale=mu))

    check(f, 0.7, 1.3, X)
    assert isinstance(pb.gradient(f)(0.7, 1.3, X)[0], float)


def test_loc_and_scale_by_name():
    check(lambda m, s: np.sum(stats.t.logpdf(X, 3.0, loc=m, scale=s) + stats.cauchy.pdf(X, m, s)), 0.7, 1.3)


def test_frozen_distributions():
    check(lambda m, s, x: np.sum(stats.norm(m, scale=s).logpdf(x) + stats.norm(loc=m).cdf(x)), 0.7, 1.3, X)
    check(lambda a, x: np.sum(stats.gamma(a, loc=-0.1).pdf(x)), 1.7, X)
    check(lambda mu: np.sum(stats.poisson(mu).logpmf(np.arange(4))), 1.7)
    frozen = stats.lognorm(0.8, scale=2.0)
    check(lambda x: np.sum(frozen.logsf(x)), X)

    def used_twice(m):
        d = stats.norm(m, 2.0)
        return d.logpdf(0.3) * d.cdf(0.5)

    check(used_twice, 0.7)


def test_parameters_of_a_frozen_distribution():
    def by_name(k):
        d = stats.norm(loc=k)
        return d.kwds["loc"] * d.logpdf(0.2)

    def by_place(k):
        d = stats.norm(k, 1.0)
        return d.args[0] * d.logpdf(0.2)

    def alone(k):
        return stats.norm(loc=k).kwds["loc"] ** 2

    for f in (by_name, by_place, alone):
        check(f, 0.7)


def test_discrete_distributions():
    check(lambda mu: np.sum(stats.poisson.logpmf(np.arange(5), mu)), 1.7)
    check(lambda p: np.sum(stats.binom.logpmf(np.arange(5), 7, p) + stats.bernoulli.pmf(1, p)), 0.4)


def test_the_multivariate_normal():
    mean, x = np.array([0.1, 0.2]), np.array([[0.3, -0.2], [1.0, 0.5]])
    check(lambda x, m, c: np.sum(stats.multivariate_normal.logpdf(x, m, c)), x, mean, COV)
    check(lambda x, m, c: np.sum(stats.multivariate_normal(m, cov=c).logpdf(x)), x, mean, COV)
    check(lambda c: np.sum(stats.multivariate_normal(mean, c).pdf(x)), 1.5)
    check(lambda x: stats.multivariate_normal.logpdf(x, mean, COV), 0.5)
    diagonal = stats.Covariance.from_diagonal([1.0, 2.0])
    check(lambda x: np.sum(stats.multivariate_normal.logpdf(x, mean, diagonal)), x)
    whole = 0.5 * (COV + COV.T)
    twice(lambda x, m, c: np.sum(stats.multivariate_normal.logpdf(x, m, c + c.T)), x, mean, whole)
    twice(lambda x, m, v: np.sum(stats.multivariate_normal(m, v).pdf(x)), x, mean, np.array([1.0, 2.0]))
    twice(lambda x, m, v: stats.multivariate_normal(m, v).logpdf(x), x[0], mean, 1.5)


def test_the_entropy_of_a_multivariate_normal():
    mean = np.array([0.1, 0.2])
    assert pb.gradient(lambda c: stats.multivariate_normal.entropy(mean, c))(2.0) == pytest.approx(0.5)
    for f in (
        lambda m, c: stats.multivariate_normal.entropy(m, c + c.T) * m[0],
        lambda m, c: stats.multivariate_normal(m, c + c.T).entropy() * m[0],
        lambda m, c: stats.multivariate_normal(m, c[0]).entropy() ** 2,
    ):
        twice(f, mean, COV)
    with pytest.raises(DifferentiabilityError, match="singular"):
        pb.gradient(lambda c: stats.multivariate_normal.entropy(mean, c * np.ones((2, 2))))(0.5)


def test_the_dirichlet_distribution():
    alpha, x = np.array([1.5, 2.5, 0.8]), np.array([0.2, 0.3, 0.5])
    columns = np.array([[0.2, 0.5], [0.3, 0.1], [0.5, 0.4]])
    for method in (stats.dirichlet.logpdf, stats.dirichlet.pdf):
        twice(lambda x, a, f=method: f(x / np.sum(x), a), x, alpha)
        twice(lambda x, a, f=method: f(x[:2], a), x, alpha)
        twice(lambda x, a, f=method: np.sum(f(x / np.sum(x, axis=0), a)), columns, alpha)
        twice(lambda x, a, f=method: f([x[0], x[1]], [a[0], 2.0, a[1]]), x, alpha)
        value, _ = pb.value_with_gradient(lambda a, f=method: f(x, a))(alpha)
        assert value == pytest.approx(method(x, alpha))
        assert pb.pullback(lambda x, f=method: f(x, alpha))(columns)(np.ones(2)).shape == (3, 2)
    twice(stats.dirichlet.entropy, alpha)
    with pytest.raises(ValueError, match="simplex"):
        pb.gradient(lambda a: stats.dirichlet.logpdf(x + 0.1, a))(alpha)


def test_a_distribution_of_ones_own_is_refused():
    class Ramp(stats.rv_continuous):
        def _pdf(self, x):
            return 2.0 * x

    ramp = Ramp(a=0.0, b=1.0, name="ramp")
    with pytest.raises(DifferentiabilityError, match="ramp.pdf"):
        pb.gradient(lambda x: ramp.pdf(x))(0.5)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda a: stats.gamma.cdf(0.5, a), 1.5),
        (lambda a: stats.beta.ppf(0.5, a, 2.0), 1.5),
        (lambda df: stats.t.cdf(0.5, df), 1.5),
        (lambda n: stats.binom.logpmf(2, n, 0.5), 7.0),
        (lambda k: stats.poisson.logpmf(k, 0.5), 7.0),
        (lambda x: stats.rice.logpdf(x, 2.0), 0.5),
        (lambda m: stats.norm(m, 1.0).mean(), 0.5),
        (lambda c: stats.multivariate_normal.logpdf(X[:2], X[:2], c * np.ones((2, 2)), allow_singular=True), 0.5),
    ],
)
def test_refused(f, x):
    with pytest.raises(DifferentiabilityError):
        pb.gradient(f)(x)


def twice(f, *args):
    pb.check_derivative(f, *args, order=2)


def test_second_derivatives():
    twice(lambda x, m, s: np.sum(stats.norm.logpdf(x, m, s) * stats.norm.cdf(x, loc=m)), X, 0.2, 1.3)
    twice(lambda m, s: np.sum(stats.norm(m, scale=s).logsf(X)), 0.2, 1.3)
    twice(lambda x, a: np.sum(stats.gamma.pdf(x, a, scale=0.8)), X, 2.2)
    twice(lambda x: stats.norm(0.3).ppf(x) * stats.norm.isf(x, 0.1), 0.4)
    twice(lambda mu: np.sum(stats.poisson.logpmf(np.arange(3), mu) + stats.poisson(mu).pmf(2)), 1.7)


def test_second_derivatives_where_one_parameter_has_none():
    # its cotangent is asked for with those of the other operands, and then dropped
    shapes = [np.array([1.5, 2.0, 2.5]), np.array([1.7, 2.0, 1.2])]
    cdf = stats.beta.cdf
    for f in (
        lambda x: np.sum(stats.t.cdf(x, 3.0)),
        lambda x: np.sum(stats.gamma(2.5).cdf(x)),
        lambda x: np.sum(cdf(0.3 * x, *shapes)),
        lambda x: np.sum(cdf(0.3 * x, shapes[0], b=shapes[1])),
    ):
        twice(f, X)


def test_what_is_not_known_is_refused_in_second_derivatives():
    def slope(x, a):
        return pb.gradient(stats.gamma.cdf, wrt=0)(x, a)

    h = 1e-5
    expected = (stats.gamma.pdf(1.5, 2.0 + h) - stats.gamma.pdf(1.5, 2.0 - h)) / (2 * h)
    assert abs(pb.gradient(slope)(1.5, 2.0)[1] - expected) < 1e-8  # of the density: that is known
    for f in (
        lambda x, a: stats.gamma.cdf(x, a),
        lambda x, a: stats.gamma.cdf(x, a * x),
        lambda x, a: np.sum(stats.gamma.cdf(x, np.array([a, 1.0]))),
        lambda x, a: stats.gamma(a).cdf(x),
    ):
        with pytest.raises(DifferentiabilityError, match="argument `a` is not known"):
            pb.hessian(f)(1.5, 2.0)
    with pytest.raises(DifferentiabilityError, match="argument `a` is not known"):
        pb.gradient(lambda a: pb.gradient(lambda x: stats.gamma.cdf(x, a * x))(1.5))(2.0)


def cdf_of_changed_operands(x, df):
    operands = [np.zeros(3), df, np.zeros(3)]
    for i, v in zip((0, 2), (x, x[::-1]), strict=True):
        operands[i] = v
    return stats.t.cdf(*operands)


def test_an_array_whose_derivative_is_not_known_in_a_list_that_changes():
    df = np.array([2.5, 3.0, 4.5])
    pb.check_derivative(lambda x: cdf_of_changed_operands(x, df), X, modes=("reverse", "forward"))
    for f in (cdf_of_changed_operands, lambda x, df: cdf_of_changed_operands(x, 2.0 * df)):
        with pytest.raises(DifferentiabilityError, match="argument `df` is not known") as refused:
            pb.pullback(f)(X, df)(X)
        assert "cdf(*operands)" in str(refused.value)


def test_counts_and_points_in_lists() -> None:
    x = np.array([0.7, 1.3, -0.4])
    pb.check_derivative(lambda x: np.sum(stats.poisson.logpmf([1, 2, 0], np.exp(x))), x)
    pb.check_derivative(lambda x: np.sum(stats.norm.logpdf([1.0, x[0], 0], x, [2.0, x[1], 1.0])), x, order=2)
