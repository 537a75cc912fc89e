"""What an expression that is kept as written may run: methods that Python calls by itself.

    if v in region and not self.done:       region.__contains__(v), the getter of a property `done`, __bool__

A condition has no derivative, but a class's own method that runs inside one may change an object. Here the
operations are found whose operands may have such a class, with the kinds of these; `asked` writes them as calls
that look at the class at run time.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import types
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback import ir
from pullback.kinds import (
    ARRAY,
    BOOL_KIND,
    DICT,
    LIST,
    NONE,
    NUMERIC_MASK,
    STR,
    STRUCT,
    TUPLE,
    UNKNOWN,
    UNSET,
    Kind,
    arithmetic,
    held,
    kind_of,
)
from pullback.lower_conditions import RICH
from pullback.lower_expressions import BINARY, UNARY
from pullback.operations import METHODS
from pullback.rules import lookup

_PLAIN = NUMERIC_MASK | NONE | STR | LIST | TUPLE | DICT  # what they run is Python's or NumPy's own
Field = Callable[[Kind, str], Kind | None]  # the kind of a field, as far as it is known
Changes = Callable[[types.FunctionType, Kind], int]  # whether a method of a class changes something
TRUTH, DRAWN = ("__bool__", "__len__"), ("__iter__", "__getitem__")
KEY = ("__hash__", "__eq__", "__index__", "__lt__", "__gt__")
ATTRIBUTE = ("__getattr__", "__getattribute__")
_NUMBERS = frozenset({float, int, complex, bool, np.float64, np.ndarray})
_SHOWN = ("__str__", "__repr__")
_OF_CLASSES = ("__instancecheck__", "__subclasscheck__")
_HOLDING = LIST | TUPLE | DICT
_ANSWERS = frozenset([*(f"<{n}>" for pair in RICH.values() for n in pair), "<truth>", "<within>"])
_BUILT_IN = ("builtins", "operator", "_operator", "_heapq", "heapq", "_bisect", "bisect")
# modules of Python whose objects are constants: their methods change nothing that is differentiated
_QUIET_MODULES = frozenset({"abc", "enum", "fractions", "ipaddress", "pathlib", "uuid"})
# methods that Python runs without being told to by a call of them
IMPLICIT = frozenset(
    [f"__{n}__" for pair in RICH.values() for n in pair] + [f"__{r}{m}__" for m in METHODS.values() for r in ("", "r")]
    + [f"__{m}__" for m in (
        "bool", "len", "contains", "iter", "getitem", "hash", "str", "repr", "format", "abs", "float", "int", "index",
        "complex", "round", "trunc", "floor", "ceil", "neg", "pos", "invert", "divmod", "rdivmod", "reversed",
        "length_hint", "getattr", "getattribute", "missing", "array", "bytes", "dir", "sizeof", "instancecheck",
        "subclasscheck", "fspath", "copy", "deepcopy", "reduce", "reduce_ex", "getstate", "setstate",
    )]
)  # fmt: skip


# functions that ask an operand's class for one of these methods; and each as a Python function that says how, put
# here by `asking`
ASKING: dict[Any, tuple[str, ...]] = {}
SPELLED: dict[Any, Any] = {}


def spelled_for(function: Any, operands: Collection[Any]) -> Any:
    """The Python function that spells out what a built-in one does with objects whose class has a method for it."""
    try:
        methods = ASKING.get(function)
    except TypeError:  # not hashable
        return None
    if methods is None:
        return None
    classes = set(map(type, operands)).difference(_NUMBERS)
    if methods and not any(own_methods(c, methods) for c in classes):
        return None
    spelled = SPELLED[function]
    return spelled.for_operands(operands) if hasattr(spelled, "for_operands") else spelled


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation inside an expression: what it is, and the operands that may be of a class of their own."""

    node: ast.expr
    truth: bool  # whether what is asked for is the truth of `node`
    methods: tuple[str, ...]
    operands: tuple[Kind, ...]
    spelled: bool = True  # whether lowering has a way to spell it out
    drawn: bool = False  # whether what is asked for is the items of `node`


