"""Kinds of values, forward through the function, until nothing changes.

    def f(x):           x: FLOAT
        s = 0           s: INT
        for i in ...:
            s = s + x   s: INT | FLOAT, so `s + x` is bare arithmetic
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback import ir
from pullback.array_methods import SHAPE_KIND, attribute_function, constant_attribute, item_of_shape, method_entry
from pullback.kinds import (
    ARRAY,
    ARRAY_KIND,
    ARRAY_OR_SCALAR,
    BOOL_KIND,
    DICT_KIND,
    FLOAT_KIND,
    FUNC,
    INEXACT,
    INT_KIND,
    LIST_KIND,
    NOTHING,
    NPFLOAT,
    NPFLOAT_KIND,
    NPINT,
    NUMERIC,
    OTHER,
    PYTHON_SCALAR,
    STR_KIND,
    STRUCT,
    TUPLE_KIND,
    UNKNOWN,
    UNSET,
    Kind,
    arithmetic,
    combined,
    join,
    kind_of,
    same,
)
from pullback.names import Names
from pullback.rules import Entry, lookup

Env = dict[str, Kind]
ResultOf = Callable[[Any, list[Kind]], Kind]

_RETURNS: dict[str, Kind] = {
    "float": FLOAT_KIND,
    "array": ARRAY_KIND,
    "numeric": NUMERIC,
    "list": LIST_KIND,
    "tuple": TUPLE_KIND,
    "dict": DICT_KIND,
    "int": INT_KIND,
    "bool": BOOL_KIND,
    "str": STR_KIND,
}
_DISPLAYS = {"tuple": TUPLE_KIND, "list": LIST_KIND, "dict": DICT_KIND}


def infer(function: ir.FunctionIR, names: Names, given: Env, result_of: ResultOf) -> Kind:
    """Write the kinds into every statement's facts; returns the kind of the result."""
    return _Inference(function, names, result_of).run(given)


def kinds_of_names(function: ir.FunctionIR, given: Env) -> Env:
    """The kinds that each name takes anywhere in a function whose statements have been inferred."""
    found = {p: Kind(k.mask) for p, k in given.items()}
    for stmt in ir.walk(function.body):
        known: Env = {}
        if isinstance(stmt, ir.Bind):
            known = {stmt.target: stmt.facts.kind}
        elif isinstance(stmt, ir.For) and stmt.facts.kinds and stmt.facts.kinds[0].cls is range:
            known = {stmt.target: INT_KIND}
        else:
            known = dict.fromkeys(ir.assigned(stmt), UNKNOWN)
        for name, kind in known.items():
            found[name] = Kind(found.get(name, NOTHING).mask | kind.mask)
    return found


