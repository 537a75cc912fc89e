from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest

import pullback as pb
import pullback.nn as nn
from pullback.errors import ArgumentError
from pullback.spaces import is_differentiable, move, zero_tangent
from pullback.structs import field_names, no_derivative


class Scale(nn.Layer):
    def __init__(self):
        self.factor = 2.0
        self.limit = no_derivative(9.0)
        self.name = "scale"
        self.count = 3
        self.kept = no_derivative(np.ones(3))

    def __call__(self, x):
        return x * self.factor


class Louder(Scale):
    def __init__(self):
        super().__init__()
        self.offset = np.zeros(2)


@dataclasses.dataclass
class Point(nn.Layer):
    x: float
    y: float = no_derivative(1.0)
    tag: str = "p"


@dataclasses.dataclass(slots=True)
class Slotted(nn.Layer):
    x: float
    y: float = no_derivative(1.0)


class Annotated(nn.Layer):
    fixed: no_derivative[float]

    def __init__(self):
        self.fixed = 4.0
        self.free = 5.0


def test_every_differentiable_attribute_is_a_field():
    layer = Scale()
    assert (layer.limit, layer.kept.tolist()) == (9.0, [1.0, 1.0, 1.0])
    assert list(field_names(layer)) == ["factor", "name", "count"]
    assert zero_tangent(layer).__dict__ == {"factor": 0.0}
    assert zero_tangent(Louder()).__dict__.keys() == {"factor", "offset"}


def test_a_constant_stays_constant_when_it_is_assigned_again():
    layer = Scale()
    layer.limit = 10.0
    assert layer.limit == 10.0
    assert "limit" not in zero_tangent(layer).__dict__


def test_constants_of_one_object_are_not_those_of_another():
    first, second = Scale(), Scale()
    first.factor = no_derivative(1.0)
    assert not is_differentiable(first)
    assert zero_tangent(second).__dict__ == {"factor": 0.0}


def test_constants_survive_copies_and_pickling():
    for made in (copy.copy(Louder()), copy.deepcopy(Louder()), pickle.loads(pickle.dumps(Louder()))):
        assert zero_tangent(made).__dict__.keys() == {"factor", "offset"}
    moved = move(Scale(), along=type(zero_tangent(Scale()))(factor=0.5))
    assert (moved.factor, moved.limit) == (2.5, 9.0)
    assert zero_tangent(moved).__dict__ == {"factor": 0.0}


def test_dataclasses_slots_and_annotations():
    assert zero_tangent(Point(2.0)).__dict__ == {"x": 0.0}
    assert zero_tangent(Slotted(2.0)).__dict__ == {"x": 0.0}
    assert zero_tangent(Annotated()).__dict__ == {"free": 0.0}
    assert repr(Slotted(2.0)) == "Slotted(x=2.0, y=1.0)"


def test_a_layer_without_a_call():
    class Empty(nn.Layer):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define __call__"):
        Empty()(1.0)


def test_dense():
    layer = nn.Dense(2, 3, activation=nn.relu, rng=0)
    x = np.array([[1.0, 2.0], [-1.0, 0.5]], np.float32)
    layer.bias = np.array([0.1, -0.2, 0.3], np.float32)
    assert np.array_equal(layer(x), np.maximum(x @ layer.weight + layer.bias, 0))
    assert layer(x).dtype == np.float32
    assert zero_tangent(layer).__dict__.keys() == {"weight", "bias"}
    assert zero_tangent(nn.Dense(2, 3, use_bias=False)).__dict__.keys() == {"weight"}
    assert nn.Dense(2, 3, use_bias=False)(x).shape == (2, 3)
    assert nn.Dense(2, 3, dtype=np.float64).weight.dtype == np.float64


def test_seeds_and_generators():
    assert np.array_equal(nn.Dense(4, 5, rng=1).weight, nn.Dense(4, 5, rng=1).weight)
    assert not np.array_equal(nn.Dense(4, 5, rng=1).weight, nn.Dense(4, 5, rng=2).weight)
    shared = np.random.default_rng(1)
    first, second = nn.Dense(4, 5, rng=shared), nn.Dense(4, 5, rng=shared)
    assert np.array_equal(first.weight, nn.Dense(4, 5, rng=1).weight)
    assert not np.array_equal(first.weight, second.weight)


def test_initializers():
    weight = nn.glorot_uniform((3, 3, 8, 24), np.float64, rng=0)
    limit = np.sqrt(6 / (9 * 8 + 9 * 24))
    assert 0.98 * limit < np.abs(weight).max() <= limit
    assert nn.he_normal((400, 300), rng=0).std() == pytest.approx(np.sqrt(2 / 400), rel=0.01)
    with pytest.raises(ArgumentError, match="at least"):
        nn.glorot_uniform((3,))
    with pytest.raises(ArgumentError, match="none below 1"):
        nn.Dense(0, 3)


