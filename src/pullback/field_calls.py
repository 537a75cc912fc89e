"""Calls of objects that a known object holds: the read of the field, and the call, as two statements.

    y = model.hidden(x)      ->      t = model.hidden; y = t(x)
"""

from __future__ import annotations

import types

from pullback import ir
from pullback.kinds import STRUCT, UNSET, kind_of
from pullback.operations import is_data_field, type_call


def split_field_calls(function: ir.FunctionIR) -> bool:
    """`obj.field(x)`, where an object known by its sample is called, as a read of the field and a call of it."""
    found = _split(function.body, function)
    if found:
        for position, stmt in enumerate(ir.walk(function.body)):
            stmt.pos = position
    return found


def _split(block: list[ir.Stmt], function: ir.FunctionIR) -> bool:
    found = False
    for stmt in list(block):
        for inner in ir.blocks(stmt) if not isinstance(stmt, ir.Try) else ():
            found |= _split(inner, function)
        if not isinstance(stmt, ir.Bind) or not isinstance(stmt.expr, ir.Apply) or stmt.expr.method is None:
            continue
        owner = stmt.facts.kinds[0]
        if stmt.facts.known or owner.sample is UNSET or not is_data_field(owner, stmt.expr.method):
            continue
        held = kind_of(getattr(owner.sample, stmt.expr.method, None))
        if held.mask != STRUCT or held.cls is None or not isinstance(type_call(held.cls), types.FunctionType):
            continue
        made = "_t0"
        number = 0
        while made in function.names:
            number += 1
            made = f"_t0{number}"
        function.names.add(made)
        e = stmt.expr
        read = ir.Bind(made, ir.Attr(e.callee, str(e.method)), stmt.span)
        block.insert(next(i for i, s in enumerate(block) if s is stmt), read)
        stmt.expr = ir.Apply(ir.Var(made), e.args, e.keywords, e.stars)
        found = True
    return found
