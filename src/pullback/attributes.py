"""Methods, attributes and elements of objects whose class is found at run time.

    obj.step(x)      the function on the class is called with the object as its first argument
    obj.volume       stored data, or a property, whose getter is differentiated
    obj[i]           an element, or the class's own `__getitem__`
"""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any

import numpy as np

from pullback.analysing import function_changes
from pullback.applying import Residual
from pullback.changing import LIKELY
from pullback.descriptors import as_getter, as_property
from pullback.dispatch import after_callee, call, no_tangents, shifted
from pullback.drawing import Drawn
from pullback.errors import DifferentiabilityError
from pullback.fingerprints import fingerprint
from pullback.kinds import kind_of
from pullback.operations import is_field_of
from pullback.python_calls import has_tangent
from pullback.rules import Active, lookup
from pullback.runtime import add_at, buffer, field_tangent
from pullback.spaces import describe
from pullback.structs import constant_fields
from pullback.tangents import ZERO, Tangent, tangent_type

STANDING: Any = (super, types.MethodType, types.BuiltinMethodType, types.MethodWrapperType)  # for their `__self__`


def static_attribute(cls: type, name: str) -> Any:
    """What a class holds under a name, no descriptor run, a user's own data descriptor as a property; else None."""
    for base in cls.__mro__:
        if name in base.__dict__:
            return as_property(base.__dict__[name])
    return None


def deleter_of(obj: Any, name: str) -> Any:
    """The function of a property or descriptor that `object.__delattr__` runs; None where it deletes a field."""
    static = static_attribute(type(obj), name)
    deleter = static.fdel if isinstance(static, property) else None
    return deleter if isinstance(deleter, types.FunctionType) else None


def own_delattr(obj: Any) -> Any:
    """The `__delattr__` of a user's class; None for Python's."""
    method: Any = type(obj).__delattr__
    return method if isinstance(method, types.FunctionType) and method.__code__.co_filename != "<string>" else None


def refuse_own_reading(obj: Any) -> None:
    """Refuse an object whose class has its own say in every reading of an attribute."""
    if isinstance(type(obj).__getattribute__, types.FunctionType) and not isinstance(obj, types.ModuleType):
        raise DifferentiabilityError(
            f"{describe(obj)} has a `__getattribute__` of its own, which is not differentiated; define properties or "
            "`__getattr__` instead"
        )


def found_static(obj: Any, name: str) -> Any:
    """What `obj.name` finds in the classes: for `super()` in those that come after."""
    refuse_own_reading(obj)
    if not isinstance(obj, super):
        return static_attribute(type(obj), name)
    given: Any = obj
    mro = given.__self_class__.__mro__
    for base in mro[mro.index(given.__thisclass__) + 1 :]:
        if name in base.__dict__:
            return as_property(base.__dict__[name])
    return None


def getter_of(static: Any, obj: Any, name: str) -> Any:
    """The function that `obj.name` runs, of a property or a descriptor without `__set__`; else None."""
    if static is None:
        return None
    if isinstance(static, property):
        if static.fget is None:
            getattr(obj, name)  # raises
        return static.fget
    getter = as_getter(static)
    stored = not isinstance(obj, super) and name in getattr(obj, "__dict__", ())
    return None if stored else getter


def takes_object(static: Any) -> bool:
    """Whether what a class holds is called with the object as its first argument."""
    if isinstance(static, types.FunctionType):
        return True
    if as_getter(static) is not None:
        return False
    return inspect.ismethoddescriptor(static) and not isinstance(static, (staticmethod, classmethod))


