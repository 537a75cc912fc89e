"""Calls whose callee, or the meaning of whose operator, is found at run time.

    y, r = call(f, (x, n), active=(0,))      then      (x_bar,) = r[0](r, y_bar)

The order of lookup: a registered derivative of the very object, then what the object is: a Python
function (its generated pair), a method, a class, a partial, a callable object. Where nothing fits,
the error names the function and how to register a derivative; it is given the user's line on its way
out.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import types
from collections.abc import Callable, Iterator
from typing import Any

from pullback.analysing import function_changes
from pullback.applying import Residual, apply_rule, apply_vjp, bind, other_form, reverse_vjp, rule_operands
from pullback.changing import LIKELY
from pullback.construct import construct
from pullback.effects import is_caller, may_mutate
from pullback.errors import DifferentiabilityError
from pullback.kinds import STRUCT, kind_of
from pullback.operations import type_call
from pullback.python_calls import Plan, call_function, element, has_tangent, picked
from pullback.rules import EPOCH, Active, Entry, callable_name, lookup
from pullback.spaces import is_differentiable
from pullback.tangents import ZERO, Tangent
from pullback.template_functions import caller_of
from pullback.vjp_rules import VjpRule


def no_tangents(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The reverse of a call that carries no derivative."""
    count: int = residual[1]
    return (ZERO,) * count


def _scattered(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """Tangents of some operands, put in their places among all active ones."""
    _, inner, places, count = residual
    out: list[Tangent] = [ZERO] * count
    for place, t in zip(places, inner[0](inner, g), strict=True):
        out[place] = t
    return tuple(out)


def call(
    fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any] | None = None, outermost: bool = False
) -> tuple[Any, Residual]:
    """The value of `fn(*args, **kwargs)` and the residual of its pullback, for the active operands.

    A verb's call is the `outermost`: its function may change what it is given.
    """
    key = None
    if not kwargs and not EPOCH.scopes:
        if EPOCH.now != _plans_epoch:
            _forget_plans()
        cls = fn.__class__
        if cls is not types.FunctionType:
            key = (cls, active, *map(element, args))
            plan = _plans.get(key)
            if plan is not None and type_call(cls) is plan[0] and _as_planned(plan):
                return _planned(plan, (fn, *args))
        elif fn.__closure__ is None:
            key = (id(fn), active, *map(element, args))
            plan = _plans.get(key)
            if plan is None:
                rule = _rules.get(key)
                if rule is not None:
                    return apply_vjp(rule, args, {}, active)
            elif _as_planned(plan):
                return _planned(plan, args)
    kwargs = kwargs or {}
    values: dict[Any, Any] = {-1: fn, **dict(enumerate(args)), **kwargs}
    places = [i for i, operand in enumerate(active) if has_tangent(values[operand])]
    if len(places) == len(active):
        return _call(fn, args, active, kwargs, key, outermost)
    if not places:
        return fn(*args, **kwargs), (no_tangents, len(active))
    value, inner = call(fn, args, tuple(active[i] for i in places), kwargs, outermost)
    return value, (_scattered, inner, places, len(active))


def call_alone(
    fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any] | None = None
) -> tuple[Any, Residual]:
    """The same of a Python function that changes nothing of what it is given, as is looked at when it has run."""
    values: dict[Any, Any] = {-1: fn, **dict(enumerate(args)), **(kwargs or {})}
    plain = isinstance(fn, types.FunctionType) and lookup(fn) is None
    if not (plain and all(has_tangent(values[a]) for a in active)):
        return call(fn, args, active, kwargs)
    return call_function(fn, args, active, kwargs or {}, lambda _: None, alone=True)


VERB_PULLBACKS: dict[str, Any] = {}  # the call of what `gradient(f)` and the like return, put here by `nesting`
_plans: dict[Any, Plan] = {}
_rules: dict[Any, VjpRule] = {}  # the registered derivative of a function, for arguments of such types
_plans_epoch = -1


