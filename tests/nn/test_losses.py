from __future__ import annotations

import math

import numpy as np
import pytest

from pullback import nn
from pullback.errors import ArgumentError
from pullback.nn.losses import (
    sigmoid_cross_entropy_vjp,
    softmax_cross_entropy_both_vjp,
    softmax_cross_entropy_vjp,
)
from pullback.tangents import NO_TANGENT

from .vjp_checks import check_vjp

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((5, 4))
CLASSES = np.array([0, 3, 1, 1, 2])
ONE_HOT = np.eye(4)[CLASSES]
WEIGHTS = RNG.uniform(0.1, 1.0, (5, 4))  # rows need not sum to one for the formula to hold


def test_broadcast_differences_are_those_of_numpy():
    predicted, expected = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([0.0, 1.0, 1.0, 0.0])
    every = [(p - e) ** 2 for p in (1, 2, 3, 4) for e in (0, 1, 1, 0)]
    assert nn.mean_squared_error(predicted, expected) == pytest.approx(sum(every) / 16)
    assert nn.mean_squared_error(predicted[:, 0], expected) == pytest.approx((1 + 1 + 4 + 16) / 4)


def test_errors_by_hand():
    a, b = np.array([1.0, 2.0, 5.0]), np.array([1.5, 2.0, 1.0])
    assert nn.mean_squared_error(a, b) == pytest.approx((0.25 + 0 + 16) / 3)
    assert nn.mean_absolute_error(a, b) == pytest.approx(4.5 / 3)
    assert nn.huber_loss(a, b) == pytest.approx((0.125 + 0 + 3.5) / 3)
    assert nn.huber_loss(a, b, delta=4.0) == pytest.approx((0.125 + 8.0) / 3)


@pytest.mark.parametrize("labels", [CLASSES, CLASSES.astype(np.uint8), ONE_HOT, ONE_HOT.astype(int), CLASSES.tolist()])
def test_cross_entropy_of_classes_by_hand(labels):
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    expected = -sum(math.log(p[i, c]) for i, c in enumerate(CLASSES)) / 5
    assert nn.softmax_cross_entropy(LOGITS, labels) == pytest.approx(expected, rel=1e-14)
    check_vjp(nn.softmax_cross_entropy, softmax_cross_entropy_vjp, LOGITS, labels)


def test_cross_entropy_of_probabilities():
    check_vjp(nn.softmax_cross_entropy, softmax_cross_entropy_vjp, LOGITS, WEIGHTS)
    check_vjp(nn.softmax_cross_entropy, softmax_cross_entropy_both_vjp, LOGITS, WEIGHTS, wrt=(0, 1))


def test_class_numbers_have_no_tangent():
    _, pull = softmax_cross_entropy_both_vjp(LOGITS, CLASSES)
    assert pull(1.0)[1] is NO_TANGENT


def test_cross_entropy_of_other_shapes():
    check_vjp(nn.softmax_cross_entropy, softmax_cross_entropy_vjp, LOGITS[0], np.array(3))
    check_vjp(nn.softmax_cross_entropy, softmax_cross_entropy_vjp, LOGITS[0], 3)
    deep, labels = RNG.standard_normal((2, 3, 4)), np.array([[0, 1, 2], [3, 0, 1]])
    check_vjp(nn.softmax_cross_entropy, softmax_cross_entropy_vjp, deep, labels)
    check_vjp(nn.softmax_cross_entropy, softmax_cross_entropy_both_vjp, deep, RNG.uniform(size=(2, 3, 4)), wrt=(0, 1))


def test_cross_entropy_against_torch():
    torch = pytest.importorskip("torch")
    for labels in (CLASSES, WEIGHTS):
        logits = torch.tensor(LOGITS, requires_grad=True)
        expected = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
        expected.backward()
        value, pull = softmax_cross_entropy_vjp(LOGITS, labels)
        assert value == pytest.approx(expected.item(), rel=1e-14)
        assert np.allclose(pull(1.0), logits.grad.numpy(), rtol=1e-12)


def test_masked_and_extreme_logits():
    logits = np.array([[0.0, -np.inf, 1000.0], [1000.0, 0.0, -1000.0]])
    value, pull = softmax_cross_entropy_vjp(logits, np.array([2, 1]))
    assert value == 500.0
    assert np.array_equal(pull(1.0), [[0.0, 0.0, 0.0], [0.5, -0.5, 0.0]])


def test_float32_stays_float32():
    logits = LOGITS.astype(np.float32)
    for labels in (CLASSES, ONE_HOT.astype(np.float32), ONE_HOT.astype(int)):
        value, pull = softmax_cross_entropy_vjp(logits, labels)
        assert value.dtype == np.float32 and pull(value).dtype == np.float32
    value, pull = sigmoid_cross_entropy_vjp(logits, WEIGHTS.astype(np.float32))
    assert value.dtype == np.float32 and [t.dtype for t in pull(value)] == [np.float32] * 2
    for loss in (nn.mean_squared_error, nn.mean_absolute_error, nn.huber_loss):
        assert loss(logits, ONE_HOT.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (LOGITS, CLASSES + 1, "label 4 is not one of the 4 classes"),
        (LOGITS, CLASSES - 1, "label -1 is not one of the 4 classes"),
        (LOGITS, CLASSES[:3], r"labels of shape \(3,\)"),
        (LOGITS, CLASSES[:, None], r"labels of shape \(5, 1\)"),
        (LOGITS, CLASSES * 1.0, "must be ints, not float64"),
        (LOGITS[:0], CLASSES[:0], "empty batch"),
    ],
)
def test_bad_labels_are_refused(logits, labels, message):
    with pytest.raises(ArgumentError, match=message):
        nn.softmax_cross_entropy(logits, labels)


def test_sigmoid_cross_entropy():
    labels = RNG.uniform(size=LOGITS.shape)
    check_vjp(nn.sigmoid_cross_entropy, sigmoid_cross_entropy_vjp, LOGITS, labels, wrt=(0, 1))
    p = 1 / (1 + np.exp(-LOGITS))
    expected = np.mean(-labels * np.log(p) - (1 - labels) * np.log(1 - p))
    assert nn.sigmoid_cross_entropy(LOGITS, labels) == pytest.approx(expected, rel=1e-13)
    at_zero = sigmoid_cross_entropy_vjp(np.zeros(1), np.array([0.25]))[1](1.0)[0]
    assert at_zero[0] == 0.25  # the slope at 0, where the formula has two kinks
    value, pull = sigmoid_cross_entropy_vjp(np.array([50.0]), np.array([1.0]))
    assert value == pytest.approx(math.exp(-50.0), rel=1e-13)
    assert pull(1.0)[0][0] == pytest.approx(-math.exp(-50.0), rel=1e-13)
    with pytest.raises(ArgumentError, match="differ"):
        nn.sigmoid_cross_entropy(np.zeros((4, 1)), np.zeros(4))
