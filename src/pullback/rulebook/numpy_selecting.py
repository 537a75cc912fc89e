"""Derivatives of NumPy functions that order or choose among entries: sort, partition, select, interp."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.fitting import fit
from pullback.rulebook.array_likes import Array, Form, form, gathered, restore, shape_of, zeros_of
from pullback.rules import constant, rule, stands_in
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form, zeros_of, fit)


def sort_order(a: Any, axis: int | None) -> Array:
    """The place in the sorted array that each entry goes to."""
    return np.argsort(np.argsort(a, axis=axis, kind="stable"), axis=axis, kind="stable")


def partition_order(a: Any, y: Array, axis: int | None) -> Array:
    """The place in the partitioned array `y` that each entry goes to, found by sorting both."""
    return np.take_along_axis(np.argsort(y, axis=axis, kind="stable"), sort_order(a, axis), axis)


def ordered_back(g: Array, m: Form, order: Array, axis: int | None) -> Tangent:
    """The cotangent of an array that was reordered along `axis` (None: flat)."""
    return restore(np.reshape(np.take_along_axis(g, order, axis), shape_of(m)), m)


def ordered(a_dot: Any, order: Array, axis: int | None) -> Array:
    """The tangent of an array reordered along `axis` (None: flat), `order` being each entry's new place."""
    change = np.ravel(a_dot) if axis is None else np.asarray(a_dot)
    return np.take_along_axis(change, np.argsort(order, axis=axis), axis)


def first_true(condlist: Any) -> list[Array]:
    """Where each condition is the first to hold, and last where none does."""
    free: Array = np.ones(np.broadcast_shapes(*(np.shape(c) for c in condlist)), bool)
    masks = []
    for condition in condlist:
        masks.append(free & condition)
        free = free & ~np.asarray(condition)
    return [*masks, free]


def select_pullback(g: Any, m: Form, condlist: Any) -> Tangent:
    """The cotangents of the choices of np.select: each where its condition is the first to hold."""
    masks = first_true(condlist)
    if m.__class__ is tuple:
        return restore(np.stack([masked(g, mask, (m[0][1:], m[1])) for mask in masks[:-1]]), m)
    return m.rebuilt([masked(g, mask, part) for mask, part in zip(masks, m.parts, strict=False)])


def masked(g: Any, mask: Array, m: Form) -> Tangent:
    """The cotangent `g` where the mask holds, for an operand with the form `m`."""
    t = np.where(mask, g, np.zeros((), np.result_type(g)))
    return gathered(restore(t, m), m) if m.__class__ is tuple else restore(t, m)


def choose_pullback(g: Any, m: Form, which: Any, mode: str) -> Tangent:
    """The cotangents of the choices of np.choose: each where the array of numbers names it."""
    parts = [(m[0][1:], m[1])] * m[0][0] if m.__class__ is tuple else m.parts
    count = len(parts)
    if mode != "raise":
        which = np.mod(which, count) if mode == "wrap" else np.clip(which, 0, count - 1)
    items = [masked(g, np.asarray(which) == k, part) for k, part in enumerate(parts)]
    return restore(np.stack(items), m) if m.__class__ is tuple else m.rebuilt(items)


def interp_segments(x: Any, xp: Any, period: Any) -> tuple[Array, Array, Array, Array, Array]:
    """Where each x lies: the numbers of the points on its left and right, its place t between, and xp there.

    The points are numbered as in `xp`; with a period they are sorted and wrapped around, as np.interp does.
    """
    x, points = np.asarray(x, float), np.asarray(xp, float)
    number = np.arange(points.size)
    if period is not None:
        x, points = x % period, points % period
        number = np.argsort(points)
        points = points[number]
        points = np.concatenate((points[-1:] - period, points, points[:1] + period))
        number = np.concatenate((number[-1:], number, number[:1]))
    left = np.clip(np.searchsorted(points, x, "right") - 1, 0, max(points.size - 2, 0))
    right = np.minimum(left + 1, points.size - 1)
    width = points[right] - points[left]
    t = np.clip((x - points[left]) / np.where(width == 0, 1.0, width), 0.0, 1.0)
    return number[left], number[right], t, width, points


def interp_beyond(x: Any, xp: Any, period: Any) -> tuple[Array, Array]:
    """Where x is below the first and above the last point; nowhere with a period."""
    if period is not None:
        return np.zeros(np.shape(x), bool), np.zeros(np.shape(x), bool)
    return np.less(x, xp[0]), np.greater(x, xp[-1])


def interp_values(g: Any, m: Form, x: Any, xp: Any, left: Any, right: Any, period: Any) -> Tangent:
    """The cotangent of the values at the points: 1 - t goes to the left neighbour, t to the right."""
    a, b, t, _, _ = interp_segments(x, xp, period)
    below, above = interp_beyond(x, xp, period)
    given = (below & (left is not None)) | (above & (right is not None))
    g = np.where(given, 0.0, g)
    return restore(spread(g * (1.0 - t), a, np.shape(xp)[0]) + spread(g * t, b, np.shape(xp)[0]), m)


def spread(t: Array, place: Array, count: int) -> Array:
    """A vector whose entry k is the sum of the entries of `t` at `place` k."""
    out = np.zeros(count, t.dtype)
    np.add.at(out, place, t)
    return out


