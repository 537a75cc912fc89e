"""Conditions: kept as written, as they have no derivative, or taken apart where what they run may change something.

if x > 0 and ok:                kept
if step(state) > 0:             _t1 = step(state), a call like any other
if v in region:                 _t1 = within(v, region), where `region` has a `__contains__` that changes it
"""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np

from pullback import ir
from pullback.mutators import MUTATORS
from pullback.spans import Span

_NOT_INERT = (
    ast.NamedExpr, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Await, ast.Yield,
)  # fmt: skip
# comparisons whose result a class may define, and the methods that give it
RICH: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("lt", "gt"), ast.LtE: ("le", "ge"), ast.Gt: ("gt", "lt"), ast.GtE: ("ge", "le"), ast.Eq: ("eq", "eq"),
    ast.NotEq: ("ne", "ne"),
}  # fmt: skip


def is_inert(node: ast.expr) -> bool:
    """Whether an expression may be kept as written when its value is used as a truth value only."""
    return not any(isinstance(n, _NOT_INERT) for n in ast.walk(node))


_HARMLESS = frozenset(
    [
        "len", "abs", "isinstance", "issubclass", "min", "max", "float", "int", "bool", "str", "any", "all", "sum",
        "round", "hasattr", "getattr", "callable", "type", "range", "repr", "sorted", "list", "tuple", "set", "dict",
        "divmod", "pow", "id", "ord", "chr",
    ]
)  # fmt: skip
_MODULES = frozenset(["math", "np", "numpy", "cmath", "operator"])
_METHODS = frozenset(n for cls in (np.ndarray, list, dict, str, float) for n in dir(cls)) - MUTATORS


def calls_unknown(node: ast.expr) -> bool:
    """Whether a condition calls something that may change what it is given."""
    for n in ast.walk(node):
        if not isinstance(n, ast.Call):
            continue
        if isinstance(n.func, ast.Name):
            if n.func.id not in _HARMLESS:
                return True
        elif isinstance(n.func, ast.Attribute):
            of_module = isinstance(n.func.value, ast.Name) and n.func.value.id in _MODULES
            if n.func.attr in MUTATORS or not (of_module or n.func.attr in _METHODS):
                return True
        else:
            return True
    return False


