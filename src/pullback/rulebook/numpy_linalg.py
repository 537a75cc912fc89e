"""Derivatives of np.linalg: inverses, determinants, linear systems and powers, of one matrix or a stack.

The formulas are those of M. Giles, "An extended collection of matrix derivative results for forward
and reverse mode automatic differentiation" (2008), in the pairing without conjugation; the
pseudo-inverse after Golub and Pereyra (1973), for changes that keep the rank.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pullback.fitting import fit
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


def diagonal_part(x: Array) -> Array:
    """The matrix with zeros off the diagonal."""
    part: Array = x * np.eye(x.shape[-1], dtype=np.real(x[:0]).dtype)
    return part


def hermitian_part(x: Any, uplo: str) -> Array:
    """The Hermitian matrix that one triangle of `x` stands for: what NumPy reads."""
    x = np.asarray(x)
    off = np.tril(x, -1) if uplo.upper() == "L" else np.triu(x, 1)
    whole: Array = off + adjoint(off) + np.real(diagonal_part(x))
    return whole


def read_triangle(s: Array, uplo: str, m: Form) -> Tangent:
    """The cotangent of the triangle that stands for a Hermitian matrix whose cotangent is conj(s)."""
    both = s + adjoint(s)
    off = np.tril(both, -1) if uplo.upper() == "L" else np.triu(both, 1)
    return restore(np.conj(off + 0.5 * np.real(diagonal_part(both))), m)


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


def det_tangent(a_dot: Any, y: Any, a: Any) -> Any:
    """The tangent of a determinant: the sum of the cofactors times ȧ."""
    return fit(np.sum(det_pullback(np.ones_like(y), y, np.asarray(a)) * a_dot, axis=(-2, -1)), y)


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


def slogdet_tangent(a_dot: Any, y: Any, a: Any) -> Tangent:
    """The tangents of (sign, log |det|): the phase and the size of det's, which is tr(inv(a) ȧ) of it."""
    trace = np.sum(transposed(np.linalg.inv(a)) * a_dot, axis=(-2, -1))
    of_sign = fit(1j * np.imag(trace) * y[0], y[0]) if np.iscomplexobj(y[0]) else ZERO
    return of_sign, fit(np.real(trace), y[1])


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


def solve_tangent(a_dot: Any, y: Array, a: Any, vector: bool) -> Array:
    """The tangent of y = solve(a, b) through a: -solve(a, ȧ y)."""
    if vector:
        t: Array = -np.linalg.solve(a, np.asarray(a_dot) @ np.expand_dims(y, -1))[..., 0]
        return t
    return -np.linalg.solve(a, np.asarray(a_dot) @ y)


def matrix_power_tangent(a_dot: Any, a: Any, n: int) -> Tangent:
    """The tangent of aⁿ: the sum of aᵏ ȧ aⁿ⁻¹⁻ᵏ; of inv(a) for a negative n."""
    if n == 0:
        return np.zeros_like(a_dot)
    if n < 0:
        inverse = np.linalg.inv(a)
        return power_sum(-(inverse @ np.asarray(a_dot) @ inverse), inverse, -n)
    return power_sum(np.asarray(a_dot), np.asarray(a), n)


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


def multi_dot_tangent(arrays_dot: Any, arrays: Any) -> Any:
    """The tangent of a product: the sum of the products in which one factor is its tangent."""
    factors = list(arrays)
    parts = [np.linalg.multi_dot([*factors[:k], t, *factors[k + 1 :]]) for k, t in enumerate(arrays_dot)]
    return sum(parts[1:], parts[0])


def between(before: list[Array], g: Array, after: list[Array]) -> Array:
    """The transposes of the factors before one, g, and the transposes of those after it."""
    for x in before:
        g = x.T @ g
    for x in reversed(after):
        g = g @ x.T
    return g


def pinv_pullback(g: Array, p: Array, a: Any, hermitian: bool = False) -> Tangent:
    """The cotangent of a matrix with pseudo-inverse p, while its rank stays (Golub and Pereyra 1973, 4.12)."""
    if hermitian:
        return read_triangle(np.conj(pinv_pullback(g, p, hermitian_part(a, "L"))), "L", form(a))
    x, ph = np.asarray(a), adjoint(p)
    g, gh = np.conj(g), transposed(g)
    t = gh @ p @ ph
    u = ph @ p @ gh
    return restore(np.conj(t - x @ (p @ t) + u - (u @ p) @ x - ph @ g @ ph), form(a))


