"""`@pb.differentiable`: what it takes, what it hands back, and that it never calls anything."""

from __future__ import annotations

import copy
import functools
import inspect
import linecache
import pickle
import struct
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb
from pullback.contract import findings
from pullback.errors import DifferentiabilityError

pack, unpack = struct.pack, struct.unpack


@pb.differentiable
def square(x):
    """The square."""
    return x * x


@pb.differentiable(wrt="x")
def scaled(x: float, n: int = 2, *, k: float = 1.0) -> float:
    return x * n * k


def opaque(t):
    return unpack("d", pack("d", t))[0]


def refused(target, *ids, wrt=None):
    with pytest.raises(DifferentiabilityError) as raised:
        pb.differentiable(wrt=wrt)(target)
    assert [d.id for d in raised.value.diagnostics] == list(ids), str(raised.value)
    return raised.value


class TestWhatItHandsBack:
    def test_the_same_object(self):
        def f(x):
            return x

        assert pb.differentiable(f) is f
        assert pb.differentiable()(f) is f
        assert pb.differentiable(wrt=("x",))(f) is f

    def test_it_is_as_it_was(self):
        assert square(3.0) == 9.0 and square.__doc__ == "The square." and square.__name__ == "square"
        assert str(inspect.signature(scaled)) == "(x: 'float', n: 'int' = 2, *, k: 'float' = 1.0) -> 'float'"
        assert pickle.loads(pickle.dumps(square)) is square and copy.deepcopy(square) is square
        assert pb.gradient(square)(3.0) == 6.0
        assert pb.gradient(scaled)(3.0, 2) == 2.0
        assert pb.gradient(scaled, wrt=("x", "k"))(3.0, k=2.0) == (4.0, 6.0)

    def test_nothing_is_called(self):
        def f(x):
            raise AssertionError

        assert pb.differentiable(f) is f

    def test_methods_of_all_kinds(self):
        class Owner:
            k = 2.0

            @pb.differentiable
            def plain(self, x):
                return x * self.k

            @pb.differentiable
            @staticmethod
            def static(x):
                return x * x

            @staticmethod
            @pb.differentiable
            def below(x):
                return x * x

            @pb.differentiable
            @classmethod
            def of_class(cls, x):
                return x * cls.k

            @pb.differentiable
            @property
            def double(self):
                return self.k * 2.0

            @pb.differentiable(wrt="x")
            def __call__(self, x):
                return x * 3.0

            @pb.differentiable(wrt=0)
            def first(self, x: float, y: int):
                return x * 3.0

        o = Owner()
        assert (o.plain(2.0), Owner.static(3.0), Owner.below(3.0), o.of_class(2.0), o.double, o(1.0)) == (
            4.0, 9.0, 9.0, 4.0, 4.0, 3.0,
        )  # fmt: skip
        assert pb.gradient(o.plain)(2.0) == 2.0 and pb.gradient(Owner.static)(2.0) == 4.0

    @pytest.mark.parametrize("wrap", [staticmethod, classmethod, property, functools.lru_cache])
    def test_what_is_wrong_inside_of_one(self, wrap):
        if wrap is classmethod:
            f = wrap(lambda cls, x: opaque(x))
        else:
            f = wrap(lambda x: opaque(x))
        refused(f, "no-derivative")

    def test_what_has_a_derivative_already(self):
        def f(x):
            return opaque(x)

        @pb.derivative(of=f)
        def f_vjp(x):
            return f(x), lambda v: v

        assert pb.differentiable(f) is f
        made = pb.differentiable_function(lambda x: (x, lambda v: v))
        assert pb.differentiable(made) is made
        slope = pb.gradient(square)
        assert pb.differentiable(slope) is slope
        assert pb.differentiable(np.sin) is np.sin

    def test_a_function_of_c(self):
        error = refused(pack, "no-derivative")
        assert "struct.pack" in str(error)

    @pytest.mark.parametrize("what", [3.0, "x", ["x"]])
    def test_what_is_no_definition(self, what):
        with pytest.raises(pb.ArgumentError, match=r"write @pb\.differentiable"):
            pb.differentiable(what)


