"""`Layer`: the base class of models. A model is data, its parameters are fields, its call is a method.

    class Scale(Layer):
        def __init__(self): self.factor = 2.0; self.name = "double"
        def __call__(self, x): return x * self.factor

    gradient(lambda layer: layer(3.0))(Scale())  ->  Scale.TangentVector(factor=3.0)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from pullback.operators import value_with_pullback
from pullback.recompute import recomputed
from pullback.spaces import is_differentiable, zero_tangent
from pullback.structs import constant_fields, field_names, is_struct_class, register_differentiable, unmarked
from pullback.surgery import without_derivative
from pullback.tables import Table

_CONSTANTS = "_constant_fields"


class Layer:
    """A differentiable model or part of one: set fields in `__init__`, write `__call__`.

    Every attribute with a differentiable value is a parameter: floats, arrays, other layers, and
    tuples, lists or dicts of them. `self.k = pb.no_derivative(3.0)` stores 3.0 and makes `k` a
    constant, whatever is assigned to it later. One layer may stand in several places; it is then
    one set of parameters.

    >>> class Scale(Layer):
    ...     def __init__(self, factor): self.factor = factor
    ...     def __call__(self, x): return x * self.factor
    >>> Scale(2.0)
    Scale(factor=2.0)
    """

    _slot_fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        """Note the fields that a subclass keeps in slots, which `vars` does not show."""
        super().__init_subclass__(**options)
        slots = [base.__dict__.get("__slots__", ()) for base in reversed(cls.__mro__)]
        names = [name for some in slots for name in ((some,) if isinstance(some, str) else some)]
        cls._slot_fields = tuple(name for name in names if not name.startswith("__"))

    def __call__(self, x: Any) -> Any:
        """The output for an input; every subclass writes its own."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, x)")

    def __setattr__(self, name: str, value: Any) -> None:
        """Store a field; `no_derivative(value)` stores the value and marks the field as constant."""
        if isinstance(value, dataclasses.Field):
            value, is_constant = unmarked(value)
            if is_constant:
                marked = frozenset({name, *without_derivative(self.__dict__.get(_CONSTANTS, ()))})
                object.__setattr__(self, _CONSTANTS, marked)
        object.__setattr__(self, name, value)

    def applied_for_backpropagation(self, x: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        """The output and its backpropagator, from a cotangent of the output to (layer tangent, input tangent).

        The tangent of a layer without parameters, or of an input such as an int, is `NO_TANGENT`.
        The backpropagator may be called many times.

        >>> from pullback.nn import Dense
        >>> output, backpropagator = Dense(2, 3).applied_for_backpropagation(np.ones((4, 2)))
        >>> layer_tangent, input_tangent = backpropagator(output)
        >>> layer_tangent.weight.shape, input_tangent.shape
        ((2, 3), (4, 2))
        """
        has_parameters, has_input = is_differentiable(self), is_differentiable(x)
        if not has_parameters and not has_input:
            return self(x), lambda cotangent: (zero_tangent(self), zero_tangent(x))
        output, pull = value_with_pullback(applied)(self, x)
        if has_parameters and has_input:
            return output, pull
        if has_parameters:
            return output, lambda cotangent: (pull(cotangent), zero_tangent(x))
        return output, lambda cotangent: (zero_tangent(self), pull(cotangent))

    def discarding_activations(self) -> ActivationDiscarding:
        """This layer, but forgetting its activations: the pullback keeps the input and runs the layer again.

        It trades time for memory. The parameters are shared with this layer, not copied.
        """
        return ActivationDiscarding(self)

    @property
    def parameter_count(self) -> int:
        """How many numbers the differentiable fields hold; what is shared counts once.

        >>> from pullback.nn import Dense
        >>> Dense(2, 3).parameter_count
        9
        """
        return _count(self, set())

    def __repr__(self) -> str:
        """The fields, arrays by dtype and shape."""
        return _described(self, "")

    def _repr_html_(self) -> str:
        """The fields as a table."""
        rows = [(name, _described(value, "")) for name, value in vars(self).items() if name != _CONSTANTS]
        caption = f"{type(self).__name__}, {self.parameter_count:,} parameters"
        return Table(("field", "value"), rows, code=frozenset({0})).html(caption)


def applied(layer: Any, x: Any) -> Any:
    """`layer(x)`, as a function of both."""
    return layer(x)


applied_again = recomputed(applied)


class ActivationDiscarding(Layer):
    """A layer that is run again in the pullback instead of keeping its activations; see `discarding_activations`."""

    def __init__(self, wrapped: Layer) -> None:
        self.wrapped = wrapped

    def __call__(self, x: Any) -> Any:
        """The wrapped layer's output."""
        return applied_again(self.wrapped, x)


def layer_fields(layer: Any) -> Iterable[str]:
    """The fields of a layer that may be differentiable: all but those marked with `no_derivative`."""
    fields: dict[str, Any] = layer.__dict__
    declared = constant_fields(layer.__class__)
    if not declared and _CONSTANTS not in fields and not layer._slot_fields:
        return fields
    hidden = {_CONSTANTS, *declared, *fields.get(_CONSTANTS, ())}
    return [name for name in (*layer._slot_fields, *fields) if name not in hidden]


register_differentiable(Layer, layer_fields)


def _count(x: Any, seen: set[int]) -> int:
    if isinstance(x, (float, complex, np.inexact)):
        return 1
    if not is_differentiable(x) or id(x) in seen:
        return 0
    seen.add(id(x))
    if isinstance(x, np.ndarray):
        return x.size
    if isinstance(x, dict):
        return sum(_count(value, seen) for value in x.values())
    if isinstance(x, (tuple, list)):
        return sum(_count(value, seen) for value in x)
    if not is_struct_class(type(x)):
        return 1  # a type with a tangent space of its own: one opaque number
    return sum(_count(getattr(x, name, None), seen) for name in field_names(x))


_WIDTH = 88


def _described(x: Any, indent: str) -> str:
    """A value in a layer's repr: on one line, or one field a line where that would be too long."""
    if isinstance(x, np.ndarray):
        return f"{x.dtype}[{', '.join(map(str, x.shape))}]"
    if isinstance(x, Layer):
        names = [n for n in (*x._slot_fields, *vars(x)) if n != _CONSTANTS and hasattr(x, n)]
        return _enclosed(type(x).__name__ + "(", [(n + "=", getattr(x, n)) for n in names], ")", indent)
    if isinstance(x, dict):
        return _enclosed("{", [(repr(key) + ": ", value) for key, value in x.items()], "}", indent)
    if type(x) in (tuple, list):
        opening, closing = ("(", ",)" if len(x) == 1 else ")") if type(x) is tuple else ("[", "]")
        return _enclosed(opening, [("", value) for value in x], closing, indent)
    if callable(x) and hasattr(x, "__name__"):
        return str(x.__name__)
    return repr(x)


def _enclosed(opening: str, items: list[tuple[str, Any]], closing: str, indent: str) -> str:
    deeper = indent + "  "
    parts = [label + _described(value, deeper) for label, value in items]
    line = f"{opening}{', '.join(parts)}{closing}"
    if len(indent) + len(line) <= _WIDTH and "\n" not in line:
        return line
    return opening + "".join(f"\n{deeper}{part}," for part in parts) + f"\n{indent}{closing.lstrip(',')}"
