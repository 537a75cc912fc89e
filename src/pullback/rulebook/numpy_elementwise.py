"""Derivatives of NumPy's arithmetic, powers, exponentials and trigonometry, in the order of its manual.

    np.exp(x)  ->  g * y

Every rule holds for complex operands too, by the bilinear pairing Re(Σ g dz): a holomorphic f has
the cotangent g f'(z). What has kinks, selects or rounds is in `numpy_comparisons`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rules import constant, elementwise, rule
from pullback.tangents import ZERO

IN_TEMPLATES = (fit, ZERO)


def zero(g: Any) -> Any:
    """The zero cotangent of a result whose derivative is 0 (not `0 * g`, which is NaN where g is infinite)."""
    return np.zeros_like(g)[()]


def power_base(g: Any, x: Any, n: Any) -> Any:
    """The cotangent of the base of x**n: g n xⁿ⁻¹, and 0 for the constant x**0, at x = 0 too."""
    if np.ndim(n) == 0 and n != 0:
        return g * (n * np.power(x, n - 1))
    # only at x = n = 0 is the exponent altered, so that the second derivatives stay right elsewhere
    return g * (n * np.power(x, np.where((n == 0) & (x == 0), 1, n) - 1.0))


def power_exponent(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of the exponent of y = x**n: g y log x; 0 at x = 0 (n > 0); a negative real base has none."""
    if np.iscomplexobj(y):
        return g * (y * np.log(np.where(x == 0, 1.0, x) + 0j))
    return g * (y * np.log(np.where(x == 0, 1.0, np.where(x > 0, x, np.nan))))


def remainder_quotient(g: Any, x: Any, n: Any, y: Any) -> Any:
    """The cotangent of the divisor of a remainder y = x - k n: -g k, with k the integer that y was made of."""
    return -g * np.rint((x - y) / n)


def exponential_share(exp: Callable[[Any], Any], x: Any, other: Any, y: Any) -> Any:
    """∂y/∂x of y = log(exp x + exp other): exp(x - y), and its limits where y is infinite."""
    if np.all(np.isfinite(y)):
        return exp(x - y)
    limit = np.where(x == other, 0.5, np.where(x == y, 1.0, 0.0))
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(y), limit, exp(x - y))[()]


def unit(x: Any, length: Any) -> Any:
    """x / length, and 0 where the length is 0: one component of a direction."""
    return x / np.where(length == 0, 1.0, length)[()]


def cut_root(x: Any) -> Any:
    """sqrt(1 - x²) as (1 - x)(1 + x), which keeps its digits at the ends, on the side of the cut that x is on."""
    return np.sqrt(-(x - 1.0) * (x - -1.0))  # differences: a sum with 1 + 0j would lose the sign of a zero


def cut_root_plus(x: Any, y: Any) -> Any:
    """sqrt(x² + 1), which is cosh y for y = arcsinh x: so a complex x is on its side of the cut."""
    return np.cosh(y) if np.iscomplexobj(x) else np.sqrt(x * x + 1.0)


def sinc_slope(x: Any) -> Any:
    """d sinc(x)/dx = π (cos u - sin(u)/u) / u with u = πx; its Taylor series where that difference cancels."""
    u = np.pi * x
    near = np.abs(u) < 0.2
    v = np.where(near, 1.0, u)
    q = u * u
    series = -u * (1 / 3 - q * (1 / 30 - q * (1 / 840 - q * (1 / 45360 - q * (1 / 3991680)))))
    return np.pi * np.where(near, series, (np.cos(v) - np.sin(v) / v) / v)[()]


def bessel_i1(x: Any) -> Any:
    """I₁(x) = dI₀/dx: the power series (DLMF 10.25.2) to |x| = 20, Hankel's expansion beyond (DLMF 10.40.1)."""
    size = np.abs(x) + np.float64(0.0)  # at least in double precision: half overflows at exp(12)
    near = np.minimum(size, 20.0) * 0.5
    term = near
    series = near
    for k in range(1, 46):
        term = term * (near * near) / (k * (k + 1))
        series = series + term
    far = np.maximum(size, 20.0)
    term = np.exp(far) / np.sqrt(2 * np.pi * far)
    tail = term
    for k in range(1, 26):
        term = term * ((2 * k - 1) ** 2 - 4) / (8 * k * far)
        tail = tail + term
    return np.sign(x) * np.where(size <= 20.0, series, tail)[()]


def kaiser_slope(y: Any, count: int, beta: Any) -> Any:
    """The derivative by beta of y = I₀(beta s) / I₀(beta), s the half circle over the window."""
    half = (count - 1) / 2.0
    s = np.sqrt(np.maximum(1.0 - ((np.arange(count) - half) / half) ** 2, 0.0)) if count > 1 else np.ones(count)
    scale = np.i0(np.float64(beta))
    return bessel_i1(beta * s) * s / scale - y * (bessel_i1(beta) / scale)