class Conditions:
    """Lowers conditions, for what lowers expressions."""

    conditions = False  # whether conditions are taken apart too, where every value is to have a known type
    apart: frozenset[tuple[int, int, int, int]] = frozenset()  # places where methods that Python calls are spelled out
    names: set[str]
    block: list[ir.Stmt]

    def fresh(self, stem: str) -> str:
        """A name nobody uses."""
        raise NotImplementedError

    def span(self, node: ast.AST) -> Span:
        """The place of a node."""
        raise NotImplementedError

    def bind(self, target: str, expr: ir.Expr, node: ast.AST) -> ir.Var:
        """Append `target = expr`."""
        raise NotImplementedError

    def atom(self, node: ast.expr) -> ir.Atom:
        """Lower an operand to a name or literal."""
        raise NotImplementedError

    def value(self, node: ast.expr) -> ir.Expr:
        """Lower an expression."""
        raise NotImplementedError

    def inert(self, node: ast.expr) -> ir.Inert:
        """Keep an expression as written."""
        raise NotImplementedError

    def nested(self, build: Callable[[], None]) -> list[ir.Stmt]:
        """The statements that `build` appends, as a block of their own."""
        raise NotImplementedError

    def spelled(self, node: ast.AST) -> bool:
        """Whether the operations of an expression are to be spelled out, as calls that are differentiated."""
        return bool(self.apart) and _extent(node) in self.apart

    def kept(self, node: ast.expr) -> bool:
        """Whether a condition is kept as written."""
        whole = not self.apart or not any(_extent(n) in self.apart for n in ast.walk(node))
        return is_inert(node) and not calls_unknown(node) and not self.conditions and whole

    def true(self, node: ast.expr) -> ir.Atom:
        """The truth of an expression, spelled out where its class has a method for it."""
        value = self.atom(node)
        if isinstance(node, ast.Compare) or not self.spelled(node):
            return value
        return self.bind(self.fresh("_t"), ir.Apply(ir.Var("<truth>"), (value,)), node)

    def negated(self, node: ast.UnaryOp) -> ir.Expr:
        """`not f(x)`, where calling f may change something."""
        return self.contrary(self.true(node.operand), node.operand)

    def contrary(self, atom: ir.Atom, node: ast.expr) -> ir.Inert:
        """`not` of a value, whose class is asked for its truth at the place of `node`."""
        reads = frozenset({atom.name} if isinstance(atom, ir.Var) else ())
        return ir.Inert(ast.UnaryOp(ast.Not(), ast.copy_location(_syntax(atom), node)), reads)

    def chained(self, node: ast.Compare) -> ir.Expr:
        """`a < f(x) < g(x)`, where calling g may change something: it is called only if the first comparison holds."""
        if len(node.ops) == 1:
            left = self.atom(node.left)
            return self.link(node.ops[0], left, self.atom(node.comparators[0]), node)
        target = self.fresh("_t")

        def link(left: ir.Atom, index: int) -> None:
            right = self.bind(self.fresh("_v"), self.value(node.comparators[index]), node.comparators[index])
            self.bind(target, self.link(node.ops[index], left, right, node), node)
            if index + 1 < len(node.ops):
                rest = self.nested(lambda: link(right, index + 1))
                self.block.append(ir.If(ir.Var(target), rest, [], self.span(node)))

        link(self.bind(self.fresh("_v"), self.value(node.left), node.left), 0)
        return ir.Copy(ir.Var(target))

    def link(self, op: ast.cmpop, left: ir.Atom, right: ir.Atom, node: ast.Compare) -> ir.Expr:
        """One comparison of a chain."""
        if isinstance(op, (ast.Is, ast.IsNot)) or not self.spelled(node):
            return ir.Compare((op,), (left, right))
        if isinstance(op, (ast.In, ast.NotIn)):
            found = ir.Apply(ir.Var("<within>"), (left, right))
            if isinstance(op, ast.In):
                return found
            return self.contrary(self.bind(self.fresh("_t"), found, node), node)
        return ir.Apply(ir.Var(f"<{RICH[type(op)][0]}>"), (left, right))

    def formatted(self, node: ast.JoinedStr) -> ir.Expr:
        """An f-string: what it calls that may change something is called before."""
        shown = [v for v in node.values if isinstance(v, ast.FormattedValue)]
        if not any(calls_unknown(v.value) for v in shown) and self.kept(node):
            return self.inert(node)
        parts: list[ast.expr] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                value = self.bind(self.fresh("_v"), self.value(part.value), part.value)
                if self.spelled(part):
                    value, part = self.shown(value, part)
                known = ast.copy_location(ast.Name(value.name, ast.Load()), part.value)
                part = ast.copy_location(ast.FormattedValue(known, part.conversion, part.format_spec), part)
            parts.append(part)
        return self.inert(ast.copy_location(ast.JoinedStr(parts), node))

    def shown(self, value: ir.Var, part: ast.FormattedValue) -> tuple[ir.Var, ast.FormattedValue]:
        """The text of a value in an f-string, spelled out, and what is left to do with it."""
        spec = part.format_spec
        parts = spec.values if isinstance(spec, ast.JoinedStr) else []
        if part.conversion == -1 and all(isinstance(p, ast.Constant) for p in parts):
            given = ir.Lit("".join(str(getattr(p, "value", "")) for p in parts))
            text = self.bind(self.fresh("_v"), ir.Apply(ir.Var("<format>"), (value, given)), part.value)
            return text, ast.FormattedValue(part.value, -1, None)
        if part.conversion in (115, 114):
            how = ir.Var("<str>" if part.conversion == 115 else "<repr>")
            return self.bind(self.fresh("_v"), ir.Apply(how, (value,)), part.value), part
        return value, part

    def test(self, node: ast.expr) -> ir.Atom:
        """A condition: kept as written where possible."""
        if isinstance(node, ast.Constant):
            return ir.Lit(node.value)
        if self.spelled(node):
            return self.true(node)
        return self.bind(self.fresh("_t"), self.inert(node) if self.kept(node) else self.value(node), node)

    def asks(self, test: ast.expr) -> bool:
        """Whether the test of an `assert` is computed before it: it may change something, or holds what is lowered."""
        return not self.kept(test)


def _extent(node: ast.AST) -> tuple[int, int, int, int]:
    return (
        getattr(node, "lineno", 0), getattr(node, "col_offset", 0), getattr(node, "end_lineno", 0),
        getattr(node, "end_col_offset", 0),
    )  # fmt: skip


def _syntax(atom: ir.Atom) -> ast.expr:
    return ast.Name(atom.name, ast.Load()) if isinstance(atom, ir.Var) else ast.Constant(atom.value)
