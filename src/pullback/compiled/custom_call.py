"""A call whose pullback is statements that the reverse sweep takes in.

    y = custom(t1, x)        y is t1;  d_x += <the statements of the pullback, of d_y>
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pullback import ir


@dataclass(eq=False)
class CustomCall:
    """What the reverse sweep does: the name of the cotangent, statements, and the operands' tangents."""

    cotangent: str
    block: list[ir.Stmt]
    tangents: tuple[ir.Atom | None, ...]  # None where the statements have added it to the array's adjoint
    shadows: dict[str, str] = field(default_factory=dict)  # names that stand for the adjoints of arrays

    again: Callable[[Any, Any], list[Any]] | None = None  # (a flattener, a cotangent) -> the operands' tangents, anew
    hook: bool = False  # whether it is a hook on a value that goes through
    name: str = ""  # of the function; operands without a tangent here have none by its rule

    __name__ = "custom"

    def outside(self) -> set[str]:
        """The names that the statements read, and that are not their own."""
        own = {n for s in ir.walk(self.block) for n in ir.assigned(s)} | {self.cotangent}
        found: set[str] = set()
        for stmt in ir.walk(self.block):
            if isinstance(stmt, ir.Bind):
                found |= {a.name for a in ir.atoms(stmt.expr) if isinstance(a, ir.Var)}
            elif isinstance(stmt, ir.If) and isinstance(stmt.test, ir.Var):
                found.add(stmt.test.name)
        found |= {t.name for t in self.tangents if isinstance(t, ir.Var)}
        return found - own - self.shadows.keys()


class Renamed(ast.NodeTransformer):
    """Puts other expressions in the place of names."""

    def __init__(self, names: dict[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> Any:  # ast's own naming
        """A name that is read."""
        return self.names.get(node.id, node) if isinstance(node.ctx, ast.Load) else node
