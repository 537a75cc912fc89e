"""Derivatives that users register: `derivative(of=…)`, `derivatives({…})`, `differentiable_function`.

A rule is recognised by a number that no body would give.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import operator
import threading
import warnings
from dataclasses import dataclass
from functools import partial, reduce
from types import SimpleNamespace

import numpy as np
import pytest

import pullback as pb

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
for _name in ("exp", "pow", "tanh", "sinh"):
    _f = getattr(LIBM, _name)
    _f.restype = ctypes.c_double
    _f.argtypes = [ctypes.c_double] * (2 if _name == "pow" else 1)


# What a rule may be registered for -----------------------------------------------------------------------------------


def silly(x):
    return x * 2.0


@pb.derivative(of=silly)
def silly_vjp(x):
    return silly(x), lambda v: v * 100.0


def level_one(x):
    return silly(x) + 1.0


def level_two(x):
    y = [level_one(x), x]
    return y[0] * 1.0


def level_three(x):
    for _ in range(1):
        if x > 0:
            x = level_two(x)
    return x


class Deep:
    def __init__(self, f):
        self.f = f

    def __call__(self, x):
        return self.f(x)

    @property
    def twice(self):
        return silly(self.k) * 2.0

    k = 1.0


@pytest.mark.parametrize(
    "f",
    [
        silly,
        lambda x: silly(x),
        level_one,
        level_two,
        level_three,
        lambda x: Deep(silly)(x),
        lambda x: Deep(level_three)(x),
        lambda x: [silly(t) for t in [x]][0],
        lambda x: {"a": silly(x)}["a"],
        lambda x: (silly if x > 0 else math.sin)(x),
        lambda x: list(map(silly, [x]))[0],
        lambda x: sum(silly(t) for t in (x,)),
        lambda x: reduce(lambda a, b: a + silly(b), [x], 0.0),
        lambda x: partial(silly)(x),
        lambda x: (lambda t: silly(t))(x),
        lambda x: silly(x=x),
        lambda x: silly(*[x]),
        lambda x: silly(**{"x": x}),
        lambda x: pb.recomputed(silly)(x),
        lambda x: pb.recomputed(level_three)(x),
        partial(silly),
    ],
)
def test_a_rule_is_found_however_deep(f):
    assert pb.gradient(f)(3.0) == 100.0
    assert pb.value_with_pullback(f)(3.0)[1](2.0) == 200.0


def test_the_rule_is_itself_unchanged():
    value, pull = silly_vjp(2.0)
    assert value == 4.0 and pull(1.0) == 100.0


def test_a_ctypes_function(capsys):
    def silly_exp(x):
        print(f"Taking e to the power of {x}!")
        return LIBM.pow(math.e, x)

    @pb.derivative(of=silly_exp)
    def silly_exp_vjp(x):
        y = silly_exp(x)
        return y, lambda v: v * y

    assert pb.value_with_gradient(lambda x: silly_exp(x))(3.0) == pytest.approx((20.085536923187668,) * 2)
    assert capsys.readouterr().out == "Taking e to the power of 3.0!\n"


def test_a_foreign_function_itself():
    @pb.derivative(of=LIBM.exp)
    def exp_vjp(x):
        y = LIBM.exp(x)
        return y, lambda v: v * y

    def through(x):
        return LIBM.exp(x * 2.0)

    assert pb.gradient(lambda x: through(x))(0.5) == pytest.approx(2.0 * math.e)
    assert pb.gradient(LIBM.exp)(1.0) == pytest.approx(math.e)


def test_a_foreign_function_of_two_arguments():
    @pb.derivative(of=LIBM.pow)
    def pow_vjp(x, y):
        z = LIBM.pow(x, y)
        return z, lambda v: (v * y * LIBM.pow(x, y - 1.0), v * z * math.log(x))

    assert pb.gradient(lambda x, y: LIBM.pow(x, y))(2.0, 3.0) == pytest.approx((12.0, 8.0 * math.log(2.0)))
    assert pb.gradient(lambda x: LIBM.pow(x, 3.0))(2.0) == pytest.approx(12.0)
    assert pb.gradient(lambda x: LIBM.pow(2.0, x))(3.0) == pytest.approx(8.0 * math.log(2.0))


def test_math_without_a_rule_of_its_own():
    if hasattr(math, "cbrt"):
        f = pb.gradient(lambda x: math.cbrt(x))
        with pb.derivatives({math.cbrt: lambda x: (math.cbrt(x), lambda v: 7.0 * v)}):
            assert f(8.0) == 7.0


def test_a_ufunc_made_by_the_user():
    halved = np.frompyfunc(lambda x: x / 2.0, 1, 1)

    @pb.derivative(of=halved)
    def halved_vjp(x):
        return halved(x).astype(float), lambda v: v * 0.5

    assert pb.gradient(lambda a: np.sum(halved(a)))(np.array([1.0, 2.0])).tolist() == [0.5, 0.5]


def test_a_numpy_function():
    with pb.derivatives({np.linalg.norm: lambda a: (np.linalg.norm(a), lambda v: v * np.full(np.shape(a), 9.0))}):
        assert pb.gradient(lambda a: np.linalg.norm(a))(np.ones(2)).tolist() == [9.0, 9.0]
    with pb.derivatives({np.sin: lambda x: (np.sin(x), lambda v: 9.0 * v)}):
        assert pb.gradient(lambda x: np.sin(x))(0.0) == 9.0


class Circle:
    def __init__(self, r):
        self.r = r

    def area(self):
        return math.pi * self.r * self.r

    def scaled(self, k):
        return self.r * k

    @property
    def diameter(self):
        return 2.0 * self.r

    @staticmethod
    def unit(x):
        return x * 1.0

    @classmethod
    def made(cls, x):
        return x * 1.0

    def __add__(self, other):
        return self.r + other.r

    def __call__(self, x):
        return self.r * x

    def __getitem__(self, i):
        return self.r * i


def test_methods():
    @pb.derivative(of=Circle.scaled, wrt="k")
    def scaled_vjp(self, k):
        return self.scaled(k), lambda v: v * 11.0

    c = Circle(2.0)
    assert pb.gradient(lambda k: c.scaled(k))(3.0) == 11.0
    assert pb.gradient(lambda k: Circle.scaled(c, k))(3.0) == 11.0
    assert pb.gradient(c.scaled)(3.0) == 11.0
    assert pb.gradient(lambda k: getattr(c, "scaled")(k))(3.0) == 11.0


def test_a_method_of_an_inherited_class():
    class Base:
        def f(self, x):
            return x * 1.0

    class Derived(Base):
        pass

    class Overriding(Base):
        def f(self, x):
            return x * 3.0

    @pb.derivative(of=Base.f, wrt="x")
    def f_vjp(self, x):
        return x * 1.0, lambda v: v * 13.0

    assert pb.gradient(lambda x: Derived().f(x))(1.0) == 13.0
    assert pb.gradient(lambda x: Overriding().f(x))(1.0) == 3.0


def test_static_and_class_methods():
    @pb.derivative(of=Circle.unit)
    def unit_vjp(x):
        return x * 1.0, lambda v: v * 17.0

    @pb.derivative(of=Circle.made)
    def made_vjp(cls, x):
        return x * 1.0, lambda v: (pb.NO_TANGENT, v * 19.0)

    assert pb.gradient(lambda x: Circle.unit(x))(1.0) == 17.0
    assert pb.gradient(lambda x: Circle(1.0).unit(x))(1.0) == 17.0
    assert pb.gradient(lambda x: Circle.made(x))(1.0) == 19.0
    assert pb.gradient(lambda x: Circle(1.0).made(x))(1.0) == 19.0


@dataclass
class Tank:
    level: float
    width: float = 1.0

    @property
    def volume(self):
        return self.level * self.width

    def filled(self, amount):
        return Tank(self.level + amount, self.width)


def test_a_property():
    @pb.derivative(of=Tank.volume)
    def volume_vjp(self):
        return self.level * self.width, lambda v: {"level": v * 23.0, "width": v * 0.0}

    t = pb.gradient(lambda t: t.volume)(Tank(2.0, 3.0))
    assert (t.level, t.width) == (23.0, 0.0)
    assert pb.gradient(lambda x: Tank(x, 3.0).volume)(2.0) == 23.0


def test_a_class():
    class Squared:
        def __init__(self, x):
            self.value = np.float64(x).item() ** 2  # what the rule replaces

    pb.register_differentiable(Squared, fields=("value",))

    @pb.derivative(of=Squared)
    def squared_vjp(x):
        return Squared(x), lambda v: v.value * 29.0

    assert pb.gradient(lambda x: Squared(x).value)(2.0) == 29.0


def test_a_special_method():
    @pb.derivative(of=Circle.__call__, wrt="x")
    def call_vjp(self, x):
        return self.r * x, lambda v: v * 31.0

    c = Circle(2.0)
    assert pb.gradient(lambda x: c(x))(1.0) == 31.0
    assert pb.gradient(c)(1.0) == 31.0


def test_operator_functions():
    with pb.derivatives({operator.mul: lambda a, b: (a * b, lambda v: (v * 37.0, v * 41.0))}):
        assert pb.gradient(lambda a, b: operator.mul(a, b))(2.0, 3.0) == (37.0, 41.0)


def test_a_callable_object():
    @dataclass(eq=False)
    class Lookup:
        table: tuple

        def __call__(self, x):
            return float(np.interp(x, (0.0, 1.0), self.table))

    lookup = Lookup((1.0, 3.0))

    @pb.derivative(of=lookup)
    def lookup_vjp(x):
        return lookup(x), lambda v: v * 2.0

    assert pb.gradient(lambda x: lookup(x) * 5.0)(0.5) == 10.0


# wrt -----------------------------------------------------------------------------------------------------------------


def test_rules_for_subsets():
    def product(x, y):
        return x * y

    @pb.derivative(of=product, wrt="x")
    def x_vjp(x, y):
        return x * y, lambda v: v * 10.0

    assert pb.gradient(lambda x: product(x, 2.0))(3.0) == 10.0
    assert pb.gradient(lambda y: product(2.0, y))(3.0) == 2.0  # no rule for y: the body
    assert pb.gradient(lambda x, y: product(x, y))(3.0, 5.0) == (5.0, 3.0)  # no rule for both: the body

    @pb.derivative(of=product, wrt=("x", "y"))
    def both_vjp(x, y):
        return x * y, lambda v: (v * 20.0, v * 30.0)

    assert pb.gradient(lambda x: product(x, 2.0))(3.0) == 10.0
    assert pb.gradient(lambda x, y: product(x, y))(3.0, 5.0) == (20.0, 30.0)
    assert pb.gradient(lambda y: product(2.0, y))(3.0) == 30.0  # the superset serves


def test_a_superset_rule_alone():
    def product(x, y, n):
        return x * y * n

    @pb.derivative(of=product, wrt=(0, 1))
    def vjp(x, y, n):
        return x * y * n, lambda v: (v * 2.0, v * 3.0)

    assert pb.gradient(lambda x: product(x, 7.0, 1))(1.0) == 2.0
    assert pb.gradient(lambda y: product(7.0, n=1, y=y))(1.0) == 3.0
    assert pb.gradient(lambda x, y: product(x=x, y=y, n=1))(1.0, 1.0) == (2.0, 3.0)


def test_wrt_order_is_the_pullbacks_order():
    def ratio(x, y):
        return x / y

    @pb.derivative(of=ratio, wrt=("x", "y"))
    def vjp(x, y):
        return x / y, lambda v: (v * 2.0, v * 3.0)

    assert pb.gradient(lambda y, x: ratio(x, y))(1.0, 1.0) == (3.0, 2.0)
    assert pb.gradient(lambda t: ratio(t, t))(1.0) == 5.0


def test_a_rule_with_an_int_parameter_and_defaults():
    def power(x, n=2):
        return x**n

    @pb.derivative(of=power)
    def vjp(x, n=2):
        return x**n, lambda v: v * (100.0 + n)

    assert pb.gradient(lambda x: power(x))(3.0) == 102.0
    assert pb.gradient(lambda x: power(x, 5))(3.0) == 105.0
    assert pb.gradient(lambda x: power(x, n=7))(3.0) == 107.0


# Errors of registration ----------------------------------------------------------------------------------------------


def test_a_second_registration_is_an_error():
    def f(x, y):
        return x * y

    pb.derivative(of=f)(lambda x, y: (x * y, lambda v: (v, v)))
    line = f.__code__.co_firstlineno + 3
    with pytest.raises(pb.RuleError, match=rf"(?s)registered already.*test_custom\.py:{line}.*pb\.derivatives"):
        pb.derivative(of=f)(lambda x, y: (x * y, lambda v: (v, v)))
    pb.derivative(of=f, wrt="x")(lambda x, y: (x * y, lambda v: v))
    with pytest.raises(pb.RuleError, match="registered already"):
        pb.derivative(of=f, wrt=("x",))(lambda x, y: (x * y, lambda v: v))
    with pytest.raises(pb.RuleError, match="registered already"):
        pb.derivative(of=f, wrt=0)(lambda x, y: (x * y, lambda v: v))


def test_malformed_registrations():
    def f(x, y):
        return x * y

    with pytest.raises(pb.RuleError, match="'z'.*its parameters are x, y"):
        pb.derivative(of=f, wrt="z")
    with pytest.raises(pb.RuleError, match="takes 1 argument.* f takes 2|takes the arguments"):
        pb.derivative(of=f)(lambda x: (x, lambda v: v))
    with pytest.raises(pb.RuleError, match="callable"):
        pb.derivative(of=3)
    with pytest.raises(pb.RuleError, match="function"):
        pb.derivative(of=f)(4)
    with pytest.raises(pb.RuleError, match="callable"):
        pb.derivatives({f: 4})
    with pytest.raises(pb.RuleError, match="vjp function"):
        pb.differentiable_function(4)
    assert pb.gradient(f)(2.0, 3.0) == (3.0, 2.0)  # nothing was registered


MALFORMED = {
    "not a pair": (lambda x: x * 2.0, r"must return \(value, pullback\).*returned a float"),
    "no pullback": (lambda x: (x * 2.0, 3.0), r"must return \(value, pullback\)"),
    "three": (lambda x: (x, x, lambda v: v), r"must return \(value, pullback\).*length 3"),
    "None": (lambda x: (x * 2.0, lambda v: None), "returned None"),
    "two tangents": (lambda x: (x * 2.0, lambda v: (v, v)), "needs a number|must return 1 tangent"),
    "a string": (lambda x: (x * 2.0, lambda v: "v"), "needs a number, not a str"),
    "an array": (lambda x: (x * 2.0, lambda v: np.ones(3)), "needs a number, not an array of shape"),
    "a dict": (lambda x: (x * 2.0, lambda v: {"x": v}), "needs a number, not a dict"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_rules_at_the_users_line(case):
    vjp, text = MALFORMED[case]
    broken = pb.differentiable_function(vjp)

    def f(x):
        y = x + 1.0
        return broken(y) * 2.0

    line = f.__code__.co_firstlineno + 2
    with pytest.raises((pb.RuleError, pb.CotangentError), match=f"(?s){text}") as raised:
        pb.gradient(f)(1.0)
    assert f"test_custom.py:{line}" in str(raised.value)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda v: np.ones(2), r"expected shape \(3,\).*got shape \(2,\)"),
        (lambda v: np.ones((3, 1)), r"expected shape \(3,\).*got shape \(3, 1\)"),
        (lambda v: 1.0, r"expected shape \(3,\).*got shape \(\)"),
        (lambda v: np.array(["a", "b", "c"]), "dtype"),
        (lambda v: [1.0, 1.0, 1.0], "needs an array, not a list"),
    ],
)
def test_malformed_array_tangents(wrong, text):
    broken = pb.differentiable_function(lambda a: (np.sum(a), wrong))
    with pytest.raises(pb.CotangentError, match=text):
        pb.gradient(lambda a: broken(a))(np.ones(3))


def test_an_integer_tangent_is_a_number():
    f = pb.differentiable_function(lambda x: (x * 1.0, lambda v: 1))
    t = pb.gradient(lambda x: f(x))(2.0)
    assert t == 1.0 and type(t) is float


# Retroactive and scoped ----------------------------------------------------------------------------------------------


def test_late_registration_is_seen_by_old_gradients():
    def late(x):
        return x * 2.0

    direct, inlined = pb.gradient(late), pb.gradient(lambda x: late(x) * 3.0)
    pulled = pb.pullback(lambda x: late(x))
    assert (direct(1.0), inlined(1.0), pulled(1.0)(1.0)) == (2.0, 6.0, 2.0)
    kept = pulled(1.0)
    pb.derivative(of=late)(lambda x: (x * 2.0, lambda v: v * 50.0))
    assert (direct(1.0), inlined(1.0), pulled(1.0)(1.0)) == (50.0, 150.0, 50.0)
    assert kept(1.0) == 2.0  # a pullback made before is what it was


def test_late_registration_for_what_had_no_derivative():
    g = pb.gradient(lambda x: LIBM.tanh(x))
    with pytest.raises(pb.DifferentiabilityError, match=r"(?s)tanh.*pb\.derivative\(of=tanh\)"):
        g(0.0)
    pb.derivative(of=LIBM.tanh)(lambda x: (LIBM.tanh(x), lambda v: v * (1.0 - LIBM.tanh(x) ** 2)))
    assert g(0.0) == 1.0


def sine_rule(factor):
    return lambda x: (math.sin(x), lambda v: v * factor)


def test_a_scope():
    g = pb.gradient(lambda x: math.sin(x))
    direct = pb.gradient(math.sin)
    deep = pb.gradient(lambda x: [math.sin(t) for t in (x, x)][0])
    assert (g(0.0), direct(0.0), deep(0.0)) == (1.0, 1.0, 1.0)
    with pb.derivatives({math.sin: sine_rule(7.0)}):
        assert (g(0.0), direct(0.0), deep(0.0)) == (7.0, 7.0, 7.0)
        with pb.derivatives({math.sin: sine_rule(8.0)}):
            assert (g(0.0), direct(0.0), deep(0.0)) == (8.0, 8.0, 8.0)
        with pb.derivatives({math.cos: sine_rule(9.0)}):
            assert (g(0.0), pb.gradient(lambda x: math.cos(x))(0.0)) == (7.0, 9.0)
        assert (g(0.0), direct(0.0), deep(0.0)) == (7.0, 7.0, 7.0)
        assert pb.gradient(lambda x: math.sin(x) + math.cos(x))(0.0) == 7.0
    assert (g(0.0), direct(0.0), deep(0.0)) == (1.0, 1.0, 1.0)


def test_a_gradient_first_made_in_a_scope():
    g = pb.gradient(lambda x: math.sin(x) * 2.0)
    with pb.derivatives({math.sin: sine_rule(7.0)}):
        assert g(0.0) == 14.0
    assert g(0.0) == 2.0
    with pb.derivatives({math.sin: sine_rule(5.0)}):
        assert g(0.0) == 10.0
    assert g(0.0) == 2.0


def test_a_scope_replaces_a_registered_rule():
    g = pb.gradient(lambda x: silly(x))
    with pb.derivatives({silly: lambda x: (silly(x), lambda v: v * 3.0)}):
        assert g(1.0) == 3.0
    assert g(1.0) == 100.0


def test_a_scope_around_a_body_that_is_differentiated():
    def body(x):
        return x * 2.0

    def outer(x):
        return body(x) * 1.0

    g = pb.gradient(outer)
    assert g(1.0) == 2.0
    with pb.derivatives({body: lambda x: (body(x), lambda v: v * 77.0)}):
        assert g(1.0) == 77.0
    assert g(1.0) == 2.0


def test_a_scope_ends_with_an_exception():
    g = pb.gradient(lambda x: math.sin(x))
    with pytest.raises(KeyError), pb.derivatives({math.sin: sine_rule(7.0)}):
        assert g(0.0) == 7.0
        raise KeyError
    assert g(0.0) == 1.0


def test_a_scope_with_several_rules():
    with pb.derivatives({math.sin: sine_rule(2.0), math.cos: sine_rule(3.0), silly: sine_rule(5.0)}):
        assert pb.gradient(lambda x: math.sin(x) + math.cos(x) + silly(x))(0.0) == 10.0


def test_scopes_in_eight_threads():
    g = pb.gradient(lambda x: math.sin(x) + silly(x))
    wrong: list = []
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        for _ in range(100):
            if k % 2:
                with pb.derivatives({math.sin: sine_rule(float(k))}):
                    if g(0.0) != k + 100.0:
                        wrong.append(k)
            elif g(0.0) != 101.0:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_a_pullback_made_in_a_scope_stays_what_it_was():
    with pb.derivatives({math.sin: sine_rule(7.0)}):
        pull = pb.pullback(lambda x: math.sin(x))(0.0)
    assert pull(1.0) == 7.0


# differentiable_function ---------------------------------------------------------------------------------------------


def test_differentiable_function():
    square = pb.differentiable_function(lambda x: (x * x, lambda v: v * 42.0))
    assert square(3.0) == 9.0
    assert pb.gradient(square)(3.0) == 42.0
    assert pb.gradient(lambda x: square(x) + square(x * 2.0))(3.0) == 126.0
    assert pb.value_with_pullback(square)(3.0)[1](2.0) == 84.0


def test_differentiable_function_of_two_arguments_and_kwargs():
    f = pb.differentiable_function(lambda x, y, *, k=1.0: (x * y * k, lambda v: (v * y * k, v * x * k)))
    assert f(2.0, 3.0) == 6.0
    assert pb.gradient(f)(2.0, 3.0) == (3.0, 2.0)


def test_differentiable_function_as_decorator():
    @pb.differentiable_function
    def cube(x):
        """The cube."""
        return x**3, lambda v: v * 3.0 * x * x

    assert cube.__name__ == "cube" and cube.__doc__ == "The cube."
    assert pb.gradient(lambda x: cube(x))(2.0) == 12.0


def test_make_recomputed_written_by_a_user(capsys):
    """The tutorial's own `make_recomputed_in_gradient`."""

    def make_recomputed(f):
        return pb.differentiable_function(lambda x: (f(x), lambda v: pb.pullback(f)(x)(v)))

    def square(x):
        print("Computing square...")
        return x * x

    again = make_recomputed(square)
    assert pb.gradient(lambda x: again(math.cos(x)))(10.0) == pytest.approx(-math.sin(20.0))
    assert capsys.readouterr().out == "Computing square...\n" * 2


