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
import types
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pullback import ir
from pullback.errors import CHANGED, DifferentiabilityError, PullbackError
from pullback.fingerprints import contents
from pullback.lower_try import changed_in_place
from pullback.progress import may_be_half_done
from pullback.syntax import assign, call, constant, name, target

if TYPE_CHECKING:
    from pullback.forward_sweep import Forward


def try_statement(forward: Forward, stmt: ir.Try) -> None:
    """Emit a `try`; what the reverse sweep asks of its steps is recorded as they end."""
    forward.flush()
    checks: list[ast.stmt] = []
    half = ""
    if stmt.in_steps:
        unset_flags(forward, [*stmt.steps, *stmt.final], stmt)
        half = forward.half()
        forward.emit(assign(half, constant(None)), stmt.span)
        body = forward.block(list(stmt.body))
        halves = forward.half_used
    else:
        body, checks = _large_steps(forward, stmt)
        halves = False
    orelse = forward.block([stmt.orelse]) if stmt.orelse is not None else []
    handlers = []
    if stmt.handlers:
        own = name(forward.helper(PullbackError, "PullbackError"))
        handlers.append(ast.ExceptHandler(own, None, [ast.Raise(None, None)]))
        for handler in stmt.handlers:
            block, bound = forward.block([handler.step]), handler.name
            if not ir.always_raises(handler.step.body):
                if forward.reverse.shadows is not None:
                    bound = bound or forward.reverse.fresh("_error")
                    if halves:
                        block.insert(0, _check_half(forward, half, bound))
                    told = call(forward.helper(refuse_changed, "refuse_changed"), name(bound))
                    block.insert(0, ast.Expr(told))
                if handler.carries and bound is not None:
                    told = call(forward.helper(refuse_carried, "refuse_carried"), name(bound))
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


def _large_steps(forward: Forward, stmt: ir.Try) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """The body of a `try` that changes nothing, and the tests that its handlers begin with."""
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
    return body, _checks(stmt.body, partial, flags, varied, forward) if stmt.handlers else []


def unset_flags(forward: Forward, block: list[ir.Stmt], stmt: ir.Stmt) -> None:
    """No step has run yet: those of a block, but not the ones inside its loops, which begin anew there."""
    flags = [f for f in map(forward.reverse.reversed_ifs.get, _steps_of(block)) if f is not None]
    if flags:
        forward.emit(ast.Assign([target(f) for f in flags], constant(False), lineno=1), stmt.span)


def _steps_of(block: list[ir.Stmt]) -> Iterator[int]:
    for stmt in block:
        if isinstance(stmt, ir.If):
            yield id(stmt)
        if not isinstance(stmt, (ir.For, ir.While)):
            for inner in ir.blocks(stmt):
                yield from _steps_of(inner)


def step_statement(forward: Forward, stmt: ir.Step) -> None:
    """Emit a step, and the mark that it has begun or ended."""
    forward.flush()
    flag = forward.reverse.reversed_ifs.get(id(stmt))
    if flag is not None and stmt.at_start:
        forward.emit(_mark(flag), stmt.span)
    shadows = forward.reverse.shadows
    last = stmt.body[-1] if stmt.body else None
    half = None
    if last is not None and shadows is not None and id(last) in shadows.activity.changes and may_be_half_done(last):
        half = forward.half()
        forward.half_used = True
        what = forward.sharing.points.get(id(last), "a value")
        calls = isinstance(last, ir.Bind) and isinstance(last.expr, ir.Apply) and last.facts.known
        forward.emit(assign(half, constant((what, f"line {stmt.span.line}", calls))), stmt.span)
    for made in forward.block(stmt.body):
        forward.out.append(made)
    if half is not None:
        forward.emit(assign(half, constant(None)), stmt.span)
    if flag is not None and not stmt.at_start:
        forward.emit(_mark(flag), stmt.span)


def _check_half(forward: Forward, half: str, error: str) -> ast.stmt:
    """An error for a handler that finds a change half made."""
    refuse = call(forward.helper(refuse_half, "refuse_half"), name(error), name(half))
    return ast.If(ast.Compare(name(half), [ast.IsNot()], [constant(None)]), [ast.Expr(refuse)], [])


def _mark(flag: str) -> ast.stmt:
    return assign(flag, constant(True))


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


