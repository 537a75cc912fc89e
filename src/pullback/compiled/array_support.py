"""More of what compiled code calls: choices, shapes, entries by index arrays, linear algebra.

    where(c, a, b)       np.where              g is added to a's adjoint where c holds, and to b's elsewhere
    taken(a, k)          a[k], k of ints       each g[i] is added to the adjoint of a[k[i]]

As in `support.py`; the functions of a number of dimensions are made when they are asked for.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from pullback.compiled.support import ADDERS, BACKWARD, LINEAR, generated

_LETTERS = "ijkl"
ALONG: dict[Any, int] = {}  # the functions that `extreme_along` made, and their axes
CHOICES: dict[Any, str] = {}  # the functions that `choice` made


@functools.cache
def choice(name: str, ndims: tuple[int, ...], ndim: int) -> Any:
    """`np.where(c, a, b)`, `np.maximum(a, b)`, `np.minimum(a, b)` of operands of so many dimensions."""
    operands = ["c", "a", "b"] if name == "where" else ["a", "b"]
    call = f"np.{name}({', '.join(operands)})"
    made = generated(f"def {name}_{'_'.join(map(str, ndims))}({', '.join(operands)}):\n    return {call}\n")
    test = {"where": "c", "maximum": "a >= b", "minimum": "a <= b"}[name]
    found: dict[int, Any] = {}
    for position, operand in enumerate(operands):
        if operand == "c":
            continue
        own = ndims[position]
        part = f"np.where({test}, g, 0.0)" if operand == "a" else f"np.where({test}, 0.0, g)"
        read = operands if name != "where" else ["c", "_a", "_b"]
        head = f"def {name}_{operand}({'d, ' if own else ''}g, {', '.join(read)}, _y):\n"
        if own:
            found[position] = generated(f"{head}    add(d, {part})\n", {"add": ADDERS[own, ndim]})
        else:
            found[position] = generated(f"{head}    return np.sum({part})\n")
    BACKWARD[made] = found
    CHOICES[made] = name
    return made


@functools.cache
def reshaped(own: int, ndim: int) -> Any:
    """A copy of an array in another shape."""
    names = "nmkl"[:ndim]
    shape = ", ".join(names)
    made = generated(
        f"def reshaped_{own}_{ndim}(a, {shape}):\n    return np.copy(np.ascontiguousarray(a)).reshape(({shape},))\n"
    )
    unread = ", ".join(f"_{n}" for n in names)
    BACKWARD[made] = {
        0: generated(
            f"def reshaped_back_{own}_{ndim}(d, g, a_form, {unread}, _y):\n"
            "    d += np.ascontiguousarray(g).reshape(d.shape)\n"
        )
    }
    LINEAR.add(made)
    return made


@functools.cache
def taken(ndim: int) -> Any:
    """`a[k]` for an array of ints."""
    made = generated(f"def taken_{ndim}(a, k):\n    return a[k]\n")
    entry = ", ".join(["k[i]", *[":"] * (ndim - 1)])
    lines = f"def taken_back_{ndim}(d, g, _a, k, _y):\n    for i in range(k.shape[0]):\n        d[{entry}] += g[i]\n"
    BACKWARD[made] = {0: generated(lines)}
    LINEAR.add(made)
    return made


def taken_pairs(a: Any, k: Any, m: Any) -> Any:
    """`a[k, m]` of a matrix, for arrays of ints of one length."""
    if k.shape[0] != m.shape[0]:
        raise IndexError("shape mismatch: indexing arrays could not be broadcast together")
    made = np.empty(k.shape[0], a.dtype)
    for i in range(k.shape[0]):
        made[i] = a[k[i], m[i]]
    return made


def _taken_pairs_back(d: Any, g: Any, _a: Any, k: Any, m: Any, _y: Any) -> None:
    for i in range(k.shape[0]):
        d[k[i], m[i]] += g[i]


BACKWARD[taken_pairs] = {0: _taken_pairs_back}
LINEAR.add(taken_pairs)


@functools.cache
def masked(ndim: int, over: int) -> Any:
    """`a[mask]`, for a mask over the first `over` dimensions."""
    if over == ndim:
        text = f"""def masked_{ndim}(a, mask):
    y = np.empty(np.sum(mask), a.dtype)
    n = 0
    for index, holds in np.ndenumerate(mask):
        if holds:
            y[n] = a[index]
            n += 1
    return y
