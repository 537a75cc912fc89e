"""Which values are *useful*: the result depends on them, by something that may have a derivative.

    def h(x):               going up from the result: `y` is useful, and so is `x`
        y = x * 2.0
        z = y * y           `z` is not
        return y

The reverse sweep needs no such analysis, as it starts at the result; this one is for those who want to see it.
"""

from __future__ import annotations

from pullback import ir
from pullback.sharing import Sharing

Names = frozenset[str]


def useful_names(function: ir.FunctionIR, sharing: Sharing, changed: Names) -> tuple[dict[int, Names], Names]:
    """The names that are useful right after each statement (by id), in any iteration; and those at the beginning.

    `changed` are the names whose value the caller finds changed: they are results too.
    """
    analysis = _Useful(sharing)
    start = analysis.block(function.body, frozenset({function.result}) | changed)
    return analysis.after, start


class _Useful:
    def __init__(self, sharing: Sharing) -> None:
        self.sharing = sharing
        self.after: dict[int, Names] = {}

    def block(self, block: list[ir.Stmt], live: Names) -> Names:
        """The names that are useful before a block, from those after it."""
        for stmt in reversed(block):
            self.after[id(stmt)] = self.after.get(id(stmt), frozenset()) | live
            live = self.stmt(stmt, live)
        return live

    def stmt(self, stmt: ir.Stmt, live: Names) -> Names:
        match stmt:
            case ir.Bind():
                changed = self.changed(stmt) & live
                if stmt.target not in live and not changed:
                    return live
                rest = live - {stmt.target} if stmt.target not in self.changed(stmt) else live
                return rest | reads(stmt)
            case ir.Unpack():
                return (live - set(stmt.targets)) | reads(stmt) if live & set(stmt.targets) else live
            case ir.Append():
                return live | reads(stmt) if stmt.target in live or self.changed(stmt) & live else live
            case ir.Store():
                return live | reads(stmt) if self.changed(stmt) & live else live
            case ir.If():
                return self.block(stmt.body, live) | self.block(stmt.orelse, live)
            case ir.For() | ir.While():
                return self.loop(stmt, live)
            case ir.With():
                return self.block(stmt.body, live)
            case ir.Try():
                final = self.block(stmt.final, live)
                steps = final
                for step in reversed(stmt.steps):  # an exception may end any of them
                    steps = steps | self.block(step.body, steps)
                return steps
            case ir.Opaque():
                return live - stmt.writes
            case ir.Raise() | ir.BreakIf():
                return live

    def loop(self, stmt: ir.For | ir.While, live: Names) -> Names:
        head = live
        while True:
            start = self.block(stmt.body, head)
            if isinstance(stmt, ir.For) and isinstance(stmt.iterable, ir.Var) and stmt.target in start:
                start |= {stmt.iterable.name}
            if start <= head | {getattr(stmt, "target", "")}:
                self.after[id(stmt)] |= start
                return head
            head |= start - {getattr(stmt, "target", "")}

    def changed(self, stmt: ir.Stmt) -> Names:
        """The names whose value a statement may change in place."""
        name = self.sharing.points.get(id(stmt))
        if name is None and isinstance(stmt, ir.Store) and isinstance(stmt.obj, ir.Var):
            name = stmt.obj.name
        return frozenset() if name is None else frozenset(self.sharing.with_(name)) | {name}


def reads(stmt: ir.Stmt) -> Names:
    """The names that a statement computes with; a comparison makes nothing that has a derivative."""
    match stmt:
        case ir.Bind(expr=ir.Compare() | ir.Inert()):
            return frozenset()
        case ir.Bind():
            found = ir.atoms(stmt.expr)
        case ir.Unpack():
            found = (stmt.source,)
        case ir.Append():
            found = (stmt.item,)
        case ir.Store():
            found = (stmt.obj, stmt.value)
        case ir.For():
            found = (stmt.iterable,)
        case _:
            found = ()
    return frozenset(a.name for a in found if isinstance(a, ir.Var))
