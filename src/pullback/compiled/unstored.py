"""Arrays that nothing may be stored into: what was made of them is a copy, where Python's shares with them.

    b = a.reshape(-1); a[0] = x           refused
    rows.append(a); a[0] = x              refused
    a = np.zeros(2); a[0] = x; rows.append(a)     as good as in Python: it is copied after that
"""

from __future__ import annotations

from pullback import ir
from pullback.compiled.unit import Block, Unit
from pullback.compiled.values import refuse

Place = tuple[int, tuple[int, ...]]  # the position of a statement, and the loops that it stands in


def refuse_stores(unit: Unit) -> None:
    """Refuse what is stored into such an array. Found once all statements are there."""
    if not unit.unstored:
        return
    places: dict[int, Place] = {}
    bound: dict[str, list[Place]] = {}  # for a root: where its names are assigned
    stores: list[ir.Store] = []
    _collect(unit, unit.block, (), places, bound, stores)
    for rule in unit.unstored:
        if rule.after is not None and id(rule.after) not in places:
            continue  # (it was made on the way to the form of a loop)
        roots = {unit.root(n) for n in rule.names}
        for store in stores:
            if isinstance(store.obj, ir.Var) and unit.root(store.obj.name) in roots:
                if rule.after is not None and _is_before(unit, store, rule.after, places, bound):
                    continue
                raise refuse(rule.message, rule.span)


def _collect(
    unit: Unit, block: Block, loops: tuple[int, ...], places: dict[int, Place], bound: dict[str, list[Place]],
    stores: list[ir.Store],
) -> None:  # fmt: skip
    for stmt in block:
        places[id(stmt)] = (len(places), loops)
        for name in ir.assigned(stmt):
            if name in unit.arrays:
                bound.setdefault(unit.root(name), []).append(places[id(stmt)])
        if isinstance(stmt, ir.Store) and id(stmt) not in unit.list_stores:
            stores.append(stmt)
        inside = (*loops, id(stmt)) if isinstance(stmt, (ir.For, ir.While)) else loops
        for inner in ir.blocks(stmt):
            _collect(unit, inner, inside, places, bound, stores)


def _is_before(
    unit: Unit, store: ir.Store, stmt: ir.Stmt, places: dict[int, Place], bound: dict[str, list[Place]]
) -> bool:
    """Whether a store is over before a statement runs, in each iteration of the loops that both stand in."""
    assert isinstance(store.obj, ir.Var)
    (first, own), (second, theirs) = places[id(store)], places[id(stmt)]
    common = [a for a, b in zip(own, theirs, strict=False) if a == b]
    if first > second:
        return False
    made = bound.get(unit.root(store.obj.name), [])
    return not common or (bool(made) and all(common[-1] in loops for _, loops in made))
