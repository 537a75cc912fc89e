"""From generated syntax to functions: guards, signatures, compilation, closure cells, readable text.

The code is compiled under the user's own file name with the user's positions. Globals and captured
variables stay the user's own, live; helpers arrive through extra closure cells, so nothing is put
into the user's namespace.
"""

from __future__ import annotations

import ast
import types
import weakref
from collections.abc import Callable
from typing import Any

from pullback import ir
from pullback.calls import Late
from pullback.kinds import UNSET, held
from pullback.layout import FORWARD, JOINT, REVERSE, laid_out, register
from pullback.names import Names
from pullback.not_finite import debugging, woven
from pullback.source import remember_nested
from pullback.spans import Span
from pullback.syntax import constant, name, parsed, placed, substitute


class Helpers:
    """Objects that generated code needs, each under a name that nobody uses."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.values: dict[str, Any] = {}
        self._by_id: dict[int, str] = {}

    def fresh(self, stem: str) -> str:
        """A new name; the stem itself where it is free."""
        candidate, number = stem, 0
        if stem.startswith("_") and len(stem) <= 3:
            candidate, number = f"{stem}1", 1
        while candidate in self.taken:
            number += 1
            separator = "" if stem.endswith("_") or (stem.startswith("_") and len(stem) <= 3) else "_"
            candidate = f"{stem}{separator}{number}"
        self.taken.add(candidate)
        return candidate

    def __call__(self, value: Any, stem: str) -> str:
        """The name of an object; the same object has one name."""
        known = self._by_id.get(id(value))
        if known is None:
            known = self.fresh(stem)
            self._by_id[id(value)] = known
            self.values[known] = value
        return known


def guards(
    names: Names, helpers: Helpers, epoch: Any, generated_at: int | None, owner: types.FunctionType
) -> list[ast.expr]:
    """Tests that are true where the code was generated for something that has changed."""
    tests: list[ast.expr] = []
    for path, value in names.identities.items():
        root = path.split(".")[0]
        if root not in names.cells and root not in names.globals:
            continue  # a builtin: a module that shadows it is a new global, which is tested below
        known = helpers(value, path.split(".")[-1])
        tests.append(ast.Compare(substitute(parsed(path), {}), [ast.IsNot()], [name(known)]))
    for path, (cls, value) in names.fields.items():
        if cls in (int, str) and value is not UNSET:  # a length, or an array's dtype
            test: ast.cmpop = ast.NotEq() if cls is int else ast.NotIn()
            holes: dict[str, ast.expr] = {"held": name(helpers(held, "held"))} if path.startswith("held(") else {}
            tests.append(ast.Compare(substitute(parsed(path), holes), [test], [constant(value)]))
            continue
        fixed = value is not UNSET
        left = substitute(parsed(path if fixed else f"{path}.__class__"), {})
        known = helpers(value if fixed else cls, path.split(".")[-1] if fixed else cls.__name__)
        tests.append(ast.Compare(left, [ast.IsNot()], [name(known)]))
    for (cls, method), function in names.methods.items():
        found = ast.Attribute(name(helpers(cls, cls.__name__)), method, ast.Load())
        tests.append(ast.Compare(found, [ast.IsNot()], [name(helpers(function, method))]))
    for path, (_, defaults) in names.defaults.items():
        if path.split(".")[0] in names.cells or path.split(".")[0] in names.globals:
            known = helpers(defaults, "defaults")
            tests.append(ast.Compare(substitute(parsed(f"{path}.__defaults__"), {}), [ast.IsNot()], [name(known)]))
    for identifier, cls in names.classes.items():
        known = helpers(cls, cls.__name__)
        actual = ast.Attribute(name(identifier), "__class__", ast.Load())
        tests.append(ast.Compare(actual, [ast.IsNot()], [name(known)]))
    stem = owner.__name__ if owner.__name__.isidentifier() else "function"
    code = ast.Attribute(name(helpers(owner, stem)), "__code__", ast.Load())
    tests.append(ast.Compare(code, [ast.IsNot()], [name(helpers(owner.__code__, "code"))]))
    if generated_at is not None:
        now = ast.Attribute(name(helpers(epoch, "EPOCH")), "now", ast.Load())
        tests.append(ast.Compare(now, [ast.NotEq()], [constant(generated_at)]))
    return tests


def again(tests: list[ast.expr], arguments: ast.arguments, redo: str) -> list[ast.stmt]:
    """`if <a guard fails>: return redo(<the same arguments>)`."""
    if not tests:
        return []
    test = tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests)
    a = arguments
    args: list[ast.expr] = [name(p.arg) for p in (*a.posonlyargs, *a.args)]
    if a.vararg:
        args.append(ast.Starred(name(a.vararg.arg), ast.Load()))
    keywords = [ast.keyword(p.arg, name(p.arg)) for p in a.kwonlyargs]
    if a.kwarg:
        keywords.append(ast.keyword(None, name(a.kwarg.arg)))
    return [ast.If(test, [ast.Return(ast.Call(name(redo), args, keywords))], [])]


def bare_arguments(arguments: ast.arguments) -> ast.arguments:
    """The signature without annotations; defaults are placeholders, the function's own are put in later."""

    def plain(a: ast.arg) -> ast.arg:
        return ast.copy_location(ast.arg(a.arg), a)

    return ast.arguments(
        posonlyargs=[plain(a) for a in arguments.posonlyargs],
        args=[plain(a) for a in arguments.args],
        vararg=None if arguments.vararg is None else plain(arguments.vararg),
        kwonlyargs=[plain(a) for a in arguments.kwonlyargs],
        kw_defaults=[None if d is None else constant(None) for d in arguments.kw_defaults],
        kwarg=None if arguments.kwarg is None else plain(arguments.kwarg),
        defaults=[constant(None) for _ in arguments.defaults],
    )


