"""The command line: `python -m pullback check src/`, `explain`, `show`, `demo`, `info`; see the files of `cli/`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from pullback.cli.demo import TUTORIAL

COMMANDS = ("check", "explain", "show", "demo", "info")
__all__ = ["TUTORIAL", "main"]


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
    modules = {name: import_module(f"pullback.cli.{name}") for name in COMMANDS}
    for name, module in modules.items():
        module.arguments(commands.add_parser(name, help=module.SUMMARY, description=module.SUMMARY))
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the tutorial prints ∂ and ŷ, which an ASCII terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    if chosen.command is None:
        parser.print_help()
        return 0
    status: int = modules[chosen.command].run(chosen)
    return status


if __name__ == "__main__":
    sys.exit(main())
