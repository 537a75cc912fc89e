"""Only what the reverse sweep needs is kept."""

from __future__ import annotations

import gc
import math
import re
import tracemalloc

import numpy as np
import pytest

import pullback as pb
from pullback.emit import source_text
from pullback.generated import PAIR, Request
from pullback.kinds import kind_of
from pullback.pipeline import find


def pair(f, *args):
    """The generated pair of `f`, for arguments like these."""
    named = dict(zip(f.__code__.co_varnames, args, strict=False))
    active = frozenset(p for p, v in named.items() if not isinstance(v, (int, str)))
    kinds = tuple(sorted((p, kind_of(v).key) for p, v in named.items()))
    return find(f, Request(active, frozenset(), kinds, PAIR), named)


def text(f, *args):
    derivative = pair(f, *args)
    return source_text([derivative.forward.tree, derivative.reverse.tree], lambda n: "")


def kept(f, *args):
    """The values that a call of the forward sweep keeps (without the reverse function itself)."""
    forward = pair(f, *args).make(f)
    _, residual = forward(*args)
    return list(residual[1:])


def floats_in(x):
    """How many values a residual holds, those of stacks counted one by one."""
    if isinstance(x, (list, tuple)):
        return sum(map(floats_in, x))
    return 0 if callable(x) else 1


# Straight code ------------------------------------------------------------------------------------------------------

NOTHING = [
    (lambda x: x + 1.0, (2.0,)),
    (lambda x: 3.0 * x - 4.0, (2.0,)),
    (lambda x, y: x - y + 2.0 * x, (2.0, 3.0)),
    (lambda x: -(x / 4.0), (2.0,)),
    (lambda x: x, (2.0,)),
    (lambda x, y: (y, x), (2.0, 3.0)),
]


@pytest.mark.parametrize(("f", "args"), NOTHING)
def test_linear_functions_keep_nothing(f, args):
    assert kept(f, *args) == []


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        (lambda x, y: x * y, (2.0, 3.0), [2.0, 3.0]),
        (lambda x: x * x, (2.0,), [2.0]),
        (lambda x: math.exp(x), (2.0,), [math.exp(2.0)]),
        (lambda x: math.sin(x), (2.0,), [2.0]),
        (lambda x: math.sqrt(x), (4.0,), [2.0]),
        (lambda x: (x + 1.0) * 3.0, (2.0,), []),
    ],
)
def test_what_a_rule_needs_is_kept_once(f, args, expected):
    assert sorted(kept(f, *args)) == sorted(expected)


def test_one_operand_only_where_the_other_is_constant():
    assert kept(lambda x, n: x * n * 2.0, 2.0, 7) == [7]


def test_a_value_used_in_several_rules_is_kept_once():
    def f(x):
        y = math.exp(x)
        return y * y + y * y * y - math.log(y)

    assert sum(v == math.exp(2.0) for v in kept(f, 2.0)) == 1


def test_what_does_not_reach_the_result_keeps_nothing():
    def f(x):
        y = x * x
        z = math.exp(y) * y  # noqa: F841
        return x + 1.0

    assert kept(f, 2.0) == []


def test_values_that_are_overwritten_are_kept_under_another_name():
    def f(x):
        y = x * x
        z = y * y
        y = z * 3.0
        return y * z

    assert pb.gradient(f)(1.1) == pytest.approx(24.0 * 1.1**7)
    assert len(kept(f, 2.0)) == len(set(kept(f, 2.0)))


# Loops --------------------------------------------------------------------------------------------------------------


def linear_loop(x, n):
    y = x
    for _ in range(n):
        y = 0.5 * y + x
    return y


def linear_while(x, n):
    y, k = x, 0
    while k < n:
        y = y * 0.5 - x
        k = k + 1
    return y


def product_loop(x, n):
    y = 1.0
    for _ in range(n):
        y = y * x
    return y


def with_temporaries(x, n):
    y = x
    for _ in range(n):
        a = y + 1.0
        b = a * 2.0
        c = b - y
        y = c * 0.25
    return y


@pytest.mark.parametrize("f", [linear_loop, linear_while, with_temporaries])
def test_a_linear_loop_keeps_a_count(f):
    assert kept(f, 2.0, 1000) == [1000]
    pb.check_derivative(lambda x: f(x, 7), 2.0, modes=("reverse",))


def test_a_loop_keeps_one_value_an_iteration_and_the_invariant_once():
    values = kept(product_loop, 1.001, 1000)
    assert floats_in(values) <= 1001
    assert 1.001 in values