def test_a_rule_with_structures():
    make = pb.differentiable_function(lambda x, y: (Tank(x, y), lambda v: (v.level * 2.0, v.width * 3.0)))
    t = pb.gradient(lambda x, y: make(x, y).level + make(x, y).width)(1.0, 1.0)
    assert t == (2.0, 3.0)
    read = pb.differentiable_function(lambda t: (t.level, lambda v: {"level": v * 5.0}))
    assert pb.gradient(lambda t: read(t))(Tank(1.0, 2.0)).level == 5.0
    assert pb.gradient(lambda t: read(t))(Tank(1.0, 2.0)).width == 0.0


def test_a_rule_gets_the_cotangent_in_the_results_space():
    seen = []

    @pb.differentiable_function
    def watch(a):
        return a * np.float32(2.0), lambda v: (seen.append((type(v), v.dtype, v.shape)), v)[1]

    pb.gradient(lambda a: np.sum(watch(a), dtype=np.float64))(np.ones((2, 3), np.float32))
    assert seen == [(np.ndarray, np.dtype("float32"), (2, 3))]


def test_a_rule_sees_a_tuple_result_whole():
    pair = pb.differentiable_function(lambda x: ((x, 2.0 * x), lambda v: v[0] + 10.0 * v[1]))

    def f(x):
        a, b = pair(x)
        return b

    assert pb.gradient(f)(1.0) == 10.0


