"""`debug_nans`: a scope in which generated code looks at every value that it makes.

    y = log(x)        ->        y = checked(log(x), ('y',), ...)

The checks are woven in when code is generated inside the scope, into both sweeps and into tangent code; what was
generated outside has none and costs nothing. A line is blamed for a NaN, or for an infinity that none of its
operands has: `best = math.inf` makes nothing, `math.exp(x) ** 2` may.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pullback.errors import NotFiniteError
from pullback.rules import pushed, scope
from pullback.structs import field_names, is_struct_class
from pullback.syntax import call, constant
from pullback.tangents import ZERO, TangentVector

_SCOPES: dict[bool, dict[int, Any]] = {True: {}, False: {}}  # whether infinities are looked for too
_BOOKKEEPING = re.compile(r"_([rsnckm]|it|case|yields|sent|returned|broken|before)\d*$|_$|_res$")
_TANGENT = re.compile(r"(.*_dot(_\d+)?|_d\d+)$")


@contextmanager
def debug_nans(infinities: bool = True) -> Iterator[None]:
    """A scope (or a decorator) in which the first line that makes a NaN or an infinity is an error.

    `NotFiniteError` names the user's line, forward or reverse, and the values of its operands. Derivatives are
    generated anew inside the scope, and looked through as they run; outside it nothing is any slower. With
    `infinities=False` only NaNs are looked for.

    >>> import numpy as np, pullback as pb
    >>> with np.errstate(all="ignore"), pb.debug_nans():
    ...     pb.gradient(lambda x: np.sum(np.log(x)))(np.array([1.0, -1.0]))
    Traceback (most recent call last):
    pullback.errors.NotFiniteError: ...
    """
    with pushed(_SCOPES[infinities], lasting=True):
        yield


def debugging() -> bool:
    """Whether such a scope is open, in this thread."""
    return any(s is _SCOPES[True] or s is _SCOPES[False] for s in scope())


def look_at(result: Any, arguments: dict[str, Any], name: str, woven: bool) -> None:
    """The tangents that a verb hands out inside the scope: what no line was blamed for is an error all the same."""
    bad = fault(result)
    if bad is None:
        return
    given = [f"{k} is {f}" for k, v in arguments.items() if (f := fault(v)) is not None]
    why = "it was made outside debug_nans(), where nothing is looked at: make it inside"
    if woven:
        why = f"no line made it: {', '.join(given)} already" if given else "it comes from code that is not generated"
    raise NotFiniteError(f"the derivative of {name} is {bad}; {why}")


def fault(x: Any, seen: set[int] | None = None) -> str | None:
    """What is wrong with a value: "nan" or "inf" somewhere in it, as far as the scope looks for it; else None."""
    if isinstance(x, (float, complex, np.inexact)) or (isinstance(x, np.ndarray) and x.dtype.kind in "fc"):
        if np.isnan(x).any():
            return "nan"
        wanted = any(s is _SCOPES[True] for s in scope())
        return "inf" if wanted and np.isinf(x).any() else None
    parts: Any = ()
    if isinstance(x, (tuple, list)):
        parts = x
    elif isinstance(x, dict):
        parts = x.values()
    elif isinstance(x, TangentVector):
        parts = x.__dict__.values()
    elif is_struct_class(type(x)) and not isinstance(x, type):
        parts = [getattr(x, name, None) for name in field_names(x)]
    if not parts:
        return None
    seen = seen if seen is not None else set()
    if id(x) in seen:
        return None
    seen.add(id(x))
    return next((bad for p in parts if (bad := fault(p, seen)) is not None), None)


def checked(value: Any, targets: tuple[str | None, ...], operands: tuple[str, ...], sweep: str, text: str) -> Any:
    """The value of a statement of generated code, looked at; the frame that made it tells the operands' values."""
    if not debugging():
        return value
    pairs = zip(targets, value, strict=True) if len(targets) > 1 else [(targets[0], value)]
    for name, part in pairs:
        bad = fault(part) if name is not None else None
        if bad is None or name is None:
            continue
        frame = sys._getframe(1)
        found = {o: _value_of(o, frame) for o in operands}
        is_tangent = sweep == "tangent" and _TANGENT.match(name) is not None
        if sweep != "reverse" and not is_tangent:
            faults = {o: fault(v) for o, v in found.items()}
            inherited = [o for o, f in faults.items() if f == bad and (bad == "inf" or o not in frame.f_locals)]
            if inherited:
                continue
        where = "tangent" if is_tangent else "reverse" if sweep == "reverse" else "forward"
        raise _blamed(name, part, bad, found, where, text)
    return value


