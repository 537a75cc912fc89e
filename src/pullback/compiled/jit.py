"""`pb.jit(g)`: a function, or its derivative, as machine code.

    slope = pb.jit(pb.gradient(f));  slope(2.0, tank)      compiled at the first call with these types

For each combination of argument types one function is generated and compiled; a few lines of Python in
front of it test the types, take the arguments apart and put the results together.
"""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable
from typing import Any

from pullback.arguments import active_operands
from pullback.compiled.entry import Entry
from pullback.compiled.layout import key_of, layout_of
from pullback.compiled.machine import need_numba
from pullback.compiled.values import refuse
from pullback.errors import ArgumentError, PullbackError
from pullback.forward_verbs import value_with_differential
from pullback.jacobians import from_columns, from_rows, hessian_plan, jacobian_plan
from pullback.locating import locate
from pullback.operators import pullback
from pullback.rules import EPOCH, scope
from pullback.second_order import hvp

_LOCK = threading.RLock()
_VERBS = frozenset({
    "value", "gradient", "value_with_gradient", "pullback", "value_with_pullback", "differential",
    "value_with_differential", "hvp",
})  # fmt: skip


def jit(function: Callable[..., Any] | None = None, /, *, cache: bool = False) -> Any:
    """The same function, compiled to machine code by Numba.

    `function` is an ordinary function, or one that `gradient`, `value_with_gradient`, `pullback`,
    `differential`, `jacobian`, `hessian` or `hvp` returned. With `cache`, machine code is kept on disk, in
    the folder that `PULLBACK_CACHE_DIR` names or else one of the user's caches, and found there by later
    processes. Needs the extra `numba`. What cannot be compiled raises `DifferentiabilityError` at the
    user's line when it is first called: nothing falls back to slow code. Raises `ArgumentError` where the
    folder cannot be written to.

    >>> import math, pullback as pb
    >>> pb.jit(pb.gradient(math.sin))(0.0)
    1.0
    >>> @pb.jit(cache=True)
    ... def square(x):
    ...     return x * x
    """
    if function is None:
        return functools.partial(jit, cache=cache)
    if not callable(function):
        raise ArgumentError(f"jit takes a function, not {function!r}")
    need_numba()
    verb, inner, wrt = verb_of(function)
    if verb in ("jacobian", "hessian"):
        return _matrix(verb, function, inner, wrt, cache)
    if verb not in _VERBS or hasattr(inner, "_pullback_verb"):
        raise refuse(f"jit of `{function.__name__}` is not compiled", None, help="jit takes one verb of a function")
    return Jitted(function, cache)


def _matrix(verb: str, function: Any, f: Any, wrt: Any, cache: bool) -> Callable[..., Any]:
    """A Jacobian or Hessian: compiled columns or rows, put together in Python."""
    forward = jit(value_with_differential(f, wrt), cache=cache)
    back = jit(pullback(f, wrt), cache=cache)
    second = jit(hvp(f, wrt), cache=cache)

    @functools.wraps(function)
    def matrix_of(*args: Any, **kwargs: Any) -> Any:
        active = active_operands(f, wrt, args, kwargs)
        if verb == "hessian":
            plan = hessian_plan(args, kwargs, active)
            return from_columns([second(*args, t[0] if len(t) == 1 else t, **kwargs) for t in plan.units], plan)
        value, push = forward(*args, **kwargs)
        plan = jacobian_plan(f, value, args, kwargs, active)
        if plan.by_columns:
            return from_columns([push(*t) for t in plan.units], plan)
        pull = back(*args, **kwargs)
        return from_rows([pull(g) for g in plan.units], plan)

    return matrix_of


class Jitted:
    """A compiled function: one machine code for each combination of argument types."""

    def __init__(self, function: Callable[..., Any], cache: bool = False) -> None:
        self.__wrapped__ = function
        self._cache = cache
        self.verb, self.function, self.wrt = verb_of(function)
        self._entries: dict[Any, Entry] = {}
        self._current: Callable[..., Any] = self._again
        functools.update_wrapper(self, function, updated=())
        self.__name__ = f"jit({getattr(function, '__name__', 'function')})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value, computed by machine code."""
        if kwargs:
            return self._again(*args, **kwargs)
        return self._current(*args)

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        return self if owner is None else types.MethodType(self, owner)

    def _again(self, *args: Any, **kwargs: Any) -> Any:
        """Find or make the machine code for these arguments."""
        try:
            entry = self.entry(args, kwargs)
        except PullbackError as error:
            raise locate(error)  # noqa: B904  # the same error, with the user's line
        if not kwargs and not EPOCH.scopes:
            self._current = entry.call
        return first_call(entry, (*args, *kwargs.values()))

    def entry(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        """The machine code for arguments of these types, made if there is none that holds."""
        layouts = [layout_of(a, f"argument {i + 1}") for i, a in enumerate(args)]
        layouts += [layout_of(v, f"argument `{k}`") for k, v in kwargs.items()]
        key = (tuple(map(key_of, layouts)), tuple(kwargs), tuple(map(id, scope())))
        with _LOCK:
            found = self._entries.get(key)
            if found is None or not found.holds():
                made = Entry(self.verb, self.function, self.wrt, self._again, args, kwargs, layouts, self._cache)
                found = self._entries[key] = made
            return found

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The text that was compiled for arguments of these types."""
        return self.entry(args, kwargs).text

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


def verb_of(function: Any) -> tuple[str, Any, Any]:
    """What a function is: "value" for an ordinary one, or the verb that made it, with what it was given."""
    found = getattr(function, "_pullback_verb", None)
    if found is None:
        return "value", function, None
    verb, inner, wrt = found
    return str(verb), inner, wrt


def first_call(entry: Entry, args: tuple[Any, ...]) -> Any:
    """A call in which Numba may compile: what it refuses is told at the user's function."""
    numba = need_numba()
    try:
        return entry.call(*args)
    except numba.core.errors.NumbaError as error:
        reason = [line.strip() for line in str(error).splitlines() if line.strip()]
        words = ("No implementation", "Cannot unify", "Unknown attribute", "Untyped global", "Invalid use")
        shown = next((line for line in reversed(reason) if any(w in line for w in words)), "")
        shown = shown or next(
            (line for line in reason if "rror" in line), reason[0] if reason else type(error).__name__
        )
        raise refuse(f"Numba does not compile what `{entry.title}` becomes: {shown}", entry.span) from error
