"""Generators whose caller changes what they read, or what they have handed out: reversed in step with the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([1.2, 2.1, 2.9])
K = 0.45


class Particle:
    def __init__(self, x: Any, v: Any) -> None:
        self.x, self.v = x, v


class World:
    def __init__(self, a: Any) -> None:
        self.particles = [Particle(a[i], a[(i + 1) % 3]) for i in range(3)]

    def alive(self) -> Iterator[Any]:
        for p in self.particles:
            if p.x < 100.0:
                yield p

    def pairs(self) -> Iterator[Any]:
        for i in range(len(self.particles)):
            for j in range(i):
                yield self.particles[i], self.particles[j]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.particles)


class Walked(World):
    def __iter__(self) -> Iterator[Any]:
        yield from self.particles


def moved(a: Any, k: Any) -> Any:
    world = World(a)
    for p in world.alive():
        p.x += p.v * k
    return sum(p.x**2 for p in world.particles)


def by_own_iter(a: Any, k: Any) -> Any:
    world = World(a)
    for p in world:
        p.x += p.v * k
    return sum(p.x**2 for p in world)


def by_a_generator_method(a: Any, k: Any) -> Any:
    world = Walked(a)
    for p in world:
        p.x += p.v * k
    return sum(p.x**2 for p in world)


def forces(a: Any, k: Any) -> Any:
    world = World(a)
    for p, q in world.pairs():
        f = k * (q.x - p.x)
        p.v += f
        q.v -= f * p.v
    return sum(p.v**2 for p in world.particles)


def by_an_expression(a: Any, k: Any) -> Any:
    world = World(a)
    for p in (q for q in world.particles if q.x > 0.0):
        p.x *= k + p.v
    return sum(p.x**2 for p in world.particles)


def by_steps(a: Any, k: Any) -> Any:
    particles = [Particle(a[i], k * i) for i in range(3)]

    def alive() -> Iterator[Any]:
        return (p for p in particles if p.x < 50.0)

    for _ in range(3):
        for p in alive():
            p.v -= p.x * k
            p.x += 0.1 * p.v
    return sum(p.x * p.x for p in alive())


def goes_on_with_what_it_yielded(a: Any, k: Any) -> Any:
    def walk() -> Iterator[Any]:
        for i in range(3):
            p = np.array([a[i], k])
            q = p * p
            yield p
            yield q * p

    total = 0.0
    for p in walk():
        p *= k
        total += p.sum()
    return total


def goes_on_with_objects(a: Any, k: Any) -> Any:
    def walk() -> Iterator[Any]:
        for i in range(3):
            p = Particle(a[i], k)
            yield p
            yield Particle(p.x * p.x, p.v)

    total = 0.0
    for p in walk():
        p.x *= k
        total += p.x * p.v
    return total


def views(a: Any, k: Any) -> Any:
    b = a * k

    def walk() -> Iterator[Any]:
        for i in range(3):
            yield b[i:]

    total = 0.0
    for v in walk():
        total += np.sum(v * v)
        v *= 1.5
    return total


def with_a_state(a: Any, k: Any) -> Any:
    b = a * k

    def walk() -> Iterator[Any]:
        s = 0.0
        for i in range(3):
            s += b[i] * b[i]
            yield 1.0
            yield s

    total = 0.0
    for i, v in enumerate(walk()):
        if i == 1:
            continue
        if i == 5:
            break
        total += v
        b[:] *= 1.1
    return total


def of_one_another(a: Any, k: Any) -> Any:
    b = a * k

    def outer() -> Iterator[Any]:
        yield from (b[i] for i in range(3))
        yield b[0]

    total = 0.0
    it = outer()
    total += next(it) ** 2
    b[1] *= k
    for v in it:
        total += v * v
        b[-1] *= 1.5
        b[0] += v
    return total


def endless(a: Any, k: Any) -> Any:
    b = a * k

    def walk() -> Iterator[Any]:
        s, i = 0.0, 0
        while True:
            s += b[i % 3] * b[i % 3]
            yield s
            i += 1

    total = 0.0
    for v, w in zip(walk(), b):
        total += v * w
        b[:] *= 1.1
    return total


def left_early(a: Any, k: Any) -> Any:
    b = a * k

    def walk() -> Iterator[Any]:
        for i in range(3):
            yield b[i] * k

    total = 0.0
    for v in walk():
        if v > 0.4:
            break
        total += v
        b[2] = v
    return total + b.sum() * total


def some_taken_at_once(a: Any, k: Any) -> Any:
    b = a * k
    squares = (v * v for v in b)
    first = next(squares)
    b[1] = first * b[1]
    return sum(squares) + first


def changed_after_it_ended(a: Any, k: Any) -> Any:
    def windows(xs: Any, n: int) -> Iterator[Any]:
        for i in range(len(xs) - n + 1):
            yield xs[i : i + n]

    b = a * k
    products = [w[0] * w[1] for w in windows(b, 2)]
    b[0] = 5.0 * k
    return sum(products) * b[0]


class Tree:
    def __init__(self, v: Any, left: Any = None, right: Any = None) -> None:
        self.v, self.left, self.right = v, left, right

    def __iter__(self) -> Iterator[Any]:
        if self.left is not None:
            yield from self.left
        yield self
        if self.right is not None:
            yield from self.right


def a_tree(a: Any, k: Any) -> Any:
    tree = Tree(a[0], Tree(a[1]), Tree(a[2], Tree(k)))
    for node in tree:
        node.v = node.v * k
    return sum(node.v**2 for node in tree)


def read_before_and_after(a: Any, k: Any) -> Any:
    p = Particle(k * 1.0, np.array([k, a[1]]))

    def walk(p: Any) -> Iterator[Any]:
        x, v = p.x, p.v
        yield x * a[0]
        yield x * p.x + v[0]
        yield v[0] * p.v[1] + x

    total = 0.0
    for v in walk(p):
        total += v * v
        p.x = p.x * 3.0
        p.v[0] *= 1.5
    return total


def lists_made_on_the_way(a: Any, k: Any) -> Any:
    def rows() -> Iterator[Any]:
        for v in a:
            yield [v, v * k]

    total = 0.0
    for row in rows():
        row[0] = row[0] * 3.0
        total = total + row[0] * row[1]
    return total


def a_list_that_shrinks(a: Any, k: Any) -> Any:
    b = list(a * k)
    squares = (v * v for v in b)
    b.append(k * 3.0)
    first = next(squares)
    b[1] = first * b[1]
    b.pop()
    return sum(squares)


class Samples(Sequence[Any]):
    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __getitem__(self, i: Any) -> Any:
        return self.values[i]

    def __len__(self) -> int:
        return len(self.values)


def a_sequence(a: Any, k: Any) -> Any:
    samples = Samples(list(a * k))
    total = 0.0
    for v in samples:
        total += v * v
        samples.values[2] = samples.values[2] * k
    return total


def rows_of_a_sequence(a: Any, k: Any) -> Any:
    samples = Samples([[v, k] for v in a])
    for row in samples:
        row[0] = row[0] * k
    return sum(r[0] * r[1] for r in samples)


def until_an_exception(a: Any, k: Any) -> Any:
    b = list(a * k)

    def walk() -> Iterator[Any]:
        for i in range(3):
            try:
                yield b[i]
                yield b[i + 1]
            except IndexError:
                yield b[0]

    total = 0.0
    for v in walk():
        total += v * v
        b[0] = b[0] + v
    return total


def first_one_dropped(a: Any, k: Any) -> Any:
    b = a * k

    def walk() -> Iterator[Any]:
        s = 0.0
        for i in range(3):
            s += b[i] * b[i]
            yield s

    it = walk()
    b[0] *= 1.5 + k
    next(it)
    b[:] *= 2.0 * k
    return next(it) * k + next(it)


PROGRAMS = [
    a_sequence, rows_of_a_sequence, until_an_exception, lists_made_on_the_way,
    moved, by_own_iter, by_a_generator_method, forces, by_an_expression, by_steps, goes_on_with_what_it_yielded,
    goes_on_with_objects, views, with_a_state, of_one_another, endless, left_early, some_taken_at_once,
    changed_after_it_ended, a_tree, read_before_and_after,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_in_every_mode(f: Callable[..., Any], slopes: Any) -> None:
    by_a, by_k = slopes(f, A, K)
    value, both = pb.value_with_gradient(f)(A, K)
    assert value == f(A, K)
    np.testing.assert_allclose(both[0], by_a, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(both[1], by_k, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(pb.gradient(f, wrt=0)(A, K), by_a, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(pb.gradient(f, wrt=1)(A, K), by_k, rtol=1e-5, atol=1e-7)
    v = np.array([0.3, -1.0, 0.7])
    np.testing.assert_allclose(pb.differential(f)(A, K)(v, 0.5), by_a @ v + 0.5 * by_k, rtol=1e-5)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_second_order(f: Callable[..., Any]) -> None:
    curvature = (pb.gradient(f, wrt=1)(A, K + 1e-5) - pb.gradient(f, wrt=1)(A, K - 1e-5)) / 2e-5

    def slope(k: float) -> Any:
        return pb.differential(f, wrt=1)(A, k)(1.0)

    np.testing.assert_allclose(pb.hvp(f, wrt=1)(A, K, 1.0), curvature, rtol=1e-5, atol=1e-6)
    try:
        found = pb.gradient(slope)(K)
    except pb.DifferentiabilityError:  # what a change in place is made of is not always seen there
        return
    np.testing.assert_allclose(found, curvature, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("derivative", [
    lambda: pb.gradient(first_one_dropped, wrt=1)(A, K),
    lambda: pb.differential(first_one_dropped, wrt=1)(A, K)(1.0),
    lambda: pb.hvp(first_one_dropped, wrt=1)(A, K, 1.0),
    lambda: pb.gradient(lambda k: pb.differential(first_one_dropped, wrt=1)(A, k)(1.0))(K),
])  # fmt: skip
def test_an_item_that_is_not_used(derivative: Callable[[], Any]) -> None:
    by_k = (first_one_dropped(A, K + 1e-6) - first_one_dropped(A, K - 1e-6)) / 2e-6

    def slope(k: float) -> Any:
        return pb.differential(first_one_dropped, wrt=1)(A, k)(1.0)

    curvature = (slope(K + 1e-5) - slope(K - 1e-5)) / 2e-5
    try:
        found = derivative()
    except pb.DifferentiabilityError as error:
        assert "that is not used" in str(error)
        return
    assert found in (pytest.approx(by_k, rel=1e-5), pytest.approx(curvature, rel=1e-5))


def one_buffer(a: Any, k: Any) -> Any:
    def walk() -> Iterator[Any]:
        p = np.array([a[0], k])
        for _ in range(3):
            p += a[:2] * p
            yield p

    total = 0.0
    for p in walk():
        total += np.sum(p * p)
    return total


def one_list(a: Any, k: Any) -> Any:
    def walk() -> Iterator[Any]:
        row: list[Any] = []
        for i in range(3):
            row.append(a[i] * k)
            yield row

    total = 0.0
    for row in walk():
        total += row[-1] ** 2
    return total


@pytest.mark.parametrize("f", [one_buffer, one_list], ids=lambda f: f.__name__)
def test_one_that_changes_what_it_has_handed_out_is_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(pb.DifferentiabilityError, match="a generator changes what it has handed out"):
        pb.gradient(f)(A, K)


def test_what_it_made_of_constants_varies_by_what_its_caller_stores() -> None:
    def f(a: Any, k: Any) -> Any:
        def walk() -> Iterator[Any]:
            for i in range(3):
                p = np.array([i * 1.0, 2.0])
                yield p
                yield p * 2.0
                row = [1.0, 2.0]
                yield row
                yield [row[0] * 2.0]

        total = 0.0
        for p in walk():
            total += p[0] * k
            p[0] = k * a[0] + p[0]
            total += p[0] ** 2
        return total

    by_k = (f(A, K + 1e-6) - f(A, K - 1e-6)) / 2e-6
    assert pb.gradient(f, wrt=1)(A, K) == pytest.approx(by_k, rel=1e-6)
    assert pb.gradient(f)(A, K)[1] == pytest.approx(by_k, rel=1e-6)


def trajectory(a: Any, k: Any) -> Iterator[Any]:
    p = np.array([a[0], k])
    for _ in range(3):
        p += a[:2] * p
        yield p


def by_sum(a: Any, k: Any) -> Any:
    return sum(np.sum(p * p) for p in trajectory(a, k))


def by_a_loop(a: Any, k: Any) -> Any:
    total = 0.0
    for p in trajectory(a, k):
        total = total + np.sum(p * p)
    return total


@pytest.mark.parametrize("f", [by_sum, by_a_loop], ids=lambda f: f.__name__)
def test_so_it_is_for_a_caller_that_changes_nothing(f: Callable[..., Any]) -> None:
    with pytest.raises(pb.DifferentiabilityError, match="a generator changes what it has handed out"):
        pb.gradient(f)(A, K)
    by_k = (f(A, K + 1e-6) - f(A, K - 1e-6)) / 2e-6
    assert pb.differential(f, wrt=1)(A, K)(1.0) == pytest.approx(by_k, rel=1e-6)


def test_its_pullback_may_be_called_again() -> None:
    _, pullback = pb.value_with_pullback(moved)(A, K)
    first = pullback(1.0)
    again = pullback(2.0)
    np.testing.assert_array_equal(again[0], 2.0 * first[0])
    assert again[1] == 2.0 * first[1]


def fresh(a: Any, k: Any) -> Iterator[Any]:
    for i in range(3):
        row = np.zeros(2)
        row[0] = a[i] * k
        row[1] = k
        yield row


def of_fresh_ones(a: Any, k: Any) -> Any:
    return sum(row[0] * row[1] for row in fresh(a, k))


def test_what_it_changes_before_it_hands_it_out_is_its_own() -> None:
    by_k = (of_fresh_ones(A, K + 1e-6) - of_fresh_ones(A, K - 1e-6)) / 2e-6
    assert pb.gradient(of_fresh_ones)(A, K)[1] == pytest.approx(by_k, rel=1e-6)
    assert pb.differential(of_fresh_ones, wrt=1)(A, K)(1.0) == pytest.approx(by_k, rel=1e-6)
