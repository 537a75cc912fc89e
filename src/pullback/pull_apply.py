"""A pullback taken inside code that is itself differentiated: derivatives of derivatives.

    pull_apply(f, args, {}, (0,), s)      the tangents pullback(f)(*args)(s) of the operands named

Both of its derivatives are reverse mode over forward mode. With (y, y_dot) = f's differential,
pull (s_dot, s) back: the cotangent of the tangents is the value, that of the arguments its tangent.

    along x_dot:       pull_apply(call_differential, (f, f_dot, (x,), (x_dot,)), ..., (s_dot, s))
    pulled back by g:  <pull_apply(f, x, s), g> = <s, y_dot along g>, differentiated by x and s

After Pearlmutter, "Fast exact multiplication by the Hessian" (1994). The second needs every pullback
to be linear in its cotangent; hooks of `with_derivative` need not be: where one was met, the
tangents along each unit vector are paired with g instead.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pullback.call_paths import regrouped
from pullback.differential_calls import call_differential
from pullback.differential_pairs import call_differential_vjp, of_target
from pullback.dispatch import call, call_alone
from pullback.errors import DifferentiabilityError
from pullback.python_calls import has_tangent
from pullback.rules import Active, callable_name, constant, forward_intrinsic, intrinsic, rule
from pullback.runtime import seed
from pullback.separate import separated
from pullback.spaces import is_differentiable
from pullback.tangent_parts import dense, is_zero, part
from pullback.tangents import NO_TANGENT, ZERO, Tangent, add
from pullback.trees import as_reals, flatten, leaves, tangent_leaves

intrinsic(call_differential)(call_differential_vjp)


class Seed:
    """The cotangent 1 of a real scalar result; lifted, that of a result with its tangent."""

    __slots__ = ("depth",)

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth

    def of(self, value: Any) -> Tangent:
        """The cotangent of this value."""
        return seed(value) if self.depth == 0 else (ZERO, Seed(self.depth - 1).of(value[0]))


ONE = Seed()


def pull_apply(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: Active, s: Any) -> tuple[Tangent, ...]:
    """The tangents that a cotangent of `fn(*args, **kwargs)` pulls back to, of the operands in `wrt`."""
    with recording():
        value, residual = _called(fn, args, wrt, kwargs)
    return pulled(residual, s.of(value) if s.__class__ is Seed else s, len(wrt))


def _called(fn: Any, args: tuple[Any, ...], wrt: Active, kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The value of a call and its residual. (A verb's function that changes its arguments is given copies of them.)"""
    if fn is call_differential:
        return of_target(args, wrt, call_alone, regrouped)
    return call(fn, args, wrt, kwargs or None)


def pulled(residual: Any, s: Tangent, count: int) -> tuple[Tangent, ...]:
    """What a residual pulls a cotangent back to; ZERO pulls back to ZERO."""
    if is_zero(s):
        return (ZERO,) * count
    with recording():
        return residual[0](residual, s)  # type: ignore[no-any-return]


# --- forward mode -----------------------------------------------------------------------------------


def is_seed(s: Any) -> bool:
    """Whether a cotangent is the 1 of a scalar result."""
    return s.__class__ is Seed


def seed_above(s: Any) -> Any:
    """The seed of the result with its tangent."""
    return Seed(s.depth + 1)


def lifted(s: Any, s_dot: Tangent) -> Any:
    """The cotangent (s_dot, s) of a value and its tangent."""
    if is_seed(s):
        return seed_above(s)
    return s_dot, s


def with_zeros(dots: tuple[Tangent, ...], args: tuple[Any, ...], wrt: Active) -> tuple[Tangent, ...]:
    """The tangents of the operands, those in `wrt` written out, so that derivatives by them can be taken."""
    return tuple(dense(d, x) if i in wrt else d for i, (d, x) in enumerate(zip(dots, args, strict=True)))


def with_zero_keywords(dots: Any, kwargs: dict[str, Any], wrt: Active) -> Any:
    """The same for keyword arguments."""
    return {k: dense(part(dots, k), x) if k in wrt else part(dots, k) for k, x in kwargs.items()}


def callee_with_zeros(fn_dot: Tangent, fn: Any, wrt: Active) -> Tangent:
    """The tangent of a callee, written out where the derivative by what it captures is wanted."""
    return closure_dense(fn_dot, fn) if -1 in wrt else fn_dot


