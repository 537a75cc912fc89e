"""Every program: right where it is said to work, never wrong where it is not."""

from __future__ import annotations

import pytest

import pullback as pb
from pullback.differences import copied, same_bits

from . import (  # noqa: F401  (they register their programs)
    algorithms,
    aliasing,
    chemistry,
    containers,
    control,
    finance,
    games,
    learning,
    physics,
    solvers,
    statistics,
)
from .checking import MODES, check, has_forward_mode, quiet
from .later import LATER
from .registry import PROGRAMS, Program


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_programs(program: Program, mode: str) -> None:
    if mode == "forward" and not has_forward_mode():
        pytest.skip("this tree has no forward mode")
    try:
        check(program, mode)
    except pb.PullbackError as error:
        if program.later is None and mode != "forward":  # forward mode refuses what changes in place, and the like
            raise
        headline = next((x for x in str(error).splitlines() if x.startswith("error")), str(error))
        pytest.xfail(f"{program.later or mode}: {headline}")


def test_the_programs_run_and_are_unambiguous() -> None:
    names = [p.name for p in PROGRAMS]
    assert len(set(names)) == len(names) and not set(LATER) - set(names)
    for program in PROGRAMS:
        with quiet():
            first, second = (program.function(*copied(program.args)) for _ in range(2))
        assert same_bits(first, second), f"{program.name} is not deterministic"
