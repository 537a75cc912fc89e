"""Keywords that a rule does not have, and arrays that a call hands back.

    np.multiply(a, b, dtype=np.float32)    np.nan_to_num(a, copy=False)    np.histogram(x, edges)[1] is edges
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([0.3, 0.7, 1.1])
B = np.array([1.0, 2.0, 3.0])
SAMPLES = np.array([0.1, 0.4, 0.45, 0.9, 0.3])


def products(a: Any, b: Any) -> Any:
    return np.sum(np.multiply(a, b, casting="unsafe", order="F") ** 2)


def doubles(a: Any, b: Any) -> Any:
    return np.sum(np.exp(a, dtype="f8") * np.sin(b, order="C"))


def complexes(a: Any, b: Any) -> Any:
    return np.sum(np.abs(np.multiply(a, b, dtype=complex) * (1 + 2j)))


def in_place(a: Any, b: Any) -> Any:
    y = a * b
    np.nan_to_num(y, copy=False)
    y[0] = y[1] * 3.0
    return np.sum(y * np.sin(a))


def in_place_and_returned(a: Any, b: Any) -> Any:
    y = a * b
    z = np.nan_to_num(y, False, 1.0, 2.0)
    z[0] = z[1] * 3.0
    return np.sum(y * z * y)


def copied_or_not(a: Any, b: Any) -> Any:
    total = 0.0
    for flag in (True, False):
        y = a * a
        np.nan_to_num(y, copy=flag)
        total = total + np.sum(y * b)
    return total


def edges_changed(a: Any, b: Any) -> Any:
    _, edges = np.histogram([0.5, 1.5, 2.5], b)
    edges[1] = edges[2] * edges[1] * a[0]
    return np.sum(A * b**2)


def bin_edges_changed(a: Any, b: Any) -> Any:
    edges = np.histogram_bin_edges(a, b)
    edges[0] = b[1] ** 2
    return b[0] * b[2]


def bins_of_samples(a: Any, b: Any) -> Any:
    _, edges = np.histogram(a, 4)
    low = np.histogram_bin_edges(SAMPLES, 3, (b[0], 2.0 * b[1]))
    return np.sum(edges**2 * np.arange(5.0)) + np.sum(low**2) + np.sum(np.histogram_bin_edges(a, "auto") ** 2)


def densities(a: Any, b: Any) -> Any:
    of_samples, _ = np.histogram(a * a, 2, density=True, weights=b)
    of_edges, edges = np.histogram([1.5, 2.2, 2.3], b, density=True)
    return np.sum(of_samples**2 * A[:2]) + np.sum(of_edges**2 * np.diff(edges))


def window(a: Any, b: Any) -> Any:
    return np.sum(np.kaiser(5, b[0]) * np.arange(5.0)) * a[0]


PROGRAMS = [
    *(products, doubles, complexes, in_place, in_place_and_returned, copied_or_not),
    *(edges_changed, bin_edges_changed, bins_of_samples, densities, window),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_derivatives(program: Any) -> None:
    given = copy.deepcopy((A, B))
    assert pb.value_with_gradient(program)(*copy.deepcopy(given))[0] == program(*copy.deepcopy(given))
    pb.check_derivative(program, *given, order=2)


def test_what_is_not_finite_is_replaced_in_place() -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        np.nan_to_num(y, copy=False, posinf=2.0)
        return np.sum(y)

    x = np.array([1.0, np.inf, 3.0])
    assert pb.gradient(f)(x).tolist() == [2.0, 0.0, 2.0]
    assert pb.differential(f)(x)(np.ones(3)) == 4.0


def test_single_precision_is_that_of_the_operands() -> None:
    def f(a: Any, b: Any) -> Any:
        return np.multiply(a, b, dtype=np.float32)

    value, pull = pb.value_with_pullback(f)(A, B)
    a_bar, b_bar = pull(np.ones(3, np.float32))
    assert value.dtype == np.float32
    assert a_bar.dtype == b_bar.dtype == np.float64
    np.testing.assert_allclose(a_bar, B, rtol=1e-6)
    np.testing.assert_allclose(b_bar, A, rtol=1e-6)
    assert pb.differential(f)(A, B)(A, B).dtype == np.float32


def minus_list(a: Any, b: Any) -> Any:
    c = [b[0], b[1] * 2.0, 3.0]
    rows = np.stack([a, a * b])
    return np.sum((rows - c) ** 2) + np.sum((c / rows) ** 2) + np.sum((rows @ c) ** 2) + np.sum(c @ rows.T)


@pytest.mark.parametrize("program", [minus_list])
def test_lists_beside_arrays(program: Any) -> None:
    pb.check_derivative(program, A, B, order=2)


def test_a_scalar_times_a_list_is_refused_as_numpy_does() -> None:
    with pytest.raises(TypeError):
        pb.gradient(lambda x: np.sum(x * [x, 2.0]))(np.float64(2.0))


@pytest.mark.parametrize("number", [np.float64, np.float32, np.array])
def test_math_of_numpys_numbers(number: Any) -> None:
    x = number(1.7)
    for f, slope in ((math.fabs, 1.0), (math.gamma, 0.18949467676), (math.lgamma, 0.20854787488)):
        assert abs(pb.gradient(lambda v, f=f: f(v))(x) - slope) < 1e-6
        assert abs(pb.differential(lambda v, f=f: f(v))(x)(number(1.0)) - slope) < 1e-6
    assert pb.gradient(lambda v: math.fmod(5.2, v))(x) == -3.0


AXIS = -1


def test_second_derivatives_of_running_products_along_a_global_axis() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.cumulative_prod(x, axis=AXIS) * np.arange(3.0))

    pb.check_derivative(lambda x: np.sum(pb.gradient(f)(x) ** 2), A)


@pytest.mark.parametrize(
    "program",
    [
        lambda x: np.sum(np.exp(x, dtype="O")),
        lambda x: np.sum(np.add(x, 1.0, where=x > 0.5)),
        lambda x: np.sum(np.nan_to_num(x, bad=1.0)),
    ],
)
def test_other_keywords_are_refused_at_the_line(program: Any) -> None:
    with pytest.raises((pb.DifferentiabilityError, TypeError)):
        pb.gradient(program)(A)
