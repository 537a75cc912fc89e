"""Operations that Python carries out by a method of a class: looked at, or spelled out.

asked(lt, a, b)         a < b, where nothing is known of a and b: their classes may have methods that change
                        something differentiated, which the derivative would miss
less(a, b)              a.__lt__(b), or b.__gt__(a): code that is differentiated as it stands, put where a
                        class is known to have such a method
"""

from __future__ import annotations

import inspect
import operator
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from pullback.analysing import function_changes
from pullback.asking_code import call_attribute
from pullback.conditions import ASKING, ATTRIBUTE, IMPLICIT, KEY, SPELLED, own_methods, within
from pullback.dispatch import ASKED, IS_QUIET, WATCHED
from pullback.errors import DifferentiabilityError
from pullback.fingerprints import fingerprint, held_now, unchanged
from pullback.kinds import STRUCT, Kind, kind_of
from pullback.names import INTERNAL
from pullback.rules import EPOCH, callable_name, constant, is_library_code, lookup, rule
from pullback.runtime import truth as without_derivative

_COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
_QUIET: set[type] = {
    float, int, bool, complex, str, bytes, type(None), list, tuple, dict, set, frozenset, range, deque, slice,
    np.ndarray, np.float64, np.float32, np.int64, np.bool_, np.dtype, types.FunctionType, types.BuiltinFunctionType,
    types.MethodType, types.ModuleType, type,
}  # fmt: skip
_LOUD: set[type] = set()
_HOLDING: tuple[Any, ...] = (
    list, tuple, set, frozenset, deque, type({}.keys()), type({}.values()), type({}.items()),
)  # fmt: skip
_SHALLOW = (len, getattr, operator.getitem, iter, type, bool, operator.truth)
_RUN = (types.FunctionType, types.MethodType)
_CONSUMING = (max, min, sorted, sum, any, all, list, tuple, set)
_EMPTY = types.CellType()
_EPOCH = [EPOCH.now]


def asked(function: Callable[..., Any], *operands: Any, **named: Any) -> Any:
    """`function(*operands)`, an operation that may run methods of the operands' classes."""
    run = getattr(operands[0], operands[1], None) if function is call_attribute else function
    if run.__class__ in _RUN and may_change(run):
        return watched(function, operands, named)
    looked_at = operands[1:] if function is isinstance or function is issubclass else operands
    for x in (*looked_at, *named.values()) if named else looked_at:
        if x.__class__ not in _QUIET and not is_quiet(x.__class__):
            return watched(function, operands, named)
        if x.__class__ in _RUN and may_change(x):
            return watched(function, operands, named)
        if x.__class__ in _HOLDING and function not in _SHALLOW and not _hold_quiet(x):
            return watched(function, operands, named)
    value = function(*operands, **named)
    return without_derivative(value) if function in _COMPARISONS else value


def _hold_quiet(items: Iterable[Any]) -> bool:
    """Whether all that a container holds is of classes that change nothing when they are asked."""
    classes = set(map(type, items))
    if not all(map(is_quiet, classes)):
        return False
    nested = classes.intersection(_HOLDING)
    return not nested or all(_hold_quiet(x) for x in items if type(x) in nested)


def may_change(function: Any) -> bool:
    """Whether a call of a user's function may change something that outlives it, as far as its code tells."""
    code, kinds = function, {}
    if isinstance(function, types.MethodType):
        code = function.__func__
        if not isinstance(code, types.FunctionType):
            return True
        kinds = {n: kind_of(function.__self__) for n in code.__code__.co_varnames[:1]}
    return lookup(code) is None and not is_library_code(code) and function_changes(code, kinds) != 0


def _reached(given: Iterable[Any]) -> list[Any]:
    """What functions and bound methods among these reach: what they capture, or are bound to."""
    found: list[Any] = []
    for x in given:
        if isinstance(x, types.MethodType):
            found += [x.__self__, *_reached([x.__func__])]
        elif isinstance(x, types.FunctionType):
            found += [c.cell_contents for c in x.__closure__ or () if c != _EMPTY]
    return found


def is_quiet(cls: type) -> bool:
    """Whether no method that Python calls by itself changes an object of a class, as far as its code tells."""
    if _EPOCH[0] != EPOCH.now:
        _EPOCH[0] = EPOCH.now
        _LOUD.clear()
    if cls in _QUIET:
        return True
    if cls in _LOUD:
        return False
    names = {n for base in cls.__mro__ for n, v in base.__dict__.items() if n in IMPLICIT or isinstance(v, property)}
    quiet = is_library_code(cls)
    for method in own_methods(cls, tuple(names)) if not quiet else ():
        own = dict.fromkeys(method.__code__.co_varnames[:1], Kind(STRUCT, cls))
        if function_changes(method, own):
            _LOUD.add(cls)
            return False
    _QUIET.add(cls)
    return True


