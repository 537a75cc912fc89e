"""A function and all that it calls, as statements on numbers and arrays alone.

    def energy(body): return 0.5 * body.mass * body.speed()**2
    def f(x): return energy(Body(2.0, x))            _t1 = 0.5 * 2.0;  _t2 = x ** 2;  _result = _t1 * _t2

The lowered code is gone through once more, with values that are known by their structure: tuples and
objects dissolve into their parts, calls of Python functions are put in place, loops over tuples are
unrolled. Every assignment makes a new name; where control flow meets, names are joined.
"""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled.dicts import after_loop, is_dict
from pullback.compiled.joining import Frame
from pullback.compiled.list_forms import resited
from pullback.compiled.lists import is_list, range_items
from pullback.compiled.matching import Matching
from pullback.compiled.reading import live_names
from pullback.compiled.shapes import MISSING, Copies, joined, made, nothing, shape_of, transfer
from pullback.compiled.unit import Block, Unit
from pullback.compiled.values import (
    BOOL,
    Clo,
    Known,
    Maybe,
    Num,
    Obj,
    Rng,
    Seq,
    State,
    Tup,
    Value,
    describe,
    refuse,
)
from pullback.errors import DifferentiabilityError
from pullback.fence import check
from pullback.lower import lower
from pullback.source import Source, acquire
from pullback.spans import Span

_DEEPEST = 60


