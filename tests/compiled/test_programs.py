"""Compiled gradients agree with the interpreted ones, which finite differences have checked."""

import copy

import numpy as np
import pytest

import pullback as pb

from .programs import ARRAYS, BODY, NUMBERS, orbit

pytest.importorskip("numba")


def numbers_of(x):
    """The floats that a tangent or value is made of."""
    if isinstance(x, (tuple, list)):
        return [n for item in x for n in numbers_of(item)]
    if isinstance(x, np.ndarray):
        return [float(n) for n in x.ravel()]
    if isinstance(x, pb.TangentVector):
        return numbers_of(list(x.__dict__.values()))
    return [float(x)] if isinstance(x, (float, np.floating)) else []


def same_structure(a, b):
    if isinstance(a, (float, np.floating)):
        return isinstance(b, (float, np.floating))
    if isinstance(a, tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same_structure, a, b))
    if isinstance(a, pb.TangentVector):
        return type(a) is type(b) and a.__dict__.keys() == b.__dict__.keys()
    return type(a) is type(b)


@pytest.mark.parametrize("f, args", NUMBERS + ARRAYS, ids=lambda x: getattr(x, "__name__", ""))
def test_gradients_agree(f, args):
    others = copy.deepcopy(args)
    expected = pb.value_with_gradient(f)(*others)
    given = copy.deepcopy(args)
    got = pb.jit(pb.value_with_gradient(f))(*given)
    assert same_structure(got, expected)
    np.testing.assert_allclose(numbers_of(got), numbers_of(expected), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(numbers_of(given), numbers_of(others), rtol=1e-12)  # what is changed in place, too


def test_the_function_itself():
    compiled = pb.jit(orbit)
    assert compiled(BODY, 0.05, 7) == pytest.approx(orbit(BODY, 0.05, 7), rel=1e-14)