def closure_dense(t: Tangent, fn: Any) -> Tangent:
    """The tangent of a closure with its zeros written out."""
    code = getattr(fn, "__code__", None)
    if code is None:
        return dense(t, fn)
    known = {} if t is ZERO else dict(t)
    for name, cell in zip(code.co_freevars, fn.__closure__ or (), strict=True):
        if is_differentiable(cell.cell_contents):
            known[name] = dense(known.get(name, ZERO), cell.cell_contents)
    return known


def chosen(bars: Any, kwbars: Any, fn_bar: Tangent, wrt: Active) -> tuple[Tangent, ...]:
    """The cotangents of the operands in `wrt`."""
    return tuple(fn_bar if w == -1 else part(kwbars, w) if isinstance(w, str) else part(bars, w) for w in wrt)


def pull_along(
    fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any, wrt: Any, s: Any, s_dot: Any
) -> Any:
    """The value of `pull_apply` and its tangent: one reverse sweep over the differential."""
    written = with_zeros(dots, args, wrt)
    kwwritten = with_zero_keywords(kwdots, kwargs, wrt)
    callee = callee_with_zeros(fn_dot, fn, wrt)
    callee, written, kwwritten = separated((callee, written, kwwritten), (args, kwargs))
    six = (fn, callee, args, written, kwargs, kwwritten)
    wanted = places_of(wrt)
    found = pull_apply(call_differential, six, {}, wanted, lifted(s, s_dot))
    bars = [found[wanted.index(k)] if k in wanted else ZERO for k in range(6)]
    value = chosen(bars[3], bars[5], bars[1], wrt)
    return value, chosen(bars[2], bars[4], bars[0], wrt)


def places_of(wrt: Active) -> tuple[int, ...]:
    """Which of the six operands hold what is differentiated by: not the callee's captures, if they are not."""
    pairs = (
        (-1 in wrt, (0, 1)),
        (any(isinstance(w, int) and w >= 0 for w in wrt), (2, 3)),
        (any(isinstance(w, str) for w in wrt), (4, 5)),
    )
    return tuple(k for asked, places in pairs if asked for k in places)


@forward_intrinsic(pull_apply)
def _pull_apply_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """The same, as the forward mode of a call of `pull_apply`."""
    f, operands, keywords, wrt, s = args
    f_dot, operand_dots, keyword_dots, _, s_dot = dots
    spread = spread_zeros(operand_dots, operands)
    return pull_along(f, f_dot, operands, spread, keywords, keyword_dots, wrt, s, s_dot)


def spread_zeros(dots: Any, operands: tuple[Any, ...]) -> tuple[Tangent, ...]:
    """ZERO for a tuple of operands as a tuple."""
    return (ZERO,) * len(operands) if dots is ZERO else dots


# --- reverse mode -----------------------------------------------------------------------------------


@intrinsic(pull_apply)
def pull_apply_vjp(args: tuple[Any, ...], keywords: dict[str, Any], active: Active) -> tuple[Any, Any]:
    """The same, and what its own pullback needs."""
    fn, operands, kwargs, wrt, s = args
    return reversible(fn, operands, kwargs, wrt, s, active)


def reversible(
    fn: Any, operands: tuple[Any, ...], kwargs: dict[str, Any], wrt: Active, s: Any, active: Active
) -> tuple[Any, Any]:
    """The tangents, and the residual of their own pullback, which runs `fn` again."""
    value, residual = _called(fn, operands, wrt, kwargs)
    s = s.of(value) if s.__class__ is Seed else s
    return pulled(residual, s, len(wrt)), (_reverse_pull_apply, fn, operands, kwargs, wrt, s, ZERO, active)


