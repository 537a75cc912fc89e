"""What lists do in compiled code: items, slices, methods and operators.

    xs[i] = x; xs.pop()           of the items that are known, or of the buffers that they stand in
    xs.insert(i, x)               of a list that grows: a Python function that is put in place (`list_functions.py`)
"""

from __future__ import annotations

import ast
from typing import Any

from pullback import ir
from pullback.compiled import list_functions as functions
from pullback.compiled import written_out
from pullback.compiled.list_forms import fits
from pullback.compiled.list_support import must_be_as_many, one_less
from pullback.compiled.lists import Lists, is_list
from pullback.compiled.shapes import shape_of
from pullback.compiled.values import FLOAT, INT, Arr, CompileError, Cut, Known, Num, Obj, Tup, Value, describe, refuse
from pullback.spans import Span

_BY_FUNCTION: dict[str, Any] = {  # methods of lists that grow
    "insert": functions.inserted, "__delitem__": functions.deleted, "index": functions.place_of,
    "remove": functions.removed, "count": functions.counted, "reverse": functions.turned, "copy": functions.copied,
}  # fmt: skip
_OWN_FILES = (functions.__file__, written_out.__file__)
_CHANGING = frozenset({"append", "extend", "insert", "pop", "clear", "remove", "reverse", "__delitem__"})


