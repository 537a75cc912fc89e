"""The forward sweep of `try` and `with`: which of their parts have run is recorded for the reverse sweep.

    try:                          _c1 = _c2 = False
        y = f(x)                  try:
    except ValueError:                y, _r1 = call(f, (x,), (0,))
        y = x                         _c1 = True
                                  except PullbackError: raise
                                  except ValueError:
                                      _c2 = True
                                      y = x
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pullback import ir
from pullback.errors import CHANGED, DifferentiabilityError, PullbackError
from pullback.lower_try import changed_in_place
from pullback.syntax import assign, call, constant, name, target

if TYPE_CHECKING:
    from pullback.forward_sweep import Forward


def try_statement(forward: Forward, stmt: ir.Try) -> None:
    """Emit a `try`; what the reverse sweep asks of its steps is recorded as they end."""
    forward.flush()
    recorded = {id(s): forward.reverse.reversed_ifs.get(id(s)) for s in stmt.steps}
    partial = [(*s.partial, *_changed_half(forward, s)) for s in stmt.body]
    varied = {s.target for s in ir.walk(list(stmt.body)) if isinstance(s, ir.Bind) and s.facts.varied}
    for inner in ir.walk(list(stmt.body)):
        if isinstance(inner, (ir.Bind, ir.Store)) and (any(inner.facts.active) or isinstance(inner, ir.Store)):
            varied.update(changed_in_place(inner))
    varied.update(n for s in stmt.body for n in _changed_half(forward, s))
    flags: list[str | None] = []
    for step, names in zip(stmt.body, partial, strict=True):
        checked = bool(varied.intersection(names))
        flags.append(recorded[id(step)] or (forward.reverse.fresh("_c") if checked else None))
    for position, names in enumerate(partial):  # to know that a step was begun, the one before it is recorded
        if position and varied.intersection(names) and flags[position - 1] is None:
            flags[position - 1] = forward.reverse.fresh("_c")
    unset = dict.fromkeys([f for f in (*flags, *recorded.values()) if f is not None])
    if unset:
        forward.emit(ast.Assign([target(f) for f in unset], constant(False), lineno=1), stmt.span)
    body: list[ast.stmt] = []
    for step, flag in zip(stmt.body, flags, strict=True):
        body += forward.block(step.body)
        if flag is not None:
            body.append(_mark(flag))
    orelse = _marked(forward, stmt.orelse, recorded) if stmt.orelse is not None else []
    handlers = []
    if stmt.handlers:
        own = name(forward.helper(PullbackError, "PullbackError"))
        handlers.append(ast.ExceptHandler(own, None, [ast.Raise(None, None)]))
        checks = _checks(stmt.body, partial, flags, varied, forward)
        for handler in stmt.handlers:
            block, bound = _marked(forward, handler.step, recorded), handler.name
            if not ir.always_raises(handler.step.body):
                if forward.reverse.shadows is not None:
                    bound = bound or forward.reverse.fresh("_error")
                    told = call(forward.helper(refuse_changed, "refuse_changed"), name(bound))
                    block.insert(0, ast.Expr(told))
                block = [*checks, *block]
            handlers.append(ast.ExceptHandler(handler.type, bound, block or [ast.Pass()]))
    final = forward.block(stmt.final)
    if not handlers and not final:
        final = [ast.Pass()]
    made = ast.Try(body or [ast.Pass()], handlers, orelse, final)
    for node in ast.walk(made):
        if isinstance(node, ast.ExceptHandler) and getattr(node, "end_lineno", None) is None:
            node.lineno, node.col_offset = stmt.span.line, stmt.span.column
            node.end_lineno, node.end_col_offset = stmt.span.end_line, stmt.span.end_column
    forward.emit(made, stmt.span)


def _mark(flag: str) -> ast.stmt:
    return assign(flag, constant(True))


def _marked(forward: Forward, step: ir.Step, recorded: dict[int, str | None]) -> list[ast.stmt]:
    """A handler or `else`: once begun it runs to its end, or what follows is not reached."""
    flag = recorded[id(step)]
    return [*([_mark(flag)] if flag is not None else []), *forward.block(step.body)]


def _changed_half(forward: Forward, step: ir.Step) -> list[str]:
    """What a step changes in place, if an exception may leave it in the middle of that: in a block, or a call."""
    shadows = forward.reverse.shadows
    if shadows is None:
        return []
    inside = list(ir.walk(step.body))
    points = [s for s in inside if id(s) in shadows.activity.changes]
    if len(step.body) == len(inside):  # (what a callee found at run time has changed, its exceptions tell)
        points = [s for s in points if isinstance(s, ir.Bind) and (s.facts.known or _draws(s.expr))]
    return sorted({forward.sharing.points[id(s)] for s in points if id(s) in forward.sharing.points})


def _draws(expr: ir.Expr) -> bool:
    """Whether a change draws from an iterator, which may raise half-way."""
    return isinstance(expr, ir.Operation) or (isinstance(expr, ir.Apply) and expr.method in ("extend", "update"))


def _checks(
    steps: list[ir.Step], partial: list[tuple[str, ...]], flags: list[str | None], varied: set[str], forward: Forward
) -> list[ast.stmt]:
    """Errors for a handler that finds names half-made: `if <the step was begun> and not <it has ended>`."""
    made: list[ast.stmt] = []
    for position, step in enumerate(steps):
        names = sorted(varied.intersection(partial[position]))
        flag = flags[position]
        if not names or flag is None:
            continue
        before = flags[position - 1] if position else None
        ended = ast.UnaryOp(ast.Not(), name(flag))
        test: ast.expr = ended if before is None else ast.BoolOp(ast.And(), [name(before), ended])
        what = f"line {step.span.line}"
        refuse = call(forward.helper(refuse_partial, "refuse_partial"), constant(names[0]), constant(what))
        made.append(ast.If(test, [ast.Expr(refuse)], []))
    return made


def refuse_partial(variable: str, where: str) -> None:
    """An exception left a statement of a `try` in the middle, and what it had assigned by then is read later."""
    raise DifferentiabilityError(
        f"an exception was caught in the middle of the statement at {where}, which had changed `{variable}` by then; "
        f"assign `{variable}` in the handler, or keep it apart from what is read later"
    )


def refuse_changed(error: BaseException) -> None:
    """An exception that was caught came through a call that changes something in place."""
    callee = getattr(error, CHANGED, None)
    if callee is not None:
        raise DifferentiabilityError(
            f"an exception was caught that left {callee}, which changes a value in place, in the middle; "
            "let it change nothing before it raises, or return the new value instead",
            id="mutation",
        )


def with_statement(forward: Forward, stmt: ir.With, context: ast.expr) -> None:
    """Emit a `with`; if its manager swallows an exception, what the body would have assigned is not known."""
    bound = target(stmt.target) if stmt.target is not None else None
    body = forward.block(stmt.body)
    body[:0] = forward.nested(lambda: forward.follow(ir.assigned(stmt), stmt))
    varied = [s for s in ir.walk(stmt.body) if isinstance(s, ir.Bind) and s.facts.varied]
    if not varied:
        forward.emit(ast.With([ast.withitem(context, bound)], body or [ast.Pass()], lineno=1), stmt.span)
        return
    ended = forward.reverse.fresh("_ended")
    forward.emit(assign(ended, constant(False)), stmt.span)
    forward.emit(ast.With([ast.withitem(context, bound)], [*body, _mark(ended)], lineno=1), stmt.span)
    refuse = ast.Expr(call(forward.helper(refuse_swallowed, "refuse_swallowed")))
    forward.emit(ast.If(ast.UnaryOp(ast.Not(), name(ended)), [refuse], []), stmt.span)


def refuse_swallowed() -> None:
    """A context manager swallowed an exception, so that its block did not run to its end."""
    raise DifferentiabilityError(
        "this context manager swallowed an exception of its block, whose values are differentiated; "
        "write `try` and `except` instead"
    )
