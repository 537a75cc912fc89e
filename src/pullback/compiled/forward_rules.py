"""Forward mode of the functions of arrays that have a backward function: Python that is put in place.

    y = np.max(a)        y_dot = the mean of a_dot where a is y
    y = np.linalg.inv(a) y_dot = -y @ a_dot @ y

`FORWARD` names, for an operand's position, a function of its tangent `t` and of the operands and the result that it
asks for by name. What it returns is differentiated once more for Hessians.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.compiled import array_support as more
from pullback.compiled import support

FORWARD: dict[Any, dict[int, Any]] = {}


def _power(t: Any, a: Any, n: Any) -> Any:
    if n == 0:
        return t * 0.0
    if n == 1:
        return t * 1.0
    if n == 2:
        return t * (a + a)
    return t * (n * a ** (n - 1))


def _absolute(t: Any, a: Any) -> Any:
    return t * np.sign(a)


def _largest(t: Any, a: Any, y: Any) -> Any:
    hits = np.where(a == y, 1.0, 0.0)
    return np.sum(np.where(a == y, t, 0.0)) / max(np.sum(hits), 1.0)


def _largest_along_0(t: Any, a: Any, y: Any) -> Any:
    hits = np.where(a == y[None], 1.0, 0.0)
    return np.sum(np.where(a == y[None], t, 0.0), axis=0) / np.maximum(np.sum(hits, axis=0), 1.0)


def _largest_along_1(t: Any, a: Any, y: Any) -> Any:
    hits = np.where(a == y[:, None], 1.0, 0.0)
    return np.sum(np.where(a == y[:, None], t, 0.0), axis=1) / np.maximum(np.sum(hits, axis=1), 1.0)


def _largest_along_2(t: Any, a: Any, y: Any) -> Any:
    hits = np.where(a == y[:, :, None], 1.0, 0.0)
    return np.sum(np.where(a == y[:, :, None], t, 0.0), axis=2) / np.maximum(np.sum(hits, axis=2), 1.0)


_ALONG = (_largest_along_0, _largest_along_1, _largest_along_2)


def _product(t: Any, a: Any) -> Any:
    slope, whole = 0.0, 1.0
    for i in range(len(a)):
        slope = slope * a[i] + whole * t[i]
        whole = whole * a[i]
    return slope


def _length(t: Any, a: Any, y: Any) -> Any:
    return np.sum(t * a) / y if y != 0.0 else 0.0


def _solved_left(t: Any, a: Any, y: Any) -> Any:
    return -np.linalg.solve(a, t @ y)


def _solved_right(t: Any, a: Any) -> Any:
    return np.linalg.solve(a, t)


def _inverse(t: Any, y: Any) -> Any:
    return -(y @ t @ y)


def _determinant(t: Any, a: Any, y: Any) -> Any:
    return y * np.sum(np.linalg.inv(a).T * t)


def _chosen_first(t: Any, c: Any) -> Any:
    return np.where(c, t, 0.0)


def _chosen_second(t: Any, c: Any) -> Any:
    return np.where(c, 0.0, t)


def _larger_first(t: Any, a: Any, b: Any) -> Any:
    return np.where(a >= b, t, 0.0)


def _larger_second(t: Any, a: Any, b: Any) -> Any:
    return np.where(a >= b, 0.0, t)


def _smaller_first(t: Any, a: Any, b: Any) -> Any:
    return np.where(a <= b, t, 0.0)


def _smaller_second(t: Any, a: Any, b: Any) -> Any:
    return np.where(a <= b, 0.0, t)


FORWARD[support.array_power] = {0: _power}
FORWARD[np.absolute] = FORWARD[np.fabs] = {0: _absolute}
FORWARD[support.largest] = FORWARD[support.smallest] = {0: _largest}
FORWARD[support.product] = {0: _product}
FORWARD[more.length] = {0: _length}
FORWARD[more.solved] = FORWARD[more.solved_matrix] = {0: _solved_left, 1: _solved_right}
FORWARD[more.inverse] = {0: _inverse}
FORWARD[more.determinant] = {0: _determinant}
_CHOICES: dict[str, tuple[tuple[str, ...], dict[int, Any]]] = {
    "where": (("c", "a", "b"), {1: _chosen_first, 2: _chosen_second}),
    "maximum": (("a", "b"), {0: _larger_first, 1: _larger_second}),
    "minimum": (("a", "b"), {0: _smaller_first, 1: _smaller_second}),
}


def forward_of(function: Any) -> tuple[tuple[str, ...], dict[int, Any]] | None:
    """The names of a function's operands, and what makes the tangent of its result of each of theirs."""
    choice = _CHOICES.get(more.CHOICES.get(function, ""))
    if choice is not None:
        return choice
    if function in more.ALONG:
        axis = more.ALONG[function]
        return (("a",), {0: _ALONG[axis]}) if axis < len(_ALONG) else None
    found = FORWARD.get(function)
    if found is None:
        return None
    if hasattr(function, "nin"):
        return ("a",), found
    code = function.__code__
    return code.co_varnames[: code.co_argcount], found


