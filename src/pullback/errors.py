"""The exceptions and warnings of the library, each with a message that says what to do.

Before: `raise TypeError("bad argument")`. After: a `PullbackError` subclass whose text names the
user's line; a `DifferentiabilityError` carries the `Diagnostic`s it was rendered from.
"""

from __future__ import annotations

import warnings
from typing import Any

from pullback.spans import Diagnostic, render_all


class PullbackError(Exception):
    """Base class of every error this library raises on its own account; `id` names its kind of diagnostic."""

    id = "argument"

    def __init__(self, *args: object, id: str = "") -> None:
        super().__init__(*args)
        self.id = id or self.id


class DifferentiabilityError(PullbackError, TypeError):
    """A function, or a value in it, has no derivative; the message names the user's line."""

    id = "no-derivative"

    def __init__(self, *diagnostics: Diagnostic | str, id: str = "") -> None:
        self.diagnostics = tuple(d for d in diagnostics if isinstance(d, Diagnostic))
        text = "; ".join(d for d in diagnostics if isinstance(d, str))
        super().__init__(text + (render_all(list(self.diagnostics)) if self.diagnostics else ""), id=id)
        if self.diagnostics:
            self.id = self.diagnostics[0].id


class ArgumentError(PullbackError, TypeError, ValueError):
    """A verb was called with arguments it cannot differentiate (`wrt`, ints, non-scalar results)."""


class CotangentError(PullbackError, ValueError, TypeError):
    """A cotangent, or a tangent a rule returned, does not have the structure of its primal."""

    id = "cotangent"


class RuleError(PullbackError, ValueError, TypeError):
    """A registered derivative is malformed, or is registered twice."""

    id = "rule"


class WrongRuleError(PullbackError, AssertionError):
    """A registered derivative is not that of its function; the message names the rule's line."""

    id = "wrong-rule"


class ChangedValueError(PullbackError, RuntimeError):
    """A value changed between the forward sweep and the pullback, so no right answer exists."""

    id = "changed-value"


class AuditWarning(UserWarning):
    """A rule could not be checked in an audit."""


class NotFiniteError(PullbackError, FloatingPointError):
    """Inside `debug_nans`, a line made a NaN or an infinity; the message names it and its operands."""

    id = "not-finite"
    notes: tuple[str, ...] = ()


class ZeroDerivativeWarning(UserWarning):
    """A result does not depend on the differentiated arguments: its derivative is always zero."""


# Under this name an exception holds the function that it left in the middle, if that changes something in place.
CHANGED = "_pullback_changed"

_REGISTRY: dict[tuple[str, int], dict[Any, Any]] = {}  # by line: what has been warned of


def warn_of(diagnostic: Diagnostic) -> None:
    """Warn that a derivative is always zero, once for each line; raise where that is an error."""
    if diagnostic.severity == "error":
        raise DifferentiabilityError(diagnostic)
    span = diagnostic.span
    if span is None:  # (of a class whose text cannot be read)
        warnings.warn("\n" + diagnostic.render(), ZeroDerivativeWarning, stacklevel=4)
        return
    registry = _REGISTRY.setdefault((span.filename, span.line), {})
    warnings.warn_explicit(
        "\n" + diagnostic.render(), ZeroDerivativeWarning, span.filename, span.line, registry=registry
    )
