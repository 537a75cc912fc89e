"""Whether a call may change something in place that its caller can see.

    math.sin(x)          no: it has a rule
    stack.append(x)      yes
    norm(v)              look into `norm`: what it changes, and whether its arguments share that
    model.step(dt)       look into the method of the model's class, where that is known; else: it may

A function whose effects are not known is taken to change things: that costs time, never the answer.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import types
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback import ir
from pullback.calls import bind_parameters
from pullback.conditions import ASKING, own_methods
from pullback.effects import call_is_pure, effects_of
from pullback.kinds import DICT, LIST, NUMERIC_MASK, STR, STRUCT, TUPLE, UNKNOWN, UNSET, Kind, kind_of
from pullback.mutators import MUTATORS
from pullback.operations import METHODS
from pullback.outputs import may_write, names_read
from pullback.rules import lookup
from pullback.source import FunctionNode

FunctionChanges = Callable[..., int]  # of (function, kinds of its parameters, the one that is new)
FunctionFlows = Callable[..., "Flows | None"]
# whether something is changed: certainly not, as far as is known, by code that was read, certainly
NO, MAYBE, LIKELY, YES = 0, 1, 2, 3
_BUILTIN_KINDS = NUMERIC_MASK | LIST | DICT | TUPLE | STR
_HARMLESS_METHODS = (
    frozenset(
        n for cls in (np.ndarray, list, dict, tuple, str, float, complex) for n in dir(cls) if not n.startswith("__")
    )
    - MUTATORS
)


MODULE = "globals()"  # stands for all that a module holds


@dataclasses.dataclass(frozen=True)
class Flows:
    """What a function does with its parameters: which it may change, and what may be where afterwards.

    Besides parameters (or operands, by their places) `MODULE` is named: what a module holds.
    """

    changed: frozenset[Any]
    held: dict[Any, frozenset[Any]]  # a parameter may hold something of these
    result_of: frozenset[Any]  # the result may be, or be part of, these
    result_held: frozenset[Any]  # or hold something of these
    outside: bool = False  # it, or what it calls, may store something in what the module holds
    items: tuple[tuple[frozenset[Any], frozenset[Any]], ...] = ()  # both of each item, where the result is a tuple

    def names(self) -> frozenset[Any]:
        """All that it speaks of."""
        parts = [names for item in self.items for names in item]
        return self.changed.union(self.held, *self.held.values(), self.result_of, self.result_held, *parts) - {MODULE}

    def placed(self, places: dict[Any, int]) -> Flows:
        """The same of a call's operands."""

        def at(names: frozenset[Any]) -> frozenset[Any]:
            return frozenset(places.get(n, n) for n in names)

        held = {places[p]: at(names) for p, names in self.held.items()}
        items = tuple((at(of), at(held_by)) for of, held_by in self.items)
        return Flows(at(self.changed), held, at(self.result_of), at(self.result_held), self.outside, items)


@dataclasses.dataclass(frozen=True)
class CalledCode:
    """The Python function that a call is known to run."""

    callee: types.FunctionType
    places: dict[str, int]  # of its parameters, among the operands: the callee or object first
    kinds: dict[str, Kind]


