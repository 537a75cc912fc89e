"""What `gradient` and the other verbs return in a function, and what that returns when it is called.

    g = gradient(loss)          g changes nothing that it is given, or is refused
    w -= 0.1 * g(w)             what it returns is new
"""

from __future__ import annotations

from typing import Any

from pullback import ir

_MODULES = ("pullback.operators", "pullback.forward_verbs", "pullback.second_order")
_OF_NUMBERS = ("gradient", "value_with_gradient", "jacobian", "hessian", "hvp")  # whose results share nothing


def is_verb(stmt: ir.Stmt) -> bool:
    """Whether a statement calls `gradient`, `pullback` or another of the verbs."""
    return isinstance(stmt, ir.Bind) and getattr(_called(stmt), "__module__", "") in _MODULES


def _called(stmt: ir.Bind) -> Any:
    """The function that a call is known to run: in forward mode, the one that `call_differential` is given."""
    if not stmt.facts.known:
        return None
    given = hasattr(stmt.facts.callee, "gives_pair") and len(stmt.facts.kinds) > 1
    return stmt.facts.kinds[1].value if given else stmt.facts.callee


def made_by_verbs(lowered: ir.FunctionIR) -> frozenset[str]:
    """The names of what verbs return, and of what that returns in turn, such as pullbacks."""
    found: set[str] = set()
    count = -1
    while len(found) > count:
        count = len(found)
        for stmt in ir.walk(lowered.body):
            match stmt:
                case ir.Bind(expr=ir.Apply() as call):
                    source: ir.Atom | None = callee_of(stmt, call)
                case ir.Bind(expr=ir.Copy(source=source)) | ir.Unpack(source=source):
                    pass
                case ir.Bind(expr=ir.Item(obj=source) | ir.Attr(obj=source)):
                    pass
                case _:
                    source = None
            if is_verb(stmt) or (isinstance(source, ir.Var) and source.name in found):
                found.update(ir.assigned(stmt))
    return frozenset(found)


def callee_of(stmt: ir.Bind, call: ir.Apply) -> ir.Atom:
    """What is called: in forward mode, `call_differential` is given it."""
    given = stmt.facts.known and hasattr(stmt.facts.callee, "gives_pair") and call.args
    return call.args[0] if given else call.callee


def gives_new_values(function: ir.FunctionIR) -> frozenset[str]:
    """The names that only ever hold what `gradient` and the like return: a function whose results are new.

    In forward mode it comes with its tangent, which is unpacked.
    """
    found: set[str] = set()
    others: set[str] = set(function.parameters)
    for stmt in ir.walk(function.body):
        source = stmt.source if isinstance(stmt, ir.Unpack) else None
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply) and stmt.expr.callee == ir.Var("<iterated>"):
            source = stmt.expr.args[0]
        new = isinstance(source, ir.Var) and source.name in found
        new = new or (is_verb(stmt) and isinstance(stmt, ir.Bind) and _called(stmt).__name__ in _OF_NUMBERS)
        (found if new else others).update(ir.assigned(stmt))
    return frozenset(found - others)
