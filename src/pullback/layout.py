"""A reverse function gets a text of its own, each of whose lines knows the user's line that caused it.

    d_x = d_y * w  # y = x * w

Debuggers and tracebacks read that text through `linecache`, under the name `model.py::f_reverse`. It is written
only when somebody asks for it; which line each statement will have is known before.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import os
import types
import weakref
from typing import Any, Protocol

from pullback.spans import Span

FORWARD, REVERSE, JOINT, TANGENT = "forward", "reverse", "joint", "tangent"
_numbers = itertools.count(1)
_NO_COLUMN = -1  # Python then marks the line, not a part of it


class Made(Protocol):
    """What is known of a generated function: `emit.Compiled`."""

    code: types.CodeType
    spans: dict[int, Span]
    sweep: str

    def in_reverse(self, offset: int) -> bool:
        """Whether an instruction belongs to the reverse sweep."""


_MADE: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()  # by id of the code, which it holds


def register(made: Made) -> None:
    """Let the generated function of a code object be found again."""
    _MADE[id(made.code)] = made


def made_of(code: types.CodeType) -> Made | None:
    """What is known of a code object, if it was generated."""
    found: Made | None = _MADE.get(id(code))
    return found if found is not None and found.code is code else None


def user_span(code: types.CodeType, offset: int) -> tuple[Span, bool] | None:
    """The user's expression that an instruction of generated code comes from; whether its pullback is meant."""
    made = made_of(code)
    if made is None:
        return None
    index = offset // 2
    line, end_line, column, end_column = next(itertools.islice(code.co_positions(), index, None), (None,) * 4)
    if line is None:
        return None
    if made.sweep == REVERSE:
        span = made.spans.get(line)
        return None if span is None else (span, True)
    column = column or 0
    return Span(code.co_filename, line, column, end_line or line, end_column or column + 1), made.in_reverse(offset)


class Laid:
    """A reverse function's syntax with the positions of its own text, and that text for who asks."""

    def __init__(self, tree: ast.FunctionDef, filename: str) -> None:
        self.spans: dict[int, Span] = {}
        self.source = filename
        self.filename = os.path.abspath(f"{filename}::{tree.name}.{next(_numbers)}")
        self.tree: ast.FunctionDef = _copied(tree, 1)
        self.last = self._block(tree.body, self.tree.body, 1)

    def _block(self, old: list[ast.stmt], new: list[ast.stmt], line: int) -> int:
        """Number the statements of a block as `ast.unparse` writes them; the last line used."""
        for a, b in zip(old, new, strict=True):
            line = self._stmt(a, b, line + 1)
        return line

    def _stmt(self, old: ast.stmt, new: ast.stmt, line: int) -> int:
        span: Span | None = getattr(old, "span", None) or self._placed(old)
        if span is not None:
            self.spans[line] = span
        _move(new, line)
        if isinstance(old, (ast.If, ast.For, ast.While)):
            assert isinstance(new, (ast.If, ast.For, ast.While))
            last = self._block(old.body, new.body, line)
            if isinstance(old, ast.If) and len(old.orelse) == 1 and isinstance(old.orelse[0], ast.If):
                return self._stmt(old.orelse[0], new.orelse[0], last + 1)  # an `elif`
            return self._block(old.orelse, new.orelse, last + 1) if old.orelse else last
        return line

    def _placed(self, stmt: ast.stmt) -> Span | None:
        """The place of the first expression that has one: what was put into the `return`, say."""
        inner = (n for n in ast.walk(stmt) if getattr(n, "end_lineno", None) is not None)
        return next((Span.of(self.source, node) for node in inner), None)

    def text(self) -> list[str]:
        """The lines, each with the user's own as a comment where another one begins."""
        shown = _copied(self.tree, 1)
        for node in ast.walk(shown):
            if isinstance(node, ast.Name):
                node.id = node.id.strip("<>")
        lines = ast.unparse(shown).split("\n")
        last = None
        for number, text in enumerate(lines, 1):
            span = self.spans.get(number)
            if span is not None and span.line != last:
                last = span.line
                lines[number - 1] = f"{text}  # {span.text().strip()}"
        return [f"{text}\n" for text in lines]


def laid_out(tree: ast.FunctionDef, filename: str, owner: object) -> Laid | None:
    """A reverse function as a text, which `linecache` has while `owner` lives; None if it has no simple form."""
    simple = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.Pass, ast.If, ast.For, ast.While)
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        stmt = pending.pop()
        if not isinstance(stmt, simple):
            return None
        if isinstance(stmt, (ast.If, ast.For, ast.While)):
            pending += [*stmt.body, *stmt.orelse]
    laid = Laid(tree, filename)
    linecache.cache[laid.filename] = (lambda: "".join(laid.text()),)
    weakref.finalize(owner, linecache.cache.pop, laid.filename, None).atexit = False
    return laid


def _copied(node: Any, line: int) -> Any:
    """A copy of syntax, placed on one line."""
    if isinstance(node, list):
        return [_copied(item, line) for item in node]
    if not isinstance(node, ast.AST):
        return node
    fields = {field: _copied(getattr(node, field, None), line) for field in node._fields}
    made = type(node)(**fields)
    if "lineno" in made._attributes:
        made.lineno = made.end_lineno = line  # type: ignore[attr-defined]
        made.col_offset = made.end_col_offset = _NO_COLUMN  # type: ignore[attr-defined]
    return made


def _move(stmt: ast.stmt, line: int) -> None:
    """Give a statement and its expressions a line; those of blocks get theirs later."""
    for node in ast.walk(stmt):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line  # type: ignore[attr-defined]