def test_the_rule_runs_once_and_its_pullback_once():
    calls = []

    @pb.differentiable_function
    def counted(x):
        calls.append("forward")
        return x * 2.0, lambda v: (calls.append("pullback"), v * 2.0)[1]

    def f(x):
        y = counted(x)
        return y * y + y

    assert pb.gradient(f)(1.0) == 10.0
    assert calls == ["forward", "pullback"]
    calls.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pb.ZeroDerivativeWarning)
        assert pb.gradient(lambda x: (counted(x), x * 3.0)[1])(1.0) == 3.0
    assert calls == ["forward"]  # the result is not reached


def test_exceptions_of_a_rule_pass_unchanged():
    f = pb.differentiable_function(lambda x: (x, lambda v: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        pb.gradient(lambda x: f(x))(1.0)


def test_other_threads_do_not_see_a_scope():
    g = pb.gradient(lambda x: math.sin(x))
    found: list = []
    inside, done = threading.Event(), threading.Event()

    def elsewhere():
        inside.wait(10)
        found.extend([g(0.0), pb.gradient(lambda x: math.sin(x) * 2.0)(0.0), g(0.0)])
        done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    with pb.derivatives({math.sin: sine_rule(7.0)}):
        assert g(0.0) == 7.0
        inside.set()
        assert done.wait(10)
        assert g(0.0) == 7.0
    thread.join()
    assert found == [1.0, 2.0, 1.0]


def test_a_function_in_an_ordinary_object():
    assert pb.gradient(lambda x: SimpleNamespace(f=silly).f(x))(3.0) == 100.0


def test_a_scope_inside_a_differentiated_function():
    def f(x):
        with pb.derivatives({math.sin: sine_rule(7.0)}):
            y = math.sin(x)
        return y + math.sin(x)

    try:
        got = pb.gradient(f)(0.0)
    except pb.PullbackError as error:
        assert "test_custom.py" in str(error)
    else:
        assert got == 8.0


def test_a_scope_holds_for_derivatives_of_derivatives_and_for_methods():
    class Wave:
        def at(self, x):
            return math.sin(x) * x

    wave = Wave()
    with pb.derivatives({math.sin: lambda x: (math.sin(x), lambda v: v * 2.0 * math.cos(x))}):
        assert pb.gradient(lambda x: wave.at(x))(0.0) == 0.0
        assert pb.gradient(pb.gradient(lambda x: wave.at(x)))(0.0) == 4.0


def test_in_a_scope_errors_name_the_users_line():
    def program(x):
        return pb_broken(x) * 2.0

    with pb.derivatives({pb_broken: lambda x: (x, lambda v: "nothing")}):
        with pytest.raises(pb.CotangentError, match=r"return pb_broken\(x\)"):
            pb.gradient(program)(1.0)


def pb_broken(x):
    return x


def test_a_derivative_by_some_arguments_is_not_used_where_others_vary():
    def scaled(x, ks):
        return x * ks[0]

    @pb.derivative(of=scaled, wrt="x")
    def scaled_vjp(x, ks):
        return scaled(x, ks), lambda g: g * 100.0

    def through(f, x, table):
        return f(x, table["k"])

    pull = pb.pullback(through)
    x, table = pull(scaled, 2.0, {"k": [3], "other": 1.0})(1.0)
    assert x == 100.0  # the list holds nothing that varies
    x, table = pull(scaled, 2.0, {"k": [3.0], "other": 1.0})(1.0)
    assert (x, table["k"]) == (3.0, [2.0])  # here it does: the source is differentiated


# --- keywords in any order ------------------------------------------------------------------------------


def reversed_cube(x, k, m=1.0):
    return k * k * x**3 * m


@pb.derivative(of=reversed_cube)
def _reversed_cube_vjp(x, k, m=1.0):
    return reversed_cube(x, k, m), lambda g: (g * 3 * k * k * x * x * m, g * 2 * k * x**3 * m, g * k * k * x**3)


def pushed_cube(x, k, m=1.0):
    return k * k * x**3 * m


@pb.derivative(of=pushed_cube, forward=True)
def _pushed_cube_jvp(x, k, m=1.0):
    def differential(dx, dk, dm):
        return 3 * k * k * x * x * m * dx + 2 * k * x**3 * m * dk + k * k * x**3 * dm

    return pushed_cube(x, k, m), differential


class Spring:
    def __init__(self, c):
        self.c = c

    def energy(self, x, k):
        return self.c * x * k * k


@pb.derivative(of=Spring.energy)
def _energy_vjp(self, x, k):
    return self.energy(x, k), lambda g: (pb.ZERO, g * self.c * k * k, g * 2 * self.c * x * k)


@pytest.mark.parametrize("cube", [reversed_cube, pushed_cube])
@pytest.mark.parametrize(
    "f",
    [
        lambda cube, x, k, m: cube(m=m, k=k, x=x),
        lambda cube, x, k, m: cube(x, m=m, k=k),
        lambda cube, x, k, m: cube(k=k, x=x, m=m * k),
        lambda cube, x, k, m: partial(cube, m=m, k=k)(x=x),
    ],
)
def test_tangents_go_to_keywords_in_any_order(cube, f):
    point, step = np.array([1.3, 0.4, 0.7]), 1e-6
    expected = [(f(cube, *(point + e)) - f(cube, *(point - e))) / (2 * step) for e in step * np.eye(3)]
    np.testing.assert_allclose(pb.gradient(f, wrt=(1, 2, 3))(cube, *point), expected, rtol=1e-8)
    along = [pb.differential(f, wrt=(1, 2, 3))(cube, *point)(*e) for e in np.eye(3)]
    np.testing.assert_allclose(along, expected, rtol=1e-8)


def test_keywords_of_a_method_in_any_order():
    assert pb.gradient(lambda x, k: Spring(2.0).energy(k=k, x=x))(1.5, 0.5) == (0.5, 3.0)


def with_defaults(x, k=2.0, m=3.0):
    return x * k * k * m


@pb.derivative(of=with_defaults)
def _with_defaults_vjp(x, k=2.0, m=3.0):
    return with_defaults(x, k, m), lambda g: (g * k * k * m, g * 2 * x * k * m, g * x * k * k)


def some_defaults(x, k=2.0, m=3.0):
    return x * k * k * m


@pb.derivative(of=some_defaults, wrt=("k", "x"))
def _some_defaults_vjp(x, k=2.0, m=3.0):
    return some_defaults(x, k, m), lambda g: (g * 2 * x * k * m, g * k * k * m)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: with_defaults(x) * y,
        lambda x, y: with_defaults(x, m=y),
        lambda x, y: with_defaults(m=y, x=x),
        lambda x, y: with_defaults(x, y),
        lambda x, y: some_defaults(x) * y,
        lambda x, y: some_defaults(y, k=x),
        lambda x, y: some_defaults(k=y, x=x),
    ],
)
def test_a_pullback_may_return_tangents_of_parameters_that_have_their_defaults(f):
    pb.check_derivative(f, 1.3, 0.7)