def watched(function: Callable[..., Any], operands: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The same, where a change is possible: one of something differentiated is refused."""
    if function in _CONSUMING:  # what an iterator hands on is looked at, too
        operands = tuple([list(x) if isinstance(x, Iterator) else x for x in operands])
    given: tuple[Any, ...] = (*operands, *named.values())
    given = (*given, *_reached((function, *given)))
    before = state(given)
    value = function(*operands, **named)
    if isinstance(value, types.GeneratorType):
        raise DifferentiabilityError(
            f"{value.__qualname__} is a generator that may change a differentiated value while it is drawn from, and "
            "its effect would be lost here; draw its items into a list before",
            id="mutation",
        )
    if state(given) != before:
        held = [x for part in given if type(part) in _HOLDING for x in part]
        loud = next((f"method of {type(x).__name__}" for x in (*given, *held) if not is_quiet(type(x))), "function")
        raise DifferentiabilityError(
            f"`{callable_name(function)}` runs a {loud} that changes a differentiated value where "
            "that was not foreseen, so that its effect would be lost; call it by name before",
            id="mutation",
        )
    return without_derivative(value) if function in _COMPARISONS else value


def looked_on(subject: Any) -> Any:
    """What is differentiated in the subject of a `match`, where its class may change that when it is asked."""
    parts = subject if type(subject) in _HOLDING else (subject,)
    return None if all(is_quiet(type(x)) for x in parts) else state(subject)


def same_still(subject: Any, before: Any) -> None:
    """Refuse a `match` that has changed its subject."""
    if before is not None and state(subject) != before:
        raise DifferentiabilityError(
            f"this `match` runs a method of {type(subject).__name__} that changes a differentiated value, so that its "
            "effect would be lost; call it by name before",
            id="mutation",
        )


def as_key(x: Any) -> Any:
    """A key of a dict, or an item that is sorted: what its class does to compare it must change nothing."""
    return unchanging(x, KEY)


def unchanging(x: Any, methods: tuple[str, ...]) -> Any:
    """A value whose class must change nothing by these methods, as nothing would come of it."""
    if x.__class__ in _HOLDING:
        for part in {type(part): part for part in x}.values():
            unchanging(part, methods)
    elif x.__class__ not in _QUIET and not is_quiet(x.__class__):
        own = Kind(STRUCT, type(x))
        if methods[1:] == ATTRIBUTE and inspect.getattr_static(x, methods[0], x) is not x:
            methods = (methods[0], "__getattribute__")  # it is there: `__getattr__` is not asked
        for method in own_methods(type(x), methods):
            if lookup(method) is None and function_changes(method, dict.fromkeys(method.__code__.co_varnames[:1], own)):
                raise DifferentiabilityError(
                    f"{type(x).__name__}.{method.__name__} may change a differentiated value, and its effect would be "
                    "lost here; call it by name before",
                    id="mutation",
                )
    return x


def as_keys(items: Iterable[Any]) -> None:
    """The same of many items, one of each class."""
    for item in {type(x): x for x in items}.values():
        as_key(item)


def state(x: Any, seen: set[int] | None = None) -> Any:
    """What is differentiated in a value, objects of any class included: numbers and arrays, by place."""
    seen = set() if seen is None else seen
    if isinstance(x, (float, complex, np.ndarray, np.inexact)):
        return fingerprint(x)
    if isinstance(x, (int, str, bytes, type(None), type, types.ModuleType, np.generic)) or id(x) in seen:
        return None
    seen.add(id(x))
    if isinstance(x, _HOLDING):
        return [state(part, seen) for part in x]
    if isinstance(x, dict):
        return [(key, state(part, seen)) for key, part in x.items()]
    if isinstance(x, types.FunctionType):
        return None
    slots = [n for c in type(x).__mro__ for n in c.__dict__.get("__slots__", ()) if isinstance(n, str)]
    fields = {n: getattr(x, n, None) for n in slots if n not in ("__weakref__", "__dict__")}
    fields.update(getattr(x, "__dict__", {}))
    found = [(name, state(part, seen)) for name, part in fields.items()]
    return [(name, part) for name, part in found if part is not None]


# --- spelled out ------------------------------------------------------------------------------------


def own(x: Any, name: str) -> bool:
    """Whether the class of a value has a method of that name, written in Python."""
    return bool(own_methods(type(x), (name,)))


def reflects(a: Any, b: Any, name: str) -> bool:
    """Whether Python asks the second operand first: an object of a derived class."""
    return type(b) is not type(a) and isinstance(b, type(a)) and own(b, name)


def otherwise(function: Callable[..., Any], *operands: Any) -> Any:
    """The operation by what is built in."""
    return function(*operands)


def unanswered(function: Any, a: Any, b: Any) -> Any:
    """The result where no class has an answer of its own."""
    if function is operator.eq and any(own(x, "__eq__") for x in (a, b)):
        return a is b
    if function is operator.ne and any(own(x, "__ne__") or own(x, "__eq__") for x in (a, b)):
        return a is not b
    sign = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">="}.get(function)
    methods = {operator.lt: "__lt__", operator.le: "__le__", operator.gt: "__gt__", operator.ge: "__ge__"}
    if sign is not None and any(own(x, m) for x in (a, b) for m in methods.values()):
        raise TypeError(f"'{sign}' not supported between instances of '{type(a).__name__}' and '{type(b).__name__}'")
    return function(a, b)


def less(a: Any, b: Any) -> Any:
    """`a < b`."""
    found = b.__gt__(a) if reflects(a, b, "__gt__") else NotImplemented
    if found is NotImplemented and own(a, "__lt__"):
        found = a.__lt__(b)
    if found is NotImplemented and own(b, "__gt__") and not reflects(a, b, "__gt__"):
        found = b.__gt__(a)
    return unanswered(operator.lt, a, b) if found is NotImplemented else found


def less_or_equal(a: Any, b: Any) -> Any:
    """`a <= b`."""
    found = b.__ge__(a) if reflects(a, b, "__ge__") else NotImplemented
    if found is NotImplemented and own(a, "__le__"):
        found = a.__le__(b)
    if found is NotImplemented and own(b, "__ge__") and not reflects(a, b, "__ge__"):
        found = b.__ge__(a)
    return unanswered(operator.le, a, b) if found is NotImplemented else found


def greater(a: Any, b: Any) -> Any:
    """`a > b`."""
    found = b.__lt__(a) if reflects(a, b, "__lt__") else NotImplemented
    if found is NotImplemented and own(a, "__gt__"):
        found = a.__gt__(b)
    if found is NotImplemented and own(b, "__lt__") and not reflects(a, b, "__lt__"):
        found = b.__lt__(a)
    return unanswered(operator.gt, a, b) if found is NotImplemented else found


def greater_or_equal(a: Any, b: Any) -> Any:
    """`a >= b`."""
    found = b.__le__(a) if reflects(a, b, "__le__") else NotImplemented
    if found is NotImplemented and own(a, "__ge__"):
        found = a.__ge__(b)
    if found is NotImplemented and own(b, "__le__") and not reflects(a, b, "__le__"):
        found = b.__le__(a)
    return unanswered(operator.ge, a, b) if found is NotImplemented else found


def equal(a: Any, b: Any) -> Any:
    """`a == b`."""
    found = b.__eq__(a) if reflects(a, b, "__eq__") else NotImplemented
    if found is NotImplemented and own(a, "__eq__"):
        found = a.__eq__(b)
    if found is NotImplemented and own(b, "__eq__") and not reflects(a, b, "__eq__"):
        found = b.__eq__(a)
    return unanswered(operator.eq, a, b) if found is NotImplemented else found


def unequal(a: Any, b: Any) -> Any:
    """`a != b`: by `__ne__`, or as the contrary of `__eq__`."""
    if not (own(a, "__ne__") or own(b, "__ne__")):
        found = NotImplemented
        if own(a, "__eq__"):
            found = a.__eq__(b)
        if found is NotImplemented and own(b, "__eq__"):
            found = b.__eq__(a)
        return unanswered(operator.ne, a, b) if found is NotImplemented else not found
    found = NotImplemented
    if own(a, "__ne__"):
        found = a.__ne__(b)
    if found is NotImplemented and own(b, "__ne__"):
        found = b.__ne__(a)
    return unanswered(operator.ne, a, b) if found is NotImplemented else found


def true(x: Any) -> Any:
    """`bool(x)`."""
    if own(x, "__bool__"):
        return bool(x.__bool__())
    if own(x, "__len__"):
        return x.__len__() != 0
    return otherwise(bool, x)


def contains(item: Any, container: Any) -> Any:
    """`item in container`."""
    if own(container, "__contains__"):
        found = container.__contains__(item)
        return bool(found)
    if own(container, "__iter__") or isinstance(container, (list, tuple, deque)):
        found = False
        for v in container:
            if v is item or equal(v, item):
                found = True
                break
        return found
    return otherwise(within, item, container)


def length(x: Any) -> Any:
    """`len(x)`."""
    return x.__len__() if own(x, "__len__") else otherwise(len, x)


def hashed(x: Any) -> Any:
    """`hash(x)`."""
    return x.__hash__() if own(x, "__hash__") else otherwise(hash, x)


def represented(x: Any) -> Any:
    """`repr(x)`."""
    return x.__repr__() if own(x, "__repr__") else otherwise(repr, x)


def text(x: Any) -> Any:
    """`str(x)`."""
    if own(x, "__str__"):
        return x.__str__()
    return represented(x) if own(x, "__repr__") else otherwise(str, x)


def formatted(x: Any, spec: Any = "") -> Any:
    """`format(x, spec)`."""
    if own(x, "__format__"):
        return x.__format__(spec)
    return text(x) if spec == "" else otherwise(format, x, spec)


def contained(container: Any, item: Any) -> Any:
    """`operator.contains(container, item)`."""
    return contains(item, container)


def absolute(x: Any) -> Any:
    """`abs(x)`."""
    return x.__abs__() if own(x, "__abs__") else abs(x)


def real(x: Any) -> Any:
    """`float(x)`."""
    if own(x, "__float__"):
        return float(x.__float__())
    return float(x.__index__()) if own(x, "__index__") else float(x)


def whole(x: Any) -> Any:
    """`int(x)`."""
    if own(x, "__int__"):
        return x.__int__()
    return x.__index__() if own(x, "__index__") else otherwise(int, x)


def rounded(x: Any, *digits: Any) -> Any:
    """`round(x)`."""
    return x.__round__(*digits) if own(x, "__round__") else round(x, *digits)


def divided(a: Any, b: Any) -> Any:
    """`divmod(a, b)`."""
    found = b.__rdivmod__(a) if reflects(a, b, "__rdivmod__") else NotImplemented
    if found is NotImplemented and own(a, "__divmod__"):
        found = a.__divmod__(b)
    if found is NotImplemented and own(b, "__rdivmod__") and not reflects(a, b, "__rdivmod__"):
        found = b.__rdivmod__(a)
    return divmod(a, b) if found is NotImplemented else found


def raised(base: Any, exp: Any, mod: Any = None) -> Any:
    """`pow(base, exp)`."""
    if mod is None:
        return base**exp
    return base.__pow__(exp, mod) if own(base, "__pow__") else otherwise(pow, base, exp, mod)


rule(as_key, "x", x="g", x_dot="x_dot", _returns="unknown", _alias=True)
rule(unchanging, "x, methods", x="g", x_dot="x_dot", _returns="unknown", _alias=True)
ASKED.append(asked)
WATCHED.append(watched)
IS_QUIET.append(is_quiet)
constant(asked, as_keys, looked_on, same_still, held_now, unchanged, own, reflects, otherwise, unanswered)
for _function, _spelled, _methods in (
    (operator.lt, less, "lt gt"), (operator.le, less_or_equal, "le ge"), (operator.gt, greater, "gt lt"),
    (operator.ge, greater_or_equal, "ge le"), (operator.eq, equal, "eq"), (operator.ne, unequal, "ne eq"),
    (operator.contains, contained, "contains iter eq"), (operator.truth, true, "bool len"), (bool, true, "bool len"),
    (len, length, "len"), (hash, hashed, "hash"), (repr, represented, "repr"), (str, text, "str repr"),
    (format, formatted, "format str repr"), (abs, absolute, "abs"), (operator.abs, absolute, "abs"),
    (float, real, "float index"), (int, whole, "int index"), (round, rounded, "round"),
    (divmod, divided, "divmod rdivmod"), (pow, raised, "pow rpow"),
):  # fmt: skip
    ASKING[_function], SPELLED[_function] = tuple(f"__{m}__" for m in _methods.split()), _spelled
INTERNAL.update({
    "<lt>": less, "<le>": less_or_equal, "<gt>": greater, "<ge>": greater_or_equal, "<eq>": equal, "<ne>": unequal,
    "<truth>": true, "<within>": contains, "<str>": text, "<repr>": represented, "<format>": formatted,
})  # fmt: skip
