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
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.applying import Residual, apply_rule, apply_vjp, bind, rule_operands
from pullback.calls import CALLS, bind_parameters
from pullback.construct import construct
from pullback.effects import may_mutate
from pullback.errors import DifferentiabilityError
from pullback.fitting import fit
from pullback.kinds import kind_of
from pullback.operations import BINARY_FUNCTIONS, INPLACE_FUNCTIONS, METHODS, UNARY_FUNCTIONS, is_field_of
from pullback.pipeline import Request, pair_for
from pullback.rules import EPOCH, Active, Entry, callable_name, lookup
from pullback.runtime import add_at, buffer, field_tangent, rebind
from pullback.spaces import describe, is_differentiable
from pullback.tangents import ZERO, Tangent

_NUMBERS: frozenset[type] = frozenset(
    {float, int, bool, complex, np.ndarray, np.float64, np.float32, np.float16, np.longdouble, np.complex128,
     np.complex64, np.int64, np.int32, np.intp, np.bool_}
)  # fmt: skip
_CONSTANT_TYPES = (int, str, bytes, type(None), np.integer, np.bool_, types.ModuleType, range, slice)

def _has_tangent(x: Any) -> bool:
    """Whether a value may carry a tangent at run time (containers and objects are not looked into)."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "fcO"
    if isinstance(x, types.FunctionType):
        return x.__closure__ is not None
    return not isinstance(x, _CONSTANT_TYPES)


def no_tangents(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The reverse of a call that carries no derivative."""
    return (ZERO,) * residual[1]


def _scattered(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """Tangents of some operands, put in their places among all active ones."""
    _, inner, places, count = residual
    out: list[Tangent] = [ZERO] * count
    for place, t in zip(places, inner[0](inner, g), strict=True):
        out[place] = t
    return tuple(out)


def _element(x: Any) -> Any:
    """What of an argument a plan for calls depends on: its class, an array's dtype, whether a function captures."""
    cls = x.__class__
    if cls is np.ndarray:
        return x.dtype
    if cls is types.FunctionType:
        return x.__closure__ is None
    return cls


def call(fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any] | None = None) -> tuple[Any, Residual]:
    """The value of `fn(*args, **kwargs)` and the residual of its pullback, for the active operands."""
    key = None
    if not kwargs and not EPOCH.scopes:
        if EPOCH.now != _plans_epoch:
            _forget_plans()
        cls = fn.__class__
        if cls is not types.FunctionType:
            key = (cls, active, *map(_element, args))
            plan = _plans.get(key)
            if plan is not None and getattr(cls, "__call__", None) is plan[0] and plan[0].__code__ is plan[3]:
                return _planned(plan, (fn, *args))
        elif fn.__closure__ is None:
            key = (id(fn), active, *map(_element, args))
            plan = _plans.get(key)
            if plan is not None and fn.__code__ is plan[3]:
                return _planned(plan, args)
    kwargs = kwargs or {}
    values = {-1: fn, **dict(enumerate(args)), **kwargs}
    places = [i for i, operand in enumerate(active) if _has_tangent(values[operand])]
    if len(places) == len(active):
        return _call(fn, args, active, kwargs, key)
    if not places:
        return fn(*args, **kwargs), (no_tangents, len(active))
    value, inner = _call(fn, args, tuple(active[i] for i in places), kwargs)
    return value, (_scattered, inner, places, len(active))


# for a call site: the function (held), its forward sweep, the operands' places, the code that this was made for
_plans: dict[Any, tuple[Any, Any, Any, types.CodeType]] = {}
_plans_epoch = -1


def _forget_plans() -> None:
    global _plans_epoch
    _plans.clear()
    _plans_epoch = EPOCH.now


def _planned(plan: tuple[Any, Any, Any, types.CodeType], args: tuple[Any, ...]) -> tuple[Any, Residual]:
    _, forward, places, _ = plan
    if places is None:
        return forward(*args)  # type: ignore[no-any-return]
    value, inner = forward(*args)
    return value, (_picked, inner, *places)


