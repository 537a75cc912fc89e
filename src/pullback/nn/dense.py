"""`Dense`: a matrix product, a bias, an activation.

    Dense(2, 10, activation=relu)  takes  x [N, 2]  to  relu(x @ weight + bias) [N, 10]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pullback.nn.activations import identity
from pullback.nn.initializers import Rng, glorot_uniform
from pullback.nn.layer import Layer


class Dense(Layer):
    """A densely connected layer: y = activation(x @ weight + bias), for x [..., input_size].

    Fields: `weight` [input_size, output_size], drawn by `glorot_uniform`; `bias` [output_size], zero
    at first, or None without one. `rng` is a NumPy generator or a seed.

    >>> Dense(2, 10, rng=0)
    Dense(weight=float32[2, 10], bias=float32[10], activation=identity)
    >>> Dense(2, 10, rng=0)(np.ones((4, 2), np.float32)).shape
    (4, 10)
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        activation: Callable[[Any], Any] = identity,
        use_bias: bool = True,
        dtype: DTypeLike = np.float32,
        rng: Rng = None,
    ) -> None:
        self.weight = glorot_uniform((input_size, output_size), dtype, rng)
        self.bias = np.zeros(output_size, dtype) if use_bias else None
        self.activation = activation

    def __call__(self, x: Any) -> Any:
        """The outputs [..., output_size]."""
        if self.bias is None:
            return self.activation(x @ self.weight)
        return self.activation(x @ self.weight + self.bias)
