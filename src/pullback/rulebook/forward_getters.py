"""Forward mode of `operator`'s getters, which hold the names of what they read.

    operator.itemgetter(1, "a")(obj)      obj[1], obj["a"], each with its tangent

Written in the language that is differentiated: see `rules.forward_intrinsic`.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

from pullback.differential_calls import FORWARD_CALLABLES
from pullback.differential_objects import attribute_differential, item_differential, method_differential
from pullback.rules import constant
from pullback.tangents import ZERO


def held_in(fn: Any) -> Any:
    """What a getter was made with."""
    return fn.__reduce__()[1]


def paths_in(fn: Any) -> Any:
    """The names on the way to each attribute."""
    return [path.split(".") for path in held_in(fn)]


def call_in(fn: Any) -> Any:
    """The method that a caller calls: its name, arguments and keywords."""
    maker, state = fn.__reduce__()[:2]
    if isinstance(maker, functools.partial):
        return maker.args[0], tuple(state), maker.keywords
    return state[0], tuple(state[1:]), {}


def itemgetter_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """`operator.itemgetter(key, ...)(obj)`."""
    made = [item_differential(args[0], dots[0], key, ZERO) for key in held_in(fn)]
    if len(made) == 1:
        return made[0]
    return tuple([y for y, _ in made]), tuple([y_dot for _, y_dot in made])


def attrgetter_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """`operator.attrgetter("a.b", ...)(obj)`."""
    made = []
    for path in paths_in(fn):
        y, y_dot = args[0], dots[0]
        for name in path:
            y, y_dot = attribute_differential(y, y_dot, name)
        made.append((y, y_dot))
    if len(made) == 1:
        return made[0]
    return tuple([y for y, _ in made]), tuple([y_dot for _, y_dot in made])


def methodcaller_differential(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """`operator.methodcaller(name, ...)(obj)`."""
    name, given, named = call_in(fn)
    return method_differential(args[0], dots[0], name, given, tuple([ZERO for _ in given]), named, {})


constant(held_in, paths_in, call_in)
FORWARD_CALLABLES[operator.itemgetter] = itemgetter_differential
FORWARD_CALLABLES[operator.attrgetter] = attrgetter_differential
FORWARD_CALLABLES[operator.methodcaller] = methodcaller_differential