def slope(g: Any, x: Any, xp: Any, fp: Any, period: Any) -> tuple[Array, Array, Array, Array]:
    """`g` times the slope of the segment each x lies in, 0 outside; and the segment."""
    a, b, t, width, _ = interp_segments(x, xp, period)
    below, above = interp_beyond(x, xp, period)
    f = np.asarray(fp)
    s = np.where(below | above | (width == 0), 0.0, (f[b] - f[a]) / np.where(width == 0, 1.0, width))
    return g * s, a, b, t


def place_tangent(x_dot: Any, x: Any, xp: Any, fp: Any, period: Any) -> Array:
    """The tangent of an interpolated value through the place x."""
    return slope(x_dot, x, xp, fp, period)[0]


def points_tangent(xp_dot: Any, x: Any, xp: Any, fp: Any, period: Any) -> Array:
    """The tangent of an interpolated value through the points: the segment moves away from under x."""
    s, a, b, t = slope(1.0, x, xp, fp, period)
    change = np.asarray(xp_dot)
    moved: Array = -s * ((1.0 - t) * change[a] + t * change[b])
    return moved


def beyond_tangent(value_dot: Any, x: Any, xp: Any, period: Any, side: int) -> Array:
    """The tangent of an interpolated value through np.interp's `left` (side 0) or `right`."""
    return np.where(interp_beyond(x, xp, period)[side], value_dot, 0.0)


def interp_place(g: Any, x: Any, xp: Any, fp: Any, period: Any) -> Tangent:
    """The cotangent of the place x: the slope of its segment."""
    return restore(np.real(slope(g, x, xp, fp, period)[0]), form(x))


def interp_points(g: Any, x: Any, xp: Any, fp: Any, period: Any) -> Tangent:
    """The cotangent of the points: minus the slope, 1 - t of it to the left one and t to the right."""
    s, a, b, t = slope(g, x, xp, fp, period)
    n = np.shape(xp)[0]
    return restore(-spread(s * (1.0 - t), a, n) - spread(s * t, b, n), form(xp))


def outside(g: Any, x: Any, xp: Any, value: Any, period: Any, side: int) -> Tangent:
    """The cotangent of np.interp's `left` (side 0) or `right`: the sum over the places beyond."""
    if value is None:
        return ZERO
    return restore(np.where(interp_beyond(x, xp, period)[side], g, 0.0), form(value))


constant(sort_order, partition_order, first_true)
rule(spread, "t, place, count", t="g[place]", _linear="t", _returns="array")

rule(
    np.sort,
    "a, axis=-1, kind=None, order=None, *, stable=None",
    a="ordered_back(g, form(a), sort_order(a, axis), axis)",
    a_dot="ordered(a_dot, sort_order(a, axis), axis)",
    _returns="array",
)
rule(
    np.sort_complex,
    "a",
    a="ordered_back(g, form(a), sort_order(a, -1), -1)",
    a_dot="ordered(a_dot, sort_order(a, -1), -1).astype(y.dtype)",
    _returns="array",
)
rule(
    np.partition,
    "a, kth, axis=-1, kind='introselect', order=None",
    a="ordered_back(g, form(a), partition_order(a, y, axis), axis)",
    a_dot="ordered(a_dot, partition_order(a, y, axis), axis)",
    _returns="array",
)
rule(
    np.select,
    "condlist, choicelist, default=0",
    choicelist="select_pullback(g, form(choicelist), condlist)",
    default="masked(g, first_true(condlist)[-1], form(default))",
    choicelist_dot="np.select(condlist, choicelist_dot, zeros_of(default))",
    default_dot="np.select(condlist, zeros_of(choicelist), default_dot)",
    _returns="array",
)
for choosing in (np.choose, np.ndarray.choose):
    rule(
        choosing,
        "a, choices, *, mode='raise'",
        choices="choose_pullback(g, form(choices), a, mode)",
        _linear="choices",
    )
rule(
    np.interp,
    "x, xp, fp, left=None, right=None, period=None",
    x="interp_place(g, x, xp, fp, period)",
    xp="interp_points(g, x, xp, fp, period)",
    fp="interp_values(g, form(fp), x, xp, left, right, period)",
    left="outside(g, x, xp, left, period, 0)",
    right="outside(g, x, xp, right, period, 1)",
    x_dot="fit(place_tangent(x_dot, x, xp, fp, period), y)",
    xp_dot="fit(points_tangent(xp_dot, x, xp, fp, period), y)",
    fp_dot="np.interp(x, xp, fp_dot, None if left is None else 0.0, None if right is None else 0.0, period)",
    left_dot="fit(beyond_tangent(left_dot, x, xp, period, 0), y)",
    right_dot="fit(beyond_tangent(right_dot, x, xp, period, 1), y)",
)


# np.unique: the values are entries, the first of equal ones


def unique_call(ar: Any, inverse: bool, counts: bool, axis: int | None, options: dict[str, Any]) -> tuple[Any, ...]:
    """What np.unique returns besides the values, the places of which come first."""
    options = {"return_index": True, "return_inverse": inverse, "return_counts": counts, "axis": axis, **options}
    found: tuple[Any, ...] = np.unique(ar, **options)
    return found[1:]


def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, **options: Any,
) -> Any:  # fmt: skip
    """`np.unique`."""
    found = unique_call(ar, return_inverse, return_counts, axis, options)
    values = np.take(ar, found[0], axis)
    rest = found if return_index else found[1:]
    return (values, *rest) if len(rest) else values


constant(unique_call)
stands_in(np.unique, unique)
