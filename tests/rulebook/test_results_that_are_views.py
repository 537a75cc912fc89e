"""What a rule says of its result's memory is what NumPy does: a result that may be an operand is no new value."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback import rules
from pullback.outputs import has_out

Array = np.ndarray[Any, Any]
A = np.array([[1.3, 0.72, 0.2], [0.3, 2.1, -0.45], [0.1, 0.4, 1.7]])
OTHERS = ((), (0,), (1,), (-1,), (2,), (None,), (None, None), (0, 1), ((0, 1),), ((),), (float,), ("C",))
NAMED = ({}, {"copy": False}, {"copy": None}, {"axis": 0}, {"axis": ()}, {"n": 0}, {"dtype": float}, {"subok": True})


def rules_of_arrays() -> list[rules.Entry]:
    """NumPy's functions with a rule that says that their result is new."""
    rules.lookup(object())
    found = [e for e in list(rules._ENTRIES.values()) if e.rule is not None and not e.rule.alias and not e.vjps]
    return [e for e in found if _module(e.function) == "numpy" and callable(e.function)]


def _module(function: Any) -> str:
    owner = getattr(function, "__objclass__", function)
    module = "numpy" if isinstance(function, np.ufunc) else str(getattr(owner, "__module__", ""))
    return "" if module.startswith("numpy.random") else module.partition(".")[0]


def operands() -> Iterator[Any]:
    for x in (A[0].copy(), A.copy(), np.asfortranarray(A), A[0] + 1j, np.array(1.5), np.stack([A, A]), A[0, :1].copy()):
        yield x
        yield [x]


def arrays(x: Any) -> list[Any]:
    if isinstance(x, np.ndarray):
        return [x]
    return [a for part in x for a in arrays(part)] if isinstance(x, (list, tuple)) else []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("entry", rules_of_arrays(), ids=lambda e: rules.callable_name(e.function))
def test_a_result_that_is_said_to_be_new_shares_no_memory(entry: rules.Entry) -> None:
    function = entry.function
    for x, others, named in itertools.product(operands(), OTHERS, NAMED):
        if named and not set(named) <= set(entry.rule.signature.parameters):
            continue
        try:
            entry.rule.signature.bind(x, *others, **named)
            y = function(x, *others, **named)
        except Exception:  # no such call
            continue
        for made, given in itertools.product(arrays(y), arrays(x)):
            assert not np.shares_memory(made, given), (others, named, given.shape)
    assert has_out(function) or "out" not in entry.rule.signature.parameters


PROGRAMS: list[Callable[[Array], Any]] = []


def program(f: Callable[[Array], Any]) -> Callable[[Array], Any]:
    PROGRAMS.append(f)
    return f


@program
def conjugates(b: Array) -> Any:
    v = b * 1.0
    w, u = v.conj(), v.conjugate()
    v *= b[0]
    u[1] = b[2] * w[0]
    return np.sum(w * w)


@program
def conjugates_are_new(b: Array) -> Any:
    v = b * 1.0
    w = np.conj(v)
    w *= b[0]
    v *= b
    return np.sum(v * w)


@program
def of_order_zero(b: Array) -> Any:
    v = b * 1.0
    w = np.diff(v, n=0)
    w *= b[0]
    return np.sum(v * v)


@program
def first_power(b: Array) -> Any:
    v = b * 1.0
    w = np.linalg.matrix_power(v, 1)
    w *= b[0]
    return np.sum(v * v)


@program
def of_its_own_type(b: Array) -> Any:
    v = b * 1.0
    w = np.float64(v)
    w *= b[0]
    return np.sum(v * v)


@program
def clipped_is_new(b: Array) -> Any:
    v = b * 1.0
    w = np.clip(v, None, None)
    w *= b[0]
    v *= b
    return np.sum(v * w)


def unclipped(v: Array) -> Any:
    return np.clip(v, None, None)


@program
def clipped_elsewhere_is_new(b: Array) -> Any:
    v = b * 1.0
    w = unclipped(v)
    w *= b[0]
    v *= b
    return np.sum(v * w)


@program
def chosen_is_new(b: Array) -> Any:
    v = b * 1.0
    w = np.where(v > 0.5, v, 0.0)
    u = np.maximum(v, 0.0)
    w *= b[0]
    v *= b
    u += v
    return np.sum(v * w * u)


@program
def broadcast_in_pairs(b: Array) -> Any:
    v = b * 1.0
    w, u = np.broadcast_arrays(v, v)
    w[0] *= b[1]
    u[1] *= w[0]
    return np.sum(u * w * v)


@program
def converted_is_itself(b: Array) -> Any:
    v = b * 1.0
    np.asarray(v)[0] *= b[1]
    np.ascontiguousarray(v)[0] = b[1]
    np.require(v, requirements=["C"])[1] *= v[0]
    np.asarray_chkfinite(v)[1] *= b[0]
    np.array(v, copy=None)[2] *= v[1]
    v.astype(float, copy=False)[0] *= b[1]
    return np.sum(v * v)


@program
def views_of_all_kinds(b: Array) -> Any:
    v = b * 1.0
    np.swapaxes(v, 0, 1)[0] *= b[1]
    np.moveaxis(v, 0, 1)[1] *= b[0]
    np.rollaxis(v, 1)[2] *= b[2]
    v.T[0] *= 2
    v.mT[1] *= b[0]
    np.flip(v)[0] *= b[0]
    np.atleast_3d(v)[0] *= 2
    np.expand_dims(v, 0)[0, 0] *= b[0]
    np.split(v, [1])[1][0] *= v[0]
    v.reshape(9)[3:] *= b[0, 0]
    return np.sum(v * v)


@program
def lists_that_are_joined_hold_the_same(b: Array) -> Any:
    import operator

    v = b[0] * 1.0
    joined = operator.add([v], [b[1] * 1.0])
    twice = operator.mul([v], 2)
    joined[0] *= b[2]
    twice[1] *= joined[1]
    return v @ joined[1]


def differences(f: Callable[[Array], Any], x: Array, h: float = 1e-6) -> Array:
    steps = (h * e.reshape(x.shape) for e in np.eye(x.size))
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in steps])


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f: Callable[[Array], Any]) -> None:
    expected = differences(f, A).reshape(A.shape)
    value, gradient = pb.value_with_gradient(f)(A.copy())
    assert value == f(A.copy())
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)
    d = np.arange(9.0).reshape(3, 3) / 7 - 0.5
    value, differential = pb.value_with_differential(f)(A.copy())
    assert value == f(A.copy())
    np.testing.assert_allclose(differential(d), np.sum(expected * d), rtol=1e-6, atol=1e-7)
    second = (pb.gradient(f)(A + 1e-5 * d) - pb.gradient(f)(A - 1e-5 * d)) / 2e-5
    np.testing.assert_allclose(pb.hvp(f)(A, d), second, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(pb.pullback(pb.gradient(f))(A)(d), second, rtol=1e-5, atol=1e-5)
