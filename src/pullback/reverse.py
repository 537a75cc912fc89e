"""The reverse sweep: adjoint statements for each statement, last to first.

    y = x * w        ->      d_x += d_y * w
                             d_w += d_y * x

Adjoints go by variable name and are killed at the assignment, so branches and loops need no joins of
their own. The *status* of an adjoint (absent, present, maybe) is known at every point: an absent one
emits nothing, so code that reaches no result costs nothing; a maybe-absent one is `ZERO` at run time
and guards its statement, so a zero never meets an infinity.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from pullback import ir, runtime
from pullback.calls import CALLS
from pullback.inlining import NEW, PLAIN, Inliner, how
from pullback.kinds import FLOAT, LIST, TUPLE, UNKNOWN, Kind
from pullback.residuals import Region, Residuals
from pullback.shadow_code import ShadowCode
from pullback.syntax import assign, assign_many, call, constant, name, template, tuple_of, walk
from pullback.syntax import atom as as_syntax

ABSENT, PRESENT, MAYBE = "absent", "present", "maybe"
Status = dict[str, str]
Code = list[ast.stmt]



class Reverse:
    """Emits the reverse sweep of one function and records what it needs of the forward sweep."""

    def __init__(
        self,
        function: ir.FunctionIR,
        residuals: Residuals,
        fresh: Callable[[str], str],
        helper: Callable[[Any, str], str],
        accumulators: dict[str, Kind],
        captures: frozenset[str],
        shadows: Callable[[Reverse], ShadowCode] | None = None,
    ) -> None:
        self.function = function
        self.residuals = residuals
        self.fresh = fresh
        self.helper = helper
        self.accumulators = accumulators  # parameters never assigned: their adjoints are summed, never read
        self.captures = captures  # active captured variables
        self.inliner = Inliner(self, helper)
        self.adjoints: dict[str, str] = {}
        self.fields: dict[str, list[str]] = {}  # parameters never assigned: fields with adjoints of their own
        self.reads = self._field_reads()
        self.status: Status = {}
        self.code: Code = []
        self.forward_calls: dict[int, str] = {}  # statements that run as a call returning a residual: its name
        self.plain_stores: dict[int, str] = {}  # stores into an object's dict: the name of what was there before
        self.reversed_ifs: dict[int, str] = {}  # conditionals whose test is needed: the name that holds it
        self.reversed_loops: set[int] = set()
        self.indexed_loops: dict[int, str] = {}
        self.ran = False  # whether anything is reversed at all
        self.owned: set[str] = set()  # variables whose adjoint is a buffer that only this sweep holds
        self.shadows = shadows(self) if shadows is not None else None  # where values change in place

    # --- adjoints ---------------------------------------------------------------------------------

    def adjoint(self, variable: str) -> str:
        """The name of a variable's adjoint."""
        found = self.adjoints.get(variable)
        if found is None:
            stem = f"d_{variable.lstrip('_')}" if variable.startswith("_") else f"d_{variable.replace('.', '_')}"
            found = self.adjoints[variable] = self.fresh(stem)
        return found

    def _field_reads(self) -> dict[str, ir.Bind]:
        """Names that only ever hold a field of a parameter that is never assigned: `w = model.weights`."""
        found: dict[str, ir.Bind] = {}
        counts: dict[str, int] = {}
        for stmt in ir.walk(self.function.body):
            for bound in ir.assigned(stmt):
                counts[bound] = counts.get(bound, 0) + 1
            if not isinstance(stmt, ir.Bind) or not isinstance(stmt.expr, ir.Attr) or how(stmt) != PLAIN:
                continue
            if stmt.facts.varied and getattr(stmt.expr.obj, "name", "") in self.accumulators:
                found[stmt.target] = stmt
        return {n: s for n, s in found.items() if counts[n] == 1 and n not in self.function.parameters}

    def holder(self, variable: str) -> str:
        """The variable whose adjoint takes what `variable` gets: of `w = model.weights` that of the field."""
        read = self.reads.get(variable)
        if read is None or self.shadows is not None:
            return variable
        assert isinstance(read.expr, ir.Attr) and isinstance(read.expr.obj, ir.Var)
        found = self.field(read.expr.obj, read.expr.name, read.facts.kind)
        return variable if found is None else found.name

    def field(self, obj: ir.Var, name: str, kind: Kind) -> ir.Var | None:
        """The variable that stands for a field of a parameter that is never assigned."""
        if obj.name not in self.accumulators or self.shadows is not None:
            return None
        fields = self.fields.setdefault(obj.name, [])
        variable = f"{obj.name}.{name}"
        if name not in fields:
            fields.append(name)
            self.accumulators[variable] = kind
        return ir.Var(variable)

    def emit(self, stmt: ast.stmt, source: ir.Stmt) -> None:
        """Append a statement that the user's statement `source` causes."""
        span = source.span
        for node in walk(stmt):
            if isinstance(node, (ast.expr, ast.stmt)) and not hasattr(node, "_placed"):
                node.lineno, node.col_offset = span.line, span.column
                node.end_lineno, node.end_col_offset = span.end_line, span.end_column
        stmt.span = span  # type: ignore[attr-defined]
        self.code.append(stmt)

    def accumulate(
        self, atom: ir.Atom, value: ast.expr, source: ir.Stmt, *, maybe: bool = False, kind: Kind = UNKNOWN
    ) -> None:
        """Add `value` to the adjoint of an operand; with `maybe` it may be ZERO at run time."""
        if isinstance(atom, ir.Lit):
            return
        atom = ir.Var(self.holder(atom.name))
        d = self.adjoint(atom.name)
        status = self.status.get(atom.name, ABSENT)
        # an operand that may be an int or a container has adjoints that only the runtime can add
        generic = not kind.numeric
        self.status[atom.name] = PRESENT if status == PRESENT or not maybe else MAYBE
        if status == ABSENT:
            made = assign(d, value)
        elif maybe or generic:
            made = assign(d, call(self.runtime("add"), name(d), value))
        elif status == PRESENT:
            made = assign(d, template("d + v", d=name(d), v=value))
        else:
            made = assign(d, self.added(d, value))
        made.present = self.status[atom.name] == PRESENT  # type: ignore[attr-defined]
        self.emit(made, source)

    def new_adjoints(self, operands: list[ir.Atom]) -> list[str]:
        """The adjoints of operands that have none yet, to be assigned what may be ZERO; [] where one has."""
        names = [self.holder(a.name) for a in operands if isinstance(a, ir.Var)]
        if len({*names}) < len(operands) or any(self.status.get(n, ABSENT) != ABSENT for n in names):
            return []
        self.status.update(dict.fromkeys(names, MAYBE))
        return [self.adjoint(n) for n in names]

    def absent(self) -> ast.expr:
        """What stands for an adjoint that is not there."""
        return name(self.runtime("ZERO"))

    def is_set(self, d: str) -> ast.expr:
        """A test of whether an adjoint that may be absent is there."""
        return template("d is not ZERO", d=name(d), ZERO=self.absent())

    def added(self, d: str, value: ast.expr) -> ast.expr:
        """An adjoint that may be absent, plus `value`."""
        return template("v if d is ZERO else d + v", d=name(d), v=value, ZERO=self.absent())

    def runtime_call(self, what: str) -> str:
        """The name under which generated code reaches a run-time call."""
        return self.helper(CALLS[what], what)

    def runtime(self, what: str) -> str:
        """The name under which generated code reaches a runtime helper."""
        return self.helper(getattr(runtime, what), what)

    # --- blocks -----------------------------------------------------------------------------------

    def block(self, block: list[ir.Stmt]) -> None:
        """Reverse a block, last statement first."""
        for stmt in reversed(block):
            self.stmt(stmt)

    def stmt(self, stmt: ir.Stmt) -> None:
        """Reverse one statement."""
        match stmt:
            case ir.Bind():
                self.killing(stmt.target, stmt, lambda g: self.inliner.expression(stmt, g))
            case ir.Unpack():
                self.unpack(stmt)
            case ir.Append():
                self.append(stmt)
            case ir.If():
                self.conditional(stmt)
            case ir.For() | ir.While():
                self.loop(stmt)
            case ir.With():
                self.block(stmt.body)
            case ir.Try():
                self.block(stmt.final)
                self.block(list(stmt.steps))
            case ir.Opaque():
                for written in stmt.writes:
                    self.status.pop(written, None)
            case ir.Store():
                if self.shadows is not None:
                    self.shadows.store(stmt)
            case ir.Raise() | ir.BreakIf():
                pass

    def killing(self, target: str, stmt: ir.Bind, pull: Callable[[str], None]) -> None:
        """Reverse an assignment: its target's adjoint is consumed."""
        if self.shadows is not None and self.shadows.bind(stmt, pull):
            return
        status = self.status.pop(target, ABSENT)
        self.owned.discard(target)
        if status == ABSENT or not stmt.facts.varied:
            return
        d = self.adjoint(target)
        if status == PRESENT or how(stmt) == NEW:  # (a new object's fields may each be absent as well)
            self._pull(target, d, stmt, pull)
            return
        self.guarded(d, stmt, lambda: self._pull(target, d, stmt, pull))

    def _pull(self, target: str, d: str, stmt: ir.Bind, pull: Callable[[str], None]) -> None:
        if any(isinstance(a, ir.Var) and a.name == target for a in ir.atoms(stmt.expr)):
            g = self.fresh("_g")
            self.emit(assign(g, name(d)), stmt)
            d = g
        pull(d)

    def guarded(self, d: str, stmt: ir.Stmt, build: Callable[[], None]) -> None:
        """`if d is not ZERO: ...`, with the statuses of both outcomes merged."""
        before, owned = dict(self.status), set(self.owned)
        body = self.nested(build)
        self.owned &= owned
        skipped, after = before, self.status
        otherwise = self.merge(after, skipped, body, stmt)
        if body or otherwise:
            self.emit(ast.If(self.is_set(d), body or [ast.Pass()], otherwise), stmt)

    def nested(self, build: Callable[[], None]) -> Code:
        """The statements that `build` emits."""
        outer, self.code = self.code, []
        build()
        inner, self.code = self.code, outer
        return inner

    def merge(self, a: Status, b: Status, code_a: Code, stmt: ir.Stmt) -> Code:
        """Make two outcomes agree: `self.status` becomes their join. Returns what `b`'s code must add."""
        code_b: Code = []
        merged: Status = {}
        for variable in {**a, **b}:
            sa, sb = a.get(variable, ABSENT), b.get(variable, ABSENT)
            merged[variable] = sa if sa == sb else MAYBE
            if ABSENT in (sa, sb):
                zero, present = self.zero(variable)
                lacking = code_a if sa == ABSENT else code_b
                outer, self.code = self.code, lacking
                self.emit(assign(self.adjoint(variable), zero), stmt)
                self.code = outer
                if present and MAYBE not in (sa, sb):
                    merged[variable] = PRESENT
        self.status = merged
        return code_b

    def zero(self, variable: str) -> tuple[ast.expr, bool]:
        """What an absent adjoint is set to where it must exist: 0.0 for a float that is only summed."""
        kind = self.accumulators.get(variable)
        if kind is not None and kind.mask == FLOAT:
            return constant(0.0), True
        return self.absent(), False

    # --- control flow -----------------------------------------------------------------------------

    def conditional(self, stmt: ir.If) -> None:
        """Both arms, under the test's recorded value."""
        start = dict(self.status)
        arms: list[Code] = []
        ends: list[Status] = []
        owned: list[set[str]] = []
        owned_before = set(self.owned)
        for block in (stmt.body, stmt.orelse):
            self.status, self.owned = dict(start), set(owned_before)
            arms.append(self.nested(lambda block=block: self.block(block)))  # type: ignore[misc]
            ends.append(self.status)
            owned.append(self.owned)
        self.owned = owned[0] & owned[1]
        if not stmt.attempted and (ir.always_raises(stmt.body) or ir.always_raises(stmt.orelse)):
            taken = 1 if ir.always_raises(stmt.body) else 0
            self.status, self.owned = ends[taken], owned[taken]
            self.code.extend(arms[taken])
            return
        # adjoints of names that both arms leave untouched need no agreement
        arms[1] += self.merge(ends[0], ends[1], arms[0], stmt)
        if not arms[0] and not arms[1]:
            return
        test = self.test(stmt)
        if not arms[0]:
            self.emit(ast.If(ast.UnaryOp(ast.Not(), test), arms[1], []), stmt)
        else:
            self.emit(ast.If(test, arms[0], arms[1]), stmt)

    def test(self, stmt: ir.If) -> ast.expr:
        """The arm that ran: a literal, or what the forward sweep recorded."""
        if isinstance(stmt.test, ir.Lit) and not isinstance(stmt, ir.Step):
            return constant(stmt.test.value)
        known = self.reversed_ifs.get(id(stmt))
        if known is None:
            known = self.residuals.new("_c", stmt)
            self.reversed_ifs[id(stmt)] = known
        return name(known)

    def loop(self, stmt: ir.For | ir.While) -> None:
        """The body reversed, once for each iteration that ran."""
        entry, owned = dict(self.status), set(self.owned)
        outer, self.code = self.code, []
        buffers = self._buffered(stmt)
        for variable in buffers:
            self.own(variable, stmt)
        setup, self.code = self.code, outer
        head = dict(self.status)
        while True:  # until the statuses at the head agree with those after one more iteration
            self.status = dict(head)
            body = self.nested(lambda: self.iteration(stmt))
            self.owned &= owned | set(buffers)
            joined = self._join(head, self.status)
            if joined == head:
                break
            head = joined
        end, self.status = self.status, head
        lost = [v for v, status in head.items() if status == MAYBE and end.get(v, ABSENT) == ABSENT]
        if not body and not lost:
            self.status, self.owned = entry, owned
            return
        self.code.extend(setup)
        for variable, status in head.items():
            if entry.get(variable, ABSENT) == ABSENT and status != ABSENT and variable not in buffers:
                self.emit(assign(self.adjoint(variable), self.zero(variable)[0]), stmt)
            if variable in lost:
                body.append(self._placed(assign(self.adjoint(variable), self.absent()), stmt))
        self.reversed_loops.add(id(stmt))
        self._emit_loop(stmt, body, self.residuals.loops[id(stmt)])

    def _buffered(self, stmt: ir.For | ir.While) -> list[str]:
        """Names that the loop reads element by element and never assigns: their adjoints get a buffer."""
        inside = list(ir.walk(stmt.body))
        bound = {n for s in [stmt, *inside] for n in ir.assigned(s)}
        read: list[str] = []
        for inner in [stmt, *inside]:
            if isinstance(inner, ir.For) and inner.facts.varied and isinstance(inner.iterable, ir.Var):
                read.append(self.holder(inner.iterable.name))
            item = inner.expr if isinstance(inner, ir.Bind) and inner.facts.varied else None
            if isinstance(item, ir.Item) and isinstance(item.obj, ir.Var):
                read.append(self.holder(item.obj.name))
        shared = self.shadows.shared if self.shadows is not None else (lambda _: False)
        return [n for n in dict.fromkeys(read) if n not in bound and not shared(n)]

    def own(self, variable: str, stmt: ir.Stmt) -> None:
        """Make a variable's adjoint a buffer that only this sweep holds."""
        if variable in self.owned and self.status.get(variable) == PRESENT:
            return
        absent = self.status.get(variable, ABSENT) == ABSENT
        d = self.adjoint(variable)
        present: ast.expr = name(self.runtime("ZERO")) if absent else name(d)
        obj, _, field = variable.partition(".")
        held = self.residuals.need(obj, stmt)
        value = ast.Attribute(held, field, ast.Load()) if field else held
        self.emit(assign(d, call(self.runtime("buffer"), present, value)), stmt)
        self.status[variable] = PRESENT
        self.owned.add(variable)

    def element(self, variable: str, index: ast.expr, g: str, stmt: ir.Stmt) -> None:
        """`d_xs[index] += g`: in place where this sweep owns the buffer."""
        if self.shadows is not None and self.shadows.shared(variable):
            self.shadows.add_item(ir.Var(variable), index, name(g), stmt)
            return
        variable = self.holder(variable)
        self.own(variable, stmt)
        self.emit(ast.Expr(call(self.runtime("add_at"), name(self.adjoint(variable)), index, name(g))), stmt)

    def _join(self, a: Status, b: Status) -> Status:
        joined: Status = {}
        for variable in {**a, **b}:
            sa, sb = a.get(variable, ABSENT), b.get(variable, ABSENT)
            if sa == sb:
                joined[variable] = sa
            elif ABSENT in (sa, sb) and MAYBE not in (sa, sb) and self.zero(variable)[1]:
                joined[variable] = PRESENT
            else:
                joined[variable] = MAYBE
        return joined

    def iteration(self, stmt: ir.For | ir.While) -> None:
        """One iteration, reversed; the loop's target is bound at its start."""
        self.block(stmt.body)
        if not isinstance(stmt, ir.For):
            return
        status = self.status.pop(stmt.target, ABSENT)
        if self.shadows is not None and self.shadows.drawn(stmt, status == ABSENT):
            return
        if status == ABSENT or not stmt.facts.varied:
            return
        d = self.adjoint(stmt.target)
        if id(stmt) not in self.indexed_loops:
            self.indexed_loops[id(stmt)] = self.fresh("_k")
        assert isinstance(stmt.iterable, ir.Var)
        self.element(stmt.iterable.name, name(self.indexed_loops[id(stmt)]), d, stmt)

    def _emit_loop(self, stmt: ir.For | ir.While, body: Code, region: Region) -> None:
        index = self.indexed_loops.get(id(stmt))
        if index is not None:
            body.insert(0, self._placed(template_stmt(f"{index} -= 1"), stmt))
        region.count = self.residuals.new("_n", stmt) if index is not None or not region.kept else ""
        if index is not None:
            self.emit(assign(index, name(region.count)), stmt)
        if region.kept:
            region.stack = self.residuals.new("_s", stmt)
            names: ast.expr = ast.Name("", ast.Store())  # filled in by `emit`, when all that is kept is known
            loop = ast.For(names, template("reversed(s)", s=name(region.stack)), body, [], lineno=1)
        else:
            names = ast.Name("_", ast.Store())
            loop = ast.For(names, template("range(n)", n=name(region.count)), body, [], lineno=1)
        loop.region = region  # type: ignore[attr-defined]
        self.emit(loop, stmt)

    def _placed(self, made: ast.stmt, stmt: ir.Stmt) -> ast.stmt:
        outer, self.code = self.code, []
        self.emit(made, stmt)
        self.code = outer
        return made

    # --- containers -------------------------------------------------------------------------------

    def unpack(self, stmt: ir.Unpack) -> None:
        """`a, b = t`: the adjoint of t is the tuple of theirs."""
        parts: list[ast.expr] = []
        statuses = [self.status.pop(t, ABSENT) for t in stmt.targets]
        if not stmt.facts.varied or all(s == ABSENT for s in statuses):
            return
        for target, status in zip(stmt.targets, statuses, strict=True):
            parts.append(name(self.runtime("ZERO")) if status == ABSENT else name(self.adjoint(target)))
        assert isinstance(stmt.source, ir.Var)
        if stmt.facts.kinds and not stmt.facts.kinds[0].mask & ~(TUPLE | LIST):
            self.accumulate(stmt.source, tuple_of(parts), stmt)
            return
        shape = self.residuals.need(stmt.source.name, stmt, same=True)
        value = call(self.runtime("joined"), tuple_of(parts), shape)
        self.accumulate(stmt.source, value, stmt, maybe=PRESENT not in statuses)

    def append(self, stmt: ir.Append) -> None:
        """`total.append(item)`: the last entry of the list's adjoint is the item's."""
        yields = self.function.generator and stmt.target == self.function.result
        if yields and self.shadows is not None and self.shadows.lent:
            self.shadows.yielded(stmt)
            return
        if self.shadows is not None and self.shadows.shared(stmt.target):
            self.shadows.append(stmt)
            return
        if self.status.get(stmt.target, ABSENT) == ABSENT:
            return
        entry = self.fresh("_g")
        d = self.adjoint(stmt.target)
        self.emit(assign_many([d, entry], call(self.runtime("take_last"), name(d))), stmt)
        if stmt.facts.active[0]:
            self.accumulate(stmt.item, name(entry), stmt, maybe=True, kind=stmt.facts.kinds[0])

    def need(self, atom: ir.Atom, stmt: ir.Stmt, after: bool = False, same: bool = False) -> ast.expr:
        """An operand's value, for the reverse sweep; with `same` the very object, whatever it holds by then."""
        if isinstance(atom, ir.Lit):
            return as_syntax(atom)
        return self.residuals.need(atom.name, stmt, after, same)

    def unpacked_call(self, residual: str, g: str, names: list[str], stmt: ir.Stmt) -> None:
        """`a, b = residual[0](residual, g)`: the pullback of a call."""
        pulled = template("r[0](r, g)", r=name(residual), g=name(g))
        if self.shadows is not None:
            pulled = template("r[0](r, g, s)", r=name(residual), g=name(g), s=name(self.shadows.table))
        self.emit(assign_many(names, pulled), stmt)


def template_stmt(text: str) -> ast.stmt:
    """A statement from text."""
    return ast.parse(text).body[0]
