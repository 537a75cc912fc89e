"""Generated code of operations whose operands' classes are looked at as they run: `asked(lt, a, b)`.

if v in region and n > 1:       if asked(within, v, region) and n > 1:
"""

from __future__ import annotations

import ast
import builtins
import copy
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pullback import ir
from pullback.conditions import Operation, is_plain, within
from pullback.fingerprints import held_now, unchanged
from pullback.lower_conditions import RICH
from pullback.lower_expressions import BINARY, UNARY
from pullback.operations import METHODS
from pullback.rules import lookup
from pullback.sharing import Sharing
from pullback.spans import Span
from pullback.syntax import assign, call, constant, name, tuple_of

if TYPE_CHECKING:
    from pullback.reverse import Reverse


class Looking:
    """Writes such operations, for what emits a forward sweep."""

    reverse: Reverse
    helper: Callable[[Any, str], str]
    out: list[ast.stmt]
    sharing: Sharing

    def flush(self) -> None:
        """Give every pending temporary its own statement."""
        raise NotImplementedError

    def emit(self, stmt: ast.stmt, span: Span) -> None:
        """Append a statement at the user's position."""
        raise NotImplementedError

    def harmless(self, stmt: ir.Bind) -> bool:
        """Whether a call is known to change nothing."""
        if not stmt.facts.known or id(stmt) in self.sharing.points:
            return False
        return lookup(stmt.facts.callee) is not None or all(map(is_plain, stmt.facts.kinds[1:]))

    def matched(self, node: ast.Match, stmt: ir.Opaque) -> None:
        """The `match` that decides which case holds: what it runs of its subject's class must change nothing."""
        self.flush()
        before = self.reverse.fresh("_before")
        self.emit(assign(before, call(self.reverse.runtime_call("looked_on"), node.subject)), stmt.span)
        self.out.append(node)
        same = call(self.reverse.runtime_call("same_still"), node.subject, name(before))
        self.emit(ast.Expr(same), stmt.span)

    def watched_at(self, stmt: ir.Stmt) -> list[str]:
        """The global variables that a statement may store something in; what comes before it is emitted."""
        shadows = self.reverse.shadows
        watched = sorted(shadows.activity.watched.get(id(stmt), ())) if shadows is not None else []
        if watched:
            self.flush()
        return watched

    def unstored(self, names: list[str], span: Span, build: Callable[[], None], *stored: ast.expr) -> None:
        """What `build` emits, and a look at global variables: that no differentiated value was stored there."""
        before, held = self.reverse.fresh("_before") if names else "", tuple_of([name(n) for n in names])
        if names:
            self.emit(assign(before, call(self.helper(held_now, "held_now"), held)), span)
        build()
        if names:
            same = call(self.helper(unchanged, "unchanged"), name(before), held, constant(names[0]), *stored)
            self.emit(ast.Expr(same), span)

    def key(self, stmt: ir.Bind | ir.Store, key: ast.expr) -> ast.expr:
        """A key, whose class may have a `__hash__` and `__eq__` of its own."""
        return call(self.reverse.runtime_call("as_key"), key) if stmt.facts.inside else key

    def with_keys(self, stmt: ir.Bind, made: ast.expr) -> ast.expr:
        """A dict or slice with keys of unknown classes."""
        if isinstance(made, ast.Dict):
            return ast.Dict([k and self.key(stmt, k) for k in made.keys], made.values)
        return ast.Call(made.func, [self.key(stmt, a) for a in made.args], []) if isinstance(made, ast.Call) else made

    def unchanging(self, made: Any, inside: tuple[Operation, ...]) -> ast.expr:
        """An operator, attribute or item whose value has no derivative; its operands' classes must change nothing."""

        def guarded(operand: ast.expr) -> ast.expr:
            return call(self.reverse.runtime_call("unchanging"), operand, constant(inside[0].methods))

        if isinstance(made, ast.BinOp):
            return ast.BinOp(guarded(made.left), made.op, guarded(made.right))
        if isinstance(made, ast.UnaryOp):
            return ast.UnaryOp(made.op, guarded(made.operand))
        if isinstance(made, ast.Attribute):
            return ast.Attribute(guarded(made.value), made.attr, ast.Load())
        if isinstance(made, ast.Subscript):
            return ast.Subscript(guarded(made.value), guarded(made.slice), ast.Load())
        return made  # type: ignore[no-any-return]

    def looked_at(self, node: ast.expr, inside: tuple[Any, ...]) -> ast.expr:
        """An expression kept as written, whose operands' classes are looked at where they are not known."""
        return asked(node, inside, self.helper, self.reverse.runtime_call) if inside else node


