"""What the reverse sweep asks only for its shape and dtype is kept as these: the array itself can be freed.

t = a + b                           t = a + b
y = t * c                           y = t * c
stack.append((t, c))          ->    stack.append((meta(t), c))
...                                 ...
d_a = fit(d_t, t)                   d_a = fit_like(d_t, t)
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from pullback.fitting import fit, fit_like, meta
from pullback.residuals import Residuals
from pullback.syntax import call, name, walk

Helpers = Callable[[Any, str], str]


def keep_outlines(
    code: list[ast.stmt],
    body: list[ast.stmt],
    residuals: Residuals,
    candidate: Callable[[str], bool],
    helpers: Helpers,
    is_form: Callable[[str], bool],
) -> None:
    """Have both sweeps agree on what is kept as its outline: of each loop, and of the function."""
    stacks = {}
    for node in [n for stmt in code for n in walk(stmt) if isinstance(n, ast.For)]:
        region = getattr(node, "region", None)
        if region is not None and region.stack:
            light = _outlined(node.body, [k for k in region.kept if candidate(k)], helpers, is_form)
            if light:
                stacks[region.stack] = light
    in_loops = {k for region in residuals.loops.values() for k in region.kept}
    top = [k for k in residuals.top.kept if k not in in_loops and candidate(k)]
    residuals.top.outlines = _outlined(code, top, helpers, is_form)
    if not stacks:
        return
    for pushed in [n for stmt in body for n in walk(stmt) if isinstance(n, ast.Call)]:
        match pushed:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=stack), attr="append"), args=[entry]) if stack in stacks:
                items = entry.elts if isinstance(entry, ast.Tuple) else [entry]
                made = [as_kept(e.id, stacks[stack], helpers) for e in items if isinstance(e, ast.Name)]
                pushed.args = [ast.Tuple(made, ast.Load()) if isinstance(entry, ast.Tuple) else made[0]]


def as_kept(identifier: str, outlines: Collection[str], helpers: Helpers) -> ast.expr:
    """A value to be kept, or its outline."""
    return call(helpers(meta, "meta"), name(identifier)) if identifier in outlines else name(identifier)


def _outlined(code: list[ast.stmt], kept: list[str], helpers: Helpers, is_form: Callable[[str], bool]) -> set[str]:
    """Which names' values are never read in `code`, which is changed to read their outlines."""
    fits = helpers(fit, "fit")
    looks: Counter[str] = Counter()
    reads: Counter[str] = Counter()  # (counted, as one node may stand in several places)
    for stmt in code:
        for node in walk(stmt):
            found = _looked_at(node, fits, is_form)
            if found is not None:
                looks[found.id] += 1
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                reads[node.id] += 1
    light = {k for k in kept if reads[k] == looks[k] > 0}
    if light:
        like = helpers(fit_like, "fit_like")

        class Lighter(ast.NodeTransformer):
            def visit_Call(self, node: ast.Call) -> ast.AST:  # ast's own naming
                self.generic_visit(node)
                found = _looked_at(node, fits, is_form)
                if found is None or found.id not in light:
                    return node
                if len(node.args) == 1:
                    return found
                node.func = ast.copy_location(name(like), node.func)
                return node

        code[:] = [Lighter().visit(stmt) for stmt in code]
    return light


def _looked_at(node: ast.AST, fits: str, is_form: Callable[[str], bool]) -> ast.Name | None:
    """The name whose shape alone is asked for by `fit(g, x)` or `form(x)`."""
    match node:
        case ast.Call(func=ast.Name(id=function), args=[_, ast.Name() as found], keywords=[]) if function == fits:
            return found
        case ast.Call(func=ast.Name(id=function), args=[ast.Name() as found], keywords=[]) if is_form(function):
            return found
    return None
