"""What modules hold that a function reads, which its caller may give it as well, to change.

    def f(x, w):
        w.v = x * x
        return WORLD.v * x          in f(x, WORLD), the same value; a name of a module is a constant

Read are the globals of a function, and those of the functions and classes that it names, in turn.
"""

from __future__ import annotations

import collections
import dis
import functools
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from pullback.kinds import STRUCT, Kind
from pullback.states import is_set
from pullback.views import entangled, fields_of

HandsOut = Callable[[types.FunctionType], bool]  # whether its result may be part of what its module holds
_DESCRIPTORS = (staticmethod, classmethod)
_FIXED = (int, float, complex, str, bytes, type(None), types.ModuleType)


class ModuleData:
    """What a function reads of what modules hold; asked each time, as a name may hold something else by then."""

    def __init__(self, function: types.FunctionType, hands_out: HandsOut) -> None:
        self.function = function
        self._hands_out = hands_out

    def __call__(self, changed: tuple[Any, ...]) -> bool:
        """Whether what is changed is, or holds, something that is read as well."""
        return self.read_as(changed) is not None

    def read_as(self, changed: tuple[Any, ...]) -> str | None:
        """The name under which something that is changed is read."""
        given = [x for x in changed if _is_changeable(x) or callable(x)]
        if not given:
            return None
        reached: dict[int, Any] = {}
        for x in given:
            self._reach(x, reached, 8)
        whole = tuple(reached.values())
        return next((n for n, x in data_read(self.function) if entangled((whole,), (x,))), None)

    def _reach(self, x: Any, found: dict[int, Any], depth: int) -> None:
        """What may be changed through a value, by identity: through a function, what it holds and may hand out."""
        if id(x) in found or isinstance(x, _FIXED) or not depth:
            return
        found[id(x)] = x
        parts: Iterable[Any] = ()
        if isinstance(x, (types.MethodType, types.BuiltinMethodType)):
            parts = (x.__self__, getattr(x, "__func__", None))
        elif isinstance(x, functools.partial):
            parts = (x.func, *x.args, *x.keywords.values())
        elif isinstance(x, types.FunctionType):
            parts = (*_held_in_cells(x), *(x.__defaults__ or ()), *self._handed_out(x))
        elif isinstance(x, dict):
            parts = x.values()
        elif isinstance(x, (list, tuple, collections.deque)):
            parts = x
        elif not isinstance(x, (type, np.ndarray)) and is_users(type(x)):
            parts = (*fields_of(x), *(v for n, v in class_data(type(x))), *self._handed_out(*_methods(type(x))))
        for part in parts:
            if part.__class__ is not float:
                self._reach(part, found, depth - 1)

    def _handed_out(self, *functions: types.FunctionType) -> list[Any]:
        found = [data_read(fn) for fn in functions if _is_read(fn) and self._hands_out(fn)]
        return [value for pairs in found for _, value in pairs]


