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
from functools import partial
from typing import Any

from pullback import ir
from pullback.activity import analyse
from pullback.array_methods import settle_array_methods
from pullback.assemble import assemble
from pullback.boxes import boxed, can_box
from pullback.calls import argument_kinds, bind_parameters, static_parameters
from pullback.changing import LIKELY, MAYBE, NO, YES, CallEffects
from pullback.decided import settle_conditions
from pullback.errors import ChangedValueError, DifferentiabilityError
from pullback.fence import check
from pullback.field_calls import split_field_calls
from pullback.forward_try import FIRST_CHANGE, first_change
from pullback.generated import DIFFERENTIAL, JOINT, PAIR, Derivative, Request, Stages
from pullback.infer import infer, kinds_of_names
from pullback.kinds import (
    DICT,
    FUNC,
    LIST,
    NONE,
    NOTHING,
    STRUCT,
    TUPLE,
    UNKNOWN,
    UNSET,
    Kind,
    fits,
    kind_of,
    of_key,
    renamed,
    same,
    without_parts,
    without_sample,
)
from pullback.lower import lower
from pullback.lower_iterations import settle_iterations
from pullback.managers import opened
from pullback.names import Names
from pullback.progress import in_steps
from pullback.rules import EPOCH, callable_name, refuse_library_code, scope
from pullback.sharing import Sharing
from pullback.solitary import unseen_changes
from pullback.source import Source, acquire
from pullback.spaces import describe
from pullback.spans import Diagnostic
from pullback.stored import only_stores, says_of_parts
from pullback.sweeps import forward_sweep, reverse_sweep, simplified
from pullback.tangent_assembly import assemble_differential, not_forward

LOCK = threading.RLock()


class _Redo:
    """Called by a forward function whose guards fail: finds the derivative that holds now."""

    def __init__(self, function: types.FunctionType, request: Request, promised: Derivative) -> None:
        self.function = function
        self.request = request
        self.promised = promised

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        skipped = len(self.request.active) + len(self.request.captures) if self.request.form == DIFFERENTIAL else 0
        names = bind_parameters(self.function.__code__, len(args) - skipped, tuple(kwargs)) or []
        arguments = dict(zip(names, (*args[skipped:], *kwargs.values()), strict=False))
        promised = self.promised.result  # (to callers that made the same guesses and saw the same names)
        only_guesses = not self.promised.guessed(arguments) and self.promised.reads_the_same(self.function)
        found = find(_renewed(self.function, arguments), self.request, arguments)
        result = pair_for(_renewed(self.function, arguments), self.request, arguments)(*args, **kwargs)
        checked = self.request.form != JOINT and not found.generator and not only_guesses
        if checked and not fits(result[0], promised):
            EPOCH.now += 1  # what relied on it is made anew
            raise ChangedValueError(
                f"the result of {callable_name(self.function)} is now of another type ({describe(result[0])}) than "
                "when the derivative of its caller was generated, as something that it reads has changed; call again"
            )
        return result


def _renewed(function: types.FunctionType, arguments: dict[str, Any]) -> types.FunctionType:
    """A function that was itself generated, as it would be generated now."""
    origin = getattr(function, "_pullback_origin", None)
    if origin is None:
        return function
    return pair_for(_renewed(origin[0], arguments), origin[1], arguments)


_DERIVING: list[types.FunctionType] = []
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
    return found.make(function, _Redo(function, request, found))


def analysed(
    function: types.FunctionType, source: Source, names: Names, given: Callable[[ir.FunctionIR], dict[str, Kind]],
    active: frozenset[str],
) -> Stages:  # fmt: skip
    """The stages from lowering to activity: again, where that finds variables or contexts that need another form."""
    in_boxes: frozenset[str] = frozenset()
    by_calls: frozenset[tuple[int, int]] = frozenset()
    while True:
        lowered = lower(source, function.__name__, function.__code__.co_freevars)
        lowered.made = made_by(function)
        result, sharing = inferred(lowered, names, given(lowered))
        activity = analyse(lowered, active, sharing)
        more = frozenset(n for n in activity.boxes - in_boxes if can_box(source.node, n))
        managers = frozenset(activity.managers) - by_calls
        if not (more or managers) or not isinstance(source.node, ast.FunctionDef):
            return Stages(source, lowered, activity, sharing, result)
        in_boxes, by_calls = in_boxes | more, by_calls | managers
        source = boxed(source, more) if more else opened(source, managers)


