"""The pipeline: from a function to its derivative, stage by stage.

    source -> fence -> lower -> infer -> activity -> reverse -> simplify -> emit

`derive` runs the stages. A derivative is made for (function, kinds of the arguments, active
arguments) and kept under that key; a *joint* function holds both sweeps in one body, a *pair* holds
`forward(*args) -> (value, residuals)` and `reverse(residuals, cotangent) -> tangents`.
"""

from __future__ import annotations

import ast
import threading
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pullback import ir
from pullback.activity import analyse
from pullback.array_methods import settle_array_methods
from pullback.assemble import assemble
from pullback.boxes import boxed, can_box
from pullback.calls import argument_kinds, bind_parameters, static_parameters
from pullback.changing import LIKELY, MAYBE, NO, YES, CallEffects
from pullback.errors import DifferentiabilityError
from pullback.fence import check
from pullback.forward_try import FIRST_CHANGE, first_change
from pullback.generated import DIFFERENTIAL, PAIR, Derivative, Request, Stages
from pullback.infer import infer, kinds_of_names
from pullback.kinds import FUNC, NONE, NOTHING, STRUCT, UNKNOWN, UNSET, Kind, kind_of, same
from pullback.lower import lower
from pullback.lower_iterations import settle_iterations
from pullback.managers import opened
from pullback.names import Names
from pullback.progress import in_steps
from pullback.rules import EPOCH, refuse_library_code, scope
from pullback.sharing import Sharing
from pullback.solitary import unseen_changes
from pullback.source import acquire
from pullback.spans import Diagnostic
from pullback.sweeps import forward_sweep, reverse_sweep, simplified
from pullback.tangent_assembly import assemble_differential, not_forward

LOCK = threading.RLock()


class _Redo:
    """Called by a forward function whose guards fail: finds the derivative that holds now."""

    def __init__(self, function: types.FunctionType, request: Request) -> None:
        self.function = function
        self.request = request

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        skipped = len(self.request.active) + len(self.request.captures) if self.request.form == DIFFERENTIAL else 0
        names = bind_parameters(self.function.__code__, len(args) - skipped, tuple(kwargs)) or []
        arguments = dict(zip(names, (*args[skipped:], *kwargs.values()), strict=False))
        return pair_for(_renewed(self.function, arguments), self.request, arguments)(*args, **kwargs)


def _renewed(function: types.FunctionType, arguments: dict[str, Any]) -> types.FunctionType:
    """A function that was itself generated, as it would be generated now."""
    origin = getattr(function, "_pullback_origin", None)
    if origin is None:
        return function
    return pair_for(_renewed(origin[0], arguments), origin[1], arguments)


_DERIVATIVES: dict[Any, list[Derivative]] = {}
_KEPT = 32
_HELD: dict[int, types.CodeType] = {}


def find(function: types.FunctionType, request: Request, arguments: dict[str, Any] | None = None) -> Derivative:
    """The derivative of a function for a request: found, or generated. From `arguments` fields are guessed."""
    arguments = arguments or {}
    code = function.__code__
    key = (id(code), request, (EPOCH.now, *map(id, scope())) if EPOCH.scopes else ())
    with LOCK:
        for known in _DERIVATIVES.get(key, ()):
            if known.made is None and known.function is function:
                return known  # being generated: a recursive call
            if known.holds(function, arguments):
                return known
        _HELD[id(code)] = code
        made = [d for d in _DERIVATIVES.get(key, ()) if d.made is not None]
        if len(made) > _KEPT:
            _DERIVATIVES[key].remove(made[0])  # kinds of fields, or captured functions, that keep changing
        return derive(function, request, arguments, _DERIVATIVES.setdefault(key, []))


def pair_for(
    function: types.FunctionType, request: Request, arguments: dict[str, Any] | None = None
) -> types.FunctionType:
    """The forward function of a pair, for one function object."""
    found = find(function, request, arguments)
    if found.made is not None and found.function is function:
        made: types.FunctionType = found.made
        return made
    return found.make(function, _Redo(function, request))


