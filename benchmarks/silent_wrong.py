"""The table of silently wrong gradients: this library and every peer that is installed.

    python benchmarks/silent_wrong.py [--details] [--json FILE]

right: the number of the closed form. error, warning: the library says that something is wrong.
WRONG (silent): another number, or none, without a word. -: the library has nothing of the kind.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import platform
import sys
from pathlib import Path

from probes import NAMES, PROBES, Outcome, run

SHOWN = {"right": "right", "error": "error", "warning": "warning", "WRONG": "**WRONG (silent)**", "absent": "-"}


def main() -> int:
    """Print the table; exit 1 if this library is silently wrong anywhere."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--details", action="store_true", help="list what was seen, below the table")
    options.add_argument("--json", type=Path, help="write the outcomes there")
    chosen = options.parse_args()
    installed = [n for n in NAMES if importlib.util.find_spec(n)]
    outcomes = [(p, {n: run(p, n) for n in installed}) for p in PROBES]
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in [*installed, "numpy"])
    print(f"Python {platform.python_version()}, {platform.machine()}; {versions}\n")
    print(f"| | probe | {' | '.join(installed)} |\n|---|---|{'---|' * len(installed)}")
    for p, seen in outcomes:
        print(f"| {p.number} | {p.title} | {' | '.join(SHOWN[seen[n].verdict] for n in installed)} |")
    print(f"| | silently wrong | {' | '.join(str(_count(outcomes, n)) for n in installed)} |")
    if chosen.details:
        for p, seen in outcomes:
            print(f"\n{p.number}. {p.title}: expected {p.expected}")
            for n in installed:
                print(f"    {n:9} {seen[n].verdict:8} {seen[n].detail}")
    if chosen.json:
        table = [
            {"probe": p.number, "title": p.title, **{n: o.verdict for n, o in seen.items()}} for p, seen in outcomes
        ]
        chosen.json.write_text(json.dumps({"versions": versions, "outcomes": table}, indent=1))
    return 1 if _count(outcomes, "pullback") else 0


def _count(outcomes: list[tuple[object, dict[str, Outcome]]], library: str) -> int:
    return sum(seen[library].verdict == "WRONG" for _, seen in outcomes)


if __name__ == "__main__":
    sys.exit(main())
