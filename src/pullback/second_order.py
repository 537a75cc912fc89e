"""`jacobian`, `hessian` and `hvp`: matrices of derivatives, and their products with a vector.

    jacobian(f)(x)        forward mode along each unit vector of x, or reverse mode for each result
    hessian(f)(x)         the Jacobian of the gradient, forward over reverse
    hvp(f)(x, v)          one evaluation of forward over reverse
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.arguments import Wrt, active_operands
from pullback.errors import ArgumentError
from pullback.forward_verbs import value_with_differential
from pullback.locating import at_boundary
from pullback.operators import check_callable, gradient, named, value_with_pullback
from pullback.rules import Active, callable_name, forward_intrinsic, intrinsic
from pullback.spaces import describe, is_differentiable, project
from pullback.structs import field_names
from pullback.tangent_parts import part
from pullback.tangents import NO_TANGENT, ZERO, Tangent, tangent_type
from pullback.trees import leaves, tangent_leaves


def jacobian(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Any]:
    """The Jacobian of `f`: all partial derivatives of its result by the arguments that `wrt` names.

    For an array result and argument it is an array of shape `result.shape + argument.shape`; for
    floats a float. A structured result has a structure of Jacobians, one for each leaf, each built as
    the argument is; several arguments give a tuple. It is computed forward where the arguments have
    fewer numbers than the result, in reverse otherwise.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    >>> jacobian(lambda x, y: (x * y, x))(2.0, 3.0)
    ((3.0, 2.0), (1.0, 0.0))
    """
    check_callable(f)

    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        active = active_operands(f, wrt, args, kwargs)
        operands = tuple(args[a] if isinstance(a, int) else kwargs[a] for a in active)
        value, differential = value_with_differential(f, wrt)(*args, **kwargs)
        if not is_differentiable(value):
            raise ArgumentError(f"the result of {callable_name(f)} is {describe(value)}, which has no tangent space")
        inputs, outputs = leaves(operands), leaves(value)
        if any(np.iscomplexobj(x) for x in (*inputs, *outputs)):
            return _assembled(value, operands, _complex_columns(f, differential, operands, value))
        if sum(map(np.size, inputs)) < sum(map(np.size, outputs)):
            return _assembled(value, operands, _columns(differential, operands, value))
        _, pull = value_with_pullback(f, wrt)(*args, **kwargs)
        return _assembled(value, operands, _rows(pull, operands, value))

    return named(at_boundary(jacobian_of), "jacobian", f, wrt)


def hessian(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Any]:
    """The matrix of second derivatives of a function with a real scalar result.

    It has the structure of the Jacobian of the gradient: for an array of shape `s` an array of shape
    `s + s`; for several arguments a tuple of tuples.

    >>> hessian(lambda x: np.sum(x ** 3))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    check_callable(f)

    def hessian_of(*args: Any, **kwargs: Any) -> Any:
        active = active_operands(f, wrt, args, kwargs)
        operands = tuple(args[a] if isinstance(a, int) else kwargs[a] for a in active)
        _, differential = value_with_differential(gradient(f, wrt), _same(active))(*args, **kwargs)
        like = operands[0] if len(operands) == 1 else operands
        return _assembled(like, operands, _columns(differential, operands, like))

    return named(at_boundary(hessian_of), "hessian", f, wrt)


def hvp(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Any]:
    """The Hessian of `f` times a vector: `hvp(f)(x, v)`, at the cost of a few gradients.

    The last argument is the vector: a tangent of the differentiated argument, or for several a tuple
    of them.

    >>> hvp(lambda x: x ** 3)(2.0, 1.0)
    12.0
    """
    check_callable(f)

    def hvp_of(*args: Any, **kwargs: Any) -> Any:
        if len(args) < 2:
            raise ArgumentError(f"hvp({callable_name(f)}) takes the arguments of the function, then the vector")
        *given, vector = args
        active = active_operands(f, wrt, tuple(given), kwargs)
        _, differential = value_with_differential(gradient(f, wrt), _same(active))(*given, **kwargs)
        if len(active) == 1:
            return differential(vector)
        if not isinstance(vector, (tuple, list)) or len(vector) != len(active):
            raise ArgumentError(
                f"the vector of hvp({callable_name(f)}) is a tuple of {len(active)} tangents, one for each "
                f"differentiated argument; it is {describe(vector)}"
            )
        return differential(*vector)

    hvp_of.__name__ = hvp_of.__qualname__ = f"hvp({callable_name(f)})"
    hvp_of._pullback_of = ("hvp", f, wrt)  # type: ignore[attr-defined]
    return hvp_of


@intrinsic(hvp)
def _hvp_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
    """What `hvp(f)` captured of the values that are differentiated is f."""
    return hvp(*args, **kwargs), (_captured_function, active)


