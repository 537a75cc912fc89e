"""Probes 14 to 16: plain dataclasses, float fields, dicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import pullback as pb
import pullback.nn
from probes.judging import jax_in_double, probe, torch_gradient

# 14, 15, 16 -- structures --------------------------------------------------------------------------------------------


@dataclass
class Line:
    """A plain dataclass: nobody registered it anywhere."""

    slope: Any
    offset: Any


def _at_three(line):
    return line.slope * 3.0 + line.offset * line.offset


@probe(14, "a plain dataclass as argument", (3.0, 4.0))
class _:
    @staticmethod
    def pullback() -> Any:
        t = pb.gradient(_at_three)(Line(1.5, 2.0))
        return t.slope, t.offset

    @staticmethod
    def jax() -> Any:
        t = jax_in_double().grad(_at_three)(Line(1.5, 2.0))
        return t.slope, t.offset

    @staticmethod
    def torch() -> Any:
        import torch

        t = torch.func.grad(_at_three)(Line(torch.tensor(1.5), torch.tensor(2.0)))
        return t.slope, t.offset

    @staticmethod
    def autograd() -> Any:
        import autograd

        t = autograd.grad(_at_three)(Line(1.5, 2.0))
        return t.slope, t.offset


@probe(14, "a float field of a model", (4.0, 6.0))
class _:
    """y = scale * (weight * 2), weight 3 and scale 2; a model's parameters are those its library lists."""

    @staticmethod
    def pullback() -> Any:
        class Model(pb.nn.Layer):
            def __init__(self):
                self.weight = np.array(3.0)
                self.scale = 2.0

            def __call__(self, x):
                return self.scale * (self.weight * x)

        t = pb.gradient(lambda m: m(2.0))(Model())
        return t.weight, t.scale

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()

        @jax.tree_util.register_pytree_node_class
        class Model:
            def __init__(self, weight, scale):
                self.weight, self.scale = weight, scale

            def tree_flatten(self):
                return (self.weight, self.scale), None

            @classmethod
            def tree_unflatten(cls, aux, leaves):
                return cls(*leaves)

            def __call__(self, x):
                return self.scale * (self.weight * x)

        t = jax.grad(lambda m: m(2.0))(Model(np.array(3.0), 2.0))
        return t.weight, t.scale

    @staticmethod
    def torch() -> Any:
        import torch

        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = torch.nn.Parameter(torch.tensor(3.0))
                self.scale = 2.0

            def forward(self, x):
                return self.scale * (self.weight * x)

        model = Model()
        model(2.0).backward()
        found = {name: p.grad.item() for name, p in model.named_parameters()}
        return found.get("weight"), found.get("scale")


@probe(15, "a dataclass as result of a rule", 3.0 + 4.0)
class _:
    """make(x) = Line(3x, x²) at x = 2, and the sum of both fields."""

    @staticmethod
    def pullback() -> Any:
        make = pb.differentiable_function(
            lambda x: (Line(3.0 * x, x * x), lambda v: v.slope * 3.0 + v.offset * 2.0 * x)
        )

        def f(x):
            line = make(x)
            return line.slope + line.offset

        return pb.gradient(f)(2.0)

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()
        make = jax.custom_vjp(lambda x: Line(3.0 * x, x * x))
        make.defvjp(lambda x: (Line(3.0 * x, x * x), x), lambda x, v: (v.slope * 3.0 + v.offset * 2.0 * x,))

        def f(x):
            line = make(x)
            return line.slope + line.offset

        return jax.grad(f)(2.0)

    @staticmethod
    def torch() -> Any:
        import torch

        class Make(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return Line(3.0 * x, x * x)

            @staticmethod
            def backward(ctx, v):
                return v.slope * 3.0 + v.offset * 2.0

        def f(x):
            line = Make.apply(x)
            return line.slope + line.offset + 0.0 * x  # something to call backward on

        return torch_gradient(f, 2.0)

    @staticmethod
    def autograd() -> Any:
        import autograd
        from autograd.extend import defvjp, primitive

        make = primitive(lambda x: Line(3.0 * x, x * x))
        defvjp(make, lambda ans, x: lambda v: v.slope * 3.0 + v.offset * 2.0 * x)

        def f(x):
            line = make(x)
            return line.slope + line.offset

        return autograd.grad(f)(2.0)


def _of_dict(p):
    return p["w"] * 3.0 + p["b"] * p["b"]


@probe(16, "a dict argument", (3.0, 4.0))
class _:
    @staticmethod
    def pullback() -> Any:
        return pb.gradient(_of_dict)({"w": 1.5, "b": 2.0})

    @staticmethod
    def jax() -> Any:
        found = jax_in_double().grad(_of_dict)({"w": 1.5, "b": 2.0})
        return found["w"], found["b"]

    @staticmethod
    def torch() -> Any:
        import torch

        return torch.func.grad(_of_dict)({"w": torch.tensor(1.5), "b": torch.tensor(2.0)})

    @staticmethod
    def autograd() -> Any:
        import autograd

        return autograd.grad(_of_dict)({"w": 1.5, "b": 2.0})


@probe(16, "a dict argument of a rule", (3.0, 4.0))
class _:
    @staticmethod
    def pullback() -> Any:
        rule = pb.differentiable_function(lambda p: (_of_dict(p), lambda v: {"w": v * 3.0, "b": v * 2.0 * p["b"]}))
        return pb.gradient(lambda p: rule(p) * 1.0)({"w": 1.5, "b": 2.0})

    @staticmethod
    def jax() -> Any:
        jax = jax_in_double()
        rule = jax.custom_vjp(_of_dict)
        rule.defvjp(lambda p: (_of_dict(p), p), lambda p, v: ({"w": v * 3.0, "b": v * 2.0 * p["b"]},))
        found = jax.grad(lambda p: rule(p) * 1.0)({"w": 1.5, "b": 2.0})
        return found["w"], found["b"]

    @staticmethod
    def torch() -> Any:
        import torch

        class Rule(torch.autograd.Function):
            @staticmethod
            def forward(ctx, p):
                return _of_dict(p)

            @staticmethod
            def backward(ctx, v):
                return {"w": v * 3.0, "b": v * 4.0}

        return torch_gradient(lambda w, b: Rule.apply({"w": w, "b": b}) + 0.0 * (w + b), 1.5, 2.0)

    @staticmethod
    def autograd() -> Any:
        import autograd
        from autograd.extend import defvjp, primitive

        rule = primitive(_of_dict)
        defvjp(rule, lambda ans, p: lambda v: {"w": v * 3.0, "b": v * 2.0 * p["b"]})
        return autograd.grad(lambda p: rule(p) * 1.0)({"w": 1.5, "b": 2.0})
