"""A rule's template as a function with a source, which can be differentiated itself.

    as_function(template of `a` of np.dot, ("a", "b"))   ->   lambda g, y, i, a, b: <the template>
"""

from __future__ import annotations

import ast
import types
from pathlib import Path
from typing import Any

import numpy as np

from pullback.rules import Template
from pullback.source import Source, remember

_MADE: dict[int, tuple[Template, types.FunctionType]] = {}
OWN_FILE = str(Path(__file__))  # errors in such code are told at the user's line, not here


def as_function(template: Template, parameters: tuple[str, ...]) -> types.FunctionType:
    """The cotangent of one parameter as a function of (g, y, i, *parameters)."""
    found = _MADE.get(id(template))
    if found is None:
        function = made(f"lambda g, y, i, {', '.join(parameters)}: {template.text.strip()}", template.namespace)
        found = _MADE[id(template)] = (template, function)
    return found[1]


def caller_of(fn: Any, args: tuple[Any, ...], kwargs: Any, lists: bool) -> types.FunctionType:
    """A function that calls `fn` with operands in such places, of which lists and tuples are made arrays."""
    places = frozenset(i for i, a in enumerate(args) if lists and isinstance(a, (list, tuple)))
    key = (id(fn), len(args), tuple(kwargs), places)
    caller = _CALLERS.get(key)
    if caller is None:
        names = [f"a{i}" for i in range(len(args))]
        handed = [f"asarray_({a})" if i in places else a for i, a in enumerate(names)]
        given = ", ".join([*handed, *(f"{k}={k}" for k in kwargs)])
        text = f"lambda {', '.join([*names, *kwargs])}: fn_({given})"
        caller = _CALLERS[key] = made(text, {"fn_": fn, "asarray_": np.asarray})
    return caller


_CALLERS: dict[Any, types.FunctionType] = {}  # (each holds its `fn`: the id stays its own)


def made(text: str, namespace: dict[str, Any]) -> types.FunctionType:
    """A lambda from text, whose source is remembered."""
    tree = ast.parse(text, mode="eval")
    function: types.FunctionType = eval(compile(tree, OWN_FILE, "eval"), namespace)
    node = tree.body
    assert isinstance(node, ast.Lambda)
    remember(function.__code__, Source(node, OWN_FILE, function.__code__))
    return function
