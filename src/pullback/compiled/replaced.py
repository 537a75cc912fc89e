"""Functions that compiled code has of its own: what the interpreted ones do, for values of known types.

    math.sqrt(x)         raises for x < 0, where Numba's gives nan
    power_base(...)      the rule of `**`, without its cases for arrays and complex numbers
"""

from __future__ import annotations

import math
from typing import Any

from pullback import runtime
from pullback.compiled import math_support, number_support, support
from pullback.fitting import fit
from pullback.rulebook import builtin_functions, powers, python_operators
from pullback.surgery import without_derivative


def named_tuple_replaced(owner: Any, **fields: Any) -> Any:
    """`p._replace(x=1.0)`: stands for what the flattener makes of it."""
    return owner._replace(**fields)


def named_tuple_as_dict(owner: Any) -> Any:
    """`p._asdict()`."""
    return owner._asdict()


_MATH = {name: name for name in (
    "sqrt", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "acos", "asin", "acosh", "atanh", "sin", "cos",
    "tan", "sinh", "cosh", "gamma", "lgamma", "fmod", "hypot", "remainder", "factorial",
)} | {
    "pow": "power", "cbrt": "cube_root", "isclose": "is_close", "perm": "permutations", "comb": "combinations",
    "gcd": "divisor", "lcm": "multiple", "isqrt": "integer_root", "ulp": "unit_in_the_last_place",
    "nextafter": "next_after",
}  # fmt: skip
REPLACED: dict[int, Any] = {
    id(powers.power_base): number_support.power_base,
    id(powers.power_exponent): number_support.power_exponent,
    id(builtin_functions.absolute): number_support.absolute,
    id(python_operators.modulus_divisor): number_support.modulus_divisor,
    id(without_derivative): number_support.same,
    id(runtime.keep): support.copied,
    id(fit): number_support.first,
    **{id(getattr(math, name)): getattr(math_support, own) for name, own in _MATH.items()},
    id(int): number_support.to_integer,
    id(round): number_support.rounded,
    id(math.floor): number_support.floor,
    id(math.ceil): number_support.ceil,
    id(math.trunc): number_support.to_integer,
}
