"""Functions that change a list, dict or deque: their reverses on shadows.

    xs.append(v)     the adjoint of the last item is v's, and the item leaves
    v = xs.pop()     the item comes back, with v's adjoint
    xs.sort()        the adjoints go back to the places that the items came from

What one operation changes is undone in O(1); the rarer ones (`sort`, `heapq`, `shuffle`) are undone
by the places that the items had before.
"""

from __future__ import annotations

import bisect
import heapq
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from pullback.applying import Residual
from pullback.attributes import deleter_of, own_delattr
from pullback.drawing import Drawn, taken
from pullback.errors import DifferentiabilityError
from pullback.rearranging import GIVEN_ONE, places_after, put_in
from pullback.rules import Active
from pullback.shadow_totals import MISSING
from pullback.shadows import Shadows
from pullback.shared_access import Items, set_attribute, set_item, store_attribute
from pullback.shared_calls import CHANGERS, Changer, call_shared
from pullback.spaces import describe, is_differentiable
from pullback.tangents import ZERO, Tangent, add

Args = tuple[Any, ...]
Pulled = tuple[Tangent, ...]
Result = tuple[Any, Residual]


def changer(*functions: Any) -> Callable[[Changer], Changer]:
    """Decorator: the differentiated form of functions that change their first argument."""

    def register(made: Changer) -> Changer:
        for function in functions:
            CHANGERS[function] = made
        return made

    return register


def chosen(active: Active, **tangents: Tangent) -> Pulled:
    """The tangents of the active operands, given by position as `_0`, `_1`, or by keyword."""
    return tuple(tangents.get(f"_{a}" if isinstance(a, int) else a, ZERO) for a in active)


# --- lists and deques: one item -------------------------------------------------------------------


