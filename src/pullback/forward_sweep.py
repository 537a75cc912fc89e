"""The forward sweep: the user's statements, with the values that the reverse sweep needs set aside.

    for i in range(n):          _s1 = []
        y = y * x         ->    for i in range(n):
                                    y_1 = y
                                    y = y * x
                                    _s1.append(y_1)

Temporaries that nothing else reads go back into the expressions they came from, so the code reads
like the user's, and every node keeps the user's position: a traceback marks the user's expression.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pullback import ir
from pullback.asking_code import Looking, call_attribute
from pullback.calls import static_forward
from pullback.conditions import DRAWN, is_plain
from pullback.effects import is_caller
from pullback.forward_try import step_statement, try_statement, with_statement
from pullback.forward_uses import count_uses
from pullback.inlining import CALL, how
from pullback.kinds import DICT, LIST, TUPLE
from pullback.names import INTERNAL
from pullback.operations import METHODS
from pullback.reverse import Reverse
from pullback.shadow_totals import MISSING
from pullback.sharing import Sharing
from pullback.spans import Span
from pullback.syntax import (
    assign,
    assign_many,
    atom,
    call,
    constant,
    display,
    name,
    operator_syntax,
    placed,
    target,
    template,
    tuple_of,
    unset,
)


class Forward(Looking):
    """Emits the forward sweep of one function, after its reverse sweep has said what it needs."""

    def __init__(
        self,
        function: ir.FunctionIR,
        reverse: Reverse,
        sharing: Sharing,
        helper: Callable[[Any, str], str],
        read_later: set[str],
        pairs: Callable[..., Any],
    ) -> None:
        self.function = function
        self.reverse = reverse
        self.residuals = reverse.residuals
        self.sharing = sharing
        self.unseen = sharing.unseen
        self.helper = helper
        self.pairs = pairs
        self.read_later = set(read_later)  # names the reverse sweep reads: they must exist as names
        for captures in (self.residuals.before, self.residuals.after):
            self.read_later.update(source for made in captures.values() for _, source, _ in made)
        self.uses = count_uses(function.body)
        self.droppable = False  # in a joint function a value nobody needs need not be computed
        self.pending, self.out = list[tuple[str, ast.expr]](), list[ast.stmt]()
        self.half_used, self._half = False, ""  # whether a change inside a `try` may be left half made

    keeps = True  # whether calls return what the reverse sweep needs

    def half(self) -> str:
        """The name that holds which change is under way."""
        self._half = self._half or self.reverse.fresh("_half")
        return self._half

    # --- placing and nesting ----------------------------------------------------------------------

    def emit(self, stmt: ast.stmt, span: Span) -> None:
        """Append a statement at the user's position."""
        self.out.append(placed(stmt, span))

    def flush(self) -> None:
        """Give every pending temporary its own statement."""
        for temporary, value in self.pending:
            stmt = assign(temporary, value)
            ast.copy_location(stmt, value)
            ast.copy_location(stmt.targets[0], value)
            self.out.append(stmt)
        self.pending = []

    def take(self, operands: list[ir.Atom]) -> dict[str, ast.expr]:
        """The pending temporaries among `operands` that may be written in place: the order must stay."""
        wanted = [a.name for a in operands if isinstance(a, ir.Var)]
        waiting = [n for n, _ in self.pending]
        used = [n for n in wanted if n in waiting]
        if used and used == waiting[len(waiting) - len(used) :]:
            taken = dict(self.pending[len(waiting) - len(used) :])
            del self.pending[len(waiting) - len(used) :]
            return taken
        if used:
            self.flush()
        return {}

    def nestable(self, identifier: str) -> bool:
        """Whether a temporary may go back into the expression that reads it."""
        return identifier.startswith("_t") and self.uses.get(identifier) == 1 and identifier not in self.read_later

    # --- statements -------------------------------------------------------------------------------

    def block(self, block: list[ir.Stmt]) -> list[ast.stmt]:
        """The statements of a block."""
        outer, self.out = self.out, []
        outer_pending, self.pending = self.pending, []
        for stmt in block:
            for new, source, copied in self.residuals.before.get(id(stmt), ()):
                self.emit(assign(new, self.captured(source, copied)), stmt.span)
            self.stmt(stmt)
            if not isinstance(stmt, (ir.For, ir.With)):
                self.follow(ir.assigned(stmt), stmt)
            for new, source, copied in self.residuals.after.get(id(stmt), ()):
                self.flush()
                self.emit(assign(new, self.captured(source, copied)), stmt.span)
        self.flush()
        made, self.out = self.out, outer
        self.pending = outer_pending
        return made

    def captures_at(self, stmt: ir.Stmt) -> bool:
        """Whether a value is set aside before or after this statement."""
        return id(stmt) in self.residuals.before or id(stmt) in self.residuals.after

    def follow(self, names: tuple[str, ...], stmt: ir.Stmt) -> None:
        """Bind the names that follow those that a statement binds."""
        for bound in names:
            if bound in self.residuals.mirrors and not isinstance(stmt, ir.Opaque):
                self.flush()
                self.emit(assign(self.residuals.mirrors[bound], name(bound)), stmt.span)

    def captured(self, source: str, copied: bool) -> ast.expr:
        """A value set aside: a copy, where its contents may change."""
        return call(self.reverse.runtime("keep"), name(source)) if copied else name(source)

    def stmt(self, stmt: ir.Stmt) -> None:
        """One statement, after the pending ones that it must not overtake."""
        match stmt:
            case ir.Bind():
                self.bind(stmt)
            case ir.Step():
                step_statement(self, stmt)
            case ir.If():
                self.conditional(stmt)
            case ir.For() | ir.While():
                self.loop(stmt)
            case ir.Unpack() if (shadows := self.reverse.shadows) is not None:
                source = shadows.unpacked(stmt)
                self.flush_for([stmt.source], stmt, lambda v: assign_many(list(stmt.targets), source(v[0])))
            case ir.Unpack():
                self.flush_for([stmt.source], stmt, lambda v: assign_many(list(stmt.targets), v[0]))
            case ir.Append():
                append = ast.Attribute(name(stmt.target), "append", ast.Load())
                self.flush_for([stmt.item], stmt, lambda v: ast.Expr(ast.Call(append, [v[0]], [])))
            case ir.Store():
                self.unstored(self.watched_at(stmt), stmt.span, lambda: self.store(stmt), atom(stmt.obj))
            case ir.With():
                context = self.take([stmt.context]).get(getattr(stmt.context, "name", ""), atom(stmt.context))
                self.flush()
                with_statement(self, stmt, context)
            case ir.Try():
                try_statement(self, stmt)
            case ir.BreakIf(flags=flags):
                test: ast.expr = name(flags[0]) if len(flags) == 1 else ast.BoolOp(ast.Or(), [name(f) for f in flags])
                self.flush()
                self.emit(ast.If(test, [ast.Break()], []), stmt.span)
            case ir.Raise(node=ast.Assert() as node) if stmt.facts.inside:
                self.flush()
                test = self.looked_at(node.test, stmt.facts.inside)
                self.out.append(ast.copy_location(ast.Assert(test, node.msg), node))
            case ir.Opaque(node=ast.Match() as node) if stmt.facts.inside:
                self.matched(node, stmt)
            case ir.Opaque(node=node) | ir.Raise(node=node):
                self.flush()
                self.out.append(node)

    def flush_for(self, operands: list[ir.Atom], stmt: ir.Stmt, build: Callable[[list[ast.expr]], ast.stmt]) -> None:
        """Emit a statement whose operands may be written in place."""
        taken = self.take(operands)
        values = [taken.get(a.name, atom(a)) if isinstance(a, ir.Var) else atom(a) for a in operands]
        self.flush()
        self.emit(build(values), stmt.span)

    def nested(self, build: Callable[[], None]) -> list[ast.stmt]:
        """The statements that `build` emits."""
        outer, self.out = self.out, []
        build()
        made, self.out = self.out, outer
        return made

    def store(self, stmt: ir.Store) -> None:
        """An assignment to an element or an attribute."""
        obj, value = atom(stmt.obj), atom(stmt.value)
        self.flush()
        residual = self.reverse.forward_calls.get(id(stmt))
        if residual is not None:
            what = "set_attribute" if stmt.attribute else "set_item"
            key = constant(stmt.key) if stmt.attribute else self.key(stmt, atom(stmt.key))
            made = call(self.reverse.runtime_call(what), obj, key, value, constant(stmt.facts.active))
            self.emit(assign(residual, made), stmt.span)
            return
        before = self.reverse.plain_stores.get(id(stmt))
        if before is not None:
            missing = name(self.helper(MISSING, "MISSING"))
            held = template("obj.__dict__.get(key, missing)", obj=obj, key=constant(stmt.key), missing=missing)
            self.emit(assign(before, held), stmt.span)
        place: ast.expr = ast.Attribute(obj, stmt.key, ast.Store())
        if not stmt.attribute:
            place = ast.Subscript(obj, self.key(stmt, atom(stmt.key)), ast.Store())
        self.emit(ast.Assign([place], value, lineno=1), stmt.span)

    def conditional(self, stmt: ir.If) -> None:
        """An `if`, which records the arm that ran where the reverse sweep asks for it."""
        recorded = self.reverse.reversed_ifs.get(id(stmt))
        taken = self.take([stmt.test])
        test = taken.get(stmt.test.name, atom(stmt.test)) if isinstance(stmt.test, ir.Var) else atom(stmt.test)
        self.flush()
        if stmt.facts.inside:
            test = self.looked_at(test, (replace(stmt.facts.inside[0], node=test, truth=True),))
        if recorded is not None:
            if not isinstance(test, ast.Compare):
                test = placed(ast.IfExp(test, constant(True), constant(False)), stmt.span)
            self.emit(assign(recorded, test), stmt.span)
            test = name(recorded)
        body, orelse = self.block(stmt.body), self.block(stmt.orelse)
        if body or orelse or recorded is None:
            self.emit(ast.If(test, body or [ast.Pass()], orelse), stmt.span)

    def loop(self, stmt: ir.For | ir.While) -> None:
        """A loop, which keeps what each iteration's reversal needs."""
        region = self.residuals.loops[id(stmt)]
        head: ast.expr | None = None
        if isinstance(stmt, ir.For):
            taken = self.take([stmt.iterable]) if not stmt.facts.varied else {}
            iterable = stmt.iterable
            head = taken.get(iterable.name, atom(iterable)) if isinstance(iterable, ir.Var) else atom(iterable)
            kind = stmt.facts.kinds[0]
            if id(stmt) in self.reverse.indexed_loops and kind.mask & ~(TUPLE | LIST | DICT):
                head = call(self.reverse.runtime("iterate"), head)
        self.flush()
        tail: list[ast.stmt] = []
        stack, count = self.residuals.made("_s", stmt), self.residuals.made("_n", stmt)
        if stack or count:
            if stack:
                self.emit(assign(stack, ast.List([], ast.Load())), stmt.span)
                entry = name(region.kept[0]) if len(region.kept) == 1 else tuple_of([name(k) for k in region.kept])
                tail.append(placed(ast.Expr(template("s.append(e)", s=name(stack), e=entry)), stmt.span))
            if count:
                self.emit(assign(count, constant(0)), stmt.span)
                tail.append(placed(ast.AugAssign(target(count), ast.Add(), constant(1)), stmt.span))
        last = stmt.body[-1:] if stmt.body and isinstance(stmt.body[-1], ir.BreakIf) else []
        body, left = self.block(stmt.body[: len(stmt.body) - len(last)]), self.block(last)
        if stmt.attempted and tail:  # an iteration that an exception ends is one too
            body = [placed(ast.Try(body or [ast.Pass()], [], [], tail), stmt.span)]
        else:
            body += tail
        body[:0] = self.nested(lambda: self.follow(ir.assigned(stmt), stmt))
        placeholders = region.placeholders
        if stmt.attempted:  # an exception may leave any of them unset
            own = {n for s in (stmt, *ir.walk(stmt.body)) for n in ir.assigned(s)}
            own.update(self.residuals.mirrors.values())
            placeholders = [k for k in region.kept if k not in own]
        if stack and placeholders:
            body[:0] = [placed(unset(placeholders), stmt.span)]
        body = [*body, *left] or [placed(ast.Pass(), stmt.span)]
        if isinstance(stmt, ir.For):
            assert head is not None
            self.emit(ast.For(target(stmt.target), head, body, [], lineno=1), stmt.span)
        else:
            self.emit(ast.While(self.looked_at(stmt.test.node, stmt.facts.inside), body, []), stmt.span)

    def bind(self, stmt: ir.Bind) -> None:
        """An assignment, pending if it may go back into an expression; left out if nothing needs it."""
        expr, span = stmt.expr, stmt.span
        residual = self.reverse.forward_calls.get(id(stmt))
        if residual is None and stmt.facts.stores and self.keeps:
            residual = self.reverse.fresh("_r")  # (which nobody reads: the call is looked at)
        if isinstance(expr, ir.Closure) and isinstance(expr.node, ast.FunctionDef):
            self.flush()
            self.out.append(expr.node)
            if expr.node.name != stmt.target:
                self.emit(assign(stmt.target, name(expr.node.name)), span)
            return
        if self.droppable and self.pure_and_unused(stmt) and not self.captures_at(stmt):
            for a in ir.atoms(expr):
                if isinstance(a, ir.Var):
                    self.uses[a.name] = self.uses.get(a.name, 0) - 1
            return
        operands = list(ir.atoms(expr))
        if isinstance(expr, ir.Closure):
            self.flush()  # its defaults are names in the syntax that is kept
        taken = self.take(operands)
        values = {a: taken.get(a.name, atom(a)) if isinstance(a, ir.Var) else atom(a) for a in operands}
        if isinstance(expr, ir.Apply) and isinstance(expr.callee, ir.Var) and expr.callee.name in INTERNAL:
            stem = expr.callee.name.strip("<>").rpartition(".")[2]
            values[expr.callee] = name(self.helper(INTERNAL[expr.callee.name], stem))
        for value in values.values():
            if not hasattr(value, "lineno"):
                placed(value, span)
        if residual is not None:
            self.flush()
            made = placed(self.call_with_residual(stmt, values), span)
            whole = assign_many([stmt.target, residual], made)
            self.unstored(self.watched_at(stmt), span, lambda: self.emit(whole, span))
            return
        made = placed(self.expression(stmt, values), span)
        if self.nestable(stmt.target):
            self.pending.append((stmt.target, made))
            return
        self.flush()
        dropped = not self.uses.get(stmt.target, 0) and stmt.target not in self.read_later and stmt.target[:2] == "_t"
        self.emit(ast.Expr(made) if dropped else assign(stmt.target, made), span)

    def pure_and_unused(self, stmt: ir.Bind) -> bool:
        """Whether a joint function can leave a statement out: bare arithmetic that cannot fail."""
        if self.uses.get(stmt.target, 0) > 0 or stmt.target in self.read_later:
            return False
        if isinstance(stmt.expr, ir.Copy):
            return not isinstance(stmt.expr.source, ir.Var) or stmt.expr.source.name in self.function.parameters
        if not isinstance(stmt.expr, ir.Operation) or not all(k.scalar for k in stmt.facts.kinds):
            return False
        return stmt.expr.op in ("+", "-", "*", "neg", "pos")

    # --- expressions ------------------------------------------------------------------------------

    def expression(self, stmt: ir.Bind, values: dict[ir.Atom, ast.expr]) -> ast.expr:
        """The plain expression; what it runs of unknown classes is looked at."""
        made, inside = self.plain(stmt, values), stmt.facts.inside
        if not inside or isinstance(stmt.expr, ir.Apply):
            return made
        if isinstance(stmt.expr, ir.Compare):
            return self.looked_at(made, (replace(inside[0], node=made),))
        if isinstance(stmt.expr, ir.Inert):
            return self.looked_at(made, inside)
        if isinstance(stmt.expr, ir.Build):
            return self.with_keys(stmt, made)
        return self.unchanging(made, inside)

    def plain(self, stmt: ir.Bind, values: dict[ir.Atom, ast.expr]) -> ast.expr:
        """The expression as it stands."""
        expr = stmt.expr
        match expr:
            case ir.Copy(source=source):
                return values[source]
            case ir.Operation():
                return self.operation(stmt, expr, [values[a] for a in expr.args])
            case ir.Compare(ops=ops, args=args):
                compared = ast.Compare(values[args[0]], list(ops), [values[a] for a in args[1:]])
                mixed = any(stmt.facts.active) and not all(k.numeric for k in stmt.facts.kinds)
                return call(self.reverse.runtime("truth"), compared) if mixed and not stmt.facts.inside else compared
            case ir.Attr(obj=obj, name=attribute):
                return ast.Attribute(values[obj], attribute, ast.Load())
            case ir.Item(obj=obj, index=index):
                return ast.Subscript(values[obj], values[index], ast.Load())
            case ir.Build(kind=kind, items=items):
                return display(kind, [values[a] for a in items])
            case ir.Closure(node=node) | ir.Inert(node=node):
                assert isinstance(node, ast.expr)
                return node
            case ir.Apply():
                return self.apply(stmt, expr, values)
        raise AssertionError(type(expr))

    def operation(self, stmt: ir.Bind, expr: ir.Operation, args: list[ast.expr]) -> ast.expr:
        """An operator as written; an in-place one on anything but a scalar is a call."""
        if expr.inplace and len(args) == 2 and not stmt.facts.kinds[0].scalar:
            if id(stmt) in self.unseen:
                return call(self.reverse.runtime("inplace"), constant(expr.op), *args)
            if any(stmt.facts.active) and self.reverse.shadows is None:
                return call(self.reverse.runtime("rebind"), constant(expr.op), *args)
            method = f"i{METHODS[expr.op]}"
            return call(self.helper(getattr(operator, method), method), *args)
        return operator_syntax(expr.op, args)

    def apply(self, stmt: ir.Bind, expr: ir.Apply, values: dict[ir.Atom, ast.expr]) -> ast.expr:
        """A call whose derivative needs no residual, or none at all."""
        args = [self.spread(stmt, i, values[a]) if i in expr.stars else values[a] for i, a in enumerate(expr.args)]
        keywords = [ast.keyword(k, values[a]) for k, a in expr.keywords]
        callee: ast.expr
        if stmt.facts.known and any(stmt.facts.active) and not stmt.facts.method:
            written = expr.callee.name.strip("<>").rpartition(".")[2] if isinstance(expr.callee, ir.Var) else "callee"
            callee = name(self.helper(stmt.facts.callee, expr.method or written))
        else:
            callee = values[expr.callee]
            if expr.method is not None:
                callee = ast.Attribute(callee, expr.method, ast.Load())
        if stmt.facts.inside and not is_caller(stmt.facts.callee):
            if expr.callee == ir.Var("<iterated>"):
                return call(self.reverse.runtime_call("unchanging"), *args, constant(stmt.facts.inside[0].methods))
            if isinstance(callee, ast.Attribute):
                args = [callee.value, constant(callee.attr), *args]
                callee = name(self.helper(call_attribute, "call_attribute"))
            return ast.Call(name(self.reverse.runtime_call("asked")), [callee, *args], keywords)
        looked_at = self.reverse.ran and not self.harmless(stmt)
        if how(stmt) == CALL and any(stmt.facts.active) and (looked_at or is_caller(stmt.facts.callee)):
            observed = placed(callee, stmt.span)
            return ast.Call(name(self.reverse.runtime_call("observe")), [observed, *args], keywords)
        return ast.Call(callee, args, keywords)

    def spread(self, stmt: ir.Bind, position: int, value: ast.expr) -> ast.expr:
        """A starred argument, whose class must change nothing when it is drawn from."""
        if stmt.facts.active[position + 1] and not is_plain(stmt.facts.kinds[position + 1]):
            value = call(self.reverse.runtime_call("unchanging"), value, constant(DRAWN))
        return ast.Starred(value, ast.Load())

    def call_with_residual(self, stmt: ir.Bind, values: dict[ir.Atom, ast.expr]) -> ast.expr:
        """A call that returns its value and what its pullback needs."""
        expr, facts = stmt.expr, stmt.facts
        shadows = self.reverse.shadows
        strict, own = shadows.unforeseen(stmt, self.function.made) if shadows is not None else (True, frozenset())
        pair = self.pairs(stmt, shadows is not None, strict, own)
        if pair is not None:
            assert isinstance(expr, ir.Apply)
            return static_forward(self.helper, pair, expr, values, facts.method)
        active = facts.active
        match expr:
            case ir.Operation(op=op, args=args):
                which = "operate_inplace" if expr.inplace and id(stmt) not in self.unseen else "operate"
                positions = constant(tuple(i for i, a in enumerate(active) if a))
                operands = [self.kept(a, values[a]) if which == "operate" else values[a] for a in args]
                return self.run_time_call(which, stmt, values, constant(op), tuple_of(operands), positions)
            case ir.Attr(obj=obj, name=attribute):
                return self.run_time_call("read_attribute", stmt, values, values[obj], constant(attribute))
            case ir.Item(obj=obj, index=index):
                return self.run_time_call("read_item", stmt, values, values[obj], values[index], constant(active))
            case ir.Apply():
                return self.dynamic_call(stmt, expr, values)
        raise AssertionError(type(expr))

    def run_time_call(self, what: str, stmt: ir.Bind, values: dict[ir.Atom, ast.expr], *operands: ast.expr) -> ast.expr:
        """A run-time call: the one that works on shadows, in functions that change values."""
        made = self.reverse.runtime_call
        if self.reverse.shadows is None:
            return call(made(what), *operands)
        strict, own = self.reverse.shadows.unforeseen(stmt, self.function.made)
        if strict and own:
            new = tuple_of([values[ir.Var(n)] for n in sorted(own)])
            return call(made("sparing"), name(made(f"{what}_shared")), new, *operands)
        return call(made(f"{what}_{'strict' if strict else 'shared'}"), *operands)

    def kept(self, operand: ir.Atom, value: ast.expr) -> ast.expr:
        """An operand that the operation keeps for its pullback: a copy, where it may change in place."""
        if self.reverse.shadows is not None or not isinstance(operand, ir.Var):
            return value
        if not self.residuals.copies(operand.name):
            return value
        return call(self.reverse.runtime("keep"), value)

    def dynamic_call(self, stmt: ir.Bind, expr: ir.Apply, values: dict[ir.Atom, ast.expr]) -> ast.expr:
        """A call whose callee is looked up at run time."""
        active = stmt.facts.active
        named = [f"**{place}" if k is None else k for place, (k, _) in enumerate(expr.keywords)]
        operands: list[int | str] = [-1, *range(len(expr.args)), *named]
        flags: list[int | str]
        if expr.stars or any(k is None for k, _ in expr.keywords):
            flags = [o for o, a in zip(operands, active, strict=True) if a]
            args = tuple_of([values[a] for a in expr.args])
            keywords = tuple_of([tuple_of([constant(k), values[a]]) for k, a in expr.keywords])
            return self.run_time_call(
                "call_starred", stmt, values, values[expr.callee], constant(expr.method), args,
                keywords, constant(tuple(sorted(expr.stars))), constant(tuple(flags)),
            )  # fmt: skip
        if expr.callee == ir.Var("<iterated>") and self.reverse.shadows is None:
            return call(self.reverse.runtime_call("iterated"), values[expr.args[0]])
        flags = [o for o, a in zip(operands, active, strict=True) if a]
        args = tuple_of([values[a] for a in expr.args])
        extra: list[ast.expr] = []
        if expr.keywords:
            extra = [ast.Dict([constant(k) for k, _ in expr.keywords], [values[a] for _, a in expr.keywords])]
        held = expr.method is not None and stmt.facts.known and not stmt.facts.method and not active[0]
        if held and self.reverse.shadows is None:  # a function that a field was found to hold
            callee = name(self.helper(stmt.facts.callee, str(expr.method)))
            return call(self.reverse.runtime_call("call"), callee, args, constant(tuple(flags)), *extra)
        if expr.method is not None:
            return self.run_time_call(
                "call_method", stmt, values, values[expr.callee], constant(expr.method), args,
                constant(tuple(flags)), *extra,
            )  # fmt: skip
        return self.run_time_call("call", stmt, values, values[expr.callee], args, constant(tuple(flags)), *extra)
