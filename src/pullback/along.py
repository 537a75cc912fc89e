"""Iterators in forward mode: each item is drawn together with its tangent.

    def powers(x):          def powers_differential(x_dot, x):
        yield x * x             yield x * x, 2 * x_dot * x

    it = drawn_along(pairs)     next(it) is the value of the next pair
    pairs_of(it)                the pairs, for whoever draws tangents too

The tangent of such an iterator says that its items have tangents: to draw one is to draw the other.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable
from typing import Any

from pullback.drawing import Drawn
from pullback.tangents import Tangent


class Along:
    """An iterator over the values of `pairs`, of values and their tangents."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[tuple[Any, Tangent]]) -> None:
        self.pairs = iter(pairs)

    def __iter__(self) -> Along:
        return self

    def __next__(self) -> Any:
        return next(self.pairs)[0]


class Moving:
    """The tangent of an iterator, from which nothing is drawn by itself."""

    __slots__ = ()


MOVING = Moving()


class Lazily:
    """Calls a function such as `zip` for an iterator, where it would give a list in forward mode."""

    __slots__ = ("function",)

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)


@functools.cache
def lazily(function: Any) -> Lazily:
    """The function, called for an iterator."""
    return Lazily(function)


class Pairs:
    """Calls a generator for its items with their tangents."""

    __slots__ = ("generator",)

    def __init__(self, generator: types.FunctionType) -> None:
        self.generator = generator


def paired_generator(fn: Any) -> Any:
    """A generator function, to be called for pairs."""
    return Pairs(fn)


def drawn_along(pairs: Any) -> Any:
    """The iterator over the values of pairs."""
    return Along(pairs)


def moving(it: Any) -> Any:
    """The tangent of such an iterator."""
    return MOVING


def pairs_of(it: Any) -> Any:
    """The values and tangents that are left in such an iterator."""
    return it.pairs


def is_along(x: Any, t: Tangent) -> bool:
    """Whether a value is an iterator whose items have tangents."""
    return x.__class__ is Along and t is MOVING


def own_iteration(xs: Any) -> Any:
    """The `__iter__` of a user's class; None where items are drawn as Python's own containers hand them out."""
    found = getattr(type(xs), "__iter__", None)
    return found if isinstance(found, types.FunctionType) and not isinstance(xs, (Along, Drawn)) else None
