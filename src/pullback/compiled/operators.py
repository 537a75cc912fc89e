"""Operators: arithmetic on numbers is left to be computed, on literals it is done; objects bring their own.

2 * 3        6                     x ** 2       a product that Python's `pow` rounds alike
u + v        Vector.__add__, put in place, where u is a Vector
"""

from __future__ import annotations

import ast
import inspect
import types
from typing import Any

from pullback import ir
from pullback.compiled.arrays import Arrays
from pullback.compiled.number_support import checked_left_shift, checked_product, integer_power
from pullback.compiled.values import BOOL, FLOAT, INT, Arr, Known, Maybe, Method, Num, Obj, Tup, Value, describe, refuse
from pullback.operations import BINARY_FUNCTIONS, METHODS
from pullback.spans import Span

_STATIC = (int, float, bool)


class Operators(Arrays):
    """Operators and comparisons."""

    def unary(self, op: str, value: Value, stem: str, span: Span) -> Value:
        """`-x`, `+x`, `~x`."""
        if isinstance(value, Num):
            if isinstance(value.atom, ir.Lit) and op == "neg":
                return Num(ir.Lit(-value.atom.value), INT if value.type == BOOL else value.type)
            if op == "invert":
                raise refuse("`~` is not compiled", span)
            return self.unit.number(
                stem, ir.Operation(op, (value.atom,)), INT if value.type == BOOL else value.type, span
            )
        if isinstance(value, Arr):
            return self.unit.array(stem, ir.Operation(op, (value.atom,)), value, span)
        method = {"neg": "__neg__", "pos": "__pos__", "invert": "__invert__"}[op]
        if isinstance(value, Obj) and isinstance(getattr(value.cls, method, None), types.FunctionType):
            return self.call(Method(getattr(value.cls, method), value), [], {}, stem, span)
        raise refuse(f"this operator on {describe(value)} is not compiled", span)

    def binary(self, op: str, a: Value, b: Value, stem: str, span: Span, inplace: bool = False) -> Value:
        """A binary operator, of numbers, arrays, tuples or objects with operators of their own."""
        if isinstance(a, Num) and isinstance(b, Num):
            return self.arithmetic(op, a, b, stem, span)
        if isinstance(a, (Num, Arr)) and isinstance(b, (Num, Arr)):
            return self.array_operation(op, a, b, stem, span, inplace)
        if inplace and isinstance(a, Tup) and a.cls is list:
            raise refuse("a list that grows is not compiled", span, help="use an array of known length")
        if isinstance(a, Tup) and isinstance(b, Tup) and op == "+" and a.cls is b.cls:
            return Tup(a.items + b.items, a.cls)
        if isinstance(a, Tup) and isinstance(b, Num) and op == "*" and isinstance(b.atom, ir.Lit):
            return Tup(a.items * int(b.atom.value), a.cls)
        name = METHODS[op].strip("_")
        tried = ([(a, f"__i{name}__", b)] if inplace else []) + [(a, f"__{name}__", b), (b, f"__r{name}__", a)]
        for owner, method, other in tried:
            if isinstance(owner, (Obj, Tup)):
                function = inspect.getattr_static(owner.cls, method, None)
                if isinstance(function, types.FunctionType):
                    result = self.call(Method(function, owner), [other], {}, stem, span)
                    if not (isinstance(result, Known) and result.value is NotImplemented):
                        return result
        raise refuse(f"`{op}` of {describe(a)} and {describe(b)} is not compiled", span)

    def arithmetic(self, op: str, a: Num, b: Num, stem: str, span: Span) -> Num:
        """An operator on two numbers; one on two literals is computed."""
        both = {a.type, b.type}
        integers = FLOAT not in both
        if isinstance(a.atom, ir.Lit) and isinstance(b.atom, ir.Lit):
            folded = _folded(op, a.atom.value, b.atom.value)
            if folded is not None:
                return Num(ir.Lit(folded), number_type(folded))
        if op == "@":
            raise refuse("`@` of numbers", span)
        if op in ("&", "|", "^") and both == {BOOL}:
            return self.unit.number(stem, ir.Operation(op, (a.atom, b.atom)), BOOL, span)
        if op in ("<<", ">>", "&", "|", "^") and not integers:
            raise refuse(f"`{op}` of floats", span)
        if op == "**":
            return self.power(a, b, stem, span)
        type_ = INT if integers and op != "/" else FLOAT
        if type_ == INT and op in ("*", "<<"):
            function = checked_product if op == "*" else checked_left_shift
            return self.unit.number(
                stem, ir.Apply(self.unit.function(function, function.__name__), (a.atom, b.atom)), INT, span
            )
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

    def comparison(self, ops: tuple[ast.cmpop, ...], values: list[Value], span: Span) -> Value:
        """A chain of comparisons."""
        if len(ops) > 1:
            pairs = zip(ops, values, values[1:], strict=False)
            parts = [self.truth(self.comparison((o,), [x, y], span), span) for o, x, y in pairs]
            return self.combined(ast.And(), parts, False, span)
        (op,), (a, b) = ops, values
        if isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)) and (_is_none(a) or _is_none(b)):
            other = b if _is_none(a) else a
            negate = isinstance(op, (ast.IsNot, ast.NotEq))
            if isinstance(other, Maybe) and not other.unset:
                flag = Num(ir.Var(other.flag), BOOL)
                node = ast.UnaryOp(ast.Not(), ast.Name(other.flag, ast.Load()))
                return self.unit.number("_t", ir.Inert(node, frozenset({other.flag})), BOOL, span) if negate else flag
            return Num(ir.Lit(_is_none(other) is not negate), BOOL)
        a = self.present(a, "this", span) if isinstance(a, Maybe) else a
        b = self.present(b, "this", span) if isinstance(b, Maybe) else b
        if isinstance(a, Known) and isinstance(b, Known):
            found = _compared(op, a.value, b.value)
            if found is not None:
                return Num(ir.Lit(found), BOOL)
        objects = isinstance(a, Obj) and isinstance(b, Obj) and not {a.id, b.id} & self.unit.given
        if isinstance(op, (ast.Is, ast.IsNot)) and (objects or (isinstance(a, (Obj, Arr)) and a == b)):
            return Num(ir.Lit((a == b) is isinstance(op, ast.Is)), BOOL)
        if isinstance(a, Num) and isinstance(b, Num) and not isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)):
            if isinstance(a.atom, ir.Lit) and isinstance(b.atom, ir.Lit):
                found = _compared(op, a.atom.value, b.atom.value)
                if found is not None:
                    return Num(ir.Lit(found), BOOL)
            return self.unit.number("_t", ir.Compare((op,), (a.atom, b.atom)), BOOL, span)
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(b, Tup):
            tests = [self.truth(self.comparison((ast.Eq(),), [a, i], span), span) for i in b.items]
            return self.combined(ast.Or(), tests, isinstance(op, ast.NotIn), span)
        if isinstance(op, (ast.Eq, ast.NotEq)) and isinstance(a, Tup) and isinstance(b, Tup):
            if len(a.items) != len(b.items):
                return Num(ir.Lit(isinstance(op, ast.NotEq)), BOOL)
            rows = zip(a.items, b.items, strict=True)
            tests = [self.truth(self.comparison((ast.Eq(),), [x, y], span), span) for x, y in rows]
            return self.combined(ast.And(), tests, isinstance(op, ast.NotEq), span)
        word = {"Eq": "==", "NotEq": "!=", "In": "in", "NotIn": "not in", "Is": "is", "IsNot": "is not"}
        raise refuse(
            f"`{word.get(type(op).__name__, 'comparison')}` of {describe(a)} and {describe(b)} is not compiled", span
        )

    def combined(self, op: ast.boolop, tests: list[ir.Atom], negate: bool, span: Span) -> Num:
        """`a and b and c`, or `or`, of conditions that are all computed."""
        decides = isinstance(op, ast.Or)
        if any(isinstance(t, ir.Lit) and bool(t.value) is decides for t in tests):
            return Num(ir.Lit(decides is not negate), BOOL)
        names = [t.name for t in tests if isinstance(t, ir.Var)]
        if not names:
            return Num(ir.Lit(decides is negate), BOOL)
        if len(names) == 1 and not negate:
            return Num(ir.Var(names[0]), BOOL)
        loads: list[ast.expr] = [ast.Name(n, ast.Load()) for n in names]
        node: ast.expr = ast.BoolOp(op, loads) if len(loads) > 1 else loads[0]
        if negate:
            node = ast.UnaryOp(ast.Not(), node)
        return self.unit.number("_t", ir.Inert(node, frozenset(names)), BOOL, span)


def literal(value: Any) -> Value:
    """A Python constant."""
    if value.__class__ in _STATIC:
        return Num(ir.Lit(value), number_type(value))
    if value.__class__ is tuple:
        return Tup(tuple(map(literal, value)))
    return Known(value)


def number_type(value: Any) -> str:
    """The type of a Python number."""
    return {float: FLOAT, int: INT, bool: BOOL}[value.__class__]


def _is_none(value: Value) -> bool:
    return isinstance(value, Known) and value.value is None


def _folded(op: str, a: Any, b: Any) -> Any:
    """The result of an operator on two literals; None where Python raises, or where it is not a plain number."""
    if op == "**" and (abs(b) > 64 or abs(a) > 1e9):
        return None
    try:
        found = BINARY_FUNCTIONS[op](a, b)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return found if found.__class__ in _STATIC and (found.__class__ is not int or abs(found) < 2**62) else None


def _compared(op: ast.cmpop, a: Any, b: Any) -> bool | None:
    import operator

    tests: dict[type, Any] = {
        ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
        ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
        ast.In: lambda x, y: x in y, ast.NotIn: lambda x, y: x not in y,
    }  # fmt: skip
    try:
        return bool(tests[type(op)](a, b))
    except Exception:
        return None
