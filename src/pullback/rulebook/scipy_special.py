"""Derivatives of scipy.special: gamma and error functions, logistic and entropy functions, softmax.

    special.gamma(x)  ->  g * y * psi(x)

Where the derivative with respect to a parameter is not known in closed form (the `a` of gammainc,
an order, a degree of freedom) there is no template, and the engine names the argument. The formulas
are those of the NIST Digital Library of Mathematical Functions (DLMF), rearranged where they cancel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special
from scipy.special import erfcx, expit, gammaln, loggamma, psi, rgamma, xlog1py, xlogy, zeta

from pullback.fitting import fit
from pullback.rulebook.array_likes import form, refuse, restore
from pullback.rulebook.numpy_reductions import onto, restored
from pullback.rules import constant, elementwise, rule
from pullback.tangents import ZERO

SQRT_PI = math.sqrt(math.pi)
TWO_OVER_SQRT_PI = 2.0 / SQRT_PI
SQRT_2PI = math.sqrt(2.0 * math.pi)
SQRT_2 = math.sqrt(2.0)
LOG_2 = math.log(2.0)
LOG_10 = math.log(10.0)
DEGREE = math.pi / 180.0


def only_real(x: Any, name: str) -> Any:
    """x itself; an error where it is complex and the function has no complex derivative, or none that is known."""
    if np.iscomplexobj(x):
        refuse(f"the derivative of scipy.special.{name} is known for real arguments only")
    return x


def trigamma(x: Any) -> Any:
    """ψ′(x) = ζ(2, x), for real x."""
    return zeta(2.0, only_real(x, "digamma"))


def rgamma_slope(x: Any, y: Any) -> Any:
    """d(1/Γ)/dx = -ψ(x)/Γ(x); at a pole -n of ψ its limit (-1)ⁿ n!."""
    if np.iscomplexobj(x):
        return -psi(x) * y
    pole = (x <= 0) & (x == np.floor(x))
    if not np.any(pole):
        return -psi(x) * y
    n = np.where(pole, -x, 0.0)
    return np.where(pole, np.where(n % 2 == 0, 1.0, -1.0) * special.gamma(n + 1.0), -psi(np.where(pole, 1.0, x)) * y)


def power_density(a: Any, x: Any) -> Any:
    """xᵃ⁻¹ e⁻ˣ / Γ(a): the slope of the regularised incomplete gamma function."""
    return np.exp(xlogy(a - 1.0, x) - x - gammaln(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b): the slope of the regularised incomplete beta function."""
    return np.exp(xlogy(a - 1.0, x) + xlog1py(b - 1.0, -x) - special.betaln(a, b))


def normal_density(x: Any) -> Any:
    """φ(x), the standard normal density."""
    return np.exp(-0.5 * (x * x)) / SQRT_2PI


def normal_hazard(x: Any) -> Any:
    """φ(x) / Φ(x), with all its digits far in the left tail."""
    return math.sqrt(2.0 / math.pi) / erfcx(x * (-1.0 / SQRT_2))


def erfcx_slope(x: Any, y: Any) -> Any:
    """2 x erfcx(x) - 2/√π, by its asymptotic series (DLMF 7.12.1) where that difference cancels."""
    if np.iscomplexobj(x):
        return 2.0 * x * y - TWO_OVER_SQRT_PI
    far = x > 50.0
    r = 0.5 / np.where(far, x, 1.0) ** 2
    series = -TWO_OVER_SQRT_PI * r * (1.0 - r * (3.0 - r * (15.0 - r * (105.0 - r * 945.0))))
    return np.where(far, series, 2.0 * x * np.where(far, 0.0, y) - TWO_OVER_SQRT_PI)


def dawson_slope(x: Any, y: Any) -> Any:
    """1 - 2 x D(x), by its asymptotic series where that difference cancels."""
    if np.iscomplexobj(x):
        return 1.0 - 2.0 * x * y
    far = np.abs(x) > 50.0
    r = 0.5 / np.where(far, x, 1.0) ** 2
    series = -r * (1.0 + r * (3.0 + r * (15.0 + r * (105.0 + r * 945.0))))
    return np.where(far, series, 1.0 - 2.0 * np.where(far, 0.0, x) * y)


def exprel_slope(x: Any) -> Any:
    """d/dx (eˣ - 1)/x = (eˣ - exprel x)/x; its Taylor series Σ k xᵏ⁻¹/(k + 1)! where that difference cancels."""
    near = np.abs(x) < 1.0
    u = np.where(near, x, 0.0)
    series = 0.0 * u
    for k in range(20, 0, -1):
        series = series * u + k / math.factorial(k + 1)
    v = np.where(near, 1.0, x)
    # for a large x, eˣ (x - 1) / x² in an order that overflows only where the result does
    far = np.where(v > 0, np.exp(v) / v * (1.0 - special.exprel(-v)), (np.exp(v) - special.exprel(v)) / v)
    return np.where(near, series, far)


