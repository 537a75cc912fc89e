"""Derivatives of NumPy's functions that choose, round, compare, convert or take a complex number apart.

    np.maximum(x1, x2)  ->  x1: g where x1 >= x2, else 0;  x2: the rest

Ties and kinks: the first operand of two wins a tie; abs, fabs, sign and copysign have derivative 0 at
0; at its bounds `clip` is its first operand. Where an operand of maximum or minimum is NaN, so is the
result, and the second operand has the cotangent.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import form, restore
from pullback.rulebook.numpy_elementwise import unit, zero
from pullback.rules import constant, elementwise, rule


def only(g: Any, mask: Any) -> Any:
    """g where the mask holds, else 0: not a product where g may be infinite, as that would be NaN."""
    if isinstance(g, np.ndarray) and g.size > 4096 and np.all(np.isfinite(g)):
        return g * mask  # four times as fast as `where`, which mispredicts its branches
    t = np.where(mask, g, 0.0)
    return t if t.ndim else t[()]


def without(g: Any, mask: Any) -> Any:
    """0 where the mask holds, else g."""
    return only(g, np.logical_not(mask))


def clip_low(g: Any, a: Any, low: Any, high: Any) -> Any:
    """The cotangent of the lower bound: where it holds a up, unless an upper bound below it holds it down."""
    return only(g, a < low if high is None else (a < low) & (low <= high))


def clip_high(g: Any, a: Any, low: Any, high: Any) -> Any:
    """The cotangent of the upper bound, which is applied last."""
    return only(g, a > high if low is None else (a > high) | (low > high))


def clip_inside(g: Any, a: Any, low: Any, high: Any) -> Any:
    """The cotangent of the clipped values: g between the bounds, both included."""
    if low is None:
        return g if high is None else only(g, a <= high)
    return only(g, a >= low if high is None else (a >= low) & (a <= high))


def sign_pullback(g: Any, x: Any, y: Any) -> Any:
    """0; for complex x, where y = x/|x| turns with x: (g - Re(g y) conj y) / |x|, and 0 at 0."""
    if np.iscomplexobj(x):
        return unit(g - np.real(g * y) * np.conj(y), np.abs(x)) * (x != 0)
    return zero(g)


def sign_tangent(x_dot: Any, x: Any, y: Any) -> Any:
    """The same of a tangent: what of it turns x, (ẋ - Re(ẋ conj y) y) / |x|."""
    if np.iscomplexobj(x):
        return unit(x_dot - np.real(x_dot * np.conj(y)) * y, np.abs(x)) * (x != 0)
    return zero(x_dot)


def imag_pullback(g: Any, x: Any) -> Any:
    """-i g, as Im z = Re(-i z); a real number has no imaginary part."""
    return restore(-1j * g if np.iscomplexobj(x) else zero(g), form(x))


def angle_pullback(g: Any, z: Any, deg: bool) -> Any:
    """-i g / z, as the angle is Im log z; 0 at 0, and 0 for real z, whose angle is 0 or π."""
    if np.iscomplexobj(z):
        return -1j * (g * 57.29577951308232 if deg else g) * unit(unit(np.conj(z), np.abs(z)), np.abs(z))
    return zero(g)


def nan_to_num_pullback(g: Any, x: Any) -> Any:
    """g where x is finite: the real and imaginary parts are replaced each by itself."""
    if np.iscomplexobj(x):
        return only(np.real(g), np.isfinite(np.real(x))) + 1j * only(np.imag(g), np.isfinite(np.imag(x)))
    return only(g, np.isfinite(x))


# Two operands, of which one is chosen
elementwise(np.maximum, "x1, x2", x1="only(g, x1 >= x2)", x2="without(g, x1 >= x2)")
elementwise(np.minimum, "x1, x2", x1="only(g, x1 <= x2)", x2="without(g, x1 <= x2)")
# fmax and fmin pass over NaN: the other operand is the result
elementwise(
    np.fmax,
    "x1, x2",
    x1="only(g, (x1 >= x2) | np.isnan(x2))",
    x2="without(g, (x1 >= x2) | np.isnan(x2))",
)
elementwise(
    np.fmin,
    "x1, x2",
    x1="only(g, (x1 <= x2) | np.isnan(x2))",
    x2="without(g, (x1 <= x2) | np.isnan(x2))",
)
elementwise(
    np.where,
    "c, p=None, q=None, /",
    c="np.zeros(np.shape(c))",
    p="only(g, c)",
    q="without(g, c)",
    _returns="numeric",
)
elementwise(
    np.clip,
    "a, a_min=None, a_max=None, *, min=None, max=None",
    a="clip_inside(g, a, a_min if min is None else min, a_max if max is None else max)",
    a_min="clip_low(g, a, a_min, a_max)",
    a_max="clip_high(g, a, a_min, a_max)",
    min="clip_low(g, a, min, max)",
    max="clip_high(g, a, min, max)",
)
for _clip in (np.ndarray.clip, np.generic.clip):
    elementwise(
        _clip,
        "a, min=None, max=None",
        a="clip_inside(g, a, min, max)",
        min="clip_low(g, a, min, max)",
        max="clip_high(g, a, min, max)",
        _returns="numeric",
    )

# Absolute value and sign; conj(sign x) is sign x where x is real
elementwise(np.absolute, "x", x="g * np.conj(np.sign(x))", x_dot="np.real(x_dot * np.conj(np.sign(x)))")
elementwise(np.fabs, "x", x="g * np.sign(x)")
elementwise(np.sign, "x", x="sign_pullback(g, x, y)", x_dot="sign_tangent(x_dot, x, y)")
elementwise(np.copysign, "x1, x2", x1="g * (np.sign(x1) * np.copysign(1.0, x2))", x2="zero(g)")
elementwise(np.heaviside, "x1, x2", x1="zero(g)", x2="only(g, x1 == 0)")
elementwise(
    np.nan_to_num,
    "x, *, nan=0.0, posinf=None, neginf=None",
    x="nan_to_num_pullback(g, x)",
    _returns="numeric",
)

# The parts of a complex number
for _conj in (np.conjugate, np.generic.conj, np.generic.conjugate):
    elementwise(_conj, "x", x="np.conj(g)")
for _conj in (np.ndarray.conj, np.ndarray.conjugate):  # a real array is its own conjugate: they return it
    elementwise(_conj, "x", x="np.conj(g)", x_dot="x_dot.conjugate()", _alias=True)
rule(np.real, "val", val="restore(g, form(val))", _linear="val", _alias=True)
rule(np.imag, "val", val="imag_pullback(g, val)", _linear="val", _alias=True)
for _scalar_or_array in (np.ndarray, np.generic):
    rule(_scalar_or_array.real, "a", a="fit(g, a)", a_dot="a_dot.real", _alias=True)
    rule(_scalar_or_array.imag, "a", a="imag_pullback(g, a)", a_dot="a_dot.imag", _alias=True)
rule(np.real_if_close, "a, tol=100", a="restore(g, form(a))", a_dot="fit(np.asarray(a_dot), y)", _alias=True)
elementwise(
    np.angle,
    "z, deg=False",
    z="angle_pullback(g, z, deg)",
    z_dot="np.real(angle_pullback(z_dot, z, deg))",
    _returns="numeric",
)

# Conversions to another precision
for _scalar_type in (np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.clongdouble):
    elementwise(_scalar_type, "x=0.0, /", x="g", _returns="numeric", _alias=True)  # (an array of that type is returned)
elementwise(np.complex128, "x=0.0, w=0.0, /", x="g", w="1j * g", _returns="numeric", _alias=True)

# Results that stay the same when their operands move a little
constant(np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.fix, returns="numeric")
constant(np.ndarray.round, np.generic.round, returns="numeric")
constant(np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.signbit, returns="numeric")
constant(np.iscomplex, np.isreal, returns="numeric")
constant(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, returns="numeric")
constant(np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.isclose, np.isin, returns="numeric")
constant(np.allclose, np.array_equal, np.array_equiv, np.iscomplexobj, np.isrealobj, np.isscalar)
constant(np.float64.is_integer, np.float32.is_integer, np.float16.is_integer, np.longdouble.is_integer)
constant(np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, returns="numeric")
