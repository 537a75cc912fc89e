"""A function at a point, its slopes from finite differences, and tangents compared with them.

The plain numbers come from `pullback.differences`, the derivative's from `pullback.testing`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback.differences import (
    Direction,
    Precision,
    Slope,
    copied,
    directions,
    paths,
    precision_of,
    prober,
    same_bits,
    slopes,
)
from pullback.errors import ArgumentError
from pullback.rules import callable_name
from pullback.spaces import is_differentiable
from pullback.tangents import Tangent, TangentVector
from pullback.trees import Vector, flatten

MOST_ENTRIES = 24  # inputs with no more numbers than this are checked entry by entry, others by a sample
MOST_RESULTS = 8
Wrt = str | int | tuple[str | int, ...] | None
Row = tuple[int | None, Vector]  # a result entry (None: a random combination), and the weights of the results


@dataclass(frozen=True, slots=True)
class Options:
    """How to compare: tolerances (None: what suits the precision), the seed, and whether kinks may be."""

    rtol: float | None = None
    atol: float | None = None
    seed: int = 0
    allow_kinks: bool = False
    entries: int = MOST_ENTRIES


@dataclass(frozen=True, slots=True)
class Problem:
    """A function at a point: its plain value, and its slopes along every direction looked at."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    after: tuple[Any, ...]  # the arguments as the plain function leaves them
    positions: tuple[int, ...]
    value: Any
    slopes: list[tuple[Direction, list[Slope]]]
    precision: Precision
    options: Options
    labels: tuple[str, ...]  # what each argument is called

    @classmethod
    def of(
        cls, f: Callable[..., Any], args: tuple[Any, ...], wrt: Wrt, options: Options, labels: tuple[str, ...] = ()
    ) -> Problem:
        """The problem of checking `f` at `args`, with all its differences taken."""
        positions = positions_of(f, args, wrt)
        after, again = copied(args), copied(args)
        value = f(*after)
        name = callable_name(f)
        if not same_bits(value, f(*again)):
            raise AssertionError(f"{name} is not deterministic: two calls gave different values")
        if not is_differentiable(value):
            raise ArgumentError(f"the result of {name}, {value!r}, has no tangent space: there is nothing to check")
        out = flatten(value)[0]
        if not np.all(np.isfinite(out)):
            raise AssertionError(f"the value of {name} is not finite at these arguments: differences say nothing there")
        precision = precision_of(value, *(args[p] for p in positions))
        at, probe, moved = prober(f, args, positions)
        random = np.random.default_rng(options.seed)
        found = []
        for direction in directions(at, random, options.entries, 2 if at.size > 1 else 0):
            steps = slopes(probe, moved, at, out, direction, precision)
            if not steps:
                raise AssertionError(f"{name} cannot be evaluated near these arguments: no differences to compare")
            found.append((direction, steps))
        named = labels or tuple(f"args[{k}]" for k in range(len(args)))
        return cls(f, args, after, positions, value, found, precision, options, named)

    @property
    def name(self) -> str:
        """The function's name."""
        return callable_name(self.f)

    @property
    def chosen(self) -> tuple[Any, ...]:
        """The arguments differentiated with respect to."""
        return tuple(self.args[p] for p in self.positions)

    @property
    def wrt(self) -> int | tuple[int, ...]:
        """The positions as the verbs take them: one bare, several in a tuple."""
        return self.positions if len(self.positions) > 1 else self.positions[0]


def positions_of(f: Callable[..., Any], args: tuple[Any, ...], wrt: Wrt) -> tuple[int, ...]:
    """The positions that `wrt` names; by default those of all differentiable arguments."""
    if wrt is None:
        every = tuple(k for k, a in enumerate(args) if is_differentiable(a))
        if not every:
            raise ArgumentError(f"no argument of {callable_name(f)} is differentiable; pass a float, not an int")
        return every
    names = list(inspect.signature(f).parameters) if any(isinstance(w, str) for w in _as_tuple(wrt)) else []
    positions = []
    for w in _as_tuple(wrt):
        if isinstance(w, str) and w not in names:
            raise ArgumentError(f"{callable_name(f)} has no parameter {w!r}")
        position = names.index(w) if isinstance(w, str) else w
        if not 0 <= position < len(args) or not is_differentiable(args[position]):
            raise ArgumentError(f"wrt={w!r} is not a differentiable argument among the {len(args)} given")
        positions.append(position)
    return tuple(sorted(positions))


