"""Closures whose state outlives a call: their captured variables as objects that change.

    total = total + v       ->      total.cell_contents = total.cell_contents + v

A function that was made by one that is not differentiated shares its variables by Python's own cells. With
the cell itself under the variable's name, and its contents a field, what holds for objects that change
holds for it; `boxes` does the same for the variables of a function that is differentiated.
"""

from __future__ import annotations

import ast
import types

from pullback.boxes import with_fields
from pullback.source import Source, acquire, remember, remember_nested
from pullback.states import is_set, state_names
from pullback.structs import REGISTERED, Registration

CONTENTS = "cell_contents"
_MADE: dict[int, tuple[types.CodeType, types.CodeType | None]] = {}


REGISTERED[types.CellType] = Registration(lambda cell: (CONTENTS,) if is_set(cell) else (), None, None)


def on_cells(fn: types.FunctionType) -> types.FunctionType:
    """The same function with the cells of its state as what it captures."""
    if fn.__closure__ is None:
        return fn
    known = _MADE.get(id(fn.__code__))
    if known is None:
        names = state_names(fn)
        known = _MADE[id(fn.__code__)] = fn.__code__, _compiled(fn, names) if names else None
    code = known[1]
    if code is None:
        return fn
    names = state_names(fn)
    own = dict(zip(fn.__code__.co_freevars, fn.__closure__, strict=True))
    cells = tuple(types.CellType(own[n]) if n in names else own[n] for n in code.co_freevars)
    made = types.FunctionType(code, fn.__globals__, fn.__name__, fn.__defaults__, cells)
    made.__kwdefaults__, made.__qualname__ = fn.__kwdefaults__, fn.__qualname__
    made.__dict__.update(fn.__dict__, _pullback_of=fn)
    return made


def _compiled(fn: types.FunctionType, names: frozenset[str]) -> types.CodeType:
    """The code of a function with these of its captured variables read and bound as fields of their cells."""
    source = acquire(fn)
    node = with_fields(source.node, names, CONTENTS)
    node.decorator_list = []
    outer = ast.parse("def outer(): return made").body[0]
    assert isinstance(outer, ast.FunctionDef)
    captured = [ast.Name(n, ast.Store()) for n in fn.__code__.co_freevars]
    bound: list[ast.stmt] = [ast.Assign([n], ast.Constant(None), lineno=1) for n in captured]
    inner: list[ast.stmt] = [ast.Expr(node)] if isinstance(node, ast.Lambda) else [node]
    outer.body = [*bound, *inner]
    module = ast.fix_missing_locations(ast.Module([outer], []))
    whole = compile(module, source.filename, "exec", dont_inherit=True)
    outer_code = next(c for c in whole.co_consts if isinstance(c, types.CodeType))
    code = next(c for c in outer_code.co_consts if isinstance(c, types.CodeType))
    remember(code, Source(node, source.filename, code))
    remember_nested(node, code, source.filename)
    return code
