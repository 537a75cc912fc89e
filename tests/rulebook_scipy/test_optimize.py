"""Roots, minima and fits through the engine."""

from __future__ import annotations

import numpy as np
import pytest

optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")

import pullback as pb  # noqa: E402
from pullback.errors import DifferentiabilityError  # noqa: E402


def check(f, *args):
    pb.check_derivative(f, *args, modes=("reverse",))


def near(f, *args, rtol=1e-5, step=1e-3):
    """The gradient against differences with steps that are large beside a search's own errors."""
    found = pb.gradient(f)(*args)
    found = found if isinstance(found, tuple) else (found,)
    for k, x in enumerate(args):
        if not isinstance(x, (float, np.ndarray)):
            continue
        flat = np.ravel(np.asarray(x, float))
        for j in range(flat.size):
            unit = np.reshape(np.eye(flat.size)[j] * step, np.shape(x))
            values = [f(*args[:k], x + m * unit, *args[k + 1 :]) for m in (1, -1, 2, -2)]
            slope = (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * step)
            assert np.isclose(np.ravel(found[k])[j], slope, rtol=rtol, atol=rtol), (k, j, found[k], slope)


def cubic(x, p, q):
    return x**3 + p * x - q


def test_bracketing_methods():
    for solve in (optimize.brentq, optimize.brenth, optimize.ridder, optimize.bisect, optimize.toms748):
        near(lambda p, q: solve(cubic, 0.0, 2.0, args=(p, q)), 1.5, 2.0, rtol=1e-7)
    check(lambda p, a: optimize.brentq(lambda x: np.exp(-p * x) - x, a, 2.0), 0.7, 0.0)
    check(lambda p: optimize.brentq(cubic, 0.0, 2.0, (p, 2.0), full_output=True)[0] ** 2, 1.5)


def test_newton_and_root_scalar():
    check(lambda p, x0: optimize.newton(cubic, x0, args=(p, 2.0)) ** 2, 1.5, 0.9)
    check(lambda p: optimize.newton(cubic, 0.9, lambda x, p, q: 3 * x * x + p, args=(p, 2.0)), 1.5)
    check(lambda p: np.sum(optimize.newton(lambda x: x**3 + p * x - 2.0, np.array([0.9, 1.0]))), np.array([1.5, 0.4]))
    check(lambda p: optimize.root_scalar(cubic, args=(p, 2.0), bracket=[0.0, 2.0]).root, 1.5)
    check(lambda p: optimize.root_scalar(cubic, args=(p, 2.0), x0=0.9, x1=1.0).root, 1.5)

    def both(x, p):
        return x**3 + p * x - 2.0, 3 * x * x + p

    check(lambda p: optimize.root_scalar(both, args=(p,), x0=0.9, fprime=True, method="newton").root, 1.5)


def system(x, p):
    return [x[0] + p * x[1] ** 2 - 2.0, np.exp(x[0]) * p - x[1]]


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_systems(method):
    check(lambda p: np.sum(optimize.root(system, [0.1, 1.0], args=(p,), method=method).x ** 2), 0.8)


def test_fsolve_and_captured_arrays():
    def f(a, b):
        def residual(x):
            return a @ x + 0.1 * x**3 - b

        return np.sum(optimize.fsolve(residual, np.ones(2)) ** 2)

    near(f, np.array([[2.0, 0.3], [0.1, 1.5]]), np.array([1.0, 2.0]))
    near(lambda p: optimize.fsolve(system, [0.1, 1.0], (p,), full_output=True)[0][1], 0.8)

    def with_jacobian(x, p):
        return np.array([x[0] * p - 1.0, x[1] - x[0]]), np.array([[p, 0.0], [-1.0, 1.0]])

    check(lambda p: np.sum(optimize.root(with_jacobian, [0.5, 0.5], args=(p,), jac=True).x), 0.8)


def test_fixed_points():
    near(lambda p: optimize.fixed_point(lambda x: np.cos(p * x), 0.7, xtol=1e-12), 0.8)


def test_the_keplers_equation_in_a_loop():
    def f(e):
        total = 0.0
        for m in (0.3, 0.9, 1.7):
            total = total + optimize.newton(lambda x: x - e * np.sin(x) - m, m) ** 2
        return total

    check(f, 0.4)


def bowl(x, p, q):
    return (x[0] - p) ** 2 * (1.0 + q * q) + (x[1] - p * q) ** 4 + (x[1] + x[0] * q) ** 2


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "Nelder-Mead", "CG"])
def test_minimize(method):
    tight = {"Nelder-Mead": {"xatol": 1e-9, "fatol": 1e-14}, "L-BFGS-B": {"ftol": 1e-16, "gtol": 1e-10}}
    options = tight.get(method, {"gtol": 1e-9})

    def f(p, q):
        r = optimize.minimize(bowl, [0.3, 0.1], args=(p, q), method=method, options=options)
        return r.x[0] * r.x[1] + r.fun

    near(f, 0.8, 0.6, rtol=1e-4, step=1e-2)


