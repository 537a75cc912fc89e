"""Where the value of a name may come from: what it may be (a part of), and what it may hold.

    row = table[0]          row may be a part of `table`
    kept = [row]            kept is new, and holds a part of `table`

A change of `row` is a change of what the caller holds as `table`; a change of `kept` is not.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pullback import ir
from pullback.changing import MODULE, Flows
from pullback.kinds import ARRAY, DICT, LIST, STRUCT, Kind
from pullback.module_data import is_held_by_class, is_users
from pullback.rules import lookup
from pullback.solitary import SHALLOW, copied
from pullback.verb_results import callee_of, gives_new_values

Names = frozenset[str]
_NONE: Names = frozenset()
_CODE = (types.FunctionType, np.ufunc)  # as `np.add`: nothing is stored in what a module's functions are
_IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: the classes of C, such as `float`


class Origins:
    """For each name of a function, the outer names that its value may be part of, and those it may hold."""

    def __init__(
        self, function: ir.FunctionIR, local: Names, makes_anew: Callable[[ir.Bind], bool],
        flows: Callable[[ir.Bind], Flows | None],
    ) -> None:  # fmt: skip
        self._makes_anew = makes_anew
        self._flows_of = flows
        self._local = local
        self._parameters = frozenset(function.parameters)
        self._of: dict[str, Names] = {p: frozenset((p,)) for p in function.parameters}
        self._held: dict[str, Names] = {}
        self.position = 0  # of the statement that is looked at
        self._pairs = _pairs_of_new(function)
        self._tuples = _tuples(function)
        self._results: dict[str, list[tuple[Names, Names]]] = {}  # of calls that give tuples: what each item is, holds
        self._returned = _built_tuples(function)
        self._derivatives = gives_new_values(function)
        bound = [n for s in ir.walk(function.body) for n in ir.assigned(s)]
        self._once = frozenset(n for n in bound if bound.count(n) == 1)
        self._slices = _only(function, lambda e: isinstance(e, ir.Build) and e.kind == "slice")
        self._masks = _only(function, lambda e: isinstance(e, ir.Compare))
        self._rebound = _rebound(function, makes_anew, self._pairs)
        for p in self._rebound:
            self._of.pop(p, None)
        self._early: dict[str, tuple[Names, Names]] = {}  # of variables, what they may be and hold before that
        statements = list(ir.walk(function.body))
        while True:
            before = (dict(self._of), dict(self._held), dict(self._early))
            for stmt in statements:
                self.position = stmt.pos
                self._stmt(stmt)
            if (self._of, self._held, self._early) == before:
                break

    def of(self, name: str) -> Names:
        """The outer names that the value of `name` may be, or be a part of."""
        if name in self._rebound and self.position <= self._rebound[name]:
            early = self._early.get(name, (_NONE, _NONE))[0]
            return self._of.get(name, _NONE) | early | ({name} if name in self._parameters else _NONE)
        return self._of.get(name, _NONE) if name in self._local else frozenset((name,))

    def held(self, name: str) -> Names:
        """The outer names of which the value of `name` may hold something."""
        if name in self._rebound and self.position <= self._rebound[name]:
            return self._held.get(name, _NONE) | self._early.get(name, (_NONE, _NONE))[1]
        return self._held.get(name, _NONE) if name in self._local else frozenset((name,))

    def all(self, name: str) -> Names:
        """Both."""
        return self.of(name) | self.held(name)

    def items_of(self, result: str) -> list[tuple[Names, Names]]:
        """What each item of the function's result may be, and may hold, where that is a tuple of known length."""
        if not self._returned or result in self._parameters:
            return []
        return [
            (_NONE.union(*(self.of(n) for n in names)), _NONE.union(*(self.held(n) for n in names)))
            for names in self._returned
        ]

    def _flow(self, target: str, of: Names, held: Names) -> None:
        rebound = self._rebound.get(target, -1)
        if self.position < rebound and target not in self._parameters:
            before = self._early.get(target, (_NONE, _NONE))
            self._early[target] = (before[0] | of, before[1] | held)
            return
        if of:
            self._of[target] = self._of.get(target, _NONE) | of
        if held:
            self._held[target] = self._held.get(target, _NONE) | held

    def _union(self, atoms: Iterable[ir.Atom]) -> Names:
        return _NONE.union(*(self.all(a.name) for a in atoms if isinstance(a, ir.Var)))

    def _part(self, target: str, source: ir.Atom) -> None:
        """`target` is read out of `source`."""
        if isinstance(source, ir.Var):
            self._flow(target, self.all(source.name), self.held(source.name))

    def _stmt(self, stmt: ir.Stmt) -> None:
        match stmt:
            case ir.Bind(target=target, expr=ir.Copy(source=ir.Var(name=name))):
                self._flow(target, self.of(name), self.held(name))
                if name in self._local:
                    self._flow(name, _NONE, self.held(target))  # one value under two names
            case ir.Bind(target=target, expr=ir.Item(obj=obj, index=index)) if self._takes_out(stmt, index):
                self._flow(target, _NONE, _NONE if stmt.facts.kinds[0].numeric else self._union([obj]))
            case ir.Bind(target=target, expr=ir.Attr(obj=obj) | ir.Item(obj=obj)):
                generic = isinstance(stmt.expr, ir.Item) and type(stmt.facts.kinds[0].value) is type  # `Stack[float]`
                if not (generic or isinstance(stmt.facts.kind.value, _CODE)):
                    self._part(target, obj)
                if isinstance(stmt.expr, ir.Attr) and is_held_by_class(stmt.facts.kinds[0], stmt.expr.name):
                    self._flow(target, frozenset((MODULE,)), frozenset((MODULE,)))
            case ir.Bind(target=target, expr=ir.Operation(args=args) as operation):
                if operation.inplace and isinstance(args[0], ir.Var):
                    self._flow(target, self.of(args[0].name), self.held(args[0].name))
                joins = operation.op in ("+", "*", "|") and not any(k.numeric for k in stmt.facts.kinds)
                if joins:  # lists and dicts that are joined
                    self._flow(target, _NONE, _NONE.union(*(self.held(a.name) for a in args if isinstance(a, ir.Var))))
            case ir.Bind(target=target, expr=ir.Build(items=items)):
                self._flow(target, _NONE, self._union(items))
            case ir.Bind(target=target, expr=ir.Closure() as closure):
                self._flow(target, _NONE, self._union(ir.atoms(closure)))
            case ir.Bind(target=target, expr=ir.Apply() as call):
                self._call(stmt, target, call)
            case ir.Unpack(targets=targets, source=ir.Var(name=name)) if name in self._pairs:
                for target in targets:
                    self._flow(target, _NONE, self.held(name))
            case ir.Unpack(targets=targets, source=ir.Var(name=n)) if len(self._results.get(n, ())) == len(targets):
                for target, (of, held) in zip(targets, self._results[n], strict=True):
                    self._flow(target, of, held)
            case ir.Unpack(targets=targets, source=source):
                for target in targets:
                    self._part(target, source)
            case ir.For(target=target, iterable=iterable):
                self._part(target, iterable)
            case ir.With(target=str() as target, context=context):
                self._part(target, context)
            case ir.Store() if stmt.facts.kinds and stmt.facts.kinds[0].numeric:
                pass  # an array of numbers holds copies of them
            case ir.Append(target=target, item=item) | ir.Store(obj=ir.Var(name=target), value=item):
                self._flow(target, _NONE, self._union([item]))

    def _call(self, stmt: ir.Bind, target: str, call: ir.Apply) -> None:
        if stmt.facts.known and stmt.facts.callee is globals:
            self._flow(target, frozenset((MODULE,)), frozenset((MODULE,)))
            return
        callee = callee_of(stmt, call)
        if self._makes_anew(stmt) or (isinstance(callee, ir.Var) and callee.name in self._derivatives):
            return
        copies = copied(stmt)
        if copies:
            operands = [*call.args, *(a for _, a in call.keywords), *([call.callee] if call.method is not None else [])]
            self._flow(target, _NONE, self._union(operands) if copies == SHALLOW else _NONE)
            return
        if stmt.facts.known and self._of_tangents(stmt.facts.callee, target, call):
            return
        known = self._flows_of(stmt) or _of_attributes(stmt, call)
        if known is not None:
            self._known_call(target, ir.atoms(call), known)
            return
        operands = [*call.args, *(a for _, a in call.keywords)]
        library = stmt.facts.known and lookup(stmt.facts.callee) is not None
        if len(stmt.facts.kinds) == len(operands) + 1:
            kinds = stmt.facts.kinds[1:]
            library = library or bool(getattr(stmt.facts.callee, "gives_pair", False))  # (an instance is made)
            operands = [o for o, k in zip(operands, kinds, strict=True) if not _takes_nothing(k, library)]
        instance = call.method is None and stmt.facts.kinds[0].is_class  # (which holds nothing of its class)
        keeps = not (instance or _is_own(stmt.facts.kinds[0]))
        if ((call.method is not None and not library) or not stmt.facts.known) and keeps:
            operands.append(call.callee)
        everything = self._union(operands)
        made = stmt.facts.known and isinstance(stmt.facts.callee, type)  # an instance is new
        made = made or instance  # (such as `cls(...)` in a class method)
        itself = _itself(stmt, call)
        if itself is not None:
            self._flow(target, self.of(itself), everything)
        else:
            self._flow(target, _NONE if made or target in self._pairs else everything, everything)
        for operand in operands:  # what is given may be put into what else is given
            if isinstance(operand, ir.Var) and operand.name in self._local:
                others = [o for o in operands if o is not operand]
                self._flow(operand.name, _NONE, self._union(others))

    def _takes_out(self, stmt: ir.Bind, index: ir.Atom) -> bool:
        """Whether an item is new: some of a list's, or of an array's by a list or an array of places."""
        owner, kind = stmt.facts.kinds[0], stmt.facts.kinds[1]
        if owner.mask == LIST:
            return isinstance(index, ir.Var) and index.name in self._slices
        by_places = bool(kind.mask) and not kind.mask & ~(LIST | ARRAY)
        return owner.mask == ARRAY and (by_places or (isinstance(index, ir.Var) and index.name in self._masks))

    def _of_tangents(self, callee: Any, target: str, call: ir.Apply) -> bool:
        """What forward mode calls: an operator makes a new pair, other functions say what their result is a part of."""
        if hasattr(callee, "gives_new_pair"):
            given = [self._tuples.get(a.name, (a,)) for a in call.args if isinstance(a, ir.Var)]
            items = [item for items in given for item in items]
            self._flow(target, _NONE, _NONE.union(*(self.held(a.name) for a in items if isinstance(a, ir.Var))))
            return True
        same = getattr(callee, "same_as", None)
        if same is not None and isinstance(source := call.args[same], ir.Var):
            self._flow(target, self.of(source.name), self.held(source.name))
            return True
        places = getattr(callee, "part_of", None)
        if places is None:
            return False
        for place in places:
            self._part(target, call.args[place])
        return True

    def _known_call(self, target: str, operands: tuple[ir.Atom, ...], known: Flows) -> None:
        """A call of a function whose code was read."""

        def union(places: frozenset[Any]) -> Names:
            module = frozenset((MODULE,)) if MODULE in places else _NONE
            return module | self._union(operands[i] for i in places if i != MODULE)

        if known.items and target in self._once:
            self._results[target] = [(union(of), union(of) | union(held)) for of, held in known.items]
        whole = union(known.result_of)
        self._flow(target, whole, whole | union(known.result_held))
        for place, others in known.held.items():
            operand = operands[place]
            if isinstance(operand, ir.Var) and operand.name in self._local:
                self._flow(operand.name, _NONE, union(others))


