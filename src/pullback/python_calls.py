"""Calls of Python functions found at run time, through their own generated pairs.

    call_function(f, (x, 3), active=(0,), ...)   ->   f(x, 3) and what f's reverse function needs

Operands are matched to parameters, those that `*args` and `**kwargs` collect included, and a closure's
captured variables return their tangents in a dict.
"""

from __future__ import annotations

import enum
import inspect
import io
import random
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.calls import bind_parameters
from pullback.cells import on_cells
from pullback.drawing import Drawn
from pullback.errors import CHANGED, DifferentiabilityError, warn_of
from pullback.fingerprints import deep_fingerprint
from pullback.generated import Request
from pullback.kinds import kind_of
from pullback.pipeline import find, pair_for
from pullback.rules import EPOCH, Active, callable_name, refuse_library_code
from pullback.shadows import Shadows
from pullback.spaces import entering
from pullback.tangents import NO_TANGENT, ZERO, Tangent

# for a call site: the function (held), its forward sweep, the operands' places, the code that this was made for
Plan = tuple[Any, Any, Any, types.CodeType, bool]  # with the function, its pair, and whether it changes something
_CONSTANT_TYPES = (
    int, str, bytes, type(None), np.integer, np.bool_, types.ModuleType, range, slice, random.Random,
    np.random.Generator, np.random.RandomState, io.IOBase, set, frozenset, type(ZERO), type(NO_TANGENT),
    enum.Flag,
)  # fmt: skip


