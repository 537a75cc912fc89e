"""What a pullback reads, changed in place before it is called: an error, wherever it is held."""

from __future__ import annotations

import types

import numpy as np
import pytest

import pullback as pb

X = np.array([1.5, -0.5])


class Scaled:
    shared = np.array([3.0, 4.0])

    def __init__(self):
        self.scale = np.array([1.0, 2.0])

    def __call__(self, x):
        return np.sum(x * self.scale)

    def by_class(self, x):
        return np.sum(x * Scaled.shared)


def helper(x, table):
    return np.sum(x * table["w"])


SETTINGS = types.SimpleNamespace(scale=np.array([1.0, 2.0]))
TABLE = {"w": np.array([1.0, 2.0]), "at": np.array([1, 0]), "places": [0, 1]}


def reads_settings(x):
    return np.sum(x * SETTINGS.scale)


def reads_through_helper(x):
    return helper(x, TABLE)


def reads_index(x):
    return x[TABLE["at"]][0] * x[0]


def reads_list_of_places(x):
    return x[TABLE["places"]][0] * x[0]


def reads_mask(x):
    return np.sum(np.where(SETTINGS.scale > 1.0, x, 2.0 * x) * SETTINGS.scale[::-1])


def changed(array):
    array[0] += 1


HELD = [
    (reads_settings, SETTINGS.scale), (reads_through_helper, TABLE["w"]), (reads_index, TABLE["at"]),
    (reads_list_of_places, TABLE["places"]), (reads_mask, SETTINGS.scale),
]  # fmt: skip


@pytest.mark.parametrize(("f", "held"), HELD)
def test_arrays_in_what_is_captured(f, held):
    _, pull = pb.value_with_pullback(f)(X)
    expected = pb.gradient(f)(X)
    np.testing.assert_array_equal(pull(1.0), expected)
    before = held[0]
    held[0] += 1
    try:
        with pytest.raises(pb.ChangedValueError, match="that is read in a call"):
            pull(1.0)
    finally:
        held[0] = before
    np.testing.assert_array_equal(pull(1.0), expected)


def test_arrays_of_objects():
    model = Scaled()
    views = types.SimpleNamespace(tail=np.arange(5.0)[2:4])
    calls = [
        (model, (X,), None, model.scale), (model.__call__, (X,), None, model.scale),
        (model.by_class, (X,), None, Scaled.shared), (lambda m, x: m(x), (model, X), "x", model.scale),
        (lambda x: np.sum(x * views.tail), (X,), None, views.tail.base[2:]),
        (lambda x: np.sum(x * model.scale[:1]), (X,), None, model.scale),
    ]  # fmt: skip
    for f, args, wrt, held in calls:
        _, pull = pb.value_with_pullback(f, wrt=wrt)(*args)
        pull(1.0)
        held[0] += 1.0
        with pytest.raises(pb.ChangedValueError):
            pull(1.0)


def test_layers():
    layer = pb.nn.Dense(2, 1)
    _, pull = pb.value_with_pullback(lambda x: layer(x).sum())(np.ones((1, 2)))
    layer.weight *= 5.0
    with pytest.raises(pb.ChangedValueError):
        pull(1.0)


def test_what_the_pullback_does_not_read():
    model = types.SimpleNamespace(scale=np.array([1.0, 2.0]), losses=[])

    def f(x):
        return np.sum(x * model.scale) + len(model.losses)

    value, pull = pb.value_with_pullback(f)(X)
    model.losses.append(value)
    model.scale = model.scale * 2.0
    np.testing.assert_array_equal(pull(1.0), [1.0, 2.0])


def test_what_the_forward_sweep_made_is_not_looked_at(monkeypatch):
    seen = []
    monkeypatch.setattr("pullback.operators.fingerprint", lambda x: seen.append(x) or 0)

    def f(x):
        y = np.exp(x)
        for _ in range(3):
            y = np.sin(y) * y[::-1]
        return np.sum(y)

    pb.value_with_pullback(f)(X)
    assert len(seen) == 1 and seen[0] is X
