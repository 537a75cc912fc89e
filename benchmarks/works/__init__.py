"""The works that are measured, one file each: ordinary Python as a person would write it."""

from __future__ import annotations

import importlib
from types import ModuleType

NAMES = (
    "scalar", "loop", "newton", "elements", "recursion", "building", "gmm", "ba", "lstm", "hand", "kmeans", "llsq",
    "lse", "ode", "particle", "saddle", "det", "xor", "mlp", "cnn", "lotka", "heat", "nbody",
)  # fmt: skip


def work(name: str) -> ModuleType:
    """The module of a work."""
    return importlib.import_module(f"works.{name}")
