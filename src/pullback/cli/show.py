"""`python -m pullback show FILE:FUNCTION --stage anf|activity|derivative`: a function, stage by stage.

The file is read, not imported. Nothing is known of the arguments but their annotations; `--args "2.0, np.ones(3)"`
shows the code for arguments like these.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import linecache
import math
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

from pullback.cli.linting import declared_wrt, is_verb
from pullback.cli.static_modules import Project, StaticModule, UnreadableError
from pullback.contract import active_parameters
from pullback.emit import source_text
from pullback.errors import DifferentiabilityError, PullbackError
from pullback.evidence import kinds_hinted, parameters_described
from pullback.findings import Checker
from pullback.generated import PAIR, Request
from pullback.inspection import derivative_source
from pullback.kinds import UNKNOWN
from pullback.lower import lower
from pullback.names import Names
from pullback.pipeline import find
from pullback.printing import printed
from pullback.source import acquire
from pullback.spans import Diagnostic

SUMMARY = "print a function as a stage of the transform sees it"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("place", metavar="FILE:FUNCTION", help="such as model.py:Tank.level")
    parser.add_argument("--stage", choices=("anf", "activity", "derivative"), default="derivative")
    parser.add_argument("--args", metavar="VALUES", help='arguments to differentiate at, such as "2.0, np.ones(3)"')


def run(chosen: argparse.Namespace) -> int:
    """Print the stage; status 2 where there is no such function, 1 where it cannot be differentiated."""
    file, _, name = chosen.place.rpartition(":")
    try:
        if not file or not name:
            raise UnreadableError(chosen.place, "write FILE:FUNCTION, such as model.py:loss")
        path = Path(file).resolve()
        function, wrt = _function(Project([path.parent]).module(path), name)
        values = _values(chosen.args) if chosen.args else None
    except UnreadableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        print(_shown(function, chosen.stage, values, wrt), end="")
    except PullbackError as error:
        print(str(error).strip("\n"), file=sys.stderr)
        return 1
    return 0


def _values(text: str) -> Any:
    """The arguments that were written on the command line. Raises UnreadableError."""
    try:
        return eval(f"({text},)", {"np": np, "numpy": np, "math": math})
    except Exception as error:
        what = f'is no list of values such as "2.0, np.ones(3)": {error}'
        raise UnreadableError(f"--args {text!r}", what) from None


def _shown(function: types.FunctionType, stage: str, values: Any, wrt: Any) -> str:
    source = acquire(function)
    if stage == "anf":
        return printed(lower(source, function.__name__, function.__code__.co_freevars))
    if stage == "derivative" and values is not None:
        return derivative_source(function, *values, wrt=wrt) + "\n"
    chosen = active_parameters(function, source, wrt)
    if isinstance(chosen, Diagnostic):
        raise DifferentiabilityError(chosen)
    if stage == "activity":
        flags = {p: parameters_described(function, source.node, Names(function))[p] for p in chosen}
        return printed(Checker(function).stages(function, source.node, flags, UNKNOWN, {}).lowered, facts=True)
    kinds = tuple(sorted((p, k.key) for p, k in kinds_hinted(source.node, {}).items()))
    derivative = find(function, Request(frozenset(chosen), frozenset(), kinds, PAIR))
    trees = [c.tree for c in (derivative.forward, derivative.reverse) if c is not None]
    return source_text(trees, lambda number: linecache.getline(source.filename, number)) + "\n"


def _function(module: StaticModule, wanted: str) -> tuple[types.FunctionType, Any]:
    """The function of a dotted name, and the `wrt` of its contract. Raises UnreadableError."""
    found: dict[str, ast.FunctionDef] = {}
    pending: list[tuple[ast.AST, str]] = [(module.tree, "")]
    while pending:
        node, prefix = pending.pop(0)
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inner = f"{prefix}{child.name}."
                if isinstance(child, ast.FunctionDef):
                    found.setdefault(f"{prefix}{child.name}", child)
            pending.append((child, inner))
    made = module.function(found[wanted]) if wanted in found else None
    if made is None:
        close = difflib.get_close_matches(wanted, found, n=3) or list(found)[:5]
        listed = f"; there is {', '.join(close)}" if close else ""
        raise UnreadableError(module.path, f"it defines no function {wanted!r}{listed}")
    contracts = [d for d in found[wanted].decorator_list if is_verb(d, "differentiable", module)]
    return made, declared_wrt(contracts[0]) if contracts else None
