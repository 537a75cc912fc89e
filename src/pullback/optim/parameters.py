"""The parameters of a model, each found once with its gradient, and put back when they have moved.

    Parameters(model, gradient).found  ->  Parameter("hidden.weight", ...), Parameter("hidden.bias", ...)

One object is one parameter, however many ways lead to it: the gradients of a layer that stands in
two fields, or of an array that two fields hold, are added, and it moves once, by their sum. What has
moved is a new array in the old one's place: no array changes under a pullback that keeps it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import numpy as np

from pullback.errors import ArgumentError
from pullback.spaces import is_differentiable, project
from pullback.structs import Differentiable, field_names, is_struct_class, registration
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector, add

_Step = tuple[Any, str, Any, Tangent]  # the key of a part, its path, its value and its tangent
_SCALARS = (float, complex, np.inexact)
_OTHER = (int, str, type(None))  # often met in a model, and never a parameter


class Parameter:
    """A number or an array (or an opaque value with a tangent space of its own), and where it is first found.

    `gradient` is in the space of `value`; for complex values it is conjugated, and so points uphill.
    """

    __slots__ = ("gradient", "is_opaque", "moved", "path", "value")

    def __init__(self, path: str, value: Any, gradient: Tangent, is_opaque: bool) -> None:
        self.path = path
        self.value = value
        self.gradient = gradient
        self.is_opaque = is_opaque
        self.moved = value

    def result(self) -> Any:
        """The moved value, of the value's own type and dtype."""
        value, moved = self.value, self.moved
        if value.__class__ is np.ndarray is moved.__class__ and value.dtype is moved.dtype:
            return moved
        if isinstance(value, np.ndarray):
            kept = isinstance(moved, np.ndarray) and moved.dtype == value.dtype
            return moved if kept else np.asarray(moved, value.dtype)
        return moved if self.is_opaque or moved.__class__ is value.__class__ else value.__class__(moved)

    def release(self) -> None:
        """Let go of the arrays of this step."""
        self.value = self.gradient = self.moved = None


class _Rebuilt:
    """A tuple or a frozen object some of whose parts move: it is made anew."""

    __slots__ = ("parts", "value")

    def __init__(self, value: Any, parts: dict[Any, Parameter | _Rebuilt]) -> None:
        self.value = value
        self.parts = parts

    def result(self) -> Any:
        """The new tuple or object."""
        changed = {key: part.result() for key, part in self.parts.items()}
        if isinstance(self.value, tuple):
            items = [changed.get(i, item) for i, item in enumerate(self.value)]
            return self.value._make(items) if hasattr(self.value, "_make") else tuple(items)
        made = copy.copy(self.value)
        for name, value in changed.items():
            object.__setattr__(made, name, value)
        return made


