"""Programs whose gradient is right: forward mode and second derivatives agree with differences, too."""

from __future__ import annotations

import copy
import enum
import functools
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

import pullback as pb

Array = np.ndarray[Any, Any]
X = np.array([0.7, 1.3, -0.4])
PROGRAMS: list[Callable[[Array], Any]] = []


def program(f: Callable[[Array], Any]) -> Callable[[Array], Any]:
    PROGRAMS.append(f)
    return f


# --- local functions that call ones made after them ---------------------------------------------------


@program
def calls_a_later_function(x: Array) -> Any:
    def first() -> Any:
        return later() * x[1]

    def later() -> Any:
        return x[0] * x[0]

    return first()


@program
def calls_each_other(x: Array) -> Any:
    def even(n: int, v: Any) -> Any:
        return v if n == 0 else odd(n - 1, v * x[0])

    def odd(n: int, v: Any) -> Any:
        return v * x[2] if n == 0 else even(n - 1, v * x[1])

    functions = [even, odd]
    return sum(map(lambda n: even(n, x[0]), range(4))) * functions[1](2, x[1])


@program
def later_ones_with_defaults(x: Array) -> Any:
    def a(v: Any, k: float = 2.0) -> Any:
        return b(v) * k * x[0]

    def b(v: Any, k: float = 3.0) -> Any:
        return c(v) * k

    def c(v: Any) -> Any:
        return v * x[1] * x[0]

    return a(x[2]) * b(x[0])


@program
def later_ones_that_change_something(x: Array) -> Any:
    y = x.copy()
    seen = []

    def a(n: int) -> Any:
        return b(n) * y[1]

    def b(n: int) -> Any:
        y[0] += x[2] * y[1]
        seen.append(y[0] * n)
        return y[0] * n

    y[1] *= x[0]
    return a(2) * y[0] + a(3) * sum(seen)


def apply_to(h: Callable[[int], Any], z: Array) -> Any:
    z[0] = h(1) * z[1]
    return z[0]


@program
def handed_on_with_what_they_change(x: Array) -> Any:
    y = x * 1.0

    def a(n: int) -> Any:
        return b(n) * x[1]

    def b(n: int) -> Any:
        return y[0] * n

    return apply_to(a, y) * a(1)


def test_a_default_of_a_later_function_is_refused() -> None:
    def f(x: Array) -> Any:
        def a() -> Any:
            return b()

        def b(k: Any = x[0]) -> Any:
            return k

        return a()

    for verb in (pb.gradient, pb.differential):
        with pytest.raises(pb.DifferentiabilityError, match="`b` is captured here and made later"):
            verb(f)(X)


# --- shallow copies, which share what they hold -------------------------------------------------------


class Node:
    def __init__(self, v: Any) -> None:
        self.v = v
        self.kids: list[Any] = []
        self.a = v * np.ones(2)


@program
def copies_a_list(x: Array) -> Any:
    a: list[Any] = [[x[0]], x[1]]
    b = copy.copy(a)
    b[0].append(x[2])
    b[1] = 3.0
    return sum(a[0]) ** 2 * a[1] * b[1]


@program
def copies_an_object(x: Array) -> Any:
    n = Node(x[0])
    n.kids.append(Node(x[1]))
    m = copy.copy(n)
    m.kids[0].v *= x[2]
    m.kids.append(n)
    m.a[0] = x[1] * x[2]
    m.v = x[2]
    return n.v * n.kids[0].v * n.a[0] * m.v * len(n.kids)


@program
def copies_a_dict_and_a_deque(x: Array) -> Any:
    d: dict[str, Any] = {"a": [x[0]], "b": {"c": [x[1]]}}
    e = copy.copy(d)
    e["b"]["c"].append(x[2])
    e["a"] = 3.0
    q = deque([[x[0]], [x[1]]])
    r = q.copy()
    r[0].append(x[2] * x[1])
    r.append([1.0])
    return sum(d["b"]["c"]) * d["a"][0] * sum(q[0])


@program
def copies_an_array(x: Array) -> Any:
    y = x * 2
    z = copy.copy(y)
    z[0] = x[1]
    return np.sum(y * z)


# --- heaps ---------------------------------------------------------------------------------------------


@program
def pops_from_a_heap(x: Array) -> Any:
    h = [v * 1.0 for v in x]
    heapq.heapify(h)
    return heapq.heappop(h) ** 3 * heapq.heappop(h) ** 2


@program
def replaces_in_a_heap(x: Array) -> Any:
    h = [v * 1.0 for v in x]
    heapq.heapify(h)
    first = heapq.heapreplace(h, x[0] * 5.0) ** 3
    second = heapq.heappushpop(h, x[0] * x[2]) ** 3
    return first * second + heapq.heappushpop(h, x[1] ** 2) ** 2 * h[0]


# --- operators of a class that make a new instance ------------------------------------------------------


