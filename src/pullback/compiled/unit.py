"""What a function becomes: statements on numbers and arrays, and all that stands outside of them.

    SCALE = 2.0
    def f(x): return x * SCALE       a parameter `x`, an input `SCALE` read anew at each call, one product

Floats and arrays that are read from globals and closures are inputs; functions and classes are known,
and are guarded: another object under the name means other code.
"""

from __future__ import annotations

import keyword
import types
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled.list_forms import GIVEN, MOST_ITEMS, ListForms
from pullback.compiled.values import BOOL, FLOAT, INT, NUMBERS, Arr, Known, Num, Obj, Rng, Tup, Value, refuse
from pullback.kinds import Kind, kind_of, known
from pullback.recompute import Recomputed
from pullback.spans import Span
from pullback.structs import is_struct_class

Block = list[ir.Stmt]


@dataclass
class Unstored:
    """Arrays that nothing is stored into (after a statement, if one is given): why it would be refused."""

    names: tuple[str, ...]
    span: Span
    message: str
    after: ir.Stmt | None = None


class Unit:
    """The statements of one compiled function, as they are made."""

    def __init__(self, lists: ListForms | None = None) -> None:
        self.lists = lists or ListForms()
        self.sites: dict[Any, Any] = {}  # places in the program, each once
        self.changed_lists: set[int] = set()  # objects that are lists
        self.changes: dict[Any, Span] = {}  # for such an object, or the place where a list is made: where it is changed
        self.list_stores: dict[int, ir.Stmt] = {}  # the stores, by id, that put items into lists
        self.names: set[str] = set()
        self.types: dict[str, str] = {}  # of numbers
        self.arrays: dict[str, Arr] = {}
        self.kinds: dict[str, Kind] = {}
        self.block: Block = []
        self.functions: dict[str, Any] = {}  # what the statements call, by name
        self._function_names: dict[int, str] = {}
        self.constants: dict[str, Any] = {}  # what the boundary needs to read inputs and test guards
        self._constant_names: dict[int, str] = {}
        self.inputs: dict[str, tuple[Value, str]] = {}  # text that reads it -> its value, its path
        self.guards: dict[str, str] = {}  # text that reads it -> the name of the constant that it must be
        self.aliases: dict[str, str] = {}  # arrays that may share memory: a parent in the union of theirs
        self.ranges: dict[str, Rng] = {}
        self.mixed: set[str] = set()  # floats that are ints in Python on some way, as in [0, 0.5]
        self.bits: dict[str, int] = {}  # of ints that are known to be small
        self.indices: dict[str, tuple[ir.Atom, ...]] = {}  # tuples and slices that arrays are indexed by
        self.stores: dict[int, int] = {}  # stores into arrays, by id: the dimensions of what is stored into
        self.unstored: list[Unstored] = []
        self.objects = 0
        self.given: set[int] = set()  # objects that the caller holds
        self.dicts: set[int] = set()  # objects that are dicts: their keys have an order
        self.assigned: list[tuple[int, Span]] = []  # objects, in the order in which they are changed
        self.copies: set[int] = set()  # objects that stand for others: which one it is, is not known
        self.size = 0

    # --- names ------------------------------------------------------------------------------------

    def fresh(self, stem: str) -> str:
        """A name that nothing has."""
        stem = "".join(c if c.isalnum() or c == "_" else "_" for c in stem) or "_v"
        stem = unicodedata.normalize("NFKC", stem)  # (as Python reads names; keys of dicts may be any text)
        if keyword.iskeyword(stem) or not stem.isidentifier():
            stem = "_" + "".join(c for c in stem if c.isascii())
        if stem.startswith("_t") and not stem.startswith("_total"):
            stem = "_t"
        candidate, number = stem, 0
        if stem.startswith("_") and len(stem) <= 3:
            candidate, number = f"{stem}1", 1
        while candidate in self.names:
            number += 1
            candidate = f"{stem}{number}" if stem in ("_t", "_e") else f"{stem}_{number}"
        self.names.add(candidate)
        return candidate

    def identity(self, cls: type | None = None) -> int:
        """The number of a new object."""
        self.objects += 1
        if cls is dict:
            self.dicts.add(self.objects)
        elif cls is list:
            self.changed_lists.add(self.objects)
        return self.objects

    def copied_identity(self, cls: type | None = None) -> int:
        """The number of an object that stands for another."""
        self.copies.add(self.objects + 1)
        return self.identity(cls)

    def constant(self, value: Any, stem: str) -> str:
        """The name under which the boundary holds an object."""
        found = self._constant_names.get(id(value))
        if found is None:
            found = f"{stem}_{len(self.constants)}"
            self._constant_names[id(value)] = found
            self.constants[found] = value
        return found

    def function(self, value: Any, stem: str) -> ir.Var:
        """The name under which statements call a function."""
        found = self._function_names.get(id(value))
        if found is None:
            found = self.fresh(stem)
            self._function_names[id(value)] = found
            self.functions[found] = value
            self.kinds[found] = known(value)
        return ir.Var(found)

    def declare(self, value: Value) -> None:
        """Record what a name holds."""
        if isinstance(value, Num) and isinstance(value.atom, ir.Var):
            self.types[value.atom.name] = value.type
            self.kinds[value.atom.name] = NUMBERS[value.type]
        elif isinstance(value, Arr):
            from pullback.compiled.values import kind_of as value_kind

            self.arrays[value.name] = value
            self.kinds[value.name] = value_kind(value)

    # --- arrays that share memory -----------------------------------------------------------------

    def root(self, name: str) -> str:
        """The name that stands for all arrays that may share memory with `name`."""
        while name in self.aliases:
            name = self.aliases[name]
        return name

    def share(self, a: str, b: str) -> None:
        """Two arrays may share memory."""
        x, y = self.root(a), self.root(b)
        if x != y:
            self.aliases[x] = y

    # --- statements -------------------------------------------------------------------------------

    def kind(self, atom: ir.Atom) -> Kind:
        """What is known of an operand."""
        return kind_of(atom.value) if isinstance(atom, ir.Lit) else self.kinds.get(atom.name, kind_of(None))

    def put(self, target: str, expr: ir.Expr, value: Value, span: Span) -> None:
        """Append `target = expr`, which has the type of `value`."""
        stmt = ir.Bind(target, expr, span)
        self.declare(value)
        stmt.facts.kinds = tuple(self.kind(a) for a in ir.atoms(expr))
        stmt.facts.kind = self.kinds[target]
        if isinstance(expr, ir.Apply):
            assert isinstance(expr.callee, ir.Var)
            stmt.facts.known, stmt.facts.callee = True, self.functions[expr.callee.name]
        self.append(stmt)

    def append(self, stmt: ir.Stmt) -> None:
        """Append a statement."""
        self.size += 1
        if self.size > 30_000:
            raise refuse("the function is too long when its calls are put in place", stmt.span)
        self.block.append(stmt)

    def number(self, stem: str, expr: ir.Expr, type_: str, span: Span) -> Num:
        """A new number: `stem = expr`."""
        made = Num(ir.Var(self.fresh(stem)), type_)
        assert isinstance(made.atom, ir.Var)
        self.put(made.atom.name, expr, made, span)
        return made

    def bounded(self, value: Num, bits: int) -> Num:
        """Record that an int has no more than that many bits."""
        if isinstance(value.atom, ir.Var) and bits < 64:
            self.bits[value.atom.name] = bits
        return value

    def bits_of(self, atom: ir.Atom) -> int:
        """How many bits an int may have."""
        if isinstance(atom, ir.Lit):
            return int(atom.value).bit_length()
        return 1 if self.types.get(atom.name) == BOOL else self.bits.get(atom.name, 64)

    def bits_of_index(self, over: ir.Atom) -> int:
        """How many bits the index of a loop may have: what is counted up from a literal stays small."""
        found = self.ranges[over.name] if isinstance(over, ir.Var) else None
        if found is None:
            return 64
        if isinstance(found.start, ir.Lit) and isinstance(found.step, ir.Lit):
            return max(50, self.bits_of(found.start), self.bits_of(found.step)) if self.bits_of(found.step) < 9 else 64
        return max(self.bits_of(found.start), self.bits_of(found.stop))

    def range(self, over: Rng, span: Span) -> ir.Var:
        """The name of a `range`."""
        name = self.fresh("_range")
        self.ranges[name] = over
        self.kinds[name] = kind_of(range(0))
        operands = (
            (over.stop,) if (over.start, over.step) == (ir.Lit(0), ir.Lit(1)) else (over.start, over.stop, over.step)
        )
        expr = ir.Apply(self.function(range, "range"), operands)
        stmt = ir.Bind(name, expr, span)
        stmt.facts.kinds = tuple(self.kind(a) for a in ir.atoms(expr))
        stmt.facts.kind, stmt.facts.known, stmt.facts.callee = self.kinds[name], True, range
        self.append(stmt)
        return ir.Var(name)

    def array(self, stem: str, expr: ir.Expr, like: Arr, span: Span) -> Arr:
        """A new array: `stem = expr`, of `like`'s type and dimensions."""
        made = Arr(self.fresh(stem), like.type, like.ndim, like.dtype)
        self.put(made.name, expr, made, span)
        return made

    def nested(self, build: Callable[[], None]) -> Block:
        """The statements that `build` appends, as a block of their own."""
        outer, self.block = self.block, []
        try:
            build()
            return self.block
        finally:
            self.block = outer

    # --- what stands outside ----------------------------------------------------------------------

    def outside(self, value: Any, path: str, stem: str, heap: dict[int, dict[str, Value]], span: Span | None) -> Value:
        """A value of a global, captured variable or field: an input, or known."""
        cls = value.__class__
        if cls in (float, int) or isinstance(value, (np.floating, np.integer)):
            return self.input(Num(ir.Var(""), FLOAT if isinstance(value, (float, np.floating)) else INT), path, stem)
        if isinstance(value, np.ndarray):
            return self.input(array_type(value, "", span), path, stem)
        if cls is list and len(value) <= MOST_ITEMS:
            self.guard(f"{path}.__class__", list)
            self.guard(f"len({path})", len(value))
            held = (self.outside(v, f"{path}[{i}]", f"{stem}_{i}", heap, span) for i, v in enumerate(value))
            return Tup(tuple(held), list, GIVEN)
        if cls is dict and len(value) <= MOST_ITEMS and all(k.__class__ is str for k in value):
            self.guard(f"({path}.__class__ is dict and tuple({path}) == {tuple(value)!r})", True)
            new = self.identity(dict)
            self.given.add(new)
            heap[new] = {k: self.outside(v, f"{path}[{k!r}]", f"{stem}_{k}", heap, span) for k, v in value.items()}
            return Obj(new, dict)
        if isinstance(value, tuple):
            items = (self.outside(v, f"{path}[{i}]", f"{stem}_{i}", heap, span) for i, v in enumerate(value))
            self.guard(f"len({path})", len(value))
            return Tup(tuple(items), cls)
        if is_data(value):
            new = self.identity()
            self.given.add(new)
            self.guard(f"{path}.__class__", cls)
            fields = fields_of(value)
            heap[new] = {k: self.outside(v, f"{path}.{k}", f"{stem}_{k}", heap, span) for k, v in fields.items()}
            return Obj(new, cls)
        if isinstance(value, (list, dict, set)):
            raise refuse(
                f"`{stem}` is a {cls.__name__} that stands outside of the function", span,
                help="pass it as an argument, as an array or a tuple",
            )  # fmt: skip
        self.guard(path, value)
        if isinstance(value, types.FunctionType):
            self.guard(f"{self.constant(value, 'known')}.__code__", value.__code__)
        return Known(value)

    def input(self, like: Num | Arr, path: str, stem: str) -> Value:
        """A number or array that is read from outside at each call."""
        found = self.inputs.get(path)
        if found is None:
            name = self.fresh(stem)
            value: Value = (
                Num(ir.Var(name), like.type) if isinstance(like, Num) else Arr(name, like.type, like.ndim, like.dtype)
            )
            self.declare(value)
            found = self.inputs[path] = (value, name)
        return found[0]

    def guard(self, path: str, value: Any) -> None:
        """What `path` reads must still be `value`."""
        self.guards[path] = self.constant(value, "known")


