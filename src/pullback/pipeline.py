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
from dataclasses import dataclass, field, replace
from typing import Any

from pullback import ir, runtime
from pullback.activity import Activity, analyse, may_change
from pullback.calls import Late, argument_kinds, bind_parameters, static_parameters
from pullback.emit import Compiled, Helpers, again, bare_arguments, definition, guards
from pullback.errors import DifferentiabilityError
from pullback.fence import check
from pullback.forward_sweep import Forward, unset
from pullback.infer import infer
from pullback.inlining import CALL, how
from pullback.kinds import COMPLEX, FLOAT, NOTHING, STRUCT, UNKNOWN, UNSET, Kind, kind_of, same
from pullback.lower import lower
from pullback.names import Names
from pullback.residuals import Residuals
from pullback.reverse import ABSENT, MAYBE, PRESENT, Reverse
from pullback.rules import EPOCH, scope
from pullback.simplify import fold_ones, simplify
from pullback.source import Source, acquire
from pullback.spans import Diagnostic
from pullback.syntax import assign, assign_many, call, constant, name, names_in, tuple_of

LOCK = threading.RLock()
JOINT, PAIR = "joint", "pair"


@dataclass(frozen=True)
class Request:
    """What is asked for: active parameters and captures, kinds of the parameters, and the form."""

    active: frozenset[str]
    captures: frozenset[str]
    kinds: tuple[tuple[str, Any], ...]
    form: str = PAIR
    with_value: bool = False


@dataclass
class Stages:
    """What each stage made, for those who want to see it."""

    source: Source
    lowered: ir.FunctionIR
    activity: Activity
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
    waiting: list[types.CellType] = field(default_factory=list)
    made: types.FunctionType | None = None
    function: types.FunctionType | None = None

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
        if self.epoch is not None and self.epoch != EPOCH.now:
            return False
        names = Names(function)
        for path, value in self.names.identities.items():
            root, *rest = path.split(".")
            kind = names.kind(root)
            for part in rest:
                kind = names.attribute(kind, part) or UNKNOWN
            if kind.value is not value:
                return False
        if not all(_class_of(names, n) is cls for n, cls in self.names.classes.items()):
            return False
        return all(_field_is(arguments, path, *guess) for path, guess in self.names.fields.items())

    def make(self, function: types.FunctionType, redo: Any = None) -> types.FunctionType:
        """The forward (or joint) function for one function object."""
        assert self.forward is not None
        if redo is None:
            redo = _Redo(function, self.request)
        return self.forward.make(function, {"again": redo})


class _Redo:
    """Called by a forward function whose guards fail: finds the derivative that holds now."""

    def __init__(self, function: types.FunctionType, request: Request) -> None:
        self.function = function
        self.request = request

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        names = bind_parameters(self.function.__code__, len(args), tuple(kwargs)) or []
        arguments = dict(zip(names, (*args, *kwargs.values()), strict=False))
        return pair_for(self.function, self.request, arguments)(*args, **kwargs)


def _field_is(arguments: dict[str, Any], path: str, cls: type, value: Any) -> bool:
    """Whether a field of an argument is what was guessed."""
    root, *fields = path.split(".")
    x = arguments.get(root, UNSET)
    for name_ in fields:
        x = getattr(x, name_, UNSET)
    return x is value if value is not UNSET else x.__class__ is cls


def _class_of(names: Names, identifier: str) -> type | None:
    if identifier in names.cells:
        try:
            return names.cells[identifier].cell_contents.__class__  # type: ignore[no-any-return]
        except ValueError:
            return None
    return names.globals[identifier].__class__ if identifier in names.globals else None


_DERIVATIVES: dict[Any, list[Derivative]] = {}
_KEPT = 32
_HELD: dict[int, types.CodeType] = {}


def find(function: types.FunctionType, request: Request, arguments: dict[str, Any] | None = None) -> Derivative:
    """The derivative of a function for a request: found, or generated. From `arguments` fields are guessed."""
    arguments = arguments or {}
    code = function.__code__
    overrides = scope()
    key = (id(code), request, (EPOCH.now, *map(id, overrides)) if EPOCH.scopes else ())
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
        return found.made
    return found.make(function)


