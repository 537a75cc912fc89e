"""Calls in functions that change values in place: callees work on the same shadows.

    y, r = call_shared(f, (x, n), active=(0,))      then      (x_bar,) = r[0](r, y_bar, shadows)

The order of lookup is that of `dispatch`, with two things more: functions that change their argument
(`list.append`, `np.copyto`) have reverses of their own, and a class's `__init__` is differentiated as
the function that it is.
"""

from __future__ import annotations

import functools
import inspect
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.along import own_iteration
from pullback.applying import Residual, reverse_rule
from pullback.attributes import call_method, refuse_own_reading, static_attribute, takes_object
from pullback.conditions import spelled_for
from pullback.dispatch import CALLABLES, UNWRAPPED, VERB_PULLBACKS, call, no_derivative_of, shifted
from pullback.drawing import Drawn
from pullback.errors import DifferentiabilityError
from pullback.iterating import CONTAINERS, Shared, kept_track_of
from pullback.lending import drawn, lent, numbers_only, settled
from pullback.names import INTERNAL
from pullback.operations import type_call
from pullback.outputs import given_out
from pullback.python_calls import (
    call_function,
    call_function_shared,
    has_tangent,
    plan_shared,
    planned_shared,
    unforeseen,
)
from pullback.rules import Active, Entry, Template, is_library_code, lookup
from pullback.shadows import Shadows
from pullback.tangents import ZERO, Tangent
from pullback.watching import on_copies, own_result, watched

Changer = Callable[[tuple[Any, ...], dict[str, Any], Active], tuple[Any, Residual]]
CHANGERS: dict[Any, Changer] = {}  # functions that change an argument, with their differentiated forms
CONSTRUCT: list[Callable[..., tuple[Any, Residual]]] = []  # put here by `shared_construct`
READ_ATTRIBUTE: list[Callable[..., tuple[Any, Residual]]] = []  # put here by `shared_access`
LENT: dict[Any, Changer] = {}  # the same of what runs functions again in its reverse, by its own form
WITH_OUT: list[Changer] = []  # calls with `out=`, put here by `shared_arrays`


class _State(threading.local):
    strict: Any = False  # whether a callee that changes something must be refused: all but these values, or True


_STATE = _State()


def strict(what: Callable[..., Any]) -> Callable[..., Any]:
    """The same run-time call where a change was not foreseen: a callee that makes one is refused."""

    def made(*args: Any, **kwargs: Any) -> Any:
        _STATE.strict = True
        try:
            return what(*args, **kwargs)
        finally:
            _STATE.strict = False

    made.__name__ = made.__qualname__ = f"{what.__name__}_strict"
    return made


def sparing(what: Callable[..., Any], new: tuple[Any, ...], *operands: Any) -> Any:
    """A run-time call that may change nothing but these values, which are new in the caller."""
    _STATE.strict = new
    try:
        return what(*operands)
    finally:
        _STATE.strict = False


def refuse_change(fn: Any, changed: Any) -> None:
    """Refuse a change that the reverse sweep did not foresee."""
    if _STATE.strict is True or (_STATE.strict and not any(changed is x for x in _STATE.strict)):
        raise unforeseen(fn)


def is_strict() -> Any:
    """Whether the call being made must change nothing, or only these values; what it calls decides for itself."""
    found, _STATE.strict = _STATE.strict, False
    return found


def call_shared(
    fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any] | None = None
) -> tuple[Any, Residual]:
    """The value of `fn(*args, **kwargs)` and the residual of its reverse on shadows."""
    if not kwargs and fn.__class__ is types.FunctionType and _STATE.strict.__class__ is bool:
        plan = plan_shared(fn, args, active, _STATE.strict)
        if plan is not None:
            _STATE.strict = False
            return planned_shared(plan, args)
    kwargs = kwargs or {}
    values: dict[Any, Any] = {-1: fn, **dict(enumerate(args)), **kwargs}
    places = [i for i, operand in enumerate(active) if has_tangent(values[operand])]
    if len(places) == len(active):
        return _call(fn, args, active, kwargs)
    if not places and not is_generator(fn):  # (what it hands out may vary by what is stored in it)
        return fn(*args, **kwargs), (_zeros, len(active))
    value, inner = _call(fn, args, tuple(active[i] for i in places), kwargs)
    return value, (_scattered, inner, places, len(active))


