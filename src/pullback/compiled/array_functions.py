"""More of NumPy's functions in compiled code: choices, shapes, statistics, entries by index arrays, linear algebra.

np.where(a > 0.0, a, 0.0)      a call with an adjoint of its own
np.var(a, axis=0)              the means that it is made of
np.concatenate([a, b])         a new array, and a store for each part
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled import array_support as more
from pullback.compiled import support
from pullback.compiled.expressions import Expressions
from pullback.compiled.unit import Unstored
from pullback.compiled.values import BOOL, FLOAT, INT, Arr, Cut, Known, Num, Tup, Value, refuse
from pullback.rules import callable_name
from pullback.spans import Span

_RESHAPED = "`reshape` of an array that is changed in place is not compiled"
_ALL = Cut(None, None, None)
_NONE = Known(None)


class ArrayFunctions(Expressions):
    """Calls of NumPy's functions that are made of others, or that have a backward function."""

    def array_call(self, callee: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span) -> Value:
        """A call of a function with arrays."""
        raise NotImplementedError

    def array_function(
        self, callee: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value | None:
        """The value of such a call, or None if it is none of these."""
        found = _FUNCTIONS.get(callee)
        if found is None:
            return None
        name, arguments = found
        given = dict(zip(arguments, args, strict=False))
        if len(args) > len(arguments) or set(keywords) - set(arguments):
            raise refuse(f"`{callable_name(callee)}` with these options is not compiled", span)
        made: Value | None = getattr(self, name)(callee, {**given, **keywords}, stem, span)
        return made

    # --- choices ----------------------------------------------------------------------------------

    def chosen_entries(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.where`, `np.maximum`, `np.minimum`."""
        values = list(given.values())
        if not all(isinstance(v, (Num, Arr)) for v in values) or not any(isinstance(v, Arr) for v in values):
            return None
        parts = [v for v in values if isinstance(v, (Num, Arr))]
        if callee is np.where:
            if len(parts) != 3:
                raise refuse("`np.where` is compiled with three arguments", span)
            test = parts[0]
            if test.type != BOOL and not (isinstance(test, Arr) and test.dtype == "bool"):
                raise refuse("`np.where` is compiled for conditions", span, help="compare with 0: x != 0")
        values_only = parts[1:] if callee is np.where else parts
        floats = [self._as_floats(p, span) for p in values_only]
        operands = [*parts[: len(parts) - len(floats)], *floats]
        ndims = tuple(p.ndim if isinstance(p, Arr) else 0 for p in operands)
        function = more.choice(callee.__name__, ndims, max(ndims))
        return self.applied_array(function, tuple(p.atom for p in operands), self.like(FLOAT, max(ndims)), stem, span)

    def _as_floats(self, value: Num | Arr, span: Span) -> Num | Arr:
        if isinstance(value, Num):
            return self.as_float(value, span)
        if value.type == FLOAT:
            return value
        return self.applied_array(support.as_floats, (value.atom,), self.like(FLOAT, value.ndim), "_t", span)

    def clipped(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.clip(a, low, high)`."""
        value = given["a"]
        if not isinstance(value, Arr):
            return None
        for name, choice in (("low", np.maximum), ("high", np.minimum)):
            bound = given.get(name, _NONE)
            if isinstance(bound, (Num, Arr)):
                value = self.array_call(choice, [value, bound], {}, stem, span)
        return value

    # --- shapes -----------------------------------------------------------------------------------

    def reshaped(self, x: Arr, shape: Value, stem: str, span: Span) -> Value:
        """`x.reshape(shape)`: a copy, where nothing is stored into either."""
        parts = list(shape.items) if isinstance(shape, Tup) else [shape]
        if not all(isinstance(p, Num) and p.type == INT for p in parts):
            raise refuse("this shape is not compiled", span)
        atoms = tuple(p.atom for p in parts if isinstance(p, Num))
        if not 1 <= len(atoms) <= 4:
            raise refuse(f"an array of {len(atoms)} dimensions", span)
        like = Arr("", x.type, len(atoms), x.dtype)
        made = self.applied_array(more.reshaped(x.ndim, len(atoms)), (x.atom, *atoms), like, stem, span)
        self.unit.unstored.append(Unstored((made.name, x.name), span, _RESHAPED))
        return made

    def reshaping(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.reshape(a, shape)` and `np.ravel(a)`."""
        x = given["a"]
        if not isinstance(x, Arr):
            return None
        return self.reshaped(x, given.get("shape", Num(ir.Lit(-1), INT)), stem, span)

    def joined_arrays(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.concatenate`, `np.hstack` and `np.stack` along the first axis."""
        axis = given.get("axis", Num(ir.Lit(0), INT))
        parts = self.items(given["arrays"], span)
        if not (isinstance(axis, Num) and axis.atom == ir.Lit(0)) or not all(isinstance(p, Arr) for p in parts):
            raise refuse(f"`{callable_name(callee)}` of these is not compiled", span)
        arrays = [p for p in parts if isinstance(p, Arr)]
        first = arrays[0]
        stacked = callee in (np.stack, np.vstack)
        if any(a.ndim != first.ndim for a in arrays) or (first.ndim > 1 and callee in (np.hstack, np.vstack)):
            raise refuse(f"`{callable_name(callee)}` of these is not compiled", span)
        type_ = FLOAT if any(a.type == FLOAT for a in arrays) else INT
        lengths = [self.length(a, span) for a in arrays]
        whole: Num = Num(ir.Lit(len(arrays)), INT) if stacked else lengths[0]
        for n in [] if stacked else lengths[1:]:
            whole = self.integer("+", whole, n, "_t", span)
        rest = list(self.shape(first, span).items)
        made = self.new(type_, [whole, *(rest if stacked else rest[1:])], support.EMPTY, stem, span)
        at: Num = Num(ir.Lit(0), INT)
        for i, (a, n) in enumerate(zip(arrays, lengths, strict=True)):
            if stacked:
                self.array_store(made, Num(ir.Lit(i), INT), a, span)
                continue
            end = self.integer("+", at, n, "_t", span)
            self.array_store(made, Cut(at, end, None), a, span)
            at = end
        return made

    def differences(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.diff(a)` of a vector."""
        x = given["a"]
        if not isinstance(x, Arr) or x.ndim != 1:
            return None
        upper = self.array_item(x, Cut(Num(ir.Lit(1), INT), None, None), "_t", span)
        lower = self.array_item(x, Cut(None, Num(ir.Lit(-1), INT), None), "_t", span)
        return self.binary("-", upper, lower, stem, span)

    def rolling(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.roll(a, n, axis)`; without an axis, of the entries in order."""
        x, n, axis = given["a"], given["shift"], given.get("axis", _NONE)
        if not isinstance(x, Arr) or not (isinstance(n, Num) and n.type == INT):
            return None
        if isinstance(axis, Known) and axis.value is None and x.ndim > 1:
            flat = self.reshaped(x, Num(ir.Lit(-1), INT), "_t", span)
            turned = self.rolling(callee, {"a": flat, "shift": n}, "_t", span)
            assert isinstance(turned, Arr)
            return self.reshaped(turned, self.shape(x, span), stem, span)
        if isinstance(axis, Known) and axis.value is None:
            axis = Num(ir.Lit(0), INT)
        if not (isinstance(axis, Num) and isinstance(axis.atom, ir.Lit) and -x.ndim <= axis.atom.value < x.ndim):
            return None
        function = more.rolled(x.ndim, int(axis.atom.value) % x.ndim)
        return self.applied_array(function, (x.atom, n.atom), Arr("", x.type, x.ndim, x.dtype), stem, span)

    # --- statistics -------------------------------------------------------------------------------

    def variance(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.var` and `np.std`."""
        x = given["a"]
        if not isinstance(x, Arr) or x.type != FLOAT:
            return None
        axis = given.get("axis", _NONE)
        options: dict[str, Value] = {} if isinstance(axis, Known) else {"axis": axis}
        kept: dict[str, Value] = {**options, "keepdims": Num(ir.Lit(True), BOOL)} if options else {}
        centred = self.binary("-", x, self.array_call(np.mean, [x], kept, "_t", span), "_t", span)
        squares = self.binary("*", centred, centred, "_t", span)
        found = self.array_call(np.mean, [squares], options, stem, span)
        if callee is np.var:
            return found
        if isinstance(found, Num):
            return self.call(Known(np.sqrt), [found], {}, stem, span)
        return self.array_call(np.sqrt, [found], {}, stem, span)

    def of_a_vector(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.cumsum`, `np.argmax` and `np.argmin`."""
        x = given["a"]
        if not isinstance(x, Arr) or x.ndim != 1 or x.type != FLOAT:
            return None
        if callee is np.cumsum:
            return self.applied_array(more.running_sum, (x.atom,), self.like(FLOAT, 1), stem, span)
        function = more.index_of_largest if callee is np.argmax else more.index_of_smallest
        return self.unit.bounded(self.applied_number(function, (x.atom,), INT, stem, span), 48)

    def places_in_order(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.argsort` of a vector; equal entries keep their order."""
        x = given["a"]
        if not isinstance(x, Arr) or x.ndim != 1:
            return None
        return self.applied_array(more.places_in_order, (x.atom,), self.like(INT, 1), stem, span)

    # --- linear algebra ---------------------------------------------------------------------------

    def linear_algebra(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.linalg.solve`, `inv`, `det` and `norm`."""
        values = list(given.values())
        if not all(isinstance(v, Arr) and v.type == FLOAT and v.dtype == "float64" for v in values):
            return None
        arrays = [v for v in values if isinstance(v, Arr)]
        if callee is np.linalg.norm:
            return self.applied_number(more.length, (arrays[0].atom,), FLOAT, stem, span)
        if arrays[0].ndim != 2:
            return None
        if callee is np.linalg.det:
            return self.applied_number(more.determinant, (arrays[0].atom,), FLOAT, stem, span)
        if callee is np.linalg.inv:
            return self.applied_array(more.inverse, (arrays[0].atom,), arrays[0], stem, span)
        a, b = arrays
        if b.ndim > 2:
            return None
        function = more.solved if b.ndim == 1 else more.solved_matrix
        return self.applied_array(function, (a.atom, b.atom), b, stem, span)

    def new_matrix(self, callee: Any, given: dict[str, Value], stem: str, span: Span) -> Value | None:
        """`np.eye(n)`."""
        n = given["n"]
        if not (isinstance(n, Num) and n.type == INT):
            return None
        return self.applied_array(more.identity, (n.atom,), self.like(FLOAT, 2), stem, span)


_FUNCTIONS: dict[Any, tuple[str, tuple[str, ...]]] = {
    np.where: ("chosen_entries", ("c", "a", "b")), np.maximum: ("chosen_entries", ("a", "b")),
    np.minimum: ("chosen_entries", ("a", "b")), np.clip: ("clipped", ("a", "low", "high")),
    np.reshape: ("reshaping", ("a", "shape")), np.ravel: ("reshaping", ("a",)),
    np.concatenate: ("joined_arrays", ("arrays", "axis")), np.stack: ("joined_arrays", ("arrays", "axis")),
    np.hstack: ("joined_arrays", ("arrays",)), np.vstack: ("joined_arrays", ("arrays",)),
    np.diff: ("differences", ("a",)), np.var: ("variance", ("a", "axis")), np.std: ("variance", ("a", "axis")),
    np.roll: ("rolling", ("a", "shift", "axis")), np.argsort: ("places_in_order", ("a", "axis", "kind")),
    np.cumsum: ("of_a_vector", ("a",)), np.argmax: ("of_a_vector", ("a",)), np.argmin: ("of_a_vector", ("a",)),
    np.linalg.solve: ("linear_algebra", ("a", "b")), np.linalg.inv: ("linear_algebra", ("a",)),
    np.linalg.det: ("linear_algebra", ("a",)), np.linalg.norm: ("linear_algebra", ("a",)),
    np.eye: ("new_matrix", ("n",)), np.identity: ("new_matrix", ("n",)),
}  # fmt: skip
