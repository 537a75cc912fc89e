"""Built-in functions over containers: each result element's tangent goes to the element it came from.

    zip(xs, ys)       a list of pairs here, so that a loop over it can be reversed
    max(xs, key=f)    the cotangent goes to the first winner
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.attributes import read_attribute
from pullback.dispatch import call
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.operating import operate
from pullback.rulebook.builtin_functions import real_part
from pullback.rules import Active, constant, intrinsic, rule
from pullback.runtime import add_at, buffer
from pullback.tangents import ZERO, Tangent, TangentVector, add

Result = tuple[Any, Residual]
NUMBERS = (int, float, complex, np.generic, np.ndarray)


def _spread(parts: Iterable[tuple[int, Tangent]], xs: Any) -> Tangent:
    """The tangent of a sequence from (index, tangent) pairs of its elements."""
    d = buffer(ZERO, xs)
    for index, part in parts:
        add_at(d, index, part)
    return d


def _elements(xs: Any) -> list[Any]:
    return list(xs)


@intrinsic(sum)
def _sum(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    xs, start = _elements(args[0]), args[1] if len(args) > 1 else kwargs.get("start", 0)
    if all(isinstance(x, NUMBERS) for x in (*xs, start)):
        return sum(xs, start), (_reverse_sum, args[0], xs, start, active)
    total, residuals = start, []
    for x in xs:
        total, residual = operate("+", (total, x), (0, 1))
        residuals.append(residual)
    return total, (_reverse_chain, args[0], residuals, active)


def _reverse_sum(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, source, xs, start, active = residual
    return tuple(
        _spread(((i, fit(g, x)) for i, x in enumerate(xs)), source) if operand == 0 else fit(g, start)
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
    return tuple(_spread(parts, source) if operand == 0 else g for operand in active)


@intrinsic(functools.reduce)
def _reduce(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    function, xs, *initial = args
    items = [*initial, *xs]
    if not items:
        raise TypeError("reduce() of empty iterable with no initial value")
    total, residuals = items[0], []
    flags: Active = (-1, 0, 1) if 0 in active else (0, 1)
    for x in items[1:]:
        total, residual = call(function, (total, x), flags)
        residuals.append(residual)
    return total, (_reverse_reduce, xs, bool(initial), residuals, active)


def _reverse_reduce(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, xs, has_initial, residuals, active = residual
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
    by_operand = {0: d_function, 1: _spread(parts, xs), 2: g}
    return tuple(by_operand[a] for a in active)


def _extreme(choose: Callable[..., Any]) -> Callable[..., Result]:
    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
        xs = args if len(args) > 1 else _elements(args[0])
        if not xs:
            return choose(*args, **kwargs), (_reverse_default, active)
        key = kwargs.get("key")
        keys = xs if key is None else [key(x) for x in xs]
        winner = choose(range(len(xs)), key=keys.__getitem__)
        return xs[winner], (_reverse_choice, args, winner, active)

    return vjp


def _reverse_default(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return tuple(g if a == "default" else ZERO for a in residual[1])


def _reverse_choice(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, args, winner, active = residual
    if len(args) > 1:
        return tuple(g if a == winner else ZERO for a in active)
    return tuple(_spread([(winner, g)], args[0]) if a == 0 else ZERO for a in active)


intrinsic(max)(_extreme(max))
intrinsic(min)(_extreme(min))


def _selection(select: Callable[..., list[int]], wrap: Callable[[list[Any]], Any]) -> Callable[..., Result]:
    """A function whose result holds some of the elements of its first argument: `select` gives their indices."""

    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
        xs = args[0] if args else ()
        items = _elements(xs)
        order = select(items, *args[1:], **kwargs)
        return wrap([items[i] for i in order]), (_reverse_selection, xs, order, active)

    return vjp


def _reverse_selection(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, xs, order, active = residual
    return tuple(_spread(((i, g[k]) for k, i in enumerate(order)), xs) if a == 0 else ZERO for a in active)


def _all(items: list[Any]) -> list[int]:
    return list(range(len(items)))


def sorted_order(items: list[Any], *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> list[int]:
    """The indices of the elements in sorted order."""
    keys = items if key is None else [key(x) for x in items]
    return sorted(range(len(items)), key=keys.__getitem__, reverse=reverse)


intrinsic(list, returns="list")(_selection(_all, list))
intrinsic(tuple, returns="tuple")(_selection(_all, tuple))
intrinsic(sorted, returns="list")(_selection(sorted_order, list))
intrinsic(reversed, returns="list")(_selection(lambda items: list(range(len(items) - 1, -1, -1)), list))


@intrinsic(filter, returns="list")
def _filter(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    keep, xs = args
    items = _elements(xs)
    order = [i for i, x in enumerate(items) if (x if keep is None else keep(x))]
    return [items[i] for i in order], (_reverse_filter, xs, order, active)


def _reverse_filter(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, xs, order, active = residual
    return tuple(_spread(((i, g[k]) for k, i in enumerate(order)), xs) if a == 1 else ZERO for a in active)


@intrinsic(enumerate, returns="list")
def _enumerate(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return list(enumerate(*args, **kwargs)), (_reverse_enumerate, args[0], active)


def _reverse_enumerate(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, xs, active = residual
    parts = ((i, pair[1]) for i, pair in enumerate(g) if pair is not ZERO)
    return tuple(_spread(parts, xs) if a == 0 else ZERO for a in active)


@intrinsic(zip, returns="list")
def _zip(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return list(zip(*args, **kwargs)), (_reverse_zip, args, active)  # noqa: B905  # `strict` is the caller's


def _reverse_zip(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, args, active = residual
    return tuple(_spread(((i, row[a]) for i, row in enumerate(g) if row is not ZERO), args[a]) for a in active)


@intrinsic(map, returns="list")
def _map(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    function, *sequences = args
    inner: Active = tuple(a - 1 for a in active if isinstance(a, int))
    made = [call(function, row, inner) for row in zip(*sequences)]  # noqa: B905  # map stops at the shortest
    return [value for value, _ in made], (_reverse_map, args, [r for _, r in made], active)


def _reverse_map(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, args, residuals, active = residual
    d_function: Tangent = ZERO
    parts: dict[int, list[tuple[int, Tangent]]] = {a: [] for a in active}
    for i, part in enumerate(g):
        if part is ZERO:
            continue
        for operand, t in zip(active, residuals[i][0](residuals[i], part), strict=True):
            if operand == 0:
                d_function = add(d_function, t)
            else:
                parts[operand].append((i, t))
    return tuple(d_function if a == 0 else _spread(parts[a], args[a]) for a in active)


@intrinsic(dict, returns="dict")
def _dict(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return dict(*args, **kwargs), (_reverse_dict, args, kwargs, active)


def _reverse_dict(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, args, kwargs, active = residual
    out: list[Tangent] = []
    for operand in active:
        if isinstance(operand, str):
            out.append(g.get(operand, ZERO))
        elif isinstance(args[0], dict):
            out.append({k: v for k, v in g.items() if k not in kwargs})
        else:
            pairs = list(args[0])
            last = {k: i for i, (k, _) in enumerate(pairs)}
            parts = [(i, [ZERO, g.get(k, ZERO)]) for k, i in last.items() if k not in kwargs]
            out.append(_spread(parts, pairs))
    return tuple(out)


@intrinsic(dict.items, returns="list")
def _items(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return list(args[0].items()), (_reverse_items, list(args[0]))


def _reverse_items(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return ({k: pair[1] for k, pair in zip(residual[1], g, strict=True) if pair is not ZERO},)


@intrinsic(dict.values, returns="list")
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
    if hasattr(type(args[0]), "__post_init__"):
        raise DifferentiabilityError(
            f"{type(args[0]).__name__}.__post_init__ runs code of its own when a copy is made, which is not "
            "differentiated yet; build the new value in a function"
        )
    return dataclasses.replace(*args, **kwargs), (_reverse_replace, kwargs, active)


def _reverse_replace(residual: Residual, g: TangentVector) -> tuple[Tangent, ...]:
    _, changes, active = residual
    kept = type(g)(**{n: t for n, t in g.__dict__.items() if n not in changes})
    return tuple(g.__dict__.get(a, ZERO) if isinstance(a, str) else kept for a in active)


@intrinsic(super)
def _super(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    """`super(C, self)` stands for self: what flows back to it flows to self."""
    return super(*args), (_reverse_choice, args, 1, active)


@intrinsic(functools.partial)
def _partial(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    raise DifferentiabilityError(
        "functools.partial of a differentiated value is not differentiated yet; write a lambda that captures it"
    )


for _method in (list.copy, dict.copy, copy.copy, copy.deepcopy):
    rule(_method, "x", x="g", x_dot="copy.deepcopy(x_dot)", _returns="unknown", _alias=True)
rule(float.real, "x", x="g", x_dot="x_dot", _returns="float")
rule(float.conjugate, "x", x="g", x_dot="x_dot", _returns="float")
rule(complex.real, "z", z="real_part(g) + 0j", z_dot="z_dot.real")
rule(complex.imag, "z", z="-1j * real_part(g)", z_dot="z_dot.imag")
rule(complex.conjugate, "z", z="g.conjugate()", z_dot="z_dot.conjugate()")
constant(dict.keys, list.index, list.count, tuple.index, tuple.count, str.join, str.format, float.imag)
constant(operator.length_hint)


__all__ = ["real_part"]
