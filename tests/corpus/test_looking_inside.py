"""Every function of the corpus, looked into: its source compiles, its lines are marked, no false alarm is raised."""

from __future__ import annotations

import ast
import copy
import warnings
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.trees import flatten

from .registry import CASES, Case
from .test_corpus import by_pair  # noqa: F401  (importing it registers every function)


def same(a: Any, b: Any) -> bool:
    x, y = flatten(a)[0], flatten(b)[0]
    return x.shape == y.shape and bool(np.array_equal(x, y, equal_nan=True))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_looking_inside(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    f, wrt = case.function, case.options.get("wrt")

    def args() -> tuple[Any, ...]:
        return copy.deepcopy(case.args)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(f, "__code__"):
            ast.parse(pb.derivative_source(f, *args(), wrt=wrt))
        marked = pb.activity(f, *args(), wrt=wrt)
        assert any(marked.active.values()) and str(marked) and marked._repr_html_()
        kept = pb.residuals(f, *args(), wrt=wrt)
        assert kept.bytes > 0 and repr(kept) and kept._repr_html_()
        gradient = pb.gradient(f, wrt)(*args()) if isinstance(f(*args()), float) else None
        value, back = pb.value_with_pullback(f, wrt)(*args())
        with pb.debug_nans():
            value_inside, back_inside = pb.value_with_pullback(f, wrt)(*args())
            assert same(value, value_inside)
            zero = pb.zero_tangent(value)
            assert same(back(zero), back_inside(zero))
            if gradient is not None:
                assert same(pb.gradient(f, wrt)(*args()), gradient)
