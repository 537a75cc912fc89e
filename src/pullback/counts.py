"""Stores in which nothing differentiated takes part: counters, flags, names that an object keeps.

def step(self, x):
    self.calls += 1         an int, where an int was: no derivative is lost whoever sees it

Such a store is no change, as far as derivatives go: it is run as it is written.
"""

from __future__ import annotations

from pullback import ir
from pullback.kinds import CONSTANT_MASK, Kind
from pullback.operations import stores_plainly


def is_count(stmt: ir.Stmt) -> bool:
    """Whether a statement stores what has no tangent in a field that holds none; `facts.kind` is what it held."""
    if not isinstance(stmt, ir.Store) or not stmt.attribute:
        return False
    obj, value, *_ = stmt.facts.kinds
    return _is_constant(value) and _is_constant(stmt.facts.kind) and stores_plainly(obj, stmt.key)


def _is_constant(kind: Kind) -> bool:
    return bool(kind.mask) and not kind.mask & ~CONSTANT_MASK
