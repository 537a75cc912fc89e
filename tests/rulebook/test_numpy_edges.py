"""Kinks, ties, zeros, infinities and refusals: where finite differences say nothing, the numbers are written down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import callable_rule

import pullback as pb
import pullback.rulebook.numpy_comparisons
import pullback.rulebook.numpy_differences
import pullback.rulebook.numpy_elementwise
import pullback.rulebook.numpy_norms
import pullback.rulebook.numpy_reductions
import pullback.rulebook.numpy_statistics  # noqa: F401
from pullback.applying import apply_rule
from pullback.errors import DifferentiabilityError
from pullback.rulebook import numpy_elementwise, powers
from pullback.rules import lookup

NAN, INF = np.nan, np.inf


def tangents(f: Any, *args: Any, g: Any = None, wrt: Any = None, **kwargs: Any) -> Any:
    """The rule's tangents for a cotangent of ones."""
    with np.errstate(all="ignore"):
        y, residual = apply_rule(callable_rule(f), args, kwargs, tuple(range(len(args))) if wrt is None else wrt)
    g = np.ones_like(y)[()] if g is None else g
    out = residual[0](residual, g)
    return out if len(out) > 1 else out[0]


def vec(*xs: Any) -> Any:
    return np.array(xs, dtype=complex if any(isinstance(x, complex) for x in xs) else float)


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        (np.maximum, (vec(1, 2, 3), vec(1, 3, 2)), ([1, 0, 1], [0, 1, 0])),
        (np.minimum, (vec(1, 2, 3), vec(1, 3, 2)), ([1, 1, 0], [0, 0, 1])),
        (np.fmax, (vec(1, NAN, 3), vec(1, 3, NAN)), ([1, 0, 1], [0, 1, 0])),
        (np.fmin, (vec(1, NAN, 3), vec(1, 3, NAN)), ([1, 0, 1], [0, 1, 0])),
        (np.maximum, (0.0, 0.0), (1, 0)),
        (np.maximum, (vec(NAN, 1), vec(1, NAN)), ([0, 0], [1, 1])),
        (np.clip, (vec(-1, 0, 0.5, 1, 2), 0.0, 1.0), ([0, 1, 1, 1, 0], 1, 1)),
        (np.clip, (vec(-1, 2, 0.5), 1.0, 0.0), ([0, 0, 0], 0, 3)),
        (np.absolute, (vec(-2, 0, 3),), [-1, 0, 1]),
        (np.absolute, (vec(0j, 3 + 4j),), [0, 0.6 - 0.8j]),
        (np.fabs, (0.0,), 0),
        (np.sign, (vec(0j, 3 + 0j),), [0, 0]),
        (np.sign, (vec(-1, 0, 2),), [0, 0, 0]),
        (np.copysign, (vec(0, 1), vec(-1, -1)), ([0, -1], [0, 0])),
        (np.angle, (vec(0j, 1j),), [0, -1]),
        (np.hypot, (vec(0, 3), vec(0, 4)), ([0, 0.6], [0, 0.8])),
        (np.heaviside, (vec(-1, 0, 1), 0.5), ([0, 0, 0], 1)),
        (np.power, (0.0, 0.0), (0, 0)),
        (np.power, (0.0, 1.0), (1, 0)),
        (np.power, (0.0, 2.0), (0, 0)),
        (np.power, (vec(0, 0, 0), vec(0, 1, 2)), ([0, 1, 0], [0, 0, 0])),
        (np.power, (0j, 2.0 + 0j), (0, 0)),
        (np.logaddexp, (vec(-INF, -INF, INF), vec(-INF, 1, 1)), ([0.5, 0, 1], [0.5, 1, 0])),
        (np.logaddexp, (vec(np.log(3), INF), vec(0, 1)), ([0.75, 1], [0.25, 0])),
        (np.nan_to_num, (vec(complex(NAN, 1), complex(1, NAN)),), [0, 1]),
        (np.real_if_close, (vec(1 + 0j, 2 + 0j),), [1 + 0j, 1 + 0j]),
        (np.nan_to_num, (vec(1, NAN, INF),), [1, 0, 0]),
        (np.nan_to_num, (np.array([complex(1, 2), complex(NAN, 2), complex(2, INF)]),), [1, 0, 1]),
        (np.max, (vec(1, 3, 3),), [0, 0.5, 0.5]),
        (np.min, (vec(1, 1, 1, 2),), [1 / 3, 1 / 3, 1 / 3, 0]),
        (np.max, (vec(1, NAN, NAN),), [0, 0.5, 0.5]),
        (np.nanmax, (vec(1, NAN, 1),), [0.5, 0, 0.5]),
        (np.nanmin, (vec(1, NAN, 3),), [1, 0, 0]),
        (np.max, (vec(INF, 1, INF),), [0.5, 0, 0.5]),
        (np.ptp, (vec(2, 2, 2),), [0, 0, 0]),
        (np.ptp, (vec(1, 3, 3),), [-1, 0.5, 0.5]),
        (np.prod, (vec(0, 2, 3),), [6, 0, 0]),
        (np.prod, (vec(0, 0, 3),), [0, 0, 0]),
        (np.cumprod, (vec(0, 2, 0),), [3, 0, 0]),
        (np.cumprod, (vec(1e-200, 1e-200, 1e200),), [1 + 1e-200 + 1, 1e-200 + 1, 0]),
        (np.std, (vec(2, 2, 2),), [0, 0, 0]),
        (np.nanstd, (vec(2, NAN, 2),), [0, 0, 0]),
        (np.median, (vec(2, 2, 3),), [0.5, 0.5, 0]),
        (np.median, (vec(1, 2, 2, 3),), [0, 0.5, 0.5, 0]),
        (np.median, (vec(1, 2, 3, 4),), [0, 0.5, 0.5, 0]),
        (np.median, (vec(1, NAN, 3),), [0, 1, 0]),
        (np.nanmedian, (vec(1, NAN, 3),), [0.5, 0, 0.5]),
        (np.nanmean, (vec(1, NAN, 3),), [0.5, 0, 0.5]),
        (np.linalg.norm, (vec(0, 0),), [0, 0]),
        (np.linalg.norm, (vec(0j, 3 + 4j),), [0, 0.6 - 0.8j]),
        (np.linalg.norm, (np.zeros((2, 2)), "nuc"), [[0, 0], [0, 0]]),
        (np.linalg.norm, (np.zeros((2, 2)), 2), [[0, 0], [0, 0]]),
        (np.linalg.norm, (np.eye(2), 2), [[0.5, 0], [0, 0.5]]),
        (np.linalg.norm, (np.diag([2.0, 0.0]), "nuc"), [[1, 0], [0, 0]]),
        (np.linalg.norm, (vec(0, 0), 3), [0, 0]),
        (np.linalg.norm, (vec(0, 0), 1), [0, 0]),
        (np.linalg.norm, (vec(2, -2, 1), INF), [0.5, -0.5, 0]),
        (np.linalg.norm, (vec(0, 0), INF), [0, 0]),
        (np.sinc, (0.0,), 0),
        (np.i0, (0.0,), 0),
    ],
)
def test_edge(f: Any, args: tuple[Any, ...], expected: Any) -> None:
    found = tangents(f, *args, wrt=(0,) if f is np.linalg.norm else None)
    if not isinstance(expected, tuple):
        found, expected = (found,), (expected,)
    for t, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(t, e, rtol=1e-14, atol=0)


