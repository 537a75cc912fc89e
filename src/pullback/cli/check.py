"""`python -m pullback check PATH...`: every diagnostic of every `@differentiable` definition, without running them.

Status 0: nothing is wrong (there may be warnings); 1: there are errors, or warnings under `--strict`; 2: a file is
missing or is not Python.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pullback.cli.formats import as_github, as_json, as_sarif, as_text, use_colours
from pullback.cli.info import version
from pullback.cli.linting import Report, lint

SUMMARY = "check files and folders for definitions that cannot be differentiated, without importing them"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="a Python file, or a folder of them")
    parser.add_argument("--format", choices=("text", "json", "sarif", "github"), default="text", help="of the report")
    parser.add_argument("--all", action="store_true", help="check functions without @differentiable too")
    parser.add_argument("--strict", action="store_true", help="end with status 1 for warnings too")


def run(chosen: argparse.Namespace) -> int:
    """Check, print the report, and give the exit status."""
    report = lint(chosen.paths, chosen.all)
    for text in report.unreadable:
        print(f"error: {text}", file=sys.stderr)
    match chosen.format:
        case "json":
            sys.stdout.write(as_json(report.diagnostics))
        case "sarif":
            sys.stdout.write(as_sarif(report.diagnostics, version("pullback") or "0", report.unreadable))
        case "github":
            sys.stdout.write(as_github(report.diagnostics, report.unreadable))
        case _:
            sys.stdout.write(as_text(report.diagnostics, use_colours(sys.stdout)) + _summary(report))
    wrong = [d for d in report.diagnostics if d.severity == "error" or chosen.strict]
    return 2 if report.unreadable else 1 if wrong else 0


def _summary(report: Report) -> str:
    errors = sum(d.severity == "error" for d in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    numbers = ((errors, "error"), (warnings, "warning"), (len(report.unreadable), "unreadable file"))
    counted = ", ".join(_count(n, what) for n, what in numbers if n)
    checked = f"{_count(report.definitions, 'definition')} in {_count(report.files, 'file')}"
    text = f"{counted or 'nothing wrong'}: checked {checked}\n"
    ids = list(dict.fromkeys(d.id for d in report.diagnostics))
    return text + (f"`python -m pullback explain {ids[0]}` says more\n" if ids else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