def _reverse_pull_apply(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    _, fn, operands, kwargs, wrt, s, _, active = residual
    return second_order(fn, operands, kwargs, wrt, s, g, active)


def second_order(
    fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: Active, s: Any, g: Any, active: Active,
    y_bar: Tangent = ZERO,
) -> tuple[Tangent, ...]:  # fmt: skip
    """The cotangents of (fn, args, kwargs, wrt, s) for the cotangent `g` of the tangents, `y_bar` of the value."""
    if is_zero(g) and y_bar is ZERO:
        return (ZERO,) * len(active)
    along = {w: t for w, t in zip(wrt, g, strict=True) if t is not NO_TANGENT} if not is_zero(g) else {}
    dots = tuple(along.get(i, ZERO) for i in range(len(args)))
    kwdots = {k: along.get(k, ZERO) for k in kwargs}
    callee, dots, kwdots = separated((along.get(-1, ZERO), dots, kwdots), (args, kwargs))
    six = (fn, callee, args, dots, kwargs, kwdots)
    places = {0: 0, 1: 2, 2: 4}
    wanted = tuple(places[a] for a in active if a in places and (a != 0 or has_tangent(fn)))
    with recording(transposing=True) as met:
        value, residual = of_target(six, wanted, call_alone, regrouped)
    y_dot = value[1]
    cotangent = s.of(value[0]) if s.__class__ is Seed else s
    if not met.nonlinear:
        bars = dict(zip(wanted, pulled_transposed(residual, (y_bar, cotangent), len(wanted)), strict=True))
        by_operand: dict[Any, Tangent] = {a: bars.get(places[a], ZERO) for a in active if a in places}
    else:
        by_operand = _by_unit_vectors(fn, args, kwargs, wrt, cotangent, g, active)
        if y_bar is not ZERO:
            first = call(fn, args, tuple(range(len(args))), kwargs or None)[1]
            straight = first[0](first, y_bar)
            by_operand[1] = add(by_operand.get(1, ZERO), tuple(straight))
    by_operand[4] = y_dot
    return tuple(by_operand.get(a, ZERO) for a in active)


def pulled_transposed(residual: Any, s: Tangent, count: int) -> tuple[Tangent, ...]:
    """The same as `pulled`, where rules met are transposed."""
    with recording(transposing=True):
        return residual[0](residual, s)  # type: ignore[no-any-return]


def _by_unit_vectors(
    fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: Active, s: Any, g: Any, active: Active
) -> dict[Any, Tangent]:
    """The pullback of `pull_apply`, from its tangents along each unit vector of the operands."""
    primals = [args[w] if isinstance(w, int) else kwargs[w] for w in wrt]

    def paired(dots: tuple[Tangent, ...], kwdots: dict[str, Tangent], fn_dot: Tangent = ZERO) -> float:
        _, tangents = pull_along(fn, fn_dot, args, dots, kwargs, kwdots, wrt, s, ZERO)
        total = 0.0
        for t, c, x in zip(tangents, g, primals, strict=True):
            for a, b in zip(tangent_leaves(t, x), tangent_leaves(c, x), strict=True):
                total += float(np.real(np.sum(np.asarray(a) * np.asarray(b))))
        return total

    def cotangent(x: Any, probe: Any) -> Tangent:
        if not is_differentiable(x):
            return ZERO
        vector, rebuild = flatten(x)
        signs = as_reals([np.full(np.shape(p), 1 - 1j if np.iscomplexobj(p) else 1.0) for p in leaves(x)])
        found = [probe(rebuild(np.eye(1, vector.size, k)[0])) for k in range(vector.size)]
        return rebuild(np.array(found) * signs)

    none = (ZERO,) * len(args)
    bars = tuple(cotangent(x, lambda t, i=i: paired((*none[:i], t, *none[i + 1 :]), {})) for i, x in enumerate(args))
    kwbars = {k: cotangent(x, lambda t, k=k: paired(none, {k: t})) for k, x in kwargs.items()}
    captured = {
        name: cotangent(x, lambda t, name=name: paired(none, {}, {name: t}))
        for name, x in (_captures(fn) if 0 in active else {}).items()
    }
    return {0: captured or ZERO, 1: bars, 2: kwbars}


def _captures(fn: Any) -> dict[str, Any]:
    """The differentiable variables that a function captured, or the one that a verb was given."""
    while hasattr(fn, "_pullback_verb"):
        fn = fn._pullback_verb[1]
    code = getattr(fn, "__code__", None)
    if code is None:
        if is_differentiable(fn) or is_differentiable(getattr(fn, "__self__", None)):
            raise DifferentiabilityError(
                f"{callable_name(fn)} runs a with_derivative callback and belongs to an object that is differentiated; "
                "pass the object as an argument"
            )
        return {}
    cells = zip(code.co_freevars, fn.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if is_differentiable(cell.cell_contents)}


# --- what was met ------------------------------------------------------------------------------------


class Record:
    """What a sweep met: pullbacks that are not linear, and whether rules met are to be transposed."""

    __slots__ = ("nonlinear", "transposing")

    def __init__(self, transposing: bool) -> None:
        self.transposing = transposing
        self.nonlinear = False


class _Present(threading.local):
    record = Record(False)


_PRESENT = _Present()


def present() -> Record:
    """The record of the sweep that runs in this thread."""
    return _PRESENT.record


@contextmanager
def recording(transposing: bool = False) -> Iterator[Record]:
    """A record of its own for the sweep inside."""
    before, made = _PRESENT.record, Record(transposing)
    _PRESENT.record = made
    try:
        yield made
    finally:
        _PRESENT.record = before


constant(is_seed, seed_above, places_of)
rule(closure_dense, "t, fn", t="g", t_dot="t_dot", _inert="fn", _returns="unknown")
