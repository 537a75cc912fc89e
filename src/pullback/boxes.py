"""Variables that a nested function shares with the function around it, and that are bound again.

    total = 0.0                         total = Box()
    def add(v):                         total.value = 0.0
        nonlocal total            ->    def add(v):
        total = total + v                   total.value = total.value + v
    add(x)                              add(x)

A variable that is bound once has one value, whose adjoint goes with the function that captured it. One that is
bound again while that function may still be called is a place. As the field of an object it is one here too, and
what holds for objects that change holds for it.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pullback.scopes import bound_names, parameters, written
from pullback.source import FunctionNode, Source

FIELD = "value"


@dataclass(eq=False, init=False)
class Box:
    """The place of one variable."""

    value: Any


def boxed(source: Source, names: frozenset[str]) -> Source:
    """The same function with these of its variables in boxes."""
    node = source.node
    assert isinstance(node, ast.FunctionDef)
    fields: dict[str, Any] = {f: getattr(node, f, None) for f in node._fields}
    made = ast.copy_location(ast.FunctionDef(**fields), node)
    given = set(parameters(node.args))
    places = {n: f"_{n}_box" if n in given or _is_function(node, n) else n for n in names}
    body = _Boxed(places).block(copy.deepcopy(node.body))
    start: list[ast.stmt] = []
    for name in sorted(names):
        box = ast.Call(ast.Name("<box>", ast.Load()), [], [])
        start.append(ast.Assign([ast.Name(places[name], ast.Store())], box))
        if name in given:
            place = ast.Attribute(ast.Name(places[name], ast.Load()), FIELD, ast.Store())
            start.append(ast.Assign([place], ast.Name(name, ast.Load())))
    for stmt in start:
        for part in ast.walk(stmt):
            if isinstance(part, (ast.expr, ast.stmt)):
                ast.copy_location(part, node.body[0])
    made.body = [*start, *body]
    return Source(made, source.filename, source.code)


def with_fields(node: FunctionNode, names: frozenset[str], field: str) -> Any:
    """A nested function whose captured variables of these names are fields of what stands there."""
    return _Boxed({n: n for n in names}, field=field).function(copy.deepcopy(node))


def can_box(node: FunctionNode, name: str) -> bool:
    """Whether a variable is bound by assignments alone, in whatever function binds it, and by `def` in its own."""
    if not isinstance(node, ast.FunctionDef):
        return False
    for part in node.body:
        for n in ast.walk(part):
            if isinstance(n, ast.FunctionDef) and n.name == name:
                continue
            if isinstance(n, ast.Nonlocal) and name in n.names and _is_function(node, name):
                return False
            if isinstance(n, ast.NamedExpr) and n.target.id == name:
                return False
            if isinstance(n, (ast.Import, ast.ImportFrom)) and name in written(n):
                return False
            if getattr(n, "name", None) == name or getattr(n, "rest", None) == name:
                return False  # a function or class, what `except` or a pattern binds
    return name in bound_names(node)


def _is_function(node: FunctionNode, name: str) -> bool:
    """Whether a `def` in a function binds the variable."""
    return any(isinstance(n, ast.FunctionDef) and n.name == name for n in ast.walk(node) if n is not node)


class _Boxed(ast.NodeTransformer):
    """Reads and assignments of variables become those of their boxes' field, in every scope that sees them."""

    def __init__(
        self, places: Mapping[str, str], names: frozenset[str] | None = None, outer: frozenset[str] | None = None,
        field: str = FIELD,
    ) -> None:  # fmt: skip
        self.places = places  # the names of the boxes
        self.names = frozenset(places) if names is None else names
        self.field = field
        self.outer = self.names if outer is None else outer  # what functions inside a class body see

    def inside(self, names: frozenset[str], outer: frozenset[str] | None = None) -> _Boxed:
        """The same where these names are still those of the boxes."""
        return _Boxed(self.places, names, outer, self.field)

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Statements, those left out that say nothing any more."""
        found: list[ast.stmt] = []
        for stmt in body:
            made = self.visit(stmt)
            found += made if isinstance(made, list) else [] if made is None else [made]
        return found

    def place(self, name: str, context: ast.expr_context, at: ast.AST) -> ast.expr:
        """The field that a variable is."""
        box = ast.copy_location(ast.Name(self.places[name], ast.Load()), at)
        return ast.copy_location(ast.Attribute(box, self.field, context), at)

    def visit_Name(self, node: ast.Name) -> ast.AST:  # ast's own naming
        if node.id not in self.names:
            return node
        return self.place(node.id, node.ctx, node)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST | None:
        rest = [n for n in node.names if n not in self.names]
        return ast.copy_location(ast.Nonlocal(rest), node) if rest else None

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if isinstance(node.target, ast.Name) and node.target.id in self.names:
            if node.value is None:
                return ast.copy_location(ast.Pass(), node)
            return ast.copy_location(ast.Assign([self.visit(node.target)], self.visit(node.value)), node)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        made = self.function(node)
        if node.name not in self.names:
            return made
        value: ast.expr = ast.copy_location(ast.Name(node.name, ast.Load()), node)
        for decorator in reversed(made.decorator_list):
            value = ast.copy_location(ast.Call(decorator, [value], []), decorator)
        made.decorator_list = []
        return [made, ast.copy_location(ast.Assign([self.place(node.name, ast.Store(), node)], value), node)]

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        return self.function(node)

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return self.function(node)

    def function(self, node: Any) -> Any:
        """A nested function: what it binds itself is another variable."""
        node.decorator_list = [self.visit(d) for d in getattr(node, "decorator_list", [])]
        node.args.defaults = [self.visit(d) for d in node.args.defaults]
        node.args.kw_defaults = [d if d is None else self.visit(d) for d in node.args.kw_defaults]
        within = self.inside(self.outer - bound_names(node))
        if isinstance(node, ast.Lambda):
            node.body = within.visit(node.body)
        else:
            node.body = within.block(node.body) or [ast.copy_location(ast.Pass(), node)]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        node.bases = [self.visit(b) for b in node.bases]
        node.keywords = [self.visit(k) for k in node.keywords]
        own = frozenset().union(*(written(s) for s in node.body))
        node.body = self.inside(self.names - own, self.outer).block(node.body)
        return node

    def comprehension(self, node: Any) -> Any:
        """A comprehension: its targets are its own; the first iterable is evaluated outside."""
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        targets = frozenset().union(*(written(g.target) for g in node.generators))
        within = self.inside(self.names - targets)
        for position, clause in enumerate(node.generators):
            if position:
                clause.iter = within.visit(clause.iter)
            clause.ifs = [within.visit(test) for test in clause.ifs]
        for field in ("elt", "key", "value"):
            if hasattr(node, field):
                setattr(node, field, within.visit(getattr(node, field)))
        return node

    def visit_ListComp(self, node: ast.ListComp) -> Any:
        return self.comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> Any:
        return self.comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        return self.comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        return self.comprehension(node)
