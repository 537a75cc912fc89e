"""Derivatives of the distributions of scipy.stats: densities, distribution functions and their inverses.

    stats.gamma.logpdf(x, a, loc, scale)    z = (x - loc) / scale;  x: g s(z) / scale,  a: g (log z - ψ(a))

All distributions share the methods of one class, which look at the object that they are called on. So
do their derivatives: a call of `rv_continuous.logpdf` is one of a function made for that class of
distribution and method, which has an ordinary rule. A shape parameter in which the derivative of
the distribution function is not known in closed form (the `a` of gamma.cdf) has no template.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special, stats
from scipy.special import expit, psi

from pullback.applying import Residual
from pullback.differential_calls import call_differential
from pullback.dispatch import call
from pullback.errors import DifferentiabilityError
from pullback.rulebook.scipy_callables import fields_of
from pullback.rulebook.scipy_special import normal_density, normal_hazard, ratio_or_zero
from pullback.rules import Active, constant, elementwise, forward_intrinsic, intrinsic
from pullback.tangent_parts import elements, gathered_vector, keyword_parts, part
from pullback.tangents import ZERO, Tangent, tangent_type

IN_TEMPLATES = (special, expit, psi, normal_density, normal_hazard, ratio_or_zero)
_TARGETS: dict[tuple[type, str], Callable[..., Any]] = {}


def standard(y: Any, none: float, x: Any, loc: Any, scale: Any) -> Any:
    """(x - loc) / scale, and a harmless value where `none` says that x is outside of the support."""
    return np.where(y == none, 0.5, (x - loc) / scale)


def inside(y: Any, none: float, slope: Any) -> Any:
    """The slope, and 0 where x is outside of the support."""
    return np.where(y == none, 0.0, slope)


def finite(z: Any) -> Any:
    """z, and 0 where it is infinite, so that its product with a density that is 0 there is 0."""
    return np.where(np.isinf(z), 0.0, z)


def share(log_part: Any, log_whole: Any) -> Any:
    """exp(log_part - log_whole), and 0 where the part is nothing."""
    none = log_part == -np.inf
    return np.where(none, 0.0, np.exp(log_part - np.where(none, 0.0, log_whole)))


def student_shape(z: Any, df: Any) -> Any:
    """The slope of log t(z; ν) in ν."""
    q = z * z
    log = psi(0.5 * (df + 1.0)) - psi(0.5 * df) - 1.0 / df - np.log1p(q / df)
    return 0.5 * (log + (df + 1.0) * q / (df * (df + q)))


def fisher_shape(z: Any, own: Any, other: Any, is_first: bool) -> Any:
    """The slope of log F(z; n, d) in n or in d."""
    n, d = (own, other) if is_first else (other, own)
    common = psi(0.5 * (n + d)) - psi(0.5 * own) - np.log1p(n * z / d)
    if is_first:
        return 0.5 * (np.log(n / d) + 1.0 + np.log(z) + common - (n + d) * z / (d + n * z))
    return 0.5 * (common - n / d + (n + d) * (n * z / d) / (d + n * z))


def stretched(c: Any, z: Any) -> Any:
    """log(1 + c z) / c, which is z where c is 0."""
    u = c * z
    near = np.abs(u) < 1e-2
    series = z * (1.0 - u * (1 / 2 - u * (1 / 3 - u * (1 / 4 - u * (1 / 5 - u * (1 / 6 - u * (1 / 7 - u / 8)))))))
    return np.where(near, series, np.log1p(u) / np.where(near, 1.0, c))


def stretched_slope(c: Any, z: Any) -> Any:
    """Its derivative by c, by the series where it cancels."""
    u = c * z
    near = np.abs(u) < 1e-2
    more = u * (3 / 4 - u * (4 / 5 - u * (5 / 6 - u * (6 / 7 - u * 7 / 8))))
    series = -z * z * (1 / 2 - u * (2 / 3 - more))
    return np.where(near, series, (z / (1.0 + u) - stretched(c, z)) / np.where(near, 1.0, c))


def log_or_zero(x: Any) -> Any:
    """log x, and 0 where x is 0."""
    return np.log(np.where(x == 0, 1.0, x))


def _target(distribution: Any, method: str, parameters: str) -> Callable[..., Any]:
    """The method as a function of its own, with the distribution as the first parameter."""
    names = [p.partition("=")[0].strip() for p in parameters.split(",")]
    source = f"lambda self, {parameters}: self.{method}({', '.join(names)})"
    made: Callable[..., Any] = eval(source)
    made.__name__ = made.__qualname__ = f"scipy.stats.{distribution.name}.{method}"
    _TARGETS[type(distribution), method] = made
    return made


def continuous(
    distribution: Any, score: str, shapes: dict[str, str] | None = None, of_cdf: dict[str, str] | None = None
) -> None:
    """Register a distribution: its log-density's slopes in z and in its shapes, and its cdf's slopes in them.

    Z stands for z in these templates. A slope of the cdf is written without its factor, the density of z.
    """
    shapes, of_cdf = shapes or {}, of_cdf or {}
    names = distribution.shapes.replace(" ", "") + ", " if distribution.shapes else ""
    after = f"{names}loc=0, scale=1"
    for method, none, factor in (("logpdf", "-np.inf", "g"), ("pdf", "0.0", "g * y")):
        z = f"standard(y, {none}, x, loc, scale)"
        slope = _with(score, z)
        templates = {
            "x": f"{factor} * inside(y, {none}, {slope} / scale)",
            "loc": f"-{factor} * inside(y, {none}, {slope} / scale)",
            "scale": f"-{factor} * inside(y, {none}, (1.0 + {z} * {slope}) / scale)",
            **{p: f"{factor} * inside(y, {none}, {_with(text, z)})" for p, text in shapes.items()},
        }
        _register(distribution, method, f"x, {after}", templates)
    z = "((x - loc) / scale)"
    density, log_density = f"self.pdf(x, {names}loc, scale)", f"self.logpdf(x, {names}loc, scale)"
    known = f"standard({density}, 0.0, x, loc, scale)"
    for method, factor in (
        *(("cdf", f"g * {density}"), ("logcdf", f"g * share({log_density}, y)")),
        *(("sf", f"-g * {density}"), ("logsf", f"-g * share({log_density}, y)")),
    ):
        templates = {
            "x": factor,
            "loc": f"-({factor})",
            "scale": f"-({factor}) * finite({z})",
            **{p: f"({factor}) * (scale * {_with(text, known)})" for p, text in of_cdf.items()},
        }
        _register(distribution, method, f"x, {after}", templates)
    z = "((y - loc) / scale)"
    for method, sign in (("ppf", ""), ("isf", "-")):
        templates = {
            "q": f"{sign}g / self.pdf(y, {names}loc, scale)",
            "loc": "g",
            "scale": f"g * {z}",
            **{p: f"-g * (scale * {_with(text, z)})" for p, text in of_cdf.items()},
        }
        _register(distribution, method, f"q, {after}", templates)


def discrete(distribution: Any, slopes: dict[str, str], of_cdf: dict[str, str]) -> None:
    """Register a distribution over integers: the slopes of its log-mass and of its cdf in its shapes; Z is k - loc."""
    parameters = f"k, {distribution.shapes.replace(' ', '')}, loc=0"
    for method, none, factor in (("logpmf", "-np.inf", "g"), ("pmf", "0.0", "g * y")):
        z = f"standard(y, {none}, k, loc, 1.0)"
        templates = {p: f"{factor} * inside(y, {none}, {_with(text, z)})" for p, text in slopes.items()}
        _register(distribution, method, parameters, templates)
    z = "np.floor(np.subtract(k, loc))"
    for method, result in (
        *(("cdf", "g * {}"), ("sf", "-g * {}")),
        *(("logcdf", "g * ratio_or_zero({}, np.exp(y))"), ("logsf", "-g * ratio_or_zero({}, np.exp(y))")),
    ):
        templates = {p: result.format(_with(text, z)) for p, text in of_cdf.items()}
        _register(distribution, method, parameters, templates)


def _with(text: str, z: str) -> str:
    """A template with z in the place of Z."""
    return f"({text.replace('Z', z)})"


def _register(distribution: Any, method: str, parameters: str, templates: dict[str, str]) -> None:
    """A function for one method of a class of distributions, which takes the distribution first, and its rule."""
    names = [p.partition("=")[0].strip() for p in parameters.split(",")]
    function: Callable[..., Any] = eval(f"lambda self, {parameters}: self.{method}({', '.join(names)})")
    function.__name__ = function.__qualname__ = f"scipy.stats.{distribution.name}.{method}"
    elementwise(function, f"self, {parameters}", _returns="numeric", **templates)
    _TARGETS[type(distribution), method] = function


_PIECES = "ratio_or_zero(Z, p) - ratio_or_zero({} - Z, 1.0 - p)"
continuous(stats.norm, "-Z")
continuous(stats.expon, "-1.0")
continuous(stats.uniform, "0.0")
continuous(stats.laplace, "-np.sign(Z)")
continuous(stats.logistic, "-np.tanh(0.5 * Z)")
continuous(stats.cauchy, "-2.0 * Z / (1.0 + Z ** 2)")
continuous(stats.halfcauchy, "-2.0 * Z / (1.0 + Z ** 2)")
continuous(stats.halfnorm, "-Z")
continuous(stats.rayleigh, "1.0 / Z - Z")
continuous(stats.gumbel_r, "np.exp(-Z) - 1.0")
continuous(stats.gumbel_l, "1.0 - np.exp(Z)")
continuous(stats.gamma, "(a - 1.0) / Z - 1.0", {"a": "np.log(Z) - psi(a)"})
continuous(stats.invgamma, "(1.0 / Z - (a + 1.0)) / Z", {"a": "-np.log(Z) - psi(a)"})
continuous(stats.chi2, "(0.5 * df - 1.0) / Z - 0.5", {"df": "0.5 * (np.log(0.5 * Z) - psi(0.5 * df))"})
continuous(
    stats.beta,
    "(a - 1.0) / Z - (b - 1.0) / (1.0 - Z)",
    {"a": "np.log(Z) - psi(a) + psi(a + b)", "b": "np.log1p(-Z) - psi(b) + psi(a + b)"},
)
continuous(stats.t, "-(df + 1.0) * Z / (df + Z ** 2)", {"df": "student_shape(Z, df)"})
continuous(
    stats.f,
    "(0.5 * dfn - 1.0) / Z - 0.5 * (dfn + dfd) * dfn / (dfd + dfn * Z)",
    {"dfn": "fisher_shape(Z, dfn, dfd, True)", "dfd": "fisher_shape(Z, dfd, dfn, False)"},
)
continuous(
    stats.lognorm,
    "-(1.0 + np.log(Z) / s ** 2) / Z",
    {"s": "(np.log(Z) / s) ** 2 / s - 1.0 / s"},
    {"s": "-np.log(Z) * Z / s"},
)
continuous(
    stats.weibull_min,
    "(c - 1.0) / Z - c * Z ** (c - 1.0)",
    {"c": "1.0 / c + np.log(Z) * (1.0 - Z**c)"},
    {"c": "np.log(Z) * Z / c"},
)
continuous(stats.pareto, "-(b + 1.0) / Z", {"b": "1.0 / b - np.log(Z)"}, {"b": "np.log(Z) * Z / b"})
continuous(
    stats.skewnorm,
    "a * normal_hazard(a * Z) - Z",
    {"a": "Z * normal_hazard(a * Z)"},
    {"a": "-np.exp(-0.5 * (a * Z) ** 2) / (np.sqrt(2.0 * np.pi) * (1.0 + a**2)) / special.ndtr(a * Z)"},
)
continuous(stats.truncnorm, "-Z", {"a": "self.pdf(a, a, b)", "b": "-self.pdf(b, a, b)"})
discrete(stats.poisson, {"mu": "ratio_or_zero(Z, mu) - 1.0"}, {"mu": "-self.pmf(Z, mu)"})
discrete(stats.binom, {"p": _PIECES.format("n")}, {"p": "-n * self.pmf(Z, n - 1, p)"})
discrete(stats.bernoulli, {"p": _PIECES.format("1.0")}, {"p": "-np.where(Z == 0, 1.0, 0.0)"})
discrete(
    stats.geom,
    {"p": "1.0 / p - ratio_or_zero(Z - 1.0, 1.0 - p)"},
    {"p": "np.where(Z < 1, 0.0, Z * (1.0 - p) ** (np.maximum(Z, 1.0) - 1.0))"},
)
discrete(
    stats.nbinom, {"n": "psi(Z + n) - psi(n) + np.log(p)", "p": "n / p - ratio_or_zero(Z, 1.0 - p)"}, {}
)


# Calls: from the method that all distributions share to the function made for one of them


def target_of(fn: Any, distribution: Any) -> Callable[..., Any]:
    """The function that was made for a method of a distribution's class."""
    target = _TARGETS.get((type(distribution), fn.__name__))
    if target is None:
        raise DifferentiabilityError(
            f"no derivative is known for `scipy.stats.{distribution.name}.{fn.__name__}`; write its formula out, or "
            "put it into a function of your own and register that function's derivative with @pb.derivative"
        )
    return target


