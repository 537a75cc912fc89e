"""Conditions whose outcome is known from the kinds of values: the arm that runs takes the conditional's place.

    if self.bias is None:           for a layer whose bias is an array:
        y = x @ w              ->       y = x @ w + self.bias
    else:
        y = x @ w + self.bias
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from pullback import ir
from pullback.kinds import NONE, Kind


def outcome(test: ast.expr, kind_of: Callable[[ast.expr], Kind | None]) -> bool | None:
    """Whether `x is None` or `x is not None` holds, by the kind of `x`; None where that does not tell."""
    match test:
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
            kind = kind_of(left)
            if kind is not None and kind.mask and (kind.mask == NONE or not kind.mask & NONE):
                return (kind.mask == NONE) == isinstance(op, ast.Is)
    return None


def settle_conditions(function: ir.FunctionIR) -> None:
    """Put the arms that run in the place of the conditionals that `infer` found decided."""
    if any(isinstance(s, ir.If) and s.taken is not None for s in ir.walk(function.body)):
        _settle(function.body)
        tests = {s.test.name for s in ir.walk(function.body) if isinstance(s, ir.If) and isinstance(s.test, ir.Var)}
        _drop_tests(function.body, tests)
        for position, stmt in enumerate(ir.walk(function.body)):
            stmt.pos = position


def _settle(block: list[ir.Stmt]) -> None:
    made: list[ir.Stmt] = []
    for stmt in block:
        for inner in _blocks(stmt):
            _settle(inner)
        if isinstance(stmt, ir.If) and stmt.taken is not None:
            made.extend(stmt.body if stmt.taken else stmt.orelse)
        else:
            made.append(stmt)
    block[:] = made


def _drop_tests(block: list[ir.Stmt], read: set[str]) -> None:
    """Leave out the tests that nothing asks for any more: a decided one only looks at a name or a stored field."""
    for stmt in block:
        for inner in _blocks(stmt):
            _drop_tests(inner, read)
    block[:] = [s for s in block if not (isinstance(s, ir.Bind) and is_decided(s) and s.target not in read)]


def is_decided(stmt: ir.Bind) -> bool:
    """Whether a statement computes a test, for one conditional, whose outcome is known."""
    return isinstance(stmt.expr, ir.Inert) and stmt.facts.kind.value in (True, False) and stmt.target.startswith("_t")


def _blocks(stmt: ir.Stmt) -> list[list[ir.Stmt]]:
    if isinstance(stmt, ir.Try):
        return [step.body for step in stmt.steps] + [stmt.final]
    return list(ir.blocks(stmt))