def derive(
    function: types.FunctionType, request: Request, arguments: dict[str, Any], publish: list[Derivative]
) -> Derivative:
    """Generate a derivative: the whole pipeline."""
    refuse_library_code(function)
    names = Names(function)
    derivative = Derivative(function.__name__, request, names, None if EPOCH.scopes else EPOCH.now, function=function)
    derivative.defaults = function.__defaults__
    publish.append(derivative)  # before its callees: they may call it
    try:
        source = acquire(function)
        refuse(check(source.node, source.filename))
        kinds = {p: Kind(*k) for p, k in request.kinds}
        in_boxes: frozenset[str] = frozenset()
        by_calls: frozenset[tuple[int, int]] = frozenset()
        while True:
            lowered = lower(source, function.__name__, function.__code__.co_freevars)
            given = {p: _with_sample(p, kinds.get(p, UNKNOWN), arguments) for p in lowered.parameters}
            derivative.result, sharing = _inferred(lowered, names, given)
            activity = analyse(lowered, request.active | request.captures, sharing)
            more = frozenset(n for n in activity.boxes - in_boxes if can_box(source.node, n))
            managers = frozenset(activity.managers) - by_calls
            if not (more or managers) or not isinstance(source.node, ast.FunctionDef):
                break
            in_boxes, by_calls = in_boxes | more, by_calls | managers
            source = boxed(source, more) if more else opened(source, managers)
        refuse(activity.refusals)
        settle_iterations(lowered)
        in_steps(lowered.body, activity.changes)
        derivative.stages = Stages(source, lowered, activity, sharing, derivative.result)
        if request.form == DIFFERENTIAL:
            refuse(not_forward(lowered, activity, sharing))
            assemble_differential(derivative, lowered, source, activity, sharing, _Pairs(names, DIFFERENTIAL).along)
        else:
            sweep = reverse_sweep(derivative, lowered, activity, sharing)
            code = simplified(derivative, lowered, sweep)
            body = forward_sweep(derivative, lowered, sharing, sweep, code, _Pairs(names, PAIR))
            derivative.changes = sharing.changed_outside(activity.changes)
            assemble(derivative, lowered, source, sweep, body, code)
            if activity.changes and derivative.forward is not None:
                FIRST_CHANGE[derivative.forward.code] = first_change(lowered.body, activity.changes & sharing.likely)
    except BaseException:
        publish.remove(derivative)
        raise
    derivative.made = derivative.make(function, _Redo(function, request))
    for cell in derivative.waiting:
        cell.cell_contents = derivative.made
    return derivative


def _with_sample(parameter: str, kind: Kind, arguments: dict[str, Any]) -> Kind:
    if kind.mask in (STRUCT, FUNC) and parameter in arguments:
        return Kind(kind.mask, kind.cls, UNSET, parameter, arguments[parameter])
    return kind


def _inferred(lowered: ir.FunctionIR, names: Names, given: dict[str, Kind]) -> tuple[Kind, Sharing]:
    """The kind of the result, and what the function's names share; the kinds of all values are in the facts."""
    result = infer(lowered, names, given, _result_of)
    settle_array_methods(lowered)
    sharing = _sharing(lowered, names, given)
    if sharing.changed and names.fields:  # what a field holds may change while the function runs
        names.fields.clear()
        names.guessing = False
        result = infer(lowered, names, given, _result_of)
        settle_array_methods(lowered)
        sharing = _sharing(lowered, names, given)
    return result, sharing


def _sharing(lowered: ir.FunctionIR, names: Names, given: dict[str, Kind]) -> Sharing:
    effects: Callable[[ir.Bind], int] = CallEffects(lowered, names.values(), function_changes)
    if names.helpers:  # generated code changes nothing: what it was made from was refused where it did
        effects = _nothing
    elif str(names.globals.get("__name__", "")).startswith("pullback.") or any(
        _is_verb(s) for s in ir.walk(lowered.body)
    ):  # what a verb returns changes nothing, or is refused
        effects = _Certain(effects)
    kinds = {n: Kind(kind_of(v).mask) for n, v in names.values().items() if n in names.classes}
    kinds.update(dict.fromkeys(names.helpers, Kind(NONE)))  # nothing of theirs changes
    kinds.update(kinds_of_names(lowered, given))
    return Sharing(lowered, kinds, effects, unseen_changes(lowered))


def _is_verb(stmt: ir.Stmt) -> bool:
    """Whether a statement calls `gradient`, `pullback` or another of the verbs."""
    modules = ("pullback.operators", "pullback.forward_verbs", "pullback.second_order")
    return isinstance(stmt, ir.Bind) and stmt.facts.known and getattr(stmt.facts.callee, "__module__", "") in modules


class _Certain:
    """Only the changes that are certain."""

    def __init__(self, effects: Callable[[ir.Bind], int]) -> None:
        self.effects = effects

    def __call__(self, stmt: ir.Bind) -> int:
        level = self.effects(stmt)
        return level if level == YES else NO


def _nothing(stmt: ir.Bind) -> int:
    return NO


_CHANGES: dict[Any, tuple[Any, int]] = {}


