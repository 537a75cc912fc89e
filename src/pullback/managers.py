"""Context managers that hold differentiated values: their methods are called like any others.

    with scaled(x) as y:            _manager1 = scaled(x)
        z = y * y             ->    y = _manager1.__enter__()
                                    _raised1 = False
                                    try:
                                        z = y * y
                                    except BaseException as _error1:
                                        _raised1 = True
                                        if not _manager1.__exit__(type(_error1), _error1, _error1.__traceback__):
                                            raise
                                    finally:
                                        if not _raised1:
                                            _manager1.__exit__(None, None, None)

A manager that holds none is opened as it is written.
"""

from __future__ import annotations

import ast
import copy
from typing import Any

from pullback.source import Source

Place = tuple[int, int]  # line and column of the expression that makes the manager


def opened(source: Source, places: frozenset[Place]) -> Source:
    """The same function with the managers made at these places opened by calls."""
    node = source.node
    assert isinstance(node, ast.FunctionDef)
    fields: dict[str, Any] = {f: getattr(node, f, None) for f in node._fields}
    made = ast.copy_location(ast.FunctionDef(**fields), node)
    opener = _Opened(places)
    made.body = [s for stmt in copy.deepcopy(node.body) for s in _listed(opener.visit(stmt))]
    return Source(made, source.filename, source.code)


def _listed(made: Any) -> list[Any]:
    return made if isinstance(made, list) else [made]


class _Opened(ast.NodeTransformer):
    def __init__(self, places: frozenset[Place]) -> None:
        self.places = places
        self.count = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:  # ast's own naming
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_With(self, node: ast.With) -> Any:
        first, *others = node.items
        if others:  # one in another
            inner = ast.copy_location(ast.With(others, node.body), node)
            return self.visit_With(ast.copy_location(ast.With([first], [inner]), node))
        self.generic_visit(node)
        expr = first.context_expr
        if (expr.lineno, expr.col_offset) not in self.places:
            return node
        self.count += 1
        names = {n: f"_{n}{self.count}" for n in ("manager", "raised", "error")}
        text = _TEMPLATE.format(**names)
        made: list[ast.stmt] = ast.parse(text).body
        enter, attempt = made[1], made[3]
        assert isinstance(made[0], ast.Assign) and isinstance(enter, ast.Assign) and isinstance(attempt, ast.Try)
        for stmt in made:
            for part in ast.walk(stmt):
                if isinstance(part, (ast.expr, ast.stmt, ast.ExceptHandler)):
                    ast.copy_location(part, expr)
        made[0].value = expr
        if first.optional_vars is not None:
            enter.targets = [first.optional_vars]
        attempt.body = node.body
        attempt.manager = True  # type: ignore[attr-defined]
        return made


_TEMPLATE = """
{manager} = None
_ = {manager}.__enter__()
{raised} = False
try:
    pass
except BaseException as {error}:
    {raised} = True
    if not {manager}.__exit__(type({error}), {error}, {error}.__traceback__):
        raise
finally:
    if not {raised}:
        {manager}.__exit__(None, None, None)
"""
