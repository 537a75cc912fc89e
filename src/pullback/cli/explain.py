"""`python -m pullback explain ID`: what a diagnostic means, a program that shows it, and what to do."""

from __future__ import annotations

import argparse
import difflib
import sys

from pullback.diagnostics import KINDS, explained

SUMMARY = "explain a diagnostic; without an id, list them all"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("id", nargs="?", metavar="ID", help="what stands in the brackets of error[...]")


def run(chosen: argparse.Namespace) -> int:
    """Print the explanation; status 2 for an id that there is not."""
    if chosen.id is None:
        width = max(map(len, KINDS))
        print("\n".join(f"{kind.id:<{width}}  {kind.title}" for kind in KINDS.values()))
        return 0
    id = chosen.id.strip().removeprefix("error[").removeprefix("warning[").removesuffix("]")
    if id not in KINDS:
        close = difflib.get_close_matches(id, KINDS, n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else "; `explain` without an id lists them"
        print(f"error: there is no diagnostic {id!r}{hint}", file=sys.stderr)
        return 2
    print(explained(id), end="")
    return 0
