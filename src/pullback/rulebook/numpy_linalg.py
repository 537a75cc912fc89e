"""Derivatives of np.linalg: inverses, determinants, linear systems and powers, of one matrix or a stack.

The formulas are those of M. Giles, "An extended collection of matrix derivative results for forward
and reverse mode automatic differentiation" (2008), in the pairing without conjugation; the
pseudo-inverse after Golub and Pereyra (1973), for changes that keep the rank.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pullback.rulebook.array_likes import Array, Form, Nested, form, gathered, refuse, reshaped, restore, shape_of
from pullback.rules import rule
from pullback.tangents import ZERO, Tangent

IN_TEMPLATES = (form,)


def transposed(x: Any) -> Array:
    """The transposes of a stack of matrices."""
    return np.swapaxes(x, -1, -2)


def adjoint(x: Any) -> Array:
    """The conjugate transposes of a stack of matrices."""
    return np.conj(transposed(x))


def inv_pullback(g: Array, y: Array, m: Form) -> Tangent:
    """The cotangent of a matrix whose inverse is `y`: -yᵀ g yᵀ."""
    t = transposed(y)
    return restore(-(t @ g @ t), m)


def det_pullback(g: Any, y: Any, a: Any) -> Tangent:
    """The cotangent of a matrix with determinant `y`: g times the cofactors, y inv(a)ᵀ.

    A singular matrix has cofactors too: they are products of all singular values but one.
    """
    factor = np.expand_dims(g, (-1, -2))
    if np.any(np.asarray(y) == 0):
        return restore(factor * cofactors(np.asarray(a)), form(a))
    return restore(factor * np.expand_dims(y, (-1, -2)) * transposed(np.linalg.inv(a)), form(a))


def cofactors(a: Array) -> Array:
    """The cofactor matrices, by singular values and without division: det(u) det(vᴴ) ū diag(∏ others) v̄ᴴ."""
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1.0, np.expand_dims(s, -2))
    scale = np.expand_dims(np.linalg.det(u) * np.linalg.det(vh), (-1, -2))
    rotated: Array = (np.conj(u) * np.expand_dims(np.prod(others, axis=-1), -2)) @ np.conj(vh)
    return scale * rotated


def slogdet_pullback(g: Any, y: Any, a: Any) -> Tangent:
    """The cotangent of a matrix in (sign, log |det|); the sign of a complex one turns with its phase."""
    g_sign, g_log = g
    factor = gathered(g_log, form(np.asarray(y[1])))
    if g_sign is not ZERO and np.iscomplexobj(a):
        factor = factor - 1j * np.real(1j * g_sign * y[0])
    return restore(np.expand_dims(factor, (-1, -2)) * transposed(np.linalg.inv(a)), form(a))


def solve_right(g: Array, a: Any, m: Form) -> Tangent:
    """The cotangent of b in solve(a, b): solve(aᵀ, g). A one-dimensional b is a vector, all else matrices."""
    if len(shape_of(m)) == 1:
        return restore(np.linalg.solve(transposed(a), np.expand_dims(g, -1))[..., 0], m)
    return restore(np.linalg.solve(transposed(a), g), m)


def solve_left(g: Array, y: Array, a: Any, vector: bool) -> Tangent:
    """The cotangent of a in y = solve(a, b): -solve(aᵀ, g) yᵀ."""
    if vector:
        g, y = np.expand_dims(g, -1), np.expand_dims(y, -1)
    return restore(-(np.linalg.solve(transposed(a), g) @ transposed(y)), form(a))


def matrix_power_pullback(g: Array, a: Any, n: int) -> Tangent:
    """The cotangent of a in aⁿ: the sum of (aᵀ)ᵏ g (aᵀ)ⁿ⁻¹⁻ᵏ; of inv(a) for a negative n."""
    if n == 0:
        return restore(np.zeros_like(g), form(a))
    if n < 0:
        inverse = np.linalg.inv(a)
        return inv_pullback(power_sum(g, transposed(inverse), -n), inverse, form(a))
    return restore(power_sum(g, transposed(a), n), form(a))


def power_sum(g: Array, t: Array, n: int) -> Array:
    """The sum of tᵏ g tⁿ⁻¹⁻ᵏ for k from 0 to n - 1."""
    total, right = g, g
    for _ in range(n - 1):
        right = right @ t
        total = t @ total + right
    return total


def multi_dot_pullback(g: Any, arrays: Any) -> Tangent:
    """The cotangents of the factors of a product: g between what is left and right of each, transposed."""
    last, m = len(arrays) - 1, form(arrays)
    rows = 1 if np.ndim(arrays[0]) == 1 else np.shape(arrays[0])[0]
    columns = 1 if np.ndim(arrays[last]) == 1 else np.shape(arrays[last])[1]
    factors = [
        np.reshape(x, (rows, -1)) if k == 0 else np.reshape(x, (-1, columns)) if k == last else np.asarray(x)
        for k, x in enumerate(arrays)
    ]
    g = np.reshape(g, (rows, columns))
    out = [between(factors[:k], g, factors[k + 1 :]) for k in range(last + 1)]
    if not isinstance(m, Nested):
        return restore(np.stack(out), m)
    return m.rebuilt([reshaped(t, part) for t, part in zip(out, m.parts, strict=True)])


def between(before: list[Array], g: Array, after: list[Array]) -> Array:
    """The transposes of the factors before one, g, and the transposes of those after it."""
    for x in before:
        g = x.T @ g
    for x in reversed(after):
        g = g @ x.T
    return g


def pinv_pullback(g: Array, p: Array, a: Any) -> Tangent:
    """The cotangent of a matrix with pseudo-inverse p, while its rank stays (Golub and Pereyra 1973, 4.12)."""
    x, ph = np.asarray(a), adjoint(p)
    g, gh = np.conj(g), transposed(g)
    t = gh @ p @ ph
    u = ph @ p @ gh
    return restore(np.conj(t - x @ (p @ t) + u - (u @ p) @ x - ph @ g @ ph), form(a))


def lstsq_matrix(g: Any, y: Any, a: Any, b: Any) -> Tangent:
    """The cotangent of a in lstsq(a, b): through x = pinv(a) b, and the residuals at their minimum."""
    v, x, of_x, of_residuals = lstsq_columns(g, y, b)
    t = pinv_pullback(of_x @ v.T, lstsq_pinv(y, a), a)
    t = t - (np.conj(v - np.asarray(a) @ x) * of_residuals) @ x.T
    if g[3] is not ZERO:  # the singular values
        u, _, vh = np.linalg.svd(np.asarray(a), full_matrices=False)
        t = t + np.conj((u * g[3]) @ vh)
    return restore(t, form(a))


def lstsq_right(g: Any, y: Any, a: Any, b: Any) -> Tangent:
    """The cotangent of b in lstsq(a, b)."""
    v, x, of_x, of_residuals = lstsq_columns(g, y, b)
    t = lstsq_pinv(y, a).T @ of_x + np.conj(v - np.asarray(a) @ x) * of_residuals
    return reshaped(t, form(b))


def lstsq_columns(g: Any, y: Any, b: Any) -> tuple[Array, Array, Array, Any]:
    """b, the solution, its cotangent, as columns; and twice the cotangents of the squared residuals."""
    solution, residuals = y[0], y[1]
    columns = np.reshape(b, (np.shape(b)[0], -1))
    x = np.reshape(solution, (-1, columns.shape[1]))
    of_x = np.reshape(gathered(g[0], form(solution)), x.shape)
    return columns, x, of_x, 2.0 * gathered(g[1], form(residuals)) if np.size(residuals) else 0.0


def lstsq_pinv(y: Any, a: Any) -> Array:
    """The pseudo-inverse of lstsq's matrix, which must have full rank: where it has not, the solution jumps."""
    if int(y[2]) < min(np.shape(a)):
        refuse(f"np.linalg.lstsq has no derivative where the matrix lacks full rank ({int(y[2])} of {np.shape(a)})")
    return np.linalg.pinv(np.asarray(a))


