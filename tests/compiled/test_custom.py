"""Registered derivatives in compiled code, in scopes and at once; C functions through ctypes."""

import ctypes
import ctypes.util
import math

import numpy as np
import pytest

import pullback as pb

pytest.importorskip("numba")

libm = ctypes.CDLL(ctypes.util.find_library("m"))
libm.exp.argtypes, libm.exp.restype = [ctypes.c_double], ctypes.c_double


def cube(x, w):
    return x * x * x * w


def uses(x, w):
    total = 0.0
    for i in range(3):
        total += cube(x + i, w) * w
    return total


def cube_vjp(x, w):
    y = cube(x, w)
    slope = 3.0 * x * x * w
    return y, lambda g: (g * slope if g > -1e30 else 0.0, g * x**3)


def through_c(x):
    return libm.exp(x) * math.sin(x)


@pb.derivative(of=libm.exp)
def exp_vjp(x):
    y = libm.exp(x)
    return y, lambda g: g * y


def test_a_scope_changes_what_is_compiled():
    slope = pb.jit(pb.gradient(uses))
    plain = slope(0.5, 2.0)
    assert plain == pytest.approx(pb.gradient(uses)(0.5, 2.0))
    with pb.derivatives({cube: cube_vjp}):
        assert slope(0.5, 2.0) == pytest.approx(pb.gradient(uses)(0.5, 2.0))
        assert slope(0.5, 2.0) == pytest.approx(plain)
    with pb.derivatives({cube: lambda x, w: (cube(x, w), lambda g: (100.0 * g, 0.0))}):
        assert slope(0.5, 2.0) == pytest.approx(pb.gradient(uses)(0.5, 2.0))
        assert slope(0.5, 2.0)[0] == pytest.approx(600.0)
    assert slope(0.5, 2.0) == plain


def test_a_c_function():
    assert pb.jit(pb.gradient(through_c))(0.7) == pytest.approx(pb.gradient(through_c)(0.7), rel=1e-14)


def test_a_rule_registered_later():
    def inner(x):
        return x * x

    def outer(x):
        return inner(x) + 1.0

    slope = pb.jit(pb.gradient(outer))
    assert slope(3.0) == 6.0
    pb.derivative(of=inner)(lambda x: (inner(x), lambda g: 50.0 * g))
    assert slope(3.0) == pb.gradient(outer)(3.0) == 50.0


def mismatch_of_arrays(scores, target):
    return np.log(np.sum(np.exp(scores))) - scores @ target


@pb.derivative(of=mismatch_of_arrays, wrt=("scores",))
def mismatch_vjp(scores, target):
    e = np.exp(scores)
    total = np.sum(e)
    return np.log(total) - scores @ target, lambda g: g * (e / total - target)


def fitted(x, target):
    return mismatch_of_arrays(x * x, target) * 2.0


def doubly(x):
    return mismatch_of_arrays(x, x)


def scaled(x, w):
    return x * w


def uses_scaled(x, w):
    return scaled(w, x) * x + scaled(x, w)


def test_a_rule_for_some_arguments():
    x, target = np.array([0.5, 1.5, -0.3]), np.array([0.2, 0.3, 0.5])
    got = pb.jit(pb.gradient(fitted, wrt="x"))(x, target)
    np.testing.assert_allclose(got, pb.gradient(fitted, wrt="x")(x, target), rtol=1e-12)
    for f, args in ((fitted, (x, target)), (doubly, (x,))):
        with pytest.raises(pb.DifferentiabilityError, match="with respect to this argument"):
            pb.jit(pb.gradient(f))(*args)


def test_of_several_rules_that_for_most_arguments_is_taken():
    def by_second(x, w):
        return x * w, lambda g: g * x

    def by_both(x, w):
        return x * w, lambda g: (g * x, g * w)

    pb.derivative(of=scaled, wrt=("w",))(by_second)
    pb.derivative(of=scaled, wrt=("w", "x"))(by_both)
    assert pb.jit(pb.gradient(uses_scaled))(0.5, 2.0) == pytest.approx(pb.gradient(uses_scaled)(0.5, 2.0), rel=1e-14)
