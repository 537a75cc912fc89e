"""The pipeline: from a function to its derivative, stage by stage.

    source -> fence -> lower -> infer -> activity -> reverse -> simplify -> emit

`derive` runs the stages. A derivative is made for (function, kinds of the arguments, active
arguments) and kept under that key; a *joint* function holds both sweeps in one body, a *pair* holds
`forward(*args) -> (value, residuals)` and `reverse(residuals, cotangent) -> tangents`.
"""

from __future__ import annotations

import threading
import types
from dataclasses import replace
from typing import Any

from pullback import ir
from pullback.analysing import analysed, forget_samples, read_and_changed, stores_outside
from pullback.assemble import assemble
from pullback.calls import argument_kinds, bind_parameters, static_parameters
from pullback.errors import ArgumentError, ChangedValueError, DifferentiabilityError
from pullback.fence import check
from pullback.flat_calls import through_flat_calls
from pullback.forward_try import FIRST_CHANGE, first_change
from pullback.generated import DIFFERENTIAL, JOINT, PAIR, Derivative, Request
from pullback.kinds import (
    DICT,
    FUNC,
    LIST,
    STRUCT,
    TUPLE,
    UNKNOWN,
    UNSET,
    Kind,
    fits,
    of_key,
)
from pullback.lower_iterations import settle_iterations
from pullback.names import INTERNAL, Names
from pullback.progress import in_steps, yielded
from pullback.rules import EPOCH, callable_name, refuse_library_code, scope
from pullback.source import acquire
from pullback.spaces import describe
from pullback.spans import Diagnostic
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
    found = _find(function, request, arguments)
    wrong = found.read_and_changed(function, arguments)
    refuse([wrong] if wrong is not None else [])
    if not found.apart[0] or not found.meet(function, arguments):
        return found
    if not request.lent:  # (nobody asks for the adjoints of what they share)
        raise ArgumentError(
            f"two arguments of {callable_name(function)} share memory, and one of them is changed in place; pass a copy"
        )
    return _find(function, replace(request, together=True), arguments)


def _find(function: types.FunctionType, request: Request, arguments: dict[str, Any]) -> Derivative:
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


def derive(
    function: types.FunctionType, request: Request, arguments: dict[str, Any], publish: list[Derivative]
) -> Derivative:
    """Generate a derivative: the whole pipeline."""
    refuse_library_code(function)
    names = Names(function)
    names.forward = request.form == DIFFERENTIAL
    names.lent = request.lent
    names.dynamic = names.forward or request.lent
    names.together = request.together
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
        derivative.hands_out_changing = lowered.generator and sharing.changes_its_result()
        refuse([*activity.refusals, *stores_outside(made)])
        settle_iterations(lowered, INTERNAL["<unpacked>"] if request.form == DIFFERENTIAL else None)
        if request.form != DIFFERENTIAL:  # (tangents are there as soon as values are)
            in_steps(lowered.body, activity.changes | yielded(lowered))
        statements = list(ir.walk(lowered.body))
        pairs = _Pairs(names, DIFFERENTIAL if request.form == DIFFERENTIAL else PAIR)
        if request.form == DIFFERENTIAL:
            refuse(not_forward(lowered, activity, sharing))
            derivative.module_data = read_and_changed(function, activity, sharing)
            assemble_differential(derivative, lowered, source, activity, sharing, pairs.along)
        else:
            sweep = reverse_sweep(derivative, lowered, activity, sharing)
            code = simplified(derivative, lowered, sweep)
            body = forward_sweep(derivative, lowered, sharing, sweep, code, pairs)
            if sweep.table and not request.together and not lowered.generator:
                derivative.apart = sharing.apart(request.lent)
                derivative.module_data = read_and_changed(function, activity, sharing)
            derivative.reached = sharing.all_seen_outside()
            derivative.changes = sharing.changed_outside(activity.changes)
            assemble(derivative, lowered, source, sweep, body, code)
            if activity.changes and derivative.forward is not None:
                FIRST_CHANGE[derivative.forward.code] = first_change(lowered.body, activity.changes & sharing.likely)
        if activity.result_varied and not (activity.changes or activity.silenced or request.lent):
            active = request.active | request.captures
            flat = through_flat_calls(lowered, statements, active, pairs.zero_of)
            derivative.always_zero = flat or derivative.always_zero
    except BaseException:
        publish.remove(derivative)
        raise
    finally:
        _DERIVING.pop()
        if not _DERIVING:
            forget_samples()
    derivative.made = derivative.make(function, _Redo(function, request, derivative))
    for cell in derivative.waiting:
        cell.cell_contents = derivative.made
    return derivative


def _with_sample(parameter: str, kind: Kind, arguments: dict[str, Any]) -> Kind:
    if kind.mask in (STRUCT, FUNC, TUPLE, LIST, DICT) and parameter in arguments:
        return Kind(kind.mask, kind.cls, UNSET, parameter, arguments[parameter], kind.parts)
    return kind


def refuse(diagnostics: list[Diagnostic]) -> None:
    """Raise what a stage refused, all of it."""
    if diagnostics:
        raise DifferentiabilityError(*diagnostics)


class _Pairs:
    """The generated pairs (or differentials) of the functions that a function is known to call."""

    def __init__(self, names: Names, form: str) -> None:
        self.names = names
        self.form = form
        self.found: dict[int, Derivative] = {}

    def zero_of(self, stmt: ir.Bind) -> Diagnostic | None:
        """What says that the derivative of a call is always zero, if it is; where the call is put in place."""
        pair = self.found.get(id(stmt))
        return None if pair is None else pair.always_zero

    def __call__(self, stmt: ir.Bind, lent: bool, strict: bool, own: frozenset[str]) -> Derivative | None:
        return self.along(stmt, stmt.facts.active, lent, strict, own)

    def along(
        self, stmt: ir.Bind, flags: tuple[bool, ...], lent: bool = False, strict: bool = False,
        own: frozenset[str] = frozenset(),
    ) -> Derivative | None:  # fmt: skip
        """The derivative for the operands that are flagged, the callee first; `own` are new in the caller."""
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
        operands = ir.atoms(stmt.expr)[shift:]
        spared = frozenset(p for p, a in zip(bound, operands, strict=True) if isinstance(a, ir.Var) and a.name in own)
        request = Request(
            frozenset(active), frozenset(), tuple(sorted((p, k.key) for p, k in kinds.items())), self.form,
            lent=lent, strict=strict, spared=spared,
        )  # fmt: skip
        try:
            pair = find(facts.callee, request, samples)
        except DifferentiabilityError as error:
            raise _at_call(error, stmt) from None
        if pair.function is not facts.callee or (strict and not spared.issuperset(pair.changes)):
            return None  # (the run-time call refuses it)
        if facts.callee.__defaults__ and len(bound) < facts.callee.__code__.co_argcount:
            path = next((p for p, v in self.names.identities.items() if v is facts.callee), None)
            if path is None:
                return None
            self.names.defaults[path] = (facts.callee, facts.callee.__defaults__)
        self.found[id(stmt)] = pair
        return pair


def _at_call(error: DifferentiabilityError, stmt: ir.Bind) -> DifferentiabilityError:
    """The refusal of a callee, told at the line that calls it."""
    if error.diagnostics:
        note = f"called at {stmt.span}"
        return DifferentiabilityError(*(replace(d, notes=(*d.notes, note)) for d in error.diagnostics))
    message, _, instead = str(error).partition("; ")
    return DifferentiabilityError(Diagnostic(error.id, message, stmt.span, "called here", help=instead))
