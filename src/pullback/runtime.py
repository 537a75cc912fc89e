"""What generated code calls where it cannot be bare arithmetic.

    d_xs = buffer(d_xs, xs)         a buffer for element-wise adjoints, which the sweep owns
    add_at(d_xs, i, d_t)            d_xs[i] += d_t, in place, O(size of the element)
    d_x = add(d_x, g)               a sum in which either side may be ZERO
"""

from __future__ import annotations

import copy
import operator
import types
from collections import deque
from collections.abc import Iterator, KeysView
from typing import Any

import numpy as np

from pullback.drawing import Drawn, taken
from pullback.errors import ArgumentError, DifferentiabilityError
from pullback.fitting import fit
from pullback.operations import INPLACE_FUNCTIONS
from pullback.spaces import describe, is_differentiable, project
from pullback.structs import constant_fields, registration
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector, add, converted, of_class, tangent_type
from pullback.views import names_twice

__all__ = [
    "ZERO", "add", "add_at", "buffer", "dict_part", "field_tangent", "fields_of", "finish", "fit", "inplace",
    "iterate", "joined", "keep", "of_class", "of_fields", "rebind", "seed", "take_last", "truth",
    "unrolled",
]  # fmt: skip

_NO_FIELDS: dict[str, Tangent] = {}
_IMMUTABLE = (int, float, complex, str, bytes, bool, type(None), np.generic, type)


class OwnedList(list[Any]):
    """A list of adjoints that only the running sweep holds, so that it may be changed in place."""


def buffer(d: Tangent, x: Any) -> Tangent:
    """A buffer for the adjoint of `x`, holding `d`, which nobody else holds."""
    if isinstance(x, np.ndarray):
        if d is ZERO:
            return np.zeros(x.shape, x.dtype if x.dtype.kind in "fc" else np.float64)
        return np.array(d)
    if isinstance(x, np.inexact):  # a NumPy scalar may be indexed as an array without axes
        return np.array(0.0 if d is ZERO else d, x.dtype)
    if isinstance(x, (tuple, list, deque)):
        return OwnedList([ZERO] * len(x)) if d is ZERO else OwnedList(d)
    if isinstance(getattr(type(x), "__getitem__", None), types.FunctionType):
        return d  # (an object of the user's, to which whole tangents are added)
    return {} if d is ZERO else copy.copy(d)


def add_at(d: Tangent, index: Any, g: Tangent) -> None:
    """`d[index] += g`, in place."""
    if g is ZERO:
        return
    if isinstance(d, dict):
        d[index] = add(d.get(index, ZERO), g)
    elif isinstance(d, np.ndarray):
        if index.__class__ is int or index.__class__ is slice or not names_twice(index):
            d[index] += g
        else:
            np.add.at(d, index, g)
    elif isinstance(index, slice):
        for position, part in zip(range(*index.indices(len(d))), g, strict=True):
            d[position] = add(d[position], part)
    else:
        d[index] = add(d[index], g)



def joined(parts: tuple[Tangent, ...], like: Any) -> Tangent:
    """The adjoint of a sequence that was unpacked, from those of its elements."""
    if isinstance(like, np.ndarray):
        d = buffer(ZERO, like)
        for index, part in enumerate(parts):
            add_at(d, index, part)
        return d
    if isinstance(like, dict):
        return ZERO  # its keys were unpacked
    if isinstance(like, Drawn):
        return dict(enumerate(parts, taken(like) - len(parts)))
    if not isinstance(like, (tuple, list)):
        raise DifferentiabilityError(
            f"{describe(like)} was unpacked, whose elements come from an `__iter__` of its own; "
            "write `list(...)` around it"
        )
    return parts


def dict_part(g: Tangent, key: Any, *later: Any) -> Tangent:
    """One entry of a dict's adjoint; ZERO if a later item of the display replaced it."""
    return ZERO if g is ZERO or key in later else g.get(key, ZERO)


def unrolled(g: Tangent, *own: str) -> Tangent:
    """The adjoint of a recursive local function: what came back through its captures of its group, added."""
    total = {k: v for k, v in g.items() if k not in own}
    for name in own:
        inner = g.get(name, ZERO)
        if inner is not ZERO:
            total = add(total, unrolled(inner, *own))
    return total


def field_tangent(obj: Any, name: str, g: Tangent) -> Tangent:
    """The tangent of an object with `g` in one field and zeros elsewhere; ZERO for a constant field."""
    cls = obj.__class__
    if name in constant_fields(cls):
        return ZERO
    known = registration(cls)
    if known is not None and known.fields is not None and name not in known.fields(obj):
        return ZERO
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return [g if f == name else ZERO for f in obj._fields]
    if name not in getattr(obj, "__dict__", ()) and not hasattr(cls, "__slots__"):
        return ZERO  # a class attribute: a constant of all instances
    return tangent_type(cls)(**{name: g})


def of_fields(obj: Any, whole: Tangent, names: tuple[str, ...], parts: tuple[Tangent, ...]) -> Tangent:
    """The tangent of an object, from those of the fields that were read one by one, and one of the whole."""
    cls = obj.__class__
    if isinstance(obj, tuple):  # a named tuple
        for name, part in zip(names, parts, strict=True):
            if part is not ZERO:
                whole = add(whole, field_tangent(obj, name, part))
        return whole
    known = registration(cls)
    allowed = names if known is None or known.fields is None else known.fields(obj)
    constant = constant_fields(cls)
    data = names if hasattr(cls, "__slots__") else obj.__dict__  # (a class attribute is a constant of all instances)
    found = {
        name: part
        for name, part in zip(names, parts, strict=True)
        if part is not ZERO and name in data and name in allowed and name not in constant
    }
    if not found:
        return whole
    made = of_class(tangent_type(cls), found)
    return made if whole is ZERO else add(whole, made)


