"""Quadrature and differential equations through the engine."""

from __future__ import annotations

import numpy as np
import pytest

integrate = pytest.importorskip("scipy.integrate", reason="SciPy is not installed")

import pullback as pb  # noqa: E402
from pullback.errors import DifferentiabilityError  # noqa: E402


def check(f, *args):
    pb.check_derivative(f, *args, modes=("reverse",))


def bell(t, k, m):
    return np.exp(-k * (t - m) ** 2)


class Decay:
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, t):
        return np.exp(-self.rate * t)


def test_quad_limits_and_arguments():
    check(lambda a, b: integrate.quad(bell, a, b, args=(0.7, 0.2))[0], 0.3, 1.9)
    check(lambda k, m: integrate.quad(bell, 0.0, 1.0, args=(k, m))[0], 0.7, 0.2)
    check(lambda k, b: integrate.quad(bell, 2.0, b, (k, 0.3))[0] ** 2, 0.7, 0.2)
    check(lambda k: integrate.quad(lambda t, k: np.cos(k * t), 0, 1, args=k)[0], 0.7)


def test_quad_captured_variables():
    def f(k, w):
        total, _ = integrate.quad(lambda t: np.exp(-k * t) * np.sum(w * t), 0.0, 2.0)
        return total

    check(f, 0.7, np.array([1.0, -0.5]))
    value, gradient = pb.value_with_gradient(f)(0.7, np.array([1.0, -0.5]))
    assert value == f(0.7, np.array([1.0, -0.5])) and gradient[1].shape == (2,)


def test_quad_nested_functions_and_objects():
    def f(k):
        def inner(t):
            return k * t

        def outer(t):
            return np.sin(inner(t)) * k

        return integrate.quad(outer, 0.0, 1.0)[0]

    check(f, 0.7)

    def with_default(k):
        return integrate.quad(lambda t, rate=k: np.exp(-rate * t), 0.0, 1.0)[0]

    check(with_default, 0.7)


def test_quad_infinite_limits_and_break_points():
    check(lambda k: integrate.quad(lambda t: np.exp(-k * t * t), -np.inf, np.inf)[0], 0.7)
    check(lambda k, a: integrate.quad(lambda t: np.exp(-k * t), a, np.inf)[0], 0.7, 0.3)
    check(lambda k: integrate.quad(lambda t: abs(t - 0.3) * k * k, 0.0, 1.0, points=[0.3])[0], 0.7)


def test_quad_of_a_branching_integrand():
    def f(k):
        def g(t):
            if t < 0.5:
                return k * t
            return k * k

        return integrate.quad(g, 0.0, 1.0, points=[0.5])[0]

    check(f, 0.7)


def test_a_double_integral():
    def f(k):
        return integrate.quad(lambda s: integrate.quad(lambda t: np.exp(-k * s * t), 0.0, s)[0], 0.0, 1.0)[0]

    check(f, 0.7)


@pytest.mark.filterwarnings("ignore")
def test_quad_refusals():
    with pytest.raises(DifferentiabilityError, match="converge"):  # its derivative oscillates like cos(1/t³)/t
        pb.gradient(lambda k: integrate.quad(lambda t: t * t * np.sin(k / t**3), 0.0, 1.0, limit=500)[0])(0.5)
    with pytest.raises(DifferentiabilityError, match="weight"):
        pb.gradient(lambda k: integrate.quad(lambda t: k * t, 0.0, 1.0, weight="cos", wvar=2.0)[0])(0.5)
    with pytest.raises(DifferentiabilityError, match="error estimate"):
        pb.gradient(lambda k: integrate.quad(lambda t: np.exp(k * t), 0.0, 1.0)[1])(0.5)
    with pytest.raises(DifferentiabilityError, match="epsabs"):
        pb.gradient(lambda k: integrate.quad(lambda t: t, 0.0, 1.0, epsabs=k)[0])(0.5)


def test_fixed_quad():
    check(lambda k, a, b: integrate.fixed_quad(lambda t: np.exp(-k * t), a, b, n=4)[0], 0.7, 0.1, 1.2)
    check(lambda k: integrate.fixed_quad(bell, 0.0, 1.0, (k, 0.2))[0], 0.7)
    assert (
        integrate.fixed_quad(bell, 0.1, 1.0, (0.7, 0.2), 6)
        == pb.value_with_pullback(lambda k: integrate.fixed_quad(bell, 0.1, 1.0, (k, 0.2), 6))(0.7)[0]
    )


# Differential equations

FINE = {"rtol": 1e-10, "atol": 1e-12}


def oscillator(t, y, k, c):
    return [y[1], -k * y[0] - c * y[1] + np.sin(t)]


