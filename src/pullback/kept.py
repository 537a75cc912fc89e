"""`residuals`: what a pullback keeps, by the user's line, and how much memory that is.

    line                      kept     what              bytes  recompute
    2: h = np.tanh(x @ w)     h        float64[64, 32]  16.1 KiB  yes

A residual is a tuple whose first item is the function that reads it. That of a generated function holds the names
that its forward sweep set aside, so each is found at the statement that made it; that of a call at run time belongs
to the call. What stands in several places is counted once; what the arguments hold is told, and not counted.
"""

from __future__ import annotations

import ast
import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pullback.arguments import Wrt
from pullback.effects import is_pure
from pullback.forms import space_of
from pullback.layout import REVERSE, made_of
from pullback.lending import alone
from pullback.operators import Pullback, value_with_pullback
from pullback.rules import shown_name
from pullback.spans import Span
from pullback.tables import Table, in_bytes
from pullback.tangents import TangentVector

_BOOKKEEPING = "(bookkeeping)"
_FREE = (type(None), bool, type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType,
         types.CodeType, np.ufunc, np.dtype)  # fmt: skip


@dataclass
class Kept:
    """One thing that a pullback keeps: where, under which name, its form and bytes, and what it would cost to drop."""

    span: Span | None  # the user's statement; None for the arguments and the result
    function: str
    name: str
    form: str
    bytes: int  # that nothing before it in the table holds already
    count: int = 1  # how many values: one for each iteration
    shared: str = ""  # "argument", "function" or "result", where that holds it too
    recomputable: bool = False

    @property
    def line(self) -> int | None:
        """The line of the user's file."""
        return None if self.span is None else self.span.line

    @property
    def source(self) -> str:
        """The user's line."""
        return "" if self.span is None else self.span.text().strip()


class Residuals:
    """What a pullback keeps, as a table; `rows` are the entries, `bytes` their sum."""

    def __init__(self, name: str, rows: list[Kept], argument_bytes: int) -> None:
        self.name, self.rows, self.argument_bytes = name, rows, argument_bytes

    @property
    def bytes(self) -> int:
        """The memory that the pullback holds beyond its arguments."""
        return sum(row.bytes for row in self.rows)

    @property
    def recomputable_bytes(self) -> int:
        """The part of it that `pb.recomputed` around the functions would give back."""
        return sum(row.bytes for row in self.rows if row.recomputable)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Kept]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"what the pullback of {self.name} keeps\n{self._table().text()}"

    def _repr_html_(self) -> str:
        return self._table().html(f"what the pullback of {self.name} keeps")

    def _table(self) -> Table:
        rows = []
        last: Any = None
        for row in self.rows:
            place = f"{row.line}: {row.source}" if row.span is not None else row.source
            shown = "" if (row.function, place) == last else place if len(place) <= 60 else f"{place[:57]}..."
            inside = "" if (row.function, place) == last else row.function
            last = (row.function, place)
            what = f"{row.count} × {row.form}" if row.count > 1 and row.form else row.form
            how = f"the {row.shared}'s" if row.shared else "yes" if row.recomputable else "unsure" if row.span else ""
            rows.append((inside, shown, row.name, what, in_bytes(row.bytes) if row.bytes else "-", how))
        total = ("total", "", "", "", in_bytes(self.bytes), f"yes: {in_bytes(self.recomputable_bytes)}")
        arguments = ("", "", "", "the arguments, which the caller holds", in_bytes(self.argument_bytes), "")
        header = ("in", "line", "kept", "what", "bytes", "recomputable")
        return Table(header, rows, frozenset({4}), frozenset({1, 2}), [total, arguments])


def residuals(f: Callable[..., Any], *args: Any, wrt: Wrt = None, **kwargs: Any) -> Residuals:
    """What the pullback of `f` keeps for these arguments, by the user's line: names, forms, bytes.

    `f` runs once. What could be had again by running the function that made it (`pb.recomputed`) is marked so.

    >>> import numpy as np
    >>> def f(x):
    ...     y = np.exp(x)
    ...     return np.sum(y * y)
    >>> found = residuals(f, np.ones(1000))
    >>> [(row.name, row.form) for row in found if row.bytes > 1000]
    [('y', 'float64[1000]')]
    """
    return residuals_of(value_with_pullback(f, wrt)(*args, **kwargs)[1])


def residuals_of(pull: Pullback) -> Residuals:
    """What a pullback keeps."""
    walker = _Walker()
    arguments = walker.holding("argument", (pull._args, pull._kwargs, getattr(pull._function, "__self__", None)))
    walker.holding("function", _held_by(pull._function))
    name = shown_name(pull._function)
    walker.residual(pull._residual, _Place(None, name, pull._function))
    value = walker.added(pull._value, _Place(None, name, None), "the result", recomputable=False)
    if value is not None:
        value.shared = "result"
    walker.row(_Place(None, name), _BOOKKEEPING, "", walker.size((pull, pull._operands, pull._seen)))
    functions = list(dict.fromkeys(row.function for row in walker.rows.values()))
    rows = sorted(walker.rows.values(), key=lambda r: (r.span is None, functions.index(r.function), r.line or 0))
    return Residuals(name, rows, arguments)


