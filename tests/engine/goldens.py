"""Small functions whose generated derivative is kept as text in `golden/`, each with its arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import pullback as pb

SCALE = 2.5
GOLDEN: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {}


def golden(*args: Any) -> Callable[[Any], Any]:
    """Keep the derivative of a function at arguments like these."""

    def declare(f: Any) -> Any:
        GOLDEN[f.__name__] = (f, args)
        return f

    return declare


@golden(1.5, 2.5)
def straight_line(x, y):
    a = x * y + math.sin(x)
    return a * a / y


@golden(2.0)
def six_operations(x):
    y = x * x + 3.0 * x
    return math.sin(y) * math.exp(-x)


@golden(2.0)
def if_else(x):
    if x > 1.0:
        y = x * x
    else:
        y = 3.0 * x
    return y + x


@golden(2.0)
def guard_clauses(x):
    if x < 0.0:
        return 0.5 * x
    if x > 9.0:
        return 9.0
    y = math.exp(x)
    return y * SCALE


@golden(0.5, 4)
def for_loop(x, n):
    y = 0.0
    for i in range(n):
        y = y + x * y * 0.5 + x * i
    return y


@golden(2.0)
def while_with_break(x):
    y = x
    while y < 100.0:
        y = y * x
        if y > 50.0:
            break
    return y


@golden(2.0, 5)
def return_in_a_loop(x, n):
    y = x
    for i in range(n):
        if y > 10.0:
            return y * i
        y = y * x
    return y


def cube(t):
    return t * t * t


@golden(2.0)
def calls(x):
    return cube(x) + cube(2.0 * x)


@golden(2.0, 3)
def recursion(x, n):
    if n == 0:
        return 1.0
    return x * recursion(x, n - 1)


@golden(2.0)
def closure(x):
    k = x * x

    def scaled(t):
        return k * t

    return scaled(x) + scaled(3.0)


@golden(2.0, 3.0)
def tuple_swap(x, y):
    for _ in range(3):
        x, y = y, x * y
    return x


@golden(np.ones((2, 3)), np.ones(3), np.zeros(2))
def affine(w, x, b):
    return np.sum(np.tanh(w @ x + b))


@golden([1.0, 2.0])
def list_iteration(xs):
    total = 0.0
    for x in xs:
        total += x * x
    return total


@golden([1.0, 2.0], 3.0)
def comprehension(xs, k):
    return sum([k * x for x in xs])


@golden(2.0)
def hook(x):
    y = pb.with_derivative(math.sin(x), print)
    return y * y


@golden(np.ones(3))
def array_to_array(a):
    return np.exp(a) * a + 1.0
