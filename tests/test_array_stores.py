"""NumPy functions that store into an array or rearrange it: masks, values that are repeated, lists."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb

A = np.array([0.7, -0.4, 1.3, 0.2, -1.1])
FIRST = np.array([True, False, True, True, False])


def weighed(y):
    return np.sum(y**2 * np.arange(1.0, 1.0 + y.size).reshape(y.shape))


def masked_quotient(a):
    b = a * a
    return weighed(np.divide(b, a + 0.1, out=np.zeros(5), where=FIRST))


def masked_logarithm(a):
    return weighed(np.log(a + 0.0, out=np.zeros_like(a), where=a > 0.0))


def masked_over_operand(a):
    b = a * 2.0
    np.divide(b, a + 2.0, out=b, where=b > 0.0)
    mask = b < 0.0
    np.multiply(b, b, out=b, where=mask)
    mask[:] = True
    return weighed(b)


def masked_broadcast(a):
    b = np.outer(a, a)
    np.multiply(a * 1.0, 3.0, out=b[1:4], where=FIRST)
    return weighed(b)


def nowhere(a):
    b = a * a
    np.sqrt(a - 9.0, out=b, where=a > 9.0)
    return weighed(b)


def put_by_mask(a):
    b, c = a * 2.0, np.zeros(5)
    np.putmask(b, b > 0.0, a**2)
    np.putmask(b, FIRST, values=a[:2] * b[0])
    np.putmask(c, mask=b > 0.5, values=[a[0] * a[1], a[2]])
    return weighed(b + c)


def placed(a):
    b, c = np.outer(a, a), np.zeros((2, 3))
    np.place(b, b > 0.0, a[:3] ** 2)
    np.place(c, c == 0.0, a)
    np.place(c, c > 0.5, vals=[a[1] * a[2], a[0]])
    return weighed(b) + weighed(c)


def partitioned(a):
    b, c = a * 2.0, np.outer(a, a + 1.0)
    b.partition(2)
    c.partition((1, 2), axis=0)
    return b[:2] @ b[:2] + weighed(c[1]) + weighed(c[2])


def shuffled(a):
    b, c, items = a * 2.0, np.outer(a, a), [a[0], a[1] * 2.0, a[2] ** 2]
    rng = np.random.default_rng(3)
    rng.shuffle(b)
    rng.shuffle(c, axis=1)
    rng.shuffle(items)
    return weighed(b) + weighed(c) + items[0] * items[1] - 3.0 * items[2] ** 2


def shuffled_of_old(a):
    b = np.outer(a, a)
    np.random.RandomState(3).shuffle(b)
    np.random.seed(4)
    np.random.shuffle(b)
    return weighed(b)


PROGRAMS = [
    masked_quotient, masked_logarithm, masked_over_operand, masked_broadcast, nowhere, put_by_mask, placed, partitioned,
    shuffled, shuffled_of_old,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_stores(f):
    pb.check_derivative(f, A)


def test_what_a_mask_leaves_out_is_not_computed():
    with np.errstate(all="raise"):
        of_quotients = pb.gradient(lambda a: np.sum(np.divide(1.0, a, out=np.zeros(3), where=a != 0.0)))
        found = of_quotients(np.array([2.0, 0.0, 4.0]))
    assert np.array_equal(found, [-0.25, 0.0, -0.0625])
