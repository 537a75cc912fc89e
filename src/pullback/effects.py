"""Whether calling a function may change differentiated values in place: a conservative look at its source.

    def log(state): print(state.x)        no
    def step(state): state.x = 0.0        yes
    def add(v): total.append(v)           yes, wherever `total` is
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import itertools
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback.errors import DifferentiabilityError
from pullback.mutators import MUTATORS
from pullback.operations import METHODS, type_call
from pullback.rules import lookup
from pullback.scopes import bound_names, parameters, read
from pullback.source import FunctionNode, acquire

_IN_PLACE = frozenset(f"i{m}" for m in METHODS.values()) | {"iconcat"}


@dataclass(frozen=True, slots=True)
class Effects:
    """What a function's body may change: anything, or only parameters it augments (`x += 1`)."""

    anything: bool
    augmented: frozenset[str]
    aliased: bool = False  # `row = a[0]; row += 1`: what is augmented may be part of something else


_UNKNOWN = Effects(False, frozenset())
_KNOWN: dict[int, tuple[types.CodeType, Effects]] = {}


_CALLERS: tuple[Any, ...] = (
    map, filter, sorted, min, max, functools.reduce, itertools.starmap, itertools.takewhile, itertools.dropwhile,
    itertools.filterfalse, itertools.accumulate, itertools.groupby,
)  # fmt: skip


def is_caller(fn: Any) -> bool:
    """Whether a library function calls functions that it is given."""
    return any(fn is known for known in _CALLERS)


