"""What is known of a value when code is generated: a set of possible types.

    FLOAT | INT        a Python scalar: its arithmetic is emitted bare
    ARRAY              a float or complex array: cotangents are fitted to its shape and dtype
    UNKNOWN            anything: the runtime decides

Kinds join by union, so an accumulator that starts as `0` and becomes a float is `INT | FLOAT`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
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
    # of a tuple, list, dict or object the kinds of its items or fields, by index or name, or of all under EACH
    parts: tuple[tuple[Any, Kind], ...] | None = None

    @property
    def differentiable(self) -> bool:
        """Whether some value of this kind has a tangent space."""
        if self.parts is not None and self.mask in (TUPLE, LIST):
            return any(k.differentiable for _, k in self.parts)
        return bool(self.mask & ~CONSTANT_MASK)

    def part(self, key: Any) -> Kind | None:
        """The kind of one item or field, where it is known."""
        for name, kind in self.parts or ():
            if (name == key and name.__class__ is key.__class__) or name is EACH:
                return kind if kind.mask else None
        return None

    def each(self) -> Kind | None:
        """The kind of any item of a sequence, where it is known."""
        found = NOTHING
        for _, kind in self.parts or ():
            found = join(found, kind)
        return found if found.mask else None

    @property
    def is_class(self) -> bool:
        """Whether every value is a class, as the first parameter of a class method."""
        return self.mask == STRUCT and self.cls is not None and issubclass(self.cls, type)

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
        """What distinguishes specialisations: the mask, the class, and the parts where they are known."""
        if self.parts is None:
            return (self.mask, self.cls)
        return (self.mask, self.cls, tuple((name, kind.key) for name, kind in self.parts))


class _Each:
    def __repr__(self) -> str:
        return "EACH"


EACH = _Each()


def of_key(key: Any) -> Kind:
    """The kind that a key tells of."""
    mask, cls, *parts = key
    return Kind(mask, cls, parts=tuple((name, of_key(k)) for name, k in parts[0]) if parts else None)


def with_parts(mask: int, parts: Iterable[tuple[Any, Kind]], cls: type | None = None) -> Kind:
    """A container's or object's kind with those of its parts, of which only what is lasting is kept."""
    return Kind(mask, cls, parts=tuple((name, _lasting(kind, 3)) for name, kind in parts))


def _lasting(kind: Kind, depth: int) -> Kind:
    """A kind without the particular object that it was found on; parts only to some depth."""
    if kind.parts is None or not depth:
        return Kind(kind.mask, kind.cls)
    return Kind(kind.mask, kind.cls, parts=tuple((name, _lasting(k, depth - 1)) for name, k in kind.parts))


def without_parts(kind: Kind) -> Kind:
    """A kind of which nothing is said that a change in place could make untrue."""
    return kind if kind.parts is None else Kind(kind.mask, kind.cls, kind.value, kind.path, kind.sample)


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
    _Unset: UNKNOWN,  # (a name that was read from a file, and is not known)
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


def held(xs: Any) -> int:
    """What a sequence holds throughout: FLOAT, or ARRAY for arrays of floats; 0 for all else."""
    types = set(map(type, xs))
    if types == {float}:
        return FLOAT
    return ARRAY if types == {np.ndarray} and all(x.dtype.kind in "fc" for x in xs) else 0


def fits(value: Any, kind: Kind) -> bool:
    """Whether a value is of a kind, as far as the kind tells."""
    own = kind_of(value)
    if own.mask & ~kind.mask or (kind.cls is not None and own.mask == STRUCT and own.cls is not kind.cls):
        return False
    if kind.parts is None or own.mask != kind.mask:
        return True
    if own.mask == DICT:
        return value.keys() == {name for name, _ in kind.parts} and all(fits(value[n], k) for n, k in kind.parts)
    if own.mask == STRUCT:
        return all(fits(getattr(value, n, None), k) for n, k in kind.parts)
    if own.mask not in (TUPLE, LIST):
        return True
    if kind.parts and kind.parts[0][0] is EACH:
        return all(fits(v, kind.parts[0][1]) for v in value)
    return len(value) == len(kind.parts) and all(fits(v, k) for v, (_, k) in zip(value, kind.parts, strict=True))


def join(a: Kind, b: Kind) -> Kind:
    """The union of two kinds."""
    if a is b or not b.mask:
        return a
    if not a.mask:
        return b
    if same(a, b) and a.path == b.path:
        return a
    alike = a.value is b.value
    alike = alike and (a.value is not UNSET or a.sample is b.sample)
    kept = (a.value, a.path, a.sample) if alike else (UNSET, "", UNSET)
    value, path, sample = kept
    return Kind(a.mask | b.mask, a.cls if a.cls is b.cls else None, value, path, sample, _joined_parts(a, b))


def _joined_parts(a: Kind, b: Kind) -> tuple[tuple[Any, Kind], ...] | None:
    if a.mask != b.mask or a.cls is not b.cls or a.parts is None or b.parts is None:
        return None
    if [name for name, _ in a.parts] == [name for name, _ in b.parts]:
        return tuple((name, join(k, l)) for (name, k), (_, l) in zip(a.parts, b.parts, strict=True))
    if a.mask == STRUCT or a.mask == DICT:
        return None
    return ((EACH, join(a.each() or NOTHING, b.each() or NOTHING)),)


def same(a: Kind, b: Kind) -> bool:
    """Whether two kinds say the same."""
    if a.mask != b.mask or a.cls is not b.cls or a.value is not b.value or a.sample is not b.sample:
        return False
    if a.parts is None or b.parts is None:
        return a.parts is b.parts
    pairs = zip(a.parts, b.parts, strict=False)
    return len(a.parts) == len(b.parts) and all(m == n and same(k, l) for (m, k), (n, l) in pairs)


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


def without_sample(kind: Kind) -> Kind:
    """A kind of whose object nothing is said but its class."""
    return Kind(kind.mask, kind.cls, kind.value, kind.path)


def renamed(kind: Kind, parameter: str) -> Kind:
    """The kind of an argument, as that of the parameter which it is bound to."""
    if kind.sample is UNSET and kind.value is UNSET:
        return kind
    return Kind(kind.mask, kind.cls, UNSET, parameter, kind.sample, kind.parts)


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
