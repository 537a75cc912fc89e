"""A thousand random programs: values, gradients and pullbacks against dual numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .checking import failure
from .dual import Unsuitable
from .features import CORE
from .programs import generate

PROGRAMS = int(os.environ.get("PULLBACK_FUZZ_PROGRAMS", "1000"))
CHUNK = 25


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_random_programs_have_the_derivatives_that_dual_numbers_give(first: int, tmp_path: Path) -> None:
    tested = 0
    for seed in range(first, min(first + CHUNK, PROGRAMS)):
        program = generate(seed, CORE)
        try:
            report = failure(program.source, tmp_path, seed)
        except Unsuitable:
            continue
        tested += 1
        if report is not None:
            pytest.fail(f"seed {seed}: {report}\n\n{program.source}", pytrace=False)
    assert tested >= min(CHUNK, PROGRAMS - first) * 0.7, "the generator makes too many unsuitable programs"
