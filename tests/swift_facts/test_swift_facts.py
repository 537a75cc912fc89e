"""Every fact: the number by hand, and by finite differences; refused only if `later.py` says so."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.comparing import Options, Problem
from pullback.differences import copied, prober, same_bits
from pullback.testing import check_derivative

from . import (  # noqa: F401  (they register their facts)
    arithmetic,
    arrays,
    classes,
    closures,
    control_flow,
    custom_derivatives,
    dictionaries,
    loops,
    mutation,
    optionals,
    protocols,
    structs,
    throwing,
)
from .later import LATER
from .registry import FACTS, NOTHING, Fact


@contextlib.contextmanager
def reporting(fact: Fact) -> Iterator[None]:
    """Refusals that `later.py` knows of are expected; others, and wrong numbers, are failures."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore", pb.ZeroDerivativeWarning)
        try:
            yield
        except pb.PullbackError as error:
            if fact.function_name not in LATER:
                raise
            pytest.xfail(f"{LATER[fact.function_name]}: {str(error).strip().splitlines()[0]}")


def agrees(found: Any, expected: Any) -> bool:
    """Whether a tangent is what was worked out by hand: the same structure, the same numbers."""
    if isinstance(expected, dict):
        if isinstance(found, dict):
            return found.keys() == expected.keys() and all(agrees(found[k], expected[k]) for k in expected)
        return all(agrees(getattr(found, k), v) for k, v in expected.items())
    if isinstance(expected, (tuple, list)):
        return (
            type(found) is type(expected)
            and len(found) == len(expected)
            and all(agrees(a, b) for a, b in zip(found, expected, strict=True))
        )
    if isinstance(expected, np.ndarray):
        return isinstance(found, np.ndarray) and found.shape == expected.shape and np.allclose(found, expected)
    return isinstance(found, (float, np.floating)) and math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)


def ids(fact: Fact) -> str:
    return f"{fact.function_name}({', '.join(str(a)[:12] for a in fact.args)})"


@pytest.mark.parametrize("fact", FACTS, ids=ids)
def test_the_number_by_hand(fact: Fact) -> None:
    with reporting(fact):
        given, plain = copied(fact.args), copied(fact.args)
        expected = fact.function(*plain)
        value, pull = pb.value_with_pullback(fact.function, wrt=fact.wrt)(*given)
        assert same_bits(value, expected) and same_bits(given, plain)
        assert fact.value is NOTHING or agrees(value, fact.value)
        if fact.cotangent is NOTHING:
            assert agrees(pull(1.0), fact.gradient), pull(1.0)
            assert agrees(pull(1.0), fact.gradient), "called again"
            gradient = pb.gradient(fact.function, wrt=fact.wrt)(*copied(fact.args))
            assert agrees(gradient, fact.gradient), gradient
        else:
            found = pull(fact.cotangent)
            assert agrees(found, fact.gradient), found


@pytest.mark.parametrize("fact", [f for f in FACTS if f.differences], ids=ids)
@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_number_by_differences(fact: Fact, mode: str) -> None:
    if mode == "forward" and not hasattr(pb, "value_with_differential"):
        pytest.skip("this tree has no forward mode")
    with reporting(fact):
        check_derivative(fact.function, *fact.args, wrt=fact.wrt, modes=(mode,), allow_kinks=True)


def numbers(x: Any) -> list[float]:
    """The numbers of a tangent written by hand, in the order of the primal's."""
    if isinstance(x, dict):
        return [n for v in x.values() for n in numbers(v)]
    if isinstance(x, (tuple, list)):
        return [n for v in x for n in numbers(v)]
    return numbers(vars(x)) if hasattr(x, "__dict__") else [float(n) for n in np.ravel(x)]


@pytest.mark.parametrize("fact", [f for f in FACTS if f.differences], ids=ids)
def test_the_number_by_hand_is_the_slope(fact: Fact) -> None:
    """Of the plain function alone: it holds for what is refused today too."""
    positions = Problem.of(fact.function, fact.args, fact.wrt, Options(None, None, 0, True)).positions
    at, probe, _ = prober(fact.function, fact.args, positions)
    weights = np.ones(1) if fact.cotangent is NOTHING else np.array(numbers(fact.cotangent))
    expected = numbers(fact.gradient)
    assert len(expected) == at.size
    with contextlib.redirect_stdout(io.StringIO()):
        for i, slope in enumerate(expected):
            step = np.zeros(at.size)
            step[i] = 1e-6 * max(1.0, abs(at[i]))
            found = weights @ (probe(at + step) - probe(at - step)) / (2 * step[i])
            assert math.isclose(found, slope, rel_tol=1e-6, abs_tol=1e-6), (i, found, slope)


def test_the_list_of_what_is_to_come_names_facts() -> None:
    assert not set(LATER) - {f.function_name for f in FACTS}
    assert len(FACTS) >= 200
