"""What an exception in the middle of a `try` leaves behind.

    try:
        y = y * x               a step: it has run, or it has not
        for v in xs: y = y / v  a step too, but one that may be left in the middle, with `y` changed
    except ZeroDivisionError:
        y = y + x               reads that half-made y: its derivative is not known

A step that was left in the middle is not reversed. So a name that it may have assigned must not be read
later; where it is, the forward sweep raises an error if a handler runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from pullback import ir
from pullback.lower_conditions import calls_unknown, is_inert
from pullback.lower_expressions import Expressions


@dataclass(slots=True)
class Exit:
    """How a block ends: whether every path jumps, and which jumps some path makes."""

    always: bool = False
    jumps: frozenset[str] = frozenset()


class Attempts(Expressions):
    """Lowers `while` and `try`; the statements in them are lowered by what extends this."""

    broken: list[str]  # the flag of each enclosing loop
    returned: str
    flags_read: set[str]

    def statements(self, nodes: list[ast.stmt]) -> Exit:
        """Lower a statement list into the current block."""
        raise NotImplementedError

    def run(self, nodes: list[ast.stmt]) -> None:
        """Lower statements that stand for an expression."""
        self.statements(nodes)

    def while_loop(self, node: ast.While, statements: object) -> ir.While:
        """A `while`: its test is kept as written, or computed before the loop and at the end of each iteration."""
        if self.kept(node.test):
            return ir.While(self.inert(node.test), self.nested(statements), self.span(node.test))  # type: ignore[arg-type]
        go = self.fresh("_go")

        def tested() -> None:
            test = ir.Copy(self.true(node.test)) if self.spelled(node.test) else self.value(node.test)
            self.bind(go, test, node.test)

        tested()

        def body() -> None:
            statements()  # type: ignore[operator]
            flags = (self.broken[-1], self.returned)
            self.flags_read.update(flags)
            again = self.nested(tested)
            test = self.bind(self.fresh("_t"), ir.Inert(none_of(flags), frozenset(flags)), node.test)
            self.block.append(ir.If(test, again, [], self.span(node.test)))

        inner = self.nested(body)
        self.block.append(ir.Bind(self.broken[-1], ir.Copy(ir.Lit(False)), self.span(node)))
        test = ir.Inert(ast.copy_location(ast.Name(go, ast.Load()), node.test), frozenset({go}))
        return ir.While(test, inner, self.span(node.test))

    def raised(self, node: ast.Raise) -> ast.Raise:
        """A `raise` whose exception is made of calls that may change something, or of comprehensions: made before."""
        made = node.exc
        if not isinstance(made, ast.Call):
            return node

        def kept(value: ast.expr) -> bool:
            return is_inert(value) and not calls_unknown(value)

        if all(map(kept, (*made.args, *(k.value for k in made.keywords)))):
            return node

        def before(value: ast.expr) -> ast.expr:
            if isinstance(value, ast.Starred) or kept(value):
                return value
            known = self.bind(self.fresh("_v"), self.value(value), value)
            return ast.copy_location(ast.Name(known.name, ast.Load()), value)

        keywords = [ast.copy_location(ast.keyword(k.arg, before(k.value)), k) for k in made.keywords]
        call = ast.copy_location(ast.Call(made.func, [before(a) for a in made.args], keywords), made)
        return ast.copy_location(ast.Raise(call, node.cause), node)

    def guarded(self, jumps: frozenset[str], rest: list[ast.stmt], node: ast.AST) -> Exit:
        """`if not (flags): rest`."""
        raise NotImplementedError

    def step(self, nodes: list[ast.stmt], node: ast.AST) -> tuple[ir.Step, Exit]:
        """A part of a `try`."""
        end = Exit()

        def build() -> None:
            nonlocal end
            end = self.statements(nodes)

        block = self.nested(build)
        return ir.Step(ir.Lit(True), block, [], self.span(node)), end

    def try_block(self, node: ast.Try) -> Exit:
        """`try`: each statement of the body is a step, up to the first that may jump."""
        nodes = list(node.body)
        split = next((i for i, n in enumerate(nodes) if may_jump(n)), len(nodes))
        groups = [[n] for n in nodes[:split]] + ([nodes[split:]] if split < len(nodes) else [])
        body, end = [], Exit()
        for group in groups:
            made, end = self.step(group, group[0])
            body.append(made)
        orelse = None
        jumps, always = end.jumps, end.always
        if node.orelse and not always:
            if end.jumps:
                block = self.nested(lambda: self._after(end.jumps, node.orelse, node))
                orelse, after = ir.Step(ir.Lit(True), block, [], self.span(node.orelse[0])), self.ended
            else:
                orelse, after = self.step(node.orelse, node.orelse[0])
            jumps, always = jumps | after.jumps, after.always
        handlers = []
        for handler in node.handlers:
            made, end = self.step(handler.body, handler)
            made.at_start = True
            handlers.append(ir.Handler(handler.type, handler.name, made))
            jumps |= end.jumps
            always = always and end.always
        if orelse is not None:
            orelse.at_start = True
        final = self.nested(lambda: self._final(node.finalbody))
        made_of = ir.Try(body, handlers, orelse, final, self.span(node))
        made_of.manager = hasattr(node, "manager")
        self.block.append(made_of)
        return Exit(always, jumps)

    def _final(self, nodes: list[ast.stmt]) -> None:
        self.statements(nodes)

    ended = Exit()

    def _after(self, jumps: frozenset[str], nodes: list[ast.stmt], node: ast.AST) -> None:
        self.ended = self.guarded(jumps, nodes, node)


def swallows(context: ast.expr) -> bool:
    """Whether a context manager is there to swallow exceptions: `contextlib.suppress(...)`."""
    opener = context.func if isinstance(context, ast.Call) else context
    return getattr(opener, "attr", getattr(opener, "id", "")) == "suppress"


def may_jump(node: ast.AST) -> bool:
    """Whether a statement holds a `return`, `break` or `continue` that leaves it; a generator may end at a `yield`."""
    if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)):
        return True
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
        return False
    if isinstance(node, (ast.For, ast.While)):
        return any(isinstance(n, (ast.Return, ast.Yield, ast.YieldFrom)) for n in ast.walk(node))
    return isinstance(node, (ast.Break, ast.Continue)) or any(map(may_jump, ast.iter_child_nodes(node)))


def mark_partial_steps(body: list[ir.Stmt]) -> None:
    """Say of each step which names it may leave half-made that something outside the `try`'s body reads."""
    for stmt in ir.walk(body):
        if isinstance(stmt, ir.Try) and stmt.handlers:
            outside = _read_outside(body, stmt)
            for step in stmt.body:
                step.partial = tuple(sorted(_left_behind(step.body) & outside))


