"""Calls in forward mode whose callee is known at run time only: the value and its tangent together.

    y, y_dot = call_differential(fn, fn_dot, (x, n), (x_dot, ZERO))

The order of lookup is that of `dispatch.call`: a registered derivative, a rule, what the object is.
What is found is always a Python function with a source, generated or written here, so that this call
has a derivative in either mode: that of the function it stands for.
"""

from __future__ import annotations

import functools
import inspect
import types
from dataclasses import replace
from typing import Any

import numpy as np

from pullback.along import Lazily, Pairs, drawn_along, is_along, moving, own_iteration, paired_generator
from pullback.applying import bind, other_form, parameter_of, refuse_converted, refuse_unknown
from pullback.asking import asked
from pullback.call_paths import (
    WHOLE,
    Path,
    Target,
    collected_tangents,
    is_empty,
    is_null,
    lifted_path,
    originals,
    refuse_lost,
    six_operands,
    still_null,
    tangent_at,
)
from pullback.calls import bind_parameters
from pullback.cells import on_cells
from pullback.conditions import spelled_for
from pullback.dispatch import UNWRAPPED, no_derivative_of, refuse_captures
from pullback.errors import DifferentiabilityError
from pullback.generated import DIFFERENTIAL, Request
from pullback.kinds import kind_of
from pullback.mirrors import GROUP
from pullback.operations import type_call
from pullback.pipeline import pair_for
from pullback.python_calls import (
    coroutine_refused,
    has_tangent,
    signature_order,
    unforeseen,
    with_defaults,
)
from pullback.rules import EPOCH, Active, Entry, Rule, callable_name, lookup
from pullback.spaces import is_differentiable
from pullback.states import is_set
from pullback.structs import fields_by_parameter
from pullback.tangent_parts import gathered_vector, partial_parts, partial_tangents
from pullback.tangents import NO_TANGENT, ZERO, Tangent
from pullback.template_functions import caller_of


def call_differential(
    fn: Any,
    fn_dot: Tangent,
    args: tuple[Any, ...],
    dots: tuple[Tangent, ...],
    kwargs: dict[str, Any] | None = None,
    kwdots: dict[str, Tangent] | None = None,
) -> tuple[Any, Tangent]:
    """The value of `fn(*args, **kwargs)` and its tangent."""
    key = None
    plain = fn.__class__ is types.FunctionType and fn.__closure__ is None and fn is not call_differential
    if plain and not kwargs and not EPOCH.scopes:
        kinds = [x.dtype if x.__class__ is np.ndarray else x.__class__ for x in args]
        key = (id(fn), *kinds, *[d is ZERO for d in dots])
        plan = _PLANS.get(key)
        if plan is not None and plan[0] is fn and plan[1] is fn.__code__ and plan[2] == EPOCH.now:
            return plan[3](*[d for d in dots if d is not ZERO], *args)  # type: ignore[no-any-return]
    target = resolve(fn, fn_dot, args, dots, kwargs or {}, kwdots or {})
    if target.operands is None:
        return target.function(fn, fn_dot, args, dots, kwargs or {}, kwdots or {})  # type: ignore[no-any-return]
    if key is not None:
        moved = [("dots", i) for i, d in enumerate(dots) if d is not ZERO]
        if list(target.paths) == moved + [("args", i) for i in range(len(args))]:
            if len(_PLANS) > 4096:
                _PLANS.clear()
            _PLANS[key] = (fn, fn.__code__, EPOCH.now, target.function)
    return target.function(*target.operands, **target.kwargs)  # type: ignore[no-any-return]


_PLANS: dict[Any, Any] = {}


def plain_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A call of which nothing has a tangent."""
    return fn(*args, **kwargs), ZERO


def constant_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A call of a function without a derivative: it must not change an object by a method of its class."""
    return asked(fn, *args, **kwargs), ZERO


