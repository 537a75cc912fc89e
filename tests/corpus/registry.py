"""The registry of the corpus: ordinary functions with example arguments.

@case(0.5, 2.0)                    the function must be differentiable at f(0.5, 2.0)
@later("comprehension", [1.0])     the same, once the language has what it needs
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Case:
    """A function, the arguments to differentiate it at, and options of `check_derivative`."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    needs: str | None = None

    @property
    def name(self) -> str:
        """What the test is called, such as `physics.pendulum`."""
        module = self.function.__module__.rsplit(".", 1)[-1]
        return f"{module}.{self.function.__name__}"


CASES: list[Case] = []
LATER: list[Case] = []


def case(*args: Any, **options: Any) -> Callable[[F], F]:
    """Enter a function of today's language, with arguments and options of `check_derivative`."""

    def register(function: F) -> F:
        CASES.append(Case(function, args, options))
        return function

    return register


def later(needs: str, *args: Any, **options: Any) -> Callable[[F], F]:
    """Enter a function that needs a feature still to come."""

    def register(function: F) -> F:
        LATER.append(Case(function, args, options, needs))
        return function

    return register
