"""scipy.ndimage: second derivatives, which call the filters again."""

from __future__ import annotations

import numpy as np
import pytest

ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")

import pullback as pb  # noqa: E402

A = np.array([[0.5, -1.25, 2.0, 0.75], [1.5, 0.25, -0.5, 3.0], [-2.0, 1.0, 0.125, 0.875]])
W = np.array([0.25, 0.5, -0.5])


@pytest.mark.parametrize(
    "f",
    [
        lambda a: ndimage.gaussian_filter(a, 0.8, mode="wrap"),
        lambda a: ndimage.uniform_filter1d(a, 3, mode="nearest"),
        lambda a: ndimage.laplace(a, mode="mirror"),
        lambda a: ndimage.prewitt(a, axis=0) * ndimage.sobel(a, axis=1),
        lambda a: ndimage.correlate1d(a, W, axis=0, mode="constant", cval=1.0),
        lambda a: ndimage.shift(a, 0.4, order=1),
        lambda a: ndimage.zoom(a, 1.5, order=1),
    ],
)
def test_second_derivatives(f):
    pb.check_derivative(lambda a: np.sum(f(a) ** 2), A, order=2)


def test_second_derivatives_by_weights():
    pb.check_derivative(lambda a, w: np.sum(ndimage.convolve1d(a, w, axis=1, origin=1) ** 2), A, W, order=2)
