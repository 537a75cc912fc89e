"""Two-dimensional convolution of NHWC images with HWIO filters, at the speed of its matrix products.

    conv2d(x [N, H, W, C], filters [h, w, C, O])  ->  [N, H', W', O]

The windows of a few images are written out as the rows of a matrix (im2col), small enough to stay in
cache, and multiplied by the filters; no loop runs over pixels. The map is bilinear, so its two
gradients and theirs are again these three functions, and derivatives of every order exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pullback.custom import derivative
from pullback.errors import ArgumentError
from pullback.nn.windows import Array, Padding, Pair, Windows, cropped, padded, taps, view, windows_of

_BLOCK_BYTES = 1 << 19  # of columns at a time: within the second-level cache (measured best from 2**18 to 2**21)

Shape4 = tuple[int, int, int, int]


def conv2d(
    x: Array, filters: Array, stride: Pair | int = (1, 1), padding: Padding = "valid", dilation: Pair | int = (1, 1)
) -> Array:
    """The cross-correlation of images [N, H, W, C] with filters [h, w, C, O]: images [N, H', W', O].

    y[n, p, q, o] = Σ_{i, j, c} x[n, p·s + i·d, q·s + j·d, c] · filters[i, j, c, o], for stride s and
    dilation d, with x zero outside. `padding` is "valid", "same", a number, (vertical, horizontal)
    or ((top, bottom), (left, right)); H' = (H + padding - d·(h - 1) - 1) // s + 1.

    Raises ArgumentError where the channels differ or a window does not fit.

    >>> conv2d(np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 2))).shape
    (1, 2, 2, 2)
    """
    x, filters = np.asarray(x), np.asarray(filters)
    w = _checked(x.shape, filters.shape, stride, padding, dilation)
    return _correlated(padded(np.ascontiguousarray(x), w), filters, w)


def conv2d_input_gradient(
    g: Array,
    filters: Array,
    x_shape: Shape4,
    stride: Pair | int = (1, 1),
    padding: Padding = "valid",
    dilation: Pair | int = (1, 1),
) -> Array:
    """The cotangent of the images of a `conv2d` whose result has cotangent `g` [N, H', W', O].

    >>> conv2d_input_gradient(np.ones((1, 1, 1, 1)), np.ones((2, 2, 1, 1)), (1, 2, 2, 1)).sum()
    np.float64(4.0)
    """
    w = _checked(x_shape, filters.shape, stride, padding, dilation)
    _check_cotangent(g, x_shape[0], filters.shape[3], w)
    channels, features = filters.shape[2:]
    (top, bottom), (left, right) = w.padding
    down, across = w.extent[0] - 1, w.extent[1] - 1
    if w.stride == (1, 1) and features <= 2 * channels and max(top, bottom) <= down and max(left, right) <= across:
        # with stride 1 it is a correlation with the reversed filters; cheaper while its windows are not much wider
        around = ((down - top, down - bottom), (across - left, across - right))
        back = windows_of(w.places, w.size, 1, around, w.dilation)
        reversed_filters = np.ascontiguousarray(filters[::-1, ::-1].transpose(0, 1, 3, 2))
        return _correlated(padded(np.ascontiguousarray(g), back), reversed_filters, back)
    return _scattered(np.ascontiguousarray(g), filters, w)


def conv2d_filter_gradient(
    x: Array,
    g: Array,
    filter_shape: Shape4,
    stride: Pair | int = (1, 1),
    padding: Padding = "valid",
    dilation: Pair | int = (1, 1),
) -> Array:
    """The cotangent of the filters of a `conv2d` whose result has cotangent `g` [N, H', W', O].

    >>> conv2d_filter_gradient(np.ones((1, 2, 2, 1)), np.ones((1, 1, 1, 1)), (2, 2, 1, 1)).shape
    (2, 2, 1, 1)
    """
    w = _checked(x.shape, filter_shape, stride, padding, dilation)
    features = filter_shape[3]
    _check_cotangent(g, x.shape[0], features, w)
    g = np.ascontiguousarray(g).reshape(x.shape[0], w.places[0] * w.places[1], features)
    out = np.zeros((filter_shape[0] * filter_shape[1] * filter_shape[2], features), np.result_type(x, g))
    for images, columns in _column_blocks(padded(np.ascontiguousarray(x), w), w):
        if columns.ndim == 3:
            out += np.matmul(columns, g[images]).sum(axis=0)
        else:
            out += columns.T @ g[images].reshape(-1, features)
    return out.reshape(filter_shape)


def _checked(
    x_shape: tuple[int, ...],
    filter_shape: tuple[int, ...],
    stride: Pair | int,
    padding: Padding,
    dilation: Pair | int,
) -> Windows:
    if len(x_shape) != 4 or len(filter_shape) != 4:
        raise ArgumentError(
            f"conv2d takes images [N, H, W, C] and filters [h, w, C, O]; got shapes {x_shape} and {filter_shape}"
        )
    if x_shape[3] != filter_shape[2]:
        raise ArgumentError(
            f"conv2d: images of shape {x_shape} have {x_shape[3]} channels, but filters of shape {filter_shape} "
            f"take {filter_shape[2]}"
        )
    return windows_of((x_shape[1], x_shape[2]), (filter_shape[0], filter_shape[1]), stride, padding, dilation)


def _check_cotangent(g: Array, images: int, features: int, w: Windows) -> None:
    if g.shape != (images, *w.places, features):
        raise ArgumentError(f"conv2d: a cotangent of shape {(images, *w.places, features)} is needed, not {g.shape}")


def _column_blocks(x: Array, w: Windows) -> Iterator[tuple[slice, Array]]:
    """The windows of a few padded images at a time as a matrix: [images · places, taps · C].

    Every block is written over the one before: fresh memory would cost more than the copying, which
    goes at the speed of the contiguous run it can move at once. Where few channels make that run
    short, the transposed order [images, taps · C, places] is faster, and BLAS takes either.
    """
    windows = view(x, w)
    places = w.places[0] * w.places[1]
    width = w.size[0] * w.size[1] * x.shape[3]
    step = max(1, _BLOCK_BYTES // (places * width * x.itemsize))
    run = x.shape[3] * (w.size[1] if w.dilation[1] == 1 else 1)
    by_taps = 4 * run < w.places[1]
    if by_taps:
        windows = windows.transpose(0, 3, 4, 5, 1, 2)
    buffer = np.empty((min(step, x.shape[0]), *windows.shape[1:]), x.dtype)
    for start in range(0, x.shape[0], step):
        images = slice(start, start + step)
        block = buffer[: len(windows[images])]
        np.copyto(block, windows[images])
        yield images, block.reshape((len(block), width, places) if by_taps else (len(block) * places, width))


def _correlated(x: Array, filters: Array, w: Windows) -> Array:
    features = filters.shape[3]
    matrix = filters.reshape(-1, features)
    out = np.empty((x.shape[0], w.places[0] * w.places[1], features), np.result_type(x, filters))
    for images, columns in _column_blocks(x, w):
        if columns.ndim == 3:
            np.matmul(columns.transpose(0, 2, 1), matrix, out=out[images])
        else:
            np.matmul(columns, matrix, out=out[images].reshape(-1, features))
    return out.reshape(x.shape[0], *w.places, features)


def _scattered(g: Array, filters: Array, w: Windows) -> Array:
    """The transposed convolution for any stride: one product, then one addition for each tap (col2im).

    The channel axis stands first while the taps are added: the contiguous runs are then image rows.
    """
    h, width, channels, features = filters.shape
    matrix = filters.reshape(-1, features)
    dtype = np.result_type(g, filters)
    out = np.empty((g.shape[0], *w.padded_image, channels), dtype)
    step = max(1, _BLOCK_BYTES // (w.places[0] * w.places[1] * len(matrix) * dtype.itemsize))
    for start in range(0, g.shape[0], step):
        block = g[start : start + step]
        terms = (matrix @ block.reshape(-1, features).T).reshape(h * width, channels, len(block), *w.places)
        total = np.zeros((channels, len(block), *w.padded_image), dtype)
        for term, (rows, columns) in zip(terms, taps(w), strict=True):
            total[:, :, rows, columns] += term
        out[start : start + step] = total.transpose(1, 2, 3, 0)
    return np.ascontiguousarray(cropped(out, w)) if w.is_padded else out


@derivative(of=conv2d, wrt=("filters",))
def conv2d_filter_vjp(
    x: Array, filters: Array, stride: Pair | int = (1, 1), padding: Padding = "valid", dilation: Pair | int = (1, 1)
) -> tuple[Array, Callable[[Array], Array]]:
    """The value and pullback where the images are constant, as in a network's first layer: half the work."""
    y = conv2d(x, filters, stride, padding, dilation)
    return y, lambda g: conv2d_filter_gradient(x, g, filters.shape, stride, padding, dilation)