def derive(
    function: types.FunctionType, request: Request, arguments: dict[str, Any], publish: list[Derivative]
) -> Derivative:
    """Generate a derivative: the whole pipeline."""
    names = Names(function)
    derivative = Derivative(function.__name__, request, names, None if EPOCH.scopes else EPOCH.now, function=function)
    publish.append(derivative)  # before its callees: they may call it
    try:
        source = acquire(function)
        refuse(check(source.node, source.filename))
        lowered = lower(source, function.__name__, function.__code__.co_freevars)
        kinds = {p: Kind(*k) for p, k in request.kinds}
        given = {p: _with_sample(p, kinds.get(p, UNKNOWN), arguments) for p in lowered.parameters}
        derivative.result = infer(lowered, names, given, _result_of)
        activity = analyse(lowered, request.active | request.captures)
        refuse(activity.refusals)
        derivative.stages = Stages(source, lowered, activity, derivative.result)
        _generate(derivative, function, lowered, activity, source)
    except BaseException:
        publish.remove(derivative)
        raise
    derivative.made = derivative.make(function)
    for cell in derivative.waiting:
        cell.cell_contents = derivative.made
    return derivative


def _with_sample(parameter: str, kind: Kind, arguments: dict[str, Any]) -> Kind:
    if kind.mask == STRUCT and parameter in arguments:
        return Kind(STRUCT, kind.cls, UNSET, parameter, arguments[parameter])
    return kind


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
    key = (id(callee), tuple((p, k.key) for p, k in kinds.items()), EPOCH.now, scope())
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


def _generate(
    derivative: Derivative,
    function: types.FunctionType,
    lowered: ir.FunctionIR,
    activity: Activity,
    source: Source,
) -> None:
    """Reverse sweep, forward sweep, assembly."""
    request = derivative.request
    joint = request.form == JOINT
    helpers = Helpers(lowered.names | {"again"})
    kinds_seen: dict[str, Kind] = {}
    changing = _changing_names(lowered, activity, kinds_seen)
    residuals = Residuals(lowered, joint, helpers.fresh, changing.__contains__)
    bound = {n for s in ir.walk(lowered.body) for n in ir.assigned(s)}
    given = {p: Kind(*k) for p, k in request.kinds}
    accumulators = {p: given.get(p, UNKNOWN) for p in request.active if p not in bound}
    reverse = Reverse(lowered, residuals, helpers.fresh, helpers, accumulators, request.captures)
    pairs = _Pairs(lowered)
    seed_name = reverse.adjoint(lowered.result)
    if activity.result_varied:
        reverse.status[lowered.result] = PRESENT
        reverse.block(lowered.body)
    code = reverse.code
    _warn_if_zero(derivative, lowered, activity, reverse)
    outputs = _outputs(derivative, lowered, reverse)
    if joint and derivative.result.mask == FLOAT:
        code.insert(0, assign(seed_name, constant(1.0)))
    elif joint:
        code.insert(0, assign(seed_name, call(reverse.runtime("seed"), name(lowered.result))))
    returned = ast.Return(outputs)
    temporary = frozenset(n for n in helpers.taken if n.startswith(("_g", "d_"))) - {lowered.result}
    once = _assigned_once(code) & temporary
    code = simplify([*code, returned], frozenset(once))
    if joint and derivative.result.mask == FLOAT:
        floats = {p for p, k in given.items() if k.mask == FLOAT and p not in bound}
        floats |= {n for n, k in kinds_seen.items() if k.mask == FLOAT and n not in lowered.parameters}
        fold_ones(code, frozenset({seed_name}) if seed_name in once else frozenset(), frozenset(floats))
    _fill_loops(code)
    read_later = set().union(*(names_in(s) for s in code)) | set(residuals.top.kept)
    for region in residuals.loops.values():
        read_later.update(region.kept)
    forward = Forward(lowered, reverse, activity, helpers, read_later, pairs)
    forward.droppable = joint and not request.with_value and derivative.result.mask == FLOAT
    if not forward.droppable:
        forward.uses[lowered.result] = forward.uses.get(lowered.result, 0) + 1
    if forward.droppable:
        _drop_unused(lowered, forward)
    body = forward.block(lowered.body)
    _assemble(derivative, lowered, source, helpers, residuals, body, code, seed_name)


