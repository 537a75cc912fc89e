"""How fast: this library beside the plain functions, hand-written derivatives and the peers that are installed.

    python benchmarks/speed.py [--seconds 4] [--json FILE]

Every ratio is measured side by side in this one run: medians, with quartiles in parentheses. The goals are
those that the library set itself. Exit status 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
from pathlib import Path

import numpy as np
import speed_scalar
import speed_startup
import speed_training
from timing import Ratio, Times, side_by_side

ROWS: list[dict[str, object]] = []


def goal(what: str, measured: Ratio, limit: float, at_most: bool = True, unit: str = "×") -> None:
    """Note one goal and whether it is reached."""
    reached = measured.median <= limit if at_most else measured.median >= limit
    ROWS.append({
        "what": what, "median": measured.median, "low": measured.low, "high": measured.high,
        "unit": unit, "goal": f"{'≤' if at_most else '≥'} {limit:g} {unit}", "reached": reached,
    })  # fmt: skip
    shown = f"{measured} {unit}"
    print(f"| {what} | {shown} | {ROWS[-1]['goal']} | {'yes' if reached else '**no**'} |")


def table_of_times(times: dict[str, Times], plain: str) -> None:
    """One line a candidate: its time and its ratio."""
    print(f"\n| | µs per call | over `{plain}` |\n|---|---|---|")
    for name, t in times.items():
        print(f"| {name} | {t.microseconds} | {t.ratio_to(plain)} |")
    print()


def machine() -> str:
    """Where and with what this was measured."""
    libraries = [n for n in ("pullback", "numpy", "torch", "jax", "autograd") if importlib.util.find_spec(n)]
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in libraries)
    where = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"{where}; Python {platform.python_version()}, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def of_milliseconds(values: list[float]) -> Ratio:
    """Median and quartiles."""
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    return Ratio(float(median), float(low), float(high))


def main() -> int:
    """Measure, print, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=4.0, help="time for each of the three side-by-side runs")
    options.add_argument("--json", type=Path, help="write the numbers there")
    chosen = options.parse_args()
    speed_scalar.check()
    speed_training.check()
    print(machine())
    detail: dict[str, dict[str, Times]] = {}
    detail["six operations"] = side_by_side(
        speed_scalar.six_candidates(), chosen.seconds, per_call=speed_scalar.REPEATS
    )
    detail["loop"] = side_by_side(speed_scalar.loop_candidates(), chosen.seconds)
    detail["training step"] = side_by_side(speed_training.candidates(), chosen.seconds)
    six, loop, step = detail.values()
    print("\n| | measured | goal | reached |\n|---|---|---|---|")
    goal("six operations: gradient / plain function", six["pullback"].ratio_to("plain"), 6)
    for peer, limit in (("autograd", 100), ("torch", 100), ("jax, jitted", 10)):
        if peer in six:
            goal(f"six operations: {peer} / pullback", six[peer].ratio_to("pullback"), limit, at_most=False)
    goal("1,000-iteration loop: gradient / plain loop", loop["pullback"].ratio_to("plain"), 5)
    for kind in ("layers and SGD", "a function of arrays", "a function of a dict"):
        goal(f"XOR step, {kind}: / by hand", step[f"pullback, {kind}"].ratio_to("by hand"), 1.5)
    if "torch, eager" in step:
        goal(
            "XOR step, layers and SGD: torch / pullback",
            step["torch, eager"].ratio_to("pullback, layers and SGD"), 4, at_most=False,
        )  # fmt: skip
    first, second = speed_startup.first_gradients()
    goal("first gradient of a process", of_milliseconds(first), 20, unit="ms")
    goal("first gradient of the next function", of_milliseconds(second), 20, unit="ms")
    numpy_alone, ours = speed_startup.imports()
    goal("`import pullback` beyond NumPy's own", of_milliseconds(ours), 150, unit="ms")
    print(f"\n`import numpy` alone: {of_milliseconds(numpy_alone)} ms")
    for name, times in detail.items():
        print(f"\n{name}:")
        table_of_times(times, "by hand" if name == "training step" else "plain")
    if chosen.json:
        calls = {
            case: {name: vars(t.microseconds) for name, t in times.items()} for case, times in detail.items()
        }
        chosen.json.write_text(json.dumps({"machine": machine(), "goals": ROWS, "microseconds": calls}, indent=1))
    return 0 if all(row["reached"] for row in ROWS) else 1


if __name__ == "__main__":
    sys.exit(main())
