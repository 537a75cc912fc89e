"""ADBench's GMM: the log-likelihood of a Gaussian mixture with a Wishart prior, in NumPy form and as loops."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from case import Case

import pullback as pb

DATA = Path(__file__).parents[1] / "data" / "gmm"
# file: value, norms of the gradients by alphas, means, icf
REFERENCE = {
    "test": (8.07380408004973, 0.980551241359, 1.67136172576, 6.40284721168),
    "gmm_d2_K5": (-5240.59056254958, 587.538627106, 697.301267619, 894.304590112),
    "gmm_d10_K10": (-30292.9419592419, 267.668239771, 3166.29387769, 3324.58403207),
    "gmm_d20_K25": (-90798.6227007267, 261.235004482, 6050.35879187, 5313.90625748),
}


def log_sum_exp(x):
    """Over the first axis."""
    top = np.max(x, axis=0)
    return np.log(np.sum(np.exp(x - top), axis=0)) + top


def log_wishart_constant(d, m, gamma, k):
    n = d + m + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * (n - j)) for j in range(d))
    return k * (n * d * math.log(gamma / math.sqrt(2.0)) - log_gamma)


def objective(alphas, means, icf, x, below, columns, gamma, m, constant):
    """`below` puts each entry of the strictly lower triangle in its place in a flat d × d matrix."""
    n, d = x.shape
    logs = icf[:, :d]
    diagonal = np.exp(logs)
    lower = icf[:, d:]
    triangle = (lower @ below).reshape((-1, d, d))
    centered = x[None, :, :] - means[:, None, :]
    turned = centered * diagonal[:, None, :] + centered @ np.swapaxes(triangle, 1, 2)
    squares = np.sum(turned * turned, axis=2)
    inner = (alphas + np.sum(logs, axis=1))[:, None] - 0.5 * squares
    prior = 0.5 * gamma**2 * (np.sum(diagonal * diagonal) + np.sum(lower * lower)) - m * np.sum(logs)
    return (
        -n * d * 0.5 * math.log(2.0 * math.pi) + np.sum(log_sum_exp(inner)) - n * log_sum_exp(alphas) + prior - constant
    )


def as_loops(alphas, means, icf, x, gamma, m, constant):
    """The same, entry by entry."""
    n, d = x.shape
    k = alphas.shape[0]
    diagonal = np.zeros((k, d))
    sums = np.zeros(k)
    prior = 0.0
    for a in range(k):
        for j in range(d):
            diagonal[a, j] = math.exp(icf[a, j])
            sums[a] += icf[a, j]
            prior += 0.5 * gamma * gamma * diagonal[a, j] * diagonal[a, j]
        for j in range(d, icf.shape[1]):
            prior += 0.5 * gamma * gamma * icf[a, j] * icf[a, j]
        prior -= m * sums[a]
    total = prior - constant - n * d * 0.5 * math.log(2.0 * math.pi)
    terms = np.zeros(k)
    turned = np.zeros(d)
    for i in range(n):
        for a in range(k):
            for j in range(d):
                turned[j] = (x[i, j] - means[a, j]) * diagonal[a, j]
            place = d
            for column in range(d):
                c = x[i, column] - means[a, column]
                for row in range(column + 1, d):
                    turned[row] += icf[a, place] * c
                    place += 1
            squares = 0.0
            for j in range(d):
                squares += turned[j] * turned[j]
            terms[a] = alphas[a] + sums[a] - 0.5 * squares
        top = terms[0]
        for a in range(1, k):
            top = max(top, terms[a])
        inner = 0.0
        for a in range(k):
            inner += math.exp(terms[a] - top)
        total += math.log(inner) + top
    inner = 0.0
    for a in range(k):
        inner += math.exp(alphas[a])
    return total - n * math.log(inner)


def read(name):
    words = iter((DATA / f"{name}.txt").read_text().split())
    d, k, n = (int(next(words)) for _ in range(3))

    def block(*shape):
        return np.array([float(next(words)) for _ in range(math.prod(shape))]).reshape(shape)

    alphas, means, icf, x = block(k), block(k, d), block(k, d * (d + 1) // 2), block(n, d)
    gamma, m = float(next(words)), int(next(words))
    return alphas, means, icf, x, gamma, m


def arguments(name):
    alphas, means, icf, x, gamma, m = read(name)
    d = x.shape[1]
    places = [row * d + column for column in range(d) for row in range(column + 1, d)]
    below = np.zeros((len(places), d * d))
    below[np.arange(len(places)), places] = 1.0
    constant = log_wishart_constant(d, m, gamma, len(alphas))
    return (alphas, means, icf, x, below, places, gamma, m, constant), (alphas, means, icf, x, gamma, m, constant)


def check(name):
    arrays, loops = arguments(name)
    for f, args in ((objective, arrays), (as_loops, loops)):
        if f is as_loops and name not in ("test", "gmm_d2_K5"):
            continue
        value, tangents = pb.value_with_gradient(f, wrt=(0, 1, 2))(*args)
        seen = (value, *map(np.linalg.norm, tangents))
        assert np.allclose(seen, REFERENCE[name], rtol=1e-9), (f.__name__, seen, REFERENCE[name])


def cases(quick=False):
    found = []
    for name in ("test", "gmm_d2_K5") if quick else ("gmm_d2_K5", "gmm_d10_K10", "gmm_d20_K25"):
        arrays, loops = arguments(name)
        case = Case(
            f"{name}, NumPy", objective, arrays, wrt=(0, 1, 2), auto="torch jax autograd", compiled=False,
            size=len(arrays[3]) * arrays[0].size, check=lambda name=name: check(name),
        )  # fmt: skip
        found += [case, Case(
            f"{name}, loops", as_loops, loops, wrt=(0, 1, 2), size=case.size, interpreted=name in ("test", "gmm_d2_K5"),
            peers={"torch": lambda case=case: _torch(case)}, seconds=1.0,
        )]  # fmt: skip
    return found


def _torch(case):
    from peers import torch_gradient

    return torch_gradient(case)
