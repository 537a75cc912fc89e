"""What people write without thinking of it: compiled gradients, values and differentials agree with the interpreted."""

import copy
import functools
import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import pullback as pb
from pullback import nn

from .test_programs import numbers_of, same_structure

pytest.importorskip("numba")
LIST, TABLE = [1.0, 2.0, 4.0], {"k": 2.0, "inner": {"a": 1.5}}
LABELS = np.array([0, 2, 1])
Z = np.array([[0.1, -0.4, 0.8], [1.3, 0.2, -0.5], [0.3, 0.6, 0.9]])


class Pair(NamedTuple):
    x: float
    y: float
    n: int = 3

    def norm(self):
        return math.hypot(self.x, self.y)

    @classmethod
    def unit(cls):
        return cls(1.0, 0.0)

    @staticmethod
    def two():
        return 2.0


@dataclass
class Spring:
    k: float

    def __post_init__(self):
        self.twice = self.k * 2.0

    def force(self, x):
        return self.twice * x

    @property
    def stiffness(self):
        return self.k


@dataclass
class Damped(Spring):
    c: float = 0.5

    def force(self, x):
        return super().force(x) + super().stiffness * self.c


def named_tuples(p):
    moved = p._replace(y=p.x * 3)
    return moved.norm() * Pair.unit().x * p.two() + p._asdict()["y"] * p.n


def classes_above(k, x):
    return Damped(k).force(x) ** 2


def keywords_passed_on(x):
    def inner(a, **options):
        return a * options.get("scale", 1.0) * options["t"]

    def outer(a, *rest, **options):
        return inner(a, **options) + sum(rest)

    return outer(x, x, 2 * x, t=x, scale=3.0) + outer(x, t=2.0)


def partials(x):
    f = functools.partial(lambda a, b=1.0, c=2.0: a * b + c, b=x)
    return f(3.0, c=x) + functools.partial(f, 2.0)()


def sequences_made(xs):
    total = 0.0
    for a, b in itertools.pairwise(xs):
        total += a * b
    total += list(itertools.accumulate(xs))[-1] + sum(map(lambda a, b: a * b, xs, xs))
    return total + sum(filter(lambda v: v > 1.5, xs)) + functools.reduce(lambda a, b: a * b, xs, 2.0)


def read_from_outside(x):
    return x * LIST[-1] * TABLE["k"] * TABLE["inner"]["a"] + sum(v * x for v in LIST) + len(LIST)


def matched_text(x, kind):
    match kind:
        case "square":
            return x * x
        case "cube" if x > 0:
            return x**3
        case _:
            return 0.0


def matched_class(s, x):
    match s:
        case Damped(k=0.0):
            return x
        case Damped(k, c=c):
            return k * c * x
        case Spring():
            return 0.0
    return x


def matched_numbers(x, n):
    total = 0.0
    for i in range(n):
        match i % 3, x > 2:
            case 0, True:
                total += x
            case 0, False:
                total -= x
            case (1, _):
                total += x * x
            case _:
                total *= x
    return total


def matched_sequence(t, y):
    match t:
        case (a, b):
            found = a * b
        case (a, *rest):
            found = a * rest[1]
    match y:
        case None:
            return found
        case float():
            return found * y


def sorted_keys(x, n):
    pairs = sorted([(math.sin(x * i), i) for i in range(n)], key=lambda p: -p[0])
    return pairs[0][0] * pairs[1][1] + max([x, x * x], key=lambda v: -v) * 3.0 + min([x, -x], key=abs)


def sorted_in_place(x, n):
    xs = []
    for i in range(n):
        xs.append(math.cos(x * i))
    same = xs
    xs.sort(reverse=True)
    xs.append(x)
    return same[0] * same[1] + same[-1] * len(same)


def conditions_on_all(x, n, xs):
    near = [x * i > 3 for i in range(n)]
    positive = all(v > 0 for v in xs)
    return x * x if any(near) and positive and any(x * i > 3 for i in range(n)) and not all(near) else x