class _Inference:
    def __init__(self, function: ir.FunctionIR, names: Names, result_of: ResultOf) -> None:
        self.function = function
        self.names = names
        self.result_of = result_of
        self.stored = {s.key for s in ir.walk(function.body) if isinstance(s, ir.Store) and s.attribute}

    def run(self, given: Env) -> Kind:
        end = self.block(self.function.body, dict(given))
        return end.get(self.function.result, UNKNOWN)

    def atom(self, atom: ir.Atom, env: Env) -> Kind:
        if isinstance(atom, ir.Lit):
            return kind_of(atom.value)
        if atom.name in env:
            return env[atom.name]
        if atom.name in self.function.locals:
            return UNKNOWN  # read before assignment: Python raises there
        return self.names.kind(atom.name)

    def block(self, block: list[ir.Stmt], env: Env) -> Env:
        for stmt in block:
            env = self.stmt(stmt, env)
        return env

    def stmt(self, stmt: ir.Stmt, env: Env) -> Env:
        match stmt:
            case ir.Bind():
                env[stmt.target] = self.bind(stmt, env)
            case ir.Unpack():
                stmt.facts.kinds = (self.atom(stmt.source, env),)
                env.update(dict.fromkeys(stmt.targets, _part(stmt.facts.kinds[0])))
            case ir.Append():
                stmt.facts.kinds = (self.atom(stmt.item, env),)
            case ir.Store():
                key = (self.atom(stmt.key, env),) if not stmt.attribute else ()
                stmt.facts.kinds = (self.atom(stmt.obj, env), self.atom(stmt.value, env), *key)
            case ir.Opaque():
                env.update(dict.fromkeys(stmt.writes, UNKNOWN))
            case ir.If():
                arms = [(b, self.block(b, dict(env))) for b in (stmt.body, stmt.orelse)]
                env = _merge([e for b, e in arms if not ir.always_raises(b)] or [arms[0][1]])
            case ir.For():
                stmt.facts.kinds = (self.atom(stmt.iterable, env),)
                element = self.element(stmt, env)
                env = self.loop(stmt.body, env, {stmt.target: element})
            case ir.While():
                env = self.loop(stmt.body, env, {})
            case ir.With():
                stmt.facts.kinds = (self.atom(stmt.context, env),)
                if stmt.target is not None:
                    env[stmt.target] = UNKNOWN
                env = self.block(stmt.body, env)
                if stmt.swallows:
                    env.update(dict.fromkeys((n for s in ir.walk(stmt.body) for n in ir.assigned(s)), UNKNOWN))
            case ir.Try():
                env = self.attempt(stmt, env)
            case ir.Raise() | ir.BreakIf():
                pass
        return env

    def attempt(self, stmt: ir.Try, env: Env) -> Env:
        """A `try`: what its body may have assigned is unknown in the handlers."""
        inside = dict.fromkeys((n for s in ir.walk(list(stmt.body)) for n in ir.assigned(s)), UNKNOWN)
        ends = []
        for handler in stmt.handlers:
            bound = {handler.name: UNKNOWN} if handler.name is not None else {}
            end = self.block(handler.step.body, {**env, **inside, **bound})
            if not ir.always_raises(handler.step.body):
                ends.append(end)
        for step in [*stmt.body, *([stmt.orelse] if stmt.orelse is not None else [])]:
            env = self.block(step.body, env)
        env = _merge([env, *ends])
        return self.block(stmt.final, env)

    def element(self, stmt: ir.For, env: Env) -> Kind:
        """The kind of a loop's elements: ints over a `range`, rows or numbers over an array."""
        kind = self.atom(stmt.iterable, env)
        if kind.mask == ARRAY_KIND.mask:
            return ARRAY_OR_SCALAR
        return INT_KIND if kind.cls is range else UNKNOWN

    def loop(self, body: list[ir.Stmt], env: Env, bound: Env) -> Env:
        head = dict(env)
        while True:
            end = self.block(body, {**head, **bound})
            new = _merge([head, end])
            if new.keys() == head.keys() and all(same(new[k], head[k]) for k in head):
                return new
            head = new

    def bind(self, stmt: ir.Bind, env: Env) -> Kind:
        facts = stmt.facts
        operands = ir.atoms(stmt.expr)
        facts.kinds = tuple(self.atom(a, env) for a in operands) if not isinstance(stmt.expr, ir.Inert) else ()
        facts.kind = self.expr(stmt, stmt.expr, facts.kinds)
        return facts.kind

    def expr(self, stmt: ir.Bind, expr: ir.Expr, kinds: tuple[Kind, ...]) -> Kind:
        match expr:
            case ir.Copy():
                return kinds[0]
            case ir.Operation(op=op, args=args):
                if len(args) == 1:
                    return kinds[0] if kinds[0].numeric else UNKNOWN
                if expr.inplace and kinds[0].mask == ARRAY_KIND.mask:
                    return ARRAY_KIND
                power = args[1].value if op == "**" and isinstance(args[1], ir.Lit) else None
                if isinstance(power, int) and power >= 0 and kinds[0].mask == INT_KIND.mask:
                    return INT_KIND
                return arithmetic(op, kinds[0], kinds[1])
            case ir.Inert():
                return _inert_kind(expr)
            case ir.Build(kind=kind):
                return _display_kind(kind, kinds, stmt.target.startswith("_t"))
            case ir.Attr(name=name):
                if attribute_function(kinds[0], name) is not None:
                    return ARRAY_KIND
                found = constant_attribute(kinds[0], name)
                found = found or self.names.attribute(kinds[0], name) or self.field(kinds[0], name)
                return UNKNOWN if found is None else found
            case ir.Apply():
                return self.call(stmt, expr, kinds)
            case ir.Closure():
                return Kind(FUNC)
            case ir.Item():
                return self.item(kinds[0], kinds[1])
        return UNKNOWN

    def item(self, owner: Kind, index: Kind) -> Kind:
        """`a[i]`: an element or a part of an array."""
        if not owner.numpy or owner.value is not UNSET:
            return item_of_shape(owner, index) or UNKNOWN
        return ARRAY_KIND if index.cls is slice else ARRAY_OR_SCALAR

    def field(self, owner: Kind, name: str) -> Kind | None:
        """A field whose kind can be guessed: one that this function does not assign."""
        return None if name in self.stored else self.names.field(owner, name)

    def call(self, stmt: ir.Bind, expr: ir.Apply, kinds: tuple[Kind, ...]) -> Kind:
        callee: Kind | None = kinds[0]
        if expr.method is not None:
            callee = self.names.attribute(kinds[0], expr.method) or self.field(kinds[0], expr.method)
        facts = stmt.facts
        if callee is None or callee.value is UNSET:
            facts.known, facts.callee = False, None
            if expr.method == "copy" and kinds[0].mask in (ARRAY_KIND.mask, LIST_KIND.mask, DICT_KIND.mask):
                return kinds[0]
            entry = method_entry(kinds[0], expr)
            return UNKNOWN if entry is None else _returned(entry, [*kinds])
        facts.known, facts.callee = True, callee.value
        if isinstance(callee.value, type) and _makes_plain_objects(callee.value):
            self.names.rely_on(callee)
            return Kind(STRUCT, callee.value)
        self.names.rely_on(callee)
        arguments = list(kinds[1:])
        entry = lookup(callee.value)
        if entry is not None and not entry.vjps:
            made = _made_array(callee.value, expr, arguments)
            if made:
                return ARRAY_KIND
            if callee.value is range:
                return Kind(OTHER, range)
            if callee.value is np.shape:
                return SHAPE_KIND
            return _returned(entry, arguments)
        if entry is None and not expr.stars:
            return self.result_of(stmt, arguments)
        return UNKNOWN


