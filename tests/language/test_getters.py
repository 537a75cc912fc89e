"""What reading an attribute runs: what `super()` finds, descriptors, cached properties; to the second order."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import pytest

import pullback as pb


class Base:
    def __init__(self, x):
        self._x = x

    @property
    def x(self):
        return self._x

    @functools.cached_property
    def square(self):
        return self._x**2

    def triple(self):
        return self._x * 3

    def put(self, v):
        self._x = self._x + v


class Derived(Base):
    @property
    def x(self):
        b = super().x
        return b * b

    def of_base(self):
        return super(Derived, self).x * 3

    def both(self):
        return super().triple() * super().x

    def twice(self):
        return super().triple() * super().triple()

    def scaled(self, v):
        self._x = self._x * v
        return super().x

    def cached(self):
        return super().square

    def put(self, v):
        super().put(v * 2)
        self._x *= v


class Doubled:
    def __get__(self, obj, cls=None):
        return obj.x * 2.0


class Computed:
    def __init__(self, f):
        self.f = f

    def __get__(self, obj, cls=None):
        return self.f(obj)


class Described:
    doubled = Doubled()

    def __init__(self, x):
        self.x = x

    @Computed
    def squared(self):
        return self.x**2

    def grow(self):
        self.x = self.x * self.doubled
        return self.x


class Cached:
    def __init__(self, x):
        self.x = x

    @functools.cached_property
    def square(self):
        return self.x**2

    @functools.cached_property
    def table(self):
        return [self.x, self.x**2]

    @functools.cached_property
    def counted(self):
        self.x *= 3
        return self.x**2


def a_property(x):
    return Derived(x).x


def of_a_named_class(x):
    return Derived(x).of_base()


def a_method_and_a_property(x):
    return Derived(x).both()


def a_method_twice(x):
    return Derived(x).twice()


def after_a_change(x):
    d = Derived(x)
    return d.scaled(x) * d.x


def a_cached_property(x):
    return Derived(x).cached()


def a_method_that_changes(x):
    d = Derived(x)
    d.put(x * x)
    return d._x


def a_descriptor(x):
    return Described(x).doubled


def a_descriptor_and_a_change(x):
    return Described(x).grow()


def a_descriptor_that_is_stored_over(x):
    d = Described(x)
    d.doubled = x * x
    return d.doubled


def cached_twice(x):
    c = Cached(x)
    return c.square + c.square


def cached_in_a_loop(x):
    c = Cached(x)
    total = 0.0
    for i in range(3):
        total = total + c.square * i
    c.x = c.x * 2
    return total * c.x


@pytest.mark.parametrize("f", [
    a_property, of_a_named_class, a_method_and_a_property, a_method_twice, after_a_change, a_cached_property,
    a_method_that_changes, a_descriptor, a_descriptor_and_a_change, a_descriptor_that_is_stored_over, cached_twice,
    cached_in_a_loop,
])  # fmt: skip
def test_to_the_second_order(f: Any) -> None:
    pb.check_derivative(f, 1.3, order=2)


def a_computed_one(x):
    return Described(x).squared


def test_to_the_first_order() -> None:
    pb.check_derivative(a_computed_one, 1.3)


def a_cached_list_that_changes(x):
    c = Cached(x)
    c.table[0] = x * 5
    return c.table[0]


def a_cached_property_that_changes(x):
    c = Cached(x)
    return c.counted + c.counted


class Node:
    def __init__(self, v):
        self.v = v
        self.seen = 0.0

    def __eq__(self, other):
        self.seen += other.v
        return self.v == other.v

    def score(self):
        self.seen += self.v
        return -self.v


def unequal_by_the_contrary(x):
    a, b = Node(x), Node(2.0 * x)
    if a != b:
        return a.seen * x
    return x


@functools.total_ordering
class Ordered:
    def __init__(self, v):
        self.v = v
        self.seen = 0.0

    def __lt__(self, other):
        self.seen += self.v
        return self.v < other.v

    def __eq__(self, other):
        self.seen += 2 * other.v
        return self.v == other.v


def greater_by_the_others(x):
    a, b = Ordered(1.7 * x), Ordered(1.3 * x)
    if a > b:
        return a.seen * x
    return a.seen


@pytest.mark.parametrize("f", [unequal_by_the_contrary, greater_by_the_others])
def test_comparisons_by_other_methods(f: Any) -> None:
    pb.check_derivative(f, 1.3)


class Drawn:
    def __init__(self, xs):
        self.xs = xs
        self.total = 0.0

    def __iter__(self):
        for x in self.xs:
            self.total += x
            yield x

    def items(self):
        for x in self.xs:
            self.total += x
            yield x


def any_of_an_iterable(x):
    d = Drawn([x, 2 * x])
    if any(v > 1.5 for v in d):
        return d.total
    return x


def any_of_a_generator(x):
    d = Drawn([x, 2 * x])
    if any(v > 1.5 for v in d.items()):
        return d.total
    return x


def largest(x):
    nodes = [Node(3 * x), Node(x)]
    max(nodes, key=lambda n: n.score())
    return nodes[0].seen


def in_order(x):
    nodes = [Node(3 * x), Node(x)]
    nodes.sort(key=lambda n: n.score())
    return nodes[0].seen


def of_enumerated(x):
    nodes = [Node(3 * x), Node(x)]
    max(enumerate(nodes), key=lambda p: p[1].score())
    return nodes[0].seen


def by_place(x):
    nodes = [Node(3 * x), Node(x)]
    max({0: 1, 1: 2}, key=lambda i: nodes[i].score())
    return nodes[0].seen


def filtered(x):
    nodes = [Node(3 * x), Node(x)]
    list(filter(lambda n: n.score() < -1.5, nodes))
    return nodes[0].seen


def least(x):
    rows = [[x, 0.0], [2 * x, 0.0]]

    def key(row):
        row[1] += row[0]
        return row[0]

    return min(rows, key=key)[1] * 2


def outer_into_an_array(x):
    a, o = np.array([0.1, 0.4]) * x, np.zeros((2, 2))
    np.multiply.outer(a, a, out=o)
    return np.sum(o)


def two_results(x):
    a, b, c = np.array([0.1, 1.4]) * x, np.zeros(2), np.zeros(2)
    np.modf(a, b, c)
    return b @ a


@pytest.mark.parametrize("f", [
    a_cached_list_that_changes, a_cached_property_that_changes, any_of_an_iterable, any_of_a_generator, largest,
    in_order, of_enumerated, by_place, filtered, least, outer_into_an_array, two_results,
])  # fmt: skip
def test_never_lost(f: Any) -> None:
    for derivative in (lambda: pb.gradient(f)(1.3), lambda: pb.differential(f)(1.3)(1.0)):
        with pytest.raises(pb.DifferentiabilityError):
            derivative()


@dataclasses.dataclass
class Scored:
    x: float

    def score(self):
        return self.x**2


def by_a_method(x):
    items = [Scored(3 * x), Scored(x)]
    last = sorted(items, key=lambda s: s.score())[0]
    kept = list(filter(lambda s: s.score() > 2, items))
    return max(items, key=Scored.score).x * last.x * len(kept) + kept[0].x


def test_keys_that_change_nothing() -> None:
    pb.check_derivative(by_a_method, 1.3)


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: float
    b: float = 1.0

    def up(self, **changes):
        return dataclasses.replace(self, **changes)


def replaced_by_keywords(x):
    f = Frozen(x).up(a=x * x, b=x)
    f = f.up(a=f.a * x, b=f.a)
    return f.a * f.b


def test_keywords_that_are_handed_on() -> None:
    pb.check_derivative(replaced_by_keywords, 1.3, order=2)


class Running:
    def __init__(self):
        self.total = 0.0

    def __call__(self, v):
        self.total = self.total + v * v

    def add(self, v):
        self.total = self.total * v + v


def by_a_bound_method(x):
    r = Running()
    add = r.add
    add(x * x)
    add(x)
    return r.total


def by_a_callable_object(x):
    r = Running()
    r(x)
    r(x * x)
    return r.total * x


def test_bound_methods_that_change_their_object() -> None:
    pb.check_derivative(by_a_bound_method, 1.3)
    with pytest.raises(pb.DifferentiabilityError, match="call the method on its object"):
        pb.gradient(pb.gradient(by_a_bound_method))(1.3)


def test_callable_objects_that_change_themselves() -> None:
    pb.check_derivative(by_a_callable_object, 1.3, order=2)
