"""From a function object to its syntax tree, at its true place in the user's file.

The whole file is parsed once, so that line and column numbers are the user's own; the function is
found by the first line of its code object (a lambda also by the columns of its instructions).
"""

from __future__ import annotations

import ast
import linecache
import types
from dataclasses import dataclass
from typing import Any

from pullback.errors import DifferentiabilityError
from pullback.rules import callable_name
from pullback.spans import Span
from pullback.states import ACQUIRE, states_of

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Source:
    """A function's syntax tree and where it stands."""

    node: FunctionNode
    filename: str
    code: types.CodeType
    states: frozenset[str] = frozenset()  # variables of functions around it that are bound again by calls


@dataclass(slots=True)
class _File:
    lines: list[str]
    functions: dict[int, list[tuple[FunctionNode, str | None]]]  # by first line; with the enclosing class
    outermost: dict[int, ast.AST]  # the function around all that are around a nested one, by the latter's identity
    codes: dict[tuple[int, str], list[tuple[object, object]]] | None = None  # what the text compiles to, and where


_FILES: dict[str, _File] = {}
_SOURCES: dict[int, tuple[types.CodeType, Source]] = {}  # by identity: equal code may come from different files


def acquire(function: types.FunctionType) -> Source:
    """The source of a Python function. Raises DifferentiabilityError where there is none."""
    code = function.__code__
    found = _SOURCES.get(id(code))
    if found is not None:
        return found[1]
    lines = linecache.getlines(_file_of(function), function.__globals__)
    if not lines:
        raise _no_source(function, "its source text is not available (typed into `python -c` or made by `exec`?)")
    file = _FILES.get(code.co_filename)
    if file is None or (file.lines is not lines and file.lines != lines):
        try:
            tree = ast.parse("".join(lines))
        except SyntaxError as error:
            raise _no_source(function, f"its file does not parse as Python: {error}") from None
        file = _FILES[code.co_filename] = _File(lines, *_index(tree))
    node, cls = _find(function, file)
    if id(code) not in _TRUSTED and not _still_matches(file, code):
        raise _no_source(function, "the source on disk no longer matches the running function; reload its module")
    around = file.outermost.get(id(node))
    states = states_of(around) if around is not None and code.co_freevars else frozenset()
    source = Source(_Resolved(code, cls).function(node), code.co_filename, code, states)
    _SOURCES[id(code)] = (code, source)
    return source


def _file_of(function: types.FunctionType) -> str:
    """The file that a function's text is in: of modules that are frozen into Python, the one that they came from."""
    name = function.__code__.co_filename
    return str(function.__globals__.get("__file__") or name) if name.startswith("<frozen ") else name


ACQUIRE.append(acquire)


def remember(code: types.CodeType, source: Source) -> None:
    """Record the source of a code object that the library itself compiled."""
    _SOURCES[id(code)] = (code, source)


def remember_nested(tree: ast.AST, code: types.CodeType, filename: str) -> None:
    """The same of the functions that stand in a compiled one: they keep the user's syntax."""
    nodes: dict[tuple[str, int], list[Any]] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)) and node is not tree:
            nodes.setdefault((getattr(node, "name", "<lambda>"), node.lineno), []).append(node)
    states = states_of(tree) if nodes else frozenset()
    pending = [code]
    while pending:
        for inner in pending.pop().co_consts:
            if isinstance(inner, types.CodeType):
                trust(inner)
                found = nodes.get((inner.co_name, inner.co_firstlineno), [])
                if len(found) > 1:
                    found = by_place(inner, found)
                if found:
                    remember(inner, Source(found[0], filename, inner, states))
                pending.append(inner)


_TRUSTED: dict[int, types.CodeType] = {}


def trust(code: types.CodeType) -> None:
    """Take a code object that the library compiled from this very text at its word."""
    _TRUSTED[id(code)] = code


def place_of(fn: Any) -> Span | None:
    """Where a function is defined."""
    try:
        source = acquire(fn)
    except DifferentiabilityError:
        return None
    node = source.node
    if isinstance(node, ast.Lambda):
        return Span.of(source.filename, node)
    word = "async def " if isinstance(node, ast.AsyncFunctionDef) else "def "
    start = node.col_offset + len(word)
    return Span(source.filename, node.lineno, start, node.lineno, start + len(node.name.encode()))


def _no_source(function: types.FunctionType, why: str) -> DifferentiabilityError:
    name = callable_name(function)
    code = function.__code__
    named = "@pb.derivative(of=...) under a name of its own" if "<lambda>" in name else f"@pb.derivative(of={name})"
    return DifferentiabilityError(
        f"cannot read the source of {name} ({code.co_filename}:{code.co_firstlineno}): {why}; "
        f"put it in a file, or register its derivative with {named}",
        id="no-source",
    )


def _index(tree: ast.Module) -> tuple[dict[int, list[tuple[FunctionNode, str | None]]], dict[int, ast.AST]]:
    functions: dict[int, list[tuple[FunctionNode, str | None]]] = {}
    outermost: dict[int, ast.AST] = {}
    pending: list[tuple[ast.AST, str | None, ast.AST | None]] = [(tree, None, None)]
    while pending:
        node, cls, around = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            decorators = getattr(node, "decorator_list", [])
            first = min([d.lineno for d in decorators] + [node.lineno])
            functions.setdefault(first, []).append((node, cls))
            if around is not None:
                outermost[id(node)] = around
            around = around or node
        inner = node.name if isinstance(node, ast.ClassDef) else cls
        pending.extend((child, inner, around) for child in ast.iter_child_nodes(node))
    return functions, outermost


