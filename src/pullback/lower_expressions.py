"""Expressions to A-normal form: every operand of an operation becomes a name or a literal.

    x * f(x) + 1     ->     t1 = f(x);  t2 = x * t1;  (t2 + 1)
    a if c else b    ->     if c: t = a  else: t = b;  (t)
    x > 0 and ok     ->     kept as written: a condition has no derivative
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import Any

from pullback import ir
from pullback.errors import DifferentiabilityError
from pullback.lower_conditions import RICH, Conditions, calls_unknown
from pullback.lower_generators import EXHAUSTING, as_function
from pullback.lower_iterations import may_be_more
from pullback.scopes import free_names, read
from pullback.spans import Diagnostic, Span

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
UNARY: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}


class Expressions(Conditions):
    """Lowers expressions of one function, appending the statements they need to `self.block`."""

    def __init__(self, filename: str, names: set[str], visible: frozenset[str]) -> None:
        self.filename = filename
        self.names = names
        self.visible = visible  # names that a nested function would capture
        self.block: list[ir.Stmt] = []
        self.renamed: dict[str, str] = {}  # targets of the comprehensions around the present expression
        self.pinned = False  # names must be copied when read: a walrus in the statement may rebind them

    def fresh(self, stem: str) -> str:
        """A name nobody uses."""
        number = 1
        while f"{stem}{number}" in self.names:
            number += 1
        name = f"{stem}{number}"
        self.names.add(name)
        return name

    def span(self, node: ast.AST) -> Span:
        """The place of a node."""
        return Span.of(self.filename, node)

    def bind(self, target: str, expr: ir.Expr, node: ast.AST) -> ir.Var:
        """Append `target = expr`."""
        self.block.append(ir.Bind(target, expr, self.span(node)))
        return ir.Var(target)

    def atom(self, node: ast.expr) -> ir.Atom:
        """Lower an operand to a name or literal."""
        expr = self.value(node)
        if isinstance(expr, ir.Copy) and not (self.pinned and isinstance(expr.source, ir.Var)):
            return expr.source
        return self.bind(self.fresh("_t"), expr, node)

    def inert(self, node: ast.expr) -> ir.Inert:
        """Keep an expression as written (with comprehension targets renamed)."""
        if self.renamed and any(isinstance(n, ast.Name) and n.id in self.renamed for n in ast.walk(node)):
            node = _Rename(self.renamed).visit(copy.deepcopy(node))
        return ir.Inert(node, read(node))

    def value(self, node: ast.expr) -> ir.Expr:
        """Lower an expression; its operands are lowered first, in evaluation order."""
        match node:
            case ast.Constant():
                return ir.Copy(ir.Lit(node.value))
            case ast.Name():
                return ir.Copy(ir.Var(self.renamed.get(node.id, node.id)))
            case ast.BinOp():
                left = self.atom(node.left)
                return ir.Operation(BINARY[type(node.op)], (left, self.atom(node.right)))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return ir.Copy(ir.Lit(-number))
            case ast.UnaryOp(op=ast.Not()):
                return self.inert(node) if self.kept(node) else self.negated(node)
            case ast.UnaryOp():
                return ir.Operation(UNARY[type(node.op)], (self.atom(node.operand),))
            case ast.Compare():
                plain = self.kept(node)
                if self.spelled(node) or (not plain and len(node.ops) > 1):
                    return self.chained(node)
                if plain and not (len(node.ops) == 1 and isinstance(node.ops[0], tuple(RICH))):
                    return self.inert(node)
                return ir.Compare(tuple(node.ops), tuple(self.atom(n) for n in (node.left, *node.comparators)))
            case ast.Call():
                return self.call(node)
            case ast.Attribute():
                return ir.Attr(self.atom(node.value), node.attr)
            case ast.Subscript():
                obj = self.atom(node.value)
                return ir.Item(obj, self.atom(node.slice))
            case ast.Tuple() | ast.List() | ast.Set():
                return self.display(node)
            case ast.Dict():
                if any(k is None for k in node.keys):
                    return self.merged_dict(node)
                pairs = zip(node.keys, node.values, strict=True)
                return ir.Build("dict", tuple([self.atom(n) for pair in pairs for n in pair if n is not None]))
            case ast.Slice():
                bounds = (node.lower, node.upper, node.step)
                return ir.Build("slice", tuple(self.atom(n) if n else ir.Lit(None) for n in bounds))
            case ast.JoinedStr():
                return self.formatted(node)
            case ast.IfExp() | ast.BoolOp():
                return self.conditional(node)
            case ast.NamedExpr():
                target = node.target.id
                self.bind(target, self.value(node.value), node)
                return ir.Copy(ir.Var(target))
            case ast.Lambda():
                return self.closure(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                return self.comprehension(node)
            case ast.GeneratorExp():
                return self.generator(node)
            case _:
                raise DifferentiabilityError(
                    Diagnostic(
                        "unsupported-syntax",
                        f"`{type(node).__name__}` expressions cannot be differentiated",
                        self.span(node),
                        "not supported",
                        help="rewrite it with ordinary expressions",
                    )
                )

    def any_or_all(self, node: ast.Call, name: str) -> ir.Expr:
        """`any(f(v) for v in vs)`, where calling f may change something: a loop that stops where it does."""
        generator: Any = node.args[0]
        clause = generator.generators[0]
        found = self.fresh("_found")
        renamed = {n: self.fresh(f"{n}_") for n in read(clause.target)}
        stop: ast.expr = generator.elt if name == "any" else ast.UnaryOp(ast.Not(), generator.elt)
        left: list[ast.stmt] = [ast.Assign([ast.Name(found, ast.Store())], ast.Constant(name == "any")), ast.Break()]
        body: ast.stmt = ast.If(stop, left, [])
        for test in reversed(clause.ifs):
            body = ast.If(test, [body], [])
        loop = _Rename(renamed).visit(copy.deepcopy(ast.For(clause.target, ast.Constant(None), [body], [])))
        loop.iter = clause.iter
        for part in ast.walk(loop):
            if isinstance(part, (ast.expr, ast.stmt)) and not hasattr(part, "lineno"):
                ast.copy_location(part, node)
        self.bind(found, ir.Copy(ir.Lit(name != "any")), node)
        self.run([loop])
        return ir.Copy(ir.Var(found))

    def run(self, nodes: list[ast.stmt]) -> None:
        """Lower statements that stand for an expression (statement lowering extends this)."""
        raise NotImplementedError

    def display(self, node: ast.Tuple | ast.List | ast.Set) -> ir.Expr:
        """A tuple, list or set; one with `*parts` is the concatenation of its pieces."""
        kind = type(node).__name__.lower()
        if not any(isinstance(n, ast.Starred) for n in node.elts):
            return ir.Build(kind, tuple(self.atom(n) for n in node.elts))
        pieces: list[ir.Atom] = []
        for n in node.elts:
            if isinstance(n, ast.Starred):
                parts = self.collected(n.value)
                pieces.append(self.bind(self.fresh("_t"), ir.Apply(ir.Var("<list>"), (parts,)), n))
            else:
                pieces.append(self.bind(self.fresh("_t"), ir.Build("list", (self.atom(n),)), n))
        total = pieces[0]
        for piece in pieces[1:]:
            total = self.bind(self.fresh("_t"), ir.Operation("+", (total, piece)), node)
        return ir.Copy(total) if kind == "list" else ir.Apply(ir.Var(f"<{kind}>"), (total,))

    def merged_dict(self, node: ast.Dict) -> ir.Expr:
        """`{**a, "k": v}`: the union of its parts."""
        total: ir.Atom | None = None
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                part: ir.Atom = self.atom(value)
            else:
                part = self.bind(self.fresh("_t"), ir.Build("dict", (self.atom(key), self.atom(value))), node)
            total = part if total is None else self.bind(self.fresh("_t"), ir.Operation("|", (total, part)), node)
        assert total is not None
        return ir.Apply(ir.Var("<dict>"), (total,))

    def call(self, node: ast.Call) -> ir.Expr:
        """A call; `obj.name(...)` keeps object and name apart, so that methods can be found by type."""
        method = None
        if isinstance(node.func, ast.Attribute):
            callee, method = self.atom(node.func.value), node.func.attr
        else:
            callee = self.atom(node.func)
        if isinstance(callee, ir.Lit):
            callee = self.bind(self.fresh("_t"), ir.Copy(callee), node)
        args: list[ir.Atom] = []
        stars: set[int] = set()
        lazy = method is None and isinstance(callee, ir.Var) and callee.name in ("any", "all")
        for position, arg in enumerate(node.args):
            if isinstance(arg, ast.Starred):
                stars.add(position)
                arg = arg.value
            alone = len(node.args) == 1 and not node.keywords and callee == ir.Var("sum")
            if self.conditions and alone and isinstance(arg, (ast.GeneratorExp, ast.ListComp)):
                return self.summed(arg)
            if lazy and isinstance(arg, ast.GeneratorExp):
                unknown = self.conditions or any(map(calls_unknown, (arg.elt, *arg.generators[0].ifs)))
                if len(arg.generators) == 1 and unknown:
                    return self.any_or_all(node, str(getattr(callee, "name", "")))
                return self.inert(node)  # a truth value, and it must stop where the original stops
            exhausted = position in stars or (method or getattr(callee, "name", "")) in EXHAUSTING
            given = self.collected(arg) if exhausted else self.atom(arg)
            if method is None and callee == ir.Var("print") and self.spelled(node):
                given = self.bind(self.fresh("_t"), ir.Apply(ir.Var("<str>"), (given,)), arg)
            args.append(given)
        keywords = tuple((k.arg, self.atom(k.value)) for k in node.keywords)
        return ir.Apply(callee, tuple(args), keywords, frozenset(stars), method)

    def summed(self, node: ast.GeneratorExp | ast.ListComp) -> ir.Expr:
        """`sum(... for ...)` as a loop that adds."""
        start = len(self.block)
        made = self.comprehension(node)
        assert isinstance(made, ir.Copy) and isinstance(made.source, ir.Var)
        total = made.source.name
        self.block[start] = ir.Bind(total, ir.Copy(ir.Lit(0)), self.span(node))

        def adding(block: list[ir.Stmt]) -> None:
            for place, stmt in enumerate(block):
                if isinstance(stmt, ir.Append) and stmt.target == total:
                    block[place] = ir.Bind(total, ir.Operation("+", (ir.Var(total), stmt.item)), stmt.span)
                for inner in ir.blocks(stmt):
                    adding(inner)

        adding(self.block[start:])
        return made

    def nested(self, build: Callable[[], None]) -> list[ir.Stmt]:
        """The statements that `build` appends, as a block of their own."""
        outer, self.block = self.block, []
        build()
        inner, self.block = self.block, outer
        return inner

    def conditional(self, node: ast.IfExp | ast.BoolOp) -> ir.Expr:
        """`a if c else b`, `a and b`, `a or b` as a value."""
        target = self.fresh("_t")
        if isinstance(node, ast.IfExp):
            test = self.test(node.test)
            body = self.nested(lambda: self._into(target, node.body))
            orelse = self.nested(lambda: self._into(target, node.orelse))
            self.block.append(ir.If(test, body, orelse, self.span(node)))
            return ir.Copy(ir.Var(target))
        self._boolean(target, node, 0)
        return ir.Copy(ir.Var(target))

    def _boolean(self, target: str, node: ast.BoolOp, index: int) -> None:
        self._into(target, node.values[index])
        if index + 1 == len(node.values):
            if self.spelled(node.values[index]) and not isinstance(node.values[index], ast.Compare):
                self.bind(target, ir.Apply(ir.Var("<truth>"), (ir.Var(target),)), node.values[index])
            return
        rest = self.nested(lambda: self._boolean(target, node, index + 1))
        body, orelse = (rest, []) if isinstance(node.op, ast.And) else ([], rest)
        value = node.values[index]
        test: ir.Atom = ir.Var(target)
        if self.spelled(value) and not isinstance(value, ast.Compare):
            test = self.bind(self.fresh("_t"), ir.Apply(ir.Var("<truth>"), (test,)), value)
        self.block.append(ir.If(test, body, orelse, self.span(value)))

    def _into(self, target: str, node: ast.expr) -> None:
        self.bind(target, self.value(node), node)

    def closure(self, node: ast.Lambda | ast.FunctionDef) -> ir.Closure:
        """A lambda or nested function: the real Python closure is made; captures are its local free names."""
        if self.renamed and free_names(node) & set(self.renamed):
            node = _Rename(self.renamed).visit(copy.deepcopy(node))
        captures = tuple(sorted(free_names(node) & (self.visible | set(self.renamed.values()))))
        node, defaults = self.defaults(node)
        return ir.Closure(node, captures, defaults)

    def defaults(
        self, node: ast.Lambda | ast.FunctionDef
    ) -> tuple[ast.Lambda | ast.FunctionDef, tuple[tuple[str, ir.Atom], ...]]:
        """The same function with its computed defaults as names, which are evaluated here."""
        computed: list[tuple[str, ir.Atom]] = []

        def named(parameter: ast.arg, default: ast.expr | None) -> ast.expr | None:
            if default is None or isinstance(default, ast.Constant):
                return default
            value = self.atom(default)
            if isinstance(value, ir.Lit):
                return default
            computed.append((parameter.arg, value))
            return ast.copy_location(ast.Name(value.name, ast.Load()), default)

        a = node.args
        positional = [*a.posonlyargs, *a.args]
        with_default = positional[len(positional) - len(a.defaults) :]
        plain = [named(p, d) for p, d in zip(with_default, a.defaults, strict=True)]
        keyword_only = [named(p, d) for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True)]
        if not computed:
            return node, ()
        fields: dict[str, Any] = {f: getattr(node, f, None) for f in node._fields}
        made = type(node)(**fields)
        made.args = ast.arguments(
            a.posonlyargs, a.args, a.vararg, a.kwonlyargs, keyword_only, a.kwarg, [d for d in plain if d is not None]
        )
        return ast.copy_location(made, node), tuple(computed)

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ir.Expr:
        """A comprehension as a loop that appends to a fresh list; a generator is collected."""
        total = self.fresh("_l")
        self.bind(total, ir.Build("list", ()), node)
        saved = dict(self.renamed)
        self._generators(node, 0, total)
        self.renamed = saved
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            return ir.Copy(ir.Var(total))
        return ir.Apply(ir.Var("<set>" if isinstance(node, ast.SetComp) else "<dict>"), (ir.Var(total),))

    def collected(self, node: ast.expr) -> ir.Atom:
        """An operand that is drawn from to its end, here and now."""
        if not isinstance(node, ast.GeneratorExp):
            return self.atom(node)
        made = self.comprehension(node)
        assert isinstance(made, ir.Copy)
        return made.source

    def generator(self, node: ast.GeneratorExp) -> ir.Expr:
        """A generator expression: a generator function, called with its outermost iterable."""
        if self.conditions or any(isinstance(n, (ast.NamedExpr, ast.Await, ast.Yield)) for n in ast.walk(node)):
            return self.comprehension(node)
        iterable = self.atom(node.generators[0].iter)
        function = self.bind(self.fresh("_genexpr"), ir.Copy(ir.Lit(None)), node)
        self.block[-1] = ir.Bind(function.name, self.closure(as_function(node, function.name)), self.span(node))
        return ir.Apply(function, (iterable,))

    def _generators(self, node: Any, index: int, total: str) -> None:
        if index == len(node.generators):
            if isinstance(node, ast.DictComp):
                pair = ir.Build("tuple", (self.atom(node.key), self.atom(node.value)))
                item: ir.Atom = self.bind(self.fresh("_t"), pair, node)
            else:
                item = self.atom(node.elt)
            self.block.append(ir.Append(total, item, self.span(node)))
            return
        generator = node.generators[index]
        iterable = self.atom(generator.iter)
        if isinstance(iterable, ir.Var) and may_be_more(generator.iter):
            iterable = self.bind(self.fresh("_it"), ir.Apply(ir.Var("<iterated>"), (iterable,)), generator.iter)
        for name in read(generator.target):
            self.renamed[name] = self.fresh(f"{name}_")
            self.visible |= {self.renamed[name]}

        def body() -> None:
            self._filtered(node, index, 0, total)

        target = self.renamed[generator.target.id] if isinstance(generator.target, ast.Name) else self.fresh("_e")

        def unpacked() -> None:
            if not isinstance(generator.target, ast.Name):
                self.assign(generator.target, ir.Var(target), generator.target)
            body()

        self.block.append(ir.For(target, iterable, self.nested(unpacked), self.span(generator.iter)))

    def _filtered(self, node: Any, index: int, clause: int, total: str) -> None:
        clauses = node.generators[index].ifs
        if clause == len(clauses):
            self._generators(node, index + 1, total)
            return
        test = self.test(clauses[clause])
        kept = self.nested(lambda: self._filtered(node, index, clause + 1, total))
        self.block.append(ir.If(test, kept, [], self.span(clauses[clause])))

    def assign(self, target: ast.expr, source: ir.Atom, node: ast.AST) -> None:
        """Bind an assignment target to a value (statement lowering extends this)."""
        raise NotImplementedError


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:  # ast's own naming
        node.id = self.names.get(node.id, node.id)
        return node
