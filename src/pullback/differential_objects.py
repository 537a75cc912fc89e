"""Methods, attributes, elements and operators in forward mode, where types are found at run time.

    y, y_dot = method_differential(obj, obj_dot, "step", (x,), (x_dot,))
    y, y_dot = operate_differential("*", (a, b), (a_dot, ZERO))

What runs here is ordinary code in the language that is differentiated; only what a class holds under
a name is looked up by functions that have no derivative.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections import deque
from typing import Any

import numpy as np

from pullback.asking import as_key, asked
from pullback.attributes import (
    STANDING,
    found_static,
    getter_of,
    itself,
    kept_value,
    refuse_changing,
    refuse_own_reading,
    static_attribute,
    takes_object,
)
from pullback.descriptors import as_getter
from pullback.differential_calls import call_differential
from pullback.dispatch import call
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.mirrors import own
from pullback.operating import NUMBERS, templates_of
from pullback.operations import BINARY_FUNCTIONS, METHODS, UNARY_FUNCTIONS, is_field_of
from pullback.python_calls import has_tangent
from pullback.rules import EPOCH, Active, constant, forward_intrinsic, intrinsic, lookup
from pullback.spaces import describe
from pullback.tangent_parts import elements, field_part, part
from pullback.tangents import NO_TANGENT, ZERO, TangentVector, add, converted
from pullback.template_functions import attribute_caller, caller_of, operator_caller

PLAIN, METHOD, UNBOUND, CALLED, FIELD, PROPERTY, RULE, GETATTR, BOUND, CACHED = range(10)


def how_method(obj: Any, name: str) -> tuple[int, Any]:
    """How `obj.name(...)` is called: as a method, or as what is stored there."""
    if isinstance(obj, super):
        bound = getattr(obj, name)
        return BOUND, bound
    if isinstance(obj, (type, types.ModuleType)):
        return PLAIN, getattr(obj, name)
    if isinstance(obj, tuple) and name in OF_NAMED_TUPLES and hasattr(type(obj), "_fields"):
        return METHOD, OF_NAMED_TUPLES[name]
    refuse_own_reading(obj)
    static = static_attribute(type(obj), name)
    if name in getattr(obj, "__dict__", ()) and not isinstance(static, property):
        return CALLED, None
    if static is not None and takes_object(static):
        return METHOD, static
    if isinstance(static, (staticmethod, classmethod)):
        return PLAIN, getattr(obj, name)
    return CALLED, None


def as_dict(obj: Any) -> Any:
    """`_asdict` of a named tuple."""
    return dict(zip(obj._fields, obj))  # noqa: B905  # equal lengths


def with_fields(obj: Any, **changes: Any) -> Any:
    """`_replace` of a named tuple."""
    fields = obj._fields
    check_fields(fields, tuple(changes))
    return type(obj)(*[changes[fields[k]] if fields[k] in changes else obj[k] for k in range(len(fields))])


def check_fields(fields: Any, changed: Any) -> None:
    """Raise Python's own error for a field that is not there."""
    unknown = [n for n in changed if n not in fields]
    if unknown:
        raise ValueError(f"Got unexpected field names: {unknown!r}")


OF_NAMED_TUPLES = {"_asdict": as_dict, "_replace": with_fields}


def method_differential(
    obj: Any, obj_dot: Any, name: str, args: Any, dots: Any, kwargs: Any = None, kwdots: Any = None
) -> Any:
    """`obj.name(*args, **kwargs)` and its tangent: the object is the function's first argument."""
    way, fn = how_method(obj, name)
    if way == METHOD:
        return call_differential(fn, ZERO, (obj, *args), (obj_dot, *dots), kwargs, kwdots)
    if way == BOUND:
        return call_differential(fn.__func__, ZERO, (itself(obj), *args), (obj_dot, *dots), kwargs, kwdots)
    if way == PLAIN:
        return call_differential(fn, ZERO, args, dots, kwargs, kwdots)
    stored, stored_dot = attribute_differential(obj, obj_dot, name)
    return call_differential(stored, stored_dot, args, dots, kwargs, kwdots)


