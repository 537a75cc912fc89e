"""How the parameters of a layer begin.

    glorot_uniform((2, 10), rng=0)  ->  float32 [2, 10], uniform on ±sqrt(6 / (2 + 10))
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pullback.errors import ArgumentError

Array = np.ndarray[Any, np.dtype[Any]]
Rng = np.random.Generator | int | None


def glorot_uniform(shape: tuple[int, ...], dtype: DTypeLike = np.float32, rng: Rng = None) -> Array:
    """Uniform on ±sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010, equation 16.

    The last two axes of `shape` are inputs and outputs; the axes before them, a convolution's window,
    multiply both. `rng` is a NumPy generator or a seed; with neither, the draw differs every time.

    >>> glorot_uniform((2, 4), rng=0).dtype
    dtype('float32')
    """
    fan_in, fan_out = fans(shape)
    limit = math.sqrt(6.0 / (fan_in + fan_out))
    return np.random.default_rng(rng).uniform(-limit, limit, shape).astype(dtype)


def he_normal(shape: tuple[int, ...], dtype: DTypeLike = np.float32, rng: Rng = None) -> Array:
    """Normal with variance 2 / fan_in, suited to `relu`: He et al. 2015, equation 10.

    >>> he_normal((3, 3, 8, 16), rng=0).shape
    (3, 3, 8, 16)
    """
    return (np.random.default_rng(rng).standard_normal(shape) * math.sqrt(2.0 / fans(shape)[0])).astype(dtype)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs each output sees, and how many outputs each input reaches.

    >>> fans((5, 5, 3, 6))
    (75, 150)
    """
    if len(shape) < 2 or min(shape) < 1:
        raise ArgumentError(f"an initializer needs a shape of at least [inputs, outputs], none below 1; got {shape}")
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]
