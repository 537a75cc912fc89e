"""Results that depend on differentiated arguments only by calls of functions whose own results do not.

    def level(x): return math.floor(x) * 0.5        flat
    def price(x): return 2.0 * level(x)             so this is, too: nothing but the call leads to the result
    def rest(x): return x - level(x)                and this is not

Told is only what is sure: every other way that a value may take, through a container or a call that is not known,
counts as one that leads to the result. Functions that change values in place are not asked at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pullback import ir
from pullback.rules import callable_name
from pullback.spans import Diagnostic, Label


def through_flat_calls(
    lowered: ir.FunctionIR, statements: list[ir.Stmt], active: frozenset[str],
    zero_of: Callable[[ir.Bind], Diagnostic | None],
) -> Diagnostic | None:  # fmt: skip
    """What is wrong if nothing but such calls leads to the result; `zero_of` says that a call's result is flat.

    The statements are all of the function's: what is not used in one sweep may have been taken out of its body.
    """
    if any(isinstance(s, ir.Bind) and isinstance(s.expr, ir.Closure) for s in statements):
        return None  # it may store what it is given in a variable of this function
    flat = {id(s): d for s in statements if isinstance(s, ir.Bind) and s.facts.varied and (d := zero_of(s)) is not None}
    if not flat:
        return None
    varied = set(active)
    while True:
        before = len(varied)
        for stmt in statements:
            if id(stmt) not in flat:
                varied |= _made_to_vary(stmt, varied)
        if lowered.result in varied:
            return None
        if len(varied) == before:
            break
    stmt = next(s for s in statements if id(s) in flat)
    assert isinstance(stmt, ir.Bind)
    inner = flat[id(stmt)]
    if inner.severity == "error":
        return replace(inner, notes=(*inner.notes, f"called at {stmt.span}"))
    arguments = ", ".join(f"`{p}`" for p in sorted(active))
    labels = () if inner.span is None else (Label(inner.span, inner.label or inner.message), *inner.labels)
    return Diagnostic(
        inner.id,
        f"the result of `{lowered.name}` depends on {arguments} only through "
        f"`{callable_name(stmt.facts.callee)}(...)`, whose derivative is always zero",
        stmt.span,
        "the derivative ends here",
        labels,
        help=inner.help,
        severity="warning",
    )


def _made_to_vary(stmt: ir.Stmt, varied: set[str]) -> set[str]:
    """The names that may vary because of a statement."""
    if isinstance(stmt, ir.Bind) and isinstance(stmt.expr, ir.Apply):
        found = set(ir.reads(stmt))
        if not found & varied or not any(stmt.facts.active):
            return set()
        return found | {stmt.target}  # (it may store one operand in another)
    if isinstance(stmt, ir.Bind):
        return {stmt.target} if stmt.facts.varied and varied.intersection(ir.reads(stmt)) else set()
    if isinstance(stmt, (ir.If, ir.While, ir.Try, ir.BreakIf)):
        return set(ir.assigned(stmt))  # (an exception may hold anything; their statements are gone through themselves)
    if not varied.intersection(ir.reads(stmt)):
        return set()
    return {*ir.assigned(stmt), *ir.reads(stmt)}
