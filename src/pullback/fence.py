"""The accepted language: every construct the transform does not take is refused here, all at once.

    async def f(x): ...        error[unsupported-syntax] at its line, with what to do instead

Some constructs pass as long as nothing differentiated enters them (`try`, imports, `del`): `activity`
decides about those.
"""

from __future__ import annotations

import ast

from pullback.source import FunctionNode, Source
from pullback.spans import Diagnostic, Span

_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.AsyncFunctionDef: ("an `async` function", "write an ordinary function and differentiate that"),
    ast.AsyncFor: ("`async for`", "write an ordinary loop"),
    ast.AsyncWith: ("`async with`", "write an ordinary `with`"),
    ast.Await: ("`await`", "compute the value before calling the differentiated function"),
}

def _reads_frame(name: str, call: ast.Call) -> bool:
    return name in _FRAME_READERS or (name == "vars" and not call.args)


_FRAME_READERS = frozenset({"eval", "exec", "locals"})

# Every node class is named once, here or in `_REFUSED`; a test holds this against Python's own list.
LOWERED: tuple[type[ast.AST], ...] = (
    ast.FunctionDef, ast.Lambda, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.While, ast.If,
    ast.With, ast.Match, ast.Try, ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.Assert, ast.Raise,
    ast.Global, ast.Nonlocal, ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.IfExp,
    ast.Yield, ast.YieldFrom, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Compare,
    ast.Call, ast.JoinedStr, ast.FormattedValue, ast.Constant,
    ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.List, ast.Tuple, ast.Slice,
)  # fmt: skip
KEPT: tuple[type[ast.AST], ...] = (
    ast.TryStar, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Delete,
)  # fmt: skip


def check(node: FunctionNode, filename: str) -> list[Diagnostic]:
    """The refusals of a function's own body; nested functions are checked when they are differentiated."""
    refused: list[Diagnostic] = []
    body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    if isinstance(node, ast.AsyncFunctionDef):
        body = []
        refused.append(_refusal(node, filename, *_REFUSED[ast.AsyncFunctionDef]))
    while body:
        child = body.pop(0)
        reason = _REFUSED.get(type(child))
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and _reads_frame(child.func.id, child):
            what = f"`{child.func.id}`, which reads the variables of the running function,"
            reason = (what, "name the values it reads")
        if reason is not None:
            refused.append(_refusal(child, filename, *reason))
            continue
        if isinstance(child, KEPT):
            refused.extend(_jumps_out(child, filename))
            continue
        if isinstance(child, ast.Try):
            for last in child.finalbody:
                refused.extend(_jumps_out(ast.If(ast.Constant(True), [last], []), filename, "finally"))
        if isinstance(child, (ast.FunctionDef, ast.Lambda)):
            continue
        body[:0] = ast.iter_child_nodes(child)
    return refused


def generator_refused(source: Source) -> Diagnostic:
    """The refusal of a generator as the function to differentiate: it has no result but what is drawn from it."""
    node = next(n for n in ast.walk(source.node) if isinstance(n, (ast.Yield, ast.YieldFrom)))
    help = "differentiate a function that draws from it, such as one that returns `list(...)` of it"
    return _refusal(node, source.filename, "a generator", help)


def _refusal(node: ast.AST, filename: str, what: str, instead: str) -> Diagnostic:
    return Diagnostic(
        "unsupported-syntax", f"{what} cannot be differentiated", Span.of(filename, node), "not supported", help=instead
    )


def _jumps_out(node: ast.AST, filename: str, outer: str = "") -> list[Diagnostic]:
    """A `return`, `break` or `continue` inside a construct that is kept as written would escape the transform."""
    found = []
    pending: list[tuple[ast.AST, bool]] = [(child, False) for child in ast.iter_child_nodes(node)]
    if isinstance(node, ast.ClassDef):
        return []
    while pending:
        child, in_loop = pending.pop(0)
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(child, ast.Return) or (isinstance(child, (ast.Break, ast.Continue)) and not in_loop):
            word = type(child).__name__.lower()
            outer = outer or type(node).__name__.lower()
            found.append(
                _refusal(child, filename, f"`{word}` inside `{outer}`", f"set a variable there and `{word}` after it")
            )
        inside = in_loop or isinstance(child, (ast.For, ast.While))
        pending.extend((c, inside) for c in ast.iter_child_nodes(child))
    return found
