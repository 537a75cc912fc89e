"""Derivatives of further distributions of scipy.stats, in the notation of `scipy_stats`.

    stats.genextreme.logpdf(x, c, loc, scale)    with L = -log(1 - c z) / c:  -exp(-L) - L - log(1 - c z)
"""

from __future__ import annotations

from scipy import stats

from pullback.rulebook.scipy_stats import continuous

continuous(stats.maxwell, "2.0 / Z - Z")
continuous(stats.levy, "0.5 / Z**2 - 1.5 / Z")
continuous(stats.halflogistic, "-np.tanh(0.5 * Z)")
continuous(stats.hypsecant, "-np.tanh(Z)")
continuous(stats.moyal, "0.5 * (np.exp(-Z) - 1.0)")
continuous(stats.powerlaw, "(a - 1.0) / Z", {"a": "1.0 / a + np.log(Z)"}, {"a": "np.log(Z) * Z / a"})
continuous(
    stats.lomax, "-(c + 1.0) / (1.0 + Z)", {"c": "1.0 / c - np.log1p(Z)"}, {"c": "np.log1p(Z) * (1.0 + Z) / c"}
)
continuous(
    stats.fisk,
    "(c - 1.0) / Z - 2.0 * c * Z ** (c - 1.0) / (1.0 + Z**c)",
    {"c": "1.0 / c + np.log(Z) - 2.0 * Z**c * np.log(Z) / (1.0 + Z**c)"},
    {"c": "np.log(Z) * Z / c"},
)
continuous(
    stats.burr12,
    "(c - 1.0) / Z - (d + 1.0) * c * Z ** (c - 1.0) / (1.0 + Z**c)",
    {"c": "1.0 / c + np.log(Z) - (d + 1.0) * Z**c * np.log(Z) / (1.0 + Z**c)", "d": "1.0 / d - np.log1p(Z**c)"},
    {"c": "np.log(Z) * Z / c", "d": "np.log1p(Z**c) * (1.0 + Z**c) / (c * d * Z ** (c - 1.0))"},
)
continuous(
    stats.weibull_max,
    "c * np.abs(Z) ** (c - 1.0) - (c - 1.0) / np.abs(Z)",
    {"c": "1.0 / c + np.log(np.abs(Z)) * (1.0 - np.abs(Z) ** c)"},
    {"c": "-np.log(np.abs(Z)) * np.abs(Z) / c"},
)
continuous(
    stats.invweibull,
    "(c * Z ** (-c) - c - 1.0) / Z",
    {"c": "1.0 / c + np.log(Z) * (Z ** (-c) - 1.0)"},
    {"c": "np.log(Z) * Z / c"},
)
continuous(
    stats.genpareto,
    "-(1.0 + c) / (1.0 + c * Z)",
    {"c": "-stretched_slope(c, Z) - Z / (1.0 + c * Z)"},
    {"c": "stretched_slope(c, Z) * (1.0 + c * Z)"},
)
continuous(
    stats.genextreme,
    "(np.exp(-stretched(-c, Z)) - 1.0 + c) / (1.0 - c * Z)",
    {"c": "(1.0 - np.exp(-stretched(-c, Z))) * stretched_slope(-c, Z) + Z / (1.0 - c * Z)"},
    {"c": "-stretched_slope(-c, Z) * (1.0 - c * Z)"},
)
continuous(
    stats.gompertz,
    "1.0 - c * np.exp(Z)",
    {"c": "1.0 / c - np.expm1(Z)"},
    {"c": "-np.expm1(-Z) / c"},
)
continuous(stats.vonmises, "-kappa * np.sin(Z)", {"kappa": "np.cos(Z) - special.i1e(kappa) / special.i0e(kappa)"})
continuous(stats.invgauss, "-1.5 / Z - (Z**2 - mu**2) / (2.0 * Z**2 * mu**2)", {"mu": "(Z - mu) / mu**3"})
continuous(
    stats.nakagami,
    "(2.0 * nu - 1.0) / Z - 2.0 * nu * Z",
    {"nu": "np.log(nu) + 1.0 - psi(nu) + 2.0 * np.log(Z) - Z**2"},
)
continuous(stats.chi, "(df - 1.0) / Z - Z", {"df": "np.log(Z) - 0.5 * np.log(2.0) - 0.5 * psi(0.5 * df)"})
continuous(stats.loggamma, "c - np.exp(Z)", {"c": "Z - psi(c)"})
continuous(
    stats.gennorm,
    "-np.sign(Z) * beta * np.abs(Z) ** (beta - 1.0)",
    {"beta": "1.0 / beta + psi(1.0 / beta) / beta**2 - np.abs(Z) ** beta * log_or_zero(np.abs(Z))"},
)
continuous(
    stats.johnsonsu,
    "-Z / (Z**2 + 1.0) - (a + b * np.arcsinh(Z)) * b / np.sqrt(Z**2 + 1.0)",
    {"a": "-(a + b * np.arcsinh(Z))", "b": "1.0 / b - (a + b * np.arcsinh(Z)) * np.arcsinh(Z)"},
    {"a": "np.sqrt(Z**2 + 1.0) / b", "b": "np.arcsinh(Z) * np.sqrt(Z**2 + 1.0) / b"},
)
continuous(
    stats.loguniform,
    "-1.0 / Z",
    {"a": "1.0 / (a * np.log(b / a))", "b": "-1.0 / (b * np.log(b / a))"},
    {"a": "Z * (np.log(Z / a) / np.log(b / a) - 1.0) / a", "b": "-Z * np.log(Z / a) / (b * np.log(b / a))"},
)
