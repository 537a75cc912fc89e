"""Every error that can be injected into a rule module, and the module with one of them in it.

    mutants("pullback.rulebook.numpy_linear")  ->  [Mutant("matmul_left:25 drop the transpose", ...), ...]

A template is changed in all rules that share its text; a function by its code object, so that whoever
calls it runs the wrong one. Both are put back by nothing: a mutant lives in a process of its own.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import linecache
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pullback import rules
from pullback.rules import _ENTRIES, Rule, Template, callable_name

from .injections import Injection, inject, injections, places
from .registering import exchange_made, is_inner, registering


@dataclass(frozen=True)
class Mutant:
    """One error in one template or function of a rule module."""

    name: str  # where: what it was -> what it is
    apply: Callable[[], None]
    rules: frozenset[int] = field(repr=False)  # ids of the functions whose rules run the mutated code
    code: types.CodeType | None = None  # of the function that is changed
    templates: frozenset[int] = field(default=frozenset(), repr=False)  # ids of those that are changed


def mutants(module_name: str) -> list[Mutant]:
    """All mutants of a rule module, in the order of its text."""
    module = importlib.import_module(module_name)
    return [*_of_templates(module_name), *_of_functions(module)]


def rules_of(module_name: str) -> list[Rule]:
    """The rules that a module registers."""
    return [
        e.rule for e in list(_ENTRIES.values())
        if e.rule is not None and e.rule.namespace.get("__name__") == module_name
    ]  # fmt: skip


def _of_templates(module_name: str) -> Iterator[Mutant]:
    shared: dict[tuple[str, str, str], list[tuple[Rule, Template]]] = {}
    for rule in rules_of(module_name):
        for way, templates in (("", rule.templates), ("_dot", rule.forward)):
            for parameter, template in templates.items():
                group = shared.setdefault((parameter + way, template.text.strip(), rule.signature_text), [])
                if not any(t is template for _, t in group):
                    group.append((rule, template))
    for (parameter, text, _), group in shared.items():
        tree = ast.parse(text, mode="eval").body
        reached = frozenset(id(r.function) for r, _ in group)
        names = sorted({callable_name(r.function) for r, _ in group})
        named = ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
        for injection in injections(tree):
            yield Mutant(
                f"{named} {parameter}={text}: {injection.kind}: {injection.before} -> {injection.after}",
                _template_change([t for _, t in group], tree, injection),
                reached,
                templates=frozenset(id(t) for _, t in group),
            )


def _template_change(templates: list[Template], tree: ast.expr, injection: Injection) -> Callable[[], None]:
    def apply() -> None:
        text = ast.unparse(inject(tree, injection))
        for template in templates:
            template.text, template._tree, template._names, template._function = text, None, None, None
        rules._advance()  # what was generated from the right one is generated again

    return apply


def _of_functions(module: types.ModuleType) -> Iterator[Mutant]:
    tree = ast.parse(inspect.getsource(module))
    users = reaching(len(_ENTRIES))
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        function = inspect.unwrap(getattr(module, node.name, None)) if hasattr(module, node.name) else None
        if not isinstance(function, types.FunctionType) or function.__name__ != node.name:
            continue
        only_inner = node.name in registering(Path(str(module.__file__)))
        for injection in injections(node):
            if only_inner and not is_inner(node, places(node)[injection.place]):
                continue
            name = f"{node.name}: {injection.kind}: {injection.before} -> {injection.after}"
            reached = users.get(function, frozenset())
            yield Mutant(name, _function_change(module, function, node, injection), reached, function.__code__)


def _function_change(
    module: types.ModuleType, function: types.FunctionType, node: ast.FunctionDef, injection: Injection
) -> Callable[[], None]:
    def apply() -> None:
        changed = inject(node, injection)
        assert isinstance(changed, ast.FunctionDef)
        changed.decorator_list = []
        future = ast.parse("from __future__ import annotations").body
        text = ast.unparse(ast.Module([*future, changed], [])) + "\n"
        filename = str(module.__file__).removesuffix(".py") + "_changed.py"
        linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)  # (it may be differentiated)
        code = compile(text, filename, "exec")
        found = [c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == function.__name__]
        exchange_made(function.__code__, found[0])
        function.__code__ = found[0]
        rules._advance()

    return apply


@cache
def reaching(_: int) -> dict[types.FunctionType, frozenset[int]]:
    """For each function of the rulebook, the ids of the functions whose templates lead to it, of so many entries."""
    found: dict[types.FunctionType, set[int]] = {}
    for entry in list(_ENTRIES.values()):
        if entry.rule is None:
            continue
        rule = entry.rule
        templates = [*rule.templates.values(), *rule.forward.values()]
        waiting: list[Any] = [rule.namespace.get(n) for t in templates for n in t.names]
        if isinstance(rule.function, types.FunctionType):
            waiting.append(rule.function)
        seen: set[int] = set()
        while waiting:
            function = waiting.pop()
            function = inspect.unwrap(function) if callable(function) else None
            if not isinstance(function, types.FunctionType) or id(function) in seen:
                continue
            seen.add(id(function))
            if not function.__module__.startswith("pullback."):
                continue
            found.setdefault(function, set()).add(id(rule.function))
            waiting += [function.__globals__.get(n) for n in names_in(function.__code__)]
    return {f: frozenset(ids) for f, ids in found.items()}


def names_in(code: types.CodeType) -> set[str]:
    """The global names and attributes that a function mentions, nested functions included."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*map(names_in, inner)) if inner else set(code.co_names)


__all__ = ["Injection", "Mutant", "mutants", "reaching", "rules_of"]
