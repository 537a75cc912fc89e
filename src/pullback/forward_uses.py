"""How often each name is read in the forward sweep: a temporary that is read once goes back into an expression.

    t = x * w; y = t + 1.0      t is read once: y = x * w + 1.0
"""

from __future__ import annotations

import ast
from typing import Any

from pullback import ir
from pullback.syntax import names_in


def count_uses(body: list[ir.Stmt]) -> dict[str, int]:
    """How often each name is read in the forward sweep."""
    uses: dict[str, int] = {}

    def read(a: Any) -> None:
        if isinstance(a, ir.Var):
            uses[a.name] = uses.get(a.name, 0) + 1

    for stmt in ir.walk(body):
        match stmt:
            case ir.Bind(expr=ir.Inert(node=node)):
                for n in ast.walk(node):
                    if isinstance(n, ast.Name):  # (kept as written: nothing goes back into it)
                        read(ir.Var(n.id))
                        read(ir.Var(n.id))
            case ir.Bind(expr=expr):
                for a in ir.atoms(expr):
                    read(a)
            case ir.Opaque(node=node) | ir.Raise(node=node):
                for identifier in names_in(node):
                    read(ir.Var(identifier))
                    read(ir.Var(identifier))
            case ir.Try(handlers=handlers):
                for handler in handlers:
                    for identifier in names_in(handler.type) if handler.type is not None else ():
                        read(ir.Var(identifier))
            case ir.While(test=test):
                for identifier in test.reads:
                    read(ir.Var(identifier))
                    read(ir.Var(identifier))
            case ir.BreakIf(flags=flags):
                for flag in flags:
                    read(ir.Var(flag))
            case _:
                for field in ("source", "item", "obj", "key", "value", "test", "iterable", "context"):
                    read(getattr(stmt, field, None))
    return uses
