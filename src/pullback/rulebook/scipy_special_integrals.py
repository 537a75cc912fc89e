"""Derivatives of scipy.special: exponential, Fresnel, elliptic and hypergeometric functions, Lambert's W, zeta.

    special.ellipk(m)  ->  g * R_D(0, 1, 1 - m) / 6

An integral's derivative in its limit is its integrand; elliptic integrals are differentiated in
Carlson's symmetric form (DLMF 19.25), which does not cancel where m is small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special
from scipy.special import elliprd

from pullback.fitting import fit
from pullback.rulebook.array_likes import refuse
from pullback.rules import elementwise
from pullback.tangents import ZERO, Tangent

# B₂ⱼ / (2j)! for j = 1 … 10, of the Euler-Maclaurin formula
BERNOULLI = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600,
    -3617 / 10670622842880000, 43867 / 5109094217170944000, -174611 / 802857662698291200000,
)  # fmt: skip


def combined(g: Any, *slopes: Any) -> Tangent:
    """The sum of the cotangents of several results, each times its slope; a result that is not used has none."""
    total: Tangent = ZERO
    for part, slope in zip(g, slopes, strict=True):
        if part is not ZERO:
            total = part * slope if total is ZERO else total + part * slope
    return total


def sine_ratio(x: Any) -> Any:
    """sin(x) / x."""
    none = x == 0
    return np.where(none, 1.0, np.sin(x) / np.where(none, 1.0, x))


def sinh_ratio(x: Any) -> Any:
    """sinh(x) / x."""
    none = x == 0
    return np.where(none, 1.0, np.sinh(x) / np.where(none, 1.0, x))


def expn_slope(n: Any, x: Any) -> Any:
    """-Eₙ₋₁(x), where E₋₁(x) = e⁻ˣ (1 + 1/x) / x."""
    first = n == 0
    return np.where(first, -np.exp(-x) * (1.0 + 1.0 / x) / x, -special.expn(np.where(first, 1, n) - 1, x))


def dilogarithm_slope(x: Any) -> Any:
    """log(x) / (1 - x), and its limit -1 at x = 1."""
    one = x == 1
    return np.where(one, -1.0, np.log(x) / np.where(one, 1.0, 1.0 - x))


def zeta_slope(s: Any, q: Any) -> Any:
    """∂ζ(s, q)/∂s for s > 1, q > 0: the Euler-Maclaurin formula (DLMF 25.11.5) term by term."""
    if np.iscomplexobj(s) or np.iscomplexobj(q):
        refuse("the derivative of scipy.special.zeta with respect to its argument `x` is known for real arguments")
    s, q = np.asarray(s, np.float64), np.asarray(1.0 if q is None else q, np.float64)
    if np.any(s <= 1) or np.any(q <= 0):
        refuse("the derivative of scipy.special.zeta with respect to its argument `x` is known for x > 1 and q > 0")
    total: Any = 0.0
    for k in range(20):
        total = total - np.log(q + k) * (q + k) ** -s
    a = q + 20.0
    log = np.log(a)
    # the integral, half of the next term, and the corrections: each is a power a^(-s - …) times a polynomial in s
    total = total - a ** (1.0 - s) / (s - 1.0) * (log + 1.0 / (s - 1.0)) - 0.5 * log * a**-s
    product, rate = s, np.ones_like(s)  # s (s + 1) … (s + 2j - 2), and its derivative
    power = a ** (-s - 1.0)
    for j, coefficient in enumerate(BERNOULLI):
        total = total + coefficient * power * (rate - product * log)
        for factor in (s + (2 * j + 1), s + (2 * j + 2)):
            rate = rate * factor + product
            product = product * factor
        power = power / (a * a)
    return total




def root_of(m: Any, phi: Any) -> Any:
    """√(1 - m sin² φ)."""
    return np.sqrt(1.0 - m * np.sin(phi) ** 2)


def agm_slope(a: Any, b: Any, y: Any) -> Any:
    """∂/∂a of the arithmetic-geometric mean y = π (a + b) / (4 K(m)), with m = ((a - b)/(a + b))²."""
    total = a + b
    t = (a - b) / total
    # dK/dm = R_D(0, 1, 1 - m) / 6, and dm/da = 4 t b / (a + b)²
    k = special.ellipk(t * t)
    return y / total - y * (elliprd(0.0, 1.0, 1.0 - t * t) / (6.0 * k)) * (4.0 * t * b / (total * total))


# Integrals of exponentials and trigonometric functions
elementwise(special.exp1, "x", x="-g * (np.exp(-x) / x)")
elementwise(special.expi, "x", x="g * (np.exp(x) / x)")
elementwise(special.expn, "n, x", x="g * expn_slope(n, x)")
elementwise(
    special.sici,
    "x",
    x="combined(g, sine_ratio(x), np.cos(x) / x)",
    x_dot="(x_dot * sine_ratio(x), x_dot * (np.cos(x) / x))",
    _returns="tuple",
)
elementwise(
    special.shichi,
    "x",
    x="combined(g, sinh_ratio(x), np.cosh(x) / x)",
    x_dot="(x_dot * sinh_ratio(x), x_dot * (np.cosh(x) / x))",
    _returns="tuple",
)
elementwise(
    special.fresnel,
    "x",
    x="combined(g, np.sin(0.5 * np.pi * (x * x)), np.cos(0.5 * np.pi * (x * x)))",
    x_dot="(x_dot * np.sin(0.5 * np.pi * (x * x)), x_dot * np.cos(0.5 * np.pi * (x * x)))",
    _returns="tuple",
)
elementwise(special.spence, "x", x="g * dilogarithm_slope(x)")

# Elliptic integrals and functions
elementwise(special.ellipk, "m", m="g * (elliprd(0.0, 1.0, 1.0 - m) / 6.0)")
elementwise(special.ellipkm1, "p", p="g * (elliprd(0.0, 1.0, p) / -6.0)")
elementwise(special.ellipe, "m", m="g * (elliprd(0.0, 1.0 - m, 1.0) / -6.0)")
elementwise(special.ellipkinc, "phi, m", phi="g / root_of(m, phi)")
elementwise(special.ellipeinc, "phi, m", phi="g * root_of(m, phi)")
elementwise(
    special.ellipj,
    "u, m",
    u="combined(g, y[1] * y[2], -y[0] * y[2], -m * y[0] * y[1], y[2])",
    u_dot="(u_dot * y[1] * y[2], -u_dot * y[0] * y[2], -u_dot * m * y[0] * y[1], u_dot * y[2])",
    _returns="tuple",
)
elementwise(special.agm, "a, b", a="g * agm_slope(a, b, y)", b="g * agm_slope(b, a, y)")

# Hypergeometric functions, in their last argument
elementwise(special.hyp0f1, "v, z", z="g * (special.hyp0f1(v + 1.0, z) / v)")
elementwise(special.hyp1f1, "a, b, z", z="g * (special.hyp1f1(a + 1.0, b + 1.0, z) * (a / b))")
elementwise(special.hyp2f1, "a, b, c, z", z="g * (special.hyp2f1(a + 1.0, b + 1.0, c + 1.0, z) * (a * b / c))")
elementwise(special.hyperu, "a, b, x", x="g * (special.hyperu(a + 1.0, b + 1.0, x) * -a)")

# Lambert's W, whose value is complex, and its like; zeta
elementwise(
    special.lambertw,
    "z, k=0, tol=1e-08",
    z="fit(g * (np.exp(-y) / (1.0 + y)), z)",
    z_dot="z_dot * (np.exp(-y) / (1.0 + y))",
    _returns="numeric",
)
elementwise(special.wrightomega, "z", z="g * (y / (1.0 + y))")
elementwise(
    special.zeta,
    "x, q=None",
    x="g * zeta_slope(x, q)",
    q="-g * (x * special.zeta(x + 1.0, q))",
    _returns="numeric",
)
elementwise(special.zetac, "x", x="g * zeta_slope(x, None)")