def test_memory_is_linear_in_the_iterations(small_heap):
    def used(n):
        pb.pullback(product_loop)(1.001, n)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        pull = pb.pullback(product_loop)(1.001, n)
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert pull(1.0) == pytest.approx(n * 1.001 ** (n - 1))
        return after - before

    small, large = used(1000), used(16000)
    assert large < 20 * small
    assert large / 16000 < 120  # bytes an iteration: one float and its place on the stack


def test_nested_loops_keep_per_iteration_what_changes_there():
    def f(x, n):
        total = 0.0
        for i in range(n):
            y = x * i
            for j in range(n):
                total = total + y * j
        return total

    assert floats_in(kept(f, 2.0, 10)) <= 2 * 10 * 10 + 3 * 10 + 3
    pb.check_derivative(lambda x: f(x, 5), 2.0, modes=("reverse",))


def test_a_branch_keeps_its_condition():
    def f(x, n):
        y = x
        for i in range(n):
            if i % 2:
                y = y + x
            else:
                y = y - 2.0 * x
        return y

    values = kept(f, 2.0, 10)
    assert floats_in(values) == 10 and all(type(v) is bool for v in values[0])


def test_residuals_are_plain_data():
    """No closures: numbers, arrays, lists and tuples of them, and generated functions."""

    def check(x):
        if isinstance(x, (list, tuple)):
            for part in x:
                check(part)
        elif callable(x):
            cells = [c.cell_contents for c in getattr(x, "__closure__", None) or ()]
            assert not any(isinstance(v, (float, np.ndarray, list)) for v in cells)
        else:
            assert x is None or isinstance(x, (float, int, bool, np.ndarray))

    def f(x, n):
        y = x
        for i in range(n):
            y = y * x if i % 2 else product_loop(y, 2)
        return y

    check(kept(f, 1.1, 4))


# Arrays -------------------------------------------------------------------------------------------------------------


def arrays_in(x):
    """The distinct arrays that a residual holds."""
    found = {}

    def walk(part):
        if isinstance(part, (list, tuple)):
            for p in part:
                walk(p)
        elif isinstance(part, np.ndarray):
            found[id(part)] = part

    walk(x)
    return list(found.values())


@pytest.mark.parametrize(
    ("f", "count"),
    [
        (lambda a: a + 1.0, 0),
        (lambda a: a * 2.0 - 3.0, 0),
        (lambda a: np.exp(a), 1),
        (lambda a: np.sin(a) * 2.0, 1),
        (lambda a: np.tanh(a) + a, 1),
        (lambda a: a.T, 1),
        (lambda a: np.reshape(a, -1), 0),
        (lambda a: a * a, 1),
    ],
)
def test_array_functions_keep_the_arrays_that_their_rules_need(f, count):
    found = arrays_in(kept(f, np.ones((3, 4))))
    assert len(found) <= count + 1, "at most one more, for its shape"


def test_arrays_are_kept_by_reference():
    a = np.ones((50, 50))
    assert any(array is a for array in arrays_in(kept(lambda a: np.sum(a * a), a)))


def test_a_loop_over_arrays_keeps_no_more_than_two_an_iteration():
    def f(a):
        for _ in range(20):
            a = np.sin(a) * 1.01
        return a

    found = arrays_in(kept(f, np.ones(1000)))
    assert len(found) <= 41


def test_the_pullback_frees_what_it_kept(small_heap):
    def f(a):
        return np.sum(np.sin(np.exp(a)))

    x = np.ones(200_000)
    pb.gradient(f)(x)
    gc.collect()
    tracemalloc.start()
    pull = pb.pullback(f)(x)
    held = tracemalloc.get_traced_memory()[0]
    del pull
    freed = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held >= x.nbytes
    assert freed < x.nbytes // 10


# The text -----------------------------------------------------------------------------------------------------------


def test_a_gradient_in_one_body_packs_nothing():
    source = pb.derivative_source(lambda x, y: math.sin(x * y) * x, 2.0, 3.0)
    assert "_res" not in source.replace("_result", "")


def test_reads_are_non_destructive():
    """A pullback can be called again: stacks are read, not popped."""
    for f, args in ((product_loop, (2.0, 3)), (linear_loop, (2.0, 3))):
        assert not re.search(r"\.pop\(|\bdel\b", text(f, *args))
    pull = pb.pullback(product_loop)(2.0, 3)
    assert pull(1.0) == pull(1.0) == 12.0
