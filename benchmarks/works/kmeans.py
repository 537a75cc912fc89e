"""GradBench's k-means: the gradient of the cost by the centroids, the diagonal of its Hessian, Newton's step.

The Hessian has entries on its diagonal only, so one Hessian-vector product with ones reads all of it.
"""

from __future__ import annotations

import numpy as np
from case import Case

import pullback as pb


def cost(centroids, points):
    between = points[:, None, :] - centroids[None, :, :]
    return np.sum(np.min(np.sum(between * between, axis=2), axis=1))


def as_loops(centroids, points):
    total = 0.0
    for i in range(points.shape[0]):
        best = 1e300
        for k in range(centroids.shape[0]):
            square = 0.0
            for j in range(points.shape[1]):
                step = points[i, j] - centroids[k, j]
                square += step * step
            best = min(best, square)
        total += best
    return total


def newton_step(centroids, points):
    gradient = pb.gradient(cost, wrt=0)
    ones = np.ones_like(centroids)
    return gradient(centroids, points) / pb.hvp(lambda c: cost(c, points))(centroids, ones)


def newton_by_torch(centroids, points):
    import torch

    torch.set_num_threads(1)
    p = torch.tensor(points)

    def f(c):
        return ((p[:, None, :] - c[None, :, :]) ** 2).sum(2).min(1).values.sum()

    def step():
        c = torch.tensor(centroids, requires_grad=True)
        (g,) = torch.autograd.grad(f(c), c, create_graph=True)
        (h,) = torch.autograd.grad(g.sum(), c)
        return g.detach() / h

    return step


def newton_by_jax(centroids, points):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    p = jnp.asarray(points)

    def f(c):
        between = p[:, None, :] - c[None, :, :]
        return jnp.sum(jnp.min(jnp.sum(between * between, axis=2), axis=1))

    @jax.jit
    def step(c):
        g, h = jax.jvp(jax.grad(f), (c,), (jnp.ones_like(c),))
        return g / h

    c = jnp.asarray(centroids)
    return lambda: jax.block_until_ready(step(c))


def cases(quick=False):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(20 if quick else 1000, 8))
    centroids = points[:5] + 0.1
    return [
        Case("gradient, NumPy", cost, (centroids, points), wrt=(0,), auto="torch jax autograd", compiled=False),
        Case(
            "Newton's step, NumPy", cost, (centroids, points),
            make_ours=lambda: lambda: newton_step(centroids, points), compiled=False,
            peers={
                "torch": lambda: newton_by_torch(centroids, points), "jax": lambda: newton_by_jax(centroids, points)
            },
        ),
        Case("gradient, loops", as_loops, (centroids, points), wrt=(0,), interpreted=quick),
    ]  # fmt: skip
