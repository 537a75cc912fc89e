"""The verbs called inside code that is itself differentiated: derivatives of derivatives.

    gradient(lambda x: x * gradient(lambda y: x + y)(1.0))(2.0)        1.0

`gradient(f)` has the tangent of `f`: what a closure captured goes through it. A call of it, in
reverse or forward mode, is a call of `pull_apply`; a `Pullback` and a `Differential` carry the
tangents of the function and arguments they were made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pullback.arguments import active_operands
from pullback.copying import runs_on_copies
from pullback.differential_calls import VERBS, call_differential
from pullback.differential_pairs import call_differential_vjp
from pullback.dispatch import VERB_PULLBACKS, call
from pullback.errors import DifferentiabilityError
from pullback.fingerprints import deep_fingerprint
from pullback.forward_verbs import Differential, differential, value_with_differential
from pullback.locating import at_boundary
from pullback.mirrors import snapshot
from pullback.operators import Pullback, gradient, named, pullback, value_with_gradient, value_with_pullback
from pullback.pull_apply import ONE, pull_along, pulled_transposed, recording, second_order
from pullback.python_calls import call_function, unforeseen
from pullback.rules import Active, callable_name, constant, forward_intrinsic, intrinsic, rule
from pullback.separate import separated
from pullback.spaces import entering
from pullback.tangent_parts import part, projected
from pullback.tangents import NO_TANGENT, ZERO, Tangent, add

# --- `gradient(f)` itself: its tangent is that of f -------------------------------------------------


def _same_tangent(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    return tuple(g if a in (0, "f") else ZERO for a in residual[1])


def _verb_vjp(verb: Any) -> Any:
    def vjp(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
        return verb(*args, **kwargs), (_same_tangent, active)

    return vjp


def _of_function(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    return fn(*args, **kwargs), dots[0] if len(args) > 0 else part(kwdots, "f")


def same_tangent_as_function(verb: Any) -> None:
    """Register that what a verb returns has the tangent of the function that it was given."""
    intrinsic(verb)(_verb_vjp(verb))
    forward_intrinsic(verb)(_of_function)


for _verb in (gradient, value_with_gradient, pullback, value_with_pullback, differential, value_with_differential):
    same_tangent_as_function(_verb)


def verb_name(fn: Any) -> str:
    """The verb that made a function."""
    name: str = fn._pullback_verb[0]
    return name


def verb_function(fn: Any) -> Any:
    """The function that a verb was given."""
    return fn._pullback_verb[1]


def verb_operands(fn: Any, args: Any, kwargs: Any) -> Active:
    """The operands that a verb differentiates by."""
    _, f, wrt = fn._pullback_verb
    return active_operands(f, wrt, args, kwargs)


# --- called in reverse mode -------------------------------------------------------------------------


def call_verb(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
    """The value of `gradient(f)(*args)` and the like, and the residual of its pullback."""
    if hasattr(fn, "_pullback_written"):
        _refuse_changes(fn, args, kwargs)
        value, inner = call_function(written_function(fn), args, active, kwargs, lambda _: None)
        return value, (_pull_written, inner, active)
    wrt = verb_operands(fn, args, kwargs)
    with recording():
        value = fn(*args, **kwargs)
    if -1 in active:
        for made in value if isinstance(value, tuple) else (value,):
            if isinstance(made, (Pullback, Differential)):
                made.callee_varies = True
    return value, verb_residual(fn, args, kwargs, wrt, active)


def _refuse_changes(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse a verb whose function changes what it is given, where it is run on copies: try it, if it may."""
    if runs_on_copies(verb_function(fn), args, kwargs):
        given = snapshot((args, kwargs))
        before = deep_fingerprint(given)
        fn(*given[0], **given[1])
        if deep_fingerprint(given) != before:
            raise unforeseen(verb_function(fn))


def verb_residual(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: Active, active: Active) -> Any:
    """What the pullback of a call of `gradient(f)` and the like reads: it runs `f` again on the arguments."""
    return _pull_verb, verb_name(fn), verb_function(fn), args, kwargs, wrt, active


