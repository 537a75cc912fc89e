"""Tangents as values of a program: a learning rate is differentiated through the step it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb


@dataclass
class Model:
    w: Any
    b: Any


def loss(p: Model, x: Any) -> Any:
    return (p.w * x + np.sum(p.b * x)) ** 2


def moved(p: Model, x: Any, rate: Any) -> Any:
    g = pb.gradient(loss, wrt=0)(p, x)
    return loss(pb.move(p, along=g * (-rate)), x * 2.0)


def twice_moved(p: Model, x: Any, rate: Any) -> Any:
    for _ in range(2):
        p = pb.move(p, along=-(rate * pb.gradient(loss, wrt=0)(p, x)))
    return loss(p, x)


def of_its_parts(p: Model, x: Any, rate: Any) -> Any:
    g = pb.gradient(loss, wrt=0)(p, x)
    h = g / rate - g * x + g
    return h.w * np.sum(h.b)


def along(f: Callable[..., Any], p: Model, x: float, rate: float, t: tuple[Any, ...], h: float = 1e-5) -> Any:
    def at(s: float) -> Any:
        return f(Model(p.w + s * t[0], p.b + s * t[1]), x + s * t[2], rate + s * t[3])

    return (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h)


@pytest.mark.parametrize("f", [moved, twice_moved, of_its_parts], ids=lambda f: f.__name__)
def test_agrees_with_differences(f: Callable[..., Any]) -> None:
    p, x, rate = Model(1.0, np.array([0.2, 0.3])), 0.5, 0.04
    t = (0.3, np.array([-0.4, 1.0]), 0.7, 0.2)
    expected = along(f, p, x, rate, t)
    g, g_x, g_rate = pb.gradient(f)(p, x, rate)
    assert g.w * t[0] + g.b @ t[1] + g_x * t[2] + g_rate * t[3] == pytest.approx(expected, rel=1e-7)
    p_dot = type(g)(w=t[0], b=t[1])
    assert pb.differential(f)(p, x, rate)(p_dot, t[2], t[3]) == pytest.approx(expected, rel=1e-7)


def test_a_class_that_moves_by_code_of_its_own_is_refused() -> None:
    class Angle:
        def __init__(self, a: float) -> None:
            self.a = a

        def zero_tangent(self) -> float:
            return 0.0

        def move(self, along: float) -> Angle:
            return Angle((self.a + along) % 6.0)

    def f(rate: float) -> Any:
        return pb.move({"v": 1.0, "of": [Angle(1.0)]}, along={"v": rate, "of": [rate]})["v"]

    with pytest.raises(pb.DifferentiabilityError, match="moves by code of its own"):
        pb.gradient(f)(0.3)
