"""`check_derivative` with derivatives that are right, and wrong in every way it promises to see."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pullback.errors import ArgumentError, DifferentiabilityError
from pullback.tangents import NO_TANGENT, tangent_type
from pullback.testing import check_derivative

Vjp = Callable[..., tuple[Any, Callable[[Any], Any]]]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put hand-written derivatives in the place of the library's operators."""

    def install(vjp: Vjp, **more: Any) -> None:
        fake = SimpleNamespace(value_with_pullback=lambda f, wrt=None: vjp, **more)
        import pullback

        monkeypatch.setitem(sys.modules, "pullback.operators", fake)
        monkeypatch.setattr(pullback, "operators", fake, raising=False)
        if "value_with_differential" in more:
            monkeypatch.setattr("pullback.forward_verbs.value_with_differential", more["value_with_differential"])

    return install


@dataclass
class Spring:
    stiffness: float
    rest: np.ndarray
    name: str = "spring"


A = np.array([[1.0, 2.0], [3.0, -4.0]])
B = np.array([0.5, -1.5])
SMALL = np.array([0.3, -0.7, 1.1], dtype=np.float32)


def spring_pull(s: Spring, x: np.ndarray) -> Any:
    d = x - s.rest
    ds = lambda g: tangent_type(Spring)(stiffness=float(g * (d @ d)), rest=-2 * g * s.stiffness * d)
    return s.stiffness * (d @ d), lambda g: (ds(g), 2 * g * s.stiffness * d)


