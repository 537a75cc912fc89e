"""Which names certainly have a value before each statement.

    if c:
        y = x * x
    a[0] = 1.0          `y` may have none here
"""

from __future__ import annotations

from pullback import ir

Bound = frozenset[str]


def bound_before(function: ir.FunctionIR) -> dict[int, Bound]:
    """For each statement, by id: the names that are bound whenever it runs."""
    found: dict[int, Bound] = {}
    _block(function.body, frozenset((*function.parameters, *function.captured)), found)
    return found


def _block(block: list[ir.Stmt], bound: Bound, found: dict[int, Bound]) -> Bound:
    for stmt in block:
        found[id(stmt)] = bound
        match stmt:
            case ir.Step():  # what follows it runs only if it has ended
                bound = _block(stmt.body, bound, found)
            case ir.If():
                ends = [(b, _block(b, bound, found)) for b in (stmt.body, stmt.orelse)]
                left = [end for b, end in ends if not ir.always_raises(b)]
                bound = left[0].intersection(*left[1:]) if left else ends[0][1]
            case ir.For():
                _block(stmt.body, bound | {stmt.target}, found)
            case ir.While():
                _block(stmt.body, bound, found)
            case ir.With():
                _block(stmt.body, bound | set(ir.assigned(stmt)), found)
            case ir.Try():
                bound = _attempt(stmt, bound, found)
            case ir.Opaque():
                bound = bound - stmt.writes
            case _:
                bound = bound | set(ir.assigned(stmt))
    return bound


def _attempt(stmt: ir.Try, bound: Bound, found: dict[int, Bound]) -> Bound:
    """A `try`: what only its body binds may have no value in the handlers, nor after them."""
    inner = bound
    for step in [*stmt.body, *([stmt.orelse] if stmt.orelse is not None else [])]:
        found[id(step)] = inner
        inner = _block(step.body, inner, found)
    ends = [inner]
    for handler in stmt.handlers:
        found[id(handler.step)] = bound
        end = _block(handler.step.body, bound | {n for n in (handler.name,) if n is not None}, found)
        if not ir.always_raises(handler.step.body):
            ends.append(end - {handler.name or ""})
    return _block(stmt.final, ends[0].intersection(*ends[1:]), found)
