"""Derivatives of derivatives, through the registered VJPs."""

from __future__ import annotations

import numpy as np
import pytest

import pullback.nn as nn
from pullback import differential, gradient, hvp, move, pullback
from pullback.nn.activations import log_softmax_vjp, relu_vjp, sigmoid_vjp, softmax_vjp, softplus_vjp
from pullback.nn.convolution import conv2d_vjp
from pullback.nn.losses import sigmoid_cross_entropy_vjp, softmax_cross_entropy_vjp
from pullback.nn.pooling import avg_pool2d_vjp, max_pool2d_vjp

from .vjp_checks import differences

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((3, 4))
IMAGES = RNG.standard_normal((2, 5, 6, 2))
FILTERS = RNG.standard_normal((3, 2, 2, 3))


@pytest.mark.parametrize(
    ("vjp", "x", "rest"),
    [
        (relu_vjp, POINTS, ()),
        (sigmoid_vjp, POINTS, ()),
        (softplus_vjp, POINTS, ()),
        (softmax_vjp, POINTS, (0,)),
        (log_softmax_vjp, POINTS, ()),
        (softmax_cross_entropy_vjp, POINTS, (np.array([0, 3, 1]),)),
        (softmax_cross_entropy_vjp, POINTS, (RNG.uniform(size=(3, 4)),)),
        (sigmoid_cross_entropy_vjp, POINTS, (RNG.uniform(size=(3, 4)),)),
        (conv2d_vjp, IMAGES, (FILTERS, 2, 1)),
        (max_pool2d_vjp, IMAGES, (2, 1)),
        (avg_pool2d_vjp, IMAGES, (3, 2, "same")),
    ],
)
def test_a_pullback_may_be_differentiated(vjp, x, rest):
    g = RNG.standard_normal(np.shape(vjp(x, *rest)[0]))
    v = RNG.standard_normal(x.shape)

    def slope_along_v(a, b):
        pulled = vjp(a, *rest)[1](b)
        return np.sum((pulled[0] if isinstance(pulled, tuple) else pulled) * v)

    assert np.allclose(gradient(slope_along_v, wrt="b")(x, g), differences(slope_along_v, (x, g), 1, 1.0), atol=1e-7)
    found = gradient(lambda a, b: slope_along_v(a, b) + np.sum(a), wrt="a")(x, g)
    assert np.allclose(found, differences(slope_along_v, (x, g), 0, 1.0) + 1.0, atol=1e-6)


@pytest.mark.parametrize("f", [nn.sigmoid, nn.softplus, nn.tanh, nn.silu, nn.gelu])
def test_nested_gradients(f):
    first = gradient(f)
    assert np.allclose(gradient(first)(0.5), (first(0.5 + 1e-5) - first(0.5 - 1e-5)) / 2e-5, atol=1e-8)
    assert np.allclose(differential(first)(0.5)(1.0), gradient(first)(0.5), atol=1e-12)
    assert np.allclose(differential(f)(0.5)(1.0), first(0.5))


class Net(nn.Layer):
    def __init__(self):
        self.conv = nn.Conv2D((3, 2, 2, 2), dtype=np.float64, rng=0)
        self.dense = nn.Dense(30, 3, activation=nn.tanh, dtype=np.float64, rng=1)

    def __call__(self, images):
        hidden = nn.softplus(self.conv(images))
        return self.dense(np.reshape(hidden, (2, -1)))


def moved(net, along, step):
    return move(net, along * step)


def test_second_derivatives_of_a_network():
    images, labels = RNG.standard_normal((2, 5, 6, 2)), np.array([0, 2])
    net = Net()

    def loss(net):
        return nn.softmax_cross_entropy(net(images), labels)

    slope = gradient(loss)
    along = slope(net) * 0.5
    expected = (slope(moved(net, along, 1e-5)) - slope(moved(net, along, -1e-5))) * (1 / 2e-5)
    for got in (hvp(loss)(net, along), pullback(slope)(net)(along)):
        for name in ("weight", "bias"):
            assert np.allclose(getattr(got.dense, name), getattr(expected.dense, name), atol=1e-7)
        assert np.allclose(got.conv.filter, expected.conv.filter, atol=1e-7)
    step = loss(moved(net, along, 1e-5)) - loss(moved(net, along, -1e-5))
    assert np.allclose(differential(loss)(net)(along), step / 2e-5, atol=1e-8)
