"""Functions of NumPy and Python that are put in place as the Python they amount to.

    np.trace(a)          for i in range(...): total += a[i, i]
    functools.reduce     a loop

So their derivatives, in every mode, are those of what they are written with.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from pullback.surgery import without_derivative


def not_compiled(what: str) -> Any:
    """Where this is reached, the call is refused at the user's line."""
    raise TypeError(what)


def size(a: Any) -> Any:
    """`np.size(a)`."""
    return a.size if isinstance(a, np.ndarray) else 1


def dimensions(a: Any) -> Any:
    """`np.ndim(a)`."""
    return a.ndim if isinstance(a, np.ndarray) else 0


def product(xs: Any) -> Any:
    """`np.prod` of a tuple or list."""
    total = 1.0 if len(xs) == 0 else 1
    for x in xs:
        total = total * x
    return total


def with_axis(a: Any, axis: Any) -> Any:
    """`np.expand_dims(a, axis)`."""
    if axis == -1:
        return a[..., None]
    if axis == 0:
        return a[None]
    if axis == 1:
        return a[:, None]
    if axis == 2:
        return a[:, :, None]
    return not_compiled("`np.expand_dims` at this axis")


def without_axis(a: Any, axis: Any = None) -> Any:
    """`np.squeeze(a, axis)`."""
    if axis is None or axis > 1 or axis < -1:
        return not_compiled("`np.squeeze` without an axis of 0, 1 or -1")
    if a.shape[axis] != 1:
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return a[0] if axis == 0 else a[:, 0] if axis == 1 else a[..., 0]


def trace(a: Any) -> Any:
    """`np.trace(a)`."""
    total = 0.0
    for i in range(min(a.shape[0], a.shape[1])):
        total += a[i, i]
    return total


def inner(a: Any, b: Any) -> Any:
    """`np.inner(a, b)`."""
    return a @ b.T


def flat_product(a: Any, b: Any) -> Any:
    """`np.vdot(a, b)` of reals."""
    return a.ravel() @ b.ravel()


def swapped(a: Any, first: Any, second: Any) -> Any:
    """`np.swapaxes` of a matrix."""
    if a.ndim != 2:
        return not_compiled("`np.swapaxes` of an array of more than two dimensions")
    return a if first % 2 == second % 2 else a.T


def flipped(a: Any, axis: Any = None) -> Any:
    """`np.flip(a, axis)`."""
    if a.ndim == 1 or axis == 0:
        return a[::-1]
    if a.ndim == 2 and axis is None:
        return a[::-1, ::-1]
    if a.ndim == 2 and axis % 2 == 1:
        return a[:, ::-1]
    return not_compiled("`np.flip` along this axis")


