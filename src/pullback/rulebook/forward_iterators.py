"""Iterators in forward mode: `iter` and `next`, and functions of an iterator whose items have tangents.

    next(it)                  the next value and its tangent
    zip(it, xs)               an iterator again: nothing is drawn before it is asked for
    sum(it)                   the sum of the list of what is left

Written in the language that is differentiated: see `rules.forward_intrinsic`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import OrderedDict, deque
from typing import Any

import numpy as np

from pullback.along import Lazily, drawn_along, is_along, moving, own_iteration, pairs_of
from pullback.asking import asked
from pullback.differential_calls import call_differential
from pullback.differential_objects import operate_differential
from pullback.errors import DifferentiabilityError
from pullback.iterating import iterated_plainly, unpacked_plainly
from pullback.rulebook.builtin_iterators import called_until
from pullback.rules import constant, forward_intrinsic, of_iterators
from pullback.spaces import describe
from pullback.tangent_parts import drained, elements, listed, part
from pullback.tangents import ZERO


def drawn(xs: Any, t: Any) -> Any:
    """The items of any iterable with their tangents, as they are asked for."""
    method = own_iteration(xs)
    if method is not None and t is not ZERO:
        xs, t = call_differential(method, ZERO, (xs,), (t,))
    if is_along(xs, t):
        for v, d in pairs_of(xs):  # (`yield from` would close what others go on with)
            yield v, d
    elif t is ZERO:
        for x in xs:
            yield x, ZERO
    else:
        for x, d in zip(listed(xs), elements(t, xs)):  # noqa: B905  # equal lengths
            yield x, d


def by_place(args: Any, dots: Any) -> bool:
    """Whether each operand is a container that has a tangent with an item for each of its own."""
    return all(map(_has_places, args, dots))


def _has_places(x: Any, t: Any) -> bool:
    return t is not ZERO and isinstance(x, (list, tuple, np.ndarray, deque))


@forward_intrinsic(iterated_plainly)
@of_iterators(iterated_plainly)
def _iterated(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    method = own_iteration(args[0])
    if method is None:
        return args[0], dots[0]
    return call_differential(method, ZERO, args, dots)


@forward_intrinsic(unpacked_plainly)
@of_iterators(unpacked_plainly)
def _unpacked(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    xs, t = _iterated(fn, fn_dot, args, dots, kwargs, kwdots)
    return drained(xs, t)


@forward_intrinsic(iter)
@of_iterators(iter)
def _iter(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if len(args) > 1:
        return call_differential(called_until, ZERO, args, dots)
    method = own_iteration(args[0])
    if method is not None:
        return call_differential(method, ZERO, args, dots)
    if is_along(args[0], dots[0]):
        return args[0], dots[0]
    if by_place(args, dots):
        it = drawn_along(zip(args[0], elements(dots[0], args[0])))  # noqa: B905  # equal lengths
        return it, moving(it)
    it = drawn_along(drawn(args[0], dots[0]))
    return it, moving(it)


@forward_intrinsic(next)
@of_iterators(next)
def _next(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if not is_along(args[0], dots[0]):
        refuse_next(args[0], dots[0])
        found = next(args[0], ENDED) if len(args) > 1 else next(args[0])
        return (args[1], dots[1]) if has_ended(found) else (found, ZERO)
    if len(args) > 1:
        return next(pairs_of(args[0]), (args[1], dots[1]))
    return next(pairs_of(args[0]))


ENDED = object()


def has_ended(found: Any) -> bool:
    """Whether an iterator had no item any more."""
    return found is ENDED


def refuse_next(it: Any, t: Any) -> None:
    """Refuse an iterator whose items have tangents that are not known."""
    if t is not ZERO:
        raise DifferentiabilityError(
            "drawing from such an iterator by `next` is not differentiated in forward mode yet; go through it by a "
            "loop, or use gradient or pullback"
        )


def refuse_itself(it: Any, x: Any) -> None:
    """Refuse an object that is its own iterator."""
    if it is x:
        raise DifferentiabilityError(
            f"{describe(x)} runs its own `__next__`, which is not differentiated yet; write `__iter__` as a generator"
        )


@of_iterators(sum, list, tuple, sorted, max, min, dict, functools.reduce, deque, OrderedDict, math.fsum, math.prod)
@of_iterators(np.fromiter, itertools.product, itertools.combinations, itertools.permutations)
@of_iterators(itertools.combinations_with_replacement)
def _exhausted(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    given = list(args)
    given_dots = list(dots)
    for k in gone_through(fn, args):
        xs, t = args[k], dots[k]
        if own_iteration(xs) is not None and t is not ZERO:
            xs, t = call_differential(own_iteration(xs), ZERO, (xs,), (t,))
            refuse_itself(xs, args[k])
        given[k], given_dots[k] = drained(xs, t)
    return call_differential(fn, fn_dot, tuple(given), tuple(given_dots), kwargs, kwdots)


def gone_through(fn: Any, args: Any) -> tuple[int, ...]:
    """Whose items a function takes at once: of its operands the others are values, whatever they could give."""
    if fn is max or fn is min:
        return (0,) if len(args) == 1 else ()
    if fn is functools.reduce:
        return (1,)
    return tuple(range(len(args))) if fn is itertools.product else (0,) if args else ()


_exhausted.exhausts = True  # type: ignore[attr-defined]
_exhausted.draws = gone_through  # type: ignore[attr-defined]
constant(gone_through)


def enumerated(xs: Any, t: Any, start: int) -> Any:
    """`enumerate`, of pairs."""
    k = start
    for v, d in drawn(xs, t):
        yield (k, v), (ZERO, d)
        k += 1


@of_iterators(enumerate)
def _enumerate(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if by_place(args, dots):
        tangents = zip(itertools.repeat(ZERO), elements(dots[0], args[0]))  # the first has no end
        it = drawn_along(zip(enumerate(*args, **kwargs), tangents))  # noqa: B905  # equal lengths
        return it, moving(it)
    it = drawn_along(enumerated(args[0], dots[0], args[1] if len(args) > 1 else kwargs.get("start", 0)))
    return it, moving(it)


def zipped(args: Any, dots: Any, kwargs: Any) -> Any:
    """`zip`, of pairs."""
    for row in zip(*[drawn(x, d) for x, d in zip(args, dots)], **kwargs):  # noqa: B905  # `strict` is the caller's
        yield tuple([v for v, _ in row]), tuple([d for _, d in row])


@of_iterators(zip)
def _zip(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if not kwargs and by_place(args, dots):
        tangents = [elements(d, x) for x, d in zip(args, dots)]  # noqa: B905  # equal lengths
        it = drawn_along(zip(zip(*args), zip(*tangents)))  # noqa: B905  # they stop at the shortest
        return it, moving(it)
    it = drawn_along(zipped(args, dots, kwargs))
    return it, moving(it)


@of_iterators(reversed)
def _reversed(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if not by_place(args, dots):
        return call_differential(reversed, ZERO, args, dots)
    it = drawn_along(zip(reversed(args[0]), reversed(elements(dots[0], args[0]))))  # noqa: B905  # equal lengths
    return it, moving(it)


def mapped(function: Any, function_dot: Any, args: Any, dots: Any) -> Any:
    """`map`, of pairs."""
    for row, row_dot in zipped(args, dots, {}):
        y, y_dot = call_differential(function, function_dot, row, row_dot)
        yield y, y_dot


@of_iterators(map)
def _map(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    it = drawn_along(mapped(args[0], dots[0], args[1:], dots[1:]))
    return it, moving(it)


def star_mapped(function: Any, function_dot: Any, xs: Any, t: Any) -> Any:
    """`itertools.starmap`, of pairs."""
    for row, row_dot in drawn(xs, t):
        parts = elements(row_dot, row)
        y, y_dot = call_differential(function, function_dot, tuple(row), tuple(parts))
        yield y, y_dot


@of_iterators(itertools.starmap)
def _starmap(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    it = drawn_along(star_mapped(args[0], dots[0], args[1], dots[1]))
    return it, moving(it)


def chosen(predicate: Any, x: Any) -> bool:
    """Whether a predicate holds of an item."""
    return bool(asked(bool if predicate is None else predicate, x))


def filtered(predicate: Any, xs: Any, t: Any, holds: bool) -> Any:
    """`filter` and `itertools.filterfalse`, of pairs."""
    for v, d in drawn(xs, t):
        if chosen(predicate, v) == holds:
            yield v, d


@of_iterators(filter, itertools.filterfalse)
def _filter(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    it = drawn_along(filtered(args[0], args[1], dots[1], is_filter(fn)))
    return it, moving(it)


def is_filter(fn: Any) -> bool:
    """Whether a function hands on the items for which the predicate holds."""
    return fn is filter or (isinstance(fn, Lazily) and fn.function is filter)


def taken_while(predicate: Any, xs: Any, t: Any) -> Any:
    """`itertools.takewhile`, of pairs."""
    for v, d in drawn(xs, t):
        if not chosen(predicate, v):
            break
        yield v, d


@of_iterators(itertools.takewhile)
def _takewhile(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    it = drawn_along(taken_while(args[0], args[1], dots[1]))
    return it, moving(it)


def dropped_while(predicate: Any, xs: Any, t: Any) -> Any:
    """`itertools.dropwhile`, of pairs."""
    dropping = True
    for v, d in drawn(xs, t):
        if dropping:
            dropping = chosen(predicate, v)
        if not dropping:
            yield v, d


@of_iterators(itertools.dropwhile)
def _dropwhile(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    it = drawn_along(dropped_while(args[0], args[1], dots[1]))
    return it, moving(it)


@of_iterators(itertools.islice)
def _islice(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if by_place(args[:1], dots[:1]):
        tangents = itertools.islice(elements(dots[0], args[0]), *args[1:])
        it = drawn_along(zip(itertools.islice(*args), tangents))  # noqa: B905  # equal lengths
        return it, moving(it)
    it = drawn_along(itertools.islice(drawn(args[0], dots[0]), *args[1:]))
    return it, moving(it)


def chained(args: Any, dots: Any) -> Any:
    """`itertools.chain`, of pairs."""
    for xs, t in zip(args, dots):  # noqa: B905  # equal lengths
        yield from drawn(xs, t)


@of_iterators(itertools.chain)
def _chain(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if by_place(args, dots):
        tangents = itertools.chain(*[elements(d, x) for x, d in zip(args, dots)])  # noqa: B905  # equal lengths
        it = drawn_along(zip(itertools.chain(*args), tangents))  # noqa: B905  # equal lengths
        return it, moving(it)
    it = drawn_along(chained(args, dots))
    return it, moving(it)


def accumulated(xs: Any, t: Any, function: Any, function_dot: Any) -> Any:
    """`itertools.accumulate`, of pairs."""
    first = True
    y, y_dot = 0, ZERO
    for v, d in drawn(xs, t):
        if first:
            y, y_dot = v, d
            first = False
        elif function is None:
            y, y_dot = operate_differential("+", (y, v), (y_dot, d))
        else:
            y, y_dot = call_differential(function, function_dot, (y, v), (y_dot, d))
        yield y, y_dot


@of_iterators(itertools.accumulate)
def _accumulate(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    function = args[1] if len(args) > 1 else kwargs.get("func")
    function_dot = dots[1] if len(args) > 1 else part(kwdots, "func") if "func" in kwargs else ZERO
    xs, t = args[0], dots[0]
    if kwargs.get("initial") is not None:
        first = ([kwargs["initial"]], xs)
        first_dots = ([part(kwdots, "initial")], t)
        xs = t = drawn_along(chained(first, first_dots))
    it = drawn_along(accumulated(xs, t, function, function_dot))
    return it, moving(it)


def neighbours(xs: Any, t: Any) -> Any:
    """`itertools.pairwise`, of pairs."""
    last: Any = None
    for v, d in drawn(xs, t):
        if last is not None:
            yield (last[0], v), (last[1], d)
        last = (v, d)


@of_iterators(itertools.pairwise)
def _pairwise(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    it = drawn_along(neighbours(args[0], dots[0]))
    return it, moving(it)


def endless(xs: Any, t: Any) -> Any:
    """`itertools.cycle`, of pairs."""
    held = []
    for v, d in drawn(xs, t):
        held.append((v, d))
        yield v, d
    while held:
        yield from held


@forward_intrinsic(itertools.cycle)
@of_iterators(itertools.cycle)
def _cycle(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    it = drawn_along(endless(args[0], dots[0]))
    return it, moving(it)


def repeated(x: Any, t: Any, times: Any) -> Any:
    """`itertools.repeat`, of pairs."""
    k = 0
    while times is None or k < times:
        yield x, t
        k += 1


@of_iterators(itertools.tee)
@forward_intrinsic(itertools.tee)
def _tee(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    copies = tuple([drawn_along(pairs) for pairs in itertools.tee(drawn(args[0], dots[0]), *args[1:], **kwargs)])
    return copies, tuple([moving(c) for c in copies])


@forward_intrinsic(itertools.repeat)
@of_iterators(itertools.repeat)
def _repeat(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    it = drawn_along(repeated(args[0], dots[0], args[1] if len(args) > 1 else kwargs.get("times")))
    return it, moving(it)


def counted(start: Any, start_dot: Any, step: Any, step_dot: Any) -> Any:
    """`itertools.count`, of pairs."""
    y, y_dot = start, start_dot
    while True:
        yield y, y_dot
        y, y_dot = operate_differential("+", (y, step), (y_dot, step_dot))


@forward_intrinsic(itertools.count)
@of_iterators(itertools.count)
def _count(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    given = dict(zip(("start", "step"), args)) | kwargs  # noqa: B905
    given_dots = dict(zip(("start", "step"), dots)) | kwdots  # noqa: B905
    start, step = (given.get("start", 0), given.get("step", 1))
    it = drawn_along(counted(start, part(given_dots, "start"), step, part(given_dots, "step")))
    return it, moving(it)


constant(refuse_next, refuse_itself, has_ended, chosen, is_filter, by_place, _has_places)
