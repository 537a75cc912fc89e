"""Library calls that write their result into an array which they are given, however it is given."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb

A, B = np.array([1.0, 2.0]), np.array([3.0, 4.0])


def by_place(a, b):
    o = np.zeros(2)
    np.multiply(a, b, o)
    return np.sum(o * o)


def by_place_of_a_reduction(a, b):
    o = np.zeros(())
    np.sum(a * b, 0, None, o)
    return o * o


def by_place_of_a_method(a, b):
    o = np.zeros(())
    (a * b).sum(0, None, o)
    return o * o


def by_place_of_a_product(a, b):
    o = np.zeros(2)
    np.outer(a, b).dot(a, o)
    return np.sum(o * o)


def by_place_of_a_ufunc_method(a, b):
    o = np.zeros(2)
    np.add.reduce(np.outer(a, b), 0, None, o)
    return np.sum(o * o)


def starred(a, b):
    o = np.zeros(2)
    rest = (b, o)
    np.multiply(a, *rest)
    return np.sum(o * o)


def starred_method(a, b):
    o = np.zeros(())
    rest = (0, None, o)
    (a * b).sum(*rest)
    return o * o


def among_keywords(a, b):
    o = np.zeros(2)
    options = {"out": o}
    np.multiply(a, b, **options)
    return np.sum(o * o)


def among_keywords_of_a_method(a, b):
    o = np.zeros(())
    options = dict(out=o)
    (a * b).sum(**options)
    return o * o


def of_a_ufunc_that_is_given(a, b, f=np.multiply):
    o = np.zeros(2)
    f(a, b, o)
    return np.sum(o * o)


def of_a_callee(a, b):
    def into(x, o):
        t = x * 2.0
        np.multiply(t, t, o)

    o = np.zeros(2)
    into(a, o)
    return np.sum(o * b)


def of_the_users_own(a, b):
    def first_of(x, out):
        out[0] = x[0] * x[1]
        return 3.0 * x

    o = np.zeros(2)
    r = first_of(a, out=o)
    return np.sum(o * b) + np.sum(r)


def an_entry_named_out(a, b):
    o = a * b
    held = dict(out=o)
    o[0] = 1.0
    return np.sum(a * held["out"])


@pytest.mark.parametrize(
    "f",
    [
        by_place, by_place_of_a_reduction, by_place_of_a_method, by_place_of_a_product, by_place_of_a_ufunc_method,
        starred, starred_method, among_keywords, among_keywords_of_a_method, of_a_ufunc_that_is_given, of_a_callee,
        of_the_users_own, an_entry_named_out,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_written_into(f):
    pb.check_derivative(f, A, B)


def test_a_ufunc_with_starred_operands_changes_nothing_by_itself():
    operands = [2.0]

    def scaled(x):
        return np.multiply(x, *operands)

    g = pb.gradient(lambda x: pb.gradient(lambda y: np.sum(scaled(y) ** 3))(x)[0])(A)
    assert np.allclose(g, [48.0, 0.0])


def a_root(x, o):
    r = np.sqrt(x, out=o)
    r *= 2
    return np.sum(o * x)


def a_root_by_place(x, o):
    r = np.sqrt(x, o)
    r *= x
    return np.sum(o)


def where_it_is_large(x, o):
    r = np.sqrt(x, out=o, where=x > 1)
    r *= 2
    return np.sum(o * x)


def itself(x, o):
    y = x * x
    r = np.exp(y, out=y)
    r *= x
    return np.sum(y)


def a_part(x, o):
    v = o[:2]
    r = np.multiply(v, x[1:], out=v)
    r += 1
    return np.sum(o * x)


def a_product(x, o):
    r = np.dot(np.outer(x, x), x, out=o)
    r *= x
    return np.sum(o)


def chosen(x, o):
    r = np.take(x, [2, 1, 0], out=o)
    r *= x
    return np.sum(o)


def a_method(x, o):
    r = x.cumsum(out=o)
    r *= x
    return np.sum(o)


def in_turn(x, o):
    buffers, total = [o, np.zeros(3)], 0.0
    for i in range(4):
        r = np.multiply(x, x + i, out=buffers[i % 2])
        r -= 0.5 * x
        total = total + np.sum(buffers[0] * buffers[1])
    return total


def activated(t, o, x):
    t = np.tanh(t, out=o)
    t *= x
    t += 1
    return t


def in_a_callee(x, o):
    t = activated(x, o, x)
    return np.sum(t * o)


@pytest.mark.parametrize(
    "f",
    [a_root, a_root_by_place, where_it_is_large, itself, a_part, a_product, chosen, a_method, in_turn, in_a_callee],
    ids=lambda f: f.__name__,
)
def test_the_result_is_what_was_written_into(f):
    x, d = np.array([1.3, 0.7, 2.1]), np.array([0.3, -1.0, 0.5])

    def g(x):
        return f(x, x * x)

    assert pb.value_with_gradient(g)(x)[0] == g(x)
    pb.check_derivative(g, x)
    expected = (pb.gradient(g)(x + 1e-5 * d) - pb.gradient(g)(x - 1e-5 * d)) / 2e-5
    np.testing.assert_allclose(pb.hvp(g)(x, d), expected, rtol=1e-6)


def test_a_copy_that_is_none_is_the_operand():
    def g(x):
        o = x * x
        v = np.nan_to_num(o, copy=False)
        v *= x
        return np.sum(o)

    pb.check_derivative(g, np.array([1.3, 0.7]), order=2)
