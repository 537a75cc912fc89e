"""Registered derivatives and recomputed functions of values that change in place after the call.

What a pullback reads, or a recomputation is given, is what there was when the function was called.
"""

from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([1.0, 2.0, -0.5])


def cube(u: Any) -> Any:
    return u**3


@pb.derivative(of=cube)
def _cube_vjp(u: Any) -> Any:
    return u**3, lambda g: 3 * u * u * g


def same(u: Any) -> Any:
    return u


@pb.derivative(of=same)
def _same_vjp(u: Any) -> Any:
    return u, lambda g: g


def first_row(m: Any) -> Any:
    return m[0]


@pb.derivative(of=first_row)
def _first_row_vjp(m: Any) -> Any:
    return m[0], lambda g: np.stack([g, *(0.0 * g for _ in m[1:])])


@pb.recomputed
def block(p: Any, u: Any) -> Any:
    return np.tanh(u * p["a"]) + p["b"]


class Layer:
    def __init__(self, w: Any) -> None:
        self.w = w

    @pb.recomputed
    def forward(self, u: Any) -> Any:
        return np.tanh(u * self.w)


def a_registered_derivative(x: Any) -> Any:
    w = x * 1.0
    y = cube(w)
    w *= 2.0
    return np.sum(y * w)


def a_registered_derivative_in_a_loop(x: Any) -> Any:
    w = x * 0.5
    for _ in range(3):
        w -= 0.1 * cube(w)
        w[0] = w[1]
    return np.sum(w)


def a_registered_identity(x: Any) -> Any:
    w = x * 1.0
    y = same(w)
    w *= 2.0
    return np.sum(y * x)


def a_recomputed_lambda(x: Any) -> Any:
    w = x * 1.0
    y = pb.recomputed(lambda u: np.sin(u) * u)(w)
    w *= 2.0
    return np.sum(y * w)


def recomputed_parameters_replaced(x: Any) -> Any:
    p, u = {"a": x * 1.0, "b": x * 0.5}, x
    for _ in range(2):
        u = block(p, u)
        p["a"] = p["a"] * 0.9
    return np.sum(u)


def recomputed_parameters_changed(x: Any) -> Any:
    p, u = {"a": x * 1.0, "b": x * 0.5}, x
    for _ in range(2):
        u = block(p, u)
        p["a"] *= 0.9
    return np.sum(u)


WHOLE = [
    a_registered_derivative, a_registered_derivative_in_a_loop, a_registered_identity, a_recomputed_lambda,
    recomputed_parameters_replaced, recomputed_parameters_changed,
]  # fmt: skip


@pytest.mark.parametrize("f", WHOLE, ids=lambda f: f.__name__)
def test_each_mode(f: Any) -> None:
    pb.check_derivative(f, X, order=2, modes=("reverse", "forward"))


def recomputed_method_field_replaced(x: Any) -> Any:
    layer, u = Layer(x * 1.0), x
    for _ in range(2):
        u = layer.forward(u)
        layer.w = layer.w * 0.9
    return np.sum(u)


def recomputed_method_field_changed(x: Any) -> Any:
    layer, u = Layer(x * 1.0), x
    for _ in range(2):
        u = layer.forward(u)
        layer.w *= 0.9
    return np.sum(u)


@pytest.mark.parametrize("f", [recomputed_method_field_replaced, recomputed_method_field_changed])
def test_recomputed_methods(f: Any) -> None:
    pb.check_derivative(f, X, modes=("reverse", "forward"))
    v, e = np.array([0.3, -0.2, 0.5]), 1e-5
    found = pb.gradient(lambda x: np.sum(v * pb.gradient(f)(x)))(X)
    np.testing.assert_allclose(found, (pb.gradient(f)(X + e * v) - pb.gradient(f)(X - e * v)) / (2 * e), rtol=1e-6)


def test_an_argument_of_which_a_part_is_returned_is_watched() -> None:
    def f(x: Any) -> Any:
        m = np.outer(x, x)
        row = first_row(m)
        m[0] *= 2.0
        return np.sum(row * x)

    with pytest.raises(pb.ChangedValueError, match="argument 1 of first_row was changed in place"):
        pb.gradient(f)(X)  # (what it returned is part of its argument, which is not copied)
