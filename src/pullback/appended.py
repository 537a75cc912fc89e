"""Lists that a function fills by `append` and only then uses: filled as a comprehension's list is.

    new = []
    for x in xs:                the list's adjoint is known by name, entry by entry: no shadows are needed,
        new.append(x * x)       since nobody looks at the list, or at a second name for it, before the last append
    return new
"""

from __future__ import annotations

import ast

from pullback.source import FunctionNode

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def mark_appends(function: FunctionNode) -> FunctionNode:
    """The function, with the `append` statements of such lists marked."""
    if isinstance(function, ast.Lambda):
        return function
    inside = [n for stmt in function.body for n in ast.walk(stmt)]
    if any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal)) for n in inside):
        return function
    given = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    stores: dict[str, int] = {}
    for n in inside:
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load):
            stores[n.id] = stores.get(n.id, 0) + 1
        elif isinstance(n, ast.arg):
            stores[n.arg] = stores.get(n.arg, 0) + 1
        elif isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and n.name:
            stores[n.name] = 2
    for block in _blocks(function.body):
        for index, stmt in enumerate(block):
            match stmt:
                case ast.Assign([ast.Name(name)], ast.List([])) if stores.get(name) == 1 and name not in given:
                    found = _appends(name, block[index + 1 :])
                    total = sum(isinstance(n, ast.Name) and n.id == name for n in inside)
                    here = sum(isinstance(n, ast.Name) and n.id == name for s in block[index:] for n in ast.walk(s))
                    if found is not None and total == here:
                        for append in found:
                            append._appends = True  # type: ignore[attr-defined]
    return function


def _blocks(block: list[ast.stmt]) -> list[list[ast.stmt]]:
    """A statement list, and those inside it that are run as part of it."""
    found = [block]
    for stmt in block:
        if not isinstance(stmt, (*_SCOPES, ast.Try, ast.With, ast.Match)):
            for field in ("body", "orelse"):
                found += _blocks(getattr(stmt, field, [])) if getattr(stmt, field, None) else []
    return found


def _appends(name: str, rest: list[ast.stmt]) -> list[ast.Expr] | None:
    """The appends to a list in what follows its display; None if it is used in another way before the last of them."""
    found: list[ast.Expr] = []
    last = -1
    per_statement: list[list[ast.Expr]] = [[] for _ in rest]
    for index, stmt in enumerate(rest):
        _collect(name, stmt, per_statement[index])
        if per_statement[index]:
            last = index
    for index, stmt in enumerate(rest):
        reads = sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(stmt))
        if index <= last and reads != len(per_statement[index]):
            return None
        if index > last and _touches(name, stmt):
            return None
        found += per_statement[index]
    return found or None


def _collect(name: str, stmt: ast.stmt, found: list[ast.Expr]) -> None:
    """The `name.append(item)` statements in one that is no `try`, `with` or scope of its own."""
    match stmt:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(held), "append"), [item], [])) if held == name:
            if not isinstance(item, ast.Starred):
                found.append(stmt)
        case ast.If() | ast.For() | ast.While():
            for inner in (*stmt.body, *stmt.orelse):
                _collect(name, inner, found)


def _touches(name: str, stmt: ast.stmt) -> bool:
    """Whether a later statement has an `append` to the list after all, such as in a nested function."""
    return any(
        isinstance(n, ast.Attribute) and n.attr == "append" and isinstance(n.value, ast.Name) and n.value.id == name
        for n in ast.walk(stmt)
    )
