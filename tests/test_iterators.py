"""Iterators: gone through where they are made, they are differentiated; kept for later, right or refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import pullback as pb
from pullback.testing import check_derivative

pytest.importorskip("pullback.drawing")  # iterators are drawn from as Python does

XS = [1.0, -2.0, 3.0]


def at_once(xs, k):
    return sum(x * k for x in xs) + sum(map(lambda x: x * x, xs)) + max(a * b for a, b in zip(xs, xs[1:]))


def in_loops(xs, k):
    total = 0.0
    for i, (a, b) in enumerate(zip(xs, reversed(xs))):
        total += i * a * b * k
    for x in filter(lambda t: t > 0, (x * k for x in xs)):
        total += x * x
    for x in iter(xs):
        total += x
    return total


def unpacked(xs, k):
    a, b, c = (x * k for x in xs)
    first, second = zip(*[(x, x * k) for x in xs])
    return a * b + c + sum(first) * second[1] + sum([*map(float, xs)])


def constants_are_iterators(xs, k):
    numbers = iter([1.0, 2.0, 3.0])
    total = 0.0
    for x in xs:
        total += x * next(numbers)
    return total * k * sum(numbers, 1.0)


def chosen(xs, k):
    total = 0.0
    for x in reversed(xs) if k > 0 else iter(xs):
        total = total * k + x
    return total


def filter_of_this_module(z, x):
    def filter(a, b):
        return a * b

    y = filter(z[0], x)
    return y * z[1]


@pytest.mark.parametrize(
    "f", [at_once, in_loops, unpacked, constants_are_iterators, chosen, filter_of_this_module]
)  # fmt: skip
def test_gone_through_where_they_are_made(f):
    check_derivative(f, list(XS), 0.5, modes=("reverse",))


def squares_then_sum(xs, k):
    squares = (x * x for x in xs)
    total = sum(squares) * k
    return total


def map_then_loop(xs, k):
    scaled = map(lambda x: x * k, xs)
    for s in scaled:
        k += s
    return k


def listed(xs, k):
    numbered = enumerate(xs)
    return max(list(numbered))[1] * k


def zip_then_loop(xs, k):
    total = k
    pairs = zip(xs, xs[1:])
    for a, b in pairs:
        total += a * b
    return total


@pytest.mark.parametrize("f", [squares_then_sum, zip_then_loop, listed])
def test_gone_through_by_the_next_statement(f):
    check_derivative(f, list(XS), 0.5, modes=("reverse",))


def twice(xs, k):
    g = (x * k for x in xs)
    return sum(g) + sum(g)


def bound_anew(xs, k):
    g = (x * k for x in xs)
    k = k * k
    return sum(g)


def map_bound_anew(xs, k):
    g = map(lambda x: x * k, xs)
    k = k * k
    return sum(g)


def bound_anew_in_the_loop(xs, k):
    total = 0.0
    for y in (x * k for x in xs):
        k = k * 0.5
        total += y
    return total


def left_and_taken_up_again(xs, k):
    it = enumerate(xs)
    total = 0.0
    for i, x in it:
        total += x * k
        if i == 1:
            break
    for _, x in it:
        total += x * x
    return total


def in_pairs(xs, k):
    it = iter(xs + xs)
    return sum(a * b * k for a, b in zip(it, it))


def first_of(xs, k):
    it = iter(xs)
    return next(it) * next(it) * k


def given_away(xs, k):
    def consume(it):
        return sum(it)

    it = map(lambda t: t * t, xs)
    return consume(it) + consume(it) * k


def returned(xs, k):
    def scaled():
        return map(lambda t: t * k, xs)

    both = scaled()
    return sum(both) + sum(both)


def held(xs, k):
    box = [reversed(xs)]
    return sum(box[0]) * k + sum(box[0])


def late_constant(xs, k):
    factor = 2.0
    g = (i * factor for i in range(3))
    factor = k
    return sum(g) + xs[0]


@pytest.mark.parametrize(
    "f",
    [
        twice, bound_anew, map_bound_anew, bound_anew_in_the_loop, left_and_taken_up_again, in_pairs, first_of,
        map_then_loop, given_away, returned, held, late_constant,
    ],
)  # fmt: skip
def test_kept_for_later_they_are_refused_until_they_are_right(f):
    try:
        check_derivative(f, list(XS), 0.5, modes=("reverse",))
    except pb.DifferentiabilityError as error:
        assert "error[" in str(error)


def drawn_in_the_loop(xs, k):
    it, total = iter(xs), 0.0
    for a in it:
        total += a * next(it) * k
    return total


def loop_in_the_loop(xs, k):
    it, total = enumerate(xs), 0.0
    for i, a in it:
        for _, b in it:
            total += (i + 1) * a * b * b * k
            break
    return total


def generator_in_the_loop(xs, k):
    it, total = (x * x * k for x in xs), 0.0
    for a in it:
        total += a * a * next(it)
    return total


def drawn_by_a_function(xs, k):
    it, total = map(lambda x: x * x, xs), 0.0

    def pull():
        return next(it)

    for a in it:
        total += a * pull() ** 2 * k
    return total


def emptied_in_the_loop(xs, k):
    it, total = iter(xs), 0.0
    for a in it:
        total += a * k
        total *= sum(it)
    return total


def drawn_where_values_change(xs, k):
    it, out = iter(xs), []
    for a in it:
        out.append(a * next(it) * k)
    out[0] = out[0] * out[-1]
    return sum(out)


@pytest.mark.parametrize(
    "f",
    [
        drawn_in_the_loop, loop_in_the_loop, generator_in_the_loop, drawn_by_a_function, emptied_in_the_loop,
        drawn_where_values_change,
    ],
)  # fmt: skip
def test_what_a_loop_leaves_to_others_goes_to_its_own_place(f):
    check_derivative(f, [*XS, 0.5], 0.5, modes=("reverse",))


def stored(it):
    out = [0.0, 0.0]
    for i, v in enumerate(it):
        out[i] = v * v
    return out[0] * out[1]


def stored_at(it):
    out = [0.0, 0.0]
    for i, v in it:
        out[i] = v
    return out[0] * out[0] * out[1]


def drawn_by_next(it):
    out = [next(it)]
    out.append(next(it))
    out[0] = out[0] * out[1]
    return out[0] * out[1]


def drawn_by_both(it):
    out = [next(it)]
    for v in it:
        out.append(v)
    out[0] = out[0] * out[1]
    return out[0] * out[1]


def drawn_again(it):
    out = []
    for v in iter(it):
        out.append(v)
    out[0] = out[0] * out[1]
    return out[0] * out[1]


def taken_apart(it):
    a, b = it
    out = [a, b]
    out[0] = a * b
    return out[0] * out[1]


def collected(it):
    out = [2.0 * v for v in it]
    out[0] = out[0] * out[1]
    return out[0] * out[1]


MAKERS = {
    "iter": lambda x, y: iter([x, y]),
    "reversed": lambda x, y: reversed((y, x)),
    "map": lambda x, y: map(lambda v: 1.5 * v, (x, y)),
    "chain": lambda x, y: itertools.chain([x], (y,)),
    "filter": lambda x, y: filter(lambda v: True, [x, y]),
    "generator": lambda x, y: (v for v in (x, y)),
    "accumulate": lambda x, y: itertools.accumulate([x, y]),
}
DRAWING = [stored, drawn_by_next, drawn_by_both, drawn_again, taken_apart, collected]


def slopes(f, x, y, h=1e-6):
    sides = [(h * e, 0.0 * e) for e in np.eye(2)] + [(0.0 * e, h * e) for e in np.eye(2)]
    found = [(f(x + u, y + v) - f(x - u, y - v)) / (2 * h) for u, v in sides]
    return np.reshape(found, (2, 2))


@pytest.mark.parametrize("made", MAKERS)
@pytest.mark.parametrize("draw", DRAWING)
def test_arrays_that_a_function_which_changes_values_draws_from_its_callers_iterator(draw, made):
    make = MAKERS[made]
    x, y = np.array([0.3, 0.7]), np.array([1.3, 0.4])

    def plain(x, y):
        return np.sum(draw(make(x, y)) * x)

    def drawn_before(x, y):
        it = make(x, y)
        first = next(it)
        return np.sum(first * draw(itertools.chain(it, (x,))))

    def changing(x, y):
        z = [x, y]
        z[0] = x * y
        return np.sum(draw(make(z[0], z[1])) * z[0])

    for f in (plain, drawn_before, changing):
        np.testing.assert_allclose(pb.gradient(f)(x, y), slopes(f, x, y), rtol=1e-6, atol=1e-8)


def test_pairs_with_arrays_from_the_callers_zip():
    x, y = np.array([0.3, 0.7]), np.array([1.3, 0.4])
    for pairs in (
        lambda x, y: zip((0, 1), (x, y)),
        lambda x, y: enumerate([x, y]),
        lambda x, y: iter([(1, x), (0, y)]),
        lambda x, y: {0: x, 1: y}.items(),
    ):

        def f(x, y, pairs=pairs):
            return np.sum(stored_at(pairs(x, y)))

        np.testing.assert_allclose(pb.gradient(f)(x, y), slopes(f, x, y), rtol=1e-6, atol=1e-8)
