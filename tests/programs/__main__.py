"""What every program does today: `python -m tests.programs [--update] [part of a name ...]`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from .checking import outcome
from .test_programs import PROGRAMS


def main() -> None:
    parts = [a for a in sys.argv[1:] if a != "--update"]
    counts: Counter[str] = Counter()
    right = []
    for program in PROGRAMS:
        if parts and not any(p in program.name for p in parts):
            continue
        status, why = outcome(program)
        counts[status] += 1
        right += [program.name] if status == "right" else []
        said = "later" if program.later else "works"
        mark = "" if (said == "works") == (status == "right") else f"  (marked {said})"
        lines = [x for x in why.splitlines() if x.startswith("error") or x[:1].isdigit() or status == "wrong"]
        shown = why if parts else " / ".join(lines)[:230]
        print(f"{status.upper() if status == 'wrong' else status:8s} {program.name}{mark}  {shown}", flush=True)
    print(dict(counts))
    if "--update" in sys.argv:
        update(right)


def update(right: list[str]) -> None:
    """Take what is right out of the list."""
    file = Path(__file__).with_name("later.py")
    kept = [x for x in file.read_text().splitlines(True) if not any(x.startswith(f'    "{n}":') for n in right)]
    file.write_text("".join(kept))


if __name__ == "__main__":
    main()
