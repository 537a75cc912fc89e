"""Derivatives of `np.emath`: functions whose result is complex where the real one would not exist.

    np.emath.sqrt(-4.0)  ->  2j, with the slope 1 / (2 y) = -0.25j

A real operand's cotangent is real, whatever the result is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.numpy_elementwise import cut_root, power_base, power_exponent
from pullback.rules import elementwise

IN_TEMPLATES = (cut_root, power_base, power_exponent)


def widened(x: Any, y: Any) -> Any:
    """The operand as the function took it: complex where the result is."""
    return np.asarray(x)[()] + 0j if np.iscomplexobj(y) else x


elementwise(np.emath.sqrt, "x", x="g * 0.5 / y", _returns="numeric")
elementwise(np.emath.log, "x", x="g / x", _returns="numeric")
elementwise(np.emath.log2, "x", x="g / (x * 0.6931471805599453)", _returns="numeric")
elementwise(np.emath.log10, "x", x="g / (x * 2.302585092994046)", _returns="numeric")
elementwise(
    np.emath.logn, "n, x", n="-g * y / (n * np.emath.log(n))", x="g / (x * np.emath.log(n))", _returns="numeric"
)
elementwise(
    np.emath.power,
    "x, p",
    x="power_base(g, widened(x, y), p)",
    p="power_exponent(g, widened(x, y), y)",
    _returns="numeric",
)
elementwise(
    np.emath.arccos, "x", x="-g / cut_root(widened(x, y))", _returns="numeric"
)
elementwise(
    np.emath.arcsin, "x", x="g / cut_root(widened(x, y))", _returns="numeric"
)
elementwise(np.emath.arctanh, "x", x="g / ((1.0 - x) * (1.0 + x))", _returns="numeric")
