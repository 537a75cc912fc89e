"""Finite differences of ordinary functions: slopes along directions, at several steps, from both sides.

    slopes of abs at 0.0 along 1.0  ->  central 0.0, left -1.0, right 1.0, for each step

Nothing here knows of derivatives: it is what `pullback.testing` compares them with.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback.spaces import is_differentiable
from pullback.structs import field_names
from pullback.trees import Vector, flatten, leaves

Probe = Callable[[Vector], Vector]


@dataclass(frozen=True, slots=True)
class Slope:
    """What the function did over one step: its slopes, and how far rounding may have moved them."""

    along: Vector  # the direction as the rounded arguments had it
    central: Vector
    left: Vector
    right: Vector
    size: float  # the largest number seen
    rounding: float
    group: int  # which of the direction's lengths


@dataclass(frozen=True, slots=True)
class Direction:
    """One entry (with its index) or a random direction: vectors of different length to step along."""

    index: int | None
    scales: tuple[Vector, ...]


@dataclass(frozen=True, slots=True)
class Precision:
    """Steps and tolerances that suit a floating-point type."""

    epsilon: float
    steps: tuple[float, ...]
    rtol: float
    atol: float  # in units of the function's own size


_DOUBLE = Precision(2.3e-16, (1e-3, 1e-4, 1e-5, 1e-6), 1e-5, 1e-9)
_SINGLE = Precision(1.2e-7, (1e-1, 3e-2, 1e-2, 3e-3), 5e-3, 1e-4)
_HALF = Precision(1e-3, (0.25, 0.1), 5e-2, 1e-2)


def precision_of(*values: Any) -> Precision:
    """The precision of the coarsest leaf; longdouble counts as double, for leaves are probed as doubles."""
    bits = [np.finfo(np.asarray(leaf).dtype).nmant for value in values for leaf in leaves(value)]
    coarsest = min(bits, default=52)
    return _DOUBLE if coarsest >= 52 else _SINGLE if coarsest >= 23 else _HALF


def slopes(
    probe: Probe, moved: Probe, at: Vector, value: Vector, direction: Direction, precision: Precision
) -> list[Slope]:
    """The slopes of `probe` at a point along a direction, one for each length and step, largest first.

    `moved` rounds a point as the arguments' own types do; `value` is `probe(at)`. A step that leaves
    the function's domain, or is lost in rounding, gives none.
    """
    found = []
    for group, along in enumerate(direction.scales):
        for step in precision.steps:
            ahead, behind = moved(at + step * along), moved(at - step * along)
            with np.errstate(invalid="ignore"):
                real = np.where(np.isfinite(at), (ahead - behind) / (2 * step), 0.0)  # (infinities and NaNs stay)
            if not real.any():
                continue
            try:
                with np.errstate(all="ignore"):
                    up, down = probe(ahead), probe(behind)
            except (ValueError, ArithmeticError):
                continue  # outside the domain, as sqrt is left of 0
            if up.shape != value.shape or down.shape != value.shape or not np.all(np.isfinite([up, down])):
                continue
            size = float(np.max(np.abs([up, down, value]), initial=0.0))
            rounding = 4 * precision.epsilon * size / step
            central, left, right = (up - down) / (2 * step), (value - down) / step, (up - value) / step
            found.append(Slope(real, central, left, right, size, rounding, group))
    return found


def directions(at: Vector, random: np.random.Generator, most: int, extra: int) -> Iterator[Direction]:
    """The entries (all of them, or `most` chosen ones), then random directions.

    Entries also move in proportion to their size, so that 1e-9 and 1e9 are probed on their own scale.
    """
    finite = np.isfinite(at)
    scale = np.where(finite & (at != 0.0), np.abs(at), 1.0)
    chosen = range(at.size) if at.size <= most else sorted(random.choice(at.size, most, replace=False).tolist())
    chosen = [k for k in chosen if finite[k]]
    for index in chosen:
        unit = np.zeros(at.size)
        unit[index] = 1.0
        is_ordinary = 0.1 <= scale[index] <= 10.0
        yield Direction(index, (unit,) if is_ordinary else (scale[index] * unit, unit))
    for _ in range(extra):
        yield Direction(None, (np.where(finite, random.standard_normal(at.size) * scale, 0.0),))


def paths(x: Any, name: str) -> Iterator[str]:
    """A name for each number of `flatten(x)`, such as `args[0]['w'][1, 2]`."""
    if isinstance(x, (float, complex, np.inexact, np.ndarray)):
        array = np.asarray(x)
        if is_differentiable(x):
            for index in np.ndindex(array.shape):
                entry = f"{name}[{', '.join(map(str, index))}]" if index else name
                yield from (f"{entry}.real", f"{entry}.imag") if array.dtype.kind == "c" else (entry,)
    elif isinstance(x, dict):
        for key, item in x.items():
            yield from paths(item, f"{name}[{key!r}]")
    elif isinstance(x, (tuple, list)):
        for k, item in enumerate(x):
            yield from paths(item, f"{name}[{k}]")
    elif is_differentiable(x):
        for field in field_names(x):
            yield from paths(getattr(x, field, None), f"{name}.{field}")


def signs(x: Any) -> Vector:
    """The signs s that make sum(s * t * u) the pairing Re(t * u): -1 for imaginary parts."""
    parts = [np.ones(0)]
    for leaf in leaves(x):
        array = np.asarray(leaf)
        parts.append(np.tile([1.0, -1.0], array.size) if array.dtype.kind == "c" else np.ones(array.size))
    return np.concatenate(parts)


def copied(x: Any) -> Any:
    """A deep copy, or `x` itself where it cannot be copied (modules, locks)."""
    try:
        return copy.deepcopy(x)
    except Exception:  # whatever __deepcopy__ and __reduce__ raise
        return x


def same_bits(a: Any, b: Any) -> bool:
    """Whether two values are the same in type, structure and every bit of every number; nan equals nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return all(map(same_bits, a.flat, b.flat)) if a.dtype.kind == "O" else _same_numbers(a, b)
    if isinstance(a, np.generic):
        return same_bits(np.asarray(a), np.asarray(b))
    if isinstance(a, (float, complex)):
        return repr(a) == repr(b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same_bits(a[k], b[k]) for k in a)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same_bits, a, b))
    if is_differentiable(a):
        return all(same_bits(getattr(a, n, None), getattr(b, n, None)) for n in field_names(a))
    if hasattr(a, "__dict__") and not callable(a):
        return same_bits(vars(a), vars(b))
    return a is b or bool(a == b) or callable(a)


def _same_numbers(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    if a.dtype.kind == "c":
        return _same_numbers(a.real, b.real) and _same_numbers(a.imag, b.imag)
    if a.dtype.kind != "f":
        return a.tobytes() == b.tobytes()
    signs_agree = np.array_equal(np.signbit(a) & ~np.isnan(a), np.signbit(b) & ~np.isnan(b))
    return signs_agree and np.array_equal(a, b, equal_nan=True)


def prober(f: Callable[..., Any], args: tuple[Any, ...], positions: tuple[int, ...]) -> tuple[Vector, Probe, Probe]:
    """The chosen arguments as a vector, `f` as a function of it, and how a vector is rounded.

    Every call gets fresh copies, so that a function that mutates its arguments is probed fairly.
    """
    chosen = tuple(args[p] for p in positions)
    at, rebuild = flatten(chosen)

    def probe(v: Vector) -> Vector:
        given = list(copied(args))
        for position, value in zip(positions, rebuild(v), strict=True):
            given[position] = value
        return flatten(f(*given))[0]

    return at, probe, lambda v: flatten(rebuild(v))[0]
