"""Derivatives of Python's operators, and of the built-in functions that mean the same."""

from __future__ import annotations

import operator
from typing import Any

from pullback.rulebook.array_likes import form
from pullback.rulebook.numpy_linear import matmul_left, matmul_right
from pullback.rulebook.powers import power_base, power_exponent
from pullback.rules import constant, elementwise, rule


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
rule(operator.matmul, "a, b", a="matmul_left(g, b, form(a))", b="matmul_right(g, a, form(b))", _linear="a, b")
constant(operator.floordiv, operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge)
constant(operator.not_, operator.is_, operator.is_not, operator.contains, operator.index)
constant(operator.invert, operator.lshift, operator.rshift, operator.and_, operator.or_, operator.xor)

__all__ = ["form", "matmul_left", "matmul_right", "power_base", "power_exponent"]
