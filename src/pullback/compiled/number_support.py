"""What compiled code calls: the helpers of generated code, for numbers of known types.

    grown(buffer, n)          a longer buffer of residuals, with the same entries
    power_base(g, x, n)       the cotangent of a power's base, as the interpreted code has it

They are ordinary Python; Numba compiles them with what calls them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def grown(buffer: Any, least: int) -> Any:
    """A longer buffer with the same rows."""
    longer = np.empty((max(2 * buffer.shape[0], least), buffer.shape[1]), buffer.dtype)
    for i in range(buffer.shape[0]):
        for j in range(buffer.shape[1]):
            longer[i, j] = buffer[i, j]
    return longer


def checked_product(a: int, b: int) -> int:
    """`a * b` of ints, which must fit."""
    if abs(float(a) * float(b)) > 9.2e18:
        raise OverflowError("an int is too large for compiled code")
    return a * b


def checked_left_shift(a: int, b: int) -> int:
    """`a << b` of ints, which must fit."""
    if b > 62 or abs(float(a)) * 2.0**b > 9.2e18:
        raise OverflowError("an int is too large for compiled code")
    return a << b


def integer_power(a: int, n: int) -> int:
    """`a ** n` of ints, with `n` not negative."""
    if n < 0:
        raise ValueError("an int to a negative power is a float: write float(a) ** n")
    total = 1
    for _ in range(n):
        if abs(float(total) * float(a)) > 9.2e18:
            raise OverflowError("an int is too large for compiled code")
        total = total * a
    return total


def real_power(x: float, n: float) -> float:
    """`x ** n` where Python's is real."""
    if x < 0.0 and n != math.floor(n):
        raise ValueError("a negative number to a fractional power is complex, which is not compiled")
    if x == 0.0 and n < 0.0:
        raise ZeroDivisionError("0.0 cannot be raised to a negative power")
    y: float = x**n
    if math.isinf(y) and not math.isinf(x) and not math.isinf(n):
        raise OverflowError("Numerical result out of range")
    return y


def power_base(g: float, x: float, n: float) -> float:
    """The cotangent of the base."""
    if x != 0.0 or n >= 1.0:
        slope: float = g * n * x ** (n - 1.0)
        return slope
    return g * 0.0 if n == 0.0 else math.copysign(math.inf, n) * g


def power_exponent(g: float, x: float, y: float) -> float:
    """The cotangent of the exponent of y = x ** n."""
    if x > 0.0:
        return g * y * math.log(x)
    return g * 0.0 if x == 0.0 else g * math.nan


def absolute(g: float, x: float, y: float) -> float:
    """The cotangent of |x|."""
    return g if x > 0.0 else (-g if x < 0.0 else 0.0 * g)


def modulus_divisor(g: float, a: float, b: float) -> float:
    """The cotangent of `b` in a % b."""
    return -g * (a // b)


def same(x: Any) -> Any:
    """The value itself: `without_derivative`."""
    return x


def square_root(x: float) -> float:
    """`math.sqrt`, with its error."""
    if x < 0.0:
        raise ValueError("math domain error")
    return math.sqrt(x)


def logarithm(x: float, base: Any = None) -> float:
    """`math.log`, with its error."""
    if x <= 0.0:
        raise ValueError("math domain error")
    if base is None:
        return math.log(x)
    return math.log(x) / math.log(base)


def exponential(x: float) -> float:
    """`math.exp`, with its error."""
    y = math.exp(x)
    if math.isinf(y) and not math.isinf(x):
        raise OverflowError("math range error")
    return y


def first(g: Any, x: Any) -> Any:
    """A cotangent that fits already."""
    return g
