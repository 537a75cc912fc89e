"""Filters and images through the engine, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

signal = pytest.importorskip("scipy.signal", reason="SciPy is not installed")
ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")

from scipy.spatial import distance  # noqa: E402

import pullback as pb  # noqa: E402
from pullback.errors import DifferentiabilityError  # noqa: E402

R = np.random.default_rng(4)
X = R.standard_normal(12)
IMAGE = R.standard_normal((5, 6))


def check(f, *args):
    pb.check_derivative(f, *args, modes=("reverse", "forward"))


def test_programs():
    check(lambda x, h: np.sum(signal.savgol_filter(signal.fftconvolve(x, h, "same"), 5, 2) ** 2), X, X[:3])
    check(lambda b, a: np.sum(signal.lfilter(b, a, X) ** 2), np.array([0.4, 0.2]), np.array([1.0, -0.3]))
    check(lambda x: np.sum(abs(signal.hilbert(x)) ** 2), X)
    check(lambda x: np.sum(ndimage.gaussian_filter(ndimage.convolve(x, x[:3, :3]), 0.7) ** 2), IMAGE)
    check(lambda p: np.sum(np.exp(-distance.cdist(p, p + 1.0, "sqeuclidean"))), IMAGE)
    check(lambda c: np.sum(ndimage.map_coordinates(IMAGE, c, order=1)), R.uniform(0.1, 3.9, (2, 4)))


def test_two_equal_points():
    points = np.zeros((2, 2))
    assert np.array_equal(pb.gradient(lambda p: np.sum(distance.pdist(p)))(points), points)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(signal.lfilter([1.0], [1.0, 0.5], x, zi=np.zeros(1))[0]),
        lambda x: np.sum(signal.sosfilt(signal.butter(2, 0.3, output="sos") * x[0], X)),
        lambda x: np.sum(signal.savgol_filter(X, 5, 2, 0, x[0])),
        lambda x: np.sum(signal.detrend(x, overwrite_data=True)),
        lambda x: np.sum(signal.convolve2d(IMAGE * x[0], IMAGE, boundary="wrap")),
        lambda x: np.sum(signal.correlate2d(IMAGE[:2] * (1j * x[0]), IMAGE + 0j, mode="valid")).real,
        lambda x: np.sum(signal.medfilt(x)),
        lambda x: np.sum(ndimage.gaussian_filter(IMAGE, x[0])),
        lambda x: np.sum(ndimage.gaussian_filter(IMAGE * x[0], 1.0, output=np.zeros((5, 6)))),
        lambda x: np.sum(ndimage.map_coordinates(IMAGE * x[0], np.ones((2, 3)))),
        lambda x: np.sum(ndimage.map_coordinates(IMAGE * x[0], np.ones((2, 3)), order=1, mode="wrap")),
        lambda x: np.sum(ndimage.shift(IMAGE, x[0])),
        lambda x: np.sum(ndimage.median_filter(IMAGE * x[0], 3)),
        lambda x: np.sum(distance.cdist(IMAGE * x[0], IMAGE, "cosine")),
        lambda x: np.sum(distance.cdist(IMAGE, IMAGE, "seuclidean", V=np.full(6, x[0] ** 2))),
    ],
)
def test_refused(f):
    with pytest.raises(DifferentiabilityError):
        pb.gradient(f)(X)
