"""The differential of a differential, of functions that make objects and change things."""

from typing import Any

import numpy as np
import pytest

import pullback as pb


class Spring:
    def __init__(self, k: float) -> None:
        self.k = k

    def energy(self, x: float) -> float:
        return 0.5 * self.k * x * x

    @classmethod
    def of(cls, k: float) -> "Spring":
        return cls(k * k)


def constructed(x: float) -> float:
    return Spring(x).energy(x)


def by_a_class_method(x: float) -> float:
    return Spring.of(x).energy(x)


def of_a_given_class(x: float) -> float:
    def make(cls: Any, k: float) -> Any:
        return cls(k)

    return make(Spring, x).energy(x)


def field_assigned(x: float) -> float:
    spring = Spring(x)
    spring.k = spring.k * x
    return spring.energy(x)


def items_assigned(x: float) -> float:
    xs = [x, x * x]
    xs[0] = xs[1] * x
    xs.append(xs[0])
    return xs[0] * xs[-1]


def array_assigned(x: float) -> Any:
    a = np.zeros(3)
    a[0] = x * x
    a[1:] = a[0] * x
    a *= x
    return (a * a).sum()


PROGRAMS = [constructed, by_a_class_method, of_a_given_class, field_assigned]


@pytest.mark.parametrize("f", [*PROGRAMS, items_assigned, array_assigned], ids=lambda f: f.__name__)
def test_the_second_derivative(f: Any) -> None:
    x, h = 1.3, 1e-4
    expected = (f(x + h) - 2 * f(x) + f(x - h)) / h**2
    found = pb.differential(lambda y: pb.differential(f)(y)(1.0))(x)(1.0)
    assert found == pytest.approx(expected, rel=1e-5)