def operations(
    node: ast.expr, kind_of_name: Callable[[str], Kind], field: Field, *, truth: bool = True
) -> tuple[Operation, ...]:
    """The operations of an expression that may run methods of classes, in no order."""
    found = _Reader(kind_of_name, field)
    kind = found.kind(node)
    if truth:
        found.truth(node, kind)
    return tuple(found.operations)


class _Reader:
    def __init__(self, kind_of_name: Callable[[str], Kind], field: Field) -> None:
        self.kind_of_name = kind_of_name
        self.field = field
        self.bound: set[str] = set()
        self.operations: list[Operation] = []

    def note(self, node: ast.expr, methods: tuple[str, ...], *operands: Kind, **how: bool) -> None:
        able = tuple(k for k in operands if not is_plain(k))
        if able:
            self.operations.append(Operation(node, how.pop("truth", False), methods, able, **how))

    def truth(self, node: ast.expr, kind: Kind) -> None:
        """`node` is asked for its truth."""
        if isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            return  # (its parts are)
        if not isinstance(node, (ast.Compare, ast.Constant, ast.Yield)):
            self.note(node, TRUTH, kind, truth=True)

    def kind(self, node: ast.expr) -> Kind:
        """The kind of a sub-expression; what it may run is noted."""
        match node:
            case ast.Constant():
                return kind_of(node.value)
            case ast.Name():
                return UNKNOWN if node.id in self.bound else self.kind_of_name(node.id)
            case ast.BoolOp():
                kinds = [self.kind(v) for v in node.values]
                for value, kind in zip(node.values, kinds, strict=True):
                    self.truth(value, kind)
                return BOOL_KIND if all(is_plain(k) for k in kinds) else UNKNOWN
            case ast.UnaryOp(op=ast.Not()):
                self.truth(node.operand, self.kind(node.operand))
                return BOOL_KIND
            case ast.UnaryOp():
                kind = self.kind(node.operand)
                self.note(node, (f"__{UNARY[type(node.op)]}__",), kind)
                return kind if kind.numeric else UNKNOWN
            case ast.BinOp():
                left, right = self.kind(node.left), self.kind(node.right)
                op = BINARY[type(node.op)]
                names = (f"__{METHODS[op]}__", f"__r{METHODS[op]}__", *(("__index__",) if op == "*" else ()))
                shown = op == "%" and left.mask & STR
                self.note(node, (*names, *_SHOWN) if shown else names, left, _with_items(right) if shown else right)
                return arithmetic(op, left, right)
            case ast.Compare():
                return self.compared(node)
            case ast.Attribute():
                return self.attribute(node)
            case ast.Subscript():
                obj = self.kind(node.value)
                index = UNKNOWN if isinstance(node.slice, ast.Slice) else self.kind(node.slice)
                if isinstance(node.slice, ast.Slice):
                    for bound in (node.slice.lower, node.slice.upper, node.slice.step):
                        if bound is not None:
                            self.kind(bound)
                self.note(node, ("__getitem__", "__missing__"), obj)
                if obj.mask == ARRAY:
                    return Kind(NUMERIC_MASK)
                if obj.mask & ~(LIST | TUPLE) or not index.numeric:
                    return UNKNOWN
                return obj.each() or UNKNOWN
            case ast.Call():
                return self.called(node)
            case ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                return self.comprehended(node)
            case ast.IfExp():
                self.truth(node.test, self.kind(node.test))
                body, orelse = self.kind(node.body), self.kind(node.orelse)
                return body if is_plain(body) and is_plain(orelse) else UNKNOWN
            case ast.JoinedStr():
                for value in node.values:
                    self.kind(value)
                return kind_of("")
            case ast.FormattedValue():
                name = {115: "__str__", 114: "__repr__", 97: "__repr__"}.get(node.conversion, "__format__")
                self.note(node, (name, *_SHOWN), _with_items(self.kind(node.value)))
                return kind_of("")
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.expr):
                self.kind(inner)
        return Kind(LIST) if isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Dict)) else UNKNOWN

    def compared(self, node: ast.Compare) -> Kind:
        kinds = [self.kind(n) for n in (node.left, *node.comparators)]
        for op, left, right in zip(node.ops, kinds, kinds[1:], strict=False):
            if isinstance(op, (ast.In, ast.NotIn)):
                self.note(node, ("__contains__", *DRAWN, "__eq__"), _with_items(right), left)
            elif not isinstance(op, (ast.Is, ast.IsNot)):
                self.note(node, _asked_by(op), _with_items(left), _with_items(right))
        return BOOL_KIND

    def comprehended(self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp) -> Kind:
        outer = self.bound
        for part in node.generators:
            self.note(part.iter, DRAWN, self.kind(part.iter), spelled=False, drawn=True)
            self.bound = self.bound | {n.id for n in ast.walk(part.target) if isinstance(n, ast.Name)}
            for test in part.ifs:
                self.truth(test, self.kind(test))
        for item in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.kind(item)
        self.bound = outer
        return Kind(LIST) if isinstance(node, ast.ListComp) else UNKNOWN

    def attribute(self, node: ast.Attribute) -> Kind:
        owner = self.kind(node.value)
        if isinstance(owner.value, (types.ModuleType, type)):
            value = getattr(owner.value, node.attr, UNSET)
            return UNKNOWN if value is UNSET else Kind(kind_of(value).mask, kind_of(value).cls, value)
        known = self.field(owner, node.attr)
        if known is not None:
            return known
        self.note(node, (node.attr, *ATTRIBUTE), owner)
        return Kind(NUMERIC_MASK | TUPLE) if owner.mask == ARRAY else UNKNOWN

    def called(self, node: ast.Call) -> Kind:
        given = [*node.args, *(k.value for k in node.keywords)]
        kinds = [self.kind(a) for a in given]
        if isinstance(node.func, ast.Attribute):
            owner = self.kind(node.func.value)
            if isinstance(owner.value, (types.ModuleType, type)):
                self.note(node, tuple(IMPLICIT), *kinds)
            elif owner.mask & ~_HOLDING:
                self.note(node, (node.func.attr, *ATTRIBUTE), owner)
            elif not holds_plain(owner):
                self.note(node, tuple(IMPLICIT), UNKNOWN)  # such as `index`
            return Kind(NUMERIC_MASK) if owner.mask == ARRAY else UNKNOWN
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        function = getattr(builtins, name, None)
        if function in (isinstance, issubclass):
            self.note(node, _OF_CLASSES, *(_with_items(k) for k in kinds[1:] if not _is_class(k)), spelled=False)
            return BOOL_KIND
        if function in (type, id, callable):
            return BOOL_KIND if function is not type else UNKNOWN
        if function is hasattr:  # (which may run the getter of any property)
            kinds = [k if is_plain(k) else UNKNOWN for k in kinds]
        elif function is not len:
            kinds = [_with_items(k) for k in kinds]
        self.note(node, tuple(IMPLICIT), *kinds)
        if function is len:
            return kind_of(0)
        plain = all(k.numeric for k in kinds)
        return Kind(NUMERIC_MASK) if function in (abs, float, int, round, min, max, bool, sum) and plain else UNKNOWN


