"""Objects whose class has `__iter__`, given to functions of a collection not as the collection but as a value of it.

Their own comparisons and operators decide, not those of lists of their items.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

X = np.array([0.7, 1.3, -0.4])


@dataclass
class Pair:
    x: Any
    y: Any

    def __iter__(self) -> Iterator[Any]:
        return iter((self.x, self.y))

    def __lt__(self, other: Any) -> bool:  # by y, where lists of the items go by x
        return bool(self.y < other.y)

    def __gt__(self, other: Any) -> bool:
        return bool(self.y > other.y)

    def __add__(self, other: Any) -> Any:
        return Pair(self.x * other.x, self.y + other.y * other.y)

    def __mul__(self, k: Any) -> Any:
        return Pair(self.x * k, self.y * k * k)

    def __pow__(self, k: Any) -> Any:
        return Pair(self.x**k, self.y)


def pairs(x: Any) -> tuple[Pair, Pair]:
    return Pair(x[0] * x[1], x[0]), Pair(x[0], x[1] * x[1])


def the_larger(x: Any) -> Any:
    p, q = pairs(x)
    return sum(v * v for v in max(p, q)) * min(p, q).x


def the_largest_of_a_list(x: Any) -> Any:
    p, q = pairs(x)
    return max([p, q], key=lambda v: v.y, default=p).x * sorted([p, q])[0].y


def the_default(x: Any) -> Any:
    p, _ = pairs(x)
    return max([], default=p).x


def a_chain_that_begins_with_one(x: Any) -> Any:
    p, q = pairs(x)
    return functools.reduce(lambda a, b: a * b, [x[1], x[2]], p).y + functools.reduce(lambda a, b: a + b, [q], p).x


def a_sum_that_begins_with_one(x: Any) -> Any:
    p, q = pairs(x)
    return sum([q, q], p).y * sum([p], start=q).x


def the_collection_itself(x: Any) -> Any:
    p, q = pairs(x)
    return sum(p) * max(q) + functools.reduce(lambda a, b: a * b, p, x[2])


def a_power(x: Any) -> Any:
    return pow(pairs(x)[0], 3).x


def a_generator_that_hands_on_nothing(x: Any) -> Any:
    def none() -> Iterator[Any]:
        return
        yield x

    def some(n: int) -> Iterator[Any]:
        if n > 3:
            yield x[0]

    return sum(none()) + sum(some(1)) + x[0] * x[1] * sum(some(4))


@pytest.mark.parametrize(
    "f",
    [
        the_larger, the_largest_of_a_list, the_default, a_chain_that_begins_with_one, a_sum_that_begins_with_one,
        the_collection_itself, a_power, a_generator_that_hands_on_nothing,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_in_every_mode(f: Callable[[Any], Any], in_every_mode: Any) -> None:
    in_every_mode(f, X)
