"""Derivatives of `math`, in the order of its manual."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import asinh, cos, cosh, erf, exp, gamma, lgamma, log, pi, sin, sinh, sqrt, trunc
from typing import Any

import numpy as np

from pullback.rules import constant, elementwise, rule
from pullback.tangents import NO_TANGENT, ZERO

IN_TEMPLATES = (NO_TANGENT, ZERO)


def digamma(x: float) -> float:
    """ψ(x) = d log Γ(x) / dx: reflection, recurrence to x ≥ 10, then the asymptotic series (DLMF 5.11.2)."""
    if x <= 0.0:
        if x == math.floor(x):
            raise ValueError("math domain error")
        return digamma(1.0 - x) - pi / math.tan(pi * x)
    shift = 0.0
    while x < 10.0:
        shift -= 1.0 / x
        x = x + 1.0  # (not in place: it may be an array without axes)
    z = 1.0 / (x * x)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * (691 / 32760 - z / 12))))))
    return shift + log(x) - 0.5 / x - series


def pow_base(g: float, x: float, n: float) -> float:
    """The cotangent of the base of x**n: finite wherever the limit is (0**n for n ≥ 1, n == 0)."""
    if n == 0:
        return 0.0 * g
    return g * n * x ** (n - 1) if x != 0 or n >= 1 else math.copysign(math.inf, n) * g  # (as of `x**n`)


def pow_exponent(g: float, x: float, y: float) -> float:
    """The cotangent of the exponent of y = x**n: y log x, whose limit at x = 0 is 0 for n > 0."""
    if x == 0 and y == 0:
        return 0.0 * g
    if x < 0:
        return math.nan  # a negative base is a real power for integer exponents only
    return g * y * log(x) if x > 0 else -math.inf * g


def dist_pullback(g: float, y: float, p: Sequence[float], q: Sequence[float]) -> list[float]:
    """The cotangent of one end of a distance; 0 where the ends meet."""
    return [g * (float(a) - float(b)) / y if y else 0.0 for a, b in zip(p, q, strict=True)]


def dot(slopes: Sequence[float], tangents: Sequence[float]) -> float:
    """The sum of slopes times tangents."""
    return sum((a * b for a, b in zip(slopes, tangents, strict=True)), 0.0)


def prod_pullback(g: float, xs: Sequence[float], start: float) -> list[float]:
    """The cotangents of the factors: products of all the others, by a sweep from each side (no division)."""
    before = [start]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    out, after = [0.0] * len(xs), 1.0
    for i in range(len(xs) - 1, -1, -1):
        out[i] = g * before[i] * after
        after *= xs[i]
    return out


def like_items(items: list[float], xs: Any) -> Any:
    """The cotangents of items, in an array where the items are in one."""
    return np.array(items) if isinstance(xs, np.ndarray) else items


elementwise(math.fabs, "x", x="g if x > 0 else -g if x < 0 else 0.0 * g", _returns="float")
elementwise(math.fmod, "x, n", x="g", n="-g * round((x - y) / n)", _returns="float")
elementwise(math.remainder, "x, n", x="g", n="-g * round((x - y) / n)", _returns="float")
elementwise(
    math.copysign, "x, s", x="g * (math.copysign(1.0, x) * math.copysign(1.0, s))", s="0.0 * g", _returns="float"
)
elementwise(math.exp, "x", x="g * y", _returns="float")
elementwise(math.exp2, "x", x="g * y * 0.6931471805599453", _returns="float")
elementwise(math.expm1, "x", x="g * (y + 1.0)", _returns="float")
elementwise(math.log1p, "x", x="g / (1.0 + x)", _returns="float")
elementwise(math.log2, "x", x="g / (x * 0.6931471805599453)", _returns="float")
elementwise(math.log10, "x", x="g / (x * 2.302585092994046)", _returns="float")
elementwise(math.pow, "x, n", x="pow_base(g, x, n)", n="pow_exponent(g, x, y)", _returns="float")
elementwise(math.sqrt, "x", x="g * 0.5 / y", _returns="float")
elementwise(math.cbrt, "x", x="g / (3.0 * y * y)", _returns="float")
elementwise(math.acos, "x", x="-g / sqrt(1.0 - x * x)", _returns="float")
elementwise(math.asin, "x", x="g / sqrt(1.0 - x * x)", _returns="float")
elementwise(math.atan, "x", x="g / (1.0 + x * x)", _returns="float")
elementwise(math.cos, "x", x="-g * sin(x)", _returns="float")
elementwise(math.sin, "x", x="g * cos(x)", _returns="float")
elementwise(math.tan, "x", x="g * (1.0 + y * y)", _returns="float")
elementwise(math.degrees, "x", x="g * 57.29577951308232", _returns="float")
elementwise(math.radians, "x", x="g * 0.017453292519943295", _returns="float")
elementwise(math.acosh, "x", x="g / sqrt(x * x - 1.0)", _returns="float")
elementwise(math.asinh, "x", x="g / sqrt(x * x + 1.0)", _returns="float")
elementwise(math.atanh, "x", x="g / (1.0 - x * x)", _returns="float")
elementwise(math.cosh, "x", x="g * sinh(x)", _returns="float")
elementwise(math.sinh, "x", x="g * cosh(x)", _returns="float")
elementwise(math.tanh, "x", x="g * (1.0 - y * y)", _returns="float")
elementwise(math.erf, "x", x="g * (1.1283791670955126 * exp(-x * x))", _returns="float")
elementwise(math.erfc, "x", x="g * (-1.1283791670955126 * exp(-x * x))", _returns="float")
elementwise(math.gamma, "x", x="g * y * digamma(x)", _returns="float")
elementwise(math.lgamma, "x", x="g * digamma(x)", _returns="float")
constant(math.ceil, math.floor, math.trunc, math.comb, math.factorial, math.gcd, math.isclose, math.isfinite)
constant(math.isinf, math.isnan, math.isqrt, math.lcm, math.perm, math.ulp)
elementwise(
    math.log,
    "x, base=None",
    x="g / x if base is None else g / (x * log(base))",
    base="-g * y / (base * log(base))",
    _returns="float",
)
elementwise(math.atan2, "b, a", b="g * a / (a * a + b * b)", a="-g * b / (a * a + b * b)", _returns="float")
elementwise(math.nextafter, "x, toward", x="g", toward="0.0 * g", _returns="float")
rule(math.frexp, "x", x="math.ldexp(g[0], -y[1])", x_dot="(math.ldexp(x_dot, -y[1]), NO_TANGENT)", _returns="tuple")
elementwise(math.ldexp, "x, n", x="math.ldexp(g, n)", _returns="float")
elementwise(math.hypot, "*xs", xs="g * xs[i] / y if y else 0.0", _returns="float")
rule(
    math.dist,
    "p, q",
    p="dist_pullback(g, y, p, q)",
    q="dist_pullback(g, y, q, p)",
    p_dot="dot(dist_pullback(1.0, y, p, q), p_dot)",
    q_dot="dot(dist_pullback(1.0, y, q, p), q_dot)",
    _returns="float",
)
rule(math.fsum, "xs", xs="like_items([g] * len(xs), xs)", _linear="xs", _returns="float")
rule(
    math.prod,
    "xs, *, start=1",
    xs="like_items(prod_pullback(g, xs, start), xs)",
    start="g * math.prod(xs)",
    xs_dot="dot(prod_pullback(1.0, xs, start), xs_dot)",
    start_dot="start_dot * math.prod(xs)",
)
rule(math.modf, "x", x="g[0]", x_dot="(x_dot, ZERO)", _returns="tuple")