@derivative(of=conv2d, wrt=("x",))
def conv2d_input_vjp(
    x: Array, filters: Array, stride: Pair | int = (1, 1), padding: Padding = "valid", dilation: Pair | int = (1, 1)
) -> tuple[Array, Callable[[Array], Array]]:
    """The same where the filters are constant."""
    y = conv2d(x, filters, stride, padding, dilation)
    return y, lambda g: conv2d_input_gradient(g, filters, x.shape, stride, padding, dilation)


@derivative(of=conv2d, wrt=("x", "filters"))
def conv2d_vjp(
    x: Array, filters: Array, stride: Pair | int = (1, 1), padding: Padding = "valid", dilation: Pair | int = (1, 1)
) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """The value and pullback of `conv2d`."""
    y = conv2d(x, filters, stride, padding, dilation)

    def conv2d_pullback(g: Array) -> tuple[Array, Array]:
        x_bar = conv2d_input_gradient(g, filters, x.shape, stride, padding, dilation)
        return x_bar, conv2d_filter_gradient(x, g, filters.shape, stride, padding, dilation)

    return y, conv2d_pullback


@derivative(of=conv2d_input_gradient, wrt=("g", "filters"))
def conv2d_input_gradient_vjp(
    g: Array,
    filters: Array,
    x_shape: Shape4,
    stride: Pair | int = (1, 1),
    padding: Padding = "valid",
    dilation: Pair | int = (1, 1),
) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """For second derivatives: the transpose of the transpose is the convolution itself."""
    x_bar = conv2d_input_gradient(g, filters, x_shape, stride, padding, dilation)

    def input_gradient_pullback(t: Array) -> tuple[Array, Array]:
        g_bar = conv2d(t, filters, stride, padding, dilation)
        return g_bar, conv2d_filter_gradient(t, g, filters.shape, stride, padding, dilation)

    return x_bar, input_gradient_pullback


@derivative(of=conv2d_filter_gradient, wrt=("x", "g"))
def conv2d_filter_gradient_vjp(
    x: Array,
    g: Array,
    filter_shape: Shape4,
    stride: Pair | int = (1, 1),
    padding: Padding = "valid",
    dilation: Pair | int = (1, 1),
) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """For second derivatives."""
    filters_bar = conv2d_filter_gradient(x, g, filter_shape, stride, padding, dilation)

    def filter_gradient_pullback(t: Array) -> tuple[Array, Array]:
        x_bar = conv2d_input_gradient(g, t, x.shape, stride, padding, dilation)
        return x_bar, conv2d(x, t, stride, padding, dilation)

    return filters_bar, filter_gradient_pullback
