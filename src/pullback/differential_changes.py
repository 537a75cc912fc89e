"""Changes in forward mode whose kind is known at run time only: of the value, and of its tangent alike.

    set_item_differential(a, a_dot, i, v, v_dot)            a[i] = v; a_dot[i] = v_dot
    y, y_dot = change_differential(f, f_dot, args, dots)    f may change what it is given

As in `differential_objects`, what runs here is ordinary code in the language that is differentiated.
"""

from __future__ import annotations

import functools
import types
from collections import defaultdict, deque
from typing import Any

import numpy as np

from pullback.along import own_iteration
from pullback.attributes import STANDING, found_static, itself, static_attribute
from pullback.call_paths import put_back, refuse_partial, six_operands
from pullback.conditions import spelled_for
from pullback.differential_calls import LENT, call_differential, resolve, unwrapped
from pullback.differential_objects import (
    BOUND,
    FIELD,
    GETATTR,
    METHOD,
    PLAIN,
    PROPERTY,
    attribute_differential,
    class_methods,
    general_operator,
    how_attribute,
    how_item,
    how_method,
    how_operator,
    is_answer,
    item_differential,
    operate_differential,
)
from pullback.differential_pairs import of_target, wanted_operands
from pullback.dispatch import UNWRAPPED
from pullback.errors import DifferentiabilityError
from pullback.mirrors import complete
from pullback.operations import type_call
from pullback.outputs import given_out
from pullback.python_calls import call_function_shared, unforeseen
from pullback.rules import Active, constant, intrinsic, lookup
from pullback.shared_access import refuse_attribute
from pullback.shared_calls import call_shared, is_strict, strict
from pullback.shared_changes import changer
from pullback.spaces import describe, is_differentiable
from pullback.structs import constant_fields
from pullback.tangent_parts import both_of, elements, filled, is_zero
from pullback.tangents import ZERO, Tangent, TangentVector

ARRAY, ITEMS, OWN, NOTHING, SLICE, SETTER, CONSTANT = range(10, 17)
CONTAINERS = (list, dict, deque)


# --- stores -----------------------------------------------------------------------------------------


def how_store(obj: Any, obj_dot: Tangent, key: Any, value: Any, value_dot: Tangent) -> tuple[int, Any]:
    """How `obj[key] = value` stores a tangent."""
    method = getattr(type(obj), "__setitem__", None)
    if isinstance(method, types.FunctionType):
        return OWN, method
    if obj_dot is ZERO or not isinstance(obj_dot, (np.ndarray, list, dict, deque)):
        refuse_loss(obj, value, value_dot)
        return NOTHING, None
    if isinstance(obj, np.ndarray):
        return ARRAY, None
    return (SLICE if isinstance(key, slice) else ITEMS), None


def refuse_loss(obj: Any, value: Any, value_dot: Tangent) -> None:
    """Raise where a tangent would be stored in what has none."""
    mirrored = isinstance(value_dot, TangentVector) and bool(value_dot.__dict__)  # (of an object of any class)
    if is_zero(value_dot) or not (is_differentiable(value) or mirrored):
        return
    if isinstance(obj, np.ndarray) and obj.dtype.kind in "iub":
        return  # the number is rounded: its derivative ends here
    raise DifferentiabilityError(
        f"a differentiated value is stored in {describe(obj)}, whose tangent is not known here; "
        "pass it as an argument, or build a new one"
    )


def set_item_differential(obj: Any, obj_dot: Any, key: Any, value: Any, value_dot: Any) -> None:
    """`obj[key] = value`, and the same of the tangents."""
    way, method = how_store(obj, obj_dot, key, value, value_dot)
    if way == OWN:
        change_differential(method, ZERO, (obj, key, value), (obj_dot, ZERO, value_dot))
    elif way == ARRAY:
        obj[key] = value
        obj_dot[key] = filled(value_dot, value)
    elif way == SLICE:
        items, parts = items_of(value, value_dot)
        obj[key] = items
        obj_dot[key] = parts
    elif way == ITEMS:
        obj[key] = value
        obj_dot[key] = value_dot
    else:
        obj[key] = value


def items_of(xs: Any, t: Any) -> Any:
    """The items of anything that can be iterated over, and their tangents, as lists."""
    if own_iteration(xs) is None:
        return both_of(xs, t)
    items, parts = call_differential(list, ZERO, (xs,), (t,))
    return items, list(elements(parts, items))


