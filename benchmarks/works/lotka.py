"""An ODE fit: Lotka and Volterra's equations by fixed-step RK4, 1,000 steps, compared with measured populations."""

from __future__ import annotations

import numpy as np
from case import Case


def slopes(a, b, c, d, x, y):
    return a * x - b * x * y, c * x * y - d * y


def misfit(a, b, c, d, steps, every, measured):
    """Half the sum of squares; `measured` is a list of pairs, one every `every` steps."""
    h = 20.0 / steps
    x, y = 10.0, 5.0
    total = 0.0
    for i in range(steps):
        if i % every == 0:
            seen_x, seen_y = measured[i // every]
            total = total + 0.5 * ((x - seen_x) ** 2 + (y - seen_y) ** 2)
        k1x, k1y = slopes(a, b, c, d, x, y)
        k2x, k2y = slopes(a, b, c, d, x + 0.5 * h * k1x, y + 0.5 * h * k1y)
        k3x, k3y = slopes(a, b, c, d, x + 0.5 * h * k2x, y + 0.5 * h * k2y)
        k4x, k4y = slopes(a, b, c, d, x + h * k3x, y + h * k3y)
        x = x + h / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
        y = y + h / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
    return total


def of_array(p, steps, every, measured):
    """The state as an array, as with SciPy's solvers."""
    h = 20.0 / steps
    state = np.array([10.0, 5.0])
    total = 0.0

    def slope(s):
        return np.array([p[0] * s[0] - p[1] * s[0] * s[1], p[2] * s[0] * s[1] - p[3] * s[1]])

    for i in range(steps):
        if i % every == 0:
            e = state - measured[i // every]
            total = total + 0.5 * np.sum(e * e)
        k1 = slope(state)
        k2 = slope(state + 0.5 * h * k1)
        k3 = slope(state + 0.5 * h * k2)
        k4 = slope(state + h * k3)
        state = state + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return total


def with_jax(args):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    *p, steps, every, measured = args
    h, seen = 20.0 / steps, jnp.asarray(measured)

    def f(p):
        def one(state, i):
            x, y, total = state
            e = jnp.sum((jnp.stack((x, y)) - seen[i // every]) ** 2)
            total = total + jnp.where(i % every == 0, 0.5 * e, 0.0)
            k1x, k1y = slopes(*p, x, y)
            k2x, k2y = slopes(*p, x + 0.5 * h * k1x, y + 0.5 * h * k1y)
            k3x, k3y = slopes(*p, x + 0.5 * h * k2x, y + 0.5 * h * k2y)
            k4x, k4y = slopes(*p, x + h * k3x, y + h * k3y)
            x = x + h / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
            return (x, y + h / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y), total), None

        return jax.lax.scan(one, (10.0, 5.0, 0.0), jnp.arange(steps))[0][2]

    g, given = jax.jit(jax.grad(f)), [jnp.float64(v) for v in p]
    return lambda: jax.block_until_ready(g(given))


def cases(quick=False):
    steps, every = (20, 5) if quick else (1000, 50)
    rng = np.random.default_rng(0)
    measured = rng.uniform(2.0, 15.0, size=(steps // every, 2))
    p = (1.1, 0.4, 0.1, 0.4)
    args = (*p, steps, every, [tuple(row) for row in measured.tolist()])
    return [
        Case(
            f"{steps:,} steps, floats", misfit, args, wrt=(0, 1, 2, 3), auto="torch autograd",
            peers={"jax, scan": lambda: with_jax(args)}, size=steps,
        ),
        Case(f"{steps:,} steps, arrays", of_array, (np.array(p), steps, every, measured), wrt=(0,), compiled=False),
    ]  # fmt: skip
