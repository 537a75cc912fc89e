"""Activity: which values vary with the differentiated arguments, and what must therefore be refused.

    def f(x, n):            varied: {x}
        y = n + 1           y is not: its value has no derivative
        z = x * y           z is varied; the operand y is not active

A value is *active* where it is varied and its type has a tangent. What is not useful (reaches no
result) is found by the reverse sweep, which emits nothing for it.
"""

from __future__ import annotations

import ast
import types
from dataclasses import dataclass, field

from pullback import ir
from pullback.array_methods import constant_attribute
from pullback.capturing import rebound_captures
from pullback.changing import calls_mutator, named
from pullback.counts import is_count
from pullback.cutting import changed_cuts
from pullback.dict_views import kept_views
from pullback.effects import effects_of
from pullback.endings import called, converts, flat, rounding
from pullback.kinds import ARRAY, DICT, LIST, NONE, NPFLOAT, PYTHON_SCALAR, STR, Kind
from pullback.late import refer_late
from pullback.lower_generators import is_generator
from pullback.mutators import MUTATORS
from pullback.rules import callable_name, lookup
from pullback.sharing import Sharing
from pullback.spans import Diagnostic, Label, Span
from pullback.texts import hands_on_text, reads_more, text_reader, writes_text

_DEFAULT = ("a default of a function", "pass it as an argument, or define the function with this default")
_REFUSED_ATTRIBUTES = {
    "__defaults__": _DEFAULT, "__kwdefaults__": _DEFAULT,
    "__dict__": ("what an object holds", "set each attribute: `for n, v in fields.items(): setattr(self, n, v)`"),
}  # fmt: skip
_MUTABLE = ~(PYTHON_SCALAR | NPFLOAT | NONE | STR)


@dataclass(slots=True)
class Activity:
    """What the analysis found: refusals, and where derivatives end on purpose or by type."""

    refusals: list[Diagnostic] = field(default_factory=list)
    cut: dict[str, tuple[Span, str]] = field(default_factory=dict)  # names that may depend through `int(...)` alone
    ends: dict[str, tuple[Span, str]] = field(default_factory=dict)  # the same of `round(...)`, `//` and the like
    text: set[str] = field(default_factory=set)  # names that hold the text of a differentiated value
    boxes: set[str] = field(default_factory=set)  # variables that nested functions share and somebody binds again
    managers: set[tuple[int, int]] = field(default_factory=set)  # places of context managers that hold such values
    silenced: bool = False  # without_derivative was applied to a varied value
    result_varied: bool = False
    mutates: bool = False  # something that may be kept for the reverse sweep may be changed in place
    changes: set[int] = field(default_factory=set)  # statements, by id, that change a varied value in place
    strict: set[int] = field(default_factory=set)  # those of them that may not really change anything
    watched: dict[int, set[str]] = field(default_factory=dict)  # or not change these globals, which something holds


def analyse(function: ir.FunctionIR, active: frozenset[str], sharing: Sharing) -> Activity:
    """Mark active operands in every statement's facts, starting from the active parameters and captures."""
    analysis = _Analysis(function, sharing)
    end = analysis.block(function.body, active)
    while analysis.late():
        end = analysis.block(function.body, active)
    for stmt in ir.walk(function.body):  # what became varied after a closure had captured it
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Closure):
            analysis.check_captures(stmt, stmt.expr, frozenset())
        read = stmt.expr.name if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Attr) else ""
        if read in ("__defaults__", "__kwdefaults__") and analysis.ever_varied.intersection(ir.assigned(stmt)):
            analysis.refuse_attribute(read, stmt.span)
    analysis.found.boxes |= analysis.rebound_inside & analysis.ever_varied
    if analysis.found.changes:
        analysis.found.refusals += kept_views(function, sharing)
    if analysis.found.silenced:
        analysis.found.refusals += changed_cuts(function, sharing, analysis.found.changes)
    analysis.found.result_varied = function.result in end
    unique = {(d.id, d.span): d for d in analysis.found.refusals}
    analysis.found.refusals = list(unique.values())
    return analysis.found


