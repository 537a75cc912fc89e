"""Generators: what is yielded is collected as it is handed out, and whoever draws may end the generator.

    def powers(x):                  _yields1 = []
        yield x              ->     _y1 = x
        ...                         _yields1.append(_y1)
                                    _sent1 = yield _y1
                                    if _sent1: return
                                    ...

The forward sweep of a generator is a generator: it runs when its items are drawn, and stops where the
original stops. A true value sent to it ends it there: `return` is a jump like any other, so what has run
by then is what is reversed. Its result is the list of what it yielded. In forward mode it yields each item with
its tangent, and nothing is sent to it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from pullback.errors import DifferentiabilityError
from pullback.source import FunctionNode
from pullback.spans import Diagnostic, Span

EXHAUSTING = frozenset({"sum", "list", "tuple", "sorted", "max", "min", "dict", "set", "frozenset", "prod", "fsum"})


def is_generator(node: FunctionNode) -> bool:
    """Whether a function yields (functions nested in it do not count)."""
    pending: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    while pending:
        child = pending.pop()
        if isinstance(child, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(child))
    return False


def without_yields(node: ast.stmt, fresh: Callable[[str], str], ends: bool) -> list[ast.stmt]:
    """A statement `yield v` or `yield from vs` as simpler ones; any other as it is."""
    if not isinstance(node, ast.Expr) or hasattr(node, "sent"):
        return [node]
    if isinstance(node.value, ast.YieldFrom):
        item = fresh("_item")
        inner = ast.Expr(ast.Yield(ast.Name(item, ast.Load())))
        loop = ast.For(ast.Name(item, ast.Store()), node.value.value, [inner], [])
        return [_placed(loop, node)]
    if not isinstance(node.value, ast.Yield):
        return [node]
    item, sent = fresh("_y"), fresh("_sent")
    value = node.value.value or ast.Constant(None)
    emitted = ast.Expr(ast.Yield(ast.Name(item, ast.Load())))
    emitted.sent = sent  # type: ignore[attr-defined]
    made: list[ast.stmt] = [ast.Assign([ast.Name(item, ast.Store())], value), emitted]
    if ends:
        made.append(ast.If(ast.Name(sent, ast.Load()), [ast.Return(None)], []))
    return [_placed(stmt, node) for stmt in made]


def as_function(node: ast.GeneratorExp, identifier: str) -> ast.FunctionDef:
    """A generator expression as the function of its outermost iterable that it stands for."""
    body: ast.stmt = ast.Expr(ast.Yield(node.elt))
    for position, clause in reversed(list(enumerate(node.generators))):
        for test in reversed(clause.ifs):
            body = ast.If(test, [body], [])
        iterable = ast.Name("_iterable", ast.Load()) if position == 0 else clause.iter
        body = ast.For(clause.target, iterable, [body], [])
    arguments = ast.arguments([], [ast.arg("_iterable")], None, [], [], None, [])
    made = ast.FunctionDef(identifier, arguments, [body], [])
    made.type_params = []  # type: ignore[attr-defined]
    _placed(made, node)
    return made


def refuse_value(node: ast.stmt, filename: str) -> DifferentiabilityError:
    """The error for a generator that returns a value, or is sent one."""
    return DifferentiabilityError(
        Diagnostic(
            "unsupported-syntax",
            "a generator that returns a value cannot be differentiated",
            Span.of(filename, node),
            "not supported",
            help="yield the value instead",
        )
    )


def _placed(stmt: ast.stmt, place: ast.AST) -> ast.stmt:
    for node in ast.walk(stmt):
        if "lineno" in node._attributes and getattr(node, "end_lineno", None) is None:
            ast.copy_location(node, place)
    return stmt