class ListMethods(Lists):
    """What is done with lists that are changed."""

    # --- items ------------------------------------------------------------------------------------

    def list_item(self, owner: Obj, index: Value, stem: str, span: Span) -> Value:
        """`xs[i]`, `xs[i:j]`."""
        items = self.fixed_items(owner)
        if isinstance(index, Cut):
            if items is not None:
                bounds = self._bounds(index)
                if bounds is not None:
                    return self.new_list(items[slice(*bounds)], stem, span)
                owner = self.to_grow(owner, span)
            return self._sliced(owner, index, stem, span)
        if not isinstance(index, Num) or index.type == FLOAT:
            raise refuse(f"an item of a list at {describe(index)} is not compiled", span)
        known = items is not None and isinstance(index.atom, ir.Lit)
        if items is not None and known and -len(items) <= index.atom.value < len(items):  # type: ignore[union-attr]
            return items[int(index.atom.value)]  # type: ignore[union-attr]
        if items is not None and not known and not all(fits(shape_of(i, self.state_now)) for i in items):
            return self.item(Tup(tuple(items)), index, stem, span)
        owner = self.to_grow(owner, span)
        if self.form_of(owner).item is None:
            raise refuse("an item of a list that nothing is put into", span)
        return self.item_at(owner, self._place(owner, index, span), span)

    def unpacked(self, value: Value, count: int, span: Span) -> list[Value]:
        """`a, b = value`: of a list or array whose length is known when it runs only, that is tested then."""
        if not self.grows(value) and not isinstance(value, Arr):
            items = self.items(value, span)
            if len(items) != count:
                raise refuse(f"{len(items)} values are unpacked into {count} names", span)
            return items
        length = self.length(value, span) if isinstance(value, Arr) else self.list_length(value)
        self.applied_number(must_be_as_many, (length.atom, ir.Lit(count)), INT, "_length", span)
        places = [Num(ir.Lit(i), INT) for i in range(count)]
        if isinstance(value, Arr):
            return [self.array_item(value, i, "_t", span) for i in places]
        return [self.item_at(value, i, span) for i in places]

    def _bounds(self, cut: Cut) -> list[int | None] | None:
        """The bounds of a slice, if they are known."""
        found: list[int | None] = []
        for part in (cut.start, cut.stop, cut.step):
            if part is None:
                found.append(None)
            elif isinstance(part, Num) and isinstance(part.atom, ir.Lit):
                found.append(int(part.atom.value))
            else:
                return None
        return found

    def _sliced(self, owner: Obj, cut: Cut, stem: str, span: Span) -> Value:
        step = cut.step or Num(ir.Lit(1), INT)
        known = isinstance(step, Num) and isinstance(step.atom, ir.Lit)
        if known and step.atom == ir.Lit(-1) and cut.start is None and cut.stop is None:  # type: ignore[union-attr]
            return self.list_call(functions.reversed_copy, [owner], span)
        if not known or step.atom.value < 1:  # type: ignore[union-attr]
            raise refuse("a slice of a list by this step is not compiled", span)
        start, stop = cut.start or Num(ir.Lit(0), INT), cut.stop or self.list_length(owner)
        return self.list_call(functions.sliced, [owner, start, stop, step], span)

    def list_store(self, owner: Value, index: Value, value: Value, span: Span) -> None:
        """`xs[i] = value`."""
        owner = self.to_change(owner, span)
        items = self.fixed_items(owner)
        if items is not None and isinstance(index, Cut):
            bounds = self._bounds(index)
            if bounds is not None:
                try:
                    items[slice(*bounds)] = self.items(value, span)
                except ValueError as error:
                    raise refuse(str(error), span) from None
                self.state_now.heap[owner.id]["items"] = Tup(tuple(items))
                return
        if not isinstance(index, Num) or index.type == FLOAT:
            raise self.given_up(f"storing into a list at {describe(index)} is not compiled", span)
        known = isinstance(index.atom, ir.Lit)
        if items is not None and known and -len(items) <= index.atom.value < len(items):  # type: ignore[union-attr]
            items[int(index.atom.value)] = value  # type: ignore[union-attr]
            self.state_now.heap[owner.id]["items"] = Tup(tuple(items))
            return
        owner = self.to_grow(owner, span)
        self._fit(self.form_of(owner), value, span)
        if isinstance(value, Arr):
            raise refuse("an array that takes the place of another in a list is not compiled", span)
        self._put(self.state_now.heap[owner.id]["items"], value, self._place(owner, index, span), span)

    # --- methods, operators and functions ---------------------------------------------------------

    def list_call(
        self, function: Any, args: list[Value], span: Span, keywords: dict[str, Value] | None = None
    ) -> Value:
        """A function of `list_functions.py` or `written_out.py`; what is refused in it is so at the user's line."""
        try:
            return self.call(Known(function), args, keywords or {}, "_t", span)
        except CompileError as error:
            found = error.diagnostics[0] if error.diagnostics else None
            if found is not None and found.span is not None and found.span.filename in _OWN_FILES:
                raise refuse(found.message, span, help=found.help) from None
            raise

    def list_method(
        self, owner: Value, name: str, args: list[Value], keywords: dict[str, Value], span: Span
    ) -> Value:
        """`xs.append(x)` and the like."""
        if name == "sort" and not args:
            return self.list_call(functions.put_in_order, [self.to_change(owner, span)], span, keywords)
        if keywords:
            raise refuse(f"`.{name}` of a list is not compiled{' with these options' if keywords else ''}", span)
        if name in _CHANGING:
            owner = self.to_change(owner, span)
        items = self.fixed_items(owner)
        if name == "append" and len(args) == 1:
            self.append(owner, args[0], span)
            return Known(None)
        if name == "copy" and not args and items is not None:
            return self.new_list(items, "copy", span)
        if items is not None and name in _CHANGING and name != "remove":
            found = self._fixed_method(owner, items, name, args, span)
            if found is not None:
                return found
        if name in _CHANGING:
            owner = self.to_grow(owner, span)
        elif items is not None and name in ("index", "count"):
            owner = self.to_grow(owner, span) if is_list(owner) else owner
        if not self.grows(owner):
            raise refuse(f"`.{name}` of a list is not compiled", span)
        return self._growing_method(owner, name, args, span)

    def _fixed_method(
        self, owner: Value, items: list[Value], name: str, args: list[Value], span: Span
    ) -> Value | None:
        """A method that changes a list whose items are known, or None where they then are not."""
        assert isinstance(owner, Obj)
        result: Value = Known(None)
        at = args[0].atom.value if args and isinstance(args[0], Num) and isinstance(args[0].atom, ir.Lit) else None
        if name == "extend" and len(args) == 1:
            more = self.static_items(args[0])
            if more is None:
                return None
            items = [*items, *more]
        elif name == "insert" and len(args) == 2 and at is not None:
            items.insert(int(at), args[1])
        elif name in ("pop", "__delitem__") and len(args) <= 1 and (at is not None or not args):
            place = -1 if at is None else int(at)
            if not -len(items) <= place < len(items):
                return None  # (in a loop there may be more; if there are not, it raises)
            found = items.pop(place)
            result = found if name == "pop" else result
        elif name == "clear":
            items = []
        elif name == "reverse":
            items.reverse()
        else:
            return None
        self.state_now.heap[owner.id]["items"] = Tup(tuple(items))
        return result

    def _growing_method(self, owner: Value, name: str, args: list[Value], span: Span) -> Value:
        assert isinstance(owner, Obj)
        fields = self.state_now.heap[owner.id]
        if name == "extend" and len(args) == 1:
            if args[0] == owner:
                return self.list_call(functions.extended_by_itself, [owner], span)
            return self.list_call(functions.extended, [owner, args[0]], span)
        if name == "pop" and not args:
            if self.form_of(owner).item is None:
                raise refuse("`pop` of a list that nothing is put into", span)
            last = self.applied_number(one_less, (self.list_length(owner).atom,), INT, "_length", span)
            fields["length"] = self.unit.bounded(last, 48)
            return self.item_at(owner, last, span)
        if name == "pop" and len(args) == 1:
            return self.list_call(functions.taken_out, [owner, *args], span)
        if name == "clear" and not args:
            fields["length"] = Num(ir.Lit(0), INT)
            return Known(None)
        function = _BY_FUNCTION.get(name)
        if function is None:
            raise refuse(f"`.{name}` of a list is not compiled", span)
        return self.list_call(function, [owner, *args], span)

    def list_operation(self, op: str, a: Value, b: Value, stem: str, span: Span, inplace: bool) -> Value | None:
        """`xs + ys`, `xs * n`, `xs += ys`; None for what is no operation on lists."""
        first = is_list(a) or (isinstance(a, Tup) and a.cls is list)
        second = is_list(b) or (isinstance(b, Tup) and b.cls is list)
        if op == "*" and second and not first:
            return self.list_operation(op, b, a, stem, span, False)
        if not first or op not in ("+", "*"):
            return None
        if inplace and op == "+":
            self.list_method(a, "extend", [b], {}, span)
            return a
        x, y = self.fixed_items(a), self.fixed_items(b) if second else None
        if inplace or (op == "+" and not second):
            return None
        if op == "+":
            if x is not None and y is not None:
                return self.new_list([*x, *y], stem, span)
            return self.list_call(functions.joined, [a, b], span)
        if not isinstance(b, Num) or b.type == FLOAT:
            return None
        count = len(x) * int(b.atom.value) if x is not None and isinstance(b.atom, ir.Lit) else 65
        form = self.unit.lists.forms.get(self.site(stem, span))
        if x is not None and count <= (64 if form is None or not form.growing else 8):
            return self.new_list(x * (count // max(len(x), 1)), stem, span)
        return self.list_call(functions.repeated, [a, b], span)

    def in_list(self, item: Value, owner: Value, negate: bool, span: Span) -> Value:
        """`x in xs`."""
        op = ast.NotIn() if negate else ast.In()
        if not self.grows(owner):
            return self.comparison((op,), [item, self.frozen(owner)], span)
        found = self.truth(self.list_call(functions.holds, [owner, item], span), span)
        return self.combined(ast.And(), [found], negate, span)
