"""The types of arguments: the key of a compiled function, how they are taken apart, and how results are put together.

    (70.0, Tank(0.1, 3))      ("tup", tuple, (("num", float), ("obj", Tank, (("volume", ...), ...))))

The code that takes arguments apart and makes results of them is generated, for it runs at every call.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled.list_forms import GIVEN, MOST_ITEMS
from pullback.compiled.shapes import Clash
from pullback.compiled.unit import Unit, array_type, fields_of, is_data, slots_of
from pullback.compiled.values import BOOL, COMPUTED, FLOAT, INT, Arr, Known, Num, Obj, State, Tup, Value, refuse
from pullback.spans import Span
from pullback.structs import constant_fields, field_names, is_struct_class
from pullback.tangents import NO_TANGENT, ZERO, tangent_type

Layout = tuple[Any, ...]
_NUMBERS: dict[type, str] = {float: FLOAT, int: INT, bool: BOOL}


def layout_of(value: Any, where: str) -> Layout:
    """The type of an argument. Raises where compiled code takes no such value."""
    cls = value.__class__
    if cls is int and not -(2**63) <= value < 2**63:
        raise refuse(f"{where} is an int of more than 64 bits, which is not compiled", None, help="pass a float")
    if cls in _NUMBERS:
        return ("num", cls)
    if cls is np.ndarray:
        array_type(value, "", None)
        return ("arr", value.dtype, value.ndim)
    if isinstance(value, (np.float64, np.float32, np.integer, np.bool_)):
        return ("num", cls)
    if isinstance(value, np.generic) or cls is complex:
        raise refuse(f"{where} is {_article(cls.__name__)}, which is not compiled", None, help="use floats")
    if isinstance(value, tuple) and cls is not tuple and not hasattr(cls, "_fields"):
        raise refuse(f"{where} is {_article(cls.__name__)}, which is not compiled", None, help="pass a tuple")
    if isinstance(value, tuple) or (cls is list and len(value) <= MOST_ITEMS):
        return ("tup", cls, tuple(layout_of(v, f"item {i} of {where}") for i, v in enumerate(value)))
    if cls is dict and len(value) <= MOST_ITEMS and all(k.__class__ is str for k in value):
        return ("dict", dict, tuple((k, layout_of(v, f"{k!r} of {where}"), True) for k, v in value.items()))
    if isinstance(value, (list, dict, set)):
        raise refuse(
            f"{where} is {_article(cls.__name__)}, which is not compiled", None,
            help=f"pass an array, or a tuple or list of at most {MOST_ITEMS} items",
        )  # fmt: skip
    if is_data(value):
        fields = fields_of(value)
        differentiable = frozenset(field_names(value)) if is_struct_class(cls) else frozenset()
        items = []
        for k, v in fields.items():
            try:
                items.append((k, layout_of(v, f"`{k}` of {where}"), k in differentiable))
            except TypeError:
                if k in differentiable and not callable(v):
                    raise
                items.append((k, ("known", id(v), v), False))
        return ("obj", cls, tuple(items))
    return ("known", id(value), value)


def key_of(layout: Layout) -> Any:
    """A layout as a key: objects by identity."""
    if layout[0] == "known":
        value = layout[2]
        return ("known", value) if isinstance(value, str) or value is None else ("known", layout[1])
    if layout[0] == "tup":
        return ("tup", layout[1], tuple(map(key_of, layout[2])))
    if layout[0] in ("obj", "dict"):
        return (layout[0], layout[1], tuple((k, key_of(item), d) for k, item, d in layout[2]))
    return layout


class Arguments:
    """What the boundary makes of the arguments of one compiled function."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.parameters: list[str] = []  # the numbers and arrays that the compiled function takes
        self.reads: list[str] = []  # the text that reads each of them
        self.tests: list[str] = []  # true where the arguments are of other types than these
        self.classes: list[Any] = []

    def taken(self, layout: Layout, path: str, stem: str, state: State) -> Value:
        """The value of an argument, whose parts are parameters of the compiled function."""
        unit = self.unit
        match layout[0]:
            case "num":
                cls = layout[1]
                path = self._of_class(path, cls, cls.__name__)
                type_ = _NUMBERS.get(cls) or (
                    FLOAT if issubclass(cls, np.floating) else BOOL if cls is np.bool_ else INT
                )
                number = Num(ir.Var(unit.fresh(stem)), type_)
                self._parameter(number, path)
                return number
            case "arr":
                path = self._of_class(path, np.ndarray, "ndarray")
                dtype = unit.constant(layout[1], "dtype")
                self.tests.append(f"{path}.dtype is not {dtype} and {path}.dtype != {dtype}")
                self.tests.append(f"{path}.ndim != {layout[2]}")
                kind = FLOAT if layout[1].kind == "f" else INT
                array = Arr(unit.fresh(stem), kind, layout[2], layout[1].name)
                self._parameter(array, path)
                return array
            case "tup":
                path = self._of_class(path, layout[1], "cls")
                self.tests.append(f"len({path}) != {len(layout[2])}")
                names = getattr(layout[1], "_fields", range(len(layout[2])))
                items = [
                    self.taken(item, f"{path}[{i}]", f"{stem}_{n}", state)
                    for i, (n, item) in enumerate(zip(names, layout[2], strict=True))
                ]
                return Tup(tuple(items), layout[1], GIVEN)
            case "obj":
                path = self._of_class(path, layout[1], "cls")
                new = unit.identity()
                unit.given.add(new)
                state.heap[new] = {k: self.taken(item, f"{path}.{k}", f"{stem}_{k}", state) for k, item, _ in layout[2]}
                return Obj(new, layout[1])
            case "dict":
                path = self._of_class(path, dict, "cls")
                keys = tuple(k for k, _, _ in layout[2])
                self.tests.append(f"tuple({path}) != {keys!r}")
                new = unit.identity(dict)
                unit.given.add(new)
                fields = {k: self.taken(item, f"{path}[{k!r}]", f"{stem}_{k}", state) for k, item, _ in layout[2]}
                state.heap[new] = fields
                return Obj(new, dict)
        value = layout[2]
        if isinstance(value, str):
            self.tests.append(f"{path} != {unit.constant(value, 'text')}")
        else:
            self.tests.append(f"{path} is not {unit.constant(value, 'known')}")
        return Known(value)

    def _of_class(self, path: str, cls: type, stem: str) -> str:
        """Test the class of what `path` reads; returns a name for it, so that it is read once."""
        known = self.unit.constant(cls, stem)
        if path.isidentifier():
            self.tests.append(f"{path}.__class__ is not {known}")
            return path
        name = f"x{len(self.tests)}"
        self.tests.append(f"({name} := {path}).__class__ is not {known}")
        return name

    def _parameter(self, value: Num | Arr, path: str) -> None:
        self.unit.declare(value)
        self.parameters.append(value.atom.name)  # type: ignore[union-attr]
        self.reads.append(path)


