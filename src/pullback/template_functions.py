"""A rule's template as a function with a source, which can be differentiated itself.

    as_function(template of `a` of np.dot, ("a", "b"))   ->   lambda g, y, i, a, b: <the template>
"""

from __future__ import annotations

import ast
import types
from pathlib import Path
from typing import Any

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


def made(text: str, namespace: dict[str, Any]) -> types.FunctionType:
    """A lambda from text, whose source is remembered."""
    tree = ast.parse(text, mode="eval")
    function: types.FunctionType = eval(compile(tree, OWN_FILE, "eval"), namespace)
    node = tree.body
    assert isinstance(node, ast.Lambda)
    remember(function.__code__, Source(node, OWN_FILE, function.__code__))
    return function
