"""NumPy functions that change an array: `copyto`, `fill`, `put`, `np.add.at`, `sort`, `out=`.

    np.add.at(a, i, x)        x_bar = shadow of a at i
    np.sin(x, out=a)          the adjoint of a is taken, and goes through the sine
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
from pullback.shared_changes import Args, Pulled, Result, changer, chosen
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
    target, source = args[:2]
    where: Any = kwargs.get("where", args[3] if len(args) > 3 else True)
    if where is True:
        return None, _stored(target, ..., source, 1, active)
    where = np.broadcast_to(where, target.shape)
    np.copyto(*args, **kwargs)
    return None, (_uncopied, target, where.copy(), source, active)


def _uncopied(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, target, where, source, active = residual
    shadow = shadows.of(target)
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
    return chosen(active, _3=fit(sign * shadows.of(target)[index], value))


@changer(np.ndarray.sort)
def _sort(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    target = args[0]
    axis = kwargs.get("axis", args[1] if len(args) > 1 else -1)
    order = np.argsort(target, axis=axis, kind="stable")
    target.sort(*args[1:], **kwargs)
    return None, (_unsort, target, order, axis, active)


def _unsort(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, target, order, axis, active = residual
    shadow = shadows.of(target)
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


for _function in (np.place, np.putmask, np.ndarray.resize, np.ndarray.partition, np.ndarray.setfield):
    changer(_function)(_refused(callable_name(_function)))


def _with_out(args: Args, kwargs: dict[str, Any], active: Active) -> Result:
    """`fn(*args, out=a)`: the value is made, then stored in a, which is the result."""
    fn, *given_operands = args
    out = given_out(fn, tuple(given_operands), kwargs)
    operands, later = without_out(fn, tuple(given_operands))
    given = {**{k: v for k, v in kwargs.items() if k != "out"}, **later}
    if isinstance(out, tuple) and len(out) == 1:
        out = out[0]
    if not isinstance(out, np.ndarray) or "where" in given:
        raise DifferentiabilityError(
            f"{callable_name(fn)} with more than one `out`, or with `where`, is not differentiated; "
            "write it with an assignment, such as `a[mask] = value`",
            id="mutation",
        )
    inner_active = tuple(a for a in active if a != "out" and (not isinstance(a, int) or a < len(operands)))
    value, inner = call(fn, operands, inner_active, given)
    if out.dtype.kind not in "fc" and inner_active:
        raise DifferentiabilityError(
            f"a differentiated value is stored in an array of dtype {out.dtype}", id="mutation"
        )
    inner = settled(inner)  # before the result is stored: `out` may be an operand too
    check_overlap(fn, operands, given, out, value)
    np.copyto(out, value, casting="same_kind")
    return out, (_taken_out, inner, out, inner_active, active)


def _taken_out(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, out, inner_active, active = residual
    found = lent((lent, inner, out, len(inner_active)), g, shadows)
    by_operand = dict(zip(inner_active, found, strict=True))
    return tuple(by_operand.get(a, ZERO) for a in active)


WITH_OUT.append(_with_out)
