"""`xs += y` of lists and deques: Python asks an array, or a class with `__radd__`, before it extends the list."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

import pullback as pb

X = np.array([1.1, 2.3, 0.7])


class Summed:
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)

    def __radd__(self, other):
        return 3.0 * self.items[0] * other[0]


class Declining(Summed):
    def __radd__(self, other):
        return NotImplemented


def array_added(x):
    xs = [x[0], x[1]]
    other = xs
    xs += x[:2]
    other[0] = x[2] * x[1]
    return xs[0] * xs[1] * other[0]


def array_multiplied(x):
    xs = [x[0], x[1]]
    other = xs
    xs *= x[:2]
    other.append(x[2])
    return xs[0] * xs[1] * other[0] * other[2]


def number_added(x):
    xs = [x[0], x[1]]
    xs += x[2]
    return xs[0] * xs[1]


def in_an_item(x):
    rows = [[x[0], x[1]]]
    rows[0] += x[:2]
    rows[0][0] *= x[2]
    return rows[0][0] * rows[0][1]


def deque_added(x):
    xs = deque([1.0, x[2]])
    other = xs
    xs += x[:2]
    other[0] = x[2] * x[1]
    return xs[0] * xs[1] * other[0]


def deque_multiplied(x):
    xs = deque([1.0, x[2]])
    xs *= x[:2]
    return xs[0] * xs[1]


def beside_an_array(x):
    xs, ys = [x[0], 2.0], deque([x[1], x[0]])
    both = (xs + x[:2]) * ys
    xs.append(1.0)
    ys.append(2.0)
    return both[0] * both[1]


def of_a_class(x):
    xs, ys = [x[0], x[1]], deque([x[1]])
    other = xs
    xs += Summed([x[2], x[0]])
    ys += Summed([x[0]])
    return xs * xs * ys * other[0] * other[1]


def declined(x):
    xs = [x[0]]
    other = xs
    xs += Declining([x[2], x[0] * x[1]])
    return xs[0] * xs[1] * other[2]


class Iterated:
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        for item in self.items:
            yield item * item


def of_an_iterable(x):
    xs, ys = [x[0]], deque([x[1]])
    xs.extend(Iterated([x[2], x[0] * x[1]]))
    xs[1:1] = Iterated([x[0], x[1]])
    ys.extendleft(Iterated([x[2], x[0]]))
    ys += Iterated([x[2]])
    return xs[0] * xs[1] * xs[2] * xs[4] * ys[0] * ys[1] * ys[3]


def of_arrays(x):
    xs = []
    xs.extend(Iterated([x, 2.0 * x]))
    xs[1] *= xs[0]
    xs[0][0] = 3.0
    return np.sum(xs[0] * xs[1])


def generated(x):
    xs = [x[0]]
    xs += (v * v for v in x)
    return xs[0] * xs[1] * xs[2]


def mapped(x):
    xs = [x[0]]
    xs += map(lambda v: v * v * x[1], x)
    return xs[0] * xs[1] * xs[3]


def zipped(x):
    xs = [(x[0], x[0])]
    xs += zip(x, x[1:], strict=False)
    return xs[0][0] * xs[1][1] * xs[2][0]


def turned(x):
    xs = [x[0]]
    xs += reversed(x)
    return xs[0] * xs[1] * xs[1]


def numbered(x):
    xs = [(7, x[0])]
    xs += enumerate(x)
    return xs[0][1] * xs[1][1] * xs[3][1]


def half_drawn(x):
    it = iter([x[0], x[1], x[2]])
    first = next(it)
    xs = [x[0]]
    xs += it
    return xs[0] * xs[1] * xs[1] * xs[2] * first


def deques_joined(x):
    xs, ys = deque([x[0], x[1]], maxlen=3), deque([x[2], x[0]])
    both = xs + ys
    xs[0] = 4.0
    return both[0] * both[1] * both[1] * both[2] * xs[0]


def deques_repeated(x):
    xs = deque([x[0], x[1], x[2]], maxlen=4)
    many = xs * 2
    more = 2 * deque([x[0], x[1]])
    xs *= 2
    xs[0] = x[1] * xs[0]
    return many[0] * many[1] * many[1] * more[3] * xs[0] * xs[2]


CASES = [
    array_added, array_multiplied, number_added, in_an_item, deque_added, deque_multiplied, beside_an_array, of_a_class,
    declined, of_an_iterable, of_arrays, generated, mapped, zipped, turned, numbered, half_drawn,
    deques_joined, deques_repeated,
]  # fmt: skip


@pytest.mark.parametrize("f", CASES)
def test_what_is_added_to_lists(f):
    pb.check_derivative(f, X)
    assert pb.value_with_gradient(f)(X)[0] == f(X)
    assert pb.value_with_differential(f)(X)[0] == f(X)


TWICE = [in_an_item, deque_added, deque_multiplied, beside_an_array, deques_joined, deques_repeated]


@pytest.mark.parametrize("f", TWICE)
def test_the_second_derivative(f, in_every_mode):
    in_every_mode(f, X)


def row_that_grows(x):
    rows = x.reshape(1, 3).tolist()
    rows[0].append(5.0 * x[1])
    return rows[0][0] ** 2 * rows[0][3] * rows[0][2]


def row_that_shrinks(x):
    rows = x.reshape(1, 3).tolist()
    first = rows[0].pop(0)
    del rows[0][0]
    return first * rows[0][0] ** 3


@pytest.mark.parametrize("f", [row_that_grows, row_that_shrinks])
def test_rows_of_an_array_as_lists(f, in_every_mode):
    in_every_mode(f, X)
