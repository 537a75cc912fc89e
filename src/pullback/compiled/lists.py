"""Lists in compiled code: values while nobody changes them, then objects, whose items are known or stand in buffers.

    xs = []                      xs_length = 0;  xs_items = zeros(0)
    for ...: xs.append(x)   ->   xs_items = roomy(xs_items, xs_length);  xs_items[xs_length] = x;  xs_length += 1
    xs[i]                        xs_items[list_place(i, xs_length)]

The heap has an object's form (see `list_forms.py`), then `items`: a tuple for a fixed list; for one that grows
`length` and `items`, which are buffers put together as an item is.
"""

from __future__ import annotations

import ast
from typing import Any

from pullback import ir
from pullback.compiled import support
from pullback.compiled.dicts import Dicts
from pullback.compiled.list_forms import GIVEN, MOST_UNROLLED, AnotherForm, Form, fits, widened
from pullback.compiled.list_support import list_place, one_more, roomy, roomy_like
from pullback.compiled.shapes import Shape, shape_of
from pullback.compiled.unit import Unstored
from pullback.compiled.values import (
    BOOL,
    FLOAT,
    INT,
    Arr,
    CompileError,
    Cut,
    Known,
    Maybe,
    Num,
    Obj,
    Rng,
    Seq,
    State,
    Tup,
    Value,
    leaves,
    refuse,
)  # fmt: skip
from pullback.spans import Span

ARRAY_INSTEAD = "make an array of the length it will have, as with np.zeros(n), and store into it"


def is_list(value: Value) -> bool:
    """Whether a value is a list that is changed somewhere."""
    return isinstance(value, Obj) and value.cls is list


