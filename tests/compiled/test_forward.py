"""Compiled forward mode and Hessians: they agree with the interpreted ones, for functions of arrays too."""


import numpy as np
import pytest

import pullback as pb
from pullback import nn

pytest.importorskip("numba")
D = np.array([0.1, 0.7, 2.0])
M = np.array([[2.0, 0.3], [0.1, 1.5], [0.4, -0.6]])
S = np.array([[2.0, 0.3], [0.1, 1.5]])
A = np.array([0.5, 1.3])


def minus_a_number(s):
    return np.sum(np.exp(D - s[0]))


def plus_a_row(s):
    return np.sum((M + s) ** 2) + np.sum(M - s)


def plus_a_column(s):
    return np.sum(np.sin(M[:2] + s[:, None]))


def powers(s):
    z = (D - s[0]) / s[1]
    return np.sum(s**3) + np.sum(s**2.5) + np.sum(s**-1) + np.sum(s**1) + np.sum(s**0) + np.sum(z**2)


def absolutes(s):
    return np.sum(np.abs(s - 1.0) * s)


def choices(s):
    big = np.maximum(M, s) * np.minimum(s, 1.0)
    either = np.where(s > 1.0, s * s, s)
    return np.sum(np.where(M > 0.5, s[0], big) ** 2) + np.sum(np.clip(s, 0.0, 1.0) * s) + np.sum(either)


def extremes(s):
    along = np.sum(np.max(M * s, axis=0) ** 2) + np.min(M * s, axis=1) @ M[:, 0]
    return np.max(s * s) * np.min(s) + np.prod(s * s) + along


def linear_algebra(s):
    m = S * s
    y = np.linalg.solve(m, s)
    whole = y @ s + np.linalg.det(m) + np.sum(np.linalg.inv(m) ** 2)
    return whole + np.linalg.norm(s * s) + np.sum(np.linalg.solve(m, m * s))


def statistics(s):
    z = M * s
    return np.sum(z.var(axis=0)) + np.sum(z.mean(axis=1) ** 2) + np.std(z)


def in_place(s):
    row = s * 2.0
    row[0] = row[1] * s[0]
    row[1:] += s[0]
    return np.sum(row**2)


def floored(s):
    return np.sum((s // 1.0 + s) ** 2)


def shared_constant(s):
    h = M
    for k in range(2):
        h = h * s[k] + s
    return np.sum(h)


FUNCTIONS = [
    minus_a_number, plus_a_row, plus_a_column, powers, absolutes, choices, extremes, linear_algebra, statistics,
    in_place, floored, shared_constant,
]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_forward_mode_agrees(f):
    v = np.array([0.3, -0.2])
    wanted = pb.gradient(f)(A.copy()) @ v
    assert pb.jit(pb.differential(f))(A.copy())(v) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_hessians_agree(f):
    v = np.array([0.3, -0.2])
    got = pb.jit(pb.hvp(f))(A.copy(), v)
    np.testing.assert_allclose(got, pb.hvp(f)(A.copy(), v.copy()), rtol=1e-8, atol=1e-12)


def changed(a):
    a[0] = a[1] * a[1]
    a *= a
    return np.sum(a * a)


def test_a_tangent_that_is_given_stays_as_it_is():
    v = np.array([0.3, -0.2])
    jitted = pb.jit(pb.hvp(changed))(A.copy(), v)
    np.testing.assert_allclose(jitted, pb.hvp(changed)(A.copy(), v.copy()), rtol=1e-9)
    pb.jit(pb.differential(changed))(A.copy())(v)
    np.testing.assert_array_equal(v, [0.3, -0.2])


@pytest.mark.parametrize("f", [lambda a: np.sum(a**a[0]), lambda a: np.sum(nn.softmax(a) * a)])
def test_no_forward_mode(f):
    with pytest.raises(pb.DifferentiabilityError, match="no compiled forward mode|not compiled"):
        pb.jit(pb.differential(f))(A)(A)


