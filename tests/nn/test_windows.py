from __future__ import annotations

import numpy as np
import pytest

from pullback.errors import ArgumentError
from pullback.nn.windows import cropped, padded, taps, view, windows_of


@pytest.mark.parametrize(
    ("image", "size", "stride", "expected"),
    [(5, 3, 1, (1, 1)), (6, 3, 2, (0, 1)), (7, 3, 2, (1, 1)), (4, 2, 2, (0, 0)), (5, 2, 1, (0, 1)), (5, 1, 3, (0, 0))],
)
def test_same_pads_as_tensorflow_does(image, size, stride, expected):
    w = windows_of((image, image), size, stride, "same")
    assert w.padding == (expected, expected)
    assert w.places == (-(-image // stride),) * 2


def test_every_form_of_padding():
    assert windows_of((5, 6), 3).padding == ((0, 0), (0, 0))
    assert windows_of((5, 6), 3, padding=2).padding == ((2, 2), (2, 2))
    assert windows_of((5, 6), 3, padding=(1, 0)).padding == ((1, 1), (0, 0))
    assert windows_of((5, 6), 3, padding=((1, 2), (3, 4))).padding == ((1, 2), (3, 4))
    assert windows_of((5, 6), 3, padding=[[1, 2], 3]).padding == ((1, 2), (3, 3))


@pytest.mark.parametrize("padding", ["full", -1, (1, 2, 3), ((1, 2), (3, -4)), 1.5, None, ((1, 2, 3), 1)])
def test_bad_padding_says_what_is_allowed(padding):
    with pytest.raises(ArgumentError, match="valid"):
        windows_of((5, 5), 3, padding=padding)


@pytest.mark.parametrize("value", [0, (1, 0), 1.5, (1,), "a", True])
def test_bad_sizes_are_named(value):
    with pytest.raises(ArgumentError, match="window"):
        windows_of((5, 5), value)
    with pytest.raises(ArgumentError, match="stride"):
        windows_of((5, 5), 2, stride=value)


def test_a_window_that_does_not_fit():
    with pytest.raises(ArgumentError, match="9x9 pixels does not fit an image of 8x20"):
        windows_of((8, 20), 5, dilation=2)


def test_views_and_taps_see_the_same_pixels():
    x = np.random.default_rng(0).standard_normal((2, 9, 8, 3))
    w = windows_of((9, 8), (3, 2), (2, 3), ((1, 0), (2, 1)), (2, 1))
    framed = padded(x, w, fill=5.0)
    assert framed.shape == (2, *w.padded_image, 3)
    assert np.array_equal(cropped(framed, w), x)
    assert framed.sum() == pytest.approx(x.sum() + 5.0 * (framed.size - x.size))
    seen = view(framed, w)
    assert seen.shape == (2, *w.places, 3, 2, 3)
    for number, (rows, columns) in enumerate(taps(w)):
        assert np.array_equal(framed[:, rows, columns], seen[:, :, :, number // 2, number % 2])
    for p in range(w.places[0]):
        for q in range(w.places[1]):
            patch = framed[:, 2 * p : 2 * p + 5 : 2, 3 * q : 3 * q + 2]
            assert np.array_equal(seen[:, p, q], patch)