def how_attribute(obj: Any, name: str) -> tuple[int, Any]:
    """How `obj.name` is read: stored data, a property, a rule's attribute, a method."""
    cls = type(obj)
    static = found_static(obj, name)
    if name == "__class__":
        return PLAIN, None
    if name == "__self__" and isinstance(obj, STANDING):
        return BOUND, None
    getter = getter_of(static, obj, name)
    if getter is not None:
        return PROPERTY, getter
    if isinstance(static, functools.cached_property):
        refuse_changing(static, itself(obj), name)
        return CACHED, static.func
    if isinstance(obj, super):
        return BOUND if isinstance(static, types.FunctionType) else PLAIN, None
    if as_getter(static) is not None:  # (it is stored, or the getter was there)
        return FIELD, None
    if static is not None and not callable(static):  # (a method is no getter)
        entry = lookup(static)
        if entry is not None and (entry.constant or entry.rule is not None):
            return (PLAIN, None) if entry.constant else (RULE, attribute_caller(static, name))
    named = isinstance(obj, tuple) and hasattr(cls, "_fields")
    if name in cls._fields if named else is_field_of(cls, name):
        return FIELD, None
    if named and is_field_of(cls, name) and name not in getattr(obj, "__dict__", ()):
        return PLAIN, None  # what the class holds, such as `_fields`
    if isinstance(static, (types.FunctionType, staticmethod, classmethod)) or inspect.ismethoddescriptor(static):
        return BOUND, None
    getattribute = getattr(cls, "__getattr__", None)
    if static is None and isinstance(getattribute, types.FunctionType):
        return (FIELD, None) if name in getattr(obj, "__dict__", ()) else (GETATTR, getattribute)
    if isinstance(obj, types.ModuleType):
        return PLAIN, None
    raise DifferentiabilityError(
        f"the attribute `{name}` of {describe(obj)} has no derivative; register one with "
        f"@pb.derivative(of={cls.__name__}.{name})"
    )


def attribute_differential(obj: Any, obj_dot: Any, name: str) -> Any:
    """`obj.name` and its tangent."""
    if obj_dot is ZERO:
        return getattr(obj, name), ZERO
    way, fn = how_attribute(obj, name)
    if way == FIELD:
        return getattr(obj, name), field_part(obj, obj_dot, name)
    if way == PROPERTY:
        return call_differential(fn, ZERO, (itself(obj),), (obj_dot,))
    if way == RULE:
        return call_differential(fn, ZERO, (obj,), (obj_dot,))
    if way == CACHED:
        value, value_dot = call_differential(fn, ZERO, (itself(obj),), (obj_dot,))
        return kept_value(value, itself(obj), name), value_dot
    if way == GETATTR:
        return call_differential(fn, ZERO, (obj, name), (obj_dot, ZERO))
    if way == BOUND:
        return getattr(obj, name), obj_dot
    return getattr(obj, name), ZERO


def how_item(obj: Any) -> tuple[int, Any]:
    """How `obj[index]` is read: an element of a container, or by the class's own method."""
    if isinstance(obj, (np.ndarray, np.generic, list, tuple, dict, deque)):
        return FIELD, None
    method = getattr(type(obj), "__getitem__", None)
    if isinstance(method, types.FunctionType):
        return METHOD, method
    if not has_tangent(obj):
        return PLAIN, None
    raise DifferentiabilityError(f"an element of {describe(obj)} has no derivative")


def item_differential(obj: Any, obj_dot: Any, index: Any, index_dot: Any) -> Any:
    """`obj[index]` and its tangent."""
    way, fn = how_item(obj)
    if way == METHOD:
        return call_differential(fn, ZERO, (obj, index), (obj_dot, index_dot))
    key = index if index_dot is ZERO else as_key(index)
    if way == PLAIN:
        return obj[key], ZERO
    return obj[key], part(obj_dot, key)


# --- operators --------------------------------------------------------------------------------------

ARITHMETIC = frozenset({"+", "-", "*", "/", "**", "@"})
NUMERIC, JOINED, REPEATED, REPEATED_RIGHT, UNITED, INERT = "numeric", "joined", "repeated", "right", "united", "inert"


def how_operator(op: str, operands: Any) -> str:
    """What an operator means for its operands: arithmetic, containers, or a class's own method."""
    a, b = operands[0], operands[-1]
    if len(operands) == 1:
        method = getattr(type(a), f"__{op}__", None)
        return "unary" if isinstance(method, types.FunctionType) else NUMERIC
    if a.__class__ in NUMBERS and b.__class__ in NUMBERS:
        return NUMERIC
    if isinstance(a, (list, tuple, deque)) and not hasattr(type(a), "_fields"):
        if op == "+" and type(a) is type(b):
            return JOINED
        if op == "*" and isinstance(b, int):
            return REPEATED
    if isinstance(a, int) and isinstance(b, (list, tuple, deque)) and op == "*":
        return REPEATED_RIGHT
    if isinstance(a, dict) and isinstance(b, dict) and op == "|":
        return UNITED
    if isinstance(a, str):
        return INERT
    own = isinstance(getattr(type(a), f"__{METHODS[op]}__", None), types.FunctionType)
    other = isinstance(getattr(type(b), f"__r{METHODS[op]}__", None), types.FunctionType)
    if own or other:
        return "class"
    classes = (np.ndarray, np.generic)
    if any(isinstance(x, (list, tuple, deque)) for x in operands) and any(isinstance(x, classes) for x in operands):
        return "lists"
    return "subclass" if as_numbers(operands) is not operands else NUMERIC


