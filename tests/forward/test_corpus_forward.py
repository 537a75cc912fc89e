"""The corpus in forward mode: against differences, and <w, J v> = <Jᵀ w, v>; second derivatives of a part of it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.corpus.registry import CASES, Case
from tests.corpus.test_corpus import quiet

import pullback as pb
from pullback.spaces import project
from pullback.testing import check_derivative
from pullback.trees import flatten, inner, tangent_leaves

# second derivatives by differences: a staircase (a bisection), and kinks of a search
NOT_SMOOTH = {"numerics.bisection_then_newton", "numerics.golden_section_value"}
SECOND = [c for k, c in enumerate(CASES) if k % 4 == 0 and c.name not in NOT_SMOOTH]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_tangents_of_ordinary_functions(case: Case) -> None:
    with quiet():
        check_derivative(case.function, *case.args, modes=("forward",), **case.options)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_forward_and_reverse_are_transposes(case: Case) -> None:
    with quiet():
        wrt = case.options.get("wrt")
        value, pull = pb.value_with_pullback(case.function, wrt=wrt)(*case.args)
        differential = pb.differential(case.function, wrt=wrt)(*case.args)
        operands = pull._operands
        random = np.random.default_rng(3)
        directions = []
        for x in operands:
            vector, rebuild = flatten(x)
            directions.append(project(rebuild(random.standard_normal(vector.size)), x))
        y, rebuild_value = flatten(value)
        w = rebuild_value(random.standard_normal(y.size))
        y_dot = differential(*directions)
        tangents = (pull(w),) if len(operands) == 1 else pull(w)
        forward = inner(w, y_dot, value)
        reverse = sum(inner(t, v, x) for t, v, x in zip(tangents, directions, operands, strict=True))
        narrow = any(np.asarray(p).dtype.itemsize < 8 for p in tangent_leaves(y_dot, value))
        assert forward == pytest.approx(reverse, rel=1e-3 if narrow else 1e-8, abs=1e-9)


@pytest.mark.parametrize("case", SECOND, ids=lambda c: c.name)
def test_second_derivatives(case: Case) -> None:
    with quiet():
        check_derivative(case.function, *case.args, order=2, **case.options)
