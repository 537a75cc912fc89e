"""The registry of the programs: what each is run at, and whether it works today.

@works(0.5, 2.0)                      must be right, as a gradient and as a pullback
@later("array stores", 0.5, 2.0)      refused today, for the reason given; never wrong

    python -m tests.programs            what every program does today: right, refused or WRONG
    python -m tests.programs kalman     the same of those whose name has that in it, with the whole refusal
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Program:
    """A function, the arguments to differentiate it at, options of `check_derivative`, and why it is refused, if so."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    later: str | None = None

    @property
    def name(self) -> str:
        """What the test is called, such as `physics.leapfrog`."""
        module = self.function.__module__.rsplit(".", 1)[-1]
        return f"{module}.{self.function.__name__}"


PROGRAMS: list[Program] = []


def works(*args: Any, **options: Any) -> Callable[[F], F]:
    """Enter a program that must be right today."""

    def register(function: F) -> F:
        PROGRAMS.append(Program(function, args, options))
        return function

    return register


def later(why: str, *args: Any, **options: Any) -> Callable[[F], F]:
    """Enter a program that may be refused today, and must not be wrong."""

    def register(function: F) -> F:
        PROGRAMS.append(Program(function, args, options, why))
        return function

    return register