def test_solve_ivp_final_state():
    def f(y0, k, c):
        sol = integrate.solve_ivp(oscillator, (0.0, 2.0), y0, args=(k, c), **FINE)
        return sol.y[0, -1] + 0.5 * sol.y[1, -1] ** 2

    check(f, np.array([1.0, 0.3]), 1.7, 0.2)


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"])
def test_every_method(method):
    def f(k):
        sol = integrate.solve_ivp(oscillator, (0.0, 1.0), [1.0, 0.3], method, args=(k, 0.2), rtol=1e-9, atol=1e-10)
        return sol.y[0, -1]

    step = 1e-3
    slope = (f(1.7 + step) - f(1.7 - step)) / (2 * step)
    assert np.isclose(pb.gradient(f)(1.7), slope, rtol=2e-5)


def test_solve_ivp_captured_and_sampled():
    times = np.linspace(0.0, 2.0, 7)

    def f(y0, k):
        def rhs(t, y):
            return -k * y + np.cos(t)

        sol = integrate.solve_ivp(rhs, [0.0, 2.0], y0, t_eval=times, **FINE)
        return np.sum(sol.y * times) + np.sum(sol.t * sol["y"][0])

    check(f, np.array([1.0, 0.3]), np.array([1.7, 0.4]))


def test_solve_ivp_backwards_in_time():
    def f(y0, k):
        return integrate.solve_ivp(oscillator, (2.0, 0.5), y0, args=(k, 0.1), **FINE).y[0, -1]

    check(f, np.array([1.0, 0.3]), 1.7)


def test_the_times_of_solve_ivp():
    def ends(a, b):
        sol = integrate.solve_ivp(oscillator, (a, b), [1.0, 0.3], args=(1.7, 0.2), **FINE)
        return sol.y[0, -1] * sol.t[-1] + sol.y[1, 0] + sol.t[0]

    check(ends, 0.1, 2.0)

    def samples(times, a):
        sol = integrate.solve_ivp(oscillator, (a, 2.0), [1.0, 0.3], args=(1.7, 0.2), t_eval=times, **FINE)
        return np.sum(sol.y[0] * np.array([1.0, 2.0, 3.0])) + np.sum(sol.t**2)

    check(samples, np.array([0.3, 1.0, 1.9]), 0.1)


def test_solve_ivp_refusals():
    def rhs(t, y, k):
        return -k * y

    def interior(b):
        return np.sum(integrate.solve_ivp(rhs, (0.0, b), [1.0], args=(0.5,)).y)

    with pytest.raises(DifferentiabilityError, match="t_eval"):
        pb.gradient(interior)(2.0)
    with pytest.raises(DifferentiabilityError, match="events"):
        pb.gradient(
            lambda k: integrate.solve_ivp(rhs, (0.0, 1.0), [1.0], args=(k,), events=lambda t, y, k: y[0] - 0.5).y[0, -1]
        )(2.0)
    with pytest.raises(DifferentiabilityError, match="rtol"):
        pb.gradient(lambda r: integrate.solve_ivp(rhs, (0.0, 1.0), [1.0], args=(1.0,), rtol=r).y[0, -1])(1e-3)


def test_odeint():
    times = np.linspace(0.0, 2.0, 5)

    def rhs(y, t, k):
        return [y[1], -k * y[0] + np.sin(t)]

    def f(y0, k):
        return np.sum(integrate.odeint(rhs, y0, times, args=(k,), rtol=1e-11, atol=1e-12)[:, 0])

    y0, found = np.array([1.0, 0.3]), pb.gradient(f)(np.array([1.0, 0.3]), 1.7)
    step = 1e-3  # (the steps that it takes change with its operands: differences need large ones)
    for k, unit in enumerate(np.eye(2) * step):
        assert np.isclose(found[0][k], (f(y0 + unit, 1.7) - f(y0 - unit, 1.7)) / (2 * step), rtol=1e-6)
    assert np.isclose(found[1], (f(y0, 1.7 + step) - f(y0, 1.7 - step)) / (2 * step), rtol=1e-6)

    def by_time(times, y0):
        y = integrate.odeint(lambda t, y: -y + np.sin(t), y0, times, tfirst=True, rtol=1e-11, atol=1e-12)
        return np.sum(y[:, 0] ** 2)

    check(by_time, times + 0.1, 1.3)


def test_a_loop_of_solves_keeps_the_values():
    def f(k):
        y = np.array([1.0])
        for _ in range(3):
            y = integrate.solve_ivp(lambda t, y: -k * y, (0.0, 0.5), y, **FINE).y[:, -1]
        return y[0]

    check(f, 0.8)
    assert np.isclose(pb.gradient(f)(0.8), -1.5 * np.exp(-1.2), rtol=1e-8)


