"""The intermediate representation as text, with or without what the analyses found.

    print(printed(lowered, facts=True))   ->   def f(x, n):
                                                   _t1 = x * x       # float, varies with x
                                                   _result = _t1 * n # float, varies with _t1
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pullback import ir
from pullback.generated import PAIR
from pullback.inspection import derivative_of, derivative_source
from pullback.kinds import EVERYTHING, Kind
from pullback.lower import lower
from pullback.pipeline import find
from pullback.source import acquire
from pullback.sweeps import Sweep, reverse_sweep

_KINDS = (
    "bool", "int", "float", "complex", "NumPy float", "array", "int array", "None", "str", "tuple", "list", "dict",
    "object", "function", "other",
)  # fmt: skip
_UNARY = {"neg": "-", "pos": "+", "invert": "~"}
_BRACKETS = {"tuple": ("(", ")"), "list": ("[", "]"), "set": ("{", "}")}


def stages(f: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Every stage of the derivative of `f` for arguments like these: lowered, analysed, reversed, generated.

    >>> print(stages(lambda x: x * x, 3.0).split("--- ")[2], end="")
    infer, activity
    def <lambda>(x):
        _result = x * x  # float, varies with x
    """
    function: Any = getattr(f, "__func__", f)
    derivative = derivative_of(f, None, args, kwargs)
    given = inspect.signature(function).bind(*((f.__self__,) if inspect.ismethod(f) else ()), *args, **kwargs).arguments
    pair = find(function, replace(derivative.request, form=PAIR), given)  # a joint function has dropped statements
    assert pair.stages is not None
    return "\n".join([
        "--- lower",
        printed(lower(acquire(function), function.__name__, function.__code__.co_freevars)),
        "--- infer, activity",
        printed(pair.stages.lowered, facts=True),
        "--- reverse",
        _adjoint_code(reverse_sweep(derivative, pair.stages.lowered, pair.stages.activity, pair.stages.sharing)),
        "--- simplify, emit",
        derivative_source(f, *args, **kwargs),
    ])  # fmt: skip


def _adjoint_code(sweep: Sweep) -> str:
    """The reverse sweep as it is before it is simplified."""
    for node in ast.walk(ast.Module(sweep.code, [])):
        region = getattr(node, "region", None)
        if region is not None and region.stack and isinstance(node, ast.For):  # a loop over what its region keeps
            node.target = ast.Name(", ".join(region.kept), ast.Store())
    return "".join(f"{ast.unparse(ast.fix_missing_locations(stmt))}\n" for stmt in sweep.code)


def printed(function: ir.FunctionIR, facts: bool = False) -> str:
    """A lowered function; with `facts` each line says the kind of its value and the names it varies with."""
    lines = list(_block(function.body, "    "))
    width = max((len(text) for text, _ in lines), default=0)
    out = [f"def {function.name}({', '.join(function.parameters)}):"]
    for text, stmt in lines:
        note = _facts(stmt) if facts else ""
        out.append(f"{text:<{width}}  # {note}" if note else text)
    return "\n".join(out) + "\n"


def described(kind: Kind) -> str:
    """A kind in words."""
    if kind.mask == EVERYTHING:
        return "anything"
    names = [word for place, word in enumerate(_KINDS) if kind.mask >> place & 1]
    if names == ["object"] and kind.cls is not None:
        return kind.cls.__name__
    return " or ".join(names) or "nothing"


def _facts(stmt: ir.Stmt | None) -> str:
    if not isinstance(stmt, ir.Bind):
        return ""
    operands = zip(ir.atoms(stmt.expr), stmt.facts.active, strict=False)
    active = dict.fromkeys(a.name for a, flag in operands if flag and isinstance(a, ir.Var))
    varies = f"varies with {', '.join(active)}" if stmt.facts.varied else "constant"
    return f"{described(stmt.facts.kind)}, {varies}"


def _block(block: list[ir.Stmt], indent: str) -> Iterator[tuple[str, ir.Stmt | None]]:
    """The lines of a block, each with the statement whose facts belong to it."""
    deeper = indent + "    "
    for stmt in block:
        match stmt:
            case ir.If():
                yield f"{indent}if {_atom(stmt.test)}:", None
                yield from _block(stmt.body, deeper)
                if not stmt.body:
                    yield f"{deeper}pass", None
                if stmt.orelse:
                    yield f"{indent}else:", None
                    yield from _block(stmt.orelse, deeper)
            case ir.Try():
                yield from _attempt(stmt, indent)
            case ir.For() | ir.While() | ir.With():
                yield f"{indent}{_head(stmt)}:", None
                yield from _block(stmt.body, deeper)
            case _:
                for line in _simple(stmt).split("\n"):
                    yield indent + line, stmt


