"""Where the windows of a convolution or a pooling stand on an image, and views of what they see.

    windows_of((16, 16), (5, 5))            ->  12 x 12 places, no padding
    view(x, w)  for images [N, H, W, C]     ->  [N, 12, 12, 5, 5, C], without a copy

A *place* is a position of the window, one for each output pixel; a *tap* is a position inside it.
Everything here is geometry: it has no derivative and knows no sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.lib.stride_tricks import as_strided

from pullback.errors import ArgumentError

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = str | int | Pair | tuple[Pair, Pair]


@dataclass(frozen=True, slots=True)
class Windows:
    """The geometry of one sweep of a window over an image; all pairs are (vertical, horizontal)."""

    image: Pair
    size: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[Pair, Pair]  # ((top, bottom), (left, right))
    places: Pair

    @property
    def extent(self) -> Pair:
        """The pixels a dilated window spans."""
        return (_extent(self.size[0], self.dilation[0]), _extent(self.size[1], self.dilation[1]))

    @property
    def padded_image(self) -> Pair:
        """The size of the image with its padding."""
        return (self.image[0] + sum(self.padding[0]), self.image[1] + sum(self.padding[1]))

    @property
    def is_padded(self) -> bool:
        """Whether there is any padding at all."""
        return self.padding != ((0, 0), (0, 0))


def windows_of(
    image: Pair, size: Pair | int, stride: Pair | int = 1, padding: Padding = "valid", dilation: Pair | int = 1
) -> Windows:
    """The windows of the given size over an image of the given size.

    `padding` is "valid" (none), "same" (as many places as pixels, divided by the stride and rounded
    up; an odd pixel of padding goes to the bottom and the right, as in TensorFlow), one number for
    all sides, (vertical, horizontal), or ((top, bottom), (left, right)).

    Raises ArgumentError for sizes below 1 and for a window that does not fit.

    >>> windows_of((16, 16), (5, 5)).places
    (12, 12)
    >>> windows_of((7, 7), 3, stride=2, padding="same").padding
    ((1, 1), (1, 1))
    """
    if isinstance(padding, (tuple, list)):
        padding = tuple(tuple(p) if isinstance(p, (tuple, list)) else p for p in padding)  # type: ignore[assignment]
    return _windows(image, _pair(size, "window"), _pair(stride, "stride"), padding, _pair(dilation, "dilation"))


@lru_cache(maxsize=256)
def _windows(image: Pair, size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Windows:
    extent = (_extent(size[0], dilation[0]), _extent(size[1], dilation[1]))
    around = (_side(padding, 0, image, extent, stride), _side(padding, 1, image, extent, stride))
    room = (image[0] + sum(around[0]) - extent[0], image[1] + sum(around[1]) - extent[1])
    if min(room) < 0:
        raise ArgumentError(
            f"a window spanning {extent[0]}x{extent[1]} pixels does not fit an image of "
            f"{image[0]}x{image[1]} with padding {padding!r}"
        )
    return Windows(image, size, stride, dilation, around, (room[0] // stride[0] + 1, room[1] // stride[1] + 1))


def _extent(size: int, dilation: int) -> int:
    return (size - 1) * dilation + 1


def _side(padding: Padding, axis: int, image: Pair, extent: Pair, stride: Pair) -> Pair:
    """The padding before and after, along one axis."""
    if padding == "valid":
        return (0, 0)
    if padding == "same":
        places = -(-image[axis] // stride[axis])
        total = max((places - 1) * stride[axis] + extent[axis] - image[axis], 0)
        return (total // 2, total - total // 2)
    side = padding[axis] if isinstance(padding, tuple) and len(padding) == 2 else padding
    both: Any = (side, side) if _is_int(side) else side
    if not (isinstance(both, tuple) and len(both) == 2 and all(_is_int(n) and n >= 0 for n in both)):
        raise ArgumentError(
            'padding must be "valid", "same", a number, (vertical, horizontal) or '
            f"((top, bottom), (left, right)), with none below 0; it is {padding!r}"
        )
    return (int(both[0]), int(both[1]))


def _pair(value: Pair | int, what: str) -> Pair:
    """One number for both axes, or (vertical, horizontal), each at least 1."""
    pair: Any = (value, value) if _is_int(value) else value
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and all(_is_int(n) and n > 0 for n in pair)):
        raise ArgumentError(f"{what} must be one number or a pair of numbers, each at least 1; it is {value!r}")
    return (int(pair[0]), int(pair[1]))


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def padded(x: Array, w: Windows, fill: float = 0) -> Array:
    """The images [N, H, W, C] with the padding of `w` around them; `x` itself where there is none."""
    if not w.is_padded:
        return x
    (top, _), (left, _) = w.padding
    out = np.full((x.shape[0], *w.padded_image, x.shape[3]), fill, x.dtype)
    out[:, top : top + w.image[0], left : left + w.image[1]] = x
    return out


def cropped(x: Array, w: Windows) -> Array:
    """The images inside their padding: a view."""
    (top, _), (left, _) = w.padding
    return x[:, top : top + w.image[0], left : left + w.image[1]]


def view(x: Array, w: Windows) -> Array:
    """What each window sees of the padded images: a view [N, places, places, taps, taps, C]."""
    n, down, right, channel = x.strides
    strides = (n, down * w.stride[0], right * w.stride[1], down * w.dilation[0], right * w.dilation[1], channel)
    return as_strided(x, (x.shape[0], *w.places, *w.size, x.shape[3]), strides, writeable=False)


def taps(w: Windows) -> Iterator[tuple[slice, slice]]:
    """For each tap, in row order, the pixels of the padded image under it, one for each place."""
    for i in range(w.size[0]):
        top = i * w.dilation[0]
        rows = slice(top, top + (w.places[0] - 1) * w.stride[0] + 1, w.stride[0])
        for j in range(w.size[1]):
            left = j * w.dilation[1]
            yield rows, slice(left, left + (w.places[1] - 1) * w.stride[1] + 1, w.stride[1])


def check_images(shape: tuple[int, ...], what: str) -> None:
    """Raise ArgumentError unless the shape has the four axes [N, H, W, C]."""
    if len(shape) != 4:
        raise ArgumentError(f"{what} takes images [N, H, W, C]; got an array of shape {shape}")