def call_attribute(obj: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """`obj.name(*args)`."""
    return getattr(obj, name)(*args, **kwargs)


_OTHERS: dict[str, Any] = {"within": within, "call_attribute": call_attribute}


def asked(
    node: ast.expr, found: tuple[Operation, ...], helper: Callable[[Any, str], str], runtime_call: Callable[[str], str]
) -> ast.expr:
    """The expression with these operations as calls that look at their operands' classes: `asked(lt, a, b)`."""

    def named(what: str) -> ast.expr:
        if what in ("asked", "unchanging"):
            return ast.Name(runtime_call(what), ast.Load())
        places = ((operator, what), (operator, f"{what}_"), (builtins, what))  # (`operator.and_`)
        function = next((getattr(m, n) for m, n in places if hasattr(m, n)), None) or _OTHERS[what]
        return ast.Name(helper(function, what), ast.Load())

    made: ast.expr = _Writer(found, named).written(node)
    return made


class _Writer:
    def __init__(self, found: tuple[Operation, ...], helper: Callable[[str], ast.expr]) -> None:
        self.asked = {id(o.node) for o in found if not (o.truth or o.drawn)}
        self.drawn = {id(o.node): o.methods for o in found if o.drawn}
        self.true = {id(o.node) for o in found if o.truth}
        self.helper = helper

    def written(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.written(n) for n in node]
        if not isinstance(node, ast.AST):
            return node
        made: Any = copy.copy(node)
        for field, value in ast.iter_fields(node):
            if isinstance(value, (ast.AST, list)):
                setattr(made, field, self.written(value))
        if id(node) in self.asked:
            made = self.operation(made)
        if id(node) in self.drawn:
            methods = ast.Tuple([ast.Constant(m) for m in self.drawn[id(node)]], ast.Load())
            made = ast.copy_location(ast.Call(self.helper("unchanging"), [made, methods], []), made)
        return self.call(made, "truth", made) if id(node) in self.true else made

    def call(self, at: Any, what: str, *args: ast.expr) -> ast.expr:
        return ast.copy_location(ast.Call(self.helper("asked"), [self.helper(what), *args], []), at)

    def operation(self, node: Any) -> ast.expr:
        match node:
            case ast.Compare():
                return self.compared(node)
            case ast.Attribute():
                return self.call(node, "getattr", node.value, ast.Constant(node.attr))
            case ast.Subscript():
                return self.call(node, "getitem", node.value, self.index(node.slice))
            case ast.BinOp():
                return self.call(node, METHODS[BINARY[type(node.op)]], node.left, node.right)
            case ast.UnaryOp():
                return self.call(node, UNARY[type(node.op)], node.operand)
            case ast.FormattedValue():
                spec: list[Any] = [node.format_spec] if node.format_spec is not None else []
                what = {115: "str", 114: "repr", 97: "ascii"}.get(node.conversion, "format")
                value = self.call(node, what, node.value, *(spec if what == "format" else []))
                shown = ast.FormattedValue(value, -1, None if what == "format" else node.format_spec)
                return ast.copy_location(shown, node)
            case ast.Call(func=ast.Attribute(value=ast.expr() as obj, attr=name)):
                made = [self.helper("call_attribute"), obj, ast.Constant(name), *node.args]
                return ast.copy_location(ast.Call(self.helper("asked"), made, node.keywords), node)
            case ast.Call():
                made = [node.func, *node.args]
                return ast.copy_location(ast.Call(self.helper("asked"), made, node.keywords), node)
        return node  # type: ignore[no-any-return]

    def compared(self, node: ast.Compare) -> ast.expr:
        """A comparison; of a chain each link by itself, where what stands between may be written twice."""
        links: list[ast.expr] = []
        left = node.left
        if len(node.ops) > 1 and not all(isinstance(n, (ast.Name, ast.Constant)) for n in node.comparators[:-1]):
            return ast.copy_location(ast.Compare(left, node.ops, node.comparators), node)
        for op, right in zip(node.ops, node.comparators, strict=True):
            link: ast.expr
            if isinstance(op, (ast.Is, ast.IsNot)):
                link = ast.copy_location(ast.Compare(left, [op], [right]), node)
            elif isinstance(op, (ast.In, ast.NotIn)):
                link = self.call(node, "within", left, right)
                if isinstance(op, ast.NotIn):
                    link = ast.copy_location(ast.UnaryOp(ast.Not(), link), node)
            else:
                link = self.call(node, RICH[type(op)][0], left, right)
            links.append(link)
            left = right
        return links[0] if len(links) == 1 else ast.copy_location(ast.BoolOp(ast.And(), links), node)

    def index(self, node: ast.expr) -> ast.expr:
        """An index as an argument."""
        if isinstance(node, ast.Slice):
            bounds = [b or ast.Constant(None) for b in (node.lower, node.upper, node.step)]
            return ast.copy_location(ast.Call(self.helper("slice"), bounds, []), node)
        if isinstance(node, ast.Tuple):
            return ast.copy_location(ast.Tuple([self.index(n) for n in node.elts], ast.Load()), node)
        return node
