"""Both sweeps of one function: the reverse sweep first, since it decides what the forward sweep keeps.

reverse_sweep    ->  adjoint code, ending in `return <tangents>`
simplified       ->  the same without copies, temporaries and multiplications by one
forward_sweep    ->  the user's statements, with what the adjoint code reads set aside
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pullback import ir
from pullback.activity import Activity
from pullback.emit import Helpers
from pullback.forward_sweep import Forward
from pullback.generated import JOINT, Derivative, Request
from pullback.kinds import ARRAY, BOOL, COMPLEX, FLOAT, INT, NPFLOAT, OTHER, UNKNOWN, of_key
from pullback.not_finite import debugging
from pullback.outlined import keep_outlines
from pullback.residuals import Residuals
from pullback.reverse import ABSENT, MAYBE, PRESENT, Reverse
from pullback.rules import lookup
from pullback.shadow_code import ShadowCode, needs_shadows
from pullback.shadows import Shadows
from pullback.sharing import Sharing
from pullback.simplify import fold_ones, simplify
from pullback.spans import Diagnostic
from pullback.structs import constant_fields, has_plain_fields
from pullback.syntax import assign, call, constant, name, names_in, tuple_of, unset, walk
from pullback.tangents import tangent_type
from pullback.threaded import threaded

_FORM = ("pullback.rulebook.array_likes", "form")  # what rules ask for an operand's shape and dtype
_NOT_PYTHONS = COMPLEX | NPFLOAT | ARRAY | OTHER


@dataclass
class Sweep:
    """The reverse sweep, and what it was made with."""

    reverse: Reverse
    residuals: Residuals
    helpers: Helpers
    code: list[ast.stmt]
    seed: str  # the name of the result's adjoint
    floats: frozenset[str]  # names that hold Python floats wherever they are bound
    table: str = ""  # the name of the table of shadows, in functions that change values in place
    originals: list[ast.expr] = field(default_factory=list)  # the active arguments as they were given


def reverse_sweep(derivative: Derivative, lowered: ir.FunctionIR, activity: Activity, sharing: Sharing) -> Sweep:
    """The adjoint code of a function, with the tangents of its active arguments as its result."""
    request = derivative.request
    joint = request.form == JOINT
    helpers = Helpers(set(lowered.names))
    derivative.redo = helpers.fresh("again")
    kinds = sharing.kinds
    table = helpers.fresh("shadows") if request.lent or needs_shadows(lowered, activity, sharing) else ""

    def with_shadows(reverse: Reverse) -> ShadowCode:
        return ShadowCode(reverse, sharing, activity, table, request.lent, request.strict, request.spared)

    def copied(variable: str) -> bool:
        return reverse.shadows.shared(variable) if reverse.shadows is not None else sharing.changes(variable)

    residuals = Residuals(lowered, joint, helpers.fresh, copied)
    bound = {n for s in ir.walk(lowered.body) for n in ir.assigned(s)}
    given = {p: of_key(k) for p, k in request.kinds}
    accumulators = {p: given.get(p, UNKNOWN) for p in request.active if p not in bound}
    made = with_shadows if table else None
    reverse = Reverse(lowered, residuals, helpers.fresh, helpers, accumulators, request.captures, made)
    seed = reverse.adjoint(lowered.result)
    if joint:
        mask = derivative.result.mask
        is_float = bool(mask & FLOAT) and not mask & ~(FLOAT | INT | BOOL)
        value = constant(1.0) if is_float else call(reverse.runtime("seed"), name(lowered.result))
        reverse.code.append(assign(seed, value))
        if table:
            reverse.code.append(assign(table, call(helpers(Shadows, "Shadows"))))
    if activity.result_varied or request.lent or (table and not joint):
        reverse.status[lowered.result] = MAYBE if table and not joint else PRESENT
        reverse.ran = True
        reverse.block(lowered.body)
    derivative.always_zero = zero_derivative(
        request, lowered, activity,
        any(reverse.status.get(p, ABSENT) != ABSENT for p in (*request.active, *request.captures, *_fields(reverse)))
        # what flows through shadows shows only when the code runs
        or (reverse.shadows is not None and (activity.result_varied or request.lent)),
    )  # fmt: skip
    if derivative.always_zero is None:
        derivative.always_zero = returned_constant_field(lowered)
    code = [*reverse.code, ast.Return(_outputs(request, lowered, reverse))]
    floats = {p for p, k in given.items() if k.mask == FLOAT and p not in bound}
    floats |= {n for n, k in kinds.items() if k.mask == FLOAT and n not in lowered.parameters}
    originals: list[ast.expr] = []
    if table and not joint and not request.lent:
        originals = [_original(reverse, p, lowered) for p in lowered.parameters if p in request.active]
    return Sweep(reverse, residuals, helpers, code, seed, frozenset(floats), table, originals)


def simplified(derivative: Derivative, lowered: ir.FunctionIR, sweep: Sweep) -> list[ast.stmt]:
    """The adjoint code, cleaned."""
    temporary = {n for n in sweep.helpers.taken if n.startswith(("_g", "d_"))} - {lowered.result}
    sweep.code = threaded(sweep.code, sweep.reverse.runtime("ZERO"), temporary.__contains__)
    once = frozenset(assigned_once(sweep.code) & temporary)
    code = simplify(sweep.code, once)
    if derivative.request.form == JOINT and derivative.result.mask == FLOAT:
        fold_ones(code, once & {sweep.seed}, sweep.floats)
    _fill_loops(code)
    return code


def forward_sweep(
    derivative: Derivative,
    lowered: ir.FunctionIR,
    sharing: Sharing,
    sweep: Sweep,
    code: list[ast.stmt],
    pairs: Callable[..., Any],
) -> list[ast.stmt]:
    """The user's statements; `pairs` finds the generated pair of a call whose callee is known."""
    request = derivative.request
    read_later = set().union(*(names_in(s) for s in code)) | set(sweep.residuals.top.kept)
    for region in sweep.residuals.loops.values():
        read_later.update(region.kept)
    forward = Forward(lowered, sweep.reverse, sharing, sweep.helpers, read_later, pairs)
    forward.droppable = request.form == JOINT and not request.with_value and derivative.result.mask == FLOAT
    forward.droppable &= sweep.reverse.shadows is None and not debugging()
    if forward.droppable:
        _drop_unused(lowered, forward)
    else:
        forward.uses[lowered.result] = forward.uses.get(lowered.result, 0) + 1
    body = forward.block(lowered.body)
    _keep_outlines(lowered, sharing, sweep, code, body)
    mirrors = sorted(sweep.residuals.mirrors.values())
    return [unset(mirrors), *body] if mirrors else body


