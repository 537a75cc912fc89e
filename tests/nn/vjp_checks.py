"""A VJP called by itself and compared with central differences of its primal: no engine is involved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def check_vjp(
    primal: Callable[..., Any],
    vjp: Callable[..., Any],
    *args: Any,
    wrt: tuple[int, ...] = (0,),
    tolerance: float = 1e-6,
) -> None:
    """Value, inputs left alone, the same answer twice, and <g, J dx> = <pullback(g), dx> entry by entry."""
    rng = np.random.default_rng(7)
    kept = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    y = primal(*args)
    value, pull = vjp(*args)
    assert np.asarray(value).dtype == np.asarray(y).dtype
    assert np.asarray(value).tobytes() == np.asarray(y).tobytes()
    g = rng.standard_normal(np.shape(y)) if np.shape(y) else np.float64(rng.standard_normal())
    first, second = pull(g), pull(g)
    tangents = first if len(wrt) > 1 else (first,)
    again = second if len(wrt) > 1 else (second,)
    assert len(tangents) == len(wrt)
    for position, tangent, repeated in zip(wrt, tangents, again, strict=True):
        x = np.asarray(args[position])
        assert np.shape(tangent) == x.shape
        assert np.array_equal(tangent, repeated)
        assert np.allclose(tangent, differences(primal, args, position, g), rtol=tolerance, atol=tolerance)
    for given, before in zip(args, kept, strict=True):
        assert np.array_equal(given, before)


def differences(primal: Callable[..., Any], args: tuple[Any, ...], position: int, g: Any, h: float = 1e-6) -> Any:
    """The cotangent of one argument by central differences."""
    x = np.array(args[position], float)
    out = np.empty(x.size)
    for k in range(x.size):
        pair = []
        for step in (h, -h):
            moved = x.copy()
            moved.reshape(-1)[k] += step
            pair.append(primal(*args[:position], moved if x.ndim else float(moved), *args[position + 1 :]))
        out[k] = np.sum(g * (pair[0] - pair[1])) / (2 * h)
    return out.reshape(x.shape)


def check_transposes(forward: Callable[[Any], Any], backward: Callable[[Any], Any], x: Any) -> None:
    """<forward(x), g> = <x, backward(g)> for random g: two linear maps are each other's transpose."""
    y = forward(x)
    g = np.random.default_rng(3).standard_normal(y.shape)
    assert np.isclose(np.sum(y * g), np.sum(x * backward(g)), rtol=1e-12)
