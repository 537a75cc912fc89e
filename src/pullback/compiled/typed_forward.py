"""The forward sweep for compiled code: what an iteration keeps goes into buffers, one for each residual.

    for i in range(n):            _n1 = len(_range);  _p1_x = empty(_n1);  _p1 = 0
        x = x * r          ->     for i in _range:
                                      _p1_x[_p1] = x;  _p1 += 1
                                      x = x * r

The buffers of a loop inside another serve all its runs and grow; the reverse sweep goes back through them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled.custom_call import CustomCall
from pullback.compiled.number_support import grown, real_power
from pullback.compiled.remade import Remade
from pullback.compiled.typed_reverse import TypedReverse
from pullback.compiled.unit import Unit
from pullback.compiled.values import BOOL, FLOAT, INT, Arr
from pullback.forward_sweep import Forward
from pullback.residuals import Region
from pullback.syntax import assign, atom, call, constant, name, placed, target, template, tuple_of

DTYPES = {FLOAT: "float64", INT: "int64", BOOL: "bool_"}


class TypedForward(Forward):
    """A `Forward` whose loops fill buffers."""

    unit: Unit
    reverse: TypedReverse
    prologue: list[ast.stmt]
    kinds: dict[str, str | Arr]  # what the names are that only the sweeps know

    def loop(self, stmt: ir.For | ir.While) -> None:
        """A loop, which keeps what each iteration's reversal needs."""
        region = self.residuals.loops[id(stmt)]
        kept, _, _ = kept_names(stmt, region, self.unit)
        again = {s.target for s in self.remade_in(region)}
        kept = [k for k in kept if k not in again]
        self.flush()
        counted = bool(region.count)
        leaves = isinstance(stmt, ir.While) or (bool(stmt.body) and isinstance(stmt.body[-1], ir.BreakIf))
        outermost = self.reverse.is_outermost(stmt)
        tail: list[ast.stmt] = []
        if counted:
            cursor = self.reverse.cursor(stmt)
            first: ast.expr = template("len(r)", r=head_of(stmt)) if not leaves else constant(0)
            self.emit(assign(region.count, first), stmt.span)
            columns = columns_of(kept, self.type_of)
            lists = [k for k in kept if isinstance(self.type_of(k), Arr)]
            setup: list[ast.stmt] = [assign(cursor, constant(0))]
            room: ast.expr = name(region.count) if outermost and not leaves else constant(64)
            setup += [assign(f"{cursor}_{t}", self.empty(t, room, len(names))) for t, names in columns.items()]
            setup += [assign(f"{cursor}_{k}", ast.List([], ast.Load())) for k in lists]
            if outermost:
                for made in setup:
                    self.emit(made, stmt.span)
            else:
                self.prologue.extend(placed(s, stmt.span) for s in setup)
                if columns and not leaves:
                    least = template("p + n", p=name(cursor), n=name(region.count))
                    self.emit(self.growing(cursor, list(columns), least, ast.Gt()), stmt.span)
            if columns and leaves:
                tail.append(self.growing(cursor, list(columns), name(cursor), ast.GtE()))
            for type_, names in columns.items():
                for position, k in enumerate(names):
                    row = tuple_of([name(cursor), constant(position)])
                    place = ast.Subscript(name(f"{cursor}_{type_}"), row, ast.Store())
                    tail.append(ast.Assign([place], name(k), lineno=1))
            for k in lists:
                append = ast.Attribute(name(f"{cursor}_{k}"), "append", ast.Load())
                tail.append(ast.Expr(ast.Call(append, [name(k)], [])))
            if kept or not outermost:
                tail.append(ast.AugAssign(target(cursor), ast.Add(), constant(1)))
            if leaves:
                tail.append(ast.AugAssign(target(region.count), ast.Add(), constant(1)))
        last = stmt.body[-1:] if stmt.body and isinstance(stmt.body[-1], ir.BreakIf) else []
        body = self.block(stmt.body[: len(stmt.body) - len(last)])
        body += [placed(s, stmt.span) for s in tail] + self.block(last)
        body[:0] = [placed(self.unset(p), stmt.span) for p in region.placeholders if p in kept]
        body = body or [placed(ast.Pass(), stmt.span)]
        if isinstance(stmt, ir.For):
            self.emit(ast.For(target(stmt.target), head_of(stmt), body, [], lineno=1), stmt.span)
        else:
            self.emit(ast.While(stmt.test.node, body, []), stmt.span)

    def remade_in(self, region: Region) -> list[ir.Bind]:
        """What the reverse sweep of a loop computes again."""
        assert region.stmt is not None
        kept, start, _ = kept_names(region.stmt, region, self.unit)
        index = region.stmt.target if start is not None and isinstance(region.stmt, ir.For) else None
        if index is not None and (index not in region.kept or self.remade.counts.get(index) != 1):
            index = None
        return self.remade.statements(region, self.unit, kept, index)

    def made_again(self, stmt: ir.Bind) -> ast.stmt:
        """The statement that computes a residual once more."""
        assert isinstance(stmt.expr, ir.Operation)
        return assign(stmt.target, self.operation(stmt, stmt.expr, [atom(a) for a in stmt.expr.args]))

    remade = Remade()
    written_out: frozenset[str] = frozenset()  # names in conditions that are kept as syntax

    def nestable(self, identifier: str) -> bool:
        """Whether a temporary may go back into the expression that reads it."""
        return identifier not in self.written_out and super().nestable(identifier)

    def expression(self, stmt: ir.Bind, values: dict[ir.Atom, ast.expr]) -> ast.expr:
        """The plain expression; the value of a function with a registered derivative has been computed before."""
        if isinstance(stmt.facts.callee, CustomCall) and isinstance(stmt.expr, ir.Apply):
            return values[stmt.expr.args[0]]
        return super().expression(stmt, values)

    def operation(self, stmt: ir.Bind, expr: ir.Operation, args: list[ast.expr]) -> ast.expr:
        """An operator; a power that Python may refuse, or make complex, is a call that raises."""
        if expr.op == "**" and all(k.scalar for k in stmt.facts.kinds):
            exponent = expr.args[1]
            if not (isinstance(exponent, ir.Lit) and isinstance(exponent.value, int) and exponent.value >= 0):
                return call(self.helper(real_power, "real_power"), *args)
        return super().operation(stmt, expr, args)

    def type_of(self, identifier: str) -> str | Arr:
        """What a name holds."""
        known = self.kinds.get(identifier) or self.unit.types.get(identifier) or self.unit.arrays.get(identifier)
        if known is None:
            known = BOOL if identifier.startswith("_c") else INT
        return known

    def empty(self, type_: str, room: ast.expr, width: int) -> ast.expr:
        """A new buffer: a row for each iteration."""
        dtype = name(self.helper(getattr(np, DTYPES[type_]), DTYPES[type_]))
        return call(self.helper(np.empty, "empty"), tuple_of([room, constant(width)]), dtype)

    def growing(self, cursor: str, types: list[str], least: ast.expr, test: ast.cmpop) -> ast.stmt:
        """`if least > len(buffer): buffer = grown(buffer, least)`."""
        length = template("len(b)", b=name(f"{cursor}_{types[0]}"))
        at_least = template("n + 1", n=least)
        body: list[ast.stmt] = [
            assign(f"{cursor}_{t}", call(self.helper(grown, "grown"), name(f"{cursor}_{t}"), at_least)) for t in types
        ]
        return ast.If(ast.Compare(least, [test], [length]), body, [])

    def unset(self, identifier: str) -> ast.stmt:
        """A value for a name that some path leaves unset: it is never read there."""
        type_ = self.type_of(identifier)
        if isinstance(type_, Arr):
            shape = ast.Tuple([constant(0)] * type_.ndim, ast.Load())
            dtype = name(self.helper(getattr(np, type_.dtype), type_.dtype))
            return assign(identifier, call(self.helper(np.empty, "empty"), shape, dtype))
        return assign(identifier, constant({FLOAT: 0.0, INT: 0, BOOL: False}[type_]))


