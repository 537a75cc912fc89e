"""Whether calling a function may change one of its arguments in place: a conservative look at its source.

    def log(state): print(state.x)        no
    def step(state): state.x = 0.0        yes
"""

from __future__ import annotations

import ast
import types
from typing import Any

from pullback.activity import MUTATORS
from pullback.errors import DifferentiabilityError
from pullback.rules import lookup
from pullback.source import acquire

_KNOWN: dict[int, tuple[types.CodeType, bool]] = {}


def may_mutate(fn: Any) -> bool:
    """Whether a call of `fn` may change an argument, as far as its own body shows."""
    entry = lookup(fn)
    if entry is not None and (entry.constant or entry.rule is not None or entry.vjps):
        return False
    if isinstance(fn, types.MethodType):
        return may_mutate(fn.__func__)
    if isinstance(fn, types.FunctionType):
        return _function_mutates(fn)
    name = getattr(fn, "__name__", "")
    return name in MUTATORS or name in ("shuffle", "setattr", "heappush", "heappop", "copyto", "place")


def _function_mutates(fn: types.FunctionType) -> bool:
    code = fn.__code__
    known = _KNOWN.get(id(code))
    if known is not None:
        return known[1]
    try:
        node = acquire(fn).node
    except DifferentiabilityError:
        return False  # no source to judge by: library code such as logging
    found = any(_mutates(n) for n in ast.walk(node))
    _KNOWN[id(code)] = (code, found)
    return found


def _mutates(node: ast.AST) -> bool:
    if isinstance(node, (ast.Subscript, ast.Attribute)):
        return isinstance(node.ctx, (ast.Store, ast.Del))
    if isinstance(node, ast.AugAssign):
        return isinstance(node.target, ast.Name)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS
