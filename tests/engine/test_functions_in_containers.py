"""Functions in containers that other functions capture: what they capture gets its derivative."""

from __future__ import annotations

import numpy as np

import pullback as pb


def test_a_list_of_functions_in_a_mapped_one():
    def f(k):
        fs = [lambda t: k * t, lambda t: t]
        return sum(map(lambda t: fs[0](t) * fs[1](t), [1.0, 2.0]))

    assert pb.gradient(f)(0.7) == 5.0


def test_an_array_captured_by_a_function_in_a_list():
    def f(w):
        fs = [lambda t: np.sum(w) * t]
        return sum(map(lambda t: fs[0](t), [1.0, 2.0]))

    assert np.array_equal(pb.gradient(f)(np.ones(2)), [3.0, 3.0])


def test_the_value_of_a_sum_over_another_memory_order():
    x = np.random.default_rng(0).standard_normal((40, 30))

    def f(x):
        y = x.T * 1.5
        z = np.sum(y)
        y[0, 0] = 0.0
        return z * np.sum(y * y)

    assert pb.value_with_pullback(f)(x)[0] == f(x)
