"""The kinds of the results of library functions, of what their arguments are.

    np.tanh(x)      an array or a NumPy scalar, where x is one
    np.zeros(n)     an array
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback import ir
from pullback.kinds import (
    ARRAY,
    ARRAY_KIND,
    ARRAY_OR_SCALAR,
    BOOL_KIND,
    DICT,
    DICT_KIND,
    FLOAT_KIND,
    INEXACT,
    INT_KIND,
    LIST,
    LIST_KIND,
    NPFLOAT,
    NPFLOAT_KIND,
    NPINT,
    NUMERIC,
    PYTHON_SCALAR,
    STR_KIND,
    TUPLE_KIND,
    UNKNOWN,
    Kind,
    combined,
)
from pullback.rules import Entry, lookup

_RETURNS: dict[str, Kind] = {
    "float": FLOAT_KIND,
    "array": ARRAY_KIND,
    "numeric": NUMERIC,
    "list": LIST_KIND,
    "tuple": TUPLE_KIND,
    "dict": DICT_KIND,
    "int": INT_KIND,
    "bool": BOOL_KIND,
    "str": STR_KIND,
}
_MAKERS = (np.zeros, np.ones, np.empty, np.eye, np.identity, np.linspace)
_LIKES = (np.zeros_like, np.ones_like, np.empty_like)


def returned(entry: Entry, arguments: list[Kind]) -> Kind:
    """The kind of the result of a library function."""
    returns = entry.rule.returns if entry.rule is not None else entry.returns
    if returns == "like":
        return _like(entry.function, arguments)
    if returns == "first":
        return arguments[0] if arguments else UNKNOWN
    if returns == "container":
        mask = arguments[0].mask if arguments else 0
        return Kind(mask) if mask in (LIST, DICT) else UNKNOWN
    if returns == "numeric" and entry.rule is not None:
        parameters = zip(entry.rule.signature.parameters, arguments, strict=False)
        active = [k for p, k in parameters if p in entry.rule.templates]
        if any(k.numpy for k in active) and _is_numpys(entry.function):
            return ARRAY_OR_SCALAR
        if any(k.inexact for k in active):
            return INEXACT
    if returns in ("array", "view") and entry.rule is not None:
        scalar = NPFLOAT if returns == "view" and (not arguments or arguments[0].mask & NPFLOAT) else 0
        parameters = zip(entry.rule.signature.parameters, arguments, strict=False)
        if not any(k.inexact or k.cls is float for p, k in parameters if p in entry.rule.templates):
            return Kind(ARRAY | NPINT | scalar)  # of a list, for example, of which it is not known what it holds
        return Kind(ARRAY | scalar)
    return _RETURNS.get(returns, UNKNOWN)


def _is_numpys(function: Any) -> bool:
    """Whether a function returns NumPy's own types for NumPy's own types."""
    owner = getattr(function, "__objclass__", None)
    return owner is np.ndarray or (getattr(function, "__module__", None) or "").partition(".")[0] == "numpy"


def makes_plain_objects(cls: Any) -> bool:
    """Whether calling a class makes an object of that very class, which is no number or container."""
    made: Any = cls.__new__
    plain = type(cls) is type and made is object.__new__
    return plain and lookup(cls) is None and not issubclass(cls, BaseException)


def made_array(function: Any, expr: ir.Apply, arguments: list[Kind]) -> bool:
    """Whether a call makes an array of floats for sure."""
    if expr.keywords or expr.stars:
        return False
    if any(function is f for f in _MAKERS):
        return len(arguments) == (2 if function is np.linspace else 1)
    return any(function is f for f in _LIKES) and len(arguments) == 1 and arguments[0].mask == ARRAY_KIND.mask


def _like(function: Any, kinds: list[Kind]) -> Kind:
    """The kind of what an elementwise function gives: NumPy's own, or one such as `abs` that keeps Python's."""
    if not all(k.numeric for k in kinds):
        return UNKNOWN
    if not all(k.scalar for k in kinds):
        return combined(kinds)
    if not isinstance(function, np.ufunc) and not _is_numpys(function):
        return Kind(PYTHON_SCALAR)
    return NPFLOAT_KIND if any(k.inexact for k in kinds) else Kind(NPFLOAT | NPINT)
