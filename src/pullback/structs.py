"""Which fields of an object are differentiable: dataclasses, attrs classes, layers, registered types.

    @dataclass
    class Tank: volume: float; name: str        ->  fields ("volume", "name"), of which `name` has no tangent
    k: float = pb.no_derivative(2.0)            ->  `k` is constant, whatever its value
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any, Protocol, runtime_checkable

from pullback.errors import ArgumentError
from pullback.tangents import TangentVector


class _NoDerivative:
    """Marks a field as constant: `k: float = pb.no_derivative(2.0)` or `k: pb.no_derivative[float]`.

    In a dataclass the call form is a `dataclasses.field` with that default; in the `__init__` of a
    `pb.nn.Layer`, `self.k = pb.no_derivative(2.0)` stores 2.0. `Annotated[float, pb.no_derivative]`
    works too.
    """

    def __call__(self, default: Any = dataclasses.MISSING, /) -> Any:
        if isinstance(default, (list, dict, set)) or type(default).__module__ == "numpy":
            return dataclasses.field(default_factory=lambda: default, metadata={_MARK: default})
        return dataclasses.field(default=default, metadata={_MARK: default})

    def __getitem__(self, annotation: Any) -> Any:
        return typing.Annotated[annotation, self]

    def __repr__(self) -> str:
        return "pb.no_derivative"


no_derivative = _NoDerivative()
_MARK = "pullback.no_derivative"


def unmarked(value: Any) -> tuple[Any, bool]:
    """The value inside `pb.no_derivative(value)` and True, or `value` and False."""
    if isinstance(value, dataclasses.Field) and _MARK in value.metadata:
        return value.metadata[_MARK], True
    return value, False


@runtime_checkable
class Differentiable(Protocol):
    """A type that brings its own tangent space.

    `zero_tangent()` returns a zero tangent, an object with `+` and multiplication by a float;
    `move(along)` returns the value moved by a tangent. If `zero_tangent` returns a
    `TangentVector` of the class's fields, functions that read those fields are differentiated.
    """

    def zero_tangent(self) -> Any:
        """A zero of this value's tangent space."""
        ...

    def move(self, along: Any) -> Any:
        """This value moved by a tangent: a new value."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Registration:
    """What `register_differentiable` was told of a class."""

    fields: Callable[[Any], Iterable[str]] | None
    zero_tangent: Callable[[Any], Any] | None
    move: Callable[[Any, Any], Any] | None


REGISTERED: dict[type, Registration] = {}
_REGISTRATIONS: dict[type, Registration | None] = {}  # of a class or its nearest registered base
_CONSTANT_FIELDS: dict[type, frozenset[str]] = {}
_FIELD_NAMES: dict[type, tuple[str, ...]] = {}  # of classes whose instances all have the same fields
_STRUCT_CLASSES: dict[type, bool] = {}


def register_differentiable(
    cls: type,
    fields: Iterable[str] | Callable[[Any], Iterable[str]] | None = None,
    *,
    zero_tangent: Callable[[Any], Any] | None = None,
    move: Callable[[Any, Any], Any] | None = None,
) -> type:
    """Make instances of `cls` differentiable; returns `cls`, so it also works as a decorator.

    With `fields`, the tangent is a `TangentVector` of those attributes; with neither, of every
    instance attribute whose value is differentiable. With `zero_tangent` and `move` the type has a
    tangent of its own, any object with `+` and multiplication by a float.

    >>> class Spring:
    ...     def __init__(self, k): self.k = k
    >>> register_differentiable(Spring, fields=("k",)) is Spring
    True
    """
    if (zero_tangent is None) != (move is None):
        raise ArgumentError("register_differentiable needs both `zero_tangent` and `move`, or neither")
    if not isinstance(cls, type):
        raise ArgumentError(f"register_differentiable takes a class, not {cls!r}")
    if fields is not None and not callable(fields):
        names = tuple(fields)
        REGISTERED[cls] = Registration(lambda _: names, zero_tangent, move)
    else:
        REGISTERED[cls] = Registration(fields, zero_tangent, move)
    _STRUCT_CLASSES.clear()
    _REGISTRATIONS.clear()
    _FIELD_NAMES.clear()
    return cls


def is_class(x: Any) -> bool:
    """Whether a value is a class, or the `super()` of a class method: it has no tangent, nor may be given one."""
    return isinstance(x, type) or (isinstance(x, super) and isinstance(getattr(x, "__self__", None), type))


def registration(cls: type) -> Registration | None:
    """The registration of `cls` or of its nearest registered base."""
    try:
        return _REGISTRATIONS[cls]
    except KeyError:
        found = next((REGISTERED[base] for base in cls.__mro__ if base in REGISTERED), None)
        _REGISTRATIONS[cls] = found
        return found


def is_struct_class(cls: type) -> bool:
    """Whether instances of `cls` have a tangent of named fields."""
    found = _STRUCT_CLASSES.get(cls)
    if found is None:
        found = (
            dataclasses.is_dataclass(cls)
            or hasattr(cls, "__attrs_attrs__")
            or registration(cls) is not None
            or issubclass(cls, TangentVector)
        )
        _STRUCT_CLASSES[cls] = found
    return found


def field_names(x: Any) -> Iterable[str]:
    """The fields of an object that may be differentiable, constants left out."""
    cls = type(x)
    found = _FIELD_NAMES.get(cls)
    if found is not None:
        return found
    known = registration(cls)
    if known is not None and known.fields is not None:
        return known.fields(x)
    constant = constant_fields(cls)
    if dataclasses.is_dataclass(cls):
        names: Iterable[str] = [f.name for f in dataclasses.fields(cls)]
    elif hasattr(cls, "__attrs_attrs__"):
        names = [a.name for a in cls.__attrs_attrs__]
    else:
        slots = [n for c in cls.__mro__ for n in _slots_of(c)]
        names = [*slots, *getattr(x, "__dict__", ())]
        return [n for n in names if n not in constant]
    found = _FIELD_NAMES[cls] = tuple(n for n in names if n not in constant)
    return found


def _slots_of(cls: type) -> Iterable[str]:
    slots = cls.__dict__.get("__slots__", ())
    slots = (slots,) if isinstance(slots, str) else slots
    return [n for n in slots if n not in ("__dict__", "__weakref__")]


def constant_fields(cls: type) -> frozenset[str]:
    """The fields that `no_derivative` marks in a class or its bases."""
    found = _CONSTANT_FIELDS.get(cls)
    if found is None:
        fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
        names = {f.name for f in fields if _MARK in f.metadata}
        names |= {a.name for a in getattr(cls, "__attrs_attrs__", ()) if _MARK in a.metadata}
        for base in cls.__mro__:
            for name, annotation in inspect.get_annotations(base).items():
                if isinstance(annotation, str):
                    marked = "no_derivative" in annotation
                else:
                    marked = no_derivative in getattr(annotation, "__metadata__", ())
                if marked:
                    names.add(name)
        found = frozenset(names)
        _CONSTANT_FIELDS[cls] = found
    return found


def has_plain_fields(cls: type, names: Iterable[str]) -> bool:
    """Whether each of these is a dataclass's own field, with the tangent that its value has."""
    if not dataclasses.is_dataclass(cls) or issubclass(cls, tuple) or registration(cls) is not None:
        return False
    return {f.name for f in dataclasses.fields(cls)} - constant_fields(cls) >= set(names)


def fields_by_parameter(cls: type) -> dict[str, tuple[str, int]] | None:
    """The field that each constructor parameter sets; None where the constructor computes."""
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return {name: (name, i) for i, name in enumerate(cls._fields)}
    if dataclasses.is_dataclass(cls):
        generated = isinstance(cls.__init__, types.FunctionType) and "__dataclass_fields__" in cls.__dict__
        written_by_hand = generated and cls.__init__.__code__.co_filename != "<string>"
        if written_by_hand or hasattr(cls, "__post_init__"):
            return None
        return {f.name: (f.name, i) for i, f in enumerate(dataclasses.fields(cls)) if f.init}
    if hasattr(cls, "__attrs_attrs__"):
        plain = all(a.converter is None for a in cls.__attrs_attrs__) and not hasattr(cls, "__attrs_post_init__")
        return {a.alias: (a.name, i) for i, a in enumerate(cls.__attrs_attrs__) if a.init} if plain else None
    return None