class Parameters:
    """All parameters of a model; raises CotangentError where `along` does not have the model's structure."""

    def __init__(self, model: Any, along: Tangent) -> None:
        if not is_differentiable(model):
            raise ArgumentError(f"a {type(model).__name__} without floats or float arrays has no parameters to move")
        self._found: dict[Any, Parameter] = {}
        self._places: list[tuple[Any, Any, Parameter | _Rebuilt]] = []
        self.is_plain = True  # whether each parameter is one real number or array in one field or item
        whole = self._gather(model, along, "", ())
        self._whole = whole if isinstance(whole, Parameter) and isinstance(model, np.ndarray) else None
        self.is_plain = self.is_plain and whole is None
        if whole is not None and self._whole is None:
            raise ArgumentError(
                f"a {type(model).__name__} cannot be changed in place: use `model = pb.move(model, along=...)`, "
                "or keep it in a list, a dict or a field of an object"
            )

    @property
    def found(self) -> list[Parameter]:
        """The parameters, in the order of the model."""
        return list(self._found.values())

    def store(self) -> None:
        """Write the moved values into the model: an array that is itself the model in place, others as new arrays."""
        if self._whole is not None:
            self._whole.value[...] = self._whole.result()
        for parameter in self._found.values():
            parameter.moved = parameter.result()
        for owner, key, part in self._places:
            moved = part.moved if isinstance(part, Parameter) else part.result()
            if isinstance(owner, (list, dict)):
                owner[key] = moved
            else:
                setattr(owner, key, moved)
        for parameter in self._found.values():
            parameter.release()

    def _gather(self, x: Any, t: Tangent, path: str, home: tuple[Any, ...]) -> Parameter | _Rebuilt | None:
        """Find the parameters of `x`; what is returned has moved when `x` itself must be replaced.

        `home` names where `x` is, from the object that can be changed: the identity of a float.
        """
        if isinstance(x, _OTHER):
            return None
        if isinstance(x, np.ndarray):
            return self._leaf(x, t, path, id(x)) if x.dtype.kind in "fc" else None
        if isinstance(x, _SCALARS):
            return self._leaf(x, t, path, home)
        if isinstance(x, (tuple, list)):
            if not isinstance(t, (tuple, list)) or len(t) != len(x):
                t = project(t, x, _what(path))
            steps: list[_Step] = [(i, f"{path}[{i}]", item, t[i]) for i, item in enumerate(x)]
        elif isinstance(x, dict):
            if not isinstance(t, dict) or not t.keys() <= x.keys():
                t = project(t, x, _what(path))
            steps = [(key, f"{path}[{key!r}]", item, t.get(key, ZERO)) for key, item in x.items()]
        elif is_struct_class(type(x)) and not _is_opaque(x):
            names = tuple(field_names(x))
            if not _fits_fields(t, x, names):
                t = project(t, x, _what(path))
            given = {} if t is NO_TANGENT else t.__dict__
            dot = path + "." if path else ""
            steps = [(name, dot + name, getattr(x, name, None), given.get(name, ZERO)) for name in names]
        else:
            return self._leaf(x, t, path, home, is_opaque=True) if is_differentiable(x) else None
        return self._gather_parts(x, steps, home)

    def _gather_parts(self, x: Any, steps: list[_Step], home: tuple[Any, ...]) -> _Rebuilt | None:
        if _is_fixed(x):
            parts = {key: self._gather(item, t, path, (*home, key)) for key, path, item, t in steps}
            moving = {key: part for key, part in parts.items() if part is not None}
            self.is_plain = self.is_plain and not moving
            return _Rebuilt(x, moving) if moving else None
        for key, path, item, t in steps:
            part = self._gather(item, t, path, (id(x), key))
            if part is not None:
                self._places.append((x, key, part))
        return None

    def _leaf(self, x: Any, t: Tangent, path: str, identity: Any, is_opaque: bool = False) -> Parameter:
        if not (t.__class__ is np.ndarray and t.__class__ is x.__class__ and t.shape == x.shape and t.dtype == x.dtype):
            t = project(t, x, _what(path))
        if isinstance(x, (complex, np.complexfloating)) or (isinstance(x, np.ndarray) and x.dtype.kind == "c"):
            t = np.conj(t)  # cotangents pair without conjugation, so uphill is the conjugate
            self.is_plain = False
        found = self._found.get(identity)
        if found is None:
            found = self._found[identity] = Parameter(path, x, t, is_opaque)
            self.is_plain = self.is_plain and not is_opaque
        else:
            found.gradient = add(found.gradient, t)
            self.is_plain = False
        return found


def _what(path: str) -> str:
    """How an error names a place in the gradient."""
    return f"along.{path}" if path and path[0] != "[" else f"along{path}"


def _fits_fields(t: Tangent, x: Any, names: Iterable[str]) -> bool:
    return isinstance(t, TangentVector) and isinstance(x, t.primal_type) and t.__dict__.keys() <= set(names)


def _is_opaque(x: Any) -> bool:
    """Whether an object moves by a method of its own, not field by field."""
    known = registration(type(x))
    if known is not None:
        return known.zero_tangent is not None
    return hasattr(type(x), "zero_tangent") and hasattr(type(x), "move") and isinstance(x, Differentiable)


def _is_fixed(x: Any) -> bool:
    """Whether the parts of `x` cannot be replaced: tuples, frozen dataclasses and frozen attrs classes."""
    if isinstance(x, tuple):
        return True
    parameters = getattr(type(x), "__dataclass_params__", None)
    if parameters is not None:
        return bool(parameters.frozen)
    return type(x).__setattr__.__name__ == "_frozen_setattrs"
