"""Compiled pullbacks, differentials, Hessian products and matrices agree with the interpreted ones."""

import math

import numpy as np
import pytest

import pullback as pb

from .programs import BODY, Gain, drift
from .test_programs import numbers_of, same_structure

pytest.importorskip("numba")


def polar(r, angle, n):
    x = r
    for i in range(n):
        x = x * math.cos(angle) + r**2 * 0.1
    return x, (r * math.sin(angle), abs(x))


def field(a, k):
    b = a.copy()
    for i in range(1, len(a)):
        b[i] = b[i - 1] * a[i] + math.exp(k * a[i - 1])
    return b, np.sum(np.tanh(a * b))


def energy(x, y):
    total = 0.0
    for i in range(3):
        if x * y > i:
            total = total + math.sin(x) * y**3 / (1.0 + x * x)
        else:
            total = total + abs(x - y) * x**2.5
    return total


def rosenbrock(a):
    total = 0.0
    for i in range(len(a) - 1):
        total = total + 100.0 * (a[i + 1] - a[i] ** 2) ** 2 + (1.0 - a[i]) ** 2
    return total


A = np.array([0.3, 0.7, -0.4])


def agree(got, expected):
    assert same_structure(got, expected)
    np.testing.assert_allclose(numbers_of(got), numbers_of(expected), rtol=1e-9, atol=1e-12)


def test_pullback_and_differential():
    for f, args, g, t in (
        (polar, (1.3, 0.4, 3), (0.5, (2.0, -1.0)), (0.3, -0.8)),
        (field, (A, 0.5), (np.array([1.0, -2.0, 0.5]), 0.3), (np.array([0.1, 0.2, -0.3]), 2.0)),
    ):
        value, pull = pb.jit(pb.value_with_pullback(f))(*args)
        expected, reference = pb.value_with_pullback(f)(*args)
        agree(value, expected)
        agree(pull(g), reference(g))
        agree(pull(g), reference(g))
        along = numbers_of(pb.jit(pb.differential(f))(*args)(*t))  # <g, J t> is <J* g, t>
        assert np.dot(numbers_of(g), along) == pytest.approx(np.dot(numbers_of(pull(g)), numbers_of(t)), rel=1e-9)
    agree(pb.jit(pb.differential(polar))(1.3, 0.4, 3)(0.3, -0.8), pb.differential(polar)(1.3, 0.4, 3)(0.3, -0.8))


def test_a_result_that_is_an_object():
    args = (BODY, 0.05, Gain(1.2))
    value, pull = pb.jit(pb.value_with_pullback(drift))(*args)
    expected, reference = pb.value_with_pullback(drift)(*args)
    assert type(value) is type(expected) and value == expected
    g = pb.gradient(lambda b: b.mass * b.position[0] + b.velocity[1])(value)
    agree(pull(g), reference(g))


def test_hessian_products():
    agree(pb.jit(pb.hvp(energy))(1.2, 0.7, (0.3, -1.0)), pb.hvp(energy)(1.2, 0.7, (0.3, -1.0)))
    v = np.array([0.1, -0.2, 0.3])
    agree(pb.jit(pb.hvp(rosenbrock))(A, v), pb.hvp(rosenbrock)(A, v))


def test_matrices():
    agree(pb.jit(pb.jacobian(polar))(1.3, 0.4, 3), pb.jacobian(polar)(1.3, 0.4, 3))
    agree(pb.jit(pb.hessian(rosenbrock))(A), pb.hessian(rosenbrock)(A))
