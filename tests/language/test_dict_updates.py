"""`dict.update` and `|=` from dicts, pairs, views and iterators: in every mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([1.3, 0.7])
PROGRAMS: list[Callable[[Any], Any]] = []


def program(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS.append(f)
    return f


def keyed(x: Any) -> Iterator[Any]:
    for k, key in enumerate("ab"):
        yield key, x * (1 + k)


@program
def from_a_generator(x: Any) -> Any:
    d = {"a": x[0] * x[0]}
    d.update(keyed(x[1]))
    return d["a"] * d["b"] * x[0]


@program
def from_what_is_left_of_one(x: Any) -> Any:
    d = dict(keyed(x[0]))
    it = keyed(x[1] * x[0])
    next(it)
    d.update(it)
    return d["a"] * d["b"]


@program
def from_zip_and_enumerate(x: Any) -> Any:
    d: dict[Any, Any] = {"a": x[0], 0: x[1]}
    d.update(zip("ab", [x[1], x[0] * x[1]]))  # noqa: B905
    d.update(enumerate([x[0] * x[0], x[1] ** 3]))
    return d["a"] * d["b"] + d[0] * d[1]


@program
def from_pairs_that_repeat(x: Any) -> Any:
    d = {"a": x[0] * x[0]}
    d.update([("a", x[1]), ("b", x[0] ** 2), ("a", x[0] ** 3)])
    return d["a"] * d["b"]


@program
def from_a_view(x: Any) -> Any:
    d = {"a": x[0] * x[0]}
    e = {"b": x[1], "a": x[0] ** 3}
    d |= e.items()
    return d["a"] * d["b"]


@program
def from_dicts_and_keywords(x: Any) -> Any:
    d: dict[str, Any] = {}
    d.update(a=x[0])
    d.update({"b": x[0] * x[1]}, c=x[1])
    d |= {"a": d["a"] * 2}
    return d["a"] * d["b"] * d["c"]


TO_FIRST_ORDER = {from_what_is_left_of_one, from_a_view}  # (beyond that they are refused)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_in_every_mode(f: Callable[[Any], Any], in_every_mode: Any) -> None:
    if f in TO_FIRST_ORDER:
        pb.check_derivative(f, X)
    else:
        in_every_mode(f, X)
