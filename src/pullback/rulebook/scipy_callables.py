"""Functions that SciPy is given and calls itself: their tangents as vectors, and results with named parts.

    integrate.quad(lambda t: np.exp(-k * t), 0, 1)      k is captured: its cotangent is a coordinate

An integral or a differential equation for cotangents needs them as arrays of numbers. A `Space`
has the coordinates of everything that such a call may depend on: the variables which the function
captures, and its further arguments.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from pullback.applying import Residual
from pullback.dispatch import call
from pullback.errors import ChangedValueError, DifferentiabilityError
from pullback.fingerprints import fingerprint
from pullback.python_calls import has_tangent
from pullback.rules import Active, callable_name, intrinsic, lookup
from pullback.spaces import entering, is_differentiable, project
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector
from pullback.trees import Vector, as_reals, flatten, leaves

Call = dict[str, Any]


def bound_call(
    function: Any, args: tuple[Any, ...], kwargs: Call, active: Active
) -> tuple[Call, dict[int | str, str], set[str]]:
    """A call's arguments by parameter, the parameter of each active operand, and the set of these."""
    signature = _SIGNATURES.get(function)
    if signature is None:
        signature = _SIGNATURES[function] = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    names = list(signature.parameters)
    places = {a: names[a] if isinstance(a, int) else a for a in active}
    values = dict(bound.arguments)
    for name, p in signature.parameters.items():
        if p.kind is p.VAR_KEYWORD:
            values.update(values.pop(name))
    return values, places, set(places.values())


_SIGNATURES: dict[Any, inspect.Signature] = {}


def only(active: set[str], allowed: tuple[str, ...], function: Any) -> None:
    """An error for an active argument that the derivative does not cover."""
    for name in sorted(active):
        if name not in allowed:
            raise DifferentiabilityError(
                f"the derivative of {callable_name(function)} with respect to its argument `{name}` is not known; "
                f"wrap it in pb.without_derivative, or register a derivative with "
                f"@pb.derivative(of={callable_name(function)})"
            )


def as_arguments(args: Any) -> tuple[Any, ...]:
    """SciPy's `args`: a tuple, or one argument."""
    return args if isinstance(args, tuple) else (args,)


def captured(fn: Any, seen: tuple[int, ...] = ()) -> Any:
    """What the tangent of a function has parts for: its captured variables and defaults, or its object's fields."""
    if isinstance(fn, types.MethodType):
        return skeleton(fn.__self__, seen)
    if not isinstance(fn, types.FunctionType):
        return fn
    found: dict[str, Any] = {}
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            found[name] = skeleton(cell.cell_contents, (*seen, id(fn)))
        except ValueError:  # not yet assigned
            continue
    code = fn.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(reversed(positional), reversed(fn.__defaults__ or ()), strict=False))
    defaults.update(fn.__kwdefaults__ or {})
    found.update({f"default {p}": skeleton(v, seen) for p, v in defaults.items()})
    return found


def skeleton(x: Any, seen: tuple[int, ...] = ()) -> Any:
    """A value with a dict of captured variables in the place of each function in it."""
    if id(x) in seen:
        return None
    if isinstance(x, (types.FunctionType, types.MethodType)):
        return captured(x, seen) if has_tangent(x) else None
    if isinstance(x, dict):
        return {k: skeleton(v, seen) for k, v in x.items()}
    if isinstance(x, (tuple, list)) and not hasattr(x, "_make"):
        return type(x)(skeleton(v, seen) for v in x) if type(x) in (tuple, list) else x
    return x


class Kept:
    """A call's arguments as they are now: the derivative calls the functions among them again, later.

    A function is kept with the present values of its captured variables, which may be assigned again
    (that of a loop is). What is changed in place meanwhile is an error.
    """

    def __init__(self, given: Call) -> None:
        self.given = {k: frozen(v, {}) for k, v in given.items()}
        self._marks = {k: self._mark(k) for k in given}

    def _mark(self, name: str) -> Any:
        value = self.given[name]
        return fingerprint(skeleton(value)), _read_globals(value, set())

    def checked(self) -> Call:
        """The arguments, if they are still what they were."""
        for name, before in self._marks.items():
            if self._mark(name) != before:
                raise ChangedValueError(
                    f"`{name}`, or what it reads, was changed after the call and before its pullback; "
                    "pass a copy, or build a new value instead of changing this one"
                )
        return self.given


