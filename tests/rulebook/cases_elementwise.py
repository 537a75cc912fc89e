"""Calls for the rules of pullback.rulebook.numpy_elementwise: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULE = "pullback.rulebook.numpy_elementwise"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(0)


def between(low: float, high: float, *shape: int) -> Any:
    return R.uniform(low, high, shape)


def cplx(*shape: int) -> Any:
    return between(0.2, 0.8, *shape) + 1j * between(-0.7, 0.7, *shape)


def kinds(x: Any) -> list[Any]:
    """An array, and what else an operand may be: scalars, 0-d, empty, of other precisions, not contiguous."""
    first = x.flat[0]
    return [
        x,
        x.T,
        float(first),
        np.float64(first),
        np.array(first),
        x[:0],
        x.astype(np.float32),
        np.float32(first),
        x.astype(np.float16),
        x.astype(np.longdouble),
    ]


def pairs(x: Any, w: Any) -> list[tuple[Any, Any]]:
    """Two operands of shape (3, 4), and what broadcasts: rows, columns, floats, 0-d, precisions."""
    a, b = float(x.flat[0]), float(w.flat[1])
    return [
        (x, w),
        (x, w[0]),
        (x[0], w),
        (x[:, :1], w[:1]),
        (x, b),
        (a, w),
        (a, b),
        (np.float64(a), np.array(b)),
        (np.array(a), w),
        (x.astype(np.float32), w.astype(np.float32)),
        (x.astype(np.float32), b),
        (x.astype(np.float32), w),
        (x[:0], w[:0]),
        (np.float32(a), np.float64(b)),
    ]


ANY, POSITIVE = between(-2, 2, 3, 4), between(0.3, 2.5, 3, 4)
INSIDE, ABOVE = between(-0.85, 0.85, 3, 4), between(1.2, 3.0, 3, 4)
OTHER = between(0.5, 1.9, 3, 4) * np.where(np.arange(12).reshape(3, 4) % 2, 1, -1)
Z, W = cplx(3, 4), cplx(4) + 0.4

UNARY = {
    np.reciprocal: OTHER,
    np.positive: ANY,
    np.negative: ANY,
    np.square: ANY,
    np.sqrt: POSITIVE,
    np.cbrt: OTHER,
    np.exp: ANY,
    np.expm1: ANY,
    np.exp2: ANY,
    np.log: POSITIVE,
    np.log10: POSITIVE,
    np.log2: POSITIVE,
    np.log1p: INSIDE,
    np.sin: ANY,
    np.cos: ANY,
    np.tan: INSIDE,
    np.arcsin: INSIDE,
    np.arccos: INSIDE,
    np.arctan: ANY,
    np.degrees: ANY,
    np.rad2deg: ANY,
    np.radians: ANY,
    np.deg2rad: ANY,
    np.sinh: ANY,
    np.cosh: ANY,
    np.tanh: ANY,
    np.arcsinh: ANY,
    np.arccosh: ABOVE,
    np.arctanh: INSIDE,
    np.i0: ANY,
    np.sinc: ANY,
}
NOT_COMPLEX = {np.cbrt, np.degrees, np.rad2deg, np.radians, np.deg2rad, np.i0}

BINARY: dict[Any, tuple[Any, Any]] = {
    np.add: (ANY, OTHER),
    np.subtract: (ANY, OTHER),
    np.multiply: (ANY, OTHER),
    np.divide: (ANY, OTHER),
    np.power: (POSITIVE, ANY),
    np.float_power: (POSITIVE, ANY),
    np.remainder: (ANY, between(0.5, 0.7, 3, 4) * np.sign(OTHER)),
    np.fmod: (ANY, between(0.5, 0.7, 3, 4) * np.sign(OTHER)),
    np.divmod: (ANY, between(0.5, 0.7, 3, 4) * np.sign(OTHER)),
    np.logaddexp: (ANY, OTHER),
    np.logaddexp2: (ANY, OTHER),
    np.hypot: (ANY, OTHER),
    np.arctan2: (ANY, OTHER),
}
COMPLEX_BINARY = [np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power]

CASES: list[Case] = [(f, (x,), {}, (0,)) for f, values in UNARY.items() for x in kinds(values)]
CASES += [
    (f, (z,), {}, (0,))
    for f, values in UNARY.items()
    if f not in NOT_COMPLEX
    for z in (Z, complex(Z[0, 0]), Z[0].astype(np.complex64), 1.0 + Z, -Z)
]
CASES += [(f, pair, {}, (0, 1)) for f, (x, w) in BINARY.items() for pair in pairs(x, w)]
CASES += [
    (f, pair, {}, (0, 1))
    for f in COMPLEX_BINARY
    for pair in ((Z, W), (POSITIVE, W), (Z, POSITIVE), (Z, 1.5), (1.5, W), (Z[0, 0], POSITIVE), (complex(Z[0, 1]), -W))
]
INTEGERS = np.array([0, 1, 2, 3])
CASES += [
    (np.power, (ANY, 2), {}, (0,)),
    (np.power, (ANY, INTEGERS), {}, (0,)),
    (np.power, (ANY, INTEGERS.astype(np.uint8)), {}, (0,)),
    (np.power, (ANY, INTEGERS - 1.0), {}, (0,)),
    (np.power, (-1.5, 3.0), {}, (0,)),
    (np.power, (-1.5, -1), {}, (0,)),
    (np.power, (np.array([0.0, 0.0, -0.5]), np.array([2.0, 3.0, 1.0])), {}, (0,)),
    (np.power, (np.array([0.0, 0.0]), 1), {}, (0,)),
    (np.power, (np.array([0.0, 2.0]), 0), {}, (0,)),
    (np.power, (np.array([0.0, 2.0]), np.array([0, 0])), {}, (0,)),
    (np.power, (np.array([0.0, 2.0]), 3.0), {}, (1,)),
    (np.power, (np.array([0.0, 2.0]), np.array([1.5, 0.0])), {}, (1,)),
    (np.power, (3, np.array([1.5, 0.0])), {}, (1,)),
    (np.power, (INTEGERS, 1.5), {}, (1,)),
    (np.power, (ANY.astype(np.float32), 2), {}, (0,)),
    (np.float_power, (ANY, 3), {}, (0,)),
    (np.float_power, (ANY, INTEGERS), {}, (0,)),
    (np.divide, (3, POSITIVE), {}, (1,)),
    (np.divide, (ANY, 3), {}, (0,)),
    (np.multiply, (INTEGERS, ANY), {}, (1,)),
    (np.multiply, (np.ones((2, 1, 1)), ANY), {}, (0, 1)),
    (np.remainder, (7.3, 2), {}, (0,)),
    (np.remainder, (np.array([-0.3, 5.1]), np.array([2.0, -2.0])), {}, (0, 1)),
    (np.divmod, (np.array([-0.3, 5.1]), np.array([2.0, -2.0])), {}, (0, 1)),
    (np.logaddexp, (np.array([0.5, 700.0, -800.0]), np.array([0.5, -700.0, -800.5])), {}, (0, 1)),
    (np.logaddexp2, (np.array([0.5, 900.0]), np.array([0.5, -900.0])), {}, (0, 1)),
    (np.sinc, (np.array([0.0, 1e-9, 1e-3, 0.06, 0.0637, 0.064, 1.0, 7.5]),), {}, (0,)),
    (np.sinc, (0.0,), {}, (0,)),
    (np.i0, (np.array([0.0, 1e-3, -7.9, 8.1]),), {}, (0,)),
    (np.modf, (ANY,), {}, (0,)),
    (np.modf, (1.25,), {}, (0,)),
    (np.modf, (POSITIVE.astype(np.float32),), {}, (0,)),
    (np.frexp, (ABOVE,), {}, (0,)),
    (np.frexp, (-1.25,), {}, (0,)),
    (np.ldexp, (ANY, 3), {}, (0,)),
    (np.ldexp, (ANY, INTEGERS - 2), {}, (0,)),
    (np.ldexp, (1.5, 2), {}, (0,)),
    (np.ldexp, (1.5, INTEGERS), {}, (0,)),
    (np.nextafter, (ANY, OTHER), {}, (0, 1)),
    (np.nextafter, (ANY, 0.5), {}, (0, 1)),
]
CASES += [(np.kaiser, (m, 5.5), {}, (1,)) for m in (1, 2, 7)] + [(np.kaiser, (6, np.float32(2.0)), {}, (1,))]
