"""All benchmarks, by one command.

    python -m benchmarks [--quick] [--only NAME ...] [--seconds S] [--out FOLDER] [--readme] [--silent-wrong]

Writes results.json, results.md and, where Matplotlib is installed, results.png. `--only` measures these works again
and leaves the others as they were found there. `--readme` puts the short table into the README.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import report
import startup
import works
from measure import measure
from peers import has

HERE = Path(__file__).parent
LIBRARIES = ("pullback", "numpy", "numba", "torch", "jax", "autograd")


def machine() -> str:
    """Where and with what this was measured."""
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in LIBRARIES if has(n))
    where = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"{where}; Python {platform.python_version()}, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="small sizes, little time: does everything run?")
    options.add_argument("--only", nargs="+", metavar="NAME", help=f"of {', '.join((*works.NAMES, 'startup'))}")
    options.add_argument("--seconds", type=float, help="time for each case")
    options.add_argument("--out", type=Path, default=HERE / "results")
    options.add_argument("--readme", action="store_true", help="put the short table into the README")
    options.add_argument("--silent-wrong", action="store_true", help="also print who is silently wrong, and where")
    chosen = options.parse_args(arguments)
    chosen.out.mkdir(exist_ok=True, parents=True)
    file = chosen.out / "results.json"
    results: dict[str, Any] = json.loads(file.read_text()) if chosen.only and file.exists() else {}
    results = {"works": {}, "startup": {}, **results, "machine": machine(), "date": str(date.today())}
    wanted = chosen.only or (*works.NAMES, "startup")
    seconds = 0.05 if chosen.quick and chosen.seconds is None else chosen.seconds
    for name in works.NAMES:
        if name in wanted:
            results["works"][name] = measured(name, chosen.quick, seconds)
    results["works"] = {n: results["works"][n] for n in works.NAMES if n in results["works"]}
    if "startup" in wanted:
        results["startup"] = started(3 if chosen.quick else 15)
    file.write_text(json.dumps(results, indent=1))
    (chosen.out / "results.md").write_text(report.markdown(results))
    report.plot(results, chosen.out / "results.png")
    print("\n".join(report.goal_table(results, False)))
    if chosen.readme:
        report.into_readme(results)
    if chosen.silent_wrong:
        import silent_wrong

        sys.argv = sys.argv[:1]
        return silent_wrong.main()
    return 0


def measured(name: str, quick: bool, seconds: float | None) -> dict[str, Any]:
    """One work: its cases, checked and measured, printed as they come."""
    module = works.work(name)
    title = (module.__doc__ or name).strip().splitlines()[0].rstrip(".")
    print(f"## {name}: {title}", flush=True)
    rows = []
    checked: set[Any] = set()
    for case in module.cases(quick):
        if case.check is not None and case.check not in checked:
            case.check()
            checked.add(case.check)
        rows.append(measure(case, seconds))
        print("\n".join(report.work_table(rows[-1:])), "\n", flush=True)
    return {"title": title, "machine": machine(), "rows": rows}


def started(processes: int) -> dict[str, Any]:
    """What a fresh process pays, in milliseconds."""
    first, second = startup.first_gradients(processes)
    _, ours = startup.imports(processes)
    return {n: _quartiles(v) for n, v in (("first", first), ("second", second), ("import", ours))}


def _quartiles(values: list[float]) -> dict[str, float]:
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    return {"median": float(median), "low": float(low), "high": float(high)}


if __name__ == "__main__":
    sys.exit(main())
