"""Where a derivative ends although the value goes on: roundings, conversions to ints, comparisons.

    round(x)                    jumps, and is flat in between: if nothing else leads to the result, a warning
    float(x > 0)                the same
    x.astype(int)               an array of ints, which has no tangent: if nothing else leads to the result, an error
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pullback import ir
from pullback.array_methods import method_entry
from pullback.kinds import INEXACT, NPINT, NUMERIC_MASK, UNKNOWN, UNSET, Kind
from pullback.rules import Entry, Rule, callable_name, lookup

_ROUNDING: tuple[Any, ...] = (
    round, math.floor, math.ceil, math.trunc, np.floor, np.ceil, np.trunc, np.rint, np.round, np.fix, np.floor_divide,
    np.argmax, np.argmin, np.argsort, np.searchsorted, np.digitize,
)  # fmt: skip
_ROUNDING_METHODS = frozenset({"argmax", "argmin", "argsort", "round", "searchsorted"})
_TELLING_NOTHING: tuple[Any, ...] = (len, type, id, isinstance, np.shape, np.ndim, np.size)  # of the numbers in a value


def rounding(stmt: ir.Bind) -> str:
    """What a statement is called whose result jumps, and is flat in between; empty for any other."""
    match stmt.expr:
        case ir.Operation(op="//"):
            return "`//`"
        case ir.Apply(method=str() as method) if method in _ROUNDING_METHODS and not stmt.facts.known:
            return f"`.{method}(...)`"
    if stmt.facts.known and any(stmt.facts.callee is f for f in _ROUNDING):
        return called(stmt.facts.callee)
    return ""


def flat(stmt: ir.Bind) -> str:
    """The same of any expression that computes with numbers and gives one without a tangent; empty for any other."""
    facts = stmt.facts
    if isinstance(stmt.expr, ir.Compare):
        return "a comparison"
    if not isinstance(stmt.expr, ir.Apply) or not facts.known or facts.varied:
        return ""
    whole = bool(facts.kind.mask) and not facts.kind.mask & NUMERIC_MASK & INEXACT.mask and facts.kind.numeric
    silent = any(facts.callee is f for f in _TELLING_NOTHING)
    return called(facts.callee) if whole and not silent else ""


def converts(stmt: ir.Bind) -> str:
    """What a statement is called that makes ints of numbers, and nothing but that; empty for any other."""
    facts = stmt.facts
    if not isinstance(stmt.expr, ir.Apply):
        return ""
    if facts.known and isinstance(facts.callee, type) and issubclass(facts.callee, (int, np.integer)):
        return "" if facts.callee is bool else called(facts.callee)
    entry = lookup(facts.callee) if facts.known else method_entry(facts.kinds[0], stmt.expr)
    rule = None if entry is None else entry.rule
    if entry is None or rule is None or facts.kind.mask != NPINT or "dtype" not in rule.signature.parameters:
        return ""
    return called(entry.function)


def called(function: Any) -> str:
    """How a message names a call of a function."""
    owner = getattr(function, "__objclass__", None)
    return f"`.{function.__name__}(...)`" if owner is np.ndarray else f"`{callable_name(function)}(...)`"


def in_dtype(made: Kind, entry: Entry, expr: ir.Apply, kinds: tuple[Kind, ...]) -> tuple[Kind, Kind | None]:
    """The kind of a library call's result where the call names a dtype, and the kind that tells of it, if one does.

    An array of ints has no tangent, whatever it was made of.
    """
    rule = entry.rule
    if rule is None or not made.mask & NUMERIC_MASK:
        return made, None
    given, told = _dtype(rule, entry, expr, kinds)
    if given is None:
        return made, told
    if given is UNSET:
        return UNKNOWN, told
    try:
        code = np.dtype(given).kind
    except TypeError:
        return made, told  # NumPy itself refuses it
    return (Kind(NPINT) if code in "iub" else made), told


def _dtype(rule: Rule, entry: Entry, expr: ir.Apply, kinds: tuple[Kind, ...]) -> tuple[Any, Kind | None]:
    """The dtype that a call names: None for none, UNSET where it is not known; and the kind that tells of it."""
    operands = [*expr.args, *(a for _, a in expr.keywords)]
    told = dict(zip(operands, kinds[1:], strict=True))
    owner = (expr.callee,) if expr.method is not None and kinds[0].value is UNSET else ()  # the array of a method
    if expr.stars or any(k is None for k, _ in expr.keywords):
        return UNSET if "dtype" in rule.signature.parameters else None, None
    try:
        bound = rule.signature.bind(*owner, *expr.args, **{str(k): a for k, a in expr.keywords}).arguments
    except TypeError:
        return None, None  # the call itself says what is wrong
    operand = bound.get("dtype")
    if operand is None and entry.function is np.full_like:
        mask = told[bound["a"]].mask
        return (int if mask == NPINT else UNSET if mask & NPINT else None), None
    if operand is None or isinstance(operand, ir.Lit):
        return (None if operand is None else operand.value), None
    kind = told[operand]
    return (kind.value, kind) if isinstance(kind.value, (type, np.dtype, str)) else (UNSET, None)
