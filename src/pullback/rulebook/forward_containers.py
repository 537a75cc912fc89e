"""Forward mode of the built-in functions over containers: each element's tangent goes with the element.

    sorted(xs)       the tangents in the order of their elements
    map(f, xs)       f's value and tangent, element by element

Written in the language that is differentiated: see `rules.forward_intrinsic`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import OrderedDict
from typing import Any

from pullback.asking import asked
from pullback.differential_calls import call_differential
from pullback.differential_objects import attribute_differential, operate_differential
from pullback.errors import DifferentiabilityError
from pullback.rearranging import keyed, sorted_order
from pullback.rulebook.builtin_containers import NUMBERS, chosen
from pullback.rulebook.replacing import made_anew, runs_code
from pullback.rules import constant, forward_intrinsic, rule
from pullback.spaces import is_differentiable
from pullback.tangent_parts import collected, elements, part
from pullback.tangents import ZERO, Tangent, TangentVector, tangent_type


def all_numbers(xs: Any, start: Any) -> bool:
    """Whether a sum adds numbers and arrays only."""
    return all(isinstance(x, NUMBERS) for x in (*xs, start))


@forward_intrinsic(sum)
def _sum(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    source = collected(args[0])
    xs = list(source)
    xs_dot = elements(dots[0], source)
    total = args[1] if len(args) > 1 else kwargs.get("start", 0)
    total_dot = dots[1] if len(args) > 1 else part(kwdots, "start")
    start = total
    for x, x_dot in zip(xs, xs_dot):  # noqa: B905  # equal lengths
        total, total_dot = operate_differential("+", (total, x), (total_dot, x_dot))
    if all_numbers(xs, start):
        return sum(xs, start), total_dot
    return total, total_dot


@forward_intrinsic(functools.reduce)
def _reduce(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    function = args[0]
    function_dot = dots[0]
    source = collected(args[1])
    xs = list(source)
    xs_dot = list(elements(dots[1], source))
    if len(args) > 2:
        xs = [args[2], *xs]
        xs_dot = [dots[2], *xs_dot]
    if not xs:
        raise TypeError("reduce() of empty iterable with no initial value")
    total = xs[0]
    total_dot = xs_dot[0]
    for k in range(1, len(xs)):
        total, total_dot = call_differential(function, function_dot, (total, xs[k]), (total_dot, xs_dot[k]))
    return total, total_dot


def winner(choose: Any, xs: Any, kwargs: Any) -> int:
    """The index of the first largest or smallest element."""
    key = kwargs.get("key")
    keys = xs if key is None else asked(keyed, key, xs)
    index: int = asked(chosen, choose, keys)
    return index


@forward_intrinsic(max)
@forward_intrinsic(min)
def _extreme(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    source = args if len(args) > 1 else collected(args[0])
    xs = args if len(args) > 1 else list(source)
    xs_dot = dots if len(args) > 1 else elements(dots[0], source)
    if not xs:
        return fn(*args, **kwargs), part(kwdots, "default")
    k = winner(fn, xs, kwargs)
    return xs[k], xs_dot[k]


@forward_intrinsic(list)
@forward_intrinsic(tuple)
def _collected(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if not args:
        return fn(), ZERO
    source = collected(args[0])
    parts = list(elements(dots[0], source))
    return fn(source), tuple(parts) if is_tuple(fn) else parts


def is_tuple(fn: Any) -> bool:
    """Whether a collecting function is `tuple`."""
    return fn is tuple


def selected(fn: Any, items: Any, args: Any, kwargs: Any) -> list[int]:
    """The indices of the elements that a selecting function returns."""
    if fn is sorted:
        return sorted_order(items, **kwargs)
    if fn is reversed:
        return list(range(len(items) - 1, -1, -1))
    keys = items if args[0] is None else asked(keyed, args[0], items)
    return [i for i, x in enumerate(keys) if asked(bool, x)]


@forward_intrinsic(sorted)
@forward_intrinsic(reversed)
@forward_intrinsic(filter)
def _selection(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    last = len(args) - 1
    source = collected(args[last])
    items = list(source)
    items_dot = elements(dots[last], source)
    order = selected(fn, items, args, kwargs)
    return [items[i] for i in order], [items_dot[i] for i in order]


@forward_intrinsic(enumerate)
def _enumerate(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    source = collected(args[0])
    return list(enumerate(source, *args[1:], **kwargs)), [(ZERO, d) for d in elements(dots[0], source)]


@forward_intrinsic(zip)
def _zip(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    rows = list(zip(*args, **kwargs))  # noqa: B905  # `strict` is the caller's
    parts = [  # (what has no tangent may be endless, such as `itertools.count`)
        elements(d, a) if d is not ZERO else [ZERO] * len(rows)
        for a, d in zip(args, dots)  # noqa: B905  # equal lengths
    ]
    return rows, [tuple([p[k] for p in parts]) for k in range(len(rows))]


@forward_intrinsic(map)
def _map(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    function, *sequences = args
    function_dot, *sequence_dots = dots
    rows = list(zip(*sequences))  # noqa: B905  # map stops at the shortest
    parts = [  # (as in `zip`)
        elements(d, a) if d is not ZERO else [ZERO] * len(rows)
        for a, d in zip(sequences, sequence_dots)  # noqa: B905  # equal lengths
    ]
    made = [
        call_differential(function, function_dot, row, tuple([p[k] for p in parts])) for k, row in enumerate(rows)
    ]
    return [y for y, _ in made], [y_dot for _, y_dot in made]


@forward_intrinsic(dict)
def _dict(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if not args:
        value = dict(**kwargs)
        return value, {k: part(kwdots, k) for k in value}
    source = collected(args[0])
    value = dict(source, **kwargs)
    if is_dict(source):
        return value, {k: part(kwdots, k) if k in kwargs else part(dots[0], k) for k in value}
    last = {k: i for i, (k, _) in enumerate(source)}
    pairs = elements(dots[0], source)
    return value, {k: part(kwdots, k) if k in kwargs else part(pairs[last[k]], 1) for k in value}


def is_dict(x: Any) -> bool:
    """Whether a value is a dict."""
    return isinstance(x, dict)


@forward_intrinsic(dict.items)
@forward_intrinsic(OrderedDict.items)
def _items(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return list(args[0].items()), [(ZERO, part(dots[0], k)) for k in args[0]]


@forward_intrinsic(dict.values)
@forward_intrinsic(OrderedDict.values)
def _values(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return list(args[0].values()), [part(dots[0], k) for k in args[0]]


@forward_intrinsic(dict.get)
def _get(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    d = args[0]
    key = args[1]
    if key in d:
        return d[key], part(dots[0], key)
    return (args[2], dots[2]) if len(args) > 2 else (None, ZERO)


def has_attribute(obj: Any, name: str) -> bool:
    """`hasattr`, for a value that may be differentiated."""
    return hasattr(obj, name)


@forward_intrinsic(getattr)
def _getattr(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if len(args) > 2 and not has_attribute(args[0], args[1]):
        return args[2], dots[2]
    return attribute_differential(args[0], dots[0], args[1])


def replaced(t: Tangent, value: Any, names: tuple[str, ...], parts: tuple[Tangent, ...]) -> Tangent:
    """The tangent of an object, of which some fields are replaced."""
    kept = t.__dict__ if isinstance(t, TangentVector) else {}
    fields = {**kept, **dict(zip(names, parts, strict=True))}
    spaces = {k: v for k, v in fields.items() if is_differentiable(getattr(value, k, None))}
    return tangent_type(type(value))(**spaces)


def kept_fields(g: Tangent, names: tuple[str, ...]) -> Tangent:
    """The cotangent of the object whose other fields were replaced."""
    if not isinstance(g, TangentVector):
        return ZERO
    return type(g)(**{k: v for k, v in g.__dict__.items() if k not in names})


@forward_intrinsic(dataclasses.replace)
def _replace(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    value = dataclasses.replace(args[0], **kwargs)
    names = tuple(kwargs)
    return value, replaced(dots[0], value, names, tuple([part(kwdots, k) for k in names]))


_replace.instead = runs_code, made_anew  # type: ignore[attr-defined]


@forward_intrinsic(super)
def _super(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return super(*args), dots[1]


@forward_intrinsic(functools.partial)
def _partial(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    value = functools.partial(*args, **kwargs)
    held = held_by(args[0])
    inner = {k: part(dots[0], k) for k in held} if held else {0: dots[0]}
    first = max(1, len([k for k in held if is_position(k)]))
    given = {first + k: d for k, d in enumerate(dots[1:])}
    return value, {**inner, **given, **{k: part(kwdots, k) for k in kwargs}}


def held_by(function: Any) -> list[Any]:
    """What the tangent of a partial has parts for: its function, its arguments, its keywords."""
    if not isinstance(function, functools.partial):
        return []
    return [0, *range(1, len(function.args) + 1), *function.keywords]


def is_position(key: Any) -> bool:
    """Whether a part is not that of a keyword."""
    return isinstance(key, int)


constant(held_by, is_position, all_numbers, winner, is_tuple, selected, is_dict, has_attribute)
rule(
    replaced,
    "t, value, names, parts",
    t="kept_fields(g, names)",
    parts="tuple([part(g, k) for k in names])",
    t_dot="replaced(t_dot, value, names, (ZERO,) * len(names))",
    parts_dot="replaced(ZERO, value, names, parts_dot)",
    _inert="value",
    _returns="unknown",
)

__all__ = ["kept_fields"]