def _shared(method: Any) -> Callable[..., tuple[Any, Residual]]:
    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
        return call(target_of(method, args[0]), args, active, kwargs)

    return vjp


def _shared_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return call_differential(target_of(fn, args[0]), ZERO, args, dots, kwargs, kwdots)


def shared_method(fn: Any, frozen: Any) -> Any:
    """The method of the distribution that one of a distribution with its parameters stands for."""
    return getattr(type(frozen.dist), fn.__name__)


def _frozen(method: Any) -> Callable[..., tuple[Any, Residual]]:
    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
        """`dist(*parameters).method(x)` is `dist.method(x, *parameters)`."""
        frozen, x = args[0], args[1] if len(args) > 1 else next(iter(kwargs.values()))
        parameters, named = frozen.args, frozen.kwds
        places: list[int | str] = []
        if any(a != 0 for a in active):
            places.append(1)
        if 0 in active:
            places += [*range(2, 2 + len(parameters)), *named]
        value, inner = call(shared_method(method, frozen), (frozen.dist, x, *parameters), tuple(places), named)
        return value, (_thaw, inner, places, type(frozen), len(parameters), active)

    return vjp


def _frozen_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    frozen = args[0]
    x = args[1] if len(args) > 1 else next(iter(kwargs.values()))
    x_dot = dots[1] if len(args) > 1 else part(kwdots, next(iter(kwargs)))
    method, parameters, named = shared_method(fn, frozen), frozen.args, frozen.kwds
    own = elements(part(dots[0], "args"), parameters)
    by_name = keyword_parts(part(dots[0], "kwds"), named)
    return call_differential(method, ZERO, (frozen.dist, x, *parameters), (ZERO, x_dot, *own), named, by_name)


