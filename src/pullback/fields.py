"""The fields of a class that is declared differentiable: each has a tangent, or is marked as having none.

    @pb.differentiable
    @dataclass
    class Model:
        weight: float = 1           warning[int-field]: an int has no tangent; write 1.0
        spring: Spring              warning[field-without-tangent], where Spring is a class without a tangent
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import linecache
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pullback.spans import Diagnostic, Span
from pullback.structs import constant_fields, is_struct_class

_OWN = str(Path(__file__).parent) + os.sep


def field_findings(cls: type) -> Iterator[Diagnostic]:
    """Warnings about the fields that a class declares itself."""
    nodes, filename = _declarations(cls)
    constant = constant_fields(cls)
    defaults = {f.name: f.default for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else vars(cls)
    for name, annotation in inspect.get_annotations(cls).items():
        if name in constant:
            continue
        span = Span.of(filename, nodes[name]) if name in nodes else None
        declared = _resolved(annotation, cls)
        default = defaults.get(name)
        if declared is float and type(default) is int:
            yield Diagnostic(
                "int-field",
                f"the field `{name}` of `{cls.__name__}` is a float whose default {default!r} is an int, "
                "which has no tangent",
                span, "no derivative flows into this default", severity="warning",
                help=f"write {float(default)!r}, or pb.no_derivative({default!r}) if it is a constant",
            )  # fmt: skip
        elif isinstance(declared, type) and _plain(declared):
            yield Diagnostic(
                "field-without-tangent",
                f"the field `{name}` of `{cls.__name__}` is a {declared.__name__}, which has no tangent: "
                "no derivative flows into it",
                span, "", severity="warning",
                help=f"make {declared.__name__} a dataclass or pass it to pb.register_differentiable, or mark the "
                f"field: `{name}: pb.no_derivative[{declared.__name__}]`",
            )  # fmt: skip


def _plain(cls: type) -> bool:
    """Whether a class is one that users write, with attributes of its own, and that has no tangent."""
    if is_struct_class(cls) or hasattr(cls, "zero_tangent") or issubclass(cls, (enum.Enum, BaseException, type)):
        return False
    layer = any(b.__module__.startswith("pullback.") for b in cls.__mro__)
    own = isinstance(cls.__dict__.get("__init__"), type(_plain)) and "self" in cls.__init__.__code__.co_varnames
    return own and not layer and cls.__new__ is object.__new__ and not _is_protocol(cls)


def _is_protocol(cls: type) -> bool:
    return bool(getattr(cls, "_is_protocol", False)) or inspect.isabstract(cls)


def _resolved(annotation: Any, cls: type) -> Any:
    if not isinstance(annotation, str):
        return annotation
    scope = getattr(cls, "__static_scope__", None) or getattr(sys.modules.get(cls.__module__), "__dict__", {})
    return float if annotation == "float" else scope.get(annotation)


def _declarations(cls: type) -> tuple[dict[str, ast.AnnAssign], str]:
    """The lines on which a class declares its fields, where its source can be read."""
    static = getattr(cls, "__static_source__", None)
    if static is not None:  # (a class that the linter made from its text)
        node, filename = static
        declared = [s for s in node.body if isinstance(s, ast.AnnAssign)]
        return {s.target.id: s for s in declared if isinstance(s.target, ast.Name)}, filename
    try:
        filename = inspect.getsourcefile(cls) or ""
        lines, first = inspect.getsourcelines(cls)
        whole = ast.parse("\n" * (first - 1) + _dedented(lines))
    except (OSError, TypeError, SyntaxError):
        return _being_defined(cls)
    node = next((n for n in ast.walk(whole) if isinstance(n, ast.ClassDef)), None)
    body = node.body if node is not None else []
    indent = len(lines[0]) - len(lines[0].lstrip())
    found = {}
    for stmt in body:
        if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name):
            for inner in ast.walk(stmt):
                if isinstance(inner, (ast.stmt, ast.expr)):
                    inner.col_offset += indent
                    inner.end_col_offset = (inner.end_col_offset or 0) + indent
            found[stmt.target.id] = stmt
    return found, filename


def _being_defined(cls: type) -> tuple[dict[str, ast.AnnAssign], str]:
    """The same of a class that is being defined in a cell of a notebook, which Python has no file for."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    if frame is None:
        return {}, ""
    filename, line = frame.f_code.co_filename, frame.f_lineno
    try:
        whole = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return {}, ""
    for node in ast.walk(whole):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first <= line <= (node.end_lineno or line):
                declared = [s for s in node.body if isinstance(s, ast.AnnAssign)]
                return {s.target.id: s for s in declared if isinstance(s.target, ast.Name)}, filename
    return {}, ""


def _dedented(lines: list[str]) -> str:
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "".join(line[indent:] if line[:indent].isspace() else line for line in lines)
