"""Layers, losses and optimizers differentiated through the public verbs."""

from __future__ import annotations

import random

import numpy as np
import pytest

import pullback.nn as nn
from pullback.operators import gradient, pullback, value_with_gradient, value_with_pullback
from pullback.optim import SGD, Adam
from pullback.spaces import zero_tangent
from pullback.structs import no_derivative
from pullback.tangents import NO_TANGENT

from .vjp_checks import differences

POINTS = np.array([[-3.0, -0.5, 0.25], [0.7, 2.0, 6.0]])
WEIGHTS = np.random.default_rng(5).standard_normal(POINTS.shape)


class Xor(nn.Layer):
    """The tutorial's 2-10-1 network."""

    def __init__(self, dtype=np.float32):
        self.hidden = nn.Dense(2, 10, activation=nn.relu, dtype=dtype, rng=0)
        self.output = nn.Dense(10, 1, dtype=dtype, rng=1)

    def __call__(self, x):
        return nn.sequenced(x, self.hidden, self.output)


class Classifier(nn.Layer):
    """The tutorial's convolutional network."""

    def __init__(self, dtype=np.float32):
        self.conv = nn.Conv2D((5, 5, 3, 6), dtype=dtype, rng=0)
        self.pool = nn.MaxPool2D((2, 2))
        self.flatten = nn.Flatten()
        self.dense = nn.Dense(216, 10, dtype=dtype, rng=1)

    def __call__(self, x):
        return nn.sequenced(x, self.conv, self.pool, self.flatten, self.dense)


class Scale(nn.Layer):
    def __init__(self):
        self.factor = 3.0
        self.constant = no_derivative(5.0)
        self.name = "scale"

    def __call__(self, x):
        return x * self.factor * self.constant


def loss_of(model, x, y):
    return nn.mean_squared_error(model(x), y)


def array_fields(model, path=()):
    """The arrays in nested layers, with how to reach them."""
    for name, value in vars(model).items():
        if isinstance(value, np.ndarray):
            yield (*path, name), model, name
        elif isinstance(value, nn.Layer):
            yield from array_fields(value, (*path, name))


def check_layer_gradient(loss, model, *args, entries=12):
    """Entries of every array field's gradient against central differences; the model is float64."""
    found = gradient(loss, wrt=0)(model, *args)
    rng = random.Random(0)
    for path, owner, name in array_fields(model):
        tangent = found
        for step in path:
            tangent = getattr(tangent, step)
        array = getattr(owner, name)
        assert tangent.shape == array.shape and tangent.dtype == array.dtype
        for k in rng.sample(range(array.size), min(entries, array.size)):
            ends = []
            for h in (1e-6, -1e-6):
                moved = array.copy()
                moved.reshape(-1)[k] += h
                setattr(owner, name, moved)
                ends.append(loss(model, *args))
            setattr(owner, name, array)
            assert tangent.reshape(-1)[k] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7), path


ELEMENTWISE = [nn.identity, nn.relu, nn.leaky_relu, nn.elu, nn.selu, nn.gelu, nn.sigmoid, nn.tanh, nn.softplus, nn.silu]


