"""NumPy functions that change an array: `copyto`, `fill`, `put`, `np.add.at`, `sort`, `out=`.

    np.add.at(a, i, x)        x_bar = shadow of a at i
    np.sin(x, out=a)          the adjoint of a is taken, and goes through the sine
    a.partition(2)            the adjoints go back to the places that the entries came from
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.dispatch import call
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.lending import lent, settled
from pullback.outputs import check_overlap, given_out, without_out
from pullback.rules import Active, callable_name
from pullback.runtime import keep
from pullback.shadows import Shadows
from pullback.shared_access import set_item
from pullback.shared_calls import WITH_OUT
from pullback.shared_changes import Args, Pulled, Result, changer, chosen, rearranged
from pullback.tangents import ZERO, Tangent


def _stored(array: Any, index: Any, value: Any, operand: int, active: Active) -> Residual:
    """`array[index] = value`, for a function whose operand number `operand` is the value."""
    return (_unstored, set_item(array, index, value, (True, operand in active)), operand, active)


def _unstored(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, operand, active = residual
    value = inner[0](inner, ZERO, shadows)[1]
    return tuple(value if a == operand else ZERO for a in active)


@changer(np.ndarray.fill)
def _fill(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    return None, _stored(args[0], ..., args[1], 1, active)


@changer(np.ndarray.__setitem__)
def _set(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    return None, _stored(args[0], args[1], args[2], 2, active)


@changer(np.copyto)
def _copyto(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    if "dst" in kwargs or "src" in kwargs:
        places = {"dst": 0, "src": 1}
        rest = {k: v for k, v in kwargs.items() if k not in places}
        target, source = args[0] if args else kwargs["dst"], kwargs["src"]
        return _copyto((target, source), rest, tuple(places[a] if a in ("dst", "src") else a for a in active))
    target, source = args[:2]
    where: Any = kwargs.get("where", args[3] if len(args) > 3 else True)
    if where is True:
        return None, _stored(target, ..., source, 1, active)
    where = np.broadcast_to(where, target.shape)
    np.copyto(*args, **kwargs)
    return None, (_uncopied, target, where.copy(), source, active)


def _uncopied(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, target, where, source, active = residual
    shadow = shadows.changed(target)
    t = fit(np.where(where, shadow, 0), source)
    shadow[where] = 0
    return chosen(active, _1=t)


@changer(np.put, np.ndarray.put)
def _put(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    target, places, values = args[:3]
    places = np.asarray(places).ravel()
    spread = np.resize(np.asarray(values), places.shape)
    if len(args) > 3 or kwargs or not target.flags.c_contiguous:
        raise DifferentiabilityError(
            "np.put of a differentiated value covers put(a, indices, values) of a plain array", id="mutation"
        )
    residual = set_item(target.reshape(-1), places, spread, (True, 2 in active))
    return None, (_unput, residual, np.asarray(values), places.size, active)


def _unput(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, values, count, active = residual
    spread = inner[0](inner, ZERO, shadows)[1]
    if spread is ZERO:
        return (ZERO,) * len(active)
    total = np.zeros(values.size, spread.dtype)
    np.add.at(total, np.arange(count) % values.size, spread)
    return chosen(active, _2=fit(total.reshape(values.shape), values))


@changer(np.fill_diagonal)
def _fill_diagonal(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    target, value = args[:2]
    if len(args) > 2 or kwargs or np.ndim(value) > 1:
        raise DifferentiabilityError(
            "np.fill_diagonal of a differentiated value covers fill_diagonal(a, value)", id="mutation"
        )
    places = np.arange(min(target.shape))
    if np.ndim(value):
        value = np.resize(value, places.shape) if np.size(value) < places.size else value[: places.size]
    return None, _stored(target, (places,) * target.ndim, value, 1, active)


@changer(np.putmask)
def _putmask(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    target, mask, values = (*args, *(kwargs[k] for k in ("mask", "values") if k in kwargs))
    np.putmask(*args, **kwargs)
    mask = np.array(mask, bool).reshape(target.shape)
    return None, (_unmasked, target, mask, np.flatnonzero(mask), keep(values), "values", active)


@changer(np.place)
def _place(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    target, mask, values = (*args, *(kwargs[k] for k in ("mask", "vals") if k in kwargs))
    np.place(*args, **kwargs)
    mask = np.array(mask, bool).reshape(target.shape)
    return None, (_unmasked, target, mask, np.arange(np.count_nonzero(mask)), keep(values), "vals", active)


def _unmasked(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    """The reverse of a store where a mask holds, of values that are repeated: `sources` are their places."""
    _, target, mask, sources, values, name, active = residual
    t = shadows.take_at(target, mask)
    if t is ZERO:
        return (ZERO,) * len(active)
    total = np.zeros(np.size(values), t.dtype)
    np.add.at(total, sources % max(total.size, 1), t)
    total = total.reshape(np.shape(values))
    found = type(values)(total) if isinstance(values, (list, tuple)) else fit(total, values)
    return chosen(active, **{"_2": found, name: found})


@changer(np.put_along_axis)
def _put_along_axis(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    target, indices, values, axis = (*args, kwargs.get("axis", -1))[:4]
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    grid[axis] = indices
    return None, _stored(target, tuple(grid), values, 2, active)


@changer(np.ufunc.at)
def _at(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    """`np.add.at(a, i, x)`."""
    function, target, index, *operands = args
    if function not in (np.add, np.subtract):
        raise DifferentiabilityError(
            f"{callable_name(function)}.at changes a differentiated array in a way that is not differentiated; "
            "np.add.at and np.subtract.at are",
            id="mutation",
        )
    function.at(target, index, *operands)
    return None, (_unadd_at, 1.0 if function is np.add else -1.0, target, keep(index), operands[0], active)


def _unadd_at(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, sign, target, index, value, active = residual
    return chosen(active, _3=fit(sign * shadows.changed(target)[index], value))


@changer(np.ndarray.sort)
def _sort(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    target = args[0]
    axis = kwargs.get("axis", args[1] if len(args) > 1 else -1)
    order = np.argsort(target, axis=axis, kind="stable")
    target.sort(*args[1:], **kwargs)
    return None, (_unsort, target, order, axis, active)


@changer(np.ndarray.partition)
def _partition(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    target = args[0]
    axis: Any = kwargs.get("axis", args[2] if len(args) > 2 else -1)
    before = target.copy()
    target.partition(*args[1:], **kwargs)
    return None, (_unsort, target, places_before(before, target, axis), axis, active)


def places_before(before: Any, after: Any, axis: int) -> Any:
    """Where the entries of lanes that were rearranged come from."""
    order = np.empty(after.shape, np.intp)
    sources = np.argsort(before, axis=axis, kind="stable")
    np.put_along_axis(order, np.argsort(after, axis=axis, kind="stable"), sources, axis)
    return order


@changer(np.random.Generator.shuffle, np.random.RandomState.shuffle)
def _shuffle(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    rng, target = args[:2]
    if not isinstance(target, np.ndarray):
        return rearranged(rng.shuffle)(args[1:], kwargs, tuple(a for a in active if a))
    axis: Any = kwargs.get("axis", args[2] if len(args) > 2 else 0)
    order = order_shuffled(rng, target, axis)
    target[...] = np.take(target, order, axis)
    lanes = np.broadcast_to(np.expand_dims(order, tuple(range(1, target.ndim))), np.moveaxis(target, axis, 0).shape)
    return None, (_unsort, target, np.moveaxis(lanes, 0, axis), axis, active)


def order_shuffled(rng: Any, x: Any, axis: int) -> Any:
    """The order in which `rng.shuffle(x)` would put the entries along an axis, drawn as it draws."""
    shape = [1] * x.ndim
    shape[axis] = -1
    places = np.broadcast_to(np.arange(x.shape[axis]).reshape(shape), x.shape).copy()
    rng.shuffle(places, **({"axis": axis} if axis else {}))
    return np.moveaxis(places, axis, 0).reshape(x.shape[axis], -1)[:, 0]


def _unsort(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, target, order, axis, active = residual
    shadow = shadows.changed(target)
    sorted_ = shadow.copy()
    np.put_along_axis(shadow, order, sorted_, axis)
    return (ZERO,) * len(active)


def _refused(name: str) -> Any:
    def refuse(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
        raise DifferentiabilityError(
            f"{name} changes a differentiated array in place in a way that is not differentiated; "
            "write it with an assignment, such as `a[index] = value`",
            id="mutation",
        )

    return refuse


for _function in (np.ndarray.resize, np.ndarray.setfield):
    changer(_function)(_refused(callable_name(_function)))


def _with_out(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    """`fn(*args, out=a)`: the value is made, then stored in a, which is the result."""
    fn, *given_operands = args
    out = given_out(fn, tuple(given_operands), kwargs)
    operands, later = without_out(fn, tuple(given_operands))
    given = {**{k: v for k, v in kwargs.items() if k not in ("out", "copy")}, **later}
    if isinstance(out, tuple) and len(out) == 1:
        out = out[0]
    if not isinstance(out, np.ndarray):
        raise DifferentiabilityError(
            f"{callable_name(fn)} with more than one `out` is not differentiated; write it with assignments",
            id="mutation",
        )
    inner_active = tuple(a for a in active if a != "out" and (not isinstance(a, int) or a < len(operands)))
    if out.dtype.kind not in "fc" and inner_active:
        raise DifferentiabilityError(
            f"a differentiated value is stored in an array of dtype {out.dtype}", id="mutation"
        )
    if isinstance(fn, np.ufunc) and given.get("where", True) is not True:
        return _with_out_where(fn, operands, given, out, inner_active, active)
    value, inner = call(fn, operands, inner_active, given)
    inner = settled(inner)  # before the result is stored: `out` may be an operand too
    check_overlap(fn, operands, given, out, value)
    np.copyto(out, value, casting="same_kind")
    return out, (_taken_out, inner, out, inner_active, active)


def _taken_out(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, out, inner_active, active = residual
    found = lent((lent, inner, out, len(inner_active)), g, shadows)
    by_operand = dict(zip(inner_active, found, strict=True))
    return tuple(by_operand.get(a, ZERO) for a in active)


def _with_out_where(
    fn: Any, operands: Args, given: dict[str, Any], out: Any, inner_active: Active, active: Active
) -> Result:
    """`ufunc(*operands, out=a, where=mask)`: a call with the entries where the mask holds, stored in theirs."""
    mask = np.broadcast_to(given["where"], out.shape).copy()
    options = {k: v for k, v in given.items() if k != "where"}
    places = tuple(a + 3 if isinstance(a, int) else a for a in inner_active)
    value, inner = call(at_entries, (fn, mask, options, *operands), places)
    inner = settled(inner)
    fn(*operands, **given, out=out)
    return out, (_taken_out_where, inner, out, mask, value, inner_active, active)


def at_entries(fn: Any, mask: Any, options: dict[str, Any], *operands: Any) -> Any:
    """A ufunc of the entries for which the mask holds: what it is elsewhere, an error perhaps, is not computed."""
    return fn(*[x if np.ndim(x) == 0 else np.broadcast_to(x, mask.shape)[mask] for x in operands], **options)


def _taken_out_where(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, out, mask, value, inner_active, active = residual
    shadows.accumulate(out, g)
    shadow = shadows.changed(out)
    t = fit(shadow[mask], value)
    shadow[mask] = 0
    found = dict(zip(inner_active, inner[0](inner, t), strict=True))
    return tuple(found.get(a, ZERO) for a in active)


WITH_OUT.append(_with_out)
