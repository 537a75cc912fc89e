"""scipy.special through the engine: inlined, at run time, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

special = pytest.importorskip("scipy.special", reason="SciPy is not installed")

import pullback as pb  # noqa: E402
from pullback.errors import DifferentiabilityError  # noqa: E402


def test_a_program():
    def f(x, w):
        return np.sum(special.expit(w * x) + special.xlogy(x, w)) + special.logsumexp(x)

    x, w = np.array([0.5, 1.5, -0.0]), np.array([1.0, 2.0, 3.0])
    pb.check_derivative(f, x, w, modes=("reverse", "forward"))


def test_scalars():
    def f(x):
        return special.gamma(x) * special.erf(x) + special.airy(x)[2]

    pb.check_derivative(f, 1.3, modes=("reverse", "forward"))
    assert isinstance(pb.gradient(f)(1.3), float)


def test_a_complex_result_of_a_real_argument_stays_in_its_space():
    def f(x):
        return abs(special.lambertw(x * x) + special.hankel1(1, x)) ** 2

    pb.check_derivative(f, 1.3, modes=("reverse", "forward"))


@pytest.mark.parametrize(
    ("f", "x", "name"),
    [
        (lambda x: special.gammainc(x, 1.0), 2.0, "`a`"),
        (lambda x: special.jv(x, 1.0), 2.0, "`v`"),
        (lambda x: special.betainc(x, 1.0, 0.5), 2.0, "`a`"),
        (lambda x: special.ellipkinc(0.5, x), 0.3, "`m`"),
        (lambda x: special.hyp2f1(x, 1.0, 2.0, 0.5), 0.3, "`a`"),
    ],
)
def test_arguments_without_a_derivative_are_named(f, x, name):
    with pytest.raises(DifferentiabilityError, match=name):
        pb.gradient(f)(x)


def test_where_a_derivative_is_not_known():
    with pytest.raises(DifferentiabilityError, match="x > 1"):
        pb.gradient(lambda x: special.zeta(x))(0.5)
    with pytest.raises(DifferentiabilityError, match="real"):
        pb.gradient(lambda x: abs(special.zeta(x)))(2.0 + 1.0j)
    for f in (special.jve, special.ive, special.yve):
        with pytest.raises(DifferentiabilityError, match="real"):
            pb.gradient(lambda z: f(1, z).real)(1.0 + 1.0j)
    with pytest.raises(DifferentiabilityError, match="real"):
        pb.gradient(lambda z: special.digamma(z).real)(1.0 + 1.0j)


def test_an_out_argument_is_right_or_refused():
    def f(x):
        out = np.zeros(2)
        special.erf(x, out)
        return np.sum(out * x)

    try:
        pb.check_derivative(f, np.array([0.3, 1.2]), modes=("reverse", "forward"))
    except DifferentiabilityError:
        pass


def test_infinite_sums():
    inf = np.inf
    assert np.array_equal(pb.gradient(lambda a: special.logsumexp(a))(np.array([inf, 1.0])), [1.0, 0.0])
    assert np.array_equal(pb.gradient(lambda a: special.logsumexp(a))(np.array([-inf, -inf])), [0.5, 0.5])


def test_mpmath_agrees_far_out():
    mpmath = pytest.importorskip("mpmath")
    for s, q in ((1.001, 1.0), (30.0, 0.02), (2.5, 1000.0)):
        expected = float(mpmath.diff(lambda t: mpmath.zeta(t, q), s))
        assert np.isclose(pb.gradient(lambda t: special.zeta(t, q))(s), expected, rtol=1e-9)
    for x in (-200.0, -30.0, 10.0):
        expected = float(mpmath.npdf(x) / mpmath.ncdf(x))
        assert np.isclose(pb.gradient(special.log_ndtr)(x), expected, rtol=1e-12)
    for x in (-700.0, 1e-12, 0.7, 300.0):
        expected = float(mpmath.diff(lambda t: mpmath.expm1(t) / t, x))
        assert np.isclose(pb.gradient(special.exprel)(x), expected, rtol=1e-9)


@pytest.mark.parametrize("arrays", [False, True])
def test_constants_by_which_no_derivative_is_known_in_a_list_that_changes(arrays):
    a, b = (np.array([1.5, 2.0]), np.array([0.7, 1.2])) if arrays else (1.5, 0.7)
    x, v = (np.array([0.3, 0.4]), np.array([1.0, -2.0])) if arrays else (0.3, 1.0)

    def f(x):
        operands = list((a, b, 0.0))
        operands[2] = x * x
        return np.sum(special.betainc(*operands))

    def named(x):
        operands = [a, b, 0.0]
        operands[2] = x * x
        return within(*operands)

    def within(a, b, x):
        return np.sum(special.betainc(a, b, x))

    for g in (f, named):
        pb.check_derivative(g, x)

        def first(x, g=g):
            return pb.differential(g)(x)(v)

        slope = (first(x + 1e-6 * v) - first(x - 1e-6 * v)) / 2e-6
        np.testing.assert_allclose(pb.differential(first)(x)(v), slope, rtol=1e-6)
        np.testing.assert_allclose(np.sum(pb.gradient(first)(x) * v), slope, rtol=1e-6)
        np.testing.assert_allclose(np.sum(pb.pullback(lambda x, g=g: pb.gradient(g)(x))(x)(v) * v), slope, rtol=1e-6)


def test_what_is_left_out_as_a_zero_is_refused_where_it_is_asked_for():
    a, x, zero, v = np.array([1.5, 2.0]), np.array([0.3, 0.4]), np.zeros(2), np.ones(2)

    def f(a, x):
        operands = [a, 2.0, x]
        operands[0] = a * 1.0
        return np.sum(special.betainc(*operands))

    def along(s, t):
        return pb.differential(called, wrt=(1, 2))(f, a, x)(s, t)

    def called(f, a, x):
        return f(a, x)

    np.testing.assert_allclose(along(zero, v), np.sum(pb.gradient(lambda x: f(a, x))(x)))
    for asked in (
        lambda: along(v, v),
        lambda: pb.gradient(lambda s: along(s, v))(zero),
        lambda: pb.differential(lambda s: along(s, v))(zero)(v),
        lambda: pb.differential(pb.gradient(called, wrt=(1, 2)), wrt=(1, 2))(f, a, x)(zero, v),
    ):
        with pytest.raises(pb.DifferentiabilityError, match="argument `a` is not known"):
            asked()


@pytest.mark.parametrize("x", [50.5, 80.0, 1000.0])
def test_the_slope_of_erfcx_far_out(x):
    """erfcx(x) is 2/√π times the integral of exp(-t² - 2 x t): the slope is -4/√π times that with the factor t."""
    u, weights = np.polynomial.laguerre.laggauss(24)
    expected = -4.0 / np.sqrt(np.pi) * np.sum(weights * u * np.exp(-((u / (2.0 * x)) ** 2))) / (2.0 * x) ** 2
    assert pb.gradient(special.erfcx)(x) == pytest.approx(expected, rel=1e-12, abs=0.0)


@pytest.mark.parametrize(("s", "expected"), [(2.0, -0.93754825431584375370), (3.0, -0.19812624288563685333)])
def test_known_slopes_of_zeta(s, expected):
    assert pb.gradient(lambda s: special.zeta(s))(s) == pytest.approx(expected, rel=2e-15, abs=0.0)
    assert pb.gradient(lambda s: special.zeta(s, 2.0))(s) == pytest.approx(expected, rel=2e-15, abs=0.0)
