"""From statements on numbers and arrays to a function that Numba compiles.

    flatten  ->  activity  ->  reverse (typed)  ->  simplify  ->  forward (typed)  ->  text

One function does both sweeps. It takes the numbers and arrays that the arguments are made of, and
returns those of the value and of the tangents, as one tuple.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from pullback import ir
from pullback.activity import analyse
from pullback.compiled import support
from pullback.compiled.custom_call import CustomCall
from pullback.compiled.reading import without_dead
from pullback.compiled.remade import Remade
from pullback.compiled.shadowing import add_shadows
from pullback.compiled.sharing import PlainSharing
from pullback.compiled.typed_forward import TypedForward, fill_loops
from pullback.compiled.typed_reverse import TypedReverse
from pullback.compiled.unit import Unit
from pullback.compiled.values import FLOAT, Arr, Num, refuse
from pullback.emit import Helpers, definition
from pullback.errors import DifferentiabilityError
from pullback.inlining import CALL, how
from pullback.residuals import Residuals
from pullback.reverse import ABSENT, PRESENT
from pullback.rules import callable_name
from pullback.simplify import fold_ones, simplify
from pullback.spans import Diagnostic, Span
from pullback.sweeps import assigned_once
from pullback.syntax import call, constant, name, names_in, tuple_of


@dataclass
class Kernel:
    """The text of a compiled function, and what its names stand for."""

    name: str
    tree: ast.FunctionDef
    namespace: dict[str, Any]
    parameters: list[str]
    zero: bool = False  # whether no differentiated argument reaches the result


def primal(unit: Unit, title: str, parameters: list[str], results: list[Num | Arr], span: Span) -> Kernel:
    """The function itself."""
    lowered = _lowered(unit, title, parameters, results, span)
    helpers = Helpers(set(unit.names))
    sharing = PlainSharing(unit)
    for stmt in ir.walk(lowered.body):
        facts = getattr(stmt, "facts", None)
        if facts is not None and isinstance(stmt, ir.Bind):
            facts.active = (False,) * len(ir.atoms(stmt.expr))
    residuals = Residuals(lowered, True, helpers.fresh, lambda _: False)
    reverse = TypedReverse(lowered, residuals, helpers.fresh, helpers, {}, frozenset())
    reverse.prepare(unit, {}, {})
    forward = _forward(lowered, reverse, sharing, helpers, set(_names(results)), unit)
    body = forward.block(lowered.body)
    out = tuple_of([_leaf(r) for r in results])
    whole = [*forward.prologue, *body, ast.Return(out)]
    without_dead(whole)
    tree = definition(helpers.fresh(title), _arguments(parameters), whole)
    return Kernel(tree.name, tree, {**unit.functions, **helpers.values}, parameters)


def gradient(
    unit: Unit, title: str, parameters: list[str], results: list[Num | Arr], active: list[str], span: Span, seeds: bool,
    shadows_given: bool = False,
) -> Kernel:
    """Both sweeps: the result's parts, then the tangents of the active parameters; `seeds`: cotangents are given.

    With `shadows_given` the adjoints of arrays are parameters, and only tangents of numbers are returned.
    """
    lowered = _lowered(unit, title, parameters, results, span)
    helpers = Helpers(set(unit.names))
    sharing = PlainSharing(unit)
    activity = analyse(lowered, frozenset(active), sharing)  # type: ignore[arg-type]
    if activity.refusals:
        raise DifferentiabilityError(*activity.refusals)
    _differentiable(lowered)
    shadows, shadow_stmts = add_shadows(unit, lowered.body, parameters, active, helpers.fresh, span, shadows_given)
    for position, stmt in enumerate(ir.walk(lowered.body)):
        stmt.pos = position
    sharing = PlainSharing(unit)
    residuals = TypedResiduals(lowered, True, helpers.fresh, sharing.changes)
    residuals.sharing = sharing
    bound = {n for s in ir.walk(lowered.body) for n in ir.assigned(s)}
    accumulators = {p: unit.kinds[p] for p in active if p not in bound and p in unit.types}
    reverse = TypedReverse(lowered, residuals, helpers.fresh, helpers, accumulators, frozenset())
    reverse.prepare(unit, shadows, shadow_stmts)
    reverse.printed = lambda block: _printed(block, lowered, reverse, sharing, helpers, unit)
    given: list[str] = []
    for result in results:
        if result.type != FLOAT or not isinstance(result.atom, ir.Var):
            if seeds:
                given.append(helpers.fresh("_seed"))
            continue
        if isinstance(result, Arr):
            given.append(helpers.fresh("_seed"))
            test = call(reverse.helper(support.same_shape, "same_shape"), name(result.name), name(given[-1]))
            reverse.emit(ast.Expr(test), lowered.body[-1])
            if result.name in shadows:
                reverse.add_to(result.name, name(given[-1]), result.ndim, lowered.body[-1], after=True)
            continue
        seed = helpers.fresh("_seed") if seeds else ""
        if seeds:
            given.append(seed)
        value = name(seed) if seeds else constant(1.0)
        reverse.accumulate(result.atom, value, lowered.body[-1], kind=unit.kinds[result.atom.name])
    reverse.ran = True
    reverse.block(lowered.body)
    parts: list[ast.expr] = []
    for parameter in active:
        if parameter in unit.arrays:
            parts += [] if shadows_given else [name(shadows[parameter])]
            continue
        absent = reverse.status.get(parameter, ABSENT) == ABSENT
        parts.append(constant(0.0) if absent else name(reverse.adjoint(parameter)))
    code = reverse.code
    out = ast.Return(tuple_of([*parts, constant(0.0)] if shadows_given else [*(_leaf(r) for r in results), *parts]))
    code = [*code, out]
    temporary = {n for n in helpers.taken if n.startswith(("_g", "d_"))}
    once = frozenset(assigned_once(code) & temporary)
    code = simplify(code, once)
    if not seeds:
        ones = frozenset(reverse.adjoints[n] for n in _names(results) if n in reverse.adjoints)
        fold_ones(code, once & ones, frozenset(n for n, t in unit.types.items() if t == FLOAT))
    read_later = set().union(*(names_in(s) for s in code))
    for region in residuals.loops.values():
        read_later.update(region.kept)
    forward = _forward(lowered, reverse, sharing, helpers, read_later, unit)
    forward.remade = Remade.of(lowered.body)
    fill_loops(code, forward, reverse.cursors)
    body = forward.block(lowered.body)
    passed = [shadows[p] for p in active if p in unit.arrays] if shadows_given else []
    given_names = [*parameters, *passed, *given]
    whole = [*forward.prologue, *body, *code]
    without_dead(whole)
    tree = definition(helpers.fresh(title), _arguments(given_names), whole)
    kernel = Kernel(tree.name, tree, {**unit.functions, **helpers.values}, given_names)
    cut = [activity.cut[n] for n in _names(results) if n in activity.cut]
    kernel.zero = all(reverse.status.get(p, ABSENT) == ABSENT and p not in shadows for p in active)
    if cut and kernel.zero:
        place, what = cut[0]
        message = f"cannot differentiate through {what}: its result is not differentiable"
        help = "remove the conversion, or wrap its argument in pb.without_derivative if zero is meant"
        raise DifferentiabilityError(
            Diagnostic("non-differentiable-result", message, place, "the derivative ends here", help=help)
        )
    return kernel


def varied_names(unit: Unit, title: str, parameters: list[str], active: list[str], span: Span) -> set[str]:
    """The floats and arrays of floats that may depend on the active parameters, anywhere."""
    lowered = _lowered(unit, title, parameters, [], span)
    sharing = PlainSharing(unit)
    activity = analyse(lowered, frozenset(active), sharing)  # type: ignore[arg-type]
    if activity.refusals:
        raise DifferentiabilityError(*activity.refusals)
    names = set(active)
    for stmt in ir.walk(lowered.body):
        if isinstance(stmt, ir.Bind) and stmt.facts.varied:
            names.add(stmt.target)
        elif isinstance(stmt, ir.Store) and stmt.facts.varied and isinstance(stmt.obj, ir.Var):
            names.add(stmt.obj.name)
    names = {m for n in names for m in sharing.with_(n)}
    return {n for n in names if unit.types.get(n) == FLOAT or (n in unit.arrays and unit.arrays[n].type == FLOAT)}


class TypedResiduals(Residuals):
    """Residuals that are copies only where a store may follow."""

    sharing: PlainSharing

    def need(self, identifier: str, stmt: ir.Stmt, after: bool = False, same: bool = False) -> ast.expr:
        """An expression for the reverse sweep."""
        return super().need(identifier, stmt, after, same or not self.sharing.stored_after(identifier, stmt))


def _differentiable(lowered: ir.FunctionIR) -> None:
    """Refuse a call of a library function that has no rule."""
    for stmt in ir.walk(lowered.body):
        if isinstance(stmt, ir.Bind) and any(stmt.facts.active) and stmt.facts.varied and how(stmt) == CALL:
            callee = stmt.facts.callee
            if isinstance(callee, CustomCall) or support.backward_of(callee) is not None or support.is_view(callee):
                continue
            if isinstance(stmt.expr, ir.Apply):
                raise refuse(f"no derivative is known for `{callable_name(stmt.facts.callee)}`", stmt.span)


def _forward(
    lowered: ir.FunctionIR, reverse: TypedReverse, sharing: Any, helpers: Helpers, read_later: set[str], unit: Unit
) -> TypedForward:
    forward = TypedForward(lowered, reverse, sharing, helpers, read_later, lambda *_: None)
    forward.unit = unit
    forward.prologue = []
    kept = [s.expr for s in ir.walk(lowered.body) if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Inert)]
    forward.written_out = frozenset().union(*(names_in(e.node) for e in kept))
    forward.kinds = {}
    residuals = reverse.residuals
    captures = [c for made in (residuals.before, residuals.after) for found in made.values() for c in found]
    for _ in range(3):  # (a capture may be of a capture)
        for new, source, _copied in captures:
            known = forward.kinds.get(source) or unit.types.get(source) or unit.arrays.get(source)
            if known is not None:
                forward.kinds[new] = known
    return forward


def _printed(
    block: list[ir.Stmt], lowered: ir.FunctionIR, reverse: TypedReverse, sharing: Any, helpers: Helpers, unit: Unit
) -> list[ast.stmt]:
    """Statements that stand in the reverse sweep, as text has them."""
    names = {n for s in ir.walk(block) for n in ir.assigned(s)}
    for stmt in ir.walk(block):
        if isinstance(stmt, ir.Bind):
            stmt.facts.active = (False,) * len(ir.atoms(stmt.expr))
    forward = _forward(lowered, reverse, sharing, helpers, names, unit)
    forward.written_out = frozenset(names)
    return forward.block(block)


def _lowered(unit: Unit, title: str, parameters: list[str], results: list[Num | Arr], span: Span) -> ir.FunctionIR:
    """The flat statements as a function; its results have names that nothing assigns again."""
    del results
    for position, stmt in enumerate(ir.walk(unit.block)):
        stmt.pos = position
    locals_ = frozenset(n for s in ir.walk(unit.block) for n in ir.assigned(s)) | frozenset(parameters)
    return ir.FunctionIR(
        title, title, _arguments(parameters), tuple(parameters), unit.block, "_result", locals_, (), [],
        span.filename, span, unit.names,
    )  # fmt: skip


def _arguments(names: list[str]) -> ast.arguments:
    return ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])


def _leaf(value: Num | Arr) -> ast.expr:
    from pullback.syntax import atom

    return atom(value.atom)


def _names(values: list[Num | Arr]) -> list[str]:
    return [v.atom.name for v in values if isinstance(v.atom, ir.Var)]


__all__ = ["PRESENT", "Kernel", "gradient", "primal"]