class Matrix:
    def __init__(self, a: Any) -> None:
        self.a = a

    def __getitem__(self, i: Any) -> Any:
        return self.a[i]

    def __setitem__(self, i: Any, v: Any) -> None:
        self.a[i] = v

    def __add__(self, other: Any) -> Any:
        return Matrix(self.a + other.a)

    def __matmul__(self, other: Any) -> Any:
        return Matrix(self.a @ other.a)

    def __neg__(self) -> Any:
        return Matrix(-self.a * self.a)


@program
def adds_changed_objects(x: Array) -> Any:
    m = Matrix(np.outer(x, x))
    m[1] = m[0]
    return np.sum((m + m).a)


@program
def multiplies_changed_objects(x: Array) -> Any:
    m = Matrix(np.outer(x, x))
    m[1] += m[0]
    n = m @ -m
    return n[0, 1] + np.sum(n.a) * n[1, 0]


# --- broadcast views, whose entries share memory ---------------------------------------------------------


def entry(a: Any, k: Any) -> Any:
    return a[k]


@program
def entries_of_a_broadcast(x: Array, at: Callable[[Any, Any], Any] = entry) -> Any:
    b = np.broadcast_to(x[0], (3,))
    c = np.broadcast_to(x, (2, 3))
    return at(b, 0) * at(b, 1) + at(c, 0)[0] * at(c, 1)[1] * at(c, (1, 2))


@program
def vectorized_with_a_number(x: Array) -> Any:
    return np.sum(np.vectorize(lambda a, b: a * b)(x, x[0]))


@program
def vectorized_with_a_column(x: Array) -> Any:
    return np.prod(np.vectorize(lambda a, b: a * b)(x[:2, None], x))


# --- named tuples, and objects with an `==` of their own ---------------------------------------------------


class Pair(NamedTuple):
    a: Any
    b: Any = 2.0
    n: int = 3


@program
def replaces_fields(x: Array) -> Any:
    p = Pair(x[0], x[1])
    q = p._replace(b=p.a * x[2])
    r = q._replace(a=q.b**2, n=4)
    d = r._asdict()
    return d["a"] * d["b"] * d["n"] * p.b * len(r._fields)


@program
def replaces_fields_that_change(x: Array) -> Any:
    p = Pair(x[0] * 1.0, x.copy())
    q = p._replace(a=x[2])
    q.b[0] = q.a**2
    return np.sum(p.b * x) * p.a


def test_an_unknown_field_is_pythons_error() -> None:
    for verb in (pb.gradient, pb.differential):
        with pytest.raises(ValueError, match="Got unexpected field names"):
            verb(lambda x: Pair(x[0])._replace(c=x[1]).a)(X)


@dataclass
class Line:
    slope: Any
    start: Any

    def __call__(self, t: Any) -> Any:
        return self.slope * t + self.start * t * t

    def __eq__(self, other: Any) -> bool:
        return bool(self.slope == other.slope)


@program
def calls_an_object_that_compares(x: Array) -> Any:
    line = Line(x[0], x[1])
    return line(x[2]) * line(x[0])


# --- functions that are found at run time ---------------------------------------------------------------


@program
def imported_in_the_function(x: Array) -> Any:
    import itertools
    import operator
    from functools import reduce

    return reduce(operator.mul, itertools.accumulate(x)) + reduce(lambda a, b: a * b, [x[0], x[1]], x[2])


@program
def drawn_into_an_array(x: Array) -> Any:
    return np.prod(np.fromiter(map(lambda v: v * v * x[0], x), float)) + np.sum(np.fromiter(x, float, count=2)) ** 2


def test_a_generator_is_drawn_into_an_array() -> None:
    pb.check_derivative(lambda x: np.fromiter([1.5 * x[0], 2, x[2] ** 2], np.float64, count=2), X)
    assert pb.pullback(lambda x: np.fromiter(x, np.float32))(X)(np.ones(3, np.float32)).dtype == np.float64
    pb.check_derivative(lambda x: np.prod(np.fromiter((v * v for v in x), float, count=2)), X, modes=("reverse",))
    with pytest.raises(ValueError, match="too short"):
        pb.gradient(lambda x: np.sum(np.fromiter((v * v for v in x), float, count=5)))(X)


# --- decorators, and keys that are no strings ----------------------------------------------------------


