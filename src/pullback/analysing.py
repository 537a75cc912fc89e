"""The analyses of a function, together with those of the functions that it is known to call.

What a call returns, and what it changes, is found by reading its callee; each answer is kept.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from pullback import ir
from pullback.activity import Activity, analyse
from pullback.array_methods import settle_array_methods
from pullback.boxes import boxed, can_box
from pullback.calls import argument_kinds, bind_parameters, static_parameters
from pullback.cells import on_cells
from pullback.changing import LIKELY, MAYBE, MODULE, NO, YES, CallEffects, Flows, called_code
from pullback.conditions import Place, settle_conditions
from pullback.decided import take_decided_arms
from pullback.errors import DifferentiabilityError
from pullback.fence import check
from pullback.field_calls import split_field_calls
from pullback.generated import Stages
from pullback.infer import infer, kinds_of_names
from pullback.kinds import (
    NONE,
    NOTHING,
    STRUCT,
    UNKNOWN,
    UNSET,
    Kind,
    kind_of,
    renamed,
    same,
    without_parts,
    without_sample,
)
from pullback.lower import lower
from pullback.managers import opened
from pullback.module_data import ModuleData, data_read, is_users
from pullback.names import Names
from pullback.operator_calls import as_syntax
from pullback.renaming import renamed_parameters
from pullback.rules import EPOCH, lookup, scope
from pullback.sharing import Sharing
from pullback.solitary import unseen_changes
from pullback.source import Source, acquire
from pullback.spans import Diagnostic
from pullback.states import is_set
from pullback.stored import only_stores, says_of_parts
from pullback.verb_results import callee_of, is_verb, made_by_verbs


def analysed(
    function: types.FunctionType, source: Source, names: Names, given: Callable[[ir.FunctionIR], dict[str, Kind]],
    active: frozenset[str],
) -> Stages:  # fmt: skip
    """The stages from lowering to activity: again, where that finds variables or contexts that need another form."""
    in_boxes: frozenset[str] = frozenset()
    apart: frozenset[Place] = frozenset()
    by_calls: frozenset[tuple[int, int]] = frozenset()
    if names.forward:
        source = renamed_parameters(source)
    while True:
        lowered = lower(source, function.__name__, function.__code__.co_freevars, apart=apart, ends=not names.forward)
        lowered.made = made_by(function)
        result, sharing = inferred(lowered, names, given(lowered))
        if not names.forward:  # (where tangents change as values do)
            sharing.meet(active)
        if names.lent and lowered.generator:
            sharing.interleave(active)
        activity = analyse(lowered, active, sharing)
        places = settle_conditions(lowered, names.field, method_changes, apart)
        if places:
            apart |= places
            continue
        more = frozenset(n for n in activity.boxes - in_boxes if can_box(source.node, n))
        managers = frozenset(activity.managers) - by_calls
        if not (more or managers) or not isinstance(source.node, ast.FunctionDef):
            return Stages(source, lowered, activity, sharing, result)
        in_boxes, by_calls = in_boxes | more, by_calls | managers
        source = boxed(source, more) if more else opened(source, managers)


def made_by(function: types.FunctionType) -> tuple[str, ...]:
    """The parameters that hold a new object which a constructor, or its differential, fills in."""
    first = function.__code__.co_varnames[: min(1, function.__code__.co_argcount)]
    constructs = function.__name__ in ("__init__", "__post_init__")
    made: tuple[str, ...] = getattr(function, "_pullback_made", first if constructs else ())
    return made


def inferred(lowered: ir.FunctionIR, names: Names, given: dict[str, Kind]) -> tuple[Kind, Sharing]:
    """The kind of the result, and what the function's names share; the kinds of all values are in the facts."""
    names.guessing = names.guessing and not lowered.generator  # (what its callers do between items is not known)
    result_of = partial(_result_of, names=names)
    result = infer(lowered, names, given, result_of)
    if as_syntax(lowered) | split_field_calls(lowered):
        result = infer(lowered, names, given, result_of)
    settle_array_methods(lowered)
    sharing = _sharing(lowered, names, given)
    if sharing.changed and names.guessing:  # what a field or container holds may change while the function runs
        given = {p: without_parts(k) for p, k in given.items()}
        found = only_stores(lowered, names, given, result_of, _sharing)
        if found is not None:
            return found
        names.fields.clear()
        names.guessing = False
        result = infer(lowered, names, given, result_of)
        settle_array_methods(lowered)
        take_decided_arms(lowered)
        sharing = _sharing(lowered, names, given)
    elif take_decided_arms(lowered):
        sharing = _sharing(lowered, names, given)
    return result, sharing