def _call(
    fn: Any, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any], key: Any = None
) -> tuple[Any, Residual]:
    """The order of lookup; `key` is where a plan for the next such call may be kept."""
    entry = lookup(fn)
    if entry is None and isinstance(fn, types.MethodType):
        return _call(fn.__func__, (fn.__self__, *args), _shifted(active), kwargs)
    if entry is not None:
        covered = _registered(entry, args, kwargs, active)
        if covered is not None:
            return covered
    if hasattr(fn, "_pullback_verb"):
        raise DifferentiabilityError(
            f"{fn.__name__} is called on a value that is itself being differentiated; derivatives of derivatives "
            "are not supported yet; register its derivative with @pb.derivative, or differentiate it by hand"
        )
    if isinstance(fn, types.FunctionType):
        return _python_function(fn, args, active, kwargs, key)
    if isinstance(fn, type):
        return construct(fn, args, kwargs, active)
    if isinstance(fn, functools.partial):
        inner = tuple(a + len(fn.args) if isinstance(a, int) and a >= 0 else a for a in active if a != -1)
        value, residual = call(fn.func, (*fn.args, *args), inner, {**fn.keywords, **kwargs})
        return value, residual if -1 not in active else (_after_callee, residual)
    if isinstance(fn, functools._lru_cache_wrapper):
        return _call(fn.__wrapped__, args, active, kwargs)
    if isinstance(fn, (types.BuiltinMethodType, types.MethodWrapperType)) and not inspect.ismodule(fn.__self__):
        owner = getattr(type(fn.__self__), fn.__name__, None)
        if owner is not None and fn.__self__ is not None and not isinstance(fn.__self__, type):
            return _call(owner, (fn.__self__, *args), _shifted(active), kwargs)
    unwrapped = _UNWRAPPED.get(type(fn).__name__)
    if unwrapped is not None and hasattr(fn, unwrapped):
        return _call(getattr(fn, unwrapped), args, active, kwargs)
    method = getattr(type(fn), "__call__", None)
    if isinstance(method, types.FunctionType):
        return _call(method, (fn, *args), _shifted(active), kwargs, key)
    raise no_derivative_of(fn)


_UNWRAPPED = {"CPUDispatcher": "py_func", "PjitFunction": "__wrapped__"}


def _shifted(active: Active) -> Active:
    """The operands of a method call once the object is the first argument."""
    return tuple(a + 1 if isinstance(a, int) else a for a in active)


