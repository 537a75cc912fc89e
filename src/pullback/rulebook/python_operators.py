"""Derivatives of Python's operators, and of the built-in functions that mean the same."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy import swapaxes

from pullback.rulebook.powers import power_base, power_exponent
from pullback.rules import constant, elementwise, rule


def matmul_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `a` in a @ b (Giles 2008, 2.2.1, with batches and vectors)."""
    if g.__class__ is np.ndarray and a.ndim == 2 and b.ndim == 2:
        return g @ b.T
    a2 = a[None, :] if a.ndim == 1 else a
    b2 = b[:, None] if b.ndim == 1 else b
    out = _matrix(g, a, b) @ swapaxes(b2, -1, -2)
    return _summed(out, a2.shape).reshape(a.shape)


def matmul_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `b` in a @ b."""
    if g.__class__ is np.ndarray and a.ndim == 2 and b.ndim == 2:
        return a.T @ g
    a2 = a[None, :] if a.ndim == 1 else a
    b2 = b[:, None] if b.ndim == 1 else b
    out = swapaxes(a2, -1, -2) @ _matrix(g, a, b)
    return _summed(out, b2.shape).reshape(b.shape)


def _matrix(g: Any, a: Any, b: Any) -> Any:
    """The cotangent with the axes that vector operands lost."""
    g = np.asarray(g)
    if b.ndim == 1:
        g = g[..., None]
    return g[..., None, :] if a.ndim == 1 else g


def _summed(g: Any, shape: tuple[int, ...]) -> Any:
    """A batch of matrices summed to the batch shape of the operand."""
    extra = g.ndim - len(shape)
    if extra:
        g = g.sum(axis=tuple(range(extra)))
    axes = tuple(i for i, n in enumerate(shape[:-2]) if n == 1 != g.shape[i])
    return g.sum(axis=axes, keepdims=True) if axes else g


def modulus_divisor(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of `b` in a % b = a - b floor(a / b)."""
    return -g * (a // b)


elementwise(operator.add, "a, b", a="g", b="g")
elementwise(operator.sub, "a, b", a="g", b="-g")
elementwise(operator.mul, "a, b", a="g * b", b="g * a")
elementwise(operator.truediv, "a, b", a="g / b", b="-g * y / b")
elementwise(operator.mod, "a, b", a="g", b="modulus_divisor(g, a, b)")
elementwise(operator.pow, "a, b", a="power_base(g, a, b)", b="power_exponent(g, a, y)")
elementwise(operator.neg, "a", a="-g")
elementwise(operator.pos, "a", a="g")
rule(operator.matmul, "a, b", a="matmul_left(g, a, b)", b="matmul_right(g, a, b)", a_dot="a_dot @ b", b_dot="a @ b_dot")
constant(operator.floordiv, operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge)
constant(operator.not_, operator.is_, operator.is_not, operator.contains, operator.index)
constant(operator.invert, operator.lshift, operator.rshift, operator.and_, operator.or_, operator.xor)

__all__ = ["power_base", "power_exponent"]
