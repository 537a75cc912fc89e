"""Derivatives of Python's built-in functions, and the ones that have none."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.powers import power_base, power_exponent
from pullback.rules import constant, elementwise, rule
from pullback.tangents import ZERO


def absolute(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of |x|: g sign(x), and g conj(x)/|x| for complex x; 0 at 0."""
    if x.__class__ is float:
        return g if x > 0 else -g if x < 0 else 0.0 * g
    if isinstance(x, (complex, np.complexfloating)) or np.iscomplexobj(x):
        safe = np.where(np.asarray(y) == 0, 1, y)
        return np.real(g) * np.conj(x) / safe
    return g * np.sign(x)


def absolute_tangent(x_dot: Any, x: Any, y: Any) -> Any:
    """The tangent of |x|: its part along x, which is real."""
    return np.real(absolute(1.0, x, y) * x_dot) if np.iscomplexobj(x) else absolute(x_dot, x, y)


def real_part(g: Any) -> Any:
    """The real part of a cotangent: that of a real value."""
    return g if g.__class__ is float else g.real


elementwise(abs, "x", x="absolute(g, x, y)", x_dot="absolute_tangent(x_dot, x, y)")
rule(float, "x", x="fit(g, x)", x_dot="fit(x_dot, y)", _returns="float")
rule(
    complex,
    "real, imag=0",
    real="fit(g, real)",
    imag="fit(1j * g, imag)",
    real_dot="complex(real_dot)",
    imag_dot="1j * imag_dot",
)
rule(
    divmod,
    "a, b",
    a="fit(g[1], a)",
    b="fit(-g[1] * y[0], b)",
    a_dot="(ZERO, fit(a_dot, y[1]))",
    b_dot="(ZERO, fit(-b_dot * y[0], y[1]))",
    _returns="tuple",
)
elementwise(
    pow, "base, exp", base="power_base(g, base, exp)", exp="power_exponent(g, base, y)", _returns="numeric"
)
constant(len, returns="int")
constant(int, returns="int")
constant(isinstance, issubclass, bool, callable, hasattr, all, any, returns="bool")
constant(str, repr, format, ascii, chr, bin, hex, oct, returns="str")
constant(range, print, id, hash, ord, type, round, input, open, slice, help, dir)
constant(object, builtins.__import__, bytes, bytearray)
constant(float.is_integer, float.hex, float.as_integer_ratio)


__all__ = ["ZERO", "fit", "power_base", "power_exponent"]
