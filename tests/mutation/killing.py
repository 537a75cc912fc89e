"""The cases of the rulebook's tests, run against a mutant in a process of its own.

killed(mutant, checks)  ->  "cases_linear-3-np.dot: AssertionError: np.dot, operand 0 ..."   or None: it survived
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pullback.rules import callable_name, lookup

from .covering import Covered, covered, place
from .mutants import Mutant

TESTS = Path(__file__).resolve().parents[1]
Outcome = tuple[str, str] | None  # which check saw the error, and how
WITH_CASES = ("array_likes", "cmath", "math", "numpy", "powers", "scipy")  # beginnings of names of rule modules
UNANSWERED = "no answer"  # in the place of the check: none has failed, so nothing was seen


@dataclass(frozen=True)
class Check:
    """One call that tests a rule, with the id of the function that has the rule."""

    title: str
    function: int
    run: Callable[[], None]
    order: int = 0


@cache
def checks(scipy: bool = True) -> tuple[Check, ...]:
    """Every case of tests/rulebook and tests/rulebook_scipy, backward and forward."""
    sys.path[:0] = [p for p in (str(TESTS / "rulebook"), str(TESTS / "rulebook_scipy")) if p not in sys.path]
    from differences import check_rule  # type: ignore[import-not-found]
    from other_forms import check_other_forms  # type: ignore[import-not-found]

    from forward import check_forward  # type: ignore[import-not-found]

    found: list[Check] = []

    def add(title: str, case: Any, *ways: Callable[..., None]) -> None:
        entry = lookup(case[0])
        if entry is None or entry.rule is None:
            return
        for way in ways:
            found.append(Check(f"{way.__name__} {title}", id(entry.rule.function), _bound(way, case), len(found)))

    import test_numpy_rules  # type: ignore[import-not-found]
    import test_other_forms  # type: ignore[import-not-found]

    for file in test_numpy_rules.FILES.values():
        importlib.import_module(file.MODULE)
    for name, k, case in test_numpy_rules.CASES:
        more = [check_other_forms] if id(case) in test_other_forms.SELECTED else []
        add(test_numpy_rules.title(name, k, case), case, check_rule, check_forward, *more)
    if scipy:
        import test_scipy_rules  # type: ignore[import-not-found]

        for name, k, case in test_scipy_rules.CASES:
            title = f"scipy {name[6:]}-{k}-{callable_name(case[0])}"
            more = [check_other_forms] if id(case) in test_scipy_rules.SELECTED else []
            add(title, case, check_rule, test_scipy_rules.test_forward_form, *more)
    return tuple(found)


def _bound(way: Callable[..., None], case: Any) -> Callable[[], None]:
    return (lambda: way(case)) if way.__name__ == "test_forward_form" else (lambda: way(*case))


@cache
def coverage(check: Check) -> Covered:
    """What a case runs: measured once."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return covered(check.run)[1]


def chosen(mutant: Mutant, every: Iterable[Check]) -> list[Check]:
    """The checks of the rules that run a mutant's code, the rules taking turns."""
    by_rule: dict[int, list[Check]] = {}
    for check in every:
        if check.function in mutant.rules:
            by_rule.setdefault(check.function, []).append(check)
    rounds = max(map(len, by_rule.values()), default=0)
    return [checks[k] for k in range(rounds) for checks in by_rule.values() if k < len(checks)]


def covering(mutant: Mutant) -> list[Check]:
    """The checks of a mutant's rules, and of them those that ran its function, the quick ones first.

    A function that no template leads to by name, as one in a table, may be run by any check of functions of arrays.
    """
    candidates = chosen(mutant, checks())
    if mutant.code is None:
        return candidates
    where, by_rule, found = place(mutant.code), Counter[int](), []
    if not candidates and Path(where[0]).stem.startswith(WITH_CASES):
        candidates = list(checks())
    for check in sorted(candidates, key=lambda c: coverage(c).seconds):
        if where in coverage(check).ran:
            by_rule[check.function] += 1
            found.append((by_rule[check.function], len(found), check))
    return [check for _, _, check in sorted(found, key=lambda f: f[:2])]


def forget() -> None:
    """Forget the templates that the checks have compiled: a parent that ran them has the right ones."""
    forward = sys.modules.get("forward")
    if forward is not None:
        forward._COMPILED.clear()


def killed(mutant: Mutant, run: Callable[[], Outcome], seconds: float = 30.0) -> Outcome:
    """What `run` says in a process in which the mutant lives; one that never ends, or begins, is UNANSWERED."""
    if gc.isenabled():
        gc.collect()
        gc.freeze()  # what is there stays shared with the children
        gc.disable()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)  # ends the process, by its own time: a busy machine is no reason
        outcome: Outcome
        try:
            warnings.simplefilter("ignore")
            mutant.apply()
            forget()
        except BaseException as error:
            outcome = (UNANSWERED, f"it cannot be made: {type(error).__name__}: {error}")
        else:
            try:
                outcome = run()
            except BaseException as error:
                outcome = ("a check", f"{type(error).__name__}: {error}")
        os.write(writer, b"survived" if outcome is None else f"{outcome[0]}\n{outcome[1]}"[:2000].encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        said = stream.read().decode(errors="replace")
    os.waitpid(child, 0)
    if said == "survived":
        return None
    title, _, message = said.partition("\n")
    return (title, message) if said else (UNANSWERED, "it ended or took too long")


def first_failure(selected: list[Check]) -> Outcome:
    """The first check that sees an error."""
    for check in selected:
        try:
            check.run()
        except Exception as error:
            return check.title, f"{type(error).__name__}: {error}"
    return None