def _after_callee(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    inner = residual[1]
    return (ZERO, *inner[0](inner, g))


def no_derivative_of(fn: Any) -> DifferentiabilityError:
    """The error for a function with neither a rule nor a source."""
    name = callable_name(fn)
    return DifferentiabilityError(
        f"no derivative is known for `{name}`; register one with @pb.derivative(of={name}), "
        f"or wrap its differentiated arguments in pb.without_derivative"
    )


def _registered(
    entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active
) -> tuple[Any, Residual] | None:
    """A call through what is registered for the function, if it covers the active operands."""
    values = {**dict(enumerate(args)), **kwargs}
    for vjp in entry.vjps:
        if vjp.forward:
            continue
        covered = {operand for operand, _ in rule_operands(vjp, args, kwargs)}
        if all(a in covered or a == -1 or not is_differentiable(values[a]) for a in active):
            if -1 in active:
                _refuse_captures(entry.function)
            return apply_vjp(vjp, args, kwargs, active)
    if entry.intrinsic is not None:
        return entry.intrinsic(args, kwargs, active)  # type: ignore[no-any-return]
    if entry.constant:
        return entry.function(*args, **kwargs), (no_tangents, len(active))
    if entry.rule is not None:
        inner = tuple(a for a in active if a != -1)
        value, residual = apply_rule(entry.rule, args, kwargs, inner)
        return value, residual if -1 not in active else (_after_callee, residual)
    return None


def _refuse_captures(function: Any) -> None:
    captured = ", ".join(f"`{n}`" for n in getattr(getattr(function, "__code__", None), "co_freevars", ()))
    raise DifferentiabilityError(
        f"the derivative registered for {callable_name(function)} cannot return the tangent of what the "
        f"function captures ({captured or 'its variables'}); pass it as an argument"
    )


def _python_function(
    fn: types.FunctionType, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any], key: Any = None
) -> tuple[Any, Residual]:
    """A call through the function's own generated pair."""
    code = fn.__code__
    if code.co_flags & 0x2A0:
        raise DifferentiabilityError(
            f"{callable_name(fn)} is a generator or coroutine function, which is not differentiated yet; "
            "collect its values in a list"
        )
    captures = _active_captures(fn) if -1 in active else frozenset()
    defaults: list[str] = []
    operands = [a for a in active if a != -1]
    bound = bind_parameters(code, len(args), tuple(kwargs))
    if bound is not None:
        values: dict[str, Any] = dict(zip(bound, (*args, *kwargs.values()), strict=True))
        named = [bound[a] if isinstance(a, int) else a for a in operands]
        if -1 in active:
            defaults = [p for p, v in _with_defaults(fn, {}).items() if p not in values and _has_tangent(v)]
        order = [p for p in code.co_varnames if p in named or p in defaults]
        pick: Any = None if order == named else [order.index(p) for p in named]
    else:
        values, named, pick = _variadic(fn, args, kwargs, operands)
        order = [p for p in _signature_order(code) if p in named]
        pick = [(order.index(p), part) for p, part in pick]
    kinds = tuple(sorted((p, kind_of(v).key) for p, v in _with_defaults(fn, values).items()))
    request = Request(frozenset(order), captures, kinds)
    forward = pair_for(fn, request, values)
    given = [(p, order.index(p)) for p in defaults]
    places = None if pick is None and -1 not in active else (pick, -1 in active, bool(captures), given)
    if key is not None and fn.__closure__ is None and not EPOCH.scopes:
        _plans[key] = (fn, forward, places, code)
    value, inner = forward(*args, **kwargs)
    return value, inner if places is None else (_picked, inner, *places)


def _picked(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """The tangents of a pair's parameters, as those of the call's operands."""
    _, inner, pick, has_callee, has_captures, defaults = residual
    tangents = inner[0](inner, g)
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


def _with_defaults(fn: types.FunctionType, values: dict[str, Any]) -> dict[str, Any]:
    code = fn.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(reversed(positional), reversed(fn.__defaults__ or ()), strict=False))
    return {**defaults, **(fn.__kwdefaults__ or {}), **values}


def _signature_order(code: types.CodeType) -> list[str]:
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
    signature = inspect.signature(fn, follow_wrapped=False)
    bound = signature.bind(*args, **kwargs)  # raises the TypeError of the call itself
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
    chosen = [where[o] for o in operands]
    return dict(bound.arguments), [p for p, _ in chosen], chosen


def _active_captures(fn: types.FunctionType) -> frozenset[str]:
    """The captured variables of a closure that may carry tangents."""
    found = []
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if not isinstance(value, type) and _has_tangent(value):
            found.append(name)
    return frozenset(found)


def _static(cls: type, name: str) -> Any:
    """What a class holds under a name, no descriptor run; None if nothing."""
    for base in cls.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


