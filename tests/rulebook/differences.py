"""A rule against finite differences of its primal: never against the formula it was written with.

For a random cotangent g of the result, φ(x) = Re Σ g f(x) is differentiated along every real
coordinate of every operand by fourth-order central differences, at several step sizes. An entry of
the rule's tangent must agree at one of them: a rule that is wrong agrees at none.
"""

from __future__ import annotations

import copy
import dataclasses
import types
import warnings
from typing import Any

import numpy as np

from pullback.applying import apply_rule
from pullback.rules import Rule, callable_name, lookup
from pullback.spaces import is_differentiable
from pullback.trees import flatten, inner, leaves

STEPS = (3e-2, 3e-3, 3e-4, 3e-5)
TOLERANCE = {"d": 1e-7, "D": 1e-7, "g": 1e-7, "G": 1e-7, "f": 2e-3, "F": 2e-3, "e": 3e-2}


def callable_rule(function: Any) -> Rule:
    """The rule of a function; of an attribute (a getset descriptor), with its getter as the function."""
    entry = lookup(function)
    assert entry is not None and entry.rule is not None, f"{callable_name(function)} has no rule"
    return dataclasses.replace(entry.rule, function=plain(function))


def plain(function: Any) -> Any:
    """The function itself, or the getter of an attribute."""
    return function.__get__ if isinstance(function, types.GetSetDescriptorType) else function


def check_rule(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: tuple[Any, ...]) -> None:
    """Everything a rule promises, for one call: value, tangents, their form, purity and repeatability."""
    rule = callable_rule(function)
    before = copy.deepcopy((args, kwargs))
    expected = rule.function(*args, **kwargs)
    value, residual = apply_rule(rule, args, kwargs, wrt)
    assert same(value, expected), "the value differs from the primal's"
    g = random_like(value)
    kept = copy.deepcopy(g)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tangents = residual[0](residual, g)
    again = residual[0](residual, g)
    assert same((args, kwargs), before), "an input was changed"
    assert same(g, kept), "the cotangent was changed"
    assert same(tangents, again), "a second call of the pullback answers differently"
    assert len(tangents) == len(wrt)
    for operand, tangent in zip(wrt, tangents, strict=True):
        x = kwargs[operand] if isinstance(operand, str) else args[operand]
        assert_in_space(tangent, x)
        compare(rule, args, kwargs, operand, x, g, tangent)


def assert_in_space(tangent: Any, x: Any) -> None:
    """The tangent has its primal's own structure, shapes and dtypes, without any projection."""
    if isinstance(x, np.ndarray):
        assert isinstance(tangent, np.ndarray), f"{type(tangent).__name__}, not an array"
        assert tangent.shape == x.shape and tangent.dtype == x.dtype, f"{tangent.shape} {tangent.dtype}"
    elif isinstance(x, (list, tuple)):
        assert type(tangent) is type(x) and len(tangent) == len(x)
        for t, v in zip(tangent, x, strict=True):
            if is_differentiable(v):
                assert_in_space(t, v)
    else:
        assert type(tangent) is type(x), f"{type(tangent).__name__}, not {type(x).__name__}"


def same(a: Any, b: Any) -> bool:
    """Equal bit for bit, NaN included, and of one type."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (np.ndarray, np.generic)):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        # a long double has padding, which holds anything
        return a.tobytes() == b.tobytes() or bool(a.itemsize % 16 == 0 and np.array_equal(a, b, equal_nan=True))
    slots = [n for cls in type(a).__mro__ for n in getattr(cls, "__slots__", ())]
    if slots and isinstance(a, type(np.r_).__base__):  # np.r_, which has no equality of its own
        return all(same(getattr(a, n), getattr(b, n)) for n in slots)
    return bool(a is b or a == b or (isinstance(a, float) and a != a and b != b) or repr(a) == repr(b))


def random_like(value: Any, seed: int = 0) -> Any:
    """A random cotangent of a result; what has no tangent space in it stays."""
    vector, rebuild = flatten(value)
    sizes = np.random.default_rng(seed).uniform(0.5, 1.5, vector.size)
    return rebuild(np.where(np.arange(vector.size) % 3, sizes, -sizes))


def doubled(x: Any) -> Any:
    """The value in double precision: single and half leave too few digits to differentiate."""
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype.char in "efgFG":
        return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    if isinstance(x, (list, tuple)):
        return x._make(map(doubled, x)) if hasattr(x, "_make") else type(x)(map(doubled, x))
    return x


def compare(
    rule: Rule, args: tuple[Any, ...], kwargs: dict[str, Any], operand: Any, x: Any, g: Any, tangent: Any
) -> None:
    """The tangent of one operand against differences, along each real coordinate of it."""
    wide_args = tuple(map(doubled, args))
    wide_kwargs = {k: doubled(v) for k, v in kwargs.items()}
    point = doubled(x)
    vector, rebuild = flatten(point)
    narrowest = max((TOLERANCE[np.asarray(v).dtype.char] for v in leaves((x, g))), default=1e-7)

    def phi(v: Any) -> float:
        moved = rebuild(v)
        if isinstance(operand, str):
            result = rule.function(*wide_args, **{**wide_kwargs, operand: moved})
        else:
            result = rule.function(*wide_args[:operand], moved, *wide_args[operand + 1 :], **wide_kwargs)
        total = 0.0
        for a, b in zip(leaves(g), leaves(result), strict=True):
            products = np.asarray(a, np.result_type(a, np.float64)) * b
            total += float(np.sum(np.real(products[np.isfinite(products)] if np.ndim(products) else products)))
        return total

    for k in range(vector.size):
        if np.isinf(vector[k]):
            continue
        unit = np.zeros(vector.size)
        unit[k] = 1.0
        found = inner(tangent, rebuild(unit), point if point is x else x)
        errors, estimates = [], []
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for step in STEPS:
                h = unit * step
                try:
                    slope = 8 * (phi(vector + h) - phi(vector - h)) - (phi(vector + 2 * h) - phi(vector - 2 * h))
                except ValueError:  # a step out of the domain
                    continue
                estimates.append(slope / (12 * step))
                errors.append(abs(found - estimates[-1]) / max(1.0, abs(found)))
        assert np.isfinite(found) and np.nanmin(errors) <= narrowest, (
            f"{rule.name}, operand {operand}, coordinate {k}: the rule gives {found}, differences {estimates}"
        )
