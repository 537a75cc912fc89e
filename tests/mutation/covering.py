"""What a call uses of the rulebook, and its seconds: what does not run an error cannot see it.

Of functions those count that run, or whose derivatives do, which have the file and the name that they have; or whose
source is read. Of templates those that are read, when code is generated: what was generated before is to be forgotten.
"""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pullback.rulebook
from pullback.rules import Template
from pullback.source import acquire

RULEBOOK = str(Path(pullback.rulebook.__file__).parent)
Place = tuple[str, str]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Covered:
    """What a call ran, and how long it took without being watched, about."""

    ran: frozenset[Place]
    read: frozenset[int]  # ids of templates
    seconds: float


def place(code: types.CodeType) -> Place:
    """Where a function is defined, or the one that makes it."""
    return code.co_filename, code.co_qualname.partition(".<locals>")[0]


@contextmanager
def reading() -> Iterator[set[int]]:
    """The ids of the templates that are read in this scope."""
    read: set[int] = set()
    tree, names, compiled = Template.tree, Template.names, Template.compiled

    def recorded(function: Callable[..., Any]) -> Callable[..., Any]:
        def made(self: Template, *args: Any) -> Any:
            read.add(id(self))
            return function(self, *args)

        return made

    cls: Any = Template
    cls.tree, cls.names = property(recorded(tree.fget)), property(recorded(names.fget))  # type: ignore[attr-defined]
    cls.compiled = recorded(compiled)
    try:
        yield read
    finally:
        cls.tree, cls.names, cls.compiled = tree, names, compiled


def covered(call: Callable[[], Result]) -> tuple[Result, Covered]:
    """A call's result, and what it ran and read."""
    ran: set[Place] = set()
    reads = acquire.__code__

    def trace(frame: types.FrameType, event: str, _: object) -> None:  # (of calls alone; a profile is of returns too)
        code = frame.f_locals["function"].__code__ if frame.f_code is reads else frame.f_code
        if code.co_filename.startswith(RULEBOOK):
            ran.add(place(code))

    began = time.process_time()
    with reading() as read:
        sys.settrace(trace)
        try:
            result = call()
        finally:
            sys.settrace(None)
    return result, Covered(frozenset(ran), frozenset(read), time.process_time() - began)