@changer(list.append, deque.append)
def _append(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    if getattr(args[0], "maxlen", None) is not None:
        return rearranged(deque.append)(args, kwargs, active)
    args[0].append(args[1])
    return None, (_unappend, args[0], -1, active, 1)


@changer(deque.appendleft)
def _appendleft(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    if args[0].maxlen is not None:
        return rearranged(deque.appendleft)(args, kwargs, active)
    args[0].appendleft(args[1])
    return None, (_unappend, args[0], 0, active, 1)


@changer(list.insert, deque.insert)
def _insert(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    xs, index, item = args
    place = min(index, len(xs)) if index >= 0 else max(0, len(xs) + index)
    xs.insert(index, item)
    return None, (_unappend, xs, place, active, 2)


def _unappend(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, xs, place, active, operand = residual
    t = shadows.remove_item(xs, place)
    return tuple(t if a == operand else ZERO for a in active)


@changer(list.pop, deque.pop)
def _pop(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    xs, index = args[0], args[1] if len(args) > 1 else -1
    count = len(xs)
    item = xs.pop(*args[1:])
    return item, (_unpop, xs, index if index >= 0 else count + index, item, len(active))


@changer(deque.popleft)
def _popleft(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    item = args[0].popleft()
    return item, (_unpop, args[0], 0, item, len(active))


@changer(list.__delitem__)
def _delete(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    xs, index = args
    if isinstance(index, slice):
        return rearranged(list.__delitem__)(args, kwargs, active)
    return None, _pop((xs, index), {}, active)[1]


def _unpop(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, xs, index, item, count = residual
    shadows.put_back(xs, index, item, g)
    return (ZERO,) * int(count)


@changer(list.extend, deque.extend)
def _extend(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    xs, others = args
    if getattr(xs, "maxlen", None) is not None:
        return _joining(deque.extend, xs, others, active)
    source = Items(others, 1 in active)
    xs.extend(source.items)
    return None, (_unextend, xs, source, active)


@changer(deque.extendleft)
def _extendleft(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    return _joining(deque.extendleft, args[0], args[1], active)


def _joining(function: Callable[..., Any], xs: Any, others: Any, active: Active) -> Result:
    source = Items(others, 1 in active)
    _, inner = arranged(function, (xs,), {}, source.items)
    return None, (_unjoin, inner, source, active)


def _unjoin(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, source, active = residual
    shadows.accumulate(inner[0], g)  # (of `+=`, whose value is the deque)
    return chosen(active, _1=source.given_back(_disarrange(inner, ZERO, shadows), shadows))


@changer(list.__iadd__, deque.__iadd__)
def _iadd(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    return args[0], _extend(args, kwargs, active)[1]


def _unextend(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, xs, source, active = residual
    rest = shadows.accumulate(xs, g)
    assert rest is ZERO
    parts = [shadows.remove_item(xs, -1) for _ in source.items][::-1]
    return chosen(active, _1=source.given_back(parts, shadows))


@changer(list.__imul__, deque.__imul__)
def _imul(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    xs, times = args
    size = len(xs)
    if times < 1 or getattr(xs, "maxlen", None) is not None:
        _, inner = arranged(deque.__imul__ if isinstance(xs, deque) else list.__imul__, args, {}, ())
        return xs, (_unjoin, inner, Items((), False), active)
    xs *= times
    return xs, (_unrepeat, xs, size, len(xs), len(active))


def _unrepeat(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, xs, size, repeated, count = residual
    rest = shadows.accumulate(xs, g)
    assert rest is ZERO
    parts = [(k % size, shadows.remove_item(xs, -1)) for k in reversed(range(size, repeated))]
    for place, t in parts:
        if t is not ZERO:
            shadows.add_item(xs, place, t)
    return (ZERO,) * int(count)


@changer(list.__setitem__, deque.__setitem__, dict.__setitem__, OrderedDict.__setitem__)
def _set(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    residual = set_item(args[0], args[1], args[2], (True, 2 in active))
    return None, (_unset, residual, active)


@changer(setattr)
def _setattr(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    residual = set_attribute(args[0], args[1], args[2], (True, 2 in active))
    return None, (_unset, residual, active)


@changer(object.__setattr__)
def _store(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    residual = store_attribute(args[0], args[1], args[2], (True, 2 in active), object.__setattr__)
    return None, (_unset, residual, active)


@changer(delattr)
def _delattr(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    method = own_delattr(args[0])
    if method is None:
        return _delete_field(args, kwargs, active)
    return None, (_by_deleter, call_shared(method, args, (0,))[1], active)


def _by_deleter(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, active = residual
    return chosen(active, _0=inner[0](inner, ZERO, shadows)[0])


@changer(object.__delattr__)
def _delete_field(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    obj, name = args
    deleter = deleter_of(obj, name)
    if deleter is not None:
        return None, (_by_deleter, call_shared(deleter, (obj,), (0,))[1], active)
    before = getattr(obj, name)
    object.__delattr__(obj, name)
    return None, (_undelattr, obj, name, before, len(active))


def _undelattr(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, obj, name, before, count = residual
    shadows.restore_field(obj, name, before)
    return (ZERO,) * int(count)


def _unset(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, active = residual
    obj, value = inner[0](inner, ZERO, shadows)
    return chosen(active, _0=obj, _2=value)


# --- lists: any change ----------------------------------------------------------------------------


def rearranged(function: Callable[..., Any]) -> Changer:
    """A function that moves and drops items, and may add the one it is given: undone by the places they had before."""

    def change(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
        value, inner = arranged(function, args, kwargs, args[1:2] if function in GIVEN_ONE else ())
        return value, (_unrearrange, inner, active)

    return change


def arranged(function: Callable[..., Any], args: Args, kwargs: dict[str, Any], given: Args) -> tuple[Any, Residual]:
    """What a function does to the list `args[0]`, which it may give the items `given`; undone by `_disarrange`."""
    xs = args[0]
    before = list(xs)
    value, order, place = places_after(function, args, kwargs, len(given))
    items = [*before, *given]
    put_in(xs, [items[k] for k in order])
    return items[place] if place >= 0 else value, (xs, before, order, len(given), place)


def _disarrange(residual: Residual, g: Tangent, shadows: Shadows) -> list[Tangent]:
    """The adjoints of the items that were given; `g` is that of an item that the function handed out."""
    xs, before, order, count, place = residual
    parts = shadows.rearrange(xs, before, order, count)
    if place >= len(before):  # heappushpop may hand back what it was given
        parts[place - len(before)] = add(parts[place - len(before)], g)
    elif place >= 0:
        shadows.add_item(xs, place, g)
    return parts


def _unrearrange(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, active = residual
    parts = _disarrange(inner, g, shadows)
    return chosen(active, _1=parts[0] if parts else ZERO)


for _function in (
    list.sort, list.reverse, list.remove, list.clear, deque.reverse, deque.rotate, deque.remove, deque.clear,
    deque.__delitem__, heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace, heapq.heappushpop,
    bisect.insort, bisect.insort_left, random.shuffle,
):  # fmt: skip
    CHANGERS[_function] = rearranged(_function)


# --- sets -----------------------------------------------------------------------------------------


def _in_a_set(function: Callable[..., Any]) -> Changer:
    """Sets hold keys; a differentiated value in one has no place for its adjoint."""

    def change(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
        given = [a for a in args[1:] if not isinstance(a, (set, frozenset))]
        held = [e for a in given for e in (a if isinstance(a, (list, tuple)) else [a])]
        if any(is_differentiable(a) and not isinstance(a, (list, tuple)) for a in held):
            raise DifferentiabilityError(
                "a differentiated value is put into a set, which has no order for derivatives; use a list or dict",
                id="unsupported-construct",
            )
        return function(*args, **kwargs), (_nothing, len(active))

    return change


for _of_sets in (set.add, set.discard, set.remove, set.update, set.pop, set.clear, set.difference_update):
    CHANGERS[_of_sets] = _in_a_set(_of_sets)


# --- dicts ----------------------------------------------------------------------------------------


@changer(dict.pop, OrderedDict.pop)
def _dict_pop(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    table, key, *default = args
    present = key in table
    value = table.pop(key, *default)
    return value, (_dict_unpop, table, key, value, present, active)


def _dict_unpop(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, table, key, value, present, active = residual
    if present:
        shadows.put_back_key(table, key, value, g)
        return (ZERO,) * len(active)
    return chosen(active, _2=g)


@changer(dict.popitem, OrderedDict.popitem)
def _popitem(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    key, value = args[0].popitem(*args[1:], **kwargs)
    return (key, value), (_unpopitem, args[0], key, value, len(active))


def _unpopitem(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, table, key, value, count = residual
    shadows.put_back_key(table, key, value, ZERO if g is ZERO else g[1])
    return (ZERO,) * int(count)


@changer(dict.__delitem__, OrderedDict.__delitem__)
def _delete_key(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    value = args[0][args[1]]
    del args[0][args[1]]
    return None, (_dict_unpop, args[0], args[1], value, True, active)


@changer(dict.setdefault, OrderedDict.setdefault)
def _setdefault(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    table, key, *default = args
    present = key in table
    value = table.setdefault(key, *default)
    return value, (_unsetdefault, table, key, present, active)


def _unsetdefault(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, table, key, present, active = residual
    shadows.add_item(table, key, g)
    return (ZERO,) * len(active) if present else chosen(active, _2=shadows.restore_item(table, key, MISSING))


@changer(OrderedDict.move_to_end)
def _move_to_end(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    return args[0].move_to_end(*args[1:], **kwargs), (_nothing, len(active))


def _nothing(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    return (ZERO,) * int(residual[1])


@changer(dict.update, OrderedDict.update)
def _update(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    return None, _joined(args, kwargs, active)[1]


@changer(dict.__ior__)
def _joined(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    table, *others = args
    other = others[0] if others else {}
    pairs, first = None, None
    if isinstance(other, Drawn):
        first, pairs = taken(other), other.rest()
    elif not isinstance(other, dict):
        if hasattr(other, "keys") and 1 in active:
            raise DifferentiabilityError(f"a dict is updated from {describe(other)}; use a dict")
        pairs = None if hasattr(other, "keys") else list(other)
    given = dict(other if pairs is None else pairs)
    held = {k: dict.get(table, k, MISSING) for k in (*given, *kwargs)}
    for key, value in given.items():
        table[key] = value
    for key, value in kwargs.items():
        table[key] = value
    return table, (_unupdate, table, held, set(given), set(kwargs), pairs, first, active)


def _unupdate(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, table, held, given, named, pairs, first, active = residual
    rest = shadows.accumulate(table, g)
    assert rest is ZERO
    parts = {key: shadows.restore_item(table, key, before) for key, before in held.items()}
    out: dict[Any, Tangent] = {k: parts[k] for k in named}
    own = {k: t for k, t in parts.items() if k in given and k not in named}
    if pairs is None:
        out[1] = own
    else:
        last = {k: i for i, (k, _) in enumerate(pairs)}
        out[1] = [(ZERO, own.get(k, ZERO)) if last[k] == i else ZERO for i, (k, _) in enumerate(pairs)]
        if first is not None:
            out[1] = {first + i: t for i, t in enumerate(out[1]) if t is not ZERO}
    return tuple(out.get(a, ZERO) for a in active)


@changer(dict.clear, OrderedDict.clear)
def _clear(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    before = dict(args[0])
    args[0].clear()
    return None, (_unclear, args[0], before, len(active))


def _unclear(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, table, before, count = residual
    for key, item in before.items():
        shadows.put_back_key(table, key, item, ZERO)
    return (ZERO,) * int(count)