class Lists(Dicts):
    """What is done with lists that are changed."""

    # --- where they are made ----------------------------------------------------------------------

    def site(self, stem: str, span: Span) -> Any:
        """A place in the program, with the calls that lead there."""
        path = tuple(f.at for f in self.frames)
        key = (path, span.filename, span.line, span.column, stem)
        return self.unit.sites.setdefault(key, key)

    def new_list(self, items: list[Value], stem: str, span: Span) -> Value:
        """A list that this code makes."""
        site = self.site(stem, span)
        form = self.unit.lists.forms.get(site)
        if form is None:
            return Tup(tuple(items), list, frozenset({site}))
        made = Obj(self.unit.identity(list), list)
        if not form.growing:
            self.state_now.heap[made.id] = {"form": Known(form), "items": Tup(tuple(items))}
            return made
        fields: dict[str, Value] = {"form": Known(form), "length": Num(ir.Lit(0), INT)}
        self.state_now.heap[made.id] = fields
        if form.item is not None:
            fields["items"] = self._buffers(form.item, f"{stem}_items", span)
        for item in items:
            self.append(made, item, span)
        return made

    @property
    def state_now(self) -> State:
        """What is known at this point."""
        found: State = self.frames[-1].state
        return found

    def _buffers(self, shape: Shape, stem: str, span: Span) -> Value:
        """Empty buffers for items of a form."""
        match shape[0]:
            case "num":
                type_ = FLOAT if shape[1] == FLOAT else INT
                return self.new(type_, [Num(ir.Lit(0), INT)], support.ZEROS, stem, span)
            case "arr":
                return self.new(shape[1], [Num(ir.Lit(0), INT)] * (shape[2] + 1), support.ZEROS, stem, span)
            case "tup":
                return Tup(tuple(self._buffers(s, stem, span) for s in shape[2]), shape[1])
            case "obj":
                return Tup(tuple(self._buffers(s, f"{stem}_{k}", span) for k, s in shape[2]))
        return Known(shape[2])

    # --- what they are ----------------------------------------------------------------------------

    def form_of(self, owner: Obj) -> Form:
        """What is known of a list."""
        found = self.state_now.heap[owner.id]["form"]
        assert isinstance(found, Known) and isinstance(found.value, Form)
        return found.value

    def fixed_items(self, value: Value) -> list[Value] | None:
        """The items of a list whose items are known at each point."""
        if isinstance(value, Tup) and value.cls is list:
            return list(value.items)
        if not isinstance(value, Obj) or not is_list(value) or self.form_of(value).growing:
            return None
        held = self.state_now.heap[value.id]["items"]
        if not isinstance(held, Tup):
            raise refuse("this list has no form that is known here", None)
        return list(held.items)

    def grows(self, value: Value) -> bool:
        """Whether a value is a list whose items stand in buffers."""
        return isinstance(value, Obj) and is_list(value) and self.form_of(value).growing

    def list_length(self, owner: Value) -> Num:
        """The length of a list that grows."""
        assert isinstance(owner, Obj)
        found = self.state_now.heap[owner.id]["length"]
        assert isinstance(found, Num)
        return found

    def frozen(self, value: Value) -> Value:
        """A list whose items are known, as a value that nobody changes: for what only reads it."""
        if isinstance(value, Obj) and is_list(value):
            items = self.fixed_items(value)
            return value if items is None else Tup(tuple(items), list, GIVEN)
        return value

    def as_array(self, value: Value, span: Span) -> Value:
        """A list of numbers or arrays that grows, as a new array; anything else as it is."""
        value = self.frozen(value)
        if not self.grows(value):
            return value
        assert isinstance(value, Obj)
        buffer, form = self.state_now.heap[value.id].get("items"), self.form_of(value)
        if not isinstance(buffer, Arr) or form.item is None or form.item == ("num", BOOL):
            raise refuse("an array of the items of this list is not compiled", span, help=ARRAY_INSTEAD)
        part = self.array_item(buffer, Cut(None, self.list_length(value), None), "_t", span)
        assert isinstance(part, Arr)
        return self.unit.array("_t", ir.Apply(self.unit.function(support.copied, "copied"), (part.atom,)), part, span)

    # --- what becomes known of them ---------------------------------------------------------------

    def to_change(self, owner: Value, span: Span) -> Obj:
        """A list as an object that may be changed. Raises `AnotherForm` where it was a value."""
        if isinstance(owner, Tup):
            if not owner.site:
                raise refuse(
                    "a list that the caller holds is changed, which is not compiled", span,
                    help="change a copy, as with xs = list(xs)",
                )  # fmt: skip
            self.unit.lists.change(owner.site)
        assert isinstance(owner, Obj)
        self.unit.changes[owner.id] = span
        self.unit.assigned.append((owner.id, span))
        if owner.id in self.shared_objects:
            raise self.given_up("a list that may have another name is changed, which is not compiled", span)
        return owner

    def to_grow(self, owner: Value, span: Span) -> Obj:
        """A list whose items stand in buffers. Raises `AnotherForm` where they did not yet."""
        found = owner if isinstance(owner, Obj) else self.to_change(owner, span)
        if not self.form_of(found).growing:
            self.start_growing([found], self.state_now, span)
        return found

    def start_growing(self, owners: list[Value], state: State, span: Span) -> None:
        """Lists are to stand in buffers, of one form. Raises `AnotherForm`."""
        sites: list[Any] = []
        shapes: list[Shape] = []
        for owner in owners:
            if isinstance(owner, Tup):
                sites += owner.site or ()
                span = next((self.unit.changes[s] for s in sites if s in self.unit.changes), span)
                shapes += [shape_of(i, state) for i in owner.items]
                continue
            assert isinstance(owner, Obj)
            span = self.unit.changes.get(owner.id, span)
            held = state.heap[owner.id]["form"]
            form = held.value if isinstance(held, Known) else None
            sites += [s for s, f in self.unit.lists.forms.items() if f is form]
            items = state.heap[owner.id].get("items")
            if isinstance(form, Form) and not form.growing and isinstance(items, Tup):
                shapes += [shape_of(i, state) for i in items.items]
        whole: Shape | None = None
        for shape in shapes:
            whole = widened(whole, shape)
        if not fits(whole) or not sites or _has_objects(whole):
            error = self.given_up(_WRONG_ITEMS, span)  # (a loop that is written out leaves objects as they are)
            if not fits(whole) or not sites:
                raise error
        self.unit.lists.grow(sites, shapes)

    def given_up(self, message: str, span: Span) -> CompileError:
        """The error for a list that has no form; a loop that may be written out is, before that (`AnotherForm`)."""
        error = refuse(message, span, help=ARRAY_INSTEAD)
        for key, count in reversed(self.loops):
            if count is not None and count <= MOST_UNROLLED and key not in self.unit.lists.unrolled:
                self.unit.lists.unroll(key, error)
        return error

    def meet(self, x: Value | None, a: State, y: Value | None, b: State, span: Span) -> None:
        """Two values are one where control flow meets: lists in the same place must have one form."""
        x = x.value if isinstance(x, Maybe) else x
        y = y.value if isinstance(y, Maybe) else y
        if x is None or y is None or x is y:
            return
        lists = [v for v in (x, y) if is_list(v) or (isinstance(v, Tup) and v.cls is list)]
        if len(lists) == 2:
            self._meet_lists(x, a, y, b, span)
        elif isinstance(x, Tup) and isinstance(y, Tup) and x.cls is y.cls and len(x.items) == len(y.items):
            for v, w in zip(x.items, y.items, strict=True):
                self.meet(v, a, w, b, span)
        elif isinstance(x, Obj) and isinstance(y, Obj) and x.cls is y.cls and x.id != y.id:
            for key, v in a.heap[x.id].items():
                self.meet(v, a, b.heap[y.id].get(key), b, span)

    def _meet_lists(self, x: Value, a: State, y: Value, b: State, span: Span) -> None:
        values = [v for v in (x, y) if isinstance(v, Tup)]
        if any(not v.site for v in values):
            return
        if isinstance(x, Tup) and isinstance(y, Tup):
            if len(x.items) == len(y.items):
                for v, w in zip(x.items, y.items, strict=True):
                    self.meet(v, a, w, b, span)
                return
        elif values:  # (one of them is changed somewhere: so both are objects)
            self.unit.lists.change(values[0].site or frozenset())
        else:
            assert isinstance(x, Obj) and isinstance(y, Obj)
            one, other = a.heap[x.id], b.heap[y.id]
            f, g = one["form"], other["form"]
            assert isinstance(f, Known) and isinstance(g, Known)
            if isinstance(f.value, Form) and isinstance(g.value, Form) and f.value is g.value and f.value.growing:
                return
            p, q = one.get("items"), other.get("items")
            fixed = not (f.value.growing or g.value.growing) and isinstance(p, Tup) and isinstance(q, Tup)
            if fixed and f.value is g.value and len(p.items) == len(q.items):  # type: ignore[union-attr]
                return
        state = State({}, {**a.heap, **b.heap})
        self.start_growing([x, y], state, span)

    def meet_heaps(self, a: State, b: State, span: Span) -> None:
        """The lists that are there on two ways have the same number of items on both, or grow."""
        for identity in self.unit.changed_lists & a.heap.keys() & b.heap.keys():
            x, y = a.heap[identity].get("items"), b.heap[identity].get("items")
            form = a.heap[identity]["form"]
            if isinstance(form, Known) and isinstance(form.value, Form) and form.value.growing:
                continue
            if isinstance(x, Tup) and isinstance(y, Tup) and len(x.items) != len(y.items):
                state = State({}, {**b.heap, identity: {**a.heap[identity], "items": Tup((*x.items, *y.items))}})
                state.heap = {**a.heap, **state.heap}
                self.start_growing([Obj(identity, list)], state, span)

    def gone_through(self, over: Value, before: State, span: Span) -> None:
        """A loop over lists has changed none of their lengths, nor items that were known when it began."""
        for owner in lists_in(over):
            fields, old = self.state_now.heap[owner.id], before.heap[owner.id]
            key = "length" if "length" in fields else "items"
            if fields.get(key) == old.get(key):
                continue
            items, were = fields.get("items"), old.get("items")
            both = key == "items" and isinstance(items, Tup) and isinstance(were, Tup)
            if both and len(items.items) == len(were.items):  # type: ignore[union-attr]
                self.start_growing([owner], self.state_now, span)
            raise refuse(
                "a list that grows or shrinks while a loop goes through it is not compiled", span,
                help="go through a copy, as with `for x in list(xs)`",
            )  # fmt: skip

    # --- items ------------------------------------------------------------------------------------

    def append(self, owner: Value, item: Value, span: Span) -> None:
        """`xs.append(item)`."""
        changed = self.to_change(owner, span)
        fields = self.state_now.heap[changed.id]
        items = self.fixed_items(changed)
        if items is not None:
            fields["items"] = Tup((*items, item))
            return
        form = self.form_of(changed)
        self._fit(form, item, span)
        length = self.list_length(changed)
        fields["items"] = self._roomy(fields["items"], item, length, span)
        self._put(fields["items"], item, length, span)
        after = self.applied_number(one_more, (length.atom,), INT, "_length", span)
        fields["length"] = self.unit.bounded(after, 48)

    def _fit(self, form: Form, item: Value, span: Span) -> None:
        """The form of the items holds one more. Raises `AnotherForm` where it did not."""
        shape = shape_of(item, self.state_now)
        wider = widened(form.item, shape)
        if not fits(wider) or (_has_objects(wider) and wider != form.item):
            error = self.given_up(_WRONG_ITEMS, span)
            if not fits(wider):
                raise error
        names = {x.atom.name for x in leaves(item, self.state_now) if isinstance(x.atom, ir.Var)}
        mixed = bool(names & self.unit.mixed) or _numbers(wider) != _numbers(shape)
        if form.item is not None and not form.mixed and wider == form.item and mixed:
            form.mixed = True
            raise AnotherForm
        if wider != form.item:
            self.unit.lists.grow([s for s, f in self.unit.lists.forms.items() if f is form], [shape])

    def _dissolved(self, item: Value) -> Value:
        """An object as the tuple of its fields: it is another object when it is taken out, so neither may change."""
        if not isinstance(item, Obj):
            return item
        self.shared_objects.add(item.id)
        return Tup(tuple(self.state_now.heap[item.id].values()))

    def _roomy(self, buffers: Value, item: Value, length: Num, span: Span) -> Value:
        item = self._dissolved(item)
        if isinstance(buffers, Tup) and isinstance(item, Tup):
            pairs = zip(buffers.items, item.items, strict=True)
            return Tup(tuple(self._roomy(b, i, length, span) for b, i in pairs), buffers.cls)
        if not isinstance(buffers, Arr):
            return buffers
        if isinstance(item, Arr):
            function, operands = roomy_like(item.ndim), (buffers.atom, length.atom, item.atom)
            return self.view(function, operands, buffers, buffers.ndim, "_items", span)
        return self.view(roomy, (buffers.atom, length.atom), buffers, 1, "_items", span)

    def _put(self, buffers: Value, item: Value, place: Num, span: Span) -> None:
        item = self._dissolved(item)
        if isinstance(buffers, Tup) and isinstance(item, Tup):
            for b, i in zip(buffers.items, item.items, strict=True):
                self._put(b, i, place, span)
        elif isinstance(buffers, Arr):
            self.array_store(buffers, place, item, span)
            self.unit.list_stores[id(self.unit.block[-1])] = self.unit.block[-1]
            if isinstance(item, Arr):
                self.unit.unstored.append(Unstored((item.name,), span, _STORED, self.unit.block[-1]))

    def _taken(self, buffers: Value, shape: Shape, place: Num, span: Span) -> Value:
        """The item at a place."""
        match shape[0]:
            case "num":
                assert isinstance(buffers, Arr)
                found = self.array_item(buffers, place, "_t", span)
                assert isinstance(found, Num)
                if shape[1] != BOOL:
                    return found
                test = ir.Compare((ast.NotEq(),), (found.atom, ir.Lit(0)))
                return self.unit.number("_t", test, BOOL, span)
            case "arr":  # (a copy: what is appended after a `pop` takes the same room)
                assert isinstance(buffers, Arr)
                row = self.array_item(buffers, place, "_t", span)
                assert isinstance(row, Arr)
                copy = ir.Apply(self.unit.function(support.copied, "copied"), (row.atom,))
                made = self.unit.array("_t", copy, row, span)
                self.unit.unstored.append(Unstored((made.name,), span, _STORED))
                return made
            case "tup":
                assert isinstance(buffers, Tup)
                pairs = zip(buffers.items, shape[2], strict=True)
                return Tup(tuple(self._taken(b, s, place, span) for b, s in pairs), buffers.cls)
            case "obj":
                assert isinstance(buffers, Tup)
                columns = zip(shape[2], buffers.items, strict=True)
                fields = {k: self._taken(b, s, place, span) for (k, s), b in columns}
                item = Obj(self.unit.copied_identity(shape[1]), shape[1])
                self.shared_objects.add(item.id)
                self.state_now.heap[item.id] = fields
                return item
        return buffers

    def item_at(self, owner: Value, place: Num, span: Span) -> Value:
        """The item of a list that grows, at a place that it has."""
        assert isinstance(owner, Obj)
        form = self.form_of(owner)
        if form.item is None:
            raise refuse("an item of a list that nothing is put into", span)
        found = self._taken(self.state_now.heap[owner.id]["items"], form.item, place, span)
        if form.mixed:
            self.unit.mixed |= {x.atom.name for x in leaves(found, self.state_now) if isinstance(x.atom, ir.Var)}
        return found

    def _place(self, owner: Value, index: Num, span: Span) -> Num:
        length = self.list_length(owner)
        found = self.applied_number(list_place, (index.atom, length.atom), INT, "_place", span)
        return self.unit.bounded(found, 48)


