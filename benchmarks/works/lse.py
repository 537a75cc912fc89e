"""GradBench's log-sum-exp."""

from __future__ import annotations

import math

import numpy as np
from case import Case


def log_sum_exp(x):
    top = np.max(x)
    return np.log(np.sum(np.exp(x - top))) + top


def as_loops(x):
    top = x[0]
    for i in range(1, len(x)):
        top = max(top, x[i])
    total = 0.0
    for i in range(len(x)):
        total += math.exp(x[i] - top)
    return math.log(total) + top


def by_hand(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def cases(quick=False):
    n = 50 if quick else 10_000
    x = np.random.default_rng(0).normal(size=n)
    return [
        Case(f"n = {n}, NumPy", log_sum_exp, (x,), auto="torch jax autograd", by_hand=lambda: by_hand(x)),
        Case(f"n = {n}, loops", as_loops, (x,), seconds=1.0),
    ]