def in_order(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    """`np.sort(a)`."""
    if a.ndim == 1:
        return a[np.argsort(a)]
    if a.ndim > 2:
        return not_compiled("`np.sort` of an array of more than two dimensions")
    if axis % 2 == 0:
        return in_order(a.T).T
    made = np.empty_like(a)
    for i in range(a.shape[0]):
        made[i] = a[i][np.argsort(a[i])]
    return made


def shared(entries: Any, middle: Any) -> Any:
    """A middle entry: those that equal it have equal parts in it."""
    middle = without_derivative(middle)
    hits = np.where(entries == middle, 1.0, 0.0)
    return middle + np.sum(np.where(entries == middle, entries - middle, 0.0)) / max(np.sum(hits), 1.0)


def median(a: Any) -> Any:
    """`np.median(a)`."""
    entries = a.ravel()
    order = np.argsort(entries)
    n = entries.shape[0]
    high = shared(entries, entries[order[n // 2]])
    return high if n % 2 == 1 else 0.5 * (shared(entries, entries[order[n // 2 - 1]]) + high)


def tiled(a: Any, n: Any) -> Any:
    """`np.tile(a, n)` of a vector."""
    m = a.shape[0]
    made = np.empty(m * max(n, 0))
    for i in range(n):
        made[i * m : (i + 1) * m] = a
    return made


def repeated(a: Any, n: Any) -> Any:
    """`np.repeat(a, n)`."""
    flat = a.ravel()
    made = np.empty(flat.shape[0] * n)
    for k in range(n):
        made[k::n] = flat
    return made


def diagonal(a: Any) -> Any:
    """`np.diag(a)`."""
    if a.ndim == 1:
        made = np.zeros((a.shape[0], a.shape[0]))
        for i in range(a.shape[0]):
            made[i, i] = a[i]
        return made
    entries = np.empty(min(a.shape[0], a.shape[1]))
    for i in range(entries.shape[0]):
        entries[i] = a[i, i]
    return entries


def lower(a: Any, k: Any = 0) -> Any:
    """`np.tril(a, k)`."""
    made = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(max(min(i + k + 1, a.shape[1]), 0)):
            made[i, j] = a[i, j]
    return made


def upper(a: Any, k: Any = 0) -> Any:
    """`np.triu(a, k)`."""
    made = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(max(i + k, 0), a.shape[1]):
            made[i, j] = a[i, j]
    return made


def crossed(a: Any, b: Any) -> Any:
    """`np.cross(a, b)` of vectors of three."""
    if a.shape[0] != 3 or b.shape[0] != 3:
        raise ValueError("compiled code takes the cross product of vectors of three")
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0) -> Any:
    """`np.trapezoid(y, x)` of vectors."""
    heights = 0.5 * (y[1:] + y[:-1])
    return np.sum((x[1:] - x[:-1]) * heights) if x is not None else np.sum(heights) * dx


def running_product(a: Any) -> Any:
    """`np.cumprod(a)` of a vector."""
    made = np.empty_like(a)
    whole = 1.0
    for i in range(a.shape[0]):
        whole = whole * a[i]
        made[i] = whole
    return made


def extent_of(a: Any) -> Any:
    """`np.ptp(a)`."""
    return np.max(a) - np.min(a)


def average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    """`np.average(a, weights=w)`."""
    if weights is None:
        return np.mean(a, axis=axis)
    if axis is not None:
        return not_compiled("`np.average` with weights along an axis")
    return np.sum(a * weights) / np.sum(weights)


def how_many(a: Any) -> Any:
    """`np.count_nonzero(a)`."""
    n = 0
    for x in a.ravel():
        if x:
            n += 1
    return n


def holds_somewhere(a: Any) -> Any:
    """`np.any(a)`."""
    return how_many(a) > 0


def holds_everywhere(a: Any) -> Any:
    """`np.all(a)`."""
    return how_many(a) == a.size


def horner(p: Any, x: Any) -> Any:
    """`np.polyval(p, x)`."""
    y = np.zeros_like(x) if isinstance(x, np.ndarray) else 0.0
    for c in p:
        y = y * x + c
    return y


def reduced(function: Any, items: Any, *first: Any) -> Any:
    """`functools.reduce`."""
    if first:
        total = first[0]
        for x in items:
            total = function(total, x)
        return total
    if len(items) == 0:
        raise TypeError("reduce() of empty iterable with no initial value")
    total = items[0]
    for x in items[1:]:
        total = function(total, x)
    return total


def mapped(function: Any, *columns: Any) -> Any:
    """`map(f, xs, ys)`."""
    return [function(*row) for row in zip(*columns)]  # noqa: B905 (the shortest ends it)


def filtered(function: Any, items: Any) -> Any:
    """`filter(f, xs)`."""
    return [x for x in items if function(x)]


def accumulated(items: Any, function: Any = None) -> Any:
    """`itertools.accumulate(xs)`."""
    made: list[Any] = []
    for x in items:
        if len(made) == 0:
            made.append(x)
        elif function is None:
            made.append(made[-1] + x)
        else:
            made.append(function(made[-1], x))
    return made


def neighbours(items: Any) -> Any:
    """`itertools.pairwise(xs)`."""
    return zip(items, items[1:])  # noqa: B905, RUF007 (this is what it becomes)


_TRAPEZOID: Any = getattr(np, "trapezoid", None) or getattr(np, "trapz", None)  # (as NumPy 1 called it)
OF_ARRAYS: dict[Any, Any] = {  # asked for where nothing else knows the function
    np.size: size, np.ndim: dimensions, np.prod: product, np.expand_dims: with_axis, np.trace: trace,
    np.squeeze: without_axis, np.vdot: flat_product, np.inner: inner, np.swapaxes: swapped, np.flip: flipped,
    np.sort: in_order,
    np.median: median, np.tile: tiled, np.repeat: repeated, np.diag: diagonal, np.tril: lower, np.triu: upper,
    np.cross: crossed, _TRAPEZOID: trapezoid, np.cumprod: running_product, np.ptp: extent_of, np.average: average,
    np.count_nonzero: how_many, np.any: holds_somewhere, np.all: holds_everywhere, np.polyval: horner,
}  # fmt: skip
OF_SEQUENCES: dict[Any, Any] = {
    functools.reduce: reduced, map: mapped, filter: filtered, itertools.accumulate: accumulated,
    itertools.pairwise: neighbours,
}  # fmt: skip
