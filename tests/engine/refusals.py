"""Programs that must be refused, and the marks under their lines that say what is expected.

    @refused(2.0)
    def of_a_set(x):
        return sum({x, x * x})
    #              ^^^^^^^^^^ unsupported-construct: a set of differentiated values
    #              help: use a list or tuple

A mark names the diagnostic's id and a part of its message; `help:` a part of its help; a mark of
dashes a secondary label. The columns of the carets are those of the line above.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pullback as pb

FOLDER = Path(__file__).parent / "refused"
_MARK = re.compile(r"^#( *)([\^-]+) (.*)$")
_HELP = re.compile(r"^# +help: (.*)$")


@dataclass(frozen=True)
class Program:
    """A program, the arguments it is differentiated at, and the file it stands in."""

    module: str
    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    bug: str


@dataclass
class Expected:
    """One diagnostic as marked, or one secondary label (whose id is empty)."""

    id: str
    message: str
    line: int
    column: int
    width: int
    help: str = ""
    labels: list[Expected] = field(default_factory=list)


def refused(*args: Any, bug: str = "") -> Callable[[Any], Any]:
    """Declare a program and its arguments; `bug` says why its diagnostics are not yet as marked."""

    def declare(function: Any) -> Any:
        function.refused_at = (args, bug)
        return function

    return declare


def programs() -> list[Program]:
    """Every program of the folder."""
    found = []
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        module = importlib.import_module(f"{__package__}.refused.{path.stem}")
        for name, value in vars(module).items():
            declared = getattr(value, "refused_at", None)
            if declared is not None:
                found.append(Program(path.stem, name, value, *declared))
    return found


def marks(function: Any) -> list[Expected]:
    """The diagnostics marked in a program, in the order of their lines."""
    lines, first = inspect.getsourcelines(inspect.unwrap(function))
    following = Path(inspect.getsourcefile(function)).read_text().split("\n")[first - 1 + len(lines) :]
    for line in following:  # marks under the last line stand outside the function's block
        if not line.startswith("#"):
            break
        lines.append(line + "\n")
    found: list[Expected] = []
    code_line = first
    for number, line in enumerate(lines, first):
        mark, help_text = _MARK.match(line.rstrip()), _HELP.match(line.rstrip())
        if mark:
            spaces, carets, text = mark.groups()
            place = (code_line, len(spaces) + 1, len(carets))
            if carets.startswith("-"):
                found[-1].labels.append(Expected("", text, *place))
            else:
                id_, _, message = text.partition(": ")
                found.append(Expected(id_, message, *place))
        elif help_text:
            found[-1].help = help_text.group(1)
        elif not line.startswith("#"):
            code_line = number
    return found


def check(program: Program, verb: Callable[..., Any] = pb.gradient) -> None:
    """Differentiate a program and compare what is said with what is marked."""
    expected = marks(program.function)
    assert expected, "a refused program without a mark"
    try:
        result = verb(program.function)(*program.args)
    except pb.DifferentiabilityError as error:
        got = error
    else:
        raise AssertionError(f"not refused: {result!r}")
    text = str(got)
    assert [d.id for d in got.diagnostics] == [e.id for e in expected], text
    file = inspect.getsourcefile(program.function)
    for diagnostic, wanted in zip(got.diagnostics, expected, strict=True):
        _compare(diagnostic.span, diagnostic.message, wanted, file, text)
        assert wanted.help in diagnostic.help, text
        assert diagnostic.help, "a refusal must say what to do"
        assert len(diagnostic.labels) == len(wanted.labels), text
        for label, marked in zip(diagnostic.labels, wanted.labels, strict=True):
            _compare(label.span, label.text, marked, file, text)


def _compare(span: Any, message: str, wanted: Expected, file: str, text: str) -> None:
    assert wanted.message in message, text
    assert span is not None, text
    assert span.filename == file, text
    start, width = span.carets()
    assert (span.line, start, width) == (wanted.line, wanted.column, wanted.width), text
    # ... and what is drawn agrees with it
    number = str(span.line)
    source = Path(file).read_text().split("\n")[span.line - 1]
    mark = "-" if not wanted.id else "^"
    shown = f"{number}  | {source}\n{' ' * len(number)}  | {' ' * start}{mark * width}"
    assert shown in text, text
    assert f"{file}:{span.line}:" in text