def is_plain(kind: Kind) -> bool:
    """Whether operators on values of this kind run no method of a class that a program defines."""
    return not kind.mask & ~_PLAIN or kind.cls in (range, slice) or isinstance(kind.value, types.ModuleType)


def holds_plain(kind: Kind) -> bool:
    """Whether what a container holds is known to be plain."""
    if kind.sample is not UNSET:
        return kind.sample.__class__ in (list, tuple) and bool(held(kind.sample))
    return kind.parts is not None and all(is_plain(k) and not k.mask & _HOLDING for _, k in kind.parts)


def _with_items(kind: Kind) -> Kind:
    """The kind of an operand whose items are looked at too."""
    return UNKNOWN if kind.mask & _HOLDING and not holds_plain(kind) else kind


def own_methods(cls: type, names: tuple[str, ...]) -> list[types.FunctionType]:
    """The functions, written in Python, that a class has under these names: methods and getters of properties."""
    found = []
    for name in names:
        static = inspect.getattr_static(cls, name, None)
        if isinstance(static, property):
            static = static.fget
        if isinstance(static, functools.cached_property):
            continue  # what it keeps is checked where it is read
        if isinstance(static, types.FunctionType) and static.__module__ in _QUIET_MODULES:
            continue
        if isinstance(static, types.FunctionType) and static.__code__.co_filename != "<string>":
            found.append(static)
    return found