def data_read(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """The changeable values of modules that a function reads, or what it calls by name, with their names.

    A function of a module may have captured such values, too; what this one captured, and functions in that, is not
    meant: its derivative knows of it.
    """
    seen: set[int] = set()
    pending = [(function, True)]
    while pending:
        fn, captures = pending.pop()
        if id(fn) in seen:
            continue
        seen.add(id(fn))
        helpers = getattr(fn, "_pullback_helpers", ())
        found = [(n, fn.__globals__[n], False) for n in _globals_of(fn.__code__) if n in fn.__globals__]
        found += [(n, x, captures) for n, x in zip(fn.__code__.co_freevars, _held_in_cells(fn), strict=False)]
        for name, value, captured in found:
            if name not in helpers:
                functions, data = _parts(name, value, fn.__code__)
                pending += [(f, captured) for f in functions]
                yield from () if captured else data


def _parts(name: str, value: Any, code: types.CodeType) -> tuple[list[types.FunctionType], list[tuple[str, Any]]]:
    """The functions in a global value whose code may run, and the data in it."""
    if not isinstance(value, (type, types.ModuleType)):
        value = getattr(value, "__dict__", {}).get("__wrapped__", value)  # (such as what `functools.cache` made)
    if isinstance(value, types.MethodType):
        return _parts(name, value.__func__, code)[0], _data(name, value.__self__)
    if isinstance(value, functools.partial):
        functions, data = _parts(name, value.func, code)
        return functions, [*data, *(pair for x in (*value.args, *value.keywords.values()) for pair in _data(name, x))]
    if isinstance(value, types.FunctionType):
        return ([value] if _is_read(value) else []), []
    if not isinstance(value, (type, types.ModuleType)):
        return [], _data(name, value)
    if not is_users(value):
        return [], []
    if isinstance(value, type):
        return _methods(value), [(f"{name}.{n}", x) for n, x in class_data(value)]
    found = [_parts(f"{name}.{n}", vars(value)[n], code) for n in code.co_names if n in vars(value)]
    return [f for functions, _ in found for f in functions], [pair for _, data in found for pair in data]


def class_data(cls: type) -> Iterator[tuple[str, Any]]:
    """The changeable values that a class holds, and those it derives from, with their names."""
    for base in cls.__mro__:
        if is_users(base):
            yield from ((n, x) for n, x in vars(base).items() if n[:2] != "__" and _is_changeable(x) and not _runs(x))


def is_held_by_class(kind: Kind, name: str) -> bool:
    """Whether an attribute of an instance is changeable data of its class, as none of its methods binds its own."""
    if kind.mask != STRUCT or kind.cls is None or name in getattr(kind.sample, "__dict__", ()):
        return False
    if not any(name == n for n, _ in class_data(kind.cls)):
        return False
    return not any(name in _attributes_bound(fn.__code__) for fn in _methods(kind.cls))


def _runs(x: Any) -> bool:
    """Whether what a class holds is code."""
    return isinstance(x, (*_DESCRIPTORS, property, functools.cached_property)) or hasattr(type(x), "__get__")


def _methods(cls: type) -> list[types.FunctionType]:
    """The functions that a class of the user's has for its methods and properties."""
    found = []
    for base in filter(is_users, cls.__mro__):
        for x in vars(base).values():
            inner = x.__func__ if isinstance(x, _DESCRIPTORS) else x.fget if isinstance(x, property) else x
            if isinstance(inner, types.FunctionType) and _is_read(inner):
                found.append(inner)
    return found


def _data(name: str, value: Any) -> list[tuple[str, Any]]:
    return [(name, value)] if _is_changeable(value) else []


def _is_changeable(x: Any) -> bool:
    """Whether a value may hold what changes: not numbers, text, functions, classes and modules."""
    if isinstance(x, (*_FIXED, type, types.FunctionType, types.BuiltinFunctionType)):
        return False
    return isinstance(x, (np.ndarray, list, dict, tuple)) or hasattr(x, "__dict__") or hasattr(type(x), "__slots__")


def _is_read(fn: types.FunctionType) -> bool:
    """Whether a function is the user's: this library stores no differentiated value in its modules."""
    return is_users(fn) and not str(fn.__module__).startswith("pullback.")


def is_users(holder: Any) -> bool:
    """Whether a class or module is not one of Python's, NumPy's or SciPy's, which hold nothing of the user's."""
    name = holder.__name__ if isinstance(holder, types.ModuleType) else holder.__module__
    root = str(name).partition(".")[0]
    return (root not in sys.stdlib_module_names and root not in ("numpy", "scipy")) or root == "__main__"


def _held_in_cells(fn: types.FunctionType) -> list[Any]:
    return [cell.cell_contents if is_set(cell) else None for cell in fn.__closure__ or ()]


@functools.lru_cache(4096)
def _attributes_bound(code: types.CodeType) -> frozenset[str]:
    """The names of attributes that a function assigns."""
    return frozenset(i.argval for i in dis.get_instructions(code) if i.opname == "STORE_ATTR")


@functools.lru_cache(4096)
def _globals_of(code: types.CodeType) -> frozenset[str]:
    """The names that a function, and those nested in it, look up in its module."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return frozenset(names).union(*(_globals_of(c) for c in code.co_consts if isinstance(c, types.CodeType)))
