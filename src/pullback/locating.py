"""Errors raised while generated code runs are given the user's line on their way out.

Generated code is compiled with the user's file name and positions, so the frame that failed knows the
expression it came from.
"""

from __future__ import annotations

import types
from pathlib import Path

from pullback.errors import DifferentiabilityError, PullbackError
from pullback.spans import Diagnostic, Span

_OWN = str(Path(__file__).parent)


def locate(error: PullbackError) -> PullbackError:
    """The same error, its message extended by the user's line; one that has a line already is left alone."""
    if getattr(error, "_located", False):
        return error
    error._located = True  # type: ignore[attr-defined]
    if isinstance(error, DifferentiabilityError) and error.diagnostics:
        return error
    span = _user_span(error.__traceback__)
    if span is None:
        return error
    message, help_text = str(error), ""
    if isinstance(error, DifferentiabilityError):
        message, _, help_text = message.partition("; ")
    diagnostic = Diagnostic(error.id, message, span, help=help_text)
    error.args = ("\n" + diagnostic.render(),)
    if isinstance(error, DifferentiabilityError):
        error.diagnostics = (diagnostic,)
    return error


def _user_span(traceback: types.TracebackType | None) -> Span | None:
    """The expression of the innermost frame outside this package that runs generated code."""
    found = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        guarded = "EPOCH" in (*code.co_freevars, *code.co_names, *code.co_varnames)
        generated = guarded or code.co_name.endswith(("_forward", "_reverse"))
        if generated and not code.co_filename.startswith(_OWN):
            found = _span(code, traceback.tb_lasti)
        traceback = traceback.tb_next
    return found


def _span(code: types.CodeType, offset: int) -> Span | None:
    for index, (line, end_line, column, end_column) in enumerate(code.co_positions()):
        if index == offset // 2 and line is not None:
            return Span(code.co_filename, line, column or 0, end_line or line, end_column or (column or 0) + 1)
    return None
