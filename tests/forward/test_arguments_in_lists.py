"""Higher derivatives of calls whose arguments are put into a list that is then changed.

    full = list(args)
    full[i] = x
    return f(*full)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb


def product(x: Any, y: Any, z: Any) -> Any:
    return np.sum(np.sin(x) * y * z * z)


def by_comprehension(args: list[Any], places: tuple[int, ...]) -> Callable[..., Any]:
    def f(*xs: Any) -> Any:
        full = [a for a in args]  # noqa: C416  # the form that is tested
        for i, x in zip(places, xs, strict=True):
            full[i] = x
        return product(*full)

    return f


def by_constructor(args: list[Any], places: tuple[int, ...]) -> Callable[..., Any]:
    def f(*xs: Any) -> Any:
        full = list(args)
        for i, x in zip(places, xs, strict=True):
            full[i] = x
        return product(*full)

    return f


def replaced(values: Any, pairs: Any) -> Any:
    values = list(values)
    for i, v in pairs:
        values[i] = v
    return tuple(values)


def by_helper(args: list[Any], places: tuple[int, ...]) -> Callable[..., Any]:
    return lambda *xs: product(*replaced(args, zip(places, xs, strict=True)))


def rebound(args: list[Any], places: tuple[int, ...]) -> Callable[..., Any]:
    def f(*args: Any) -> Any:
        args = list(args)  # type: ignore[assignment]
        args[1] = args[0] * args[1]  # type: ignore[index]
        return product(args[0], args[1], 0.5)

    return f


def doubled_keywords(args: list[Any], places: tuple[int, ...]) -> Callable[..., Any]:
    def inner(x: Any, **options: Any) -> Any:
        options = dict(options)
        options["z"] = x * options["z"]
        return product(x, **options)

    return lambda x, z: inner(x, y=args[1], z=z)


FORMS = [by_comprehension, by_constructor, by_helper, rebound, doubled_keywords]


def along(f: Callable[..., Any], xs: tuple[Any, ...], vs: tuple[Any, ...], h: float = 1e-5) -> Any:
    plus = f(*(x + h * v for x, v in zip(xs, vs, strict=True)))
    minus = f(*(x - h * v for x, v in zip(xs, vs, strict=True)))
    return (plus - minus) / (2 * h)


def paired(tangents: Any, vs: tuple[Any, ...]) -> Any:
    return sum(np.sum(np.asarray(t) * v) for t, v in zip(tangents, vs, strict=True))


@pytest.mark.parametrize("arrays", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_second_order_in_every_mode(form: Any, arrays: bool) -> None:
    rng = np.random.default_rng(3)
    made = (lambda: rng.uniform(0.5, 1.5, 3)) if arrays else (lambda: float(rng.uniform(0.5, 1.5)))
    args = [made(), made(), made()]
    f = form(args, (0, 2))
    xs, vs = (made(), made()), (made(), made())

    def first(*x: Any) -> Any:
        return pb.differential(f)(*x)(*vs)

    def gradient(*x: Any) -> Any:
        return pb.gradient(f)(*x)

    slope = along(f, xs, vs)
    np.testing.assert_allclose(first(*xs), slope, rtol=1e-6)
    np.testing.assert_allclose(paired(gradient(*xs), vs), slope, rtol=1e-6)
    curvature = along(first, xs, vs)
    np.testing.assert_allclose(pb.differential(first)(*xs)(*vs), curvature, rtol=1e-6)
    np.testing.assert_allclose(paired(pb.gradient(first)(*xs), vs), curvature, rtol=1e-6)
    np.testing.assert_allclose(paired(pb.differential(gradient)(*xs)(*vs), vs), curvature, rtol=1e-6)
    np.testing.assert_allclose(paired(pb.pullback(gradient)(*xs)(vs), vs), curvature, rtol=1e-6)


@pytest.mark.parametrize("form", [by_comprehension, by_constructor])
def test_an_array_that_is_captured_and_is_an_argument(form: Any) -> None:
    """The captured one stays where it is, though it is the very array that moves."""
    a, c, v = np.array([0.3, 0.7]), np.array([1.2, 0.4]), np.array([1.0, -2.0])
    f = form([a, 2.0, c], (0, 2))

    def called(g: Any, x: Any, z: Any) -> Any:
        return g(x, z)

    def first(x: Any, z: Any) -> Any:
        return pb.differential(f)(x, z)(v, v)

    slope = along(f, (a.copy(), c.copy()), (v, v))
    np.testing.assert_allclose(first(a, c), slope, rtol=1e-6)
    np.testing.assert_allclose(pb.differential(called, wrt=(1, 2))(f, a, c)(v, v), slope, rtol=1e-6)
    curvature = along(first, (a, c), (v, v))
    np.testing.assert_allclose(pb.differential(first)(a, c)(v, v), curvature, rtol=1e-6)
    np.testing.assert_allclose(paired(pb.gradient(first)(a, c), (v, v)), curvature, rtol=1e-6)


def test_a_change_in_forward_mode_of_the_third_order_is_not_lost() -> None:
    def f(*xs: float) -> float:
        full = [1.0, 2.0]
        for i, x in zip((0, 1), xs, strict=True):
            full[i] = x
        return full[0] * full[0] * full[0]

    def second(*x: float) -> Any:
        return pb.differential(lambda *y: pb.differential(f)(*y)(1.0, 2.0))(*x)(1.0, 2.0)

    try:
        third = pb.differential(second)(0.5, 0.7)(1.0, 2.0)
    except pb.DifferentiabilityError as error:
        assert "not foreseen" in str(error)
    else:
        assert abs(third - 6.0) < 1e-12


def test_zeros_of_inner_derivatives_are_values_to_the_outer_ones() -> None:
    def inner(y: Any) -> Any:
        return y[0] * y[1]

    def outer(x: float) -> Any:
        return np.sin(np.array(pb.gradient(inner)((x, x)))[0]) * x

    f: Callable[[float], Any] = outer
    for _ in range(2):
        f = pb.gradient(f)

    def first(x: float) -> Any:
        return pb.differential(f)(x)(1.0)

    slope = (f(0.4 + 1e-5) - f(0.4 - 1e-5)) / 2e-5
    np.testing.assert_allclose(first(0.4), slope, rtol=1e-6)
    curvature = (first(0.4 + 1e-5) - first(0.4 - 1e-5)) / 2e-5
    np.testing.assert_allclose(pb.differential(first)(0.4)(1.0), curvature, rtol=1e-6)
    np.testing.assert_allclose(pb.gradient(first)(0.4), curvature, rtol=1e-6)