def _sharing(lowered: ir.FunctionIR, names: Names, given: dict[str, Kind]) -> Sharing:
    known = CallEffects(lowered, names.values(), partial(function_changes, relying=names), function_flows)
    module = str(names.globals.get("__name__", ""))
    effects: Callable[[ir.Bind], int] = known
    if names.helpers and not names.changing:  # generated from what changes nothing
        effects = lambda stmt: NO  # noqa: E731
    elif module.startswith("pullback.") and module.rpartition(".")[2] not in _CHANGE:
        effects = _Certain(known)
    elif any(is_verb(s) for s in ir.walk(lowered.body)):  # what a verb returns changes nothing, or is refused
        effects = _Certain(known, made_by_verbs(lowered))
    kinds = {n: Kind(kind_of(v).mask) for n, v in names.values().items() if n in names.classes}
    kinds.update(dict.fromkeys(names.helpers, Kind(NONE)))  # nothing of theirs changes
    kinds.update(kinds_of_names(lowered, given))
    own = module.startswith("pullback.")  # (this library stores no differentiated value in its modules)
    return Sharing(lowered, kinds, effects, known.flows, unseen_changes(lowered), own, names.together)


# modules whose functions change what they are given
_CHANGE = (
    "asking",
    "differential_changes",
    "differential_in_place",
    "differential_construct",
    "forward_changes",
    "forward_array_changes",
    "function_caches",
    "copying",
    "operator_changes",
    "operator_functions",
    "replacing",
)


class _Certain:
    """Only the changes that are certain, by all calls or by those of what some names stand for."""

    def __init__(self, effects: CallEffects, callees: frozenset[str] | None = None) -> None:
        self.effects = effects
        self.callees = callees

    def __call__(self, stmt: ir.Bind) -> int:
        level = self.effects(stmt)
        if self.callees is not None:
            callee = callee_of(stmt, stmt.expr) if isinstance(stmt.expr, ir.Apply) else None
            if not (isinstance(callee, ir.Var) and callee.name in self.callees):
                return level
        return level if level == YES else NO


_CHANGES: dict[Any, tuple[Any, int, Flows | None]] = {}
_READING: list[Any] = []  # the functions being read, by their keys
_UNSURE: set[Any] = set()  # those of them that were taken to change nothing, as something that they call calls them
_PROVISIONAL: list[Any] = []  # what was found with that, to be found again


def function_changes(
    function: types.FunctionType, kinds: dict[str, Kind], fresh: str = "", relying: Names | None = None
) -> int:
    """Whether a call of a function may change something that its caller can see.

    A caller `relying` on the arguments at hand, whose guards see to it, is told what holds for objects like them.
    """
    level = _function_changes(function, kinds, fresh)[0]
    if level == NO and relying is not None and function.__closure__ is not None:
        for name in relying.holding(function):  # (another closure of the same code may hold another function)
            relying.unchanging[name] = lambda f: _function_changes(f, kinds, fresh)[0] == NO
    if level == NO or relying is None or not relying.guessing:
        return level
    outer = {p: k for p, k in kinds.items() if k.sample is not UNSET and k.path}
    guessed = _changes_of(function, kinds, outer, fresh) if outer and not function.__code__.co_flags & 0x280 else None
    if guessed is None or guessed[0] >= level:
        return level
    relying.take_over(guessed[1], outer)
    return guessed[0]


