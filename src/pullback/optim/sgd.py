"""`SGD`: stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from pullback.optim.optimizer import Optimizer, State, not_negative
from pullback.optim.parameters import Parameter
from pullback.spaces import move
from pullback.tangents import ZERO, add, scale


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's variant, as in Swift for TensorFlow.

    With learning rate r, momentum m and gradient g: the velocity v becomes m·v - r·g, and the
    parameter moves by v; with `nesterov`, by m·v - r·g for the new v (Sutskever, Martens, Dahl and
    Hinton 2013, equations 1 to 4). At step t, from 1, r is learning_rate / (1 + decay·t).

    >>> import numpy as np
    >>> model = {"w": np.array([1.0, 2.0])}
    >>> SGD(learning_rate=0.5).update(model, along={"w": np.array([1.0, -1.0])})
    >>> model
    {'w': array([0.5, 2.5])}
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, decay: float = 0.0
    ) -> None:
        super().__init__(learning_rate, decay)
        self.momentum = not_negative("momentum", momentum)
        self.nesterov = bool(nesterov)

    def moved(self, parameter: Parameter, state: State, rate: float, step: int) -> tuple[Any, State]:
        """The equation above; without momentum nothing is remembered."""
        if parameter.is_opaque:
            return self._moved_opaque(parameter, state, rate)
        downhill = rate * parameter.gradient
        if self.momentum == 0.0:
            return parameter.value - downhill, ()
        velocity = self.momentum * state[0] - downhill if state else -downhill
        if self.nesterov:
            return parameter.value + (self.momentum * velocity - downhill), (velocity,)
        return parameter.value + velocity, (velocity,)

    def _moved_opaque(self, parameter: Parameter, state: State, rate: float) -> tuple[Any, State]:
        """The same through the operations that every tangent space has."""
        downhill = scale(parameter.gradient, -rate)
        velocity = add(scale(state[0] if state else ZERO, self.momentum), downhill)
        along = add(scale(velocity, self.momentum), downhill) if self.nesterov else velocity
        return move(parameter.value, along), (velocity,)
