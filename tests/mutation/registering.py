"""Functions that run only while a module is imported: their own errors come too late, those of what they make do not.

    def continuous(distribution, score): ...    registers rules; called at the module's own level alone
    def selection(select, wrap):
        def vjp(args, kwargs, active): ...      made then, and run whenever the rule is used

An error in the first kind changes nothing, for it has run. The functions that the second kind has made exist already,
each with a code object of its own, which the error must reach.
"""

from __future__ import annotations

import ast
import gc
import re
import types
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pullback

PACKAGE = Path(pullback.__file__).parent
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def registering(module: Path) -> frozenset[str]:
    """The names of a module's functions that only its own statements call, or others of these functions."""
    outside: set[str] = set()  # mentioned in another way than as what is called
    calls: dict[str, set[str]] = {}  # what each function calls
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, Function):
            own = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            calls.setdefault(node.name, set()).update(called(node) - own)
            outside |= mentioned(node) - called(node) - own
            if node.decorator_list:
                outside.add(node.name)
        elif any(isinstance(n, (*Function.__args__, ast.Lambda)) for n in ast.walk(node)):
            outside |= mentioned(node)
        elif not isinstance(node, (ast.Import, ast.ImportFrom)) and not is_text(node):
            outside |= mentioned(node) - called(node)
    found = set(calls) - outside - imported()
    while True:
        kept = found.difference(*(names for name, names in calls.items() if name not in found))
        if kept == found:
            return frozenset(found)
        found = kept


@cache
def imported() -> frozenset[str]:
    """The names that any module of the package imports from another."""
    trees = [ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")]
    return frozenset(a.name for t in trees for n in ast.walk(t) if isinstance(n, ast.ImportFrom) for a in n.names)


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a text for readers."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def mentioned(tree: ast.AST) -> set[str]:
    """The names that a piece of a module's text mentions: attributes and those in templates, too."""
    found: set[str] = set()
    for_readers = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and is_text(n)}
    for n in ast.walk(tree):
        if isinstance(n, ast.Name):
            found.add(n.id)
        elif isinstance(n, ast.Attribute):
            found.add(n.attr)
        elif isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in for_readers:
            found.update(re.findall(r"\w+", n.value))
    return found


def called(tree: ast.AST) -> set[str]:
    """The names that it only calls."""
    functions = {id(n.func): n.func for n in ast.walk(tree) if isinstance(n, ast.Call)}
    other = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in functions}
    return {f.id for f in functions.values() if isinstance(f, ast.Name)} - other


def is_inner(tree: Function, node: ast.AST) -> bool:
    """Whether an expression stands in a function that a function makes."""
    made = [n for n in ast.walk(tree) if isinstance(n, (*Function.__args__, ast.Lambda)) and n is not tree]
    return any(n is node for m in made for n in ast.walk(m))


def exchange_made(before: types.CodeType, after: types.CodeType) -> None:
    """Give the functions that a function has made before the code that it makes them with now."""
    gc.unfreeze()  # (what a parent process froze is not looked at)
    for old, new in inner_codes(before, after):
        if old.co_code != new.co_code or old.co_consts != new.co_consts or old.co_names != new.co_names:
            for made in gc.get_referrers(old):
                if isinstance(made, types.FunctionType) and made.__code__ is old and old.co_freevars == new.co_freevars:
                    made.__code__ = new


def inner_codes(before: types.CodeType, after: types.CodeType) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    """The code objects inside of two that differ in one expression, in pairs."""
    olds = [c for c in before.co_consts if isinstance(c, types.CodeType)]
    news = [c for c in after.co_consts if isinstance(c, types.CodeType)]
    if [c.co_name for c in olds] == [c.co_name for c in news]:
        for old, new in zip(olds, news, strict=True):
            yield old, new
            yield from inner_codes(old, new)
