"""Small builders for generated syntax, and templates with substitution.

    template("g * cos(x)", g=name("d_y"), x=name("t"))   ->   d_y * cos(t)
"""

from __future__ import annotations

import ast
from typing import Any

from pullback import ir

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
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
