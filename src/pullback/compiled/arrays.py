"""Arrays in compiled code: entries, views, stores, and operators.

    a[i, j]              a number                a[i, j] = x        a store
    v = a[1:]            a view, which shares    a += b             a store into all of a
    a * b + c            new arrays, by NumPy's rules of broadcasting
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled import array_support as more
from pullback.compiled import support
from pullback.compiled.base import Base
from pullback.compiled.values import BOOL, FLOAT, INT, Arr, Cut, Known, Num, Tup, Value, describe, refuse
from pullback.kinds import TUPLE_KIND, Kind
from pullback.spans import Span

MOST_DIMENSIONS = 4


class Arrays(Base):
    """What is done with arrays, but for calls of NumPy's functions."""

    def like(self, type_: str, ndim: int, dtype: str = "float64") -> Arr:
        """The type of a new array."""
        return Arr("", type_, ndim, dtype if type_ == FLOAT else "int64")

    def applied_array(self, function: Any, operands: tuple[ir.Atom, ...], like: Arr, stem: str, span: Span) -> Arr:
        """A new array: the result of a call."""
        call = ir.Apply(self.unit.function(function, getattr(function, "__name__", "function")), operands)
        return self.unit.array(stem, call, like, span)

    def applied_number(self, function: Any, operands: tuple[ir.Atom, ...], type_: str, stem: str, span: Span) -> Num:
        """A number: the result of a call."""
        call = ir.Apply(self.unit.function(function, getattr(function, "__name__", "function")), operands)
        return self.unit.number(stem, call, type_, span)

    # --- operators --------------------------------------------------------------------------------

    def array_operation(self, op: str, a: Num | Arr, b: Num | Arr, stem: str, span: Span, inplace: bool) -> Value:
        """An operator on an array and an array or number, entry by entry."""
        if op == "@":
            return self.product(a, b, stem, span)
        arrays = [x for x in (a, b) if isinstance(x, Arr)]
        masks = [x for x in (a, b) if (isinstance(x, Arr) and x.dtype == "bool") or x.type == "b"]
        if op in ("&", "|", "^") and len(masks) == 2 and not inplace:
            like = Arr("", INT, max(x.ndim for x in arrays), "bool")
            return self.unit.array(stem, ir.Operation(op, (a.atom, b.atom)), like, span)
        if op not in ("+", "-", "*", "/", "**", "//", "%") or len(masks) == 2:
            raise refuse(f"`{op}` of arrays is not compiled", span)
        type_ = FLOAT if op == "/" or FLOAT in (a.type, b.type) else INT
        ndim = max(x.ndim for x in arrays)
        dtype = "float32" if type_ == FLOAT and all(x.dtype == "float32" for x in arrays) else "float64"
        if op == "**":
            if not (isinstance(a, Arr) and isinstance(b, Num) and a.type == FLOAT):
                raise refuse("`**` is compiled for an array of floats and a number", span)
            like = self.like(type_, ndim, dtype)
            found: Value = self.applied_array(support.array_power, (a.atom, b.atom), like, stem, span)
        else:
            found = self.unit.array(stem, ir.Operation(op, (a.atom, b.atom)), self.like(type_, ndim, dtype), span)
        if not inplace or not isinstance(a, Arr):
            return found
        if ndim != a.ndim:
            raise refuse("an array is changed in place by one of more dimensions", span)
        self.array_store(a, Cut(None, None, None), found, span)
        return a

    def product(self, a: Num | Arr, b: Num | Arr, stem: str, span: Span) -> Value:
        """`a @ b`, of vectors and matrices."""
        if not (isinstance(a, Arr) and isinstance(b, Arr)) or a.ndim > 2 or b.ndim > 2:
            raise refuse("`@` is compiled for vectors and matrices", span)
        if FLOAT not in (a.type, b.type) or a.type != b.type:
            raise refuse("`@` is compiled for arrays of floats", span)
        function = support.PRODUCTS[a.ndim, b.ndim]
        ndim = a.ndim + b.ndim - 2
        if ndim == 0:
            return self.applied_number(function, (a.atom, b.atom), FLOAT, stem, span)
        return self.applied_array(function, (a.atom, b.atom), self.like(FLOAT, ndim), stem, span)

    # --- attributes -------------------------------------------------------------------------------

    def length(self, x: Arr, span: Span) -> Num:
        """`len(x)`."""
        return self.unit.bounded(self.applied_number(len, (x.atom,), INT, "_t", span), 48)

    def shape(self, x: Arr, span: Span) -> Tup:
        """`x.shape`."""
        axes = [(x.atom, ir.Lit(k)) for k in range(x.ndim)]
        made = (self.applied_number(support.extent, pair, INT, "_t", span) for pair in axes)
        return Tup(tuple(self.unit.bounded(n, 48) for n in made))

    def array_attribute(self, owner: Arr, name: str, span: Span) -> Value:
        """`x.shape`, `x.T` and the like."""
        match name:
            case "shape":
                return self.shape(owner, span)
            case "ndim":
                return Num(ir.Lit(owner.ndim), INT)
            case "size":
                return self.unit.bounded(self.applied_number(support.size, (owner.atom,), INT, "_t", span), 48)
            case "dtype":
                return Known(np.dtype(owner.dtype))
            case "T":
                if owner.ndim < 2:
                    return owner
                return self.view(support.transposed, (owner.atom,), owner, owner.ndim, "_t", span)
            case "real":
                return owner
        raise refuse(f"`.{name}` of an array is not compiled", span)

    def view(self, function: Any, operands: tuple[ir.Atom, ...], of: Arr, ndim: int, stem: str, span: Span) -> Arr:
        """A new array that shares the memory of another."""
        made = self.applied_array(function, operands, Arr("", of.type, ndim, of.dtype), stem, span)
        self.unit.share(made.name, of.name)
        return made

    # --- entries ----------------------------------------------------------------------------------

    def place(self, owner: Arr, index: Value, span: Span) -> tuple[ir.Atom, int]:
        """An index as an operand, and the number of dimensions that it leaves."""
        parts = list(index.items) if isinstance(index, Tup) else [index]
        dots = [i for i, p in enumerate(parts) if isinstance(p, Known) and p.value is ...]
        if dots:
            used = sum(not (isinstance(p, Known) and p.value is None) for p in parts) - 1
            parts[dots[0] : dots[0] + 1] = [Cut(None, None, None)] * (owner.ndim - used)
        atoms: list[ir.Atom] = []
        left = owner.ndim
        for part in parts:
            match part:
                case Num(type="i"):
                    atoms.append(part.atom)
                    left -= 1
                case Cut():
                    atoms.append(self.slice(part, span))
                case Known(value=None):
                    atoms.append(ir.Lit(None))
                    left += 1
                case _:
                    message = f"an array's index by {describe(part)} is not compiled"
                    raise refuse(message, span, help="use ints and slices")
        if left < 0 or left > MOST_DIMENSIONS:
            raise refuse(f"{len(parts)} indices of {describe(owner)}", span)
        if len(atoms) == 1:
            return atoms[0], left
        name = self.unit.fresh("_t")
        self.unit.kinds[name] = TUPLE_KIND
        self.unit.indices[name] = tuple(atoms)
        stmt = ir.Bind(name, ir.Build("tuple", tuple(atoms)), span)
        stmt.facts.kinds = tuple(self.unit.kind(a) for a in atoms)
        stmt.facts.kind = TUPLE_KIND
        self.unit.append(stmt)
        return ir.Var(name), left

    def slice(self, cut: Cut, span: Span) -> ir.Var:
        """A slice as an operand."""
        atoms = []
        for part in (cut.start, cut.stop, cut.step):
            if part is not None and not (isinstance(part, Num) and part.type == INT):
                raise refuse(f"a slice by {describe(part)}", span)
            atoms.append(ir.Lit(None) if part is None else part.atom)
        name = self.unit.fresh("_t")
        self.unit.kinds[name] = Kind(0, slice)
        self.unit.indices[name] = tuple(atoms)
        stmt = ir.Bind(name, ir.Build("slice", tuple(atoms)), span)
        stmt.facts.kinds = tuple(self.unit.kind(a) for a in atoms)
        stmt.facts.kind = self.unit.kinds[name]
        self.unit.append(stmt)
        return ir.Var(name)

    def array_item(self, owner: Arr, index: Value, stem: str, span: Span) -> Value:
        """`a[i]`: a number, or a view; entries by an array of ints or bools are new."""
        if isinstance(index, Tup) and index.cls is list:
            index = self.from_items(index, "_t", span)
        if isinstance(index, Arr) and index.type == INT:
            return self._picked(owner, index, stem, span)
        if isinstance(index, Tup) and any(isinstance(i, Tup) and i.cls is list for i in index.items):
            parts = (self.from_items(i, "_t", span) if isinstance(i, Tup) and i.cls is list else i for i in index.items)
            index = Tup(tuple(parts))
        if isinstance(index, Tup) and any(isinstance(i, Arr) for i in index.items):
            return self._picked_along(owner, index.items, stem, span)
        place, left = self.place(owner, index, span)
        if left == 0:
            return self.unit.number(stem, ir.Item(owner.atom, place), owner.type, span)
        made = self.unit.array(stem, ir.Item(owner.atom, place), Arr("", owner.type, left, owner.dtype), span)
        self.unit.share(made.name, owner.name)
        return made

    def _picked(self, owner: Arr, index: Arr, stem: str, span: Span) -> Arr:
        if index.dtype == "bool":
            if index.ndim not in (1, owner.ndim):
                raise refuse(f"{describe(owner)} by a mask of {index.ndim}", span)
            function, ndim = more.masked(owner.ndim, index.ndim), owner.ndim - index.ndim + 1
        elif index.ndim == 1:
            function, ndim = more.taken(owner.ndim), owner.ndim
        else:
            raise refuse(f"an index of {index.ndim} dimensions is not compiled", span)
        like = Arr("", owner.type, ndim, owner.dtype)
        return self.applied_array(function, (owner.atom, index.atom), like, stem, span)

    def _picked_along(self, owner: Arr, index: tuple[Value, ...], stem: str, span: Span) -> Value:
        """`a[k, m]`, `a[k, 1]`, `a[:, k]` of a matrix."""
        arrays = [i for i in index if isinstance(i, Arr) and i.type == INT and i.ndim == 1 and i.dtype != "bool"]
        if owner.ndim != 2 or len(index) != 2 or len(arrays) != sum(isinstance(i, Arr) for i in index):
            raise refuse(f"these indices of {describe(owner)} are not compiled", span)
        if len(arrays) == 2:
            atoms = (owner.atom, arrays[0].atom, arrays[1].atom)
            return self.applied_array(more.taken_pairs, atoms, Arr("", owner.type, 1, owner.dtype), stem, span)
        place = next(n for n, i in enumerate(index) if isinstance(i, Arr))
        other, whole = index[1 - place], Cut(None, None, None)
        rest = self.array_item(owner, Tup((whole, other) if place == 0 else (other, whole)), "_t", span)
        if not isinstance(rest, Arr) or rest.ndim > 2:
            raise refuse(f"these indices of {describe(owner)} are not compiled", span)
        if rest.ndim == 1 or place == 0:
            return self._picked(rest, arrays[0], stem, span)
        turned = self.view(support.transposed, (rest.atom,), rest, 2, "_t", span)
        return self.array_attribute(self._picked(turned, arrays[0], "_t", span), "T", span)

    def _picked_store(self, owner: Arr, index: Arr, value: Value, span: Span) -> None:
        """`a[k] = value` for an array of ints, `a[mask] = value`."""
        if not isinstance(value, (Num, Arr)):
            raise refuse(f"storing {describe(value)} by an index array is not compiled", span)
        if index.dtype == "bool" and isinstance(value, Num) and owner.type == FLOAT and index.ndim == owner.ndim:
            function = more.choice("where", (index.ndim, 0, owner.ndim), owner.ndim)
            operands = (index.atom, self.as_float(value, span).atom, owner.atom)
            chosen = self.applied_array(function, operands, self.like(FLOAT, owner.ndim), "_t", span)
            self.array_store(owner, Cut(None, None, None), chosen, span)
            return
        if index.ndim != 1 or owner.ndim != 1 or (value.type == FLOAT and owner.type != FLOAT):
            raise refuse(f"storing into {describe(owner)} by this index is not compiled", span)
        stmt = ir.Store(owner.atom, index.atom, value.atom, False, span)
        stmt.facts.kinds = (self.unit.kind(owner.atom), self.unit.kind(value.atom), self.unit.kind(index.atom))
        self.unit.stores[id(stmt)] = 1
        self.unit.append(stmt)

    def array_store(self, owner: Arr, index: Value, value: Value, span: Span) -> None:
        """`a[i] = value`."""
        if isinstance(index, Tup) and index.cls is list:
            index = self.from_items(index, "_t", span)
        if isinstance(index, Arr) and index.type == INT:
            self._picked_store(owner, index, value, span)
            return
        place, left = self.place(owner, index, span)
        if not isinstance(value, (Num, Arr)):
            if not (isinstance(value, Tup) and left == 1):
                raise refuse(f"storing {describe(value)} into an array is not compiled", span)
            value = self.from_items(value, "_t", span)
        if isinstance(value, Arr) and (left == 0 or value.ndim > left):
            raise refuse("an array is stored where a number belongs", span)
        if value.type == FLOAT and owner.type != FLOAT:
            message = "a float is stored into an array of ints, which cuts it off"
            raise refuse(message, span, help="make it an array of floats")
        stmt = ir.Store(owner.atom, place, value.atom, False, span)
        stmt.facts.kinds = (self.unit.kind(owner.atom), self.unit.kind(value.atom), self.unit.kind(place))
        self.unit.stores[id(stmt)] = left
        self.unit.append(stmt)

    def from_items(self, value: Tup, stem: str, span: Span) -> Arr:
        """A new array of numbers, or of rows of numbers."""
        rows = value.items
        if not rows:
            raise refuse("an array of nothing", span)
        nested = all(isinstance(r, Tup) for r in rows)
        if nested:
            widths = {len(r.items) for r in rows if isinstance(r, Tup)}
            if len(widths) != 1:
                raise refuse("an array of rows of different lengths", span)
            shape: tuple[int, ...] = (len(rows), widths.pop())
        else:
            shape = (len(rows),)
        flat: list[tuple[tuple[int, ...], Value]] = []
        for i, row in enumerate(rows):
            if isinstance(row, Tup):
                flat += [((i, j), x) for j, x in enumerate(row.items)]
            else:
                flat.append(((i,), row))
        if not all(isinstance(v, Num) for _, v in flat):
            raise refuse(f"an array of {describe(rows[0])} is not compiled", span)
        type_ = FLOAT if any(v.type == FLOAT for _, v in flat if isinstance(v, Num)) else INT
        made = self.new(type_, [Num(ir.Lit(n), INT) for n in shape], support.EMPTY, stem, span)
        for index, item in flat:
            self.array_store(made, Tup(tuple(Num(ir.Lit(k), INT) for k in index)), item, span)
        if all(v.type == BOOL for _, v in flat if isinstance(v, Num)):
            test = ir.Compare((ast.NotEq(),), (made.atom, ir.Lit(0)))
            return self.unit.array("_t", test, Arr("", INT, made.ndim, "bool"), span)
        return made

    def new(self, type_: str, shape: list[Value], makers: dict[Any, Any], stem: str, span: Span) -> Arr:
        """A new array of a shape."""
        atoms = []
        for part in shape:
            if not (isinstance(part, Num) and part.type == INT):
                raise refuse(f"{describe(part)} as an array's length", span)
            atoms.append(part.atom)
        if len(atoms) > MOST_DIMENSIONS:
            raise refuse(f"an array of {len(atoms)} dimensions", span)
        return self.applied_array(makers[type_, len(atoms)], tuple(atoms), self.like(type_, len(atoms)), stem, span)