def _forget_plans() -> None:
    global _plans_epoch
    _plans.clear()
    _rules.clear()
    _plans_epoch = EPOCH.now


def _as_planned(plan: Plan) -> bool:
    """Whether the function still runs the code, with the defaults, that its plan was made for."""
    function = plan[0]
    return function.__code__ is plan[3] and function.__defaults__ is plan[1].__defaults__


def _planned(plan: Plan, args: tuple[Any, ...]) -> tuple[Any, Residual]:
    _, forward, places, _, _ = plan
    if places is None:
        return forward(*args)  # type: ignore[no-any-return]
    value, inner = forward(*args)
    return value, (picked, inner, *places)


def _call(
    fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any], key: Any = None, outermost: bool = False
) -> tuple[Any, Residual]:
    """The order of lookup; `key` is where a plan for the next such call may be kept."""
    entry = lookup(fn)
    if entry is None and isinstance(fn, types.MethodType):
        if fn.__name__ == "_make" and isinstance(fn.__self__, type) and hasattr(fn.__self__, "_fields"):
            return CALLABLES["_make"](fn, args, kwargs, active)  # type: ignore[no-any-return]
        return _call(fn.__func__, (fn.__self__, *args), shifted(active), kwargs, None, outermost)
    if entry is not None:
        covered = _registered(entry, args, kwargs, active)
        if covered is not None:
            if key is not None and covered[1][0] is reverse_vjp and fn.__class__ is types.FunctionType:
                rule, operands = covered[1][1], covered[1][4]
                if set(active) <= {operand for operand, _ in operands} and len(_rules) < 4096:
                    _rules[key] = rule  # (whatever the values are: all that are active are covered)
            return covered
    if hasattr(fn, "_pullback_verb"):
        return VERB_PULLBACKS["call"](fn, args, kwargs, active)  # type: ignore[no-any-return]
    if isinstance(fn, types.FunctionType):
        if args and hasattr(fn, "registry") and hasattr(fn, "dispatch"):  # functools.singledispatch
            return call(fn.dispatch(type(args[0])), args, active, kwargs)

        def keep(plan: Plan) -> None:
            if key is not None and not EPOCH.scopes:
                if len(_plans) > 4096:  # functions that are made anew and called once
                    _plans.clear()
                _plans[key] = plan

        return call_function(fn, args, active, kwargs, keep, strict=not outermost, outermost=outermost)
    if isinstance(fn, type):
        return construct(fn, args, kwargs, active)
    own = CALLABLES.get(type(fn))
    if own is not None:
        return own(fn, args, kwargs, active)  # type: ignore[no-any-return]
    if isinstance(fn, functools._lru_cache_wrapper):
        return _call(fn.__wrapped__, args, active, kwargs)
    if isinstance(fn, (types.BuiltinMethodType, types.MethodWrapperType)) and not inspect.ismodule(fn.__self__):
        by_class = CALLABLES.get((fn.__self__, fn.__name__)) if isinstance(fn.__self__, type) else None
        if by_class is not None:
            return by_class(fn, args, kwargs, active)  # type: ignore[no-any-return]
        owner = getattr(type(fn.__self__), fn.__name__, None)
        if owner is not None and fn.__self__ is not None and not isinstance(fn.__self__, type):
            return _call(owner, (fn.__self__, *args), shifted(active), kwargs)
    unwrapped = UNWRAPPED.get(type(fn).__name__)
    if unwrapped is not None and hasattr(fn, unwrapped):
        return _call(getattr(fn, unwrapped), args, active, kwargs)
    method = type_call(type(fn))
    if isinstance(method, types.FunctionType):
        return _call(method, (fn, *args), shifted(active), kwargs, key, outermost)
    raise no_derivative_of(fn)


