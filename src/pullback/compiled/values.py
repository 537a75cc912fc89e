"""What the compiler knows of a value: its type, and the numbers and arrays that it is made of.

    x = 2.0                    Num(Var("x"), "f")
    p = (x, 3)                 Tup((Num(Var("x"), "f"), Num(Lit(3), "i")))
    tank = Tank(70.0, 0.1)     Obj(7, Tank), whose fields stand in the state: they may be assigned

Tuples and objects exist at compile time only. What is left of a function is numbers and arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pullback import ir
from pullback.errors import DifferentiabilityError
from pullback.kinds import ARRAY_KIND, BOOL_KIND, FLOAT_KIND, INT_KIND, NPINT, Kind
from pullback.spans import Diagnostic, Span

FLOAT, INT, BOOL = "f", "i", "b"
NUMBERS: dict[str, Kind] = {FLOAT: FLOAT_KIND, INT: INT_KIND, BOOL: BOOL_KIND}


@dataclass(frozen=True)
class Num:
    """A number: the name (or literal) that holds it, and whether it is a float, int or bool."""

    atom: ir.Atom
    type: str


@dataclass(frozen=True)
class Arr:
    """An array: its name, the type of its entries and its number of dimensions."""

    name: str
    type: str
    ndim: int
    dtype: str = "float64"

    @property
    def atom(self) -> ir.Var:
        """The operand that stands for it."""
        return ir.Var(self.name)


@dataclass(frozen=True)
class Tup:
    """A tuple of known length; `cls` is a named tuple's class, or `list` for a list that nothing changes."""

    items: tuple[Value, ...]
    cls: type = tuple
    site: frozenset[Any] | None = field(default=None, compare=False)  # where a list may have been made; see lists.py


@dataclass(frozen=True)
class Obj:
    """An object, by identity; the state holds what its fields are."""

    id: int
    cls: type


@dataclass(frozen=True, eq=False)
class Known:
    """A Python object that is known when code is generated: a function, class, module, string or None."""

    value: Any


class Computed:
    """Stands for a string that is computed: which one it is, is not known."""

    __name__ = "a string that is computed"


COMPUTED = Computed()


@dataclass(frozen=True, eq=False)
class Method:
    """A bound method of an object."""

    function: Any
    owner: Value


@dataclass(frozen=True, eq=False)
class Super:
    """`super()` in a method: the object, and the class after which its methods are looked for."""

    owner: Value
    cls: type


@dataclass(frozen=True, eq=False)
class Partial:
    """`functools.partial(f, ...)`: a function, and the arguments that it is given first."""

    function: Value
    args: tuple[Value, ...]
    keywords: dict[str, Value]


@dataclass(eq=False)
class Clo:
    """A lambda or nested function: its syntax, and the frame whose names it reads."""

    node: Any
    frame: Any
    name: str
    defaults: dict[str, Value]


@dataclass(frozen=True)
class Rng:
    """A `range`, and its three operands."""

    start: ir.Atom
    stop: ir.Atom
    step: ir.Atom


@dataclass(frozen=True)
class Seq:
    """What a loop goes through: `zip`, `enumerate` or `reversed` of others, or the entries of an array."""

    kind: str
    parts: tuple[Value, ...]


@dataclass(frozen=True)
class Cut:
    """A slice; a part that was left out is None."""

    start: Value | None
    stop: Value | None
    step: Value | None


@dataclass(frozen=True)
class Maybe:
    """A value that is there only if the name `flag` is False: otherwise the variable is None, or has none."""

    value: Value
    flag: str
    unset: bool


Value = Num | Arr | Tup | Obj | Known | Method | Super | Partial | Clo | Rng | Seq | Cut | Maybe


@dataclass
class State:
    """What is known at one point: the values of a frame's variables, and of the fields of objects."""

    env: dict[str, Value] = field(default_factory=dict)
    heap: dict[int, dict[str, Value]] = field(default_factory=dict)

    def copy(self) -> State:
        """The same, to be changed on its own."""
        return State(dict(self.env), {k: dict(v) for k, v in self.heap.items()})


def kind_of(value: Value) -> Kind:
    """The kind that the transform knows a number or array by."""
    if isinstance(value, Num):
        return NUMBERS[value.type]
    if isinstance(value, Arr):
        return ARRAY_KIND if value.type == FLOAT else Kind(NPINT)
    raise AssertionError(value)


def leaves(value: Value, state: State) -> Iterator[Num | Arr]:
    """The numbers and arrays that a value is made of, in order."""
    match value:
        case Num() | Arr():
            yield value
        case Tup(items=items):
            for item in items:
                yield from leaves(item, state)
        case Obj(id=identity):
            for item in state.heap[identity].values():
                yield from leaves(item, state)
        case Maybe(value=inner):
            yield from leaves(inner, state)


def describe(value: Value) -> str:
    """A value in an error message."""
    match value:
        case Num(type=type_):
            return {"f": "a float", "i": "an int", "b": "a bool"}[type_]
        case Arr(ndim=ndim):
            return f"an array of {ndim} dimensions"
        case Tup(cls=cls, items=items):
            return f"a {cls.__name__} of {len(items)}"
        case Obj(cls=cls) if cls is dict:
            return "a dict"
        case Obj(cls=cls) if cls is list:
            return "a list that grows"
        case Obj(cls=cls):
            return f"an object of class {cls.__name__}"
        case Known(value=known):
            return "None" if known is None else f"{getattr(known, '__name__', repr(known))!s}"
        case Clo() | Method() | Partial():
            return "a function"
        case Maybe(value=inner, unset=unset):
            return f"{describe(inner)} or {'nothing' if unset else 'None'}"
    return type(value).__name__.lower()


class CompileError(DifferentiabilityError):
    """What `pb.jit` cannot compile, at the user's line."""


def refuse(message: str, span: Span | None, help: str = "", label: str = "not compiled") -> CompileError:
    """The error for what cannot be compiled."""
    return CompileError(Diagnostic("not-compiled", message, span, label, help=help or WITHOUT))


WITHOUT = "take pb.jit away from this function: without it, it is differentiated as it is"