def test_minimize_with_captured_variables_and_gradients():
    a = np.array([[2.0, 0.3], [0.3, 1.0]])

    def f(b, a):
        r = optimize.minimize(lambda x: 0.5 * x @ a @ x - b @ x, np.zeros(2), tol=1e-10)
        return np.sum(r.x**2)

    b = np.array([1.0, 2.0])
    x = np.linalg.solve(a, b)
    found = pb.gradient(f)(b, a)
    assert np.allclose(found[0], 2 * np.linalg.solve(a, x), rtol=1e-6)

    def own_gradient(b):
        r = optimize.minimize(
            lambda x: 0.5 * x @ a @ x - b @ x, np.zeros(2), jac=lambda x: a @ x - b, method="BFGS", tol=1e-10
        )
        return np.sum(r.x**2) + r.fun

    assert np.allclose(pb.gradient(own_gradient)(b), 2 * np.linalg.solve(a, x) - x, rtol=1e-8)

    def value_and_gradient(x, b):
        return 0.5 * x @ a @ x - b @ x, a @ x - b

    def f2(b):
        return np.sum(optimize.minimize(value_and_gradient, np.zeros(2), args=(b,), jac=True, tol=1e-10).x ** 2)

    assert np.allclose(pb.gradient(f2)(b), 2 * np.linalg.solve(a, x), rtol=1e-8)


def test_bounds():
    def f(p):
        r = optimize.minimize(
            lambda x: np.sum((x - p) ** 2) + x[0] * x[1], np.array([0.2, 0.2]), bounds=[(0.0, 0.5), (None, None)]
        )
        return r.x[0] + 3.0 * r.x[1]

    p = np.array([2.0, 0.7])  # x[0] is held at its bound: x[1] = p[1] - 1/4
    assert np.allclose(pb.gradient(f)(p), [0.0, 3.0], atol=1e-6)


def test_minimize_scalar():
    near(lambda p: optimize.minimize_scalar(lambda x: (x - p) ** 4 + (x - 1.0) ** 2, tol=1e-12).x, 0.4)
    near(lambda p: optimize.minimize_scalar(lambda x, p: -x * np.exp(-p * x), args=(p,)).fun, 0.4)
    near(
        lambda p: (
            optimize.minimize_scalar(
                lambda x: np.cosh(x - p), bounds=(0.0, 2.0), method="bounded", options={"xatol": 1e-12}
            ).x
        ),
        0.4,
    )


T = np.linspace(0.0, 2.0, 9)
NOISY = 1.3 * np.exp(-0.8 * T) + 0.05 * np.sin(9 * T)


def test_least_squares():
    def f(y, scale):
        r = optimize.least_squares(
            lambda x: scale * (x[0] * np.exp(-x[1] * T) - y), [1.0, 1.0], ftol=1e-14, xtol=1e-14, gtol=1e-14
        )
        return r.x[0] * r.x[1] + r.cost + np.sum(r.fun**3)

    near(f, NOISY, 1.2)


def test_curve_fit():
    def model(t, a, k):
        return a * np.exp(-k * t)

    def f(t, y, sigma):
        popt, _ = optimize.curve_fit(model, t, y, [1.0, 1.0], sigma, ftol=1e-14, xtol=1e-14)
        return popt[0] * popt[1]

    near(f, T, NOISY, 0.5 + 0.1 * T, rtol=1e-4)

    def shifted(c):
        popt, _ = optimize.curve_fit(lambda t, a, k: a * np.exp(-k * t) + c, T, NOISY, [1, 1], ftol=1e-14, xtol=1e-14)
        return popt[1]

    near(shifted, 0.05)


def test_an_assignment_is_constant():
    def f(c):
        rows, columns = optimize.linear_sum_assignment(c)
        return np.sum(c[rows, columns])

    check(f, np.array([[4.0, 1.0], [2.0, 3.0]]))


@pytest.mark.parametrize(
    "f",
    [
        lambda p: optimize.brentq(lambda x: (x - p) ** 3, -1.0, 2.0, xtol=1e-14),
        lambda p: abs(optimize.newton(lambda x: x * x + p, 1.0 + 1.0j)),
        lambda p: optimize.newton(lambda x: x * x + p, 3.0, maxiter=3, full_output=True, disp=False)[0],
        lambda p: optimize.root_scalar(lambda x: x * x - p, bracket=(0.0, 5.0), maxiter=2).root,
        lambda p: optimize.root(lambda x: x * x - p, [5.0], options={"maxfev": 2}).x[0],
        lambda p: optimize.fsolve(lambda x: x * x - p, [5.0], maxfev=2, full_output=True)[0][0],
        lambda p: optimize.minimize(
            lambda x: np.sum((x - p) ** 2), np.ones(2), constraints={"type": "eq", "fun": sum}
        ).x[0],
        lambda p: optimize.minimize(lambda x: np.sum((x - p) ** 2), np.ones(2), options={"maxiter": 0}).x[0],
        lambda p: optimize.minimize(lambda x: np.sum((x - p) ** 2), np.ones(2)).jac[0],
        lambda p: optimize.minimize(lambda x: np.sum((x - 1.0) ** 2), np.ones(2), bounds=[(p, 2.0), (p, 2.0)]).x[0],
        lambda p: optimize.minimize(lambda x: (x[0] - p) ** 2 + 0.0 * x[1], np.ones(2)).x[0],
        lambda p: optimize.nnls(np.eye(2) * p, np.ones(2))[0][0],
        lambda p: optimize.linprog([p, 1.0], A_ub=[[-1.0, -1.0]], b_ub=[-1.0]).fun,
        lambda p: optimize.least_squares(lambda x: x - p, [1.0], loss="cauchy").x[0],
        lambda p: optimize.curve_fit(lambda t, a: a * p * t, T, NOISY, [1.0])[1][0, 0],
    ],
)
def test_refused(f):
    with pytest.raises(DifferentiabilityError):
        pb.gradient(f)(0.5)
