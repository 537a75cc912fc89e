"""`try` in tangent code: every name that it assigns has a tangent all the time, so that a handler may read it.

    try:                 y_dot = ZERO
        y = x * x        try: y = x * x; y_dot = ...
    except ...: y = x    except PullbackError: raise
                         except ...: y = x; y_dot = x_dot
"""

from __future__ import annotations

import ast

from pullback import ir
from pullback.errors import PullbackError
from pullback.forward_try import refuse_carried
from pullback.syntax import assign, call, name, placed
from pullback.tangent_names import MAYBE, TangentNames


def attempt(code: TangentNames, stmt: ir.Try) -> None:
    """A `try`: every name that it assigns has a tangent all the time, which may be ZERO."""
    code.flush()
    inside = list(ir.walk([*stmt.steps, *stmt.final]))
    assigned = {n for s in inside for n in ir.assigned(s)}
    own = code.function.locals | {code.function.result}  # (a temporary is read where it is made)
    names = sorted(n for n in assigned & own if n in code.status or n in code.varying)
    for variable in names:
        if variable not in code.status:
            code.emit(assign(code.dot(variable), code.zero()), stmt.span)
    outer, code.always = code.always, code.always | set(names)
    entry = {**code.status, **dict.fromkeys(names, MAYBE)}
    code.status = dict(entry)
    body = [s for step in stmt.body for s in code.block(step.body)]
    code.status.update(dict.fromkeys(names, MAYBE))
    orelse = code.block(stmt.orelse.body) if stmt.orelse is not None else []
    handlers = []
    if stmt.handlers:
        refusal = name(code.helper(PullbackError, "PullbackError"))
        handlers.append(ast.ExceptHandler(refusal, None, [ast.Raise(None, None)]))
        for handler in stmt.handlers:
            code.status = dict(entry)
            block = code.block(handler.step.body)
            if handler.carries and handler.name is not None:
                told = call(code.helper(refuse_carried, "refuse_carried"), name(handler.name))
                block.insert(0, placed(ast.Expr(told), stmt.span))
            handlers.append(ast.ExceptHandler(handler.type, handler.name, block or [ast.Pass()]))
    code.status = dict(entry)
    final = code.block(stmt.final)
    code.always = outer
    code.status = dict(entry)
    made = ast.Try(body or [ast.Pass()], handlers, orelse, final or ([] if handlers else [ast.Pass()]))
    for node in ast.walk(made):
        if isinstance(node, ast.ExceptHandler) and getattr(node, "end_lineno", None) is None:
            node.lineno, node.col_offset = stmt.span.line, stmt.span.column
            node.end_lineno, node.end_col_offset = stmt.span.end_line, stmt.span.end_column
    code.emit(made, stmt.span)
    code.out[-1].span = stmt.span  # type: ignore[attr-defined]
