"""Vectorised functions as scientists write them."""

import math

import numpy as np

from .registry import case, later

RNG = np.random.default_rng(11)


def normal(*shape):
    return RNG.normal(size=shape)


def positive(*shape):
    return RNG.uniform(0.5, 2.0, size=shape)


@case(normal(5))
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


@case(normal(3), normal(4, 3))
def logistic_regression(w, x):
    labels = np.array([1.0, 0.0, 1.0, 1.0])
    z = x @ w
    return np.mean(np.logaddexp(0.0, z) - labels * z)


@case(normal(4, 2), normal(3, 2))
def pairwise_distances(a, b):
    difference = a[:, None, :] - b[None, :, :]
    return np.sqrt((difference**2).sum(axis=-1) + 1e-12)


@case(normal(5, 3))
def covariance(x):
    centred = x - x.mean(axis=0)
    return centred.T @ centred / (x.shape[0] - 1)


@case(normal(4, 3))
def standardise(x):
    return (x - np.mean(x, axis=0)) / np.std(x, axis=0)


@case(normal(8), normal(3))
def convolution_by_slices(signal, kernel):
    n = len(signal) - len(kernel) + 1
    out = np.zeros(n)
    for k in range(len(kernel)):
        out = out + kernel[k] * signal[k : k + n]
    return out


@case(normal(6, 6))
def laplacian(u):
    return u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * u[1:-1, 1:-1]


@case(positive(10), 0.1)
def heat_steps(u, k):
    """Explicit diffusion with fixed ends, without stores."""
    for _ in range(5):
        inner = u[1:-1] + k * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = np.concatenate([u[:1], inner, u[-1:]])
    return u.sum() + u[3] ** 2


@case(normal(2), np.array([[1.0, 0.2], [0.2, 0.8]]), np.array([0.3]))
def kalman_step(mean, cov, observed):
    f = np.array([[1.0, 0.1], [0.0, 1.0]])
    h = np.array([[1.0, 0.0]])
    mean, cov = f @ mean, f @ cov @ f.T + 0.01 * np.eye(2)
    s = h @ cov @ h.T + 0.1
    gain = cov @ h.T / s
    mean = mean + gain @ (observed - h @ mean)
    cov = (np.eye(2) - gain @ h) @ cov
    return mean, cov


@case(normal(2, 3), normal(3, 4), normal(4))
def einsum_chain(a, b, c):
    return np.einsum("ij,jk,k->i", a, b, c)


@case(normal(3, 4), normal(3, 4))
def cosine_similarity(a, b):
    dot = (a * b).sum(axis=1)
    return dot / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


@case(normal(3, 3), normal(3))
def solve_quadratic_form(a, b):
    m = a @ a.T + 3 * np.eye(3)
    return b @ np.linalg.solve(m, b) + np.log(np.linalg.det(m))


@case(normal(6))
def clip_and_where(x):
    y = np.where(x > 0, x**2, 0.1 * x)
    return np.clip(y, -0.05, 1.5).sum() + np.maximum(x, 0.0).mean()


@case(normal(2, 3))
def reshape_and_transpose(x):
    y = x.reshape(3, 2).T
    z = np.stack([y, y * 2], axis=0)
    return np.sum(z.swapaxes(0, 1).ravel() * np.arange(12.0))


@case(normal(5))
def fancy_indexing(x):
    index = np.array([0, 2, 2, 4])
    return x[index] * np.array([1.0, 2.0, 3.0, 4.0]) + x[x > -10][:4]


@case(positive(4))
def cumulative_and_products(x):
    return np.cumsum(x) * np.prod(x) + np.diff(x, append=x[:1])


@case(normal(3, 4))
def reductions(x):
    return x.sum() + x.mean(axis=0).max() - x.min() + np.var(x) + np.linalg.norm(x)


@case(normal(4), 0.5)
def scalar_and_array(x, k):
    return (k * x + k**2).sum() * math.sin(k)


@case(normal(3, 1), normal(4))
def broadcasting(a, b):
    return (a * b + a - b) / (1.0 + a**2)


@case(np.array([0.3, -0.7, 1.2], dtype=np.float32))
def single_precision(x):
    return np.sum(np.tanh(x) * np.float32(0.5)) ** 2


@case(normal(4), normal(4))
def fourth_order_gradient(x, y):
    """Rosenbrock in two blocks, in array form."""
    return np.sum(100.0 * (y - x**2) ** 2 + (1 - x) ** 2)


@case(positive(5))
def entropy(p):
    p = p / p.sum()
    return -np.sum(p * np.log(p))


@case(normal(2, 2))
def matrix_powers(a):
    result = np.eye(2)
    for k in range(1, 5):
        result = result @ a / k + np.eye(2)
    return np.trace(result)


@case(np.array([0.5, 0.1, 0.4]), normal(3, 3))
def markov_chain(start, logits):
    transition = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = start
    for _ in range(4):
        p = p @ transition
    return p


@case(1.0 + 0.5j)
def complex_modulus(z):
    w = z * z + 1.0
    return abs(w) + w.real * z.imag


@case(normal(7))
def rows_in_a_loop(x):
    total = 0.0
    for v in x:
        if v > 0:
            total = total + v * v
        else:
            total = total - 0.5 * v
    return total


@case(normal(3, 2))
def unpacked_rows(m):
    a, b, c = m
    return a @ b + (b * c).sum()


@case([normal(2), normal(3)])
def list_of_arrays(parts):
    return np.concatenate(parts) * 2.0


@case({"w": normal(3, 2), "b": normal(2)}, normal(4, 3))
def dict_of_arrays(params, x):
    return np.mean(np.tanh(x @ params["w"] + params["b"]) ** 2)


@case(normal(5))
def sort_free_ranking(x):
    """A smooth rank of each entry."""
    return 1 / (1 + np.exp(-(x[:, None] - x[None, :]) / 0.3)).sum(axis=1)


@later("setitem", normal(6))
def moving_average(x):
    out = np.zeros(4)
    for i in range(4):
        out[i] = x[i : i + 3].mean()
    return out


@later("setitem", normal(4, 4))
def masked_store(x):
    y = x.copy()
    y[y < 0] = 0.0
    y[0] *= 2.0
    return y.sum()


@later("augmented array", normal(4))
def in_place(x):
    y = x * 1.0
    y += x
    y *= 2.0
    return y


@later("append", normal(3))
def stacked_history(x):
    rows = []
    for _ in range(3):
        x = np.tanh(x * 1.5)
        rows.append(x)
    return np.stack(rows)


@case(np.arange(1.0, 7.0).reshape(3, 2) ** 0.5)
def methods_and_attributes_of_arrays(a):
    m = a.T.copy()
    n, d = a.shape
    s = m.sum(axis=0) / n
    for row in m:
        s = s + row.mean() * a[:, 0]
    return (s * s).sum() / a.size + m.max() * d
