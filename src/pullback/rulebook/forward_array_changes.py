"""Forward mode of functions that change an array: the tangent is changed as the value is.

    a.fill(v)              a_dot.fill(v_dot)
    np.add.at(a, i, v)     np.add.at(a_dot, i, v_dot)
    np.sin(x, out=a)       a_dot[...] = x_dot * cos(x)

Written in the language that is differentiated: see `rules.forward_intrinsic`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.differential_calls import call_differential
from pullback.differential_changes import refuse_loss, set_item_differential
from pullback.errors import DifferentiabilityError
from pullback.outputs import check_overlap, given_out, without_out
from pullback.rulebook.forward_changes import changer, has_mirror
from pullback.rules import callable_name, constant
from pullback.tangent_parts import filled, part
from pullback.tangents import ZERO


@changer(np.ndarray.fill)
def _fill(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    set_item_differential(args[0], dots[0], ..., args[1], dots[1])
    return None, ZERO


@changer(np.copyto)
def _copyto(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    np.copyto(*args, **kwargs)
    if has_mirror(dots[0]):
        np.copyto(dots[0], filled(dots[1], args[1]), where=where_of(args, kwargs))
    else:
        refuse_loss(args[0], args[1], dots[1])
    return None, ZERO


def where_of(args: Any, kwargs: Any) -> Any:
    """Where `np.copyto` copies."""
    return kwargs.get("where", args[3] if len(args) > 3 else True)


@changer(np.put, np.ndarray.put)
def _put(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    target = args[0]
    target_dot = dots[0]
    refuse_modes(args, kwargs)
    places = np.unravel_index(flat_places(args), target.shape)
    target[places] = np.resize(args[2], places[0].shape)
    target_dot[places] = np.resize(filled(dots[2], args[2]), places[0].shape)
    return None, ZERO


def flat_places(args: Any) -> Any:
    """The places that `np.put` is given, as positive numbers."""
    return np.asarray(args[1]).ravel() % args[0].size


def refuse_modes(args: Any, kwargs: Any) -> None:
    """`np.put` is covered without a mode."""
    if len(args) > 3 or kwargs:
        raise DifferentiabilityError("np.put of a differentiated value covers put(a, indices, values)")
    if np.any(np.asarray(args[1]) >= args[0].size) or np.any(np.asarray(args[1]) < -args[0].size):
        raise IndexError(f"an index is out of bounds for axis 0 with size {args[0].size}")


@changer(np.fill_diagonal)
def _fill_diagonal(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    refuse_wrapping(args, kwargs)
    np.fill_diagonal(args[0], args[1])
    np.fill_diagonal(dots[0], filled(dots[1], args[1]))
    return None, ZERO


def refuse_wrapping(args: Any, kwargs: Any) -> None:
    """`np.fill_diagonal` is covered without `wrap`."""
    if len(args) > 2 or kwargs or np.ndim(args[1]) > 1:
        raise DifferentiabilityError("np.fill_diagonal of a differentiated value covers fill_diagonal(a, value)")


@changer(np.put_along_axis)
def _put_along_axis(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    axis = kwargs["axis"] if "axis" in kwargs else args[3]
    np.put_along_axis(args[0], args[1], args[2], axis)
    np.put_along_axis(dots[0], args[1], filled(dots[2], args[2]), axis)
    return None, ZERO


@changer(np.ufunc.at)
def _at(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    mirrored = has_mirror(dots[1])
    if not mirrored:
        refuse_loss(args[1], args[3], dots[3])
    if is_add(args[0]):
        np.add.at(args[1], args[2], args[3])
        if mirrored:
            np.add.at(dots[1], args[2], filled(dots[3], args[3]))
    else:
        np.subtract.at(args[1], args[2], args[3])
        if mirrored:
            np.subtract.at(dots[1], args[2], filled(dots[3], args[3]))
    return None, ZERO


def is_add(function: Any) -> Any:
    """Whether it is `np.add`, and not `np.subtract`; the `at` of others is refused."""
    if function not in (np.add, np.subtract):
        raise DifferentiabilityError(
            f"{callable_name(function)}.at changes a differentiated array in a way that is not differentiated; "
            "np.add.at and np.subtract.at are"
        )
    return function is np.add


@changer(np.ndarray.sort)
def _sort_array(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    axis = kwargs["axis"] if "axis" in kwargs else args[1] if len(args) > 1 else -1
    order = sorting(args[0], axis)
    args[0][...] = np.take_along_axis(args[0], order, axis)
    dots[0][...] = np.take_along_axis(dots[0], order, axis)
    return None, ZERO


def sorting(x: Any, axis: Any) -> Any:
    """The order that sorts an array along an axis."""
    return np.argsort(x, axis=axis, kind="stable")


@changer(np.place, np.putmask, np.ndarray.resize, np.ndarray.partition, np.ndarray.setfield)
def _refused(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    refuse_function(fn)


def refuse_function(fn: Any) -> None:
    """Changes of an array that are not differentiated."""
    raise DifferentiabilityError(
        f"{callable_name(fn)} changes a differentiated array in place in a way that is not differentiated; "
        "write it with an assignment, such as `a[index] = value`"
    )


@changer("out")
def _with_out(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """`fn(*args, out=a)`: the value is made, then stored in a, which is the result."""
    count, keys, later = operands_before_out(fn, args, kwargs)
    given = {**later, **{k: kwargs[k] for k in keys}}
    given_dots = {k: part(kwdots, k) for k in keys}
    held = args[count] if len(args) > count else kwargs["out"]
    held_dot = dots[count] if len(args) > count else part(kwdots, "out")
    out = held[0] if is_one(held) else held
    out_dot = part(held_dot, 0) if is_one(held) else held_dot
    value, value_dot = call_differential(fn, ZERO, args[:count], dots[:count], given, given_dots)
    check_overlap(fn, args[:count], given, out, value)
    np.copyto(out, value, casting="same_kind")
    if has_mirror(out_dot):
        out_dot[...] = filled(value_dot, value)
    else:
        refuse_loss(out, value, value_dot)
    return out, out_dot


def is_one(held: Any) -> bool:
    """Whether `out` is a tuple of one array."""
    return isinstance(held, tuple)


def operands_before_out(fn: Any, args: Any, kwargs: Any) -> tuple[int, list[str], dict[str, Any]]:
    """How many operands come before `out`, the keywords besides it, and what comes after it, by name."""
    outs = given_out(fn, args, kwargs)
    operands, later = without_out(fn, args)
    count = len(operands)
    single = isinstance(outs, np.ndarray) or (isinstance(outs, tuple) and len(outs) == 1)
    if not single or len(args) > count + 1 + len(later) or "where" in kwargs or "where" in later:
        raise DifferentiabilityError(
            f"{callable_name(fn)} with more than one `out`, or with `where`, is not differentiated; "
            "write it with an assignment, such as `a[mask] = value`"
        )
    return count, [k for k in kwargs if k != "out"], later


constant(
    where_of, flat_places, refuse_modes, refuse_wrapping, is_add, sorting, refuse_function, is_one, operands_before_out,
    check_overlap,
)  # fmt: skip
