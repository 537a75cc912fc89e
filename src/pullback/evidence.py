"""What a function's text tells of its parameters, before it is called: annotations, defaults, and how they are used.

    def f(x: float, a, n, mode="fast"):     x: numbers, a: presumed to be differentiable,
        for i in range(n): ...              n, mode: not sure

An annotation is a hint about what will be passed. It decides what is reported when a function is defined, and
nothing else: what a derivative computes depends on values alone.
"""

from __future__ import annotations

import ast
import inspect
import types
from typing import Any

import numpy as np

from pullback.kinds import ARRAY_KIND, BOOL_KIND, FLOAT_KIND, INT_KIND, STR_KIND, STRUCT, Kind
from pullback.names import Names
from pullback.rules import lookup
from pullback.source import FunctionNode
from pullback.structs import constant_fields, is_struct_class

# How sure it is that a varied value has a tangent. A join takes the larger one.
NEUTRAL = 0  # it does not vary, or the question does not arise
NUMBERS = 1  # floats, or arrays or containers of nothing but floats
WHOLE = 2  # it has a tangent, but a part of it may have none
UNSURE = 3  # it may be a string, an int, an object

_CONSTANT_NAMES = frozenset({"int", "bool", "str", "bytes", "None", "range", "slice"})
_NUMBER_NAMES = frozenset({
    "float", "complex", "ndarray", "NDArray", "ArrayLike", "floating", "float64", "float32", "float16", "longdouble",
    "complex128", "complex64", "inexact",
})  # fmt: skip
_CONTAINER_NAMES = frozenset({
    "list", "tuple", "List", "Tuple", "Sequence", "Iterable", "dict", "Dict", "Mapping",
    "MutableSequence", "Collection",
})  # fmt: skip
_WRAPPERS = frozenset({"Annotated", "Final", "Required", "ClassVar"})
_TYPE_TESTS = frozenset({"isinstance", "issubclass", "type", "callable", "hasattr", "getattr"})
_ARRAY_ATTRIBUTES = frozenset(dir(np.ndarray))
_CONSTANT_CLASSES = (bool, int, str, bytes, type(None), types.ModuleType)


def has_no_tangent(annotation: ast.expr | None) -> bool:
    """Whether an annotation names only types without a tangent space: `int`, `str`, `bool | None`."""
    annotation = _parsed(annotation)
    match annotation:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _CONSTANT_NAMES or (name.startswith(("int", "uint")) and name.strip("uint").isdigit())
        case ast.Constant(value=None):
            return True
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return has_no_tangent(left) and has_no_tangent(right)
        case ast.Subscript(value=ast.Name(id="Literal") | ast.Attribute(attr="Literal")):
            return True
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            items = [i for i in items if not (isinstance(i, ast.Constant) and i.value is ...)]
            if name in ("Optional", "Union") or name in _CONTAINER_NAMES:
                return bool(items) and all(has_no_tangent(i) for i in items)
    return False


def described_by(annotation: ast.expr | None, names: Names) -> int | None:
    """How sure an annotation is of a tangent; None where it tells nothing."""
    annotation = _parsed(annotation)
    match annotation:
        case None:
            return None
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name in _NUMBER_NAMES:
                return NUMBERS
            if isinstance(annotation, ast.Name) and is_struct_class_named(name, names):
                return WHOLE
            return UNSURE
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            parts = [described_by(p, names) for p in (left, right)]
            return max(UNSURE if p is None else p for p in parts)
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            if name in _NUMBER_NAMES:
                return NUMBERS
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name in _WRAPPERS:
                return described_by(items[0], names)
            if name in ("dict", "Dict", "Mapping"):
                items = items[1:]
            items = [i for i in items if not (isinstance(i, ast.Constant) and i.value is ...)]
            if name in (*_CONTAINER_NAMES, "Union") and items:
                found = [described_by(i, names) for i in items if name == "Union" or not has_no_tangent(i)]
                return max((UNSURE if p is None else p for p in found), default=UNSURE)
    return UNSURE


_KINDS = {
    "float": FLOAT_KIND, "ndarray": ARRAY_KIND, "int": INT_KIND, "bool": BOOL_KIND, "str": STR_KIND,
}  # fmt: skip


def kinds_hinted(node: FunctionNode, classes: dict[str, type]) -> dict[str, Kind]:
    """The kinds that annotations promise, and the classes that are known of some parameters."""
    found = {p: Kind(STRUCT, cls) for p, cls in classes.items()}
    for argument in every_parameter(node):
        match _parsed(argument.annotation):
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in _KINDS:
                found.setdefault(argument.arg, _KINDS[name])
    return found


def is_struct_class_named(name: str, names: Names) -> bool:
    """Whether a name is that of a class whose objects have a tangent."""
    cls = class_named(name, names)
    return cls is not None and (is_struct_class(cls) or hasattr(cls, "zero_tangent"))


def class_named(name: str, names: Names) -> type | None:
    """The class that a name stands for, where it is known."""
    found = names.globals.get(name)
    return found if isinstance(found, type) else None


