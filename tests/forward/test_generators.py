"""Generators and iterators whose items are differentiated: in both modes, and derivatives of their gradients."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([1.2, 0.7, 0.4, 0.9])
PROGRAMS: list[Callable[[Any], Any]] = []


def program(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS.append(f)
    return f


def powers(x: Any, n: int = 3) -> Iterator[Any]:
    y = x
    for _ in range(n):
        y = y * x
        yield y


def endless(x: Any) -> Iterator[Any]:
    y = x
    while True:
        yield y
        y = y * x * 0.9


def running(xs: Any) -> Iterator[Any]:
    total = 0.0
    for v in xs:
        total += v
        yield total


def squares(xs: Any) -> Iterator[Any]:
    for v in xs:
        yield v * v


def around(x: Any) -> Iterator[Any]:
    yield x
    yield from powers(x)
    yield x * x


# --- loops ------------------------------------------------------------------------------------------


@program
def a_loop(x: Any) -> Any:
    total = 0.0
    for v in powers(x[0]):
        total += v * v * x[1]
    return total


@program
def a_loop_that_is_left(x: Any) -> Any:
    total = 0.0
    for v in powers(x[0], 9):
        if v > 3.0:
            break
        total += v * v
    return total


@program
def an_endless_one(x: Any) -> Any:
    total = 0.0
    for k, v in enumerate(endless(x[0])):
        if k > 4:
            break
        total += v * v
    return total


@program
def two_at_once(x: Any) -> Any:
    return sum(u * v for u, v in zip(powers(x[0]), endless(x[1])))  # noqa: B905


@program
def of_a_generator(x: Any) -> Any:
    return sum(running(running(v * v for v in x)))


@program
def of_an_iterator(x: Any) -> Any:
    total = 0.0
    for v in squares(iter(x)):
        total += v * v
    return total


@program
def nested_ones(x: Any) -> Any:
    return max(around(x[0])) + min(around(x[1])) * sum(around(x[2]))


@program
def pairs_of_a_generator(x: Any) -> Any:
    return sum(v for pair in ((u, u * u) for u in powers(x[0])) for v in pair)


@program
def a_closure(x: Any) -> Any:
    scaled = x * x[0]

    def rows() -> Iterator[Any]:
        for v in scaled:
            yield v * v * x[1]

    total = 0.0
    for r in rows():
        total += r
    return total


@program
def the_last_of_newtons_iterates(x: Any) -> Any:
    def newton(a: Any) -> Iterator[Any]:
        y = 1.0
        while abs(y * y - a) > 1e-12:
            y = 0.5 * (y + a / y)
            yield y

    *_, root = newton(x[0])
    last = 1.0
    for last in newton(x[1]):  # noqa: B007
        pass
    return root * last


@program
def arrays_are_yielded(x: Any) -> Any:
    def steps(y: Any, h: float) -> Iterator[Any]:
        while True:
            y = y - h * y * y
            yield y

    total = 0.0
    for y in steps(x, 0.1):
        total = total + np.sum(y)
        if total > 8:
            break
    return total


@program
def slices_are_yielded(x: Any) -> Any:
    def chunks(xs: Any, n: int) -> Iterator[Any]:
        for i in range(0, len(xs), n):
            yield xs[i : i + n]

    return sum(np.sum(c) ** 2 for c in chunks(x, 2)) + sum(a * b for a, b in chunks(list(x), 2))


@program
def refined(x: Any) -> Any:
    def midpoint(f: Any, n: int) -> Iterator[Any]:
        while True:
            h = 1.0 / n
            yield sum(f((i + 0.5) * h) * h for i in range(n))
            n *= 2

    last = 0.0
    for k, v in enumerate(midpoint(lambda t: math.exp(-x[0] * t * t) * x[1], 1)):
        if k > 3:
            break
        last = v
    return last


# --- next, iter and unpacking ----------------------------------------------------------------------------


@program
def drawn_by_next(x: Any) -> Any:
    it = powers(x[0])
    a = next(it)
    b = next(it)
    return a * b + sum(it)


@program
def drawn_until_it_ends(x: Any) -> Any:
    it = powers(x[0])
    total = 0.0
    while True:
        try:
            v = next(it)
        except StopIteration:
            break
        total += v * v
    while (v := next(it, None)) is not None:
        total += v
    return total


@program
def a_default(x: Any) -> Any:
    it = iter([x[0], x[1] * x[0], x[2]])
    total = 0.0
    for v in it:
        total += v * next(it, x[3])
    return total


@program
def the_first_that_fits(x: Any) -> Any:
    return next(v for v in powers(x[0]) if v > 1.6) * x[1]


@program
def unpacked(x: Any) -> Any:
    a, b, c = powers(x[0])
    u, v = (w * w for w in x[:2])
    return a * b - c * u / v


def product_of_three(a: Any, b: Any, c: Any) -> Any:
    return a * b * b + c


@program
def spread(x: Any) -> Any:
    xs = [*powers(x[0]), x[1]]
    return product_of_three(*powers(x[0])) + xs[0] * xs[3]


@program
def goes_on_in_another_loop(x: Any) -> Any:
    it = enumerate(endless(x[0]))
    total = 0.0
    for k, v in it:
        if k > 1:
            break
        total += v
    for k, v in it:
        if k > 4:
            break
        total += v * v
    return total


# --- functions of iterators -------------------------------------------------------------------------------


@program
def collected(x: Any) -> Any:
    xs = list(powers(x[0]))
    ys = tuple(powers(x[1]))
    zs = sorted(powers(x[0]), reverse=True)[:2]
    d = dict(zip("abc", powers(x[2])))  # noqa: B905
    return xs[0] * ys[2] + sum(zs) * d["a"] + functools.reduce(lambda p, q: p * q + 1, powers(x[3]))


def put_into_lists(x: Any) -> Any:
    xs: list[Any] = []
    xs.extend(powers(x[0]))
    xs += powers(x[1])
    xs[1:1] = powers(x[2])
    return sum(v * w for v, w in zip(xs, reversed(xs)))  # noqa: B905


@program
def put_into_an_array(x: Any) -> Any:
    return np.sum(np.array(list(powers(x[0]))) ** 2) + np.sum(np.fromiter(powers(x[1]), float) ** 2)


@program
def by_itertools(x: Any) -> Any:
    total = sum(itertools.islice(endless(x[0]), 1, 4)) + sum(itertools.takewhile(lambda v: v < 3, endless(x[0])))
    for a, b in itertools.pairwise(powers(x[0])):
        total += a * b
    for v in itertools.chain(powers(x[1]), [x[0], x[2] * x[0]]):
        total += v * v
    for v in itertools.accumulate(powers(x[0]), lambda p, q: p * q):
        total += v
    for v in itertools.starmap(lambda p, q: p / q, zip(powers(x[0]), powers(x[1]))):  # noqa: B905
        total += v
    for v in itertools.dropwhile(lambda v: v < 1.5, powers(x[0])):
        total += v**3
    return total


@program
def mapped_and_filtered(x: Any) -> Any:
    total = sum(map(lambda v, w: v * w, powers(x[0]), powers(x[1])))
    for v in filter(lambda v: v > 1.5, powers(x[0])):
        total += v**3
    for v in itertools.filterfalse(lambda v: v > 1.5, powers(x[0])):
        total += v * x[3]
    return total


@program
def without_end(x: Any) -> Any:
    total = 0.0
    for u, k, w in zip(x, itertools.count(x[0], x[1]), itertools.cycle([x[2], 2.0])):  # noqa: B905
        total += u * k * w
    return total + sum(u * w for u, w in zip(x, itertools.repeat(x[0] * x[1])))  # noqa: B905


# --- objects ----------------------------------------------------------------------------------------------


class Tree:
    def __init__(self, v: Any, left: Any = None, right: Any = None) -> None:
        self.v, self.left, self.right = v, left, right

    def __iter__(self) -> Iterator[Any]:
        if self.left:
            yield from self.left
        yield self.v
        if self.right:
            yield from self.right


def levels(tree: Any, depth: int = 0) -> Iterator[Any]:
    yield depth, tree.v
    for child in (tree.left, tree.right):
        if child is not None:
            yield from levels(child, depth + 1)


@program
def a_tree(x: Any) -> Any:
    tree = Tree(x[0], Tree(x[1] * x[0]), Tree(x[2], None, Tree(x[3] ** 3)))
    total = 0.0
    for i, v in enumerate(tree):
        total += v * (i + 1)
    for d, v in levels(tree):
        total += v * v * d
    return total * sum(tree)


class Bag:
    def __init__(self, xs: Any) -> None:
        self.xs = xs

    def __iter__(self) -> Iterator[Any]:
        return iter(self.xs)


@program
def a_bag(x: Any) -> Any:
    bag = Bag([x[0], x[1] * x[0], x[2]])
    total = 0.0
    for v in bag:
        total += v * v
    a, b, c = bag
    return total + sum(bag) + max(bag) * a * b * c + product_of_three(*bag)


@dataclass
class Particle:
    q: Any
    m: Any


def interactions(particles: Any) -> Iterator[Any]:
    for i, p in enumerate(particles):
        for q in particles[i + 1 :]:
            yield p, q


@program
def energies(x: Any) -> Any:
    particles = [Particle(x[0] * k, x[k]) for k in range(4)]
    return sum(p.m * q.m / abs(p.q - q.q) for p, q in interactions(particles))


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_in_every_mode(f: Callable[[Any], Any], in_every_mode: Any) -> None:
    in_every_mode(f, X)


def test_lists_that_take_from_iterators() -> None:
    pb.check_derivative(put_into_lists, X)


# --- what is drawn from while it changes ------------------------------------------------------------------


def pulls(x: Any) -> Any:
    particles = [Particle(x[0] * k, x[k]) for k in range(3)]
    for p, q in interactions(particles):
        force = p.m * q.m * (q.q - p.q)
        p.q = p.q + 0.1 * force
        q.q = q.q - 0.1 * force
    return sum(p.q**2 for p in particles)


def writes_ahead(x: Any) -> Any:
    b = x.copy()

    def walk() -> Iterator[Any]:
        for i in range(len(b)):
            yield b[i]

    total = 0.0
    for i, v in enumerate(walk()):
        if i + 1 < len(b):
            b[i + 1] = b[i + 1] * v
        total += v * v
    return total


def rows_change(x: Any) -> Any:
    b = np.outer(x, x[:2])
    for row in (b[i] for i in range(3)):
        row[0] = row[0] * row[1]
    return np.sum(b)


@pytest.mark.parametrize("f", [pulls, writes_ahead, rows_change])
def test_what_a_generator_reads_may_change_between_its_items(f: Any, in_every_mode: Any) -> None:
    in_every_mode(f, X)


def keeps_a_state(x: Any) -> Any:
    state = {"v": x[0]}

    def walk() -> Iterator[Any]:
        for _ in range(3):
            state["v"] = state["v"] * x[1]
            yield state["v"]

    total = 0.0
    for v in walk():
        total += v + state["v"]
    return total


def test_a_generator_that_changes_what_others_read_is_refused() -> None:
    for verb in (pb.gradient, lambda f: lambda x: pb.differential(f)(x)(x)):
        with pytest.raises(pb.DifferentiabilityError, match="walk changes `state` in place"):
            verb(keeps_a_state)(X)


def test_functions_that_have_no_form_for_iterators_are_refused() -> None:
    def grouped(x: Any) -> Any:
        return sum(k * sum(g) for k, g in itertools.groupby(powers(x), key=lambda v: v > 1.5))

    with pytest.raises(pb.DifferentiabilityError, match="groupby of an iterator over differentiated values"):
        pb.differential(grouped)(1.2)(1.0)

    def unpacked(x: Any) -> Any:
        for f in (iter,):  # (that it makes an iterator is known at run time only)
            a, b = f([x, x * x])
        return a * b

    pb.check_derivative(unpacked, 1.2, modes=("reverse",))
    with pytest.raises(pb.DifferentiabilityError, match="collect its items in a list first"):
        pb.differential(unpacked)(1.2)(1.0)


def two_items(x: Any) -> Iterator[Any]:
    for k in range(2):
        yield x ** (k + 2)


def to_any_depth(x: Any) -> Any:
    total = sum(two_items(x))
    for k, v in enumerate(two_items(x)):
        total += v * (k + 1) * x
    for u, w in zip(two_items(x), (v * x for v in two_items(x))):  # noqa: B905
        total += u * w
    it = iter([x, x * x])
    return total * next(it) + next(it)


def along_one(f: Any) -> Any:
    return lambda x: pb.differential(f)(x)(1.0)


@pytest.mark.parametrize("outer", [along_one, pb.gradient, pb.jacobian])
@pytest.mark.parametrize("inner", [along_one, pb.gradient, pb.jacobian])
def test_derivatives_of_derivatives(inner: Any, outer: Any) -> None:
    first = along_one(to_any_depth)
    expected = (first(1.3 + 1e-5) - first(1.3 - 1e-5)) / 2e-5
    assert outer(inner(to_any_depth))(1.3) == pytest.approx(expected, rel=1e-8)


def test_a_local_generator_with_a_running_sum_at_second_order_the_first_time() -> None:
    def f(x: Any) -> Any:
        def running():  # type: ignore[no-untyped-def]
            total = 0.0
            for v in x:
                total += v
                yield total * v

        return sum(running())

    x, v = np.array([1.3, 0.7, -0.4]), np.array([0.3, -0.2, 0.5])
    wanted = [v[k] * 2 + sum(v) - v[k] for k in range(3)]  # f is the sum of the products of all pairs, and squares
    for _ in range(2):  # what is generated at first has more variables
        found = pb.gradient(lambda x: pb.differential(f)(x)(v))(x)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
