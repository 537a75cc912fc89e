"""Objects that say what number or array they are, given to functions of these: differentiated or refused."""

import cmath
import math

import numpy as np
import pytest

import pullback as pb


class Twice:
    def __init__(self, v):
        self.v = v

    def __float__(self):
        return self.v * 2.0

    def __floor__(self):
        return self.v * 3.0

    def __ceil__(self):
        return self.v * 4.0

    def __trunc__(self):
        return self.v * 5.0


class Plane:
    def __init__(self, v):
        self.v = v

    def __complex__(self):
        return complex(self.v * 2.0, self.v**2)


class Row:
    def __init__(self, v):
        self.v = v

    def __array__(self, dtype=None, copy=None):
        return np.array([self.v, self.v**2])


class Logged:
    """Its conversion changes something."""

    def __init__(self, log):
        self.log = log

    def __float__(self):
        self.log.append(self.log[0] ** 2)
        return 0.5


def hidden(x):
    return [x][0]


MEANT = {
    "sin": lambda x: math.sin(Twice(x)),
    "exp of a product": lambda x: math.exp(Twice(x * x)),
    "class not known": lambda x: math.sin(hidden(Twice)(x)),
    "object not known": lambda x: math.sin(hidden(Twice(x))),
    "hypot": lambda x: math.hypot(Twice(x), x, Twice(1.0)),
    "pow": lambda x: math.pow(x, Twice(x)),
    "atan2": lambda x: math.atan2(Twice(x), Twice(x * x)),
    "log": lambda x: math.log(Twice(x), Twice(3.0)),
    "modf": lambda x: math.modf(Twice(x))[0],
    "ldexp": lambda x: math.ldexp(Twice(x), 2),
    "floor": lambda x: math.floor(Twice(x)),
    "ceil": lambda x: math.ceil(Twice(x)),
    "trunc": lambda x: math.trunc(Twice(x)),
    "complex": lambda x: abs(complex(Plane(x))),
    "complex of a float": lambda x: abs(complex(Twice(x))),
    "complex of two": lambda x: abs(complex(Twice(x), Twice(x * x))),
    "complex by parts": lambda x: complex(Plane(x), 2.0).imag,
    "cmath.exp": lambda x: abs(cmath.exp(Plane(x))),
    "cmath.polar": lambda x: cmath.polar(hidden(Plane(x)))[0],
    "cmath of a float": lambda x: cmath.exp(Twice(x)).real,
}


@pytest.mark.parametrize("name", MEANT)
def test_conversions_of_math_are_differentiated(name, in_every_mode):
    f = MEANT[name]
    pb.check_derivative(f, 1.37)
    in_every_mode(lambda v: f(float(v[0])) + 0.0 * v[1], np.array([1.37, 0.4]))


def test_an_effect_of_a_conversion_is_kept():
    def f(x):
        log = [x]
        y = math.sin(Logged(log))
        return sum(log) * y

    pb.check_derivative(f, 1.3)


def stored(x):
    a = np.zeros(2)
    a[0] = Twice(x)
    return a.sum()


def put(x):
    a = np.zeros(2)
    np.put(a, [0], [Twice(x)])
    return a.sum()


def added(x):
    a = np.zeros(2)
    a += Row(x)
    return a.sum()


def filled(x):
    a = np.zeros(2)
    a.fill(Twice(x))
    return a.sum()


REFUSED = {
    "array of objects": lambda x: np.array([Twice(x), 2.0], dtype=float).sum(),
    "float64": lambda x: np.float64(Twice(x)),
    "full": lambda x: np.full(2, Twice(x), dtype=float).sum(),
    "asarray": lambda x: np.asarray(Row(x)).sum(),
    "asarray, not known": lambda x: np.asarray(hidden(Row(x))).sum(),
    "sin": lambda x: np.sin(Row(x)).sum(),
    "dot": lambda x: np.dot(np.ones(2), Row(x)),
    "matrix product": lambda x: np.ones(2) @ Row(x),
    "product": lambda x: (np.ones(2) * Row(x)).sum(),
    "sum": lambda x: np.sum(hidden(Row(x))),
    "norm": lambda x: np.linalg.norm(Row(x)),
    "fsum": lambda x: math.fsum([Twice(x), x]),
    "dist": lambda x: math.dist([Twice(x)], [0.2]),
    "stored": stored,
    "put": put,
    "added": added,
    "filled": filled,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_makes_of_objects_is_refused(name):
    f = REFUSED[name]
    assert np.isfinite(f(1.37))
    for derivative in (lambda: pb.gradient(f)(1.37), lambda: pb.differential(f)(1.37)(1.0)):
        with pytest.raises(pb.DifferentiabilityError):
            derivative()