"""
    else:
        text = f"def masked_{ndim}(a, mask):\n    return a[mask]\n"
    made = generated(text)
    if over == ndim:
        lines = f"""def masked_back_{ndim}(d, g, _a, mask, _y):
    n = 0
    for index, holds in np.ndenumerate(mask):
        if holds:
            d[index] += g[n]
            n += 1
"""
    else:
        lines = f"""def masked_back_{ndim}(d, g, _a, mask, _y):
    n = 0
    for i in range(mask.shape[0]):
        if mask[i]:
            d[i] += g[n]
            n += 1
"""
    BACKWARD[made] = {0: generated(lines)}
    LINEAR.add(made)
    return made


def put_taken(d: Any, k: Any) -> Any:
    """The adjoints of entries that were stored by an array of ints, which are cleared: the last store counts."""
    g = np.zeros_like(d[k])
    for i in range(k.shape[0] - 1, -1, -1):
        g[i] = d[k[i]]
        d[k[i]] = 0.0
    return g


# --- along an axis --------------------------------------------------------------------------------


@functools.cache
def extreme_along(name: str, ndim: int, axis: int) -> Any:
    """`np.max(a, axis=...)`: the largest share the adjoint equally."""
    index = _LETTERS[:ndim]
    left = index.replace(index[axis], "")
    better = ">" if name == "max" else "<"
    first = ", ".join("0" if n == axis else letter for n, letter in enumerate(index))
    place, other = ", ".join(index), ", ".join(left)
    shape = ", ".join(f"a.shape[{n}]" for n in range(ndim) if n != axis)
    lines = [f"def {name}_{ndim}_{axis}(a):", f"    y = np.empty(({shape},), a.dtype)"]
    for depth, letter in enumerate(left):
        lines.append("    " * (depth + 1) + f"for {letter} in range(a.shape[{index.index(letter)}]):")
    pad = "    " * ndim
    lines += [
        f"{pad}best = a[{first}]",
        f"{pad}for {index[axis]} in range(1, a.shape[{axis}]):",
        f"{pad}    if a[{place}] {better} best or a[{place}] != a[{place}]:",
        f"{pad}        best = a[{place}]",
        f"{pad}y[{other}] = best",
        "    return y",
    ]
    made = generated("\n".join(lines) + "\n")
    back = [f"def {name}_{ndim}_{axis}_back(d, g, a, y):"]
    for depth, letter in enumerate(left):
        back.append("    " * (depth + 1) + f"for {letter} in range(a.shape[{index.index(letter)}]):")
    back += [
        f"{pad}hits = 0",
        f"{pad}for {index[axis]} in range(a.shape[{axis}]):",
        f"{pad}    hits += a[{place}] == y[{other}]",
        f"{pad}for {index[axis]} in range(a.shape[{axis}]):",
        f"{pad}    if a[{place}] == y[{other}]:",
        f"{pad}        d[{place}] += g[{other}] / hits",
    ]
    BACKWARD[made] = {0: generated("\n".join(back) + "\n")}
    ALONG[made] = axis
    return made


@functools.cache
def rolled(ndim: int, axis: int) -> Any:
    """`np.roll(a, n, axis)`."""
    before = ":, " * axis
    text = f"""def rolled_{ndim}_{axis}(a, n):
    y = np.empty_like(a)
    m = a.shape[{axis}]
    k = n % m if m > 0 else 0
    y[{before}k:] = a[{before}: m - k]
    y[{before}:k] = a[{before}m - k :]
    return y