RIGHT: dict[str, tuple[Any, tuple[Any, ...], Vjp]] = {
    "float": (lambda x: x * x, (3.0,), lambda x: (x * x, lambda g: 2 * x * g)),
    "two floats": (lambda x, y: x * y, (3.0, 2.0), lambda x, y: (x * y, lambda g: (g * y, g * x))),
    "an int too": (lambda x, n: x * n, (3.0, 2), lambda x, n: (x * n, lambda g: g * n)),
    "matrix": (lambda a, b: a @ b, (A, B), lambda a, b: (a @ b, lambda g: (np.outer(g, b), a.T @ g))),
    "broadcast": (lambda a, b: a * b, (A, B), lambda a, b: (a * b, lambda g: (g * b, (g * a).sum(0)))),
    "sum": (lambda a: a.sum(), (A,), lambda a: (a.sum(), lambda g: np.full(a.shape, g))),
    "large": (np.sin, (np.linspace(0, 3, 90),), lambda a: (np.sin(a), lambda g: g * np.cos(a))),
    "float32": (np.exp, (SMALL,), lambda a: (np.exp(a), lambda g: g * np.exp(a))),
    "longdouble": (np.exp, (np.longdouble("0.3"),), lambda a: (np.exp(a), lambda g: g * np.exp(a))),
    "complex": (lambda z: z * z, (1.0 + 2.0j,), lambda z: (z * z, lambda g: 2 * z * g)),
    "complex modulus": (
        lambda z: (z * z.conjugate()).real,
        (np.array([1.0 + 2.0j, -0.5j]),),
        lambda z: ((z * z.conjugate()).real, lambda g: 2 * g * z.conjugate()),
    ),
    "tuple result": (
        lambda x: (x, (2.0, x * x)),
        (3.0,),
        lambda x: ((x, (2.0, x * x)), lambda g: g[0] + 2 * x * g[1][1]),
    ),
    "dict": (
        lambda p: p["w"] * p["w"],
        ({"w": 2.0, "n": 3},),
        lambda p: (p["w"] * p["w"], lambda g: {"w": 2 * p["w"] * g, "n": NO_TANGENT}),
    ),
    "dataclass": (
        lambda s, x: s.stiffness * ((x - s.rest) @ (x - s.rest)),
        (Spring(2.0, np.array([1.0, 2.0])), B),
        spring_pull,
    ),
    "smooth where its slope is 0": (lambda x: x * x, (0.0,), lambda x: (x * x, lambda g: 2 * x * g)),
    "cube at 0": (lambda x: x**3, (0.0,), lambda x: (x**3, lambda g: 3 * x * x * g)),
    "near a kink": (abs, (1e-5,), lambda x: (abs(x), lambda g: math.copysign(1.0, x) * g)),
    "near the edge of the domain": (math.sqrt, (1e-9,), lambda x: (math.sqrt(x), lambda g: 0.5 / math.sqrt(x) * g)),
    "tiny": (lambda x: 1.0 / x, (1e-9,), lambda x: (1.0 / x, lambda g: -g / x**2)),
    "huge": (lambda x: x * x, (1e9,), lambda x: (x * x, lambda g: 2 * x * g)),
    "steep": (lambda x: math.exp(50 * x), (0.3,), lambda x: (math.exp(50 * x), lambda g: 50 * math.exp(50 * x) * g)),
    "small slope of a large value": (lambda x: 1e6 + x, (0.7,), lambda x: (1e6 + x, lambda g: g)),
    "wavy": (lambda x: math.sin(1e3 * x), (0.3,), lambda x: (math.sin(1e3 * x), lambda g: 1e3 * math.cos(1e3 * x) * g)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_derivatives_pass(name: str, library: Any) -> None:
    f, args, vjp = RIGHT[name]
    library(vjp)
    check_derivative(f, *args)


@pytest.mark.parametrize("factor", [-1.0, 2.0, 0.0, 1.01, float("nan"), float("inf")])
@pytest.mark.parametrize("name", [n for n in RIGHT if n not in ("smooth where its slope is 0", "cube at 0")])
def test_a_wrong_sign_or_factor_is_caught(name: str, factor: float, library: Any) -> None:
    f, args, vjp = RIGHT[name]
    from pullback.tangents import scale

    def wrong(*given: Any) -> Any:
        value, pull = vjp(*given)
        return value, lambda g: silently(scale, pull(g), factor)

    library(wrong)
    with pytest.raises(AssertionError, match="is wrong: d "):
        check_derivative(f, *args)


def silently(f: Any, *args: Any) -> Any:
    with np.errstate(all="ignore"):
        return f(*args)


def wrong_last(x: np.ndarray) -> Any:
    return np.sin(x), lambda g: g * np.cos(x) * np.where(np.arange(x.size) == x.size - 1, 1.001, 1.0)


WRONG: dict[str, tuple[Any, tuple[Any, ...], Vjp, str]] = {
    "transpose": (
        lambda a, b: a @ b,
        (A, B),
        lambda a, b: (a @ b, lambda g: (np.outer(g, b), a @ g)),
        r"d result\[[01]\] / d args\[1\]\[[01]\]",
    ),
    "outer product transposed": (
        lambda a, b: a @ b,
        (A, B),
        lambda a, b: (a @ b, lambda g: (np.outer(b, g), a.T @ g)),
        r"d args\[0\]\[[01], [01]\]",
    ),
    "missing unbroadcast": (
        lambda a, b: a * b,
        (A, B),
        lambda a, b: (a * b, lambda g: (g * b, g * a)),
        r"args\[1\] should be an array float64\[2\], and is float64\[2, 2\]",
    ),
    "unbroadcast over the wrong axis": (
        lambda a, b: a * b,
        (A, B),
        lambda a, b: (a * b, lambda g: (g * b, (g * a).sum(1))),
        r"d args\[1\]",
    ),
    "wrong dtype": (
        np.exp,
        (SMALL,),
        lambda a: (np.exp(a), lambda g: (g * np.exp(a)).astype(np.float64)),
        r"array float32\[3\], and is float64\[3\]",
    ),
    "float32 off by 2 percent": (
        np.exp,
        (SMALL,),
        lambda a: (np.exp(a), lambda g: g * np.exp(a) * SMALL.dtype.type(1.02)),
        "d ",
    ),
    "an array for a float": (
        lambda x: x * x,
        (3.0,),
        lambda x: (x * x, lambda g: np.array(2 * x * g)),
        "should be a float",
    ),
    "a NumPy scalar for a float": (
        lambda x: x * x,
        (3.0,),
        lambda x: (x * x, lambda g: np.float64(2 * x * g)),
        "a float",
    ),
    "None": (lambda x: x * x, (3.0,), lambda x: (x * x, lambda g: None), "should be a float, and is None"),
    "a list for a tuple": (lambda t: t[0], ((3.0, 1.0),), lambda t: (t[0], lambda g: [g, 0.0]), "should be a tuple"),
    "a short tuple": (lambda t: t[0], ((3.0, 1.0),), lambda t: (t[0], lambda g: (g,)), "2 entries, and has 1"),
    "a missing key": (lambda d: d["a"], ({"a": 1.0, "b": 2.0},), lambda d: (d["a"], lambda g: {"a": g}), "entries"),
    "one tangent of two": (lambda x, y: x * y, (3.0, 2.0), lambda x, y: (x * y, lambda g: g * y), "return 2 tangents"),
    "swapped": (lambda x, y: x * y, (3.0, 2.0), lambda x, y: (x * y, lambda g: (g * x, g * y)), r"d args\[[01]\]"),
    "conjugated": (lambda z: z * z, (1.0 + 2.0j,), lambda z: (z * z, lambda g: 2 * z.conjugate() * g), "d result"),
    "part of a result forgotten": (
        lambda x: (x, x * x),
        (3.0,),
        lambda x: ((x, x * x), lambda g: g[0] + 0.0 * g[1]),
        r"result\[1\]",
    ),
    "a field forgotten": (
        lambda s: s.stiffness * s.rest[0],
        (Spring(2.0, np.array([1.5])),),
        lambda s: (
            s.stiffness * s.rest[0],
            lambda g: tangent_type(Spring)(stiffness=float(g * s.rest[0]), rest=0 * s.rest),
        ),
        r"d args\[0\].rest\[0\]: analytic 0.0, numeric (2|1.9)",
    ),
    "one entry of many off": (np.sin, (np.linspace(0.1, 1.0, 20),), wrong_last, r"d args\[0\]\[19\]"),
    "value": (lambda x: x * x, (3.0,), lambda x: (math.nextafter(x * x, 10.0), lambda g: 2 * x * g), "gave the value"),
    "type of the value": (
        lambda x: x * x,
        (3.0,),
        lambda x: (np.float64(x * x), lambda g: 2 * x * g),
        "gave the value",
    ),
    "sign of zero": (lambda x: -x, (0.0,), lambda x: (0.0, lambda g: -g), "gave the value"),
    "large, one block off": (
        np.sin,
        (np.linspace(0, 3, 2000),),
        lambda a: (np.sin(a), lambda g: g * np.where(np.arange(2000) < 100, 0.9, 1.0) * np.cos(a)),
        "d ",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_derivatives_are_caught(name: str, library: Any) -> None:
    f, args, vjp, message = WRONG[name]
    library(vjp)
    with pytest.raises(AssertionError, match=message):
        check_derivative(f, *args)


def test_the_report_names_the_worst_entry_and_both_numbers(library: Any) -> None:
    library(lambda x, y: (x * y, lambda g: (1.1 * g * y, -g * x)))
    with pytest.raises(AssertionError) as caught:
        check_derivative(lambda x, y: x * y, 3.0, 2.0)
    text = str(caught.value)
    assert "(reverse mode) is wrong: d result / d args[1]: analytic -3.0, numeric" in text
    assert float(text.split("numeric ")[1].split()[0]) == pytest.approx(3.0)
    assert "comparisons differ)" in text


def test_a_pullback_that_answers_differently_is_caught(library: Any) -> None:
    calls = []
    library(lambda x: (x * x, lambda g: 2 * x * g + 1e-15 * (calls.append(0) or len(calls))))
    with pytest.raises(AssertionError, match="another answer when called again"):
        check_derivative(lambda x: x * x, 3.0)


def test_changed_arguments_are_caught(library: Any) -> None:
    def forward(a: np.ndarray) -> Any:
        a[0] += 1.0
        return (a - np.eye(1, 2)[0]) ** 2, lambda g: 2 * g * (a - np.eye(1, 2)[0])

    library(forward)
    with pytest.raises(AssertionError, match="left the arguments as"):
        check_derivative(lambda a: a**2, B)

    def backward(a: np.ndarray) -> Any:
        kept = a.copy()

        def pull(g: np.ndarray) -> np.ndarray:
            a[0] = 7.0
            return 2 * g * kept

        return a**2, pull

    library(backward)
    with pytest.raises(AssertionError, match="changed the arguments"):
        check_derivative(lambda a: a**2, B)


def test_a_function_that_mutates_is_compared_with_its_own_effect(library: Any) -> None:
    def f(a: np.ndarray) -> Any:
        a *= 2.0
        return a.sum()

    library(lambda a: (f(a), lambda g: np.full(2, 2.0 * g)))
    check_derivative(f, B.copy(), modes=("reverse",))
    library(lambda a: ((a * 2.0).sum(), lambda g: np.full(2, 2.0 * g)))
    with pytest.raises(AssertionError, match="left the arguments as"):
        check_derivative(f, B.copy(), modes=("reverse",))


KINKS: dict[str, tuple[Any, tuple[Any, ...], Vjp]] = {
    "abs": (abs, (0.0,), lambda x: (abs(x), lambda g: 0.0 * g)),
    "relu": (lambda x: max(x, 0.0), (0.0,), lambda x: (max(x, 0.0), lambda g: g)),
    "tie": (max, (2.0, 2.0), lambda x, y: (max(x, y), lambda g: (g, 0.0))),
    "array": (np.abs, (np.array([1.0, 0.0]),), lambda a: (np.abs(a), lambda g: g * np.sign(a))),
    "far from the origin": (lambda x: abs(x - 300.0), (300.0,), lambda x: (abs(x - 300.0), lambda g: 0.0 * g)),
    "float32": (np.abs, (np.float32(0),), lambda a: (np.abs(a), lambda g: g * np.float32(0))),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_refused_unless_allowed(name: str, library: Any) -> None:
    f, args, vjp = KINKS[name]
    library(vjp)
    with pytest.raises(AssertionError, match=r"has a kink here: d .* from the left and .* from the right"):
        check_derivative(f, *args)
    check_derivative(f, *args, allow_kinks=True)


def test_a_jump_is_refused(library: Any) -> None:
    library(lambda x: (math.floor(x) * x, lambda g: g * math.floor(x)))
    with pytest.raises(AssertionError, match="has a kink here"):
        check_derivative(lambda x: math.floor(x) * x, 2.0)


def test_at_an_allowed_kink_slopes_outside_are_still_wrong(library: Any) -> None:
    for slope, right in ((0.5, True), (-1.0, True), (1.5, False), (-2.0, False)):
        library(lambda x: (abs(x), lambda g: slope * g))
        if right:
            check_derivative(abs, 0.0, allow_kinks=True)
        else:
            with pytest.raises(AssertionError, match="is wrong"):
                check_derivative(abs, 0.0, allow_kinks=True)


def test_wrt_chooses_the_arguments(library: Any) -> None:
    def f(x: float, y: float, n: int) -> float:
        return x * y**n

    asked: list[Any] = []

    def value_with_pullback(f: Any, wrt: Any) -> Any:
        asked.append(wrt)
        return lambda x, y, n: (f(x, y, n), lambda g: g * n * x * y ** (n - 1))

    library(lambda: None)
    sys.modules["pullback.operators"].value_with_pullback = value_with_pullback  # type: ignore[attr-defined]
    for wrt in ("y", 1, ("y",), (1,)):
        check_derivative(f, 1.5, 2.0, 3, wrt=wrt)
    assert asked == [1] * 4
    for wrong, message in (("z", "no parameter 'z'"), (2, "wrt=2 is not a differentiable"), (5, "wrt=5 is not")):
        with pytest.raises(ArgumentError, match=message):
            check_derivative(f, 1.5, 2.0, 3, wrt=wrong)


def test_what_cannot_be_checked_is_refused(library: Any) -> None:
    library(lambda x: (x, lambda g: g))
    with pytest.raises(ArgumentError, match="pass a float, not an int"):
        check_derivative(lambda x: x, 3)
    with pytest.raises(ArgumentError, match="no tangent space"):
        check_derivative(lambda x: int(x), 3.0)
    with pytest.raises(ArgumentError, match="modes are"):
        check_derivative(lambda x: x, 3.0, modes=("backward",))
    with pytest.raises(ArgumentError, match="order 1 and 2"):
        check_derivative(lambda x: x, 3.0, order=3)
    with pytest.raises(AssertionError, match="not deterministic"):
        check_derivative(lambda x: x * random.random(), 3.0)
    with pytest.raises(AssertionError, match="not finite"):
        check_derivative(lambda x: x * math.inf, 3.0)
    with pytest.raises(AssertionError, match="cannot be evaluated near"):
        check_derivative(lambda x: math.sqrt(x - 3.0) * x, 3.0)


def test_exceptions_of_the_function_pass_through(library: Any) -> None:
    library(lambda x: (x, lambda g: g))
    with pytest.raises(KeyError, match="mine"):
        check_derivative(lambda x: {}["mine"], 3.0)


def test_tolerances_can_be_given(library: Any) -> None:
    library(lambda x: (x * x, lambda g: 2.02 * x * g))
    check_derivative(lambda x: x * x, 3.0, rtol=0.05)
    check_derivative(lambda x: x * x, 3.0, atol=0.2)
    with pytest.raises(AssertionError):
        check_derivative(lambda x: x * x, 3.0, rtol=1e-3)


def test_forward_mode_is_checked(library: Any) -> None:
    vjp = lambda a, b: (a * b, lambda g: (g * b, (g * a).sum(0)))
    f = lambda a, b: a * b
    right = lambda f, wrt: lambda a, b: (a * b, lambda da, db: da * b + a * db)
    library(vjp, value_with_differential=right)
    check_derivative(f, A, B)
    wrong = lambda f, wrt: lambda a, b: (a * b, lambda da, db: da * b - a * db)
    library(vjp, value_with_differential=wrong)
    with pytest.raises(AssertionError, match=r"\(forward mode\) is wrong"):
        check_derivative(f, A, B)
    check_derivative(f, A, B, modes=("reverse",))
    shape = lambda f, wrt: lambda a, b: (a * b, lambda da, db: (da * b + a * db).sum(0))
    library(vjp, value_with_differential=shape)
    with pytest.raises(AssertionError, match=r"result should be an array float64\[2, 2\]"):
        check_derivative(f, A, B)


def test_second_order(library: Any) -> None:
    f = lambda x, y: x * x * y
    once = lambda x, y: (2 * x * y, x * x)

    def value_with_pullback(factor: float) -> Any:
        def of(g: Any, wrt: Any) -> Any:
            if g is f:
                return lambda x, y: (f(x, y), lambda v: (v * 2 * x * y, v * x * x))
            return lambda x, y: (
                once(x, y),
                lambda v: (v[0] * 2 * y + v[1] * 2 * x, v[0] * 2 * x * factor),
            )

        return of

    def use(factor: float) -> None:
        library(lambda: None, gradient=lambda f, wrt: once)
        sys.modules["pullback.operators"].value_with_pullback = value_with_pullback(factor)  # type: ignore[attr-defined]

    use(1.0)
    check_derivative(f, 1.5, 2.0, order=2)
    use(1.01)
    check_derivative(f, 1.5, 2.0)
    with pytest.raises(AssertionError, match=r"second order, .* is wrong"):
        check_derivative(f, 1.5, 2.0, order=2)


def test_second_order_says_so_where_the_library_cannot(library: Any) -> None:
    f = lambda x: x * x

    def value_with_pullback(g: Any, wrt: Any) -> Any:
        if g is not f:
            raise DifferentiabilityError("no source")
        return lambda x: (x * x, lambda v: 2 * x * v)

    library(lambda: None, gradient=lambda f, wrt: lambda x: 2 * x)
    sys.modules["pullback.operators"].value_with_pullback = value_with_pullback  # type: ignore[attr-defined]
    with pytest.raises(DifferentiabilityError, match="order=2 is not checked: no source"):
        check_derivative(f, 3.0, order=2)


def test_arguments_that_are_not_finite_stay_where_they_are() -> None:
    check_derivative(lambda a: np.nanmean(a), np.array([1.0, np.nan, 2.0]))


def test_a_jump_to_both_sides_is_a_kink() -> None:
    with pytest.raises(AssertionError, match="has a kink here"):
        check_derivative(lambda x: np.heaviside(x, 0.5), 0.0)
    check_derivative(lambda x: np.heaviside(x, 0.5), 0.0, allow_kinks=True)
