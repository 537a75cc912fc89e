"""Scalar functions: of six operations and of sixty."""

from __future__ import annotations

import math

from case import Case, repeated
from peers import njit

X, Y = 0.7, 1.3


def six(x, y):
    return math.sin(x) * y + x / (1.0 + y * y)


def six_by_hand(x, y):
    s = 1.0 + y * y
    return math.cos(x) * y + 1.0 / s, math.sin(x) - x / (s * s) * 2.0 * y


def sixty(x, y):
    a = math.sin(x) * y + x / (1.0 + y * y)
    b = math.exp(-a * a) + math.cos(y) * x
    c = (a + b) * (a - b) / (2.0 + a * b)
    d = math.sqrt(1.0 + c * c) + math.log(1.0 + b * b)
    e = math.tanh(d - a) * c + x * y * d
    f = e * e / (1.0 + e * e) + math.sin(e) * math.cos(d)
    g = f * a + e * b + d * c
    h = (g - f) * (g + f) + math.exp(-g * g) * x
    i = h / (1.0 + h * h) - y * math.sin(g)
    return i * i + 0.5 * h * a - 0.25 * g * b + c * d * e


def cases(quick=False):
    return [
        Case(
            "6 operations", six, (X, Y), auto="torch jax autograd", calls=10,
            by_hand=repeated(lambda: six_by_hand(X, Y), 10), numba=njit(_six_ten_times, X, Y),
        ),
        Case("60 operations", sixty, (X, Y), auto="torch jax autograd"),
    ]  # fmt: skip


def _six_ten_times(x, y):
    total = 0.0
    for _ in range(10):
        s = 1.0 + y * y
        total += math.cos(x) * y + 1.0 / s + math.sin(x) - x / (s * s) * 2.0 * y
    return total