def ratio_or_zero(x: Any, y: Any) -> Any:
    """x / y, and 0 where x is 0, whatever y is."""
    none = x == 0
    return np.where(none, 0.0, x / np.where(none, 1.0, y))


def beyond(delta: Any, r: Any, slope: Any, within: Any) -> Any:
    """`slope` where |r| > delta, `within` where not; Huber's loss is infinite, and flat, for a negative delta."""
    return np.where(delta < 0, 0.0, np.where(np.abs(r) > delta, slope, within))


def pseudo_huber_delta(delta: Any, r: Any) -> Any:
    """∂/∂δ of δ² (√(1 + (r/δ)²) - 1) = δ (s - 1)²/s, with s the root; s - 1 by its conjugate, so nothing cancels."""
    q = (r / delta) ** 2
    s = np.sqrt(1.0 + q)
    return delta * (q / (1.0 + s)) ** 2 / s


def boxcox_power(g: Any, log: Any, power: Any) -> Any:
    """The cotangent of λ in (e^(λL) - 1)/λ = L exprel(λL): g L² exprel′(λL)."""
    return g * (log * log) * exprel_slope(power * log)


def multigamma_slope(a: Any, d: Any) -> Any:
    """Σ ψ(a - j/2) for j = 0 … d - 1."""
    return sum(psi(np.asarray(a) - 0.5 * j) for j in range(int(d)))


def factorial_slope(n: Any, y: Any, extend: Any) -> Any:
    """Γ′(n + 1), and 0 where SciPy extends the factorial by zeros."""
    if extend == "complex":
        return y * psi(n + 1.0)
    return np.where(n < 0, 0.0, y * psi(np.where(n < 0, 0.0, n) + 1.0))


def choice_slope(first: Any, second: Any, y: Any) -> Any:
    """y (ψ(first) - ψ(second)), and 0 where y is 0 because there is nothing to choose."""
    none = y == 0
    return np.where(none, 0.0, y * (psi(np.where(none, 1.0, first)) - psi(np.where(none, 1.0, second))))


def share(a: Any, y: Any) -> Any:
    """exp(a - y), the share of a term in a sum of exponentials y; equal shares of an infinite sum."""
    if np.all(np.isfinite(y)):
        return np.exp(a - y)
    with np.errstate(invalid="ignore"):
        equal = a == y
        return np.where(np.isinf(y), equal / np.maximum(np.sum(equal), 1), np.exp(a - y))


def logsumexp_parts(y: Any, a: Any, axis: Any, keepdims: Any, return_sign: Any, ndim: int) -> tuple[Any, Any]:
    """The logarithm and the sign of a sum, with the summed axes put back."""
    log, sign = y if return_sign else (y, 1.0)
    log = restored(log, ndim, axis, keepdims)
    return log, restored(sign, ndim, axis, keepdims) if return_sign else 1.0


def logsumexp_pullback(g: Any, y: Any, a: Any, axis: Any, b: Any, keepdims: Any, return_sign: Any, of_b: bool) -> Any:
    """The cotangent of y = log Σ b exp a: g b exp(a - y) for a, g exp(a - y) for b."""
    ndim = max(np.ndim(a), np.ndim(b)) if b is not None else np.ndim(a)
    log, sign = logsumexp_parts(y, a, axis, keepdims, return_sign, ndim)
    if return_sign:
        if np.iscomplexobj(a) or (b is not None and np.iscomplexobj(b)):
            refuse("scipy.special.logsumexp(..., return_sign=True) has no derivative for complex terms")
        g = g[0]
    if g is ZERO:
        return ZERO
    t = restored(g, ndim, axis, keepdims) * sign * share(np.asarray(a), log)
    if of_b:
        return restore(t, form(b))
    return restore(t if b is None else t * b, form(a))


def logsumexp_tangent(y: Any, a: Any, axis: Any, b: Any, keepdims: Any, return_sign: Any, moved: Any) -> Any:
    """The tangent of log Σ b exp a, for `moved` = b a_dot or b_dot: Σ moved exp(a - y)."""
    ndim = max(np.ndim(a), np.ndim(b)) if b is not None else np.ndim(a)
    log, sign = logsumexp_parts(y, a, axis, keepdims, return_sign, ndim)
    t = np.sum(np.asarray(moved) * sign * share(np.asarray(a), log), axis=axis, keepdims=keepdims)
    return (t, ZERO) if return_sign else t


