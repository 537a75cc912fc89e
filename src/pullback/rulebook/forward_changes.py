"""Forward mode of functions that change a list, dict or object: the tangent is changed as the value is.

    xs.append(v)           xs_dot.append(v_dot)
    xs.sort(key=f)         the tangents in the order of their items

Written in the language that is differentiated: see `rules.forward_intrinsic`.
"""

from __future__ import annotations

import bisect
import heapq
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.attributes import deleter_of, own_delattr
from pullback.differential_calls import call_differential
from pullback.differential_changes import (
    CHANGERS,
    change_differential,
    how_stored,
    items_of,
    refuse_loss,
    set_item_differential,
)
from pullback.errors import DifferentiabilityError
from pullback.rearranging import GIVEN_ONE, places_after, sorted_order
from pullback.rules import callable_name, constant
from pullback.spaces import is_differentiable
from pullback.tangent_parts import elements, filled, part
from pullback.tangents import ZERO


def changer(*functions: Any) -> Callable[[Any], Any]:
    """Decorator: the differential of functions that change their first argument."""

    def register(made: Any) -> Any:
        for function in functions:
            CHANGERS[function] = made
        return made

    return register


def has_mirror(x_dot: Any) -> bool:
    """Whether a container has a tangent that changes with it; one without takes no differentiated value."""
    return isinstance(x_dot, (list, deque, dict, np.ndarray))


# --- lists and deques -------------------------------------------------------------------------------


