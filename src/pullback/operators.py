"""The public verbs: `gradient`, `pullback` and their companions.

    value, pull = value_with_pullback(f)(x)      the core call
    gradient(f)(x)                               the same for a real scalar result, in one generated function

The function that `gradient(f)` returns calls the generated derivative directly; that checks on entry
that its arguments are of the kinds it was made for, and comes back here where they are not.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from pullback import runtime_calls
from pullback.arguments import Wrt, active_operands, describe_call, is_plain_function
from pullback.calls import bind_parameters
from pullback.copying import MAKERS, leaving_arguments
from pullback.dispatch import call
from pullback.errors import (
    ArgumentError,
    ChangedValueError,
    DifferentiabilityError,
    warn_of,
)
from pullback.fence import check, generator_refused
from pullback.fingerprints import fingerprint, is_changeable
from pullback.forms import space_of
from pullback.generated import JOINT, Derivative, Request
from pullback.holding import held_elsewhere
from pullback.kinds import DICT, LIST, OTHER, STRUCT, TUPLE, kind_of
from pullback.lending import alone, totals_of
from pullback.locating import at_boundary, settle
from pullback.mirrors import snapshot
from pullback.not_finite import debugging, look_at
from pullback.pipeline import find, refuse
from pullback.python_calls import pick, picked
from pullback.rules import EPOCH, Active, callable_name, shown_name
from pullback.runtime import seed
from pullback.source import acquire
from pullback.spaces import describe, entering, project
from pullback.spans import Diagnostic
from pullback.tables import Table
from pullback.tangents import NO_TANGENT, ZERO, Tangent
from pullback.views import root_of
from pullback.watching import outside

assert runtime_calls.CALLS  # generated code reaches its run-time calls through this table
_UNFINISHED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
F = TypeVar("F", bound=Callable[..., Any])
_CONTAINERS = TUPLE | LIST | DICT | STRUCT | OTHER


def gradient(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Any]:
    """The gradient of a function with a real scalar result: tangents of the arguments `wrt` names.

    One argument: its tangent, bare; several: a tuple in parameter order. A tangent has the shape and
    dtype of its argument.

    >>> gradient(lambda x, y: x * x * y)(3.0, 2.0)
    (12.0, 9.0)
    """
    return _scalar_verb(f, wrt, False)


def value_with_gradient(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Any]:
    """The value of a function and its gradient, in one evaluation.

    >>> value_with_gradient(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    return _scalar_verb(f, wrt, True)


def pullback(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Pullback]:
    """The pullback of `f` at its arguments: from a cotangent of the result to tangents of the arguments.

    >>> pullback(lambda x, y: (x * y, x))(3.0, 2.0)((1.0, 0.0))
    (2.0, 3.0)
    """
    core = value_with_pullback(f, wrt)

    def pullback_of(*args: Any, **kwargs: Any) -> Pullback:
        pull: Pullback = core(*args, **kwargs)[1]
        return pull

    return named(at_boundary(pullback_of), "pullback", f, wrt)


def value_with_pullback(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Any]:
    """The value of `f` and its pullback, which may be called any number of times.

    >>> y, pull = value_with_pullback(lambda x: x * x)(3.0)
    >>> y, pull(1.0), pull(2.0)
    (9.0, 6.0, 12.0)
    """
    check_callable(f)

    def value_with_pullback_of(*args: Any, **kwargs: Any) -> tuple[Any, Pullback]:
        try:
            active = active_operands(f, wrt, args, kwargs)
            operands = [outline(args[a] if isinstance(a, int) else kwargs[a]) for a in active]
            left = leaving_arguments(f, args, kwargs)
            if left is f:
                value, residual = call(f, args, active, kwargs or None, outermost=True)
            else:
                held, named_ = snapshot((args, kwargs))
                value, residual = call(left, held, active, named_ or None, outermost=True)
                f(*args, **kwargs)  # for what it changes
        except Exception as error:
            settle(error)
            raise
        return value, Pullback(f, value, residual, active, operands, args, kwargs)

    return named(value_with_pullback_of, "value_with_pullback", f, wrt)


class Pullback:
    """A linear map from cotangents of a result to tangents of the arguments."""

    whole_tangent = True  # as a value that is differentiated, it is one
    __slots__ = (
        "_active", "_args", "_function", "_kwargs", "_looks", "_operands", "_residual", "_seen", "_value",
        "callee_varies",
    )  # fmt: skip

    def __init__(
        self, f: Any, value: Any, residual: Any, active: Active, operands: list[Any], args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:  # fmt: skip
        self._function = f
        self._value = value
        self._residual = residual
        self._active = active
        self._args, self._kwargs = args, kwargs
        self._operands = operands
        watched = called_with(args, kwargs) | outside(f)
        if is_changeable(value) and (not isinstance(value, np.ndarray) or _keeps(residual, root_of(value))):
            watched["the result"] = value
        self._seen = [(what, x, fingerprint(x)) for what, x in watched.items() if is_changeable(x)]
        for x in held_elsewhere(residual, watched.values()):
            what = "a list" if x.__class__ is list else "an array"
            self._seen.append((f"{what} that is read in a call", x, fingerprint(x)))
        self._looks = EPOCH.scopes > 0 and debugging()
        self.callee_varies = False  # whether differentiated code made it of a function that captured what varies

    def __call__(self, cotangent: Tangent) -> Any:
        """The tangents that a cotangent of the result pulls back to."""
        try:
            return self._tangents(cotangent)
        except Exception as error:
            settle(error)
            raise

    def _tangents(self, cotangent: Tangent) -> Any:
        for what, x, before in self._seen:
            if fingerprint(x) != before:
                raise ChangedValueError(
                    f"{what} of {callable_name(self._function)} was changed between the forward sweep and the "
                    "pullback; call the pullback before changing it, or pass a copy"
                )
        g = self.entered(cotangent)
        tangents, complete = _outermost(self._residual, entering(g))
        result = handed_out(tangents, self._operands, cotangent, complete)
        if EPOCH.scopes and debugging():
            given = called_with(self._args, self._kwargs) | {"the cotangent": cotangent}
            look_at(result, given, callable_name(self._function), self._looks)
        return result

    def entered(self, cotangent: Tangent) -> Tangent:
        """A cotangent in the result's space."""
        g = project(cotangent, self._value, f"the cotangent of {callable_name(self._function)}'s result")
        if isinstance(self._value, int) and isinstance(cotangent, (int, float)):
            g = float(cotangent)  # `x if x > 0 else 0`: a number all the same
        elif g is NO_TANGENT:
            raise ArgumentError(
                f"the result of {callable_name(self._function)} is {describe(self._value)}, which has no tangent space"
            )
        return g

    def given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep other arguments, copies of its own, for what is made of it later."""
        self._args, self._kwargs = args, kwargs

    def __repr__(self) -> str:
        return f"<pullback of {shown_name(self._function)}: {self._from()} -> {self._to()}>"

    def _from(self) -> str:
        return space_of(self._value)

    def _to(self) -> str:
        tangents = [space_of(x) for x in self._operands]
        return tangents[0] if len(tangents) == 1 else f"({', '.join(tangents)})"

    def _repr_html_(self) -> str:
        rows = [("from a cotangent of the result", self._from()), ("to tangents of", self._to())]
        return Table(("", "form"), rows, code=frozenset({1})).html(f"pullback of {shown_name(self._function)}")


def called_with(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by what errors call them."""
    return {f"argument {i + 1}": a for i, a in enumerate(args)} | {f"argument `{k}`": v for k, v in kwargs.items()}


def outline(x: Any) -> Any:
    """An argument as it is given: the function may add to its lists and dicts."""
    if x.__class__ is list:
        return [outline(e) for e in x]
    if x.__class__ is tuple:
        return tuple([outline(e) for e in x])
    return {k: outline(v) for k, v in x.items()} if x.__class__ is dict else x


def _keeps(residual: Any, root: Any, depth: int = 8) -> bool:
    """Whether a residual holds the memory of the array that was returned."""
    if isinstance(residual, np.ndarray):
        return root_of(residual) is root
    return depth > 0 and isinstance(residual, (tuple, list)) and any(_keeps(r, root, depth - 1) for r in residual)


def _outermost(residual: Any, g: Tangent) -> tuple[Any, bool]:
    """The tangents of a pullback, and whether they are in the arguments' own spaces as these were given."""
    if residual[0] is alone:
        return totals_of(residual, g, True), True
    if residual[0] is picked and residual[1][0] is alone:
        return pick(residual, tuple(totals_of(residual[1], g, True))), True
    return residual[0](residual, g), False


def handed_out(
    tangents: tuple[Tangent, ...], operands: list[Any], cotangent: Any, complete: bool = False
) -> Any:
    """Tangents in their primals' own spaces, no two of them the same array."""
    out: list[Tangent] = []
    seen = {id(cotangent), *map(id, operands)}
    for t, x in zip(tangents, operands, strict=True):
        t = t if complete and t is not ZERO else project(t, x, "internal")
        if isinstance(t, np.ndarray):
            if id(t) in seen or t.base is not None or not t.flags.writeable:
                t = t.copy()
            seen.add(id(t))
        out.append(t)
    return out[0] if len(out) == 1 else tuple(out)


def _scalar_verb(f: Callable[..., Any], wrt: Wrt, with_value: bool) -> Callable[..., Any]:
    check_callable(f)

    current: Callable[..., Any]

    def specialise(*args: Any, **kwargs: Any) -> Any:
        """Find or generate the derivative for these arguments, and run it."""
        result = run(args, kwargs)
        if EPOCH.scopes and debugging():
            look_at(result, called_with(args, kwargs), callable_name(f), True)
        return result

    def run(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        nonlocal current
        active = active_operands(f, wrt, args, kwargs)
        if not is_plain_function(f):
            left = leaving_arguments(f, args, kwargs)
            if left is f:
                return _by_pullback(f, args, kwargs, active, with_value)
            held, named_ = snapshot((args, kwargs))
            result = _by_pullback(left, held, named_, active, with_value)
            f(*args, **kwargs)  # for what it changes
            return result
        made, derivative, stable = _joint(f, wrt, args, kwargs, active, with_value, specialise)
        if derivative.always_zero is not None:
            result = made(*args, **kwargs)  # an error says more than the warning
            warn_of(derivative.always_zero)
            return result
        if stable and not EPOCH.scopes:
            current = made
        return made(*args, **kwargs)

    current = specialise

    def gradient_of(*args: Any, **kwargs: Any) -> Any:
        try:
            return current(*args, **kwargs)
        except Exception as error:
            settle(error)
            raise

    return named(gradient_of, "value_with_gradient" if with_value else "gradient", f, wrt)


def _joint(
    f: Any,
    wrt: Wrt,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    active: Active,
    with_value: bool,
    specialise: Callable[..., Any],
) -> tuple[Callable[..., Any], Derivative, bool]:
    """The joint function for a call, and whether its own guards decide if it fits the next call."""
    bound_self = (f.__self__,) if isinstance(f, types.MethodType) else ()
    function: types.FunctionType = f.__func__ if bound_self else f
    full = (*bound_self, *args)
    names = bind_parameters(function.__code__, len(full), tuple(kwargs))
    if names is None:
        function(*full, **kwargs)  # raises Python's own TypeError for such a call
        raise ArgumentError(f"{callable_name(f)} cannot be called with these arguments")
    values = dict(zip(names, (*full, *kwargs.values()), strict=True))
    chosen = frozenset(names[a + len(bound_self)] if isinstance(a, int) else a for a in active)
    kinds = {p: kind_of(v) for p, v in values.items()}
    request = Request(chosen, frozenset(), tuple(sorted((p, k.key) for p, k in kinds.items())), JOINT, with_value)
    derivative = find(function, request, values)
    made: Callable[..., Any]
    if bound_self:
        inner = derivative.make(function, lambda _self, *a, **k: specialise(*a, **k))
        made = types.MethodType(inner, f.__self__)
    else:
        made = derivative.make(function, specialise)
    unseen = any(k.mask & _CONTAINERS and p not in chosen for p, k in kinds.items()) and wrt is None
    defaults = len(values) < function.__code__.co_argcount + function.__code__.co_kwonlyargcount
    return made, derivative, not unseen and not defaults


def always_zero(f: Callable[..., Any], wrt: Wrt, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Diagnostic | None:
    """The warning that a gradient is always zero, where its code says so; raises where that is an error."""
    if not is_plain_function(f):
        return None
    found = _joint(f, wrt, args, kwargs, active_operands(f, wrt, args, kwargs), False, f)[1].always_zero
    if found is not None and found.severity == "error":
        raise DifferentiabilityError(found)
    return found


def _by_pullback(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active, with_value: bool) -> Any:
    """The gradient of a callable that is not a plain function: a rule's, a method's, an object's."""
    operands = [outline(args[a] if isinstance(a, int) else kwargs[a]) for a in active]
    value, residual = call(f, args, active, kwargs or None, outermost=True)
    g = seed(value)
    found, complete = _outermost(residual, g)
    tangents = handed_out(found, operands, g, complete)
    return (value, tangents) if with_value else tangents


def check_callable(f: Any) -> None:
    """Raise where a verb was given something that is no function."""
    if not callable(f):
        raise ArgumentError(f"a function is needed, not {describe(f)}: write gradient(f)(x), not gradient(f(x))")
    if isinstance(f, types.FunctionType) and f.__code__.co_flags & _UNFINISHED:
        _refuse_unfinished(f)


def _refuse_unfinished(f: types.FunctionType) -> None:
    """A generator or coroutine function returns before it has computed anything: at its line."""
    source = acquire(f)
    refuse(check(source.node, source.filename) or [generator_refused(source)])


def named(made: F, verb: str, f: Any, wrt: Wrt = None) -> F:
    """The function that a verb returns, under the name of the verb and of what it was given."""
    marked: Any = made
    marked.__name__ = marked.__qualname__ = f"{verb}({describe_call(f)})"
    marked.__doc__ = f"The {verb} of {describe_call(f)}."
    marked._pullback_verb = (verb, f, wrt)
    return made


MAKERS.update(gradient=gradient, value_with_gradient=value_with_gradient)
