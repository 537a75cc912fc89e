"""Fields that are assigned: what they hold is guessed on entry, and stays right whatever is stored, by any name."""

from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb
from pullback.inspection import derivative_of


class Body:
    factor = 2.0  # a default in the class: what an instance without a field of its own reads

    def __init__(self, x, v):
        self.x = x
        self.v = v

    def push(self, f):
        self.v += f
        self.x = self.x + self.v * f

    def turn_into_an_array(self, f):
        self.v = np.full(2, f)
        self.x = np.sum(self.v * self.x)

    def through_another(self, other, f):
        other.v = np.array([f, 2.0 * f])
        self.x = np.sum(self.v * self.x)  # `other` may be this very object

    def swap_with(self, other):
        self.x, other.x = other.x, self.x
        self.v = self.v * other.x

    def first_an_int(self, f):
        self.v = 3
        self.x = self.x * self.v * f

    def by_turns(self, f):
        for i in range(4):
            self.v = self.v * f
            if i == 1:
                self.v = np.array([self.v, f])
        self.x = np.sum(self.v) * self.x

    def overwritten(self, f):
        self.factor = f * self.factor
        self.x = self.x * self.factor

    def replaced_inside(self, f):
        inner = Body(f, 2.0)
        self.v = inner
        self.v.x = self.v.x * f
        self.x = self.x * self.v.x + inner.x


def both(method, x, f, alias):
    a = Body(x, 0.5)
    b = a if alias else Body(2.0 * x, f)
    getattr(a, method)(b, f) if method == "through_another" else getattr(a, method)(b)
    return a.x + b.x * f


def alone(method, x, f):
    body = Body(x, 0.5)
    getattr(body, method)(f)
    getattr(body, method)(f)
    return body.x * f


@pytest.mark.parametrize("method", ["push", "turn_into_an_array", "first_an_int", "overwritten", "replaced_inside"])
def test_a_method_that_stores(method):
    def loss(x, f):
        return alone(method, x, f)

    pb.check_derivative(loss, 1.5, 0.7)


def test_what_is_stored_changes_its_type_in_a_loop():
    def loss(x, f):
        body = Body(x, 0.5)
        body.by_turns(f)
        return body.x

    pb.check_derivative(loss, 1.5, 0.7)


@pytest.mark.parametrize("alias", [False, True])
@pytest.mark.parametrize("method", ["through_another", "swap_with"])
def test_two_names_of_one_object(method, alias):
    def loss(x, f):
        return both(method, x, f, alias)

    pb.check_derivative(loss, 1.5, 0.7)


def test_objects_that_are_given():
    @dataclass
    class State:
        x: float
        v: float

    def moved(state, k):
        for _ in range(3):
            state.v = state.v - k * state.x
            state.x = state.x + 0.1 * state.v
        return state.x * state.v

    def of_numbers(x, v, k):
        return moved(State(x, v), k)

    found = pb.gradient(moved)(State(1.0, 0.5), 2.0)
    x, v, k = pb.gradient(of_numbers)(1.0, 0.5, 2.0)
    assert (found[0].x, found[0].v, found[1]) == (x, v, k)
    pb.check_derivative(of_numbers, 1.0, 0.5, 2.0)
    # the same function for fields of other types: the guess is looked at on entry
    array = pb.gradient(lambda s, k: np.sum(moved(s, k)))(State(np.array([1.0, 2.0]), np.array([0.5, 0.1])), 2.0)
    assert array[0].x[0] == pytest.approx(x)
    mixed = pb.gradient(moved)(State(np.float64(1.0), 0.5), 2.0)
    assert mixed[0].x == pytest.approx(x)


def test_a_setter_of_its_own_is_called():
    class Clamped:
        def __init__(self, x):
            object.__setattr__(self, "x", x)

        def __setattr__(self, name, value):
            object.__setattr__(self, name, min(value, 2.0))

    def loss(x):
        c = Clamped(x)
        c.x = c.x * 3.0
        return c.x * x

    for x in (0.5, 1.5):
        pb.check_derivative(loss, x)


def test_slots():
    class Slotted:
        __slots__ = ("x",)

    def loss(x):
        s, n = Slotted(), Body(x, 0.0)
        s.x = x * n.x
        n.x = s.x * n.x
        s.x = s.x + n.x
        return s.x * n.x

    pb.check_derivative(loss, 1.3)


def test_what_is_inferred_is_bare_arithmetic():
    source = pb.derivative_source(Body.push, Body(1.0, 2.0), 0.5)
    assert "operate" not in source
    assert derivative_of(Body.push, None, (Body(1.0, 2.0), 0.5), {}).names.stored is not None
