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
from pullback.rulebook.exact_values import exactly, standing_for
from pullback.rulebook.forward_changes import changer, has_mirror
from pullback.rules import callable_name, constant
from pullback.shared_arrays import at_entries, order_shuffled, places_before
from pullback.tangent_parts import filled, part
from pullback.tangents import ZERO


@changer(np.ndarray.fill)
def _fill(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    set_item_differential(args[0], dots[0], ..., args[1], dots[1])
    return None, ZERO


@changer(np.copyto)
def _copyto(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    if "src" in kwargs:
        rest = {k: v for k, v in kwargs.items() if k != "src" and k != "dst"}
        target = args[0] if args else kwargs["dst"]
        target_dot = dots[0] if args else kwdots["dst"]
        return _copyto(fn, fn_dot, (target, kwargs["src"]), (target_dot, kwdots["src"]), rest, {})
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


@changer(np.putmask)
def _putmask(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    values = args[2] if len(args) > 2 else kwargs["values"]
    values_dot = dots[2] if len(args) > 2 else part(kwdots, "values")
    places = mask_places(args, kwargs)
    sources = np.ravel_multi_index(places, args[0].shape) % max(np.size(values), 1)
    store_repeated(args[0], dots[0], places, sources, values, values_dot)
    return None, ZERO


@changer(np.place)
def _place(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    values = args[2] if len(args) > 2 else kwargs["vals"]
    values_dot = dots[2] if len(args) > 2 else part(kwdots, "vals")
    places = mask_places(args, kwargs)
    sources = np.arange(len(places[0])) % max(np.size(values), 1)
    store_repeated(args[0], dots[0], places, sources, values, values_dot)
    return None, ZERO


def mask_places(args: Any, kwargs: Any) -> Any:
    """Where the mask holds that `np.putmask` is given, or `np.place`."""
    mask = args[1] if len(args) > 1 else kwargs["mask"]
    return np.nonzero(np.reshape(np.asarray(mask, bool), args[0].shape))


def store_repeated(target: Any, target_dot: Any, places: Any, sources: Any, values: Any, values_dot: Any) -> None:
    """Store values, which are repeated as often as there are places, and their tangents."""
    if len(sources) > 0 and np.size(values) > 0:
        taken = np.ravel(values)[sources]
        if has_mirror(target_dot):
            taken_dot = np.ravel(filled(values_dot, values))[sources]
            target_dot[places] = taken_dot
        else:
            refuse_loss(target, values, values_dot)
        target[places] = taken


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


@changer(np.ndarray.partition)
def _partition(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    axis = kwargs["axis"] if "axis" in kwargs else args[2] if len(args) > 2 else -1
    order = partitioning(args, kwargs, axis)
    args[0][...] = np.take_along_axis(args[0], order, axis)
    dots[0][...] = np.take_along_axis(dots[0], order, axis)
    return None, ZERO


def partitioning(args: Any, kwargs: Any, axis: Any) -> Any:
    """The order in which `a.partition(k)` puts the entries of each lane."""
    after = args[0].copy()
    after.partition(*args[1:], **kwargs)
    return places_before(args[0], after, axis)


@changer(np.random.Generator.shuffle, np.random.RandomState.shuffle)
def _shuffle(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    axis = kwargs["axis"] if "axis" in kwargs else args[2] if len(args) > 2 else 0
    if is_array(args[1]):
        order = order_shuffled(args[0], args[1], axis)
        args[1][...] = np.take(args[1], order, axis)
        if has_mirror(dots[1]):
            dots[1][...] = np.take(dots[1], order, axis)
    else:
        places = list_shuffled(args[0], args[1])
        args[1][:] = [args[1][k] for k in places]
        if has_mirror(dots[1]):
            dots[1][:] = [dots[1][k] for k in places]
    return None, ZERO


def is_array(x: Any) -> bool:
    """Whether what is shuffled is an array, and not a list."""
    return isinstance(x, np.ndarray)


def list_shuffled(rng: Any, xs: Any) -> list[int]:
    """The order in which a list's items are put."""
    places = list(range(len(xs)))
    rng.shuffle(places)
    return places


@changer(np.ndarray.resize, np.ndarray.setfield)
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
    if is_own_out(fn):
        held, held_dot = args[0], dots[0]
    else:
        held = args[count] if len(args) > count else kwargs["out"]
        held_dot = dots[count] if len(args) > count else part(kwdots, "out")
    out = held[0] if is_one(held) else held
    out_dot = part(held_dot, 0) if is_one(held) else held_dot
    if is_partial(fn, given):
        mask = mask_of(given, out)
        options = other_options(given)
        operands = args[:count]
        operand_dots = dots[:count]
        entries, entries_dot = call_differential(
            at_entries, ZERO, (fn, mask, options, *operands), (ZERO, ZERO, ZERO, *operand_dots), {}, {}
        )
        value = standing_for(exactly(selected, fn, operands, given, out), entries)
        if has_mirror(out_dot):
            out_dot[mask] = filled(entries_dot, entries)
        else:
            refuse_loss(out, entries, entries_dot)
        out[mask] = value
        return out, out_dot
    value, value_dot = call_differential(fn, ZERO, args[:count], dots[:count], given, given_dots)
    check_overlap(fn, args[:count], given, out, value)
    np.copyto(out, value, casting="same_kind")
    if has_mirror(out_dot):
        out_dot[...] = filled(value_dot, value)
    else:
        refuse_loss(out, value, value_dot)
    return out, out_dot


def is_partial(fn: Any, given: Any) -> bool:
    """Whether a ufunc computes the entries that a mask selects."""
    return isinstance(fn, np.ufunc) and given.get("where", True) is not True


def mask_of(given: Any, target: Any) -> Any:
    """The mask, in the shape of the result."""
    return np.broadcast_to(given["where"], target.shape).copy()


def selected(fn: Any, operands: Any, given: Any, target: Any) -> Any:
    """The entries that a ufunc computes where its mask holds."""
    return fn(*operands, **given, out=target.copy())[mask_of(given, target)]


def other_options(given: Any) -> dict[str, Any]:
    """A call's keywords without `where`."""
    return {k: v for k, v in given.items() if k != "where"}


def is_own_out(fn: Any) -> bool:
    """Whether a function writes into the operand that it reads."""
    return fn is np.nan_to_num


def is_one(held: Any) -> bool:
    """Whether `out` is a tuple of one array."""
    return isinstance(held, tuple)


def operands_before_out(fn: Any, args: Any, kwargs: Any) -> tuple[int, list[str], dict[str, Any]]:
    """How many operands come before `out`, the keywords besides it, and what comes after it, by name."""
    outs = given_out(fn, args, kwargs)
    operands, later = without_out(fn, args)
    count = len(operands)
    single = isinstance(outs, np.ndarray) or (isinstance(outs, tuple) and len(outs) == 1)
    if not single or len(args) > count + 1 + len(later):
        raise DifferentiabilityError(
            f"{callable_name(fn)} with more than one `out` is not differentiated; write it with assignments"
        )
    return count, [k for k in kwargs if k not in ("out", "copy")], later


constant(
    where_of, flat_places, refuse_modes, refuse_wrapping, is_add, sorting, refuse_function, is_one, operands_before_out,
    mask_places, partitioning, order_shuffled, is_array, list_shuffled, is_partial, mask_of, other_options,
    check_overlap, is_own_out,
)  # fmt: skip
