"""Items of lists and deques that are one object in several places: each has a derivative of its own."""

from __future__ import annotations

import heapq
import random
from bisect import insort
from collections import deque

import numpy as np
import pytest

import pullback as pb


def weighed(items):
    total = 0.0
    for k in range(len(items)):
        v = items[k]
        total = total + (k + 1.0) ** 2 * v * v * (1.0 + 0.1 * k * v)
    return total


def reversed_in_place(x, y, z):
    xs = [x, y, z, x]
    xs.reverse()
    return weighed(xs)


def deleted_slice(x, y, z):
    xs = [x, y, z, x, y]
    del xs[0:1]
    del xs[1::2]
    return weighed(xs)


def deleted_item(x, y, z):
    xs = [x, y, z]
    del xs[1]
    return weighed(xs)


def stored_slice(x, y, z):
    xs = [x, y, z, x]
    xs[0:2] = [z]
    xs[::2] = (y, x)
    return weighed(xs)


def stored_slice_of_itself(x, y, z):
    xs = [x, y, z]
    xs[1:2] = xs
    xs[:0] = xs[1:]
    return weighed(xs)


def stored_slice_of_drawn(x, y, z):
    xs = [1.0, 2.0, 3.0]
    it = iter([x, y, z])
    first = next(it)
    xs[0:1] = it
    return weighed(xs) * first


def removed(x, y, z):
    xs = [2.0 * x, y, z, 2.0 * x, 7.0]
    xs.remove(7.0)
    return weighed(xs)


def sorted_by_key(x, y, z):
    xs = [x, y, 5.0 * z, x]
    xs.sort(key=lambda v: v < 4.0)
    return weighed(xs)


def sorted_stably_reversed(x, y, z):
    xs = [x, y, z]
    xs.sort(key=lambda v: 0.0, reverse=True)
    return weighed(xs)


def cleared(x, y, z):
    xs = [x, y]
    total = weighed(xs)
    xs.clear()
    xs += [z, x]
    return total * weighed(xs)


def shuffled(x, y, z):
    xs = [x, y, z, x, y]
    random.seed(3)
    random.shuffle(xs)
    np.random.default_rng(4).shuffle(xs)
    return weighed(xs)


def put_into_order(x, y, z):
    xs = [1.0, 5.0 * x, 20.0]
    insort(xs, 5.0 * y + 1.0)
    insort(xs, z, key=lambda v: -v * v)
    return weighed(xs)


def in_a_heap(x, y, z):
    heap = [3.0 * x, 2.0 * y, z]
    heapq.heapify(heap)
    heapq.heappush(heap, 0.5 * x)
    first = heapq.heappop(heap)
    second = heapq.heapreplace(heap, 9.0 * y)
    third = heapq.heappushpop(heap, 0.1 * z)
    return weighed([first, second, third, *heap])


def rotated(x, y, z):
    xs = deque([x, y, z])
    xs.rotate(1)
    total = weighed(xs)
    xs.rotate(-2)
    xs.reverse()
    return total * weighed(xs)


def of_limited_length(x, y, z):
    xs = deque([x, x, y], maxlen=3)
    xs.append(z)
    total = weighed(xs)
    xs.appendleft(y)
    xs.extend([x, z])
    xs += (y,)
    xs.extendleft([z, y])
    return total * weighed(xs)


def repeated_at_limited_length(x, y, z):
    xs = deque([x, y, z], maxlen=4)
    xs *= 3
    total = weighed(xs)
    xs *= 0
    xs.extend([z, y, x, x, y, z])
    return total * weighed(xs)


def deleted_of_deque(x, y, z):
    xs = deque([x, y, z, 7.0])
    del xs[0]
    xs.remove(7.0)
    total = weighed(xs)
    xs.clear()
    xs.append(x)
    return total * weighed(xs)


def extended_on_the_left(x, y, z):
    xs = deque([x])
    xs.extendleft([y, z])
    xs.extendleft(xs)
    xs.extendleft((x, y))
    return weighed(xs)


