"""What a call uses of the rulebook, and its seconds: what does not run an error cannot see it.

Of functions those count that run; of templates those that are read, so code that was generated before must be
forgotten first.
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

RULEBOOK = str(Path(pullback.rulebook.__file__).parent)
Place = tuple[str, int]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Covered:
    """What a call ran, and how long it took without being watched, about."""

    ran: frozenset[Place]
    read: frozenset[int]  # ids of templates
    seconds: float


def place(code: types.CodeType) -> Place:
    """Where a function is defined."""
    return code.co_filename, code.co_firstlineno


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

    def profile(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(RULEBOOK):
            ran.add(place(frame.f_code))

    began = time.process_time()
    with reading() as read:
        sys.setprofile(profile)
        try:
            result = call()
        finally:
            sys.setprofile(None)
    return result, Covered(frozenset(ran), frozenset(read), time.process_time() - began)
