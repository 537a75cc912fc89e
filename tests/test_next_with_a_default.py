"""`next(it, default)`: the default's derivative where the iterator has ended, and none of it before."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import pullback as pb


class Squares:
    """A user's iterator, over numbers that vary or do not."""

    def __init__(self, x: Any, count: int) -> None:
        self.x, self.count = x, count

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        if self.count == 0:
            raise StopIteration
        self.count -= 1
        return self.x * self.x


OF_CONSTANTS: dict[str, Callable[[], Iterator[Any]]] = {
    "list": lambda: iter([4.5]),
    "generator": lambda: (v for v in [4.5]),
    "map": lambda: map(abs, [4.5]),
    "islice": lambda: itertools.islice(itertools.count(4.5), 1),
    "sentinel": lambda: iter([4.5, 1.0].pop, 4.5),
    "user": lambda: Squares(2.0, 1),
    "reversed": lambda: reversed([4.5]),
}


@pytest.mark.parametrize("name", OF_CONSTANTS)
def test_an_iterator_over_what_does_not_vary(name: str) -> None:
    make = OF_CONSTANTS[name]

    def f(x: float, y: float) -> Any:
        it = make()
        return next(it, x) * y + next(it, y) * y * x + next(it, x * y)

    pb.check_derivative(f, 1.3, 0.7, order=2 if name in ("list", "user") else 1)


def over_the_list(x: float, y: float) -> Any:
    it = iter([x * x])
    return next(it, y) * y + next(it, y) * y * x


def over_pairs(x: float, y: float) -> Any:
    it = zip([x * x], [y])
    return next(it, (y, y))[0] * y + next(it, (y, x))[1] * y * x


def in_a_change(x: float, y: float) -> Any:
    it, found = iter([4.5, x]), [x]
    for default in (x, y, x * y):
        found.append(next(it, default) * found[-1])
    return found[-1] * found[1]


@pytest.mark.parametrize("f", [over_the_list, over_pairs, in_a_change])
def test_an_iterator_over_what_varies(f: Callable[..., Any]) -> None:
    pb.check_derivative(f, 1.3, 0.7, order=2)


def test_a_users_iterator_over_what_varies() -> None:
    def f(x: float, y: float) -> Any:
        it = Squares(x, 1)
        return next(it, y) * y + next(it, y) * y * x

    pb.check_derivative(f, 1.3, 0.7, modes=("reverse",))
    with pytest.raises(pb.DifferentiabilityError, match="by `next` is not differentiated in forward mode"):
        pb.differential(f)(1.3, 0.7)(1.0, 1.0)


def test_the_end_without_a_default() -> None:
    def f(x: float) -> Any:
        it, t = iter([x, x * x]), 0.0
        try:
            while True:
                t += next(it) * x
        except StopIteration:
            return t

    pb.check_derivative(f, 1.3)