def _drop_unused(lowered: ir.FunctionIR, forward: Forward) -> None:
    """Uncount the reads of statements that a joint function leaves out, last to first."""
    for stmt in reversed(lowered.body):
        if isinstance(stmt, ir.Bind) and forward.pure_and_unused(stmt) and not forward.captures_at(stmt):
            for a in ir.atoms(stmt.expr):
                if isinstance(a, ir.Var):
                    forward.uses[a.name] -= 1
            lowered.body.remove(stmt)


def _changing_names(lowered: ir.FunctionIR, activity: Activity, kinds: dict[str, Kind]) -> frozenset[str]:
    """Names whose values may be changed in place while the function runs, so that copies must be kept."""
    mutates = activity.mutates
    for stmt in ir.walk(lowered.body):
        if isinstance(stmt, ir.Bind):
            previous = kinds.get(stmt.target, NOTHING)
            kinds[stmt.target] = Kind(previous.mask | stmt.facts.kind.mask)
            if isinstance(stmt.expr, ir.Apply) and _writes_to(stmt, stmt.expr):
                mutates = True
            if isinstance(stmt.expr, ir.Operation) and stmt.expr.inplace and may_change(stmt.facts.kinds[0]):
                mutates = True
            if isinstance(stmt.expr, ir.Apply) and not any(stmt.facts.active) and how(stmt) == CALL:
                mutates |= any(may_change(k) for k in stmt.facts.kinds[1:]) or stmt.expr.method is not None
    if not mutates:
        return frozenset()
    names = {n for s in ir.walk(lowered.body) for n in ir.assigned(s)} | set(lowered.parameters) | set(lowered.captured)
    return frozenset(
        n for n in names if n not in activity.solitary and may_change(kinds.get(n, UNKNOWN))
    )


def _writes_to(stmt: ir.Bind, expr: ir.Apply) -> bool:
    """Whether a call of a known function has an `out` argument."""
    callee = stmt.facts.callee
    return any(k == "out" for k, _ in expr.keywords) or (hasattr(callee, "nin") and len(expr.args) > callee.nin)


class _Pairs:
    """The generated pairs of the functions that a function is known to call."""

    def __init__(self, lowered: ir.FunctionIR) -> None:
        self.lowered = lowered
        self.found: dict[int, Derivative] = {}

    def __call__(self, stmt: ir.Bind) -> Derivative | None:
        bound = static_parameters(stmt)
        if bound is None:
            return None
        facts = stmt.facts
        active = [p for p, flag in zip(bound, facts.active[1:], strict=True) if flag]
        order = [p for p in facts.callee.__code__.co_varnames if p in active]
        if active != order:
            return None
        kinds = argument_kinds(facts.callee, bound, list(facts.kinds[1:]))
        request = Request(
            frozenset(active), frozenset(), tuple(sorted((p, k.key) for p, k in kinds.items()))
        )
        try:
            pair = find(facts.callee, request)
        except DifferentiabilityError as error:
            raise _at_call(error, stmt) from None
        if pair.function is not facts.callee:
            return None
        return pair


def _at_call(error: DifferentiabilityError, stmt: ir.Bind) -> DifferentiabilityError:
    """The refusal of a callee, told at the line that calls it."""
    if error.diagnostics:
        note = f"called at {stmt.span}"
        return DifferentiabilityError(*(replace(d, notes=(*d.notes, note)) for d in error.diagnostics))
    message, _, instead = str(error).partition("; ")
    return DifferentiabilityError(Diagnostic("no-derivative", message, stmt.span, "called here", help=instead))


