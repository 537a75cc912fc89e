"""A rule's forward-mode templates, evaluated directly: the reference for what forward mode makes of a rule.

    differential(rule of np.dot, (a, b), {}, (0, 1), (a_dot, b_dot))  ->  a_dot @ b + a @ b_dot

The tangent of a result is the sum over the active operands of one part each. A part is

    the template `<parameter>_dot`,                        where the rule has one;
    the function, with the tangent in the operand's place, where the parameter stands in `_linear`;
    the cotangent template with the tangent for `g`,       of an elementwise rule; fitted to the result.
"""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
from differences import STEPS, TOLERANCE, callable_rule, doubled, plain, random_like, same

from pullback.applying import apply_rule, bind, parameter_of
from pullback.fitting import fit
from pullback.rulebook.array_likes import filled
from pullback.rules import Rule
from pullback.spaces import is_differentiable, project
from pullback.tangents import NO_TANGENT, ZERO, add
from pullback.trees import as_reals, flatten, inner, leaves, tangent_leaves

_COMPILED: dict[tuple[int, str], Any] = {}


def part(rule: Rule, args: Any, kwargs: Any, operand: Any, t: Any, y: Any) -> Any:
    """What one operand's tangent adds to the result's."""
    name, index = parameter_of(rule, operand)
    parameters = tuple(rule.signature.parameters)
    values = tuple(bind(rule, args, kwargs).arguments.values())
    template = rule.forward.get(name)
    if template is not None:
        key = (id(rule.templates), name)
        if key not in _COMPILED:
            source = f"lambda {name}_dot, y, i, {', '.join(parameters)}: {template.text.strip()}"
            _COMPILED[key] = rule.templates, eval(source, template.namespace)
        made = _COMPILED[key][1](t, y, index, *values)
    elif name in rule.linear:
        if isinstance(operand, str):
            made = rule.function(*args, **{**kwargs, operand: t})
        else:
            made = rule.function(*args[:operand], t, *args[operand + 1 :], **kwargs)
    else:
        assert rule.elementwise, f"{rule.name} has no forward-mode template for `{name}`"
        assert "g[" not in rule.templates[name].text, f"{rule.name}: `{name}` needs a forward-mode template"
        made = rule.templates[name].compiled(parameters)(t, y, index, *values)
        assert np.iscomplexobj(y) or not np.iscomplexobj(made), f"{rule.name}: a complex tangent of a real result"
    return fit(made, y) if rule.elementwise else made


def value_of(args: Any, kwargs: Any, operand: Any) -> Any:
    """An operand's value."""
    return kwargs[operand] if isinstance(operand, str) else args[operand]


def differential(rule: Rule, args: Any, kwargs: Any, wrt: Any, tangents: Any) -> Any:
    """The tangent of a call's result, for the tangents of its active operands."""
    y = rule.function(*args, **kwargs)
    total: Any = ZERO
    for operand, t in zip(wrt, tangents, strict=True):
        x = value_of(args, kwargs, operand)
        total = add(total, part(rule, args, kwargs, operand, filled(t, x), y))
    return total


