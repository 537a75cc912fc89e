"""Which functions of the rulebook a call runs, and its seconds: what does not run an error cannot see it."""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pullback.rulebook

RULEBOOK = str(Path(pullback.rulebook.__file__).parent)
Place = tuple[str, int]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Covered:
    """What a call ran, and how long it took without being watched, about."""

    ran: frozenset[Place]
    seconds: float


def place(code: types.CodeType) -> Place:
    """Where a function is defined."""
    return code.co_filename, code.co_firstlineno


def covered(call: Callable[[], Result]) -> tuple[Result, Covered]:
    """A call's result, and what it ran."""
    ran: set[Place] = set()

    def profile(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(RULEBOOK):
            ran.add(place(frame.f_code))

    began = time.process_time()
    sys.setprofile(profile)
    try:
        result = call()
    finally:
        sys.setprofile(None)
    return result, Covered(frozenset(ran), time.process_time() - began)
