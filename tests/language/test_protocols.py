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