def within(item: Any, container: Any) -> bool:
    """`item in container`."""
    return item in container


def chained(operation: Operation) -> bool:
    """Whether an operation is a chain of comparisons that cannot be written as calls."""
    node = operation.node
    if operation.truth or not isinstance(node, ast.Compare) or len(node.ops) == 1:
        return False
    return not all(isinstance(n, (ast.Name, ast.Constant)) for n in node.comparators[:-1])


Place = tuple[int, int, int, int]
_PLACELESS = (type, id, callable, super)


def settle_conditions(
    function: ir.FunctionIR, field: Field, changes: Changes, apart: frozenset[Place], *, gated: bool = True
) -> frozenset[Place]:
    """The places where a known class's method may change something, to be taken apart in lowering as `apart` were.

    The operations left in the facts (`inside`) are those whose classes are looked at when they run.
    """
    called = {n for s in ir.walk(function.body) if _is_answer(s) for n in ir.assigned(s)}
    stored = {s.key for s in ir.walk(function.body) if isinstance(s, ir.Store) and s.attribute}
    places: set[Place] = set()

    answers = dict.fromkeys(called, BOOL_KIND)

    def guessed(owner: Kind, name: str) -> Kind | None:
        return None if name in stored else field(owner, name)

    for stmt in ir.walk(function.body):
        facts = getattr(stmt, "facts", None)
        if facts is None or not (facts.asks or not gated):
            continue
        if isinstance(stmt, ir.If) and isinstance(stmt.test, ir.Var) and stmt.test.name in called:
            continue
        facts.inside = ()
        left = []
        for operation in _operations_of(stmt, guessed, answers):
            levels = [_level(k, operation.methods, changes) for k in operation.operands]
            place = _place(operation.node, stmt)
            if (any(levels) or (None in levels and chained(operation))) and place not in apart and operation.spelled:
                places.add(place)
            elif None in levels or any(levels):
                left.append(operation)
        facts.inside = tuple(left)
    return frozenset(places)


def _is_answer(stmt: ir.Stmt) -> bool:
    """Whether a statement binds what an operation that is spelled out answers."""
    call = stmt.expr if isinstance(stmt, ir.Bind) else None
    return isinstance(call, ir.Apply) and isinstance(call.callee, ir.Var) and call.callee.name in _ANSWERS