def _value_of(operand: str, frame: types.FrameType) -> Any:
    """The value of a name, or of a constant such as `math.inf`, where a frame stands."""
    try:
        return eval(operand, frame.f_globals, frame.f_locals)
    except Exception:
        return None


def _blamed(name: str, part: Any, bad: str, found: dict[str, Any], sweep: str, text: str) -> NotFiniteError:
    what = f"`{name}`" if not name.startswith("_") else "this"
    if sweep == "reverse":
        base = name.removeprefix("d_")
        what = f"the cotangent of `{base}`" if name.startswith("d_") and not base.startswith("t") else "a cotangent"
    elif sweep == "tangent":
        base = re.sub(r"_dot(_\d+)?$", "", name)
        what = f"the tangent of `{base}`" if not base.startswith("_") else "a tangent"
    where = {"tangent": "the tangent code", "reverse": "the reverse sweep"}.get(sweep, "the forward sweep")
    if isinstance(part, tuple) and len(part) == 1:
        part = part[0]
    told = {o: v for o, v in found.items() if not (callable(v) or v is None or isinstance(v, types.ModuleType))}
    shown = {o: v for o, v in told.items() if v is not ZERO}
    kept = {o: [*_numbers(v)] for o, v in shown.items() if re.match(r"_r\d+$", o)}
    notes = [f"{'the result' if o == '_result' else o} = {summary(v)}" for o, v in shown.items() if o not in kept]
    notes += [f"kept for it: {', '.join(map(summary, v[:4]))}" for v in kept.values() if v]
    if sweep in ("reverse", "tangent"):
        notes.append(f"in generated code: {text}")
    values = "" if isinstance(part, (float, complex, np.inexact)) else f": {summary(part)}"
    error = NotFiniteError(f"{what} is {bad} in {where}{values}")
    error.notes = tuple(notes)
    return error


def _numbers(residual: Any, depth: int = 4) -> Iterator[Any]:
    """The numbers and arrays that a residual keeps."""
    if isinstance(residual, (float, complex, np.inexact, np.ndarray)):
        yield residual
    elif isinstance(residual, (tuple, list)) and depth:
        for part in residual:
            yield from _numbers(part, depth - 1)


def summary(x: Any) -> str:
    """A value on one line: a small one as it is, an array by its form and its first bad entry."""
    if isinstance(x, np.ndarray) and x.size > 4:
        flat = np.atleast_1d(x)
        bad: Any = np.argwhere(~np.isfinite(flat)) if x.dtype.kind in "fc" else ()
        form = f"{x.dtype}[{', '.join(map(str, x.shape))}]"
        if len(bad):
            place = tuple(int(i) for i in bad[0])
            return f"{form} with {len(bad)} of {x.size} not finite, the first at {list(place)}: {flat[place]}"
        low, high = (x.min(), x.max()) if x.dtype.kind in "fiu" else ("", "")
        return f"{form} from {low} to {high}" if low != "" else form
    text = " ".join(repr(x).split())
    return text if len(text) <= 80 else text[:77] + "..."


def woven(
    tree: ast.FunctionDef, reverse_from: int | None, sweep: str, helper: Callable[[Any, str], str]
) -> ast.FunctionDef:
    """A generated function with a check around every value that it makes. The syntax that was given is left alone.

    The statements from `reverse_from` on belong to the reverse sweep.
    """
    made = copy.copy(tree)
    weaver = _Weaver(helper(checked, "checked"), tree.lineno)
    start = len(tree.body) if reverse_from is None else reverse_from
    head = weaver.block(tree.body[:start], sweep)
    made.body = head + weaver.block(tree.body[start:], "reverse")
    return made


