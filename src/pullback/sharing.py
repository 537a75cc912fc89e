"""Which names may stand for the same changeable value, or for parts of it, and where such values change.

    b = a; v = a[1:]; v[0] = x          a, b and v share; the store changes what they share
    rows.append(v)                      so do `rows` and `v`, since the list holds the array
    t = np.sin(a)                       t does not: its value is new

Names that share form a class. What reaches the function from outside (captured variables, unknown
callees that may hold on to things) shares with one name more, `OUTSIDE`.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable

import numpy as np

from pullback import ir
from pullback.changing import LIKELY, MAYBE, MODULE, YES, Flows, called_code, calls_mutator, holds_more
from pullback.counts import is_count
from pullback.kinds import (
    ARRAY,
    DICT,
    EVERYTHING,
    LIST,
    NONE,
    NPFLOAT,
    NUMERIC_MASK,
    PYTHON_SCALAR,
    STR,
    TUPLE,
    Kind,
)
from pullback.module_data import is_users
from pullback.origins import Origins
from pullback.outputs import out_atoms
from pullback.rules import lookup
from pullback.solitary import makes_anew

OUTSIDE = "<outside>"
_FIXED = PYTHON_SCALAR | NPFLOAT | NONE | STR
_CHANGEABLE = ARRAY | LIST | DICT  # what `x += y` changes in place for sure


class Sharing:
    """The classes of names of one function that share changeable values, and the statements that change them."""

    def __init__(
        self, function: ir.FunctionIR, kinds: dict[str, Kind], changes: Callable[[ir.Bind], int],
        flows: Callable[[ir.Bind], Flows | None], unseen: frozenset[int], keeps_nothing: bool = False,
        together: bool = False,
    ) -> None:  # fmt: skip
        self.function = function
        self.kinds = kinds
        self._may_change = changes
        self._flows = flows
        self.unseen = unseen  # in-place operations on values that nobody else holds
        self._parent: dict[str, str] = {}
        self._fixed = {n for n, k in kinds.items() if not k.mask & ~_FIXED}
        bound = {n for s in ir.walk(function.body) for n in ir.assigned(s)}
        self.local = frozenset(bound | set(function.parameters))
        self.certain: set[int] = set()  # those of the points below that certainly change something
        self.likely: set[int] = set()  # these, and calls of functions whose code was seen to change something
        self._statements: dict[int, ir.Stmt] = {}
        self.varied_between: frozenset[str] = frozenset()  # what may be varied after a generator has yielded
        self.points: dict[int, str] = {}  # statements that may change something, by id: a name of the class
        self._holders: frozenset[str] = frozenset() if keeps_nothing else _holders(function)
        self._classes = _classes(function) & self._holders
        self._keeps_nothing = keeps_nothing  # whether no differentiated value is ever stored in what the module holds
        for name in function.captured:
            self.join(name, OUTSIDE)
        if together:
            self.join(*self._arrays())
        for stmt in ir.walk(function.body):
            self._stmt(stmt)
        self.origins = Origins(function, self.local, makes_anew, flows)
        self._bound: dict[str, list[ir.Stmt]] = {}
        for stmt in ir.walk(function.body):
            for name in ir.assigned(stmt):
                self._bound.setdefault(name, []).append(stmt)
        self._reached = {p: self._reach(stmt) for p, stmt in self._statements.items()}
        # what a statement may have stored in of this, it is watched for
        self.doubtful: dict[int, frozenset[str]] = {}
        for p, stmt in self._statements.items():
            if self._is_doubtful(stmt):
                owners = self.given_directly(stmt, 1) if calls_mutator(stmt) else frozenset()
                self.doubtful[p] = frozenset(filter(self._can_be_watched, self._reached[p])) - owners
        self._settle()

    def _settle(self) -> None:
        """Look up the classes that names form now."""
        self.changed = frozenset(self.root(name) for name in self.points.values())
        members: dict[str, set[str]] = {}
        for name in self._parent:
            members.setdefault(self.root(name), set()).add(name)
        self.members = {root: frozenset(names) for root, names in members.items()}

    def meet(self, active: frozenset[str]) -> None:
        """Join what is changed of what the caller holds with all else it holds that is differentiated.

            def f(tank, flow): tank.level *= 2.0; ...        `flow` may be `tank.level`

        Of two arrays that is asked when the function is called (`apart`): it is rare, and costs every call.
        """
        reached = self.all_seen_outside()
        held = {n for n in active if n not in self._fixed and not self._is_scalar(n)}
        for name in reached & frozenset((*self.function.parameters, *self.function.captured)):
            for other in held - {name}:
                if not (self._is_numeric(name) and self._is_numeric(other)):
                    self.join(name, other)
        self._settle()

    def _is_scalar(self, name: str) -> bool:
        return name in self.kinds and self.kinds[name].scalar

    def _is_numeric(self, name: str) -> bool:
        return name in self.kinds and self.kinds[name].numeric

    def root(self, name: str) -> str:
        """The name that stands for the class of `name`."""
        parent = self._parent.setdefault(name, name)
        while parent != name:
            name, parent = parent, self._parent.setdefault(parent, parent)
        return name

    def join(self, *names: str) -> None:
        """Let names share (those that hold only numbers and text cannot)."""
        able = [n for n in names if n not in self._fixed]
        for name in able[1:]:
            self._parent[self.root(name)] = self.root(able[0])

    def with_(self, name: str) -> frozenset[str]:
        """The names that share with `name`, itself included."""
        return self.members.get(self.root(name), frozenset((name,)))

    def is_fixed(self, name: str) -> bool:
        """Whether a name only ever holds values that cannot change."""
        return name in self._fixed

    def takes_only_numbers(self, stmt: ir.Bind) -> bool:
        """Whether a call of a known function hands over nothing that can change."""
        known = isinstance(stmt.expr, ir.Apply) and stmt.expr.method is None and stmt.facts.known
        known = known and not stmt.facts.method
        names = [a.name for a in ir.atoms(stmt.expr)[1:] if isinstance(a, ir.Var)]
        return known and all(n in self._fixed for n in names)

    def changes(self, name: str) -> bool:
        """Whether something that `name` shares is changed in this function."""
        return name not in self._fixed and self.root(name) in self.changed

    def from_outside(self, name: str) -> bool:
        """Whether `name` may share with what the caller holds, or gets."""
        outer = (*self.function.parameters, *self.function.captured, self.function.result, OUTSIDE)
        return name not in self._fixed and self.root(name) in {self.root(o) for o in outer}

    def changes_outside(self, fresh: str = "", points: set[int] | None = None) -> bool:
        """Whether the function may change what its caller can see.

        What is stored in `fresh` itself, the object that an `__init__` is given, does not count; nor does a
        global list or dict: nothing differentiated is ever stored in them.
        """
        return any(self._seen_outside(p) - {fresh} for p in (self.points if points is None else points))

    def reaches_outside(self, stmt: ir.Stmt, own: frozenset[str] = frozenset()) -> bool:
        """Whether a statement may change what the caller can see, besides `own`."""
        return id(stmt) in self.points and bool(self._seen_outside(id(stmt)) - own)

    def seen_outside(self, stmt: ir.Stmt) -> frozenset[str]:
        """The outer names whose value a statement may change."""
        return self._seen_outside(id(stmt)) if id(stmt) in self.points else frozenset()

    def all_seen_outside(self) -> frozenset[str]:
        """The outer names whose value the function may change."""
        return frozenset().union(*map(self._seen_outside, self.points))

    def _seen_outside(self, point: int) -> frozenset[str]:
        """The outer names whose value a statement may change."""
        found = self._reached[point] - (self.doubtful.get(point, frozenset()) & self.local)  # (a class that is given)
        data = {n for n in found if n not in self.local and n not in self.function.captured}
        harmless = {n for n in data if n in self.kinds and not self.kinds[n].mask & ARRAY}
        return found - harmless - self._fixed

    def changed_outside(self, points: set[int]) -> tuple[str, ...]:
        """The outer names whose values these statements certainly change."""
        kept = {p: self._reached[p] - self.doubtful.get(p, frozenset()) for p in points & self.certain}
        found = (names - self._fixed for names in kept.values())
        return tuple(sorted(frozenset().union(*found)))

    def flows(self) -> Flows:
        """What the function may change of its parameters, and of what is outside, and where its values may go."""
        changed = self._for_callers(self.all_seen_outside()) - {MODULE}
        self.origins.position = sys.maxsize
        held = {p: self._for_callers(self.origins.held(p) - {p}) for p in self.function.parameters}
        result = self.function.result
        of, held_by = self._for_callers(self.origins.of(result)), self._for_callers(self.origins.held(result))
        outside = any(d.names for d in self.function.declarations)  # type: ignore[attr-defined]  # `global x`
        outside = outside or any(self._is_global(n) for p in self.points for n in self._reached[p])
        outside = outside or any(self.stores_outside(s) for s in ir.walk(self.function.body))
        items = tuple((self._for_callers(a), self._for_callers(b)) for a, b in self.origins.items_of(result))
        return Flows(changed, {p: names for p, names in held.items() if names}, of, held_by, outside, items)

    def _for_callers(self, names: frozenset[str]) -> frozenset[str]:
        """The same outer names, with one for all global data."""
        data = {n for n in names if self._is_data(n)}
        others = {n for n in names - data - self._fixed if n in self.local or n in self.function.captured}
        return frozenset(others | ({MODULE} if data else set()))

    def _is_data(self, name: str) -> bool:
        """Whether a name is that of global data, or of a class or module for what these hold."""
        return self._is_global(name) and (name in self.kinds or name in self._holders) and not self._keeps_nothing

    def stores_outside(self, stmt: ir.Stmt) -> bool:
        """Whether a statement calls code that may store something in what its module holds."""
        if not isinstance(stmt, ir.Bind) or not isinstance(stmt.expr, ir.Apply):
            return False
        if called_code(stmt) is None:
            return stmt.expr.method is None and holds_more(stmt)
        known = self._flows(stmt)
        return known is None or known.outside

    def _is_global(self, name: str) -> bool:
        return name not in self.local and name not in self.function.captured and name not in self._fixed

    def _arrays(self) -> list[str]:
        """The parameters and captured variables that may hold arrays."""
        whole = self.function.parameters
        known = [n for n in self.function.captured if n in self.kinds and self.kinds[n].mask != EVERYTHING]
        return [n for n in (*whole, *known) if n not in self.kinds or self.kinds[n].mask & ARRAY]

    def apart(self, lent: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Outer values that may be changed here, and the others: they are taken to share no memory with these.

        A caller that lends its shadows is asked for arrays alone (see `meet`), any other where a change was seen.
        """
        reached = frozenset().union(*map(self._seen_outside, self.points if lent else self.likely))
        outer = self._arrays() if lent else [n for n in self.function.parameters if not self._is_scalar(n)]
        changed = tuple(n for n in outer if n in reached and n not in self._fixed)
        return changed, tuple(n for n in outer if n not in reached and n not in self._fixed)

    def given_and_changed(self, changes: set[int]) -> dict[str, ir.Stmt]:
        """What the function is given, or captured, and may change in one of these statements: the first that does."""
        names = (*self.function.parameters, *sorted(self.function.captured))
        outer = [n for n in names if n not in self._fixed and not self._is_scalar(n)]
        points = [(self._statements[p], self._seen_outside(p)) for p in self.points if p in changes]
        return {n: stmt for n in outer for stmt in [s for s, reached in points if n in reached][:1]}

    def is_read(self, stmt: ir.Stmt) -> bool:
        """Whether a statement is a call of code that was read, so that it is known what it may change."""
        return isinstance(stmt, ir.Bind) and self._flows(stmt) is not None

    def _is_doubtful(self, stmt: ir.Stmt) -> bool:
        """Whether it is not known if a statement changes something global: its object may have been made by a call."""
        if id(stmt) in self.certain:
            return self._made_by_calls(self.points[id(stmt)], set())
        if not isinstance(stmt, ir.Bind):
            return False
        operands, known = ir.atoms(stmt.expr), self._flows(stmt)
        places = getattr(stmt.facts.callee, "changed_operands", None) if stmt.facts.known else None
        if known is None and places is None:
            return True
        changed = [operands[i + 1] for i in places or ()]
        if places is None and known is not None:
            changed = [operands[i] for i in known.changed]
        return all(self._made_by_calls(a.name, set()) for a in changed if isinstance(a, ir.Var))

    def _made_by_calls(self, name: str, seen: set[str]) -> bool:
        """Whether what a name holds is new, or was given by a call of code that is not known, or is a part of that."""
        if name in seen:
            return True
        seen.add(name)
        bound = self._bound.get(name, ())
        return bool(bound) and name not in self.function.parameters and all(self._of_call(s, seen) for s in bound)

    def _of_call(self, made: ir.Stmt, seen: set[str]) -> bool:
        """The same of what a statement binds."""
        match made:
            case ir.Bind(expr=ir.Copy(source=ir.Var(name=inner)) | ir.Attr(obj=ir.Var(name=inner))):
                return self._made_by_calls(inner, seen)
            case ir.Bind(expr=ir.Item(obj=ir.Var(name=inner))) | ir.Unpack(source=ir.Var(name=inner)):
                return self._made_by_calls(inner, seen)
            case ir.For(iterable=ir.Var(name=inner)):
                return self._made_by_calls(inner, seen)
            case ir.Bind(expr=ir.Apply() as call):
                known, same = self._flows(made), getattr(made.facts.callee, "same_as", None)
                parts = ir.atoms(call)
                if known is not None:
                    if MODULE in known.result_of:
                        return False
                    places = [parts[i] for i in known.result_of]
                elif made.facts.known and same is not None:
                    places = [call.args[same]]
                else:
                    places = [call.args[i] for i in getattr(made.facts.callee, "part_of", ()) if made.facts.known]
                return all(self._made_by_calls(a.name, seen) for a in places if isinstance(a, ir.Var))
            case ir.Bind(expr=ir.Build() | ir.Operation(inplace=False)):
                return True
        return False

    def _can_be_watched(self, name: str) -> bool:
        """Whether what a name holds can be looked at, to see if something was stored there: a container, or a class."""
        kind = self.kinds.get(name)
        if name in self._classes:
            return True
        if kind is None or self.is_fixed(name) or name in self.function.captured:
            return False
        plain = not kind.mask & ~(NUMERIC_MASK | LIST | DICT | TUPLE) and name not in self.local
        return kind.is_class or plain

    def given_directly(self, stmt: ir.Stmt, first: int | None = None) -> frozenset[str]:
        """The outer names that the operands of a call, or the first of them, are, or are parts of."""
        operands = ir.atoms(stmt.expr)[:first] if isinstance(stmt, ir.Bind) else ()
        self.origins.position = stmt.pos
        return frozenset().union(*(self.origins.of(a.name) for a in operands if isinstance(a, ir.Var)))

    def made_here(self, stmt: ir.Stmt, own: frozenset[str] = frozenset()) -> frozenset[str]:
        """The operands of a call that are new, or the function's own: nobody outside sees a change of them."""
        operands = ir.atoms(stmt.expr) if isinstance(stmt, ir.Bind) else ()
        shallow = isinstance(stmt, ir.Bind) and stmt.facts.known and hasattr(stmt.facts.callee, "changed_operands")
        self.origins.position = stmt.pos
        reached = self.origins.of if shallow else self.origins.all  # (what it holds may be changed, too)
        names = {a.name for a in operands if isinstance(a, ir.Var)} & self.local - self._fixed
        return frozenset(n for n in names if reached(n) - self._fixed <= own)

    def changes_its_own(self, stmt: ir.Bind) -> bool:
        """Whether a call of known code changes at most what is new here."""
        known, operands = self._flows(stmt), ir.atoms(stmt.expr)
        changed = [operands[i] for i in known.changed] if known is not None else list(operands)
        return {a.name for a in changed if isinstance(a, ir.Var)} - self._fixed <= self.made_here(stmt)

    def globals_changed(self, stmt: ir.Stmt) -> list[str]:
        """The global data that a statement may change, classes and modules for what these hold."""
        return sorted(n for n in self._reached[id(stmt)] if self._is_data(n))

    def changes_its_result(self) -> bool:
        """Whether a statement changes something that the result may hold."""
        root = self.root(self.function.result)
        return any(self.root(name) == root for name in self.points.values())

    @property
    def keeps_nothing(self) -> bool:
        """Whether this is code of this library, which stores no differentiated value in its modules."""
        return self._keeps_nothing

    def interleave(self, active: frozenset[str]) -> None:
        """Take it that whoever draws from this generator changes what it hands out, and what it was given."""
        outer = frozenset((*self.function.parameters, *self.function.captured))
        self.changed |= {self.root(n) for n in (*outer, self.function.result, OUTSIDE)}
        self.origins.position = sys.maxsize
        handed_out = self.with_(self.function.result) - self._fixed - outer
        self.varied_between = frozenset(n for n in handed_out if not (self.origins.of(n) & outer) - active)

    # --- statements -------------------------------------------------------------------------------

    def _stmt(self, stmt: ir.Stmt) -> None:
        match stmt:
            case ir.Bind():
                self._bind(stmt)
            case ir.Unpack(targets=targets, source=source):
                self._join_atoms(source, *map(ir.Var, targets))
            case ir.Append(target=target, item=item):
                self._join_atoms(ir.Var(target), item)
            case ir.For(target=target, iterable=iterable):
                if stmt.facts.kinds and stmt.facts.kinds[0].cls is not range:
                    self._join_atoms(iterable, ir.Var(target))
            case ir.With(target=target, context=context):
                if target is not None:
                    self._join_atoms(context, ir.Var(target))
                if not stmt.swallows:  # its methods may change what it holds
                    self._changed(stmt, context, LIKELY)
            case ir.Store() if is_count(stmt):
                pass
            case ir.Store(obj=obj, value=value):
                self._join_atoms(obj, value)
                self._changed(stmt, obj)
            case ir.Opaque(reads=reads, writes=writes):
                self.join(*reads, *writes)

    def _join_atoms(self, *atoms: ir.Atom) -> None:
        self.join(*(a.name for a in atoms if isinstance(a, ir.Var)))

    def _reach(self, stmt: ir.Stmt) -> frozenset[str]:
        """The outer names that a point may change: those that its object comes from, or a call's operands hold."""
        name = self.points[id(stmt)]
        self.origins.position = stmt.pos
        if isinstance(stmt, ir.Bind) and id(stmt) not in self.certain:
            operands = ir.atoms(stmt.expr)
            marked = getattr(stmt.facts.callee, "changed_operands", None) if stmt.facts.known else None
            if marked is None and stmt.facts.known and hasattr(stmt.facts.callee, "changed_containers"):
                marked = stmt.facts.callee.changed_containers if self._is_container(stmt.facts.kinds[1]) else None
            known = self._flows(stmt)
            reached = self.origins.all
            if marked is not None:
                operands = tuple(operands[i + 1] for i in marked)
                if self._is_container(stmt.facts.kinds[1]):
                    reached = self.origins.of  # a store in a list changes the list, and not what it holds
            elif known is not None:
                operands = tuple(operands[i] for i in sorted(known.changed))
            elif isinstance(stmt.expr, ir.Apply) and stmt.facts.known and not stmt.facts.method:
                operands = operands[1:]  # the callee: what it changes of its own is known
            names = [a.name for a in operands if isinstance(a, ir.Var) and a.name not in self._fixed]
            return frozenset().union(*map(reached, names))
        return self.origins.of(name)

    @staticmethod
    def _is_container(kind: Kind) -> bool:
        """Whether a value is an array, list or dict, and no object of the user's."""
        return not kind.mask & ~(_CHANGEABLE | _FIXED)

    def _changed(self, stmt: ir.Stmt, atom: ir.Atom, level: int = YES) -> None:
        if isinstance(atom, ir.Var):
            self._statements[id(stmt)] = stmt
            self.root(atom.name)
            self.points[id(stmt)] = atom.name
            if level == YES:
                self.certain.add(id(stmt))
            if level >= LIKELY:
                self.likely.add(id(stmt))

    def _bind(self, stmt: ir.Bind) -> None:
        expr, facts, target = stmt.expr, stmt.facts, ir.Var(stmt.target)
        match expr:
            case ir.Copy(source=source):
                self._join_atoms(target, source)
            case ir.Operation(args=args):
                if expr.inplace and id(stmt) not in self.unseen and facts.kinds[0].mask & ~_FIXED:
                    self._join_atoms(target, *(args if not facts.kinds[0].numeric else args[:1]))
                    self._changed(stmt, args[0], YES if not facts.kinds[0].mask & ~_CHANGEABLE else MAYBE)
                elif not all(k.numeric for k in facts.kinds):
                    self._join_atoms(target, *args)  # lists that are joined share their items
                    self._protocol(stmt, args)
            case ir.Attr(obj=obj) | ir.Item(obj=obj):
                if not isinstance(facts.kinds[0].value, (types.ModuleType, type)):
                    self._join_atoms(target, obj)
                    self._protocol(stmt, (obj,))
            case ir.Build(items=items):
                self._join_atoms(target, *items)
            case ir.Closure(captures=captures, defaults=defaults):
                self.join(stmt.target, *captures)
                self._join_atoms(target, *(a for _, a in defaults))
            case ir.Apply():
                self._apply(stmt, expr)

    def _protocol(self, stmt: ir.Bind, operands: tuple[ir.Atom, ...]) -> None:
        level = self._may_change(stmt)
        able = [a for a in operands if isinstance(a, ir.Var) and a.name not in self._fixed]
        if level and able:
            self._changed(stmt, able[0], level)

    def _apply(self, stmt: ir.Bind, expr: ir.Apply) -> None:
        changes = self._may_change(stmt)
        operands = [*expr.args, *(a for _, a in expr.keywords)]
        if makes_anew(stmt) and not changes:
            return
        owner = stmt.facts.kinds[0].value
        known = isinstance(owner, (types.ModuleType, type)) or (stmt.facts.known and expr.method is None)
        known = known and not stmt.facts.method
        if not known:
            operands.append(expr.callee)
        self._join_atoms(ir.Var(stmt.target), *operands)
        if changes:
            out = out_atoms(stmt)
            if expr.method == "at" and isinstance(owner, np.ufunc):  # `np.add.at(a, ...)` changes a
                known = True
            first = out or ([expr.callee] if expr.method is not None and not known else [])
            changed = [*first, *operands]
            name = next((a.name for a in changed if isinstance(a, ir.Var) and a.name not in self._fixed), None)
            if not known and expr.method is None:
                self._join_atoms(expr.callee, ir.Var(OUTSIDE))
            if name is None and not known:
                name = OUTSIDE
            if name is not None:
                self._changed(stmt, ir.Var(name), changes)


def _holders(function: ir.FunctionIR) -> frozenset[str]:
    """The names of classes and modules that something may be read out of, and of the dict of the module's own."""
    found = {MODULE}
    for stmt in ir.walk(function.body):
        if not isinstance(stmt, ir.Bind) or (is_library_call(stmt) and stmt.facts.callee is not getattr):
            continue
        for atom, kind in zip(ir.atoms(stmt.expr), stmt.facts.kinds, strict=False):
            if isinstance(atom, ir.Var) and isinstance(kind.value, (types.ModuleType, type)):
                found.update((atom.name,) if is_users(kind.value) else ())
    return frozenset(found)


def _classes(function: ir.FunctionIR) -> frozenset[str]:
    """The names that stand for classes."""
    found: set[str] = set()
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind):
            pairs = zip(ir.atoms(stmt.expr), stmt.facts.kinds, strict=False)
            found.update(a.name for a, k in pairs if isinstance(a, ir.Var) and isinstance(k.value, type))
    return frozenset(found)


def is_library_call(stmt: ir.Bind) -> bool:
    """Whether a call is of a function that the registry knows."""
    return stmt.facts.known and lookup(stmt.facts.callee) is not None
