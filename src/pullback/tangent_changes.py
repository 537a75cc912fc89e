"""Forward mode of functions that change values: beside each change, that of the tangent.

    def f(x, n):                 def f_differential(x_dot, x, n):
        y = np.zeros(n)              y = np.zeros(n)
                                     y_dot = mirror(y)
        y[0] = x                     y[0] = x
                                     y_dot[0] = x_dot
        v = y[:1]                    v = y[:1]
                                     v_dot = y_dot[:1]

Every value that may change, or may share with one that does (`sharing.py`), has a mirror from the
moment it is made: a tangent of its own, built and shared as the value is (`mirrors.py`). So a change
through one name is seen through the others, in the tangents as in the values.
"""

from __future__ import annotations

import ast
from typing import Any

from pullback import ir, mirrors, tangent_parts
from pullback.activity import Activity
from pullback.along import is_along, pairs_of
from pullback.counts import is_count
from pullback.kinds import ARRAY, DICT, INT_KIND, LIST, TUPLE
from pullback.liveness import useful_names
from pullback.rules import lookup
from pullback.sharing import Sharing
from pullback.solitary import makes_anew
from pullback.syntax import assign, assign_many, atom, call, constant, name, names_in, template, tuple_of
from pullback.tangent_code import TangentCode
from pullback.tangent_names import MAYBE, PRESENT


def mirrored_names(function: ir.FunctionIR, activity: Activity, sharing: Sharing) -> frozenset[str]:
    """The names that may share with a value in which something differentiated is stored."""
    roots = {sharing.root(sharing.points[p]) for p in activity.changes if p in sharing.points}
    own = sharing.local | set(function.captured)
    return frozenset(n for root in roots for n in sharing.with_(root) if n in own and not sharing.is_fixed(n))


def changed_points(function: ir.FunctionIR, sharing: Sharing, mirrored: frozenset[str]) -> frozenset[int]:
    """The statements that change a mirrored value; what they are given counts as differentiated from here on."""
    points = {p for p, n in sharing.points.items() if n in mirrored or not mirrored.isdisjoint(sharing.with_(n))}
    for stmt in ir.walk(function.body) if mirrored else ():
        if isinstance(stmt, ir.Bind) and not isinstance(stmt.expr, (ir.Inert, ir.Compare)):
            given = [isinstance(a, ir.Var) and a.name in mirrored for a in ir.atoms(stmt.expr)]
            stmt.facts.active = tuple(a or g for a, g in zip(stmt.facts.active, given, strict=True))
            if stmt.target in mirrored or id(stmt) in points:
                stmt.facts.varied = True
        elif isinstance(stmt, ir.Unpack):
            stmt.facts.varied |= isinstance(stmt.source, ir.Var) and stmt.source.name in mirrored
        elif isinstance(stmt, ir.For):
            stmt.facts.varied |= isinstance(stmt.iterable, ir.Var) and stmt.iterable.name in mirrored
        elif isinstance(stmt, ir.Append) and stmt.target in mirrored:
            stmt.facts.active, stmt.facts.varied = (True,), True
    return frozenset(points)


def outer_changes(function: ir.FunctionIR, activity: Activity, sharing: Sharing) -> frozenset[int]:
    """The calls that may change what the module holds, whose tangents are not known: they must change nothing."""
    stmts = [s for s in ir.walk(function.body) if isinstance(s, ir.Bind) and id(s) in activity.strict]
    return frozenset(id(s) for s in stmts if not sharing.changes_its_own(s))


CHANGING_CALLS = {
    "call_differential": "change_differential", "method_differential": "change_method",
    "attribute_differential": "change_attribute", "item_differential": "change_item",
    "operate_differential": "change_operator",
}  # fmt: skip