def how_set(obj: Any, obj_dot: Tangent, name: str, value: Any, value_dot: Tangent) -> tuple[int, Any]:
    """How `obj.name = value` stores a tangent."""
    cls = type(obj)
    setter: Any = cls.__setattr__
    if isinstance(setter, types.FunctionType) and setter.__code__.co_filename != "<string>":
        return OWN, setter
    return how_stored(obj, obj_dot, name, value, value_dot)


def how_stored(obj: Any, obj_dot: Tangent, name: str, value: Any, value_dot: Tangent) -> tuple[int, Any]:
    """What `object.__setattr__` does."""
    static = static_attribute(type(obj), name)
    if isinstance(static, property) and isinstance(static.fset, types.FunctionType):
        return SETTER, static.fset
    if isinstance(obj, (type, types.ModuleType)):
        refuse_loss(obj, value, value_dot)
        return NOTHING, None
    if isinstance(obj, np.ndarray) and not (is_zero(obj_dot) and is_zero(value_dot)):
        refuse_attribute(name)
    if name in constant_fields(type(obj)):
        return CONSTANT, None
    if obj_dot is ZERO or not hasattr(obj_dot, "__dict__"):
        refuse_loss(obj, value, value_dot)
        return NOTHING, None
    return FIELD, None


def set_attribute_differential(obj: Any, obj_dot: Any, name: str, value: Any, value_dot: Any) -> None:
    """`obj.name = value`, and the same of the tangents."""
    way, method = how_set(obj, obj_dot, name, value, value_dot)
    if way == OWN:
        change_differential(method, ZERO, (obj, name, value), (obj_dot, ZERO, value_dot))
    elif way == SETTER:
        change_differential(method, ZERO, (obj, value), (obj_dot, value_dot))
    elif way == FIELD:
        setattr(obj, name, value)
        setattr(obj_dot, name, value_dot)
    else:
        setattr(obj, name, value)


_each: Any
for _each in (set_item_differential, set_attribute_differential):
    _each.changed_operands = (0, 1)  # what it changes, and its tangent


# --- calls ------------------------------------------------------------------------------------------

CHANGERS: dict[Any, Any] = {"set_attribute": set_attribute_differential}  # what changes an argument: its differential
FUNCTION, METHOD_OF, CALLABLE, CHANGER, INIT, WRAPPED, OUT, ALONE, OTHER = range(20, 29)