def _zeros(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    return (ZERO,) * int(residual[1])


def _scattered(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    _, inner, places, count = residual
    out: list[Tangent] = [ZERO] * count
    for place, t in zip(places, inner[0](inner, g, shadows), strict=True):
        out[place] = t
    return tuple(out)


def _call(fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any]) -> tuple[Any, Residual]:
    if isinstance(fn, types.MethodType) and lookup(fn) is None:
        if fn.__name__ == "_make" and isinstance(fn.__self__, type) and hasattr(fn.__self__, "_fields"):
            value, inner = call(fn, args, active, kwargs)
            return value, (lent, settled(inner), value, len(active))
        return _call(fn.__func__, (fn.__self__, *args), shifted(active), kwargs)
    if isinstance(fn, (types.BuiltinMethodType, types.MethodWrapperType)):
        obj = fn.__self__
        plain = obj is None or isinstance(obj, (type, types.ModuleType))
        by_class = CALLABLES.get((obj, fn.__name__)) if isinstance(obj, type) else None
        if by_class is not None:
            made = by_class(fn, args, kwargs, active)
            if isinstance(made[0], Drawn):
                return drawn(made, (*args, *kwargs.values()), active)
            return made[0], (lent, settled(made[1]), made[0], len(active))
        owner = None if plain else getattr(type(obj), fn.__name__, None)
        if owner is not None:
            return _call(owner, (obj, *args), shifted(active), kwargs)
    changer = _changer(fn)
    if changer is not None:
        if not any(hasattr(fn, a) for a in ("changes_arguments", "gives_pair", "finds_out")):  # (by themselves)
            refuse_change(fn, args[0] if args else None)
        return changer(args, kwargs, active)
    entry = lookup(fn)
    if entry is not None and entry.changes and not entry.vjps:
        assert isinstance(entry.stand_in, types.FunctionType)
        return call_function_shared(entry.stand_in, args, active, kwargs, is_strict())
    spelled = spelled_for(fn, args)
    if spelled is not None and not (entry is not None and entry.vjps):
        return call_function_shared(spelled, args, active, kwargs, is_strict())
    if fn is vars:
        raise DifferentiabilityError(
            "vars() is read where objects change; use getattr and setattr instead", id="mutation"
        )
    if (entry is not None or isinstance(fn, np.ufunc)) and given_out(fn, args, kwargs) is not None:
        return WITH_OUT[0]((fn, *args), kwargs, active)
    if entry is not None:
        return _registered(entry, fn, args, active, kwargs)
    if hasattr(fn, "_pullback_verb"):
        return VERB_PULLBACKS["lent"](fn, args, kwargs, active)  # type: ignore[no-any-return]
    if isinstance(fn, types.FunctionType):
        if args and hasattr(fn, "registry") and hasattr(fn, "dispatch"):  # functools.singledispatch
            return call_shared(fn.dispatch(type(args[0])), args, active, kwargs)
        if is_generator(fn):
            operands = (*args, *kwargs.values(), *(c.cell_contents for c in fn.__closure__ or () if not _is_empty(c)))
            return drawn(call_function(fn, args, active, kwargs, lambda _: None, lent=True), operands, active)
        return call_function_shared(fn, args, active, kwargs, is_strict())
    if isinstance(fn, type):
        return CONSTRUCT[0](fn, args, kwargs, active)
    own = CALLABLES.get(type(fn))
    if isinstance(fn, functools.partial) and -1 not in active:
        inner_active = tuple(a + len(fn.args) if isinstance(a, int) else a for a in active)
        return call_shared(fn.func, (*fn.args, *args), inner_active, {**fn.keywords, **kwargs})
    if isinstance(fn, functools.partial):
        return _call_partial(fn, args, kwargs, active)
    if own is not None:
        value, residual = watched(own(fn, args, kwargs, active), (fn, *args, *kwargs.values()))
        return value, (lent, residual, value, len(active))
    if isinstance(fn, functools._lru_cache_wrapper):
        return _call(fn.__wrapped__, args, active, kwargs)
    method = type_call(type(fn))
    if isinstance(method, types.FunctionType):
        return _call(method, (fn, *args), shifted(active), kwargs)
    unwrapped = UNWRAPPED.get(type(fn).__name__)
    if unwrapped is not None and hasattr(fn, unwrapped):
        return _call(getattr(fn, unwrapped), args, active, kwargs)
    raise no_derivative_of(fn)


def _call_partial(
    fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active
) -> tuple[Any, Residual]:
    """A call of a partial: of its function, with what it holds."""
    held = len(fn.args)
    own = [k for k in fn.keywords if k not in kwargs]
    given = [a + held if isinstance(a, int) else a for a in active if a != -1]
    flags: list[int | str] = [-1, *range(held), *given, *own]
    value, inner = call_shared(fn.func, (*fn.args, *args), tuple(flags), {**fn.keywords, **kwargs})
    return value, (_back_to_partial, inner, held, own, active)


def _back_to_partial(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    _, inner, held, keywords, active = residual
    tangents = inner[0](inner, g, shadows)
    last = len(tangents) - len(keywords)
    rest = iter(tangents[1 + held : last])
    own = {**dict(enumerate(tangents[: 1 + held])), **dict(zip(keywords, tangents[last:], strict=True))}
    return tuple(own if a == -1 else next(rest) for a in active)


def is_generator(fn: Any) -> bool:
    """Whether a call of a function makes a generator whose code can be read."""
    written = isinstance(fn, types.FunctionType) and fn.__code__.co_flags & inspect.CO_GENERATOR
    return bool(written) and not is_library_code(fn)


def _is_empty(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is cell
    except ValueError:
        return True


def _changer(fn: Any) -> Changer | None:
    try:
        return CHANGERS.get(fn)
    except TypeError:  # not hashable
        return None


def _registered(
    entry: Entry, fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any]
) -> tuple[Any, Residual]:
    """A function with a derivative: what its pullback needs is kept as it is now."""
    if args and (fn is next or fn is iter or fn is INTERNAL["<iterated>"]):
        own = own_iteration(args[0]) if fn is not next and len(args) == 1 else None
        if own is not None:
            return _iterated_by(own, args, active)
        kept_track_of(args[0])
    if isinstance(fn, type) and hasattr(fn, "__next__"):
        own_iterators = {a: own_iteration(args[a]) for a in active if isinstance(a, int)}
        if any(own_iterators.values()):
            return _iterating_first(fn, args, active, kwargs, own_iterators)
    if entry.intrinsic in LENT:
        return LENT[entry.intrinsic](args, kwargs, active)
    if entry.vjps:  # a user's pullback may hold anything
        made = on_copies(lambda given, named: call(fn, given, active, named), fn, args, kwargs)
        value, inner = own_result(made, (fn, *args, *kwargs.values()))
        return value, (lent, inner, value, len(active))
    made = call(fn, args, active, kwargs)
    if fn is iter and args and made[0] is args[0]:
        return made[0], (_unchanged, made[1])
    if isinstance(made[0], Drawn) and getattr(made[0].loops_over, "operands", None) is not None:
        return made[0], (_zeros, len(active))  # (each item's adjoint goes to that iterator)
    if isinstance(made[0], Drawn) and (entry.returns != "first" or made[0] is not args[0]):
        return drawn(made, (*args, *kwargs.values()), active)
    if isinstance(made[0], tuple) and any(isinstance(v, Drawn) for v in made[0]):
        numbers_only(made[0])
        return made[0], (_unchanged, made[1])
    if entry.returns == "first" and fn is INTERNAL["<iterated>"]:
        return made[0], (_unchanged, made[1])
    if fn is next:
        return made[0], (_next, made[1], made[0], args[0], len(active))
    if entry.constant and not entry.vjps:
        return made[0], (_zeros, len(active))
    if entry.intrinsic is not None and entry.returns != "first":
        calls_python = any(isinstance(a, types.FunctionType) for a in (*args, *kwargs.values()))
        if calls_python:  # what it holds is checked when it runs
            value, inner = watched(made, (fn, *args, *kwargs.values()))
            return value, (lent, inner, value, len(active))
    value, inner = made
    if inner[0] is reverse_rule:
        function, is_elementwise, plan, y, values, parameters = inner
        names = frozenset().union(*(t.names for _, _, t in plan if isinstance(t, Template)))
        values = tuple([settled(v) if p in names else v for v, p in zip(values, parameters, strict=True)])
        inner = (function, is_elementwise, plan, settled(y) if "y" in names else y, values, parameters)
    elif not isinstance(value, Drawn):  # (what is drawn later is still being recorded)
        inner = settled(inner)
    return value, (lent, inner, value, len(active))


def _iterated_by(method: Any, args: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """An iterator of an object by its own `__iter__`, as the call of that which it is."""
    value, inner = call_shared(method, args, active)
    if isinstance(value, CONTAINERS) or not hasattr(type(value), "__next__"):
        raise TypeError(f"iter() returned non-iterator of type '{type(value).__name__}'")
    if not isinstance(value, Drawn):
        return call(iter, args, active)  # (says what is not differentiated)
    return (Shared(value) if value.taken else value), inner


def _iterating_first(
    fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any], methods: dict[int, Any]
) -> tuple[Any, Residual]:
    """A function such as `zip` of objects that have an `__iter__` of their own: of the iterators that these are."""
    given, inners = list(args), {}
    for a, method in methods.items():
        if method is not None:
            given[a], inners[a] = _iterated_by(method, (args[a],), (0,))
    value, residual = call_shared(fn, tuple(given), active, kwargs)
    return value, (_iterated_back, residual, inners, active)


def _iterated_back(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    _, inner, inners, active = residual
    pairs = zip(active, inner[0](inner, g, shadows), strict=True)
    return tuple([inners[a][0](inners[a], t, shadows)[0] if a in inners else t for a, t in pairs])


def _unchanged(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    """The reverse of a call that returned its argument: what has a shadow keeps it."""
    inner = residual[1]
    tangents: tuple[Tangent, ...] = inner[0](inner, g)
    return tangents


def _next(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    """`next` hands on what exists: its adjoint is in the shadow of the very object."""
    _, inner, value, iterator, count = residual
    if isinstance(iterator, Drawn) and iterator.operands is not None:
        shadows.add_drawn(iterator, {inner[1]: ZERO} if isinstance(inner[1], int) else {})
    rest = shadows.accumulate(value, g)
    return (ZERO,) * int(count) if rest is ZERO else tuple(inner[0](inner, rest))


def call_method_shared(
    obj: Any, name: str, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any] | None = None
) -> tuple[Any, Residual]:
    """`obj.name(*args, **kwargs)`."""
    if isinstance(obj, Drawn) or (hasattr(type(obj), "_fields") and name in ("_replace", "_asdict")):
        value, inner = call_method(obj, name, args, active, kwargs)
        return value, (lent, inner, value, len(active))
    if isinstance(obj, super):
        bound = getattr(obj, name)
        if isinstance(bound, types.MethodType):
            return call_shared(bound.__func__, (bound.__self__, *args), shifted(active), kwargs)
        if name == "__init__":
            return bound(*args, **(kwargs or {})), (_zeros, len(active))
        owner = inspect.getattr_static(object, name, None) if name in ("__setattr__", "__delattr__") else None
        if owner is not None:
            return call_shared(owner, (bound.__self__, *args), shifted(active), kwargs)
        raise DifferentiabilityError(f"super().{name} has no derivative")
    if isinstance(obj, (type, types.ModuleType)):
        value, inner = call_shared(getattr(obj, name), args, tuple(a for a in active if a != -1), kwargs)
        return value, inner if -1 not in active else (after_callee_shared, inner)
    refuse_own_reading(obj)
    cls = type(obj)
    static = static_attribute(cls, name)
    if name in ("__enter__", "__exit__") and inspect.ismethoddescriptor(static):
        return getattr(obj, name)(*args), (_zeros, len(active))  # a lock, a file: it holds nothing of ours
    in_object = name in getattr(obj, "__dict__", ())
    if static is not None and not in_object:
        if takes_object(static):
            return call_shared(static, (obj, *args), shifted(active), kwargs)
        if isinstance(static, (staticmethod, classmethod)):
            value, inner = call_shared(getattr(obj, name), args, tuple(a for a in active if a != -1), kwargs)
            return value, inner if -1 not in active else (after_callee_shared, inner)
    fn, attribute = READ_ATTRIBUTE[0](obj, name)
    value, inner = call_shared(fn, args, active, kwargs)
    return value, inner if -1 not in active else (_through_attribute, inner, attribute)


def after_callee_shared(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    """The tangents of a call's operands where the callee is active by name only."""
    inner = residual[1]
    return (ZERO, *inner[0](inner, g, shadows))


def _through_attribute(residual: Residual, g: Tangent, shadows: Shadows) -> tuple[Tangent, ...]:
    _, inner, attribute = residual
    callee, *rest = inner[0](inner, g, shadows)
    obj = ZERO if callee is ZERO else attribute[0](attribute, callee, shadows)[0]
    return (obj, *rest)

