"""The items of what has a known length: tuples, lists whose items are known, `zip` and the like of these.

    for a, b in zip(xs, (1.0, 2.0)):     written out, with the items that `xs` has
"""

from __future__ import annotations

from pullback import ir
from pullback.compiled.dicts import is_dict
from pullback.compiled.list_methods import ListMethods
from pullback.compiled.lists import is_list
from pullback.compiled.operators import own_method
from pullback.compiled.values import INT, Arr, Known, Num, Obj, Seq, Tup, Value, describe, refuse
from pullback.spans import Span


class Sequences(ListMethods):
    """The items of sequences."""

    def items(self, value: Value, span: Span) -> list[Value]:
        """The items of a sequence of known length."""
        found = self.static_items(value)
        if is_dict(value):
            return [Known(k) for k in self.entries(value, span)]
        if found is None and isinstance(value, Arr):
            raise refuse(
                "an array is unpacked, whose length is not known when it is compiled", span, help="write a[0], a[1]"
            )
        if found is None:
            raise refuse(f"{describe(value)} has no known length", span)
        return found

    def static_items(self, value: Value) -> list[Value] | None:
        """The items of a sequence whose length is known, or None."""
        match value:
            case Tup(items=items) if own_method(value, "__iter__") is None:
                return list(items)
            case Obj() if is_list(value):
                return self.fixed_items(value)
            case Known(value=str(text)):
                return [Known(c) for c in text]
            case Seq(kind="zip", parts=parts):
                columns = [self.static_items(p) for p in parts]
                if any(c is None for c in columns):
                    return None
                return [Tup(row) for row in zip(*(c or [] for c in columns), strict=False)]
            case Seq(kind="enumerate", parts=(inner, start)):
                found = self.static_items(inner)
                if found is None or not (isinstance(start, Num) and isinstance(start.atom, ir.Lit)):
                    return None
                return [Tup((Num(ir.Lit(i), INT), v)) for i, v in enumerate(found, start.atom.value)]
            case Seq(kind="reversed", parts=(inner,)):
                found = self.static_items(inner)
                return None if found is None else found[::-1]
        return None
