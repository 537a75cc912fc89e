"""Optimizers that scale each entry by the size of its past gradients: AdaGrad, RMSProp, Adam.

All work entry by entry. For complex parameters the square of a gradient is |g|².
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.optim.optimizer import Optimizer, State, not_negative, numeric, rate_of_memory, squared
from pullback.optim.parameters import Parameter


class AdaGrad(Optimizer):
    """Steps divided by the root of all past squared gradients: Duchi, Hazan and Singer 2011, figure 1.

    a becomes a + g², from `initial_accumulator`; the parameter moves by -r·g / (√a + epsilon).

    >>> model = {"w": 1.0}
    >>> AdaGrad(learning_rate=0.5, initial_accumulator=0.0, epsilon=0.0).update(model, along={"w": 8.0})
    >>> model
    {'w': 0.5}
    """

    def __init__(
        self,
        learning_rate: float = 1e-3,
        initial_accumulator: float = 0.1,
        epsilon: float = 1e-8,
        decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.initial_accumulator = not_negative("initial_accumulator", initial_accumulator)
        self.epsilon = not_negative("epsilon", epsilon)

    def moved(self, parameter: Parameter, state: State, rate: float, step: int) -> tuple[Any, State]:
        """The equation above."""
        g = numeric(parameter, self)
        total = (state[0] if state else self.initial_accumulator) + squared(g)
        return parameter.value - rate * g / (np.sqrt(total) + self.epsilon), (total,)


class RMSProp(Optimizer):
    """Steps divided by a running root mean square of the gradients: Tieleman and Hinton 2012, lecture 6.5.

    a becomes rho·a + (1 - rho)·g², from 0; the parameter moves by -r·g / (√a + epsilon).

    >>> model = {"w": 1.0}
    >>> RMSProp(learning_rate=0.25, rho=0.75, epsilon=0.0).update(model, along={"w": 8.0})
    >>> model
    {'w': 0.5}
    """

    def __init__(
        self, learning_rate: float = 1e-3, rho: float = 0.9, epsilon: float = 1e-8, decay: float = 0.0
    ) -> None:
        super().__init__(learning_rate, decay)
        self.rho = rate_of_memory("rho", rho)
        self.epsilon = not_negative("epsilon", epsilon)

    def moved(self, parameter: Parameter, state: State, rate: float, step: int) -> tuple[Any, State]:
        """The equation above."""
        g = numeric(parameter, self)
        mean = (1.0 - self.rho) * squared(g)
        if state:
            mean = self.rho * state[0] + mean
        return parameter.value - rate * g / (np.sqrt(mean) + self.epsilon), (mean,)


class Adam(Optimizer):
    """Adaptive moment estimation: Kingma and Ba 2015, algorithm 1.

    m becomes beta1·m + (1 - beta1)·g and v becomes beta2·v + (1 - beta2)·g², both from 0; at step t
    the parameter moves by -r·m̂ / (√v̂ + epsilon), for m̂ = m / (1 - beta1ᵗ) and v̂ = v / (1 - beta2ᵗ).

    >>> model = {"w": 1.0}
    >>> Adam(learning_rate=0.5, epsilon=0.0).update(model, along={"w": 8.0})
    >>> round(model["w"], 12)
    0.5
    """

    def __init__(
        self,
        learning_rate: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.beta1 = rate_of_memory("beta1", beta1)
        self.beta2 = rate_of_memory("beta2", beta2)
        self.epsilon = not_negative("epsilon", epsilon)

    def moved(self, parameter: Parameter, state: State, rate: float, step: int) -> tuple[Any, State]:
        """The equation above."""
        g = numeric(parameter, self)
        first = (1.0 - self.beta1) * g
        second = (1.0 - self.beta2) * squared(g)
        if state:
            first = self.beta1 * state[0] + first
            second = self.beta2 * state[1] + second
        mean = first / (1.0 - self.beta1**step)
        size = np.sqrt(second / (1.0 - self.beta2**step))
        return parameter.value - rate * mean / (size + self.epsilon), (first, second)