def tensorsolve_right(g: Array, a: Any, m: Form) -> Tangent:
    """The cotangent of b in tensorsolve(a, b): a's first axes are b's, its last the solution's."""
    square = np.reshape(a, (g.size, g.size))
    return reshaped(np.linalg.solve(square.T, np.ravel(g)), m)


def tensorsolve_left(g: Array, y: Array, a: Any, axes: Any) -> Tangent:
    """The cotangent of a in y = tensorsolve(a, b)."""
    if axes is not None:
        refuse("np.linalg.tensorsolve has a derivative without axes=; move the axes beforehand")
    square = np.reshape(a, (g.size, g.size))
    return reshaped(-np.outer(np.linalg.solve(square.T, np.ravel(g)), np.ravel(y)), form(a))


def tensorinv_pullback(g: Array, y: Array, m: Form) -> Tangent:
    """The cotangent of a tensor whose inverse, as matrices of the grouped axes, is `y`."""
    n = math.isqrt(g.size)
    inverse = np.reshape(y, (n, n)).T
    return reshaped(-(inverse @ np.reshape(g, (n, n)) @ inverse), m)


rule(np.linalg.inv, "a", a="inv_pullback(g, y, form(a))", _returns="array")
rule(np.linalg.det, "a", a="det_pullback(g, y, a)")
rule(np.linalg.slogdet, "a", a="slogdet_pullback(g, y, a)", _returns="tuple")
rule(
    np.linalg.solve,
    "a, b",
    a="solve_left(g, y, a, np.ndim(b) == 1)",
    b="solve_right(g, a, form(b))",
    _returns="array",
)
rule(np.linalg.matrix_power, "a, n", a="matrix_power_pullback(g, a, n)", _returns="array", _alias=True)
rule(np.linalg.multi_dot, "arrays", arrays="multi_dot_pullback(g, arrays)")
rule(np.linalg.pinv, "a, rcond=None, hermitian=False, *, rtol=None", a="pinv_pullback(g, y, a)", _returns="array")
rule(
    np.linalg.lstsq,
    "a, b, rcond=None",
    a="lstsq_matrix(g, y, a, b)",
    b="lstsq_right(g, y, a, b)",
    _returns="tuple",
)
rule(
    np.linalg.tensorsolve,
    "a, b, axes=None",
    a="tensorsolve_left(g, y, a, axes)",
    b="tensorsolve_right(g, a, form(b)) if axes is None else tensorsolve_left(g, y, a, axes)",
    _returns="array",
)
rule(np.linalg.tensorinv, "a, ind=2", a="tensorinv_pullback(g, y, form(a))", _returns="array")
