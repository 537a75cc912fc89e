"""Reading and writing items and attributes in functions that change values in place.

    r = set_item(a, i, x)        a[i] = x;  later  _, x_bar = r[0](r, ZERO, shadows)
    y, r = read_item_shared(a, i, active)

A class's own `__setitem__`, property or `__setattr__` is differentiated as the function it is.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.attributes import (
    STANDING,
    found_static,
    getter_of,
    itself,
    kept_value,
    read_attribute,
    refuse_changing,
    static_attribute,
)
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.iterating import All
from pullback.lending import lent, settled
from pullback.operations import is_field_of
from pullback.rules import lookup
from pullback.runtime import keep
from pullback.shadow_totals import MISSING
from pullback.shadows import Shadows
from pullback.shared_calls import READ_ATTRIBUTE, call_shared
from pullback.spaces import describe, is_differentiable
from pullback.tangents import ZERO, Tangent

Pulled = tuple[Tangent, ...]


# --- items --------------------------------------------------------------------------------------


def read_item_shared(obj: Any, index: Any, active: tuple[bool, ...]) -> tuple[Any, Residual]:
    """`obj[index]`."""
    count = sum(active)
    if isinstance(obj, (np.ndarray, np.generic, list, tuple, dict, deque)) and not _own(obj, "__getitem__"):
        if isinstance(obj, defaultdict) and index not in obj:
            value = obj[index]
            return value, (_made_item, obj, index, value, count)
        value = obj[index]  # type: ignore[index]
        return value, (_read_item, obj, keep(index), value, count)
    method = getattr(type(obj), "__getitem__", None)
    if isinstance(method, types.FunctionType):
        return call_shared(method, (obj, index), tuple(i for i, a in enumerate(active) if a))
    if isinstance(obj, (str, bytes, range)):
        found: Any = obj[index]
        return found, (_nothing, count)
    raise DifferentiabilityError(f"an element of {describe(obj)} has no derivative")


def _nothing(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    return (ZERO,) * int(residual[1])


def _read_item(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, obj, index, value, count = residual
    rest = shadows.add_item(obj, index, g, value)
    return (rest,) if count == 1 else (rest, ZERO)


def _made_item(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    """A defaultdict made the item when it was read."""
    _, obj, index, value, count = residual
    shadows.add_item(obj, index, g, value)
    shadows.restore_item(obj, index, MISSING)
    return (ZERO,) * int(count)


def set_item(obj: Any, index: Any, value: Any, active: tuple[bool, ...]) -> Residual:
    """`obj[index] = value`; the residual's function gives the tangents of the object and of the value."""
    if isinstance(obj, np.ndarray):
        return _set_in_array(obj, index, value, active)
    own = _own(obj, "__setitem__")
    if own is not None:
        flags = (0, 2) if active[1] else (0,)
        _, residual = call_shared(own, (obj, index, value), flags)
        return (_by_method, residual, active[1])
    if isinstance(obj, dict):
        before = dict.get(obj, index, MISSING)
        obj[index] = value
        return (_stored_item, obj, index, before)
    if isinstance(obj, (list, deque)):
        if isinstance(index, slice):
            held = list(obj)
            sources = list(range(len(held)))
            source = Items(value, active[1])
            sources[index] = range(len(held), len(held) + len(source.items))
            obj[index] = source.items  # type: ignore[index]
            return (_stored_slice, obj, held, sources, source)
        before = obj[index]
        obj[index] = value
        return (_stored_item, obj, index, before)
    obj[index] = value  # raises for a tuple and the like
    raise DifferentiabilityError(
        f"an item of {describe(obj)} is changed in place, which is not differentiated; build a new value instead",
        id="mutation",
    )


def _own(obj: Any, method: str) -> types.FunctionType | None:
    found = getattr(type(obj), method, None)
    return found if isinstance(found, types.FunctionType) else None


def _set_in_array(obj: Any, index: Any, value: Any, active: tuple[bool, ...]) -> Residual:
    obj[index] = value
    if obj.dtype.kind not in "fc" and active[1] and is_differentiable(value):
        raise DifferentiabilityError(
            f"a differentiated value is stored in an array of dtype {obj.dtype}, which keeps no derivative; "
            "make the array of floats, or wrap the value in pb.without_derivative",
            id="mutation",
        )
    return (_stored_in_array, obj, keep(index), value)