def _attempt(stmt: ir.Try, indent: str) -> Iterator[tuple[str, ir.Stmt | None]]:
    deeper = indent + "    "
    yield f"{indent}try:", None
    for step in stmt.body:
        yield from _block(step.body, deeper)
    for handler in stmt.handlers:
        caught = f" {ast.unparse(handler.type)}" if handler.type is not None else ""
        bound = f" as {handler.name}" if handler.name is not None else ""
        yield f"{indent}except{caught}{bound}:", None
        yield from _block(handler.step.body, deeper)
    for word, block in (("else", stmt.orelse.body if stmt.orelse is not None else []), ("finally", stmt.final)):
        if block:
            yield f"{indent}{word}:", None
            yield from _block(block, deeper)


def _head(stmt: ir.For | ir.While | ir.With) -> str:
    match stmt:
        case ir.For():
            return f"for {stmt.target} in {_atom(stmt.iterable)}"
        case ir.While():
            return f"while {ast.unparse(stmt.test.node)}"
        case ir.With():
            return f"with {_atom(stmt.context)}" + (f" as {stmt.target}" if stmt.target else "")


def _simple(stmt: ir.Stmt) -> str:
    match stmt:
        case ir.Bind(expr=ir.Operation(op=op, args=(ir.Var(name=name), y), inplace=True)) if name == stmt.target:
            return f"{name} {op}= {_atom(y)}"
        case ir.Bind():
            return f"{stmt.target} = {_expression(stmt.expr)}"
        case ir.Unpack():
            return f"{', '.join(stmt.targets)} = {_atom(stmt.source)}"
        case ir.Append():
            return f"{stmt.target}.append({_atom(stmt.item)})"
        case ir.Store(attribute=True):
            return f"{_atom(stmt.obj)}.{stmt.key} = {_atom(stmt.value)}"
        case ir.Store():
            return f"{_atom(stmt.obj)}[{_atom(stmt.key)}] = {_atom(stmt.value)}"
        case ir.BreakIf():
            return f"if {' or '.join(stmt.flags)}: break"
        case ir.Opaque() | ir.Raise():
            return ast.unparse(stmt.node)
        case _:
            raise AssertionError(f"a statement with blocks: {stmt}")


def _expression(expr: ir.Expr) -> str:
    match expr:
        case ir.Copy():
            return _atom(expr.source)
        case ir.Operation(op=op, args=(x,)):
            return f"{_UNARY[op]}{_atom(x)}"
        case ir.Operation(op=op, args=(x, y), inplace=inplace):
            return f"{_atom(x)} {op}{'=' if inplace else ''} {_atom(y)}"
        case ir.Compare(ops=ops, args=args):
            return ast.unparse(ast.Compare(_name(args[0]), list(ops), [_name(a) for a in args[1:]]))
        case ir.Apply():
            return _call(expr)
        case ir.Attr(obj=obj, name=name):
            return f"{_atom(obj)}.{name}"
        case ir.Item(obj=obj, index=index):
            return f"{_atom(obj)}[{_atom(index)}]"
        case ir.Build():
            return _display(expr)
        case ir.Closure():
            return ast.unparse(expr.node) if isinstance(expr.node, ast.Lambda) else f"<function {expr.node.name}>"
        case ir.Inert():
            return ast.unparse(expr.node)
        case _:
            raise AssertionError(f"not an expression: {expr}")


def _call(expr: ir.Apply) -> str:
    arguments = [("*" if i in expr.stars else "") + _atom(a) for i, a in enumerate(expr.args)]
    arguments += [f"**{_atom(a)}" if k is None else f"{k}={_atom(a)}" for k, a in expr.keywords]
    method = f".{expr.method}" if expr.method is not None else ""
    return f"{_atom(expr.callee)}{method}({', '.join(arguments)})"


def _display(expr: ir.Build) -> str:
    items = [_atom(a) for a in expr.items]
    if expr.kind == "dict":
        return "{" + ", ".join(f"{k}: {v}" for k, v in zip(items[::2], items[1::2], strict=True)) + "}"
    if expr.kind in _BRACKETS:
        left, right = _BRACKETS[expr.kind]
        return f"{left}{', '.join(items)}{',' if expr.kind == 'tuple' and len(items) == 1 else ''}{right}"
    return f"{expr.kind}({', '.join(items)})"


def _atom(atom: Any) -> str:
    return atom.name.strip("<>") if isinstance(atom, ir.Var) else repr(atom.value)


def _name(atom: ir.Atom) -> ast.expr:
    return ast.Name(atom.name, ast.Load()) if isinstance(atom, ir.Var) else ast.Constant(atom.value)
