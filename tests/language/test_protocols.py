"""Methods that Python calls by itself: where one changes something, the derivative is right or refused."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

import pullback as pb

from .protocols import DIFFERENTIATED, WATCHED, module_text


@pytest.fixture(scope="module")
def made(tmp_path_factory: Any) -> Any:
    path = tmp_path_factory.mktemp("protocols") / "protocols_made.py"
    path.write_text(module_text(), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("protocols_made", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numeric(function: Any) -> float:
    return (function(2.0 + 1e-6) - function(2.0 - 1e-6)) / 2e-6


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_differentiated(made: Any, name: str) -> None:
    function = getattr(made, name)
    assert function(2.0) != 0.0
    assert pb.value_with_gradient(function)(2.0)[0] == function(2.0)
    assert pb.gradient(function)(2.0) == pytest.approx(numeric(function))
    assert pb.differential(function)(2.0)(1.0) == pytest.approx(numeric(function))


@pytest.mark.parametrize("form", ["", "_unknown", "_inside"])
@pytest.mark.parametrize("name", [*DIFFERENTIATED, *WATCHED])
def test_never_lost(made: Any, name: str, form: str) -> None:
    function = getattr(made, name + form)
    for derivative in (lambda: pb.gradient(function)(2.0), lambda: pb.differential(function)(2.0)(1.0)):
        try:
            found = derivative()
        except pb.DifferentiabilityError:
            continue
        assert found == pytest.approx(numeric(function))


class Flagged:
    """Operators that give no number, of a class that is not known where they are used."""

    def __init__(self, x):
        self.x = x

    def __and__(self, other):
        return self.x > 0

    def __or__(self, other):
        return self.x > 0

    def __getitem__(self, index):
        return self.x if index == slice(1, None) else 0.0


def test_conditions_with_bit_operators_and_slices() -> None:
    def f(x, make=Flagged):
        v = [make(x)][0]
        if v & 1:
            x = 2 * x
        if (v | 1) and v[1:] > 0:
            x = 3 * x
        return x * v.x

    assert pb.gradient(f)(2.0) == pytest.approx(numeric(f))
    assert pb.differential(f)(2.0)(1.0) == pytest.approx(numeric(f))