def array_type(value: np.ndarray, name: str, span: Span | None) -> Arr:
    """The type of an array."""
    known = value.dtype.kind in "fiub" and value.dtype.itemsize <= 8 and value.dtype != np.float16
    if not (known and value.dtype.isnative):
        shown = value.dtype if value.dtype.isnative else f"{value.dtype.str}, which has not this machine's byte order,"
        raise refuse(f"an array of {shown} is not compiled", span, help="use float64, float32, ints or bools")
    if value.ndim == 0:
        raise refuse("an array without dimensions is not compiled", span, help="use a float")
    return Arr(name, FLOAT if value.dtype.kind == "f" else INT, value.ndim, value.dtype.name)


def is_data(value: Any) -> bool:
    """Whether a value is an object of numbers: a dataclass, an attrs class, a layer, or a plain object."""
    cls = value.__class__
    if isinstance(value, (type, types.ModuleType)):
        return False
    if is_struct_class(cls):
        return True
    if isinstance(value, Recomputed) or (callable(value) and not hasattr(value, "__dict__")):
        return False
    plain = type(cls) is type and cls.__module__ not in ("builtins", "numpy", "functools")
    return plain and bool(getattr(value, "__dict__", None)) and not isinstance(value, types.FunctionType)


def fields_of(value: Any) -> dict[str, Any]:
    """The data of an object, by name."""
    import dataclasses

    if dataclasses.is_dataclass(value):
        found = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if hasattr(value, f.name)}
        return {**found, **{k: v for k, v in getattr(value, "__dict__", {}).items() if k not in found}}
    attrs = getattr(value.__class__, "__attrs_attrs__", None)
    if attrs is not None:
        return {a.name: getattr(value, a.name) for a in attrs}
    slots = {n: getattr(value, n) for n in slots_of(value.__class__) if hasattr(value, n)}
    return {**slots, **getattr(value, "__dict__", {})}


def slots_of(cls: type) -> list[str]:
    """The fields of a class that are kept in slots."""
    mros = [vars(base).items() for base in reversed(cls.__mro__)]
    return [name for members in mros for name, v in members if isinstance(v, types.MemberDescriptorType)]
