"""Bad input: the class of each error, the user's line in it, and what to do."""

from __future__ import annotations

import ctypes
import ctypes.util
import math
from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
LIBM.log1p.restype, LIBM.log1p.argtypes = ctypes.c_double, [ctypes.c_double]


def here(f, offset: int) -> str:
    """The place `file:line` that is `offset` lines below the `def` of a function."""
    return f"test_bad_input.py:{f.__code__.co_firstlineno + offset}"


# Results that are no scalar ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda a: a * 2.0, r"shape \(3,\).*(jacobian|pullback)"),
        (lambda a: np.outer(a, a), r"shape \(3, 3\).*(jacobian|pullback)"),
        (lambda a: (a, a), r"tuple.*pullback"),
        (lambda a: [1.0], r"list.*pullback"),
        (lambda a: {"k": a}, r"dict.*pullback"),
        (lambda a: None, r"None.*pullback"),
        (lambda a: "text", "str"),
        (lambda a: a[:1], r"shape \(1,\)"),
        (lambda a: np.sum(a) * 1j, "complex"),
    ],
)
@pytest.mark.filterwarnings("ignore::pullback.ZeroDerivativeWarning")
@pytest.mark.parametrize("verb", [pb.gradient, pb.value_with_gradient])
def test_a_result_that_is_no_scalar(f, text, verb):
    with pytest.raises(pb.ArgumentError, match=f"(?s){text}"):
        verb(f)(np.ones(3))


def test_the_kind_of_the_result_may_change_from_call_to_call():
    g = pb.gradient(lambda a: a * a)
    assert g(3.0) == 6.0
    with pytest.raises(pb.ArgumentError, match=r"shape \(2,\)"):
        g(np.ones(2))
    assert g(np.array(3.0)) == 6.0


# No differentiable argument, unknown wrt -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((3,), r"3 is an int; pass a float \(3\.0\)"),
        ((True,), "pass a float"),
        ((np.int64(3),), "pass floats"),
        ((np.arange(3),), r"shape \(3,\) and dtype int64; pass floats \(\.astype\(float\)\)"),
        (("text",), "no tangent space"),
        ((None,), "None"),
        (([1, 2],), "pass floats"),
        (({},), "pass floats"),
        ((), "nothing to differentiate|missing"),
    ],
)
def test_no_differentiable_argument(args, text):
    with pytest.raises((pb.ArgumentError, TypeError), match=text):
        pb.gradient(lambda *xs: 1.0)(*args)


@pytest.mark.parametrize(
    ("wrt", "text"),
    [
        ("z", r"no parameter of that name; its parameters are x, y, n"),
        (7, "7.* 3 positional arguments"),
        (-4, "-4.* 3 positional arguments"),
        ("n", r"'n'.*int; pass a float \(3\.0\)"),
        (2, r"int; pass a float \(3\.0\)"),
        (("x", "x"), "twice"),
        (("x", 0), "twice"),
        ((), "empty"),
        (1.5, "names and positions, not 1.5"),
        (True, "names and positions"),
        (["x"], "names and positions"),
    ],
)
@pytest.mark.parametrize("verb", [pb.gradient, pb.pullback, pb.value_with_gradient, pb.value_with_pullback])
def test_wrt_that_fits_nothing(verb, wrt, text):
    with pytest.raises(pb.ArgumentError, match=text):
        verb(lambda x, y, n: x * y * n, wrt=wrt)(1.0, 2.0, 3)


def test_wrt_of_an_argument_that_is_not_passed():
    with pytest.raises(pb.ArgumentError, match="pass that argument"):
        pb.gradient(lambda x, y=2.0: x * y, wrt="y")(1.0)


def test_no_function():
    for verb in (pb.gradient, pb.pullback, pb.value_with_gradient, pb.value_with_pullback):
        with pytest.raises(pb.ArgumentError, match=r"write gradient\(f\)\(x\)"):
            verb(3.0)


# Functions without source and without a rule -------------------------------------------------------------------------


