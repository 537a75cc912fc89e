"""Forward mode through library functions whose derivative is that of Python code which does the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([[0.3, -0.7, 1.1], [2.0, 0.4, -1.5], [0.9, 1.3, 0.2]])

PROGRAMS = {
    "add.reduce": lambda x: np.add.reduce(x**2, axis=1, keepdims=True) * x,
    "multiply.reduce": lambda x: np.multiply.reduce(x),
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x, axis=1),
    "hypot.reduce": lambda x: np.hypot.reduce(x),
    "maximum.accumulate": lambda x: np.maximum.accumulate(x, axis=1) * x,
    "multiply.accumulate": lambda x: np.multiply.accumulate(x),
    "subtract.outer": lambda x: np.subtract.outer(x[0], x[1]) ** 2,
    "cov": lambda x: np.cov(x),
    "corrcoef": lambda x: np.corrcoef(x),
    "polyfit": lambda x: np.polyfit(x[0], x[1], 1),
    "vectorize": lambda x: np.vectorize(lambda t: t * t)(x),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda t: np.cumsum(t) * t, 0, x),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x * x, [0, 1]),
    "piecewise": lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: t**2, lambda t: 3 * t**3]),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_both_orders(program: Any) -> None:
    pb.check_derivative(program, X, order=2)


def test_a_shape_that_was_computed_beside_a_differentiated_value() -> None:
    pb.check_derivative(lambda x: np.reshape(x, (1, *[x][0].shape)) * x, X)


def test_a_call_that_a_rule_does_not_cover_is_refused_in_both_modes() -> None:
    spread: Any = lambda x: np.exp(x, signature="d->d")
    for verb in (pb.pullback, pb.differential):
        with pytest.raises(pb.DifferentiabilityError, match="covers the call"):
            verb(spread)(X)(X if verb is pb.differential else 1.0)


def test_an_argument_without_a_derivative_is_refused_in_both_modes() -> None:
    rolled: Any = lambda x, shift: np.roll([x][0], [shift][0])
    for verb in (pb.pullback, pb.differential):
        with pytest.raises(pb.DifferentiabilityError, match="argument `shift` is not known"):
            verb(rolled)(X[0], 1.0)(*((X[0], 1.0) if verb is pb.differential else (X[0],)))