def resolve(
    fn: Any, fn_dot: Tangent, args: tuple[Any, ...], dots: tuple[Tangent, ...], kwargs: dict[str, Any],
    kwdots: dict[str, Tangent], *, lent: bool = False, foreseen: bool = False,
) -> Target:  # fmt: skip
    """The function that stands for a call, by what the callee is.

    A caller that changes values has it `lent` their mirrors; where it did not foresee a change, a callee
    that makes one is refused.
    """
    if fn is call_differential:  # (of a generator it gives pairs, one by one)
        return Target(generator_differential) if args[0].__class__ is Pairs else _over(args, dots)
    if fn.__class__ is Pairs and fn.generator is call_differential:
        return _over(args, dots)
    if any(fn is f for f in LENT):  # (a user's object may have an `==` of its own)
        return _over(args, dots, lent=lent or hasattr(fn, "fills_new"))  # (only its caller's mirrors may change)
    operands: list[tuple[int | str, Any, Tangent]] = [
        *((i, x, d) for i, (x, d) in enumerate(zip(args, dots, strict=True))),
        *((k, x, kwdots.get(k, ZERO)) for k, x in kwargs.items()),
    ]
    moved: Active = tuple(o for o, x, d in operands if d is not ZERO and d is not NO_TANGENT and has_tangent(x))
    callee_moves = fn_dot is not ZERO and fn_dot is not NO_TANGENT and not is_empty(fn_dot)
    entry = lookup(fn)
    if entry is None and isinstance(fn, types.MethodType):
        return Target(method_object_differential)
    spelled = spelled_for(fn, args) if moved else None
    if spelled is not None and not (entry is not None and entry.vjps):
        return resolve(spelled, ZERO, args, dots, kwargs, kwdots, lent=lent, foreseen=foreseen)
    instead = getattr(entry.forward, "instead", None) if entry is not None and moved else None
    if instead is not None and instead[0](*args):
        return resolve(instead[1], ZERO, args, dots, kwargs, kwdots, lent=lent, foreseen=foreseen)
    if entry is not None:
        found = _registered(fn, entry, args, dots, kwargs, kwdots, moved, callee_moves)
        if found is not None:
            return found
    if not moved and not callee_moves:
        return Target(plain_differential)
    verb = getattr(fn, "_pullback_verb", None)
    if verb is not None:
        return Target(VERBS[verb[0]])
    if fn.__class__ is Lazily:
        of_iterators = getattr(lookup(fn.function), "of_iterators", None)
        assert of_iterators is not None
        return Target(of_iterators)
    if fn.__class__ is Pairs:
        target = _of_python(fn.generator, fn_dot, args, dots, kwargs, kwdots, moved)
        refuse_changes(fn.generator, target.function)
        return target
    if isinstance(fn, types.FunctionType):
        if fn.__code__.co_flags & 0x20:
            return Target(generator_differential)
        target = _of_python(fn, fn_dot, args, dots, kwargs, kwdots, moved, lent=lent)
        if not foreseen and not lent:
            refuse_changes(fn, target.function)
        return target
    if isinstance(fn, type):
        return Target(construct_differential)
    if isinstance(fn, functools.partial):
        return Target(partial_differential)
    if isinstance(fn, functools._lru_cache_wrapper):
        return Target(unwrapped_differential)
    if isinstance(fn, (types.BuiltinMethodType, types.MethodWrapperType)) and _owner(fn) is not None:
        return Target(method_object_differential)
    if hasattr(fn, UNWRAPPED.get(type(fn).__name__, " ")):
        return Target(unwrapped_differential)
    if type(fn) in FORWARD_CALLABLES:
        return Target(FORWARD_CALLABLES[type(fn)])
    if isinstance(type_call(type(fn)), types.FunctionType):
        return Target(method_object_differential)
    raise no_derivative_of(fn)


def generator_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A generator function: an iterator, which is its own tangent."""
    it = drawn_along(call_differential(paired_generator(fn), fn_dot, args, dots, kwargs, kwdots))
    return it, moving(it)


def refuse_changes(fn: Any, function: Any) -> None:
    """Refuse a function that changes what it is given, or captured, where that was not foreseen."""
    changes = getattr(function, "_pullback_changes", ())
    if changes:
        raise unforeseen(fn, f"`{changes[0]}`")


call_differential.gives_pair = True  # type: ignore[attr-defined]  # of what its first operand gives, and its tangent
FORWARD_CALLABLES: dict[Any, Any] = {}  # objects that are called, such as `operator.itemgetter(1)`, by class
LENT: list[Any] = []  # `lent_differential`, put here by its module
VERBS: dict[str, Any] = {}  # the differentials of `gradient`, `jacobian`, ..., put here by their modules


def _owner(fn: Any) -> Any:
    """The method descriptor behind a bound built-in method."""
    if inspect.ismodule(fn.__self__) or isinstance(fn.__self__, type):
        return None
    return getattr(type(fn.__self__), fn.__name__, None)


def method_parts(fn: Any) -> tuple[Any, Any]:
    """The function that a bound method or callable object runs, and the object."""
    if isinstance(fn, types.MethodType):
        return fn.__func__, fn.__self__
    if isinstance(fn, (types.BuiltinMethodType, types.MethodWrapperType)):
        return _owner(fn), fn.__self__
    return type_call(type(fn)), fn


def method_object_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A bound method, or a callable object: the object is the first argument."""
    function, obj = method_parts(fn)
    if function is None:
        raise no_derivative_of(fn)
    return call_differential(function, ZERO, (obj, *args), (fn_dot, *dots), kwargs, kwdots)


