"""`check_rule` with rules that are right, and wrong in every way it promises to see."""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.testing import RuleReport, check_rule, surrogate

A = np.array([[1.0, 2.0, 0.5], [3.0, -4.0, 1.5]])
B = np.array([0.5, -1.5, 2.0])
M = np.array([[1.0, 2.0], [3.0, -4.0]])
S = np.array([0.3, -0.7])


def ruled(f: Any, vjp: Any, wrt: Any = None, forward: Any = None) -> Any:
    """A function of its own with these rules."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    function.__name__ = function.__qualname__ = f.__name__ if f.__name__ != "<lambda>" else "function"
    if vjp is not None:
        pb.derivative(of=function, wrt=wrt)(vjp)
    if forward is not None:
        pb.derivative(of=function, wrt=wrt, forward=True)(forward)
    return function


def unbroadcast(t: Any, x: Any) -> Any:
    t = np.asarray(t)
    t = t.sum(axis=tuple(range(t.ndim - np.ndim(x)))) if t.ndim > np.ndim(x) else t
    axes = tuple(k for k in range(np.ndim(x)) if x.shape[k] == 1 != t.shape[k])
    return t.sum(axis=axes, keepdims=True) if axes else t


def in_new_array(x: np.ndarray) -> Any:
    return np.array(x)


@dataclass
class Spring:
    stiffness: float
    rest: np.ndarray


def energy(s: Spring, x: np.ndarray) -> float:
    return float(s.stiffness * ((x - s.rest) @ (x - s.rest)))


def energy_vjp(s: Spring, x: np.ndarray) -> Any:
    d = x - s.rest
    return energy(s, x), lambda g: (
        {"stiffness": float(g * (d @ d)), "rest": -2 * g * s.stiffness * d},
        unbroadcast(2 * g * s.stiffness * d, x),
    )


RIGHT: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "floats": (lambda x, y: x * y, (3.0, 2.0), lambda x, y: (x * y, lambda g: (g * y, g * x))),
    "an int too": (lambda x, n: x**n, (3.0, 2), lambda x, n: (x**n, lambda g: g * n * x ** (n - 1))),
    "matrix": (lambda a, b: a @ b, (M, S), lambda a, b: (a @ b, lambda g: (np.outer(g, b), a.T @ g))),
    "broadcast": (
        lambda a, b: a * b,
        (A, B),
        lambda a, b: (a * b, lambda g: (unbroadcast(g * b, a), unbroadcast(g * a, b))),
    ),
    "sum": (
        lambda a: np.sum(a),
        (A,),
        lambda a: (np.sum(a), lambda g: np.full(a.shape, g, a.dtype)),
    ),
    "exp, which keeps its value": (np.exp, (A,), lambda a: (lambda y: (y, lambda g: g * y))(np.exp(a))),
    "the cotangent itself": (in_new_array, (A,), lambda a: (np.array(a), lambda g: g)),
    "the cotangent twice": (
        lambda a, b: a + b,
        (A, 2 * A),
        lambda a, b: (a + b, lambda g: (unbroadcast(g, a), unbroadcast(g, b))),
    ),
    "a view": (np.transpose, (A,), lambda a: (np.transpose(a), lambda g: np.transpose(g))),
    "complex": (lambda z: z * z, (1.0 + 2.0j,), lambda z: (z * z, lambda g: 2 * z * g)),
    "complex arrays": (np.conj, (M + 1j * M.T,), lambda z: (np.conj(z), lambda g: np.conj(g))),
    "a tuple": (
        lambda x: (x, (2.0, x * x)),
        (3.0,),
        lambda x: ((x, (2.0, x * x)), lambda g: g[0] + 2 * x * g[1][1]),
    ),
    "an object": (energy, (Spring(2.0, np.array([1.0, 2.0])), S), energy_vjp),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_pass(name: str) -> None:
    f, args, vjp = RIGHT[name]
    report = check_rule(ruled(f, vjp), *args)
    assert isinstance(report, RuleReport) and "the call" in report.checked
    assert not any(s.startswith("through the library") for s in report.skipped)


@pytest.mark.parametrize("name", [n for n in RIGHT if n not in ("a view", "complex arrays")])
@pytest.mark.parametrize("factor", [-1.0, 2.0, 1.01, 0.0])
def test_a_wrong_sign_or_factor_is_caught(name: str, factor: float) -> None:
    from pullback.tangents import scale

    f, args, vjp = RIGHT[name]

    def wrong(*given: Any) -> Any:
        value, pull = vjp(*given)

        def scaled(g: Any) -> Any:
            t = pull(g)
            if isinstance(t, dict) or not isinstance(t, tuple):
                return scale(t, factor)
            return tuple(scale(p, factor) for p in t)

        return value, scaled

    with pytest.raises(AssertionError, match=rf"{re.escape(__file__)}:\d+: `.*wrong`, the rule of .* is wrong: d "):
        check_rule(ruled(f, wrong), *args, variations=())


def mutating(x: np.ndarray) -> Any:
    def pull(g: np.ndarray) -> np.ndarray:
        g *= 2.0
        return g * x

    return x * x, pull


CALLS: list[int] = []


def counting(x: float) -> Any:
    return x * x, lambda g: 2 * x * g + 1e-13 * (CALLS.append(0) or len(CALLS))


def one_buffer(x: np.ndarray) -> Any:
    buffer = np.zeros_like(x)

    def pull(g: np.ndarray) -> np.ndarray:
        np.multiply(g, 2.0 * x, out=buffer)
        return buffer

    return x * x, pull


GLOBAL: dict[str, Any] = {}


def in_a_global(x: np.ndarray) -> Any:
    GLOBAL["x"] = x
    return x * x, lambda g: 2.0 * GLOBAL["x"] * g


SCRATCH = np.zeros(64)


def in_a_scratch_array(x: np.ndarray) -> Any:
    kept = SCRATCH[: x.size].reshape(x.shape)
    kept[...] = x
    return x * x, lambda g: 2.0 * kept * g


def consuming(xs: list[float]) -> Any:
    kept = list(xs)

    def pull(g: float) -> list[float]:
        return [g * kept.pop(0) for _ in range(len(kept))] + [0.0] * (len(xs) - len(kept))

    return sum(x * x for x in xs), pull


def writes_arguments(x: np.ndarray) -> Any:
    kept = x.copy()

    def pull(g: np.ndarray) -> np.ndarray:
        x[...] = 0.0
        return 2 * g * kept

    return kept * kept, pull


def returns_the_argument(x: np.ndarray) -> Any:
    return float(np.sum(x * x) / 2), lambda g: x if g == 1.0 else np.multiply(g, x)


def one(x: np.ndarray) -> Any:
    return np.sum(x)


def keeps_what_it_returns(x: np.ndarray) -> Any:
    weights = np.ones_like(x)
    return np.sum(x), lambda g: weights if g == 1.0 else g * weights


def off_by_one(x: np.ndarray) -> Any:
    return np.cumsum(x), lambda g: np.append(np.cumsum(g[::-1])[::-1][1:], 0.0).astype(g.dtype)


WRONG: dict[str, tuple[Any, tuple[Any, ...], Any, str]] = {
    "transpose": (
        lambda a, b: a @ b,
        (M, S),
        lambda a, b: (a @ b, lambda g: (np.outer(g, b), a @ g)),
        r"is wrong: d .* analytic .* numeric ",
    ),
    "transpose of a rectangle": (
        lambda a, b: a @ b,
        (A, B),
        lambda a, b: (a @ b, lambda g: (np.outer(b, g), a.T @ g)),
        r"the tangent of `a`: expected shape \(2, 3\)",
    ),
    "missing unbroadcast": (
        lambda a, b: a * b,
        (A, B),
        lambda a, b: (a * b, lambda g: (g * b, g * a)),
        r"the tangent of `b`: expected shape \(3,\), as its primal has, got shape \(2, 3\)",
    ),
    "missing unbroadcast, where the arguments have one shape": (
        lambda a, b: a * b,
        (A, A + 1.0),
        lambda a, b: (a * b, lambda g: (g * b, g * a)),
        r"(?s)expected shape .*when called with `[ab]` of shape",
    ),
    "unbroadcast over the wrong axis": (
        lambda a, b: a * b,
        (M, S),
        lambda a, b: (a * b, lambda g: (g * b, (g * a).sum(1))),
        r"d .* / d b\[[01]\]",
    ),
    "wrong dtype": (
        lambda a: a * a,
        (S.astype(np.float32),),
        lambda a: (a * a, lambda g: 2.0 * g.astype(np.float64) * a),
        "returns an array of shape .* and dtype float64 for `a`, which is .* float32",
    ),
    "wrong dtype, checked in float64": (
        lambda a: a * a,
        (S,),
        lambda a: (a * a, lambda g: np.array([2.0, 2.0])[: a.size].reshape(a.shape) * g * a),
        "(?s)dtype float64 for `a`.*when called with float32",
    ),
    "missing conjugate": (
        lambda z: np.conj(z) * 2.0,
        (M + 1j * M.T,),
        lambda z: (np.conj(z) * 2.0, lambda g: 2.0 * g),
        "is wrong: d ",
    ),
    "a conjugate too many": (
        lambda z: z * z,
        (1.0 + 2.0j,),
        lambda z: (z * z, lambda g: 2 * z.conjugate() * g),
        "is wrong: d ",
    ),
    "a complex tangent of a real value": (
        lambda x: x * (1.0 + 2.0j),
        (3.0,),
        lambda x: (x * (1.0 + 2.0j), lambda g: g * (1.0 + 2.0j)),
        "complex tangent .* for `x`, which is real",
    ),
    "swapped operands": (
        lambda x, y: x * y,
        (3.0, 2.0),
        lambda x, y: (x * y, lambda g: (g * x, g * y)),
        r"d result / d [xy]: analytic [23].0, numeric ",
    ),
    "off by one": (lambda x: np.cumsum(x), (B,), off_by_one, r"d result\[\d\] / d x\[\d\]"),
    "a dropped term": (
        lambda x: x * math.sin(x),
        (0.7,),
        lambda x: (x * math.sin(x), lambda g: g * math.sin(x)),
        "is wrong: d result / d x: analytic",
    ),
    "a constant offset": (lambda x: x * x, (0.7,), lambda x: (x * x, lambda g: 2 * x * g + 0.1), "zero for zero"),
    "not linear": (
        lambda x: np.sum(x * x),
        (B,),
        lambda x: (np.sum(x * x), lambda g: np.sign(g) * np.minimum(abs(g), 0.5) * x),
        "not linear",
    ),
    "the cotangent mutated": (
        lambda x: x * x,
        (B,),
        mutating,
        r"changes the cotangent that its pullback is given, from array\(",
    ),
    "another answer each time": (lambda x: x * x, (3.0,), counting, "another answer when its pullback is called again"),
    "one buffer for all answers": (lambda x: x * x, (B,), one_buffer, "memory that the next call of its"),
    "state in a global": (lambda x: x * x, (B,), in_a_global, "depends on state: after another call"),
    "a residual in a scratch array": (lambda x: x * x, (B,), in_a_scratch_array, "depends on state: after another"),
    "a residual used up": (lambda xs: sum(x * x for x in xs), ([1.0, 2.0],), consuming, "expected a list of 2"),
    "the arguments changed in the pullback": (lambda x: x * x, (B,), writes_arguments, "changes the arguments in its"),
    "the argument itself as tangent": (
        lambda x: float(np.sum(x * x) / 2),
        (B,),
        returns_the_argument,
        "share memory with the arguments",
    ),
    "what it keeps as tangent": (one, (B,), keeps_what_it_returns, "share memory with what its pullback keeps"),
    "the value": (
        lambda x: x * x,
        (3.0,),
        lambda x: (math.nextafter(x * x, 10.0), lambda g: 2 * x * g),
        r"gives the value 9.000000000000002; the function gives 9.0",
    ),
    "the type of the value": (
        lambda x: x * x,
        (3.0,),
        lambda x: (np.float64(x * x), lambda g: 2 * x * g),
        "gives the value",
    ),
    "a copy for a view": (
        np.ravel,
        (A,),
        lambda a: (np.array(np.ravel(a)), lambda g: np.reshape(g, a.shape)),
        "gives a value with memory of its own; the function's result shares memory with `a`",
    ),
    "a view for a copy": (
        in_new_array,
        (A,),
        lambda x: (x, lambda g: g),
        "gives a value with memory of `x`; the function's result does not share",
    ),
    "None": (lambda x: x * x, (3.0,), lambda x: (x * x, lambda g: None), "returns None for the tangent of `x`"),
    "one tangent of two": (
        lambda x, y: x * y,
        (3.0, 2.0),
        lambda x, y: (x * y, lambda g: g * y),
        "must return 2 tangents",
    ),
    "an exception": (lambda x: x * x, (3.0,), lambda x: {}["y"], "raises KeyError: 'y'"),
    "strides taken for granted": (
        lambda a: a * a,
        (A,),
        lambda a: (a * a, lambda g: 2 * g * a.ravel(order="K").reshape(a.shape)),
        "(?s)is wrong: .*when called with arrays that are not contiguous",
    ),
    "empty arrays": (
        lambda a: a / 2.0,
        (B,),
        lambda a: (a / 2.0, lambda g: g * (a / np.max(np.abs(a)) * np.max(np.abs(a)) / a) / 2.0),
        "(?s)raises ValueError in its pullback.*when called with empty arrays",
    ),
    "the same array twice": (
        lambda a, b: a * b,
        (A, A + 1.0),
        lambda a, b: (a * b, lambda g: (unbroadcast(g * b, a), unbroadcast(g * a, b) if a is not b else 0.0 * g)),
        "(?s)is wrong.*when called with `b` the same array as `a`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_caught(name: str) -> None:
    f, args, vjp, message = WRONG[name]
    function = f if f in (in_new_array,) else f

    def shown(*given: Any) -> Any:
        return function(*given)

    shown.__signature__ = __import__("inspect").signature(f) if not isinstance(f, np.ufunc) else None  # type: ignore
    pb.derivative(of=shown)(vjp)
    with pytest.raises(AssertionError, match=message) as caught:
        check_rule(shown, *args)
    assert re.match(rf"{re.escape(__file__)}:\d+: `.*`, the rule of ", str(caught.value))
    assert isinstance(caught.value, pb.PullbackError)


def test_the_report_names_the_line_the_argument_and_both_numbers() -> None:
    def product(x: float, y: float) -> float:
        return x * y

    @pb.derivative(of=product)
    def product_vjp(x: float, y: float) -> Any:
        return x * y, lambda g: (1.1 * g * y, -g * x)

    with pytest.raises(AssertionError) as caught:
        check_rule(product, 3.0, 2.0)
    text = str(caught.value)
    line = product_vjp.__code__.co_firstlineno
    assert text.startswith(f"{__file__}:{line}: `")
    assert "product_vjp`, the rule of " in text and "d result / d y: analytic -3.0, numeric" in text
    assert float(text.split("numeric ")[1].split()[0]) == pytest.approx(3.0)


def test_rules_for_some_parameters() -> None:
    def power(x: float, y: float) -> float:
        return float(x**y)

    @pb.derivative(of=power, wrt="x")
    def power_x(x: float, y: float) -> Any:
        return power(x, y), lambda g: g * y * x ** (y - 1)

    @pb.derivative(of=power, wrt=("x", "y"))
    def power_xy(x: float, y: float) -> Any:
        v = power(x, y)
        return v, lambda g: (g * y * x ** (y - 1), g * v * math.log(x) * 2)

    with pytest.raises(AssertionError, match=r"power_xy`, .*power with respect to x, y, is wrong: .* / d y"):
        check_rule(power, 1.5, 2.5)


def swept(x: np.ndarray, w: float) -> np.ndarray:
    return np.asarray(np.sin(w * x))


def test_forward_rules_and_their_transposes() -> None:
    reverse = lambda x, w: (swept(x, w), lambda g: (g * w * np.cos(w * x), np.sum(g * x * np.cos(w * x))))
    forward = lambda x, w: (swept(x, w), lambda dx, dw: np.asarray((dx * w + dw * x) * np.cos(w * x)))
    report = check_rule(ruled(swept, reverse, forward=forward), B, 0.7)
    assert "⟨Jᵀw, v⟩ = ⟨w, Jv⟩" in report.checked and len(report.rules) == 2
    wrong = {
        "is wrong: d ": lambda x, w: (swept(x, w), lambda dx, dw: (dx * w - dw * x) * np.cos(w * x)),
        "gives the value": lambda x, w: (2 * swept(x, w), lambda dx, dw: (dx * w + dw * x) * np.cos(w * x)),
        "not give zero for zero": lambda x, w: (swept(x, w), lambda dx, dw: (dx * w + dw * x) * np.cos(w * x) + 1.0),
        "returns an array of shape": lambda x, w: (swept(x, w), lambda dx, dw: (dx * w).astype(np.float32)),
        "changes the tangents": lambda x, w: (swept(x, w), lambda dx, dw: dx.__imul__(0.5)),
    }
    for message, rule in wrong.items():
        with pytest.raises(AssertionError, match=f"the forward rule of .*{message}"):
            check_rule(ruled(swept, None, forward=rule), B, 0.7)


def test_rules_that_are_not_transposes_of_each_other() -> None:
    slightly = 1.0 + 3e-9  # below what finite differences see
    reverse = lambda x, w: (swept(x, w), lambda g: (g * w * np.cos(w * x), np.sum(g * x * np.cos(w * x)) * slightly))
    forward = lambda x, w: (swept(x, w), lambda dx, dw: np.asarray((dx * w + dw * x) * np.cos(w * x)))
    with pytest.raises(AssertionError, match=r"are not transposes of each other: ⟨Jᵀw, v⟩ = "):
        check_rule(ruled(swept, reverse, forward=forward), B, 0.7)


def test_order_two() -> None:
    wrong_when_differentiated = lambda x: (x**3, lambda g: g * 3.0 * x * pb.without_derivative(x))
    function = ruled(lambda x: x**3, wrong_when_differentiated)
    assert "order 2" not in check_rule(function, 0.8).checked
    with pytest.raises(AssertionError, match="has a wrong second derivative: d "):
        check_rule(function, 0.8, order=2)
    right = ruled(lambda x: x**3, lambda x: (x**3, lambda g: g * 3.0 * x * x))
    assert "order 2" in check_rule(right, 0.8, order=2).checked


def test_kinks_are_refused_unless_allowed() -> None:
    function = ruled(abs, lambda x: (abs(x), lambda g: 0.0 * g))
    with pytest.raises(AssertionError, match="has a kink here: d result / d .* from the left and"):
        check_rule(function, 0.0)
    check_rule(function, 0.0, allow_kinks=True)
    steep = ruled(abs, lambda x: (abs(x), lambda g: 1.5 * g))
    with pytest.raises(AssertionError, match="is wrong"):
        check_rule(steep, 0.0, allow_kinks=True)


def test_methods_properties_classes_ufuncs_and_c_functions() -> None:
    @dataclass
    class Level:
        height: float

        def after(self, t: float) -> float:
            return self.height * math.exp(-t)

        @property
        def cubed(self) -> float:
            return self.height**3

    pb.derivative(of=Level.after, wrt="t")(lambda self, t: (self.after(t), lambda g: -g * self.height * math.exp(-t)))
    pb.derivative(of=Level.cubed)(lambda self: (self.height**3, lambda g: {"height": g * 3.0 * self.height**2}))
    assert check_rule(Level.after, Level(2.0), 0.3).checked
    assert check_rule(Level.cubed, Level(2.0)).checked
    doubled = np.frompyfunc(lambda x: 2.0 * x, 1, 1)
    pb.derivative(of=doubled)(lambda x: (doubled(x), lambda g: 2.0 * g))
    assert check_rule(doubled, 1.5).checked
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    cbrt = libm.cbrt
    cbrt.restype, cbrt.argtypes = ctypes.c_double, [ctypes.c_double]
    pb.derivative(of=cbrt)(lambda x: (cbrt(x), lambda g: g / (3.0 * cbrt(x) ** 2)))
    assert check_rule(cbrt, 1.7).checked
    with pb.derivatives({doubled: lambda x: (doubled(x), lambda g: 2.5 * g)}):
        with pytest.raises(AssertionError, match="is wrong"):
            check_rule(doubled, 1.5)


def test_keyword_arguments() -> None:
    def powered(x: np.ndarray, *, n: float = 2.0) -> Any:
        return np.sum(x) ** n

    pb.derivative(of=powered)(
        lambda x, *, n=2.0: (
            powered(x, n=n),
            lambda g: (np.full_like(x, g * n * np.sum(x) ** (n - 1)), g * powered(x, n=n) * math.log(np.sum(x)) * 3),
        )
    )
    with pytest.raises(AssertionError, match="is wrong: d result / d n: "):
        check_rule(powered, np.array([1.0, 2.0, 3.0]), kwargs={"n": 2.5})


def test_functions_made_from_a_rule() -> None:
    assert check_rule(pb.differentiable_function(lambda x: (x * x, lambda v: 2.0 * x * v)), 3.0).checked
    with pytest.raises(AssertionError, match="the derivative of .* is wrong: d result / d x"):
        check_rule(pb.differentiable_function(lambda x: (x * x, lambda v: x * v)), 3.0)


def test_the_librarys_own_rules() -> None:
    for function, args, kwargs in (
        (np.exp, (A,), {}),
        (np.multiply, (A, B), {}),
        (math.atan2, (0.3, 0.7), {}),
        (np.sum, (A,), {"axis": 0}),
        (np.einsum, ("ij,j->i", A, B), {}),
    ):
        assert check_rule(function, *args, kwargs=kwargs).checked


def test_a_surrogate_is_checked_for_everything_but_its_numbers() -> None:
    straight = surrogate(lambda x: (float(round(x)), lambda v: v))
    assert check_rule(ruled(lambda x: float(round(x)), straight), 2.3).checked
    wrong = surrogate(lambda x: (float(round(x)), lambda v: v + 1.0))
    with pytest.raises(AssertionError, match="zero for zero"):
        check_rule(ruled(lambda x: float(round(x)), wrong), 2.3)


def test_what_cannot_be_checked_is_refused() -> None:
    with pytest.raises(pb.ArgumentError, match="has no registered derivative to check"):
        check_rule(lambda x: x, 1.0)
    function = ruled(lambda x: x * 1.0, lambda x: (x * 1.0, lambda g: g))
    with pytest.raises(pb.ArgumentError, match="is differentiable here"):
        check_rule(function, 1)
    with pytest.raises(pb.ArgumentError, match="variations are"):
        check_rule(function, 1.0, variations=("upside down",))
    with pytest.raises(pb.ArgumentError, match="order 1 and 2"):
        check_rule(function, 1.0, order=3)
    with pytest.raises(AssertionError, match="not finite"):
        check_rule(ruled(lambda x: x * math.inf, lambda x: (x * math.inf, lambda g: g)), 1.0)


def test_what_the_function_does_not_accept_is_reported_as_skipped() -> None:
    def vector_only(x: np.ndarray) -> Any:
        if x.shape != (3,):
            raise ValueError("three numbers")
        return x * 2.0

    report = check_rule(ruled(vector_only, lambda x: (x * 2.0, lambda g: 2.0 * g)), B)
    assert "empty arrays: ValueError in the plain function" in report.skipped
    assert "float32" in report.checked