def derive(
    function: types.FunctionType, request: Request, arguments: dict[str, Any], publish: list[Derivative]
) -> Derivative:
    """Generate a derivative: the whole pipeline."""
    refuse_library_code(function)
    names = Names(function)
    names.forward = request.form == DIFFERENTIAL
    names.dynamic = names.forward or request.lent
    names.lengths = len(publish) < 4  # lengths that keep changing are not worth new code each time
    derivative = Derivative(function.__name__, request, names, None if EPOCH.scopes else EPOCH.now, function=function)
    derivative.defaults = function.__defaults__
    publish.append(derivative)  # before its callees: they may call it
    _DERIVING.append(function)
    try:
        source = acquire(function)
        refuse(check(source.node, source.filename))
        kinds = {p: of_key(k) for p, k in request.kinds}

        def given(lowered: ir.FunctionIR) -> dict[str, Kind]:
            return {p: _with_sample(p, kinds.get(p, UNKNOWN), arguments) for p in lowered.parameters}

        made = analysed(function, source, names, given, request.active | request.captures)
        source, lowered, activity, sharing = made.source, made.lowered, made.activity, made.sharing
        derivative.result, derivative.stages = made.result, made
        derivative.generator = lowered.generator
        refuse(activity.refusals)
        settle_iterations(lowered)
        if request.form != DIFFERENTIAL:  # (tangents are there as soon as values are)
            in_steps(lowered.body, activity.changes)
        if request.form == DIFFERENTIAL:
            refuse(not_forward(lowered, activity))
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
    finally:
        _DERIVING.pop()
        if not _DERIVING:
            _forget_samples()
    derivative.made = derivative.make(function, _Redo(function, request, derivative))
    for cell in derivative.waiting:
        cell.cell_contents = derivative.made
    return derivative


def made_by(function: types.FunctionType) -> tuple[str, ...]:
    """The parameters that hold a new object which a constructor, or its differential, fills in."""
    first = function.__code__.co_varnames[: min(1, function.__code__.co_argcount)]
    constructs = function.__name__ in ("__init__", "__post_init__")
    made: tuple[str, ...] = getattr(function, "_pullback_made", first if constructs else ())
    return made


def _with_sample(parameter: str, kind: Kind, arguments: dict[str, Any]) -> Kind:
    if kind.mask in (STRUCT, FUNC, TUPLE, LIST, DICT) and parameter in arguments:
        return Kind(kind.mask, kind.cls, UNSET, parameter, arguments[parameter], kind.parts)
    return kind


def inferred(lowered: ir.FunctionIR, names: Names, given: dict[str, Kind]) -> tuple[Kind, Sharing]:
    """The kind of the result, and what the function's names share; the kinds of all values are in the facts."""
    names.guessing = names.guessing and not lowered.generator  # (what its callers do between items is not known)
    result_of = partial(_result_of, names=names)
    result = infer(lowered, names, given, result_of)
    if split_field_calls(lowered):
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
        settle_conditions(lowered)
        sharing = _sharing(lowered, names, given)
    elif settle_conditions(lowered):
        sharing = _sharing(lowered, names, given)
    return result, sharing


def _sharing(lowered: ir.FunctionIR, names: Names, given: dict[str, Kind]) -> Sharing:
    effects: Callable[[ir.Bind], int] = CallEffects(lowered, names.values(), function_changes)
    module = str(names.globals.get("__name__", ""))
    if names.helpers and not names.changing:  # generated from what changes nothing
        effects = _nothing
    elif (module.startswith("pullback.") and module.rpartition(".")[2] not in _CHANGE) or any(
        _is_verb(s) for s in ir.walk(lowered.body)
    ):  # what a verb returns changes nothing, or is refused
        effects = _Certain(effects)
    kinds = {n: Kind(kind_of(v).mask) for n, v in names.values().items() if n in names.classes}
    kinds.update(dict.fromkeys(names.helpers, Kind(NONE)))  # nothing of theirs changes
    kinds.update(kinds_of_names(lowered, given))
    return Sharing(lowered, kinds, effects, unseen_changes(lowered))


