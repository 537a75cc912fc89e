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
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from pullback import ir, runtime, tangent_parts
from pullback.calls import CALLS
from pullback.emit import Helpers
from pullback.forward_sweep import Forward, operator_syntax, placed
from pullback.inlining import CALL, how
from pullback.kinds import ARRAY, LIST, TUPLE
from pullback.liveness import liveness, useful_names
from pullback.sharing import Sharing
from pullback.spans import Span
from pullback.syntax import assign, assign_many, atom, call, constant, name, names_in, target, template, tuple_of
from pullback.tangent_rules import Part, TangentRules

PRESENT, MAYBE = "present", "maybe"
Status = dict[str, str]


class TangentCode(Forward):
    """Emits a function with its tangents; `needed` are the names whose values tangents read."""

    def __init__(
        self,
        function: ir.FunctionIR,
        sharing: Sharing,
        helpers: Helpers,
        pairs: Callable[[ir.Bind, tuple[bool, ...]], Any],
        needed: set[str],
    ) -> None:
        stub: Any = SimpleNamespace(
            residuals=SimpleNamespace(before={}, after={}, loops={}, mirrors={}, copies=lambda _: False),
            shadows=None, ran=True, fresh=helpers.fresh,
            runtime=lambda what: helpers(getattr(runtime, what), what),
            runtime_call=lambda what: helpers(CALLS[what], what),
            forward_calls={}, reversed_ifs={}, indexed_loops={},
        )  # fmt: skip
        super().__init__(function, stub, sharing, helpers, needed, lambda *_: None)
        self.helpers = helpers
        self.static = pairs
        self.dots: dict[str, str] = {}
        self.status: Status = {}
        self.dot_reads: set[str] = set()
        self.pending_dots: list[ast.stmt] = []
        self.live = liveness(function)
        self.useful = useful_names(function)
        self.rules = TangentRules(helpers, self.dot_of)
        appended = [s for s in ir.walk(function.body) if isinstance(s, ir.Append)]
        self.mirrored = {s.target for s in appended if s.facts.varied and s.target in self.useful}

    # --- tangents by name -------------------------------------------------------------------------

    def dot(self, variable: str) -> str:
        """The name of a variable's tangent."""
        found = self.dots.get(variable)
        if found is None:
            found = self.dots[variable] = self.helpers.fresh(f"{variable}_dot")
        return found

    def dot_of(self, operand: ir.Atom) -> tuple[str, bool] | None:
        """An operand's tangent and whether it may be ZERO; None where it has none."""
        if not isinstance(operand, ir.Var) or operand.name not in self.status:
            return None
        return self.dot(operand.name), self.status[operand.name] == MAYBE

    def zero(self) -> ast.expr:
        """ZERO."""
        return name(self.rules.zero())

    # --- placing ----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Give every pending temporary its statement, then the tangents that waited for them."""
        super().flush()
        self.out += self.pending_dots
        self.pending_dots = []

    def placed_dots(self, code: list[ast.stmt], span: Span) -> list[ast.stmt]:
        """Tangent statements at the user's position; what they read must exist under its name."""
        for stmt in code:
            placed(stmt, span)
            stmt.span = span  # type: ignore[attr-defined]
            self.dot_reads |= names_in(stmt)
        return code

    def emit_dots(self, code: list[ast.stmt], span: Span) -> None:
        """Append tangent statements; they wait where a pending temporary comes first."""
        made = self.placed_dots(code, span)
        if self.pending:
            self.pending_dots += made
        else:
            self.out += made

    # --- statements -------------------------------------------------------------------------------

    def stmt(self, stmt: ir.Stmt) -> None:
        """One statement and its tangent."""
        match stmt:
            case ir.Unpack():
                itself = isinstance(stmt.source, ir.Var) and stmt.source.name in stmt.targets
                if itself:  # what it is read for comes before the name is bound anew
                    self.flush()
                    self.unpack(stmt)
                super().stmt(stmt)
                self.flush()
                if not itself:
                    self.unpack(stmt)
            case ir.Append():
                self.append(stmt)
            case ir.With():
                self.status.pop(stmt.target or "", None)
                super().stmt(stmt)
            case ir.Opaque():
                super().stmt(stmt)
                for written in stmt.writes:
                    self.status.pop(written, None)
            case _:
                super().stmt(stmt)

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
        elif not has_dot or not stmt.facts.varied or stmt.target not in self.useful:
            if self.pending_dots and any(stmt.target in names_in(d) for d in self.pending_dots):
                self.flush()
            if isinstance(stmt.expr, ir.Operation) and stmt.expr.inplace and not stmt.facts.kinds[0].scalar:
                self.augmented(stmt, stmt.expr)
            else:
                super().bind(stmt)
            if not self.pending:
                self.flush()
            self.status.pop(stmt.target, None)
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
        operation = replace(expr, args=(held, *others))
        self.assign_parts(stmt, self.rules.parts(replace(stmt, expr=operation), stmt.target))
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
        code = self.assignments(stmt, self.rules.parts(stmt, held))
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

    def assignments(self, stmt: ir.Bind, parts: list[Part]) -> list[ast.stmt]:
        """`y_dot = ...`, the parts of it summed, those skipped whose tangent is ZERO."""
        if not parts:
            self.status.pop(stmt.target, None)
            return []
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

    # --- calls ------------------------------------------------------------------------------------

    def called(self, stmt: ir.Bind) -> None:
        """A call that returns its value and tangent together."""
        expr, active = stmt.expr, stmt.facts.active
        operands = list(ir.atoms(expr))
        taken = self.take(operands) if not self.pending_dots else {}
        self.flush()
        values = {a: taken.get(a.name, atom(a)) if isinstance(a, ir.Var) else atom(a) for a in operands}
        for value in values.values():
            placed(value, stmt.span)
        dots = {i: self.rules.or_zero(a, flag) for i, (a, flag) in enumerate(zip(operands, active, strict=True))}
        status = MAYBE
        match expr:
            case ir.Operation(op=op, args=args):
                which = "operate_differential"
                if expr.inplace and id(stmt) not in self.unseen:
                    which = "operate_inplace_differential"
                made = self.run(which, constant(op), tuple_of([values[a] for a in args]), tuple_of(list(dots.values())))
            case ir.Attr(obj=obj, name=attribute):
                made = self.run("attribute_differential", values[obj], dots[0], constant(attribute))
            case ir.Item(obj=obj, index=index):
                made = self.run("item_differential", values[obj], dots[0], values[index], dots[1])
            case ir.Apply():
                made, status = self.apply_differential(stmt, expr, values, dots)
            case _:
                raise AssertionError(type(expr))
        d = self.dot(stmt.target)
        self.dot_reads |= names_in(made)
        self.emit(assign_many([stmt.target, d], placed(made, stmt.span)), stmt.span)
        self.out[-1].span = stmt.span  # type: ignore[attr-defined]
        self.status[stmt.target] = status
        if not status:
            del self.status[stmt.target]

    def run(self, which: str, *args: ast.expr) -> ast.expr:
        """A run-time call."""
        return call(self.helper(CALLS[which], which), *args)

    def apply_differential(
        self, stmt: ir.Bind, expr: ir.Apply, values: dict[ir.Atom, ast.expr], dots: dict[int, ast.expr]
    ) -> tuple[ast.expr, str]:
        """A call: of a known function's own differential, or of one that is looked up at run time."""
        facts = stmt.facts
        found = [self.dot_of(a) if f else None for a, f in zip(ir.atoms(expr), facts.active, strict=True)]
        if all(d is None or not d[1] for d in found):
            pair = self.static(stmt, tuple(d is not None for d in found))
            if pair is not None:
                order = [d[0] for d in found if d is not None]
                callee = name(self.helper(pair.late, f"{pair.name}_differential"))
                keywords = [ast.keyword(k, values[a]) for k, a in expr.keywords]
                made = ast.Call(callee, [*map(name, order), *(values[a] for a in expr.args)], keywords)
                return made, MAYBE if pair.dot_status is None else pair.dot_status
        if expr.stars or any(k is None for k, _ in expr.keywords):
            operands, tangents, kwargs, kwdots = self.starred(stmt, expr, values, dots)
        else:
            count = len(expr.args)
            operands = tuple_of([values[a] for a in expr.args])
            tangents = tuple_of([dots[i + 1] for i in range(count)])
            keys: list[ast.expr | None] = [constant(k) for k, _ in expr.keywords]
            kwargs = ast.Dict(keys, [values[a] for _, a in expr.keywords])
            kwdots = ast.Dict(list(keys), [dots[count + 1 + i] for i in range(len(keys))])
        extra = [kwargs, kwdots] if expr.keywords else []
        callee_value = values[expr.callee]
        if facts.known and not facts.active[0]:
            stem = expr.method or (expr.callee.name if isinstance(expr.callee, ir.Var) else "callee")
            known = name(self.helper(facts.callee, stem))
            return self.run("call_differential", known, self.zero(), operands, tangents, *extra), MAYBE
        if expr.method is not None:
            method = constant(expr.method)
            made_call = self.run("method_differential", callee_value, dots[0], method, operands, tangents, *extra)
            return made_call, MAYBE
        return self.run("call_differential", callee_value, dots[0], operands, tangents, *extra), MAYBE

    def starred(
        self, stmt: ir.Bind, expr: ir.Apply, values: dict[ir.Atom, ast.expr], dots: dict[int, ast.expr]
    ) -> tuple[ast.expr, ast.expr, ast.expr, ast.expr]:
        """The operands of a call with `*args` or `**kwargs`, and their tangents, spread alike."""
        operands: list[ast.expr] = []
        tangents: list[ast.expr] = []
        for position, a in enumerate(expr.args):
            if position not in expr.stars:
                operands.append(values[a])
                tangents.append(dots[position + 1])
                continue
            held = self.helpers.fresh("_s")
            self.emit(assign(held, tuple_of([ast.Starred(values[a], ast.Load())])), stmt.span)
            operands.append(ast.Starred(name(held), ast.Load()))
            parts = call(self.helper(tangent_parts.elements, "elements"), dots[position + 1], name(held))
            if isinstance(a, ir.Var) and a.name in self.status:
                parts = call(self.helper(tangent_parts.elements, "elements"), dots[position + 1], values[a])
            tangents.append(ast.Starred(parts, ast.Load()))
        keys: list[ast.expr | None] = [None if k is None else constant(k) for k, _ in expr.keywords]
        keyword_dots: list[ast.expr] = []
        for position, (key, a) in enumerate(expr.keywords, len(expr.args) + 1):
            d = dots[position]
            if key is None:
                d = call(self.helper(tangent_parts.keyword_parts, "keyword_parts"), d, values[a])
            keyword_dots.append(d)
        kwargs = ast.Dict(keys, [values[a] for _, a in expr.keywords])
        return tuple_of(operands), tuple_of(tangents), kwargs, ast.Dict(list(keys), keyword_dots)

    # --- containers -------------------------------------------------------------------------------

    def unpack(self, stmt: ir.Unpack) -> None:
        """`a, b = t`: the tangent is unpacked alike."""
        found = self.dot_of(stmt.source) if stmt.facts.varied else None
        if found is None:
            for unpacked in stmt.targets:
                self.status.pop(unpacked, None)
            return
        mask = stmt.facts.kinds[0].mask
        value: ast.expr = name(found[0])
        if found[1] or mask & ~(ARRAY | LIST | TUPLE):
            assert isinstance(stmt.source, ir.Var)
            value = call(self.helper(tangent_parts.elements, "elements"), value, name(stmt.source.name))
        self.emit_dots([assign_many([self.dot(t) for t in stmt.targets], value)], stmt.span)
        for unpacked in stmt.targets:
            self.status[unpacked] = PRESENT if mask == ARRAY and not found[1] else MAYBE

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
        if body or orelse:
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
            self.emit(ast.While(stmt.test.node, body, []), stmt.span)
        self.out[-1].span = stmt.span  # type: ignore[attr-defined]

    def opening(self, stmt: ir.For | ir.While, taken: dict[str, ast.expr]) -> tuple[ast.expr, ast.expr]:
        """What a loop binds in each iteration, and what it runs over."""
        if isinstance(stmt, ir.While):
            return constant(None), constant(None)
        iterable = stmt.iterable
        xs = taken.get(iterable.name, atom(iterable)) if isinstance(iterable, ir.Var) else atom(iterable)
        found = self.dot_of(iterable) if stmt.facts.varied and stmt.target in self.useful else None
        if found is None:
            self.status.pop(stmt.target, None)
            return target(stmt.target), xs
        mask = stmt.facts.kinds[0].mask
        both = ast.Tuple([target(stmt.target), target(self.dot(stmt.target))], ast.Store())
        self.status[stmt.target] = PRESENT if mask == ARRAY and not found[1] else MAYBE
        self.dot_reads |= {found[0], *names_in(xs)}
        if found[1] or mask & ~(ARRAY | LIST | TUPLE):
            return both, call(self.helper(tangent_parts.paired, "paired"), xs, name(found[0]))
        return both, ast.Call(name(self.helper(zip, "zip")), [xs, name(found[0])], [])


def _join(a: str | None, b: str | None) -> str:
    return PRESENT if a == b == PRESENT else MAYBE


def _append(held: str, item: ast.expr) -> ast.stmt:
    made = ast.Expr(ast.Call(ast.Attribute(name(held), "append", ast.Load()), [item], []))
    made._appends = True  # type: ignore[attr-defined]  # a list that only this function holds
    return made
