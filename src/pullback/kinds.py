"""What is known of a value when code is generated: a set of possible types.

    FLOAT | INT        a Python scalar: its arithmetic is emitted bare
    ARRAY              a float or complex array: cotangents are fitted to its shape and dtype
    UNKNOWN            anything: the runtime decides

Kinds join by union, so an accumulator that starts as `0` and becomes a float is `INT | FLOAT`.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback.tangents import NO_TANGENT, ZERO

BOOL, INT, FLOAT, COMPLEX, NPFLOAT, ARRAY, NPINT, NONE, STR, TUPLE, LIST, DICT, STRUCT, FUNC, OTHER = (
    1 << i for i in range(15)
)
EVERYTHING = (1 << 15) - 1
PYTHON_SCALAR = BOOL | INT | FLOAT | COMPLEX
NUMERIC_MASK = PYTHON_SCALAR | NPFLOAT | ARRAY | NPINT
CONSTANT_MASK = BOOL | INT | NPINT | NONE | STR  # types without a tangent space


class _Unset:
    def __repr__(self) -> str:
        return "UNSET"


UNSET = _Unset()


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A set of types; for one class of objects also the class, for a known object the object."""

    mask: int
    cls: type | None = None
    value: Any = UNSET  # the object itself, where it is known (modules, functions, classes)
    path: str = ""  # how the source reaches that object: the text of a guard
    sample: Any = UNSET  # an object like those to come: what its fields hold is guessed from it, and guarded

    @property
    def differentiable(self) -> bool:
        """Whether some value of this kind has a tangent space."""
        return bool(self.mask & ~CONSTANT_MASK)

    @property
    def scalar(self) -> bool:
        """Whether every value is a Python number: bare arithmetic, no broadcasting."""
        return not self.mask & ~PYTHON_SCALAR

    @property
    def numeric(self) -> bool:
        """Whether every value is a number or an array, so that operators are NumPy's or Python's own."""
        return not self.mask & ~NUMERIC_MASK

    @property
    def inexact(self) -> bool:
        """Whether every value is a float or complex number, or an array of such."""
        return bool(self.mask) and not self.mask & ~INEXACT.mask

    @property
    def numpy(self) -> bool:
        """Whether every value is an array or a NumPy scalar, of floats or complex numbers."""
        return bool(self.mask) and not self.mask & ~ARRAY_OR_SCALAR.mask

    @property
    def key(self) -> Any:
        """What distinguishes specialisations: the mask and the class."""
        return (self.mask, self.cls)


UNKNOWN = Kind(EVERYTHING)
NOTHING = Kind(0)
FLOAT_KIND = Kind(FLOAT)
INT_KIND = Kind(INT)
BOOL_KIND = Kind(BOOL)
NUMERIC = Kind(NPFLOAT | ARRAY | NPINT | FLOAT | COMPLEX)
INEXACT = Kind(NPFLOAT | ARRAY | FLOAT | COMPLEX)  # numbers and arrays that all have a tangent space
ARRAY_OR_SCALAR = Kind(NPFLOAT | ARRAY)  # what NumPy makes of an array: operations on 0-d arrays give scalars
ARRAY_KIND = Kind(ARRAY)
NPFLOAT_KIND = Kind(NPFLOAT)
TUPLE_KIND = Kind(TUPLE)
LIST_KIND = Kind(LIST)
DICT_KIND = Kind(DICT)
STR_KIND = Kind(STR)

_BY_TYPE: dict[type, Kind] = {
    bool: BOOL_KIND,
    int: INT_KIND,
    float: FLOAT_KIND,
    complex: Kind(COMPLEX),
    str: STR_KIND,
    bytes: STR_KIND,
    type(None): Kind(NONE),
    tuple: TUPLE_KIND,
    list: LIST_KIND,
    dict: DICT_KIND,
    types.FunctionType: Kind(FUNC),
    type(ZERO): Kind(NONE),  # as a value, in a derivative that is itself differentiated, it has no tangent
    type(NO_TANGENT): Kind(NONE),
}


def kind_of(value: Any) -> Kind:
    """The kind of a value, from its type (and an array's dtype) alone."""
    cls = value.__class__
    found = _BY_TYPE.get(cls)
    if found is not None:
        return found
    if cls is np.ndarray:
        return ARRAY_KIND if value.dtype.kind in "fc" else Kind(NPINT)
    if isinstance(value, np.inexact):
        return NPFLOAT_KIND
    if isinstance(value, (np.integer, np.bool_)):
        return Kind(NPINT)
    if isinstance(value, (float, complex, int, str, tuple, list, dict, np.ndarray)):
        return Kind(OTHER)  # a subclass: it may redefine the operators
    return Kind(STRUCT, cls)


def known(value: Any, path: str = "") -> Kind:
    """The kind of one particular object."""
    base = kind_of(value)
    return Kind(base.mask, base.cls, value, path)


def join(a: Kind, b: Kind) -> Kind:
    """The union of two kinds."""
    if a is b or not b.mask:
        return a
    if not a.mask:
        return b
    if a.mask == b.mask and a.cls is b.cls and a.value is b.value and a.path == b.path and a.sample is b.sample:
        return a
    same = a.value is b.value
    same = same and (a.value is not UNSET or a.sample is b.sample)
    kept = (a.value, a.path, a.sample) if same else (UNSET, "", UNSET)
    return Kind(a.mask | b.mask, a.cls if a.cls is b.cls else None, *kept)


def same(a: Kind, b: Kind) -> bool:
    """Whether two kinds say the same."""
    return a.mask == b.mask and a.cls is b.cls and a.value is b.value and a.sample is b.sample


def arithmetic(op: str, a: Kind, b: Kind) -> Kind:
    """The kind of a binary operator's result."""
    both = a.mask | b.mask
    if not both & ~PYTHON_SCALAR:
        return _scalar_arithmetic(op, a.mask, b.mask)
    if not (a.numeric and b.numeric):
        return UNKNOWN
    return combined([a, b])


def combined(kinds: list[Kind]) -> Kind:
    """The kind of what NumPy computes elementwise, or by a product, from numbers and arrays."""
    if any(k.numpy for k in kinds):
        # (a complex number times np.float64, which is a Python float too, is a complex number)
        plain = COMPLEX if any(k.mask & COMPLEX for k in kinds) else 0
        return Kind(plain | NPFLOAT | (ARRAY if any(k.mask & (ARRAY | NPINT) for k in kinds) else 0))
    return INEXACT if any(k.inexact for k in kinds) else NUMERIC


def _scalar_arithmetic(op: str, a: int, b: int) -> Kind:
    both = a | b
    integers = not both & ~(BOOL | INT)
    if integers:
        return FLOAT_KIND if op == "/" else Kind(INT | FLOAT) if op == "**" else INT_KIND
    if op == "**" and not a & COMPLEX and not b & COMPLEX:
        # a negative float to a fractional power is complex; an int exponent keeps it real
        return FLOAT_KIND if a == FLOAT and not b & ~(BOOL | INT) else Kind(FLOAT | COMPLEX)
    if COMPLEX in (a, b):
        return Kind(COMPLEX)
    result = both & COMPLEX
    if FLOAT in (a, b) or op == "/":
        return Kind(result | FLOAT)
    return Kind(result | (both & (INT | FLOAT)) | (INT if both & BOOL else 0))