def unwrapped(fn: Any) -> Any:
    """The Python function inside a cache or compiler's wrapper."""
    return getattr(fn, UNWRAPPED.get(type(fn).__name__, "__wrapped__"))


def unwrapped_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A wrapped function."""
    return call_differential(unwrapped(fn), ZERO, args, dots, kwargs, kwdots)


def partial_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A partial: its own arguments come first."""
    function, held, keywords = partial_parts(fn)
    function_dot, held_dots, keyword_dots = partial_tangents(fn_dot, fn)
    own = {k: d for k, d in keyword_dots.items() if k not in kwargs}
    given = {**keywords, **kwargs}
    return call_differential(function, function_dot, (*held, *args), (*held_dots, *dots), given, {**own, **kwdots})


CONSTRUCT: dict[str, Any] = {}  # the differential of `__init__`, put here by its module


def has_init(cls: Any) -> bool:
    """Whether the constructor of a class runs code that is differentiated."""
    return fields_by_parameter(cls) is None and cls.__new__ is object.__new__


def constructor_fields(cls: type, args: Any, kwargs: Any) -> tuple[str, ...]:
    """The field that each argument of a constructor becomes."""
    fields = fields_by_parameter(cls)
    if fields is None:
        raise DifferentiabilityError(
            f"the constructor of {cls.__name__} runs code of its own and has no derivative yet; "
            f"make {cls.__name__} a dataclass, or register one with @pb.derivative(of={callable_name(cls)})"
        )
    bound = list(inspect.signature(cls).bind(*args, **kwargs).arguments)
    return tuple(fields[p][0] for p in (*bound[: len(args)], *kwargs))


def ordered_dots(kwargs: dict[str, Any], kwdots: dict[str, Tangent]) -> tuple[Tangent, ...]:
    """The tangents of keyword arguments, in the call's order."""
    return tuple(kwdots.get(k, ZERO) for k in kwargs)


def construct_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """A class whose constructor stores its arguments in fields, or runs code of its own."""
    if has_init(fn):
        return CONSTRUCT["init"](fn, args, dots, kwargs, kwdots)
    fields = constructor_fields(fn, args, kwargs)
    value = fn(*args, **kwargs)
    return value, gathered_vector(value, fields, (*dots, *ordered_dots(kwargs, kwdots)))


# --- registered derivatives -------------------------------------------------------------------------


def _registered(
    fn: Any, entry: Entry, args: Any, dots: Any, kwargs: Any, kwdots: Any, moved: Active, callee_moves: bool
) -> Target | None:
    values: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
    for rule in sorted(entry.vjps, key=lambda r: not r.forward):
        covered = USER_RULES["covered"](rule, args, kwargs)
        if all(a in covered or not is_differentiable(values[a]) for a in moved):
            if callee_moves:
                refuse_captures(entry.function)
            if not moved:
                return None
            return Target(USER_RULES["forward" if rule.forward else "reverse"](rule))
    along = {**dict(enumerate(dots)), **kwdots}
    draws = getattr(entry.of_iterators, "draws", None)
    given = moved if draws is None else [a for a in draws(fn, args) if a in moved]
    if any(is_along(values[a], along[a]) or (entry.of_iterators and own_iteration(values[a])) for a in given):
        return _of_iterator(fn, entry)
    if entry.forward is not None:
        return Target(entry.forward)
    if entry.constant or not (moved or callee_moves):
        return Target(constant_differential if moved else plain_differential)
    if entry.stand_in is not None:
        return resolve(entry.stand_in, ZERO, args, dots, kwargs, kwdots)
    if entry.intrinsic is not None:
        return Target(USER_RULES["intrinsic"])
    if entry.rule is not None:
        other = other_form(entry.rule, kwargs) if kwargs else None
        if other is not None:
            return resolve(other, ZERO, args, dots, kwargs, kwdots)
        moved, unknown = _with_templates(entry.rule, values, along, moved)
        if not moved:
            return Target(plain_differential)
        target = _through_rule(fn, args, dots, kwargs, kwdots, moved)
        return replace(target, withheld=unknown) if unknown else target
    return None