def test_a_foreign_function_without_a_rule():
    def f(x):
        y = x * 2.0
        return y + LIBM.log1p(y)

    with pytest.raises(pb.DifferentiabilityError, match=r"(?s)log1p.*pb\.derivative\(of=log1p\)") as raised:
        pb.gradient(f)(1.0)
    assert here(f, 2) in str(raised.value)
    assert raised.value.diagnostics[0].span.line == f.__code__.co_firstlineno + 2
    shown = str(raised.value).splitlines()
    line = next(k for k, text in enumerate(shown) if "return y + LIBM.log1p(y)" in text)
    assert shown[line + 1].index("^") == shown[line].index("LIBM")
    assert shown[line + 1].count("^") == len("LIBM.log1p(y)")


def test_a_foreign_function_deep_inside():
    def inner(t):
        return LIBM.log1p(t)

    def outer(x):
        return [inner(t) for t in (x,)][0]

    with pytest.raises(pb.DifferentiabilityError, match="log1p") as raised:
        pb.gradient(outer)(1.0)
    assert here(inner, 1) in str(raised.value)


def test_a_function_without_source():
    made: dict = {}
    exec("def f(x):\n    return x * 2.0", made)
    with pytest.raises(pb.DifferentiabilityError, match=r"(?s)source.*pb\.derivative\(of=f\)"):
        pb.gradient(made["f"])(1.0)

    def g(x):
        return made["f"](x)

    with pytest.raises(pb.DifferentiabilityError, match="source") as raised:
        pb.gradient(g)(1.0)
    assert here(g, 1) in str(raised.value)
    pb.derivative(of=made["f"])(lambda x: (x * 2.0, lambda v: v * 2.0))
    assert pb.gradient(g)(1.0) == 2.0


def test_an_inactive_call_of_it_is_no_error():
    assert pb.gradient(lambda x: x * LIBM.log1p(0.0) + x)(3.0) == 1.0


# Cotangents of the wrong structure -----------------------------------------------------------------------------------


@dataclass
class Point:
    x: float
    y: float


@pytest.mark.parametrize(
    ("f", "cotangent", "text"),
    [
        (lambda x: x * 2.0, "text", "needs a number, not a str"),
        (lambda x: x * 2.0, np.ones(2), "needs a number, not an array"),
        (lambda x: x * 2.0, None, "None"),
        (lambda x: (x, x), (1.0,), "tuple of 2 tangents"),
        (lambda x: (x, x), 1.0, "tuple of 2 tangents"),
        (lambda x: [x, x], [1.0, "a"], r"result\[1\].*needs a number"),
        (lambda x: {"a": x}, {"b": 1.0}, "no key 'b'"),
        (lambda x: x * np.ones(3), np.ones(2), r"expected shape \(3,\).*got shape \(2,\)"),
        (lambda x: x * np.ones(3), 1.0, r"shape \(3,\)"),
        (lambda x: x * np.ones(3), "text", "needs an array"),
        (lambda x: Point(x, x), 1.0, r"Point\.TangentVector"),
        (lambda x: Point(x, x), {"z": 1.0}, "no differentiable field 'z'"),
    ],
)
def test_a_cotangent_of_the_wrong_structure(f, cotangent, text):
    pull = pb.pullback(f)(2.0)
    with pytest.raises(pb.CotangentError, match=text):
        pull(cotangent)


@pytest.mark.filterwarnings("ignore::pullback.ZeroDerivativeWarning")
def test_the_pullback_of_what_has_no_tangent_space():
    with pytest.raises(pb.PullbackError, match="no tangent space|does not depend"):
        pb.pullback(lambda x: "text")(2.0)(1.0)


# Rules ---------------------------------------------------------------------------------------------------------------


def test_a_rule_of_the_wrong_structure():
    broken = pb.differentiable_function(lambda x, y: (x * y, lambda v: v))

    def f(x, y):
        z = x + y
        return broken(z, y)

    with pytest.raises(pb.CotangentError, match="must return 2 tangents") as raised:
        pb.gradient(f)(1.0, 2.0)
    assert here(f, 2) in str(raised.value)