def _stored_in_array(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, obj, index, value = residual
    if obj.dtype.kind not in "fc":
        return ZERO, ZERO
    g = shadows.take_at(obj, index)
    return ZERO, fit(g, value)


def _stored_item(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, obj, index, before = residual
    return ZERO, shadows.restore_item(obj, index, before)


def _stored_slice(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, obj, held, sources, source = residual
    return ZERO, source.given_back(shadows.rearrange(obj, held, sources, len(source.items)), shadows)


class Items(All):
    """What is put into a list from anything that can be iterated over, and where the adjoints go."""

    __slots__ = ()

    def __init__(self, xs: Any, active: bool) -> None:
        super().__init__(xs, active)
        self.items = tuple(self.items)
        self.residual = None if self.residual is None else settled(self.residual)

    def given_back(self, parts: list[Tangent], shadows: Shadows) -> Tangent:
        """The adjoint of what was iterated over, from those of the items."""
        if self.residual is not None:  # an `__iter__` has made the items
            parts = [shadows.take_all(item, t) for item, t in zip(self.items, parts, strict=True)]
        if all(t is ZERO for t in parts):
            return ZERO
        return self.tangent((i, t) for i, t in enumerate(parts) if t is not ZERO)


def _by_method(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, has_value = residual
    obj, *rest = inner[0](inner, ZERO, shadows)
    return obj, rest[0] if has_value else ZERO


# --- attributes ---------------------------------------------------------------------------------


def read_attribute_shared(obj: Any, name: str) -> tuple[Any, Residual]:
    """`obj.name`: stored data, a property, a cached property, or what `__getattr__` returns."""
    if name == "__dict__":
        raise DifferentiabilityError(
            f"the `__dict__` of {describe(obj)} is read where objects change; use getattr and setattr instead",
            id="mutation",
        )
    if name == "__self__" and isinstance(obj, STANDING):
        return obj.__self__, (_bound, obj.__self__)
    cls = type(obj)
    static = found_static(obj, name)
    getter = getter_of(static, obj, name)
    if isinstance(getter, types.FunctionType):
        return call_shared(getter, (itself(obj),), (0,))
    stored = name in getattr(obj, "__dict__", ())
    if isinstance(static, functools.cached_property):
        refuse_changing(static, itself(obj), name)
        value, inner = call_shared(static.func, (itself(obj),), (0,))
        value = kept_value(value, itself(obj), name)
        return value, (_cached, inner, value)
    if isinstance(obj, super):
        method = isinstance(static, types.FunctionType)
        return getattr(obj, name), (_bound, itself(obj)) if method else (_nothing, 1)
    named = isinstance(obj, tuple) and hasattr(cls, "_fields") and name in cls._fields
    if stored or named or (is_field_of(cls, name) and not isinstance(obj, (np.ndarray, types.ModuleType))):
        value = getattr(obj, name)
        if lookup(static) is None:
            return value, (_read_field, obj, name)
    getter = getattr(cls, "__getattr__", None)
    if static is None and isinstance(getter, types.FunctionType):
        return call_shared(getter, (obj, name), (0,))
    if isinstance(static, types.FunctionType):
        return getattr(obj, name), (_bound, obj)
    value, inner = read_attribute(obj, name)
    return value, (lent, inner, value, 1)


def _bound(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    return (shadows.accumulate(residual[1], g),)


def _cached(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, value = residual
    return inner[0](inner, shadows.take_all(value, g), shadows)  # type: ignore[no-any-return]


def _read_field(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    return (shadows.add_field(residual[1], residual[2], g),)


def set_attribute(obj: Any, name: str, value: Any, active: tuple[bool, ...]) -> Residual:
    """`obj.name = value`: stored data, a property's setter, or a class's own `__setattr__`."""
    cls = type(obj)
    setter: Any = cls.__setattr__
    if isinstance(setter, types.FunctionType) and setter.__code__.co_filename != "<string>":
        flags = (0, 2) if active[1] else (0,)
        return (_by_method, call_shared(setter, (obj, name, value), flags)[1], active[1])
    return store_attribute(obj, name, value, active)


def refuse_attribute(name: str) -> None:
    """Setting an attribute of an array that is differentiated: its shape, its real part, all of it by `flat`."""
    instead = {"flat": "write `a[...] = np.reshape(values, a.shape)`", "shape": "write `a = np.reshape(a, shape)`"}
    raise DifferentiabilityError(
        f"the attribute `{name}` of an array that is differentiated is set; "
        + instead.get(name, "make a new array instead"),
        id="mutation",
    )


def store_attribute(
    obj: Any, name: str, value: Any, active: tuple[bool, ...], store: Callable[..., None] = setattr
) -> Residual:
    """What `object.__setattr__` does; a frozen dataclass refuses `setattr`."""
    static = static_attribute(type(obj), name)
    if isinstance(static, property) and isinstance(static.fset, types.FunctionType):
        flags = (0, 1) if active[1] else (0,)
        return (_by_method, call_shared(static.fset, (obj, value), flags)[1], active[1])
    if isinstance(obj, (type, types.ModuleType)) or (isinstance(obj, types.FunctionType) and name[:2] == "__"):
        raise DifferentiabilityError(
            f"a differentiated value is stored in `{obj.__name__}.{name}`, which outlives the function; "
            "keep it in an object that the function is given, or return it",
            id="outer-write",
        )
    if isinstance(obj, np.ndarray):
        refuse_attribute(name)
    fields = getattr(obj, "__dict__", None)
    if fields is not None and (static is None or not inspect.ismemberdescriptor(static)):
        before = fields.get(name, MISSING)
    else:
        before = getattr(obj, name, MISSING)
    store(obj, name, value)
    return (_stored_field, obj, name, before)


def _stored_field(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, obj, name, before = residual
    return ZERO, shadows.restore_field(obj, name, before)


READ_ATTRIBUTE.append(read_attribute_shared)
