"""Errors on their way out: given the user's line, told of the pullback they arose in, freed of this library's frames.

    ValueError: operands could not be broadcast together with shapes (2,) (3,)
    in the pullback of model.py:12: y = clipped(w * x)
                                        ^^^^^^^^^^^^^^

Generated code is compiled with the user's positions (or knows, line by line, where it comes from), so the frame that
failed knows the expression it belongs to. `PULLBACK_FULL_TRACEBACK=1`, or `show_internal_frames()`, keeps all frames.
"""

from __future__ import annotations

import contextlib
import os
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pullback.errors import DifferentiabilityError, PullbackError
from pullback.layout import user_span
from pullback.spans import Diagnostic, Span, cells

_OWN = str(Path(__file__).parent) + os.sep
F = TypeVar("F", bound=Callable[..., Any])
_RULES = ("<rule ", "<signature>")
_show_all = os.environ.get("PULLBACK_FULL_TRACEBACK", "") not in ("", "0")


def show_internal_frames(show: bool = True) -> None:
    """Whether tracebacks show this library's own frames; they are left out unless this is called.

    The environment variable `PULLBACK_FULL_TRACEBACK=1` does the same for a whole process.

    >>> show_internal_frames()          # everything, for a report of a bug in this library
    >>> show_internal_frames(False)     # your functions and their derivatives
    """
    global _show_all
    _show_all = show


def settle(error: Exception) -> None:
    """Make an error ready to leave a verb: its place, a note where a pullback failed, and its frames.

    The caller re-raises it by a bare `raise`, which adds no frame of its own.
    """
    if isinstance(error, PullbackError):
        locate(error)
    _note(error)
    if not _show_all:
        seen: set[int] = set()
        inner: BaseException | None = error
        while inner is not None and id(inner) not in seen:
            seen.add(id(inner))
            inner.with_traceback(_without_own(inner.__traceback__))
            inner = inner.__cause__ or inner.__context__


def at_boundary(verb: F) -> F:
    """A verb's function, whose errors are settled on their way out."""

    def bounded(*args: Any, **kwargs: Any) -> Any:
        try:
            return verb(*args, **kwargs)
        except Exception as error:
            settle(error)
            raise

    return bounded  # type: ignore[return-value]


def locate(error: PullbackError) -> PullbackError:
    """The same error, its message extended by the user's line; one that has a line already is left alone."""
    if getattr(error, "_located", False):
        return error
    error._located = True  # type: ignore[attr-defined]
    if isinstance(error, DifferentiabilityError) and error.diagnostics:
        return error
    places = _places(error.__traceback__)
    if not places:
        return error
    span = places[-1][0]
    message, help_text = str(error), ""
    if isinstance(error, DifferentiabilityError):
        message, _, help_text = message.partition("; ")
    notes: tuple[str, ...] = getattr(error, "notes", ())
    diagnostic = Diagnostic(error.id, message, span, notes=notes, help=help_text)
    error.args = ("\n" + diagnostic.render(),)
    if isinstance(error, DifferentiabilityError):
        error.diagnostics = (diagnostic,)
    return error


def _note(error: Exception) -> None:
    """Say which of the user's expressions the pullback was of, once."""
    if getattr(error, "_noted", False):
        return
    spans = [span for span, reverse in _places(error.__traceback__) if reverse]
    if not spans:
        return
    span = spans[-1]
    text = span.text()
    head = f"in the pullback of {span.filename}:{span.line}: "
    start, width = span.carets()
    indent = len(text) - len(text.lstrip())
    before, marked = head + text[indent:start], text[start : start + width]
    mark = " " * cells(before) + "^" * max(1, cells(marked))
    lines = [head + text.strip(), mark] if text.strip() else [head[:-2]]
    lines += [f"called at {c.filename}:{c.line}: {c.text().strip()}" for c in reversed(spans[:-1])]
    with contextlib.suppress(Exception):  # (an exception that cannot be changed, such as a frozen dataclass)
        error._noted = True  # type: ignore[attr-defined]
        error.add_note("\n".join(lines))


def _places(traceback: types.TracebackType | None) -> list[tuple[Span, bool]]:
    """The user's expressions that frames of generated code stand at, outermost first; whether in a reverse sweep."""
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_OWN):
            place = user_span(code, traceback.tb_lasti)
            if place is not None:
                found.append(place)
        traceback = traceback.tb_next
    return found


def _without_own(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """A traceback of the frames that are not this library's own: the user's, generated ones, other libraries'."""
    kept = []
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not filename.startswith((_OWN, *_RULES)):
            kept.append(traceback)
        traceback = traceback.tb_next
    made: types.TracebackType | None = None
    for entry in reversed(kept):
        made = types.TracebackType(made, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return made
