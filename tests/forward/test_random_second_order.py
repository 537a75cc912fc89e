"""Second derivatives of random programs: three ways to compute them agree, and differences with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fuzz.checking import Check, is_refusal, muted, tangent_leaves, unload_module
from tests.fuzz.dual import Unsuitable
from tests.fuzz.features import CORE
from tests.fuzz.programs import generate
from tests.fuzz.structures import leaves, rebuilt

import pullback as pb

PROGRAMS = int(os.environ.get("PULLBACK_SECOND_ORDER_PROGRAMS", "40"))
CHUNK = 20


def flat(tangents: Any, args: list[Any]) -> np.ndarray:
    """The numbers of the tangents of several arguments."""
    parts = (tangents,) if len(args) == 1 else tangents
    return np.array([n for t, a in zip(parts, args, strict=True) for n in tangent_leaves(t, a)])


def compare(check: Check, seed: int) -> None:
    """Along a random direction: forward over reverse, reverse over reverse, forward over forward."""
    f, args = check.f, check.args
    active = [k for k, a in enumerate(args) if leaves(a)]
    chosen = [args[k] for k in active]
    numbers = np.random.default_rng(seed).uniform(-1.0, 1.0, sum(len(leaves(a)) for a in chosen))
    parts = iter(numbers.tolist())
    along = tuple(rebuilt(a, parts) for a in chosen)
    wrt = tuple(active)
    gradient = pb.gradient(f, wrt=wrt)
    slope = flat(gradient(*args), chosen)
    one = flat(pb.differential(gradient, wrt=wrt)(*args)(*along), chosen)
    cotangent = along[0] if len(chosen) == 1 else along
    two = flat(pb.pullback(gradient, wrt=wrt)(*args)(cotangent), chosen)
    twice = pb.differential(lambda *a: pb.differential(f, wrt=wrt)(*a)(*along), wrt=wrt)(*args)(*along)
    size = 1.0 + np.abs(slope).max(initial=0.0) + np.abs(one).max(initial=0.0)
    if not np.all(np.isfinite(one)) or size > 1e8:
        return
    np.testing.assert_allclose(one, two, rtol=1e-7, atol=1e-9 * size)
    np.testing.assert_allclose(twice, float(numbers @ one), rtol=1e-7, atol=1e-8 * size)
    best = np.inf
    for h in (1e-4, 1e-5, 1e-6):
        sides = [flat(gradient(*moved(args, active, along, s)), chosen) for s in (h, -h, h / 2, -h / 2)]
        wide, narrow = (sides[0] - sides[1]) / (2 * h), (sides[2] - sides[3]) / h
        if np.allclose(wide, narrow, rtol=1e-3, atol=1e-4 * size):
            best = min(best, float(np.abs(narrow - one).max(initial=0.0)))
    assert best == np.inf or best < 2e-4 * size, f"differences are {best} away from {one}"


def moved(args: Any, active: list[int], along: Any, step: float) -> list[Any]:
    """The arguments moved along a direction."""
    given = list(args)
    for k, t in zip(active, along, strict=True):
        given[k] = rebuilt(args[k], iter([a + step * b for a, b in zip(leaves(args[k]), leaves(t), strict=True)]))
    return given


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_second_derivatives_of_random_programs(first: int, tmp_path: Path) -> None:
    tested = refused = 0
    for seed in range(5000 + first, 5000 + first + CHUNK):
        program = generate(seed, CORE)
        try:
            check = Check(program.source, tmp_path, seed)
        except Unsuitable:
            continue
        try:
            if isinstance(check.value, float):
                tested += 1
                with muted():
                    compare(check, seed)
        except ZeroDivisionError:
            continue
        except Exception as error:
            if is_refusal(f"{type(error).__name__}: {error}") and "in place" in str(error):
                refused += 1
                continue
            raise AssertionError(f"seed {seed}: {error}\n\n{program.source}") from error
        finally:
            unload_module(check.module)
    assert tested and refused <= CHUNK // 5
