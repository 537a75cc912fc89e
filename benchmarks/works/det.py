"""GradBench's determinant by expansion into minors: recursive, scalar, exponential."""

from __future__ import annotations

import numpy as np
from case import Case


def determinant(a, n, row, columns):
    """Of the rows from `row` on and the columns that are left; `a` is flat."""
    if row == n - 1:
        return a[row * n + columns[0]]
    total = 0.0
    sign = 1.0
    for i in range(len(columns)):
        rest = columns[:i] + columns[i + 1 :]
        total = total + sign * a[row * n + columns[i]] * determinant(a, n, row + 1, rest)
        sign = -sign
    return total


def of_matrix(a, n):
    return determinant(a, n, 0, tuple(range(n)))


def by_hand(a, n):
    m = a.reshape(n, n)
    return np.linalg.det(m) * np.linalg.inv(m).T.ravel()


def cases(quick=False):
    n = 3 if quick else 5
    a = np.random.default_rng(0).normal(size=n * n)
    return [Case(f"{n} × {n}", of_matrix, (a, n), wrt=(0,), auto="torch autograd", by_hand=lambda: by_hand(a, n),
                 compiled=False)]  # fmt: skip
