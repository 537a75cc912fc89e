"""Distances of scipy.spatial.distance against finite differences, and their refusals."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy", reason="SciPy is not installed")

from scipy.spatial import distance  # noqa: E402

import pullback as pb  # noqa: E402

U, V = np.array([0.3, -0.7, 1.2, 2.0]), np.array([0.5, 0.9, -1.5, 1.7])
W = np.array([1.0, 2.0, 0.5, 1.5])

PROGRAMS = {
    "minkowski": lambda u, v: distance.minkowski(u, v, 3) + distance.minkowski(u, v, 2.5, W),
    "extremes": lambda u, v: distance.minkowski(u, v, np.inf) + distance.minkowski(u, v, 1),
    "cosine": lambda u, v: distance.cosine(u, v) + distance.cosine(u, v, W),
    "correlation": lambda u, v: distance.correlation(u, v) + distance.correlation(u, v, w=W, centered=True),
    "canberra": lambda u, v: distance.canberra(u, v) + distance.canberra(u, v, W),
    "braycurtis": lambda u, v: distance.braycurtis(u, v) + distance.braycurtis(u, v, W),
    "mahalanobis": lambda u, v: distance.mahalanobis(u, v, np.diag(W) + 0.1),
    "by its matrix": lambda u, v: distance.mahalanobis(u, V, np.diag(v**2)),
    "seuclidean": lambda u, v: distance.seuclidean(u, V, v**2),
    "jensenshannon": lambda u, v: distance.jensenshannon(u**2, v**2) + distance.jensenshannon(u**2, v**2, 2.0),
    "several": lambda u, v: np.sum(
        distance.jensenshannon(np.reshape(u**2, (2, 2)), np.reshape(v**2, (2, 2)), axis=1, keepdims=True)
    ),
    "squareform": lambda u, v: np.sum(
        distance.squareform(distance.pdist(np.reshape(u, (4, 1)))) ** 2 @ np.outer(v, v)
    ),
    "and back": lambda u, v: np.sum(distance.squareform(np.outer(u, u) - np.diag(u * u)) * np.arange(6.0)) * v[0],
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_distances(program: Any) -> None:
    assert pb.value_with_gradient(program)(U, V)[0] == program(U, V)
    pb.check_derivative(program, U, V, order=2, allow_kinks=True)


def test_equally_large_differences_share_the_slope() -> None:
    u, v = np.array([1.0, -2.0, 3.0, 0.0]), np.array([0.0, 1.0, 0.0, 0.5])  # (differences 1, -3, 3, -0.5)
    expected = np.array([0.0, -0.5, 0.5, 0.0])
    for f in (distance.chebyshev, lambda a, b: distance.cdist([a], [b], "chebyshev")[0, 0]):
        np.testing.assert_array_equal(pb.gradient(f)(u, v), (expected, -expected))
        assert pb.differential(f)(u, v)(np.array([1.0, 2.0, 4.0, 8.0]), np.zeros(4)) == 1.0


@pytest.mark.parametrize(
    "program",
    [
        lambda u: distance.euclidean(u, V),
        lambda u: distance.cityblock(u, V),
        lambda u: np.real(distance.cosine(u, V)),
    ],
)
def test_complex_vectors_are_refused(program: Any) -> None:
    with pytest.raises((pb.DifferentiabilityError, TypeError, ValueError)):
        pb.gradient(program)(U + 1j)
