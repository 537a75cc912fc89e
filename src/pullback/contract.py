"""`@differentiable`: a contract, checked when the definition runs.

    @pb.differentiable
    def f(x):
        return float(int(x))        error[non-differentiable-result], here and now, with a caret under `int(x)`

The function is not called. It is returned as it was: the contract changes nothing of what the verbs do with it.
"""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, overload

from pullback.arguments import Wrt
from pullback.errors import ArgumentError, DifferentiabilityError, warn_of
from pullback.evidence import (
    NUMBERS,
    WHOLE,
    every_parameter,
    has_no_tangent,
    is_method,
    parameter_nodes,
    parameters_described,
)
from pullback.fence import check, generator_refused
from pullback.fields import field_findings
from pullback.findings import Checker, Findings, is_constant, unique
from pullback.names import Names
from pullback.pipeline import LOCK
from pullback.readable import lacks_derivative
from pullback.rules import callable_name, lookup
from pullback.source import Source, acquire, place_of
from pullback.spans import Diagnostic, Span
from pullback.structs import is_struct_class

T = TypeVar("T")
_GENERATOR, _COROUTINE = 0x20, 0x280
_OPERATORS = frozenset({
    "__call__", "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__",
    "__pow__", "__rpow__", "__matmul__", "__rmatmul__", "__neg__", "__pos__", "__abs__",
})  # fmt: skip


class ContractError(DifferentiabilityError, ArgumentError):
    """`wrt` names something that a function cannot be differentiated with respect to."""


@overload
def differentiable(target: T, /) -> T: ...
@overload
def differentiable(*, wrt: Wrt = None) -> Callable[[T], T]: ...
def differentiable(target: Any = None, /, *, wrt: Wrt = None) -> Any:
    """Check that a function, method, property or class can be differentiated, when it is defined.

    `wrt` names the parameters that are differentiated (default: every positional one that is not annotated as an
    int, a string or the like). What cannot be differentiated raises `DifferentiabilityError` here, all of it
    together, with file, line and caret, through the functions that are called; a result that depends on none of the
    parameters is a `ZeroDerivativeWarning`. Nothing is called, and `target` itself is returned. What only a call can
    tell is reported by the first derivative, as without the decorator. Of a class its fields are checked, `__call__`,
    operators, properties and the methods without an underscore.

    >>> @differentiable
    ... def cube(x): return x ** 3
    >>> cube(2.0)
    8.0
    """
    if target is None:
        return functools.partial(_checked, wrt=wrt)
    return _checked(target, wrt)


def _checked(target: T, wrt: Wrt) -> T:
    errors: list[Diagnostic] = []
    warnings: list[Diagnostic] = []
    for diagnostic in findings(target, wrt):
        (errors if diagnostic.severity == "error" else warnings).append(diagnostic)
    for diagnostic in warnings:  # (those too where there are errors: everything is told at once)
        warn_of(diagnostic)
    if errors:
        kind = ContractError if any(d.id.startswith("wrt") for d in errors) else DifferentiabilityError
        raise kind(*errors)
    return target


def findings(target: Any, wrt: Wrt = None, checker: Checker | None = None) -> list[Diagnostic]:
    """Everything that is wrong with a definition, errors and warnings. Raises ArgumentError for what is none.

    A `checker` that has checked other definitions knows the functions that they call.
    """
    if isinstance(target, type):
        with LOCK:
            return unique(list(_of_class(target, wrt)))
    parts: list[Any]
    if isinstance(target, property):
        parts = [f for f in (target.fget,) if f is not None]
    elif isinstance(target, (staticmethod, classmethod, functools.cached_property)):
        parts = [getattr(target, "__func__", None) or getattr(target, "func", None)]
    elif callable(target):
        parts = [target]
    else:
        raise ArgumentError(
            f"differentiable decorates a function, a method, a property or a class, not {target!r}: "
            "write @pb.differentiable, or @pb.differentiable(wrt=...)"
        )
    bound = isinstance(target, (classmethod, types.MethodType))
    with LOCK:
        return unique([d for part in parts for d in _of_callable(part, wrt, bound, checker)])


def _of_callable(target: Any, wrt: Wrt, bound: bool, checker: Checker | None) -> list[Diagnostic]:
    if lookup(target) is not None or hasattr(target, "_pullback_verb"):
        return []
    function = _python_function(target)
    if function is None:
        refused = lacks_derivative(target)
        return [] if refused is None else [Diagnostic(refused.id, *_parts(refused))]
    code = function.__code__
    if code.co_flags & (_GENERATOR | _COROUTINE):
        return _unfinished(function)
    try:
        source = acquire(function)
    except DifferentiabilityError as error:
        return [Diagnostic(error.id, *_parts(error))]
    chosen = active_parameters(function, source, wrt)
    if isinstance(chosen, Diagnostic):
        return [chosen]
    given = parameters_described(function, source.node, Names(function), bound)
    if wrt is not None:
        given |= {p: WHOLE for p in chosen if given[p] != NUMBERS}
    elif bound:
        chosen = tuple(p for p in chosen if p != function.__code__.co_varnames[0])
    found = (checker or Checker(function)).check(function, frozenset(chosen), given)
    return [*found.diagnostics, *found.cut, *_zero(function, source, found)]


def _parts(error: DifferentiabilityError) -> tuple[str, None, str, tuple[()], tuple[()], str]:
    message, _, instead = str(error).partition("; ")
    return message, None, "", (), (), instead


