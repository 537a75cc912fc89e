"""Which tests run which functions of the rulebook, and read which templates: measured once for each file, and kept.

    tests/test_copies.py::test_deep  ->  0.4 seconds, {"copy_functions.deepcopy_tangent", "copy.copy x=g", ...}

It is kept in `build/`, by the text of the test file: what the library has become since can only hide a test.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from pullback import rules
from pullback.rules import _ENTRIES

from .covering import Covered, Place, covered, place
from .killing import TESTS
from .mutants import Mutant

KEPT = TESTS.parent / "build" / "mutation_coverage.json"
SLOW = 10.0  # seconds of its own while it is watched: a test that takes longer is left out
TOGETHER = 25  # tests that share what is generated: of a template the first that needs it is known
PATIENCE = 80.0  # seconds for a file: of what it still has then, nothing is known
ELSEWHERE = (  # files that run no rule in this process, or are mostly about time, memory, text or machine code
    "mutation/", "benchmarks/", "compiled/", "definitions/", "swift_facts/", "rulebook/test_numpy_rules",
    "rulebook/test_other_forms", "rulebook_scipy/test_scipy_rules", "rulebook/test_completeness", "test_lint",
    "engine/", "nn/", "optim/", "fuzz/", "test_custom", "test_check_rule", "test_testing", "test_verbs", "test_audit",
    "test_docs", "test_site", "test_readme", "test_demo", "test_docstrings", "test_inspection",
    "test_tracebacks", "forward/test_random", "forward/test_corpus", "rulebook/test_random",
)  # fmt: skip
Uses = dict[str, tuple[float, frozenset[str]]]  # by the name of a test: its seconds, what it uses


def test_files() -> list[str]:
    """The test files whose tests may see an error in a rule, besides the cases."""
    every = sorted(p.relative_to(TESTS).as_posix() for p in TESTS.rglob("test_*.py"))
    return [f for f in every if not f.startswith(ELSEWHERE)]


def template_keys() -> dict[int, str]:
    """What the templates of the rulebook are called here, by their ids."""
    found = {}
    for entry in list(_ENTRIES.values()):
        if entry.rule is None:
            continue
        module = str(entry.rule.namespace.get("__name__"))
        for way, templates in (("", entry.rule.templates), ("_dot", entry.rule.forward)):
            for parameter, template in templates.items():
                text = f"{entry.rule.signature_text}: {parameter}{way}={template.text.strip()}"
                found[id(template)] = f"{module.rpartition('.')[2]} {hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return found


def function_key(where: Place) -> str:
    """What a function of the rulebook is called here."""
    return f"{Path(where[0]).stem}:{where[1]}"


def key_of(mutant: Mutant, templates: dict[int, str]) -> set[str]:
    """What a test must use to see a mutant: any of these."""
    if mutant.code is not None:
        return {function_key(place(mutant.code))}
    return {templates[t] for t in mutant.templates if t in templates}


def read_map() -> tuple[dict[str, Any], Uses]:
    """What is kept: by file; and of the files whose text is that which was measured, by test."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    known = {file: found for file, found in kept.items() if found["text"] == text_of(file)}
    uses = {name: (s, frozenset(u)) for found in known.values() for name, (s, u) in found["tests"].items()}
    return known, uses


def text_of(file: str) -> str:
    """What tells a test file's text from another."""
    path = TESTS / file
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def measured(files: list[str]) -> Uses:
    """The map of these test files; those that were not measured before are run now."""
    known, uses = read_map()
    missing = [f for f in files if f not in known]
    if missing:
        arguments = ["-q", "-s", "-p", "no:cacheprovider", *(str(TESTS / f) for f in missing)]
        pytest.main(arguments, plugins=[_Measuring(known, missing)])
        uses = read_map()[1]
    return uses


class _Measuring:
    """Runs the tests of a session, watching each, in the place of pytest's own loop."""

    def __init__(self, known: dict[str, Any], missing: list[str]) -> None:
        self.known = known
        self.missing = missing

    def pytest_runtestloop(self, session: Any) -> bool:
        by_file: dict[str, list[Any]] = {f: [] for f in self.missing}
        for item in session.items:
            by_file[item.path.relative_to(TESTS).as_posix()].append(item)
        for file, items in by_file.items():
            tests: dict[str, tuple[float, list[str]]] = {}
            spent = 0.0
            for k, item in enumerate(items):
                if spent > PATIENCE:
                    break
                if k % TOGETHER == 0:
                    rules._advance()  # code that was generated before is generated again, and its templates read
                passed, found = self.watched(item, items[k + 1] if k + 1 < len(items) else None)
                spent += found.seconds
                if passed and found.seconds < SLOW:
                    templates = template_keys()
                    used = {function_key(w) for w in found.ran} | {templates[t] for t in found.read if t in templates}
                    tests[item.nodeid] = (round(found.seconds, 3), sorted(used))
            session._setupstate.teardown_exact(None)  # (what is left where patience ended)
            print(f"{file}: {len(tests)} of {len(items)} tests in {spent:.0f} s", flush=True)
            self.known[file] = {"text": text_of(file), "tests": tests}
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(self.known))
        return True

    def watched(self, item: Any, following: Any) -> tuple[bool, Covered]:
        with warnings.catch_warnings():
            reports, found = covered(lambda: runtestprotocol(item, log=False, nextitem=following))
        return not any(r.failed or r.skipped for r in reports), found
