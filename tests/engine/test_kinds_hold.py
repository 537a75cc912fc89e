"""What inference says of each name is true of the values that it takes: looked at while generated code runs.

Kinds decide which code is bare. A kind that leaves out a type that a value has is a wrong number in waiting, even
where the numbers of today's tests are right.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
import tests.programs.test_programs  # noqa: F401  (it has the programs registered)
from tests.corpus.test_corpus import CASES as CORPUS
from tests.programs.registry import PROGRAMS

import pullback as pb
from pullback import pipeline
from pullback.differences import copied
from pullback.infer import kinds_of_names
from pullback.kinds import OTHER, STRUCT, Kind, kind_of
from pullback.printing import described

OBJECTS = OTHER | STRUCT  # (two words for objects that are no number or container)


class Watch:
    """A trace function that compares the locals of generated forward functions with the kinds inferred for them."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.seen = 0
        self.kinds: dict[types.CodeType, dict[str, int]] = {}

    def of(self, code: types.CodeType) -> dict[str, int] | None:
        if not code.co_name.endswith("_forward"):
            return None
        if code not in self.kinds:
            for derivatives in list(pipeline._DERIVATIVES.values()):
                for d in derivatives:
                    if d.made is not None and d.made.__code__ is code and d.stages is not None:
                        given = {p: Kind(*k) for p, k in d.request.kinds}
                        names = kinds_of_names(d.stages.lowered, given)
                        # (arguments are seen before the guards that look at them)
                        self.kinds[code] = {n: k.mask for n, k in names.items() if n not in given}
        return self.kinds.get(code)

    def __call__(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        kinds = self.of(frame.f_code)
        if kinds is None:
            return None
        if event in ("line", "return"):
            for name, value in frame.f_locals.items():
                mask = kinds.get(name)
                if mask is not None:
                    self.seen += 1
                    if mask & OBJECTS:
                        mask |= OBJECTS
                    if kind_of(value).mask & ~mask:
                        where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                        kind = described(Kind(mask))
                        self.wrong.append(f"{where}: `{name}` is {value.__class__.__name__}, not {kind}")
        return self


@pytest.mark.parametrize("case", [*CORPUS, *PROGRAMS], ids=lambda c: c.name)
def test_values_are_of_the_kinds_inferred(case: Any) -> None:
    watch = Watch()
    args = copied(case.args)
    old = sys.gettrace()
    sys.settrace(watch)
    try:
        pb.value_with_pullback(case.function)(*args)
    except pb.DifferentiabilityError:
        pytest.skip("refused, which is another test's matter")
    finally:
        sys.settrace(old)
    assert not watch.wrong, watch.wrong[0]
