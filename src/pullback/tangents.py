"""Tangents: symbolic zero, "no tangent", and the vectors that stand for a class's fields.

A float's tangent is a float and an array's is an array of the same shape and dtype; a class's is a
`TangentVector` with the differentiable fields as attributes:

    Point(x=1.0, y=2.0, name="p")   ->   Point.TangentVector(x=0.5, y=0.0)

`ZERO` (zero, of whatever space) and `NO_TANGENT` (there is no space: ints, strings) differ, and
neither is `None`. Terms after ChainRulesCore's `ZeroTangent` and `NoTangent`.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from pullback.errors import DifferentiabilityError
from pullback.forms import SMALL, form_of
from pullback.tables import Table

Tangent = Any


class ZeroTangent:
    """The zero of every tangent space, without its size. There is one: `ZERO`."""

    __slots__ = ()
    __array_ufunc__ = None  # NumPy must let ZERO's own operators answer

    def __add__(self, other: Tangent) -> Tangent:
        return other

    __radd__ = __add__

    def __sub__(self, other: Tangent) -> Tangent:
        return scale(other, -1.0)

    def __rsub__(self, other: Tangent) -> Tangent:
        return other

    def __mul__(self, other: object) -> ZeroTangent:
        return self

    __rmul__ = __mul__

    def __neg__(self) -> ZeroTangent:
        return self

    def __repr__(self) -> str:
        return "ZERO"

    def __reduce__(self) -> str:
        return "ZERO"

    def __copy__(self) -> ZeroTangent:
        return self

    def __deepcopy__(self, memo: object) -> ZeroTangent:
        return self


class NoTangent:
    """The tangent of a value that has no tangent space. There is one: `NO_TANGENT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_TANGENT"

    def __reduce__(self) -> str:
        return "NO_TANGENT"

    def __copy__(self) -> NoTangent:
        return self

    def __deepcopy__(self, memo: object) -> NoTangent:
        return self


ZERO = ZeroTangent()
NO_TANGENT = NoTangent()


def _here() -> types.TracebackType | None:
    """The traceback of an error that is raised here, for one that is raised later."""
    found: types.TracebackType | None = None
    frame = sys._getframe(2)
    while frame is not None:
        found = types.TracebackType(found, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back  # type: ignore[assignment]
    return found


class WithheldTangent:
    """A tangent that is not known, nor is a sum with it: it may be dropped, and is refused where it is read."""

    __slots__ = ("_refusal",)
    __array_ufunc__ = None

    def __init__(self, refusal: str) -> None:
        self._refusal = DifferentiabilityError(refusal).with_traceback(_here())

    def refuse(self, *_: Any) -> Any:
        """Raise what the rule would have, which does not give this tangent, at the call that it was asked for."""
        raise self._refusal

    def same(self, *_: Any) -> WithheldTangent:
        """A sum with it, or a multiple of it."""
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __neg__ = same
    __array__ = __float__ = __complex__ = __getitem__ = __len__ = __iter__ = refuse
    shape = dtype = ndim = real = imag = T = property(refuse)

    def __repr__(self) -> str:
        return "a tangent that is not known"


class TangentVector:
    """The tangent of an object: its differentiable fields, each with that field's tangent.

    >>> v = tangent_type(type("Pair", (), {}))(a=1.0, b=2.0)
    >>> (v + v * 0.5).b
    3.0
    """

    primal_type: ClassVar[type] = object

    def __init__(self, **fields: Tangent) -> None:
        self.__dict__ = fields

    def __add__(self, other: Tangent) -> Tangent:
        return add(self, other)

    __radd__ = __add__

    def __sub__(self, other: Tangent) -> Tangent:
        return add(self, scale(other, -1.0))

    def __mul__(self, factor: Any) -> Tangent:
        return scale(self, factor)

    __rmul__ = __mul__

    def __truediv__(self, factor: Any) -> Tangent:
        return scale(self, 1.0 / factor)

    def __neg__(self) -> Tangent:
        return scale(self, -1.0)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and equal(self.__dict__, other.__dict__)

    __hash__ = None  # type: ignore[assignment]  # mutable and compared by value

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **kwargs: Any) -> Any:
        if ufunc is np.multiply and method == "__call__" and not kwargs and operands[1] is self:
            return scale(self, operands[0])  # a NumPy scalar times it
        raise converted(self.primal_type)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise converted(self.primal_type)

    __float__ = __complex__ = __index__ = __array__

    def __getattr__(self, name: str) -> Tangent:
        fields = ", ".join(self.__dict__) or "none"
        raise AttributeError(
            f"{type(self).__name__} has no field {name!r}: the differentiable fields of this "
            f"{self.primal_type.__name__} are {fields}"
        )

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={form_of(value, small=SMALL)}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({fields})"

    def _repr_html_(self) -> str:
        rows = [(name, form_of(value, small=SMALL)) for name, value in _leaves(self, "")]
        return Table(("field", "tangent"), rows, code=frozenset({0})).html(type(self).__name__)

    def __reduce__(self) -> Any:
        return _rebuild, (self.primal_type, self.__dict__)


def _leaves(t: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The tangents of an object's fields, those of objects in them too, each with its path."""
    for name, value in t.__dict__.items():
        inner = f"{path}.{name}" if path else name
        if isinstance(value, TangentVector) and value.__dict__:
            yield from _leaves(value, inner)
        else:
            yield inner, value


_TANGENT_TYPES: dict[type, type[TangentVector]] = {}


def tangent_type(cls: type) -> type[TangentVector]:
    """The class of `cls`'s tangent vectors, named `C.TangentVector`; a tangent vector's own is its class."""
    found = _TANGENT_TYPES.get(cls)
    if found is None:
        if issubclass(cls, TangentVector):
            return cls
        name = f"{cls.__name__}.TangentVector"
        found = type(name, (TangentVector,), {"primal_type": cls, "__module__": cls.__module__})
        _TANGENT_TYPES[cls] = found
    return found


def of_class(cls: type[TangentVector], fields: dict[str, Tangent]) -> Any:
    """The tangent vector that holds `fields`: its own dict from now on."""
    made = _new(cls)
    made.__dict__ = fields
    return made


_new = object.__new__


def _rebuild(cls: type, fields: dict[str, Tangent]) -> TangentVector:
    return tangent_type(cls)(**fields)


def add(a: Tangent, b: Tangent) -> Tangent:
    """The sum of two tangents of one value; symbolic zeros add nothing. Neither is changed."""
    if a is ZERO or a is NO_TANGENT:
        return b
    if b is ZERO or b is NO_TANGENT:
        return a
    cls = a.__class__
    if cls is tuple or cls is list:
        return cls(map(add, a, b))
    if cls is dict:
        return {**a, **{k: add(a.get(k, ZERO), v) for k, v in b.items()}}
    if isinstance(a, TangentVector) and isinstance(b, TangentVector):
        total = a.__dict__.copy()
        for name, part in b.__dict__.items():
            known = total.get(name, ZERO)
            total[name] = known + part if known.__class__ is float is part.__class__ else add(known, part)
        return of_class(cls, total)
    if isinstance(a, TangentVector) or isinstance(b, TangentVector):
        whole = a if isinstance(a, TangentVector) else b
        raise converted(whole.primal_type)
    if isinstance(a, (tuple, list)):
        return a._make(map(add, a, b)) if hasattr(a, "_make") else list(map(add, a, b))
    return a + b


def converted(cls: type) -> DifferentiabilityError:
    """The error for an object of which a built-in function made a number or array."""
    return DifferentiabilityError(
        f"a built-in function was given an object of {cls.__name__}, of which it made a number or an array: the "
        "derivative of that is not known; convert it before, by `float` or by a call of its method"
    )


def scale(t: Tangent, factor: Any) -> Tangent:
    """A tangent times a real (or complex) number, in every leaf; NumPy leaves keep their dtype."""
    if t is ZERO or t is NO_TANGENT:
        return t
    if isinstance(t, (np.generic, np.ndarray)):
        # ruling out a float64 `factor` widening a float32 leaf: tangents keep their space
        scaled = t * factor
        return scaled.astype(t.dtype) if scaled.dtype.kind == t.dtype.kind else scaled
    if isinstance(t, (float, complex)):
        return t * factor
    if isinstance(t, tuple) and hasattr(t, "_make"):
        return t._make(scale(x, factor) for x in t)
    if isinstance(t, (tuple, list)):
        return type(t)([scale(x, factor) for x in t])
    if isinstance(t, dict):
        return {k: scale(x, factor) for k, x in t.items()}
    if isinstance(t, TangentVector):
        return type(t)(**scale(t.__dict__, factor))
    return t * factor


def product(t: Tangent, u: Tangent) -> Any:
    """The sum of t u over the leaves of two tangents of one value: how much `u` is along the cotangent `t`."""
    if t is ZERO or t is NO_TANGENT or u is ZERO or u is NO_TANGENT:
        return 0.0
    if isinstance(t, TangentVector):
        return product(t.__dict__, u.__dict__)
    if isinstance(t, dict):
        return sum([product(part, u[k]) for k, part in t.items() if k in u], 0.0)
    if isinstance(t, (tuple, list)):
        return sum(map(product, t, u), 0.0)
    return (t * u).sum() if isinstance(t, (np.ndarray, np.generic)) else t * u


def equal(a: Tangent, b: Tangent) -> bool:
    """Whether two tangents are the same number in every leaf."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b)