def fields_of(g: Tangent, cls: type) -> dict[str, Tangent]:
    """The parts of the tangent of an object of a class, by field."""
    if isinstance(g, TangentVector):
        return g.__dict__
    if g is ZERO or g is NO_TANGENT:
        return _NO_FIELDS
    if not isinstance(g, (float, complex, np.ndarray, np.generic)):
        return getattr(g, "__dict__", _NO_FIELDS)
    raise converted(cls)


def take_last(d: Tangent) -> tuple[Tangent, Tangent]:
    """The adjoint of a list without its last entry, and that entry."""
    if d is ZERO:
        return ZERO, ZERO
    if d.__class__ is not OwnedList:
        d = OwnedList(d)
    return d, d.pop()


def keep(x: Any) -> Any:
    """A value for the reverse sweep that later changes in place do not reach."""
    if isinstance(x, np.ndarray):
        return x.copy(order="K")  # (sums over it are to be the same, bit for bit)
    if isinstance(x, (np.flatiter, memoryview)):
        raise bare_view(x)
    if isinstance(x, tuple):  # such as an index that holds arrays
        parts = [keep(part) for part in x]
        if all(map(operator.is_, parts, x)):
            return x
        return x._make(parts) if hasattr(x, "_make") else tuple(parts)
    if x.__class__ is list:
        return [part if part.__class__ is float else keep(part) for part in x]
    if x.__class__ is dict:
        return {k: keep(part) for k, part in x.items()}
    if isinstance(x, (list, dict, set, deque)):
        return copy.copy(x)
    return x


def bare_view(x: Any) -> DifferentiabilityError:
    """The error where a view of memory that is no array is to be kept, which later changes would reach."""
    return DifferentiabilityError(
        f"a {type(x).__name__} is read where the array that it is of may change in place; use np.ravel(...), or a copy",
        id="mutation",
    )


def truth(value: Any) -> Any:
    """The result of a comparison, which must have no derivative: a class may define `<` as it likes."""
    if value is True or value is False or not is_differentiable(value):
        return value
    raise DifferentiabilityError(
        f"this comparison returns {describe(value)}, whose derivative would be lost; call a method of another name"
    )


def iterate(xs: Any) -> Any:
    """What a loop over a differentiated iterable runs over: its elements can be counted."""
    if isinstance(xs, (list, tuple, np.ndarray, dict, Drawn)):
        return xs
    if isinstance(xs, (range, str, bytes, set, frozenset, KeysView, Iterator)):
        return xs  # what carries tangents is a `Drawn`
    if not hasattr(type(xs), "__iter__") and not hasattr(type(xs), "__getitem__"):
        return iter(xs)  # raises Python's own error
    raise DifferentiabilityError(
        f"a loop over {describe(xs)} that holds differentiated values is not differentiated yet; "
        "collect its elements in a list first"
    )


def inplace(op: str, x: Any, y: Any) -> Any:
    """`x op= y` for a value nobody else holds: the result of the in-place operator, in a new object."""
    if isinstance(x, (np.ndarray, list, dict, set)):
        x = x.copy()
    return INPLACE_FUNCTIONS[op](x, y)


def rebind(op: str, x: Any, y: Any) -> Any:
    """`x op= y` where `x` may be shared: right if it rebinds, refused if it would change `x` in place."""
    if not isinstance(x, _IMMUTABLE) and hasattr(type(x), f"__{INPLACE_FUNCTIONS[op].__name__}__"):
        raise DifferentiabilityError(
            f"`{op}=` changes {describe(x)} in place, which others may see; write the sum out: `x = x {op} ...`",
            id="mutation",
        )
    return INPLACE_FUNCTIONS[op](x, y)


def seed(y: Any) -> Tangent:
    """The cotangent 1 of a real scalar result; anything else has no gradient."""
    cls = y.__class__
    if cls is float:
        return 1.0
    if isinstance(y, np.floating):
        return cls(1.0)
    if isinstance(y, np.ndarray) and y.shape == () and y.dtype.kind == "f":
        return np.ones((), y.dtype)
    raise ArgumentError(_not_scalar(y), id="non-scalar-result")


def _not_scalar(y: Any) -> str:
    if isinstance(y, np.ndarray) and y.shape != ():
        return (
            f"gradient needs a function with a real scalar result; this one returned {describe(y)}: "
            "sum it to a scalar, or use pb.pullback (with a cotangent) or pb.jacobian"
        )
    if isinstance(y, (bool, int, np.integer, np.bool_)):
        return f"gradient needs a float result; this function returned {describe(y)}, which has no derivative"
    if isinstance(y, (complex, np.complexfloating)) or (isinstance(y, np.ndarray) and y.dtype.kind == "c"):
        return "gradient needs a real result; this one is complex: take its .real or abs(), or use pb.pullback"
    return (
        f"gradient needs a function with a real scalar result; this one returned {describe(y)}: "
        "use pb.pullback with a cotangent of that structure"
    )


def finish(d: Tangent, x: Any) -> Tangent:
    """An argument's adjoint as it is handed out: in the argument's own space, sharing nothing with it."""
    if x.__class__ is float is d.__class__:
        return d
    return project(ZERO if d is NO_TANGENT else d, x, "internal")
