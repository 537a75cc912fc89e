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
from pullback.kinds import ARRAY, NPINT, STRUCT, UNKNOWN, UNSET, Kind, kind_of, known
from pullback.operations import is_data_field
from pullback.rules import lookup

# Functions that lowering calls, under names that no program can bind.
INTERNAL: dict[str, Any] = {"<list>": list, "<tuple>": tuple, "<set>": set, "<dict>": dict, "<box>": Box}


class Names:
    """Resolves the globals, builtins and captured variables of one function."""

    def __init__(self, function: types.FunctionType) -> None:
        self.globals = function.__globals__
        self.helpers: frozenset[str] = getattr(function, "_pullback_helpers", frozenset())  # of generated code
        self.cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        self.identities: dict[str, Any] = {}  # source text -> the object it must still be
        self.classes: dict[str, type] = {}  # name -> the class its value must still have
        self.defaults: dict[str, tuple[Any, Any]] = {}  # a callee's path -> the callee, the defaults it must still have
        self.fields: dict[str, tuple[type, Any]] = {}  # a parameter's field -> its class; the object, if it is fixed
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
        if value is UNSET:
            return None
        path = f"{owner.path}.{name}"
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, np.ufunc)):
            self.fields[path] = (value.__class__, value)
            return known(value, "")
        self.fields[path] = (value.__class__, UNSET)
        found = kind_of(value)
        if found.mask == STRUCT:
            return Kind(STRUCT, found.cls, UNSET, path, value)
        # an array's dtype may differ in the next object: only what the class tells is used
        return Kind(ARRAY | NPINT) if value.__class__ is np.ndarray else found

    def rely_on(self, callee: Kind) -> None:
        """Record that generated code was made for this very callee."""
        if callee.path:
            self.identities[callee.path] = callee.value


def is_fixed(value: Any) -> bool:
    """Whether a name bound to this value is worth resolving: functions, classes, modules, what has a rule."""
    functions = (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType, np.ufunc)
    return isinstance(value, functions) or (callable(value) and lookup(value) is not None)