def _captured_function(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    return tuple(part(g, "f") if a in (0, "f") else ZERO for a in residual[1])


@forward_intrinsic(hvp)
def _hvp_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return hvp(*args, **kwargs), {"f": dots[0] if len(args) > 0 else part(kwdots, "f")}


def _same(active: Active) -> Any:
    return tuple(active)


# --- columns and rows: for each leaf of the result, for each leaf of the arguments, one block --------

Blocks = list[list[np.ndarray[Any, Any]]]


def _blocks(operands: Any, value: Any) -> Blocks:
    outs, ins = leaves(value), leaves(operands)
    return [
        [np.zeros((np.size(y), np.size(x)), np.result_type(_dtype(y), _dtype(x))) for x in ins] for y in outs
    ]


def _dtype(x: Any) -> Any:
    return np.asarray(x).dtype


def _units(like: Any) -> Any:
    """(leaf, entry, the tangent that is 1 there) for each number of a structure."""
    parts = leaves(like)
    for k, leaf in enumerate(parts):
        for j in range(np.size(leaf)):
            arrays = [np.zeros(np.shape(p), _dtype(p)) for p in parts]
            arrays[k].flat[j] = 1
            yield k, j, _tangent(like, iter(arrays))


def _tangent(like: Any, arrays: Any) -> Tangent:
    """A tangent of a value from the arrays of its leaves, in their order."""
    if isinstance(like, (float, complex, np.inexact, np.ndarray)):
        if not is_differentiable(like):
            return NO_TANGENT
        array = next(arrays)
        return array if isinstance(like, np.ndarray) else type(like)(array[()])
    return _shaped(like, lambda x: _tangent(x, arrays))


def _shaped(like: Any, make: Callable[[Any], Any]) -> Any:
    """A container or object of the same structure, of what `make` makes of each item."""
    if isinstance(like, dict):
        return {k: make(v) for k, v in like.items()}
    if hasattr(like, "_make"):
        return like._make(map(make, like))
    if isinstance(like, (tuple, list)):
        return type(like)([make(v) for v in like])
    if not is_differentiable(like):
        return NO_TANGENT
    pairs = [(n, getattr(like, n, None)) for n in field_names(like)]
    return tangent_type(type(like))(**{n: make(v) for n, v in pairs if is_differentiable(v)})


def _columns(differential: Any, operands: tuple[Any, ...], value: Any) -> Blocks:
    blocks = _blocks(operands, value)
    for k, j, t in _units(operands):
        for i, leaf in enumerate(tangent_leaves(differential(*t), value)):
            blocks[i][k][:, j] = np.ravel(leaf)
    return blocks


def _rows(pull: Any, operands: tuple[Any, ...], value: Any) -> Blocks:
    blocks = _blocks(operands, value)
    for i, j, g in _units(value):
        pulled = pull(g)
        tangents = (pulled,) if len(operands) == 1 else pulled
        for k, leaf in enumerate(tangent_leaves(tangents, operands)):
            blocks[i][k][j, :] = np.ravel(leaf)
    return blocks


def jacobian_of_maps(forward: Any, back: Any, operands: Any, args: Any, kwargs: Any) -> Any:
    """A Jacobian from `forward(...) -> (value, differential)` or `back(...) -> (value, pullback)`: the cheaper."""
    value, differential = forward(*args, **kwargs)
    if sum(map(np.size, leaves(operands))) < sum(map(np.size, leaves(value))):
        return _assembled(value, operands, _columns(differential, operands, value))
    value, pull = back(*args, **kwargs)
    return _assembled(value, operands, _rows(pull, operands, value))


def hessian_of_map(product: Any, operands: tuple[Any, ...]) -> Any:
    """A Hessian from the product with a vector."""
    like = operands[0] if len(operands) == 1 else operands
    return _assembled(like, operands, _columns(product, operands, like))


def _complex_columns(f: Any, differential: Any, operands: tuple[Any, ...], value: Any) -> Blocks:
    """The complex Jacobian, which only a holomorphic function has: along i it is i times that along 1."""
    if not all(np.iscomplexobj(x) for x in (*leaves(operands), *leaves(value))):
        raise ArgumentError(
            f"the jacobian of {callable_name(f)} mixes real and complex values; take real and imaginary parts apart"
        )
    blocks = _blocks(operands, value)
    for k, j, t in _units(operands):
        rotated = _tangent(operands, iter([1j * np.asarray(a) for a in tangent_leaves(t, operands)]))
        pairs = zip(
            tangent_leaves(differential(*t), value), tangent_leaves(differential(*rotated), value), strict=True
        )
        for i, (leaf, turned) in enumerate(pairs):
            if not np.allclose(1j * np.asarray(leaf), turned, rtol=1e-4, atol=1e-6):
                raise ArgumentError(
                    f"{callable_name(f)} is not holomorphic, so it has no complex jacobian; "
                    "take real and imaginary parts apart"
                )
            blocks[i][k][:, j] = np.ravel(leaf)
    return blocks


def _assembled(value: Any, operands: tuple[Any, ...], blocks: Blocks) -> Any:
    """The blocks in the result's structure, each with the structure of the arguments."""
    rows = iter(blocks)

    def of_result(y: Any) -> Any:
        if isinstance(y, (float, complex, np.inexact, np.ndarray)):
            if not is_differentiable(y):
                return NO_TANGENT
            row = iter(next(rows))
            made = tuple(of_argument(x, y, row) for x in operands)
            return made[0] if len(made) == 1 else made
        return _shaped(y, of_result)

    def of_argument(x: Any, y: Any, row: Any) -> Any:
        if isinstance(x, (float, complex, np.inexact, np.ndarray)):
            if not is_differentiable(x):
                return NO_TANGENT
            block = next(row).reshape(np.shape(y) + np.shape(x))
            scalar = not isinstance(x, np.ndarray) and not isinstance(y, np.ndarray)
            return project(block[()], y, "internal") if scalar else block
        return _shaped(x, lambda part: of_argument(part, y, row))

    return of_result(value)