def _thaw(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, places, frozen, count, active = residual
    found = dict(zip(places, inner[0](inner, g), strict=True))
    parameters = tuple(found.get(2 + k, ZERO) for k in range(count))
    named = {k: t for k, t in found.items() if isinstance(k, str)}
    whole = tangent_type(frozen)(args=parameters, kwds=named)
    return tuple(whole if a == 0 else found[1] for a in active)


def _freeze(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """A distribution with its parameters: what its methods return flows back to them."""
    return args[0].freeze(*args[1:], **kwargs), (_unfreeze, active)


def _freeze_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    frozen = args[0].freeze(*args[1:], **kwargs)
    return frozen, gathered_vector(frozen, ("args", "kwds"), (dots[1:], keyword_parts(kwdots, kwargs)))


def _unfreeze(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    args, kwds = fields_of(g, ("args", "kwds"), "a frozen distribution")
    args, kwds = () if args is ZERO else args, {} if kwds is ZERO else kwds
    by_place = {**dict(enumerate(args, 1)), **kwds}
    return tuple(by_place.get(a, ZERO) for a in residual[1])


def _register_calls() -> None:
    base, discrete = stats.rv_continuous, stats.rv_discrete
    methods = [getattr(base, n) for n in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")]
    methods += [getattr(discrete, n) for n in ("pmf", "logpmf", "cdf", "logcdf", "sf", "logsf")]
    for method in methods:
        intrinsic(method)(_shared(method))
        forward_intrinsic(method)(_shared_differential)
    kinds = {type(stats.norm()), type(stats.poisson(1.0))}
    for cls in {c for kind in kinds for c in kind.__mro__}:
        for name in ("pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf"):
            if name in vars(cls):
                intrinsic(vars(cls)[name])(_frozen(vars(cls)[name]))
                forward_intrinsic(vars(cls)[name])(_frozen_differential)
    for method in (base.__call__, base.freeze):
        intrinsic(method)(_freeze)
        forward_intrinsic(method)(_freeze_differential)


constant(target_of, shared_method)
_register_calls()
