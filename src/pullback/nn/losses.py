"""Loss functions: a mean over the batch, as one real number.

    softmax_cross_entropy(logits [N, C], labels [N])  ->  a scalar of the logits' dtype

Means divide by the number of entries (or, for cross entropy over classes, of rows).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.custom import derivative
from pullback.errors import ArgumentError
from pullback.nn.activations import log_softmax, sigmoid
from pullback.tangents import NO_TANGENT

Pullback = Callable[[Any], Any]


def mean_squared_error(predicted: Any, expected: Any) -> Any:
    """The mean of (predicted - expected)², a scalar.

    The arguments are broadcast as NumPy does: predictions [4, 1] against values [4] give the mean of
    a [4, 4] array of differences, which is what Swift's tutorial computes and seldom what is meant.
    Give both the same shape to compare entry by entry.

    >>> mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    difference = predicted - expected
    return np.mean(difference * difference)


def mean_absolute_error(predicted: Any, expected: Any) -> Any:
    """The mean of |predicted - expected|, a scalar; broadcasts like `mean_squared_error`.

    Its derivative is 0 where the two are equal.

    >>> mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(1.0)
    """
    return np.mean(np.abs(predicted - expected))


def huber_loss(predicted: Any, expected: Any, delta: float = 1.0) -> Any:
    """The mean of d²/2 where |d| ≤ delta and delta·(|d| - delta/2) beyond, for d = predicted - expected.

    Broadcasts like `mean_squared_error`. Huber 1964, equation 3.

    >>> huber_loss(np.array([0.5, 3.0]), np.array([0.0, 0.0]))
    np.float64(1.3125)
    """
    size = np.abs(predicted - expected)
    inner = np.minimum(size, delta)
    return np.mean(0.5 * (inner * inner) + delta * (size - inner))


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean of -log softmax(logits)[label], a scalar: the negative log likelihood, in nats.

    `logits` [..., C] are unnormalised log probabilities; `labels` are class numbers [...] (ints from
    0 to C - 1), or probabilities [..., C], for which it is the mean of -Σ p log softmax(logits).

    Raises ArgumentError for other shapes, for labels out of range, and for an empty batch.

    >>> softmax_cross_entropy(np.zeros((2, 4)), np.array([0, 3]))
    np.float64(1.3862943611198906)
    """
    return _mean_surprisal(log_softmax(logits), labels)


def _mean_surprisal(log_p: Any, labels: Any) -> Any:
    rows, classes = _check_labels(np.shape(log_p), labels)
    if np.ndim(labels) == np.ndim(log_p):
        return -np.sum(_as_weights(labels, log_p) * log_p) / rows
    return -np.sum(log_p.reshape(rows, classes)[np.arange(rows), np.reshape(labels, rows)]) / rows


def _as_weights(labels: Any, log_p: Any) -> Any:
    """Probabilities as they are; one-hot ints or bools in the dtype of the logits."""
    if np.asarray(labels).dtype.kind in "fc":
        return labels
    return np.asarray(labels, log_p.dtype)


def _check_labels(shape: tuple[int, ...], labels: Any) -> tuple[int, int]:
    """The number of rows and of classes; raises where labels do not fit logits of that shape."""
    labels = np.asarray(labels)
    if not shape:
        raise ArgumentError("softmax_cross_entropy: logits need an axis of classes, [..., C]")
    *batch, classes = shape
    rows = int(np.prod(batch))
    if rows * classes == 0:
        raise ArgumentError(f"softmax_cross_entropy: logits of shape {shape} are an empty batch; it has no mean")
    if labels.shape == shape:
        return rows, classes
    if labels.shape != tuple(batch):
        raise ArgumentError(
            f"softmax_cross_entropy: logits of shape {shape} take class numbers of shape {tuple(batch)} or "
            f"probabilities of shape {shape}, not labels of shape {labels.shape}"
        )
    if labels.dtype.kind not in "iu":
        raise ArgumentError(
            f"softmax_cross_entropy: labels of shape {labels.shape} are class numbers and must be ints, "
            f"not {labels.dtype}; probabilities would have shape {shape}"
        )
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= classes:
        wrong = lowest if lowest < 0 else highest
        raise ArgumentError(f"softmax_cross_entropy: label {wrong} is not one of the {classes} classes")
    return rows, classes


@derivative(of=softmax_cross_entropy, wrt=("logits",))
def softmax_cross_entropy_vjp(logits: Any, labels: Any) -> tuple[Any, Pullback]:
    """The value and pullback for constant labels: x̄ = g (softmax(x) Σp - p) / N, for one-hot p of class numbers."""
    log_p = log_softmax(logits)
    return _mean_surprisal(log_p, labels), lambda g: _logits_cotangent(g, log_p, labels)


def _logits_cotangent(g: Any, log_p: Any, labels: Any) -> Any:
    classes = np.shape(log_p)[-1]
    rows = np.size(log_p) // classes
    if np.ndim(labels) == np.ndim(log_p):
        weights = _as_weights(labels, log_p)
        return (g / rows) * (np.exp(log_p) * np.sum(weights, axis=-1, keepdims=True) - weights)
    return (g / rows) * (np.exp(log_p) - (np.expand_dims(labels, -1) == np.arange(classes)))


@derivative(of=softmax_cross_entropy, wrt=("logits", "labels"))
def softmax_cross_entropy_both_vjp(logits: Any, labels: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """The same for labels that are differentiated too: p̄ = -g log softmax(x) / N."""
    log_p = log_softmax(logits)

    def cross_entropy_pullback(g: Any) -> tuple[Any, Any]:
        rows = np.size(log_p) // np.shape(log_p)[-1]
        given_probabilities = np.ndim(labels) == np.ndim(log_p)
        labels_bar = -(g / rows) * log_p if given_probabilities else NO_TANGENT
        return _logits_cotangent(g, log_p, labels), labels_bar

    return _mean_surprisal(log_p, labels), cross_entropy_pullback


def sigmoid_cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean of -z log σ(x) - (1 - z) log(1 - σ(x)), a scalar, for logits x and labels z from 0 to 1.

    Both have the same shape, which may be any. Computed as max(x, 0) - x z + log(1 + exp(-|x|)).

    Raises ArgumentError where the shapes differ.

    >>> sigmoid_cross_entropy(np.zeros(3), np.array([0.0, 1.0, 0.5]))
    np.float64(0.6931471805599453)
    """
    if np.shape(logits) != np.shape(labels):
        raise ArgumentError(
            f"sigmoid_cross_entropy: logits of shape {np.shape(logits)} and labels of shape {np.shape(labels)} differ"
        )
    return np.mean(np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits))))


@derivative(of=sigmoid_cross_entropy, wrt=("logits", "labels"))
def sigmoid_cross_entropy_vjp(logits: Any, labels: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """The value and pullback: x̄ = g (σ(x) - z) / N, smooth at 0 where the formula has kinks; z̄ = -g x / N."""
    count = np.size(logits)

    def sigmoid_cross_entropy_pullback(g: Any) -> tuple[Any, Any]:
        # σ(x) - z, written so that neither end loses it to rounding
        difference = (1 - labels) * sigmoid(logits) - labels * sigmoid(-logits)
        return (g / count) * difference, -(g / count) * logits

    return sigmoid_cross_entropy(logits, labels), sigmoid_cross_entropy_pullback
