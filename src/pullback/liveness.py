"""Which names are read later: only their tangents must agree where paths meet.

    if c:  t = x * x; y = t         y is live after the conditional, t is not
    else:  y = x
    return y
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pullback import ir

Names = frozenset[str]


@dataclass(slots=True)
class Liveness:
    """The names read after a compound statement, and at the head of a loop, by the statement's id."""

    after: dict[int, Names] = field(default_factory=dict)
    head: dict[int, Names] = field(default_factory=dict)


def liveness(function: ir.FunctionIR) -> Liveness:
    """Backward through the blocks; in a loop until nothing changes."""
    found = Liveness()
    _block(function.body, frozenset({function.result}), found)
    return found


def useful_names(function: ir.FunctionIR, changing: frozenset[int] = frozenset()) -> set[str]:
    """The names that the result may depend on, wherever assigned; `changing` statements store what they read."""
    useful = {function.result}
    statements = list(ir.walk(function.body))
    while True:
        before = len(useful)
        for stmt in statements:
            stores = isinstance(stmt, ir.Store) or id(stmt) in changing
            stores = stores or (isinstance(stmt, ir.Bind) and stmt.facts.stores)
            if stores or any(n in useful for n in ir.assigned(stmt)):
                useful |= reads_of(stmt)
        if len(useful) == before:
            return useful


def _names(atoms: tuple[ir.Atom | None, ...]) -> Names:
    return frozenset(a.name for a in atoms if isinstance(a, ir.Var))


def reads_of(stmt: ir.Stmt) -> Names:
    """The names that a statement itself reads, not its blocks."""
    match stmt:
        case ir.Bind(expr=expr):
            return _names(ir.atoms(expr))
        case ir.Opaque(reads=reads) | ir.Raise(reads=reads) | ir.While(test=ir.Inert(reads=reads)):
            return reads
        case ir.BreakIf(flags=flags):
            return frozenset(flags)
    fields = ("source", "item", "obj", "key", "value", "test", "iterable", "context")
    return _names(tuple(getattr(stmt, f, None) for f in fields))


def _block(block: list[ir.Stmt], live: Names, found: Liveness) -> Names:
    for stmt in reversed(block):
        live = _before(stmt, live, found)
    return live


def _before(stmt: ir.Stmt, live: Names, found: Liveness) -> Names:
    match stmt:
        case ir.If(body=body, orelse=orelse):
            found.after[id(stmt)] = live
            return _block(body, live, found) | _block(orelse, live, found) | reads_of(stmt)
        case ir.For() | ir.While():
            found.after[id(stmt)] = live
            head = live | reads_of(stmt)
            while True:
                again = head | (_block(stmt.body, head, found) - frozenset(ir.assigned(stmt)))
                if again == head:
                    break
                head = again
            found.head[id(stmt)] = head
            return head
        case ir.With(body=body):
            return (_block(body, live, found) - frozenset(ir.assigned(stmt))) | reads_of(stmt)
        case ir.Try():  # its blocks may be left anywhere: whatever it names is live in all of it
            inside = list(ir.walk([*stmt.steps, *stmt.final]))
            named = frozenset().union(*(reads_of(s) | frozenset(ir.assigned(s)) for s in inside))
            for block in (*(s.body for s in stmt.steps), stmt.final):
                _block(block, live | named, found)
            return live | named
        case ir.Append() | ir.Opaque():
            return live | reads_of(stmt) | frozenset(ir.assigned(stmt))
    return (live - frozenset(ir.assigned(stmt))) | reads_of(stmt)