def field_described(cls: type, field: str, names: Names) -> int:
    """How sure it is that a field of a class has a tangent, from its annotation."""
    if field in constant_fields(cls):
        return NEUTRAL
    for base in cls.__mro__:
        annotation = inspect.get_annotations(base).get(field)
        if annotation is None:
            continue
        if isinstance(annotation, type):
            annotation = annotation.__name__
        node = _parsed(ast.Constant(annotation if isinstance(annotation, str) else repr(annotation)))
        found = UNSURE if has_no_tangent(node) else described_by(node, names)
        return UNSURE if found is None else found
    return UNSURE


def parameter_nodes(node: FunctionNode) -> list[ast.arg]:
    """The parameters that a positional argument may bind."""
    arguments = node.args
    return [*arguments.posonlyargs, *arguments.args, *([arguments.vararg] if arguments.vararg else [])]


def every_parameter(node: FunctionNode) -> list[ast.arg]:
    """All parameters of a function."""
    arguments = node.args
    return [*parameter_nodes(node), *arguments.kwonlyargs, *([arguments.kwarg] if arguments.kwarg else [])]


def parameters_described(
    function: types.FunctionType, node: FunctionNode, names: Names, bound: bool = False
) -> dict[str, int]:
    """How sure it is that each parameter has a tangent.

    One without an annotation is presumed to have one where it is the only one, or is calculated with. The first
    parameter of a method, or of a function that is `bound`, is not counted.
    """
    found = {a.arg: described_by(a.annotation, names) for a in every_parameter(node)}
    doubtful = _used_otherwise(node) | _with_constant_default(function)
    first = [a.arg for a in parameter_nodes(node)][:1] if bound or is_method(function, node) else []
    open_ = [a.arg for a in parameter_nodes(node) if a.arg not in first and not has_no_tangent(a.annotation)]
    doubtful |= set(first)
    if len(open_) > 1:  # (what is differentiated is one of them at least)
        doubtful |= set(open_) - _calculated_with(node)
    return {p: (UNSURE if p in doubtful else WHOLE) if flag is None else flag for p, flag in found.items()}


def is_method(function: types.FunctionType, node: FunctionNode) -> bool:
    """Whether a function was written in the body of a class, and takes the object first."""
    owner = function.__qualname__.rpartition(".")[0]
    first = [*node.args.posonlyargs, *node.args.args][:1]
    return bool(owner) and not owner.endswith("<locals>") and bool(first) and first[0].arg in ("self", "cls")


def _with_constant_default(function: types.FunctionType) -> set[str]:
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    given: dict[str, Any] = dict(zip(reversed(positional), reversed(function.__defaults__ or ()), strict=False))
    given |= function.__kwdefaults__ or {}
    return {p for p, v in given.items() if isinstance(v, _CONSTANT_CLASSES) or callable(v) or lookup(v) is not None}


def _used_otherwise(node: FunctionNode) -> set[str]:
    """Names that are used as a number of floats is not: in a `range`, as an index, called, asked for their type."""
    found: set[str] = set()
    for child in ast.walk(node):
        match child:
            case ast.Call(func=ast.Name(id="range"), args=arguments):
                for argument in arguments:
                    found |= _direct(argument)
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _TYPE_TESTS and arguments:
                found |= _direct(arguments[0])
            case ast.Call(func=ast.Name(id=name)):
                found.add(name)
            case ast.Subscript(slice=index):
                found |= _direct(index)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if attribute not in _ARRAY_ATTRIBUTES:
                found.add(name)
            case ast.Compare(left=left, ops=ops, comparators=others):
                for op, a, b in zip(ops, [left, *others], others, strict=False):
                    texts = any(isinstance(s, ast.Constant) and not isinstance(s.value, (int, float)) for s in (a, b))
                    if isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) or texts:
                        found |= _direct(a) | _direct(b)
            case ast.Match(subject=subject):
                found |= _direct(subject)
    return found


def _calculated_with(node: FunctionNode) -> set[str]:
    """Names that are operands of arithmetic as numbers are, and lists and strings are not."""
    found: set[str] = set()
    for child in ast.walk(node):
        match child:
            case ast.BinOp(left=left, op=ast.Add() | ast.Mult() | ast.Mod() as op, right=right):
                for one, other in ((left, right), (right, left)):
                    literal = isinstance(other, ast.Constant) and isinstance(other.value, (int, float))
                    product = isinstance(op, ast.Mult) and not isinstance(other, (ast.List, ast.Tuple, ast.Constant))
                    if isinstance(one, ast.Name) and (product or (literal and not isinstance(op, ast.Mod))):
                        found.add(one.id)
            case ast.BinOp(left=left, right=right):
                found |= {n.id for n in (left, right) if isinstance(n, ast.Name)}
            case ast.UnaryOp(op=ast.USub(), operand=ast.Name(id=name)):
                found.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="math" | "cmath")), args=arguments):
                found |= {n.id for n in arguments if isinstance(n, ast.Name)}
    return found


def _direct(node: ast.expr) -> set[str]:
    """The names in an expression that no call stands between."""
    pending, found = [node], set()
    while pending:
        child = pending.pop()
        if isinstance(child, ast.Name):
            found.add(child.id)
        elif not isinstance(child, (ast.Call, ast.Subscript, ast.Attribute)):
            pending.extend(c for c in ast.iter_child_nodes(child) if isinstance(c, ast.expr))
    return found


def _parsed(annotation: ast.expr | None) -> ast.expr | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return ast.Constant(...)
    return annotation
