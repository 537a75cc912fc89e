"""The library's other tests, as checks of what no case sees: of them, those that run the code in question.

with_items(unseen, work)   calls work(items) inside a session of pytest
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from .coverage_map import key_of, measured, template_keys, test_files
from .killing import TESTS, Outcome
from .mutants import Mutant

ENOUGH = 60.0  # seconds of tests, as they were measured, for one mutant


@dataclass(frozen=True)
class Item:
    """A test, and what it uses of the rulebook."""

    item: Any
    seconds: float
    uses: frozenset[str]

    def failure(self, following: Item | None) -> str | None:
        """What the test says, if it fails; what a file's tests share stays until another file follows."""
        for report in runtestprotocol(self.item, log=False, nextitem=following and following.item):
            if report.failed:
                crash = getattr(report.longrepr, "reprcrash", None)
                return str(getattr(crash, "message", "failed")).split("\n")[0]
        return None


def with_items(unseen: list[Mutant], work: Callable[[list[Item]], int]) -> int:
    """Run `work` with the tests that use what these mutants change, inside the session that owns them."""
    uses = measured(test_files())
    keys = template_keys()
    names = {n for m in unseen for n in chosen_names(key_of(m, keys), uses)}
    files = sorted({n.partition("::")[0] for n in names})
    answer = [1]

    class Plugin:
        def pytest_runtestloop(self, session: Any) -> bool:
            found = [Item(i, *uses[i.nodeid]) for i in session.items if i.nodeid in names]
            answer[0] = work(sorted(found, key=lambda i: i.seconds))
            return True

    if not files:
        return work([])
    arguments = ["-q", "-s", "-p", "no:cacheprovider", *(str(TESTS.parent / f) for f in files)]
    pytest.main(arguments, plugins=[Plugin()])
    return answer[0]


def chosen_names(keys: set[str], uses: dict[str, tuple[float, frozenset[str]]]) -> list[str]:
    """The quick tests first, so many as take long enough together."""
    found = sorted((seconds, name) for name, (seconds, used) in uses.items() if not keys.isdisjoint(used))
    chosen, spent = [], 0.0
    for seconds, name in found:
        spent += seconds
        if spent > ENOUGH:
            break
        chosen.append(name)
    return chosen


def relevant(mutant: Mutant, items: list[Item]) -> list[Item]:
    """The tests that ran a mutant's function, or read one of its templates: those of a file together."""
    keys = key_of(mutant, template_keys())
    chosen = set(chosen_names(keys, {i.item.nodeid: (i.seconds, i.uses) for i in items}))
    by_file: dict[Any, list[Item]] = {}
    for item in items:
        if item.item.nodeid in chosen:
            by_file.setdefault(item.item.path, []).append(item)
    return [i for of_file in by_file.values() for i in of_file]


def first_failing(items: list[Item]) -> Outcome:
    """The first test that sees an error."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        message = item.failure(following)
        if message is not None:
            return item.item.nodeid, message
    return None