class _Weaver:
    def __init__(self, helper: str, line: int) -> None:
        self.helper = helper
        self.line = line  # where the function begins

    def block(self, body: list[ast.stmt], sweep: str) -> list[ast.stmt]:
        return [self.stmt(stmt, sweep) for stmt in body]

    def stmt(self, stmt: ast.stmt, sweep: str) -> ast.stmt:
        made = copy.copy(stmt)
        match made:
            case ast.Assign(targets=[target], value=value):
                names = _targets(target)
                if names is not None and any(names) and not _moves(value):
                    made.value = self.check(value, names, sweep, stmt)
            case ast.Return(value=value) if value is not None and sweep == "reverse" and not _moves(value):
                made.value = self.check(value, ("_result",), sweep, stmt)
            case ast.Return(value=ast.Tuple(elts=[value, tangent])) if sweep == "tangent" and not _moves(tangent):
                made.value = ast.Tuple([value, self.check(tangent, ("_result_dot",), sweep, stmt)], ast.Load())
            case ast.Expr(value=ast.Call(func=func, args=args) as inner) if (
                sweep == "reverse" or not isinstance(func, ast.Name)
            ):
                again = copy.copy(inner)
                computed = (ast.BinOp, ast.UnaryOp, ast.Call, ast.IfExp)
                again.args = [self.check(a, ("_part",), sweep, stmt) if isinstance(a, computed) else a for a in args]
                made.value = again
            case ast.If() | ast.For() | ast.While():
                made.body, made.orelse = self.block(made.body, sweep), self.block(made.orelse, sweep)
            case ast.With():
                made.body = self.block(made.body, sweep)
            case ast.Try():
                made.body, made.orelse = self.block(made.body, sweep), self.block(made.orelse, sweep)
                made.finalbody = self.block(made.finalbody, sweep)
                handlers = [copy.copy(h) for h in made.handlers]
                for handler in handlers:
                    handler.body = self.block(handler.body, sweep)
                made.handlers = handlers
        return made

    def check(self, value: ast.expr, names: tuple[str | None, ...], sweep: str, stmt: ast.stmt) -> ast.expr:
        made = call(
            self.helper, value, constant(names), constant(_operands(value)), constant(sweep),
            constant(ast.unparse(stmt)),
        )  # fmt: skip
        place: ast.AST = value if getattr(value, "end_lineno", None) is not None else stmt
        if isinstance(stmt, ast.Return):  # what was put into it comes from the user's lines
            inner = (n for n in ast.walk(value) if getattr(n, "lineno", self.line) != self.line)
            place = next(inner, place)
        for node in (made, made.func, *made.args[1:]):
            ast.copy_location(node, place)
        return made


def _targets(target: ast.expr) -> tuple[str | None, ...] | None:
    """The names that an assignment binds to values; None for what generated code keeps for itself."""
    if isinstance(target, ast.Name):
        return (None if _BOOKKEEPING.match(target.id) else target.id,)
    if isinstance(target, (ast.Subscript, ast.Attribute)):
        return (ast.unparse(target),)
    if isinstance(target, ast.Tuple) and all(isinstance(e, ast.Name) for e in target.elts):
        names = [e.id for e in target.elts if isinstance(e, ast.Name)]
        if len(names) == 1:
            return None if _BOOKKEEPING.match(names[0]) else (f"{names[0]}",)
        return tuple(None if _BOOKKEEPING.match(n) else n for n in names)
    return None


def _moves(value: ast.expr) -> bool:
    """Whether an expression only names, moves or groups values, or is a literal."""
    if isinstance(value, (ast.Tuple, ast.List)):
        return all(map(_moves, value.elts))
    if isinstance(value, ast.Attribute):
        return _moves(value.value)
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.operand, ast.Constant)
    return isinstance(value, (ast.Name, ast.Constant, ast.Lambda, ast.Compare, ast.JoinedStr))


def _operands(value: ast.expr) -> tuple[str, ...]:
    """The names and constants that an expression reads, once each, as text."""
    found: dict[str, None] = {}
    pending: list[ast.AST] = [value]
    while pending:
        node = pending.pop(0)
        if isinstance(node, (ast.Name, ast.Attribute)):
            chain: ast.AST = node
            while isinstance(chain, ast.Attribute):
                chain = chain.value
            if isinstance(chain, ast.Name):
                found[ast.unparse(node)] = None
                continue
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.fullmatch(r"\W*(inf|nan)\w*", text):
            found[f"float({text!r})"] = None
        if isinstance(node, ast.Call):
            pending += [node.func, *node.args, *(k.value for k in node.keywords)]
        elif not isinstance(node, (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)):
            pending += list(ast.iter_child_nodes(node))
    return tuple(found)
