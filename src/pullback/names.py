"""Names that are not local: what they hold when code is generated, and the guards that keep it true.

    math.sin(x)     resolved to the function itself, guarded by `math.sin is <that function>`
    y * SCALE       SCALE is read when the code runs; its class is guarded

Generated code tests its guards on entry and is made anew where one fails.
"""

from __future__ import annotations

import builtins
import types
from typing import Any

import numpy as np

from pullback.boxes import Box
from pullback.kinds import (
    ARRAY,
    DICT,
    LIST,
    NOTHING,
    STRUCT,
    TUPLE,
    UNKNOWN,
    UNSET,
    Kind,
    held,
    join,
    kind_of,
    known,
)
from pullback.operations import is_data_field
from pullback.rules import is_library_code, lookup
from pullback.states import is_set

_FEW = 16  # items of a sequence that are guessed one by one
_FLOATS, _OTHERS = "fc", "iubOSUVMm"  # the kinds of dtypes of arrays with and without tangents

# Functions that lowering calls, under names that no program can bind.
INTERNAL: dict[str, Any] = {"<list>": list, "<tuple>": tuple, "<set>": set, "<dict>": dict, "<box>": Box}


class Names:
    """Resolves the globals, builtins and captured variables of one function."""

    def __init__(self, function: types.FunctionType) -> None:
        self.globals = function.__globals__
        self.helpers: frozenset[str] = getattr(function, "_pullback_helpers", frozenset())  # of generated code
        self.changing: bool = getattr(function, "_pullback_changing", False)  # generated code that changes values
        self.cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        self.identities: dict[str, Any] = {}  # source text -> the object it must still be
        self.classes: dict[str, type] = {}  # name -> the class its value must still have
        self.defaults: dict[str, tuple[Any, Any]] = {}  # a callee's path -> the callee, the defaults it must still have
        self.fields: dict[str, tuple[type, Any]] = {}  # a parameter's field -> its class; the object, if it is fixed
        self.methods: dict[tuple[type, str], Any] = {}  # a class and a method's name -> the function it must still be
        self.unchanging: dict[str, Any] = {}  # a captured function -> what says whether it still changes nothing
        self.dynamic = False  # whether objects are made and called at run time: in forward mode, and on lent shadows
        self.lent = False  # whether this is for a caller that lends its shadows
        self.forward = False  # whether this is for forward mode
        self.together = False  # whether arrays that the function is given share memory
        self.lengths = True  # whether a sequence may be guessed to be as long as the one at hand
        self.stored: dict[str, Kind] | None = None  # what is stored in fields, where nothing else changes
        self.guessing = True  # whether fields may be guessed: not where they may change while the function runs

    def values(self) -> dict[str, Any]:
        """What the names in scope hold now."""
        found = dict(self.globals)
        for name, cell in self.cells.items():
            try:
                found[name] = cell.cell_contents
            except ValueError:
                continue
        return found

    def holding(self, function: types.FunctionType) -> list[str]:
        """The captured variables that hold a function."""
        own = [(n, c) for n, c in self.cells.items() if n not in self.helpers]
        return [n for n, cell in own if is_set(cell) and cell.cell_contents is function]

    def kind(self, name: str) -> Kind:
        """The kind of a name that is not local; records the guard it relies on."""
        if name in INTERNAL:
            return known(INTERNAL[name])
        if name in self.cells:
            try:
                value = self.cells[name].cell_contents
            except ValueError:  # not yet assigned
                return UNKNOWN
        elif name in self.globals:
            value = self.globals[name]
        elif hasattr(builtins, name):
            value = getattr(builtins, name)
        else:
            return UNKNOWN
        if name in self.helpers:  # nobody rebinds it: it needs no guard
            return known(value) if is_fixed(value) else kind_of(value)
        if is_fixed(value) and not (name in self.cells and getattr(value, "__closure__", None)):
            return known(value, name)  # (a captured closure may be a new one in every call)
        self.classes[name] = value.__class__
        return kind_of(value)

    def glance(self, name: str) -> Kind:
        """The kind of what a name holds now, on which nothing is to rely but what is as right for other values."""
        try:
            value = self.cells[name].cell_contents if name in self.cells else self.globals.get(name, UNSET)
        except ValueError:
            return UNKNOWN
        return known(getattr(builtins, name, UNSET) if value is UNSET else value)

    def attribute(self, owner: Kind, name: str) -> Kind | None:
        """`module.name`, where the module is known."""
        if not isinstance(owner.value, (types.ModuleType, type)) or not hasattr(owner.value, name):
            return None
        value = getattr(owner.value, name)
        path = f"{owner.path}.{name}" if owner.path else ""  # what a helper of generated code holds needs no guard
        if isinstance(owner.value, type):  # a static method or plain function; a bound one is new at every access
            return known(value, path) if isinstance(value, types.FunctionType) else None
        if is_fixed(value):
            return known(value, path)
        if isinstance(value, (int, float, str)):
            return kind_of(value)  # a module's constant: read anew, of a class that does not change
        return UNKNOWN

    def field(self, owner: Kind, name: str) -> Kind | None:
        """A field of a parameter, guessed from the argument at hand: the guess is guarded on entry."""
        if not self.guessing or owner.sample is UNSET or not is_data_field(owner, name):
            return None
        value = getattr(owner.sample, name, UNSET)
        return None if value is UNSET else self.guess(f"{owner.path}.{name}", value)

    def stored_field(self, owner: Kind, name: str) -> Kind | None:
        """A field that this function assigns: what it holds on entry, or what is stored in any field of that name."""
        found = self.field(owner, name) if self.stored is not None else None
        if found is None or self.stored is None:
            return None
        return join(Kind(found.mask, found.cls), self.stored[name])

    def item(self, owner: Kind, key: Any) -> Kind | None:
        """An item of a dict, tuple or list that is a parameter or in one, guessed likewise."""
        sample = owner.sample
        if not self.guessing or sample is UNSET or sample.__class__ not in (dict, tuple, list):
            return None
        if sample.__class__ is dict:
            return self.guess(f"{owner.path}.get({key!r})", sample[key]) if key in sample else None
        if not -len(sample) <= key < len(sample) or not self.lengths:
            return None
        self.fields[f"{owner.path}.__len__()"] = (int, len(sample))
        return self.guess(f"{owner.path}[{key}]", sample[key])

    def elements(self, owner: Kind) -> Kind | None:
        """Any item of a sequence: of one of floats or of arrays of them, or of a short one, guessed likewise."""
        sample = owner.sample
        if not self.guessing or sample.__class__ not in (tuple, list):
            return None
        mask = held(sample)
        if mask:
            self.fields[f"held({owner.path})"] = (int, mask)
            return Kind(mask)
        if not 0 < len(sample) <= _FEW or not self.lengths:
            return None
        total = NOTHING
        for index in range(len(sample)):
            total = join(total, self.item(owner, index) or UNKNOWN)
        return total

    def guess(self, path: str, value: Any) -> Kind:
        """The kind of a part of an argument; generated code tests it on entry."""
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, np.ufunc)):
            self.fields[path] = (value.__class__, value)
            return known(value, "")
        self.fields[path] = (value.__class__, UNSET)
        found = kind_of(value)
        if value.__class__ is np.ndarray:
            self.fields[f"{path}.dtype.kind"] = (str, _FLOATS if found.mask == ARRAY else _OTHERS)
        if found.mask in (STRUCT, TUPLE, LIST, DICT):
            return Kind(found.mask, found.cls, UNSET, path, value)
        return found

    def method(self, owner: Kind, name: str) -> Kind | None:
        """The function that `obj.name(...)` runs, for an object whose class is known; `__call__` for `obj(...)`."""
        cls = owner.cls
        if owner.mask != STRUCT or cls is None or (owner.sample is UNSET and owner.parts is None):
            return None
        if not self.guessing or self.dynamic:
            return None
        if hasattr(cls, "__getattr__") or isinstance(cls.__getattribute__, types.FunctionType):
            return None
        found = next((base.__dict__[name] for base in cls.__mro__ if name in base.__dict__), None)
        if not isinstance(found, types.FunctionType) or getattr(cls, name, None) is not found:
            return None
        if name == "__call__":
            if owner.sample is not UNSET and lookup(owner.sample) is not None:
                return None
        elif owner.sample is not UNSET and hasattr(owner.sample, "__dict__"):
            if name in owner.sample.__dict__:
                return None
            self.fields[f"{owner.path}.__dict__.get({name!r})"] = (type(None), UNSET)
        elif hasattr(cls, "__dict__") and any(n == name for n, _ in owner.parts or ()):
            return None
        self.methods[cls, name] = found
        return known(found)

    def class_method(self, owner: Kind, name: str) -> Kind | None:
        """The function that `C.name(...)` runs with the class as its first argument, for a class that is known."""
        cls = owner.value
        if not isinstance(cls, type) or type(cls) is not type:
            return None
        found = next((base.__dict__[name] for base in cls.__mro__ if name in base.__dict__), None)
        if not isinstance(found, classmethod) or not isinstance(found.__func__, types.FunctionType):
            return None
        if lookup(getattr(cls, name, None)) is not None:
            return None
        if (hasattr(cls, "_fields") and name == "_make") or is_library_code(found.__func__):
            return None
        return known(found.__func__, f"{owner.path}.{name}.__func__" if owner.path else "")

    def take_over(self, fields: dict[str, tuple[type, Any]], parameters: dict[str, Kind]) -> None:
        """The guesses that a callee's result relies on, as guesses about the arguments here that it is given."""
        for path, guess in fields.items():
            inside = path.removeprefix("held(")
            root = inside[: next(i for i, c in enumerate(inside) if not (c.isalnum() or c == "_"))]
            outer = parameters[root].path
            self.fields[f"{path[: len(path) - len(inside)]}{outer}{inside[len(root) :]}"] = guess

    def rely_on(self, callee: Kind) -> None:
        """Record that generated code was made for this very callee."""
        if callee.path:
            self.identities[callee.path] = callee.value


def is_fixed(value: Any) -> bool:
    """Whether a name bound to this value is worth resolving: functions, classes, modules, what has a rule."""
    functions = (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType, np.ufunc)
    return isinstance(value, functions) or (callable(value) and lookup(value) is not None)