def _is_own(kind: Kind) -> bool:
    """Whether a callee is an object of this library, such as what `recomputed` makes, or of a library's module.

    Nothing is put into it.
    """
    if isinstance(kind.value, types.ModuleType):
        return not is_users(kind.value)
    return kind.mask == STRUCT and kind.cls is not None and kind.cls.__module__.startswith("pullback.")


def _takes_nothing(kind: Kind, library: bool) -> bool:
    """Whether an operand is a class in which nothing can be stored, or none that a library would hold: a dtype."""
    if library and kind.is_class:
        return True
    return isinstance(kind.value, type) and (library or bool(kind.value.__flags__ & _IMMUTABLE))


def _of_attributes(stmt: ir.Bind, call: ir.Apply) -> Flows | None:
    """`getattr` and `setattr`, whose name for the attribute goes nowhere."""
    none: frozenset[int] = frozenset()
    if not stmt.facts.known or call.keywords or call.stars:
        return None
    if stmt.facts.callee is setattr and len(call.args) == 3:
        return Flows(frozenset((1,)), {1: frozenset((3,))}, none, none)
    if stmt.facts.callee is getattr and len(call.args) == 2:
        return Flows(none, {}, frozenset((1,)), none)
    return None


def _itself(stmt: ir.Bind, call: ir.Apply) -> str | None:
    """The operand that the result of a rule is, or is made like."""
    entry = lookup(stmt.facts.callee) if stmt.facts.known else None
    place = entry.rule.itself if entry is not None and entry.rule is not None else None
    operand = call.args[place] if place is not None and place < len(call.args) else None
    return operand.name if isinstance(operand, ir.Var) else None


