"""The adjoints of arrays: each array that is differentiated has a second one beside it, which shares as it does.

    v = a[1:]            d_v = d_a[1:]
    b = a * x            d_b = zeros_like(b)

They are made in the forward sweep. A store hands the adjoint of an entry to what was stored, and clears it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pullback import ir
from pullback.compiled import support
from pullback.compiled.unit import Unit
from pullback.compiled.values import FLOAT, Arr
from pullback.spans import Span
from pullback.surgery import without_derivative


def add_shadows(
    unit: Unit, body: list[ir.Stmt], parameters: list[str], active: list[str], fresh: Callable[[str], str], span: Span,
    given: bool = False,
) -> tuple[dict[str, str], dict[int, ir.Stmt]]:
    """Put the shadows of all arrays that may be differentiated beside them; returns names and statements.

    Where they are `given`, those of the active parameters are parameters too.
    """
    needed = _varied_roots(unit, body, active)
    if not needed:
        return {}, {}
    shadows: dict[str, str] = {}
    made_by: dict[int, ir.Stmt] = {}

    def shadow(name: str) -> str:
        if name not in shadows:
            shadows[name] = fresh(f"d_{name.lstrip('_')}")
            unit.declare(replace(unit.arrays[name], name=shadows[name]))
        return shadows[name]

    def has(name: str) -> bool:
        array = unit.arrays.get(name)
        return array is not None and array.type == FLOAT and unit.root(name) in needed

    def block(stmts: list[ir.Stmt]) -> None:
        made: list[ir.Stmt] = []
        for stmt in stmts:
            for inner in ir.blocks(stmt):
                block(inner)
            made.append(stmt)
            if isinstance(stmt, ir.Bind) and has(stmt.target):
                made_by[id(stmt)] = _shadow_of(stmt, shadow, unit)
                made.append(made_by[id(stmt)])
        stmts[:] = made

    own = set(unit.arrays)
    block(body)
    outside = {p for p in active if p in own} if given else set()
    for p in outside:
        shadow(p)
    first = [_bound(shadow(p), _zeros(unit, p), unit, span) for p in parameters if p in own - outside and has(p)]
    body[:0] = first
    return shadows, made_by


def _shadow_of(stmt: ir.Bind, shadow: Callable[[str], str], unit: Unit) -> ir.Stmt:
    expr: ir.Expr = stmt.expr
    match stmt.expr:
        case ir.Copy(source=ir.Var(name=name)):
            expr = ir.Copy(ir.Var(shadow(name)))
        case ir.Item(obj=ir.Var(name=name), index=index):
            expr = ir.Item(ir.Var(shadow(name)), index)
        case ir.Apply(callee=callee, args=(ir.Var(name=name), *rest)) if support.is_view(stmt.facts.callee):
            expr = ir.Apply(callee, (ir.Var(shadow(name)), *rest))
        case ir.Apply(args=(ir.Var(name=name),)) if stmt.facts.callee is without_derivative:
            expr = ir.Copy(ir.Var(shadow(name)))  # (what is stored there later belongs to both)
        case _:
            expr = _zeros(unit, stmt.target)
    return _bound(shadow(stmt.target), expr, unit, stmt.span)


def _zeros(unit: Unit, name: str) -> ir.Apply:
    return ir.Apply(unit.function(support.zeros_like, "zeros_like"), (ir.Var(name),))


def _bound(target: str, expr: ir.Expr, unit: Unit, span: Span) -> ir.Bind:
    stmt = ir.Bind(target, expr, span)
    atoms = ir.atoms(expr)
    stmt.facts.kinds = tuple(unit.kind(a) for a in atoms)
    stmt.facts.kind = unit.kinds[target]
    stmt.facts.active = (False,) * len(atoms)
    if isinstance(expr, ir.Apply):
        assert isinstance(expr.callee, ir.Var)
        stmt.facts.known, stmt.facts.callee = True, unit.functions[expr.callee.name]
    return stmt


def _varied_roots(unit: Unit, body: list[ir.Stmt], active: list[str]) -> set[str]:
    names = {p for p in active if p in unit.arrays}
    for stmt in ir.walk(body):
        if isinstance(stmt, ir.Bind) and stmt.facts.varied and stmt.target in unit.arrays:
            names.add(stmt.target)
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Item) and any(stmt.facts.active):
            names.add(stmt.expr.obj.name)  # type: ignore[union-attr]
        elif isinstance(stmt, ir.Store) and stmt.facts.varied and isinstance(stmt.obj, ir.Var):
            names.add(stmt.obj.name)
    return {unit.root(n) for n in names if unit.arrays[n].type == FLOAT}


__all__ = ["Arr", "add_shadows"]
