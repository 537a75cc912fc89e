"""Arithmetic of integers of less than 64 bits, which NumPy lets wrap around and compiled code does not.

    a[i] * a[i]     of int8: NumPy's has 8 bits, Numba's has 64
    x * a[i], b[a[i]], int(a[i]) * int(a[i])     are the same in both
"""

from __future__ import annotations

import numpy as np

from pullback import ir
from pullback.compiled import array_support as more
from pullback.compiled import support
from pullback.compiled.unit import Unit
from pullback.compiled.values import BOOL, INT, Arr, CompileError, refuse
from pullback.spans import Span

# What gives the same integers, however many bits the entries have.
_HARMLESS = frozenset(
    map(id, (int, len, support.extent, support.size, support.total, more.index_of_largest, more.index_of_smallest))
)


def refuse_narrow(unit: Unit) -> None:
    """Refuse operations whose result has as many bits as the entries of an array of such integers.

    Found once all statements are there: a variable may hold such an entry on one way only.
    """
    narrow = {n: a.dtype for n, a in unit.arrays.items() if is_narrow(a)}
    bindings = [s for s in ir.walk(unit.block) if isinstance(s, ir.Bind)] if narrow else []
    known = 0
    while len(narrow) > known:
        known = len(narrow)
        for stmt in bindings:
            operands = [a.name for a in ir.atoms(stmt.expr) if isinstance(a, ir.Var)]
            found = next((narrow[n] for n in operands if n in narrow), None)
            if found is None or stmt.target in narrow or unit.types.get(stmt.target, INT) != INT:
                continue
            if isinstance(stmt.expr, ir.Copy) or (isinstance(stmt.expr, ir.Item) and operands[0] in narrow):
                narrow[stmt.target] = found
    for stmt in bindings:
        if stmt.target in narrow or isinstance(stmt.expr, (ir.Copy, ir.Item, ir.Build)):
            continue
        array = unit.arrays.get(stmt.target)
        of = unit.types.get(stmt.target) if array is None else (BOOL if array.dtype == "bool" else array.type)
        if of != INT or (isinstance(stmt.expr, ir.Apply) and id(stmt.facts.callee) in _HARMLESS):
            continue
        dtype = next((narrow[a.name] for a in ir.atoms(stmt.expr) if isinstance(a, ir.Var) and a.name in narrow), None)
        if dtype is None:
            continue
        raise wrapping(dtype, stmt.span)


def wrapping(dtype: str, span: Span) -> CompileError:
    """The error for arithmetic that depends on how many bits the operands have."""
    wraps = "wraps around" if np.dtype(dtype).itemsize < 8 else "has no sign"
    return refuse(
        f"arithmetic of {dtype}, which {wraps} in NumPy, is not compiled", span,
        help="write int(...) around the entry, or pass the array as int64",
    )  # fmt: skip


def is_narrow(array: Arr) -> bool:
    """Whether sums of an array's entries depend on how many bits they have."""
    return array.type == INT and array.dtype not in ("int64", "bool")
