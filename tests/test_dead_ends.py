"""Values that depend on an argument and pass no derivative on."""

import warnings

import numpy as np
import pytest

import pullback as pb


def floored(a):
    c = a * 1.5
    c = c // 2.0
    return c.sum() + a[0]


def floored_in_place(a):
    c = a * 1.5
    c //= 2.0
    return c.sum() + a[0]


def floored_in_a_loop(a):
    total = a[0]
    for _ in range(2):
        c = a * 1.5
        if a[0] > 0:
            c = c // 2.0
        total = total + c.sum() * 0.0
        c = c // 3.0
        total = total + c.sum()
    return total


@pytest.mark.parametrize("f", [floored, floored_in_place])
def test_a_floored_array_has_no_derivative(f):
    assert pb.gradient(f)(np.array([1.1, -2.3])).tolist() == [1.0, 0.0]
    assert pb.pullback(f)(np.array([1.1, -2.3]))(2.0).tolist() == [2.0, 0.0]


def test_a_floored_array_in_a_loop():
    assert pb.gradient(floored_in_a_loop)(np.array([1.1, -2.3])).tolist() == [1.0, 0.0]
    assert pb.gradient(floored_in_a_loop)(np.array([-1.1, -2.3])).tolist() == [1.0, 0.0]


class Held:
    dtype = np.int32


HELD = Held()
INTS = {
    "asarray": lambda a, dtype: np.asarray(a, dtype=dtype)[0] * 1.0,
    "asarray of a number": lambda a, dtype: np.asarray(a[0], dtype) * 1.0,
    "array": lambda a, dtype: np.array([a[0], a[1]], dtype=dtype)[0] * 1.0,
    "astype": lambda a, dtype: a.astype(dtype)[0] * 1.0,
    "astype by name": lambda a, dtype: a.astype("i4")[0] * 1.0,
    "astype of a class": lambda a, dtype: a.astype(HELD.dtype)[0] * 1.0,
    "astype added": lambda a, dtype: (np.zeros(2) + a.astype(dtype)).sum(),
    "sum": lambda a, dtype: np.sum(a, dtype=dtype) * 1.0,
    "mean": lambda a, dtype: np.mean(a, dtype=dtype) * 1.0,
    "cumsum": lambda a, dtype: np.cumsum(a, dtype=dtype)[1] * 1.0,
    "full": lambda a, dtype: np.full(2, a[0], dtype=dtype).sum() * 1.0,
    "full like ints": lambda a, dtype: np.full_like(np.arange(2), a[0]).sum() * 1.0,
    "stack": lambda a, dtype: np.stack([a, a], dtype=dtype, casting="unsafe")[0, 0] * 1.0,
    "concatenate": lambda a, dtype: np.concatenate([a, a], dtype=dtype, casting="unsafe")[0] * 1.0,
    "linspace": lambda a, dtype: np.linspace(a[0], 9.0, 3, dtype=dtype)[0] * 1.0,
}


@pytest.mark.parametrize("name", INTS)
@pytest.mark.parametrize("dtype", [int, np.dtype("uint8"), "int64", bool])
def test_an_array_of_ints_has_no_derivative(name, dtype):
    def f(a, dtype):
        return INTS[name](a, dtype) + a[1]

    a = np.array([1.1, 2.3])
    assert pb.gradient(f, wrt="a")(a, dtype).tolist() == [0.0, 1.0]
    assert pb.differential(f, wrt="a")(a, dtype)(np.array([5.0, 7.0])) == 7.0


def test_a_dtype_of_floats_keeps_the_derivative():
    for name in set(INTS) - {"astype by name", "astype of a class", "full like ints"}:
        for dtype in (float, "f8", np.dtype(float)):
            pb.check_derivative(lambda a, d=dtype, n=name: INTS[n](a * a, d), np.array([1.1, 2.3]), order=2)


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda a: a.astype(int).sum() * 1.0, ".astype"),
        (lambda a: a.astype("i4")[0] * 1.0, ".astype"),
        (lambda a: np.asarray(a, dtype=np.int64)[0] * 1.0, "np.asarray"),
        (lambda a: np.sum(a, dtype=int) / 2.0, "np.sum"),
        (lambda a: np.int32(a[0]) * 1.0, "int32"),
        (lambda a: float(int(a[0])), "int"),
    ],
)
def test_a_result_through_ints_alone_is_an_error(f, what):
    for derivative in (pb.gradient(f), pb.differential(f)):
        with pytest.raises(pb.DifferentiabilityError, match=rf"cannot differentiate through `{what}\(...\)`"):
            derivative(np.array([1.1, 2.3]))


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda a: float(a[0] > 1.0), "a comparison"),
        (lambda a: np.sum(a > 1.0) * 1.0, "a comparison"),
        (lambda a: float(bool(a[0])), r"`bool\(...\)`"),
        (lambda a: float(len(str(a[0]))), r"`len\(...\)` of its text"),
        (lambda a: whole(a[0]) * 2.0, r"`whole\(...\)`"),
    ],
)
def test_what_a_flat_result_depends_through_is_said(f, what):
    with pytest.warns(pb.ZeroDerivativeWarning, match=f"(?s)depends on `a` only through {what}.*the derivative ends"):
        assert pb.gradient(f)(np.array([1.1, 2.3])).tolist() == [0.0, 0.0]


def whole(x):
    return int(x)


def test_ints_that_are_looked_up_with_are_no_fault():
    table = np.array([1.0, 2.0, 3.0, 4.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cell = pb.gradient(lambda a: (table[a.astype(int)] * a).sum())
        assert cell(np.array([1.1, 2.3])).tolist() == [2.0, 3.0]
        part = pb.gradient(lambda a: np.sum((a - a.astype(int)) ** 2))
        assert np.allclose(part(np.array([1.1, 2.3])), [0.2, 0.6])