class Flattener(Matching):
    """Goes through statements; `Calls` and `Expressions` have what is in them."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit)
        self.frames: list[Frame] = []
        self.shared_objects: set[int] = set()  # objects of which there may be two copies: nothing is stored into them

        self.loops: list[tuple[Any, int | None]] = []
        self.outer_values: dict[str, Value] = {}
        self.outer_heap: dict[int, dict[str, Value]] = {}
        self.relied: dict[int, tuple[Any, Any]] = {}  # callees, and the derivatives that users registered for them

    def outermost(
        self, callee: Value, args: list[Value], keywords: dict[str, Value], state: State, span: Span
    ) -> tuple[Value, State]:
        """The result of the function that is compiled, and the objects that it may be made of."""
        self.start(state, span)
        result = self.call(callee, args, keywords, "_result", span)
        if isinstance(result, Maybe):
            result = self.present(result, "the result", span)
        return result, self.state

    def start(self, state: State, span: Span) -> None:
        """Begin, with what is known of values."""
        lowered = ir.FunctionIR(
            "",
            "",
            ast.arguments([], [], None, [], [], None, []),
            (),
            [],
            "",
            frozenset(),
            (),
            [],
            span.filename,
            span,
            set(),
        )
        self.frames.append(Frame(None, lowered, state, None))

    # --- calls ------------------------------------------------------------------------------------

    def run(
        self, function: Any, source: Source, name: str, env: dict[str, Value], outer: Frame | None, span: Span | None
    ) -> Value:
        """Put a function's body in place, with its parameters known; returns its result."""
        if len(self.frames) >= _DEEPEST:
            raise refuse(f"calls of `{name}` nest too deep to be compiled", span)
        diagnostics = check(source.node, source.filename)
        if diagnostics:
            raise DifferentiabilityError(*diagnostics)
        captured = tuple(source.code.co_freevars)
        lowered = lower(source, name, captured, conditions=True)
        if lowered.generator:
            raise refuse(f"`{name}` is a generator", span)
        for declaration in lowered.declarations:
            raise refuse(
                f"`{name}` assigns variables that are not its own", Span.of(lowered.filename, declaration),
                help="return the value instead",
            )  # fmt: skip
        heap = self.state.heap if self.frames else {}
        at = (span.line, span.column) if span is not None else None
        self.frames.append(Frame(function, lowered, State(env, heap), outer, live_names(lowered), at=at))
        try:
            self.statements(lowered.body)
            result = self.raw(lowered.result, lowered.span)
            heap = self.state.heap
        finally:
            self.frames.pop()
        if self.frames:
            self.state.heap = heap
        return result

    # --- statements -------------------------------------------------------------------------------

    def statements(self, block: Block) -> None:
        """A block; what follows a statement that always raises is not reached."""
        for stmt in block:
            self.statement(stmt)
            if isinstance(stmt, ir.Raise) and isinstance(stmt.node, ast.Raise):
                return

    def statement(self, stmt: ir.Stmt) -> None:
        """One statement."""
        match stmt:
            case ir.Bind():
                self.state.env[stmt.target] = self.expression(stmt)
            case ir.Unpack():
                items = self.unpacked(self.read_atom(stmt.source, stmt.span), len(stmt.targets), stmt.span)
                self.state.env.update(zip(stmt.targets, items, strict=True))
            case ir.Append():
                held = self.read(stmt.target, stmt.span)
                item = self.read_atom(stmt.item, stmt.span)
                if isinstance(held, Tup) and held.cls is list:
                    self.unit.changes.update(dict.fromkeys(held.site or (), stmt.span))
                    self.state.env[stmt.target] = Tup((*held.items, item), list, held.site)
                elif is_list(held):
                    self.append(held, item, stmt.span)
                else:
                    raise refuse(f"`append` on {describe(held)}", stmt.span)
            case ir.Store():
                self.store(stmt)
            case ir.If():
                self.conditional(stmt)
            case ir.For():
                self.for_loop(stmt)
            case ir.While():
                self.while_loop(stmt)
            case ir.Raise():
                self.raising(stmt)
            case ir.BreakIf():
                flags = [self.read(f, stmt.span) for f in stmt.flags]
                atoms = [f.atom for f in flags if isinstance(f, Num)]
                names = tuple(a.name for a in atoms if isinstance(a, ir.Var))
                if any(isinstance(a, ir.Lit) and a.value for a in atoms):
                    flag = self.unit.number("_flag", ir.Copy(ir.Lit(True)), BOOL, stmt.span)
                    assert isinstance(flag.atom, ir.Var)
                    names = (flag.atom.name,)
                if names:
                    self.unit.append(ir.BreakIf(names, stmt.span))
            case ir.Opaque(node=ast.Import() | ast.ImportFrom() as node):
                self.importing(node, stmt.span)
            case ir.Opaque(node=ast.Delete()):
                for name in stmt.writes:
                    self.state.env.pop(name, None)
            case ir.Opaque(node=ast.Match() as node):
                self.deciding(node, stmt.span)
            case ir.Opaque():
                word = type(stmt.node).__name__.lower()
                raise refuse(f"`{word}` statements are not compiled", stmt.span)
            case ir.Try():
                raise refuse("`try` is not compiled", stmt.span)
            case ir.With(context=context, target=None) if isinstance(self._known(context, stmt.span), np.errstate):
                self.statements(stmt.body)
            case ir.With():
                raise refuse("`with` is not compiled", stmt.span)
            case _:
                raise refuse("this statement is not compiled", stmt.span)

    def _known(self, atom: ir.Atom, span: Span) -> Any:
        value = self.read_atom(atom, span)
        return value.value if isinstance(value, Known) else None

    # --- where control flow meets -----------------------------------------------------------------

    def conditional(self, stmt: ir.If) -> None:
        """An `if`; one whose outcome is known is no code."""
        test = self.truth(self.tested(stmt.test, stmt.span), stmt.span)
        if isinstance(test, ir.Lit):
            self.statements(stmt.body if test.value else stmt.orelse)
            return
        self.branch(
            test,
            lambda: self.statements(stmt.body),
            lambda: self.statements(stmt.orelse),
            stmt.span,
            self.live_after(stmt),
        )

    def live_after(self, stmt: ir.Stmt) -> frozenset[str]:
        """The variables of this call that are read after a statement."""
        live = self.frame.live
        return live.after[id(stmt)] | live.always

    # --- loops ------------------------------------------------------------------------------------

    def for_loop(self, stmt: ir.For) -> None:
        """A loop over a range or an array stays one; over a tuple it is unrolled."""
        over = self.read_atom(stmt.iterable, stmt.span)
        place = self.site(stmt.target, stmt.span)
        items = self.items(over, stmt.span) if is_dict(over) else self.static_items(over)
        if items is None and place in self.unit.lists.unrolled:
            items = range_items(over)
        if items is not None:
            before = self.state.copy()
            self._unrolled(stmt, items, 0)
            self.gone_through(over, before, stmt.span)
            return
        known = range_items(over)
        before = self.state.copy()
        count, element, head = self.stepping(over, stmt.span)

        def body(index: Num) -> None:
            self.state.env[stmt.target] = element(index)
            self.statements(stmt.body)

        self.loops.append((place, None if known is None else len(known)))
        self._loop(stmt, body, count, head)
        self.loops.pop()
        self.gone_through(over, before, stmt.span)

    def _unrolled(self, stmt: ir.For, items: list[Value], start: int) -> None:
        live = self.live_after(stmt) | self.frame.live.head[id(stmt)]
        for position in range(start, len(items)):
            self.state.env[stmt.target] = items[position]
            body = stmt.body
            flags: list[ir.Atom] = []
            if body and isinstance(body[-1], ir.BreakIf):
                self.statements(body[:-1])
                values = [self.truth(self.read(f, stmt.span), stmt.span) for f in body[-1].flags]
                if any(isinstance(v, ir.Lit) and v.value for v in values):
                    return
                flags = [v for v in values if isinstance(v, ir.Var)]
            else:
                self.statements(body)
            if flags and position + 1 < len(items):
                test = flags[0]
                for flag in flags[1:]:
                    node = ast.BoolOp(ast.Or(), [ast.Name(_named(test)), ast.Name(_named(flag))])
                    test = self.unit.number("_flag", ir.Inert(node, frozenset()), BOOL, stmt.span).atom
                self.branch(
                    test,
                    lambda: None,
                    functools.partial(self._unrolled, stmt, items, position + 1),
                    stmt.span,
                    live,
                )
                return

    def while_loop(self, stmt: ir.While) -> None:
        """`while go`: the name is tested at the head."""
        self.loops.append((None, None))
        self._loop(stmt, lambda _: self.statements(stmt.body), None, None)
        self.loops.pop()

    def _loop(
        self, stmt: ir.For | ir.While, body: Callable[[Num], None], count: ir.Atom | None, head: Value | None
    ) -> None:
        entry = self.state
        inside = [stmt, *ir.walk(stmt.body)]
        assigned = {n for s in inside for n in ir.assigned(s) if not self._is_append(s)}
        certain = self._runs(stmt, count)
        live = self.live_after(stmt)
        head_live = self.frame.live.head[id(stmt)] | live
        carried: dict[Any, Any] = {  # what changes from one iteration to the next -> its form
            name: shape_of(entry.env[name], entry)
            for name in entry.env if name in assigned and name in head_live
        }  # fmt: skip
        names = set(self.unit.names)
        for _ in range(12):
            self.unit.names = set(names)
            state = entry.copy()
            before: Copies = []
            for key, shape in carried.items():
                self._carry(key, shape, entry, state, before)
            self.frame.state = state
            start, since = state.copy(), len(self.unit.assigned)
            setup = self.unit.nested(functools.partial(self.copy, before, stmt.span))
            made_loop, inside = self._iteration(stmt, body, count)
            after = self.state
            grown = self._grown(carried, start, after, entry, stmt.span)
            if not grown:
                break
            carried.update(grown)
        else:
            raise refuse("what this loop changes has no fixed form", stmt.span)
        self.unit.block.extend(setup)
        late = {
            n for n in assigned if n not in entry.env and n in after.env and n in live
        }  # fmt: skip
        kept: dict[str, Value] = {}
        for name in sorted(late):  # what it is made of may be overwritten for the next iteration
            shape = shape_of(after.env[name], after)
            kept[name] = made(
                shape if certain else joined(MISSING, shape), name, self.unit.fresh, start, self.unit.copied_identity
            )
            self._declare(kept[name], start)
            self.copy(nothing(kept[name], start), stmt.span)
        # at the end of an iteration: what is carried over, before the loop may be left
        leaving = inside[-1] if inside and isinstance(inside[-1], ir.BreakIf) else None
        if leaving is not None:
            inside.pop()
        outer, self.unit.block = self.unit.block, inside
        back: Copies = []
        for key in carried:
            goal, source = _at(start, key), _at(after, key)
            if goal is not None and not isinstance(goal, Known):  # (an object is the same, and has other fields)
                self._guard_identity([(source, after)], goal, start, start, key, since)
                self._share(source, goal, after, start)
                back.extend(transfer(source, goal, after, start))
        for name, goal in kept.items():
            self._guard_identity([(after.env[name], after)], goal, start, start, name)
            self._share(after.env[name], goal, after, start)
            back.extend(transfer(after.env[name], goal, after, start))
        if leaving is not None:
            targets = {n for n, _, _ in back}
            self.unit.block.extend(self._kept_flags(leaving, targets, stmt.span))
        self.copy(back, stmt.span)
        if leaving is not None:
            inside.append(leaving)
        self.unit.block = outer
        self.unit.append(made_loop)
        final = start
        final.heap = {**after.heap, **start.heap}
        for identity in self.unit.dicts & entry.heap.keys():
            final.heap[identity] = after_loop(final.heap[identity], certain)
        final.env.update(kept)
        self.frame.state = final

    def _is_append(self, stmt: ir.Stmt) -> bool:
        """Whether a statement changes a list that is an object: the name stands for the same one then."""
        return isinstance(stmt, ir.Append) and is_list(self.state.env.get(stmt.target, Known(None)))

    def _runs(self, stmt: ir.For | ir.While, count: ir.Atom | None) -> bool:
        """Whether a loop runs at least once for sure."""
        if isinstance(stmt, ir.While):
            test = self.state.env.get(_while_name(stmt))
            return isinstance(test, Num) and isinstance(test.atom, ir.Lit) and bool(test.atom.value)
        over = self.unit.ranges.get(_named(count)) if count is not None else None
        bounds = [a.value for a in (over.start, over.stop, over.step) if isinstance(a, ir.Lit)] if over else []
        return len(bounds) == 3 and len(range(*bounds)) > 0

    def _kept_flags(self, leaving: ir.BreakIf, targets: set[str], span: Span) -> Block:
        """A flag that is carried over is tested before that."""
        kept: Block = []
        names = []
        for flag in leaving.flags:
            if flag in targets:
                outer, self.unit.block = self.unit.block, kept
                held = self.unit.number("_flag", ir.Copy(ir.Var(flag)), BOOL, span)
                self.unit.block = outer
                flag = _named(held.atom)
            names.append(flag)
        leaving.flags = tuple(names)
        return kept

    def _iteration(
        self, stmt: ir.For | ir.While, body: Callable[[Num], None], count: ir.Atom | None
    ) -> tuple[ir.For | ir.While, Block]:
        self.frame.loops += 1
        made_loop: ir.For | ir.While
        if isinstance(stmt, ir.For):
            index = self.unit.fresh(stmt.target if not stmt.target.startswith("_e") else "_i")
            self.unit.declare(Num(ir.Var(index), "i"))
            assert count is not None
            self.unit.bounded(Num(ir.Var(index), "i"), self.unit.bits_of_index(count))
            inside = self.unit.nested(lambda: body(Num(ir.Var(index), "i")))
            made_loop = ir.For(index, count, inside, stmt.span)
            made_loop.facts.kinds = (self.unit.kind(count),)
        else:
            test = self.raw(_while_name(stmt), stmt.span)
            goes = self.truth(test, stmt.span)
            inside = self.unit.nested(lambda: body(Num(ir.Lit(0), "i")))
            node: ast.expr = ast.Name(goes.name, ast.Load()) if isinstance(goes, ir.Var) else ast.Constant(goes.value)
            reads = frozenset({goes.name} if isinstance(goes, ir.Var) else ())
            made_loop = ir.While(ir.Inert(node, reads), inside, stmt.span)
        self.frame.loops -= 1
        return made_loop, inside

    def _carry(self, key: Any, shape: Any, entry: State, state: State, before: Copies) -> None:
        """Give what a loop changes names of its own, and have them hold what it is at first."""
        source = _at(entry, key)
        stem = key if isinstance(key, str) else key[1]
        goal = made(shape, stem, self.unit.fresh, state, self.unit.copied_identity)
        goal = resited(goal, source) if source is not None else goal
        if isinstance(goal, Known):
            _put(state, key, goal)
            return
        self._declare(goal, state)
        before.extend(transfer(source, goal, entry, state))
        self._share(source, goal, entry, state)
        self._guard_identity([(source, entry)], goal, state, State(), key)
        if isinstance(source, Obj) and isinstance(goal, Obj) and source.id in self.unit.given:
            self.unit.given.add(goal.id)
        _put(state, key, goal)

    def _grown(
        self, carried: dict[Any, Any], start: State, after: State, entry: State, span: Span
    ) -> dict[Any, Any]:
        """What an iteration changed that was not foreseen, or not in that form."""
        grown: dict[Any, Any] = {}
        self.meet_heaps(start, after, span)
        for key, shape in carried.items():
            self.meet(_at(start, key), start, _at(after, key), after, span)
            if (isinstance(key, str) and key not in after.env) or _at(after, key) is None:
                continue
            wider = joined(shape, shape_of(_at(after, key), after))
            if wider != shape:
                grown[key] = wider
        for identity, fields in entry.heap.items():
            for key in {**fields, **after.heap.get(identity, {})}:
                place = (identity, key)
                x, y = start.heap.get(identity, {}).get(key), after.heap.get(identity, {}).get(key)
                if place not in carried and x != y:
                    self.meet(x, start, y, after, span)
                    grown[place] = joined(shape_of(x, start), shape_of(y, after))
        return grown


def _at(state: State, key: Any) -> Value | None:
    return state.env.get(key) if isinstance(key, str) else state.heap.get(key[0], {}).get(key[1])


def _put(state: State, key: Any, value: Value) -> None:
    if isinstance(key, str):
        state.env[key] = value
    else:
        state.heap[key[0]][key[1]] = value


def _named(atom: ir.Atom) -> str:
    assert isinstance(atom, ir.Var)
    return atom.name


def _while_name(stmt: ir.While) -> str:
    node = stmt.test.node
    assert isinstance(node, ast.Name)
    return node.id


__all__ = ["Clo", "Flattener", "Frame", "Rng", "Seq", "acquire", "types"]