def _tuples(function: ir.FunctionIR) -> dict[str, tuple[ir.Atom, ...]]:
    """The items of tuples whose names are bound once."""
    bound = [n for s in ir.walk(function.body) for n in ir.assigned(s)]
    built = [(s.target, s.expr.items) for s in ir.walk(function.body)
             if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Build) and s.expr.kind == "tuple"]  # fmt: skip
    return {target: items for target, items in built if bound.count(target) == 1}


def _built_tuples(function: ir.FunctionIR) -> list[list[str]]:
    """The names in each place of the result, where whatever is returned is a tuple that is written out."""
    results = [s for s in ir.walk(function.body) if function.result in ir.assigned(s)]
    built = [s.expr for s in results if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Build)]
    built = [b for b in built if b.kind == "tuple"]
    if not results or len(built) < len(results) or len({len(b.items) for b in built}) > 1:
        return []
    return [[a.name for a in items if isinstance(a, ir.Var)] for items in zip(*(b.items for b in built), strict=True)]


def _only(function: ir.FunctionIR, makes: Callable[[ir.Expr], bool]) -> Names:
    """The names that are bound to results of such expressions alone, as slices and masks are."""
    statements = [s for s in ir.walk(function.body) if ir.assigned(s)]
    made = [isinstance(s, ir.Bind) and makes(s.expr) for s in statements]
    found = {n for s, flag in zip(statements, made, strict=True) if flag for n in ir.assigned(s)}
    return frozenset(found - {n for s, flag in zip(statements, made, strict=True) if not flag for n in ir.assigned(s)})


