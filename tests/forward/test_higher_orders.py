"""Derivatives of derivatives, against differences of the derivative one order below."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import pullback as pb


def slope(f: Callable[[float], float], x: float, h: float = 1e-5) -> float:
    """The central difference."""
    return (f(x + h) - f(x - h)) / (2 * h)


def cube(x: float) -> float:
    return x * x * x


def untrue(x: float) -> float:
    return x * x * x


def product(x: float, y: float) -> float:
    return x * y


@pytest.fixture(scope="module", autouse=True)
def rules() -> Iterator[None]:
    """A true derivative, an untrue one, and an untrue one of two arguments."""
    pb.derivative(of=cube)(lambda x: (cube(x), lambda v: v * 3.0 * x * x))
    pb.derivative(of=untrue)(lambda x: (x * x * x, lambda v: v * math.exp(x)))
    pb.derivative(of=product)(lambda x, y: (x * y, lambda v: (v * y * y, v * math.sin(x * y))))
    yield


def loop(x: float) -> float:
    y = 1.0
    for _ in range(4):
        y = y * math.exp(-x) if y > 1.5 else y * x + math.sin(y)
    return y


def descent(x: float, n: int = 3) -> float:
    return x if n == 0 else x * descent(math.sin(x), n - 1)


def closure(x: float) -> float:
    def node(y: float, n: int) -> float:
        return y * x if n == 0 else node(math.sin(y), n - 1) + node(y * x, n - 1)

    return node(x * 0.5, 2)


def containers(x: float) -> float:
    table = {"a": x, "b": [x * 2.0, x * x]}
    total = 0.0
    for key, value in table.items():
        if key == "b":
            total += sum(value) * table["a"]
    chosen = max([x, x * x]) * sum(map(lambda t: t * x, [1.0, x]))
    return total + chosen + sorted([x * 3.0, x])[0] ** 2


class Pair(NamedTuple):
    first: float
    second: float


@dataclass
class Model:
    weight: float
    bias: float

    @property
    def total(self) -> float:
        return self.weight * self.bias

    def __call__(self, x: float) -> float:
        return math.tanh(self.weight * x + self.bias)


def structures(x: float) -> float:
    model = Model(x, x * x)
    pair = Pair(second=model(x), first=model.total)
    return pair.first * pair.second + pair[1]


def mixed(x: float) -> float:
    return pb.gradient(lambda y: math.sin(x * y) * x)(0.5)


def inner_values(x: float) -> float:
    y, g = pb.value_with_gradient(lambda t: t**3 * x)(x)
    z, pull = pb.value_with_pullback(lambda t: math.sin(t) * x)(x)
    w, along = pb.value_with_differential(lambda t: t * t * x)(x)
    return y * g + z * pull(x) + w * along(x)


def through_rules(x: float) -> float:
    return cube(x) * math.sin(x) + untrue(2.0 * x)


def recomputed(x: float) -> float:
    return pb.recomputed(lambda t: math.sin(t) * t)(x) * x


SMOOTH = [loop, descent, closure, containers, structures, mixed, inner_values, through_rules, recomputed]


@pytest.mark.parametrize("f", SMOOTH, ids=lambda f: f.__name__)
def test_every_way_to_the_second_and_third_derivative(f: Any) -> None:
    x = 0.7
    first = pb.gradient(f)
    if f is not through_rules:  # its rule is untrue: there is no function it is the derivative of
        assert first(x) == pytest.approx(slope(f, x), rel=1e-6)
        assert pb.differential(f)(x)(1.0) == pytest.approx(first(x), rel=1e-10)
    second = pb.gradient(first)
    exact = second(x)
    assert exact == pytest.approx(slope(first, x), rel=1e-6, abs=1e-8)
    assert pb.differential(first)(x)(1.0) == pytest.approx(exact, rel=1e-10)
    assert pb.gradient(lambda t: pb.differential(f)(t)(1.0))(x) == pytest.approx(exact, rel=1e-8)
    assert pb.differential(lambda t: pb.differential(f)(t)(1.0))(x)(1.0) == pytest.approx(exact, rel=1e-8)
    third = pb.gradient(second)(x)
    assert third == pytest.approx(slope(second, x), rel=1e-5, abs=1e-7)
    assert pb.differential(second)(x)(1.0) == pytest.approx(third, rel=1e-8)


def test_many_orders_of_a_sine() -> None:
    f: Any = math.sin
    for expected in (math.cos(0.3), -math.sin(0.3), -math.cos(0.3), math.sin(0.3), math.cos(0.3)):
        f = pb.gradient(f)
        assert f(0.3) == pytest.approx(expected, rel=1e-12)


PERTURBATIONS = [
    (lambda x: x * pb.gradient(lambda y: x + y)(1.0), 1.0),
    (lambda x: x * pb.gradient(lambda y: x * y)(1.0), 4.0),
    (lambda x: pb.gradient(lambda y: y * pb.gradient(lambda z: x * y * z)(1.0))(3.0), 6.0),
    (lambda x: x * pb.differential(lambda y: x + y)(1.0)(1.0), 1.0),
    (lambda x: pb.differential(lambda y: pb.gradient(lambda z: x * z * z)(y))(3.0)(1.0), 2.0),
]


@pytest.mark.parametrize(("f", "expected"), PERTURBATIONS)
def test_nested_derivatives_are_not_confused(f: Any, expected: float) -> None:
    assert pb.gradient(f)(2.0) == pytest.approx(expected)
    assert pb.differential(f)(2.0)(1.0) == pytest.approx(expected)


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("column", [0, 1])
def test_the_derivative_of_an_untrue_gradient_is_that_of_what_it_computes(row: int, column: int) -> None:
    def use(x: float, y: float) -> float:
        return product(x, y * x) + product(y, x)

    def entry(x: float, y: float) -> float:
        return pb.gradient(use)(x, y)[row]

    at = (0.7, 0.4)
    moved = [tuple(a + s * (k == column) for k, a in enumerate(at)) for s in (1e-5, -1e-5)]
    expected = (entry(*moved[0]) - entry(*moved[1])) / 2e-5
    # along `column` in forward mode, and of `row` in reverse: the matrix is not symmetric
    assert pb.gradient(entry)(*at)[column] == pytest.approx(expected, rel=1e-6)
    assert pb.differential(entry)(*at)(float(column == 0), float(column == 1)) == pytest.approx(expected, rel=1e-6)


HOOKS = {
    "squared": lambda x: math.sin(pb.with_derivative(x * x, lambda d: d * d)) * x,
    "clipped": lambda x: pb.with_derivative(x * x, lambda d: max(min(d, 0.5), -0.5)) * x,
    "captured": lambda x: math.sin(pb.with_derivative(x * x, lambda d: d * d * x)) * x,
    "printed": lambda x: math.sin(pb.with_derivative(x * x, lambda d: None)) * x,
}


@pytest.mark.parametrize("name", HOOKS)
def test_hooks(name: str) -> None:
    first = pb.gradient(HOOKS[name])
    expected = slope(first, 0.7)
    assert pb.differential(first)(0.7)(1.0) == pytest.approx(expected, rel=1e-6)
    assert pb.gradient(first)(0.7) == pytest.approx(expected, rel=1e-6)
    assert pb.gradient(pb.gradient(first))(0.7) == pytest.approx(slope(pb.gradient(first), 0.7), rel=1e-5, abs=1e-8)


def test_a_hook_sees_the_first_order_cotangent_once() -> None:
    seen: list[float] = []
    first = pb.gradient(lambda x: math.sin(pb.with_derivative(x * x, lambda d: seen.append(d))))
    differential = pb.differential(first)(0.7)
    assert seen == [pytest.approx(math.cos(0.49))]
    assert differential(1.0) == pytest.approx(slope(pb.gradient(lambda x: math.sin(x * x)), 0.7), rel=1e-6)
    assert seen == [pytest.approx(math.cos(0.49))] * 2


def test_without_derivative_is_zero_at_every_order() -> None:
    f = lambda x: x * pb.without_derivative(x * x)
    assert pb.gradient(f)(0.3) == pytest.approx(0.09)
    assert pb.gradient(pb.gradient(f))(0.3) == 0.0
    assert pb.differential(pb.gradient(f))(0.3)(1.0) == 0.0


def energy(a: np.ndarray, b: float) -> Any:
    return np.sum(np.tanh(a) @ a) * b + np.sum(a * a * b * b)


def test_hessians_and_products_with_vectors() -> None:
    a, b = np.array([[0.3, -0.7], [1.1, 0.2]]), 0.6
    v, w = np.array([[1.0, 0.5], [-0.3, 2.0]]), 0.4
    gradient = pb.gradient(energy)
    (plus, plus_b), (minus, minus_b) = gradient(a + 1e-5 * v, b + 1e-5 * w), gradient(a - 1e-5 * v, b - 1e-5 * w)
    product_a, product_b = pb.hvp(energy)(a, b, (v, w))
    np.testing.assert_allclose(product_a, (plus - minus) / 2e-5, rtol=1e-6)
    np.testing.assert_allclose(product_b, (plus_b - minus_b) / 2e-5, rtol=1e-6)
    (aa, ab), (ba, bb) = pb.hessian(energy)(a, b)
    assert aa.shape == (2, 2, 2, 2) and ab.shape == ba.shape == (2, 2) and isinstance(bb, float)
    np.testing.assert_allclose(np.tensordot(aa, v) + ab * w, product_a, rtol=1e-10)
    np.testing.assert_allclose(np.sum(ba * v) + bb * w, product_b, rtol=1e-10)
    np.testing.assert_allclose(ab, ba, rtol=1e-10)
    narrow = pb.hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0], np.float32))
    assert narrow.dtype == np.float32
    outer = pb.gradient(lambda t: pb.hvp(lambda x: math.sin(x) * t)(t, 1.0))
    assert outer(0.7) == pytest.approx(slope(lambda t: -math.sin(t) * t, 0.7), rel=1e-6)


def test_the_gradient_of_a_gradient_s_norm() -> None:
    a = np.array([[0.3, -0.7], [1.1, 0.2]])
    norm = lambda a: np.sum(pb.gradient(energy, wrt=0)(a, 0.6) ** 2)
    got = pb.gradient(norm)(a)
    for index in np.ndindex(a.shape):
        step = np.zeros_like(a)
        step[index] = 1e-5
        assert got[index] == pytest.approx((norm(a + step) - norm(a - step)) / 2e-5, rel=1e-6)


def test_models_and_dicts() -> None:
    loss = lambda m, x: m(x) ** 2 * m.weight
    gradient = lambda m: pb.gradient(loss, wrt=0)(m, 0.7)
    model = Model(0.5, -0.3)
    along = pb.zero_tangent(model)
    along.weight, along.bias = 1.0, -2.0
    plus, minus = gradient(pb.move(model, along * 1e-5)), gradient(pb.move(model, along * -1e-5))
    for got in (pb.differential(gradient)(model)(along), pb.hvp(loss, wrt=0)(model, 0.7, along)):
        assert got.weight == pytest.approx((plus.weight - minus.weight) / 2e-5, rel=1e-6)
        assert got.bias == pytest.approx((plus.bias - minus.bias) / 2e-5, rel=1e-6)
    table = {"a": 1.2, "b": 0.4, "c": [0.1, 2.0]}
    total = lambda p: p["a"] ** 3 * p["b"] + sum([p["a"] * v for v in p["c"]])
    got = pb.hvp(total)(table, {"a": 1.0, "b": 0.5, "c": [0.3, -1.0]})
    assert got == {"a": pytest.approx(6 * 1.2 * 0.4 + 3 * 1.44 * 0.5 - 0.7), "b": pytest.approx(3 * 1.44),
                   "c": [pytest.approx(1.0), pytest.approx(1.0)]}  # fmt: skip


def test_jacobians() -> None:
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(pb.jacobian(lambda x: x * x)(x), np.diag(2 * x))
    np.testing.assert_allclose(pb.jacobian(lambda t: t * x)(3.0), x)  # forward: one column
    np.testing.assert_allclose(pb.jacobian(lambda x: np.sum(x**2))(x), 2 * x)  # reverse: one row
    assert pb.jacobian(lambda x, y: (x * y, x))(2.0, 3.0) == ((3.0, 2.0), (1.0, 0.0))
    by_name = pb.jacobian(lambda p: {"s": p["u"] * p["v"], "n": 3})({"u": 2.0, "v": x})
    np.testing.assert_allclose(by_name["s"]["u"], x)
    np.testing.assert_allclose(by_name["s"]["v"], 2.0 * np.eye(2))
    assert by_name["n"] is pb.NO_TANGENT
    assert pb.jacobian(lambda z: z * z)(1 + 2j) == 2 + 4j
    with pytest.raises(pb.ArgumentError, match="not holomorphic"):
        pb.jacobian(lambda z: z * z.conjugate())(1 + 2j)
    assert pb.jacobian(lambda x: x * x)(np.float32([1, 2])).dtype == np.float32


def test_callables_of_every_sort() -> None:
    class Wave:
        def __init__(self, rate: float) -> None:
            self.rate = rate

        def at(self, x: float) -> float:
            return math.sin(self.rate * x)

    wave = Wave(1.3)
    assert pb.differential(wave.at)(0.5)(1.0) == pytest.approx(1.3 * math.cos(0.65))
    assert pb.gradient(pb.gradient(wave.at))(0.5) == pytest.approx(-1.69 * math.sin(0.65))
    scaled = functools.partial(lambda a, x: a * math.sin(x), 2.0)
    assert pb.gradient(pb.gradient(scaled))(0.5) == pytest.approx(-2 * math.sin(0.5))
    assert pb.differential(lambda x, *, s=2.0: x * s, wrt=("x", "s"))(3.0, s=4.0)(1.0, 1.0) == 7.0
    assert pb.differential(lambda *xs: xs[0] * xs[1])(3.0, 4.0)(1.0, 1.0) == 7.0
    assert pb.gradient(lambda x: pb.gradient(lambda y, **kw: y * kw["s"] * x)(x, s=x))(3.0) == 6.0


def test_a_jacobian_of_a_function_that_changes_its_argument() -> None:
    def scaled(a: Any) -> Any:
        a *= a[0]
        return a

    def of_a_dict(d: dict[str, Any]) -> Any:
        d["x"] *= d["y"]
        return d["x"] ** 2

    class Tank:
        def __init__(self, level: Any) -> None:
            self.level = level

        def drain(self, a: Any) -> Any:
            a -= self.level * a**2
            return a[:2]

    x = np.array([1.3, 0.72])
    np.testing.assert_allclose(pb.jacobian(scaled)(x), [[2.6, 0.0], [0.72, 1.3]])
    np.testing.assert_allclose(x, [1.69, 0.936])  # once, as a call of the function does
    found = pb.jacobian(of_a_dict)({"x": np.array([2.0]), "y": 3.0})
    np.testing.assert_allclose([found["x"][0, 0], found["y"][0]], [36.0, 24.0])
    a = np.array([0.3, 0.2, 0.1])
    np.testing.assert_allclose(pb.jacobian(Tank(0.5).drain)(a), (np.eye(3) - np.diag([0.3, 0.2, 0.1]))[:2])
