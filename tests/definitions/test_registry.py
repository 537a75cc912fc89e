"""The registry of diagnostics: every id is in it, has a program that shows it, and a page that is up to date."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import pullback
from pullback.diagnostics import KINDS, explained

sys.path.append(str(Path(__file__).parents[1]))

from errors_page import PAGE, outcome, page  # noqa: E402

PACKAGE = Path(pullback.__file__).parent
_CALLS = {"Diagnostic", "refuse", "refused"}


def ids_in_use():
    """The literal ids in the source: of diagnostics that are made, and `id=` of errors."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0] if node.args else None
                literal = str(first.value) if isinstance(first, ast.Constant) else ""
                if name in _CALLS and re.fullmatch(r"[a-z]+(-[a-z]+)+", literal):
                    yield literal, path.name
                for keyword in node.keywords:
                    is_error = keyword.arg == "id" and (name.endswith("Error") or name == "super")
                    if is_error and isinstance(keyword.value, ast.Constant) and keyword.value.value:
                        yield keyword.value.value, path.name
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                for stmt in node.body:
                    if isinstance(stmt, ast.Assign) and stmt.targets[0].id == "id":
                        yield stmt.value.value, path.name


def test_every_id_in_use_is_in_the_registry():
    used = list(ids_in_use())
    assert len(used) > 30
    assert {id for id, _ in used} <= set(KINDS), [u for u in used if u[0] not in KINDS]


def test_every_id_in_the_registry_is_in_use():
    source = "\n".join(p.read_text(encoding="utf-8") for p in PACKAGE.rglob("*.py") if p.name != "diagnostics.py")
    assert not [id for id in KINDS if f'"{id}"' not in source]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda k: k.id)
def test_its_example_shows_it(kind):
    error, text = outcome(kind)
    assert kind.says and kind.says in text
    assert f"[{kind.id}]: " in text or error.id == kind.id
    assert kind.title and kind.explanation and kind.fix


def test_explanations_have_all_of_it():
    for kind in KINDS.values():
        text = explained(kind.id)
        assert text.startswith(f"{kind.id}: {kind.title}\n")
        assert all(line.strip() in text for line in kind.example.splitlines())


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/errors_page.py"