def check_forward(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: tuple[Any, ...]) -> None:
    """A rule's tangent against differences along it, and against its cotangents: <w, J v> = <Jᵀ w, v>."""
    rule = callable_rule(function)
    tangents = tuple(direction(value_of(args, kwargs, operand), k) for k, operand in enumerate(wrt))
    before = copy.deepcopy((args, kwargs, tangents))
    y = plain(function)(*args, **kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y_dot = differential(rule, args, kwargs, wrt, tangents)
    assert same((args, kwargs, tangents), before), "an operand or tangent was changed"
    assert_tangent(y_dot, y)
    operands = [value_of(args, kwargs, operand) for operand in wrt]
    narrowest = max((TOLERANCE[np.asarray(v).dtype.char] for v in leaves((operands, y))), default=1e-7)
    along_differences(rule, args, kwargs, wrt, tangents, y_dot, narrowest)
    w = random_like(y, 1)
    _, residual = apply_rule(rule, args, kwargs, wrt)
    try:
        cotangents = residual[0](residual, w)
    except Exception as error:  # what reverse mode refuses has no identity to hold
        assert "Differentiability" in type(error).__name__, error
        return
    for operand, x, v, c in zip(wrt, operands, tangents, cotangents, strict=True):
        forward = pairing(w, part(rule, args, kwargs, operand, filled(v, x), y), y)
        reverse = inner(c, v, x)
        if np.isfinite(reverse) or np.isfinite(forward):
            scale = max(1.0, abs(reverse))
            assert abs(forward - reverse) <= narrowest * scale, (
                f"{rule.name}, operand {operand}: <w, Jv> = {forward}, <Jᵀw, v> = {reverse}"
            )


def pairing(w: Any, t: Any, y: Any) -> float:
    """The pairing of a cotangent with a tangent of the result, entries where both are infinite left out."""
    total = 0.0
    for a, b in zip(tangent_leaves(w, y), tangent_leaves(t, y), strict=True):
        total += float(np.real(np.sum(np.asarray(a, np.result_type(a, np.float64)) * b)))
    return total


def direction(x: Any, seed: int) -> Any:
    """A random tangent of an operand: 0 where the operand is infinite, where differences say nothing."""
    vector, rebuild = flatten(x)
    sizes = np.random.default_rng(seed + 7).uniform(-1.0, 1.0, vector.size)
    t = rebuild(np.where(np.isfinite(vector), sizes, 0.0))
    return without_space(t, x)


def without_space(t: Any, x: Any) -> Any:
    """The tangent with NO_TANGENT where a list's item has no tangent space."""
    if isinstance(x, (list, tuple)):
        return type(x)(without_space(u, v) for u, v in zip(t, x, strict=True))
    return t if is_differentiable(x) else NO_TANGENT


def assert_tangent(t: Any, y: Any) -> None:
    """A result's tangent has the result's structure, shapes and dtypes; ZERO stands for any zero."""
    if isinstance(y, (list, tuple)) and t is not ZERO:
        assert isinstance(t, (list, tuple)) and len(t) == len(y), f"{type(t).__name__}, not {len(y)} parts"
        for u, v in zip(t, y, strict=True):
            assert_tangent(u, v)
    elif t is not ZERO and is_differentiable(y):
        assert np.shape(t) == np.shape(y), f"shape {np.shape(t)}, not {np.shape(y)}"
        assert np.result_type(t) == np.result_type(y), f"{np.result_type(t)}, not {np.result_type(y)}"
        assert isinstance(t, np.ndarray) == isinstance(y, np.ndarray) or not np.ndim(y), f"{type(t).__name__}"
    else:
        assert t is ZERO or t is NO_TANGENT or not is_differentiable(y), f"{t!r} for {y!r}"
        assert t is ZERO or t is NO_TANGENT, f"{type(t).__name__} for a {type(y).__name__}, which has no tangent"


def along_differences(
    rule: Rule, args: Any, kwargs: Any, wrt: Any, tangents: Any, y_dot: Any, tolerance: float
) -> None:
    """The tangent against fourth-order central differences of the result along the operands' tangents."""
    wide_args, wide_kwargs = list(map(doubled, args)), {k: doubled(v) for k, v in kwargs.items()}
    points = [flatten(doubled(value_of(args, kwargs, operand))) for operand in wrt]
    lines = [as_reals(leaves(t)) for t in tangents]

    def moved(s: float) -> Any:
        for operand, (vector, rebuild), line in zip(wrt, points, lines, strict=True):
            with np.errstate(all="ignore"):
                value = rebuild(vector + s * line)
            if isinstance(operand, str):
                wide_kwargs[operand] = value
            else:
                wide_args[operand] = value
        return as_reals(leaves(rule.function(*wide_args, **wide_kwargs)))

    y = rule.function(*args, **kwargs)
    found = as_reals(tangent_leaves(project(y_dot, y), y))
    known = np.isfinite(as_reals(leaves(y)))
    best = np.full(found.shape, np.inf)
    estimates = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for h in (*STEPS, 3e-6):
            try:
                slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
            except ValueError:  # a step out of the domain
                continue
            estimates.append(slope)
            best = np.fmin(best, np.abs(found - slope) / np.maximum(1.0, np.abs(found)))
    wrong = known & ~(best <= tolerance)
    assert np.all(np.isfinite(found[known])), f"{rule.name}: a tangent that is not finite: {found}"
    k = int(np.argmax(np.where(wrong, np.minimum(best, 1e300), -1.0))) if found.size else 0
    assert not np.any(wrong), (
        f"{rule.name}, entry {k} of the result: the rule gives {found[k]}, differences {[e[k] for e in estimates]}"
    )
