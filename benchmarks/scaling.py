"""How the gradient of a loop over elements grows with its length: element reads and writes cost O(1) in reverse.

    python benchmarks/scaling.py

For each program and length: microseconds an element of the plain function and of its gradient, medians of five
alternating runs, and the ratio. A column that stays level is linear time.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import numpy as np

import pullback as pb

LENGTHS = (1_000, 10_000, 100_000)


def array_filled(x: float, n: int) -> float:
    """Writes an array and reads it back."""
    y = np.zeros(n)
    y[0] = x
    for i in range(1, n):
        y[i] = math.sin(y[i - 1]) * x
    return float(y[n - 1])


def list_grown(x: float, n: int) -> float:
    """Appends to a list and reads its last item."""
    ys = [x]
    for _ in range(n):
        ys.append(math.sin(ys[-1]) * x)
    return ys[-1]


def stack_emptied(x: float, n: int) -> float:
    """Pushes, then pops."""
    stack: list[float] = []
    for i in range(n):
        stack.append(x * i)  # noqa: PERF401 (what is measured)
    total = 0.0
    while stack:
        total = 0.5 * total + stack.pop()
    return total


class Body:
    """An object that a method changes."""

    def __init__(self, x: float) -> None:
        self.x, self.v = x, 0.0

    def step(self, h: float) -> None:
        """One step of an oscillator."""
        self.v -= self.x * h
        self.x += self.v * h


def object_stepped(x: float, n: int) -> float:
    """Calls a method that changes its object."""
    body = Body(x)
    for _ in range(n):
        body.step(1e-3)
    return body.x


def dict_counted(x: float, n: int) -> float:
    """Adds into the entries of a dict."""
    table = {k: 0.0 for k in range(10)}  # noqa: C420 (as people write it)
    for i in range(n):
        table[i % 10] += x * i
    return table[3] * table[4]


def clock(f: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    print(f"{'program':16} {'n':>8} {'plain µs':>9} {'gradient µs':>12} {'ratio':>6}")
    for f in (array_filled, list_grown, stack_emptied, object_stepped, dict_counted):
        gradient = pb.gradient(f, wrt=0)
        gradient(0.9, 3)
        for n in LENGTHS:
            plain, derived = [], []
            for _ in range(5):
                plain.append(clock(lambda n=n, f=f: f(0.9, n)))  # type: ignore[misc]
                derived.append(clock(lambda n=n, g=gradient: g(0.9, n)))  # type: ignore[misc]
            p, d = statistics.median(plain), statistics.median(derived)
            print(f"{f.__name__:16} {n:8} {p / n * 1e6:9.3f} {d / n * 1e6:12.3f} {d / p:6.1f}")


if __name__ == "__main__":
    main()