def frozen(fn: Any, memo: dict[int, Any]) -> Any:
    """A function whose captured variables stay what they are, whatever is assigned to them later."""
    if id(fn) in memo:
        return memo[id(fn)]
    if not isinstance(fn, types.FunctionType) or not fn.__closure__ or lookup(fn) is not None:
        return fn
    cells = tuple(types.CellType() for _ in fn.__closure__)
    made = types.FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, cells)
    made.__kwdefaults__, made.__qualname__, made.__module__ = fn.__kwdefaults__, fn.__qualname__, fn.__module__
    made.__dict__.update(fn.__dict__)
    memo[id(fn)] = made
    for cell, old in zip(cells, fn.__closure__, strict=True):
        try:
            cell.cell_contents = frozen(old.cell_contents, memo)
        except ValueError:  # not yet assigned
            continue
    return made


def _read_globals(fn: Any, seen: set[int]) -> Any:
    """Checksums of the numbers and arrays that a function reads from its module."""
    if isinstance(fn, types.MethodType):
        fn = fn.__func__
    if not isinstance(fn, types.FunctionType) or id(fn) in seen:
        return ()
    seen.add(id(fn))
    found: list[Any] = []
    for name in fn.__code__.co_names:
        value = fn.__globals__.get(name)
        if isinstance(value, types.FunctionType) and value.__module__ == fn.__module__:
            found.append(_read_globals(value, seen))
        elif isinstance(value, (int, float, complex, np.generic, np.ndarray, list, dict, tuple)):
            found.append((name, fingerprint(value)))
    for cell in fn.__closure__ or ():
        try:
            found.append(_read_globals(cell.cell_contents, seen))
        except ValueError:
            continue
    return tuple(found)


class Space:
    """The coordinates of a function's captured variables (where it is active) and of some further values."""

    def __init__(self, fn: Any, values: list[Any]) -> None:
        self.point = (captured(fn) if fn is not None else None, *map(skeleton, values))
        self.size = int(sum(as_reals([leaf]).size for leaf in leaves(self.point)))
        self._rebuild = flatten(self.point)[1] if self.size else None

    def vector(self, tangents: tuple[Tangent, ...]) -> Vector:
        """Tangents as numbers. One that has no place is an error: it would be lost."""
        return np.concatenate([np.zeros(0), *map(_coordinates, tangents, self.point)])

    def tangents(self, vector: Vector) -> tuple[Tangent, ...]:
        """Numbers as tangents; that of the function first, ZERO if it is not active."""
        if self._rebuild is None:
            return (ZERO,) * len(self.point)
        parts = self._rebuild(np.asarray(vector, float))
        return tuple(entering(project(t, x)) for t, x in zip(parts, self.point, strict=True))


def _coordinates(t: Tangent, x: Any) -> Vector:
    if isinstance(x, dict) and (isinstance(t, dict) or t is ZERO):
        given: Any = {} if t is ZERO else t
        for key in given:
            if key not in x:
                _lost(given[key], key)
        return np.concatenate([np.zeros(0), *(_coordinates(given.get(k, ZERO), v) for k, v in x.items())])
    if isinstance(x, (tuple, list)):
        parts = [ZERO] * len(x) if t is ZERO else t
        return np.concatenate([np.zeros(0), *map(_coordinates, parts, x)])
    if not is_differentiable(x):
        _lost(t, type(x).__name__)
        return np.zeros(0)
    if isinstance(t, TangentVector):
        for name, part in t.__dict__.items():
            if not is_differentiable(getattr(x, name, None)):
                _lost(part, name)
    return as_reals(_leaves_of(project(t, x), x))


def _leaves_of(t: Tangent, x: Any) -> list[Any]:
    """The leaves of a projected tangent, in the order of the leaves of its primal."""
    if isinstance(t, TangentVector):
        return [leaf for n, v in t.__dict__.items() for leaf in _leaves_of(v, getattr(x, n))]
    if isinstance(t, dict):
        return [leaf for k, v in t.items() for leaf in _leaves_of(v, x[k])]
    if isinstance(t, (tuple, list)):
        return [leaf for v, p in zip(t, x, strict=True) for leaf in _leaves_of(v, p)]
    return [] if t is NO_TANGENT else [t]


def _lost(t: Tangent, where: Any) -> None:
    if t is ZERO or t is NO_TANGENT or (isinstance(t, dict) and all(v is ZERO for v in t.values())):
        return
    raise DifferentiabilityError(
        f"a function given to SciPy depends on differentiated values through {where!r}, which is not followed; "
        "pass them through `args`"
    )


