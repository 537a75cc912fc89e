"""Recomputation: `recomputed` and `with_recomputation_in_pullbacks`. Memory is in `test_silent_wrong.py`."""

from __future__ import annotations

import math
import random
import types
from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb


def square(x):
    print("Computing square...")
    return x * x


def test_the_tutorials_example(capsys):
    again = pb.recomputed(square)
    assert again(3.0) == 9.0
    assert capsys.readouterr().out == "Computing square...\n"
    assert pb.gradient(lambda x: again(math.cos(x)))(10.0) == pytest.approx(-math.sin(20.0))
    assert capsys.readouterr().out == "Computing square...\n" * 2  # once in each direction


def test_not_before_the_pullback_is_called(capsys):
    value, pull = pb.value_with_pullback(pb.recomputed(square))(3.0)
    assert value == 9.0 and capsys.readouterr().out == "Computing square...\n"
    assert (pull(1.0), pull(2.0)) == (6.0, 12.0)
    assert capsys.readouterr().out == "Computing square...\n" * 2


def test_with_recomputation_in_pullbacks(capsys):
    assert pb.with_recomputation_in_pullbacks(3.0, square) == 9.0
    capsys.readouterr()
    assert pb.gradient(lambda x: pb.with_recomputation_in_pullbacks(math.cos(x), square))(10.0) == pytest.approx(
        -math.sin(20.0)
    )
    assert capsys.readouterr().out == "Computing square...\n" * 2


def test_as_a_decorator():
    @pb.recomputed
    def cube(x):
        """The cube."""
        return x * x * x

    assert cube.__name__ == "cube" and cube.__doc__ == "The cube." and cube(2.0) == 8.0
    assert pb.gradient(cube)(2.0) == 12.0
    assert pb.gradient(lambda x: cube(x) * 2.0)(2.0) == 24.0
    assert "cube" in repr(cube)


def test_two_arguments_and_keywords():
    f = pb.recomputed(lambda x, y, *, k=1.0: x * x * y * k)
    assert pb.gradient(f)(2.0, 3.0) == (12.0, 4.0)
    assert pb.gradient(lambda x, y: f(x, y, k=10.0))(2.0, 3.0) == (120.0, 40.0)
    assert pb.gradient(lambda x, k: f(x, 3.0, k=k))(2.0, 10.0) == (120.0, 12.0)
    assert pb.gradient(lambda x: f(x, 3))(2.0) == 12.0
    assert pb.gradient(f, wrt="y")(2.0, 3.0) == 4.0


def test_an_argument_that_is_not_active():
    f = pb.recomputed(lambda x, y: x * y)
    assert pb.gradient(lambda x: f(x, 5.0))(2.0) == 5.0
    assert pb.gradient(lambda x: x + f(2.0, 5.0))(2.0) == 1.0


def test_captured_active_variables():
    def f(x, y):
        inner = pb.recomputed(lambda t: x * t * t)
        return inner(y) * y

    assert pb.gradient(f)(2.0, 3.0) == (27.0, 54.0)
    assert pb.gradient(lambda x: pb.with_recomputation_in_pullbacks(x, lambda t: x * t))(3.0) == 6.0
    assert pb.gradient(lambda x: pb.recomputed(lambda t: x * x)(1.0) + x)(3.0) == 7.0


def test_a_captured_array():
    def f(w, x):
        return np.sum(pb.recomputed(lambda t: np.tanh(t @ w))(x))

    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(2, 3)), rng.normal(size=(4, 2))
    tw, tx = pb.gradient(f)(w, x)
    slope = 1.0 - np.tanh(x @ w) ** 2
    assert np.allclose(tw, x.T @ slope) and np.allclose(tx, slope @ w.T)


def test_structures_in_and_out():
    @dataclass
    class Pair:
        a: float
        b: float

    f = pb.recomputed(lambda p, d: Pair(p.a * d["k"], p.b * p.b))

    def g(p, d):
        r = f(p, d)
        return r.a + r.b

    tp, td = pb.gradient(g)(Pair(2.0, 3.0), {"k": 5.0})
    assert (tp.a, tp.b, td) == (5.0, 6.0, {"k": 2.0})


