"""Calls of library functions that write their result into an array which they are given.

    np.add(a, b, out=o)     np.add(a, b, o)     np.sum(a, 0, None, o)     a.dot(b, o)     np.add(a, *rest)

`out` may come by its name or by its place, and what is starred may hold it.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from pullback import ir
from pullback.errors import DifferentiabilityError
from pullback.kinds import NUMERIC_MASK
from pullback.rules import callable_name, lookup

_NO, _MAYBE, _YES = 0, 1, 3  # as in `pullback.changing`
_NAMES = ("out", "output")
_FROM_OUT: dict[int, tuple[Any, int, tuple[str, ...]]] = {}


def from_out(fn: Any) -> tuple[int, tuple[str, ...]]:
    """The place of a library function's `out` among its operands, and the parameters that follow; or a far one."""
    known = _FROM_OUT.get(id(fn))
    if known is None or known[0] is not fn:
        if len(_FROM_OUT) > 4096:
            _FROM_OUT.clear()  # (bound methods are made anew)
        known = _FROM_OUT[id(fn)] = (fn, *_looked_up(fn))
    return known[1:]


_FAR = 1 << 30


def _looked_up(fn: Any) -> tuple[int, tuple[str, ...]]:
    if isinstance(fn, np.ufunc):
        return fn.nin, ()
    method = isinstance(getattr(fn, "__self__", None), np.ufunc) or getattr(fn, "__objclass__", None) is np.ufunc
    entry = lookup(fn)
    if not method and (entry is None or entry.vjps):
        return _FAR, ()
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return _FAR, ()
    for place, p in enumerate(parameters):
        if p.name in _NAMES and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            return place, tuple(q.name for q in parameters[place + 1 :] if q.kind is q.POSITIONAL_OR_KEYWORD)
    return _FAR, ()


def has_out(fn: Any) -> bool:
    """Whether a library function takes an `out` at all, by its name perhaps: `dict` and the user's own do not."""
    if from_out(fn)[0] < _FAR:
        return True
    if _is_outer(fn):  # (its signature does not say so)
        return True
    entry = lookup(fn)
    try:
        return entry is not None and not entry.vjps and any(n in inspect.signature(fn).parameters for n in _NAMES)
    except (TypeError, ValueError):
        return False


def _is_outer(fn: Any) -> bool:
    return isinstance(getattr(fn, "__self__", None), np.ufunc) and getattr(fn, "__name__", "") == "outer"