ASKED: list[Callable[..., Any]] = []  # these, `watched` and `is_quiet`, are put here by their module
WATCHED: list[Callable[..., Any]] = []
IS_QUIET: list[Callable[..., Any]] = []
CALLABLES: dict[Any, Callable[..., Any]] = {}  # objects that are called, by class; (class, class method)
UNWRAPPED = {"CPUDispatcher": "py_func", "PjitFunction": "__wrapped__"}


def shifted(active: Active) -> Active:
    """The operands of a method call once the object is the first argument."""
    found = _SHIFTED.get(active)
    if found is None:
        found = _SHIFTED[active] = tuple(a + 1 if isinstance(a, int) else a for a in active)
    return found


_SHIFTED: dict[Active, Active] = {}


def after_callee(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The tangents of a call's operands where the callee is active by name only."""
    inner = residual[1]
    return (ZERO, *inner[0](inner, g))


def no_derivative_of(fn: Any) -> DifferentiabilityError:
    """The error for a function with neither a rule nor a source; Python's own for what cannot be called."""
    if not callable(fn):
        raise TypeError(f"'{type(fn).__name__}' object is not callable")
    name = callable_name(fn)
    return DifferentiabilityError(
        f"no derivative is known for `{name}`; register one with @pb.derivative(of={name}), "
        f"or wrap its differentiated arguments in pb.without_derivative"
    )


def _registered(
    entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active
) -> tuple[Any, Residual] | None:
    """A call through what is registered for the function, if it covers the active operands."""
    values: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
    for vjp in entry.vjps:
        if vjp.forward:
            continue
        covered = {operand for operand, _ in rule_operands(vjp, args, kwargs)}
        if all(a in covered or a == -1 or not is_differentiable(values[a]) for a in active):
            if -1 not in active:
                return apply_vjp(vjp, args, kwargs, active)
            refuse_captures(entry.function)
            value, residual = apply_vjp(vjp, args, kwargs, tuple(a for a in active if a != -1))
            return value, (after_callee, residual)
    if entry.protocol is not None:
        own = entry.protocol(entry.function, args, kwargs, tuple(a for a in active if a != -1))
        if own is not None:
            value, residual = own
            return value, residual if -1 not in active else (after_callee, residual)
    if entry.stand_in is not None:
        value, residual = call(entry.stand_in, args, tuple(a for a in active if a != -1), kwargs)
        return value, residual if -1 not in active else (after_callee, residual)
    if entry.intrinsic is not None:
        value, residual = entry.intrinsic(args, kwargs, tuple(a for a in active if a != -1))
        return value, residual if -1 not in active else (after_callee, residual)
    if entry.constant:
        return ASKED[0](entry.function, *args, **kwargs), (no_tangents, len(active))
    if entry.rule is not None:
        inner = tuple(a for a in active if a != -1)
        other = other_form(entry.rule, kwargs) if kwargs else None
        if other is not None:
            value, residual = call(other, args, inner, kwargs)
        elif entry.rule.elementwise and any(isinstance(a, (list, tuple)) for a in args):
            value, residual = call(caller_of(entry.function, args, kwargs, True), args, inner, kwargs)
        else:
            value, residual = apply_rule(entry.rule, args, kwargs, inner)
        return value, residual if -1 not in active else (after_callee, residual)
    return None


def refuse_captures(function: Any) -> None:
    """Refuse a user's derivative of a function that captures what is differentiated."""
    if isinstance(function, types.FunctionType) and not _may_capture(function):
        return
    captured = ", ".join(f"`{n}`" for n in getattr(getattr(function, "__code__", None), "co_freevars", ()))
    raise DifferentiabilityError(
        f"the derivative registered for {callable_name(function)} cannot return the tangent of what the "
        f"function captures ({captured or 'its variables'}); pass it as an argument"
    )


def _may_capture(function: types.FunctionType) -> bool:
    """Whether a function was made inside another one, and holds something that may be differentiated."""
    if "<locals>" not in function.__qualname__:
        return False
    captured = [c.cell_contents for c in function.__closure__ or () if c != types.CellType()]
    held = [*captured, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return any(map(has_tangent, held))


def plainly(fn: Any) -> Any:
    """A function that a library function calls for what to choose or keep: it must change nothing."""
    if changes_something(fn):
        raise DifferentiabilityError(
            f"{callable_name(fn)} changes values in place while a library function calls it, so that its effect would "
            "be lost; compute the keys in a loop before"
        )
    return fn


def changes_something(fn: Any) -> bool:
    """Whether a call of a Python function changes something that outlives it, as far as its code tells."""
    function = fn.__func__ if isinstance(fn, types.MethodType) else fn
    if isinstance(fn, types.BuiltinMethodType):
        return may_mutate(fn)
    if not isinstance(function, types.FunctionType) or lookup(function) is not None:
        return False
    kinds = {}
    if isinstance(fn, types.MethodType):
        kinds = {n: kind_of(fn.__self__) for n in function.__code__.co_varnames[:1]}
    level = function_changes(function, kinds)
    return level >= LIKELY or (level > 0 and may_mutate(fn))


def _by_classes(fn: Any, args: tuple[Any, ...]) -> int:
    """Whether a Python function changes something by a method of the class of what it is given."""
    function, given = (fn.__func__, (fn.__self__, *args)) if isinstance(fn, types.MethodType) else (fn, args)
    if not isinstance(function, types.FunctionType) or lookup(function) is not None:
        return 0
    kinds = {n: kind_of(x) for n, x in zip(function.__code__.co_varnames, given, strict=False)}
    if not any(k.mask == STRUCT for k in kinds.values()):
        return 0
    return function_changes(function, kinds) or int(not all(IS_QUIET[0](type(x)) for x in given))


def _watched_later(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An iterator such as a `map`, of which each call of its function is watched when it is made."""
    if fn in (itertools.accumulate, itertools.groupby) and not all(
        IS_QUIET[0](type(x)) for xs in args[:1] for x in ((xs, *xs) if isinstance(xs, (list, tuple)) else (xs,))
    ):
        raise DifferentiabilityError(
            f"{callable_name(fn)} runs methods that may change a differentiated value, so that their effect would "
            "be lost; use a loop",
            id="mutation",
        )

    def watching(given: Any) -> Any:
        if given is None and fn in (filter, itertools.filterfalse):
            given = bool
        if callable(given) and not hasattr(type(given), "__iter__"):
            return functools.partial(ASKED[0], given)
        return given

    return ASKED[0](fn, *map(watching, args), **{k: watching(v) for k, v in kwargs.items()})


def observe(fn: Any, *args: Any, **kwargs: Any) -> Any:
    """A call whose result needs no derivative: made as it is, unless it could change a differentiated value."""
    entry, operands = lookup(fn), args
    if entry is None and isinstance(fn, types.BuiltinMethodType):
        entry, operands = lookup(getattr(type(fn.__self__), fn.__name__, None)), (fn.__self__, *args)
    plain = entry is not None and entry.rule is not None and not entry.vjps
    if entry is not None and entry.rule is not None and plain and other_form(entry.rule, kwargs) is None:
        bind(entry.rule, operands, kwargs)  # raises for a call that the rule does not cover, such as one with `out=`
    if is_caller(fn):
        for given in (*args, *kwargs.values()):
            plainly(given)
        if isinstance(fn, type) and issubclass(fn, Iterator):
            return _watched_later(fn, args, kwargs)
        return ASKED[0](fn, *args, **kwargs)
    if may_mutate(fn, args, kwargs) or (level := _by_classes(fn, args)) >= LIKELY:
        raise DifferentiabilityError(
            f"{callable_name(fn)} may change a differentiated argument in place, which is not differentiated yet; "
            "let it return the new value instead",
            id="mutation",
        )
    if level:
        return WATCHED[0](fn, args, kwargs)
    if entry is not None or isinstance(fn, types.BuiltinFunctionType):
        return ASKED[0](fn, *args, **kwargs)
    return fn(*args, **kwargs)
