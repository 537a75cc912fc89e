"""Operands that NumPy takes for arrays: floats, NumPy scalars, arrays, and nested lists of these.

    m = form([x, [..]])        what a cotangent needs to know of an operand whose value is not kept
    restore(t, m)              the cotangent t, an array, in the operand's own structure and dtype
    gathered(u, m)             the reverse: a structured cotangent u, with its ZEROs, as one array
    filled(t, x)               the tangent t of an operand x without ZEROs: what forward mode computes with

A template that needs nothing else of `a` mentions it as `form(a)` or `np.shape(a)` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from pullback.errors import DifferentiabilityError
from pullback.fitting import fit, fit_to
from pullback.rules import constant, rule
from pullback.tangents import NO_TANGENT, ZERO, Tangent

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Form = Any  # (shape, dtype) of an array, Nested of a list or tuple, a scalar itself


@dataclass(frozen=True, slots=True)
class Nested:
    """The form of a list or tuple: its class and its items' forms."""

    kind: Any
    parts: list[Form]

    @property
    def shape(self) -> Shape:
        """The shape of the array that NumPy makes of it."""
        return (len(self.parts), *(shape_of(self.parts[0]) if self.parts else ()))

    def rebuilt(self, items: list[Tangent]) -> Tangent:
        """A list or tuple of this kind with the given items."""
        made: Tangent = self.kind._make(items) if hasattr(self.kind, "_make") else self.kind(items)
        return made


def form(x: Any) -> Form:
    """The form of an operand: of an array its shape and dtype, of a list its items' forms."""
    if isinstance(x, np.ndarray):
        return (x.shape, x.dtype)
    if isinstance(x, (list, tuple)):
        return Nested(type(x), [form(v) for v in x])
    return x


def shape_of(m: Form) -> Shape:
    """The shape of the operand with the form `m`, as NumPy sees it."""
    if m.__class__ is tuple:
        shape: Shape = m[0]
        return shape
    return m.shape if isinstance(m, Nested) else ()


def size_of(m: Form) -> int:
    """The number of entries of the operand with the form `m`."""
    size = 1
    for n in shape_of(m):
        size *= n
    return size


def restore(t: Tangent, m: Form) -> Tangent:
    """The cotangent `t`, an array, for the operand with the form `m`: summed over broadcast axes."""
    if t is ZERO or t is NO_TANGENT:
        return t
    if m.__class__ is tuple:
        if t.__class__ is np.ndarray and t.shape == m[0] and t.dtype is m[1]:
            return t
        return fit_to(t, m[0], m[1])
    if not isinstance(m, Nested):
        return fit(t, m)
    t = np.asarray(t)
    if t.shape != m.shape:
        t = fit_to(t, m.shape, t.dtype)
    if t.ndim == 1 and t.dtype.kind == "f" and t.itemsize <= 8 and all(p.__class__ is float for p in m.parts):
        return m.rebuilt(t.tolist())
    return m.rebuilt([restore(t[k], part) for k, part in enumerate(m.parts)])


def gathered(u: Tangent, m: Form) -> Array:
    """The structured cotangent `u` of a value with the form `m` as one array; ZERO is written out."""
    if isinstance(m, Nested) and u is not ZERO and u is not NO_TANGENT and not isinstance(u, np.ndarray):
        return np.stack([gathered(v, part) for v, part in zip(u, m.parts, strict=True)]) if m.parts else np.zeros(0)
    if u is ZERO or u is NO_TANGENT:
        inexact = m.__class__ is tuple and m[1].kind in "fc"
        return np.zeros(shape_of(m), m[1] if inexact else np.float64)
    return np.asarray(u)


def reshaped(t: Tangent, m: Form, order: Any = "C") -> Tangent:
    """The cotangent `t` of a reshaped operand with the form `m`."""
    if t is ZERO or t is NO_TANGENT:
        return t
    return restore(np.reshape(t, shape_of(m), entry_order(order)), m)


def entry_order(order: Any) -> Any:
    """The order in which entries are read: not one that depends on how the operand lies in memory."""
    if order not in ("C", "F"):
        refuse(f"reshaping in memory order ({order!r}) has no derivative here; pass order='C' or 'F'")
    return order


def filled(t: Tangent, x: Any) -> Tangent:
    """The tangent `t` of an operand `x` as NumPy takes it: zeros written out, of the dtype of `x` in its items too."""
    if t is ZERO or t is NO_TANGENT:
        return zeros_of(x)
    if isinstance(x, (list, tuple)) and isinstance(t, (list, tuple)):
        items = [filled(u, v) for u, v in zip(t, x, strict=True)]
        return x._make(items) if hasattr(x, "_make") else type(x)(items)
    return t


def zeros_of(x: Any) -> Any:
    """Zeros in the form of an operand, so that they promote as it does: of an array, a number or a nested list."""
    if isinstance(x, (list, tuple)):
        items = [zeros_of(v) for v in x]
        return x._make(items) if hasattr(x, "_make") else type(x)(items)
    if isinstance(x, np.ndarray):
        return np.zeros_like(x)
    return type(x)(0) if isinstance(x, (int, float, complex, np.generic)) else x


def spread_to(t: Any, shape: Shape) -> Array:
    """`t` broadcast to `shape`, as an array that may be written to."""
    return np.asarray(t) if np.shape(t) == shape else np.broadcast_to(t, shape).copy()


def refuse(text: str) -> NoReturn:
    """Raise the error for a form of a call that has no derivative."""
    raise DifferentiabilityError(text)


# What a derivative's own derivative meets: each of these is linear in its cotangent.
constant(form, shape_of, size_of, entry_order)
rule(
    restore,
    "t, m",
    t="fit_to(spread_to(gathered(g, m), np.shape(t)), np.shape(t), np.result_type(t))",
    _linear="t",
    _alias=True,
)
rule(gathered, "u, m", u="restore(g, m)", _linear="u", _returns="array", _alias=True)
rule(
    reshaped,
    "t, m, order='C'",
    t="fit_to(np.reshape(gathered(g, m), np.shape(t), order), np.shape(t), np.result_type(t))",
    _linear="t",
    _alias=True,
)
