"""Looking inside: the generated derivative as source."""

from __future__ import annotations

import linecache
import types
from collections.abc import Callable
from typing import Any

from pullback.arguments import Wrt, active_operands, is_plain_function
from pullback.calls import bind_parameters
from pullback.emit import source_text
from pullback.errors import ArgumentError, PullbackError
from pullback.generated import DIFFERENTIAL, JOINT, PAIR, Derivative, Request
from pullback.kinds import FLOAT, NPFLOAT, kind_of
from pullback.locating import locate
from pullback.pipeline import find
from pullback.rules import callable_name


def derivative_source(f: Callable[..., Any], *args: Any, wrt: Wrt = None, **kwargs: Any) -> str:
    """The generated derivative of `f` for arguments like these, as readable Python source.

    A function with a float result has one function with both sweeps; any other has a pair: `forward`
    and `reverse`. Your own lines stand as comments above the code they cause.

    >>> print(derivative_source(lambda x: x * x, 3.0).splitlines()[0])
    def gradient_of_function(x):
    """
    try:
        derivative = derivative_of(f, wrt, args, kwargs)
    except PullbackError as error:
        raise locate(error)  # noqa: B904  # the same error, with the user's line
    assert derivative.stages is not None and derivative.forward is not None
    filename = derivative.stages.source.filename
    trees = [c.tree for c in (derivative.forward, derivative.reverse) if c is not None]
    return source_text(trees, lambda number: linecache.getline(filename, number))


def differential_source(f: Callable[..., Any], *args: Any, wrt: Wrt = None, **kwargs: Any) -> str:
    """The generated tangent code of `f` for arguments like these: what `differential` runs.

    >>> print(differential_source(lambda x: x * x, 3.0).splitlines()[0])
    def function_differential(x_dot, x):
    """
    try:
        derivative = derivative_of(f, wrt, args, kwargs, (DIFFERENTIAL,))
    except PullbackError as error:
        raise locate(error)  # noqa: B904  # the same error, with the user's line
    assert derivative.stages is not None and derivative.forward is not None
    filename = derivative.stages.source.filename
    return source_text([derivative.forward.tree], lambda number: linecache.getline(filename, number))


def derivative_of(
    f: Callable[..., Any],
    wrt: Wrt,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    forms: tuple[str, ...] = (JOINT, PAIR),
) -> Derivative:
    """The derivative that `gradient` (or, for another result than a float, `pullback`) would run."""
    if not is_plain_function(f):
        raise ArgumentError(f"{callable_name(f)} is not differentiated by its source: it has no generated derivative")
    bound_self = (f.__self__,) if isinstance(f, types.MethodType) else ()
    function: Any = f.__func__ if isinstance(f, types.MethodType) else f
    active = active_operands(f, wrt, args, kwargs)
    full = (*bound_self, *args)
    names = bind_parameters(function.__code__, len(full), tuple(kwargs))
    if names is None:
        raise ArgumentError(f"{callable_name(f)} cannot be called with these arguments")
    values = dict(zip(names, (*full, *kwargs.values()), strict=True))
    chosen = frozenset(names[a + len(bound_self)] if isinstance(a, int) else a for a in active)
    kinds = tuple(sorted((p, kind_of(v).key) for p, v in values.items()))
    first, *others = forms
    found = find(function, Request(chosen, frozenset(), kinds, first), values)
    if others and found.result.mask & ~(FLOAT | NPFLOAT) and not found.result.numeric:
        return find(function, Request(chosen, frozenset(), kinds, others[0]), values)
    return found