def _left_behind(block: list[ir.Stmt]) -> set[str]:
    """Names that a block may have assigned when it is left before its end."""
    if not any(True for stmt in block for _ in ir.blocks(stmt)) and len(block) <= 1:
        return set()
    block = list(block)
    while len(block) > 1 and isinstance(block[-1], ir.Bind) and isinstance(block[-1].expr, ir.Copy):
        block.pop()  # binding a name cannot fail
    *before, last = block
    names = {n for s in ir.walk(before) for n in _touched(s)}
    names |= {n for inner in ir.blocks(last) for s in ir.walk(inner) for n in _touched(s)}
    return {n for n in names if not n.startswith("_")}


def _touched(stmt: ir.Stmt) -> tuple[str, ...]:
    return (*ir.assigned(stmt), *changed_in_place(stmt))


def changed_in_place(stmt: ir.Stmt) -> tuple[str, ...]:
    """The names of what a statement may change in place."""
    if isinstance(stmt, ir.Store):
        return (stmt.obj.name,) if isinstance(stmt.obj, ir.Var) else ()
    expr = stmt.expr if isinstance(stmt, ir.Bind) else None
    if isinstance(expr, ir.Apply) and expr.method in CHANGING and isinstance(expr.callee, ir.Var):
        return (expr.callee.name,)
    return ()


CHANGING = frozenset({
    "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "setdefault", "popitem", "add",
    "fill", "appendleft", "extendleft", "rotate", "discard",
})  # fmt: skip


def _read_outside(body: list[ir.Stmt], attempt: ir.Try) -> set[str]:
    """Names read by the handlers and by everything else but the body, less those that each handler assigns first."""
    inside = {id(s) for s in ir.walk(list(attempt.steps))} | {id(attempt)}
    others = {n for s in ir.walk(body) if id(s) not in inside for n in _reads(s)}
    found: set[str] = {n for s in ir.walk(attempt.final) for n in _reads(s)}
    for handler in attempt.handlers:
        if ir.always_raises(handler.step.body):
            continue
        fresh: set[str] = set()
        for stmt in handler.step.body:
            found |= {n for s in ir.walk([stmt]) for n in _reads(s)} - fresh
            if isinstance(stmt, ir.Bind):
                fresh.add(stmt.target)
        found |= others - fresh
    return found


def _reads(stmt: ir.Stmt) -> Iterator[str]:
    if isinstance(stmt, ir.Bind):
        yield from (a.name for a in ir.atoms(stmt.expr) if isinstance(a, ir.Var))
    elif isinstance(stmt, (ir.Opaque, ir.Raise)):
        yield from stmt.reads
    elif isinstance(stmt, ir.While):
        yield from stmt.test.reads
    else:
        for field in ("source", "item", "obj", "key", "value", "test", "iterable", "context"):
            atom = getattr(stmt, field, None)
            if isinstance(atom, ir.Var):
                yield atom.name


def none_of(flags: tuple[str, ...]) -> ast.expr:
    """`not (a or b)`: none of these jumps was made."""
    names: list[ast.expr] = [ast.Name(f, ast.Load()) for f in flags]
    return ast.UnaryOp(ast.Not(), names[0] if len(names) == 1 else ast.BoolOp(ast.Or(), names))


def _blocks_within(block: list[ir.Stmt]) -> list[list[ir.Stmt]]:
    found = [block]
    for stmt in block:
        for inner in ir.blocks(stmt):
            found += _blocks_within(inner)
    return found


def drop_unread_flags(body: list[ir.Stmt], read_flags: set[str], flags: set[str]) -> None:
    """Take out the assignments of flags that nothing asks for."""
    unread = flags - read_flags
    for block in _blocks_within(body):
        block[:] = [s for s in block if not (isinstance(s, ir.Bind) and s.target in unread)]
