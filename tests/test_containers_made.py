"""Containers of `collections`, iterators of `itertools`, partials and getters: both modes, against differences."""

from __future__ import annotations

import bisect
import functools
import itertools
import operator
from collections import Counter, OrderedDict, defaultdict, deque

import numpy as np
import pytest

import pullback as pb

CASES = []


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case([1.0, 2.0, 3.0, 4.0])
def moving_average(xs):
    d = deque(xs[:2], maxlen=2)
    out = []
    for x in xs[2:]:
        d.append(x)
        out.append(sum(d) * d[0])
    return sum(out)


@case([1.0, 2.0, 3.0])
def bfs(xs):
    q = deque([(xs[0], 0)])
    t = 0.0
    while q:
        v, i = q.popleft()
        t += v * v
        if i < 2:
            q.append((v * xs[i + 1], i + 1))
            q.appendleft((v + 1, i + 2))
    return t


@case([1.0, 2.0, 3.0])
def rot(xs):
    d = deque(xs)
    d.rotate(1)
    d[0] *= 2.0
    d.extend([xs[0] * xs[1]])
    e = d.copy()
    e.pop()
    return sum((i + 1) * v for i, v in enumerate(d)) + e[-1] * d[0]


@case({"a": 1.0, "b": 2.0})
def od(p):
    d = OrderedDict(p)
    d["c"] = d["a"] * d["b"]
    d.move_to_end("a")
    d.update(b=d["c"] * 2)
    d2 = OrderedDict(sorted(d.items(), reverse=True))
    return sum((i + 1) * v for i, v in enumerate(d.values())) + d2["b"] * d.popitem()[1]


@case([1.0, 2.0, 3.0])
def dd(xs):
    d = defaultdict(float, {"x": xs[0]})
    for i, v in enumerate(xs):
        d["even" if i % 2 == 0 else "odd"] += v * v
    g = defaultdict(list, a=[xs[1]])
    for i, v in enumerate(xs):
        g["a" if i else "b"].append(v * d["x"])
    return sum(d.values()) * d["even"] + sum(map(sum, g.values()))


@case([1.0, 2.0, 3.0])
def counter(xs):
    c = Counter({"a": xs[0], "b": xs[1]})
    c["a"] += xs[2]
    return c["a"] * c["b"] + c["zz"]


@case([1.0, 2.0, 3.0], 2.5)
def interp(xs, t):
    i = bisect.bisect_left(xs, t)
    w = (t - xs[i - 1]) / (xs[i] - xs[i - 1])
    return w * xs[i] ** 2 + (1 - w) * xs[i - 1] ** 2


@case(2.0, 3.0)
def partials(x, y):
    f = functools.partial(lambda a, b, c=1.0: a * b * c, x)
    g = functools.partial(f, c=y)
    h = functools.partial(g, x)
    return (
        f(y)
        + g(2.0)
        + h()
        + g(3.0, c=2.0)
        + functools.partial(operator.mul, y)(x)
        + sum(map(functools.partial(lambda a, b: a * b * b, x), [1.0, y]))
    )


@case([1.0, 2.0])
def getters(xs):
    obj = {"a": xs, "b": (xs[1], xs[0] * 2)}
    return (
        operator.itemgetter("a")(obj)[0] * operator.itemgetter(1, 0)(obj["b"])[0]
        + operator.methodcaller("get", "b")(obj)[0]
    )


@case([1.0, 2.0, 3.0], 2.0)
def accumulated(xs, k):
    return sum(a * b for a, b in zip(itertools.accumulate(xs, lambda p, q: p * q * k), itertools.chain(xs, [k])))


@case([1.0, 2.0, 3.0], 2.0)
def started(xs, k):
    return sum(v * v for v in itertools.accumulate(xs, operator.mul, initial=k)) + sum(itertools.accumulate(xs))


@case(np.array([1.0, 2.0, 3.0]))
def of_arrays(a):
    pairs = sum(x * y for x, y in itertools.combinations(a, 2))
    return float(pairs + sum(np.sum(r) for r in itertools.chain([a * a], [a])))


@case([1.0, 2.0, 3.0], 2.0)
def of_many_iterators(xs, k):
    total = sum(a * b for a, b in itertools.zip_longest(xs, xs[:1], fillvalue=k))
    total += sum(a * b * b for a, b in itertools.permutations(xs, 2)) + sum(a * b for a, b in itertools.product(xs, xs))
    total += sum(itertools.islice(xs, 2)) * sum(itertools.compress(xs, [1, 0, 1]))
    total += sum(a * b for a, b in itertools.pairwise(xs)) + sum(itertools.starmap(lambda a, b: a * b * b, zip(xs, xs)))
    below, above = itertools.takewhile(lambda v: v < 2.5, xs), itertools.dropwhile(lambda v: v < 1.5, xs)
    total += sum(below) * sum(above) + sum(itertools.filterfalse(lambda v: v < 1.5, xs))
    return total + sum(a * b for a, b in zip(xs, itertools.count(1)))


@pytest.mark.parametrize(("function", "args"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_right(function, args):
    pb.check_derivative(function, *args)


@pytest.mark.parametrize("function", [bfs, od, dd, counter, interp, partials, getters, accumulated, of_many_iterators])
def test_second_order(function):
    args = next(a for f, a in CASES if f is function)
    pb.check_derivative(function, *args, order=2)


def test_what_has_no_end():
    pb.check_derivative(lambda xs: sum(itertools.islice(itertools.cycle(xs), 4)) * xs[0], [1.0, 2.0])


def test_groups_are_refused_in_forward_mode():
    with pytest.raises(pb.DifferentiabilityError, match="in forward mode"):
        pb.differential(lambda xs: sum(sum(g) for _, g in itertools.groupby(xs)))([1.0, 2.0])([1.0, 0.0])


def test_a_factory_that_captures_is_refused():
    with pytest.raises(pb.DifferentiabilityError, match="the factory"):
        pb.gradient(lambda x: defaultdict(lambda: x)["a"])(2.0)


def test_a_counter_of_differentiated_values_is_refused():
    with pytest.raises(pb.DifferentiabilityError, match="counts equal values"):
        pb.gradient(lambda xs: sum(Counter(xs).values()) * xs[0])([1.0, 2.0])


class Vector:
    def __init__(self, *parts):
        self.parts = parts

    def __iter__(self):
        return iter(self.parts)


def test_an_iterable_object_in_zip():
    def dot(x, y):
        return sum(a * b for a, b in zip(Vector(x, y), Vector(y, x * y)))

    pb.check_derivative(dot, 1.0, 2.0)
