"""Where a differentiated value is written out, in digits or bytes, and where a number is read from such text.

    s = json.dumps([x])          b = v.tobytes()            has no derivative, and needs none to be shown or stored
    json.loads(s)[0] * y         np.frombuffer(b)           a number whose derivative is lost: refused
    n, d = x.as_integer_ratio(); n / d                      so is this
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from pullback import ir
from pullback.kinds import STR_KIND, STRUCT
from pullback.rules import callable_name, lookup

_PARSERS: tuple[Any, ...] = (float, complex, np.float64, np.float32, np.longdouble, np.array, np.asarray)
_WRITERS: tuple[Any, ...] = (str, repr, format, ascii, bytes, bytearray, float.hex)
_WRITING_METHODS = frozenset({"hex", "tobytes", "as_integer_ratio"})
# by name: methods of classes, and functions of modules that may not have been imported
_HANDING_ON = ("iterated_plainly", "iter", "list", "tuple")
_NOT_OF_TEXT = ("/", "//", "-", "**")
_READERS = frozenset({
    "loads", "fromhex", "frombuffer", "fromstring", "literal_eval", "unpack", "unpack_from", "iter_unpack",
    "from_bytes", "frombytes",
})  # fmt: skip


def writes_text(stmt: ir.Bind, of_text: bool) -> bool:
    """Whether an expression writes out a differentiated value, or what is its text already."""
    expr, facts = stmt.expr, stmt.facts
    method = expr.method if isinstance(expr, ir.Apply) else None
    formats = method == "format" or (isinstance(expr, ir.Operation) and expr.op == "%")
    if formats and facts.kinds[0].mask == STR_KIND.mask and any(facts.active[1:]):
        return True
    if not isinstance(expr, ir.Apply) or not (of_text or any(facts.active)):
        return False
    if not facts.known:
        return method in _WRITING_METHODS and any(facts.active[:1]) and facts.kinds[0].mask != STRUCT
    if any(facts.callee is f for f in _WRITERS):
        return True
    entry = lookup(facts.callee)
    return entry is not None and entry.constant and (entry.returns == "str" or _name(stmt) in _WRITING_METHODS)


def text_reader(stmt: ir.Bind) -> str:
    """The name of a function that reads numbers from text; empty for any other."""
    if isinstance(stmt.expr, ir.Operation) and stmt.expr.op in _NOT_OF_TEXT and len(stmt.expr.args) == 2:
        return str(stmt.expr.op)
    if not isinstance(stmt.expr, ir.Apply):
        return ""
    if stmt.facts.known and any(stmt.facts.callee is f for f in _PARSERS):
        return callable_name(stmt.facts.callee)
    if _name(stmt) not in _READERS:
        return ""
    return callable_name(stmt.facts.callee) if stmt.facts.known else _name(stmt)


def hands_on_text(stmt: ir.Bind) -> bool:
    """Whether what is made of text may be text: by its methods, an operator, a part of it."""
    return not stmt.facts.known or (isinstance(stmt.expr, ir.Apply) and bool(stmt.expr.method)) or (
        _name(stmt) in _HANDING_ON
    )


def _name(stmt: ir.Bind) -> str:
    method = stmt.expr.method if isinstance(stmt.expr, ir.Apply) else None
    return method or (str(getattr(stmt.facts.callee, "__name__", "")) if stmt.facts.known else "")


def reads_more(stmt: ir.Stmt, name: str) -> bool:
    """Whether a statement reads more of an exception than its text and its class."""
    if isinstance(stmt, (ir.Raise, ir.Opaque)):
        return isinstance(stmt, ir.Opaque) and name in stmt.reads
    if not isinstance(stmt, ir.Bind):
        fields = ("source", "item", "obj", "key", "value", "iterable", "context")
        return any(getattr(stmt, f, None) == ir.Var(name) for f in fields)
    if isinstance(stmt.expr, ir.Inert):
        return any(isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == name
                   for n in ast.walk(stmt.expr.node))
    if isinstance(stmt.expr, ir.Apply) and stmt.facts.known and stmt.facts.callee in _ONLY_LOOK:
        return False
    return ir.Var(name) in ir.atoms(stmt.expr)


_ONLY_LOOK: tuple[Any, ...] = (print, str, repr, type, isinstance, len, format, hash, id, bool)
