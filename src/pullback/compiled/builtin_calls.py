"""Built-in functions and loops: what they compute, of numbers, tuples and arrays.

    max(a, b)                    if b > a: t = b  else: t = a
    for a, b in zip(xs, ys)      a loop over an index, if xs and ys are arrays
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled import list_functions as functions
from pullback.compiled.array_calls import ArrayCalls
from pullback.compiled.list_support import places_down, places_up, sorting_places
from pullback.compiled.narrow import is_narrow, wrapping
from pullback.compiled.number_support import checked_magnitude
from pullback.compiled.operators import own_method
from pullback.compiled.replaced import named_tuple_as_dict, named_tuple_replaced
from pullback.compiled.values import (
    BOOL,
    COMPUTED,
    FLOAT,
    INT,
    Arr,
    Known,
    Method,
    Num,
    Obj,
    Rng,
    Seq,
    Tup,
    Value,
    describe,
    refuse,
)  # fmt: skip
from pullback.spans import Span


class BuiltinCalls(ArrayCalls):
    """Calls of built-in functions."""

    # --- loops over sequences ---------------------------------------------------------------------

    def stepping(self, over: Value, span: Span) -> tuple[ir.Atom, Callable[[Num], Value], Value | None]:
        """How to go through a sequence whose length is known at run time only: a range, and the item at an index."""
        match over:
            case Rng():
                return self.unit.range(over, span), lambda index: index, None
            case Arr() | Seq() | Obj():
                length, at = self._indexed(over, span)
                return self.unit.range(Rng(ir.Lit(0), length.atom, ir.Lit(1)), span), at, None
        raise refuse(f"a loop over {describe(over)} is not compiled", span)

    def _indexed(self, over: Value, span: Span) -> tuple[Num, Callable[[Num], Value]]:
        """The length of a sequence, and its item at an index."""
        over = self.frozen(over)
        match over:
            case Rng(start=start, stop=stop, step=ir.Lit(value=1)):
                span_of = self.arithmetic("-", Num(stop, INT), Num(start, INT), "_t", span)
                return span_of, lambda index: self.arithmetic("+", Num(start, INT), index, "_t", span)
            case Arr():
                return self.length(over, span), lambda index: self.array_item(over, index, "_t", span)
            case Tup(items=items):
                return Num(ir.Lit(len(items)), INT), lambda index: self.item(over, index, "_t", span)
            case Obj() if self.grows(over):
                return self.list_length(over), lambda index: self.item_at(over, index, span)
            case Seq(kind="enumerate", parts=(inner, start)):
                length, at = self._indexed(inner, span)
                assert isinstance(start, Num)
                return length, lambda index: Tup((self.arithmetic("+", index, start, "_t", span), at(index)))
            case Seq(kind="zip", parts=parts):
                found = [self._indexed(p, span) for p in parts]
                least = found[0][0]
                for length, _ in found[1:]:
                    least = self._extreme([least, length], ast.Lt(), "_t", span)  # type: ignore[assignment]
                return least, lambda index: Tup(tuple(at(index) for _, at in found))
            case Seq(kind="reversed", parts=(inner,)):
                length, at = self._indexed(inner, span)
                last = self.arithmetic("-", length, Num(ir.Lit(1), INT), "_t", span)
                return length, lambda index: at(self.arithmetic("-", last, index, "_t", span))
        raise refuse(f"a loop over {describe(over)} is not compiled", span)

    # --- built-in functions -----------------------------------------------------------------------

    def _numbers(self, name: str, args: list[Value], span: Span) -> list[Num]:
        numbers = [a for a in args if isinstance(a, Num)]
        if len(numbers) != len(args):
            raise refuse(f"`{name}` of {', '.join(map(describe, args))} is not compiled", span)
        return numbers

    def _extreme(self, values: list[Value], better: ast.cmpop, stem: str, span: Span) -> Value:
        """The first of the largest (or smallest) numbers."""
        best = values[0]
        for other in values[1:]:
            a, b = self._numbers("max" if isinstance(better, ast.Gt) else "min", [best, other], span)
            test = self.comparison((better,), [b, a], span)
            env = self.frames[-1].state.env
            key = f"{stem} "
            atom = self.truth(test, span)
            if isinstance(atom, ir.Lit):
                best = b if atom.value else a
                continue
            self.branch(atom, self._putting(key, b), self._putting(key, a), span)
            best = self.frames[-1].state.env.pop(key)
            env.pop(key, None)
        return best

    def _putting(self, key: str, value: Value) -> Callable[[], None]:
        return lambda: self.frames[-1].state.env.update({key: value})

    def extreme_call(self, name: str, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`max` and `min`."""
        if list(keywords) == ["key"] and len(args) > 0:
            items = args[0] if len(args) == 1 else Tup(tuple(args))
            return self.list_call(
                functions.largest_by if name == "max" else functions.smallest_by, [items, keywords["key"]], span
            )
        if keywords:
            raise refuse(f"`{name}` with `{next(iter(keywords))}=` is not compiled", span)
        if len(args) == 1 and isinstance(args[0], Arr):
            return self.array_call(max if name == "max" else min, args, {}, stem, span)
        if len(args) == 1 and self.grows(args[0]):
            return self.list_call(functions.largest if name == "max" else functions.smallest, args, span)
        values = args if len(args) > 1 else self.items(args[0], span)
        if not values:
            raise refuse(f"`{name}` of nothing", span)
        return self._extreme(values, ast.Gt() if name == "max" else ast.Lt(), stem, span)

    def total(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`sum`."""
        start = keywords.get("start", args[1] if len(args) > 1 else Num(ir.Lit(0), INT))
        if self.grows(args[0]):
            whole = self.as_array(args[0], span)
            if isinstance(whole, Arr) and whole.ndim > 1:
                rows = self.array_call(np.sum, [whole, Num(ir.Lit(0), INT)], {}, stem, span)
                return rows if start == Num(ir.Lit(0), INT) else self.binary("+", start, rows, stem, span)
            args = [whole]
        if isinstance(args[0], Arr) and args[0].ndim == 1:
            if is_narrow(args[0]):
                raise wrapping(args[0].dtype, span)
            found = self.array_call(sum, args[:1], {}, stem, span)
            return (
                found
                if isinstance(start, Num) and start.atom == ir.Lit(0)
                else self.binary("+", start, found, stem, span)
            )
        total = start
        for item in self.items(args[0], span):
            if isinstance(total, Num) and total.atom == ir.Lit(0) and isinstance(item, Num):
                total = item
                continue
            total = self.binary("+", total, item, stem, span)
        return total

    def magnitude(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`abs`."""
        (x,) = args
        if isinstance(x, Num):
            bits = self.unit.bits_of(x.atom) if x.type != FLOAT else 64
            function = abs if x.type == FLOAT or bits <= 62 else checked_magnitude
            call = ir.Apply(self.unit.function(function, function.__name__), (x.atom,))
            return self.unit.bounded(self.unit.number(stem, call, INT if x.type == BOOL else x.type, span), bits)
        if isinstance(x, Arr):
            return self.array_call(abs, args, {}, stem, span)
        if isinstance(x, Obj) and isinstance(inspect.getattr_static(x.cls, "__abs__", None), types.FunctionType):
            return self.call(Method(x.cls.__abs__, x), [], {}, stem, span)  # type: ignore[attr-defined]
        raise refuse(f"`abs` of {describe(x)} is not compiled", span)

    def to_float(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`float`."""
        if not args:
            return Num(ir.Lit(0.0), FLOAT)
        if isinstance(args[0], Known) and isinstance(args[0].value, str):
            return Num(ir.Lit(float(args[0].value)), FLOAT)
        return self.as_float(self._numbers("float", args, span)[0], span)

    def to_int(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`int`."""
        (x,) = self._numbers("int", args, span)
        if isinstance(x.atom, ir.Lit):
            return Num(ir.Lit(int(x.atom.value)), INT)
        if x.type == BOOL:
            return self.integer("+", Num(ir.Lit(0), INT), x, stem, span)
        if x.type == INT and self.unit.bits_of(x.atom) < 64:
            return x  # (other ints may be of fewer bits, see narrow.py)
        return self.unit.number(stem, ir.Apply(self.unit.function(int, "int"), (x.atom,)), INT, span)

    def rounded(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`round`."""
        numbers = self._numbers("round", args, span)
        if numbers[0].type != FLOAT:
            if len(numbers) > 1:
                raise refuse("`round` of an int to digits is not compiled", span)
            return self.to_int([numbers[0]], {}, stem, span)
        call = ir.Apply(self.unit.function(round, "round"), tuple(n.atom for n in numbers))
        return self.unit.number(stem, call, INT if len(numbers) == 1 else FLOAT, span)

    def size(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`len`."""
        (x,) = args
        if isinstance(x, Arr):
            return self.length(x, span)
        if self.grows(x):
            return self.list_length(x)
        method = own_method(x, "__len__") if isinstance(x, (Obj, Tup)) else None
        if method is not None:
            return self.call(Method(method, x), [], {}, stem, span)
        return Num(ir.Lit(len(self.items(x, span))), INT)

    def ranging(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`range`."""
        numbers = self._numbers("range", args, span)
        atoms = [n.atom for n in numbers]
        if any(n.type == FLOAT for n in numbers):
            raise refuse("a range of floats", span)
        if len(atoms) == 1:
            return Rng(ir.Lit(0), atoms[0], ir.Lit(1))
        return Rng(atoms[0], atoms[1], atoms[2] if len(atoms) > 2 else ir.Lit(1))

    def is_instance(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`isinstance`, which is known when code is generated."""
        value, classes = args
        options = self.items(classes, span) if isinstance(classes, Tup) else [classes]
        wanted = tuple(c.value for c in options if isinstance(c, Known) and isinstance(c.value, type))
        cls: Any = type(None)
        mixed = isinstance(value, Num) and isinstance(value.atom, ir.Var) and value.atom.name in self.unit.mixed
        if mixed and len({issubclass(c, wanted) for c in (int, float)}) > 1:
            raise refuse("whether this is an int or a float is not known when it is compiled", span)
        match value:
            case Num(type=type_):
                cls = {FLOAT: float, INT: int, BOOL: bool}[type_]
            case Arr():
                import numpy as np

                cls = np.ndarray
            case Tup(cls=found) | Obj(cls=found):
                cls = found
            case Known(value=known):
                cls = str if known is COMPUTED else type(known)
            case _:
                cls = types.FunctionType
        return Num(ir.Lit(issubclass(cls, wanted)), BOOL)

    def sequence(self, kind: str, args: list[Value], keywords: dict[str, Value], span: Span) -> Value:
        """`zip`, `enumerate`, `reversed`."""
        parts = [a if not (isinstance(a, Obj) and a.cls is dict) else Tup(tuple(self.items(a, span))) for a in args]
        if kind == "enumerate":
            start = keywords.get("start", args[1] if len(args) > 1 else Num(ir.Lit(0), INT))
            return Seq("enumerate", (parts[0], start))
        return Seq(kind, tuple(parts))

    def collected(self, cls: type, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`tuple` and `list`."""
        if cls is tuple:
            return Tup(tuple(self.items(args[0], span)) if args else ())
        items = (self.items(args[0], span) if self._is_static(args[0]) else None) if args else []
        if items is None:
            return self.list_call(functions.copied, args[:1], span)
        return self.new_list(items, stem, span)

    def _is_static(self, value: Value) -> bool:
        return (isinstance(value, (Arr, Obj)) and not self.grows(value)) or self.static_items(value) is not None

    def quotient(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`divmod`."""
        a, b = args
        return Tup((self.binary("//", a, b, "_t", span), self.binary("%", a, b, "_t", span)))

    def get_attribute(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`getattr` with a literal name."""
        if not (isinstance(args[1], Known) and isinstance(args[1].value, str)):
            raise refuse("`getattr` with a variable name", span)
        return self.attribute(args[0], args[1].value, span)

    def hypotenuse(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`math.hypot`, two numbers after two."""
        numbers = self._numbers("math.hypot", args, span)
        if len(numbers) == 1:
            return self.magnitude([self.as_float(numbers[0], span)], {}, stem, span)
        whole = numbers[0] if numbers else Num(ir.Lit(0.0), FLOAT)
        for other in numbers[1:]:
            call = ir.Apply(self.unit.function(math.hypot, "hypot"), (whole.atom, other.atom))
            whole = self.unit.number(stem, call, FLOAT, span)
        return whole

    def distance(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`math.dist`."""
        p, q = (self.items(a, span) for a in args)
        if len(p) != len(q):
            raise refuse("`math.dist` of points of different dimensions", span)
        return self.hypotenuse([self.binary("-", a, b, "_t", span) for a, b in zip(p, q, strict=True)], {}, stem, span)

    def multiplied(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`math.prod`."""
        product = keywords.get("start", Num(ir.Lit(1), INT))
        for item in self.items(args[0], span):
            first = isinstance(product, Num) and product.atom == ir.Lit(1)
            product = item if first and isinstance(item, Num) else self.binary("*", product, item, stem, span)
        return product

    def in_order(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`sorted(xs)`."""
        return self.list_call(functions.in_order, args, span, keywords)

    def places_in_order_of(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """The places of keys in their order."""
        keys, down = args
        if not (isinstance(keys, Arr) and keys.ndim == 1 and isinstance(down, Num) and isinstance(down.atom, ir.Lit)):
            raise refuse("an order by such keys is not compiled", span, help="sort by a number, as with key=")
        function = places_down if down.atom.value else places_up
        return self.applied_array(function, (keys.atom,), self.like(INT, 1), stem, span)

    def named_tuple(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`p._replace(x=1.0)`."""
        (owner,) = args
        assert isinstance(owner, Tup)
        fields: tuple[str, ...] = owner.cls._fields  # type: ignore[attr-defined]
        unknown = [k for k in keywords if k not in fields]
        if unknown:
            raise refuse(f"{describe(owner)} has no field `{unknown[0]}`", span)
        return Tup(tuple(keywords.get(f, v) for f, v in zip(fields, owner.items, strict=True)), owner.cls)

    def named_tuple_dict(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`p._asdict()`."""
        (owner,) = args
        assert isinstance(owner, Tup)
        return self.new_dict(dict(zip(owner.cls._fields, owner.items, strict=True)))  # type: ignore[attr-defined]

    def error_state(self, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`np.errstate(over="ignore")`: compiled code warns of nothing anyway."""
        words = [v.value if isinstance(v, Known) else None for v in keywords.values()]
        if args or any(w not in ("ignore", "warn") for w in words):
            raise refuse('`np.errstate` is compiled with "ignore" and "warn" only', span)
        return Known(np.errstate())


def _method(name: str) -> Any:
    return lambda self, args, keywords, stem, span: getattr(self, name)(args, keywords, stem, span)


def special_calls() -> dict[Any, Any]:
    """The built-in functions that are taken apart here, each with what does it."""
    found: dict[Any, Any] = {f: _method(name) for name, functions in _BY_METHOD.items() for f in functions}
    found[bool] = lambda self, a, k, stem, span: Num(self.truth(a[0], span), BOOL)
    found[max] = lambda self, a, k, stem, span: self.extreme_call("max", a, k, stem, span)
    found[min] = lambda self, a, k, stem, span: self.extreme_call("min", a, k, stem, span)
    found[pow] = lambda self, a, k, stem, span: self.binary("**", a[0], a[1], stem, span)
    found[tuple] = lambda self, a, k, stem, span: self.collected(tuple, a, k, stem, span)
    found[list] = lambda self, a, k, stem, span: self.collected(list, a, k, stem, span)
    found[any] = lambda self, a, k, stem, span: self.list_call(functions.some, a, span, k)
    found[all] = lambda self, a, k, stem, span: self.list_call(functions.every, a, span, k)
    for function, kind in ((zip, "zip"), (enumerate, "enumerate"), (reversed, "reversed")):
        found[function] = lambda self, a, k, stem, span, kind=kind: self.sequence(kind, a, k, span)
    return found


_BY_METHOD: dict[str, tuple[Any, ...]] = {
    "magnitude": (abs,), "total": (sum,), "to_float": (float, np.float64), "to_int": (int,), "rounded": (round,),
    "size": (len,), "ranging": (range,), "is_instance": (isinstance,), "quotient": (divmod,),
    "in_order": (sorted,), "places_in_order_of": (sorting_places,),
    "named_tuple": (named_tuple_replaced,), "named_tuple_dict": (named_tuple_as_dict,),
    "get_attribute": (getattr,), "dict_call": (dict,), "error_state": (np.errstate,),
    "replace": (dataclasses.replace,), "set_attribute": (setattr, object.__setattr__),
    "hypotenuse": (math.hypot,), "distance": (math.dist,), "multiplied": (math.prod,),
}  # fmt: skip