class ChangingTangentCode(TangentCode):
    """Emits a function that changes values; `mirrored` are the names whose tangents change with them."""

    def __init__(
        self, *args: Any, mirrored: frozenset[str], points: frozenset[int], outer: frozenset[int], lent: bool
    ) -> None:
        super().__init__(*args)
        self.points = points
        self.outer = outer  # calls that may change what the module holds
        self.names = mirrored
        self.lent = lent
        self.mirrored |= {n for n in mirrored if n in self.mirrored_lists()}
        self.useful = useful_names(self.function, points)
        self.walked: dict[int, str] = {}

    def mirrored_lists(self) -> set[str]:
        """The lists that only this function holds."""
        return {s.target for s in ir.walk(self.function.body) if isinstance(s, ir.Append)}

    def entry(self, active: frozenset[str], captures: frozenset[str]) -> list[ast.stmt]:
        """Mirrors of what the function is given, where its caller has none."""
        outer = [*self.function.captured, *self.function.parameters]
        given = [n for n in outer if n in self.names]
        if self.lent:
            given = [n for n in given if n not in active | captures]
        if not given:
            return []
        dots = [name(self.dot(n)) if n in active | captures else self.zero() for n in given]
        for n in given:
            self.status[n] = self.standing(n)
        if len(given) == 1 or not self.lent:
            # (nothing from outside is changed here: one array in two places may move in one of them only)
            reached = self.changed_here()
            made: list[ast.stmt] = []
            for n, d in zip(given, dots, strict=True):
                if n in reached or self.lent:
                    made.append(assign(self.dot(n), call(self.helper(mirrors.mirror, "mirror"), name(n), d)))
                else:  # what is built here may hold it, and may be changed by the caller
                    made.append(assign(self.dot(n), call(self.helper(mirrors.complete, "complete"), d, name(n))))
            return self.placed_dots(made, self.function.span)
        held = self.helpers.fresh("_m")
        all_of = call(self.helper(mirrors.mirrors, "mirrors"), tuple_of([name(n) for n in given]), tuple_of(dots))
        parts = [assign(self.dot(n), ast.Subscript(name(held), constant(k), ast.Load())) for k, n in enumerate(given)]
        return self.placed_dots([assign(held, all_of), *parts], self.function.span)

    def changed_here(self) -> frozenset[str]:
        """The outer names whose values change here: not those that a call may reach, which is refused if it does."""
        found: frozenset[str] = frozenset()
        for stmt in ir.walk(self.function.body):
            if id(stmt) in self.points and not (isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply)):
                found |= self.sharing.seen_outside(stmt)
        return found if not self.lent else self.sharing.all_seen_outside()

    def standing(self, variable: str) -> str:
        """Whether a mirror may be ZERO: where its value may be no array or container."""
        kind = self.sharing.kinds.get(variable)
        return PRESENT if kind is not None and kind.mask and not kind.mask & ~(ARRAY | LIST | DICT | TUPLE) else MAYBE

    # --- statements -------------------------------------------------------------------------------

    def stmt(self, stmt: ir.Stmt) -> None:
        """One statement and its tangent, or the change of a tangent."""
        if not isinstance(stmt, ir.Store):
            super().stmt(stmt)
            return
        mirrored = isinstance(stmt.obj, ir.Var) and stmt.obj.name in self.names and not is_count(stmt)
        store = self.stored if mirrored else super().stmt
        watched = sorted(self.watched.get(id(stmt), ()))
        if watched:
            self.flush()
        self.unstored(watched, stmt.span, lambda: store(stmt), atom(stmt.obj))

    def bind(self, stmt: ir.Bind) -> None:
        """An assignment and its tangent: a mirror where the value may change."""
        if id(stmt) in self.points:
            self.flush()
            if isinstance(stmt.expr, ir.Operation) and stmt.expr.inplace:
                self.changed_in_place(stmt, stmt.expr)
            else:
                self.called(stmt)
            self.flush()
            return
        if stmt.target not in self.names:
            super().bind(stmt)
            return
        if stmt.target in self.status and ir.Var(stmt.target) not in ir.atoms(stmt.expr):
            del self.status[stmt.target]
        super().bind(stmt)
        self.flush()
        self.completed(stmt)

    def completed(self, stmt: ir.Bind) -> None:
        """What is missing in the mirror of a new value is made."""
        if stmt.target not in self.names:
            return
        variable, d = name(stmt.target), self.dot(stmt.target)
        if stmt.target not in self.status:
            if isinstance(stmt.expr, (ir.Copy, ir.Attr, ir.Item)):  # data from outside: nothing is stored in it
                return
            made = call(self.helper(mirrors.mirror, "mirror"), variable)
        elif isinstance(stmt.expr, (ir.Copy, ir.Item, ir.Attr, ir.Build, ir.Closure)):
            return  # a mirror, or a part of one, which has nothing missing
        else:
            made = call(self.helper(mirrors.complete, "complete"), name(d), variable)
        self.emit_dots([assign(d, made)], stmt.span)
        if isinstance(stmt.expr, ir.Apply) and stmt.target in self.status:
            self.emit_dots(self.compared(stmt), stmt.span)
        kind = stmt.facts.kind
        self.status[stmt.target] = PRESENT if kind.mask and not kind.mask & ~(ARRAY | LIST | DICT) else MAYBE

    def compared(self, stmt: ir.Bind) -> list[ast.stmt]:
        """What a library function hands out of an operand must have a part of the operand's tangent."""
        if stmt.facts.known and (lookup(stmt.facts.callee) is None or makes_anew(stmt)):
            return []
        d = self.dot(stmt.target)
        made: list[ast.stmt] = []
        for operand in dict.fromkeys(ir.atoms(stmt.expr)):
            kind = self.sharing.kinds.get(operand.name) if isinstance(operand, ir.Var) else None
            if isinstance(operand, ir.Var) and operand.name in self.names and operand.name != stmt.target:
                found = self.dot_of(operand)
                if found is not None and (kind is None or kind.mask & ARRAY):
                    parts = (name(d), name(stmt.target), name(found[0]), atom(operand))
                    made.append(assign(d, call(self.helper(mirrors.aliased, "aliased"), *parts)))
        return made

    def run(self, which: str, *args: ast.expr) -> ast.expr:
        """A run-time call; one that may change something hands on the mirrors."""
        if self.at_point or which in ("attribute_differential", "item_differential"):
            which = CHANGING_CALLS.get(which, which)
        return super().run(which, *args)

    def called(self, stmt: ir.Bind) -> None:
        """A call that returns its value and tangent together."""
        if isinstance(stmt.expr, ir.Apply) and is_append(stmt):
            held, item = self.dot_of(stmt.expr.callee), self.dot_of(stmt.expr.args[0])
            if held is not None and not held[1]:
                self.appended(stmt, stmt.expr, held[0], name(item[0]) if item is not None else self.zero())
                return
        if is_copy(stmt) and self.copied(stmt):
            return
        self.at_point = id(stmt) in self.points
        if self.at_point and (id(stmt) in self.outer or (not self.lent and self.reaches_caller(stmt))):
            self.at_point = False  # its caller did not foresee a change: one that happens is refused
        super().called(stmt)
        self.at_point = False
        if id(stmt) in self.points:
            self.completed(stmt)

    def copied(self, stmt: ir.Bind) -> bool:
        """`y = x.copy()`, and the same of the tangents."""
        assert isinstance(stmt.expr, ir.Apply)
        held = self.dot_of(stmt.expr.callee)
        if held is None or held[1]:
            return False
        for variable, x in ((self.dot(stmt.target), name(held[0])), (stmt.target, atom(stmt.expr.callee))):
            self.emit_dots([assign(variable, ast.Call(ast.Attribute(x, "copy", ast.Load()), [], []))], stmt.span)
        self.status[stmt.target] = PRESENT
        return True

    def reaches_caller(self, stmt: ir.Bind) -> bool:
        """Whether a call may change what this function was given or captured."""
        own = frozenset((*self.function.parameters, *self.function.captured))
        seen = self.sharing.seen_outside(stmt)
        return bool(seen & own)

    def appended(self, stmt: ir.Bind, expr: ir.Apply, held: str, item: ast.expr) -> None:
        """`xs.append(v)`, and the same of the tangents."""
        for xs, v in ((atom(expr.callee), atom(expr.args[0])), (name(held), item)):
            made = ast.Expr(ast.Call(ast.Attribute(xs, "append", ast.Load()), [v], []))
            self.emit_dots([made], stmt.span)
        if self.uses.get(stmt.target, 0) or stmt.target == self.function.result:
            self.emit_dots([assign(stmt.target, constant(None))], stmt.span)
        self.lost(stmt.target, stmt.span)

    def changed_in_place(self, stmt: ir.Bind, expr: ir.Operation) -> None:
        """`x op= y` on a value that may change."""
        before, other = expr.args
        assert isinstance(before, ir.Var)
        made = super().run(
            "operate_inplace_differential", atom(before), self.rules.or_zero(before), constant(expr.op), atom(other),
            self.rules.or_zero(other),
        )  # fmt: skip
        d = self.dot(stmt.target)
        self.emit_dots([assign_many([stmt.target, d], made)], stmt.span)
        self.status[stmt.target] = MAYBE

    def stored(self, stmt: ir.Store) -> None:
        """`a[i] = v` or `obj.f = v`, and the same of the tangents."""
        self.flush()
        assert isinstance(stmt.obj, ir.Var)
        found = self.dot_of(stmt.obj)
        value = self.dot_of(stmt.value)
        obj_kind, value_kind = stmt.facts.kinds[:2]
        v = name(value[0]) if value is not None else self.zero()
        obj_dot = name(found[0]) if found is not None else self.zero()
        if stmt.attribute:
            key = constant(stmt.key)
            made = super().run("set_attribute_differential", atom(stmt.obj), obj_dot, key, atom(stmt.value), v)
            self.emit_dots([ast.Expr(made)], stmt.span)
            return
        plain = found is not None and not found[1]
        simple = value_kind.scalar or value_kind.mask == ARRAY
        if plain and obj_kind.mask == ARRAY:
            if value is None:
                v = constant(0.0)
            elif not simple:
                v = call(self.helper(tangent_parts.filled, "filled"), v, atom(stmt.value))
            elif value[1]:
                v = template("0.0 if v is ZERO else v", v=v, ZERO=self.zero())
        elif not (plain and (obj_kind.mask == DICT or (obj_kind.mask == LIST and self.is_int(stmt.key)))):
            made = super().run("set_item_differential", atom(stmt.obj), obj_dot, atom(stmt.key), atom(stmt.value), v)
            self.emit_dots([ast.Expr(made)], stmt.span)
            return
        super().store(stmt)
        self.out[-1].span = stmt.span  # type: ignore[attr-defined]
        place = ast.Subscript(obj_dot, atom(stmt.key), ast.Store())
        self.emit_dots([ast.Assign([place], v, lineno=1)], stmt.span)

    def is_int(self, key: ir.Atom) -> bool:
        """Whether an index is surely an integer."""
        if isinstance(key, ir.Lit):
            return isinstance(key.value, int)
        kind = self.sharing.kinds.get(key.name)
        return kind is not None and kind.mask == INT_KIND.mask

    def opening(self, stmt: ir.For | ir.While, taken: dict[str, ast.expr]) -> tuple[ast.expr, ast.expr]:
        """What a loop binds: from a list that may change as it goes, and from its mirror."""
        both, over = super().opening(stmt, taken)
        if not isinstance(stmt, ir.For) or not isinstance(stmt.iterable, ir.Var) or not isinstance(over, ast.Call):
            return both, over
        if stmt.iterable.name in self.names and stmt.facts.kinds[0].mask & ~(ARRAY | LIST | TUPLE):
            xs, t = over.args
            held = self.walked.setdefault(id(stmt), self.helpers.fresh("_xs"))
            live = call(self.helper(tangent_parts.walked, "walked"), xs, t)
            code = self.placed_dots([assign(held, live)], stmt.span)
            if not any(isinstance(s, ast.Assign) and held in names_in(s.targets[0]) for s in self.out[-1:]):
                self.out += code
            parts = call(self.helper(tangent_parts.elements, "elements"), t, name(held))
            inline = ast.Call(name(self.helper(zip, "zip")), [name(held), parts], [])
            pairs = call(self.helper(pairs_of, "pairs_of"), name(held))
            return both, ast.IfExp(call(self.helper(is_along, "is_along"), name(held), t), pairs, inline)
        return both, over


def is_copy(stmt: ir.Bind) -> bool:
    """Whether a statement is `x.copy()` of an array, list or dict."""
    expr = stmt.expr
    if not isinstance(expr, ir.Apply) or expr.method != "copy" or expr.args or expr.keywords:
        return False
    return stmt.facts.kinds[0].mask in (ARRAY, LIST, DICT)


def is_append(stmt: ir.Bind) -> bool:
    """Whether a statement is `xs.append(v)` on a list."""
    expr = stmt.expr
    if not isinstance(expr, ir.Apply) or expr.method != "append" or expr.stars or expr.keywords or len(expr.args) != 1:
        return False
    return stmt.facts.kinds[0].mask == LIST
