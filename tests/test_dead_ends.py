"""Values that depend on an argument and pass no derivative on."""

import numpy as np
import pytest

import pullback as pb


def floored(a):
    c = a * 1.5
    c = c // 2.0
    return c.sum() + a[0]


def floored_in_place(a):
    c = a * 1.5
    c //= 2.0
    return c.sum() + a[0]


def floored_in_a_loop(a):
    total = a[0]
    for _ in range(2):
        c = a * 1.5
        if a[0] > 0:
            c = c // 2.0
        total = total + c.sum() * 0.0
        c = c // 3.0
        total = total + c.sum()
    return total


@pytest.mark.parametrize("f", [floored, floored_in_place])
def test_a_floored_array_has_no_derivative(f):
    assert pb.gradient(f)(np.array([1.1, -2.3])).tolist() == [1.0, 0.0]
    assert pb.pullback(f)(np.array([1.1, -2.3]))(2.0).tolist() == [2.0, 0.0]


def test_a_floored_array_in_a_loop():
    assert pb.gradient(floored_in_a_loop)(np.array([1.1, -2.3])).tolist() == [1.0, 0.0]
    assert pb.gradient(floored_in_a_loop)(np.array([-1.1, -2.3])).tolist() == [1.0, 0.0]