FIRST_CHANGE: dict[types.CodeType, int] = {}  # generated functions that change something: the line where they may begin


def first_change(body: list[ir.Stmt], changes: set[int]) -> int:
    """The first line at which a function may have changed something: that of a change, or of the loop around it."""
    lines = [10**9]
    for stmt in body:
        inner = [s for block in ir.blocks(stmt) for s in block]
        if id(stmt) in changes:
            lines.append(stmt.span.line)
        if inner:
            first = first_change(inner, changes)
            again = isinstance(stmt, (ir.For, ir.While, ir.Try)) and first < 10**9  # (`finally` runs after a `raise`)
            lines.append(min(stmt.span.line, first) if again else first)
    return min(lines)


def _has_changed(error: BaseException) -> str | None:
    """The function whose call an exception left after it may have changed something; "" if none had come that far."""
    place = error.__traceback__.tb_next if error.__traceback__ is not None else None
    found = None
    while place is not None:
        first = FIRST_CHANGE.get(place.tb_frame.f_code)
        if first is not None and place.tb_lineno >= first:
            return place.tb_frame.f_code.co_qualname
        found = "" if first is not None else found
        place = place.tb_next
    return found


def refuse_half(error: BaseException, half: tuple[str, str, bool]) -> None:
    """An exception left a change half made."""
    variable, where, calls = half
    if not (calls and _has_changed(error) == ""):
        refuse_partial(variable, where)


def refuse_changed(error: BaseException) -> None:
    """An exception that was caught came through a call that changes something in place."""
    callee = _has_changed(error)
    if callee is None:  # a function of Python's own, or none that changes anything
        callee = getattr(error, CHANGED, None)
    if callee:
        raise DifferentiabilityError(
            f"an exception was caught that left {callee}, which changes a value in place, in the middle; "
            "let it change nothing before it raises, or return the new value instead",
            id="mutation",
        )


def refuse_carried(error: BaseException) -> None:
    """A handler reads what an exception holds: a differentiated value would have lost its derivative on the way."""
    if holds_numbers(error, set()):
        raise DifferentiabilityError(
            f"this handler reads what a {type(error).__name__} holds, and a number in an exception has no derivative; "
            "return the value instead of raising it, or wrap it in pb.without_derivative and do not read it here"
        )


def holds_numbers(x: Any, seen: set[int]) -> bool:
    """Whether a differentiated value may be in an object, however deep."""
    if isinstance(x, (float, complex, np.inexact)):
        return True
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "fcO"
    if id(x) in seen or isinstance(x, (int, str, bytes, type, types.ModuleType, types.TracebackType)) or x is None:
        return False
    seen.add(id(x))
    parts: list[Any] = list(getattr(x, "__dict__", {}).values())
    parts += [getattr(x, n, None) for c in type(x).__mro__ for n in _names_of(c.__dict__.get("__slots__", ()))]
    if isinstance(x, BaseException):
        parts += [*x.args, x.__cause__, getattr(x, "value", None)]
    elif isinstance(x, dict):
        parts += [*x, *x.values()]
    elif isinstance(x, (list, tuple, set, frozenset, deque)):
        parts += x
    elif isinstance(x, types.FunctionType):
        parts += [contents(c) for c in x.__closure__ or ()]
    return any(holds_numbers(part, seen) for part in parts)


def _names_of(slots: Any) -> list[str]:
    return [slots] if isinstance(slots, str) else [n for n in slots if isinstance(n, str)]


def with_statement(forward: Forward, stmt: ir.With, context: ast.expr) -> None:
    """Emit a `with`; if its manager swallows an exception, what the body would have assigned is not known."""
    bound = target(stmt.target) if stmt.target is not None else None
    body = forward.block(stmt.body)
    body[:0] = forward.nested(lambda: forward.follow(ir.assigned(stmt), stmt))
    varied = [s for s in ir.walk(stmt.body) if isinstance(s, ir.Bind) and s.facts.varied]
    if not varied:
        forward.emit(ast.With([ast.withitem(context, bound)], body or [ast.Pass()], lineno=1), stmt.span)
        return
    if stmt.swallows:
        flags = forward.nested(lambda: unset_flags(forward, stmt.body, stmt))
        made = ast.With([ast.withitem(context, bound)], body or [ast.Pass()], lineno=1)
        forward.out += flags
        forward.emit(made, stmt.span)
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
