"""The reverse sweep for compiled code: the same transform, whose adjoints are all numbers of known type.

    interpreted                              compiled
    d_a = ZERO                               d_a = 0.0
    if d_a is not ZERO: d_x = d_x + ...      if d_a != 0.0: d_x = d_x + ...
    for x_ in reversed(_s1):                 for _p1 in range(_n1 - 1, -1, -1): x_ = _s1_x[_p1]

An adjoint that is absent on some path is 0.0 and is tested all the same: a zero never meets an infinity.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from pullback import ir
from pullback.compiled import support
from pullback.compiled.array_support import put_taken
from pullback.compiled.custom_call import CustomCall, Renamed
from pullback.compiled.list_support import grown_by
from pullback.compiled.unit import Unit
from pullback.compiled.values import refuse
from pullback.inlining import Inliner
from pullback.kinds import UNKNOWN, Kind
from pullback.residuals import Region
from pullback.reverse import ABSENT, MAYBE, PRESENT, Code, Reverse, template_stmt
from pullback.syntax import assign, call, constant, name, template, tuple_of
from pullback.syntax import atom as as_syntax


class TypedInliner(Inliner):
    """An `Inliner` that leaves it to `accumulate` to fit a cotangent to its operand."""

    def must_fit(self, stmt: ir.Bind, operand: ir.Atom) -> bool:
        """Never."""
        return False

    def called(self, stmt: ir.Bind, g: str) -> None:
        """A registered pullback: its statements, of the result's adjoint."""
        reverse, custom = self.reverse, stmt.facts.callee
        assert isinstance(reverse, TypedReverse) and isinstance(custom, CustomCall) and isinstance(stmt.expr, ir.Apply)
        known = [n for n in sorted(custom.outside()) if n in reverse.unit.types or n in reverse.unit.arrays]
        found = {n: reverse.need(ir.Var(n), stmt) for n in known}
        for placeholder, array in custom.shadows.items():
            if array in reverse.shadow_names:
                found[placeholder] = reverse.shadow(array, stmt)
            else:
                zeros = reverse.helper(support.zeros_like, "zeros_like")
                found[placeholder] = call(zeros, reverse.need(ir.Var(array), stmt, same=True))
        names = Renamed(found)
        reverse.emit(assign(custom.cotangent, name(g)), stmt)
        for made in reverse.printed(custom.block):
            reverse.emit(names.visit(made), stmt)
        without = stmt.expr.args[1 + len(custom.tangents) :]
        for operand in without:
            if isinstance(operand, ir.Var) and stmt.facts.active[stmt.expr.args.index(operand, 1) + 1]:
                message = f"no derivative is registered for `{custom.name}` with respect to this argument"
                raise refuse(message, stmt.span, help="register one, with wrt= that names it")
        for operand, tangent in zip(stmt.expr.args[1:], custom.tangents, strict=False):
            if not (isinstance(operand, ir.Var) and stmt.facts.active[stmt.expr.args.index(operand, 1) + 1]):
                continue
            if tangent is None:
                continue
            if operand.name in reverse.unit.arrays:
                adder = reverse.helper(support.add_alike, "add_alike")
                own = reverse.shadow(operand.name, stmt)
                reverse.emit(ast.Expr(call(adder, own, names.visit(as_syntax(tangent)))), stmt)
            else:
                wide, reverse.wide = reverse.wide, 0  # (what is added is a number, whatever the result was)
                reverse.accumulate(operand, names.visit(as_syntax(tangent)), stmt, kind=reverse.unit.kind(operand))
                reverse.wide = wide