def _keep_outlines(
    lowered: ir.FunctionIR, sharing: Sharing, sweep: Sweep, code: list[ast.stmt], body: list[ast.stmt]
) -> None:
    """Keep arrays of which only the shape is asked as their outlines."""
    sources = {new: source for made in (sweep.residuals.before, sweep.residuals.after) for captures in made.values()
               for new, source, _ in captures}  # fmt: skip

    def is_array(identifier: str) -> bool:
        kind = sharing.kinds.get(sources.get(identifier, identifier), UNKNOWN)
        return bool(kind.mask & ARRAY) and kind.numeric and identifier not in lowered.parameters

    def is_form(function: str) -> bool:
        found = sweep.helpers.values.get(function)
        return (getattr(found, "__module__", ""), getattr(found, "__name__", "")) == _FORM

    keep_outlines(code, body, sweep.residuals, is_array, sweep.helpers, is_form)


def _drop_unused(lowered: ir.FunctionIR, forward: Forward) -> None:
    """Uncount the reads of statements that a joint function leaves out, last to first."""
    for stmt in reversed(lowered.body):
        if isinstance(stmt, ir.Bind) and forward.pure_and_unused(stmt) and not forward.captures_at(stmt):
            for a in ir.atoms(stmt.expr):
                if isinstance(a, ir.Var):
                    forward.uses[a.name] -= 1
            lowered.body.remove(stmt)