@dataclass(frozen=True)
class _Place:
    span: Span | None
    function: str
    object: Any = field(compare=False, hash=False, default=None)


class _Walker:
    """Goes through residuals; each object is counted where it is met first."""

    def __init__(self) -> None:
        self.seen: dict[int, Any] = {}  # (held, so that an id stays its own)
        self.shared: dict[int, str] = {}
        self.rows: dict[Any, Kept] = {}

    def again(self, place: _Place) -> bool:
        """Whether the function that a row belongs to may run twice."""
        return place.object is None or _again(place.object)

    def holding(self, what: str, x: Any) -> int:
        """Note what an argument holds: it costs nothing to keep it. The bytes of the arrays and numbers in it."""
        before = set(self.seen)
        size = self.size(x)
        self.shared.update(dict.fromkeys(set(self.seen) - before, what))
        return size

    def residual(self, residual: Any, place: _Place) -> None:
        """A residual: by the names of a generated function, or as what a call keeps."""
        if residual.__class__ is not tuple or not residual or not isinstance(residual[0], types.FunctionType):
            self.added(residual, place, "")
            return
        reader, *items = residual
        self.holder(residual, place)
        if reader is alone:
            self.residual(items[0], place)
            self.added(items[1:], place, "")
            return
        made = made_of(reader.__code__)
        if made is None or made.sweep != REVERSE:
            for item in items:
                self.part(item, place, "")
            return
        self.generated(reader, items, made, place)

    def generated(self, reader: types.FunctionType, items: list[Any], made: Any, place: _Place) -> None:
        """What a generated forward sweep set aside, each at the statement that it belongs to."""
        forward = made.forward() if made.forward is not None else None
        names = _unpacked(made.tree)
        sources = _Sources(forward.tree, made.filename) if forward is not None else None
        function = made.function.qualname.rpartition("<locals>.")[2]
        for name, item in zip(names, items, strict=False):
            self.kept(name, item, sources, function, place)

    def kept(self, name: str, item: Any, sources: Any, function: str, outer: _Place) -> None:
        span = sources.span(name) if sources is not None else None
        place = _Place(span, function, outer.object)
        entry = sources.entries.get(name) if sources is not None else None
        if entry is not None and isinstance(item, list):  # a loop's stack
            self.stack(name, item, entry, sources, function, outer)
            return
        self.part(item, place, sources.user_name(name) if sources is not None else name)

    def stack(self, name: str, items: list[Any], entry: list[str], sources: Any, function: str, outer: _Place) -> None:
        bare = self.size(items, deep=False)
        for item in items:
            parts = [item] if len(entry) == 1 else item
            bare += self.size(item, deep=False) if len(entry) > 1 else 0
            for inner, part in zip(entry, parts, strict=False):
                self.kept(inner, part, sources, function, outer)
        place = _Place(sources.span(name), function, outer.object)
        self.row(place, "(loop)", "what holds these", bare, "", self.again(place))

    def part(self, item: Any, place: _Place, name: str) -> None:
        """One value, or the residual of a call, whose parts are taken apart."""
        if item.__class__ is tuple and item and isinstance(item[0], types.FunctionType):
            self.residual(item, place)
        elif item.__class__ is tuple and not name:
            self.holder(item, place)
            for inner in item:
                self.part(inner, place, "")
        else:
            self.added(item, place, name)

    def holder(self, x: tuple[Any, ...], place: _Place) -> None:
        """A tuple that holds the parts of a residual."""
        self.row(place, _BOOKKEEPING, "", self.size(x, deep=False), "", place.span is not None and self.again(place))

    def added(self, x: Any, place: _Place, name: str, recomputable: bool | None = None) -> Kept | None:
        """A row for a value; None for what costs nothing to keep."""
        if isinstance(x, _FREE) or (isinstance(x, int) and abs(x) <= 256):
            return None
        shared = self.shared.get(id(_owner(x)), "")
        size = self.size(x)
        if not size and not shared:
            return None
        again = not shared and place.span is not None and self.again(place)
        known = again if recomputable is None else recomputable
        is_outline = x.__class__ is tuple and len(x) == 2 and isinstance(x[1], np.dtype)
        if is_outline or (not name and not _has_numbers(x)):
            return self.row(place, _BOOKKEEPING, "", size, "", known)
        return self.row(place, name or "(operand of a call)", _type_of(x), size, shared, known)

    def row(
        self, place: _Place, name: str, form: str, size: int, shared: str = "", recomputable: bool = False
    ) -> Kept:
        key = (place, name, form, shared)
        known = self.rows.get(key)
        if known is None:
            known = self.rows[key] = Kept(place.span, place.function, name, form, 0, 0, shared, recomputable)
        known.bytes += size
        known.count += 1
        return known

    def size(self, x: Any, deep: bool = True) -> int:
        """The bytes of an object that was not met before, with those of what it holds."""
        if isinstance(x, _FREE) or (isinstance(x, int) and abs(x) <= 256) or id(x) in self.seen:
            return 0
        self.seen[id(x)] = x
        total = sys.getsizeof(x)
        if isinstance(x, np.ndarray):
            if x.base is not None:
                total += self.size(_owner(x))
            return total
        if not deep:
            return total
        inner: Any = ()
        if isinstance(x, dict):
            inner = (*x.keys(), *x.values())
        elif isinstance(x, (tuple, list, set, frozenset)):
            inner = x
        elif isinstance(x, TangentVector) or hasattr(x, "__dict__"):
            inner = (vars(x),)
        return total + sum(map(self.size, inner))