def how_called(fn: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> tuple[int, Any]:
    """What a callee that may change something is."""
    try:
        changer = CHANGERS.get(fn)
    except TypeError:  # not hashable
        changer = None
    if changer is not None and args and isinstance(args[0], CONTAINERS) and not isinstance(dots[0], CONTAINERS):
        for x, d in (*zip(args[1:], dots[1:], strict=True), *((x, kwdots.get(k, ZERO)) for k, x in kwargs.items())):
            refuse_loss(args[0], x, d)
        return ALONE, None  # (a container that has no mirror)
    if changer is not None:
        return CHANGER, changer
    if isinstance(fn, types.MethodType) and lookup(fn) is None:
        return METHOD_OF, fn.__func__
    if isinstance(fn, (types.BuiltinMethodType, types.MethodWrapperType)):
        obj = fn.__self__
        if obj is not None and not isinstance(obj, (type, types.ModuleType)):
            owner = getattr(type(obj), fn.__name__, None)
            if owner is not None:
                return METHOD_OF, owner
    if any(fn is f for f in LENT):  # (a user's object may have an `==` of its own)
        return FUNCTION, None
    entry = lookup(fn)
    if given_out(fn, args, kwargs) is not None:
        return OUT, None
    spelled = spelled_for(fn, args)
    if spelled is not None and not (entry is not None and entry.vjps):
        return WRAPPED, spelled
    known = entry is not None and (entry.vjps or entry.rule or entry.constant or entry.intrinsic or entry.forward)
    if known or hasattr(fn, "_pullback_verb"):
        return OTHER, None
    if entry is not None and entry.stand_in is not None:
        return (WRAPPED, entry.stand_in) if entry.changes else (OTHER, None)
    if isinstance(fn, types.FunctionType):
        if hasattr(fn, "registry") and hasattr(fn, "dispatch") and args:  # functools.singledispatch
            return WRAPPED, fn.dispatch(type(args[0]))
        return FUNCTION, None
    if isinstance(fn, functools.partial):
        refuse_partial(fn)
        return OTHER, None
    if isinstance(fn, functools._lru_cache_wrapper) or hasattr(fn, UNWRAPPED.get(type(fn).__name__, " ")):
        return WRAPPED, unwrapped(fn)
    if not isinstance(fn, type) and isinstance(type_call(type(fn)), types.FunctionType):
        return METHOD_OF, type_call(type(fn))
    return OTHER, None


def object_of(fn: Any) -> Any:
    """The object whose method a callee runs: of a bound method, or the callee itself."""
    return fn.__self__ if isinstance(fn, STANDING) else fn


def change_differential(
    fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any = None, kwdots: Any = None
) -> Any:
    """The value of a call that may change what it is given, and its tangent; the tangents given change alike."""
    keywords = {} if kwargs is None else kwargs
    keyword_dots = {} if kwdots is None else kwdots
    way, found = how_called(fn, args, dots, keywords, keyword_dots)
    if way == FUNCTION:
        return lent_differential(fn, fn_dot, args, dots, keywords, keyword_dots)
    if way == METHOD_OF:
        return change_differential(found, ZERO, (object_of(fn), *args), (fn_dot, *dots), keywords, keyword_dots)
    if way == CHANGER:
        return found(fn, fn_dot, args, dots, keywords, keyword_dots)
    if way == ALONE:
        return fn(*args, **keywords), ZERO
    if way == OUT:
        return CHANGERS["out"](fn, fn_dot, args, dots, keywords, keyword_dots)
    if way == WRAPPED:
        return change_differential(found, ZERO, args, dots, keywords, keyword_dots)
    return call_differential(fn, fn_dot, args, dots, keywords, keyword_dots)


def lent_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A call of a Python function that may change the mirrors it is given."""
    target = resolve(fn, fn_dot, args, dots, kwargs, kwdots, lent=True)
    if target.operands is None:
        return target.function(fn, fn_dot, args, dots, kwargs, kwdots)
    return target.function(*target.operands, **target.kwargs)


def init_differential_of(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """The same for an `__init__`, whose first argument is a new object."""
    return lent_differential(fn, fn_dot, args, dots, kwargs, kwdots)


init_differential_of.fills_new = True  # type: ignore[attr-defined]  # (what it changes is nobody else's)
for _each in (lent_differential, init_differential_of):
    _each.changes_arguments = True
    LENT.append(_each)


@intrinsic(init_differential_of)
@intrinsic(lent_differential)
def _lent_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Any:
    raise unforeseen(args[0])


@changer(lent_differential)
def _lent_shared(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Any:
    """Reverse mode over it, in callers that change values themselves: on their shadows."""
    return _lent(args, active, False)


@changer(init_differential_of)
def _init_shared(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Any:
    """The same, of what fills in a new object: that and its tangent are nobody else's."""
    return _lent(args, active, True)


@changer(call_differential)
def _call_shared(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Any:
    """A call's differential, in callers that change values: what it made is theirs, and may have changed since."""
    run = strict(call_shared) if is_strict() else call_shared  # (no value of the caller's own is among the six)
    return of_target(args, active, run, _lent_back)


@changer(operate_differential)
def _operate_shared(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Any:
    """The same of an operator: a class's method may have made an object, whose parts have shadows."""
    run = strict(call_shared) if is_strict() else call_shared
    return run(general_operator, args, active)


operate_differential.finds_out = True  # type: ignore[attr-defined]  # whether it changes something not foreseen


def _lent(args: tuple[Any, ...], active: Active, is_init: bool) -> Any:
    six = six_operands(args, {})
    target = resolve(*six, lent=True)
    chosen = tuple(a for a in active if isinstance(a, int) and a >= 0)
    unforeseen = is_strict()
    if target.operands is None:
        return call_function_shared(target.function, six, chosen, {}, unforeseen)
    flags, paths = wanted_operands(target, chosen)
    own = " ".join(getattr(target.function, "_pullback_made", ())) if is_init else ""
    value, inner = call_function_shared(
        target.function, target.operands, flags, target.kwargs or {}, unforeseen, own, is_init and unforeseen is True
    )
    # (what `**kwargs` collects is in a new dict, whose adjoint nobody else would take)
    pairs = zip(flags, paths, strict=True)
    made = [target.operands[o] if isinstance(p, dict) and isinstance(o, int) else None for o, p in pairs]
    return value, (_lent_back, (_taken_from, inner, made), paths, six, chosen)


def _taken_from(residual: Any, g: Tangent, shadows: Any) -> list[Tangent]:
    _, inner, made = residual
    found = inner[0](inner, g, shadows)
    return [t if x is None else shadows.take(x, t) for x, t in zip(made, found, strict=True)]


def _lent_back(residual: Any, g: Tangent, shadows: Any) -> tuple[Tangent, ...]:
    _, inner, paths, six, chosen = residual
    return put_back(paths, inner[0](inner, g, shadows), six, chosen)


def change_method(
    obj: Any, obj_dot: Any, name: str, args: Any, dots: Any, kwargs: Any = None, kwdots: Any = None
) -> Any:
    """`obj.name(*args, **kwargs)`, which may change something, and its tangent."""
    way, fn = how_method(obj, name)
    if way == METHOD:
        return change_differential(fn, ZERO, (obj, *args), (obj_dot, *dots), kwargs, kwdots)
    if way == BOUND or is_super(obj):
        return change_differential(function_of(fn), ZERO, (itself(obj), *args), (obj_dot, *dots), kwargs, kwdots)
    if way == PLAIN:
        return change_differential(fn, ZERO, args, dots, kwargs, kwdots)
    stored, stored_dot = attribute_differential(obj, obj_dot, name)
    return change_differential(stored, stored_dot, args, dots, kwargs, kwdots)


change_method.changed_containers = (0, 1)  # type: ignore[attr-defined]  # of a list or dict, and its tangent


def is_super(obj: Any) -> bool:
    """Whether an object stands for its base class."""
    return isinstance(obj, super)


def function_of(fn: Any) -> Any:
    """The function of a bound method, or of a built-in one."""
    if isinstance(fn, types.MethodType):
        return fn.__func__
    held = [b.__dict__[fn.__name__] for b in type(fn.__self__).__mro__ if fn.__name__ in b.__dict__]
    return next((f for f in held if not isinstance(f, types.FunctionType)), getattr(type(fn.__self__), fn.__name__))


def change_operator(op: str, operands: Any, dots: Any) -> Any:
    """An operator whose method may change its operands."""
    way = how_operator(op, operands)
    if way == "unary":
        return change_differential(unary_method(op, operands), ZERO, operands, dots)
    if way != "class":
        return operate_differential(op, operands, dots)
    a, b = operands
    a_dot, b_dot = dots
    for method, swapped in class_methods(op, a, b):
        if swapped:
            value, value_dot = change_differential(method, ZERO, (b, a), (b_dot, a_dot))
        else:
            value, value_dot = change_differential(method, ZERO, (a, b), (a_dot, b_dot))
        if is_answer(value):
            return value, value_dot
    return operate_differential(op, operands, dots)


def unary_method(op: str, operands: Any) -> Any:
    """The method of a class that an operator with one operand runs."""
    return getattr(type(operands[0]), f"__{op}__")


def change_attribute(obj: Any, obj_dot: Any, name: str) -> Any:
    """`obj.name`, which may run code that changes something, and its tangent: a mirror."""
    if obj_dot is ZERO:
        return getattr(obj, name), ZERO
    way, fn = how_read(obj, name)
    if way == PROPERTY:
        value, value_dot = change_differential(fn, ZERO, (itself(obj),), (obj_dot,))
        return value, complete(value_dot, value)
    if way == OWN:
        value, value_dot = change_differential(fn, ZERO, (obj,), (obj_dot,))
        value_dot = complete(value_dot, value)
        setattr(obj, name, value)
        setattr(obj_dot, name, value_dot)
        return value, value_dot
    if way == GETATTR:
        value, value_dot = change_differential(fn, ZERO, (obj, name), (obj_dot, ZERO))
        return value, complete(value_dot, value)
    value, value_dot = attribute_differential(obj, obj_dot, name)
    return value, value_dot if way == FIELD else complete(value_dot, value)


def how_read(obj: Any, name: str) -> tuple[int, Any]:
    """How an attribute is read, that of a cached property included."""
    static = found_static(obj, name)
    if isinstance(static, functools.cached_property) and not isinstance(obj, super):
        return (FIELD, None) if name in obj.__dict__ else (OWN, static.func)
    return how_attribute(obj, name)


def change_item(obj: Any, obj_dot: Any, index: Any, index_dot: Any) -> Any:
    """`obj[index]`, which may run code that changes something, and its tangent: a mirror."""
    if is_default(obj, index):
        return default_item(obj, obj_dot, index)
    way, fn = how_item(obj)
    if way == METHOD:
        value, value_dot = change_differential(fn, ZERO, (obj, index), (obj_dot, index_dot))
        return value, complete(value_dot, value)
    return item_differential(obj, obj_dot, index, index_dot)


def default_item(obj: Any, obj_dot: Any, index: Any) -> Any:
    """An item that reading it makes: the only reading that itself changes a container."""
    value = obj[index]
    obj_dot[index] = complete(ZERO, value)
    return value, obj_dot[index]


def is_default(obj: Any, index: Any) -> bool:
    """Whether reading an item makes it."""
    return isinstance(obj, defaultdict) and index not in obj


constant(
    how_store, how_set, how_stored, how_called, how_read, is_super, is_default, function_of, unary_method,
)  # fmt: skip
