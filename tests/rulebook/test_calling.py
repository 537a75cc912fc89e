"""NumPy functions that call functions, and methods of ufuncs: values as NumPy's, derivatives by differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

R = np.random.default_rng(5)
A = R.uniform(0.4, 1.9, (3, 4))
B = R.uniform(0.4, 1.9, 4)
W = R.uniform(0.4, 1.9, (3, 4))


def square_or_cube(u: float) -> float:
    return u * u if u > 1.0 else u * u * u


def two_results(u: float, v: float) -> Any:
    return u * v, u + v * v


def vectorized_twice(a: Any, b: Any) -> Any:
    p, q = np.vectorize(two_results)(a, b)
    return np.sum(p * W) + np.sum(q * q)


def vectorized_excluded(a: Any, b: Any) -> Any:
    return np.sum(W * np.vectorize(lambda u, v: u * v[1] + v[0], excluded={1})(a, b))


def vectorized_keyword(a: Any, b: Any) -> Any:
    return np.sum(W * np.vectorize(lambda u, v=1.0: u * v * v, otypes=[float])(a, v=b))


def vectorized_capturing(a: Any, b: Any) -> Any:
    scale = b[0] * b[1]
    scaled = np.vectorize(lambda u: u * u * scale)
    return np.sum(scaled(a) * W) + np.sum(scaled(b))


def along(a: Any, b: Any) -> Any:
    return np.sum(np.apply_along_axis(lambda lane: lane * lane[0] + b[1], 0, a) * W)


def along_to_number(a: Any, b: Any) -> Any:
    return np.sum(np.apply_along_axis(np.dot, 1, a, b) ** 2)


def along_to_matrix(a: Any, b: Any) -> Any:
    return np.sum(np.apply_along_axis(lambda lane: np.outer(lane, lane), 1, a)[..., 1] * W[:, :, None].swapaxes(1, 2))


def over_axes(a: Any, b: Any) -> Any:
    return np.sum(np.apply_over_axes(np.sum, a * a * W, [0, -1])) * b[0]


def pieces(a: Any, b: Any) -> Any:
    return np.sum(W * np.piecewise(a, [a < 0.8, a > 1.5], [lambda u: u * u, lambda u: u * b[0], 3.0]))


def pieces_default(a: Any, b: Any) -> Any:
    return np.sum(W * np.piecewise(a, [a < 0.8], [np.sin, np.exp]))


def indices(a: Any, b: Any) -> Any:
    return np.sum(a * np.fromfunction(lambda i, j: i * b[0] + j * b[1] ** 2, (3, 4)))


def enumerated(a: Any, b: Any) -> Any:
    total = 0.0
    for (i, j), u in np.ndenumerate(a):
        total = total + u * u * b[j] * i
    return total


def reduced(a: Any, b: Any) -> Any:
    c = np.add.reduce(a) * np.multiply.reduce(a, axis=0) + np.maximum.reduce(a) - np.minimum.reduce(a, 0)
    return np.sum(c * np.logaddexp.reduce(a, axis=0)) + np.logaddexp2.reduce(b) * np.sum(np.hypot.reduce(a, axis=1))


def reduced_options(a: Any, b: Any) -> Any:
    c = np.add.reduce(a, axis=(0, 1), initial=b[0], where=W > 1.0) + np.maximum.reduce(a, axis=None, initial=0.0)
    return c * np.sum(np.logaddexp.reduce(a, axis=1, keepdims=True) * W)


def accumulated(a: Any, b: Any) -> Any:
    c = np.add.accumulate(a, axis=1) * np.multiply.accumulate(a) * np.maximum.accumulate(a, axis=1)
    return np.sum(c * np.minimum.accumulate(a, axis=0) * W)


def outer_products(a: Any, b: Any) -> Any:
    return np.sum(np.multiply.outer(a, b)[:, 0] * 2.0) + np.sum(np.subtract.outer(b, b[:2]) ** 3)


PROGRAMS = [
    vectorized_twice,
    vectorized_excluded,
    vectorized_keyword,
    vectorized_capturing,
    along,
    along_to_number,
    along_to_matrix,
    over_axes,
    pieces,
    pieces_default,
    indices,
    enumerated,
    reduced,
    reduced_options,
    accumulated,
    outer_products,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_derivative(program: Any) -> None:
    assert pb.value_with_gradient(program)(A, B)[0] == program(A, B)
    pb.check_derivative(program, A, B, modes=("reverse", "forward"))


def test_vectorized_function_of_branches() -> None:
    f = np.vectorize(square_or_cube)
    g = pb.gradient(lambda x: np.sum(f(x)))(np.array([0.5, 2.0]))
    np.testing.assert_allclose(g, [0.75, 4.0])
    assert pb.gradient(lambda x: f(x) * 1.0)(3.0) == 6.0


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (lambda x: np.subtract.reduce(x), "subtract.reduce"),
        (lambda x: np.logaddexp.reduce(x, initial=1.0), "axis= and keepdims= only"),
        (lambda x: np.sum(np.logaddexp.accumulate(x)), "logaddexp.accumulate"),
        (lambda x: np.vectorize(np.sum, signature="(n)->()")(x), "signature="),
        (lambda x: np.sum(np.divide.reduceat(x, [0, 2])), "divide.reduce"),
    ],
)
def test_refused(program: Any, message: str) -> None:
    with pytest.raises(pb.DifferentiabilityError, match=message):
        pb.gradient(program)(B)


def test_ties_of_running_extrema_stay_with_the_first() -> None:
    g = pb.gradient(lambda x: np.sum(np.maximum.accumulate(x)))(np.array([1.0, 3.0, 3.0, 2.0, 4.0]))
    np.testing.assert_array_equal(g, [1.0, 3.0, 0.0, 0.0, 1.0])


WEIGHTS = np.array([1.0, 2.0, 0.5, 1.5])
WINDOW = np.linspace(0.0, 1.0, 12).reshape(3, 4)


def covariances(a: Any, b: Any) -> Any:
    c = np.sum(np.cov(a) * W[:, :3]) + np.cov(b) + np.sum(np.cov(a, b, bias=True)) + np.cov(a[0], b)[0, 1]
    return c + np.sum(np.cov(a, rowvar=False, ddof=0) ** 2) + np.sum(np.cov(a, aweights=b) * W[:, 1:])


def weighted_covariances(a: Any, b: Any) -> Any:
    return np.sum(np.cov(a, fweights=[1, 2, 1, 3]) ** 2) + np.cov(b, fweights=[1, 2, 1, 3], aweights=WEIGHTS * b)


def correlations(a: Any, b: Any) -> Any:
    return np.sum(np.corrcoef(a) * W[:, :3]) + np.corrcoef(a[0], b)[0, 1] + np.corrcoef(b)


def fits(a: Any, b: Any) -> Any:
    c = np.sum(np.polyfit(b, a[0], 2) * W[0, :3]) + np.sum(np.polyfit(np.sort(b), a.T, 1) ** 2)
    return c + np.polyfit(b, a[1], 1, w=a[2])[0]


def polynomials(a: Any, b: Any) -> Any:
    c = np.polyadd(a[0], b[:2]) * np.polysub(b[1:], a[1])
    d = np.sum(np.polymul(b, a[2, :2]) ** 2) + np.sum(np.polyder(b, 2) * b[:2])
    return np.sum(c * b) + d + np.sum(np.polyint(b, 2, k=a[0, :2]) ** 2) + np.sum(np.poly(b) * np.poly(a[1]))


def brackets(a: Any, b: Any) -> Any:
    return np.sum(np.r_[b, 0.5, a[0], 0:2] ** 2 * np.r_[1:5, 2.0, b, b[:2]]) + np.sum(np.c_[b, a[1]] ** 2)


def bins(a: Any, b: Any) -> Any:
    sums, edges = np.histogram(np.arange(4.0), [0.0, 1.5, 3.0], weights=b)
    return np.sum(sums * edges[1:]) + a[0, 0]


def views(a: Any, b: Any) -> Any:
    return np.sum(a.view() ** 2) + np.sum(b.view(float) * b) + b[0].view()


MORE = [views, covariances, weighted_covariances, correlations, fits, polynomials, brackets, bins]


@pytest.mark.parametrize("program", MORE, ids=lambda f: f.__name__)
def test_more(program: Any) -> None:
    assert pb.value_with_gradient(program)(A, B)[0] == program(A, B)
    pb.check_derivative(program, A, B, modes=("reverse", "forward"))