def has_tangent(x: Any) -> bool:
    """Whether a value may carry a tangent at run time (containers and objects are not looked into)."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "fcO"
    if isinstance(x, types.FunctionType):
        return not (x.__closure__ is None and x.__defaults__ is None and x.__kwdefaults__ is None)
    return not isinstance(x, _CONSTANT_TYPES)


def coroutine_refused(fn: Any) -> DifferentiabilityError:
    """The error for a call of a coroutine function: it returns before it has computed anything."""
    return DifferentiabilityError(
        f"{callable_name(fn)} is a coroutine function, which is not differentiated; write an ordinary function",
        id="unsupported-syntax",
    )


def unforeseen(fn: Any, what: str = "a value") -> DifferentiabilityError:
    """The error for a call that changes something where its caller did not foresee that."""
    lost = "in place where that was not foreseen, so that its effect would be lost"
    if (getattr(fn, "__module__", None) or "").partition(".")[0] == "pullback":  # the derivative of such a change
        return DifferentiabilityError(
            f"a value is changed {lost} to the derivative of the derivative; build a new value instead", id="mutation"
        )
    return DifferentiabilityError(
        f"{callable_name(fn)} changes {what} {lost}; call it directly from the function that is differentiated, or let "
        "it return the new value",
        id="mutation",
    )


def call_function(
    fn: types.FunctionType,
    args: tuple[Any, ...],
    active: Active,
    kwargs: dict[str, Any],
    keep: Callable[[Plan], None],
    *,
    lent: bool = False,
    strict: bool | tuple[Any, ...] = True,
    fresh: str = "",
    outermost: bool = False,
    alone: bool = False,
) -> tuple[Any, Residual]:
    """A call through the function's own generated pair; `keep` is given the plan for the next such call.

    A caller that changes values in place has it `lent` its shadows; `strict` is one that did not foresee
    that something of its own is changed. The `outermost` call says if the derivative is always zero. One that is
    made `alone` may change nothing of what it is given, which is looked at when it has run.
    """
    if not outermost:  # (the state of the function that is differentiated is read by others)
        fn = on_cells(fn)
    code = fn.__code__
    if code.co_flags & 0x280:
        raise coroutine_refused(fn)
    captures = _active_captures(fn) if -1 in active else frozenset()
    defaults: list[str] = []
    operands = [a for a in active if a != -1]
    bound = bind_parameters(code, len(args), tuple(kwargs))
    if bound is not None:
        values: dict[str, Any] = dict(zip(bound, (*args, *kwargs.values()), strict=True))
        named = [bound[a] if isinstance(a, int) else a for a in operands]
        if -1 in active:
            defaults = [p for p, v in with_defaults(fn, {}).items() if p not in values and has_tangent(v)]
        order = [p for p in code.co_varnames if p in named or p in defaults]
        pick: Any = None if order == named else [order.index(p) for p in named]
    else:
        values, named, pick = _variadic(fn, args, kwargs, operands)
        if -1 in active:
            defaults = [p for p, v in with_defaults(fn, {}).items() if p not in values and has_tangent(v)]
        order = [p for p in signature_order(code) if p in named or p in defaults]
        pick = [(order.index(p), part) for p, part in pick]
    kinds = tuple(sorted((p, kind_of(v).key) for p, v in with_defaults(fn, values).items()))
    new = strict if isinstance(strict, tuple) else ()  # (values that it may change all the same)
    spared = frozenset(p for p, v in values.items() if alone or any(v is x for x in new))
    request = Request(frozenset(order), captures, kinds, lent=lent, strict=bool(strict), spared=spared)
    found = find(fn, request, values)
    sees_itself = found.hands_out_changing and not lent
    if sees_itself:  # (then its reverse sweep sees what it changes)
        request = replace(request, lent=True)
        found = find(fn, request, values)
    changes = [n for n in found.changes if n not in spared.union(fresh.split())] if strict else []
    if changes:
        raise unforeseen(fn, f"`{changes[0]}`")
    forward = pair_for(fn, request, values)
    guarded = {p: v for p, v in values.items() if p in found.reached - set(fresh.split())} if alone else {}
    before = {p: deep_fingerprint(v) for p, v in guarded.items()}
    given = tuple([(p, order.index(p)) for p in defaults])
    places = None if pick is None and -1 not in active else (pick, -1 in active, bool(captures), given)
    if code.co_flags & 0x20:
        if (lent or sees_itself) and found.changes:
            raise unforeseen(fn, f"`{found.changes[0]}`")
        if not lent and not sees_itself:
            running = Running(forward(*args, **kwargs))
            return running, (drawn_back, running, places)
        every: dict[Any, Any] = {-1: fn, **dict(enumerate(args)), **kwargs}
        stepping = Stepping(forward(*args, **kwargs), places, tuple([every[a] for a in active]))
        if sees_itself:
            stepping.operands, stepping.record = (), []
        return stepping, (stepped_alone, stepping)
    if fn.__closure__ is None and (lent or not found.changes) and found.always_zero is None:
        keep((fn, forward, places, code, bool(found.changes)))
    try:
        value, inner = forward(*args, **kwargs)
    except Exception as error:
        if found.changes:
            setattr(error, CHANGED, callable_name(fn))
        raise
    changes = [p for p, v in guarded.items() if deep_fingerprint(v) != before[p]]
    if changes:
        raise unforeseen(fn, f"`{changes[0]}`")
    if outermost and found.always_zero is not None:
        warn_of(found.always_zero)
    if places is None:
        return value, inner
    return value, (_picked_shared if lent else picked, inner, *places)


def call_function_shared(
    fn: types.FunctionType, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any],
    strict: bool | tuple[Any, ...] = False, fresh: str = "", alone: bool = False,
) -> tuple[Any, Residual]:  # fmt: skip
    """The same for a caller that changes values in place: the reverse function works on its shadows."""
    if fn.__code__.co_flags & 0x20:  # a generator changes nothing: what it draws is handed on
        value, inner = call_function(fn, args, active, kwargs, lambda _: None)
        return value, (_by_value, inner, len(active))
    key = None
    if not kwargs and fn.__closure__ is None and not EPOCH.scopes and not alone:
        spared = strict if not isinstance(strict, tuple) else tuple(any(a is x for x in strict) for a in args)
        key = (id(fn), EPOCH.now, active, spared, fresh, *map(element, args))
        plan = _shared_plans.get(key)
        if plan is not None and fn.__code__ is plan[3]:
            return planned_shared(plan, args)

    def keep(plan: Plan) -> None:
        if key is not None:
            if len(_shared_plans) > 4096:
                _shared_plans.clear()
            _shared_plans[key] = plan

    return call_function(fn, args, active, kwargs, keep, lent=True, strict=strict, fresh=fresh, alone=alone)


_shared_plans: dict[Any, Plan] = {}


def plan_shared(fn: types.FunctionType, args: tuple[Any, ...], active: Active, strict: bool) -> Plan | None:
    """The plan that an earlier such call left; it was made where all active operands have tangents."""
    if fn.__closure__ is not None or EPOCH.scopes:
        return None
    plan = _shared_plans.get((id(fn), EPOCH.now, active, strict, "", *map(element, args)))
    return plan if plan is not None and fn.__code__ is plan[3] else None


def planned_shared(plan: Plan, args: tuple[Any, ...]) -> tuple[Any, Residual]:
    """A call by a plan."""
    fn, forward, places, _, changes = plan
    try:
        value, inner = forward(*args)
    except Exception as error:
        if changes:
            setattr(error, CHANGED, callable_name(fn))  # it may have changed something by then
        raise
    return value, inner if places is None else (_picked_shared, inner, *places)


def element(x: Any) -> Any:
    """What of an argument a plan for calls depends on: its class, an array's dtype, whether a function captures."""
    cls = x.__class__
    if cls is np.ndarray:
        return x.dtype
    if cls is types.FunctionType:
        return has_tangent(x)
    return cls


