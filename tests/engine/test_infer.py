"""Kinds: where they are known to be floats, the generated code is bare arithmetic."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import pullback as pb
from pullback import kinds as k
from pullback.infer import infer
from pullback.kinds import Kind, arithmetic, join, kind_of, same
from pullback.lower import lower
from pullback.names import Names
from pullback.source import acquire

# What bare code never calls: the run-time's generic operations.
GENERIC = re.compile(
    r"\b(fit|add|add_at|call|call_method|operate|finish|buffer|rebind|inplace|keep|iterate|read_attribute|read_item|unary"
    r"|dict_part|joined|seed|attribute|item)\("
)


def result_kind(f, **given):
    """The kind that inference finds for the result of `f`."""
    lowered = lower(acquire(f), f.__name__, f.__code__.co_freevars)
    known = {p: given.get(p, k.UNKNOWN) for p in lowered.parameters}
    return infer(lowered, Names(f), known, lambda stmt, arguments: k.UNKNOWN)


def kinds_of(f, **given):
    """The kind of every name that `f` binds, joined over its bindings."""
    from pullback import ir

    lowered = lower(acquire(f), f.__name__, f.__code__.co_freevars)
    known = {p: given.get(p, k.UNKNOWN) for p in lowered.parameters}
    infer(lowered, Names(f), known, lambda stmt, arguments: k.UNKNOWN)
    found = {}
    for stmt in ir.walk(lowered.body):
        if isinstance(stmt, ir.Bind):
            found[stmt.target] = join(found.get(stmt.target, k.NOTHING), stmt.facts.kind)
    return found


# The algebra --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "mask"),
    [
        (1.0, k.FLOAT), (1, k.INT), (True, k.BOOL), (1j, k.COMPLEX), ("a", k.STR), (None, k.NONE), ((), k.TUPLE),
        ([], k.LIST), ({}, k.DICT), (np.ones(2), k.ARRAY), (np.ones(2, np.float32), k.ARRAY), (np.arange(2), k.NPINT),
        (np.float64(1.0), k.NPFLOAT), (np.float32(1.0), k.NPFLOAT), (np.int64(1), k.NPINT), (np.bool_(1), k.NPINT),
        (np.complex64(1), k.NPFLOAT), (lambda: 1, k.FUNC), (type("F", (float,), {})(1.0), k.OTHER),
    ],
)  # fmt: skip
def test_the_kind_of_a_value(value, mask):
    assert kind_of(value).mask == mask


def test_only_exact_floats_are_bare():
    """`np.float64` is a subclass of float; its operators are NumPy's."""
    assert kind_of(np.float64(1.0)).mask != k.FLOAT
    assert not kind_of(type("F", (float,), {})(1.0)).scalar


VALUES = {"int": 3, "float": 2.5, "bool": True, "complex": 1 + 2j, "negative": -1.5}
OPERATORS = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b, "**": lambda a, b: a**b,
}  # fmt: skip


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("a", VALUES)
@pytest.mark.parametrize("b", VALUES)
def test_arithmetic_covers_what_python_returns(op, a, b):
    try:
        result = OPERATORS[op](VALUES[a], VALUES[b])
    except TypeError:
        return
    found = arithmetic(op, kind_of(VALUES[a]), kind_of(VALUES[b]))
    assert found.mask & kind_of(result).mask


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("a", [np.ones(2), np.float32(2.0), np.arange(2), 2.0, 3])
@pytest.mark.parametrize("b", [np.ones((2, 2)), np.longdouble(2.0), np.int64(1)])
def test_arithmetic_of_arrays_covers_what_numpy_returns(op, a, b):
    with np.errstate(all="ignore"):
        result = OPERATORS[op](a, b)
    found = arithmetic(op, kind_of(a), kind_of(b))
    assert found.mask & kind_of(result).mask
    assert found.numeric


