"""Forward mode of functions that change a list, dict or array: the tangent is changed as the value is.

    xs.append(v)           xs_dot.append(v_dot)
    xs.sort(key=f)         the tangents in the order of their items
    np.add.at(a, i, v)     np.add.at(a_dot, i, v_dot)

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

from pullback.differential_calls import call_differential
from pullback.differential_changes import (
    CHANGERS,
    how_stored,
    refuse_loss,
    set_item_differential,
)
from pullback.errors import DifferentiabilityError
from pullback.rulebook.builtin_containers import sorted_order
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
    items = list(args[1])
    parts = list(elements(dots[1], items))
    args[0].extend(items)
    dots[0].extend(parts)
    return None, ZERO


@changer(deque.extendleft)
def _extendleft(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    items = list(args[1])
    parts = list(elements(dots[1], items))
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


def places_after(fn: Any, args: Any, kwargs: Any) -> tuple[Any, list[int], int]:
    """What a function of any effect on a list does: its value, and where each item was before.

    The item that the call was given is number -1. The list itself is left as it was.
    """
    before = list(args[0])
    given = args[1:]
    tagged = list(before)
    value = fn(tagged, *given, **kwargs)
    places: dict[int, list[int]] = {}
    for i in range(len(before) - 1, -1, -1):
        places.setdefault(id(before[i]), []).append(i)
    order = []
    for item in tagged:
        known = places.get(id(item))
        order.append(known.pop() if known else -1)
    left = places.get(id(value), [])
    return value, order, left[-1] if left else -1


@changer(
    list.remove, deque.remove, heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace, heapq.heappushpop,
    bisect.insort, bisect.insort_left, random.shuffle,
)  # fmt: skip
def _rearranged(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    xs = args[0]
    xs_dot = dots[0]
    value, order, popped = places_after(fn, args, kwargs)
    held = list(xs)
    held_dots = list(xs_dot)
    value_dot = ZERO
    if popped >= 0:
        value_dot = held_dots[popped]
    elif len(args) > 1 and is_same(value, args[1]):
        value_dot = dots[1]
    xs.clear()
    xs_dot.clear()
    for i in order:
        xs.append(held[i] if i >= 0 else args[1])
        xs_dot.append(held_dots[i] if i >= 0 else dots[1])
    return value, value_dot


def is_same(a: Any, b: Any) -> bool:
    """Whether two values are one object."""
    return a is b


@changer(list.__delitem__, dict.__delitem__, OrderedDict.__delitem__)
def _delete(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    del args[0][args[1]]
    if is_there(dots[0], args[1]):
        del dots[0][args[1]]
    return None, ZERO


def is_there(t: Any, key: Any) -> bool:
    """Whether a tangent has a part for a key."""
    return isinstance(t, (list, deque)) or key in t


@changer(list.__setitem__, dict.__setitem__, OrderedDict.__setitem__, np.ndarray.__setitem__)
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


@changer(delattr, object.__delattr__)
def _delattr(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    delattr(args[0], args[1])
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
        pairs = list(args[1])
        parts = list(elements(dots[1], pairs))
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


# --- arrays -----------------------------------------------------------------------------------------


@changer(np.ndarray.fill)
def _fill(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    set_item_differential(args[0], dots[0], ..., args[1], dots[1])
    return None, ZERO


@changer(np.copyto)
def _copyto(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    np.copyto(*args, **kwargs)
    if has_mirror(dots[0]):
        np.copyto(dots[0], filled(dots[1], args[1]), where=where_of(args, kwargs))
    else:
        refuse_loss(args[0], args[1], dots[1])
    return None, ZERO


def where_of(args: Any, kwargs: Any) -> Any:
    """Where `np.copyto` copies."""
    return kwargs.get("where", args[3] if len(args) > 3 else True)


@changer(np.put, np.ndarray.put)
def _put(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    target = args[0]
    target_dot = dots[0]
    refuse_modes(args, kwargs)
    places = np.unravel_index(flat_places(args), target.shape)
    target[places] = np.resize(args[2], places[0].shape)
    target_dot[places] = np.resize(filled(dots[2], args[2]), places[0].shape)
    return None, ZERO


def flat_places(args: Any) -> Any:
    """The places that `np.put` is given, as positive numbers."""
    return np.asarray(args[1]).ravel() % args[0].size


def refuse_modes(args: Any, kwargs: Any) -> None:
    """`np.put` is covered without a mode."""
    if len(args) > 3 or kwargs:
        raise DifferentiabilityError("np.put of a differentiated value covers put(a, indices, values)")
    if np.any(np.asarray(args[1]) >= args[0].size) or np.any(np.asarray(args[1]) < -args[0].size):
        raise IndexError(f"an index is out of bounds for axis 0 with size {args[0].size}")


@changer(np.fill_diagonal)
def _fill_diagonal(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    refuse_wrapping(args, kwargs)
    np.fill_diagonal(args[0], args[1])
    np.fill_diagonal(dots[0], filled(dots[1], args[1]))
    return None, ZERO


def refuse_wrapping(args: Any, kwargs: Any) -> None:
    """`np.fill_diagonal` is covered without `wrap`."""
    if len(args) > 2 or kwargs or np.ndim(args[1]) > 1:
        raise DifferentiabilityError("np.fill_diagonal of a differentiated value covers fill_diagonal(a, value)")


@changer(np.put_along_axis)
def _put_along_axis(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    axis = kwargs["axis"] if "axis" in kwargs else args[3]
    np.put_along_axis(args[0], args[1], args[2], axis)
    np.put_along_axis(dots[0], args[1], filled(dots[2], args[2]), axis)
    return None, ZERO


@changer(np.ufunc.at)
def _at(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    mirrored = has_mirror(dots[1])
    if not mirrored:
        refuse_loss(args[1], args[3], dots[3])
    if is_add(args[0]):
        np.add.at(args[1], args[2], args[3])
        if mirrored:
            np.add.at(dots[1], args[2], filled(dots[3], args[3]))
    else:
        np.subtract.at(args[1], args[2], args[3])
        if mirrored:
            np.subtract.at(dots[1], args[2], filled(dots[3], args[3]))
    return None, ZERO


def is_add(function: Any) -> Any:
    """Whether it is `np.add`, and not `np.subtract`; the `at` of others is refused."""
    if function not in (np.add, np.subtract):
        raise DifferentiabilityError(
            f"{callable_name(function)}.at changes a differentiated array in a way that is not differentiated; "
            "np.add.at and np.subtract.at are"
        )
    return function is np.add


@changer(np.ndarray.sort)
def _sort_array(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    axis = kwargs["axis"] if "axis" in kwargs else args[1] if len(args) > 1 else -1
    order = sorting(args[0], axis)
    args[0][...] = np.take_along_axis(args[0], order, axis)
    dots[0][...] = np.take_along_axis(dots[0], order, axis)
    return None, ZERO


def sorting(x: Any, axis: Any) -> Any:
    """The order that sorts an array along an axis."""
    return np.argsort(x, axis=axis, kind="stable")


@changer(np.place, np.putmask, np.ndarray.resize, np.ndarray.partition, np.ndarray.setfield)
def _refused(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    refuse_function(fn)


def refuse_function(fn: Any) -> None:
    """Changes of an array that are not differentiated."""
    raise DifferentiabilityError(
        f"{callable_name(fn)} changes a differentiated array in place in a way that is not differentiated; "
        "write it with an assignment, such as `a[index] = value`"
    )


@changer("out")
def _with_out(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """`fn(*args, out=a)`: the value is made, then stored in a, which is the result."""
    count, keys = operands_before_out(fn, args, kwargs)
    given = {k: kwargs[k] for k in keys}
    given_dots = {k: part(kwdots, k) for k in keys}
    held = args[count] if len(args) > count else kwargs["out"]
    held_dot = dots[count] if len(args) > count else part(kwdots, "out")
    out = held[0] if is_one(held) else held
    out_dot = part(held_dot, 0) if is_one(held) else held_dot
    value, value_dot = call_differential(fn, ZERO, args[:count], dots[:count], given, given_dots)
    np.copyto(out, value, casting="same_kind")
    if has_mirror(out_dot):
        out_dot[...] = filled(value_dot, value)
    else:
        refuse_loss(out, value, value_dot)
    return out, out_dot


def is_one(held: Any) -> bool:
    """Whether `out` is a tuple of one array."""
    return isinstance(held, tuple)


def operands_before_out(fn: Any, args: Any, kwargs: Any) -> tuple[int, list[str]]:
    """How many of the operands are the function's own, and its keywords besides `out`."""
    count = fn.nin if isinstance(fn, np.ufunc) else len(args)
    outs = kwargs.get("out", args[count] if len(args) > count else None)
    single = isinstance(outs, np.ndarray) or (isinstance(outs, tuple) and len(outs) == 1)
    if not single or len(args) > count + 1 or "where" in kwargs:
        raise DifferentiabilityError(
            f"{callable_name(fn)} with more than one `out`, or with `where`, is not differentiated; "
            "write it with an assignment, such as `a[mask] = value`"
        )
    return count, [k for k in kwargs if k != "out"]


constant(
    has_mirror, is_deque, places_after, is_same, is_there, is_stored, has_own, is_mapping, is_joining, put_in_set,
    where_of, flat_places, refuse_modes, refuse_wrapping, is_add, sorting, refuse_function, is_one,
    operands_before_out, refuse_loss, sorted_order,
)  # fmt: skip