class TypedReverse(Reverse):
    """A `Reverse` whose adjoints have the types of what they are adjoint to."""

    def prepare(self, unit: Unit, shadows: dict[str, str], shadow_stmts: dict[int, ir.Stmt]) -> None:
        """What is known of names, and the arrays that hold arrays' adjoints."""
        self.unit, self.shadow_names = unit, shadows
        self.shadow_stmts = shadow_stmts  # for the id of a statement: the one that makes its target's shadow
        self.cursors: dict[Any, str] = {}
        self.inliner = TypedInliner(self, self.helper)
        self.printed: Callable[[list[ir.Stmt]], Code] = lambda _: []  # statements as they are in a forward sweep
        self.wide = 0  # the dimensions of the cotangents that are being added

    def absent(self) -> ast.expr:
        """0.0."""
        return constant(0.0)

    def is_set(self, d: str) -> ast.expr:
        """Whether an adjoint is anything but 0."""
        return template("d != 0.0", d=name(d))

    def added(self, d: str, value: ast.expr) -> ast.expr:
        """A plain sum."""
        return template("d + v", d=name(d), v=value)

    def guarded(self, d: str, stmt: ir.Stmt, build: Callable[[], None]) -> None:
        """A sum or copy needs no test: a zero stays one."""
        expr = stmt.expr if isinstance(stmt, ir.Bind) else None
        if isinstance(expr, ir.Copy) or (isinstance(expr, ir.Operation) and expr.op in ("+", "-", "neg", "pos")):
            self.passing = True
            build()
            self.passing = False
            return
        super().guarded(d, stmt, build)

    def accumulate(
        self, atom: ir.Atom, value: ast.expr, source: ir.Stmt, *, maybe: bool = False, kind: Kind = UNKNOWN
    ) -> None:
        """Add to an adjoint; what may be zero stays known as that."""
        if isinstance(atom, ir.Var) and atom.name in self.unit.arrays:
            self.add_to(atom.name, value, self.wide, source)
            return
        if self.wide:
            value = call(self.helper(support.total, "total"), value)
        before = self.status.get(getattr(atom, "name", ""), ABSENT)
        super().accumulate(atom, value, source, maybe=False, kind=kind)
        if self.passing and isinstance(atom, ir.Var) and before != PRESENT:
            self.status[atom.name] = MAYBE

    passing = False

    # --- arrays -----------------------------------------------------------------------------------

    def shadow(self, name_: str, stmt: ir.Stmt, after: bool = False) -> ast.expr:
        """The array that holds an array's adjoint."""
        at = self.shadow_stmts.get(id(stmt), stmt) if after else stmt
        return self.residuals.need(self.shadow_names[name_], at, after, same=True)

    def add_to(self, name_: str, value: ast.expr, ndim: int, stmt: ir.Stmt, after: bool = False) -> None:
        """Add a value of `ndim` dimensions to an array's adjoint."""
        own = self.unit.arrays[name_].ndim
        adder = self.helper(support.ADDERS[own, ndim], f"add_{own}_{ndim}")
        self.emit(ast.Expr(call(adder, self.shadow(name_, stmt, after), value)), stmt)

    def need(self, atom: ir.Atom, stmt: ir.Stmt, after: bool = False, same: bool = False) -> ast.expr:
        """An operand's value; an index is put together again of its parts."""
        parts = self.unit.indices.get(atom.name) if isinstance(atom, ir.Var) else None
        if parts is None:
            return super().need(atom, stmt, after, same)
        values = [self.need(p, stmt) for p in parts]
        assert isinstance(atom, ir.Var)
        return tuple_of(values) if self.unit.kinds[atom.name].mask else call("slice", *values)

    def stmt(self, stmt: ir.Stmt) -> None:
        """Reverse one statement."""
        if isinstance(stmt, ir.Store):
            self.store(stmt)
            return
        super().stmt(stmt)

    def store(self, stmt: ir.Store) -> None:
        """`a[i] = x`: the entry's adjoint goes to x, and is gone."""
        assert isinstance(stmt.obj, ir.Var)
        if stmt.obj.name not in self.shadow_names:
            return
        left = self.unit.stores[id(stmt)]
        index = self.need(stmt.key, stmt)
        entry = ast.Subscript(self.shadow(stmt.obj.name, stmt), index, ast.Load())
        if stmt.facts.active[1]:
            g = self.fresh("_taken")  # (no temporary: it must be read before the entry is cleared)
            by_ints = isinstance(stmt.key, ir.Var) and stmt.key.name in self.unit.arrays
            by_ints = by_ints and self.unit.arrays[stmt.key.name].dtype != "bool"
            taken: ast.expr = call(self.helper(support.copied, "copied"), entry) if left else entry
            if by_ints:
                taken = call(self.helper(put_taken, "put_taken"), self.shadow(stmt.obj.name, stmt), index)
            self.emit(assign(g, taken), stmt)
        cleared = ast.Subscript(self.shadow(stmt.obj.name, stmt), index, ast.Store())
        self.emit(ast.Assign([cleared], constant(0.0), lineno=1), stmt)
        if stmt.facts.active[1]:
            self.wide = left
            self.accumulate(stmt.value, name(g), stmt, kind=stmt.facts.kinds[1])
            self.wide = 0

    def element(self, variable: str, index: ast.expr, g: str, stmt: ir.Stmt) -> None:
        """`d_a[i] += g`."""
        place = ast.Subscript(self.shadow(variable, stmt), index, ast.Store())
        self.emit(ast.AugAssign(place, ast.Add(), name(g)), stmt)

    def killing(self, target: str, stmt: ir.Bind, pull: Callable[[str], None]) -> None:
        """Reverse an assignment: a number's adjoint is consumed, a new array's is handed on."""
        backward = support.backward_of(stmt.facts.callee) if stmt.facts.known else None
        if target not in self.unit.arrays:
            if backward is not None:
                super().killing(target, stmt, lambda g: self.backward(stmt, g, backward))
            else:
                super().killing(target, stmt, pull)
            return
        grown = grown_by(stmt.facts.callee) if stmt.facts.known else None
        if grown is not None and isinstance(stmt.expr, ir.Apply) and isinstance(stmt.expr.args[0], ir.Var):
            self.regrown(stmt, stmt.expr.args[0].name, grown)
            return
        shares = isinstance(stmt.expr, (ir.Copy, ir.Item)) or support.is_view(stmt.facts.callee)
        if shares or not stmt.facts.varied or target not in self.shadow_names:
            return
        g = self.shadow(target, stmt, after=True)
        assert isinstance(g, ast.Name)
        if backward is not None:
            self.backward(stmt, g.id, backward)
            return
        self.wide = self.unit.arrays[target].ndim
        self.inliner.expression(stmt, g.id)
        self.wide = 0

    def regrown(self, stmt: ir.Bind, shorter: str, function: Any) -> None:
        """A list's longer buffer: its adjoint goes back to that of the shorter one, where they are two."""
        if stmt.facts.varied and stmt.target in self.shadow_names and shorter in self.shadow_names:
            made = self.helper(function, function.__name__.lstrip("_"))
            old, new = self.shadow(shorter, stmt), self.shadow(stmt.target, stmt, after=True)
            self.emit(ast.Expr(call(made, old, new)), stmt)

    def backward(self, stmt: ir.Bind, g: str, functions: dict[int, Any]) -> None:
        """A call that has a function for what it adds to each operand's adjoint."""
        assert isinstance(stmt.expr, ir.Apply)
        operands = stmt.expr.args
        for position, operand in enumerate(operands):
            if not stmt.facts.active[position + 1]:
                continue
            assert isinstance(operand, ir.Var)
            function = functions[position]
            if function is support.PASSED_ON:
                ndim = self.unit.arrays[stmt.target].ndim if stmt.target in self.unit.arrays else 0
                self.add_to(operand.name, name(g), ndim, stmt)
                continue
            wanted = function.__code__.co_varnames[: function.__code__.co_argcount]
            first = wanted.index("g") + 1
            values: list[ast.expr] = [name(g)]
            for parameter, atom in zip(wanted[first:], [*operands, ir.Var(stmt.target)], strict=True):
                after = atom is not None and parameter in ("y", "y_form")
                form = parameter.endswith("_form")  # only the shape is read, whatever the entries are by then
                values.append(constant(0) if parameter.startswith("_") else self.need(atom, stmt, after, form))
            made = self.helper(function, function.__name__.lstrip("_"))
            if operand.name in self.unit.arrays:
                self.emit(ast.Expr(call(made, self.shadow(operand.name, stmt), *values)), stmt)
            else:
                self.accumulate(operand, call(made, *values), stmt, kind=self.unit.kinds[operand.name])

    # --- loops ------------------------------------------------------------------------------------

    def _buffered(self, stmt: ir.For | ir.While) -> list[str]:
        return []

    def _emit_loop(self, stmt: ir.For | ir.While, body: Code, region: Region) -> None:
        region.count = self.residuals.new("_n", stmt)
        cursor = self.cursor(stmt)
        if self.is_outermost(stmt):
            loop = ast.For(
                ast.Name(cursor, ast.Store()),
                template("range(n - 1, -1, -1)", n=name(region.count)),
                body,
                [],
                lineno=1,
            )
        else:
            loop = ast.For(
                ast.Name(self.cursor(stmt, "_j"), ast.Store()), template("range(n - 1, -1, -1)", n=name(region.count)),
                body, [], lineno=1,
            )  # fmt: skip
            body.insert(0, self._placed(template_stmt(f"{cursor} -= 1"), stmt))
        loop.typed_region = region  # type: ignore[attr-defined]
        self.emit(loop, stmt)

    def is_outermost(self, stmt: ir.Stmt) -> bool:
        """Whether a loop stands in no other."""
        return self.residuals.places[id(stmt)].region.parent is None

    def cursor(self, stmt: ir.Stmt, stem: str = "_p") -> str:
        """The name of the place in a loop's buffers."""
        known = self.cursors.get((id(stmt), stem))
        if known is None:
            known = self.cursors[id(stmt), stem] = self.fresh(stem)
        return known