def test_joining():
    both = join(kind_of(1), kind_of(1.0))
    assert both.mask == k.INT | k.FLOAT and both.scalar
    assert same(join(both, both), both)
    assert same(join(k.NOTHING, both), both) and same(join(both, k.NOTHING), both)
    assert join(both, kind_of(np.ones(2))).numeric
    assert not join(both, kind_of("a")).numeric
    assert join(Kind(k.STRUCT, int), Kind(k.STRUCT, str)).cls is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, True), (1, False), ("a", False), (None, False), ((1,), True), (np.ones(2), True), (np.arange(2), False)],
)
def test_which_kinds_are_differentiable(value, expected):
    assert kind_of(value).differentiable is expected


# Through a function -------------------------------------------------------------------------------------------------


def test_an_accumulator_that_starts_as_an_int():
    def f(x, n):
        s = 0
        for _ in range(n):
            s = s + x
        return s

    assert result_kind(f, x=k.FLOAT_KIND, n=k.INT_KIND).mask == k.INT | k.FLOAT


def test_branches_join():
    def f(x, n):
        if n:
            y = x
        else:
            y = 1j
        return y

    assert result_kind(f, x=k.FLOAT_KIND).mask == k.FLOAT | k.COMPLEX


def test_an_arm_that_raises_joins_nothing():
    def f(x, n):
        if n:
            y = x
        else:
            raise ValueError
        return y

    assert result_kind(f, x=k.FLOAT_KIND).mask == k.FLOAT


def test_a_loop_that_changes_a_kind():
    def f(x, n):
        a, b = x, 1
        for _ in range(n):
            a, b = b, a
        return a

    assert result_kind(f, x=k.FLOAT_KIND, n=k.INT_KIND).mask == k.INT | k.FLOAT


def test_an_unknown_argument_is_unknown():
    assert result_kind(lambda x: x * 2.0).mask == k.EVERYTHING


def test_loop_indices_are_ints():
    def f(x, n):
        for i in range(n):
            y = i
        return y

    assert kinds_of(f, n=k.INT_KIND)["y"].mask == k.INT


def test_math_returns_floats_and_comparisons_bools():
    def f(x):
        y = math.sin(x)
        z = not x
        w = f"{x}"
        return y, z, w

    found = kinds_of(f, x=k.FLOAT_KIND)
    assert (found["y"].mask, found["z"].mask, found["w"].mask) == (k.FLOAT, k.BOOL, k.STR)


# Bare arithmetic ----------------------------------------------------------------------------------------------------

SCALE = 2.5


def polynomial(x):
    return 3.0 * x * x - x / 2.0 + 1.0


def with_math(x, y):
    return math.sin(x) * math.exp(-y) + math.sqrt(x * x + y * y) - math.atan2(y, x)


def with_a_branch(x, y):
    z = x * y
    if z > 1.0:
        z = z * z
    else:
        z = -z
    return z * x if y > 0.0 else z


def float_loop(x, n):
    y = 0.0
    for i in range(n):
        y = y + x * y * 0.5 + x * i
    return y


def nested_float_loops(x, n):
    total = 0.0
    for i in range(n):
        y = x
        for j in range(i):
            y = y * x / (j + 1)
        total += y
    return total


def float_while(x):
    y = x
    while y < 100.0:
        y = y * y + 1.0
    return y


def newton(x):
    guess = x
    for _ in range(20):
        step = (guess * guess - x) / (2.0 * guess)
        guess = guess - step
        if abs(step) < 1e-12:
            break
    return guess


def augmented(x, y):
    x *= y
    x += 1.0
    x -= y
    x /= 2.0
    return x


def with_a_global(x):
    return SCALE * x * x


def rotated(x, y):
    for _ in range(3):
        x, y = y, x * y
    return x * y


def powers(x, n):
    return x**2 + x**n


def early(x):
    if x < 0.0:
        return -x
    return math.log1p(x)


def conditional(x, y):
    return (x if x > y else y) * (x and y) * (x or y)