def _by_value(residual: Residual, g: Tangent, shadows: Any) -> tuple[Tangent, ...]:
    _, inner, count = residual
    return (ZERO,) * int(count) if g is ZERO else tuple(inner[0](inner, g))


def _picked_shared(residual: Residual, g: Tangent, shadows: Any) -> tuple[Tangent, ...]:
    inner = residual[1]
    return pick(residual, inner[0](inner, g, shadows))


def picked(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The tangents of a pair's parameters, as those of the call's operands."""
    inner = residual[1]
    return pick(residual, inner[0](inner, g))


def pick(residual: Residual, tangents: tuple[Tangent, ...]) -> tuple[Tangent, ...]:
    """The tangents of a call's operands, from those of the function's parameters."""
    _, _, pick, has_callee, has_captures, defaults = residual
    captured: tuple[Tangent, ...] = ()
    if has_captures:
        captured, tangents = tangents[:1], tangents[1:]
    elif has_callee:
        captured = (ZERO,)
    if defaults:
        made = {f"default {p}": tangents[position] for p, position in defaults}
        captured = (made if captured[0] is ZERO else {**captured[0], **made},)
    if pick is None:
        return (*captured, *tangents)
    out: list[Tangent] = []
    for choice in pick:
        if isinstance(choice, int):
            out.append(tangents[choice])
            continue
        position, part = choice
        t = tangents[position]
        if part is not None and t is not ZERO:
            t = t.get(part, ZERO) if isinstance(t, dict) else t[part]
        out.append(t)
    return (*captured, *out)


class Running(Drawn):
    """A generator's forward sweep, under way."""

    __slots__ = ("_ended",)
    makes_items = True  # what it hands on may be new

    def __init__(self, generator: Any) -> None:
        super().__init__(generator)
        self._ended: Any = None

    def __next__(self) -> Any:
        if self._ended is not None:
            raise StopIteration
        try:
            item = next(self.items)
        except StopIteration as end:
            self._ended = end.value
            raise StopIteration from None
        self.taken += 1
        if self.record is not None:
            self.record.append(item)
        return item

    def close(self) -> None:
        """End the generator, as its own `close` does."""
        if self.taken:
            self.ended()
        else:
            self.items.close()  # type: ignore[attr-defined]

    def ended(self) -> Any:
        """What it yielded, and the residual of what has run: a generator that was left early ends here."""
        if self._ended is None and self.taken:
            try:
                self.items.send(True)  # type: ignore[attr-defined]
            except StopIteration as end:
                self._ended = end.value
        if self._ended is None:
            raise DifferentiabilityError(
                "a generator that raised an exception, or that went on when it was to end, has no derivative"
            )
        return self._ended


class Stepping(Running):
    """The same for a caller that changes values: it is reversed in step with what that undoes."""

    __slots__ = ("_places", "given")
    in_step = True

    def __init__(self, generator: Any, places: Any, given: tuple[Any, ...]) -> None:
        super().__init__(generator)
        self._places = places
        self.given = given

    def sweep(self, shadows: Any) -> Any:
        """A generator, to be sent the tangent of each item, the last first."""
        _, inner = self.ended()
        return inner[0](inner, ZERO, shadows)

    def tangents(self, found: Any) -> Any:
        """The tangents of the operands."""
        return found if self._places is None else pick((None, None, *self._places), found)


def stepped_alone(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    """The tangents of its arguments, for a caller that has no shadows."""
    stepping = residual[1]
    if not stepping.taken:
        return (ZERO,) * len(stepping.given)
    shadows = Shadows()
    shadows.add_drawn(stepping, g)
    rest = shadows.stepped_back(stepping)
    return tuple([entering(shadows.total(x, t)) for x, t in zip(stepping.given, rest, strict=True)])


def drawn_back(residual: Residual, g: dict[int, Tangent]) -> tuple[Tangent, ...]:
    """The tangents of a generator's arguments, from those of what was drawn from it."""
    _, running, places = residual
    values, inner = running.ended()
    return picked_of(inner, places, [g.get(i, ZERO) for i in range(len(values))])


def picked_of(inner: Residual, places: Any, g: Tangent) -> tuple[Tangent, ...]:
    """The tangents of a call's operands, whether or not they are the parameters in their order."""
    if places is None:
        return inner[0](inner, g)  # type: ignore[no-any-return]
    return picked((picked, inner, *places), g)


def with_defaults(fn: types.FunctionType, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a function's parameters, defaults included."""
    code = fn.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(reversed(positional), reversed(fn.__defaults__ or ()), strict=False))
    return {**defaults, **(fn.__kwdefaults__ or {}), **values}


def signature_order(code: types.CodeType) -> list[str]:
    """Parameter names as the generated reverse function returns them."""
    positional = code.co_varnames[: code.co_argcount]
    rest = list(code.co_varnames[code.co_argcount :])
    keyword_only, rest = rest[: code.co_kwonlyargcount], rest[code.co_kwonlyargcount :]
    star = [rest.pop(0)] if code.co_flags & 4 else []
    double = [rest.pop(0)] if code.co_flags & 8 else []
    return [*positional, *star, *keyword_only, *double]


def _variadic(
    fn: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any], operands: list[Any]
) -> tuple[dict[str, Any], list[str], Any]:
    """Operands that `*args` and `**kwargs` parameters collect: the parameter and the part of it."""
    values, where = bound_variadic(fn, args, kwargs)
    chosen = [where[o] for o in operands]
    return values, [p for p, _ in chosen], chosen


def bound_variadic(
    fn: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[dict[str, Any], dict[Any, tuple[str, Any]]]:
    """The values of all parameters of a call, and for each operand its parameter and the part of it."""
    refuse_library_code(fn)  # (such as a decorator's wrapper, whose signature is not its own)
    signature = inspect.signature(fn, follow_wrapped=False)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        fn(*args, **kwargs)  # raises Python's own error for such a call
        raise
    parameters = signature.parameters
    where: dict[Any, tuple[str, Any]] = {}
    position = 0
    for parameter, value in bound.arguments.items():
        kind = parameters[parameter].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            for part in range(len(value)):
                where[position] = (parameter, part)
                position += 1
        elif kind is inspect.Parameter.VAR_KEYWORD:
            for key in value:
                where[key] = (parameter, key)
        elif parameter in kwargs:
            where[parameter] = (parameter, None)
        else:
            where[position] = (parameter, None)
            position += 1
    return dict(bound.arguments), where


def _active_captures(fn: types.FunctionType) -> frozenset[str]:
    """The captured variables of a closure that may carry tangents."""
    found = []
    helpers = getattr(fn, "_pullback_helpers", ())
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        if name in helpers:
            continue
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if not isinstance(value, type) and has_tangent(value):
            found.append(name)
    return frozenset(found)