def active_leaves(value: Value, layout: Layout, state: State) -> list[str]:
    """The parameters that are differentiated: the floats and arrays of floats in an argument's tangent."""
    match layout[0]:
        case "num" | "arr":
            assert isinstance(value, (Num, Arr))
            return [value.atom.name] if value.type == FLOAT else []  # type: ignore[union-attr]
        case "tup":
            assert isinstance(value, Tup)
            return [n for v, item in zip(value.items, layout[2], strict=True) for n in active_leaves(v, item, state)]
        case "obj" | "dict":
            assert isinstance(value, Obj)
            fields = state.heap[value.id]
            return [n for k, item, d in layout[2] if d for n in active_leaves(fields[k], item, state)]
    return []


def differentiable(layout: Layout) -> bool:
    """Whether a value of that type has a tangent space."""
    match layout[0]:
        case "num":
            return bool(layout[1] is float or issubclass(layout[1], np.floating))
        case "arr":
            return bool(layout[1].kind == "f")
        case "tup":
            return any(map(differentiable, layout[2]))
        case "obj":
            return is_struct_class(layout[1])
        case "dict":
            return any(differentiable(item) for _, item, _ in layout[2])
    return False


class Results:
    """The text that makes results of the numbers and arrays that a compiled function returned."""

    def __init__(self, unit: Unit, source: str) -> None:
        self.unit = unit
        self.source = source  # the name of the tuple
        self.position = 0
        self.lines: list[str] = []

    def next(self) -> str:
        """The next part of what was returned."""
        self.position += 1
        return f"{self.source}[{self.position - 1}]"

    def tangent(self, layout: Layout) -> str:
        """The tangent of an argument."""
        match layout[0]:
            case "num" if differentiable(layout):
                return self.next() if layout[1] is float else f"{self.unit.constant(layout[1], 'cls')}({self.next()})"
            case "arr" if differentiable(layout):
                return self.next()
            case "tup":  # (one without numbers is still a container, of NO_TANGENT)
                items = ", ".join(map(self.tangent, layout[2]))
                if layout[1] is tuple:
                    return f"({items}{',' if items else ''})"
                if layout[1] is list:
                    return f"[{items}]"
                return f"{self.unit.constant(layout[1], 'cls')}({items})"
            case "dict":
                return f"{{{', '.join(f'{k!r}: {self.tangent(item)}' for k, item, _ in layout[2])}}}"
            case "obj" if differentiable(layout):
                parts = [(k, self.tangent(item)) for k, item, d in layout[2] if d and differentiable(item)]
                return self.made(tangent_type(layout[1]), parts)
        return self.unit.constant(NO_TANGENT, "NO_TANGENT")

    def made(self, cls: type, parts: list[tuple[str, str]]) -> str:
        """An object of a class with those fields."""
        name = f"made_{len(self.lines)}"
        held = self.unit.constant(cls, "cls")
        self.lines.append(f"{name} = {self.unit.constant(object.__new__, 'new')}({held})")
        plain: Any = object.__setattr__
        if cls.__setattr__ is plain and not any(hasattr(cls, k) for k, _ in parts):
            self.lines.extend(f"{name}.{k} = {v}" for k, v in parts)
        elif getattr(cls, "__dictoffset__", 0) and not set(slots_of(cls)) & {k for k, _ in parts}:
            fields = ", ".join(f"{k!r}: {v}" for k, v in parts)
            self.lines.append(f"{name}.__dict__.update({{{fields}}})")
        else:
            put = self.unit.constant(object.__setattr__, "put")
            self.lines.extend(f"{put}({name}, {k!r}, {v})" for k, v in parts)
        return name

    def value(self, value: Value, state: State, span: Span) -> str:
        """A result of the function."""
        match value:
            case Num(atom=ir.Lit(value=known)):
                self.position += 1  # (a literal is returned all the same)
                return repr(known) if known == known and abs(known) != float("inf") else f"float({str(known)!r})"
            case Num() | Arr():
                return self.next()
            case Tup(items=items, cls=cls):
                inner = ", ".join(self.value(i, state, span) for i in items)
                if cls is list:
                    return f"[{inner}]"
                return (
                    f"({inner}{',' if items else ''})" if cls is tuple else f"{self.unit.constant(cls, 'cls')}({inner})"
                )
            case Obj(id=identity, cls=cls) if cls is dict:
                parts = (f"{k!r}: {self.value(v, state, span)}" for k, v in state.heap[identity].items())
                return f"{{{', '.join(parts)}}}"
            case Obj(cls=cls) if cls is list:
                held = items_of(value, state)
                return self._list(value, state) if held is None else self.value(Tup(held, list), state, span)
            case Obj(id=identity, cls=cls):
                return self.made(cls, [(k, self.value(v, state, span)) for k, v in state.heap[identity].items()])
            case Known(value=known) if known is not COMPUTED and not isinstance(known, Clash):
                return self.unit.constant(known, "known")
        raise refuse("what this function returns is not compiled", span)


    def _list(self, value: Obj, state: State) -> str:
        """A list whose items stand in buffers."""
        fields = state.heap[value.id]
        length = fields["length"]
        assert isinstance(length, Num) and isinstance(fields["form"], Known)
        n = f"n{len(self.lines)}"
        self.lines.append(f"{n} = {repr(length.atom.value) if isinstance(length.atom, ir.Lit) else self.next()}")
        self.position += isinstance(length.atom, ir.Lit)
        item = fields["form"].value.item
        return "[]" if item is None else self._column(fields["items"], item, n)

    def _column(self, buffer: Value, item: Any, n: str) -> str:
        match item[0]:
            case "num":
                read = f"{self.next()}[:{n}]"
                return f"({read} != 0).tolist()" if item[1] == BOOL else f"{read}.tolist()"
            case "arr":
                return f"[row.copy() for row in {self.next()}[:{n}]]"
            case "tup":
                assert isinstance(buffer, Tup)
                columns = [self._column(b, i, n) for b, i in zip(buffer.items, item[2], strict=True)]
                rows = f"zip({', '.join(columns)}, strict=True)"
                return f"[{self.unit.constant(getattr(item[1], '_make', tuple), 'row')}(row) for row in {rows}]"
        return f"[{self.unit.constant(item[2], 'known')}] * {n}"

    def tangent_of(self, value: Value, state: State) -> str:
        """The tangent of a result."""
        value = plain(value, state)
        match value:
            case Num(type="f") | Arr(type="f"):
                return self.next()
            case Tup(items=items, cls=cls):
                inner = ", ".join(self.tangent_of(i, state) for i in items)
                if cls is list:
                    return f"[{inner}]"
                if cls is tuple:
                    return f"({inner}{',' if items else ''})"
                return f"{self.unit.constant(cls, 'cls')}({inner})"
            case Obj(id=identity, cls=cls) if cls is dict:
                made = (f"{k!r}: {self.tangent_of(v, state)}" for k, v in state.heap[identity].items())
                return f"{{{', '.join(made)}}}"
            case Obj(id=identity, cls=cls) if is_struct_class(cls):
                left_out = constant_fields(cls)
                fields = {k: v for k, v in state.heap[identity].items() if k not in left_out and has_tangent(v, state)}
                return self.made(tangent_type(cls), [(k, self.tangent_of(v, state)) for k, v in fields.items()])
        return self.unit.constant(NO_TANGENT, "NO_TANGENT")


