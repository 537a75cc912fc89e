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


def take_decided_arms(function: ir.FunctionIR) -> bool:
    """Put the arms that run in the place of the conditionals that `infer` found decided; whether there were any."""
    if not any(isinstance(s, ir.If) and s.taken is not None for s in ir.walk(function.body)):
        return False
    _settle(function.body)
    _drop_tests(function.body, {function.result}.union(*map(_reads, ir.walk(function.body))))
    for position, stmt in enumerate(ir.walk(function.body)):
        stmt.pos = position
    return True


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


def _reads(stmt: ir.Stmt) -> set[str]:
    """The names that a statement itself reads."""
    atoms: tuple[ir.Atom, ...] = ()
    match stmt:
        case ir.Bind(expr=expr):
            atoms = ir.atoms(expr)
        case ir.If(test=test):
            atoms = (test,)
        case ir.Unpack(source=atom) | ir.Append(item=atom) | ir.For(iterable=atom) | ir.With(context=atom):
            atoms = (atom,)
        case ir.Store(obj=obj, value=value):
            atoms = (obj, value, *([] if stmt.attribute else [stmt.key]))
        case ir.Opaque(reads=reads) | ir.Raise(reads=reads) | ir.While(test=ir.Inert(reads=reads)):
            return set(reads)
        case ir.BreakIf(flags=flags):
            return set(flags)
    return {a.name for a in atoms if isinstance(a, ir.Var)}


def is_decided(stmt: ir.Bind) -> bool:
    """Whether a statement computes a test, for one conditional, whose outcome is known."""
    return isinstance(stmt.expr, ir.Inert) and stmt.facts.kind.value in (True, False) and stmt.target.startswith("_t")


def _blocks(stmt: ir.Stmt) -> list[list[ir.Stmt]]:
    if isinstance(stmt, ir.Try):
        return [step.body for step in stmt.steps] + [stmt.final]
    return list(ir.blocks(stmt))
