"""Looking inside: the generated derivative as source."""

from __future__ import annotations

import inspect
import linecache
import types
from collections.abc import Callable
from typing import Any

from pullback.arguments import Wrt, active_operands
from pullback.calls import bind_parameters
from pullback.emit import source_text
from pullback.errors import ArgumentError
from pullback.generated import DIFFERENTIAL, JOINT, PAIR, Derivative, Request
from pullback.kinds import FLOAT, NPFLOAT, kind_of
from pullback.locating import at_boundary
from pullback.operations import type_call
from pullback.pipeline import find
from pullback.rules import callable_name, lookup
from pullback.spaces import is_differentiable

_GATHERS = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def derivative_source(f: Callable[..., Any], *args: Any, wrt: Wrt = None, **kwargs: Any) -> str:
    """The generated derivative of `f` for arguments like these, as readable Python source.

    A function with a float result has one function with both sweeps; any other has a pair: `forward`
    and `reverse`. Your own lines stand as comments above the code they cause.

    >>> print(derivative_source(lambda x: x * x, 3.0).splitlines()[0])
    def gradient_of_function(x):
    """
    derivative = at_boundary(derivative_of)(f, wrt, args, kwargs)
    assert derivative.stages is not None and derivative.forward is not None
    filename = derivative.stages.source.filename
    trees = [c.tree for c in (derivative.forward, derivative.reverse) if c is not None]
    return source_text(trees, lambda number: linecache.getline(filename, number))


def differential_source(f: Callable[..., Any], *args: Any, wrt: Wrt = None, **kwargs: Any) -> str:
    """The generated tangent code of `f` for arguments like these: what `differential` runs.

    >>> print(differential_source(lambda x: x * x, 3.0).splitlines()[0])
    def function_differential(x_dot, x):
    """
    derivative = at_boundary(derivative_of)(f, wrt, args, kwargs, (DIFFERENTIAL,))
    assert derivative.stages is not None and derivative.forward is not None
    filename = derivative.stages.source.filename
    return source_text([derivative.forward.tree], lambda number: linecache.getline(filename, number))


def plain_function(f: Any) -> tuple[types.FunctionType, tuple[Any, ...]]:
    """The Python function that a call of `f` runs, and the object that it is bound to, if any.

    Raises ArgumentError where there is no source to read, or a registered derivative takes its place.
    """
    bound: tuple[Any, ...] = ()
    function = f
    if isinstance(f, types.MethodType):
        function, bound = f.__func__, (f.__self__,)
    elif not isinstance(f, (types.FunctionType, type)) and isinstance(type_call(type(f)), types.FunctionType):
        function, bound = type_call(type(f)), (f,)
    if not isinstance(function, types.FunctionType) or lookup(function) is not None or lookup(f) is not None:
        raise ArgumentError(f"{callable_name(f)} is not differentiated by its source: it has no generated derivative")
    if hasattr(function, "_pullback_verb"):
        raise ArgumentError(f"{callable_name(f)} is a derivative itself: ask for the source of the function inside")
    return function, bound


def asked(
    f: Callable[..., Any], wrt: Wrt, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[types.FunctionType, frozenset[str], dict[str, Any]]:
    """The Python function that a call runs, the parameters it is differentiated by, and the arguments by parameter."""
    function, bound = plain_function(f)
    active = active_operands(f, wrt, args, kwargs)
    full = (*bound, *args)
    names = bind_parameters(function.__code__, len(full), tuple(kwargs))
    if names is not None:
        values = dict(zip(names, (*full, *kwargs.values()), strict=True))
        chosen = frozenset(names[a + len(bound)] if isinstance(a, int) else a for a in active)
    else:  # `*args` and `**kwargs` take some; a call that Python itself refuses raises its error here
        values = dict(inspect.signature(function).bind(*full, **kwargs).arguments)
        code = function.__code__
        own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        places = [o + len(bound) if isinstance(o, int) else own.index(o) if o in own else len(own) for o in active]
        taken = {own[place] for o, place in zip(active, places, strict=True)
                 if place < (code.co_argcount if isinstance(o, int) else len(own))}  # fmt: skip
        chosen = frozenset(taken | {p for p in values if p not in own and is_differentiable(values[p])})
    return function, chosen, values


def derivative_of(
    f: Callable[..., Any],
    wrt: Wrt,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    forms: tuple[str, ...] = (JOINT, PAIR),
) -> Derivative:
    """The derivative that `gradient` (or, for another result than a float, `pullback`) would run."""
    function, chosen, values = asked(f, wrt, args, kwargs)
    if function.__code__.co_flags & _GATHERS:
        forms = tuple(form for form in forms if form != JOINT)  # such a function is called through its pair
    kinds = tuple(sorted((p, kind_of(v).key) for p, v in values.items()))
    first, *others = forms
    found = find(function, Request(chosen, frozenset(), kinds, first), values)
    if others and found.result.mask & ~(FLOAT | NPFLOAT) and not found.result.numeric:
        return find(function, Request(chosen, frozenset(), kinds, others[0]), values)
    return found
