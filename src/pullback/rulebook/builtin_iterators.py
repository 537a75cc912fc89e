"""Iterators: `iter` and `next`, and the built-in functions whose result is drawn item by item.

    zip(xs, ys)       pairs; the tangent of item i of the pairs goes to xs[i] and ys[i]
    map(f, xs)        f is called when its item is drawn, as Python does

`passing` serves every function whose items are items of its arguments, or tuples of them (`itertools.chain`,
`combinations`): the function itself runs on items that know where they came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pullback.applying import Residual
from pullback.asking import asked
from pullback.dispatch import call, no_tangents, plainly
from pullback.drawing import Drawn, Lazy, taken
from pullback.errors import DifferentiabilityError
from pullback.iterating import CONTAINERS, Source, started, tangent_of
from pullback.rules import Active, intrinsic
from pullback.spaces import describe
from pullback.tangents import ZERO, Tangent, add

Result = tuple[Any, Residual]
_EXISTING = (*CONTAINERS, range, str)
AT_ONCE, AT_FIRST, LATER = "at once", "at first", "later"
"""When an item is handed on: as soon as it was drawn; after all were, before the first; some items later."""


class Tagged:
    """An item on its way through a function, with the operand and the place it came from."""

    __slots__ = ("operand", "place", "value")

    def __init__(self, value: Any, operand: int, place: int) -> None:
        self.value = value
        self.operand = operand
        self.place = place


def tagged(source: Source, operand: int) -> Iterator[Tagged]:
    """The items of a source, tagged."""
    for item in source:
        yield Tagged(item, operand, source.place)


def untagged(function: Callable[..., Any]) -> Callable[..., Any]:
    """A predicate or key of items, as one of tagged items."""
    plainly(function)
    return lambda t: asked(function, t.value if isinstance(t, Tagged) else t)


def passing(
    function: Callable[..., Any],
    iterables: Callable[[int], range],
    predicate: int | None = None,
    when: str = AT_ONCE,
) -> Callable[..., Result]:
    """The derivative of a function that passes on items of its arguments `iterables(count)`: as it draws them."""

    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
        given = list(args)
        sources: dict[int, Source] = {}
        for operand in iterables(len(args)):
            if operand in active:
                sources[operand] = Source(args[operand])
                given[operand] = tagged(sources[operand], operand)
        if "fillvalue" in active:
            kwargs = {**kwargs, "fillvalue": Tagged(kwargs["fillvalue"], -1, 0)}
        if predicate is not None:
            given[predicate] = untagged(args[predicate] if args[predicate] is not None else bool)
        places: list[Any] = []
        back = _sent_back(places) if when == AT_ONCE and "fillvalue" not in active else None
        drawn = Lazy(_unwrapped(function(*given, **kwargs), places), passes=True, back=back, at_first=when == AT_FIRST)
        return drawn, (_reverse_passing, sources, places, active)

    return vjp


def _unwrapped(outputs: Any, places: list[Any]) -> Iterator[Any]:
    for out in outputs:
        places.append(out)
        yield _value(out)


def _value(out: Any) -> Any:
    if out.__class__ is Tagged:
        return out.value
    if out.__class__ is tuple:
        return tuple(t.value if t.__class__ is Tagged else t for t in out)
    return out


def _sent_back(places: list[Any]) -> Callable[[int, Tangent], list[tuple[int, int, Tangent]]]:
    """Where the tangent of item k goes: of each part of it, the operand and the place that it came from."""

    def back(k: int, t: Tangent) -> list[tuple[int, int, Tangent]]:
        out = places[k]
        if out.__class__ is tuple:
            pairs: Any = zip(out, t if t is not ZERO else (ZERO,) * len(out), strict=True)
        else:
            pairs = ((out, t),)
        return [(item.operand, item.place, part) for item, part in pairs if item.__class__ is Tagged]

    return back


def _reverse_passing(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, sources, places, active = residual
    parts: dict[Any, list[tuple[int, Tangent]]] = {operand: [] for operand in (*sources, -1)}
    back = _sent_back(places)
    for k, t in g.items():
        for operand, place, part in back(k, t) if t is not ZERO else ():
            parts[operand].append((place, part))
    filled: Tangent = ZERO
    for _, part in parts[-1]:
        filled = add(filled, part)
    by_operand = {"fillvalue": filled, **{a: source.tangent(parts[a]) for a, source in sources.items()}}
    return tuple(by_operand.get(a, ZERO) for a in active)


def first(count: int) -> range:
    """The first argument."""
    return range(min(count, 1))


def second(count: int) -> range:
    """The second argument."""
    return range(1, min(count, 2))


def every(count: int) -> range:
    """All arguments."""
    return range(count)


def _same_place(k: int, t: Tangent) -> list[tuple[int, int, Tangent]]:
    return [(0, k, t)]


def _second_of_pair(k: int, t: Tangent) -> list[tuple[int, int, Tangent]]:
    return [(0, k, t[1])]


def _row_by_row(k: int, t: Tangent) -> list[tuple[int, int, Tangent]]:
    return [(operand, k, part) for operand, part in enumerate(t)]


def called_until(function: Any, sentinel: Any) -> Any:
    """What `iter(function, sentinel)` draws."""
    while True:
        value = function()
        if value == sentinel:
            return
        yield value


@intrinsic(iter)
def _iter(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    if len(args) > 1:
        return call(called_until, args, active)
    if not isinstance(args[0], CONTAINERS):
        like, residual = started(args[0])
        return like, (_reverse_iter_of_iterator, residual, active)
    return Drawn(iter(args[0]), True, _same_place), (_reverse_iter, args[0], active)


def _reverse_iter(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    return tuple(tangent_of(residual[1], None, g.items()) if a == 0 else ZERO for a in residual[2])


def _reverse_iter_of_iterator(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, active = residual
    return tuple((g if inner is None else inner[0](inner, g)[0]) if a == 0 else ZERO for a in active)


@intrinsic(next)
def _next(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    it = args[0]
    method = getattr(type(it), "__next__", None)
    drawn = isinstance(it, Drawn)
    place = taken(it) if drawn else None
    try:
        if hasattr(method, "__code__") and not drawn:
            value, residual = call(method, (it,), tuple(a for a in active if a == 0))
            return value, (_reverse_own_next, residual, active)
        value = next(it)
    except StopIteration:
        if len(args) == 1:
            raise
        return args[1], (_reverse_default, active)
    return value, ((_reverse_next, place, active) if drawn else (no_tangents, len(active)))


def _reverse_own_next(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, active = residual
    return tuple(inner[0](inner, g)[0] if a == 0 else ZERO for a in active)


def _reverse_default(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return tuple(ZERO if a == 0 else g for a in residual[1])


def _reverse_next(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, place, active = residual
    return tuple({place: g} if a == 0 else ZERO for a in active)


_zip_lazily = passing(zip, every)


@intrinsic(zip)
def _zip(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    if kwargs or not all(a.__class__ in _EXISTING for a in args):
        return _zip_lazily(args, kwargs, active)
    return Lazy(zip(*args), True, _row_by_row), (_reverse_zip, args, active)  # noqa: B905  # it stops at the shortest


def _reverse_zip(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, args, active = residual
    rows = [(i, row) for i, row in g.items() if row is not ZERO]
    return tuple(tangent_of(args[a], None, ((i, row[a]) for i, row in rows)) for a in active)


_enumerate_lazily = passing(enumerate, first)


@intrinsic(enumerate)
def _enumerate(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    if args[0].__class__ not in _EXISTING:
        return _enumerate_lazily(args, kwargs, active)
    return Lazy(enumerate(*args, **kwargs), True, _second_of_pair), (_reverse_enumerate, args[0], active)


def _reverse_enumerate(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, xs, active = residual
    parts = [(i, pair[1]) for i, pair in g.items() if pair is not ZERO]
    return tuple(tangent_of(xs, None, parts) if a == 0 else ZERO for a in active)


@intrinsic(reversed)
def _reversed(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    xs = args[0]
    method = getattr(type(xs), "__reversed__", None)
    if hasattr(method, "__code__"):
        return call(method, (xs,), active)
    if hasattr(getattr(type(xs), "__getitem__", None), "__code__"):
        raise DifferentiabilityError(
            f"reversed of {describe(xs)}, which has no `__reversed__`, is not differentiated; loop over its places"
        )
    items = reversed(xs)  # (raises for what is no sequence)
    size = len(xs)
    return Lazy(items, True, lambda k, t: ((0, size - 1 - k, t),)), (_reverse_reversed, xs, size, active)


def _reverse_reversed(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, xs, size, active = residual
    return (tangent_of(xs, None, ((size - 1 - i, t) for i, t in g.items())),) * len(active)


intrinsic(filter)(passing(filter, second, predicate=0))


@intrinsic(map)
def _map(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    function, *operands = args
    inner: Active = tuple(a - 1 for a in active if isinstance(a, int))
    steps: list[Any] = []
    if all(xs.__class__ in _EXISTING for xs in operands):

        def draw() -> Iterator[Any]:
            for row in zip(*operands):  # noqa: B905  # map stops at the shortest
                value, residual = call(function, row, inner)
                steps.append(residual)
                yield value

        def back(k: int, t: Tangent) -> list[tuple[int, int | None, Tangent]]:
            step = steps[k]
            return [(int(a), k if a else None, part) for a, part in zip(active, step[0](step, t), strict=True)]

        return Lazy(draw(), back=back, steps=steps), (_reverse_map_of_containers, operands, steps, active)
    sources = [Source(xs, i in active) for i, xs in enumerate(operands, 1)]

    def draw_places() -> Iterator[Any]:
        for row in zip(*sources):  # noqa: B905
            places = [s.place for s in sources]
            value, residual = call(function, row, inner)
            steps.append((places, residual))
            yield value

    return Lazy(draw_places()), (_reverse_map, sources, steps, active)


def _reverse_map_of_containers(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, operands, steps, active = residual
    d_function: Tangent = ZERO
    parts: dict[int, list[tuple[int, Tangent]]] = {a: [] for a in active}
    for place in sorted(g, reverse=True):
        if g[place] is ZERO:
            continue
        inner = steps[place]
        for operand, t in zip(active, inner[0](inner, g[place]), strict=True):
            if operand == 0:
                d_function = add(d_function, t)
            else:
                parts[operand].append((place, t))
    return tuple(d_function if a == 0 else tangent_of(operands[a - 1], None, parts[a]) for a in active)


def _reverse_map(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, sources, steps, active = residual
    d_function: Tangent = ZERO
    parts: dict[int, list[tuple[int, Tangent]]] = {a: [] for a in active}
    for step in sorted(g, reverse=True):
        if g[step] is ZERO:
            continue
        places, inner = steps[step]
        for operand, t in zip(active, inner[0](inner, g[step]), strict=True):
            if operand == 0:
                d_function = add(d_function, t)
            else:
                parts[operand].append((places[operand - 1], t))
    return tuple(d_function if a == 0 else sources[a - 1].tangent(parts[a]) for a in active)


