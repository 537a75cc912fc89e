"""What can be told of a function from its lowered text and its callees alone: facts that `findings` reports.

    struct.pack(...)                 lacks a derivative, whatever it is given
    lambda t: x * t                  a nested function, as a function object whose cells are empty
    round(x) * 2.0                   rounds a number, as it is calculated with
"""

from __future__ import annotations

import ast
import types
from typing import Any

import numpy as np

from pullback import ir
from pullback.construct import no_derivative_of_class
from pullback.dispatch import CALLABLES, UNWRAPPED, no_derivative_of
from pullback.endings import rounding
from pullback.errors import DifferentiabilityError
from pullback.names import Names
from pullback.operations import type_call
from pullback.python_calls import coroutine_refused
from pullback.rules import lookup, refuse_library_code
from pullback.shared_calls import CHANGERS
from pullback.source import acquire
from pullback.structs import fields_by_parameter


def lacks_derivative(fn: Any) -> DifferentiabilityError | None:
    """Why a call of a function can never be differentiated, if so; the order of lookup is that of a call."""
    if lookup(fn) is not None or hasattr(fn, "_pullback_verb") or _is_changer(fn):
        return None
    if isinstance(fn, types.FunctionType):
        try:
            refuse_library_code(fn)
        except DifferentiabilityError as error:
            return error
        return coroutine_refused(fn) if fn.__code__.co_flags & 0x280 else None
    if isinstance(fn, type):
        made: Any = fn.__new__
        if made is object.__new__ or issubclass(fn, (BaseException, tuple)) or fn in CALLABLES:
            return None
        registered = lookup(made) is not None or lookup(fn.__init__) is not None
        return None if registered or fields_by_parameter(fn) is not None else no_derivative_of_class(fn)
    if isinstance(fn, types.BuiltinFunctionType) and not isinstance(getattr(fn, "__self__", None), types.ModuleType):
        return None  # a method of an object: what it is bound to decides
    if is_foreign(fn):
        return no_derivative_of(fn)
    wrapped = type(fn) in CALLABLES or type(fn).__name__ in UNWRAPPED or hasattr(fn, "__wrapped__")
    if wrapped or hasattr(fn, "__func__") or isinstance(type_call(type(fn)), types.FunctionType):
        return None
    return no_derivative_of(fn) if isinstance(fn, types.BuiltinFunctionType) else None


def _is_changer(fn: Any) -> bool:
    try:
        return fn in CHANGERS
    except TypeError:
        return False


def takes_numbers(fn: Any) -> bool:
    """Whether a function takes nothing but numbers: one of `math`, a ufunc, one of C that says so."""
    if is_foreign(fn):
        declared = getattr(fn, "argtypes", None)
        return declared is not None and all(getattr(t, "_type_", None) in ("d", "f", "g") for t in declared)
    return isinstance(fn, np.ufunc) or getattr(fn, "__module__", None) in ("math", "cmath")


def is_foreign(fn: Any) -> bool:
    """Whether a function is one of C that `ctypes` calls."""
    return any(b.__module__ == "_ctypes" and b.__name__ == "CFuncPtr" for b in type(fn).__mro__)


def global_callee(stmt: ir.Bind, lowered: ir.FunctionIR, names: Names) -> Any:
    """The function of C that a global name, or an attribute of one, stands for."""
    assert isinstance(stmt.expr, ir.Apply)
    callee = stmt.expr.callee
    if not isinstance(callee, ir.Var) or callee.name in lowered.locals:
        return None
    found = names.values().get(callee.name)
    if stmt.expr.method is not None:
        found = getattr(found, "__dict__", {}).get(stmt.expr.method)
    return found if is_foreign(found) else None


def rounds_numbers(lowered: ir.FunctionIR) -> bool:
    """Whether what a function rounds is seen to be a number or an array: a class may define `__round__` or `//`."""
    binds = [s for s in ir.walk(lowered.body) if isinstance(s, ir.Bind)]
    as_numbers = {
        a.name
        for s in binds
        for a in ir.atoms(s.expr)
        if isinstance(a, ir.Var) and (_with_literal(s) or (s.facts.known and s.facts.callee is float))
    }
    return all(
        _with_literal(s) or s.target in as_numbers or str(getattr(s.facts.callee, "__module__", "")) == "numpy"
        for s in binds
        if rounding(s) and any(s.facts.active)
    )


def _with_literal(stmt: ir.Bind) -> bool:
    return isinstance(stmt.expr, ir.Operation) and any(
        isinstance(a, ir.Lit) and isinstance(a.value, (int, float)) for a in stmt.expr.args
    )


def nested_functions(function: types.FunctionType, lowered: ir.FunctionIR) -> dict[str, types.FunctionType]:
    """The functions that a function defines and names once, as function objects with empty cells."""
    found: dict[str, types.FunctionType] = {}
    closures: dict[str, list[ir.Closure]] = {}
    counts: dict[str, int] = {}
    for stmt in ir.walk(lowered.body):
        for target in ir.assigned(stmt):
            counts[target] = counts.get(target, 0) + 1
        if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Closure):
            closures.setdefault(stmt.target, []).append(stmt.expr)
    codes = [c for c in function.__code__.co_consts if isinstance(c, types.CodeType)]
    for name, (closure, *_) in closures.items():
        node = closure.node
        if counts[name] != 1 or getattr(node, "decorator_list", []):
            continue
        wanted = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        for code in codes:
            if code.co_firstlineno != node.lineno or code.co_name != wanted:
                continue
            cells = tuple(types.CellType() for _ in code.co_freevars)
            made = types.FunctionType(code, function.__globals__, wanted, None, cells)
            made.__qualname__ = code.co_qualname
            try:
                place = acquire(made).node
            except DifferentiabilityError:
                continue
            if (place.lineno, place.col_offset) == (node.lineno, node.col_offset):
                found[name] = made
    return found
