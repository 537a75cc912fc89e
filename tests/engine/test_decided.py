"""Conditions on None that kinds decide: the other arm is gone, and nothing else is."""

from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb


def shifted(x, by=None):
    if by is None:
        return x * x
    return x * x + by


def test_the_arm_that_runs_is_left():
    assert "if" not in pb.derivative_source(shifted, 2.0, None).split("return again")[1]
    assert "if" not in pb.derivative_source(shifted, 2.0, 3.0).split("return again")[1]
    g = pb.gradient(shifted)
    assert [g(2.0), g(2.0, 3.0), g(2.0, None), g(2.0)] == [4.0, (4.0, 1.0), 4.0, 4.0]


@dataclass
class Affine:
    weight: float
    bias: float | None = None

    def __call__(self, x):
        if self.bias is not None:
            x = x + self.bias
        return x * self.weight


def test_a_field_is_looked_at_in_every_call():
    g = pb.gradient(lambda layer, x: layer(x))
    for bias in (None, 2.0, None, np.float64(3.0), 2):
        d, dx = g(Affine(3.0, bias), 5.0)
        assert (d.weight, dx) == (5.0 + (bias or 0.0), 3.0)
        assert getattr(d, "bias", None) == (3.0 if isinstance(bias, float) else None)


def test_a_test_that_is_read_otherwise_stays():
    def as_number(x, y):
        z = (y is None) * x
        flag = y is None
        if y is None:
            z = z * 2.0
        return z + x * y * flag + x * (y is not None)

    assert pb.gradient(as_number, wrt=0)(2.0, 3.0) == 1.0

    def in_a_loop(x, y):
        for _ in range(3):
            if y is None:
                y = x
            x = x * y
        return x

    pb.check_derivative(lambda x: in_a_loop(x, None), 1.1)
    pb.check_derivative(in_a_loop, 1.1, 0.9)

    def nested(x, y, z):
        if y is None:
            if z is None:
                return x
            return x * z
        if z is not None and x > 0.0:
            return x * y * z
        return x * y

    for y in (None, 2.0):
        for z in (None, 3.0):
            assert pb.gradient(nested, wrt=0)(1.0, y, z) == (y or 1.0) * (z or 1.0)

    def in_a_try(x, y):
        try:
            if y is None:
                x = x * x
            z = x * len(y)
        except TypeError:
            z = x * 3.0
        return z

    assert pb.gradient(in_a_try, wrt=0)(2.0, None) == 12.0
    assert pb.gradient(in_a_try, wrt=0)(2.0, [1, 2]) == 2.0


LIMIT = None


def test_a_global_that_is_bound_anew(monkeypatch):
    def limited(x):
        return x * x if LIMIT is None else x * LIMIT

    g = pb.gradient(limited)
    assert g(3.0) == 6.0
    for limit in (2.0, 5, None, np.float64(4.0)):
        monkeypatch.setitem(globals(), "LIMIT", limit)
        assert g(3.0) == (6.0 if limit is None else limit)


def helper(x):
    return x


def test_a_global_function_is_not_none(monkeypatch):
    def maybe(x):
        if helper is not None:
            return helper(x) * 2.0
        return x

    g = pb.gradient(maybe)
    assert g(1.0) == 2.0
    monkeypatch.setitem(globals(), "helper", None)
    assert g(1.0) == 1.0


@pytest.mark.parametrize("start", [None, 1.0])
def test_a_name_that_becomes_none(start):
    def restarted(x, y):
        total = 0.0
        for i in range(4):
            if y is None:
                y = x * i
            total = total + x * y
            if i == 1:
                y = None
        return total

    pb.check_derivative(lambda x: restarted(x, start), 1.3)
