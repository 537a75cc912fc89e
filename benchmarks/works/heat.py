"""The heat equation on a square, by an in-place stencil: the derivative by the start and by the conductivity."""

from __future__ import annotations

import numpy as np
from case import Case


def spread(u, k, steps):
    """A jump forward in time; the last temperature of the middle."""
    u = u.copy()
    for _ in range(steps):
        u[1:-1, 1:-1] += k * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
    n = u.shape[0]
    return np.sum(u[n // 4 : -n // 4, n // 4 : -n // 4] ** 2)


def as_loops(u, k, steps):
    """The same, entry by entry, between two arrays."""
    n = u.shape[0]
    a = u.copy()
    b = u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                b[i, j] = a[i, j] + k * (a[i + 1, j] + a[i - 1, j] + a[i, j + 1] + a[i, j - 1] - 4.0 * a[i, j])
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = b[i, j]
    total = 0.0
    for i in range(n // 4, n + (-n // 4)):
        for j in range(n // 4, n + (-n // 4)):
            total += a[i, j] * a[i, j]
    return total


def functional(u, k, steps):
    """Without changes in place, for the peers that have none."""
    for _ in range(steps):
        inner = u[1:-1, 1:-1]
        inner = inner + k * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * inner)
        middle = np.concatenate((u[1:-1, :1], inner, u[1:-1, -1:]), 1)
        u = np.concatenate((u[:1], middle, u[-1:]), 0)
    n = u.shape[0]
    return np.sum(u[n // 4 : -n // 4, n // 4 : -n // 4] ** 2)


def with_jax(args):
    """JAX's own loop: with the steps written out it takes minutes to compile."""
    import jax
    import jax.numpy as jnp

    u, k, steps = args

    def f(u, k):
        def one(u, _):
            inner = u[1:-1, 1:-1]
            inner = inner + k * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * inner)
            return u.at[1:-1, 1:-1].set(inner), None

        n = u.shape[0]
        end = jax.lax.scan(one, u, None, length=steps)[0]
        return jnp.sum(end[n // 4 : -n // 4, n // 4 : -n // 4] ** 2)

    g, given = jax.jit(jax.grad(f, (0, 1))), (jnp.asarray(u), jnp.float64(k))
    return lambda: jax.block_until_ready(g(*given))


def cases(quick=False):
    n, steps = (8, 3) if quick else (64, 100)
    u = np.random.default_rng(0).normal(size=(n, n))
    args = (u, 0.1, steps)
    other = Case("", functional, args, wrt=(0, 1))

    def peer(name):
        def make():
            from peers import AUTO

            return AUTO[name](other)

        return make

    return [
        Case(f"{n} × {n}, {steps} steps, NumPy", spread, args, wrt=(0, 1), compiled=False,
             peers={"torch": peer("torch"), "jax, scan": lambda: with_jax(args), "autograd": peer("autograd")}),
        Case(f"{n} × {n}, {steps} steps, loops", as_loops, args, wrt=(0, 1), interpreted=quick),
    ]  # fmt: skip
