"""Modules as their text describes them: functions and classes made from source, none of which ever runs.

    import math                         math itself
    from .tank import Tank              the class that tank.py describes, read and not run
    SCALE = 2.0                         2.0
    table = load("table.csv")           not known
    def f(x): ...                       a function object with this module for its globals

A module of the standard library, NumPy, SciPy or this library is imported where a function of the file names it; no
other module is. What is bound more than once, in a branch, or by a call, is not known, and checks nothing.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import importlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pullback.kinds import UNSET
from pullback.nn import Layer
from pullback.source import trust
from pullback.structs import no_derivative

_IMPORTED = frozenset({"numpy", "scipy", "pullback"})
_WITH_EFFECTS = frozenset({"antigravity", "this", "idlelib", "turtle", "turtledemo", "test", "lib2to3", "__main__"})
_HARMLESS = frozenset({
    "differentiable", "derivative", "cache", "lru_cache", "recomputed", "override", "final", "dataclass",
})  # fmt: skip
_RUN_BY_PYTHON = frozenset({"__init_subclass__", "__new__", "__set_name__", "__del__", "__class_getitem__"})
_BASES: dict[str, type] = {"object": object, "ABC": object, "Layer": Layer}


def package_root(file: Path) -> Path:
    """The folder that a file's package is imported from."""
    folder = file.resolve().parent
    while (folder / "__init__.py").exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def dotted_name(file: Path) -> str:
    """The name under which a file is imported."""
    parts = file.resolve().relative_to(package_root(file)).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


class UnreadableError(Exception):
    """A file that is missing, or is not Python: its path, what is wrong with it, and where if that is known."""

    def __init__(self, path: Path | str, reason: str, line: int | None = None, column: int | None = None) -> None:
        place = f":{line}:{column}" if line and column else f":{line}" if line else ""
        super().__init__(f"{path}{place}: {reason}")
        self.path, self.reason, self.line, self.column = path, reason, line, column


class Project:
    """The modules of the folders that are checked, each read once."""

    def __init__(self, roots: list[Path]) -> None:
        self.roots = roots
        self.modules: dict[Path, StaticModule] = {}

    def module(self, path: Path) -> StaticModule:
        """The module of a file. Raises UnreadableError."""
        path = path.resolve()
        found = self.modules.get(path)
        if found is None:
            found = self.modules[path] = StaticModule(path, self)
            found.read()
        return found

    def find(self, dotted: str, base: Path | None = None) -> StaticModule | None:
        """The module of a dotted name below a folder, or below one of the roots."""
        for root in [base] if base is not None else self.roots:
            place = root.joinpath(*dotted.split(".")) if dotted else root
            for candidate in (place.with_suffix(".py") if dotted else place / "__init__.py", place / "__init__.py"):
                if candidate.is_file():
                    try:
                        return self.module(candidate)
                    except UnreadableError:
                        return None
        return None


