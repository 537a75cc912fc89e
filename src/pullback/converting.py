"""Functions of numbers that are given objects or iterators: `math.sin(obj)` takes what `obj.__float__()` says.

    math.hypot(obj, x)      math.hypot(float(obj), x)
    cmath.exp(obj)          cmath.exp(complex(obj))
    math.floor(obj)         obj.__floor__(), or math.floor(float(obj))
    math.prod(map(f, xs))   math.prod(list(map(f, xs)))
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.asking import otherwise, own
from pullback.conditions import ASKING, SPELLED, own_methods, spelled_for
from pullback.dispatch import call
from pullback.rules import Active, protocol
from pullback.template_functions import made

_REAL, _COMPLEX = ("__float__", "__index__"), ("__complex__", "__float__", "__index__")


class Converting:
    """Spells out a function of numbers: those of its operands that are objects are converted before."""

    def __init__(self, function: Callable[..., Any], methods: tuple[str, ...]) -> None:
        self.function = function
        self.methods = methods
        self._made: dict[tuple[bool, ...], Any] = {}

    def for_operands(self, operands: Collection[Any]) -> Any:
        """The function to call in its place for such operands."""
        flags = tuple([not isinstance(x, float) and bool(own_methods(type(x), self.methods)) for x in operands])
        found = self._made.get(flags) if any(flags) else None
        if found is None and any(flags):
            how = "complex" if self.methods is _COMPLEX else "float"
            names = [f"a{i}" for i in range(len(flags))]
            given = ", ".join(f"{how}({a})" if flag else a for a, flag in zip(names, flags, strict=True))
            found = self._made[flags] = made(f"lambda {', '.join(names)}: fn_({given})", {"fn_": self.function})
        return found


class Draining:
    """Spells out a function of items: those of an iterator are put into a list before."""

    def __init__(self, of_list: Callable[..., Any]) -> None:
        self.of_list = of_list

    def for_operands(self, operands: Collection[Any]) -> Any:
        """The function to call in its place for such operands."""
        items = next(iter(operands), ())
        return None if isinstance(items, (list, tuple, np.ndarray)) else self.of_list


def product_of(xs: Any, *, start: Any = 1) -> Any:
    """`math.prod(xs)` of an iterator."""
    return math.prod(list(xs), start=start)


def sum_of(xs: Any) -> Any:
    """`math.fsum(xs)` of an iterator."""
    return math.fsum(list(xs))


def floored(x: Any) -> Any:
    """`math.floor(x)`."""
    if own(x, "__floor__"):
        return x.__floor__()
    return otherwise(math.floor, float(x)) if own(x, "__float__") else otherwise(math.floor, x)


def ceiled(x: Any) -> Any:
    """`math.ceil(x)`."""
    if own(x, "__ceil__"):
        return x.__ceil__()
    return otherwise(math.ceil, float(x)) if own(x, "__float__") else otherwise(math.ceil, x)


def truncated(x: Any) -> Any:
    """`math.trunc(x)`."""
    return x.__trunc__() if own(x, "__trunc__") else otherwise(math.trunc, x)


def as_complex(real: Any, *imag: Any) -> Any:
    """`complex(real, imag)`."""
    first = real
    if own(real, "__complex__"):
        first = real.__complex__()
    elif own(real, "__float__") or own(real, "__index__"):
        first = float(real)
    if len(imag) == 0:
        return complex(first)
    second = imag[0]
    if own(second, "__float__") or own(second, "__index__"):
        second = float(second)
    return complex(first, second)


_OF_REAL: tuple[Any, ...] = (
    math.fabs, math.fmod, math.remainder, math.copysign, math.exp, math.exp2, math.expm1, math.log1p, math.log2,
    math.log10, math.pow, math.sqrt, math.cbrt, math.acos, math.asin, math.atan, math.cos, math.sin, math.tan,
    math.degrees, math.radians, math.acosh, math.asinh, math.atanh, math.cosh, math.sinh, math.tanh, math.erf,
    math.erfc, math.gamma, math.lgamma, math.log, math.atan2, math.nextafter, math.frexp, math.ldexp, math.hypot,
    math.modf, cmath.rect,
)  # fmt: skip
_OF_COMPLEX: tuple[Any, ...] = (
    cmath.phase, cmath.polar, cmath.exp, cmath.log, cmath.log10, cmath.sqrt, cmath.acos, cmath.asin, cmath.atan,
    cmath.cos, cmath.sin, cmath.tan, cmath.acosh, cmath.asinh, cmath.atanh, cmath.cosh, cmath.sinh, cmath.tanh,
)  # fmt: skip


@protocol(*_OF_REAL, *_OF_COMPLEX, complex, math.prod, math.fsum)
def _converted(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active
) -> tuple[Any, Residual] | None:
    spelled = spelled_for(function, args)
    return None if spelled is None else call(spelled, args, active, kwargs)


for _function in _OF_REAL:
    ASKING[_function], SPELLED[_function] = _REAL, Converting(_function, _REAL)
for _function in _OF_COMPLEX:
    ASKING[_function], SPELLED[_function] = _COMPLEX, Converting(_function, _COMPLEX)
ASKING[complex], SPELLED[complex] = _COMPLEX, as_complex
ASKING[math.floor], SPELLED[math.floor] = ("__floor__", "__float__"), floored
ASKING[math.ceil], SPELLED[math.ceil] = ("__ceil__", "__float__"), ceiled
ASKING[math.trunc], SPELLED[math.trunc] = ("__trunc__",), truncated
ASKING[math.prod], SPELLED[math.prod] = (), Draining(product_of)
ASKING[math.fsum], SPELLED[math.fsum] = (), Draining(sum_of)