FLOAT_FUNCTIONS = [
    (polynomial, (2.0,)), (with_math, (1.0, 2.0)), (with_a_branch, (1.0, 2.0)), (float_loop, (0.5, 4)),
    (nested_float_loops, (1.5, 4)), (float_while, (2.0,)), (newton, (2.0,)), (augmented, (2.0, 3.0)),
    (with_a_global, (2.0,)), (rotated, (2.0, 3.0)), (powers, (2.0, 3)), (early, (2.0,)), (conditional, (2.0, 3.0)),
]  # fmt: skip


@pytest.mark.parametrize(("f", "args"), FLOAT_FUNCTIONS, ids=lambda v: getattr(v, "__name__", ""))
class TestFloatFunctions:
    def test_the_derivative_is_right(self, f, args):
        pb.check_derivative(f, *args, modes=("reverse",))

    def test_forward_and_reverse_are_bare_but_for_their_outputs(self, f, args):
        """`finish` may stand in the last line alone, where an argument's own type is restored."""
        text = pb.derivative_source(f, *args)
        *body, last = [line for line in text.split("\n") if line.strip()]
        assert not GENERIC.findall("\n".join(body)), text
        assert not set(GENERIC.findall(last)) - {"finish"}, text

    def test_there_is_one_function_with_both_sweeps(self, f, args):
        text = pb.derivative_source(f, *args)
        assert text.startswith(f"def gradient_of_{f.__name__}(")
        assert text.count("\ndef ") == 0

    def test_no_zero_is_added(self, f, args):
        text = pb.derivative_source(f, *args)
        assert not re.search(r"[-+] 0\.0\b", text), text

    def test_nothing_is_fitted_in_the_reverse_sweep_of_a_pair(self, f, args):
        """`pb.pullback` runs the pair: it is bare too."""
        from pullback.generated import PAIR, Request
        from pullback.pipeline import find

        named = dict(zip(f.__code__.co_varnames, args, strict=False))
        active = frozenset(p for p, v in named.items() if isinstance(v, float))
        request = Request(active, frozenset(), tuple(sorted((p, kind_of(v).key) for p, v in named.items())), PAIR)
        derivative = find(f, request, named)
        from pullback.emit import source_text

        text = source_text([derivative.forward.tree, derivative.reverse.tree], lambda n: "")
        assert not GENERIC.findall(text), text


CALLERS = [
    lambda x: polynomial(x) * polynomial(2.0 * x),
    lambda x: with_math(x, 2.0) + early(x),
]


@pytest.mark.parametrize("f", CALLERS)
def test_calls_of_float_functions_are_direct(f):
    """A known callee's pair is called by name; nothing is dispatched."""
    text = pb.derivative_source(f, 2.0)
    assert not re.search(r"\b(call|operate)\(", text), text
    assert "_forward(" in text


def test_recursion_is_direct():
    text = pb.derivative_source(factorial_like, 2.0, 5)
    assert not re.search(r"\b(call|operate)\(", text), text


def factorial_like(x, n):
    if n == 0:
        return 1.0
    return x * factorial_like(x, n - 1)


def test_float_code_runs_on_its_own_types_only():
    """The same gradient function, called with other types, gives those types' results."""
    df = pb.gradient(polynomial)
    assert type(df(2.0)) is float
    assert type(df(np.float32(2.0))) is np.float32
    assert type(df(np.longdouble(2.0))) is np.longdouble
    assert df(np.array(2.0)).shape == ()
    assert type(df(2.0)) is float


def test_a_global_that_changes_its_type(monkeypatch):
    df = pb.gradient(with_a_global)
    assert df(2.0) == 10.0
    monkeypatch.setitem(globals(), "SCALE", np.float32(1.5))
    assert df(2.0) == 6.0
    monkeypatch.setitem(globals(), "SCALE", 3)
    assert df(2.0) == 12.0
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert df(2.0) == 8.0


def test_an_int_and_a_float_argument_do_not_share_code():
    def f(x, n):
        return x * n * n

    df = pb.gradient(f)
    assert df(2.0, 3) == 9.0
    assert df(2.0, 3.0) == (9.0, 12.0)
    assert df(2.0, 3) == 9.0
