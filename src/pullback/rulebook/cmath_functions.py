"""Derivatives of `cmath`, in the order of its manual.

    cmath.exp(z)     g * y
    cmath.phase(z)   g * -i / z: the cotangent of a + bi is that of a less i times that of b
"""

from __future__ import annotations

import cmath
from typing import Any

from pullback.rules import constant, elementwise, rule
from pullback.tangents import ZERO, Tangent


def polar_pullback(g: Any, y: tuple[float, float], z: complex) -> Tangent:
    """The cotangent of z from those of its modulus and its phase."""
    radius, angle = g
    total = ZERO if radius is ZERO else radius * complex(z).conjugate() / y[0]
    return total if angle is ZERO else total + angle * -1j / z


def polar_tangent(z_dot: complex, y: tuple[float, float], z: complex) -> tuple[float, float]:
    """The tangents of the modulus and the phase: those of log z, the first times the modulus."""
    relative = z_dot / z
    return y[0] * relative.real, relative.imag


elementwise(cmath.phase, "z", z="g * -1j / z", z_dot="(z_dot / z).imag", _returns="float")
rule(cmath.polar, "z", z="polar_pullback(g, y, z)", z_dot="polar_tangent(z_dot, y, z)", _returns="tuple")
elementwise(cmath.rect, "r, phi", r="g * cmath.rect(1.0, phi)", phi="g * 1j * y", _returns="unknown")
elementwise(cmath.exp, "z", z="g * y", _returns="unknown")
elementwise(
    cmath.log,
    "z, base=None",
    z="g / z if base is None else g / (z * cmath.log(base))",
    base="-g * y / (base * cmath.log(base))",
    _returns="unknown",
)
elementwise(cmath.log10, "z", z="g / (z * 2.302585092994046)", _returns="unknown")
elementwise(cmath.sqrt, "z", z="g * 0.5 / y", _returns="unknown")
elementwise(cmath.acos, "z", z="-g / (cmath.sqrt(1 - z) * cmath.sqrt(1 + z))", _returns="unknown")
elementwise(cmath.asin, "z", z="g / (cmath.sqrt(1 - z) * cmath.sqrt(1 + z))", _returns="unknown")
elementwise(cmath.atan, "z", z="g / (1 + z * z)", _returns="unknown")
elementwise(cmath.cos, "z", z="-g * cmath.sin(z)", _returns="unknown")
elementwise(cmath.sin, "z", z="g * cmath.cos(z)", _returns="unknown")
elementwise(cmath.tan, "z", z="g * (1 + y * y)", _returns="unknown")
elementwise(cmath.acosh, "z", z="g / (cmath.sqrt(z - 1) * cmath.sqrt(z + 1))", _returns="unknown")
elementwise(cmath.asinh, "z", z="g / cmath.sqrt(1 + z * z)", _returns="unknown")
elementwise(cmath.atanh, "z", z="g / (1 - z * z)", _returns="unknown")
elementwise(cmath.cosh, "z", z="g * cmath.sinh(z)", _returns="unknown")
elementwise(cmath.sinh, "z", z="g * cmath.cosh(z)", _returns="unknown")
elementwise(cmath.tanh, "z", z="g * (1 - y * y)", _returns="unknown")
constant(cmath.isfinite, cmath.isinf, cmath.isnan, cmath.isclose, returns="bool")