class TestClasses:
    def test_methods_are_checked_with_the_object_differentiated(self):
        @dataclass
        class Tank:
            volume: float
            name: str = "tank"

            def level(self, area: float):
                return opaque(self.volume) / area

            def label(self):
                return self.name.upper()

            def cells(self):
                return int(self.volume)

        error = refused(Tank, "no-derivative")
        assert "called at" in str(error)

    def test_operators_and_calls(self):
        @dataclass
        class V:
            x: float

            def __call__(self, t):
                return V(self.x * float(int(t * self.x)))

            def __mul__(self, k):
                return V(opaque(self.x) * k)

        refused(V, "no-derivative")

    def test_a_class_that_is_right_is_handed_back(self):
        @pb.differentiable
        @dataclass
        class Spring:
            k: float
            rest: float = pb.no_derivative(1.0)
            name: str = "spring"
            coils: int = 3

            def force(self, x):
                return -self.k * (x - self.rest) * self.coils

            @property
            def stiffness(self):
                return self.k

            @property
            def length(self):
                return self.rest

        assert pb.gradient(Spring.force)(Spring(2.0), 3.0)[1] == -6.0

    def test_layers(self):
        @pb.differentiable
        class Model(pb.nn.Layer):
            def __init__(self):
                self.w = np.ones(3)

            def __call__(self, x):
                return np.sum(self.w * x)

        assert Model()(np.ones(3)) == 3.0

        class Wrong(pb.nn.Layer):
            def __call__(self, x):
                return opaque(np.sum(x))

        refused(Wrong, "no-derivative")

    def test_a_field_of_a_class_without_tangent(self):
        class Plain:
            def __init__(self):
                self.k = 2.0

        @dataclass
        class Model:
            w: float
            plain: Plain

        Model.__annotations__["plain"] = Plain
        with pytest.warns(pb.ZeroDerivativeWarning, match="field-without-tangent") as seen:
            assert pb.differentiable(Model) is Model
        assert "no_derivative[Plain]" in str(seen[0].message)

    def test_an_int_where_a_float_was_meant(self):
        with pytest.warns(pb.ZeroDerivativeWarning, match=r"(?s)int-field.*\^\^\^.*write 1\.0"):

            @pb.differentiable
            @dataclass
            class Model:
                w: float = 1

    def test_a_field_without_derivative_is_returned(self):
        @dataclass
        class Model:
            w: float
            k: float = pb.no_derivative(2.0)

        Model.__annotations__["w"] = float

        class Holder(Model):
            def rate(self):
                return self.k

        refused(Holder, "no-derivative-field")

    def test_wrt_is_for_functions(self):
        with pytest.raises(pb.ArgumentError, match="wrt is for functions"):
            pb.differentiable(wrt="x")(int.__class__("C", (), {}))


class TestWrt:
    @staticmethod
    def two(x: float, n: int, y=1.0):
        return x * n * y

    @pytest.mark.parametrize(
        ("wrt", "id"),
        [
            ("z", "wrt-unknown"),
            (3, "wrt-unknown"),
            (-4, "wrt-unknown"),
            (("x", "nope"), "wrt-unknown"),
            (("x", 0), "wrt-duplicate"),
            (("y", "y"), "wrt-duplicate"),
            ("n", "wrt-not-differentiable"),
            (1, "wrt-not-differentiable"),
            (True, "wrt-type"),
            (1.5, "wrt-type"),
            ((), "wrt-type"),
            (["x"], "wrt-type"),
        ],
    )
    def test_wrong_ones(self, wrt, id):
        error = refused(self.two, id, wrt=wrt)
        assert isinstance(error, pb.ArgumentError)
        assert f"{__file__}:{self.two.__code__.co_firstlineno + 1}" in str(error)
        assert error.diagnostics[0].help

    @pytest.mark.parametrize("wrt", ["x", 0, -1, ("x", "y"), ("y", 0), "y"])
    def test_right_ones(self, wrt):
        assert pb.differentiable(wrt=wrt)(self.two) is self.two

    def test_nothing_to_differentiate(self):
        def ints(n: int, name: str, flag: bool | None = None):
            return n * 2

        def nothing():
            return 2.0

        assert "annotate" in str(refused(ints, "nothing-to-differentiate"))
        refused(nothing, "nothing-to-differentiate")

    def test_what_is_not_in_wrt_may_be_anything(self):
        def f(x, y):
            return x * opaque(y)

        assert pb.differentiable(wrt="x")(f) is f
        refused(f, "no-derivative", wrt="y")