def test_exponent_of_a_negative_base_has_no_derivative() -> None:
    base, exponent = tangents(np.power, -2.0, 3.0)
    assert base == 12.0 and np.isnan(exponent)


def test_an_infinite_cotangent_stays_out_of_the_other_branch() -> None:
    assert tangents(np.maximum, vec(1.0), vec(2.0), g=vec(INF))[0] == 0
    assert tangents(np.where, np.array([True]), vec(1.0), vec(2.0), g=vec(INF), wrt=(1, 2))[1] == 0
    assert tangents(np.clip, vec(5.0), 0.0, 1.0, g=vec(INF), wrt=(0,)) == 0
    wide = np.full(5000, INF)
    assert not np.any(tangents(np.maximum, np.zeros(5000), np.ones(5000), g=wide, wrt=(0,)))
    assert np.all(tangents(np.maximum, np.zeros(5000), np.ones(5000), g=wide, wrt=(1,)) == INF)
    assert tangents(np.max, vec(1.0, 2.0), g=np.float64(INF)).tolist() == [0, INF]


@pytest.mark.parametrize("x", [0.5, 5.0, 19.9, 20.1, 30.0, 60.0, 300.0, -25.0])
def test_i0_slope(x: float) -> None:
    h = 1e-3
    slope = (8 * (np.i0(x + h) - np.i0(x - h)) - (np.i0(x + 2 * h) - np.i0(x - 2 * h))) / (12 * h)
    np.testing.assert_allclose(tangents(np.i0, x), slope, rtol=1e-10)


