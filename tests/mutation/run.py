"""Errors injected into every rule of the rulebook, one at a time: how many do the rulebook's own tests see?

python -m mutation.run                                  (in tests/; every rule module: an hour and more)
python -m mutation.run --modules numpy_linear math_functions
python -m mutation.run --sample 300 --seed 1 --cases-only

Survivors are printed with what was changed. Those in `equivalent.py` change nothing, and are not counted. Only a
check that fails has seen an error: one whose process ends, or takes too long, counts as not seen.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from .equivalent import reason
from .items import Item, files_for, first_failing, place, with_items
from .killing import UNANSWERED, Outcome, checks, chosen, first_failure, killed
from .mutants import Mutant, mutants

RULEBOOK = Path(__file__).resolve().parents[2] / "src" / "pullback" / "rulebook"


def modules(names: list[str]) -> list[str]:
    """The rule modules of these names or beginnings of names; by default all."""
    every = sorted(p.stem for p in RULEBOOK.glob("*.py") if p.stem != "__init__")
    return [f"pullback.rulebook.{n}" for n in every if not names or n.startswith(tuple(names))]


def tried(mutant: Mutant, items: list[Item]) -> tuple[str, str]:
    """What became of a mutant: "number" (an assertion saw it), "crash" (a check raised), or one of the rest.

    "equivalent", "survived", "unreached" by any test, or "unanswered": the process ended, or took too long.
    """
    if reason(mutant.name):
        return "equivalent", ""
    selected = chosen(mutant, checks())
    relevant = [i for i in items if mutant.code is None or place(mutant.code) in i.ran]
    if not selected and not relevant:
        return "unreached", ""

    def run() -> Outcome:
        return first_failure(selected) or first_failing(mutant, relevant)

    outcome = killed(mutant, run)
    if outcome is None:
        return "survived", f"{len(selected)} cases, {len(relevant)} tests"
    if outcome[0] == UNANSWERED:
        return "unanswered", outcome[1]
    return ("number" if outcome[1].startswith(("AssertionError", "assert", "Failed")) else "crash"), outcome[0]


def sampled(found: list[Mutant], share: float, seed: str) -> list[Mutant]:
    """A share of the mutants, the same for the same seed."""
    return found if share >= 1.0 else random.Random(seed).sample(found, round(len(found) * share))


def work(options: argparse.Namespace, items: list[Item]) -> int:
    """Try the mutants; print the survivors and the figures."""
    began = time.perf_counter()
    print(f"{len(checks())} cases, {len(items)} further tests", flush=True)
    chosen_modules = modules(options.modules)
    found = {name: mutants(name) for name in chosen_modules}
    share = options.sample / sum(map(len, found.values())) if options.sample else options.share
    total: Counter[str] = Counter()
    for name in chosen_modules:
        counted: Counter[str] = Counter()
        again = set(options.again.read_text().splitlines()) if options.again else None
        for mutant in sampled(found[name], share, f"{options.seed} {name}"):
            if again is not None and not any(line.endswith(f"): {mutant.name}") for line in again):
                continue
            what, more = tried(mutant, items)
            counted[what] += 1
            if what in ("survived", "unreached", "unanswered"):
                print(f"  {what} ({more}): {mutant.name}", flush=True)
        print(f"{name}: {figures(counted)}, {time.perf_counter() - began:.0f} s", flush=True)
        total += counted
    print(f"all: {figures(total)}", flush=True)
    seen = total["number"] + total["crash"]
    tested = seen + total["survived"] + total["unanswered"]
    return 0 if tested and seen >= 0.99 * tested else 1


def figures(counted: Counter[str]) -> str:
    """The figures in words."""
    seen = counted["number"] + counted["crash"]
    tested = seen + counted["survived"] + counted["unanswered"]
    return (
        f"{seen} of {tested} killed ({100 * seen / max(1, tested):.2f} %; {counted['crash']} by an exception), "
        f"{counted['unanswered']} without an answer, {counted['equivalent']} equivalent, "
        f"{counted['unreached']} reached by no test"
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
    files = [] if options.cases_only else files_for(modules(options.modules))
    return with_items(files, lambda items: work(options, items)) if files else work(options, [])


if __name__ == "__main__":
    sys.exit(main())