def test_nested():
    inner = pb.recomputed(lambda x: x * x)
    outer = pb.recomputed(lambda x: inner(x) * inner(x + 1.0))
    # (x² (x+1)²)' = 2x(x+1)(2x+1)
    assert pb.gradient(outer)(2.0) == 60.0


def test_in_a_loop():
    f = pb.recomputed(lambda x, i: x * i)

    def g(x):
        for i in range(1, 5):
            x = f(x, i)
        return x

    assert pb.gradient(g)(1.0) == 24.0


def test_a_method_and_an_object():
    class Net:
        def __init__(self, w):
            self.w = w

        def __call__(self, x):
            return self.w * x * x

        def layer(self, x):
            return self.w * x

    net = Net(3.0)
    assert pb.gradient(lambda x: pb.recomputed(net)(x))(2.0) == 12.0
    assert pb.gradient(lambda x: pb.recomputed(net.layer)(x))(2.0) == 3.0


def test_hooks_inside_run_once():
    seen = []
    f = pb.recomputed(lambda x: pb.with_derivative(x * 2.0, lambda d: seen.append(d)) * 3.0)
    assert pb.gradient(lambda x: f(x))(1.0) == 6.0
    assert seen == [3.0]


def test_a_cut_inside():
    f = pb.recomputed(lambda x: x * pb.without_derivative(x))
    assert pb.gradient(lambda x: f(x))(3.0) == 3.0


def test_a_rule_inside_and_a_rule_of_the_function():
    def thrice(x):
        return x * 3.0

    f = pb.recomputed(lambda x: thrice(x) * 2.0)
    assert pb.gradient(f)(1.0) == 6.0
    pb.derivative(of=thrice)(lambda x: (thrice(x), lambda v: v * 50.0))
    assert pb.gradient(f)(1.0) == 100.0
    assert pb.gradient(pb.recomputed(thrice))(1.0) == 50.0


def test_exceptions_pass_unchanged():
    f = pb.recomputed(lambda x: 1.0 / (x - x))
    with pytest.raises(ZeroDivisionError):
        pb.gradient(lambda x: f(x))(1.0)


def test_float32_and_shapes_stay():
    f = pb.recomputed(lambda a, b: a * b)
    a, b = np.ones((2, 3), np.float32), np.ones(3, np.float32)
    ta, tb = pb.gradient(lambda a, b: np.sum(f(a, b)))(a, b)
    assert (ta.dtype, ta.shape, tb.dtype, tb.shape) == (np.float32, (2, 3), np.float32, (3,))
    assert tb.tolist() == [2.0, 2.0, 2.0]


# Changed state, random numbers ---------------------------------------------------------------------------------------

FACTOR = 2.0


def test_a_changed_global_is_detected(monkeypatch):
    pull = pb.pullback(pb.recomputed(lambda x: x * x * FACTOR))(3.0)
    assert pull(1.0) == 12.0
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    with pytest.raises(pb.ChangedValueError, match="has changed since the forward sweep"):
        pull(1.0)


def test_a_counter_is_detected():
    count = [0]

    def f(x):
        count[0] += 1
        return x * count[0]

    again = pb.recomputed(f)
    pull = pb.pullback(lambda x: again(x * 1.0))(3.0)
    with pytest.raises(pb.ChangedValueError):
        pull(1.0)


def test_a_changed_argument_is_detected():
    a = np.array([1.0, 2.0])
    again = pb.recomputed(lambda a: np.sum(a * a))

    def f(x):
        inner = x * 1.0
        return again(inner)

    assert pb.gradient(f)(a).tolist() == [2.0, 4.0]
    pull = pb.pullback(again)(a)
    a[0] = 9.0
    with pytest.raises(pb.ChangedValueError):
        pull(1.0)


def test_an_argument_changed_later_in_the_same_function_is_right_or_detected():
    again = pb.recomputed(lambda a: np.sum(a * a))

    def f(x):
        a = np.zeros(2)
        a[0] = x
        y = again(a)
        a[0] = 5.0
        return y + a[0]

    try:
        t = pb.gradient(f)(3.0)
    except pb.PullbackError:
        return
    assert t == 6.0


def test_dropout_is_replayed():
    rng = np.random.default_rng(0)

    def dropped(x):
        return x * (rng.random(x.shape) < 0.5) * 2.0

    x = np.ones(64)
    value, pull = pb.value_with_pullback(pb.recomputed(dropped))(x)
    assert 0 < np.sum(value) < 128
    assert np.array_equal(pull(np.ones(64)), value)


