"""Delta debugging: the smallest program, found by deleting and simplifying, that still fails alike."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

Predicate = Callable[[str], bool]


def reduced(source: str, fails: Predicate, *, most_tries: int = 3000) -> str:
    """`source` made as small as single simplifications, tried again and again, can make it."""
    tree = ast.parse(source)
    best = ast.unparse(tree)
    if not fails(best):
        return source
    tries = 0
    changed = True
    while changed and tries < most_tries:
        changed = False
        for size in (8, 4, 2, 1):
            position = 0
            while tries < most_tries:
                candidate = _nth(best, position, size)
                if candidate is None:
                    break
                tries += 1
                if candidate != best and len(candidate) <= len(best) and fails(candidate):
                    best, changed = candidate, True
                else:
                    position += 1
    return best


def _nth(source: str, position: int, size: int) -> str | None:
    """The source after the simplification of a given number; None when there are no more."""
    tree = ast.parse(source)
    for k, apply in enumerate(_deletions(tree, size) if size > 1 else _all(tree)):
        if k == position:
            apply()
            try:
                text = ast.unparse(ast.fix_missing_locations(tree))
                compile(text, "<candidate>", "exec")
            except (SyntaxError, ValueError, AttributeError):
                return source  # not a program: no change
            return text
    return None


def _all(tree: ast.Module) -> Iterator[Callable[[], None]]:
    yield from _deletions(tree, 1)
    yield from _parameters(tree)
    yield from _unwrappings(tree)
    yield from _expressions(tree)


def _lists(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield block


def _deletions(tree: ast.Module, size: int) -> Iterator[Callable[[], None]]:
    def delete(block: list[ast.stmt], start: int) -> None:
        kept = block[:start] + block[start + size :]
        is_else = not any(getattr(n, "body", None) is block for n in ast.walk(tree))
        block[:] = kept or ([] if is_else else [ast.Pass()])

    for block in _lists(tree):
        for start in range(0, len(block), size):
            yield lambda block=block, start=start: delete(block, start)


def _parameters(tree: ast.Module) -> Iterator[Callable[[], None]]:
    """One parameter of a function less, and so much less in `ARGS` or in the calls of it by position."""

    def drop(function: ast.FunctionDef, k: int) -> None:
        del function.args.args[k]
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name("ARGS")], value=ast.Tuple() as args) if function.name == "f":
                    del args.elts[k]
                case ast.Call(func=ast.Name(name)) if name == function.name and len(node.args) > k:
                    del node.args[k]
                case ast.Call(func=ast.Attribute(attr=name)) if name == function.name and len(node.args) >= k > 0:
                    del node.args[k - 1]

    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not node.args.defaults:
            for k in range(len(node.args.args)):
                if node.args.args[k].arg != "self":
                    yield lambda function=node, k=k: drop(function, k)


def _unwrappings(tree: ast.Module) -> Iterator[Callable[[], None]]:
    """A compound statement replaced by its body, or by its `else`."""

    def put(block: list[ast.stmt], k: int, inside: list[ast.stmt]) -> None:
        block[k : k + 1] = inside

    for block in _lists(tree):
        for k, node in enumerate(block):
            if isinstance(node, (ast.If, ast.For, ast.While, ast.With)):
                yield lambda block=block, k=k, node=node: put(block, k, node.body)
                if getattr(node, "orelse", None):
                    yield lambda block=block, k=k, node=node: put(block, k, node.orelse)


def _expressions(tree: ast.Module) -> Iterator[Callable[[], None]]:
    """An expression replaced by one of its operands, or by a constant."""

    def put(owner: ast.AST, name: str, index: int | None, new: ast.expr) -> None:
        if index is None:
            setattr(owner, name, copy.deepcopy(new))
        else:
            getattr(owner, name)[index] = copy.deepcopy(new)

    for owner in ast.walk(tree):
        if isinstance(owner, (ast.JoinedStr, ast.arguments, ast.ClassDef)):
            continue
        for name, value in ast.iter_fields(owner):
            items = enumerate(value) if isinstance(value, list) else [(None, value)]
            for index, item in items:
                if not isinstance(item, ast.expr) or isinstance(getattr(item, "ctx", None), ast.Store):
                    continue
                children = [c for c in ast.walk(item) if isinstance(c, ast.expr) and c is not item]
                simple = [c for c in children if not isinstance(getattr(c, "ctx", None), ast.Store)][:6]
                if not isinstance(item, (ast.Constant, ast.Name, ast.UnaryOp)):
                    simple.append(ast.Constant(1.0))
                if isinstance(owner, ast.Call) and owner.func is not item:
                    simple = [c for c in simple if not isinstance(c, ast.Name) or not c.id[:1].isupper()]
                for new in simple:
                    yield lambda o=owner, n=name, i=index, e=new: put(o, n, i, e)
