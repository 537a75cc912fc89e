"""What refers to a value that is differentiated only later, when it is changed.

    def f(data, k):              only k is differentiated
        b = data.copy()
        pairs = enumerate(b)     b is a constant here, yet what is drawn from `pairs` after
        b[1] += k                this is not

Arrays, containers and objects have their adjoints by identity. An iterator or a partial that was made of a constant
does not know of any, so it is made as if `b` were differentiated already. So is a generator of constants, where its
caller stores something in what it hands out: it may go on with that.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from inspect import CO_GENERATOR
from typing import Any

from pullback import ir
from pullback.kinds import OTHER
from pullback.lower_generators import is_generator
from pullback.rules import lookup
from pullback.source import FunctionNode

_ITERATED = ir.Var("<iterated>")


def refers(stmt: ir.Bind, closures: Mapping[str, FunctionNode]) -> bool:
    """Whether the result of a statement may refer to its operands without being a container or object."""
    expr, facts = stmt.expr, stmt.facts
    if not isinstance(expr, ir.Apply):
        return False
    if expr.callee == _ITERATED:
        return True
    if not facts.known:
        node = closures.get(expr.callee.name) if isinstance(expr.callee, ir.Var) and expr.method is None else None
        return node is not None and is_generator(node)
    return _makes_reference(facts.callee, facts.kind.mask)


def _makes_reference(callee: Any, mask: int) -> bool:
    if callee is iter or callee is functools.partial:
        return True
    if isinstance(callee, type):
        return hasattr(callee, "__next__") and callee.__module__ in ("builtins", "itertools")
    if isinstance(callee, types.MethodType):
        callee = callee.__func__
    if not isinstance(callee, types.FunctionType) or lookup(callee) is not None:
        return False
    return bool(callee.__code__.co_flags & CO_GENERATOR) or not mask & ~OTHER


def refer_late(function: ir.FunctionIR, closures: Mapping[str, FunctionNode], varied_later: frozenset[str]) -> set[int]:
    """The statements of `function` that so refer to one of the names."""
    found = set()
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind) and refers(stmt, closures):
            operands = zip(ir.atoms(stmt.expr), stmt.facts.active, strict=False)
            if stmt.target in varied_later and not any(stmt.facts.active):
                found.add(id(stmt))  # what it hands out is stored in
            if any(isinstance(a, ir.Var) and a.name in varied_later and not flag for a, flag in operands):
                found.add(id(stmt))
    return found
