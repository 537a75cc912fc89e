"""Indices that hold arrays or lists which change in place later: the derivative is by the index as it was."""

from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([[1.0, 2.0], [3.0, -1.0]])
W = np.array([1.0, 3.0])


def read_by_two(a: Any) -> Any:
    m = np.array([0, 1])
    y = a[m, 0] * 2.0
    m[0] = 1
    return np.sum(y**2)


def read_by_an_open_mesh(a: Any) -> Any:
    m = np.array([0, 1])
    y = a[np.ix_(m, [0])] * 2.0
    m[0] = 1
    return np.sum(y**2)


def read_by_a_slice_and_an_array(a: Any) -> Any:
    m = np.array([0, 1])
    y = a[:, m] * 2.0
    m[0] = 1
    return np.sum(y**2 * W)


def read_by_a_list(a: Any) -> Any:
    k = [0, 1]
    y = a[k, 0] * 2.0
    k[0] = 1
    return np.sum(y**2)


def read_by_a_nested_list(a: Any) -> Any:
    k = [[0, 1], [1, 0]]
    y = a[tuple(k)] * 2.0
    k[0][0] = 1
    return np.sum(y**2 * W)


def stored_by_two(a: Any) -> Any:
    m = np.array([0, 1])
    b = a * 1.0
    b[m, 0] = a[0, 0] ** 2
    m[0] = 1
    return np.sum(b**2)


def changed_by_two(a: Any) -> Any:
    m = np.array([0, 1])
    b = a * 1.0
    b[m, 0] *= a[0, 0]
    m[0] = 1
    return np.sum(b**2)


def a_pool(a: Any) -> Any:
    alive = np.array([True, False])
    b = a * 1.0
    for _ in range(2):
        b[alive, 0] += 0.1 * a[0, 1] * b[1, 1]
        alive[1] = True
    return np.sum(b**2)


def a_list_of_arrays(a: Any) -> Any:
    rows = [a[0] * 1.0, a[1] * 1.0]
    y = np.stack(rows) * a
    rows[0][0] = 7.0
    rows[1] *= 2.0
    return np.sum(y**2) + np.sum(rows[1])


PROGRAMS = [
    read_by_two, read_by_an_open_mesh, read_by_a_slice_and_an_array, read_by_a_list, read_by_a_nested_list,
    stored_by_two, changed_by_two, a_pool, a_list_of_arrays,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_each_mode(f: Any) -> None:
    pb.check_derivative(f, A, modes=("reverse", "forward"))
    assert np.all(np.isfinite(pb.hvp(f)(A, np.ones((2, 2)))))


def test_an_index_that_is_a_view_and_no_array_is_refused() -> None:
    def f(a: Any) -> Any:
        m = np.array([0, 1])
        k = m.flat
        y = a[0][k] * 2.0
        m[0] = 1
        return np.sum(y**2)

    with pytest.raises(pb.DifferentiabilityError, match="flatiter is read where the array that it is of may change"):
        pb.gradient(f)(A)
