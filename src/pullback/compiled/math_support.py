"""`math` in compiled code: the C library's functions, with Python's errors in the place of NaN and infinity.

    acos(2.0)        raises ValueError, as math.acos does         cosh(1e3)        OverflowError
    factorial(n)     of 64 bits, or OverflowError

They are ordinary Python; Numba compiles them with what calls them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pullback.compiled.number_support import TOO_LARGE, checked_product

_DOMAIN, _RANGE = "math domain error", "math range error"
_RAISING = """\
def {name}({operands}):
    y = {call}
    if y != y and {numbers}:
        raise ValueError({domain!r})
    if math.isinf(y) and {finite}:
        raise {error}
    return y
"""


def _checked(name: str, call: str, overflows: bool, operands: str = "x", poles: bool = True) -> Any:
    """A function that raises what CPython's raises, by what the C library's returns."""
    names = operands.split(", ")
    error = f"OverflowError({_RANGE!r})" if overflows else f"ValueError({_DOMAIN!r})"
    text = _RAISING.format(
        name=name, operands=operands, call=call, domain=_DOMAIN, error=error,
        numbers=" and ".join(f"{n} == {n}" for n in names),
        finite=" and ".join(f"not math.isinf({n})" for n in names),
    )  # fmt: skip
    if not poles:  # (nothing finite has an infinite result)
        lines = text.splitlines()
        text = "\n".join([*lines[:4], lines[-1]]) + "\n"
    namespace = {"__name__": __name__, "math": math, "np": np}
    exec(text, namespace)
    return namespace[name]


sqrt = _checked("sqrt", "math.sqrt(x)", False, poles=False)
exp = _checked("exp", "math.exp(x)", True)
expm1 = _checked("expm1", "math.expm1(x)", True)
exp2 = _checked("exp2", "np.exp2(x)", True)
log1p = _checked("log1p", "math.log1p(x)", False)
log2 = _checked("log2", "np.log2(x)", False)
log10 = _checked("log10", "math.log10(x)", False)
acos = _checked("acos", "math.acos(x)", False, poles=False)
asin = _checked("asin", "math.asin(x)", False, poles=False)
acosh = _checked("acosh", "math.acosh(x)", False, poles=False)
atanh = _checked("atanh", "math.atanh(x)", False)
sin = _checked("sin", "math.sin(x)", False, poles=False)
cos = _checked("cos", "math.cos(x)", False, poles=False)
tan = _checked("tan", "math.tan(x)", False, poles=False)
sinh = _checked("sinh", "math.sinh(x)", True)
cosh = _checked("cosh", "math.cosh(x)", True)
fmod = _checked("fmod", "np.fmod(x, n)", False, "x, n", poles=False)
hypot = _checked("hypot", "math.hypot(x, n)", True, "x, n")


def log(x: float, base: Any = None) -> float:
    """`math.log`."""
    if x <= 0.0:
        raise ValueError(_DOMAIN)
    if base is None:
        return math.log(x)
    if base <= 0.0:
        raise ValueError(_DOMAIN)
    return math.log(x) / math.log(base)


def power(x: float, n: float) -> float:
    """`math.pow`."""
    y = math.pow(x, n)
    if y != y and x == x and n == n:
        raise ValueError(_DOMAIN)
    if math.isinf(y) and not math.isinf(x) and not math.isinf(n):
        if x == 0.0:
            raise ValueError(_DOMAIN)
        raise OverflowError(_RANGE)
    return y


def gamma(x: float) -> float:
    """`math.gamma`."""
    if x == -math.inf or (x <= 0.0 and x == math.floor(x)):
        raise ValueError(_DOMAIN)
    y = math.gamma(x)
    if math.isinf(y) and not math.isinf(x):
        raise OverflowError(_RANGE)
    return y


def lgamma(x: float) -> float:
    """`math.lgamma`."""
    if x <= 0.0 and x == math.floor(x) and not math.isinf(x):
        raise ValueError(_DOMAIN)
    y = math.lgamma(x)
    if math.isinf(y) and not math.isinf(x):
        raise OverflowError(_RANGE)
    return y


def cube_root(x: float) -> float:
    """`math.cbrt`."""
    y: float = np.cbrt(x)
    return y


def remainder(x: float, n: float) -> float:
    """`math.remainder`: the nearest multiple of n is taken away, an even one where two are near."""
    if x != x or n != n:
        return x + n
    if math.isinf(x) or n == 0.0:
        raise ValueError(_DOMAIN)
    if math.isinf(n):
        return x
    size, whole = abs(x), abs(n)
    rest = np.fmod(size, whole)
    other = whole - rest
    if rest < other:
        found = rest
    elif rest > other:
        found = -other
    else:
        found = rest - 2.0 * np.fmod(0.5 * (size - rest), whole)
    return math.copysign(1.0, x) * float(found)


def is_close(a: float, b: float, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool:
    """`math.isclose`."""
    if rel_tol < 0.0 or abs_tol < 0.0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    difference = abs(b - a)
    return difference <= abs(rel_tol * b) or difference <= abs(rel_tol * a) or difference <= abs_tol


def factorial(n: int) -> int:
    """`math.factorial`."""
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    if n > 20:
        raise OverflowError(TOO_LARGE)
    found = 1
    for i in range(2, n + 1):
        found *= i
    return found


def permutations(n: int, k: int) -> int:
    """`math.perm`."""
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative integers")
    found = 1
    if k > n:
        return 0
    for i in range(k):
        found = checked_product(found, n - i)
    return found


def combinations(n: int, k: int) -> int:
    """`math.comb`."""
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative integers")
    if k > n:
        return 0
    found = 1
    for i in range(min(k, n - k)):
        found = checked_product(found, n - i) // (i + 1)
    return found


def divisor(a: int, b: int) -> int:
    """`math.gcd` of two ints."""
    a, b = abs(a), abs(b)
    while b:
        a, b = b, a % b
    return a


def multiple(a: int, b: int) -> int:
    """`math.lcm` of two ints."""
    if a == 0 or b == 0:
        return 0
    return checked_product(abs(a) // divisor(a, b), abs(b))


def integer_root(n: int) -> int:
    """`math.isqrt`."""
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = int(math.sqrt(float(n)))
    while root * root > n:
        root -= 1
    while root < 3037000499 and (root + 1) * (root + 1) <= n:
        root += 1
    return root


def unit_in_the_last_place(x: float) -> float:
    """`math.ulp`."""
    size = abs(x)
    if size != size or math.isinf(size):
        return size
    after: float = np.nextafter(size, math.inf)
    return size - np.nextafter(size, 0.0) if math.isinf(after) else after - size


def next_after(x: float, toward: float) -> float:
    """`math.nextafter`."""
    found: float = np.nextafter(x, toward)
    return found