def test_i1_at_known_points() -> None:  # Abramowitz and Stegun, table 9.8
    np.testing.assert_allclose(tangents(np.i0, vec(1.0, 5.0)), [0.565159103992485, 24.335642142450524], rtol=1e-14)


def test_expm1_keeps_its_digits() -> None:
    np.testing.assert_allclose(tangents(np.expm1, -40.0), np.exp(-40.0), rtol=1e-14)


def test_arcsin_keeps_its_digits_near_one() -> None:
    x = 1.0 - 2.0**-40
    np.testing.assert_allclose(tangents(np.arcsin, x), 1 / np.sqrt((2.0**-40) * (2 - 2.0**-40)), rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "x"),
    [(np.arccosh, -2 + 1j), (np.arcsin, 3 - 2j), (np.arccos, -3 + 2j), (np.arcsinh, 0.5 + 2j), (np.arctanh, 2 - 1j)],
)
def test_complex_branches(f: Any, x: complex) -> None:
    h = 1e-5
    np.testing.assert_allclose(tangents(f, x), (f(x + h) - f(x - h)) / (2 * h), rtol=1e-8)


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize(
    ("f", "x", "along"),
    [
        (np.arcsin, 2.5, 1.0),
        (np.arcsin, -2.5, 1.0),
        (np.arccos, 2.5, 1.0),
        (np.arccos, -2.5, 1.0),
        (np.arccosh, 0.5, 1.0),
        (np.arccosh, -2.5, 1.0),
        (np.arctanh, 2.5, 1.0),
        (np.sqrt, -2.5, 1.0),
        (np.log, -2.5, 1.0),
        (np.arcsinh, 2.5, 1j),
        (np.arcsinh, -2.5, 1j),
        (np.arctan, 2.5, 1j),
    ],
)
def test_on_a_branch_cut_the_side_is_that_of_the_zero(f: Any, x: float, along: complex, zero: float) -> None:
    def at(t: float) -> complex:
        return complex(t, zero) if along == 1.0 else complex(zero, t)

    h = 1e-5
    expected = (f(at(x + h)) - f(at(x - h))) / (2 * h) / along
    np.testing.assert_allclose(tangents(f, at(x)), expected, rtol=1e-8)
    np.testing.assert_allclose(tangents(f, np.array([at(x)])), [expected], rtol=1e-8)


@pytest.mark.parametrize(
    ("f", "kwargs"),
    [
        (np.sum, {"out": np.zeros(())}),
        (np.add, {"out": np.zeros(2)}),
        (np.exp, {"where": np.array([True, False])}),
        (np.median, {"overwrite_input": True}),
        (np.quantile, {"q": 0.5, "overwrite_input": True}),
        (np.nan_to_num, {"copy": False}),
    ],
)
def test_what_a_rule_does_not_cover_is_refused(f: Any, kwargs: dict[str, Any]) -> None:
    args = (vec(1, 2), vec(1, 2)) if f is np.add else (vec(1, 2),)
    with pytest.raises(DifferentiabilityError, match="covers the call"):
        apply_rule(callable_rule(f), args, kwargs, (0,))


