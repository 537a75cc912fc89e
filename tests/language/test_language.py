"""Every construct of the language: value bit for bit, derivative against finite differences, as pair and joint."""

from __future__ import annotations

from typing import Any

import pytest

import pullback as pb
from corpus.registry import Case
from corpus.test_corpus import by_joint, by_pair, quiet

from . import (  # noqa: F401  (they register their functions)
    attempts,
    builtins,
    callables,
    changing,
    classes,
    comprehensions,
    exceptions,
    functions,
    generators,
    iterators,
    managers,
    matching,
    nested_objects,
    rebinding,
    statements,
)
from .cases import CASES

IDS = [f"{f.__module__.rsplit('.', 1)[-1]}.{f.__name__}" for f, _ in CASES]
NOT_IN_FORWARD_MODE = {
    "attempts.suppressed", "attempts.suppressed_in_a_loop", "callables.operators_of_objects",
    "callables.partials_of_methods", "changing.groupby_append", "classes.nt_build", "classes.vec_dict",
    "exceptions.try_getattr_style", "iterators.chain_iter", "iterators.groupby", "iterators.groupby_sum",
}  # fmt: skip
CALLS_AHEAD = "iterators.lazy_map_break"  # forward mode calls what `map` is given for every item at once


@pytest.mark.parametrize(("function", "args"), CASES, ids=IDS)
def test_right(function: Any, args: Any) -> None:
    case = Case(function, args)
    with quiet():
        by_pair(case)
        by_joint(case)


@pytest.mark.parametrize(("function", "args"), CASES, ids=IDS)
def test_right_in_forward_mode(function: Any, args: Any, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id
    if name == CALLS_AHEAD:
        pytest.skip("what is not drawn is computed too, and raises")
    with quiet():
        if name in NOT_IN_FORWARD_MODE:
            with pytest.raises(pb.PullbackError):
                pb.check_derivative(function, *args, modes=("forward",))
        else:
            pb.check_derivative(function, *args, modes=("forward",))


def test_names_are_unambiguous() -> None:
    assert len(set(IDS)) == len(IDS) > 200
