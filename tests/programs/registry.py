"""The registry of the programs: what each is differentiated at.

@program(0.5, 2.0)                  must be right there, as a gradient and as a pullback,
def f(x, y): ...                    unless `later.py` says that it is refused today; never wrong

python -m tests.programs            what every program does today: right, refused or WRONG
python -m tests.programs kalman     the same of those whose name has that in it, with the whole refusal
python -m tests.programs --update   takes out of `later.py` what has become right
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .later import LATER

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Program:
    """A function, the arguments to differentiate it at, and options of `check_derivative`."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the test is called, such as `physics.leapfrog`."""
        module = self.function.__module__.rsplit(".", 1)[-1]
        return f"{module}.{self.function.__name__}"

    @property
    def later(self) -> str | None:
        """Why it may be refused today, if so."""
        return LATER.get(self.name)


PROGRAMS: list[Program] = []


def program(*args: Any, **options: Any) -> Callable[[F], F]:
    """Enter a program, with arguments and options of `check_derivative`."""

    def register(function: F) -> F:
        PROGRAMS.append(Program(function, args, options))
        return function

    return register
