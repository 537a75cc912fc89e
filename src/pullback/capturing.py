"""Captured names that are assigned again while a closure over them may still be called.

    f = lambda t: t * y
    y = y + 1                f sees the new y: what f pulls back belongs to neither version alone
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Mapping

from pullback import ir
from pullback.errors import DifferentiabilityError
from pullback.lower_generators import EXHAUSTING, is_generator
from pullback.mutators import MUTATORS
from pullback.rules import lookup
from pullback.scopes import read
from pullback.source import FunctionNode, acquire
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


def rebound_captures(body: list[ir.Stmt], result: str, fixed: Callable[[str], bool]) -> dict[str, Span]:
    """Captured names that are assigned again while a closure over them may still be called.

    `fixed` says of a name whether it only ever holds numbers and text, and so no function.
    """
    found: dict[str, Span] = {}
    ordered = list(ir.walk(body))
    loops = [_Loop(s) for s in ordered if isinstance(s, (ir.For, ir.While))]
    arms = arms_of(body)
    assigns: dict[str, list[ir.Stmt]] = {}
    for stmt in ordered:
        for name in ir.assigned(stmt):
            assigns.setdefault(name, []).append(stmt)
    for stmt in ordered:
        if not (isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Closure)):
            continue
        names, escapes = _holders(stmt, stmt.expr, ordered, fixed)
        escapes |= result in names
        used = [s for s in ordered if s is not stmt and any(_reads(s, n) for n in names)]
        drawn_in = [loop for loop in loops if any(s.pos == loop.start for s in used if isinstance(s, ir.For))]
        kept = [loop for loop in loops if loop.holds(stmt) and (escapes or _outlives(names, loop, assigns, used, stmt))]
        for name in stmt.expr.captures:
            for other in assigns.get(name, []):
                if other is stmt:
                    continue
                later = other.pos > stmt.pos and not exclusive(arms[id(stmt)], arms[id(other)])
                called_after = escapes or any(
                    (use.pos > other.pos and not exclusive(arms[id(use)], arms[id(other)]))
                    or any(loop.holds(use) and loop.holds(other) and not loop.holds(stmt) for loop in loops)
                    for use in used
                ) or any(loop.holds(other) for loop in drawn_in)
                if (later and called_after) or any(loop.holds(other) for loop in kept):
                    found[name] = other.span
    return found


class _Loop:
    """A loop, and the statements that run in each of its iterations; its target is bound there."""

    def __init__(self, stmt: ir.For | ir.While) -> None:
        self.start = stmt.pos
        self.inner = {s.pos for s in ir.walk(stmt.body)}
        self.binds = isinstance(stmt, ir.For)

    def holds(self, stmt: ir.Stmt) -> bool:
        return stmt.pos in self.inner or (stmt.pos == self.start and self.binds)


# Calls whose result goes on calling a function that they are given, when items are drawn from it.
_LAZY = frozenset({
    "map", "filter", "zip", "enumerate", "iter", "chain", "islice", "cycle", "takewhile", "dropwhile", "starmap",
    "accumulate", "pairwise", "zip_longest", "filterfalse", "compress", "product", "groupby", "partial", "tee",
    "<iterated>",
})  # fmt: skip


_FUNCTIONS = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.GeneratorExp)


def _holders(
    made: ir.Bind, closure: ir.Closure, ordered: list[ir.Stmt], fixed: Callable[[str], bool]
) -> tuple[set[str], bool]:
    """The names through which a closure may be called, and whether something else may hold it."""
    nested = {s.target: s.expr.node for s in ordered if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Closure)}
    names, escapes = {made.target}, False
    before = -1
    inner = [n for n in ast.walk(closure.node) if isinstance(n, _FUNCTIONS) and n is not closure.node]
    returns = is_generator(closure.node) or bool(inner)
    while len(names) > before:
        before = len(names)
        for stmt in ordered:
            if stmt is made or not any(_reads(stmt, n) for n in names):
                continue
            call = stmt.expr if isinstance(stmt, ir.Bind) else None
            if isinstance(stmt, ir.Bind) and isinstance(call, ir.Apply) and _only_uses(stmt, call, names, nested):
                continue
            more = _held_by(stmt, names, made.target, returns)
            escapes |= "" in more
            names |= {n for n in more if n and not fixed(n)}
    return names, escapes


def _held_by(stmt: ir.Stmt, names: set[str], own: str, returns: bool) -> set[str]:
    """The names that may hold a closure once a statement has run that reads one that does; "" for something else."""
    match stmt:
        case ir.Append(target=target):
            return {target}
        case ir.Store(obj=ir.Var(name)):
            return {name}
        case ir.Bind(expr=ir.Apply() as call):
            return _held_by_call(stmt, call, names, own, returns)
        case ir.Bind(expr=ir.Compare() | ir.Inert()):
            return set()
        case ir.Raise():
            return {""}
    return set(ir.assigned(stmt))


def _held_by_call(stmt: ir.Bind, call: ir.Apply, names: set[str], own: str, returns: bool) -> set[str]:
    operands = [a.name for a in ir.atoms(call)[1:] if isinstance(a, ir.Var)]
    callee = call.callee.name if isinstance(call.callee, ir.Var) else ""
    if not names.intersection(operands):
        return {stmt.target} if returns or call.method is not None or callee != own else set()
    if (call.method or callee) in _LAZY:
        return {stmt.target}
    if call.method in MUTATORS and call.method != "sort":
        return {stmt.target, callee}
    if (stmt.facts.known and lookup(stmt.facts.callee) is not None) or (call.method or callee) in _CALLED_NOW:
        return set()  # a library function, which is done with it when it returns
    if stmt.facts.known or call.method is None:
        return {stmt.target, *operands, ""}
    return {stmt.target, *operands, callee}


def _only_uses(stmt: ir.Bind, call: ir.Apply, names: set[str], nested: Mapping[str, FunctionNode]) -> bool:
    """Whether a call is of a Python function that calls, or draws from, what it is given, and hands it to nobody."""
    callee = call.callee.name if isinstance(call.callee, ir.Var) else ""
    if call.stars or call.method is not None or callee in names or any(k is None for k, _ in call.keywords):
        return False
    node = nested.get(callee)
    if node is None and stmt.facts.known and isinstance(stmt.facts.callee, types.FunctionType):
        try:
            node = acquire(stmt.facts.callee).node
        except DifferentiabilityError:
            return False
    if node is None:
        return False
    positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    given: list[tuple[str | None, ir.Atom]] = [*zip(positional, call.args, strict=False), *call.keywords]
    held = [p for p, a in given if isinstance(a, ir.Var) and a.name in names]
    return len(call.args) <= len(positional) and all(_is_only_called(node, str(p)) for p in held)


def _is_only_called(node: FunctionNode, parameter: str) -> bool:
    """Whether a function does no more with a parameter than to call it or to go through it."""
    uses = harmless = 0
    for n in ast.walk(node):
        if isinstance(n, _FUNCTIONS) and n is not node and parameter in read(n):
            return False
        uses += isinstance(n, ast.Name) and n.id == parameter
        places: list[ast.expr] = []
        if isinstance(n, ast.Call):
            plain = isinstance(n.func, ast.Name) and n.func.id in _CALLED_NOW
            places = [n.func, *(n.args if plain else [])]
        elif isinstance(n, (ast.For, ast.comprehension)):
            places = [n.iter]
        elif isinstance(n, ast.Compare):
            places = [n.left]
        harmless += sum(isinstance(p, ast.Name) and p.id == parameter for p in places)
    return uses == harmless and not is_generator(node)


_CALLED_NOW = EXHAUSTING | {"sort", "reduce", "any", "all", "len", "print", "isinstance", "callable"}


def _outlives(
    names: set[str], loop: _Loop, assigns: dict[str, list[ir.Stmt]], used: list[ir.Stmt], made: ir.Bind
) -> bool:
    """Whether what holds a closure that a loop makes may hold it in the next iteration."""
    if any(loop.holds(use) and use.pos < made.pos for use in used):
        return True
    return any(not any(loop.holds(s) for s in assigns.get(n, [])) for n in names)


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


def arms_of(body: list[ir.Stmt], path: tuple[tuple[int, int], ...] = ()) -> dict[int, tuple[tuple[int, int], ...]]:
    """For each statement, the arms of conditionals that it stands in."""
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    for stmt in body:
        found[id(stmt)] = path
        for arm, block in enumerate(ir.blocks(stmt)):
            inner = (*path, (id(stmt), arm)) if isinstance(stmt, ir.If) else path
            found.update(arms_of(block, inner))
    return found


def exclusive(a: tuple[tuple[int, int], ...], b: tuple[tuple[int, int], ...]) -> bool:
    """Whether two statements stand in different arms of one conditional."""
    arms = dict(a)
    return any(arms.get(conditional, arm) != arm for conditional, arm in b)
