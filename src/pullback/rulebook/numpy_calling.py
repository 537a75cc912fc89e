"""NumPy functions that call a function they are given: each has a stand-in in Python, which is differentiated.

    np.vectorize(f)(x)              f of every entry
    np.apply_along_axis(f, 0, a)    f of every column
    np.piecewise(x, [x < 0], [f, g])

The stand-ins compute what NumPy does, in its order, from the same pieces, in the language that the
library differentiates: whatever `f` is, a rule, a closure over differentiated values, comes out right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.dispatch import after_callee, call
from pullback.rulebook.array_likes import Array, form, refuse, restore
from pullback.rules import Active, constant, intrinsic, rule

IN_TEMPLATES = (form, restore)


def vectorized(self: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.vectorize(f)(*args)`: f of every entry of its broadcast arguments, as Python numbers."""
    check_vectorize(self)
    excluded = self.excluded
    names = [n for n in kwargs if n not in excluded]
    places = [k for k in range(len(args)) if k not in excluded]
    given = [args[k] for k in places] + [kwargs[n] for n in names]
    arrays = np.broadcast_arrays(*given)
    columns = [np.ravel(a).tolist() for a in arrays]
    results = [at_entry(self, args, kwargs, columns, places, names, k) for k in range(arrays[0].size)]
    if result_count(self, results) == 0:
        return np.reshape(np.array(results, result_type(self, results, None)), arrays[0].shape)
    return tuple(
        [
            np.reshape(np.array([r[k] for r in results], result_type(self, results, k)), arrays[0].shape)
            for k in range(result_count(self, results))
        ]
    )


def at_entry(wrapper: Any, args: Any, kwargs: Any, columns: Any, places: Any, names: Any, entry: int) -> Any:
    """The function of one entry of each argument that is not excluded."""
    items = [columns[places.index(k)][entry] if k in places else args[k] for k in range(len(args))]
    named = {n: columns[len(places) + names.index(n)][entry] if n in names else kwargs[n] for n in kwargs}
    return wrapper.pyfunc(*items, **named)


def check_vectorize(wrapper: Any) -> None:
    """Refuse what the stand-in does not do."""
    if wrapper.signature is not None or wrapper.pyfunc is np._NoValue:
        refuse("np.vectorize has a derivative without signature=, of a function; write the loop out")


def result_count(wrapper: Any, results: list[Any]) -> int:
    """How many arrays come out: 0 for a single one that is not in a tuple."""
    if wrapper.otypes is not None:
        return len(wrapper.otypes) if len(wrapper.otypes) > 1 else 0
    if not results:
        raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    return len(results[0]) if isinstance(results[0], tuple) else 0


def result_type(wrapper: Any, results: list[Any], k: int | None) -> Any:
    """The dtype of a result: as declared, or that of its first entry."""
    if wrapper.otypes is not None:
        return np.dtype(wrapper.otypes[k or 0])
    return np.asarray(results[0] if k is None else results[0][k]).dtype


def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.apply_along_axis`: the function of each one-dimensional slice."""
    whole = np.asarray(arr)
    lanes = np.moveaxis(whole, axis, -1)
    lead = lanes.shape[:-1]
    results = [np.asarray(func1d(lanes[k], *args, **kwargs)) for k in np.ndindex(*lead)]
    stacked = np.stack(results).astype(results[0].dtype)
    out = np.reshape(stacked, lead + results[0].shape)
    first = axis % whole.ndim
    return np.moveaxis(out, range(len(lead), out.ndim), range(first, first + results[0].ndim))


def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """`np.apply_over_axes`: a reduction along one axis after another, which keep their places."""
    whole = np.asarray(a)
    for axis in np.atleast_1d(axes).tolist():
        along = axis % whole.ndim
        reduced = func(whole, along)
        whole = reduced if np.ndim(reduced) == whole.ndim else np.expand_dims(reduced, along)
    return whole


def fromfunction(function: Any, shape: Any, *, dtype: Any = float, like: Any = None, **kwargs: Any) -> Any:
    """`np.fromfunction`: the function of the arrays of indices."""
    return function(*np.indices(shape, dtype=dtype), **kwargs)


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """`np.piecewise`: each function of the entries for which its condition holds; the last one wins."""
    values = np.asarray(x)
    out = np.zeros_like(values)
    for condition, function in zip(conditions(x, condlist, len(funclist)), funclist):  # noqa: B905
        if callable(function):
            chosen = values[condition]
            if chosen.size > 0:
                out = put_where(out, condition, function(chosen, *args, **kw))
        else:
            out = put_where(out, condition, function)
    return out


def conditions(x: Any, condlist: Any, count: int) -> Array:
    """The conditions of np.piecewise, with that for the default function."""
    if np.isscalar(condlist) or (not isinstance(condlist[0], (list, np.ndarray)) and np.ndim(x) != 0):
        condlist = [condlist]
    masks: Array = np.asarray(condlist, dtype=bool)
    if len(masks) == count - 1:
        return np.concatenate([masks, ~np.any(masks, axis=0, keepdims=True)], axis=0)
    if len(masks) != count:
        n = len(masks)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    return masks


def put_where(a: Array, mask: Array, values: Any) -> Array:
    """A copy of `a` with other values where the mask holds."""
    out = a.copy()
    out[mask] = values
    return out


def ndenumerate(arr: Any) -> Any:
    """`np.ndenumerate`, as a list of (index, entry) pairs."""
    a = np.asarray(arr)
    return [(k, a[k]) for k in np.ndindex(*a.shape)]


STAND_INS: dict[Any, Callable[..., Any]] = {
    np.vectorize.__call__: vectorized,
    np.apply_along_axis: apply_along_axis,
    np.apply_over_axes: apply_over_axes,
    np.fromfunction: fromfunction,
    np.piecewise: piecewise,
    np.ndenumerate: ndenumerate,
}


def stands_in(function: Any, python: Callable[..., Any], returns: str = "unknown") -> None:
    """Register a Python function whose derivative is that of a library function."""

    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Any:
        value, residual = call(python, args, tuple(a for a in active if a != -1), kwargs)
        return value, residual if -1 not in active else (after_callee, residual)

    intrinsic(function, returns=returns)(vjp)


for _function, _python in STAND_INS.items():
    stands_in(_function, _python, "list" if _function is np.ndenumerate else "unknown")

constant(check_vectorize, result_count, result_type, conditions, np.ndindex)
rule(
    put_where,
    "a, mask, values",
    a="restore(np.where(mask, 0.0, g), form(a))",
    values="restore(g[mask], form(values))",
    a_dot="put_where(a_dot, mask, 0.0)",
    values_dot="put_where(np.zeros_like(y), mask, values_dot)",
    _returns="array",
)
