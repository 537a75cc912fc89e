"""Names whose value nobody else holds, so that changing it in place cannot be seen elsewhere.

    total = np.zeros(3)         total is solitary: made here, and used only as an operand
    total += x                  ... so this is the same as  total = total + x

    row = a[0]; row += x        row is not: it is a view of `a`
"""

from __future__ import annotations

import ast

from pullback import ir
from pullback.rules import lookup


def solitary_names(function: ir.FunctionIR) -> frozenset[str]:
    """The local names that are only ever bound to fresh values and never shared."""
    shared: set[str] = set(function.parameters) | set(function.captured)
    bound: set[str] = set()
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind):
            bound.add(stmt.target)
            if not _fresh(stmt):
                shared.add(stmt.target)
            shared |= _shared_by(stmt, function.result)
        else:
            bound.update(ir.assigned(stmt))
            shared.update(ir.assigned(stmt))
            for field in ("item", "value", "source", "iterable", "obj", "context"):
                atom = getattr(stmt, field, None)
                if isinstance(atom, ir.Var):
                    shared.add(atom.name)
            if isinstance(stmt, ir.Opaque):
                shared |= stmt.reads
    return frozenset(bound - shared)


def _fresh(stmt: ir.Bind) -> bool:
    expr = stmt.expr
    if isinstance(expr, ir.Copy):
        return isinstance(expr.source, ir.Lit)
    if isinstance(expr, ir.Operation):
        return not expr.inplace or expr.args[0] == ir.Var(stmt.target)
    if isinstance(expr, ir.Build):
        return expr.kind == "list"
    return isinstance(expr, ir.Apply) and _pure(stmt)


def _pure(stmt: ir.Bind) -> bool:
    """Whether a call is of a library function whose result shares nothing with its arguments."""
    if not stmt.facts.known:
        return False
    entry = lookup(stmt.facts.callee)
    if entry is None or entry.vjps:
        return False
    if entry.returns == "first":
        return False  # without_derivative(x) is x itself
    return entry.constant or (entry.rule is not None and not entry.rule.alias)


def _shared_by(stmt: ir.Bind, result: str) -> set[str]:
    """The operands that an expression may make visible elsewhere."""
    expr = stmt.expr
    if isinstance(expr, ir.Operation):
        return set()
    if isinstance(expr, ir.Apply) and _pure(stmt):
        return set()
    if isinstance(expr, ir.Copy) and stmt.target == result:
        return set()  # returned: nothing happens to it afterwards
    if isinstance(expr, ir.Inert) and not any(isinstance(n, ast.Call) for n in ast.walk(expr.node)):
        return set()
    return {a.name for a in ir.atoms(expr) if isinstance(a, ir.Var)}