def test_a_quantile_that_jumps_is_one_entry_or_the_mean_of_two() -> None:
    x = vec(3, 1, 4, 2)
    assert np.array_equal(tangents(np.quantile, x, 0.5, method="inverted_cdf", wrt=(0,)), [0, 0, 0, 1])
    assert np.array_equal(tangents(np.quantile, x, 0.5, method="averaged_inverted_cdf", wrt=(0,)), [0.5, 0, 0, 0.5])
    assert tangents(np.quantile, x, 0.5, method="averaged_inverted_cdf", wrt=(1,)) == 0.0
    same = tangents(np.quantile, vec(1, 2, 2, 3), 0.5, method="averaged_inverted_cdf", wrt=(0,))
    assert np.array_equal(same, [0, 0.5, 0.5, 0])
    weighted = {"method": "inverted_cdf", "weights": np.array([5.0, 1.0, 1.0, 1.0])}
    assert np.array_equal(tangents(np.quantile, x, 0.5, wrt=(0,), **weighted), [1, 0, 0, 0])


CONSTANT = [np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.signbit, np.isnan]
CONSTANT += [np.ndarray.round, np.argmax, np.argsort, np.count_nonzero, np.any, np.ndarray.argmin, np.isfinite]


@pytest.mark.parametrize("f", CONSTANT)
def test_constants_do_not_move(f: Any) -> None:
    entry = lookup(f)
    assert entry is not None and entry.constant
    x = np.random.default_rng(0).permutation(9) * 0.13 - 0.47
    np.testing.assert_array_equal(f(x + 1e-7), f(x - 1e-7))


@pytest.mark.parametrize("f", [np.sum, np.mean, np.prod, np.max, np.var, np.std, np.cumsum, np.median, np.exp, np.tanh])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_precision_is_kept(f: Any, dtype: Any) -> None:
    x = np.array([0.5, 1.0, 2.0], dtype)
    t = tangents(f, x)
    assert isinstance(t, np.ndarray) and t.dtype == dtype and t.flags.writeable and not np.shares_memory(t, x)


@pytest.mark.parametrize("n", [0.0, 1.0, 2.0])
def test_the_slope_of_a_power_has_slopes_of_its_own(n: float) -> None:
    for x in (1.7, np.array([1.7, 0.4])):
        for f in (powers.power_base, numpy_elementwise.power_base):
            slope = pb.gradient(lambda p, f=f, x=x: np.sum(f(1.0, x, p)))(n)
            np.testing.assert_allclose(slope, np.sum(x ** (n - 1) * (1 + n * np.log(x))))
            slope = pb.gradient(lambda p, f=f, x=x: np.sum(f(1.0, x, p)))(np.array([n, n]))
            np.testing.assert_allclose(np.sum(slope), (2 / np.size(x)) * np.sum(x ** (n - 1) * (1 + n * np.log(x))))
    y = np.array([0.0, 4.0])
    assert pb.gradient(lambda x: np.sum(powers.power_exponent(1.0, x, y)))(np.array([0.0, 2.0]))[0] == 0


def test_a_sum_of_exponentials_of_infinities() -> None:
    x = np.array([[-INF, np.log(3.0), 0.0], [-INF, -INF, -INF], [INF, 1.0, INF]])
    with np.errstate(all="ignore"):
        found = pb.gradient(lambda x: np.sum(np.where(np.isinf(x).all(1), 0.0, np.logaddexp.reduce(x, axis=1))))(x)
        whole = pb.pullback(lambda x: np.logaddexp.reduce(x, axis=1))(x)(np.ones(3))
    np.testing.assert_allclose(found[0], [0.0, 0.75, 0.25])
    np.testing.assert_allclose(whole, [[0.0, 0.75, 0.25], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.0, 0.5]])
