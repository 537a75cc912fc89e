"""`differential` as a user meets it: linear, repeatable, checked; rules for it; what it refuses."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

import pullback as pb


def test_a_differential_is_linear_and_may_be_called_often() -> None:
    value, df = pb.value_with_differential(lambda x, y: math.sin(x) * y)(0.3, 2.0)
    assert value == math.sin(0.3) * 2.0
    assert df(1.0, 0.0) == pytest.approx(2.0 * math.cos(0.3)) and df(0.0, 1.0) == pytest.approx(math.sin(0.3))
    assert df(2.0, -3.0) == pytest.approx(2.0 * df(1.0, 0.0) - 3.0 * df(0.0, 1.0))
    assert df(1.0, 0.0) == df(1.0, 0.0)


def test_a_zero_never_meets_an_infinity() -> None:
    def f(x: float, w: float, which: bool) -> float:
        y = 2.0
        if which:
            y = y * x
        return y * w

    assert pb.differential(f, wrt="x")(1.0, math.inf, False)(1.0) == 0.0


def test_tangents_keep_their_type() -> None:
    x = np.array([0.1, 0.2], np.float32)
    along = pb.differential(lambda x: np.sin(x) * 2.0 + x.sum())(x)(x)
    assert along.dtype == np.float32 and along.shape == (2,)
    assert type(pb.differential(lambda x: x * 2)(np.float32(1.5))(np.float32(1.0))) is np.float32
    assert pb.differential(lambda z: abs(z))(3 + 4j)(1j) == pytest.approx(0.8)


def test_rules_for_forward_mode() -> None:
    def wave(x: float, n: int) -> float:
        return math.sin(x) * n

    @pb.derivative(of=wave, forward=True)
    def wave_jvp(x: float, n: int) -> Any:
        return math.sin(x) * n, lambda dx: 100.0 * dx

    assert pb.differential(lambda x: wave(x, 2) + x)(0.3)(1.0) == pytest.approx(101.0)
    assert pb.gradient(lambda x: wave(x, 2))(0.3) == pytest.approx(2 * math.cos(0.3))  # reverse reads the source

    def pulled(x: Any, w: Any) -> Any:
        return x * w

    pb.derivative(of=pulled)(lambda x, w: (x * w, lambda g: (g * w, g * x)))
    a = np.array([1.0, 2.0])
    np.testing.assert_allclose(pb.differential(lambda x: pulled(x, x * 2.0))(a)(a), 4 * a * a)

    def opaque(x: Any) -> Any:
        return np.sin(x)

    def opaque_vjp(x: Any) -> Any:
        def pull(g: Any) -> Any:
            out = []
            for k in range(len(g)):
                try:  # a pullback whose source cannot be differentiated
                    out.append(g[k] * math.cos(x[k]))
                except ValueError:
                    out.append(0.0)
            return np.array(out)

        return np.sin(x), pull

    pb.derivative(of=opaque)(opaque_vjp)
    np.testing.assert_allclose(pb.differential(lambda x: opaque(x) * 2.0)(a)(a), 2 * np.cos(a) * a)
    with pb.derivatives({math.sin: lambda x: (math.sin(x), lambda v: 7.0 * v)}):
        assert pb.differential(lambda x: math.sin(x))(0.3)(1.0) == 7.0
    assert pb.differential(lambda x: math.sin(x))(0.3)(1.0) == math.cos(0.3)


def test_random_numbers_are_replayed() -> None:
    value, df = pb.value_with_differential(lambda x: x * random.random())(2.0)
    assert df(1.0) == value / 2.0 == df(1.0)


SCALE = [1.0]


def test_a_change_since_is_an_error() -> None:
    a = np.ones(2)
    df = pb.differential(lambda x: x * x)(a)
    a[0] = 5.0
    with pytest.raises(pb.ChangedValueError, match="argument 1"):
        df(np.ones(2))
    df = pb.differential(lambda x: x * SCALE[0])(2.0)
    SCALE[0] = 3.0
    with pytest.raises(pb.ChangedValueError, match="another value"):
        df(1.0)


REFUSED = [
    (lambda: pb.differential(lambda x: x)(1), pb.ArgumentError, "int"),
    (lambda: pb.differential(lambda x: x)(1.0)(1.0, 2.0), pb.ArgumentError, "takes 1 tangents"),
    (lambda: pb.differential(lambda x: x)(np.ones(2))(np.ones(3)), pb.CotangentError, "argument `x`"),
    (lambda: pb.differential(lambda p: p[0])((1.0, 2.0))(1.0), pb.CotangentError, "argument `p`"),
    (lambda: pb.differential(lambda x: float(int(x)))(1.5), pb.DifferentiabilityError, r"int\("),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_cannot_be_is_refused(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_a_tangent_that_is_always_zero_is_warned_of() -> None:
    with pytest.warns(pb.ZeroDerivativeWarning, match="does not depend"):
        assert pb.differential(lambda x: 3.0)(1.0)(1.0) == 0.0


@pytest.mark.parametrize("x", [np.array([2.0, 0.5]), np.float64(2.0), 2.0])
def test_a_value_times_itself_in_place(x: Any) -> None:
    def fourth(a: Any) -> Any:
        y = a * a
        y *= y
        return y

    assert np.all(pb.differential(fourth)(x)(np.ones_like(x)[()] if np.ndim(x) == 0 else np.ones_like(x)) == 4 * x**3)


def _only(parts: Any) -> Any:
    return parts[0] if len(parts) == 1 else parts


def _through(parts: Any) -> Any:
    return _only(parts)


def _of_made(make: Any, x: Any) -> Any:
    return np.sum(_through(make(x)) * x)


def _pair(x: Any) -> Any:
    return (x * 2.0,)


def test_what_a_callee_guessed_of_a_value_is_guessed_again_for_another() -> None:
    f = lambda x: _of_made(_pair, x)
    for x in (3.0, np.ones(3), np.float64(2.0), np.ones((2, 2)), 3.0):
        assert pb.differential(f)(x)(x) == pytest.approx(4.0 * np.sum(x * x))
        np.testing.assert_allclose(pb.gradient(f)(x), 4.0 * x)
