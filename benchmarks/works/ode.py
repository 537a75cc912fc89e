"""GradBench's ODE: y0' = x0, yi' = xi y(i-1), from zeros, s steps of Runge and Kutta's method to t = 2."""

from __future__ import annotations

import numpy as np
from case import Case


def slope(x, y):
    return x * np.concatenate((np.ones(1), y[:-1]))


def last(x, s):
    h = 2.0 / s
    y = np.zeros(x.shape[0])
    for _ in range(s):
        k1 = slope(x, y)
        k2 = slope(x, y + 0.5 * h * k1)
        k3 = slope(x, y + 0.5 * h * k2)
        k4 = slope(x, y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y[-1]


def as_loops(x, s):
    n = x.shape[0]
    h = 2.0 / s
    y = np.zeros(n)
    stage = np.zeros(n)
    k = np.zeros((4, n))
    for _ in range(s):
        for order in range(4):
            part = 0.0 if order == 0 else h if order == 3 else 0.5 * h
            for i in range(n):
                stage[i] = y[i] + (part * k[order - 1, i] if order > 0 else 0.0)
            k[order, 0] = x[0]
            for i in range(1, n):
                k[order, i] = x[i] * stage[i - 1]
        for i in range(n):
            y[i] = y[i] + h / 6.0 * (k[0, i] + 2.0 * k[1, i] + 2.0 * k[2, i] + k[3, i])
    return y[n - 1]


def cases(quick=False):
    n, s = (4, 5) if quick else (20, 100)
    x = np.random.default_rng(0).uniform(0.5, 1.5, size=n)
    return [
        Case(f"n = {n}, {s} steps, NumPy", last, (x, s), wrt=(0,), auto="autograd", compiled=False),
        Case(f"n = {n}, {s} steps, loops", as_loops, (x, s), wrt=(0,), seconds=1.0),
    ]
