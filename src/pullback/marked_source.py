"""`activity`: a function's source with what varies, what is useful, and what is both, marked.

    2 |     y = x * math.sin(x)
      |     ^   ^            ^        active: it varies with x, and the result depends on it
    3 |     z = y * y
      |     ~   ~   ~                 varied only: nothing comes of it
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pullback import ir
from pullback.arguments import Wrt
from pullback.errors import ArgumentError
from pullback.generated import PAIR, Derivative, Request
from pullback.inspection import asked, plain_function
from pullback.kinds import Kind, kind_of
from pullback.locating import at_boundary
from pullback.pipeline import find
from pullback.rules import callable_name, shown_name
from pullback.spans import cells
from pullback.useful import reads, useful_names

ACTIVE, VARIED, USEFUL = "active", "varied", "useful"
_MARKS = {ACTIVE: "^", VARIED: "~", USEFUL: "."}
_ANSI = {ACTIVE: "\x1b[1;32m", VARIED: "\x1b[33m", USEFUL: "\x1b[36m"}
_CSS = {
    ACTIVE: "background:#c8efd0;color:#063b16;font-weight:600", VARIED: "background:#fdebb8;color:#4a3500",
    USEFUL: "background:#d5e8fb;color:#0b2e52",
}  # fmt: skip
_WORDS = {
    ACTIVE: "active: it varies with them, and the result with it",
    VARIED: "varied: it depends on them, but no derivative comes back to it",
    USEFUL: "useful: the result depends on it, but it is constant",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the user's source: its number in the file, and the names on it by what they are there."""

    number: int
    text: str
    varied: frozenset[str]
    useful: frozenset[str]
    active: frozenset[str]
    marks: tuple[tuple[int, int, str], ...]  # first and last column (in characters), and which it is


class MarkedSource:
    """A function's source with its activity; prints as text, and as HTML in notebooks.

    `varied`, `useful` and `active` map line numbers of the file to the names on that line.
    """

    def __init__(self, name: str, filename: str, wrt: tuple[str, ...], lines: tuple[Line, ...]) -> None:
        self.name, self.filename, self.wrt, self.lines = name, filename, wrt, lines

    @property
    def varied(self) -> dict[int, frozenset[str]]:
        """By line, the names that vary with the differentiated arguments."""
        return {line.number: line.varied for line in self.lines}

    @property
    def useful(self) -> dict[int, frozenset[str]]:
        """By line, the names that the result depends on."""
        return {line.number: line.useful for line in self.lines}

    @property
    def active(self) -> dict[int, frozenset[str]]:
        """By line, the names that are both."""
        return {line.number: line.active for line in self.lines}

    def __getitem__(self, number: int) -> Line:
        for line in self.lines:
            if line.number == number:
                return line
        raise KeyError(f"line {number} is not in {self.name}, which has lines {self.lines[0].number} to "
                       f"{self.lines[-1].number}")  # fmt: skip

    def text(self, color: bool = False) -> str:
        """The marked source; `color` marks the names themselves by ANSI colours too."""
        width = len(str(self.lines[-1].number))
        out = [f"activity of {self.name} with respect to {', '.join(self.wrt)}"]
        for line in self.lines:
            shown = self._painted(line) if color else line.text
            out.append(f"{line.number:>{width}} | {shown}".rstrip())
            if line.marks:
                marks = [" "] * (max(stop for _, stop, _ in line.marks))
                for start, stop, what in line.marks:
                    marks[start:stop] = _MARKS[what] * (stop - start)
                under = ("\t" if c == "\t" else m * cells(c) for c, m in zip(line.text, marks, strict=False))
                out.append(f"{'':>{width}} | {''.join(under)}")
        used = {what for line in self.lines for _, _, what in line.marks}
        for what, mark in _MARKS.items():
            if what in used:
                painted = f"{_ANSI[what]}{mark} {_WORDS[what]}\x1b[0m" if color else f"{mark} {_WORDS[what]}"
                out.append(f"{'':>{width}} = {painted}")
        return "\n".join(out)

    def _painted(self, line: Line) -> str:
        return "".join(f"{_ANSI[w]}{t}\x1b[0m" if w is not None else t for t, w in _pieces(line))

    def __repr__(self) -> str:
        return self.text(_is_colored())

    def _repr_html_(self) -> str:
        import html  # (only where a notebook shows it)

        rows = []
        for line in self.lines:
            pieces = (
                f'<span style="{_CSS[what]};border-radius:2px" title="{what}">{html.escape(text)}</span>'
                if what is not None else html.escape(text)
                for text, what in _pieces(line)
            )  # fmt: skip
            rows.append(f'<span style="color:#888;user-select:none">{line.number:>4}  </span>{"".join(pieces)}')
        legend = "&emsp;".join(
            f'<span style="{_CSS[w]};border-radius:2px;padding:0 .3em">{w}</span> '
            f'<span style="color:#666">{html.escape(_WORDS[w].split(": ", 1)[1])}</span>'
            for w in _MARKS
        )
        head = f"activity of <b>{html.escape(self.name)}</b> with respect to {html.escape(', '.join(self.wrt))}"
        return (
            f'<div style="font-size:13px"><div style="margin:.3em 0">{head}</div>'
            f'<pre style="line-height:1.5;margin:0;background:transparent">{chr(10).join(rows)}</pre>'
            f'<div style="margin:.4em 0">{legend}</div></div>'
        )


