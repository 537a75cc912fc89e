"""Calls whose callee is known when code is generated: its own generated pair is called directly.

    y = f(x, n)     ->     y, _r1 = f_forward(x, n)      ...      (_g1,) = _r1[0](_r1, d_y)

Which parameter each operand binds to is decided here, once for a call site.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import Any

from pullback import ir
from pullback.kinds import Kind, kind_of
from pullback.rules import lookup
from pullback.syntax import name

CALLS: dict[str, Callable[..., Any]] = {}  # the run-time calls, put here by `dispatch`


def bind_parameters(code: types.CodeType, count: int, keywords: tuple[str, ...]) -> list[str] | None:
    """The parameter of each operand of a call; None where `*args` or `**kwargs` would take some."""
    positional = code.co_varnames[: code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    if count > len(positional):
        return None
    bound = list(positional[:count])
    for keyword in keywords:
        if keyword in bound or keyword not in (*positional[code.co_posonlyargcount :], *keyword_only):
            return None
        bound.append(keyword)
    return bound


def static_parameters(stmt: ir.Bind) -> list[str] | None:
    """The parameters that a call of a known Python function binds, or None if it must be looked up at run time."""
    expr, facts = stmt.expr, stmt.facts
    if not isinstance(expr, ir.Apply) or not facts.known or expr.stars or any(k is None for k, _ in expr.keywords):
        return None
    callee = facts.callee
    if not isinstance(callee, types.FunctionType) or lookup(callee) is not None:
        return None
    if facts.active and facts.active[0] and not facts.method:
        return None
    if callee.__code__.co_flags & 0x2A0 or hasattr(callee, "_pullback_verb"):  # generators and coroutines
        return None
    if hasattr(callee, "registry"):  # functools.singledispatch
        return None
    keywords = tuple(str(k) for k, _ in expr.keywords)
    return bind_parameters(callee.__code__, len(expr.args) + facts.method, keywords)


def argument_kinds(function: types.FunctionType, bound: list[str], kinds: list[Kind]) -> dict[str, Kind]:
    """The kinds of a function's parameters at a call: operands, then defaults."""
    given = dict(zip(bound, kinds, strict=True))
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    for parameter, value in zip(reversed(positional), reversed(function.__defaults__ or ()), strict=False):
        given.setdefault(parameter, kind_of(value))
    for parameter, value in (function.__kwdefaults__ or {}).items():
        given.setdefault(parameter, kind_of(value))
    return given


class Late:
    """Stands for a generated function that does not exist yet, in the helpers of its caller."""

    def __init__(self, pair: Any) -> None:
        self.pair = pair


def static_forward(
    helper: Callable[[Any, str], str], pair: Any, expr: ir.Apply, values: dict[ir.Atom, ast.expr],
    method: bool = False,
) -> ast.expr:  # fmt: skip
    """The call of a known function's forward sweep."""
    callee = name(helper(pair.late, f"{pair.name}_forward"))
    keywords = [ast.keyword(k, values[a]) for k, a in expr.keywords]
    operands = (expr.callee, *expr.args) if method else expr.args
    return ast.Call(callee, [values[a] for a in operands], keywords)
