"""NumPy for dual numbers: object arrays, whose views, aliases and changes in place are NumPy's own.

    a = NUMPY.zeros(3); a[0] = Dual(1.0, (1.0,)); NUMPY.sin(a).sum()  ->  a Dual

Arrays that a program makes are object arrays from the start, so that a dual number fits in. Only what is named here
is there: a function that would make an array of floats is missing, and a program that calls it fails loudly.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from .dual import MATH, Dual, Unsuitable


def _ufunc(name: str) -> Any:
    return np.frompyfunc(getattr(MATH, name), 1, 1)


def _objects(x: Any) -> Any:
    return np.array(x, dtype=object)


def _filled(value: Any) -> Any:
    return lambda shape: np.full(shape, value, dtype=object)


def _filled_like(value: Any) -> Any:
    return lambda a: np.full(np.shape(a), value, dtype=object)


def _full(shape: Any, value: Any) -> Any:
    made = np.empty(shape, dtype=object)
    made.fill(value)
    return made


def _asarray(x: Any) -> Any:
    return x if isinstance(x, np.ndarray) else _objects(x)


def _power(a: Any, n: Any, **options: Any) -> Any:
    return np.power(a, n, **options)


def _abs(x: Any) -> Any:
    if isinstance(x, Dual) and x.value == 0 and any(x.partials):
        raise Unsuitable("a kink")
    return abs(x)


_NATIVE = """ndarray newaxis pi e add subtract multiply divide negative maximum minimum sum mean prod max min dot
matmul outer where concatenate stack vstack hstack copyto cumsum sort roll flip transpose reshape ravel einsum tensordot
square append insert delete diag trace swapaxes expand_dims squeeze tile repeat arange clip add.at inner vdot diff
argsort put fill_diagonal argmax argmin ndim shape copy broadcast_to atleast_1d power any all
flatnonzero nonzero""".split()

NUMPY = SimpleNamespace(
    **{name: getattr(np, name) for name in _NATIVE if "." not in name},
    **{name: _ufunc(name) for name in ("sin", "cos", "tan", "tanh", "exp", "log", "sqrt")},
    arctan=_ufunc("atan"),
    abs=np.frompyfunc(_abs, 1, 1),
    array=_objects,
    asarray=_asarray,
    zeros=_filled(0.0),
    ones=_filled(1.0),
    empty=_filled(0.0),
    full=_full,
    zeros_like=_filled_like(0.0),
    ones_like=_filled_like(1.0),
    empty_like=_filled_like(0.0),
    full_like=lambda a, value: _full(np.shape(a), value),
    inf=math.inf,
)