def activity(f: Callable[..., Any], *args: Any, wrt: Wrt = None, **kwargs: Any) -> MarkedSource:
    """A function's source with what varies with `wrt` (by default all parameters), what is useful, and what is both.

    With example arguments the kinds of all values are known: an int is then no variable. Without them, what
    annotations say is taken.

    >>> def f(x, n):
    ...     y = x * n
    ...     z = y * y
    ...     return y
    >>> marked = activity(f, 2.0, 3)
    >>> first = marked.lines[0].number
    >>> sorted(marked.active[first + 1]), sorted(marked.active[first + 2]), sorted(marked.varied[first + 2])
    (['x', 'y'], [], ['y', 'z'])
    """
    made: MarkedSource = _marked(f, args, wrt, kwargs)
    return made


@at_boundary
def _marked(f: Callable[..., Any], args: tuple[Any, ...], wrt: Wrt, kwargs: dict[str, Any]) -> MarkedSource:
    function, bound = plain_function(f)
    if args or kwargs:
        function, chosen, values = asked(f, wrt, args, kwargs)
        kinds = tuple(sorted((p, kind_of(v).key) for p, v in values.items()))
    else:
        chosen, kinds, values = _without_examples(f, function, bound, wrt)
    derivative = find(function, Request(chosen, frozenset(), kinds, PAIR), values)
    order = tuple(p for p in function.__code__.co_varnames if p in chosen)
    return MarkedSource(shown_name(f), function.__code__.co_filename, order, tuple(_lines(derivative)))


def _without_examples(
    f: Any, function: types.FunctionType, bound: tuple[Any, ...], wrt: Wrt
) -> tuple[frozenset[str], tuple[tuple[str, Any], ...], dict[str, Any]]:
    """The differentiated parameters, the kinds of all that are known, and the values given."""
    code = function.__code__
    parameters = list(code.co_varnames[len(bound) : code.co_argcount + code.co_kwonlyargcount])
    known = dict(_annotated(function))
    values = dict(zip(code.co_varnames, bound, strict=False))
    known.update({p: kind_of(v) for p, v in values.items()})
    if wrt is None:
        chosen = [p for p in parameters if p not in known or known[p].differentiable]
    else:
        wanted = wrt if isinstance(wrt, tuple) else (wrt,)
        chosen = [parameters[w] if isinstance(w, int) and w < len(parameters) else str(w) for w in wanted]
    unknown = [p for p in chosen if p not in parameters]
    if unknown or not chosen:
        raise ArgumentError(
            f"{callable_name(f)} has no parameter {unknown[0]!r}; its parameters are {', '.join(parameters)}"
            if unknown else f"{callable_name(f)} has no parameter to differentiate by"
        )  # fmt: skip
    return frozenset(chosen), tuple(sorted((p, k.key) for p, k in known.items())), values


def _annotated(function: types.FunctionType) -> Iterator[tuple[str, Kind]]:
    """What annotations say of parameters, where they name one plain type."""
    try:
        hints = typing.get_type_hints(function)
    except Exception:
        return
    examples: dict[Any, Any] = {int: 1, bool: True, float: 1.0, complex: 1j, str: ""}
    for parameter, annotation in hints.items():
        if parameter != "return" and annotation in examples:
            yield parameter, kind_of(examples[annotation])


def _lines(derivative: Derivative) -> Iterator[Line]:
    """The lines of the function, with the marks of the names on them."""
    assert derivative.stages is not None
    node, filename = derivative.stages.source.node, derivative.stages.source.filename
    marks: dict[int, list[tuple[int, int, str]]] = {}
    sets: dict[int, dict[str, set[str]]] = {}
    texts: dict[int, str] = {}
    for place, name, varied, useful in _occurrences(derivative, node):
        line = place.lineno
        text = texts.setdefault(line, linecache.getline(filename, line).rstrip("\n"))
        found = sets.setdefault(line, {VARIED: set(), USEFUL: set(), ACTIVE: set()})
        what = ACTIVE if varied and useful else VARIED if varied else USEFUL if useful else None
        for kind, holds in ((VARIED, varied), (USEFUL, useful), (ACTIVE, varied and useful)):
            if holds:
                found[kind].add(name)
        if what is not None:
            start = len(text.encode()[: place.col_offset].decode(errors="replace"))
            marks.setdefault(line, []).append((start, start + len(name), what))
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    for number in range(first, (node.end_lineno or node.lineno) + 1):
        found = sets.get(number, {VARIED: set(), USEFUL: set(), ACTIVE: set()})
        text = linecache.getline(filename, number).rstrip("\n")
        given = tuple(sorted(set(marks.get(number, ()))))
        yield Line(number, text, frozenset(found[VARIED]), frozenset(found[USEFUL]), frozenset(found[ACTIVE]), given)