class TestWhatOnlyACallCanTell:
    def test_a_function_that_is_defined_later(self):
        namespace = {}

        def f(x):
            return later_defined(x)  # noqa: F821

        assert findings(f) == [] and not namespace

    def test_mutual_recursion(self):
        assert findings(even) == [] and findings(odd) == []
        assert pb.gradient(even)(1.5, 4) == 16.0

    def test_recursion_through_a_function_without_derivative(self):
        error = refused(down, "no-derivative")
        assert str(error).count("error[") == 1

    def test_opaque_callables(self):
        def f(fn, x):
            return fn(x) * 2.0

        def g(x, table):
            return table["fn"](x)

        assert findings(f) == [] and findings(g) == []
        with pytest.raises(DifferentiabilityError) as raised:
            pb.gradient(f)(lambda t: opaque(t), 2.0)
        assert raised.value.diagnostics[0].id == "no-derivative"

    def test_the_definition_before_this_one_is_not_meant(self):
        scope = {"opaque": opaque}
        exec("def f(x, n):\n    return opaque(x)\n", scope)  # an earlier cell of a notebook
        before = scope["f"]

        def make(f):
            def inner(x, n):
                return x if n == 0 else f(x * 2.0, n - 1)

            inner.__qualname__, inner.__module__ = before.__qualname__, before.__module__
            return inner

        assert findings(make(before)) == []

    def test_annotations_do_not_change_a_derivative(self):
        @pb.differentiable
        def f(x: float):
            return x * x

        assert pb.gradient(f)(np.float32(3.0)) == 6.0
        assert pb.pullback(f)(np.ones(2))(np.ones(2)).tolist() == [2.0, 2.0]


def even(x, n):
    return x if n == 0 else 2.0 * odd(x, n - 1)


def odd(x, n):
    return 2.0 * even(x, n - 1)


def down(x, n):
    return opaque(x) if n == 0 else down(x * opaque(x), n - 1)


class TestTheMessage:
    def test_everything_is_told_together(self):
        def f(x):
            one = {x, x * 2.0}
            two = pack("d", x)
            return sum(one) + unpack("d", two)[0] + opaque(3.0 * x)

        error = refused(f, "unsupported-construct", "no-derivative", "no-derivative")
        text = str(error)
        assert text.count("  -->") == 3 and text.count("= help:") == 3
        assert "`x` is differentiated" in text

    def test_the_chain_of_calls(self):
        def outer(x):
            return middle(x * 2.0) + 1.0

        def middle(y):
            return opaque(y)

        globals()["middle"] = middle
        try:
            (diagnostic,) = refused(outer, "no-derivative").diagnostics
        finally:
            del globals()["middle"]
        first = middle.__code__.co_firstlineno
        assert diagnostic.span.line == opaque.__code__.co_firstlineno + 1
        assert [n.split(":")[-2] for n in diagnostic.notes] == [
            str(first + 1), str(outer.__code__.co_firstlineno + 1),
        ]  # fmt: skip

    def test_generators_and_coroutines_have_a_caret(self):
        def generator(x):
            yield x

        async def coroutine(x):
            return x

        for f in (generator, coroutine):
            assert "^^^" in str(refused(f, "unsupported-syntax"))

    def test_no_source(self):
        scope = {}
        exec("def f(x):\n    return x", scope)
        assert "source" in str(refused(scope["f"], "no-source"))

    def test_it_is_that_of_the_first_derivative(self):
        def f(x):
            return 1.0 + opaque(x)

        (at_definition,) = refused(f, "no-derivative").diagnostics
        with pytest.raises(DifferentiabilityError) as raised:
            pb.gradient(f)(2.0)
        (at_call,) = raised.value.diagnostics
        assert (at_call.id, at_call.span, at_call.message) == (
            at_definition.id, at_definition.span, at_definition.message,
        )  # fmt: skip


def test_a_definition_without_fault_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        @pb.differentiable
        def f(x, n):
            total = 0.0
            for i in range(n):
                total = total + x**i
            return total


CELL = """
from dataclasses import dataclass

import pullback as pb


@pb.differentiable
@dataclass
class Spring:
    k: float = 1

    def coils(self, x: float):
        return float(int(x))
"""


@pytest.mark.parametrize("has_text", [True, False])
def test_a_class_in_a_cell_of_a_notebook(has_text, monkeypatch):
    name = "/tmp/ipykernel_1/2.py"
    lines = CELL.splitlines(keepends=True)
    if has_text:
        monkeypatch.setitem(linecache.cache, name, (len(CELL), None, lines, name))
    code = compile(CELL, name, "exec")
    with pytest.warns(pb.ZeroDerivativeWarning, match="int-field") as told:
        if has_text:  # errors and warnings are told at once
            with pytest.raises(DifferentiabilityError, match=r"through `int\(...\)`"):
                exec(code, {"__name__": "__main__"})
        else:
            exec(code, {"__name__": "__main__"})
    assert (f"--> {name}:{lines.index('    k: float = 1' + chr(10)) + 1}:5" in str(told[0].message)) == has_text