def may_mutate(fn: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> bool:
    """Whether a call of `fn` with these arguments may change something in place."""
    entry = lookup(fn)
    if entry is not None and (entry.constant or entry.rule is not None or entry.vjps):
        return False
    if entry is not None and entry.returns == "first":
        return False  # with_derivative: its callback runs in the pullback
    if any(callable(a) and not isinstance(a, type) and may_mutate(a) for a in (*args, *(kwargs or {}).values())):
        return True  # a function given to map, sorted, ... is called
    if entry is not None and entry.intrinsic is not None:
        return False
    if isinstance(fn, types.MethodType):
        return may_mutate(fn.__func__, (fn.__self__, *args), kwargs)
    inside = _runs(fn)
    if inside is not None:
        function, first = inside
        return may_mutate(function, (*first, *args), kwargs)
    own = type_call(type(fn)) if not isinstance(fn, types.FunctionType) else None
    if isinstance(own, types.FunctionType) and lookup(own) is None:
        return _function_effects(own).anything
    if not isinstance(fn, types.FunctionType):
        name = getattr(fn, "__name__", "")
        in_place = name.strip("_") in _IN_PLACE and not isinstance(fn, np.ufunc)
        return name in MUTATORS or in_place or name in ("at", "fill_diagonal")  # np.add.at
    effects = _function_effects(fn)
    names = fn.__code__.co_varnames
    given = {**dict(zip(names, args, strict=False)), **(kwargs or {})}
    return effects.anything or any(is_mutable(given.get(p)) for p in effects.augmented)


def _runs(fn: Any) -> tuple[Any, tuple[Any, ...]] | None:
    """The function that a partial or wrapper, such as one that is recomputed, runs, and its first arguments."""
    if isinstance(fn, (types.FunctionType, types.BuiltinFunctionType, type, np.ufunc)):
        return None
    if isinstance(fn, functools.partial):
        return fn.func, fn.args
    held = getattr(fn, "__wrapped__", None) or getattr(fn, "py_func", None)
    return (held, ()) if isinstance(held, types.FunctionType) else None


def is_pure(fn: Any, depth: int = 6) -> bool:
    """Whether a call of `fn` surely changes nothing: it, and all it calls, is known to the registry or harmless."""
    entry = lookup(fn)
    if entry is not None:
        if fn in (map, filter, functools.reduce):
            return False  # they call their arguments
        if entry.stand_in is not None:
            return is_pure(entry.stand_in, depth - 1)
        # (a Python function with a derivative as code, such as `recomputed`, hands its argument on)
        return entry.intrinsic is None or not hasattr(fn, "__code__") or entry.returns == "first"
    if isinstance(fn, type):
        return fn in (int, float, str, bool, complex, tuple, list, dict) or dataclasses.is_dataclass(fn)
    if not isinstance(fn, types.FunctionType) or depth == 0:
        return False
    effects = _function_effects(fn)
    if effects.anything or effects.augmented:
        return False
    key = id(fn.__code__)
    if key not in _PURE:
        _PURE[key] = (fn.__code__, True)  # a recursive call changes nothing that the rest does not
        names = {**fn.__globals__, **_cells(fn)}
        node = acquire(fn).node if effects is not _UNKNOWN else None
        pure = False
        if node is not None and not effects.aliased:
            pure = all(call_is_pure(c, names, depth - 1) for c in _inside(node))
        _PURE[key] = (fn.__code__, pure)
    return _PURE[key][1]


def call_is_pure(node: ast.AST, names: dict[str, Any], depth: int = 6) -> bool:
    """Whether a piece of syntax is no call, or a call that surely changes nothing; `names` are those in scope."""
    if not isinstance(node, ast.Call):
        return not isinstance(node, ast.Yield)  # whoever draws the next item may have changed anything by then
    chain: list[str] = []
    callee = node.func
    while isinstance(callee, ast.Attribute):
        chain.insert(0, callee.attr)
        callee = callee.value
    if not isinstance(callee, ast.Name):
        return bool(chain) and _is_array_method(chain[-1])
    value = names.get(callee.id, getattr(builtins, callee.id, None))
    if isinstance(value, (types.ModuleType, type)):
        for attribute in chain:
            value = getattr(value, attribute, None)
        if isinstance(value, np.ufunc) and len(node.args) > value.nin:
            return False  # an `out` argument
        return value is not None and is_pure(value, depth)
    if chain:
        return _is_array_method(chain[-1])
    return value is not None and is_pure(value, depth)


def _is_array_method(name: str) -> bool:
    return hasattr(np.ndarray, name) and name not in MUTATORS


def _cells(fn: types.FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


_PURE: dict[int, tuple[types.CodeType, bool]] = {}


def is_mutable(x: Any) -> bool:
    """Whether `+=` on a value may change it in place."""
    return not isinstance(x, (int, float, complex, str, bytes, type(None), tuple, np.generic))


def _function_effects(fn: types.FunctionType) -> Effects:
    code = fn.__code__
    known = _KNOWN.get(id(code))
    if known is None:
        try:
            effects = effects_of(acquire(fn).node)
        except DifferentiabilityError:
            effects = _UNKNOWN  # no source to judge by: library code such as logging
        known = _KNOWN[id(code)] = (code, effects)
    return known[1]


def effects_of(node: FunctionNode) -> Effects:
    """The effects of a function, from its syntax."""
    inner = set(parameters(node.args))
    local = bound_names(node) - inner
    augmented = {
        n.target.id
        for n in _inside(node)
        if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name) and n.target.id not in local
    }
    changed = {n.target.id for n in _inside(node) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    return Effects(any(map(_mutates, _inside(node))), frozenset(augmented), bool(changed & _aliases(node)))


def _inside(node: FunctionNode) -> Iterator[ast.AST]:
    """The syntax that runs when a function is called: not its decorators and defaults."""
    for part in [node.body] if isinstance(node, ast.Lambda) else node.body:
        yield from ast.walk(part)


def _aliases(node: FunctionNode) -> set[str]:
    """Local names that may be bound to (part of) another value: loop targets, and what is read from somewhere."""
    found: set[str] = set()
    for n in _inside(node):
        if isinstance(n, (ast.For, ast.comprehension)):
            found |= read(n.target)
        elif isinstance(n, ast.Assign) and isinstance(n.value, (ast.Name, ast.Attribute, ast.Subscript, ast.Tuple)):
            found |= {name for target in n.targets for name in read(target)}
    return found


_PLAIN_MANAGERS = frozenset({
    "nullcontext", "suppress", "errstate", "printoptions", "redirect_stdout", "redirect_stderr", "catch_warnings",
    "open", "localcontext", "derivatives",
})  # fmt: skip


def _is_plain_manager(node: ast.expr) -> bool:
    """Whether a context manager is one of the known that change no value."""
    opener = node.func if isinstance(node, ast.Call) else node
    return getattr(opener, "attr", getattr(opener, "id", "")) in _PLAIN_MANAGERS


def _mutates(node: ast.AST) -> bool:
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return True
    if isinstance(node, ast.With):
        return not all(_is_plain_manager(item.context_expr) for item in node.items)
    if isinstance(node, (ast.Subscript, ast.Attribute)):
        return isinstance(node.ctx, (ast.Store, ast.Del))
    if not isinstance(node, ast.Call):
        return False
    if any(k.arg == "out" for k in node.keywords):
        return True
    if not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in MUTATORS or node.func.attr.strip("_") in _IN_PLACE
