"""Probes 1 to 5: what rules and recomputed functions close over; recomputation, its memory and its state."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import pullback as pb
from probes.judging import jax_in_double, probe, torch_gradient

# 1, 2 -- what a rule, or a recomputed function, closes over ----------------------------------------------------------


@probe(1, "a custom rule that closes over a differentiated value", 6.0)
class _:
    @staticmethod
    def pullback() -> Any:
        def f(x):
            scaled = pb.differentiable_function(lambda t: (x * t, lambda v: v * x))
            return scaled(x)

        return pb.gradient(f)(3.0)

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()

        def f(x):
            scaled = jax.custom_vjp(lambda t: x * t)
            scaled.defvjp(lambda t: (x * t, None), lambda _, v: (v * x,))
            return scaled(x)

        return jax.grad(f)(3.0)

    @staticmethod
    def torch() -> Any:
        import torch

        def f(x):
            class Scaled(torch.autograd.Function):
                @staticmethod
                def forward(ctx, t):
                    return x * t

                @staticmethod
                def backward(ctx, v):
                    return v * x

            return Scaled.apply(x)

        return torch_gradient(f, 3.0)

    @staticmethod
    def autograd() -> Any:
        import autograd
        from autograd.extend import defvjp, primitive

        def f(x):
            scaled = primitive(lambda t: x * t)
            defvjp(scaled, lambda ans, t: lambda v: v * x)
            return scaled(x)

        return autograd.grad(f)(3.0)


@probe(2, "a recomputed function that closes over a differentiated value", 6.0)
class _:
    @staticmethod
    def pullback() -> Any:
        def f(x):
            return pb.recomputed(lambda t: x * t)(x)

        return pb.gradient(f)(3.0)

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()
        return jax.grad(lambda x: jax.checkpoint(lambda t: x * t)(x))(3.0)

    @staticmethod
    def torch() -> Any:
        from torch.utils.checkpoint import checkpoint

        return torch_gradient(lambda x: checkpoint(lambda t: x * t, x, use_reentrant=False), 3.0)

    @staticmethod
    def autograd() -> Any:
        import autograd
        from autograd.differential_operators import checkpoint

        return autograd.grad(lambda x: checkpoint(lambda t: x * t)(x))(3.0)


# 3 -- a recomputation must save memory: the answer is (1, 1) for "less than half of what is kept without it" -----

SIZE, DEPTH, BLOCKS = 100_000, 10, 4


def _chain(x):
    for _ in range(DEPTH):
        x = np.sin(x) * 1.01
    return x


def _blocks(x, block):
    for _ in range(BLOCKS):
        x = block(x)
    return x


def _kept_by_pullback(block: Any) -> int:
    x = np.linspace(0.0, 1.0, SIZE)
    f = lambda x: _blocks(x, block)
    pb.value_with_pullback(f, wrt="x")(x)  # generated once, before memory is counted
    tracemalloc.start()
    held = pb.value_with_pullback(f, wrt="x")(x)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del held
    return kept


@probe(3, "a recomputation that saves no memory", 1.0)
class _:
    @staticmethod
    def pullback() -> Any:
        return float(_kept_by_pullback(pb.recomputed(_chain)) < 0.5 * _kept_by_pullback(_chain))

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()
        import jax.numpy as jnp

        def chain(x):
            for _ in range(DEPTH):
                x = jnp.sin(x) * 1.01
            return x

        def kept(block):
            pull = jax.vjp(lambda x: _blocks(x, block), jnp.linspace(0.0, 1.0, SIZE))[1]
            return sum(leaf.nbytes for leaf in jax.tree_util.tree_leaves(pull))

        return float(kept(jax.checkpoint(chain)) < 0.5 * kept(chain))

    @staticmethod
    def torch() -> Any:
        import torch
        from torch.utils.checkpoint import checkpoint

        def chain(x):
            for _ in range(DEPTH):
                x = torch.sin(x) * 1.01
            return x

        def kept(block):
            held = {}

            def pack(t):
                held[t.data_ptr()] = t.nbytes
                return t

            x = torch.linspace(0, 1, SIZE, dtype=torch.float64, requires_grad=True)
            with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
                y = _blocks(x, block)
            return sum(held.values()) + y.nbytes

        return float(kept(lambda x: checkpoint(chain, x, use_reentrant=False)) < 0.5 * kept(chain))

    @staticmethod
    def autograd() -> Any:
        import autograd.numpy as anp
        from autograd.core import make_vjp
        from autograd.differential_operators import checkpoint

        def chain(x):
            for _ in range(DEPTH):
                x = anp.sin(x) * 1.01
            return x

        def kept(block):
            tracemalloc.start()
            held = make_vjp(lambda x: _blocks(x, block), np.linspace(0.0, 1.0, SIZE))
            size = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            del held
            return size

        return float(kept(checkpoint(chain)) < 0.5 * kept(chain))


# 4, 5 -- a recomputation that computes something else the second time ------------------------------------------------


def _square(u):
    return u * u


@probe(4, "a recomputation after state has changed", 24.0)
class _:
    @staticmethod
    def pullback() -> Any:
        state = {"k": 2.0}
        square = pb.recomputed(lambda t: _square(t * state["k"]))
        pull = pb.pullback(lambda x: square(x))(3.0)
        state["k"] = 7.0
        return pull(1.0)

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()
        state = {"k": 2.0}
        pull = jax.vjp(jax.checkpoint(lambda t: _square(t * state["k"])), 3.0)[1]
        state["k"] = 7.0
        return pull(1.0)[0]

    @staticmethod
    def torch() -> Any:
        import torch
        from torch.utils.checkpoint import checkpoint

        state = {"k": 2.0}
        x = torch.tensor(3.0, requires_grad=True)
        y = checkpoint(lambda t: _square(t * state["k"]), x, use_reentrant=False)
        state["k"] = 7.0
        y.backward()
        return x.grad.item()

    @staticmethod
    def autograd() -> Any:
        from autograd.core import make_vjp
        from autograd.differential_operators import checkpoint

        state = {"k": 2.0}
        pull = make_vjp(checkpoint(lambda t: _square(t * state["k"])), 3.0)[0]
        state["k"] = 7.0
        return pull(1.0)


def _is_slope(value: Any, tangent: Any) -> float:
    """1 where the gradient of `(x * noise)²` has the noise of the forward sweep: it is 2 value / x, at x = 3."""
    return float(abs(2.0 * float(value) / 3.0 - float(tangent)) < 1e-6)


def _random_probe(title: str, draw: Callable[[], Callable[[], float]]) -> None:
    """`draw()` makes a source of random numbers; the recomputed function multiplies by one of them."""

    @probe(5, title, 1.0)
    class _:
        @staticmethod
        def pullback() -> Any:
            noise = draw()
            value, pull = pb.value_with_pullback(pb.recomputed(lambda t: _square(t * noise())))(3.0)
            return _is_slope(value, pull(1.0))

        @staticmethod
        def jax() -> Any:
            jax, noise = jax_in_double(), draw()
            value, pull = jax.vjp(jax.checkpoint(lambda t: _square(t * noise())), 3.0)
            return _is_slope(value, pull(1.0)[0])

        @staticmethod
        def torch() -> Any:
            import torch
            from torch.utils.checkpoint import checkpoint

            noise = draw()
            x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
            y = checkpoint(lambda t: _square(t * noise()), x, use_reentrant=False)
            y.backward()
            return _is_slope(y.item(), x.grad.item())

        @staticmethod
        def autograd() -> Any:
            from autograd.core import make_vjp
            from autograd.differential_operators import checkpoint

            noise = draw()
            pull, value = make_vjp(checkpoint(lambda t: _square(t * noise())), 3.0)
            return _is_slope(value, pull(1.0))


def _generator() -> Callable[[], float]:
    rng = np.random.default_rng(5)
    return lambda: rng.random()


_random_probe("a recomputation that draws from `random`", lambda: random.random)
_random_probe("a recomputation that draws from `numpy.random`", lambda: np.random.rand)
_random_probe("a recomputation that draws from the user's generator", _generator)