def doubled(fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def wrapper(*a: Any, **k: Any) -> Any:
        return fn(*a, **k) * 2.0

    return wrapper


def named(fn: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(a: Any) -> Any:
        return fn(a) * 3.0

    return functools.update_wrapper(wrapper, fn)


@program
def decorates_a_local_function(x: Array) -> Any:
    @doubled
    @named
    def h(y: Any) -> Any:
        return y * x[1] ** 2

    assert h.__name__ == "h"
    return h(x[0]) * h(x[2])


class Part(enum.Enum):
    HEAD = 1
    TAIL = 2


class Bit(enum.Flag):
    LOW = 1
    HIGH = 2


@program
def keys_of_an_enum(x: Array) -> Any:
    parts: dict[Any, Any] = {Part.HEAD: x[0], Bit.LOW | Bit.HIGH: x[2], Fraction(1, 2): x[1]}
    for key, v in zip(Part, x, strict=False):
        parts[key] = v * x[0]
    parts[Part.HEAD] += x[2]
    return sum(parts.values()) * parts[Part.TAIL] * parts[Bit.HIGH | Bit.LOW] * parts[Fraction(2, 4)]


# --- lists in the place of arrays --------------------------------------------------------------------


@program
def lists_given_to_ufuncs(x: Array) -> Any:
    made = []
    for v in x:
        made.append(v * x[0])
    nested = np.subtract([[1.0, x[1]], [2, x[0]]], (x[0], 2))
    broadcast = np.multiply([1.0, x[1]], np.outer(x[:2], x[:2]))
    return np.prod(np.exp(made)) * np.prod(np.negative([1.0, x[1]])) + np.prod(nested) * np.sum(broadcast)


@program
def a_list_that_changes_given_to_a_ufunc(x: Array) -> Any:
    values = [x[0], x[1]]
    values[0] = values[1] * x[2]
    y = np.sin(values)
    values[1] = x[0]
    return np.prod(y) * np.sum(np.cos(values))


@program
def intermediates_of_which_a_rule_asks_the_shape(x: Array) -> Any:
    diagonal = np.einsum("ii", x[:2].reshape(2, 1) * x[:2])
    present = np.nansum(np.where(x > 0.0, x, np.nan)) * np.nansum(x * 2)
    return np.sort(x * 2)[1] ** 3 * diagonal**2 + np.partition(x + 1, 2)[2] ** 2 * present


@program
def powers_of_a_matrix(x: Array) -> Any:
    m = np.outer(x, x) + np.eye(3)
    return np.sum(np.linalg.matrix_power(m, 0) * m) + np.linalg.matrix_power(m, 0)[0, 0] * x[1] ** 2


# --- iterators -------------------------------------------------------------------------------------------


@program
def an_iterator_in_either_arm(x: Array) -> Any:
    pairs = zip(x, x[1:])
    if x[0] > 0.0:
        total = sum([a * b * b for a, b in pairs])
    else:
        total = sum([a for a, _ in pairs])
    for k in range(2):
        for i, v in enumerate(x):
            total += i * v**k * x[0]
    return total


def goes_on_with_enumerate(x: Array) -> Any:
    total = 0.0
    it = enumerate(x)
    for i, v in it:
        total += v * v
        if i == 0:
            break
    for _, v in it:
        total += v**3
    return total


def goes_on_with_zip(x: Array) -> Any:
    it = same = zip(x, x)
    return sum([a * b for a, b in it]) + sum(a * b * b for a, b in same)


def goes_on_in_a_loop(x: Array) -> Any:
    it = map(abs, x)
    total = 0.0
    for k in range(2):
        for a in it:
            total += k * a * a
    return total


@pytest.mark.parametrize("f", [goes_on_with_enumerate, goes_on_with_zip, goes_on_in_a_loop])
def test_going_on_with_an_iterator(f: Callable[[Array], Any]) -> None:
    pb.check_derivative(f, X)


def goes_on_with_pairs(x: Array) -> Any:
    it = itertools.combinations(x, 2)
    total = 0.0
    for a, b in it:
        total += a * b
        break
    for a, b in it:
        total += a * b * b
    return total


def test_going_on_with_what_is_a_list_in_forward_mode_is_refused() -> None:
    pb.check_derivative(goes_on_with_pairs, X, modes=("reverse",))
    with pytest.raises(pb.DifferentiabilityError, match="an iterator that is gone through in more than one place"):
        pb.differential(goes_on_with_pairs)(X)
    with pytest.raises(pb.DifferentiabilityError, match="an iterator that is gone through in more than one place"):
        pb.pullback(pb.gradient(goes_on_with_pairs))(X)(X)


# --- numbers of subclasses, and what changes in fields, views and lists ------------------------------------


class Count(enum.IntEnum):
    FOUR = 4


class Weight(float, enum.Enum):
    HALF = 0.5


@program
def numbers_of_an_enum(x: Array) -> Any:
    return np.sum(x**Count.FOUR) * Weight.HALF + (x[0] + Count.FOUR) * x[1] * Weight.HALF


class Particle:
    def __init__(self) -> None:
        self.position, self.velocity = np.ones(3), np.zeros(3)

    def push(self, force: Any, dt: float) -> None:
        self.velocity += force * dt
        self.position += self.velocity * dt


@program
def arrays_in_fields_change(x: Array) -> Any:
    p = Particle()
    for _ in range(2):
        p.push(-p.position * x, 0.1)
    return np.sum(p.position**2)


@program
def a_view_changes(x: Array) -> Any:
    v = x * x
    w = v[::-1]
    w *= x[0]
    return np.sum(v * v)


@program
def a_list_is_put_together(x: Array) -> Any:
    q = [x[0]]
    q.insert(0, x[1] * x[2])
    q.extend([x[1] ** 2])
    q.reverse()
    return q[0] * q[1] * q[2] ** 2


# ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f: Callable[[Array], Any], in_every_mode: Any) -> None:
    in_every_mode(f, X)
