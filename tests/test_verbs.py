"""The verbs: `gradient`, `value_with_gradient`, `pullback`, `value_with_pullback`, and their `wrt`."""

from __future__ import annotations

import gc
import math
import threading
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import pullback as pb


def poly(x, y, z=2.0):
    return x * x * y + z * y


# wrt -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrt", "expected"),
    [
        (None, (12.0, 13.0, 2.0)),
        ("x", 12.0),
        ("y", 13.0),
        ("z", 2.0),
        (0, 12.0),
        (1, 13.0),
        (-1, 2.0),
        (("x", "z"), (12.0, 2.0)),
        (("z", "x"), (12.0, 2.0)),  # parameter order, whatever the order of asking
        ((2, 0), (12.0, 2.0)),
        (("x", 1), (12.0, 13.0)),
        (("y",), 13.0),
    ],
)
def test_wrt(wrt, expected):
    assert pb.gradient(poly, wrt=wrt)(3.0, 2.0, 4.0) == expected
    assert pb.value_with_gradient(poly, wrt=wrt)(3.0, 2.0, 4.0) == (26.0, expected)
    assert pb.pullback(poly, wrt=wrt)(3.0, 2.0, 4.0)(1.0) == expected
    value, pull = pb.value_with_pullback(poly, wrt=wrt)(3.0, 2.0, 4.0)
    assert (value, pull(1.0)) == (26.0, expected)


def test_wrt_as_second_positional_argument():
    assert pb.gradient(poly, "y")(3.0, 2.0) == 11.0


def test_a_default_that_is_not_passed_is_constant():
    assert pb.gradient(poly)(3.0, 2.0) == (12.0, 11.0)


def test_keyword_arguments_are_not_differentiated_by_default():
    assert pb.gradient(poly)(3.0, y=2.0) == 12.0
    assert pb.gradient(poly)(3.0, 2.0, z=4.0) == (12.0, 13.0)


def test_wrt_names_a_keyword_argument():
    assert pb.gradient(poly, wrt="z")(3.0, 2.0, z=4.0) == 2.0
    assert pb.gradient(poly, wrt=("x", "z"))(3.0, y=2.0, z=4.0) == (12.0, 2.0)
    assert pb.pullback(poly, wrt=("x", "y"))(y=2.0, x=3.0)(1.0) == (12.0, 11.0)


def test_keyword_only_and_positional_only():
    def f(x, /, *, k):
        return x * k

    assert pb.gradient(f)(3.0, k=5.0) == 5.0
    assert pb.gradient(f, wrt="k")(3.0, k=5.0) == 3.0
    assert pb.gradient(f, wrt=("x", "k"))(3.0, k=5.0) == (5.0, 3.0)


def test_star_arguments():
    def f(*xs, **options):
        return xs[0] * xs[1] * options["k"]

    assert pb.gradient(f)(3.0, 2.0, k=5.0) == (10.0, 15.0)
    assert pb.gradient(f, wrt=1)(3.0, 2.0, k=5.0) == 15.0
    assert pb.gradient(f, wrt="k")(3.0, 2.0, k=5.0) == 6.0


def test_ints_between_floats_are_left_out():
    assert pb.gradient(lambda x, n, y: x**n * y)(2.0, 3, 5.0) == (60.0, 8.0)


def test_one_function_at_several_kinds():
    g = pb.gradient(lambda x: np.sum(x * x))
    assert g(3.0) == 6.0
    assert np.array_equal(g(np.array([1.0, 2.0])), [2.0, 4.0])
    assert g(np.float32(2.0)) == np.float32(4.0) and type(g(np.float32(2.0))) is np.float32
    assert g(3.0) == 6.0 and type(g(3.0)) is float
    assert np.array_equal(g(np.ones((2, 2))), 2 * np.ones((2, 2)))


def test_kinds_of_arguments_that_are_not_differentiated_may_change():
    g = pb.gradient(lambda x, p: x * p, wrt="x")
    assert g(3.0, 2) == 2.0
    assert g(3.0, 2.5) == 2.5
    assert g(np.array(3.0), 2.5) == 2.5
    h = pb.gradient(lambda x, p: x * p)
    assert h(3.0, 2) == 2.0
    assert h(3.0, 2.5) == (2.5, 3.0)
    assert h(3.0, 2) == 2.0


# Results -------------------------------------------------------------------------------------------------------------


