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
