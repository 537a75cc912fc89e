"""Arithmetic on numbers: floats as Python has them, ints of 64 bits that are looked at where they might not fit.

    i + 1        a sum, where i counts a loop: it has few bits
    k + k        a call that raises where the sum does not fit: Python's ints have no end
"""

from __future__ import annotations

from typing import Any

from pullback import ir
from pullback.compiled import number_support
from pullback.compiled.arrays import Arrays
from pullback.compiled.number_support import integer_power
from pullback.compiled.values import BOOL, FLOAT, INT, Num, refuse
from pullback.operations import BINARY_FUNCTIONS
from pullback.spans import Span

STATIC = (int, float, bool)
_CHECKED: dict[str, Any] = {
    "+": number_support.checked_sum, "-": number_support.checked_difference, "*": number_support.checked_product,
    "<<": number_support.checked_left_shift, "//": number_support.checked_quotient,
}  # fmt: skip


class Arithmetic(Arrays):
    """Operators on numbers."""

    def unary_number(self, op: str, value: Num, stem: str, span: Span) -> Num:
        """`-x`, `+x`, `~x`."""
        type_ = INT if value.type == BOOL else value.type
        if isinstance(value.atom, ir.Lit) and op == "neg":
            return Num(ir.Lit(-value.atom.value), type_)
        if op == "invert" and value.type != INT:
            raise refuse("`~` is compiled for ints only", span)
        if op == "neg" and type_ == INT:
            return self.integer("-", Num(ir.Lit(0), INT), value, stem, span)
        if value.type == BOOL:
            return self.integer("+", Num(ir.Lit(0), INT), value, stem, span)
        return self.unit.number(stem, ir.Operation(op, (value.atom,)), type_, span)

    def arithmetic(self, op: str, a: Num, b: Num, stem: str, span: Span) -> Num:
        """An operator on two numbers; one on two literals is computed."""
        both = {a.type, b.type}
        integers = FLOAT not in both
        if isinstance(a.atom, ir.Lit) and isinstance(b.atom, ir.Lit):
            known = folded(op, a.atom.value, b.atom.value)
            if known is not None:
                return Num(ir.Lit(known), number_type(known))
        if op == "@":
            raise refuse("`@` of numbers", span)
        if op in ("&", "|", "^") and both == {BOOL}:
            return self.unit.number(stem, ir.Operation(op, (a.atom, b.atom)), BOOL, span)
        if op in ("<<", ">>", "&", "|", "^") and not integers:
            raise refuse(f"`{op}` of floats", span)
        if op == "**":
            return self.power(a, b, stem, span)
        type_ = INT if integers and op != "/" else FLOAT
        if type_ == INT:
            return self.integer(op, a, b, stem, span)
        return self.unit.number(stem, ir.Operation(op, (a.atom, b.atom)), type_, span)

    def power(self, a: Num, b: Num, stem: str, span: Span) -> Num:
        """`a ** b`: an int for an int and a literal that is not negative, else a float."""
        exponent = b.atom.value if isinstance(b.atom, ir.Lit) else None
        if a.type != FLOAT and b.type != FLOAT:
            if exponent is None or exponent < 0:
                if exponent is None and not (isinstance(a.atom, ir.Lit) and a.atom.value > 0):
                    raise refuse(
                        "an int to the power of a variable int may be an int or a float", span,
                        help="write float(a) ** b",
                    )  # fmt: skip
                if exponent is None:
                    call = ir.Apply(self.unit.function(integer_power, "integer_power"), (a.atom, b.atom))
                    return self.unit.number(stem, call, INT, span)
                a = self.as_float(a, span)
            else:
                call = ir.Apply(self.unit.function(integer_power, "integer_power"), (a.atom, b.atom))
                return self.unit.number(stem, call, INT, span)
        return self.unit.number(stem, ir.Operation("**", (a.atom, b.atom)), FLOAT, span)

    def as_float(self, value: Num, span: Span) -> Num:
        """A number as a float."""
        if value.type == FLOAT:
            return value
        if isinstance(value.atom, ir.Lit):
            return Num(ir.Lit(float(value.atom.value)), FLOAT)
        return self.unit.number("_t", ir.Operation("*", (value.atom, ir.Lit(1.0))), FLOAT, span)

    # --- ints of 64 bits --------------------------------------------------------------------------

    def integer(self, op: str, a: Num, b: Num, stem: str, span: Span) -> Num:
        """An operator on ints; where the result may not fit, that is looked at."""
        bits = self._bits_after(op, a, b)
        function = _CHECKED.get(op)
        if function is None or bits <= 62:
            made = self.unit.number(stem, ir.Operation(op, (a.atom, b.atom)), INT, span)
        else:
            call = ir.Apply(self.unit.function(function, function.__name__), (a.atom, b.atom))
            made = self.unit.number(stem, call, INT, span)
        return self.unit.bounded(made, bits)

    def _bits_after(self, op: str, a: Num, b: Num) -> int:
        """How many bits the result of an operator may have."""
        x, y = self.unit.bits_of(a.atom), self.unit.bits_of(b.atom)
        match op:
            case "+" | "-":
                return max(x, y) + 1
            case "*":
                return x + y
            case "//" if isinstance(b.atom, ir.Lit) and b.atom.value > 0:
                return min(x, 62)
            case "%":
                return y
            case ">>":
                return x
            case "<<":
                return x + b.atom.value if isinstance(b.atom, ir.Lit) and b.atom.value < 64 else 64
        return 64


def number_type(value: Any) -> str:
    """The type of a Python number."""
    return {float: FLOAT, int: INT, bool: BOOL}[value.__class__]


def folded(op: str, a: Any, b: Any) -> Any:
    """The result of an operator on two literals; None where Python raises, or where it is not a plain number."""
    if op == "**" and (abs(b) > 64 or abs(a) > 1e9):
        return None
    try:
        found = BINARY_FUNCTIONS[op](a, b)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return found if found.__class__ in STATIC and (found.__class__ is not int or abs(found) < 2**62) else None
