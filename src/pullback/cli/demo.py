"""`python -m pullback demo`: runs the tutorial, and checks its numbers.

The tutorial is `demo/custom_differentiation.py`, the same text as in `examples/`. It is a program to be
read from top to bottom, not a module to import: it is run by its path.
"""

from __future__ import annotations

import argparse
import runpy
import time
from pathlib import Path

SUMMARY = "run the tutorial on custom differentiation, and check its numbers"
TUTORIAL = Path(__file__).parents[1] / "demo" / "custom_differentiation.py"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments."""


def run(chosen: argparse.Namespace) -> int:
    """Run the tutorial; raises AssertionError where a number is wrong."""
    start = time.perf_counter()
    runpy.run_path(str(TUTORIAL), run_name="__main__")
    print(f"\nEvery number was right. ({time.perf_counter() - start:.1f} s)")
    return 0
