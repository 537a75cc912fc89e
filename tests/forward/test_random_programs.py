"""Random programs in forward mode, against dual numbers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.fuzz.checking import Check, Mismatch, is_refusal, muted, tangent_leaves, unload_module
from tests.fuzz.dual import Unsuitable
from tests.fuzz.features import ALL, CORE
from tests.fuzz.programs import generate
from tests.fuzz.structures import leaves, rebuilt

import pullback as pb

PROGRAMS = int(os.environ.get("PULLBACK_FORWARD_PROGRAMS", "200"))
CHUNK = 25


def check_forward(check: Check, seed: int) -> None:
    """The value, and the tangent along every unit direction and a random one."""
    with muted() as out:
        value, differential = pb.value_with_differential(check.f)(*check.args)
    check.same_value("value_with_differential", value, check.args, out.getvalue())
    size = sum(len(leaves(a)) for a in check.args)
    directions = [[float(k == j) for j in range(size)] for k in range(size)]
    directions.append([check.rng.uniform(-2.0, 2.0) for _ in range(size)])
    for along in directions:
        parts = iter(along)
        tangents = tuple(rebuilt(a, parts) for a in check.args if leaves(a))
        got = [differential_numbers(differential, tangents, value) for _ in range(2)]
        if repr(got[0]) != repr(got[1]):
            raise Mismatch(f"differential, called again: first {got[0]}, then {got[1]}")
        for number, row in zip(got[0], check.answer.jacobian, strict=True):
            exact = sum(a * d for a, d in zip(along, row, strict=True))
            close = 1e-9 * max(abs(number), abs(exact)) + 1e-10 * (1.0 + check.answer.largest)
            if not abs(number - exact) <= close:
                raise Mismatch(f"differential along {along}: expected {exact}, got {number}")


def differential_numbers(differential: Any, tangents: Any, value: Any) -> list[float]:
    """The leaves of a differential's tangent."""
    with muted():
        return tangent_leaves(differential(*tangents), value)


def run(seeds: range, features: frozenset[str], folder: Path, refusals: bool) -> None:
    """Each suitable program of these seeds."""
    tested = 0
    for seed in seeds:
        program = generate(seed, features)
        try:
            check = Check(program.source, folder, seed)
        except Unsuitable:
            continue
        tested += 1
        try:
            check_forward(check, seed)
        except Mismatch as error:
            pytest.fail(f"seed {seed}: {error}\n\n{program.source}", pytrace=False)
        except Exception as error:
            if refusals and is_refusal(f"{type(error).__name__}: {error}"):
                continue
            raise AssertionError(f"seed {seed}: {error}\n\n{program.source}") from error
        finally:
            unload_module(check.module)
    assert tested >= len(seeds) * 0.7


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_random_programs_have_the_tangents_that_dual_numbers_give(first: int, tmp_path: Path) -> None:
    run(range(first, first + CHUNK), CORE, tmp_path, refusals=False)


@pytest.mark.parametrize("first", range(0, PROGRAMS // 4, CHUNK))
def test_the_language_to_come_is_right_or_refused(first: int, tmp_path: Path) -> None:
    run(range(first, first + CHUNK), ALL, tmp_path, refusals=True)