def test_the_sequence_of_random_numbers_goes_on():
    random.seed(3)
    expected = [random.random() for _ in range(3)]
    random.seed(3)
    f = pb.recomputed(lambda x: (x * random.random()) ** 2)
    got = []
    for _ in range(3):
        value, _ = pb.value_with_gradient(lambda x: f(x))(1.0)
        got.append(math.sqrt(value))
    assert got == pytest.approx(expected)


def test_nan_is_the_same_value_twice():
    f = pb.recomputed(lambda a: a * 2.0)
    assert np.array_equal(pb.pullback(f)(np.array([np.nan, 1.0]))(np.ones(2)), [2.0, 2.0])
    assert pb.pullback(pb.recomputed(lambda x: (x * 2.0, float("nan"))))(1.0)((1.0, pb.ZERO)) == 2.0


# Layers --------------------------------------------------------------------------------------------------------------


def test_discarding_activations(capsys):
    nn = pytest.importorskip("pullback.nn")

    class Noisy(nn.Layer):
        def __init__(self):
            self.w = np.array([[1.0, 2.0]])

        def __call__(self, x):
            print("Applying...")
            return np.tanh(x @ self.w)

    layer = Noisy()
    x = np.ones((3, 1))
    plain = pb.gradient(lambda m, x: np.sum(m(x)))(layer, x)
    capsys.readouterr()
    tm, tx = pb.gradient(lambda m, x: np.sum(m(x)))(layer.discarding_activations(), x)
    assert capsys.readouterr().out == "Applying...\n" * 2
    assert np.allclose(tm.wrapped.w, plain[0].w) and np.allclose(tx, plain[1])


# --- methods, and functions that change something ---------------------------------------------------------


class Layer:
    def __init__(self, c):
        self.c = c

    @pb.recomputed
    def scaled(self, x):
        return x * x * self.c

    @pb.differentiable_function
    def doubled(self, x):
        return 2 * x, lambda g: (pb.ZERO, 2 * g)

    def both(self, x):
        return self.scaled(x) * self.scaled(x=x) + self.doubled(x)


class Deeper(Layer):
    def both(self, x):
        return super().both(x) + self.scaled(x) * self.c


FIXED = Layer(1.5)


def held_as_a_method(x, c):
    m = Deeper(c).scaled
    return m(x) * types.MethodType(Layer.scaled.function, Layer(c))(x)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, c: Layer(c).scaled(x),
        lambda x, c: Layer(c).both(x) * c,
        lambda x, c: Deeper(c).both(x),
        lambda x, c: FIXED.scaled(x) * Layer.scaled(FIXED, x) * c,
        held_as_a_method,
    ],
)
def test_methods_may_be_recomputed(f):
    assert Layer(2.0).scaled(3.0) == 18.0
    pb.check_derivative(f, 1.3, 0.7)


@pb.recomputed
def stores(q, v):
    q[0] = v * v


@pb.recomputed
def appends(q, v):
    q.append(v * v)
    return v


def by_a_local_one(x, y):
    @pb.recomputed
    def changes(d, v):
        d["b"] = v * v

    d = {"a": x, "b": y}
    changes(d, y)
    return d["a"] * d["b"]


def by_a_global_one(x, y):
    q = [x]
    stores(q, y)
    return q[0]


def whose_result_is_used(x, y):
    q = [x]
    return appends(q, y) * sum(q)


def of_an_array(x, y):
    q = np.array([x, x * y])
    stores(q, y)
    return np.sum(q)


def of_an_object(x, y):
    layer = Layer(x)
    pb.recomputed(lambda o, v: setattr(o, "c", v * v))(layer, y)
    return layer.c


@pytest.mark.parametrize("f", [by_a_local_one, by_a_global_one, whose_result_is_used, of_an_array, of_an_object])
def test_a_recomputed_function_must_not_change_what_it_is_given(f):
    with pytest.raises(pb.DifferentiabilityError, match="in place"):
        pb.gradient(f)(1.3, 0.2)
    with pytest.raises(pb.DifferentiabilityError, match="in place"):
        pb.differential(f)(1.3, 0.2)(1.0, 1.0)