def zero_derivative(request: Request, lowered: ir.FunctionIR, activity: Activity, depends: bool) -> Diagnostic | None:
    """What is told where the result depends on no differentiated argument: an error if an int() cut it off."""
    if depends:
        return None
    end = next((s for s in reversed(list(ir.walk(lowered.body))) if lowered.result in ir.assigned(s)), None)
    span = end.span if end is not None else lowered.span
    if lowered.result in activity.cut:
        place, what = activity.cut[lowered.result]
        return Diagnostic(
            "non-differentiable-result",
            f"cannot differentiate through {what}: its result is not differentiable",
            place,
            "the derivative ends here",
            help="remove the conversion, or wrap its argument in pb.without_derivative if zero is meant",
        )
    if activity.silenced:
        return None
    arguments = ", ".join(f"`{p}`" for p in sorted(request.active)) or "its arguments"
    if lowered.result in activity.ends:
        place, what = activity.ends[lowered.result]
        return Diagnostic(
            "non-differentiable-result",
            f"the result of `{lowered.name}` depends on {arguments} only through {what}, whose result is not "
            f"differentiable, and otherwise does not depend on {arguments}: its derivative is always zero",
            place,
            "the derivative ends here",
            help="wrap its argument in pb.without_derivative if zero is meant",
            severity="warning",
        )
    return Diagnostic(
        "zero-derivative",
        f"the result of `{lowered.name}` does not depend on {arguments}: its derivative is always zero",
        span,
        "",
        help="pb.without_derivative(...) around the value says that this is meant",
        severity="warning",
    )


def returned_constant_field(lowered: ir.FunctionIR) -> Diagnostic | None:
    """The refusal of a function that returns a field which is marked as having no derivative, and nothing else."""
    binds = {s.target: s for s in ir.walk(lowered.body) if isinstance(s, ir.Bind)}
    ends = [s for s in ir.walk(lowered.body) if lowered.result in ir.assigned(s)]
    stmt = ends[0] if len(ends) == 1 and isinstance(ends[0], ir.Bind) else None
    for _ in range(len(binds)):  # (in a loop names may be copies of each other)
        if stmt is None or not isinstance(stmt.expr, ir.Copy) or not isinstance(stmt.expr.source, ir.Var):
            break
        stmt = binds.get(stmt.expr.source.name)
    if stmt is None or not isinstance(stmt.expr, ir.Attr):
        return None
    cls, name = stmt.facts.kinds[0].cls, stmt.expr.name
    if cls is None or name not in constant_fields(cls):
        return None
    return Diagnostic(
        "no-derivative-field",
        f"cannot differentiate through the field `{name}` of `{cls.__name__}`, which is marked as having no derivative",
        stmt.span,
        "the derivative ends here",
        help="wrap it in pb.without_derivative if zero is meant, or take the mark off the field",
    )


def _outputs(request: Request, lowered: ir.FunctionIR, reverse: Reverse) -> ast.expr:
    """The tangents of the active arguments, in parameter order."""
    joint = request.form == JOINT
    given = {p: of_key(k) for p, k in request.kinds}
    others_seen = any(isinstance(s, ir.Bind) and _may_meet_others(s) for s in ir.walk(lowered.body))
    parts: list[ast.expr] = []
    if not joint and request.captures:
        keys = sorted(request.captures)
        parts.append(ast.Dict([constant(k) for k in keys], [_adjoint_or_zero(reverse, k) for k in keys]))
    for parameter in lowered.parameters:
        if parameter not in request.active:
            continue
        d = _adjoint_or_zero(reverse, parameter)
        if joint and reverse.shadows is not None and not sharing_fixed(reverse, parameter):
            original = _original(reverse, parameter, lowered)
            parts.append(reverse.shadows.method("total" if len(request.active) == 1 else "apart", original, d))
            continue
        gathered = lowered.arguments.kwarg
        if reverse.shadows is not None and gathered is not None and gathered.arg == parameter:
            made = reverse.residuals.need(parameter, lowered.body[0], same=True)  # the call made this dict
            parts.append(reverse.shadows.method("take", made, d))
            continue
        plain = given.get(parameter, UNKNOWN).mask == FLOAT and reverse.status.get(parameter) == PRESENT
        if joint and plain and not others_seen and parameter in reverse.accumulators:
            parts.append(d)
        elif joint and given.get(parameter, UNKNOWN).mask == FLOAT and reverse.status.get(parameter, ABSENT) == ABSENT:
            parts.append(constant(0.0))
        elif joint:
            original = _original(reverse, parameter, lowered)
            parts.append(call(reverse.runtime("finish"), d, original))
        elif reverse.shadows is not None and lowered.arguments.kwarg and parameter == lowered.arguments.kwarg.arg:
            # the dict of `**named` is made by the call: nobody else knows its shadow
            parts.append(reverse.shadows.method("take_all", _original(reverse, parameter, lowered), d))
        else:
            parts.append(d)
    if joint:
        bare = parts[0] if len(parts) == 1 else tuple_of(parts)
        return tuple_of([name(lowered.result), bare]) if request.with_value else bare
    return tuple_of(parts)