def call_method(
    obj: Any, name: str, args: tuple[Any, ...], active: Active, kwargs: dict[str, Any] | None = None
) -> tuple[Any, Residual]:
    """`obj.name(*args, **kwargs)`: the function is found on the type, and the object is its first argument."""
    if isinstance(obj, super):
        bound = getattr(obj, name)
        return call(bound.__func__, (bound.__self__, *args), _shifted(active), kwargs)
    if isinstance(obj, (type, types.ModuleType)):
        return _without_object(call(getattr(obj, name), args, tuple(a for a in active if a != -1), kwargs), active)
    cls = type(obj)
    static = _static(cls, name)
    data = getattr(obj, "__dict__", None)
    if data is not None and name in data:
        static = None
    if isinstance(static, types.FunctionType) or inspect.ismethoddescriptor(static) and not isinstance(static, (staticmethod, classmethod)):
        return call(static, (obj, *args), _shifted(active), kwargs)
    if isinstance(static, (staticmethod, classmethod)):
        bound = getattr(obj, name)
        return _without_object(call(bound, args, tuple(a for a in active if a != -1), kwargs), active)
    if -1 not in active:
        return call(getattr(obj, name), args, active, kwargs)
    fn, residual = read_attribute(obj, name)
    value, inner = call(fn, args, active, kwargs)
    return value, (_through_attribute, inner, residual)


def _without_object(made: tuple[Any, Residual], active: Active) -> tuple[Any, Residual]:
    value, residual = made
    return value, residual if -1 not in active else (_after_callee, residual)


