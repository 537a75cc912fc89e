"""The command line: `python -m pullback check src/`, `explain`, `show`, `demo`, `info`; see the files of `cli/`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from pullback.cli.demo import TUTORIAL
from pullback.cli.info import version

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
    parser.add_argument("--version", action="store_true", help="print the version and end")
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=_Parser)
    modules = {name: import_module(f"pullback.cli.{name}") for name in COMMANDS}
    for name, module in modules.items():
        module.arguments(commands.add_parser(name, help=module.SUMMARY, description=module.SUMMARY))
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the tutorial prints ∂ and ŷ, which an ASCII terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    if chosen.version:
        print(f"pullback {version('pullback') or 'of a source tree'}")
        return 0
    if chosen.command is None:
        parser.print_help()
        return 0
    try:
        status: int = modules[chosen.command].run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # (nothing is left to write at exit)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