def called_code(stmt: ir.Bind) -> CalledCode | None:
    """The function that a call runs, where its code is known and has no rule."""
    expr, facts = stmt.expr, stmt.facts
    if not isinstance(expr, ir.Apply) or expr.stars or any(k is None for k, _ in expr.keywords):
        return None
    owner = facts.kinds[0]
    callee: Any = facts.callee if facts.known else None
    if expr.method is not None and not facts.known and isinstance(owner.value, type):
        callee = getattr(owner.value, expr.method, None)  # a class method
    elif expr.method is not None and not facts.known and owner.mask == STRUCT and owner.cls is not None:
        callee = inspect.getattr_static(owner.cls, expr.method, None)
    elif expr.method is None and not facts.known and owner.mask == STRUCT and owner.cls is not None:
        callee = call_of(owner.cls)
    elif expr.method is not None and not facts.method and not isinstance(owner.value, (type, types.ModuleType)):
        return None
    first = 0 if facts.method or not facts.known else 1
    if isinstance(callee, types.MethodType) and isinstance(callee.__self__, type) and callee.__self__ is owner.value:
        callee, first = callee.__func__, 0  # a class method of a known class
    if not isinstance(callee, types.FunctionType) or lookup(callee) is not None or hasattr(callee, "_pullback_verb"):
        return None
    kinds = facts.kinds[first:]
    keywords = tuple(str(k) for k, _ in expr.keywords)
    bound = bind_parameters(callee.__code__, len(kinds) - len(keywords), keywords)
    if bound is None:
        return None
    return CalledCode(callee, {p: i + first for i, p in enumerate(bound)}, dict(zip(bound, kinds, strict=True)))


def holds_more(stmt: ir.Bind) -> bool:
    """Whether a call is of an object that holds more than its code, such as `values.append` or a partial."""
    callee, kind = stmt.facts.callee, stmt.facts.kinds[0]
    if not stmt.facts.known:
        return kind.mask == STRUCT and kind.cls in (functools.partial, types.MethodType)
    if isinstance(callee, (types.FunctionType, type)) or lookup(callee) is not None:
        return False
    if isinstance(callee, (types.BuiltinFunctionType, types.MethodWrapperType)):
        return not isinstance(callee.__self__, (type, types.ModuleType, type(None)))
    return isinstance(callee, (types.MethodType, functools.partial))


def calls_mutator(stmt: ir.Stmt) -> bool:
    """Whether a statement calls `append` or the like of an object whose class is not known, by its usual name."""
    if not isinstance(stmt, ir.Bind) or not isinstance(stmt.expr, ir.Apply) or stmt.expr.method not in MUTATORS:
        return False
    return not stmt.facts.known and called_code(stmt) is None and stmt.facts.kinds[0].mask != STRUCT


def named(outer: str) -> str:
    """Global data in a message."""
    return "what a global variable holds" if outer == MODULE else f"`{outer}`"


def functions_made(statements: list[ir.Stmt]) -> dict[str, FunctionNode]:
    """The names that stand for one nested function throughout: one that is decorated, or one of two, may do more."""
    times = Counter(n for s in statements for n in ir.assigned(s))
    made = [s for s in statements if isinstance(s, ir.Bind) and times[s.target] == 1]
    return {s.target: s.expr.node for s in made if isinstance(s.expr, ir.Closure)}