@pytest.mark.parametrize("f", [*ELEMENTWISE, nn.softmax, nn.log_softmax])
def test_activations_of_arrays(f):
    def weighted(x):
        return np.sum(f(x) * WEIGHTS)

    expected = differences(weighted, (POINTS,), 0, 1.0)
    assert np.allclose(gradient(weighted)(POINTS), expected, rtol=1e-6, atol=1e-8)
    narrow = gradient(weighted)(POINTS.astype(np.float32))
    assert narrow.dtype == np.float32 and np.allclose(narrow, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("f", ELEMENTWISE)
@pytest.mark.parametrize("x", [-1.5, 0.75])
def test_activations_of_floats(f, x):
    slope = gradient(f)(x)
    assert isinstance(slope, float)
    assert slope == pytest.approx((f(x + 1e-6) - f(x - 1e-6)) / 2e-6, rel=1e-6)


@pytest.mark.parametrize(
    ("f", "slope"),
    [(nn.relu, 0.0), (nn.leaky_relu, 0.2), (nn.elu, 1.0), (nn.sigmoid, 0.25), (nn.softplus, 0.5), (nn.silu, 0.5)],
)
def test_slopes_at_zero(f, slope):
    assert gradient(f)(0.0) == pytest.approx(slope, rel=1e-15)
    assert gradient(lambda x: np.sum(f(x)))(np.zeros(2)).tolist() == pytest.approx([slope] * 2, rel=1e-15)


def test_the_slope_of_a_leak_may_be_differentiated():
    assert gradient(nn.leaky_relu, wrt="alpha")(-3.0, 0.2) == -3.0
    assert gradient(nn.leaky_relu, wrt=(0, 1))(2.0, 0.2) == (1.0, 0.0)


def test_losses():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((5, 4)), np.array([0, 3, 1, 1, 2])
    soft = rng.uniform(size=(5, 4))
    for loss, target in [
        (nn.softmax_cross_entropy, labels),
        (nn.softmax_cross_entropy, soft),
        (nn.sigmoid_cross_entropy, soft),
        (nn.mean_squared_error, soft),
        (nn.mean_absolute_error, soft),
        (nn.huber_loss, soft),
    ]:
        found = gradient(loss, wrt=0)(logits, target)
        assert np.allclose(found, differences(loss, (logits, target), 0, 1.0), rtol=1e-6, atol=1e-8)
    both = gradient(nn.softmax_cross_entropy)(logits, soft)
    for k in (0, 1):
        assert np.allclose(both[k], differences(nn.softmax_cross_entropy, (logits, soft), k, 1.0), rtol=1e-6)
    narrow = gradient(nn.softmax_cross_entropy, wrt=0)(logits.astype(np.float32), labels)
    assert narrow.dtype == np.float32


def test_a_column_against_a_row_broadcasts():
    predicted, expected = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([0.0, 1.0, 1.0, 0.0])
    found = gradient(nn.mean_squared_error)(predicted, expected)
    assert [t.shape for t in found] == [(4, 1), (4,)]
    assert np.allclose(found[0][:, 0], [2 * sum(p - e for e in expected) / 16 for p in predicted[:, 0]])
    assert np.allclose(found[1], [-2 * sum(p - e for p in predicted[:, 0]) / 16 for e in expected])


def test_layer_gradients_against_differences():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4, 2)), rng.standard_normal(4)
    check_layer_gradient(loss_of, Xor(np.float64), x, y)
    images, labels = rng.standard_normal((3, 16, 16, 3)), np.array([1, 0, 7])
    model = Classifier(np.float64)
    model.conv.activation = nn.relu
    check_layer_gradient(lambda m, a, b: nn.softmax_cross_entropy(m(a), b), model, images, labels)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2D((3, 3, 2, 4), dtype=np.float64, rng=0),
        nn.Conv2D((3, 2, 2, 3), stride=2, padding="same", activation=nn.tanh, dtype=np.float64, rng=0),
        nn.Conv2D((2, 2, 2, 3), dilation=(2, 1), padding=1, use_bias=False, dtype=np.float64, rng=0),
        nn.Sequential(nn.Conv2D((2, 2, 2, 3), dtype=np.float64, rng=0), nn.AvgPool2D(2), nn.Flatten()),
    ],
)
def test_image_layers_against_differences(layer):
    x = np.random.default_rng(1).standard_normal((2, 6, 7, 2))
    g = np.random.default_rng(2).standard_normal(layer(x).shape)

    def weighted(m, a):
        return np.sum(m(a) * g)

    if not isinstance(layer, nn.Sequential):
        check_layer_gradient(weighted, layer, x)
    found = gradient(weighted, wrt="a")(layer, x)
    assert np.allclose(found, differences(lambda a: weighted(layer, a), (x,), 0, 1.0), rtol=1e-6, atol=1e-8)


def test_fields_and_constants():
    tangent = gradient(lambda layer: layer(2.0))(Scale())
    assert tangent == type(zero_tangent(Scale()))(factor=10.0)
    assert gradient(lambda layer, x: layer(x), wrt="x")(Scale(), 2.0) == 15.0


def test_one_layer_used_twice_accumulates():
    dense = nn.Dense(3, 3, activation=nn.tanh, dtype=np.float64, rng=0)
    x = np.random.default_rng(0).standard_normal((4, 3))
    check_layer_gradient(lambda layer, a: np.sum(layer(layer(a)) ** 2), dense, x)
    shared = gradient(lambda m, a: np.sum(m(a) ** 2), wrt=0)(nn.Sequential(dense, dense), x)
    alone = gradient(lambda layer, a: np.sum(layer(layer(a)) ** 2), wrt=0)(dense, x)
    total = shared.layers[0] + shared.layers[1]
    assert np.allclose(total.weight, alone.weight, rtol=1e-12) and np.allclose(total.bias, alone.bias, rtol=1e-12)


