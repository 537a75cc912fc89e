"""GradBench's linear least squares: a polynomial fitted to the sign of t at n points of [-1, 1]."""

from __future__ import annotations

import math

import numpy as np
from case import Case


def objective(x, t, s):
    fitted = 0.0 * t
    power = 1.0
    for k in range(len(x)):
        fitted = fitted + x[k] * power
        power = power * t
    return 0.5 * np.sum((s - fitted) ** 2)


def as_loops(x, n):
    total = 0.0
    for i in range(n):
        t = -1.0 + i * 2.0 / (n - 1)
        s = math.copysign(1.0, t) if t != 0.0 else 0.0
        power = 1.0
        for j in range(len(x)):
            s -= x[j] * power
            power *= t
        total += 0.5 * s * s
    return total


def cases(quick=False):
    n, m = (20, 4) if quick else (1000, 16)
    t = np.linspace(-1.0, 1.0, n)
    x = np.random.default_rng(0).normal(size=m)
    return [
        Case(f"n = {n}, m = {m}, NumPy", objective, (x, t, np.sign(t)), wrt=(0,), auto="torch jax autograd"),
        Case(f"n = {n}, m = {m}, loops", as_loops, (x, n), wrt=(0,), seconds=1.0),
    ]
