"""Captured names that are assigned again while a closure over them may still be called.

    f = lambda t: t * y
    y = y + 1                f sees the new y: what f pulls back belongs to neither version alone
"""

from __future__ import annotations

from pullback import ir
from pullback.lower_generators import is_generator
from pullback.spans import Span


def group_functions(block: list[ir.Stmt]) -> None:
    """Local functions that call ones made after them: these are theirs as much as their captures are.

        def even(n): ... odd(n - 1)        even captures odd, which does not exist yet: it is bound once,
        def odd(n): ... even(n - 1) * x    and nothing that odd captures changes in between
    """
    made = [(i, s, s.expr) for i, s in enumerate(block) if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Closure)]
    times = [n for s in block for inner in ir.walk([s]) for n in ir.assigned(inner)]
    later = {s.target: (i, expr) for i, s, expr in made if times.count(s.target) == 1}
    for place, stmt, expr in made:
        captures, group = set(expr.captures), set[str]()
        while True:
            new = {n for n in captures - group if n in later and later[n][0] > place}
            if not new:
                break
            group |= new
            for n in new:
                captures |= set(later[n][1].captures)
        if not group:
            continue
        last = max(later[n][0] for n in group)
        outside = captures - group
        between = {n for s in block[place + 1 : last] for inner in ir.walk([s]) for n in ir.assigned(inner)}
        if not outside & between - {stmt.target}:
            whole = tuple(sorted(outside))
            stmt.expr = ir.Closure(expr.node, whole, expr.defaults, frozenset(group))
    for outer in block:
        for inner_block in ir.blocks(outer):
            group_functions(inner_block)


def rebound_captures(body: list[ir.Stmt]) -> dict[str, Span]:
    """Captured names that are assigned again while a closure over them may still be called."""
    found: dict[str, Span] = {}
    loops: list[tuple[int, int, set[int]]] = []
    ordered = list(ir.walk(body))
    for stmt in ordered:
        if isinstance(stmt, (ir.For, ir.While)):
            inside = list(ir.walk(stmt.body))
            loops.append((stmt.pos, inside[-1].pos if inside else stmt.pos, {s.pos for s in inside}))
    loops_at = {start: (start, end, inner) for start, end, inner in loops}
    arms = _arms(body)
    assigns: dict[str, list[ir.Stmt]] = {}
    for stmt in ordered:
        for name in ir.assigned(stmt):
            assigns.setdefault(name, []).append(stmt)
    for stmt in ordered:
        if not (isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Closure)):
            continue
        names = _aliases(stmt, ordered)
        escapes = any(_escapes(n, ordered) for n in names)
        used = [s for s in ordered if s is not stmt and any(_reads(s, n) for n in names)]
        drawn_in = [loops_at[s.pos] for s in used if isinstance(s, ir.For) and s.pos in loops_at]
        for name in stmt.expr.captures:
            for other in assigns.get(name, []):
                if other is stmt or (isinstance(other, ir.Bind) and name == stmt.target):
                    continue
                in_loop = any(_inside(stmt, loop) and _inside(other, loop) for loop in loops)
                later = other.pos > stmt.pos and not _exclusive(arms[id(stmt)], arms[id(other)])
                called_after = escapes or any(
                    (use.pos > other.pos and not _exclusive(arms[id(use)], arms[id(other)]))
                    or any(_inside(use, loop) and _inside(other, loop) and not _inside(stmt, loop) for loop in loops)
                    for use in used
                ) or any(_inside(other, loop) for loop in drawn_in)
                if (later and called_after) or (in_loop and escapes):
                    found[name] = other.span
    return found


# Calls whose result goes on calling a function that they are given, when items are drawn from it.
_LAZY = frozenset({
    "map", "filter", "zip", "enumerate", "iter", "chain", "islice", "cycle", "takewhile", "dropwhile", "starmap",
    "accumulate", "pairwise", "zip_longest", "filterfalse", "compress", "product", "groupby", "partial", "tee",
    "<iterated>",
})  # fmt: skip


def _aliases(made: ir.Bind, ordered: list[ir.Stmt]) -> set[str]:
    """The names through which a closure may be called: its own, and those of iterators that call it."""
    names = {made.target}
    assert isinstance(made.expr, ir.Closure)
    generates = is_generator(made.expr.node)
    before = 0
    while len(names) > before:
        before = len(names)
        for stmt in ordered:
            expr = stmt.expr if isinstance(stmt, ir.Bind) else None
            if not isinstance(expr, ir.Apply) or not isinstance(expr.callee, ir.Var):
                continue
            called = generates and expr.callee.name == made.target and expr.method is None
            given = any(isinstance(a, ir.Var) and a.name in names for a in ir.atoms(expr)[1:])
            if called or (given and (expr.method or expr.callee.name) in _LAZY):
                assert isinstance(stmt, ir.Bind)
                names.add(stmt.target)
    return names


def _inside(stmt: ir.Stmt, loop: tuple[int, int, set[int]]) -> bool:
    """Whether a statement runs in every iteration of a loop; a loop's own target is bound there."""
    start, _, inner = loop
    return stmt.pos in inner or (stmt.pos == start and isinstance(stmt, ir.For))


def _reads(stmt: ir.Stmt, name: str) -> bool:
    """Whether a statement itself (not its blocks) reads a name."""
    if isinstance(stmt, ir.Bind):
        return ir.Var(name) in ir.atoms(stmt.expr)
    if isinstance(stmt, (ir.Opaque, ir.Raise)):
        return name in stmt.reads
    if isinstance(stmt, ir.While):
        return name in stmt.test.reads
    fields = ("source", "item", "obj", "key", "value", "test", "iterable", "context")
    return any(getattr(stmt, field, None) == ir.Var(name) for field in fields)


def _arms(body: list[ir.Stmt], path: tuple[tuple[int, int], ...] = ()) -> dict[int, tuple[tuple[int, int], ...]]:
    """For each statement, the arms of conditionals that it stands in."""
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    for stmt in body:
        found[id(stmt)] = path
        for arm, block in enumerate(ir.blocks(stmt)):
            inner = (*path, (id(stmt), arm)) if isinstance(stmt, ir.If) else path
            found.update(_arms(block, inner))
    return found


def _exclusive(a: tuple[tuple[int, int], ...], b: tuple[tuple[int, int], ...]) -> bool:
    """Whether two statements stand in different arms of one conditional."""
    arms = dict(a)
    return any(arms.get(conditional, arm) != arm for conditional, arm in b)


def _escapes(name: str, ordered: list[ir.Stmt]) -> bool:
    """Whether a closure may outlive the iteration that made it: used otherwise than in calls."""
    for stmt in ordered:
        if isinstance(stmt, ir.Bind) and not isinstance(stmt.expr, ir.Apply) and ir.Var(name) in ir.atoms(stmt.expr):
            return True
        if isinstance(stmt, (ir.Append, ir.Store, ir.Unpack)) and ir.Var(name) in (
            getattr(stmt, "item", None), getattr(stmt, "value", None), getattr(stmt, "source", None)
        ):  # fmt: skip
            return True
    return False
