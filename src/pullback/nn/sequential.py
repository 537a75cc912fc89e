"""Layers one after another.

    sequenced(x, conv, pool, dense)  is  dense(pool(conv(x)))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pullback.nn.layer import Layer


def sequenced(x: Any, *layers: Callable[[Any], Any]) -> Any:
    """The input passed through the layers, or any other functions, in their order.

    >>> sequenced(2.0, lambda x: x + 1.0, lambda x: x * 10.0)
    30.0
    """
    for layer in layers:
        x = layer(x)
    return x


class Sequential(Layer):
    """A layer made of layers, or any other functions, applied in their order. Field: `layers`, a tuple.

    >>> from pullback.nn import Dense, relu
    >>> Sequential(Dense(2, 10, rng=0), relu, Dense(10, 1, rng=1)).parameter_count
    41
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        self.layers = layers

    def __call__(self, x: Any) -> Any:
        """The last layer's output."""
        for layer in self.layers:
            x = layer(x)
        return x
