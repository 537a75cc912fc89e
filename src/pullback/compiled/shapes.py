"""Where control flow meets: the form that a variable's values have in common, and the copies into it.

    if c: y = x * 2.0         if c: t1 = x * 2.0; y = t1
    else: y = 1        ->     else: y = 1.0

A number that is an int on one way and a float on the other is a float; a tuple or object is taken
apart; a variable that one way leaves unset, or None, has a flag that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pullback import ir
from pullback.compiled.values import Arr, Known, Maybe, Num, Obj, State, Tup, Value, describe

Shape = tuple[Any, ...]
Fresh = Callable[[str], str]
Copies = list[tuple[str, ir.Atom, str]]  # name, its new value, the type it is to have
MISSING: Shape = ("maybe", None, True)
GROWING = "a list of no fixed length"
_ORDER = "bif"


@dataclass(frozen=True)
class Clash:
    """Stands for a variable whose values have nothing in common; `truth` is the name of what `if` asks, if any."""

    text: str
    truth: str = ""


def shape_of(value: Value | None, state: State) -> Shape:
    """The form of a value; None is a variable that is not set."""
    match value:
        case None:
            return MISSING
        case Num(type=type_):
            return ("num", type_)
        case Arr(type=type_, ndim=ndim, dtype=dtype):
            return ("arr", type_, ndim, dtype)
        case Tup(items=items, cls=cls):
            return ("tup", cls, tuple(shape_of(i, state) for i in items))
        case Obj(id=identity, cls=cls):
            fields = state.heap[identity]
            return ("obj", cls, tuple((k, shape_of(v, state)) for k, v in fields.items()))
        case Known(value=known):
            return ("known", id(known), known)
        case Maybe(value=inner, unset=unset):
            return ("maybe", shape_of(inner, state), unset)
    return ("same", id(value), value)


def joined(a: Shape, b: Shape) -> Shape:
    """The form that two have in common."""
    if a == b:
        return a
    if a[0] == b[0] == "num":
        return ("num", max(a[1], b[1], key=_ORDER.index))
    if a[0] == b[0] == "tup" and a[1] is b[1] and len(a[2]) == len(b[2]):
        return ("tup", a[1], tuple(map(joined, a[2], b[2])))
    if a[0] == b[0] == "tup" and a[1] is b[1] is list:
        return ("clash", GROWING)
    if a[0] == b[0] == "obj" and a[1] is b[1] and [k for k, _ in a[2]] == [k for k, _ in b[2]]:
        return ("obj", a[1], tuple((k, joined(s, t)) for (k, s), (_, t) in zip(a[2], b[2], strict=True)))
    for one, other in ((a, b), (b, a)):
        if one[0] == "maybe":
            return _with_maybe(one, other)
    for one, other in ((a, b), (b, a)):
        if one[0] == "known" and one[2] is None and other[0] != "known":
            return ("maybe", other, False)
    return ("clash", f"{_word(a)} or {_word(b)}")


def _with_maybe(one: Shape, other: Shape) -> Shape:
    if other[0] == "maybe":
        if one[1] is None or other[1] is None:
            if one[2] != other[2]:
                return ("clash", "a value, None or nothing")
            return one if other[1] is None else other
        inner = joined(one[1], other[1])
        return inner if inner[0] == "clash" or one[2] != other[2] else ("maybe", inner, one[2])
    if not one[2] and other[0] == "known" and other[2] is None:
        return one
    inner = other if one[1] is None else joined(one[1], other)
    return inner if inner[0] == "clash" else ("maybe", inner, one[2])


def made(shape: Shape, stem: str, fresh: Fresh, state: State, identity: Callable[[type], int]) -> Value:
    """A value of that form, of new names."""
    match shape[0]:
        case "num":
            return Num(ir.Var(fresh(stem)), shape[1])
        case "arr":
            return Arr(fresh(stem), shape[1], shape[2], shape[3])
        case "tup":
            names = getattr(shape[1], "_fields", range(len(shape[2])))
            items = [made(s, f"{stem}_{n}", fresh, state, identity) for n, s in zip(names, shape[2], strict=True)]
            return Tup(tuple(items), shape[1])
        case "obj":
            fields = {k: made(s, f"{stem}_{k}", fresh, state, identity) for k, s in shape[2]}
            new = identity(shape[1])
            state.heap[new] = fields
            return Obj(new, shape[1])
        case "maybe" if shape[1] is not None:
            return Maybe(made(shape[1], stem, fresh, state, identity), fresh(f"{stem}_missing"), shape[2])
        case "clash":
            return Known(Clash(shape[1]))
        case "maybe":
            return Known(Clash("nothing"))
    found: Value = shape[2] if shape[0] == "same" else Known(shape[2])
    return found


def transfer(source: Value | None, goal: Value, state: State, goals: State) -> Copies:
    """The copies that give `goal`'s names the value of `source`."""
    match goal:
        case Num(atom=ir.Var(name=name), type=type_):
            assert isinstance(source, Num)
            return [(name, source.atom, type_ if type_ != source.type else "")]
        case Arr(name=name):
            assert isinstance(source, Arr)
            return [(name, source.atom, "")]
        case Tup(items=items):
            assert isinstance(source, Tup)
            return [c for s, g in zip(source.items, items, strict=True) for c in transfer(s, g, state, goals)]
        case Obj(id=identity):
            assert isinstance(source, Obj)
            fields = state.heap[source.id]
            return [c for k, g in goals.heap[identity].items() for c in transfer(fields[k], g, state, goals)]
        case Maybe(value=inner, flag=flag):
            if source is None or (isinstance(source, Known) and source.value is None):
                return [(flag, ir.Lit(True), ""), *nothing(inner, goals)]
            if isinstance(source, Maybe):
                return [(flag, ir.Var(source.flag), ""), *transfer(source.value, inner, state, goals)]
            return [(flag, ir.Lit(False), ""), *transfer(source, inner, state, goals)]
    return []


def nothing(goal: Value, goals: State) -> Copies:
    """Something for names that have no value: it is never read, but their types must be known."""
    match goal:
        case Num(atom=ir.Var(name=name), type=type_):
            return [(name, ir.Lit({"f": 0.0, "i": 0, "b": False}[type_]), "")]
        case Arr(name=name):
            return [(name, ir.Lit(None), "")]
        case Tup(items=items):
            return [c for i in items for c in nothing(i, goals)]
        case Obj(id=identity):
            return [c for v in goals.heap[identity].values() for c in nothing(v, goals)]
        case Maybe(value=inner, flag=flag):
            return [(flag, ir.Lit(True), ""), *nothing(inner, goals)]
    return []


def _word(shape: Shape) -> str:
    match shape[0]:
        case "num":
            return {"f": "a float", "i": "an int", "b": "a bool"}[shape[1]]
        case "arr":
            return f"an array of {shape[2]} dimensions"
        case "tup":
            return f"a {shape[1].__name__} of {len(shape[2])}"
        case "obj":
            return f"an object of class {shape[1].__name__}"
        case "known":
            return describe(Known(shape[2]))
    return "something else"