def test_applied_for_backpropagation():
    layer = nn.Dense(3, 2, activation=nn.relu, rng=0)
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    output, backpropagator = layer.applied_for_backpropagation(x)
    assert np.array_equal(output, layer(x))
    g = np.ones((4, 2), np.float32)
    for _ in range(2):
        layer_bar, x_bar = backpropagator(g)
        masked = g * (output > 0)
        assert np.allclose(layer_bar.weight, x.T @ masked, rtol=1e-6)
        assert np.allclose(layer_bar.bias, masked.sum(axis=0), rtol=1e-6)
        assert np.allclose(x_bar, masked @ layer.weight.T, rtol=1e-6)
        assert {layer_bar.weight.dtype, layer_bar.bias.dtype, x_bar.dtype} == {np.dtype(np.float32)}


def test_applied_for_backpropagation_without_parameters_or_input():
    x = np.arange(12.0).reshape(2, 2, 3)
    output, backpropagator = nn.Flatten().applied_for_backpropagation(x)
    layer_bar, x_bar = backpropagator(np.ones((2, 6)))
    assert output.shape == (2, 6) and layer_bar is NO_TANGENT and x_bar.tolist() == np.ones((2, 2, 3)).tolist()
    output, backpropagator = Scale().applied_for_backpropagation(2)
    layer_bar, x_bar = backpropagator(1.0)
    assert (output, layer_bar.factor, x_bar) == (30.0, 10.0, NO_TANGENT)
    assert nn.Flatten().applied_for_backpropagation(np.ones((2, 3), int))[1](0) == (NO_TANGENT, NO_TANGENT)


calls = []


class Noted(nn.Layer):
    def __init__(self, wrapped):
        self.wrapped = wrapped

    def __call__(self, x):
        calls.append("applied")
        return self.wrapped(x)


def test_discarding_activations():
    x = np.random.default_rng(0).standard_normal((4, 3))
    dense = nn.Dense(3, 2, activation=nn.tanh, dtype=np.float64, rng=0)
    g = np.ones((4, 2))
    _, plain = dense.applied_for_backpropagation(x)
    calls.clear()
    output, backpropagator = Noted(dense).discarding_activations().applied_for_backpropagation(x)
    assert calls == ["applied"] and np.array_equal(output, dense(x))
    layer_bar, x_bar = backpropagator(g)
    assert calls == ["applied", "applied"]
    expected, expected_x = plain(g)
    assert layer_bar.wrapped.wrapped == expected and np.array_equal(x_bar, expected_x)


def test_dropout_masks_its_cotangent():
    x = np.random.default_rng(0).standard_normal((20, 10))
    y, pull = value_with_pullback(nn.Dropout(0.5, rng=0), wrt=0)(x)
    assert np.array_equal(pull(np.ones_like(x)), np.where(y != 0, 2.0, 0.0))
    layer = nn.Dropout(0.5, training=False)
    assert np.array_equal(pullback(layer)(x)(x), x)


def test_dropout_draws_the_same_mask_when_it_is_run_again():
    x = np.random.default_rng(0).standard_normal((20, 10))
    layer = nn.Sequential(nn.Dropout(0.5, rng=0), nn.tanh).discarding_activations()
    y, pull = value_with_pullback(lambda a: layer(a))(x)
    assert np.allclose(pull(np.ones_like(x)), np.where(y != 0, 2.0 * (1 - y * y), 0.0))


@pytest.mark.parametrize("optimizer", [SGD(learning_rate=0.02), SGD(0.02, momentum=0.9), Adam(0.01)])
def test_xor_learns(optimizer):
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([0, 1, 1, 0], np.float32)
    model = Xor()
    hidden, losses = model.hidden, []
    for _ in range(10):
        loss, slope = value_with_gradient(loss_of, wrt="model")(model, x, y)
        assert loss.dtype == np.float32 and slope.hidden.weight.dtype == np.float32
        losses.append(float(loss))
        optimizer.update(model, along=slope)
    assert model.hidden is hidden and hidden.weight.dtype == np.float32
    assert losses[-1] < losses[0]


def test_xor_separates_with_matching_shapes():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([[0], [1], [1], [0]], np.float32)
    model, optimizer = Xor(), Adam(0.05)
    for _ in range(200):
        optimizer.update(model, along=gradient(loss_of, wrt="model")(model, x, y))
    assert np.array_equal(np.round(model(x)), y)


def test_a_convolutional_network_learns():
    rng = np.random.default_rng(0)
    images = rng.standard_normal((10, 16, 16, 3)).astype(np.float32)
    labels = rng.integers(0, 10, 10)
    model, optimizer, losses = Classifier(), SGD(learning_rate=0.02), []
    model.conv = model.conv.discarding_activations()
    for _ in range(5):
        loss, slope = value_with_gradient(lambda m: nn.softmax_cross_entropy(m(images), labels))(model)
        losses.append(float(loss))
        optimizer.update(model, along=slope)
    assert losses == sorted(losses, reverse=True)
    assert model.conv.wrapped.filter.dtype == np.float32