def weighted(t: Any, b: Any) -> Any:
    """Tangents of the exponents times the weights of their exponentials, where there are any."""
    return t if b is None else np.multiply(b, t)


def softmax_pullback(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """y (g - Σ g y)."""
    return onto(y * (g - np.sum(g * y, axis=axis, keepdims=True)), x)


def log_softmax_pullback(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """g - exp(y) Σ g."""
    return onto(g - np.exp(y) * np.sum(g, axis=axis, keepdims=True), x)


# Gamma and beta functions
elementwise(special.gamma, "x", x="g * (y * psi(x))")
elementwise(special.gammaln, "x", x="g * psi(x)")
elementwise(special.loggamma, "x", x="g * psi(x)")
elementwise(special.digamma, "x", x="g * trigamma(x)")
elementwise(special.polygamma, "n, x", x="g * special.polygamma(n + 1, x)", _returns="numeric")
elementwise(special.rgamma, "x", x="g * rgamma_slope(x, y)")
elementwise(special.beta, "a, b", a="g * (y * (psi(a) - psi(a + b)))", b="g * (y * (psi(b) - psi(a + b)))")
elementwise(special.betaln, "a, b", a="g * (psi(a) - psi(a + b))", b="g * (psi(b) - psi(a + b))")
elementwise(special.gammainc, "a, x", x="g * power_density(a, x)")
elementwise(special.gammaincc, "a, x", x="-g * power_density(a, x)")
elementwise(special.gammaincinv, "a, p", p="g / power_density(a, y)")
elementwise(special.gammainccinv, "a, p", p="-g / power_density(a, y)")
elementwise(special.betainc, "a, b, x", x="g * beta_density(a, b, x)")
elementwise(special.betaincinv, "a, b, p", p="g / beta_density(a, b, y)")
if hasattr(special, "betaincc"):
    elementwise(special.betaincc, "a, b, x", x="-g * beta_density(a, b, x)")
    elementwise(special.betainccinv, "a, b, p", p="-g / beta_density(a, b, y)")
elementwise(special.poch, "z, m", z="g * (y * (psi(z + m) - psi(z)))", m="g * (y * psi(z + m))")
elementwise(special.multigammaln, "a, d", a="g * multigamma_slope(a, d)", _returns="numeric")
elementwise(
    special.binom,
    "n, k",
    n="g * choice_slope(n + 1.0, n - k + 1.0, y)",
    k="g * choice_slope(n - k + 1.0, k + 1.0, y)",
)
elementwise(
    special.comb,
    "N, k",
    N="g * choice_slope(N + 1.0, N - k + 1.0, y)",
    k="g * choice_slope(N - k + 1.0, k + 1.0, y)",
    _returns="numeric",
)
elementwise(
    special.perm,
    "N, k",
    N="g * choice_slope(N + 1.0, N - k + 1.0, y)",
    k="g * (y * psi(np.where(y == 0, 1.0, N - k + 1.0)))",
    _returns="numeric",
)
elementwise(
    special.factorial, "n, exact=False, extend='zero'", n="g * factorial_slope(n, y, extend)", _returns="numeric"
)
constant(special.gammasgn, special.round, returns="numeric")

# Error functions and the normal distribution
elementwise(special.erf, "x", x="g * (TWO_OVER_SQRT_PI * np.exp(-(x * x)))")
elementwise(special.erfc, "x", x="g * (-TWO_OVER_SQRT_PI * np.exp(-(x * x)))")
elementwise(special.erfi, "x", x="g * (TWO_OVER_SQRT_PI * np.exp(x * x))")
elementwise(special.erfcx, "x", x="g * erfcx_slope(x, y)")
elementwise(special.dawsn, "x", x="g * dawson_slope(x, y)")
elementwise(
    special.wofz,
    "x",
    x="fit(g * (2j / SQRT_PI - 2.0 * x * y), x)",
    x_dot="x_dot * (2j / SQRT_PI - 2.0 * x * y)",
    _returns="numeric",
)
elementwise(special.erfinv, "x", x="g * (0.5 * SQRT_PI * np.exp(y * y))")
elementwise(special.erfcinv, "x", x="g * (-0.5 * SQRT_PI * np.exp(y * y))")
elementwise(special.ndtr, "x", x="g * normal_density(x)")
elementwise(special.log_ndtr, "x", x="g * normal_hazard(x)")
elementwise(special.ndtri, "p", p="g / normal_density(y)")
elementwise(special.ndtri_exp, "p", p="g / normal_hazard(y)")
elementwise(
    special.owens_t,
    "h, a",
    h="g * (-0.5 * normal_density(h) * special.erf(a * h / SQRT_2))",
    a="g * (np.exp(-0.5 * h * h * (1.0 + a * a)) / (2.0 * np.pi * (1.0 + a * a)))",
)

# Logistic functions, entropies, losses
elementwise(special.expit, "x", x="g * (y * expit(-x))")  # 1 - y has lost its digits where y is near 1
elementwise(special.logit, "x", x="g / (x * (1.0 - x))")
elementwise(special.log_expit, "x", x="g * expit(-x)")
if hasattr(special, "softplus"):
    elementwise(special.softplus, "x", x="g * expit(x)", _returns="numeric")
elementwise(special.xlogy, "x, y_", x="g * np.log(y_)", y_="g * ratio_or_zero(x, y_)")
elementwise(special.xlog1py, "x, y_", x="g * np.log1p(y_)", y_="g * ratio_or_zero(x, 1.0 + y_)")
elementwise(special.entr, "x", x="g * (-1.0 - np.log(x))")
elementwise(special.rel_entr, "x, y_", x="g * (np.log(x / y_) + 1.0)", y_="-g * ratio_or_zero(x, y_)")
elementwise(special.kl_div, "x, y_", x="g * np.log(x / y_)", y_="g * (1.0 - ratio_or_zero(x, y_))")
elementwise(
    special.huber,
    "delta, r",
    delta="g * beyond(delta, r, np.abs(r) - delta, 0.0)",
    r="g * beyond(delta, r, delta * np.sign(r), r)",
)
elementwise(
    special.pseudo_huber,
    "delta, r",
    delta="g * pseudo_huber_delta(delta, r)",
    r="g * (r / np.sqrt(1.0 + (r / delta) ** 2))",
)
elementwise(special.boxcox, "x, lmbda", x="g * x ** (lmbda - 1.0)", lmbda="boxcox_power(g, np.log(x), lmbda)")
elementwise(
    special.boxcox1p, "x, lmbda", x="g * (1.0 + x) ** (lmbda - 1.0)", lmbda="boxcox_power(g, np.log1p(x), lmbda)"
)
elementwise(
    special.inv_boxcox,
    "x, lmbda",
    x="g * y ** (1.0 - lmbda)",
    lmbda="-boxcox_power(g, np.log(y), lmbda) * y ** (1.0 - lmbda)",
)
elementwise(
    special.inv_boxcox1p,
    "x, lmbda",
    x="g * (1.0 + y) ** (1.0 - lmbda)",
    lmbda="-boxcox_power(g, np.log1p(y), lmbda) * (1.0 + y) ** (1.0 - lmbda)",
)

# Exponentials, roots, degrees
elementwise(special.expm1, "x", x="g * np.exp(x)")
elementwise(special.log1p, "x", x="g / (1.0 + x)")
elementwise(special.cosm1, "x", x="-g * np.sin(x)")
elementwise(special.exprel, "x", x="g * exprel_slope(x)")
elementwise(special.cbrt, "x", x="g / (3.0 * (y * y))")
elementwise(special.exp2, "x", x="g * (y * LOG_2)")
elementwise(special.exp10, "x", x="g * (y * LOG_10)")
elementwise(special.powm1, "x, n", x="g * (n * x ** (n - 1.0))", n="g * (x**n * np.log(x))")
elementwise(special.radian, "d, m, s", d="g * DEGREE", m="g * (DEGREE / 60.0)", s="g * (DEGREE / 3600.0)")
elementwise(special.sindg, "x", x="g * (special.cosdg(x) * DEGREE)")
elementwise(special.cosdg, "x", x="g * (special.sindg(x) * -DEGREE)")
elementwise(special.tandg, "x", x="g * ((1.0 + y * y) * DEGREE)")
elementwise(special.cotdg, "x", x="g * ((1.0 + y * y) * -DEGREE)")

# Sums of exponentials
rule(
    special.logsumexp,
    "a, axis=None, b=None, keepdims=False, return_sign=False",
    a="logsumexp_pullback(g, y, a, axis, b, keepdims, return_sign, False)",
    b="logsumexp_pullback(g, y, a, axis, b, keepdims, return_sign, True)",
    a_dot="logsumexp_tangent(y, a, axis, b, keepdims, return_sign, weighted(a_dot, b))",
    b_dot="logsumexp_tangent(y, a, axis, b, keepdims, return_sign, b_dot)",
    _returns="unknown",
)
rule(
    special.softmax,
    "x, axis=None",
    x="softmax_pullback(g, y, x, axis)",
    x_dot="y * (np.asarray(x_dot) - np.sum(y * x_dot, axis=axis, keepdims=True))",
)
rule(
    special.log_softmax,
    "x, axis=None",
    x="log_softmax_pullback(g, y, x, axis)",
    x_dot="x_dot - np.sum(np.exp(y) * x_dot, axis=axis, keepdims=True)",
)
