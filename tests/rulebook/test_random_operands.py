"""The library's rules on operands of any shape and dtype, by `check_rule`; hypothesis makes what fails small."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pullback.testing import check_rule

PROFILE = settings(
    derandomize=True, max_examples=int(os.environ.get("PULLBACK_EXAMPLES", "25")), deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip
DTYPES = st.sampled_from([np.float64, np.float64, np.float32, np.complex128])
REAL = st.sampled_from([np.float64, np.float64, np.float32])
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
UNARY = [
    np.exp, np.sin, np.tanh, np.square, np.negative, np.sqrt, np.log1p, np.arctan, np.cbrt, np.expm1, np.reciprocal
]  # fmt: skip
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.hypot, np.arctan2, np.logaddexp, np.power, np.copysign]
REDUCTIONS = [np.sum, np.mean, np.prod, np.var, np.std, np.cumsum, np.cumprod, np.max, np.min, np.median, np.ptp]
REAL_ONLY = (np.hypot, np.arctan2, np.logaddexp, np.copysign, np.cbrt)
CALM: Any = {"variations": ()}


def operand(shape: tuple[int, ...], dtype: Any, seed: int) -> Any:
    """Different positive numbers away from 0 and from each other, in no order; memory in no order either."""
    random = np.random.default_rng(seed)
    n = int(np.prod(shape))
    x = (0.3 + 0.23 * random.permutation(n)).reshape(shape)
    if np.issubdtype(dtype, np.complexfloating):
        x = x + 0.4j * random.permutation(n).reshape(shape) / max(n, 1)
    x = np.asarray(x, dtype)
    return np.asfortranarray(x) if seed % 2 else x


@PROFILE
@given(st.sampled_from(UNARY), SHAPES, DTYPES, st.integers(0, 99))
def test_functions_of_one_operand(f: Any, shape: tuple[int, ...], dtype: Any, seed: int) -> None:
    assume(f not in REAL_ONLY or dtype is not np.complex128)
    check_rule(f, operand(shape, dtype, seed), **CALM)


@PROFILE
@given(st.sampled_from(BINARY), hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3),
       DTYPES, DTYPES, st.integers(0, 99))  # fmt: skip
def test_functions_of_two_operands(f: Any, shapes: Any, one: Any, two: Any, seed: int) -> None:
    assume(f not in REAL_ONLY or np.complex128 not in (one, two))
    a, b = (operand(s, d, seed + k) for k, (s, d) in enumerate(zip(shapes.input_shapes, (one, two), strict=True)))
    check_rule(f, a, b, **CALM)


@PROFILE
@given(st.data(), st.sampled_from(REDUCTIONS), hnp.array_shapes(min_dims=1, max_dims=3, max_side=3), REAL)
def test_reductions(data: Any, f: Any, shape: tuple[int, ...], dtype: Any) -> None:
    ndim = len(shape)
    one = st.integers(-ndim, ndim - 1)
    several = st.lists(st.integers(0, ndim - 1), min_size=1, unique=True).map(tuple)
    flat = f in (np.cumsum, np.cumprod)
    axis = data.draw(st.none() | one if flat else st.none() | one | several)
    kwargs = {"axis": axis} | ({} if flat else {"keepdims": data.draw(st.booleans())})
    x = operand(shape, dtype, data.draw(st.integers(0, 99)))
    lanes = x.size if axis is None else int(np.prod([shape[k] for k in np.atleast_1d(axis)]))
    assume(f not in (np.std, np.ptp) or lanes > 1)  # flat, or a kink
    check_rule(f, x, kwargs=kwargs, **CALM)


@PROFILE
@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.sampled_from(["mm", "mv", "vm", "vv", "bmm"]),
       DTYPES, DTYPES, st.integers(0, 99))  # fmt: skip
def test_products(n: int, k: int, m: int, form: str, one: Any, two: Any, seed: int) -> None:
    shapes = {
        "mm": ((n, k), (k, m)), "mv": ((n, k), (k,)), "vm": ((k,), (k, m)), "vv": ((k,), (k,)),
        "bmm": ((2, n, k), (1, k, m)),
    }[form]  # fmt: skip
    a, b = operand(shapes[0], one, seed), operand(shapes[1], two, seed + 1)
    check_rule(np.matmul, a, b, **CALM)
    if form != "bmm":
        check_rule(np.dot, a, b, **CALM)


@PROFILE
@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=3), DTYPES, st.integers(0, 99))
def test_shapes(data: Any, shape: tuple[int, ...], dtype: Any, seed: int) -> None:
    x, ndim = operand(shape, dtype, seed), len(shape)
    axes = tuple(data.draw(st.permutations(range(ndim))))
    axis = data.draw(st.integers(-ndim, ndim - 1))
    f, args = data.draw(
        st.sampled_from([
            (np.transpose, (axes,)), (np.reshape, ((-1,),)), (np.ravel, ()), (np.expand_dims, (axis,)),
            (np.flip, (axis,)), (np.roll, (2, axis)), (np.repeat, (2, axis)), (np.tile, ((2,) * ndim,)),
            (np.broadcast_to, ((2, *shape),)), (np.moveaxis, (axis, 0)), (np.diff, (1, axis)), (np.squeeze, ()),
        ])
    )  # fmt: skip
    check_rule(f, x, *args, **CALM)