def extended_on_the_left_by_array(x, y, z):
    xs = deque([x])
    xs.extendleft(np.array([y, z * y]))
    return weighed(xs)


def extended_on_the_left_by_drawn(x, y, z):
    xs = deque([x])
    xs.extendleft(v * v for v in [y, z])
    xs.extendleft(reversed([z, y]))
    xs.extendleft(map(lambda v: v * y, [x, z]))
    xs.extendleft({"a": x * y, "b": z}.values())
    it = iter([x, y, z])
    first = next(it)
    xs.extendleft(it)
    return weighed(xs) * first


def without_derivative(x, y, z):
    xs = [x, pb.without_derivative(x), y, z]
    del xs[0:1]
    xs.reverse()
    return weighed(xs)


def same_tuples(x, y, z):
    p, q = (x, y), (y, x)
    rows = [p, q, p]
    rows.reverse()
    del rows[0:1]
    return weighed([rows[0][0] * z, rows[0][1], rows[1][0]])


CASES = [
    reversed_in_place, deleted_slice, deleted_item, stored_slice, stored_slice_of_itself, stored_slice_of_drawn,
    removed, sorted_by_key, sorted_stably_reversed, cleared, shuffled, put_into_order, in_a_heap, rotated,
    of_limited_length, repeated_at_limited_length, deleted_of_deque, extended_on_the_left,
    extended_on_the_left_by_array, extended_on_the_left_by_drawn, without_derivative, same_tuples,
]  # fmt: skip


def differences(f, point, h=1e-5):
    steps = h * np.eye(len(point))
    return np.array([(np.array(f(*(point + s))) - np.array(f(*(point - s)))) / (2 * h) for s in steps])


def frozen(f, point):
    """The function with what `without_derivative` holds as it is at a point."""

    def g(x, y, z):
        return weighed([z, y, point[0]])

    return g if f is without_derivative else f


@pytest.mark.parametrize("f", CASES)
def test_one_object_in_several_places(f):
    v = 1.3
    point, d = np.array([v, v, v]), (0.3, -1.1, 0.7)
    expected = differences(frozen(f, point), point)
    value, gradient = pb.value_with_gradient(f)(v, v, v)
    assert value == f(v, v, v)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7)
    np.testing.assert_allclose(pb.differential(f)(v, v, v)(*d), expected @ d, rtol=1e-7)
    twice = differences(lambda *p: pb.gradient(frozen(f, point))(*p), point)
    np.testing.assert_allclose(pb.hvp(f)(v, v, v, d), np.array(d) @ twice, rtol=1e-6)
    np.testing.assert_allclose(pb.pullback(pb.gradient(f))(v, v, v)(d), twice @ d, rtol=1e-6)


def test_equal_literals_and_repeated_items():
    def dropped(xs):
        del xs[0:1]
        return 3.0 * xs[0]

    assert pb.gradient(dropped)([1.5] * 3) == [0.0, 3.0, 0.0]
    t = (1.5, 2.5)

    def rows(p, q):
        xs = [p, q]
        xs.reverse()
        return 3.0 * xs[0][0] + xs[1][1]

    assert pb.gradient(rows)(t, t) == ((0.0, 1.0), (3.0, 0.0))


def test_a_rule_that_hands_back_its_argument():
    @pb.differentiable_function
    def flipped(x):
        return x, lambda g: -g

    def f(x):
        xs = [x, flipped(x)]
        xs.reverse()
        return 3.0 * xs[0] + xs[1]

    assert pb.gradient(f)(2.0) == -2.0


@pytest.mark.parametrize("kind", [list, deque])
def test_an_item_that_is_not_there(kind):
    def f(x):
        xs = kind([x, 2.0 * x])
        try:
            xs.remove(7.0)
        except ValueError:
            xs.append(x * x)
        return weighed(xs)

    assert pb.gradient(f)(1.3) == pytest.approx((f(1.3 + 1e-6) - f(1.3 - 1e-6)) / 2e-6)
