"""Other calls that a rule must stand, made from one: memory laid out otherwise, other precisions, shapes, aliases.

    variants((x, y), {})  ->  ("strided arrays", ...), ("float32", ...), ("empty", ...), ("0-d", ...),
                              ("`y` broadcast", ...), ("`y` the same array as `x`", ...)

A variant counts only where the plain function itself accepts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pullback.rule_calls import Args, Kwargs
from pullback.trees import leaves

Variant = tuple[str, str, Args, Kwargs]  # which sort, in words, the call
SORTS = ("strided", "float32", "empty", "zero_dim", "broadcast", "aliased")


def variants(args: Args, kwargs: Kwargs, labels: tuple[str, ...], sorts: tuple[str, ...]) -> Iterator[Variant]:
    """The variants of a call, of the given sorts."""
    operands = [*args, *kwargs.values()]
    arrays = [k for k, x in enumerate(operands) if is_real_array(x)]

    def call(changed: dict[int, Any]) -> tuple[Args, Kwargs]:
        made = [changed.get(k, x) for k, x in enumerate(operands)]
        return tuple(made[: len(args)]), dict(zip(kwargs, made[len(args) :], strict=True))

    def each(change: Callable[[Any], Any], which: list[int]) -> tuple[Args, Kwargs]:
        return call({k: change(operands[k]) for k in which})

    shaped = [k for k in arrays if operands[k].ndim]
    if "strided" in sorts and shaped:
        yield "strided", "arrays that are not contiguous", *each(strided, shaped)
    floats = [k for k in arrays if operands[k].dtype == np.float64]
    others = [leaf for k, x in enumerate(operands) if k not in arrays for leaf in leaves(x)]
    if "float32" in sorts and floats and not any(isinstance(leaf, (np.ndarray, np.generic)) for leaf in others):
        yield "float32", "float32", *each(lambda x: x.astype(np.float32), floats)
    if "empty" in sorts and shaped:
        yield "empty", "empty arrays", *each(lambda x: x[:0].copy(), shaped)
    if "zero_dim" in sorts and shaped and all(operands[k].size for k in shaped):
        yield "zero_dim", "arrays of no dimension", *each(lambda x: np.array(x.ravel()[0]), shaped)
    for j in shaped if "broadcast" in sorts else []:
        equals = [k for k in shaped if k != j and operands[k].shape == operands[j].shape]
        if equals and operands[j].shape[0] > 1:
            for smaller in (operands[j][:1].copy(), np.array(operands[j][0])):
                yield "broadcast", f"`{labels[j]}` of shape {smaller.shape}", *call({j: smaller})
    for i, k in enumerate(arrays if "aliased" in sorts else []):
        for j in arrays[:i]:
            if operands[j].shape == operands[k].shape and operands[j].dtype == operands[k].dtype:
                yield "aliased", f"`{labels[k]}` the same array as `{labels[j]}`", *call({k: operands[j]})


def is_real_array(x: Any) -> bool:
    """Whether an operand is an array that has a derivative."""
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def strided(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same numbers, every second one of a larger array, the axes in memory the other way round."""
    return np.repeat(x.T, 2, axis=-1)[..., ::2].T