class Traced:
    """A function given to SciPy, with what its calls depend on: captured variables and some of its arguments."""

    def __init__(
        self, fn: Any, args: tuple[Any, ...], first: int, active: set[str], name: str, part: int | None = None
    ) -> None:
        self.fn = fn
        self.part = part  # which of the values that the function returns
        self.args = args
        self.of_callee = name in active and has_tangent(fn)
        self.places = [k for k, a in enumerate(args) if "args" in active and has_tangent(a)]
        self.first = first  # how many arguments come before `args`
        self.space = Space(fn if self.of_callee else None, [args[k] for k in self.places])

    def pulled(self, leading: tuple[Any, ...], of: tuple[int, ...]) -> tuple[Any, Callable[[Tangent], Any]]:
        """The value at some leading arguments; and, for its cotangent, those of the arguments `of` and a vector."""
        active: Active = (*((-1,) if self.of_callee else ()), *of, *(self.first + k for k in self.places))
        if not active:
            return self.value(*leading), lambda g: ((), np.zeros(0))
        value, residual = call(self.fn, (*leading, *self.args), active)
        start = 1 if self.of_callee else 0
        count = len(value) if self.part is not None else 0

        def pull(g: Tangent) -> tuple[tuple[Tangent, ...], Vector]:
            if self.part is not None:
                g = tuple(g if k == self.part else ZERO for k in range(count))
            tangents = residual[0](residual, g)
            callee = tangents[0] if self.of_callee else ZERO
            rest = tangents[start + len(of) :]
            return tangents[start : start + len(of)], self.space.vector((callee, *rest))

        return value if self.part is None else value[self.part], pull

    def value(self, *leading: Any) -> Any:
        """The function's value."""
        value = self.fn(*leading, *self.args)
        return value if self.part is None else value[self.part]

    def operands(self, vector: Vector) -> tuple[Tangent, Tangent]:
        """The cotangents of the function and of `args` for the coordinates of both."""
        callee, *parts = self.space.tangents(vector)
        out: list[Tangent] = [ZERO] * len(self.args)
        for place, t in zip(self.places, parts, strict=True):
            out[place] = t
        return callee, tuple(out)


def args_tangent(t: tuple[Tangent, ...], args: Any) -> Tangent:
    """The cotangent of `args` in the form in which it was given."""
    if isinstance(args, (tuple, list)):
        return type(args)(t)
    return t[0] if t else ZERO


# Results with named parts


@intrinsic(OptimizeResult.__getattr__)
def _part(args: tuple[Any, ...], kwargs: Call, active: Active) -> tuple[Any, Residual]:
    result, name = args
    return result.__getattr__(name), (_reverse_part, name, active)


def _reverse_part(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, name, active = residual
    return tuple({name: g} if a == 0 else ZERO for a in active)


def parts_of(g: Tangent, known: tuple[str, ...], function: Any) -> list[Tangent]:
    """The cotangents of a result's parts that have a derivative; an error if another part is used."""
    given = {} if g is ZERO else g
    for name, t in given.items():
        if name not in known and t is not ZERO and not is_nothing(t):
            raise DifferentiabilityError(
                f"the result's `{name}` of {callable_name(function)} has no derivative; "
                f"those of its parts {', '.join(known)} are known"
            )
    return [given.get(name, ZERO) for name in known]


def is_nothing(t: Tangent) -> bool:
    """Whether a tangent is zero in all its parts."""
    if t is NO_TANGENT or t is ZERO:
        return True
    if isinstance(t, dict):
        return all(map(is_nothing, t.values()))
    if isinstance(t, (tuple, list)):
        return all(map(is_nothing, t))
    if isinstance(t, TangentVector):
        return all(map(is_nothing, t.__dict__.values()))
    return isinstance(t, (int, float, complex, np.ndarray, np.generic)) and not np.any(t)


def fields_of(g: Tangent, known: tuple[str, ...], what: str) -> list[Tangent]:
    """The fields of an object's tangent; an error if one is not among those that are known."""
    for name, t in g.__dict__.items():
        if name not in known and not is_nothing(t):
            raise DifferentiabilityError(f"the attribute `{name}` of {what} has no derivative")
    return [g.__dict__.get(name, ZERO) for name in known]
