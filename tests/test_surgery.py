"""Derivative surgery: `without_derivative` and `with_derivative`."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest

import pullback as pb

# without_derivative --------------------------------------------------------------------------------------------------


def test_the_tutorials_example():
    def f(x, y):
        return math.sin(math.sin(math.sin(x))) + pb.without_derivative(math.cos(math.cos(math.cos(y))))

    gx, gy = pb.gradient(f)(2.0, 3.0)
    assert gx == pytest.approx(-0.18009877, abs=1e-8) and gy == 0.0


def test_it_returns_the_value_itself():
    a = np.ones(3)
    assert pb.without_derivative(a) is a
    assert pb.without_derivative(3) == 3


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x * pb.without_derivative(x), 3.0),
        (lambda x: pb.without_derivative(x) ** 2 + x, 1.0),
        (lambda x: pb.without_derivative(x * x) * x, 9.0),
        (lambda x: x * pb.without_derivative([x, x])[0], 3.0),
        (lambda x: x * pb.without_derivative({"k": x})["k"], 3.0),
        (lambda x: x * (pb.without_derivative(x) if x > 0 else x), 3.0),
    ],
)
def test_nothing_flows_through(f, expected):
    assert pb.gradient(f)(3.0) == expected


def test_arrays_and_objects():
    a = np.array([1.0, 2.0])
    assert pb.gradient(lambda a: np.sum(a * pb.without_derivative(a)))(a).tolist() == [1.0, 2.0]


def test_the_constant_case_warns_and_is_silenced():
    with pytest.warns(pb.ZeroDerivativeWarning, match="does not depend on `x`"):
        assert pb.gradient(lambda x: math.cos(3.0))(2.0) == 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pb.gradient(lambda x: pb.without_derivative(math.cos(3.0)))(2.0) == 0.0
        assert pb.gradient(lambda x: pb.without_derivative(x))(2.0) == 0.0


def test_the_warning_stands_at_the_users_line():
    def f(x):
        y = 3.0
        return y * 2.0

    with pytest.warns(pb.ZeroDerivativeWarning) as seen:
        pb.gradient(f)(1.0)
    assert seen[0].filename == __file__ and seen[0].lineno == f.__code__.co_firstlineno + 2
    assert f"test_surgery.py:{seen[0].lineno}" in str(seen[0].message) and "without_derivative" in str(seen[0].message)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 0.0,  # depends on x, though the derivative is 0
        lambda x: max(x, 5.0) if x > 0 else x,
        lambda x: abs(x) * 0.0 + x,
        lambda x: [x, 2.0][1] if x < 0 else x,
        lambda x: sum([x * 1.0]),
        lambda x: np.where(x > 0, x, 0.0) + 0.0,
    ],
)
def test_no_false_alarms(f):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pb.gradient(f)(1.0)


def stored_through(a):
    b = pb.without_derivative(a)
    b[0] = 3.0
    return a[0] * a[1]


def active_store_through(a):
    b = np.zeros(3)
    c = pb.without_derivative(b)
    c[0] = a[1]
    return b[0] * a[2]


def read_after_the_change(a):
    b = a * 2.0
    c = pb.without_derivative(b)
    b[0] = a[1]
    return c[0] * c[1]


def changed_while_it_is_read(a):
    c = pb.without_derivative(a)
    s = 0.0
    for i in range(3):
        s += c[i] * a[i]
        a[i] = 2.0 * a[i]
    return s


@pytest.mark.parametrize("verb", [pb.gradient, pb.differential], ids=["reverse", "forward"])
@pytest.mark.parametrize("f", [stored_through, active_store_through, read_after_the_change, changed_while_it_is_read])
def test_what_it_returned_is_not_changed_afterwards(f, verb):
    with pytest.raises(pb.DifferentiabilityError, match="what `without_derivative` returned"):
        verb(f)(np.array([1.0, 2.0, 3.0]))


def test_copies_of_what_it_returned_and_what_is_read_before_may_change():
    def copied(a):
        b = pb.without_derivative(a).copy()
        b[0] = 3.0
        b[1] = a[0]
        return a[0] * b[1] * b[2]

    def read_before(a):
        s = 0.0
        for i in range(3):
            s += a[i] * np.max(pb.without_derivative(a))
            a[i] = a[i] * 2.0
        return s

    a = np.array([1.0, 2.0, 3.0])
    assert pb.gradient(copied)(a.copy()).tolist() == [6.0, 0.0, 0.0]
    assert pb.gradient(read_before)(a.copy()).tolist() == [3.0, 3.0, 4.0]


# with_derivative -----------------------------------------------------------------------------------------------------


def test_hooks_run_in_reverse_program_order():
    seen = []

    def f(x):
        a = pb.with_derivative(math.log(x), lambda d: seen.append(("log", d)))
        b = pb.with_derivative(math.sin(x), lambda d: seen.append(("sin", d)))
        return a * 2.0 + b * 3.0

    assert pb.gradient(f)(30.0) == pytest.approx(2.0 / 30.0 + 3.0 * math.cos(30.0))
    assert seen == [("sin", 3.0), ("log", 2.0)]


def test_the_tutorials_hooks(capsys):
    def f(x):
        x = pb.with_derivative(x, lambda d: print("∂+/∂sin"))  # last of all
        s = math.sin(pb.with_derivative(x, lambda d: print("∂sin", d)))
        log = math.log(pb.with_derivative(x, lambda d: 0.5))
        return log + pb.with_derivative(s, lambda d: print("∂+", d))

    assert pb.gradient(f)(30.0) == pytest.approx(math.cos(30.0) + 0.5)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["∂+ 1.0", f"∂sin {math.cos(30.0)}", "∂+/∂sin"]


def test_none_observes_and_a_value_replaces():
    assert pb.gradient(lambda x: pb.with_derivative(x, lambda d: None) ** 2)(3.0) == 6.0
    assert pb.gradient(lambda x: pb.with_derivative(x, lambda d: 10.0 * d) ** 2)(3.0) == 60.0
    assert pb.gradient(lambda x: pb.with_derivative(x, lambda d: 0.0) ** 2)(3.0) == 0.0
    assert pb.gradient(lambda x: pb.with_derivative(x=x, callback=lambda d: 5.0) ** 2)(3.0) == 5.0


def test_the_value_is_x_itself():
    a = np.ones(2)
    assert pb.with_derivative(a, print) is a


def test_once_on_the_summed_cotangent():
    seen = []

    def f(x):
        y = pb.with_derivative(x * 1.0, seen.append)
        return y * 2.0 + y * 3.0 + y * y

    assert pb.gradient(f)(4.0) == 13.0
    assert seen == [13.0]


def test_once_for_each_evaluated_call():
    seen = []

    def f(x):
        for _ in range(3):
            x = pb.with_derivative(x * 2.0, seen.append)
        return x

    assert pb.gradient(f)(1.0) == 8.0
    assert seen == [1.0, 2.0, 4.0]


def test_in_a_called_function_and_a_method():
    seen = []

    def inner(t):
        return pb.with_derivative(t, lambda d: seen.append(d))

    class Box:
        def f(self, t):
            return pb.with_derivative(t, lambda d: seen.append(-d))

    assert pb.gradient(lambda x: inner(x * 2.0) * 3.0 + Box().f(x))(1.0) == 7.0
    assert sorted(seen) == [-1.0, 3.0]


def test_never_where_the_result_is_not_reached():
    seen = []

    def f(x, y):
        pb.with_derivative(x * 2.0, lambda d: seen.append("unused"))
        if y > 10.0:
            x = pb.with_derivative(x, lambda d: seen.append("branch"))
        cut = pb.without_derivative(pb.with_derivative(x, lambda d: seen.append("cut")))
        return x * y + 0.0 * cut

    assert pb.gradient(f)(3.0, 2.0) == (2.0, 3.0)
    assert seen == []


def test_never_on_what_is_not_active():
    seen = []
    assert pb.gradient(lambda x, c: x * pb.with_derivative(c, seen.append), wrt="x")(3.0, 2.0) == 2.0
    assert pb.gradient(lambda x: x * pb.with_derivative(5.0, seen.append))(3.0) == 5.0
    assert seen == []


def test_not_when_an_exact_zero_arrives_is_left_open_but_a_number_is_seen():
    seen = []
    pb.gradient(lambda x: pb.with_derivative(x, seen.append) * 0.0)(3.0)
    assert seen == [0.0]


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.longdouble, np.float64])
def test_numpy_floats_keep_their_type(kind):
    seen = []

    def f(x):
        return pb.with_derivative(x, lambda d: (seen.append(type(d)), d * 2.0)[1]) ** 2

    t = pb.gradient(f)(kind(3.0))
    assert type(t) is kind and t == 12.0 and seen == [kind]


def test_float32_stays_float32_when_a_float64_replaces_it():
    t = pb.gradient(lambda x: pb.with_derivative(x, lambda d: np.float64(0.1)) * 2)(np.float32(3.0))
    assert type(t) is np.float32 and t == np.float32(0.1)
    a = np.ones(3, np.float32)
    t = pb.gradient(lambda a: np.sum(pb.with_derivative(a, lambda d: np.full(3, 0.1))))(a)
    assert t.dtype == np.float32


def test_arrays():
    a = np.array([1.0, -2.0, 3.0])
    clipped = pb.gradient(lambda a: np.sum(pb.with_derivative(a, lambda d: np.clip(d, -3.0, 3.0)) ** 2))(a)
    assert clipped.tolist() == [2.0, -3.0, 3.0]


def test_a_callback_may_change_its_own_copy():
    def spoil(d):
        d[:] = 100.0

    a = np.array([1.0, 2.0])
    assert pb.gradient(lambda a: np.sum(pb.with_derivative(a, spoil) * 3.0))(a).tolist() == [3.0, 3.0]


@dataclass
class Point:
    x: float
    y: float
    name: str = "p"
    scale: float = pb.no_derivative(1.0)
    tags: list = field(default_factory=list)


def test_a_dataclass():
    seen = []

    def f(p):
        p = pb.with_derivative(p, lambda d: (seen.append(d), d * 2.0)[1])
        return p.x * p.x + p.y * 3.0

    t = pb.gradient(f)(Point(2.0, 5.0))
    assert (t.x, t.y) == (8.0, 6.0)
    assert seen[0].x == 4.0 and seen[0].y == 3.0


def test_containers():
    def f(xs):
        xs = pb.with_derivative(xs, lambda d: [d[0] * 10.0, d[1]])
        return xs[0] * xs[1]

    assert pb.gradient(f)([2.0, 3.0]) == [30.0, 2.0]
    g = lambda p: pb.with_derivative(p, lambda d: {k: 7.0 for k in d})["a"] * 2.0
    assert pb.gradient(g)({"a": 1.0, "b": 2.0}) == {"a": 7.0, "b": 7.0}


@pytest.mark.parametrize(
    ("x", "replacement", "text"),
    [
        (np.ones(3), np.ones(2), r"expected shape \(3,\).*got shape \(2,\)"),
        (np.ones(3), "text", "needs an array, not a str"),
        (2.0, np.ones(2), "needs a number"),
        ((1.0, 2.0), (1.0,), "expected a tuple of 2 tangents"),
        ({"a": 1.0}, {"b": 1.0}, "no key 'b'"),
        (Point(1.0, 2.0), {"z": 1.0}, "no differentiable field 'z'"),
    ],
)
def test_a_replacement_is_checked(x, replacement, text):
    def total(x):
        if isinstance(x, np.ndarray):
            return np.sum(x)
        if isinstance(x, tuple):
            return x[0] + x[1]
        if isinstance(x, dict):
            return x["a"]
        return x.x if isinstance(x, Point) else x

    def f(x):
        y = pb.with_derivative(x, lambda d: replacement)
        return total(y)

    with pytest.raises(pb.CotangentError, match=f"(?s)with_derivative callback.*{text}") as raised:
        pb.gradient(f)(x)
    assert f"test_surgery.py:{f.__code__.co_firstlineno + 1}" in str(raised.value)


def test_an_exception_in_a_callback_passes_unchanged():
    def fail(d):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        pb.gradient(lambda x: pb.with_derivative(x, fail) * 2.0)(1.0)


def test_hooks_in_branches_loops_and_recursion():
    seen = []

    def f(x, n):
        if n == 0:
            return x
        x = pb.with_derivative(x * 2.0, lambda d: seen.append((n, d)))
        return f(x, n - 1)

    assert pb.gradient(f)(1.0, 3) == 8.0
    assert seen == [(1, 1.0), (2, 2.0), (3, 4.0)]


def test_the_xor_network_of_the_tutorial():
    rng = np.random.default_rng(0)
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    w1, b1 = rng.normal(size=(2, 10)), np.full(10, 0.1)
    w2, b2 = rng.normal(size=(10, 1)), np.zeros(1)
    shapes = []

    def loss(w1, b1, w2, b2):
        hidden = pb.with_derivative(np.maximum(x @ w1 + b1, 0.0), lambda d: shapes.append(("hidden", d.shape)))
        predicted = pb.with_derivative(hidden @ w2 + b2, lambda d: shapes.append(("output", d.shape)))
        return np.mean((predicted - y) ** 2)

    parameters = [w1, b1, w2, b2]
    losses = []
    for _ in range(10):
        value, tangents = pb.value_with_gradient(loss)(*parameters)
        parameters = [p - 0.02 * t for p, t in zip(parameters, tangents)]
        losses.append(value)
    assert shapes == [("output", (4, 1)), ("hidden", (4, 10))] * 10
    assert all(b < a for a, b in zip(losses, losses[1:]))


def test_hooks_run_again_with_each_call_of_a_pullback():
    seen = []
    pull = pb.pullback(lambda x: pb.with_derivative(x, seen.append) * 2.0)(1.0)
    assert seen == []
    pull(1.0), pull(3.0)
    assert seen == [2.0, 6.0]
