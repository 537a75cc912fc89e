"""`jacobian`, `hessian` and `hvp`: matrices of derivatives, and their products with a vector.

    jacobian(f)(x)        forward mode along each unit vector of x, or reverse mode for each result
    hessian(f)(x)         the Jacobian of the gradient, forward over reverse
    hvp(f)(x, v)          one evaluation of forward over reverse

Their functions are in the language that is differentiated, so they may be called inside differentiated code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pullback.arguments import Wrt, active_operands
from pullback.copying import runs_on_copies
from pullback.errors import ArgumentError
from pullback.forward_verbs import value_with_differential
from pullback.jacobians import check_holomorphic, from_columns, from_rows, hessian_plan, jacobian_plan
from pullback.mirrors import snapshot
from pullback.nesting import same_tangent_as_function, written_out
from pullback.operators import check_callable, gradient, pullback
from pullback.rules import callable_name
from pullback.separate import separated
from pullback.spaces import describe


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
        given, named = snapshot((args, kwargs)) if runs_on_copies(f, args, kwargs) else (args, kwargs)
        value, push = value_with_differential(f, wrt)(*args, **kwargs)
        plan = jacobian_plan(f, value, args, kwargs, active)
        if plan.by_columns:
            columns = [push(*t) for t in plan.units]
            if plan.rotated:
                check_holomorphic(f, columns, [push(*t) for t in plan.rotated], plan)
            return from_columns(columns, plan)
        pull = pullback(f, wrt)(*given, **named)  # (`f` runs again: on what it was given before it changed that)
        return from_rows([pull(g) for g in plan.units], plan)

    return written_out(jacobian_of, "jacobian", f, wrt)


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
        _, push = value_with_differential(gradient(f, wrt), active)(*args, **kwargs)
        plan = hessian_plan(args, kwargs, active)
        return from_columns([push(*t) for t in plan.units], plan)

    return written_out(hessian_of, "hessian", f, wrt)


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
        vector = separated(vector, (given, kwargs))  # (`f` may change its arguments)
        _, differential = value_with_differential(gradient(f, wrt), active)(*given, **kwargs)
        if len(active) == 1:
            return differential(vector)
        if not isinstance(vector, (tuple, list)) or len(vector) != len(active):
            raise ArgumentError(
                f"the vector of hvp({callable_name(f)}) is a tuple of {len(active)} tangents, one for each "
                f"differentiated argument; it is {describe(vector)}"
            )
        return differential(*vector)

    return written_out(hvp_of, "hvp", f, wrt)


for _verb in (jacobian, hessian, hvp):
    same_tangent_as_function(_verb)
