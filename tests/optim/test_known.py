"""A model seen before is taken for known only while it is made of the same objects."""

from __future__ import annotations

import copy
import pickle
import random

import numpy as np
import pytest

import pullback.nn as nn
from pullback.errors import ArgumentError, CotangentError
from pullback.optim import SGD, Adam
from pullback.spaces import zero_tangent
from pullback.structs import no_derivative
from pullback.tangents import NO_TANGENT, ZERO

from .test_update import ones_like


class Inner(nn.Layer):
    def __init__(self, value):
        self.w = np.full(2, value)
        self.b = None
        self.rate = no_derivative(0.5)


class Outer(nn.Layer):
    def __init__(self):
        self.first, self.second = Inner(1.0), Inner(2.0)
        self.items = [1.0, {"v": np.ones(1)}, "s"]
        self.pair = (Inner(3.0), 4)
        self.spare = []
        self.empty = nn.Flatten()
        self.count = 0
        self.scale = 1.5


def known(optimizer):
    """Whether the optimizer would find this model without a search."""
    model = optimizer._known._model
    return optimizer._known.again(model, ones_like(model)) is not None


CHANGES = {
    "nothing": lambda m: None,
    "count": lambda m: setattr(m, "count", m.count + 1),
    "layer": lambda m: setattr(m, "first", Inner(7.0)),
    "array": lambda m: setattr(m.second, "w", np.full(2, 5.0)),
    "bias": lambda m: setattr(m.first, "b", np.ones(2)),
    "no bias": lambda m: setattr(m.first, "b", None),
    "new field": lambda m: setattr(m, "extra", 2.0),
    "constant": lambda m: setattr(m.second, "w", no_derivative(m.second.w)),
    "item": lambda m: m.items.append(3.0),
    "spare": lambda m: m.spare.append(np.ones(2)),
    "lazy": lambda m: setattr(m.empty, "late", 1.0),
    "key": lambda m: m.items[1].update(u=2.0),
    "float": lambda m: setattr(m, "scale", 9.0),
    "tuple": lambda m: setattr(m, "pair", (Inner(1.0), 5)),
    "shared": lambda m: setattr(m, "second", m.first),
    "tied": lambda m: setattr(m.second, "w", m.first.w),
    "float in tuple": lambda m: setattr(m, "pair", (Inner(1.0), 5.0)),
}


def test_a_model_is_known_after_one_step():
    optimizer, model = SGD(0.5), Outer()
    optimizer.update(model, along=ones_like(model))
    assert known(optimizer)
    model.count += 1
    assert known(optimizer)


@pytest.mark.parametrize("change", [name for name in CHANGES if name not in ("nothing", "count", "no bias")])
def test_a_changed_model_is_searched(change):
    optimizer, model = SGD(0.5), Outer()
    optimizer.update(model, along=ones_like(model))
    CHANGES[change](model)
    assert not known(optimizer)


@pytest.mark.parametrize("make", [lambda: SGD(0.125), lambda: SGD(0.125, momentum=0.5), lambda: Adam(0.125)])
def test_the_steps_are_those_of_a_search(make):
    for seed in range(40):
        rng = random.Random(seed)
        ours, theirs = make(), make()
        model, twin = Outer(), Outer()
        for _ in range(12):
            for name in rng.choices(["nothing", *CHANGES], [12] + [1] * len(CHANGES), k=2):
                CHANGES[name](model), CHANGES[name](twin)
            theirs._known = None
            ours.update(model, along=ones_like(model))
            theirs.update(twin, along=ones_like(twin))
            assert zero_tangent(model) == zero_tangent(twin)
            assert ones_like(model) == ones_like(twin)
            assert numbers(model) == numbers(twin)


def numbers(x):
    """Every number in a model, as plain data."""
    if isinstance(x, np.ndarray):
        return x.tolist()
    if isinstance(x, (list, tuple)):
        return [numbers(item) for item in x]
    if isinstance(x, dict):
        return {key: numbers(item) for key, item in x.items()}
    return numbers(vars(x)) if isinstance(x, nn.Layer) else x if isinstance(x, (int, float, str)) else None


def test_a_second_gradient_of_the_wrong_structure_is_still_refused():
    optimizer, model = SGD(0.5), Outer()
    optimizer.update(model, along=ones_like(model))
    before, good = numbers(model), ones_like(model)
    for wrong in (np.ones(3), [1.0], "s", None):
        bad = copy.copy(good)
        bad.first = copy.copy(good.first)
        bad.first.w = wrong
        with pytest.raises(CotangentError, match=r"along\.first\.w"):
            optimizer.update(model, along=bad)
        assert numbers(model) == before
    optimizer.update(model, along=good)
    assert numbers(model) != before


def test_other_dtypes_missing_and_symbolic_zeros_at_the_second_step():
    optimizer, model = SGD(0.5), {"w": np.ones(2, np.float32), "x": 1.0}
    optimizer.update(model, along={"w": np.ones(2, np.float32), "x": 1.0})
    optimizer.update(model, along={"w": np.ones(2), "x": np.float32(1.0)})
    optimizer.update(model, along={"x": ZERO, "w": ZERO})
    optimizer.update(model, along={"x": 0.5})
    assert model["w"].dtype == np.float32 and model["w"].tolist() == [0.0, 0.0]
    assert type(model["x"]) is float and model["x"] == -0.25


def test_another_model():
    optimizer, first, second = SGD(0.5), Outer(), Outer()
    for model in (first, second, first):
        optimizer.update(model, along=ones_like(model))
    assert first.first.w.tolist() == [0.0, 0.0] and second.first.w.tolist() == [0.5, 0.5]


def test_copies_and_pickles_do_not_carry_the_model():
    optimizer, model = SGD(0.5, momentum=0.5), {"w": np.ones(2)}
    optimizer.update(model, along={"w": np.ones(2)})
    for made in (copy.copy(optimizer), copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert made._known is None and made.step == 1
        twin = {"w": model["w"].copy()}
        made.update(twin, along={"w": np.ones(2)})
        assert twin["w"].tolist() == [-0.25, -0.25]


def test_the_arrays_of_the_last_step_are_let_go():
    optimizer, model = SGD(0.5), {"w": np.ones(2)}
    optimizer.update(model, along={"w": np.ones(2)})
    assert [p.value is p.gradient is p.moved is None for p in optimizer._known._found.found] == [True]


def test_a_model_that_has_lost_its_parameters():
    optimizer, model = SGD(0.5), {"w": 1.0}
    optimizer.update(model, along={"w": 1.0})
    model["w"] = "gone"
    with pytest.raises(ArgumentError, match="no parameters"):
        optimizer.update(model, along={"w": 1.0})


def test_a_part_that_had_no_parameters_and_now_has():
    for momentum in (0.0, 0.5):
        optimizer, model = SGD(0.5, momentum=momentum), {"w": 1.0, "spare": []}
        optimizer.update(model, along={"w": 1.0, "spare": NO_TANGENT})
        model["spare"].append(2.0)
        optimizer.update(model, along={"w": 0.0, "spare": [1.0]})
        assert model["spare"] == [1.5]