def emptied(x, n):
    stack = []
    for i in range(n):
        stack.append(x * i)
    total = 0.0
    while stack:
        total = 0.5 * total + stack.pop()
    return total


def reckoned(x, n):
    stack = [x]
    for i in range(n):
        if i % 3 == 2:
            b, a = stack.pop(), stack.pop()
            stack.append(a * b)
        else:
            stack.append(x + i)
    return stack[0] * stack[-1]


def hooked(x, n):
    for _ in range(n):
        x = pb.with_derivative(math.sin(x), lambda d: 0.5 * d)
    return pb.with_derivative(x, lambda d: None) * pb.with_derivative(x * x, lambda d: d + 1.0)


def hooked_array(a):
    return np.sum(pb.with_derivative(a * 2, lambda d: d * 3.0) ** 2)


@pb.recomputed
def powers(x, n):
    for _ in range(n):
        x = x * math.sin(x) + x
    return x


def recomputed_inside(x):
    return powers(math.cos(x), 3) * pb.with_recomputation_in_pullbacks(x, lambda t: t * t)


def rolled(a):
    return np.sum(np.roll(a, 5) * a) + np.sum(np.roll(a, -4, axis=1) ** 2 * a)


def median_of_equals(a):
    return np.median(a) * 3 + np.median(a[:3]) + np.sort(a)[0] * np.ptp(a) + np.sum(np.argsort(a)) * a[0]


def small_functions(a, b):
    total = np.trapezoid(a, b) + np.polyval(a, b[0]) + np.average(a, weights=b * b) + np.trace(np.outer(a, b))
    return total + np.cross(a, b)[1] + np.cumprod(a)[2] + np.vdot(a, b) + np.any(a > 0) * a[0]


def picked_pairs(a, k):
    return np.sum(a[np.arange(len(k)), k] ** 2) + np.sum(a[:, k] * 2) + np.sum(a[k, 1]) + np.sum(a[[0, 1], [2, -1]])


def along_axes(a):
    return np.sum(np.sum(a, axis=(0, 1)) * a[0, 0]) + np.sum(np.expand_dims(a, 0)) + np.prod([a[0, 0], a[1, 1]])


def contracted(a, v):
    return np.einsum("ij,j->", a, v) + np.einsum("ij,jk->ik", a, a)[0, 1] + np.einsum("ii", a)


def classified(z):
    return nn.softmax_cross_entropy(z, LABELS)


CASES = [
    (named_tuples, (Pair(1.0, 2.0),)), (classes_above, (2.0, 3.0)), (keywords_passed_on, (2.0,)), (partials, (2.0,)),
    (sequences_made, ([1.0, 2.0, 3.0],)), (read_from_outside, (2.0,)), (matched_text, (2.0, "cube")),
    (matched_class, (Damped(2.0), 3.0)), (matched_numbers, (2.5, 7)), (matched_sequence, ((1.0, 2.0, 3.0), 4.0)),
    (matched_sequence, ((1.0, 2.0), None)), (sorted_keys, (1.5, 6)), (sorted_in_place, (2.0, 4)),
    (conditions_on_all, (1.5, 5, [1.0, 2.0])), (emptied, (0.9, 7)), (reckoned, (1.5, 8)), (hooked, (1.5, 2)),
    (hooked_array, (np.array([1.0, -0.5]),)), (recomputed_inside, (1.2,)), (rolled, (Z,)),
    (median_of_equals, (np.array([1.0, 2.0, 2.0, 3.0]),)), (small_functions, (Z[0], Z[1])), (picked_pairs, (Z, LABELS)),
    (along_axes, (Z,)), (contracted, (Z, Z[0])), (classified, (Z,)),
]  # fmt: skip


