"""Scalar code: a function of six operations, and a loop of 1,000 iterations."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable

import pullback as pb

X, Y = 0.7, 1.3
STEPS, SLOPE = 1000, 0.002


def six(x, y):
    return math.sin(x) * y + x / (1.0 + y * y)


def loop(x):
    y = 0.0
    for _ in range(STEPS):
        y = y + x * y * 0.5 + x
    return y


# Each candidate calls what it times ten times: a call through the harness costs about as much as `six` itself.
REPEATS = 10


def six_candidates() -> dict[str, Callable[[], object]]:
    """The plain function, its gradient and value-with-gradient, and the peers' gradients, ten calls each."""
    gradient, both = pb.gradient(six), pb.value_with_gradient(six)

    def plain():
        for _ in range(REPEATS):
            six(X, Y)

    def ours():
        for _ in range(REPEATS):
            gradient(X, Y)

    def ours_with_value():
        for _ in range(REPEATS):
            both(X, Y)

    def by_hand():
        for _ in range(REPEATS):
            _six_by_hand(X, Y)

    found = {"plain": plain, "pullback": ours, "pullback, with the value": ours_with_value, "by hand": by_hand}
    if _has("autograd"):
        import autograd
        import autograd.numpy as anp

        of_autograd = autograd.grad(lambda x, y: anp.sin(x) * y + x / (1.0 + y * y), (0, 1))
        found["autograd"] = lambda: [of_autograd(X, Y) for _ in range(REPEATS)]
    if _has("torch"):
        import torch

        tx, ty = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (X, Y))

        def of_torch():
            for _ in range(REPEATS):
                torch.autograd.grad(torch.sin(tx) * ty + tx / (1.0 + ty * ty), (tx, ty))

        found["torch"] = of_torch
    if _has("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
        import jax.numpy as jnp

        of_jax = jax.jit(jax.grad(lambda x, y: jnp.sin(x) * y + x / (1.0 + y * y), (0, 1)))
        jx, jy = jnp.float64(X), jnp.float64(Y)
        found["jax, jitted"] = lambda: [jax.block_until_ready(of_jax(jx, jy)) for _ in range(REPEATS)]
    return found


def _six_by_hand(x, y):
    """What a person would write: the level to reach."""
    s = 1.0 + y * y
    return math.cos(x) * y + 1.0 / s, math.sin(x) - x / (s * s) * 2.0 * y


def loop_candidates() -> dict[str, Callable[[], object]]:
    """The plain loop, its gradient, and the peers' gradients of it."""
    gradient = pb.gradient(loop)
    found: dict[str, Callable[[], object]] = {
        "plain": lambda: loop(SLOPE), "pullback": lambda: gradient(SLOPE), "by hand": lambda: _loop_by_hand(SLOPE)
    }  # fmt: skip
    if _has("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
        import jax.numpy as jnp

        def scanned(x):
            return jax.lax.scan(lambda y, _: (y + x * y * 0.5 + x, None), 0.0, None, length=STEPS)[0]

        of_jax, jx = jax.jit(jax.grad(scanned)), jnp.float64(SLOPE)
        found["jax, jitted scan"] = lambda: jax.block_until_ready(of_jax(jx))
    if _has("torch"):
        import torch

        tx = torch.tensor(SLOPE, dtype=torch.float64, requires_grad=True)
        found["torch"] = lambda: torch.autograd.grad(loop(tx), tx)
    if _has("autograd"):
        import autograd

        of_autograd = autograd.grad(loop)
        found["autograd"] = lambda: of_autograd(SLOPE)
    return found


def _loop_by_hand(x):
    """Forward and reverse sweep, as a person would write them."""
    ys = []
    y = 0.0
    for _ in range(STEPS):
        ys.append(y)
        y = y + x * y * 0.5 + x
    d_y, d_x = 1.0, 0.0
    for y in reversed(ys):
        d_x += d_y * (y * 0.5 + 1.0)
        d_y += d_y * x * 0.5
    return d_x


def _has(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


def check() -> None:
    """The candidates compute the same numbers."""
    gx, gy = pb.gradient(six)(X, Y)
    hx, hy = _six_by_hand(X, Y)
    assert math.isclose(gx, hx, rel_tol=1e-12) and math.isclose(gy, hy, rel_tol=1e-12)
    assert math.isclose(pb.gradient(loop)(SLOPE), _loop_by_hand(SLOPE), rel_tol=1e-9)
