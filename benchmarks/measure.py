"""A case measured: all candidates side by side, the first call, the peak memory.

measure(case)["ratios"]["gradient / primal"]   ->   {"median": 2.8, "low": 2.7, "high": 2.9}
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from time import perf_counter
from typing import Any

from case import Case
from peers import has, makers
from timing import Ratio, side_by_side

import pullback as pb

GRADIENT, PRIMAL, HAND, NUMBA = "pullback", "primal", "by hand", "by hand, Numba"
COMPILED, COMPILED_PRIMAL = "pullback, compiled", "primal, compiled"


def measure(case: Case, seconds: float | None = None) -> dict[str, Any]:
    """All that is measured of a case; candidates that cannot run are named with their reason."""
    candidates: dict[str, Callable[[], Any]] = {}
    first: dict[str, float] = {}
    refused: dict[str, str] = {}

    def add(name: str, make: Callable[[], Callable[[], Any]]) -> None:
        try:
            start = perf_counter()
            candidate = make()
            candidate()
            first[name] = perf_counter() - start
            candidates[name] = candidate
        except Exception as error:  # what a peer cannot run is told, not hidden
            refused[name] = _told(error)

    if case.interpreted:
        add(PRIMAL, case.primal)
        add(GRADIENT, case.ours)
    if case.by_hand is not None:
        by_hand = case.by_hand
        add(HAND, lambda: by_hand)
    if case.numba is not None and has("numba"):
        add(NUMBA, case.numba)
    for name, make in makers(case).items():
        add(name, make)
    if case.compiled and case.make_ours is None:
        _add_compiled(case, add)
    times = side_by_side(candidates, case.seconds if seconds is None else seconds) if candidates else {}
    found: dict[str, Any] = {
        "case": case.name, "size": case.size, "first": first, "refused": refused,
        "microseconds": {n: _as_dict(_scaled(t.microseconds, 1.0 / case.calls)) for n, t in times.items()},
        "ratios": {
            f"{a} / {b}": _as_dict(times[a].ratio_to(b)) for a in times for b in times if a != b
        },
    }  # fmt: skip
    for name in (PRIMAL, GRADIENT):
        if name in candidates:
            found.setdefault("peak", {})[name] = peak(candidates[name])
    return found


def _add_compiled(case: Case, add: Callable[[str, Any], None]) -> None:
    if not hasattr(pb, "jit") or not has("numba"):
        return

    def gradient() -> Callable[[], Any]:
        g, args = pb.jit(case.transformed()), case.args
        return _often(lambda: g(*args), case.calls)

    def primal() -> Callable[[], Any]:
        f, args = pb.jit(case.f), case.args
        return _often(lambda: f(*args), case.calls)

    add(COMPILED_PRIMAL, primal)
    add(COMPILED, gradient)


def _often(f: Callable[[], Any], calls: int) -> Callable[[], Any]:
    def loop() -> Any:
        for _ in range(calls):
            result = f()
        return result

    return f if calls == 1 else loop


def peak(f: Callable[[], Any]) -> int:
    """Bytes that one call holds at most, beyond what was held before."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        f()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _told(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    line = next((part for part in text.splitlines() if part.strip()), "")
    return f"{type(error).__name__}: {line}"[:160]


def _scaled(r: Ratio, by: float) -> Ratio:
    return Ratio(r.median * by, r.low * by, r.high * by)


def _as_dict(r: Ratio) -> dict[str, float]:
    return {"median": r.median, "low": r.low, "high": r.high}
