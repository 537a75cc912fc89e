"""Calls for the rules of pullback.rulebook.math_functions: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

import math
from typing import Any

MODULE = "pullback.rulebook.math_functions"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]

ANY, POSITIVE, INSIDE = (-1.7, -0.4, 0.3, 1.9), (0.2, 0.9, 2.5), (-0.8, -0.2, 0.5)
UNARY = {
    math.fabs: ANY,
    math.exp: ANY,
    math.exp2: ANY,
    math.expm1: ANY,
    math.log: POSITIVE,
    math.log1p: POSITIVE,
    math.log2: POSITIVE,
    math.log10: POSITIVE,
    math.sqrt: POSITIVE,
    math.cbrt: ANY,
    math.acos: INSIDE,
    math.asin: INSIDE,
    math.atan: ANY,
    math.cos: ANY,
    math.sin: ANY,
    math.tan: INSIDE,
    math.degrees: ANY,
    math.radians: ANY,
    math.acosh: (1.3, 2.9),
    math.asinh: ANY,
    math.atanh: INSIDE,
    math.cosh: ANY,
    math.sinh: ANY,
    math.tanh: ANY,
    math.erf: ANY,
    math.erfc: ANY,
    math.gamma: (*POSITIVE, -0.5, -2.3, 12.5),
    math.lgamma: (*POSITIVE, -0.5, -2.3, 12.5),
    math.modf: ANY,
}

CASES: list[Case] = [(f, (x,), {}, (0,)) for f, xs in UNARY.items() for x in xs]
CASES += [(f, (x, n), {}, (0, 1)) for f in (math.fmod, math.remainder) for x in (-5.2, 7.3) for n in (2.1, -1.7)]
CASES += [(math.copysign, (x, s), {}, (0, 1)) for x in (-1.5, 2.5) for s in (-3.0, 0.5)]
CASES += [(math.pow, (x, n), {}, (0, 1)) for x in (0.7, 2.5) for n in (-1.3, 0.0, 1.0, 2.0, 2.7)]
CASES += [(math.pow, (x, n), {}, (0,)) for x in (-1.5, 0.0) for n in (0.0, 1.0, 2.0, 3, 0)]
CASES += [(math.log, (2.5, 3.5), {}, (0, 1)), (math.log, (0.5, 10), {}, (0,)), (math.log, (7, 0.5), {}, (1,))]
CASES += [(math.atan2, (b, a), {}, (0, 1)) for b in (-1.5, 0.3) for a in (-0.7, 2.5)]
CASES += [
    (math.ldexp, (1.5, 3), {}, (0,)),
    (math.frexp, (1.25,), {}, (0,)),
    (math.frexp, (-5.5,), {}, (0,)),
    (math.nextafter, (1.25, 2.0), {}, (0, 1)),
    (math.hypot, (3.0, -4.0), {}, (0, 1)),
    (math.hypot, (1.0, 2.0, -0.5, 0.0), {}, (0, 1, 2, 3)),
    (math.dist, ([1.0, 2.0], [0.5, 3.0]), {}, (0, 1)),
    (math.fsum, ([1.0, 2.5, -0.5],), {}, (0,)),
    (math.fsum, ([],), {}, (0,)),
    (math.prod, ([1.5, 2.0, -0.5],), {}, (0,)),
    (math.prod, ([1.5, 0.0, -0.5],), {"start": 2.5}, (0, "start")),
    (math.prod, ([0.0, 0.0, -0.5],), {}, (0,)),
    (math.prod, ([],), {"start": 2.5}, (0, "start")),
]
