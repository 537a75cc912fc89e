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
import sysconfig
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from pullback.kinds import STRUCT, Kind
from pullback.spans import Diagnostic, Span
from pullback.states import is_set
from pullback.views import fields_of, overlap

HandsOut = Callable[[types.FunctionType], bool]  # whether its result may be part of what its module holds
_DESCRIPTORS = (staticmethod, classmethod)
_FIXED = (int, float, complex, str, bytes, type(None), types.ModuleType)
_CODE = (types.FunctionType, types.BuiltinFunctionType)


class ModuleData:
    """What modules hold that a function reads; asked each time, as a name may hold something else by then."""

    def __init__(self, function: types.FunctionType, hands_out: HandsOut, changed: dict[str, Span]) -> None:
        self.function = function
        self.changed = changed  # what it changes of what it is given, and where
        self._hands_out = hands_out
        self._package = _package(function)

    def __call__(self, changed: tuple[Any, ...]) -> bool:
        """Whether what is changed is, or holds, something that is read as well."""
        return self.read_as(changed) is not None

    def found(self, values: dict[str, Any]) -> Diagnostic | None:
        """What is wrong where something that is changed is read as well."""
        for name, span in self.changed.items():
            read = self.read_as((values.get(name),))
            if read is not None:
                return Diagnostic(
                    "outer-write",
                    f"`{name}` is changed here, and it, or what it holds, is read as `{read}`, too, as a constant",
                    span, "", (), (), f"read it from `{name}`, or pass a copy",
                )  # fmt: skip
        return None

    def read_as(self, changed: tuple[Any, ...]) -> str | None:
        """The name under which something that is changed is read."""
        given = [x for x in changed if _is_changeable(x) or callable(x)]
        if not given:
            return None
        reached = self._reached(given, {}, through_code=True)
        arrays = tuple(x for x in reached.values() if isinstance(x, np.ndarray))
        read: dict[int, Any] = {}
        for name, x in data_read(self.function):
            new = self._reached([x], read)
            if not reached.keys().isdisjoint(new) or (arrays and overlap(arrays, tuple(new.values()))):
                return name
            read |= new
        return None

    def _reached(self, given: list[Any], seen: dict[int, Any], through_code: bool = False) -> dict[int, Any]:
        """All that values of the program hold, by identity, and what functions in them hold and may hand out."""
        found: dict[int, Any] = {}
        pending = list(given)
        while pending:
            x = pending.pop()
            if x.__class__ is float or id(x) in found or id(x) in seen or isinstance(x, _FIXED):
                continue
            found[id(x)] = x
            if isinstance(x, dict):
                pending += x.values()
            elif isinstance(x, (list, tuple, collections.deque, set, frozenset)):
                pending += x
            elif isinstance(x, (type, np.ndarray)):
                continue
            elif _is_own(type(x).__module__, self._package):
                pending += fields_of(x)
                if through_code:
                    pending += [v for _, v in class_data(type(x), self._package)]
                    pending += self._handed_out(*_methods(type(x), self._package))
            elif through_code:
                pending += self._of_code(x)
        return found

    def _of_code(self, x: Any) -> Iterable[Any]:
        """What a callable holds, and may hand out."""
        if isinstance(x, (types.MethodType, types.BuiltinMethodType)):
            return (x.__self__, getattr(x, "__func__", None))
        if isinstance(x, functools.partial):
            return (x.func, *x.args, *x.keywords.values())
        if isinstance(x, types.FunctionType):
            return (*_held_in_cells(x), *(x.__defaults__ or ()), *self._handed_out(x))
        return ()

    def _handed_out(self, *functions: types.FunctionType) -> list[Any]:
        own = [fn for fn in functions if _is_own(fn.__module__, self._package) and self._hands_out(fn)]
        return [value for fn in own for _, value in data_read(fn)]


