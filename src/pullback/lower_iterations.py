"""Loops over what may be more than a container: an iterator, or an object with an `__iter__` of its own.

    for v in xs:      ->      _it1 = iterated(xs)
                              for v in _it1:

Once kinds are known, the call is taken out again where `xs` is a container, or carries no derivative.
"""

from __future__ import annotations

import ast
from inspect import CO_GENERATOR
from typing import Any

from pullback import ir
from pullback.forward_uses import count_uses
from pullback.kinds import LIST, OTHER, STRUCT, TUPLE

_NEW = frozenset({"range", "zip", "enumerate", "reversed", "sorted", "map", "filter", "list", "tuple"})


def may_be_more(node: ast.expr) -> bool:
    """Whether an iterable, as written, may be something else than a container or a new iterator."""
    if isinstance(node, ast.Call):
        return not (isinstance(node.func, ast.Name) and node.func.id in _NEW)
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.IfExp, ast.BoolOp, ast.NamedExpr))


def settle_iterations(function: ir.FunctionIR, unpacking: Any = None) -> None:
    """Take out the calls of `iterated` that are not needed; those before an unpacking may call another function."""
    sources: dict[str, ir.Var] = {}
    kinds = {}
    read = count_uses(function.body)
    unpacked = {s.source for s in ir.walk(function.body) if isinstance(s, ir.Unpack) and any(map(read.get, s.targets))}
    made = {ir.Var(s.target) for s in ir.walk(function.body) if isinstance(s, ir.Bind) and _makes_items(s)}
    for stmt in ir.walk(function.body):
        if _is_iterated(stmt):
            assert isinstance(stmt, ir.Bind)
            source, kind = ir.atoms(stmt.expr)[1], stmt.facts.kinds[1]
            likely = ir.Var(stmt.target) in unpacked and kind.mask & (TUPLE | LIST)  # an error tells of others
            likely = likely and not (source in made and unpacking is not None)
            if isinstance(source, ir.Var) and (likely or not (stmt.facts.active[1] and kind.mask & (STRUCT | OTHER))):
                sources[stmt.target], kinds[stmt.target] = source, kind
            elif ir.Var(stmt.target) in unpacked and unpacking is not None:
                stmt.facts.callee = unpacking
    if not sources:
        return
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.For) and isinstance(stmt.iterable, ir.Var) and stmt.iterable.name in sources:
            stmt.facts.kinds = (kinds[stmt.iterable.name],)
            stmt.iterable = sources[stmt.iterable.name]
        elif isinstance(stmt, ir.Unpack) and isinstance(stmt.source, ir.Var) and stmt.source.name in sources:
            stmt.facts.kinds = (kinds[stmt.source.name],)
            stmt.source = sources[stmt.source.name]
    _remove(function.body, sources)


def _makes_items(stmt: ir.Bind) -> bool:
    """Whether a statement calls a generator."""
    code = getattr(stmt.facts.callee, "__code__", None) if stmt.facts.known else None
    return code is not None and bool(code.co_flags & CO_GENERATOR)


def _remove(block: list[ir.Stmt], sources: dict[str, ir.Var]) -> None:
    block[:] = [s for s in block if not (_is_iterated(s) and ir.assigned(s)[0] in sources)]
    for stmt in block:
        if isinstance(stmt, ir.Try):
            for step in stmt.steps:
                _remove(step.body, sources)
            _remove(stmt.final, sources)
        else:
            for inner in ir.blocks(stmt):
                _remove(inner, sources)


def _is_iterated(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply) and stmt.expr.callee == ir.Var("<iterated>")
