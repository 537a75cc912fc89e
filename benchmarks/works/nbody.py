"""Bodies under gravity: leapfrog steps, whose energy is differentiated by all positions and velocities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from case import Case


def accelerations(x, masses):
    between = x[None, :, :] - x[:, None, :]
    cubes = (np.sum(between * between, axis=2) + 0.01) ** 1.5
    return np.sum(masses[None, :, None] * between / cubes[:, :, None], axis=1)


def energy_after(x, v, masses, steps):
    h = 0.01
    for _ in range(steps):
        v = v + h * accelerations(x, masses)
        x = x + h * v
    return 0.5 * np.sum(masses[:, None] * v * v)


def as_loops(x, v, masses, steps):
    n = x.shape[0]
    h = 0.01
    x = x.copy()
    v = v.copy()
    for _ in range(steps):
        for i in range(n):
            ax, ay, az = 0.0, 0.0, 0.0
            for j in range(n):
                dx, dy, dz = x[j, 0] - x[i, 0], x[j, 1] - x[i, 1], x[j, 2] - x[i, 2]
                square = dx * dx + dy * dy + dz * dz + 0.01
                pull = masses[j] / (square * math.sqrt(square))
                ax += pull * dx
                ay += pull * dy
                az += pull * dz
            v[i, 0] += h * ax
            v[i, 1] += h * ay
            v[i, 2] += h * az
        for i in range(n):
            for k in range(3):
                x[i, k] += h * v[i, k]
    total = 0.0
    for i in range(n):
        for k in range(3):
            total += 0.5 * masses[i] * v[i, k] * v[i, k]
    return total


@dataclass
class Body:
    x: float
    y: float
    vx: float
    vy: float
    mass: float


def moved(bodies, h):
    new = []
    for a in bodies:
        ax, ay = 0.0, 0.0
        for b in bodies:
            dx, dy = b.x - a.x, b.y - a.y
            square = dx * dx + dy * dy + 0.01
            pull = b.mass / (square * math.sqrt(square))
            ax, ay = ax + pull * dx, ay + pull * dy
        vx, vy = a.vx + h * ax, a.vy + h * ay
        new.append(Body(a.x + h * vx, a.y + h * vy, vx, vy, a.mass))
    return new


def of_objects(bodies, steps):
    for _ in range(steps):
        bodies = moved(bodies, 0.01)
    return sum(0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy) for b in bodies)


def cases(quick=False):
    rng = np.random.default_rng(0)
    n, steps = (3, 2) if quick else (16, 50)
    args = (rng.normal(size=(n, 3)), rng.normal(size=(n, 3)), rng.uniform(0.5, 1.5, n), steps)
    bodies = [Body(*row) for row in rng.normal(size=(3, 5)).tolist()]
    return [
        Case(f"{n} bodies, {steps} steps, NumPy", energy_after, args, wrt=(0, 1), auto="torch autograd",
             compiled=False),
        Case(f"{n} bodies, {steps} steps, loops", as_loops, args, wrt=(0, 1), interpreted=quick),
        Case("3 objects, 10 steps", of_objects, (bodies, 2 if quick else 10), wrt=(0,)),
    ]  # fmt: skip