def _of_iterator(fn: Any, entry: Entry) -> Target:
    """A function of an iterator whose items have tangents."""
    if entry.of_iterators is not None:
        return Target(entry.of_iterators)
    if entry.constant:
        return Target(constant_differential)
    raise DifferentiabilityError(
        f"{callable_name(fn)} of an iterator over differentiated values is not differentiated in forward mode; "
        "collect its values in a list first"
    )


def _with_templates(
    rule: Rule, values: dict[Any, Any], along: dict[Any, Tangent], moved: Active
) -> tuple[Active, tuple[tuple[Path, str], ...]]:
    """The moved operands by which a rule has a derivative (a shape that was computed has none), and those it lacks.

    Of the latter the tangent may be a zero only, as that of a constant is which stands in a list that changes.
    """
    found: list[int | str] = []
    unknown: list[tuple[Path, str]] = []
    for operand in moved:
        if isinstance(operand, int) or operand in rule.signature.parameters:
            name, _ = parameter_of(rule, operand)
            if name not in rule.templates and name not in rule.forward and name not in rule.linear:
                try:
                    refuse_unknown(rule, name, values[operand])
                except DifferentiabilityError as error:
                    if not is_null(along[operand]):
                        raise
                    unknown.append((_dot_path(operand), str(error)))
                continue
        found.append(operand)
    return tuple(found), tuple(unknown)


def _dot_path(operand: int | str) -> Path:
    return ("dots", operand) if isinstance(operand, int) else ("kwdots", operand)


USER_RULES: dict[str, Any] = {}  # how users' derivatives are called, put here by `linked`

_CALLERS: dict[Any, Any] = {}


def _through_rule(fn: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any, moved: Active) -> Target:
    """The differential of a function that calls `fn`, in which the rule is put in place."""
    if not callable(fn):
        raise no_derivative_of(fn)
    entry = lookup(fn)
    known = entry.rule if entry is not None else None
    if known is not None:
        bind(known, args, kwargs)  # raises for a call that the rule does not cover
        for operand in moved:
            refuse_converted(known, args[operand] if isinstance(operand, int) else kwargs[operand])
    caller = caller_of(fn, args, kwargs, known is not None and known.elementwise)
    return _generated(caller, ZERO, args, dots, kwargs, kwdots, moved)


# --- Python functions -------------------------------------------------------------------------------


def _of_python(
    fn: types.FunctionType, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any, moved: Active,
    *, lent: bool = False,
) -> Target:  # fmt: skip
    """A Python function; where it has no derivative by an operand whose tangent is a zero, that is left out."""
    try:
        return _generated(fn, fn_dot, args, dots, kwargs, kwdots, moved, lent=lent)
    except DifferentiabilityError as error:
        null = [o for o in moved if is_null(dots[o] if isinstance(o, int) else kwdots[o])]
        others = tuple(o for o in moved if o not in null)
        if not null or not others or lent:
            raise
        try:
            target = _generated(fn, fn_dot, args, dots, kwargs, kwdots, others)
        except DifferentiabilityError:
            raise error from None
        said = error.diagnostics[0].message if error.diagnostics else str(error)
        return replace(target, withheld=tuple((_dot_path(o), said) for o in null))


