"""Probes 6 to 10: an input changed between the sweeps, malformed rules, forward mode without a rule for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pullback as pb
from probes.judging import NOTHING, Absent, jax_in_double, probe

# 6 -- an input array changed between the forward sweep and the pullback ----------------------------------------------


@probe(6, "an input array changed before the pullback", [2.0, 4.0])
class _:
    @staticmethod
    def pullback() -> Any:
        a = np.array([1.0, 2.0])
        pull = pb.pullback(lambda a: np.sum(a * a))(a)
        a[0] = 50.0
        return pull(1.0)

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()
        a = np.array([1.0, 2.0])
        pull = jax.vjp(lambda a: (a * a).sum(), a)[1]
        a[0] = 50.0
        return pull(np.float64(1.0))[0]

    @staticmethod
    def torch() -> Any:
        import torch

        a = np.array([1.0, 2.0])
        x = torch.from_numpy(a).requires_grad_()
        y = (x * x).sum()
        a[0] = 50.0
        y.backward()
        return x.grad.numpy()

    @staticmethod
    def autograd() -> Any:
        import autograd.numpy as anp
        from autograd.core import make_vjp

        a = np.array([1.0, 2.0])
        pull = make_vjp(lambda a: anp.sum(a * a), a)[0]
        a[0] = 50.0
        return pull(1.0)


# 7, 8, 9 -- a rule whose pullback returns something malformed --------------------------------------------------------


def _malformed(number: int, title: str, wrong: Callable[[Any], Any], expected: Any, argument: Any, **also: Any) -> None:
    """A rule for the sum of an array whose pullback returns `wrong(right tangent)`."""

    @probe(number, title, expected, **also)
    class _:
        @staticmethod
        def pullback() -> Any:
            total = pb.differentiable_function(lambda a: (np.sum(a), lambda v: wrong(np.full(np.shape(a), v))))
            return _as_kept(pb.gradient(lambda a: total(a) * 2.0)(argument), argument)

        @staticmethod
        def jax() -> Any:
            jax = jax_in_double()
            import jax.numpy as jnp

            total = jax.custom_vjp(lambda a: a.sum())
            total.defvjp(lambda a: (a.sum(), None), lambda _, v: (wrong(jnp.full(argument.shape, v)),))
            return _as_kept(jax.grad(lambda a: total(a) * 2.0)(jnp.asarray(argument)), argument)

        @staticmethod
        def torch() -> Any:
            import torch

            class Total(torch.autograd.Function):
                @staticmethod
                def forward(ctx, a):
                    return a.sum()

                @staticmethod
                def backward(ctx, v):
                    return wrong(v * torch.ones(argument.shape, dtype=torch.float64))

            x = torch.tensor(argument, requires_grad=True)
            (Total.apply(x) * 2.0).backward()
            return _as_kept(x.grad, argument)

        @staticmethod
        def autograd() -> Any:
            import autograd
            from autograd.extend import defvjp, primitive

            total = primitive(lambda a: np.sum(a))
            defvjp(total, lambda ans, a: lambda v: wrong(np.full(argument.shape, v)))
            return _as_kept(autograd.grad(lambda a: total(a) * 2.0)(argument), argument)


def _as_kept(t: Any, argument: Any) -> Any:
    """The tangent, or for a float32 argument whether the tangent is float32 too."""
    if argument.dtype == np.float32:
        return float(str(getattr(t, "dtype", "")).endswith("float32"))
    return t


_malformed(7, "a rule that returns the wrong shape", lambda t: t[:1], NOTHING, np.ones(3))
_malformed(8, "a rule that returns the wrong dtype", lambda t: t * np.ones(3), 1.0, np.ones(3, np.float32))
_malformed(9, "a rule that returns one tangent too many", lambda t: (t, t), NOTHING, np.ones(3))
# in JAX and PyTorch, None is the documented way to say zero
_malformed(9, "a rule that returns None", lambda t: None, [2.0, 2.0, 2.0], np.ones(3), jax=[0.0] * 3, torch=None)


# 10 -- forward mode through a function that has a VJP alone ----------------------------------------------------------


@probe(10, "forward mode through a function with only a VJP", 12.0)
class _:
    @staticmethod
    def pullback() -> Any:
        if not hasattr(pb, "differential"):
            raise Absent("no forward mode yet")
        cube = pb.differentiable_function(lambda x: (x**3, lambda v: v * 3 * x * x))
        return pb.differential(lambda x: cube(x))(2.0)(1.0)

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()
        cube = jax.custom_vjp(lambda x: x**3)
        cube.defvjp(lambda x: (x**3, x), lambda x, v: (v * 3 * x * x,))
        return jax.jvp(lambda x: cube(x), (2.0,), (1.0,))[1]

    @staticmethod
    def torch() -> Any:
        import torch
        import torch.autograd.forward_ad as fwd

        class Cube(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**3

            @staticmethod
            def backward(ctx, v):
                return v * 3 * ctx.saved_tensors[0] ** 2

        with fwd.dual_level():
            x = fwd.make_dual(torch.tensor(2.0), torch.tensor(1.0))
            tangent = fwd.unpack_dual(Cube.apply(x)).tangent
            return None if tangent is None else tangent.item()

    @staticmethod
    def autograd() -> Any:
        from autograd.differential_operators import make_jvp
        from autograd.extend import defvjp, primitive

        cube = primitive(lambda x: x**3)
        defvjp(cube, lambda ans, x: lambda v: v * 3 * x * x)
        return make_jvp(lambda x: cube(x))(2.0)(1.0)[1]