def definition(identifier: str, arguments: ast.arguments, body: list[ast.stmt]) -> ast.FunctionDef:
    """`def identifier(arguments): body`."""
    made = ast.FunctionDef(identifier, arguments, body or [ast.Pass()], [], lineno=1)
    made.type_params = []  # type: ignore[attr-defined]
    return made


class Compiled:
    """A generated function, to be joined with the globals, cells and defaults of a function object."""

    def __init__(
        self, tree: ast.FunctionDef, function: ir.FunctionIR, helpers: Helpers, filename: str, sweep: str = FORWARD,
        reverse_from: int = 0,
    ) -> None:  # fmt: skip
        self.tree = tree
        self.helpers = helpers
        self.captured = function.captured
        self.marks: dict[str, Any] = {}  # attributes of every function made
        self.sweep = sweep
        self.reverse_from = reverse_from  # a joint function: the statement of its body that begins the reverse sweep
        self.spans: dict[int, Span] = {}  # a reverse function: the user's expression for each line
        self._in_reverse: frozenset[int] | None = None
        self.function, self.filename = function, filename
        self.forward: weakref.ref[Compiled] | None = None  # a reverse function: the forward sweep that goes with it
        self.looks = debugging()  # whether every value is looked at, for `debug_nans`
        laid = laid_out(tree, filename, self) if sweep == REVERSE else None
        placed(tree, function.span)
        if laid is None:
            self.code = self._compiled(tree, filename)
        else:
            self.spans = laid.spans
            self.code = self._compiled(laid.tree, laid.filename)
        remember_nested(self.tree, self.code, filename)
        register(self)

    def _compiled(self, tree: ast.FunctionDef, filename: str) -> types.CodeType:
        function = self.function
        if self.looks:
            start = {JOINT: self.reverse_from, REVERSE: 0}.get(self.sweep)
            tree = woven(tree, start, self.sweep, self.helpers)
        outer = definition(
            "generated",
            ast.arguments([], [], None, [], [], None, []),
            [
                *(ast.Assign([ast.Name(n, ast.Store())], constant(None), lineno=1) for n in self._cell_names()),
                tree,
                ast.Return(name(tree.name)),
            ],
        )
        placed(outer, function.span)
        module = ast.Module([outer], [])
        code = compile(ast.fix_missing_locations(module), filename, "exec", dont_inherit=True)
        outer_code = next(c for c in code.co_consts if isinstance(c, types.CodeType))
        made = next(c for c in outer_code.co_consts if isinstance(c, types.CodeType) and c.co_name == tree.name)
        return _renamed(made, made.co_qualname, function.qualname)

    def in_reverse(self, offset: int) -> bool:
        """Whether an instruction belongs to the reverse sweep: in a joint function, by compiling it once more."""
        if self.sweep != JOINT:
            return self.sweep == REVERSE
        if self._in_reverse is None:
            self._in_reverse = self._reverse_instructions()
        return offset // 2 in self._in_reverse

    def _reverse_instructions(self) -> frozenset[int]:
        shift = 1_000_000
        marked = _copied(self.tree)
        for position, (old, new) in enumerate(zip(self.tree.body, marked.body, strict=True)):
            for a, b in zip(ast.walk(old), ast.walk(new), strict=True):
                if hasattr(a, "lineno"):
                    moved: Any = ast.copy_location(b, a)
                    if position >= self.reverse_from:
                        moved.lineno, moved.end_lineno = moved.lineno + shift, moved.end_lineno + shift
        again = self._compiled(ast.copy_location(marked, self.tree), self.filename)
        if again.co_code != self.code.co_code:
            return frozenset()
        lines = [line for line, *_ in again.co_positions()]
        return frozenset(i for i, line in enumerate(lines) if line is not None and line > shift)

    def _cell_names(self) -> list[str]:
        return [*self.captured, *self.helpers.values]

    def make(self, function: types.FunctionType, extra: dict[str, Any]) -> types.FunctionType:
        """The generated function for one function object; `extra` holds helpers made for this object."""
        own = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        cells = []
        for identifier in self.code.co_freevars:
            if identifier in extra:
                cells.append(types.CellType(extra[identifier]))
            elif identifier in own:
                cells.append(own[identifier])
            else:
                cells.append(self._helper_cell(self.helpers.values[identifier]))
        made = types.FunctionType(
            self.code, function.__globals__, self.tree.name, function.__defaults__, tuple(cells)
        )
        made.__kwdefaults__ = function.__kwdefaults__
        made.__dict__.update(self.marks)
        return made

    def _helper_cell(self, value: Any) -> types.CellType:
        if not isinstance(value, Late):
            return types.CellType(value)
        cell = types.CellType()
        value.pair.when_ready(cell)
        return cell