def _display_kind(display: str, items: tuple[Kind, ...], unnamed: bool) -> Kind:
    """The kind of a display; its class tells of some item: a slice, or a float in a list that has no name."""
    found = _DISPLAYS.get(display, Kind(OTHER, slice) if display == "slice" else UNKNOWN)
    if display == "tuple" and any(k.cls is slice for k in items):
        return Kind(found.mask, slice)  # (as an index it gives an array)
    if display in ("tuple", "list") and unnamed and any(k.inexact or k.cls is float for k in items):
        return Kind(found.mask, float)
    return found


def _part(source: Kind) -> Kind:
    """The kind of each part of what is unpacked."""
    if source.mask == ARRAY_KIND.mask:
        return ARRAY_OR_SCALAR
    return item_of_shape(source, INT_KIND) or UNKNOWN


def _returned(entry: Entry, arguments: list[Kind]) -> Kind:
    """The kind of the result of a library function."""
    returns = entry.rule.returns if entry.rule is not None else entry.returns
    if returns == "like":
        return _like(entry.function, arguments)
    if returns == "first":
        return arguments[0] if arguments else UNKNOWN
    if returns == "numeric" and entry.rule is not None:
        parameters = zip(entry.rule.signature.parameters, arguments, strict=False)
        active = [k for p, k in parameters if p in entry.rule.templates]
        if any(k.numpy for k in active) and _is_numpys(entry.function):
            return ARRAY_OR_SCALAR
        if any(k.inexact for k in active):
            return INEXACT
    if returns == "array" and entry.rule is not None:
        parameters = zip(entry.rule.signature.parameters, arguments, strict=False)
        if not any(k.inexact or k.cls is float for p, k in parameters if p in entry.rule.templates):
            return Kind(ARRAY | NPINT)  # of a list, for example, of which it is not known what it holds
    return _RETURNS.get(returns, UNKNOWN)


def _is_numpys(function: Any) -> bool:
    """Whether a function returns NumPy's own types for NumPy's own types."""
    owner = getattr(function, "__objclass__", None)
    return owner is np.ndarray or (getattr(function, "__module__", None) or "").partition(".")[0] == "numpy"


def _makes_plain_objects(cls: Any) -> bool:
    """Whether calling a class makes an object of that very class, which is no number or container."""
    made: Any = cls.__new__
    plain = type(cls) is type and made is object.__new__
    return plain and lookup(cls) is None and not issubclass(cls, BaseException)


_MAKERS = (np.zeros, np.ones, np.empty, np.eye, np.identity, np.linspace)
_LIKES = (np.zeros_like, np.ones_like, np.empty_like)


def _made_array(function: Any, expr: ir.Apply, arguments: list[Kind]) -> bool:
    """Whether a call makes an array of floats for sure."""
    if expr.keywords or expr.stars:
        return False
    if any(function is f for f in _MAKERS):
        return len(arguments) == (2 if function is np.linspace else 1)
    return any(function is f for f in _LIKES) and len(arguments) == 1 and arguments[0].mask == ARRAY_KIND.mask


def _inert_kind(expr: ir.Inert) -> Kind:
    match expr.node:
        case ast.JoinedStr():
            return STR_KIND
        case ast.UnaryOp(op=ast.Not()):
            return BOOL_KIND
    return UNKNOWN


def _like(function: Any, kinds: list[Kind]) -> Kind:
    """The kind of what an elementwise function gives: NumPy's own, or one such as `abs` that keeps Python's."""
    if not all(k.numeric for k in kinds):
        return UNKNOWN
    if not all(k.scalar for k in kinds):
        return combined(kinds)
    if not isinstance(function, np.ufunc) and not _is_numpys(function):
        return Kind(PYTHON_SCALAR)
    return NPFLOAT_KIND if any(k.inexact for k in kinds) else Kind(NPFLOAT | NPINT)


def _merge(envs: list[Env]) -> Env:
    first, *others = envs
    merged = dict(first)
    for env in others:
        for name, kind in env.items():
            merged[name] = join(merged.get(name, NOTHING), kind)
    return merged
