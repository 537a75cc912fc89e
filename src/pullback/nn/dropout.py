"""`Dropout`: entries set to zero at random while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.errors import ArgumentError
from pullback.nn.initializers import Rng
from pullback.nn.layer import Layer
from pullback.structs import no_derivative


class Dropout(Layer):
    """Each entry is 0 with probability `rate`, else divided by 1 - rate, so that its mean stays.

    Srivastava et al. 2014, with the scaling done in training. Set the field `training` to False to
    pass inputs through unchanged. `rng` is a NumPy generator or a seed.

    >>> Dropout(0.5, rng=0)(np.ones(4))
    array([2., 0., 0., 0.])
    """

    def __init__(self, rate: float = 0.5, training: bool = True, rng: Rng = None) -> None:
        if not 0.0 <= rate < 1.0:
            raise ArgumentError(f"Dropout: the rate must be at least 0 and below 1, not {rate!r}")
        self.rate = no_derivative(float(rate))
        self.training = training
        self.rng = np.random.default_rng(rng)

    def __call__(self, x: Any) -> Any:
        """The entries that are kept, scaled; zero elsewhere."""
        if not self.training or self.rate == 0.0:
            return x
        kept = self.rng.random(x.shape) >= self.rate
        return np.where(kept, x / (1.0 - self.rate), 0.0)
