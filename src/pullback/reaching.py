"""Which statements the result is computed from, backward through the function.

    k = g(x)            looked up, not computed with: a derivative does not go through `g`
    y = table[k]        computed with
    z = h(x)            nothing reads it
    return y * x
"""

from __future__ import annotations

from pullback import ir

Names = frozenset[str]


class Reaching:
    """The statements, by id, whose value reaches the result other than as an index or a condition."""

    def __init__(self, lowered: ir.FunctionIR) -> None:
        self.statements: set[int] = set()
        self.block(lowered.body, frozenset({lowered.result}))

    def block(self, block: list[ir.Stmt], useful: Names) -> Names:
        """What is useful before a block, of what is useful after it."""
        for stmt in reversed(block):
            useful = self.stmt(stmt, useful)
        return useful

    def stmt(self, stmt: ir.Stmt, useful: Names) -> Names:
        """What is useful before a statement."""
        match stmt:
            case ir.If():
                return self.block(stmt.body, useful) | self.block(stmt.orelse, useful)
            case ir.For() | ir.While():
                inside = useful
                while (more := inside | self.block(stmt.body, inside)) != inside:
                    inside = more
                drawn = isinstance(stmt, ir.For) and stmt.target in inside
                return inside | frozenset(ir.reads(stmt) if drawn else ())
            case ir.With():
                return self.block(stmt.body, useful) | frozenset(ir.reads(stmt))
            case ir.Try():
                useful = self.block(stmt.final, useful)
                for step in reversed(stmt.steps):
                    useful |= self.block(step.body, useful)
                return useful
            case ir.Store(obj=ir.Var(name=name)):
                return useful | frozenset(ir.reads(stmt)) if name in useful else useful
            case ir.Append():
                return useful | frozenset(ir.reads(stmt)) if stmt.target in useful else useful
            case ir.Bind() | ir.Unpack():
                return self.assignment(stmt, useful)
        return useful

    def assignment(self, stmt: ir.Bind | ir.Unpack, useful: Names) -> Names:
        """What is useful before an assignment."""
        if useful & frozenset(ir.assigned(stmt)):
            self.statements.add(id(stmt))
            return (useful - frozenset(ir.assigned(stmt))) | _operands(stmt)
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply) and useful & _operands(stmt):
            return useful | _operands(stmt)  # it may store one operand in another
        return useful


def _operands(stmt: ir.Stmt) -> Names:
    """The names that a statement computes with: not an index, nor the name of a function that is known."""
    if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Item):
        return frozenset({stmt.expr.obj.name} if isinstance(stmt.expr.obj, ir.Var) else ())
    names = frozenset(ir.reads(stmt))
    if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply) and stmt.facts.known:
        names -= {a.name for a in (stmt.expr.callee,) if isinstance(a, ir.Var)}
    return names
