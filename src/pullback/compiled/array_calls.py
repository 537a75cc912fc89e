"""NumPy's functions in compiled code.

    np.zeros(n)          a new array            np.sum(a)      a number
    np.tanh(a)           entry by entry         np.dot(a, b)   a product of vectors and matrices
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled import array_support as more
from pullback.compiled import support
from pullback.compiled.array_functions import ArrayFunctions
from pullback.compiled.contractions import contraction, letters_of
from pullback.compiled.values import BOOL, FLOAT, INT, Arr, Cut, Known, Num, Tup, Value, describe, refuse
from pullback.compiled.written_out import OF_ARRAYS
from pullback.rules import callable_name
from pullback.spans import Span

_ENTRYWISE = frozenset({
    "sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "sinh", "cosh", "arctan", "arcsin", "arccos", "log1p", "expm1",
    "log2", "log10", "exp2", "arcsinh", "arctanh", "square", "negative", "reciprocal", "absolute", "fabs", "sign",
})  # fmt: skip
_BINARY = {np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.true_divide: "/", np.power: "**"}


class ArrayCalls(ArrayFunctions):
    """Calls of NumPy's functions and of arrays' methods."""

    def array_method(
        self, owner: Arr, name: str, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value:
        """`a.sum()` and the like."""
        functions: dict[str, Any] = {
            "sum": np.sum, "mean": np.mean, "dot": np.dot, "copy": np.copy, "max": np.max, "min": np.min,
            "transpose": np.transpose, "prod": np.prod, "var": np.var, "std": np.std, "clip": np.clip,
            "ravel": np.ravel, "cumsum": np.cumsum, "argmax": np.argmax, "argmin": np.argmin,
            "argsort": np.argsort, "any": np.any, "all": np.all, "trace": np.trace, "repeat": np.repeat,
            "swapaxes": np.swapaxes, "squeeze": np.squeeze, "round": np.round,
        }  # fmt: skip
        if name == "item" and not args:
            raise refuse("`.item()` of an array is not compiled", span)
        if name == "reshape" and args and not keywords:
            return self.reshaped(owner, args[0] if len(args) == 1 else Tup(tuple(args)), stem, span)
        if name == "flatten" and not args and not keywords:
            flat = self.reshaped(owner, Num(ir.Lit(-1), INT), stem, span)
            self.unit.unstored.pop()  # (it is always a copy)
            return flat
        if name == "fill" and len(args) == 1:
            self.array_store(owner, Cut(None, None, None), args[0], span)
            return Known(None)
        if name == "astype" and len(args) == 1 and isinstance(args[0], Known) and args[0].value in (float, np.float64):
            return self.applied_array(support.as_floats, (owner.atom,), self.like(FLOAT, owner.ndim), stem, span)
        if name not in functions:
            raise refuse(f"`.{name}` of an array is not compiled", span)
        return self.array_call(functions[name], [owner, *args], keywords, stem, span)

    def array_call(
        self, callee: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value:
        """A call of a function of NumPy, or of a built-in function, with arrays."""
        name = callable_name(callee)
        maker = _MAKERS.get(callee)
        if maker is not None:
            return self._maker(maker, args, keywords, stem, span)
        if callee in (np.array, np.asarray) and len(args) == 2 and "dtype" not in keywords:
            return self.array_call(callee, args[:1], {**keywords, "dtype": args[1]}, stem, span)
        if callee in (np.array, np.asarray) and len(args) == 1:
            return self._array(args[0], keywords, stem, span)
        if callee in _BINARY and len(args) == 2 and not keywords:
            return self.binary(_BINARY[callee], args[0], args[1], stem, span)
        if callee in (np.dot, np.matmul) and len(args) == 2 and not keywords:
            a, b = args
            if isinstance(a, (Num, Arr)) and isinstance(b, (Num, Arr)):
                if isinstance(a, Num) or isinstance(b, Num):
                    return self.binary("*", a, b, stem, span)
                return self.product(a, b, stem, span)
        if callee is np.shape and isinstance(args[0], Arr):
            return self.shape(args[0], span)
        x = args[0] if args else None
        if isinstance(x, Arr) and callee in (np.copy, np.transpose) and len(args) == 1 and not keywords:
            if callee is np.transpose:
                return self.array_attribute(x, "T", span)
            return self.applied_array(support.copied, (x.atom,), x, stem, span)
        second = args[1] if len(args) == 2 else None
        floats = isinstance(x, Arr) and isinstance(second, Arr) and x.type == second.type == FLOAT
        vectors = isinstance(x, Arr) and isinstance(second, Arr) and floats and x.ndim == second.ndim == 1
        if isinstance(x, Arr) and isinstance(second, Arr) and callee is np.outer and vectors:
            return self.applied_array(support.outer, (x.atom, second.atom), self.like(FLOAT, 2), stem, span)
        if isinstance(x, Num) and callee in _REDUCTIONS and len(args) == 1 and not keywords:
            return self.as_float(x, span) if callee is np.mean else x
        if isinstance(x, Arr) and callee in _REDUCTIONS:
            return self._reduction(callee, x, args[1:], keywords, stem, span)
        entrywise = hasattr(callee, "nin") and not keywords and callee.nin == 1 and callee.__name__ in _ENTRYWISE
        if entrywise and isinstance(x, Arr):
            if x.type != FLOAT:
                x = self.applied_array(support.as_floats, (x.atom,), self.like(FLOAT, x.ndim), "_t", span)
            return self.applied_array(callee, (x.atom,), self.like(FLOAT, x.ndim, x.dtype), stem, span)
        if callee is abs and isinstance(x, Arr) and x.type == FLOAT:
            return self.applied_array(np.absolute, (x.atom,), x, stem, span)
        found = self.array_function(callee, args, keywords, stem, span)
        if found is not None:
            return found
        if callee is np.einsum and not keywords:
            return self._contracted(args, stem, span)
        if callee in OF_ARRAYS:
            return self.list_call(OF_ARRAYS[callee], args, span, keywords)
        shown = ", ".join(map(describe, args))
        raise refuse(f"`{name}` of {shown} is not compiled", span, help="docs/compiling.md lists what is; write a loop")

    def _contracted(self, args: list[Value], stem: str, span: Span) -> Value:
        """`np.einsum("ij,j->i", a, v)`."""
        formula, arrays = args[0], [a for a in args[1:] if isinstance(a, Arr)]
        text = formula.value if isinstance(formula, Known) and len(arrays) == len(args) - 1 else None
        letters = letters_of(text, tuple(a.ndim for a in arrays)) if isinstance(text, str) else None
        if letters is None or len(letters[1]) > 4 or all(a.type != FLOAT for a in arrays):
            raise refuse("this `np.einsum` is not compiled", span, help='use a formula of letters, as "ij,j->i"')
        function, ndim = contraction(tuple(letters[0]), letters[1]), len(letters[1])
        atoms = tuple(self._as_floats(a, span).atom for a in arrays)
        if ndim == 0:
            return self.applied_number(function, atoms, FLOAT, stem, span)
        return self.applied_array(function, atoms, self.like(FLOAT, ndim), stem, span)

    def _maker(self, maker: str, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`np.zeros(shape)`, `np.zeros_like(a)`, `np.arange(n)` and the like."""
        given = dict(keywords)
        dtype = given.pop("dtype", None)
        if given:
            raise refuse(f"`{next(iter(given))}=` is not compiled here", span)
        type_ = FLOAT
        if isinstance(dtype, Known):
            type_ = _type_of(dtype.value, span)
        if maker == "arange":
            numbers = [a for a in args if isinstance(a, Num)]
            if not 1 <= len(numbers) == len(args) <= 3 or any(n.type == BOOL for n in numbers):
                raise refuse("`np.arange` of these is not compiled", span)
            kind = FLOAT if any(n.type == FLOAT for n in numbers) else INT
            if len(numbers) > 1 or kind == FLOAT or dtype is not None:
                bounds_of = numbers if len(numbers) > 1 else [Num(ir.Lit(0), INT), *numbers]
                atoms: list[ir.Atom] = [n.atom for n in [*bounds_of, Num(ir.Lit(1), INT)][:3]]
                if any(n.type == FLOAT and not isinstance(n.atom, ir.Lit) for n in numbers):
                    raise refuse("`np.arange` of variable floats is not compiled", span, help="use np.arange(n) * step")
                made = self.applied_array(more.stepped, tuple(atoms), self.like(kind, 1), stem, span)
                if dtype is None or type_ == kind:
                    return made
                if kind == INT:
                    return self.applied_array(support.as_floats, (made.atom,), self.like(FLOAT, 1), stem, span)
                raise refuse("`np.arange` of floats as ints is not compiled", span)
            return self.applied_array(support.counting, (numbers[0].atom,), self.like(INT, 1), stem, span)
        if maker == "linspace":
            numbers = [a for a in args if isinstance(a, Num)]
            if len(numbers) != 3:
                raise refuse("`np.linspace` is compiled with two numbers and a count", span)
            ends = [self.as_float(n, span).atom for n in numbers[:2]]
            return self.applied_array(support.spaced, (*ends, numbers[2].atom), self.like(FLOAT, 1), stem, span)
        kind, _, like = maker.partition("_")
        if like:
            x = args[0]
            if not isinstance(x, Arr):
                raise refuse(f"`np.{maker}` of {describe(x)} is not compiled", span)
            shape = list(self.shape(x, span).items)
            type_ = x.type if dtype is None else type_
        else:
            shape = list(args[0].items) if isinstance(args[0], Tup) else [args[0]]
        if kind == "full":
            value = args[1]
            if not isinstance(value, Num):
                raise refuse("`np.full` is compiled with a number", span)
            if dtype is None and not like:
                type_ = FLOAT if value.type == FLOAT else INT
            made = self.new(type_, shape, support.EMPTY, stem, span)
            self.array_store(made, Cut(None, None, None), value, span)
            return made
        makers = {"zeros": support.ZEROS, "ones": support.ONES, "empty": support.EMPTY}[kind]
        return self.new(type_, shape, makers, stem, span)

    def _array(self, value: Value, keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """`np.array(items)`, a new array."""
        if keywords and not (list(keywords) == ["dtype"] and isinstance(keywords["dtype"], Known)):
            raise refuse("`np.array` with these options is not compiled", span)
        wanted = _type_of(keywords["dtype"].value, span) if keywords else None  # type: ignore[union-attr]
        if isinstance(value, Arr):
            if wanted == FLOAT and value.type != FLOAT:
                return self.applied_array(support.as_floats, (value.atom,), self.like(FLOAT, value.ndim), stem, span)
            if wanted not in (None, value.type) or (wanted == FLOAT and value.dtype != "float64"):
                raise refuse("`np.array` of an array of another dtype is not compiled", span)
            return self.applied_array(support.copied, (value.atom,), value, stem, span)
        if isinstance(value, Num):
            raise refuse("an array without dimensions is not compiled", span)
        made = value if isinstance(value, Tup) else Tup(tuple(self.items(value, span)))
        if wanted == FLOAT:
            made = Tup(tuple(self._float_item(i, span) for i in made.items), made.cls)
        return self.from_items(made, stem, span)

    def _float_item(self, value: Value, span: Span) -> Value:
        if isinstance(value, Num):
            return self.as_float(value, span)
        if isinstance(value, Tup):
            return Tup(tuple(self._float_item(i, span) for i in value.items), value.cls)
        return value

    def _reduction(
        self, callee: Any, x: Arr, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value:
        """`np.sum(a)`, `np.mean(a, axis=0)`."""
        axis = keywords.get("axis", args[0] if args else Known(None))
        kept = keywords.get("keepdims", Num(ir.Lit(False), BOOL))
        if len(args) > 1 or set(keywords) - {"axis", "keepdims"} or not isinstance(kept, Num):
            raise refuse(f"`{callable_name(callee)}` with these options is not compiled", span)
        if kept.atom != ir.Lit(False):
            return self._with_kept_axis(callee, x, axis, stem, span)
        whole, along = _REDUCTIONS[callee]
        whole_ints = isinstance(axis, Known) and axis.value is None and x.dtype == "int64"
        if x.type != FLOAT and callee not in (np.sum, sum) and not (whole_ints and callee in _EXTREMES):
            raise refuse(f"`{callable_name(callee)}` is compiled for arrays of floats", span)
        if isinstance(axis, Tup) and along is not None and kept.atom == ir.Lit(False):
            return self._along_axes(callee, x, list(axis.items), stem, span)
        if isinstance(axis, Known) and axis.value is None:
            return self.applied_number(whole, (x.atom,), x.type, stem, span)
        if along is None or not (isinstance(axis, Num) and isinstance(axis.atom, ir.Lit)) or x.type != FLOAT:
            raise refuse(f"`{callable_name(callee)}` along this axis is not compiled", span)
        place = int(axis.atom.value) % x.ndim
        if isinstance(along, str) and x.ndim > 1:
            function = more.extreme_along(along, x.ndim, place)
            return self.applied_array(function, (x.atom,), self.like(FLOAT, x.ndim - 1), stem, span)
        if x.ndim == 1:
            return self.applied_number(whole, (x.atom,), FLOAT, stem, span)
        return self.applied_array(along[x.ndim, place], (x.atom,), self.like(FLOAT, x.ndim - 1), stem, span)

    def _along_axes(self, callee: Any, x: Arr, axes: list[Value], stem: str, span: Span) -> Value:
        """`np.sum(a, axis=(0, 1))`: one axis after the other, the last first."""
        places = {int(a.atom.value) % x.ndim for a in axes if isinstance(a, Num) and isinstance(a.atom, ir.Lit)}
        if len(places) != len(axes):
            raise refuse(f"`{callable_name(callee)}` along these axes is not compiled", span)
        if len(places) == x.ndim:
            return self._reduction(callee, x, [], {}, stem, span)
        found: Value = x
        for place in sorted(places, reverse=True):
            assert isinstance(found, Arr)
            found = self._reduction(callee, found, [Num(ir.Lit(place), INT)], {}, stem, span)
        return found

    def _with_kept_axis(self, callee: Any, x: Arr, axis: Value, stem: str, span: Span) -> Value:
        """A reduction whose axis stays, with length 1."""
        if not (isinstance(axis, Num) and isinstance(axis.atom, ir.Lit)) or x.ndim < 2:
            raise refuse(f"`{callable_name(callee)}` with these options is not compiled", span)
        found = self._reduction(callee, x, [], {"axis": axis}, "_t", span)
        place = int(axis.atom.value) % x.ndim
        index: list[Value] = [Cut(None, None, None)] * (x.ndim - 1)
        index.insert(place, Known(None))
        assert isinstance(found, Arr)
        return self.array_item(found, Tup(tuple(index)), stem, span)


def _type_of(dtype: Any, span: Span) -> str:
    if dtype in (float, np.float64) or dtype == np.dtype(np.float64):
        return FLOAT
    if dtype in (int, np.int64) or dtype == np.dtype(np.int64):
        return INT
    raise refuse(f"the dtype {getattr(dtype, '__name__', dtype)} is not compiled here", span)


_MAKERS: dict[Any, str] = {
    np.zeros: "zeros", np.ones: "ones", np.empty: "empty", np.full: "full", np.zeros_like: "zeros_like",
    np.ones_like: "ones_like", np.empty_like: "empty_like", np.full_like: "full_like", np.arange: "arange",
    np.linspace: "linspace",
}  # fmt: skip
_EXTREMES = (np.max, np.min, max, min)
_REDUCTIONS: dict[Any, Any] = {
    np.sum: (support.total, support.SUMS), sum: (support.total, None), np.mean: (support.mean, support.MEANS),
    np.max: (support.largest, "max"), np.min: (support.smallest, "min"), max: (support.largest, None),
    min: (support.smallest, None), np.prod: (support.product, None),
}  # fmt: skip