_GUESSED: dict[Any, tuple[int, dict[str, Any]] | None] = {}  # held with their samples, until `forget_samples`


def _changes_of(
    function: types.FunctionType, kinds: dict[str, Kind], outer: dict[str, Kind], fresh: str
) -> tuple[int, dict[str, Any]] | None:
    """What a function changes if its arguments are like those at hand, and the guesses which that relies on."""
    samples = tuple((p, id(k.sample)) for p, k in outer.items())
    key = (id(function), fresh, tuple(sorted((p, k.key) for p, k in kinds.items())), samples, EPOCH.now)
    if key not in _GUESSED:
        _GUESSED[key] = None  # (a recursive call: nothing is known)
        _SAMPLED.append((None, outer))
        function = on_cells(function)
        inner = Names(function)
        given = {p: renamed(k, p) if p in outer else _bare(k) for p, k in kinds.items()}
        try:
            level = _read_changes(function, given, fresh, inner)[0]
        except DifferentiabilityError:
            return None
        if inner.guessing:
            _GUESSED[key] = level, inner.fields
    return _GUESSED[key]


def _bare(kind: Kind) -> Kind:
    """A kind without the object at hand: what is found holds for all of the kind."""
    parts = kind.parts and tuple((n, _bare(k)) for n, k in kind.parts)
    return Kind(kind.mask, kind.cls, kind.value, kind.path, UNSET, parts)


def function_flows(function: types.FunctionType, kinds: dict[str, Kind]) -> Flows | None:
    """What a call does with its operands, and with what is outside; None where that is not known."""
    return _function_changes(function, kinds, "")[1]


def made_alike(function: types.FunctionType, depth: int = 3) -> Any:
    """What closures have in common that do the same: their code, and what they captured, functions by theirs."""
    if function.__closure__ is None:
        return id(function)
    held = [cell.cell_contents if is_set(cell) else None for cell in function.__closure__]
    nested = [made_alike(x, depth - 1) if isinstance(x, types.FunctionType) and depth else _sort_of(x) for x in held]
    return id(function.__code__), *nested


def _sort_of(x: Any) -> Any:
    fixed = isinstance(x, (type, types.ModuleType, types.FunctionType))
    return id(x) if fixed or callable(x) else kind_of(x).key


def _function_changes(function: types.FunctionType, kinds: dict[str, Kind], fresh: str) -> tuple[int, Flows | None]:
    if function.__code__.co_flags & 0x280:
        return MAYBE, None
    given = tuple(sorted((p, k.key) for p, k in kinds.items()))
    key = (made_alike(function), fresh, given, EPOCH.now, *map(id, scope()))
    known = _CHANGES.get(key)
    code = function.__code__
    if known is not None and known[0] is code:
        _UNSURE.update([key] if key in _READING else ())
        return known[1], known[2]
    if len(_CHANGES) > 4096:
        _CHANGES.clear()
    _CHANGES[key] = (code, NO, None)  # a recursive call changes what the rest does
    _READING.append(key)
    try:
        function = on_cells(function)
        changes, flows = _read_changes(function, {p: _bare(k) for p, k in kinds.items()}, fresh, Names(function))
    except DifferentiabilityError:
        changes, flows = MAYBE, None
    finally:
        _READING.pop()
    _CHANGES[key] = (code, changes, flows)
    _UNSURE.discard(key)
    if _UNSURE:  # found while a caller of this one was taken to change nothing: no answer to those who ask later
        _PROVISIONAL.append(key)
    elif not _READING:
        while _PROVISIONAL:
            _CHANGES.pop(_PROVISIONAL.pop(), None)
    return changes, flows


