"""Methods and attributes of arrays, where a value is known to be an array: calls of known functions.

    x.sum(axis=0)     ->     <ndarray.sum>(x, axis=0)     its rule is put in place, as that of `np.sum` is
    x.T               ->     <np.transpose>(x)

Kinds must have settled: in a loop, what looks like an array at first need not stay one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback import ir
from pullback.kinds import ARRAY, INT, INT_KIND, TUPLE, UNSET, Kind, known
from pullback.names import INTERNAL
from pullback.rules import Entry, lookup

_ATTRIBUTES = {"T": np.transpose, "mT": np.matrix_transpose}
SHAPE_KIND = Kind(TUPLE, int)  # a tuple of ints
# Methods of arrays and of NumPy's scalars alike, where a function takes either:
_FUNCTIONS = {f.__name__: f for f in (np.sum, np.mean, np.prod, np.max, np.min, np.std, np.var)}
_CONSTANTS = {"shape": SHAPE_KIND, "strides": SHAPE_KIND, "ndim": INT_KIND, "size": INT_KIND, "nbytes": INT_KIND}


def method_entry(owner: Kind, expr: ir.Apply) -> Entry | None:
    """The entry of an array's method that has a rule, where the method is called as the rule expects."""
    if not owner.numpy or owner.value is not UNSET or expr.method is None or expr.stars:
        return None
    if any(k in (None, "out") for k, _ in expr.keywords):
        return None
    function = getattr(np.ndarray, expr.method, None) if owner.mask == ARRAY else _FUNCTIONS.get(expr.method)
    entry = lookup(function) if function is not None else None
    if entry is None or entry.vjps or (entry.rule is None and not entry.constant):
        return None
    return entry


def attribute_function(owner: Kind, name: str) -> Any:
    """The function that computes what an attribute of an array is, or None."""
    found = _ATTRIBUTES.get(name) if owner.mask == ARRAY and owner.value is UNSET else None
    if found is None:
        return None
    ours, theirs = lookup(found), lookup(getattr(np.ndarray, name))
    replaced = [e for e in (ours, theirs) if e is not None and e.vjps]
    return None if replaced else found


def constant_attribute(owner: Kind, name: str) -> Kind | None:
    """The kind of an array's attribute that has no derivative."""
    return _CONSTANTS.get(name) if owner.numpy and owner.value is UNSET else None


def item_of_shape(owner: Kind, index: Kind) -> Kind | None:
    """The kind of an item of a tuple of ints."""
    if owner.mask != TUPLE or owner.cls is not int:
        return None
    return INT_KIND if index.mask == INT else SHAPE_KIND if index.cls is slice else None


def settle_array_methods(function: ir.FunctionIR) -> None:
    """Make them calls of the functions that they are."""
    for stmt in ir.walk(function.body):
        if not isinstance(stmt, ir.Bind) or not stmt.facts.kinds:
            continue
        expr, owner = stmt.expr, stmt.facts.kinds[0]
        if isinstance(expr, ir.Apply) and not stmt.facts.known and expr.method is not None:
            entry = method_entry(owner, expr)
            if entry is not None:
                space = "ndarray" if owner.mask == ARRAY else "np"
                callee = _internal(f"<{space}.{expr.method}>", entry.function)
                _replace(stmt, ir.Apply(callee, (expr.callee, *expr.args), expr.keywords), entry.function)
        elif isinstance(expr, ir.Attr):
            found = attribute_function(owner, expr.name)
            if found is not None:
                _replace(stmt, ir.Apply(_internal(f"<np.{found.__name__}>", found), (expr.obj,)), found)


def _internal(name: str, function: Any) -> ir.Var:
    INTERNAL.setdefault(name, function)
    return ir.Var(name)


def _replace(stmt: ir.Bind, call: ir.Apply, function: Any) -> None:
    stmt.expr = call
    stmt.facts.kinds = (known(function), *stmt.facts.kinds)
    stmt.facts.known, stmt.facts.callee = True, function