def _python_function(target: Any) -> types.FunctionType | None:
    """The Python function that a call of `target` runs; None where there is none, or arguments are bound already."""
    target = getattr(target, "__func__", target)
    if isinstance(target, functools._lru_cache_wrapper):
        target = target.__wrapped__
    return target if isinstance(target, types.FunctionType) else None


def _unfinished(function: types.FunctionType) -> list[Diagnostic]:
    source = acquire(function)
    return check(source.node, source.filename) or [generator_refused(source)]


def _zero(function: types.FunctionType, source: Source, found: Findings) -> Iterator[Diagnostic]:
    """The warning of a result that depends on nothing; not of a function that is still to be written."""
    if found.zero is None or found.diagnostics:
        return
    body = getattr(source.node, "body", None)
    statements = body if isinstance(body, list) else []
    returns = any(isinstance(r, ast.Return) and r.value is not None for s in statements for r in ast.walk(s))
    if statements and not returns:
        return  # abstract, or for its effects
    if found.zero.span is not None:
        yield found.zero


def active_parameters(function: types.FunctionType, source: Source, wrt: Wrt) -> tuple[str, ...] | Diagnostic:
    """The parameters that are differentiated, or what is wrong with `wrt`."""
    node = source.node
    place = place_of(function)
    positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    nodes = {a.arg: a for a in every_parameter(node)}
    name = callable_name(function)

    def refused(id: str, message: str, span: Span | None = place, help: str = "") -> Diagnostic:
        return Diagnostic(id, message, span, "", help=help)

    if wrt is None:
        chosen = tuple(a.arg for a in parameter_nodes(node) if not has_no_tangent(a.annotation))
        if chosen:
            return chosen
        listed = ", ".join(f"`{p}`" for p in positional)
        annotated = f"its parameters {listed} are annotated as ints or strings"
        what = annotated if listed else "it takes no positional argument"
        return refused(
            "nothing-to-differentiate", f"`{name}` has nothing to differentiate: {what}",
            help="annotate what is differentiated as `float` or `np.ndarray`, and pass floats",
        )  # fmt: skip
    wanted = wrt if isinstance(wrt, tuple) else (wrt,)
    if not wanted:
        return refused("wrt-type", f"`wrt` of `{name}` is empty", help="name at least one parameter")
    counted = positional[1:] if is_method(function, node) else positional
    found: list[str] = []
    for item in wanted:
        if isinstance(item, bool) or not isinstance(item, (str, int)):
            return refused("wrt-type", f"`wrt` takes parameter names and positions, not {item!r}",
                           help="write wrt=\"x\", wrt=0, or a tuple of those")  # fmt: skip
        if isinstance(item, int) and not -len(counted) <= item < len(counted):
            return refused("wrt-unknown", f"wrt={item}: `{name}` has {len(counted)} positional parameters",
                           help=f"its parameters are {', '.join(nodes)}")  # fmt: skip
        parameter = counted[item] if isinstance(item, int) else item
        if parameter not in nodes:
            return refused("wrt-unknown", f"wrt={item!r}: `{name}` has no parameter of that name",
                           help=f"its parameters are {', '.join(nodes)}")  # fmt: skip
        span = Span.of(source.filename, nodes[parameter])
        if parameter in found:
            return refused("wrt-duplicate", f"`wrt` names the parameter `{parameter}` of `{name}` twice", span,
                           help="name each parameter once")  # fmt: skip
        if has_no_tangent(nodes[parameter].annotation):
            return refused(
                "wrt-not-differentiable",
                f"`{name}` cannot be differentiated with respect to `{parameter}`, whose type has no tangent space",
                span, help="annotate it as `float` and pass a float, or leave it out of `wrt`",
            )  # fmt: skip
        found.append(parameter)
    return tuple(found)


def _of_class(cls: type, wrt: Wrt) -> Iterator[Diagnostic]:
    """What is wrong with a class: its fields, and the methods of its own."""
    if wrt is not None:
        raise ContractError(
            f"wrt is for functions; {cls.__name__} is a class: mark a constant field with pb.no_derivative",
            id="wrt-type",
        )
    yield from field_findings(cls)
    has_fields = is_struct_class(cls) or hasattr(cls, "zero_tangent") or _is_layer(cls)
    for name, value in list(vars(cls).items()):
        if name.startswith("_") and name not in _OPERATORS:
            continue
        static = isinstance(value, staticmethod)
        function: Any = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not isinstance(function, types.FunctionType) or lookup(function) is not None:
            continue
        if function.__code__.co_flags & (_GENERATOR | _COROUTINE):
            continue
        try:
            source = acquire(function)
        except DifferentiabilityError:
            continue  # made by a decorator, such as `dataclass`
        nodes = parameter_nodes(source.node)
        chosen = [a.arg for a in nodes if not has_no_tangent(a.annotation)]
        first = nodes[0].arg if nodes and not static else ""
        if isinstance(value, classmethod) or not has_fields:
            chosen = [p for p in chosen if p != first]
        known = {first: cls} if first and not isinstance(value, classmethod) else {}
        given = {first: WHOLE} if first in chosen else {}
        found = Checker(function).check(function, frozenset(chosen), given, classes=known) if chosen else Findings()
        if not is_constant(found.kind):
            yield from (*found.diagnostics, *found.cut)
            zero = found.zero
            if zero is None or zero.severity != "error":
                continue
            if not (isinstance(value, property) and zero.id == "no-derivative-field"):
                yield zero


def _is_layer(cls: type) -> bool:
    return any(b.__name__ == "Layer" and b.__module__.startswith("pullback.nn") for b in cls.__mro__)


