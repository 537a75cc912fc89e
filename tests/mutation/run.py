"""Errors injected into every rule of the rulebook, one at a time: how many do the rulebook's own tests see?

python -m mutation.run                                  (in tests/; every rule module: an hour and more)
python -m mutation.run --modules numpy_linear math_functions
python -m mutation.run --sample 300 --seed 1 --cases-only

Survivors are printed with what was changed. Those in `equivalent.py` change nothing, and are not counted. Only a
check that fails has seen an error: one whose process ends, or takes too long, counts as not seen.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .equivalent import reason
from .items import Item, first_failing, relevant, with_items
from .killing import UNANSWERED, checks, covering, first_failure, killed
from .mutants import Mutant, mutants

RULEBOOK = Path(__file__).resolve().parents[2] / "src" / "pullback" / "rulebook"
UNSEEN = ("survived", "unreached", "unanswered")


def modules(names: list[str]) -> list[str]:
    """The rule modules of these names or beginnings of names; by default all."""
    every = sorted(p.stem for p in RULEBOOK.glob("*.py") if p.stem != "__init__")
    return [f"pullback.rulebook.{n}" for n in every if not names or n.startswith(tuple(names))]


def tried(mutant: Mutant, items: list[Item] | None = None) -> tuple[str, str]:
    """What became of a mutant: "number" (an assertion saw it), "crash" (a check raised), or one of the rest.

    "equivalent", "survived", "unreached" by any test, or "unanswered": the process ended, or took too long.
    The checks are the cases, or other tests where those are given.
    """
    if reason(mutant.name):
        return "equivalent", ""
    if items is None:
        selected = covering(mutant)
        outcome = killed(mutant, lambda: first_failure(selected)) if selected else None
        counted = f"{len(selected)} cases"
    else:
        selected = relevant(mutant, items)
        outcome = killed(mutant, lambda: first_failing(selected), 120.0) if selected else None
        counted = f"{len(selected)} further tests"
    if outcome is None:
        return ("survived" if selected else "unreached"), counted
    if outcome[0] == UNANSWERED:
        return "unanswered", outcome[1]
    return ("number" if outcome[1].startswith(("AssertionError", "assert", "Failed")) else "crash"), outcome[0]


def sampled(found: list[Mutant], share: float, seed: str) -> list[Mutant]:
    """A share of the mutants, the same for the same seed."""
    return found if share >= 1.0 else random.Random(seed).sample(found, round(len(found) * share))


@dataclass
class Progress:
    """What became of the mutants, by module; those that no case saw, with why."""

    began: float
    counted: dict[str, Counter[str]]
    unseen: list[tuple[str, Mutant, str, str]]

    def say(self, text: str) -> None:
        """Print a line, with the time."""
        print(f"[{time.perf_counter() - self.began:.0f} s] {text}", flush=True)


def try_cases(options: argparse.Namespace) -> Progress:
    """The cases against every mutant."""
    progress = Progress(time.perf_counter(), {}, [])
    for name in modules([]):  # before any is asked for its mutants: rules of one module run functions of another
        importlib.import_module(name)
    chosen_modules = modules(options.modules)
    found = {name: mutants(name) for name in chosen_modules}
    every = sum(map(len, found.values()))
    share = options.sample / every if options.sample else options.share
    progress.say(f"{len(checks())} cases, {every} mutants")
    again = options.again.read_text().splitlines() if options.again else None
    for name in chosen_modules:
        counted = progress.counted[name] = Counter()
        for mutant in sampled(found[name], share, f"{options.seed} {name}"):
            if again is not None and not any(line.endswith(f"): {mutant.name}") for line in again):
                continue
            what, more = tried(mutant)
            counted[what] += 1
            if what in UNSEEN:
                progress.unseen.append((name, mutant, what, more))
                progress.say(f"by the cases, {what} ({more}): {mutant.name}")
        progress.say(f"{name}: {figures(counted)}")
    return progress


def try_items(progress: Progress, items: list[Item]) -> int:
    """Other tests against the mutants that no case saw."""
    progress.say(f"{len(items)} further tests for {len(progress.unseen)} mutants")
    for name, mutant, before, more in progress.unseen:
        what, counted = tried(mutant, items) if before != "unanswered" else (before, "")
        if what == "unreached":
            what = before
        progress.counted[name][before] -= 1
        progress.counted[name][what] += 1
        if what in UNSEEN:
            progress.say(f"{what} ({more}, {counted}): {mutant.name}")
    return concluded(progress)


def concluded(progress: Progress) -> int:
    """The figures of all modules; the exit status."""
    total: Counter[str] = Counter()
    for name, counted in progress.counted.items():
        if any(counted[what] for what in UNSEEN):
            progress.say(f"{name}: {figures(counted)}")
        total.update(counted)
    progress.say(f"all {sum(total.values())}: {figures(total)}")
    seen, tested = seen_of(total)
    return 0 if tested and seen >= 0.99 * tested else 1


def seen_of(counted: Counter[str]) -> tuple[int, int]:
    """How many mutants the tests saw, and of how many that are errors."""
    seen = counted["number"] + counted["crash"]
    return seen, seen + sum(counted[what] for what in UNSEEN)


def figures(counted: Counter[str]) -> str:
    """The figures in words."""
    seen, tested = seen_of(counted)
    return (
        f"{seen} of {tested} seen ({100 * seen / max(1, tested):.2f} %; {counted['crash']} by an exception), "
        f"{counted['survived']} survived, {counted['unreached']} reached by no test, "
        f"{counted['unanswered']} without an answer; {counted['equivalent']} equivalent"
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", nargs="*", default=[], help="beginnings of the names of rule modules")
    parser.add_argument("--sample", type=int, default=0, help="about this many mutants, at random, instead of all")
    parser.add_argument("--share", type=float, default=1.0, help="this share of each module's mutants")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", type=Path, help="only the survivors that this output of a run names")
    parser.add_argument("--cases-only", action="store_true", help="the case files, and no other tests")
    return parser.parse_args()


def main() -> int:
    """The exit status says whether 99 % were seen."""
    options = arguments()
    progress = try_cases(options)
    if options.cases_only or not progress.unseen:
        return concluded(progress)
    return with_items([mutant for _, mutant, *_ in progress.unseen], lambda items: try_items(progress, items))


if __name__ == "__main__":
    sys.exit(main())
