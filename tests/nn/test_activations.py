from __future__ import annotations

import math

import numpy as np
import pytest

import pullback as pb
from pullback import nn
from pullback.nn.activations import (
    log_softmax_vjp,
    relu_vjp,
    sigmoid_vjp,
    softmax_vjp,
    softplus_vjp,
)

from .vjp_checks import check_vjp

POINTS = np.array([[-3.0, -0.5, 0.25], [0.7, 2.0, 6.0]])
PLAIN = [nn.identity, nn.relu, nn.leaky_relu, nn.elu, nn.selu, nn.gelu, nn.sigmoid, nn.tanh, nn.softplus, nn.silu]


@pytest.mark.parametrize(
    ("primal", "vjp"), [(nn.relu, relu_vjp), (nn.sigmoid, sigmoid_vjp), (nn.softplus, softplus_vjp)]
)
def test_elementwise_derivatives(primal, vjp):
    check_vjp(primal, vjp, POINTS)
    check_vjp(primal, vjp, 0.5)
    check_vjp(primal, vjp, -2.0)


@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize(("primal", "vjp"), [(nn.softmax, softmax_vjp), (nn.log_softmax, log_softmax_vjp)])
def test_derivatives_of_softmax(primal, vjp, axis):
    check_vjp(primal, vjp, POINTS, axis)


@pytest.mark.parametrize("f", PLAIN)
def test_dtype_and_shape_are_kept(f):
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        y = f(POINTS.astype(dtype))
        assert y.dtype == dtype and y.shape == POINTS.shape
        assert f(dtype(0.5)).dtype == dtype
    assert isinstance(f(0.5), float)


@pytest.mark.parametrize("vjp", [relu_vjp, sigmoid_vjp, softplus_vjp, softmax_vjp, log_softmax_vjp])
def test_dtype_of_cotangents(vjp):
    y, pull = vjp(POINTS.astype(np.float32))
    assert y.dtype == np.float32 and pull(y).dtype == np.float32


@pytest.mark.parametrize(
    "name",
    "relu leaky_relu elu selu gelu sigmoid tanh softplus silu softmax log_softmax".split(),
)
def test_values_against_torch(name):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    options = {"leaky_relu": {"negative_slope": 0.2}, "gelu": {"approximate": "tanh"}}.get(name, {})
    if "softmax" in name:
        options = {"dim": -1}
    expected = getattr(functional, name)(torch.tensor(POINTS), **options).numpy()
    assert np.allclose(getattr(nn, name)(POINTS), expected, rtol=1e-7 if name == "softplus" else 1e-13)


def test_relu_at_zero_and_nan():
    y, pull = relu_vjp(np.array([-0.0, 0.0, np.nan, np.inf]))
    assert np.array_equal(y, [0.0, 0.0, np.nan, np.inf], equal_nan=True)
    assert np.array_equal(pull(np.ones(4)), [0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_ends_are_finite_and_silent(dtype):
    x = np.array([-1e4, -100.0, 0.0, 100.0, 1e4], dtype)
    for f in PLAIN:
        if f is not nn.identity:
            assert np.all(np.isfinite(f(x))), f
    for vjp in (sigmoid_vjp, softplus_vjp, softmax_vjp, log_softmax_vjp):
        assert np.all(np.isfinite(vjp(x)[1](np.ones_like(x))))


def test_small_values_keep_their_relative_precision():
    assert nn.sigmoid(-40.0) == pytest.approx(math.exp(-40.0), rel=1e-14)
    assert nn.softplus(-40.0) == pytest.approx(math.exp(-40.0), rel=1e-14)
    assert nn.log_softmax(np.array([0.0, 40.0]))[1] == pytest.approx(-math.exp(-40.0), rel=1e-3, abs=1e-16)


def test_softmax_sums_to_one_and_masks():
    assert np.allclose(nn.softmax(POINTS, axis=0).sum(axis=0), 1.0)
    assert np.array_equal(nn.softmax(np.array([0.0, -np.inf, 0.0])), [0.5, 0.0, 0.5])
    assert nn.log_softmax(np.array([0.0, -np.inf]))[1] == -np.inf


def test_registered_functions_are_activations_by_name() -> None:
    class Gated(nn.Layer):
        def __init__(self, w: object) -> None:
            self.w = w
            self.act = nn.log_softmax

        def __call__(self, x: object) -> object:
            return self.act(self.w * x) * self.w

    x = np.array([[0.3, 0.4], [-0.2, 0.7]])
    pb.check_derivative(lambda m, x: np.sum(m(x) ** 2), Gated(np.array([0.5, -1.1])), x)
    for layer in (nn.Dense(2, 2, nn.softmax), nn.Dense(2, 2, nn.log_softmax)):
        layer.weight, layer.bias = np.array([[0.3, -0.2], [0.8, 0.1]]), np.array([0.1, 0.2])
        pb.check_derivative(lambda m, x: m(x)[0, 0] * m(x)[1, 1], layer, x, order=2)


def test_a_registered_function_that_captures_is_still_refused() -> None:
    def f(x: float) -> float:
        def inner(v: float) -> float:
            return v * x

        pb.derivative(of=inner)(lambda v: (inner(v), lambda g: g))
        holder = [inner]
        return holder[0](2.0)

    with pytest.raises(pb.DifferentiabilityError):
        pb.gradient(f)(3.0)
