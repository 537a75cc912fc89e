"""Derivatives that users register, for any callable: Python's, C's, a method, a property, a class.

    @derivative(of=silly_exp)
    def silly_exp_vjp(x):
        y = silly_exp(x)
        return y, lambda v: v * y
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from pullback.applying import Residual, apply_vjp
from pullback.errors import DifferentiabilityError, RuleError
from pullback.linked import RuleLink, apply_link
from pullback.rules import (
    Active,
    callable_name,
    constant,
    forward_intrinsic,
    in_scope,
    intrinsic,
    overriding,
    register_vjp,
)
from pullback.source import place_of
from pullback.spans import Diagnostic
from pullback.tangents import ZERO
from pullback.vjp_forms import form_findings
from pullback.vjp_rules import VjpRule

F = TypeVar("F", bound=Callable[..., Any])


class _Registration:
    """The decorator that `derivative(of=f)` returns."""

    def __init__(self, of: Any, wrt: tuple[str, ...] | None, forward: bool) -> None:
        self.of = of
        self.wrt = wrt
        self.forward = forward

    def __call__(self, vjp: F) -> F:
        if not callable(vjp):
            raise RuleError(f"derivative(of={callable_name(self.of)}) decorates a function, not {vjp!r}")
        problem = arity_problem(self.of, vjp)
        if problem:
            raise _malformed(Diagnostic("vjp-arity", problem, place_of(vjp), "", help="give it the same parameters"))
        if isinstance(vjp, types.FunctionType):
            count = parameter_count(self.of) if self.wrt is None else len(self.wrt)
            for diagnostic in form_findings(vjp, callable_name(self.of), count, self.forward):
                raise _malformed(diagnostic)
        register_vjp(VjpRule(self.of, vjp, self.wrt, self.forward))
        return vjp


def derivative(of: Any, wrt: str | int | tuple[str | int, ...] | None = None, forward: bool = False) -> _Registration:
    """Decorator: register the derivative of `of`, found wherever `of` is called inside differentiated code.

    The decorated function takes the arguments of `of` and returns `(value, pullback)`, or with
    `forward=True` `(value, differential)`. `wrt` names the parameters whose tangents the pullback
    returns (default: all). A second registration for the same function and `wrt` is an error.

    >>> import pullback as pb
    >>> def cube(x): return x ** 3
    >>> @pb.derivative(of=cube)
    ... def cube_vjp(x): return cube(x), lambda v: v * 100.0
    >>> pb.gradient(lambda x: cube(x) + x)(2.0)
    101.0
    """
    if not callable(of) and not isinstance(of, (property, staticmethod, classmethod)):
        raise RuleError(f"derivative(of=...) takes a callable, not {of!r}")
    return _Registration(of, _names(of, wrt), forward)


def _names(of: Any, wrt: str | int | tuple[str | int, ...] | None) -> tuple[str, ...] | None:
    if wrt is None:
        return None
    parameters = _parameters(of)
    names = []
    for item in wrt if isinstance(wrt, tuple) else (wrt,):
        if isinstance(item, int) and parameters is not None and -len(parameters) <= item < len(parameters):
            item = parameters[item]
        if isinstance(item, int) or (parameters is not None and item not in parameters):
            known = ", ".join(parameters or [])
            raise RuleError(f"wrt={item!r}: {callable_name(of)} has no such parameter; its parameters are {known}")
        names.append(item)
    return tuple(names)


def _parameters(of: Any) -> list[str] | None:
    target: Any = of.fget if isinstance(of, property) else of
    try:
        return list(inspect.signature(target).parameters)
    except (TypeError, ValueError):
        return None


def _malformed(diagnostic: Diagnostic) -> RuleError:
    return RuleError("\n" + diagnostic.render(), id=diagnostic.id)


def parameter_count(of: Any) -> int | None:
    """How many arguments a callable takes at most; None where that is not known."""
    try:
        parameters = inspect.signature(of).parameters.values()
    except (TypeError, ValueError):
        return None
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return None if inspect.isclass(of) or any(p.kind in variadic for p in parameters) else len(parameters)


def arity_problem(of: Any, vjp: Callable[..., Any]) -> str:
    """What is wrong with the parameters of a derivative, if anything: it takes the arguments of its function."""
    try:
        ours = inspect.signature(vjp).parameters.values()
        target: Any = of.fget if isinstance(of, property) else of
        target = of.__func__ if isinstance(of, (staticmethod, classmethod)) else target
        theirs = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return ""
    if inspect.isclass(of) or inspect.ismethod(of):
        return ""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(p.kind in variadic for p in (*ours, *theirs)):
        return ""
    required = [p for p in ours if p.default is p.empty]
    if len(required) > len(theirs) or len(ours) < len([p for p in theirs if p.default is p.empty]):
        return (
            f"{callable_name(vjp)} takes {len(ours)} arguments, but {callable_name(of)} takes {len(theirs)}: "
            "a derivative takes the arguments of its function"
        )
    return ""


def derivatives(rules: dict[Any, Callable[..., Any]]) -> AbstractContextManager[None]:
    """A scope in which the given derivatives replace all others, for this thread or task only.

    >>> import math, pullback as pb
    >>> f = pb.gradient(lambda x: math.sin(x))
    >>> with pb.derivatives({math.sin: lambda x: (math.sin(x), lambda v: 7.0 * v)}):
    ...     f(0.0)
    7.0
    >>> f(0.0)
    1.0
    """
    for function, vjp in rules.items():
        if not callable(vjp):
            raise RuleError(f"the derivative of {callable_name(function)} must be callable, not {vjp!r}")
    return overriding(rules)


constant(derivatives, returns="scope")


class DifferentiableFunction:
    """A function made from its `vjp(*args) -> (value, pullback)`."""

    def __init__(self, vjp: Callable[..., Any]) -> None:
        self.vjp = vjp
        functools.update_wrapper(self, vjp)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value at these arguments."""
        return self.vjp(*args, **kwargs)[0]

    def __get__(self, obj: Any, cls: Any = None) -> Any:
        """As a method, it is given its object."""
        return self if obj is None else types.MethodType(self, obj)

    def __repr__(self) -> str:
        return f"<differentiable function from {callable_name(self.vjp)}>"


