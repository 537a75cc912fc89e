"""Calls for the rules of pullback.rulebook.cmath_functions: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

import cmath
from typing import Any

MODULE = "pullback.rulebook.cmath_functions"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
POINTS = (0.7 - 0.4j, -1.3 + 0.6j, 0.2 + 1.8j, -0.5 - 2.1j)
ENTIRE = [cmath.exp, cmath.cos, cmath.sin, cmath.tan, cmath.cosh, cmath.sinh, cmath.tanh]
BRANCHED = [
    cmath.log, cmath.log10, cmath.sqrt, cmath.acos, cmath.asin, cmath.atan, cmath.acosh, cmath.asinh, cmath.atanh
]  # fmt: skip
CASES: list[Case] = [(f, (z,), {}, (0,)) for f in (*ENTIRE, *BRANCHED) for z in POINTS]
CASES += [(cmath.phase, (z,), {}, (0,)) for z in POINTS]
CASES += [(cmath.polar, (z,), {}, (0,)) for z in POINTS]
CASES += [(cmath.rect, (r, phi), {}, (0, 1)) for r, phi in ((1.7, 0.4), (0.3, -2.2), (-1.2, 1.0))]
CASES += [(cmath.log, (z, b), {}, wrt) for z, b in zip(POINTS, POINTS[1:]) for wrt in ((0, 1), (0,), (1,))]
CASES += [(cmath.log, (0.4 + 1.1j, 3), {}, (0,)), (cmath.log, (2, 0.4 + 1.1j), {}, (1,))]
