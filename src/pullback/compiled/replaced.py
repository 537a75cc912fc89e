"""Functions that compiled code has of its own: what the interpreted ones do, for values of known types.

math.sqrt(x)         raises for x < 0, where Numba's gives nan
power_base(...)      the rule of `**`, without its cases for arrays and complex numbers
"""

from __future__ import annotations

import math
from typing import Any

from pullback import runtime
from pullback.compiled import number_support, support
from pullback.fitting import fit
from pullback.rulebook import builtin_functions, powers, python_operators
from pullback.surgery import without_derivative

REPLACED: dict[int, Any] = {
    id(powers.power_base): number_support.power_base,
    id(powers.power_exponent): number_support.power_exponent,
    id(builtin_functions.absolute): number_support.absolute,
    id(python_operators.modulus_divisor): number_support.modulus_divisor,
    id(without_derivative): number_support.same,
    id(runtime.keep): support.copied,
    id(fit): number_support.first,
    id(math.sqrt): number_support.square_root,
    id(math.log): number_support.logarithm,
    id(math.exp): number_support.exponential,
}  # fmt: skip
