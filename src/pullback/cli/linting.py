"""What the linter checks in a file: every definition under `@differentiable`, every `@derivative(of=...)`.

    @pb.differentiable                      the same findings as when the module is imported, but it is not
    def loss(w, x): ...

    @pb.derivative(of=loss)                 its form, its parameters, whether it is the only one
    def loss_vjp(w, x): ...
"""

from __future__ import annotations

import ast
import os
import types
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pullback.cli.static_modules import Project, StaticModule, UnreadableError, last_name, package_root
from pullback.contract import findings
from pullback.custom import arity_problem, parameter_count
from pullback.errors import PullbackError
from pullback.findings import Checker, unique
from pullback.kinds import UNSET
from pullback.rules import overriding
from pullback.source import place_of
from pullback.spans import Diagnostic, Label, Span
from pullback.vjp_forms import form_findings

_OPENING: dict[str, Callable[[Any], Any]] = {
    "staticmethod": staticmethod, "classmethod": classmethod, "property": property,
}  # fmt: skip


@dataclass
class Report:
    """What was found, and in how much."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    definitions: int = 0
    files: int = 0
    unreadable: list[UnreadableError] = field(default_factory=list)


@dataclass
class _Registration:
    """A derivative that a file registers."""

    node: ast.FunctionDef
    vjp: types.FunctionType
    of: Any
    text: str
    wrt: str
    forward: bool


def lint(paths: list[Path], everything: bool = False) -> Report:
    """Check files and folders; with `everything` also functions that no contract is declared for.

    Files that are missing or are not Python are named in the report.
    """
    files = list({f.resolve(): f for path in paths for f in _files(path)}.values())
    project = Project(sorted({package_root(f) for f in files}))
    modules: list[StaticModule] = []
    report = Report(files=len(files))
    for file in files:
        try:
            modules.append(project.module(file))
        except UnreadableError as error:
            report.unreadable.append(error)
            report.files -= 1
    registered = [r for m in modules for r in registrations(m)]
    checker = Checker()
    report.diagnostics += _of_registrations(registered)
    usable = [r for r in registered if r.of is not UNSET and not r.forward and _is_key(r.of)]
    rules: dict[Any, Callable[..., Any]] = {r.of: r.vjp for r in usable}
    with overriding(rules) if rules else nullcontext():
        for module in modules:
            for target, wrt, declared in targets(module, everything):
                report.definitions += 1
                found = _findings(target, wrt, checker)
                report.diagnostics += found if declared else [d for d in found if not _is_no_promise(d)]
    report.diagnostics = sorted(unique(report.diagnostics), key=_place)
    return report


def _is_no_promise(diagnostic: Diagnostic) -> bool:
    """Whether a function that nobody said can be differentiated may well be as it is."""
    of_the_whole = diagnostic.id == "unsupported-syntax" and diagnostic.message.startswith("a generator")
    return diagnostic.severity == "warning" or of_the_whole or diagnostic.id == "nothing-to-differentiate"


def _findings(target: Any, wrt: Any, checker: Checker) -> list[Diagnostic]:
    try:
        return findings(target, wrt, checker)
    except PullbackError as error:
        return [Diagnostic(error.id, str(error))]


def _place(diagnostic: Diagnostic) -> tuple[str, int, int]:
    span = diagnostic.span
    return (span.filename, span.line, span.column) if span is not None else ("", 0, 0)


def _is_key(of: Any) -> bool:
    return callable(of) or isinstance(of, property)


def _files(path: Path) -> Iterator[Path]:
    """A file, or the Python files of a folder: not what is hidden, nor what a virtual environment holds."""
    if not path.is_dir():
        yield path
        return
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(d for d in inner if not d.startswith(".") and not Path(folder, d, "pyvenv.cfg").exists())
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def targets(module: StaticModule, everything: bool) -> Iterator[tuple[Any, Any, bool]]:
    """Each definition to check, with its `wrt`, and whether it has a contract."""
    pending: list[tuple[ast.AST, bool]] = [(module.tree, False)]
    while pending:
        node, inside = pending.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            contracts = [d for d in node.decorator_list if is_verb(d, "differentiable", module)]
            known = contracts or (everything and not isinstance(node, ast.ClassDef) and not inside)
            target = _definition(node, module) if known else None
            if target is not None:
                yield target, declared_wrt(contracts[0]) if contracts else None, bool(contracts)
            inside = True
        pending.extend((c, inside and not isinstance(node, ast.ClassDef)) for c in ast.iter_child_nodes(node))


def _definition(node: ast.AST, module: StaticModule) -> Any:
    if isinstance(node, ast.ClassDef):
        return module.class_of(node)
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    made: Any = module.function(node)
    for decorator in node.decorator_list:
        wrap = _OPENING.get(last_name(decorator))
        if wrap is not None and made is not None:
            return wrap(made)
    return made


def is_verb(decorator: ast.expr, verb: str, module: StaticModule) -> bool:
    """Whether a decorator is that of this library, under whatever name the file knows it."""
    if last_name(decorator) != verb and not isinstance(decorator, (ast.Name, ast.Call)):
        return False
    while isinstance(decorator, ast.Call):
        decorator = decorator.func
    found = module.value(decorator)
    return getattr(found, "__name__", "") == verb and str(getattr(found, "__module__", "")).startswith("pullback.")


def declared_wrt(decorator: ast.expr) -> Any:
    """The `wrt` that is written out; None where it is computed."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    for keyword in keywords:
        if keyword.arg == "wrt":
            try:
                return ast.literal_eval(keyword.value)
            except ValueError:
                return None
    return None