def _occurrences(derivative: Derivative, node: Any) -> Iterator[tuple[Any, str, bool, bool]]:
    """Each name in the source that a statement computes with or assigns: whether it varies, whether it is useful."""
    assert derivative.stages is not None
    lowered = derivative.stages.lowered
    after, start = useful_names(lowered, derivative.stages.sharing, frozenset(derivative.changes))
    statements = list(ir.walk(lowered.body))
    own = {*lowered.parameters, *lowered.captured, *(n for s in statements for n in ir.assigned(s))}
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            yield argument, argument.arg, argument.arg in derivative.request.active, argument.arg in start
    body = node.body if isinstance(node.body, list) else [node.body]
    for top in body:
        for holder, place in _names(top, top):
            if not any(_same(n, place.id) for n in own):
                continue  # a function or module
            if isinstance(place.ctx, ast.Store):
                for stmt in statements:
                    bound = [n for n in ir.assigned(stmt) if _same(n, place.id)]
                    if bound and _inside(stmt.span, holder):
                        yield place, place.id, _varies(stmt), bound[0] in after.get(id(stmt), ())
                        break
                continue
            found = [s for s in statements if _around(s.span, place) and any(_same(n, place.id) for n in reads(s))]
            if found:
                stmt = min(found, key=lambda s: (s.span.end_line - s.span.line, s.span.end_column - s.span.column))
                varied = _reads_varied(stmt, place.id)
                flows = _varies(stmt) or not varied  # `len(x)` has no derivative, so `x` is of no use to it
                yield place, place.id, varied, flows and _result_useful(stmt, after, derivative)


def _names(top: ast.AST, holder: ast.AST) -> Iterator[tuple[ast.AST, ast.Name]]:
    """The names of a statement, each with the innermost statement (or comprehension) around it."""
    for child in ast.iter_child_nodes(top):
        if isinstance(child, ast.Name):
            yield holder, child
        elif isinstance(child, (ast.Lambda, ast.FunctionDef)):
            inner = ast.walk(child)
            yield from ((child, n) for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
        else:
            yield from _names(child, child if isinstance(child, ast.stmt) else holder)
    if isinstance(top, ast.Name):
        yield holder, top


def _same(name: str, written: str) -> bool:
    """Whether a name of the lowered function is the one in the source; a comprehension's has a number added."""
    return name == written or (name.startswith(f"{written}_") and name[len(written) + 1 :].isdigit())


def _around(span: Any, place: Any) -> bool:
    start, stop = (span.line, span.column), (span.end_line, span.end_column)
    return start <= (place.lineno, place.col_offset) and (place.end_lineno, place.end_col_offset) <= stop


def _inside(span: Any, holder: Any) -> bool:
    return bool(holder.lineno <= span.line <= (holder.end_lineno or holder.lineno))


def _varies(stmt: ir.Stmt) -> bool:
    facts = getattr(stmt, "facts", None)
    return facts is not None and bool(facts.varied)


def _reads_varied(stmt: ir.Stmt, name: str) -> bool:
    """Whether an operand of that name is active."""
    facts = getattr(stmt, "facts", None)
    if facts is None:
        return False
    operands: Any = ir.atoms(stmt.expr) if isinstance(stmt, ir.Bind) else ()
    match stmt:
        case ir.Unpack():
            operands = (stmt.source,)
        case ir.Append():
            operands = (stmt.item,)
        case ir.Store():
            operands = (stmt.obj, stmt.value)
        case ir.For():
            operands = (stmt.iterable,)
    flags = zip(operands, facts.active, strict=False)
    return any(flag and isinstance(a, ir.Var) and _same(a.name, name) for a, flag in flags)


def _result_useful(stmt: ir.Stmt, after: dict[int, frozenset[str]], derivative: Derivative) -> bool:
    """Whether the result depends on what a statement makes or changes."""
    assert derivative.stages is not None
    live = after.get(id(stmt), frozenset())
    if any(n in live for n in ir.assigned(stmt)):
        return True
    name = derivative.stages.sharing.points.get(id(stmt))
    if isinstance(stmt, ir.Store) and isinstance(stmt.obj, ir.Var):
        name = stmt.obj.name
    return name is not None and bool(live & (frozenset(derivative.stages.sharing.with_(name)) | {name}))


def _pieces(line: Line) -> Iterator[tuple[str, str | None]]:
    """The text of a line cut where marks begin and end."""
    done = 0
    for start, stop, what in line.marks:
        if start >= done:
            yield line.text[done:start], None
            yield line.text[start:stop], what
            done = stop
    yield line.text[done:], None


def _is_colored() -> bool:
    """Whether to print colours: to a terminal, unless NO_COLOR is set."""
    return "NO_COLOR" not in os.environ and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