def _warn_if_zero(derivative: Derivative, lowered: ir.FunctionIR, activity: Activity, reverse: Reverse) -> None:
    """The result may depend on no differentiated argument: say so, or refuse if an int() cut it off."""
    request = derivative.request
    if any(reverse.status.get(p, ABSENT) != ABSENT for p in (*request.active, *request.captures)):
        return
    end = next((s for s in reversed(list(ir.walk(lowered.body))) if lowered.result in ir.assigned(s)), None)
    span = end.span if end is not None else lowered.span
    if lowered.result in activity.cut:
        refuse([
            Diagnostic(
                "non-differentiable-result",
                "cannot differentiate through `int(...)`: its result is not differentiable",
                activity.cut[lowered.result],
                "the derivative ends here",
                help="remove the conversion, or wrap its argument in pb.without_derivative if a zero derivative is meant",
            )
        ])  # fmt: skip
    if activity.silenced:
        return
    arguments = ", ".join(f"`{p}`" for p in sorted(request.active)) or "its arguments"
    derivative.always_zero = Diagnostic(
        "zero-derivative",
        f"the result of `{lowered.name}` does not depend on {arguments}: its derivative is always zero",
        span,
        "",
        help="pb.without_derivative(...) around the value says that this is meant",
        severity="warning",
    )


def _outputs(derivative: Derivative, lowered: ir.FunctionIR, reverse: Reverse) -> ast.expr:
    """The tangents of the active arguments, in parameter order."""
    request = derivative.request
    joint = request.form == JOINT
    given = {p: Kind(*k) for p, k in request.kinds}
    complex_seen = any(
        isinstance(s, ir.Bind) and s.facts.kind.mask & COMPLEX for s in ir.walk(lowered.body)
    )
    parts: list[ast.expr] = []
    if not joint and request.captures:
        keys = sorted(request.captures)
        parts.append(ast.Dict([constant(k) for k in keys], [_adjoint_or_zero(reverse, k) for k in keys]))
    for parameter in lowered.parameters:
        if parameter not in request.active:
            continue
        d = _adjoint_or_zero(reverse, parameter)
        plain = given.get(parameter, UNKNOWN).mask == FLOAT and reverse.status.get(parameter) == PRESENT
        if joint and plain and not complex_seen and parameter in reverse.accumulators:
            parts.append(d)
        elif joint and given.get(parameter, UNKNOWN).mask == FLOAT and reverse.status.get(parameter, ABSENT) == ABSENT:
            parts.append(constant(0.0))
        elif joint:
            original = _original(reverse, parameter, lowered)
            parts.append(call(reverse.runtime("finish"), d, original))
        else:
            parts.append(d)
    if joint:
        bare = parts[0] if len(parts) == 1 else tuple_of(parts)
        return tuple_of([name(lowered.result), bare]) if request.with_value else bare
    return tuple_of(parts)


def _original(reverse: Reverse, parameter: str, lowered: ir.FunctionIR) -> ast.expr:
    """A parameter's value as it was given: captured on entry if the function rebinds it."""
    if lowered.body:
        return reverse.residuals.need(parameter, lowered.body[0])
    return name(parameter)


def _adjoint_or_zero(reverse: Reverse, variable: str) -> ast.expr:
    if reverse.status.get(variable, ABSENT) == ABSENT:
        return name(reverse.runtime("ZERO"))
    return name(reverse.adjoint(variable))


def _assigned_once(code: list[ast.stmt]) -> set[str]:
    counts: dict[str, int] = {}
    for stmt in code:
        for node in ast.walk(stmt):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                counts[node.id] = counts.get(node.id, 0) + 1
    return {n for n, c in counts.items() if c == 1}


def _fill_loops(code: list[ast.stmt]) -> None:
    """Name what each entry of a loop's stack holds, now that all of it is known."""
    for stmt in code:
        for node in ast.walk(stmt):
            region = getattr(node, "region", None)
            if region is not None and isinstance(node, ast.For) and region.stack:
                names: list[ast.expr] = [ast.Name(k, ast.Store()) for k in region.kept]
                node.target = names[0] if len(names) == 1 else ast.Tuple(names, ast.Store())


