"""A loop of 1,000 iterations over floats; it grows with the number of iterations."""

from __future__ import annotations

import numpy as np
from case import Case
from peers import njit

X = 0.002


def loop(x, n):
    y = 0.0
    for _ in range(n):
        y = y + x * y * 0.5 + x
    return y


def by_hand(x, n):
    ys = []
    y = 0.0
    for _ in range(n):
        ys.append(y)
        y = y + x * y * 0.5 + x
    d_y, d_x = 1.0, 0.0
    for y in reversed(ys):
        d_x += d_y * (y * 0.5 + 1.0)
        d_y += d_y * x * 0.5
    return d_x


def for_numba(x, n):
    ys = np.empty(n)
    y = 0.0
    for i in range(n):
        ys[i] = y
        y = y + x * y * 0.5 + x
    d_y, d_x = 1.0, 0.0
    for i in range(n - 1, -1, -1):
        d_x += d_y * (ys[i] * 0.5 + 1.0)
        d_y += d_y * x * 0.5
    return d_x


def with_jax():
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    def scanned(x):
        return jax.lax.scan(lambda y, _: (y + x * y * 0.5 + x, None), 0.0, None, length=1000)[0]

    g, x = jax.jit(jax.grad(scanned)), jnp.float64(X)
    return lambda: jax.block_until_ready(g(x))


def cases(quick=False):
    found = []
    for n in (100, 1000) if quick else (100, 1000, 10_000, 100_000):
        middle = n == 1000
        found.append(
            Case(
                f"{n:,} iterations", loop, (X / (n / 1000), n), wrt=(0,), size=n, seconds=2.0 if middle else 1.0,
                auto="torch autograd" if middle else "", peers={"jax, scan": with_jax} if middle else {},
                by_hand=lambda n=n: by_hand(X / (n / 1000), n), numba=njit(for_numba, X / (n / 1000), n),
            )
        )  # fmt: skip
    return found
