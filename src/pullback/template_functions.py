"""A rule's template as a function with a source, which can be differentiated itself.

    as_function(template of `a` of np.dot, ("a", "b"))   ->   lambda g, y, i, a, b: <the template>

And operators and attributes as functions that are called.
"""

from __future__ import annotations

import ast
import types
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pullback.operations import BINARY_FUNCTIONS, UNARY_FUNCTIONS
from pullback.rules import Template, alias, lookup
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
    """A function that calls `fn` with operands in such places, of which lists, tuples and deques are made arrays.

    A function of `operator` joins lists, and asks the classes of objects, as the operator does.
    """
    if id(fn) in _OPERATORS and not kwargs:
        if any(isinstance(a, (np.ndarray, np.generic)) for a in args):
            lists = True  # a list beside an array is one, to every operator
        elif not all(isinstance(a, (float, int, complex)) for a in args):
            return operator_caller(_OPERATORS[id(fn)])
    places = frozenset(i for i, a in enumerate(args) if lists and isinstance(a, (list, tuple, deque)))
    key = (id(fn), len(args), tuple(kwargs), places)
    caller: types.FunctionType | None = _CALLERS.get(key)
    if caller is None:
        names = [f"a{i}" for i in range(len(args))]
        handed = [f"asarray_({a})" if i in places else a for i, a in enumerate(names)]
        given = ", ".join([*handed, *(f"{k}={k}" for k in kwargs)])
        text = f"lambda {', '.join([*names, *kwargs])}: fn_({given})"
        caller = _CALLERS[key] = made(text, {"fn_": fn, "asarray_": np.asarray})
    return caller


_OPERATORS = {id(f): op for op, f in (*BINARY_FUNCTIONS.items(), *UNARY_FUNCTIONS.items())}
_CALLERS: dict[Any, Any] = {}  # (each holds its `fn`: the id stays its own)


def made(text: str, namespace: dict[str, Any]) -> types.FunctionType:
    """A lambda from text, whose source is remembered."""
    tree = ast.parse(text, mode="eval")
    function: types.FunctionType = eval(compile(tree, OWN_FILE, "eval"), namespace)
    node = tree.body
    assert isinstance(node, ast.Lambda)
    remember(function.__code__, Source(node, OWN_FILE, function.__code__))
    return function


def operator_caller(op: str) -> types.FunctionType:
    """A function that applies an operator."""
    caller: types.FunctionType | None = _CALLERS.get(op)
    if caller is None:
        unary = {"neg": "-a", "pos": "+a", "invert": "~a"}
        caller = _CALLERS[op] = made(f"lambda a: {unary[op]}" if op in unary else f"lambda a, b: a {op} b", {})
    return caller


def attribute_caller(static: Any, name: str) -> Any:
    """A function that reads an attribute which has a rule, such as the `T` of an array."""
    getter = _CALLERS.get(("attribute", id(static)))
    if getter is None:
        entry = lookup(static)
        assert entry is not None and entry.rule is not None
        getter = AttributeOf(static, name)
        alias(getter, replace(entry.rule, function=getter))
        _CALLERS[("attribute", id(static))] = getter
    return getter


class AttributeOf:
    """`getattr(x, name)` as a function."""

    def __init__(self, static: Any, name: str) -> None:
        self.static = static
        self.__name__ = name

    def __call__(self, x: Any) -> Any:
        """The attribute's value."""
        return getattr(x, self.__name__)
