"""Where control flow meets: one state after two ways, and the copies that make it so in each of them.

    if c: p = Point(x, 1.0)          if c: p_x = x; p_y = 1.0
    else: p = Point(0.0, y)    ->    else: p_x = 0.0; p_y = y
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pullback import ir
from pullback.compiled import support
from pullback.compiled.dicts import NOT_EVERYWHERE, other_keys
from pullback.compiled.list_forms import resited
from pullback.compiled.raising import Raising
from pullback.compiled.reading import Live
from pullback.compiled.shapes import Clash, Copies, joined, made, shape_of, transfer
from pullback.compiled.unit import Block
from pullback.compiled.values import (
    BOOL,
    FLOAT,
    Arr,
    Clo,
    Known,
    Maybe,
    Method,
    Num,
    Obj,
    Partial,
    Seq,
    State,
    Super,
    Tup,
    Value,
    leaves,
    refuse,
)  # fmt: skip
from pullback.spans import Span


@dataclass
class Frame:
    """One call: the function, its lowered code, what is known of its variables, and where it is called."""

    function: Any
    lowered: ir.FunctionIR
    state: State
    outer: Frame | None
    live: Live = field(default_factory=Live)
    loops: int = 0
    at: Any = None


class Joining(Raising):
    """Joins the states of two ways."""

    @property
    def frame(self) -> Frame:
        """The call that is being put in place."""
        found: Frame = self.frames[-1]
        return found

    @property
    def state(self) -> State:
        """What is known at this point."""
        return self.frame.state

    def branch(
        self,
        test: ir.Atom,
        body: Callable[[], None],
        orelse: Callable[[], None],
        span: Span,
        live: frozenset[str] | None = None,
    ) -> None:
        """Two ways, of which `test` tells which is taken, and what holds after both."""
        before = self.state
        arms: list[tuple[Block, State]] = []
        for build in (body, orelse):
            self.frame.state = before.copy()
            block = self.unit.nested(build)
            arms.append((block, self.frame.state))
        (first, a), (second, b) = arms
        if ir.always_raises(first):
            self.frame.state = b
        elif ir.always_raises(second):
            self.frame.state = a
        else:
            self.frame.state = self.merged(arms, before, span, live)
        if first or second:
            self.unit.append(ir.If(test, first, second, span))

    def merged(self, arms: list[tuple[Block, State]], before: State, span: Span, live: frozenset[str] | None) -> State:
        """The state after two ways, and in each of them the copies into what they have in common."""
        (first, a), (second, b) = arms
        after = State({}, {})
        copies: tuple[Copies, Copies] = ([], [])
        self.meet_heaps(a, b, span)
        for identity in {**a.heap, **b.heap}:
            if identity in a.heap and identity in b.heap:
                fields: dict[str, Value] = {}
                apart = other_keys(a.heap[identity], b.heap[identity]) if identity in self.unit.dicts else ()
                for key in {**a.heap[identity], **b.heap[identity]}:
                    x, y = a.heap[identity].get(key), b.heap[identity].get(key)
                    if key in apart:
                        fields[key] = Known(NOT_EVERYWHERE)
                        continue
                    self.meet(x, a, y, b, span)
                    fields[key] = self._met(key, x, y, a, b, after, copies, before)
                after.heap[identity] = fields
            else:
                after.heap[identity] = dict((a.heap if identity in a.heap else b.heap)[identity])
        for key in {**a.env, **b.env}:
            x, y = a.env.get(key), b.env.get(key)
            if live is not None and key not in live and not key.endswith(" "):
                continue
            self.meet(x, a, y, b, span)
            goal = self._met(key, x, y, a, b, after, copies, before)
            if key.startswith("_t") and isinstance(goal, Known) and isinstance(goal.value, Clash):
                goal = self._truth_of(goal.value, [x, y], arms, span)
            after.env[key] = goal
        for block, made_copies in zip((first, second), copies, strict=True):
            outer, self.unit.block = self.unit.block, block
            self.copy(made_copies, span)
            self.unit.block = outer
        return after

    def _met(
        self, key: str, x: Value | None, y: Value | None, a: State, b: State, after: State, copies: Any, before: State
    ) -> Value:
        if x == y and x is not None:
            return resited(x, x, y) if y is not None else x
        shape = joined(shape_of(x, a), shape_of(y, b))
        goal = made(shape, key, self.unit.fresh, after, self.unit.copied_identity)
        goal = resited(goal, *(v for v in (x, y) if v is not None))
        if isinstance(goal, Known) and isinstance(goal.value, Clash):
            return goal
        self._guard_identity([(x, a), (y, b)], goal, after, before, key)
        copies[0].extend(transfer(x, goal, a, after))
        copies[1].extend(transfer(y, goal, b, after))
        self._declare(goal, after)
        for source in (x, y):
            self._share(source, goal, a if source is x else b, after)
        return goal

    def _truth_of(
        self, clash: Clash, values: list[Value | None], arms: list[tuple[Block, State]], span: Span
    ) -> Value:
        """`xs and n > 0`: what may be a list or a bool has a truth all the same."""
        if not all(isinstance(v, Num) or (isinstance(v, (Tup, Obj)) and v.cls is list) for v in values):
            return Known(clash)
        flag = Num(ir.Var(self.unit.fresh("_holds")), BOOL)
        self.unit.declare(flag)
        outer, state = self.unit.block, self.frame.state
        for value, (block, own) in zip(values, arms, strict=True):
            assert value is not None
            self.unit.block, self.frame.state = block, own
            self.copy([(flag.atom.name, self.truth(value, span), "")], span)  # type: ignore[union-attr]
        self.unit.block, self.frame.state = outer, state
        return Known(Clash(clash.text, flag.atom.name))  # type: ignore[union-attr]

    def _guard_identity(
        self, values: list[tuple[Value | None, State]], goal: Value, goals: State, before: State, key: Any,
        since: int | None = None,
    ) -> None:  # fmt: skip
        """A joined object is a copy: it may be stored into only if what it stands for is held by nobody else.

        At the end of an iteration, `since` says where the changes begin that were made in it: they came before the
        two were found to be one, and the next iteration makes them again.
        """
        for value, state in values:
            for source, copy, top in _stand_ins(value, goal, state, goals):
                shared = (top and since is None and source in before.heap) or self._held(source, state, key) > 1
                if source == copy or not (shared or source in self.shared_objects):
                    continue
                self.shared_objects |= {source, copy}
                changed = {} if since is None else dict(self.unit.assigned[since:])
                for identity in (copy, *([source] if source in before.heap else [])):  # (others are made anew)
                    if identity in changed:
                        raise refuse("an object that may have another name is changed", changed[identity])

    def _held(self, identity: int, state: State, key: Any) -> int:
        """How many names and fields hold an object; of temporary names, which are read once, `key` alone counts."""
        names = [item for f in self.frames[:-1] for item in f.state.env.items()] + list(state.env.items())
        known = set(map(id, self.frames))
        captured = [c.frame for _, c in names if isinstance(c, Clo) and id(c.frame) not in known]
        names += [item for frame in captured for item in frame.state.env.items()]
        held = [v for n, v in names if n == key or not n.startswith("_t")]
        values = [*held, *(v for fields in state.heap.values() for v in fields.values())]
        return sum(_holds(v, identity) for v in values)

    def _declare(self, value: Value, state: State) -> None:
        for leaf in leaves(value, state):
            self.unit.declare(leaf)
        if isinstance(value, Maybe):
            self.unit.declare(Num(ir.Var(value.flag), BOOL))
        elif isinstance(value, Tup):
            for item in value.items:
                self._declare(item, state)
        elif isinstance(value, Obj):
            for item in state.heap[value.id].values():
                self._declare(item, state)

    def _share(self, source: Value | None, goal: Value, state: State, goals: State) -> None:
        """A name that an array is copied to may share its memory."""
        if source is None:
            return
        for name, atom, _ in transfer(source, goal, state, goals):
            if isinstance(atom, ir.Var) and name in self.unit.arrays and atom.name in self.unit.arrays:
                self.unit.share(name, atom.name)

    def copy(self, copies: Copies, span: Span) -> None:
        """`a, b = b, a`: all at once."""
        targets = {name for name, _, _ in copies}
        ready: Copies = []
        for name, atom, type_ in copies:
            clash = isinstance(atom, ir.Var) and atom.name in targets and atom.name != name
            if clash and isinstance(atom, ir.Var):
                held = self.unit.fresh("_t")
                if atom.name in self.unit.arrays:
                    like = self.unit.arrays[atom.name]
                    self.unit.put(held, ir.Copy(atom), Arr(held, like.type, like.ndim, like.dtype), span)
                    self.unit.share(held, atom.name)
                else:
                    self.unit.put(held, ir.Copy(atom), Num(ir.Var(held), self.unit.types[atom.name]), span)
                atom = ir.Var(held)
            ready.append((name, atom, type_))
        for name, atom, type_ in ready:
            if atom == ir.Var(name):
                continue
            if type_ or (isinstance(atom, ir.Var) and atom.name in self.unit.mixed):
                self.unit.mixed.add(name)
            if type_ == FLOAT:
                if isinstance(atom, ir.Lit):
                    atom = ir.Lit(float(atom.value))
                else:
                    atom = self.unit.number("_t", ir.Operation("*", (atom, ir.Lit(1.0))), FLOAT, span).atom
            if name in self.unit.arrays and isinstance(atom, ir.Lit):
                like = self.unit.arrays[name]
                maker = self.unit.function(support.EMPTY[like.type, like.ndim], "empty")
                self.unit.put(name, ir.Apply(maker, (ir.Lit(0),) * like.ndim), like, span)
                continue
            value: Value = self.unit.arrays.get(name) or Num(ir.Var(name), self.unit.types[name])
            self.unit.put(name, ir.Copy(atom), value, span)


def _stand_ins(value: Value | None, goal: Value, state: State, goals: State, top: bool = True) -> Iterator[Any]:
    """The objects of a value with those that stand for them in what it is copied to, and whether they are the whole."""
    value = value.value if isinstance(value, Maybe) else value
    goal = goal.value if isinstance(goal, Maybe) else goal
    if isinstance(value, Obj) and isinstance(goal, Obj):
        yield value.id, goal.id, top
        own, theirs = state.heap[value.id], goals.heap[goal.id]
        if value.id != goal.id:
            for k in theirs:
                yield from _stand_ins(own.get(k), theirs[k], state, goals, False)
    elif isinstance(value, Tup) and isinstance(goal, Tup):
        for v, g in zip(value.items, goal.items, strict=False):
            yield from _stand_ins(v, g, state, goals, False)


def _holds(value: Value, identity: int) -> int:
    match value:
        case Obj(id=own):
            return int(own == identity)
        case Tup(items=items) | Seq(parts=items):
            return sum(_holds(i, identity) for i in items)
        case Maybe(value=inner) | Method(owner=inner) | Super(owner=inner):
            return _holds(inner, identity)
        case Partial(function=function, args=args, keywords=keywords):
            return sum(_holds(v, identity) for v in (function, *args, *keywords.values()))
    return 0
