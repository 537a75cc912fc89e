"""Small programs for the compiler, each with arguments: what a person would write without thinking of it."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

SCALE = 1.5


def scalar(x, w):
    return x * math.sin(x) * w + w / x - abs(x - w) + x**2.5 + 2**w


def growing_sum(x, r, n):
    total = 0
    for i in range(n):
        if i > 1:
            total = total + x * r
        x = x * r + math.sin(x) * SCALE
    return total


def newton(x):
    y = x
    for _ in range(50):
        step = (y * y - x) / (2 * y)
        y -= step
        if abs(step) < 1e-12:
            break
    return y


def bisection(c):
    low, high = 0.0, 2.0
    count = 0
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        if middle**3 > c:
            high = middle
        else:
            low = middle
        count += 1
        if count > 100:
            return c * low
    return low * c + high


def nested(x, n):
    s = 0.0
    for i in range(n):
        t = x
        for j in range(i, 2 * i):
            if j % 3 == 2:
                continue
            t = t * x / (j + 1) + i
            if t > 100.0:
                t = t * 0.5
        s += t * t
    return s


@dataclass
class Body:
    position: tuple
    velocity: tuple
    mass: float
    tag: int = 0

    @property
    def momentum(self):
        return self.mass * self.velocity[0], self.mass * self.velocity[1]

    def energy(self):
        vx, vy = self.velocity
        return 0.5 * self.mass * (vx * vx + vy * vy)


class Gain(NamedTuple):
    a: float
    b: float = 2.0


def drift(body, dt, gain):
    (x, y), (vx, vy) = body.position, body.velocity
    r = math.sqrt(x * x + y * y)
    ax, ay = -x / r**3, -y / r**3
    vx, vy = vx + ax * dt * gain.a, vy + ay * dt
    return replace(body, position=(x + vx * dt, y + vy * dt), velocity=(vx, vy))


def orbit(body, dt, n, gain=Gain(1.0)):
    for _ in range(n):
        body = drift(body, dt, gain)
    return body.energy() + body.momentum[0] * gain.b


def counter(x):
    class_less = Body((x, 1.0), (0.0, x * x), 2.0)
    class_less.mass = class_less.mass * x
    for _ in range(3):
        class_less.mass += class_less.energy() * 0.1
    return class_less.mass


def closures(x, y):
    scale = lambda t: t * y

    def both(a, b=3.0):
        return scale(a) + b

    return both(x) * both(y, b=x) + sum((x, y, 1.0)) + max(x, y, 2.0) - min(x * y, 7.0)


def maybe(x, flag):
    found = None
    for i in range(4):
        if x * i > 2.0 and found is None:
            found = x * i
    if found is None:
        return x
    return found * (x if flag else 1.0)


def running(x, n):
    y = np.zeros(n)
    for i in range(n):
        y[i] = math.sin(y[i - 1]) + x
    return y[n - 1]


def swapping(u, k, steps):
    v = np.zeros_like(u)
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + k * (u[i - 1] * u[i] + u[i + 1] - 2 * u[i])
        u, v = v, u
    return u[2] + u.sum()


def heat(u0, k, steps):
    u = u0.copy()
    n, m = u.shape
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] += k * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j]) * u[i, j]
    total = 0.0
    for row in u:
        for x in row:
            total += x * x
    return total


def vectors(a, b, x):
    c = a * b + x
    c[1:] *= 2.0
    v = c[:2]
    v += a[1:3]
    return np.sum(np.tanh(c)) + c @ a


def layer(w, b, x):
    h = np.tanh(w @ x + b)
    h = np.tanh(w @ h + b)
    return np.mean(h**2)


def chosen(a, x):
    b = np.where(a > x, a * a, -a) + np.maximum(a, x) * np.minimum(a, a * 2.0) + np.clip(a, 0.2, 0.9)
    return np.sum(b) + np.argmax(a) * x + np.var(a) + np.linalg.norm(a)


def picked(a, k, x):
    b = a.copy()
    b[b > 0.5] = x
    b[k] = a[k] * a[:3]
    b[b < 0.2] *= x
    b[[3, 0]] -= x * a[1]
    return np.sum(b * a) + np.sum(a[a > 0.1] ** 2) + a[k] @ a[k]


def reshaped(m):
    t = m.reshape(4, 3) @ m
    joined = np.concatenate([m.ravel(), t.flatten(), np.diff(m[0])])
    stacked = np.stack([m[0], m[1] * m[2]])
    return np.sum(joined**2) + np.sum(np.cumsum(stacked[1]) * stacked[0]) + m.max(axis=0) @ m.std(axis=0)


def normalised(m):
    e = np.exp(m - m.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return np.sum(np.log(p) * m) + m.min(axis=1) @ m.mean(axis=1)


def solved(s, b):
    s = s + np.eye(3) * 4.0
    x = np.linalg.solve(s, b)
    return x @ x + np.linalg.det(s) + np.sum(np.linalg.inv(s)) + np.sum(np.linalg.solve(s, s * s) * s)


BODY = Body((1.0, 0.2), (0.1, 0.9), 1.3, 4)
RNG = np.random.default_rng(0)


class Pair(NamedTuple):
    a: float
    b: float

    def __add__(self, other):
        return Pair(self.a + other.a, self.b * other.b)

    def __mul__(self, k):
        return Pair(self.a * k, self.b + k)

    def __eq__(self, other):
        return abs(self.a - other.a) < 1.0


def operators_of_a_named_tuple(p, q, n):
    for _ in range(n):
        p = p + q * 0.5
    return p.a * p.b if p == q else p.a + p.b


def invariant_products(x, w, n):
    y = x
    for i in range(n):
        k = w * w
        t = y * k
        y = t * (w / x) + i * x * (i + 1)
    return y


def refilled(x, n):
    a = np.zeros(3)
    total = 0.0
    for k in range(n):
        for i in range(3):  # its reversal reads nothing of what an iteration did
            a[i] = k + 0.5 * i
        a[1] = a[1] * x
        total += a[1] * x + a[2]
    return total


NUMBERS = [
    (refilled, (0.7, 5)),
    (operators_of_a_named_tuple, (Pair(1.0, 2.0), Pair(0.3, 0.7), 3)),
    (invariant_products, (1.3, 0.8, 5)),
    (scalar, (2.0, 3.0)),
    (growing_sum, (1.0, 0.5, 9)),
    (newton, (2.0,)),
    (bisection, (1.7,)),
    (nested, (1.3, 6)),
    (orbit, (BODY, 0.05, 7)),
    (counter, (1.2,)),
    (closures, (2.0, 3.0)),
    (maybe, (1.1, True)),
    (maybe, (0.1, True)),
]
ARRAYS = [
    (running, (1.0, 5)),
    (swapping, (RNG.random(7), 0.1, 5)),
    (heat, (RNG.random((5, 6)), 0.1, 3)),
    (vectors, (np.arange(4.0) / 3, np.ones(4) * 2, 0.3)),
    (chosen, (np.array([0.1, -0.4, 0.8, 1.3]), 0.3)),
    (picked, (np.array([0.1, -0.4, 0.8, 1.3]), np.array([1, 2, 1]), 0.3)),
    (reshaped, (RNG.random((3, 4)),)),
    (normalised, (RNG.random((3, 4)),)),
    (solved, (RNG.random((3, 3)), RNG.random(3))),
    (layer, (RNG.random((3, 3)), np.ones(3), np.arange(3.0))),
]