def head_of(stmt: ir.For | ir.While) -> ast.expr:
    """What a `for` goes through."""
    assert isinstance(stmt, ir.For) and isinstance(stmt.iterable, ir.Var)
    return name(stmt.iterable.name)


def columns_of(kept: list[str], type_of: Callable[[str], str | Arr]) -> dict[str, list[str]]:
    """The columns of each buffer: what is kept of each type of number."""
    columns: dict[str, list[str]] = {}
    for k in kept:
        type_ = type_of(k)
        if isinstance(type_, str):
            columns.setdefault(type_, []).append(k)
    return columns


def kept_names(stmt: ir.For | ir.While, region: Region, unit: Unit) -> tuple[list[str], Any, Any]:
    """What an iteration keeps; the index of a range that is a literal one is computed again."""
    if isinstance(stmt, ir.For) and isinstance(stmt.iterable, ir.Var):
        over = unit.ranges.get(stmt.iterable.name)
        if over is not None and isinstance(over.start, ir.Lit) and isinstance(over.step, ir.Lit):
            return [k for k in region.kept if k != stmt.target], over.start.value, over.step.value
    return list(region.kept), None, None


def fill_loops(code: list[ast.stmt], forward: TypedForward, cursors: dict[Any, str]) -> None:
    """Write into the reverse loops what each iteration takes from the buffers, now that all of it is known."""
    for stmt in code:
        for node in ast.walk(stmt):
            region = getattr(node, "typed_region", None)
            if region is None or not isinstance(node, ast.For):
                continue
            loop = region.stmt
            kept, start, step = kept_names(loop, region, forward.unit)
            remade = forward.remade_in(region)
            kept = [k for k in kept if k not in {s.target for s in remade}]
            type_of = forward.type_of
            cursor = cursors[id(loop), "_p"]
            nested = (id(loop), "_j") in cursors
            counter = cursors[id(loop), "_j"] if nested else cursor
            reads: list[ast.stmt] = [
                assign(k, ast.Subscript(name(f"{cursor}_{k}"), name(cursor), ast.Load()))
                for k in kept if isinstance(type_of(k), Arr)
            ]  # fmt: skip
            for type_, names in columns_of(kept, type_of).items():
                for position, k in enumerate(names):
                    row = tuple_of([name(cursor), constant(position)])
                    reads.append(assign(k, ast.Subscript(name(f"{cursor}_{type_}"), row, ast.Load())))
            if start is not None and loop.target in region.kept:
                value: ast.expr = name(counter)
                if step != 1:
                    value = template("k * s", k=value, s=constant(step))
                if start != 0:
                    value = template("s + k", s=constant(start), k=value)
                reads.append(assign(loop.target, value))
            reads += [forward.made_again(s) for s in remade]
            at = 1 if nested else 0
            for read in reads:
                ast.copy_location(read, node)
                ast.fix_missing_locations(read)
            node.body[at:at] = reads