def _through_attribute(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, attribute = residual
    callee, *rest = inner[0](inner, g)
    obj = ZERO if callee is ZERO else attribute[0](attribute, callee)[0]
    return (obj, *rest)


def read_attribute(obj: Any, name: str) -> tuple[Any, Residual]:
    """`obj.name`: stored data, or a property that is differentiated."""
    cls = type(obj)
    static = _static(cls, name)
    if isinstance(static, property):
        if static.fget is None:
            getattr(obj, name)  # raises
        return _call(static.fget, (obj,), (0,), {})
    if static is not None and lookup(static) is not None and not isinstance(static, types.FunctionType):
        entry = lookup(static)
        assert entry is not None
        if entry.constant:
            return getattr(obj, name), (no_tangents, 1)
        if entry.rule is not None:
            value = getattr(obj, name)
            rule = entry.rule
            return value, (_attribute_rule, rule, value, obj)
    if is_field_of(cls, name) or (isinstance(obj, tuple) and hasattr(cls, "_fields") and name in cls._fields):
        return getattr(obj, name), (_attribute, obj, name)
    if isinstance(static, (types.FunctionType, staticmethod, classmethod)) or inspect.ismethoddescriptor(static):
        return getattr(obj, name), (_bound_method, obj)
    if isinstance(static, functools.cached_property):
        return _call(static.func, (obj,), (0,), {})
    getattribute = getattr(cls, "__getattr__", None)
    if static is None and isinstance(getattribute, types.FunctionType):
        if name in getattr(obj, "__dict__", ()):
            return getattr(obj, name), (_attribute, obj, name)
        value, residual = _call(getattribute, (obj, name), (0,), {})
        return value, residual
    if isinstance(obj, types.ModuleType):
        return getattr(obj, name), (no_tangents, 1)
    raise DifferentiabilityError(
        f"the attribute `{name}` of {describe(obj)} has no derivative; register one with "
        f"@pb.derivative(of={cls.__name__}.{name})"
    )


def _attribute(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    return (field_tangent(residual[1], residual[2], g),)


def _attribute_rule(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, rule, value, obj = residual
    parameter = next(iter(rule.signature.parameters))
    return (rule.templates[parameter].compiled((parameter,))(g, value, None, obj),)


def _bound_method(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    """A bound method was read as a value: its tangent is that of its object."""
    return (g,)


def read_item(obj: Any, index: Any, active: tuple[bool, ...]) -> tuple[Any, Residual]:
    """`obj[index]`: an element of a container or array, or a class's own `__getitem__`."""
    count = sum(active)
    if isinstance(obj, (np.ndarray, list, tuple, dict)):
        return obj[index], (_item, obj, index, count)
    method = getattr(type(obj), "__getitem__", None)
    if isinstance(method, types.FunctionType):
        return call(method, (obj, index), tuple(i for i, a in enumerate(active) if a))
    if not _has_tangent(obj):
        return obj[index], (no_tangents, count)
    raise DifferentiabilityError(f"an element of {describe(obj)} has no derivative")


def _item(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, obj, index, count = residual
    d = buffer(ZERO, obj)
    add_at(d, index, g)
    return (d,) if count == 1 else (d, ZERO)


def operate(op: str, operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """An operator on operands of any type: numbers and arrays, containers, or a class's own method."""
    if len(operands) == 1:
        x = operands[0]
        function = UNARY_FUNCTIONS[op]
        if x.__class__ in _NUMBERS:
            return _rule_of(function, operands, active)
        method = getattr(type(x), f"__{op}__", None)
        return call(method, operands, active) if isinstance(method, types.FunctionType) else _rule_of(function, operands, active)
    a, b = operands
    function = BINARY_FUNCTIONS[op]
    if a.__class__ in _NUMBERS and b.__class__ in _NUMBERS:
        if op in _ARITHMETIC and not EPOCH.scopes:
            y = function(a, b)
            return y, (_arithmetic, _templates(function), active, a, b, y if op in "/**" else None)
        return _rule_of(function, operands, active)
    if isinstance(a, (list, tuple)) and not hasattr(type(a), "_fields"):
        if op == "+" and type(a) is type(b):
            return a + b, (_concatenated, len(a), active)
        if op == "*" and isinstance(b, int):
            return a * b, (_repeated, len(a), b, active)
    if isinstance(a, int) and isinstance(b, (list, tuple)) and op == "*":
        return a * b, (_repeated, len(b), a, active)
    if isinstance(a, dict) and isinstance(b, dict) and op == "|":
        return a | b, (_united, set(a), set(b), active)
    if isinstance(a, str):
        return function(a, b), (no_tangents, len(active))
    return _class_operator(op, a, b, active)


_ARITHMETIC = frozenset({"+", "-", "*", "/", "**", "@"})
_TEMPLATES: dict[Any, Any] = {}


def _templates(function: Any) -> Any:
    """The compiled cotangents of an operator's operands, and whether broadcasting must be undone."""
    found = _TEMPLATES.get(function)
    if found is None:
        entry = lookup(function)
        assert entry is not None and entry.rule is not None
        parameters = tuple(entry.rule.signature.parameters)
        compiled = tuple(entry.rule.templates[p].compiled(parameters) for p in parameters)
        found = _TEMPLATES[function] = (compiled, entry.rule.elementwise)
    return found


def _arithmetic(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, (templates, is_elementwise), active, a, b, y = residual
    out = []
    for i in active:
        t = templates[i](g, y, None, a, b)
        out.append(fit(t, b if i else a) if is_elementwise else t)
    return tuple(out)


def _class_operator(op: str, a: Any, b: Any, active: Active) -> tuple[Any, Residual]:
    """Python's protocol: a.__op__(b), then b.__rop__(a); the method that answers is differentiated."""
    attempts = [(a, b, f"__{METHODS[op]}__", active), (b, a, f"__r{METHODS[op]}__", _flipped(active))]
    if type(b) is not type(a) and isinstance(b, type(a)):
        attempts.reverse()
    for x, other, name, flags in attempts:
        method = getattr(type(x), name, None)
        if isinstance(method, types.FunctionType):
            value, residual = call(method, (x, other), flags)
            if value is not NotImplemented:
                swapped = x is b and a is not b
                return value, (_reversed, residual) if swapped and len(active) == 2 else residual
    return _rule_of(BINARY_FUNCTIONS[op], (a, b), active)


def _flipped(active: Active) -> Active:
    return tuple(sorted(1 - a for a in active if isinstance(a, int)))


def _reversed(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    inner = residual[1]
    return tuple(reversed(inner[0](inner, g)))


def _rule_of(function: Callable[..., Any], operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    entry = lookup(function)
    if entry is None or entry.constant or entry.rule is None:
        return function(*operands), (no_tangents, len(active))
    return apply_rule(entry.rule, operands, {}, active)


def _concatenated(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, size, active = residual
    parts = (g[:size], g[size:])
    return tuple(parts[i] for i in active)


def _repeated(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    from pullback.tangents import add

    _, size, count, active = residual
    total: list[Tangent] = [ZERO] * size
    for i in range(max(count, 0) * size):
        total[i % size] = add(total[i % size], g[i])
    return (total,) * len(active)


def _united(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, left, right, active = residual
    parts = ({k: v for k, v in g.items() if k in left and k not in right}, {k: v for k, v in g.items() if k in right})
    return tuple(parts[i] for i in active)


def operate_inplace(op: str, operands: tuple[Any, ...], active: Active) -> tuple[Any, Residual]:
    """`x op= y` where `x` may be shared: refused at run time if it changes an object in place."""
    x, y = operands
    if isinstance(x, (np.ndarray, list, dict, set)) or hasattr(type(x), f"__{INPLACE_FUNCTIONS[op].__name__}__"):
        rebind(op, x, y)  # raises
    return operate(op, operands, active)


def call_starred(
    callee: Any, method: str | None, args: tuple[Any, ...], keywords: tuple[tuple[str | None, Any], ...],
    stars: tuple[int, ...], active: Active,
) -> tuple[Any, Residual]:  # fmt: skip
    """A call with `*args` or `**kwargs`: they are spread, and their tangents gathered again."""
    flat: list[Any] = []
    origin: list[tuple[int, int | None]] = []  # of each flat argument: the operand, and the element of it
    for position, value in enumerate(args):
        if position in stars:
            for element, item in enumerate(value):
                flat.append(item)
                origin.append((position, element))
        else:
            flat.append(value)
            origin.append((position, None))
    kwargs: dict[str, Any] = {}
    keyed: dict[str, tuple[str, str | None]] = {}
    for key, value in keywords:
        if key is None:
            kwargs.update(value)
            keyed.update({k: ("**", k) for k in value})
        else:
            kwargs[key] = value
            keyed[key] = (key, None)
    inner_active: list[int | str] = [-1] if -1 in active else []
    inner_active += [i for i, (position, _) in enumerate(origin) if position in active]
    inner_active += [k for k, (name, _) in keyed.items() if name in active]
    if method is None:
        value, residual = call(callee, tuple(flat), tuple(inner_active), kwargs)
    else:
        value, residual = call_method(callee, method, tuple(flat), tuple(inner_active), kwargs)
    lengths = {p: len(args[p]) for p in stars}
    return value, (_gathered, residual, tuple(inner_active), origin, keyed, lengths, active)


def _gathered(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, inner_active, origin, keyed, lengths, active = residual
    out: dict[Any, Any] = {}
    for operand, t in zip(inner_active, inner[0](inner, g), strict=True):
        if operand == -1:
            out[-1] = t
        elif isinstance(operand, int):
            position, element = origin[operand]
            if element is None:
                out[position] = t
            else:
                out.setdefault(position, [ZERO] * lengths[position])[element] = t
        else:
            name, key = keyed[operand]
            if key is None:
                out[name] = t
            else:
                out.setdefault("**", {})[key] = t
    return tuple(out.get(operand, ZERO) for operand in active)


def observe(fn: Any, *args: Any, **kwargs: Any) -> Any:
    """A call whose result needs no derivative: made as it is, unless it could change a differentiated value."""
    entry = lookup(fn)
    if entry is not None and entry.rule is not None and not entry.vjps:
        bind(entry.rule, args, kwargs)  # raises for a call that the rule does not cover, such as one with `out=`
    if may_mutate(fn, args, kwargs):
        raise DifferentiabilityError(
            f"{callable_name(fn)} may change a differentiated argument in place, which is not differentiated yet; "
            "let it return the new value instead"
        )
    return fn(*args, **kwargs)


CALLS.update(
    call=call, call_method=call_method, call_starred=call_starred, read_attribute=read_attribute,
    read_item=read_item, operate=operate, operate_inplace=operate_inplace, observe=observe,
)  # fmt: skip
