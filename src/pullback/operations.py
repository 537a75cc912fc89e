"""Operators as functions, and attributes as fields: what a piece of syntax means for a kind of value.

    "*"               ->   operator.mul, under which its rule is registered
    tank.volume       ->   a data field of the class `Tank`, not a property
"""

from __future__ import annotations

import inspect
import operator
import types
from collections.abc import Callable
from typing import Any

from pullback.kinds import STRUCT, Kind

BINARY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "<<": operator.lshift, ">>": operator.rshift,
    "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip
INPLACE_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": operator.iadd, "-": operator.isub, "*": operator.imul, "/": operator.itruediv, "//": operator.ifloordiv,
    "%": operator.imod, "**": operator.ipow, "@": operator.imatmul, "<<": operator.ilshift, ">>": operator.irshift,
    "&": operator.iand, "|": operator.ior, "^": operator.ixor,
}  # fmt: skip
UNARY_FUNCTIONS: dict[str, Callable[..., Any]] = {"neg": operator.neg, "pos": operator.pos, "invert": operator.invert}
METHODS: dict[str, str] = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "<<": "lshift", ">>": "rshift", "&": "and", "|": "or", "^": "xor",
}  # fmt: skip


def is_data_field(kind: Kind, attribute: str) -> bool:
    """Whether `obj.attribute` reads stored data for every object of this kind, running no code."""
    return kind.mask == STRUCT and kind.cls is not None and is_field_of(kind.cls, attribute)


def is_field_of(cls: type, attribute: str) -> bool:
    """Whether `attribute` is instance data of `cls`: a slot, or in the instance's dict."""
    if hasattr(cls, "__getattr__") or isinstance(cls.__getattribute__, types.FunctionType):
        return False
    if cls is types.CellType:
        return True
    static = inspect.getattr_static(cls, attribute, None)
    return static is None or inspect.ismemberdescriptor(static) or not hasattr(type(static), "__get__")


def stores_plainly(kind: Kind, attribute: str) -> bool:
    """Whether `obj.attribute = x` puts x into the instance's dict, for every object of this kind, and runs no code."""
    cls = kind.cls
    if kind.mask != STRUCT or cls is None or issubclass(cls, types.ModuleType) or not is_field_of(cls, attribute):
        return False
    runs_code = hasattr(type(inspect.getattr_static(cls, attribute, None)), "__set__")  # (as a slot's descriptor, too)
    return cls.__setattr__ is object.__setattr__ and getattr(cls, "__dictoffset__", 0) != 0 and not runs_code


def type_call(cls: type) -> Any:
    """The function that a call of an instance runs, or None."""
    for base in cls.__mro__:
        if "__call__" in base.__dict__:
            return base.__dict__["__call__"]
    return None


def makes_new(op: str, xs: Any, y: Any) -> bool:
    """Whether a built-in method of `y` answers `xs op= y`, so that the list or deque `xs` stays as it is.

    An array does; Python asks what acts as a number before it changes a list.
    """
    method = getattr(type(y), f"__r{METHODS[op]}__", None)
    return method is not None and not isinstance(y, int) and method(y, xs) is not NotImplemented
