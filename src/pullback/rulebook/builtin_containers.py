"""Built-in functions over containers: each result element's tangent goes to the element it came from.

    zip(xs, ys)       a list of pairs here, so that a loop over it can be reversed
    max(xs, key=f)    the cotangent goes to the first winner
"""

from __future__ import annotations

import bisect
import copy
import dataclasses
import functools
import operator
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.asking import asked
from pullback.attributes import read_attribute
from pullback.dispatch import call, plainly
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.iterating import All
from pullback.operating import operate
from pullback.rearranging import keyed, sorted_order
from pullback.rulebook.builtin_functions import real_part
from pullback.rulebook.replacing import made_anew, runs_code
from pullback.rules import Active, constant, intrinsic, rule
from pullback.tangents import ZERO, Tangent, TangentVector, add

Result = tuple[Any, Residual]
NUMBERS = (int, float, complex, np.generic, np.ndarray)


@intrinsic(sum)
def _sum(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    source, start = All(args[0], 0 in active), args[1] if len(args) > 1 else kwargs.get("start", 0)
    xs = source.items
    if all(isinstance(x, NUMBERS) for x in (*xs, start)):
        return sum(xs, start), (_reverse_sum, source, xs, start, active)
    total, residuals = start, []
    for x in xs:
        total, residual = operate("+", (total, x), (0, 1))
        residuals.append(residual)
    return total, (_reverse_chain, source, residuals, active)


def _reverse_sum(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, source, xs, start, active = residual
    return tuple(
        source.tangent((i, fit(g, x)) for i, x in enumerate(xs)) if operand == 0 else fit(g, start)
        for operand in active
    )


def _reverse_chain(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """A left fold of two-operand calls: the accumulator's tangent runs back through all of them."""
    _, source, residuals, active = residual
    parts = []
    for i in range(len(residuals) - 1, -1, -1):
        if g is ZERO:
            break
        g, part = residuals[i][0](residuals[i], g)
        parts.append((i, part))
    return tuple(source.tangent(parts) if operand == 0 else g for operand in active)


@intrinsic(functools.reduce)
def _reduce(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    function, xs, *initial = args
    source = All(xs, 1 in active)
    items = [*initial, *source.items]
    if not items:
        raise TypeError("reduce() of empty iterable with no initial value")
    total, residuals = items[0], []
    flags: Active = (-1, 0, 1) if 0 in active else (0, 1)
    for x in items[1:]:
        total, residual = call(function, (total, x), flags)
        residuals.append(residual)
    return total, (_reverse_reduce, source, bool(initial), residuals, active)


def _reverse_reduce(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, source, has_initial, residuals, active = residual
    d_function: Tangent = ZERO
    parts = []
    offset = 0 if has_initial else 1
    for i in range(len(residuals) - 1, -1, -1):
        if g is ZERO:
            break
        *callee, g, part = residuals[i][0](residuals[i], g)
        if callee:
            d_function = add(d_function, callee[0])
        parts.append((i + offset, part))
    if not has_initial:
        parts.append((0, g))
    by_operand = {0: d_function, 1: source.tangent(parts), 2: g}
    return tuple(by_operand[a] for a in active)


def _extreme(choose: Callable[..., Any]) -> Callable[..., Result]:
    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
        source = All(args if len(args) > 1 else args[0])
        xs = source.items
        if not xs:
            return choose(*args, **kwargs), (_reverse_default, active)
        key = kwargs.get("key")
        keys = xs if key is None else asked(keyed, plainly(key), xs)
        winner = asked(chosen, choose, keys)
        return xs[winner], (_reverse_choice, args, winner, active, source)

    return vjp


def chosen(choose: Callable[..., Any], keys: list[Any]) -> Any:
    """The index of the first largest or smallest."""
    return choose(range(len(keys)), key=keys.__getitem__)


def _reverse_default(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return tuple(g if a == "default" else ZERO for a in residual[1])


def _reverse_choice(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, args, winner, active, *source = residual
    if len(args) > 1:
        return tuple(g if a == winner else ZERO for a in active)
    return tuple(source[0].tangent([(winner, g)]) if a == 0 else ZERO for a in active)


intrinsic(max)(_extreme(max))
intrinsic(min)(_extreme(min))


def selection(select: Callable[..., list[int]], wrap: Callable[[list[Any]], Any]) -> Callable[..., Result]:
    """A function whose result holds some of the elements of its first argument: `select` gives their indices."""

    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
        source = All(args[0] if args else ())
        items = source.items
        order = select(items, *args[1:], **kwargs)
        return wrap([items[i] for i in order]), (_reverse_selection, source, order, active)

    return vjp


def _reverse_selection(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, source, order, active = residual
    return tuple(source.tangent((i, g[k]) for k, i in enumerate(order)) if a == 0 else ZERO for a in active)


def _all(items: list[Any]) -> list[int]:
    return list(range(len(items)))


intrinsic(list, returns="list")(selection(_all, list))
intrinsic(tuple, returns="tuple")(selection(_all, tuple))
intrinsic(sorted, returns="list")(selection(sorted_order, list))


@intrinsic(dict, returns="dict")
def _dict(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    if not args or isinstance(args[0], dict):
        return dict(*args, **kwargs), (_reverse_dict, None, [], kwargs, active)
    source = All(args[0], 0 in active)
    pairs = [tuple(pair) for pair in source.items]
    return dict(pairs, **kwargs), (_reverse_dict, source, [k for k, _ in pairs], kwargs, active)


def _reverse_dict(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, source, keys, kwargs, active = residual
    out: list[Tangent] = []
    for operand in active:
        if isinstance(operand, str):
            out.append(g.get(operand, ZERO))
        elif source is None:
            out.append({k: v for k, v in g.items() if k not in kwargs})
        else:
            last = {k: i for i, k in enumerate(keys)}
            parts = [(i, [ZERO, g.get(k, ZERO)]) for k, i in last.items() if k not in kwargs]
            out.append(source.tangent(parts))
    return tuple(out)


@intrinsic(dict.items, returns="list")
@intrinsic(OrderedDict.items, returns="list")
def _items(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return list(args[0].items()), (_reverse_items, list(args[0]))


def _reverse_items(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return ({k: pair[1] for k, pair in zip(residual[1], g, strict=True) if pair is not ZERO},)


@intrinsic(dict.values, returns="list")
@intrinsic(OrderedDict.values, returns="list")
def _values(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return list(args[0].values()), (_reverse_values, list(args[0]))


def _reverse_values(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return (dict(zip(residual[1], g, strict=True)),)


@intrinsic(dict.get)
def _get(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return dict.get(*args), (_reverse_get, args[1], args[1] in args[0], active)


def _reverse_get(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, key, present, active = residual
    by_operand = {0: {key: g} if present else ZERO, 2: ZERO if present else g}
    return tuple(by_operand.get(a, ZERO) for a in active)


@intrinsic(getattr)
def _getattr(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    obj, name, *default = args
    if default and not hasattr(obj, name):
        return default[0], (_reverse_choice, args, 2, active)
    value, residual = read_attribute(obj, name)
    return value, (_reverse_getattr, residual, active)


def _reverse_getattr(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, active = residual
    return tuple(inner[0](inner, g)[0] if a == 0 else ZERO for a in active)


@intrinsic(dataclasses.replace)
def _replace(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    if runs_code(args[0]):
        return call(made_anew, args, active, kwargs)
    return dataclasses.replace(*args, **kwargs), (_reverse_replace, kwargs, active)


def _reverse_replace(residual: Residual, g: TangentVector) -> tuple[Tangent, ...]:
    _, changes, active = residual
    kept = type(g)(**{n: t for n, t in g.__dict__.items() if n not in changes})
    return tuple(g.__dict__.get(a, ZERO) if isinstance(a, str) else kept for a in active)


@intrinsic(super)
def _super(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    """`super(C, self)` stands for self: what flows back to it flows to self."""
    return super(*args), (_reverse_choice, args, 1, active)


rule(float.real, "x", x="g", x_dot="x_dot", _returns="float")
rule(float.conjugate, "x", x="g", x_dot="x_dot", _returns="float")
rule(complex.real, "z", z="real_part(g) + 0j", z_dot="z_dot.real")
rule(complex.imag, "z", z="-1j * real_part(g)", z_dot="z_dot.imag")
rule(complex.conjugate, "z", z="g.conjugate()", z_dot="z_dot.conjugate()")
constant(
    dict.keys,
    OrderedDict.keys,
    list.__len__,
    tuple.__len__,
    dict.__len__,
    dict.__contains__,
    list.index,
    list.count,
    tuple.index,
    tuple.count,
    str.join,
    str.format,
    float.imag,
)
constant(operator.length_hint, bisect.bisect, bisect.bisect_left)


__all__ = ["real_part"]