def _has_objects(shape: Shape | None) -> bool:
    """Whether there are objects in an item."""
    if shape is None or shape[0] not in ("obj", "tup"):
        return False
    return shape[0] == "obj" or any(map(_has_objects, shape[2]))


def _numbers(shape: Shape | None) -> list[str]:
    """The types of the numbers in an item."""
    if shape is None or shape[0] not in ("num", "tup", "obj"):
        return []
    if shape[0] == "obj":
        return [t for _, s in shape[2] for t in _numbers(s)]
    return [shape[1]] if shape[0] == "num" else [t for s in shape[2] for t in _numbers(s)]


def lists_in(over: Value) -> list[Obj]:
    """The lists that a loop goes through."""
    if isinstance(over, Seq):
        return [found for part in over.parts for found in lists_in(part)]
    return [over] if isinstance(over, Obj) and is_list(over) else []


def range_items(over: Value) -> list[Value] | None:
    """The numbers of a range that is known and not long."""
    if not isinstance(over, Rng):
        return None
    bounds = [a.value for a in (over.start, over.stop, over.step) if isinstance(a, ir.Lit)]
    if len(bounds) < 3 or bounds[2] == 0 or len(range(*bounds)) > MOST_UNROLLED:
        return None
    return [Num(ir.Lit(i), INT) for i in range(*bounds)]


_WRONG_ITEMS = "a list that grows is compiled for numbers, arrays, and tuples and objects of these only"
_STORED = "an array that is in a list is changed in place, which is not compiled"