# Arithmetic
elementwise(np.add, "x1, x2", x1="g", x2="g")
elementwise(np.reciprocal, "x", x="-g * (y * y)")
elementwise(np.positive, "x", x="g")
elementwise(np.negative, "x", x="-g")
elementwise(np.multiply, "x1, x2", x1="g * x2", x2="g * x1")
elementwise(np.divide, "x1, x2", x1="g / x2", x2="-g * y / x2")
for _power in (np.power, np.float_power):
    elementwise(_power, "x1, x2", x1="power_base(g, x1, x2)", x2="power_exponent(g, x1, y)")
elementwise(np.subtract, "x1, x2", x1="g", x2="-g")
constant(np.floor_divide, returns="numeric")
for _remainder in (np.remainder, np.fmod):
    elementwise(_remainder, "x1, x2", x1="g", x2="remainder_quotient(g, x1, x2, y)")
elementwise(np.modf, "x", x="g[0]", x_dot="(fit(x_dot, y[0]), ZERO)", _returns="tuple")
elementwise(
    np.divmod,
    "x1, x2",
    x1="g[1]",
    x2="-g[1] * y[0]",
    x1_dot="(ZERO, fit(x1_dot, y[1]))",
    x2_dot="(ZERO, fit(-x2_dot * y[0], y[1]))",
    _returns="tuple",
)
elementwise(np.square, "x", x="g * (2.0 * x)")
elementwise(np.sqrt, "x", x="g * 0.5 / y")
elementwise(np.cbrt, "x", x="g / (3.0 * (y * y))")

# Exponentials and logarithms
elementwise(np.exp, "x", x="g * y")
elementwise(np.expm1, "x", x="g * np.exp(x)")  # y + 1 has lost its digits where y is near -1
elementwise(np.exp2, "x", x="g * (y * 0.6931471805599453)")
elementwise(np.log, "x", x="g / x")
elementwise(np.log10, "x", x="g / (x * 2.302585092994046)")
elementwise(np.log2, "x", x="g / (x * 0.6931471805599453)")
elementwise(np.log1p, "x", x="g / (1.0 + x)")
elementwise(
    np.logaddexp,
    "x1, x2",
    x1="g * exponential_share(np.exp, x1, x2, y)",
    x2="g * exponential_share(np.exp, x2, x1, y)",
)
elementwise(
    np.logaddexp2,
    "x1, x2",
    x1="g * exponential_share(np.exp2, x1, x2, y)",
    x2="g * exponential_share(np.exp2, x2, x1, y)",
)

# Trigonometry
elementwise(np.sin, "x", x="g * np.cos(x)")
elementwise(np.cos, "x", x="-g * np.sin(x)")
elementwise(np.tan, "x", x="g * (1.0 + y * y)")
elementwise(np.arcsin, "x", x="g / cut_root(x)")
elementwise(np.arccos, "x", x="-g / cut_root(x)")
elementwise(np.arctan, "x", x="g / (1.0 + x * x)")
elementwise(np.hypot, "x1, x2", x1="g * unit(x1, y)", x2="g * unit(x2, y)")
elementwise(
    np.arctan2,
    "x1, x2",
    x1="g * x2 / (x1 * x1 + x2 * x2)",
    x2="-g * x1 / (x1 * x1 + x2 * x2)",
)
elementwise(np.degrees, "x", x="g * 57.29577951308232")
elementwise(np.rad2deg, "x", x="g * 57.29577951308232")
elementwise(np.radians, "x", x="g * 0.017453292519943295")
elementwise(np.deg2rad, "x", x="g * 0.017453292519943295")

# Hyperbolic functions; two square roots keep arccosh on its branch for complex x, and x - -1 the sign of its 0j
elementwise(np.sinh, "x", x="g * np.cosh(x)")
elementwise(np.cosh, "x", x="g * np.sinh(x)")
elementwise(np.tanh, "x", x="g * (1.0 - y * y)")
elementwise(np.arcsinh, "x", x="g / cut_root_plus(x, y)")
elementwise(np.arccosh, "x", x="g / (np.sqrt(x - 1.0) * np.sqrt(x - -1.0))")
elementwise(np.arctanh, "x", x="g / ((1.0 - x) * (1.0 + x))")

# Special functions and floating-point parts
elementwise(np.i0, "x", x="g * bessel_i1(x)", _returns="numeric")
elementwise(np.sinc, "x", x="g * sinc_slope(x)", _returns="numeric")
elementwise(np.ldexp, "x1, x2", x1="np.ldexp(g, x2)")
elementwise(
    np.frexp, "x", x="np.ldexp(g[0], -y[1])", x_dot="(fit(np.ldexp(x_dot, -y[1]), y[0]), ZERO)", _returns="tuple"
)
elementwise(np.nextafter, "x1, x2", x1="g", x2="zero(g)")
rule(
    np.kaiser,
    "M, beta",
    beta="fit(np.sum(g * kaiser_slope(y, M, beta)), beta)",
    beta_dot="kaiser_slope(y, M, beta) * beta_dot",
    _returns="array",
)
constant(np.spacing, returns="numeric")