def _generated(
    fn: types.FunctionType, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any, moved: Active,
    *, lent: bool = False,
) -> Target:  # fmt: skip
    """A Python function: its generated differential, and the tangents of its active parameters."""
    fn = on_cells(fn)
    code = fn.__code__
    if code.co_flags & 0x280:
        raise coroutine_refused(fn)
    tangents: dict[str, tuple[Tangent, Path]] = {}
    bound = bind_parameters(code, len(args), tuple(kwargs))
    if bound is not None:
        values: dict[str, Any] = dict(zip(bound, (*args, *kwargs.values()), strict=True))
        for o in moved:
            found = (dots[o], ("dots", o)) if isinstance(o, int) else (kwdots[o], ("kwdots", o))
            tangents[bound[o] if isinstance(o, int) else o] = found
    else:
        values = collected_tangents(fn, args, kwargs, dots, kwdots, moved, tangents)
    captured: dict[str, tuple[Tangent, Path]] = {}
    if isinstance(fn_dot, dict):
        for name, cell in zip(code.co_freevars, fn.__closure__ or (), strict=True):
            own = is_set(cell) and any(cell.cell_contents is f for f in originals(fn))
            if own or GROUP + name in fn_dot:
                captured[name] = fn_dot, (WHOLE, "fn_dot")
            elif fn_dot.get(name, ZERO) is not ZERO and is_set(cell) and has_tangent(cell.cell_contents):
                captured[name] = fn_dot[name], ("fn_dot", name)
        for parameter in with_defaults(fn, {}):
            d = fn_dot.get(f"default {parameter}", ZERO)
            if parameter not in values and d is not ZERO:
                tangents[parameter] = d, ("fn_dot", f"default {parameter}")
    kinds = tuple(sorted((p, kind_of(v).key) for p, v in with_defaults(fn, values).items()))
    request = Request(frozenset(tangents), frozenset(captured), kinds, DIFFERENTIAL, lent=lent)
    function = pair_for(fn, request, values)
    if lent:
        refuse_lost(fn, function, {p: v for p, v in values.items() if p not in tangents})
    order = [p for p in signature_order(code) if p in tangents]
    names = sorted(captured)
    return Target(
        function,
        (*(captured[n][0] for n in names), *(tangents[p][0] for p in order), *args),
        (
            *(captured[n][1] for n in names),
            *(tangents[p][1] for p in order),
            *(("args", i) for i in range(len(args))),
        ),
        kwargs,
        {k: ("kwargs", k) for k in kwargs},
    )


# --- its own derivative: `call_differential` stands for a function -----------------------------------


def _over(args: tuple[Any, ...], dots: tuple[Tangent, ...], lent: bool = False) -> Target:
    """Forward mode over forward mode: the differential of the function that a call stands for."""
    six, along = six_operands(args, {}), six_operands(dots, ZERO)
    inner = resolve(*six, lent=lent)
    still_null(inner, along)
    if inner.operands is None:
        moved = tuple(i for i, d in enumerate(along) if d is not ZERO and has_tangent(six[i]))
        return _generated(inner.function, ZERO, six, along, {}, {}, moved, lent=lent)
    tangents = tuple(tangent_at(p, along, x) for p, x in zip(inner.paths, inner.operands, strict=True))
    kwdots = {k: tangent_at(p, along, inner.kwargs[k]) for k, p in inner.kwpaths.items()}
    callee = tangent_at(inner.callee, along, None)
    moved = tuple(
        i
        for i, (x, d) in enumerate(zip(inner.operands, tangents, strict=True))
        if d is not ZERO and d is not NO_TANGENT and has_tangent(x)
    )
    moved_names = tuple(k for k, d in kwdots.items() if d is not ZERO and has_tangent(inner.kwargs[k]))
    outer = _generated(
        inner.function, callee, inner.operands, tangents, inner.kwargs, kwdots, (*moved, *moved_names), lent=lent
    )

    def composed(path: Path) -> Path:
        """A path into the inner function's operands, as one into the outer call's."""
        if isinstance(path, dict):
            return {k: composed(p) for k, p in path.items()}
        root, *rest = path
        if root == WHOLE:
            return lifted_path((WHOLE, *inner.callee), "dots", ())
        if root in ("fn", "fn_dot"):
            base = inner.callee
        else:
            base = inner.kwpaths[rest[0]] if root in ("kwargs", "kwdots") else inner.paths[rest[0]]
            rest = rest[1:]
        which = "args" if root in ("args", "kwargs", "fn") else "dots"
        return lifted_path(base, which, tuple(rest))

    return Target(
        outer.function,
        outer.operands,
        tuple(map(composed, outer.paths)),
        outer.kwargs,
        {k: composed(p) for k, p in outer.kwpaths.items()},
        composed(outer.callee),
    )
