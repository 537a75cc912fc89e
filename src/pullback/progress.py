"""How far a `try` has come: its statements as steps, where an exception may leave a change behind.

    try:                                  try:
        for x in xs:                          begun:  for x in xs:
            total = total + 1.0 / x     ->                ended:  total = total + 1.0 / x
    except ZeroDivisionError:
        pass

A step is reversed if it has run to its end; one around a loop or conditional, if it has begun. So a step holds
at most one change, as its last statement. Where nothing is changed, and nothing half-made is read later, the
steps stay as large as they were lowered.
"""

from __future__ import annotations

from pullback import ir


def in_steps(body: list[ir.Stmt], changes: set[int]) -> None:
    """Take apart each `try` whose body changes something (the statements `changes`) that is seen after it."""
    for stmt in body:
        if isinstance(stmt, ir.Try) and stmt.handlers and (stmt.manager or any(_leaves(s, changes) for s in stmt.body)):
            _try(stmt, changes)
            continue
        if isinstance(stmt, ir.With) and stmt.swallows:
            stmt.body = list(_pieces(stmt.body, changes))
            continue
        for block in [s.body for s in stmt.steps] + [stmt.final] if isinstance(stmt, ir.Try) else ir.blocks(stmt):
            in_steps(block, changes)


def yielded(function: ir.FunctionIR) -> set[int]:
    """The statements, by id, that note what a generator yields: that is out, whatever is raised later."""
    if not function.generator:
        return set()
    return {id(s) for s in ir.walk(function.body) if isinstance(s, ir.Append) and s.target == function.result}


def _leaves(step: ir.Step, changes: set[int]) -> bool:
    """Whether an exception in the middle of a step may leave something that matters."""
    inside = list(ir.walk(step.body))
    varied = {n for s in inside for n in ir.assigned(s) if getattr(getattr(s, "facts", None), "varied", True)}
    return any(id(s) in changes for s in inside) or bool(varied.intersection(step.partial))


def _try(stmt: ir.Try, changes: set[int]) -> None:
    stmt.body = [piece for step in stmt.body for piece in _pieces(step.body, changes)]
    stmt.in_steps = True
    for step in stmt.steps[len(stmt.body) :]:
        in_steps(step.body, changes)
    in_steps(stmt.final, changes)


def _whole_try(stmt: ir.Try, changes: set[int]) -> None:
    """A `try` inside another: its handlers too may be left in the middle."""
    stmt.body = [piece for step in stmt.body for piece in _pieces(step.body, changes)]
    stmt.in_steps = True
    for step in stmt.steps[len(stmt.body) :]:
        step.body = list(_pieces(step.body, changes))
        step.at_start = True
    stmt.final = list(_pieces(stmt.final, changes))


def _pieces(block: list[ir.Stmt], changes: set[int]) -> list[ir.Step]:
    made: list[ir.Step] = []
    step: list[ir.Stmt] = []

    def close() -> None:
        if step:
            made.append(ir.Step(ir.Lit(True), list(step), [], step[0].span, step[0].pos))
            step.clear()

    for stmt in block:
        if isinstance(stmt, (ir.If, ir.For, ir.While, ir.With, ir.Try)):
            close()
            _inside(stmt, changes)
            made.append(ir.Step(ir.Lit(True), [stmt], [], stmt.span, stmt.pos, at_start=True))
            continue
        if id(stmt) in changes and may_be_half_done(stmt):
            close()  # (what comes before it may raise too)
        step.append(stmt)
        named = any(not n.startswith("_t") for n in ir.assigned(stmt))
        if named or id(stmt) in changes or isinstance(stmt, ir.Append):
            close()
    close()
    return made


def _inside(stmt: ir.If | ir.For | ir.While | ir.With | ir.Try, changes: set[int]) -> None:
    if isinstance(stmt, ir.Try):
        _whole_try(stmt, changes)
        return
    last = stmt.body[-1:] if stmt.body and isinstance(stmt.body[-1], ir.BreakIf) else []
    stmt.body = [*_pieces(stmt.body[: len(stmt.body) - len(last)], changes), *last]
    if isinstance(stmt, ir.If):
        stmt.orelse = list(_pieces(stmt.orelse, changes))
        stmt.attempted = True
    elif isinstance(stmt, (ir.For, ir.While)):
        stmt.attempted = True


# Methods that have changed nothing if they raise.
_ATOMIC = frozenset({
    "append", "appendleft", "pop", "popleft", "popitem", "insert", "remove", "clear", "add", "discard", "setdefault",
    "reverse", "rotate",
})  # fmt: skip


def may_be_half_done(stmt: ir.Stmt) -> bool:
    """Whether a change may have been made in part when it raises, and its exception does not tell."""
    if not isinstance(stmt, ir.Bind):
        return False
    if isinstance(stmt.expr, ir.Operation):
        return True
    return isinstance(stmt.expr, ir.Apply) and stmt.expr.method not in _ATOMIC and (
        stmt.facts.known or stmt.expr.method in ("extend", "extendleft", "update", "sort")
    )
