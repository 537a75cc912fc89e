"""Every construct of the language: value bit for bit, derivative against finite differences, as pair and joint."""

from __future__ import annotations

from typing import Any

import pytest

from corpus.registry import Case
from corpus.test_corpus import by_joint, by_pair, quiet

from . import (  # noqa: F401  (they register their functions)
    attempts,
    builtins,
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


@pytest.mark.parametrize(("function", "args"), CASES, ids=IDS)
def test_right(function: Any, args: Any) -> None:
    case = Case(function, args)
    with quiet():
        by_pair(case)
        by_joint(case)


def test_names_are_unambiguous() -> None:
    assert len(set(IDS)) == len(IDS) > 200
