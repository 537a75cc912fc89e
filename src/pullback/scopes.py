"""Which names a function binds, reads and captures, from its syntax tree.

    def f(x):
        g = lambda t: t * x        f binds {x, g}; the lambda's free names are {x}
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from pullback.source import FunctionNode

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def parameters(arguments: ast.arguments) -> tuple[str, ...]:
    """The parameter names in signature order."""
    a = arguments
    names = [*a.posonlyargs, *a.args, *([a.vararg] if a.vararg else []), *a.kwonlyargs, *([a.kwarg] if a.kwarg else [])]
    return tuple(n.arg for n in names)


def bound_names(node: FunctionNode) -> frozenset[str]:
    """The local names of a function: parameters and everything assigned, less `global` and `nonlocal`."""
    names = set(parameters(node.args))
    outer: set[str] = set()
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    _collect_bound(body, names, outer)
    return frozenset(names - outer)


def _collect_bound(nodes: Iterable[ast.AST], names: set[str], outer: set[str]) -> None:
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            _collect_bound(node.decorator_list, names, outer)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, _COMPREHENSIONS):
            # its targets are its own; a walrus inside binds in the function
            names.update(n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            outer.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((a.asname or a.name).split(".")[0] for a in node.names)
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name
        ):
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
        _collect_bound(ast.iter_child_nodes(node), names, outer)


def written(node: ast.AST) -> frozenset[str]:
    """The names a statement binds."""
    names: set[str] = set()
    _collect_bound([node], names, set())
    return frozenset(names)


def read(node: ast.AST) -> frozenset[str]:
    """Every name a piece of syntax may read, those of nested functions included."""
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def free_names(node: FunctionNode) -> frozenset[str]:
    """The names a nested function reads from outside when it is called (not those of its defaults)."""
    bound = bound_names(node)
    names: set[str] = set()
    body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    while body:
        child = body.pop()
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            names |= free_names(child) - bound
            body.extend([*child.args.defaults, *(d for d in child.args.kw_defaults if d is not None)])
            body.extend(getattr(child, "decorator_list", []))
            continue
        if isinstance(child, (ast.Global, ast.Nonlocal)):
            names.update(child.names)
        if isinstance(child, ast.Name):
            names.add(child.id)
        body.extend(ast.iter_child_nodes(child))
    return frozenset(names - bound)