"""
    back = f"""def rolled_back_{ndim}_{axis}(d, g, a_form, n, _y):
    m = a_form.shape[{axis}]
    k = n % m if m > 0 else 0
    d[{before}: m - k] += g[{before}k:]
    d[{before}m - k :] += g[{before}:k]
"""
    made = generated(text)
    BACKWARD[made] = {0: generated(back)}
    LINEAR.add(made)
    return made


def running_sum(a: Any) -> Any:
    """`np.cumsum(a)` of a vector."""
    return np.cumsum(a)


def _running_sum_back(d: Any, g: Any, a_form: Any, _y: Any) -> None:
    total = 0.0
    for i in range(g.shape[0] - 1, -1, -1):
        total += g[i]
        d[i] += total


def index_of_largest(a: Any) -> Any:
    """`np.argmax(a)`."""
    return np.argmax(a)


def index_of_smallest(a: Any) -> Any:
    """`np.argmin(a)`."""
    return np.argmin(a)


def places_in_order(a: Any) -> Any:
    """`np.argsort(a)`: equal entries keep their order."""
    return np.argsort(a, kind="mergesort")


def length(a: Any) -> Any:
    """`np.linalg.norm(a)`: the root of the sum of squares."""
    total = 0.0
    for x in a.flat:
        total += x * x
    return np.sqrt(total)


def _length_back(d: Any, g: float, a: Any, y: float) -> None:
    if y != 0.0:
        d += (g / y) * a


BACKWARD[running_sum] = {0: _running_sum_back}
BACKWARD[length] = {0: _length_back}
LINEAR.add(running_sum)

# --- linear algebra -------------------------------------------------------------------------------


def solved(a: Any, b: Any) -> Any:
    """`np.linalg.solve(a, b)`."""
    return np.linalg.solve(np.ascontiguousarray(a), np.ascontiguousarray(b))


def _solved_vector_left(d: Any, g: Any, a: Any, _b: Any, y: Any) -> None:
    w = np.linalg.solve(np.ascontiguousarray(a.T), np.ascontiguousarray(g))
    for i in range(d.shape[0]):
        for j in range(d.shape[1]):
            d[i, j] -= w[i] * y[j]


def _solved_matrix_left(d: Any, g: Any, a: Any, _b: Any, y: Any) -> None:
    w = np.linalg.solve(np.ascontiguousarray(a.T), np.ascontiguousarray(g))
    d -= np.dot(w, np.ascontiguousarray(y.T))


def _solved_right(d: Any, g: Any, a: Any, _b: Any, _y: Any) -> None:
    d += np.linalg.solve(np.ascontiguousarray(a.T), np.ascontiguousarray(g))


def solved_matrix(a: Any, b: Any) -> Any:
    """`np.linalg.solve(a, b)` of matrices."""
    return np.linalg.solve(np.ascontiguousarray(a), np.ascontiguousarray(b))


def inverse(a: Any) -> Any:
    """`np.linalg.inv(a)`."""
    return np.linalg.inv(np.ascontiguousarray(a))


def _inverse_back(d: Any, g: Any, _a: Any, y: Any) -> None:
    t = np.ascontiguousarray(y.T)
    d -= np.dot(np.dot(t, np.ascontiguousarray(g)), t)


def determinant(a: Any) -> Any:
    """`np.linalg.det(a)`."""
    return np.linalg.det(np.ascontiguousarray(a))


def _determinant_back(d: Any, g: float, a: Any, y: float) -> None:
    d += (g * y) * np.linalg.inv(np.ascontiguousarray(a)).T


BACKWARD[solved] = {0: _solved_vector_left, 1: _solved_right}
BACKWARD[solved_matrix] = {0: _solved_matrix_left, 1: _solved_right}
BACKWARD[inverse] = {0: _inverse_back}
BACKWARD[determinant] = {0: _determinant_back}

# --- new arrays -----------------------------------------------------------------------------------


def identity(n: int) -> Any:
    """`np.eye(n)`."""
    return np.eye(n)


def stepped(start: Any, stop: Any, step: Any) -> Any:
    """`np.arange(start, stop, step)`."""
    return np.arange(start, stop, step)
