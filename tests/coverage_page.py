"""docs/coverage.md: the functions of NumPy, SciPy and the standard library that are refused, by name.

`python tests/coverage_page.py` writes the lists anew.
"""

from __future__ import annotations

import importlib
import re
import textwrap
import types
import warnings
from pathlib import Path
from typing import Any

from pullback.rules import canonical, lookup

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
DISTRIBUTIONS = "distributions"
MODULES = (
    *("math", "cmath", "statistics", "operator", "itertools", "functools"),
    *("scipy.fft", "scipy.integrate", "scipy.interpolate", "scipy.linalg", "scipy.ndimage", "scipy.optimize"),
    *("scipy.signal", "scipy.sparse", "scipy.sparse.linalg", "scipy.spatial.distance", "scipy.special", "scipy.stats"),
    DISTRIBUTIONS,
)
LIST = re.compile(r"^```text (?P<module>\S+)\n(?P<names>.*?)^```\n", re.MULTILINE | re.DOTALL)


def public(module: str) -> dict[str, Any]:
    """The public functions and classes of a module, by name; or the distributions of scipy.stats."""
    if module == DISTRIBUTIONS:
        stats = importlib.import_module("scipy.stats")
        kinds = (stats.rv_continuous, stats.rv_discrete)
        return {name: member for name, member in vars(stats).items() if isinstance(member, kinds)}
    space = importlib.import_module(module)
    found = {}
    for name in getattr(space, "__all__", dir(space)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names that are about to go
            member = getattr(space, name, None)
        is_error = isinstance(member, type) and issubclass(member, BaseException)
        if hasattr(member, "rvs"):  # an object, whose methods count
            continue
        if not name.startswith("_") and callable(member) and not isinstance(member, types.ModuleType) and not is_error:
            found[name] = member
    return found


def is_known(member: Any) -> bool:
    """Whether a function has a rule, code that stands in for it, or is known to have no derivative."""
    if hasattr(member, "rvs"):
        targets = importlib.import_module("pullback.rulebook.scipy_stats")._TARGETS
        return (type(member), "cdf") in targets
    entry = lookup(canonical(member))
    if entry is None and isinstance(member, type):
        entry = lookup(member.__init__)
    return entry is not None and bool(
        entry.rule or entry.constant or entry.intrinsic or entry.stand_in or entry.forward
    )


def refused(text: str) -> dict[str, list[str]]:
    """The names on the page, by module."""
    return {m["module"]: m["names"].split() for m in LIST.finditer(text)}


def rewritten(text: str) -> str:
    """The page with its lists as they are now."""

    def names(match: re.Match[str]) -> str:
        module = match["module"]
        unknown = [name for name, member in public(module).items() if not is_known(member)]
        return f"```text {module}\n{textwrap.fill(' '.join(sorted(unknown)), 118)}\n```\n"

    return LIST.sub(names, text)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
