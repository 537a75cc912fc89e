"""The rulebook's other tests, as checks too: each knows which functions of the rulebook it runs.

with_items(["tests/rulebook/test_numpy_edges.py"], work)   calls work(items) inside a session of pytest
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from pullback import rules

from .covering import Covered, covered, place
from .killing import TESTS, Outcome
from .mutants import Mutant

SLOW = 30.0  # seconds of its own while it is watched: a test that takes longer is left out
_EDGES = tuple(
    f"rulebook/test_{n}.py"
    for n in ("numpy_edges", "precision", "parts_of_results", "indexing", "decompositions", "calling")
)
_LANGUAGE = (
    "language/test_language.py",
    *(f"test_{n}.py" for n in ("iterators", "attributes", "statistics", "random")),
    "forward/test_differential.py",
)
FILES = {  # by the beginning of a rule module's name
    "scipy_linalg": ("rulebook_scipy/test_linalg.py",),
    "scipy_integrate": ("rulebook_scipy/test_integrate.py",),
    "scipy_callables": ("rulebook_scipy/test_integrate.py", "rulebook_scipy/test_optimize.py"),
    "scipy_optimize": ("rulebook_scipy/test_optimize.py",),
    "scipy_interpolate": ("rulebook_scipy/test_interpolate.py",),
    "scipy_signal": ("rulebook_scipy/test_signal.py",),
    "scipy_sparse": ("rulebook_scipy/test_sparse.py",),
    "scipy_special": ("rulebook_scipy/test_special.py",),
    "scipy_stats": ("rulebook_scipy/test_stats.py",),
    "scipy": (),
    "numpy": _EDGES,
    "math": _EDGES[:2],
    "cmath": _EDGES[:2],
    "array_likes": _EDGES,
    "powers": _EDGES[:2],
    "": (*_LANGUAGE, *_EDGES[:1]),
}


def files_for(modules: list[str]) -> list[str]:
    """The test files that rule modules have besides their cases."""
    found: dict[str, None] = {}
    for module in modules:
        stem = module.rpartition(".")[2]
        found.update(dict.fromkeys(next(f for start, f in FILES.items() if stem.startswith(start))))
    return list(found)


@dataclass(frozen=True)
class Item:
    """A test, and what it uses of the rulebook."""

    item: Any
    uses: Covered

    def failure(self) -> str | None:
        """What the test says, if it fails."""
        for report in runtestprotocol(self.item, log=False, nextitem=None):
            if report.failed:
                crash = getattr(report.longrepr, "reprcrash", None)
                return str(getattr(crash, "message", "failed")).split("\n")[0]
        return None


def _measured(item: Any) -> Item | None:
    rules._advance()  # code that was generated before is generated again, and its templates read
    reports, found = covered(lambda: runtestprotocol(item, log=False, nextitem=None))
    fails = any(r.failed or r.skipped for r in reports)
    return Item(item, found) if found.seconds < SLOW and not fails else None


def with_items(files: list[str], work: Callable[[list[Item]], int]) -> int:
    """Run `work` with the tests of some files, inside the session that owns them."""
    answer = [1]

    class Plugin:
        def pytest_runtestloop(self, session: Any) -> bool:
            with warnings.catch_warnings():
                measured = [_measured(item) for item in session.items]
            answer[0] = work(sorted((m for m in measured if m is not None), key=lambda m: m.uses.seconds))
            return True

    arguments = ["-q", "-s", "-p", "no:cacheprovider", *(str(TESTS / f) for f in files)]
    pytest.main(arguments, plugins=[Plugin()])
    return answer[0]


def relevant(mutant: Mutant, items: list[Item]) -> list[Item]:
    """The tests that ran a mutant's function, or read one of its templates."""
    if mutant.code is None:
        return [i for i in items if not mutant.templates.isdisjoint(i.uses.read)]
    return [i for i in items if place(mutant.code) in i.uses.ran]


def first_failing(items: list[Item]) -> Outcome:
    """The first test that sees an error."""
    for item in items:
        message = item.failure()
        if message is not None:
            return item.item.nodeid, message
    return None
