"""The cases of this folder: ordinary functions, each leaning on one construct, with arguments to differentiate at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

CASES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []


def case(*args: Any) -> Callable[[F], F]:
    """Enter a function with arguments: its derivative there must be right, and its value the plain one's."""

    def register(function: F) -> F:
        CASES.append((function, args))
        return function

    return register
