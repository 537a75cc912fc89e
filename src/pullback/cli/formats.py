"""The reports of the linter: text for people, JSON and SARIF for programs, annotations for GitHub.

    model.py:3:12: error[no-derivative]: ...
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from pullback.cli.static_modules import UnreadableError
from pullback.diagnostics import KINDS
from pullback.spans import Diagnostic, Span

_PAINT = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "frame": "\x1b[34m", "help": "\x1b[1;32m", "off": "\x1b[0m"}


def as_text(diagnostics: Iterable[Diagnostic], colours: bool) -> str:
    """Every diagnostic in rustc's form, an empty line after each."""
    texts = [d.render() for d in diagnostics]
    return "".join(f"{painted(t) if colours else t}\n\n" for t in texts)


def use_colours(stream: TextIO) -> bool:
    """Whether to colour what goes to a stream: a terminal, unless NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str) -> str:
    """A rendered diagnostic with colours for a terminal."""
    out = []
    severity = "warning" if text.startswith("warning") else "error"
    for line in text.split("\n"):
        if re.match(r"(error|warning)\[", line):
            head, _, rest = line.partition(":")
            line = f"{_PAINT[severity]}{head}{_PAINT['off']}:{rest}"
        elif re.match(r" +(-->|:::)", line):
            line = f"{_PAINT['frame']}{line}{_PAINT['off']}"
        elif re.match(r" +\|[ ]*(\^|-)", line):
            line = re.sub(r"([\^-]+.*)$", rf"{_PAINT[severity]}\1{_PAINT['off']}", line, count=1)
        elif re.match(r" += (help|note):", line):
            line = re.sub(r"= (help|note):", rf"{_PAINT['help']}= \1:{_PAINT['off']}", line, count=1)
        out.append(line)
    return "\n".join(out)


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A list of objects, one a diagnostic; lines and columns count from 1."""
    return json.dumps([_object(d) for d in diagnostics], indent=2, ensure_ascii=False) + "\n"


def _object(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "id": diagnostic.id,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_region(diagnostic.span),
        "label": diagnostic.label,
        "labels": [{**_region(label.span), "text": label.text} for label in diagnostic.labels],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
    }


def _region(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "line": None, "column": None, "end_line": None, "end_column": None}
    start, width = span.carets()
    end = start + width + 1 if span.end_line == span.line else span.end_column + 1
    return {"file": span.filename, "line": span.line, "column": start + 1, "end_line": span.end_line, "end_column": end}


def as_sarif(diagnostics: Iterable[Diagnostic], version: str, unreadable: Sequence[UnreadableError] = ()) -> str:
    """SARIF 2.1.0, as code scanning services read it."""
    found = list(diagnostics)
    ids = sorted({d.id for d in found})
    rules = [
        {
            "id": id,
            "shortDescription": {"text": KINDS[id].title if id in KINDS else id},
            "fullDescription": {"text": KINDS[id].explanation if id in KINDS else id},
            "help": {"text": KINDS[id].fix if id in KINDS else ""},
        }
        for id in ids
    ]
    results = [
        {
            "ruleId": d.id,
            "ruleIndex": ids.index(d.id),
            "level": d.severity,
            "message": {"text": f"{d.message}\n{d.help}".strip()},
            "locations": [_location(d.span)] if d.span is not None else [],
            "relatedLocations": [{**_location(x.span), "message": {"text": x.text}} for x in d.labels],
        }
        for d in found
    ]
    driver = {"name": "pullback", "version": version, "rules": rules}
    told = [{"level": "error", "message": {"text": str(u)}} for u in unreadable]
    ended = {"executionSuccessful": not unreadable, "toolExecutionNotifications": told}
    run = {
        "tool": {"driver": driver}, "invocations": [ended], "results": results, "columnKind": "unicodeCodePoints",
    }  # fmt: skip
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _location(span: Span) -> dict[str, Any]:
    region = _region(span)
    place = {"startLine": region["line"], "startColumn": region["column"], "endLine": region["end_line"],
             "endColumn": region["end_column"]}  # fmt: skip
    uri = os.path.relpath(span.filename) if span.filename.startswith(os.getcwd()) else span.filename
    return {"physicalLocation": {"artifactLocation": {"uri": uri.replace(os.sep, "/")}, "region": place}}


def as_github(diagnostics: Iterable[Diagnostic], unreadable: Sequence[UnreadableError] = ()) -> str:
    """Workflow commands, which GitHub shows beside the lines of a change."""
    lines = []
    for u in unreadable:
        place = f"file={_escaped(os.path.relpath(u.path))},line={u.line or 1},col={u.column or 1}"
        lines.append(f"::error {place},title=pullback::{_escaped(u.reason, data=True)}\n")
    for d in diagnostics:
        region = _region(d.span)
        place = f"file={_escaped(os.path.relpath(region['file']))},line={region['line']},col={region['column']}," if (
            region["file"]
        ) else ""
        text = _escaped(f"{d.message}\n{d.help}".strip(), data=True)
        lines.append(f"::{d.severity} {place}title=pullback {d.id}::{text}\n")
    return "".join(lines)


def _escaped(text: str, data: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text if data else text.replace(":", "%3A").replace(",", "%2C")