@pytest.mark.parametrize("f, args", CASES, ids=[f.__name__ for f, _ in CASES])
def test_gradients_agree(f, args):
    expected = pb.value_with_gradient(f)(*copy.deepcopy(args))
    got = pb.jit(pb.value_with_gradient(f))(*copy.deepcopy(args))
    assert same_structure(got, expected)
    np.testing.assert_allclose(numbers_of(got), numbers_of(expected), rtol=1e-9, atol=1e-12)


def test_what_stands_outside_is_read_anew():
    compiled = pb.jit(pb.gradient(read_from_outside))
    before = compiled(2.0)
    LIST[-1] = 5.0
    try:
        assert compiled(2.0) == pytest.approx(pb.gradient(read_from_outside)(2.0)) != before
        LIST.append(1.0)
        assert compiled(2.0) == pytest.approx(pb.gradient(read_from_outside)(2.0))
    finally:
        LIST[:] = [1.0, 2.0, 4.0]


def raises_after_a_choice(x, n):
    if n > 5:
        wrong = n if n < 8 else x
        raise ValueError(f"{wrong} is too large")
    return x * n


def too_many_taken(x, n):
    stack = [x]
    for _ in range(n):
        x = x * stack.pop()
    return x


def labels_out_of_range(z):
    return nn.softmax_cross_entropy(z, LABELS + 1)


RAISING = [
    (raises_after_a_choice, (2.0, 9), ValueError), (too_many_taken, (2.0, 3), IndexError),
    (labels_out_of_range, (Z,), pb.ArgumentError),
]  # fmt: skip


@pytest.mark.parametrize("f, args, error", RAISING, ids=[f.__name__ for f, _, _ in RAISING])
def test_the_same_exceptions(f, args, error):
    for gradient in (pb.gradient(f), pb.jit(pb.gradient(f))):
        with pytest.raises(error) as caught:
            gradient(*args)
        assert not isinstance(caught.value, pb.DifferentiabilityError)


def tripled(v):
    return v**3


@pb.derivative(of=tripled)
def tripled_vjp(v):  # another one than the true derivative
    return tripled(v), lambda g: 5.0 * g * v**2


def distance(p, q):
    return math.sqrt(np.sum((p - q) ** 2))


@pb.derivative(of=distance, wrt="p")
def distance_vjp(p, q):
    d = distance(p, q)
    return d, lambda g: g * (p - q) / d


def by_a_rule(x):
    return tripled(x) * x


def by_a_rule_of_arrays(a):
    return np.sum(tripled(a) * a)


def by_a_rule_of_one(p, q):
    return distance(p, q) ** 2


RULES = [
    (by_a_rule, (1.5,), None), (by_a_rule_of_arrays, (Z[0],), None), (by_a_rule_of_one, (Z[0], Z[1]), 0),
    (classified, (Z,), None),
]  # fmt: skip


@pytest.mark.parametrize("f, args, wrt", RULES, ids=[f.__name__ for f, _, _ in RULES])
def test_registered_derivatives_in_forward_mode(f, args, wrt):
    along = args[0] * 0.5 + 0.1
    expected = pb.differential(f, wrt=wrt)(*args)(along)
    assert pb.jit(pb.differential(f, wrt=wrt))(*args)(along) == pytest.approx(expected, rel=1e-9)
    expected = pb.hvp(f, wrt=wrt)(*args, along)
    np.testing.assert_allclose(pb.jit(pb.hvp(f, wrt=wrt))(*args, along), expected, rtol=1e-9, atol=1e-12)


def test_a_hook_lets_a_tangent_through():
    assert pb.jit(pb.differential(hooked))(1.5, 2)(1.0) == pytest.approx(pb.differential(hooked)(1.5, 2)(1.0))
    with pytest.raises(pb.DifferentiabilityError, match="`with_derivative` in a second derivative is not compiled"):
        pb.jit(pb.hvp(hooked))(1.5, 2, 1.0)
