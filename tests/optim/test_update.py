from __future__ import annotations

import dataclasses
from typing import NamedTuple

import attrs
import numpy as np
import pytest

import pullback.nn as nn
from pullback.errors import ArgumentError, CotangentError
from pullback.optim import SGD, Adam
from pullback.spaces import zero_tangent
from pullback.structs import no_derivative, register_differentiable
from pullback.tangents import NO_TANGENT, ZERO, TangentVector, tangent_type


def ones_like(model):
    """A tangent of ones."""
    return ones(zero_tangent(model))


def ones(t):
    if isinstance(t, np.ndarray):
        return np.ones_like(t)
    if isinstance(t, (float, complex, np.inexact)):
        return t + 1
    if isinstance(t, dict):
        return {k: ones(v) for k, v in t.items()}
    if isinstance(t, tuple) and hasattr(t, "_make"):
        return t._make(map(ones, t))
    if isinstance(t, (tuple, list)):
        return type(t)(map(ones, t))
    return type(t)(**ones(t.__dict__)) if isinstance(t, TangentVector) else t


class Network(nn.Layer):
    def __init__(self):
        self.hidden = nn.Dense(2, 3, activation=nn.relu, rng=0)
        self.output = nn.Dense(3, 1, rng=1)
        self.scale = 2.0
        self.fixed = no_derivative(5.0)
        self.steps = 7


def test_layers_move_in_place_and_keep_their_identity():
    model = Network()
    hidden, weight = model.hidden, model.hidden.weight
    before = weight.copy()
    SGD(learning_rate=0.5).update(model, along=ones_like(model))
    assert model.hidden is hidden
    assert np.array_equal(hidden.weight, before - np.float32(0.5)) and hidden.weight.dtype == np.float32
    assert np.array_equal(weight, before)  # a pullback may still hold the old array
    assert (model.scale, model.fixed, model.steps) == (1.5, 5.0, 7)


def test_lists_and_dicts_move_in_place():
    inner = {"w": np.ones(2), "n": 3, "deep": [1.0, "s", None]}
    model = [inner, 2.0]
    SGD(learning_rate=0.25).update(model, along=[{"w": np.ones(2), "deep": [1.0, NO_TANGENT, NO_TANGENT]}, 4.0])
    assert model[0] is inner and model[1] == 1.0
    assert inner["w"].tolist() == [0.75, 0.75] and inner["deep"] == [0.75, "s", None] and inner["n"] == 3


def test_an_array_is_changed_in_place():
    for momentum in (0.0, 0.5):
        model = np.ones(3, np.float32)
        SGD(learning_rate=0.5, momentum=momentum).update(model, along=np.ones(3, np.float32))
        assert model.tolist() == [0.5, 0.5, 0.5]


class Named(NamedTuple):
    a: float
    b: str


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: float
    w: np.ndarray


@attrs.frozen
class FrozenAttrs:
    a: float


@attrs.define
class Mutable:
    a: float
    frozen: Frozen


def test_values_that_are_fixed_are_made_anew_in_their_field():
    model = {
        "pair": (1.0, 2, [3.0]),
        "named": Named(1.0, "n"),
        "frozen": Frozen(1.0, np.ones(2)),
        "attrs": FrozenAttrs(1.0),
        "mutable": Mutable(1.0, Frozen(2.0, np.zeros(1))),
    }
    items, mutable, frozen = model["pair"][2], model["mutable"], model["frozen"]
    SGD(learning_rate=0.5).update(model, along=ones_like(model))
    assert model["pair"] == (0.5, 2, [2.5]) and model["pair"][2] is items
    assert model["named"] == Named(0.5, "n")
    assert model["frozen"].a == 0.5 and model["frozen"].w.tolist() == [0.5, 0.5]
    assert frozen.a == 1.0 and frozen.w.tolist() == [1.0, 1.0]
    assert model["attrs"].a == 0.5
    assert model["mutable"] is mutable and mutable.a == 0.5 and mutable.frozen.a == 1.5


@pytest.mark.parametrize(
    "model", [1.0, np.float32(1.0), (1.0, 2.0), Named(1.0, "n"), Frozen(1.0, np.ones(2)), (np.ones(2),)]
)
def test_what_cannot_change_in_place_is_refused(model):
    with pytest.raises(ArgumentError, match="pb.move"):
        SGD().update(model, along=ones_like(model))


def test_a_tuple_of_layers_can_change():
    first, second = nn.Dense(2, 2), nn.Dense(2, 2)
    model = (first, second, "name")
    before = second.bias.copy()
    SGD(learning_rate=0.5).update(model, along=ones_like(model))
    assert np.array_equal(second.bias, before - 0.5)


@pytest.mark.parametrize("model", [3, "s", None, nn.Flatten(), [1, 2]])
def test_a_model_without_parameters(model):
    with pytest.raises(ArgumentError, match="no parameters"):
        SGD().update(model, along=ZERO)