def test_a_shape_error_inside_a_rules_pullback_names_the_call():
    broken = pb.differentiable_function(lambda a: (np.sum(a), lambda v: np.ones(7) @ np.ones(3)))

    def f(a):
        return broken(a) * 2.0

    with pytest.raises(ValueError, match="matmul"):
        pb.gradient(f)(np.ones(3))


# Constructs that are not supported -----------------------------------------------------------------------------------


COUNT = 0.0


def writes_a_global(x):
    global COUNT
    COUNT = x * 2.0
    return COUNT


async def waits(x):
    return x


def yields(x):
    yield x


@pytest.mark.parametrize(
    ("f", "line"),
    [(writes_a_global, 1), (waits, None), (yields, None)],
    ids=lambda f: getattr(f, "__name__", None),
)
def test_a_construct_that_is_not_supported(f, line):
    with pytest.raises(pb.DifferentiabilityError) as raised:
        pb.gradient(f)(2.0)
    assert raised.value.__cause__ is None or isinstance(raised.value.__cause__, pb.PullbackError)
    text = str(raised.value)
    if line is not None:
        assert any(here(f, k) in text for k in (line, line + 1))
        assert "help:" in text and "^" in text


def test_in_a_called_function():
    def outer(x):
        return writes_a_global(x) * 3.0

    with pytest.raises(pb.DifferentiabilityError) as raised:
        pb.gradient(outer)(2.0)
    assert any(here(writes_a_global, k) in str(raised.value) for k in (1, 2))


def test_int_on_the_path():
    def f(x):
        n = int(x)
        return float(n) * 2.0

    with pytest.raises(pb.DifferentiabilityError, match="(?s)int.*without_derivative") as raised:
        pb.gradient(f)(2.5)
    assert here(f, 1) in str(raised.value)


# Exceptions of NumPy and Python stay what they are -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda a: np.sum(a @ np.ones((2, 2))), np.ones(3)),
        (lambda x: math.log(x - 5.0), 1.0),
        (lambda x: [x][3], 1.0),
        (lambda x: {"a": x}["b"], 1.0),
        (lambda x: x.nothing, 1.0),
        (lambda x: undefined_name * x, 1.0),  # noqa: F821
        (lambda x: x + "text", 1.0),
        (lambda x: x / 0.0, 1.0),
        (lambda a: np.sum(a.reshape(7)), np.ones(3)),
    ],
)
def test_exceptions_stay_what_they_are(f, at):
    with pytest.raises(Exception) as plain:
        f(at)
    with pytest.raises(type(plain.value)) as differentiated:
        pb.gradient(f)(at)
    assert str(differentiated.value) == str(plain.value)
    files = [frame.path for frame in differentiated.traceback]
    assert any(str(path).endswith("test_bad_input.py") for path in files[1:])


def test_an_error_is_a_pullback_error_and_a_python_error():
    for kind, base in [
        (pb.ArgumentError, TypeError),
        (pb.DifferentiabilityError, TypeError),
        (pb.CotangentError, ValueError),
        (pb.RuleError, ValueError),
        (pb.ChangedValueError, RuntimeError),
    ]:
        assert issubclass(kind, pb.PullbackError) and issubclass(kind, base)
    assert issubclass(pb.ZeroDerivativeWarning, UserWarning)


@pytest.mark.parametrize("f", [lambda x: math.sin(x, x), lambda x: (lambda: x)(x), lambda x: np.sin()])
def test_a_wrong_call_inside_is_pythons_own_error(f):
    with pytest.raises(TypeError) as plain:
        f(1.0)
    with pytest.raises(TypeError) as differentiated:
        pb.gradient(f)(1.0)
    assert str(differentiated.value) == str(plain.value)


# Reflection: what it reads cannot be followed -------------------------------------------------------------------------


def evaluates(x):
    return x * 3.0 + eval("x * 2.0")


def looks_at_locals(x):
    return x * 3.0 + locals()["x"] * 2.0


@pytest.mark.parametrize("f", [evaluates, looks_at_locals])
def test_reflection_on_active_variables_is_refused(f):
    for g in (f, lambda x: f(x) * 1.0):
        with pytest.raises(pb.DifferentiabilityError) as raised:
            pb.gradient(g)(2.0)
        assert here(f, 1) in str(raised.value)