def _pull_written(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, active = residual
    found = inner[0](inner, g)
    return tuple(part(t, "f") if a == -1 else t for a, t in zip(active, found, strict=True))


def _pull_verb(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    _, verb, f, args, kwargs, wrt, active = residual
    if verb in ("gradient", "value_with_gradient"):
        y_bar, tangents = (part(g, 0), part(g, 1)) if verb == "value_with_gradient" else (ZERO, g)
        whole = _spread(tangents, len(wrt))
        wanted: Active = (0, 1, 2) if -1 in active else (1, 2)
        found_bars = second_order(f, args, kwargs, wrt, ONE, whole, wanted, y_bar)
        bars: dict[Any, Tangent] = dict(zip(wanted, found_bars, strict=True))
    else:
        with_value = verb.startswith("value_with")
        y_bar, carried = (part(g, 0), part(g, 1)) if with_value else (ZERO, g)
        bars = {0: part(carried, "fn"), 1: part(carried, "args"), 2: part(carried, "kwargs")}
        if y_bar is not ZERO:
            operands: Active = tuple(a for a in active)
            _, inner = call(f, args, operands, kwargs or None)
            straight = inner[0](inner, y_bar)
            found = [_operand(bars, a) for a in active]
            return tuple(map(add, found, straight))
    return tuple(_operand(bars, a) for a in active)


def _operand(bars: dict[Any, Tangent], operand: int | str) -> Tangent:
    if operand == -1:
        return bars[0]
    return part(bars[2], operand) if isinstance(operand, str) else part(bars[1], operand)


def _spread(t: Tangent, count: int) -> tuple[Tangent, ...]:
    """The tangents of one operand, bare, or of several, as a tuple."""
    if t is ZERO or t is NO_TANGENT:
        return (ZERO,) * count
    whole = (t,) if count == 1 else tuple(t)
    return tuple(map(entering, whole))


VERB_PULLBACKS["call"] = call_verb


# --- called in forward mode -------------------------------------------------------------------------


def bare(tangents: Any) -> Any:
    """The tangent of one argument, bare; of several, a tuple."""
    return tangents[0] if len(tangents) == 1 else tangents


def in_spaces(tangents: Any, args: Any, kwargs: Any, wrt: Any) -> Any:
    """Tangents in their arguments' spaces."""
    return tuple([projected(t, operand_value(args, kwargs, w)) for t, w in zip(tangents, wrt, strict=True)])


def operand_value(args: Any, kwargs: Any, operand: Any) -> Any:
    """The value of an operand."""
    return kwargs[operand] if is_keyword(operand) else args[operand]


def is_keyword(operand: Any) -> bool:
    """Whether an operand is a keyword argument."""
    return isinstance(operand, str)


def gradient_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """The gradient and its tangent: forward over reverse, as reverse over forward."""
    wrt = verb_operands(fn, args, kwargs)
    value, tangent = pull_along(verb_function(fn), fn_dot, args, dots, kwargs, kwdots, wrt, ONE, ZERO)
    return bare(in_spaces(value, args, kwargs, wrt)), bare(in_spaces(tangent, args, kwargs, wrt))


def value_with_gradient_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """The same beside the function's own value."""
    y, y_dot = call_differential(verb_function(fn), fn_dot, args, dots, kwargs, kwdots)
    value, tangent = gradient_differential(fn, fn_dot, args, dots, kwargs, kwdots)
    return (y, value), (y_dot, tangent)


def carrying(fn_dot: Any, dots: Any, kwdots: Any) -> Any:
    """The tangent of a pullback or differential object."""
    return {"fn": fn_dot, "args": dots, "kwargs": kwdots}


def map_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """`pullback(f)(x)`, `differential(f)(x)`: a linear map, with the tangents of what it was made of."""
    return fn(*args, **kwargs), carrying(fn_dot, dots, kwdots)


def value_with_map_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """The same beside the function's value."""
    y_dot = call_differential(verb_function(fn), fn_dot, args, dots, kwargs, kwdots)[1]
    return fn(*args, **kwargs), (y_dot, carrying(fn_dot, dots, kwdots))


def written_function(fn: Any) -> Any:
    """The function of a verb that is written in the language which is differentiated."""
    return fn._pullback_written


def written_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """Such a verb: it captured the function that it was given."""
    return call_differential(written_function(fn), {"f": fn_dot}, args, dots, kwargs, kwdots)


def written_out(function: Callable[..., Any], verb: str, f: Any, wrt: Any) -> Callable[..., Any]:
    """What a verb returns that captured `f`, and is itself differentiated where differentiated code calls it."""
    made = named(at_boundary(function), verb, f, wrt)
    made.__dict__["_pullback_written"] = function
    VERBS[verb] = written_differential
    return made


VERBS.update(
    gradient=gradient_differential,
    value_with_gradient=value_with_gradient_differential,
    pullback=map_differential,
    differential=map_differential,
    value_with_pullback=value_with_map_differential,
    value_with_differential=value_with_map_differential,
)


# --- pullbacks and differentials as values ----------------------------------------------------------


def map_function(linear: Any) -> Any:
    """The function of a pullback or differential."""
    return linear._function


def map_args(linear: Any) -> Any:
    """Its positional arguments."""
    return linear._args


def map_kwargs(linear: Any) -> Any:
    """Its keyword arguments."""
    return linear._kwargs


def map_operands(linear: Any) -> Active:
    """What it differentiates by."""
    operands: Active = linear._active
    return operands


def _pull_map(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
    pull, s = args
    with recording():
        value = pull(s)
    return value, (_reverse_pull_map, pull, entering(pull.entered(s)), active)


def _reverse_pull_map(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    _, pull, s, active = residual
    whole = _spread(g, len(pull._active))
    wanted: Active = (0, 1, 2, 4) if pull.callee_varies else (1, 2, 4)
    found = second_order(pull._function, pull._args, pull._kwargs, pull._active, s, whole, wanted)
    fn, (args, kwargs, s_bar) = found[0] if pull.callee_varies else ZERO, found[-3:]
    by_operand = {0: {"fn": fn, "args": args, "kwargs": kwargs}, 1: s_bar}
    return tuple(by_operand[a] for a in active if isinstance(a, int))


intrinsic(Pullback.__call__)(_pull_map)


@forward_intrinsic(Pullback.__call__)
def _pull_map_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    pull, s = args
    pull_dot, s_dot = dots
    operands = map_args(pull)
    keywords = map_kwargs(pull)
    wrt = map_operands(pull)
    still = tuple([ZERO for x in operands])
    along = part(pull_dot, "args") if carries(pull_dot) else still
    f_dot = part(pull_dot, "fn") if carries(pull_dot) else ZERO
    entered = cotangent_for(pull, s)
    value, tangent = pull_along(
        map_function(pull), f_dot, operands, along, keywords, part(pull_dot, "kwargs"), wrt, entered, s_dot
    )
    return bare(in_spaces(value, operands, keywords, wrt)), bare(in_spaces(tangent, operands, keywords, wrt))


def carries(pull_dot: Any) -> bool:
    """Whether a linear map moves."""
    return isinstance(pull_dot, dict)


def cotangent_for(pull: Any, s: Any) -> Any:
    """A cotangent as the reverse sweep takes it."""
    return entering(pull.entered(s))


def _along_map(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Any]:
    moving, *tangents = args
    value = moving(*tangents)
    return value, (_reverse_along_map, moving, tuple(tangents), active)


def _reverse_along_map(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    _, moving, tangents, active = residual
    given = dict(zip(moving._active, entered_tangents(tangents, moving), strict=True))
    dots = tuple(given.get(i, ZERO) for i in range(len(moving._args)))
    kwdots = {k: given[k] for k in moving._kwargs if k in given}
    dots, kwdots = separated((dots, kwdots), (moving._args, moving._kwargs))
    six = (moving._function, ZERO, moving._args, dots, moving._kwargs, kwdots)
    with recording(transposing=True) as met:
        _, inner = call_differential_vjp(six, {}, (0, 2, 3, 4, 5) if moving.callee_varies else (2, 3, 4, 5))
    if met.nonlinear:
        raise DifferentiabilityError(
            f"a differential of {callable_name(moving._function)}, which runs a with_derivative callback or a "
            "registered pullback, is differentiated in reverse mode; use pb.differential for the outer derivative too"
        )
    *of_callee, args, dots_bar, keywords, kwdots_bar = pulled_transposed(inner, (ZERO, g), 4 + moving.callee_varies)
    fn = of_callee[0] if of_callee else ZERO
    parts = {-2: {"fn": fn, "args": args, "kwargs": keywords}}
    out: list[Tangent] = []
    for a in active:
        if a == 0:
            out.append(parts[-2])
        else:
            assert isinstance(a, int)
            operand = moving._active[a - 1]
            out.append(part(kwdots_bar, operand) if isinstance(operand, str) else part(dots_bar, operand))
    return tuple(out)


intrinsic(Differential.__call__)(_along_map)


@forward_intrinsic(Differential.__call__)
def _along_map_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    moving = args[0]
    moving_dot = dots[0]
    operands = map_args(moving)
    wrt = map_operands(moving)
    still = tuple([ZERO for x in operands])
    along = part(moving_dot, "args") if carries(moving_dot) else still
    f_dot = part(moving_dot, "fn") if carries(moving_dot) else ZERO
    keywords = map_kwargs(moving)
    entered = entered_tangents(args[1:], moving)
    both, moved = call_differential(
        call_differential,
        ZERO,
        (
            map_function(moving), ZERO, operands, placed_operands(entered, operands, wrt), keywords,
            placed_keywords(entered, keywords, wrt),
        ),
        (
            f_dot, ZERO, along, placed_operands(dots[1:], operands, wrt), part(moving_dot, "kwargs"),
            placed_keywords(dots[1:], keywords, wrt),
        ),
    )  # fmt: skip
    y, y_dot = both
    return projected(y_dot, y), projected(part(moved, 1), y)


def entered_tangents(tangents: Any, moving: Any) -> Any:
    """Tangents in their arguments' spaces, as a call of the differential takes them."""
    return tuple(map(moving.entered, moving._active, tangents))


def placed_operands(tangents: Any, operands: Any, wrt: Any) -> Any:
    """Tangents at the positions of the operands they belong to."""
    return tuple([part(tangents, wrt.index(i)) if i in wrt else ZERO for i in range(len(operands))])


def placed_keywords(tangents: Any, keywords: Any, wrt: Any) -> Any:
    """The same for keyword arguments."""
    return {k: part(tangents, wrt.index(k)) for k in keywords if k in wrt}


constant(active_operands, callable_name, verb_name, verb_operands, is_keyword, map_operands, carries)
rule(written_function, "fn", fn="part(g, 'f')", fn_dot="{'f': fn_dot}", _returns="unknown")
rule(verb_function, "fn", fn="g", fn_dot="fn_dot", _returns="unknown")
rule(map_function, "linear", linear="{'fn': g}", linear_dot="part(linear_dot, 'fn')", _returns="unknown")
rule(map_args, "linear", linear="{'args': g}", linear_dot="part(linear_dot, 'args')", _returns="tuple")
rule(map_kwargs, "linear", linear="{'kwargs': g}", linear_dot="part(linear_dot, 'kwargs')", _returns="dict")
rule(entered_tangents, "tangents, moving", tangents="g", tangents_dot="tangents_dot", _inert="moving", _returns="tuple")
rule(cotangent_for, "pull, s", s="g", s_dot="s_dot", _inert="pull", _returns="unknown")

__all__ = ["VERBS"]
