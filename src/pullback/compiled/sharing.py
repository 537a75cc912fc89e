"""Which names may stand for the same array, in compiled code: what the unit saw while it was made.

v = a[1:]            v and a share; numbers never do
"""

from __future__ import annotations

from pullback import ir
from pullback.compiled.unit import Unit
from pullback.kinds import Kind


class PlainSharing:
    """What `activity` and the sweeps ask of a `Sharing`."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.kinds: dict[str, Kind] = unit.kinds
        self.certain: set[int] = set()
        self.points: dict[int, str] = {}
        self.likely: set[int] = set()
        self.unseen: frozenset[int] = frozenset()
        self.doubtful: dict[int, frozenset[str]] = {}
        self.varied_between: frozenset[str] = frozenset()
        groups: dict[str, set[str]] = {}
        for name in unit.arrays:
            groups.setdefault(unit.root(name), set()).add(name)
        self.groups = {n: frozenset(g) for g in groups.values() for n in g}
        self.stored = {
            unit.root(s.obj.name) for s in ir.walk(unit.block) if isinstance(s, ir.Store) and isinstance(s.obj, ir.Var)
        }

        self.stores: dict[str, list[tuple[int, int, int]]] = {}  # for a root: places of stores, in loops the loop's
        self._collect(unit.block, None)

    def _collect(self, block: list[ir.Stmt], loop: tuple[int, int] | None) -> None:
        for stmt in block:
            if isinstance(stmt, ir.Store) and isinstance(stmt.obj, ir.Var):
                start, end = loop or (stmt.pos, stmt.pos)
                self.stores.setdefault(self.unit.root(stmt.obj.name), []).append((stmt.pos, start, end))
            inner = loop
            if loop is None and isinstance(stmt, (ir.For, ir.While)):
                inner = (stmt.pos, max(s.pos for s in ir.walk([stmt])))
            for nested in ir.blocks(stmt):
                self._collect(nested, inner)

    def stored_after(self, name: str, stmt: ir.Stmt) -> bool:
        """Whether a store into what a name holds may follow a statement."""
        if name not in self.unit.arrays:
            return False
        places = self.stores.get(self.unit.root(name), ())
        return any(pos > stmt.pos or start <= stmt.pos <= end for pos, start, end in places)

    def with_(self, name: str) -> frozenset[str]:
        """The names that may share with `name`, itself too."""
        return self.groups.get(name, frozenset({name}))

    def is_fixed(self, name: str) -> bool:
        """Whether a name holds a number."""
        return name not in self.unit.arrays

    def changes(self, name: str) -> bool:
        """Whether what a name holds may be changed in place."""
        return name in self.unit.arrays and self.unit.root(name) in self.stored

    def globals_changed(self, stmt: ir.Stmt) -> list[str]:
        """None: what stands outside is an input."""
        return []
