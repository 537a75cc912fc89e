"""Maximum and average pooling of NHWC images.

    max_pool2d(x [N, H, W, C], (2, 2))  ->  [N, H // 2, W // 2, C]

A loop runs over the taps of the window (four for 2 x 2), never over pixels. What the reverse sweep
of a maximum keeps is the number of the winning tap: one byte for each output pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.custom import derivative
from pullback.errors import ArgumentError
from pullback.nn.windows import Array, Padding, Pair, Windows, check_images, cropped, padded, taps, windows_of
from pullback.surgery import without_derivative


def max_pool2d(
    x: Array, pool_size: Pair | int = (2, 2), stride: Pair | int | None = None, padding: Padding = "valid"
) -> Array:
    """The largest entry of each window of the images [N, H, W, C], channel by channel: [N, H', W', C].

    The stride is the pool size unless given; padding never wins. Where several entries of a window
    are the largest, its cotangent goes to the first in row order, as in PyTorch.

    Raises ArgumentError for anything but four axes, and for a padding as wide as the window.

    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    x = np.asarray(x)
    w = _windows(x.shape, pool_size, stride, padding)
    largest: Array | None = None
    framed = padded(x, w, _lowest(x.dtype))
    for rows, columns in taps(w):
        tap = framed[:, rows, columns]
        largest = tap.copy() if largest is None else np.maximum(largest, tap, out=largest)
    assert largest is not None  # a window has at least one tap
    return largest


def _windows(
    shape: tuple[int, ...], pool_size: Pair | int, stride: Pair | int | None, padding: Padding
) -> Windows:
    check_images(shape, "pooling")
    w = windows_of((shape[1], shape[2]), pool_size, pool_size if stride is None else stride, padding)
    if max(w.padding[0]) >= w.size[0] or max(w.padding[1]) >= w.size[1]:
        raise ArgumentError(f"pooling: padding {w.padding} must be less than the window, {w.size[0]}x{w.size[1]}")
    return w


def _lowest(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def winning_taps(x: Array, y: Array, w: Windows) -> Array:
    """The number of the tap that each maximum `y` came from; the first in row order where several do."""
    framed = padded(x, w)
    # padding must not win a tie, even against -inf: a tap outside the image is no candidate
    inside = padded(np.ones((1, *w.image, 1), bool), w) if w.is_padded else None
    winners = np.zeros(y.shape, np.uint8 if w.size[0] * w.size[1] <= 256 else np.uint32)
    for number, (rows, columns) in reversed(list(enumerate(taps(w)))):
        wins = ~(framed[:, rows, columns] < y)  # where y is nan every tap does
        if inside is not None:
            wins &= inside[:, rows, columns]
        np.copyto(winners, number, where=wins)
    return winners


def to_winners(g: Array, winners: Array, w: Windows) -> Array:
    """Images [N, H, W, C] that are zero but for `g` [N, H', W', C], added where the winners were."""
    out = np.zeros((g.shape[0], *w.padded_image, g.shape[3]), g.dtype)
    for number, (rows, columns) in enumerate(taps(w)):
        out[:, rows, columns] += np.where(winners == number, g, 0)
    return np.ascontiguousarray(cropped(out, w))


def from_winners(t: Array, winners: Array, w: Windows) -> Array:
    """The entries of the images `t` [N, H, W, C] where the winners were: [N, H', W', C]."""
    framed = padded(t, w)
    out = np.zeros(winners.shape, t.dtype)
    for number, (rows, columns) in enumerate(taps(w)):
        np.copyto(out, framed[:, rows, columns], where=winners == number)
    return out


@derivative(of=max_pool2d, wrt=("x",))
def max_pool2d_vjp(
    x: Array, pool_size: Pair | int = (2, 2), stride: Pair | int | None = None, padding: Padding = "valid"
) -> tuple[Array, Callable[[Array], Array]]:
    """The value and pullback of `max_pool2d`; the pullback does not keep the images."""
    y = max_pool2d(x, pool_size, stride, padding)
    w = _windows(np.shape(x), pool_size, stride, padding)
    winners = winning_taps(without_derivative(x), without_derivative(y), w)
    return y, lambda g: to_winners(g, winners, w)


@derivative(of=to_winners, wrt=("g",))
def to_winners_vjp(g: Array, winners: Array, w: Windows) -> tuple[Array, Callable[[Array], Array]]:
    """For second derivatives: the map is linear and `from_winners` is its transpose."""
    return to_winners(g, winners, w), lambda t: from_winners(t, winners, w)


@derivative(of=from_winners, wrt=("t",))
def from_winners_vjp(t: Array, winners: Array, w: Windows) -> tuple[Array, Callable[[Array], Array]]:
    """For third derivatives."""
    return from_winners(t, winners, w), lambda g: to_winners(g, winners, w)


def avg_pool2d(
    x: Array, pool_size: Pair | int = (2, 2), stride: Pair | int | None = None, padding: Padding = "valid"
) -> Array:
    """The mean of each window of the images [N, H, W, C], channel by channel: [N, H', W', C].

    The stride is the pool size unless given. Padding does not count: a window at the border is the
    mean of the pixels it has, as in TensorFlow.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    x = np.asarray(x)
    w = _windows(x.shape, pool_size, stride, padding)
    return window_sums(x, w) / pixel_counts(w, np.result_type(x, np.float16))


def pixel_counts(w: Windows, dtype: np.dtype[Any]) -> Array:
    """How many pixels of the image each window has: [1, H', W', 1]."""
    return window_sums(np.ones((1, *w.image, 1), dtype), w)


def window_sums(x: Array, w: Windows) -> Array:
    """The sum of each window of the images."""
    framed = padded(x, w)
    out = np.zeros((x.shape[0], *w.places, x.shape[3]), x.dtype)
    for rows, columns in taps(w):
        out += framed[:, rows, columns]
    return out


def spread_over_windows(g: Array, w: Windows) -> Array:
    """Images [N, H, W, C] in which each pixel is the sum of `g` [N, H', W', C] over the windows that see it."""
    out = np.zeros((g.shape[0], *w.padded_image, g.shape[3]), g.dtype)
    for rows, columns in taps(w):
        out[:, rows, columns] += g
    return np.ascontiguousarray(cropped(out, w))


@derivative(of=avg_pool2d, wrt=("x",))
def avg_pool2d_vjp(
    x: Array, pool_size: Pair | int = (2, 2), stride: Pair | int | None = None, padding: Padding = "valid"
) -> tuple[Array, Callable[[Array], Array]]:
    """The value and pullback of `avg_pool2d`."""
    y = avg_pool2d(x, pool_size, stride, padding)
    w = _windows(np.shape(x), pool_size, stride, padding)
    counts = pixel_counts(w, y.dtype)
    return y, lambda g: spread_over_windows(g / counts, w)


@derivative(of=window_sums, wrt=("x",))
def window_sums_vjp(x: Array, w: Windows) -> tuple[Array, Callable[[Array], Array]]:
    """The map is linear and `spread_over_windows` is its transpose."""
    return window_sums(x, w), lambda g: spread_over_windows(g, w)


@derivative(of=spread_over_windows, wrt=("g",))
def spread_over_windows_vjp(g: Array, w: Windows) -> tuple[Array, Callable[[Array], Array]]:
    """For second derivatives."""
    return spread_over_windows(g, w), lambda t: window_sums(t, w)
