"""Functions whose value jumps, and is flat in between: `round`, `//`, `argmax`. Their derivative is zero."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pullback import ir
from pullback.rules import callable_name

_ROUNDING: tuple[Any, ...] = (
    round, math.floor, math.ceil, math.trunc, np.floor, np.ceil, np.trunc, np.rint, np.round, np.fix, np.floor_divide,
    np.argmax, np.argmin, np.argsort, np.searchsorted, np.digitize,
)  # fmt: skip
_ROUNDING_METHODS = frozenset({"argmax", "argmin", "argsort", "round", "searchsorted"})


def rounding(stmt: ir.Bind) -> str:
    """What a statement is called whose result jumps, and is flat in between; empty for any other."""
    match stmt.expr:
        case ir.Operation(op="//"):
            return "`//`"
        case ir.Apply(method=str() as method) if method in _ROUNDING_METHODS and not stmt.facts.known:
            return f"`.{method}(...)`"
    if stmt.facts.known and any(stmt.facts.callee is f for f in _ROUNDING):
        return f"`{callable_name(stmt.facts.callee)}(...)`"
    return ""