def _place(node: ast.expr, stmt: ir.Stmt) -> Place:
    if hasattr(node, "lineno"):
        return (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
    return (stmt.span.line, stmt.span.column, stmt.span.end_line, stmt.span.end_column)


def _level(kind: Kind, methods: tuple[str, ...], changes: Changes) -> int | None:
    """Whether a method of a known class changes something; None where the class is not known."""
    if kind.mask != STRUCT or kind.cls is None:
        return None
    return max((changes(f, kind) for f in own_methods(kind.cls, methods)), default=0)


def _operations_of(stmt: ir.Stmt, field: Field, answers: dict[str, Kind]) -> tuple[Operation, ...]:
    facts = getattr(stmt, "facts", ir.Facts())
    match stmt:
        case ir.Bind(expr=ir.Inert(node=node, reads=reads)) | ir.While(test=ir.Inert(node=node, reads=reads)):
            return _inside(node, reads, facts, field, answers)
        case ir.Raise(node=ast.Assert(test=node), reads=reads):
            return _inside(node, reads, facts, field, answers)
        case ir.If(test=ir.Var()):
            return _one(facts.kinds, TRUTH)
        case ir.Bind(expr=ir.Compare(ops=ops)):
            return _one(tuple(map(_with_items, facts.kinds)), tuple(n for op in ops for n in _asked_by(op)))
        case ir.Opaque(node=ast.Match(subject=ast.Name(id=subject)), reads=reads) if facts.kinds:
            kind = _with_items(dict(zip(sorted(reads), facts.kinds, strict=True))[subject])
            return _one((kind if is_plain(kind) else UNKNOWN,), (), spelled=False)
        case ir.Store(attribute=False):
            return _one(facts.kinds[2:], KEY, spelled=False)
        case ir.Bind(expr=ir.Build(kind="dict" | "set" | "slice" as kind)):
            return _one(facts.kinds[:: 2 if kind == "dict" else 1], KEY, spelled=False)
        case ir.Bind(expr=ir.Operation(op=op, args=args)):
            names = (f"__{METHODS[op]}__", f"__r{METHODS[op]}__") if len(args) == 2 else (f"__{op}__",)
            shows = _SHOWN if op == "%" and facts.kinds[0].mask & STR else ()
            times = ("__index__",) if op == "*" else ()  # of a list or text
            kinds = tuple(map(_with_items, facts.kinds)) if shows else facts.kinds
            return _one(kinds, (*names, *shows, *times), spelled=False)
        case ir.Bind(expr=ir.Attr(name=name)):
            return _one(facts.kinds, (name, *ATTRIBUTE), spelled=False)
        case ir.Bind(expr=ir.Item()):
            index = facts.kinds[1:] if any(facts.active[1:]) else ()
            return _one((*facts.kinds[:1], *index), ("__getitem__", "__missing__", *KEY), spelled=False)
        case ir.Bind(expr=ir.Apply(callee=ir.Var(name="<iterated>"))):
            return _one(facts.kinds[1:], DRAWN, spelled=False)
        case ir.Bind(expr=ir.Apply(method=str(), stars=stars)) if not stars and not facts.known:
            owner, *others = facts.kinds
            if owner.mask and not owner.mask & ~(_HOLDING | STR):
                return _one((_with_items(owner), *others), tuple(IMPLICIT), spelled=False)
        case ir.Bind(expr=ir.Apply(stars=stars)) if not stars and facts.known:
            callee = facts.callee
            if callee is isinstance or callee is issubclass:
                classes = tuple(_with_items(k) for k in facts.kinds[2:] if not _is_class(k))
                return _one(classes, _OF_CLASSES, spelled=False)
            if _asks(callee):
                operands = facts.kinds[1:] if callee is len else tuple(map(_with_items, facts.kinds[1:]))
                if callee is hasattr or callee is getattr:
                    operands = tuple(k if is_plain(k) else UNKNOWN for k in operands)
                return _one(operands, tuple(IMPLICIT), spelled=callee is print)
    return ()


def _asks(callee: Any) -> bool:
    """Whether a function may ask the classes of its operands for methods: a built-in one, or one without derivative."""
    if any(callee is f for f in _PLACELESS):
        return False
    module = getattr(callee, "__module__", None) or ""
    if module in _BUILT_IN:
        return True
    if isinstance(callee, types.BuiltinFunctionType) and callee in ASKING:
        return True
    entry = lookup(callee) if not module.startswith("pullback") else None
    return entry is not None and entry.constant


def _is_class(kind: Kind) -> bool:
    """Whether a value is known to be a class, or a tuple of them, whose own class is of Python."""
    classes = kind.value if isinstance(kind.value, tuple) else (kind.value,)
    return all(isinstance(c, (type, types.UnionType)) and not own_methods(type(c), _OF_CLASSES) for c in classes)


def _asked_by(op: ast.cmpop) -> tuple[str, ...]:
    if isinstance(op, (ast.Is, ast.IsNot)):
        return ()
    if isinstance(op, (ast.In, ast.NotIn)):
        return ("__contains__", *DRAWN, "__eq__")
    contrary = ("__eq__",) if isinstance(op, ast.NotEq) else ()  # what a class without `__ne__` is asked
    return (*(f"__{n}__" for n in RICH[type(op)]), *contrary)


def _one(kinds: tuple[Kind, ...], methods: tuple[str, ...], spelled: bool = True) -> tuple[Operation, ...]:
    able = tuple(k for k in kinds if not is_plain(k))
    return (Operation(ast.Constant(None), False, methods, able, spelled),) if able else ()


def _inside(
    node: ast.expr, reads: frozenset[str], facts: ir.Facts, field: Field, answers: dict[str, Kind]
) -> tuple[Operation, ...]:
    kinds = {**dict(zip(sorted(reads), facts.kinds, strict=True)), **answers}
    return operations(node, lambda n: kinds.get(n, UNKNOWN), field, truth=not isinstance(node, ast.JoinedStr))