def registrations(module: StaticModule) -> Iterator[_Registration]:
    """Every derivative that a file registers by the decorator."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call) or not is_verb(decorator, "derivative", module):
                continue
            given = {k.arg: k.value for k in decorator.keywords}
            of = given.get("of", decorator.args[0] if decorator.args else None)
            vjp = module.function(node)
            if of is None or vjp is None:
                continue
            forward = given.get("forward")
            is_forward = isinstance(forward, ast.Constant) and bool(forward.value)
            wrt = ast.unparse(given["wrt"]) if "wrt" in given else ""
            yield _Registration(node, vjp, module.value(of), ast.unparse(of), wrt, is_forward)


def _of_registrations(registered: list[_Registration]) -> Iterator[Diagnostic]:
    """What is wrong with the registrations of all files."""
    seen: dict[Any, _Registration] = {}
    for r in registered:
        span = place_of(r.vjp) or Span(r.vjp.__code__.co_filename, r.node.lineno, 0, r.node.lineno, 1)
        key = (id(r.of) if r.of is not UNSET else (span.filename, r.text), r.wrt, r.forward)
        if key in seen:
            first = place_of(seen[key].vjp)
            yield Diagnostic(
                "duplicate-derivative", f"a derivative of {r.text} is registered already", span, "a second one",
                (Label(first, "the first one"),) if first is not None else (),
                help=f"remove one; to replace it inside a scope, use `with pb.derivatives({{{r.text}: vjp}}):`",
            )  # fmt: skip
        seen.setdefault(key, r)
        yield from registration_findings(r.of if r.of is not UNSET else None, r.text, r.vjp, r.forward, bool(r.wrt))


def registration_findings(
    of: Any, name: str, vjp: types.FunctionType, forward: bool, some: bool
) -> Iterator[Diagnostic]:
    """What is wrong with one registration."""
    problem = arity_problem(of, vjp) if of is not None and callable(of) else ""
    if problem:
        yield Diagnostic("vjp-arity", problem, place_of(vjp), "", help=f"give it the parameters of `{name}`")
    yield from form_findings(vjp, name, None if some or of is None else parameter_count(of), forward)


