"""Calls in tangent code, which return a value and its tangent together.

    y = f(x, n)         y, y_dot = f_differential(x_dot, x, n)          a known function's own
    y = obj.m(x)        y, y_dot = method_differential(obj, obj_dot, "m", (x,), (x_dot,))
"""

from __future__ import annotations

import ast

from pullback import ir, tangent_parts
from pullback.along import lazily
from pullback.calls import CALLS
from pullback.kinds import ARRAY, DICT, LIST, TUPLE
from pullback.syntax import assign, assign_many, atom, call, constant, name, names_in, placed, tuple_of
from pullback.tangent_names import MAYBE, PRESENT, TangentNames


class TangentCalls(TangentNames):
    """Emits the calls of a function with their tangents."""

    def called(self, stmt: ir.Bind) -> None:
        """A call that returns its value and tangent together."""
        if self.collected(stmt):
            return
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
            self.lost(stmt.target, stmt.span)

    def collected(self, stmt: ir.Bind) -> bool:
        """`y = list(xs)` of a list or tuple: the tangents are collected alike, and both are seen to be new."""
        if not collects(stmt):
            return False
        assert isinstance(stmt.expr, ir.Apply)
        xs = stmt.expr.args[0]
        found = self.dot_of(xs)
        if found is None or found[1]:
            return False
        self.flush()
        made = name(self.helper(stmt.facts.callee, stmt.facts.callee.__name__))
        self.dot_reads.add(found[0])
        for variable, held in ((self.dot(stmt.target), name(found[0])), (stmt.target, atom(xs))):
            self.emit_dots([assign(variable, ast.Call(made, [held], []))], stmt.span)
        self.out[-1].span = stmt.span  # type: ignore[attr-defined]
        self.status[stmt.target] = PRESENT
        return True

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
            pair = self.static(stmt, tuple(d is not None for d in found), self.at_point, not self.at_point)
            if pair is not None:
                order = [d[0] for d in found if d is not None]
                callee = name(self.helper(pair.late, f"{pair.name}_differential"))
                keywords = [ast.keyword(k, values[a]) for k, a in expr.keywords]
                given = (expr.callee, *expr.args) if facts.method else expr.args
                made = ast.Call(callee, [*map(name, order), *(values[a] for a in given)], keywords)
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
        if facts.known and not facts.active[0] and not facts.method:
            stem = expr.method or (expr.callee.name if isinstance(expr.callee, ir.Var) else "callee")
            known = name(self.helper(lazily(facts.callee) if facts.lazily else facts.callee, stem))
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
            held, parts = self.helpers.fresh("_s"), self.helpers.fresh("_s_dot")
            given, d = values[a], dots[position + 1]
            if stmt.facts.kinds[position + 1].mask & ~(ARRAY | LIST | TUPLE | DICT):
                known = name(self.helper(list, "list"))
                both = self.run("call_differential", known, self.zero(), tuple_of([given]), tuple_of([d]))
            else:
                both = call(self.helper(tangent_parts.both_of, "both_of"), given, d)
            self.emit(assign_many([held, parts], both), stmt.span)
            operands.append(ast.Starred(name(held), ast.Load()))
            tangents.append(ast.Starred(name(parts), ast.Load()))
        keys: list[ast.expr | None] = [None if k is None else constant(k) for k, _ in expr.keywords]
        keyword_dots: list[ast.expr] = []
        for position, (key, a) in enumerate(expr.keywords, len(expr.args) + 1):
            d = dots[position]
            if key is None:
                d = call(self.helper(tangent_parts.keyword_parts, "keyword_parts"), d, values[a])
            keyword_dots.append(d)
        kwargs = ast.Dict(keys, [values[a] for _, a in expr.keywords])
        return tuple_of(operands), tuple_of(tangents), kwargs, ast.Dict(list(keys), keyword_dots)


def collects(stmt: ir.Bind) -> bool:
    """Whether a statement is `list(xs)` or `tuple(xs)` of a list or tuple."""
    expr, facts = stmt.expr, stmt.facts
    if not isinstance(expr, ir.Apply) or expr.method is not None:
        return False
    if not facts.known or facts.callee not in (list, tuple):
        return False
    plain = len(expr.args) == 1 and not expr.stars and not expr.keywords
    return plain and not facts.kinds[1].mask & ~(LIST | TUPLE)
