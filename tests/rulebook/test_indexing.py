"""`accumulate_at` and `index_pullback` on every kind of index, and the calls of NumPy that are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases_indexing import INDICES

import pullback as pb
import pullback.rulebook.numpy_creating
import pullback.rulebook.numpy_differences
import pullback.rulebook.numpy_einsum
import pullback.rulebook.numpy_linear
import pullback.rulebook.numpy_padding
import pullback.rulebook.numpy_shaping  # noqa: F401
from pullback.applying import apply_rule
from pullback.errors import DifferentiabilityError
from pullback.rulebook.numpy_indexing import accumulate_at, index_pullback
from pullback.rules import lookup
from pullback.tangents import ZERO

R = np.random.default_rng(14)


def expected(index: Any, g: Any, dtype: Any) -> Any:
    """The entries' numbers, indexed, say where each cotangent goes: one at a time, by a loop."""
    out = np.zeros(12, dtype)
    for k, t in zip(np.ravel(np.arange(12).reshape(3, 4)[index]), np.ravel(g), strict=True):
        out[k] += t
    return out.reshape(3, 4)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_every_index(index: Any, dtype: Any) -> None:
    g = R.standard_normal(np.shape(np.zeros((3, 4))[index])).astype(dtype)
    a = R.standard_normal((3, 4)).astype(dtype)
    buffer = a.copy()
    accumulate_at(buffer, index, g if g.ndim else g[()])
    assert np.allclose(buffer, a + expected(index, g, dtype))
    t = index_pullback(g, (3, 4), np.dtype(dtype), index)
    assert t.dtype == dtype and np.allclose(t, expected(index, g, dtype))


def test_kinds_of_cotangents() -> None:
    buffer = np.zeros(3)
    accumulate_at(buffer, 1, 2.0)
    accumulate_at(buffer, [1, 1], 1.0 + 5j)
    accumulate_at(buffer, slice(0, 1), np.array([1j + 3.0]))
    accumulate_at(buffer, 2, ZERO)
    assert buffer.tolist() == [3.0, 4.0, 0.0]
    assert index_pullback(np.ones(2), (3,), np.dtype(int), [0, 1]) is ZERO
    with pytest.raises(DifferentiabilityError, match="field"):
        accumulate_at(buffer, "name", 1.0)


def test_one_entry_of_a_large_buffer_costs_one_entry() -> None:
    import timeit

    small, large = np.zeros(10), np.zeros(10_000_000)
    small_time = min(timeit.repeat(lambda: accumulate_at(small, 5, 1.0), number=1000, repeat=5))
    large_time = min(timeit.repeat(lambda: accumulate_at(large, 5, 1.0), number=1000, repeat=5))
    assert large_time < 50 * small_time  # the ratio of the sizes is a million


A = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "operand", "message"),
    [
        (np.pad, (A, 1, "maximum"), {}, 0, "mode='maximum'"),
        (np.pad, (A, 1), {"constant_values": (1.0, 2.0)}, "constant_values", "single constant_values"),
        (np.pad, (A, 1, "linear_ramp"), {"end_values": 2.0}, "end_values", "end_values"),
        (np.reshape, (A, (2, 6)), {"order": "A"}, 0, "memory order"),
        (np.einsum, ("ij->i", A), {"out": np.zeros(3)}, 1, "out"),
        (np.concatenate, ([A, A], 0, np.zeros((6, 4))), {}, 0, "positional"),
        (np.gradient, (A, np.arange(4.0)), {"axis": 1}, 1, "array of coordinates"),
        (np.logspace, (0.0, 1.0, 5), {"base": np.array([2.0, 3.0])[:, None]}, 0, "scalar base"),
        (np.polyval, (np.ones((2, 2)), 1.0), {}, 0, "vector of coefficients"),
        (np.linalg.svd, (A,), {"hermitian": False, "full_matrices": True}, 0, "full_matrices=False"),
        (np.linalg.lstsq, (np.ones((4, 2)), np.ones(4)), {}, 0, "full rank"),
    ],
)
def test_refusals(function: Any, args: Any, kwargs: Any, operand: Any, message: str) -> None:
    import pullback.rulebook.numpy_decompositions
    import pullback.rulebook.numpy_joining
    import pullback.rulebook.numpy_polynomials  # noqa: F401

    entry = lookup(function)
    assert entry is not None and entry.rule is not None
    with pytest.raises(DifferentiabilityError, match=message):
        value, residual = apply_rule(entry.rule, args, kwargs, (operand,))
        residual[0](residual, tuple(map(np.ones_like, value)) if isinstance(value, tuple) else np.ones_like(value))


def scalar_indexed(x):
    return np.sum(x * x)[()] * np.sum(x)[...]


def scalar_given_axes(x):
    s = np.sum(x * x)
    return np.sum(s[None] * s[None, ..., None] ** 2)


def scalar_indexed_where_values_change(x):
    kept = [np.sum(x * x)]
    kept.append(x)
    y = np.zeros(2)
    y[0] = kept[0][()]
    return np.sum(y) + kept[0][None][0] + kept[0][..., None][0] ** 2


@pytest.mark.parametrize("f", [scalar_indexed, scalar_given_axes, scalar_indexed_where_values_change])
@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.array([1.0, 2.0])], ids=["float", "scalar", "array"])
def test_numpy_scalars_are_indexed_as_arrays_without_axes(f, x):
    pb.check_derivative(f, x)
    if f is not scalar_indexed_where_values_change:
        pb.check_derivative(f, x, order=2)
