"""`Optimizer`: what all optimizers do; each adds one equation.

    optimizer.update(model, along=gradient)    # the model has moved, in place
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.errors import ArgumentError
from pullback.forms import form_of
from pullback.optim.known import KnownModel
from pullback.optim.parameters import Parameter, Parameters
from pullback.tables import Table
from pullback.tangents import Tangent

State = tuple[Any, ...]
_NOT_SHOWN = ("state", "step", "_known")


class Optimizer:
    """Base class of optimizers: a learning rate, a step count, and what is remembered of each parameter.

    The learning rate of step t (from 1) is learning_rate / (1 + decay·t), as in Swift for TensorFlow;
    `learning_rate` may be assigned between steps. `state` maps the path of a parameter, such as
    "hidden.weight", to what the equation remembers of it, so one optimizer serves one model.
    A subclass writes `moved`.
    """

    def __init__(self, learning_rate: float, decay: float = 0.0) -> None:
        self.learning_rate = not_negative("learning_rate", learning_rate)
        self.decay = not_negative("decay", decay)
        self.step = 0
        self.state: dict[str, State] = {}
        self._known: KnownModel | None = None

    def update(self, model: Any, along: Tangent) -> None:
        """Move a model one step downhill, in place, given the gradient of the loss.

        The fields of objects and the items of lists and dicts are replaced by new values of the same
        dtype, at any depth; layers stay the objects they are. A model that is itself an array is
        changed in place. An object or array that stands in several places is one parameter: it
        moves once, along the sum of its gradients.

        Raises CotangentError where `along` does not have the structure and shapes of the model, and
        ArgumentError for a model that cannot be changed, such as a float or a tuple of floats (use
        `pb.move`); the model is then as it was.
        """
        known = self._known
        parameters = known.again(model, along) if known is not None else None
        if known is None or parameters is None:
            parameters = Parameters(model, along)
            known = KnownModel(model, along, parameters)
        step = self.step + 1
        rate = float(self.learning_rate) / (1.0 + self.decay * step)
        state: dict[str, State] = {}
        before, moved = self.state, self.moved
        for parameter in parameters.found:
            path = parameter.path
            remembered = before.get(path, ())
            if remembered:
                _check_remembered(remembered, parameter)
            parameter.moved, state[path] = moved(parameter, remembered, rate, step)
        self.step = step
        self.state = state
        self._known = known
        parameters.store()
        known.remember()

    def moved(self, parameter: Parameter, state: State, rate: float, step: int) -> tuple[Any, State]:
        """The parameter's new value and state; `state` is () at its first step. Nothing may be changed in place."""
        raise NotImplementedError(f"{type(self).__name__} must define moved(parameter, state, rate, step)")

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the model that was seen last: a copied or pickled optimizer does not carry it along."""
        return {**vars(self), "_known": None}

    def __repr__(self) -> str:
        """The hyperparameters and the number of steps taken."""
        shown = {name: value for name, value in vars(self).items() if name not in _NOT_SHOWN}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())}; step {self.step})"

    def _repr_html_(self) -> str:
        """The hyperparameters, the number of steps, and what is remembered, by form."""
        rows = [(name, repr(value)) for name, value in vars(self).items() if name not in _NOT_SHOWN]
        rows.append(("step", str(self.step)))
        rows += [(f"state[{path!r}]", form_of(state)) for path, state in self.state.items() if state]
        return Table(("", "value"), rows, code=frozenset({0})).html(type(self).__name__)


def not_negative(name: str, value: float) -> float:
    """`value` as a float; raises ArgumentError where it is negative or not a number."""
    if not float(value) >= 0.0:
        raise ArgumentError(f"{name} must be 0 or more, not {value!r}")
    return float(value)


def rate_of_memory(name: str, value: float) -> float:
    """`value` as a float; raises ArgumentError unless it is at least 0 and below 1."""
    if not 0.0 <= float(value) < 1.0:
        raise ArgumentError(f"{name} must be at least 0 and below 1, not {value!r}")
    return float(value)


def squared(gradient: Any) -> Any:
    """|g|², real for complex gradients too, in their precision."""
    if isinstance(gradient, complex) or getattr(gradient, "dtype", np.dtype(float)).kind == "c":
        return gradient.real * gradient.real + gradient.imag * gradient.imag
    return gradient * gradient


def numeric(parameter: Parameter, optimizer: Optimizer) -> Any:
    """The gradient of a parameter that must be a number or an array."""
    if parameter.is_opaque:
        raise ArgumentError(
            f"{type(optimizer).__name__} works entry by entry, on numbers and arrays; parameter "
            f"{parameter.path!r} is a {type(parameter.value).__name__}: use SGD for it"
        )
    return parameter.gradient


def _check_remembered(state: State, parameter: Parameter) -> None:
    for remembered in state:
        if not parameter.is_opaque and np.shape(remembered) != np.shape(parameter.value):
            raise ArgumentError(
                f"parameter {parameter.path!r} has shape {np.shape(parameter.value)}, but at the last step it had "
                f"{np.shape(remembered)}; use a new optimizer for a changed model"
            )