def call_method(
    obj: Any, name: str, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any] | None = None
) -> tuple[Any, Residual]:
    """`obj.name(*args, **kwargs)`: the function is found on the type, and the object is its first argument."""
    if isinstance(obj, super):
        bound = getattr(obj, name)
        return call(bound.__func__, (bound.__self__, *args), shifted(active), kwargs)
    if isinstance(obj, Drawn):
        return _of_iterator(obj, name, args, active)
    if isinstance(obj, (type, types.ModuleType)):
        return _without_object(call(getattr(obj, name), args, tuple(a for a in active if a != -1), kwargs), active)
    cls = type(obj)
    if isinstance(obj, tuple) and hasattr(cls, "_fields") and name in ("_replace", "_asdict"):
        return _of_named_tuple(obj, name, active, kwargs or {})
    refuse_own_reading(obj)
    static = static_attribute(cls, name)
    data = getattr(obj, "__dict__", None)
    if data is not None and name in data:  # stored data, unless a property of that name comes first
        if static is None and not hasattr(cls, "__getattr__"):
            if -1 not in active:
                return call(data[name], args, active, kwargs)
            value, inner = call(data[name], args, active, kwargs)
            return value, (_through_attribute, inner, (_attribute, obj, name))
        static = None
    if static is not None and takes_object(static):
        return call(static, (obj, *args), shifted(active), kwargs)
    if isinstance(static, (staticmethod, classmethod)):
        bound = getattr(obj, name)
        return _without_object(call(bound, args, tuple(a for a in active if a != -1), kwargs), active)
    if -1 not in active:
        return call(getattr(obj, name), args, active, kwargs)
    fn, residual = read_attribute(obj, name)
    value, inner = call(fn, args, active, kwargs)
    return value, (_through_attribute, inner, residual)