def function_changes(function: types.FunctionType, kinds: dict[str, Kind], fresh: str = "") -> int:
    """Whether a call of a function may change something that its caller can see."""
    if function.__code__.co_flags & 0x280:
        return MAYBE
    key = (id(function), fresh, tuple(sorted((p, k.key) for p, k in kinds.items())), EPOCH.now, *map(id, scope()))
    known = _CHANGES.get(key)
    if known is not None and known[0] is function.__code__:
        return known[1]
    if len(_CHANGES) > 4096:
        _CHANGES.clear()
    _CHANGES[key] = (function.__code__, NO)  # a recursive call changes what the rest does
    changes = MAYBE
    try:
        source = acquire(function)
        if not check(source.node, source.filename):
            lowered = lower(source, function.__name__, function.__code__.co_freevars)
            given = {p: kinds.get(p, UNKNOWN) for p in lowered.parameters}
            sharing = _inferred(lowered, Names(function), given)[1]
            if not sharing.changes_outside(fresh):
                changes = NO
            elif sharing.changes_outside(fresh, sharing.likely):
                changes = LIKELY
    except DifferentiabilityError:
        pass
    _CHANGES[key] = (function.__code__, changes)
    return changes


def refuse(diagnostics: list[Diagnostic]) -> None:
    """Raise what a stage refused, all of it."""
    if diagnostics:
        raise DifferentiabilityError(*diagnostics)


_RESULTS: dict[Any, Kind] = {}
_INFERRING: list[Any] = []
_ASSUMED: set[Any] = set()  # recursive calls that were taken to return nothing yet


def _result_of(stmt: ir.Bind, arguments: list[Kind]) -> Kind:
    """The kind of a known function's result, by inference through its body."""
    bound = static_parameters(stmt)
    if bound is None or len(_INFERRING) > 20:
        return UNKNOWN
    callee = stmt.facts.callee
    kinds = argument_kinds(callee, bound, arguments)
    key = (id(callee), tuple((p, k.key) for p, k in kinds.items()), EPOCH.now, *map(id, scope()))
    if key in _RESULTS:
        return _RESULTS[key]
    if key in _INFERRING:
        _ASSUMED.add(key)
        return NOTHING
    _INFERRING.append(key)
    try:
        source = acquire(callee)
        if check(source.node, source.filename):
            return UNKNOWN
        lowered = lower(source, callee.__name__, callee.__code__.co_freevars)
        given = {p: kinds.get(p, UNKNOWN) for p in lowered.parameters}
        result = infer(lowered, Names(callee), given, _result_of)
        if key in _ASSUMED:  # once more, now that the recursive calls have a result: it must not grow
            _ASSUMED.discard(key)
            _RESULTS[key] = result
            if not same(infer(lowered, Names(callee), given, _result_of), result):
                result = UNKNOWN
            del _RESULTS[key]
        if not result.mask:
            result = UNKNOWN
        if not _ASSUMED:
            _RESULTS[key] = result
        return result
    except DifferentiabilityError:
        return UNKNOWN
    finally:
        _INFERRING.pop()


class _Pairs:
    """The generated pairs (or differentials) of the functions that a function is known to call."""

    def __init__(self, names: Names, form: str) -> None:
        self.names = names
        self.form = form

    def __call__(self, stmt: ir.Bind, lent: bool, strict: bool) -> Derivative | None:
        return self.along(stmt, stmt.facts.active, lent, strict)

    def along(
        self, stmt: ir.Bind, flags: tuple[bool, ...], lent: bool = False, strict: bool = False
    ) -> Derivative | None:
        """The derivative for the operands that are flagged, the callee first."""
        bound = static_parameters(stmt)
        if bound is None:
            return None
        facts = stmt.facts
        active = [p for p, flag in zip(bound, flags[1:], strict=True) if flag]
        order = [p for p in facts.callee.__code__.co_varnames if p in active]
        if active != order:
            return None
        kinds = argument_kinds(facts.callee, bound, list(facts.kinds[1:]))
        request = Request(
            frozenset(active), frozenset(), tuple(sorted((p, k.key) for p, k in kinds.items())), self.form,
            lent=lent, strict=strict,
        )  # fmt: skip
        try:
            pair = find(facts.callee, request)
        except DifferentiabilityError as error:
            raise _at_call(error, stmt) from None
        if pair.function is not facts.callee or (strict and pair.changes):
            return None  # (the run-time call refuses it)
        if facts.callee.__defaults__ and len(bound) < facts.callee.__code__.co_argcount:
            path = next((p for p, v in self.names.identities.items() if v is facts.callee), None)
            if path is None:
                return None
            self.names.defaults[path] = (facts.callee, facts.callee.__defaults__)
        return pair


def _at_call(error: DifferentiabilityError, stmt: ir.Bind) -> DifferentiabilityError:
    """The refusal of a callee, told at the line that calls it."""
    if error.diagnostics:
        note = f"called at {stmt.span}"
        return DifferentiabilityError(*(replace(d, notes=(*d.notes, note)) for d in error.diagnostics))
    message, _, instead = str(error).partition("; ")
    return DifferentiabilityError(Diagnostic("no-derivative", message, stmt.span, "called here", help=instead))
