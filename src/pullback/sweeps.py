"""Both sweeps of one function: the reverse sweep first, since it decides what the forward sweep keeps.

    reverse_sweep    ->  adjoint code, ending in `return <tangents>`
    simplified       ->  the same without copies, temporaries and multiplications by one
    forward_sweep    ->  the user's statements, with what the adjoint code reads set aside
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pullback import ir
from pullback.activity import Activity, may_change
from pullback.effects import MUTATORS, call_is_pure, effects_of, is_pure
from pullback.emit import Helpers
from pullback.errors import DifferentiabilityError
from pullback.forward_sweep import Forward
from pullback.generated import JOINT, Derivative, Request
from pullback.kinds import BOOL, COMPLEX, FLOAT, INT, NOTHING, UNKNOWN, Kind
from pullback.residuals import Residuals
from pullback.reverse import ABSENT, PRESENT, Reverse
from pullback.simplify import fold_ones, simplify
from pullback.spans import Diagnostic
from pullback.syntax import assign, call, constant, name, names_in, tuple_of


@dataclass
class Sweep:
    """The reverse sweep, and what it was made with."""

    reverse: Reverse
    residuals: Residuals
    helpers: Helpers
    code: list[ast.stmt]
    seed: str  # the name of the result's adjoint
    floats: frozenset[str]  # names that hold Python floats wherever they are bound


def reverse_sweep(derivative: Derivative, lowered: ir.FunctionIR, activity: Activity) -> Sweep:
    """The adjoint code of a function, with the tangents of its active arguments as its result."""
    request = derivative.request
    joint = request.form == JOINT
    helpers = Helpers(set(lowered.names))
    derivative.redo = helpers.fresh("again")
    kinds: dict[str, Kind] = {}
    changing = _changing_names(derivative, lowered, activity, kinds)
    residuals = Residuals(lowered, joint, helpers.fresh, changing.__contains__)
    bound = {n for s in ir.walk(lowered.body) for n in ir.assigned(s)}
    given = {p: Kind(*k) for p, k in request.kinds}
    accumulators = {p: given.get(p, UNKNOWN) for p in request.active if p not in bound}
    reverse = Reverse(lowered, residuals, helpers.fresh, helpers, accumulators, request.captures)
    seed = reverse.adjoint(lowered.result)
    if joint:
        mask = derivative.result.mask
        is_float = bool(mask & FLOAT) and not mask & ~(FLOAT | INT | BOOL)
        value = constant(1.0) if is_float else call(reverse.runtime("seed"), name(lowered.result))
        reverse.code.append(assign(seed, value))
    if activity.result_varied:
        reverse.status[lowered.result] = PRESENT
        reverse.block(lowered.body)
    derivative.always_zero = zero_derivative(
        request, lowered, activity,
        any(reverse.status.get(p, ABSENT) != ABSENT for p in (*request.active, *request.captures)),
    )  # fmt: skip
    code = [*reverse.code, ast.Return(_outputs(request, lowered, reverse))]
    floats = {p for p, k in given.items() if k.mask == FLOAT and p not in bound}
    floats |= {n for n, k in kinds.items() if k.mask == FLOAT and n not in lowered.parameters}
    return Sweep(reverse, residuals, helpers, code, seed, frozenset(floats))


def simplified(derivative: Derivative, lowered: ir.FunctionIR, sweep: Sweep) -> list[ast.stmt]:
    """The adjoint code, cleaned."""
    temporary = {n for n in sweep.helpers.taken if n.startswith(("_g", "d_"))} - {lowered.result}
    once = frozenset(assigned_once(sweep.code) & temporary)
    code = simplify(sweep.code, once)
    if derivative.request.form == JOINT and derivative.result.mask == FLOAT:
        fold_ones(code, once & {sweep.seed}, sweep.floats)
    _fill_loops(code)
    return code


def forward_sweep(
    derivative: Derivative,
    lowered: ir.FunctionIR,
    activity: Activity,
    sweep: Sweep,
    code: list[ast.stmt],
    pairs: Callable[[ir.Bind], Any],
) -> list[ast.stmt]:
    """The user's statements; `pairs` finds the generated pair of a call whose callee is known."""
    request = derivative.request
    read_later = set().union(*(names_in(s) for s in code)) | set(sweep.residuals.top.kept)
    for region in sweep.residuals.loops.values():
        read_later.update(region.kept)
    forward = Forward(lowered, sweep.reverse, activity, sweep.helpers, read_later, pairs)
    forward.droppable = request.form == JOINT and not request.with_value and derivative.result.mask == FLOAT
    if forward.droppable:
        _drop_unused(lowered, forward)
    else:
        forward.uses[lowered.result] = forward.uses.get(lowered.result, 0) + 1
    return forward.block(lowered.body)


def _drop_unused(lowered: ir.FunctionIR, forward: Forward) -> None:
    """Uncount the reads of statements that a joint function leaves out, last to first."""
    for stmt in reversed(lowered.body):
        if isinstance(stmt, ir.Bind) and forward.pure_and_unused(stmt) and not forward.captures_at(stmt):
            for a in ir.atoms(stmt.expr):
                if isinstance(a, ir.Var):
                    forward.uses[a.name] -= 1
            lowered.body.remove(stmt)