def given_out(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The array that a call of a library function writes its result into, or None."""
    if fn is np.nan_to_num:
        in_place = not kwargs.get("copy", args[1] if len(args) > 1 else True)
        return args[0] if args and in_place and isinstance(args[0], np.ndarray) else None
    place = from_out(fn)[0]
    if len(args) > place:
        if isinstance(fn, np.ufunc) and fn.nout > 1:
            raise _refused(f"np.{fn.__name__}")
        return args[place]
    if kwargs.get("out") is None or not has_out(fn):
        return None
    if _is_outer(fn):
        raise _refused(f"np.{fn.__self__.__name__}.outer")
    return kwargs["out"]


def _refused(name: str) -> DifferentiabilityError:
    return DifferentiabilityError(
        f"{name} that writes into arrays which it is given is not differentiated; assign its result", id="mutation"
    )


def without_out(fn: Any, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The operands before `out`, and those after it, by name."""
    if fn is np.nan_to_num:
        return args[:1], dict(zip(("nan", "posinf", "neginf"), args[2:], strict=False))
    place, names = from_out(fn)
    return args[:place], dict(zip(names, args[place + 1 :], strict=False))


def check_overlap(fn: Any, operands: Any, given: dict[str, Any], target: Any, value: Any) -> None:
    """Refuse a call that reads of its operands what it has already overwritten, as `out` shares memory with them.

        np.concatenate([v[1:], v[:1]], out=v)       stores v[1:], and then reads a v[:1] that is another

    A ufunc does not; of any other function it is tried.
    """
    if isinstance(fn, np.ufunc) or isinstance(getattr(fn, "__self__", None), np.ufunc) or fn is np.nan_to_num:
        return
    if not any(np.may_share_memory(target, x) for x in _arrays_in((operands, *given.values()))):
        return
    before = target.copy()
    try:
        fn(*operands, **given, out=target)
        same = np.array_equal(target, np.asarray(value).astype(target.dtype, copy=False), equal_nan=True)
    finally:
        np.copyto(target, before)
    if not same:
        raise DifferentiabilityError(
            f"{callable_name(fn)} writes into an array that it still reads, so that its result is not what it would be "
            "in a new array; assign its result",
            id="mutation",
        )


def _arrays_in(x: Any) -> list[Any]:
    if isinstance(x, np.ndarray):
        return [x]
    return [a for part in x for a in _arrays_in(part)] if isinstance(x, (tuple, list)) else []


def out_atoms(stmt: ir.Bind) -> list[ir.Atom]:
    """The operands that a call certainly writes into."""
    expr = stmt.expr
    assert isinstance(expr, ir.Apply)
    callee, bound = _callee(stmt)
    if callee is np.nan_to_num:
        copies = [a for k, a in expr.keywords if k == "copy"] + list(expr.args[1:2])
        return [] if expr.stars or all(a == ir.Lit(True) for a in copies) else list(expr.args[:1])
    found = [a for k, a in expr.keywords if k == "out" and (callee is None or has_out(callee))]
    if callee is not None and not expr.stars:
        found += [a for a in expr.args[max(0, from_out(callee)[0] - bound) :][:1] if a != ir.Lit(None)]
    return found


def returns_out(stmt: ir.Bind) -> bool:
    """Whether the result of a call may be the array that it was given to write into."""
    expr = stmt.expr
    assert isinstance(expr, ir.Apply)
    callee, _ = _callee(stmt)
    spread = bool(expr.stars) or any(k is None for k, _ in expr.keywords)
    in_place = any(k == "copy" and a != ir.Lit(True) for k, a in expr.keywords)  # (`np.nan_to_num(a, copy=False)`)
    return bool(out_atoms(stmt)) or in_place or (spread and (callee is None or has_out(callee)))


def may_write(stmt: ir.Bind, read: frozenset[str]) -> int:
    """Whether a call writes into an operand; `read` are the names that anything reads.

    Of a call whose result is not read nothing would tell that it did; any other is looked at when it is made.
    """
    expr = stmt.expr
    assert isinstance(expr, ir.Apply)
    if out_atoms(stmt):
        return _YES
    spread = bool(expr.stars) or any(k is None for k, _ in expr.keywords)
    unread = stmt.target not in read
    callee, _ = _callee(stmt)
    if callee is None:
        unknown = expr.method is None and stmt.facts.kinds[0].cls is np.ufunc
        return _MAYBE if unknown and (len(expr.args) > 2 or (unread and (spread or len(expr.args) == 2))) else _NO
    return _MAYBE if spread and unread and has_out(callee) else _NO


_OPERANDS = ("source", "item", "obj", "value", "test", "iterable", "context")  # of statements that are no bindings


def names_read(function: ir.FunctionIR) -> frozenset[str]:
    """The names whose value a function's statements read, or return."""
    found = {function.result}
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Bind):
            parts: list[Any] = list(ir.atoms(stmt.expr))
        else:
            parts = [stmt, *(getattr(stmt, n) for n in _OPERANDS if hasattr(stmt, n))]
        found.update(p.name for p in parts if isinstance(p, ir.Var))
        found.update(*(getattr(p, "reads", ()) for p in parts), *(getattr(p, "flags", ()) for p in parts))
    return frozenset(found)


def _callee(stmt: ir.Bind) -> tuple[Any, int]:
    """The library function that a call is of, if that is known, and how many operands it is bound to."""
    expr, facts = stmt.expr, stmt.facts
    assert isinstance(expr, ir.Apply)
    if facts.known:
        return facts.callee, int(facts.method)
    owner = facts.kinds[0]
    if expr.method is None:
        return (owner.value, 0) if isinstance(owner.value, np.ufunc) else (None, 0)
    if isinstance(owner.value, np.ufunc):
        return getattr(owner.value, expr.method, None), 0
    if owner.mask and not owner.mask & ~NUMERIC_MASK:
        return getattr(np.ndarray, expr.method, None), 1
    return None, 0
