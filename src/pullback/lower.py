"""Statements to structured blocks without jumps.

    if c: return a          if c: result = a
    b = ...           ->    else: b = ...; result = b
    return b

What follows an arm that always jumps goes into the other arm; where that is not enough, flags guard
the rest, and a loop keeps one `BreakIf` as its last statement. So every block runs to its end.
"""

from __future__ import annotations

import ast
from typing import Any

from pullback import ir
from pullback.appended import mark_appends
from pullback.capturing import group_functions
from pullback.errors import DifferentiabilityError
from pullback.fence import KEPT
from pullback.lower_conditions import is_inert
from pullback.lower_expressions import BINARY
from pullback.lower_generators import is_generator, refuse_value, without_yields
from pullback.lower_iterations import may_be_more
from pullback.lower_match import desugared
from pullback.lower_try import Attempts, Exit, drop_unread_flags, mark_partial_steps, none_of, swallows
from pullback.scopes import bound_names, parameters, read, written
from pullback.source import Source
from pullback.spans import Diagnostic, Span

RETURN, BREAK, CONTINUE = "return", "break", "continue"


def lower(
    source: Source, name: str, captured: tuple[str, ...], conditions: bool = False,
    apart: frozenset[tuple[int, int, int, int]] = frozenset(), ends: bool = True,
) -> ir.FunctionIR:  # fmt: skip
    """The IR of a function; with `conditions` these are taken apart as well, and not kept as written.

    In the places `apart` methods that Python would call by itself are spelled out. Whether a generator `ends` where it
    is sent a true value: in reverse mode.
    """
    made = _Statements(source, name, captured, conditions)
    made.apart, made.ends = apart, ends
    return made.function()