def _read_changes(
    function: types.FunctionType, kinds: dict[str, Kind], fresh: str, names: Names
) -> tuple[int, Flows | None]:
    """What a function changes, by reading it; `names` takes the guesses which that relies on."""
    source = acquire(function)
    if check(source.node, source.filename):
        return MAYBE, None
    apart: frozenset[Place] = frozenset()
    while True:
        lowered = lower(source, function.__name__, function.__code__.co_freevars, apart=apart)
        given = {p: kinds.get(p, UNKNOWN) for p in lowered.parameters}
        sharing = inferred(lowered, names, given)[1]
        places = settle_conditions(lowered, names.field, method_changes, apart, gated=False)
        if not places:
            break
        apart |= places
    if not sharing.changes_outside(fresh):
        return NO, sharing.flows()
    return (LIKELY if sharing.changes_outside(fresh, sharing.likely) else MAYBE), sharing.flows()


_STORES: dict[Any, tuple[Any, list[Diagnostic], bool]] = {}


def stores_outside(made: Stages) -> list[Diagnostic]:
    """What the calls of a function store of differentiated values in what their modules hold, read by any of them.

    A call that only may do so is marked: it is differentiated, and refused if it does, though nobody reads its result.
    """
    found: list[Diagnostic] = []
    for stmt in ir.walk(made.lowered.body):
        if not isinstance(stmt, ir.Bind) or not any(stmt.facts.active) or not made.sharing.stores_outside(stmt):
            continue
        code = called_code(stmt)
        if code is None:  # an object, which may hold anything
            stmt.facts.stores = True
            continue
        active = frozenset(p for p, i in code.places.items() if stmt.facts.active[i])
        key = (id(code.callee), active, tuple(sorted((p, k.key) for p, k in code.kinds.items())), EPOCH.now)
        if key not in _STORES:
            _STORES[key] = code.callee, [], False  # (a recursive call stores what the rest does)
            try:
                source = acquire(code.callee)
                names = Names(code.callee)
                if not check(source.node, source.filename):
                    kinds = code.kinds
                    inner = analysed(code.callee, source, names, partial(_kinds_of, kinds=kinds), active)
                    own = [d for d in inner.activity.refusals if d.id == "outer-write"]
                    own += stores_outside(inner) + _kept_in_closure(code.callee, inner, stmt)
                    marked = any(isinstance(s, ir.Bind) and s.facts.stores for s in ir.walk(inner.lowered.body))
                    _STORES[key] = code.callee, own, marked or bool(inner.activity.strict or inner.activity.watched)
            except DifferentiabilityError:
                pass
        stmt.facts.stores = _STORES[key][2]
        found += [replace(d, notes=(*d.notes, f"called at {stmt.span}")) for d in _STORES[key][1]]
    return found


def _kept_in_closure(callee: types.FunctionType, inner: Stages, stmt: ir.Bind) -> list[Diagnostic]:
    """What a closure stores of differentiated values in what it captured, where it stands in a module itself."""
    assert isinstance(stmt.expr, ir.Apply)
    if callee.__closure__ is None or (not stmt.facts.kinds[0].path and stmt.expr.method is None):
        return []
    changed = set(inner.sharing.changed_outside(inner.activity.changes)).intersection(callee.__code__.co_freevars)
    return [
        Diagnostic(
            "outer-write",
            f"a differentiated value is stored in `{name}`, which {callee.__qualname__} keeps between its calls",
            stmt.span,
            help="make the closure in the function that is differentiated",
        )
        for name in sorted(changed)
    ]


def _kinds_of(lowered: ir.FunctionIR, kinds: dict[str, Kind]) -> dict[str, Kind]:
    return {p: kinds.get(p, UNKNOWN) for p in lowered.parameters}


def method_changes(method: types.FunctionType, owner: Kind) -> int:
    """Whether a method that Python calls by itself changes something, whatever its other arguments are."""
    if lookup(method) is not None:
        return NO
    own = dict.fromkeys(method.__code__.co_varnames[:1], Kind(STRUCT, owner.cls))
    return function_changes(method, own)


