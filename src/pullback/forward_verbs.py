"""Forward mode's verbs: `differential` and `value_with_differential`.

    y, df = value_with_differential(f)(x)       f runs once, for its value
    df(x_dot)                                   the tangent of y along x_dot: the tangent code runs

A differential keeps the arguments and not what happened: each call of it runs f's tangent code, which
computes the value again beside its tangent, random numbers replayed. A value that comes out different
is an error, as is an argument that has changed.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from contextlib import nullcontext
from types import FunctionType
from typing import Any

import numpy as np

from pullback.arguments import Wrt, active_operands, parameter_list
from pullback.copying import leaving_arguments
from pullback.differential_calls import call_differential, method_parts, resolve
from pullback.differential_changes import change_differential
from pullback.effects import is_pure
from pullback.errors import ArgumentError, ChangedValueError, CotangentError, warn_of
from pullback.fingerprints import fingerprint, is_changeable
from pullback.forms import space_of
from pullback.locating import at_boundary, settle
from pullback.mirrors import mirrors, snapshot
from pullback.not_finite import debugging, look_at
from pullback.operations import type_call
from pullback.operators import called_with, check_callable, named
from pullback.pull_apply import recording
from pullback.recompute import generators_of, replayed, states_of
from pullback.rules import EPOCH, Active, callable_name, shown_name
from pullback.spaces import entering, project
from pullback.tables import Table
from pullback.tangents import NO_TANGENT, ZERO, Tangent
from pullback.trees import flatten, leaves
from pullback.watching import outside


def differential(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Differential]:
    """The differential of `f` at its arguments: from tangents of the arguments to the tangent of the result.

    >>> differential(lambda x, y: x * y)(3.0, 2.0)(1.0, 0.0)
    2.0
    """
    core = value_with_differential(f, wrt)

    def differential_of(*args: Any, **kwargs: Any) -> Differential:
        found: Differential = core(*args, **kwargs)[1]
        return found

    return named(at_boundary(differential_of), "differential", f, wrt)


def value_with_differential(f: Callable[..., Any], wrt: Wrt = None) -> Callable[..., Any]:
    """The value of `f` and its differential, a linear map that may be called any number of times.

    `f` runs once for the value; each call of the differential runs the tangent code, in which `f`'s
    statements run again beside their tangents.

    >>> y, df = value_with_differential(lambda x: x * x)(3.0)
    >>> y, df(1.0), df(2.0)
    (9.0, 6.0, 12.0)
    """
    check_callable(f)
    known: dict[Any, Any] = {}  # the tangent code by what it was generated from; its own guards see to the rest

    def value_with_differential_of(*args: Any, **kwargs: Any) -> tuple[Any, Differential]:
        key = None
        if not kwargs and f.__class__ is FunctionType and f.__closure__ is None and not EPOCH.scopes:
            key = (EPOCH.now, f.__code__, *[a.dtype if a.__class__ is np.ndarray else a.__class__ for a in args])
        found = known.get(key)
        try:
            active = active_operands(f, wrt, args, kwargs) if found is None else found[0]
            made = Differential(f, args, kwargs, active, found)
            plain = made.code is not None and made.before is None and not any(map(_holds_others, args))
            if key is not None and found is None and plain:
                known[key] = (active, made.code, made.pure)
        except Exception as error:
            settle(error)
            raise
        return made.value, made

    return named(value_with_differential_of, "value_with_differential", f, wrt)


class Differential:
    """A linear map from tangents of the arguments to the tangent of a result."""

    whole_tangent = True  # as a value that is differentiated, it is one
    __slots__ = (
        "_active", "_args", "_fast", "_function", "_kwargs", "_looks", "_mark", "_replay", "_seen", "before",
        "callee_varies", "code", "pure", "value",
    )  # fmt: skip

    def __init__(
        self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active, known: Any = None
    ) -> None:
        plain, given = f, (args, kwargs)
        f = leaving_arguments(f, args, kwargs)
        if f is not plain:
            args, kwargs = snapshot(given)
        self._function, self._args, self._kwargs, self._active = f, args, kwargs, active
        self.callee_varies = False  # as a pullback's
        self._looks = EPOCH.scopes > 0 and debugging()
        always_zero = self.before = None
        if known is not None:
            _, self.code, self.pure = known
            self._seen = [(f"argument {i + 1}", x, fingerprint(x)) for i, x in enumerate(args) if is_changeable(x)]
        else:
            watched = called_with(args, kwargs) | outside(f)
            self._seen = [(what, x, fingerprint(x)) for what, x in watched.items() if is_changeable(x)]
            self.code, always_zero = self._prepared()
            self.pure = is_pure(f)
            if self.before is not None:  # the function may change its arguments
                held = {id(x) for x in (*args, *kwargs.values())}
                self._seen = [seen for seen in self._seen if id(seen[1]) not in held]
        self._replay: Any = None
        if not self.pure:
            generators = generators_of(f, args, kwargs)
            self._replay = generators, states_of(generators)
        self.value = f(*args, **kwargs)
        if f is not plain:
            plain(*given[0], **given[1])  # for what it changes
        self._mark = self.value if self.value.__class__ is float else fingerprint(self.value)
        self._fast = self.code is not None and self.pure and not self._seen and self.value.__class__ is float
        if always_zero is not None:
            warn_of(always_zero)

    def _prepared(self) -> tuple[Any, Any]:
        """The tangent code, where it can be called directly; what cannot be differentiated is refused here."""
        function, args, kwargs, active = self._function, self._args, self._kwargs, self._active
        dots = tuple(1.0 if i in active else ZERO for i in range(len(args)))
        kwdots = {k: 1.0 for k in kwargs if k in active}
        target = resolve(function, ZERO, args, dots, kwargs, kwdots, foreseen=True)
        inner, own, own_dots = function, args, dots
        while target.operands is None and not isinstance(inner, types.FunctionType):
            found, obj = method_parts(inner) if isinstance(inner, types.MethodType) or is_object(inner) else (None, 0)
            if not isinstance(found, (types.FunctionType, types.MethodType)):
                break
            inner, own, own_dots = found, (obj, *own), (1.0, *own_dots)
            target = resolve(inner, ZERO, own, own_dots, kwargs, kwdots, foreseen=True)
        if getattr(target.function, "_pullback_mirrors", False):
            self.before = snapshot((function, args, kwargs))
        always_zero = getattr(target.function, "_pullback_always_zero", None)
        if inner is not function:
            return None, always_zero
        moved = [("dots", i) for i in range(len(args)) if i in active]
        direct = not kwargs and list(target.paths) == moved + [("args", i) for i in range(len(args))]
        return target.function if direct else None, always_zero

    def __call__(self, *tangents: Tangent) -> Tangent:
        """The tangent of the result along tangents of the differentiated arguments."""
        if self._fast and not EPOCH.scopes and len(tangents) == len(self._active):
            for t in tangents:
                if t.__class__ is not float:
                    break
            else:
                try:
                    value, dot = self.code(*tangents, *self._args)
                except Exception as error:
                    settle(error)
                    raise
                if value == self._mark and dot.__class__ is float:
                    return dot
        try:
            tangent = self._tangent(*tangents)
            if EPOCH.scopes and debugging():
                given = called_with(self._args, self._kwargs) | {f"tangent {i + 1}": t for i, t in enumerate(tangents)}
                look_at(tangent, given, callable_name(self._function), self._looks)
            return tangent
        except Exception as error:
            settle(error)
            raise

    def _tangent(self, *tangents: Tangent) -> Tangent:
        for what, x, before in self._seen:
            if fingerprint(x) != before:
                raise ChangedValueError(
                    f"{what} of {callable_name(self._function)} has changed since the differential was made (or the "
                    "function itself changes it); pass a copy"
                )
        if len(tangents) != len(self._active):
            raise ArgumentError(
                f"the differential of {callable_name(self._function)} takes {len(self._active)} tangents, one for each "
                f"differentiated argument; it was given {len(tangents)}"
            )
        dots = dict(zip(self._active, map(self.entered, self._active, tangents), strict=True))
        value, dot = self._along(dots)
        mark = value if value.__class__ is float else fingerprint(value)
        if mark != self._mark and not same_but_for_rounding(value, self.value):
            raise ChangedValueError(
                f"{callable_name(self._function)} gave another value when it was run again for its tangent; something "
                "it reads has changed; pass it as an argument"
            )
        if dot.__class__ is float and value.__class__ is float:
            return dot
        return project(dot, value, f"the tangent of {callable_name(self._function)}'s result")

    def _along(self, dots: dict[Any, Tangent]) -> tuple[Any, Tangent]:
        replay = nullcontext() if self._replay is None else replayed(*self._replay)
        with replay:
            if self.before is not None:
                return self._along_changes(dots)
            if self.code is not None:
                return self.code(*dots.values(), *self._args)  # type: ignore[no-any-return]
            along = tuple(dots.get(i, ZERO) for i in range(len(self._args)))
            kwdots = {k: dots[k] for k in self._kwargs if k in dots}
            with recording():
                return call_differential(self._function, ZERO, self._args, along, self._kwargs, kwdots)

    def _along_changes(self, dots: dict[Any, Tangent]) -> tuple[Any, Tangent]:
        """The same for a function that changes its arguments: on copies of what they were."""
        function, args, kwargs = snapshot(self.before)
        keys = [*range(len(args)), *kwargs]
        values = (function, *args, *kwargs.values())
        callee, *found = mirrors(values, (ZERO, *(dots.get(k, ZERO) for k in keys)))
        along = dict(zip(keys, found, strict=True))
        kwdots = {k: along[k] for k in kwargs}
        with recording():
            made: tuple[Any, Tangent] = change_differential(
                function, callee, args, tuple(along[i] for i in range(len(args))), kwargs, kwdots
            )
        return made

    def entered(self, operand: Any, t: Tangent) -> Tangent:
        """A tangent in its argument's space."""
        args, kwargs = (self._args, self._kwargs) if self.before is None else self.before[1:]
        x = args[operand] if isinstance(operand, int) else kwargs[operand]
        if x.__class__ is float is t.__class__:
            return t
        names = parameter_list(self._function) or []
        name = operand if isinstance(operand, str) else names[operand] if operand < len(names) else str(operand + 1)
        if t is NO_TANGENT or t is None:
            raise CotangentError(f"the tangent of argument `{name}` of {callable_name(self._function)} is {t!r}")
        return entering(project(t, x, f"the tangent of argument `{name}` of {callable_name(self._function)}"))

    def given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep other arguments, copies of its own, for what is made of it later."""
        self._args, self._kwargs = args, kwargs

    def __repr__(self) -> str:
        return f"<differential of {shown_name(self._function)}: {self._from()} -> {space_of(self.value)}>"

    def _from(self) -> str:
        given = [self._args[a] if isinstance(a, int) else self._kwargs[a] for a in self._active]
        forms = [space_of(x) for x in given]
        return forms[0] if len(forms) == 1 else f"({', '.join(forms)})"

    def _repr_html_(self) -> str:
        rows = [("from tangents of", self._from()), ("to a tangent of the result", space_of(self.value))]
        return Table(("", "form"), rows, code=frozenset({1})).html(f"differential of {shown_name(self._function)}")


def is_object(f: Any) -> bool:
    """Whether a callable is an object whose class has a `__call__` in Python."""
    return not isinstance(f, type) and isinstance(type_call(type(f)), types.FunctionType)


def _holds_others(x: Any) -> bool:
    """Whether more than a value's class decides what code is generated for it."""
    return not isinstance(x, (bool, int, float, complex, str, np.ndarray, np.generic, type(None)))


def same_but_for_rounding(a: Any, b: Any) -> bool:
    """Whether two values are the same but for rounding: a gradient inside sums in another order here."""
    found, expected = flatten(a)[0], flatten(b)[0]
    if found.shape != expected.shape:
        return False
    narrow = any(np.asarray(x).dtype.itemsize < 8 for x in leaves(b))
    return bool(np.allclose(found, expected, rtol=1e-3 if narrow else 1e-8, atol=1e-12, equal_nan=True))