def test_captured_variables_that_are_assigned_again():
    def f(k):
        total = 0.0
        for n in (1, 2, 3):
            total = total + integrate.quad(lambda t: np.exp(-k * n * t), 0.0, 1.0)[0]
            sol = integrate.solve_ivp(lambda t, y: -k * n * y, (0.0, 0.5), [1.0], **FINE)
            total = total + sol.y[0, -1] * n
        return total

    check(f, 0.7)


def test_captured_arrays_that_are_changed():
    w = np.array([1.0, 2.0])
    pull = pb.pullback(lambda k: integrate.quad(lambda t: k * w[0] * t, 0.0, 1.0)[0])(2.0)
    w[0] = 5.0
    with pytest.raises(pb.ChangedValueError):
        pull(1.0)


def test_arguments_of_odeint_that_stand_in_a_list_which_changes():
    times = np.linspace(0.0, 0.5, 4)

    def slope(y, t, a):
        return -y * a + np.sin(t)

    def f(y0, a):
        operands = [slope, np.zeros(2), times, ()]
        operands[1] = y0
        operands[3] = (a,)
        return np.sum(integrate.odeint(*operands) ** 2)

    pb.check_derivative(f, np.array([0.5, -0.3]), 0.7, modes=("reverse",))


def of_captured(a):
    return integrate.quad(lambda t: np.exp(-t * a[0]) * a[1] ** 2, a[2], np.inf)[0]


def of_arguments(a):
    return integrate.quad(lambda t, k, n: t * k**n, 0.0, a[2], args=(a[0] * a[1], 2))[0]


def of_vectors(a):
    return np.sum(integrate.quad_vec(lambda t: np.sin(t * a), a[0], a[1])[0] ** 2)


def of_vectors_of_arguments(a):
    return integrate.quad_vec(lambda t, k: t * k, 0.0, 1.0, args=(a,))[0] @ a


@pytest.mark.parametrize("f", [of_captured, of_arguments, of_vectors, of_vectors_of_arguments])
def test_integrals_forward_and_twice(f):
    a, v = np.array([0.7, 1.4, 0.3]), np.array([0.5, -1.0, 0.8])
    g, h = pb.gradient(f), 1e-4
    slope, curve = (f(a + h * v) - f(a - h * v)) / (2 * h), (g(a + h * v) - g(a - h * v)) / (2 * h)
    assert np.allclose([g(a) @ v, pb.differential(f)(a)(v)], slope, rtol=1e-6)
    assert np.allclose(pb.hvp(f)(a, v), curve, rtol=1e-6)
    assert pb.value_with_gradient(f)(a)[0] == f(a)


def test_two_dimensions():
    def f(k):
        return integrate.dblquad(lambda y, x, c: c * x * y + k[1], 0.0, k[2], lambda x: x, 1.0, (k[0],), 1e-3, 1e-3)[0]

    k, v, h = np.array([0.7, 1.4, 0.6]), np.array([0.5, -1.0, 0.8]), 1e-4
    slope = (f(k + h * v) - f(k - h * v)) / (2 * h)
    assert np.allclose([pb.gradient(f)(k) @ v, pb.differential(f)(k)(v)], slope, rtol=1e-6)
    assert pb.value_with_gradient(f)(k)[0] == f(k)


def test_options_of_integrals_are_refused():
    for of in (integrate.quad, integrate.quad_vec):
        for mode in (pb.gradient, lambda f: lambda x: pb.differential(f)(x)(1.0)):
            with pytest.raises(DifferentiabilityError):
                mode(lambda k, of=of: of(lambda t: t * k, 0.0, 1.0, epsabs=k)[0])(1e-3)
            with pytest.raises(DifferentiabilityError):
                mode(lambda k, of=of: of(lambda t: t * k, 0.0, 1.0)[1])(1e-3)
            with pytest.raises(DifferentiabilityError):
                mode(lambda k: integrate.dblquad(lambda y, x: x * k, 0.0, 1.0, 0.0, 1.0)[1])(1e-3)


def test_integrals_over_several_variables():
    def of_functions(k, b):
        ranges = [lambda y: (0.0, y * b), (0.0, b)]
        return integrate.nquad(lambda x, y: k * x * y + np.sin(k * x), ranges)[0]

    def with_arguments(k, b):
        return integrate.nquad(lambda x, y, c: k * x * y * c, [(0.0, 1.0), (0.0, b)], args=(k * b,))[0]

    def of_one_variable(k, b):
        return integrate.nquad(lambda x: np.sin(k * x), [(0.0, b)])[0]

    for f in (of_functions, with_arguments, of_one_variable):
        pb.check_derivative(f, 1.3, 0.7)

    def with_its_error(k):
        return integrate.dblquad(lambda y, x: x * k * y, 0.0, 1.0, 0.0, 1.0)

    assert pb.value_with_pullback(with_its_error)(1.3)[0] == with_its_error(1.3)