def may_change_arguments(function: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call of a function may change what it is given, as far as its source tells."""
    bound = bind_parameters(function.__code__, len(args), tuple(kwargs))
    given = dict(zip(bound, (*args, *kwargs.values()), strict=True)) if bound is not None else {}
    return function_changes(function, {p: Kind(kind_of(v).mask) for p, v in given.items()}) != NO


def read_and_changed(
    function: types.FunctionType, activity: Activity, sharing: Sharing
) -> ModuleData | None:
    """What a function changes of what it is given, if it reads what modules hold, which may be the same."""
    changed = sharing.given_and_changed(activity.changes)
    if not changed or not is_users(function) or sharing.keeps_nothing or next(data_read(function), None) is None:
        return None
    return ModuleData(function, _hands_out_module_data, {n: stmt.span for n, stmt in changed.items()})


def _hands_out_module_data(function: types.FunctionType) -> bool:
    flows = function_flows(function, {})
    return flows is None or MODULE in flows.result_of | flows.result_held


_RESULTS: dict[Any, tuple[Kind, dict[str, Any]]] = {}  # and the guesses about arguments that it relies on
_SAMPLED: list[Any] = []
_INFERRING: list[Any] = []
_ASSUMED: set[Any] = set()  # recursive calls that were taken to return nothing yet
_MOST = 200  # bodies read for the result of one call: of functions that call each other, ways grow without bound
_read: list[Any] = []


def _result_of(stmt: ir.Bind, arguments: list[Kind], names: Names) -> Kind:
    """The kind of a known function's result, by inference through its body."""
    bound = static_parameters(stmt)
    if bound is None or len(_INFERRING) > 20:
        return UNKNOWN
    callee = stmt.facts.callee
    outer = argument_kinds(callee, bound, arguments)
    kinds = {p: renamed(k, p) for p, k in outer.items()}
    samples = tuple((p, id(k.sample)) for p, k in kinds.items() if k.sample is not UNSET)
    key = (id(callee), tuple((p, k.key) for p, k in kinds.items()), EPOCH.now, *map(id, scope()), samples)
    if key in _RESULTS:
        names.take_over(_RESULTS[key][1], outer)
        return _RESULTS[key][0]
    if key in _INFERRING:
        _ASSUMED.add(key)
        return NOTHING
    if not _INFERRING:
        _read.clear()
    if len(_read) > _MOST:
        return UNKNOWN  # (kinds only make code faster)
    _read.append(key)
    _INFERRING.append(key)
    try:
        source = acquire(callee)
        if check(source.node, source.filename):
            return UNKNOWN
        lowered = lower(source, callee.__name__, callee.__code__.co_freevars)
        given = {p: kinds.get(p, UNKNOWN) for p in lowered.parameters}
        inner = Names(callee)
        inner.guessing = not lowered.generator
        result_of = partial(_result_of, names=inner)
        result = infer(lowered, inner, given, result_of)
        if split_field_calls(lowered):
            result = infer(lowered, inner, given, result_of)
        if (inner.fields or says_of_parts(lowered)) and _sharing(lowered, inner, given).changed:
            inner.fields.clear()
            inner.guessing = False
            given = {p: without_sample(k) for p, k in given.items()}
            result = infer(lowered, inner, given, result_of)
        if key in _ASSUMED:  # once more, now that the recursive calls have a result: it must not grow
            _ASSUMED.discard(key)
            _RESULTS[key] = result, {}
            if not same(infer(lowered, inner, given, result_of), result):
                result = UNKNOWN
            del _RESULTS[key]
        if not result.mask:
            result = UNKNOWN
        fields = {} if same(result, UNKNOWN) else inner.fields
        names.take_over(fields, outer)
        if not _ASSUMED:
            _RESULTS[key] = result, fields
            if samples:
                _SAMPLED.append((key, kinds))  # (held, so that no other object takes the identity of a sample)
        return result
    except DifferentiabilityError:
        return UNKNOWN
    finally:
        _INFERRING.pop()


def forget_samples() -> None:
    """What was inferred from the arguments at hand is of no use for others."""
    for key, _ in _SAMPLED:
        _RESULTS.pop(key, None)
    _SAMPLED.clear()
    _GUESSED.clear()