class _Statements(Attempts):
    def __init__(self, source: Source, name: str, captured: tuple[str, ...], conditions: bool) -> None:
        node = self.node = mark_appends(source.node)
        self.function_name, self.conditions = name, conditions
        self.qualname = source.code.co_qualname
        self.captured = captured
        self.locals = bound_names(node)
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        names |= {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)} | set(self.locals) | set(captured)
        super().__init__(source.filename, names, self.locals | frozenset(captured))
        self.result = self.fresh("_result") if "_result" in names else "_result"
        self.names.add("_result")
        self.returned = self.fresh("_returned")
        self.yields = ""
        if is_generator(node):
            self.yields = self.result = self.local("_yields")
        self.broken = []
        self.continued: list[str] = []
        self.declarations: list[ast.stmt] = []
        self.flags_read = set()

    def function(self) -> ir.FunctionIR:
        node = self.node
        if isinstance(node, ast.Lambda):
            self.pinned = any(isinstance(n, ast.NamedExpr) for n in ast.walk(node))
            self._into(self.result, node.body)
            body = self.block
        else:
            end = self.statements(node.body)
            body = self.block
            if self.yields:
                body.insert(0, ir.Bind(self.yields, ir.Build("list", ()), Span.of(self.filename, node)))
            elif not end.always:
                start = Span.of(self.filename, node)
                body.insert(0, ir.Bind(self.result, ir.Copy(ir.Lit(None)), start))
            if self.returned in self.flags_read:
                body.insert(0, ir.Bind(self.returned, ir.Copy(ir.Lit(False)), Span.of(self.filename, node)))
        group_functions(body)
        drop_unread_flags(body, self.flags_read, {self.returned, *self._all_flags})
        for position, stmt in enumerate(ir.walk(body)):
            stmt.pos = position
        mark_partial_steps(body)
        return ir.FunctionIR(
            self.function_name, self.qualname, node.args, parameters(node.args), body, self.result,
            self.locals, self.captured, self.declarations, self.filename,
            Span.of(self.filename, node), self.names, bool(self.yields),
        )  # fmt: skip

    ends = True
    _all_flags: frozenset[str] = frozenset()

    def _flag(self, stem: str) -> str:
        name = self.fresh(stem)
        self._all_flags = self._all_flags | {name}
        return name

    # --- blocks and jumps -------------------------------------------------------------------------

    def statements(self, nodes: list[ast.stmt]) -> Exit:
        """Lower a statement list into the current block."""
        jumps: frozenset[str] = frozenset()
        if any(map(_is_match, nodes)):
            nodes = [s for n in nodes for s in self._without_match(n)]
        if self.yields:
            nodes = [s for n in nodes for s in without_yields(n, self.local, self.ends)]
        for index, node in enumerate(nodes):
            rest = nodes[index + 1 :]
            self.pinned = any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)) and not isinstance(
                node, (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef)
            )
            match node:
                case ast.Return() if self.yields:
                    if not (node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)):
                        raise refuse_value(node, self.filename)
                    self._set(self.returned, True, node)
                    return Exit(True, jumps | {RETURN})
                case ast.Return():
                    if node.value is None:
                        self.bind(self.result, ir.Copy(ir.Lit(None)), node)
                    else:
                        self.bind(self.result, self.value(node.value), node.value)
                    self._set(self.returned, True, node)
                    return Exit(True, jumps | {RETURN})
                case ast.Break():
                    self._set(self.broken[-1], True, node)
                    return Exit(True, jumps | {BREAK})
                case ast.Continue():
                    self._set(self.continued[-1], True, node)
                    return Exit(True, jumps | {CONTINUE})
                case ast.If():
                    done = self.branch(node, rest)
                    if done is not None:
                        return Exit(done.always, done.jumps | jumps)
                case ast.For() | ast.While() | ast.With() | ast.Try():
                    inner = self.compound(node)
                    jumps |= inner.jumps
                    if inner.always:
                        return Exit(True, jumps)
                    if inner.jumps and rest:
                        after = self.guarded(inner.jumps, rest, node)
                        return Exit(False, jumps | after.jumps)
                case _:
                    self.simple(node)
        return Exit(False, jumps)

    def _without_match(self, node: ast.stmt) -> list[ast.stmt]:
        return desugared(node, self.local) if isinstance(node, ast.Match) and _is_match(node) else [node]

    def local(self, stem: str) -> str:
        """A new local name."""
        name = self.fresh(stem)
        self.locals |= {name}
        return name

    def _set(self, flag: str, value: bool, node: ast.AST) -> None:
        self.bind(flag, ir.Copy(ir.Lit(value)), node)

    def _flags_of(self, jumps: frozenset[str]) -> tuple[str, ...]:
        """The flags that tell, after a statement, whether one of its jumps was made."""
        flags = []
        if RETURN in jumps:
            flags.append(self.returned)
        if BREAK in jumps:
            flags.append(self.broken[-1])
        if CONTINUE in jumps:
            flags.append(self.continued[-1])
        self.flags_read.update(flags)
        return tuple(flags)

    def guarded(self, jumps: frozenset[str], rest: list[ast.stmt], node: ast.AST) -> Exit:
        """`if not (flags): rest`."""
        flags = self._flags_of(jumps)
        test = self.bind(self.fresh("_t"), ir.Inert(none_of(flags), frozenset(flags)), node)
        end = Exit()

        def build() -> None:
            nonlocal end
            end = self.statements(rest)

        body = self.nested(build)
        self.block.append(ir.If(test, body, [], self.span(node)))
        return Exit(False, end.jumps)

    def branch(self, node: ast.If, rest: list[ast.stmt]) -> Exit | None:
        """An `if`; returns how the whole list ends if `rest` was taken in, else None."""
        test = self.test(node.test)
        arms, ends = [], []
        for statements in (node.body, node.orelse):
            end = Exit()

            def build(statements: list[ast.stmt] = statements) -> None:
                nonlocal end
                end = self.statements(statements)

            arms.append(self.nested(build))
            ends.append(end)
        jumps = ends[0].jumps | ends[1].jumps
        merged = ir.If(test, arms[0], arms[1], self.span(node.test))
        if ends[0].always != ends[1].always and not ends[0 if ends[1].always else 1].jumps:
            # one arm always leaves, the other never: what follows belongs to the other
            stays = 0 if ends[1].always else 1
            after = Exit()

            def continued() -> None:
                nonlocal after
                after = self.statements(rest)

            arms[stays].extend(self.nested(continued))
            self.block.append(merged)
            return Exit(after.always, jumps | after.jumps)
        self.block.append(merged)
        if ends[0].always and ends[1].always:
            return Exit(True, jumps)
        if not jumps and not (ends[0].always or ends[1].always):
            return None
        if not rest:
            return Exit(False, jumps)
        after = self.guarded(jumps, rest, node)
        return Exit(False, jumps | after.jumps)

    def loop(self, node: ast.For | ast.While) -> Exit:
        """A loop; `break` and `return` set flags that end it after the body, `continue` skips the rest."""
        broken, continued = self._flag("_broken"), self._flag("_continued")
        self.broken.append(broken)
        self.continued.append(continued)
        start = len(self.block)
        end = Exit()

        def statements() -> None:
            nonlocal end
            end = self.statements(node.body)
            if continued in self.flags_read:
                self.block.insert(0, ir.Bind(continued, ir.Copy(ir.Lit(False)), self.span(node)))

        stmt = self._for(node, statements) if isinstance(node, ast.For) else self.while_loop(node, statements)
        flags = [f for f, jump in ((broken, BREAK), (self.returned, RETURN)) if jump in end.jumps]
        self.flags_read.update(flags)
        if flags:
            stmt.body.append(ir.BreakIf(tuple(flags), self.span(node)))
        self.broken.pop()
        self.continued.pop()
        if BREAK in end.jumps:
            self.block.insert(start, ir.Bind(broken, ir.Copy(ir.Lit(False)), self.span(node)))
        self.block.append(stmt)
        jumps = end.jumps & {RETURN}
        if node.orelse:  # jumps in here belong to the loop outside
            if flags:
                test = self.bind(self.fresh("_t"), ir.Inert(none_of(tuple(flags)), frozenset(flags)), node)
                after = Exit()

                def otherwise() -> None:
                    nonlocal after
                    after = self.statements(node.orelse)

                self.block.append(ir.If(test, self.nested(otherwise), [], self.span(node)))
                return Exit(False, jumps | after.jumps)
            after = self.statements(node.orelse)
            return Exit(after.always, jumps | after.jumps)
        return Exit(False, jumps)

    def _for(self, node: ast.For, statements: object) -> ir.For:
        iterable = self.atom(node.iter)
        if isinstance(iterable, ir.Var) and iterable.name in written(node):
            iterable = self.bind(self.fresh("_t"), ir.Copy(iterable), node.iter)  # the loop rebinds the name
        if isinstance(iterable, ir.Var) and may_be_more(node.iter):
            iterable = self.bind(self.fresh("_it"), ir.Apply(ir.Var("<iterated>"), (iterable,)), node.iter)
        target = node.target.id if isinstance(node.target, ast.Name) else self.fresh("_e")

        def body() -> None:
            if not isinstance(node.target, ast.Name):
                self.assign(node.target, ir.Var(target), node.target)
            statements()  # type: ignore[operator]

        return ir.For(target, iterable, self.nested(body), self.span(node.iter))

    def compound(self, node: ast.For | ast.While | ast.With | ast.Try) -> Exit:
        """A statement with a body of its own."""
        if isinstance(node, ast.With):
            return self.with_block(node)
        return self.try_block(node) if isinstance(node, ast.Try) else self.loop(node)

    def with_block(self, node: ast.With) -> Exit:
        """`with`: the body is an ordinary block."""
        item, *others = node.items
        context = self.atom(item.context_expr)
        target = None
        if item.optional_vars is not None:
            target = item.optional_vars.id if isinstance(item.optional_vars, ast.Name) else self.fresh("_e")
        end = Exit()

        def body() -> None:
            nonlocal end
            if item.optional_vars is not None and not isinstance(item.optional_vars, ast.Name):
                self.assign(item.optional_vars, ir.Var(str(target)), item.optional_vars)
            if others:
                inner = ast.copy_location(ast.With(others, node.body), node)
                end = self.with_block(inner)
            else:
                end = self.statements(node.body)

        block = self.nested(body)
        opened = ir.With(context, target, block, self.span(item.context_expr))
        opened.swallows = swallows(item.context_expr)
        self.block.append(opened)
        # a context manager may swallow an exception, so what follows can run even if the body always leaves
        return Exit(False, end.jumps)

    # --- single statements ------------------------------------------------------------------------

    def simple(self, node: ast.stmt) -> None:
        """Lower a statement that contains no other."""
        match node:
            case ast.Assign():
                self.assignment(node)
            case ast.AugAssign():
                self.augmented(node)
            case ast.AnnAssign(value=None) | ast.Pass():
                pass
            case ast.AnnAssign():
                assert node.value is not None
                self.assign_value(node.target, node.value)
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=ast.Yield(value=ast.Name() as item)) if hasattr(node, "sent"):
                self.block.append(ir.Append(self.yields, ir.Var(item.id), self.span(node)))
                self.bind(node.sent, ir.Inert(node.value, frozenset({item.id})), node)
            case ast.Expr(value=ast.Call(ast.Attribute(ast.Name(held)), [item])) if hasattr(node, "_appends"):
                self.block.append(ir.Append(held, self.atom(item), self.span(node)))
            case ast.Expr():
                self.bind(self.fresh("_t"), self.value(node.value), node.value)
            case ast.Assert() | ast.Raise():
                if isinstance(node, ast.Assert) and self.asks(node.test):
                    test = self.test(node.test)
                    checked = ast.Name(test.name, ast.Load()) if isinstance(test, ir.Var) else ast.Constant(test.value)
                    node = ast.copy_location(ast.Assert(ast.copy_location(checked, node.test), node.msg), node)
                node = self.raised(node) if isinstance(node, ast.Raise) else node
                if not all(is_inert(n) for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)):
                    raise _refused(node, self.filename, "a walrus, lambda or comprehension in `assert` or `raise`")
                self.block.append(ir.Raise(node, read(node), self.span(node)))
            case ast.FunctionDef():
                self.definition(node)
            case ast.Global() | ast.Nonlocal():
                self.declarations.append(node)
            case ast.Delete():
                self.delete(node)
            case ast.Match():
                self.block.append(ir.Opaque(node, read(node), written(node), self.span(node), observes=True))
            case _ if isinstance(node, KEPT):
                self.block.append(ir.Opaque(node, read(node), written(node), self.span(node)))
            case _:
                raise _refused(node, self.filename, f"`{type(node).__name__.lower()}` statements")

    def delete(self, node: ast.Delete) -> None:
        """`del x` is kept; `del a[i]` and `del a.f` are calls that change their object."""
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                obj = self.atom(target.value)
                call = ir.Apply(obj, (self.atom(target.slice),), method="__delitem__")
                self.bind(self.fresh("_t"), call, target)
            elif isinstance(target, ast.Attribute):
                obj = self.atom(target.value)
                call = ir.Apply(ir.Var("delattr"), (obj, ir.Lit(target.attr)))
                self.bind(self.fresh("_t"), call, target)
            else:
                kept = ast.copy_location(ast.Delete([target]), node)
                self.block.append(ir.Opaque(kept, read(kept), written(kept), self.span(node)))

    def definition(self, node: ast.FunctionDef) -> None:
        """A nested function; its decorators are calls."""
        decorators = [self.atom(d) for d in node.decorator_list]
        fields: dict[str, Any] = {f: getattr(node, f, None) for f in node._fields}
        bare = ast.FunctionDef(**fields)
        bare.decorator_list = []
        bare.returns = None
        ast.copy_location(bare, node)
        self.bind(node.name, self.closure(bare), node)
        for decorator in reversed(decorators):
            self.bind(node.name, ir.Apply(decorator, (ir.Var(node.name),)), node)

    def assignment(self, node: ast.Assign) -> None:
        if len(node.targets) == 1:
            self.assign_value(node.targets[0], node.value)
            return
        source = self.atom(node.value)
        for target in node.targets:
            self.assign(target, source, node.value)

    def assign_value(self, target: ast.expr, value: ast.expr) -> None:
        """`target = value`, binding a name directly and a tuple display element by element."""
        if isinstance(target, ast.Name):
            self.bind(target.id, self.value(value), value)
            return
        plain = isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List))
        if plain and len(target.elts) == len(value.elts):  # type: ignore[attr-defined]
            elements = [*target.elts, *value.elts]  # type: ignore[attr-defined]
            if not any(isinstance(n, ast.Starred) for n in elements):
                self._swap(target.elts, value.elts)  # type: ignore[attr-defined]
                return
        given = self.collected(value) if isinstance(value, ast.GeneratorExp) else self.atom(value)
        self.assign(target, given, value)

    def _swap(self, targets: list[ast.expr], values: list[ast.expr]) -> None:
        """`a, b = b, a + b`: all values first, then the targets."""
        rebound = set().union(*(written(t) for t in targets))
        sources: list[ir.Atom] = []
        for value in values:
            source = self.atom(value)
            plain = all(isinstance(t, ast.Name) for t in targets)
            if isinstance(source, ir.Var) and (source.name in rebound or not plain):
                source = self.bind(self.fresh("_t"), ir.Copy(source), value)
            sources.append(source)
        for target, source, value in zip(targets, sources, values, strict=True):
            self.assign(target, source, value)

    def assign(self, target: ast.expr, source: ir.Atom, node: ast.AST) -> None:
        match target:
            case ast.Name():
                self.bind(self.renamed.get(target.id, target.id), ir.Copy(source), node)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                self.unpack(elts, source, node)
            case ast.Subscript():
                obj = self.atom(target.value)
                index = self.atom(target.slice)
                self.block.append(ir.Store(obj, index, source, False, self.span(target)))
            case ast.Attribute():
                obj = self.atom(target.value)
                self.block.append(ir.Store(obj, target.attr, source, True, self.span(target)))
            case _:
                raise _refused(target, self.filename, "this assignment target")

    def unpack(self, elts: list[ast.expr], source: ir.Atom, node: ast.AST) -> None:
        """Bind each element of a sequence; `*rest` takes a slice."""
        if isinstance(source, ir.Lit):
            source = self.bind(self.fresh("_t"), ir.Copy(source), node)
        starred = [i for i, e in enumerate(elts) if isinstance(e, ast.Starred)]
        if not starred:
            later = [e.id if isinstance(e, ast.Name) else "" for e in elts]
            names = tuple(
                self.renamed.get(e.id, e.id)
                if isinstance(e, ast.Name) and e.id not in later[i + 1 :]
                else self.fresh("_e")
                for i, e in enumerate(elts)
            )
            if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)):
                source = self.bind(self.fresh("_it"), ir.Apply(ir.Var("<iterated>"), (source,)), node)
            self.block.append(ir.Unpack(names, source, self.span(node)))
            for name, element in zip(names, elts, strict=True):
                if not isinstance(element, ast.Name):
                    self.assign(element, ir.Var(name), element)
            return
        whole = self.bind(self.fresh("_t"), ir.Apply(ir.Var("<list>"), (source,)), node)
        before, after = starred[0], len(elts) - starred[0] - 1
        for i, element in enumerate(elts):
            if isinstance(element, ast.Starred):
                stop = ir.Lit(-after if after else None)
                part = self.bind(self.fresh("_t"), ir.Build("slice", (ir.Lit(before), stop, ir.Lit(None))), element)
                self.assign(element.value, self.bind(self.fresh("_t"), ir.Item(whole, part), element), element)
            else:
                index = ir.Lit(i if i < before else i - len(elts))
                self.assign(element, self.bind(self.fresh("_t"), ir.Item(whole, index), element), element)

    def augmented(self, node: ast.AugAssign) -> None:
        op = BINARY[type(node.op)]
        target = node.target
        if isinstance(target, ast.Name):
            right = self.atom(node.value)
            self.bind(target.id, ir.Operation(op, (ir.Var(target.id), right), inplace=True), node)
            return
        assert isinstance(target, (ast.Subscript, ast.Attribute))
        obj = self.atom(target.value)
        key: ir.Atom | str = target.attr if isinstance(target, ast.Attribute) else self.atom(target.slice)
        read_expr: ir.Expr = ir.Attr(obj, key) if isinstance(key, str) else ir.Item(obj, key)
        before = self.bind(self.fresh("_t"), read_expr, target)
        right = self.atom(node.value)
        after = self.bind(self.fresh("_t"), ir.Operation(op, (before, right), inplace=True), node)
        self.block.append(ir.Store(obj, key, after, isinstance(target, ast.Attribute), self.span(node)))


def _is_match(node: ast.stmt) -> bool:
    return isinstance(node, ast.Match) and not hasattr(node, "decides")


def _refused(node: ast.AST, filename: str, what: str) -> DifferentiabilityError:
    return DifferentiabilityError(
        Diagnostic("unsupported-syntax", f"{what} cannot be differentiated", Span.of(filename, node), "not supported")
    )
