"""Dicts whose keys are strings that are known: they dissolve into their entries, as objects do into their fields.

    d = {"w": x, "b": 1.0}     an Obj of class dict, whose entries stand in the heap, in order
    d["w"] * 2.0               one product of numbers

Which keys there are, and in which order, must be known everywhere: where it is not, the dict is refused.
"""

from __future__ import annotations

import ast
from typing import Any

from pullback import ir
from pullback.compiled.operators import Operators
from pullback.compiled.shapes import Clash
from pullback.compiled.values import BOOL, Known, Maybe, Num, Obj, Tup, Value, describe, refuse
from pullback.spans import Span

NOT_EVERYWHERE = Clash("there on some paths only")
_HELP = "compiled code takes dicts whose keys are constant strings; else use a tuple, a dataclass or an array"


def is_dict(value: Value) -> bool:
    """Whether a value is a dict."""
    return isinstance(value, Obj) and value.cls is dict


class Dicts(Operators):
    """What is done with dicts."""

    def new_dict(self, entries: dict[str, Value]) -> Obj:
        """A dict that this code makes."""
        made = Obj(self.unit.identity(dict), dict)
        self.frames[-1].state.heap[made.id] = entries
        return made

    def entries(self, owner: Value, span: Span) -> dict[str, Value]:
        """The entries of a dict, all of which must be there on every path."""
        assert isinstance(owner, Obj)
        found: dict[str, Value] = self.frames[-1].state.heap[owner.id]
        for key, value in found.items():
            self._certain(key, value, span)
        return found

    def _certain(self, key: str, value: Value, span: Span) -> Value:
        clash = value.value if isinstance(value, Known) and isinstance(value.value, Clash) else None
        if isinstance(value, Maybe) and value.unset:
            clash = NOT_EVERYWHERE
        if clash is None:
            return value
        raise refuse(
            f"the entry {key!r} of this dict is {clash.text}", span, help="give the dict its entries where it is made"
        )

    def _key(self, index: Value, span: Span) -> str:
        if isinstance(index, Known) and isinstance(index.value, str):
            return index.value
        shown = "a string that is computed" if isinstance(index, Known) else describe(index)
        raise refuse(f"a dict with {shown} as key is not compiled", span, help=_HELP)

    def dict_display(self, items: list[Value], span: Span) -> Value:
        """`{"a": x, "b": y}`; keys and values take turns."""
        keys = [self._key(k, span) for k in items[::2]]
        return self.new_dict(dict(zip(keys, items[1::2], strict=True)))

    def dict_item(self, owner: Value, index: Value, span: Span) -> Value:
        """`d["a"]`."""
        assert isinstance(owner, Obj)
        key = self._key(index, span)
        fields = self.frames[-1].state.heap[owner.id]
        if key not in fields:
            raise refuse(f"{key!r} is no key of this dict", span)
        return self._certain(key, fields[key], span)

    def dict_store(self, owner: Value, index: Value, value: Value, span: Span) -> None:
        """`d["a"] = x`, of a dict that only this code holds."""
        assert isinstance(owner, Obj)
        key = self._key(index, span)
        if owner.id in self.unit.given:
            raise refuse(
                "an entry of an argument is assigned, which compiled code does not do to its caller's dicts", span,
                help='make a new dict, as with {**d, "a": x}, and return it',
            )  # fmt: skip
        if owner.id in self.shared_objects:
            raise refuse(f"{key!r} is assigned to a dict that may have another name", span)
        self.unit.assigned.append((owner.id, span))
        fields = self.frames[-1].state.heap[owner.id]
        held = fields.get(key)
        inner = held.value if isinstance(held, Maybe) else held
        if isinstance(inner, Known) and isinstance(inner.value, Clash):  # (where it stands in the order is not known)
            self._certain(key, inner, span)
        fields[key] = value

    def dict_method(self, owner: Value, name: str, args: list[Value], keywords: dict[str, Value], span: Span) -> Value:
        """`d.get("a", default)`, `d.items()` and the like."""
        if name == "__delitem__":
            raise refuse("`del` of an entry of a dict is not compiled", span)
        fields = self.entries(owner, span)
        if name == "get" and 1 <= len(args) <= 2 and not keywords:
            return fields.get(self._key(args[0], span), args[1] if len(args) > 1 else Known(None))
        if name == "copy" and not args and not keywords:
            return self.new_dict(dict(fields))
        if name == "update" and len(args) <= 1:
            given = self._mapping(args[0], span) if args else {}
            for key, value in {**given, **keywords}.items():
                self.dict_store(owner, Known(key), value, span)
            return Known(None)
        if not args and not keywords and name in ("items", "values", "keys"):
            rows: dict[str, list[Value]] = {
                "items": [Tup((Known(k), v)) for k, v in fields.items()],
                "values": list(fields.values()),
                "keys": [Known(k) for k in fields],
            }
            return Tup(tuple(rows[name]))
        raise refuse(f"`.{name}` of a dict is not compiled", span)

    def dict_call(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`dict(d)`, `dict(a=x)`, `dict(pairs)`."""
        given = self._mapping(args[0], span) if args else {}
        return self.new_dict({**given, **keywords})

    def _mapping(self, value: Value, span: Span) -> dict[str, Value]:
        if is_dict(value):
            return dict(self.entries(value, span))
        found: dict[str, Value] = {}
        for pair in self.items(value, span):
            parts = self.items(pair, span)
            if len(parts) != 2:
                raise refuse(f"a dict of {describe(pair)} is not compiled", span)
            found[self._key(parts[0], span)] = parts[1]
        return found

    def dict_union(self, a: Value, b: Value, inplace: bool, span: Span) -> Value:
        """`a | b`."""
        if inplace:
            raise refuse("`|=` of a dict is not compiled", span, help="write d = {**d, **other}")
        return self.new_dict({**self.entries(a, span), **self.entries(b, span)})

    def dict_comparison(self, op: ast.cmpop, a: Value, b: Value, span: Span) -> Value | None:
        """`"a" in d`, `d == e`; None for what is no such comparison."""
        if isinstance(op, (ast.In, ast.NotIn)) and is_dict(b):
            return Num(ir.Lit((self._key(a, span) in self.entries(b, span)) is isinstance(op, ast.In)), BOOL)
        if isinstance(op, (ast.Eq, ast.NotEq)) and is_dict(a) and is_dict(b):
            x, y = self.entries(a, span), self.entries(b, span)
            if x.keys() != y.keys():
                return Num(ir.Lit(isinstance(op, ast.NotEq)), BOOL)
            rows: list[Value] = [Tup(tuple(d[k] for k in x)) for d in (x, y)]
            return self.comparison((op,), rows, span)
        return None


def after_loop(fields: dict[str, Value], certain: bool) -> dict[str, Value]:
    """The entries of a dict after a loop, which has run at least once if it is certain."""
    found = dict(fields)
    for key, value in fields.items():
        if isinstance(value, Maybe) and value.unset:
            found[key] = value.value if certain else Known(NOT_EVERYWHERE)
    return found


def other_keys(a: dict[str, Any], b: dict[str, Any]) -> frozenset[str]:
    """The keys that two ways do not give a dict both, or not in the same order."""
    both = [k for k in a if k in b]
    if both != [k for k in b if k in a]:
        return frozenset(a) | frozenset(b)
    return frozenset(a) ^ frozenset(b)
