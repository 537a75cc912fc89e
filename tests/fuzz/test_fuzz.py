"""A thousand random programs: values, gradients and pullbacks against dual numbers.

Each program goes through one of the three; `long_run.py` takes more programs through all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .checking import Check, failure, is_refusal
from .dual import Unsuitable
from .features import ALL, CORE, GROUPS
from .more_checks import MORE
from .programs import generate

PROGRAMS = int(os.environ.get("PULLBACK_FUZZ_PROGRAMS", "1000"))
CHUNK = 25


def chunks(share: float) -> range:
    """The first seeds of the chunks that make up a share of all programs."""
    return range(0, int(PROGRAMS * share), CHUNK)


@pytest.mark.parametrize("first", chunks(0.4))
def test_random_programs_have_the_derivatives_that_dual_numbers_give(first: int, tmp_path: Path) -> None:
    agree(range(first, first + CHUNK), CORE, tmp_path)


@pytest.mark.parametrize("first", chunks(0.2))
def test_the_language_to_come_is_right_or_refused(first: int, tmp_path: Path) -> None:
    agree(range(first, first + CHUNK), ALL, tmp_path, refusals=True)


@pytest.mark.parametrize("first", chunks(0.15))
def test_constructs_of_all_sorts_are_right_or_refused(first: int, tmp_path: Path) -> None:
    agree(range(first, first + CHUNK), GROUPS["broad"], tmp_path, refusals=True)


@pytest.mark.parametrize("first", chunks(0.25))
def test_values_changed_in_place_are_right_or_refused(first: int, tmp_path: Path) -> None:
    agree(range(first, first + CHUNK), GROUPS["mutation"], tmp_path, refusals=True)


@pytest.mark.parametrize("first", chunks(0.05))
def test_tangents_of_values_changed_in_place_are_right_or_refused(first: int, tmp_path: Path) -> None:
    agree(range(2000 + first, 2000 + first + CHUNK), GROUPS["mutation"], tmp_path, refusals=True, how=MORE["forward"])


def agree(
    seeds: range, features: frozenset[str], folder: Path, *, refusals: bool = False,
    how: Callable[[Check], None] = Check.one,
) -> None:  # fmt: skip
    tested = 0
    for seed in seeds:
        program = generate(seed, features)
        try:
            report = failure(program.source, folder, seed, (how,))
        except Unsuitable:
            continue
        tested += 1
        if report is not None and not (refusals and is_refusal(report)):
            pytest.fail(f"seed {seed}: {report}\n\n{program.source}", pytrace=False)
    assert tested >= len(seeds) * 0.7, "the generator makes too many unsuitable programs"
