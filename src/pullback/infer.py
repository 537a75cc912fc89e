"""Kinds of values, forward through the function, until nothing changes.

    def f(x):           x: FLOAT
        s = 0           s: INT
        for i in ...:
            s = s + x   s: INT | FLOAT, so `s + x` is bare arithmetic
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pullback import ir
from pullback.array_methods import SHAPE_KIND, attribute_function, constant_attribute, item_of_shape, method_entry
from pullback.calls import static_parameters
from pullback.decided import outcome
from pullback.endings import in_dtype
from pullback.kinds import (
    ARRAY,
    ARRAY_KIND,
    ARRAY_OR_SCALAR,
    BOOL_KIND,
    DICT,
    DICT_KIND,
    EACH,
    FUNC,
    INT,
    INT_KIND,
    LIST,
    LIST_KIND,
    NONE,
    NOTHING,
    OTHER,
    PYTHON_SCALAR,
    STR,
    STR_KIND,
    STRUCT,
    TUPLE,
    TUPLE_KIND,
    UNKNOWN,
    UNSET,
    Kind,
    arithmetic,
    join,
    kind_of,
    same,
    with_parts,
    without_sample,
)
from pullback.library_results import made_array, makes_plain_objects, returned
from pullback.names import Names
from pullback.operations import is_data_field
from pullback.rules import Entry, lookup
from pullback.structs import fields_by_parameter

_PLAIN = PYTHON_SCALAR | NONE | STR  # what compares to a bool
_ALWAYS_BOOL = (ast.Is, ast.IsNot, ast.In, ast.NotIn)

Env = dict[str, Kind]
ResultOf = Callable[[Any, list[Kind]], Kind]

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
                for index, target in enumerate(stmt.targets):
                    env[target] = self.unpacked(stmt.facts.kinds[0], index, len(stmt.targets))
            case ir.Append():
                stmt.facts.kinds = (self.atom(stmt.item, env),)
                self.append(stmt, env)
            case ir.Store():
                key = (self.atom(stmt.key, env),) if not stmt.attribute else ()
                stmt.facts.kinds = (self.atom(stmt.obj, env), self.atom(stmt.value, env), *key)
                stmt.facts.kind = (self.field(stmt.facts.kinds[0], stmt.key) if stmt.attribute else None) or UNKNOWN
            case ir.Opaque():
                if stmt.observes:
                    stmt.facts.kinds = self.glanced(stmt.reads, env)
                env.update(dict.fromkeys(stmt.writes, UNKNOWN))
            case ir.If():
                if isinstance(stmt.test, ir.Var):
                    stmt.facts.kinds = (env.get(stmt.test.name, UNKNOWN),)
                arms = [(b, self.block(b, dict(env))) for b in (stmt.body, stmt.orelse)]
                test = self.atom(stmt.test, env).value if isinstance(stmt.test, ir.Var) else UNSET
                stmt.taken = test if test.__class__ is bool and not stmt.attempted else None
                if stmt.taken is not None:
                    return arms[0 if stmt.taken else 1][1]
                env = self.merge([e for b, e in arms if not ir.always_raises(b)] or [arms[0][1]])
            case ir.For():
                stmt.facts.kinds = (self.atom(stmt.iterable, env),)
                element = self.element(stmt, env)
                env = self.loop(stmt.body, env, {stmt.target: element})
            case ir.While():
                env = self.loop(stmt.body, env, {})
                stmt.facts.kinds = self.glanced(stmt.test.reads, env)
            case ir.With():
                stmt.facts.kinds = (self.atom(stmt.context, env),)
                if stmt.target is not None:
                    env[stmt.target] = UNKNOWN
                env = self.block(stmt.body, env)
                if stmt.swallows:
                    env.update(dict.fromkeys((n for s in ir.walk(stmt.body) for n in ir.assigned(s)), UNKNOWN))
            case ir.Try():
                env = self.attempt(stmt, env)
            case ir.Raise():
                stmt.facts.kinds = self.glanced(stmt.reads, env)
            case ir.BreakIf():
                pass
        return env

    def glanced(self, reads: Iterable[str], env: Env) -> tuple[Kind, ...]:
        """The kinds of what an expression reads that is kept as written, in the order of the names."""
        local = self.function.locals
        return tuple(env.get(n, UNKNOWN) if n in env or n in local else self.names.glance(n) for n in sorted(reads))

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
        env = self.merge([env, *ends])
        return self.block(stmt.final, env)

    def element(self, stmt: ir.For, env: Env) -> Kind:
        """The kind of a loop's elements: ints over a `range`, rows or numbers over an array."""
        kind = self.atom(stmt.iterable, env)
        if kind.cls is range:
            return INT_KIND
        if kind.mask == ARRAY:
            return ARRAY_OR_SCALAR
        if kind.mask & ~(TUPLE | LIST) and kind.cls not in (zip, enumerate):
            return UNKNOWN
        return kind.each() or self.names.elements(kind) or UNKNOWN

    def unpacked(self, source: Kind, index: int, count: int) -> Kind:
        """The kind of one target of `a, b = source`."""
        if source.mask == ARRAY:
            return ARRAY_OR_SCALAR
        if source.mask & ~(TUPLE | LIST) or not source.mask:
            return UNKNOWN
        return item_of_shape(source, INT_KIND) or source.part(index) or self.names.item(source, index) or UNKNOWN

    def append(self, stmt: ir.Append, env: Env) -> None:
        """A list that only this function holds: what it holds now."""
        held = env.get(stmt.target, UNKNOWN)
        if held.mask != LIST:
            return
        parts = None
        if held.parts is not None:
            parts = with_parts(LIST, ((EACH, join(held.each() or NOTHING, stmt.facts.kinds[0])),)).parts
        env[stmt.target] = Kind(LIST, parts=parts)

    def item(self, stmt: ir.Bind, obj: Kind, index: Kind, key: ir.Atom) -> Kind:
        """An element of an array, or an item that is known."""
        if obj.numpy and obj.value is UNSET:
            return ARRAY_KIND if index.cls is slice else ARRAY_OR_SCALAR
        shape = item_of_shape(obj, index)
        if shape is not None or obj.mask not in (TUPLE, LIST, DICT):
            return shape or UNKNOWN
        if isinstance(key, ir.Lit) and type(key.value) is (str if obj.mask == DICT else int):
            known = obj.part(key.value)
            return known or self.names.item(obj, key.value) or UNKNOWN
        if obj.mask != DICT and not index.mask & ~INT:
            return obj.each() or self.names.elements(obj) or UNKNOWN
        if obj.mask != DICT and index.cls is slice and obj.each() is not None:
            return with_parts(obj.mask, ((EACH, obj.each() or NOTHING),))
        return UNKNOWN

    def built(self, stmt: ir.Bind, expr: ir.Build, kinds: tuple[Kind, ...]) -> Kind:
        """A display: the kinds of its items, where nothing changes them."""
        plain = _display_kind(expr.kind, kinds, stmt.target.startswith("_t"))
        if expr.kind not in _DISPLAYS or (not self.names.guessing and expr.kind != "tuple"):
            return plain
        if expr.kind == "dict":
            keys = [k.value if isinstance(k, ir.Lit) else None for k in expr.items[::2]]
            if not all(type(k) is str for k in keys) or len(set(keys)) < len(keys):
                return plain
            return with_parts(plain.mask, zip(keys, kinds[1::2], strict=True))
        if expr.kind == "list":
            total = NOTHING
            for kind in kinds:
                total = join(total, kind)
            return with_parts(plain.mask, ((EACH, total),), plain.cls)
        return with_parts(plain.mask, enumerate(kinds), plain.cls)

    def loop(self, body: list[ir.Stmt], env: Env, bound: Env) -> Env:
        head = dict(env)
        while True:
            end = self.block(body, {**head, **bound})
            new = self.merge([head, end])
            if new.keys() == head.keys() and all(same(new[k], head[k]) for k in head):
                return new
            head = new

    def merge(self, envs: list[Env]) -> Env:
        """The kinds that hold whichever way control came."""
        first, *others = envs
        merged = dict(first)
        for env in others:
            for name, kind in env.items():
                known = merged.get(name, NOTHING)
                merged[name] = join(self.opened(known, kind), self.opened(kind, known))
        return merged

    def opened(self, kind: Kind, other: Kind) -> Kind:
        """An argument's object that is joined with a new one: what its fields hold, guessed."""
        if kind.mask != STRUCT or kind.sample is UNSET or kind.cls is not other.cls or other.parts is None:
            return kind
        if kind.parts is not None or self.stored:
            return kind
        fields = [(n, self.names.field(kind, n)) for n, _ in other.parts]
        if any(found is None for _, found in fields):
            return kind
        return with_parts(STRUCT, [(n, found) for n, found in fields if found is not None], kind.cls)

    def bind(self, stmt: ir.Bind, env: Env) -> Kind:
        facts = stmt.facts
        operands = ir.atoms(stmt.expr)
        if isinstance(stmt.expr, ir.Inert):
            facts.kinds = self.glanced(stmt.expr.reads, env)
            known = outcome(stmt.expr.node, lambda node: self.tested(node, env))
            facts.kind = _inert_kind(stmt.expr) if known is None else Kind(BOOL_KIND.mask, value=known)
            return facts.kind
        facts.kinds = tuple(self.atom(a, env) for a in operands)
        facts.kind = self.expr(stmt, stmt.expr, facts.kinds)
        return facts.kind

    def tested(self, node: ast.expr, env: Env) -> Kind | None:
        """The kind of what a test looks at: of a name, or of a field that an object stores."""
        match node:
            case ast.Name(id=name):
                found = self.atom(ir.Var(name), env)
                self.names.rely_on(found)
                return found
            case ast.Attribute(value=value, attr=name):
                owner = self.tested(value, env)
                return None if owner is None else self.field(owner, name)
        return None

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
            case ir.Compare(ops=ops):
                plain = all(k.mask and not k.mask & ~_PLAIN for k in kinds)
                return BOOL_KIND if plain or all(isinstance(op, _ALWAYS_BOOL) for op in ops) else UNKNOWN
            case ir.Build():
                return self.built(stmt, expr, kinds)
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
            case ir.Item(index=index):
                return self.item(stmt, kinds[0], kinds[1], index)
        return UNKNOWN

    def field(self, owner: Kind, name: str) -> Kind | None:
        """A field whose kind can be guessed: one that this function does not assign."""
        if name in self.stored:
            return self.names.stored_field(owner, name)
        known = owner.part(name) if owner.mask == STRUCT and is_data_field(owner, name) else None
        return known or self.names.field(owner, name)

    def call(self, stmt: ir.Bind, expr: ir.Apply, kinds: tuple[Kind, ...]) -> Kind:
        callee: Kind | None = kinds[0]
        if expr.method is not None:
            callee = self.names.attribute(kinds[0], expr.method) or self.field(kinds[0], expr.method)
        facts = stmt.facts
        facts.method = facts.new = False
        if callee is None or (expr.method is None and kinds[0].mask == STRUCT):
            method = self.names.method(kinds[0], expr.method or "__call__")
            if method is None and expr.method is not None:
                method = self.names.class_method(kinds[0], expr.method)
                if method is not None:
                    self.names.rely_on(method)
            if method is not None and not expr.stars and lookup(method.value) is None:
                facts.known, facts.callee, facts.method = True, method.value, True
                if static_parameters(stmt) is not None:
                    return self.result_of(stmt, self.handed(kinds))
                facts.method = False
        if callee is None or callee.value is UNSET:
            facts.known, facts.callee = False, None
            if expr.method == "copy" and kinds[0].mask in (ARRAY_KIND.mask, LIST_KIND.mask, DICT_KIND.mask):
                return kinds[0]
            entry = method_entry(kinds[0], expr)
            return UNKNOWN if entry is None else self.of_entry(entry, expr, kinds, [*kinds])
        facts.known, facts.callee = True, callee.value
        if isinstance(callee.value, type) and makes_plain_objects(callee.value):
            self.names.rely_on(callee)
            made_of = self.constructed(callee.value, expr, kinds[1:])
            facts.new = made_of.parts is not None and not self.names.dynamic
            return made_of
        self.names.rely_on(callee)
        arguments = list(kinds[1:])
        entry = lookup(callee.value)
        if entry is not None and not entry.vjps:
            made = made_array(callee.value, expr, arguments)
            if made:
                return ARRAY_KIND
            if callee.value is range:
                return Kind(OTHER, range)
            if callee.value in (zip, enumerate) and not expr.stars and not expr.keywords:
                return self.paired(callee.value, arguments)
            if callee.value is np.shape:
                return SHAPE_KIND
            return self.of_entry(entry, expr, kinds, arguments)
        if entry is not None and arguments and arguments[0].numpy:
            own = getattr(callee.value, "__module__", "")  # layers' functions: arrays of floats from such
            return ARRAY_OR_SCALAR if str(own).startswith("pullback.nn.") else UNKNOWN
        if entry is None and not expr.stars:
            return self.result_of(stmt, self.handed(arguments))
        return UNKNOWN

    def of_entry(self, entry: Entry, expr: ir.Apply, kinds: tuple[Kind, ...], arguments: list[Kind]) -> Kind:
        """The kind of what a library function returns, in the dtype that the call asks for."""
        made, told = in_dtype(returned(entry, arguments), entry, expr, kinds)
        if told is not None:
            self.names.rely_on(told)
        return made

    def handed(self, kinds: Iterable[Kind]) -> list[Kind]:
        """Arguments as a callee may take them to be: where values change, nothing is said of what they hold."""
        lasting = self.names.guessing and self.names.stored is None
        return [k if lasting else without_sample(k) for k in kinds]

    def constructed(self, cls: type, expr: ir.Apply, kinds: tuple[Kind, ...]) -> Kind:
        """A new object: the kinds of its fields, where these are the arguments and nothing changes them."""
        fields = fields_by_parameter(cls)
        if fields is None or expr.stars or not self.names.guessing or self.stored:
            return Kind(STRUCT, cls)
        order = list(fields)
        count = len(expr.args)
        if count > len(order) or any(k not in fields for k, _ in expr.keywords):
            return Kind(STRUCT, cls)
        named = [*order[:count], *(str(k) for k, _ in expr.keywords)]
        return with_parts(STRUCT, [(fields[p][0], k) for p, k in zip(named, kinds, strict=True)], cls)

    def paired(self, function: Any, arguments: list[Kind]) -> Kind:
        """`zip(a, b)`, `enumerate(a)`: pairs of what their arguments hold."""
        items = []
        for kind in arguments[:1] if function is enumerate else arguments:
            if kind.mask == ARRAY:
                items.append(ARRAY_OR_SCALAR)
            elif not kind.mask & ~(TUPLE | LIST):
                items.append(kind.each() or self.names.elements(kind) or UNKNOWN)
            else:
                items.append(INT_KIND if kind.cls is range else UNKNOWN)
        if function is enumerate:
            items.insert(0, INT_KIND)
        return with_parts(OTHER, ((EACH, with_parts(TUPLE, enumerate(items))),), function)


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




def _inert_kind(expr: ir.Inert) -> Kind:
    match expr.node:
        case ast.JoinedStr():
            return STR_KIND
        case ast.UnaryOp(op=ast.Not()):
            return BOOL_KIND
    return UNKNOWN


