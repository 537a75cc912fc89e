"""Captured variables that functions bind again, and what they hold lasts from one call to the next.

    def counter():
        total = 0.0
        def add(v): nonlocal total; total = total + v       `total` is a state of `add`,
        def get(): return total                             and of `get`
        return add, get
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import Any

from pullback.errors import DifferentiabilityError

ACQUIRE: list[Callable[[types.FunctionType], Any]] = []  # how the source of a function is found, put here by `source`
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def states_of(outermost: ast.AST) -> frozenset[str]:
    """The variables that functions nested in this one bind by `nonlocal`, to more than fixed numbers or counts."""
    found: set[str] = set()
    for node in ast.walk(outermost):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            own = list(_own(node))
            names = {n for s in own if isinstance(s, ast.Nonlocal) for n in s.names}
            if names:
                found |= names & _bound_to_values(own)
    return frozenset(found)


def state_names(fn: types.FunctionType) -> frozenset[str]:
    """The captured variables of a function that it, or another one, binds again when it is called."""
    if fn.__closure__ is None:
        return frozenset()
    try:
        states: frozenset[str] = ACQUIRE[0](fn).states
    except DifferentiabilityError:
        return frozenset()
    return states.intersection(fn.__code__.co_freevars)


def is_set(cell: types.CellType) -> bool:
    """Whether a captured variable holds something yet."""
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _own(node: ast.AST) -> list[ast.AST]:
    """A function's own syntax, without that of functions in it."""
    found: list[ast.AST] = []
    pending = list(ast.iter_child_nodes(node))
    while pending:
        child = pending.pop()
        found.append(child)
        if not isinstance(child, _FUNCTIONS):
            pending.extend(ast.iter_child_nodes(child))
    return found


def _bound_to_values(nodes: list[ast.AST]) -> set[str]:
    """The names that are bound to something that may be differentiated, or hold what is."""
    plain: set[int] = set()  # the targets of assignments that only count
    for node in nodes:
        if isinstance(node, ast.Assign):
            if _is_count(node.value, [t.id for t in node.targets if isinstance(t, ast.Name)]):
                plain.update(map(id, node.targets))
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and _is_fixed(node.value):
            plain.add(id(node.target))
    stored = [n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, (ast.Store, ast.Del))]
    return {n.id for n in stored if id(n) not in plain}


def _is_fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _is_count(value: ast.expr, names: list[str]) -> bool:
    """Whether a value is a constant, or the variable itself and one: `n + 1`."""
    if isinstance(value, ast.BinOp):
        left = value.left
        return isinstance(left, ast.Name) and [left.id] == names and _is_fixed(value.right)
    return _is_fixed(value)