def _of_iterator(obj: Drawn, name: str, args: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """The methods of an iterator over differentiated values."""
    if name == "__next__":
        value, residual = call(next, (obj,), (0,))
        return value, residual if -1 in active else (no_tangents, 0)
    if name == "close" and not args:
        obj.close()
        return None, (no_tangents, len(active))
    raise DifferentiabilityError(
        f"`.{name}` of an iterator over differentiated values is not differentiated; draw from it by a loop or `next`"
    )


def _of_named_tuple(obj: Any, name: str, active: Active, kwargs: dict[str, Any]) -> tuple[Any, Residual]:
    """`_replace` and `_asdict` of a named tuple."""
    return getattr(obj, name)(**kwargs), (_back_to_named_tuple, obj._fields, name, set(kwargs), active)


def _back_to_named_tuple(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, fields, name, replaced, active = residual
    by_field = g if name == "_asdict" else dict(zip(fields, g, strict=True))
    kept = [ZERO if f in replaced else by_field.get(f, ZERO) for f in fields]
    return tuple(kept if a == -1 else by_field.get(a, ZERO) for a in active)


def _without_object(made: tuple[Any, Residual], active: Active) -> tuple[Any, Residual]:
    value, residual = made
    return value, residual if -1 not in active else (after_callee, residual)


def _through_attribute(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, attribute = residual
    callee, *rest = inner[0](inner, g)
    obj = ZERO if callee is ZERO else attribute[0](attribute, callee)[0]
    return (obj, *rest)


def read_attribute(obj: Any, name: str) -> tuple[Any, Residual]:
    """`obj.name`: stored data, or a property that is differentiated."""
    cls = type(obj)
    if name == "__self__" and isinstance(obj, STANDING):
        return obj.__self__, (_bound_method, obj)
    static = found_static(obj, name)
    if name == "__class__":
        return obj.__class__, (no_tangents, 1)
    if name == "__dict__" and not isinstance(static, property):
        return obj.__dict__, (_from_dict, type(obj))
    getter = getter_of(static, obj, name)
    if getter is not None:
        return call(getter, (itself(obj),), (0,))
    if isinstance(static, functools.cached_property):
        return _cached(static, itself(obj), name)
    if isinstance(obj, super):
        method = isinstance(static, types.FunctionType)
        return getattr(obj, name), (_bound_method, obj) if method else (no_tangents, 1)
    if as_getter(static) is not None:  # (it is stored, or the getter was there)
        return getattr(obj, name), (_attribute, obj, name)
    if static is not None and lookup(static) is not None and not callable(static):  # (a method is no getter)
        entry = lookup(static)
        assert entry is not None
        if entry.constant:
            return getattr(obj, name), (no_tangents, 1)
        if entry.rule is not None:
            value = getattr(obj, name)
            rule = entry.rule
            return value, (_attribute_rule, rule, value, obj)
    if is_field_of(cls, name) or (isinstance(obj, tuple) and hasattr(cls, "_fields") and name in cls._fields):
        return getattr(obj, name), (_attribute, obj, name)
    if not isinstance(cls.__getattribute__, types.FunctionType) and not hasattr(type(static), "__get__"):
        if name in getattr(obj, "__dict__", ()):  # `__getattr__` is asked only for what is not found
            return getattr(obj, name), (_attribute, obj, name)
        if static is not None:
            return getattr(obj, name), (no_tangents, 1)
    if isinstance(static, (types.FunctionType, staticmethod, classmethod)) or inspect.ismethoddescriptor(static):
        return getattr(obj, name), (_bound_method, obj)
    getattribute = getattr(cls, "__getattr__", None)
    if static is None and isinstance(getattribute, types.FunctionType):
        if name in getattr(obj, "__dict__", ()):
            return getattr(obj, name), (_attribute, obj, name)
        value, residual = call(getattribute, (obj, name), (0,))
        return value, residual
    if isinstance(obj, types.ModuleType):
        return getattr(obj, name), (no_tangents, 1)
    raise DifferentiabilityError(
        f"the attribute `{name}` of {describe(obj)} has no derivative; register one with "
        f"@pb.derivative(of={cls.__name__}.{name})"
    )


def itself(obj: Any) -> Any:
    """The object that a getter is given: of `super()`, the one that it stands for."""
    return obj.__self__ if isinstance(obj, super) else obj  # type: ignore[attr-defined]


def _cached(static: functools.cached_property[Any], obj: Any, name: str) -> tuple[Any, Residual]:
    """A cached property: its function is differentiated at every read, and its value kept as Python keeps it."""
    refuse_changing(static, obj, name)
    value, residual = call(static.func, (obj,), (0,))
    return kept_value(value, obj, name), residual


def refuse_changing(static: Any, obj: Any, name: str) -> None:
    """Refuse a cached property that changes something: it is run at every read here, and once in Python."""
    kinds = {n: kind_of(obj) for n in static.func.__code__.co_varnames[:1]}
    if function_changes(static.func, kinds) >= LIKELY:
        raise DifferentiabilityError(
            f"the cached property `{name}` of {describe(obj)} changes something when it is first read; "
            "make it a method",
            id="mutation",
        )


def kept_value(value: Any, obj: Any, name: str) -> Any:
    """The value of a cached property, kept in the object as Python keeps it."""
    if name in obj.__dict__ and fingerprint(obj.__dict__[name]) != fingerprint(value):
        raise DifferentiabilityError(
            f"the cached property `{name}` of {describe(obj)} holds a value from before a change of the object; "
            "make it a property",
            id="mutation",
        )
    return obj.__dict__.setdefault(name, value)


def _attribute(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return (field_tangent(residual[1], residual[2], g),)


def _from_dict(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """`vars(obj)`: the tangents of the fields, by name."""
    cls = residual[1]
    known = {k: t for k, t in g.items() if t is not ZERO and k not in constant_fields(cls)}
    return (tangent_type(cls)(**known) if known else ZERO,)


def _attribute_rule(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, rule, value, obj = residual
    parameter = next(iter(rule.signature.parameters))
    return (rule.templates[parameter].compiled((parameter,))(g, value, None, obj),)


def _bound_method(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """A bound method was read as a value: its tangent is that of its object."""
    return (g,)


def read_item(obj: Any, index: Any, active: tuple[bool, ...]) -> tuple[Any, Residual]:
    """`obj[index]`: an element of a container or array, or a class's own `__getitem__`."""
    count = sum(active)
    if isinstance(obj, (np.ndarray, np.generic, list, tuple, dict)):
        return obj[index], (_item, obj, index, count)  # type: ignore[index]
    method = getattr(type(obj), "__getitem__", None)
    if isinstance(method, types.FunctionType):
        return call(method, (obj, index), tuple(i for i, a in enumerate(active) if a))
    if not has_tangent(obj):
        return obj[index], (no_tangents, count)
    raise DifferentiabilityError(f"an element of {describe(obj)} has no derivative")


def _item(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, obj, index, count = residual
    d = buffer(ZERO, obj)
    add_at(d, index, g)
    return (d,) if count == 1 else (d, ZERO)
