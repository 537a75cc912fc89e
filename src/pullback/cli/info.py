"""`python -m pullback info`: the versions of this library, of Python and of the array libraries found."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata, util

SUMMARY = "print the versions of this library, of Python and of the array libraries found"
BACKENDS = ("numpy", "numba", "torch", "jax", "cupy")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments."""


def run(chosen: argparse.Namespace) -> int:
    """Print the versions."""
    print(info())
    return 0


def info() -> str:
    """One line for each of this library, Python, the platform, and every array library that is installed or not."""
    lines = [
        ("pullback", version("pullback") or "not installed: run from its source"),
        ("python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("platform", platform.platform()),
    ]
    for name in BACKENDS:
        found = version(name) if util.find_spec(name) is not None else None
        lines.append((name, found or "not found"))
    return "\n".join(f"{name:<9} {text}" for name, text in lines)


def version(distribution: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
