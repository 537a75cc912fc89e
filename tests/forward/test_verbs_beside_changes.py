"""`gradient` and the other verbs in functions that change values in place, such as training by descent, unrolled.

The derivative of such a call runs its function again, on what it was given then.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb

X, V = np.array([1.0, 2.0, -0.5]), np.array([0.3, -0.2, 0.5])


def cubes(u: Any) -> Any:
    return np.sum(u**3)


def one_step(x: Any) -> Any:
    w = x * 1.0
    d = pb.gradient(cubes)(w)
    w -= 0.1 * d
    return np.sum(w**2)


def steps(x: Any) -> Any:
    w = x * 1.0
    for _ in range(3):
        w -= 0.1 * pb.gradient(cubes)(w)
    return np.sum(w**2)


def with_its_value(x: Any) -> Any:
    w = x * 1.0
    value, d = pb.value_with_gradient(cubes)(w)
    w -= 0.1 * d
    return np.sum(w**2) + value


def parameters_in_a_dict(x: Any) -> Any:
    p = {"w": x * 1.0, "b": np.sum(x)}

    def loss(p: Any) -> Any:
        return np.sum(p["w"] ** 3) + p["b"] ** 2

    g = pb.gradient(loss)(p)
    p["w"] -= 0.1 * g["w"]
    p["b"] -= 0.1 * g["b"]
    return loss(p)


def each_item_of_a_dict(x: Any) -> Any:
    p = {"a": x * 1.0, "b": x * 2.0}

    def loss(p: Any) -> Any:
        return np.sum(p["a"] ** 2 * p["b"])

    for _ in range(2):
        g = pb.gradient(loss)(p)
        for k in p:
            p[k] = p[k] - 0.1 * g[k]
    return loss(p)


def numbers_in_a_list(x: Any) -> Any:
    w = [x[0], x[1] * x[2]]

    def loss(w: Any) -> Any:
        return w[0] ** 3 * w[1]

    for _ in range(2):
        g = pb.gradient(loss)(w)
        for i in range(2):
            w[i] -= 0.1 * g[i]
    return loss(w)


def arrays_in_a_list(x: Any) -> Any:
    layers = [x * 1.0, x * 2.0]

    def loss(layers: Any) -> Any:
        return np.sum(layers[0] ** 2 * layers[1])

    for _ in range(2):
        g = pb.gradient(loss)(layers)
        layers[0] -= 0.1 * g[0]
        layers[1] -= 0.1 * g[1]
    return loss(layers)


@dataclass
class Model:
    w: Any
    b: float


def loss_of_model(m: Any) -> Any:
    return np.sum(m.w**3) * m.b


def an_object(x: Any) -> Any:
    m = Model(x * 0.5, x[0])
    for _ in range(2):
        value, g = pb.value_with_gradient(loss_of_model)(m)
        m.w = m.w - 0.1 * g.w * value
        m.b = m.b - 0.1 * g.b
    return loss_of_model(m)


def an_object_whose_array_changes(x: Any) -> Any:
    m = Model(x * 0.5, x[0])
    for _ in range(2):
        g = pb.gradient(loss_of_model)(m)
        m.w -= 0.1 * g.w
        m.b -= 0.1 * g.b
    return loss_of_model(m)


def momentum(x: Any) -> Any:
    w, m = x * 1.0, np.zeros(3)
    for _ in range(2):
        m *= 0.9
        m += pb.gradient(cubes)(w)
        w -= 0.1 * m
    return np.sum(w**2)


def by_a_pullback(x: Any) -> Any:
    w = x * 1.0
    y, back = pb.value_with_pullback(lambda u: u**3)(w)
    w -= 0.1 * back(np.ones(3))
    return np.sum(w**2) + np.sum(y)


def by_a_pullback_alone(x: Any) -> Any:
    w = x * 1.0
    back = pb.pullback(lambda u: u**3)(w)
    w -= 0.1 * back(x)
    return np.sum(w**2)


def by_a_differential(x: Any) -> Any:
    w = x * 1.0
    d = pb.differential(cubes)(w)
    s = d(x)
    w -= 0.1 * s * w
    return np.sum(w**2)


def by_a_differential_and_value(x: Any) -> Any:
    w = x * 1.0
    y, d = pb.value_with_differential(lambda u: u**3)(w)
    s = d(x)
    w -= 0.1 * s * w
    return np.sum(w**2) * np.sum(y)


def by_a_jacobian(x: Any) -> Any:
    w = x * 1.0
    j = pb.jacobian(lambda u: u**3)(w)
    w -= 0.1 * j @ w
    return np.sum(w**2)


def newton(x: Any) -> Any:
    w = x * 1.0
    h = pb.hessian(cubes)(w)
    w -= 0.1 * h @ w
    return np.sum(w**2)


def by_hvp(x: Any) -> Any:
    w = x * 1.0
    w -= 0.1 * pb.hvp(cubes)(w, x)
    return np.sum(w**2)


def what_a_gradient_gave_changes(x: Any) -> Any:
    v = x * 2.0
    d = pb.gradient(lambda u: u @ v)(x)
    d *= 3.0
    return np.sum(d * v)


def a_result_that_is_the_argument(x: Any) -> Any:
    w = x * 1.0
    y, _ = pb.value_with_pullback(lambda u: u)(w)
    w *= 2.0
    return np.sum(y * w)


WHOLE = [
    one_step, steps, with_its_value, parameters_in_a_dict, each_item_of_a_dict, numbers_in_a_list, arrays_in_a_list,
    momentum, by_a_pullback, by_a_pullback_alone, by_a_differential, by_a_differential_and_value, by_a_jacobian, newton,
    by_hvp, what_a_gradient_gave_changes, a_result_that_is_the_argument,
]  # fmt: skip
BUT_FORWARD_TWICE = [an_object, an_object_whose_array_changes]  # (refused there: the object's class is made in it)


def second_difference(f: Any, e: float = 1e-4) -> float:
    return float((f(X + e * V) - 2.0 * f(X) + f(X - e * V)) / (e * e))


@pytest.mark.parametrize("f", WHOLE + BUT_FORWARD_TWICE, ids=lambda f: f.__name__)
def test_both_modes_and_second_order(f: Any) -> None:
    pb.check_derivative(f, X, modes=("reverse", "forward"))
    wanted = pytest.approx(second_difference(f), rel=1e-4)
    assert np.sum(V * pb.hvp(f)(X, V)) == wanted
    assert np.sum(V * pb.gradient(lambda x: np.sum(V * pb.gradient(f)(x)))(X)) == wanted


@pytest.mark.parametrize("f", WHOLE, ids=lambda f: f.__name__)
def test_derivatives_of_the_differential(f: Any) -> None:
    wanted = pytest.approx(second_difference(f), rel=1e-4)
    assert np.sum(V * pb.gradient(lambda x: pb.differential(f)(x)(V))(X)) == wanted
    assert pb.differential(lambda x: pb.differential(f)(x)(V))(X)(V) == wanted


@pytest.mark.parametrize("f", BUT_FORWARD_TWICE, ids=lambda f: f.__name__)
def test_forward_over_forward_of_an_object_is_right_or_refused(f: Any) -> None:
    try:
        found = pb.differential(lambda x: pb.differential(f)(x)(V))(X)(V)
    except pb.DifferentiabilityError:
        return
    assert found == pytest.approx(second_difference(f), rel=1e-4)


# What the function captured -------------------------------------------------------------------------------------------


def captured_and_changed(x: Any) -> Any:
    w, b = x * 1.0, np.ones(3)
    for _ in range(2):
        b = b - 0.1 * pb.gradient(lambda b: np.sum((w * b) ** 3))(b)  # noqa: B023
        w *= 0.5
    return np.sum(b * w)


def captured_by_hvp(x: Any) -> Any:
    w, b = x * 1.0, x * 2.0
    d = pb.hvp(lambda u: np.sum(u**3 * b))(w, x)
    b *= 0.5
    return np.sum(d * b)


def captured_by_a_pullback(x: Any) -> Any:
    w, b = x * 1.0, x * 2.0
    d = pb.pullback(lambda u: u**3 * b)(w)(x)
    b *= 0.5
    return np.sum(d * b)


@pytest.mark.parametrize("f", [captured_and_changed, captured_by_hvp, captured_by_a_pullback], ids=lambda f: f.__name__)
def test_what_changes_after_it_was_captured_is_refused_in_reverse_mode(f: Any) -> None:
    pb.check_derivative(f, X, modes=("forward",))
    with pytest.raises(pb.ChangedValueError, match="captured was changed after a derivative of it was taken"):
        pb.gradient(f)(X)


# What the function changes --------------------------------------------------------------------------------------------


def doubled(u: Any) -> Any:
    u *= 2.0
    return np.sum(u**3)


@pytest.mark.parametrize("verb", [pb.gradient, pb.hessian, pb.jacobian], ids=lambda v: v.__name__)
def test_a_function_that_changes_its_argument_is_refused(verb: Any) -> None:
    def f(x: Any) -> Any:
        w = x * 1.0
        return np.sum(w * verb(doubled)(w))

    def with_hvp(x: Any) -> Any:
        w = x * 1.0
        return np.sum(w * pb.hvp(doubled)(w, np.ones(3)))

    for program in (f, with_hvp):
        for run in (lambda p: pb.gradient(p)(X), lambda p: pb.differential(p)(X)(V)):
            with pytest.raises(pb.DifferentiabilityError, match="in place where that was not foreseen"):
                run(program)
