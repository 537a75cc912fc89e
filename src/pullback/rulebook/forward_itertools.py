"""Forward mode of the iterators of `itertools` that end: lists, each item with its tangent.

    itertools.pairwise(xs)         which items go where is found by the function itself, on their places
    itertools.accumulate(xs, f)    f's value and tangent, one after the other

Written in the language that is differentiated: see `rules.forward_intrinsic`.
"""

from __future__ import annotations

import itertools
from typing import Any

from pullback.differential_calls import call_differential
from pullback.differential_objects import operate_differential
from pullback.errors import DifferentiabilityError
from pullback.rules import callable_name, constant, forward_intrinsic
from pullback.tangent_parts import collected, elements, part
from pullback.tangents import ZERO


class Place:
    """Stands for one item of an operand; it is as true as the item is."""

    __slots__ = ("index", "item", "operand")

    def __init__(self, operand: int, index: int, item: Any) -> None:
        self.operand = operand
        self.index = index
        self.item = item


_PREDICATES = (itertools.takewhile, itertools.dropwhile, itertools.filterfalse)


def places_of(fn: Any, args: Any, kwargs: Any) -> list[Any]:
    """What a function makes of its operands' items, as places of items: one of them, or a tuple."""
    given = list(args)
    for operand in operands_of(fn, args):
        given[operand] = [Place(operand, i, x) for i, x in enumerate(args[operand])]
    if fn in _PREDICATES:
        given[0] = lambda place: args[0](place.item)
    named = dict(kwargs)
    if fn is itertools.zip_longest:
        named["fillvalue"] = Place(-1, 0, named.get("fillvalue"))
    return list(fn(*given, **named))


def operands_of(fn: Any, args: Any) -> tuple[int, ...]:
    """The operands whose items a function hands on."""
    if fn in (itertools.chain, itertools.product, itertools.zip_longest):
        return tuple(range(len(args)))
    return (1,) if fn in _PREDICATES else (0,)


def is_place(place: Any) -> bool:
    """Whether one item stands there, and not a tuple of them."""
    return isinstance(place, Place)


def is_filling(place: Any) -> bool:
    """Whether what fills the gaps stands there."""
    return isinstance(place, Place) and place.operand < 0


def operand_at(place: Any) -> Any:
    """The operand that an item is of."""
    return place.operand


def index_at(place: Any) -> Any:
    """Where in its operand an item is."""
    return place.index


def items_at(place: Any, parts: Any, filling: Any) -> Any:
    """The items, or tangents of items, that stand in a place."""
    if is_filling(place):
        return filling
    if is_place(place):
        return parts[operand_at(place)][index_at(place)]
    return tuple([items_at(p, parts, filling) for p in place])


@forward_intrinsic(itertools.chain)
@forward_intrinsic(itertools.product)
@forward_intrinsic(itertools.zip_longest)
@forward_intrinsic(itertools.islice)
@forward_intrinsic(itertools.pairwise)
@forward_intrinsic(itertools.combinations)
@forward_intrinsic(itertools.permutations)
@forward_intrinsic(itertools.combinations_with_replacement)
@forward_intrinsic(itertools.compress)
@forward_intrinsic(itertools.takewhile)
@forward_intrinsic(itertools.dropwhile)
@forward_intrinsic(itertools.filterfalse)
def _handing_on(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    chosen = operands_of(fn, args)
    args = tuple([collected(a) if k in chosen else a for k, a in enumerate(args)])
    places = places_of(fn, args, kwargs)
    items = {k: list(args[k]) for k in chosen}
    tangents = {k: list(elements(dots[k], args[k])) for k in chosen}
    filling = kwargs.get("fillvalue")
    filling_dot = part(kwdots, "fillvalue") if "fillvalue" in kwargs else ZERO
    value = [items_at(p, items, filling) for p in places]
    return value, [items_at(p, tangents, filling_dot) for p in places]


@forward_intrinsic(itertools.starmap)
def _starmap(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    source = collected(args[1])
    rows = [tuple(row) for row in source]
    row_dots = list(elements(dots[1], source))
    made = [call_differential(args[0], dots[0], row, tuple(elements(row_dots[k], row))) for k, row in enumerate(rows)]
    return [y for y, _ in made], [y_dot for _, y_dot in made]


@forward_intrinsic(itertools.accumulate)
def _accumulate(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    function = args[1] if len(args) > 1 else kwargs.get("func")
    function_dot = dots[1] if len(args) > 1 else part(kwdots, "func") if "func" in kwargs else ZERO
    source = collected(args[0])
    items = list(source)
    items_dot = list(elements(dots[0], source))
    if kwargs.get("initial") is not None:
        items = [kwargs["initial"], *items]
        items_dot = [part(kwdots, "initial"), *items_dot]
    values = []
    value_dots = []
    for k, item in enumerate(items):
        if k == 0:
            y = item
            y_dot = items_dot[0]
        elif function is None:
            y, y_dot = operate_differential("+", (y, item), (y_dot, items_dot[k]))
        else:
            y, y_dot = call_differential(function, function_dot, (y, item), (y_dot, items_dot[k]))
        values.append(y)
        value_dots.append(y_dot)
    return values, value_dots


@forward_intrinsic(itertools.groupby)
def _endless(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    refuse_endless(fn)


def refuse_endless(fn: Any) -> None:
    """Refuse what is drawn item by item."""
    raise DifferentiabilityError(
        f"{callable_name(fn)} of differentiated values is not differentiated in forward mode yet; use gradient or "
        "pullback, or write a loop"
    )


constant(places_of, operands_of, is_place, is_filling, operand_at, index_at, refuse_endless)
