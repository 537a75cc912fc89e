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


def deeper(depth: int) -> int:
    """The depth of a call from inside. Raises where machine code could run out of room for more."""
    if depth >= DEEPEST:
        raise RecursionError("maximum recursion depth exceeded")
    return depth + 1


def no_floats(x: float) -> Any:
    """A list of floats, which is empty."""
    made = [x]
    made.clear()
    return made


def no_ints(n: int) -> Any:
    """A list of ints, which is empty."""
    made = [n + 1]  # (no literal, of which Numba would make a type of its own)
    made.clear()
    return made


def entry_of_floats(a: Any, k: int) -> float:
    """An entry of a list."""
    return a[k]  # type: ignore[no-any-return]


def entry_of_ints(a: Any, k: int) -> int:
    """An entry of a list."""
    return a[k]  # type: ignore[no-any-return]


DEEPEST = 1_000  # calls inside calls, as Python has them
TOO_LARGE = "an int is too large for compiled code"
LEAST = -(2**63)


def checked_sum(a: int, b: int) -> int:
    """`a + b` of ints, which must fit."""
    total = a + b
    if ((a ^ total) & (b ^ total)) < 0:
        raise OverflowError(TOO_LARGE)
    return total


def checked_difference(a: int, b: int) -> int:
    """`a - b` of ints, which must fit."""
    rest = a - b
    if ((a ^ b) & (a ^ rest)) < 0:
        raise OverflowError(TOO_LARGE)
    return rest


def checked_quotient(a: int, b: int) -> int:
    """`a // b` of ints, which must fit."""
    if b == -1 and a == LEAST:
        raise OverflowError(TOO_LARGE)
    return a // b


def checked_magnitude(a: int) -> int:
    """`abs(a)` of an int, which must fit."""
    if a == LEAST:
        raise OverflowError(TOO_LARGE)
    return abs(a)


def to_integer(x: float) -> int:
    """`int(x)` of a float, which must fit."""
    must_fit(x)
    return int(x)


def must_fit(x: float) -> None:
    """Raise where a float has no int of 64 bits."""
    if x != x:
        raise ValueError("cannot convert float NaN to integer")
    if abs(x) >= 9.2233720368547e18:
        raise OverflowError(TOO_LARGE)


def rounded(x: float, digits: Any = None) -> Any:
    """`round(x)` of a float, which must fit, and `round(x, digits)`."""
    if digits is None:
        must_fit(x)
        return round(x)
    return round_to(x, digits)


def round_to(x: float, digits: int) -> float:
    """`round(x, digits)`: of the number as it is, not of its product with a power of ten, which is rounded too."""
    if x != x or math.isinf(x) or x == 0.0:
        return x
    if digits > 22:
        raise ValueError("round to more than 22 digits is not compiled")
    if digits < -22:
        return 0.0 * x
    size = abs(x)
    if digits < 0:
        unit = 10.0 ** (-digits)
        rest = np.fmod(size, unit)
        count = math.floor((size - rest) / unit + 0.5)
        if rest > 0.5 * unit or (rest == 0.5 * unit and count % 2.0 == 1.0):
            count += 1.0
        return math.copysign(count * unit, x)
    unit = 10.0**digits
    if size * unit >= 9007199254740992.0:
        return x
    scaled, error = exact_product(size, unit)
    below = math.floor(scaled)
    rest = scaled - below
    up = rest > 0.5 or (rest == 0.5 and (error > 0.0 or (error == 0.0 and below % 2.0 == 1.0)))
    return math.copysign((below + 1.0 if up else below * 1.0) / unit, x)


def exact_product(a: float, b: float) -> tuple[float, float]:
    """A product, and what its rounding has left out (Dekker)."""
    product = a * b
    a_cut, b_cut = a * 134217729.0, b * 134217729.0
    a_high, b_high = a_cut - (a_cut - a), b_cut - (b_cut - b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def floor(x: float) -> int:
    """`math.floor(x)` of a float, which must fit."""
    must_fit(x)
    return math.floor(x)


def ceil(x: float) -> int:
    """`math.ceil(x)` of a float, which must fit."""
    must_fit(x)
    return math.ceil(x)


def checked_product(a: int, b: int) -> int:
    """`a * b` of ints, which must fit."""
    if abs(float(a) * float(b)) > 9.2e18:
        raise OverflowError(TOO_LARGE)
    return a * b


def checked_left_shift(a: int, b: int) -> int:
    """`a << b` of ints, which must fit."""
    if b > 62 or abs(float(a)) * 2.0**b > 9.2e18:
        raise OverflowError(TOO_LARGE)
    return a << b


def integer_power(a: int, n: int) -> int:
    """`a ** n` of ints, with `n` not negative."""
    if n < 0:
        raise ValueError("an int to a negative power is a float: write float(a) ** n")
    total = 1
    for _ in range(n):
        if abs(float(total) * float(a)) > 9.2e18:
            raise OverflowError(TOO_LARGE)
        total = total * a
    return total


def real_power(x: float, n: float) -> float:
    """`x ** n` where Python's is real."""
    if x < 0.0 and n == n and n != math.floor(n):
        raise ValueError("a negative number to a fractional power is complex, which is not compiled")
    if x == 0.0 and n < 0.0 and not math.isinf(n):
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


def first(g: Any, x: Any) -> Any:
    """A cotangent that fits already."""
    return g
