from __future__ import annotations

import math

import numpy as np
import pytest

from pullback.errors import ArgumentError
from pullback.optim import SGD, AdaGrad, Adam, RMSProp

GRADIENTS = [2.0, -1.0, 0.5]


def steps(optimizer, start=1.0):
    """The values of one parameter after each of the gradients."""
    model = {"w": start}
    seen = []
    for g in GRADIENTS:
        optimizer.update(model, along={"w": type(start)(g)})
        seen.append(model["w"])
    return seen


def test_sgd_by_hand():
    assert steps(SGD(learning_rate=0.5)) == [0.0, 0.5, 0.25]


def test_sgd_with_momentum_by_hand():
    # v: -1, -0.5 + 0.5, 0 - 0.25
    assert steps(SGD(learning_rate=0.5, momentum=0.5)) == [0.0, 0.0, -0.25]


def test_sgd_nesterov_by_hand():
    # v: -1, 0, -0.25; moves: -0.5 - 1, 0 + 0.5, -0.125 - 0.25
    assert steps(SGD(learning_rate=0.5, momentum=0.5, nesterov=True)) == [-0.5, 0.0, -0.375]


def test_decay_by_hand():
    # rates: 0.5 / 2, 0.5 / 3, 0.5 / 4
    expected = [1 - 0.25 * 2, 1 - 0.5 + 0.5 / 3, 1 - 0.5 + 0.5 / 3 - 0.125 * 0.5]
    assert steps(SGD(learning_rate=0.5, decay=1.0)) == pytest.approx(expected, rel=1e-15)


def test_the_learning_rate_may_change_between_steps():
    optimizer, model = SGD(learning_rate=0.5), [1.0]
    optimizer.update(model, along=[1.0])
    optimizer.learning_rate = np.float64(0.25)
    optimizer.update(model, along=[1.0])
    assert model == [0.25] and optimizer.step == 2


def test_adagrad_by_hand():
    optimizer = AdaGrad(learning_rate=0.5, initial_accumulator=0.25, epsilon=0.1)
    w, total, expected = 1.0, 0.25, []
    for g in GRADIENTS:
        total += g * g
        w -= 0.5 * g / (math.sqrt(total) + 0.1)
        expected.append(w)
    assert steps(optimizer) == pytest.approx(expected, rel=1e-15)


def test_rmsprop_by_hand():
    w, mean, expected = 1.0, 0.0, []
    for g in GRADIENTS:
        mean = 0.75 * mean + 0.25 * g * g
        w -= 0.5 * g / (math.sqrt(mean) + 0.1)
        expected.append(w)
    assert steps(RMSProp(learning_rate=0.5, rho=0.75, epsilon=0.1)) == pytest.approx(expected, rel=1e-15)


def test_adam_by_hand():
    w, m, v, expected = 1.0, 0.0, 0.0, []
    for t, g in enumerate(GRADIENTS, start=1):
        m, v = 0.5 * m + 0.5 * g, 0.75 * v + 0.25 * g * g
        w -= 0.5 * (m / (1 - 0.5**t)) / (math.sqrt(v / (1 - 0.75**t)) + 0.1)
        expected.append(w)
    assert steps(Adam(learning_rate=0.5, beta1=0.5, beta2=0.75, epsilon=0.1)) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"])
def test_against_torch(name):
    torch = pytest.importorskip("torch")
    peers = torch.optim
    ours, theirs, options = {
        "sgd": (SGD(0.1), peers.SGD, {}),
        "momentum": (SGD(0.1, momentum=0.9), peers.SGD, {"momentum": 0.9}),
        "nesterov": (SGD(0.1, momentum=0.9, nesterov=True), peers.SGD, {"momentum": 0.9, "nesterov": True}),
        "adagrad": (AdaGrad(0.1), peers.Adagrad, {"initial_accumulator_value": 0.1, "eps": 1e-8}),
        "rmsprop": (RMSProp(0.1), peers.RMSprop, {"alpha": 0.9}),
        "adam": (Adam(0.1), peers.Adam, {}),
    }[name]
    rng = np.random.default_rng(0)
    start = rng.standard_normal((3, 2))
    parameter = torch.tensor(start, requires_grad=True)
    optimizer, model = theirs([parameter], lr=0.1, **options), {"w": start.copy()}
    for _ in range(10):
        g = rng.standard_normal((3, 2))
        ours.update(model, along={"w": g})
        parameter.grad = torch.tensor(g)
        optimizer.step()
        assert np.allclose(model["w"], parameter.detach().numpy(), rtol=1e-12)


ALL = [SGD, lambda: SGD(momentum=0.9, nesterov=True), AdaGrad, RMSProp, Adam]


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, float])
def test_dtype_is_kept(make, kind):
    optimizer = make()
    model = {"w": kind(1.0), "a": np.ones(3, kind), "zero": np.ones((), kind)}
    gradient = {"w": kind(0.5), "a": np.ones(3, kind), "zero": np.ones((), kind)}
    for _ in range(3):
        optimizer.update(model, along=gradient)
        assert type(model["w"]) is kind
        assert type(model["zero"]) is np.ndarray and model["zero"].shape == ()
        assert {model["a"].dtype, model["zero"].dtype} == {np.dtype(kind)}
        assert model["w"] < 1.0 and np.all(model["a"] < 1.0) and model["zero"] < 1.0
    for state in optimizer.state.values():
        assert all(np.asarray(s).dtype == np.dtype(kind) for s in state)


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("kind", [complex, np.complex64, np.array])
def test_complex_parameters_go_downhill(make, kind):
    # |z|² has the cotangent 2 conj(z) in the pairing Re(g dz); downhill is towards 0
    optimizer = make()
    optimizer.learning_rate = 0.01
    model = {"z": kind(3.0 + 4.0j)}
    sizes = []
    for _ in range(5):
        optimizer.update(model, along={"z": kind(2 * np.conj(model["z"]))})
        sizes.append(abs(model["z"]))
    assert sizes[0] < 5.0 and sizes == sorted(sizes, reverse=True)
    assert type(model["z"]) is (np.ndarray if kind is np.array else kind)


@pytest.mark.parametrize("make", ALL)
def test_gradients_are_not_changed_and_not_kept(make):
    optimizer, g, model = make(), np.array([1.0, 2.0]), {"w": np.zeros(2)}
    optimizer.update(model, along={"w": g})
    assert g.tolist() == [1.0, 2.0]
    g[:] = 99.0
    after = model["w"].copy()
    twin, other = make(), {"w": np.zeros(2)}
    twin.update(other, along={"w": np.array([1.0, 2.0])})
    for o, m in ((optimizer, model), (twin, other)):
        o.update(m, along={"w": np.array([1.0, 1.0])})
    assert np.array_equal(model["w"], other["w"]) and not np.array_equal(after, model["w"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(learning_rate=-0.1),
        lambda: SGD(learning_rate=math.nan),
        lambda: SGD(momentum=-1.0),
        lambda: SGD(decay=-1.0),
        lambda: Adam(beta1=1.0),
        lambda: Adam(beta2=-0.1),
        lambda: RMSProp(rho=1.5),
        lambda: AdaGrad(epsilon=-1.0),
    ],
)
def test_bad_hyperparameters_are_refused(make):
    with pytest.raises(ArgumentError, match="must be"):
        make()


def test_repr():
    assert repr(SGD(learning_rate=0.02)) == "SGD(learning_rate=0.02, decay=0.0, momentum=0.0, nesterov=False; step 0)"
