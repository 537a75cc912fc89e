"""Which variables a function still reads: what is not read any more need not be joined.

for i in range(n):
    t = x * i          t is set anew before it is read: nothing is carried over, nor kept afterwards
    s = s + t
return s
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pullback import ir
from pullback.syntax import names_in

Names = frozenset[str]


@dataclass
class Live:
    """The variables that are read after each compound statement, and from the head of each loop on."""

    after: dict[int, Names] = field(default_factory=dict)
    head: dict[int, Names] = field(default_factory=dict)
    always: Names = frozenset()  # what nested functions captured


def live_names(function: ir.FunctionIR) -> Live:
    """Go backward through a function."""
    found = Live()
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Closure):
            found.always |= set(stmt.expr.captures) | set(stmt.expr.group)
    _block(function.body, frozenset({function.result}), found)
    return found


def _block(block: list[ir.Stmt], after: Names, found: Live) -> Names:
    for stmt in reversed(block):
        after = _stmt(stmt, after, found)
    return after


def _stmt(stmt: ir.Stmt, after: Names, found: Live) -> Names:
    match stmt:
        case ir.If():
            found.after[id(stmt)] = found.after.get(id(stmt), frozenset()) | after
            arms = [_block(b, frozenset() if ir.always_raises(b) else after, found) for b in (stmt.body, stmt.orelse)]
            return frozenset().union(*arms, reads(stmt))
        case ir.For() | ir.While():
            found.after[id(stmt)] = found.after.get(id(stmt), frozenset()) | after
            head = after | reads(stmt)
            while True:
                start = _block(stmt.body, head, found) - frozenset(ir.assigned(stmt))
                if start <= head:
                    break
                head |= start
            found.head[id(stmt)] = found.head.get(id(stmt), frozenset()) | head
            return head
        case ir.With() | ir.Try():
            inside = after
            for block in ir.blocks(stmt):
                inside |= _block(block, inside, found)
            return inside | reads(stmt)
        case ir.Append():
            return after | reads(stmt)
    return (after - frozenset(ir.assigned(stmt))) | reads(stmt)


def reads(stmt: ir.Stmt) -> set[str]:
    """The names that a statement itself reads."""
    match stmt:
        case ir.Bind(expr=expr):
            names = {a.name for a in ir.atoms(expr) if isinstance(a, ir.Var)}
            if isinstance(expr, ir.Inert):
                names |= names_in(expr.node)
            return names
        case ir.BreakIf(flags=flags):
            return set(flags)
        case ir.While(test=test):
            return names_in(test.node)
        case ir.Raise(node=node) | ir.Opaque(node=node):
            return names_in(node)
        case ir.Append(target=target, item=item):
            return {target, *([item.name] if isinstance(item, ir.Var) else [])}
    found = set()
    for name in ("source", "obj", "key", "value", "test", "iterable", "context"):
        atom = getattr(stmt, name, None)
        if isinstance(atom, ir.Var):
            found.add(atom.name)
    return found


def without_dead(body: list[ast.stmt]) -> None:
    """Take out assignments of names that nothing reads, where their values only compute."""
    while True:
        read = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        added = (n for s in body for n in ast.walk(s) if isinstance(n, ast.AugAssign) and _works(n.value))
        read |= {n.target.id for n in added if isinstance(n.target, ast.Name)}
        if not _drop(body, read):
            return


def _drop(body: list[ast.stmt], read: set[str]) -> bool:
    kept = [s for s in body if not _is_dead(s, read)]
    changed = len(kept) < len(body)
    body[:] = kept
    for stmt in body:
        for name in ("body", "orelse"):
            inner = getattr(stmt, name, None)
            if isinstance(inner, list) and inner:
                changed |= _drop(inner, read)
                if not inner and name == "body":
                    if isinstance(stmt, ast.If) and stmt.orelse:
                        stmt.test, inner[:], stmt.orelse = ast.UnaryOp(ast.Not(), stmt.test), stmt.orelse, []
                    else:
                        inner.append(ast.Pass())
    return changed


def _is_dead(stmt: ast.stmt, read: set[str]) -> bool:
    if isinstance(stmt, ast.Expr):
        return not _works(stmt.value)
    if isinstance(stmt, ast.Assign) and isinstance(stmt.targets[0], ast.Name):
        return stmt.targets[0].id not in read and not _works(stmt.value)
    if isinstance(stmt, ast.AugAssign) and isinstance(stmt.target, ast.Name):
        return stmt.target.id not in read and not _works(stmt.value)
    if isinstance(stmt, ast.If):
        idle = all(isinstance(s, ast.Pass) for s in [*stmt.body, *stmt.orelse])
        return idle and not _works(stmt.test)
    return False


def _works(value: ast.expr) -> bool:
    """Whether an expression may do more than compute: call something, or fail."""
    kinds = (ast.Call, ast.Subscript)
    return any(
        isinstance(n, kinds) or (isinstance(n, ast.BinOp) and isinstance(n.op, _FAILING)) for n in ast.walk(value)
    )


_FAILING = (ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
