"""Places in the user's source, and diagnostics drawn on them in rustc's form.

    error[no-derivative]: no derivative is known for `math.gamma`
      --> model.py:12:9
       |
    12 |     y = math.gamma(x) + 1.0
       |         ^^^^^^^^^^^^^ called with the active argument `x`
       |
      = help: register one with @pb.derivative(of=math.gamma)
"""

from __future__ import annotations

import ast
import linecache
import unicodedata
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """A range of the user's source: 1-based lines, 0-based UTF-8 byte columns as in `ast`."""

    filename: str
    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def of(cls, filename: str, node: ast.AST) -> Span:
        """The span of `node`, which must have a position."""
        line: int = getattr(node, "lineno", 1)
        column: int = getattr(node, "col_offset", 0)
        return cls(
            filename,
            line,
            column,
            getattr(node, "end_lineno", None) or line,
            getattr(node, "end_col_offset", None) or column + 1,
        )

    def text(self) -> str:
        """The first line of the source under the span, as written."""
        return linecache.getline(self.filename, self.line).rstrip("\n")

    def __str__(self) -> str:
        column = self.carets()[0] if self.text() else self.column  # in characters, as editors count
        return f"{self.filename}:{self.line}:{column + 1}"

    def carets(self) -> tuple[int, int]:
        """Start column and width, in characters, of the mark under `text()`."""
        raw = self.text().encode()
        start = len(raw[: self.column].decode(errors="replace"))
        stop_bytes = self.end_column if self.end_line == self.line else len(raw)
        stop = len(raw[:stop_bytes].decode(errors="replace"))
        return start, max(1, stop - start)


@dataclass(frozen=True, slots=True)
class Label:
    """A secondary place that explains a diagnostic: what made a value active, where an alias arose."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One refusal: a stable id, what is wrong, where, and what to do."""

    id: str
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    severity: str = field(default="error")

    def render(self) -> str:
        """The diagnostic as text, in rustc's form."""
        lines = [f"{self.severity}[{self.id}]: {self.message}"]
        if self.span is not None:
            lines += _frame(self.span, self.label, "^", "-->")
        for label in self.labels:
            lines += _frame(label.span, label.text, "-", ":::")
        lines += [f"  = note: {note}" for note in self.notes]
        if self.help:
            lines.append(f"  = help: {self.help}")
        return "\n".join(lines)


_TAB = 8


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: two for a wide letter, none for a combining one."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 or c in "\u200d\ufe0f" for c in text)


def _frame(span: Span, label: str, mark: str, arrow: str) -> list[str]:
    number = str(span.line)
    gutter = " " * len(number)
    head = [f"{gutter} {arrow} {span}"]
    text = span.text()
    if not text.strip():
        return head
    start, width = span.carets()
    before = cells(text[:start].expandtabs(_TAB))
    width = max(1, cells(text[: start + width].expandtabs(_TAB)) - before)
    return [
        *head,
        f"{gutter}  |",
        f"{number}  | {text.expandtabs(_TAB)}",
        f"{gutter}  | {' ' * before}{mark * width} {label}".rstrip(),
    ]


def render_all(diagnostics: list[Diagnostic]) -> str:
    """Every diagnostic of a refused definition, one after the other."""
    return "\n" + "\n\n".join(d.render() for d in diagnostics)
