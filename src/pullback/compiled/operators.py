"""Operators: arithmetic on numbers is left to be computed, on literals it is done; objects bring their own.

2 * 3        6                     x ** 2       a product that Python's `pow` rounds alike
u + v        Vector.__add__, put in place, where u is a Vector
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import types
from typing import Any

from pullback import ir
from pullback.compiled.arithmetic import STATIC, Arithmetic, number_type
from pullback.compiled.values import (
    BOOL,
    COMPUTED,
    INT,
    Arr,
    Known,
    Maybe,
    Method,
    Num,
    Obj,
    Tup,
    Value,
    describe,
    refuse,
)  # fmt: skip
from pullback.operations import METHODS
from pullback.spans import Span


class Operators(Arithmetic):
    """Operators and comparisons."""

    def unary(self, op: str, value: Value, stem: str, span: Span) -> Value:
        """`-x`, `+x`, `~x`."""
        if isinstance(value, Num):
            return self.unary_number(op, value, stem, span)
        if isinstance(value, Arr) and value.dtype == "bool" and op != "invert":
            raise refuse(f"this operator on {describe(value)} is not compiled", span)
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
        if op == "|" and isinstance(a, Obj) and isinstance(b, Obj) and a.cls is b.cls is dict:
            return self.dict_union(a, b, inplace, span)
        of_lists = self.list_operation(op, a, b, stem, span, inplace)
        if of_lists is not None:
            return of_lists
        name = METHODS[op].strip("_")
        tried = ([(a, f"__i{name}__", b)] if inplace else []) + [(a, f"__{name}__", b), (b, f"__r{name}__", a)]
        for owner, method, other in tried:
            if isinstance(owner, (Obj, Tup)):
                function = inspect.getattr_static(owner.cls, method, None)
                if isinstance(function, types.FunctionType):
                    result = self.call(Method(function, owner), [other], {}, stem, span)
                    if not (isinstance(result, Known) and result.value is NotImplemented):
                        return result
        if isinstance(a, Tup) and isinstance(b, Tup) and op == "+" and (a.cls is list) is (b.cls is list):
            return Tup(a.items + b.items, list if a.cls is list else tuple)
        if isinstance(a, Tup) and isinstance(b, Num) and op == "*" and isinstance(b.atom, ir.Lit):
            return Tup(a.items * int(b.atom.value), list if a.cls is list else tuple)
        raise refuse(f"`{op}` of {describe(a)} and {describe(b)} is not compiled", span)

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
        if isinstance(a, Known) and isinstance(b, Known) and COMPUTED not in (a.value, b.value):
            found = _compared(op, a.value, b.value)
            if found is not None:
                return Num(ir.Lit(found), BOOL)
        objects = isinstance(a, Obj) and isinstance(b, Obj) and not {a.id, b.id} & (self.unit.given | self.unit.copies)
        if isinstance(op, (ast.Is, ast.IsNot)) and (objects or (isinstance(a, (Obj, Arr)) and a == b)):
            return Num(ir.Lit((a == b) is isinstance(op, ast.Is)), BOOL)
        if isinstance(a, Num) and isinstance(b, Num) and not isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)):
            if isinstance(a.atom, ir.Lit) and isinstance(b.atom, ir.Lit):
                found = _compared(op, a.atom.value, b.atom.value)
                if found is not None:
                    return Num(ir.Lit(found), BOOL)
            return self.unit.number("_t", ir.Compare((op,), (a.atom, b.atom)), BOOL, span)
        numbers = isinstance(a, (Num, Arr)) and isinstance(b, (Num, Arr))
        if numbers and isinstance(op, (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            ndim = max(x.ndim for x in (a, b) if isinstance(x, Arr))
            atoms = (a.atom, b.atom)  # type: ignore[union-attr]
            return self.unit.array("_t", ir.Compare((op,), atoms), Arr("", INT, ndim, "bool"), span)
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(b, Obj) and b.cls is list:
            return self.in_list(a, b, isinstance(op, ast.NotIn), span)
        a, b = self.frozen(a), self.frozen(b)
        of_dicts = self.dict_comparison(op, a, b, span)
        if of_dicts is not None:
            return of_dicts
        found_by_method = self._compared_by_method(op, a, b, span)
        if found_by_method is not None:
            return found_by_method
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(b, Tup):
            tests = [self.truth(self.comparison((ast.Eq(),), [a, i], span), span) for i in b.items]
            return self.combined(ast.Or(), tests, isinstance(op, ast.NotIn), span)
        if isinstance(op, (ast.Eq, ast.NotEq)) and isinstance(a, Tup) and isinstance(b, Tup):
            if (a.cls is list) is not (b.cls is list):
                return Num(ir.Lit(isinstance(op, ast.NotEq)), BOOL)
            if len(a.items) != len(b.items):
                return Num(ir.Lit(isinstance(op, ast.NotEq)), BOOL)
            rows = zip(a.items, b.items, strict=True)
            tests = [self.truth(self.comparison((ast.Eq(),), [x, y], span), span) for x, y in rows]
            return self.combined(ast.And(), tests, isinstance(op, ast.NotEq), span)
        word = {"Eq": "==", "NotEq": "!=", "In": "in", "NotIn": "not in", "Is": "is", "IsNot": "is not"}
        raise refuse(
            f"`{word.get(type(op).__name__, 'comparison')}` of {describe(a)} and {describe(b)} is not compiled", span
        )

    def _compared_by_method(self, op: ast.cmpop, a: Value, b: Value, span: Span) -> Value | None:
        """A comparison that a class defines, or None."""
        method = _COMPARING.get(type(op))
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(b, (Obj, Tup)):
            function = own_method(b, "__contains__")
            if function is None:
                return None
            held = self.truth(self.call(Method(function, b), [a], {}, "_t", span), span)
            return self.combined(ast.And(), [held], isinstance(op, ast.NotIn), span)
        if method is None or not isinstance(a, (Obj, Tup)):
            return None
        function = own_method(a, method)
        if function is None and isinstance(op, ast.NotEq):
            function = own_method(a, "__eq__")
            if function is not None:
                equal = self.truth(self.comparison((ast.Eq(),), [a, b], span), span)
                return self.combined(ast.And(), [equal], True, span)
        if function is None:
            return None
        if function.__code__.co_filename == "<string>" and dataclasses.is_dataclass(a.cls):
            if isinstance(op, ast.Eq) and isinstance(a, Obj) and isinstance(b, Obj):
                if a.cls is not b.cls:
                    return Num(ir.Lit(False), BOOL)
                heap = self.frames[-1].state.heap
                names = [f.name for f in dataclasses.fields(a.cls) if f.compare]
                rows = [Tup(tuple(heap[x.id][n] for n in names)) for x in (a, b)]
                return self.comparison((ast.Eq(),), list(rows), span)
            return None
        return self.call(Method(function, a), [b], {}, "_t", span)

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


def own_method(value: Obj | Tup, name: str) -> types.FunctionType | None:
    """A method that a class defines in Python."""
    found = inspect.getattr_static(value.cls, name, None)
    return found if isinstance(found, types.FunctionType) else None


_COMPARING: dict[type, str] = {
    ast.Eq: "__eq__", ast.NotEq: "__ne__", ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__", ast.GtE: "__ge__",
}  # fmt: skip


def literal(value: Any) -> Value:
    """A Python constant."""
    if value.__class__ in STATIC:
        return Num(ir.Lit(value), number_type(value))
    if value.__class__ is tuple:
        return Tup(tuple(map(literal, value)))
    return Known(value)


def _is_none(value: Value) -> bool:
    return isinstance(value, Known) and value.value is None


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
