"""Layers for images [N, H, W, C]: convolution, pooling, flattening.

    Conv2D((5, 5, 3, 6))  takes  [10, 16, 16, 3]  to  [10, 12, 12, 6]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pullback.nn.activations import identity
from pullback.nn.convolution import Shape4, conv2d
from pullback.nn.initializers import Rng, glorot_uniform
from pullback.nn.layer import Layer
from pullback.nn.pooling import avg_pool2d, max_pool2d
from pullback.nn.windows import Padding, Pair


class Conv2D(Layer):
    """A convolution: y = activation(conv2d(x, filter) + bias); see `conv2d` for stride, padding and dilation.

    Fields: `filter` [height, width, input channels, output channels], drawn by `glorot_uniform`;
    `bias` [output channels], zero at first, or None without one.

    >>> Conv2D((5, 5, 3, 6), rng=0)(np.ones((10, 16, 16, 3), np.float32)).shape
    (10, 12, 12, 6)
    """

    def __init__(
        self,
        filter_shape: Shape4,
        stride: Pair | int = (1, 1),
        padding: Padding = "valid",
        dilation: Pair | int = (1, 1),
        activation: Callable[[Any], Any] = identity,
        use_bias: bool = True,
        dtype: DTypeLike = np.float32,
        rng: Rng = None,
    ) -> None:
        self.filter = glorot_uniform(tuple(filter_shape), dtype, rng)
        self.bias = np.zeros(filter_shape[3], dtype) if use_bias else None
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.activation = activation

    def __call__(self, x: Any) -> Any:
        """The images [N, H', W', output channels]."""
        y = conv2d(x, self.filter, self.stride, self.padding, self.dilation)
        if self.bias is None:
            return self.activation(y)
        return self.activation(y + self.bias)


class MaxPool2D(Layer):
    """The largest entry of each window, channel by channel; see `max_pool2d`. The stride is the pool size.

    >>> MaxPool2D((2, 2))(np.ones((10, 12, 12, 6))).shape
    (10, 6, 6, 6)
    """

    def __init__(
        self, pool_size: Pair | int = (2, 2), stride: Pair | int | None = None, padding: Padding = "valid"
    ) -> None:
        self.pool_size = pool_size
        self.stride = pool_size if stride is None else stride
        self.padding = padding

    def __call__(self, x: Any) -> Any:
        """The images [N, H', W', C]."""
        return max_pool2d(x, self.pool_size, self.stride, self.padding)


class AvgPool2D(Layer):
    """The mean of each window, channel by channel; see `avg_pool2d`. The stride is the pool size.

    >>> AvgPool2D((2, 2))(np.ones((10, 12, 12, 6))).shape
    (10, 6, 6, 6)
    """

    def __init__(
        self, pool_size: Pair | int = (2, 2), stride: Pair | int | None = None, padding: Padding = "valid"
    ) -> None:
        self.pool_size = pool_size
        self.stride = pool_size if stride is None else stride
        self.padding = padding

    def __call__(self, x: Any) -> Any:
        """The images [N, H', W', C]."""
        return avg_pool2d(x, self.pool_size, self.stride, self.padding)


class Flatten(Layer):
    """Every axis but the first made one.

    >>> Flatten()(np.ones((10, 6, 6, 6))).shape
    (10, 216)
    """

    def __call__(self, x: Any) -> Any:
        """The rows [N, everything else]."""
        return x.reshape(x.shape[0], -1)
