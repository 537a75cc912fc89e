"""Linear functions along an axis, whose adjoint is that of their matrix.

    savgol_filter(x, 5, 2, axis=0)   ->   m = savgol_filter(eye(n), 5, 2, axis=0);  the cotangent of x is gᵀ m

A filter treats the ends of a signal in ways of its own, and its matrix, which is read off the
function itself, has them right. It has n² entries: for functions without a quicker adjoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.rulebook.array_likes import Array, Form, refuse, restore, shape_of
from pullback.tangents import Tangent

MOST = 2**25  # entries of a matrix


def matrix_of(f: Callable[[Array], Any], n: int, rows: int, name: str) -> Array:
    """The matrix of a linear (or affine) function along axis 0."""
    if n * max(n, rows) > MOST:
        refuse(f"the derivative of {name} needs a matrix of {rows} by {n} numbers; use it on shorter pieces")
    made: Array = np.asarray(f(np.eye(n))) - np.asarray(f(np.zeros((n, 1))))
    return made


def linear_back(g: Array, m: Form, name: str, f: Callable[[Array], Any], axis: int) -> Tangent:
    """The cotangent of the operand with the form `m` of the function that is `f` along axis 0."""
    shape = shape_of(m)
    t = np.moveaxis(np.asarray(g), axis, -1)
    matrix = matrix_of(f, shape[axis], t.shape[-1], name)
    return restore(np.moveaxis(t @ matrix, -1, axis), m)