def _changing_names(
    derivative: Derivative, lowered: ir.FunctionIR, activity: Activity, kinds: dict[str, Kind]
) -> frozenset[str]:
    """Names whose values may be changed in place while the function runs, so that copies must be kept."""
    scope = derivative.names.values()
    local_functions = _harmless_functions(lowered, scope)
    mutates = activity.mutates
    for stmt in ir.walk(lowered.body):
        if isinstance(stmt, ir.Bind):
            previous = kinds.get(stmt.target, NOTHING)
            kinds[stmt.target] = Kind(previous.mask | stmt.facts.kind.mask)
            mutates |= _may_change_something(stmt, activity, scope, local_functions)
        elif isinstance(stmt, ir.While):
            mutates |= not all(call_is_pure(n, scope) for n in ast.walk(stmt.test.node))
    activity.mutates = mutates
    if not mutates:
        return frozenset()
    named = {n for s in ir.walk(lowered.body) for n in ir.assigned(s)} | set(lowered.parameters) | set(lowered.captured)
    binds = [s for s in ir.walk(lowered.body) if isinstance(s, ir.Bind)]
    outside = {a.name for s in binds for a in ir.atoms(s.expr) if isinstance(a, ir.Var)}
    return frozenset(n for n in named | outside if n not in kinds or may_change(kinds[n]))


def _harmless_functions(lowered: ir.FunctionIR, scope: dict[str, Any]) -> frozenset[str]:
    """The nested functions of a function, if none of them may change anything in place."""
    nodes = {
        s.target: s.expr.node
        for s in ir.walk(lowered.body)
        if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Closure)
    }
    names = {k: v for k, v in scope.items() if k not in lowered.locals} | dict.fromkeys(nodes, len)  # each is looked at
    for node in nodes.values():
        effects = effects_of(node)
        if effects.anything or effects.augmented or not all(call_is_pure(n, names) for n in ast.walk(node)):
            return frozenset()
    return frozenset(nodes)


def _may_change_something(
    stmt: ir.Bind, activity: Activity, scope: dict[str, Any], local_functions: frozenset[str]
) -> bool:
    """Whether a statement may change a value in place, or rebind a global, as far as is known."""
    expr, facts = stmt.expr, stmt.facts
    if isinstance(expr, ir.Operation) and expr.inplace and may_change(facts.kinds[0]):
        return not activity.unseen(stmt)
    if isinstance(expr, ir.Inert):
        return not all(call_is_pure(n, scope) for n in ast.walk(expr.node))
    if not isinstance(expr, ir.Apply):
        return False
    if _writes_to(stmt, expr):
        return True
    if facts.known:
        return not is_pure(facts.callee)
    if expr.method is not None and facts.kinds[0].numeric:
        return expr.method in MUTATORS
    if expr.method is None and isinstance(expr.callee, ir.Var):
        if expr.callee.name in local_functions:
            return False  # its body was looked at
        if not facts.active[0] and expr.callee.name in scope and is_pure(scope[expr.callee.name]):
            return False
    if facts.active[0]:
        return False  # a differentiated object's own method or call, such as a layer's, is trusted with its inputs
    # a callee found at run time is refused if it changes what is differentiated; the rest it may change
    return any(may_change(k) and not a for k, a in zip(facts.kinds, facts.active, strict=True))


def _writes_to(stmt: ir.Bind, expr: ir.Apply) -> bool:
    """Whether a call of a known function has an `out` argument."""
    callee = stmt.facts.callee
    return any(k == "out" for k, _ in expr.keywords) or (hasattr(callee, "nin") and len(expr.args) > callee.nin)


def zero_derivative(
    request: Request, lowered: ir.FunctionIR, activity: Activity, depends: bool
) -> Diagnostic | None:
    """The result may depend on no differentiated argument: say so, or refuse if an int() cut it off."""
    if depends:
        return None
    end = next((s for s in reversed(list(ir.walk(lowered.body))) if lowered.result in ir.assigned(s)), None)
    span = end.span if end is not None else lowered.span
    if lowered.result in activity.cut:
        raise DifferentiabilityError(
            Diagnostic(
                "non-differentiable-result",
                "cannot differentiate through `int(...)`: its result is not differentiable",
                activity.cut[lowered.result],
                "the derivative ends here",
                help="remove the conversion, or wrap its argument in pb.without_derivative if zero is meant",
            )
        )
    if activity.silenced:
        return None
    arguments = ", ".join(f"`{p}`" for p in sorted(request.active)) or "its arguments"
    return Diagnostic(
        "zero-derivative",
        f"the result of `{lowered.name}` does not depend on {arguments}: its derivative is always zero",
        span,
        "",
        help="pb.without_derivative(...) around the value says that this is meant",
        severity="warning",
    )


def _outputs(request: Request, lowered: ir.FunctionIR, reverse: Reverse) -> ast.expr:
    """The tangents of the active arguments, in parameter order."""
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
    bound = {n for s in ir.walk(lowered.body) for n in ir.assigned(s)}
    if lowered.body and parameter in bound:
        return reverse.residuals.need(parameter, lowered.body[0])
    return name(parameter)


def _adjoint_or_zero(reverse: Reverse, variable: str) -> ast.expr:
    if reverse.status.get(variable, ABSENT) == ABSENT:
        return name(reverse.runtime("ZERO"))
    return name(reverse.adjoint(variable))


def assigned_once(code: list[ast.stmt]) -> set[str]:
    """The names that code assigns in one place."""
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
