"""Programs whose own code raises, for `test_diagnostics` (a module that pytest does not rewrite)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np


class MineError(Exception):
    pass


def divides(x):
    y = x - 2.0
    return 3.0 + x * (1.0 / y)


def in_a_loop(x):
    total = 0.0
    for i in range(5):
        total = total + math.sqrt(x - i)
    return total


def in_an_index(x):
    xs = [x, x * x]
    return 2.0 * xs[5] + 1.0


def in_a_key(x):
    return x * {"a": 1.0}["b"]


def raises(x):
    if x > 1.0:
        raise MineError("too large")
    return x


def asserts(x):
    assert x < 1.0, "too large"
    return x * x


def in_a_callee(x):
    y = x * x
    return y + divides(x) * 2.0


def in_a_lambda(x):
    f = lambda t: t / (t - t)
    return x + f(x)


def in_a_comprehension(x):
    return sum([x / (i - 1.0) for i in range(3)])


def in_a_condition(x):
    if x / (x - 2.0) > 1.0:
        return x
    return x * x


def in_a_while_test(x):
    y = x
    while 1.0 / (y - 1.0) > 0.0:
        y = y - 0.5
    return y


def unbound(x):
    if x < 0.0:
        y = x
    return x * y


def no_global(x):
    return x * THERE_IS_NONE  # noqa: F821


def no_attribute(x):
    return x * SimpleNamespace(a=1.0).b


def not_callable(x):
    three = 3.0
    return x * three(x)


def in_an_array(x):
    a = np.ones((2, 3)) * x
    return np.sum(a @ a)


def with_wrong_arguments(x):
    return 1.0 + divides(x, x)


def does_not_unpack(x):
    a, b = (x, x, x)
    return a * b


def in_a_method(x):
    return 2.0 * Owner(x).quotient()


@dataclass
class Owner:
    x: float

    def quotient(self):
        return self.x / (self.x - self.x)
