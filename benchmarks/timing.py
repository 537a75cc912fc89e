"""Times measured side by side: the candidates take turns, so that what disturbs the machine disturbs them all.

    side_by_side({"plain": f, "gradient": g}, seconds=1.0)["gradient"].ratio_to("plain")   ->   Ratio(median, low, high)

A candidate is a function of no arguments that does its work once. In each round every candidate runs a batch,
shorter than a time slice of the scheduler, so that on a busy machine most batches run undisturbed; a ratio is
taken within a round, and its median and quartiles over the rounds are given.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns


@dataclass(frozen=True)
class Ratio:
    """A median with its quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_digits(self.median)} ({_digits(self.low)}–{_digits(self.high)})"


@dataclass
class Times:
    """The nanoseconds of one call of a candidate, one number a round."""

    name: str
    rounds: list[float] = field(default_factory=list)
    others: dict[str, Times] = field(default_factory=dict, repr=False)

    @property
    def microseconds(self) -> Ratio:
        """The time of one call."""
        return _quartiles([t / 1000.0 for t in self.rounds])

    def ratio_to(self, name: str) -> Ratio:
        """This candidate's time over another's, round by round."""
        return _quartiles([a / b for a, b in zip(self.rounds, self.others[name].rounds, strict=True)])


def side_by_side(
    candidates: dict[str, Callable[[], object]], seconds: float = 2.0, batch_ms: float = 0.3, per_call: int = 1
) -> dict[str, Times]:
    """Time every candidate in turns for about `seconds` in all; `per_call` is how often each does its work itself."""
    counts = {name: _calibrate(f, batch_ms * 1e6) for name, f in candidates.items()}
    times = {name: Times(name) for name in candidates}
    for t in times.values():
        t.others = times
    spent = sum(_batch(f, counts[name]) for name, f in candidates.items())
    rounds = max(15 if spent < 1e9 else 3, int(seconds * 1e9 / spent))
    order = list(candidates)
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            for name in order if number % 2 else reversed(order):
                times[name].rounds.append(_batch(candidates[name], counts[name]) / (counts[name] * per_call))
            if number % 64 == 63:
                gc.collect()
    finally:
        if enabled:
            gc.enable()
    return times


def _batch(f: Callable[[], object], count: int) -> int:
    indices = range(count)
    start = perf_counter_ns()
    for _ in indices:
        f()
    return perf_counter_ns() - start


def _calibrate(f: Callable[[], object], budget: float) -> int:
    """How many calls fill the budget, after a warm-up; one of a slow candidate, which is not called again for it."""
    f()
    if _batch(f, 1) > 20 * budget:
        return 1
    for _ in range(3):
        f()
    count = 1
    while True:
        spent = min(_batch(f, count) for _ in range(5))
        if spent > budget / 4:
            return max(1, int(count * budget / spent))
        count *= 4


def _quartiles(values: list[float]) -> Ratio:
    if len(values) < 2:
        return Ratio(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4)
    return Ratio(median, low, high)


def _digits(x: float) -> str:
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"