@pytest.mark.parametrize(
    "optimizer", [lambda: SGD(0.5), lambda: SGD(0.5, momentum=0.5), lambda: Adam(0.5, epsilon=0.1)]
)
def test_what_is_shared_moves_once_by_the_sum_of_its_gradients(optimizer):
    def run(model, gradients):
        made = optimizer()
        for g in gradients:
            made.update(model, along=g)

    gradients = [(1.0, 2.0), (-0.5, 0.25), (3.0, 1.0)]
    alone = {"w": 1.0, "v": np.ones(2)}
    run(alone, [{"w": a + b, "v": np.full(2, a + b)} for a, b in gradients])

    layer = {"w": 1.0, "v": np.ones(2)}
    shared = {"first": layer, "second": layer}
    run(shared, [{k: {"w": g, "v": np.full(2, g)} for k, g in zip(("first", "second"), p)} for p in gradients])
    assert layer["w"] == alone["w"] and np.array_equal(layer["v"], alone["v"])
    assert shared["first"] is layer and shared["second"] is layer

    array = np.ones(2)
    tied = {"a": array, "b": [array]}
    run(tied, [{"a": np.full(2, a), "b": [np.full(2, b)]} for a, b in gradients])
    assert tied["a"] is tied["b"][0] and np.array_equal(tied["a"], alone["v"])


def test_equal_but_separate_parameters_stay_separate():
    model = {"a": np.ones(2), "b": np.ones(2), "x": 1.0, "y": 1.0}
    SGD(1.0).update(model, along={"a": np.ones(2), "b": np.zeros(2), "x": 1.0, "y": 0.0})
    assert [model["a"][0], model["b"][0], model["x"], model["y"]] == [0.0, 1.0, 0.0, 1.0]


def test_zero_and_missing_gradients_still_follow_their_velocity():
    for zero in ({}, {"w": ZERO}, ZERO):
        optimizer, model = SGD(0.5, momentum=0.5), {"w": np.array([1.0])}
        optimizer.update(model, along={"w": np.array([2.0])})
        optimizer.update(model, along=zero)
        assert model["w"].tolist() == [-0.5]


@pytest.mark.parametrize(
    ("along", "message"),
    [
        (None, r"along: expected"),
        ({"hidden": 1.0}, r"along\.hidden"),
        ({"hidden": {"weight": np.ones((2, 4))}}, r"along\.hidden\.weight: expected shape \(2, 3\).* shape \(2, 4\)"),
        ({"depth": 1.0}, "no differentiable field 'depth'"),
        (tangent_type(nn.Dense)(weight=1.0), r"along: expected a tangent of Network"),
    ],
)
@pytest.mark.parametrize("optimizer", [SGD(momentum=0.9), Adam()])
def test_a_gradient_of_the_wrong_structure_changes_nothing(optimizer, along, message):
    model = Network()
    before = [model.hidden.weight.copy(), model.output.bias.copy(), model.scale]
    with pytest.raises(CotangentError, match=message):
        optimizer.update(model, along=along)
    assert optimizer.step == 0 and optimizer.state == {}
    assert np.array_equal(before[0], model.hidden.weight) and np.array_equal(before[1], model.output.bias)
    assert model.scale == before[2]


def test_wrong_sequences_and_dicts():
    with pytest.raises(CotangentError, match=r"along\['w'\]: expected a list of 2"):
        SGD().update({"w": [1.0, 2.0]}, along={"w": [1.0]})
    with pytest.raises(CotangentError, match=r"along\[0\]: its primal has no key 'v'"):
        SGD().update([{"w": 1.0}], along=[{"v": 1.0}])
    with pytest.raises(CotangentError, match=r"along\[0\]\.bias: expected shape"):
        SGD().update([nn.Dense(2, 3)], along=[{"bias": np.ones(2)}])


def test_a_changed_model_needs_a_new_optimizer():
    optimizer, model = SGD(momentum=0.9), {"w": np.ones(3)}
    optimizer.update(model, along={"w": np.ones(3)})
    model["w"] = np.ones((2, 3))
    with pytest.raises(ArgumentError, match=r"'w'\]?.* has shape \(2, 3\).* had \(3,\)"):
        optimizer.update(model, along={"w": np.ones((2, 3))})


def test_state_goes_by_path():
    optimizer, model = SGD(momentum=0.9), Network()
    optimizer.update(model, along=ones_like(model))
    assert list(optimizer.state) == ["hidden.weight", "hidden.bias", "output.weight", "output.bias", "scale"]


class Turn:
    """An angle whose tangent is a number of its own: a registered space."""

    def __init__(self, degrees):
        self.degrees = degrees


register_differentiable(
    Turn, zero_tangent=lambda x: 0.0, move=lambda x, along: Turn((x.degrees + 360.0 * along) % 360.0)
)


def test_a_type_with_a_space_of_its_own():
    for nesterov, expected in ((False, [270.0, 135.0]), (True, [225.0, 67.5])):
        model, optimizer = {"turn": Turn(0.0)}, SGD(0.5, momentum=0.5, nesterov=nesterov)
        seen = []
        for _ in range(2):
            optimizer.update(model, along={"turn": 0.5})
            seen.append(model["turn"].degrees)
        assert seen == expected
    with pytest.raises(ArgumentError, match="Adam works entry by entry"):
        Adam().update({"turn": Turn(0.0)}, along={"turn": 0.5})
