"""The iterators of `itertools`: items are drawn as Python draws them, and their tangents go back where they came from.

    itertools.combinations(xs, 2)      pairs of items: both tangents go to xs
    itertools.accumulate(xs, f)        a chain of calls of f
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from pullback.applying import Residual
from pullback.dispatch import CALLABLES, call
from pullback.drawing import Drawn, Lazy
from pullback.errors import DifferentiabilityError
from pullback.iterating import Source
from pullback.operating import operate
from pullback.rulebook.builtin_iterators import AT_FIRST, LATER, Tagged, every, first, passing, second, tagged, untagged
from pullback.rules import Active, intrinsic
from pullback.spaces import describe, is_differentiable
from pullback.tangents import ZERO, Tangent, add

Result = tuple[Any, Residual]

_function: Any
for _function in (itertools.chain, itertools.zip_longest):
    intrinsic(_function)(passing(_function, every))
intrinsic(itertools.product)(passing(itertools.product, every, when=AT_FIRST))
for _function in (itertools.islice, itertools.compress):
    intrinsic(_function)(passing(_function, first))
for _function in (itertools.combinations, itertools.permutations, itertools.combinations_with_replacement):
    intrinsic(_function)(passing(_function, first, when=AT_FIRST))
for _function in (itertools.cycle, itertools.pairwise):
    intrinsic(_function)(passing(_function, first, when=LATER))
for _function in (itertools.takewhile, itertools.dropwhile, itertools.filterfalse):
    intrinsic(_function)(passing(_function, second, predicate=0))


def _from_iterable(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    outer = Source(args[0])
    inner: list[tuple[int, Source]] = []
    places: list[tuple[int, int]] = []  # of each item: which inner source, and the place in it

    def draw() -> Iterator[Any]:
        for xs in outer:
            source = Source(xs)
            inner.append((outer.place, source))
            for item in source:
                places.append((len(inner) - 1, source.place))
                yield item

    return Lazy(draw()), (_reverse_from_iterable, outer, inner, places, active)


CALLABLES[itertools.chain, "from_iterable"] = _from_iterable


def _reverse_from_iterable(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, outer, inner, places, active = residual
    parts: dict[int, list[tuple[int, Tangent]]] = {}
    for i, t in g.items():
        number, place = places[i]
        parts.setdefault(number, []).append((place, t))
    d = outer.tangent((inner[number][0], inner[number][1].tangent(p)) for number, p in parts.items())
    return tuple(d if a == 0 else ZERO for a in active)


@intrinsic(itertools.repeat)
def _repeat(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return Drawn(itertools.repeat(*args, **kwargs)), (_reverse_repeat, active)


def _reverse_repeat(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    total: Tangent = ZERO
    for t in g.values():
        total = add(total, t)
    return tuple(total if a in (0, "object") else ZERO for a in residual[1])


@intrinsic(itertools.count)
def _count(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return Drawn(itertools.count(*args, **kwargs)), (_reverse_count, active)


def _reverse_count(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    start: Tangent = ZERO
    step: Tangent = ZERO
    for i, t in g.items():
        start = add(start, t)
        step = add(step, ZERO if t is ZERO else t * i)
    return tuple(start if a in (0, "start") else step for a in residual[1])


@intrinsic(itertools.tee)
def _tee(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    source = Source(args[0])
    copies = itertools.tee(tagged(source, 0), *args[1:], **kwargs)
    places: list[list[int]] = [[] for _ in copies]
    drawn = tuple(Lazy(_untagged(c, p)) for c, p in zip(copies, places, strict=True))
    return drawn, (_reverse_tee, source, places, active)


def _untagged(items: Iterator[Tagged], places: list[int]) -> Iterator[Any]:
    for t in items:
        places.append(t.place)
        yield t.value


def _reverse_tee(residual: Residual, g: tuple[Tangent, ...]) -> tuple[Tangent, ...]:
    _, source, places, active = residual
    parts = [(p[i], t) for p, d in zip(places, g, strict=True) if d is not ZERO for i, t in d.items()]
    return tuple(source.tangent(parts) if a == 0 else ZERO for a in active)


@intrinsic(itertools.starmap)
def _starmap(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    function, xs = args
    source = Source(xs, 1 in active)
    steps: list[Any] = []

    def draw() -> Iterator[Any]:
        for row in source:
            operands = tuple(row)
            flags: Active = (-1,) if 0 in active else ()
            flags += tuple(range(len(operands))) if 1 in active else ()
            value, residual = call(function, operands, flags)
            steps.append((source.place, residual))
            yield value

    return Lazy(draw()), (_reverse_starmap, source, steps, active)


def _reverse_starmap(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, source, steps, active = residual
    d_function: Tangent = ZERO
    parts: list[tuple[int, Tangent]] = []
    for i in sorted(g, reverse=True):
        if g[i] is ZERO:
            continue
        place, inner = steps[i]
        tangents = inner[0](inner, g[i])
        if 0 in active:
            d_function, tangents = add(d_function, tangents[0]), tangents[1:]
        parts.append((place, tangents))
    return tuple(d_function if a == 0 else source.tangent(parts) for a in active)


@intrinsic(itertools.accumulate)
def _accumulate(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    xs = args[0]
    function = args[1] if len(args) > 1 else kwargs.get("func")
    initial = kwargs.get("initial")
    source = Source(xs, 0 in active)
    flags: Active = (-1, 0, 1) if 1 in active or "func" in active else (0, 1)
    steps: list[Any] = []  # of each item: the place of what was drawn, and the residual of the call

    def draw() -> Iterator[Any]:
        if initial is None:
            total = next(source, steps)
            if total is steps:
                return
            steps.append((source.place, None))
        else:
            total = initial
            steps.append((None, None))
        yield total
        for item in source:
            if function is None:
                total, residual = operate("+", (total, item), (0, 1))
            else:
                total, residual = call(function, (total, item), flags)
            steps.append((source.place, residual))
            yield total

    return Lazy(draw()), (_reverse_accumulate, source, steps, active)


def _reverse_accumulate(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, source, steps, active = residual
    d_function: Tangent = ZERO
    total: Tangent = ZERO
    parts: list[tuple[int, Tangent]] = []
    start: Tangent = ZERO
    for i in range(max(g, default=-1), -1, -1):
        total = add(total, g.get(i, ZERO))
        place, inner = steps[i]
        if total is ZERO:
            continue
        if inner is None:
            if place is None:
                start = total
            else:
                parts.append((place, total))
            continue
        *callee, total, part = inner[0](inner, total)
        if callee:
            d_function = add(d_function, callee[0])
        parts.append((place, part))
    by_operand = {0: source.tangent(parts), 1: d_function, "func": d_function, "initial": start}
    return tuple(by_operand[a] for a in active)


@intrinsic(itertools.groupby)
def _groupby(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    source = Source(args[0])
    key = args[1] if len(args) > 1 else kwargs.get("key")
    groups: list[tuple[Any, list[int]]] = []

    def draw() -> Iterator[Any]:
        for name, group in itertools.groupby(tagged(source, 0), untagged(key or (lambda v: v))):
            places: list[int] = []
            groups.append((name, places))
            yield name, Lazy(_untagged(group, places))

    return Lazy(draw()), (_reverse_groupby, source, groups, active)


def _reverse_groupby(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    _, source, groups, active = residual
    parts: list[tuple[int, Tangent]] = []
    for i, t in g.items():
        if t is ZERO:
            continue
        name, places = groups[i]
        if t[0] is not ZERO and is_differentiable(name):
            raise DifferentiabilityError(
                f"the keys of itertools.groupby are {describe(name)} here, and have no derivative; "
                "compute the value from the items of the group"
            )
        if t[1] is not ZERO:
            parts += [(places[k], part) for k, part in t[1].items()]
    return tuple(source.tangent(parts) if a == 0 else ZERO for a in active)
