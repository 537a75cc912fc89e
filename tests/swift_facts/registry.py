"""The registry of the facts: a function, a point, and the derivative there, worked out by hand.

    @fact(3.0, 4.0, gradient=(4.0, 3.0), value=12.0)     several of these may stand above one function
    def product(x, y):
        return x * y

    @fact([1.0, 2.0], cotangent=[3.0, 4.0], gradient=[3.0, 4.0])   for results that are not scalars

A tangent of an object is written as a dict of its fields. `differences=False` is for rules that say
something else than the function's own slope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
NOTHING = object()


@dataclass(frozen=True)
class Fact:
    """The derivative of a function at a point."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    gradient: Any
    value: Any = NOTHING
    cotangent: Any = NOTHING
    wrt: Any = None
    differences: bool = True

    @property
    def function_name(self) -> str:
        """The name by which `later.py` speaks of it, such as `arrays.appended`."""
        return f"{self.function.__module__.rsplit('.', 1)[-1]}.{self.function.__name__}"


FACTS: list[Fact] = []


def fact(*args: Any, **what: Any) -> Callable[[F], F]:
    """Enter a fact of the function below."""

    def register(function: F) -> F:
        FACTS.append(Fact(function, args, **what))
        return function

    return register
