"""Activation functions: of arrays of any shape, NumPy scalars and floats.

    relu([-1, 0, 2]) = [0, 0, 2], with derivative [0, 0, 1]

Each keeps the dtype of its argument and is stable at both ends of its range. A derivative is
registered where the formula's own would be slower or would break down at a kink; the others are
plain functions and differentiated as such, so `alpha` and its like may be differentiated too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.custom import derivative

Pullback = Callable[[Any], Any]


def identity(x: Any) -> Any:
    """The argument itself.

    >>> identity(2.5)
    2.5
    """
    return x


def relu(x: Any) -> Any:
    """max(x, 0), entry by entry; its derivative at 0 is 0.

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


@derivative(of=relu)
def relu_vjp(x: Any) -> tuple[Any, Pullback]:
    """The value and pullback of `relu`: one multiplication by a mask."""
    y = relu(x)
    return y, lambda g: g * (y > 0)


def leaky_relu(x: Any, alpha: float = 0.2) -> Any:
    """x where positive and alpha·x elsewhere (Maas, Hannun and Ng 2013); its derivative at 0 is alpha.

    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.2,  2. ])
    """
    return np.maximum(0, x) + alpha * np.minimum(x, 0)  # where both meet, the second carries the derivative


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive and alpha·(exp(x) - 1) elsewhere (Clevert, Unterthiner and Hochreiter 2015).

    >>> elu(np.array([0.0, 2.0]))
    array([0., 2.])
    """
    return np.maximum(0, x) + alpha * np.expm1(np.minimum(x, 0))


def selu(x: Any) -> Any:
    """The self-normalising scaled `elu` of Klambauer et al. 2017, equation 2.

    >>> selu(np.array([0.0, 1.0]))
    array([0.        , 1.05070099])
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def gelu(x: Any) -> Any:
    """x·Φ(x) for the normal distribution function Φ, in the tanh form of Hendrycks and Gimpel 2016.

    It differs from the exact function by less than 0.0005.

    >>> gelu(np.array([0.0, 1.0]))
    array([0.        , 0.84119199])
    """
    return 0.5 * x * (1.0 + np.tanh(0.7978845608028654 * (x + 0.044715 * (x * x * x))))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), to full relative precision at both ends.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore"):  # exp(1000) is inf, and 1 / inf the right 0
        return 1 / (1 + np.exp(-x))


@derivative(of=sigmoid)
def sigmoid_vjp(x: Any) -> tuple[Any, Pullback]:
    """The value and pullback of `sigmoid`: y' = y (1 - y)."""
    y = sigmoid(x)
    return y, lambda g: g * (y * (1 - y))


def tanh(x: Any) -> Any:
    """The hyperbolic tangent.

    >>> tanh(np.array([0.0, 1000.0]))
    array([0., 1.])
    """
    return np.tanh(x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow.

    >>> softplus(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@derivative(of=softplus)
def softplus_vjp(x: Any) -> tuple[Any, Pullback]:
    """The value and pullback of `softplus`, whose formula has kinks at 0 and which has none."""
    return softplus(x), lambda g: g * sigmoid(x)


def silu(x: Any) -> Any:
    """x·sigmoid(x), also called swish (Ramachandran, Zoph and Le 2017).

    >>> silu(np.array([0.0, 1.0]))
    array([0.        , 0.73105858])
    """
    return x * sigmoid(x)


swish = silu


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) over its sum along an axis: probabilities. Adding a constant to `x` changes nothing.

    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


@derivative(of=softmax, wrt=("x",))
def softmax_vjp(x: Any, axis: int = -1) -> tuple[Any, Pullback]:
    """The value and pullback of `softmax`: x̄ = y ⊙ (g - Σ g ⊙ y)."""
    y = softmax(x, axis)
    return y, lambda g: y * (g - np.sum(g * y, axis=axis, keepdims=True))


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of `softmax`, without overflow and without log 0.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


@derivative(of=log_softmax, wrt=("x",))
def log_softmax_vjp(x: Any, axis: int = -1) -> tuple[Any, Pullback]:
    """The value and pullback of `log_softmax`: x̄ = g - softmax(x) Σ g."""
    y = log_softmax(x, axis)
    return y, lambda g: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True)
