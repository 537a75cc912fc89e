"""The differential of one function, put together and compiled: `f_differential(x_dot, ..., x, ...)`.

Its source is remembered without the guards on entry, which what is generated from it inherits: so a
derivative of a derivative comes out of the same pipeline.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from pullback import ir
from pullback.activity import Activity
from pullback.along import drawn_along
from pullback.assemble import all_guards, compiled, read_as_well, still_yielding, yield_again
from pullback.capturing import arms_of, exclusive
from pullback.emit import Helpers, again, bare_arguments, definition
from pullback.generated import Derivative
from pullback.layout import TANGENT
from pullback.liveness import reads_of
from pullback.rules import lookup
from pullback.sharing import Sharing
from pullback.simplify import simplify
from pullback.source import Source, remember
from pullback.spans import Diagnostic
from pullback.sweeps import assigned_once, zero_derivative
from pullback.syntax import name, tuple_of
from pullback.tangent_changes import ChangingTangentCode, changed_points, mirrored_names, outer_changes
from pullback.tangent_code import TangentCode
from pullback.tangent_names import PRESENT

Static = Callable[..., Any]


def assemble_differential(
    derivative: Derivative, lowered: ir.FunctionIR, source: Source, activity: Activity, sharing: Sharing, static: Static
) -> None:
    """Generate the tangent code of a function twice: the second time it is known which values it reads."""
    request = derivative.request
    mirrored = mirrored_names(lowered, activity, sharing)
    points = changed_points(lowered, sharing, mirrored)
    outer = outer_changes(lowered, activity, sharing)
    derivative.changes = sharing.changed_outside(activity.changes)
    derivative.mirrors = bool(mirrored.intersection((*lowered.parameters, *lowered.captured)))

    def generated(needed: set[str]) -> tuple[TangentCode, list[ast.stmt], Helpers]:
        helpers = Helpers(set(lowered.names))
        derivative.redo = helpers.fresh("again")
        needed = needed | {lowered.result}
        code = TangentCode(lowered, sharing, helpers, static, needed)
        if mirrored:
            code = ChangingTangentCode(
                lowered,
                sharing,
                helpers,
                static,
                needed,
                mirrored=mirrored,
                points=points,
                outer=outer,
                lent=request.lent,
            )
        code.watched = dict(activity.watched)
        for variable in sorted(request.captures | request.active):
            code.status[variable] = PRESENT
            code.dot(variable)
        start = code.entry(request.active, request.captures) if isinstance(code, ChangingTangentCode) else []
        return code, [*start, *code.block(lowered.body)], helpers

    first, _, _ = generated(set())
    code, body, helpers = generated(first.dot_reads)
    derivative.dot_status = code.status.get(lowered.result, "")
    depends = bool(derivative.dot_status)
    derivative.always_zero = zero_derivative(request, lowered, activity, depends)
    result_dot = name(code.dot(lowered.result)) if depends else code.zero()
    outcome: list[ast.stmt] = []
    if not lowered.generator:
        outcome.append(ast.Return(tuple_of([name(lowered.result), result_dot])))
    temporary = {d for v, d in code.dots.items() if v.startswith("_")}
    statements = [*body, *outcome]
    statements = simplify(statements, frozenset(assigned_once(statements) & temporary), bool(mirrored))
    active = [*sorted(request.captures), *(p for p in lowered.parameters if p in request.active)]
    arguments = _with_tangents(bare_arguments(lowered.arguments), [code.dot(p) for p in active])
    tests = [*all_guards(derivative, helpers), *read_as_well(derivative, helpers)]
    start = again(tests, arguments, derivative.redo)
    if lowered.generator:
        statements = still_yielding(statements)
        if start:
            yield_again(start)
    stem = lowered.name if lowered.name.isidentifier() else "function"
    identifier = helpers.fresh(f"{stem}_differential")
    tree = definition(identifier, arguments, [*lowered.declarations, *start, *statements])
    made = derivative.forward = compiled(derivative, tree, lowered, helpers, source, TANGENT)
    plain = definition(identifier, arguments, [*lowered.declarations, *statements])
    ast.copy_location(plain, tree)
    remember(made.code, Source(plain, source.filename, made.code))
    inherited: frozenset[str] = getattr(derivative.function, "_pullback_helpers", frozenset())
    made.marks = {
        "_pullback_helpers": inherited | frozenset(helpers.values), "_pullback_guards": tests,
        "_pullback_changing": bool(mirrored),
        "_pullback_made": (*lowered.made, *(code.dot(p) for p in lowered.made if p in code.dots)),
    }  # fmt: skip


def not_forward(lowered: ir.FunctionIR, activity: Activity, sharing: Sharing) -> list[Diagnostic]:
    """What forward mode, and with it derivatives of derivatives, does not go through yet."""
    found: list[Diagnostic] = []
    what = "forward mode and derivatives of derivatives do not support"
    for stmt in ir.walk(lowered.body):
        if isinstance(stmt, ir.With) and stmt.swallows and activity.result_varied:
            message = f"{what} `contextlib.suppress` yet"
            help = "write `try` and `except` instead"
            found.append(Diagnostic("unsupported-construct", message, stmt.span, "", (), (), help))
        for handler in stmt.handlers if isinstance(stmt, ir.Try) else ():
            for inner in ir.walk(handler.step.body):
                if isinstance(inner, ir.Bind) and inner.facts.varied and _is_given(inner, handler.name):
                    message = f"{what} values that an exception carries yet"
                    help = "use gradient or pullback, or keep the value in a variable"
                    found.append(Diagnostic("unsupported-construct", message, inner.span, "", (), (), help))
    changing = bool(mirrored_names(lowered, activity, sharing)) or any(map(_hands_out, ir.walk(lowered.body)))
    changing = changing or bool(sharing.points and not sharing.keeps_nothing)  # (this library changes nothing between)
    for stmt in _drawn_again(lowered.body, changing):
        message = f"{what} an iterator that is gone through in more than one place yet"
        help = "make a list of it first, as in `items = list(zip(xs, ys))`"
        found.append(Diagnostic("unsupported-construct", message, stmt.span, "", (), (), help))
    return found


def _is_given(stmt: ir.Bind, variable: str | None) -> bool:
    """Whether a statement is given what a variable holds, as a differentiated value."""
    operands = zip(ir.atoms(stmt.expr), stmt.facts.active, strict=False)
    return any(flag and atom == ir.Var(variable or "") for atom, flag in operands)


def _drawn_again(body: list[ir.Stmt], changing: bool) -> list[ir.Stmt]:
    """The statements that go on with an iterator that was drawn from before, where it is a list, without a position.

    A function that has a form for iterators is called for it, also where what it draws from may change between items.
    """
    every = list(ir.walk(body))
    makers = [s for s in every if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Apply) and s.facts.varied]
    makers = [s for s in makers if s.facts.known and _is_iterator(s.facts.callee)]
    if not makers:
        return []
    arms = arms_of(body)
    loops = [(id(s), {id(inner) for inner in ir.walk(s.body)}) for s in every if isinstance(s, (ir.For, ir.While))]
    inside = {id(s): {loop for loop, held in loops if id(s) in held} for s in every}
    found: list[ir.Stmt] = []
    for made in makers:
        again: list[ir.Stmt] = []
        names = {made.target}
        for stmt in every:
            if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Copy) and not names.isdisjoint(reads_of(stmt)):
                names.add(stmt.target)
        draws = [s for s in every if not names.isdisjoint(reads_of(s)) and not _only_looks(s)]
        for place, stmt in enumerate(draws):
            before = [s for s in draws[:place] if not exclusive(arms[id(s)], arms[id(stmt)])]
            if before or inside[id(stmt)] - inside[id(made)]:
                again.append(stmt)
        lazily = getattr(lookup(made.facts.callee), "of_iterators", None)
        if lazily is None or hasattr(lazily, "exhausts"):
            found += again
        elif again or changing:
            made.facts.lazily = True
    return found


def _is_iterator(callee: Any) -> bool:
    """Whether a class makes iterators, as `enumerate`, `zip` and those of `itertools` do."""
    return isinstance(callee, type) and hasattr(callee, "__next__") and callee.__module__ in ("builtins", "itertools")


def _hands_out(stmt: ir.Stmt) -> bool:
    """Whether a statement makes an iterator of pairs, for a caller who may change what it draws from."""
    return isinstance(stmt, ir.Bind) and stmt.facts.known and stmt.facts.callee is drawn_along


def _only_looks(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, ir.Bind) and isinstance(stmt.expr, (ir.Copy, ir.Inert, ir.Compare))


def _with_tangents(arguments: ast.arguments, dots: list[str]) -> ast.arguments:
    """The signature with the tangents of the active parameters first."""
    extra = [ast.arg(d) for d in dots]
    if arguments.posonlyargs or arguments.vararg or arguments.kwarg:
        arguments.posonlyargs = [*extra, *arguments.posonlyargs]
    else:
        arguments.args = [*extra, *arguments.args]
    return arguments
