"""Copies: the tangent of a copy is that of what was copied, where Python makes it field by field.

    copy.copy(p), xs.copy()      the cotangent of the copy flows to p
    copy.deepcopy(p)             the same, to every part of p
    __copy__ of p's own          refused: what it computes would be missed
"""

from __future__ import annotations

import copy
from collections import OrderedDict, deque
from typing import Any

from pullback.conditions import own_methods
from pullback.errors import DifferentiabilityError
from pullback.rules import constant, is_library_code, rule
from pullback.tangents import ZERO

_SHALLOW = ("__copy__", "__reduce_ex__", "__reduce__", "__getstate__", "__setstate__")
_DEEP = ("__deepcopy__", *_SHALLOW[1:])
_GENERATED = ("dataclasses", "attr", "attrs", "attr._make")  # the methods of classes with slots
_LEAVES = (int, float, complex, str, bytes, type(None), type)


def plain_copy(x: Any) -> Any:
    """A copy of a tangent, whose class is this library's."""
    return copy.copy(x)


def plain_deep_copy(x: Any) -> Any:
    """The same, with all it holds."""
    return copy.deepcopy(x)


def shallow(x: Any) -> bool:
    """Whether `copy.copy` copies x field by field; else an error."""
    _refuse_own(x, _SHALLOW)
    return True


def deep(x: Any) -> bool:
    """Whether `copy.deepcopy` copies x, and all it holds, field by field; else an error."""
    _refuse_parts(x, set())
    return True


def _refuse_own(x: Any, names: tuple[str, ...]) -> None:
    cls = type(x)
    if is_library_code(cls):
        return
    own = next((m for m in own_methods(cls, names) if m.__module__ not in _GENERATED), None)
    if own is not None:
        name = names[0].strip("_").removesuffix("copy")
        how = f"call it by name, `.{own.__name__}(...)`" if own.__name__ == names[0] else "make the copy in a function"
        raise DifferentiabilityError(
            f"copy.{name}copy() of a {cls.__name__} runs its own {own.__name__}, whose derivative would be missed; "
            f"{how}"
        )


def _refuse_parts(x: Any, seen: set[int]) -> None:
    if isinstance(x, _LEAVES) or id(x) in seen:
        return
    seen.add(id(x))
    _refuse_own(x, _DEEP)
    parts: list[Any] = [*x.keys(), *x.values()] if isinstance(x, dict) else []
    if isinstance(x, (list, tuple, set, frozenset, deque)):
        parts += x
    slots = [n for c in type(x).__mro__ for n in c.__dict__.get("__slots__", ()) if isinstance(n, str)]
    parts += [getattr(x, n, None) for n in slots] + list(getattr(x, "__dict__", {}).values())
    for part in parts:
        _refuse_parts(part, seen)


for _method in (list.copy, dict.copy, deque.copy, OrderedDict.copy, plain_copy):
    rule(_method, "x", x="g", x_dot="plain_copy(x_parts)", _returns="first", _alias=True)
rule(plain_deep_copy, "x", x="g", x_dot="plain_deep_copy(x_dot)", _returns="first", _alias=True)
rule(
    copy.copy, "x", x="g if shallow(x) else ZERO",
    x_dot="plain_copy(x_parts if shallow(x) else ZERO)", _returns="first", _alias=True,
)  # fmt: skip
rule(
    copy.deepcopy, "x", x="g if deep(x) else ZERO",
    x_dot="plain_deep_copy(x_dot if deep(x) else ZERO)", _returns="first", _alias=True,
)  # fmt: skip
constant(shallow, deep)