def _assemble(
    derivative: Derivative,
    lowered: ir.FunctionIR,
    source: Source,
    helpers: Helpers,
    residuals: Residuals,
    body: list[ast.stmt],
    code: list[ast.stmt],
    seed_name: str,
) -> None:
    """Put the sweeps into functions and compile them."""
    request = derivative.request
    arguments = bare_arguments(lowered.arguments)
    assert derivative.function is not None
    tests = guards(derivative.names, helpers, EPOCH, derivative.epoch, derivative.function)
    stem = lowered.name if lowered.name.isidentifier() else "function"
    if request.form == JOINT:
        tests += _parameter_guards(lowered, request, helpers)
        start = again(tests, lowered.arguments, "again")
        tree = definition(
            helpers.fresh(f"gradient_of_{stem}"), arguments, [*lowered.declarations, *start, *body, *code]
        )
        derivative.forward = _compiled(tree, lowered, helpers, source)
        return
    top = residuals.top
    reverse_name = helpers.fresh(f"{stem}_reverse")
    residual_names = helpers.fresh("_res")
    unpack: list[ast.stmt] = []
    if top.kept:
        unpack = [assign_many(["_", *top.kept], name(residual_names))]
    reverse_arguments = ast.arguments(
        [], [ast.arg(residual_names), ast.arg(seed_name)], None, [], [], None, []
    )
    reverse_tree = definition(reverse_name, reverse_arguments, [*unpack, *code])
    derivative.reverse = _compiled(reverse_tree, lowered, helpers, source)
    reverse_function = derivative.reverse.make(_bare_function(derivative), {})
    helpers.values[reverse_name] = reverse_function
    start = again(tests, lowered.arguments, "again")
    if top.placeholders:
        start = [*start, unset(top.placeholders)]
    residual = tuple_of([name(reverse_name), *(name(k) for k in top.kept)])
    tree = definition(
        helpers.fresh(f"{stem}_forward"),
        arguments,
        [*lowered.declarations, *start, *body, ast.Return(tuple_of([name(lowered.result), residual]))],
    )
    derivative.forward = _compiled(tree, lowered, helpers, source)


def _bare_function(derivative: Derivative) -> types.FunctionType:
    """A stand-in that lends the reverse function its globals: it reads no captured variable."""
    function = derivative.function
    assert function is not None
    return types.FunctionType((lambda: None).__code__, function.__globals__)


def _compiled(tree: ast.FunctionDef, lowered: ir.FunctionIR, helpers: Helpers, source: Source) -> Compiled:
    helpers.values.setdefault("again", None)
    return Compiled(tree, lowered, helpers, source.filename)


def _parameter_guards(lowered: ir.FunctionIR, request: Request, helpers: Helpers) -> list[ast.expr]:
    """Tests that the arguments are still of the kinds that a joint function was made for."""
    tests: list[ast.expr] = []
    for parameter, (mask, cls) in request.kinds:
        found = _GUARD_CLASSES.get(mask, cls)
        if found is None:
            of = call(helpers(kind_of, "kind_of"), name(parameter))
            tests.append(ast.Compare(ast.Attribute(of, "mask", ast.Load()), [ast.NotEq()], [constant(mask)]))
            continue
        known = helpers(found, found.__name__)
        attribute = ast.Attribute(name(parameter), "__class__", ast.Load())
        tests.append(ast.Compare(attribute, [ast.IsNot()], [name(known)]))
        if found.__name__ == "ndarray":
            kind = ast.Attribute(ast.Attribute(name(parameter), "dtype", ast.Load()), "kind", ast.Load())
            tests.append(ast.Compare(kind, [ast.NotIn()], [constant("fc" if mask == _ARRAY else "iubOSUVMm")]))
    return tests


def _guard_classes() -> dict[int, type]:
    import numpy as np

    from pullback import kinds as k

    return {
        k.BOOL: bool, k.INT: int, k.FLOAT: float, k.COMPLEX: complex, k.ARRAY: np.ndarray, k.NONE: type(None),
        k.TUPLE: tuple, k.LIST: list, k.DICT: dict, k.FUNC: types.FunctionType,
    }  # fmt: skip


_GUARD_CLASSES = _guard_classes()
_ARRAY = next(m for m, c in _GUARD_CLASSES.items() if c.__name__ == "ndarray")
__all__ = ["JOINT", "MAYBE", "PAIR", "Derivative", "Request", "derive", "find", "pair_for", "runtime"]
