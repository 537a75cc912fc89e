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
from pullback.assemble import all_guards, compiled
from pullback.emit import Helpers, again, bare_arguments, definition
from pullback.generated import Derivative
from pullback.layout import TANGENT
from pullback.sharing import Sharing
from pullback.simplify import simplify
from pullback.source import Source, remember
from pullback.spans import Diagnostic
from pullback.sweeps import assigned_once, zero_derivative
from pullback.syntax import name, tuple_of
from pullback.tangent_code import PRESENT, TangentCode

Static = Callable[[ir.Bind, tuple[bool, ...]], Any]


def assemble_differential(
    derivative: Derivative, lowered: ir.FunctionIR, source: Source, activity: Activity, sharing: Sharing, static: Static
) -> None:
    """Generate the tangent code of a function twice: the second time it is known which values it reads."""
    first, _, _ = _generated(derivative, lowered, sharing, static, set())
    code, body, helpers = _generated(derivative, lowered, sharing, static, first.dot_reads)
    request = derivative.request
    derivative.dot_status = code.status.get(lowered.result, "")
    depends = bool(derivative.dot_status)
    derivative.always_zero = zero_derivative(request, lowered, activity, depends)
    result_dot = name(code.dot(lowered.result)) if depends else code.zero()
    outcome = ast.Return(tuple_of([name(lowered.result), result_dot]))
    temporary = {d for v, d in code.dots.items() if v.startswith("_")}
    statements = [*body, outcome]
    statements = simplify(statements, frozenset(assigned_once(statements) & temporary))
    active = [*sorted(request.captures), *(p for p in lowered.parameters if p in request.active)]
    arguments = _with_tangents(bare_arguments(lowered.arguments), [code.dot(p) for p in active])
    tests = all_guards(derivative, helpers)
    start = again(tests, arguments, derivative.redo)
    stem = lowered.name if lowered.name.isidentifier() else "function"
    identifier = helpers.fresh(f"{stem}_differential")
    tree = definition(identifier, arguments, [*lowered.declarations, *start, *statements])
    made = derivative.forward = compiled(derivative, tree, lowered, helpers, source, TANGENT)
    plain = definition(identifier, arguments, [*lowered.declarations, *statements])
    ast.copy_location(plain, tree)
    remember(made.code, Source(plain, source.filename, made.code))
    inherited: frozenset[str] = getattr(derivative.function, "_pullback_helpers", frozenset())
    made.marks = {"_pullback_helpers": inherited | frozenset(helpers.values), "_pullback_guards": tests}


def _generated(
    derivative: Derivative, lowered: ir.FunctionIR, sharing: Sharing, static: Static, needed: set[str]
) -> tuple[TangentCode, list[ast.stmt], Helpers]:
    helpers = Helpers(set(lowered.names))
    derivative.redo = helpers.fresh("again")
    code = TangentCode(lowered, sharing, helpers, static, needed | {lowered.result})
    for variable in sorted(derivative.request.captures | derivative.request.active):
        code.status[variable] = PRESENT
        code.dot(variable)
    return code, code.block(lowered.body), helpers


def not_forward(lowered: ir.FunctionIR, activity: Activity, sharing: Sharing) -> list[Diagnostic]:
    """What forward mode, and with it derivatives of derivatives, does not go through yet."""
    found: list[Diagnostic] = []
    for stmt in ir.walk(lowered.body):
        if id(stmt) in activity.changes & sharing.certain:
            message = "a differentiated value is changed in place, which forward mode and derivatives of derivatives"
            help = "use gradient or pullback, or build a new value instead"
            found.append(Diagnostic("mutation", f"{message} do not support yet", stmt.span, "", (), (), help))
        elif isinstance(stmt, ir.Try) and any(
            isinstance(s, ir.Bind) and s.facts.varied for s in ir.walk([*stmt.steps, *stmt.final])
        ):
            message = "forward mode and derivatives of derivatives do not support `try` around such values yet"
            help = "use gradient or pullback"
            found.append(Diagnostic("unsupported-construct", message, stmt.span, "", (), (), help))
    if lowered.generator:
        message = "forward mode and derivatives of derivatives do not support generators of differentiated values yet"
        found.append(Diagnostic("unsupported-construct", message, lowered.span, "", (), (), "return a list"))
    return found


def _with_tangents(arguments: ast.arguments, dots: list[str]) -> ast.arguments:
    """The signature with the tangents of the active parameters first."""
    extra = [ast.arg(d) for d in dots]
    if arguments.posonlyargs or arguments.vararg or arguments.kwarg:
        arguments.posonlyargs = [*extra, *arguments.posonlyargs]
    else:
        arguments.args = [*extra, *arguments.args]
    return arguments
