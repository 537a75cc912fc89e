"""Nested loops over the elements of arrays, read and written one by one; the cost is one of elements, not of arrays."""

from __future__ import annotations

import math

import numpy as np
from case import Case
from peers import njit


def quadratic_form(a, x, n):
    total = 0.0
    for i in range(n):
        for j in range(n):
            total += a[i, j] * x[i] * x[j]
    return total


def by_hand(a, x, n):
    d_a, d_x = np.zeros((n, n)), np.zeros(n)
    for i in range(n - 1, -1, -1):
        for j in range(n - 1, -1, -1):
            d_a[i, j] += x[i] * x[j]
            d_x[i] += a[i, j] * x[j]
            d_x[j] += a[i, j] * x[i]
    return d_a, d_x


def filled(x, n):
    y = np.zeros(n)
    y[0] = x
    for i in range(1, n):
        y[i] = math.sin(y[i - 1]) * x
    return y[n - 1]


def list_grown(x, n):
    ys = [x]
    for _ in range(n):
        ys.append(math.sin(ys[-1]) * x)
    return ys[-1]


def stack_emptied(x, n):
    stack = []
    for i in range(n):
        stack.append(x * i)  # noqa: PERF401 (what is measured)
    total = 0.0
    while stack:
        total = 0.5 * total + stack.pop()
    return total


class Body:
    def __init__(self, x):
        self.x, self.v = x, 0.0

    def step(self, h):
        self.v -= self.x * h
        self.x += self.v * h


def object_stepped(x, n):
    body = Body(x)
    for _ in range(n):
        body.step(1e-3)
    return body.x


def dict_counted(x, n):
    table = {k: 0.0 for k in range(10)}  # noqa: C420 (as people write it)
    for i in range(n):
        table[i % 10] += x * i
    return table[3] * table[4]


class Model:
    def __init__(self, weights):
        self.weights = weights


def field_elements(weights, n):
    model = Model(weights)
    total = 0.0
    for i in range(n):
        total += model.weights[i] * model.weights[i - 1]
    return total


def cases(quick=False):
    rng = np.random.default_rng(0)
    n = 10
    a, x = rng.normal(size=(n, n)), rng.normal(size=n)
    found = [
        Case(
            "quadratic form, 10 × 10", quadratic_form, (a, x, n), wrt=(0, 1), auto="torch autograd",
            by_hand=lambda: by_hand(a, x, n), numba=njit(by_hand, a, x, n),
        )
    ]  # fmt: skip
    series = {
        "array filled": filled, "list grown": list_grown, "stack emptied": stack_emptied,
        "object stepped": object_stepped, "dict counted": dict_counted,
    }  # fmt: skip
    sizes = (1000,) if quick else (1000, 10_000, 100_000)
    for name, f in series.items():
        found += [Case(f"{name}, {n:,}", f, (0.9, n), wrt=(0,), size=n, seconds=0.7) for n in sizes]
    found += [
        Case(f"elements of a field, {n:,}", field_elements, (rng.normal(size=n), n), wrt=(0,), size=n, seconds=0.7)
        for n in sizes
    ]
    return found
