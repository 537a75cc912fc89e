"""What every program does today: `python -m tests.programs [part of a name ...]`."""

from __future__ import annotations

import sys
from collections import Counter

from .checking import outcome
from .test_programs import PROGRAMS


def main() -> None:
    parts = sys.argv[1:]
    counts: Counter[str] = Counter()
    for program in PROGRAMS:
        if parts and not any(p in program.name for p in parts):
            continue
        status, why = outcome(program)
        counts[status] += 1
        said = "later" if program.later else "works"
        mark = "" if (said == "works") == (status == "right") else f"  (marked {said})"
        lines = [x for x in why.splitlines() if x.startswith("error") or x[:1].isdigit() or status == "wrong"]
        shown = why if parts else " / ".join(lines)[:230]
        print(f"{status.upper() if status == 'wrong' else status:8s} {program.name}{mark}  {shown}", flush=True)
    print(dict(counts))


if __name__ == "__main__":
    main()