def _pairs_of_new(function: ir.FunctionIR) -> Names:
    """The names that only ever hold a new value and its tangent, as `call_differential` of a class makes them."""
    found: set[str] = set()
    others: set[str] = set()
    for stmt in ir.walk(function.body):
        made = isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply) and _gives_new_pair(stmt, found)
        (found if made else others).update(ir.assigned(stmt))
    return frozenset(found - others)


def _gives_new_pair(stmt: ir.Bind, found: set[str]) -> bool:
    facts, operands = stmt.facts, ir.atoms(stmt.expr)
    if facts.known and hasattr(facts.callee, "gives_new_pair"):
        return True
    if facts.known and getattr(facts.callee, "gives_pair", False):
        return len(facts.kinds) > 1 and (isinstance(facts.kinds[1].value, type) or facts.kinds[1].is_class)
    # (what is unpacked is iterated over)
    return operands[0] == ir.Var("<iterated>") and isinstance(operands[1], ir.Var) and operands[1].name in found


def _rebound(function: ir.FunctionIR, makes_anew: Callable[[ir.Bind], bool], pairs: Names) -> dict[str, int]:
    """The names that are bound to new values, and where that is first done for certain.

        def f(u):
            u = u.copy()        from here on, `u` is not what the caller holds

    (`u, u_dot = call_differential(list, ...)` does it for both.)
    """
    found: dict[str, int] = {}
    anew = {s.target for s in ir.walk(function.body) if isinstance(s, ir.Bind) and makes_anew(s)}
    anew -= {n for s in ir.walk(function.body) if not _makes(s, makes_anew) for n in ir.assigned(s)}
    bound = set(function.parameters)
    for stmt in function.body:
        if isinstance(stmt, ir.Bind) and stmt.target in bound and _is_new(stmt, makes_anew, anew):
            found.setdefault(stmt.target, stmt.pos)
        elif isinstance(stmt, ir.Unpack) and isinstance(stmt.source, ir.Var) and stmt.source.name in pairs:
            for target in stmt.targets:
                if target in function.parameters:
                    found.setdefault(target, stmt.pos)
        bound.update(n for s in ir.walk([stmt]) for n in ir.assigned(s))
    closures = [s.expr for s in ir.walk(function.body) if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Closure)]
    captured = {name for closure in closures for name in closure.captures}
    return {n: p for n, p in found.items() if n not in captured}


def _makes(stmt: ir.Stmt, makes_anew: Callable[[ir.Bind], bool]) -> bool:
    return isinstance(stmt, ir.Bind) and makes_anew(stmt)


def _is_new(stmt: ir.Bind, makes_anew: Callable[[ir.Bind], bool], anew: set[str]) -> bool:
    """Whether a statement binds a new array or container."""
    expr = stmt.expr
    if isinstance(expr, ir.Operation):
        return not expr.inplace and all(k.numeric for k in stmt.facts.kinds)
    if isinstance(expr, ir.Copy):
        return isinstance(expr.source, ir.Var) and expr.source.name in anew
    if isinstance(expr, ir.Item):
        return isinstance(expr.obj, ir.Var) and expr.obj.name in anew
    if not isinstance(expr, ir.Apply):
        return isinstance(expr, ir.Build)
    if stmt.facts.known and (stmt.facts.callee is list or stmt.facts.callee is dict):
        return True
    copies = expr.method == "copy" and not stmt.facts.kinds[0].mask & ~(ARRAY | LIST | DICT)
    return copies or makes_anew(stmt)