def pinv_tangent(a_dot: Any, p: Array, a: Any, hermitian: bool = False) -> Array:
    """The tangent of a pseudo-inverse p, while the rank of a stays."""
    x = hermitian_part(a, "L") if hermitian else np.asarray(a)
    t = hermitian_part(a_dot, "L") if hermitian else np.asarray(a_dot)
    th, ph = adjoint(t), adjoint(p)
    left, right = p @ ph @ th, th @ ph @ p
    total: Array = left - (left @ x) @ p + right - p @ (x @ right) - p @ t @ p
    return total


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


def lstsq_tangent(a_dot: Any, b_dot: Any, y: Any, a: Any, b: Any) -> Tangent:
    """The tangents of (x, residuals, rank, singular values), through a or b; the other's tangent is None."""
    x = np.reshape(y[0], (np.shape(y[0])[0], -1))
    v, p, m = np.reshape(b, (np.shape(b)[0], -1)), lstsq_pinv(y, a), np.asarray(a)
    if a_dot is None:
        of_s, moved = ZERO, np.reshape(b_dot, v.shape)
        of_x = p @ moved
    else:
        u, _, vh = np.linalg.svd(m, full_matrices=False)
        of_s = fit(np.sum(np.real(np.conj(u) * (a_dot @ adjoint(vh))), axis=-2), y[3])
        moved, of_x = -(a_dot @ x), pinv_tangent(a_dot, p, a) @ v
    of_residuals = fit(2.0 * np.sum(np.real(np.conj(v - m @ x) * moved), axis=0), y[1]) if np.size(y[1]) else ZERO
    return fit(np.reshape(of_x, np.shape(y[0])), y[0]), of_residuals, ZERO, of_s


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


def tensorsolve_tangent(a_dot: Any, y: Array, a: Any, axes: Any) -> Array:
    """The tangent of y = tensorsolve(a, b) through a."""
    if axes is not None:
        refuse("np.linalg.tensorsolve has a derivative without axes=; move the axes beforehand")
    return -np.linalg.tensorsolve(a, np.tensordot(a_dot, y, y.ndim))


def tensorinv_tangent(a_dot: Any, y: Array) -> Array:
    """The tangent of a tensor's inverse `y`."""
    n = math.isqrt(y.size)
    inverse = np.reshape(y, (n, n))
    t: Array = np.reshape(-(inverse @ np.reshape(a_dot, (n, n)) @ inverse), y.shape)
    return t


rule(np.linalg.inv, "a", a="inv_pullback(g, y, form(a))", a_dot="-(y @ a_dot @ y)", _returns="array")
rule(np.linalg.det, "a", a="det_pullback(g, y, a)", a_dot="det_tangent(a_dot, y, a)")
rule(np.linalg.slogdet, "a", a="slogdet_pullback(g, y, a)", a_dot="slogdet_tangent(a_dot, y, a)", _returns="tuple")
rule(
    np.linalg.solve,
    "a, b",
    a="solve_left(g, y, a, np.ndim(b) == 1)",
    b="solve_right(g, a, form(b))",
    a_dot="solve_tangent(a_dot, y, a, np.ndim(b) == 1)",
    _linear="b",
    _returns="array",
)
rule(
    np.linalg.matrix_power,
    "a, n",
    a="matrix_power_pullback(g, a, n)",
    a_dot="matrix_power_tangent(a_dot, a, n)",
    _returns="array",
    _alias=True,
)
rule(
    np.linalg.multi_dot,
    "arrays",
    arrays="multi_dot_pullback(g, arrays)",
    arrays_dot="multi_dot_tangent(arrays_dot, arrays)",
)
rule(
    np.linalg.pinv,
    "a, rcond=None, hermitian=False, *, rtol=None",
    a="pinv_pullback(g, y, a, hermitian)",
    a_dot="pinv_tangent(a_dot, y, a, hermitian)",
    _returns="array",
)
rule(
    np.linalg.lstsq,
    "a, b, rcond=None",
    a="lstsq_matrix(g, y, a, b)",
    b="lstsq_right(g, y, a, b)",
    a_dot="lstsq_tangent(np.asarray(a_dot), None, y, a, b)",
    b_dot="lstsq_tangent(None, b_dot, y, a, b)",
    _returns="tuple",
)
rule(
    np.linalg.tensorsolve,
    "a, b, axes=None",
    a="tensorsolve_left(g, y, a, axes)",
    b="tensorsolve_right(g, a, form(b)) if axes is None else tensorsolve_left(g, y, a, axes)",
    a_dot="tensorsolve_tangent(a_dot, y, a, axes)",
    _linear="b",
    _returns="array",
)
rule(
    np.linalg.tensorinv,
    "a, ind=2",
    a="tensorinv_pullback(g, y, form(a))",
    a_dot="tensorinv_tangent(a_dot, y)",
    _returns="array",
)
