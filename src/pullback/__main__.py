"""The command line: `python -m pullback demo` runs the tutorial, `python -m pullback info` says what is here.

The tutorial is `demo/custom_differentiation.py`, the same text as in `examples/`. It is a program to be
read from top to bottom, not a module to import: it is run by its path.
"""

from __future__ import annotations

import argparse
import io
import platform
import runpy
import sys
import time
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path
from typing import NoReturn

TUTORIAL = Path(__file__).with_name("demo") / "custom_differentiation.py"
BACKENDS = ("numpy", "numba", "torch", "jax", "cupy")


class _Parser(argparse.ArgumentParser):
    """A parser that answers a mistake with the whole help, not with one line of usage."""

    def error(self, message: str) -> NoReturn:
        """Print the help and end with status 2."""
        self.print_help(sys.stderr)
        self.exit(2, f"\n{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    parser = _Parser(prog="python -m pullback", description="Differentiable programming for Python.")
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=_Parser)
    commands.add_parser("demo", help="run the tutorial on custom differentiation, and check its numbers")
    commands.add_parser("info", help="print the versions of this library, of Python and of the array libraries found")
    chosen = parser.parse_args(arguments).command
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the tutorial prints ∂ and ŷ, which an ASCII terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    if chosen == "demo":
        demo()
    elif chosen == "info":
        print(info())
    else:
        parser.print_help()
    return 0


def demo() -> None:
    """Run the tutorial; raises AssertionError where a number is wrong."""
    start = time.perf_counter()
    runpy.run_path(str(TUTORIAL), run_name="__main__")
    print(f"\nEvery number was right. ({time.perf_counter() - start:.1f} s)")


def info() -> str:
    """One line for each of this library, Python, the platform, and every array library that is installed or not."""
    lines = [
        ("pullback", _version("pullback") or "not installed: run from its source"),
        ("python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("platform", platform.platform()),
    ]
    for name in BACKENDS:
        found = _version(name) if util.find_spec(name) is not None else None
        lines.append((name, found or "not found"))
    return "\n".join(f"{name:<9} {text}" for name, text in lines)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
