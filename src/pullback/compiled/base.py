"""What the parts of the flattener ask of each other.

flatten.py       statements, joins, loops            calls.py        calls and constructors
expressions.py   names, attributes, items            operators.py    arithmetic and comparisons
dicts.py         dicts with constant keys        lists.py        lists that are changed
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from pullback import ir
from pullback.compiled.unit import Unit
from pullback.compiled.values import Arr, Maybe, Num, Obj, State, Value
from pullback.spans import Span


class Base:
    """The unit that is made, the calls that are being put in place, and what each part offers."""

    unit: Unit
    frames: list[Any]
    shared_objects: set[int]  # objects of which there may be two copies: nothing is stored into them
    outer_values: dict[str, Value]
    outer_heap: dict[int, dict[str, Value]]
    plain = 0  # whether calls are made for their value alone, so that registered derivatives do not matter
    relied: dict[int, tuple[Any, Any]]  # callees, and the derivatives that users registered for them

    def call(self, callee: Value, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """The value of a call."""
        raise NotImplementedError

    def recursive_call(self, callee: Any, env: dict[str, Value], span: Span) -> Value | None:
        """A call of a function that may call itself: None where putting it in place is right."""
        raise NotImplementedError

    def start(self, state: State, span: Span) -> None:
        """Begin, with what is known of values."""
        raise NotImplementedError

    def run(self, function: Any, source: Any, name: str, env: dict[str, Value], outer: Any, span: Span | None) -> Value:
        """Put a function's body in place."""
        raise NotImplementedError

    def branch(
        self, test: ir.Atom, body: Callable[[], None], orelse: Callable[[], None], span: Span,
        live: frozenset[str] | None = None,
    ) -> None:  # fmt: skip
        """Two ways, of which `test` tells which is taken."""
        raise NotImplementedError

    def raised(self, cls: type, message: str, span: Span) -> ir.Raise:
        """The statement that raises an exception."""
        raise NotImplementedError

    def present(self, value: Maybe, name: str, span: Span) -> Value:
        """A value that must be there."""
        raise NotImplementedError

    def truth(self, value: Value, span: Span) -> ir.Atom:
        """The truth of a value."""
        raise NotImplementedError

    def read(self, name: str, span: Span) -> Value:
        """A name's value."""
        raise NotImplementedError

    def read_atom(self, atom: ir.Atom, span: Span) -> Value:
        """An operand."""
        raise NotImplementedError

    def tested(self, atom: ir.Atom, span: Span) -> Value:
        """An operand of which only the truth is asked."""
        raise NotImplementedError

    def raw_atom(self, atom: ir.Atom, span: Span) -> Value:
        """An operand, which may be None or nothing on some path."""
        raise NotImplementedError

    def arithmetic(self, op: str, a: Num, b: Num, stem: str, span: Span) -> Num:
        """An operator on two numbers."""
        raise NotImplementedError

    def cut(self, value: Value, span: Span) -> Value:
        """A value without its derivative."""
        raise NotImplementedError

    def integer(self, op: str, a: Num, b: Num, stem: str, span: Span) -> Num:
        """An operator on ints."""
        raise NotImplementedError

    def as_float(self, value: Num, span: Span) -> Num:
        """A number as a float."""
        raise NotImplementedError

    def items(self, value: Value, span: Span) -> list[Value]:
        """The items of a sequence of known length."""
        raise NotImplementedError

    def set_field(self, owner: Obj, name: str, value: Value, span: Span) -> None:
        """Assign a field."""
        raise NotImplementedError

    def custom(
        self, callee: Any, entry: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value:
        """A call of a function whose derivative a user registered."""
        raise NotImplementedError

    def array_method(
        self, owner: Arr, name: str, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value:
        """A call of an array's method."""
        raise NotImplementedError

    loops: list[tuple[Any, int | None]]  # that what is put in place stands in: place, and times if it is known

    def item(self, owner: Value, index: Value, stem: str, span: Span) -> Value:
        """`owner[index]`."""
        raise NotImplementedError

    def static_items(self, value: Value) -> list[Value] | None:
        """The items of a sequence whose length is known, or None."""
        raise NotImplementedError

    def frozen(self, value: Value) -> Value:
        """A list whose items are known, as a value that nobody changes."""
        raise NotImplementedError

    def list_operation(self, op: str, a: Value, b: Value, stem: str, span: Span, inplace: bool) -> Value | None:
        """`xs + ys`, `xs * n`, or None for what is no operation on lists."""
        raise NotImplementedError

    def in_list(self, item: Value, owner: Value, negate: bool, span: Span) -> Value:
        """`x in xs`."""
        raise NotImplementedError

    def dict_union(self, a: Value, b: Value, inplace: bool, span: Span) -> Value:
        """`a | b` of dicts."""
        raise NotImplementedError

    def dict_comparison(self, op: ast.cmpop, a: Value, b: Value, span: Span) -> Value | None:
        """A comparison with a dict, or None."""
        raise NotImplementedError

    def array_operation(self, op: str, a: Num | Arr, b: Num | Arr, stem: str, span: Span, inplace: bool) -> Value:
        """An operator on arrays."""
        raise NotImplementedError
