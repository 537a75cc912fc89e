"""The corpus and the programs, compiled: a drawn part of them agrees with the interpreted gradient, and most compile.

The whole of it, with what is refused and why: python -m tests.compiled.agreement
"""

import random

import pytest

from .agreement import CASES, compiles, outcome

pytest.importorskip("numba")

LEAST = 230  # of the corpus and the programs: fewer is a step back, more goes here
DRAWN = random.Random(7).sample([c for c in CASES if c.name != "numerics.adaptive_simpson"], 18)


@pytest.mark.parametrize("case", DRAWN, ids=lambda c: c.name)
def test_what_compiles_agrees(case):
    word, why = outcome(case)
    assert word in ("agrees", "refused", "no gradient"), why


def test_how_much_compiles(record_property):
    """The code of each is made, which finds out what is refused; nothing is run."""
    found = [case.name for case in CASES if case.name != "numerics.adaptive_simpson" and compiles(case)]
    print(f"{len(found)} of {len(CASES)} compile")
    record_property("compiled", f"{len(found)} of {len(CASES)}")
    assert len(found) >= LEAST
