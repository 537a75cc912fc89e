"""A generated derivative: what was asked for, what it was generated from, and whether that still holds."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pullback import ir
from pullback.activity import Activity
from pullback.calls import Late
from pullback.emit import Compiled
from pullback.kinds import NOTHING, UNKNOWN, UNSET, Kind, held
from pullback.module_data import ModuleData
from pullback.names import Names
from pullback.rules import EPOCH
from pullback.sharing import Sharing
from pullback.source import Source
from pullback.spans import Diagnostic
from pullback.states import is_set
from pullback.views import entangled, overlap

JOINT, PAIR, DIFFERENTIAL = "joint", "pair", "differential"


@dataclass(frozen=True)
class Request:
    """What is asked for: active parameters and captures, kinds of the parameters, and the form."""

    active: frozenset[str]
    captures: frozenset[str]
    kinds: tuple[tuple[str, Any], ...]
    form: str = PAIR
    with_value: bool = False
    lent: bool = False  # the reverse function works on its caller's shadows, which it is given
    strict: bool = False  # the caller did not foresee that something of its own is changed
    spared: frozenset[str] = frozenset()  # but for the values of these parameters, which are new there
    together: bool = False  # arrays that it is given, or captured, share memory


@dataclass
class Stages:
    """What each stage made, for those who want to see it."""

    source: Source
    lowered: ir.FunctionIR
    activity: Activity
    sharing: Sharing
    result: Kind


@dataclass
class Derivative:
    """A generated derivative of one function's code."""

    name: str
    request: Request
    names: Names
    epoch: int | None
    stages: Stages | None = None
    forward: Compiled | None = None
    reverse: Compiled | None = None
    always_zero: Diagnostic | None = None
    result: Kind = NOTHING
    redo: str = "again"  # the name of what generated code calls where a guard fails
    dot_status: str | None = None  # forward mode: whether the result's tangent is absent, present, or maybe ZERO
    waiting: list[types.CellType] = field(default_factory=list)
    made: Any = None  # the forward or joint function; (typed as a function, a field would read as a method)
    function: Any = None  # the function object that this was generated for
    generator: bool = False
    hands_out_changing: bool = False  # a generator: whether it may change what it has handed out
    changes: tuple[str, ...] = ()  # names by which the function changes what its caller can see
    reached: frozenset[str] = frozenset()  # names of which it may change something
    mirrors: bool = False  # forward mode: whether it may change the tangents that it is given
    defaults: Any = None  # the defaults it had then
    # what it is given and may change, and what else that is taken to share no memory with it, by name
    apart: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    module_data: ModuleData | None = None  # what it reads of what modules hold, which it may be given, and change

    def __post_init__(self) -> None:
        self.late = Late(self)

    def when_ready(self, cell: types.CellType) -> None:
        """Put the forward function into a caller's cell, now or when it exists."""
        if self.made is not None:
            cell.cell_contents = self.made
        else:
            self.waiting.append(cell)

    def holds(self, function: types.FunctionType, arguments: dict[str, Any]) -> bool:
        """Whether everything this code was generated from is still so, for this function object and call."""
        return self.reads_the_same(function) and self.guessed(arguments)

    @property
    def shares(self) -> Callable[..., bool]:
        """What looks whether they do."""
        return overlap if self.request.lent else entangled

    def meet(self, function: types.FunctionType, arguments: dict[str, Any]) -> bool:
        """Whether arrays that were taken to share no memory do."""
        cells = Names(function).values() if self.apart[0] else {}
        first, second = ([arguments.get(n, cells.get(n)) for n in names] for names in self.apart)
        return self.shares(tuple(first), tuple(second))

    def read_and_changed(self, function: types.FunctionType, arguments: dict[str, Any]) -> Diagnostic | None:
        """What is wrong where something is read by a name of a module that is given, and changed, as well."""
        if self.module_data is None:
            return None
        return self.module_data.found({**Names(function).values(), **arguments})

    def guessed(self, arguments: dict[str, Any]) -> bool:
        """Whether the arguments hold what was guessed of those at hand when the code was generated."""
        return all(field_is(arguments, path, *guess) for path, guess in self.names.fields.items())

    def reads_the_same(self, function: types.FunctionType) -> bool:
        """Whether everything outside the arguments is as it was: globals, captured variables, classes, rules."""
        if self.epoch is not None and self.epoch != EPOCH.now:
            return False
        if function is self.function and function.__defaults__ is not self.defaults:
            return False
        if not all(callee.__defaults__ is defaults for callee, defaults in self.names.defaults.values()):
            return False
        names = Names(function)
        for path, value in self.names.identities.items():
            root, *rest = path.split(".")
            kind = names.kind(root)
            for part in rest:
                kind = names.attribute(kind, part) or UNKNOWN
            if kind.value is not value:
                return False
        if not all(getattr(cls, name_, None) is found for (cls, name_), found in self.names.methods.items()):
            return False
        if not all(_still(names, n, unchanging) for n, unchanging in self.names.unchanging.items()):
            return False
        return all(_class_of(names, n) is cls for n, cls in self.names.classes.items())

    def make(self, function: types.FunctionType, redo: Callable[..., Any] | None = None) -> types.FunctionType:
        """The forward (or joint) function for one function object; `redo` runs where a guard fails."""
        assert self.forward is not None
        made = self.forward.make(function, {self.redo: redo})
        if self.request.form == DIFFERENTIAL:
            made.__dict__.update(
                _pullback_origin=(function, self.request), _pullback_always_zero=self.always_zero,
                _pullback_changes=self.changes, _pullback_mirrors=self.mirrors,
            )  # fmt: skip
        return made


def field_is(arguments: dict[str, Any], path: str, cls: type, value: Any) -> bool:
    """Whether a part of an argument is what was guessed."""
    try:
        x = eval(path, {"__builtins__": {}, "held": held}, arguments)
    except (AttributeError, IndexError, KeyError, NameError, TypeError):
        return False
    if value is UNSET:
        return x.__class__ is cls
    if cls is int:
        return bool(x == value)
    return x in value if cls is str else x is value


def _still(names: Names, identifier: str, unchanging: Callable[[types.FunctionType], bool]) -> bool:
    """Whether a captured variable holds a function that changes nothing."""
    cell = names.cells.get(identifier)
    held = cell.cell_contents if cell is not None and is_set(cell) else None
    return isinstance(held, types.FunctionType) and unchanging(held)


def _class_of(names: Names, identifier: str) -> type | None:
    if identifier in names.cells:
        try:
            return names.cells[identifier].cell_contents.__class__  # type: ignore[no-any-return]
        except ValueError:
            return None
    return names.globals[identifier].__class__ if identifier in names.globals else None
