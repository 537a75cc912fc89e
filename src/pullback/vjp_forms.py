"""The form of a registered derivative, as far as its source shows it: what it returns, and what its pullback takes.

    @pb.derivative(of=cube)
    def cube_vjp(x):
        return 3.0 * x * x          error[vjp-result]: it must return (value, pullback)

What the source does not show (a name, a call) is checked when the derivative is used.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator

from pullback.errors import DifferentiabilityError
from pullback.source import FunctionNode, acquire
from pullback.spans import Diagnostic, Span

_NO_TUPLES = (ast.Constant, ast.Compare, ast.JoinedStr, ast.Lambda, ast.List, ast.Dict, ast.ListComp, ast.UnaryOp)


def form_findings(vjp: types.FunctionType, of: str, parameters: int | None, forward: bool) -> list[Diagnostic]:
    """What is wrong with a derivative of the function named `of`, of so many parameters (None: not known)."""
    try:
        source = acquire(vjp)
    except DifferentiabilityError:
        return []
    return list(_Form(source.node, source.filename, vjp.__name__, of, parameters, forward).findings())


class _Form:
    def __init__(
        self, node: FunctionNode, filename: str, name: str, of: str, parameters: int | None, forward: bool
    ) -> None:
        self.node = node
        self.filename = filename
        self.name = name
        self.of = of
        self.parameters = parameters
        self.word = "differential" if forward else "pullback"
        self.forward = forward
        nested = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef) and n is not node]
        names = [n.name for n in nested]
        self.nested = {n.name: n for n in nested if names.count(n.name) == 1}

    def findings(self) -> Iterator[Diagnostic]:
        """What is wrong, return by return."""
        values = _returned(self.node)
        body = [] if isinstance(self.node, ast.Lambda) else self.node.body
        if not values and not any(isinstance(n, (ast.Raise, ast.Yield)) for s in body for n in ast.walk(s)):
            yield self.refused(self.node, "returns nothing")
        for value in values:
            yield from self.value(value)

    def refused(self, node: ast.AST, what: str, id: str = "vjp-result") -> Diagnostic:
        """One refusal; of a whole function at its name."""
        span = Span.of(self.filename, node)
        if isinstance(node, ast.FunctionDef):
            start = node.col_offset + len("def ")
            span = Span(self.filename, node.lineno, start, node.lineno, start + len(node.name.encode()))
        must = f"`{self.name}`, the derivative of `{self.of}`, must return (value, {self.word}): it {what}"
        helps = {
            "vjp-result": f"return the value of `{self.of}`, and a function from its cotangent to the tangents",
            "vjp-pullback": "give it one parameter, the cotangent of the value",
            "vjp-tangents": "return one tangent for each parameter, in their order",
        }
        other = f"the pullback of `{self.name}`, the derivative of `{self.of}`, {what}"
        message = must if id == "vjp-result" else other
        return Diagnostic(id, message, span, "", help=helps[id])

    def value(self, value: ast.expr) -> Iterator[Diagnostic]:
        """What is wrong with one returned value."""
        match value:
            case ast.IfExp(body=body, orelse=orelse):
                yield from self.value(body)
                yield from self.value(orelse)
            case ast.Tuple(elts=items) if not any(isinstance(i, ast.Starred) for i in items):
                if len(items) != 2:
                    yield self.refused(value, f"returns a tuple of {len(items)}")
                else:
                    yield from self.pullback(items[1])
            case _ if _is_no_tuple(value):
                yield self.refused(value, "returns a value alone")

    def pullback(self, node: ast.expr) -> Iterator[Diagnostic]:
        """What is wrong with the second item of the returned tuple."""
        if not isinstance(node, ast.Lambda) and (isinstance(node, ast.Tuple) or _is_no_tuple(node)):
            yield self.refused(node, f"returns no function as its {self.word}")
            return
        function = self.nested.get(node.id) if isinstance(node, ast.Name) else node
        if self.forward or not isinstance(function, (ast.Lambda, ast.FunctionDef)):
            return
        a = function.args
        most = len(a.posonlyargs) + len(a.args)
        least = most - len(a.defaults)
        if least > 1 or (most < 1 and a.vararg is None) or any(d is None for d in a.kw_defaults):
            yield self.refused(function, f"takes {most} arguments, not one", "vjp-pullback")
        for value in _returned(function):
            many = isinstance(value, ast.Tuple) and not any(isinstance(i, ast.Starred) for i in value.elts)
            if many and self.parameters is not None and 1 < self.parameters < len(value.elts):  # type: ignore[attr-defined]
                what = f"returns {len(value.elts)} tangents for {self.parameters} parameters"  # type: ignore[attr-defined]
                yield self.refused(value, what, "vjp-tangents")


def _returned(node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """The expressions that a function returns, not those of functions inside it."""
    if isinstance(node, ast.Lambda):
        return [node.body]
    found: list[ast.expr] = []
    pending: list[ast.AST] = list(node.body)
    while pending:
        child = pending.pop(0)
        if isinstance(child, ast.Return) and child.value is not None:
            found.append(child.value)
        elif not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(child))
    return found


def _is_no_tuple(node: ast.expr) -> bool:
    """Whether an expression is seen to give no tuple."""
    match node:
        case ast.BinOp(op=ast.Sub() | ast.Div() | ast.Pow() | ast.MatMult()):
            return True
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return not isinstance(left, ast.Tuple) and not isinstance(right, ast.Tuple)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_no_tuple(left) or _is_no_tuple(right)
    return isinstance(node, _NO_TUPLES)
