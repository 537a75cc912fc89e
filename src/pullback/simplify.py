"""Cleaning of generated code: copies and single-use temporaries disappear, multiplications by one too.

    _g1 = d_y                    d_y = d_y * x
    d_y = _g1 * x       ->

Only what is exact for floats and arrays alike is done; `0 * x` and `x ** 0` stay as they are.
"""

from __future__ import annotations

import ast

from pullback.syntax import names_in, substitute, walk


def simplify(code: list[ast.stmt], temporary: frozenset[str], changing: bool = False) -> list[ast.stmt]:
    """Substitute single-use temporaries forward within each block; `temporary` names are assigned once.

    In code that is `changing` values in place, what is computed does not move past a call or a store.
    """
    reads = _reads(code)
    return _block(code, temporary, reads, changing)


def _reads(code: list[ast.stmt]) -> dict[str, int]:
    reads: dict[str, int] = {}
    for stmt in code:
        for node in walk(stmt):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                reads[node.id] = reads.get(node.id, 0) + 1
    return reads


def _block(
    code: list[ast.stmt], temporary: frozenset[str], reads: dict[str, int], changing: bool
) -> list[ast.stmt]:
    for stmt in code:
        for field in ("body", "orelse"):
            inner = getattr(stmt, field, None)
            if isinstance(inner, list) and inner:
                setattr(stmt, field, _block(inner, temporary, reads, changing))
    code[:] = [stmt for stmt in map(_with_body, code) if stmt is not None]
    index = 0
    while index < len(code):
        stmt = code[index]
        identifier = _assigned_name(stmt)
        if identifier is not None and identifier in temporary:
            assert isinstance(stmt, ast.Assign)
            if reads.get(identifier, 0) == 0 and _pure(stmt.value):
                del code[index]
                index = max(0, index - 1)
                continue
            if _forward(code, index, identifier, stmt.value, reads, changing):
                del code[index]
                continue
        index += 1
    return code


def _with_body(stmt: ast.stmt) -> ast.stmt | None:
    """A compound statement whose body went away keeps a `pass`, or goes too where its test does nothing."""
    if isinstance(stmt, (ast.If, ast.For, ast.While)) and not stmt.body:
        if isinstance(stmt, ast.If) and not stmt.orelse and _pure(stmt.test):
            return None
        stmt.body = [ast.copy_location(ast.Pass(), stmt)]
    return stmt


def _assigned_name(stmt: ast.stmt) -> str | None:
    if isinstance(stmt, ast.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0], ast.Name):
        return stmt.targets[0].id
    return None


def _pure(value: ast.expr) -> bool:
    """Whether an expression may move past other pure ones: it does nothing but compute."""
    return not any(isinstance(n, (ast.Call, ast.NamedExpr, ast.Subscript)) for n in walk(value))


def _forward(
    code: list[ast.stmt], index: int, identifier: str, value: ast.expr, reads: dict[str, int], changing: bool
) -> bool:
    """Replace the reads of a temporary by its value, if all of them come before anything that value reads changes."""
    simple = isinstance(value, (ast.Name, ast.Constant))
    count = reads.get(identifier, 0)
    if not simple and count != 1:
        return False
    depends = names_in(value)
    pure = _pure(value) and (simple or not changing)
    seen = 0
    users: list[ast.stmt] = []
    for stmt in code[index + 1 :]:
        here = sum(isinstance(n, ast.Name) and n.id == identifier and isinstance(n.ctx, ast.Load) for n in walk(stmt))
        compound = isinstance(stmt, (ast.If, ast.For, ast.While, ast.Try, ast.With))
        if here:
            if compound and not (isinstance(stmt, ast.If) and simple and not _writes(stmt) & depends):
                return False
            if not simple and _is_ordered(value) and _after_ordered(stmt, identifier):
                return False
            users.append(stmt)
            seen += here
            if seen == count:
                break
        elif not pure and not _is_plain(stmt):
            return False  # a call must not move past another one
        if _writes(stmt) & depends or _changes(stmt) & depends:
            return False
    if seen != count or not users:
        return False
    for user in users:
        _replace(user, identifier, value)
    if simple and isinstance(value, ast.Name):
        reads[value.id] = reads.get(value.id, 0) + count - 1
    reads[identifier] = 0
    return True


def _is_ordered(node: ast.AST) -> bool:
    """Whether an expression calls a method, as of a table of shadows, which may change what another one finds."""
    return any(isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) for n in walk(node))


def _after_ordered(stmt: ast.stmt, identifier: str) -> bool:
    """Whether a statement calls a method before it reads a name."""
    called = False

    def goes_on(node: ast.AST) -> bool:  # in the order of evaluation, up to the name
        nonlocal called
        if isinstance(node, ast.Name) and node.id == identifier and isinstance(node.ctx, ast.Load):
            return False
        if not all(map(goes_on, ast.iter_child_nodes(node))):
            return False
        called |= isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        return True

    goes_on(stmt)
    return called


def _is_plain(stmt: ast.stmt) -> bool:
    stores = isinstance(stmt, ast.Assign) and any(isinstance(t, (ast.Subscript, ast.Attribute)) for t in stmt.targets)
    return isinstance(stmt, ast.Assign) and not stores and _pure(stmt.value)


def _writes(stmt: ast.stmt) -> set[str]:
    return {n.id for n in walk(stmt) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _changes(stmt: ast.stmt) -> set[str]:
    """Names whose value a statement changes in place: the first argument of a call made for its effect."""
    found: set[str] = set()
    for node in walk(stmt):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found |= names_in(node.value)
    return found


def _replace(stmt: ast.stmt, identifier: str, value: ast.expr) -> None:
    """Put `value` for a name, in place, keeping the statement's own position, if it has one."""
    holes = {identifier: value}

    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:  # ast's own naming
            if node.id == identifier and isinstance(node.ctx, ast.Load):
                put: ast.expr = substitute(node, holes)
                return put if getattr(node, "end_lineno", None) is None else ast.copy_location(put, node)
            return node

    Put().visit(stmt)


def fold_ones(code: list[ast.stmt], ones: frozenset[str], floats: frozenset[str]) -> None:
    """`1.0 * v` and `v * 1.0` are v, exactly, where v is known to be a float (an int would stay an int)."""

    def is_float(node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return type(node.value) is float
        return isinstance(node, ast.Call) or (isinstance(node, ast.Name) and node.id in floats)

    class Fold(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            self.generic_visit(node)
            if isinstance(node.op, ast.Mult):
                if _is_one(node.left, ones) and is_float(node.right):
                    return node.right
                if _is_one(node.right, ones) and is_float(node.left):
                    return node.left
            return node

    for stmt in code:
        Fold().visit(stmt)


def _is_one(node: ast.expr, ones: frozenset[str]) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) is float and node.value == 1.0
    return isinstance(node, ast.Name) and node.id in ones
