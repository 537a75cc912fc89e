"""Small builders for generated syntax, and templates with substitution.

    template("g * cos(x)", g=name("d_y"), x=name("t"))   ->   d_y * cos(t)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from pullback import ir
from pullback.spans import Span

_LOAD, _STORE = ast.Load(), ast.Store()
_PARSED: dict[str, ast.expr] = {}


def name(identifier: str) -> ast.Name:
    """A name that is read."""
    return ast.Name(identifier, _LOAD)


def target(identifier: str) -> ast.Name:
    """A name that is assigned."""
    return ast.Name(identifier, _STORE)


def constant(value: Any) -> ast.Constant:
    """A literal."""
    return ast.Constant(value)


def atom(a: ir.Atom) -> ast.expr:
    """An operand as syntax; a negative number is written as such."""
    if isinstance(a, ir.Var):
        return name(a.name)
    if isinstance(a.value, (int, float)) and not isinstance(a.value, bool) and a.value < 0:
        return ast.UnaryOp(ast.USub(), constant(-a.value))
    return constant(a.value)


def call(function: str, *args: ast.expr) -> ast.Call:
    """`function(*args)`."""
    return ast.Call(name(function), list(args), [])


def assign(identifier: str, value: ast.expr) -> ast.Assign:
    """`identifier = value`."""
    return ast.Assign([target(identifier)], value, lineno=1)


def assign_many(identifiers: list[str], value: ast.expr) -> ast.Assign:
    """`a, b = value`; one name is unpacked from a 1-tuple."""
    return ast.Assign([ast.Tuple([target(i) for i in identifiers], _STORE)], value, lineno=1)


def tuple_of(items: list[ast.expr]) -> ast.Tuple:
    """A tuple display."""
    return ast.Tuple(items, _LOAD)


def parsed(text: str) -> ast.expr:
    """The syntax of an expression, shared: copy it by `substitute` before changing it."""
    found = _PARSED.get(text)
    if found is None:
        found = _PARSED[text] = ast.parse(text, mode="eval").body
    return found


def template(text: str, **holes: ast.expr) -> ast.expr:
    """The expression `text` with names replaced."""
    made: ast.expr = substitute(parsed(text), holes)
    return made


def substitute(node: Any, holes: dict[str, ast.expr]) -> Any:
    """A copy of `node` in which names are replaced; constant conditions and subscripts are folded."""
    if isinstance(node, ast.Name):
        found = holes.get(node.id)
        return ast.Name(node.id, node.ctx) if found is None else found
    if isinstance(node, list):
        return [substitute(item, holes) for item in node]
    if not isinstance(node, ast.AST):
        return node
    made = type(node)(**{field: substitute(getattr(node, field, None), holes) for field in node._fields})
    return fold(made)


def fold(node: ast.AST) -> ast.AST:
    """`A if None is None else B` is A; `(a, b)[1]` is b."""
    if isinstance(node, ast.IfExp):
        known = _truth(node.test)
        if known is not None:
            return node.body if known else node.orelse
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Tuple)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, int)
    ):
        return node.value.elts[node.slice.value]
    return node


def _truth(test: ast.expr) -> bool | None:
    """The value of a test `literal is None`, or of `name is None` for a name that cannot be None."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Is, ast.IsNot))):
        return None
    right = test.comparators[0]
    if not (isinstance(test.left, ast.Constant) and isinstance(right, ast.Constant)):
        return None
    return (test.left.value is right.value) == isinstance(test.ops[0], ast.Is)


def names_in(node: ast.AST) -> set[str]:
    """The names that occur in a piece of syntax."""
    return {n.id for n in walk(node) if isinstance(n, ast.Name)}


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a piece of syntax in no particular order, without operators and contexts: faster than `ast.walk`."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        cls = found.__class__
        fields = _CHILDREN.get(cls)
        if fields is None:
            fields = _CHILDREN[cls] = tuple(f for f in cls._fields if f not in _NO_NODES)
        for field in fields:
            inner = getattr(found, field, None)
            if inner.__class__ is list:
                waiting.extend([i for i in inner if isinstance(i, ast.AST)])
            elif isinstance(inner, ast.AST):
                waiting.append(inner)


_CHILDREN: dict[type, tuple[str, ...]] = {ast.Constant: (), ast.Name: ()}
_NO_NODES = frozenset({"ctx", "op", "ops", "id", "attr", "kind", "type_comment", "conversion", "is_async", "module"})


_BINARY: dict[str, type[ast.operator]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "//": ast.FloorDiv, "%": ast.Mod, "**": ast.Pow,
    "@": ast.MatMult, "<<": ast.LShift, ">>": ast.RShift, "&": ast.BitAnd, "|": ast.BitOr, "^": ast.BitXor,
}  # fmt: skip
_UNARY: dict[str, type[ast.unaryop]] = {"neg": ast.USub, "pos": ast.UAdd, "invert": ast.Invert}


def placed(node: Any, span: Span) -> Any:
    """Give a node, and what it contains that has none, a position."""
    for inner in walk(node):
        if isinstance(inner, (ast.expr, ast.stmt, ast.keyword)) and getattr(inner, "end_lineno", None) is None:
            inner.lineno, inner.col_offset = span.line, span.column
            inner.end_lineno, inner.end_col_offset = span.end_line, span.end_column
    return node


def operator_syntax(op: str, args: list[ast.expr]) -> ast.expr:
    """An operator applied to its operands."""
    return ast.UnaryOp(_UNARY[op](), args[0]) if len(args) == 1 else ast.BinOp(args[0], _BINARY[op](), args[1])


def unset(identifiers: list[str]) -> ast.stmt:
    """`a = b = None`."""
    return ast.Assign([target(i) for i in identifiers], constant(None), lineno=1)


def display(kind: str, items: list[ast.expr]) -> ast.expr:
    """A tuple, list, set, dict or slice."""
    match kind:
        case "tuple":
            return ast.Tuple(items, ast.Load())
        case "list":
            return ast.List(items, ast.Load())
        case "set":
            return ast.Set(items)
        case "dict":
            return ast.Dict(list(items[0::2]), list(items[1::2]))
    parts = [None if isinstance(i, ast.Constant) and i.value is None else i for i in items]
    return ast.Call(ast.Name("slice", ast.Load()), [i or constant(None) for i in parts], [])