def _may_meet_others(stmt: ir.Bind) -> bool:
    """Whether a float's adjoint may come back through this statement as a complex or NumPy number."""
    facts = stmt.facts
    if not facts.varied:
        return False
    if facts.kind.mask & _NOT_PYTHONS:
        return True
    entry = lookup(facts.callee) if facts.known else None
    return isinstance(stmt.expr, ir.Apply) and (entry is None or entry.rule is None or bool(entry.vjps))


def sharing_fixed(reverse: Reverse, parameter: str) -> bool:
    """Whether a parameter holds only numbers, so that no shadow has a part in its tangent."""
    return reverse.shadows is not None and reverse.shadows.sharing.is_fixed(parameter)


def _original(reverse: Reverse, parameter: str, lowered: ir.FunctionIR) -> ast.expr:
    """A parameter's value as it was given: captured on entry if the function rebinds it."""
    bound = {n for s in ir.walk(lowered.body) for n in ir.assigned(s)}
    if lowered.body and parameter in bound:
        return reverse.residuals.need(parameter, lowered.body[0], same=True)
    return name(parameter)


def _fields(reverse: Reverse) -> list[str]:
    return [f"{variable}.{field}" for variable, fields in reverse.fields.items() for field in fields]


def _adjoint_or_zero(reverse: Reverse, variable: str) -> ast.expr:
    fields = [f for f in reverse.fields.get(variable, ()) if reverse.status.get(f"{variable}.{f}", ABSENT) != ABSENT]
    cls = reverse.accumulators.get(variable, UNKNOWN).cls
    whole_absent = reverse.status.get(variable, ABSENT) == ABSENT
    known = all(reverse.status[f"{variable}.{f}"] == PRESENT for f in fields) and whole_absent
    if fields and known and cls is not None and has_plain_fields(cls, fields):
        parts = [name(reverse.adjoint(f"{variable}.{f}")) for f in fields]
        made = name(reverse.helper(tangent_type(cls), f"{cls.__name__}_TangentVector"))
        return ast.Call(made, [], [ast.keyword(f, part) for f, part in zip(fields, parts, strict=True)])
    if fields:
        whole = None if whole_absent else name(reverse.adjoint(variable))
        obj = reverse.residuals.need(variable, reverse.function.body[-1], same=True)
        found = tuple_of([name(reverse.adjoint(f"{variable}.{f}")) for f in fields])
        zero = name(reverse.runtime("ZERO"))
        return call(reverse.runtime("of_fields"), obj, whole or zero, constant(tuple(fields)), found)
    if reverse.status.get(variable, ABSENT) == ABSENT:
        return name(reverse.runtime("ZERO"))
    return name(reverse.adjoint(variable))


def assigned_once(code: list[ast.stmt]) -> set[str]:
    """The names that code assigns in one place."""
    counts: dict[str, int] = {}
    for stmt in code:
        for node in walk(stmt):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                counts[node.id] = counts.get(node.id, 0) + 1
    return {n for n, c in counts.items() if c == 1}


def _fill_loops(code: list[ast.stmt]) -> None:
    """Name what each entry of a loop's stack holds, now that all of it is known."""
    for stmt in code:
        for node in walk(stmt):
            region = getattr(node, "region", None)
            if region is not None and isinstance(node, ast.For) and region.stack:
                names: list[ast.expr] = [ast.Name(k, ast.Store()) for k in region.kept]
                node.target = names[0] if len(names) == 1 else ast.Tuple(names, ast.Store())
