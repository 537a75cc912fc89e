"""Samplers, filters, mixtures, dynamic programming over time series."""

import math
import random

import numpy as np

from .registry import program

DATA = np.array([1.2, 0.7, 2.1, 1.9, 0.3, 1.1])


@program(np.array([0.3, -0.2]), np.array([0.5, 1.0]))
def hmc_leapfrog(q, p):
    """The trajectory of Hamiltonian Monte Carlo, with the gradient of the potential by hand."""

    def grad(z):
        return np.array([z[0] + 0.5 * z[0] ** 3, 2 * z[1]])

    q, p = np.copy(q), np.copy(p)
    step = 0.1
    p -= step * grad(q) / 2
    for i in range(5):
        q += step * p
        if i != 4:
            p -= step * grad(q)
    p -= step * grad(q) / 2
    p = -p
    return p @ p / 2 + q[0] ** 2 / 2 + q[0] ** 4 / 8 + q[1] ** 2


class KalmanFilter:
    def __init__(self, q, r):
        self.F = np.array([[1.0, 0.1], [0.0, 1.0]])
        self.H = np.array([[1.0, 0.0]])
        self.Q = q * np.eye(2)
        self.R = r * np.eye(1)
        self.x = np.zeros(2)
        self.P = np.eye(2)
        self.log_likelihood = 0.0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        y = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x = self.x + K @ y
        self.P = (np.eye(2) - K @ self.H) @ self.P
        self.log_likelihood -= 0.5 * (np.log(np.linalg.det(S)) + y @ np.linalg.inv(S) @ y)


@program(0.1, 0.5)
def kalman_likelihood(q, r):
    kf = KalmanFilter(q, r)
    for z in DATA:
        kf.predict()
        kf.update(np.array([z]))
    return kf.log_likelihood


@program(DATA, np.array([0.8, 1.4, 1.0, 2.2]))
def dynamic_time_warping(a, b):
    n, m = len(a), len(b)
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            d = (a[i - 1] - b[j - 1]) ** 2
            cost[i, j] = d + min(cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1])
    return cost[n, m]


@program(0.3, 0.6)
def soft_viterbi(stay, emit):
    """The forward algorithm with a dict per step, keyed by state."""
    states = ("rain", "sun")
    alpha = {"rain": math.log(0.5), "sun": math.log(0.5)}
    for observed in ["walk", "shop", "walk", "clean"]:
        new = {}
        for s in states:
            terms = []
            for r in states:
                terms.append(alpha[r] + math.log(stay if r == s else 1 - stay))
            top = max(terms)
            new[s] = top + math.log(sum(math.exp(t - top) for t in terms))
            new[s] += math.log(emit if (observed == "walk") == (s == "sun") else 1 - emit)
        alpha = new
    return math.log(sum(math.exp(v) for v in alpha.values()))


@program(np.array([0.5, 2.0]), np.array([1.0, 0.7]))
def mixture_em_step(means, sigmas):
    weights = np.array([0.4, 0.6])
    resp = np.empty((len(DATA), 2))
    for k in range(2):
        resp[:, k] = weights[k] * np.exp(-0.5 * ((DATA - means[k]) / sigmas[k]) ** 2) / sigmas[k]
    resp /= resp.sum(axis=1, keepdims=True)
    for k in range(2):
        total = resp[:, k].sum()
        means[k] = (resp[:, k] * DATA).sum() / total
        sigmas[k] = np.sqrt((resp[:, k] * (DATA - means[k]) ** 2).sum() / total)
    return means[0] * sigmas[1] + means[1]


@program(np.array([0.2, 1.8]))
def k_means_step(centres):
    """Hard assignments are constants; sums by `np.add.at`-like loops."""
    sums, counts = np.zeros(2), np.zeros(2)
    for x in DATA:
        k = int(np.argmin(np.abs(centres - x)))
        sums[k] += x * centres[k]
        counts[k] += 1
    new = sums / counts
    return np.sum((new - centres) ** 2)


@program([0.4, 1.9, -0.3, 2.2], 0.3)
def running_moments(xs, decay):
    class Welford:
        def __init__(self):
            self.n, self.mean, self.m2 = 0, 0.0, 0.0

        def add(self, x):
            self.n += 1
            delta = x - self.mean
            self.mean += delta / self.n
            self.m2 += delta * (x - self.mean)

    w = Welford()
    smooth = xs[0]
    for x in xs:
        smooth = decay * smooth + (1 - decay) * x
        w.add(smooth)
    return w.m2 / (w.n - 1) + w.mean


@program(0.5, 0.3)
def arma_residuals(phi, theta):
    e = np.zeros(len(DATA))
    for t in range(1, len(DATA)):
        e[t] = DATA[t] - phi * DATA[t - 1] - theta * e[t - 1]
    return float(np.dot(e, e))


@program(0.4, 1.3)
def particle_filter_weights(mu, sigma):
    """Common random numbers from a seeded generator; the weights are differentiated."""
    rng = np.random.default_rng(7)
    particles = mu + sigma * rng.standard_normal(20)
    total = 0.0
    for z in DATA:
        particles = 0.9 * particles + 0.3 * rng.standard_normal(20)
        weights = np.exp(-0.5 * (z - particles) ** 2)
        total += np.log(np.mean(weights))
    return total


@program(1.3, 0.8)
def gibbs_with_random_module(a, b):
    r = random.Random(3)
    x = y = 0.0
    for _ in range(10):
        x = a * y + r.gauss(0.0, 1.0)
        y = b * math.tanh(x) + r.uniform(-0.1, 0.1)
    return x * y


@program(0.7)
def word_counts(alpha):
    """Laplace smoothing over a dict of counts that holds floats."""
    counts = {}
    for word in "the cat sat on the mat the end".split():
        counts[word] = counts.get(word, alpha) + 1.0
    total = sum(counts.values())
    return sum(math.log(c / total) for c in counts.values())
