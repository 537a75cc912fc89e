"""Objects, rows and lists that iterators hand on, and their callers change as they go."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([1.2, 2.1, 2.9])
K = 0.45


class Body:
    def __init__(self, x: Any, v: Any) -> None:
        self.x, self.v = x, v


class Held:
    def __init__(self, bodies: list[Any]) -> None:
        self.bodies = bodies

    def __iter__(self) -> Iterator[Any]:
        return iter(self.bodies)


class Yielded(Held):
    def __iter__(self) -> Iterator[Any]:
        yield from self.bodies


class Momenta(Held):
    def __iter__(self) -> Iterator[Any]:
        for b in self.bodies:
            yield b.x * b.v


def bodies_of(a: Any) -> list[Any]:
    return [Body(a[i], a[(i + 1) % 3]) for i in range(3)]


def total(bodies: Any) -> Any:
    return sum(b.x * b.v for b in bodies)


def by_neighbours(a: Any, k: Any) -> Any:
    bodies = bodies_of(a)
    for p, q in itertools.pairwise(bodies):
        q.x += p.x * k
        p.v = q.x
    return total(bodies)


def in_turns(a: Any, k: Any) -> Any:
    bodies = bodies_of(a)
    for b, i in zip(itertools.cycle(bodies), range(5)):
        b.x *= k + i
    return total(bodies)


def every_pair(a: Any, k: Any) -> Any:
    bodies = bodies_of(a)
    for p, q in itertools.combinations(bodies, 2):
        q.x += p.x * k
        p.v *= q.x
    return total(bodies)


def zipped_by_own_iter(a: Any, k: Any) -> Any:
    bodies = bodies_of(a)
    for b, f in zip(Held(bodies), a):
        b.x += f * k
    return total(bodies)


def counted_by_a_generator_method(a: Any, k: Any) -> Any:
    bodies = bodies_of(a)
    for i, b in enumerate(Yielded(bodies)):
        b.x += i * k
    return total(bodies)


def computed_as_it_goes(a: Any, k: Any) -> Any:
    bodies = bodies_of(a)
    found = 0.0
    for i, v in enumerate(Momenta(bodies)):
        found += v * i
        bodies[-1].x *= k
    return found


def rows(a: Any, k: Any) -> Any:
    m = np.outer(a, a)
    for i, row in enumerate(m):
        row *= k + i
    for r, s in zip(m, m[::-1]):
        r += s * k
    for r, s in itertools.pairwise(m):
        s *= r
    return m.sum()


def chosen_and_ordered(a: Any, k: Any) -> Any:
    bodies = bodies_of(a)
    for b in filter(lambda b: b.x > 0.0, bodies):
        b.x *= k
    for b in map(lambda b: b, bodies):
        b.x *= k
    for b in sorted(bodies, key=lambda b: b.x):
        b.v *= b.x
    for b in reversed(bodies):
        b.x *= b.v
    return total(bodies)


def of_a_dict(a: Any, k: Any) -> Any:
    table = {i: Body(a[i], k) for i in range(3)}
    for _, b in table.items():
        b.x *= k
    for b in table.values():
        b.v *= b.x
    for (_, p), q in zip(table.items(), table.values()):
        p.v += q.x
    return total(table.values())


def lists(a: Any, k: Any) -> Any:
    found = [[v, k] for v in a]
    for row, s in zip(found, a):
        row[0] = row[0] * s * row[1]
    for row in itertools.chain(found, found):
        row[1] = row[0] * k
    return sum(r[0] * r[1] for r in found)


PROGRAMS = [
    by_neighbours, in_turns, every_pair, zipped_by_own_iter, counted_by_a_generator_method, computed_as_it_goes, rows,
    chosen_and_ordered, of_a_dict, lists,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_in_every_mode(f: Callable[..., Any], slopes: Any) -> None:
    by_a, by_k = slopes(f, A, K)
    both = pb.gradient(f)(A, K)
    np.testing.assert_allclose(both[0], by_a, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(both[1], by_k, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(pb.gradient(f, wrt=1)(A, K), by_k, rtol=1e-5, atol=1e-7)
    v = np.array([0.3, -1.0, 0.7])
    np.testing.assert_allclose(pb.differential(f)(A, K)(v, 0.5), by_a @ v + 0.5 * by_k, rtol=1e-5)
    curvature = (pb.gradient(f, wrt=1)(A, K + 1e-5) - pb.gradient(f, wrt=1)(A, K - 1e-5)) / 2e-5
    np.testing.assert_allclose(pb.hvp(f, wrt=1)(A, K, 1.0), curvature, rtol=1e-5, atol=1e-6)