def data_read(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """The changeable values of modules that a function reads, or what it calls by name, with their names.

    A function of a module may have captured such values, too; what this one captured, and functions in that, is not
    meant: its derivative knows of it.
    """
    package = _package(function)
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
                functions, data = _parts(name, value, fn.__code__, package)
                pending += [(f, captured) for f in functions]
                yield from () if captured else data


Named = list[tuple[str, Any]]


def _parts(name: str, value: Any, code: types.CodeType, package: str) -> tuple[list[types.FunctionType], Named]:
    """The functions in a global value whose code may run, and the data in it."""
    if not isinstance(value, (type, types.ModuleType)):
        value = getattr(value, "__dict__", {}).get("__wrapped__", value)  # (such as what `functools.cache` made)
    if isinstance(value, types.MethodType):
        return _parts(name, value.__func__, code, package)[0], _data(name, value.__self__)
    if isinstance(value, functools.partial):
        functions, data = _parts(name, value.func, code, package)
        return functions, [*data, *(pair for x in (*value.args, *value.keywords.values()) for pair in _data(name, x))]
    if isinstance(value, types.FunctionType):
        return ([value] if _is_own(value.__module__, package) else []), []
    if not isinstance(value, (type, types.ModuleType)):
        return [], _data(name, value)
    if not _is_own(value.__module__ if isinstance(value, type) else value.__name__, package):
        return [], []
    if isinstance(value, type):
        return _methods(value, package), [(f"{name}.{n}", x) for n, x in class_data(value, package)]
    found = [_parts(f"{name}.{n}", vars(value)[n], code, package) for n in code.co_names if n in vars(value)]
    return [f for functions, _ in found for f in functions], [pair for _, data in found for pair in data]


def class_data(cls: type, package: str) -> Iterator[tuple[str, Any]]:
    """The changeable values that a class holds, and those it derives from, with their names."""
    for base in cls.__mro__:
        if _is_own(base.__module__, package):
            yield from ((n, x) for n, x in vars(base).items() if n[:2] != "__" and _is_changeable(x) and not _runs(x))


def is_held_by_class(kind: Kind, name: str) -> bool:
    """Whether an attribute of an instance is changeable data of its class, as none of its methods binds its own."""
    if kind.mask != STRUCT or kind.cls is None or name in getattr(kind.sample, "__dict__", ()):
        return False
    package = _package(kind.cls)
    if not any(name == n for n, _ in class_data(kind.cls, package)):
        return False
    return not any(name in _attributes_bound(fn.__code__) for fn in _methods(kind.cls, package))


def _runs(x: Any) -> bool:
    """Whether what a class holds is code."""
    return isinstance(x, (*_DESCRIPTORS, property, functools.cached_property)) or hasattr(type(x), "__get__")


def _methods(cls: type, package: str) -> list[types.FunctionType]:
    """The functions that a class of the program has for its methods and properties."""
    found = []
    for base in cls.__mro__:
        for x in vars(base).values() if _is_own(base.__module__, package) else ():
            inner = x.__func__ if isinstance(x, _DESCRIPTORS) else x.fget if isinstance(x, property) else x
            if isinstance(inner, types.FunctionType) and _is_own(inner.__module__, package):
                found.append(inner)
    return found


def _data(name: str, value: Any) -> Named:
    return [(name, value)] if _is_changeable(value) else []


def _is_changeable(x: Any) -> bool:
    """Whether a value may hold what changes: not numbers, text, functions, classes and modules."""
    if isinstance(x, (*_FIXED, *_CODE, type)):
        return False
    if isinstance(x, (dict, list)) and x:  # a registry of functions or classes holds no data
        return not all(isinstance(v, (*_CODE, type)) for v in (x.values() if isinstance(x, dict) else x))
    return isinstance(x, (np.ndarray, list, dict, tuple)) or hasattr(x, "__dict__") or hasattr(type(x), "__slots__")


def _package(holder: Any) -> str:
    return str(holder.__module__).partition(".")[0]


_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


@functools.lru_cache(4096)
def _is_own(module: str | None, package: str) -> bool:
    """Whether a module is of the program: in its package, or neither Python's, nor installed, nor of this library."""
    root = str(module).partition(".")[0]
    if root in ("__main__", package):
        return True
    if root in sys.stdlib_module_names or root == "pullback":
        return False
    file = getattr(sys.modules.get(str(module)), "__file__", None) or ""
    return not file.startswith(_INSTALLED)


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