def _renamed(code: types.CodeType, prefix: str, qualname: str) -> types.CodeType:
    """Nested functions under the qualified name they have in the user's own function."""
    consts = tuple(_renamed(c, prefix, qualname) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_consts=consts, co_qualname=qualname + code.co_qualname.removeprefix(prefix))


def source_text(trees: list[ast.FunctionDef], lines: Callable[[int], str]) -> str:
    """Generated functions as text, with the user's lines as comments where their reverse code begins."""
    return "\n\n\n".join(_commented(tree, lines) for tree in trees) + "\n"


def _commented(tree: ast.FunctionDef, lines: Callable[[int], str]) -> str:
    marked = _copied(tree)
    for node in ast.walk(marked):
        if isinstance(node, ast.Name):
            node.id = node.id.strip("<>")  # a builtin as it is, whatever the user calls so
    _mark(marked.body, lines, None, tree.lineno)
    text = ast.unparse(ast.fix_missing_locations(marked))
    out = []
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped.startswith(("'# ", '"# ')):
            line = line[: len(line) - len(stripped)] + ast.literal_eval(stripped)
        out.append(line)
    return "\n".join(out)


def _copied(node: Any) -> Any:
    """A copy of syntax: its fields and the user's line, nothing else."""
    if isinstance(node, list):
        return [_copied(item) for item in node]
    if not isinstance(node, ast.AST):
        return node
    made = type(node)(**{field: _copied(getattr(node, field, None)) for field in node._fields})
    if hasattr(node, "span"):
        made.span = node.span  # type: ignore[attr-defined]
    if isinstance(node, ast.Call | ast.BinOp | ast.UnaryOp | ast.IfExp):
        made.user_line = node.lineno  # type: ignore[attr-defined]
    return made


def _lines_of(stmt: ast.Return, first: int, last: int | None) -> list[int]:
    """The user's lines that the reverse code in a `return` comes from, but those said already; last ones first."""
    placed = (getattr(node, "user_line", first) for node in ast.walk(stmt))
    return sorted({line for line in placed if line not in (first, last)}, reverse=True)


def _mark(body: list[ast.stmt], lines: Callable[[int], str], last: int | None, first: int) -> None:
    index = 0
    while index < len(body):
        stmt = body[index]
        span = getattr(stmt, "span", None)
        if span is not None and span.line != last:
            last = span.line
            user = lines(span.line).strip()
            if user:
                body.insert(index, ast.Expr(constant(f"# {user}")))
                index += 1
        elif isinstance(stmt, ast.Return):  # what was put into it comes from lines of its own
            for line in _lines_of(stmt, first, last):
                body.insert(index, ast.Expr(constant(f"# {lines(line).strip()}")))
                index += 1
        for field in ("body", "orelse"):
            inner = getattr(stmt, field, None)
            if isinstance(inner, list) and span is not None:
                _mark(inner, lines, last, first)
        index += 1