class CallEffects:
    """Says of each call of one function whether it may change something."""

    def __init__(
        self, function: ir.FunctionIR, scope: dict[str, Any], function_changes: FunctionChanges,
        function_flows: FunctionFlows,
    ) -> None:  # fmt: skip
        self.function_flows = function_flows
        self.read = names_read(function)
        self.scope = {k: v for k, v in scope.items() if k not in function.locals}
        self.function_changes = function_changes
        self.nested = functions_made(list(ir.walk(function.body)))

    def __call__(self, stmt: ir.Bind) -> int:
        """Whether a call may change something in place."""
        expr, facts = stmt.expr, stmt.facts
        if not isinstance(expr, ir.Apply):
            return self.of_protocol(stmt)
        writes = may_write(stmt, self.read)
        if writes:
            return writes
        if facts.known:
            return self.of_callee(facts.callee, stmt, facts.kinds[0] if facts.method else None)
        if expr.method is not None:
            return self.of_method(stmt, expr.method, facts.kinds[0])
        if isinstance(expr.callee, ir.Var) and expr.callee.name in self.nested:
            return self.nested_changes(expr.callee.name)
        kind = facts.kinds[0]
        if isinstance(kind.sample, (types.FunctionType, types.BuiltinFunctionType)):
            return self.of_callee(kind.sample, stmt, None)
        if kind.mask == STRUCT and kind.cls is types.BuiltinFunctionType:
            return MAYBE  # such as `operator.imul`, or `values.append`
        if kind.mask == STRUCT and kind.cls is not None:
            return self.of_callee(call_of(kind.cls), stmt, kind)
        name = expr.callee.name if isinstance(expr.callee, ir.Var) else ""
        if name in self.scope:
            return self.of_callee(self.scope[name], stmt, None)
        return MAYBE

    def flows(self, stmt: ir.Bind) -> Flows | None:
        """What a call of known code does with its operands, by their places, the callee or object first."""
        marked = getattr(stmt.facts.callee, "changed_operands", None) if stmt.facts.known else None
        if marked is not None and stmt.facts.kinds[marked[0] + 1].numeric:  # an array holds the numbers of others
            own = frozenset(i + 1 for i in marked)
            return Flows(own, {}, own, frozenset())
        code = called_code(stmt)
        found = self.function_flows(code.callee, code.kinds) if code is not None else None
        if code is None or found is None or not found.names().issubset(code.places):
            return None
        return found.placed(code.places)

    def of_protocol(self, stmt: ir.Bind) -> int:
        """Whether an attribute, item or operator of a known class runs code that changes something."""
        names: tuple[str, ...] = ()
        match stmt.expr:
            case ir.Attr(name=name):
                stored = all(name in getattr(k.sample, "__dict__", ()) for k in stmt.facts.kinds)
                names = (name,) if stored else (name, "__getattr__")
            case ir.Item():
                names = ("__getitem__",)
            case ir.Operation(op=op, args=(_, _)):
                names = (f"__{METHODS[op]}__", f"__r{METHODS[op]}__")
            case ir.Operation(op=op):
                names = (f"__{op}__",)
        level = NO
        for kind in stmt.facts.kinds:
            if kind.mask != STRUCT or kind.cls is None:
                continue
            for name in names:
                found = inspect.getattr_static(kind.cls, name, None)
                if isinstance(found, functools.cached_property):
                    level = max(level, self.function_of(found.func, kind))
                elif isinstance(found, property):
                    level = max(level, self.function_of(found.fget, kind))
                elif name.startswith("__"):
                    level = max(level, self.function_of(found, kind))
        return level

    def function_of(self, function: Any, owner: Kind) -> int:
        """Whether a method of one class changes something, whatever its other arguments are."""
        if not isinstance(function, types.FunctionType) or lookup(function) is not None:
            return NO
        return self.function_changes(function, dict(zip(function.__code__.co_varnames[:1], [owner], strict=False)))

    def of_method(self, stmt: ir.Bind, method: str, owner: Kind) -> int:
        """Whether a method changes something, its object included."""
        if owner.mask == STRUCT and owner.cls is not None:
            static = next((b.__dict__[method] for b in owner.cls.__mro__ if method in b.__dict__), None)
            if isinstance(static, functools.partialmethod):
                return self.of_callee(static.func, stmt, owner)
            if isinstance(static, functools.singledispatchmethod):
                return max(self.of_callee(f, stmt, owner) for f in static.dispatcher.registry.values())
            if isinstance(getattr(type(static), "__get__", None), types.FunctionType):
                return MAYBE  # a descriptor of the user's
            found = getattr(owner.cls, method, None)
            if found is None and owner.sample is not UNSET:  # an object in a field, which is called
                found = getattr(owner.sample, method, None)
                if isinstance(found, types.FunctionType):
                    return MAYBE  # (another object may hold another function)
                inner = Kind(STRUCT, type(found), UNSET, "", found)
                return self.of_callee(call_of(type(found)), stmt, inner)
            if isinstance(static, (staticmethod, classmethod)):
                return self.of_callee(static.__func__, stmt, UNKNOWN if isinstance(static, classmethod) else None)
            return self.of_callee(found, stmt, owner)
        if method == "at" and isinstance(owner.value, np.ufunc):
            return YES
        if isinstance(owner.value, types.ModuleType):
            return self.of_callee(getattr(owner.value, method, None), stmt, None)
        if not owner.mask & ~_BUILTIN_KINDS:
            return YES if method in MUTATORS else NO
        if method == "__exit__":
            return YES
        if method in MUTATORS:
            return LIKELY
        return NO if method in _HARMLESS_METHODS else MAYBE

    def of_callee(self, callee: Any, stmt: ir.Bind, first: Kind | None) -> int:
        """Whether calling this very object changes something; `first` is the kind of the object of a method."""
        if getattr(callee, "changes_arguments", False):
            return MAYBE
        entry = lookup(callee)
        if entry is not None and entry.changes and not entry.vjps:
            return self.of_callee(entry.stand_in, stmt, first)
        kinds = [k for k in stmt.facts.kinds[1:] if k.mask == STRUCT]
        builtin = isinstance(callee, (type, types.BuiltinFunctionType)) and callee in ASKING
        if kinds and builtin and not (entry is not None and entry.vjps):
            found = [(f, k) for k in kinds if k.cls is not None for f in own_methods(k.cls, ASKING[callee])]
            return max((self.function_of(f, k) for f, k in found), default=NO)
        known = entry is not None and (entry.vjps or entry.rule or entry.constant or entry.intrinsic or entry.stand_in)
        if known:
            return NO
        if hasattr(callee, "_pullback_verb"):
            return NO
        if isinstance(callee, types.MethodType):
            return self.of_callee(callee.__func__, stmt, UNKNOWN)
        if isinstance(callee, type):
            init = _own_init(callee)
            if init is None:
                return NO
            own = init.__code__.co_varnames[0]
            return self.function_changes(init, {own: Kind(STRUCT, callee)}, own)
        if not isinstance(callee, types.FunctionType):
            method = call_of(type(callee))
            if isinstance(method, types.FunctionType):
                return self.of_callee(method, stmt, kind_of(callee))
            if callee is None:
                return MAYBE
            # C code: it has a rule or is refused
            return YES if getattr(callee, "__name__", "") in (*MUTATORS, "at") else NO
        expr = stmt.expr
        assert isinstance(expr, ir.Apply)
        if expr.stars or any(k is None for k, _ in expr.keywords):
            return self.function_changes(callee, {})
        kinds = [*([first] if first is not None else []), *stmt.facts.kinds[1:]]
        count = len(kinds) - len(expr.keywords)
        bound = bind_parameters(callee.__code__, count, tuple(str(k) for k, _ in expr.keywords))
        return self.function_changes(callee, dict(zip(bound, kinds, strict=True)) if bound is not None else {})

    def nested_changes(self, name: str) -> int:
        """Whether a function that this one defines changes something."""
        node = self.nested[name]
        effects = effects_of(node)
        if effects.anything:
            return YES
        if effects.augmented:
            return MAYBE  # `x += 1` changes an array, and rebinds a number
        names = {**self.scope, **dict.fromkeys(self.nested, len)}  # (each nested function is looked at)
        others = [n for n in self.nested if n != name and effects_of(self.nested[n]).anything]
        return MAYBE if others or not all(call_is_pure(n, names) for n in ast.walk(node)) else NO


def call_of(cls: type) -> Any:
    """What runs when an instance of a class is called, or None."""
    return next((b.__dict__["__call__"] for b in cls.__mro__ if "__call__" in b.__dict__), None)


def _own_init(cls: type) -> types.FunctionType | None:
    """The code that runs when an instance is made, where it is not only the setting of fields."""
    init: Any = inspect.getattr_static(cls, "__init__")
    if not isinstance(init, types.FunctionType):
        return None
    if dataclasses.is_dataclass(cls) and init.__code__.co_filename == "<string>":
        return getattr(cls, "__post_init__", None)
    return init
