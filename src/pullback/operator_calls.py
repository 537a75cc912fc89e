"""Calls of Python's `operator` module that are what a statement or an expression of the language is.

    operator.setitem(a, i, v)     ->     a.__setitem__(i, v)          as `a[i] = v`
    operator.imul(a, b)           ->     a *= b, whose value is the result
    operator.getitem(a, i)        ->     a[i]
    operator.add(a, b)            ->     a + b, of what is not known to be numbers

So what they change, and what they hand out a part of, is known as it is of the syntax. Where such a function is known
at run time only, Python code stands for it (`rulebook/operator_changes.py`).
"""

from __future__ import annotations

import operator
from typing import Any

from pullback import ir
from pullback.kinds import Kind
from pullback.operations import BINARY_FUNCTIONS, INPLACE_FUNCTIONS
from pullback.rules import lookup

_IN_PLACE: dict[Any, str] = {operator.iconcat: "+", **{f: op for op, f in INPLACE_FUNCTIONS.items()}}
_NEW: dict[Any, str] = {operator.concat: "+", **{f: op for op, f in BINARY_FUNCTIONS.items()}}
_STORES: dict[Any, tuple[str, int]] = {operator.setitem: ("__setitem__", 3), operator.delitem: ("__delitem__", 2)}


def as_syntax(function: ir.FunctionIR) -> bool:
    """Write the calls of these functions as what they do; whether there were any."""
    found = False
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply) and stmt.facts.known:
            written = _written(stmt.facts.callee, stmt.expr, stmt.facts.kinds[1:])
            if written is not None:
                stmt.expr = written
                stmt.facts.known, stmt.facts.callee = False, None
                found = True
    return found


def _written(callee: Any, call: ir.Apply, kinds: tuple[Kind, ...]) -> ir.Expr | None:
    if getattr(callee, "__module__", "") != "_operator" or call.stars or call.keywords:
        return None
    entry = lookup(callee)
    if entry is not None and entry.vjps:
        return None  # a user's derivative
    args = call.args
    if callee is operator.getitem and len(args) == 2:
        return ir.Item(*args)
    if callee in _STORES and len(args) == _STORES[callee][1]:
        return ir.Apply(args[0], args[1:], method=_STORES[callee][0])
    if callee in _IN_PLACE and len(args) == 2:
        return ir.Operation(_IN_PLACE[callee], args, inplace=isinstance(args[0], ir.Var))
    if callee in _NEW and len(args) == 2 and not all(k.numeric for k in kinds):
        return ir.Operation(_NEW[callee], args)
    return None
