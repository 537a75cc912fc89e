"""Iterators that are made in one place and gone through in another.

    total = sum(x * k for x in xs)      gone through where it stands: a list serves as well
    pairs = zip(xs, ys)                 gone through by the next statement, and by nothing else: likewise
    for x, y in pairs: ...
    it = iter(xs)                       kept: what it still gives depends on who took from it before, and its
    first = next(it)                    elements are computed only then. It stays an iterator, and nothing
                                        differentiated may enter it
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator

from pullback.scopes import COMPREHENSIONS, bound_names, free_names, read, written
from pullback.source import FunctionNode

ITERATORS = frozenset({"iter", "zip", "map", "filter", "enumerate", "reversed"})
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def postponed(node: FunctionNode, taken: Iterable[str]) -> frozenset[int]:
    """The ids of the expressions of a function that make an iterator for later; `taken` names are not builtins."""
    return _Search(node, ITERATORS - bound_names(node) - set(taken)).found


def entering(node: ast.expr) -> frozenset[str]:
    """The names from outside that an expression which makes an iterator reads, now or later."""
    inner = [part for part in ast.walk(node) if isinstance(part, COMPREHENSIONS)]
    return (read(node) - _targets(node)).union(*(read(part.generators[0].iter) for part in inner))


def _targets(node: ast.AST) -> frozenset[str]:
    """The names that the comprehensions in a piece of syntax bind for themselves."""
    return frozenset().union(*(read(n.target) for n in ast.walk(node) if isinstance(n, ast.comprehension)))


class _Search:
    def __init__(self, node: FunctionNode, builtins: frozenset[str]) -> None:
        self.node, self.builtins = node, builtins
        self.at_once: set[int] = set()
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        lazy: list[ast.expr] = []
        for part in _own(body):
            self.consumer(part)
            if self.makes_iterator(part):
                lazy.append(part)  # type: ignore[arg-type]
            for name in ("body", "orelse", "finalbody"):
                statements = getattr(part, name, None)
                if isinstance(statements, list):
                    self.pairs(statements)
        self.pairs(body)
        self.found = frozenset(id(n) for n in lazy) - self.at_once

    def makes_iterator(self, node: ast.AST) -> bool:
        if isinstance(node, ast.GeneratorExp):
            return True
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self.builtins

    def consumer(self, node: ast.AST) -> None:
        """Note what a piece of syntax goes through at once."""
        match node:
            case ast.For(iter=iterable, body=body):
                late = self.read_late(iterable)
                if not late or not late & frozenset().union(*map(written, body), written(node.target)):
                    self.note(iterable)
            case ast.comprehension(iter=iterable):
                self.note(iterable)
            case ast.Call(args=args, keywords=keywords):
                for arg in (*args, *(k.value for k in keywords)):
                    self.note(arg.value if isinstance(arg, ast.Starred) else arg)
            case ast.Starred(value=value):
                self.note(value)
            case ast.Assign(targets=targets, value=value):
                if all(isinstance(t, (ast.Tuple, ast.List)) for t in targets[:1]) and len(targets) == 1:
                    self.note(value)
            case ast.Compare(comparators=comparators, ops=ops):
                for op, other in zip(ops, comparators, strict=True):
                    if isinstance(op, (ast.In, ast.NotIn)):
                        self.note(other)

    def note(self, node: ast.expr) -> None:
        self.at_once.add(id(node))
        if isinstance(node, ast.IfExp):
            self.note(node.body)
            self.note(node.orelse)

    def read_late(self, node: ast.expr) -> frozenset[str]:
        """The names that going through an iterator reads, while a loop body may bind them anew."""
        found: frozenset[str] = frozenset()
        for part in ast.walk(node):
            if isinstance(part, ast.Lambda):
                found |= free_names(part)
            elif isinstance(part, ast.GeneratorExp):
                found |= read(part) - _targets(part)
        return found

    def pairs(self, statements: list[ast.AST]) -> None:
        """`name = iterator`, and the next statement is the only one that reads the name, and reads it first."""
        for made, after in itertools.pairwise(statements):
            if not isinstance(made, ast.Assign) or len(made.targets) != 1 or not isinstance(made.targets[0], ast.Name):
                continue
            name = made.targets[0].id
            mentions = [n for n in ast.walk(self.node) if isinstance(n, ast.Name) and n.id == name]
            loads = [n for n in mentions if isinstance(n.ctx, ast.Load)]
            if len(loads) != 1 or len(mentions) != 2 or not self.makes_iterator(made.value):
                continue
            if isinstance(after, ast.For):
                late = self.read_late(made.value)
                if late & frozenset().union(*map(written, after.body), written(after.target)):
                    continue
                if after.iter is loads[0] or _goes_first(after.iter, loads[0]):
                    self.note(made.value)
            elif (
                isinstance(after, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr))
                and after.value is not None
                and _goes_first(after.value, loads[0])
            ):
                self.note(made.value)


def _own(body: list[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a function's own body, not of the functions inside."""
    todo = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, _INNER):
            continue
        yield node
        todo.extend(ast.iter_child_nodes(node))


def _goes_first(tree: ast.expr, name: ast.Name) -> bool:
    """Whether a call takes `name` as an argument before anything else of the expression is called."""
    call = _holder(tree, name)
    if call is None:
        return False
    others = [n for n in ast.walk(tree) if isinstance(n, (ast.Call, ast.NamedExpr)) and not _contains(n, call)]
    end = (call.end_lineno or 0, call.end_col_offset or 0)
    return all(isinstance(n, ast.Call) and (n.lineno, n.col_offset) >= end for n in others)


def _holder(tree: ast.expr, name: ast.Name) -> ast.Call | None:
    """The call that has `name` as an argument, outside of functions and comprehensions."""
    if isinstance(tree, (*_INNER, *COMPREHENSIONS)):
        return None
    if isinstance(tree, ast.Call) and any(a is name for a in tree.args):
        return tree
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.expr):
            found = _holder(child, name)
            if found is not None:
                return found
    return None


def _contains(outer: ast.AST, inner: ast.AST) -> bool:
    return any(n is inner for n in ast.walk(outer))
