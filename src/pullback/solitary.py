"""Names whose value nobody else holds, so that changing it in place cannot be seen elsewhere.

    total = np.zeros(3)         total is solitary: made here, and used only as an operand
    total += x                  ... so this is the same as  total = total + x

    row = a[0]; row += x        row is not: it is a view of `a`
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import types
from typing import Any

import numpy as np

from pullback import ir
from pullback.kinds import LIST
from pullback.outputs import returns_out
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


def augmented_alone(function: ir.FunctionIR) -> frozenset[int]:
    """The in-place operations (by id) on a value that the same block has just made, and has not shared since.

        h = W @ h
        h += b          nobody else can hold this h, whatever the name was bound to before
    """
    found: set[int] = set()
    _scan(function.body, set(), found, function.result)
    return frozenset(found)


def unseen_changes(function: ir.FunctionIR) -> frozenset[int]:
    """The in-place operations (by id) that change a value which nobody else can hold."""
    solitary = solitary_names(function)
    found = set(augmented_alone(function))
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Operation) and stmt.expr.inplace:
            variable = stmt.expr.args[0]
            if isinstance(variable, ir.Var) and variable.name in solitary:
                found.add(id(stmt))
            if _extends(stmt, stmt.expr):
                found.discard(id(stmt))
    return frozenset(found)


def _extends(stmt: ir.Bind, expr: ir.Operation) -> bool:
    """Whether `xs += y` is no sum that could be written `xs + y`: a list takes the items of anything."""
    xs, y = stmt.facts.kinds
    return expr.op == "+" and xs.mask == LIST and not y.numeric and y.mask != LIST


def _scan(block: list[ir.Stmt], fresh: set[str], found: set[int], result: str) -> None:
    for stmt in block:
        if isinstance(stmt, ir.Bind):
            made = _fresh(stmt)
            if isinstance(stmt.expr, ir.Operation) and stmt.expr.inplace:
                variable = stmt.expr.args[0]
                made = variable == ir.Var(stmt.target) and (stmt.target in fresh or stmt.facts.kinds[0].scalar)
                if made:
                    found.add(id(stmt))
            fresh -= _shared_by(stmt, result)
            (fresh.add if made else fresh.discard)(stmt.target)
            continue
        inside = list(ir.walk([stmt]))
        for arm in ir.blocks(stmt):
            _scan(arm, set(fresh) if isinstance(stmt, ir.If) else set(), found, result)
        for inner in inside:
            fresh.difference_update(ir.assigned(inner))
            fresh -= _named_by(inner)


def _named_by(stmt: ir.Stmt) -> set[str]:
    """Every name a statement mentions: in a nested block any of them may be shared."""
    if isinstance(stmt, ir.Bind):
        return {a.name for a in ir.atoms(stmt.expr) if isinstance(a, ir.Var)}
    if isinstance(stmt, (ir.Opaque, ir.Raise)):
        return set(stmt.reads)
    fields = ("item", "value", "source", "iterable", "obj", "context")
    return {a.name for f in fields if isinstance(a := getattr(stmt, f, None), ir.Var)}


def _fresh(stmt: ir.Bind) -> bool:
    expr = stmt.expr
    if isinstance(expr, ir.Copy):
        return isinstance(expr.source, ir.Lit)
    if isinstance(expr, ir.Operation):
        return not expr.inplace or expr.args[0] == ir.Var(stmt.target)
    if isinstance(expr, ir.Build):
        return expr.kind == "list"
    return isinstance(expr, ir.Apply) and makes_anew(stmt)


def makes_anew(stmt: ir.Bind) -> bool:
    """Whether an expression is a call of a library function whose result shares nothing with its arguments."""
    callee = stmt.facts.callee
    if isinstance(stmt.expr, ir.Apply) and returns_out(stmt):
        return False
    if not stmt.facts.known:
        method = stmt.expr.method if isinstance(stmt.expr, ir.Apply) else None
        if method is None or not stmt.facts.kinds[0].numeric:
            return False
        callee = getattr(np.ndarray, method, None)  # (a NumPy scalar's method does the same)
    entry = lookup(callee)
    if entry is None or entry.vjps:
        return False
    if entry.returns == "first":
        return False  # without_derivative(x) is x itself
    if callee is np.ix_:
        return False  # views of its arguments
    return entry.constant or (entry.rule is not None and not entry.rule.alias)


DEEP, SHALLOW = "deep", "shallow"
_DEEP: tuple[Any, ...] = (copy.deepcopy, dataclasses.asdict, dataclasses.astuple)
_SHALLOW: tuple[Any, ...] = (copy.copy, dataclasses.replace, sorted)


def copied(stmt: ir.Bind) -> str:
    """Whether a call makes a copy: `DEEP`, which shares nothing, or `SHALLOW`, which holds the same things; else empty.

    A method of the name `copy` or `astype` makes one, of whatever class the object is.
    """
    expr, facts = stmt.expr, stmt.facts
    if not isinstance(expr, ir.Apply) or any(k in (None, "copy") for k, _ in expr.keywords) or len(expr.args) > 4:
        return ""  # (`astype(dtype, copy=False)` may return the array itself)
    if facts.known and not facts.method:
        if any(facts.callee is f for f in _DEEP):
            return DEEP
        if any(facts.callee is f for f in _SHALLOW):
            return SHALLOW
        if isinstance(facts.callee, types.BuiltinFunctionType) and facts.callee == dict.fromkeys:
            return SHALLOW
        if facts.callee is np.array or facts.callee is np.ndarray.astype:
            return DEEP
    if expr.method in ("copy", "astype", "flatten") and not facts.method:
        return DEEP if facts.kinds[0].numeric else SHALLOW
    return ""


def _shared_by(stmt: ir.Bind, result: str) -> set[str]:
    """The operands that an expression may make visible elsewhere."""
    expr = stmt.expr
    if isinstance(expr, ir.Operation):
        first = expr.args[0]
        named = expr.inplace and isinstance(first, ir.Var) and first.name != stmt.target
        return {first.name} if named and isinstance(first, ir.Var) else set()  # it goes by two names from here on
    if isinstance(expr, ir.Apply) and makes_anew(stmt):
        return set()
    if isinstance(expr, ir.Copy) and stmt.target == result:
        return set()  # returned: nothing happens to it afterwards
    if isinstance(expr, ir.Inert) and not any(isinstance(n, ast.Call) for n in ast.walk(expr.node)):
        return set()
    return {a.name for a in ir.atoms(expr) if isinstance(a, ir.Var)}