def _parameter_names(node: FunctionNode) -> tuple[str, ...]:
    a = node.args
    names = [*a.posonlyargs, *a.args, *a.kwonlyargs, *([a.vararg] if a.vararg else []), *([a.kwarg] if a.kwarg else [])]
    return tuple(n.arg for n in names)


def _find(function: types.FunctionType, file: _File) -> tuple[FunctionNode, str | None]:
    code = function.__code__
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    names = code.co_varnames[:count]
    is_lambda = code.co_name == "<lambda>"
    candidates = [
        (node, cls)
        for node, cls in file.functions.get(code.co_firstlineno, [])
        if isinstance(node, ast.Lambda) == is_lambda
        and (is_lambda or node.name == code.co_name)  # type: ignore[union-attr]
        and [_mangled(n, cls) for n in _parameter_names(node)] == list(names)
    ]
    if len(candidates) > 1 and is_lambda:
        candidates = _by_position(code, candidates)
    if not candidates:
        raise _no_source(function, "the source on disk no longer matches the running function")
    return candidates[0]


def _still_matches(file: _File, code: types.CodeType) -> bool:
    """Whether a file's text compiles to the code that runs: it may have been edited since it was imported."""
    if any(n.startswith("@py") for n in (*code.co_names, *code.co_varnames)):
        return True  # pytest rewrote its assertions
    if file.codes is None:
        file.codes = {}
        try:
            pending = [compile("".join(file.lines), code.co_filename, "exec", dont_inherit=True)]
        except (SyntaxError, ValueError):
            return True  # not a whole module: it cannot be judged
        while pending:
            for inner in pending.pop().co_consts:
                if isinstance(inner, types.CodeType):
                    pending.append(inner)
                    made = (_signature(inner), tuple(inner.co_positions()))
                    file.codes.setdefault((inner.co_firstlineno, inner.co_name), []).append(made)
    found = file.codes.get((code.co_firstlineno, code.co_name))
    if found is not None and len(found) > 1 and code.co_name == "<lambda>":  # it is found by its place on the line
        return (_signature(code), tuple(code.co_positions())) in found
    return found is None or _signature(code) in [signature for signature, _ in found]


def _signature(code: types.CodeType) -> tuple[object, ...]:
    """What of a code object its text decides: instructions, names and constants."""
    constants = tuple(_signature(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, constants


def _by_position(
    code: types.CodeType, candidates: list[tuple[FunctionNode, str | None]]
) -> list[tuple[FunctionNode, str | None]]:
    """The lambdas whose body is where the instructions of `code` are: the innermost such."""
    places = {
        (line, column, end_line, end_column)
        for line, end_line, column, end_column in code.co_positions()
        if line and end_line and column is not None and end_column is not None and end_column > column
    }

    def holds(node: FunctionNode) -> bool:
        body = node.body
        assert isinstance(body, ast.expr)
        start, stop = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
        return any(
            (line, column) == start and (end_line, end_column) == stop for line, column, end_line, end_column in places
        )

    exact = [c for c in candidates if holds(c[0])]
    if not exact and places:
        low = min(p[:2] for p in places)
        high = max(p[2:] for p in places)
        exact = [
            c
            for c in candidates
            if (c[0].lineno, c[0].col_offset) <= low and high <= (c[0].end_lineno or 0, c[0].end_col_offset or 0)
        ]
    # several lambdas may have equal parameters and bodies that begin alike: then compare constants and names
    return [c for c in exact if _agrees(c[0], code)] or exact


def by_place(code: types.CodeType, nodes: list[FunctionNode]) -> list[FunctionNode]:
    """The functions among several of one line that a code object may be."""
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    alike = [n for n in nodes if _parameter_names(n)[: len(names)] == names]
    if len(alike) > 1 and isinstance(alike[0], ast.Lambda):
        return [node for node, _ in _by_position(code, [(n, None) for n in alike])]
    return alike


def _agrees(node: FunctionNode, code: types.CodeType) -> bool:
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }
    return set(code.co_names) <= used


def _mangled(name: str, cls: str | None) -> str:
    if cls is None or not name.startswith("__") or name.endswith("__"):
        return name
    return f"_{cls.lstrip('_')}{name}"


class _Resolved(ast.NodeTransformer):
    """What depends on the enclosing class, written out: private names, and `super()` without arguments."""

    def __init__(self, code: types.CodeType, cls: str | None) -> None:
        self.cls = cls
        self.uses_super = "super" in code.co_names and "__class__" in code.co_freevars
        self.first = code.co_varnames[0] if code.co_argcount else None

    def function(self, node: FunctionNode) -> FunctionNode:
        """The node itself where nothing depends on the class."""
        private = self.cls is not None and any(
            isinstance(n, (ast.Attribute, ast.Name)) and _mangled(getattr(n, "attr", getattr(n, "id", "")), self.cls)
            not in (getattr(n, "attr", None), getattr(n, "id", None))
            for n in ast.walk(node)
        )
        if not private and not self.uses_super:
            return node
        import copy

        changed = self.generic_visit(copy.deepcopy(node))
        assert isinstance(changed, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        return changed

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # ast's own naming
        node.attr = _mangled(node.attr, self.cls)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = _mangled(node.id, self.cls)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = _mangled(node.arg, self.cls)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        bare_super = isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args
        if bare_super and self.uses_super and self.first is not None:
            node.args = [
                ast.copy_location(ast.Name(n, ast.Load()), node) for n in ("__class__", self.first)
            ]
        return self.generic_visit(node)
