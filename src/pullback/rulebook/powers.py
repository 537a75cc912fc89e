"""The derivative of x**n, for numbers and arrays, finite wherever the limit is.

    d/dx x**n = n x**(n-1)   (0 where n is 0)          d/dn x**n = x**n log x   (0 where x is 0 and n > 0)
"""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

_NUMBERS = (int, float)


def power_base(g: Any, x: Any, n: Any) -> Any:
    """The cotangent of the base. Only at x = n = 0 is it altered, so that its own derivatives are right elsewhere."""
    if n.__class__ in _NUMBERS:
        if x.__class__ not in _NUMBERS:
            if n != 0:
                return g * n * x ** (n - 1)
        elif x != 0 or n >= 1:
            return g * n * x ** (n - 1)
        else:
            return g * 0.0 if n == 0 else math.copysign(math.inf, n) * g  # the slope of sqrt at 0, a limit from above
    with np.errstate(divide="ignore", invalid="ignore"):
        base = np.asarray(x, dtype=np.result_type(x, n, np.float16))
        return g * (n * np.power(base, np.where((n == 0) & (base == 0), 1.0, n) - 1.0))


def power_exponent(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of the exponent; a negative real base has none (nan), a zero base 0."""
    if x.__class__ in _NUMBERS:
        if x > 0:
            return g * y * math.log(x)
        if x == 0:
            return g * 0.0
        return g * y * cmath.log(x) if isinstance(y, complex) else g * math.nan
    if isinstance(x, complex):
        return g * y * cmath.log(x)
    if np.iscomplexobj(x) or np.iscomplexobj(y):
        return g * y * np.log(np.asarray(x, dtype=complex))
    with np.errstate(divide="ignore", invalid="ignore"):
        return g * (y * np.log(np.where(np.asarray(x) == 0, 1.0, x)))  # a zero stays out of the logarithm
