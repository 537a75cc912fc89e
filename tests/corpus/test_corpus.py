"""Every function of the corpus, in every mode, against finite differences."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.differences import copied, same_bits
from pullback.testing import check_derivative
from pullback.trees import as_reals, flatten, tangent_leaves

from . import (  # noqa: F401  (they register their functions)
    finance,
    graphics_games,
    machine_learning,
    numerics,
    numpy_style,
    physics,
    python_control_flow,
    python_features,
    statistics,
)
from .registry import CASES, LATER, Case


def by_pair(case: Case) -> None:
    """The pullback: value, arguments, structure, numbers."""
    check_derivative(case.function, *case.args, modes=("reverse",), **case.options)


def by_joint(case: Case) -> None:
    """The joint function behind `gradient`: the numbers of the pullback, which `by_pair` has checked."""
    f, args, wrt = case.function, case.args, case.options.get("wrt")
    value, pull = pb.value_with_pullback(f, wrt=wrt)(*copied(args))
    if not isinstance(value, (float, np.floating)) and not (isinstance(value, np.ndarray) and value.ndim == 0):
        with pytest.raises(pb.ArgumentError):
            pb.gradient(f, wrt=wrt)(*copied(args))
        return
    given = copied(args)
    joint, gradient = pb.value_with_gradient(f, wrt=wrt)(*given)
    assert same_bits(joint, value) and same_bits(given, args)
    again = pb.gradient(f, wrt=wrt)(*given)
    one = flatten(value)[1](np.ones(1))
    chosen = tuple(a for a in args if flatten(a)[0].size)
    x = chosen[0] if len(chosen) == 1 else chosen
    for got in (gradient, again):
        np.testing.assert_allclose(
            as_reals(tangent_leaves(got, x)), as_reals(tangent_leaves(pull(one), x)), rtol=1e-6, atol=1e-12
        )


MODES: dict[str, Callable[[Case], None]] = {"pair": by_pair, "joint": by_joint}


@contextlib.contextmanager
def quiet() -> Any:
    """Functions of the corpus may print, and some derivatives are rightly zero."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore", getattr(pb, "ZeroDerivativeWarning", UserWarning))
        yield


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_derivatives_of_ordinary_functions(case: Case, mode: str) -> None:
    with quiet():
        MODES[mode](case)


@pytest.mark.parametrize("case", LATER, ids=lambda c: f"{c.name}-{c.needs}")
def test_functions_of_the_language_to_come_are_right_or_refused(case: Case) -> None:
    """Never a wrong number: a derivative that passes, or an error of the library's own."""
    with quiet(), contextlib.suppress(pb.PullbackError):
        check_derivative(case.function, *case.args, modes=("reverse",), **case.options)


def test_the_corpus_runs_and_is_unambiguous() -> None:
    names = [c.name for c in CASES + LATER]
    assert len(CASES) >= 100 and len(LATER) >= 20
    assert len(set(names)) == len(names)
    for case in CASES + LATER:
        with quiet():
            first, second = (case.function(*copied(case.args)) for _ in range(2))
        assert same_bits(first, second), f"{case.name} is not deterministic"
        assert flatten(case.args)[0].size and flatten(first)[0].size, f"{case.name} has nothing to differentiate"
