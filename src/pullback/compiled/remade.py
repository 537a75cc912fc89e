"""Residuals that the reverse sweep computes again: a sum or product costs less than room for it in every iteration.

    for i in range(n):                    kept in a buffer: x
        x = ...                           x_ = _p1_f[_p1, 0]
        y = x * k                         y = x_ * k,  where k stays as it is

Only what stands in the loop's own block is made again, of values that are kept, or that nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pullback import ir
from pullback.compiled.unit import Unit
from pullback.residuals import Region

_CHEAP = frozenset({"+", "-", "*", "neg", "pos"})


@dataclass
class Remade:
    """What is known of a function's names: how often they are assigned, and which of them in a loop."""

    counts: dict[str, int] = field(default_factory=dict)
    looped: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, body: list[ir.Stmt]) -> Remade:
        """Look at a function."""
        found = cls()
        for stmt in ir.walk(body):
            for name in ir.assigned(stmt):
                found.counts[name] = found.counts.get(name, 0) + 1
            if isinstance(stmt, (ir.For, ir.While)):
                found.looped.update(n for s in [stmt, *ir.walk(stmt.body)] for n in ir.assigned(s))
        return found

    def statements(self, region: Region, unit: Unit, kept: list[str], index: str | None) -> list[ir.Bind]:
        """The statements of a loop that its reverse sweep runs again, in order."""
        assert region.stmt is not None
        ready = {k for k in kept if k in unit.types} | ({index} if index is not None else set())
        made: list[ir.Bind] = []
        for stmt in region.stmt.body:
            if not isinstance(stmt, ir.Bind) or stmt.target not in kept or self.counts.get(stmt.target) != 1:
                continue
            if not isinstance(stmt.expr, ir.Operation) or stmt.target not in unit.types:
                continue
            still = not any(isinstance(a, ir.Var) and a.name in self.looped for a in stmt.expr.args)
            if stmt.expr.op not in _CHEAP and not (stmt.expr.op == "/" and still):
                continue  # (a quotient of what does not change moves out of the loop)
            if all(self._there(a, unit, ready) for a in stmt.expr.args):
                made.append(stmt)
        return made

    def _there(self, atom: ir.Atom, unit: Unit, ready: set[str]) -> bool:
        """Whether the reverse sweep has an operand, with the value that it had."""
        if isinstance(atom, ir.Lit):
            return True
        name = atom.name
        if name not in unit.types:
            return False
        if name in self.looped:
            return name in ready and self.counts[name] == 1
        return self.counts.get(name, 0) <= 1
