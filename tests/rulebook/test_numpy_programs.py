"""NumPy functions that are differentiated as programs, or in a part of their results only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([[0.5, -1.25, 2.0, 0.75], [1.5, 0.25, -0.5, 3.0], [-2.0, 1.0, 0.125, 0.875]])
WEIGHTS = np.arange(1.0, 5.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(np.unique(a)[:4] * WEIGHTS) ** 2,
        lambda a: np.sum(np.unique(a, axis=1)[0] * WEIGHTS) ** 2,
        lambda a: np.sum(np.unique(a, return_inverse=True, return_counts=True)[0][2:6] * WEIGHTS) ** 2,
        lambda a: np.sum(np.unique(a, return_index=True)[0][2:6] * WEIGHTS) ** 2,
        lambda a: np.sum(np.add.reduceat(a, [0, 2], axis=1) ** 3),
        lambda a: np.sum(np.add.reduceat(a, [2, 0, 0, 1]) ** 3),
        lambda a: np.sum(np.add.reduceat(a.ravel(), np.array([0, 5, 3])) ** 3),
        lambda a: np.sum(np.multiply.reduceat(a, [2, 0, 1], axis=1) ** 3),
        lambda a: np.sum(np.maximum.reduceat(a, np.array([0, 1])) ** 3),
        lambda a: np.sum(np.logaddexp.reduceat(a.ravel(), [0, 5, 3]) ** 3),
        lambda a: np.sum(np.linalg.svd(a)[1] ** 3),
        lambda a: np.sum(np.linalg.svd(a.T)[1] ** 3) + np.abs(np.linalg.svd(a.T)[2][0, 0]),
        lambda a: np.take(a[0, 0], [0, 0, 0], axis=0, mode="wrap") @ a[0, :3] + np.take(a[0, 1], 0, mode="clip"),
        lambda a: np.sum(np.quantile(a, [0.3, 0.5], axis=1, method="averaged_inverted_cdf") ** 2),
        lambda a: np.quantile(a[0], 0.6, weights=WEIGHTS, method="inverted_cdf") ** 2,
    ],
)
def test_both_modes(f: Any) -> None:
    pb.check_derivative(f, A)


def filled_entry_by_entry(a):
    y = np.zeros_like(a[0])
    for i in range(len(y)):
        y[i] = a[0, i] ** 2
    return np.sum(y * y)


@pytest.mark.parametrize(
    "f",
    [
        filled_entry_by_entry,
        lambda a: np.sum(np.unique(a)[:4] * WEIGHTS) ** 2,
        lambda a: np.sum(np.add.reduceat(a, [0, 2], axis=1) ** 3),
        lambda a: np.sum(np.multiply.reduceat(a, [2, 0, 1], axis=1) ** 3),
        lambda a: np.sum(np.r_[a[0] ** 3, WEIGHTS, 1:4] ** 2),
        lambda a: np.sum(np.linalg.svd(a)[1] ** 3),
        lambda a: np.var(a, axis=0, mean=np.mean(a, axis=0, keepdims=True)) @ WEIGHTS,
    ],
)
def test_second_derivatives(f: Any) -> None:
    pb.check_derivative(f, A, order=2)


def test_unique_values_are_the_first_of_equal_entries() -> None:
    g = pb.gradient(lambda a: np.unique(a) @ np.array([1.0, 2.0, 3.0]))(np.array([3.0, 1.0, 3.0, 2.0]))
    assert np.array_equal(g, [3.0, 1.0, 0.0, 2.0])


def test_vectors_that_are_not_determined_are_refused_where_they_are_read() -> None:
    with pytest.raises(pb.DifferentiabilityError, match="full_matrices=False"):
        pb.differential(lambda a: np.linalg.svd(a.T)[0][0, 0])(A)(A)


def shape_set(a):
    b = a * 2.0
    b.shape = (4, 3)
    return np.sum(b[0])


def flat_set(a):
    b = np.zeros((3, 4))
    b.flat = a
    return np.sum(b * b)


def flat_overwritten(a):
    b = a * 2.0
    b.flat = np.ones(12)
    return np.sum(a * b)


def real_overwritten(a):
    b = a + 0j
    b.real = np.ones((3, 4))
    return np.sum((a * b).real)


@pytest.mark.parametrize("f", [shape_set, flat_set, flat_overwritten, real_overwritten])
def test_attributes_of_arrays_are_not_set(f: Any) -> None:
    with pytest.raises(pb.DifferentiabilityError, match="of an array that is differentiated is set"):
        pb.gradient(f)(A)
    with pytest.raises(pb.DifferentiabilityError, match="of an array that is differentiated is set"):
        pb.differential(f)(A)(A)


def test_the_shape_of_an_array_that_is_not_differentiated_is_set() -> None:
    def f(a):
        k = np.arange(4.0)
        k.shape = (2, 2)
        return np.sum(a[:2, :2] * k)

    pb.check_derivative(f, A)


def norm_of_starred(x):
    operands = [x, 3.0]
    n = np.linalg.norm(*operands)
    operands[1] = 1.0
    return n**2


def norm_of_starred_keywords(x):
    return np.linalg.norm(**{"x": x, "ord": 3.0}) ** 2


@pytest.mark.parametrize("f", [norm_of_starred, norm_of_starred_keywords])
def test_what_is_not_differentiated_may_be_starred_with_what_is(f: Any) -> None:
    pb.check_derivative(f, A[0])
    pb.check_derivative(f, A[0], order=2)


def test_a_derivative_that_is_not_known_is_refused_at_the_starred_call() -> None:
    def f(x, p):
        operands = [x, 2.0 * p]
        y = np.sum(x)
        return np.linalg.norm(*operands) * y

    for derivative in (lambda: pb.gradient(f)(A[0], 3.0), lambda: pb.differential(f)(A[0], 3.0)(A[0], 1.0)):
        with pytest.raises(pb.DifferentiabilityError, match="argument `ord` is not known") as refused:
            derivative()
        assert "norm(*operands) * y" in str(refused.value)


def test_a_numpy_scalar_that_is_reshaped_stays_one() -> None:
    def f(x: Any) -> Any:
        t = np.reshape(np.sum(x * x), ())[()]
        u = np.transpose(np.squeeze(np.max(x)))[...]
        out = [t, 0.0]
        out[1] = out[0] * u
        return out[1]

    pb.check_derivative(f, np.array([0.3, 1.7, -0.4]), order=2)


def einsum_of_changed_operands(x):
    operands = [A, (0, 1), A.T, (1, 2), (0, 2)]
    for i, v in zip((0, 2), (x, x.T), strict=True):
        operands[i] = v
    return np.sum(np.einsum(*operands) ** 2)


def einsum_of_changed_square(x):
    operands = [A, [0, 1], [1, 0]]
    operands[0] = x[:, :3]
    return np.sum(np.einsum(operands[0], operands[1], operands[2])[0] ** 3)


def einsum_of_implied_result(x):
    operands = [A, (0, 1)]
    operands[0] = x[:, :3]
    return np.sum(np.einsum(operands[0], operands[1])[0] ** 3)  # (labels (0, 0) would sum its diagonal)


@pytest.mark.parametrize("f", [einsum_of_changed_operands, einsum_of_changed_square, einsum_of_implied_result])
def test_labels_beside_arrays_that_change_have_no_tangent(f: Any) -> None:
    pb.check_derivative(f, A)


def test_second_derivatives_of_complex_singular_vectors() -> None:
    def sizes(a: Any) -> Any:
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return np.sum(np.abs(u) ** 2 * s) + np.sum(np.abs(vh) ** 4)  # (of which the phases are no part)

    rng = np.random.default_rng(4)
    for shape in ((3, 2), (2, 2), (2, 3)):
        a, t = (rng.normal(size=shape) + 1j * rng.normal(size=shape) for _ in range(2))
        gradient = pb.gradient(sizes)
        slope = (gradient(a + 1e-6 * t) - gradient(a - 1e-6 * t)) / 2e-6
        np.testing.assert_allclose(pb.differential(gradient)(a)(t), slope, rtol=1e-5, atol=1e-6)
        cotangent = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        back = pb.pullback(gradient)(a)(cotangent)
        np.testing.assert_allclose(np.sum(np.real(back * t)), np.sum(np.real(cotangent * slope)), rtol=1e-5)


def test_reduceat_raises_what_numpy_raises() -> None:
    with pytest.raises(IndexError):
        pb.gradient(lambda x: np.sum(np.multiply.reduceat(x, [0, 7])))(np.ones(3))