def _as_tuple(wrt: Any) -> tuple[Any, ...]:
    return tuple(wrt) if isinstance(wrt, (tuple, list)) else (wrt,)


def cotangents(problem: Problem) -> list[Row]:
    """The cotangents tried: one for each result entry (or a sample), then random combinations."""
    size = flatten(problem.value)[0].size
    random = np.random.default_rng(problem.options.seed + 1)
    some: Iterable[int] = range(size)
    if size > MOST_RESULTS:
        some = sorted(random.choice(size, MOST_RESULTS // 2, replace=False).tolist())
    found: list[Row] = [(k, np.eye(1, size, k)[0]) for k in some]
    return found + [(None, random.standard_normal(size)) for _ in range(1 if size == 1 else 2)]


def check_space(t: Tangent, like: Tangent, path: str) -> None:
    """Raise unless `t` is built as `like`, the zero of the same space, is: types, keys, shapes, dtypes."""
    if type(t) is not type(like):
        raise AssertionError(f"the tangent of {path} should be a {type(like).__name__}, and is {t!r}")
    if isinstance(like, np.ndarray):
        if t.shape != like.shape or t.dtype != like.dtype:
            expected, got = f"{like.dtype}{list(like.shape)}", f"{t.dtype}{list(t.shape)}"
            raise AssertionError(f"the tangent of {path} should be an array {expected}, and is {got}")
    elif isinstance(like, (dict, TangentVector)):
        ours, its = (x if isinstance(x, dict) else vars(x) for x in (t, like))
        if ours.keys() != its.keys():
            raise AssertionError(f"the tangent of {path} should have the entries {list(its)}, and has {list(ours)}")
        for key in its:
            check_space(ours[key], its[key], f"{path}[{key!r}]" if isinstance(like, dict) else f"{path}.{key}")
    elif isinstance(like, (tuple, list)):
        if len(t) != len(like):
            raise AssertionError(f"the tangent of {path} should have {len(like)} entries, and has {len(t)}")
        for k, (u, v) in enumerate(zip(t, like, strict=True)):
            check_space(u, v, f"{path}[{k}]")


Analytic = Callable[[int, Slope], float]


def paired(t: Vector, along: Vector) -> float:
    """The pairing of a tangent with a direction; what does not move has no part in it, be it NaN."""
    return float(np.sum(np.where(along == 0.0, 0.0, t * along)))


def compare(problem: Problem, mode: str, rows: list[Row], analytic: Analytic) -> None:
    """Compare every row with every direction; raise with the worst entry, if any is wrong."""
    names_in = [p for k in problem.positions for p in paths(problem.args[k], problem.labels[k])]
    names_out = list(paths(problem.value, "result"))
    wrong: list[tuple[float, str]] = []
    for direction, steps in problem.slopes:
        index = direction.index
        where = "a random direction" if index is None else names_in[index]
        for row, (result, weights) in enumerate(rows):
            what = "a random combination of the results" if result is None else names_out[result]
            units = [1.0 if index is None else float(s.along[index]) for s in steps]
            kink = _kink(steps, units, weights)
            if kink is not None and not problem.options.allow_kinks:
                raise AssertionError(
                    f"{problem.name} has a kink here: d {what} / d {where} is {kink[0]:.6g} from the left and "
                    f"{kink[1]:.6g} from the right; choose other arguments, or pass allow_kinks=True"
                )
            with np.errstate(all="ignore"):
                exact = [analytic(row, s) / u for s, u in zip(steps, units, strict=True)]
                excess, best = _excess(problem, steps, units, weights, exact, kink)
            if not excess <= 1.0:
                numeric = float(np.sum(weights * steps[best].central)) / units[best]
                text = f"d {what} / d {where}: analytic {exact[best]!r}, numeric {numeric:.9g}"
                bias = 1.0 if index is None or result is None else 1e6  # single entries say more
                wrong.append((min(excess, 1e12) * bias, text))
    if wrong:
        total = len(problem.slopes) * len(rows)
        raise AssertionError(
            f"the derivative of {problem.name} ({mode} mode) is wrong: {max(wrong)[1]} "
            f"({len(wrong)} of {total} comparisons differ)"
        )


def _excess(
    problem: Problem,
    steps: list[Slope],
    units: list[float],
    weights: Vector,
    exact: list[float],
    kink: tuple[float, float] | None,
) -> tuple[float, int]:
    """How many times too far from the differences the derivative is, at the step where it is nearest."""
    options, precision = problem.options, problem.precision
    rtol = precision.rtol if options.rtol is None else options.rtol
    pairs = list(zip(steps, units, strict=True))
    noise = min(s.rounding / abs(u) for s, u in pairs) * float(np.abs(weights).max(initial=0.0))
    floor = min(precision.atol * s.size / abs(u) for s, u in pairs) if options.atol is None else options.atol
    numeric = [float(np.sum(weights * s.central)) / u for s, u in pairs]
    off = [abs(e - n) for e, n in zip(exact, numeric, strict=True)]
    if not np.all(np.isfinite(exact)):
        return np.inf, 0
    allowed = [rtol * max(abs(e), abs(n)) + floor + noise for e, n in zip(exact, numeric, strict=True)]
    if kink is not None and min(kink) - allowed[0] <= exact[0] <= max(kink) + allowed[0]:
        return 0.0, 0
    first = [k for k, s in enumerate(steps) if s.group == 0]
    if len(first) > 2 and all(off[k] <= 0.15 * off[k - 1] for k in first[1:]):
        return 0.0, 0  # the differences converge to it at their rate, as those of x**3 do to 0
    ratios = [o / a if a else np.inf if o else 0.0 for o, a in zip(off, allowed, strict=True)]
    best = int(np.argmin(ratios))
    return ratios[best], best


def _is_jump(pairs: list[tuple[Slope, float]], weights: Vector, noise: list[float]) -> bool:
    """Whether slopes grow as steps shrink, as those of a step function do: by as much as rounding's share."""
    sizes = [abs(float(np.sum(weights * s.central)) / u) for s, u in pairs]
    grows = [
        noise[k] > 2.0 * noise[k - 1] and sizes[k] > 0.8 * sizes[k - 1] * noise[k] / noise[k - 1]
        for k in range(1, len(pairs))
    ]
    return len(grows) > 1 and all(grows) and sizes[0] > 1e6 * noise[0]


def _kink(steps: list[Slope], units: list[float], weights: Vector) -> tuple[float, float] | None:
    """The slopes from the left and the right, if they differ and do not come together as steps shrink."""
    pairs = [(s, u) for s, u in zip(steps, units, strict=True) if s.group == steps[0].group]
    sides = [(float(np.sum(weights * s.left)) / u, float(np.sum(weights * s.right)) / u) for s, u in pairs]
    noise = [s.rounding * float(np.abs(weights).sum()) / abs(u) for s, u in pairs]
    gaps = [abs(right - left) for left, right in sides]
    if _is_jump(pairs, weights, noise):
        return -np.inf, np.inf
    resolving = [k for k in range(1, len(pairs)) if 50 * noise[k] < gaps[0]]
    if not resolving:
        return None
    k = resolving[-1]
    is_kink = gaps[k] > 0.6 * gaps[k - 1] and gaps[k] > 20 * noise[k] and gaps[k] > 1e-6 * max(map(abs, sides[k]))
    return sides[k] if is_kink else None