def test_image_layers():
    x = np.random.default_rng(0).standard_normal((10, 16, 16, 3)).astype(np.float32)
    conv = nn.Conv2D((5, 5, 3, 6), rng=0)
    conv.bias = np.arange(6, dtype=np.float32)
    y = nn.sequenced(x, conv, nn.MaxPool2D((2, 2)), nn.Flatten(), nn.Dense(216, 10, rng=0))
    assert y.shape == (10, 10) and y.dtype == np.float32
    assert np.array_equal(conv(x), nn.conv2d(x, conv.filter) + conv.bias)
    assert nn.Conv2D((3, 3, 3, 4), 2, "same", activation=nn.relu)(x).shape == (10, 8, 8, 4)
    assert nn.Conv2D((3, 3, 3, 4), dilation=2, use_bias=False)(x).shape == (10, 12, 12, 4)
    assert nn.AvgPool2D(4)(x).shape == (10, 4, 4, 3)
    assert np.array_equal(nn.MaxPool2D(2, 1, "same")(x), nn.max_pool2d(x, 2, 1, "same"))
    assert not is_differentiable(nn.MaxPool2D())


def test_dropout():
    x = np.ones((400, 100), np.float32)
    layer = nn.Dropout(0.25, rng=0)
    y = layer(x)
    assert y.dtype == np.float32
    assert set(np.unique(y)) == {np.float32(0.0), np.float32(1 / 0.75)}
    assert np.mean(y == 0) == pytest.approx(0.25, abs=0.01)
    assert not np.array_equal(y, layer(x))
    layer.training = False
    assert layer(x) is x
    assert not is_differentiable(layer)
    with pytest.raises(ArgumentError, match="below 1"):
        nn.Dropout(1.0)


def test_sequential():
    first, last = nn.Dense(2, 3, rng=0), nn.Dense(3, 1, rng=1)
    model = nn.Sequential(first, nn.relu, last)
    x = np.ones((4, 2), np.float32)
    assert np.array_equal(model(x), last(nn.relu(first(x))))
    assert np.array_equal(model(x), nn.sequenced(x, first, nn.relu, last))
    assert nn.sequenced(x) is x and nn.Sequential()(x) is x


def test_parameter_count_counts_what_is_shared_once():
    dense = nn.Dense(2, 3)
    assert dense.parameter_count == 9
    assert nn.Sequential(dense, nn.relu, dense).parameter_count == 9
    assert Louder().parameter_count == 3
    assert nn.Flatten().parameter_count == 0

    class Pair(nn.Layer):
        def __init__(self, w):
            self.first, self.second, self.third = w, w, {"a": [1.0, 2.0], "n": 3}

    assert Pair(np.ones(5)).parameter_count == 7


def test_repr_shows_shapes_not_numbers():
    assert repr(nn.Dense(2, 10, activation=nn.relu)) == (
        "Dense(weight=float32[2, 10], bias=float32[10], activation=relu)"
    )
    assert repr(Scale()) == "Scale(factor=2.0, limit=9.0, name='scale', count=3, kept=float64[3])"
    assert repr(nn.Sequential(nn.Flatten())) == "Sequential(layers=(Flatten(),))"
    assert repr(nn.Sequential(nn.Dense(2, 10), nn.Dense(10, 1).discarding_activations())) == (
        "Sequential(\n"
        "  layers=(\n"
        "    Dense(weight=float32[2, 10], bias=float32[10], activation=identity),\n"
        "    ActivationDiscarding(\n"
        "      wrapped=Dense(weight=float32[10, 1], bias=float32[1], activation=identity),\n"
        "    ),\n"
        "  ),\n"
        ")"
    )


def test_discarding_activations_shares_the_parameters():
    dense = nn.Dense(2, 3, rng=0)
    layer = dense.discarding_activations()
    assert layer.wrapped is dense
    assert zero_tangent(layer).wrapped.weight.shape == (2, 3)
    assert layer.parameter_count == 9


def test_a_constant_field_may_be_assigned_in_a_call() -> None:
    class Normalised(nn.Layer):
        def __init__(self) -> None:
            self.gain = np.ones(3) * 1.5
            self.mean = pb.no_derivative(np.zeros(3))

        def __call__(self, x: object) -> object:
            m = np.mean(x, axis=0)
            self.mean = 0.9 * self.mean + 0.1 * pb.without_derivative(m)
            return (x - m) * self.gain

    x = np.arange(12.0).reshape(4, 3) ** 1.3
    layer = Normalised()
    of_layer, of_x = pb.gradient(lambda m, x: np.sum(m(x) ** 3))(layer, x)
    np.testing.assert_array_equal(layer.mean, 0.1 * np.mean(x, axis=0))
    h = 1e-6
    for k in range(3):
        step = h * np.eye(3)[k]
        above, below = Normalised(), Normalised()
        above.gain, below.gain = above.gain + step, below.gain - step
        slope = (np.sum(above(x) ** 3) - np.sum(below(x) ** 3)) / (2 * h)
        np.testing.assert_allclose(of_layer.gain[k], slope, rtol=1e-6)
    step = h * np.eye(4, 3)
    slope = (np.sum(Normalised()(x + step) ** 3) - np.sum(Normalised()(x - step) ** 3)) / (2 * h)
    np.testing.assert_allclose(np.sum(of_x * np.eye(4, 3)), slope, rtol=1e-6)
