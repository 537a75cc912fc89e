"""Functions that call themselves: compiled gradients agree with the interpreted ones."""

import math

import numpy as np
import pytest

import pullback as pb

from .test_programs import numbers_of

pytest.importorskip("numba")
SCALE = 1.5
WEIGHTS = np.array([1.0, 2.0, 0.5])


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def fast_power(x, n):
    if n == 0:
        return 1
    half = fast_power(x, n // 2)
    return half * half * x if n % 2 else half * half


def horner(a, x, i):
    return 0.0 if i == len(a) else a[i] + x * horner(a, x, i + 1)


def tree_sum(a, low, high):
    if high - low == 1:
        return a[low] * math.sin(a[low])
    middle = (low + high) // 2
    return tree_sum(a, low, middle) * tree_sum(a, middle, high) + a[low]


def halves(a):
    if len(a) == 1:
        return a[0] * a[0]
    k = len(a) // 2
    return halves(a[:k]) * 0.5 + halves(a[k:]) * halves(a[1:2])


def fibonacci(x, n):
    if n < 2:
        return x
    return 0.9 * fibonacci(x, n - 1) + math.sin(fibonacci(x, n - 2))


def even(x, n):
    return x if n == 0 else odd(x * math.cos(x), n - 1)


def odd(x, n):
    return 2.0 * x if n == 0 else even(math.sin(x), n - 1)


def halving(x):
    return x * x if x < 1.0 else math.sqrt(x) * halving(0.5 * x)


def with_a_loop(x, n):
    total = x
    for i in range(n):
        total = total + with_a_loop(x * 0.5, i) * total
    return total


def of_globals(x, n):
    return x * WEIGHTS[n % 3] if n < 1 else SCALE * of_globals(x * WEIGHTS[n % 3], n - 1)


def of_a_pair(p, n):
    x, y = p
    return x * y if n == 0 else of_a_pair((y, x + n), n - 1) * x


def ackermann_like(x, m, n):
    if m == 0:
        return x + n
    if n == 0:
        return ackermann_like(x, m - 1, 1)
    return ackermann_like(0.5 * ackermann_like(x, m, n - 1), m - 1, n - 1)


def called_twice(x, n):
    total = 0.0
    for i in range(n):
        total += power(x, i) * power(x + i, 2)
    return total


def counted(n):
    return 0 if n == 0 else 1 + counted(n - 1)


def by_an_int(x, n):
    return x * counted(n)


def filled(a, i, x):
    if i == len(a):
        return np.sum(a * a)
    b = a * x
    return filled(b, i + 1, x + b[i])


def evaluated(node, x):
    if isinstance(node, float):
        return node * x
    op, a, b = node
    left, right = evaluated(a, x), evaluated(b, x)
    return left + right if op == "+" else left * right


def of_a_tree(x):
    return evaluated(("+", ("*", 2.0, 3.0), ("+", 1.0, ("*", 4.0, 0.5))), x)


CASES = [
    (of_a_tree, (0.7,)),
    (power, (1.1, 7)), (power, (0.0, 0)), (fast_power, (1.1, 13)), (horner, (np.array([1.0, 2.0, 3.0]), 0.5, 0)),
    (tree_sum, (np.arange(1.0, 8.0), 0, 7)), (halves, (np.arange(1.0, 8.0),)), (fibonacci, (0.3, 9)),
    (even, (0.4, 7)), (halving, (50.0,)), (with_a_loop, (0.3, 5)), (of_globals, (0.7, 6)),
    (of_a_pair, ((0.3, 0.4), 5)), (ackermann_like, (0.3, 2, 3)), (called_twice, (0.9, 6)), (by_an_int, (0.9, 6)),
    (filled, (np.array([0.3, 0.8, 1.1]), 0, 0.9)),
]  # fmt: skip


@pytest.mark.parametrize("f, args", CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_gradients_agree(f, args):
    expected = pb.value_with_gradient(f)(*args)
    got = pb.jit(pb.value_with_gradient(f))(*args)
    np.testing.assert_allclose(numbers_of(got), numbers_of(expected), rtol=1e-9, atol=1e-12)
    assert pb.jit(f)(*args) == pytest.approx(f(*args), rel=1e-12)


def test_it_is_linear_in_the_number_of_calls():
    """Not the square of it, as if each call ran all those inside it again."""
    slope = pb.jit(pb.gradient(power))
    for n in (10, 900):
        assert slope(1.001, n) == pytest.approx(n * 1.001 ** (n - 1), rel=1e-9)


def test_too_deep():
    with pytest.raises(RecursionError):
        pb.jit(pb.gradient(power))(1.0, 100_000)
    with pytest.raises(RecursionError):
        pb.jit(power)(1.0, 100_000)


def test_a_global_is_read_anew():
    global SCALE
    slope = pb.jit(pb.gradient(of_globals))
    before = slope(0.7, 2)
    SCALE = 3.0
    assert slope(0.7, 2) == pytest.approx(4.0 * before, rel=1e-12)
    SCALE = 1.5


def returns_a_pair(x, n):
    if n == 0:
        return x, x
    a, b = returns_a_pair(x * x, n - 1)  # HERE
    return a, b * x


def returns_an_array(a, n):
    return a if n == 0 else returns_an_array(a * a, n - 1)  # HERE


@pytest.mark.parametrize("f, args", [(returns_a_pair, (0.5, 3)), (returns_an_array, (np.ones(3), 3))])
def test_refused(f, args):
    with pytest.raises(pb.DifferentiabilityError, match="calls itself"):
        pb.jit(f)(*args)


def test_forward_mode_is_refused():
    with pytest.raises(pb.DifferentiabilityError, match="has no compiled forward mode"):
        pb.jit(pb.differential(power, wrt=0))(1.1, 3)(1.0)
    with pytest.raises(pb.DifferentiabilityError, match="has no compiled forward mode"):
        pb.jit(pb.hvp(power, wrt=0))(1.1, 3, 1.0)
