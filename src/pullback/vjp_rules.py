"""A user's derivative of a function, and which operands of a call its pullback returns tangents for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class VjpRule:
    """A user's derivative: `vjp(*args) -> (value, pullback)`, for the parameters in `wrt` (None: all)."""

    function: Any
    vjp: Callable[..., Any]
    wrt: tuple[str, ...] | None
    forward: bool = False

    def operands(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[int | str, Any]]:
        """The operands whose tangents the rule's pullback returns, in its order, with their values."""
        names = parameter_names(self.function, self.vjp) if kwargs or self.wrt is not None else []
        named = [(k, kwargs[k]) for k in names if k in kwargs]  # (in the order of the parameters, not of the call)
        every: list[tuple[int | str, Any]] = [*enumerate(args), *named]
        if len(named) < len(kwargs):
            every += [(k, value) for k, value in kwargs.items() if k not in names]
        if self.wrt is None:
            return every
        chosen: list[tuple[int | str, Any]] = []
        for name in self.wrt:
            for operand, value in every:
                if operand == name or (isinstance(operand, int) and operand < len(names) and names[operand] == name):
                    chosen.append((operand, value))
        return chosen

    def places(self, operands: list[int | str], count: int) -> list[int] | None:
        """Where these operands are among all parameters covered, if those are `count`: some have defaults."""
        names = parameter_names(self.function, self.vjp)
        covered = list(self.wrt) if self.wrt is not None else names
        if len(covered) != count or any(isinstance(o, int) and o >= len(names) for o in operands):
            return None
        given = [names[o] if isinstance(o, int) else o for o in operands]
        return [covered.index(name) for name in given] if set(given) <= set(covered) else None


def parameter_names(*functions: Any) -> list[str]:
    """The parameter names of the first callable that has a signature."""
    for function in functions:
        try:
            return list(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            continue
    return []