def test_gradient_of_a_numpy_scalar_and_of_a_zero_dimensional_array():
    assert pb.gradient(lambda a: np.sum(a * a))(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert pb.gradient(lambda a: np.array(np.sum(a * a)))(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]


def test_the_value_is_the_functions_own():
    value, _ = pb.value_with_gradient(lambda a: np.sum(a, dtype=np.float32))(np.ones(3, np.float32))
    assert type(value) is np.float32
    value, _ = pb.value_with_gradient(lambda x: math.sin(x))(1.0)
    assert type(value) is float and value == math.sin(1.0)


def test_an_integer_valued_result_of_a_float_function():
    assert pb.gradient(lambda x: x if x > 0 else 0)(2.0) == 1.0


def test_structured_results():
    def f(x, y):
        return {"a": x * y, "b": [x, (y, "text")], "n": 3}

    value, pull = pb.value_with_pullback(f)(3.0, 2.0)
    assert value == {"a": 6.0, "b": [3.0, (2.0, "text")], "n": 3}
    assert pull({"a": 1.0, "b": [10.0, (100.0, pb.NO_TANGENT)], "n": pb.NO_TANGENT}) == (12.0, 103.0)
    assert pull({"a": 1.0}) == (2.0, 3.0)
    assert pull(pb.ZERO) == (0.0, 0.0)


def test_a_tuple_result():
    pull = pb.pullback(lambda x: (x, x * x, 3.0))(2.0)
    assert pull((1.0, 10.0, 5.0)) == 41.0
    assert pull((pb.ZERO, 1.0, pb.ZERO)) == 4.0


def test_an_array_result():
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    pull = pb.pullback(lambda a, b: a @ b)(a, np.array([1.0, -1.0]))
    ta, tb = pull(np.array([1.0, 10.0]))
    assert ta.tolist() == [[1.0, -1.0], [10.0, -10.0]] and tb.tolist() == [31.0, 42.0]


# The pullback --------------------------------------------------------------------------------------------------------


def test_a_pullback_may_be_called_many_times():
    def f(x, y):
        total = 0.0
        for i in range(4):
            total = total + x[i] * y if x[i] > 0 else total * 2.0
        return total

    x = np.array([1.0, -2.0, 3.0, 4.0])
    pull = pb.pullback(f)(x, 2.0)
    first = pull(1.0)
    assert first[0].tolist() == [4.0, 0.0, 2.0, 2.0] and first[1] == 9.0
    first[0][:] = 100.0  # what was handed out is the caller's
    assert pull(1.0)[0].tolist() == [4.0, 0.0, 2.0, 2.0]
    assert pull(-2.0)[1] == -18.0
    assert pull(0.0)[1] == 0.0
    assert x.tolist() == [1.0, -2.0, 3.0, 4.0]


def test_tangents_share_no_memory():
    x = np.ones(3)
    g = np.array([1.0, 2.0, 3.0])
    a, b = pb.pullback(lambda a, b: a + b)(x, x)(g)
    a[:] = 7.0
    assert b.tolist() == [1.0, 2.0, 3.0] and g.tolist() == [1.0, 2.0, 3.0] and x.tolist() == [1.0, 1.0, 1.0]
    t = pb.pullback(lambda a: (a, [a, a]))(x)((g, [g, g]))
    assert t.tolist() == [3.0, 6.0, 9.0] and g.tolist() == [1.0, 2.0, 3.0]


def test_a_pullback_shows_what_it_is():
    assert "poly" in repr(pb.pullback(poly)(1.0, 2.0))


def test_pullbacks_are_linear():
    def f(a, b):
        return np.tanh(a @ b) * a

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    pull = pb.pullback(f)(a, b)
    g, h = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    for t, u, v in zip(pull(2.0 * g - 3.0 * h), pull(g), pull(h)):
        assert np.allclose(t, 2.0 * u - 3.0 * v)


# What can be differentiated ------------------------------------------------------------------------------------------


class Scaled:
    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        return self.k * x * x

    def method(self, x):
        return self.k * x

    @staticmethod
    def static(x):
        return x * 5.0

    @classmethod
    def of_class(cls, x):
        return x * 7.0


def test_callables():
    s = Scaled(3.0)
    assert pb.gradient(s)(2.0) == 12.0
    assert pb.gradient(s.method)(2.0) == 3.0
    assert pb.gradient(Scaled.static)(2.0) == 5.0
    assert pb.gradient(s.static)(2.0) == 5.0
    assert pb.gradient(Scaled.of_class)(2.0) == 7.0
    assert pb.gradient(partial(poly, y=5.0))(3.0) == 30.0
    assert pb.gradient(partial(poly, 3.0))(2.0) == 11.0
    assert pb.gradient(math.sin)(0.0) == 1.0
    assert pb.gradient(np.sin)(0.0) == 1.0
    assert pb.gradient(lambda x: Scaled.method(s, x))(2.0) == 3.0


def test_two_lambdas_on_a_line():
    f, g = lambda x: x * 2.0, lambda x: x * 3.0
    assert (pb.gradient(f)(1.0), pb.gradient(g)(1.0)) == (2.0, 3.0)


def test_closures_of_one_code_have_their_own_values():
    makers = [lambda x, k=k: x * k for k in (2.0, 3.0)]
    assert [pb.gradient(m)(1.0) for m in makers] == [2.0, 3.0]

    def maker(k):
        return lambda x: x * k

    made = [maker(float(k)) for k in range(5)]
    assert [pb.gradient(m)(1.0) for m in made] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert pb.gradient(maker(np.float64(2.5)))(1.0) == 2.5
    assert pb.gradient(maker(np.array([1.0, 2.0])).__call__)  # a bound slot wrapper is callable too


def test_a_rebound_closure_variable_is_seen():
    k = 2.0
    g = pb.gradient(lambda x: x * k)
    assert g(1.0) == 2.0
    k = 3.0
    assert g(1.0) == 3.0
    k = np.float32(4.0)
    assert g(1.0) == 4.0


SLOPE = 2.0


def helper(x):
    return x * 3.0


def test_a_rebound_global_is_seen(monkeypatch):
    g = pb.gradient(lambda x: helper(x) * SLOPE)
    assert g(1.0) == 6.0
    monkeypatch.setitem(globals(), "SLOPE", 5.0)
    assert g(1.0) == 15.0
    monkeypatch.setitem(globals(), "helper", lambda x: x * x)
    assert g(4.0) == 40.0
    monkeypatch.setitem(globals(), "helper", math.sin)
    assert g(0.0) == 5.0
    monkeypatch.undo()
    assert g(1.0) == 6.0


def test_a_rebound_module_attribute_is_seen(monkeypatch):
    g = pb.gradient(lambda x: math.sin(x) + np.cos(x))
    assert g(0.0) == 1.0
    monkeypatch.setattr(math, "sin", lambda x: x * 10.0)
    assert g(0.0) == 10.0
    monkeypatch.undo()
    assert g(0.0) == 1.0


def test_a_redefined_method_is_seen(monkeypatch):
    s = Scaled(3.0)
    g = pb.gradient(lambda x: s.method(x))
    assert g(2.0) == 3.0
    monkeypatch.setattr(Scaled, "method", lambda self, x: x * x)
    assert g(2.0) == 4.0
    monkeypatch.undo()
    assert g(2.0) == 3.0


def test_verbs_keep_the_name():
    assert "poly" in pb.gradient(poly).__name__ and "poly" in pb.value_with_pullback(poly).__name__


def test_a_gradient_is_computed_in_a_differentiated_function():
    def f(x):
        return pb.gradient(lambda t: t * t * t)(x)

    assert f(2.0) == 12.0


# Exceptions of the user's code ---------------------------------------------------------------------------------------


class Trouble(Exception):
    pass


def troubled(x):
    if x > 1.0:
        raise Trouble("too large")
    y = x * 2.0
    return 1.0 / (y - y)


@pytest.mark.parametrize("verb", [pb.gradient, pb.value_with_gradient, pb.pullback, pb.value_with_pullback])
@pytest.mark.parametrize(("at", "kind", "line"), [(2.0, Trouble, 3), (0.5, ZeroDivisionError, 5)])
def test_exceptions_pass_unchanged(verb, at, kind, line):
    with pytest.raises(kind) as raised:
        verb(lambda x: troubled(x))(at)
    plain: list = []
    try:
        troubled(at)
    except kind as error:
        plain = [error.args, type(error)]
    assert [raised.value.args, type(raised.value)] == plain
    tracebacks = []
    tb = raised.value.__traceback__
    while tb is not None:
        tracebacks.append((tb.tb_frame.f_code.co_filename, tb.tb_lineno))
        tb = tb.tb_next
    first = troubled.__code__.co_firstlineno
    assert (__file__, first + line - 1) in tracebacks


def test_the_traceback_marks_the_users_expression():
    with pytest.raises(ZeroDivisionError) as raised:
        pb.gradient(lambda x: troubled(x))(0.5)
    tb = raised.value.__traceback__
    while tb.tb_next is not None:
        tb = tb.tb_next
    position = list(tb.tb_frame.f_code.co_positions())[tb.tb_lasti // 2]
    line = Path(__file__).read_text().splitlines()[position[0] - 1]
    assert line[position[2] : position[3]] == "1.0 / (y - y)"


def test_a_wrong_call_is_pythons_type_error():
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        pb.gradient(poly)(1.0)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        pb.gradient(lambda x: x * x)(1.0, q=2.0)


def test_side_effects_happen_once(capsys):
    def f(x):
        print("forward", x)
        return x * x

    pb.gradient(f)(2.0)
    assert capsys.readouterr().out == "forward 2.0\n"
    pull = pb.pullback(f)(2.0)
    pull(1.0), pull(1.0)
    assert capsys.readouterr().out == "forward 2.0\n"


# Threads and memory --------------------------------------------------------------------------------------------------


def test_eight_threads_with_different_closures():
    def maker(k):
        def f(x):
            total = 0.0
            for i in range(5):
                total = total + helper(x) * k + k * x * i
            return total

        return f

    results: dict[float, set] = {}
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        results[k] = {pb.gradient(maker(k))(float(i)) for i in range(200)}

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == {float(k): {25.0 * k} for k in range(8)}


def test_eight_threads_on_one_gradient_with_different_kinds():
    g = pb.gradient(lambda x: np.sum(x * x * x))
    values = [3.0, np.float32(3.0), np.array([3.0]), np.float64(3.0), np.array(3.0), np.longdouble(3.0), 3.0]
    values.append(np.full(1, 3.0))
    wrong: list = []
    start = threading.Barrier(8)

    def work(x):
        start.wait()
        for _ in range(300):
            t = g(x)
            if type(t) is not type(x) or not np.all(t == 27.0):
                wrong.append((x, t))

    threads = [threading.Thread(target=work, args=(x,)) for x in values]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def growth_of(work) -> int:
    """Bytes that 10,000 calls leave behind."""
    for _ in range(100):
        work()
    gc.collect()
    tracemalloc.start()
    try:
        work()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(10_000):
            work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_calls_leave_nothing_behind(small_heap):
    g = pb.gradient(lambda x, y: math.sin(x) * y + x)
    assert growth_of(lambda: g(1.0, 2.0)) < 20_000


def test_new_gradients_of_one_function_leave_nothing_behind(small_heap):
    assert growth_of(lambda: pb.gradient(poly)(1.0, 2.0)) < 20_000


def test_new_closures_leave_nothing_behind(small_heap):
    def make():
        k = 2.0
        inner = lambda t: t * k
        pb.gradient(lambda x: inner(x) * k)(1.0)

    assert growth_of(make) < 20_000


def test_pullbacks_leave_nothing_behind(small_heap):
    f = pb.value_with_pullback(lambda a: np.sum(a * a))
    a = np.ones(3)
    assert growth_of(lambda: f(a)[1](1.0)) < 20_000


def test_redefined_code_is_seen():
    def f(x):
        return x * 2.0

    def g(x):
        return x * 3.0

    outer = pb.gradient(lambda x: f(x) * x)
    direct = pb.gradient(f)
    assert (outer(1.0), direct(1.0)) == (4.0, 2.0)
    f.__code__ = g.__code__
    assert (outer(1.0), direct(1.0)) == (6.0, 3.0)


def test_a_result_changed_before_the_pullback_is_detected_or_does_not_matter():
    for f in (np.exp, np.tanh, np.sqrt):
        y, pull = pb.value_with_pullback(lambda x: f(x))(np.array([0.25, 1.0]))
        expected = pb.pullback(lambda x: f(x))(np.array([0.25, 1.0]))(np.ones(2))
        y[:] = 0.0
        try:
            t = pull(np.ones(2))
        except pb.ChangedValueError as error:
            assert "result" in str(error)
        else:
            assert np.array_equal(t, expected)


def test_wrt_names_a_parameter_of_nested_verbs():
    def f(xs, k):
        return sum(x**3 for x in xs) * k**2

    assert pb.gradient(pb.gradient(f, wrt="k"), wrt="k")([1.0, 2.0], 3.0) == 18.0
    assert pb.gradient(pb.gradient(f, wrt="k"), wrt="xs")([1.0, 2.0], 3.0) == [18.0, 72.0]
    assert pb.jacobian(pb.gradient(f, wrt="k"), wrt="xs")(xs=[1.0, 2.0], k=3.0) == [18.0, 72.0]
    with pytest.raises(pb.ArgumentError, match="its parameters are xs, k"):
        pb.gradient(pb.gradient(f, wrt="k"), wrt="y")([1.0], 3.0)


def test_the_value_of_a_function_that_returns_from_a_try_in_a_loop() -> None:
    def f(a):
        log = []
        for x in a:
            try:
                if x < 0:
                    return x * a[1]
            finally:
                log.append(x)
        return a[1]

    def g(a):
        seen = {"last": 0.0}
        for x in a:
            try:
                if x < 0:
                    raise ValueError
                seen["last"] = x
            except ValueError:
                return seen["last"] * x
        return a[1]

    for function in (f, g):
        for x in (np.array([1.3, 0.7, -0.4]), np.array([1.3, 0.7, 0.4])):
            value, gradient = pb.value_with_gradient(function)(x)
            assert value == function(x)
            steps = 1e-6 * np.eye(3)
            np.testing.assert_allclose(gradient, [(function(x + e) - function(x - e)) / 2e-6 for e in steps], atol=1e-8)