@changer(list.append, deque.append)
def _append(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    args[0].append(args[1])
    if has_mirror(dots[0]):
        dots[0].append(dots[1])
    else:
        refuse_loss(args[0], args[1], dots[1])
    return None, ZERO


@changer(deque.appendleft)
def _appendleft(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    args[0].appendleft(args[1])
    dots[0].appendleft(dots[1])
    return None, ZERO


@changer(list.insert, deque.insert)
def _insert(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    args[0].insert(args[1], args[2])
    dots[0].insert(args[1], dots[2])
    return None, ZERO


@changer(list.pop, deque.pop)
def _pop(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    index = args[1] if len(args) > 1 else -1
    if is_deque(args[0]):
        return args[0].pop(), dots[0].pop()
    return args[0].pop(index), dots[0].pop(index)


def is_deque(x: Any) -> bool:
    """Whether a container is a deque."""
    return isinstance(x, deque)


@changer(deque.popleft)
def _popleft(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return args[0].popleft(), dots[0].popleft()


@changer(list.extend, deque.extend)
def _extend(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    items, parts = items_of(args[1], dots[1])
    args[0].extend(items)
    dots[0].extend(parts)
    return None, ZERO


@changer(deque.extendleft)
def _extendleft(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    items, parts = items_of(args[1], dots[1])
    args[0].extendleft(items)
    dots[0].extendleft(parts)
    return None, ZERO


@changer(list.__iadd__, deque.__iadd__)
def _iadd(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    _extend(fn, fn_dot, args, dots, kwargs, kwdots)
    return args[0], dots[0]


@changer(list.reverse, deque.reverse)
def _reverse(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    args[0].reverse()
    dots[0].reverse()
    return None, ZERO


@changer(deque.rotate)
def _rotate(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    args[0].rotate(*args[1:])
    dots[0].rotate(*args[1:])
    return None, ZERO


@changer(list.clear, deque.clear, dict.clear, OrderedDict.clear)
def _clear(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    args[0].clear()
    dots[0].clear()
    return None, ZERO


@changer(list.sort)
def _sort(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    xs = args[0]
    xs_dot = dots[0]
    order = sorted_order(list(xs), **kwargs)
    xs[:] = [xs[i] for i in order]
    xs_dot[:] = [xs_dot[i] for i in order]
    return None, ZERO


@changer(
    list.remove, deque.remove, heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace, heapq.heappushpop,
    bisect.insort, bisect.insort_left, random.shuffle,
)  # fmt: skip
def _rearranged(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    xs = args[0]
    xs_dot = dots[0]
    value, order, place = places_after(fn, args, kwargs, 1 if is_given_one(fn, args) else 0)
    held = list(xs)
    held_dots = list(xs_dot)
    if is_given_one(fn, args):
        held.append(args[1])
        held_dots.append(dots[1])
    value_dot = ZERO
    if place >= 0:  # the value is one of the items, and so varies as that does
        value = held[place]
        value_dot = held_dots[place]
    xs.clear()
    xs_dot.clear()
    for i in order:
        xs.append(held[i])
        xs_dot.append(held_dots[i])
    return value, value_dot


def is_given_one(fn: Any, args: Any) -> bool:
    """Whether a function may put what it is given into the list."""
    return fn in GIVEN_ONE and len(args) > 1


@changer(list.__delitem__, deque.__delitem__, dict.__delitem__, OrderedDict.__delitem__)
def _delete(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    del args[0][args[1]]
    if is_there(dots[0], args[1]):
        del dots[0][args[1]]
    return None, ZERO


def is_there(t: Any, key: Any) -> bool:
    """Whether a tangent has a part for a key."""
    return isinstance(t, (list, deque)) or key in t


@changer(list.__setitem__, deque.__setitem__, dict.__setitem__, OrderedDict.__setitem__, np.ndarray.__setitem__)
def _set(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    set_item_differential(args[0], dots[0], args[1], args[2], dots[2])
    return None, ZERO


# --- objects ----------------------------------------------------------------------------------------


@changer(setattr)
def _setattr(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    CHANGERS["set_attribute"](args[0], dots[0], args[1], args[2], dots[2])
    return None, ZERO


@changer(object.__setattr__)
def _object_setattr(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    stores = is_stored(args, dots)
    object.__setattr__(args[0], args[1], args[2])
    if stores:
        setattr(dots[0], args[1], dots[2])
    return None, ZERO


def is_stored(args: Any, dots: Any) -> bool:
    """Whether `object.__setattr__` stores a tangent too."""
    return how_stored(args[0], dots[0], args[1], args[2], dots[2])[0] == 4


@changer(delattr)
def _delattr(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    method = own_delattr(args[0])
    if method is None:
        _delete_field(fn, fn_dot, args, dots, kwargs, kwdots)
    else:
        change_differential(method, ZERO, args, (dots[0], ZERO))
    return None, ZERO


@changer(object.__delattr__)
def _delete_field(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    deleter = deleter_of(args[0], args[1])
    if deleter is not None:
        change_differential(deleter, ZERO, (args[0],), (dots[0],))
        return None, ZERO
    object.__delattr__(args[0], args[1])
    if has_own(dots[0], args[1]):
        delattr(dots[0], args[1])
    return None, ZERO


def has_own(t: Any, name: str) -> bool:
    """Whether a tangent record has a field."""
    return name in getattr(t, "__dict__", ())


# --- dicts ------------------------------------------------------------------------------------------


@changer(dict.pop, OrderedDict.pop)
def _dict_pop(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if args[1] not in args[0]:
        return args[0].pop(*args[1:]), dots[2] if len(args) > 2 else ZERO
    t = dots[0].pop(args[1], ZERO)
    return args[0].pop(args[1]), t


@changer(dict.popitem, OrderedDict.popitem)
def _popitem(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    key, value = args[0].popitem(*args[1:], **kwargs)
    return (key, value), (ZERO, dots[0].pop(key, ZERO))


@changer(dict.setdefault, OrderedDict.setdefault)
def _setdefault(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    table = args[0]
    table_dot = dots[0]
    key = args[1]
    if key not in table:
        table[key] = args[2] if len(args) > 2 else None
        table_dot[key] = dots[2] if len(args) > 2 else ZERO
    return table[key], part(table_dot, key)


@changer(dict.update, OrderedDict.update, dict.__ior__)
def _update(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    table = args[0]
    table_dot = dots[0]
    if len(args) > 1 and is_mapping(args[1]):
        for key in list(args[1]):
            table[key] = args[1][key]
            table_dot[key] = part(dots[1], key)
    elif len(args) > 1:
        pairs, parts = items_of(args[1], dots[1])
        for k in range(len(pairs)):
            table[pairs[k][0]] = pairs[k][1]
            table_dot[pairs[k][0]] = part(parts[k], 1)
    for key in kwargs:
        table[key] = kwargs[key]
        table_dot[key] = part(kwdots, key)
    return table if is_joining(fn) else None, table_dot if is_joining(fn) else ZERO


def is_mapping(x: Any) -> bool:
    """Whether a value is a dict."""
    return isinstance(x, dict)


def is_joining(fn: Any) -> bool:
    """Whether an update returns the dict."""
    return fn is dict.__ior__


@changer(OrderedDict.move_to_end)
def _move_to_end(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    args[0].move_to_end(*args[1:], **kwargs)
    return None, ZERO


# --- sets -------------------------------------------------------------------------------------------


@changer(set.add, set.discard, set.remove, set.update, set.pop, set.clear, set.difference_update)
def _in_a_set(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return put_in_set(fn, args, kwargs), ZERO


def put_in_set(fn: Any, args: Any, kwargs: Any) -> Any:
    """A change of a set, which no differentiated number may enter."""
    given = [a for a in args[1:] if not isinstance(a, (set, frozenset, list, tuple))]
    if any(map(is_differentiable, given)):
        raise DifferentiabilityError(
            "a differentiated value is put into a set, which has no order for derivatives; use a list or dict"
        )
    return fn(*args, **kwargs)


constant(
    has_mirror, is_deque, places_after, is_given_one, is_there, is_stored, has_own, is_mapping, is_joining, put_in_set,
    refuse_loss, sorted_order, deleter_of, own_delattr,
)  # fmt: skip
