"""Random numbers along their draw, and complex functions of Python's own."""

from __future__ import annotations

import cmath
import random

import numpy as np
import pytest

import pullback as pb
from pullback.testing import check_derivative


def of_a_generator(x, y):
    g = np.random.default_rng(1)
    located = g.normal(x, y) + g.laplace(x, y) + g.logistic(x, y) + g.gumbel(x, y) + g.normal(loc=x)
    scaled = g.exponential(y) + g.gamma(2.0, y) + g.rayleigh(y) + g.normal(scale=y, size=(2, 2)).sum()
    shaped = g.weibull(y + 1) + g.power(y + 1) + g.pareto(y + 2) + g.lognormal(x, y)
    return located + scaled + shaped + g.uniform(x, y + 1) + g.normal(x, y, size=3) @ np.arange(3.0)


def of_a_generator_by_arrays(a, s):
    g = np.random.default_rng(1)
    draws = g.normal(a, s), g.normal(a, s, size=(4, 2)), g.uniform(a, 2.0) * g.exponential(a)
    return sum((d**2).sum() for d in draws)


def of_a_random_state(x, y):
    g = np.random.RandomState(1)
    return g.normal(x, y) + g.uniform(x, 1.0) * g.exponential(y)


def of_the_modules(x, y):
    np.random.seed(3)
    random.seed(4)
    numpys = np.random.normal(x, y) + np.random.uniform(x, y + 1) + np.random.exponential(x)
    return numpys + random.gauss(x, y) + random.uniform(x, y) * random.expovariate(y)


def of_python(x, y):
    r = random.Random(5)
    located = r.gauss(x, y) + r.uniform(x, y) + r.normalvariate(x, y) + r.lognormvariate(x, y) + r.gauss(x, y)
    return located + r.expovariate(y) + r.weibullvariate(x, y + 1) + r.paretovariate(y + 1) + r.random() * x


@pytest.mark.parametrize("f", [of_a_generator, of_a_random_state, of_the_modules, of_python])
def test_draws_follow_their_parameters(f):
    check_derivative(f, 0.3, 0.4, modes=("reverse",))


def test_draws_follow_arrays_of_parameters():
    check_derivative(of_a_generator_by_arrays, np.array([0.3, 0.4]), 0.5, modes=("reverse",))


DRAWS = [
    lambda g, a: g.permutation(a), lambda g, a: g.permutation(np.outer(a, a))[0], lambda g, a: g.choice(a, 3),
    lambda g, a: g.choice(a), lambda g, a: g.choice(a, (2, 2), p=np.arange(5.0) / 10.0),
]  # fmt: skip
NEW_DRAWS = [
    *DRAWS, lambda g, a: g.permutation(np.outer(a, a), axis=1)[0], lambda g, a: g.permuted(np.outer(a, a), axis=0),
    lambda g, a: g.permuted(a), lambda g, a: g.choice(np.outer(a, a), 2, axis=1, replace=False, shuffle=False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "draw"),
    [*((np.random.default_rng, d) for d in NEW_DRAWS), *((np.random.RandomState, d) for d in DRAWS)],
)
def test_draws_from_differentiated_values(made, draw):
    a = np.array([0.3, -1.2, 2.0, 0.7, 1.1])
    check_derivative(lambda a: draw(made(3), a) ** 2, a)
    plain, followed = made(3), made(3)
    expected, value = draw(plain, a), pb.value_with_pullback(lambda a: draw(followed, a))(a)[0]
    assert type(value) is type(expected) and np.array_equal(value, expected)
    assert plain.uniform() == followed.uniform()  # as many random numbers were taken


@pytest.mark.parametrize("draw", [lambda g, x: g.poisson(x), lambda g, x: g.gamma(x), lambda g, x: g.binomial(3, x)])
def test_draws_that_are_no_smooth_function_of_a_parameter_are_refused(draw):
    with pytest.raises(pb.DifferentiabilityError):
        pb.gradient(lambda x: draw(np.random.default_rng(1), x) * 1.0)(0.5)


FUNCTIONS = "exp log log10 sqrt acos asin atan cos sin tan acosh asinh atanh cosh sinh tanh"


@pytest.mark.parametrize("point", [(0.3, 0.4), (1.7, -0.6), (-0.5, 0.8), (-1.4, -0.3)])
@pytest.mark.parametrize("name", FUNCTIONS.split())
def test_complex_functions(name, point):
    function = getattr(cmath, name)

    def f(x, y):
        z = function(complex(x, y))
        return z.real * 2 + z.imag * 3 + (function(complex(x * 1.1, y * 0.9)) * (1 + 2j)).imag

    check_derivative(f, *point, modes=("reverse",))
    check_derivative(function, complex(*point), modes=("reverse",))


def polar_forms(x, y):
    r, p = cmath.polar(complex(x, y))
    z = cmath.rect(x, y)
    turned = abs(cmath.rect(x, 2.0)) + cmath.rect(2.0, y).real
    return r * p + cmath.phase(complex(y, -x)) + cmath.polar(complex(x, y))[1] + z.real + 3 * z.imag + turned


def of_real_numbers(x, y):
    return cmath.exp(x).real + cmath.sqrt(-x).imag + cmath.log(x + 1j * y, 2).real + cmath.exp(1j * x).imag


@pytest.mark.parametrize("f", [polar_forms, of_real_numbers])
def test_polar_forms_and_real_arguments(f):
    check_derivative(f, 0.3, 0.4, modes=("reverse",))
