"""The goals that the library set itself: ratios of one run, and the time of a process's first gradient.

Goal("lstm", "1,024 characters, NumPy", "pullback / primal", 6)        at most 6
Goal("lstm", "1,024 characters, NumPy", "torch / pullback", 3, False)  at least 3
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A ratio of a case, and what it should be at most (or at least)."""

    work: str
    case: str
    ratio: str
    limit: float
    at_most: bool = True
    readme: bool = False
    title: str = ""


LSTM, LSTM_LOOPS = "1,024 characters, NumPy", "1,024 characters, loops"
BA, BA_LOOP = "200 observations, scalars, gradients", "200 observations, one compiled loop"
GOALS = (
    Goal("scalar", "6 operations", "pullback / primal", 6, readme=True),
    Goal("scalar", "6 operations", "autograd / pullback", 100, False, readme=True),
    Goal("scalar", "6 operations", "torch / pullback", 100, False, readme=True),
    Goal("scalar", "6 operations", "jax / pullback", 10, False, readme=True),
    Goal("loop", "1,000 iterations", "pullback / primal", 5, readme=True),
    Goal("loop", "1,000 iterations", "pullback, compiled / primal, compiled", 2.5, readme=True),
    Goal("loop", "1,000 iterations", "jax, scan / pullback, compiled", 1, False, readme=True),
    Goal("xor", "layers and SGD", "pullback / by hand", 1.5, readme=True),
    Goal("xor", "a function of arrays", "pullback / by hand", 1.5, readme=True),
    Goal("xor", "a function of a dict", "pullback / by hand", 1.5, readme=True),
    Goal("xor", "layers and SGD", "torch / pullback", 4, False, readme=True),
    Goal("building", "dataclasses, 20 steps", "torch / pullback, compiled", 300, False, readme=True),
    Goal("building", "floats, 20 steps", "torch / pullback, compiled", 300, False),
    Goal("lstm", LSTM, "pullback / primal", 6, readme=True),
    Goal("lstm", LSTM, "torch / pullback", 3, False, readme=True),
    Goal("lstm", LSTM, "autograd / pullback", 10, False, readme=True),
    Goal("lstm", LSTM_LOOPS, "torch / pullback, compiled", 50, False, readme=True),
    Goal("gmm", "gmm_d10_K10, NumPy", "torch / pullback", 1, False, readme=True),
    Goal("gmm", "gmm_d20_K25, NumPy", "torch / pullback", 1, False),
    Goal("hand", "hand1_t26_c100, NumPy", "torch / pullback", 1, False, readme=True),
    Goal("ba", BA, "torch / pullback", 100, False, readme=True),
    Goal("ba", BA_LOOP, "torch / pullback", 100, False, readme=True),
)
# case of `building`, what it should be at most, in what unit
LIMITS = (
    ("building", "dataclasses, 20 steps", "microseconds", "pullback, compiled", 12.0, "µs"),
    ("building", "floats, 20 steps", "microseconds", "pullback, compiled", 12.0, "µs"),
    ("building", "floats, 100,000 steps", "peak", "pullback", 200e6, "MB"),
)
STARTUP = (
    ("first gradient of a process", "first", 20.0),
    ("first gradient of the next function", "second", 20.0),
    ("`import pullback` beyond NumPy's own", "import", 150.0),
)


def found(results: dict[str, Any], work: str, case: str) -> dict[str, Any]:
    """What was measured of a case, or nothing."""
    rows: list[dict[str, Any]] = results.get("works", {}).get(work, {}).get("rows", [])
    return next((r for r in rows if r["case"] == case), {})


def judged(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Each goal with what was measured: reached, missed, or not measured."""
    rows = []
    for g in GOALS:
        row = found(results, g.work, g.case)
        seen = row.get("ratios", {}).get(g.ratio)
        a, b = g.ratio.split(" / ")
        reason = row.get("refused", {}).get(a) or row.get("refused", {}).get(b) or ""
        reached = seen and (seen["median"] <= g.limit if g.at_most else seen["median"] >= g.limit)
        rows.append({
            "what": f"{g.work}, {g.case}: {g.ratio}", "seen": seen, "unit": "×", "reached": reached, "reason": reason,
            "goal": f"{'≤' if g.at_most else '≥'} {g.limit:g} ×", "readme": g.readme,
        })  # fmt: skip
    for work, case, kind, name, limit, unit in LIMITS:
        value = found(results, work, case).get(kind, {}).get(name)
        scale = 1e6 if unit == "MB" else 1.0
        low = value["low"] / scale if isinstance(value, dict) else (value or 0.0) / scale
        middle = value["median"] / scale if isinstance(value, dict) else low
        high = value["high"] / scale if isinstance(value, dict) else low
        seen = {"median": middle, "low": low, "high": high} if value is not None else None
        rows.append({
            "what": f"{work}, {case}: {name}, {kind}", "seen": seen, "unit": unit, "readme": False,
            "reached": seen and middle <= limit / scale, "reason": "", "goal": f"≤ {limit / scale:g} {unit}",
        })  # fmt: skip
    for what, key, limit in STARTUP:
        seen = results.get("startup", {}).get(key)
        rows.append({
            "what": what, "seen": seen, "unit": "ms", "reached": seen and seen["median"] <= limit, "reason": "",
            "goal": f"≤ {limit:g} ms", "readme": True,
        })  # fmt: skip
    return rows