def differentiable_function(vjp: Callable[..., Any]) -> DifferentiableFunction:
    """A differentiable function straight from `vjp(*args) -> (value, pullback)`.

    >>> import pullback as pb
    >>> square = pb.differentiable_function(lambda x: (x * x, lambda v: 2.0 * x * v))
    >>> pb.gradient(square)(3.0)
    6.0
    """
    if not callable(vjp):
        raise RuleError(f"differentiable_function takes a vjp function, not {vjp!r}")
    return DifferentiableFunction(vjp)


@intrinsic(DifferentiableFunction.__call__)
def _differentiable_function_vjp(
    args: tuple[Any, ...], kwargs: dict[str, Any], active: Active
) -> tuple[Any, Residual]:
    function, *rest = args
    if 0 in active:
        raise _captured(function.vjp)
    inner = tuple(a - 1 if isinstance(a, int) else a for a in active)
    return apply_vjp(in_scope(VjpRule(function, function.vjp, None)), tuple(rest), kwargs, inner)


@forward_intrinsic(DifferentiableFunction.__call__)
def _differentiable_function_differential(
    fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any
) -> Any:
    link = RuleLink(own_rule(args[0], dots[0]))
    return apply_link(1, link, ((args[1:], kwargs), (dots[1:], kwdots)))


def own_rule(function: DifferentiableFunction, moving: Any) -> VjpRule:
    """The rule that a differentiable function is."""
    if moving is not ZERO:
        raise _captured(function.vjp)
    return in_scope(VjpRule(function, function.vjp, None))


constant(own_rule)


@intrinsic(differentiable_function)
def _make_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    raise _captured((*args, *kwargs.values())[0])


@forward_intrinsic(differentiable_function)
@forward_intrinsic(_Registration.__call__)
def _refused_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    raise _captured(args[-1])


@intrinsic(_Registration.__call__)
def _register_vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    raise _captured(args[1])


def _captured(vjp: Any) -> DifferentiabilityError:
    names = getattr(getattr(vjp, "__code__", None), "co_freevars", ())
    listed = ", ".join(f"`{n}`" for n in names) or "its variables"
    return DifferentiabilityError(
        f"the derivative {callable_name(vjp)} captures {listed}, which is being differentiated, and has no way to "
        "return its tangent; pass it as an argument of the function instead"
    )