def has_tangent(value: Value, state: State) -> bool:
    """Whether a value has a tangent space."""
    value = plain(value, state)
    match value:
        case Num(type=type_) | Arr(type=type_):
            return type_ == FLOAT
        case Tup(items=items):
            return any(has_tangent(i, state) for i in items)
        case Obj(id=identity, cls=cls):
            if cls is dict:
                return any(has_tangent(v, state) for v in state.heap[identity].values())
            return is_struct_class(cls)
    return False


def parts_of(layout: Layout, path: str, unit: Unit, copied: bool = False) -> list[str]:
    """What reads the parts of a tangent of a value of that type, those of `active_leaves`; arrays are `copied`."""
    if not differentiable(layout):
        return []
    match layout[0]:
        case "num":
            return [f"{unit.constant(as_float, 'as_float')}({path})"]
        case "arr":
            maker = unit.constant(np.array, "array") if copied else unit.constant(np.asarray, "asarray")
            return [f"{maker}({path}, {unit.constant(layout[1], 'dtype')})"]
        case "tup":
            return [text for i, item in enumerate(layout[2]) for text in parts_of(item, f"{path}[{i}]", unit, copied)]
        case "dict":
            return [text for k, item, _ in layout[2] for text in parts_of(item, f"{path}[{k!r}]", unit, copied)]
    return [text for k, item, d in layout[2] if d for text in parts_of(item, f"{path}.{k}", unit, copied)]


def items_of(value: Obj, state: State) -> tuple[Value, ...] | None:
    """The items of a list that was changed, if they are known."""
    fields = state.heap[value.id]
    items = fields.get("items")
    return items.items if "length" not in fields and isinstance(items, Tup) else None


def plain(value: Value, state: State) -> Value:
    """A list that was changed, as one that was not. Raises where its items stand in buffers."""
    if not isinstance(value, Obj) or value.cls is not list:
        return value
    items = items_of(value, state)
    if items is None:
        raise refuse(
            "the derivative of a list that grows, as a result, is not compiled", None,
            help="return an array, as with np.array(xs)",
        )  # fmt: skip
    return Tup(items, list)


def as_float(t: Any) -> float:
    """A tangent of a number, for machine code."""
    return 0.0 if t is ZERO or t is NO_TANGENT else float(t)


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
