"""The containers of `collections`, made of differentiated values.

deque(xs, maxlen=2)             as a list of the last two
OrderedDict(a=x), Counter(d)    as a dict
defaultdict(float, d)           as a dict; what its factory makes has no derivative
"""

from __future__ import annotations

import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from pullback.dispatch import call
from pullback.errors import DifferentiabilityError
from pullback.python_calls import has_tangent
from pullback.rulebook.builtin_containers import Result, selection
from pullback.rules import Active, callable_name, constant, forward_intrinsic, intrinsic, rule
from pullback.tangent_parts import collected, elements, part
from pullback.tangents import ZERO


def _length(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0] if args else kwargs.get("maxlen")


def last_places(items: Any, *args: Any, **kwargs: Any) -> list[int]:
    """The indices of the items that a deque keeps."""
    size, count = _length(args, kwargs), len(items)
    return list(range(count)) if size is None else list(range(max(0, count - size), count))


@intrinsic(deque)
def _deque(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    size = _length(args[1:], kwargs)
    return selection(last_places, lambda items: deque(items, size))(args, kwargs, active)


@forward_intrinsic(deque)
def _deque_along(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if not args:
        value = deque(**kwargs)
        return value, empty_like(value)
    source = collected(args[0])
    value = deque(source, *args[1:], **kwargs)
    items_dot = list(elements(dots[0], source))
    return value, deque_of([items_dot[i] for i in last_places(items_dot, *args[1:], **kwargs)], value)


def empty_like(value: Any) -> Any:
    """An empty deque of tangents."""
    return deque(maxlen=value.maxlen)


def deque_of(parts: Any, value: Any) -> Any:
    """A deque of tangents."""
    return deque(parts, value.maxlen)


def _as_dict(cls: Callable[..., Any]) -> None:
    """A class whose constructor takes what that of `dict` takes."""

    @intrinsic(cls)
    def _made(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
        if cls is Counter:
            only_mapping(args)
        value, residual = call(dict, args, active, kwargs)
        return cls(value), residual

    @forward_intrinsic(cls)
    def _along(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
        if is_counter(fn):
            only_mapping(args)
        value = dict(*args, **kwargs)
        return fn(value), dict_tangent(value, args, dots, kwargs, kwdots)


def only_mapping(args: Any) -> None:
    """Refuse a Counter that counts differentiated values."""
    if args and not isinstance(args[0], dict):
        raise DifferentiabilityError("a Counter counts equal values, which has no derivative; use a dict of numbers")


def is_counter(fn: Any) -> bool:
    """Whether a class counts."""
    return fn is Counter


def dict_tangent(value: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """The tangent of what `dict` makes of its arguments."""
    if not args:
        return {k: part(kwdots, k) for k in value}
    if is_mapping(args[0]):
        return {k: part(kwdots, k) if k in kwargs else part(dots[0], k) for k in value}
    last = {k: i for i, (k, _) in enumerate(args[0])}
    pairs = elements(dots[0], args[0])
    return {k: part(kwdots, k) if k in kwargs else part(pairs[last[k]], 1) for k in value}


def is_mapping(x: Any) -> bool:
    """Whether a value is a dict."""
    return isinstance(x, dict)


_as_dict(OrderedDict)
_as_dict(Counter)


def refuse_factory(factory: Any) -> None:
    """Refuse a factory that captures differentiated values: what it makes would have no derivative."""
    if isinstance(factory, types.FunctionType) and has_tangent(factory):
        raise DifferentiabilityError(
            f"the factory {callable_name(factory)} of a defaultdict captures variables, whose derivative would be "
            "lost; use `d.get(key, value)` or `d.setdefault(key, value)`"
        )


@intrinsic(defaultdict)
def _defaultdict(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    if 0 in active:
        refuse_factory(args[0])
    rest = tuple(a - 1 if isinstance(a, int) else a for a in active if a != 0)
    value, residual = call(dict, args[1:], rest, kwargs)
    return defaultdict(args[0] if args else None, value), residual if 0 not in active else (_factory_first, residual)


def _factory_first(residual: Any, g: Any) -> tuple[Any, ...]:
    inner = residual[1]
    return (ZERO, *inner[0](inner, g))


@forward_intrinsic(defaultdict)
def _defaultdict_along(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    for factory in args[:1]:
        refuse_factory(factory)
    value = dict(*args[1:], **kwargs)
    return fn(*args[:1], value), dict_tangent(value, args[1:], dots[1:], kwargs, kwdots)


rule(
    deque_of,
    "parts, value",
    parts="list(g)",
    parts_dot="deque_of(parts_dot, value)",
    _inert="value",
    _returns="unknown",
)
constant(last_places, only_mapping, is_counter, is_mapping, refuse_factory, empty_like)