def _has_numbers(x: Any, depth: int = 4) -> bool:
    """Whether a value holds floats or arrays of them, and so is no bookkeeping."""
    if isinstance(x, (float, complex, np.inexact, np.ndarray)):
        return True
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, (tuple, list)) else ()
    return depth > 0 and any(_has_numbers(p, depth - 1) for p in parts)


def _type_of(x: Any) -> str:
    """A number's type, an array's dtype and shape, a container's form."""
    if isinstance(x, (bool, int, float, complex, np.generic, str)):
        return type(x).__name__
    return f"{type(x).__name__} of {len(x)}" if isinstance(x, (tuple, list, dict)) else space_of(x)


def _held_by(function: Any) -> list[Any]:
    """What a function holds itself: the object that is called, captured variables, the globals it names."""
    if not isinstance(function, types.FunctionType):
        return [] if isinstance(function, types.MethodType) else [function]
    found = [function.__globals__.get(name) for name in function.__code__.co_names]
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # not bound yet
            found.append(cell.cell_contents)
    return found


def _again(function: Any) -> bool:
    """Whether a function may run twice: it changes nothing."""
    try:
        return is_pure(getattr(function, "__func__", function))
    except Exception:
        return False


def _owner(x: Any) -> Any:
    """The array that owns the memory of a view."""
    while isinstance(x, np.ndarray) and isinstance(x.base, np.ndarray):
        x = x.base
    return x


def _unpacked(tree: ast.FunctionDef) -> list[str]:
    """The names that a reverse function takes from its residual."""
    first = tree.body[0]
    if isinstance(first, ast.Assign) and isinstance(first.targets[0], ast.Tuple):
        names = [e.id for e in first.targets[0].elts if isinstance(e, ast.Name)]
        if names and names[0] == "_":
            return names[1:]
    return []


class _Sources:
    """Where the names of a forward sweep come from: the user's statements, and what a loop's stack holds."""

    def __init__(self, tree: ast.FunctionDef, filename: str) -> None:
        self.filename = filename
        self.places: dict[str, ast.AST] = {}
        self.copies: dict[str, str] = {}
        self.entries: dict[str, list[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name) and not _unsets(node):
                            self.places.setdefault(name.id, node.value)
                self._copied(node)
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                self.places.setdefault(node.target.id, node.iter)
            elif isinstance(node, ast.Call) and _appends(node):
                assert isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
                entry = node.args[0]
                parts = entry.elts if isinstance(entry, ast.Tuple) else [entry]
                parts = [p.args[0] if isinstance(p, ast.Call) else p for p in parts]  # an outline: that of a name
                self.entries[node.func.value.id] = [p.id for p in parts if isinstance(p, ast.Name)]

    def _copied(self, node: ast.Assign) -> None:
        value = node.value
        if isinstance(value, ast.Call) and len(value.args) == 1 and isinstance(value.func, ast.Name):
            value = value.args[0] if value.func.id.startswith("keep") else value
        target = node.targets[0]
        if isinstance(target, ast.Name) and isinstance(value, ast.Name) and target.id.startswith(f"{value.id}_"):
            self.copies[target.id] = value.id

    def user_name(self, name: str) -> str:
        """The name as the user knows it; a temporary is the expression at its place."""
        original = self.copies.get(name, name)
        if not original.startswith("_"):
            return original
        place = self.places.get(original)
        if original.startswith(("_c", "_n", "_k")):
            return "(which way)" if original.startswith("_c") else "(count)"
        text = _text_at(self.filename, place)
        return text or original

    def span(self, name: str) -> Span | None:
        """The statement that a name was last set in."""
        place = self.places.get(self.copies.get(name, name)) or self.places.get(name)
        return None if place is None or not hasattr(place, "lineno") else Span.of(self.filename, place)


def _text_at(filename: str, place: ast.AST | None) -> str:
    if place is None or not hasattr(place, "lineno"):
        return ""
    span = Span.of(filename, place)
    start, width = span.carets()
    text = span.text()[start : start + width]
    return text if len(text) <= 40 else f"{text[:37]}..."


def _unsets(node: ast.Assign) -> bool:
    return isinstance(node.value, ast.Constant) and node.value.value is None


def _appends(node: ast.Call) -> bool:
    func = node.func
    return (
        isinstance(func, ast.Attribute) and func.attr == "append" and isinstance(func.value, ast.Name)
        and func.value.id.startswith("_s") and len(node.args) == 1
    )  # fmt: skip