def as_numbers(operands: Any) -> Any:
    """The operands, of which those of subclasses of `int` and `float` (members of an `IntEnum`) are plain numbers."""
    if not any(isinstance(x, (int, float)) and x.__class__ not in NUMBERS for x in operands):
        return operands
    kinds = (bool, int, float)
    return tuple([x if type(x) in NUMBERS else next((k(x) for k in kinds if isinstance(x, k)), x) for x in operands])


def class_methods(op: str, a: Any, b: Any) -> Any:
    """Python's protocol: (method, whether the operands are swapped), in the order they are asked."""
    attempts = [(a, f"__{METHODS[op]}__", False), (b, f"__r{METHODS[op]}__", True)]
    if type(b) is not type(a) and isinstance(b, type(a)):
        attempts.reverse()
    found = [(getattr(type(x), name, None), swapped) for x, name, swapped in attempts]
    return [(m, s) for m, s in found if isinstance(m, types.FunctionType)]


def is_answer(value: Any) -> bool:
    """Whether a class's method took the operation on."""
    return value is not NotImplemented


def refuse_objects(op: str, operands: Any, dots: Any) -> None:
    """Refuse an object without the operator, of which NumPy makes an array."""
    for x, d in zip(operands, dots, strict=True):
        if isinstance(d, TangentVector):
            functions = BINARY_FUNCTIONS if len(operands) == 2 else UNARY_FUNCTIONS
            functions[op](*operands)  # raises where Python does
            raise converted(type(x))


def like_joined(parts: Any, items: Any) -> Any:
    """The tangent of what is joined to, or repeated of, a list, tuple or deque."""
    if isinstance(items, tuple):
        return tuple(parts)
    return deque(parts, length_of(items)) if isinstance(items, deque) else parts


def length_of(xs: Any) -> int | None:
    """The length that a deque is limited to."""
    return xs.maxlen  # type: ignore[no-any-return]


def general_operator(op: str, operands: Any, dots: Any) -> Any:
    """An operator on operands of any type."""
    way = how_operator(op, operands)
    if way == NUMERIC:
        refuse_objects(op, operands, dots)
        return call_differential(operator_caller(op), ZERO, operands, dots)
    if way == "lists":  # beside an array: arrays
        return call_differential(caller_of(BINARY_FUNCTIONS[op], operands, {}, True), ZERO, operands, dots)
    if way == "subclass":
        return operate_differential(op, as_numbers(operands), dots)
    a = operands[0]
    a_dot = dots[0]
    if way == "unary":
        return call_differential(getattr(type(a), f"__{op}__"), ZERO, (a,), (a_dot,))
    b = operands[1]
    b_dot = dots[1]
    if way == "class":
        for method, swapped in class_methods(op, a, b):
            if swapped:
                value, value_dot = call_differential(method, ZERO, (b, a), (b_dot, a_dot))
            else:
                value, value_dot = call_differential(method, ZERO, (a, b), (a_dot, b_dot))
            if is_answer(value):
                return value, value_dot
        return call_differential(operator_caller(op), ZERO, operands, dots)
    if way == JOINED:
        both = [*list(elements(a_dot, a)), *list(elements(b_dot, b))]
        return a + b, like_joined(both, a)
    if way == REPEATED:
        many = [d for _ in range(b) for d in list(elements(a_dot, a))]
        return a * b, like_joined(many, a)
    if way == REPEATED_RIGHT:
        many = [d for _ in range(a) for d in list(elements(b_dot, b))]
        return a * b, like_joined(many, b)
    if way == UNITED:
        value = a | b
        return value, {k: part(b_dot, k) if k in b else part(a_dot, k) for k in value}
    return asked(BINARY_FUNCTIONS[op], a, b), ZERO


def operate_differential(op: str, operands: Any, dots: Any) -> Any:
    """An operator and its tangent: numbers and arrays at once, the rest by what they are."""
    if len(operands) == 2 and op in ARITHMETIC and not EPOCH.scopes:
        a, b = operands
        if a.__class__ in NUMBERS and b.__class__ in NUMBERS:
            y = BINARY_FUNCTIONS[op](a, b)
            templates, is_elementwise = templates_of(BINARY_FUNCTIONS[op])
            total = ZERO
            if is_elementwise:
                for i in (0, 1):
                    d = dots[i]
                    if d is not ZERO and d is not NO_TANGENT and has_tangent(operands[i]):
                        total = add(total, fit(templates[i](d, y, None, a, b), y))
                if total is dots[0] or total is dots[1]:
                    total = own(total)
                return y, total
    return general_operator(op, operands, dots)


operate_differential.gives_new_pair = True  # type: ignore[attr-defined]  # as an operator gives a new value
constant(check_fields, refuse_objects, length_of)


@intrinsic(operate_differential)
def _operate_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
    return call(general_operator, args, active)


@forward_intrinsic(operate_differential)
def _operate_twice(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return call_differential(general_operator, ZERO, args, dots)