class StaticModule:
    """One file: its tree, and what its names stand for."""

    def __init__(self, path: Path, project: Project) -> None:
        self.path = path
        self.project = project
        self.globals: dict[str, Any] = {"__name__": dotted_name(path), "__file__": str(path), "__builtins__": builtins}
        self.functions: dict[int, Any] = {}  # the function object of each definition, by node
        self.classes: dict[int, type | None] = {}
        self.codes: dict[tuple[int, str], list[types.CodeType]] = {}
        self.tree = ast.Module([], [])

    def read(self) -> None:
        """Parse the file and resolve its names."""
        try:
            text = self.path.read_bytes()
            self.tree = ast.parse(text, str(self.path))
            code = compile(text, str(self.path), "exec", dont_inherit=True)
        except OSError as error:
            raise UnreadableError(self.path, error.strerror or str(error)) from None
        except SyntaxError as error:
            raise UnreadableError(self.path, error.msg, error.lineno or 1, error.offset) from None
        except ValueError as error:
            raise UnreadableError(self.path, str(error), 1) from None
        self._collect(code)
        used = {n.id for f in ast.walk(self.tree) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                for n in ast.walk(f) if isinstance(n, ast.Name)}  # fmt: skip
        used |= {n.id for d in self._decorators() for n in ast.walk(d) if isinstance(n, ast.Name)}
        counts: dict[str, int] = {}
        for name in _bound(self.tree.body):
            counts[name] = counts.get(name, 0) + 1
        for name in counts:
            self.globals[name] = UNSET  # (until it is known, and if it never is)
        for stmt in self.tree.body:
            for name, value in self._values(stmt, used):
                if counts.get(name) == 1:
                    self.globals[name] = value

    def _collect(self, code: types.CodeType) -> None:
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType):
                trust(inner)
                self.codes.setdefault((inner.co_firstlineno, inner.co_name), []).append(inner)
                self._collect(inner)

    def _decorators(self) -> Iterator[ast.expr]:
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from node.decorator_list
                yield from node.bases if isinstance(node, ast.ClassDef) else ()

    def _values(self, stmt: ast.stmt, used: set[str]) -> Iterator[tuple[str, Any]]:
        """What a statement at the top of the module binds, as far as it is known."""
        match stmt:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                made = self.function(stmt)
                known = all(_last_name(d) in _HARMLESS for d in stmt.decorator_list)
                yield name, made if known and made is not None else UNSET
            case ast.ClassDef(name=name):
                cls = self.class_of(stmt)
                yield name, UNSET if cls is None else cls
            case ast.Import(names=names):
                for alias in names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    if bound in used:
                        yield bound, self._imported(alias.name, whole=alias.asname is not None)
            case ast.ImportFrom(module=module, names=names, level=level):
                for alias in names:
                    if (alias.asname or alias.name) in used:
                        yield alias.asname or alias.name, self._from(module or "", alias.name, level)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(
                target=ast.Name(id=name), value=ast.expr() as value
            ):
                yield name, self.value(value)

    def value(self, node: ast.expr) -> Any:
        """The value of an expression that computes nothing: a literal, a name, an attribute, a lambda."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.Name(id=name):
                return self.globals.get(name, getattr(builtins, name, UNSET))
            case ast.Attribute(value=inner, attr=name):
                owner = self.value(inner)
                return UNSET if owner is UNSET else getattr(owner, name, UNSET)
            case ast.Lambda():
                made = self.function(node)
                return UNSET if made is None else made
        return UNSET

    def _imported(self, dotted: str, whole: bool) -> Any:
        root = dotted.partition(".")[0]
        allowed = root in _IMPORTED or (root in sys.stdlib_module_names and root not in _WITH_EFFECTS)
        if allowed and (root in _IMPORTED or self.project.find(root) is None):
            try:
                made = importlib.import_module(dotted)
                return made if whole else sys.modules[root]
            except ImportError:
                return UNSET
        local = self.project.find(dotted if whole else root)
        return UNSET if local is None else local.as_module()

    def _from(self, module: str, name: str, level: int) -> Any:
        base = self.path.parents[level - 1] if 0 < level <= len(self.path.parents) else None
        local = self.project.find(module, base) if level else None
        root = module.partition(".")[0]
        if local is None and not level and root not in _IMPORTED and self.project.find(root) is not None:
            local = self.project.find(module)
        if local is not None:
            found = local.globals.get(name, UNSET)
            if found is UNSET and local.path.name == "__init__.py":
                inner = self.project.find(name, local.path.parent)
                return UNSET if inner is None else inner.as_module()
            return found
        if level:
            return UNSET
        whole = self._imported(module, whole=True)
        if whole is UNSET:
            return UNSET
        if hasattr(whole, name):
            return getattr(whole, name)
        return self._imported(f"{module}.{name}", whole=True)

    def as_module(self) -> types.ModuleType:
        """A module object that has this one's names."""
        made = types.ModuleType(str(self.globals["__name__"]))
        made.__dict__.update(self.globals)
        return made

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> types.FunctionType | None:
        """The function object of a definition; None where there are several on one line."""
        if id(node) in self.functions:
            return self.functions[id(node)]  # type: ignore[no-any-return]
        name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        first = min([d.lineno for d in getattr(node, "decorator_list", [])] + [node.lineno])
        codes = self.codes.get((first, name), [])
        made = None
        if len(codes) == 1:
            (code,) = codes
            cells = tuple(types.CellType() for _ in code.co_freevars)
            defaults = tuple(self.value(d) for d in node.args.defaults)
            made = types.FunctionType(code, self.globals, name, defaults or None, cells)
            made.__qualname__ = code.co_qualname
            keyword = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            made.__kwdefaults__ = {a.arg: self.value(d) for a, d in keyword if d is not None} or None
        self.functions[id(node)] = made
        return made

    def class_of(self, node: ast.ClassDef) -> type | None:
        """The class that a definition describes, as far as checks need it; None where its bases are not known."""
        if id(node) in self.classes:
            return self.classes[id(node)]
        self.classes[id(node)] = None
        bases = [self._base(b) for b in node.bases]
        decorators = {_last_name(d) for d in node.decorator_list}
        if node.keywords or any(b is None for b in bases) or decorators - {"dataclass", "differentiable"}:
            return None
        scope: dict[str, Any] = {"__module__": "builtins", "__qualname__": node.name}  # (no module has this name)
        scope["__annotations__"] = {}
        for stmt in node.body:
            match stmt:
                case ast.FunctionDef(name=name) if name not in _RUN_BY_PYTHON:
                    made = self._member(stmt)
                    if made is not None:
                        scope[name] = made
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                    scope["__annotations__"][name] = ast.unparse(annotation)
                    if value is not None:
                        scope[name] = self._default(value)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    scope[name] = self.value(value)
        try:
            cls = type(node.name, tuple(b for b in bases if b is not None), scope)
            made_class: type = dataclasses.dataclass(cls) if "dataclass" in decorators else cls
        except (TypeError, ValueError, AttributeError):
            return None
        made_class.__static_source__ = (node, str(self.path))  # type: ignore[attr-defined]
        made_class.__static_scope__ = self.globals  # type: ignore[attr-defined]
        self.classes[id(node)] = made_class
        return made_class

    def _base(self, node: ast.expr) -> type | None:
        found = self.value(node)
        if isinstance(found, type):
            usable = hasattr(found, "__static_source__") or found is object or issubclass(found, Layer)
            return found if usable else None
        return _BASES.get(_last_name(node)) if found is UNSET or _last_name(node) == "ABC" else None

    def _member(self, node: ast.FunctionDef) -> Any:
        made: Any = self.function(node)
        for decorator in reversed(node.decorator_list):
            wrap = {"property": property, "staticmethod": staticmethod, "classmethod": classmethod}.get(
                _last_name(decorator)
            )
            if made is None or (wrap is None and _last_name(decorator) not in _HARMLESS):
                return None
            made = wrap(made) if wrap is not None else made
        return made

    def _default(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Call) and _last_name(node) == "no_derivative":
            return no_derivative(*[self.value(a) for a in node.args])
        found = self.value(node)
        return found if found is not UNSET and not isinstance(found, types.FunctionType) else dataclasses.field(
            default_factory=dict
        )


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    """Every name that the statements of a module bind, once for each place; those in branches count as two."""
    pending: list[tuple[ast.AST, bool]] = [(s, False) for s in body]
    while pending:
        node, inside = pending.pop()
        names: list[str] = []
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names = [name]
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names = [a.asname or a.name.partition(".")[0] for a in aliases]
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names = [name]
            case ast.Global(names=listed):
                names = [*listed, *listed]
        yield from names
        if inside:
            yield from names
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        branch = inside or isinstance(node, (ast.If, ast.Try, ast.For, ast.While, ast.With, ast.Match))
        pending.extend((c, branch) for c in ast.iter_child_nodes(node))


def _last_name(node: ast.expr) -> str:
    """The last name of a decorator: `differentiable` of `@pb.differentiable(wrt="x")`."""
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


last_name = _last_name