class _Analysis:
    def __init__(self, function: ir.FunctionIR, sharing: Sharing) -> None:
        self.function = function
        self.sharing = sharing
        self.found = Activity()
        self.ever_varied: set[str] = set()
        self.closures = {
            s.target: s.expr.node
            for s in ir.walk(function.body)
            if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Closure)
        }
        self.changed: set[str] = set()  # names of what may be changed to a varied value
        self.referring: set[int] = set()  # statements that refer to what varies only later
        self.rebound_inside = {  # names of this function that nested ones rebind
            n for node in self.closures.values() for s in ast.walk(node) if isinstance(s, ast.Nonlocal) for n in s.names
        }
        self.rebound: dict[str, Span] | None = None  # names that are assigned again while a closure may be called
        self.outer = {n for d in function.declarations for n in d.names}  # type: ignore[attr-defined]

    def block(self, block: list[ir.Stmt], varied: frozenset[str]) -> frozenset[str]:
        for stmt in block:
            varied = self.stmt(stmt, varied)
            self.ever_varied |= varied
        return varied

    def late(self) -> bool:
        """Whether more statements refer to what varies only later than was known."""
        found = refer_late(self.function, self.closures, frozenset(self.changed)) if self.changed else set()
        more = not found <= self.referring
        if more:
            self.referring |= found
            self.found, self.ever_varied = Activity(), set()
        return more

    def is_varied(self, atom: ir.Atom, varied: frozenset[str]) -> bool:
        return isinstance(atom, ir.Var) and atom.name in varied

    def stmt(self, stmt: ir.Stmt, varied: frozenset[str]) -> frozenset[str]:
        match stmt:
            case ir.Bind():
                return self.bind(stmt, varied)
            case ir.Unpack():
                active = self.is_varied(stmt.source, varied)
                stmt.facts.active, stmt.facts.varied = (active,), active
                if isinstance(stmt.source, ir.Var) and stmt.source.name in self.found.text:
                    self.found.text.update(stmt.targets)
                return varied | set(stmt.targets) if active else varied - set(stmt.targets)
            case ir.Append():
                active = self.is_varied(stmt.item, varied) and stmt.facts.kinds[0].differentiable
                stmt.facts.active = (active,)
                stmt.facts.varied = active or stmt.target in varied
                if stmt.target == self.function.result:
                    varied |= self.sharing.varied_between
                return varied | {stmt.target} if active else varied
            case ir.Store():
                return self.store(stmt, varied)
            case ir.Opaque():
                self.opaque(stmt, varied)
                return varied - stmt.writes
            case ir.If():
                stmt.facts.asks = self.is_varied(stmt.test, varied)
                body, orelse = self.block(stmt.body, varied), self.block(stmt.orelse, varied)
                if ir.always_raises(stmt.body):
                    return orelse
                return body if ir.always_raises(stmt.orelse) else body | orelse
            case ir.For():
                active = self.is_varied(stmt.iterable, varied)
                stmt.facts.active, stmt.facts.varied = (active,), active
                bound = frozenset({stmt.target})
                end = self.loop(stmt.body, varied, bound if active else frozenset(), stmt.target)
                if not active and self.is_varied(stmt.iterable, end):  # the body stores into what it goes through
                    stmt.facts.active, stmt.facts.varied = (True,), True
                    end = self.loop(stmt.body, varied | end, bound, stmt.target)
                return end
            case ir.While():
                end = self.loop(stmt.body, varied, frozenset(), None)
                stmt.facts.asks = not stmt.test.reads.isdisjoint(end)
                return end
            case ir.With():
                outer, self.ever_varied = self.ever_varied, set()
                end = self.block(stmt.body, varied - {stmt.target or ""})
                if stmt.swallows:  # what follows it may find anything that its body has assigned
                    end |= (varied | self.ever_varied) - {stmt.target or ""}
                self.ever_varied |= outer
                if self.is_varied(stmt.context, varied | end):  # its `__exit__` may change what was put into it
                    self.found.managers.add((stmt.span.line, stmt.span.column))
                    self.refuse(
                        "unsupported-construct",
                        "a differentiated value is used as a context manager",
                        stmt.span,
                        help="open the context without the value, and use the value inside the block",
                    )
                return end
            case ir.Try():
                return self.attempt(stmt, varied)
            case ir.Raise():
                stmt.facts.asks = not stmt.reads.isdisjoint(varied)
            case ir.BreakIf():
                pass
        return varied

    def attempt(self, stmt: ir.Try, varied: frozenset[str]) -> frozenset[str]:
        """A `try`: a handler may find anything that its body has made varied; an exception may carry it."""
        outer, self.ever_varied = self.ever_varied, set()
        end = varied
        for step in stmt.body:
            end = self.block(step.body, end)
        caught = varied | self.ever_varied
        self.ever_varied |= outer
        if stmt.orelse is not None:
            end = self.block(stmt.orelse.body, end)
        for handler in stmt.handlers:
            if handler.name is not None and caught:  # what it holds is looked at when it is caught
                handler.carries = any(reads_more(s, handler.name) for s in ir.walk(handler.step.body))
            left = self.block(handler.step.body, caught - {handler.name or ""})
            if not ir.always_raises(handler.step.body):
                end |= left
        return self.block(stmt.final, end)

    def loop(
        self, body: list[ir.Stmt], varied: frozenset[str], bound: frozenset[str], target: str | None
    ) -> frozenset[str]:
        head = varied
        while True:
            start = (head - {target}) | bound if target else head
            end = head | self.block(body, start)
            if end == head:
                return head
            head = end

    def bind(self, stmt: ir.Bind, varied: frozenset[str]) -> frozenset[str]:
        expr, facts = stmt.expr, stmt.facts
        operands = ir.atoms(expr)
        if isinstance(expr, ir.Inert):
            if isinstance(expr.node, ast.JoinedStr) and expr.reads & (varied | self.found.text):
                self.found.text.add(stmt.target)
            self.inert(expr, stmt.span, varied)
            facts.active, facts.varied, facts.asks = (), False, not expr.reads.isdisjoint(varied)
            return varied - {stmt.target}
        seen = varied.union(self.changed) if id(stmt) in self.referring else varied
        facts.active = tuple(
            self.is_varied(a, seen) and k.differentiable for a, k in zip(operands, facts.kinds, strict=True)
        )
        if id(stmt) in self.referring and not any(facts.active):
            facts.active = (True, *facts.active[1:])
        if isinstance(expr, ir.Apply) and expr.method is not None and facts.known and not facts.method:
            callee = facts.callee  # what a field holds, as it was found: an object's tangent has no part of it
            if getattr(callee, "__closure__", None) is None and not getattr(callee, "__defaults__", None):
                facts.active = (False, *facts.active[1:])
        facts.varied = any(facts.active) and self.carries(stmt, varied)
        facts.asks = any(facts.active) and looks_on(stmt)
        entry = lookup(facts.callee) if facts.known else None
        if entry is not None and entry.returns == "scope":
            self.refuse(
                "unsupported-construct",
                "a scope of derivatives is opened inside the function that is differentiated",
                stmt.span,
                help="open the scope around the call of gradient or pullback",
            )
        if facts.known and callable_name(facts.callee) == "without_derivative":
            self.found.silenced = True
        self.cuts(stmt, operands)
        self.texts(stmt, operands)
        if facts.varied and stmt.target in self.outer:
            self.refuse(
                "outer-write",
                f"a differentiated value is stored in `{stmt.target}`, which is not local to this function",
                stmt.span,
                help="return the value instead",
            )
        after = varied | {stmt.target} if facts.varied else varied - {stmt.target}
        if self.rebound_inside and any(facts.active) and not self.is_rule(stmt):
            after |= self.rebound_inside  # a nested function may have stored a differentiated value there
        if id(stmt) in self.sharing.points and any(facts.active):
            after |= self.changing(stmt, self.sharing.points[id(stmt)], varied)
        return after

    def is_rule(self, stmt: ir.Bind) -> bool:
        """Whether an expression runs nothing of this function's own."""
        if not isinstance(stmt.expr, ir.Apply):
            return not isinstance(stmt.expr, (ir.Operation, ir.Item, ir.Attr, ir.Compare)) or all(
                k.numeric for k in stmt.facts.kinds
            )
        entry = lookup(stmt.facts.callee) if stmt.facts.known else None
        handed = [a.name for a in ir.atoms(stmt.expr)[1:] if isinstance(a, ir.Var)]
        if any(n in self.closures or not self.sharing.is_fixed(n) for n in handed):
            return False  # (a function among the operands, or in one)
        return entry is not None and entry.rule is not None and not entry.vjps

    def changing(self, stmt: ir.Stmt, name: str, varied: frozenset[str]) -> frozenset[str]:
        """A statement that changes what `name` shares, with a varied value: all that shares with it may vary now."""
        self.found.changes.add(id(stmt))
        shared = self.sharing.with_(name)
        owners = self.sharing.given_directly(stmt, 1) if calls_mutator(stmt) else frozenset()
        doubtful = self.sharing.doubtful.get(id(stmt), frozenset())
        if doubtful:
            self.found.watched[id(stmt)] = set(doubtful)
        for other in sorted(set(self.sharing.globals_changed(stmt)) - doubtful):
            if id(stmt) not in self.sharing.certain and other not in owners:
                self.found.strict.add(id(stmt))
                continue
            self.refuse(
                "outer-write",
                f"a differentiated value is stored in {named(other)}, which is not local to this function",
                stmt.span,
                help="return the value, or pass the container as an argument; or store pb.without_derivative(...)",
            )
        changed = frozenset(n for n in shared if not self.sharing.is_fixed(n))
        self.changed |= changed
        return changed

    def carries(self, stmt: ir.Bind, varied: frozenset[str]) -> bool:
        """Whether the result of an expression with active operands is itself varied."""
        expr, facts = stmt.expr, stmt.facts
        match expr:
            case ir.Compare():
                return False
            case ir.Item():
                return True  # an active index too: a class's own `__getitem__` may compute with it
            case ir.Build(kind="set"):
                self.refuse_set(stmt)
            case ir.Closure():
                self.check_captures(stmt, expr, varied)
            case ir.Apply():
                return self.call_carries(stmt)
            case ir.Attr(name=name) if constant_attribute(facts.kinds[0], name) is not None:
                return False
        return facts.kind.differentiable

    def refuse_set(self, stmt: ir.Bind) -> None:
        self.refuse(
            "unsupported-construct",
            "a set of differentiated values has no order for their derivatives",
            stmt.span,
            help="use a list or tuple",
        )

    def check_captures(self, stmt: ir.Bind, expr: ir.Closure, varied: frozenset[str]) -> None:
        """A captured name that is assigned again, and is differentiated before or after that, is refused."""
        if expr.group:
            self.check_group(stmt, expr.group, varied)
        for name in expr.captures:
            if name not in self.ever_varied | varied:
                continue
            if self.rebound is None:
                self.rebound = rebound_captures(self.function.body, self.function.result, self.sharing.is_fixed)
            if name in self.rebound and not self.only_changed(name, stmt):
                if not is_generator(expr.node):  # (one that is under way reads it between two changes)
                    self.found.boxes.add(name)
                self.refuse(
                    "capture-rebound",
                    f"`{name}` is captured here and assigned again while this function may still be called",
                    stmt.span,
                    labels=(Label(self.rebound[name], "assigned again here"),),
                    help=f"pass `{name}` as an argument, or bind the new value to another name",
                )

    def check_group(self, closure: ir.Bind, group: frozenset[str], varied: frozenset[str]) -> None:
        """What a function made later has as a default does not exist yet when its caller captures what it needs."""
        for stmt in ir.walk(self.function.body):
            if not (isinstance(stmt, ir.Bind) and stmt.target in group and isinstance(stmt.expr, ir.Closure)):
                continue
            for parameter, atom in stmt.expr.defaults:
                if isinstance(atom, ir.Var) and atom.name in self.ever_varied | varied:
                    self.refuse(
                        "capture-rebound",
                        f"`{stmt.target}` is captured here and made later, with a differentiated default of "
                        f"`{parameter}`",
                        closure.span,
                        labels=(Label(stmt.span, "made here"),),
                        help=f"define `{stmt.target}` before the function that calls it",
                    )

    def only_changed(self, name: str, closure: ir.Bind) -> bool:
        """Whether every assignment to a name after its capture is `x op= y` on an array or list: the same object."""
        loops = [s for s in ir.walk(self.function.body) if isinstance(s, (ir.For, ir.While))]
        inside = {id(s) for loop in loops for s in [loop, *ir.walk(loop.body)]}  # (a loop binds its target)
        for stmt in ir.walk(self.function.body):
            if name not in ir.assigned(stmt):
                continue
            operation = stmt.expr if isinstance(stmt, ir.Bind) else None
            in_place = isinstance(operation, ir.Operation) and operation.inplace
            if in_place and isinstance(stmt, ir.Bind) and not stmt.facts.kinds[0].mask & ~(ARRAY | LIST | DICT):
                continue
            if stmt.pos > closure.pos or id(stmt) in inside:
                return False
        return True

    def call_carries(self, stmt: ir.Bind) -> bool:
        facts = stmt.facts
        if not facts.known:
            return facts.kind.differentiable
        if facts.callee in (set, frozenset):
            self.refuse_set(stmt)
        entry = lookup(facts.callee)
        if entry is None or entry.vjps or not entry.constant:
            return facts.kind.differentiable
        return entry.protocol is not None and not all(k.numeric for k in facts.kinds[1:])

    def cuts(self, stmt: ir.Bind, operands: tuple[ir.Atom, ...]) -> None:
        """Follow values that depend on an argument only through a conversion to int, or a rounding."""
        facts, cut = stmt.facts, self.found.cut
        what = rounding(stmt) or flat(stmt) if any(facts.active) else ""
        if isinstance(stmt.expr, ir.Item):
            operands = operands[:1]  # (an index is only looked up)
        behind = [self.found.ends[a.name] for a in operands if isinstance(a, ir.Var) and a.name in self.found.ends]
        if what:
            self.found.ends[stmt.target] = (stmt.span, what)
        elif behind and not isinstance(stmt.expr, ir.Compare):
            self.found.ends.setdefault(stmt.target, behind[0])
        whole = converts(stmt) if any(facts.active) else ""
        if whole:
            cut[stmt.target] = (stmt.span, whole)
            return
        sources = [cut[a.name] for a in operands if isinstance(a, ir.Var) and a.name in cut]
        if sources and not isinstance(stmt.expr, ir.Compare):
            cut.setdefault(stmt.target, sources[0])

    def texts(self, stmt: ir.Bind, operands: tuple[ir.Atom, ...]) -> None:
        """Follow the text of differentiated values: a number read from it would have lost its derivative."""
        text = self.found.text
        read = operands[:1] if isinstance(stmt.expr, ir.Item) else operands  # (an index is only looked up)
        has_sources = any(isinstance(a, ir.Var) and a.name in text for a in read)
        if writes_text(stmt, has_sources):
            text.add(stmt.target)
        elif has_sources and (reader := text_reader(stmt)):
            self.refuse(
                "non-differentiable-result",
                f"`{reader}` reads a number from the text of a differentiated value",
                stmt.span,
                help="use the value itself, or wrap it in pb.without_derivative if a zero derivative is meant",
            )
        elif has_sources and hands_on_text(stmt):
            text.add(stmt.target)  # a method of the text, a part of it
        elif has_sources and not stmt.facts.varied:
            self.found.ends.setdefault(stmt.target, (stmt.span, f"{called(stmt.facts.callee)} of its text"))

    def store(self, stmt: ir.Store, varied: frozenset[str]) -> frozenset[str]:
        value = self.is_varied(stmt.value, varied) and stmt.facts.kinds[1].differentiable
        obj = self.is_varied(stmt.obj, varied)
        stmt.facts.active, stmt.facts.varied = (obj, value), obj or value
        stmt.facts.asks = not stmt.attribute and self.is_varied(stmt.key, varied)
        self.found.mutates = True
        if value and stmt.attribute and stmt.key in _REFUSED_ATTRIBUTES:
            self.refuse_attribute(stmt.key, stmt.span)
        if not (obj or value) or not isinstance(stmt.obj, ir.Var) or is_count(stmt):
            return varied
        if stmt.facts.kinds[0].mask == STR:
            return varied
        owner = stmt.facts.kinds[0].value
        if value and isinstance(owner, (type, types.ModuleType)):
            self.refuse(
                "outer-write",
                f"a differentiated value is stored in `{owner.__name__}.{stmt.key}`, which outlives the function",
                stmt.span,
                help="keep it in an object that the function is given, or return it",
            )
        return varied | self.changing(stmt, stmt.obj.name, varied)

    def refuse_attribute(self, name: str, span: Span) -> None:
        what, instead = _REFUSED_ATTRIBUTES[name]
        message = f"a differentiated value becomes {what} through `{name}`"
        self.refuse("unsupported-construct", message, span, help=instead)

    def opaque(self, stmt: ir.Opaque, varied: frozenset[str]) -> None:
        stmt.facts.asks = stmt.observes and not stmt.reads.isdisjoint(varied)
        if stmt.observes:
            return
        self.found.mutates = True
        entering = sorted(stmt.reads & varied)
        if entering and not isinstance(stmt.node, ast.Delete):
            word = type(stmt.node).__name__.lower().removesuffix("def").removesuffix("star")
            self.refuse(
                "unsupported-construct",
                f"`{entering[0]}` is differentiated, and enters a `{word}` statement, which is not differentiated yet",
                stmt.span,
                help=f"move the `{word}` into a function with a registered derivative, or out of this function",
            )

    def inert(self, expr: ir.Inert, span: Span, varied: frozenset[str]) -> None:
        """An expression kept as written must not change a differentiated value."""
        for node in ast.walk(expr.node):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in varied:
                closure = self.closures.get(node.func.id)
                if closure is not None and effects_of(closure).anything:
                    self.refuse("mutation", f"`{node.func.id}` changes values it captures inside a condition", span)
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in MUTATORS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in varied
            ):
                self.refuse("mutation", f"`.{node.func.attr}` changes a differentiated value inside a condition", span)

    def refuse(self, id: str, message: str, span: Span, *, labels: tuple[Label, ...] = (), help: str = "") -> None:
        self.found.refusals.append(Diagnostic(id, message, span, "", labels, (), help))


def looks_on(stmt: ir.Bind) -> bool:
    """Whether an expression may run a method of a class that is not called by name."""
    if isinstance(stmt.expr, ir.Apply):
        return stmt.expr.method is not None or (stmt.facts.known and lookup(stmt.facts.callee) is not None)
    return isinstance(stmt.expr, (ir.Compare, ir.Operation, ir.Attr, ir.Item, ir.Build))


def may_change(kind: Kind) -> bool:
    """Whether a value of this kind can be changed in place."""
    return bool(kind.mask & _MUTABLE)