# modules whose functions change what they are given
_CHANGE = ("differential_changes", "differential_construct", "forward_changes", "forward_array_changes", "copying")


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
            sharing = inferred(lowered, Names(function), given)[1]
            if not sharing.changes_outside(fresh):
                changes = NO
            elif sharing.changes_outside(fresh, sharing.likely):
                changes = LIKELY
    except DifferentiabilityError:
        pass
    _CHANGES[key] = (function.__code__, changes)
    return changes


def may_change_arguments(function: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call of a function may change what it is given, as far as its source tells."""
    bound = bind_parameters(function.__code__, len(args), tuple(kwargs))
    given = dict(zip(bound, (*args, *kwargs.values()), strict=True)) if bound is not None else {}
    return function_changes(function, {p: Kind(kind_of(v).mask) for p, v in given.items()}) != NO


def refuse(diagnostics: list[Diagnostic]) -> None:
    """Raise what a stage refused, all of it."""
    if diagnostics:
        raise DifferentiabilityError(*diagnostics)


_RESULTS: dict[Any, tuple[Kind, dict[str, Any]]] = {}  # and the guesses about arguments that it relies on
_SAMPLED: list[Any] = []
_INFERRING: list[Any] = []
_ASSUMED: set[Any] = set()  # recursive calls that were taken to return nothing yet


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


def _forget_samples() -> None:
    """What was inferred from the arguments at hand is of no use for others."""
    for key, _ in _SAMPLED:
        _RESULTS.pop(key, None)
    _SAMPLED.clear()


class _Pairs:
    """The generated pairs (or differentials) of the functions that a function is known to call."""

    def __init__(self, names: Names, form: str) -> None:
        self.names = names
        self.form = form

    def __call__(self, stmt: ir.Bind, lent: bool, strict: bool, sharing: Sharing) -> Derivative | None:
        return self.along(stmt, stmt.facts.active, lent, strict, sharing.made_here(stmt) if strict else frozenset())

    def along(
        self, stmt: ir.Bind, flags: tuple[bool, ...], lent: bool = False, strict: bool = False,
        new: frozenset[str] = frozenset(),
    ) -> Derivative | None:  # fmt: skip
        """The derivative for the operands that are flagged, the callee first; `new` are names of its caller's own."""
        bound = static_parameters(stmt)
        if bound is None:
            return None
        facts = stmt.facts
        shift = 0 if facts.method else 1  # (the callee comes first)
        active = [p for p, flag in zip(bound, flags[shift:], strict=True) if flag]
        order = [p for p in facts.callee.__code__.co_varnames if p in active]
        if active != order:
            return None
        kinds = argument_kinds(facts.callee, bound, list(facts.kinds[shift:]))
        lasting = self.names.guessing and self.names.stored is None
        samples = {p: k.sample for p, k in kinds.items() if k.sample is not UNSET and lasting}
        request = Request(
            frozenset(active), frozenset(), tuple(sorted((p, k.key) for p, k in kinds.items())), self.form,
            lent=lent, strict=strict,
        )  # fmt: skip
        try:
            pair = find(facts.callee, request, samples)
        except DifferentiabilityError as error:
            raise _at_call(error, stmt) from None
        own = {
            p
            for p, a in zip(bound, ir.atoms(stmt.expr)[shift:], strict=True)
            if isinstance(a, ir.Var) and a.name in new
        }
        if pair.function is not facts.callee or (strict and not own.issuperset(pair.changes)):
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
    return DifferentiabilityError(Diagnostic(error.id, message, stmt.span, "called here", help=instead))
