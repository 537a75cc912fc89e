"""Derivatives of scipy.special in the argument of Bessel, Airy and Struve functions and orthogonal polynomials.

    special.jv(v, z)  ->  g * (J_{v-1}(z) - J_{v+1}(z)) / 2

None is given with respect to an order or a degree. A scaled function of a complex argument, such as
jve, is not holomorphic, so that its derivative is for real arguments only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special
from scipy.special import (
    eval_chebyu,
    eval_gegenbauer,
    eval_genlaguerre,
    eval_hermite,
    eval_hermitenorm,
    eval_jacobi,
    i0e,
    i1e,
    iv,
    ive,
    jv,
    k0e,
    k1e,
    kn,
    kv,
    kve,
    rgamma,
    yn,
    yv,
    yve,
)

from pullback.fitting import fit
from pullback.rulebook.scipy_special import only_real
from pullback.rulebook.scipy_special_integrals import combined
from pullback.rules import elementwise


def lower(n: Any) -> Any:
    """n - 1, and 0 for n = 0, whose polynomial is a constant."""
    return np.where(n == 0, 0, n - 1)[()]


def is_some(n: Any) -> Any:
    """1, and 0 for n = 0, as ints."""
    return np.where(n == 0, 0, 1)[()]


def spherical_slope(f: Any, n: Any, z: Any, derivative: Any, signs: tuple[int, int]) -> Any:
    """The next derivative of a spherical Bessel function: f′ = (n fₙ₋₁ ∓ (n + 1) fₙ₊₁)/(2n + 1) (DLMF 10.51)."""
    if not derivative:
        return f(n, z, True)
    below = f(lower(n), z, True)  # (for n = 0 its factor is 0)
    return (signs[0] * n * below + signs[1] * (n + 1) * f(n + 1, z, True)) / (2 * n + 1)


def struve_term(v: Any, x: Any) -> Any:
    """(x/2)ᵛ / (√π Γ(v + 3/2)) (DLMF 11.4.27)."""
    return (0.5 * x) ** v * rgamma(v + 1.5) / math.sqrt(math.pi)


def jacobi_slope(n: Any, alpha: Any, beta: Any, x: Any) -> Any:
    """(n + α + β + 1)/2 Pₙ₋₁ of α + 1, β + 1 (DLMF 18.9.15)."""
    return is_some(n) * (0.5 * (n + alpha + beta + 1.0)) * eval_jacobi(lower(n), alpha + 1.0, beta + 1.0, x)


def gegenbauer_slope(n: Any, alpha: Any, x: Any) -> Any:
    """2α Cₙ₋₁ of α + 1 (DLMF 18.9.19)."""
    return is_some(n) * (2.0 * alpha) * eval_gegenbauer(lower(n), alpha + 1.0, x)


def chebyshev_slope(n: Any, x: Any) -> Any:
    """d Tₙ/dx = n Uₙ₋₁ (DLMF 18.9.21)."""
    return n * eval_chebyu(lower(n), x)


def laguerre_slope(n: Any, alpha: Any, x: Any) -> Any:
    """-Lₙ₋₁ of α + 1 (DLMF 18.9.23)."""
    return -is_some(n) * eval_genlaguerre(lower(n), alpha + 1.0, x)


# Bessel functions
elementwise(special.j0, "x", x="-g * special.j1(x)")
elementwise(special.j1, "x", x="g * (0.5 * (special.j0(x) - jv(2, x)))")
elementwise(special.y0, "x", x="-g * special.y1(x)")
elementwise(special.y1, "x", x="g * (0.5 * (special.y0(x) - yn(2, x)))")
elementwise(special.i0, "x", x="g * special.i1(x)")
elementwise(special.i1, "x", x="g * (0.5 * (special.i0(x) + iv(2, x)))")
elementwise(special.k0, "x", x="-g * special.k1(x)")
elementwise(special.k1, "x", x="g * (-0.5 * (special.k0(x) + kn(2, x)))")
elementwise(special.i0e, "x", x="g * (i1e(x) - np.sign(x) * y)")
elementwise(special.i1e, "x", x="g * (0.5 * (i0e(x) + ive(2, x)) - np.sign(x) * y)")
elementwise(special.k0e, "x", x="g * (y - k1e(x))")
elementwise(special.k1e, "x", x="g * (y - 0.5 * (k0e(x) + kve(2, x)))")
elementwise(special.jv, "v, z", z="g * (0.5 * (jv(v - 1, z) - jv(v + 1, z)))")
elementwise(special.yn, "n, x", x="g * (0.5 * (yn(n - 1, x) - yn(n + 1, x)))")
elementwise(special.yv, "v, z", z="g * (0.5 * (yv(v - 1, z) - yv(v + 1, z)))")
elementwise(special.kn, "n, x", x="g * (-0.5 * (kv(n - 1, x) + kv(n + 1, x)))")
elementwise(special.iv, "v, z", z="g * (0.5 * (iv(v - 1, z) + iv(v + 1, z)))")
elementwise(special.kv, "v, z", z="g * (-0.5 * (kv(v - 1, z) + kv(v + 1, z)))")
elementwise(special.jve, "v, z", z="g * (0.5 * (jv(v - 1, only_real(z, 'jve')) - jv(v + 1, z)))")
elementwise(special.yve, "v, z", z="g * (0.5 * (yv(v - 1, only_real(z, 'yve')) - yv(v + 1, z)))")
elementwise(
    special.ive, "v, z", z="g * (0.5 * (ive(v - 1, only_real(z, 'ive')) + ive(v + 1, z)) - np.sign(z) * y)"
)
elementwise(special.kve, "v, z", z="g * (y - 0.5 * (kve(v - 1, z) + kve(v + 1, z)))")
for _hankel, _turn in (
    *((special.hankel1, ""), (special.hankel2, "")),
    *((special.hankel1e, "- 1j * y"), (special.hankel2e, "+ 1j * y")),
):
    _slope = f"(0.5 * (special.{_hankel.__name__}(v - 1, z) - special.{_hankel.__name__}(v + 1, z)) {_turn})"
    elementwise(_hankel, "v, z", z=f"fit(g * {_slope}, z)", z_dot=f"z_dot * {_slope}", _returns="numeric")
for _spherical, _signs in (
    *((special.spherical_jn, "(1, -1)"), (special.spherical_yn, "(1, -1)")),
    *((special.spherical_in, "(1, 1)"), (special.spherical_kn, "(-1, -1)")),
):
    elementwise(
        _spherical,
        "n, z, derivative=False",
        z=f"g * spherical_slope(special.{_spherical.__name__}, n, z, derivative, {_signs})",
        _returns="numeric",
    )
elementwise(
    special.airy,
    "z",
    z="combined(g, y[1], z * y[0], y[3], z * y[2])",
    z_dot="(z_dot * y[1], z_dot * z * y[0], z_dot * y[3], z_dot * z * y[2])",
    _returns="tuple",
)
elementwise(
    special.struve, "v, x", x="g * (0.5 * (special.struve(v - 1, x) - special.struve(v + 1, x) + struve_term(v, x)))"
)
elementwise(
    special.modstruve,
    "v, x",
    x="g * (0.5 * (special.modstruve(v - 1, x) + special.modstruve(v + 1, x) + struve_term(v, x)))",
)

# Orthogonal polynomials
elementwise(special.eval_jacobi, "n, alpha, beta, x", x="g * jacobi_slope(n, alpha, beta, x)")
elementwise(special.eval_legendre, "n, x", x="g * jacobi_slope(n, 0.0, 0.0, x)")
elementwise(special.eval_sh_legendre, "n, x", x="g * (2.0 * jacobi_slope(n, 0.0, 0.0, 2.0 * x - 1.0))")
elementwise(special.eval_gegenbauer, "n, alpha, x", x="g * gegenbauer_slope(n, alpha, x)")
elementwise(special.eval_chebyt, "n, x", x="g * chebyshev_slope(n, x)")
elementwise(special.eval_chebyu, "n, x", x="g * gegenbauer_slope(n, 1.0, x)")
elementwise(special.eval_chebyc, "n, x", x="g * chebyshev_slope(n, 0.5 * x)")
elementwise(special.eval_chebys, "n, x", x="g * (0.5 * gegenbauer_slope(n, 1.0, 0.5 * x))")
elementwise(special.eval_sh_chebyt, "n, x", x="g * (2.0 * chebyshev_slope(n, 2.0 * x - 1.0))")
elementwise(special.eval_sh_chebyu, "n, x", x="g * (2.0 * gegenbauer_slope(n, 1.0, 2.0 * x - 1.0))")
elementwise(special.eval_hermite, "n, x", x="g * (2.0 * n * eval_hermite(lower(n), x))")
elementwise(special.eval_hermitenorm, "n, x", x="g * (n * eval_hermitenorm(lower(n), x))")
elementwise(special.eval_laguerre, "n, x", x="g * laguerre_slope(n, 0.0, x)")
elementwise(special.eval_genlaguerre, "n, alpha, x", x="g * laguerre_slope(n, alpha, x)")
