"""What iterators draw from changes between two items: each item's tangent belongs to what was there when it was drawn.

Each program is differentiated by all of its arguments, by the array alone, and by the number alone: then what the
iterator is made of is a constant at first, and varies by the change. A change by 0 is a change, too.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([1.2, 2.1, 2.9])


def pairs_made_before(a: Any, k: float) -> Any:
    b = a * 1.0
    pairs = zip(b, a)
    b[1] += k
    return sum(u * v * v for u, v in pairs)


def array_ahead(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    for i, v in enumerate(b):
        total += v * v
        if i < len(b) - 1:
            b[i + 1] += k * v
    return total


def list_ahead(a: Any, k: float) -> Any:
    b = list(a)
    total = 0.0
    for i, v in enumerate(b):
        total += v * v
        if i < len(b) - 1:
            b[i + 1] = b[i + 1] * (1.0 + k * v)
    return total


def backwards(a: Any, k: float) -> Any:
    b = list(a)
    total = 0.0
    for v in reversed(b):
        total += v * v
        b[0] = b[0] + k * v
    return total


def array_backwards(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    for v in reversed(b):
        total += v * v
        b[:-1] *= k + v
    return total


def rows(a: Any, k: float) -> Any:
    b = [a * 1.0, a * 2.0]
    total = 0.0
    for row in b:
        total += np.sum(row * row)
        b[1] += k * row
    return total


def rows_replaced(a: Any, k: float) -> Any:
    b = [a * 1.0, a * 2.0]
    total = 0.0
    for i, row in enumerate(b):
        total += np.sum(row * row)
        row *= k + i
        b[1] = b[1] * k
    return total + np.sum(b[0] * b[1])


def rows_of_an_array(a: Any, k: float) -> Any:
    b = np.outer(a, a)
    total = 0.0
    for row, v in zip(b, a):
        total += np.sum(row) * v
        b[-1] *= k + v
    return total


def drawn_by_next(a: Any, k: float) -> Any:
    b = list(a)
    it = iter(b)
    first = next(it)
    b[1] = b[1] + k * first
    return first + next(it) ** 2


def next_of_an_array(a: Any, k: float) -> Any:
    b = a * 1.0
    it = iter(b)
    first = next(it)
    b[1] *= k + first
    return first + next(it) ** 2


def drawn_in_a_function(a: Any, k: float) -> Any:
    def following(it: Any) -> Any:
        return next(it)

    b = a * 1.0
    it = iter(b)
    first = following(it)
    b[1] = k * first
    return following(it) * first


def kept_in_a_list(a: Any, k: float) -> Any:
    b = a * 1.0
    held = [enumerate(b)]
    b[1] += k
    return sum(v * v for _, v in held[0])


def go_on_in_the_loop(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    it = enumerate(b)
    for i, v in it:
        b[(i + 1) % 3] += k * v
        _, w = next(it, (0, 1.0))
        total += v * w
    return total


def some_of_them(a: Any, k: float) -> Any:
    b = list(a)
    total = 0.0
    for v in itertools.islice(b, 1, None):
        total += v * v
        b[2] = b[2] * k
    return total


def one_after_the_other(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    for v in itertools.chain(b, b):
        total += v * v
        b[1] = b[1] * k
    return total


def grows(a: Any, k: float) -> Any:
    b = list(a)
    total = 0.0
    for v in b:
        total += v * v
        if len(b) < 6:
            b.append(v * k)
    return total


def called_by_a_partial(a: Any, k: float) -> Any:
    b = a * 1.0
    along = functools.partial(np.dot, b)
    b[1] += k
    return along(a) * along(a)


RIGHT = [
    pairs_made_before, array_ahead, list_ahead, backwards, array_backwards, rows, rows_replaced, rows_of_an_array,
    drawn_by_next, next_of_an_array, drawn_in_a_function, kept_in_a_list, go_on_in_the_loop, some_of_them,
    one_after_the_other,
]  # fmt: skip


def one_of_another(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    for (i, v), w in zip(enumerate(b), reversed(b)):
        total += v * w * w
        b[-1 - i] += k * v
        b[i] *= k
    return total + b.sum()


def mapped(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    for v in map(lambda u: u * u, b):
        total += v
        b += k * v
    return total


def mapped_before(a: Any, k: float) -> Any:
    b = a * 1.0
    squares = map(lambda u: u * u * k, b)
    b[0] += k
    return sum(squares)


def products(a: Any, k: float) -> Any:
    b = list(a)
    total = 0.0
    for v in map(operator.mul, b, a):
        total += v
        b[-1] = b[-1] * k + v
    return total


def filtered(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    for v in filter(lambda u: u > -5.0, b):
        total += v * v
        b[2] = b[1] * k
    return total


def grows_while_counted(a: Any, k: float) -> Any:
    b = list(a)
    total = 0.0
    for i, v in enumerate(b):
        total += v * (i + 1)
        if len(b) < 6:
            b.append(v * k)
    return total


def comes_and_goes(a: Any, k: float) -> Any:
    b = list(a)
    total = 0.0
    for i, v in enumerate(b):
        total += v * v
        if i == 0:
            b.insert(0, k * v)
        if i > 2:
            b.pop()
    return total


FIRST_ORDER = [
    grows, one_of_another, mapped, mapped_before, products, filtered, grows_while_counted, comes_and_goes,
]  # fmt: skip


def by_a_generator(a: Any, k: float) -> Any:
    b = a * 1.0
    squares = (v * v for v in b)
    b[1] += k
    return sum(squares)


def by_a_local_generator(a: Any, k: float) -> Any:
    b = a * 1.0

    def walk() -> Iterator[Any]:
        for i in range(len(b)):
            yield b[i] * b[i]

    total = 0.0
    for j, v in enumerate(walk()):
        total += v
        if j + 1 < len(b):
            b[j + 1] += k * v
    return total


def neighbours(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    for v, w in itertools.pairwise(b):
        total += v * w
        b[2] = b[1] * k
    return total


def running_sums(a: Any, k: float) -> Any:
    b = a * 1.0
    total = 0.0
    for v in itertools.accumulate(b):
        total += v * v
        b[2] += k * v
    return total


BY_GENERATORS = [by_a_generator, by_a_local_generator]
REFUSED = [neighbours, running_sums]


@pytest.mark.parametrize("k", [0.0, 0.4])
@pytest.mark.parametrize("f", [*RIGHT, *FIRST_ORDER, *BY_GENERATORS, called_by_a_partial], ids=lambda f: f.__name__)
def test_gradients(f: Callable[..., Any], k: float, slopes: Any) -> None:
    by_a, by_k = slopes(f, A, k)
    both = pb.gradient(f)(A, k)
    np.testing.assert_allclose(both[0], by_a, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(both[1], by_k, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(pb.gradient(f, wrt=0)(A, k), by_a, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(pb.gradient(f, wrt=1)(A, k), by_k, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("k", [0.0, 0.4])
@pytest.mark.parametrize("f", [*RIGHT, *FIRST_ORDER, *BY_GENERATORS, *REFUSED], ids=lambda f: f.__name__)
def test_differentials(f: Callable[..., Any], k: float, slopes: Any) -> None:
    by_a, by_k = slopes(f, A, k)
    v = np.array([0.3, -1.0, 0.7])
    np.testing.assert_allclose(pb.differential(f)(A, k)(v, 0.5), by_a @ v + 0.5 * by_k, rtol=1e-5)
    np.testing.assert_allclose(pb.differential(f, wrt=0)(A, k)(v), by_a @ v, rtol=1e-5)
    np.testing.assert_allclose(pb.differential(f, wrt=1)(A, k)(1.0), by_k, rtol=1e-5, atol=1e-7)


def curvature(f: Callable[..., Any], k: float) -> Any:
    return (pb.gradient(f, wrt=1)(A, k + 1e-5) - pb.gradient(f, wrt=1)(A, k - 1e-5)) / 2e-5


@pytest.mark.parametrize("k", [0.0, 0.4])
@pytest.mark.parametrize("f", [*RIGHT, *BY_GENERATORS], ids=lambda f: f.__name__)
def test_second_order(f: Callable[..., Any], k: float) -> None:
    np.testing.assert_allclose(pb.hvp(f, wrt=1)(A, k, 1.0), curvature(f, k), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("f", FIRST_ORDER, ids=lambda f: f.__name__)
def test_second_order_is_right_or_refused(f: Callable[..., Any]) -> None:
    try:
        found = pb.hvp(f, wrt=1)(A, 0.0, 1.0)
    except pb.DifferentiabilityError:
        return
    np.testing.assert_allclose(found, curvature(f, 0.0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("wrt", [None, 0, 1])
@pytest.mark.parametrize("k", [0.0, 0.4])
@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_refused(f: Callable[..., Any], k: float, wrt: Any) -> None:
    """These are reversed as a whole."""
    with pytest.raises(pb.DifferentiabilityError, match="draws from is changed in place before it has ended"):
        pb.gradient(f, wrt=wrt)(A, k)


def test_an_iterator_that_is_made_where_nothing_is_differentiated() -> None:
    """Nothing is known of the tangents of what is drawn from it: refused when one comes."""

    def made(make: Any, a: Any, k: float) -> Any:
        b = a * 1.0
        it = make(b)
        b[1] = k
        return sum(v * v for v in it)

    assert pb.gradient(made, wrt=2)(lambda b: b, A, 0.5) == pytest.approx(1.0)
    try:
        found = pb.gradient(made, wrt=2)(iter, A, 0.5)
    except pb.DifferentiabilityError:
        return
    assert found == pytest.approx(1.0)


def counted_by_a_list(x: float) -> float:
    """What the function of a `map` reads is no differentiated value, and changes all the same."""
    total = 0.0
    drawn = [0]
    for v in map(lambda y: y**3 * len(drawn), [x, x * x]):
        drawn.append(1)
        total += v
    return total


def test_what_the_function_of_a_map_reads_may_change_in_every_order() -> None:
    x, first, second = 1.1, 3 * 1.1**2 + 12 * 1.1**5, 6 * 1.1 + 60 * 1.1**4
    f = counted_by_a_list
    assert pb.gradient(f)(x) == pytest.approx(first)
    assert pb.differential(f)(x)(1.0) == pytest.approx(first)
    assert pb.gradient(pb.gradient(f))(x) == pytest.approx(second)
    assert pb.differential(pb.gradient(f))(x)(1.0) == pytest.approx(second)
    assert pb.hvp(f)(x, 1.0) == pytest.approx(second)
