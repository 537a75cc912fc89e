"""The reverse sweep of values that change in place: statements on their shadows.

    a[i] = x            d_x += shadows.take_at(a, i)
    t = a[i]            shadows.add_item(a, i, d_t)
    a *= y              the adjoint of the new a is taken from its shadow; that of the old one is added

Adjoints by name stay as they are; where a value changes, those of all names that may stand for it
are first put into its shadow, so that they meet. Where a value is made, its shadow is taken out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from pullback import ir
from pullback.activity import Activity
from pullback.definite import bound_before
from pullback.fitting import fit
from pullback.inlining import CALL, RULE, how
from pullback.kinds import ARRAY, BOOL, DICT, FLOAT, INT, LIST, NPFLOAT, NPINT, OTHER, TUPLE, Kind
from pullback.operations import stores_plainly
from pullback.sharing import Sharing
from pullback.syntax import assign, assign_many, call, constant, name, template

if TYPE_CHECKING:
    from pullback.reverse import Reverse

_PLAIN_INDEX = INT  # (a bool is a mask: what it takes is a copy)


class ShadowCode:
    """Emits the statements on shadows for a `Reverse`."""

    def __init__(
        self,
        reverse: Reverse,
        sharing: Sharing,
        activity: Activity,
        table: str,
        lent: bool,
        strict: bool,
        spared: frozenset[str],
    ) -> None:
        self.reverse = reverse
        self.sharing = sharing
        self.activity = activity
        self.bound = bound_before(reverse.function)
        calls = [s for s in ir.walk(reverse.function.body) if isinstance(s, ir.Bind) and how(s) == CALL]
        names = [
            name
            for s in calls
            if any(s.facts.active)
            for name in (s.target, *(a.name for a in ir.atoms(s.expr) if isinstance(a, ir.Var)))
        ]
        if reverse.function.generator:
            names.append(reverse.function.result)
        self.handed_over = frozenset(map(sharing.root, names))  # callees put adjoints of these into shadows
        self.table = table  # the name of the table of shadows
        self.spared = spared  # parameters that hold what is new in the caller: a change of those is foreseen
        self.strict = strict  # whether the caller does not foresee that something of its own is changed
        self.lent = lent  # whether the caller's table is used, so that what comes from outside may change too

    def shared(self, variable: str) -> bool:
        """Whether the value of a name may have a shadow."""
        if self.sharing.is_fixed(variable):
            return False
        if self.sharing.changes(variable) or self.sharing.root(variable) in self.handed_over:
            return True
        return self.lent and self.is_outer(variable)

    def is_outer(self, variable: str) -> bool:
        """Whether a name may stand for something that the caller holds."""
        if self.sharing.is_fixed(variable):
            return False
        return self.sharing.from_outside(variable) or variable not in self.sharing.local

    def unforeseen(self, stmt: ir.Bind, made: tuple[str, ...]) -> tuple[bool, frozenset[str]]:
        """Whether a callee that changes something here must be refused, and the operands of which it may change."""
        sharing = self.sharing
        if id(stmt) not in sharing.points:
            return not sharing.takes_only_numbers(stmt), frozenset()
        own = self.spared.union(made, ("__class__",))
        if id(stmt) not in self.activity.strict:
            certain = id(stmt) in sharing.certain
            if not self.strict or certain or not sharing.reaches_outside(stmt, own):
                return False, frozenset()
        return True, sharing.made_here(stmt, own)

    def unpacked(self, stmt: ir.Unpack) -> Callable[[ast.expr], ast.expr]:
        """What the forward sweep unpacks, where that may be an iterator: the objects that it hands on are noted."""
        if not stmt.facts.varied or not stmt.facts.kinds or not stmt.facts.kinds[0].mask & OTHER:
            return lambda source: source
        return lambda source: call(self.reverse.runtime_call("kept_track_of"), source)

    # --- pieces -----------------------------------------------------------------------------------

    def method(self, what: str, *args: ast.expr) -> ast.expr:
        """`shadows.what(*args)`."""
        return ast.Call(ast.Attribute(name(self.table), what, ast.Load()), list(args), [])

    def object(self, atom: ir.Atom, stmt: ir.Stmt, after: bool = False) -> ast.expr:
        """The very object that an operand is, for its identity."""
        if isinstance(atom, ir.Lit):
            return self.reverse.need(atom, stmt)
        return self.reverse.residuals.need(atom.name, stmt, after, same=True)

    def zero(self) -> ast.expr:
        """`ZERO`."""
        return name(self.reverse.runtime("ZERO"))

    def flush(self, variable: str, stmt: ir.Stmt, after: bool = True) -> None:
        """Put the adjoints of all names that may share with `variable` into shadows."""
        reverse = self.reverse
        for other in sorted(self.sharing.with_(variable) & set(reverse.status)):
            if self.sharing.is_fixed(other):
                continue
            d = reverse.adjoint(other)
            rebound = other in ir.assigned(stmt)
            if rebound or other in self.bound.get(id(stmt), ()):
                obj = reverse.residuals.need(other, stmt, after=rebound and after, same=True)
            else:  # on some path it has no value yet
                obj = reverse.residuals.need(reverse.residuals.mirror(other), stmt, same=True)
            reverse.emit(assign(d, self.method("accumulate", obj, name(d))), stmt)
            kind = self.sharing.kinds.get(other)
            gone = kind is not None and not kind.mask & ~(ARRAY | LIST | NPINT)
            if gone:
                reverse.status.pop(other)
            else:
                reverse.status[other] = "maybe"

    # --- statements -------------------------------------------------------------------------------

    def bind(self, stmt: ir.Bind, pull: Callable[[str], None]) -> bool:
        """Reverse an assignment if its values have shadows; returns whether it was done."""
        expr, facts = stmt.expr, stmt.facts
        changes = id(stmt) in self.activity.changes
        if isinstance(expr, ir.Operation) and expr.inplace and changes:
            self.in_place(stmt, expr, pull)
            return True
        if how(stmt) == CALL and any(facts.active):
            if isinstance(expr, ir.Item) and isinstance(expr.obj, ir.Var) and self.shared(expr.obj.name):
                self.flush(expr.obj.name, stmt)  # reading a defaultdict may make an item
            self.called(stmt, changes)
            return True
        if not facts.varied or not self.shared(stmt.target):
            return False
        if isinstance(expr, ir.Item):
            return self.item(stmt, expr)
        makes = how(stmt) == RULE or (isinstance(expr, ir.Build) and expr.kind in ("list", "dict"))
        if not makes:
            return False
        deep = how(stmt) == RULE and not facts.kind.numeric
        self.taken(stmt, "take_all" if deep else "take", pull)
        return True

    def taken(self, stmt: ir.Bind, what: str, pull: Callable[[str], None]) -> None:
        """Reverse an assignment of a new value: its whole adjoint is taken."""
        reverse = self.reverse
        status = reverse.status.pop(stmt.target, "absent")
        g = reverse.fresh("_g")
        d = self.zero() if status == "absent" else name(reverse.adjoint(stmt.target))
        reverse.emit(assign(g, self.method(what, self.object(ir.Var(stmt.target), stmt, after=True), d)), stmt)
        reverse.guarded(g, stmt, lambda: pull(g))

    def in_place(self, stmt: ir.Bind, expr: ir.Operation, pull: Callable[[str], None]) -> None:
        """`x op= y`: the new x is the old object, so the old one's adjoint replaces the new one's."""
        self.flush(stmt.target, stmt)
        if how(stmt) == CALL:
            self.called(stmt, True, flushed=True)
        else:
            self.taken(stmt, "take_changed", pull)

    def called(self, stmt: ir.Bind, changes: bool, flushed: bool = False) -> None:
        """A call: the callee's reverse function works on the same shadows."""
        reverse, facts = self.reverse, stmt.facts
        if changes and not flushed:
            self.flush(self.sharing.points[id(stmt)], stmt)
        status = reverse.status.pop(stmt.target, "absent")
        needed = changes or self.shared(stmt.target)
        if status == "absent" and (not needed or not (facts.varied or changes)):
            return
        if status == "maybe" and not needed:
            d = reverse.adjoint(stmt.target)
            reverse.guarded(d, stmt, lambda: self.pulled(stmt, name(d)))
            return
        g: ast.expr = self.zero() if status == "absent" else name(reverse.adjoint(stmt.target))
        self.pulled(stmt, g)

    def pulled(self, stmt: ir.Bind, g: ast.expr) -> None:
        """`a, b = residual[0](residual, g, shadows)`, added to the adjoints of the active operands."""
        reverse = self.reverse
        residual = reverse.forward_calls.get(id(stmt))
        if residual is None:
            residual = reverse.residuals.new("_r", stmt)
            reverse.forward_calls[id(stmt)] = residual
        pairs = zip(ir.atoms(stmt.expr), stmt.facts.kinds, stmt.facts.active, strict=True)
        operands = [(a, k) for a, k, active in pairs if active]
        names = [reverse.fresh("_g") for _ in operands]
        value = template("r[0](r, g, s)", r=name(residual), g=g, s=name(self.table))
        reverse.emit(assign_many(names, value), stmt)
        for (operand, kind), part in zip(operands, names, strict=True):
            reverse.accumulate(operand, name(part), stmt, maybe=True, kind=kind)

    def item(self, stmt: ir.Bind, expr: ir.Item) -> bool:
        """`t = a[i]`, where t may be a new object: a slice of a list, an array's entries by index arrays."""
        reverse = self.reverse
        status = reverse.status.get(stmt.target, "absent")
        plain = not stmt.facts.kinds[1].mask & ~_PLAIN_INDEX
        if plain or not isinstance(expr.obj, ir.Var) or not self.shared(expr.obj.name):
            return False
        reverse.status.pop(stmt.target, None)
        d = self.zero() if status == "absent" else name(reverse.adjoint(stmt.target))
        self.add_item(expr.obj, reverse.need(expr.index, stmt), d, stmt, self.object(ir.Var(stmt.target), stmt, True))
        return True

    def add_item(self, obj: ir.Var, index: ast.expr, d: ast.expr, stmt: ir.Stmt, item: ast.expr | None = None) -> None:
        """The adjoint of an element, added to the shadow of what it was read from."""
        value = self.method("add_item", self.object(obj, stmt), index, d, *([item] if item is not None else []))
        kind = self.sharing.kinds.get(obj.name)
        self.rest(obj, value, kind is not None and not kind.mask & ~(ARRAY | LIST | NPINT), stmt)

    def drawn(self, stmt: ir.For, absent: bool) -> bool:
        """The item of one iteration over what may be an iterator, which may have made it; whether it was done."""
        reverse = self.reverse
        if not isinstance(stmt.iterable, ir.Var) or not stmt.facts.varied:
            return False
        if not stmt.facts.kinds[0].mask & ~(ARRAY | LIST | NPINT | TUPLE | DICT) or not stmt.body:
            return False
        if id(stmt) not in reverse.indexed_loops:
            reverse.indexed_loops[id(stmt)] = reverse.fresh("_k")
        d = self.zero() if absent else name(reverse.adjoint(stmt.target))
        item = self.object(ir.Var(stmt.target), stmt.body[0]) if self.shared(stmt.target) else None
        self.add_item(stmt.iterable, name(reverse.indexed_loops[id(stmt)]), d, stmt, item)
        return True

    def add_field(self, obj: ir.Var, field: ast.expr, g: ast.expr, stmt: ir.Stmt) -> None:
        """The adjoint of a field, added to the shadow of its object."""
        self.rest(obj, self.method("add_field", self.object(obj, stmt), field, g), False, stmt)

    def rest(self, obj: ir.Var, value: ast.expr, nothing: bool, stmt: ir.Stmt) -> None:
        """What no shadow took (a part of a tuple) belongs to the name."""
        reverse = self.reverse
        if nothing:
            reverse.emit(ast.Expr(value), stmt)
            return
        part = reverse.fresh("_g")
        reverse.emit(assign(part, value), stmt)
        reverse.accumulate(obj, name(part), stmt, maybe=True)

    def store(self, stmt: ir.Store) -> None:
        """`a[i] = x` and `a.f = x`: what was stored hands its adjoint to x."""
        if id(stmt) not in self.activity.changes or not isinstance(stmt.obj, ir.Var):
            return
        reverse = self.reverse
        self.flush(stmt.obj.name, stmt)
        g = reverse.fresh("_g")
        if is_plain_store(stmt):
            index = reverse.need(stmt.key, stmt)
            reverse.emit(assign(g, self.method("take_at", self.object(stmt.obj, stmt), index)), stmt)
            if stmt.facts.active[1]:
                value = call(reverse.helper(fit, "fit"), name(g), self.object(stmt.value, stmt))
                reverse.accumulate(stmt.value, value, stmt, maybe=True, kind=stmt.facts.kinds[1])
            return
        if stmt.attribute and stores_plainly(stmt.facts.kinds[0], stmt.key):
            before = reverse.plain_stores[id(stmt)] = reverse.residuals.new("_before", stmt)
            restored = self.method("restore_field", self.object(stmt.obj, stmt), constant(stmt.key), name(before))
            if stmt.facts.active[1]:
                reverse.emit(assign(g, restored), stmt)
                reverse.accumulate(stmt.value, name(g), stmt, maybe=True, kind=stmt.facts.kinds[1])
            else:
                reverse.emit(ast.Expr(restored), stmt)
            return
        residual = reverse.residuals.new("_r", stmt)
        reverse.forward_calls[id(stmt)] = residual
        d = reverse.fresh("_g")
        pulled = template("r[0](r, g, s)", r=name(residual), g=self.zero(), s=name(self.table))
        reverse.emit(assign_many([d, g], pulled), stmt)
        reverse.accumulate(stmt.obj, name(d), stmt, maybe=True)
        if stmt.facts.active[1]:
            reverse.accumulate(stmt.value, name(g), stmt, maybe=True, kind=stmt.facts.kinds[1])

    def yielded(self, stmt: ir.Append) -> None:
        """`yield item`: the reverse sweep of a generator is one, too, that waits for the adjoint of each item.

        By then whoever draws has undone what was changed after it.
        """
        reverse = self.reverse
        flushed: set[str] = set()
        for variable in sorted(reverse.status):
            root = self.sharing.root(variable)
            if root not in flushed and self.shared(variable):
                flushed.add(root)
                self.flush(variable, stmt, after=False)
        g = reverse.fresh("_back")
        reverse.emit(assign(g, ast.Yield()), stmt)
        if stmt.facts.active[0]:
            reverse.accumulate(stmt.item, name(g), stmt, maybe=True, kind=stmt.facts.kinds[0])

    def append(self, stmt: ir.Append) -> None:
        """An entry of a comprehension's list."""
        if not stmt.facts.varied:
            return
        reverse = self.reverse
        self.flush(stmt.target, stmt, after=False)
        g = reverse.fresh("_g")
        value = self.method("remove_last", self.object(ir.Var(stmt.target), stmt))
        reverse.emit(assign(g, value), stmt)
        if stmt.facts.active[0]:
            reverse.accumulate(stmt.item, name(g), stmt, maybe=True, kind=stmt.facts.kinds[0])


def is_plain_store(stmt: ir.Store) -> bool:
    """Whether a store is into a NumPy array for sure, so that no more than the index need be kept."""
    obj, value, *_ = stmt.facts.kinds
    return not stmt.attribute and obj.mask == ARRAY and _is_number(value)


def _is_number(kind: Kind) -> bool:
    return not kind.mask & ~(FLOAT | INT | BOOL | ARRAY | NPFLOAT | NPINT)


def needs_shadows(function: ir.FunctionIR, activity: Activity, sharing: Sharing) -> bool:
    """Whether a function changes differentiated values in place, or calls something with what changes."""
    if activity.changes:
        return True
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind) and how(stmt) == CALL and any(stmt.facts.active):
            names = [a.name for a in ir.atoms(stmt.expr) if isinstance(a, ir.Var)]
            if any(sharing.changes(n) for n in (*names, stmt.target)):
                return True
    return False
