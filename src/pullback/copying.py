"""Derivatives of derivatives of a function that changes its arguments: it runs on copies of them.

    gradient(gradient(f))(a)        f runs more than once, each time on `a` as it was given

One run is all that a first derivative needs, and it changes the arguments as the plain function does.
Where `f` runs again and again, they are left as they were.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from pullback.analysing import may_change_arguments
from pullback.mirrors import mirror, snapshot
from pullback.rules import constant, lookup, rule
from pullback.template_functions import made

MAKERS: dict[str, Callable[..., Any]] = {}  # the verbs that are made anew of such a function, by their modules


def leaving_arguments(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`gradient(f)` itself; where `f` may change its arguments, that of `f` on copies."""
    chain: list[Any] = []
    function = f
    while getattr(function, "_pullback_verb", None) is not None and function._pullback_verb[0] in MAKERS:
        chain.append(function._pullback_verb)
        function = function._pullback_verb[1]
    if not chain or not isinstance(function, types.FunctionType) or hasattr(function, "_pullback_verb"):
        return f
    if not may_change_arguments(function, args, kwargs):
        return f
    found = f.__dict__.get("_pullback_copying")
    if found is None:
        found = on_copies(function)
        for name, _, wrt in reversed(chain):
            found = MAKERS[name](found, wrt)
        f._pullback_copying = found
    return found


def runs_on_copies(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a function that runs more than once may change its arguments."""
    function = getattr(f, "__func__", f)
    if not isinstance(function, types.FunctionType):
        return lookup(f) is None and not hasattr(f, "_pullback_verb")
    if hasattr(function, "_pullback_verb"):
        return runs_on_copies(function._pullback_verb[1], args, kwargs)
    return may_change_arguments(function, (f.__self__, *args) if function is not f else args, kwargs)


def on_copies(f: types.FunctionType) -> types.FunctionType:
    """A function that calls `f` on copies of its arguments."""
    made_of = {"f_": f, "snapshot_": snapshot, "__name__": __name__}
    copying = made("lambda *args, **kwargs: f_(*snapshot_(args), **snapshot_(kwargs))", made_of)
    copying.__name__, copying.__qualname__ = f.__name__, f.__qualname__
    copying.__wrapped__ = f  # type: ignore[attr-defined]  # whose parameters it has
    return copying


__all__ = ["leaving_arguments", "mirror"]  # (the rule's template calls `mirror`)
constant(runs_on_copies)
rule(snapshot, "x", x="g", x_dot="mirror(y, x_dot)", _returns="unknown")
