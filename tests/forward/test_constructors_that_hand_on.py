"""Constructors that leave it to other functions to fill in the object; in every mode."""

import numpy as np
import pytest

X = np.array([1.3, 0.72, -0.45, 2.11])
PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


def _put(o, f):
    o.f = f


class _A:

    def __init__(self, f):
        self.setup(f)

    def setup(self, f):
        self.f = f


class _B:

    def __init__(self, f):
        _put(self, f)


@program
def b1(x):
    a = _A(x[0] * x[1])
    return a.f ** 2


@program
def b2(x):
    a = _B(x[0] * x[1])
    return a.f ** 2


@program
def b3(x):
    k = x[0] * x[1]
    a = _A(lambda v: v * k)
    return a.f(x[2]) ** 2


@program
def b4(x):
    k = x[0] * x[1]
    a = _B(lambda v: v * k)
    return a.f(x[2]) ** 2


@program
def b5(x):
    a = _A([x[0] * x[1]])
    return a.f[0] ** 2


@program
def b6(x):
    a = _B([x[0] * x[1]])
    return a.f[0] ** 2


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f, in_every_mode):
    in_every_mode(f, X)
