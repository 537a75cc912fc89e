"""Parameters that a function binds again: from there on they have another name.

    def f(u):                           def f(u):
        u = u.copy()                        u_1 = u.copy()
        u[0] = 1.0                ->        u_1[0] = 1.0
        return u.sum()                      return u_1.sum()

What is changed then is seen not to be what the caller holds. In forward mode, whose code is differentiated again,
the tangents have names of their own, too.
"""

from __future__ import annotations

import ast
import copy
from typing import Any

from pullback.boxes import can_box
from pullback.scopes import bound_names, parameters, read
from pullback.source import Source

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def renamed_parameters(source: Source) -> Source:
    """The same function, with another name for each parameter that it binds anew before anything else does."""
    node = source.node
    if not isinstance(node, ast.FunctionDef):
        return source
    taken = {*bound_names(node), *parameters(node.args), *read(node)}
    body = node.body
    for name in parameters(node.args):
        place = _bound_anew(node, name)
        if place is None:
            continue
        number = 1
        while f"{name}_{number}" in taken:
            number += 1
        taken.add(f"{name}_{number}")
        change = _Renamed(name, f"{name}_{number}")
        body = [s if i < place else copy.deepcopy(s) for i, s in enumerate(body)]
        statement = body[place]
        assert isinstance(statement, ast.Assign)
        statement.targets = [change.visit(t) for t in statement.targets]
        body[place + 1 :] = [change.visit(s) for s in body[place + 1 :]]
    if body is node.body:
        return source
    fields: dict[str, Any] = {f: getattr(node, f, None) for f in node._fields}
    made = ast.copy_location(ast.FunctionDef(**fields), node)
    made.body = body
    return Source(made, source.filename, source.code)


def _bound_anew(node: ast.FunctionDef, name: str) -> int | None:
    """The statement that always runs, and is the first to bind a parameter; None where a nested function sees it."""
    inside = [n for s in node.body for n in ast.walk(s)]
    if not can_box(node, name) or any(isinstance(n, (ast.Global, ast.Nonlocal)) and name in n.names for n in inside):
        return None
    if any(isinstance(n, ast.Name) and n.id == name for f in inside if isinstance(f, _NESTED) for n in ast.walk(f)):
        return None
    for place, stmt in enumerate(node.body):
        targets = stmt.targets if isinstance(stmt, ast.Assign) else []
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return place if all(isinstance(t, ast.Name) for t in targets) else None
        if any(isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load) for n in ast.walk(stmt)):
            return None
    return None


class _Renamed(ast.NodeTransformer):
    def __init__(self, name: str, made: str) -> None:
        self.name, self.made = name, made

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id != self.name:
            return node
        return ast.copy_location(ast.Name(self.made, node.ctx), node)
