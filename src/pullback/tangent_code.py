"""Forward mode: the user's statements, and beside each active one the line of its tangent.

    def f(x, n):                 def f_differential(x_dot, x, n):
        y = x * math.sin(x)          _t1 = sin(x)
        return y + n                 y = x * _t1
                                     y_dot = x_dot * _t1 + x * (x_dot * cos(x))
                                     return (y + n, y_dot)

There is no tape: both are computed as control flows. A tangent is *absent* where a value does not
vary (no code), *present*, or *maybe* there after paths met: then it is ZERO at run time, and what
would read it is skipped. A container's tangent is built as the container is, so reading, unpacking
and looping over it are the same for both.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from pullback import ir, mirrors, runtime, tangent_parts
from pullback.inlining import CALL, how, only_form
from pullback.kinds import ARRAY, LIST, TUPLE
from pullback.solitary import makes_anew
from pullback.syntax import (
    assign,
    assign_many,
    atom,
    call,
    constant,
    name,
    names_in,
    operator_syntax,
    placed,
    target,
    template,
    tuple_of,
)
from pullback.tangent_calls import TangentCalls
from pullback.tangent_names import MAYBE, PRESENT
from pullback.tangent_rules import Part
from pullback.tangent_try import attempt


class TangentCode(TangentCalls):
    """Emits a function with its tangents; `needed` are the names whose values tangents read."""

    watched: dict[int, set[str]]  # calls that may store something in these global variables, by id

    @property
    def yields(self) -> str:
        """The list of what a generator yields, which no code builds here."""
        return self.function.result if self.function.generator else ""

    # --- statements -------------------------------------------------------------------------------

    def stmt(self, stmt: ir.Stmt) -> None:
        """One statement and its tangent."""
        match stmt:
            case ir.Bind() if id(stmt) in self.watched:
                self.flush()
                self.unstored(sorted(self.watched[id(stmt)]), stmt.span, lambda: self.flushed(stmt))
            case ir.Unpack():
                itself = isinstance(stmt.source, ir.Var) and stmt.source.name in stmt.targets
                if itself:  # what it is read for comes before the name is bound anew
                    self.flush()
                    self.unpack(stmt)
                super().stmt(stmt)
                self.flush()
                if not itself:
                    self.unpack(stmt)
            case ir.Append(target=held) if held == self.yields:
                pass  # (it is handed out as it is yielded)
            case ir.Bind(target=held, expr=ir.Build()) if held == self.yields:
                pass
            case ir.Bind(expr=ir.Inert(node=ast.Yield())) if self.yields:
                self.yielded(stmt)
            case ir.Append():
                self.append(stmt)
            case ir.With():
                self.lost(stmt.target or "", stmt.span)
                super().stmt(stmt)
            case ir.Opaque():
                super().stmt(stmt)
                for written in stmt.writes:
                    self.lost(written, stmt.span)
            case ir.Try():
                attempt(self, stmt)
            case _:
                super().stmt(stmt)

    def flushed(self, stmt: ir.Bind) -> None:
        """A statement, of which nothing is left pending."""
        self.bind(stmt)
        self.flush()

    def bind(self, stmt: ir.Bind) -> None:
        """An assignment and its tangent."""
        has_dot = any(
            flag and self.dot_of(a) is not None
            for a, flag in zip(ir.atoms(stmt.expr), stmt.facts.active, strict=False)
        )
        if stmt.target in self.mirrored and isinstance(stmt.expr, ir.Build):
            super().bind(stmt)
            self.flush()
            dots = [self.rules.or_zero(a) for a in stmt.expr.items]
            self.emit_dots([assign(self.dot(stmt.target), ast.List(dots, ast.Load()))], stmt.span)
            self.status[stmt.target] = PRESENT
        elif has_dot and stmt.facts.stores:
            self.called(stmt)
        elif not has_dot or not stmt.facts.varied or stmt.target not in self.useful or only_form(stmt):
            if self.pending_dots and any(stmt.target in names_in(d) for d in self.pending_dots):
                self.flush()
            if isinstance(stmt.expr, ir.Operation) and stmt.expr.inplace and not stmt.facts.kinds[0].scalar:
                self.augmented(stmt, stmt.expr)
            else:
                super().bind(stmt)
            if not self.pending:
                self.flush()
            self.lost(stmt.target, stmt.span)
        elif isinstance(stmt.expr, ir.Closure):
            super().bind(stmt)
            self.flush()
            self.assign_parts(stmt, self.rules.parts(stmt, stmt.target))
        elif how(stmt) == CALL:
            self.called(stmt)
        else:
            self.computed(stmt)

    def augmented(self, stmt: ir.Bind, expr: ir.Operation) -> None:
        """`x op= y` as written: what differentiates this code once more sees what it does."""
        self.flush()
        if expr.args[0] != ir.Var(stmt.target):
            self.emit(assign(stmt.target, atom(expr.args[0])), stmt.span)
        operator = operator_syntax(expr.op, [atom(a) for a in expr.args])
        assert isinstance(operator, ast.BinOp)
        self.emit(ast.AugAssign(target(stmt.target), operator.op, operator.right), stmt.span)
        self.out[-1].span = stmt.span  # type: ignore[attr-defined]

    def computed_in_place(self, stmt: ir.Bind, expr: ir.Operation) -> None:
        """`x op= y` and its tangent, which reads `x` as it was."""
        before, *others = expr.args
        assert isinstance(before, ir.Var)
        held = ir.Var(self.helpers.fresh("_v"))
        self.flush()
        self.emit(assign(held.name, call(self.helper(runtime.keep, "keep"), atom(before))), stmt.span)
        if before.name in self.status:
            self.status[held.name], self.dots[held.name] = self.status[before.name], self.dot(before.name)
        self.augmented(stmt, expr)
        operation = replace(expr, args=(held, *[held if other == before else other for other in others]))
        self.assign_parts(stmt, self.fresh(stmt, self.rules.parts(replace(stmt, expr=operation), stmt.target)))
        self.status.pop(held.name, None)

    def computed(self, stmt: ir.Bind) -> None:
        """A value by an expression, its tangent by a rule."""
        if isinstance(stmt.expr, ir.Operation) and stmt.expr.inplace and not stmt.facts.kinds[0].scalar:
            self.computed_in_place(stmt, stmt.expr)
            return
        operands = list(ir.atoms(stmt.expr))
        taken = self.take(operands)
        values = {a: taken.get(a.name, atom(a)) if isinstance(a, ir.Var) else atom(a) for a in operands}
        for value in values.values():
            placed(value, stmt.span)
        made = placed(self.expression(stmt, values), stmt.span)
        rebinds = ir.Var(stmt.target) in operands
        first = rebinds and self.safe(stmt) and not self.pending_dots
        hazard = any(stmt.target in names_in(d) for d in self.pending_dots)
        held = self.helpers.fresh("_v") if hazard or (rebinds and not first) else stmt.target
        code = self.assignments(stmt, self.fresh(stmt, self.rules.parts(stmt, held)))
        if self.nestable(stmt.target):
            self.pending.append((stmt.target, made))
            self.emit_dots(code, stmt.span)
            return
        super().flush()
        if first:
            self.out += self.placed_dots(code, stmt.span)
            self.value(stmt.target, made, stmt)
            return
        self.value(held, made, stmt)
        self.flush()
        self.out += self.placed_dots(code, stmt.span)
        if held != stmt.target:
            self.emit(assign(stmt.target, name(held)), stmt.span)

    def value(self, identifier: str, made: ast.expr, stmt: ir.Bind) -> None:
        """The value's own statement."""
        self.emit(assign(identifier, made), stmt.span)
        self.out[-1].span = stmt.span  # type: ignore[attr-defined]

    def safe(self, stmt: ir.Bind) -> bool:
        """Whether the tangent may be computed before the value: bare sums and products of numbers."""
        expr = stmt.expr
        if isinstance(expr, ir.Copy):
            return True
        if not isinstance(expr, ir.Operation) or not all(k.scalar for k in stmt.facts.kinds):
            return False
        return expr.op in ("+", "-", "*", "neg", "pos")

    # --- the sum of a tangent's parts -------------------------------------------------------------

    def fresh(self, stmt: ir.Bind, parts: list[Part]) -> list[Part]:
        """The parts of a new array's tangent: not an operand's own, which may change later as the operand does."""
        kinds = stmt.facts.kinds[1:] if isinstance(stmt.expr, ir.Apply) else stmt.facts.kinds
        new = isinstance(stmt.expr, ir.Operation) or (isinstance(stmt.expr, ir.Apply) and makes_anew(stmt))
        if not new or all(k.scalar for k in kinds) or (len(parts) > 1 and all(p.guard is None for p in parts)):
            return parts
        own = self.helper(mirrors.own, "own")
        callee = stmt.facts.callee if isinstance(stmt.expr, ir.Apply) else None
        dots = {self.dot(a.name) for a in ir.atoms(stmt.expr) if isinstance(a, ir.Var)}

        def hands_on(value: ast.expr) -> bool:
            if not isinstance(value, ast.Call):
                return isinstance(value, ast.Name) and value.id in dots
            made_by = value.func.id if isinstance(value.func, ast.Name) else ""
            return self.helpers.values.get(made_by) is not callee and any(map(hands_on, value.args))

        return [replace(p, value=call(own, p.value)) if is_bare(p.value) or hands_on(p.value) else p for p in parts]

    def assignments(self, stmt: ir.Bind, parts: list[Part]) -> list[ast.stmt]:
        """`y_dot = ...`, the parts of it summed, those skipped whose tangent is ZERO."""
        if not parts:
            return self.without(stmt.target, stmt.span)
        d = self.dot(stmt.target)
        numeric = stmt.facts.kind.numeric and not any(p.maybe for p in parts)
        maybe = all(p.guard is not None or p.maybe for p in parts)
        self.status[stmt.target] = MAYBE if maybe else PRESENT
        plain = [p for p in parts if p.guard is None]
        guarded = [p for p in parts if p.guard is not None]
        if len(parts) == 1 and guarded:
            p = guarded[0]
            is_copy = isinstance(p.value, ast.Name) and p.value.id == p.guard
            return [assign(d, p.value if is_copy else self.where_set(p, p.value, self.zero()))]
        if not guarded:
            return [assign(d, self.summed([p.value for p in plain], numeric))]
        later = {n for p in guarded[0 if plain else 1 :] for n in names_in(p.value)}
        made = self.helpers.fresh("_d") if d in later else d
        if plain:
            code: list[ast.stmt] = [assign(made, self.summed([p.value for p in plain], numeric))]
        else:
            first = guarded.pop(0)
            code = [assign(made, self.where_set(first, first.value, self.zero()))]
            numeric = False
        for p in guarded:
            total = assign(made, self.summed([name(made), p.value], numeric))
            test = template("d is not ZERO", d=name(str(p.guard)), ZERO=self.zero())
            code.append(ast.If(test, [total], []))
        if made != d:
            code.append(assign(d, name(made)))
        return code

    def where_set(self, part: Part, value: ast.expr, otherwise: ast.expr) -> ast.expr:
        """`value if d is not ZERO else otherwise`."""
        return template(
            "v if d is not ZERO else w", v=value, d=name(str(part.guard)), w=otherwise, ZERO=self.zero()
        )

    def summed(self, values: list[ast.expr], numeric: bool) -> ast.expr:
        """The sum of parts; tangents of unknown values are added by the runtime."""
        total = values[0]
        for value in values[1:]:
            if not numeric:
                total = call(self.helper(runtime.add, "add"), total, value)
            elif isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
                total = ast.BinOp(total, ast.Sub(), value.operand)
            else:
                total = ast.BinOp(total, ast.Add(), value)
        return total

    def assign_parts(self, stmt: ir.Bind, parts: list[Part]) -> None:
        """Append the tangent of a statement whose value stands already."""
        self.emit_dots(self.assignments(stmt, parts), stmt.span)

    # --- containers -------------------------------------------------------------------------------

    def unpack(self, stmt: ir.Unpack) -> None:
        """`a, b = t`: the tangent is unpacked alike."""
        found = self.dot_of(stmt.source) if stmt.facts.varied else None
        if found is None:
            for unpacked in stmt.targets:
                self.lost(unpacked, stmt.span)
            return
        mask = stmt.facts.kinds[0].mask
        value: ast.expr = name(found[0])
        if found[1] or mask & ~(ARRAY | LIST | TUPLE):
            assert isinstance(stmt.source, ir.Var)
            value = call(self.helper(tangent_parts.elements, "elements"), value, name(stmt.source.name))
        self.emit_dots([assign_many([self.dot(t) for t in stmt.targets], value)], stmt.span)
        for unpacked in stmt.targets:
            self.status[unpacked] = PRESENT if mask == ARRAY and not found[1] else MAYBE

    def yielded(self, stmt: ir.Bind) -> None:
        """`yield v`: the value and its tangent."""
        self.flush()
        assert isinstance(stmt.expr, ir.Inert) and isinstance(stmt.expr.node, ast.Yield)
        assert isinstance(stmt.expr.node.value, ast.Name)
        item = ir.Var(stmt.expr.node.value.id)
        both = tuple_of([name(item.name), self.rules.or_zero(item)])
        self.out += self.placed_dots([ast.Expr(ast.Yield(both))], stmt.span)

    def append(self, stmt: ir.Append) -> None:
        """`total.append(item)`: the list of tangents grows alike."""
        self.flush_for([stmt.item], stmt, lambda v: _append(stmt.target, v[0]))
        self.flush()
        if stmt.target in self.mirrored:
            item = self.rules.or_zero(stmt.item, stmt.facts.active[0])
            self.emit_dots([_append(self.dot(stmt.target), item)], stmt.span)

    # --- control flow -----------------------------------------------------------------------------

    def block(self, block: list[ir.Stmt]) -> list[ast.stmt]:
        """The statements of a block, with the tangents that wait in it."""
        outer, self.pending_dots = self.pending_dots, []
        made = super().block(block)
        self.pending_dots = outer
        return made

    def conditional(self, stmt: ir.If) -> None:
        """Both arms; where they meet, what only one of them set is ZERO in the other."""
        taken = self.take([stmt.test])
        test = taken.get(stmt.test.name, atom(stmt.test)) if isinstance(stmt.test, ir.Var) else atom(stmt.test)
        self.flush()
        if stmt.facts.inside:
            test = self.looked_at(test, (replace(stmt.facts.inside[0], node=test, truth=True),))
        start = dict(self.status)
        body, after_body = self.block(stmt.body), self.status
        self.status = dict(start)
        orelse, after_orelse = self.block(stmt.orelse), self.status
        if ir.always_raises(stmt.body):
            self.status = after_orelse
        elif ir.always_raises(stmt.orelse):
            self.status = after_body
        else:
            live = self.live.after[id(stmt)]
            self.status = {}
            for variable in {**after_body, **after_orelse}:
                if variable not in live:
                    continue
                a, b = after_body.get(variable), after_orelse.get(variable)
                self.status[variable] = PRESENT if a == b == PRESENT else MAYBE
                for lacking, code in ((a, body), (b, orelse)):
                    if lacking is None:
                        code += self.placed_dots([assign(self.dot(variable), self.zero())], stmt.span)
        if body or orelse or taken or stmt.facts.inside:  # (the test may do something)
            self.emit(ast.If(test, body or [ast.Pass()], orelse), stmt.span)
            self.out[-1].span = stmt.span  # type: ignore[attr-defined]

    def loop(self, stmt: ir.For | ir.While) -> None:
        """A loop; the statuses at its head are those that hold in every iteration."""
        taken = self.take([stmt.iterable]) if isinstance(stmt, ir.For) and not stmt.facts.varied else {}
        self.flush()
        entry = dict(self.status)
        live = self.live.head[id(stmt)]
        head = {v: s for v, s in entry.items() if v in live}
        last = stmt.body[-1:] if stmt.body and isinstance(stmt.body[-1], ir.BreakIf) else []
        uses = dict(self.uses)
        while True:
            self.status, self.uses = dict(head), dict(uses)
            opening = self.opening(stmt, taken)
            body = self.block(stmt.body[: len(stmt.body) - len(last)])
            if isinstance(stmt, ir.For) and stmt.target in self.always and isinstance(opening[0], ast.Name):
                body[:0] = self.placed_dots([assign(self.dot(stmt.target), self.zero())], stmt.span)
            end = {v: s for v, s in self.status.items() if v in live}
            joined = {v: _join(head.get(v), end.get(v)) for v in {**head, **end}}
            if joined == head:
                break
            head = joined
        for variable in head:
            if variable not in end:
                body += self.placed_dots([assign(self.dot(variable), self.zero())], stmt.span)
            if variable not in entry:
                self.out += self.placed_dots([assign(self.dot(variable), self.zero())], stmt.span)
        body += self.block(last)
        self.status = {v: s for v, s in head.items() if v in live}
        body = body or [placed(ast.Pass(), stmt.span)]
        if isinstance(stmt, ir.For):
            self.emit(ast.For(opening[0], opening[1], body, [], lineno=1), stmt.span)
        else:
            self.emit(ast.While(self.looked_at(stmt.test.node, stmt.facts.inside), body, []), stmt.span)
        self.out[-1].span = stmt.span  # type: ignore[attr-defined]

    def opening(self, stmt: ir.For | ir.While, taken: dict[str, ast.expr]) -> tuple[ast.expr, ast.expr]:
        """What a loop binds in each iteration, and what it runs over."""
        if isinstance(stmt, ir.While):
            return constant(None), constant(None)
        iterable = stmt.iterable
        xs = taken.get(iterable.name, atom(iterable)) if isinstance(iterable, ir.Var) else atom(iterable)
        found = self.dot_of(iterable) if stmt.facts.varied and stmt.target in self.useful else None
        if found is None:
            if stmt.target in self.always:  # set to ZERO as the body begins
                self.status[stmt.target] = MAYBE
            else:
                self.status.pop(stmt.target, None)
            return target(stmt.target), xs
        mask = stmt.facts.kinds[0].mask
        both = ast.Tuple([target(stmt.target), target(self.dot(stmt.target))], ast.Store())
        self.status[stmt.target] = PRESENT if mask == ARRAY and not found[1] else MAYBE
        self.dot_reads |= {found[0], *names_in(xs)}
        if found[1] or mask & ~(ARRAY | LIST | TUPLE):
            return both, call(self.helper(tangent_parts.paired, "paired"), xs, name(found[0]))
        return both, ast.Call(name(self.helper(zip, "zip")), [xs, name(found[0])], [])


def is_bare(value: ast.expr) -> bool:
    """Whether a part may be an operand's tangent itself."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id.startswith("fit"):
        value = value.args[0]
    return isinstance(value, (ast.Name, ast.Subscript))


def _join(a: str | None, b: str | None) -> str:
    return PRESENT if a == b == PRESENT else MAYBE


def _append(held: str, item: ast.expr) -> ast.stmt:
    made = ast.Expr(ast.Call(ast.Attribute(name(held), "append", ast.Load()), [item], []))
    made._appends = True  # type: ignore[attr-defined]  # a list that only this function holds
    return made
